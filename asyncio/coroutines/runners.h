/* runners.h: from outside: run a coroutine to its end, and everything that it started.
 * CPython: Lib/asyncio/runners.py; Lib/asyncio/base_events.py, run_until_complete();
 * Lib/asyncio/threads.py.
 */
#ifndef RUNNERS_H
#define RUNNERS_H

#include "../eventloop/executor.h"
#include "tasks.h"

/* asyncio.run(main): steals main. Runs it in `loop`, or in a new one if that is NULL, cancels the
 * tasks that are left and waits for them, and closes the loop (one of its own it frees, too). The
 * first Ctrl-C cancels main, if SIGINT has its default action; another one ends the loop at its
 * next callback. New reference; NULL with what main raised, KeyboardInterrupt, or RuntimeError
 * ("asyncio.run() cannot be called from a running event loop"). CPython: Lib/asyncio/runners.py,
 * run(), Runner. */
Object *asyncio_run(Loop *loop, Object *main);

/* loop.run_until_complete(future): steals a coroutine or Future. New reference to its result; NULL
 * with what it raised, or RuntimeError ("Event loop stopped before Future completed.", or that of
 * loop_run_forever()). */
Object *loop_run_until_complete(Loop *loop, Object *future);

/* loop.create_task(coro) for what runs without anybody waiting: steals coro, keeps no reference;
 * what it raises the loop's exception handler is told. 0, or -1 with an error. */
int asyncio_spawn(Loop *loop, Object *coro);

/* Runs in a thread of the pool. It may read `arg`, and makes a new object for its result; of
 * objects that it has not made itself it takes and drops no reference: here no GIL protects the
 * counts. NULL is None, or with an error pending that error. */
typedef Object *(*ThreadWork)(Object *arg);

/* await to_thread(work, arg): a new coroutine; arg is borrowed, and may be NULL. Cancelled before a
 * thread has begun, work is never called; later, its result is dropped.
 * CPython: Lib/asyncio/threads.py, to_thread(). */
Object *asyncio_to_thread(ThreadWork work, Object *arg);

/* loop.run_in_executor(executor, work, arg): the Future of it; NULL executor: the loop's own. */
Object *asyncio_run_in_executor(Loop *loop, Executor *executor, ThreadWork work, Object *arg);

#endif
