"""The same program as twin.c, run by real Python: what it prints, twin.c must print too.

A dict shows its items and their order; its table it does not show. So the table is read out of the
live object's memory with ctypes: class Table below knows the layout of CPython's PyDictObject and
PyDictKeysObject, which 3.11, 3.12 and 3.13 share.
"""

import ctypes
import sys
from typing import Any

MASK64 = (1 << 64) - 1
KEYS_HEADER = 32  # refcnt 8, four small fields 4, version 4, usable 8, nentries 8


class Table:
    """The raw table of a dict, as it was when this object was made."""

    def __init__(self, d: dict[Any, Any]) -> None:
        """Reads the table of `d`."""
        address = id(d)
        self.used = ctypes.c_ssize_t.from_address(address + 16).value
        keys = ctypes.c_void_p.from_address(address + 32).value
        values = ctypes.c_void_p.from_address(address + 40).value
        assert keys is not None and values is None, "a split table"
        small = (ctypes.c_uint8 * 3).from_address(keys + 8)
        self.log2_size, self.log2_index_bytes, self.kind = small
        self.usable, self.nentries = (ctypes.c_ssize_t * 2).from_address(keys + 16)
        self.indices = self.read_indices(keys + KEYS_HEADER)
        self.entries = self.read_entries(keys + KEYS_HEADER + (1 << self.log2_index_bytes))
        # The empty table is shared, and getsizeof does not count it.
        table = sys.getsizeof(d) - sys.getsizeof({})
        self.bytes = table - KEYS_HEADER if table else 0

    def read_indices(self, address: int) -> list[int]:
        """Returns the slots: the number of an entry, -1 empty, -2 dummy."""
        size = 1 << self.log2_size
        if self.log2_size < 8:
            return list((ctypes.c_int8 * size).from_address(address))
        if self.log2_size < 16:
            return list((ctypes.c_int16 * size).from_address(address))
        return list((ctypes.c_int32 * size).from_address(address))

    def read_entries(self, address: int) -> list[tuple[int, Any, Any] | None]:
        """Returns (hash, key, value) of each entry, None for a deleted one."""
        width = 3 if self.kind == 0 else 2  # a general entry begins with the hash
        words = (ctypes.c_ssize_t * (width * self.nentries)).from_address(address)
        entries: list[tuple[int, Any, Any] | None] = []
        for i in range(self.nentries):
            key_at, value_at = words[width * i + width - 2], words[width * i + width - 1]
            if value_at == 0:
                entries.append(None)
                continue
            key = ctypes.cast(key_at, ctypes.py_object).value
            value = ctypes.cast(value_at, ctypes.py_object).value
            entries.append((words[width * i] if self.kind == 0 else hash(key), key, value))
        return entries


def state(d: dict[Any, Any]) -> None:
    """Prints the table's numbers in one line."""
    t = Table(d)
    kind = "unicode" if t.kind else "general"
    numbers = f"used {t.used} usable {t.usable} nentries {t.nentries} bytes {t.bytes}"
    print(f"  size {1 << t.log2_size} {kind} {numbers}")


def dump(title: str, d: dict[Any, Any]) -> None:
    """Prints the whole table, slot by slot and entry by entry."""
    print(title)
    state(d)
    t = Table(d)
    if t.nentries == 0 and t.log2_size == 0:
        return  # nothing in it but the one shared empty table
    for start in range(0, len(t.indices), 32):
        row = t.indices[start : start + 32]
        print("  indices", *("." if ix == -1 else "D" if ix == -2 else str(ix) for ix in row))
    for ix, entry in enumerate(t.entries):
        if entry is None:
            print(f"  entry {ix}: deleted")
        else:
            print(f"  entry {ix}: hash {entry[0]} key {entry[1]!r} value {entry[2]!r}")


