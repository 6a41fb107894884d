/* generator.c: the object around a frame: send, throw, close, and its last breath.
 *
 * The invariant: state says who may touch the frame. Below 0 it waits and anybody may resume it; 0
 * it is somewhere on the C stack and nobody may; above 0 it is over and every request is answered
 * here. Each of the four ways in (next, send, throw, close) asks state first, and each comes down
 * to one frame_eval(). CPython: Objects/genobject.c.
 */
#include "generator.h"

/* ---- send and next ---------------------------------------------------------------------------*/

/* Where every resume passes. If `throwing`, an error is pending and is what is sent.
 * CPython: gen_send_ex2(). */
static SendResult send_ex(Generator *self, Object *value, bool throwing, Object **result) {
    *result = NULL;
    if (self->state == FRAME_CREATED && value != None) {
        error_set(TypeError, "can't send non-None value to a just-started generator");
        return SEND_ERROR;
    }
    if (self->state == FRAME_EXECUTING) {
        error_set(ValueError, "generator already executing");
        return SEND_ERROR;
    }
    if (self->state >= FRAME_COMPLETED) {
        if (throwing) return SEND_ERROR; // the error comes straight back
        *result = new_ref(None);
        return SEND_RETURN;
    }
    return frame_eval(self, value, throwing, result);
}

/* CPython: gen_send_ex(). */
static Object *send_or_stop(Generator *self, Object *value, bool throwing) {
    Object *result;
    if (send_ex(self, value, throwing, &result) == SEND_RETURN) {
        error_set_stop_iteration(result);
        clear_ref(result);
    }
    return result;
}

static SendResult generator_am_send(Object *op, Object *value, Object **result) {
    return send_ex((Generator *)op, value, false, result);
}

Object *generator_send(Generator *self, Object *value) {
    return send_or_stop(self, value, false);
}

/* As generator_send(self, None), but at the end NULL alone says so, unless there is a value to
 * tell. */
static Object *next_or_end(SendResult status, Object *result) {
    if (status != SEND_RETURN) return result;
    if (result != None) error_set_stop_iteration(result);
    decref(result);
    return NULL;
}

static __attribute__((noinline)) Object *iternext_settle(Generator *self, Object *came) {
    Object *result;
    SendResult status = frame_settle(self, came, &result);
    return next_or_end(status, result);
}

static __attribute__((noinline)) Object *iternext_send(Generator *self) {
    Object *result;
    SendResult status = send_ex(self, None, false, &result);
    return next_or_end(status, result);
}

/* The usual case is all that stands here: it waits at a yield of its own, and runs into another.
 * CPython: gen_iternext(). */
static Object *generator_iternext(Object *op) {
    Generator *self = (Generator *)op;
    if (self->state >= FRAME_EXECUTING || self->yieldfrom || recursion_remaining <= 0) {
        return iternext_send(self);
    }
    self->state = FRAME_EXECUTING;
    recursion_remaining--;
    Object *came = self->code->run(self, None);
    recursion_remaining++;
    if (came && self->state == FRAME_SUSPENDED) return came;
    return iternext_settle(self, came);
}

SendResult iter_send(Object *iterator, Object *value, Object **result) {
    if (iterator->type->send) return iterator->type->send(iterator, value, result);
    *result = NULL;
    if (value == None) {
        *result = iterator->type->iternext(iterator);
    } else {
        error_set(AttributeError, "'%s' object has no attribute 'send'", iterator->type->name);
    }
    if (*result) return SEND_NEXT;
    return error_fetch_stop_iteration(result) < 0 ? SEND_ERROR : SEND_RETURN;
}

/* ---- throw and close -------------------------------------------------------------------------*/

Object *generator_yieldfrom(const Generator *self) {
    return self->state == FRAME_SUSPENDED ? self->yieldfrom : NULL;
}

/* Closes the iterator that a suspended frame delegates to. While that runs, the frame counts as
 * running: it is on the way there. Simplified: of the iterators here only generators can be closed
 * or thrown into; CPython asks any object for a method of that name. CPython: gen_close_iter(). */
static int close_delegate(Generator *self) {
    Object *delegate = generator_yieldfrom(self);
    if (!delegate || delegate->type != &Generator_Type) return 0;
    self->state = FRAME_EXECUTING;
    int status = generator_close((Generator *)new_ref(delegate));
    self->state = FRAME_SUSPENDED;
    decref(delegate);
    return status;
}

/* Throws the pending error. The innermost generator of a chain gets it first; what comes out of
 * there (another error, or the end) goes on in the one that delegated. CPython: _gen_throw(). */
