"""Factories and lru_cache on the real Python; twin.c is the same on ours."""

import functools
import gc
from collections.abc import Callable
from typing import Any


def say(label: str, thunk: Callable[[], object]) -> None:
    """Print what it comes to: its repr, or the error."""
    try:
        print(f"{label}: {thunk()!r}")
    except (Exception, RecursionError) as error:
        print(f"{label}: {type(error).__name__}: {error}")


# ---- retry ------------------------------------------------------------------------------------

slept: list[Any] = []


def retry(times: Any, on: Any = Exception, backoff: Any = 0, *, sleep: Any = slept.append) -> Any:
    """Call again what failed."""
    if type(times) is not int:
        raise TypeError(f"times must be an int, not '{type(times).__name__}'")
    if times < 1:
        raise ValueError("times must be at least 1")
    for cls in on if isinstance(on, tuple) else (on,):
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            raise TypeError("on must be an exception class or a tuple of them")
    if type(backoff) not in (int, float):
        raise TypeError(f"backoff must be a number, not '{type(backoff).__name__}'")

    def decorator(func: Any) -> Any:
        """Wrap func."""
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            """Call func, again and again."""
            delay = backoff
            for attempt in range(times):
                try:
                    return func(*args, **kwargs)
                except on:
                    if attempt == times - 1:
                        raise
                sleep(delay)
                delay *= 2

        return wrapper

    return decorator


RETRY = ["", "0", "-1", "True", "'x'", "3", "3, int", "3, OSError", "3, (OSError, ValueError)", "3, (OSError, 5)",
         "3, ()", "3, OSError, 'x'", "3, OSError, None", "3, OSError, 1.5", "3, OSError, 1, 2", "times=3",
         "on=OSError", "3, backoff=1", "3, nope=1", "3, times=3", "3, sleep=None"]


def validation() -> None:
    """What a factory says where the decorator stands."""
    for text in RETRY:
        say(f"retry({text})", lambda: eval(f"retry({text})").__qualname__)


def attempts() -> None:
    """How often, after which delays, and which error goes on."""
    for text in ("1", "2, OSError", "3, OSError, 1", "4, (ValueError, OSError), 0.5", "3, ValueError, 1"):
        for failures in range(5):
            slept.clear()
            calls = 0

            @eval(f"retry({text})")  # type: ignore[misc]
            def fetch(url: int) -> int:
                """Fetch it."""
                nonlocal calls
                calls += 1
                if calls <= failures:
                    raise ConnectionError(f"down {calls}")
                return calls

            say(f"retry({text}), {failures} failures", lambda: fetch(7))
            print(f"  slept {tuple(slept)}, {calls} calls")
            say("  wrong call", lambda: fetch())


def levels() -> None:
    """Who is who, and who remembers what."""
    def fetch() -> None:
        """Fetch it."""

    fetch.__qualname__ = "fetch"
    decorator = retry(3)
    wrapper = decorator(fetch)
    for name, level in ("retry", retry), ("decorator", decorator), ("wrapper", wrapper):
        print(f"{name}: {level.__name__!r} {level.__qualname__!r} {level.__doc__!r}")
        print(f"  free: {level.__code__.co_freevars}")
    print(f"wrapped: {wrapper.__wrapped__ is fetch}")
    print(f"two decorators: {retry(3) is retry(3)}, two wrappers: {decorator(fetch) is wrapper}")


# ---- trace ------------------------------------------------------------------------------------

def trace(func: Any = None, *, label: Any = None, out: Any = print) -> Any:
    """Tell of each call."""
    if func is None:
        return functools.partial(trace, label=label, out=out)
    if not callable(func):
        raise TypeError(f"trace() wants a function, not '{type(func).__name__}'")
    name = func.__qualname__ if label is None else label

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        """Call func, and tell."""
        shown = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())])
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            out(f"{name}({shown}) raised {type(error).__name__}: {error}")
            raise
        out(f"{name}({shown}) -> {result!r}")
        return result

    return wrapper


def both() -> None:
    """With parentheses and without, one above the other."""
    def work(a: Any, b: Any = 2) -> Any:
        """Return the arguments."""
        return (a, b)

    work.__qualname__ = "work"
    made = {"@trace": trace(work), "@trace()": trace()(work), "@trace(label='x')": trace(label="x")(work),
            "two": trace(label="outer")(trace(label="inner")(work))}
    for name, func in made.items():
        print(f"{name}: {func.__name__} {func.__qualname__}")
        for text in ("1", "1, b=3", "", "1, 2, 3", "'a', b=None"):
            say(f"  work({text})", lambda: eval(f"func({text})", {"func": func}))
    for text in ("5", "None", "1, 2", "labels=1"):
        say(f"trace({text})", lambda: callable(eval(f"trace({text})")))


# ---- lru_cache --------------------------------------------------------------------------------

CALLS = ["1", "1.0", "True", "'a'", "x=1", "x=1, y=2", "y=2, x=1", "1, 2", "(1, 2)", "(1,), 2", "1", "None", "{}",
         "1, {}", "x={}", "'a'", "1.5", "'1'", "1, x=1", "1, 'x', 1", "", "0", "False", "0.0", "-1", "1, 2"]
LRU = ["", "5", "0", "-1", "True", "None", "'x'", "1.5", "{}", "3, True", "3, False", "maxsize=3", "typed=True", "size=3",
       "3, maxsize=3", "3, True, 1", "maxsize=None, typed=True", "None, True",
       "3, 'x'", "typed=None"]


def ring(cache: Any) -> list[tuple[Any, Any]]:
    """Key and result of each link, the oldest first: what the collector is told of."""
    seen = gc.get_referents(cache)[1:]
    links = []
    while len(seen) > 2 and type(seen[2]) is type and seen[2].__name__ == "_lru_list_elem":
        links.append((seen[0], seen[1]))
        del seen[:3]
    return links


