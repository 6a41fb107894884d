/* iterator.h: the iterator protocol, and the iterators that Python is built of.
 *
 * The invariant: an iterator answers iter_next() with a value, or with NULL. NULL and no error
 * means exhausted, NULL and an error means that error. Once exhausted, always exhausted: an
 * iterator lets go of what it walks over, and says NULL for ever.
 *
 * All functions that make something return a new reference, or NULL with MemoryError and with what
 * else is said there. CPython: Include/abstract.h, Objects/abstract.c, Objects/iterobject.c.
 */
#ifndef ITERATOR_H
#define ITERATOR_H

#include "../object.h"

/* ---- The protocol (iterator.c) ---------------------------------------------------------------*/

/* iter(op). What has `iter` is asked; what has only `item`, the protocol from before iterators, is
 * walked by index until IndexError. NULL with TypeError ("'int' object is not iterable").
 * CPython: Objects/abstract.c, PyObject_GetIter(). */
Object *object_get_iter(Object *op);

/* The next value, a new reference; NULL when exhausted, with no error set, or with the error that
 * the iterator raised. CPython: Objects/abstract.c, PyIter_Next(). */
static inline Object *iter_next(Object *iterator) {
    Object *result = iterator->type->iternext(iterator);
    if (!result && error_matches(StopIteration)) error_clear();
    return result;
}

/* What an iterator asks another by: its iternext, unless so many have asked each other that half of
 * the C stack is used; then RecursionError. CPython looks only where Python code is called: a chain
 * that gives itself (`items = []; c = chain.from_iterable(items); items.append(c); next(c)`) or
 * 100000 `map` around each other end the process. How to look is 3.14's way:
 * Include/internal/pycore_ceval.h, _Py_ReachedRecursionLimit(). */
extern uintptr_t stack_limit; // 0 until object_get_iter() was first called
Object *iter_too_deep(void);
static inline Object *iter_ask(Object *iterator) {
    if ((uintptr_t)__builtin_frame_address(0) < stack_limit) return iter_too_deep();
    return iterator->type->iternext(iterator);
}

/* next(op) as Python's builtin has it: exhaustion is StopIteration, with its value; TypeError for
 * what is no iterator. CPython: Python/bltinmodule.c, builtin_next(). */
Object *builtin_next(Object *op);

/* A new reference to itself: the `iter` of every iterator.
 * CPython: Objects/object.c, PyObject_SelfIter(). */
Object *object_self_iter(Object *self);

/* list(iterable): what it gave until it was exhausted. NULL with its error, or TypeError.
 * CPython: Objects/abstract.c, PySequence_List(). */
List *sequence_list(Object *iterable);

/* An iterator over op[0], op[1], ... until IndexError (or StopIteration).
 * CPython: Objects/iterobject.c, PySeqIter_New(). */
Object *sequence_iter_new(Object *op);

/* iter(callable, sentinel): calls until the result equals the sentinel, or StopIteration. TypeError
 * ("iter(v, w): v must be callable"). CPython: Objects/iterobject.c, PyCallIter_New(). */
Object *call_iter_new(Object *callable, Object *sentinel);

/* ---- Sequences (sequence_iterators.c) --------------------------------------------------------*/

/* CPython: Objects/listobject.c, list_iter(), list___reversed___impl(); Objects/tupleobject.c,
 * tuple_iter(); Objects/unicodeobject.c, unicode_iter(). */
Object *list_iter(Object *list);
Object *list_reversed(Object *list);
Object *tuple_iter(Object *tuple);
Object *str_iter(Object *str);

/* Where a list's iterator stands: the index of what it gives next, as __reduce__() tells it. */
ssize_t list_iter_index(Object *iterator);

/* reversed(op): by its `reversed`, or by length and index from the end. TypeError ("'int' object is
 * not reversible"; of what has an index and no length, "object of type 'X' has no len()"). CPython:
 * Objects/enumobject.c, reversed_new_impl(). */
Object *reversed_new(Object *op);

/* ---- range (range.c) -------------------------------------------------------------------------*/

/* Numbers that are never stored: three of them and a rule. Immutable.
 * Simplified: of 64 bits; CPython's are Python ints of any size, and its iterator for those that do
 * not fit is another type (longrange_iterator). CPython: Objects/rangeobject.c, rangeobject. */
typedef struct {
    Object ob;
    int64_t start, stop, step; // step is not 0
    uint64_t length;           // up to 2^64 - 1
} Range;

extern const Type Range_Type;

/* range(start, stop, step). NULL with ValueError ("range() arg 3 must not be zero").
 * CPython: Objects/rangeobject.c, range_from_array(). */
Object *range_new(int64_t start, int64_t stop, int64_t step);

/* range[index], negative from the end. NULL with IndexError. CPython: compute_item(). */
Object *range_subscript(const Range *self, int64_t index);

/* value in range, by arithmetic: 1 or 0. CPython: Objects/rangeobject.c, range_contains_long(). */
int range_contains(const Range *self, int64_t value);

/* range.index(value); -1 with ValueError ("7 is not in range") or OverflowError.
 * CPython: Objects/rangeobject.c, range_index(). */
int64_t range_index(const Range *self, int64_t value);

/* ---- Iterators over iterators (builtins.c, itertools.c) --------------------------------------*/

/* enumerate(iterable, start). CPython: Objects/enumobject.c, enum_new_impl(). */
Object *enumerate_new(Object *iterable, int64_t start);

/* zip(*iterables, strict=strict). With strict, ValueError at the end, if one is shorter or longer.
 * CPython: Python/bltinmodule.c, zip_new(). */
Object *zip_new(Object *const *iterables, ssize_t count, bool strict);

/* map(function, *iterables), at least one. CPython: Python/bltinmodule.c, map_new(). */
Object *map_new(Object *function, Object *const *iterables, ssize_t count);

/* filter(function, iterable); with None what is true stays. CPython: filter_new(). */
Object *filter_new(Object *function, Object *iterable);

/* islice(iterable, start, stop, step); a stop of -1 is None. NULL with ValueError for what is
 * negative else. CPython: Modules/itertoolsmodule.c, islice_new(). */
Object *islice_new(Object *iterable, int64_t start, int64_t stop, int64_t step);

/* chain.from_iterable(iterable), and chain(*iterables) over a tuple of them. Neither looks at what
 * is inside before it gets there. CPython: Modules/itertoolsmodule.c, chain_new(). */
Object *chain_from_iterable(Object *iterable);

/* count(start, step). CPython: Modules/itertoolsmodule.c, itertools_count_impl(). */
Object *count_new(int64_t start, int64_t step);

/* takewhile(predicate, iterable).
 * CPython: Modules/itertoolsmodule.c, itertools_takewhile_impl(). */
Object *takewhile_new(Object *predicate, Object *iterable);

#endif
