/* attributes.c: where `obj.name` comes from, and the cache that makes the answer quick.
 *
 * The order is: a data descriptor of the class, then what the instance has, then whatever else the
 * class has. So every access asks the class first, along its MRO; the method cache remembers the
 * answer under (the class's version, name). A version is a number that is never used twice: what
 * changes a class takes the version from it and from all below it, and every entry about them is
 * stale at once, without being looked for. The invariant: a type with a version has only types with
 * versions above it.
 *
 * CPython: Objects/typeobject.c, _PyType_Lookup(), PyType_Modified(), assign_version_tag(),
 * type_getattro(); Objects/object.c, PyObject_GenericGetAttr().
 */
#include "type.h"

#define SLOW __attribute__((noinline)) // what the quick way has no registers to save for

enum { MAX_ATTR_SIZE = 100 }; // longer names are not cached. CPython: MCACHE_MAX_ATTR_SIZE

/* ---- The method cache -------------------------------------------------------------------------*/

static struct {
    unsigned version;
    Str *name;
    Object *value; // borrowed; NULL: known not to be there
} method_cache[METHOD_CACHE_SIZE];

MethodCacheStats method_cache_stats;
static unsigned next_version_tag = 1;

/* Simplified: the name's hash; CPython takes its address, so which names collide changes from run to
 * run. */
static inline size_t cache_index(unsigned version, const Str *name) {
    return (version ^ name->hash) & (METHOD_CACHE_SIZE - 1);
}

void type_modified(Type *type) {
    if (!(type->flags & VALID_VERSION)) return; // then nothing below has a version either
    for (ssize_t i = 0; i < type->nsubclasses; i++) {
        Type *subclass = type->subclasses[i]->referent;
        if (subclass) type_modified(subclass);
    }
    type->flags &= ~(unsigned)VALID_VERSION;
    type->version_tag = 0;
}

/* Gives the type a version, and all above it first; false when the numbers have run out. */
static bool assign_version_tag(Type *type) {
    if (type->flags & VALID_VERSION) return true;
    if (!(type->flags & READY) || next_version_tag == 0) return false;
    type->version_tag = next_version_tag++;
    for (ssize_t i = 0; i < type->bases->size; i++) {
        if (!assign_version_tag((Type *)type->bases->items[i])) return false;
    }
    type->flags |= VALID_VERSION;
    return true;
}

Object *type_find_in_mro(const Type *type, const Str *name) {
    if (!type->mro) return NULL; // half made, or cleared
    for (ssize_t i = 0; i < type->mro->size; i++) {
        Object *value = dict_get_item(((Type *)type->mro->items[i])->dict, name);
        if (value) return value;
    }
    return NULL;
}

SLOW static Object *lookup_and_remember(Type *type, Str *name) {
    Object *value = type_find_in_mro(type, name);
    if (name->length <= MAX_ATTR_SIZE && assign_version_tag(type)) {
        size_t i = cache_index(type->version_tag, name);
        if (method_cache[i].name && method_cache[i].name != name)
            method_cache_stats.collisions++;
        else
            method_cache_stats.misses++;
        method_cache[i].version = type->version_tag;
        method_cache[i].name = name;
        method_cache[i].value = value;
    }
    return value;
}

/* Whether the cache knows the answer. */
static inline bool cached(const Type *type, const Str *name, Object **value) {
    size_t i = cache_index(type->version_tag, name);
    if (method_cache[i].version != type->version_tag || method_cache[i].name != name) return false;
    method_cache_stats.hits++;
    *value = method_cache[i].value;
    return true;
}

Object *type_lookup(Type *type, Str *name) {
    Object *value;
    return cached(type, name, &value) ? value : lookup_and_remember(type, name);
}

/* ---- What an instance has of its own ----------------------------------------------------------*/

/* A negative offset counts from the end, as a var-sized instance has no other fixed place. */
Dict **object_dict_pointer(Object *self) {
    ssize_t offset = self->type->dictoffset;
    if (offset == 0) return NULL;
    if (offset == MANAGED_DICT) return (Dict **)(void *)self - 1;
    if (offset < 0) {
        ssize_t size = ((Tuple *)self)->size;
        offset += type_var_size(self->type, size < 0 ? -size : size);
    }
    return (Dict **)(void *)((char *)self + offset);
}

Object *dict_layout_get(Object *self, Str *name) {
    Dict *dict = *object_dict_pointer(self);
    return dict ? dict_get_item(dict, name) : NULL;
}

static Dict *dict_layout_dict(Object *self) {
    Dict **cell = object_dict_pointer(self);
    if (!*cell) *cell = dict_new();
    return *cell;
}

int dict_layout_set(Object *self, Str *name, Object *value) {
    Dict *dict = self->type->layout->dict(self);
    if (!dict) return -1;
    incref(dict); // the value that is replaced may be what kept its owner, and so this dict
    int status = value ? dict_set_item(dict, name, value) : dict_del_item(dict, name);
    decref(dict);
    return status;
}

void dict_layout_clear(Object *self) {
    clear_ref(*object_dict_pointer(self));
}

const Layout dict_layout = {
    .name = "dict",
    .inside = sizeof(Dict *),
    .get = dict_layout_get,
    .set = dict_layout_set,
    .dict = dict_layout_dict,
    .clear = dict_layout_clear,
};

/* ---- obj.name ---------------------------------------------------------------------------------*/

/* What is found on a class is handed out, or asked if it is a descriptor; that may do anything, also
 * remove itself from its class: so it is held. */
