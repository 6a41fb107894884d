"""Classes that decorate, line by line of program.inc: what each gives, or how it fails. Addresses are left out."""

import ast
import re
import sys
import types
from functools import cached_property, partial, singledispatch, update_wrapper
from pathlib import Path
from typing import Any, TextIO


class CountCalls:
    """callable.h has it."""

    def __init__(self, func: Any) -> None:
        """Looks like the function."""
        update_wrapper(self, func)
        self.func, self.calls = func, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Counts."""
        self.calls += 1
        return self.func(*args, **kwargs)

    def __get__(self, obj: Any, type: Any = None) -> Any:
        """Binds as a function does."""
        return self if obj is None else types.MethodType(self, obj)


def text(value: object) -> str:
    """Without the address that a repr may have."""
    return re.sub(" at 0x[0-9a-f]+", "", str(value))


def say(*words: object) -> None:
    """Prints a line."""
    print("    |", *map(text, words), file=out)


def cached(show: Any) -> int:
    """How many classes the cache of a singledispatch function knows."""
    dispatch = show.dispatch
    return len(dispatch.__closure__[dispatch.__code__.co_freevars.index("dispatch_cache")].cell_contents)


out: TextIO = sys.stdout
CountCalls.__module__ = "__main__"
plain = {name: vars(CountCalls)[name] for name in ("__module__", "__init__", "__call__")}
names: dict[str, Any] = {
    "__name__": "__main__", "CountCalls": CountCalls, "Plain": type("CountCalls", (), plain), "say": say,
    "same": lambda a, b: a is b, "cached": cached, "registry": lambda show: tuple(show.registry), "partial": partial,
    "cached_property": cached_property, "singledispatch": singledispatch}


def execute(line: str) -> None:
    """Executes a line and says what comes of it: the value, if it is not None, or the error."""
    try:
        try:
            code = compile(line, "program", "eval")
        except SyntaxError:
            exec(line, names)
            return
        value = eval(code, names)
        if value is not None:
            print(text(repr(value)), file=out)
    except Exception as error:
        print(f"{type(error).__name__}: {text(error)}", *getattr(error, "__notes__", []), sep="\n    ", file=out)


def main() -> None:
    """Every line and what came of it."""
    lines = Path(__file__).with_name("program.inc").read_text()
    for line in ast.literal_eval("[" + lines + "]"):
        print(line if line.startswith("--") else ">>> " + line)
        if not line.startswith("--"):
            execute(line)


if __name__ == "__main__":
    main()
