/* object.c: the values that programs here are made of.
 *
 * Parts from the other topics' slices where a type is one row of cells that nobody changes, and its
 * objects are told by writing them to a file.
 *
 * CPython: Objects/object.c, longobject.c, unicodeobject.c, bytesobject.c, listobject.c,
 * tupleobject.c.
 */
#include "object.h"

void *object_new(const Type *type, size_t size) {
    Object *self = malloc(size);
    if (!self) return error_no_memory();
    memset(self, 0, size);
    self->refcnt = 1;
    self->type = type;
    return self;
}

static void value_dealloc(Object *self) {
    free(self);
}

/* ---- None, bool, int -------------------------------------------------------------------------*/

static void none_repr(const Object *self, FILE *out) {
    (void)self;
    fputs("None", out);
}

static void bool_repr(const Object *self, FILE *out) {
    fputs(((const Int *)self)->value ? "True" : "False", out);
}

static void int_repr(const Object *self, FILE *out) {
    fprintf(out, "%lld", (long long)((const Int *)self)->value);
}

const Type None_Type = {.name = "NoneType", .repr = none_repr};
const Type Int_Type = {.name = "int", .dealloc = value_dealloc, .repr = int_repr};
const Type Bool_Type = {.name = "bool", .base = &Int_Type, .repr = bool_repr};
Object none_object = {1, &None_Type};
Int true_object = {{1, &Bool_Type}, 1}, false_object = {{1, &Bool_Type}, 0};

Object *int_from_long(int64_t value) {
    Int *self = object_new(&Int_Type, sizeof *self);
    if (self) self->value = value;
    return OBJECT(self);
}

/* ---- str, bytes ------------------------------------------------------------------------------*/

/* CPython: unicode_repr(), PyBytes_Repr(). */
static void str_repr(const Object *op, FILE *out) {
    const Str *self = (const Str *)op;
    bool bytes = op->type == &Bytes_Type, apostrophe = memchr(self->text, '\'', (size_t)self->size);
    char quote = apostrophe && !memchr(self->text, '"', (size_t)self->size) ? '"' : '\'';
    fprintf(out, "%s%c", bytes ? "b" : "", quote);
    for (ssize_t i = 0; i < self->size; i++) {
        unsigned char c = (unsigned char)self->text[i];
        const char *named = c ? strchr("\tt\nn\rr", c) : NULL;
        if (c == quote || c == '\\')
            fprintf(out, "\\%c", c);
        else if (named && c < ' ')
            fprintf(out, "\\%c", named[1]);
        else if (c < ' ' || c == 0x7F || (bytes && c > 0x7F))
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
    fputc(quote, out);
}

const Type Str_Type = {.name = "str", .dealloc = value_dealloc, .repr = str_repr};
const Type Bytes_Type = {.name = "bytes", .dealloc = value_dealloc, .repr = str_repr};

Object *str_from_vformat(const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    Str *self = object_new(&Str_Type, sizeof *self + (size_t)length + 1);
    if (self) {
        self->size = length;
        vsnprintf(self->text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return OBJECT(self);
}

Object *str_from_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    Object *self = str_from_vformat(format, args);
    va_end(args);
    return self;
}

Object *bytes_from_data(const void *data, size_t size) {
    Str *self = malloc(sizeof *self + size + 1);
    if (!self) return error_no_memory();
    self->ob = (Object){1, &Bytes_Type};
    self->size = (ssize_t)size;
    if (data) memcpy(self->text, data, size);
    self->text[size] = '\0';
    return OBJECT(self);
}

/* ---- list, tuple -----------------------------------------------------------------------------*/

static void items_repr(Object *const *items, ssize_t size, FILE *out) {
    for (ssize_t i = 0; i < size; i++) {
        if (i) fputs(", ", out);
        object_write_repr(items[i], out);
    }
}

static void list_repr(const Object *op, FILE *out) {
    const List *self = (const List *)op;
    fputc('[', out);
    items_repr(self->items, self->size, out);
    fputc(']', out);
}

static void list_dealloc(Object *op) {
    List *self = (List *)op;
    while (self->size > 0)
        decref(self->items[--self->size]);
    free(self->items);
    free(self);
}

const Type List_Type = {.name = "list", .dealloc = list_dealloc, .repr = list_repr};

Object *list_new(ssize_t size) {
    List *self = object_new(&List_Type, sizeof *self);
    if (!self || size == 0) return OBJECT(self);
    self->items = malloc((size_t)size * sizeof *self->items);
    if (!self->items) {
        decref(self);
        return error_no_memory();
    }
    self->size = self->allocated = size;
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(None);
    return OBJECT(self);
}

int list_append(List *self, Object *item) {
    if (self->size == self->allocated) { // CPython: list_resize()
        size_t size = (size_t)self->size + 1, roomy = (size + (size >> 3) + 6) & ~(size_t)3;
        Object **items = realloc(self->items, roomy * sizeof *items);
        if (!items) {
            error_no_memory();
            return -1;
        }
        self->items = items;
        self->allocated = (ssize_t)roomy;
    }
    self->items[self->size++] = new_ref(item);
    return 0;
}

static void tuple_repr(const Object *op, FILE *out) {
    const Tuple *self = (const Tuple *)op;
    fputc('(', out);
    items_repr(self->items, self->size, out);
    fputc(')', out);
}

static void tuple_dealloc(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = 0; i < self->size; i++)
        decref(self->items[i]);
    free(self);
}

const Type Tuple_Type = {.name = "tuple", .dealloc = tuple_dealloc, .repr = tuple_repr};

Object *tuple_pair(Object *first, Object *second) {
    Tuple *self = first && second ? object_new(&Tuple_Type, sizeof *self + 2 * sizeof first) : NULL;
    if (!self) {
        xdecref(first);
        xdecref(second);
        return NULL;
    }
    self->size = 2;
    self->items[0] = first;
    self->items[1] = second;
    return OBJECT(self);
}

/* ---- What every object can do ----------------------------------------------------------------*/

void object_write_repr(const Object *self, FILE *out) {
    if (self->type->repr)
        self->type->repr(self, out);
    else
        fprintf(out, "<%s object at %p>", self->type->name, (const void *)self);
}

const char *object_repr(const Object *self, char *text, size_t size) {
    memset(text, 0, size);
    FILE *out = fmemopen(text, size - 1, "w");
    if (out) {
        object_write_repr(self, out);
        fclose(out);
    }
    return text;
}

bool object_is_true(const Object *self) {
    if (self == None) return false;
    if (self->type == &Int_Type || self->type == &Bool_Type) return ((const Int *)self)->value != 0;
    if (self->type == &Str_Type || self->type == &Bytes_Type) return ((const Str *)self)->size > 0;
    if (self->type == &List_Type) return ((const List *)self)->size > 0;
    return true;
}

Object *object_get_awaitable(Object *self) {
    if (self->type->await) return self->type->await(self);
    error_raise(&TypeError_Type, "object %.100s can't be used in 'await' expression",
                self->type->name);
    return NULL;
}
