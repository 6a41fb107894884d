/* lookup.c: where `obj.name` comes from when nobody has a hook, and the cache that makes the answer
 * quick.
 *
 * The order is: a data descriptor of the class, then what the instance has, then whatever else the
 * class has. The method cache remembers what the class says under (the class's version, name). A
 * version is a number that is never used twice: what changes a class takes the version from it and
 * from all below it. The invariant: a type with a version has only types with versions above it.
 *
 * CPython: Objects/typeobject.c, _PyType_Lookup(), PyType_Modified(), assign_version_tag(),
 * type_getattro(); Objects/object.c, PyObject_GenericGetAttr().
 */
#include "type.h"

#define SLOW __attribute__((noinline)) // what the quick way has no registers to save for

enum { METHOD_CACHE_SIZE = 4096 }; // CPython: MCACHE_SIZE_EXP is 12
enum { MAX_ATTR_SIZE = 100 };      // longer names are not cached. CPython: MCACHE_MAX_ATTR_SIZE

void (*attribute_watcher)(const AttributeStep *step);

/* ---- The method cache -------------------------------------------------------------------------*/

static struct {
    unsigned version;
    Str *name;
    Object *value; // borrowed; NULL: known not to be there
} method_cache[METHOD_CACHE_SIZE];

static unsigned next_version_tag = 1;

/* Simplified: the name's hash; CPython takes its address, so which names collide changes from run
 * to run. */
static inline size_t cache_index(unsigned version, const Str *name) {
    return (version ^ name->hash) & (METHOD_CACHE_SIZE - 1);
}

void type_modified(Type *type) {
    if (!(type->flags & VALID_VERSION)) return; // then nothing below has a version either
    for (ssize_t i = 0; i < type->nsubclasses; i++)
        type_modified(type->subclasses[i]);
    type->flags &= ~(unsigned)VALID_VERSION;
    type->version_tag = 0;
}

