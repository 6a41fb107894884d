/* functools.c: update_wrapper(), wraps() and partial().
 *
 * A wrapper that a decorator returns has its own name, its own docstring, its own everything; wraps()
 * copies from the function that it stands for what people look at, and leaves __wrapped__ as the way
 * back. wraps(f) is a partial of update_wrapper, so a decorator made of two functions that are here
 * anyway. CPython: Lib/functools.py, Modules/_functoolsmodule.c.
 */
#include "function.h"

/* ---- update_wrapper and wraps -----------------------------------------------------------------*/

const char *const WRAPPER_ASSIGNMENTS[] = {"__module__", "__name__",        "__qualname__",
                                           "__doc__",    "__annotations__", NULL};

/* getattr(self, name, None): new reference in *value, or NULL there. -1 with another error. */
static int getattr_or_null(Object *self, const char *name, Object **value) {
    *value = object_getattr_string(self, name);
    if (*value) return 0;
    if (!error_matches(AttributeError)) return -1;
    error_clear();
    return 0;
}

/* wrapper.__dict__.update(wrapped.__dict__) */
static int update_dict(Object *wrapper, Object *wrapped) {
    Object *mine = object_getattr_string(wrapper, "__dict__"), *theirs = NULL;
    int status = mine ? getattr_or_null(wrapped, "__dict__", &theirs) : -1;
    if (status == 0 && mine->type != &Dict_Type)
        status =
            error_set(AttributeError, "'%s' object has no attribute 'update'", mine->type->name);
    if (status == 0 && theirs && theirs->type == &Dict_Type)
        status = dict_update((Dict *)mine, (Dict *)theirs);
    xdecref(mine);
    xdecref(theirs);
    return status;
}

int update_wrapper(Object *wrapper, Object *wrapped, const char *const *assigned) {
    for (const char *const *name = assigned ? assigned : WRAPPER_ASSIGNMENTS; *name; name++) {
        Object *value;
        if (getattr_or_null(wrapped, *name, &value) < 0) return -1;
        int status = value ? object_setattr_string(wrapper, *name, value) : 0;
        xdecref(value);
        if (status < 0) return -1;
    }
    if (update_dict(wrapper, wrapped) < 0) return -1;
    // Last, or a __wrapped__ in wrapped.__dict__ would take its place.
    return object_setattr_string(wrapper, "__wrapped__", wrapped);
}

/* update_wrapper(wrapper, wrapped) as a program calls it. Simplified: what to copy is not asked. */
static Object *update_wrapper_body(Function *self, Object *const *locals) {
    (void)self;
    return update_wrapper(locals[0], locals[1], NULL) < 0 ? NULL : new_ref(locals[0]);
}
static Code update_wrapper_code = {
    CODE("update_wrapper"),
    .argcount = 2,
    .varnames = NAMES("wrapper", "wrapped"),
    .body = update_wrapper_body,
};

Object *wraps(Object *wrapped) {
    Object *function = function_make(&update_wrapper_code, NULL, NULL, NULL, NULL);
    Str *name = function ? str_intern("wrapped") : NULL;
    Dict *keywords = name ? dict_new() : NULL;
    Object *decorator = NULL;
    if (keywords && dict_set_item(keywords, name, wrapped) == 0)
        decorator = partial_new(function, NULL, 0, keywords);
    xdecref(keywords);
    xdecref(function);
    return decorator;
}

/* ---- partial ----------------------------------------------------------------------------------*/

/* The items of `first`, if any, and behind them those of the array. */
static Tuple *concatenate(const Tuple *first, Object *const *args, ssize_t nargs) {
    ssize_t before = first ? first->size : 0;
    Tuple *all = tuple_new(before + nargs);
    for (ssize_t i = 0; all && i < before + nargs; i++)
        all->items[i] = new_ref(i < before ? first->items[i] : args[i - before]);
    return all;
}

Object *partial_new(Object *func, Object *const *args, ssize_t nargs, const Dict *keywords) {
    const Partial *inner = func->type == &Partial_Type ? (Partial *)func : NULL;
    if (inner && inner->dict) inner = NULL; // it has attributes that would be lost
    if (!object_is_callable(func)) {
        error_set(TypeError, "the first argument must be callable");
        return NULL;
    }
    Partial *self = object_new(&Partial_Type, 0);
    if (!self) return NULL;
    self->func = new_ref(inner ? inner->func : func);
    self->args = concatenate(inner ? inner->args : NULL, args, nargs);
    self->keywords = inner ? dict_copy(inner->keywords) : dict_new();
    if (!self->args || !self->keywords || (keywords && dict_update(self->keywords, keywords) < 0))
        clear_ref(self);
    return OBJECT(self);
}

