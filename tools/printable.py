"""Prints datastructures/printable.h: the characters that repr() must escape.

They are those for which str.isprintable() is false, in the Unicode version of the Python that runs this
(14.0 for 3.11). CPython keeps the same fact in Objects/unicodetype_db.h, made from the same data.
"""

import itertools
import sys
import textwrap
import unicodedata


def runs() -> list[int]:
    """Returns the lengths of the runs from U+007F on, unprintable and printable ones in turn."""
    characters = map(chr, range(0x7F, sys.maxunicode + 1))
    return [len(list(run)) for _, run in itertools.groupby(characters, str.isprintable)]


def main() -> None:
    """Writes the header to standard output."""
    print("/* Made by tools/printable.py; do not edit. Which characters beyond ASCII repr() shows, in Unicode")
    print(f" * {unicodedata.unidata_version}: the lengths of the runs from U+007F on for which str.isprintable() is false, true,")
    print(" * false and so on in turn. */")
    print("// clang-format off")
    print("static const unsigned int printable_runs[] = {")
    print(textwrap.fill(", ".join(map(str, runs())) + ",", 100, initial_indent="    ", subsequent_indent="    "))
    print("};")


if __name__ == "__main__":
    main()
