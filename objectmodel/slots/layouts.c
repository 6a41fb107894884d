/* layouts.c: how an instance without slots keeps its attributes: three ways beside a dict of its own.
 *
 * Instances of one class mostly get the same attributes in the same order, in __init__. So the names
 * are kept once, in the class (type->cached_keys), and an instance has only the values, each at the
 * position of its name:
 *
 *     shared   object ── dict ── values ┐          PEP 412, 3.3 to 3.10
 *     values   object ───────── values ─┼─ keys    3.11: no dict until somebody asks for __dict__
 *     inline   object and values ───────┘          3.13: not even a block of their own
 *
 * The invariant: keys->nentries + keys->usable never grows, and an instance has room for as many
 * values as that sum was when it was made. So every position that a name of the keys can have is
 * inside the values of every instance, and no read checks a bound.
 *
 * An instance that gets a name for which the keys have no more room goes its own way: its values
 * move into a dict, for good. So does one whose __dict__ is asked for.
 *
 * CPython: Objects/dictobject.c, init_inline_values(), _PyObject_StoreInstanceAttribute(),
 * make_dict_from_instance_attributes(); Include/internal/pycore_dict.h.
 */
#include "slots.h"

#include "../pool.h"

enum { SHARED_KEYS_MAX_SIZE = 30 }; // as in CPython: a position must fit into a byte

static size_t round_up(size_t size) {
    return (size + sizeof(Object *) - 1) & ~(sizeof(Object *) - 1);
}

/* ---- The names, in the class -------------------------------------------------------------------*/

/* CPython: shared_keys_usable_size(). */
static size_t usable_size(const Keys *keys) {
    return (size_t)(keys->nentries + keys->usable);
}

/* The keys of a class that is about to have one instance more; borrowed, NULL with MemoryError. Each
 * instance takes room for one name, to a last one: the first instances get room for 29 values, and
 * after thirty there is room for what the class needs and one. CPython: _PyDict_NewKeysForClass(),
 * init_inline_values(). */
static Keys *shared_keys(Type *type) {
    Keys *keys = type->cached_keys;
    if (!keys) {
        keys = type->cached_keys = keys_new(SHARED_KEYS_MAX_SIZE);
        if (!keys) return NULL;
        keys->usable = SHARED_KEYS_MAX_SIZE;
    }
    if (keys->usable > 1) keys->usable--;
    return keys;
}

/* New dict that uses the keys; NULL with MemoryError. CPython: new_dict_with_shared_keys(). */
static Dict *new_dict_with_shared_keys(Keys *keys) {
    Object **values = calloc(usable_size(keys), sizeof *values);
    Dict *dict = values ? dict_from_keys(keys, values, 0) : error_no_memory();
    if (dict)
        keys->refcnt++;
    else
        free(values);
    return dict;
}

/* ---- 3.3: a dict each, the keys shared ---------------------------------------------------------*/

/* CPython: _PyObjectDict_SetItem(). Simplified: up to 3.10 the keys began with room for five names
 * and grew with the first instance. */
static Dict *shared_layout_dict(Object *self) {
    Dict **cell = object_dict_pointer(self);
    if (*cell) return *cell;
    Keys *keys = shared_keys(self->type);
    return *cell = keys ? new_dict_with_shared_keys(keys) : NULL;
}

const Layout shared_layout = {
    .name = "shared",
    .inside = sizeof(Dict *),
    .get = dict_layout_get,
    .set = dict_layout_set,
    .dict = shared_layout_dict,
    .clear = dict_layout_clear,
};

/* ---- Values: where they lie --------------------------------------------------------------------*/

static size_t prefix_size(size_t capacity) {
    return round_up(capacity + 2);
}

/* The values of an instance, whichever layout it has. */
typedef struct {
    Object **values; // NULL: its attributes are in a dict
    uint8_t *order;  // positions, in the order in which they were set
    uint8_t *size;   // how many are set
} Values;

static Values values_of(const Object *self) {
    if (self->type->layout == &inline_layout) {
        InlineValues *in = inline_values(self);
        if (!in->valid) return (Values){NULL, NULL, NULL};
        return (Values){in->values, (uint8_t *)(in->values + in->capacity), &in->size};
    }
    Object **values = pre_header(self)->values;
    if (!values) return (Values){NULL, NULL, NULL};
    uint8_t *end = (uint8_t *)values;
    return (Values){values, end - prefix_size(end[-1]), end - 2};
}

