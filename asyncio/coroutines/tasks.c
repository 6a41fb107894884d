/* tasks.c: sleep, wait_for, gather, shield. CPython: Lib/asyncio/tasks.py. */
#include "tasks.h"

/* ---- sleep -----------------------------------------------------------------------------------*/

typedef struct {
    Object *result, *future;
    Handle *timer; // with a reference: it may be called before we notice that we were cancelled
    double delay;
} Sleep;

/* CPython: Lib/asyncio/futures.py, _set_result_unless_cancelled(). */
static void set_result_unless_cancelled(void *future) {
    if (!future_done(future)) future_set_result(future, None);
}

/* loop.call_later(delay, callback, future), with a reference of its own. */
static Handle *call_later_owned(Loop *loop, double delay, Callback callback, Object *future) {
    Handle *handle = loop_call_later(loop, delay, callback, future);
    if (handle) incref(future);
    return handle_own(handle, drop_reference);
}

/* A frame of its own, as most of the other's would lie idle. CPython: __sleep0(). */
static Object *sleep0_run(Coroutine *self, Object *sent) {
    BEGIN(Object *);
    YIELD_NONE;
    RETURN(new_ref(*local ? *local : None));
    END;
}

static Object *sleep_run(Coroutine *self, Object *sent) {
    BEGIN(Sleep);
    local->future = future_new(NULL);
    if (!local->future) return NULL;
    local->timer = handle_incref(call_later_owned(future_get_loop(local->future), local->delay,
                                                  set_result_unless_cancelled, local->future));
    if (!local->timer) return NULL;
    TRY {
        AWAIT(new_ref(local->future));
    }
    FINALLY {
        handle_cancel(local->timer);
        handle_decref(local->timer);
    }
    END_FINALLY;
    RETURN(new_ref(local->result));
    END;
}

Object *asyncio_sleep(double delay, Object *result) {
    static const Code sleep_code = {"sleep", sleep_run, sizeof(Sleep), 2, 1};
    static const Code sleep0_code = {"sleep", sleep0_run, sizeof(Object *), 1, 0};
    if (delay <= 0) return coroutine_new(&sleep0_code, &result);
    if (!result) result = None;
    return coroutine_new(&sleep_code, &(Sleep){.result = result, .delay = delay});
}

/* ---- wait_for --------------------------------------------------------------------------------*/

/* As a timer's callback and as a Future's. CPython: _release_waiter(). */
static void release_waiter(void *waiter) {
    if (!future_done(waiter)) future_set_result(waiter, None);
}
static void release_waiter_done(Object *waiter, Object *future) {
    (void)future;
    release_waiter(waiter);
}

typedef struct {
    Object *fut, *waiter;
} CancelAndWait;

/* Cancels and waits until it is over; not for the future itself, so as to be cancelled reliably. */
static Object *cancel_and_wait_run(Coroutine *self, Object *sent) {
    BEGIN(CancelAndWait);
    local->waiter = future_new(future_get_loop(local->fut));
    if (!local->waiter) return NULL;
    if (future_add_done_callback(local->fut, release_waiter_done, local->waiter) < 0) return NULL;
    TRY {
        if (future_cancel(local->fut, NULL) < 0) return NULL;
        AWAIT(new_ref(local->waiter));
    }
    FINALLY {
        future_remove_done_callback(local->fut, release_waiter_done, local->waiter);
    }
    END_FINALLY;
    END;
}

/* CPython: _cancel_and_wait(). */
static Object *cancel_and_wait(Object *fut) {
    static const Code code = {"_cancel_and_wait", cancel_and_wait_run, sizeof(CancelAndWait), 2, 1};
    return coroutine_new(&code, &(CancelAndWait){.fut = fut});
}

/* What `fut` came to, after it was cancelled because time was up; a new reference. */
static Object *result_or_timeout(Object *fut) {
    Object *result = future_result(fut);
    if (result || !error_is(&CancelledError_Type)) return result;
    Exception *cancelled = exception_fetch();
    Exception *timeout = exception_new_value(&TimeoutError_Type, NULL);
    if (timeout) exception_set_context(timeout, cancelled);
    exception_raise_from(timeout, cancelled);
    decref(cancelled);
    return NULL;
}

typedef struct {
    Object *fut, *waiter;
    Handle *timer; // with a reference
    double timeout;
} WaitFor;

static int wait_for_begin(WaitFor *local) {
    Loop *loop = future_get_loop(local->waiter);
    Handle *timer = call_later_owned(loop, local->timeout, release_waiter, local->waiter);
    if (!timer) return -1;
    Object *fut = asyncio_ensure_future(local->fut, loop);
    local->fut = fut;
    if (!fut || future_add_done_callback(fut, release_waiter_done, local->waiter) < 0) {
        handle_cancel(timer);
        return -1;
    }
    local->timer = handle_incref(timer);
    return 0;
}

