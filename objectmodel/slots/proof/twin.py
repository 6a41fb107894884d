"""The slots room's program on the real interpreter; twin.c is the same on our mechanism.

Both print what can be observed of an instance's memory: sizes and offsets, in words; every refusal in its words; in
which order attributes come; how much room the instances of a class get; what an instance weighs.
"""

from __future__ import annotations

import ctypes
import gc
import struct
import sys
import tracemalloc
from typing import Any

WORD = struct.calcsize("P")
COLLECTOR_HEAD, DICT = 2 * WORD, 8 * WORD  # a dict with its head, without values

# name|bases|__slots__|class variables; "-" for no __slots__, "'x" for a str, else a tuple
CLASSES = [
    "Plain||-|",
    "Point||y x|",
    "One||'x|",
    "Empty|||",
    "Point3|Point|z|",
    "Named|Point|__dict__|",
    "Watched|Point|__weakref__|",
    "Both|Point|__dict__ a __weakref__|",
    "Open|Point|-|",
    "Closed|Plain|x|",
    "Closer|Closed|-|",
    "Closer|Closed|__dict__|",
    "Again|Named|__dict__|",
    "Again|Watched|__weakref__|",
    "Again||__dict__ __dict__|",
    "Again||x x|",
    "Again|Point|x|",
    "Mixed|Empty Plain||",
    "Mixed|Point Plain||",
    "Mixed|Point Plain|w|",
    "Mixed|Empty Watched||",
    "Mixed|Point One||",
    "Mixed|Point Point3||",
    "Mixed|Point3 Point||",
    "Mixed|Point Closed||",
    "Mixed|Empty Point3|u|",
    "Wrong||a-b|",
    "Wrong||'two words|",
    "Wrong||1st|",
    "Wrong||x 7|",
    "Wrong||'|",
    "Wrong||x|x y",
    "Wrong||__x|_Wrong__x",
    "__Hidden||__x __y_ __z__ _w|",
    "__||__x|",
    "Whole|int|-|",
    "Whole|int||",
    "Whole|int|x|",
    "Whole|int|__dict__|",
    "Whole|int|'__weakref__|",
    "Text|str|x|",
    "Row|tuple|-|",
    "Row|tuple|x|",
    "Mixed|Point Whole||",
    "Called||__call__ __len__|",
    "Left||a c|",
    "Right||c a|",
    "Other||a d|",
    "Twin||-|",
]

STATEMENTS = [
    "p = Point()", "p.x", "p.x = 1", "p.x", "p.y", "p.y = 2", "del p.x", "p.x", "del p.x", "p.z = 3", "p.z",
    "del p.z", "Point.x", "Point.x.__get__(p)", "Point.y.__get__(p)", "Point.z",
    "q = Point3()", "q.x = 4", "q.z = 5", "Point.x.__get__(q)", "Point3.z.__get__(p)", "q.x",
    "n = Named()", "n.any = 6", "n.x = 7", "n.__dict__", "del n.any", "del n.any", "n.any", "n.x",
    "c = Closer()", "c.x = 8", "c.y = 9", "c.__dict__", "c.__dict__ = 5", "del c.__dict__", "c.y", "c.__dict__",
    "h = __Hidden()", "h.__x", "h._Hidden__x", "h._Hidden__x = 10", "h._Hidden__x", "h.__z__ = 11", "h.__z__",
    "v = Called()", "len(v)", "v()", "v.__len__ = 12", "len(v)",
    "a = Left()", "a.a = 13", "a.c = 14", "a.__class__ = Right", "a.c", "a.__class__ = Other", "a.__class__ = Plain",
    "t = Plain()", "t.b = 15", "t.a = 16", "t.__class__ = Twin", "t.c = 17", "t.__dict__", "t.__class__ = Point",
    "Whole.x", "One.x", "p.__dict__",
]  # fmt: skip

known: dict[str, Any] = {"int": int, "str": str, "tuple": tuple}


class Random:
    """The same numbers as in twin.c."""

    def __init__(self, seed: int) -> None:
        """A sequence."""
        self.state = seed

    def below(self, limit: int) -> int:
        """The next number, from 0 to limit - 1."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


def item(word: str) -> Any:
    """A word of a table: a number where it is one."""
    return int(word) if word.isdigit() else word


def make(spec: str) -> Any:
    """The class that a line of CLASSES describes; or the error that making it raises."""
    name, bases, slots, variables = spec.split("|")
    namespace: dict[str, Any] = {word: 0 for word in variables.split()}
    if slots != "-":
        namespace["__slots__"] = slots[1:] if slots[:1] == "'" else tuple(map(item, slots.split()))
    try:
        return type(name, tuple(known[base] for base in bases.split()), namespace)
    except (TypeError, ValueError) as error:
        return error


def offsets(cls: Any) -> list[tuple[int, str]]:
    """A class's own slots with their offsets, from the memory of the descriptors: d_member->offset."""
    found = []
    for name, descr in vars(cls).items():
        if type(descr).__name__ == "member_descriptor":
            d_member = ctypes.c_void_p.from_address(id(descr) + 5 * WORD).value or 0
            found.append((ctypes.c_ssize_t.from_address(d_member + 2 * WORD).value, name))
    return sorted(found)


