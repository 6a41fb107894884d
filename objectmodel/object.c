/* object.c: the values that a program here is made of: None, NotImplemented, int, str, tuple, the
 * dict of attributes and the weak reference.
 *
 * Their types are filled in only where they differ from object; type_ready() does the rest. So each
 * says how it looks, how it dies, and, for int, what + - * mean. Parts from the other topics' slices,
 * where a type is a constant: here it is an object that is made ready, and repr() is one that is
 * returned. CPython: Objects/object.c,
 * longobject.c, unicodeobject.c, tupleobject.c, dictobject.c, weakrefobject.c.
 */
#include "object.h"

#include "type/type.h" // type_generic_alloc()

enum { MINSIZE = 8, MAXSIZE = 16384 }; // of a Keys' index
enum { MAXNAMES = MAXSIZE * 2 / 3 };

/* ---- None and NotImplemented ------------------------------------------------------------------*/

static Object *none_repr(Object *self) {
    (void)self;
    return str_from_string("None");
}

static Object *not_implemented_repr(Object *self) {
    (void)self;
    return str_from_string("NotImplemented");
}

Type None_Type = {STATIC_TYPE("NoneType", Object), .repr = none_repr};
Type NotImplemented_Type = {STATIC_TYPE("NotImplementedType", Object),
                            .repr = not_implemented_repr};
Object none_object = {1, &None_Type}, not_implemented_object = {1, &NotImplemented_Type};

/* ---- int --------------------------------------------------------------------------------------*/

Object *int_from_long(int64_t value) {
    Int *self = (Int *)type_generic_alloc(&Int_Type, 2);
    if (self) self->value = value;
    return OBJECT(self);
}

static Object *int_repr(Object *self) {
    return str_from_format("%lld", (long long)((Int *)self)->value);
}

/* What an operator does with two ints, of whatever subclass; NotImplemented for anything else.
 * Simplified: wraps around at 64 bits. */
#define INT_OPERATOR(function, op)                                                                 \
    static Object *function(Object *left, Object *right) {                                         \
        if (!type_is_subtype(left->type, &Int_Type) || !type_is_subtype(right->type, &Int_Type))   \
            return new_ref(NotImplemented);                                                        \
        return int_from_long(                                                                      \
            (int64_t)((uint64_t)((Int *)left)->value op(uint64_t)((Int *)right)->value));          \
    }
INT_OPERATOR(int_add, +)
INT_OPERATOR(int_subtract, -)
INT_OPERATOR(int_multiply, *)

Type Int_Type = {
    .ob = {1, &Type_Type},
    .name = "int",
    .basicsize = offsetof(Int, value),
    .itemsize = sizeof(uint32_t), // of a digit
    .flags = BASETYPE,
    .repr = int_repr,
    .nb_add = int_add,
    .nb_subtract = int_subtract,
    .nb_multiply = int_multiply,
};

/* ---- str --------------------------------------------------------------------------------------*/

/* FNV-1a. Simplified: CPython's is SipHash with a secret; nobody chooses these names to collide. */
static uint32_t text_hash(const char *text) {
    uint32_t hash = UINT32_C(2166136261);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash;
}

/* A str with room for `length` bytes, which the caller fills; the text lies behind the struct. */
static Str *str_new(size_t length) {
    Str *self = malloc(sizeof *self + length + 1);
    if (!self) return error_no_memory();
    *self = (Str){{1, &Str_Type}, (ssize_t)length, 0, false, (char *)(self + 1)};
    return self;
}

Object *str_from_string(const char *text) {
    return str_from_format("%s", text);
}

Object *str_from_format(const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    Str *self = length < 0 ? error_no_memory() : str_new((size_t)length); // below 0: over 2 GiB
    if (self) {
        vsnprintf(self->text, (size_t)length + 1, format, again);
        self->hash = text_hash(self->text);
    }
    va_end(again);
    va_end(args);
    return OBJECT(self);
}

static struct {
    Str **names;
    size_t size, used; // size: a power of two, or 0
} interned;

static Str **intern_cell(Str **names, size_t size, const char *text, uint32_t hash) {
    size_t i = hash & (size - 1);
    while (names[i] && (names[i]->hash != hash || strcmp(names[i]->text, text) != 0))
        i = (i + 1) & (size - 1);
    return &names[i];
}

