/* timeouts.c: CPython: Lib/asyncio/timeouts.py, Timeout. */
#include "timeouts.h"

typedef enum {
    TIMEOUT_CREATED,
    TIMEOUT_ENTERED,
    TIMEOUT_EXPIRING,
    TIMEOUT_EXPIRED,
    TIMEOUT_EXITED
} State;

typedef struct {
    Object ob;
    State state;
    Handle *handler; // lent: NULL once it was called, or cancelled
    Object *task;
    double when;
} Timeout;

static const char *const state_names[] = {"created", "active", "expiring", "expired", "finished"};

/* CPython: _on_timeout(). */
static void on_timeout(void *op) {
    Timeout *self = op;
    self->handler = NULL;
    if (future_cancel(self->task, NULL) < 0) return; // no memory, which the loop reports
    self->state = TIMEOUT_EXPIRING;
}

static void drop_handler(Timeout *self) {
    Handle *handler = self->handler;
    self->handler = NULL;
    if (handler && !future_get_loop(self->task)->closed) handle_cancel(handler);
}

int timeout_reschedule(Object *op, double when) {
    Timeout *self = (Timeout *)op;
    if (self->state != TIMEOUT_ENTERED) {
        return error_raise(&RuntimeError_Type, "Cannot change state of %s Timeout",
                           state_names[self->state]);
    }
    Loop *loop = future_get_loop(self->task);
    Handle *handler = NULL;
    if (when != FOREVER) {
        handler = when <= loop_time(loop) ? loop_call_soon(loop, on_timeout, self)
                                          : loop_call_at(loop, when, on_timeout, self);
        if (!handler) return -1;
        incref(self);
        handle_own(handler, drop_reference);
    }
    drop_handler(self);
    self->when = when;
    self->handler = handler;
    return 0;
}

bool timeout_expired(const Object *self) {
    State state = ((const Timeout *)self)->state;
    return state == TIMEOUT_EXPIRING || state == TIMEOUT_EXPIRED;
}

double timeout_when(const Object *self) {
    return ((const Timeout *)self)->when;
}

/* ---- async with ------------------------------------------------------------------------------*/

typedef struct {
    Object *timeout, *exc;
} Step;

static Object *enter_run(Coroutine *self, Object *sent) {
    BEGIN(Step);
    Timeout *timeout = (Timeout *)local->timeout;
    timeout->state = TIMEOUT_ENTERED;
    if (!asyncio_current_task()) {
        error_raise(&RuntimeError_Type, "Timeout should be used inside a task");
        return NULL;
    }
    xdecref(timeout->task);
    timeout->task = new_ref(asyncio_current_task());
    if (timeout_reschedule(local->timeout, timeout->when) < 0) return NULL;
    RETURN(new_ref(timeout));
    END;
}

static Object *exit_run(Coroutine *self, Object *sent) {
    BEGIN(Step);
    Timeout *timeout = (Timeout *)local->timeout;
    if (timeout->task) drop_handler(timeout);
    if (timeout->state == TIMEOUT_EXPIRING) {
        timeout->state = TIMEOUT_EXPIRED;
        bool cancelled = local->exc && local->exc->type == &CancelledError_Type;
        if (task_uncancel(timeout->task) == 0 && cancelled) {
            error_raise_none(&TimeoutError_Type); // nobody else has asked: it was us
            return NULL;
        }
    } else if (timeout->state == TIMEOUT_ENTERED) {
        timeout->state = TIMEOUT_EXITED;
    }
    END;
}

static Object *timeout_aenter(Object *self) {
    static const Code code = {"Timeout.__aenter__", enter_run, sizeof(Step), 2, 0};
    return coroutine_new(&code, &(Step){.timeout = self});
}

static Object *timeout_aexit(Object *self, Exception *exc) {
    static const Code code = {"Timeout.__aexit__", exit_run, sizeof(Step), 2, 0};
    return coroutine_new(&code, &(Step){.timeout = self, .exc = OBJECT(exc)});
}

static void timeout_dealloc(Object *op) {
    Timeout *self = (Timeout *)op; // no handler: that would hold a reference
    xdecref(self->task);
    free(self);
}

static void timeout_repr(const Object *op, FILE *out) {
    const Timeout *self = (const Timeout *)op;
    fprintf(out, "<Timeout [%s]", state_names[self->state]);
    if (self->state == TIMEOUT_ENTERED && self->when == FOREVER)
        fputs(" when=None", out);
    else if (self->state == TIMEOUT_ENTERED)
        fprintf(out, " when=%.3f", self->when);
    fputc('>', out);
}

static const Type Timeout_Type = {
    .name = "Timeout",
    .dealloc = timeout_dealloc,
    .repr = timeout_repr,
    .aenter = timeout_aenter,
    .aexit = timeout_aexit,
};

Object *asyncio_timeout_at(double when) {
    Timeout *self = object_new(&Timeout_Type, sizeof *self);
    if (self) self->when = when;
    return OBJECT(self);
}

Object *asyncio_timeout(double delay) {
    Loop *loop = loop_get_running();
    if (!loop) {
        error_raise(&RuntimeError_Type, "no running event loop");
        return NULL;
    }
    return asyncio_timeout_at(delay == FOREVER ? FOREVER : loop_time(loop) + delay);
}
