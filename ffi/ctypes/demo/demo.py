"""demo.py: ctypes itself: types, who owns what, crashes and what saves from them.

usage: python3 ffi/ctypes/demo/demo.py [--library PATH] [SCENE...]

Scenes: find types owners gil crashes; all if none is given.
PATH is libsample.so, build/ffi/libsample.so if not given.
"""

import ctypes
import ctypes.util
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn


def fail(message: str) -> NoReturn:
    """A one-line complaint; status 2."""
    print(f"demo.py: {message}", file=sys.stderr)
    sys.exit(2)


NAMES: dict[str, Any] = {"ctypes": ctypes} | {name: getattr(ctypes, name) for name in dir(ctypes) if name[0] != "_"}


def said(source: str) -> str:
    """What an expression or statement comes to: its value, nothing, or the exception."""
    try:
        return repr(eval(source, NAMES))
    except SyntaxError:
        pass
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    try:
        exec(source, NAMES)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def print_wrapped(text: str) -> None:
    """Prints a line with a name before it, in as many lines as it takes."""
    print(*textwrap.wrap(text, 79, subsequent_indent=" " * 15, drop_whitespace=True), sep="\n")


def show(*sources: str) -> None:
    """Prints each and what it comes to."""
    for source in sources:
        result = said(source)
        if not result:
            print(f">>> {source}")
        elif len(source) <= 40 and len(result) <= 34:
            print(f">>> {source:40} {result}")
        else:
            print(f">>> {source}", *textwrap.wrap(result, 74), sep="\n      ")


# ---- The C library of the system -------------------------------------------------------------------------------------


def find() -> None:
    """Where a library is, and a function in it."""
    NAMES["libm_name"] = ctypes.util.find_library("m")
    show(
        "util.find_library('m') is not None",
        "util.find_library('no such library')",
        "libm = CDLL(libm_name)",
        "libm.cos.restype = c_double",
        "libm.cos.argtypes = [c_double]",
        "libm.cos(0)",
        "libm.cos('0')",
        "libm.cosine",
        "CDLL('./nowhere.so')",
    )


# ---- Types -----------------------------------------------------------------------------------------------------------

# The documentation's table: type, C's name, its letter in sample.c, a value that fits, one past it, one that is refused.
TYPES = [
    ("c_bool", "_Bool", "t", "True", "2", None),
    ("c_char", "char", "c", "b'x'", "255", "300"),
    ("c_wchar", "wchar_t", "u", "'ä'", None, "'ab'"),
    ("c_byte", "char", "b", "-128", "128", "1.0"),
    ("c_ubyte", "unsigned char", "B", "255", "256", "b'x'"),
    ("c_short", "short", "h", "-32768", "32768", "'1'"),
    ("c_ushort", "unsigned short", "H", "65535", "-1", "None"),
    ("c_int", "int", "i", "2**31 - 1", "2**31", "1.0"),
    ("c_uint", "unsigned int", "I", "2**32 - 1", "-1", "'x'"),
    ("c_long", "long", "l", "2**63 - 1", "2**63", "[]"),
    ("c_ulong", "unsigned long", "L", "2**64 - 1", "2**64", "1j"),
    ("c_longlong", "long long", "q", "-2**63", "-2**63 - 1", "1.5"),
    ("c_ulonglong", "unsigned long long", "Q", "2**64 - 1", "-1", "''"),
    ("c_size_t", "size_t", "L", "2**64 - 1", "2**64 + 7", "b''"),
    ("c_ssize_t", "ssize_t", "l", "-1", "2**63", "0.0"),
    ("c_float", "float", "f", "0.1", "1e39", "'0.1'"),
    ("c_double", "double", "d", "0.1", "10**400", "'0.1'"),
    ("c_longdouble", "long double", "g", "0.1", "10**400", "None"),
    ("c_char_p", "char *", "z", "b'text'", None, "'text'"),
    ("c_wchar_p", "wchar_t *", "Z", "'täxt'", None, "b'text'"),
    ("c_void_p", "void *", "P", "2**64 - 1", "2**64", "1.0"),
]


def types() -> None:
    """Every type: its size; a value to C and back; one too large; one that is refused."""
    print(f"{'type':13} {'C':18} size  there and back; past its limit; refused")
    for name, c_name, letter, fits, past, refused in TYPES:
        kind = getattr(ctypes, name)
        function = getattr(NAMES["sample"], f"echo_{letter}")
        function.argtypes, function.restype = [kind], kind
        NAMES["echo"] = function
        print(f"{name:13} {c_name:18} {ctypes.sizeof(kind):4}  {fits} -> {said(f'echo({fits})')}")
        also = [f"{value} -> {said(f'echo({value})')}" for value in (past, refused) if value is not None]
        print_wrapped(" " * 13 + "; ".join(also).replace("ArgumentError: argument 1: ", ""))


# ---- Who owns what ---------------------------------------------------------------------------------------------------


def owners() -> None:
    """Strings and buffers: whose memory C reads and writes."""
    NAMES["sample"].text_upper.restype = None
    NAMES["sample"].text_constant.restype = ctypes.c_char_p
    NAMES["sample"].array_sum.argtypes = [ctypes.POINTER(ctypes.c_int), ctypes.c_size_t]
    print("A c_char_p lends C the bytes of Python's own object: to read.")
    show("p = c_char_p(b'lent')", "p.value", "sample.text_length(p)")
    print("A buffer is memory of ctypes': C may write there, as far as it is long.")
    show("b = create_string_buffer(b'mine', 8)", "sample.text_upper(b)", "b.value", "b.raw", "b.value = b'nine bytes'")
    print("from_buffer() is no copy: one memory, two names; the other copies.")
    show(
        "data = bytearray(b'\\1\\0\\0\\0\\2\\0\\0\\0')",
        "pair = (c_int * 2).from_buffer(data)",
        "copy = (c_int * 2).from_buffer_copy(data)",
        "pair[1] = 41",
        "data[4], copy[1]",
        "sample.array_sum(pair, 2)",
        "data.append(0)",
        "(c_int * 2).from_buffer(b'read-only')",
    )
    print("What C returns as char * is copied into bytes; the address is lost, so what")
    print("was malloc()ed cannot be freed: then say c_void_p, copy, and free.")
    show("sample.text_constant()", "sample.text_constant.restype = c_void_p", "string_at(sample.text_constant())")