static void free_values(Object **values) {
    if (!values) return;
    size_t capacity = ((uint8_t *)values)[-1], prefix = prefix_size(capacity);
    pool_free((char *)values - prefix, prefix + capacity * sizeof(Object *));
}

/* Drops all values; the attributes of the instance are from now on in its dict. */
static void forget_values(Object *self) {
    Values own = values_of(self);
    if (self->type->layout == &inline_layout)
        inline_values(self)->valid = 0;
    else
        pre_header(self)->values = NULL; // first: a value that dies may look at the instance
    for (size_t i = 0; own.values && i < *own.size; i++)
        decref(own.values[own.order[i]]);
    if (self->type->layout != &inline_layout) free_values(own.values);
}

/* ---- From values to a dict ---------------------------------------------------------------------*/

/* New dict of the same names and values; NULL with MemoryError. Simplified: CPython's goes on using
 * the block, which has the order; our dicts have only the order of their keys, so dict_set_item()
 * gives keys of its own to one that is in another. CPython: make_dict_from_instance_attributes(). */
static Dict *make_dict(Keys *keys, const Values *own) {
    Dict *dict = new_dict_with_shared_keys(keys);
    for (size_t i = 0; dict && i < *own->size; i++) {
        ssize_t position = own->order[i];
        if (dict_set_item(dict, keys->names[position], own->values[position]) < 0) clear_ref(dict);
    }
    return dict;
}

/* CPython: Objects/dictobject.c, PyObject_GenericGetDict(). */
static Dict *values_dict(Object *self) {
    Dict **cell = object_dict_pointer(self);
    if (*cell) return *cell;
    Values own = values_of(self);
    Dict *dict = own.values ? make_dict(self->type->cached_keys, &own) : dict_new();
    if (!dict) return NULL;
    *cell = dict;
    forget_values(self);
    return dict;
}

/* ---- Attributes as values ----------------------------------------------------------------------*/

static Object *get(Object *self, Object **values, Str *name) {
    if (!values) return dict_layout_get(self, name);
    ssize_t i = keys_find(self->type->cached_keys, name);
    return i < 0 ? NULL : values[i];
}

static Object *values_get(Object *self, Str *name) {
    return get(self, pre_header(self)->values, name);
}

static Object *inline_get(Object *self, Str *name) {
    InlineValues *in = inline_values(self);
    return get(self, in->valid ? in->values : NULL, name);
}

/* Takes a position out of the order. CPython: delete_index_from_values(). */
static void delete_from_order(const Values *own, ssize_t position) {
    size_t i = 0;
    while (own->order[i] != position)
        i++;
    for (--*own->size; i < *own->size; i++)
        own->order[i] = own->order[i + 1];
}

/* CPython: _PyObject_StoreInstanceAttribute(): there, too, `del obj.nothing` leaves a name in the
 * keys. */
static int values_set(Object *self, Str *name, Object *value) {
    Values own = values_of(self);
    Keys *keys = self->type->cached_keys;
    ssize_t i = own.values ? keys_find(keys, name) : -1;
    if (own.values && i < 0) i = keys_add(keys, name);
    if (i < 0) return dict_layout_set(self, name, value); // no values, or no more room for names

    Object *old = own.values[i];
    if (!old && !value) return error_set(KeyError, "'%s'", name->text);
    own.values[i] = value ? new_ref(value) : NULL;
    if (!old)
        own.order[(*own.size)++] = (uint8_t)i;
    else if (!value)
        delete_from_order(&own, i);
    xdecref(old);
    return 0;
}

static void values_clear(Object *self) {
    forget_values(self);
    dict_layout_clear(self);
}

/* ---- 3.11: a block of values -------------------------------------------------------------------*/

/* CPython: new_values(). */
static Object **new_values(size_t capacity) {
    size_t prefix = prefix_size(capacity), bytes = prefix + capacity * sizeof(Object *);
    char *block = pool_alloc(bytes);
    if (!block) return NULL;
    block[prefix - 1] = (char)capacity;
    return (Object **)(void *)(block + prefix);
}

static Object *instance_init(Type *type, void *memory) {
    Object *self = memory;
    self->refcnt = 1;
    self->type = (Type *)new_ref(type);
    return self;
}

static size_t values_instance_size(const Type *type) {
    return sizeof(PreHeader) + (size_t)type->basicsize;
}