Str *str_intern(const char *text) {
    if (interned.used * 2 >= interned.size) {
        size_t size = interned.size ? interned.size * 2 : 512;
        Str **names = calloc(size, sizeof(Str *));
        if (!names) return error_no_memory();
        for (size_t i = 0; i < interned.size; i++) {
            Str *name = interned.names[i];
            if (name) *intern_cell(names, size, name->text, name->hash) = name;
        }
        free(interned.names);
        interned.names = names;
        interned.size = size;
    }
    Str **cell = intern_cell(interned.names, interned.size, text, text_hash(text));
    if (*cell) return *cell;
    Str *name = (Str *)str_from_string(text);
    if (!name) return NULL;
    name->interned = true;
    interned.used++;
    return *cell = name;
}

static void str_dealloc(Object *op) {
    Str *self = (Str *)op;
    if (self->text != (char *)(self + 1)) free(self->text);
    op->type->free(self);
}

/* Simplified: CPython escapes what cannot be printed and prefers the quote that needs none. */
static Object *str_repr(Object *self) {
    return str_from_format("'%s'", ((Str *)self)->text);
}

static Object *str_str(Object *self) {
    return self->type == &Str_Type ? new_ref(self) : str_from_string(((Str *)self)->text);
}

static ssize_t str_length(Object *self) {
    return ((Str *)self)->length;
}

Type Str_Type = {
    STATIC_TYPE("str", Str), .flags = BASETYPE,      .repr = str_repr, .str = str_str,
    .sq_length = str_length, .dealloc = str_dealloc, .free = free,
};

/* ---- tuple ------------------------------------------------------------------------------------*/

Tuple *tuple_new(ssize_t size) {
    return (Tuple *)type_generic_alloc(&Tuple_Type, size);
}

Object *tuple_pack(ssize_t size, ...) {
    Tuple *self = tuple_new(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, Object *));
    va_end(items);
    return OBJECT(self);
}

static void tuple_dealloc_now(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = 0; i < self->size; i++)
        xdecref(self->items[i]);
    op->type->free(self);
}

/* An instance of a subclass has been through the pile when it comes here. */
static void tuple_dealloc(Object *self) {
    if (self->type == &Tuple_Type)
        dealloc_nested(self, tuple_dealloc_now);
    else
        tuple_dealloc_now(self);
}

/* One item's repr after another, each longer text replacing the last. */
static Object *tuple_repr(Object *op) {
    Tuple *self = (Tuple *)op;
    Object *text = str_from_string("(");
    for (ssize_t i = 0; i < self->size && text; i++) {
        Object *item = object_repr(self->items[i]);
        Object *longer = !item ? NULL
                               : str_from_format("%s%s%s", ((Str *)text)->text, i ? ", " : "",
                                                 ((Str *)item)->text);
        xdecref(item);
        decref(text);
        text = longer;
    }
    if (!text) return NULL;
    Object *closed = str_from_format("%s%s", ((Str *)text)->text, self->size == 1 ? ",)" : ")");
    decref(text);
    return closed;
}

static ssize_t tuple_length(Object *self) {
    return ((Tuple *)self)->size;
}

Type Tuple_Type = {
    STATIC_TYPE("tuple", Tuple), .itemsize = sizeof(Object *), .flags = BASETYPE | HAVE_GC,
    .repr = tuple_repr,          .sq_length = tuple_length,    .dealloc = tuple_dealloc,
    .free = object_gc_del,
};

/* ---- The dict of attributes -------------------------------------------------------------------*/

Keys *keys_new(ssize_t names) {
    size_t size = MINSIZE;
    while (size * 2 / 3 < (size_t)names)
        size *= 2;
    size_t usable = size * 2 / 3;
    if (size > MAXSIZE) return error_no_memory();
    Keys *self = malloc(sizeof *self + usable * sizeof(Str *) + size * sizeof(int16_t));
    if (!self) return error_no_memory();
    *self = (Keys){1, (int16_t)size, 0, (int16_t)usable, (int16_t)usable};
    for (size_t i = 0; i < size; i++)
        keys_index(self)[i] = EMPTY;
    return self;
}

void keys_decref(Keys *self) {
    if (self && --self->refcnt == 0) free(self);
}

ssize_t keys_add(Keys *self, Str *name) {
    if (self->usable == 0) return -1;
    self->usable--;
    self->names[self->nentries] = name;
    *keys_cell(self, name) = self->nentries;
    return self->nentries++;
}

Dict *dict_new(void) {
    Keys *keys = keys_new(0);
    Object **values = keys ? calloc((size_t)keys->usable, sizeof(Object *)) : NULL;
    Dict *self = values ? dict_from_keys(keys, values, 0) : NULL;
    if (!self) {
        keys_decref(keys);
        free(values);
        return error_no_memory();
    }
    return self;
}

