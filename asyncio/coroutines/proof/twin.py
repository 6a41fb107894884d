"""The twin of twin.c: the same programs on Python's own asyncio, on a virtual clock, printing the same lines."""

from __future__ import annotations

import asyncio
import asyncio.runners
import asyncio.taskgroups
import asyncio.tasks
import gc
import inspect
import re
import sys
import warnings
import weakref
from asyncio import CancelledError, Event, Task
from typing import Any, Awaitable, Callable, Coroutine, Generator

Coro = Coroutine[Any, Any, Any]
PROGRAMS = 30
FOUND = [149, 1083, 1591, 197377887]  # each of these has found a mistake of ours

# ---- The stage: stage.c in C


class Selector:
    """A selector whose waiting is an addition to its clock."""

    def __init__(self) -> None:
        """The clock starts at 0."""
        self.now = 0.0

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing is ever ready."""
        if timeout is None:
            raise RuntimeError("deadlock")
        self.now += timeout
        return []


class Loop(asyncio.BaseEventLoop):
    """A loop on that selector, which remembers its tasks in the order in which they were made."""

    def __init__(self) -> None:
        """As the real ones: the selector is an attribute that BaseEventLoop expects."""
        super().__init__()
        self._selector = Selector()
        self._clock_resolution = 1e-9
        self.made: weakref.WeakKeyDictionary[Any, None] = weakref.WeakKeyDictionary()

    def time(self) -> float:
        """The virtual time."""
        return self._selector.now

    def create_task(self, coro: Any, **options: Any) -> Any:
        """Makes a task, and remembers it."""
        task = super().create_task(coro, **options)
        self.made[task] = None
        return task

    def _process_events(self, event_list: list[Any]) -> None:
        """Does nothing, as there are none."""

    def _write_to_self(self) -> None:
        """Wakes nobody, as nobody sleeps."""


class Ordered(dict[Any, None]):
    """What asyncio's modules use of a set, in the order of insertion."""

    def add(self, item: Any) -> None:
        """As of a set."""
        self[item] = None

    def discard(self, item: Any) -> None:
        """As of a set."""
        self.pop(item, None)


def all_tasks(loop: Any = None) -> list[Any]:
    """asyncio.all_tasks(), in order."""
    return [task for task in loop.made if not task.done()]


late: list[str] = []  # what comes last


note: Callable[[str], None] = print  # the differential test puts another here


def say(text: str) -> None:
    """A line, with the time before it."""
    loop = asyncio._get_running_loop()
    if loop:
        note(f"{loop.time():.3f} {text}")
    else:
        late.append(text)


def bare(task: Task[Any]) -> str:
    """The task's repr without file and line."""
    return re.sub(r", defined at [^>]*", "", re.sub(r" running at [^>]*", " running", repr(task)))


def chain(error: BaseException | None) -> str:
    """The exception, and what it came from."""
    out: list[str] = []
    while error and len(out) < 6:
        out.append(repr(error))
        error = error.__cause__ or error.__context__
    return " <- ".join(out)


def on_exception(loop: Any, context: dict[str, Any]) -> None:
    """The loop's exception handler."""
    late.append(f"handler: {context['message']}" + (f" {context['exception']!r}" if "exception" in context else ""))


def on_warning(message: Any, category: Any, *rest: Any, **options: Any) -> None:
    """What warnings are shown by."""
    late.append(f"warning: {category.__name__}: {message}")


def on_unraisable(report: Any) -> None:
    """What is told of errors in finalizers."""
    late.append(f"unraisable: {report.exc_value!r}")


def outcome(function: Callable[[], Any]) -> str:
    """What a call comes to."""
    try:
        return f"returned {function()!r}"
    except BaseException as error:
        return f"raised {error!r}"


def play(name: str, main: Callable[[], Coro], tidy: Callable[[], None] = lambda: None) -> None:
    """Runs main() and prints what it came to; what the collector finds comes last."""
    note(f"== {name}")
    loop = Loop()
    loop.set_exception_handler(on_exception)
    gc.disable()
    runner = asyncio.Runner(loop_factory=lambda: loop)
    said = outcome(lambda: runner.run(main()))
    closed = outcome(runner.close)  # not `with`: the error above would be what is being handled
    note(said if closed == "returned None" else closed)
    tidy()
    del loop, runner
    gc.collect()
    for line in sorted(late):
        note(line)
    late.clear()


