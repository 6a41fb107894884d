/* frame.c: how a frame runs: resume, delegate, and find the handler when something goes wrong.
 *
 * The invariant: a handler is entered the way a yield is resumed, by setting lasti and calling the
 * code again. So an error raised by the code, an error thrown in from outside at the yield where it
 * is suspended, and a `return` that must pass a `finally` all take the same road: out to
 * frame_eval(), up the blocks, back in. CPython: Python/ceval.c, SEND, YIELD_VALUE,
 * exception_unwind.
 */
#include "generator.h"

/* ---- How deep --------------------------------------------------------------------------------*/

enum { DEFAULT_RECURSION_LIMIT = 1000 }; // CPython: pycore_ceval.h, Py_DEFAULT_RECURSION_LIMIT

static _Thread_local int recursion_limit = DEFAULT_RECURSION_LIMIT;
_Thread_local int recursion_remaining = DEFAULT_RECURSION_LIMIT;

void set_recursion_limit(int limit) {
    recursion_remaining += limit - recursion_limit;
    recursion_limit = limit;
}

/* ---- Blocks ----------------------------------------------------------------------------------*/

static Block *frame_blocks(const Generator *self) {
    size_t cells = (self->code->locals_size + sizeof(Object *) - 1) / sizeof(Object *);
    return (Block *)(uintptr_t)(self->localsplus + cells);
}

static Block *frame_top(const Generator *self) {
    return &frame_blocks(self)[self->nblocks - 1];
}

int frame_setup_block(Generator *self, int32_t handler) {
    if (self->nblocks == self->code->blocks) {
        return error_set(RuntimeError, "%s: more than %d nested TRYs", self->code->name,
                         self->code->blocks);
    }
    self->nblocks++;
    *frame_top(self) = (Block){.handler = handler, .why = WHY_NOT};
    return 0;
}

void frame_pop_block(Generator *self) {
    Block block = *frame_top(self);
    self->nblocks--;
    if (block.why == WHY_RETURN) decref(block.value);
    if (block.why != WHY_ERROR || !block.error) return;
    if (block.error->value) block.error->drop(block.error->value);
    free(block.error);
}

bool frame_is_trying(const Generator *self) {
    return frame_top(self)->why == WHY_NOT;
}

bool frame_catches(const Generator *self, ErrorType type) {
    const Block *block = frame_top(self);
    if (block->why != WHY_ERROR) return false; // a RETURN passes every EXCEPT
    return (block->error ? block->error->type : MemoryError) == type;
}

const char *frame_caught(const Generator *self) {
    const Block *block = frame_top(self);
    return block->why == WHY_ERROR && block->error ? block->error->message : "";
}

/* From here on the block's handler is running, also when nothing went wrong before: an error in it
 * must not lead to it. */
void frame_begin_finally(Generator *self) {
    if (frame_top(self)->why == WHY_NOT) frame_top(self)->why = WHY_FELL;
}

bool frame_end_finally(Generator *self) {
    if (frame_top(self)->why != WHY_FELL) return true;
    frame_pop_block(self);
    return false;
}

Object *frame_reraise(Generator *self) {
    Block block = *frame_top(self);
    self->nblocks--;
    if (block.why == WHY_RETURN) return block.value;
    if (!block.error) return error_no_memory();
    error_restore(*block.error);
    free(block.error);
    return NULL;
}

/* Finds the innermost block whose handler is not running yet, hands it what happened (the pending
 * error, or the value being returned) and sets lasti to it. False: there is none. Handlers that are
 * left on the way give up what they had interrupted; CPython would keep it as __context__. */
static bool frame_unwind(Generator *self, SendResult status, Object *returned) {
    while (self->nblocks > 0 && frame_top(self)->why != WHY_NOT)
        frame_pop_block(self);
    if (self->nblocks == 0) return false;
    Block *block = frame_top(self);
    if (status == SEND_RETURN) {
        block->why = WHY_RETURN;
        block->value = returned;
    } else {
        Error *error = malloc(sizeof *error);
        if (error) {
            *error = error_fetch();
        } else {
            error_clear(); // the handler runs all the same: for a MemoryError
        }
        block->why = WHY_ERROR;
        block->error = error;
    }
    self->lasti = block->handler;
    return true;
}

/* ---- Running ---------------------------------------------------------------------------------*/

/* Passes what was sent on to the iterator that the frame delegates to; when that has ended, its
 * result goes into the code. Answers as Code.run does. CPython: Python/ceval.c, SEND. */
static Object *frame_send_on(Generator *self, Object *sent) {
    Object *result;
    SendResult status = iter_send(self->yieldfrom, sent, &result);
    if (status == SEND_NEXT) {
        self->state = FRAME_SUSPENDED; // the code has not even noticed
        return result;
    }
    clear_ref(self->yieldfrom);
    if (status == SEND_ERROR) return NULL;
    Object *came = self->code->run(self, result);
    decref(result);
    return came;
}

/* Makes of what code->run() answered what the outside is told. */
static SendResult settle(Generator *self, Object *came, Object **result) {
    for (;;) {
        while (came && self->state == FRAME_EXECUTING && self->yieldfrom)
            came = frame_send_on(self, None); // a yield from begins with next()
        *result = came;
        if (came && self->state == FRAME_SUSPENDED) return SEND_NEXT;
        self->state = FRAME_EXECUTING; // also if a YIELD failed because its value did
        SendResult status = came ? SEND_RETURN : SEND_ERROR;
        if (!frame_unwind(self, status, came)) {
            frame_clear(self);
            // PEP 479: from outside, a StopIteration that leaked would look like the end.
            if (status == SEND_ERROR && error_matches(StopIteration)) {
                error_set(RuntimeError, "generator raised StopIteration");
            }
            return status;
        }
        came = self->code->run(self, None);
    }
}

SendResult frame_settle(Generator *self, Object *came, Object **result) {
    recursion_remaining--;
    SendResult status = settle(self, came, result);
    recursion_remaining++;
    return status;
}

SendResult frame_eval(Generator *self, Object *sent, bool throwing, Object **result) {
    if (recursion_remaining <= 0) { // no handler of its own sees it, as in CPython
        *result = NULL;
        frame_clear(self);
        error_set(RecursionError, "maximum recursion depth exceeded");
        return SEND_ERROR;
    }
    recursion_remaining--;
    self->state = FRAME_EXECUTING;
    Object *came = NULL;
    if (throwing) {
        clear_ref(self->yieldfrom); // the error is raised here, past the one it waited for
    } else {
        came = self->yieldfrom ? frame_send_on(self, sent) : self->code->run(self, sent);
    }
    SendResult status = settle(self, came, result);
    recursion_remaining++;
    return status;
}

void frame_clear(Generator *self) {
    self->state = FRAME_CLEARED;
    clear_ref(self->yieldfrom);
    for (int i = 0; i < self->code->references; i++)
        clear_ref(self->localsplus[i]);
    while (self->nblocks > 0)
        frame_pop_block(self);
}

Object *frame_delegate(Generator *self, int32_t lasti, Object *iterable) {
    if (!iterable) return NULL;
    self->lasti = lasti;
    if (iterable->type == &Generator_Type) {
        self->yieldfrom = iterable;
        return iterable;
    }
    self->yieldfrom = object_get_iter(iterable);
    decref(iterable);
    return self->yieldfrom;
}

bool frame_for_iter(Object *iterator, Object **target) {
    Object *item = iter_next(iterator);
    if (!item && !error_occurred()) return false;
    Object *old = *target;
    *target = item;
    xdecref(old);
    return true;
}
