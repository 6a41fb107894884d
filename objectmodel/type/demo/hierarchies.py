"""Writes hierarchies.txt: the classes of three modules of the standard library, as type_demo reads them.

usage: python3 hierarchies.py >hierarchies.txt      as it is with the Python that runs it: they differ by version
"""

import collections.abc
import io
import inspect
import socketserver
import sys
from types import ModuleType

# What nearly every class has, and which says nothing about it.
USUAL = {"__module__", "__doc__", "__dict__", "__weakref__", "__slots__", "__abstractmethods__", "_abc_impl"}


def classes(module: ModuleType) -> list[type]:
    """The classes that a module defines or hands on as its own, and all above them, bases first."""
    found: dict[type, None] = {}
    for _, value in sorted(vars(module).items()):
        if inspect.isclass(value) and value.__module__ in (module.__name__, "_io"):
            for above in reversed(value.__mro__):
                found[above] = None
    found.pop(object, None)
    return list(found)


def statement(cls: type) -> str:
    """One class as a statement of one line."""
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    names = ", ".join(name for name in vars(cls) if name not in USUAL)
    return f"class {cls.__name__}" + (f"({bases})" if bases else "") + (f": {names}" if names else "")


def main() -> None:
    """Prints the file; a class that two modules have stands in it once."""
    print(f"# collections.abc, io and socketserver of Python {sys.version.split()[0]}: written by hierarchies.py.")
    written: set[type] = set()
    for module in (collections.abc, io, socketserver):
        print(f"\n# {module.__name__}")
        for cls in classes(module):
            if cls not in written:
                print(statement(cls))
        written.update(classes(module))


if __name__ == "__main__":
    main()
