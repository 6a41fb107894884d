"""The peers of bench.c that run Python: asyncio on its own loop, or on uvloop.

usage: bench.py asyncio|uvloop OPERATION TASKS ROUNDS     prints nanoseconds (of memory: bytes)
"""

from __future__ import annotations

import asyncio
import sys
import tracemalloc
from time import perf_counter_ns


async def spin(rounds: int) -> None:
    """Gives way so many times."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def switch(tasks: int, rounds: int) -> int:
    """Tasks that give way to each other."""
    start = perf_counter_ns()
    await asyncio.gather(*[spin(rounds) for _ in range(tasks)])
    return perf_counter_ns() - start


async def sleep(tasks: int, rounds: int) -> int:
    """A gather() of sleeps, so many times."""
    start = perf_counter_ns()
    for _ in range(rounds):
        await asyncio.gather(*[asyncio.sleep(0.001) for _ in range(tasks)])
    return perf_counter_ns() - start


async def memory(tasks: int, rounds: int) -> int:
    """What so many tasks take that wait for their turn."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    waiting = [asyncio.create_task(spin(2)) for _ in range(tasks)]
    await asyncio.sleep(0)
    size = tracemalloc.get_traced_memory()[0] - before - sys.getsizeof(waiting)
    tracemalloc.stop()
    return size


def main() -> None:
    """One measurement."""
    who, operation, tasks, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if who == "uvloop":
        import uvloop

        uvloop.install()
    print(asyncio.run({"switch": switch, "sleep": sleep, "memory": memory}[operation](tasks, rounds)))


if __name__ == "__main__":
    main()
