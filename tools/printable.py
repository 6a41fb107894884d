"""Prints datastructures/printable.h: the characters that repr() must escape.

The ranges are those where str.isprintable() is false, in the Unicode version of the Python that runs
this (14.0 for 3.11). CPython keeps the same fact in Objects/unicodetype_db.h, made from the same data.
"""

import sys
import unicodedata


def ranges() -> list[tuple[int, int]]:
    """Returns the inclusive ranges of non-printable code points from U+0080 on, in order."""
    found: list[tuple[int, int]] = []
    for code in range(0x80, sys.maxunicode + 1):
        if chr(code).isprintable():
            continue
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def main() -> None:
    """Writes the header to standard output."""
    print("/* Made by tools/printable.py; do not edit. What repr() escapes beyond ASCII: Unicode")
    print(f" * {unicodedata.unidata_version}, str.isprintable() false, as inclusive ranges in order. */")
    print("static const unsigned int unprintable[][2] = {")
    cells = [f"{{0x{first:X}, 0x{last:X}}}," for first, last in ranges()]
    line = "   "
    for cell in cells:
        if len(line) + 1 + len(cell) > 100:
            print(line)
            line = "   "
        line += " " + cell
    print(line)
    print("};")


if __name__ == "__main__":
    main()
