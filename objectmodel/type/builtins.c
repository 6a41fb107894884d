/* builtins.c: the types `type` and `object`, and what the interpreter does through cells: `+`, len(),
 * calls, repr().
 *
 * The two types hold the knot in their initialisers: each has Type_Type for its type, and Type_Type
 * has Object_Type for its base. What they can do is what everything else can do, as every empty cell
 * of a type ends up with object's.
 *
 * CPython: Objects/typeobject.c, PyType_Type, PyBaseObject_Type; Objects/abstract.c, binary_op1();
 * Objects/object.c.
 */
#include "type.h"

/* ---- object -----------------------------------------------------------------------------------*/

static void object_dealloc_last(Object *self) {
    self->type->free(self);
}

static Object *object_default_repr(Object *self) {
    const char *module = self->type->flags & HEAPTYPE ? "__main__." : "";
    return str_from_format("<%s%s object at %p>", module, self->type->name, (void *)self);
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
    .alloc = type_generic_alloc,
    .dealloc = object_dealloc_last,
    .free = object_del,
};

/* ---- type -------------------------------------------------------------------------------------*/

static Object *type_repr(Object *self) {
    const char *module = ((Type *)self)->flags & HEAPTYPE ? "__main__." : "";
    return str_from_format("<class '%s%s'>", module, ((Type *)self)->name);
}

static Object *type_get_name(Object *self) {
    return str_from_string(((Type *)self)->name);
}

static Object *type_get_base(Object *self) {
    Type *base = ((Type *)self)->base;
    return new_ref(base ? OBJECT(base) : None);
}

static Object *type_get_bases(Object *self) {
    return new_ref(((Type *)self)->bases);
}

static int type_assign_bases(Object *self, Object *value) {
    return type_set_bases((Type *)self, value);
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
    .flags = BASETYPE | HAVE_GC,
    .base = &Object_Type,
    .repr = type_repr,
    .getattro = type_getattro,
    .setattro = type_setattro,
    .dealloc = type_dealloc,
    .free = object_gc_del,
    .dictoffset = offsetof(Type, dict),
    .weaklistoffset = offsetof(Type, weaklist),
    .layout = &dict_layout,
};

/* ---- The start --------------------------------------------------------------------------------*/

int types_init(void) {
    static const struct {
        Type *type;
        const char *name;
        Object *(*get)(Object *);
        int (*set)(Object *, Object *);
    } getsets[] = {
        {&Object_Type, "__class__", object_get_class, object_set_class},
        {&Type_Type, "__name__", type_get_name, NULL},
        {&Type_Type, "__base__", type_get_base, NULL},
        {&Type_Type, "__bases__", type_get_bases, type_assign_bases},
        {&Type_Type, "__mro__", type_get_mro, NULL},
        {&Type_Type, "__dict__", type_get_dict, NULL},
    };
    static Type *const types[] = {
        &Object_Type,       &Type_Type,        &None_Type,   &NotImplemented_Type, &Int_Type,
        &Str_Type,          &Tuple_Type,       &Dict_Type,   &WeakRef_Type,        &Function_Type,
        &Builtin_Type,      &Method_Type,      &GetSet_Type, &SlotWrapper_Type,    &Property_Type,
        &StaticMethod_Type, &ClassMethod_Type, &Super_Type,
    };
    if (slotdefs_init() < 0) return -1;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (type_ready(types[i]) < 0) return -1;
    }
    for (size_t i = 0; i < sizeof getsets / sizeof *getsets; i++) {
        Object *getset =
            getset_new(getsets[i].type, getsets[i].name, getsets[i].get, getsets[i].set);
        if (type_add(getsets[i].type, getsets[i].name, getset) < 0) return -1;
    }
    if (type_add(&Type_Type, "__subclasses__",
                 function_new("__subclasses__", type_get_subclasses, NULL)) < 0)
        return -1;
    return type_add(&Property_Type, "__set_name__",
                    function_new("__set_name__", property_set_name, NULL));
}

/* ---- left + right -----------------------------------------------------------------------------*/

typedef Object *(*Binary)(Object *, Object *);

/* Each operand's cell is called once with both, the right one's first if its class is derived from
 * the left one's. CPython: binary_op1(). */
static Object *binary_op(Object *left, Object *right, size_t offset, const char *sign) {
    Binary slotv = (Binary)type_slot(left->type, offset);
    Binary slotw = right->type == left->type ? NULL : (Binary)type_slot(right->type, offset);
    if (slotw == slotv) slotw = NULL;
    Binary order[2] = {slotv, slotw};
    if (slotv && slotw && type_is_subtype(right->type, left->type)) {
        order[0] = slotw;
        order[1] = slotv;
    }
    for (int i = 0; i < 2; i++) {
        Object *result = order[i] ? order[i](left, right) : NULL;
        if (order[i] && result != NotImplemented) return result;
        xdecref(result);
    }
    error_set(TypeError, "unsupported operand type(s) for %.100s: '%.100s' and '%.100s'", sign,
              left->type->name, right->type->name);
    return NULL;
}

Object *number_add(Object *left, Object *right) {
    return binary_op(left, right, offsetof(Type, nb_add), "+");
}

Object *number_subtract(Object *left, Object *right) {
    return binary_op(left, right, offsetof(Type, nb_subtract), "-");
}

Object *number_multiply(Object *left, Object *right) {
    return binary_op(left, right, offsetof(Type, nb_multiply), "*");
}

/* ---- Other cells ------------------------------------------------------------------------------*/

ssize_t object_length(Object *self) {
    if (self->type->sq_length) return self->type->sq_length(self);
    return error_set(TypeError, "object of type '%.200s' has no len()", self->type->name);
}

Object *object_call(Object *self, Object *const *args, ssize_t nargs) {
    if (self->type->call) return self->type->call(self, args, nargs);
    error_set(TypeError, "'%.200s' object is not callable", self->type->name);
    return NULL;
}

Object *object_call_prepend(Object *func, Object *self, Object *const *args, ssize_t nargs) {
    Object *few[8], **all = nargs < 8 ? few : malloc((size_t)(nargs + 1) * sizeof *all);
    if (!all) return error_no_memory();
    all[0] = self;
    for (ssize_t i = 0; i < nargs; i++)
        all[i + 1] = args[i];
    Object *result = object_call(func, all, nargs + 1);
    if (all != few) free(all);
    return result;
}

static Object *checked_str(Object *result, const char *method) { // steals result
    if (!result || type_is_subtype(result->type, &Str_Type)) return result;
    error_set(TypeError, "%s returned non-string (type %.200s)", method, result->type->name);
    decref(result);
    return NULL;
}

Object *object_repr(Object *self) {
    return checked_str(self->type->repr(self), "__repr__");
}

Object *object_str(Object *self) {
    return checked_str(self->type->str(self), "__str__");
}