def set_stage() -> None:
    """Puts the ordered things into asyncio."""
    asyncio._set_running_loop(None)  # under Node.js there is one
    asyncio.tasks.all_tasks = all_tasks  # type: ignore[assignment]
    asyncio.taskgroups.set = Ordered  # type: ignore[attr-defined]
    warnings.showwarning = on_warning
    warnings.simplefilter("always")
    sys.unraisablehook = on_unraisable


# ---- The scenes: scenes.c in C


async def worker(name: str, delay: float, result: Any = None) -> Any:
    """Sleeps, and says what becomes of it."""
    say(f"{name} starts")
    try:
        await asyncio.sleep(delay)
    except CancelledError as error:
        say(f"{name} cancelled: {error!r}")
        raise
    finally:
        say(f"{name} ends")
    return result


async def failing(name: str, delay: float) -> None:
    """Fails after a while."""
    await asyncio.sleep(delay)
    say(f"{name} fails")
    raise ValueError(name)


async def stubborn(name: str, delay: float) -> int:
    """Swallows the first cancellation."""
    try:
        await asyncio.sleep(delay)
    except CancelledError:
        say(f"{name} does not mind")
    await asyncio.sleep(1)
    return 7


async def divide() -> None:
    """Fails at once."""
    1 / 0


class Yield:
    """What yields None to whoever runs the chain."""

    def __await__(self) -> Generator[None, None, None]:
        """As sleep(0)."""
        yield


async def deaf() -> None:
    """Does not let itself be closed the first time."""
    try:
        await Yield()
    except GeneratorExit:
        await Yield()


async def outer(inner: Coro) -> None:
    """Awaits another."""
    await inner


def show_outcome(what: str, function: Callable[[], Any]) -> None:
    """Says what a call comes to."""
    try:
        text = repr(function())
    except BaseException as error:
        text = repr(error)
    say(f"{what}: {text}")


def state(coro: Coro) -> str:
    """CORO_CREATED and so on."""
    return inspect.getcoroutinestate(coro)


def forget(function: Callable[[], Any]) -> None:
    """Calls it; the result is dropped."""
    function()


async def scene_object() -> None:
    """A coroutine by itself."""
    inner: Any = asyncio.sleep(0)
    coro = outer(inner)
    ear = deaf()
    say(f"{state(coro)} {coro.cr_await is inner}")
    show_outcome("send 1", lambda: coro.send(True))
    show_outcome("send None", lambda: coro.send(None))
    say(f"{state(coro)} {coro.cr_await is inner}")
    show_outcome("throw", lambda: coro.throw(ValueError("thrown")))
    say(f"{state(coro)} {state(inner)}")
    show_outcome("again", lambda: coro.send(None))
    show_outcome("close", coro.close)
    show_outcome("send", lambda: ear.send(None))
    show_outcome("close", ear.close)
    show_outcome("close", ear.close)
    this: Any = asyncio.current_task()
    show_outcome("self", lambda: this.get_coro().send(None))
    forget(divide)


async def scene_gather() -> None:
    """All at once."""
    say(repr(await asyncio.gather(worker("a", 2, 1), worker("b", 1, 2), asyncio.sleep(0))))
    try:
        await asyncio.gather(worker("a", 2), failing("b", 1))
    except ValueError as error:
        say(chain(error))
    say(repr(await asyncio.gather(failing("x", 1), worker("y", 2, 3), return_exceptions=True)))
    twice = worker("twice", 1, 9)
    say(repr(await asyncio.gather(twice, twice)))
    say(repr(await asyncio.gather()))
    both = asyncio.gather(worker("g", 5), worker("h", 6))
    await asyncio.sleep(1)
    both.cancel("enough")
    try:
        await both
    except CancelledError as error:
        say(chain(error))


async def scene_cancel() -> None:
    """A task cancelled: while it waits, before it began, in vain."""
    task = asyncio.create_task(worker("t", 5))
    await asyncio.sleep(1)
    say(f"{task.cancel('msg')} {task.cancelling()}")
    try:
        await task
    except CancelledError as error:
        say(f"{error!r} {task.cancelled()} {bare(task)}")
    early = asyncio.create_task(worker("early", 5))
    early.cancel()
    try:
        await early
    except CancelledError:
        say(f"never began: {bare(early)}")
    task = asyncio.create_task(stubborn("c", 3))
    await asyncio.sleep(1)
    task.cancel()
    say(bare(task))
    say(f"{await task!r} {task.uncancel()}")


