/* list.h: Python's list, an array of references that grows.
 *
 *     List              items
 *     +-----------+     +---+---+---+---+---+---+---+---+
 *     | refcnt    |  .->| o | o | o | o | o |   |   |   |   o: a reference that the list owns
 *     | type      |  |  +---+---+---+---+---+---+---+---+
 *     | size    5 |  |    0   1   2   3   4  (5   6   7)    cells from size to allocated are spare:
 *     | items   ----'                                       reserved, uninitialised, nobody's
 *     | allocated |
 *     |         8 |     0 <= size <= allocated, always; items may be NULL if allocated is 0.
 *     +-----------+
 *
 * The list object never moves, so everyone may keep a pointer to it; the array may move whenever
 * the list grows or shrinks, so nobody may. CPython: Include/cpython/listobject.h, PyListObject.
 */
#ifndef LIST_H
#define LIST_H

#include "../object.h"

typedef struct {
    Object ob;
    ssize_t size;      // len(list). CPython: ob_size, of PyVarObject
    Object **items;    // CPython: ob_item
    ssize_t allocated; // how many references the array has room for
} List;

extern const Type List_Type;

/* ---- Making one ------------------------------------------------------------------------------*/

/* New list of `size` cells, room for exactly as many, each NULL: to be filled with list_set_item()
 * before anybody else sees it. NULL with MemoryError. CPython: Objects/listobject.c, PyList_New().
 */
List *list_new(ssize_t size);

/* New list of these `size` objects (each an Object *), borrowed, in an array without a spare cell:
 * what a list display such as [a, b, c] makes. NULL with MemoryError. CPython: Python/ceval.c,
 * BUILD_LIST. */
List *list_pack(ssize_t size, ...);

/* New list of the same references, without spare cells: a shallow copy. NULL with MemoryError.
 * CPython: Objects/listobject.c, list_copy_impl(). */
List *list_copy(List *self);

/* ---- One item --------------------------------------------------------------------------------*/

/* len(list). CPython: Objects/listobject.c, PyList_Size(). */
static inline ssize_t list_size(const List *self) {
    return self->size;
}

/* "list index out of range"; always NULL. */
Object *list_index_error(void);

/* The item at `index`, borrowed: it stays alive as long as the list holds it. NULL with IndexError;
 * a negative index is out of range, only list_subscript() counts from the end. CPython:
 * Objects/listobject.c, PyList_GetItem(). */
static inline Object *list_get_item(const List *self, ssize_t index) {
    // One comparison for both ends: a negative index becomes a huge unsigned one. CPython:
    // valid_index().
    if ((size_t)index >= (size_t)self->size) return list_index_error();
    return self->items[index];
}

/* Puts `item` at `index` and drops what was there. Steals the reference to `item`, even when it
 * fails: -1 with IndexError. CPython: Objects/listobject.c, PyList_SetItem(). */
int list_set_item(List *self, ssize_t index, Object *item);

/* list[index], negative counting from the end: new reference, or NULL with IndexError. CPython:
 * Objects/listobject.c, list_subscript(). */
Object *list_subscript(const List *self, ssize_t index);

/* list[index] = value, or with a NULL value del list[index]; negative counts from the end. Borrows
 * `value`. 0, or -1 with IndexError. CPython: Objects/listobject.c, list_ass_item(). */
int list_ass_item(List *self, ssize_t index, Object *value);

/* ---- Growing and shrinking -------------------------------------------------------------------*/

/* Makes `size` become newsize, moving the array if it is too small or more than half empty; new
 * cells are uninitialised. 0, or -1 with MemoryError and nothing changed. Making it smaller never
 * fails. CPython: Objects/listobject.c, list_resize(). */
int list_resize(List *self, ssize_t newsize);

/* list_append() when there is no spare cell. */
int list_append_grow(List *self, Object *item);

/* list.append(item). 0, or -1 with MemoryError and nothing changed. Inline because nearly all calls
 * end in the first branch. CPython: Include/internal/pycore_list.h, _PyList_AppendTakeRef(). */
static inline int list_append(List *self, Object *item) {
    ssize_t size = self->size;
    if (size < self->allocated) {
        self->items[size] = new_ref(item);
        self->size = size + 1;
        return 0;
    }
    return list_append_grow(self, item);
}

/* list.insert(index, item): before the item at `index`, which counts from the end if negative and
 * is clamped to the list. 0, or -1 with MemoryError. CPython: Objects/listobject.c, ins1(). */
