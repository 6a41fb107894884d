"""demo.py: the modules `add` and `words`, written in C, used by python3; and the nearest of your own words.

usage: PYTHONPATH=build/ffi python3 demo.py [SCENE...]              the scenes: smallest type errors buffer ctrl-c state abi3
       PYTHONPATH=build/ffi python3 demo.py --nearest FILE WORD...  FILE has a word in each line, in UTF-8
"""

import array
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


def fail(message: str) -> NoReturn:
    """A one-line complaint; status 2."""
    print(f"demo.py: {message}", file=sys.stderr)
    sys.exit(2)


try:
    words: Any = importlib.import_module("words")
except ImportError as missing:
    fail(f"{missing}: build the project, and say where: PYTHONPATH=build/ffi")

try:
    add: Any = importlib.import_module("add")
except ImportError:
    add = None  # built for one Python alone
FRUIT = ["apple", "apricot", "banana", "cherry", "grape"]
NAMES: dict[str, Any] = {"add": add, "words": words, "FRUIT": FRUIT, "inspect": inspect, "os": os, "importlib": importlib}


def show(source: str) -> Any:
    """Prints an expression and its value, or the exception."""
    result = None
    try:
        result = eval(source, NAMES)
        said = repr(result)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    if len(source) > 36 or len(said) > 38:
        print(f">>> {source}", *textwrap.wrap(said, 74), sep="\n      ")
    else:
        print(f">>> {source:36} {said}")
    return result


def show_all(*sources: str) -> None:
    """Several."""
    for source in sources:
        show(source)


def smallest() -> None:
    """The module of thirty lines."""
    if not add:
        fail("add is built for one Python alone, and this is another")
    show_all("add.add(2, 3)", "add.add(2**31 - 1, 1)", "add.add(2**31, 0)", "add.add(2.0, 3)", "add.add(2)", "add.add(a=2, b=3)",
             "add.add.__doc__", "inspect.signature(add.add)")


def the_type() -> None:
    """A type written in C is used as any other."""
    show_all("words.distance('kitten', 'sitting')", "words.Words(FRUIT)", "len(words.Words(FRUIT))",
             "[w for w in words.Words(FRUIT)][1:3]", "words.Words(FRUIT)[-1]", "words.Words('ab'.split()) == words.Words(['ab'])",
             "words.Words(FRUIT).longest", "words.Words(FRUIT).nearest('aple')", "words.Words([]).nearest('aple')",
             "inspect.signature(words.distance)", "type('Mine', (words.Words,), {})(FRUIT).nearest('pear')")


def errors() -> None:
    """What does not fit, and an exception of its own."""
    show_all("words.distance('a', 3)", "words.distance('a')", "words.distance('a', 'b', lim=1)", "words.distance('a', 'b', limit=-1)",
             "words.distance('near', 'far away', limit=2)", "issubclass(words.TooFar, ValueError)", "words.Words('abc')",
             "words.Words(['a', None])", "words.Words.__new__(words.Words).nearest('a')", "hash(words.Words([]))")


def meanwhile(work: Callable[[], object], other: Callable[[], str]) -> None:
    """Calls `other` in a thread again and again, until `work` is done, and prints what it said in the middle."""
    over = threading.Event()
    said: list[str] = []

    def run() -> None:
        """What the other thread does."""
        while not over.is_set():
            said.append(other())
            time.sleep(0.001)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        work()
    finally:  # Ctrl-C, too: or the other thread would go on for ever
        over.set()
        thread.join()
    print(f"      {said[len(said) // 2] if len(said) > 10 else 'it had to wait'}")


def buffer() -> None:
    """The GIL is released during a search; a buffer is held."""
    many, word = words.Words(["abcdefgh" * 200] * 2000), "hgfedcba" * 200
    out = array.array("i", [0] * len(many))
    NAMES.update(five=array.array("i", [0] * 5), one=array.array("i", [0]))

    def append() -> str:
        """Makes the array longer, for a moment."""
        try:
            out.append(1)
        except BufferError as error:
            return f"BufferError: {error}"
        out.pop()
        return "it became longer"

    show_all("words.Words(FRUIT).distances_into('grape', five)", "five", "words.Words(FRUIT).distances_into('grape', bytearray(20))",
             "words.Words(FRUIT).distances_into('grape', one)")
    print(">>> many.nearest(word)   # takes long; another thread, meanwhile:")
    meanwhile(lambda: many.nearest(word), lambda: "it runs")
    print(">>> many.distances_into(word, out)   # another thread, out.append(1):")
    meanwhile(lambda: many.distances_into(word, out), append)
    print(f">>> out.append(1)   # afterwards\n      {append()}")


def ctrl_c() -> None:
    """A signal's handler runs in the middle of a comparison."""

    def interrupt(*unused: object) -> None:
        """As Ctrl-C does it."""
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    print(">>> words.distance('ab' * 10**6, 'ba' * 10**6)   # a signal after 0.1 s")
    try:
        words.distance("ab" * 10**6, "ba" * 10**6)
    except KeyboardInterrupt:
        print("      KeyboardInterrupt")


def load(path: str) -> Any:
    """The module `words` of this file, once more."""
    spec = importlib.util.spec_from_file_location("words", path)
    assert spec and spec.loader
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        fail(str(error))
    return module


def state() -> None:
    """One file, two modules: each has its own type and exception."""
    NAMES["again"] = load(words.__file__)
    show_all("again is words", "again.__file__ == words.__file__", "again.Words is words.Words", "again.TooFar is words.TooFar",
             "again.Words(FRUIT) == words.Words(FRUIT)", "again.distance('kitten', 'sitting')")


def abi3() -> None:
    """The same source for all Pythons from 3.11 on."""
    NAMES["stable"] = load(os.path.join(os.path.dirname(words.__file__), "words.abi3.so"))
    show_all("importlib.machinery.EXTENSION_SUFFIXES[1:]", "os.path.basename(stable.__file__)", "stable.distance('kitten', 'sitting')",
             "stable.Words(FRUIT).nearest('aple')")


def nearest(path: str, wanted: Iterable[str]) -> None:
    """Prints which word of a file is nearest to each of these."""
    try:
        with open(path, encoding="utf-8") as file:
            there = words.Words(line.strip() for line in file if line.strip())
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path}: is not UTF-8")
    if not len(there):
        fail(f"{path}: no words in it")
    for word in wanted:
        found, distance = there.nearest(word) or ("", 0)
        print(f"{word}: {found} ({distance})")


SCENES = {"smallest": smallest, "type": the_type, "errors": errors, "buffer": buffer, "ctrl-c": ctrl_c, "state": state, "abi3": abi3}


def main() -> None:
    """Scenes, or work."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["--help"], ["-h"]):
        print((__doc__ or "").strip())
    elif arguments[:1] == ["--nearest"]:
        if len(arguments) < 3:
            fail("--nearest takes a file and words")
        nearest(arguments[1], arguments[2:])
    else:
        for name in arguments:
            if name not in SCENES:
                fail(f"no scene '{name}': {' '.join(SCENES)}")
        for name in arguments or SCENES:
            title = f"{name}: {(SCENES[name].__doc__ or '').strip()}"
            if not arguments or len(arguments) > 1:
                print(f"\n{title}\n{'-' * len(title)}")
            SCENES[name]()


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