static Object *wait_for_run(Coroutine *self, Object *sent) {
    BEGIN(WaitFor);
    if (local->timeout == FOREVER) {
        AWAIT(new_ref(local->fut));
        RETURN(new_ref(sent));
    }
    if (local->timeout <= 0) {
        local->fut = asyncio_ensure_future(local->fut, loop_get_running());
        if (!local->fut) return NULL;
        if (future_done(local->fut)) RETURN(future_result(local->fut));
        AWAIT(cancel_and_wait(local->fut));
        RETURN(result_or_timeout(local->fut));
    }
    local->waiter = future_new(NULL);
    if (!local->waiter || wait_for_begin(local) < 0) return NULL;
    TRY {
        TRY {
            AWAIT(new_ref(local->waiter));
        }
        EXCEPT(CancelledError) {
            if (future_done(local->fut)) RETURN(future_result(local->fut));
            future_remove_done_callback(local->fut, release_waiter_done, local->waiter);
            AWAIT(cancel_and_wait(local->fut)); // it must not be running afterwards
            RERAISE;
        }
        END_TRY;
        if (future_done(local->fut)) RETURN(future_result(local->fut));
        future_remove_done_callback(local->fut, release_waiter_done, local->waiter);
        AWAIT(cancel_and_wait(local->fut));
        RETURN(result_or_timeout(local->fut));
    }
    FINALLY {
        handle_cancel(local->timer);
        handle_decref(local->timer);
    }
    END_FINALLY;
    END;
}

Object *asyncio_wait_for(Object *fut, double timeout) {
    static const Code code = {"wait_for", wait_for_run, sizeof(WaitFor), 2, 2};
    if (!fut) return NULL;
    Object *coro = coroutine_new(&code, &(WaitFor){.fut = fut, .timeout = timeout});
    decref(fut);
    return coro;
}

/* ---- gather ----------------------------------------------------------------------------------*/

/* CPython: _GatheringFuture, and what _done_callback() closes over. */
typedef struct {
    Future fut;
    ssize_t nchildren, nfuts, nfinished; // nfuts: without the ones that came twice
    bool return_exceptions, cancel_requested;
    Object *children[];
} GatheringFuture;

static void gathering_dealloc(Object *op) {
    GatheringFuture *self = (GatheringFuture *)op;
    op->refcnt = 1;
    future_finalize(&self->fut);
    if (--op->refcnt > 0) return;
    op->refcnt = 1;
    future_clear(&self->fut);
    for (ssize_t i = 0; i < self->nchildren; i++)
        xdecref(self->children[i]);
    free(self);
}

/* Cancels the children: itself it is cancelled when they are. CPython: _GatheringFuture.cancel(). */
static int gathering_cancel(Object *op, Object *msg) {
    GatheringFuture *self = (GatheringFuture *)op;
    if (future_done(op)) return 0;
    int any = 0;
    for (ssize_t i = 0; i < self->nchildren; i++) {
        int cancelled = future_cancel(self->children[i], msg);
        if (cancelled < 0) return -1;
        any |= cancelled;
    }
    if (any) self->cancel_requested = true;
    return any;
}

static const Type GatheringFuture_Type = {
    .name = "_GatheringFuture",
    .base = &Future_Type,
    .dealloc = gathering_dealloc,
    .await = future_await,
    .send = future_am_send,
    .cancel = gathering_cancel,
};

/* What stands in the list for a child: a new reference, or NULL with MemoryError. */
static Object *child_outcome(Object *child) {
    Future *fut = (Future *)child;
    if (fut->state == STATE_CANCELLED) {
        Object *msg = fut->cancel_msg ? new_ref(fut->cancel_msg) : str_from_format("%s", "");
        Exception *exc = msg ? exception_new_value(&CancelledError_Type, msg) : NULL;
        xdecref(msg);
        return OBJECT(exc);
    }
    fut->log_tb = false;
    return new_ref(fut->exception ? OBJECT(fut->exception) : fut->result);
}

static Object *gathering_results(const GatheringFuture *self) {
    List *results = (List *)list_new(self->nchildren);
    for (ssize_t i = 0; results && i < self->nchildren; i++) {
        Object *outcome = child_outcome(self->children[i]);
        if (outcome) {
            decref(results->items[i]);
            results->items[i] = outcome;
        } else {
            clear_ref(results);
        }
    }
    return OBJECT(results);
}

/* All children are done. If it was cancelled, the message is that of the last in the list, whoever was
 * the last to end: CPython's loop over them leaves its variable so. What goes wrong here, for want of
 * memory, is the outcome. */
static void gathering_finish(GatheringFuture *self) {
    Object *outer = OBJECT(self), *results = gathering_results(self);
    Object *last = self->children[self->nchildren - 1];
    if (results && !self->cancel_requested && future_set_result(outer, results) == 0) {
        decref(results);
        return;
    }
    Exception *exc = error_occurred() ? exception_fetch() : future_make_cancelled_error(last);
    xdecref(results);
    if (!exc) exc = exception_fetch();
    future_set_exception(outer, exc);
    decref(exc);
}

