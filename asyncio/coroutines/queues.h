/* queues.h: a queue between coroutines; a full one makes the producer wait.
 *
 * The invariant: put() and get() wake at most one who waits for the other side, and who is woken
 * looks again: somebody may have come before. CPython: Lib/asyncio/queues.py. Left out:
 * PriorityQueue, LifoQueue.
 */
#ifndef QUEUES_H
#define QUEUES_H

#include "../object.h"

/* Queue(maxsize): 0 or less: without a limit. NULL with MemoryError. */
Object *queue_new(ssize_t maxsize);
ssize_t queue_qsize(const Object *self);
bool queue_empty(const Object *self);
bool queue_full(const Object *self);
/* await queue.put(item), item borrowed; await queue.get(): new coroutines; NULL with
 * MemoryError. */
Object *queue_put(Object *self, Object *item);
Object *queue_get(Object *self);
/* queue.put_nowait(item): 0, or -1 with QueueFull or MemoryError. queue.get_nowait(): a new
 * reference, or NULL with QueueEmpty. */
int queue_put_nowait(Object *self, Object *item);
Object *queue_get_nowait(Object *self);
/* queue.task_done(): 0, or -1 with ValueError ("task_done() called too many times"); await
 * queue.join(). */
int queue_task_done(Object *self);
Object *queue_join(Object *self);

#endif
