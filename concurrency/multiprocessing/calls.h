/* calls.h: what pool.c and calls.c share: a call, its chunks, and which worker has which of them.
 */
#ifndef CALLS_H
#define CALLS_H

#include "worker.h"

#include <poll.h>

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
    AsyncResult *call; // NULL: freed meanwhile
    size_t chunk;
    uint64_t serial;
} Flight;

typedef struct {
    Worker channel;
    Flight flights[FLIGHTS]; // a ring: `flying` of them from `oldest`
    size_t oldest, flying;
    int tasks_left; // before it is replaced; POOL_NONE: any number
} Place;

struct Pool {
    enum { RUN, CLOSE, TERMINATE } state;
    int processes, maxtasksperchild, retries;
    pid_t owner;
    uint64_t serial;
    double average; // ns that a chunk took, lately
    size_t failed_item;
    AsyncResult *calls; // those not freed, oldest first
    Place *places;
    struct pollfd *polled;
    Progress *progress;
};

/* Deals, waits until something happens or the time has come, and takes what came. */
void turn(Pool *self, uint64_t deadline);

#endif
