/* pool.h: multiprocessing.Pool: n workers that take tasks from a parent, and its results back.
 *
 *     parent                                            worker 0 (a process)
 *     +---------------------------+                     +-----------------------+
 *     | jobs: what was asked for  |--- inbox 0 -------->| take a chunk of items |
 *     | workers: who has what     |--- inbox 1 ---.     | call the function     |
 *     |                           |<-- outbox --+-+-----| put the results       |
 *     +---------------------------+             | |     +-----------------------+
 *                                               | '---->  worker 1
 *
 * The invariant: the parent knows, for every chunk that it has given away, in whose inbox it is. So
 * when a worker dies, exactly one chunk can be in doubt, the oldest in its inbox that is no longer
 * there; that one fails or is tried again, and a new worker goes on with the same inbox.
 *
 * A task is a C function over bytes. Functions are called in the workers; they are known there by
 * their address, since a worker is a fork of the parent. A Pool belongs to the thread that made it.
 *
 * CPython: Lib/multiprocessing/pool.py. Simplified: no helper threads. CPython has three in the
 * parent, which feed the workers, collect results and replace the dead; here that is done while the
 * caller waits, and whenever it calls anything of the pool.
 */
#ifndef POOL_H
#define POOL_H

#include "process.h"

typedef struct Pool Pool;
typedef struct AsyncResult AsyncResult;

/* Some bytes. In an output they are a block from malloc(), followed by a NUL that is not counted.
 */
typedef struct {
    void *bytes;
    size_t size;
} Bytes;

/* What runs in a worker. Fills *output, which is {NULL, 0}, with a block that it allocates and that
 * the worker frees. 0, or -1 with the error indicator set: the caller of the pool gets that error.
 */
typedef int (*PoolFunction)(const void *input, size_t size, Bytes *output);

typedef struct {
    int processes;        // 0: one for each core. CPython: os.cpu_count()
    int maxtasksperchild; // chunks after which a worker is replaced; 0: never
    int retries;          // how often an item is tried again whose worker died; CPython: would hang
    void (*initializer)(void *argument); // called in each new worker, or NULL
    void *argument;
} PoolOptions;

/* New pool, its workers started; `options` NULL: the defaults. NULL with ValueError ("Number of
 * processes must be at least 1"), MemoryError or OSError, and then no worker is left.
 * CPython: Lib/multiprocessing/pool.py, Pool.__init__(). */
Pool *pool_new(const PoolOptions *options);

/* Terminates what still runs, and frees the pool with all its results; NULL allowed. */
void pool_free(Pool *self);

/* ---- Asking for work -------------------------------------------------------------------------*/

/* Calls `function` on each of the inputs, in the workers, and waits; outputs[i] is that of
 * inputs[i], to be free()d. `chunksize` items go to a worker at a time; 0 is CPython's rule, a
 * quarter of an even share. 0, or -1 with the first error, after all the rest is done: then
 * outputs[i].bytes is NULL for what failed, and pool_error_index() tells which item it was.
 * ValueError ("Pool not running"). CPython: Pool.map(), Pool._map_async(), mapstar(). */
int pool_map(Pool *self, PoolFunction function, const Bytes *inputs, size_t count, size_t chunksize,
             Bytes *outputs);

/* One call, waited for. CPython: Pool.apply(). */
int pool_apply(Pool *self, PoolFunction function, const void *input, size_t size, Bytes *output);

/* The same without waiting. NULL with ValueError or MemoryError. Free the result, at the latest
 * before the pool. CPython: Pool.apply_async(), Pool.map_async(). */
AsyncResult *pool_apply_async(Pool *self, PoolFunction function, const void *input, size_t size);
AsyncResult *pool_map_async(Pool *self, PoolFunction function, const Bytes *inputs, size_t count,
                            size_t chunksize);

/* Results one by one: pool_imap() in the order of the inputs, pool_imap_unordered() as they are
 * ready. Ask with async_result_next(). CPython: Pool.imap(), Pool.imap_unordered(). */
AsyncResult *pool_imap(Pool *self, PoolFunction function, const Bytes *inputs, size_t count,
                       size_t chunksize);
AsyncResult *pool_imap_unordered(Pool *self, PoolFunction function, const Bytes *inputs,
                                 size_t count, size_t chunksize);

/* ---- Getting it ------------------------------------------------------------------------------*/

/* Waits until all of it is done, at most `timeout` seconds. CPython: ApplyResult.wait(). */
void async_result_wait(AsyncResult *self, double timeout);

/* 1 when all of it is done. CPython: ApplyResult.ready(). */
bool async_result_ready(AsyncResult *self);

/* 1 if it is done without an error, 0 if with one; -1 with ValueError while it is not done.
 * CPython: ApplyResult.successful(). */
int async_result_successful(AsyncResult *self);

/* Moves the outputs (one for each input) to the caller. 0, or -1 with the error of the function, as
 * pool_map(), or TimeoutError. CPython: ApplyResult.get(). */
int async_result_get(AsyncResult *self, Bytes *outputs, double timeout);

/* The next output of an imap, moved to the caller, and whose it is in *index (may be NULL). 0, or
 * -1 with the item's error (then go on with the next), TimeoutError, or StopIteration after the
 * last. CPython: IMapIterator.next(). */
int async_result_next(AsyncResult *self, Bytes *output, size_t *index, double timeout);

/* Lets go of a result, done or not; NULL allowed. */
void async_result_free(AsyncResult *self);

/* ---- The end ---------------------------------------------------------------------------------*/

/* No more work will be asked for; what was asked for is done. CPython: Pool.close(). */
void pool_close(Pool *self);

/* Stops the workers at once. Results that are not there yet fail. CPython: Pool.terminate(). */
void pool_terminate(Pool *self);

/* Waits until all work is done and the workers have ended. 0, or -1 with ValueError ("Pool is still
 * running") before close or terminate. CPython: Pool.join(). */
int pool_join(Pool *self);

/* ---- What can be asked -----------------------------------------------------------------------*/

/* The item that the last error of this pool was about, an index into the inputs; -1 for none. */
ssize_t pool_error_index(const Pool *self);

/* How many workers run now, and how many have died unasked and been replaced so far. */
int pool_size(const Pool *self);
int pool_deaths(const Pool *self);

/* The worker's process, borrowed until the next call; 0 <= index < pool_size(). */
Process *pool_worker(Pool *self, int index);

/* CPython's chunksize for `count` items and so many workers: divmod(count, 4 * workers), rounded
 * up. CPython: Lib/multiprocessing/pool.py, Pool._map_async(). */
size_t pool_chunksize(size_t count, int workers);

#endif
