/* factory.c: retry() and trace(), written as functions with cells, the way a program has them. The
 * three levels are in factory.h. */
#include "factory.h"

/* ---- retry ------------------------------------------------------------------------------------*/

/*     def wrapper(*args, **kwargs):
 *         delay = backoff
 *         for attempt in range(times):
 *             try:
 *                 return func(*args, **kwargs)
 *             except on:
 *                 if attempt == times - 1: raise
 *             sleep(delay)
 *             delay *= 2 */
enum { TIMES, ON, BACKOFF, SLEEP }; // the parameters
// The cells of the wrapper's closure, sorted by name, as the compiler does.
enum { CELL_BACKOFF, CELL_FUNC, CELL_ON, CELL_SLEEP, CELL_TIMES };

/* func(*args, **kwargs), where func is a free variable: which is held, as the call may put another
 * into its cell. */
static Object *call_free(Function *self, int i, Object *const *locals) {
    Object *func = load_deref(self, i);
    Object *result = func ? object_call(func, (Tuple *)locals[0], (Dict *)locals[1]) : NULL;
    xdecref(func);
    return result;
}

/* free(arg): the same with one argument. */
static Object *call_free_with(Function *self, int i, Object *arg) {
    Object *func = load_deref(self, i);
    Object *result = func ? object_vectorcall(func, &arg, 1, NULL) : NULL;
    xdecref(func);
    return result;
}

/* Whether the pending error is one of those that are to be answered. */
static bool is_answered(Function *self) {
    Error error = error_fetch();
    Object *on = load_deref(self, CELL_ON);
    if (!on) return false; // its own error goes on
    error_restore(error);
    bool answered = error_is_instance(on);
    decref(on);
    return answered;
}

/* delay * 2; steals it. Simplified: an int that leaves 64 bits becomes a float. */
static Object *twice(Object *delay) {
    int64_t value = delay->type == &Int_Type ? ((Int *)delay)->value : 0;
    Object *result = NULL;
    if (delay->type == &Int_Type && INT64_MIN / 2 <= value && value <= INT64_MAX / 2)
        result = int_from_long(value * 2);
    else if (delay->type == &Int_Type)
        result = float_from_double((double)value * 2);
    else if (delay->type == &Float_Type)
        result = float_from_double(((Float *)delay)->value * 2);
    else
        error_set(TypeError, "unsupported operand type(s) for *=: '%s' and 'int'",
                  delay->type->name);
    decref(delay);
    return result;
}

/* What range(times) would count to; -1 with an error. */
static int64_t load_times(Function *self) {
    Object *times = load_deref(self, CELL_TIMES);
    if (!times) return -1;
    int64_t value = times->type == &Int_Type ? ((Int *)times)->value : -1;
    if (times->type != &Int_Type)
        error_set(TypeError, "'%s' object cannot be interpreted as an integer", times->type->name);
    else if (value < 0)
        value = 0;
    decref(times);
    return value;
}

static Object *retry_wrapper_body(Function *self, Object *const *locals) {
    Object *delay = load_deref(self, CELL_BACKOFF);
    int64_t times = delay ? load_times(self) : -1;
    for (int64_t attempt = 0; attempt < times; attempt++) {
        Object *result = call_free(self, CELL_FUNC, locals);
        if (result || !is_answered(self) || attempt == times - 1) {
            decref(delay);
            return result;
        }
        error_clear();
        Object *slept = call_free_with(self, CELL_SLEEP, delay);
        if (!slept) times = -1;
        xdecref(slept);
        if (slept) delay = twice(delay);
        if (!delay) return NULL;
    }
    xdecref(delay);
    return times < 0 ? NULL : new_ref(None);
}

static Code retry_wrapper_code = {
    CODE("wrapper"),
    .qualname = "retry.<locals>.decorator.<locals>.wrapper",
    .flags = CO_VARARGS | CO_VARKEYWORDS,
    .varnames = NAMES("args", "kwargs"),
    .freevars = NAMES("backoff", "func", "on", "sleep", "times"),
    .body = retry_wrapper_body,
};

