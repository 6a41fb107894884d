"""CPython's side of bench.c: the same work on the real threading module, timed by its own clock.

usage: bench.py OPERATION N      prints the nanoseconds that N of them took
"""

import sys
import threading
from time import perf_counter_ns


def uncontended(n: int) -> int:
    """N times acquire() and release() of a Lock that nobody else wants, as bound methods."""
    lock = threading.Lock()
    acquire, release = lock.acquire, lock.release
    start = perf_counter_ns()
    for _ in range(n):
        acquire()
        release()
    return perf_counter_ns() - start


def reentrant(n: int) -> int:
    """The same with an RLock."""
    lock = threading.RLock()
    acquire, release = lock.acquire, lock.release
    start = perf_counter_ns()
    for _ in range(n):
        acquire()
        release()
    return perf_counter_ns() - start


def contended(n: int) -> int:
    """N acquisitions of one Lock, shared out among four threads, an addition under each."""
    lock = threading.Lock()
    total = 0

    def work() -> None:
        """One thread's share."""
        nonlocal total
        for _ in range(n // 4):
            with lock:
                total += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    start = perf_counter_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return perf_counter_ns() - start


def start_join(n: int) -> int:
    """N threads, one after the other."""
    start = perf_counter_ns()
    for _ in range(n):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    return perf_counter_ns() - start


def wake_up(n: int) -> int:
    """N hand-overs by Event: n / 2 times there and back."""
    events = [threading.Event(), threading.Event()]

    def partner() -> None:
        """Hands over in the other direction."""
        for _ in range(n // 2):
            events[0].wait()
            events[0].clear()
            events[1].set()

    thread = threading.Thread(target=partner)
    thread.start()
    start = perf_counter_ns()
    for _ in range(n // 2):
        events[0].set()
        events[1].wait()
        events[1].clear()
    elapsed = perf_counter_ns() - start
    thread.join()
    return elapsed


def main() -> None:
    """Runs the operation named."""
    operations = {
        "uncontended": uncontended,
        "RLock": reentrant,
        "contended": contended,
        "start+join": start_join,
        "wake-up": wake_up,
    }
    print(operations[sys.argv[1]](int(sys.argv[2])))


main()