# ---- The GIL ---------------------------------------------------------------------------------------------------------


def gil() -> None:
    """Whether another thread runs Python while C sleeps."""
    woke = 0.0

    def wake() -> None:
        """Takes the GIL 50 ms from now, or when it can be had."""
        nonlocal woke
        time.sleep(0.05)
        woke = time.monotonic()

    for kind in (ctypes.CDLL, ctypes.PyDLL):
        libc, other = kind(None), threading.Thread(target=wake)
        other.start()
        libc.usleep(400_000)
        returned = time.monotonic()
        other.join()
        ran = "meanwhile" if woke < returned - 0.1 else "afterwards"
        print(f"{kind.__name__:6} usleep(400000): the other thread ran {ran}")


# ---- Crashes ---------------------------------------------------------------------------------------------------------


def no_argtypes(sample: Any) -> None:
    """An int where C expects an address."""
    sample.text_length(12345)


def argtypes(sample: Any) -> None:
    """The same, refused."""
    sample.text_length.argtypes = [ctypes.c_char_p]
    sample.text_length(12345)


def truncated(sample: Any) -> None:
    """An address of 64 bits through a restype of 32, which is what a function has before it is told."""
    print(ctypes.string_at(sample.text_constant()))


def whole(sample: Any) -> None:
    """The same with its type."""
    sample.text_constant.restype = ctypes.c_char_p
    print(sample.text_constant())


TWICE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


def collected(sample: Any) -> None:
    """C keeps the address of a callback that Python does not keep: another takes its place."""
    sample.keep(TWICE(lambda n: 2 * n))
    gc.collect()
    others = [TWICE(lambda n: 1000 * n) for _ in range(100)]
    print("twice 7 is", sample.call_kept(7), "says one of", len(others), "others")


def kept(sample: Any) -> None:
    """The same, and Python keeps it."""
    twice = TWICE(lambda n: 2 * n)
    sample.keep(twice)
    gc.collect()
    others = [TWICE(lambda n: 1000 * n) for _ in range(100)]
    print("twice 7 is", sample.call_kept(7), "beside", len(others), "others")


def overwritten(sample: Any) -> None:
    """C writes into bytes, which cannot change: the constant of every function that has it has changed."""
    sample.text_upper(b"same")
    print("a constant b'same' is now", [b"same"])


def copied(sample: Any) -> None:
    """The same with memory that may change."""
    buffer = ctypes.create_string_buffer(b"same")
    sample.text_upper(buffer)
    print("a constant b'same' is now", [b"same"], "and the buffer", [buffer.value])


CHILDREN: dict[str, Callable[[Any], None]] = {
    function.__name__: function
    for function in (no_argtypes, argtypes, truncated, whole, collected, kept, overwritten, copied)
}


def crashes(library: str) -> None:
    """Each mistake in a child of its own, and what saves from it."""
    for wrong, right in zip(*[iter(CHILDREN)] * 2):
        for name in (wrong, right):
            child = subprocess.run(
                [sys.executable, __file__, "--library", library, "--child", name], capture_output=True, text=True, check=False
            )
            died = f"killed by {signal.Signals(-child.returncode).name}" if child.returncode < 0 else ""
            last = child.stderr.strip().rpartition("\n")[2]
            print_wrapped(f"{name:12} {CHILDREN[name].__doc__}")
            print_wrapped(" " * 13 + (died or child.stdout.strip() or last))


# ---- The command line ------------------------------------------------------------------------------------------------


def main() -> None:
    """Plays the scenes that are named, or all."""
    words, library, child = sys.argv[1:], "build/ffi/libsample.so", None
    if words[:1] == ["--help"]:
        print(__doc__, end="")
        return
    while words and words[0] in ("--library", "--child"):
        if len(words) == 1:
            fail(f"{words[0]} takes a word")
        if words[0] == "--library":
            library = words[1]
        else:
            child = words[1]
        words = words[2:]
    scenes: dict[str, Callable[[], None]] = {"find": find, "types": types, "owners": owners, "gil": gil}
    scenes["crashes"] = lambda: crashes(library)
    for word in words:
        if word not in scenes:
            fail(f"no scene {word!r}; there are {' '.join(scenes)}")
    try:
        NAMES["sample"] = ctypes.CDLL(library if "/" in library else f"./{library}")
    except OSError as error:
        fail(f"{error}: build the project, and say where: --library PATH")
    if not hasattr(NAMES["sample"], "text_length"):
        fail(f"{library} is not libsample.so: it has no text_length()")
    if child is not None:
        if child not in CHILDREN:
            fail(f"no child {child!r}")
        CHILDREN[child](NAMES["sample"])
        return
    for number, scene in enumerate(words or scenes):
        if not words:
            print("\n" * (number > 0) + f"---- {scene}")
        scenes[scene]()


def play() -> None:
    """main(), which ends as a C program does where nobody reads what it prints, or nothing can be written."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        try:
            main()
        finally:
            print(end="", flush=True)  # a full disk shows only now
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer is written once more at the exit
        sys.exit("demo.py: cannot write the output")


if __name__ == "__main__":
    play()
