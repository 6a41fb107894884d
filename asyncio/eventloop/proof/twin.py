"""The twin of twin.c: the same programs on asyncio's loop, on a clock that passes when all wait."""

from __future__ import annotations

import asyncio
import logging
from asyncio import base_events, events
from typing import Any, Callable, NamedTuple

CALLS = 40


class Program(NamedTuple):
    """What it is about; what the exception handler does; debug mode; "main; a: ...; b: ..."."""

    about: str
    handler: str
    debug: bool
    lines: str


PROGRAMS = [
    Program(
        "soon: in order; what a turn adds waits for the next",
        "",
        False,
        "a b c; a: d :; b: e; d: f",
    ),
    Program(
        "timers: by time; what is due and what is ready",
        "",
        False,
        "a+2 b+1 c a=1; b: d+0 e; c: : f+1",
    ),
    Program(
        "equal times: as the heap has them",
        "",
        False,
        "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1; a: i=1 j=1 :; c: k=1 -h",
    ),
    Program("times that are past", "", False, "a+-1 b=-5 c+0 d; d: e+-2 f=0"),
    Program(
        "cancelling: oneself, one that is in line, one that ran, twice",
        "",
        False,
        "a b c d+1 e+2; a: -a -b -b; c: -a -e :; d: : -d",
    ),
    Program(
        "cancelled timers at the head are thrown out, others stay",
        "",
        False,
        "a+1 b+2 c+3 d+4; : ; a: -b -d : e+0; e: :; c: :",
    ),
    Program("a timer cancelled between due and called", "", False, "a=1 b=1 c=1; a: -b -c :; d: :"),
    Program("stop: the turn is finished", "", False, "a b c+1; a: ! d; b: e; e: : !"),
    Program("stop before the run: one turn", "", False, "! a b+1; a: c; c: ^"),
    Program("close in itself", "tells", False, "a b; a: b; b: # c; c: :"),
    Program("an error is the handler's", "", False, "a b c; a: ? d; b: e ?; e: !"),
    Program("a handler of one's own", "tells", False, "a b+1; a: b ?; b: ?"),
    Program("a handler that fails", "raises", False, "a b; a: ?; b: c"),
    Program("a handler that is interrupted", "interrupts", False, "a b c; a: ?; b: d"),
    Program(
        "KeyboardInterrupt ends the turn; who was in line still is",
        "tells",
        False,
        "a b c+1; a: d ^ e; b: : f",
    ),
    Program("debug: who is slow", "", True, "a b; a: .1 c; b: .0; c: .2 ?"),
    Program("time passes during a turn", "", False, "a b+1 c+2 d+3; a: .2 e+0; b: .1; e: :"),
]


class VirtualSelector:
    """Whose waiting is an addition."""

    def __init__(self) -> None:
        """At the time 0."""
        self.now = 0.0

    def select(self, timeout: float | None) -> list[Any]:
        """Wait: let the time pass."""
        if timeout is None:
            raise RuntimeError("deadlock")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(base_events.BaseEventLoop):
    """BaseEventLoop with that selector, its clock, and nothing to wake up from."""

    def __init__(self) -> None:
        """Set up; the resolution is what Linux says of its clock."""
        super().__init__()
        self._selector = VirtualSelector()
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the time."""
        return self._selector.now

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps."""

    def counts(self) -> str:
        """How many are ready, scheduled, cancelled of these."""
        state: Any = self
        return f"[{len(state._ready)} {len(state._scheduled)} {state._timer_cancelled_count}]"


def say(text: object) -> None:
    """One more thing that happened, on the program's line."""
    print("", text, end="")


def say_error(error: BaseException) -> None:
    """Which, in its words."""
    say(f"{type(error).__name__}({error})")


called = ""  # the letter of the callback that was called last


def without_place(text: str) -> str:
    """Without the file and line that Python adds to a callback's name, of which it knows no more, nor
    the name, once the callback has cancelled itself; ours does."""
    text = text.splitlines()[0].replace(" None()", f" {called}()")
    begin, at, end = text.partition(" at ")
    taken = end.partition("> took")
    return begin + (taken[1] and taken[1] + taken[2])


class Log(logging.Handler):
    """What asyncio logs, in the place where it happened."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say the message, and the error."""
        say(f"<{without_place(record.getMessage())}>")
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            say(f"<{type(error).__name__}: {error}>")


