/* type.c: where an attribute is found, and classes as far as decorators need them.
 *
 * A lookup asks the type first: what it finds there may be a descriptor, an object whose own type
 * has descr_get, and that decides what the caller gets. So `obj.method` is a bound method, a
 * property computes, and a decorator that is no descriptor stays what it is. A class that a program
 * makes has the same cells as a type that was compiled in; each holds a slot_... function that
 * looks for the special method, or nothing if no class of the chain has it. Parts from the other
 * topics': one base, no metaclasses, no cache of lookups. CPython: Objects/typeobject.c,
 * Objects/object.c, Objects/descrobject.c.
 */
#include "object.h"

#include "pool.h"

/* ---- Lookup -----------------------------------------------------------------------------------*/

bool type_is_subtype(const Type *self, const Type *base) {
    while (self && self != base)
        self = self->base;
    return self != NULL;
}

static bool made_ready(Type *self) {
    return self->flags & READY || type_ready(self) == 0;
}

/* Of a type that is ready; compiled in where it counts. */
static inline Object *lookup(const Type *self, const Str *name) {
    for (; self; self = self->base) {
        Object *found = dict_get_item(self->dict, name);
        if (found) return found;
    }
    return NULL;
}

Object *type_lookup(Type *self, Str *name) {
    return made_ready(self) ? lookup(self, name) : NULL;
}

static Dict **dict_pointer(Object *self) {
    ssize_t offset = self->type->dictoffset;
    return offset ? (Dict **)(void *)((char *)self + offset) : NULL;
}

Dict *object_dict(Object *self) {
    Dict **dict = dict_pointer(self);
    if (dict && !*dict) *dict = dict_new();
    return dict ? *dict : NULL;
}

static int no_attribute(Object *self, const Str *name) {
    if (error_occurred()) return -1; // what the lookup failed of
    if (self->type == &Type_Type)
        return error_set(AttributeError, "type object '%s' has no attribute '%s'",
                         ((Type *)self)->name, name->text);
    return error_set(AttributeError, "'%s' object has no attribute '%s'", self->type->name,
                     name->text);
}

/* CPython: Objects/object.c, PyObject_GenericGetAttr(). What a method does not have its function
 * may have: Objects/classobject.c, method_getattro(). */
static Object *generic_getattr(Object *self, Str *name) {
    if (!made_ready(self->type)) return NULL;
    Object *found = lookup(self->type, name);
    Type *kind = found ? found->type : NULL;
    if (found) incref(found); // the descriptor may change the class that holds it
    if (found && kind->descr_get && kind->descr_set) {
        Object *result = kind->descr_get(found, self, self->type);
        decref(found);
        return result;
    }
    Dict **dict = dict_pointer(self);
    Object *own = dict && *dict ? dict_get_item(*dict, name) : NULL;
    if (own) {
        incref(own);
        xdecref(found);
        return own;
    }
    if (found && kind->descr_get) {
        Object *result = kind->descr_get(found, self, self->type);
        decref(found);
        return result;
    }
    if (!found && self->type == &Method_Type) return object_getattr(((Method *)self)->func, name);
    if (!found) no_attribute(self, name);
    return found;
}

/* CPython: Objects/typeobject.c, type_getattro(). */
static Object *type_getattr(Type *self, Str *name) {
    if (!made_ready(&Type_Type) || !made_ready(self)) return NULL;
    Object *meta = type_lookup(&Type_Type, name);
    Object *found = type_lookup(self, name);
    if (meta && meta->type->descr_set) return meta->type->descr_get(meta, OBJECT(self), &Type_Type);
    if (found && found->type->descr_get) {
        incref(found);
        Object *result = found->type->descr_get(found, NULL, self);
        decref(found);
        return result;
    }
    if (!found) no_attribute(OBJECT(self), name);
    return found ? new_ref(found) : NULL;
}

Object *object_getattr(Object *self, Str *name) {
    if (self->type == &Type_Type) return type_getattr((Type *)self, name);
    return generic_getattr(self, name);
}

Object *object_getattr_string(Object *self, const char *name) {
    Str *interned = str_intern(name);
    return interned ? object_getattr(self, interned) : NULL;
}

static void fill_cells(Type *self);
static Type *heap_types;

/* CPython: Objects/typeobject.c, type_setattro(), update_slot(). */
static int type_setattr(Type *self, Str *name, Object *value) {
    if (!(self->flags & HEAPTYPE))
        return error_set(TypeError, "cannot set '%s' attribute of immutable type '%s'", name->text,
                         self->name);
    if (!value && !dict_get_item(self->dict, name)) return no_attribute(OBJECT(self), name);
    int status = value ? dict_set_item(self->dict, name, value) : dict_del_item(self->dict, name);
    for (Type *type = heap_types; type; type = type->next_heap) {
        if (type_is_subtype(type, self)) fill_cells(type);
    }
    return status;
}

