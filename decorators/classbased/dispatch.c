/* dispatch.c: functools.singledispatch. How it works is in dispatch.h. */
#include "dispatch.h"

/* ---- Class to function ------------------------------------------------------------------------*/

static size_t first_cell(const TypeMap *self, const Type *type) {
    return (size_t)((uint64_t)(uintptr_t)type * UINT64_C(0x9E3779B97F4A7C15) >> 32) &
           (self->size - 1);
}

/* Borrowed; NULL without an error. */
static Object *map_get(const TypeMap *self, const Type *type) {
    if (self->size == 0) return NULL;
    for (size_t i = first_cell(self, type); self->cells[i].type; i = (i + 1) & (self->size - 1)) {
        if (self->cells[i].type == type) return self->cells[i].func;
    }
    return NULL;
}

/* The cell of a class, or the empty one where it belongs. */
static size_t map_find(const TypeMap *self, const Type *type) {
    size_t i = first_cell(self, type);
    while (self->cells[i].type && self->cells[i].type != type)
        i = (i + 1) & (self->size - 1);
    return i;
}

static int map_grow(TypeMap *self) {
    TypeMap new = {.size = self->size ? self->size * 2 : 8, .used = self->used};
    new.cells = calloc(new.size, sizeof *new.cells);
    if (!new.cells) {
        error_no_memory();
        return -1;
    }
    for (size_t i = 0; i < self->size; i++) {
        if (self->cells[i].type) new.cells[map_find(&new, self->cells[i].type)] = self->cells[i];
    }
    free(self->cells);
    *self = new;
    return 0;
}

static int map_set(TypeMap *self, Type *type, Object *func) {
    if (self->used * 2 >= self->size && map_grow(self) < 0) return -1;
    size_t i = map_find(self, type);
    Object *old = self->cells[i].func;
    if (!old) {
        self->cells[i].type = (Type *)new_ref(type);
        self->used++;
    }
    self->cells[i].func = new_ref(func);
    xdecref(old);
    return 0;
}

static void map_clear(TypeMap *self) {
    TypeMap gone = *self;
    *self = (TypeMap){0};
    for (size_t i = 0; i < gone.size; i++) {
        xdecref(gone.cells[i].type);
        xdecref(gone.cells[i].func);
    }
    free(gone.cells);
}

/* ---- Dispatch ---------------------------------------------------------------------------------*/

/* The MRO here is the chain of bases, and `object`, at its end, is registered. CPython:
 * _find_impl(). */
static Object *find_impl(const SingleDispatch *self, const Type *type) {
    Object *func = NULL;
    for (; type && !func; type = type->base)
        func = map_get(&self->registry, type);
    return func;
}

Object *singledispatch_dispatch(SingleDispatch *self, Type *type) {
    Object *func = map_get(&self->cache, type);
    if (func) return func;
    func = find_impl(self, type);
    return map_set(&self->cache, type, func) < 0 ? NULL : func;
}

int singledispatch_register(SingleDispatch *self, Type *type, Object *func) {
    Tuple *order = NULL;
    if (!map_get(&self->registry, type)) {
        ssize_t size = self->order ? self->order->size : 0;
        if (!(order = tuple_new(size + 1))) return -1;
        for (ssize_t i = 0; i <= size; i++)
            order->items[i] = new_ref(i < size ? self->order->items[i] : OBJECT(type));
    }
    if (map_set(&self->registry, type, func) < 0) {
        xdecref(order);
        return -1;
    }
    Tuple *old = order ? self->order : NULL;
    if (order) self->order = order;
    xdecref(old);
    map_clear(&self->cache);
    return 0;
}

static Object *singledispatch_vectorcall(Object *op, Object *const *args, ssize_t nargs,
                                         Tuple *kwnames) {
    SingleDispatch *self = (SingleDispatch *)op;
    if (nargs == 0) {
        error_set(TypeError, "%s requires at least 1 positional argument",
                  ((Str *)self->funcname)->text);
        return NULL;
    }
    Object *func = singledispatch_dispatch(self, args[0]->type);
    if (!func || recursion_enter("") < 0) return NULL; // it may be registered with itself
    incref(func);                                      // it may register another in its own place
    Object *result = object_vectorcall(func, args, nargs, kwnames);
    decref(func);
    recursion_leave();
    return result;
}

