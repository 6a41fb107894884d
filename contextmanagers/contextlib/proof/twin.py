"""What contextlib's managers do, case by case: who is entered, left and told what, and what comes out.

An exception is written with all that it knows: KeyError(e2)![ValueError(e1)] is a KeyError whose context is a
ValueError; {} is the cause, ! a suppressed context, ^ one that the line has shown before.
"""

import io
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, nullcontext, redirect_stdout, suppress
from types import TracebackType
from typing import Any

made_count = 0


def made(kind: type[BaseException]) -> BaseException:
    """A new exception, which is known by its number."""
    global made_count
    made_count += 1
    return kind(f"e{made_count}")


def say(text: str) -> None:
    """One more word on the line of this case."""
    print(text, end=" ")


def chain(exc: BaseException | None, seen: list[BaseException]) -> str:
    """An exception with cause and context."""
    if exc is None:
        return "None"
    text = f"{type(exc).__name__}({exc.args[0] if exc.args else ''})"
    if exc in seen:
        return text + "^"
    seen.append(exc)
    if exc.__suppress_context__:
        text += "!"
    if exc.__cause__:
        text += "{" + chain(exc.__cause__, seen) + "}"
    if exc.__context__:
        text += "[" + chain(exc.__context__, seen) + "]"
    return text


def say_exception(before: str, exc: BaseException | None) -> None:
    """The same, as a word."""
    say(before + chain(exc, []))


def attempt(action: Callable[[], object], outer: bool = False) -> BaseException | None:
    """Calls it, if told so while another exception is being handled, and says what came of it."""
    try:
        if not outer:
            action()
        else:
            try:
                raise made(OSError)
            except OSError:
                action()
    except BaseException as exc:
        print("->", chain(exc, []))
        return exc
    print("-> went on")
    return None


def attempt_result(action: Callable[[], object]) -> None:
    """The same, and says the result."""
    attempt(lambda: say(str(action())))


# ---- A generator as a manager ----

BEFORE = ["yields", "returns", "raises", "raises StopIteration"]
AT = ["no try", "in except", "pass", "raise", "raise exc", "raise another", "raise from exc", "raise from None",
      "raise the same type", "raise RuntimeError from exc", "raise StopIteration", "yield"]
AFTER = ["returns", "raises", "raises StopIteration", "yields"]
BLOCK = [None, ValueError, KeyError, RuntimeError, StopIteration, GeneratorExit, KeyboardInterrupt]


@contextmanager
def managed(before: str, at: str, after: str) -> Generator[str, None, None]:
    """What it does before its yield, with an exception at the yield, and after it."""
    if before == "returns":
        return
    if before == "raises":
        raise made(KeyError)
    if before == "raises StopIteration":
        raise made(StopIteration)
    if at == "no try":
        yield "it"
    elif at == "in except":
        try:
            raise made(IndexError)
        except IndexError:
            yield "it"
    else:
        try:
            yield "it"
        except BaseException as exc:
            say_exception("caught ", exc)
            if at == "raise":
                raise
            if at == "raise exc":
                raise exc
            if at == "raise another":
                raise made(KeyError)
            if at == "raise from exc":
                raise made(KeyError) from exc
            if at == "raise from None":
                raise made(KeyError) from None
            if at == "raise the same type":
                raise made(type(exc))
            if at == "raise RuntimeError from exc":
                raise made(RuntimeError) from exc
            if at == "raise StopIteration":
                raise made(StopIteration)
            if at == "yield":
                yield "again"
    if after == "raises":
        raise made(KeyError)
    if after == "raises StopIteration":
        raise made(StopIteration)
    if after == "yields":
        yield "again"


def run(manager: Any, block: type[BaseException] | None) -> None:
    """A with statement of any manager."""
    with manager as it:
        say("None" if it is None else "it")
        if block:
            raise made(block)


def grid() -> None:
    """Each combination that can make a difference, inside an except and outside of one."""
    global made_count
    for b, before in enumerate(BEFORE):
        for i, at in enumerate(AT):
            for a, after in enumerate(AFTER):
                for k, block in enumerate(BLOCK):
                    if b > 0 and (i > 0 or a > 0 or k > 0) or a > 0 and k > 0 and at != "pass":
                        continue
                    if k == 0 and i > 1:
                        continue
                    for outer in False, True:
                        made_count = 0
                        say(f"{before}, {at}, {after}; {block.__name__ if block else 'no exception'}:")
                        attempt(lambda: run(managed(before, at, after), block), outer)


def by_hand() -> None:
    """Used otherwise than by one with statement."""
    for block in BLOCK:
        exc = made(block) if block else None
        for use in "not entered", "left":
            manager = managed("yields", "no try", "returns")
            if use == "left":
                with manager:
                    pass
            say(use + ":")
            attempt_result(lambda: manager.__exit__(type(exc) if exc else None, exc, None))
    manager = managed("yields", "no try", "returns")
    for say_entered in True, False:
        say("entered again:" if say_entered else "decorates after being entered:")
        if say_entered:
            with manager:
                attempt_result(manager.__enter__)
        else:
            attempt_result(manager(lambda: "called"))


def decorators() -> None:
    """A manager around each call of a function."""
    for at in "raise", "pass", "raise another":
        for block in None, ValueError:

            def function(argument: int) -> str:
                """Is decorated."""
                say(f"function({argument})")
                if block:
                    raise made(block)
                return "result" if argument == 0 else str(decorated(argument - 1))

            decorated = managed("yields", at, "returns")(function)
            for argument in 0, 2:
                say(f"decorated, {at}:")
                attempt_result(lambda: decorated(argument))


# ---- The small ones ----

