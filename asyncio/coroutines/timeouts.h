/* timeouts.h: async with timeout(delay): what is inside is cancelled when time is up.
 *
 * The invariant: it asks the task to cancel itself as anybody would, and counts: at the end it takes its
 * request back, uncancel(), and only if none is left was the CancelledError its own, and becomes
 * TimeoutError. CPython: Lib/asyncio/timeouts.py.
 */
#ifndef TIMEOUTS_H
#define TIMEOUTS_H

#include "task.h"

/* timeout(delay), timeout_at(when): a new asynchronous context manager; FOREVER: none. `when` is a time
 * of loop_time(). NULL with MemoryError or RuntimeError ("no running event loop"). */
Object *asyncio_timeout(double delay);
Object *asyncio_timeout_at(double when);

/* timeout.reschedule(when): 0, or -1 with RuntimeError ("Cannot change state of finished Timeout").
 * timeout.expired(), timeout.when(). */
int timeout_reschedule(Object *self, double when);
bool timeout_expired(const Object *self);
double timeout_when(const Object *self);

#endif
