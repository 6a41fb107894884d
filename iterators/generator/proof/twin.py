"""The twin of twin.c: the same program on Python's own generators, printing the same lines."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from typing import Any, Callable, Generator, Iterator

Gen = Generator[Any, Any, Any]


# ---- Telling what happened


def note(text: str) -> None:
    """Prints what happens inside a generator."""
    print(f"      . {text}")


def unraisable(report: Any) -> None:
    """Prints an error that nobody could receive."""
    error = report.exc_value
    # 3.14 names the generator in a sentence; before, it came itself.
    name = report.object.__name__ if report.object else re.findall(r"generator object (\w+)", report.err_msg)[0]
    print(f"      ! in {name}: {type(error).__name__}: {error}")


def outcome(function: Callable[[], Any]) -> str:
    """What a call comes to: the repr of its result, or its error."""
    try:
        return repr(function())
    except BaseException as error:
        text = str(error)
        return type(error).__name__ + (f": {text}" if text else "")


def attempt(what: str, function: Callable[[], Any]) -> None:
    """Prints what a call comes to."""
    text = outcome(function)
    print(f"  {what:<30} {text}")


def close(generator: Gen) -> str:
    """Closes a generator. (What close() returns is new in 3.13, and left out.)"""
    generator.close()
    return "closed"


def gen_state(generator: Gen) -> str:
    """GEN_CREATED and so on."""
    return inspect.getgeneratorstate(generator)


# ---- The family: family.h has them in C


def countdown(sub: Any, n: int) -> Gen:
    """Counts down; a number sent in sets the count."""
    while n > 0:
        got = yield n
        n = got if isinstance(got, int) else n - 1
    return "liftoff"


def guarded(sub: Any, n: int) -> Gen:
    """Counts up for ever, and says when it is ended."""
    try:
        while True:
            yield n
            n += 1
    finally:
        note("guarded: finally")


def nested(sub: Any, n: int) -> Gen:
    """Three times `finally`, and a return that has to pass them."""
    try:
        yield "a"
        try:
            yield "b"
            try:
                yield "c"
                return "from the middle"
            finally:
                note("innermost finally")
        finally:
            note("inner finally")
    finally:
        note("outer finally")


def catcher(sub: Any, n: int) -> Gen:
    """Handles ValueError, lets KeyError pass."""
    while True:
        try:
            got = yield "ready"
            note(f"got {got!r}")
        except ValueError as error:
            note(f"caught {error}")
            got = yield "caught"
            note(f"then {got!r}")
        except KeyError:
            note("passed on")
            raise


def stubborn(sub: Any, n: int) -> Gen:
    """Ignores GeneratorExit n times."""
    while True:
        try:
            yield n
        except GeneratorExit:
            note("not yet")
            n -= 1
            if n < 0:
                raise


def averager(sub: Any, n: int) -> Gen:
    """Is fed by send; yields the mean so far."""
    n = total = 0
    mean = None
    while True:
        value = yield mean
        if not isinstance(value, int) or isinstance(value, bool):
            return (n, total)
        n, total = n + 1, total + value
        mean = total // n


def delegator(sub: Any, n: int) -> Gen:
    """Delegates, then yields what that came to.

    `sub` is in a list of one, so that nothing but the `yield from` refers to it: a local would be
    kept alive by the traceback of any error, and die later than in C, where errors have none.
    """
    note("delegates")
    result = yield from sub.pop()
    note(f"result {result!r}")
    again = yield result
    return again


def careful(sub: Any, n: int) -> Gen:
    """Delegates inside try, except and finally."""
    result = None
    try:
        try:
            result = yield from sub.pop()
        except KeyError as error:
            note(f"recovered from {error}")
            result = yield "recovered"
    finally:
        note(f"careful: finally {result!r}")
    return result


def over_list(sub: Any, n: int) -> Gen:
    """Delegates to iterators that are no generators."""
    yield from [n, n + 1, n + 2]
    yield from ()
    return n


def leaky(sub: Any, n: int) -> Gen:
    """Raises StopIteration on its way out."""
    try:
        yield "leaky"
    finally:
        raise StopIteration(n)


def swallower(sub: Any, n: int) -> Gen:
    """A return in `finally` takes the place of any error."""
    try:
        yield 1
        raise RuntimeError("inside")
    finally:
        note("swallowed")
        return "swallower"


def replacer(sub: Any, n: int) -> Gen:
    """Errors in handlers, a yield in `finally`."""
    try:
        try:
            yield 1
        except ValueError:
            raise KeyError("in the handler")
        finally:
            note("replacer: inner")
            yield "late"
            note("replacer: late")
    except RuntimeError as error:
        yield str(error)
    raise ValueError("at the end")


def refuser(sub: Any, n: int) -> Gen:
    """Cannot be closed."""
    while True:
        try:
            yield "no"
        except (GeneratorExit, ValueError):
            note("refused")


family: list[Callable[[Any, int], Gen]] = [
    countdown, guarded, nested, catcher, stubborn, averager, over_list, leaky, swallower,
    replacer, refuser, delegator, careful,
]
FAMILY_LEAVES = len(family) - 2


# ---- One generator, asked everything in every state


def in_state(function: Callable[[Any, int], Gen], n: int, resumes: int) -> Gen:
    """A new generator, resumed a number of times."""
    generator = function(None, n)
    for _ in range(resumes):
        outcome(lambda: next(generator))
    return generator


requests: list[tuple[str, Callable[[Gen], Any]]] = [
    ("next", lambda g: next(g)),
    ("send(None)", lambda g: g.send(None)),
    ("send(7)", lambda g: g.send(7)),
    ("throw(ValueError)", lambda g: g.throw(ValueError("thrown"))),
    ("throw(GeneratorExit)", lambda g: g.throw(GeneratorExit())),
    ("throw(StopIteration)", lambda g: g.throw(StopIteration("thrown"))),
    ("close", close),
]


def same_everywhere(generator: Gen) -> bool:
    """Whether StopIteration thrown in has the same answer on all versions.

    Not before the start, and not into an iterator that is no generator (3.12 takes it for that
    iterator's end).
    """
    if gen_state(generator) == "GEN_CREATED":
        return False
    op: Any = generator
    while inspect.isgenerator(op):
        op = op.gi_yieldfrom
    return op is None


def every_request() -> None:
    """Each request, to each member of the family, after each number of resumes."""
    print("\nevery request in every state")
    for function in family[:FAMILY_LEAVES]:
        for resumes in range(4):
            for what, request in requests:
                generator = in_state(function, 2, resumes)
                if "StopIteration" in what and not same_everywhere(generator):
                    continue
                print(f"{function.__name__} after {resumes}, {gen_state(generator)}")
                attempt(what, lambda: request(generator))
                attempt("then next", lambda: next(generator))
                print(gen_state(generator))
                del generator


# ---- Life of a frame


def life(n: int, total: int = 0) -> Gen:
    """Yields n squares; returns the sum of what was sent."""
    while n > 0:
        got = yield n * n
        total += got or 1
        n -= 1
    return total


def show_frame(generator: Gen) -> None:
    """Where it stands, counted from its `def`, and what it knows."""
    frame = generator.gi_frame
    if frame is None:
        print(f"  {gen_state(generator):<13} no frame")
        return
    line = frame.f_lineno - frame.f_code.co_firstlineno
    n, total = frame.f_locals["n"], frame.f_locals.get("total", 0)
    print(f"  {gen_state(generator):<13} line {line}, n = {n}, total = {total}")


def frame_life() -> None:
    """Position and locals between resumes."""
    print("\nthe frame between resumes")
    generator = life(3)
    show_frame(generator)
    attempt("next", lambda: next(generator))
    show_frame(generator)
    for i in (10, 20, 30):
        attempt("send", lambda: generator.send(i))
        show_frame(generator)


# ---- Order of finally


def order_of_finally() -> None:
    """Nested `finally`s, entered at each yield in each way."""
    print("\norder of finally")
    for resumes in range(4):
        print(f"nested after {resumes}")
        for what, request in requests[3:]:
            generator = in_state(nested, 0, resumes)
            if "StopIteration" in what and not same_everywhere(generator):
                continue
            attempt("ended", lambda: request(generator))
            del generator
        generator = in_state(nested, 0, resumes)
        print("  dropped")
        del generator


# ---- Delegation


def names_of(generator: Gen) -> str:
    """Who delegates to whom."""
    names = []
    op: Any = generator
    while op is not None:
        names.append(op.__name__ if inspect.isgenerator(op) else type(op).__name__)
        op = op.gi_yieldfrom if inspect.isgenerator(op) else None
    return " ".join(names)


def print_chain(generator: Gen) -> None:
    """The same, printed."""
    print("  chain", names_of(generator))


def delegation() -> None:
    """careful(delegator(careful(leaf))), each the only owner of the next."""
    print("\nthree levels of yield from")
    for leaf in family[:FAMILY_LEAVES]:
        print(f"down to {leaf.__name__}")
        chain = careful([delegator([careful([leaf(None, 2)], 0)], 0)], 0)
        print_chain(chain)
        attempt("next", lambda: next(chain))
        print_chain(chain)
        attempt("send(5)", lambda: chain.send(5))
        attempt("send('x')", lambda: chain.send("x"))
        attempt("throw(ValueError)", lambda: chain.throw(ValueError("v")))
        attempt("throw(KeyError)", lambda: chain.throw(KeyError("k")))
        attempt("send('y')", lambda: chain.send("y"))
        attempt("next", lambda: next(chain))
        print_chain(chain)
        attempt("close", lambda: close(chain))
        del chain
        chain = careful([delegator([careful([leaf(None, 2)], 0)], 0)], 0)
        attempt("next", lambda: next(chain))
        print("  dropped")
        del chain


def plain_iterators() -> None:
    """A list's iterator can only be asked for the next value."""
    print("\nyield from what is no generator")
    items = [2, None]
    generator = delegator([items], 0)
    attempt("next", lambda: next(generator))
    print_chain(generator)
    attempt("send(1)", lambda: generator.send(1))
    print(gen_state(generator))
    generator = careful([items], 0)
    attempt("next", lambda: next(generator))
    attempt("throw(KeyError)", lambda: generator.throw(KeyError("k")))
    attempt("send(1)", lambda: generator.send(1))
    generator = careful([2], 0)
    attempt("an int", lambda: next(generator))
    generator = careful([items], 0)
    attempt("next", lambda: next(generator))
    attempt("close", lambda: close(generator))


# ---- A generator that asks itself

me: Any = None


def selfish(sub: Any, n: int) -> Gen:
    """Asks itself for everything."""
    note(gen_state(me))
    attempt("next(me)", lambda: next(me))
    attempt("me.send(7)", lambda: me.send(7))
    attempt("me.throw", lambda: me.throw(ValueError("v")))
    attempt("me.close", lambda: close(me))
    yield 1
    yield from me


def reentrancy() -> None:
    """Is it running already?"""
    global me
    print("\na generator that asks itself")
    me = selfish(None, 0)
    attempt("next", lambda: next(me))
    attempt("next", lambda: next(me))
    attempt("next", lambda: next(me))
    me = None


# ---- Generator expressions

factor = 0


def multiply(x: int) -> int:
    """x * factor, with a note."""
    note(f"multiply {x!r}")
    return x * factor


def genexprs() -> None:
    """Outermost iterable at once, the rest late."""
    global factor
    print("\ngenerator expressions")
    attempt("(... for x in 1)", lambda: (multiply(x) for x in 1))  # type: ignore[attr-defined]
    items = [1, 2]
    factor = 10
    generator = (multiply(x) for x in items)
    factor = 100
    attempt("next", lambda: next(generator))
    items.append(1)
    factor = 1000
    attempt("next", lambda: next(generator))
    attempt("next", lambda: next(generator))
    attempt("next", lambda: next(generator))
    outer = (multiply(y) for y in (multiply(x) for x in items))
    factor = 3
    attempt("outer", lambda: next(outer))
    attempt("outer", lambda: next(outer))


# ---- Recursion


def hanoi(n: int, a: str, b: str, c: str) -> Iterator[str]:
    """The moves that bring n discs from a to c."""
    if n > 0:
        yield from hanoi(n - 1, a, c, b)
        yield f"{a} -> {c}"
        yield from hanoi(n - 1, b, a, c)


def recursion() -> None:
    """A generator that delegates to others of its kind."""
    print("\nrecursion")
    for move in hanoi(5, "A", "B", "C"):
        print(f"  {move!r}")


# ---- Below zero


def below_zero() -> None:
    """What // does with a negative total."""
    print("\na mean below zero rounds down")
    generator = averager(None, 0)
    attempt("next", lambda: next(generator))
    for i in range(4):
        attempt("send", lambda: generator.send(2 if i % 2 else -3))


# ---- Too deep


def relay(sub: Any, n: int) -> Gen:
    """Yields once for itself if it has an n, and delegates."""
    if n:
        yield n
    return (yield from sub.pop())


def relays(depth: int, n: int, begun: bool) -> Gen:
    """A chain of relays that ends in guarded()."""
    chain = guarded(None, 1)
    if begun:
        next(chain)
    for _ in range(depth):
        chain = relay([chain], n)
        if begun:
            next(chain)
    return chain


def too_deep() -> None:
    """A chain longer than the recursion limit fails when resumed, and dies in peace."""
    print("\ntoo deep")
    for depth in (100, 2000):
        chain = relays(depth, 0, False)
        print(f"a chain of {depth}")
        attempt("next", lambda: next(chain))
        print(gen_state(chain))
        attempt("then next", lambda: next(chain))
        del chain
    relays(10000, 0, False)
    print("  10000 dropped, none begun")
    relays(10000, 7, True)
    print("  10000 dropped, all begun")


# ---- What later versions do otherwise: changed-3.N.diff


def whole_report(report: Any) -> None:
    """Prints what the hook is told of an error that nobody could receive."""
    name = report.object.__name__ if report.object else None
    print(f"      ! object {name}\n      ! message {re.sub('0x[0-9a-f]+', '0x...', str(report.err_msg))}")


def expressions(depth: int) -> Iterator[int]:
    """A pipeline of generator expressions."""
    chain = iter([1])
    for _ in range(depth):
        chain = (x for x in chain)
    return chain


def by_version() -> None:
    """One case each of what this program leaves out elsewhere."""
    print("\nStopIteration, thrown in before the start")
    generator = countdown(None, 2)
    attempt("throw(StopIteration)", lambda: generator.throw(StopIteration("thrown")))
    print("StopIteration, thrown at a yield from over a list")
    generator = over_list(None, 2)
    next(generator)
    attempt("throw(StopIteration)", lambda: generator.throw(StopIteration("thrown")))
    print("closed before the start, with a generator among its locals")
    inner = guarded(None, 1)
    next(inner)
    generator = delegator([inner], 0)
    del inner
    attempt("close", lambda: close(generator))
    print("  dropped")
    del generator
    print("closed, and it returns a value")
    generator = swallower(None, 0)
    next(generator)
    attempt("close", generator.close)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile(inspect.getsource(swallower), "swallower", "exec")
    print("  compiled", *(f"{each.category.__name__}: {each.message}" for each in caught))
    print("dropped, and it refuses")
    sys.unraisablehook = whole_report
    generator = refuser(None, 0)
    next(generator)
    del generator
    sys.unraisablehook = unraisable
    print("2000 generator expressions")
    chain = expressions(2000)
    attempt("next", lambda: next(chain))
    attempt("then next", lambda: next(chain))


# ---- Laziness: who asks whom, and when


def stage(name: str, source: Iterator[Any], limit: int) -> Gen:
    """Passes on up to `limit` items."""
    try:
        note(f"{name} starts")
        for item in source:
            note(f"{name} {item!r}")
            yield item
            limit -= 1
            if limit == 0:
                return None
        note(f"{name} sees the end")
    finally:
        note(f"{name} finally")


def laziness() -> None:
    """A pipeline is pulled from its end."""
    print("\na pipeline is pulled")
    for limit in (2, 9):
        pipeline = stage("third", stage("second", stage("first", guarded(None, 1), 9), 9), limit)
        attempt("next", lambda: next(pipeline))
        attempt("next", lambda: next(pipeline))
        attempt("next", lambda: next(pipeline))
        print("  dropped")
        del pipeline


# ---- At random

SLOTS, STEPS = 6, 3000

state = 20240610


def draw(limit: int) -> int:
    """The next number below `limit` of a sequence that twin.c draws as well (Knuth's MMIX LCG)."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % limit


slots: list[Any] = [None] * SLOTS


def draw_sub() -> Any:
    """Something to delegate to: mostly another slot's generator, which others may share."""
    which = draw(10)
    if which == 0:
        return 3
    if which <= 2:
        return [None, True, False]
    slot = draw(SLOTS)
    return slots[slot] if slots[slot] is not None else ()


def make(slot: int) -> None:
    """Puts a new member of the family into a slot."""
    f = draw(len(family)) if draw(2) else FAMILY_LEAVES + draw(2)
    sub = None if f < FAMILY_LEAVES else [draw_sub()]
    made = family[f](sub, 1 + draw(3))
    del sub
    slots[slot] = made


def throw_at_random(generator: Gen) -> Any:
    """Throws one of five errors."""
    which = draw(5)
    if which == 0:
        return generator.throw(ValueError("v"))
    if which == 1:
        return generator.throw(KeyError("k"))
    if which == 2:
        return generator.throw(GeneratorExit())
    if which == 3:
        return generator.throw(RuntimeError("r"))
    if not same_everywhere(generator):
        return next(generator)
    return generator.throw(StopIteration("s"))


def send_at_random(generator: Gen) -> Any:
    """Sends None, a str or an int."""
    which = draw(4)
    if which == 0:
        return generator.send(None)
    if which == 1:
        return generator.send("x")
    return generator.send(draw(5))


def random_step(step: int) -> None:
    """One request to one slot. (None closes what has not begun: 3.12 keeps its locals then.)"""
    slot, which = draw(SLOTS), draw(20)
    over = slots[slot] is None or (gen_state(slots[slot]) == "GEN_CLOSED" and draw(3) > 0)
    if over or which >= 16:
        make(slot)
        print(f"{step:4} slot {slot}: make {slots[slot].__name__}")
        return
    generator = slots[slot]
    if which < 7:
        text = outcome(lambda: next(generator))
    elif which < 11:
        text = outcome(lambda: send_at_random(generator))
    elif which < 14 or gen_state(generator) == "GEN_CREATED":
        text = outcome(lambda: throw_at_random(generator))
    else:
        text = outcome(lambda: close(generator))
    print(f"{step:4} slot {slot}: {generator.__name__:<9} {text}, {gen_state(generator)}")
    print_chain(generator)


def at_random() -> None:
    """Thousands of steps."""
    print("\nat random")
    for step in range(STEPS):
        random_step(step)
    for slot in range(SLOTS):
        slots[slot] = None


def main() -> None:
    """The whole program."""
    sys.unraisablehook = unraisable
    every_request()
    frame_life()
    order_of_finally()
    delegation()
    plain_iterators()
    reentrancy()
    genexprs()
    recursion()
    below_zero()
    too_deep()
    by_version()
    laziness()
    at_random()


if __name__ == "__main__":
    main()