class Run:
    """One program, running."""

    def __init__(self, program: Program) -> None:
        """Read its lines."""
        self.program = program
        begin, *rest = program.lines.split(";")
        self.begin = begin
        self.scripts = {line.strip()[0]: line.strip()[2:] for line in rest if ":" in line.strip()[1:2]}
        self.handles: dict[str, events.Handle] = {}
        self.calls = 0
        self.loop = VirtualLoop()
        self.loop.set_debug(program.debug)
        if program.handler:
            self.loop.set_exception_handler(self.handler)

    def handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell what happened, and do what it is to do."""
        error = context["exception"]
        say(f"{{{without_place(context['message'])}: {type(error).__name__} {error}}}")
        if self.program.handler == "raises":
            raise RuntimeError("worse")
        if self.program.handler == "interrupts":
            raise KeyboardInterrupt

    def callback(self, letter: str) -> Callable[[], None]:
        """A function with this name."""

        def call() -> None:
            """Tell the time, and do the words."""
            global called
            called = letter
            say(f"{letter}{self.loop.time():g}")
            self.calls += 1
            if self.calls >= CALLS:
                self.loop.stop()
            else:
                self.perform_all(self.scripts.get(letter, ""))

        call.__qualname__ = letter
        return call

    def perform(self, word: str) -> None:
        """One word."""
        letter, loop = word[0], self.loop
        try:
            if letter.islower():
                function = self.callback(letter)
                if word[1:2] == "+":
                    self.handles[letter] = loop.call_later(float(word[2:]), function)
                elif word[1:2] == "=":
                    self.handles[letter] = loop.call_at(float(word[2:]), function)
                else:
                    self.handles[letter] = loop.call_soon(function)
            elif letter == "-":
                if word[1] in self.handles:
                    self.handles[word[1]].cancel()
            elif letter == "!":
                loop.stop()
            elif letter == ".":
                loop._selector.now += float(word[1:])
            elif letter == ":":
                say(loop.counts())
            elif letter == "#":
                loop.close()
        except RuntimeError as error:
            say_error(error)
        if letter == "?":
            raise ValueError("bad")
        if letter == "^":
            raise KeyboardInterrupt

    def perform_all(self, script: str) -> None:
        """All of them."""
        for word in script.split():
            self.perform(word)

    def run(self) -> None:
        """Up to three runs, as one that was stopped may go on; then the loop's end."""
        try:
            self.perform_all(self.begin)
        except (ValueError, KeyboardInterrupt):
            pass  # nobody is told
        for _ in range(3):
            if self.calls >= CALLS:
                break
            try:
                self.loop.run_forever()
                say("| stopped")
            except (RuntimeError, KeyboardInterrupt) as error:
                say("|")
                say_error(error)
                if isinstance(error, RuntimeError):
                    break
        self.loop.close()
        say(f"t={self.loop.time():g}")
        self.perform("a")
        print()


# ---- Programs that nobody thought of

seed = 16


def dice(sides: int) -> int:
    """The same numbers as in C."""
    global seed
    seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
    return (seed >> 16) % sides


def random_words() -> str:
    """What a callback does."""
    text = ""
    for _ in range(dice(5)):
        letter = chr(ord("a") + dice(8))
        kind, number = dice(24), dice(6)
        if kind < 8:
            text += f" {letter}+{number}"
        elif kind < 12:
            text += f" {letter}={number}"
        elif kind < 16:
            text += f" {letter}"
        elif kind < 20:
            text += f" -{letter}"
        else:
            text += f" {'!?:^'[kind - 20]}"
    return text


def run_random() -> None:
    """Words for eight callbacks, and a handler."""
    lines = "a b+1" + random_words()
    for letter in "abcdefgh":
        lines += f"; {letter}:" + random_words()
    handler = ("", "tells", "raises", "interrupts")[dice(4)]
    print(f"{lines}:", end="")
    Run(Program("", handler, False, lines)).run()


# ---- Many timers


def run_many(tenths: int, count: int) -> None:
    """So many timers, of which some are cancelled: when are they thrown out?"""
    loop = VirtualLoop()
    fired: list[int] = []
    timers = [loop.call_at(1 + i * 7919 % 97, fired.append, i) for i in range(count)]
    for i, timer in enumerate(timers):
        if i * 3 % 10 < tenths:
            timer.cancel()
    print(f"{count} timers, {tenths}/10 cancelled:", end="")
    say(loop.counts())
    for _ in range(3):
        loop.call_soon(lambda: None)
        loop.stop()
        loop.run_forever()
        say(loop.counts())
    try:
        loop.run_forever()
    except RuntimeError as error:
        say_error(error)
    order = 0
    for i in fired:
        order = (order * 31 + i) & 0xFFFFFFFF
    print(f" {len(fired)} called, order {order}, t={loop.time():g}")
    loop.close()


def main() -> None:
    """All of it."""
    logger = logging.getLogger("asyncio")
    logger.addHandler(Log())
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    events._set_running_loop(None)  # under Node.js there is one
    for program in PROGRAMS:
        print(f"{program.about}:", end="")
        Run(program).run()
    for tenths in range(11):
        for count in (100, 101, 1000):
            run_many(tenths, count)
    for _ in range(300):
        run_random()


if __name__ == "__main__":
    main()
