"""The refcounting room's program on the real interpreter; twin.c is the same on our mechanism.

Each statement is written down, run, and followed by what ran because of it: finalizers, callbacks of
weak references, deaths; then by sys.getrefcount() of each name that is bound. The statements run as a
module's do, so their names are globals: a local's count is one less from 3.14 on. Numbers, strings
and None are never counted: from 3.12 on they are immortal, with a count that says nothing.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any
from weakref import ref

names: dict[str, Any] = dict.fromkeys("abcdefgh")  # the globals of what runs here
counters = {"made": 0, "alive": 0, "callbacks": 0}
witnesses: dict[int, ref[Node]] = {}  # the oldest weak reference to each Node: called when it is dead
muted = False


def say(text: str) -> None:
    """A line about what ran, under the statement that made it run."""
    if not muted:
        print(f"    {text}")


def describe(value: Any) -> str:
    """What a value is, without an address."""
    if value is None:
        return "None"
    if isinstance(value, Node):
        return f"{type(value).__name__} {value.label}"
    if isinstance(value, ref):
        return f"ref to {describe(value())}"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__


# ---- What can die ----------------------------------------------------------------------------------


class Dies:
    """The callback of a witness."""

    __slots__ = ("label",)

    def __init__(self, label: int) -> None:
        """Knows whom it is about."""
        self.label = label

    def __call__(self, witness: ref[Node]) -> None:
        """Says so."""
        counters["alive"] -= 1
        say(f"{self.label} is dead")


class Node:
    """Two fields, and no finalizer."""

    __slots__ = ("label", "left", "right", "__weakref__")
    label: int
    left: Any
    right: Any

    def __init__(self) -> None:
        """Numbered in the order in which they are made; each has a witness."""
        counters["made"] += 1
        counters["alive"] += 1
        self.label = counters["made"]
        self.left = self.right = None
        witnesses[self.label] = ref(self, Dies(self.label))


class Loud(Node):
    """Its finalizer says that it runs, and what the fields are."""

    __slots__ = ()

    def __del__(self) -> None:
        """Says so."""
        say(f"__del__ of {self.label}: left {describe(self.left)}, right {describe(self.right)}")


class Looker(Loud):
    """Its finalizer looks at who might be replacing or dropping it."""

    __slots__ = ()

    def __del__(self) -> None:
        """The first two names, and a field each."""
        for name in "ab":
            value = names[name]
            say(f"__del__ of {self.label}: {name} is {describe(value)}")
            if isinstance(value, Node):
                say(f"  its left is {describe(value.left)}")


class Phoenix(Loud):
    """Its finalizer keeps it."""

    __slots__ = ()

    def __del__(self) -> None:
        """A name for the dying."""
        super().__del__()
        names["b"] = self


class Cutter(Loud):
    """Its finalizer empties whatever list has the name c, and lets go of all that it has."""

    __slots__ = ()

    def __del__(self) -> None:
        """Its own fields last."""
        super().__del__()
        if isinstance(names["c"], list):
            names["c"].clear()
        self.left = self.right = None


class Adder(Loud):
    """Its finalizer puts a new object into whatever list has the name c."""

    __slots__ = ()

    def __del__(self) -> None:
        """The new one is of the loud kind."""
        super().__del__()
        if isinstance(names["c"], list):
            names["c"].append(Loud())
            say(f"c is {describe(names['c'])}")


class Maker(Loud):
    """Its finalizer makes weak references to the dying."""

    __slots__ = ()

    def __del__(self) -> None:
        """One that nobody keeps, and one that has a name."""
        super().__del__()
        ref(self, Call())
        names["d"] = ref(self, Call())


class Call:
    """A callback."""

    __slots__ = ("number", "closure")

    def __init__(self, closure: Any = None) -> None:
        """Numbered; remembers what it is given."""
        counters["callbacks"] += 1
        self.number = counters["callbacks"]
        self.closure = closure

    def __call__(self, reference: ref[Any]) -> None:
        """Says what can be seen of the object, then does something by number."""
        say(f"callback {self.number}: {describe(reference)}")
        if self.number % 4 == 0:
            names["d"] = None  # that may have been the last one to another weak reference
        elif self.number % 4 == 1:
            raise ValueError("a callback that fails is no business of the dying")


# ---- Statements ------------------------------------------------------------------------------------


def bound() -> list[str]:
    """The names that something has."""
    return [name for name in "abcdefgh" if names[name] is not None]


def step(statement: str) -> None:
    """Runs it and says what happened."""
    print(f">>> {statement}")
    exec(statement, names)
    for name in bound():
        print(f" {name} {sys.getrefcount(names[name])}", end="")
    print(f" ({counters['alive']} alive)")


def section(title: str) -> None:
    """A headline; what is left of the section before goes unseen, cycles too."""
    global muted
    muted = True
    while gc.collect() or bound():  # a finalizer may bring back what was found
        names.update(dict.fromkeys("abcdefgh"))
    muted = False
    witnesses.clear()
    counters.update(made=0, alive=0, callbacks=1)
    print(f"\n== {title}")


PROGRAM = {
    "a count is the number of references; getrefcount has one more": """
        a = Node()
        b = a
        c = [a, a, b]
        d = (a, c)
        a.left = b
        e = c[0]
        a.left = None
        d = None
        c = None
        e = None
        a = None
        b = None
    """,
    "what dies takes along what only it had": """
        a = Loud()
        a.left = Node()
        a.right = Loud()
        b = Loud()
        a.right.left = b
        c = [Node(), Loud()]
        d = (c, Loud())
        a.right.right = [d, c]
        c = None
        d = None
        a = None
        b = None
    """,
    "a name or a field has its new value when the old one dies": """
        a = Node()
        a.left = Looker()
        a.left = Node()
        a.left = Looker()
        a.left = None
        a.left = Looker()
        a = None
        a = Looker()
        a = Node()
    """,
    "a list, from inside of the finalizers of its items": """
        c = [Cutter(), Node(), Cutter()]
        c[1] = Node()
        c[0] = None
        c = [Adder(), Node(), Adder()]
        c.clear()
        c.clear()
        c.append(Adder())
        c[0] = Node()
        c = [Adder(), Cutter()]
        c = None
    """,
    "__del__, then weak references, the newest first": """
        a = Loud()
        b = ref(a)
        c = ref(a, Call())
        d = ref(a, Call())
        e = ref(a)
        f = ref(a, Call())
        g = ref(a, Call())
        c = None
        a = None
        b = None
    """,
    "what callbacks hold dies after the last of them": """
        a = Node()
        c = ref(a, Call(Loud()))
        c = None
        d = ref(a, Call(Loud()))
        e = ref(a, Call(Loud()))
        f = ref(a, Call(Loud()))
        a = None
        d = None
        e = None
        f = None
    """,
    "a weak reference that its object holds": """
        a = Node()
        a.left = ref(a, Call())
        a.right = ref(a, Call())
        a = None
    """,
    "back from the dead, once": """
        a = Phoenix()
        c = ref(a, Call())
        a = None
        b.left = Loud()
        b = None
        a = Node()
        a.left = Phoenix()
        a = None
        b = None
    """,
    "weak references made by the finalizer": """
        a = Maker()
        a.left = Loud()
        b = ref(a, Call())
        a = None
        d = None
    """,
    "three ways to make a cycle, and a way out": """
        a = Loud()
        a.left = a
        b = ref(a)
        a = None
        a = b()
        a.left = None
        a = None
        c = Loud()
        d = Loud()
        c.left, d.left = d, c
        e = ref(c)
        c = None
        d = None
        e().left.left = None
        a = Loud()
        a.right = Call(a)
        f = ref(a)
        a = None
        f().right = None
    """,
}


def chains() -> None:
    """Long chains, and one with a branch near its top: where the trashcan shows."""
    section("a chain of a thousand: the finalizers in order")
    step("a = Loud()")
    for _ in range(333):
        exec("a = [a]; a = (a,); a, b = Loud(), a; a.left = b; b = None", names)
    step("a = None")
    section("nesting: two long branches")
    step("a = Loud()")
    step("b = Loud()")
    for _ in range(60):
        exec("c = Loud(); c.left = a; a = c; c = Loud(); c.left = b; b = c; c = None", names)
    step("c = Node()")
    step("c.left, c.right = a, b")
    step("a = None")
    step("b = None")
    step("c = None")


# ---- Random programs -------------------------------------------------------------------------------


class Random:
    """The generator that twin.c has, too."""

    def __init__(self, state: int) -> None:
        """A seed."""
        self.state = state

    def below(self, limit: int) -> int:
        """The next number."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


