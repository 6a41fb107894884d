/* descr.c: attributes that are asked when they are found: functions, property, staticmethod,
 * classmethod, super, and those that C code computes; and the types `type` and `object` themselves.
 *
 * A descriptor is an object whose type has descr_get. Found on a class, it is not handed out but
 * asked: descr_get(descr, obj, type), with obj NULL if the class was asked and not an instance. So a
 * function becomes a method, and a property calls its getter. One that has descr_set as well is a
 * data descriptor, and is asked before the instance's own attributes.
 *
 * CPython: Objects/funcobject.c, classobject.c, descrobject.c; typeobject.c, super_getattro().
 */
#include "type.h"

/* ---- function and bound method ----------------------------------------------------------------*/

static Object *new_function(Type *type, const char *name, FunctionCode code, Object *closure) {
    Str *interned = str_intern(name);
    Function *self = interned ? (Function *)type_generic_alloc(type, 0) : NULL;
    if (!self) return NULL;
    self->name = interned;
    self->code = code;
    self->closure = closure ? new_ref(closure) : NULL;
    return OBJECT(self);
}

Object *function_new(const char *name, FunctionCode code, Object *closure) {
    return new_function(&Function_Type, name, code, closure);
}

Object *builtin_new(const char *name, FunctionCode code, Object *closure) {
    return new_function(&Builtin_Type, name, code, closure);
}

static void function_dealloc(Object *op) {
    xdecref(((Function *)op)->closure);
    op->type->free(op);
}

static Object *function_repr(Object *op) {
    return str_from_format("<function %s at %p>", ((Function *)op)->name->text, (void *)op);
}

static Object *builtin_repr(Object *op) {
    return str_from_format("<built-in function %s>", ((Function *)op)->name->text);
}

static Object *function_call(Object *op, Object *const *args, ssize_t nargs) {
    Function *self = (Function *)op;
    return self->code(self->closure, args, nargs);
}

static Object *function_descr_get(Object *self, Object *obj, Object *type) {
    (void)type;
    return obj ? method_new(self, obj) : new_ref(self);
}

Type Function_Type = {
    STATIC_TYPE("function", Function), .repr = function_repr,       .call = function_call,
    .descr_get = function_descr_get,   .dealloc = function_dealloc,
};
Type Builtin_Type = {
    STATIC_TYPE("builtin_function_or_method", Function),
    .repr = builtin_repr,
    .call = function_call,
    .dealloc = function_dealloc,
};

Object *method_new(Object *func, Object *self) {
    Method *method = (Method *)type_generic_alloc(&Method_Type, 0);
    if (!method) return NULL;
    method->func = new_ref(func);
    method->self = new_ref(self);
    return OBJECT(method);
}

static void method_dealloc(Object *op) {
    decref(((Method *)op)->func);
    decref(((Method *)op)->self);
    op->type->free(op);
}

/* self(args...) is func(self.self, args...). CPython: method_vectorcall(). */
static Object *method_call(Object *op, Object *const *args, ssize_t nargs) {
    Method *self = (Method *)op;
    return object_call_prepend(self->func, self->self, args, nargs);
}

Type Method_Type = {STATIC_TYPE("method", Method), .call = method_call, .dealloc = method_dealloc};

/* ---- int.__add__: the cell of a static type, as a method --------------------------------------*/

static Object *slot_wrapper_repr(Object *op) {
    SlotWrapper *self = (SlotWrapper *)op;
    return str_from_format("<slot wrapper '%s' of '%s' objects>", self->base->name,
                           self->type->name);
}

static Object *slot_wrapper_call(Object *op, Object *const *args, ssize_t nargs) {
    SlotWrapper *self = (SlotWrapper *)op;
    if (nargs < 1) {
        error_set(TypeError, "descriptor '%s' of '%.100s' object needs an argument",
                  self->base->name, self->type->name);
        return NULL;
    }
    if (!object_is_instance(args[0], self->type)) {
        error_set(TypeError, "descriptor '%s' requires a '%.100s' object but received a '%.100s'",
                  self->base->name, self->type->name, args[0]->type->name);
        return NULL;
    }
    return self->base->wrapper(args[0], args + 1, nargs - 1, self->wrapped);
}

/* Simplified: gives a bound method; CPython has a type of its own for it, method-wrapper. */
Type SlotWrapper_Type = {
    STATIC_TYPE("wrapper_descriptor", SlotWrapper),
    .repr = slot_wrapper_repr,
    .call = slot_wrapper_call,
    .descr_get = function_descr_get,
};

/* ---- Attributes that C code computes ----------------------------------------------------------*/