int object_setattr(Object *self, Str *name, Object *value) {
    if (self->type == &Type_Type) return type_setattr((Type *)self, name, value);
    if (!made_ready(self->type)) return -1;
    Object *found = type_lookup(self->type, name);
    if (found && found->type->descr_set) {
        incref(found);
        int status = found->type->descr_set(found, self, value);
        decref(found);
        return status;
    }
    Dict *dict = object_dict(self);
    if (dict && (value || dict_get_item(dict, name)))
        return value ? dict_set_item(dict, name, value) : dict_del_item(dict, name);
    if (!dict && found && !error_occurred())
        return error_set(AttributeError, "'%s' object attribute '%s' is read-only",
                         self->type->name, name->text);
    return no_attribute(self, name);
}

int object_setattr_string(Object *self, const char *name, Object *value) {
    Str *interned = str_intern(name);
    return interned ? object_setattr(self, interned, value) : -1;
}

/* ---- Cells that look for the special method ---------------------------------------------------*/

/* Calls self.name(*args), the function found on the type: new reference, or NULL. CPython:
 * lookup_method(), vectorcall_unbound(). */
static Object *call_special(Object *self, const char *name, Object *const *args, ssize_t nargs) {
    Str *interned = str_intern(name);
    Object *found = interned ? type_lookup(self->type, interned) : NULL, *result;
    if (!found) {
        if (!error_occurred()) error_set(AttributeError, "%s", name);
        return NULL;
    }
    incref(found);
    if (found->type->flags & METHOD_DESCRIPTOR) {
        Object *stack[4] = {self};
        for (ssize_t i = 0; i < nargs; i++)
            stack[i + 1] = args[i];
        result = object_vectorcall(found, stack, nargs + 1, NULL);
    } else {
        Object *bound = found->type->descr_get ? found->type->descr_get(found, self, self->type)
                                               : new_ref(found);
        result = bound ? object_vectorcall(bound, args, nargs, NULL) : NULL;
        xdecref(bound);
    }
    decref(found);
    return result;
}

/* The packed arguments are unpacked behind self, or packed once more if some are named. CPython:
 * Objects/typeobject.c, slot_tp_call(); Objects/call.c, _PyObject_Call_Prepend(). */
static Object *slot_tp_call(Object *self, Tuple *args, Dict *kwargs) {
    static Str *name; // interned for good
    if (!name && !(name = str_intern("__call__"))) return NULL;
    Object *found = type_lookup(self->type, name), *result = NULL;
    if (!found) {
        no_attribute(self, name);
        return NULL;
    }
    incref(found);
    if (found->type->flags & METHOD_DESCRIPTOR) {
        Tuple *all = tuple_new(args->size + 1);
        for (ssize_t i = 0; all && i <= args->size; i++)
            all->items[i] = new_ref(i ? args->items[i - 1] : self);
        if (all) result = object_call(found, all, kwargs);
        xdecref(all);
    } else {
        Object *bound = found->type->descr_get ? found->type->descr_get(found, self, self->type)
                                               : new_ref(found);
        if (bound) result = object_call(bound, args, kwargs);
        xdecref(bound);
    }
    decref(found);
    return result;
}

/* Calls __get__ with self before the rest, whatever it is: to bind it would be to call a __get__.
 * CPython: slot_tp_descr_get(). */
static Object *slot_descr_get(Object *self, Object *obj, Type *type) {
    static Str *name;
    if (!name && !(name = str_intern("__get__"))) return NULL;
    Object *get = type_lookup(self->type, name);
    if (!get) return new_ref(self);
    Object *args[] = {self, obj ? obj : None, type ? OBJECT(type) : None};
    incref(get);
    Object *result = object_vectorcall(get, args, 3, NULL);
    decref(get);
    return result;
}

/* Drops a result that nobody wants: 0, or -1 if there is none. */
static int discard(Object *result) {
    xdecref(result);
    return result ? 0 : -1;
}

static int slot_descr_set(Object *self, Object *obj, Object *value) {
    Object *args[] = {obj, value};
    return discard(call_special(self, value ? "__set__" : "__delete__", args, value ? 2 : 1));
}

static int slot_set_name(Object *self, Type *owner, Str *name) {
    return discard(
        call_special(self, "__set_name__", (Object *[]){OBJECT(owner), OBJECT(name)}, 2));
}

static hash_t slot_hash(Object *self) {
    Object *result = call_special(self, "__hash__", NULL, 0);
    if (!result) return -1;
    hash_t hash = result->type->hash == Int_Type.hash ? object_hash(result) : -1;
    decref(result);
    if (hash == -1) error_set(TypeError, "__hash__ method should return an integer");
    return hash;
}

