"""bench.py: the doors into C that bench.c cannot go through itself, timed in one Python that it keeps running.

usage: bench.py BUILD_DIRECTORY_WITH_THE_MODULES     by bench.c

First it writes the names of the doors that there are, in a line. Then it reads lines, `NAME COUNT`, and writes for each
the nanoseconds that COUNT calls took. Cython, cffi and pybind11 wrap the same function, add(); each is compiled here if it
is installed, and otherwise left out.
"""

import contextlib
import ctypes
import gc
import importlib.util
import io
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product, repeat
from typing import Any

import pure

UNROLLED = 20  # calls in a turn of the loop, so that the loop itself weighs little
ADD = "int add(int a, int b) { return a + b; }\n"
PYBIND = '#include <pybind11/pybind11.h>\nextern "C" ' + ADD + 'PYBIND11_MODULE(add_pybind11, m) { m.def("add", &add); }\n'
CYTHON = 'cdef extern from *:\n    """\n    static ' + ADD + '    """\n    int add_c "add"(int a, int b)\n\ndef add(int a, int b):\n    return add_c(a, b)\n'
Door = tuple[Any, str]  # the function f, and a call of it


def compiled(name: str, source: str, compiler: str, folder: str, options: list[str]) -> Any:
    """A module made by a compiler."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    subprocess.run([compiler, "-O2", "-w", "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}", *options,
                    source, "-o", name + suffix], cwd=folder, check=True, capture_output=True)
    spec = importlib.util.spec_from_file_location(name, os.path.join(folder, name + suffix))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def written(folder: str, name: str, text: str) -> str:
    """A file's name, once the text is in it."""
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)
    return name


def cython(folder: str) -> Any:
    """add() by Cython."""
    written(folder, "add_cython.pyx", CYTHON)
    subprocess.run(["cython3", "-3", "add_cython.pyx"], cwd=folder, check=True, capture_output=True)
    return compiled("add_cython", "add_cython.c", "cc", folder, []).add


def pybind11(folder: str) -> Any:
    """add() by pybind11."""
    return compiled("add_pybind11", written(folder, "add_pybind11.cpp", PYBIND), "c++", folder, ["-fvisibility=hidden"]).add


def cffi(folder: str) -> Any:
    """add() by cffi, which compiles it, too ("API mode")."""
    ffi = importlib.import_module("cffi").FFI()
    ffi.cdef("int add(int, int);")
    ffi.set_source("add_cffi", "static " + ADD)
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it does; our standard output has answers
        ffi.emit_c_code(os.path.join(folder, "add_cffi.c"))
    return compiled("add_cffi", "add_cffi.c", "cc", folder, []).lib.add


def by_ctypes(path: str) -> Any:
    """add() by ctypes, with its types declared."""
    add = ctypes.CDLL(path).add
    add.argtypes, add.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return add


def doors(directory: str, folder: str) -> Iterator[tuple[str, Door]]:
    """All that there are, by the names that bench.c asks for."""
    sys.path.insert(0, directory)
    ways, words = importlib.import_module("ways"), importlib.import_module("words")
    yield "nothing", (ways.nothing, "f()")
    yield "gc.isenabled", (gc.isenabled, "f()")
    for name in ("add_one", "add_varargs", "add_keywords", "add_fastcall", "add_fastcall_keywords"):
        yield name, (getattr(ways, name), "f(1000)" if name == "add_one" else "f(1000, 2000)")
    for name in ("add_keywords", "add_fastcall_keywords"):
        yield name + " by name", (getattr(ways, name), "f(a=1000, b=2000)")
    yield "lambda", (lambda a, b: a + b, "f(1000, 2000)")
    yield "ctypes", (by_ctypes(os.path.join(directory, "libsample.so")), "f(1000, 2000)")
    for make in (cython, cffi, pybind11):
        with contextlib.suppress(ImportError, OSError, subprocess.CalledProcessError):  # not installed
            yield make.__name__, (make(folder), "f(1000, 2000)")
    pairs = {"7": ("kitten", "sitting"), "30": ("abcdefghij" * 3, "bcdefghijk" * 3), "300": ("abcdefghij" * 30, "bcdefghijk" * 30)}
    ours: dict[str, Callable[..., object]] = {"distance": words.distance, "pure": pure.edit_distance}
    with contextlib.suppress(ImportError):
        ours["Levenshtein"] = importlib.import_module("Levenshtein").distance
    for who, function in ours.items():
        for length, (a, b) in pairs.items():
            yield f"{who} {length}", (function, f"f({a!r}, {b!r})")
    some = ["".join(letters) for letters in product("aehilnorst", repeat=3)]  # a thousand words
    yield "nearest", (words.Words(some).nearest, "f('neither')")
    for who, function in ours.items():
        yield f"{who} nearest", (partial(nearest, function, some), "f('neither')")


def nearest(distance: Callable[..., Any], words: list[str], word: str) -> str:
    """What Words.nearest() does, with another distance."""
    return min(words, key=partial(distance, word))


def looped(door: Door) -> Callable[[int], int]:
    """A function of its own for each, as the interpreter adapts a call's bytecode to what it calls."""
    function, call = door
    body = "; ".join([call] * UNROLLED)
    namespace: dict[str, Any] = {"clock": time.perf_counter_ns, "repeat": repeat}
    exec(f"def loop(f, n):\n    start = clock()\n    for _ in repeat(None, n): {body}\n    return clock() - start", namespace)

    def timed(count: int) -> int:
        """The time of so many calls, from that of a multiple of UNROLLED."""
        turns = max(1, count // UNROLLED)
        return int(namespace["loop"](function, turns) * count / (turns * UNROLLED))

    return timed


def main() -> None:
    """Answers until there are no more questions."""
    with tempfile.TemporaryDirectory() as folder:
        loops = {name: looped(door) for name, door in doors(sys.argv[1], folder)}
    print(*loops, sep=",", flush=True)
    for line in sys.stdin:
        name, _, count = line.rpartition(" ")
        print(loops[name](int(count)), flush=True)


if __name__ == "__main__":
    main()
