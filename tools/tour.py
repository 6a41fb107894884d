"""Plays a demo's scene of the tour on a terminal of 80 by 24, and checks that what is asked for is on the screen.

usage: tour.py DEMO_BINARY      exit status: 0 as it should be, 1 not, 77 no terminal to be had here

Between two pauses of `--tour` a screen at most goes by, `b` goes a step back, and `q` ends with status 3.
"""

import os
import pty
import select
import sys
import time

ROWS = 24
HEADER = 3  # rows that ./run prints before a room
PROMPT = b"Enter, b, q]"
LIMIT = 60.0  # seconds for all of it


class Terminal:
    """A demo on a pseudo-terminal, and what it prints up to each pause."""

    def __init__(self, demo: str) -> None:
        """Starts it."""
        self.deadline = time.monotonic() + LIMIT
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8", COLUMNS="80", LINES=str(ROWS))
            os.execv(demo, [demo, "--tour"])

    def page(self) -> str | None:
        """The text up to the next pause, or None at the end; TimeoutError if neither comes."""
        text = b""
        while not text.rstrip().endswith(PROMPT):
            if not select.select([self.fd], [], [], max(0.0, self.deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no pause and no end in {LIMIT:.0f} s, after: {text[-200:]!r}")
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # Linux: the other side is closed
                piece = b""
            if not piece:
                return None
            text += piece
        return text.decode().replace("\r\n", "\n")

    def answer(self, key: str) -> None:
        """Types an answer to a pause."""
        os.write(self.fd, key.encode() + b"\n")

    def status(self) -> int:
        """Its exit status, once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def rows(page: str) -> int:
    """The rows of the screen that a page takes."""
    return sum(1 + max(0, len(line) - 1) // 80 for line in page.split("\n"))


def check(demo: str) -> list[str]:
    """What is wrong with the demo's scene of the tour, in sentences."""
    wrong = []
    terminal = Terminal(demo)
    pages: list[str] = []
    while (page := terminal.page()) is not None:
        height = rows(page) + (0 if pages else HEADER)
        if height > ROWS:
            wrong.append(f"step {len(pages) + 1} takes {height} rows of {ROWS}:\n{page}")
        pages.append(page)
        terminal.answer("")
    if terminal.status() != 0:
        wrong.append("Enter to the end: the status is not 0")
    if len(pages) < 2:
        return wrong + [f"{len(pages)} pauses: nothing is told step by step"]
    if "Look at" not in pages[0]:
        wrong.append("it does not say what to look at")

    terminal = Terminal(demo)
    for key, shown in (("", pages[0]), ("b", pages[1]), ("", pages[0]), ("q", pages[1])):
        page = terminal.page()
        if page is None or page.split("\n")[-2:] != shown.split("\n")[-2:]:
            return wrong + [f"going on and a step back does not show what it showed before, but:\n{page}"]
        terminal.answer(key)
    if terminal.page() is not None or terminal.status() != 3:
        wrong.append("q: does not end with status 3")

    terminal = Terminal(demo)
    terminal.page()
    terminal.answer("b")
    if terminal.page() is not None or terminal.status() != 4:
        wrong.append("b before the first step: does not end with status 4")
    return wrong


def main() -> None:
    """Checks one demo."""
    try:
        os.close(pty.openpty()[0])
    except OSError as error:
        print(f"skipped: no pseudo-terminal here ({error})")
        sys.exit(77)
    wrong = check(sys.argv[1])
    for sentence in wrong:
        print(f"wrong: {os.path.basename(sys.argv[1])} --tour: {sentence}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
