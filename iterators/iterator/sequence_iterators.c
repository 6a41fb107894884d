/* sequence_iterators.c: the iterators of list, tuple and str.
 *
 * Each is an index and the sequence, nothing more; the sequence is let go at the end, so an
 * exhausted iterator stays exhausted whatever happens to it. CPython: Objects/listobject.c,
 * Objects/tupleobject.c, Objects/unicodeobject.c.
 */
#include "iterator.h"

/* CPython: Objects/listobject.c, listiterobject, listreviterobject; Objects/tupleobject.c,
 * tupleiterobject; Objects/unicodeobject.c, unicodeiterobject; Objects/enumobject.c,
 * reversedobject. */
typedef struct {
    Object ob;
    ssize_t index;    // of the next item, in a str of its first byte; -1 when a reversed one ended
    Object *sequence; // NULL when exhausted
} IndexIter;

static Object *index_iter_new(const Type *type, Object *sequence) {
    IndexIter *self = object_new(type, sizeof *self);
    if (!self) return NULL;
    self->index = 0;
    self->sequence = new_ref(sequence);
    return OBJECT(self);
}

static void index_iter_dealloc(Object *op) {
    xdecref(((IndexIter *)op)->sequence);
    free(op);
}

/* The size is looked at anew each time: the list may have changed since.
 * CPython: Objects/listobject.c, listiter_next(). */
static Object *list_iter_next(Object *op) {
    IndexIter *self = (IndexIter *)op;
    List *list = (List *)self->sequence;
    if (!list) return NULL;
    if (self->index < list->size) return new_ref(list->items[self->index++]);
    clear_ref(self->sequence);
    return NULL;
}

static Object *tuple_iter_next(Object *op) {
    IndexIter *self = (IndexIter *)op;
    Tuple *tuple = (Tuple *)self->sequence;
    if (!tuple) return NULL;
    if (self->index < tuple->size) return new_ref(tuple->items[self->index++]);
    clear_ref(self->sequence);
    return NULL;
}

static Object *str_iter_next(Object *op) {
    IndexIter *self = (IndexIter *)op;
    Str *str = (Str *)self->sequence;
    if (!str) return NULL;
    if (self->index < str->size) {
        const char *at = str->utf8 + self->index;
        ssize_t step = str_char_size(at, str->size - self->index);
        Object *result = str_from_utf8(at, step);
        if (result) self->index += step;
        return result;
    }
    clear_ref(self->sequence);
    return NULL;
}

static const Type ListIter_Type = {
    .name = "list_iterator",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = list_iter_next,
};
static const Type TupleIter_Type = {
    .name = "tuple_iterator",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = tuple_iter_next,
};
/* New in 3.11: ASCII text has a type of its own, as nothing needs to be decoded. Simplified: here
 * the types differ in name only. CPython: unicode_ascii_iter_next(). */
static const Type AsciiIter_Type = {
    .name = "str_ascii_iterator",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = str_iter_next,
};
static const Type StrIter_Type = {
    .name = "str_iterator",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = str_iter_next,
};

/* ---- Backwards -------------------------------------------------------------------------------*/

/* From the last index down. What was appended meanwhile is not seen; what was removed ends it.
 * CPython: Objects/listobject.c, listreviter_next(). */
static Object *list_reversed_next(Object *op) {
    IndexIter *self = (IndexIter *)op;
    List *list = (List *)self->sequence;
    if (!list) return NULL;
    if (0 <= self->index && self->index < list->size) return new_ref(list->items[self->index--]);
    self->index = -1;
    clear_ref(self->sequence);
    return NULL;
}

/* The same for whatever has an index. CPython: Objects/enumobject.c, reversed_next(). */
static Object *reversed_next(Object *op) {
    IndexIter *self = (IndexIter *)op;
    if (self->index >= 0) {
        Object *sequence = new_ref(self->sequence); // its `item` may ask this iterator, to the end
        Object *item = sequence->type->item(sequence, self->index);
        decref(sequence);
        if (item) {
            self->index--;
            return item;
        }
        if (error_matches(IndexError) || error_matches(StopIteration)) error_clear();
    }
    self->index = -1;
    clear_ref(self->sequence);
    return NULL;
}

static const Type ListReversed_Type = {
    .name = "list_reverseiterator",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = list_reversed_next,
};
static const Type Reversed_Type = {
    .name = "reversed",
    .dealloc = index_iter_dealloc,
    .iter = object_self_iter,
    .iternext = reversed_next,
};

/* ---- Making them -----------------------------------------------------------------------------*/

static Object *index_iter_from_end(const Type *type, Object *sequence, ssize_t size) {
    Object *self = index_iter_new(type, sequence);
    if (self) ((IndexIter *)self)->index = size - 1;
    return self;
}

Object *list_iter(Object *list) {
    return index_iter_new(&ListIter_Type, list);
}

ssize_t list_iter_index(Object *iterator) {
    return ((IndexIter *)iterator)->index;
}

Object *list_reversed(Object *list) {
    return index_iter_from_end(&ListReversed_Type, list, ((List *)list)->size);
}

Object *reversed_new(Object *op) {
    if (op->type->reversed) return op->type->reversed(op);
    if (!op->type->item) {
        error_set(TypeError, "'%s' object is not reversible", op->type->name);
        return NULL;
    }
    ssize_t size = object_length(op);
    return size < 0 ? NULL : index_iter_from_end(&Reversed_Type, op, size);
}

Object *tuple_iter(Object *tuple) {
    return index_iter_new(&TupleIter_Type, tuple);
}

Object *str_iter(Object *str) {
    return index_iter_new(((Str *)str)->ascii ? &AsciiIter_Type : &StrIter_Type, str);
}
