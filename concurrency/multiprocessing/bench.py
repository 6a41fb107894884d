"""bench.py: what bench.c measures, done by Python's multiprocessing: prints nanoseconds, a number a line.

usage: bench.py process COUNT MEGABYTES
       bench.py queue COUNT SIZE
       bench.py pool COUNT CHUNKSIZE      a chunksize of 0 is None
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


if __name__ == "__main__":
    what, number, other = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print({"process": bench_process, "queue": bench_queue, "pool": bench_pool}[what](number, other))
