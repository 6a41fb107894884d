"""The twin of twin.c: the same threads, locks and errors on the real threading module, the same lines.

Nothing here depends on time. Where threads meet, each step waits until the one before it has happened:
a Log says what has happened, and until() waits for that.
"""

import threading
from typing import Any, Callable

state = 20231002


def rand(limit: int) -> int:
    """The next number below `limit` of a sequence that twin.c draws as well (Knuth's MMIX LCG)."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % limit


def attempt(what: str, function: Callable[[], Any]) -> None:
    """Prints what the call returns, or its error; of OverflowError, which 3.11.2 and 3.11.7 word differently, the type."""
    try:
        result = function()
        print(f"{what:<34} {result!r}")
    except OverflowError:
        print(f"{what:<34} OverflowError")
    except Exception as error:
        print(f"{what:<34} {type(error).__name__}: {error}")


def title(text: str) -> None:
    """A heading."""
    print(f"\n{text}")


class Log:
    """Lines, numbered as they come; threads write, the main thread waits for how many there are."""

    def __init__(self) -> None:
        """No lines."""
        self.changed = threading.Condition()
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Adds a line."""
        with self.changed:
            self.lines.append(line)
            self.changed.notify_all()

    def until(self, count: int) -> None:
        """Waits for as many lines."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.lines) >= count)

    def show(self, in_order: bool = True) -> None:
        """Prints the lines, sorted where their order is the system's choice, and starts anew."""
        for line in self.lines if in_order else sorted(self.lines):
            print("  " + line)
        self.lines.clear()


log = Log()


def until_waiting(condition: threading.Condition, count: int) -> None:
    """Waits until as many threads are in the condition's queue."""
    waiting = -1
    while waiting != count:
        with condition:
            waiting = len(condition._waiters)  # type: ignore[attr-defined]


def in_thread(what: str, function: Callable[[], Any]) -> None:
    """As attempt(), in a thread of its own."""
    thread = threading.Thread(target=attempt, args=(what, function))
    thread.start()
    thread.join()


# ---- Locks -----------------------------------------------------------------------------------------


def lock_errors() -> None:
    """What a Lock says."""
    title("Lock")
    lock = threading.Lock()
    attempt("locked", lock.locked)
    attempt("release", lock.release)
    attempt("acquire", lock.acquire)
    attempt("locked", lock.locked)
    attempt("acquire(False)", lambda: lock.acquire(False))
    attempt("acquire(timeout=0)", lambda: lock.acquire(True, 0))
    attempt("acquire(timeout=0.001)", lambda: lock.acquire(True, 0.001))
    attempt("acquire(False, 1)", lambda: lock.acquire(False, 1))
    attempt("acquire(False, 0)", lambda: lock.acquire(False, 0))
    attempt("acquire(False, -1)", lambda: lock.acquire(False, -1))
    attempt("acquire(True, -2)", lambda: lock.acquire(True, -2))
    attempt("acquire(True, -0.5)", lambda: lock.acquire(True, -0.5))
    attempt("acquire(True, 1e10)", lambda: lock.acquire(True, 1e10))
    attempt("acquire(True, nan)", lambda: lock.acquire(True, float("nan")))
    attempt("acquire(True, -inf)", lambda: lock.acquire(True, float("-inf")))
    attempt("acquire(True, -1e10)", lambda: lock.acquire(True, -1e10))
    attempt("acquire(False, -inf)", lambda: lock.acquire(False, float("-inf")))
    attempt("acquire(False, 1e300)", lambda: lock.acquire(False, 1e300))
    attempt("acquire(False, nan)", lambda: lock.acquire(False, float("nan")))
    attempt("acquire(False, -2)", lambda: lock.acquire(False, -2))
    in_thread("acquire(False), another thread", lambda: lock.acquire(False))
    in_thread("release, another thread", lock.release)
    attempt("locked", lock.locked)
    attempt("acquire(timeout=1)", lambda: lock.acquire(True, 1))
    attempt("release", lock.release)
    attempt("acquire(True, 9223372036.5)", lambda: lock.acquire(True, 9223372036.5))
    attempt("release", lock.release)
    attempt("release", lock.release)


