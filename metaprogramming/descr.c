/* descr.c: attributes that are asked when they are found: functions, property, staticmethod,
 * classmethod, slots, and those that C code computes.
 *
 * A descriptor is an object whose type has descr_get. Found on a class, it is not handed out but
 * asked: descr_get(descr, obj, type), with obj NULL if the class was asked and not an instance. One
 * that has descr_set as well is a data descriptor, and is asked before the instance's own attributes.
 *
 * Parts from the other topics' slices, where a function takes no keywords and is no descriptor.
 *
 * CPython: Objects/funcobject.c, classobject.c, descrobject.c.
 */
#include "type.h"

/* ---- function and bound method ----------------------------------------------------------------*/

static Object *new_function(Type *type, const char *name, FunctionCode code, FunctionCodeKw code_kw,
                            Object *closure) {
    Str *interned = str_intern(name);
    Function *self = interned ? (Function *)type_generic_alloc(type) : NULL;
    if (!self) return NULL;
    self->name = interned;
    self->code = code;
    self->code_kw = code_kw;
    self->closure = closure ? new_ref(closure) : NULL;
    return OBJECT(self);
}

Object *function_new(const char *name, FunctionCode code, Object *closure) {
    return new_function(&Function_Type, name, code, NULL, closure);
}

Object *function_new_kw(const char *name, FunctionCodeKw code, Object *closure) {
    return new_function(&Function_Type, name, NULL, code, closure);
}

Object *builtin_new(const char *name, FunctionCodeKw code, Object *closure) {
    return new_function(&Builtin_Type, name, NULL, code, closure);
}

static void function_dealloc(Object *op) {
    xdecref(((Function *)op)->closure);
    object_free(op);
}

static Object *function_repr(Object *op) {
    return str_from_format("<function %s at %p>", ((Function *)op)->name->text, (void *)op);
}

static Object *builtin_repr(Object *op) {
    return str_from_format("<built-in function %s>", ((Function *)op)->name->text);
}

/* Calls that nest too deeply end in an error and not in a crash: a __getattribute__ that asks itself,
 * say. CPython: Python/ceval.c, _Py_CheckRecursiveCall(). */
static Object *function_call(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Function *self = (Function *)op;
    if (!self->code_kw && kwnames && kwnames->size > 0) {
        error_set(TypeError, "%s() got an unexpected keyword argument '%s'", self->name->text,
                  str_text(kwnames->items[0]));
        return NULL;
    }
    if (recursion_enter("") < 0) return NULL;
    Object *result = self->code ? self->code(self->closure, args, nargs)
                                : self->code_kw(self->closure, args, nargs, kwnames);
    recursion_leave();
    return result;
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
    Method *method = (Method *)type_generic_alloc(&Method_Type);
    if (!method) return NULL;
    method->func = new_ref(func);
    method->self = new_ref(self);
    return OBJECT(method);
}

static void method_dealloc(Object *op) {
    decref(((Method *)op)->func);
    decref(((Method *)op)->self);
    object_free(op);
}

/* self(args...) is func(self.self, args...). CPython: method_vectorcall(). */
static Object *method_call(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Method *self = (Method *)op;
    return object_call_prepend(self->func, self->self, args, nargs, kwnames);
}

static Object *method_repr(Object *op) {
    Method *self = (Method *)op;
    Object *of = object_repr(self->self);
    bool known = self->func->type == &Function_Type;
    Object *text =
        of ? str_from_format("<bound method %s of %s>",
                             known ? ((Function *)self->func)->name->text : "?", str_text(of))
           : NULL;
    xdecref(of);
    return text;
}

Type Method_Type = {STATIC_TYPE("method", Method), .repr = method_repr, .call = method_call,
                    .dealloc = method_dealloc};

/* ---- object.__getattribute__: the cell of a static type, as a method --------------------------*/

static Object *slot_wrapper_repr(Object *op) {
    SlotWrapper *self = (SlotWrapper *)op;
    return str_from_format("<slot wrapper '%s' of '%s' objects>", self->base->name,
                           self->type->name);
}

