/* list.c: growing, shrinking, searching.
 *
 * The invariant: 0 <= size <= allocated, and the first `size` cells of the array hold references
 * that the list owns. list_resize() is the only function that changes `allocated` of a list in use,
 * and it is called before a new cell is filled and after a cell is emptied; so whatever fails,
 * fails with the list as it was. Whoever drops a reference does it last: a dying item may be a list
 * that holds this one. CPython: Objects/listobject.c.
 */
#include "list.h"

static const ssize_t ITEMS_MAX = PTRDIFF_MAX / (ssize_t)sizeof(Object *);

/* ---- The array -------------------------------------------------------------------------------*/

/* How many cells to ask for when `newsize` are needed. An eighth of spare room makes n appends copy
 * at most about 9n references in total, for at most 12.5% of memory unused; the 6 lets short lists
 * start with 4 cells and not creep by one; multiples of 4 are whole 32 bytes. A jump of more than
 * the spare room (a long extend) says nothing about appends to come, so it gets none.
 * The sequence under append: 0, 4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108, ... */
static size_t growth(ssize_t size, ssize_t newsize) {
    if (newsize == 0) return 0;
    size_t needed = (size_t)newsize;
    size_t allocated = (needed + (needed >> 3) + 6) & ~(size_t)3;
    if (newsize - size > (ssize_t)(allocated - needed)) allocated = (needed + 3) & ~(size_t)3;
    return allocated;
}

int list_resize(List *self, ssize_t newsize) {
    // Room enough, and not more than twice too much: then nothing moves. The gap between growing
    // when full and shrinking below half keeps append, pop, append, pop from moving each time.
    if (newsize <= self->allocated && newsize >= self->allocated >> 1) {
        self->size = newsize;
        return 0;
    }
    size_t allocated = growth(self->size, newsize);
    Object **items = NULL;
    if (allocated <= (size_t)ITEMS_MAX) {
        // 1 byte at least: realloc(p, 0) means different things on different systems.
        size_t bytes = allocated ? allocated * sizeof *items : 1;
        items = realloc(self->items, bytes);
        if (items) block_advise(items, bytes);
    }
    if (items) {
        self->items = items;
        self->allocated = (ssize_t)allocated;
    } else if (newsize > self->allocated) {
        error_no_memory();
        return -1;
    } // Simplified: a shrink that is refused keeps the large array; CPython raises MemoryError.
    self->size = newsize;
    return 0;
}

/* Room for exactly `size` items in a list that has no array yet, rounded up to even: malloc deals
 * in 16 bytes, so the odd cell would be lost anyway. CPython: list_preallocate_exact(). */
static int list_preallocate_exact(List *self, ssize_t size) {
    size_t allocated = ((size_t)size + 1) & ~(size_t)1;
    if (allocated <= (size_t)ITEMS_MAX) self->items = malloc(allocated * sizeof *self->items);
    if (!self->items) {
        error_no_memory();
        return -1;
    }
    block_advise(self->items, allocated * sizeof *self->items);
    self->allocated = (ssize_t)allocated;
    return 0;
}

/* New list with room for exactly `size` references and, so far, none in it. NULL with MemoryError.
 * Simplified: CPython keeps up to 80 dead list objects to hand out again (a free list).
 * CPython: list_new_prealloc(). */
static List *list_new_prealloc(ssize_t size) {
    if (size > ITEMS_MAX) return error_no_memory();
    List *self = object_new(&List_Type, sizeof *self);
    if (!self) return NULL;
    self->size = 0;
    self->items = NULL;
    self->allocated = 0;
    if (size == 0) return self;
    self->items = malloc((size_t)size * sizeof *self->items);
    if (!self->items) {
        decref(self);
        return error_no_memory();
    }
    block_advise(self->items, (size_t)size * sizeof *self->items);
    self->allocated = size;
    return self;
}

/* Appends `count` references to a list that has room for them. */
static void fill(List *self, Object **items, ssize_t count) {
    if (count == 0) return; // an empty list has no array, and NULL + 0 is undefined
    Object **to = self->items + self->size;
    for (ssize_t i = 0; i < count; i++)
        to[i] = new_ref(items[i]);
    self->size += count;
}

/* ---- Making one ------------------------------------------------------------------------------*/

List *list_new(ssize_t size) {
    List *self = list_new_prealloc(size);
    if (!self) return NULL;
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = NULL;
    self->size = size;
    return self;
}

