/* descr.c: property, staticmethod, classmethod, cached_property. What they have in common is in
 * descr.h. */
#include "descr.h"

static const char *repr_text(Object *repr) {
    return repr ? ((Str *)repr)->text : "?";
}

/* ---- property ---------------------------------------------------------------------------------*/

static Object *given(Object *op) {
    return op && op != None ? new_ref(op) : NULL;
}

/* A property without a docstring of its own has its getter's. CPython: property_init_impl(). */
Object *property_new(Object *get, Object *set, Object *del, Object *doc) {
    Property *self = object_new(&Property_Type, 0);
    if (!self) return NULL;
    self->get = given(get);
    self->set = given(set);
    self->del = given(del);
    self->doc = given(doc);
    if (self->get && !self->doc) {
        Object *getter_doc = object_getattr_string(self->get, "__doc__");
        if (getter_doc) {
            self->doc = getter_doc;
            self->getter_doc = true;
        } else if (error_matches(AttributeError)) {
            error_clear();
        } else {
            clear_ref(self);
        }
    }
    return OBJECT(self);
}

static Object *property_type_new(Type *type, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    static const char *const names[] = {"fget", "fset", "fdel", "doc"};
    Object *found[4] = {NULL};
    (void)type;
    if (nargs > 4) {
        error_set(TypeError, "property() takes at most 4 arguments (%zd given)", nargs);
        return NULL;
    }
    for (ssize_t i = 0; i < nargs; i++)
        found[i] = args[i];
    for (ssize_t i = 0; kwnames && i < kwnames->size; i++) {
        const char *name = ((Str *)kwnames->items[i])->text;
        int j = 0;
        while (j < 4 && strcmp(names[j], name) != 0)
            j++;
        if (j == 4) {
            error_set(TypeError, "'%s' is an invalid keyword argument for property()", name);
            return NULL;
        }
        if (j < nargs) {
            error_set(TypeError, "argument for property() given by name ('%s') and position (%d)",
                      name, j + 1);
            return NULL;
        }
        found[j] = args[nargs + i];
    }
    return property_new(found[0], found[1], found[2], found[3]);
}

static void property_dealloc_now(Object *op) {
    Property self = *(Property *)op;
    object_free(op);
    xdecref(self.get);
    xdecref(self.set);
    xdecref(self.del);
    xdecref(self.doc);
    xdecref(self.name);
}

static void property_dealloc(Object *self) {
    dealloc_nested(self, property_dealloc_now);
}

/* "property 'x' of 'C' object has no getter" */
static int has_no(const Property *self, const Object *obj, const char *what) {
    Object *name = self->name ? object_repr(self->name) : NULL;
    if (self->name && !name) return -1;
    error_set(AttributeError, "property %s%sof '%s' object has no %s", name ? repr_text(name) : "",
              name ? " " : "", obj->type->name, what);
    xdecref(name);
    return -1;
}

static Object *property_descr_get(Object *op, Object *obj, Type *type) {
    Property *self = (Property *)op;
    (void)type;
    if (!obj || obj == None) return new_ref(op);
    if (self->get) return object_vectorcall(self->get, &obj, 1, NULL);
    has_no(self, obj, "getter");
    return NULL;
}

static int property_descr_set(Object *op, Object *obj, Object *value) {
    Property *self = (Property *)op;
    Object *func = value ? self->set : self->del;
    if (!func) return has_no(self, obj, value ? "setter" : "deleter");
    Object *args[] = {obj, value};
    Object *result = object_vectorcall(func, args, value ? 2 : 1, NULL);
    xdecref(result);
    return result ? 0 : -1;
}

static int property_set_name(Object *op, Type *owner, Str *name) {
    Property *self = (Property *)op;
    Object *old = self->name;
    (void)owner;
    self->name = new_ref(name);
    xdecref(old);
    return 0;
}

/* A changed copy; the property itself is never changed, so x.setter does not alter a base class's
 * x. CPython: property_copy(). */
static Object *property_copy(const Property *old, Object *get, Object *set, Object *del) {
    if (!get || get == None) get = old->get;
    if (!set || set == None) set = old->set;
    if (!del || del == None) del = old->del;
    Object *doc = old->getter_doc && get ? NULL : old->doc; // NULL: the getter's
    Property *copy = (Property *)property_new(get, set, del, doc);
    if (copy && old->name) copy->name = new_ref(old->name);
    return OBJECT(copy);
}

/* -1 with TypeError unless one argument was given. CPython: METH_O; Objects/descrobject.c,
 * method_check_args(), method_vectorcall_O(). */
static int takes_one(const char *name, ssize_t nargs, Tuple *kwnames) {
    if (kwnames) return error_set(TypeError, "property.%s() takes no keyword arguments", name);
    if (nargs == 1) return 0;
    return error_set(TypeError, "property.%s() takes exactly one argument (%zd given)", name,
                     nargs);
}

