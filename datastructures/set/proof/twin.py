"""The same program as twin.c, on CPython's own set; both must print the same, byte for byte.

What Python does not show (slots, dummies, stored hashes, the finger) is read out of the live object
with ctypes, by the layout of PySetObject in Include/cpython/setobject.h.
"""

import ctypes
import struct
from collections.abc import Callable, Hashable
from typing import Any, Union

MASK64 = (1 << 64) - 1
AnySet = Union[set[Any], frozenset[Any]]


class PySetObject(ctypes.Structure):
    """The C struct of a set and of a frozenset."""

    _fields_ = [
        ("ob_base", ctypes.c_char * object.__basicsize__),
        ("fill", ctypes.c_ssize_t),
        ("used", ctypes.c_ssize_t),
        ("mask", ctypes.c_ssize_t),
        ("table", ctypes.c_void_p),
        ("hash", ctypes.c_ssize_t),
        ("finger", ctypes.c_ssize_t),
    ]


def raw(s: AnySet) -> PySetObject:
    """Returns the struct that the set is, not a copy of it."""
    return PySetObject.from_address(id(s))


def slots(s: AnySet) -> list[tuple[int, int]]:
    """Returns the table: (address of the key, stored hash) of each slot."""
    head = raw(s)
    table = ctypes.string_at(head.table, (head.mask + 1) * 16)
    return [(key, stored) for key, stored in struct.iter_unpack("@Nn", table)]


def show(label: str, s: AnySet) -> None:
    """Prints the fields and every slot that is not empty; keys are found among the members."""
    head = raw(s)
    print(f"{label}: fill {head.fill} used {head.used} mask {head.mask} finger {head.finger}"
          f" hash {head.hash}")
    members = {id(key): key for key in s}
    for i, (key, stored) in enumerate(slots(s)):
        if key and stored == -1:
            print(f"  {i:3} dummy")
        elif key:
            print(f"  {i:3} {members[key]!r} {stored}")


def checksum(s: AnySet) -> str:
    """Returns a digest of the fields and of each slot's state and hash, in order."""
    head = raw(s)
    total = 0
    for value in (head.fill, head.used, head.mask, head.finger):
        total = (total * 1099511628211 + value) & MASK64
    for key, stored in slots(s):
        total = ((total ^ (2 * stored + bool(key))) * 1099511628211) & MASK64
    return f"{total:016x}"


def ints(*numbers: int) -> set[Any]:
    """Adds the numbers one by one (a literal would be built from a frozenset, in its order)."""
    s: set[Any] = set()
    for number in numbers:
        s.add(number)
    return s


def words(text: str) -> set[Any]:
    """Adds the words one by one."""
    s: set[Any] = set()
    for word in text.split():
        s.add(word)
    return s


def counted(start: int, stop: int, step: int) -> set[Any]:
    """Adds range(start, stop, step) one by one."""
    return ints(*range(start, stop, step))


def title(text: str) -> None:
    """Prints a scene's name."""
    print(f"== {text}")


def attempt(label: str, action: Callable[[], object]) -> None:
    """Prints what an action returns, or its exception as a traceback's last line shows it."""
    try:
        print(f"{label}: {action()!r}")
    except Exception as error:  # noqa: BLE001
        print(f"{label}: {type(error).__name__}: {error}")


def scene_growth() -> None:
    """One key after another, until the table has been replaced several times."""
    title("growth")
    show("empty", set())
    s: set[Any] = set()
    mask = 7
    for i in range(150000):
        s.add(i * 7)
        if raw(s).mask != mask:
            mask = raw(s).mask
            print(f"add {i * 7}: fill {raw(s).fill} used {raw(s).used} mask {mask}"
                  f" {checksum(s)}")
        if i < 6:
            show(f"add {i * 7}", s)
    text = words("the quick brown fox jumps over a lazy dog whose name nobody knows")
    show("words", text)
    print(text)
    show("non-ASCII", words("grün 蟒蛇 naïve 🐍 ß"))
    mixed: set[Any] = ints(1, 0, -1, -2, 2**61 - 1, 2**61, -(2**61) + 1, 2**63 - 1, -(2**63))
    for number in (1.0, 0.5, 1e300, -0.0, float("inf"), True):
        mixed.add(number)
    mixed.add((1, "two", (3.0,)))
    mixed.add(())
    show("mixed", mixed)


