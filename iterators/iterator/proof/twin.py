"""The iterator room's program on the real interpreter; twin.c is the same on our mechanism.

Both print what can be observed of iteration: values, errors, who is asked when, what is lost.
"""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Thunk = Callable[[], Any]
py: Any = builtins  # for calls that no type checker would let pass
tools: Any = itertools


def show(label: str, make: Thunk) -> None:
    """Prints what `make` gives, or the error it raises."""
    try:
        print(f"{label}: {make()!r}")
    except Exception as error:
        print(f"{label}: {type(error).__name__}{': ' if str(error) else ''}{error}")


def drain(iterator: Iterator[Any], limit: int = 40) -> None:
    """Prints what is left of an iterator, up to a limit, and how it ended."""
    print("   ", end="")
    for _ in range(limit):
        try:
            item = next(iterator)
        except StopIteration:
            print(" .")
            return
        except Exception as error:
            print(f" {type(error).__name__}: {error}")
            return
        print(f" {item!r}", end="")
    print(" ...")


def is_type_error(make: Thunk) -> bool:
    """Whether `make` raises TypeError: for messages that differ between versions."""
    try:
        make()
    except TypeError:
        return True
    return False


def section(title: str) -> None:
    """Prints a section's title."""
    print(f"\n== {title}")


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


# ---- Types of one's own ----------------------------------------------------------------------------


class Countdown:
    """An iterator: it has both methods, and is its own iterator."""

    def __init__(self, n: int) -> None:
        """Counts from n down to 1."""
        self.n = n

    def __iter__(self) -> Countdown:
        """Itself."""
        return self

    def __next__(self) -> int:
        """The next lower number."""
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1


class Launch:
    """An iterable: it makes a new iterator each time."""

    def __init__(self, n: int) -> None:
        """From where its iterators count."""
        self.n = n

    def __iter__(self) -> Countdown:
        """A fresh one."""
        return Countdown(self.n)


class Squares:
    """The protocol from before iterators: an index, and IndexError at the end."""

    def __init__(self, size: int, error: type[Exception] = IndexError) -> None:
        """Has `size` items; what comes after them is this error."""
        self.size = size
        self.error = error

    def __len__(self) -> int:
        """How many there are."""
        return self.size

    def __getitem__(self, index: int) -> int:
        """The square of the index."""
        if index >= self.size:
            raise self.error("no square there")
        return index * index


class Endless:
    """An index without a length: it can be walked forwards only."""

    def __getitem__(self, index: int) -> int:
        """The index."""
        return index


class Sized:
    """A length without an index: it cannot be walked at all."""

    def __len__(self) -> int:
        """Always 3."""
        return 3


class Wrong:
    """Says it can be iterated over, and gives something that cannot."""

    def __iter__(self) -> Any:
        """An int."""
        return 7


class Noisy:
    """An iterator that says when it is asked."""

    def __init__(self, name: str, iterable: Iterable[Any]) -> None:
        """Passes on what the iterable gives."""
        self.name = name
        self.iterator = iter(iterable)

    def __iter__(self) -> Noisy:
        """Itself."""
        return self

    def __next__(self) -> Any:
        """The next item, after saying so."""
        try:
            item = next(self.iterator)
        except StopIteration:
            print(f"    {self.name} ends")
            raise
        print(f"    {self.name} gives {item!r}")
        return item


def noisy_double(n: int) -> int:
    """Twice n, after saying so."""
    print(f"    double({n})")
    return 2 * n


def noisy_is_odd(n: int) -> bool:
    """Whether n is odd, after saying so."""
    print(f"    is_odd({n})")
    return n % 2 == 1


def add(*numbers: int) -> int:
    """Their sum."""
    return sum(numbers)


def below_five(n: int) -> bool:
    """Whether n < 5."""
    return n < 5


def even_or_fail(n: int) -> bool:
    """Whether n is even; does not like 7."""
    if n == 7:
        raise ValueError("not 7")
    return n % 2 == 0


# ---- Sections --------------------------------------------------------------------------------------