def checksum(d: dict[Any, Any]) -> int:
    """Returns a number that depends on every slot and every entry of the table."""
    t = Table(d)
    total = 0
    for word in (t.log2_size, t.kind, t.used, t.usable, t.nentries, t.bytes, *t.indices):
        total = (total * 31 + word) & MASK64
    for entry in t.entries:
        words = (0, 0) if entry is None else (entry[0], hash(entry[2]))
        total = ((total * 31 + words[0]) * 31 + words[1]) & MASK64
    return total


class Random:
    """A linear congruential generator, the same as in twin.c."""

    def __init__(self, seed: int) -> None:
        """Starts the sequence."""
        self.state = seed

    def below(self, limit: int) -> int:
        """Returns the next number, less than `limit`."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK64
        return (self.state >> 33) % limit


def attempt(title: str, call: Any) -> None:
    """Prints the result of a call, or its error as a traceback's last line."""
    try:
        print(f"{title} -> {call()!r}")
    except Exception as error:
        print(f"{title} -> {type(error).__name__}: {error}")


def first_steps() -> None:
    """A table of str keys from nothing through a resize and back."""
    d: dict[Any, Any] = {}
    dump("an empty dict", d)
    for i, key in enumerate("abcdefgh"):
        d[key] = i
        dump(f"d[{key!r}] = {i}", d)
    del d["c"]
    dump("del d['c']", d)
    del d["a"]
    dump("del d['a']", d)
    d["c"] = 30
    dump("d['c'] = 30", d)
    d["b"] = 10
    dump("d['b'] = 10", d)
    print(d.popitem())
    dump("d.popitem()", d)
    d[7] = "seven"
    dump("d[7] = 'seven'", d)
    d["é"] = "€"
    d["😀"] = "x"
    dump("non-ASCII keys", d)
    del d[7]
    dump("del d[7]", d)
    print(d)
    while d:
        print(d.popitem())
        state(d)
    dump("after popitem of all", d)
    d["again"] = 1
    dump("d['again'] = 1", d)
    d.clear()
    dump("d.clear()", d)


def collisions() -> None:
    """Keys that begin at the same slot, and what deleting one of them leaves."""
    d: dict[Any, Any] = {}
    for k in (0, 8, 16, 24, 32):
        d[k] = k
        dump(f"d[{k}] = {k}", d)
    del d[8]
    dump("del d[8]", d)
    attempt("d[32]", lambda: d[32])
    d[40] = 40
    dump("d[40] = 40 drops the dummy", d)
    e: dict[Any, Any] = {}
    for k in (0, 8, 16):
        e[k] = k
    del e[0]
    e[24] = 24
    dump("a dummy is used again", e)
    f: dict[Any, Any] = {}
    for i in range(40):
        f[i << 20] = i
    dump("40 multiples of 2**20", f)
    g: dict[Any, Any] = {}
    for i in range(-3, 4):
        g[i * ((1 << 61) - 1)] = i
    dump("multiples of 2**61 - 1: equal hashes", g)


def churn() -> None:
    """One key in, one key out: the table stays where it is, resize after resize."""
    d: dict[Any, Any] = {}
    for i in range(60):
        d[i] = i
        if i >= 3:
            del d[i - 3]
        state(d)
    dump("after 60 rounds", d)


def growth() -> None:
    """Every resize up to 100000 keys: int keys, then str keys."""
    d: dict[Any, Any] = {}
    size = 0
    for i in range(100000):
        d[i * 7] = i
        if sys.getsizeof(d) != size:
            size = sys.getsizeof(d)
            print(f"{i + 1} ints, checksum {checksum(d)}")
            state(d)
    e: dict[Any, Any] = {}
    size = 0
    for i in range(100000):
        e[f"key{i}"] = i
        if sys.getsizeof(e) != size:
            size = sys.getsizeof(e)
            print(f"{i + 1} strs, checksum {checksum(e)}")
            state(e)
    for i in range(99000):
        del e[f"key{i}"]
    print(f"1000 left, checksum {checksum(e)}")
    state(e)
    i = 100000
    while sys.getsizeof(e) == size:
        e[f"key{i}"] = i
        i += 1
    print(f"until the next resize: {i}, checksum {checksum(e)}")
    state(e)