def rlock_errors() -> None:
    """What an RLock says."""
    title("RLock")
    lock = threading.RLock()
    attempt("release", lock.release)
    attempt("acquire", lambda: bool(lock.acquire()))
    attempt("acquire(False)", lambda: bool(lock.acquire(False)))
    attempt("acquire(True, 1)", lambda: bool(lock.acquire(True, 1)))
    attempt("acquire(False, 1)", lambda: lock.acquire(False, 1))
    attempt("acquire(True, -2)", lambda: lock.acquire(True, -2))
    attempt("acquire(True, 1e10)", lambda: lock.acquire(True, 1e10))
    for _ in range(3):
        in_thread("acquire(False), another thread", lambda: bool(lock.acquire(False)))
        in_thread("release, another thread", lock.release)
        attempt("release", lock.release)

    def both() -> bool:
        """Takes it and gives it back."""
        acquired = bool(lock.acquire(False))
        lock.release()
        return acquired

    in_thread("both, another thread", both)
    attempt("release", lock.release)


# ---- Condition -------------------------------------------------------------------------------------


def condition_errors() -> None:
    """What a Condition says, over both kinds of lock."""
    for what in ("RLock", "Lock"):
        title(f"Condition over a {what}")
        condition = threading.Condition(threading.Lock() if what == "Lock" else None)
        attempt("wait", condition.wait)
        attempt("wait_for, true", lambda: condition.wait_for(lambda: 7))
        attempt("wait_for, false", lambda: condition.wait_for(lambda: 0))
        attempt("notify", condition.notify)
        attempt("notify_all", condition.notify_all)
        attempt("release", condition.release)
        attempt("acquire", lambda: bool(condition.acquire()))
        attempt("wait(0)", lambda: condition.wait(0))
        attempt("wait(-5)", lambda: condition.wait(-5))
        attempt("wait(0.001)", lambda: condition.wait(0.001))
        attempt("wait(1e10)", lambda: condition.wait(1e10))
        attempt("wait_for, false, 0.001", lambda: condition.wait_for(lambda: 0, 0.001))
        attempt("notify", condition.notify)
        attempt("notify(100)", lambda: condition.notify(100))
        attempt("notify(-1)", lambda: condition.notify(-1))
        attempt("wait(0), nothing was saved", lambda: condition.wait(0))
        attempt("release", condition.release)


def wait_in(condition: threading.Condition, number: int) -> None:
    """What a waiter does."""
    with condition:
        result = condition.wait()
        log.write(f"waiter {number} woken: {result}")


def hand_over(lock: Any, sizes: list[int]) -> None:
    """Waiters come one by one and are notified in groups; within a group they return in any order."""
    condition = threading.Condition(lock)
    threads = []
    for i in range(sum(sizes)):
        threads.append(threading.Thread(target=wait_in, args=(condition, i)))
        threads[-1].start()
        until_waiting(condition, i + 1)
    left = sum(sizes)
    for size in sizes:
        with condition:
            condition.notify(size)
            left -= size
            print(f"notify({size}), still waiting: {len(condition._waiters)}")  # type: ignore[attr-defined]
        log.until(size)
        log.show(False)
    for thread in threads:
        thread.join()


def hand_overs() -> None:
    """First come, first woken."""
    title("Condition: hand-over")
    hand_over(None, [1, 1, 1, 1, 1])
    hand_over(threading.Lock(), [2, 1, 3])
    hand_over(threading.RLock(), [1, 2, 0, 2, 1])
    for _ in range(6):
        hand_over(threading.Lock() if rand(2) else None, [rand(4) for _ in range(4)])


def nested_wait() -> None:
    """An RLock held three times is let go of whole, and restored."""
    title("Condition: an RLock held three times")
    condition = threading.Condition()

    def partner() -> None:
        """Takes the lock that is let go of, and notifies."""
        with condition:
            log.write("partner has the lock")
            condition.notify()

    thread = threading.Thread(target=partner)
    for _ in range(3):
        condition.acquire()
    thread.start()
    attempt("wait", condition.wait)
    log.show()
    for _ in range(4):
        attempt("release", condition.release)
    thread.join()


# ---- Event, Semaphore ------------------------------------------------------------------------------


