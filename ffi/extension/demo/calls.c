/* calls.c: the scenes about one call: what arrives in C, arguments by format string, and what may
 * come back. */
#include "demo.h"

/* ---- arrives ---------------------------------------------------------------------------------*/

static Object *const *given; // the array that the caller has

static Object *got_tuple(Object *module, Object *args) {
    (void)module;
    return str_from_format("a tuple %s", repr(args, 40));
}
static Object *got_tuple_and_dict(Object *module, Object *args, Object *kwargs) {
    (void)module;
    return str_from_format("a tuple %s, %s%s", repr(args, 20), kwargs ? "a dict " : "",
                           kwargs ? repr(kwargs, 20) : "NULL");
}
static Object *got_array(Object *module, Object *const *args, ssize_t nargs) {
    (void)module;
    return str_from_format("%s array, %zd", args == given ? "the caller's" : "another", nargs);
}
static Object *got_array_and_names(Object *module, Object *const *args, ssize_t nargs,
                                   Object *kwnames) {
    (void)module;
    return str_from_format("%s array, %zd, names %s", args == given ? "the caller's" : "another",
                           nargs, kwnames ? repr(kwnames, 20) : "NULL");
}
static Object *got_one(Object *module, Object *arg) {
    (void)module;
    return arg ? str_from_format("the object %s", repr(arg, 20)) : str_from_string("NULL");
}

static const MethodDef arrivals[] = {
    {"f", FUNCTION(got_one), METH_NOARGS, "METH_NOARGS"},
    {"f", FUNCTION(got_one), METH_O, "METH_O"},
    {"f", FUNCTION(got_tuple), METH_VARARGS, "METH_VARARGS"},
    {"f", FUNCTION(got_tuple_and_dict), METH_VARARGS | METH_KEYWORDS,
     "METH_VARARGS | METH_KEYWORDS"},
    {"f", FUNCTION(got_array), METH_FASTCALL, "METH_FASTCALL"},
    {"f", FUNCTION(got_array_and_names), METH_FASTCALL | METH_KEYWORDS,
     "METH_FASTCALL | METH_KEYWORDS"},
    {NULL, NULL, 0, NULL},
};

void play_arrives(void) {
    static ModuleDef def = {.name = "m"};
    static const char *const calls[] = {"", "1", "1 2", "1 b=2"};
    static const char *const questions[] = {
        NULL, "One argument. Who gets a tuple, and who the object?",
        "Two. For whom is something made that was not there before?",
        "Now one has a name. Who is willing, and where is the 2?"};
    Object *module = need(module_from_def(&def, "m"));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (i) step(questions[i]);
        Arguments args;
        arguments_of(&args, calls[i]);
        printf("%sf(%.1s%s%s)\n", i ? "\n" : "", calls[i], strlen(calls[i]) > 1 ? ", " : "",
               strlen(calls[i]) > 1 ? calls[i] + 2 : "");
        for (const MethodDef *ml = arrivals; ml->name; ml++) {
            Object *function = need(cfunction_new(ml, module, ((Module *)module)->name));
            given = args.values;
            Object *result = object_vectorcall(function, args.values, args.nargs, args.kwnames);
            printf("  %-29s %s\n", ml->doc, result ? ((Str *)result)->utf8 : error_message());
            error_clear();
            xdecref(result);
            decref(function);
        }
        arguments_drop(&args);
    }
    decref(module);
    puts("\nThe call arrives as an array. METH_FASTCALL hands on that same array; a tuple,\n"
         "and a dict, must be made and thrown away at each call.");
}

/* ---- format ----------------------------------------------------------------------------------*/

typedef union {
    int i;
    long l;
    double d;
    const char *s;
    Object *o;
} Slot;

/* What the format's characters left, "1, 7"; a slot that nothing was written to has its 7 still. */
static void print_stored(int at, const char *format, const Slot *slots) {
    const char *between = "";
    printf("%*s", 30 - at, "");
    for (const char *c = format; *c && *c != ':'; c++) {
        if (*c == '|' || *c == '$') continue;
        printf("%s", between);
        if (*c == 'i') printf("%d", slots->i);
        if (*c == 'l') printf("%ld", slots->l);
        if (*c == 'd') printf("%g", slots->d);
        if (*c == 's') printf("\"%s\"", slots->s);
        if (*c == 'O') printf("the object %s", repr(slots->o, 30));
        between = ", ";
        slots++;
    }
    puts("");
}

static void try_format(const char *format, const char *words) {
    static const char *const names[] = {"a", "b", NULL};
    Arguments args;
    arguments_of(&args, words);
    Object *tuple = need(tuple_from_array(args.values, args.nargs)), *kwargs = need(dict_new());
    for (ssize_t i = args.nargs; i < args.count; i++) {
        const Str *name = (Str *)((Tuple *)args.kwnames)->items[i - args.nargs];
        must(dict_set_item_string(kwargs, name->utf8, args.values[i]));
    }
    Slot slots[2];
    memset(slots, 0, sizeof slots);
    slots[0].i = slots[1].i = 7;
    bool by_name = args.kwnames || strchr(format, '$');
    int good = by_name ? arg_parse_tuple_and_keywords(tuple, kwargs, format, names, (void *)slots,
                                                      (void *)(slots + 1))
                       : arg_parse_tuple(tuple, format, (void *)slots, (void *)(slots + 1));
    int at = printf("  %-6s  %s", format, words);
    if (good)
        print_stored(at, format, slots);
    else
        print_error(at, 30);
    decref(tuple);
    decref(kwargs);
    arguments_drop(&args);
}

