"""The twin of pool_twin.c: the pool's part of twin.py."""

import multiprocessing
import multiprocessing.pool
from collections.abc import Callable

context = multiprocessing.get_context("fork")


def heading(text: str) -> None:
    """An empty line and a title."""
    print(f"\n{text}:")


def attempt(what: str, function: Callable[[], object]) -> None:
    """Prints what the call returns, or its error."""
    try:
        print(f"{what:<28} {function()}")
    except Exception as error:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        print(f"{what:<28} {text}")


def square(n: int) -> int:
    """The square of n."""
    return n * n


def no_sevens(n: int) -> int:
    """n + 1, unless it ends in 7."""
    if n % 10 == 7:
        raise ValueError(f"no {n}")
    return n + 1


def worker_name(_: int) -> str:
    """Who does it; the processes' numbers go on from what the program started before."""
    process = multiprocessing.current_process()
    return f"{process.name.split('-')[0]}, daemon {process.daemon}"


def start_a_child(_: int) -> None:
    """What a worker may not do."""
    context.Process(target=square, args=(3,)).start()


def maps() -> None:
    """Sizes, chunks, workers: always the same results in the same order."""
    heading("map")
    for workers in (1, 2, 3):
        with context.Pool(workers) as pool:
            for count in (0, 1, 2, 7, 20):
                for chunksize in (None, 1, 3, 50):
                    result = pool.map(square, range(count), chunksize)
                    print(f"{workers} workers, {count} items, chunks of {chunksize}: {result}")
            print(f"apply {pool.apply(square, (12,))}")
            print(f"imap {list(pool.imap(square, range(9), 2))}")
            print(f"imap_unordered, sorted {sorted(pool.imap_unordered(square, range(9)))}")
            print(f"a worker is {pool.apply(worker_name, (0,))}")


def errors() -> None:
    """What comes back when the function raises."""
    heading("errors")
    with context.Pool(2) as pool:
        attempt("map of 5", lambda: pool.map(no_sevens, range(5)))
        attempt("map of 8", lambda: pool.map(no_sevens, range(8)))
        attempt("map of 5 again", lambda: pool.map(no_sevens, range(5)))
        attempt("apply 17", lambda: pool.apply(no_sevens, (17,)))
        attempt("apply 18", lambda: pool.apply(no_sevens, (18,)))
        attempt("a child of a worker", lambda: pool.map(start_a_child, [1]))
        walk = pool.imap(no_sevens, range(5, 10))
        for _ in range(6):
            attempt("next of imap", lambda: next(walk))
    attempt("Pool(0)", lambda: context.Pool(0))
    attempt("Pool(-1)", lambda: context.Pool(-1))


def results() -> None:
    """Asynchronous results, and what a pool refuses."""
    heading("results")
    pool = context.Pool(2)
    good = pool.map_async(no_sevens, [1, 2, 3])
    bad = pool.map_async(no_sevens, [6, 7, 8])
    good.wait()
    bad.wait(60)
    for name, result in (("good", good), ("bad", bad)):
        attempt(f"{name} ready", result.ready)
        attempt(f"{name} successful", result.successful)
        attempt(f"{name} get", result.get)
        attempt(f"{name} get again", lambda: result.get(timeout=0))
    attempt("join", pool.join)
    one = pool.apply_async(no_sevens, (41,))
    pool.close()
    attempt("map after close", lambda: pool.map(square, [1]))
    attempt("apply after close", lambda: pool.apply(square, (1,)))
    attempt("imap after close", lambda: pool.imap(square, [1]))
    attempt("join", pool.join)
    attempt("begun before close", one.get)
    attempt("join again", pool.join)
    pool = context.Pool(1)
    pool.terminate()
    attempt("map after terminate", lambda: pool.map(square, [1]))
    attempt("join after terminate", pool.join)


def main() -> None:
    """All scenes of the pool."""
    maps()
    errors()
    results()