int list_insert(List *self, ssize_t index, Object *item);

/* list.pop(index), -1 for the last: the reference that the list held, now the caller's. NULL with
 * IndexError. CPython: Objects/listobject.c, list_pop_impl(). */
Object *list_pop(List *self, ssize_t index);

/* list.remove(value): the first item equal to it. 0, or -1 with ValueError if there is none.
 * CPython: Objects/listobject.c, list_remove(). */
int list_remove(List *self, Object *value);

/* list.extend(iterable), also list += iterable. 0, or -1 with TypeError or MemoryError and nothing
 * changed. Simplified: iterates lists and tuples; CPython also anything with __iter__, by appending
 * item after item. CPython: Objects/listobject.c, list_extend(). */
int list_extend(List *self, Object *iterable);

/* list.clear(). Frees the array too. CPython: Objects/listobject.c, _list_clear(). */
void list_clear(List *self);

/* ---- Searching -------------------------------------------------------------------------------*/

/* list.index(value, start, stop): where the first item equal to it is; -1 with ValueError ("3 is
 * not in list"). CPython: Objects/listobject.c, list_index_impl(). */
ssize_t list_index(List *self, Object *value, ssize_t start, ssize_t stop);

/* list.count(value), or -1 with an error set. CPython: Objects/listobject.c, list_count(). */
ssize_t list_count(List *self, Object *value);

/* value in list: 1, 0, or -1 with an error set. CPython: Objects/listobject.c, list_contains(). */
int list_contains(List *self, Object *value);

/* ---- The whole list --------------------------------------------------------------------------*/

/* list.reverse(), in place. CPython: Objects/listobject.c, PyList_Reverse(). */
void list_reverse(List *self);

/* self + other, a new list without spare cells; NULL with TypeError or MemoryError. CPython:
 * Objects/listobject.c, list_concat(). */
List *list_concat(List *self, Object *other);

/* self * n, a new list without spare cells that holds the same references n times; NULL with
 * MemoryError. CPython: Objects/listobject.c, list_repeat(). */
List *list_repeat(List *self, ssize_t n);

/* self *= n. 0, or -1 with MemoryError. CPython: Objects/listobject.c, list_inplace_repeat(). */
int list_inplace_repeat(List *self, ssize_t n);

/* ---- Slices (slice.c) ------------------------------------------------------------------------*/

#define SLICE_NONE PTRDIFF_MIN // a bound left out, as in list[:stop] and list[::-1]

/* Turns the bounds of a slice into positions in a sequence of `length`, and returns how many items
 * they take in; step is not 0. CPython: Objects/sliceobject.c, PySlice_AdjustIndices(). */
ssize_t slice_adjust(ssize_t length, ssize_t *start, ssize_t *stop, ssize_t step);

/* New list of the references from low up to high, both clamped to the list, without spare cells;
 * NULL with MemoryError. Negative bounds are clamped, not counted from the end. CPython:
 * Objects/listobject.c, PyList_GetSlice(). */
List *list_get_slice(List *self, ssize_t low, ssize_t high);

/* Replaces the items from low up to high (clamped) by those of `value`, a list or a tuple, self
 * included; deletes them if it is NULL. 0, or -1 with TypeError or MemoryError and nothing changed.
 * CPython: Objects/listobject.c, PyList_SetSlice(), list_ass_slice(). */
int list_set_slice(List *self, ssize_t low, ssize_t high, Object *value);

/* list[start:stop:step] as a new list; NULL with ValueError (a step of 0) or MemoryError. CPython:
 * Objects/listobject.c, list_subscript(). */
List *list_subscript_slice(List *self, ssize_t start, ssize_t stop, ssize_t step);

/* list[start:stop:step] = value, or with a NULL value del list[start:stop:step]. 0, or -1 with
 * ValueError, TypeError or MemoryError and nothing changed. CPython: Objects/listobject.c,
 * list_ass_subscript(). */
int list_ass_subscript_slice(List *self, ssize_t start, ssize_t stop, ssize_t step, Object *value);

/* The items of a list or tuple, and their number; NULL for another type. The array is borrowed and
 * may be NULL for an empty list: look at *is_sequence. CPython: PySequence_Fast_ITEMS(). */
Object **sequence_items(Object *op, ssize_t *size, bool *is_sequence);

#endif