class Thing:
    """Can be closed, perhaps."""

    def __init__(self, fails: bool) -> None:
        """fails: whether closing it raises."""
        self.fails = fails

    def close(self) -> None:
        """Says that it was called."""
        say("close")
        if self.fails:
            raise made(OSError)


def small() -> None:
    """closing, suppress, nullcontext."""
    sets: list[list[type[BaseException]]] = [[], [LookupError], [OSError, KeyError], [BaseException]]
    for block in BLOCK:
        for fails in False, True:
            say("closing:")
            attempt(lambda: run(closing(Thing(fails)), block))
        for types in sets:
            say(f"suppress {len(types)}:")
            attempt(lambda: run(suppress(*types), block))
        for result in None, "it":
            say("nullcontext:")
            attempt(lambda: run(nullcontext(result), block))


def redirects() -> None:
    """redirect_stdout, nested, the same one twice, left once too often."""
    for raises in None, ValueError:
        buffers = [io.StringIO(), io.StringIO()]
        managers = [redirect_stdout(buffer) for buffer in buffers]
        order = [0, 1, 0, 1, 1]

        def nest(depth: int) -> None:
            """One with statement inside another."""
            print("depth", depth)
            if depth < len(order):
                with managers[order[depth]]:
                    nest(depth + 1)
                print("back at", depth)
            elif raises:
                raise made(raises)

        attempt(lambda: nest(0))
        for buffer in buffers:
            print(buffer.getvalue(), end="")
        attempt_result(lambda: managers[0].__exit__(None, None, None))


# ---- ExitStack ----

state = 1


def dice(limit: int) -> int:
    """The next number of a sequence that twin.c has, too."""
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return (state >> 16) % limit


WHAT = ["nothing", "nothing", "true", "raise", "from", "two", "wrap", "another stack's", "add", "pop_all", "close",
        "again", "context"]


class Manager:
    """Is entered and left with a word, and does to its stack what it was made for."""

    def __init__(self, name: int, what: str, stack: ExitStack) -> None:
        """what: a word of WHAT."""
        self.name, self.what, self.stack = name, what, stack

    def __enter__(self) -> "Manager":
        """May fail."""
        say(f"+{self.name}")
        if dice(8) == 0:
            raise made(LookupError)
        return self

    def __exit__(self, kind: type[BaseException] | None, told: BaseException | None,
                 tb: TracebackType | None) -> bool:
        """Whatever an exit can do."""
        say_exception(f"-{self.name} told ", told)
        if self.what == "raise":
            raise made(KeyError)
        if self.what == "from":
            raise made(KeyError) from told
        if self.what == "two":
            try:
                raise made(IndexError)
            except IndexError:
                raise made(KeyError)
        if self.what == "wrap" and told:
            try:
                raise told
            except BaseException:
                raise made(KeyError)
        if self.what == "again" and told:
            raise told
        if self.what == "context" and told and told.__context__:
            raise told.__context__
        if self.what == "add":
            self.stack.callback(say, f"({self.name})")
        if self.what == "pop_all":
            kept.append(self.stack.pop_all())
        if self.what == "close":
            self.stack.close()
        if self.what == "another stack's":
            with ExitStack() as other:
                other.push(Manager(self.name + 100, "raise", other))
                other.push(Manager(self.name + 200, "raise", other))
        return self.what == "true"


kept: list[ExitStack] = []


def fill(stack: ExitStack, depth: int, plain: bool) -> None:
    """Makes it owe this and that. In CPython an exit that raises what it is told, in a stack that another one
    leaves, would go round in a ring of contexts for ever: so only plain stacks have such."""
    for _ in range(1 + dice(5)):
        manager = Manager(dice(90), WHAT[dice(len(WHAT) - (3 if not plain else 0))], stack)
        if plain and manager.what == "close":
            manager.what = "again"
        kind = dice(5 if plain else 7)
        if kind == 0:
            stack.enter_context(manager)
        elif kind == 1:
            stack.push(manager)
        elif kind == 2:
            stack.push(manager.__exit__)
        elif kind == 3:
            stack.callback(manager.__exit__, None, None, None)
        elif kind == 4:
            stack.enter_context(managed("yields", AT[dice(len(AT))], AFTER[dice(len(AFTER))]))
        elif kind == 5 and depth < 3:
            inner = ExitStack()
            stack.push(inner)
            fill(inner, depth + 1, plain)
        elif dice(4) == 0:
            manager.what = "close"
            stack.push(manager)
        elif dice(4) == 0:
            stack.callback(5)  # type: ignore[arg-type]
        elif dice(4) == 0:
            stack.enter_context(5)  # type: ignore[arg-type]


def run_stack(stack: ExitStack, plain: bool) -> None:
    """A with statement of a stack."""
    with stack:
        fill(stack, 0, plain)
        block = BLOCK[dice(6)]
        say("|")
        if block:
            raise made(block)


def print_chain(exc: BaseException) -> None:
    """As Python prints one that nobody caught, but for the lines of the program."""
    seen: list[BaseException] = []
    chain(exc, seen)
    for one in seen:
        one.__traceback__ = None
    traceback.print_exception(exc, file=sys.stdout)


def stacks(count: int) -> None:
    """Random ones; each is left, and then those that its exits made with pop_all()."""
    global made_count
    for number in range(count):
        made_count = 0
        kept.clear()
        stack, outer, plain = ExitStack(), dice(2) == 0, dice(2) == 0
        say(f"stack {number}:")
        exc = attempt(lambda: run_stack(stack, plain), outer)
        if exc and number % 20 == 0:
            print_chain(exc)
        for other in kept:
            say("  popped:")
            attempt(other.close)


grid()
by_hand()
decorators()
small()
redirects()
stacks(500)
