/* workers.h: what pool.c and workers.c share: the pool from the inside.
 *
 *     parent  out --> | socket | --> worker: read a chunk, run it, write its outcomes at once
 *             in  <-- | pair   | <--
 *
 * A worker takes chunks in the order sent and answers each by one message, so the oldest chunk in
 * flight is the only one that can have been begun; `progress`, in shared memory, says whether it
 * was, and at which item. An end of file on the socket is the death of the other side.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include "pool.h"

#include <poll.h>
#include <stdatomic.h>

/* ---- A call, and who has which of its chunks -------------------------------------------------*/

enum { FLIGHTS = 64 }; // chunks in flight to a worker at most

typedef enum { WAITING, SENT, DONE } ChunkState;
typedef struct {
    unsigned char state, tries;
} Chunk;

struct AsyncResult {
    Pool *pool; // NULL once that is gone
    AsyncResult *next;
    PoolFunction function;
    const Block *items;
    size_t count, chunksize, chunks;
    size_t waiting; // no chunk before this one is WAITING
    size_t left;    // chunks not DONE
    size_t arrived, taken;
    bool ordered;
    const char *kind; // for its repr()
    Chunk *chunk;
    Block *results;    // messages where errors[] says so
    ErrorType *errors; // of each item that failed
    size_t *order;     // the items as they arrived
    Block single;      // the item of an apply
};

typedef struct {
    atomic_uint_fast64_t serial, item; // the chunk and the item that the worker is at
} Progress;

typedef struct {
    char *data;
    size_t begin, end, allocated; // the bytes from begin to end are in use
} Buffer;

typedef struct {
    AsyncResult *call; // NULL: freed meanwhile
    size_t chunk;
    uint64_t serial;
} Flight;

/* A worker, with what it has been given; without a process the place is empty. */
typedef struct {
    Process *process;
    int fd;
    Buffer out, in;
    Progress *progress;
    Flight flights[FLIGHTS]; // a ring: `flying` of them from `oldest`
    size_t oldest, flying;
    int tasks_left; // before it is replaced; POOL_NONE: any number
} Worker;

struct Pool {
    enum { RUN, CLOSE, TERMINATE } state;
    int processes, maxtasksperchild, retries;
    pid_t owner;
    uint64_t serial;
    double average; // ns that a chunk took, lately
    size_t failed_item;
    AsyncResult *calls; // those not freed, oldest first
    Worker *workers;
    struct pollfd *polled;
    Progress *progress;
};

/* Forks a worker into an empty place, which ends after so many chunks. 0, or -1 with MemoryError or
 * OSError. */
int worker_start(Worker *self, int tasks);

/* Waits until the process has gone, and gives back everything: the place is empty. Returns its exit
 * code. */
int worker_end(Worker *self);

/* A worker has gone, or is killed now: what it had begun fails or, without a `reason`, is tried
 * again; the rest is for others. */
void worker_lost(Pool *self, Worker *worker, const Error *reason);

/* Fails whatever is waiting. */
void fail_waiting(Pool *self, const Error *error);

/* Deals, waits until something happens or the time has come, and takes what came. */
void turn(Pool *self, uint64_t deadline);

#endif
