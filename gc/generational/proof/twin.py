"""The generational room's program on the real interpreter; twin.c is the same on our collector.

Both print what can be observed of collections: how many objects each generation has and counts, what is found, in which
order finalizers and callbacks run, who is left. What stands there before the program begins is frozen, so the collector
sees this program's objects alone.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

held: list[Any] = [None] * 64  # the only references from outside
refs: list[Any] = [None] * 64  # weak references are kept alive here
KEPT = 40  # where finalizers store what they bring back
events: list[str] = []


class Random:
    """A small linear congruential generator, the same in twin.c."""

    def __init__(self) -> None:
        """Starts it."""
        self.state = 2026

    def below(self, limit: int) -> int:
        """The next number from 0 up to limit."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


random = Random()


# ---- Classes ---------------------------------------------------------------------------------------


class Node:
    """Two references and a number."""

    __slots__ = ("a", "b", "name", "__weakref__")
    a: Any
    b: Any
    name: int


class Loud(Node):
    """Says that it dies."""

    __slots__ = ()

    def __del__(self) -> None:
        """Says so."""
        events.append(f"del {self.name}")


class Keeper(Node):
    """Brings itself back."""

    __slots__ = ()

    def __del__(self) -> None:
        """Stores itself."""
        events.append(f"keep {self.name}")
        held[KEPT + self.name % 8] = self


class Dropper(Node):
    """Lets go of what it refers to, before the collector does."""

    __slots__ = ()

    def __del__(self) -> None:
        """Drops a."""
        events.append(f"drop {self.name}")
        self.a = None


class Joiner(Node):
    """Ties what it refers to to something that lives."""

    __slots__ = ()

    def __del__(self) -> None:
        """Stores what a refers to."""
        events.append(f"join {self.name}")
        held[KEPT + self.name % 8] = getattr(self, "a", None)


class Maker(Node):
    """Makes garbage, and asks for a collection, during one."""

    __slots__ = ()

    def __del__(self) -> None:
        """Makes a node that refers to itself, collects."""
        new: Node | None = node(Node, 100 + self.name)
        assert new
        new.a = new
        new = None
        events.append(f"make {self.name}, collect() found {gc.collect()}")


KINDS = Node, Node, Node, Loud, Loud, Keeper, Dropper, Joiner, Maker


def node(kind: type[Node], name: int) -> Node:
    """A new one."""
    new = kind()
    new.name = name
    return new


def called(ref: object) -> None:
    """The callback of most weak references."""
    events.append(f"callback {refs.index(ref) if ref in refs else '?'}")


# ---- Printing --------------------------------------------------------------------------------------


def section(title: str) -> None:
    """Prints a section's title."""
    print(f"\n== {title}")


def name_of(op: Any) -> str:
    """A node by its number, other objects by their type; ints as they are."""
    if isinstance(op, Node):
        return f"{op.name}"
    if isinstance(op, weakref.ref):
        return "weakref"
    return "None" if op is None else f"={op}" if isinstance(op, int) else type(op).__name__


def names(objects: list[Any]) -> str:
    """All of them; classes are left out, as ours are not objects."""
    text = " ".join(name_of(op) for op in objects if not isinstance(op, type))
    return text or "-"


def show_events(label: str) -> None:
    """Prints and forgets them."""
    print(f"{label}: {', '.join(events) or 'nothing'}")
    events.clear()


def settle() -> None:
    """All counts to a known state. What CPython keeps for reuse when freed, some tuples and lists, counts when it is
    made and not when it is used again: a full collection drops those, so here they are made anew."""
    gc.get_count()
    gc.get_objects(generation=0)
    gc.collect(0)


def state(label: str) -> None:
    """The counts, and the sizes of the generations."""
    c0, c1, c2 = gc.get_count()
    s0 = len(gc.get_objects(generation=0))
    s1 = len(gc.get_objects(generation=1))
    s2 = len(gc.get_objects(generation=2))
    print(f"{label}: count {c0} {c1} {c2}, objects {s0} {s1} {s2}")


def collect(generation: int = 2) -> None:
    """Collects, and says how many were found."""
    found = gc.collect(generation)
    print(f"collect({generation}): {found}")
    if generation == 2:
        settle()


def show_error(label: str, make: Callable[[], Any]) -> None:
    """Prints the error of a call that fails."""
    try:
        make()
    except ValueError as error:
        print(f"{label}: {type(error).__name__}: {error}")


def drop_all() -> None:
    """Lets go of everything, and has it collected."""
    for i in range(len(held)):
        held[i] = None
    for i in range(len(refs)):
        refs[i] = None
    gc.collect()
    for i in range(len(held)):
        held[i] = None
    gc.collect()
    events.clear()


# ---- Parts of the program ----------------------------------------------------------------------------


