/* object.c: the values that a program here is made of: None, bool, int, str, tuple, and the dict of
 * attributes.
 *
 * Their types are filled in only where they differ from object; type_ready() does the rest. So each
 * says how it looks, how it dies, and what len() and [] mean for it. Parts from the other topics'
 * slices: what can be subclassed here is object, type and dict alone, so the others know their size.
 *
 * CPython: Objects/object.c, longobject.c, unicodeobject.c, tupleobject.c, dictobject.c.
 */
#include "object.h"

#include "type.h" // type_generic_alloc()

enum { MINSIZE = 8, MAXSIZE = 16384 }; // of a Keys' index
enum { MAXNAMES = MAXSIZE * 2 / 3 };

__attribute__((noinline)) static void *zeroed(void *block, size_t size) {
    return memset(block, 0, size);
}

void *zeroed_alloc(size_t size) {
    void *block = malloc(size);
    return block ? zeroed(block, size) : NULL;
}

/* ---- None, bool, int --------------------------------------------------------------------------*/

static Object *none_repr(Object *self) {
    (void)self;
    return str_from_string("None");
}

Type None_Type = {STATIC_TYPE("NoneType", Object), .repr = none_repr};
Object none_object = {1, &None_Type};

Object *int_from_long(int64_t value) {
    Int *self = malloc(sizeof *self);
    if (!self) return error_no_memory();
    *self = (Int){{1, &Int_Type}, value};
    return OBJECT(self);
}

static Object *int_repr(Object *self) {
    return str_from_format("%lld", (long long)((Int *)self)->value);
}

static Object *bool_repr(Object *self) {
    return str_from_string(self == True ? "True" : "False");
}

Type Int_Type = {STATIC_TYPE("int", Int), .repr = int_repr};
Type Bool_Type = {STATIC_TYPE("bool", Int), .base = &Int_Type, .repr = bool_repr};
Int true_object = {{1, &Bool_Type}, 1}, false_object = {{1, &Bool_Type}, 0};

int object_is_true(Object *self) {
    if (self == None) return 0;
    if (type_is_subtype(self->type, &Int_Type)) return ((Int *)self)->value != 0;
    if (!self->type->sq_length) return 1;
    ssize_t length = self->type->sq_length(self);
    return length < 0 ? -1 : length > 0;
}

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
    self->ob = (Object){1, &Str_Type};
    self->length = (ssize_t)length;
    self->interned = false;
    return self;
}

Object *str_from_string(const char *text) {
    return str_from_string_and_size(text, strlen(text));
}