def equal_keys() -> None:
    """1, 1.0 and True are one key: the first to come stays, with the last value."""
    d: dict[Any, Any] = {}
    d[1] = "int"
    d[1.0] = "float"
    d[True] = "bool"
    dump("1, 1.0, True", d)
    d[0.0] = "float"
    d[False] = "bool"
    d[-1] = "minus one"
    d[-2] = "minus two"
    d[2.5] = "two and a half"
    d[(1, 2)] = "tuple"
    d[(1.0, True + 1)] = "the same tuple"
    d["1"] = "str"
    d[""] = "empty str"
    d[()] = "empty tuple"
    d[float("inf")] = "inf"
    for n in (1 << 60, (1 << 61) - 2, -(1 << 61), (1 << 62) + 5, -(1 << 63), (1 << 63) - 1):
        d[n] = "large"
    dump("all sorts of keys", d)
    for key in (1, True, -1.0, -2.0, (1, 2.0), "1", 2.5, 3, "2", float("-inf")):
        attempt(f"{key!r} in d", lambda: key in d)
        attempt(f"d[{key!r}]", lambda: d[key])


def copies() -> None:
    """When copy() clones the table and when it builds a new one; what update() makes of it."""
    for deleted in range(11):
        d: dict[Any, Any] = {}
        for i in range(10):
            d[f"k{i}"] = i
        for i in range(deleted):
            del d[f"k{i}"]
        dump(f"copy of 10 with {deleted} deleted", d.copy())
        e: dict[Any, Any] = {}
        e.update(d)
        dump("update of an empty dict", e)
        f: dict[Any, Any] = {"x": 1}
        f.update(d)
        dump("update of a dict with one item", f)
        g: dict[Any, Any] = {7: 1}
        g.update(d)
        dump("update of a dict with an int key", g)
    for left in range(1, 11):
        h: dict[Any, Any] = {}
        for i in range(11):
            h[i] = i
        while len(h) > left:
            h.popitem()
        e = {}
        e.update(h)
        dump(f"update of an empty dict by {left} in a table of 32", e)
        dump("copy of the same", h.copy())
    big: dict[Any, Any] = {}
    for i in range(1000):
        big[i] = i
    small: dict[Any, Any] = {}
    for i in range(500, 520):
        small[i] = -i
    small.update(big)
    print(f"update by 1000, checksum {checksum(small)}")
    state(small)
    for i in range(400):
        del big[i * 2]
    cloned = big.copy()
    print(f"copy of 600 among 1000, checksum {checksum(cloned)}")
    state(cloned)
    s: dict[Any, Any] = {}
    s["a"] = 1
    n: dict[Any, Any] = {}
    n[1] = 2
    s.update(n)
    dump("str dict updated by an int dict", s)
    n.clear()
    n.update(s)
    dump("cleared and updated", n)
    n.update(n)
    attempt("d == d.copy()", lambda: n == n.copy())


