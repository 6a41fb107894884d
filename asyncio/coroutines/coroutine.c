/* coroutine.c: the object around a frame: send, throw, close, and its last breath.
 *
 * The invariant: state says who may touch the frame. Below 0 it waits and anybody may resume it; 0
 * it is somewhere on the C stack and nobody may; above 0 it is over, and a coroutine, other than a
 * generator, says so: what was awaited once has no second result. Each way in (send, throw, close) asks
 * state first, and each comes down to one frame_eval(). CPython: Objects/genobject.c.
 */
#include "coroutine.h"

#include "../pool.h"

/* ---- send ------------------------------------------------------------------------------------*/

/* Where every resume passes. If `throwing`, an exception is pending and is what is sent.
 * CPython: gen_send_ex2(). */
static SendResult send_ex(Coroutine *self, Object *value, bool throwing, bool closing,
                          Object **result) {
    *result = NULL;
    if (self->state == FRAME_CREATED && value != None) {
        error_raise(&TypeError_Type, "can't send non-None value to a just-started coroutine");
        return SEND_ERROR;
    }
    if (self->state == FRAME_EXECUTING) {
        error_raise(&ValueError_Type, "coroutine already executing");
        return SEND_ERROR;
    }
    if (self->state >= FRAME_COMPLETED) {
        if (!closing) {
            error_raise(&RuntimeError_Type, "cannot reuse already awaited coroutine");
        }
        return SEND_ERROR;
    }
    return frame_eval(self, value, throwing, result);
}

SendResult coroutine_am_send(Object *op, Object *value, Object **result) {
    Coroutine *self = (Coroutine *)op;
    if (self->state == FRAME_SUSPENDED) return frame_eval(self, value, false, result);
    return send_ex(self, value, false, false, result);
}

/* A return, as those who know only exceptions are told it. CPython: _PyGen_SetStopIterationValue(). */
static Object *value_or_stop(SendResult status, Object *result) {
    if (status != SEND_RETURN) return result;
    exception_raise(exception_new_value(&StopIteration_Type, result == None ? NULL : result));
    decref(result);
    return NULL;
}

Object *coroutine_send(Object *self, Object *value) {
    Object *result;
    SendResult status = coroutine_am_send(self, value, &result);
    return value_or_stop(status, result);
}

/* ---- throw and close -------------------------------------------------------------------------*/

Object *coroutine_cr_await(const Object *op) {
    const Coroutine *self = (const Coroutine *)op;
    return self->state == FRAME_SUSPENDED ? self->awaiting : NULL;
}

/* Closes the coroutine that a suspended frame awaits. While that runs, the frame counts as running:
 * it is on the way there. Simplified: of what can be awaited only coroutines can be closed or thrown
 * into; CPython asks any object for a method of that name, and a Future's iterator forgets its Future.
 * CPython: gen_close_iter(). */
static int close_awaited(Coroutine *self) {
    Object *awaited = coroutine_cr_await(OBJECT(self));
    if (!awaited || !coroutine_check(awaited)) return 0;
    incref(awaited);
    self->state = FRAME_EXECUTING;
    int status = coroutine_close(awaited);
    self->state = FRAME_SUSPENDED;
    decref(awaited);
    return status;
}

/* Throws the pending exception. The innermost coroutine of a chain gets it first; what comes out of
 * there (another exception, or the end) goes on in the one that awaits it. CPython: _gen_throw(). */
static SendResult throw_pending(Coroutine *self, Object **result) {
    Object *awaited = coroutine_cr_await(OBJECT(self));
    if (!awaited || !coroutine_check(awaited)) return send_ex(self, None, true, false, result);
    if (error_is(&GeneratorExit_Type)) {
        Exception *thrown = exception_fetch();
        if (close_awaited(self) == 0) exception_restore((Exception *)new_ref(thrown));
        decref(thrown);
        return send_ex(self, None, true, false, result);
    }
    incref(awaited);
    self->state = FRAME_EXECUTING;
    SendResult status = throw_pending((Coroutine *)awaited, result);
    self->state = FRAME_SUSPENDED;
    decref(awaited);
    if (status == SEND_NEXT) return status;
    if (status == SEND_ERROR) return send_ex(self, None, true, false, result);
    clear_ref(self->awaiting); // it has ended: its value is what the await comes to
    Object *value = *result;
    status = send_ex(self, value, false, false, result);
    decref(value);
    return status;
}

SendResult coroutine_am_throw(Object *self, Exception *exc, Object **result) {
    exception_restore((Exception *)new_ref(exc));
    return throw_pending((Coroutine *)self, result);
}

