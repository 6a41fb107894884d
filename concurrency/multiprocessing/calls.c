/* calls.c: what the caller holds: a call's results, and waiting for them. Whoever waits turns the
 * pool's wheel (turn() in pool.c) until what it waits for is there.
 *
 * A call's arrays are made when it begins, for all its items: nothing that happens later needs
 * memory but the results themselves. CPython: Lib/multiprocessing/pool.py, ApplyResult, MapResult,
 * IMapIterator.
 */
#include "calls.h"

/* ---- Waiting ---------------------------------------------------------------------------------*/

static uint64_t deadline_in(double timeout) {
    double ns = timeout * 1e9;
    if (ns >= 9e18) return UINT64_MAX;
    return clock_now() + (ns > 0 ? (uint64_t)ns : 0);
}

void async_wait(AsyncResult *self, double timeout) {
    uint64_t deadline = deadline_in(timeout);
    while (self->left > 0 && self->pool) {
        turn(self->pool, deadline);
        if (clock_now() >= deadline) break;
    }
}

/* ---- Calls -----------------------------------------------------------------------------------*/

static void call_destroy(AsyncResult *self) {
    for (size_t i = 0; self->results && i < self->count; i++)
        free(self->results[i].data);
    free(self->chunk);
    free(self->results);
    free(self->errors);
    free(self->order);
    free(self);
}

/* A new call of so many items in chunks, all waiting. CPython: Pool._map_async(). */
static AsyncResult *call_new(Pool *pool, PoolFunction function, const Block *items, size_t count,
                             size_t chunksize, const char *kind) {
    if (pool->state != RUN) {
        error_set(ValueError, "Pool not running");
        return NULL;
    }
    AsyncResult *self = calloc(1, sizeof *self);
    if (!self) return error_no_memory();
    size_t chunks = count ? (count - 1) / chunksize + 1 : 0;
    *self = (AsyncResult){pool, NULL, function, items, count, chunksize, chunks, .left = chunks};
    self->kind = kind;
    self->ordered = true;
    self->chunk = calloc(chunks + 1, sizeof *self->chunk);
    self->results = calloc(count + 1, sizeof *self->results);
    self->errors = calloc(count + 1, sizeof *self->errors);
    self->order = calloc(count + 1, sizeof *self->order);
    if (!self->chunk || !self->results || !self->errors || !self->order) {
        call_destroy(self);
        return error_no_memory();
    }
    AsyncResult **last = &pool->calls;
    while (*last)
        last = &(*last)->next;
    *last = self;
    return self;
}

AsyncResult *pool_map_async(Pool *self, PoolFunction function, const Block *items, size_t count,
                            size_t chunksize) {
    size_t share = (size_t)self->processes * 4;
    if (chunksize == 0) chunksize = count / share + (count % share != 0); // CPython's divmod()
    return call_new(self, function, items, count, chunksize, "MapResult");
}

AsyncResult *pool_apply_async(Pool *self, PoolFunction function, Block item) {
    AsyncResult *call = call_new(self, function, NULL, 1, 1, "ApplyResult");
    if (!call) return NULL;
    call->single = item;
    call->items = &call->single;
    return call;
}

AsyncResult *pool_imap(Pool *self, PoolFunction function, const Block *items, size_t count,
                       size_t chunksize) {
    return call_new(self, function, items, count, chunksize ? chunksize : 1, "IMapIterator");
}

AsyncResult *pool_imap_unordered(Pool *self, PoolFunction function, const Block *items,
                                 size_t count, size_t chunksize) {
    AsyncResult *call = pool_imap(self, function, items, count, chunksize);
    if (call) call->ordered = false;
    return call;
}

void async_free(AsyncResult *self) {
    if (!self) return;
    if (self->pool) {
        AsyncResult **at = &self->pool->calls;
        while (*at != self)
            at = &(*at)->next;
        *at = self->next;
        for (int i = 0; i < self->pool->processes; i++)
            for (size_t k = 0; k < FLIGHTS; k++)
                if (self->pool->places[i].flights[k].call == self) {
                    self->pool->places[i].flights[k].call = NULL;
                }
    }
    call_destroy(self);
}

/* Sets the error that an item ended with. */
static int deliver(AsyncResult *self, size_t item) {
    if (self->pool) self->pool->failed_item = item;
    const char *message = self->results[item].data ? self->results[item].data : "";
    return error_set(self->errors[item], "%s", message);
}

bool async_ready(AsyncResult *self) {
    async_wait(self, 0);
    return self->left == 0;
}

/* The first item that failed, or `count`. */
static size_t first_failed(const AsyncResult *self) {
    size_t item = 0;
    while (item < self->count && !self->errors[item])
        item++;
    return item;
}

int async_successful(AsyncResult *self) {
    if (async_ready(self)) return first_failed(self) == self->count;
    return error_set(ValueError, "<multiprocessing.pool.%s object at %p> not ready", self->kind,
                     (void *)self);
}

const Block *async_get(AsyncResult *self, double timeout) {
    async_wait(self, timeout);
    if (self->left > 0) {
        error_set(TimeoutError, "%s", "");
        return NULL;
    }
    size_t failed = first_failed(self);
    if (failed == self->count) return self->results;
    deliver(self, failed);
    return NULL;
}

int async_next(AsyncResult *self, double timeout, Block *result, size_t *index) {
    uint64_t deadline = deadline_in(timeout);
    if (self->taken == self->count) return 0;
    for (;;) {
        size_t next = self->taken;
        bool there = self->ordered ? self->chunk[next / self->chunksize].state == DONE
                                   : next < self->arrived;
        if (there) break;
        if (!self->pool) return error_set(RuntimeError, "Pool terminated");
        turn(self->pool, deadline);
        if (clock_now() >= deadline) return error_set(TimeoutError, "%s", "");
    }
    size_t item = self->ordered ? self->taken : self->order[self->taken];
    self->taken++;
    if (index) *index = item;
    if (self->errors[item]) return deliver(self, item);
    *result = self->results[item];
    self->results[item] = (Block){NULL, 0};
    return 1;
}

Block *pool_map(Pool *self, PoolFunction function, const Block *items, size_t count,
                size_t chunksize) {
    AsyncResult *call = pool_map_async(self, function, items, count, chunksize);
    if (!call) return NULL;
    Block *results = NULL;
    if (async_get(call, FOREVER)) {
        results = call->results;
        call->results = NULL;
    }
    async_free(call);
    return results;
}

int pool_apply(Pool *self, PoolFunction function, Block item, Block *result) {
    Block *results = pool_map(self, function, &item, 1, 1);
    if (!results) return -1;
    *result = results[0];
    free(results);
    return 0;
}

void blocks_free(Block *blocks, size_t count) {
    for (size_t i = 0; blocks && i < count; i++)
        free(blocks[i].data);
    free(blocks);
}
