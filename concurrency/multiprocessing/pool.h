/* pool.h: multiprocessing.Pool: a fixed number of child processes that run C functions over blocks
 * of bytes.
 *
 * The parent has no threads: work advances while it is inside one of the functions below that wait
 * (what was already handed to the workers runs on meanwhile). A pool belongs to the process and the
 * thread that made it. Whatever becomes of a worker, every call returns: the item it was at fails,
 * or is tried again, and another worker takes its place.
 */
#ifndef POOL_H
#define POOL_H

#include "process.h"

#define POOL_NONE 0x7fffffff // Python's None for `processes` and `maxtasksperchild`

typedef struct Pool Pool;
typedef struct AsyncResult AsyncResult;

typedef struct {
    void *data;
    size_t size;
} Block;

/* What a worker does with an item, which lies in the worker's memory and lasts for the call. Leaves
 * in *result a malloc()ed block, or {NULL, 0}, as it was. Returns 0, or -1 with the error indicator
 * set. It must have been part of the program when the pool was made: workers are forked copies. */
typedef int (*PoolFunction)(const void *item, size_t size, Block *result);

/* New pool of so many workers (POOL_NONE: one a core), each replaced after maxtasksperchild chunks
 * (POOL_NONE: never). NULL with ValueError, MemoryError or OSError; then no child is left. CPython:
 * Lib/multiprocessing/pool.py, Pool.__init__(). */
Pool *pool_new(int processes, int maxtasksperchild);

/* Terminates, joins, forgets; NULL allowed. Results not freed yet stay valid, and fail if they
 * were not ready. */
void pool_free(Pool *self);

/* How often the items of a chunk are given to another worker after theirs has died; 0 at first, up
 * to 255. They may then have been done in part twice. CPython has nothing of this. */
void pool_set_retries(Pool *self, int retries);

/* The items' results in the items' order: a new array for blocks_free(). `chunksize` items go to a
 * worker at once; 0 is None: a quarter of a worker's share, rounded up. NULL with the error of the
 * failed item with the lowest index (RuntimeError if its worker died), ValueError, MemoryError.
 * CPython: Pool.map(). */
Block *pool_map(Pool *self, PoolFunction function, const Block *items, size_t count,
                size_t chunksize);

/* The result for one item: 0, or -1 as pool_map(). CPython: Pool.apply(). */
int pool_apply(Pool *self, PoolFunction function, Block item, Block *result);

/* Begin the same, without waiting. The items stay the caller's, and must stay as they are until the
 * result is ready or freed. Free the result with async_free(). CPython: Pool.map_async(),
 * apply_async(), and imap() and imap_unordered(), which differ in async_next()'s order. */
AsyncResult *pool_map_async(Pool *self, PoolFunction function, const Block *items, size_t count,
                            size_t chunksize);
AsyncResult *pool_apply_async(Pool *self, PoolFunction function, Block item);
AsyncResult *pool_imap(Pool *self, PoolFunction function, const Block *items, size_t count,
                       size_t chunksize);
AsyncResult *pool_imap_unordered(Pool *self, PoolFunction function, const Block *items,
                                 size_t count, size_t chunksize);

/* No more tasks; those begun are done. CPython: Pool.close(). */
void pool_close(Pool *self);

/* Kills the workers; what is not ready fails with RuntimeError. CPython: Pool.terminate(), which
 * leaves such results waiting for ever. */
void pool_terminate(Pool *self);

/* Waits for what was begun and for the workers' end. 0, or -1 with ValueError before close() or
 * terminate(). CPython: Pool.join(). */
int pool_join(Pool *self);

/* The index, among its call's items, of the item whose error was delivered last. */
size_t pool_failed_item(const Pool *self);

/* The pid of worker `i`, 0 to pool_processes() - 1; 0 while there is none in this place. */
pid_t pool_worker_pid(const Pool *self, int i);
int pool_processes(const Pool *self);

/* Waits until ready, at most `timeout` seconds. CPython: ApplyResult.wait(). */
void async_wait(AsyncResult *self, double timeout);

/* Waits, then the results, the object's own until async_free(). NULL with TimeoutError or as
 * pool_map(). CPython: ApplyResult.get(). */
const Block *async_get(AsyncResult *self, double timeout);

/* Looks, without waiting, for results that have come, too. CPython: ApplyResult.ready(). */
bool async_ready(AsyncResult *self);

/* 1 or 0; -1 with ValueError if it is not ready. CPython: ApplyResult.successful(). */
int async_successful(AsyncResult *self);

/* The next result: 1, with its block moved to *result (for free()) and its item's index to *index
 * (may be NULL); 0 after the last; -1 with the item's error (the next call goes on behind it) or
 * TimeoutError. CPython: IMapIterator.next(). */
int async_next(AsyncResult *self, double timeout, Block *result, size_t *index);

/* Forgets the result; work not begun is dropped. NULL allowed. */
void async_free(AsyncResult *self);

/* Frees an array of pool_map(). NULL allowed. */
void blocks_free(Block *blocks, size_t count);

#endif