def part_errors() -> None:
    """Generations that there are not."""
    section("Generations that there are not")
    show_error("collect(3)", lambda: gc.collect(3))
    show_error("collect(-1)", lambda: gc.collect(-1))
    show_error("get_objects(3)", lambda: gc.get_objects(generation=3))
    show_error("get_objects(-2)", lambda: gc.get_objects(generation=-2))


def part_generations() -> None:
    """Counts and sizes while objects are made, collected and dropped."""
    section("Generations")
    collect()
    state("at the start")
    for i in range(5):
        held[i] = node(Node, i)
    state("five made")
    collect(0)
    state("they are in generation 1")
    for i in range(5, 8):
        held[i] = node(Node, i)
    collect(0)
    state("three more")
    collect(1)
    state("all are old")
    for i in range(8, 12):
        held[i] = node(Node, i)
    state("four more")
    for i in range(6):
        held[i] = None
    state("six old ones dropped: the count is of objects made less freed, whatever their age")
    collect(1)
    state("the rest is old")
    for i in range(3):
        held[0] = node(Node, i)
        held[0].a = held[0]
    held[0] = None
    state("three cycles")
    collect(0)
    state("they were young")
    held[0] = node(Node, 0)
    held[0].a = held[0]
    collect(1)
    held[0] = None
    collect(0)
    collect(1)
    state("an old cycle stays")
    collect()
    state("until all are looked at")
    drop_all()


def part_found() -> None:
    """What is garbage."""
    section("What is found")
    held[0] = node(Node, 0)
    held[0].a = held[0]
    held[0] = None
    print(f"itself: {gc.collect()}")
    held[0] = node(Node, 0)
    held[1] = node(Node, 1)
    held[0].a, held[1].a = held[1], held[0]
    held[0] = held[1] = None
    print(f"a pair: {gc.collect()}")
    for i in range(30):
        held[i] = node(Node, i)
    for i in range(30):
        held[i].a = held[(i + 1) % 30]
    for i in range(1, 30):
        held[i] = None
    print(f"a ring of 30, one of it held: {gc.collect()}", end="")
    held[0] = None
    print(f", none: {gc.collect()}")
    held[0] = []
    held[0].append(held[0])
    held[0] = None
    print(f"a list in itself: {gc.collect()}")
    held[0] = []
    held[1] = (held[0], 7)
    held[0].append(held[1])
    held[0] = held[1] = None
    print(f"a list in a tuple in the list: {gc.collect()}")
    held[0] = []
    held[1] = held[0].append
    held[0].append(held[1])
    held[0] = held[1] = None
    print(f"a method of a list in the list: {gc.collect()}")
    held[0] = node(Node, 0)
    held[0].a = held[0]
    held[0].b = node(Node, 1)
    held[0].b.a = node(Node, 2)
    held[0].b.b = []
    held[0] = None
    print(f"a cycle and what hangs on it: {gc.collect()}")
    held[0] = node(Node, 0)
    held[1] = node(Node, 1)
    held[0].a, held[1].a, held[1].b = held[0], held[1], held[0]
    held[0] = None
    print(f"a cycle that another refers to: {gc.collect()}", end="")
    held[1] = None
    print(f", and both: {gc.collect()}")
    drop_all()


def part_order() -> None:
    """Survivors stand in the order in which they were reached."""
    section("The order of survivors")
    for i in range(3):
        held[i] = node(Node, i)
    held[1].a, held[2].a = held[0], held[1]
    held[0] = held[1] = None
    print(f"made in the order {names(gc.get_objects(generation=0))}")
    gc.collect(0)
    print(f"0 is reached from 1, that from 2: {names(gc.get_objects(generation=1))}")
    gc.collect(1)
    print(f"from now on nobody moves: {names(gc.get_objects(generation=2))}")
    held[3] = [node(Node, 3), (node(Node, 4), node(Node, 5))]
    gc.collect(0)
    print(f"a list and a tuple from their ends: {names(gc.get_objects(generation=1))}")
    drop_all()


def ring_with(kind: type[Node]) -> None:
    """A ring of four, one of them of this kind."""
    for i in range(4):
        held[i] = node(kind if i == 1 else Loud, i)
    for i in range(4):
        held[i].a = held[(i + 1) % 4]
    for i in range(4):
        held[i] = None
    print(f"{kind.__name__}: {gc.collect()}", end="; ")
    show_events("events")
    print(f"  left: {names(gc.get_objects(generation=0))}; {names(gc.get_objects(generation=2))}")
    drop_all()