Object *getset_new(Type *type, const char *name, Object *(*get)(Object *),
                   int (*set)(Object *, Object *)) {
    Str *interned = str_intern(name);
    GetSet *self = interned ? (GetSet *)type_generic_alloc(&GetSet_Type, 0) : NULL;
    if (!self) return NULL;
    self->type = (Type *)new_ref(type);
    self->name = interned;
    self->get = get;
    self->set = set;
    return OBJECT(self);
}

static void getset_dealloc(Object *op) {
    decref(((GetSet *)op)->type);
    op->type->free(op);
}

static Object *getset_repr(Object *op) {
    return str_from_format("<attribute '%s' of '%s' objects>", ((GetSet *)op)->name->text,
                           ((GetSet *)op)->type->name);
}

static int descr_check(const Type *type, const char *name, const Object *obj) {
    if (object_is_instance(obj, type)) return 0;
    return error_set(TypeError,
                     "descriptor '%s' for '%.100s' objects doesn't apply to a '%.100s' object",
                     name, type->name, obj->type->name);
}

static int getset_check(const GetSet *self, const Object *obj) {
    return descr_check(self->type, self->name->text, obj);
}

int method_check(const Type *type, const char *name, Object *const *args, ssize_t nargs) {
    if (nargs > 0) return descr_check(type, name, args[0]);
    return error_set(TypeError, "unbound method %s.%s() needs an argument", type->name, name);
}

static Object *getset_descr_get(Object *op, Object *obj, Object *type) {
    GetSet *self = (GetSet *)op;
    (void)type;
    if (!obj) return new_ref(op);
    return getset_check(self, obj) < 0 ? NULL : self->get(obj);
}

static int getset_descr_set(Object *op, Object *obj, Object *value) {
    GetSet *self = (GetSet *)op;
    if (getset_check(self, obj) < 0) return -1;
    if (self->set) return self->set(obj, value);
    return error_set(AttributeError, "attribute '%s' of '%.100s' objects is not writable",
                     self->name->text, self->type->name);
}

Type GetSet_Type = {
    STATIC_TYPE("getset_descriptor", GetSet),
    .repr = getset_repr,
    .descr_get = getset_descr_get,
    .descr_set = getset_descr_set,
    .dealloc = getset_dealloc,
};

/* ---- property ---------------------------------------------------------------------------------*/

Object *property_new(Object *fget, Object *fset, Object *fdel) {
    Property *self = (Property *)type_generic_alloc(&Property_Type, 0);
    if (!self) return NULL;
    self->fget = fget ? new_ref(fget) : NULL;
    self->fset = fset ? new_ref(fset) : NULL;
    self->fdel = fdel ? new_ref(fdel) : NULL;
    return OBJECT(self);
}

static void property_dealloc(Object *op) {
    Property *self = (Property *)op;
    xdecref(self->fget);
    xdecref(self->fset);
    xdecref(self->fdel);
    op->type->free(op);
}

static void property_error(const Property *self, const Object *obj, const char *what) {
    const char *quote = self->prop_name ? "'" : "", *space = self->prop_name ? " " : "";
    error_set(AttributeError, "property %s%s%s%sof '%s' object has no %s", quote,
              self->prop_name ? self->prop_name->text : "", quote, space, obj->type->name, what);
}

static Object *property_descr_get(Object *op, Object *obj, Object *type) {
    Property *self = (Property *)op;
    (void)type;
    if (!obj || obj == None) return new_ref(op);
    if (self->fget) return object_call(self->fget, &obj, 1);
    property_error(self, obj, "getter");
    return NULL;
}

static int property_descr_set(Object *op, Object *obj, Object *value) {
    Property *self = (Property *)op;
    Object *func = value ? self->fset : self->fdel;
    if (!func) {
        property_error(self, obj, value ? "setter" : "deleter");
        return -1;
    }
    Object *result = object_call(func, (Object *[]){obj, value}, value ? 2 : 1);
    xdecref(result);
    return result ? 0 : -1;
}

/* property.__set_name__(self, owner, name). Simplified: CPython takes any object for a name. */
Object *property_set_name(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (method_check(&Property_Type, "__set_name__", args, nargs) < 0) return NULL;
    if (nargs != 3) {
        error_set(TypeError, "__set_name__() takes 2 positional arguments but %zd were given",
                  nargs - 1);
        return NULL;
    }
    if (!object_is_instance(args[2], &Str_Type)) {
        error_set(TypeError, "__set_name__() argument 2 must be str, not %.50s",
                  args[2]->type->name);
        return NULL;
    }
    Str *name = str_intern(((Str *)args[2])->text);
    if (!name) return NULL;
    ((Property *)args[0])->prop_name = name;
    return new_ref(None);
}