bool assign_version_tag(Type *type) {
    if (type->flags & VALID_VERSION) return true;
    if (!(type->flags & READY) || next_version_tag == 0) return false;
    for (ssize_t i = 0; i < type->bases->size; i++) {
        if (!assign_version_tag((Type *)type->bases->items[i])) return false;
    }
    type->version_tag = next_version_tag++;
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

const Type *type_find_holder(const Type *type, const Str *name) {
    for (ssize_t i = 0; type->mro && i < type->mro->size; i++) {
        const Type *base = (Type *)type->mro->items[i];
        if (dict_get_item(base->dict, name)) return base;
    }
    return NULL;
}

SLOW static Object *lookup_and_remember(Type *type, Str *name) {
    Object *value = type_find_in_mro(type, name);
    if (name->length <= MAX_ATTR_SIZE && assign_version_tag(type)) {
        size_t i = cache_index(type->version_tag, name);
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
    *value = method_cache[i].value;
    return true;
}

Object *type_lookup(Type *type, Str *name) {
    Object *value;
    return cached(type, name, &value) ? value : lookup_and_remember(type, name);
}

/* ---- obj.name ---------------------------------------------------------------------------------*/

/* What is found on a class is handed out, or asked if it is a descriptor; that may do anything,
 * also remove itself from its class: so it is held. */
SLOW static Object *ask(Object *descr, Object *obj, Type *type) {
    incref(descr);
    Object *result = descr->type->descr_get(descr, obj, OBJECT(type));
    decref(descr);
    return result;
}

static inline Object *asked(Object *descr, Object *obj, Type *type) {
    if (!descr->type->descr_get) return new_ref(descr);
    return ask(descr, obj, type);
}

SLOW static Object *no_attribute(const Object *self, const Str *name) {
    error_set(AttributeError, "'%.50s' object has no attribute '%s'", self->type->name, name->text);
    return NULL;
}

static inline Object *getattr_with(Object *self, Str *name, Object *descr, bool suppress) {
    Type *type = self->type;
    if (descr && descr_is_data(descr) && descr->type->descr_get) return asked(descr, self, type);
    Object *own = object_own_attribute(self, name);
    if (own) return new_ref(own);
    if (descr) return asked(descr, self, type);
    return suppress ? NULL : no_attribute(self, name);
}

SLOW static Object *getattr_uncached(Object *self, Str *name, bool suppress) {
    return getattr_with(self, name, lookup_and_remember(self->type, name), suppress);
}

/* The same, told step by step. What watches may not change anything. */
SLOW static Object *getattr_watched(Object *self, Str *name, bool suppress) {
    Type *type = self->type;
    Object *descr = type_lookup(type, name);
    const Type *where = type_find_holder(type, name);
    attribute_watch(ATTR_IN_TYPE, self, name, descr, where);
    bool data = descr && descr_is_data(descr) && descr->type->descr_get;
    Object *own = data ? NULL : object_own_attribute(self, name);
    if (!data) attribute_watch(ATTR_IN_INSTANCE, self, name, own, NULL);
    if (!own && !descr) attribute_watch(ATTR_MISSING, self, name, NULL, NULL);
    if (own || !descr) return getattr_with(self, name, descr, suppress);
    attribute_watch(ATTR_DESCRIPTOR_GET, self, name, descr, where);
    Object *result = getattr_with(self, name, descr, suppress);
    attribute_watch(ATTR_RETURNS, self, name, result, NULL);
    return result;
}

static inline Object *generic_getattr(Object *self, Str *name, bool suppress) {
    Object *descr;
    if (attribute_watcher) return getattr_watched(self, name, suppress);
    if (!cached(self->type, name, &descr)) return getattr_uncached(self, name, suppress);
    if (descr && descr->type->descr_set && descr->type->flags & PLAIN_DATA)
        return descr->type->descr_get(descr, self, OBJECT(self->type));
    return getattr_with(self, name, descr, suppress);
}

Object *object_generic_getattr(Object *self, Str *name) {
    return generic_getattr(self, name, false);
}

Object *object_generic_getattr_suppress(Object *self, Str *name) {
    Object *result = generic_getattr(self, name, true);
    if (!result && error_matches(AttributeError)) error_clear(); // a descriptor's
    return result;
}

int object_lookup_attr(Object *self, Str *name, Object **result) {
    bool generic = self->type->getattro == object_generic_getattr;
    *result = generic ? object_generic_getattr_suppress(self, name) : object_getattr(self, name);
    if (*result) return 1;
    if (!error_occurred()) return 0;
    if (!error_matches(AttributeError)) return -1;
    error_clear();
    return 0;
}

/* When it fails nothing was replaced, so no code ran, and the type is still there. */
SLOW static int setattr_with(Object *self, Str *name, Object *value, Object *descr) {
    Type *type = self->type;
    if (descr && descr->type->descr_set) {
        attribute_watch(ATTR_SET_DESCRIPTOR, self, name, descr, type_find_holder(type, name));
        incref(descr);
        int status = descr->type->descr_set(descr, self, value);
        decref(descr);
        return status;
    }
    if (!(type->flags & (MANAGED_DICT | TYPE_SUBCLASS))) {
        return error_set(AttributeError,
                         descr ? "'%.50s' object attribute '%s' is read-only"
                               : "'%.100s' object has no attribute '%s'",
                         type->name, name->text);
    }
    attribute_watch(ATTR_SET_INSTANCE, self, name, value, NULL);
    if (object_store_attribute(self, name, value) == 0) return 0;
    if (!error_matches(KeyError)) return -1;
    bool is_type = type_check(self);
    return error_set(AttributeError,
                     is_type ? "type object '%.50s' has no attribute '%s'"
                             : "'%.100s' object has no attribute '%s'",
                     is_type ? ((Type *)self)->name : type->name, name->text);
}

int object_generic_setattr(Object *self, Str *name, Object *value) {
    Object *descr;
    if (!cached(self->type, name, &descr))
        return setattr_with(self, name, value, lookup_and_remember(self->type, name));
    if (descr && descr->type->flags & PLAIN_DATA && !attribute_watcher)
        return descr->type->descr_set(descr, self, value);
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
    if (type->getattro == object_generic_getattr && !attribute_watcher) {
        Object *descr = type_lookup(type, name);
        if (descr && (descr->type == &Function_Type || descr->type == &SlotWrapper_Type) &&
            !object_own_attribute(self, name)) {
            incref(descr);
            Object *result = descr->type->call(descr, args, nargs, NULL);
            decref(descr);
            return result;
        }
    }
    Object *method = object_getattr(self, name);
    if (!method) return NULL;
    Object *result = object_call(method, args + 1, nargs - 1, NULL);
    decref(method);
    return result;
}

/* ---- cls.name ---------------------------------------------------------------------------------*/

/* Asks what was found on the class `cls` (obj NULL) or on its metaclass (obj is cls), and says
 * so. */
static Object *asked_of_class(Object *descr, Object *obj, Object *cls, Str *name) {
    Type *type = obj ? obj->type : (Type *)cls;
    if (!attribute_watcher || !descr->type->descr_get) return asked(descr, obj, type);
    attribute_watch(ATTR_DESCRIPTOR_GET, cls, name, descr, type_find_holder(type, name));
    Object *result = asked(descr, obj, type);
    attribute_watch(ATTR_RETURNS, cls, name, result, NULL);
    return result;
}

/* The same order one floor up, where the class is the instance of its metaclass; but what the class
 * "has of its own" is searched along its MRO, and asked with no object. */
Object *type_getattro(Object *self, Str *name) {
    Type *type = (Type *)self, *metatype = self->type;
    Object *meta = type_lookup(metatype, name);
    attribute_watch(ATTR_IN_METATYPE, self, name, meta,
                    attribute_watcher ? type_find_holder(metatype, name) : NULL);
    if (meta && meta->type->descr_get && descr_is_data(meta))
        return asked_of_class(meta, self, self, name);
    if (meta) incref(meta); // as the other, when asked, may remove it
    Object *attribute = type_lookup(type, name);
    attribute_watch(ATTR_IN_TYPE, self, name, attribute,
                    attribute_watcher ? type_find_holder(type, name) : NULL);
    Object *result = NULL;
    if (attribute)
        result = asked_of_class(attribute, NULL, self, name);
    else if (meta)
        result = asked_of_class(meta, self, self, name);
    else {
        attribute_watch(ATTR_MISSING, self, name, NULL, NULL);
        error_set(AttributeError, "type object '%.50s' has no attribute '%s'", type->name,
                  name->text);
    }
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
