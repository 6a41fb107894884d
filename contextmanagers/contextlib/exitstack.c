/* exitstack.c: any number of managers, known only while the program runs.
 *
 * It keeps what it owes in an array and unwinds from the end. What nested with statements would do by
 * themselves it has to imitate: an exception in one exit becomes what the next ones are told, and its
 * context must be the exception that this exit was told, although all of them run while the block's
 * exception is being handled, and would get that one.
 *
 * CPython: Lib/contextlib.py, ExitStack.
 */
#include "contextlib.h"

typedef struct {
    Object *owner; // the manager, or what is called
    Object *(*exit)(Object *self, Object *type, Object *value, Object *traceback); // NULL: callback
    Object *argument; // of a callback, or NULL
} Owed;

typedef struct {
    Object ob;
    ssize_t size, allocated;
    Owed *owed;
} ExitStack;

static Type ExitStack_Type;

Object *exitstack_new(void) {
    return object_new(&ExitStack_Type, sizeof(ExitStack));
}

/* Room for one more, before there is something to owe. */
static int reserve(ExitStack *self) {
    if (self->size < self->allocated) return 0;
    ssize_t allocated = self->allocated ? self->allocated * 2 : 4;
    Owed *owed = realloc(self->owed, (size_t)allocated * sizeof *owed);
    if (!owed) {
        error_no_memory();
        return -1;
    }
    self->owed = owed;
    self->allocated = allocated;
    return 0;
}

/* CPython names the module, too. As it does for types written in C: without a dot it is builtins. */
static void raise_not_a_manager(const Type *type) {
    const char *module = strchr(type->name, '.') ? "" : "builtins.";
    Exception *saved;
    error_raise(&AttributeError_Type, "type object '%s' has no attribute '%s'", type->name,
                type->enter ? "__exit__" : "__enter__");
    except_begin(&saved);
    exception_raise_from(
        exception_new(&TypeError_Type,
                      "'%s%s' object does not support the context manager protocol", module,
                      type->name),
        NULL);
    except_end(saved);
}

Object *exitstack_enter_context(Object *op, Object *manager) {
    ExitStack *self = (ExitStack *)op;
    if (!manager->type->enter || !manager->type->exit) {
        raise_not_a_manager(manager->type);
        return NULL;
    }
    With with;
    Object *result;
    if (with_enter(&with, manager, &result) < 0) return NULL;
    if (reserve(self) < 0) { // entered, and not to be remembered: so it is left here and now
        decref(result);
        if (with_leave(&with) == 0) error_no_memory();
        return NULL;
    }
    self->owed[self->size++] = (Owed){with.manager, with.exit, NULL}; // who enters owes the exit
    return result;
}

/* The exit of a pushed function: a call of it. */
static Object *exit_function(Object *self, Object *type, Object *value, Object *traceback) {
    return object_call(self, (Object *[]){type, value, traceback}, 3);
}

int exitstack_push(Object *op, Object *exit) {
    ExitStack *self = (ExitStack *)op;
    if (reserve(self) < 0) return -1;
    self->owed[self->size++] =
        (Owed){new_ref(exit), exit->type->exit ? exit->type->exit : exit_function, NULL};
    return 0;
}

int exitstack_callback(Object *op, Object *function, Object *argument) {
    ExitStack *self = (ExitStack *)op;
    if (reserve(self) < 0) return -1;
    if (argument) incref(argument);
    self->owed[self->size++] = (Owed){new_ref(function), NULL, argument};
    return 0;
}

Object *exitstack_pop_all(Object *op) {
    ExitStack *self = (ExitStack *)op, *other = (ExitStack *)exitstack_new();
    if (!other) return NULL;
    other->owed = self->owed;
    other->size = self->size;
    other->allocated = self->allocated;
    self->owed = NULL;
    self->size = self->allocated = 0;
    return OBJECT(other);
}