Type Property_Type = {
    STATIC_TYPE("property", Property), .flags = BASETYPE | HAVE_GC, .descr_get = property_descr_get,
    .descr_set = property_descr_set,   .dealloc = property_dealloc, .free = object_gc_del,
};

/* ---- staticmethod, classmethod ----------------------------------------------------------------*/

static Object *wrapped_new(Type *type, Object *callable) {
    Wrapped *self = (Wrapped *)type_generic_alloc(type, 0);
    if (self) self->callable = new_ref(callable);
    return OBJECT(self);
}

Object *staticmethod_new(Object *callable) {
    return wrapped_new(&StaticMethod_Type, callable);
}

Object *classmethod_new(Object *callable) {
    return wrapped_new(&ClassMethod_Type, callable);
}

static void wrapped_dealloc(Object *op) {
    xdecref(((Wrapped *)op)->callable);
    op->type->free(op);
}

static Object *staticmethod_descr_get(Object *self, Object *obj, Object *type) {
    (void)obj, (void)type;
    return new_ref(((Wrapped *)self)->callable);
}

static Object *staticmethod_call(Object *self, Object *const *args, ssize_t nargs) {
    return object_call(((Wrapped *)self)->callable, args, nargs);
}

/* Binds to the class. What it wraps is asked in its turn from 3.9 to 3.12. CPython: cm_descr_get(). */
static Object *classmethod_descr_get(Object *self, Object *obj, Object *type) {
    Object *callable = ((Wrapped *)self)->callable;
    if (!type) type = OBJECT(obj->type);
    if (callable->type->descr_get) return callable->type->descr_get(callable, type, type);
    return method_new(callable, type);
}

Type StaticMethod_Type = {
    STATIC_TYPE("staticmethod", Wrapped), .flags = BASETYPE | HAVE_GC, .call = staticmethod_call,
    .descr_get = staticmethod_descr_get,  .dealloc = wrapped_dealloc,  .free = object_gc_del,
};
Type ClassMethod_Type = {
    STATIC_TYPE("classmethod", Wrapped),
    .flags = BASETYPE | HAVE_GC,
    .descr_get = classmethod_descr_get,
    .dealloc = wrapped_dealloc,
    .free = object_gc_del,
};

/* ---- super ------------------------------------------------------------------------------------*/

Object *super_new(Type *type, Object *obj) {
    Type *obj_type =
        type_check(obj) && type_is_subtype((Type *)obj, type) ? (Type *)obj : obj->type;
    if (!type_is_subtype(obj_type, type)) {
        error_set(TypeError, "super(type, obj): obj must be an instance or subtype of type");
        return NULL;
    }
    Super *self = (Super *)type_generic_alloc(&Super_Type, 0);
    if (!self) return NULL;
    self->type = (Type *)new_ref(type);
    self->obj = new_ref(obj);
    self->obj_type = (Type *)new_ref(obj_type);
    return OBJECT(self);
}

static void super_dealloc(Object *op) {
    Super *self = (Super *)op;
    xdecref(self->type); // an instance of a subclass may be empty
    xdecref(self->obj);
    xdecref(self->obj_type);
    op->type->free(op);
}

static Object *super_repr(Object *op) {
    return str_from_format("<super: <class '%s'>, <%s object>>", ((Super *)op)->type->name,
                           ((Super *)op)->obj_type->name);
}

/* Searches the MRO of the object's class from behind `type` on: so what comes next is decided by
 * the object, and not by the class whose code says super(). */
static Object *super_getattro(Object *op, Str *name) {
    Super *self = (Super *)op;
    Tuple *mro = self->obj_type->mro;
    ssize_t i = 0, n = strcmp(name->text, "__class__") == 0 || !mro ? 0 : mro->size;
    while (i < n && (Type *)mro->items[i] != self->type)
        i++;
    for (i++; i < n; i++) {
        Object *found = dict_get_item(((Type *)mro->items[i])->dict, name);
        if (!found) continue;
        if (!found->type->descr_get) return new_ref(found);
        Object *obj = self->obj == OBJECT(self->obj_type) ? NULL : self->obj;
        incref(found);
        Object *result = found->type->descr_get(found, obj, OBJECT(self->obj_type));
        decref(found);
        return result;
    }
    return object_generic_getattr(op, name);
}

Type Super_Type = {
    STATIC_TYPE("super", Super), .flags = BASETYPE | HAVE_GC, .repr = super_repr,
    .getattro = super_getattro,  .dealloc = super_dealloc,    .free = object_gc_del,
};
