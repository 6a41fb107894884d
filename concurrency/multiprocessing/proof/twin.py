"""The twin of twin.c: the same programs on multiprocessing's processes, queues and pools."""

import multiprocessing
import multiprocessing.connection
import os
import queue
import re
import signal
import sys
import warnings
from collections.abc import Callable
from multiprocessing import Process
from multiprocessing.process import BaseProcess

import pool_twin

state = 20231124


def rand(limit: int) -> int:
    """The next number below `limit` of a sequence that twin.c draws as well (Knuth's MMIX LCG)."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % limit


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


def show(what: str, process: BaseProcess) -> None:
    """Prints repr(process) with the numbers of processes left out."""
    words = repr(process).split(" ")
    words = ["pid=N" if word.startswith("pid=") else word for word in words]
    words = ["parent=N" if word.startswith("parent=") else word for word in words]
    print(f"{what:<28} {' '.join(words)}")


def sleep_forever() -> None:
    """What a child does that is to be killed."""
    while True:
        signal.pause()


# ---- Processes --------------------------------------------------------------------------------


def ask_all(process: Process) -> None:
    """Everything that a process can be asked."""
    show("repr", process)
    attempt("is_alive", process.is_alive)
    attempt("exitcode", lambda: process.exitcode)
    attempt("pid", lambda: "a number" if process.pid else "None")
    attempt("sentinel", lambda: "a descriptor" if process.sentinel >= 0 else "?")
    attempt("name", lambda: process.name)
    attempt("daemon", lambda: process.daemon)


def set_daemon(process: Process) -> None:
    """process.daemon = True, as a function."""
    process.daemon = True


def life() -> None:
    """One process from its making to its closing."""
    heading("a process, initial")
    process = Process(target=sleep_forever, name="sleeper")
    ask_all(process)
    attempt("join", process.join)
    attempt("terminate", process.terminate)
    attempt("kill", process.kill)
    heading("started")
    attempt("start", process.start)
    ask_all(process)
    attempt("start again", process.start)
    attempt("join(0)", lambda: process.join(0))
    attempt("join(0.01)", lambda: process.join(0.01))
    attempt("join(-1)", lambda: process.join(-1))
    attempt("daemon = True", lambda: set_daemon(process))
    attempt("close", process.close)
    heading("stopped")
    attempt("terminate", process.terminate)
    attempt("join", process.join)
    ask_all(process)
    attempt("join again", process.join)
    attempt("start again", process.start)
    attempt("kill", process.kill)
    heading("closed")
    attempt("close", process.close)
    show("repr", process)
    attempt("close again", process.close)
    attempt("start", process.start)
    attempt("join", process.join)
    attempt("terminate", process.terminate)
    attempt("kill", process.kill)
    attempt("is_alive", process.is_alive)
    attempt("exitcode", lambda: process.exitcode)
    attempt("pid", lambda: process.pid)
    attempt("sentinel", lambda: process.sentinel)
    attempt("name", lambda: process.name)


def exit_codes() -> None:
    """What a child returns, and what kills it."""
    heading("exit codes")
    for status in (0, 1, 2, 3, 42, 127, 128, 200, 254, 255, 256, 257, 300):
        process = Process(target=sys.exit, args=(status,))
        process.start()
        process.join()
        print(f"status {status:3}: exitcode {process.exitcode}")
        process.close()
    process = Process()
    process.start()
    process.join(60)
    show("no target", process)
    for name in ("TERM", "KILL", "USR1", "USR2", "HUP", "ALRM", "XCPU", "VTALRM"):
        number = getattr(signal, "SIG" + name)
        process = Process(target=sleep_forever, daemon=True)
        process.start()
        assert process.pid
        os.kill(process.pid, number)
        process.join()
        print(f"killed by {number:2}: exitcode {process.exitcode}")
        show("", process)


def family(depth: int) -> None:
    """Prints who it is, then makes two children, one after the other, of depth - 1."""
    me, parent = multiprocessing.current_process(), multiprocessing.parent_process()
    print(f"{me.name}, child of {parent.name if parent else None}")
    attempt("  alive, parent alive", lambda: (me.is_alive(), parent.is_alive() if parent else None))
    attempt("  parent's pid is right", lambda: bool(parent and parent.pid == os.getppid()))
    attempt("  my pid is right", lambda: me.pid == os.getpid())
    show("  me", me)
    for _ in range(2 if depth else 0):
        child = Process(target=family, args=(depth - 1,))
        child.start()
        child.join()
        print(f"{me.name}: {child.name} returned {child.exitcode}")


def names() -> None:
    """Names in a family, and names given."""
    heading("names")
    me = multiprocessing.current_process()
    print(me.name, multiprocessing.parent_process(), me.is_alive(), me.daemon, me.exitcode)
    child = Process(target=family, args=(2,))
    child.start()
    child.join()
    print(f"{child.name} returned {child.exitcode}")
    named = Process(name="Ada")
    print(named.name)
    named.name = "Grace"
    print(named.name)
    print(Process().name)


def look_at(sibling: Process) -> None:
    """What a child may do with a process object that is its parent's."""
    show("in a child", sibling)
    attempt("  start", sibling.start)
    attempt("  join", sibling.join)
    attempt("  is_alive", sibling.is_alive)
    attempt("  name", lambda: sibling.name)


