/* pool.c: what the caller holds: a pool, its calls, their results. Whoever waits for a result turns
 * the pool's wheel (turn() in workers.c) until it is there.
 *
 * A call's arrays are made when it begins, for all its items: nothing that happens later needs
 * memory but the results themselves. CPython: Lib/multiprocessing/pool.py, ApplyResult, MapResult,
 * IMapIterator.
 */
#include "workers.h"

#include <sys/mman.h>

/* ---- The pool --------------------------------------------------------------------------------*/

static void destroy(Pool *self) {
    if (self->progress) munmap(self->progress, (size_t)self->processes * sizeof *self->progress);
    free(self->workers);
    free(self->polled);
    free(self);
}

Pool *pool_new(int processes, int maxtasksperchild) {
    if (processes == POOL_NONE) processes = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (processes < 1) {
        error_set(ValueError, "Number of processes must be at least 1");
        return NULL;
    }
    if (maxtasksperchild < 1) {
        error_set(ValueError, "maxtasksperchild must be a positive int or None");
        return NULL;
    }
    Pool *self = calloc(1, sizeof *self);
    if (!self) return error_no_memory();
    self->processes = processes;
    self->maxtasksperchild = maxtasksperchild;
    self->owner = getpid();
    self->workers = calloc((size_t)processes, sizeof *self->workers);
    self->polled = calloc((size_t)processes, sizeof *self->polled);
    void *shared = mmap(NULL, (size_t)processes * sizeof *self->progress, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) self->progress = shared;
    if (!self->workers || !self->polled || !self->progress) {
        destroy(self);
        return error_no_memory();
    }
    for (int i = 0; i < processes; i++) {
        Worker *worker = &self->workers[i];
        worker->progress = &self->progress[i];
        worker->tasks_left = maxtasksperchild;
        if (worker_start(worker, maxtasksperchild) < 0) {
            Error error = error_fetch(); // all or none, as in CPython
            pool_free(self);
            error_restore(error);
            return NULL;
        }
    }
    return self;
}

void pool_set_retries(Pool *self, int retries) {
    self->retries = retries;
}

void pool_close(Pool *self) {
    if (self->state == RUN) self->state = CLOSE;
}

void pool_terminate(Pool *self) {
    if (getpid() != self->owner) return;
    Error error = {.type = RuntimeError, .message = "Pool terminated"};
    for (int i = 0; i < self->processes; i++)
        if (self->workers[i].process) process_kill(self->workers[i].process);
    for (int i = 0; i < self->processes; i++)
        if (self->workers[i].process) worker_lost(self, &self->workers[i], &error);
    fail_waiting(self, &error);
    self->state = TERMINATE;
}

int pool_join(Pool *self) {
    if (self->state == RUN) return error_set(ValueError, "Pool is still running");
    for (AsyncResult *call = self->calls; call; call = call->next)
        async_wait(call, FOREVER);
    for (int i = 0; i < self->processes; i++) {
        Worker *worker = &self->workers[i];
        while (worker->process && worker->flying > 0) // of calls that were freed
            turn(self, UINT64_MAX);
        if (worker->process) worker_end(worker);
    }
    return 0;
}

void pool_free(Pool *self) {
    if (!self) return;
    if (getpid() == self->owner) pool_terminate(self);
    for (AsyncResult *call = self->calls; call; call = call->next)
        call->pool = NULL;
    destroy(self);
}

size_t pool_failed_item(const Pool *self) {
    return self->failed_item;
}

int pool_processes(const Pool *self) {
    return self->processes;
}

pid_t pool_worker_pid(const Pool *self, int i) {
    Process *process = self->workers[i].process;
    return process ? process_pid(process) : 0;
}

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
                if (self->pool->workers[i].flights[k].call == self) {
                    self->pool->workers[i].flights[k].call = NULL;
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