static Object *slot_wrapper_call(Object *op, Object *const *args, ssize_t nargs,
                                 const Tuple *kwnames) {
    SlotWrapper *self = (SlotWrapper *)op;
    if (nargs < 1) {
        error_set(TypeError, "descriptor '%s' of '%.100s' object needs an argument",
                  self->base->name, self->type->name);
        return NULL;
    }
    if (!object_type_check(args[0], self->type)) {
        error_set(TypeError, "descriptor '%s' requires a '%.100s' object but received a '%.100s'",
                  self->base->name, self->type->name, args[0]->type->name);
        return NULL;
    }
    bool takes_keywords =
        self->base->offset == offsetof(Type, call) || self->base->offset == offsetof(Type, init);
    if (kwnames && kwnames->size > 0 && !takes_keywords) {
        error_set(TypeError, "wrapper %s() takes no keyword arguments", self->base->name);
        return NULL;
    }
    return self->base->wrapper(args[0], args + 1, nargs - 1, kwnames, self->wrapped);
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
    GetSet *self = interned ? (GetSet *)type_generic_alloc(&GetSet_Type) : NULL;
    if (!self) return NULL;
    self->type = (Type *)new_ref(type);
    self->name = interned;
    self->get = get;
    self->set = set;
    return OBJECT(self);
}

static void getset_dealloc(Object *op) {
    xdecref(((GetSet *)op)->type);
    object_free(op);
}

static Object *getset_repr(Object *op) {
    return str_from_format("<attribute '%s' of '%s' objects>", ((GetSet *)op)->name->text,
                           ((GetSet *)op)->type->name);
}

static int descr_check(const Type *type, const char *name, const Object *obj) {
    if (object_type_check(obj, type)) return 0;
    return error_set(TypeError,
                     "descriptor '%s' for '%.100s' objects doesn't apply to a '%.100s' object",
                     name, type->name, obj->type->name);
}

int method_check(const Type *type, const char *name, Object *const *args, ssize_t nargs) {
    if (nargs > 0) return descr_check(type, name, args[0]);
    return error_set(TypeError, "unbound method %s.%s() needs an argument", type->name, name);
}

static Object *getset_descr_get(Object *op, Object *obj, Object *type) {
    GetSet *self = (GetSet *)op;
    (void)type;
    if (!obj) return new_ref(op);
    return descr_check(self->type, self->name->text, obj) < 0 ? NULL : self->get(obj);
}

