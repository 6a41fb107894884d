"""Whether the modules `words` and `ways` keep their references in order: every function and every error, 10**5 times.

usage: references.py words.*.so ways.*.so [--times N]

By a debug Python (Debian: python3-dbg), whose sys.gettotalrefcount() is the number of all references: it must be the
same after as before. A module that was built for another Python would load here, too, and count nothing: so the files'
suffix is looked at, and nothing() must not seem to lose references (it does if the headers were not the debug
Python's). Then every allocation is made to fail in turn: MemoryError or the usual outcome, and nothing is lost.
Exit status 0, or 1 with a line for each fault.
"""

import array
import gc
import importlib.machinery
import importlib.util
import operator
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.machinery import ModuleSpec
from typing import Any

fail: Callable[[int, int], None] = importlib.import_module("_testcapi").set_nomemory
heal: Callable[[], None] = importlib.import_module("_testcapi").remove_mem_hooks
Call = Callable[[], object]
TOTAL: Callable[[], int] = getattr(sys, "gettotalrefcount")
NOISE = 60  # what the interpreter itself keeps now and then: far less than one for each call
ALLOCATIONS = 60  # more than any of the calls makes


def spec_of(path: str) -> ModuleSpec:
    """How the file is imported; it must have been built for this Python."""
    if not path.endswith(importlib.machinery.EXTENSION_SUFFIXES[0]):
        sys.exit(f"{path}: the suffix is not {importlib.machinery.EXTENSION_SUFFIXES[0]}")
    name = os.path.basename(path).partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    return spec


def load(path: str) -> Any:
    """A new module from the file."""
    module = importlib.util.module_from_spec(spec := spec_of(path))
    assert spec.loader
    spec.loader.exec_module(module)
    return module


def outcome_of(result: object, error: BaseException | None) -> str:
    """The result's type, or the error."""
    return f"{type(error).__name__}: {error}".removesuffix(": ") if error else type(result).__name__


def outcome(call: Call) -> str:
    """What it comes to when nothing fails."""
    try:
        return outcome_of(call(), None)
    except Exception as error:
        return outcome_of(None, error)


class Broken:
    """All that can be asked of it raises."""

    def __index__(self) -> int:
        """As a limit."""
        raise KeyError("index")

    def __iter__(self) -> None:
        """As words."""
        raise KeyError("iter")


class Text(str):
    """A word that cannot be shown or compared."""

    __hash__ = str.__hash__

    def __repr__(self) -> str:
        """For repr()."""
        raise KeyError("repr")

    def __eq__(self, other: object) -> bool:
        """For ==."""
        raise KeyError("eq")


def calls_of_words(path: str) -> dict[str, Call]:
    """Everything that `words` does and refuses, with no function of Python's own in between."""
    module = load(path)
    Words, distance = module.Words, module.distance
    words, one, bare, bad = Words(["spam", "ham", "eggs"]), Words(["spam"]), Words.__new__(Words), Words([Text("a")])
    long, wide, far, none = "ab" * 50, "日本" * 50, "ba" * 60, Words([])
    ints, short, doubles = array.array("i", [0] * 3), array.array("i", [0]), array.array("d", [0.0] * 3)
    return {
        "distance": partial(distance, "kitten", "sitting"),
        "distance, long": partial(distance, long, far),
        "distance, wide": partial(distance, wide, far),
        "distance, limit": partial(distance, "a", "b", limit=3),
        "distance, too far": partial(distance, "a", "b", limit=0),
        "distance, none": partial(distance),
        "distance, a": partial(distance, 1, "b"),
        "distance, b": partial(distance, "a", 1),
        "distance, long b": partial(distance, long, 1),
        "distance, keyword": partial(distance, "a", "b", x=1),
        "distance, negative": partial(distance, "a", "b", limit=-1),
        "distance, huge": partial(distance, "a", "b", limit=2**70),
        "distance, str limit": partial(distance, "a", "b", limit="1"),
        "distance, broken": partial(distance, "a", "b", limit=Broken()),
        "Words": partial(Words, ["a", "b"]),
        "Words, by name": partial(Words, words=("a",)),
        "Words, none": partial(Words),
        "Words, two": partial(Words, 1, 2),
        "Words, str": partial(Words, "ab"),
        "Words, int": partial(Words, 1),
        "Words, of int": partial(Words, ["a", 1]),
        "Words, again": partial(words.__init__, ["spam", "ham", "eggs"]),
        "Words, broken": partial(Words, Broken()),
        "bare": partial(Words.__new__, Words),
        "repr": partial(repr, words),
        "repr, bare": partial(repr, bare),
        "repr, broken": partial(repr, bad),
        "==": partial(operator.eq, words, one),
        "!=": partial(operator.ne, words, words),
        "<": partial(operator.lt, words, words),
        "== other": partial(operator.eq, words, 1),
        "==, bare": partial(operator.eq, bare, words),
        "==, bare right": partial(operator.eq, words, bare),
        "==, broken": partial(operator.eq, bad, one),
        "hash": partial(hash, words),
        "iter": partial(list, words),
        "iter, bare": partial(iter, bare),
        "len": partial(len, words),
        "len, bare": partial(len, bare),
        "item": partial(operator.getitem, words, 1),
        "item, past": partial(operator.getitem, words, 3),
        "item, before": partial(operator.getitem, words, -4),
        "item, bare": partial(operator.getitem, bare, 0),
        "in": partial(operator.contains, words, "ham"),
        "longest": partial(getattr, words, "longest"),
        "longest, bare": partial(getattr, bare, "longest"),
        "longest, set": partial(setattr, words, "longest", 1),
        "searches": partial(getattr, words, "searches"),
        "searches, set": partial(setattr, words, "searches", 1),
        "nearest": partial(words.nearest, "slam"),
        "nearest, long": partial(words.nearest, long),
        "nearest, none": partial(none.nearest, "a"),
        "nearest, int": partial(words.nearest, 1),
        "nearest, bare": partial(bare.nearest, "a"),
        "nearest, two": partial(words.nearest, 1, 2),
        "into": partial(words.distances_into, "slam", ints),
        "into, long": partial(words.distances_into, long, ints),
        "into, one": partial(words.distances_into, "a"),
        "into, int": partial(words.distances_into, 1, ints),
        "into, no buffer": partial(words.distances_into, long, 1),
        "into, bytes": partial(words.distances_into, "a", b"abc"),
        "into, doubles": partial(words.distances_into, "a", doubles),
        "into, short": partial(words.distances_into, "a", short),
        "into, bare": partial(bare.distances_into, "a", ints),
    }