static Object *property_getter(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    if (takes_one("getter", nargs, kwnames) < 0) return NULL;
    return property_copy((Property *)self, args[0], NULL, NULL);
}
static Object *property_setter(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    if (takes_one("setter", nargs, kwnames) < 0) return NULL;
    return property_copy((Property *)self, NULL, args[0], NULL);
}
static Object *property_deleter(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    if (takes_one("deleter", nargs, kwnames) < 0) return NULL;
    return property_copy((Property *)self, NULL, NULL, args[0]);
}

static Object *or_none(Object *op) {
    return new_ref(op ? op : None);
}
static Object *property_fget(Object *self) {
    return or_none(((Property *)self)->get);
}
static Object *property_fset(Object *self) {
    return or_none(((Property *)self)->set);
}
static Object *property_fdel(Object *self) {
    return or_none(((Property *)self)->del);
}
static Object *property_doc(Object *self) {
    return or_none(((Property *)self)->doc);
}
static int property_set_doc(Object *op, Object *value) {
    Property *self = (Property *)op;
    Object *old = self->doc;
    self->doc = value ? new_ref(value) : NULL;
    xdecref(old);
    return 0;
}

static const MethodDef property_methods[] = {
    {"getter", property_getter}, {"setter", property_setter}, {"deleter", property_deleter}, {0}};
static const GetSet property_getset[] = {{"fget", property_fget, readonly},
                                         {"fset", property_fset, readonly},
                                         {"fdel", property_fdel, readonly},
                                         {"__doc__", property_doc, property_set_doc},
                                         {0}};

Type Property_Type = {
    TYPE("property", Property),      .dealloc = property_dealloc,   .descr_get = property_descr_get,
    .descr_set = property_descr_set, .set_name = property_set_name, .new = property_type_new,
    .getset = property_getset,       .methods = property_methods,
};

/* ---- staticmethod and classmethod -------------------------------------------------------------*/

/* What both copy from their function, and the way back to it. CPython: Objects/funcobject.c,
 * functools_wraps(). */
static int look_like(Wrapper *self) {
    for (const char *const *name = WRAPPER_ASSIGNMENTS; *name; name++) {
        Object *value = object_getattr_string(self->callable, *name);
        int status = value ? object_setattr_string(OBJECT(self), *name, value) : 0;
        xdecref(value);
        if (!value && error_matches(AttributeError)) error_clear();
        if (status < 0 || error_occurred()) return -1;
    }
    return 0;
}

static Object *wrapper_new(Type *type, Object *callable) {
    Wrapper *self = object_new(type, 0);
    if (!self) return NULL;
    self->callable = new_ref(callable);
    if (look_like(self) < 0) clear_ref(self);
    return OBJECT(self);
}

Object *staticmethod_new(Object *callable) {
    return wrapper_new(&StaticMethod_Type, callable);
}
Object *classmethod_new(Object *callable) {
    return wrapper_new(&ClassMethod_Type, callable);
}

static Object *wrapper_type_new(Type *type, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    return builtin_check_args(type->name, nargs, kwnames, 1, 1) < 0 ? NULL
                                                                    : wrapper_new(type, args[0]);
}

static void wrapper_dealloc_now(Object *op) {
    Wrapper self = *(Wrapper *)op;
    object_free(op);
    decref(self.callable);
    xdecref(self.dict);
}

static void wrapper_dealloc(Object *self) {
    dealloc_nested(self, wrapper_dealloc_now);
}

/* The function as it is: whatever it was read from does not become an argument. */
static Object *staticmethod_descr_get(Object *self, Object *obj, Type *type) {
    (void)obj;
    (void)type;
    return new_ref(((Wrapper *)self)->callable);
}

/* Bound to the class. What it wraps may be a descriptor itself: 3.9 to 3.12 bind that one (so a
 * classmethod of a property was possible); 3.13 does not. CPython: cm_descr_get(). */
static Object *classmethod_descr_get(Object *op, Object *obj, Type *type) {
    Object *callable = ((Wrapper *)op)->callable;
    if (!type) type = obj->type;
    if (callable->type->descr_get) return callable->type->descr_get(callable, OBJECT(type), type);
    return method_new(callable, OBJECT(type));
}

/* CPython: sm_call(); a staticmethod can be called since 3.10. */
static Object *staticmethod_call(Object *op, Tuple *args, Dict *kwargs) {
    return object_call(((Wrapper *)op)->callable, args, kwargs);
}

static int wrapper_repr(Object *op, Writer *out) {
    writer_puts(out, op->type == &StaticMethod_Type ? "<staticmethod(" : "<classmethod(");
    int status = object_write_repr(((Wrapper *)op)->callable, out);
    return status < 0 ? -1 : writer_puts(out, ")>");
}

static Object *wrapper_get_callable(Object *self) {
    return new_ref(((Wrapper *)self)->callable);
}

