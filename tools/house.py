"""Holds the repository to the rules of the house that no compiler sees.

usage: house.py      from the root; exit status 0, or 1 with a line for each fault

- the topics' meson.build are the same below their tables;
- the front page's table of contents has every room of rooms.txt, and its topic's number;
- a lesson's "Here" names every file of its room, and its </details> begin their lines;
- functions of the same name in two topics' object layers are the same text, or say above why they part, or their
  file's head says why it parts from the other topics';
- every function of a Python file has a docstring.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LINE = "# ---- Below this line"
APART = "Parts from the other topics'"
FUNCTION = re.compile(r"((?:^(?:/\*(?:(?!\*/)(?:.|\n))*\*/|//.*)\n)*)^(?!typedef|struct|enum|union)\w[\w \t*]*?\b(\w+)\([^;{}]*\) \{\n(?:.*\n)*?^\}\n", re.M)


class Room(NamedTuple):
    """A line of rooms.txt."""

    number: str
    topic: str
    name: str


def registered() -> list[Room]:
    """The rooms in reading order."""
    lines = Path("rooms.txt").read_text(encoding="utf-8").splitlines()
    return [Room(*line.split()[:3]) for line in lines if line[:1].isdigit()]


def loops(topics: list[str]) -> Iterator[str]:
    """Meson has no functions: each topic has the loop, the same text."""
    texts = {topic: Path(topic, "meson.build").read_text(encoding="utf-8").partition(LINE)[2] for topic in topics}
    for topic, text in texts.items():
        if not text or text != texts[topics[0]]:
            yield f"{topic}/meson.build: its loop is not that of {topics[0]}/meson.build"


def contents(rooms: list[Room]) -> Iterator[str]:
    """The front page lists what is registered, and nothing as ready that is not."""
    front = Path("README.md").read_text(encoding="utf-8")
    rows = {match[2]: match for match in re.finditer(r"^\| (\d+) \| \[?(\w+)\]?[^|]*\|([^|]*)\|.*$", front, re.M)}
    for room in rooms:
        row = rows.get(room.topic)
        if not row or row[1] != room.number or f"[{room.name}]({room.topic}/{room.name}/README.md)" not in row[3]:
            yield f"README.md: the contents have no {room.number} {room.topic} with {room.name}"
    for topic, row in rows.items():
        if ("README.md" in row[3]) != any(room.topic == topic for room in rooms):
            yield f"README.md: {topic} is in the contents as ready, and not in rooms.txt"


def lesson(room: Room) -> Iterator[str]:
    """Every file of a room is named in its lesson's "Here"."""
    folder = Path(room.topic, room.name)
    if not (folder / "README.md").is_file():
        yield f"{folder}: no README.md"
        return
    text = (folder / "README.md").read_text(encoding="utf-8")
    here = re.search(r"^## Here\b.*?(?=^## |\Z)", text, re.M | re.S)
    if not here:
        yield f"{folder}/README.md: no section Here"
        return
    if re.search(r"^.+</details>", text, re.M):
        yield f"{folder}/README.md: a </details> is not at the beginning of its line, where ./run ask looks for it"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "README.md" and "__pycache__" not in path.parts:
            if path.name not in here[0] and not (path.suffix == ".svg" and path.name in text):
                yield f"{folder}/README.md: Here does not name {path.relative_to(folder)}"


def unbroken(comment: str) -> str:
    """The text of a comment in one line."""
    return comment.replace("\n * ", " ")


def functions(topic: str) -> dict[str, tuple[str, str]]:
    """The functions of a topic's object layer: name to what stands above, and text with its comment."""
    found = {}
    for path in sorted(Path(topic).glob("*.c")):
        source = path.read_text(encoding="utf-8")
        head = unbroken(source.partition("*/")[0])
        for match in FUNCTION.finditer(source):
            found[match[2]] = (head * (APART in head) + unbroken(match[1]), match[0])
    return found


def slices(topics: list[str]) -> Iterator[str]:
    """Two topics that do the same have the same text."""
    layers = {topic: functions(topic) for topic in topics}
    for i, first in enumerate(topics):
        for second in topics[i + 1 :]:
            for name in sorted(layers[first].keys() & layers[second].keys()):
                (above, text), (other_above, other) = layers[first][name], layers[second][name]
                apart = APART in above + other_above or f"Parts from {second}" in above or f"Parts from {first}" in other_above
                if text != other and not apart:
                    yield f"{first}, {second}: {name}() is not the same text, and neither says why it parts"


def docstrings() -> Iterator[str]:
    """Python files say what their functions do."""
    for path in sorted(Path().rglob("*.py")):
        if path.parts[0].startswith("build"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not ast.get_docstring(node):
                yield f"{path}:{node.lineno}: {node.name} has no docstring"


def main() -> None:
    """Prints every fault."""
    rooms = registered()
    topics = list(dict.fromkeys(room.topic for room in rooms))
    faults = [*loops(topics), *contents(rooms), *slices(topics), *docstrings()]
    for room in rooms:
        faults += lesson(room)
    for fault in faults:
        print(fault)
    print(f"{len(topics)} topics, {len(rooms)} rooms, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
