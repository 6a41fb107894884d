/* operations.c: what goes through a cell of the type and nowhere else: obj(...), len(), [], repr().
 *
 * Arguments by keyword lie behind the others, their names in a tuple; so a call that passes on what it
 * was given copies nothing, and a function that takes none looks at one pointer. Names are interned.
 *
 * Parts from the other topics' slices, which have no keywords.
 *
 * CPython: Objects/call.c, Objects/abstract.c, Objects/object.c.
 */
#include "type.h"

/* ---- Calls ------------------------------------------------------------------------------------*/

int recursion_depth;

int recursion_error(const char *where) {
    return error_set(RecursionError, "maximum recursion depth exceeded%s", where);
}

Object *object_call(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    if (self->type->call) return self->type->call(self, args, nargs, kwnames);
    error_set(TypeError, "'%.200s' object is not callable", self->type->name);
    return NULL;
}

Object *object_call_prepend(Object *func, Object *self, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    size_t n = (size_t)(nargs + (kwnames ? kwnames->size : 0));
    Object *few[8], **all = n < 8 ? few : malloc((n + 1) * sizeof *all);
    if (!all) return error_no_memory();
    all[0] = self;
    for (size_t i = 0; i < n; i++)
        all[i + 1] = args[i];
    Object *result = object_call(func, all, nargs + 1, kwnames);
    if (all != few) free(all);
    return result;
}

/* The keywords of a dict, behind the other arguments, each value held. */
Object *object_call_dict(Object *self, Object *const *args, ssize_t nargs, const Dict *kwargs) {
    if (!kwargs || kwargs->used == 0) return object_call(self, args, nargs, NULL);
    Tuple *kwnames = tuple_new(kwargs->used), *values = tuple_new(kwargs->used);
    Object **all = malloc((size_t)(nargs + kwargs->used) * sizeof *all), *result = NULL;
    if (kwnames && values && all) {
        for (ssize_t i = 0; i < nargs; i++)
            all[i] = args[i];
        ssize_t pos = 0, n = 0;
        Str *name;
        for (Object *value; dict_next(kwargs, &pos, &name, &value); n++) {
            kwnames->items[n] = new_ref(name);
            all[nargs + n] = values->items[n] = new_ref(value);
        }
        result = object_call(self, all, nargs, kwnames);
    } else {
        error_no_memory();
    }
    xdecref(kwnames);
    xdecref(values);
    free(all);
    return result;
}

Object *kwarg_get(Object *const *args, ssize_t nargs, const Tuple *kwnames, const char *name) {
    for (ssize_t i = 0; kwnames && i < kwnames->size; i++) {
        if (strcmp(str_text(kwnames->items[i]), name) == 0) return args[nargs + i];
    }
    return NULL;
}

Dict *kwargs_as_dict(Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Dict *kwargs = dict_new();
    for (ssize_t i = 0; kwargs && kwnames && i < kwnames->size; i++) {
        if (dict_set_item(kwargs, (Str *)kwnames->items[i], args[nargs + i]) < 0) clear_ref(kwargs);
    }
    return kwargs;
}

/* ---- len(), [], repr() ------------------------------------------------------------------------*/

ssize_t object_length(Object *self) {
    if (self->type->sq_length) return self->type->sq_length(self);
    return error_set(TypeError, "object of type '%.200s' has no len()", self->type->name);
}

Object *object_getitem(Object *self, Object *key) {
    if (self->type->mp_subscript) return self->type->mp_subscript(self, key);
    if (!type_check(self)) {
        error_set(TypeError, "'%.200s' object is not subscriptable", self->type->name);
        return NULL;
    }
    Object *method;
    if (object_lookup_attr(self, id.class_getitem, &method) < 0) return NULL;
    if (!method || method == None) {
        xdecref(method);
        error_set(TypeError, "type '%.200s' is not subscriptable", ((Type *)self)->name);
        return NULL;
    }
    Object *result = object_call(method, &key, 1, NULL);
    decref(method);
    return result;
}

int object_setitem(Object *self, Object *key, Object *value) {
    if (self->type->mp_ass_subscript) return self->type->mp_ass_subscript(self, key, value);
    return error_set(TypeError, "'%.200s' object does not support item %s", self->type->name,
                     value ? "assignment" : "deletion");
}

static Object *checked_str(Object *result, const char *method) { // steals result
    if (!result || str_check(result)) return result;
    error_set(TypeError, "%s returned non-string (type %.200s)", method, result->type->name);
    decref(result);
    return NULL;
}

/* Of what is in itself, or too deep in others, there is none. CPython: Py_EnterRecursiveCall(). */
Object *object_repr(Object *self) {
    static int depth;
    if (depth >= RECURSION_LIMIT / 4) {
        error_set(RecursionError, "maximum recursion depth exceeded while getting the repr of an "
                                  "object");
        return NULL;
    }
    depth++;
    Object *result = checked_str(self->type->repr(self), "__repr__");
    depth--;
    return result;
}

Object *object_str(Object *self) {
    return checked_str(self->type->str(self), "__str__");
}