ssize_t exitstack_size(const Object *self) {
    return ((const ExitStack *)self)->size;
}

/* 1: it swallows; 0; -1 with an exception pending. `exc` is what it is told, or NULL. */
static int pay(const Owed *owed, Exception *exc) {
    Object *result;
    if (!owed->exit)
        result = object_call(owed->owner, &owed->argument, owed->argument ? 1 : 0);
    else if (exc)
        result = owed->exit(owed->owner, OBJECT(exc->ob.type), OBJECT(exc), None);
    else
        result = owed->exit(owed->owner, None, None, None);
    if (!result) return -1;
    bool swallow = owed->exit && object_is_true(result);
    decref(result);
    return swallow;
}

/* Steals context. */
static void set_context(Exception *self, Exception *context) {
    Exception *dropped = self->context;
    self->context = context;
    xdecref(dropped);
}

/* The end of the new exception's chain, where it meets what the frame was handling, is changed to
 * what this exit was told. An exit that raises the very exception that it was told makes a ring of
 * one here, and CPython then may walk around it for ever; we stop where `slow`, behind by half, is
 * met. Simplified: no collector will find such a ring. CPython: _fix_exception_context(). */
static void fix_exception_context(Exception *raised, Exception *old, const Exception *frame_exc) {
    Exception *slow = raised;
    for (bool move_slow = false; raised->context != frame_exc; move_slow = !move_slow) {
        raised = raised->context;
        if (!raised || raised == old || raised == slow) return;
        if (move_slow) slow = slow->context;
    }
    if (raised->context && raised->context != old)
        set_context(raised, old ? (Exception *)new_ref(old) : NULL);
}

/* Each is taken off before it is called, so one that closes the stack, or adds to it, finds it as it
 * is. The exception in hand is our own reference; what is pending meanwhile is what the exits raise. */
static Object *exitstack_exit(Object *op, Object *type, Object *value, Object *traceback) {
    ExitStack *self = (ExitStack *)op;
    (void)traceback;
    Exception *frame_exc = exception_handled();
    Exception *exc = type == None ? NULL : (Exception *)new_ref(value);
    bool suppressed = false, pending_raise = false;
    while (self->size > 0) {
        Owed owed = self->owed[--self->size];
        int swallow = pay(&owed, exc);
        Exception *raised = exception_fetch(); // or NULL
        decref(owed.owner);
        xdecref(owed.argument);
        if (swallow == 1) {
            suppressed = true;
            pending_raise = false;
            clear_ref(exc);
        } else if (swallow < 0) {
            fix_exception_context(raised, exc, frame_exc);
            pending_raise = true;
            xdecref(exc);
            exc = raised;
        }
    }
    if (pending_raise) {
        Exception *fixed = exc->context;
        if (fixed) incref(fixed);
        exception_raise(exc); // gets what is being handled as context, which is taken back
        set_context(exc, fixed);
        return NULL;
    }
    xdecref(exc);
    return new_ref(type != None && suppressed ? True : False);
}

/* Holds the stack meanwhile: an exit may drop the last reference to it. */
int exitstack_close(Object *self) {
    incref(self);
    Object *result = exitstack_exit(self, None, None, None);
    decref(self);
    if (!result) return -1;
    decref(result);
    return 0;
}

static Object *exitstack_enter(Object *self) {
    return new_ref(self);
}

/* What is still owed is not paid: as in CPython, a stack that is only dropped leaves nothing. */
static void exitstack_dealloc(Object *op) {
    ExitStack *self = (ExitStack *)op;
    while (self->size > 0) {
        Owed owed = self->owed[--self->size];
        decref(owed.owner);
        xdecref(owed.argument);
    }
    free(self->owed);
    free(self);
}

static Type ExitStack_Type = {TYPE("ExitStack", NULL), .dealloc = exitstack_dealloc,
                              .enter = exitstack_enter, .exit = exitstack_exit};
