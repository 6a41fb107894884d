"""Whether the modules `words` and `ways` keep their references in order: every function and every error, 10**5 times.

usage: references.py words.*.so ways.*.so [--times N]

By a debug Python (Debian: python3-dbg), whose sys.gettotalrefcount() is the number of all references: it must be the
same after as before. A module that was built for another Python would load here, too, and count nothing: so the files'
suffix is looked at. Then every allocation is made to fail in turn: MemoryError or the usual outcome, and nothing is lost.
Exit status 0, or 1 with a line for each fault.
"""

import array
import gc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

import _testcapi

Call = Callable[[], object]
TOTAL: Callable[[], int] = getattr(sys, "gettotalrefcount")
NOISE = 60  # what the interpreter itself keeps now and then: far less than one for each call
ALLOCATIONS = 60  # more than any of the calls makes


def load(path: str) -> Any:
    """A new module from the file, which must have been built for this Python."""
    if not path.endswith(importlib.machinery.EXTENSION_SUFFIXES[0]):
        sys.exit(f"{path}: the suffix is not {importlib.machinery.EXTENSION_SUFFIXES[0]}")
    name = os.path.basename(path).partition(".")[0]
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def outcome(call: Call) -> str:
    """The result's type, or the error."""
    try:
        return type(call()).__name__
    except Exception as error:
        return f"{type(error).__name__}: {error}"


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
    """Everything that `words` does and refuses."""
    module = load(path)
    Words, distance = module.Words, module.distance
    words, bare, bad = Words(["spam", "ham", "eggs"]), Words.__new__(Words), Words([Text("a")])
    long, wide, far = "ab" * 50, "日本" * 50, "ba" * 60
    ints, short, doubles = array.array("i", [0] * 3), array.array("i", [0]), array.array("d", [0.0] * 3)
    cycle = Words.__subclasses__ and type("More", (Words,), {})

    def in_a_cycle() -> None:
        """An object that holds itself: the collector's."""
        more = cycle(["a"])
        more.itself = more

    return {
        "distance": lambda: distance("kitten", "sitting"), "distance, long": lambda: distance(long, far),
        "distance, wide": lambda: distance(wide, far), "distance, limit": lambda: distance("a", "b", limit=3),
        "distance, too far": lambda: distance("a", "b", limit=0), "distance, none": lambda: distance(),
        "distance, a": lambda: distance(1, "b"), "distance, b": lambda: distance("a", 1), "distance, long b": lambda: distance(long, 1),
        "distance, keyword": lambda: distance("a", "b", x=1), "distance, negative": lambda: distance("a", "b", limit=-1),
        "distance, huge": lambda: distance("a", "b", limit=2**70), "distance, broken": lambda: distance("a", "b", limit=Broken()),
        "distance, str limit": lambda: distance("a", "b", limit="1"),
        "Words": lambda: Words(["a", "b"]), "Words, by name": lambda: Words(words=("a",)), "Words, none": lambda: Words(),
        "Words, two": lambda: Words(1, 2), "Words, str": lambda: Words("ab"), "Words, int": lambda: Words(1),
        "Words, broken": lambda: Words(Broken()), "Words, of int": lambda: Words(["a", 1]), "Words, again": lambda: words.__init__(["spam", "ham", "eggs"]),
        "Words, in a cycle": in_a_cycle, "bare": lambda: Words.__new__(Words),
        "repr": lambda: repr(words), "repr, bare": lambda: repr(bare), "repr, broken": lambda: repr(bad),
        "==": lambda: words == Words(["spam"]), "!=": lambda: words != words, "<": lambda: words < words, "== other": lambda: words == 1,
        "==, bare": lambda: bare == words, "==, bare right": lambda: words == bare, "==, broken": lambda: bad == Words(["b"]),
        "hash": lambda: hash(words), "iter": lambda: list(words), "iter, bare": lambda: iter(bare), "len": lambda: len(words),
        "len, bare": lambda: len(bare), "item": lambda: words[1], "item, past": lambda: words[3], "item, before": lambda: words[-4],
        "item, bare": lambda: bare[0], "in": lambda: "ham" in words, "longest": lambda: words.longest, "longest, bare": lambda: bare.longest,
        "longest, set": lambda: setattr(words, "longest", 1), "searches": lambda: words.searches, "searches, set": lambda: setattr(words, "searches", 1),
        "nearest": lambda: words.nearest("slam"), "nearest, long": lambda: words.nearest(long), "nearest, none": lambda: Words([]).nearest("a"),
        "nearest, int": lambda: words.nearest(1), "nearest, bare": lambda: bare.nearest("a"), "nearest, two": lambda: words.nearest(1, 2),
        "into": lambda: words.distances_into("slam", ints), "into, long": lambda: words.distances_into(long, ints),
        "into, one": lambda: words.distances_into("a"), "into, int": lambda: words.distances_into(1, ints),
        "into, no buffer": lambda: words.distances_into(long, 1), "into, bytes": lambda: words.distances_into("a", b"abc"),
        "into, doubles": lambda: words.distances_into("a", doubles), "into, short": lambda: words.distances_into("a", short),
        "into, bare": lambda: bare.distances_into("a", ints),
    }


