/* trace.c: who calls whom, printed while it happens.
 *
 *     type.__call__(Point, 1, 2)
 *       object.__new__(Point, 1, 2) -> <Point>
 *       Point.__init__(<Point>, 1, 2)
 *       -> None
 *     -> <Point x=1 y=2>
 *
 * Python's functions print themselves: trace_method(). type.__call__, and the steps whose cell is
 * filled from C, are seen by the watcher.
 */
#include "demo.h"

FILE *trace_out;
bool trace_rows;
char trace_called[4096];
static int depth;

/* ---- Objects ---------------------------------------------------------------------------------*/

static void write_all(Object *const *items, ssize_t size, FILE *out) {
    for (ssize_t i = 0; i < size; i++) {
        if (i) fputs(", ", out);
        trace_object(items[i], out);
    }
}

/* Of an int, str or tuple, after `before`; anything else has no value. */
static void write_value(const char *before, Object *x, FILE *out) {
    if (object_is_instance(x, &Int_Type)) {
        fprintf(out, "%s%lld", before, (long long)((Int *)x)->value);
    } else if (object_is_instance(x, &Str_Type)) {
        fprintf(out, "%s'%s'", before, ((Str *)x)->text);
    } else if (object_is_instance(x, &Tuple_Type)) {
        fprintf(out, "%s(", before);
        write_all(((Tuple *)x)->items, ((Tuple *)x)->size, out);
        fputs(((Tuple *)x)->size == 1 ? ",)" : ")", out);
    }
}

void trace_object(Object *x, FILE *out) {
    const Type *type = x->type;
    if (type_check(x)) {
        fputs(((Type *)x)->name, out);
    } else if (x == None) {
        fputs("None", out);
    } else if (type == &Int_Type || type == &Str_Type || type == &Tuple_Type) {
        write_value("", x, out);
    } else {
        fprintf(out, "<%s", type->name);
        write_value(" ", x, out);
        Dict *dict = type->layout ? need(type->layout->dict(x)) : NULL;
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict && dict_next(dict, &pos, &name, &value)) {
            fprintf(out, " %s=", name->text);
            trace_object(value, out);
        }
        fputc('>', out);
    }
}

/* ---- Lines -----------------------------------------------------------------------------------*/

static void print_call(const char *owner, const char *name, Object *const *args, ssize_t nargs) {
    if (trace_rows) {
        fprintf(trace_out, "call;%s%s;", owner, name);
        write_all(args, nargs, trace_out);
    } else {
        fprintf(trace_out, "%*s%s%s(", 4 + 2 * depth, "", owner, name);
        write_all(args, nargs, trace_out);
        fputc(')', trace_out);
    }
}

/* NULL: the pending error, which stays and is named. */
static void print_result(Object *result, bool same_line) {
    if (!trace_rows)
        fprintf(trace_out, "%*s-> ", same_line ? 1 : 4 + 2 * depth, "");
    else
        fprintf(trace_out, "%sreturn;;", same_line ? "\n" : "");
    if (result)
        trace_object(result, trace_out);
    else
        fputs(error_name(error_occurred()), trace_out);
    fputc('\n', trace_out);
}

Object *trace_call(Object *function, Object *const *args, ssize_t nargs) {
    Object *result = object_call(function, args, nargs);
    if (trace_out && function->type == &Builtin_Type) {
        print_call(((Type *)((Function *)function)->closure)->name, ".__new__", args, nargs);
        print_result(result, true);
    }
    return result;
}

/* ---- The watcher -----------------------------------------------------------------------------*/

/* What fills the cell from C: the type whose method it is; NULL if it is one of Python's. */
static const Type *filled_from_c(const Type *type, const char *name) {
    Str *interned = need(str_intern(name));
    for (ssize_t i = 0; type->mro && i < type->mro->size; i++) {
        const Type *owner = (Type *)type->mro->items[i];
        Object *found = dict_get_item(owner->dict, interned);
        if (!found) continue;
        return found->type == &Builtin_Type || found->type == &SlotWrapper_Type ? owner : NULL;
    }
    return NULL;
}

