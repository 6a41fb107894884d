/* builtins.c: the types `type` and `object`, and what calling a class does.
 *
 * The two types hold the knot in their initialisers: each has Type_Type for its type, and Type_Type
 * has Object_Type for its base. Calling anything goes through the cell `call` of its type. So calling
 * an instance asks its class; calling a class asks its metaclass, mostly type, whose cell makes an
 * instance; and calling a metaclass asks the metaclass's own type, whose cell is the same function:
 * it makes an instance again, and that is a class.
 *
 * Parts from the other topics' slices, where nobody passes keywords and object has no __new__.
 *
 * CPython: Objects/typeobject.c, PyType_Type, PyBaseObject_Type, type_call(), object_new().
 */
#include "type.h"

Identifiers id;

/* ---- The call ---------------------------------------------------------------------------------*/

static Object *make_instance(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    static const char WHO[] = "type.__call__";
    Type *type = (Type *)op;
    if (type == &Type_Type) { // not a metaclass of somebody's: type(x) is a question
        if (nargs == 1 && (!kwnames || kwnames->size == 0)) return new_ref(args[0]->type);
        if (nargs != 3) {
            error_set(TypeError, "type() takes 1 or 3 arguments");
            return NULL;
        }
    }
    if (!type->new) {
        error_set(TypeError, "cannot create '%s' instances", type->name);
        return NULL;
    }
    class_watch(CLASS_CALLS, WHO, "__new__", op, NULL);
    Object *obj = class_watch_result(WHO, "__new__", op, type->new (type, args, nargs, kwnames));
    if (!obj || !type_is_subtype(obj->type, type)) return obj;
    Type *own = obj->type; // perhaps a subclass; one that was cleared may have no init
    if (!own->init) return obj;
    class_watch(CLASS_CALLS, WHO, "__init__", op, obj);
    int status = own->init(obj, args, nargs, kwnames);
    class_watch(status < 0 ? CLASS_RAISES : CLASS_RETURNS, WHO, "__init__", op, None);
    if (status < 0) clear_ref(obj);
    return obj;
}

Object *type_call(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    if (recursion_enter(" while calling a Python object") < 0)
        return NULL; // its __init__ may be it
    Object *obj = make_instance(op, args, nargs, kwnames);
    recursion_leave();
    return obj;
}

Type *type_from(Type *metatype, const char *name, Tuple *bases, Dict *dict) {
    Str *interned = str_intern(name);
    Dict *ns = dict ? (Dict *)new_ref(dict) : dict_new();
    Object *type = NULL;
    if (interned && ns) {
        Object *args[] = {OBJECT(interned), OBJECT(bases), OBJECT(ns)};
        type = object_call(OBJECT(metatype), args, 3, NULL);
    }
    xdecref(ns);
    return (Type *)type;
}

/* ---- object -----------------------------------------------------------------------------------*/

static bool excess_args(ssize_t nargs, const Tuple *kwnames) {
    return nargs > 0 || (kwnames && kwnames->size > 0);
}

/* Arguments that reach object are arguments that nobody wanted, if nobody else could want them. */
Object *object_new(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    (void)args;
    bool excess = excess_args(nargs, kwnames);
    if (excess && type->new != object_new) {
        error_set(TypeError,
                  "object.__new__() takes exactly one argument (the type to instantiate)");
        return NULL;
    }
    if (excess && type->init == object_init) {
        error_set(TypeError, "%.200s() takes no arguments", type->name);
        return NULL;
    }
    return type_generic_alloc(type);
}

int object_init(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    (void)args;
    const Type *type = self->type;
    bool excess = excess_args(nargs, kwnames);
    if (excess && type->init != object_init) {
        return error_set(TypeError, "object.__init__() takes exactly one argument (the instance to "
                                    "initialize)");
    }
    if (excess && type->new == object_new) {
        return error_set(TypeError,
                         "%.200s.__init__() takes exactly one argument (the instance to "
                         "initialize)",
                         type->name);
    }
    return 0;
}

/* object.__new__(C, ...) and its like: the cell `new` of a static type, the closure, as an attribute.
 * Not for a class whose instances another static type lays out. CPython: tp_new_wrapper(). */