def who_is_iterable() -> None:
    """What iter() and next() say to whom."""
    section("who can be iterated over")
    things: list[Any] = [7, None, True, "text", (1, 2), [1, 2], range(3), Launch(2), Countdown(2)]
    things += [Squares(2), Endless(), Sized(), Wrong(), add]
    for thing in things:
        kind = type(thing).__name__
        show(f"iter({kind})", lambda: type(iter(thing)).__name__)
        show(f"next({kind})", lambda: next(thing))
        show(f"reversed({kind})", lambda: type(reversed(thing)).__name__)
        show(f"iter({kind}) is it", lambda: iter(thing) is thing)


def twice_and_once() -> None:
    """A container makes a new iterator each time; an iterator has one walk in it."""
    section("a list twice, an iterator once")
    items = [1, 2, 3]
    for thing in (items, iter(items), Launch(3), Countdown(3), Squares(3), range(3), "abc"):
        print(f"  {type(thing).__name__}:")
        drain(py.iter(thing))
        drain(py.iter(thing))
    section("once exhausted, always exhausted")
    walk = iter(items)
    drain(walk)
    items.append(4)
    drain(walk)
    drain(iter(items))
    print(f"  text: {[c for c in 'añ€🐍']!r}")


def index_in_64_bits(r: range, value: int) -> int | None:
    """The index of a value, as long as it is one that twin.c has; None if the value is not there."""
    try:
        index = r.index(value)
    except ValueError:
        return None
    if index >= 2**63:
        raise OverflowError("Python int too large to convert to C ssize_t")
    return index


def describe_range(r: range) -> None:
    """All about one range."""
    print(f"  {r!r} is {bool(r)}")
    show("    len", lambda: len(r))
    for index in (0, 1, -1, -2, 5, 2**63 - 1, -(2**63)):
        show(f"    [{index}]", lambda: r[index])
    for value in (0, 1, 10, -7, r.start, r.stop, 2**63 - 1, -(2**63)):
        show(f"    index({value})", lambda: (value in r, index_in_64_bits(r, value)))
    drain(iter(r), 6)
    drain(reversed(r), 6)


def ranges() -> None:
    """The arithmetic of range, at the edges and at random."""
    section("range")
    show("range(1, 2, 0)", lambda: range(1, 2, 0))
    low, high = -(2**63), 2**63 - 1
    edges = [low, low + 1, -1, 0, 1, 3, high - 1, high]
    steps = [low, -(2**62), -2, -1, 1, 2, 7, 2**62, high]
    for start in edges:
        for stop in edges:
            step = steps[random.below(len(steps))]
            describe_range(range(start, stop, step))
    small: list[range] = []
    for _ in range(60):
        start, stop = random.below(30) - 15, random.below(30) - 15
        step = random.below(14) - 7
        small.append(range(start, stop, step or 1))
        describe_range(small[-1])
    equal = [(a, b) for a in small for b in small if a == b and repr(a) != repr(b)]
    print(f"  {len(equal)} pairs are equal without looking it:")
    for a, b in equal:
        print(f"    {a!r} == {b!r}")


def laziness() -> None:
    """Who asks whom, and when."""
    section("nothing happens before somebody asks")
    pipeline = map(noisy_double, filter(noisy_is_odd, Noisy("source", range(6))))
    print("  made")
    for _ in range(4):
        show("  next", lambda: next(pipeline))
    section("zip asks from the left, and loses what it cannot use")
    left, right = Noisy("left", [1, 2, 3]), Noisy("right", "ab")
    pairs = zip(left, right)
    for _ in range(4):
        show("  next", lambda: next(pairs))
    show("left after it", lambda: next(left))
    section("map over two, the shorter first")
    short, long = Noisy("short", [1]), Noisy("long", [10, 20])
    sums = map(add, short, long)
    for _ in range(2):
        show("  next", lambda: next(sums))
    show("long after it", lambda: next(long))
    section("chain opens each when the one before has ended")
    chained = itertools.chain(Noisy("first", [1]), Noisy("second", []), Noisy("third", [2]))
    for _ in range(4):
        show("  next", lambda: next(chained))
    section("chain notices what cannot be iterated over when it gets there")
    chained = tools.chain([1, 2], 3, [4])
    for _ in range(5):
        show("  next", lambda: next(chained))
    section("takewhile takes one too many")
    source = Noisy("source", range(3, 9))
    taken = itertools.takewhile(below_five, source)
    for _ in range(4):
        show("  next", lambda: next(taken))
    show("source after it", lambda: next(source))
    section("islice takes up to its stop")
    for start, stop, step in ((0, 5, 3), (2, 3, 1), (4, 4, 1), (1, 7, 4), (5, 2, 1)):
        source = Noisy("source", range(9))
        print(f"  islice(source, {start}, {stop}, {step})")
        drain(itertools.islice(source, start, stop, step))
        show("  source after it", lambda: next(source))
    section("an error in the middle passes through all of them")
    checked = enumerate(filter(even_or_fail, Noisy("source", range(5, 10))))
    for _ in range(5):
        show("  next", lambda: next(checked))