/* The cells of the decorator's closure, and one for func. NULL with MemoryError. */
static Tuple *closure_with(const Function *self, Object *func) {
    Tuple *closure = tuple_new(self->closure->size + 1);
    Cell *cell = closure ? make_cell(func) : NULL;
    if (!cell) {
        xdecref(closure);
        return NULL;
    }
    for (ssize_t i = 0; i < self->closure->size; i++)
        closure->items[i < CELL_FUNC ? i : i + 1] = new_ref(load_closure(self, i));
    closure->items[CELL_FUNC] = OBJECT(cell);
    return closure;
}

/*     def decorator(func):
 *         @wraps(func)
 *         def wrapper ... */
static Object *retry_decorator_body(Function *self, Object *const *locals) {
    Object *wrapper = function_make(&retry_wrapper_code, self->globals, NULL, NULL,
                                    closure_with(self, locals[0]));
    if (wrapper && update_wrapper(wrapper, locals[0], NULL) < 0) clear_ref(wrapper);
    return wrapper;
}

static Code retry_decorator_code = {
    CODE("decorator"),         .qualname = "retry.<locals>.decorator",
    .doc = "Wrap func.",       .argcount = 1,
    .varnames = NAMES("func"), .freevars = NAMES("backoff", "on", "sleep", "times"),
    .cellvars = NAMES("func"), .body = retry_decorator_body,
};

static bool is_exceptions(const Object *on) {
    if (on->type != &Tuple_Type) return is_exception_class(on);
    for (ssize_t i = 0; i < ((const Tuple *)on)->size; i++) {
        if (!is_exception_class(((const Tuple *)on)->items[i])) return false;
    }
    return true;
}

/* The factory: looks at its arguments now, when the decorator is written down. */
static Object *retry_body(Function *self, Object *const *locals) {
    Object *times = locals[TIMES], *on = locals[ON], *backoff = locals[BACKOFF];
    if (times->type != &Int_Type)
        error_set(TypeError, "times must be an int, not '%s'", times->type->name);
    else if (((Int *)times)->value < 1)
        error_set(ValueError, "times must be at least 1");
    else if (!is_exceptions(on))
        error_set(TypeError, "on must be an exception class or a tuple of them");
    else if (backoff->type != &Int_Type && backoff->type != &Float_Type)
        error_set(TypeError, "backoff must be a number, not '%s'", backoff->type->name);
    if (error_occurred()) return NULL;
    static const int remembered[] = {BACKOFF, ON, SLEEP, TIMES};
    Tuple *closure = tuple_new(4);
    for (int i = 0; closure && i < 4; i++) {
        if (!(closure->items[i] = OBJECT(make_cell(locals[remembered[i]])))) clear_ref(closure);
    }
    return function_make(&retry_decorator_code, self->globals, NULL, NULL, closure);
}

static Code retry_code = {
    CODE("retry"),
    .doc = "Call again what failed.",
    .argcount = 3,
    .kwonlyargcount = 1,
    .varnames = NAMES("times", "on", "backoff", "sleep"),
    .cellvars = NAMES("times", "on", "backoff", "sleep"),
    .body = retry_body,
};

/* {name: value}, or NULL with MemoryError. */
static Dict *dict_of_one(const char *name, Object *value) {
    Str *interned = str_intern(name);
    Dict *dict = interned ? dict_new() : NULL;
    if (dict && dict_set_item(dict, interned, value) < 0) clear_ref(dict);
    return dict;
}

Object *retry_make(Dict *globals, Object *sleep) {
    Object *zero = int_from_long(0);
    Tuple *defaults = (Tuple *)tuple_pack(2, &Exception_Type, zero);
    decref(zero);
    return function_make(&retry_code, globals, defaults, dict_of_one("sleep", sleep), NULL);
}

/* ---- trace ------------------------------------------------------------------------------------*/

enum { TRACE_FUNC, TRACE_LABEL, TRACE_OUT };

/* "label(1, 'a', x=2)" */
static int write_call(Object *label, const Tuple *args, const Dict *kwargs, Writer *out) {
    int status = object_write_str(label, out);
    writer_puts(out, "(");
    for (ssize_t i = 0; i < args->size + kwargs->size && status == 0; i++) {
        if (i) writer_puts(out, ", ");
        if (i < args->size) {
            status = object_write_repr(args->items[i], out);
            continue;
        }
        writer_puts(out, kwargs->items[i - args->size].name->text);
        writer_puts(out, "=");
        status = object_write_repr(kwargs->items[i - args->size].value, out);
    }
    return status < 0 ? -1 : writer_puts(out, ")");
}