/* CPython: gather(), _done_callback(). */
static void gathering_child_done(Object *outer, Object *fut) {
    GatheringFuture *self = (GatheringFuture *)outer;
    Future *child = (Future *)fut;
    self->nfinished++;
    if (future_done(outer)) {
        child->log_tb = false; // nobody will ask for it
        return;
    }
    if (!self->return_exceptions) {
        Exception *exc = NULL;
        if (child->state == STATE_CANCELLED) {
            exc = future_make_cancelled_error(fut);
            if (!exc) exc = exception_fetch();
        } else if (child->exception) {
            child->log_tb = false;
            exc = (Exception *)new_ref(child->exception);
        }
        if (exc) {
            future_set_exception(outer, exc);
            decref(exc);
            return;
        }
    }
    if (self->nfinished == self->nfuts) gathering_finish(self);
}

/* Where `arg` is, or belongs, in a table of the arguments so far: an index into `args`, -1 for none.
 * CPython: arg_to_fut, a dict. */
static int32_t *find_argument(int32_t *table, size_t mask, Object *const *args, const Object *arg) {
    size_t i = (size_t)((uintptr_t)arg * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
    while (table[i] >= 0 && args[table[i]] != arg)
        i = (i + 1) & mask;
    return &table[i];
}

/* The Future of the argument at `i`, which is taken over, joins the children; -1 with an error. */
static int gathering_add(GatheringFuture *self, Object *const *args, ssize_t i, int32_t *seen) {
    if (*seen >= 0) {
        decref(args[i]);
        self->children[i] = new_ref(self->children[*seen]);
        return 0;
    }
    *seen = (int32_t)i;
    Object *fut = asyncio_ensure_future(args[i], self->fut.loop);
    if (!fut) return -1;
    self->fut.loop = future_get_loop(fut); // the first one decides
    self->children[i] = fut;
    if (fut != args[i]) ((Task *)fut)->log_destroy_pending = false; // only we know this task
    self->nfuts++;
    return future_add_done_callback(fut, gathering_child_done, OBJECT(self));
}

static Object *gathering_new(Object *const *args, ssize_t count, int32_t *table, size_t mask) {
    GatheringFuture *self =
        object_new(&GatheringFuture_Type, sizeof *self + (size_t)count * sizeof *self->children);
    ssize_t i = 0;
    if (self) self->nchildren = count;
    for (; self && i < count; i++) {
        int32_t *seen = args[i] ? find_argument(table, mask, args, args[i]) : NULL;
        if (!seen || gathering_add(self, args, i, seen) < 0) {
            i += seen != NULL;                 // it is taken over
            self->fut.state = STATE_CANCELLED; // those before it run on, and find nobody
            clear_ref(self);
            break;
        }
    }
    for (; !self && i < count; i++)
        xdecref(args[i]);
    return OBJECT(self);
}

Object *asyncio_gather(Object *const *args, ssize_t count, bool return_exceptions) {
    if (count == 0) {
        Object *outer = future_new(NULL), *results = outer ? list_new(0) : NULL;
        if (!results || future_set_result(outer, results) < 0) clear_ref(outer);
        xdecref(results);
        return outer;
    }
    size_t size = 4;
    while (size < 2 * (size_t)count)
        size *= 2;
    int32_t *table = malloc(size * sizeof *table);
    if (!table) {
        for (ssize_t i = 0; i < count; i++)
            xdecref(args[i]);
        return error_no_memory();
    }
    memset(table, -1, size * sizeof *table);
    Object *outer = gathering_new(args, count, table, size - 1);
    free(table);
    if (outer) ((GatheringFuture *)outer)->return_exceptions = return_exceptions;
    return outer;
}

/* ---- shield ----------------------------------------------------------------------------------*/

/* CPython: shield(), _inner_done_callback(). */
static void shield_inner_done(Object *outer, Object *inner) {
    Future *fut = (Future *)inner;
    if (future_cancelled(outer)) {
        fut->log_tb = false;
    } else if (fut->state == STATE_CANCELLED) {
        future_cancel(outer, NULL);
    } else if (fut->exception) {
        fut->log_tb = false;
        future_set_exception(outer, fut->exception);
    } else {
        future_set_result(outer, fut->result);
    }
}

/* CPython: _outer_done_callback(). */
static void shield_outer_done(Object *inner, Object *outer) {
    if (!future_done(inner)) future_remove_done_callback(inner, shield_inner_done, outer);
}

Object *asyncio_shield(Object *arg) {
    Object *inner = asyncio_ensure_future(arg, NULL);
    if (!inner || future_done(inner)) return inner;
    Object *outer = future_new(future_get_loop(inner));
    if (outer && future_add_done_callback(inner, shield_inner_done, outer) < 0) clear_ref(outer);
    if (outer && future_add_done_callback(outer, shield_outer_done, inner) < 0) {
        future_remove_done_callback(inner, shield_inner_done, outer);
        clear_ref(outer);
    }
    decref(inner);
    return outer;
}