def part_finalizers() -> None:
    """Finalizers that look, bring back, drop, join, make."""
    section("Finalizers")
    for i in range(5):
        held[i] = node(Loud, i)
    for i in range(5):
        held[i].a = held[(i + 4) % 5]
    for i in range(5):
        held[i] = None
    print(f"a ring: {gc.collect()}", end="; ")
    show_events("each once")
    for i in range(4):
        held[i] = node((Loud, Keeper, Loud, Loud)[i], i)
    for i in range(3):
        held[i].a = held[(i + 1) % 3]
    held[3].a = held[0]
    held[3].b = held[3]
    for i in range(4):
        held[i] = None
    print(f"one of three brings itself back: {gc.collect()}", end="; ")
    show_events("all were asked")
    print(f"alive: {names(gc.get_objects(generation=2))}; finalized: {gc.is_finalized(held[KEPT + 1])}")
    held[KEPT + 1] = None
    print(f"dropped again: {gc.collect()}", end="; ")
    show_events("nobody is asked twice")
    drop_all()
    ring_with(Dropper)
    ring_with(Joiner)
    ring_with(Maker)


def part_weakrefs() -> None:
    """Weak references to garbage, from garbage, in garbage."""
    section("Weak references")
    held[0] = node(Loud, 0)
    held[0].a = held[0]
    refs[0] = weakref.ref(held[0], called)
    refs[1] = weakref.ref(held[0], called)
    refs[2] = weakref.ref(held[0])
    refs[3] = weakref.ref(held[0], called)
    held[0] = None
    print(f"to garbage: {gc.collect()}", end="; ")
    show_events("callbacks, the newest first, then finalizers")
    print(f"dead: {refs[0]() is None} {refs[2]() is None}")
    held[0] = node(Loud, 0)
    held[0].a = held[0]
    held[0].b = weakref.ref(held[0], called)
    held[0] = None
    print(f"from garbage, garbage itself: {gc.collect()}", end="; ")
    show_events("no callback")
    held[0] = node(Keeper, 0)
    held[0].a = held[0]
    refs[0] = weakref.ref(held[0], called)
    held[0] = None
    print(f"to one that comes back: {gc.collect()}", end="; ")
    show_events("ended all the same")
    print(f"alive: {name_of(held[KEPT])}; refers: {refs[0]() is not None}")
    held[0] = node(Node, 0)
    held[1] = node(Node, 1)
    held[0].a, held[1].a = held[1], held[0]
    refs[0] = weakref.ref(held[0], called)
    refs[1] = weakref.ref(held[1], called)
    held[0] = held[1] = None
    print(f"two: {gc.collect()}", end="; ")
    show_events("in the order of the objects")
    drop_all()


def part_tracking() -> None:
    """What the collector looks at."""
    section("Tracked")
    print(f"int {gc.is_tracked(7)}, None {gc.is_tracked(None)}, list {gc.is_tracked([])}", end=", ")
    held[0] = node(Node, 0)
    print(f"instance {gc.is_tracked(held[0])}")
    held[1] = (node, 1)[1], 2
    held[2] = (held[1], 3)
    held[3] = (held[0], 4)
    held[4] = ([],)
    gc.collect(0)
    print(f"tuples after a collection: of ints {gc.is_tracked(held[1])}", end=", ")
    print(f"of that {gc.is_tracked(held[2])}", end=", ")
    print(f"of an instance {gc.is_tracked(held[3])}, of a list {gc.is_tracked(held[4])}")
    drop_all()


def part_stats() -> None:
    """What get_stats() adds up."""
    section("Statistics")
    before = gc.get_stats()
    for generation in 0, 0, 1, 2, 0:
        held[0] = node(Node, 0)
        held[0].a = held[0]
        held[0] = None
        gc.collect(generation)
    after = gc.get_stats()
    for i in range(3):
        print(f"generation {i}:", end="")
        for key in "collections", "collected", "uncollectable":
            print(f" {key} {after[i][key] - before[i][key]}", end="")
        print()
    drop_all()


def part_freeze() -> None:
    """What is frozen is not looked at."""
    section("Freeze")
    before = gc.get_freeze_count()
    for i in range(6):
        held[i] = node(Node, i)
        held[i].a = held[i]
    settle()
    gc.freeze()
    print(f"frozen: {gc.get_freeze_count() - before}", end="; ")
    state("left")
    held[0] = held[1] = None
    print(f"two cycles: {gc.collect()}", end="; ")
    held[2].a = None
    held[2] = None
    print(f"one dies by its count, frozen: {gc.get_freeze_count() - before}")
    gc.unfreeze()
    print(f"unfrozen: {gc.get_freeze_count()}", end="; ")
    print(f"in generation 1: {gc.collect(1)}, in all: {gc.collect()}")
    drop_all()
    gc.freeze()