List *list_pack(ssize_t size, ...) {
    List *self = list_new_prealloc(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, Object *));
    va_end(items);
    self->size = size;
    return self;
}

List *list_copy(List *self) {
    return list_get_slice(self, 0, self->size);
}

List *list_concat(List *self, Object *other) {
    if (other->type != &List_Type) {
        error_set(TypeError, "can only concatenate list (not \"%s\") to list", other->type->name);
        return NULL;
    }
    List *tail = (List *)other;
    if (tail->size > ITEMS_MAX - self->size) return error_no_memory();
    List *result = list_new_prealloc(self->size + tail->size);
    if (!result) return NULL;
    fill(result, self->items, self->size);
    fill(result, tail->items, tail->size);
    return result;
}

List *list_repeat(List *self, ssize_t n) {
    if (n < 0) n = 0;
    if (n > 0 && self->size > ITEMS_MAX / n) return error_no_memory();
    List *result = list_new_prealloc(self->size * n);
    if (!result || self->size == 0) return result;
    for (ssize_t i = 0; i < n; i++)
        fill(result, self->items, self->size); // the same objects each time, not copies of them
    return result;
}

int list_inplace_repeat(List *self, ssize_t n) {
    ssize_t size = self->size;
    if (size == 0 || n == 1) return 0;
    if (n < 1) {
        list_clear(self);
        return 0;
    }
    if (size > ITEMS_MAX / n) {
        error_no_memory();
        return -1;
    }
    if (list_resize(self, size * n) < 0) return -1;
    self->size = size;
    for (ssize_t i = 1; i < n; i++)
        fill(self, self->items, size);
    return 0;
}

/* ---- One item --------------------------------------------------------------------------------*/

Object *list_index_error(void) {
    error_set(IndexError, "list index out of range");
    return NULL;
}

int list_set_item(List *self, ssize_t index, Object *item) {
    if ((size_t)index >= (size_t)self->size) {
        xdecref(item);
        return error_set(IndexError, "list assignment index out of range");
    }
    Object *old = self->items[index];
    self->items[index] = item;
    xdecref(old);
    return 0;
}

Object *list_subscript(const List *self, ssize_t index) {
    Object *item = list_get_item(self, index < 0 ? index + self->size : index);
    return item ? new_ref(item) : NULL;
}

int list_ass_item(List *self, ssize_t index, Object *value) {
    if (index < 0) index += self->size;
    if ((size_t)index >= (size_t)self->size) {
        return error_set(IndexError, "list assignment index out of range");
    }
    if (!value) return list_set_slice(self, index, index + 1, NULL);
    return list_set_item(self, index, new_ref(value));
}

/* ---- Growing and shrinking -------------------------------------------------------------------*/

int list_append_grow(List *self, Object *item) {
    ssize_t size = self->size;
    if (list_resize(self, size + 1) < 0) return -1;
    self->items[size] = new_ref(item);
    return 0;
}

int list_insert(List *self, ssize_t index, Object *item) {
    ssize_t size = self->size;
    if (list_resize(self, size + 1) < 0) return -1;
    if (index < 0) {
        index += size;
        if (index < 0) index = 0;
    }
    if (index > size) index = size;
    Object **cell = self->items + index;
    memmove(cell + 1, cell, (size_t)(size - index) * sizeof *cell);
    *cell = new_ref(item);
    return 0;
}

Object *list_pop(List *self, ssize_t index) {
    ssize_t size = self->size;
    if (size == 0) {
        error_set(IndexError, "pop from empty list");
        return NULL;
    }
    if (index < 0) index += size;
    if ((size_t)index >= (size_t)size) {
        error_set(IndexError, "pop index out of range");
        return NULL;
    }
    Object **cell = self->items + index;
    Object *item = *cell;
    if (index < size - 1) memmove(cell, cell + 1, (size_t)(size - 1 - index) * sizeof *cell);
    list_resize(self, size - 1);
    return item;
}

int list_remove(List *self, Object *value) {
    for (ssize_t i = 0; i < self->size; i++) {
        int equal = object_rich_equal(self->items[i], value);
        if (equal < 0) return -1;
        if (equal) return list_set_slice(self, i, i + 1, NULL);
    }
    return error_set(ValueError, "list.remove(x): x not in list");
}

