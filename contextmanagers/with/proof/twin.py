"""The twin of twin.c: the same program with Python's own `with`, printing the same lines."""

from __future__ import annotations

import itertools
import sys
import traceback
from typing import Any, Callable, Generator, Sequence

# What an __exit__ does, the same on both sides.
ACTIONS = ("None", "False", "True", "raises", "raises from", "from None", "the same")
# How the block ends; "enter x" is a block that is never reached.
WAYS = ("falls through", "return", "break", "continue", "raises")


def tell(text: str) -> None:
    """One more thing that happened, on the line of the case."""
    print("", text, end="")


# ---- Exceptions in two forms


def chain(exc: BaseException | None) -> str:
    """Its text, with what it knows of others, whether that is printed or not."""
    if exc is None:
        return "None"
    text = str(exc.args[0])
    if exc.__suppress_context__:
        text += f" from ({chain(exc.__cause__)})"
    if exc.__context__:
        text += f" while ({chain(exc.__context__)})"
    return text


def forget_traceback(exc: BaseException | None) -> None:
    """No lines of this file: then all versions print the same."""
    seen: list[BaseException] = []
    todo = [exc]
    while todo:
        exc = todo.pop()
        if exc and exc not in seen:
            seen.append(exc)
            exc.__traceback__ = None
            todo += [exc.__context__, exc.__cause__]


def show(exc: BaseException) -> None:
    """As Python prints one that nobody caught."""
    forget_traceback(exc)
    print("".join(traceback.format_exception(exc)), end="")


# ---- The managers


class Manager:
    """Tells that it is entered and left; does what its action says."""

    def __init__(self, name: str, action: str, fails: bool = False) -> None:
        """Set up; `fails` is about entering."""
        self.name, self.action, self.fails = name, action, fails

    def __enter__(self) -> Manager:
        """Enter, or fail."""
        tell(f"+{self.name}")
        if self.fails:
            raise LookupError(f"enter {self.name}")
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> Any:
        """Leave in one of seven ways."""
        tell(f"-{self.name}")
        if value:
            tell(f"({value.args[0]})")
            if kind is not type(value) or sys.exc_info()[1] is not value:
                tell("WRONG")
        match self.action:
            case "False":
                return False
            case "True":
                return True
            case "raises":
                raise KeyError(f"exit {self.name}")
            case "raises from":
                raise KeyError(f"exit {self.name}") from value
            case "from None":
                raise KeyError(f"exit {self.name}") from None
            case "the same" if value:
                raise value
        return None


# ---- The grid: nesting x what each exit does x how the block ends


def body(way: str) -> None:
    """What is in the block before it is left."""
    tell("body")
    if way == "raises":
        raise ValueError("body")


def one(managers: Sequence[Manager], way: str) -> str:
    """One manager."""
    for turn in (1, 2):
        with managers[0]:
            body(way)
            if way == "return":
                return "value"
            if way == "break":
                break
            if way == "continue" and turn == 1:
                continue
        tell("after")
        return "end"
    return "out of the loop"


def two(managers: Sequence[Manager], way: str) -> str:
    """Two in one statement."""
    for turn in (1, 2):
        with managers[0], managers[1]:
            body(way)
            if way == "return":
                return "value"
            if way == "break":
                break
            if way == "continue" and turn == 1:
                continue
        tell("after")
        return "end"
    return "out of the loop"


def three(managers: Sequence[Manager], way: str) -> str:
    """Three, one inside another."""
    for turn in (1, 2):
        with managers[0]:
            with managers[1]:
                with managers[2]:
                    body(way)
                    if way == "return":
                        return "value"
                    if way == "break":
                        break
                    if way == "continue" and turn == 1:
                        continue
        tell("after")
        return "end"
    return "out of the loop"


def attempt(function: Callable[[], Any], whole: bool) -> None:
    """Ends the line with what came of it; an exception also as Python prints it, if `whole`."""
    try:
        print(" =", function())
    except BaseException as exc:
        print(" !", chain(exc))
        if whole:
            show(exc)


def grid(depth: int) -> None:
    """All cases of this nesting."""
    nested = (one, two, three)[depth - 1]
    for actions in itertools.product(ACTIONS, repeat=depth):
        for failing in range(depth, -1, -1):  # depth: none fails
            managers = [Manager("abc"[i], action, i == failing) for i, action in enumerate(actions)]
            for way in WAYS if failing == depth else [f"enter {'abc'[failing]}"]:
                print(f"{', '.join(actions)} | {way}:", end="")
                attempt(lambda: nested(managers, way), depth < 3)


# ---- What is no manager, and types that change


def enters(self: Any) -> Any:
    """An __enter__."""
    tell("entered")
    return self


def leaves(self: Any, *told: Any) -> None:
    """An __exit__."""
    tell("left")


def leaves_otherwise(self: Any, *told: Any) -> None:
    """Another __exit__."""
    tell("left otherwise")


def enters_and_takes_exit(self: Any) -> Any:
    """An __enter__ after which the type has no __exit__."""
    del type(self).__exit__
    return enters(self)


def enters_and_gives_another(self: Any) -> Any:
    """An __enter__ after which the type has another __exit__."""
    type(self).__exit__ = leaves_otherwise
    return enters(self)


