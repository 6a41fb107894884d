/* frame.c: how a frame runs: resume, await, and find the handler when something goes wrong.
 *
 * The invariant: a handler is entered the way an await is resumed, by setting lasti and calling the
 * code again. So an exception that the code raises, one thrown in from outside at the await where
 * it is suspended (a cancellation), and a `return` that must pass a `finally` all take the same
 * road: out to frame_eval(), up the blocks, back in. CPython: Python/ceval.c, SEND, YIELD_VALUE,
 * exception_unwind.
 */
#include "coroutine.h"

/* ---- How deep --------------------------------------------------------------------------------*/

enum { DEFAULT_RECURSION_LIMIT = 1000 }; // CPython: pycore_ceval.h, Py_DEFAULT_RECURSION_LIMIT

static _Thread_local int recursion_limit = DEFAULT_RECURSION_LIMIT;
static _Thread_local int recursion_remaining = DEFAULT_RECURSION_LIMIT;

void set_recursion_limit(int limit) {
    recursion_remaining += limit - recursion_limit;
    recursion_limit = limit;
}

int enter_recursive_call(const char *where) {
    if (recursion_remaining-- > 0) return 0;
    recursion_remaining++;
    return error_raise(&RecursionError_Type, "maximum recursion depth exceeded%s", where);
}

void leave_recursive_call(void) {
    recursion_remaining++;
}

/* ---- Blocks ----------------------------------------------------------------------------------*/

static Block *frame_blocks(const Coroutine *self) {
    size_t cells = (self->code->locals_size + sizeof(Object *) - 1) / sizeof(Object *);
    return (Block *)(uintptr_t)(self->localsplus + cells);
}

static Block *frame_top(const Coroutine *self) {
    return &frame_blocks(self)[self->nblocks - 1];
}

int frame_setup_block(Coroutine *self, int32_t handler) {
    if (self->nblocks == self->code->blocks) {
        return error_raise(&RuntimeError_Type, "%s: more than %d nested TRYs", self->code->name,
                           self->code->blocks);
    }
    self->nblocks++;
    *frame_top(self) = (Block){.handler = handler, .why = WHY_NOT};
    return 0;
}

void frame_pop_block(Coroutine *self) {
    Block block = *frame_top(self);
    self->nblocks--;
    xdecref(block.value);
}

bool frame_is_trying(const Coroutine *self) {
    return frame_top(self)->why == WHY_NOT;
}

bool frame_catches(const Coroutine *self, const Type *type) {
    const Block *block = frame_top(self);
    if (block->why != WHY_ERROR) return false; // a RETURN passes every EXCEPT
    return type_is_subtype(block->value->type, type);
}

Exception *frame_exception(const Coroutine *self) {
    for (int i = self->nblocks - 1; i >= 0; i--) {
        const Block *block = &frame_blocks(self)[i];
        if (block->why == WHY_ERROR) return (Exception *)block->value;
    }
    return NULL;
}

/* From here on the block's handler is running, also when nothing went wrong before: an exception in
 * it must not lead to it. */
void frame_begin_finally(Coroutine *self) {
    if (frame_top(self)->why == WHY_NOT) frame_top(self)->why = WHY_FELL;
}

bool frame_end_finally(Coroutine *self) {
    if (frame_top(self)->why != WHY_FELL) return true;
    frame_pop_block(self);
    return false;
}

bool frame_end_with(Coroutine *self, Object *swallow) {
    if (frame_top(self)->why != WHY_ERROR || !object_is_true(swallow)) {
        return frame_end_finally(self);
    }
    frame_pop_block(self);
    return false;
}

Object *frame_reraise(Coroutine *self) {
    Block block = *frame_top(self);
    self->nblocks--;
    if (block.why == WHY_RETURN) return block.value;
    exception_restore((Exception *)block.value);
    return NULL;
}

/* Finds the innermost block whose handler is not running yet, hands it what happened (the pending
 * exception, or the value being returned) and sets lasti to it. False: there is none. Handlers that
 * are left on the way give up what they had interrupted: an exception that leaves the handler of
 * another remembers that one. */
static bool frame_unwind(Coroutine *self, SendResult status, Object *returned) {
    Exception *exc = status == SEND_ERROR ? exception_fetch() : NULL;
    while (self->nblocks > 0 && frame_top(self)->why != WHY_NOT) {
        if (exc && frame_top(self)->why == WHY_ERROR) {
            exception_set_context(exc, (Exception *)frame_top(self)->value);
        }
        frame_pop_block(self);
    }
    if (self->nblocks == 0) {
        if (exc) exception_restore(exc);
        return false;
    }
    Block *block = frame_top(self);
    block->why = exc ? WHY_ERROR : WHY_RETURN;
    block->value = exc ? OBJECT(exc) : returned;
    self->lasti = block->handler;
    return true;
}