def runner(gun: threading.Event, number: int) -> None:
    """Waits for the gun."""
    log.write(f"runner {number}: {gun.wait()}")


def events() -> None:
    """A flag, and many who wait for it."""
    title("Event")
    gun = threading.Event()
    attempt("is_set", gun.is_set)
    attempt("wait(0)", lambda: gun.wait(0))
    attempt("wait(-1)", lambda: gun.wait(-1))
    attempt("wait(0.001)", lambda: gun.wait(0.001))
    attempt("wait(1e10)", lambda: gun.wait(1e10))
    for _ in range(3):
        threads = [threading.Thread(target=runner, args=(gun, i)) for i in range(5)]
        for thread in threads:
            thread.start()
        until_waiting(gun._cond, 5)  # type: ignore[attr-defined]
        attempt("set", gun.set)
        attempt("clear, at once", gun.clear)
        log.until(5)
        log.show(False)
        for thread in threads:
            thread.join()
    attempt("is_set", gun.is_set)
    attempt("set", gun.set)
    attempt("set", gun.set)
    attempt("is_set", gun.is_set)
    attempt("wait", gun.wait)
    attempt("wait(1e10)", lambda: gun.wait(1e10))
    attempt("clear", gun.clear)
    attempt("wait(0)", lambda: gun.wait(0))


def semaphores() -> None:
    """A number of places."""
    title("Semaphore")
    attempt("Semaphore(-1)", lambda: threading.Semaphore(-1))
    attempt("BoundedSemaphore(-1)", lambda: threading.BoundedSemaphore(-1))
    for what, semaphore in (
        ("Semaphore", threading.Semaphore(2)),
        ("BoundedSemaphore", threading.BoundedSemaphore(2)),
    ):
        title(f"{what}(2)")
        attempt("acquire", semaphore.acquire)
        attempt("acquire(timeout=1)", lambda: semaphore.acquire(timeout=1))
        attempt("acquire(False)", lambda: semaphore.acquire(False))
        attempt("acquire(timeout=0)", lambda: semaphore.acquire(timeout=0))
        attempt("acquire(timeout=-1)", lambda: semaphore.acquire(timeout=-1))
        attempt("acquire(timeout=0.001)", lambda: semaphore.acquire(timeout=0.001))
        attempt("acquire(timeout=1e10)", lambda: semaphore.acquire(timeout=1e10))
        attempt("acquire(False, 1)", lambda: semaphore.acquire(False, 1))
        attempt("release(0)", lambda: semaphore.release(0))
        attempt("release(-1)", lambda: semaphore.release(-1))
        attempt("release(3)", lambda: semaphore.release(3))
        attempt("release", semaphore.release)
        attempt("release(2)", lambda: semaphore.release(2))
        attempt("release", semaphore.release)
        attempt("release", semaphore.release)
        print(f"value {semaphore._value}")


def random_semaphores() -> None:
    """Both kinds, by chance."""
    title("Semaphores, at random")
    free, bounded = threading.Semaphore(3), threading.BoundedSemaphore(3)
    for _ in range(150):
        op, n = rand(4), rand(4)
        if op == 0:
            attempt("acquire(False)", lambda: free.acquire(False))
        elif op == 1:
            attempt(f"release({n})", lambda: free.release(n))
        elif op == 2:
            attempt("bounded acquire(False)", lambda: bounded.acquire(False))
        else:
            attempt(f"bounded release({n})", lambda: bounded.release(n))
        print(f"  {free._value} {bounded._value}")


def random_locks() -> None:
    """A Lock, an RLock and an Event, by chance."""
    title("Locks, at random")
    lock, rlock, event = threading.Lock(), threading.RLock(), threading.Event()
    for _ in range(150):
        op = rand(8)
        if op == 0:
            attempt("lock.acquire(False)", lambda: lock.acquire(False))
        elif op == 1:
            attempt("lock.release", lock.release)
        elif op == 2:
            attempt("rlock.acquire", lambda: bool(rlock.acquire()))
        elif op == 3:
            attempt("rlock.release", rlock.release)
        elif op == 4:
            attempt("event.set", event.set)
        elif op == 5:
            attempt("event.clear", event.clear)
        elif op == 6:
            attempt("event.wait(0)", lambda: event.wait(0))
        else:
            attempt("lock.locked", lock.locked)