static Object *throw_pending(Generator *self) {
    Object *delegate = generator_yieldfrom(self);
    if (!delegate || delegate->type != &Generator_Type) return send_or_stop(self, None, true);
    if (error_matches(GeneratorExit)) {
        Error thrown = error_fetch(); // it carries no value that could leak
        if (close_delegate(self) == 0) error_restore(thrown);
        return send_or_stop(self, None, true);
    }
    self->state = FRAME_EXECUTING;
    Object *result = throw_pending((Generator *)new_ref(delegate));
    self->state = FRAME_SUSPENDED;
    decref(delegate);
    if (result) return result;
    Object *value;
    if (error_fetch_stop_iteration(&value) < 0) return send_or_stop(self, None, true);
    clear_ref(self->yieldfrom); // it has ended: its value is what the yield from comes to
    result = send_or_stop(self, value, false);
    decref(value);
    return result;
}

Object *generator_throw(Generator *self, ErrorType type, const char *message) {
    error_set(type, "%s", message);
    if (type == StopIteration && *message) { // what is in its message is its value, too
        Object *value = str_from_string(message);
        if (!value) return NULL;
        error_set_stop_iteration(value);
        decref(value);
    }
    return throw_pending(self);
}

/* Ends a frame in which nobody could catch or notice GeneratorExit: true. CPython 3.11 raises it
 * all the same, with the same result. It looks for whether a frame has not begun since 3.12, and
 * for whether the yield where it waits stands outside of every `try` since 3.13. */
static bool close_quietly(Generator *self) {
    bool unnoticed = self->nblocks == 0 && !self->yieldfrom && self->state < FRAME_EXECUTING;
    if (unnoticed) frame_clear(self);
    return self->state >= FRAME_COMPLETED;
}

int generator_close(Generator *self) {
    if (close_quietly(self)) return 0;
    if (close_delegate(self) == 0) error_set(GeneratorExit, "%s", "");
    Object *result = send_or_stop(self, None, true);
    if (result) {
        decref(result);
        return error_set(RuntimeError, "generator ignored GeneratorExit");
    }
    if (!error_matches(StopIteration) && !error_matches(GeneratorExit)) return -1;
    error_clear();
    return 0;
}

/* ---- Birth and death -------------------------------------------------------------------------*/

size_t generator_sizeof(const Code *code) {
    size_t cells = (code->locals_size + sizeof(Object *) - 1) / sizeof(Object *);
    return sizeof(Generator) + cells * sizeof(Object *) + (size_t)code->blocks * sizeof(Block);
}

Object *generator_new(const Code *code, const void *locals) {
    Generator *self = object_new(&Generator_Type, generator_sizeof(code));
    if (!self) return NULL;
    self->code = code;
    self->yieldfrom = NULL;
    self->lasti = 0;
    self->state = FRAME_CREATED;
    self->nblocks = 0;
    if (code->locals_size) memcpy(self->localsplus, locals, code->locals_size);
    for (int i = 0; i < code->references; i++) {
        if (self->localsplus[i]) incref(self->localsplus[i]);
    }
    return OBJECT(self);
}

Object *generator_expression(const Code *code, const void *locals, Object *iterable) {
    Object *iterator = object_get_iter(iterable);
    if (!iterator) return NULL;
    Generator *self = (Generator *)generator_new(code, locals);
    if (!self) {
        decref(iterator);
        return NULL;
    }
    xdecref(self->localsplus[0]);
    self->localsplus[0] = iterator;
    return OBJECT(self);
}

/* The last reference to a suspended generator is gone: its `finally`s run now, as if it were
 * closed. What they raise can be told to nobody. CPython: _PyGen_Finalize(). */
static void generator_finalize(Object *op) {
    Generator *self = (Generator *)op;
    if (close_quietly(self)) return;
    Error pending = error_fetch();
    if (generator_close(self) < 0) error_write_unraisable(op);
    error_restore(pending);
}

static void generator_dealloc(Object *op) {
    Generator *self = (Generator *)op;
    if (self->state < FRAME_COMPLETED) frame_clear(self); // it ignored GeneratorExit
    free(self);
}

static int generator_repr(Object *op, Writer *out) {
    char text[160];
    snprintf(text, sizeof text, "<generator object %s at %p>", ((Generator *)op)->code->name,
             (void *)op);
    return writer_puts(out, text);
}

const char *generator_state(const Generator *self) {
    switch ((FrameState)self->state) {
    case FRAME_CREATED:
        return "GEN_CREATED";
    case FRAME_SUSPENDED:
        return "GEN_SUSPENDED";
    case FRAME_EXECUTING:
        return "GEN_RUNNING";
    case FRAME_COMPLETED:
    case FRAME_CLEARED:
        break;
    }
    return "GEN_CLOSED";
}

const Type Generator_Type = {
    .name = "generator",
    .dealloc = generator_dealloc,
    .finalize = generator_finalize,
    .repr = generator_repr,
    .iter = object_self_iter,
    .iternext = generator_iternext,
    .send = generator_am_send,
};