def calls_of_ways(path: str) -> dict[str, Call]:
    """Each way, and what each refuses."""
    module = load(path)
    calls: dict[str, Call] = {
        "nothing": module.nothing,
        "add_one": partial(module.add_one, 1000),
        "add_one, str": partial(module.add_one, "1"),
        "add_one, huge": partial(module.add_one, 2**63 - 1),
    }
    for name in ("add_varargs", "add_keywords", "add_fastcall", "add_fastcall_keywords"):
        add = getattr(module, name)
        calls |= {
            name: partial(add, 1000, 2),
            f"{name}, one": partial(add, 1),
            f"{name}, three": partial(add, 1, 2, 3),
            f"{name}, str": partial(add, 1, "2"),
            f"{name}, overflow": partial(add, 2**63 - 1, 1),
            f"{name}, huge": partial(add, 2**63, 1),
            f"{name}, by name": partial(add, 1000, b=2),
            f"{name}, unknown": partial(add, 1, c=2),
            f"{name}, twice": partial(add, 1, a=2),
        }
    return calls


def flat(name: str, call: Call, times: int, warm: int = 100) -> str:
    """A fault if the number of references or of blocks is another one afterwards; or nothing."""
    for _ in range(warm):  # caches fill
        outcome(call)
    gc.collect()
    before = TOTAL(), sys.getallocatedblocks()
    for _ in range(times):
        try:
            call()
        except Exception:
            pass
    gc.collect()
    after = TOTAL(), sys.getallocatedblocks()
    if all(abs(now - then) < NOISE for now, then in zip(after, before)):
        return ""
    return f"{name}: {after[0] - before[0]:+} references, {after[1] - before[1]:+} blocks in {times} calls"


def failing_at(call: Call, n: int) -> str:
    """The call's outcome if the n-th allocation fails."""
    # Of this frame CPython makes an object for the traceback, and does not survive that this fails, whatever was called
    # ("error return without exception set"): so it is made before.
    sys._getframe()
    kept: BaseException | None = None
    result: object = None
    fail(n, n + 1)
    try:
        result = call()
    except BaseException as error:
        kept = error
    heal()
    text = outcome_of(result, kept)
    kept = None
    return text


def without_memory(name: str, prepared: Callable[[], Call], allocations: int, rounds: int) -> str:
    """A fault if an outcome is neither the usual one nor MemoryError, or references are lost; or nothing."""
    usual = outcome(prepared())

    def all_in_turn() -> None:
        """Each once."""
        for n in range(allocations):
            found = failing_at(prepared(), n)
            # 3.11's PyErr_Format() raises the error without a message if there is no memory for one.
            if found not in (usual, usual.partition(":")[0], "MemoryError"):
                faults.append(f"{name}, allocation {n} fails: {found}, and not {usual}")

    faults: list[str] = []
    all_in_turn()
    return "\n".join(faults) or flat(f"{name}, allocations fail", all_in_turn, rounds)


def imports(path: str, rounds: int) -> Iterator[str]:
    """The two phases of an import: made and filled, and without memory."""
    spec = spec_of(path)
    create, execute = importlib.import_module("_imp").create_dynamic, importlib.import_module("_imp").exec_dynamic
    yield flat(f"{path}, imported", partial(load, path), rounds, 1000)
    yield without_memory(f"{path}, made", lambda: partial(create, spec), 100, 3)
    yield without_memory(f"{path}, filled", lambda: partial(execute, create(spec)), 300, 3)


def main(words: str, ways: str, times: int) -> int:
    """All of it; prints what was done."""
    calls = calls_of_words(words) | calls_of_ways(ways)
    faults = [flat(name, call, times) for name, call in calls.items()]
    faults += [without_memory(name, lambda: call, ALLOCATIONS, 3) for name, call in calls.items()]
    faults += [*imports(words, 500), *imports(ways, 500)]
    faults = [fault for fault in faults if fault]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(calls)} calls, {times} times each, {TOTAL()} references: {len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    repeat = int(arguments[arguments.index("--times") + 1]) if "--times" in arguments else 10**5
    sys.exit(main(os.path.abspath(arguments[0]), os.path.abspath(arguments[1]), repeat))
