"""Resolves the citations of CPython 3.11 in sources and lessons: "Objects/listobject.c, list_resize()".

usage: citations.py                    from the root; exit status 0, or 1 with a line for each that is wrong
       citations.py --names SOURCE     takes the names anew from CPython's source, for the files cited

The names that each cited file defines stand in cpython-3.11.txt beside this script. A citation is a path below Include,
Lib, Modules, Objects, Parser or Python, with the functions that follow it; the word 3.10, 3.12, 3.13 or 3.14 in its
sentence says that it is of that version, and is not looked up.
"""

import re
import sys
from pathlib import Path

NAMES = Path(__file__).with_name("cpython-3.11.txt")
PATH = r"(?:Include|Lib|Modules|Objects|Parser|Python)/[\w/.]*\w\.(?:c|h|py)\b"
FUNCTION = r"`?(?:\w+\.)*(\w+)\(\)`?"
CITATION = re.compile(rf"({PATH})((?:(?:`|[,;:|]|\s|\band\b|\bthen\b)*{FUNCTION})*)")
OTHER_VERSION = re.compile(r"\b3\.(?:[0-9]|10|12|13|14)\b")
C_NAMES = re.compile(
    r"^(?:[a-zA-Z_][\w \t*]*[ \t*])?(\w+)\(|^#[ \t]*define[ \t]+(\w+)|^(?:typedef )?struct (\w+)|^\}[ \t]*(\w+);|^STRINGLIB\((\w+)\)",
    re.M,
)
PYTHON_NAMES = re.compile(r"^\s*(?:async )?(?:def|class) (\w+)|^(\w+) *=", re.M)


def book() -> list[Path]:
    """The sources and lessons, without what is built and without the tools."""
    found = [path for suffix in ("c", "h", "py", "md") for path in Path().rglob(f"*.{suffix}")]
    return sorted(path for path in found if not path.parts[0].startswith(("build", "tools")))


def sentences(path: Path) -> list[tuple[int, str]]:
    """The sentences of a file, comment marks removed, each with the number of its first line."""
    text = re.sub(r"(?m)^[ \t]*(?:\*|//|#)[ \t]", " ", path.read_text(encoding="utf-8"))
    found, start = [], 0
    for end in [m.end() for m in re.finditer(r"\.\s(?=\s*[A-Z`(*])|\*/|\n\s*\n|\n\| ", text)] + [len(text)]:
        sentence = text[start:end]
        lead = len(sentence) - len(sentence.lstrip())
        found.append((text.count("\n", 0, start + lead) + 1, sentence))
        start = end
    return found


def citations(path: Path) -> list[tuple[int, str, list[str]]]:
    """Line, cited file, functions said to be in it."""
    found = []
    for line, sentence in sentences(path):
        if OTHER_VERSION.search(sentence):
            continue
        for match in CITATION.finditer(sentence):
            at = line + sentence.lstrip().count("\n", 0, max(0, match.start()))
            found.append((at, match[1], re.findall(FUNCTION, match[2])))
    return found


def defined(source: Path) -> list[str]:
    """The names that a file of CPython defines, in order of the alphabet."""
    pattern = PYTHON_NAMES if source.suffix == ".py" else C_NAMES
    text = source.read_text(encoding="utf-8")
    return sorted({name for match in pattern.finditer(text) for name in match.groups() if name})


def read_names() -> dict[str, set[str]]:
    """The list of names, by file."""
    names = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            path, _, rest = line.partition(": ")
            names[path] = set(rest.split())
    return names


def take_names(source: Path, files: list[Path]) -> None:
    """Writes the list of names for all files that are cited and exist."""
    cited = sorted({name for path in files for _, name, _ in citations(path)})
    lines = ["# The names that CPython 3.11's files define, as far as this book cites them: made by citations.py --names."]
    lines += [f"{name}: {' '.join(defined(source / name))}" for name in cited if (source / name).is_file()]
    NAMES.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Checks the files named, or takes the names for them."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--names"]:
        take_names(Path(arguments[1]), book())
        return
    names = read_names()
    wrong = count = 0
    for path in book():
        for line, cited, functions in citations(path):
            count += 1 + len(functions)
            for function in functions or [""]:
                if cited in names and (not function or function in names[cited]):
                    continue
                wrong += 1
                print(f"{path}:{line}: 3.11 has no {cited}{', ' + function + '()' if function and cited in names else ''}")
    print(f"{count} citations, {wrong} wrong")
    sys.exit(bool(wrong or not count))


if __name__ == "__main__":
    main()