/* CPython: PyType_GenericAlloc(), _PyObject_InitializeDict(). */
static Object *values_alloc(Type *type, ssize_t nitems) {
    (void)nitems;
    Keys *keys = shared_keys(type);
    Object **values = keys ? new_values(usable_size(keys)) : NULL;
    PreHeader *pre = values ? pool_alloc(values_instance_size(type)) : NULL;
    if (!pre) {
        free_values(values);
        return NULL;
    }
    pre->values = values;
    return instance_init(type, pre + 1);
}

static void values_free(void *memory) {
    const Type *type = ((Object *)memory)->type;
    pool_free((PreHeader *)memory - 1, values_instance_size(type));
}

const Layout values_layout = {
    .name = "values",
    .alloc = values_alloc,
    .free = values_free,
    .get = values_get,
    .set = values_set,
    .dict = values_dict,
    .clear = values_clear,
};

/* ---- 3.13: values in the instance --------------------------------------------------------------*/

/* CPython: Include/internal/pycore_dict.h, _PyInlineValuesSize(), of 3.13. */
static size_t inline_values_size(size_t capacity) {
    return sizeof(InlineValues) + capacity * sizeof(Object *) + round_up(capacity);
}

static size_t inline_instance_size(const Type *type, size_t capacity) {
    return sizeof(Dict *) + (size_t)type->basicsize + inline_values_size(capacity);
}

static Object *inline_alloc(Type *type, ssize_t nitems) {
    (void)nitems;
    Keys *keys = shared_keys(type);
    size_t capacity = keys ? usable_size(keys) : 0;
    Dict **memory = keys ? pool_alloc(inline_instance_size(type, capacity)) : NULL;
    if (!memory) return NULL;
    Object *self = instance_init(type, memory + 1);
    *inline_values(self) = (InlineValues){(uint8_t)capacity, 0, 1, 1};
    return self;
}

static void inline_free(void *memory) {
    const Object *self = memory;
    pool_free((Dict **)memory - 1, inline_instance_size(self->type, inline_values(self)->capacity));
}

const Layout inline_layout = {
    .name = "inline",
    .alloc = inline_alloc,
    .free = inline_free,
    .get = inline_get,
    .set = values_set,
    .dict = values_dict,
    .clear = values_clear,
};

/* ---- What it all weighs ------------------------------------------------------------------------*/

ssize_t type_pre_header_size(const Type *type) {
    if (type->dictoffset != MANAGED_DICT) return 0;
    return type->layout == &inline_layout ? (ssize_t)sizeof(Dict *) : (ssize_t)sizeof(PreHeader);
}

ssize_t object_sizeof(const Object *self) {
    const Type *type = self->type;
    ssize_t nitems = type->itemsize ? ((const Tuple *)self)->size : 0;
    return type_var_size(type, nitems) + type_pre_header_size(type) +
           (type->flags & HAVE_GC ? COLLECTOR_HEAD : 0);
}

ssize_t object_values_capacity(const Object *self) {
    if (self->type->dictoffset != MANAGED_DICT) return -1;
    if (self->type->layout == &inline_layout)
        return inline_values(self)->valid ? inline_values(self)->capacity : -1;
    Object **values = pre_header(self)->values;
    return values ? ((uint8_t *)values)[-1] : -1;
}

/* Of a dict's keys, the index and the names. */
static size_t keys_bytes(const Keys *keys) {
    return sizeof *keys + (size_t)keys->size * sizeof(int16_t) +
           (size_t)keys->room * sizeof *keys->names;
}

ssize_t object_footprint(const Object *self) {
    const Type *type = self->type;
    size_t bytes = (size_t)object_sizeof(self);
    if (!type->dictoffset) return (ssize_t)bytes;
    if (type->layout == &inline_layout)
        bytes += inline_values_size(inline_values(self)->capacity);
    else if (object_values_capacity(self) >= 0)
        bytes += prefix_size((size_t)object_values_capacity(self)) +
                 (size_t)object_values_capacity(self) * sizeof(Object *);
    const Dict *dict = *object_dict_pointer((Object *)(intptr_t)self);
    if (!dict) return (ssize_t)bytes;
    bytes += COLLECTOR_HEAD + sizeof *dict + usable_size(dict->keys) * sizeof(Object *);
    if (dict->keys->refcnt == 1) bytes += keys_bytes(dict->keys);
    return (ssize_t)bytes;
}