async def scene_wait_for() -> None:
    """In time, too late, at once, in vain, from outside."""
    say(repr(await asyncio.wait_for(worker("quick", 1, 1), 2)))
    try:
        await asyncio.wait_for(worker("slow", 3), 1)
    except TimeoutError as error:
        say(f"{chain(error)}, its cause: {error.__cause__ is not None}")
    try:
        await asyncio.wait_for(worker("zero", 3), 0)
    except TimeoutError as error:
        say(chain(error))
    try:
        say(repr(await asyncio.wait_for(stubborn("s", 3), 1)))
    except TimeoutError as error:
        say(chain(error))
    task = asyncio.create_task(asyncio.wait_for(worker("in", 5), 9))
    await asyncio.sleep(1)
    task.cancel("out")
    try:
        await task
    except CancelledError as error:
        say(chain(error))


async def scene_timeout() -> None:
    """Expired, moved, nested."""
    try:
        async with asyncio.timeout(1) as first:
            await worker("body", 3)
    except TimeoutError as error:
        say(f"{chain(error)} {first.expired()}")
    async with asyncio.timeout(5) as second:
        await asyncio.sleep(1)
        second.reschedule(asyncio.get_running_loop().time() + 9)
        say(f"{second.when():.1f}")
    try:
        second.reschedule(3)
    except RuntimeError as error:
        say(str(error))
    try:
        async with asyncio.timeout(2):
            try:
                async with asyncio.timeout(1):
                    await asyncio.sleep(9)
            except TimeoutError as error:
                say(f"inner {chain(error)}")
            await asyncio.sleep(9)
    except TimeoutError as error:
        say(f"outer {chain(error)}")


async def scene_shield() -> None:
    """Cancelled outside, and going on inside."""
    inner = asyncio.create_task(worker("inner", 2, 5))
    outside = asyncio.shield(inner)
    await asyncio.sleep(1)
    outside.cancel()
    try:
        await outside
    except CancelledError as error:
        say(chain(error))
    say(repr(await inner))
    try:
        await asyncio.shield(failing("s", 1))
    except ValueError as error:
        say(chain(error))


async def grouping() -> None:
    """A group for somebody else to cancel."""
    async with asyncio.TaskGroup() as group:
        group.create_task(worker("q", 5))


async def scene_group() -> None:
    """To the end, too late, one fails, the block fails, cancelled."""
    this: Any = asyncio.current_task()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker("a", 1, 1))
        group.create_task(worker("b", 2, 2))
        say(repr(group))
    say(repr(group))
    late_one = worker("c", 1)
    try:
        group.create_task(late_one)
    except RuntimeError as error:
        say(str(error))
        late_one.close()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(failing("x", 1))
            group.create_task(worker("y", 5))
            await worker("body", 9)
    except ExceptionGroup as errors:
        say(f"{errors}: {chain(errors)}, {this.cancelling()}")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker("z", 5))
            await asyncio.sleep(1)
            raise KeyError("k")
    except ExceptionGroup as errors:
        say(f"{errors}: {errors!r}")
    task = asyncio.create_task(grouping())
    await asyncio.sleep(1)
    task.cancel("all of you")
    try:
        await task
    except CancelledError as error:
        say(chain(error))


async def selfish() -> None:
    """Waits for itself."""
    await asyncio.current_task()  # type: ignore[misc]


async def stop() -> None:
    """Raises what from outside would look like the end."""
    raise StopIteration("3")


async def scene_errors() -> None:
    """Mistakes, and exceptions on the way."""
    coro = divide()
    try:
        await coro
    except ZeroDivisionError as error:
        say(chain(error))
    try:
        await coro
    except RuntimeError as error:
        say(chain(error))
    try:
        await 3  # type: ignore[misc]
    except TypeError as error:
        say(str(error))
    try:
        await asyncio.create_task(selfish())
    except RuntimeError as error:
        say(str(error)[:26])
    try:
        await stop()
    except RuntimeError as error:
        say(f"{chain(error)}, its cause: {error.__cause__ is not None}")
    try:
        try:
            await divide()
        except ZeroDivisionError:
            await failing("handler", 1)
    except ValueError as error:
        say(chain(error))
    asyncio.create_task(divide())
    asyncio.create_task(worker("left", 9))
    await asyncio.sleep(1)


async def scene_future() -> None:
    """A Future by itself."""
    a, b, c = [asyncio.get_running_loop().create_future() for _ in range(3)]
    show_outcome("result", a.result)
    show_outcome("set", lambda: a.set_result(True))
    show_outcome("again", lambda: a.set_result(None))
    show_outcome("cancel", a.cancel)
    show_outcome("exception", a.exception)
    show_outcome("cancel", lambda: b.cancel("m"))
    show_outcome("cancel", lambda: b.cancel("n"))
    show_outcome("result", b.result)
    show_outcome("exception", b.exception)
    show_outcome("fail", lambda: c.set_exception(OSError("lost")))
    say(f"{a!r} {b!r} {c!r}")