static Object *tp_new_wrapper(Object *closure, Object *const *args, ssize_t nargs,
                              const Tuple *kwnames) {
    Type *type = (Type *)closure;
    if (nargs < 1) {
        error_set(TypeError, "%s.__new__(): not enough arguments", type->name);
        return NULL;
    }
    if (!type_check(args[0])) {
        error_set(TypeError, "%s.__new__(X): X is not a type object (%s)", type->name,
                  args[0]->type->name);
        return NULL;
    }
    Type *subtype = (Type *)args[0], *staticbase = subtype;
    if (!type_is_subtype(subtype, type)) {
        error_set(TypeError, "%s.__new__(%s): %s is not a subtype of %s", type->name, subtype->name,
                  subtype->name, type->name);
        return NULL;
    }
    while (staticbase && staticbase->new == slot_tp_new)
        staticbase = staticbase->base;
    if (staticbase && staticbase->new != type->new) {
        error_set(TypeError, "%s.__new__(%s) is not safe, use %s.__new__()", type->name,
                  subtype->name, staticbase->name);
        return NULL;
    }
    return type->new (subtype, args + 1, nargs - 1, kwnames);
}

/* The last one of the chain: takes no keywords, so those that nobody took are an error here. */
static Object *object_init_subclass(Object *closure, Object *const *args, ssize_t nargs,
                                    const Tuple *kwnames) {
    (void)closure;
    const Type *type = nargs > 0 && type_check(args[0]) ? (Type *)args[0] : &Object_Type;
    const char *name = type->flags & HEAPTYPE ? type->ht_qualname->text : type->name;
    if (kwnames && kwnames->size > 0) {
        error_set(TypeError, "%s.__init_subclass__() takes no keyword arguments", name);
        return NULL;
    }
    if (nargs <= 1) return new_ref(None);
    error_set(TypeError, "%s.__init_subclass__() takes no arguments (%zd given)", name, nargs - 1);
    return NULL;
}

/* "module.Name" of what a class statement made, "Name" of builtins: a new Str. */
static Object *qualified_name(const Type *type) {
    if (!(type->flags & HEAPTYPE)) return str_from_string(type->name);
    const Object *module = dict_get_item(type->dict, id.module);
    return str_from_format("%s.%s", module && str_check(module) ? str_text(module) : "__main__",
                           type->ht_qualname->text);
}

static Object *object_default_repr(Object *self) {
    Object *name = qualified_name(self->type);
    Object *text = name ? str_from_format("<%s object at %p>", str_text(name), (void *)self) : NULL;
    xdecref(name);
    return text;
}

static Object *object_default_str(Object *self) {
    return self->type->repr(self);
}

static Object *object_get_class(Object *self) {
    return new_ref(self->type);
}

Type Object_Type = {
    .ob = {1, &Type_Type},
    .name = "object",
    .basicsize = sizeof(Object),
    .flags = BASETYPE,
    .repr = object_default_repr,
    .str = object_default_str,
    .getattro = object_generic_getattr,
    .setattro = object_generic_setattr,
    .init = object_init,
    .new = object_new,
    .dealloc = object_free,
};

/* ---- type -------------------------------------------------------------------------------------*/

static int type_init(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    (void)self, (void)args;
    if (nargs == 1 && kwnames && kwnames->size > 0)
        return error_set(TypeError, "type.__init__() takes no keyword arguments");
    if (nargs == 1 || nargs == 3) return 0;
    return error_set(TypeError, "type.__init__() takes 1 or 3 arguments");
}

static Object *type_repr(Object *self) {
    Object *name = qualified_name((Type *)self);
    Object *text = name ? str_from_format("<class '%s'>", str_text(name)) : NULL;
    xdecref(name);
    return text;
}

static Object *type_get_name(Object *self) {
    return str_from_string(((Type *)self)->name);
}

static Object *type_get_qualname(Object *self) {
    Type *type = (Type *)self;
    return type->flags & HEAPTYPE ? new_ref(type->ht_qualname) : type_get_name(self);
}

/* Simplified: of a builtin, no __module__ in its dict to be found for instances. */
static Object *type_get_module(Object *self) {
    Type *type = (Type *)self;
    Object *module = type->flags & HEAPTYPE ? dict_get_item(type->dict, id.module) : NULL;
    return module ? new_ref(module) : str_from_string("builtins");
}

static int type_set_module(Object *self, Object *value) {
    if (value) return type_add((Type *)self, "__module__", new_ref(value));
    return error_set(TypeError, "cannot delete '__module__' attribute of type '%s'",
                     ((Type *)self)->name);
}

static Object *type_get_base(Object *self) {
    Type *base = ((Type *)self)->base;
    return new_ref(base ? OBJECT(base) : None);
}

static Object *type_get_bases(Object *self) {
    return new_ref(((Type *)self)->bases);
}

static Object *type_get_mro(Object *self) {
    Tuple *mro = ((Type *)self)->mro;
    return new_ref(mro ? OBJECT(mro) : None);
}

/* Simplified: a copy; CPython's is a read-only view, mappingproxy. */
static Object *type_get_dict(Object *self) {
    return OBJECT(dict_copy(((Type *)self)->dict));
}