Object *str_from_string_and_size(const char *text, size_t length) {
    Str *self = str_new(length);
    if (!self) return NULL;
    memcpy(self->text, text, length);
    self->text[length] = '\0';
    self->hash = text_hash(self->text);
    return OBJECT(self);
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

static void str_dealloc(Object *self) {
    free(self);
}

/* Simplified: CPython escapes what cannot be printed and prefers the quote that needs none. */
static Object *str_repr(Object *self) {
    return str_from_format("'%s'", ((Str *)self)->text);
}

static Object *str_str(Object *self) {
    return new_ref(self);
}

static ssize_t str_length(Object *self) {
    return ((Str *)self)->length;
}

Type Str_Type = {
    STATIC_TYPE("str", Str), .repr = str_repr,       .str = str_str,
    .sq_length = str_length, .dealloc = str_dealloc,
};

/* ---- tuple ------------------------------------------------------------------------------------*/

Tuple *tuple_new(ssize_t size) {
    size_t bytes = sizeof(Tuple) + (size_t)size * sizeof(Object *);
    Tuple *self = zeroed_alloc(bytes);
    if (!self) return error_no_memory();
    self->ob = (Object){1, &Tuple_Type};
    self->size = size;
    return self;
}

Tuple *tuple_from_array(Object *const *items, ssize_t size) {
    Tuple *self = tuple_new(size);
    for (ssize_t i = 0; self && i < size; i++)
        self->items[i] = new_ref(items[i]);
    return self;
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
    free(self);
}

static void tuple_dealloc(Object *self) {
    dealloc_nested(self, tuple_dealloc_now);
}

/* "(" or "{", then one item's repr after another, each longer text replacing the last. Steals text;
 * NULL stays NULL. */
static Object *append_repr(Object *text, const char *before, Object *item) {
    Object *repr = text ? object_repr(item) : NULL;
    Object *longer =
        repr ? str_from_format("%s%s%s", str_text(text), before, str_text(repr)) : NULL;
    xdecref(repr);
    xdecref(text);
    return longer;
}

static Object *append_text(Object *text, const char *end) {
    Object *closed = text ? str_from_format("%s%s", str_text(text), end) : NULL;
    xdecref(text);
    return closed;
}

static Object *tuple_repr(Object *op) {
    Tuple *self = (Tuple *)op;
    Object *text = str_from_string("(");
    for (ssize_t i = 0; i < self->size && text; i++)
        text = append_repr(text, i ? ", " : "", self->items[i]);
    return append_text(text, self->size == 1 ? ",)" : ")");
}

static ssize_t tuple_length(Object *self) {
    return ((Tuple *)self)->size;
}

/* CPython: Objects/tupleobject.c, tuplesubscript(). */
static Object *tuple_subscript(Object *op, Object *key) {
    Tuple *self = (Tuple *)op;
    if (!type_is_subtype(key->type, &Int_Type)) {
        error_set(TypeError, "tuple indices must be integers or slices, not %.200s",
                  key->type->name);
        return NULL;
    }
    int64_t i = ((Int *)key)->value;
    if (i < 0) i += self->size;
    if (i >= 0 && i < self->size) return new_ref(self->items[i]);
    error_set(IndexError, "tuple index out of range");
    return NULL;
}

Type Tuple_Type = {
    STATIC_TYPE("tuple", Tuple),     .repr = tuple_repr,       .sq_length = tuple_length,
    .mp_subscript = tuple_subscript, .dealloc = tuple_dealloc,
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

Dict *dict_new_of(Type *type) {
    Keys *keys = keys_new(0);
    Object **values = keys ? zeroed_alloc((size_t)keys->usable * sizeof(Object *)) : NULL;
    Dict *self = values ? (Dict *)type_generic_alloc(type) : error_no_memory();
    if (!self) {
        keys_decref(keys);
        free(values);
        return NULL;
    }
    self->keys = keys;
    self->values = values;
    return self;
}

Dict *dict_new(void) {
    return dict_new_of(&Dict_Type);
}

Dict *dict_from_keys(Keys *keys, Object **values, ssize_t used) {
    Dict *self = (Dict *)type_generic_alloc(&Dict_Type);
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
    Object **values = keys ? zeroed_alloc((size_t)keys->usable * sizeof(Object *)) : NULL;
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

/* CPython: Objects/dictobject.c, clone_combined_dict_keys(). */
Dict *dict_copy(const Dict *self) {
    Keys *keys = keys_new(self->used);
    Object **values = keys ? zeroed_alloc((size_t)keys->usable * sizeof(Object *)) : NULL;
    Dict *copy = values ? dict_from_keys(keys, values, self->used) : error_no_memory();
    if (!copy) {
        keys_decref(keys);
        free(values);
        return NULL;
    }
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (dict_next(self, &pos, &name, &value))
        values[keys_add(keys, name)] = new_ref(value);
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
    object_free(op);
}

/* An instance of a subclass has been through the pile when it comes here. */
static void dict_dealloc(Object *self) {
    if (dict_check_exact(self))
        dealloc_nested(self, dict_dealloc_now);
    else
        dict_dealloc_now(self);
}

/* Who is in one of its own values is told by a limit. CPython prints {...} there. */
static Object *dict_repr(Object *op) {
    Dict *self = (Dict *)op;
    Object *text = str_from_string("{"), *value;
    ssize_t pos = 0;
    Str *name;
    while (text && dict_next(self, &pos, &name, &value)) {
        text = append_repr(text, str_text(text)[1] ? ", " : "", OBJECT(name));
        incref(value); // its repr may remove it
        text = append_repr(text, ": ", value);
        decref(value);
    }
    return append_text(text, "}");
}

static ssize_t dict_length(Object *self) {
    return ((Dict *)self)->used;
}

/* Interned, or NULL with an error set. */
static Str *dict_key(Object *key) {
    if (str_check(key)) return str_interned((Str *)key);
    error_set(TypeError, "keys must be str, not %.200s", key->type->name);
    return NULL;
}

Object *dict_subscript(Object *self, Object *key) {
    Str *name = dict_key(key);
    Object *value = name ? dict_get_item((Dict *)self, name) : NULL;
    if (value) return new_ref(value);
    if (name) error_set(KeyError, "'%s'", name->text);
    return NULL;
}

int dict_ass_sub(Object *self, Object *key, Object *value) {
    Str *name = dict_key(key);
    if (!name) return -1;
    return value ? dict_set_item((Dict *)self, name, value) : dict_del_item((Dict *)self, name);
}

static Object *dict_type_new(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    (void)args, (void)nargs, (void)kwnames; // what a subclass takes is its __init__'s business
    return OBJECT(dict_new_of(type));
}

static int dict_init(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    (void)self, (void)args, (void)kwnames; // Simplified: empty at first
    return nargs == 0 ? 0
                      : error_set(TypeError, "dict expected at most 0 arguments, got %zd", nargs);
}

Type Dict_Type = {
    STATIC_TYPE("dict", Dict),
    .flags = BASETYPE,
    .repr = dict_repr,
    .init = dict_init,
    .new = dict_type_new,
    .sq_length = dict_length,
    .mp_subscript = dict_subscript,
    .mp_ass_subscript = dict_ass_sub,
    .dealloc = dict_dealloc,
};
