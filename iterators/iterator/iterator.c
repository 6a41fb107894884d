/* iterator.c: the protocol itself, and the iterator of things that know no iterators.
 * CPython: Objects/abstract.c, Objects/iterobject.c, Python/bltinmodule.c. */
#include "iterator.h"

#include <sys/resource.h>

uintptr_t stack_limit;

/* Half of the stack below here, where the program still is near its beginning. */
static void find_stack_limit(void) {
    const rlim_t usual = 8 * 1024 * 1024;
    struct rlimit stack;
    if (getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur > usual) stack.rlim_cur = usual;
    stack_limit = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)stack.rlim_cur / 2;
}

Object *iter_too_deep(void) {
    error_set(RecursionError, "maximum recursion depth exceeded");
    return NULL;
}

Object *object_get_iter(Object *op) {
    const Type *type = op->type;
    if (stack_limit == 0) find_stack_limit();
    if (!type->iter) {
        if (type->item) return sequence_iter_new(op);
        error_set(TypeError, "'%s' object is not iterable", type->name);
        return NULL;
    }
    Object *iterator = type->iter(op);
    if (iterator && !iterator->type->iternext) {
        error_set(TypeError, "iter() returned non-iterator of type '%s'", iterator->type->name);
        clear_ref(iterator);
    }
    return iterator;
}

Object *builtin_next(Object *op) {
    if (!op->type->iternext) {
        error_set(TypeError, "'%s' object is not an iterator", op->type->name);
        return NULL;
    }
    Object *result = op->type->iternext(op);
    if (!result && !error_occurred()) error_set_stop_iteration(None);
    return result;
}

Object *object_self_iter(Object *self) {
    return new_ref(self);
}

/* ---- The sequence protocol -------------------------------------------------------------------*/

/* CPython: Objects/iterobject.c, seqiterobject. */
typedef struct {
    Object ob;
    ssize_t index;
    Object *sequence; // NULL when exhausted
} SequenceIter;

static void sequence_iter_dealloc(Object *op) {
    xdecref(((SequenceIter *)op)->sequence);
    free(op);
}

static Object *sequence_iter_next(Object *op) {
    SequenceIter *self = (SequenceIter *)op;
    if (!self->sequence) return NULL;
    if (self->index == PTRDIFF_MAX) {
        error_set(OverflowError, "iter index too large");
        return NULL;
    }
    Object *sequence = new_ref(self->sequence); // its `item` may ask this iterator, to the end
    Object *result = sequence->type->item(sequence, self->index);
    decref(sequence);
    if (result) {
        self->index++;
        return result;
    }
    if (error_matches(IndexError) || error_matches(StopIteration)) {
        error_clear();
        clear_ref(self->sequence);
    }
    return NULL;
}

static const Type SequenceIter_Type = {
    .name = "iterator",
    .dealloc = sequence_iter_dealloc,
    .iter = object_self_iter,
    .iternext = sequence_iter_next,
};

Object *sequence_iter_new(Object *op) {
    SequenceIter *self = object_new(&SequenceIter_Type, sizeof *self);
    if (!self) return NULL;
    self->index = 0;
    self->sequence = new_ref(op);
    return OBJECT(self);
}

/* ---- iter(callable, sentinel) ----------------------------------------------------------------*/

/* CPython: Objects/iterobject.c, calliterobject. */
typedef struct {
    Object ob;
    Object *callable; // NULL when exhausted, and so is sentinel
    Object *sentinel;
} CallIter;

static void call_iter_dealloc(Object *op) {
    CallIter *self = (CallIter *)op;
    xdecref(self->callable);
    xdecref(self->sentinel);
    free(self);
}

/* Calls, and compares: 1 if that was the end, 0 if *result is a value, -1 with an error. */
static int call_and_compare(CallIter *self, Object *callable, Object *sentinel, Object **result) {
    *result = object_call(callable, NULL, 0);
    if (!self->callable) return 1; // the call has asked this very iterator, and that was the end
    if (!*result) return error_matches(StopIteration) ? 1 : -1;
    return object_rich_equal(sentinel, *result);
}

/* Both are held while they run, since they may ask this iterator and so end it. CPython:
 * calliter_iternext(), which holds neither. */
static Object *call_iter_next(Object *op) {
    CallIter *self = (CallIter *)op;
    if (!self->callable) return NULL;
    Object *callable = new_ref(self->callable), *sentinel = new_ref(self->sentinel), *result;
    int end = call_and_compare(self, callable, sentinel, &result);
    decref(callable);
    decref(sentinel);
    if (end == 0) return result;
    xdecref(result);
    if (end < 0) return NULL;
    if (error_matches(StopIteration)) error_clear();
    clear_ref(self->callable);
    clear_ref(self->sentinel);
    return NULL;
}

static const Type CallIter_Type = {
    .name = "callable_iterator",
    .dealloc = call_iter_dealloc,
    .iter = object_self_iter,
    .iternext = call_iter_next,
};

Object *call_iter_new(Object *callable, Object *sentinel) {
    if (!callable->type->call) {
        error_set(TypeError, "iter(v, w): v must be callable");
        return NULL;
    }
    CallIter *self = object_new(&CallIter_Type, sizeof *self);
    if (!self) return NULL;
    self->callable = new_ref(callable);
    self->sentinel = new_ref(sentinel);
    return OBJECT(self);
}

/* ---- list(iterable) --------------------------------------------------------------------------*/

List *sequence_list(Object *iterable) {
    List *list = list_new();
    Object *iterator = list ? object_get_iter(iterable) : NULL, *item;
    if (!iterator) {
        xdecref(list);
        return NULL;
    }
    while ((item = iter_next(iterator))) {
        int status = list_append(list, item);
        decref(item);
        if (status < 0) break;
    }
    decref(iterator);
    if (error_occurred()) clear_ref(list);
    return list;
}
