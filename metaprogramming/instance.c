/* instance.c: where an instance keeps what is its own, from its first byte to its last.
 *
 * What an instance has lies in its values, at positions that its class keeps the names of. The
 * invariant: keys->nentries + keys->usable never grows, and an instance has room for as many values
 * as that sum was when it was made. So every position that a name of the keys can have is inside the
 * values of every instance, and no read checks a bound. And positions are the order of insertion: an
 * instance that sets a name out of that order, or one for which there is no room, goes its own way,
 * for good: its values move into a dict. So does one whose __dict__ is asked for.
 *
 * Simplified: CPython keeps the order of each instance beside its values, so there only the number of
 * names makes an instance leave them.
 *
 * CPython: Objects/typeobject.c, PyType_GenericAlloc(), subtype_dealloc(); Objects/dictobject.c,
 * _PyObject_StoreInstanceAttribute(), make_dict_from_instance_attributes().
 */
#include "type.h"

enum { UNWIND_LEVEL = 50 };         // CPython: Objects/object.c, _PyTrash_UNWIND_LEVEL
enum { SHARED_KEYS_MAX_SIZE = 30 }; // as in CPython, where a position must fit into a byte

/* ---- Memory -----------------------------------------------------------------------------------*/

/* The values of a new instance; NULL with MemoryError. Each instance takes room for one name from the
 * keys, to a last one: the first instances get room for 29 values, and after thirty there is room for
 * what the class needs and one. CPython: Objects/dictobject.c, init_inline_values(). */
static Values *values_new(Type *type) {
    Keys *keys = type->cached_keys;
    if (!keys) {
        keys = type->cached_keys = keys_new(SHARED_KEYS_MAX_SIZE);
        if (!keys) return NULL;
        keys->usable = SHARED_KEYS_MAX_SIZE;
    }
    if (keys->usable > 1) keys->usable--;
    ssize_t capacity = keys->nentries + keys->usable;
    Values *values = calloc(1, sizeof *values + (size_t)capacity * sizeof(Object *));
    if (!values) return error_no_memory();
    values->capacity = capacity;
    return values;
}

Object *type_generic_alloc(Type *type) {
    bool managed = type->flags & MANAGED_DICT;
    Values *values = managed ? values_new(type) : NULL;
    if (managed && !values) return NULL;
    size_t prefix = managed ? sizeof(PreHeader) : 0;
    char *memory = zeroed_alloc(prefix + (size_t)type->basicsize);
    if (!memory) {
        free(values);
        return error_no_memory();
    }
    Object *self = (Object *)(void *)(memory + prefix);
    if (managed) pre_header(self)->values = values;
    self->refcnt = 1;
    self->type = type;
    if (type->flags & HEAPTYPE) incref(type);
    return self;
}

void object_free(Object *self) {
    free(self->type->flags & MANAGED_DICT ? (void *)pre_header(self) : self);
}

/* ---- What an instance has of its own ----------------------------------------------------------*/

/* New dict of the same names and values, and no values any more. CPython:
 * make_dict_from_instance_attributes(). */
static Dict *make_dict(Object *self) {
    PreHeader *pre = pre_header(self);
    Dict *dict = dict_new();
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (dict && object_own_next(self, &pos, &name, &value)) {
        if (dict_set_item(dict, name, value) < 0) clear_ref(dict);
    }
    if (!dict) return NULL;
    Values *values = pre->values;
    pre->values = NULL;
    pre->dict = dict;
    for (ssize_t i = 0; values && i < values->capacity; i++)
        xdecref(values->items[i]); // lives on in the dict
    free(values);
    return dict;
}

Dict *object_get_dict(Object *self) {
    if (type_check(self)) return ((Type *)self)->dict;
    if (self->type->flags & MANAGED_DICT)
        return pre_header(self)->dict ? pre_header(self)->dict : make_dict(self);
    error_set(AttributeError, "'%.50s' object has no attribute '__dict__'", self->type->name);
    return NULL;
}

