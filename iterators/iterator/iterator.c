/* iterator.c: the protocol itself, and the iterator of things that know no iterators.
 * CPython: Objects/abstract.c, Objects/iterobject.c, Python/bltinmodule.c. */
#include "iterator.h"

Object *object_get_iter(Object *op) {
    const Type *type = op->type;
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
    Object *result = self->sequence->type->item(self->sequence, self->index);
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