/* Simplified: a tuple; CPython's is a list. */
static Object *type_get_subclasses(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (method_check(&Type_Type, "__subclasses__", args, nargs) < 0) return NULL;
    if (nargs == 1) return type_subclasses((Type *)args[0]);
    error_set(TypeError, "type.__subclasses__() takes no arguments (%zd given)", nargs - 1);
    return NULL;
}

Type Type_Type = {
    .ob = {1, &Type_Type},
    .name = "type",
    .basicsize = sizeof(Type),
    .flags = BASETYPE | TYPE_SUBCLASS,
    .base = &Object_Type,
    .repr = type_repr,
    .call = type_call,
    .getattro = type_getattro,
    .setattro = type_setattro,
    .init = type_init,
    .new = type_new,
    .dealloc = type_dealloc,
};

/* ---- The start --------------------------------------------------------------------------------*/

static int add_new_wrapper(Type *type) {
    char name[64];
    snprintf(name, sizeof name, "%s.__new__", type->name);
    return type_add(type, "__new__", builtin_new(name, tp_new_wrapper, OBJECT(type)));
}

static int add_init_subclass(void) {
    Object *func = builtin_new("object.__init_subclass__", object_init_subclass, NULL);
    Object *method = func ? classmethod_new(func) : NULL;
    xdecref(func);
    return type_add(&Object_Type, "__init_subclass__", method);
}

static int identifiers_init(void) {
    const struct {
        Str **where;
        const char *text;
    } all[] = {
        {&id.annotations, "__annotations__"},
        {&id.class_, "__class__"},
        {&id.class_getitem, "__class_getitem__"},
        {&id.classcell, "__classcell__"},
        {&id.dict, "__dict__"},
        {&id.dir, "__dir__"},
        {&id.init_subclass, "__init_subclass__"},
        {&id.instancecheck, "__instancecheck__"},
        {&id.main, "__main__"},
        {&id.metaclass, "metaclass"},
        {&id.module, "__module__"},
        {&id.mro_entries, "__mro_entries__"},
        {&id.new, "__new__"},
        {&id.prepare, "__prepare__"},
        {&id.qualname, "__qualname__"},
        {&id.repr, "__repr__"},
        {&id.set_name, "__set_name__"},
        {&id.slots, "__slots__"},
        {&id.subclasscheck, "__subclasscheck__"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!(*all[i].where = str_intern(all[i].text))) return -1;
    }
    return 0;
}

int types_init(void) {
    static const struct {
        Type *type;
        const char *name;
        Object *(*get)(Object *);
        int (*set)(Object *, Object *);
    } getsets[] = {
        {&Object_Type, "__class__", object_get_class, NULL},
        {&Type_Type, "__name__", type_get_name, NULL},
        {&Type_Type, "__qualname__", type_get_qualname, NULL},
        {&Type_Type, "__module__", type_get_module, type_set_module},
        {&Type_Type, "__base__", type_get_base, NULL},
        {&Type_Type, "__bases__", type_get_bases, NULL},
        {&Type_Type, "__mro__", type_get_mro, NULL},
        {&Type_Type, "__dict__", type_get_dict, NULL},
    };
    static Type *const types[] = {
        &Object_Type,       &Type_Type,        &None_Type,   &Int_Type,         &Bool_Type,
        &Str_Type,          &Tuple_Type,       &Dict_Type,   &Function_Type,    &Builtin_Type,
        &Method_Type,       &GetSet_Type,      &Member_Type, &SlotWrapper_Type, &Property_Type,
        &StaticMethod_Type, &ClassMethod_Type, &Super_Type,  &Cell_Type,
    };
    if (identifiers_init() < 0 || slotdefs_init() < 0) return -1;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (type_ready(types[i]) < 0) return -1;
    }
    for (size_t i = 0; i < sizeof getsets / sizeof *getsets; i++) {
        Object *getset =
            getset_new(getsets[i].type, getsets[i].name, getsets[i].get, getsets[i].set);
        if (type_add(getsets[i].type, getsets[i].name, getset) < 0) return -1;
    }
    if (add_new_wrapper(&Object_Type) < 0 || add_new_wrapper(&Type_Type) < 0 ||
        add_new_wrapper(&Dict_Type) < 0 || add_init_subclass() < 0 ||
        type_add(&Type_Type, "__subclasses__",
                 function_new("type.__subclasses__", type_get_subclasses, NULL)) < 0)
        return -1;
    return type_add(&Property_Type, "__set_name__",
                    function_new("property.__set_name__", property_set_name, NULL));
}