def message(error: Exception) -> str:
    """An error as it is printed; up to 3.12 one has a line break."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")


def classes() -> None:
    """What each class of the table comes to, in words; a class that is made is known to those below."""
    for spec in CLASSES:
        cls = make(spec)
        if isinstance(cls, Exception):
            print(f"{spec}: {message(cls)}")
            continue
        known[cls.__name__] = cls
        if not issubclass(cls, (int, str, tuple)):
            print(f"{spec}: {cls.__basicsize__ // WORD} words, dict {cls.__dictoffset__ // WORD},", end=" ")
            print(f"weakref {cls.__weakrefoffset__ // WORD}, all {sys.getsizeof(cls()) // WORD}", end="")
            print(*(f", {name} at {offset // WORD}" for offset, name in offsets(cls)), sep="")
        else:
            print(f"{spec}: made")


def statements() -> None:
    """Attributes, and what is said about those that are not there."""
    for statement in STATEMENTS:
        try:
            if "=" in statement or statement[:4] == "del ":
                exec(statement, known)
                print(f">>> {statement}")
            else:
                print(f">>> {statement}: {eval(statement, known)!r}")
        except (AttributeError, TypeError) as error:
            print(f">>> {statement}: {message(error)}")


def describe(cls: Any) -> str:
    """Where things lie beyond what the built-in type has. The list of weak references lies in the instance up to
    3.11, and an int's dict: neither is counted, so that all versions say the same."""
    root = next(kind for kind in (int, str, tuple, object) if issubclass(cls, kind)).__basicsize__
    weak = cls.__weakrefoffset__
    words = (cls.__basicsize__ - root) // WORD - (weak > 0) - (cls.__dictoffset__ == -WORD)
    parts = [f"{words} words", *["dict"] * bool(cls.__dictoffset__), *["weakref"] * bool(weak)]
    for offset, name in offsets(cls):
        parts.append(f"{name} at {(offset - root) // WORD - (0 < weak < offset)}")
    return ", ".join(parts)


def trees(count: int) -> None:
    """Random classes over random bases: what they come to, or the refusal."""
    names = ["a", "b", "c", "d", "__p", "__dict__", "__weakref__"]
    for tree in range(count):
        random = Random(tree)
        known.clear()
        known.update({"int": int, "str": str, "tuple": tuple, "object": object})
        made: list[str] = ["object"] * 3 + [("int", "str", "tuple")[random.below(3)]]
        for number in range(7):
            bases = list(dict.fromkeys(made[random.below(len(made))] for _ in range(1 + random.below(3))))
            slots = " ".join(names[random.below(7)] for _ in range(random.below(4))) if random.below(3) else "-"
            variables = names[random.below(4)] if random.below(8) == 0 else ""
            spec = f"C{number}|{' '.join(bases)}|{slots}|{variables}"
            cls = make(spec)
            if isinstance(cls, Exception):
                print(f"{spec}: {':'.join(message(cls).split(' of ')[0].split(':')[:2])}")  # 3.12 gives other reasons
                continue
            print(f"{spec}: {describe(cls)}")
            known[cls.__name__] = cls
            made.append(cls.__name__)


def rooms(classes: int) -> None:
    """How many values each next instance has room for: by the size of its dict, which shares its keys."""
    for number in range(classes):
        random = Random(number)
        cls: Any = type("Counted", (), {})
        room = []
        for _ in range(36):
            instance = cls()
            for i in range(1 + random.below(number + 1)):
                setattr(instance, "abcdefghij"[i], i)
            room.append((sys.getsizeof(instance.__dict__) - DICT) // WORD)
        print(*room)


def orders(sequences: int) -> None:
    """Attributes of two instances of one class, set and deleted at random: those of both, in their order."""
    for number in range(sequences):
        random = Random(number)
        cls: Any = type("Ordered", (), {})
        both = [cls(), cls()]
        for _ in range(10 + random.below(30)):
            instance, name = both[random.below(2)], "abcdefgh"[random.below(8)]
            if random.below(3):
                setattr(instance, name, 0)
            elif hasattr(instance, name):
                delattr(instance, name)
            else:
                try:
                    delattr(instance, name)
                except AttributeError as error:
                    print(f"{error};", end=" ")
        print(*both[0].__dict__, "|", *both[1].__dict__)


def weights() -> None:
    """Words of an instance with n attributes, the collector's head included, when there are many of its class."""
    for count in range(11):
        names = [f"a{i}" for i in range(count)]
        slotted: Any = type("Slotted", (), {"__slots__": names})
        plain: Any = type("Kept", (), {})
        words = []
        for cls in (slotted, plain):
            kept: list[Any] = [None] * 200
            before = 0
            for i in range(200):
                if i == 100:
                    before = tracemalloc.get_traced_memory()[0]
                kept[i] = instance = cls()
                for name in names:
                    setattr(instance, name, None)
            words.append(round((tracemalloc.get_traced_memory()[0] - before) / 100 / WORD))
        print(f"{count} attributes: {words[0]} words with slots, {words[1]} without")


def main() -> None:
    """Everything, in the order of twin.c."""
    classes()
    statements()
    trees(400)
    rooms(10)
    orders(100)
    gc.disable()  # or a class that it finds would be subtracted
    tracemalloc.start()
    weights()


if __name__ == "__main__":
    main()