def show(cache: Any) -> None:
    """The ring and the numbers."""
    links = " ".join(f"{key!r}:{result!r}" for key, result in ring(cache))
    print(f"  ring [{links}]")
    print(f"  {cache.cache_info()}")


def counting() -> Any:
    """A function that returns how often it has run."""
    runs = 0

    def f(*args: Any, **kwargs: Any) -> int:
        """Count."""
        nonlocal runs
        runs += 1
        return runs

    return f


def keys() -> None:
    """Which calls are one call."""
    for maxsize in ("None", "0", "1", "2", "100", "-5"):
        for typed in ("False", "True"):
            cache = eval(f"functools.lru_cache({maxsize}, {typed})(counting())")
            print(f"lru_cache({maxsize}, {typed})")
            for text in CALLS:
                say(f"  f({text})", lambda: eval(f"cache({text})", {"cache": cache}))
            print(f"  {cache.cache_info()} {cache.cache_parameters()}")
            cache.cache_clear()
            print(f"  {cache.cache_info()}")


def decorator() -> None:
    """What lru_cache itself takes."""
    for text in LRU:
        def made() -> Any:
            """The parameters it was made with."""
            return eval(f"functools.lru_cache({text})")(counting()).cache_parameters()

        say(f"lru_cache({text})", made)
    lru_cache: Any = functools.lru_cache
    cache: Any = functools.cache
    say("lru_cache(f)", lambda: lru_cache(counting()).cache_parameters())
    say("cache(f)", lambda: cache(counting()).cache_parameters())
    say("lru_cache(3)(5)", lambda: lru_cache(3)(5))
    info = lru_cache(counting()).cache_info()
    print(info.hits, info.misses, info.maxsize, info.currsize)


def inside() -> None:
    """What the function does to its own cache while it runs."""
    for maxsize in (None, 1, 2, 3):
        for action in ("none", "same", "others", "clear", "raise"):
            depth = 0

            @functools.lru_cache(maxsize)
            def f(n: int) -> int:
                """Act, then square."""
                nonlocal depth
                depth += 1
                if depth == 1 and action == "same":
                    f(n)
                elif depth == 1 and action == "others":
                    for i in range(5):
                        f(i)
                elif depth == 1 and action == "clear":
                    f.cache_clear()
                elif action == "raise" and n % 2:
                    raise ValueError(f"odd {n}")
                return n * n

            print(f"lru_cache({maxsize}), {action}")
            for n in (7, 7, 2, 3, 7, 1):
                depth = min(depth, 1) if n == 1 else 0
                say(f"  f({n})", lambda: f(n))
            show(f)


def fib() -> None:
    """The recursion that everybody caches."""
    for maxsize in (None, 1, 2, 3, 10):
        @functools.lru_cache(maxsize)
        def f(n: int) -> int:
            """The n-th number."""
            return n if n < 2 else f(n - 1) + f(n - 2)

        say(f"fib, {maxsize}", lambda: f(15))
        show(f)


class Key:
    """A key that does something when it is compared, once."""

    action = ""
    cache: Any = None

    def __init__(self, n: int) -> None:
        """Keys of one n are equal; all have one hash."""
        self.n = n

    def __hash__(self) -> int:
        """The same for all."""
        return 42

    def __eq__(self, other: object) -> bool:
        """Compares n, after the action."""
        action, Key.action = Key.action, ""
        if action == "same":
            Key.cache(other)
        elif action == "clear":
            Key.cache.cache_clear()
        elif action == "fill":
            for i in range(5):
                Key.cache(i)
        elif action == "raise":
            raise RuntimeError("no")
        return isinstance(other, Key) and self.n == other.n

    def __repr__(self) -> str:
        """Key(n)."""
        return f"Key({self.n})"


def hooks() -> None:
    """A comparison that calls back into the cache that compares."""
    for maxsize in (1, 2, 3):
        for action in ("", "same", "clear", "fill", "raise"):
            for second in (1, 2):
                Key.cache = functools.lru_cache(maxsize)(counting())
                print(f"lru_cache({maxsize}), {action}, {second}")
                say("  f(Key(1))", lambda: Key.cache(Key(1)))
                Key.action = action
                say("  f(Key)", lambda: Key.cache(Key(second)))
                show(Key.cache)
                say("  f(Key(1))", lambda: Key.cache(Key(1)))
                say("  f(5)", lambda: Key.cache(5))
                show(Key.cache)


def at_random() -> None:
    """The order of the ring after 10^5 calls."""
    for maxsize in (1, 7, 100):
        state = 1
        cache = functools.lru_cache(maxsize)(counting())
        for i in range(100000):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            key = (state >> 33) % 150
            if key % 3 == 0:
                cache(key)
            elif key % 3 == 1:
                cache(str(key))
            else:
                cache(key, 2)
            if i % 20000 == 19999:
                show(cache)


def methods() -> None:
    """A cached method: the instance is part of the key, and stays."""
    class C:
        """A class with a cached method."""
        @functools.lru_cache(2)
        def m(self, n: int) -> int:
            """Work."""
            return n

        def __del__(self) -> None:
            """Tell."""
            print("  gone")

    for n in (1, 2, 3):
        c = C()
        print(f"  {c.m(n)} {c.m(n)}")
        print(f"  {C.m.cache_info()}")
        del c
    m: Any = C.m
    m.cache_clear()
    print(f"  {m.__name__} {m.__doc__} {type(C().m).__name__}")


for section in (validation, attempts, levels, both, keys, decorator, inside, fib, hooks, at_random, methods):
    print(f"---- {section.__name__}")
    section()