/* ---- What a program calls ---------------------------------------------------------------------*/

/* What a function of this one's has in its closure, as CPython's closures have the registry:
 * borrowed. A program may put something else into the cell: NULL with TypeError. */
static void *closed_over(const Function *self, ssize_t i, const Type *type) {
    Object *value = ((Cell *)load_closure(self, i))->ref;
    if (value && value->type == type) return value;
    error_set(TypeError, "the cell of '%s' was changed", self->code->freevars[i]);
    return NULL;
}

/* New function that has `first` and, if not NULL, `second` in its closure. */
static Object *make_closure(Code *code, Object *first, Object *second, Tuple *defaults) {
    ssize_t n = second ? 2 : 1;
    Object *cells[2] = {OBJECT(make_cell(first)), second ? OBJECT(make_cell(second)) : NULL};
    Tuple *closure = cells[0] && cells[n - 1] ? tuple_from_array(cells, n) : NULL;
    xdecref(cells[0]);
    xdecref(cells[1]);
    return function_make(code, NULL, defaults, NULL, closure);
}

static Object *invalid(const char *before, Object *what, const char *after) {
    Object *repr = object_repr(what);
    if (repr) error_set(TypeError, "%s%s%s", before, ((Str *)repr)->text, after);
    xdecref(repr);
    return NULL;
}

/* @f.register before an annotated function: the class is the annotation of its first parameter. */
static Object *register_annotated(SingleDispatch *self, Object *func) {
    Object *annotations = object_getattr_string(func, "__annotations__");
    if (!annotations && !error_matches(AttributeError)) return NULL;
    error_clear();
    Object *result = NULL;
    const Dict *dict = (Dict *)annotations;
    if (!annotations || annotations->type != &Dict_Type || dict->size == 0) {
        invalid(
            "Invalid first argument to `register()`: ", func,
            ". Use either `@register(some_class)` or plain `@register` on an annotated function.");
    } else {
        Object *type = dict->items[0].value;
        char before[128];
        snprintf(before, sizeof before, "Invalid annotation for '%s'. ", dict->items[0].name->text);
        if (type == None) type = OBJECT(&None_Type); // as typing.get_type_hints() reads it
        if (type->type != &Type_Type)
            invalid(before, type, " is not a class.");
        else if (singledispatch_register(self, (Type *)type, func) == 0)
            result = new_ref(func);
    }
    xdecref(annotations);
    return result;
}

/* f.register(cls) as a decorator. */
static Object *lambda_body(Function *self, Object *const *locals) {
    SingleDispatch *wrapper = closed_over(self, 0, &SingleDispatch_Type);
    Type *type = wrapper ? closed_over(self, 1, &Type_Type) : NULL;
    if (!type || singledispatch_register(wrapper, type, locals[0]) < 0) return NULL;
    return new_ref(locals[0]);
}

static Code lambda_code = {CODE("<lambda>"),
                           .qualname = "singledispatch.<locals>.register.<locals>.<lambda>",
                           .argcount = 1,
                           .varnames = NAMES("f"),
                           .freevars = NAMES("wrapper", "cls"),
                           .body = lambda_body};

static Object *register_body(Function *self, Object *const *locals) {
    Object *type = locals[0], *func = locals[1] == None ? NULL : locals[1];
    SingleDispatch *wrapper = closed_over(self, 0, &SingleDispatch_Type);
    if (!wrapper) return NULL;
    if (type->type != &Type_Type && func)
        return invalid("Invalid first argument to `register()`. ", type,
                       " is not a class or union type.");
    if (type->type != &Type_Type) return register_annotated(wrapper, type);
    if (!func) return make_closure(&lambda_code, OBJECT(wrapper), type, NULL);
    return singledispatch_register(wrapper, (Type *)type, func) < 0 ? NULL : new_ref(func);
}

static Code register_code = {CODE("register"),
                             .qualname = "singledispatch.<locals>.register",
                             .argcount = 2,
                             .varnames = NAMES("cls", "func"),
                             .freevars = NAMES("wrapper"),
                             .body = register_body};