def messages() -> None:
    """What they say to wrong arguments."""
    section("messages")
    numbers = [1, 2, 3]
    show("enumerate(7)", lambda: py.enumerate(7))
    show("zip([], 7)", lambda: py.zip([], 7))
    show("map(add)", lambda: py.map(add))
    show("map(add, 7)", lambda: py.map(add, 7))
    show("next(map(7, [1]))", lambda: next(py.map(7, [1])))
    show("filter(add, None)", lambda: py.filter(add, None))
    show("next(filter(7, [1]))", lambda: next(py.filter(7, [1])))
    show("reversed(add)", lambda: py.reversed(add))
    show("islice(numbers, -1, 3)", lambda: tools.islice(numbers, -1, 3))
    show("islice(numbers, 0, -2)", lambda: tools.islice(numbers, 0, -2))
    show("islice(numbers, 0, 3, 0)", lambda: tools.islice(numbers, 0, 3, 0))
    show("islice(7, 3)", lambda: tools.islice(7, 0, 3))
    show("chain.from_iterable(7)", lambda: tools.chain.from_iterable(7))
    show("takewhile(add, 7)", lambda: tools.takewhile(add, 7))
    show("count(3)", lambda: itertools.count(3))
    show("count(3, -2)", lambda: itertools.count(3, -2))
    show("range(3).index(7)", lambda: range(3).index(7))
    show("list(7)", lambda: py.list(7))
    show("list(Squares(4))", lambda: py.list(Squares(4)))
    show("list(Squares(4, ValueError))", lambda: py.list(Squares(4, ValueError)))
    section("zip, strict")
    for sizes in itertools.product(range(3), repeat=3):
        print(f"  {sizes}")
        drain(py.zip(*map(range, sizes), strict=True))
    drain(py.zip(strict=True))
    drain(py.zip())
    drain(py.zip(Squares(2), Squares(1, ValueError), strict=True))
    drain(py.zip(Squares(1), Squares(1, ValueError), Squares(2), strict=True))


def callables() -> None:
    """iter(callable, sentinel)."""
    section("iter(callable, sentinel)")
    show("iter(7, 7)", lambda: is_type_error(lambda: py.iter(7, 7)))
    for source, sentinel in (([3, 1, 4, 1, 5], 4), ([3, 1], 9), ([True, 2], 1)):
        pop = Noisy("pop", source).__next__
        walk = iter(pop, sentinel)
        print(f"  until {sentinel!r}")
        drain(walk)
        drain(walk)


def mutation() -> None:
    """What happens to a walk when the container changes."""
    section("a list that is changed while it is walked")
    items: list[Any] = [1, 2, 2, 3, 4, 4, 5]
    for item in items:
        if item % 2 == 0:
            items.remove(item)
    print(f"  removing the even ones leaves {items!r}")
    items = [1, 2, 3]
    seen = []
    for item in items:
        seen.append(item)
        if len(items) < 8:
            items.append(item * 10)
    print(f"  appending goes on: {seen!r}")
    items = [1, 2, 3, 4]
    back = reversed(items)
    print(f"  backwards {next(back)!r}", end="")
    items.append(5)
    print(f" {next(back)!r}", end="")
    items.pop(0)
    items.pop(0)
    print(f" then of {items!r}")
    drain(back)
    items = [1, 2, 3]
    walk = iter(items)
    next(walk)
    items.clear()
    drain(walk)
    items += [7, 8, 9]
    drain(walk)
    section("a dict that is changed while it is walked")
    d: dict[Any, Any] = {"a": 1, "b": 2, "c": 3}
    keys = iter(d)
    show("first", lambda: next(keys))
    d["d"] = 4
    show("a key more", lambda: next(keys))
    del d["d"]
    show("as it was", lambda: next(keys))
    keys = iter(d)
    show("first", lambda: next(keys))
    d["b"] = 22
    show("a new value", lambda: next(keys))
    del d["c"]
    d["z"] = 26
    show("a key for a key", lambda: next(keys))
    show("and then", lambda: next(keys))
    print(f"  {d!r}, {len(d)} keys")
    keys = iter(d)
    drain(keys)
    d["late"] = 0
    drain(keys)
    for size in (1, 2, 3, 4, 5):
        d = {i: i for i in range(size)}
        keys = iter(d)
        print(f"  of {size}, replaced one by one:", end="")
        for _ in range(9):
            try:
                key = next(keys)
            except StopIteration:
                print(" .")
                break
            except RuntimeError as error:
                print(f" {error}")
                break
            del d[key]
            d[key + 100] = 0
            print(f" {key}", end="")
    show("del d['x']", lambda: d.__delitem__("x"))


