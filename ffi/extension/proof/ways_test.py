"""The tests of the modules `add` and `ways`: every way to take two arguments gives the same sums and the same errors.

usage: ways_test.py DIRECTORY [unittest's arguments]     where the modules are
"""

import importlib
import inspect
import itertools
import sys
import unittest
from collections.abc import Callable

MIN, MAX = -sys.maxsize - 1, sys.maxsize  # of a C long, where one is as long as an address
NUMBERS = [0, 1, -1, True, 255, 2**31 - 1, -(2**31), MAX, MAX - 1, MIN, MAX + 1, MIN - 1, 2**100, "1", 1.0, None, b"1"]


def outcome(call: Callable[[], object]) -> str:
    """The result or the error, as text."""
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def summed(*values: object, least: int = MIN, greatest: int = MAX, said: str = "") -> int:
    """What C does with these: each in turn must be an int that fits, and so must the sum, unless `said` tells of an int."""
    for value in values:
        if not isinstance(value, int):
            raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
        if not MIN <= value <= MAX:
            raise OverflowError("Python int too large to convert to C long")
        if not least <= value <= greatest:
            raise OverflowError(f"signed integer is {'greater than maximum' if value > 0 else 'less than minimum'}")
    total = sum(value for value in values if isinstance(value, int))
    if not said and not MIN <= total <= MAX:
        raise OverflowError("the sum is too large for a C long")
    return total


# The wrong calls, and what each way says of them.
NO_KEYWORDS = "TypeError: {}() takes no keyword arguments"
WRONG: dict[str, list[str]] = {
    "add_varargs": ["TypeError: add_varargs() takes exactly 2 arguments (1 given)",
                    "TypeError: add_varargs() takes exactly 2 arguments (3 given)"] + [NO_KEYWORDS.format("add_varargs")] * 3,
    "add_fastcall": ["TypeError: add_fastcall expected 2 arguments, got 1",
                     "TypeError: add_fastcall expected 2 arguments, got 3"] + [NO_KEYWORDS.format("ways.add_fastcall")] * 3,
    "add_keywords": ["TypeError: add_keywords() missing required argument 'b' (pos 2)",
                     "TypeError: add_keywords() takes at most 2 arguments (3 given)", "3",
                     "TypeError: add_keywords() missing required argument 'b' (pos 2)",
                     "TypeError: add_keywords() takes at most 2 arguments (3 given)"],
    "add_fastcall_keywords": ["TypeError: add_fastcall_keywords() missing required argument 'b' (pos 2)",
                              "TypeError: add_fastcall_keywords() takes 2 positional arguments but 3 were given", "3",
                              "TypeError: add_fastcall_keywords() got an unexpected keyword argument 'c'",
                              "TypeError: add_fastcall_keywords() got multiple values for argument 'a'"],
}


class Ways(unittest.TestCase):
    """All of them over a grid."""

    def test_sums(self) -> None:
        """Of all pairs."""
        ways, add = importlib.import_module("ways"), importlib.import_module("add").add
        for a, b in itertools.product(NUMBERS, repeat=2):
            expected = outcome(lambda: summed(a, b))
            for name in WRONG:
                self.assertEqual(outcome(lambda: getattr(ways, name)(a, b)), expected, f"{name}({a!r}, {b!r})")
            for name in ("add_keywords", "add_fastcall_keywords"):
                self.assertEqual(outcome(lambda: getattr(ways, name)(b=b, a=a)), expected, f"{name}(b={b!r}, a={a!r})")
            ints = outcome(lambda: summed(a, b, least=-(2**31), greatest=2**31 - 1, said="int"))
            self.assertEqual(outcome(lambda: add(a, b)), ints, f"add({a!r}, {b!r})")
        for a in NUMBERS:
            self.assertEqual(outcome(lambda: ways.add_one(a)), outcome(lambda: summed(a, 1)))
        self.assertIsNone(ways.nothing())

    def test_wrong_calls(self) -> None:
        """What each says of the same five."""
        for name, expected in WRONG.items():
            function = getattr(importlib.import_module("ways"), name)
            calls = [lambda: function(1), lambda: function(1, 2, 3), lambda: function(1, b=2), lambda: function(1, c=2),
                     lambda: function(1, 2, a=3)]
            self.assertEqual([outcome(call) for call in calls], expected)

    def test_signatures(self) -> None:
        """They are in the docstrings."""
        ways = importlib.import_module("ways")
        signatures = {name: str(inspect.signature(getattr(ways, name))) for name in WRONG}
        self.assertEqual(signatures, {"add_varargs": "(a, b, /)", "add_fastcall": "(a, b, /)", "add_keywords": "(a, b)",
                                      "add_fastcall_keywords": "(a, b)"})
        self.assertEqual(ways.add_one.__doc__, "a + 1, by METH_O.")


if __name__ == "__main__":
    sys.path.insert(0, sys.argv.pop(1))
    unittest.main()