static Object *asked(Object *descr, Object *obj, Type *type) {
    if (!descr->type->descr_get) return new_ref(descr);
    incref(descr);
    Object *result = descr->type->descr_get(descr, obj, OBJECT(type));
    decref(descr);
    return result;
}

/* Borrowed, or NULL without an error. The usual layout is compiled in. */
static inline Object *own_attribute(Object *self, Str *name) {
    const Layout *layout = self->type->layout;
    if (layout == &dict_layout) return dict_layout_get(self, name);
    return layout ? layout->get(self, name) : NULL;
}

static inline Object *getattr_with(Object *self, Str *name, Object *descr) {
    Type *type = self->type;
    if (descr && descr_is_data(descr) && descr->type->descr_get) return asked(descr, self, type);
    Object *own = own_attribute(self, name);
    if (own) return new_ref(own);
    if (descr) return asked(descr, self, type);
    error_set(AttributeError, "'%.50s' object has no attribute '%s'", type->name, name->text);
    return NULL;
}

Object *object_generic_getattr(Object *self, Str *name) {
    Object *descr;
    if (!cached(self->type, name, &descr))
        return getattr_with(self, name, lookup_and_remember(self->type, name));
    if (descr && descr->type->flags & PLAIN_DATA)
        return descr->type->descr_get(descr, self, OBJECT(self->type));
    return getattr_with(self, name, descr);
}

/* When it fails nothing was replaced, so no code ran, and the type is still there. */
SLOW static int setattr_with(Object *self, Str *name, Object *value, Object *descr) {
    Type *type = self->type;
    if (descr && descr->type->descr_set) {
        incref(descr);
        int status = descr->type->descr_set(descr, self, value);
        decref(descr);
        return status;
    }
    if (!type->layout) {
        return error_set(AttributeError,
                         descr ? "'%.50s' object attribute '%s' is read-only"
                               : "'%.100s' object has no attribute '%s'",
                         type->name, name->text);
    }
    if (type->layout->set(self, name, value) == 0) return 0;
    if (!error_matches(KeyError)) return -1;
    bool is_type = type_is_subtype(type, &Type_Type);
    return error_set(AttributeError,
                     is_type ? "type object '%.50s' has no attribute '%s'"
                             : "'%.100s' object has no attribute '%s'",
                     is_type ? ((Type *)self)->name : type->name, name->text);
}

int object_generic_setattr(Object *self, Str *name, Object *value) {
    Object *descr;
    if (!cached(self->type, name, &descr))
        return setattr_with(self, name, value, lookup_and_remember(self->type, name));
    if (descr && descr->type->flags & PLAIN_DATA) return descr->type->descr_set(descr, self, value);
    return setattr_with(self, name, value, descr);
}

Object *object_getattr_string(Object *self, const char *name) {
    Str *interned = str_intern(name);
    return interned ? object_getattr(self, interned) : NULL;
}

int object_setattr_string(Object *self, const char *name, Object *value) {
    Str *interned = str_intern(name);
    return interned ? object_setattr(self, interned, value) : -1;
}

/* A function that would bind is called with obj in front instead, unless the instance has an
 * attribute of that name. */
Object *object_call_method(Str *name, Object *const *args, ssize_t nargs) {
    Object *self = args[0];
    Type *type = self->type;
    if (type->getattro == object_generic_getattr) {
        Object *descr = type_lookup(type, name);
        if (descr && (descr->type == &Function_Type || descr->type == &SlotWrapper_Type) &&
            !own_attribute(self, name)) {
            incref(descr);
            Object *result = descr->type->call(descr, args, nargs);
            decref(descr);
            return result;
        }
    }
    Object *method = object_getattr(self, name);
    if (!method) return NULL;
    Object *result = object_call(method, args + 1, nargs - 1);
    decref(method);
    return result;
}

/* ---- cls.name ---------------------------------------------------------------------------------*/

/* The same order one floor up, where the class is the instance of its metaclass; but what the class
 * "has of its own" is searched along its MRO, and asked with no object. */
Object *type_getattro(Object *self, Str *name) {
    Type *type = (Type *)self, *metatype = self->type;
    Object *meta = type_lookup(metatype, name);
    if (meta && meta->type->descr_get && descr_is_data(meta)) return asked(meta, self, metatype);
    if (meta) incref(meta); // as the other, when asked, may remove it
    Object *attribute = type_lookup(type, name);
    Object *result = NULL;
    if (attribute)
        result = asked(attribute, NULL, type);
    else if (meta)
        result = asked(meta, self, metatype);
    else
        error_set(AttributeError, "type object '%.50s' has no attribute '%s'", type->name,
                  name->text);
    xdecref(meta);
    return result;
}

static bool is_dunder_name(const Str *name) {
    const char *text = name->text, *end = text + name->length;
    return name->length > 4 && text[0] == '_' && text[1] == '_' && end[-1] == '_' && end[-2] == '_';
}

int type_setattro(Object *self, Str *name, Object *value) {
    Type *type = (Type *)self;
    if (!(type->flags & HEAPTYPE)) {
        return error_set(TypeError, "cannot set '%s' attribute of immutable type '%s'", name->text,
                         type->name);
    }
    if (object_generic_setattr(self, name, value) < 0) return -1;
    type_modified(type); // no sooner, as what dies here runs no code that could ask the cache
    if (is_dunder_name(name)) update_slot(type, name);
    return 0;
}
