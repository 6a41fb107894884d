"""Plays every scene of a demo step by step on a terminal of 80 by 24: what is asked about is on the screen.

usage: tour.py DEMO_BINARY      exit status: 0 as it should be, 1 not, 77 no terminal to be had here

Between two pauses a screen at most goes by, question and prompt with it; each scene puts a question before something
is shown; `b` goes a step back, and `q` ends. The scene of `--tour` says what to look at, and by its status where to go.
"""

import os
import pty
import select
import subprocess
import sys
import time

ROWS, COLUMNS = 24, 80
HEADER = 3  # rows that ./run prints before a room of the tour
PROMPT = b"Enter, b, q] "
LIMIT = 100.0  # seconds for a play
SOON = 1.0  # within it a pause is not late


class Terminal:
    """A demo on a pseudo-terminal, and what it prints up to each pause."""

    def __init__(self, *words: str) -> None:
        """Starts it."""
        self.deadline = time.monotonic() + LIMIT
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8", COLUMNS=str(COLUMNS), LINES=str(ROWS))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a sanitizer's remarks
            os.execv(words[0], words)

    def page(self) -> list[str]:
        """The lines up to the next pause, or up to the end; TimeoutError if neither comes."""
        text = b""
        while not text.endswith(PROMPT):
            if not select.select([self.fd], [], [], max(0.0, self.deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no pause and no end in {LIMIT:.0f} s, after: {text[-200:]!r}")
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # Linux: the other side is closed
                piece = b""
            if not piece:
                break
            text += piece
        return text.decode().replace("\r\n", "\n").split("\n")

    def answer(self, key: str) -> None:
        """Types an answer to a pause."""
        os.write(self.fd, key.encode() + b"\n")

    def status(self) -> int:
        """Its exit status, once it has ended."""
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def pauses(page: list[str]) -> bool:
    """Whether a page ends with a pause, not with the scene."""
    return page[-1].endswith(PROMPT.decode())


def check(words: list[str], tour: bool) -> list[str]:
    """What is wrong with a scene, or with that of the tour, in sentences."""
    wrong = []
    terminal = Terminal(*words)
    pages: list[list[str]] = []
    last = 1 if tour else 0  # the last pause but for those that come late: what takes long is played once
    while not pages or pauses(pages[-1]):
        if pages:
            terminal.answer("")
        page = terminal.page()
        rows, columns = len(page) + (HEADER if tour and not pages else 0), max(map(len, page))
        if rows > ROWS or columns > COLUMNS:
            wrong.append(f"step {len(pages) + 1} takes {rows} rows, {columns} columns:\n" + "\n".join(page))
        if pauses(page) and terminal.deadline - time.monotonic() > LIMIT - SOON:
            last = len(pages)
        pages.append(page)
    if terminal.status() != 0:
        wrong.append("Enter to the end: the status is not 0")
    if not any("? Enter" in page[-1] for page in pages[:-1]):
        return wrong + ["no question comes before what is shown"]
    if tour and not any(line.startswith("Look at") for line in pages[0]):
        wrong.append("it does not say what to look at")

    # Up to that pause, from there back, and out.
    terminal = Terminal(*words)
    for key in [""] * last + ["b"]:
        terminal.page()
        terminal.answer(key)
    page, before = terminal.page(), pages[max(last - 1, 0)]
    if page[-1] != before[-1]:
        wrong.append(f"b does not go a step back, to {before[-1]}, but shows:\n" + "\n".join(page))
    terminal.answer("q")
    terminal.page()
    if terminal.status() != (3 if tour else 0):
        wrong.append("q does not end it with the status that says so")
    return wrong


def before_the_tour(demo: str) -> list[str]:
    """What is wrong with going back from its first step, in sentences."""
    terminal = Terminal(demo, "--tour")
    terminal.page()
    terminal.answer("b")
    terminal.page()
    return [] if terminal.status() == 4 else ["b before the first step: the status is not 4"]


def main() -> None:
    """Checks one demo."""
    try:
        os.close(pty.openpty()[0])
    except OSError as error:
        print(f"skipped: no pseudo-terminal here ({error})")
        sys.exit(77)
    demo = sys.argv[1]
    scenes = subprocess.run([demo, "--list"], capture_output=True, check=True, text=True).stdout.split("\n")[:-1]
    wrong = [f"--tour: {sentence}" for sentence in check([demo, "--tour"], True) + before_the_tour(demo)]
    for scene in [line.split()[0] for line in scenes]:
        wrong += [f"--step --scene {scene}: {w}" for w in check([demo, "--step", "--scene", scene], False)]
    for sentence in wrong:
        print(f"wrong: {os.path.basename(demo)} {sentence}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