/* A call of `first` with the step's arguments after it. */
static void print_step(const char *owner, const char *name, Object *first,
                       const ConstructionStep *step) {
    Tuple *args = need(tuple_new(step->nargs + 1));
    args->items[0] = new_ref(first);
    for (ssize_t i = 0; i < step->nargs; i++)
        args->items[i + 1] = new_ref(step->args[i]);
    print_call(owner, name, args->items, args->size);
    decref(args);
}

void trace_watch(const ConstructionStep *step) {
    if (!trace_out) return;
    Object *obj = step->obj;
    if (step->what == CALLS_NEW) {
        print_step("type", ".__call__", OBJECT(step->type), step);
        fputc('\n', trace_out);
        depth++;
        return;
    }
    bool last = step->what == HAS_INIT || !obj || !type_is_subtype(obj->type, step->type);
    const Type *owner = step->what == HAS_NEW ? filled_from_c(step->type, "__new__")
                                              : filled_from_c(obj->type, "__init__");
    if (owner && step->what == HAS_NEW) {
        print_step(owner->name, ".__new__", OBJECT(step->type), step);
        print_result(obj, true);
    } else if (owner) {
        print_step(owner->name, ".__init__", obj, step);
        print_result(error_occurred() ? NULL : None, true);
    }
    if (!last) return;
    if (step->what == HAS_NEW && obj && !trace_rows)
        fprintf(trace_out, "%*sno %s: no __init__\n", 4 + 2 * depth, "", step->type->name);
    depth--;
    print_result(error_occurred() ? NULL : obj, false);
}

/* ---- Functions of classes --------------------------------------------------------------------*/

/* "'x'", "'x' and 'y'", "'x', 'y', and 'z'": the parameters from the n-th on. */
static void quote_missing(const char *parameters, ssize_t n, ssize_t missing, char *out,
                          size_t size) {
    size_t length = 0;
    for (ssize_t i = 0; i < n + missing; i++) {
        size_t word = strcspn(parameters, " ");
        if (i >= n && length < size) {
            const char *separator = i == n                ? ""
                                    : i < n + missing - 1 ? ", "
                                    : missing == 2        ? " and "
                                                          : ", and ";
            length += (size_t)snprintf(out + length, size - length, "%s'%.*s'", separator,
                                       (int)word, parameters);
        }
        parameters += word + (parameters[word] == ' ');
    }
}

/* CPython: Python/ceval.c, missing_arguments(), too_many_positional(). */
static int check_arguments(const Code *code, ssize_t nargs) {
    bool any = strchr(code->parameters, '*');
    ssize_t wanted = !any;
    for (const char *c = code->parameters; *c; c++)
        wanted += *c == ' ';
    if (nargs > wanted && !any) {
        return error_set(TypeError, "%s() takes %zd positional argument%s but %zd were given",
                         code->name, wanted, wanted == 1 ? "" : "s", nargs);
    }
    if (nargs >= wanted) return 0;
    char names[100] = "";
    quote_missing(code->parameters, nargs, wanted - nargs, names, sizeof names);
    return error_set(TypeError, "%s() missing %zd required positional argument%s: %s", code->name,
                     wanted - nargs, wanted - nargs == 1 ? "" : "s", names);
}

static Object *run_method(Object *closure, Object *const *args, ssize_t nargs) {
    const Code *code = (const Code *)(intptr_t)((Int *)closure)->value;
    if (check_arguments(code, nargs) < 0) return NULL;
    size_t length = strlen(trace_called);
    snprintf(trace_called + length, sizeof trace_called - length, "%s\n", code->name);
    if (trace_out) print_call(code->name, "", args, nargs);
    if (trace_out) fputc('\n', trace_out);
    depth++;
    Object *result = code->body(NULL, args, nargs);
    depth--;
    if (trace_out) print_result(result, false);
    return result;
}

Object *trace_method(const Code *code) {
    Object *closure = need(int_from_long((int64_t)(intptr_t)code));
    Object *function = need(function_new(strchr(code->name, '.') + 1, run_method, closure));
    decref(closure);
    return function;
}
