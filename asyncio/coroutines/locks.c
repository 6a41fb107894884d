/* locks.c: CPython: Lib/asyncio/locks.py. Simplified: an object is not bound to its first loop; its
 * waiters know theirs. */
#include "locks.h"

#include "coroutine.h"
#include "deque.h"

/* ---- Event -----------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Deque waiters;
    bool value;
} Event;

/* The names of the function and its waiter; both kinds of lock wait so. */
typedef struct {
    Object *lock, *fut;
} Wait;

static Object *event_wait_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    if (event_is_set(local->lock)) RETURN(new_ref(True));
    local->fut = future_new(NULL);
    if (!local->fut || deque_append(&((Event *)local->lock)->waiters, local->fut) < 0) return NULL;
    TRY {
        AWAIT(new_ref(local->fut));
        RETURN(new_ref(True));
    }
    FINALLY {
        deque_remove(&((Event *)local->lock)->waiters, local->fut);
    }
    END_FINALLY;
    END;
}

Object *event_wait(Object *self) {
    static const Code code = {"Event.wait", event_wait_run, sizeof(Wait), 2, 1};
    return coroutine_new(&code, &(Wait){.lock = self});
}

bool event_is_set(const Object *self) {
    return ((const Event *)self)->value;
}

int event_set(Object *op) {
    Event *self = (Event *)op;
    if (self->value) return 0;
    for (size_t i = 0; i < self->waiters.size; i++) {
        Object *fut = deque_get(&self->waiters, i);
        if (!future_done(fut) && future_set_result(fut, True) < 0) return -1;
    }
    self->value = true;
    return 0;
}

void event_clear(Object *self) {
    ((Event *)self)->value = false;
}

static void event_dealloc(Object *op) {
    deque_clear(&((Event *)op)->waiters);
    free(op);
}

static void event_repr(const Object *op, FILE *out) {
    const Event *self = (const Event *)op;
    fprintf(out, "<asyncio.locks.Event object at %p [%s", (const void *)self,
            self->value ? "set" : "unset");
    if (self->waiters.size) fprintf(out, ", waiters:%zu", self->waiters.size);
    fputs("]>", out);
}

static const Type Event_Type = {.name = "Event", .dealloc = event_dealloc, .repr = event_repr};

Object *event_new(void) {
    return object_new(&Event_Type, sizeof(Event));
}

/* ---- Semaphore -------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Deque waiters;
    ssize_t value;
    ssize_t bound_value; // -1: there is none
} Semaphore;

bool semaphore_locked(const Object *op) {
    const Semaphore *self = (const Semaphore *)op;
    if (self->value == 0) return true;
    for (size_t i = 0; i < self->waiters.size; i++) // those who have been woken come first
        if (!future_cancelled(deque_get(&self->waiters, i))) return true;
    return false;
}

/* CPython: _wake_up_next(). */
static int wake_up_next(Semaphore *self) {
    for (size_t i = 0; i < self->waiters.size; i++) {
        Object *fut = deque_get(&self->waiters, i);
        if (future_done(fut)) continue;
        if (future_set_result(fut, True) < 0) return -1;
        self->value--;
        return 0;
    }
    return 0;
}

static Object *acquire_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    if (!semaphore_locked(local->lock)) {
        ((Semaphore *)local->lock)->value--;
        RETURN(new_ref(True));
    }
    local->fut = future_new(NULL);
    if (!local->fut) return NULL;
    if (deque_append(&((Semaphore *)local->lock)->waiters, local->fut) < 0) return NULL;
    TRY {
        TRY {
            AWAIT(new_ref(local->fut));
        }
        FINALLY {
            deque_remove(&((Semaphore *)local->lock)->waiters, local->fut);
        }
        END_FINALLY;
    }
    EXCEPT(CancelledError) {
        Semaphore *semaphore = (Semaphore *)local->lock;
        if (!future_cancelled(local->fut)) { // it had been handed over to us
            semaphore->value++;
            if (wake_up_next(semaphore) < 0) return NULL;
        }
        RERAISE;
    }
    END_TRY;
    Semaphore *semaphore = (Semaphore *)local->lock;
    if (semaphore->value > 0 && wake_up_next(semaphore) < 0) {
        semaphore->value++; // we fail: what we were handed is free again
        return NULL;
    }
    RETURN(new_ref(True));
    END;
}

Object *semaphore_acquire(Object *self) {
    static const Code code = {"Semaphore.acquire", acquire_run, sizeof(Wait), 2, 2};
    return coroutine_new(&code, &(Wait){.lock = self});
}

int semaphore_release(Object *op) {
    Semaphore *self = (Semaphore *)op;
    if (self->bound_value >= 0 && self->value >= self->bound_value) {
        return error_raise(&ValueError_Type, "BoundedSemaphore released too many times");
    }
    self->value++;
    if (wake_up_next(self) == 0) return 0;
    self->value--;
    return -1;
}

/* CPython: _ContextManagerMixin.__aenter__(), __aexit__(). */
static Object *enter_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    AWAIT(semaphore_acquire(local->lock));
    END;
}

static Object *exit_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    if (semaphore_release(local->lock) < 0) return NULL;
    END;
}

static Object *semaphore_aenter(Object *self) {
    static const Code code = {"_ContextManagerMixin.__aenter__", enter_run, sizeof(Wait), 2, 0};
    return coroutine_new(&code, &(Wait){.lock = self});
}

static Object *semaphore_aexit(Object *self, Exception *exc) {
    static const Code code = {"_ContextManagerMixin.__aexit__", exit_run, sizeof(Wait), 2, 0};
    (void)exc;
    return coroutine_new(&code, &(Wait){.lock = self});
}

static void semaphore_dealloc(Object *op) {
    deque_clear(&((Semaphore *)op)->waiters);
    free(op);
}

static void semaphore_repr(const Object *op, FILE *out) {
    const Semaphore *self = (const Semaphore *)op;
    fprintf(out, "<asyncio.locks.%s object at %p [", op->type->name, (const void *)self);
    if (semaphore_locked(op))
        fputs("locked", out);
    else
        fprintf(out, "unlocked, value:%zd", self->value);
    if (self->waiters.size) fprintf(out, ", waiters:%zu", self->waiters.size);
    fputs("]>", out);
}

static const Type Semaphore_Type = {
    .name = "Semaphore",
    .dealloc = semaphore_dealloc,
    .repr = semaphore_repr,
    .aenter = semaphore_aenter,
    .aexit = semaphore_aexit,
};
static const Type BoundedSemaphore_Type = {
    .name = "BoundedSemaphore",
    .base = &Semaphore_Type,
    .dealloc = semaphore_dealloc,
    .repr = semaphore_repr,
    .aenter = semaphore_aenter,
    .aexit = semaphore_aexit,
};

static Object *new_semaphore(const Type *type, ssize_t value, ssize_t bound_value) {
    if (value < 0) {
        error_raise(&ValueError_Type, "Semaphore initial value must be >= 0");
        return NULL;
    }
    Semaphore *self = object_new(type, sizeof *self);
    if (!self) return NULL;
    self->value = value;
    self->bound_value = bound_value;
    return OBJECT(self);
}

Object *semaphore_new(ssize_t value) {
    return new_semaphore(&Semaphore_Type, value, -1);
}

Object *bounded_semaphore_new(ssize_t value) {
    return new_semaphore(&BoundedSemaphore_Type, value, value);
}
