/* worker.h: one worker of a pool: its process, and the channel between it and the parent.
 *
 *     parent  out --> | socket | --> worker: read a chunk, run it, write its outcomes at once
 *             in  <-- | pair   | <--
 *
 * The worker takes chunks in the order sent and answers each by one message, so the oldest chunk in
 * flight is the only one that can have been begun; `progress`, in shared memory, says whether it
 * was, and at which item. An end of file on the socket is the death of the other side.
 */
#ifndef WORKER_H
#define WORKER_H

#include "pool.h"

#include <stdatomic.h>

#define ALIGNMENT 16 // as malloc(): an item may hold any C type

static inline size_t padded(size_t size) {
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

typedef struct {
    _Alignas(ALIGNMENT) PoolFunction function;
    uint64_t serial, first, count;
    uint64_t padding; // written too, so it is a field: its bytes are zero
    uint64_t size;    // so many bytes follow: for each item an ItemHeader and its padded block
} ChunkHeader;

typedef struct {
    uint64_t serial, nanoseconds, count, size; // `size` bytes follow: an ItemHeader, a block
} ReplyHeader;

typedef struct {
    ErrorType
        error; // in a reply, at the same address in a forked child; the block is then its message
    uint64_t size; // of the block, without the padding
} ItemHeader;

typedef struct {
    atomic_uint_fast64_t serial, item; // the chunk and the item that the worker is at
} Progress;

typedef struct {
    char *data;
    size_t begin, end, allocated; // the bytes from begin to end are in use
} Buffer;

/* Room for `size` bytes behind the end; NULL if there is no memory, and the buffer is as before. */
char *buffer_reserve(Buffer *self, size_t size);
void buffer_clear(Buffer *self);

typedef struct {
    Process *process; // NULL: nobody is in this place
    int fd;
    Buffer out, in;
    Progress *progress;
} Worker;

/* Forks a worker that ends after `tasks` chunks. 0, or -1 with MemoryError or OSError. */
int worker_start(Worker *self, int tasks);

/* Ends it: waits until the process has gone (kills it first, if asked), gives back everything.
 * Returns its exit code. */
int worker_end(Worker *self, bool kill);

/* Moves what can be moved without waiting. False: the other side is gone. */
bool worker_send(Worker *self);

/* The same for what has come; -1 with MemoryError, 0 gone, 1 still there. */
int worker_receive(Worker *self);

#endif