static const GetSet wrapper_getset[] = {{"__func__", wrapper_get_callable, readonly},
                                        {"__wrapped__", wrapper_get_callable, readonly},
                                        {0}};

Type StaticMethod_Type = {
    TYPE("staticmethod", Wrapper), .dictoffset = offsetof(Wrapper, dict),
    .dealloc = wrapper_dealloc,    .repr = wrapper_repr,
    .call = staticmethod_call,     .descr_get = staticmethod_descr_get,
    .new = wrapper_type_new,       .getset = wrapper_getset,
};
Type ClassMethod_Type = {
    TYPE("classmethod", Wrapper), .dictoffset = offsetof(Wrapper, dict), .dealloc = wrapper_dealloc,
    .repr = wrapper_repr,         .descr_get = classmethod_descr_get,    .new = wrapper_type_new,
    .getset = wrapper_getset,
};

/* ---- cached_property --------------------------------------------------------------------------*/

Object *cached_property_new(Object *func) {
    CachedProperty *self = object_new(&CachedProperty_Type, 0);
    if (!self) return NULL;
    self->func = new_ref(func);
    if ((self->doc = object_getattr_string(func, "__doc__"))) return OBJECT(self);
    if (!error_matches(AttributeError)) { // in CPython every object has one
        decref(self);
        return NULL;
    }
    error_clear();
    self->doc = new_ref(None);
    return OBJECT(self);
}

static Object *cached_property_type_new(Type *type, Object *const *args, ssize_t nargs,
                                        Tuple *kwnames) {
    return builtin_check_args(type->name, nargs, kwnames, 1, 1) < 0 ? NULL
                                                                    : cached_property_new(args[0]);
}

static void cached_property_dealloc_now(Object *op) {
    CachedProperty self = *(CachedProperty *)op;
    object_free(op);
    decref(self.func);
    xdecref(self.doc);
    xdecref(self.attrname);
}

static void cached_property_dealloc(Object *self) {
    dealloc_nested(self, cached_property_dealloc_now);
}

static int cached_property_set_name(Object *op, Type *owner, Str *name) {
    CachedProperty *self = (CachedProperty *)op;
    (void)owner;
    if (!self->attrname) self->attrname = (Str *)new_ref(name);
    if (self->attrname == name) return 0;
    return error_set(
        TypeError, "Cannot assign the same cached_property to two different names ('%s' and '%s').",
        self->attrname->text, name->text);
}

/* Runs once an instance: the value goes into its dict, where the next lookup finds it, before it
 * comes here. CPython: Lib/functools.py, cached_property.__get__(). */
static Object *cached_property_descr_get(Object *op, Object *obj, Type *type) {
    CachedProperty *self = (CachedProperty *)op;
    (void)type;
    if (!obj || obj == None) return new_ref(op);
    if (!self->attrname) {
        error_set(TypeError,
                  "Cannot use cached_property instance without calling __set_name__ on it.");
        return NULL;
    }
    bool readonly_dict = obj->type == &Type_Type; // a classmethod has bound it to its class
    Dict *dict = readonly_dict ? ((Type *)obj)->dict : object_dict(obj);
    if (!dict) {
        if (!error_occurred())
            error_set(TypeError, "No '__dict__' attribute on '%s' instance to cache '%s' property.",
                      obj->type->name, self->attrname->text);
        return NULL;
    }
    Object *value = dict_get_item(dict, self->attrname);
    if (value) return new_ref(value);
    incref(dict); // the function may give the instance another
    value = object_vectorcall(self->func, &obj, 1, NULL);
    if (value && readonly_dict)
        error_set(TypeError,
                  "The '__dict__' attribute on '%s' instance does not support item assignment for "
                  "caching '%s' property.",
                  obj->type->name, self->attrname->text);
    if (value && (readonly_dict || dict_set_item(dict, self->attrname, value) < 0))
        clear_ref(value);
    decref(dict);
    return value;
}

static int cached_property_repr(Object *self, Writer *out) {
    char text[64];
    snprintf(text, sizeof text, "<functools.cached_property object at %p>", (void *)self);
    return writer_puts(out, text);
}

static Object *cached_property_func(Object *self) {
    return new_ref(((CachedProperty *)self)->func);
}
static Object *cached_property_doc(Object *self) {
    return new_ref(((CachedProperty *)self)->doc);
}
static Object *cached_property_attrname(Object *self) {
    return or_none(OBJECT(((CachedProperty *)self)->attrname));
}

static const GetSet cached_property_getset[] = {{"func", cached_property_func, NULL},
                                                {"__doc__", cached_property_doc, NULL},
                                                {"attrname", cached_property_attrname, NULL},
                                                {0}};

Type CachedProperty_Type = {
    TYPE("cached_property", CachedProperty),
    .dealloc = cached_property_dealloc,
    .repr = cached_property_repr,
    .descr_get = cached_property_descr_get,
    .set_name = cached_property_set_name,
    .new = cached_property_type_new,
    .getset = cached_property_getset,
};
