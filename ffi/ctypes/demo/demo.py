"""The real ctypes: the smallest call, every type at its limits, who keeps what alive, and three crashes in a child.

usage: demo.py LIBRARY (libsample.so of the build tree)
"""

import ctypes
import ctypes.util
import signal
import subprocess
import sys
from typing import Any

# Python's name; values to try: one that fits, one past the limit or of a wrong type.
TYPES: list[tuple[str, list[Any]]] = [
    ("c_bool", [True, 2]),
    ("c_char", [b"A", b"AB"]),
    ("c_wchar", ["A", "AB"]),
    ("c_byte", [127, 300]),
    ("c_ubyte", [255, 300]),
    ("c_short", [32767, 65537]),
    ("c_ushort", [65535, -1]),
    ("c_int", [-(2**31), 2**32 + 5]),
    ("c_uint", [2**32 - 1, -1]),
    ("c_long", [7, "7"]),
    ("c_ulong", [7, 7.0]),
    ("c_longlong", [2**63 - 1, 2**63]),
    ("c_ulonglong", [2**64 - 1, -1]),
    ("c_size_t", [7, 2**64 + 1]),
    ("c_ssize_t", [-7, 2**64 - 1]),
    ("c_float", [0.5, 0.1]),
    ("c_double", [0.1, "0.1"]),
    ("c_longdouble", [0.5, None]),
    ("c_char_p", [b"text", "text"]),
    ("c_wchar_p", ["text", b"text"]),
    ("c_void_p", [None, b"text"]),
]


def kept(name: str, value: Any) -> str:
    """What the type makes of the value, or says against it."""
    try:
        return repr(getattr(ctypes, name)(value).value)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def show_types() -> None:
    """Each line of the table of types, executed."""
    for name, values in TYPES:
        kind = getattr(ctypes, name)
        print(f"{name:13}{kind._type_:2} {ctypes.sizeof(kind):3}", end="")
        for value in values:
            print(f"  {value!r} -> {kept(name, value)}", end="")
        print()


def show_ownership(library: ctypes.CDLL) -> None:
    """Text that C may read, and a buffer that it may write."""
    text = b"text"
    before = sys.getrefcount(text)
    pointer = ctypes.c_char_p(text)
    print("c_char_p holds the bytes:", sys.getrefcount(text) - before)
    del pointer
    buffer = ctypes.create_string_buffer(text)
    library.text_upper(buffer)
    print("a buffer is a copy that C may write to:", buffer.value, text)
    array = bytearray(b"text\0")
    view = (ctypes.c_char * len(array)).from_buffer(array)
    library.text_upper(view)
    print("from_buffer() is no copy:", array)
    try:
        array.append(0)
    except BufferError as error:
        print("and nobody may resize it meanwhile:", error)


# What is run in a child, and what would have saved it, put before it.
CRASHES = [
    ("no argtypes: 1 is taken for an address", "", "lib.text_length.argtypes = [c_char_p]", "print(lib.text_length(1))"),
    (
        "no restype: an int is half an address",
        "",
        "lib.text_constant.restype = c_void_p",
        "print(string_at(lib.text_constant()))",
    ),
    (
        "a callback that nobody holds",
        "F = CFUNCTYPE(c_int, c_int); made = F(abs); lib.keep(made)",
        "held = made",
        "del made; others = [F(lambda n: 1000) for _ in range(100)]; print(lib.call_kept(-7))",
    ),
]


def run_in_child(path: str, code: str) -> str:
    """How a Python that runs this code ends: its output, its exception, or the signal that it died of."""
    program = f"from ctypes import *; lib = CDLL({path!r}); {code}"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if child.returncode < 0:
        return f"died of {signal.Signals(-child.returncode).name}"
    if child.returncode:
        return child.stderr.splitlines()[-1]
    return f"printed {child.stdout.strip()}"


def main() -> None:
    """All of it, in order."""
    library = ctypes.CDLL(sys.argv[1])
    library.add.argtypes = [ctypes.c_int, ctypes.c_int]
    library.add.restype = ctypes.c_int
    print("add(2, 3) is", library.add(2, 3))
    print("find_library('m') is", "found" if ctypes.util.find_library("m") else "not found")
    show_types()
    show_ownership(library)
    for what, before, saved, code in CRASHES:
        print(f"{what}: {run_in_child(sys.argv[1], f'{before}; {code}'.lstrip('; '))}")
        print(f"  with {saved}: {run_in_child(sys.argv[1], f'{before}; {saved}; {code}'.lstrip('; '))}")


if __name__ == "__main__":
    main()