def have_children() -> None:
    """What a daemonic process tries."""
    child = Process()
    print("daemonic:", multiprocessing.current_process().daemon, child.daemon)
    attempt("  start", child.start)
    show("  its child", child)


def permissions() -> None:
    """Who may do what."""
    heading("whose process it is")
    initial, running = Process(), Process(target=sleep_forever)
    running.start()
    for sibling in (initial, running):
        child = Process(target=look_at, args=(sibling,))
        child.start()
        child.join()
    running.kill()
    running.join()
    show("the sibling", running)
    child = Process(target=have_children, daemon=True)
    show("a daemon", child)
    child.start()
    child.join()
    show("the daemon", child)


def active() -> None:
    """Who runs, while one after the other ends."""
    heading("active children")
    processes = [Process(target=sleep_forever, daemon=i % 2 == 1) for i in range(6)]
    for process in processes:
        process.start()
    order = [3, 0, 5, 1, 2, 4]
    for which in order:
        children = sorted(child.name for child in multiprocessing.active_children())
        print(len(children), " ".join(children))
        processes[which].kill()
        multiprocessing.connection.wait([processes[which].sentinel])
        processes[which].join()
    print(len(multiprocessing.active_children()))


# ---- Queues -----------------------------------------------------------------------------------


def closed(q: "multiprocessing.Queue[bytes]", function: Callable[[], object]) -> str:
    """The error of a call on a closed queue, without the queue's address."""
    try:
        return str(function())
    except ValueError as error:
        text = str(error)
        return "ValueError: " + text[: text.index("<")] + "<>" + text[text.index(">") + 1 :]


def random_steps(maxsize: int, steps: int) -> None:
    """Puts and gets at random. A get waits if there is something, for it may still be on its way."""
    heading(f"a queue of at most {maxsize}")
    q: multiprocessing.Queue[bytes] = multiprocessing.Queue(maxsize)
    number = 0
    for _ in range(steps):
        if rand(9) < 5:
            message = b"%d" % number * rand(4)
            number += 1
            print(f"put {message.decode():<12} ", end="")
            try:
                if rand(2):
                    q.put(message, False)
                else:
                    q.put(message, True, 0.001)
                print("done ", end="")
            except queue.Full:
                print("Full ", end="")
        else:
            print(f"get {'':<12} ", end="")
            try:
                message = q.get(True, 60) if q.qsize() else q.get(False)
                print(f"{len(message)} bytes {message.decode():<12} ", end="")
            except queue.Empty:
                print("Empty ", end="")
        print(f"size {q.qsize()} full {q.full()}")
    while q.qsize():
        print("left:", q.get().decode())
    attempt("get(block=False)", lambda: q.get(False))
    attempt("get(timeout=0)", lambda: q.get(True, 0))
    attempt("get(timeout=0.01)", lambda: q.get(True, 0.01))
    attempt("get(timeout=-1)", lambda: q.get(True, -1))
    q.close()
    print("put:", closed(q, lambda: q.put(b"")))
    print("get:", closed(q, q.get))
    print("get(block=False):", closed(q, lambda: q.get(False)))
    print("size", q.qsize(), "full", q.full())


