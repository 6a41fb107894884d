/* queue.h: multiprocessing.Queue: messages of bytes between processes.
 *
 * A queue is memory that this process and all children forked after queue_new() share: no file, no
 * name, no descriptor, no thread. It goes when the last of them has freed it or died. Whoever dies,
 * wherever, the others go on; at most the message that the dead one was putting or getting is lost.
 *
 * Messages are 0 bytes to 1 GiB and more. Each producer's messages arrive in its order.
 * Timeouts are as process.h says: seconds, FOREVER for None, 0 or less for block=False.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "process.h"

typedef struct Queue Queue;

/* New queue of at most `maxsize` messages; 0 or less: as many as there is memory for. NULL with
 * MemoryError or OSError. CPython: Lib/multiprocessing/queues.py, Queue.__init__(). */
Queue *queue_new(int maxsize);

/* Lets go of the queue in this process; NULL allowed. What others put and get goes on. */
void queue_free(Queue *self);

/* Copies `size` bytes into the queue. 0 once they are there for anybody to get, even if this
 * process then dies; -1 with Full (no room in time), ValueError (closed here, or larger than any
 * queue can hold). CPython: Queue.put(). */
int queue_put(Queue *self, const void *message, size_t size, double timeout);

/* Takes the oldest message: a new block, to be free()d, of *size bytes and a NUL more, so that text
 * is a string; `size` may be NULL. NULL with Empty (nothing came in time), ValueError (closed
 * here), MemoryError (and the message stays). CPython: Queue.get(). */
void *queue_get(Queue *self, size_t *size, double timeout);

/* How many messages are in it; others may change that at once. CPython: Queue.qsize(). */
int queue_qsize(const Queue *self);

/* CPython: Queue.empty(). */
bool queue_empty(const Queue *self);

/* CPython: Queue.full(). */
bool queue_full(const Queue *self);

/* This process will neither put nor get any more: then "Queue <...> is closed". CPython:
 * Queue.close(). */
void queue_close(Queue *self);

#endif
