"""Fills the tables of measurements in the READMEs from the benchmarks' --csv, so that no number is typed.

usage: ./run bench --csv | python3 tools/measured.py README...

A table stands between two comments. The first says what is in it, operations (as in a shell pattern) of
which rooms, and at which sizes; what the CSV does not measure leaves its table as it is:

    <!-- measured: list/append*, dict/* @ 1000000 -->
    | ...
    <!-- end of measured -->

With one size a row shows ours, the peer that the ratio is to, and the other peers; with several, the three
numbers of each size. Times are medians in nanoseconds for one item, unless another unit stands there.
"""

import csv
import fnmatch
import re
import sys
from typing import NamedTuple

TABLE = re.compile(r"(<!-- measured: (.+?) @ ([0-9 ]+?) -->\n).*?(<!-- end of measured -->)", re.S)


class Time(NamedTuple):
    """Who did it, and the median in nanoseconds."""

    who: str
    median: float

    def __str__(self) -> str:
        """The time with its unit, nanoseconds unless it is long, to about three digits."""
        for unit, size in ((" ms", 1e6), (" µs", 1e3)):
            if self.median >= 10 * size:
                return f"{self.median / size:.1f}{unit}"
        return f"{self.median:.2f}" if self.median < 10 else f"{self.median:.1f}"


Results = dict[tuple[str, int], list[Time]]  # of "room/operation" at a size: ours first, the peer second


def read_results(lines: list[str]) -> Results:
    """Collects the benchmarks' rows; several benchmarks' output may follow each other."""
    results: Results = {}
    for row in csv.reader(lines):
        if len(row) == 7 and row[0] != "room":
            key = f"{row[0]}/{row[1]}", int(row[2])
            results.setdefault(key, []).append(Time(row[3], float(row[4])))
    return results


def power(size: int) -> str:
    """A size as readers know it: 100, 10^6."""
    zeros = len(str(size)) - 1
    return f"10^{zeros}" if zeros > 3 and size == 10**zeros else str(size)


def ratio(times: list[Time]) -> str:
    """Ours over the first peer's, in bold; nothing without a peer."""
    return f"**{times[0].median / times[1].median:.2f}**" if len(times) > 1 else ""


def table(results: Results, operations: list[str], sizes: list[int]) -> list[str]:
    """The table's lines; none if there is nothing to show."""
    one = len(sizes) == 1
    rooms = {name.split("/")[0] for name in operations}
    heads = ["ours", "against", "", "ratio", "others"] if one else ["against", *map(power, sizes)]
    lines = [f"| n = {power(sizes[0])} |" if one else "| n = |"]
    lines[0] += "".join(f" {head} |" for head in heads)
    lines.append("|---|" + ("---:|---|---:|---:|---|" if one else "---|" + "---:|" * len(sizes)))
    for name in operations:
        label = name.split("/")[1] if len(rooms) == 1 else name.replace("/", " ")
        found = [results.get((name, size), []) for size in sizes]
        times: list[Time] = next((some for some in found if some), [])
        if not times:
            continue
        peer = times[1].who if len(times) > 1 else ""
        if one:
            others = ", ".join(f"{other.who} {other}" for other in times[2:])
            theirs = str(times[1]) if peer else ""
            cells = [str(times[0]), peer, theirs, ratio(times), others]
        else:
            cells = [peer]
            for some in found:
                cells.append(" / ".join(map(str, some[:2])) + (f" = {ratio(some)}" if some[1:] else ""))
        lines.append(f"| {label} |" + "".join(f" {cell} |" for cell in cells))
    return lines[:0] if len(lines) == 2 else lines


def fill(text: str, results: Results) -> str:
    """The README's text with its tables filled."""

    def replace(match: re.Match[str]) -> str:
        """One table, filled."""
        names = list(dict.fromkeys(name for name, _ in results))
        patterns = [pattern.strip() for pattern in match[2].split(",")]
        operations = list(
            dict.fromkeys(name for p in patterns for name in names if fnmatch.fnmatchcase(name, p))
        )
        lines = table(results, operations, [int(size) for size in match[3].split()])
        return match[1] + "\n".join(lines) + "\n" + match[4] if lines else match[0]

    return TABLE.sub(replace, text)


def main() -> None:
    """Reads the CSV from standard input and rewrites the files named."""
    results = read_results(sys.stdin.read().splitlines())
    if not results:
        sys.exit("measured: no measurements on standard input")
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        filled = fill(text, results)
        if filled != text:
            with open(path, "w", encoding="utf-8") as file:
                file.write(filled)
            print(f"{path}: tables filled")


if __name__ == "__main__":
    main()