void play_format(void) {
    static const struct {
        const char *question, *format, *words;
    } rows[] = {
        {NULL, "i:f", "3"},
        {NULL, "i:f", "True"},
        {"A float, a str, and one more than a C int holds?", "i:f", "3.0"},
        {NULL, "i:f", "'3'"},
        {NULL, "i:f", "2147483648"},
        {NULL, "l:f", "9223372036854775808"},
        {NULL, "d:f", "3"},
        {NULL, "d:f", "'3'"},
        {"A C string ends at its first NUL. What of a str with one?", "s:f", "text"},
        {NULL, "s:f", "'a\\0b'"},
        {NULL, "s:f", "None"},
        {NULL, "s:f", "b'text'"},
        {NULL, "O:f", "None"},
        {"ii takes two; behind | the rest may be missing.", "ii:f", "1"},
        {NULL, "ii", "1"},
        {NULL, "i|i:f", "1"},
        {NULL, "i|i:f", "1 2 3"},
        {"Names: a and b. Behind $ only by name.", "i|i:f", "1 b=2"},
        {NULL, "i|i:f", "1 a=2"},
        {NULL, "i|i:f", "1 c=2"},
        {NULL, "i|$i:f", "1 2"},
        {NULL, "i|$i:f", "1 b=2"},
        {NULL, "i|$i:f", "b=2"},
    };
    puts("  format  arguments           what is stored (7: nothing was), or the error\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].question) {
            step(rows[i].question);
            puts("");
        }
        try_format(rows[i].format, rows[i].words);
    }
    puts("\nWhat stands behind the colon is the name in the messages, and no more.");
}

/* ---- wrong -----------------------------------------------------------------------------------*/

static ModuleDef fine = {.name = "m"}, never_initialised = {.name = "m"};
static Object *init_nothing(void) {
    return NULL;
}
static Object *init_both(void) {
    error_set(ValueError, "no");
    return module_def_init(&fine);
}
static Object *init_unready(void) {
    return OBJECT(&never_initialised);
}
static Object *init_str(void) {
    return str_from_string("no description");
}

static int exec_nothing(Object *module) {
    (void)module;
    return -1;
}
static int exec_raises(Object *module) {
    (void)module;
    return error_set(OSError, "no such device");
}
static const ModuleSlot unknown[] = {{3, FUNCTION(exec_raises)}, {0, NULL}};
static const ModuleSlot silent[] = {{Py_mod_exec, FUNCTION(exec_nothing)}, {0, NULL}};
static const ModuleSlot raises[] = {{Py_mod_exec, FUNCTION(exec_raises)}, {0, NULL}};

static Object *none_of_both(Object *module, Object *arg) {
    (void)module, (void)arg;
    return NULL;
}
static Object *both(Object *module, Object *arg) {
    (void)module;
    error_set(ValueError, "no");
    return new_ref(arg);
}
static const MethodDef functions[] = {
    {"neither", FUNCTION(none_of_both), METH_O, NULL},
    {"both", FUNCTION(both), METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

void play_wrong(void) {
    static const struct {
        const char *what;
        InitFunction init;
    } inits[] = {{"NULL, and no error", init_nothing},
                 {"a description, and an error", init_both},
                 {"one that module_def_init() never saw", init_unready},
                 {"a str", init_str}};
    puts("PyInit_m gives back:");
    for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
        printf("  %s\n    ", inits[i].what);
        import_run_init("m", inits[i].init);
        print_error(4, 4);
    }
    step("A slot of a number that is unknown here: skipped, or refused?");
    static ModuleDef defs[] = {{.name = "m", .slots = unknown},
                               {.name = "m", .slots = silent},
                               {.name = "m", .slots = raises},
                               {.name = "m", .size = -1}};
    static const char *const slots[] = {"slot 3", "an exec slot: -1, and no error",
                                        "an exec slot that raises", "state of -1 bytes"};
    puts("\nThe description has:");
    for (size_t i = 0; i < sizeof defs / sizeof *defs; i++) {
        printf("  %s\n    ", slots[i]);
        Object *module = module_from_def(&defs[i], "m");
        if (module) module_exec_def(module);
        print_error(4, 4);
        xdecref(module);
    }
    step("And a function that returns NULL, and no error?");
    static ModuleDef def = {.name = "m", .methods = functions};
    Object *module = need(module_from_def(&def, "m"));
    puts("\nA function gives back:");
    for (const MethodDef *ml = functions; ml->name; ml++) {
        printf("  %s\n    ", ml->name[0] == 'n' ? "NULL, and no error" : "a value, and an error");
        print_outcome(call(module, ml->name, "1"));
    }
    decref(module);
}