# ---- Thread ----------------------------------------------------------------------------------------


def work(_: Any) -> None:
    """Nothing."""


def wait_for(event: threading.Event) -> None:
    """Ends when the event is set."""
    event.wait()


def describe(thread: threading.Thread) -> None:
    """One line about a thread."""
    print(
        f"  {thread.name!r} alive {thread.is_alive()} daemon {thread.daemon} "
        f"ident {'a number' if thread.ident else None}"
    )


def set_daemon(thread: threading.Thread, daemon: bool) -> None:
    """The assignment, as a function."""
    thread.daemon = daemon


def thread_life() -> None:
    """From making it to joining it, and everything that is refused on the way."""
    title("Thread")
    event = threading.Event()
    thread = threading.Thread(target=wait_for, args=(event,))
    describe(thread)
    attempt("join", thread.join)
    attempt("daemon = True", lambda: set_daemon(thread, True))
    describe(thread)
    attempt("daemon = False", lambda: set_daemon(thread, False))
    attempt("active_count", threading.active_count)
    attempt("start", thread.start)
    attempt("active_count", threading.active_count)
    describe(thread)
    attempt("start", thread.start)
    attempt("daemon = True", lambda: set_daemon(thread, True))
    attempt("join(0)", lambda: thread.join(0))
    attempt("join(-1)", lambda: thread.join(-1))
    attempt("join(0.001)", lambda: thread.join(0.001))
    describe(thread)
    event.set()
    attempt("join", thread.join)
    describe(thread)
    attempt("join(1)", lambda: thread.join(1))
    attempt("join", thread.join)
    attempt("start", thread.start)
    attempt("daemon = True", lambda: set_daemon(thread, True))
    attempt("active_count", threading.active_count)
    thread.name = "renamed"
    describe(thread)


def main_thread() -> None:
    """The thread nobody started."""
    title("The main thread")
    main = threading.main_thread()
    describe(main)
    attempt("current_thread is it", lambda: threading.current_thread() is main)
    attempt("get_ident is its", lambda: threading.get_ident() == main.ident)
    attempt("join", main.join)
    attempt("start", main.start)
    attempt("daemon = True", lambda: set_daemon(main, True))
    attempt("active_count", threading.active_count)
    in_thread("main_thread, seen by another", lambda: threading.main_thread().name)
    in_thread("current_thread, of another", lambda: threading.current_thread().name)
    in_thread("its own join", lambda: threading.current_thread().join())
    in_thread("its own start", lambda: threading.current_thread().start())
    in_thread("alive, seen by itself", lambda: threading.current_thread().is_alive())
    in_thread("ident, seen by itself", lambda: threading.current_thread().ident == threading.get_ident())


def names() -> None:
    """How a thread gets its name."""
    title("Names")
    for name in (None, "", "printer", "a name that is longer than the sixteen bytes of a kernel", "é"):
        for target in (work, wait_for, None):
            describe(threading.Thread(target=target, name=name))


def inheritance() -> None:
    """A thread's daemon flag is its creator's."""
    title("Who inherits daemon")
    for daemon in (False, True, False):
        thread = threading.Thread(
            name=f"daemon {daemon}",
            target=lambda: log.write(f"child: daemon {threading.Thread(target=work).daemon}"),
        )
        thread.daemon = daemon
        thread.start()
        thread.join()
        log.show()


def stack_sizes() -> None:
    """The stack of the threads to come; one larger than all addresses is a thread that cannot start."""
    title("stack_size")
    for size in (-1, 1, 1000, 32767, 262144, 1 << 20, 0):
        attempt(f"stack_size({size})", lambda: threading.stack_size(size))
    attempt("stack_size(1 << 47)", lambda: threading.stack_size(1 << 47))
    thread = threading.Thread(target=work, name="too large", args=(None,))
    attempt("start", thread.start)
    describe(thread)
    attempt("join", thread.join)
    attempt("active_count", threading.active_count)
    attempt("stack_size(0)", lambda: threading.stack_size(0) == 1 << 47)
    attempt("start", thread.start)
    attempt("join", thread.join)
    thread = threading.Thread(target=work, name="right", args=(None,))
    attempt("start", thread.start)
    attempt("join", thread.join)
    describe(thread)