bool object_own_next(const Object *self, ssize_t *pos, Str **name, Object **value) {
    if (type_check(self)) return dict_next(((const Type *)self)->dict, pos, name, value);
    if (!(self->type->flags & MANAGED_DICT)) return false;
    const PreHeader *pre = pre_header(self);
    if (pre->dict) return dict_next(pre->dict, pos, name, value);
    const Keys *keys = self->type->cached_keys;
    for (; pre->values && *pos < keys->nentries; ++*pos) {
        if (!pre->values->items[*pos]) continue;
        *name = keys->names[*pos];
        *value = pre->values->items[(*pos)++];
        return true;
    }
    return false;
}

void object_clear_attributes(Object *self) {
    PreHeader *pre = pre_header(self);
    Values *values = pre->values;
    pre->values = NULL; // first: a value that dies may look at the instance
    for (ssize_t i = 0; values && i < values->capacity; i++)
        xdecref(values->items[i]);
    free(values);
    clear_ref(pre->dict);
}

/* Whether a value at position i would come after all others: positions are the order. */
static bool comes_last(const Values *values, const Keys *keys, ssize_t i) {
    ssize_t last = keys->nentries - 1;
    while (last > i && !values->items[last])
        last--;
    return last <= i;
}

/* The position at which the instance may store that name among its values, or -1. */
static ssize_t own_position(const Values *values, Keys *keys, Str *name) {
    ssize_t i = keys_find(keys, name);
    if (i < 0) return keys_add(keys, name);
    return values->items[i] || comes_last(values, keys, i) ? i : -1;
}

/* 0, or -1 with MemoryError, or with KeyError if there is none to delete. */
int object_store_attribute(Object *self, Str *name, Object *value) {
    Values *values = type_check(self) ? NULL : pre_header(self)->values;
    Keys *keys = self->type->cached_keys;
    ssize_t i = values && !value ? keys_find(keys, name) : -1;
    if (values && value) i = own_position(values, keys, name);
    if (values && (i >= 0 || !value)) {
        Object *old = i < 0 ? NULL : values->items[i];
        if (!old && !value) return error_set(KeyError, "'%s'", name->text);
        values->items[i] = value ? new_ref(value) : NULL;
        xdecref(old);
        return 0;
    }
    Dict *dict = object_get_dict(self);
    if (!dict) return -1;
    incref(dict); // the value that is replaced may be what kept its owner, and so this dict
    int status = value ? dict_set_item(dict, name, value) : dict_del_item(dict, name);
    decref(dict);
    return status;
}

/* ---- The end of an instance -------------------------------------------------------------------*/

/* The fields that __slots__ made, of a class and of all its bases that a class statement made. */
static void clear_slots(Type *type, Object *self) {
    ssize_t nslots = type->ht_slots ? type->ht_slots->size : 0;
    Object **slots = (Object **)(void *)((char *)self + type->base->basicsize);
    for (ssize_t i = 0; i < nslots; i++)
        clear_ref(slots[i]);
}

static void subtype_dealloc_now(Object *self) {
    Type *type = self->type, *base = type;
    for (; base->dealloc == subtype_dealloc; base = base->base)
        clear_slots(base, self);
    if (type->flags & MANAGED_DICT) object_clear_attributes(self);
    base->dealloc(self);
    decref(type); // last: it was needed to free its instance
}

/* A chain of instances, tuples and dicts, a million long, would free itself by a million nested
 * calls. Below UNWIND_LEVEL the dying object is put on a pile instead (its refcnt, no longer needed,
 * is the link), and the outermost call frees the pile in a loop. CPython calls this the trashcan.
 * CPython: subtype_dealloc(); Objects/object.c, _PyTrash_begin(). */
static int dealloc_depth;
static Object *dealloc_pile;

static void free_pile(void) {
    dealloc_depth = 1;
    while (dealloc_pile) {
        Object *next = dealloc_pile;
        dealloc_pile = (Object *)(intptr_t)next->refcnt;
        next->refcnt = 0;
        next->type->dealloc(next);
    }
    dealloc_depth = 0;
}

void dealloc_nested(Object *self, void (*dealloc_now)(Object *)) {
    if (dealloc_depth >= UNWIND_LEVEL) {
        self->refcnt = (ssize_t)(intptr_t)dealloc_pile;
        dealloc_pile = self;
        return;
    }
    dealloc_depth++;
    dealloc_now(self);
    if (--dealloc_depth == 0 && dealloc_pile) free_pile();
}

void subtype_dealloc(Object *self) {
    dealloc_nested(self, subtype_dealloc_now);
}