async def waiter(event: Event, number: int) -> None:
    """Waits for an Event."""
    say(f"{number} {await event.wait()!r}")


async def user(semaphore: asyncio.Semaphore, number: int) -> None:
    """Holds a Semaphore for a second."""
    async with semaphore:
        say(f"{number} is in")
        await asyncio.sleep(1)


async def producer(queue: asyncio.Queue[int]) -> None:
    """Puts five items."""
    for number in range(5):
        await queue.put(number)
        say(f"put {number}")


async def consumer(queue: asyncio.Queue[int]) -> None:
    """One item a second."""
    while True:
        item = await queue.get()
        say(f"got {item!r}")
        await asyncio.sleep(1)
        queue.task_done()


async def scene_locks() -> None:
    """An Event, and a Semaphore."""
    event = Event()
    first, second = [asyncio.create_task(waiter(event, i)) for i in range(2)]
    await asyncio.sleep(1)
    first.cancel()
    event.set()
    await second
    semaphore = asyncio.Semaphore(2)
    tasks = [asyncio.create_task(user(semaphore, i)) for i in range(4)]
    say(f"{await asyncio.gather(*tasks[1:], return_exceptions=True)!r} {semaphore.locked()}")
    bounded = asyncio.BoundedSemaphore(1)
    try:
        bounded.release()
    except ValueError as error:
        say(str(error))


async def scene_queue() -> None:
    """A Queue that is full at two."""
    queue: asyncio.Queue[int] = asyncio.Queue(2)
    task = asyncio.create_task(consumer(queue))
    await producer(queue)
    say(str(queue))
    await queue.join()
    show_outcome("get", queue.get_nowait)
    show_outcome("done", queue.task_done)
    del task


async def forever() -> None:
    """Whoever tells it to go has to do so twice."""
    loop = asyncio.get_running_loop()
    try:
        try:
            await loop.create_future()
        except CancelledError:
            await loop.create_future()
    finally:
        say("closed")


async def scene_pending() -> None:
    """A task that is still pending at the end."""
    task = asyncio.create_task(forever())
    await asyncio.sleep(1)
    del task


async def leaving() -> None:
    """Leaves the program."""
    raise SystemExit("bye")


async def scene_exit() -> None:
    """A task leaves the program."""
    tasks = [asyncio.create_task(leaving()), asyncio.create_task(worker("unasked", 1))]
    await worker("main", 1)
    del tasks


# ---- Programs made up at random: programs.c in C

MASK, EVENTS, DEPTH, CHILDREN, KEPT = 2**64 - 1, 2, 3, 3, 64


class Draw:
    """splitmix64."""

    def __init__(self, seed: int) -> None:
        """The sequence of this seed."""
        self.state = seed

    def bits(self) -> int:
        """The next 64 bits."""
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def __call__(self, limit: int) -> int:
        """The next number below `limit`."""
        return self.bits() % limit


class Program:
    """What the tasks of a program share."""

    def __init__(self, everything: bool) -> None:
        """`everything`: also what is not the same in all versions of Python."""
        self.numbers = 0
        self.everything = everything
        self.kept: list[tuple[int, asyncio.Future[Any]]] = []
        self.events = [Event() for _ in range(EVENTS)]
        self.semaphore = asyncio.Semaphore(2)
        self.queue: asyncio.Queue[int] = asyncio.Queue(1)

    def number(self) -> int:
        """The next task's."""
        self.numbers += 1
        return self.numbers

    def keep(self, number: int, future: Any) -> Any:
        """Keeps a task or future for others to find."""
        if len(self.kept) < KEPT:
            self.kept.append((number, future))
        return future

    def tidy(self) -> None:
        """Lets go of everything that could keep a task alive."""
        self.kept.clear()
        self.events.clear()
        del self.semaphore, self.queue


async def given(value: object) -> object:
    """Gives value."""
    return value


async def limited(awaitable: Awaitable[Any], delay: float) -> Any:
    """Awaits it under a timeout()."""
    async with asyncio.timeout(delay):
        value = await awaitable
    return value


async def grouped(members: list[Coro]) -> None:
    """Runs them in a TaskGroup."""
    async with asyncio.TaskGroup() as group:
        for member in members:
            group.create_task(member)
        await asyncio.sleep(0.5)