def message_of(number: int, size: int) -> bytes:
    """Bytes that depend on the message's number and their place."""
    return (bytes((number * 13 + i * 7) % 256 for i in range(256)) * (size // 256 + 1))[:size]


SIZES = (0, 1, 2, 7, 8, 9, 255, 256, 4096, 65536, 131072, 1048576, 16, 3145728, 0, 5)


def send_sizes(q: "multiprocessing.Queue[bytes]") -> None:
    """Puts a message of each size."""
    for number, size in enumerate(SIZES):
        q.put(message_of(number, size))


def sizes() -> None:
    """Messages of all sizes from a child, with a checksum."""
    heading("messages from a child")
    q: multiprocessing.Queue[bytes] = multiprocessing.Queue()
    child = Process(target=send_sizes, args=(q,))
    child.start()
    for number, size in enumerate(SIZES):
        message = q.get()
        weighted = sum((i + 1) * byte for i, byte in enumerate(message[:1000])) % 65521
        print(len(message), len(message) == size, sum(message), weighted, number)
    child.join()
    print("exitcode", child.exitcode)


def send_numbers(q: "multiprocessing.Queue[bytes]", producer: int, count: int) -> None:
    """Puts its numbers in order."""
    for number in range(count):
        q.put(b"%d %d" % (producer, number))


def producers() -> None:
    """Several producers: any order among them, one order for each."""
    heading("three producers")
    q: multiprocessing.Queue[bytes] = multiprocessing.Queue(5)
    children = [Process(target=send_numbers, args=(q, i, 100 * (i + 1))) for i in range(3)]
    for child in children:
        child.start()
    last = [-1, -1, -1]
    in_order = True
    for _ in range(600):
        producer, number = map(int, q.get().split())
        in_order = in_order and number == last[producer] + 1
        last[producer] = number
    for child in children:
        child.join()
        print(child.name, child.exitcode)
    print("in order:", in_order, *last)


def answer(
    questions: "multiprocessing.Queue[bytes]", answers: "multiprocessing.Queue[bytes]"
) -> None:
    """Squares numbers until a message of no bytes comes."""
    name = multiprocessing.current_process().name
    while question := questions.get():
        number = int(question)
        answers.put(f"{name}: {number} * {number} = {number * number}".encode())


def ping_pong() -> None:
    """A question, an answer, and so on."""
    heading("questions and answers")
    questions: multiprocessing.Queue[bytes] = multiprocessing.Queue(1)
    answers: multiprocessing.Queue[bytes] = multiprocessing.Queue(1)
    child = Process(target=answer, args=(questions, answers), name="Archimedes")
    child.start()
    for _ in range(30):
        questions.put(b"%d" % rand(1000))
        print(answers.get().decode())
    questions.put(b"")
    child.join()
    print("exitcode", child.exitcode)


def nothing() -> None:
    """Ends."""


def forks() -> None:
    """A child is forked beside a thread: the one that feeds a queue which was put to."""
    heading("a fork beside a thread")
    print("the default is", multiprocessing.get_all_start_methods()[0])
    q: multiprocessing.Queue[bytes] = multiprocessing.Queue()
    q.put(b"message")
    child = Process(target=nothing)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        child.start()
    for each in caught:
        print(f"{each.category.__name__}: {re.sub('pid=[0-9]+', 'pid=N', str(each.message))}")
    child.join()
    print("exitcode", child.exitcode)
    print("got", q.get().decode())


def main() -> None:
    """All scenes in order."""
    warnings.simplefilter("ignore")  # of such forks, which forks() shows
    multiprocessing.set_start_method("fork")
    life()
    exit_codes()
    names()
    permissions()
    active()
    random_steps(1, 40)
    random_steps(3, 120)
    random_steps(10, 120)
    sizes()
    producers()
    ping_pong()
    forks()
    pool_twin.main()


if __name__ == "__main__":
    main()
