/* counter.c: a small plug-in for our host: one function of each kind, and a state that each module
 * has for itself. */
#include "plugin.h"

typedef struct {
    long long value;
} State;

/* count(step=1): adds to the module's value and gives it. */
static Object *count(Object *module, Object *args, Object *kwargs) {
    static const char *const names[] = {"step", NULL};
    State *state = module_get_state(module);
    long long step = 1;
    if (!arg_parse_tuple_and_keywords(args, kwargs, "|L:count", names, &step)) return NULL;
    if (__builtin_add_overflow(state->value, step, &state->value)) {
        error_set(OverflowError, "the counter is at its end");
        return NULL;
    }
    return int_from_long(state->value);
}

/* reset(): back to 0. */
static Object *reset(Object *module, Object *unused) {
    (void)unused;
    ((State *)module_get_state(module))->value = 0;
    return new_ref(None);
}

/* add(a, b), from a tuple. */
static Object *add(Object *module, Object *args) {
    int a, b;
    (void)module;
    if (!arg_parse_tuple(args, "ii:add", &a, &b)) return NULL;
    return int_from_long((int64_t)a + b);
}

/* scale(x, factor), from an array. */
static Object *scale(Object *module, Object *const *args, ssize_t nargs) {
    double x, factor;
    (void)module;
    if (!arg_parse_stack(args, nargs, "dd:scale", &x, &factor)) return NULL;
    return float_from_double(x * factor);
}

/* greet(name, *, greeting=None, times=1): each kind of parameter. */
static Object *greet(Object *module, Object *args, Object *kwargs) {
    static const char *const names[] = {"", "greeting", "times", NULL};
    const char *name, *greeting = NULL;
    Object *times = NULL;
    (void)module;
    if (!arg_parse_tuple_and_keywords(args, kwargs, "s|$zO!:greet", names, &name, &greeting,
                                      &Int_Type, &times))
        return NULL;
    long n = 1;
    if (times && int_as_long(times, &n) < 0) return NULL;
    int marks = n < 1 ? 0 : n > 10 ? 10 : (int)n;
    return str_from_format("%s, %s%.*s", greeting ? greeting : "Hello", name, marks, "!!!!!!!!!!");
}

/* echo(value): itself. */
static Object *echo(Object *module, Object *value) {
    (void)module;
    return new_ref(value);
}

static const MethodDef methods[] = {
    {"count", FUNCTION(count), METH_VARARGS | METH_KEYWORDS,
     "count($module, step=1)\n--\n\nAdds to the counter."},
    {"reset", FUNCTION(reset), METH_NOARGS, "reset($module, /)\n--\n\nBack to 0."},
    {"add", FUNCTION(add), METH_VARARGS, "add($module, a, b, /)\n--\n\nThe sum of two C ints."},
    {"scale", FUNCTION(scale), METH_FASTCALL,
     "scale($module, x, factor, /)\n--\n\nx times factor."},
    {"greet", FUNCTION(greet), METH_VARARGS | METH_KEYWORDS,
     "greet($module, name, /, *, greeting=None, times=1)\n--\n\nSays hello."},
    {"echo", FUNCTION(echo), METH_O, "echo($module, value, /)\n--\n\nThe value itself."},
    {NULL, NULL, 0, NULL},
};

static int execute(Object *module) {
    return module_add_int_constant(module, "START", 0);
}

static const ModuleSlot slots[] = {{Py_mod_exec, FUNCTION(execute)}, {0, NULL}};
static ModuleDef definition = {
    .name = "counter",
    .doc = "Counts, each module for itself.",
    .size = sizeof(State),
    .methods = methods,
    .slots = slots,
};

PLUGIN_INIT PyInit_counter(void);
PLUGIN_INIT PyInit_counter(void) {
    return module_def_init(&definition);
}