def scene_collisions() -> None:
    """Keys that start at one slot: alone at the table's end, in linear runs, then by jumps."""
    title("collisions")
    show("multiples of 8", ints(0, 8, 16, 24))
    show("near the end", ints(7, 15, 23, 31))
    show("linear run", ints(1, 33, 65, 97, 129))
    show("run of ten", counted(64, 64 + 128 * 15, 128))
    show("run and jumps", counted(2, 2 + 4096 * 18, 4096))
    show("same low 32 bits", ints(*(n << 32 for n in range(1, 16))))


def scene_dummies() -> None:
    """A discard leaves a dummy; the last dummy on the way is used again by an add."""
    title("dummies")
    s = ints(0, 8, 16)
    s.discard(8)
    show("discard 8", s)
    s.add(24)
    show("add 24", s)
    s = counted(0, 20, 1)
    for i in range(15):
        s.discard(i)
    show("discard 0..14", s)
    s.add(3)
    show("add 3", s)
    s.add(128)
    show("add 128", s)
    s.update(tuple(range(100, 160)))
    show("update 100..159", s)
    s = counted(0, 4, 1)
    for i in range(40):
        s.add(i + 4)
        s.discard(i)
        if i < 12:
            show(f"slide {i}", s)
        print(f"slide {i}: {checksum(s)}")
    show("copy", s.copy())


def scene_pop() -> None:
    """pop() goes on where it stopped; nothing but pop moves the finger."""
    title("pop")
    s = counted(10, 22, 1)
    for _ in range(5):
        print(s.pop())
    show("five pops", s)
    s.add(10)
    print(s.pop())
    show("add 10, pop", s)
    while s:
        print(s.pop())
    show("empty", s)
    attempt("pop", s.pop)
    s.add(5)
    show("add 5", s)
    s.clear()
    show("clear", s)
    s.add(5)
    s.add(3)
    print(s.pop())
    show("add 5, add 3, pop", s)


def operations(label: str, a: AnySet, b: AnySet) -> None:
    """All binary operations on one pair."""
    print(f"-- {label}")
    show("a", a)
    show("b", b)
    show("a | b", a | b)
    show("a & b", a & b)
    show("a - b", a - b)
    show("a ^ b", a ^ b)
    show("b | a", b | a)
    show("b & a", b & a)
    show("b - a", b - a)
    show("b ^ a", b ^ a)
    print(a == b, a <= b, a >= b, a.isdisjoint(b), b.isdisjoint(a))
    for name in ("update", "intersection_update", "difference_update",
                 "symmetric_difference_update"):
        s = set(a)
        getattr(s, name)(b)
        show(name, s)


def scene_algebra() -> None:
    """Unions and the rest: which operand is walked shows in the order of the result."""
    title("algebra")
    operations("overlapping", ints(1, 9, 17, 4), ints(25, 2, 9, 1))
    operations("disjoint", ints(3, 1, 2), ints(12, 11, 10))
    operations("subset", ints(5, 13), counted(0, 30, 1))
    operations("equal", ints(8, 0, 16), ints(16, 8, 0))
    operations("small and large", counted(0, 10, 3), counted(0, 200, 5))
    operations("a ninth", counted(0, 12, 1), counted(0, 360, 3))
    operations("large minus small", counted(0, 60, 1), counted(0, 14, 1))
    operations("empty", set(), ints(1, 2))
    operations("words", words("spam eggs ham spam bacon"), words("eggs toast bacon tea jam"))
    operations("frozen", frozenset(ints(4, 2, 6)), ints(6, 8))
    dotted = counted(0, 40, 1)
    dotted.difference_update(tuple(range(0, 40, 3)))
    show("dotted", dotted)
    operations("with dummies", dotted, counted(20, 50, 2))
    a = counted(0, 9, 1)
    operations("itself", a, a)
    a -= a
    show("a -= a", a)
    a = counted(0, 9, 1)
    a ^= a
    show("a ^= a", a)
    a = counted(0, 9, 1)
    a |= a
    show("a |= a", a)
    a &= a
    show("a &= a", a)