async def holding(semaphore: asyncio.Semaphore, delay: float) -> None:
    """Holds it for a while."""
    async with semaphore:
        await asyncio.sleep(delay)


class Body:
    """A task of a program, and what it does in a step."""

    def __init__(self, program: Program, seed: int, number: int, depth: int) -> None:
        """Its numbers are drawn from a sequence of its own."""
        self.program, self.draw, self.number, self.depth = program, Draw(seed), number, depth

    def find(self) -> Any:
        """One that is kept and has a higher number; or None."""
        kept = self.program.kept
        number, future = kept[self.draw(len(kept))] if kept else (-1, None)
        return future if number > self.number else None

    def child(self) -> Coro:
        """A new one's coroutine."""
        seed = self.draw.bits()
        return body(Body(self.program, seed, self.program.number(), self.depth + 1))

    def gather(self, kept: bool) -> Any:
        """gather() of new ones, kept; or of new ones and one that there is."""
        number = self.program.number() if kept else 0
        count = self.draw(CHILDREN) + 1
        return_exceptions = bool(self.draw(2))
        args: list[Any] = [self.child() for _ in range(count)]
        if not kept and (other := self.find()) is not None:
            args.append(other)
        outer = asyncio.gather(*args, return_exceptions=return_exceptions)
        return self.program.keep(number, outer) if kept else outer

    def shield(self) -> Any:
        """shield() of one that there is, or of a new one."""
        other = self.find() if self.draw(2) else None
        if other is not None:
            return asyncio.shield(other)
        number = self.program.numbers + 1
        return asyncio.shield(self.program.keep(number, asyncio.create_task(self.child())))

    def versioned(self) -> Any:
        """What is not the same in all versions of Python."""
        which, delay = self.draw(6), self.draw(5) / 2
        if which == 0:
            return asyncio.wait_for(self.child(), delay)
        if which == 1:
            return limited(self.child(), delay)
        if which == 2:
            return holding(self.program.semaphore, delay)
        if which == 3:
            return self.program.queue.get()
        if which == 4:
            return self.program.queue.put(self.number)
        return grouped([self.child() for _ in range(self.draw(CHILDREN) + 1)])

    def cancel(self) -> Coro:
        """Cancels one that is kept."""
        kept = self.program.kept
        if not kept:
            return given(None)
        _, future = kept[self.draw(len(kept))]
        return given(future.cancel(f"by {self.number}" if self.draw(2) else None))

    def operation(self, which: int) -> Awaitable[Any]:
        """What the next step awaits."""
        event = self.program.events[self.draw(EVENTS)]
        if which < 4:
            return asyncio.sleep(self.draw(5) / 2, self.number)
        if which == 4:
            return self.cancel()
        if which == 5:
            return event.wait()
        if which == 6:
            return given(event.set())  # type: ignore[func-returns-value]
        if which == 7:
            return given(event.clear())  # type: ignore[func-returns-value]
        if which == 8:
            raise ValueError(str(self.number))
        if which == 9:
            other = self.find()
            return given(None) if other is None else other  # type: ignore[no-any-return]
        if self.depth == DEPTH:
            return asyncio.sleep(0)
        if which == 10:
            number = self.program.numbers + 1
            self.program.keep(number, asyncio.create_task(self.child()))
            return given(number)
        if which == 11:
            return self.gather(False)  # type: ignore[no-any-return]
        if which == 12:
            self.gather(True)
            return given(None)
        if which == 13:
            return self.shield()  # type: ignore[no-any-return]
        return self.versioned() if self.program.everything else self.child()  # type: ignore[no-any-return]


async def body(self: Body) -> int:
    """Up to five steps."""
    say(f"{self.number} begins")
    try:
        for _ in range(self.draw(6)):
            which, swallow = self.draw(16), self.draw(2)
            try:
                result = await self.operation(which)
                say(f"{self.number}: {which} gave {result!r}")
                del result
            except (CancelledError, Exception) as error:
                say(f"{self.number}: {which} failed, {chain(error)}")
                if not swallow:
                    raise
    finally:
        say(f"{self.number} ends")
    return self.number


def play_program(seed: int, everything: bool) -> None:
    """Plays the program of this seed."""
    program = Program(everything)
    play(f"program {seed}", lambda: body(Body(program, seed, 0, 0)), program.tidy)


def main() -> None:
    """The scenes, then programs."""
    set_stage()
    for name, scene in list(globals().items()):
        if name.startswith("scene_"):
            play(name[6:], scene)
    for seed in [*range(1, PROGRAMS + 1), *FOUND]:
        play_program(seed, False)


if __name__ == "__main__":
    main()