random = Random(2026)


def pick(texts: str) -> str:
    """One of these words."""
    words = texts.split()
    return words[random.below(len(words))]


def random_statement() -> str:
    """A statement that these values allow."""
    x, y = pick("a b c d e f g h"), pick("a b c d e f g h")
    choice, of_x, of_y = random.below(16), names[x], names[y]
    if choice < 3 or of_y is None:
        return f"{x} = {pick('Node Loud Looker Phoenix Cutter Adder Maker')}()"
    if choice == 3:
        return f"{x} = [{y}, {y}]"
    if choice == 4:
        return f"{x} = ({y}, {y})"
    if choice == 5:
        return f"{x} = {y}"
    if choice < 8:
        return f"{x} = None"
    if isinstance(of_y, Node) and choice < 11:
        return f"{x} = ref({y}, Call())" if choice == 8 else f"{x} = ref({y})" if choice == 9 else f"{x} = {y}.left"
    if isinstance(of_y, ref):
        return f"{x} = {y}()"
    if isinstance(of_x, Node):
        return f"{x}.left = {y}" if choice % 2 else f"{x}.right = {y}"
    if isinstance(of_x, list) and len(of_x) > 0:
        index = random.below(len(of_x))
        return (f"{x}.append({y})", f"{x}[{index}] = {y}", f"{x}.clear()", f"{x} = {x}[{index}]")[choice % 4]
    return f"{x} = {y}"


def programs() -> None:
    """Many short ones."""
    for number in range(500):
        section(f"random program {number}")
        for _ in range(30):
            step(random_statement())


def main() -> None:
    """Runs all sections."""
    gc.disable()
    sys.unraisablehook = lambda unraisable: None
    names.update({kind.__name__: kind for kind in (Node, Loud, Looker, Phoenix, Cutter, Adder, Maker, Call)}, ref=ref)
    for title, statements in PROGRAM.items():
        section(title)
        for statement in statements.split("\n")[1:-1]:
            step(statement.strip())
    chains()
    programs()
    section("the end")


if __name__ == "__main__":
    main()