def scene_tuples() -> None:
    """The methods take any iterable, and walk it in its order."""
    title("iterables")
    t = (9, 1, 4, 1, 33, 9, 17)
    s = ints(17, 9, 1, 2, 3)
    show("set", set(t))
    show("union", s.union(t))
    show("intersection", s.intersection(t))
    show("difference", s.difference(t))
    show("symmetric_difference", s.symmetric_difference(t))
    print(s.issubset(t), s.issuperset(t), s.isdisjoint(t))
    print(s.issubset((17, 9, 1, 2, 3, 4)), s.issuperset((9, 9)), s.isdisjoint(()))
    for name in ("update", "intersection_update", "difference_update",
                 "symmetric_difference_update"):
        changed = s.copy()
        getattr(changed, name)(t)
        show(name, changed)


def scene_frozen() -> None:
    """The hash of a frozenset: of its members, not of their order; and its use as a key."""
    title("frozenset")
    for members in ((), (1,), (1, 2), (2, 1), (3,), (1, 2, 3), (0, 8), (8, 0), (-1, -2)):
        f = frozenset(ints(*members))
        print(f, hash(f))
        show("with its hash", f)
    many = set()
    for n in range(300):
        many.add(hash(frozenset(ints(*(i for i in range(9) if n >> i & 1)))))
    print(f"{len(many)} different hashes of 300 frozensets")
    one = frozenset(words("spam eggs"))
    inner = frozenset(ints(1, 2))
    outer = frozenset((inner, frozenset(), one, "x"))
    print(hash(one), hash(inner), hash(outer))
    show("nested", outer)
    s: set[Any] = {inner}
    print(frozenset(ints(2, 1)) in s, ints(2, 1) in s, ints(3, 1) in s, inner == ints(2, 1))
    s.add(outer)
    s.remove(ints(1, 2))
    show("after remove", s)
    removed = counted(0, 20, 1)
    removed.difference_update((0, 1, 2, 3))
    print(hash(frozenset(removed)), hash(frozenset(counted(4, 20, 1))))
    print(frozenset(f) is f, f.copy() is f, (f | f) is f, (f & f) is f)


class Hostile:
    """A key whose comparison runs code."""

    def __init__(self, stored: int, action: Callable[[], bool]) -> None:
        """What it hashes to, and what a comparison does."""
        self.stored = stored
        self.action = action

    def __hash__(self) -> int:
        """The hash it was given."""
        return self.stored

    def __eq__(self, other: object) -> bool:
        """Runs the action, whose result decides."""
        return self.action()

    def __repr__(self) -> str:
        """As the C side shows it."""
        return f"hostile {self.stored}"


def scene_hostile() -> None:
    """Comparisons that change the set under the lookup, or fail."""
    title("hostile")
    s: set[Any] = set()
    runs = 0

    def clear_no() -> bool:
        """Empties the set that is being searched."""
        s.clear()
        return False

    def clear_yes() -> bool:
        """Empties it and claims to be equal."""
        s.clear()
        return True

    def grow_no() -> bool:
        """Makes its table grow."""
        nonlocal runs
        runs += 1
        s.update(tuple(range(100, 110)))
        return False

    def fail() -> bool:
        """Raises."""
        raise ValueError("boom")

    for label, action in (("clear, different", clear_no), ("clear, equal", clear_yes),
                          ("grow, different", grow_no), ("fail", fail)):
        for operation in ("add", "contains", "discard"):
            s = ints(1, 2, 3, 9)
            key: Hashable = Hostile(1, action)
            method = s.__contains__ if operation == "contains" else getattr(s, operation)
            try:
                method(key)
                print(f"{label}, {operation}: done")
            except ValueError as error:
                print(f"{label}, {operation}: {type(error).__name__}: {error}")
            show("left", s)
    print(f"{runs} comparisons that grew the set")
    for name in ("update", "intersection_update", "difference_update",
                 "symmetric_difference_update"):
        s = ints(5, 1, 9)
        try:
            getattr(s, name)((4, Hostile(1, fail), 6))
            print("no error")
        except ValueError as error:
            print(f"{name}: {error}")
        show("left", s)