static int slot_equal(Object *self, Object *other) {
    Object *result = call_special(self, "__eq__", &other, 1);
    int answer = result ? object_is_true(result) : -1;
    xdecref(result);
    return answer;
}

static int slot_repr(Object *self, Writer *out) {
    Object *result = call_special(self, "__repr__", NULL, 0);
    if (!result) return -1;
    int status =
        result->type == &Str_Type
            ? writer_puts(out, ((Str *)result)->text)
            : error_set(TypeError, "__repr__ returned non-string (type %s)", result->type->name);
    decref(result);
    return status;
}

/* Whether a class of the chain has it, None too, which then fails. Names that no class ever had
 * need not be interned. */
static bool has(Type *self, const char *name) {
    for (; self->flags & HEAPTYPE; self = self->base) {
        for (ssize_t i = 0; i < self->dict->size; i++) {
            if (strcmp(self->dict->items[i].name->text, name) == 0) return true;
        }
    }
    return false;
}

/* A class that says when its objects are equal and not what their hash is has no hash. */
static bool has_hash(Type *self) {
    for (; self->flags & HEAPTYPE; self = self->base) {
        for (ssize_t i = self->dict->size; --i >= 0;) {
            if (strcmp(self->dict->items[i].name->text, "__hash__") == 0)
                return self->dict->items[i].value != None;
        }
        if (has(self, "__eq__")) return false;
    }
    return false;
}

/* CPython: Objects/typeobject.c, fixup_slot_dispatchers(). */
static void fill_cells(Type *self) {
    self->call = has(self, "__call__") ? slot_tp_call : NULL;
    self->descr_get = has(self, "__get__") ? slot_descr_get : NULL;
    self->descr_set = has(self, "__set__") || has(self, "__delete__") ? slot_descr_set : NULL;
    self->set_name = has(self, "__set_name__") ? slot_set_name : NULL;
    self->equal = has(self, "__eq__") ? slot_equal : NULL;
    self->hash = has_hash(self) ? slot_hash : NULL;
    self->repr = has(self, "__repr__") ? slot_repr : NULL;
    self->flags &= ~(unsigned)HAVE_FINALIZER;
    if (has(self, "__del__")) self->flags |= HAVE_FINALIZER;
}

/* ---- Instances --------------------------------------------------------------------------------*/

/* __del__ runs while the object is alive once more; whoever keeps it meanwhile keeps it.
 * Simplified: a second death would run it again; CPython remembers (_PyGC_FINALIZED). CPython:
 * Objects/object.c, PyObject_CallFinalizerFromDealloc(). */
static bool finalize(Object *self) {
    if (!(self->type->flags & HAVE_FINALIZER)) return false;
    Error pending = error_fetch();
    self->refcnt = 1;
    if (discard(call_special(self, "__del__", NULL, 0)) < 0) {
        fputs("Exception ignored in: __del__\n", stderr);
        error_print(stderr);
    }
    error_restore(pending);
    return --self->refcnt > 0;
}

static void instance_dealloc_now(Object *self) {
    if (finalize(self)) return;
    Dict *dict = ((Instance *)self)->dict;
    object_free(self);
    xdecref(dict);
}

static void instance_dealloc(Object *self) {
    dealloc_nested(self, instance_dealloc_now);
}

/* What C(...) makes: an instance, then __init__ on it. CPython: Objects/typeobject.c, type_call(),
 * slot_tp_init(), object_new(). */
static Object *instance_new(Type *type, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Str *name = str_intern("__init__");
    Object *self = name ? object_new(type, 0) : NULL;
    Object *init = self ? type_lookup(type, name) : NULL;
    if (!self) return NULL;
    if (!init) {
        if (nargs == 0 && !kwnames) return self;
        error_set(TypeError, "%s() takes no arguments", type->name);
        decref(self);
        return NULL;
    }
    incref(init); // its __get__ may change the class
    Object *bound = init->type->descr_get ? init->type->descr_get(init, self, type) : new_ref(init);
    decref(init);
    Object *result = bound ? object_vectorcall(bound, args, nargs, kwnames) : NULL;
    xdecref(bound);
    if (result && result != None)
        error_set(TypeError, "__init__() should return None, not '%s'", result->type->name);
    xdecref(result);
    if (result != None) clear_ref(self);
    return self;
}

/* ---- Classes ----------------------------------------------------------------------------------*/

/* In the order of definition. CPython: Objects/typeobject.c, type_new_set_names(), which walks a
 * copy of the dict, as the calls may change it. */
