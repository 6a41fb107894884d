"""bench.py: what bench.c measures, done by Python's multiprocessing: prints nanoseconds, a number a line.

usage: bench.py process COUNT MEGABYTES
       bench.py queue COUNT SIZE
       bench.py pool COUNT CHUNKSIZE      a chunksize of 0 is None
       bench.py scaling COUNT NANOSECONDS of tasks that compute for so long
"""

import multiprocessing
import sys
import time

context = multiprocessing.get_context("fork")


def nothing() -> None:
    """What the child of the first benchmark does."""


def produce(queue: "multiprocessing.queues.Queue[bytes]", count: int, size: int) -> None:
    """Puts `count` messages of `size` bytes."""
    message = bytes(size)
    for _ in range(count):
        queue.put(message)


def bench_process(count: int, megabytes: int) -> int:
    """Starts and joins a process, `count` times, with so much memory besides the interpreter's."""
    ballast = bytearray(b"x" * (megabytes << 20))
    start = time.monotonic_ns()
    for _ in range(count):
        process = context.Process(target=nothing)
        process.start()
        process.join()
    elapsed = time.monotonic_ns() - start
    del ballast
    return elapsed


def bench_queue(count: int, size: int) -> int:
    """Takes `count` messages that a child puts; from the first one, so without the child's start."""
    queue: multiprocessing.queues.Queue[bytes] = context.Queue()
    process = context.Process(target=produce, args=(queue, count + 1, size))
    process.start()
    queue.get()
    start = time.monotonic_ns()
    for _ in range(count):
        queue.get()
    elapsed = time.monotonic_ns() - start
    process.join()
    return elapsed


def task(_: int) -> None:
    """An empty task."""


def bench_pool(count: int, chunksize: int) -> int:
    """Maps an empty task over `count` items, with a worker for each core."""
    with context.Pool() as pool:
        pool.map(task, range(100), 1)
        start = time.monotonic_ns()
        pool.map(task, range(count), chunksize or None)
        return time.monotonic_ns() - start


def busy(nanoseconds: int) -> None:
    """Computes for so long."""
    end = time.monotonic_ns() + nanoseconds
    while nanoseconds and time.monotonic_ns() < end:
        pass


def bench_scaling(count: int, nanoseconds: int) -> int:
    """Maps a task of that length over `count` items, one at a time, with a worker for each core."""
    with context.Pool() as pool:
        pool.map(busy, [0] * 100, 1)
        start = time.monotonic_ns()
        pool.map(busy, [nanoseconds] * count, 1)
        return time.monotonic_ns() - start


BENCHMARKS = {"process": bench_process, "queue": bench_queue, "pool": bench_pool, "scaling": bench_scaling}

if __name__ == "__main__":
    print(BENCHMARKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3])))