Dict *dict_from_keys(Keys *keys, Object **values, ssize_t used) {
    Dict *self = (Dict *)type_generic_alloc(&Dict_Type, 0);
    if (!self) return NULL;
    self->keys = keys;
    self->values = values;
    self->used = used;
    return self;
}

/* New keys, this dict's alone, with room for one name more and no holes; -1 with MemoryError. */
static int dict_resize(Dict *self) {
    ssize_t names = self->used * 3 / 2 + 1;
    Keys *keys = keys_new(names > MAXNAMES && self->used < MAXNAMES ? MAXNAMES : names);
    Object **values = keys ? calloc((size_t)keys->usable, sizeof(Object *)) : NULL;
    if (!values) {
        keys_decref(keys);
        error_no_memory();
        return -1;
    }
    for (ssize_t i = 0; i < self->keys->nentries; i++) {
        if (self->values[i]) values[keys_add(keys, self->keys->names[i])] = self->values[i];
    }
    keys_decref(self->keys);
    free(self->values);
    self->keys = keys;
    self->values = values;
    return 0;
}

Dict *dict_copy(const Dict *self) {
    Dict *copy = dict_new();
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (copy && dict_next(self, &pos, &name, &value)) {
        if (dict_set_item(copy, name, value) < 0) clear_ref(copy);
    }
    return copy;
}

/* Whether a value at position i would come after all others: positions are the order. */
static bool comes_last(const Dict *self, ssize_t i) {
    ssize_t last = self->keys->nentries - 1;
    while (last > i && !self->values[last])
        last--;
    return last <= i;
}

/* A name is new to this dict also when only others who share the keys have it. Keys that are shared
 * take it if it comes last among this dict's own; else this dict leaves them. Simplified: 3.11 keeps
 * the order of each instance beside its values. CPython: Objects/dictobject.c, insertdict(). */
int dict_set_item(Dict *self, Str *name, Object *value) {
    ssize_t i = keys_find(self->keys, name);
    if (i >= 0 && self->values[i]) {
        Object *old = self->values[i];
        self->values[i] = new_ref(value);
        decref(old);
        return 0;
    }
    if (i < 0 ? self->keys->usable == 0 : !comes_last(self, i)) {
        if (dict_resize(self) < 0) return -1;
        i = -1;
    }
    if (i < 0) i = keys_add(self->keys, name);
    self->values[i] = new_ref(value);
    self->used++;
    return 0;
}

int dict_del_item(Dict *self, const Str *name) {
    int16_t *cell = keys_cell(self->keys, name);
    Object *old = *cell < 0 ? NULL : self->values[*cell];
    if (!old) return error_set(KeyError, "'%s'", name->text);
    self->values[*cell] = NULL;
    self->used--;
    if (self->keys->refcnt == 1) {
        self->keys->names[*cell] = NULL;
        *cell = DUMMY;
    }
    decref(old);
    return 0;
}

void dict_clear(Dict *self) {
    self->used = 0;
    for (ssize_t i = 0; i < self->keys->nentries; i++)
        clear_ref(self->values[i]);
}

bool dict_next(const Dict *self, ssize_t *pos, Str **name, Object **value) {
    for (; *pos < self->keys->nentries; ++*pos) {
        if (!self->values[*pos]) continue;
        *name = self->keys->names[*pos];
        *value = self->values[(*pos)++];
        return true;
    }
    return false;
}

static void dict_dealloc_now(Object *op) {
    Dict *self = (Dict *)op;
    dict_clear(self);
    keys_decref(self->keys);
    free(self->values);
    op->type->free(self);
}

static void dict_dealloc(Object *self) {
    dealloc_nested(self, dict_dealloc_now);
}

static ssize_t dict_length(Object *self) {
    return ((Dict *)self)->used;
}

Type Dict_Type = {
    STATIC_TYPE("dict", Dict), .flags = BASETYPE | HAVE_GC, .sq_length = dict_length,
    .dealloc = dict_dealloc,   .free = object_gc_del,
};

/* ---- The weak reference -----------------------------------------------------------------------*/

WeakRef *weakref_new(Type *type) {
    if (type->weaklist) return (WeakRef *)new_ref(type->weaklist);
    WeakRef *self = (WeakRef *)type_generic_alloc(&WeakRef_Type, 0);
    if (self) self->referent = type;
    return type->weaklist = self;
}

static void weakref_dealloc(Object *op) {
    WeakRef *self = (WeakRef *)op;
    if (self->referent) self->referent->weaklist = NULL;
    op->type->free(self);
}

Type WeakRef_Type = {STATIC_TYPE("weakref", WeakRef), .dealloc = weakref_dealloc};
