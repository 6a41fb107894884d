/* sequence.c: tuple and list, as far as something to iterate over needs.
 *
 * The list's invariant: 0 <= size <= allocated, the first `size` cells are references that it owns.
 * The array may move whenever the list grows; that is why a list's iterator remembers an index and
 * no address. CPython: Objects/tupleobject.c, Objects/listobject.c.
 */
#include "iterator/iterator.h"
#include "object.h"

/* ---- tuple -----------------------------------------------------------------------------------*/

Tuple *tuple_new(ssize_t size) {
    // The bytes of an impossible size must not wrap round to a possible one.
    const size_t size_max = (PTRDIFF_MAX - sizeof(Tuple)) / sizeof(Object *);
    if ((size_t)size > size_max) return error_no_memory();
    Tuple *self = object_new(&Tuple_Type, sizeof *self + (size_t)size * sizeof self->items[0]);
    if (!self) return NULL;
    self->size = size;
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = NULL;
    return self;
}

Object *tuple_pack(ssize_t size, ...) {
    Tuple *self = tuple_new(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, void *));
    va_end(items);
    return OBJECT(self);
}

static void tuple_dealloc(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = self->size; --i >= 0;)
        xdecref(self->items[i]);
    free(self);
}

static int tuple_repr(Object *op, Writer *out) {
    Tuple *self = (Tuple *)op;
    if (self->size == 0) return writer_puts(out, "()");
    int entered = repr_enter(op);
    if (entered != 0) return entered > 0 ? writer_puts(out, "(...)") : -1;

    int status = writer_puts(out, "(");
    for (ssize_t i = 0; i < self->size && status == 0; i++) {
        if (i > 0) writer_puts(out, ", ");
        status = object_write_repr(self->items[i], out);
    }
    if (status == 0) status = writer_puts(out, self->size == 1 ? ",)" : ")");
    repr_leave(op);
    return status;
}

static int tuple_equal(Object *op, Object *other) {
    if (other->type != &Tuple_Type) return NOT_IMPLEMENTED;
    Tuple *a = (Tuple *)op, *b = (Tuple *)other;
    if (a->size != b->size) return 0;
    if (compare_enter() < 0) return -1;
    int answer = 1;
    for (ssize_t i = 0; i < a->size && answer == 1; i++)
        answer = object_rich_equal(a->items[i], b->items[i]);
    compare_leave();
    return answer;
}

static ssize_t tuple_length(Object *op) {
    return ((Tuple *)op)->size;
}

static Object *tuple_item(Object *op, ssize_t index) {
    Tuple *self = (Tuple *)op;
    if (0 <= index && index < self->size) return new_ref(self->items[index]);
    error_set(IndexError, "tuple index out of range");
    return NULL;
}

const Type Tuple_Type = {
    .name = "tuple",
    .dealloc = tuple_dealloc,
    .repr = tuple_repr,
    .equal = tuple_equal,
    .iter = tuple_iter,
    .length = tuple_length,
    .item = tuple_item,
};

/* ---- list ------------------------------------------------------------------------------------*/

List *list_new(void) {
    List *self = object_new(&List_Type, sizeof *self);
    if (!self) return NULL;
    self->size = self->allocated = 0;
    self->items = NULL;
    return self;
}

/* Room for one more: an eighth of spare cells, so that n appends copy O(n) references in all.
 * CPython: list_resize(). Simplified: the array never shrinks. */
static int list_reserve(List *self) {
    if (self->size < self->allocated) return 0;
    size_t needed = (size_t)self->size + 1;
    size_t allocated = (needed + (needed >> 3) + 6) & ~(size_t)3;
    Object **items = NULL;
    if (allocated <= PTRDIFF_MAX / sizeof *items) {
        items = realloc(self->items, allocated * sizeof *items);
    }
    if (!items) {
        error_no_memory();
        return -1;
    }
    self->items = items;
    self->allocated = (ssize_t)allocated;
    return 0;
}

int list_append(List *self, Object *item) {
    if (list_reserve(self) < 0) return -1;
    self->items[self->size++] = new_ref(item);
    return 0;
}

List *list_pack(ssize_t size, ...) {
    List *self = list_new();
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; self && i < size; i++) {
        if (list_append(self, va_arg(items, void *)) < 0) clear_ref(self);
    }
    va_end(items);
    return self;
}

int list_insert(List *self, ssize_t index, Object *item) {
    if (list_reserve(self) < 0) return -1;
    if (index < 0) index = index + self->size < 0 ? 0 : index + self->size;
    if (index > self->size) index = self->size;
    for (ssize_t i = self->size; i > index; i--)
        self->items[i] = self->items[i - 1];
    self->items[index] = new_ref(item);
    self->size++;
    return 0;
}

Object *list_pop(List *self, ssize_t index) {
    if (self->size == 0) {
        error_set(IndexError, "pop from empty list");
        return NULL;
    }
    if (index < 0) index += self->size;
    if (index < 0 || index >= self->size) {
        error_set(IndexError, "pop index out of range");
        return NULL;
    }
    Object *item = self->items[index];
    self->size--;
    for (ssize_t i = index; i < self->size; i++)
        self->items[i] = self->items[i + 1];
    return item;
}

int list_remove(List *self, Object *value) {
    for (ssize_t i = 0; i < self->size; i++) {
        int equal = object_rich_equal(self->items[i], value);
        if (equal < 0) return -1;
        if (equal) {
            if (i < self->size) decref(list_pop(self, i)); // comparing may have shortened the list
            return 0;
        }
    }
    return error_set(ValueError, "list.remove(x): x not in list");
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

static ssize_t list_length(Object *op) {
    return ((List *)op)->size;
}

static Object *list_item(Object *op, ssize_t index) {
    List *self = (List *)op;
    if (0 <= index && index < self->size) return new_ref(self->items[index]);
    error_set(IndexError, "list index out of range");
    return NULL;
}

const Type List_Type = {
    .name = "list",
    .dealloc = list_dealloc,
    .repr = list_repr,
    .equal = list_equal,
    .iter = list_iter,
    .reversed = list_reversed,
    .length = list_length,
    .item = list_item,
};
