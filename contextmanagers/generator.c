/* generator.c: a function that stops in the middle, as small as a context manager needs it.
 *
 * CPython: Objects/genobject.c, gen_send_ex2(), gen_throw(), gen_close().
 */
#include "object.h"

enum { ENDED = -1 };

Object *generator_new(const char *name, GeneratorBody body, Object *closure) {
    Generator *self = object_new(&Generator_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->body = body;
    self->closure = closure ? new_ref(closure) : NULL;
    return OBJECT(self);
}

/* What it held goes when it ends, not when it dies. */
static void generator_end(Generator *self) {
    self->state = ENDED;
    for (size_t i = 0; i < sizeof self->locals / sizeof *self->locals; i++)
        clear_ref(self->locals[i]);
    clear_ref(self->closure);
}

/* A StopIteration that leaves a generator would end its caller's loop: so it becomes an error.
 * CPython: gen_send_ex2(), _PyErr_FormatFromCause(). */
static void wrap_stop_iteration(void) {
    Exception *stop = exception_fetch();
    if (!exception_matches(stop, &StopIteration_Type)) {
        exception_restore(stop);
        return;
    }
    Exception *exc = exception_new(&RuntimeError_Type, "generator raised StopIteration");
    if (exc) {
        exc->cause = (Exception *)new_ref(stop);
        exc->context = (Exception *)new_ref(stop);
        exc->suppress_context = true;
        exception_restore(exc);
    }
    decref(stop);
}

/* Runs to the next yield, with its own item on the stack of what is being handled: what is thrown into
 * an except block of the generator's gets its context there. Its own reference and `running` come before
 * that: what dies then may call the generator. CPython: gen_send_ex2(), _PyErr_ChainStackItem(). */
static SendResult generator_resume(Generator *self, Object *sent, Object **result) {
    incref(self);
    self->running = true;
    exc_info_push(&self->exc_state);
    if (!sent && self->exc_state.exc) exception_raise(exception_fetch());
    SendResult status = self->body(self, sent, result);
    if (status != SEND_NEXT) self->state = ENDED; // before anything dies that may call it again
    self->running = false;
    exc_info_pop();
    if (status == SEND_ERROR) wrap_stop_iteration();
    if (status != SEND_NEXT) generator_end(self);
    decref(self);
    return status;
}

/* What a step came to, for those who know the end as an exception. Steals result. */
static Object *returned(SendResult status, Object *result) {
    if (status == SEND_NEXT) return result;
    if (status == SEND_ERROR) return NULL;
    exception_raise(exception_new_value(&StopIteration_Type, result == None ? NULL : result));
    decref(result);
    return NULL;
}

static bool is_running(const Generator *self) {
    if (self->running) error_raise(&ValueError_Type, "generator already executing");
    return self->running;
}

SendResult generator_send(Object *op, Object **result) {
    Generator *self = (Generator *)op;
    if (is_running(self)) return SEND_ERROR;
    if (self->state != ENDED) return generator_resume(self, None, result);
    *result = new_ref(None);
    return SEND_RETURN;
}

Object *generator_next(Object *op) {
    Object *result;
    SendResult status = generator_send(op, &result);
    return returned(status, result);
}

/* One that has not begun has nobody who could catch it. */
Object *generator_throw(Object *op, Exception *exc) {
    Generator *self = (Generator *)op;
    if (is_running(self)) return NULL;
    exception_restore((Exception *)new_ref(exc));
    if (self->state == ENDED) return NULL;
    if (self->state == 0) {
        generator_end(self); // it may be gone by now
        wrap_stop_iteration();
        return NULL;
    }
    Object *result;
    SendResult status = generator_resume(self, NULL, &result);
    return returned(status, result);
}

int generator_close(Object *op) {
    Generator *self = (Generator *)op;
    if (is_running(self)) return -1;
    if (self->state == ENDED) return 0;
    if (self->state == 0) {
        generator_end(self); // it may be gone by now
        return 0;
    }
    Exception *leave = exception_new_value(&GeneratorExit_Type, NULL);
    if (!leave) return -1;
    Object *yielded = generator_throw(op, leave);
    decref(leave);
    if (yielded) {
        decref(yielded);
        return error_raise(&RuntimeError_Type, "generator ignored GeneratorExit");
    }
    Exception *exc = exception_fetch();
    if (exception_matches(exc, &StopIteration_Type) ||
        exception_matches(exc, &GeneratorExit_Type)) {
        decref(exc);
        return 0;
    }
    exception_restore(exc);
    return -1;
}

/* Closed first, with what is pending put aside. An exception then has nowhere to go. */
static void generator_dealloc(Object *op) {
    Generator *self = (Generator *)op;
    if (self->state > 0) {
        Exception *pending = exception_fetch();
        op->refcnt = 1;
        if (generator_close(op) < 0) {
            Exception *exc = exception_fetch();
            fprintf(stderr, "Exception ignored in: <generator object %s>\n", self->name);
            exception_print(exc, stderr);
            decref(exc);
        }
        exception_restore(pending);
        if (--op->refcnt > 0) return;
    }
    generator_end(self);
    xdecref(self->exc_state.exc);
    free(self);
}

Type Generator_Type = {TYPE("generator", NULL), .dealloc = generator_dealloc};