Object *coroutine_throw(Object *self, Exception *exc) {
    Object *result;
    SendResult status = coroutine_am_throw(self, exc, &result);
    return value_or_stop(status, result);
}

/* Ends a frame in which nobody could catch or notice GeneratorExit: true. CPython 3.11 raises it
 * all the same, with the same result. */
static bool close_quietly(Coroutine *self) {
    bool unnoticed = self->state == FRAME_CREATED ||
                     (self->nblocks == 0 && !self->awaiting && self->state < FRAME_EXECUTING);
    if (unnoticed) frame_clear(self);
    return self->state >= FRAME_COMPLETED;
}

int coroutine_close(Object *op) {
    Coroutine *self = (Coroutine *)op;
    if (close_quietly(self)) return 0;
    if (close_awaited(self) == 0) error_raise_none(&GeneratorExit_Type);
    Object *result;
    SendResult status = send_ex(self, None, true, true, &result);
    if (status == SEND_NEXT) {
        decref(result);
        return error_raise(&RuntimeError_Type, "coroutine ignored GeneratorExit");
    }
    if (status == SEND_RETURN) {
        decref(result);
        return 0;
    }
    if (!error_is(&GeneratorExit_Type)) return -1;
    error_clear();
    return 0;
}

/* ---- Birth and death -------------------------------------------------------------------------*/

size_t coroutine_sizeof(const Code *code) {
    size_t cells = (code->locals_size + sizeof(Object *) - 1) / sizeof(Object *);
    return sizeof(Coroutine) + cells * sizeof(Object *) + (size_t)code->blocks * sizeof(Block);
}

Object *coroutine_new(const Code *code, const void *locals) {
    Coroutine *self = pool_alloc(coroutine_sizeof(code));
    if (!self) return NULL;
    self->ob = (Object){1, &Coroutine_Type};
    self->code = code;
    self->awaiting = NULL;
    self->lasti = 0;
    self->state = FRAME_CREATED;
    self->nblocks = 0;
    if (code->locals_size) memcpy(self->localsplus, locals, code->locals_size);
    for (int i = 0; i < code->references; i++)
        if (self->localsplus[i]) incref(self->localsplus[i]);
    return OBJECT(self);
}

/* The last reference is gone. One that never ran is a mistake of the programmer, who is told; the
 * `finally`s of one that is suspended run now, as if it were closed. CPython: _PyGen_Finalize(),
 * Python/_warnings.c, _PyErr_WarnUnawaitedCoroutine(). */
static void coroutine_finalize(Coroutine *self) {
    Exception *pending = exception_fetch();
    if (self->state == FRAME_CREATED) {
        char message[160];
        snprintf(message, sizeof message, "coroutine '%s' was never awaited", self->code->name);
        warning_hook(&RuntimeWarning_Type, message);
    } else if (coroutine_close(OBJECT(self)) < 0) {
        error_write_unraisable(OBJECT(self));
    }
    if (pending) exception_restore(pending);
}

static void coroutine_dealloc(Object *op) {
    Coroutine *self = (Coroutine *)op;
    if (self->state < FRAME_COMPLETED) {
        op->refcnt =
            1; // it lives while its code runs. CPython: PyObject_CallFinalizerFromDealloc()
        coroutine_finalize(self);
        if (--op->refcnt > 0) return; // somebody has taken a reference
    }
    if (self->state < FRAME_COMPLETED) frame_clear(self); // it ignored GeneratorExit
    pool_free(self, coroutine_sizeof(self->code));
}

static void coroutine_repr(const Object *self, FILE *out) {
    fprintf(out, "<coroutine object %s at %p>", ((const Coroutine *)self)->code->name,
            (const void *)self);
}

/* CPython: coro_await(), which makes a coroutine_wrapper of the same three methods. */
static Object *coroutine_await(Object *self) {
    return new_ref(self);
}

const char *coroutine_state(const Object *self) {
    switch ((FrameState)((const Coroutine *)self)->state) {
    case FRAME_CREATED:
        return "CORO_CREATED";
    case FRAME_SUSPENDED:
        return "CORO_SUSPENDED";
    case FRAME_EXECUTING:
        return "CORO_RUNNING";
    case FRAME_COMPLETED:
    case FRAME_CLEARED:
        break;
    }
    return "CORO_CLOSED";
}

const Type Coroutine_Type = {
    .name = "coroutine",
    .dealloc = coroutine_dealloc,
    .repr = coroutine_repr,
    .await = coroutine_await,
    .send = coroutine_am_send,
};
