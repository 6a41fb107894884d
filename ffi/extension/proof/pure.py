"""The module `words` once more, in pure Python: what words_test.py compares with the one in C.

A function in C counts its arguments in words of its own; as_in_c() says them. All else is what Python says itself.
"""

import functools
import operator
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class TooFar(ValueError):
    """Two words are further apart than the limit."""


def as_in_c(count: int, words: str, qualified: bool = False, first: int = 0) -> Callable[[Function], Function]:
    """Refuses a wrong count of arguments, behind the `first` ones, and unknown keywords, as C does."""

    def decorate(function: Function) -> Function:
        """Wraps the function; inspect and pydoc see through that."""
        shown = function.__qualname__ if qualified else function.__name__
        keywords = function.__kwdefaults__ or {}

        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> object:
            """Counts, then calls."""
            given = len(args) - first
            if kwargs and not keywords:
                raise TypeError(f"{function.__qualname__}() takes no keyword arguments")
            if given != count:
                raise TypeError(f"{shown}() takes exactly {words} ({given} given)")
            for unknown in kwargs.keys() - keywords:
                raise TypeError(f"{shown}() got an unexpected keyword argument '{unknown}'")
            return function(*args, **kwargs)

        return cast(Function, call)

    return decorate


def must_be_str(what: str, value: object) -> None:
    """TypeError unless it is."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be str, not {type(value).__name__}")


def edit_distance(a: str, b: str) -> int:
    """Row by row over the table of the distances of all beginnings."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, d in enumerate(b, 1):
            above, row[j] = row[j], min(above + (c != d), row[j] + 1, row[j - 1] + 1)
    return row[-1]


@as_in_c(2, "2 positional arguments")
def distance(a, b, /, *, limit=None):  # type: ignore[no-untyped-def] # annotations would show in help()
    """How many characters must be inserted, removed or replaced to turn a into b.

    Raises TooFar if that is more than limit."""
    if limit is not None:
        most = operator.index(limit)
        if not -sys.maxsize - 1 <= most <= sys.maxsize:
            raise OverflowError(f"cannot fit '{type(limit).__name__}' into an index-sized integer")
        if most < 0:
            raise ValueError("limit must not be negative")
    must_be_str("a", a)
    must_be_str("b", b)
    found = edit_distance(a, b)
    if limit is not None and found > most:
        raise TooFar(f"distance {found} is more than {most}")
    return found


def int_buffer(buffer: Any, count: int) -> memoryview:
    """A writable view of at least so many C ints."""
    try:
        view = memoryview(buffer)
    except TypeError as error:
        raise TypeError(str(error).removeprefix("memoryview: ")) from None
    if view.readonly:
        view_of_view = isinstance(buffer, memoryview)
        raise BufferError("memoryview: underlying buffer is not writable" if view_of_view else "Object is not writable.")
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    if view.ndim != 1 or view.itemsize != 4 or view.format.removeprefix("@") != "i":
        raise TypeError(f"a buffer of C ints ('i') in 1 dimension is needed, not of '{view.format}' in {view.ndim}")
    if len(view) < count:
        raise ValueError(f"{count} ints are needed, the buffer has {len(view)}")
    return view


def read_only(words: str) -> Callable[[Callable[[Any], int]], property]:
    """A property that refuses to be set or deleted in the words of a getset or a member."""

    def refuse(*args: object) -> None:
        """In their words."""
        raise AttributeError(words)

    return lambda getter: property(getter, refuse, refuse)


class Words:
    """Words to be searched: any iterable of str."""

    __slots__ = ("_words", "_searches")
    _words: tuple[str, ...] | None
    _searches: int
    __hash__ = None  # type: ignore[assignment]

    def __new__(cls, *args: object, **kwargs: object) -> "Words":
        """Without words as yet."""
        self = super().__new__(cls)
        self._words, self._searches = None, 0
        return self

    def __init__(self, *args: object, **kwargs: object) -> None:
        """As "O:Words" with one name takes them."""
        given = len(args) + len(kwargs)
        if given > 1:
            raise TypeError(f"Words() takes at most 1 {'' if args else 'keyword '}argument ({given} given)")
        if not args and "words" not in kwargs:
            raise TypeError("Words() missing required argument 'words' (pos 1)")
        words = cast(Iterable[str], (*args, *kwargs.values())[0])
        if isinstance(words, str):
            raise TypeError("words must be an iterable of str, not a str")
        words = tuple(words)
        for i, word in enumerate(words):
            must_be_str(f"word {i}", word)
        self._words = words

    def _all(self) -> tuple[str, ...]:
        """The words."""
        if self._words is None:
            raise RuntimeError("Words.__init__() was not called")
        return self._words

    @reprlib.recursive_repr("Words(...)")
    def __repr__(self) -> str:
        """A call that makes an equal one."""
        return f"Words({list(self._all())!r})"

    def __eq__(self, other: object) -> bool:
        """Of the same type, the same words in the same order."""
        if type(self) is not type(other):
            return NotImplemented
        return self._all() == cast(Words, other)._all()

    def __ne__(self, other: object) -> bool:
        """The contrary; in C both are one function."""
        if type(self) is not type(other):
            return NotImplemented
        return self._all() != cast(Words, other)._all()

    def __iter__(self) -> Iterator[str]:
        """Over the words that there are now."""
        return iter(self._all())

    def __len__(self) -> int:
        """How many words."""
        return len(self._all())

    def __getitem__(self, index: int, /) -> str:
        """One word; no slices."""
        if not hasattr(index, "__index__"):
            raise TypeError(f"sequence index must be integer, not '{type(index).__name__}'")
        at = operator.index(index)
        if not -sys.maxsize - 1 <= at <= sys.maxsize:
            raise IndexError(f"cannot fit '{type(index).__name__}' into an index-sized integer")
        words = self._all()
        if not -len(words) <= at < len(words):
            raise IndexError("Words index out of range")
        return words[at]

    @read_only("attribute 'longest' of 'Words' objects is not writable")
    def longest(self) -> int:
        """the length of the longest word"""
        return max(map(len, self._all()), default=0)

    @read_only("readonly attribute")
    def searches(self) -> int:
        """how often these words were searched"""
        return self._searches

    @as_in_c(1, "one argument", qualified=True, first=1)
    def nearest(self, word, /):  # type: ignore[no-untyped-def]
        """The word nearest to this one, the first if there are several, and its distance.

        None if there are no words."""
        words = self._all()
        must_be_str("word", word)
        self._searches += 1
        return min(((w, edit_distance(w, word)) for w in words), key=operator.itemgetter(1), default=None)

    @as_in_c(2, "2 arguments", first=1)
    def distances_into(self, word, buffer, /):  # type: ignore[no-untyped-def]
        """Writes the distance of each word to this one into a buffer of C ints, as of array('i').

        Other threads run meanwhile. They see the buffer fill, and cannot resize it."""
        words = self._all()
        must_be_str("word", word)
        with int_buffer(buffer, len(words)) as view:
            self._searches += 1
            for i, w in enumerate(words):
                view[i] = edit_distance(w, word)