/* partial(func, ...) as a program calls it. */
static Object *partial_type_new(Type *type, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)type;
    if (nargs < 1) {
        error_set(TypeError, "type 'partial' takes at least one argument");
        return NULL;
    }
    Dict *keywords = kwnames ? dict_new() : NULL;
    for (ssize_t i = 0; keywords && i < kwnames->size; i++) {
        if (dict_set_item(keywords, (Str *)kwnames->items[i], args[nargs + i]) < 0)
            clear_ref(keywords);
    }
    Object *self =
        kwnames && !keywords ? NULL : partial_new(args[0], args + 1, nargs - 1, keywords);
    xdecref(keywords);
    return self;
}

static void partial_dealloc_now(Object *op) {
    Partial self = *(Partial *)op;
    object_free(op);
    xdecref(self.func);
    xdecref(self.args);
    xdecref(self.keywords);
    xdecref(self.dict);
}

static void partial_dealloc(Object *self) {
    dealloc_nested(self, partial_dealloc_now);
}

/* Names on either side: the two are joined in a dict. CPython: partial_vectorcall_fallback(),
 * partial_call(). */
static Object *call_with_keywords(Partial *self, Object *const *args, ssize_t nargs,
                                  Tuple *kwnames) {
    Tuple *all = concatenate(self->args, args, nargs);
    Dict *kwargs = dict_copy(self->keywords);
    bool failed = !all || !kwargs;
    for (ssize_t i = 0; !failed && kwnames && i < kwnames->size; i++)
        failed = dict_set_item(kwargs, (Str *)kwnames->items[i], args[nargs + i]) < 0;
    Object *result = failed ? NULL : object_call(self->func, all, kwargs);
    xdecref(all);
    xdecref(kwargs);
    return result;
}

/* The caller's arguments behind its own, in an array. */
static Object *call_in_array(const Partial *self, Object *const *args, ssize_t nargs,
                             Tuple *kwnames) {
    Object *result, *small[8];
    ssize_t first = self->args->size, all = first + nargs + (kwnames ? kwnames->size : 0);
    Object **stack = all <= 8 ? small : malloc((size_t)all * sizeof *stack);
    if (!stack) return error_no_memory();
    for (ssize_t i = 0; i < all; i++)
        stack[i] = i < first ? self->args->items[i] : args[i - first];
    result = object_vectorcall(self->func, stack, first + nargs, kwnames);
    if (stack != small) free(stack);
    return result;
}

static Object *partial_vectorcall(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Partial *self = (Partial *)op;
    if (recursion_enter("") < 0) return NULL;
    incref(self); // the callee may drop the last reference to it
    Object *result = self->keywords->size ? call_with_keywords(self, args, nargs, kwnames)
                                          : call_in_array(self, args, nargs, kwnames);
    decref(self);
    recursion_leave();
    return result;
}

/* CPython: Modules/_functoolsmodule.c, partial_repr(). */
static int partial_repr(Object *op, Writer *out) {
    Partial *self = (Partial *)op;
    writer_puts(out, "functools.partial(");
    int status = object_write_repr(self->func, out);
    for (ssize_t i = 0; i < self->args->size && status == 0; i++) {
        writer_puts(out, ", ");
        status = object_write_repr(self->args->items[i], out);
    }
    for (ssize_t i = 0; i < self->keywords->size && status == 0; i++) {
        writer_puts(out, ", ");
        writer_puts(out, self->keywords->items[i].name->text);
        writer_puts(out, "=");
        status = object_write_repr(self->keywords->items[i].value, out);
    }
    return status < 0 ? -1 : writer_puts(out, ")");
}

static Object *partial_get_func(Object *self) {
    return new_ref(((Partial *)self)->func);
}
static Object *partial_get_args(Object *self) {
    return new_ref(((Partial *)self)->args);
}
static Object *partial_get_keywords(Object *self) {
    return new_ref(((Partial *)self)->keywords);
}

static const GetSet partial_getset[] = {{"func", partial_get_func, readonly},
                                        {"args", partial_get_args, readonly},
                                        {"keywords", partial_get_keywords, readonly},
                                        {0}};

Type Partial_Type = {
    TYPE("functools.partial", Partial), .dictoffset = offsetof(Partial, dict),
    .dealloc = partial_dealloc,         .repr = partial_repr,
    .vectorcall = partial_vectorcall,   .new = partial_type_new,
    .getset = partial_getset,
};
