/* iterator.h: the iterator protocol.
 *
 * The invariant: an iterator answers iter_next() with a value, or with NULL. NULL and no error
 * means exhausted, NULL and an error means that error; StopIteration may be set or not, both mean
 * the same. Once exhausted, always exhausted: an iterator lets go of what it walks over, and says
 * NULL for ever. CPython: Include/abstract.h, Objects/abstract.c, Objects/iterobject.c.
 */
#ifndef ITERATOR_H
#define ITERATOR_H

#include "../object.h"

/* iter(op): a new reference to an iterator. What has `iter` is asked; what has only `item`, the
 * protocol from before iterators, is walked by index until IndexError. NULL with TypeError ("'int'
 * object is not iterable"). CPython: Objects/abstract.c, PyObject_GetIter(). */
Object *object_get_iter(Object *op);

/* The next value, a new reference; NULL when exhausted, with no error set, or with the error that
 * the iterator raised. CPython: Objects/abstract.c, PyIter_Next(). */
static inline Object *iter_next(Object *iterator) {
    Object *result = iterator->type->iternext(iterator);
    if (!result && error_matches(StopIteration)) error_clear();
    return result;
}

/* next(op) as Python's builtin has it: exhaustion is StopIteration, with its value; TypeError for
 * what is no iterator. CPython: Python/bltinmodule.c, builtin_next(). */
Object *builtin_next(Object *op);

/* A new reference to itself: the `iter` of every iterator.
 * CPython: Objects/object.c, PyObject_SelfIter(). */
Object *object_self_iter(Object *self);

/* The iterators of the topic's sequences. CPython: listobject.c, list_iter(); tupleobject.c,
 * tuple_iter(); unicodeobject.c, unicode_iter(). */
Object *list_iter(Object *list);
Object *tuple_iter(Object *tuple);
Object *str_iter(Object *str);

/* An iterator over op[0], op[1], ... until IndexError (or StopIteration).
 * CPython: Objects/iterobject.c, PySeqIter_New(). */
Object *sequence_iter_new(Object *op);

#endif
