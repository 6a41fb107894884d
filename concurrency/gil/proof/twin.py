"""The twin of twin.c: the same programs in threads of the real interpreter, printing the same lines.

Where threads meet here, locks or pipes decide the order, so the output is the same on every run.
"""

import ctypes
import dis
import os
import sys
import threading
from typing import Any, Callable

state = 20231117
counter = 0
limit = 0
log: list[int] = []
acquire: Callable[..., bool] = threading.Lock().acquire
release: Callable[[], None] = lambda: None

# Where 3.10 and later look at the eval breaker. A CALL looks if the callee is a C function, and if it is
# not, the callee's RESUME does.
CHECKS = {"RESUME", "JUMP_BACKWARD", "CALL"}
SHOWN = CHECKS | {"LOAD_GLOBAL", "STORE_GLOBAL", "BINARY_OP", "COMPARE_OP", "GET_ITER", "FOR_ITER"}


def rand(below: int) -> int:
    """The next number below `below` of a sequence that twin.c draws as well (Knuth's MMIX LCG)."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % below


def run(*threads: tuple[Callable[..., Any], tuple[int, ...]]) -> None:
    """Runs each function in a thread of its own and waits for all."""
    started = [threading.Thread(target=function, args=args) for function, args in threads]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


# ---- The functions that twin.c writes in bytecode -----------------------------------------------


def one() -> int:
    """A function in bytecode."""
    return 1


def bare(n: int) -> None:
    """Nothing between load and store but an addition."""
    global counter
    for _ in range(n):
        counter += 1


def called(n: int) -> None:
    """A call between load and store."""
    global counter
    for _ in range(n):
        counter += one()


def call_first(n: int) -> None:
    """The same sum with the operands exchanged: the call comes before the load."""
    global counter
    for _ in range(n):
        counter = one() + counter


def locked(n: int) -> None:
    """A call between load and store, and a lock around."""
    global counter
    for _ in range(n):
        acquire()
        counter += one()
        release()


def bounded(n: int) -> None:
    """Check, then act: no look between."""
    global counter
    for _ in range(n):
        if counter < limit:
            counter += 1


def fib(n: int) -> int:
    """Calls itself."""
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def collatz(n: int) -> int:
    """Steps to 1."""
    steps = 0
    while n != 1:
        if n % 2:
            n = 3 * n + 1
        else:
            n = n // 2
        steps = steps + 1
    return steps


# ---- What can be observed -----------------------------------------------------------------------


def show_switch_interval() -> None:
    """sys.setswitchinterval() and its opposite."""
    print(f"switch interval {sys.getswitchinterval():.6f}")
    for _ in range(40):
        microseconds = 1 + rand(10 ** (1 + rand(7)))
        sys.setswitchinterval(microseconds / 1e6)
        print(f"set {microseconds} microseconds: {sys.getswitchinterval():.6f}")
    sys.setswitchinterval(1e-7)
    print(f"a tenth of a microsecond: {sys.getswitchinterval():.6f}")
    sys.setswitchinterval(0.005)
    for seconds in (0.0, -1.0, -0.000001):
        try:
            sys.setswitchinterval(seconds)
        except ValueError as error:
            print(f"set {seconds:.6f}: ValueError: {error}; still {sys.getswitchinterval():.6f}")


def show_switch_points(function: Callable[..., Any]) -> None:
    """The instructions of a function; a star where another thread may get the GIL."""
    print(f"{function.__name__}:")
    loaded = False
    between = False
    for instruction in dis.get_instructions(function):
        name = instruction.opname
        if name not in SHOWN:
            continue
        star = "*" if name in CHECKS else " "
        arg = instruction.argval if name.endswith("GLOBAL") else ""
        print(f"  {star} {name:<14}{arg}".rstrip())
        if name == "LOAD_GLOBAL" and arg == "counter":
            loaded, between = True, False
        elif name == "STORE_GLOBAL":
            print(f"  between load and store: {'a switch can happen' if between else 'no switch'}")
            loaded = False
        between = between or (loaded and name in CHECKS)


def show_sums() -> None:
    """Sums that come out exact, whatever the threads do, at the shortest interval."""
    global counter, limit, acquire, release
    lock = threading.Lock()
    acquire, release = lock.acquire, lock.release
    sys.setswitchinterval(0.000001)
    for function in (bare, call_first, locked, bounded):
        for threads in (1, 2, 3, 4):
            counter = 0
            limit = 5000 + rand(100)
            n = limit + rand(100)
            run(*[(function, (n,))] * threads)
            print(f"{function.__name__} {n}, {threads} threads: {counter} (limit {limit})")
    sys.setswitchinterval(0.005)


def show_lost_update() -> None:
    """An update that is lost for certain: the call in the middle waits for the other thread."""
    global counter
    begin, done = threading.Lock(), threading.Lock()
    begin.acquire()
    done.acquire()

    def hand_over() -> int:
        """Between load and store: lets the other thread add, and waits until it has."""
        begin.release()
        done.acquire()
        return 1

    def first() -> None:
        """Loads, calls, stores."""
        global counter
        counter += hand_over()

    def second(amount: int) -> None:
        """Adds when it is let."""
        global counter
        begin.acquire()
        counter += amount
        log.append(counter)
        done.release()

    for _ in range(12):
        counter = rand(1000)
        amount = rand(1000)
        before = counter
        run((first, ()), (second, (amount,)))
        print(f"{before} += 1 in one thread, += {amount} in another, which saw {log.pop()}: {counter}")


def show_ring(players: int, rounds: int) -> None:
    """A token that locks hand round."""
    turns = [threading.Lock() for _ in range(players)]
    token = 1
    for turn in turns[1:]:
        turn.acquire()

    def play(me: int) -> None:
        """A player: waits for its turn, changes the token, hands it on."""
        nonlocal token
        for _ in range(rounds):
            turns[me].acquire()
            token = (token * 5 + me) % 1009
            log.append(me)
            log.append(token)
            turns[(me + 1) % players].release()

    run(*[(play, (me,)) for me in range(players)])
    for i in range(0, len(log), 2):
        print(f"ring of {players}: player {log[i]} has token {log[i + 1]}")
    log.clear()


def show_pipeline(stages: int, count: int) -> None:
    """Threads that block in reads: each lets the others run, or nothing would ever be written."""
    pipes = [os.pipe() for _ in range(stages + 1)]
    values = [rand(1000) for _ in range(count)]

    def read(i: int) -> int:
        """A message, once there is one."""
        return int.from_bytes(os.read(pipes[i][0], 8), sys.byteorder)

    def write(i: int, value: int) -> None:
        """A message, once there is room."""
        os.write(pipes[i][1], value.to_bytes(8, sys.byteorder))

    def stage(i: int) -> None:
        """Takes each message, changes it, passes it on."""
        for _ in range(count):
            value = read(i)
            value = value * 3 + i
            write(i + 1, value)

    def feed() -> None:
        """Begins the pipeline."""
        for value in values:
            write(0, value)

    def collect() -> None:
        """Ends it."""
        for _ in range(count):
            log.append(read(stages))

    run((collect, ()), *[(stage, (i,)) for i in range(stages)], (feed, ()))
    for value, result in zip(values, log):
        print(f"pipeline of {stages}: {value} became {result}")
    log.clear()
    for pipe in pipes:
        os.close(pipe[0])
        os.close(pipe[1])


def show_interrupts() -> None:
    """An endless loop, ended from outside: it goes backward, so it looks."""
    for error in (KeyboardInterrupt, ValueError, MemoryError, RuntimeError):
        running = threading.Lock()
        running.acquire()
        ended = []

        def spin() -> None:
            """Runs until an error is sent."""
            try:
                running.release()
                while True:
                    pass
            except BaseException as raised:
                ended.append(type(raised).__name__)

        thread = threading.Thread(target=spin)
        thread.start()
        running.acquire()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(error)
        )
        thread.join()
        print(f"while True: pass, ended by {ended[0]}")


def show_threads_that_compute() -> None:
    """Four threads, two functions; they share nothing but the loop."""
    sys.setswitchinterval(0.000001)
    for _ in range(10):
        results: list[tuple[str, int, int]] = [("", 0, 0)] * 4

        def compute(i: int, n: int) -> None:
            """One of two functions, by the number of the thread."""
            function = fib if i < 2 else collatz
            results[i] = (function.__name__, n, function(n))

        sizes = [rand(14), rand(14), 1 + rand(5000), 1 + rand(5000)]
        run(*[(compute, (i, n)) for i, n in enumerate(sizes)])
        for name, n, result in results:
            print(f"{name}({n}) = {result}")
    sys.setswitchinterval(0.005)


def show_operators() -> None:
    """Every operator of the loop on random operands, and what it says to None and 0."""
    functions: list[tuple[str, Callable[[Any, Any], Any]]] = [
        ("+", lambda a, b: a + b),
        ("-", lambda a, b: a - b),
        ("*", lambda a, b: a * b),
        ("//", lambda a, b: a // b),
        ("%", lambda a, b: a % b),
        ("&", lambda a, b: a & b),
        ("|", lambda a, b: a | b),
        ("^", lambda a, b: a ^ b),
        ("<", lambda a, b: a < b),
        ("<=", lambda a, b: a <= b),
        ("==", lambda a, b: a == b),
        ("!=", lambda a, b: a != b),
        (">", lambda a, b: a > b),
        (">=", lambda a, b: a >= b),
    ]
    for _ in range(300):
        name, function = functions[rand(len(functions))]
        operands: list[int | None] = []
        for _ in range(2):
            kind = rand(8)
            operands.append(None if kind == 0 else rand(7) - 3 if kind < 4 else rand(200001) - 100000)
        print(f"{operands[0]} {name} {operands[1]}: ", end="")
        try:
            print(int(function(operands[0], operands[1])))
        except (TypeError, ZeroDivisionError) as error:
            print(f"{type(error).__name__}: {error}")


def show_errors() -> None:
    """Calls that fail, and a lock that is not held."""
    five: Any = 5
    many: Any = fib
    lock = threading.Lock()
    functions: list[tuple[str, Callable[[], Any]]] = [
        ("5()", lambda: five()),
        ("fib()", lambda: many()),
        ("fib(1, 2)", lambda: many(1, 2)),
        ("for _ in 5", lambda: [0 for _ in five]),
        ("release", lambda: lock.release()),
    ]
    for what, function in functions:
        try:
            function()
        except (TypeError, RuntimeError) as error:
            print(f"{what}: {type(error).__name__}: {error}")


def main() -> None:
    """The whole program."""
    show_switch_interval()
    functions: list[Callable[..., Any]] = [one, bare, called, call_first, locked]
    for function in functions:
        show_switch_points(function)
    show_sums()
    show_lost_update()
    for players in (2, 3, 5):
        show_ring(players, 20)
    show_pipeline(1, 20)
    show_pipeline(4, 40)
    show_interrupts()
    show_threads_that_compute()
    show_operators()
    show_errors()


main()