def methods() -> None:
    """get, setdefault, pop, popitem, equality, repr, and their errors."""
    d: dict[Any, Any] = {}
    attempt("{}.popitem()", d.popitem)
    attempt("{}.pop([])", lambda: d.pop([]))
    attempt("{}.pop('x', 0)", lambda: d.pop("x", 0))
    attempt("{}[[]]", lambda: d[[]])
    attempt("{}['it\\'s']", lambda: d["it's"])
    attempt("d.setdefault('a', 1)", lambda: d.setdefault("a", 1))
    attempt("d.setdefault('a', 2)", lambda: d.setdefault("a", 2))
    dump("after setdefault", d)
    attempt("d.setdefault(5, 6)", lambda: d.setdefault(5, 6))
    attempt("d.setdefault(d, 6)", lambda: d.setdefault(d, 6))
    dump("setdefault of an int", d)
    attempt("d.get('a')", lambda: d.get("a"))
    attempt("d.get('b')", lambda: d.get("b"))
    attempt("d.get('b', 7)", lambda: d.get("b", 7))
    attempt("d.get([])", lambda: d.get([]))
    attempt("d[{}]", lambda: d[{}])
    attempt("d[(1, [])]", lambda: d[(1, [])])
    attempt("[] in d", lambda: [] in d)
    attempt("d.pop('a')", lambda: d.pop("a"))
    attempt("d.pop('a')", lambda: d.pop("a"))
    attempt("d.pop('a', None)", lambda: d.pop("a", None))
    attempt("d.pop([])", lambda: d.pop([]))
    attempt("del d[(1, 'x')]", lambda: d.__delitem__((1, "x")))
    dump("after pop", d)
    d["self"] = d
    d["list"] = [1, d]
    print(d)
    attempt("list(d.keys())", lambda: list(d.keys()))
    attempt("list(d.values())", lambda: list(d.values()))
    attempt("list(d.items())", lambda: list(d.items()))
    a: dict[Any, Any] = {}
    b: dict[Any, Any] = {}
    for i in range(5):
        a[i] = str(i)
        b[4 - i] = str(4 - i)
    attempt("order does not count", lambda: a == b)
    b[2] = "two"
    attempt("values count", lambda: a == b)
    del b[2]
    attempt("sizes count", lambda: a == b)
    b[2.0] = "2"
    attempt("2 == 2.0", lambda: a == b)
    attempt("a dict as a key", lambda: a.__setitem__(d, 1))


def iteration() -> None:
    """What a loop notices when the dict changes under it."""
    d: dict[Any, Any] = {}
    for i in range(6):
        d[i] = i * i
    for key in d:
        d[key] = -key
    print(d)
    walk = iter(d)
    print(next(walk))
    d[6] = 6
    attempt("next after an insertion", lambda: next(walk))
    del d[6]
    attempt("sizes agree again", lambda: next(walk))
    walk = iter(d)
    print(next(walk))
    del d[0]
    attempt("next after a deletion", lambda: next(walk))
    try:
        for key in d:
            value = d.pop(key)
            d[key + 100] = value
            print("moved", key)
    except RuntimeError as error:
        print("RuntimeError:", error)
    print(d)


def random_key(random: Random, kind: int) -> Any:
    """Returns a key of one of several kinds, often one that has been there before."""
    n = random.below(300)
    if kind == 0 or n % 5 == 0:
        return f"k{n}"
    if n % 5 == 1:
        return n * 64
    if n % 5 == 2:
        return (n, f"t{n}")
    if n % 5 == 3:
        return n / 4
    return -n


def random_operations(kind: int, seed: int) -> None:
    """A long random sequence: kind 0 with str keys, kind 1 with keys of all sorts."""
    print("random operations, kind", kind)
    random = Random(seed)
    d: dict[Any, Any] = {}
    for step in range(20000):
        operation = random.below(100)
        key = random_key(random, kind)
        phase = step // 1000 % 3  # growing, steady, shrinking
        if operation < (60, 40, 25)[phase]:
            d[key] = step
        elif operation < 85:
            d.pop(key, None)
        elif operation < 92:
            d.setdefault(key, step)
        elif operation < 95:
            if d:
                d.popitem()
        elif operation < 97:
            d = d.copy()
        elif operation < 99:
            e: dict[Any, Any] = {}
            for _ in range(random.below(12)):
                e[random_key(random, kind)] = -step
            d.update(e)
        elif random.below(20) == 0:
            d.clear()
        if step % 100 == 99:
            print(f"step {step + 1} checksum {checksum(d)}")
            state(d)
        if step % 2500 == 2499:
            dump("the table now", d)


def main() -> None:
    """Runs all parts in order."""
    first_steps()
    collisions()
    churn()
    growth()
    equal_keys()
    copies()
    methods()
    iteration()
    random_operations(0, 1)
    random_operations(1, 2)


if __name__ == "__main__":
    main()