int list_extend(List *self, Object *iterable) {
    ssize_t size = self->size, count;
    bool is_sequence;
    sequence_items(iterable, &count, &is_sequence);
    if (!is_sequence) {
        return error_set(TypeError, "'%s' object is not iterable", iterable->type->name);
    }
    if (count == 0) return 0;
    if (!self->items) {
        if (list_preallocate_exact(self, count) < 0) return -1;
    } else {
        if (list_resize(self, size + count) < 0) return -1;
        self->size = size;
    }
    // Asked again, because in l.extend(l) the array that is read is the one that has moved.
    Object **items = sequence_items(iterable, &(ssize_t){0}, &is_sequence);
    fill(self, items, count);
    return 0;
}

void list_clear(List *self) {
    Object **items = self->items;
    ssize_t size = self->size;
    self->size = 0; // first an empty list, then the decrefs: a dying item may look at this list
    self->items = NULL;
    self->allocated = 0;
    while (--size >= 0)
        xdecref(items[size]);
    free(items);
}

/* ---- Searching -------------------------------------------------------------------------------
 * An item's equal or repr may change the list that asks: so `i < self->size` is asked anew each time,
 * and no address of a cell is kept. object_rich_equal() holds the item itself. */

ssize_t list_index(List *self, Object *value, ssize_t start, ssize_t stop) {
    if (start < 0) start = start + self->size < 0 ? 0 : start + self->size;
    if (stop < 0) stop = stop + self->size < 0 ? 0 : stop + self->size;
    for (ssize_t i = start; i < stop && i < self->size; i++) {
        int equal = object_rich_equal(self->items[i], value);
        if (equal < 0) return -1;
        if (equal) return i;
    }
    Writer text = {0};
    if (object_write_repr(value, &text) == 0) {
        error_set(ValueError, "%.*s is not in list", (int)text.length, text.bytes);
    }
    writer_free(&text);
    return -1;
}

ssize_t list_count(List *self, Object *value) {
    ssize_t count = 0;
    for (ssize_t i = 0; i < self->size; i++) {
        int equal = object_rich_equal(self->items[i], value);
        if (equal < 0) return -1;
        count += equal;
    }
    return count;
}

int list_contains(List *self, Object *value) {
    int equal = 0;
    for (ssize_t i = 0; equal == 0 && i < self->size; i++)
        equal = object_rich_equal(self->items[i], value);
    return equal;
}

void list_reverse(List *self) {
    for (ssize_t low = 0, high = self->size - 1; low < high; low++, high--) {
        Object *item = self->items[low];
        self->items[low] = self->items[high];
        self->items[high] = item;
    }
}

/* ---- The type --------------------------------------------------------------------------------*/

static void list_dealloc(Object *op) {
    list_clear((List *)op);
    free(op);
}

static int list_repr(Object *op, Writer *out) {
    List *self = (List *)op;
    if (self->size == 0) return writer_puts(out, "[]");
    int entered = repr_enter(op);
    if (entered != 0) return entered > 0 ? writer_puts(out, "[...]") : -1;

    int status = writer_puts(out, "[");
    for (ssize_t i = 0; i < self->size && status == 0; i++) {
        if (i > 0) writer_puts(out, ", ");
        status = object_write_repr(self->items[i], out);
    }
    if (status == 0) status = writer_puts(out, "]");
    repr_leave(op);
    return status;
}

/* An item's equal may change both lists, so their sizes are looked at before each item and, where a
 * list ended, once more. CPython: list_richcompare(), its Py_EQ. */
static int list_equal(Object *op, Object *other) {
    if (other->type != &List_Type) return NOT_IMPLEMENTED;
    List *a = (List *)op, *b = (List *)other;
    if (a->size != b->size) return 0;
    if (compare_enter() < 0) return -1;
    int answer = 1;
    ssize_t i = 0;
    while (i < a->size && i < b->size) {
        answer = object_rich_equal(a->items[i], b->items[i]);
        if (answer != 1) break;
        i++;
    }
    compare_leave();
    if (answer >= 0 && (i >= a->size || i >= b->size)) return a->size == b->size;
    return answer;
}

const Type List_Type = {
    .name = "list",
    .container = true,
    .dealloc = list_dealloc,
    .repr = list_repr,
    .equal = list_equal, // and no hash: an equal list may become unequal
};