def part_saveall() -> None:
    """Garbage that is kept."""
    section("DEBUG_SAVEALL")
    gc.set_debug(gc.DEBUG_SAVEALL)
    for i in range(3):
        held[i] = node(Loud, i)
        held[i].a = held[i]
        held[i] = None
    print(f"found: {gc.collect()}", end="; ")
    show_events("finalizers ran")
    print(f"garbage: {names(gc.garbage)}")
    gc.set_debug(0)
    gc.garbage.clear()
    print(f"given up: {gc.collect()}", end="; ")
    show_events("not a second time")


def part_references() -> None:
    """Who refers to whom."""
    section("Referrers and referents")
    held[0] = node(Node, 0)
    held[1] = node(Node, 1)
    held[2] = [held[0], 7, held[0]]
    held[3] = (held[0], held[1], None)
    held[1].a, held[1].b = held[0], held[2]
    for i in range(4):
        print(f"{name_of(held[i])} refers to {names(gc.get_referents(held[i]))}")
    print(f"an int refers to {names(gc.get_referents(7))}")
    for i in range(4):
        print(f"{name_of(held[i])} is referred to by {names(gc.get_referrers(held[i]))}")
    drop_all()


def phase(what: str, info: dict[str, int]) -> None:
    """A callback of gc.callbacks."""
    events.append(f"{what} {info['generation']} collected {info['collected']}")


def part_callbacks() -> None:
    """Called before and after."""
    section("Callbacks of the collector")
    held[0] = node(Maker, 0)
    held[0].a = held[0]
    held[0] = None
    gc.callbacks.append(phase)
    for generation in 0, 1, 2:
        gc.collect(generation)
        show_events(f"collect({generation})")
    gc.callbacks.clear()
    drop_all()


def count_and_fill(what: str, info: dict[str, int]) -> None:
    """Notes the generation, and how many objects of the loop were there."""
    if what == "start":
        events.append(f"{info['generation']} at {sum(1 for op in held if op is not None)}")


def sequence(what: str, info: dict[str, int]) -> None:
    """Notes the generation."""
    if what == "start":
        events.append(f"{info['generation']}")


def part_automatic() -> None:
    """Collections that allocation starts."""
    section("Thresholds")
    thresholds = gc.get_threshold()
    gc.callbacks.append(count_and_fill)
    gc.collect()
    settle()
    gc.collect(0)
    events.clear()
    gc.set_threshold(10, 2, 1000)
    gc.enable()
    for i in range(60):
        held[i] = node(Node, i)
    gc.disable()
    state("60 objects, thresholds 10 2 1000")
    show_events("the last that starts a collection is young, as it was not there yet")
    gc.callbacks.clear()
    drop_all()
    gc.callbacks.append(sequence)
    gc.set_threshold(10, 1, 1)
    chain: Any = None
    gc.enable()
    for i in range(552):
        new = node(Node, i)
        new.a = chain
        chain = new
    gc.disable()
    gc.callbacks.clear()
    assert chain
    show_events("552 in a chain, thresholds 10 1 1")
    while chain.a:
        chain = chain.a
    chain = new = None  # type: ignore[assignment]
    gc.set_threshold(*thresholds)
    drop_all()


# ---- Random graphs -----------------------------------------------------------------------------------


def part_random() -> None:
    """Graphs of all types, with finalizers and weak references, some of it held."""
    section("500 random graphs: found, what ran, who is left in which order")
    for graph in range(500):
        count = 2 + random.below(12)
        for i in range(count):
            what = random.below(len(KINDS) + 3)
            if what < len(KINDS):
                held[i] = node(KINDS[what], i)
            elif what == len(KINDS) and i > 1:
                held[i] = (held[random.below(i)], held[i - 1])
            else:
                held[i] = []
        for i in range(count + random.below(2 * count)):
            source = held[random.below(count)]
            target = held[random.below(count)]
            if isinstance(source, list):
                source.append(target)
            elif isinstance(source, Node):
                if random.below(2):
                    source.a = target
                else:
                    source.b = target
            source = target = None
        for i in range(random.below(4)):
            target = held[random.below(count)]
            if isinstance(target, Node):
                refs[i] = weakref.ref(target, called)
                if random.below(3) == 0:
                    held[KEPT] = held[random.below(count)]
                    if isinstance(held[KEPT], list):
                        held[KEPT].append(refs[i])
                        refs[i] = None
                    held[KEPT] = None
            target = None
        for i in range(count):
            if random.below(4):
                held[i] = None
        found = gc.collect(2 * random.below(2))
        print(f"{graph}: {found}; {', '.join(events)}; {names(gc.get_objects())}")
        drop_all()


def main() -> None:
    """All parts."""
    gc.disable()
    gc.collect()
    gc.freeze()
    part_errors()
    part_generations()
    part_found()
    part_order()
    part_finalizers()
    part_weakrefs()
    part_tracking()
    part_stats()
    part_freeze()
    part_saveall()
    part_references()
    part_callbacks()
    part_automatic()
    part_random()


main()