def calls_of_ways(path: str) -> dict[str, Call]:
    """Each way, and what each refuses."""
    module = load(path)
    calls: dict[str, Call] = {"nothing": lambda: module.nothing(), "add_one": lambda: module.add_one(1000), "add_one, str": lambda: module.add_one("1"),
                              "add_one, huge": lambda: module.add_one(2**63 - 1)}
    for name in ("add_varargs", "add_keywords", "add_fastcall", "add_fastcall_keywords"):
        add = getattr(module, name)
        calls |= {name: lambda add=add: add(1000, 2), f"{name}, one": lambda add=add: add(1), f"{name}, three": lambda add=add: add(1, 2, 3),
                  f"{name}, str": lambda add=add: add(1, "2"), f"{name}, overflow": lambda add=add: add(2**63 - 1, 1),
                  f"{name}, huge": lambda add=add: add(2**63, 1), f"{name}, by name": lambda add=add: add(1000, b=2),
                  f"{name}, unknown": lambda add=add: add(1, c=2), f"{name}, twice": lambda add=add: add(1, a=2)}
    return calls


def flat(name: str, call: Call, times: int) -> str:
    """A fault if the number of references or of blocks is another one afterwards; or nothing."""
    for _ in range(100):  # caches fill
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
    _testcapi.set_nomemory(n, n + 1)
    try:
        call()
        result = ""
    except MemoryError:
        result = "MemoryError"
    except Exception as error:
        kept: BaseException = error
        result = "error"
    finally:
        _testcapi.remove_mem_hooks()
    return outcome(call) if not result else f"{type(kept).__name__}: {kept}" if result == "error" else result


def without_memory(name: str, call: Call, allocations: int, rounds: int) -> str:
    """A fault if an outcome is neither the usual one nor MemoryError, or references are lost; or nothing."""
    usual = outcome(call)

    def all_in_turn() -> None:
        """Each once."""
        for n in range(allocations):
            found = failing_at(call, n)
            if found not in (usual, "MemoryError"):
                faults.append(f"{name}, allocation {n} fails: {found}, and not {usual}")

    faults: list[str] = []
    all_in_turn()
    return "\n".join(faults) or flat(f"{name}, allocations fail", all_in_turn, rounds)


def main(words: str, ways: str, times: int) -> int:
    """All of it; prints what was done."""
    calls = calls_of_words(words) | calls_of_ways(ways)
    faults = [flat(name, call, times) for name, call in calls.items()]
    faults += [without_memory(name, call, ALLOCATIONS, times // 1000 + 1) for name, call in calls.items()]
    for path in (words, ways):
        faults.append(flat(f"import of {path}", lambda: load(path), times // 1000 + 1))
        faults.append(without_memory(f"import of {path}", lambda: load(path), 400, 3))
    faults = [fault for fault in faults if fault]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(calls)} calls, {times} times each, {TOTAL()} references: {len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    repeat = int(arguments[arguments.index("--times") + 1]) if "--times" in arguments else 10**5
    sys.exit(main(os.path.abspath(arguments[0]), os.path.abspath(arguments[1]), repeat))
