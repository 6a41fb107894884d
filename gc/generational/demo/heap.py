"""Writes what the collector of this Python sees, an object a line, for `generational_demo --heap FILE`.

usage: python3 heap.py [--before CODE] CODE >FILE      runs CODE, then writes the objects that are left of it

The collector is off while CODE runs, so what is garbage stays. What --before has made is left out, and its references
count as references from outside: as the old generations do when a young one is collected. A line is

    id type size refcount: referents

Ids count from 1 in the order of the collector's list; the type has the object's name in parentheses, if there is one;
size is sys.getsizeof(). From a program of your own: `import heap; heap.write(open("my.heap", "w"))`.
"""

import argparse
import gc
import sys
import types
from collections.abc import Collection
from typing import TextIO

NAMED = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.GeneratorType, types.CoroutineType)


def word(value: object) -> str:
    """The type and, if there is one, the name: a word of printable ASCII. Runs no code of the object's class."""
    name = type(value).__name__
    if isinstance(value, type):
        name += f"({vars(type)['__name__'].__get__(value)})"
    elif type(value) in NAMED:
        name += f"({value.__name__})"  # type: ignore[attr-defined]
    elif isinstance(value, types.FrameType):
        name += f"({value.f_code.co_name})"
    return "".join(c if "!" <= c <= "~" else "?" for c in name)[:60]


def is_ours(value: object) -> bool:
    """Whether it is a frame of this file: what that refers to is referred to by the program that looks, not by CODE."""
    return isinstance(value, types.FrameType) and value.f_code.co_filename == __file__


def referents(value: object) -> list[object]:
    """What the collector's visit of it shows; of one module nothing, so that what it refers to has outside references.

    3.12's _asyncio shows the dead objects that it keeps for reuse. A list that takes references to those, and drops
    them, puts them there a second time, and the next collection goes round for ever (seen on 3.12.1).
    """
    if sys.version_info[:2] == (3, 12) and isinstance(value, types.ModuleType) and value.__name__ == "_asyncio":
        return []
    return gc.get_referents(value)


def write(file: TextIO, known: Collection[int] = ()) -> None:
    """Writes the tracked objects whose id() is not among `known`, then collects and says what that found."""
    probe: list[list[object]] = [[]]  # the inner list has one reference, as far as the program knows
    objects: list[object] = []
    ours: list[int] = []
    ours += map(id, (known, probe, probe[0], objects, ours))
    for o in gc.get_objects():
        if id(o) not in known and id(o) not in ours and not is_ours(o):
            objects.append(o)
    objects.append(probe[0])
    o = None
    # Each has a reference from `objects` and some from this call: how many depends on the version.
    counts = list(map(sys.getrefcount, objects))
    extra = counts.pop() - 1
    objects.pop()
    ids = dict(zip(map(id, objects), range(1, len(objects) + 1)))
    lines: list[str] = []
    for o, count in zip(objects, counts):
        numbers = " ".join(map(str, filter(None, map(ids.get, map(id, referents(o))))))
        lines.append(f"{ids[id(o)]} {word(o)} {sys.getsizeof(o, 0)} {count - extra}: {numbers}".rstrip())
    o = None
    objects.clear()
    found = gc.collect()
    print(f"# Python {sys.version.split()[0]}: {len(lines)} objects; then gc.collect() found {found} of them", file=file)
    print(*lines, sep="\n", file=file)


def main() -> None:
    """Runs what the command line says, with the collector off, and writes the heap."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default="", metavar="CODE")
    parser.add_argument("code", metavar="CODE")
    arguments = parser.parse_args()
    names: dict[str, object] = {"__name__": "__main__"}
    exec(arguments.before, names)  # the reader's own code
    gc.collect()
    gc.disable()
    known = frozenset(map(id, gc.get_objects()))
    exec(arguments.code, names)
    write(sys.stdout, known)


if __name__ == "__main__":
    main()