static int set_names(Type *self) {
    Dict *names = dict_copy(self->dict);
    int status = names ? 0 : -1;
    for (ssize_t i = 0; status == 0 && i < names->size; i++) {
        Object *value = names->items[i].value;
        if (!value->type->set_name) continue;
        status = value->type->set_name(value, self, names->items[i].name);
        if (status < 0 && !error_matches(MemoryError))
            error_set(RuntimeError, "Error calling __set_name__ on '%s' instance '%s' in '%s'",
                      value->type->name, names->items[i].name->text, self->name);
    }
    xdecref(names);
    return status;
}

Type *type_new(const char *name, Type *base, const Dict *dict) {
    if (type_ready(base) < 0) return NULL;
    Type *self = object_new(&Type_Type, 0);
    if (!self) return NULL;
    self->flags = HEAPTYPE | READY;
    self->base = (Type *)new_ref(base);
    self->basicsize = sizeof(Instance);
    self->dictoffset = offsetof(Instance, dict);
    self->dealloc = instance_dealloc;
    self->new = instance_new;
    self->ht_name = str_intern(name);
    self->dict = self->ht_name ? dict_copy(dict) : NULL;
    self->next_heap = heap_types;
    heap_types = self;
    if (self->dict) {
        self->name = self->ht_name->text;
        fill_cells(self);
    }
    if (!self->dict || set_names(self) < 0) clear_ref(self);
    return self;
}

static void type_dealloc(Object *op) {
    Type *self = (Type *)op;
    Type **link = &heap_types;
    while (*link != self)
        link = &(*link)->next_heap;
    *link = self->next_heap;
    Dict *dict = self->dict;
    Type *base = self->base;
    object_free(self);
    xdecref(dict);
    decref(base);
}

/* type(x), or C(...). CPython: Objects/typeobject.c, type_call(), type_vectorcall(). */
static Object *type_vectorcall(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Type *self = (Type *)op;
    if (self == &Type_Type && nargs == 1 && !kwnames) return new_ref(args[0]->type);
    if (!self->new) {
        error_set(TypeError, "cannot create '%s' instances", self->name);
        return NULL;
    }
    if (recursion_enter(" while calling a Python object") < 0)
        return NULL; // its __init__ may be it
    Object *result = self->new (self, args, nargs, kwnames);
    recursion_leave();
    return result;
}

static int type_repr(Object *op, Writer *out) {
    Type *self = (Type *)op;
    writer_puts(out, self->flags & HEAPTYPE ? "<class '__main__." : "<class '");
    writer_puts(out, self->name);
    return writer_puts(out, "'>");
}

static Object *type_get_name(Object *self) {
    const char *name = ((Type *)self)->name, *dot = strrchr(name, '.'); // "functools.partial"
    return str_from_string(dot ? dot + 1 : name);
}

static Object *type_get_mro(Object *op) {
    ssize_t size = 0;
    for (Type *type = (Type *)op; type; type = type->base)
        size++;
    Tuple *mro = tuple_new(size);
    size = 0;
    for (Type *type = (Type *)op; mro && type; type = type->base)
        mro->items[size++] = new_ref(type);
    return OBJECT(mro);
}

static const GetSet type_getset[] = {{"__name__", type_get_name, NULL},
                                     {"__qualname__", type_get_name, NULL},
                                     {"__mro__", type_get_mro, NULL},
                                     {0}};

Type Type_Type = {
    TYPE("type", Type),    .dealloc = type_dealloc,
    .repr = type_repr,     .vectorcall = type_vectorcall,
    .getset = type_getset,
};

static Object *object_get_class(Object *self) {
    return new_ref(self->type);
}

static Object *object_get_dict(Object *self) {
    Dict *dict = object_dict(self);
    if (dict) return new_ref(dict);
    if (!error_occurred())
        error_set(AttributeError, "'%s' object has no attribute '__dict__'", self->type->name);
    return NULL;
}

/* CPython: Objects/object.c, PyObject_GenericSetDict(). */
static int object_set_dict(Object *self, Object *value) {
    Dict **dict = dict_pointer(self);
    if (!dict) return no_attribute(self, str_intern("__dict__"));
    if (!value) return error_set(TypeError, "cannot delete __dict__");
    if (value->type != &Dict_Type)
        return error_set(TypeError, "__dict__ must be set to a dictionary, not a '%s'",
                         value->type->name);
    Dict *old = *dict;
    *dict = (Dict *)new_ref(value);
    xdecref(old);
    return 0;
}

static const GetSet object_getset[] = {
    {"__class__", object_get_class, NULL}, {"__dict__", object_get_dict, object_set_dict}, {0}};

Type Object_Type = {
    .ob = {1, &Type_Type}, .name = "object", .basicsize = sizeof(Object), .getset = object_getset};