/* ---- Running ---------------------------------------------------------------------------------*/

/* Passes what was sent on to what the frame awaits; when that has ended, its result goes into the
 * code. Answers as Code.run does. CPython: Python/ceval.c, SEND. */
static Object *frame_send_on(Coroutine *self, Object *sent) {
    Object *result;
    SendResult status = self->awaiting->type->send(self->awaiting, sent, &result);
    if (status == SEND_NEXT) {
        self->state = FRAME_SUSPENDED; // the code has not even noticed
        return result;
    }
    clear_ref(self->awaiting);
    if (status == SEND_ERROR) return NULL;
    Object *came = self->code->run(self, result);
    decref(result);
    return came;
}

/* PEP 479: from outside, a StopIteration that leaked would look like the end.
 * CPython: Python/errors.c, _PyErr_FormatFromCause(). */
static void stop_iteration_leaked(void) {
    Exception *stop = exception_fetch();
    Exception *exc = exception_new(&RuntimeError_Type, "coroutine raised StopIteration");
    if (exc) exception_set_context(exc, stop);
    exception_raise_from(exc, stop);
    decref(stop);
}

/* Makes of what code->run() answered what the outside is told. */
static SendResult settle(Coroutine *self, Object *came, Object **result) {
    for (;;) {
        while (came && self->state == FRAME_EXECUTING && self->awaiting)
            came = frame_send_on(self, None); // an await begins with a send
        *result = came;
        if (came && self->state == FRAME_SUSPENDED) return SEND_NEXT;
        self->state = FRAME_EXECUTING; // also if what it awaits failed
        SendResult status = came ? SEND_RETURN : SEND_ERROR;
        if (self->nblocks == 0 || !frame_unwind(self, status, came)) {
            frame_clear(self);
            if (status == SEND_ERROR && error_is(&StopIteration_Type)) stop_iteration_leaked();
            return status;
        }
        came = self->code->run(self, None);
    }
}

SendResult frame_eval(Coroutine *self, Object *sent, bool throwing, Object **result) {
    if (enter_recursive_call("") < 0) { // no handler of its own sees it, as in CPython
        *result = NULL;
        frame_clear(self);
        return SEND_ERROR;
    }
    self->state = FRAME_EXECUTING;
    Object *came = NULL;
    if (throwing) {
        Exception *exc = exception_fetch(); // dropping what it waited for may run code
        clear_ref(self->awaiting);          // it is raised here, past what it waited for
        exception_restore(exc);
    } else {
        came = self->awaiting ? frame_send_on(self, sent) : self->code->run(self, sent);
    }
    SendResult status = settle(self, came, result);
    leave_recursive_call();
    return status;
}

/* What dies here may run code of its own: it finds no pending exception, and leaves the one there
 * was. */
void frame_clear(Coroutine *self) {
    Exception *pending = error_occurred() ? exception_fetch() : NULL;
    self->state = FRAME_CLEARED;
    clear_ref(self->awaiting);
    for (int i = 0; i < self->code->references; i++)
        clear_ref(self->localsplus[i]);
    while (self->nblocks > 0)
        frame_pop_block(self);
    if (pending) exception_restore(pending);
}

Object *frame_await(Coroutine *self, int32_t lasti, Object *awaitable) {
    if (!awaitable) return NULL;
    self->lasti = lasti;
    if (awaitable->type == &Coroutine_Type) {
        if (coroutine_cr_await(awaitable)) { // CPython: _PyGen_yf() in GET_AWAITABLE
            decref(awaitable);
            error_raise(&RuntimeError_Type, "coroutine is being awaited already");
            return NULL;
        }
        self->awaiting = awaitable;
        return awaitable;
    }
    self->awaiting = object_get_awaitable(awaitable);
    decref(awaitable);
    return self->awaiting;
}

/* CPython up to 3.10 has an AttributeError of the name; since 3.11 these words. */
static Object *not_a_manager(const Object *manager, const char *missing) {
    error_raise(&TypeError_Type,
                "'%.200s' object does not support the asynchronous context manager protocol%s",
                manager->type->name, missing);
    return NULL;
}

Object *object_aenter(Object *manager) {
    return manager->type->aenter ? manager->type->aenter(manager) : not_a_manager(manager, "");
}

Object *object_aexit(Object *manager, Exception *exc) {
    return manager->type->aexit ? manager->type->aexit(manager, exc)
                                : not_a_manager(manager, " (missed __aexit__ method)");
}
