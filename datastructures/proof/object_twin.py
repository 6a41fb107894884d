"""The object layer, on the real interpreter: the same program as object_twin.c, the same bytes.

Prints hashes, reprs and equalities of several thousand values, and what becomes of bytes that are not UTF-8.
Run with PYTHONHASHSEED=0. None's hash, and NaN's, is left out: an address.
"""

import math
from collections.abc import Hashable

MASK = 2**64 - 1


class Random:
    """A linear congruential generator, written the same in object_twin.c."""

    def __init__(self) -> None:
        """Begins the sequence."""
        self.state = 1

    def next(self) -> int:
        """Returns the next 64 bits, the upper half of them from a second step."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        high = self.state >> 32
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return high << 32 | self.state >> 32


def show(value: Hashable) -> None:
    """Prints a value's hash and repr."""
    print(hash(value), repr(value))


def signed(bits: int) -> int:
    """Reads 64 bits as C's int64_t does."""
    return bits - 2**64 if bits >= 2**63 else bits


def ints() -> None:
    """Shows ints: edges of the hash's modulus and of 64 bits, then random ones of every length."""
    print("# ints")
    for value in [0, 1, -1, -2, 256, 257, 2**31, 2**60, 2**61 - 2, 2**61 - 1, 2**61, 2**62, 2**63 - 1]:
        show(value)
        show(-value)
    show(-(2**63))
    random = Random()
    for i in range(128):
        show(signed(random.next()) >> (i % 64))


def floats() -> None:
    """Shows floats: every exponent, notation's edges, sums that do not come out even."""
    print("# floats")
    for number in [0.0, -0.0, 0.5, 0.1, 0.1 + 0.2, 1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 5e-324,
                   1.7976931348623157e308, math.inf, -math.inf, -1.0, 2.0**61, 2.0**53 + 2]:
        show(number)
    random = Random()
    for exponent in range(-1074, 1024):
        show(math.ldexp(1 + (random.next() >> 12) / 2**52, exponent))
        show(-math.ldexp(1.0, exponent))


def texts() -> None:
    """Shows strs of all kinds, and bytes that are no text, decoded and given back."""
    print("# strs")
    for text in ["", "a", "ab", "abcdefg", "abcdefgh", "it's", 'say "x"', "both ' and \"", "tab\tnew\nline\r\\",
                 "\x00\x1f\x7f", "\x80\x9f\xa0\xad\xff", "caf\u00e9", "\u20ac 5", "\u0416\u0436", "\u4e2d\u6587",
                 "\u2028\u200b\ufeff\ue000\uffff", "\U0001f40d", "a\U0001f40d\u00e9", "\U0010ffff", "x" * 100]:
        show(text)
    for code in range(256):
        print(repr(bytes([code, 65]).decode("utf-8", "surrogateescape")), end=" ")
    print()
    random = Random()
    for length in range(64):
        data = bytes((random.next() >> 33) & 0xFF for _ in range(length))
        show(data.decode("utf-8", "surrogateescape"))


def bad_utf8() -> None:
    """Shows how bytes that are not UTF-8 are cut, and what cannot be written as UTF-8."""
    print("# not UTF-8")
    for first in range(0x7F, 0x100):
        for tail in [b"", b"A", b"\x80", b"\x80A", b"\x80\x80", b"\x80\x80A", b"\x80\x80\x80", b"\xa0", b"\xa0\x80",
                     b"\x90", b"\x90\x80", b"\x90\x80A", b"\x90\x80\x80", b"\xbf\xbf\xbf"]:
            show((b"ab" + bytes([first]) + tail).decode("utf-8", "surrogateescape"))
    for text in ["\ud800", "a\udfff", "\ud83d\udc0d", "\udc80\udcff", "\udcff\udd00b", "\ud7ff\ue000", "\udc7f"]:
        show(text)
        try:
            print(text.encode("utf-8", "surrogateescape").hex())
        except UnicodeEncodeError as error:
            print(error)


def random_tuple(random: Random, depth: int) -> tuple[Hashable, ...]:
    """Returns a random tuple of up to three items, which may be tuples themselves down to `depth`."""
    items: list[Hashable] = []
    for _ in range((random.next() >> 33) % 4):
        choice = (random.next() >> 33) % 4
        if choice == 3 and depth > 0:
            items.append(random_tuple(random, depth - 1))
        elif choice == 2:
            items.append((random.next() >> 33) % 1000 / 8)
        elif choice == 1:
            items.append((random.next() >> 33) % 2 == 1)
        else:
            items.append(signed(random.next()) >> 20)
    return tuple(items)


def tuples() -> None:
    """Shows tuples: empty, of one, nested, deep, and random."""
    print("# tuples")
    for value in [(), (1,), (1, 0), (0, 1), (1, (0, 1)), ((), ((),)), ("a", 1.5, True), (-1, -2), (False, 0.0)]:
        show(value)
    nested: tuple[Hashable, ...] = ()
    for i in range(40):
        nested = (nested, i)
    show(nested)
    random = Random()
    for _ in range(100):
        show(random_tuple(random, 4))


def equalities() -> None:
    """Shows which values of different types are equal: a dot where they are not."""
    print("# equal")
    values: list[Hashable] = [0, 0.0, -0.0, False, 1, 1.0, True, 2**53, 2.0**53, 2**53 + 1, 2**63 - 1, 2.0**63,
                              -(2**63), -(2.0**63), math.inf, "1", "", (), (1,), (1.0,), (True,), (0,), None]
    for a in values:
        print("".join("=" if a == b else "." for b in values), repr(a))


def none() -> None:
    """Shows whether None's hash is its address, turned by four bits."""
    print("# None")
    address = id(None)
    print("hash(None) is its address:", hash(None) == signed((address >> 4 | address << 60) & MASK))


def main() -> None:
    """Prints it all."""
    ints()
    floats()
    texts()
    bad_utf8()
    tuples()
    none()
    equalities()


if __name__ == "__main__":
    main()
