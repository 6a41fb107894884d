/* slice.c: a part of a list: read, replaced, deleted.
 *
 * A slice names positions, not items: bounds outside the list are pulled in, so no slice is ever
 * out of range. A slice of step 1 is one run of cells, and replacing it by more or fewer items
 * moves the tail once; a slice with another step is many single cells, and its length cannot change
 * except to nothing. CPython: Objects/listobject.c, Objects/sliceobject.c.
 */
#include "list.h"

Object **sequence_items(Object *op, ssize_t *size, bool *is_sequence) {
    *is_sequence = true;
    if (op->type == &List_Type) {
        *size = ((List *)op)->size;
        return ((List *)op)->items;
    }
    if (op->type == &Tuple_Type) {
        *size = ((Tuple *)op)->size;
        return ((Tuple *)op)->items;
    }
    *is_sequence = false;
    *size = 0;
    return NULL;
}

/* ---- Bounds ----------------------------------------------------------------------------------*/

static ssize_t clamp(ssize_t value, ssize_t low, ssize_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Going down, the position before the first item, -1, is a legal bound, and so the range of bounds
 * is one lower. */
ssize_t slice_adjust(ssize_t length, ssize_t *start, ssize_t *stop, ssize_t step) {
    if (step < -PTRDIFF_MAX) step = -PTRDIFF_MAX; // so that it has an opposite
    ssize_t low = step < 0 ? -1 : 0, high = step < 0 ? length - 1 : length;
    if (*start == SLICE_NONE)
        *start = step < 0 ? high : low;
    else
        *start = clamp(*start < 0 ? *start + length : *start, low, high);
    if (*stop == SLICE_NONE)
        *stop = step < 0 ? low : high;
    else
        *stop = clamp(*stop < 0 ? *stop + length : *stop, low, high);
    if (step < 0) return *stop < *start ? (*start - *stop - 1) / -step + 1 : 0;
    return *start < *stop ? (*stop - *start - 1) / step + 1 : 0;
}

/* ---- Step 1 ----------------------------------------------------------------------------------*/

List *list_get_slice(List *self, ssize_t low, ssize_t high) {
    low = clamp(low, 0, self->size);
    high = clamp(high, low, self->size);
    List *result = list_new(high - low);
    if (!result) return NULL;
    for (ssize_t i = low; i < high; i++)
        result->items[i - low] = new_ref(self->items[i]);
    return result;
}

/* Moves the tail that begins at `high` by `d` cells, the array growing before or shrinking after.
 * -1 with MemoryError and nothing changed. */
static int move_tail(List *self, ssize_t high, ssize_t d) {
    ssize_t size = self->size;
    size_t bytes = (size_t)(size - high) * sizeof *self->items;
    if (d > 0 && list_resize(self, size + d) < 0) return -1;
    if (d != 0 && bytes) memmove(self->items + high + d, self->items + high, bytes);
    if (d < 0) list_resize(self, size + d);
    return 0;
}

/* The replaced references are set aside and dropped at the end, when the list is whole again.
 * CPython: list_ass_slice(). */
static int replace(List *self, ssize_t low, ssize_t high, Object **items, ssize_t count) {
    enum { ON_STACK = 8 }; // most slices replaced are short, and need no malloc
    Object *recycle_on_stack[ON_STACK], **recycle = recycle_on_stack;
    ssize_t replaced = high - low;
    if (replaced > ON_STACK) {
        recycle = malloc((size_t)replaced * sizeof *recycle);
        if (!recycle) {
            error_no_memory();
            return -1;
        }
    }
    if (replaced) memcpy(recycle, self->items + low, (size_t)replaced * sizeof *recycle);
    int status = move_tail(self, high, count - replaced);
    if (status == 0) {
        for (ssize_t i = 0; i < count; i++)
            self->items[low + i] = new_ref(items[i]);
        for (ssize_t i = replaced; --i >= 0;)
            xdecref(recycle[i]);
    }
    if (recycle != recycle_on_stack) free(recycle);
    return status;
}

int list_set_slice(List *self, ssize_t low, ssize_t high, Object *value) {
    low = clamp(low, 0, self->size);
    high = clamp(high, low, self->size);
    Object **items = NULL;
    ssize_t count = 0;
    List *copy = NULL;
    if (value) {
        bool is_sequence;
        if (value == OBJECT(self)) { // l[i:j] = l would read the cells that it is writing
            copy = list_copy(self);
            if (!copy) return -1;
            value = OBJECT(copy);
        }
        items = sequence_items(value, &count, &is_sequence);
        if (!is_sequence) return error_set(TypeError, "can only assign an iterable");
    }
    int status = 0;
    if (self->size - (high - low) + count == 0) {
        list_clear(self);
    } else {
        status = replace(self, low, high, items, count);
    }
    xdecref(copy);
    return status;
}

/* ---- Any step --------------------------------------------------------------------------------*/

static int step_error(void) {
    return error_set(ValueError, "slice step cannot be zero");
}

List *list_subscript_slice(List *self, ssize_t start, ssize_t stop, ssize_t step) {
    if (step == 0) {
        step_error();
        return NULL;
    }
    ssize_t length = slice_adjust(self->size, &start, &stop, step);
    List *result = list_new(length);
    if (!result) return NULL;
    for (ssize_t i = 0; i < length; i++)
        result->items[i] = new_ref(self->items[start + i * step]);
    return result;
}

/* Deletes `length` cells, the first at `start` and `step` > 0 apart: each gap's cells move down by
 * the number of cells deleted so far, so every reference moves once. */
static int delete_cells(List *self, ssize_t start, ssize_t step, ssize_t length) {
    Object **garbage = malloc((size_t)length * sizeof *garbage);
    if (!garbage) {
        error_no_memory();
        return -1;
    }
    for (ssize_t i = 0; i < length; i++) {
        ssize_t hole = start + i * step;
        ssize_t next = i + 1 < length ? hole + step : self->size;
        garbage[i] = self->items[hole];
        memmove(self->items + hole - i, self->items + hole + 1,
                (size_t)(next - hole - 1) * sizeof *garbage);
    }
    list_resize(self, self->size - length);
    for (ssize_t i = 0; i < length; i++)
        decref(garbage[i]);
    free(garbage);
    return 0;
}

static int assign_cells(List *self, ssize_t start, ssize_t step, ssize_t length, Object *value) {
    ssize_t count;
    bool is_sequence;
    sequence_items(value, &count, &is_sequence);
    if (!is_sequence) return error_set(TypeError, "must assign iterable to extended slice");
    if (count != length) {
        return error_set(ValueError,
                         "attempt to assign sequence of size %zd to extended slice of size %zd",
                         count, length);
    }
    // A tuple of the new references first: in l[::-1] = l both sides are the same cells.
    Tuple *fresh = tuple_new(count);
    if (!fresh) return -1;
    Object **items = sequence_items(value, &count, &is_sequence);
    for (ssize_t i = 0; i < count; i++)
        fresh->items[i] = new_ref(items[i]);
    for (ssize_t i = 0; i < count; i++) { // swap: the tuple takes the old ones to the grave
        Object **cell = &self->items[start + i * step], *old = *cell;
        *cell = fresh->items[i];
        fresh->items[i] = old;
    }
    decref(fresh);
    return 0;
}

int list_ass_subscript_slice(List *self, ssize_t start, ssize_t stop, ssize_t step, Object *value) {
    if (step == 0) return step_error();
    ssize_t length = slice_adjust(self->size, &start, &stop, step);
    // l[5:2] = [x] inserts before 5: list_set_slice() takes a stop below the start for the start.
    if (step == 1) return list_set_slice(self, start, stop, value);
    if (value) return assign_cells(self, start, step, length, value);
    if (length == 0) return 0;
    if (step < 0) { // the same cells from below
        start += (length - 1) * step;
        step = length > 1 ? -step : 1;
    }
    return delete_cells(self, start, step, length);
}
