"""The twin of selectors_twin.c: the same words on Python's selectors, and on asyncio's loop."""

from __future__ import annotations

import asyncio
import os
import resource
import selectors
import signal
import socket
from typing import Any, Callable

PROGRAMS = [
    "register 50 1; ready; write 51; ready; read 50; ready; unregister 50; ready",
    "register 50 2; ready; modify 50 3; ready; write 51; ready; modify 50 1; ready; read 50; ready",
    "register 50 1; register 50 1; register 50 2; get 50; get 51; unregister 50; get 50",
    "unregister 50; modify 50 1; modify -1 1; unregister -1",
    "register 50 0; register 50 4; register -1 1; register 50 7; ready",
    "register 50 1; register 52 3; register 53 2; write 51; write 53; ready; read 50; ready",
    "register 50 3; close 51; ready; read 50; ready",
    "register 54 1; register 54 3; get 54; ready",
    "register 55 1; ready; unregister 55; ready",
    "register 50 1; close 50; ready; unregister 50; ready",
    "register 2000 1; ready",
]


def say(text: object) -> None:
    """One more thing that happened, on the line."""
    print("", text, end="")


def say_error(error: BaseException) -> None:
    """Which, in its words."""
    say(f"{type(error).__name__}({error})")


def open_all() -> None:
    """Open the descriptors as they are at the beginning."""
    pairs = [end.detach() for _ in range(2) for end in socket.socketpair()]
    fds = [*pairs, os.open("/etc/passwd", os.O_RDONLY), os.dup(pairs[0])]
    for fd, place in zip(fds, (50, 51, 52, 53, 54, 2000)):
        os.dup2(fd, place)
        os.close(fd)


class Program:
    """One program on one selector."""

    def __init__(self, kind: type[Any]) -> None:
        """Make the selector."""
        self.selector = kind()

    def perform(self, command: str) -> None:
        """One word."""
        word, *numbers = command.split()
        fd, events = ([int(number) for number in numbers] + [0, 0])[:2]
        selector = self.selector
        try:
            match word:
                case "register":
                    selector.register(fd, events)
                    if fd >= 1024 and isinstance(selector, selectors.SelectSelector):
                        try:  # Python refuses it when it is asked, ours when it is told
                            selector.select(0)
                        finally:
                            selector.unregister(fd)
                case "modify":
                    selector.modify(fd, events)
                case "unregister":
                    selector.unregister(fd)
                case "get":
                    key = selector.get_map().get(fd)
                    say(key.events if key else 0)
                case "ready":
                    found = sorted((key.fd, mask) for key, mask in selector.select(0))
                    say("[" + " ".join(f"{fd}:{mask}" for fd, mask in found) + "]")
                case "write":
                    os.write(fd, b"x")
                case "read":
                    if not os.read(fd, 1):
                        say("nothing")
                case _:
                    os.close(fd)
        except (KeyError, ValueError, OSError) as error:
            say_error(error)


# ---- The loop


class Loop:
    """A loop, and what happens on it."""

    def __init__(self, selector: Any) -> None:
        """Make it."""
        self.loop = asyncio.SelectorEventLoop(selector)
        self.loop.set_exception_handler(self.handler)

    def handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of an error."""
        error = context["exception"]
        say(f"{{{type(error).__name__} {error}}}")

    def reader(self, name: str) -> None:
        """Read, and take the writer away, which is ready, too, and in line."""
        say(f"{name}({os.read(50, 1).decode()})")
        say(int(self.loop.remove_writer(50)))
        say(int(self.loop.remove_writer(50)))

    def reads_itself_away(self, name: str) -> None:
        """Be called once."""
        say(name)
        say(int(self.loop.remove_reader(50)))

    def fails(self, name: str) -> None:
        """Be called once, and fail."""
        say(name)
        self.loop.remove_reader(50)
        raise ValueError("bad")

    def on_signal(self, name: str) -> None:
        """Tell, and have something called."""
        say(name)
        self.loop.call_soon(say, "then")

    def go(self) -> None:
        """Turn until nothing is ready: a timer ends it."""
        self.loop.call_later(0.01, self.loop.stop)
        self.loop.run_forever()

    def attempt(self, function: Callable[..., Any], *args: Any) -> None:
        """Call, and tell of an error."""
        try:
            function(*args)
        except (ValueError, RuntimeError) as error:
            say_error(error)

    def run(self, name: str) -> None:
        """All of it."""
        loop = self.loop
        print(f"{name}: descriptors:", end="")
        loop.add_writer(50, say, "writer")
        loop.add_reader(50, say, "replaced")
        loop.add_reader(50, self.reader, "reader")
        os.write(51, b"x")
        self.go()
        say(f"| {loop.remove_reader(50):d}")
        say(int(loop.remove_reader(50)))
        os.write(51, b"x")
        loop.add_reader(50, self.reads_itself_away, "once")
        self.go()
        loop.add_reader(50, self.fails, "fails")
        self.go()
        self.attempt(loop.add_reader, -1, say, "")
        print(f"\n{name}: threads:", end="")
        loop.call_soon(say, "soon")
        loop.call_soon_threadsafe(say, "threadsafe")
        loop.call_soon(say, "soon")
        self.go()
        print(f"\n{name}: signals:", end="")
        loop.add_signal_handler(signal.SIGUSR1, self.on_signal, "USR1")
        loop.add_signal_handler(signal.SIGUSR2, self.on_signal, "replaced")
        loop.add_signal_handler(signal.SIGUSR2, self.on_signal, "USR2")
        signal.raise_signal(signal.SIGUSR2)
        signal.raise_signal(signal.SIGUSR1)
        self.go()
        say(int(loop.remove_signal_handler(signal.SIGUSR1)))
        say(int(loop.remove_signal_handler(signal.SIGUSR1)))
        for sig in (signal.SIGKILL, 0, -1, 1000):
            self.attempt(loop.add_signal_handler, sig, self.on_signal, "none")
        loop.close()
        self.attempt(loop.call_soon, say, "")
        self.attempt(loop.call_soon_threadsafe, say, "")
        self.attempt(loop.run_forever)
        print()


def main() -> None:
    """Each selector."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    for name in ("select", "poll", "epoll"):
        kind: Any = getattr(selectors, f"{name.capitalize()}Selector", None)
        if not kind:  # epoll is Linux's
            continue
        for text in PROGRAMS:
            print(f"{name}: {text}:", end="")
            open_all()
            program = Program(kind)
            for command in text.split(";"):
                program.perform(command)
            program.selector.close()
            print()
        open_all()
        Loop(kind()).run(name)


if __name__ == "__main__":
    main()
