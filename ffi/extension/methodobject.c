/* methodobject.c: a function of an extension module: called in the way that its flags ask for.
 *
 * The invariant: the call arrives as an array, whatever the function wants: values by position,
 * then those by name, whose names are in a tuple. METH_FASTCALL gets that as it is. METH_VARARGS
 * costs a tuple, and keywords a dict.
 *
 * CPython: Objects/methodobject.c, Objects/call.c.
 */
#include "host.h"

/* Simplified: CPython's function holds its module, whose dict holds the function; the collector
 * finds the cycle. Here the module is held during a call only. It knows its functions, and takes
 * itself out of them when it dies. */
Object *cfunction_new(const MethodDef *ml, Object *self, Object *module) {
    switch (ml->flags) {
    case METH_VARARGS:
    case METH_VARARGS | METH_KEYWORDS:
    case METH_FASTCALL:
    case METH_FASTCALL | METH_KEYWORDS:
    case METH_NOARGS:
    case METH_O:
        break;
    default:
        error_set(SystemError, "%s() method: bad call flags", ml->name);
        return NULL;
    }
    CFunctionObject *func = object_new(&CFunction_Type, sizeof *func);
    if (!func) return NULL;
    func->ml = ml;
    func->self = self;
    func->module = module ? new_ref(module) : NULL;
    func->next = ((Module *)self)->functions;
    ((Module *)self)->functions = func;
    return OBJECT(func);
}

static void cfunction_dealloc(Object *op) {
    CFunctionObject *func = (CFunctionObject *)op;
    if (func->self) {
        CFunctionObject **at = &((Module *)func->self)->functions;
        while (*at != func)
            at = &(*at)->next;
        *at = func->next;
    }
    xdecref(func->module);
    free(func);
}

static int cfunction_repr(Object *op, FILE *out) {
    fprintf(out, "<built-in function %s>", ((CFunctionObject *)op)->ml->name);
    return 0;
}

Type CFunction_Type = {TYPE("builtin_function_or_method", NULL), .dealloc = cfunction_dealloc,
                       .repr = cfunction_repr, .call = cfunction_call};

/* "module.f() takes ...": NULL. CPython: _PyObject_FunctionStr(). */
static Object *refuse(const CFunctionObject *func, const char *words) {
    const char *module = func->module ? ((Str *)func->module)->utf8 : "";
    error_set(TypeError, "%s%s%s() takes %s", module, *module ? "." : "", func->ml->name, words);
    return NULL;
}

static Object *refuse_count(const CFunctionObject *func, const char *words, ssize_t nargs) {
    char text[80];
    snprintf(text, sizeof text, "%s (%zd given)", words, nargs);
    return refuse(func, text);
}

/* The values by name, as a new dict. CPython: _PyStack_AsDict(). */
static Object *kwargs_of(Object *const *values, const Tuple *names) {
    Object *kwargs = dict_new();
    for (ssize_t i = 0; kwargs && i < names->size; i++) {
        if (dict_set_item_string(kwargs, ((Str *)names->items[i])->utf8, values[i]) < 0)
            clear_ref(kwargs);
    }
    return kwargs;
}

/* CPython: cfunction_call(), and _PyObject_MakeTpCall() before it. */
static Object *call_varargs(const CFunctionObject *func, Object *const *args, ssize_t nargs,
                            Object *kwnames) {
    if (kwnames && !(func->ml->flags & METH_KEYWORDS)) {
        error_set(TypeError, "%.200s() takes no keyword arguments", func->ml->name);
        return NULL;
    }
    Object *tuple = tuple_from_array(args, nargs), *kwargs = NULL, *result = NULL;
    if (tuple && kwnames) kwargs = kwargs_of(args + nargs, (Tuple *)kwnames);
    if (tuple && (kwargs || !kwnames)) {
        result = func->ml->flags & METH_KEYWORDS
                     ? ((CFunctionWithKeywords)func->ml->meth)(func->self, tuple, kwargs)
                     : ((CFunction)func->ml->meth)(func->self, tuple);
    }
    xdecref(tuple);
    xdecref(kwargs);
    return result;
}

static Object *call(const CFunctionObject *func, Object *const *args, ssize_t nargs,
                    Object *kwnames) {
    const MethodDef *ml = func->ml;
    if (ml->flags & METH_VARARGS) return call_varargs(func, args, nargs, kwnames);
    if (ml->flags == (METH_FASTCALL | METH_KEYWORDS)) {
        return ((CFunctionFastWithKeywords)ml->meth)(func->self, args, nargs, kwnames);
    }
    if (kwnames) return refuse(func, "no keyword arguments");
    if (ml->flags == METH_FASTCALL) return ((CFunctionFast)ml->meth)(func->self, args, nargs);
    if (ml->flags == METH_NOARGS) {
        if (nargs != 0) return refuse_count(func, "no arguments", nargs);
        return ((CFunction)ml->meth)(func->self, NULL);
    }
    if (nargs != 1) return refuse_count(func, "exactly one argument", nargs);
    return ((CFunction)ml->meth)(func->self, args[0]);
}

/* A result or an error, never both and never neither. CPython: _Py_CheckFunctionResult(). */
Object *cfunction_call(Object *op, Object *const *args, ssize_t nargs, Object *kwnames) {
    CFunctionObject *func = (CFunctionObject *)op;
    if (kwnames && ((Tuple *)kwnames)->size == 0) kwnames = NULL;
    if (!func->self) {
        error_set(RuntimeError, "%s() outlived its module", func->ml->name);
        return NULL;
    }
    Object *module = new_ref(func->self); // what it runs may drop either
    incref(func);
    Object *result = call(func, args, nargs, kwnames);
    if (!result && !error_occurred()) {
        error_set(SystemError, "<built-in function %s> returned NULL without setting an exception",
                  func->ml->name);
    } else if (result && error_occurred()) {
        error_set(SystemError, "<built-in function %s> returned a result with an exception set",
                  func->ml->name);
        clear_ref(result);
    }
    decref(func);
    decref(module);
    return result;
}

/* ---- Docstrings ------------------------------------------------------------------------------*/

#define SIGNATURE_END ")\n--\n\n"

/* Where the docstring's signature begins and ends, "($module, a, b, /)"; NULL if it has none.
 * CPython: find_signature(), skip_signature(). */
static const char *signature_of(const MethodDef *ml, const char **end) {
    size_t length = strlen(ml->name);
    if (!ml->doc || strncmp(ml->doc, ml->name, length) != 0 || ml->doc[length] != '(') return NULL;
    const char *start = ml->doc + length, *stop = strstr(start, SIGNATURE_END),
               *paragraph = strstr(start, "\n\n");
    if (!stop || paragraph < stop) return NULL;
    *end = stop + 1;
    return start;
}

Object *method_text_signature(const MethodDef *ml) {
    const char *end, *start = signature_of(ml, &end);
    return start ? str_from_utf8(start, end - start) : new_ref(None);
}

Object *method_doc(const MethodDef *ml) {
    const char *end, *start = signature_of(ml, &end);
    const char *doc = start ? end + strlen(SIGNATURE_END) - 1 : ml->doc;
    return doc && *doc ? str_from_string(doc) : new_ref(None);
}
