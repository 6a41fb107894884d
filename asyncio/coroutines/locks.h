/* locks.h: Event and Semaphore: coroutines that wait for each other.
 *
 * The invariant: who waits has a Future in `waiters`, and whoever sets it has handed over what it
 * waited for: a semaphore's count is taken at that moment, for the sleeper, so that nobody who
 * comes by before it runs can take it away. A sleeper that is cancelled in between hands it on.
 *
 * No lock is needed for the lock: between two awaits nobody else runs.
 * CPython: Lib/asyncio/locks.py. Left out: Lock, Condition, Barrier there.
 */
#ifndef LOCKS_H
#define LOCKS_H

#include "future.h"

/* Event(): new, not set; NULL with MemoryError. */
Object *event_new(void);
bool event_is_set(const Object *self);
/* event.set(): wakes all who wait: 0; -1 with MemoryError, and then those who were not woken wait
 * on, and it is not set. event.clear(). */
int event_set(Object *self);
void event_clear(Object *self);
/* await event.wait(): a new coroutine, which gives True; NULL with MemoryError. */
Object *event_wait(Object *self);

/* Semaphore(value): NULL with ValueError below 0, or MemoryError. It is an asynchronous context
 * manager. BoundedSemaphore(value): one whose release() may not pass the value it began with. */
Object *semaphore_new(ssize_t value);
Object *bounded_semaphore_new(ssize_t value);
/* Whether acquire() would wait. */
bool semaphore_locked(const Object *self);
/* await semaphore.acquire(): a new coroutine, which gives True; NULL with MemoryError. */
Object *semaphore_acquire(Object *self);
/* semaphore.release(): 0; -1 with ValueError ("BoundedSemaphore released too many times") or
 * MemoryError, and nothing was released. */
int semaphore_release(Object *self);

#endif
