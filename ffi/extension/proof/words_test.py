"""The tests of the module `words`: against the same in pure Python (pure.py), and what only C can get wrong.

usage: words_test.py words.*.so [unittest's arguments]     for any Python from 3.11 on that can load the file
"""

import array
import contextlib
import ctypes
import gc
import importlib.machinery
import importlib.util
import inspect
import itertools
import operator
import os
import pydoc
import random
import signal
import sys
import threading
import time
import unittest
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pure

PATH = ""  # the file to be tested


def load() -> Any:
    """A new module from the file: each has its own state."""
    loader = importlib.machinery.ExtensionFileLoader("words", PATH)
    spec = importlib.util.spec_from_file_location("words", PATH, loader=loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Text(str):
    """A str of another type."""


class Index:
    """Stands for a number, or raises."""

    def __init__(self, value: object) -> None:
        """What __index__() will give."""
        self.value = value

    def __index__(self) -> int:
        """The number."""
        if isinstance(self.value, Exception):
            raise self.value
        return self.value  # type: ignore[return-value]


def outcome(call: Callable[[], object]) -> str:
    """The result or the error, as text. C's types have their module in their names, and say so in errors."""
    try:
        text = repr(call())
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    return text.replace("words.Words", "Words")


LONG = "".join(chr(97 + i * i % 23) for i in range(200))
TEXTS = ["", "a", "b", "kitten", "sitting", "Straße", "日本語", "😀x", "\ud800", "a\0b", Text("kitten"), "a" * 64, LONG[:65], LONG]
OTHERS = [None, 1, 1.5, b"kitten", ["a"]]
LIMITS = [None, 0, 3, True, -1, sys.maxsize, 2**63, -(2**70), "3", 1.5, Index(3), Index(KeyError("k")), Index("3")]
LISTS: list[object] = [[], ["a"], ("spam", "ham", "eggs"), {"k": 1}, "text", 1, None, ["a", 1], [b"a"], TEXTS, [Text("t")], range(2)]


def distances(module: Any) -> Iterator[str]:
    """Every pair of arguments, every limit, every wrong call."""
    for a, b in itertools.product(TEXTS + OTHERS, repeat=2):
        yield outcome(lambda: module.distance(a, b))
    for limit, (a, b) in itertools.product(LIMITS, [("kitten", "sitting"), ("a", "a"), (1, "a")]):
        yield outcome(lambda: module.distance(a, b, limit=limit))
    for args, kwargs in itertools.product([(), ("a",), ("a", "b"), ("a", "b", 3)], [{}, {"limit": 1}, {"x": 1}, {"a": "a"}]):
        yield outcome(lambda: module.distance(*args, **kwargs))


def buffers() -> Iterator[object]:
    """What distances_into() is given."""
    for code in "bBhiIlqfd":
        yield array.array(code, [0] * 8)
    ints = array.array("i", range(8))
    view = memoryview(ints)
    yield from (ints[:1], ints[:2], view, view[:3], view[::2], view.toreadonly(), view.cast("B").cast("i", [2, 4]))
    yield from (b"12345678", bytearray(32), (ctypes.c_int * 8)(), 1, None, "text", [0] * 8)


def lists(module: Any) -> Iterator[str]:
    """Everything that a Words does, for every list."""
    for words in LISTS:
        yield outcome(lambda: module.Words(words))
        try:
            self = module.Words(words)
        except TypeError:
            continue
        yield from (outcome(lambda: list(self)), outcome(lambda: len(self)), outcome(lambda: bool(self)))
        for index in (0, 1, -1, -2, len(self), -len(self) - 1, True, Index(0), 2**70, "0", 1.0, slice(1), None):
            yield outcome(lambda: self[index])
        for word in TEXTS + OTHERS:
            yield outcome(lambda: self.nearest(word))
        for buffer in buffers():
            yield outcome(lambda: self.distances_into("spam", buffer))
            if not isinstance(buffer, (memoryview, ctypes.Array)):
                yield repr(buffer)
        yield from (outcome(lambda: self.searches), outcome(lambda: self.longest))
        others = [module.Words(list(self)), module.Words(["other"]), self, list(self), None]
        for compare in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
            yield from (outcome(lambda: getattr(self, compare)(other)) for other in others)
        yield from (outcome(lambda: self == others[0]), outcome(lambda: self != others[0]), outcome(lambda: self < self))


def wrong_calls(module: Any) -> Iterator[str]:
    """Calls with too much or too little, attributes that cannot be set, an object without __init__()."""
    self, bare = module.Words(["a"]), module.Words.__new__(module.Words)
    for args, kwargs in itertools.product([(), (["a"],), (["a"], 2)], [{}, {"words": ["b"]}, {"x": 1}]):
        yield outcome(lambda: module.Words(*args, **kwargs))
    for method, arguments in itertools.product((self.nearest, self.distances_into), [(), ("a",), ("a", "b"), (1, 2, 3)]):
        yield outcome(lambda: method(*arguments))
        yield outcome(lambda: method(*arguments, word="a"))
    for name in ("longest", "searches"):
        yield from (outcome(lambda: setattr(self, name, 1)), outcome(lambda: delattr(self, name)))
    yield outcome(lambda: hash(self))
    uses: list[Callable[[Any], object]] = [
        repr, len, list, bool, hash, lambda w: w[0], lambda w: w.longest, lambda w: w.searches, lambda w: w.nearest("a"),
        lambda w: w.distances_into("a", array.array("i")), lambda w: w == w, lambda w: w == self, lambda w: self != w]
    for use in uses:
        yield outcome(lambda: use(bare))


class Twin(unittest.TestCase):
    """In C and in Python: the same text for the same call."""

    def same(self, lines: Callable[[Any], Iterator[str]], least: int) -> None:
        """Compares all lines, of which there are not fewer than `least`."""
        ours, theirs = list(lines(load())), list(lines(pure))
        self.assertEqual(ours, theirs)
        self.assertGreaterEqual(len(ours), least)

    def test_distances(self) -> None:
        """Of all pairs."""
        self.same(distances, 400)

    def test_lists(self) -> None:
        """Of all lists."""
        self.same(lists, 600)

    def test_wrong_calls(self) -> None:
        """Their messages."""
        self.same(wrong_calls, 30)

    def test_random_pairs(self) -> None:
        """Random texts on both sides of EDIT_WORD, of few characters, so that many match."""
        module, seed = load(), int(os.environ.get("SEED", time.time_ns() % 10**9))
        draw = random.Random(seed)
        for _ in range(1500):
            alphabet = draw.choice(["ab", "abcdefgh", "aß日😀", "\x00\xff\u0100\u0161a"])
            size = draw.choice([3, 10, 63, 66, 90, 140])
            a, b = ("".join(draw.choices(alphabet, k=draw.randrange(size + 1))) for _ in "ab")
            self.assertEqual(module.distance(a, b), pure.edit_distance(a, b), f"SEED={seed} {a!r} {b!r}")

    def test_signatures_and_help(self) -> None:
        """What help() says below its title, which tells a builtin; what inspect finds."""
        module = load()
        for name in ("distance", "Words.nearest", "Words.distances_into"):
            ours, theirs = (operator.attrgetter(name)(side) for side in (module, pure))
            self.assertEqual(inspect.signature(ours), inspect.signature(theirs))
            self.assertEqual(inspect.getdoc(ours), inspect.getdoc(theirs))
            texts = [pydoc.plain(pydoc.render_doc(f)).partition("\n\n")[2] for f in (ours, theirs)]
            self.assertEqual(texts[0].replace(" unbound words.Words method", ""), texts[1])  # said from 3.13 on
            self.assertNotEqual(texts[0], "")
        for name in ("Words", "TooFar", "Words.longest", "Words.searches"):
            ours, theirs = (operator.attrgetter(name)(side) for side in (module, pure))
            self.assertEqual(inspect.getdoc(ours), inspect.getdoc(theirs))
        self.assertEqual(str(inspect.signature(module.Words)), "(words)")
        self.assertEqual([name for name in dir(module) if name[0] != "_"], ["TooFar", "Words", "distance"])


class Module(unittest.TestCase):
    """The module as a thing: its state, its life."""

    def test_file(self) -> None:
        """It is the file that was asked for."""
        self.assertEqual(load().__file__, PATH)

    def test_two_modules(self) -> None:
        """Each with a type and an exception of its own, which live as long as they are needed."""
        one, two = load(), load()
        self.assertIsNot(one.Words, two.Words)
        self.assertIsNot(one.TooFar, two.TooFar)
        self.assertNotEqual(one.Words(["a"]), two.Words(["a"]))
        with self.assertRaises(one.TooFar):
            one.distance("a", "b", limit=0)
        function = one.distance
        del one
        gc.collect()
        self.assertEqual(outcome(lambda: function("a", "b", limit=0)), "TooFar: distance 1 is more than 0")

    def test_collected(self) -> None:
        """Module and type hold each other; a Words can hold itself, by a word of a subclass. The collector frees both."""
        module = load()
        word = Text("self")
        word.words = module.Words([word])  # type: ignore[attr-defined]
        seen = [weakref.ref(module.Words), weakref.ref(module.TooFar), weakref.ref(word)]
        del word, module
        gc.collect()
        self.assertEqual([reference() for reference in seen], [None, None, None])

    def test_subclass(self) -> None:
        """With attributes and a method of its own, and a repr of C's."""
        class More(load().Words):  # type: ignore[misc] # a class made while it runs
            """One more method."""

            def first(self) -> object:
                """The first word."""
                return self[0]

        more = More(["b", "a"])
        more.note = "noted"
        self.assertEqual((more.first(), sorted(more), more.note, repr(more)), ("b", ["a", "b"], "noted", "Words(['b', 'a'])"))
        self.assertNotEqual(more, load().Words(["b", "a"]))

    def test_subinterpreter(self) -> None:
        """Each interpreter has its own; from 3.12 on also with a GIL of its own."""
        import_it = (f"import sys; sys.path.insert(0, {os.path.dirname(PATH)!r}); import words; "
                     "w = words.Words(['ham']); assert w.nearest('spam') == ('ham', 2)")
        interpreters = importlib.import_module("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
        other = interpreters.create()
        self.assertIsNone(interpreters.run_string(other, import_it))
        interpreters.destroy(other)


class Hooks(unittest.TestCase):
    """User code that changes the very object that called it."""

    def test_equality(self) -> None:
        """A word's __eq__() calls __init__() of both lists, while they are compared."""
        class Word(str):
            """Compares once, and empties the lists."""

            __hash__ = str.__hash__

            def __eq__(self, other: object) -> bool:
                """Empties them."""
                one.__init__(())
                two.__init__(())
                gc.collect()
                return True

        Words = load().Words
        one, two = Words([Word("a"), Word("b")]), Words([Word("c"), Word("d")])
        self.assertTrue(one == two)
        self.assertEqual(len(one), 0)

    def test_repr(self) -> None:
        """A word's repr() shows the list, and empties it."""
        class Word(str):
            """Shows its list."""

            def __repr__(self) -> str:
                """The list's repr."""
                text = repr(words)
                words.__init__(())
                return text

        words = load().Words([Word("a"), Word("b")])
        self.assertEqual(repr(words), "Words([Words(...), Words(...)])")
        self.assertEqual(repr(words), "Words([])")

    def test_iterable(self) -> None:
        """An iterable that fails, or uses the object half-way: it stays as it was."""
        words = load().Words(["old"])

        def items() -> Iterator[object]:
            """Looks, then fails."""
            self.assertEqual(words.nearest("old"), ("old", 0))
            yield "new"
            raise KeyError("no more")

        self.assertEqual(outcome(lambda: words.__init__(items())), "KeyError: 'no more'")
        self.assertEqual(list(words), ["old"])
        iterator = iter(words)
        words.__init__(["other"])
        self.assertEqual(list(iterator), ["old"])

    @unittest.skipIf(sys.version_info < (3, 12), "a class of Python exports buffers from 3.12 on")
    def test_buffer(self) -> None:
        """Exporting one makes the list longer than the buffer."""
        class Exporter:
            """A buffer of one int."""

            def __buffer__(self, flags: int) -> memoryview:
                """Gives it, and grows the list."""
                words.__init__(["a"] * 100000)
                return memoryview(ints)

        ints = array.array("i", [7, 7])
        words = load().Words(["abc"])
        words.distances_into("a", Exporter())
        self.assertEqual((ints[0], ints[1], len(words)), (2, 7, 100000))

    def test_index(self) -> None:
        """The limit's __index__() raises: nothing is lost."""
        self.assertEqual(outcome(lambda: load().distance(Text("a"), "b", limit=Index(OSError("no")))), "OSError: no")


class WithoutGil(unittest.TestCase):
    """Long work: other threads run, Ctrl-C ends it, a buffer stays where it is."""

    ints: "array.array[int]"

    def long_calls(self) -> list[Callable[[], object]]:
        """Each would take minutes."""
        module = load()
        far = "ab" * 10**6
        words = module.Words(["a" * 50000] * 500)
        self.ints = array.array("i", [0] * 500)
        return [lambda: module.distance(far, "ba" * 10**6), lambda: words.nearest("b" * 50000),
                lambda: words.distances_into("b" * 50000, self.ints)]

    @contextlib.contextmanager
    def soon(self, action: Callable[[], object]) -> Iterator[None]:
        """Does it from another thread a little later: which needs the GIL to run at all."""
        timer = threading.Timer(0.3, action)
        timer.start()
        yield
        timer.join()

    def test_interrupted(self) -> None:
        """Each call ends in KeyboardInterrupt within a second or two."""
        for call in self.long_calls():
            start = time.monotonic()
            with self.soon(lambda: os.kill(os.getpid(), signal.SIGINT)), self.assertRaises(KeyboardInterrupt):
                call()
            self.assertLess(time.monotonic() - start, 20)  # of minutes; a busy machine may be slow
        self.ints.append(1)  # the buffer was given back

    def test_handler(self) -> None:
        """A handler that raises nothing lets the work go on; one that raises ends it with that."""
        def handler(*args: object) -> None:
            """Notes the signal; the second ends it."""
            calls.append(1)
            if len(calls) == 2:
                raise TimeoutError("long enough")
            signal.setitimer(signal.ITIMER_REAL, 0.1)

        calls: list[int] = []
        call = self.long_calls()[0]
        old = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            self.assertEqual(outcome(call), "TimeoutError: long enough")
        finally:
            signal.signal(signal.SIGALRM, old)
        self.assertEqual(len(calls), 2)

    def test_buffer_meanwhile(self) -> None:
        """The buffer cannot be resized while it fills; afterwards it can. __init__() may be called meanwhile."""
        ints = array.array("i", [-1] * 3000)
        words = load().Words(["a" * 5000] * 3000)
        seen: list[str] = []

        def meddle() -> None:
            """Grows the array, and replaces the words."""
            seen.append(outcome(lambda: ints.append(1)))
            words.__init__(["x"])

        with self.soon(meddle):
            words.distances_into("b" * 4000, ints)
        self.assertEqual(seen, ["BufferError: cannot resize an array that is exporting buffers"])
        self.assertEqual((set(ints), list(words)), ({5000}, ["x"]))
        ints.append(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background has it ignored
    PATH = os.path.abspath(sys.argv.pop(1))
    unittest.main()