def fail(error: Exception) -> None:
    """Ends the thread with an error."""
    raise error


def excepthooks() -> None:
    """An error that nobody catches ends its thread, and is told."""
    title("excepthook")

    def hook(args: Any) -> None:
        """Writes down what it is told."""
        log.write(f"hook, of {args.thread.name!r}: {args.exc_type.__name__}: {args.exc_value}")

    original, threading.excepthook = threading.excepthook, hook
    for i, error in enumerate((ValueError("no such value"), RuntimeError("no way"), IndexError(""))):
        thread = threading.Thread(target=fail, name=f"unlucky {i}", args=(error,))
        attempt("start", thread.start)
        attempt("join", thread.join)
        attempt("is_alive", thread.is_alive)
        log.show()
    threading.excepthook = original


def all_of_them() -> None:
    """enumerate(): the oldest first."""
    title("enumerate")
    event = threading.Event()
    threads = [threading.Thread(target=wait_for, name=f"w{i}", args=(event,)) for i in range(4)]
    for thread in threads:
        thread.start()
    print("  " + " ".join(sorted(thread.name for thread in threading.enumerate())))
    event.set()
    for thread in threads:
        thread.join()
    print("  " + " ".join(thread.name for thread in threading.enumerate()))


# ---- Programs --------------------------------------------------------------------------------------


class Buffer:
    """Room for a few items between a producer and a consumer."""

    def __init__(self, capacity: int) -> None:
        """An empty one."""
        self.capacity = capacity
        self.items: list[int] = []
        self.changed = threading.Condition()

    def put(self, item: int) -> None:
        """Waits for room."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.items) < self.capacity)
            self.items.append(item)
            self.changed.notify_all()

    def get(self) -> int:
        """Waits for an item."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.items) > 0)
            item = self.items.pop(0)
            self.changed.notify_all()
            return item


def producer_consumer() -> None:
    """What goes in comes out, in order."""
    title("Producer and consumer")
    for capacity in (1, 2, 7):
        buffer = Buffer(capacity)
        numbers = [rand(1000) for _ in range(40)]

        def produce(buffer: Buffer = buffer, numbers: list[int] = numbers) -> None:
            """Puts all the numbers."""
            for number in numbers:
                buffer.put(number)

        thread = threading.Thread(target=produce)
        thread.start()
        taken = [buffer.get() for _ in numbers]
        thread.join()
        print(f"  room for {capacity}: {' '.join(map(str, taken))}")


def ping_pong() -> None:
    """Two threads, two semaphores, strict turns."""
    title("Turns")
    semaphores = [threading.Semaphore(0), threading.Semaphore(0)]

    def play(me: int) -> None:
        """Waits for its turn, and gives the other one."""
        for i in range(5):
            semaphores[me].acquire()
            log.write(f"{'pong' if me else 'ping'} {i}")
            semaphores[1 - me].release()

    threads = [threading.Thread(target=play, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    semaphores[0].release()
    for thread in threads:
        thread.join()
    log.show()


def the_end() -> None:
    """The program ends when its last thread that is no daemon does."""
    title("The end of the program")
    never = threading.Event()

    def last() -> None:
        """Outlives the main thread."""
        threading.main_thread().join()
        print(f"  main thread alive: {threading.main_thread().is_alive()}", flush=True)

    daemon = threading.Thread(target=wait_for, args=(never,), name="daemon")
    daemon.daemon = True
    daemon.start()
    describe(daemon)
    threading.Thread(target=last, name="last").start()
    print("  end of main", flush=True)


def main() -> None:
    """The whole program."""
    lock_errors()
    rlock_errors()
    condition_errors()
    hand_overs()
    nested_wait()
    events()
    semaphores()
    random_semaphores()
    random_locks()
    thread_life()
    main_thread()
    names()
    inheritance()
    stack_sizes()
    excepthooks()
    all_of_them()
    producer_consumer()
    ping_pong()
    the_end()


main()