def enters_and_gives_exit(self: Any) -> Any:
    """An __enter__ that gives the type an __exit__, too late."""
    type(self).__exit__ = leaves
    return enters(self)


def no_managers() -> None:
    """Who can be entered, asked once before."""
    classes: dict[str, dict[str, Any]] = {
        "Neither": {},
        "OnlyEnter": {"__enter__": enters},
        "OnlyExit": {"__exit__": leaves},
        "Both": {"__enter__": enters, "__exit__": leaves},
        "TakesExit": {"__enter__": enters_and_takes_exit, "__exit__": leaves},
        "GivesAnother": {"__enter__": enters_and_gives_another, "__exit__": leaves},
        "GivesExit": {"__enter__": enters_and_gives_exit},
    }
    for way in ("return", "raises"):
        for name, methods in classes.items():
            manager = type(name, (), methods)()
            if name == "Neither":  # on the instance, where nobody looks
                manager.__enter__, manager.__exit__ = enters, leaves
            for time in ("first", "second"):
                print(f"{name}, {way}, {time}:", end="")
                attempt(lambda: one([manager], way), False)
    for value in (None, 5, True, "text"):
        print("a value:", end="")
        attempt(lambda: one([value], "return"), False)  # type: ignore[list-item]


# ---- Inside an except block


def while_handling() -> None:
    """The same with something else being handled around it, and what is handled afterwards."""
    for action in ACTIONS:
        for way in ("return", "raises", "enter a"):
            print(f"handling, {action} | {way}:", end="")
            try:
                raise RuntimeError("outer")
            except RuntimeError:
                attempt(lambda: one([Manager("a", action, way == "enter a")], way), True)
                print("  handled now:", chain(sys.exc_info()[1]))


# ---- Generators, which take with them what they handle


def plain() -> Generator[None, None, None]:
    """Fails after its yield."""
    yield
    raise KeyError("later")


def handles() -> Generator[None, None, None]:
    """The same inside an except block."""
    try:
        raise ValueError("inside")
    except ValueError:
        yield
        raise KeyError("later")


def resume(gen: Generator[None, None, None], how: str) -> str:
    """Goes on with it, in one of three ways."""
    if how == "next":
        next(gen)
    if how == "throw":
        gen.throw(TypeError("thrown"))
    gen.close()
    return "closed"


def across_generators() -> None:
    """Who is whose context, and what is handled afterwards."""
    for function in (plain, handles):
        for begun in ("before", "while"):
            for how in ("next", "throw", "close"):
                print(f"{function.__name__}, begun {begun}, {how}:", end="")
                gen = function()
                if begun == "before":
                    next(gen)
                try:
                    raise RuntimeError("outer")
                except RuntimeError:
                    if begun == "while":
                        next(gen)
                    attempt(lambda: resume(gen, how), False)
                    print("  handled now:", chain(sys.exc_info()[1]))


# ---- Chains


def linked(exc: BaseException, context: BaseException | None, cause: BaseException | None, *notes: str) -> BaseException:
    """An exception as it would be after being raised."""
    exc.__context__ = context
    if cause:
        exc.__cause__ = cause
    for note in notes:
        exc.add_note(note)
    return exc


def raise_while(raised: BaseException, handled: BaseException) -> None:
    """Prints what is left of the chain that was there."""
    try:
        try:
            raise handled
        except BaseException:
            raise raised
    except BaseException as exc:
        show(exc)


def chains() -> None:
    """Printed: texts, notes, causes before contexts, rings once around."""
    texts: tuple[tuple[type[Exception], str], ...] = (
        (ValueError, "text"),
        (ValueError, ""),
        (KeyError, "key"),
        (KeyError, ""),
        (IndexError, "two\nlines"),
    )
    for kind, text in texts:
        show(kind(text))
        show(linked(kind(text), None, None, "a note", "", "two\nlines"))
    show(KeyError())
    for suppress in (False, True):
        for name in ("context", "cause", "both", "deep"):
            a, b = ValueError("a"), TypeError("b")
            linked(b, RuntimeError("below") if name == "deep" else None, None, "note of b")
            exc = linked(KeyError("c"), a if name != "cause" else None, b if name != "context" else None, "note of c")
            exc.__suppress_context__ = suppress
            print(f"# {name}, {'suppressed' if suppress else 'not suppressed'}")
            show(exc)
    for size in (1, 2, 3, 4):
        for tail in (0, 1, 2):
            print(f"# a ring of {size} behind {tail}")
            ring = [ValueError(f"{i}") for i in range(size + tail)]
            for i, each in enumerate(ring):
                each.__context__ = ring[i + 1] if i + 1 < len(ring) else ring[tail]
            show(ring[0])
            raise_while(KeyError("new"), ring[0])
    for length in (1, 2, 3):
        for again in range(length + 1):
            print(f"# of {length}, number {again} is raised again")
            line = [ValueError(f"{i}") for i in range(length + 1)]
            for i in range(length):
                line[i].__context__ = line[i + 1]
            raise_while(line[again], line[0])


if __name__ == "__main__":
    for nesting in (1, 2, 3):
        grid(nesting)
    no_managers()
    while_handling()
    across_generators()
    chains()