def scene_errors() -> None:
    """Errors in CPython's words."""
    title("errors")
    s = ints(1, 2)
    attempt("remove 3", lambda: s.remove(3))
    attempt("remove 'three'", lambda: s.remove("three"))
    attempt("remove (1, 'x')", lambda: s.remove((1, "x")))
    attempt("remove {3}", lambda: s.remove(ints(3)))
    attempt("add set", lambda: s.add(set()))
    attempt("contains (set,)", lambda: (set(),) in s)
    attempt("update 5", lambda: s.update(5))  # type: ignore[arg-type]
    attempt("union None", lambda: s.union(None))  # type: ignore[arg-type]
    attempt("issubset (1, 2, set)", lambda: s.issubset((1, 2, set())))
    attempt("update (3, set, 4)", lambda: s.update((3, set(), 4)))
    attempt("hash", lambda: hash(s))
    attempt("frozenset in", lambda: frozenset() in s)
    attempt("set in", lambda: set() in s)
    show("left", s)
    i = iter(s)
    print(next(i))
    s.add(10)
    attempt("next", lambda: next(i))
    s.discard(10)
    attempt("next", lambda: next(i))
    print((set(), frozenset(), ints(1), frozenset(ints(1)), {frozenset(ints(2))}))


state = 20260


def lcg(limit: int) -> int:
    """Returns the next number of a fixed sequence, below the limit."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) & MASK64
    return (state >> 33) % limit


def random_key(span: int) -> Hashable:
    """Returns a key of some type; equal keys of different types occur."""
    number = lcg(span)
    kind = lcg(10)
    if kind < 5:
        return number - span // 4
    if kind < 7:
        return f"k{number}"
    if kind == 7:
        return number / 2 - 20
    if kind == 8:
        return (number % 17, "t")
    return frozenset(ints(number % 5, number % 11))


def scene_random() -> None:
    """A long mixed sequence on two sets; a digest of the table after each step or after each 100."""
    title("random")
    a: set[Any] = set()
    b: set[Any] = set()
    for step in range(12000):
        span = 300 if step < 6000 else 3000
        kind = lcg(200)
        what: object
        if kind < 90:
            key = random_key(span)
            a.add(key)
            what = f"add {key!r}"
        elif kind < 130:
            key = random_key(span)
            there = key in a
            a.discard(key)
            what = f"discard {key!r} {there}"
        elif kind < 160:
            b.add(random_key(span))
            what = len(b)
        elif kind < 175:
            what = f"pop {a.pop()!r}" if a else "empty"
        elif kind < 180:
            a, b = b, a
            what = "swap"
        elif kind == 180:
            a |= b
            what = "|="
        elif kind == 181:
            a &= b
            what = "&="
        elif kind == 182:
            a -= b
            what = "-="
        elif kind == 183:
            a ^= b
            what = "^="
        elif kind < 186:
            what = checksum(a | b)
        elif kind < 188:
            what = checksum(a & b)
        elif kind < 190:
            what = checksum(a - b)
        elif kind < 192:
            what = checksum(a ^ b)
        elif kind < 194:
            what = f"{hash(frozenset(a))} {a <= b} {a >= b} {a == b} {a.isdisjoint(b)}"
        elif kind < 196:
            b = a.copy()
            what = "copy"
        elif kind == 196 and step % 5 == 0:
            a.clear()
            what = "clear"
        else:
            numbers = tuple(random_key(span) for _ in range(20))
            a.update(numbers)
            what = f"update {numbers!r}"
        if step < 500:
            print(f"{step} {what} {len(a)} {checksum(a)}")
        elif step % 25 == 0:
            print(f"{step} {len(a)} {len(b)} {checksum(a)} {checksum(b)}")
    print(a)


def main() -> None:
    """Plays all scenes."""
    scene_growth()
    scene_collisions()
    scene_dummies()
    scene_pop()
    scene_algebra()
    scene_tuples()
    scene_frozen()
    scene_hostile()
    scene_errors()
    scene_random()


if __name__ == "__main__":
    main()