/* Calls out(text) with what was written, unless writing it failed. 0 or -1. */
static int tell(Function *self, Writer *text, int status) {
    Object *line = status == 0 ? str_from_utf8(text->bytes, (ssize_t)text->length) : NULL;
    Object *told = line ? call_free_with(self, TRACE_OUT, line) : NULL;
    xdecref(line);
    xdecref(told);
    return told ? 0 : -1;
}

/*     def wrapper(*args, **kwargs):
 *         try:
 *             result = func(*args, **kwargs)
 *         except BaseException as error:
 *             out(f"{call} raised {type(error).__name__}: {error}"); raise
 *         out(f"{call} -> {result!r}"); return result */
static Object *trace_wrapper_body(Function *self, Object *const *locals) {
    Writer text = {0};
    Object *label = load_deref(self, TRACE_LABEL);
    int status = label ? write_call(label, (Tuple *)locals[0], (Dict *)locals[1], &text) : -1;
    xdecref(label);
    Object *result = status < 0 ? NULL : call_free(self, TRACE_FUNC, locals);
    Error error = error_fetch();
    if (status == 0) {
        writer_puts(&text, result ? " -> " : " raised ");
        if (result) {
            status = object_write_repr(result, &text);
        } else {
            writer_puts(&text, error_name(error.type));
            writer_puts(&text, ": ");
            status = writer_puts(&text, error.message);
        }
        if (tell(self, &text, status) < 0) clear_ref(result);
    }
    if (!error_occurred()) error_restore(error);
    writer_free(&text);
    return result;
}

static Code trace_wrapper_code = {
    CODE("wrapper"),
    .qualname = "trace.<locals>.wrapper",
    .flags = CO_VARARGS | CO_VARKEYWORDS,
    .varnames = NAMES("args", "kwargs"),
    .freevars = NAMES("func", "label", "out"),
    .body = trace_wrapper_body,
};

/* partial(trace, label=label, out=out): the decorator that a factory returns. */
static Object *trace_partial(Function *self, Object *label, Object *out) {
    Dict *keywords = dict_of_one("label", label);
    Str *name = str_intern("out");
    Object *result = keywords && name && dict_set_item(keywords, name, out) == 0
                         ? partial_new(OBJECT(self), NULL, 0, keywords)
                         : NULL;
    xdecref(keywords);
    return result;
}

static Object *trace_body(Function *self, Object *const *locals) {
    Object *func = locals[0];
    if (func == None) return trace_partial(self, locals[1], locals[2]);
    if (!object_is_callable(func)) {
        error_set(TypeError, "trace() wants a function, not '%s'", func->type->name);
        return NULL;
    }
    Object *label =
        locals[1] == None ? object_getattr_string(func, "__qualname__") : new_ref(locals[1]);
    Tuple *closure = label ? tuple_new(3) : NULL;
    Object *values[] = {func, label, locals[2]};
    for (int i = 0; closure && i < 3; i++) {
        if (!(closure->items[i] = OBJECT(make_cell(values[i])))) clear_ref(closure);
    }
    Object *wrapper = function_make(&trace_wrapper_code, self->globals, NULL, NULL, closure);
    xdecref(label);
    if (wrapper && update_wrapper(wrapper, func, NULL) < 0) clear_ref(wrapper);
    return wrapper;
}

static Code trace_code = {
    CODE("trace"),
    .doc = "Tell of each call.",
    .argcount = 1,
    .kwonlyargcount = 2,
    .varnames = NAMES("func", "label", "out"),
    .cellvars = NAMES("func", "label", "out"),
    .body = trace_body,
};

Object *trace_make(Dict *globals, Object *out) {
    Dict *kwdefaults = dict_of_one("label", None);
    Str *name = str_intern("out");
    if (kwdefaults && (!name || dict_set_item(kwdefaults, name, out) < 0)) clear_ref(kwdefaults);
    return function_make(&trace_code, globals, (Tuple *)tuple_pack(1, None), kwdefaults, NULL);
}