static int getset_descr_set(Object *op, Object *obj, Object *value) {
    GetSet *self = (GetSet *)op;
    if (descr_check(self->type, self->name->text, obj) < 0) return -1;
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

/* ---- Slots ------------------------------------------------------------------------------------*/

Object *member_new(Type *type, Str *name, ssize_t offset) {
    Member *self = (Member *)type_generic_alloc(&Member_Type);
    if (!self) return NULL;
    self->type = (Type *)new_ref(type);
    self->name = name;
    self->offset = offset;
    return OBJECT(self);
}

static void member_dealloc(Object *op) {
    xdecref(((Member *)op)->type);
    object_free(op);
}

static Object *member_repr(Object *op) {
    return str_from_format("<member '%s' of '%s' objects>", ((Member *)op)->name->text,
                           ((Member *)op)->type->name);
}

static Object **member_cell(const Member *self, Object *obj) {
    if (descr_check(self->type, self->name->text, obj) < 0) return NULL;
    return (Object **)(void *)((char *)obj + self->offset);
}

/* CPython: Python/structmember.c, PyMember_GetOne(), PyMember_SetOne(). */
static Object *member_descr_get(Object *op, Object *obj, Object *type) {
    Member *self = (Member *)op;
    (void)type;
    if (!obj) return new_ref(op);
    Object **cell = member_cell(self, obj);
    if (cell && *cell) return new_ref(*cell);
    if (cell) {
        error_set(AttributeError, "'%.200s' object has no attribute '%s'", obj->type->name,
                  self->name->text);
    }
    return NULL;
}

static int member_descr_set(Object *op, Object *obj, Object *value) {
    Member *self = (Member *)op;
    Object **cell = member_cell(self, obj);
    if (!cell) return -1;
    Object *old = *cell;
    if (!old && !value) return error_set(AttributeError, "%s", self->name->text);
    *cell = value ? new_ref(value) : NULL;
    xdecref(old);
    return 0;
}

Type Member_Type = {
    STATIC_TYPE("member_descriptor", Member),
    .flags = PLAIN_DATA,
    .repr = member_repr,
    .descr_get = member_descr_get,
    .descr_set = member_descr_set,
    .dealloc = member_dealloc,
};

/* ---- property ---------------------------------------------------------------------------------*/

Object *property_new(Object *fget, Object *fset, Object *fdel) {
    Property *self = (Property *)type_generic_alloc(&Property_Type);
    if (!self) return NULL;
    self->fget = fget ? new_ref(fget) : NULL;
    self->fset = fset ? new_ref(fset) : NULL;
    self->fdel = fdel ? new_ref(fdel) : NULL;
    return OBJECT(self);
}

static void property_dealloc_now(Object *op) {
    Property *self = (Property *)op;
    xdecref(self->fget);
    xdecref(self->fset);
    xdecref(self->fdel);
    object_free(op);
}

static void property_dealloc(Object *self) {
    dealloc_nested(self, property_dealloc_now);
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
    if (self->fget) return object_call(self->fget, &obj, 1, NULL);
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
    Object *result = object_call(func, (Object *[]){obj, value}, value ? 2 : 1, NULL);
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
    if (!object_type_check(args[2], &Str_Type)) {
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
    STATIC_TYPE("property", Property),
    .descr_get = property_descr_get,
    .descr_set = property_descr_set,
    .dealloc = property_dealloc,
};

/* ---- staticmethod, classmethod ----------------------------------------------------------------*/

static Object *wrapped_new(Type *type, Object *callable) {
    Wrapped *self = (Wrapped *)type_generic_alloc(type);
    if (self) self->callable = new_ref(callable);
    return OBJECT(self);
}

Object *staticmethod_new(Object *callable) {
    return wrapped_new(&StaticMethod_Type, callable);
}

Object *classmethod_new(Object *callable) {
    return wrapped_new(&ClassMethod_Type, callable);
}

static void wrapped_dealloc_now(Object *op) {
    xdecref(((Wrapped *)op)->callable);
    object_free(op);
}

static void wrapped_dealloc(Object *self) {
    dealloc_nested(self, wrapped_dealloc_now);
}

static Object *staticmethod_descr_get(Object *self, Object *obj, Object *type) {
    (void)obj, (void)type;
    return new_ref(((Wrapped *)self)->callable);
}

static Object *staticmethod_call(Object *self, Object *const *args, ssize_t nargs,
                                 const Tuple *kwnames) {
    if (recursion_enter(" while calling a Python object") < 0) return NULL;
    Object *result = object_call(((Wrapped *)self)->callable, args, nargs, kwnames);
    recursion_leave();
    return result;
}

/* Binds to the class. What it wraps is asked in its turn from 3.9 to 3.12. CPython: cm_descr_get(). */
static Object *classmethod_descr_get(Object *self, Object *obj, Object *type) {
    Object *callable = ((Wrapped *)self)->callable;
    if (!type) type = OBJECT(obj->type);
    if (callable->type->descr_get) return callable->type->descr_get(callable, type, type);
    return method_new(callable, type);
}

Type StaticMethod_Type = {
    STATIC_TYPE("staticmethod", Wrapped),
    .call = staticmethod_call,
    .descr_get = staticmethod_descr_get,
    .dealloc = wrapped_dealloc,
};
Type ClassMethod_Type = {
    STATIC_TYPE("classmethod", Wrapped),
    .descr_get = classmethod_descr_get,
    .dealloc = wrapped_dealloc,
};