static Object *dispatch_body(Function *self, Object *const *locals) {
    if (locals[0]->type->flags & HEAPTYPE) return object_getattr_string(locals[0], "__mro__");
    if (locals[0]->type != &Type_Type) {
        error_set(TypeError, "cannot create weak reference to '%s' object", locals[0]->type->name);
        return NULL;
    }
    SingleDispatch *wrapper = closed_over(self, 0, &SingleDispatch_Type);
    Object *func = wrapper ? singledispatch_dispatch(wrapper, (Type *)locals[0]) : NULL;
    return func ? new_ref(func) : NULL;
}

static Code dispatch_code = {CODE("dispatch"),
                             .qualname = "singledispatch.<locals>.dispatch",
                             .argcount = 1,
                             .varnames = NAMES("cls"),
                             .freevars = NAMES("wrapper"),
                             .body = dispatch_body};

/* Simplified: made when asked for; in CPython two attributes of the function. */
static Object *get_register(Object *self) {
    return make_closure(&register_code, self, NULL, (Tuple *)tuple_pack(1, None));
}
static Object *get_dispatch(Object *self) {
    return make_closure(&dispatch_code, self, NULL, NULL);
}

static Object *call_clear_cache(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)args;
    if (builtin_check_args("clear", nargs, kwnames, 0, 0) < 0) return NULL;
    map_clear(&((SingleDispatch *)op)->cache);
    return new_ref(None);
}

/* The classes, in the order of their registration. CPython: a read-only view of the registry. */
static Object *get_registry(Object *self) {
    return new_ref(((SingleDispatch *)self)->order);
}

static const MethodDef singledispatch_methods[] = {{"_clear_cache", call_clear_cache}, {0}};
static const GetSet singledispatch_getset[] = {{"register", get_register, NULL},
                                               {"dispatch", get_dispatch, NULL},
                                               {"registry", get_registry, NULL},
                                               {0}};

/* ---- Making one -------------------------------------------------------------------------------*/

Object *singledispatch_new(Object *func) {
    SingleDispatch *self = object_new(&SingleDispatch_Type, 0);
    if (!self) return NULL;
    self->funcname = object_getattr_string(func, "__name__");
    if (!self->funcname && error_matches(AttributeError)) {
        error_clear();
        self->funcname = str_from_string("singledispatch function");
    }
    if (!self->funcname || singledispatch_register(self, &Object_Type, func) < 0 ||
        update_wrapper(OBJECT(self), func, NULL) < 0)
        clear_ref(self);
    return OBJECT(self);
}

static Object *call_singledispatch(Object *self, Object *const *args, ssize_t nargs,
                                   Tuple *kwnames) {
    (void)self;
    if (builtin_check_args("singledispatch", nargs, kwnames, 1, 1) < 0) return NULL;
    return singledispatch_new(args[0]);
}

Builtin singledispatch_builtin = {{1, &Builtin_Type}, "singledispatch", call_singledispatch, NULL};

static void singledispatch_dealloc_now(Object *op) {
    SingleDispatch self = *(SingleDispatch *)op;
    object_free(op);
    map_clear(&self.registry);
    map_clear(&self.cache);
    xdecref(self.order);
    xdecref(self.funcname);
    xdecref(self.dict);
}

static void singledispatch_dealloc(Object *self) {
    dealloc_nested(self, singledispatch_dealloc_now);
}

static int singledispatch_repr(Object *op, Writer *out) {
    char address[32];
    snprintf(address, sizeof address, " at %p>", (void *)op);
    writer_puts(out, "<function ");
    writer_puts(out, ((Str *)((SingleDispatch *)op)->funcname)->text);
    return writer_puts(out, address);
}

/* In a class it is a method as other functions are, and so looks at the class of self: the trap
 * that singledispatchmethod is for. */
static Object *singledispatch_descr_get(Object *self, Object *obj, Type *type) {
    (void)type;
    return obj ? method_new(self, obj) : new_ref(self);
}

Type SingleDispatch_Type = {
    TYPE("function", SingleDispatch),
    .flags = METHOD_DESCRIPTOR,
    .dictoffset = offsetof(SingleDispatch, dict),
    .dealloc = singledispatch_dealloc,
    .repr = singledispatch_repr,
    .vectorcall = singledispatch_vectorcall,
    .descr_get = singledispatch_descr_get,
    .getset = singledispatch_getset,
    .methods = singledispatch_methods,
};