def for_statement() -> None:
    """The for statement with all its ways out."""
    section("for, else, break, continue")
    for limit in range(5):
        print(f"  limit {limit}:", end="")
        for x in range(3):
            if x == limit:
                print(" break", end="")
                break
            if x == 1:
                print(" continue", end="")
                continue
            print(f" {x}", end="")
        else:
            print(" else", end="")
        print()
    for c in "":
        print("never", c)
    else:
        print("  an empty one goes to else at once")
    for x in range(4):
        for y in range(4):
            if y > x:
                break
            print(f" {x}{y}", end="")
        else:
            print(" full", end="")
    print()
    try:
        for x in py.iter(Squares(3, ValueError)):
            print(f"  {x}")
        else:
            print("never")
    except ValueError as error:
        print(f"  {type(error).__name__}: {error}, and no else")


def random_source(depth: int) -> Any:
    """Something to iterate over, made of up to `depth` iterators."""
    kind = random.below(4 if depth == 0 else 11)
    a, b = random.below(9), random.below(9)
    if kind == 0:
        print(f"range({a}, {b + 6})", end="")
        return range(a, b + 6)
    if kind == 1:
        print(f"list {b}", end="")
        return [i * a for i in range(b)]
    if kind == 2:
        print(f"back {a}", end="")
        return reversed(range(a))
    if kind == 3:
        print(f"squares {b}", end="")
        return Squares(b)
    if kind == 4:
        print("double(", end="")
        inner = random_source(depth - 1)
        print(")", end="")
        return map(add, inner, itertools.count(a))
    if kind == 5:
        print("even(", end="")
        inner = random_source(depth - 1)
        print(")", end="")
        return filter(even_or_fail, inner)
    if kind == 6:
        print(f"slice {a} {a + b}(", end="")
        inner = random_source(depth - 1)
        print(")", end="")
        return itertools.islice(inner, a, a + b, 1 + random.below(3))
    if kind == 7:
        print("chain(", end="")
        inner = random_source(depth - 1)
        print(", ", end="")
        other = random_source(depth - 1)
        print(")", end="")
        return itertools.chain(inner, other)
    if kind == 8:
        print("while(", end="")
        inner = random_source(depth - 1)
        print(")", end="")
        return itertools.takewhile(below_five, inner)
    if kind == 9:
        print("sum(", end="")
        inner = random_source(depth - 1)
        print(", ", end="")
        other = random_source(depth - 1)
        print(")", end="")
        return map(add, inner, other)
    print("true(", end="")
    inner = random_source(depth - 1)
    print(")", end="")
    return filter(None, inner)


def compositions() -> None:
    """Random iterators over iterators over iterators, walked in turns."""
    section("compositions")
    for number in range(400):
        print(f"{number}: ", end="")
        source = random_source(4)
        print()
        if random.below(3) == 0:
            drain(zip(source, itertools.count(), strict=random.below(2) == 0), 12)
        elif random.below(2) == 0:
            drain(enumerate(source, random.below(5)), 12)
        else:
            walk = iter(source)
            drain(walk, 3)
            drain(walk)


def main() -> None:
    """Runs all sections."""
    who_is_iterable()
    twice_and_once()
    ranges()
    laziness()
    messages()
    callables()
    mutation()
    for_statement()
    compositions()


if __name__ == "__main__":
    main()
