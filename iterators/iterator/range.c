/* range.c: numbers that are never stored.
 *
 * The invariant: `length` is how many numbers there are, computed once in unsigned arithmetic,
 * where the distance between any two 64-bit numbers fits; number i is start + i * step, and for i <
 * length that never leaves 64 bits. All else follows from these two. CPython:
 * Objects/rangeobject.c.
 */
#include "iterator.h"

#include <inttypes.h>

/* The distance from low to high, low <= high, which may be too large for a signed number. */
static uint64_t distance(int64_t low, int64_t high) {
    return (uint64_t)high - (uint64_t)low;
}

/* CPython: Objects/rangeobject.c, get_len_of_range(): the last number is at most stop - 1, so there
 * are (stop - 1 - start) / step + 1 of them. */
static uint64_t range_length(int64_t start, int64_t stop, int64_t step) {
    if (step > 0) return start < stop ? (distance(start, stop) - 1) / (uint64_t)step + 1 : 0;
    // 0 - step in unsigned: -INT64_MIN has no signed form
    return start > stop ? (distance(stop, start) - 1) / (0 - (uint64_t)step) + 1 : 0;
}

/* start + i * step, which for i < length lies between start and stop. */
static int64_t range_item_at(const Range *self, uint64_t i) {
    return (int64_t)((uint64_t)self->start + i * (uint64_t)self->step);
}

Object *range_new(int64_t start, int64_t stop, int64_t step) {
    if (step == 0) {
        error_set(ValueError, "range() arg 3 must not be zero");
        return NULL;
    }
    Range *self = object_new(&Range_Type, sizeof *self);
    if (!self) return NULL;
    self->start = start;
    self->stop = stop;
    self->step = step;
    self->length = range_length(start, stop, step);
    return OBJECT(self);
}

/* ---- Questions answered by arithmetic --------------------------------------------------------*/

Object *range_subscript(const Range *self, int64_t index) {
    uint64_t i = index < 0 ? self->length - (0 - (uint64_t)index) : (uint64_t)index;
    bool before = index < 0 && 0 - (uint64_t)index > self->length;
    if (!before && i < self->length) return int_from_long(range_item_at(self, i));
    error_set(IndexError, "range object index out of range");
    return NULL;
}

int range_contains(const Range *self, int64_t value) {
    if (self->step > 0) {
        if (value < self->start || value >= self->stop) return 0;
        return distance(self->start, value) % (uint64_t)self->step == 0;
    }
    if (value > self->start || value <= self->stop) return 0;
    return distance(value, self->start) % (0 - (uint64_t)self->step) == 0;
}

/* Simplified: an index of 2^63 or more, which takes a range longer than any C array, is an
 * OverflowError. */
int64_t range_index(const Range *self, int64_t value) {
    if (!range_contains(self, value)) {
        return error_set(ValueError, "%" PRId64 " is not in range", value);
    }
    uint64_t index = self->step > 0 ? distance(self->start, value) / (uint64_t)self->step
                                    : distance(value, self->start) / (0 - (uint64_t)self->step);
    if (index <= INT64_MAX) return (int64_t)index;
    return error_set(OverflowError, "Python int too large to convert to C ssize_t");
}

static int range_is_true(Object *op) {
    return ((Range *)op)->length != 0;
}

static ssize_t range_len(Object *op) {
    uint64_t length = ((Range *)op)->length;
    if (length <= PTRDIFF_MAX) return (ssize_t)length;
    return error_set(OverflowError, "Python int too large to convert to C ssize_t");
}

static Object *range_item(Object *op, ssize_t index) {
    return range_subscript((Range *)op, index);
}

/* As sequences: range(0, 3, 2) == range(0, 4, 2). CPython: range_equals(). */
static int range_equal(Object *op, Object *other) {
    if (other->type != &Range_Type) return NOT_IMPLEMENTED;
    const Range *a = (Range *)op, *b = (Range *)other;
    if (a->length != b->length) return 0;
    if (a->length == 0) return 1;
    return a->start == b->start && (a->length == 1 || a->step == b->step);
}

static int range_repr(Object *op, Writer *out) {
    const Range *self = (Range *)op;
    char text[80];
    int size = snprintf(text, sizeof text, "range(%" PRId64 ", %" PRId64, self->start, self->stop);
    if (self->step != 1) {
        snprintf(text + size, sizeof text - (size_t)size, ", %" PRId64, self->step);
    }
    writer_puts(out, text);
    return writer_puts(out, ")");
}

/* ---- Its iterator ----------------------------------------------------------------------------*/

/* CPython: Objects/rangeobject.c, rangeiterobject. It does not need the range any more. */
typedef struct {
    Object ob;
    int64_t next, step;
    uint64_t remaining;
} RangeIter;

static Object *range_iter_next(Object *op) {
    RangeIter *self = (RangeIter *)op;
    if (self->remaining == 0) return NULL;
    Object *result = int_from_long(self->next);
    if (!result) return NULL; // the number is not lost: it comes next time
    self->remaining--;
    self->next = (int64_t)((uint64_t)self->next + (uint64_t)self->step); // unused after the last
    return result;
}

static void plain_dealloc(Object *op) {
    free(op);
}

static const Type RangeIter_Type = {
    .name = "range_iterator",
    .dealloc = plain_dealloc,
    .iter = object_self_iter,
    .iternext = range_iter_next,
};

static Object *range_iter_new(int64_t next, int64_t step, uint64_t remaining) {
    RangeIter *self = object_new(&RangeIter_Type, sizeof *self);
    if (!self) return NULL;
    self->next = next;
    self->step = step;
    self->remaining = remaining;
    return OBJECT(self);
}

static Object *range_iter(Object *op) {
    const Range *self = (Range *)op;
    return range_iter_new(self->start, self->step, self->length);
}

/* CPython: Objects/rangeobject.c, range_reverse(). */
static Object *range_reversed(Object *op) {
    const Range *self = (Range *)op;
    int64_t last = range_item_at(self, self->length - 1); // of an empty range, never looked at
    return range_iter_new(last, (int64_t)(0 - (uint64_t)self->step), self->length);
}

const Type Range_Type = {
    .name = "range",
    .dealloc = plain_dealloc,
    .repr = range_repr,
    .equal = range_equal,
    .is_true = range_is_true,
    .iter = range_iter,
    .reversed = range_reversed,
    .length = range_len,
    .item = range_item,
};
