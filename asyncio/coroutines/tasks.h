/* tasks.h: what a program awaits: sleep, wait_for, gather, shield.
 *
 * Who is handed a coroutine or Future to await takes it over (steals it), and NULL, of what could
 * not be made, fails with what is pending: so calls can be written one inside another, as in
 * Python, AWAIT(asyncio_wait_for(asyncio_sleep(5, NULL), 1)).
 *
 * CPython: Lib/asyncio/tasks.py. Left out: wait(), as_completed(), run_coroutine_threadsafe()
 * there; in other places asynchronous generators (Objects/genobject.c), contexts
 * (Python/context.c), eager tasks (3.12, Modules/_asynciomodule.c, task_eager_start()).
 */
#ifndef TASKS_H
#define TASKS_H

#include "task.h"

/* await sleep(delay, result): a new coroutine, which gives `result`, borrowed; NULL: None. With a
 * delay of 0 or less the others get one turn. NULL with MemoryError. */
Object *asyncio_sleep(double delay, Object *result);

/* await wait_for(fut, timeout): a new coroutine; steals fut. FOREVER: no limit. After `timeout`
 * seconds it cancels what it waits for, waits until that is over, and raises TimeoutError. */
Object *asyncio_wait_for(Object *fut, double timeout);

/* gather(*coros_or_futures): a new Future of the list of their results, in order; steals each of
 * the `count`, also when it fails. The same coroutine twice is run once. The first exception is the
 * Future's, unless return_exceptions: then each stands in the list. Cancelling it cancels all. */
Object *asyncio_gather(Object *const *coros_or_futures, ssize_t count, bool return_exceptions);

/* shield(arg): a new Future that goes as arg, stolen, goes, but whose cancellation does not touch
 * arg. */
Object *asyncio_shield(Object *arg);

#endif
