/* twin.c: what our host says, for a table of formats, functions and modules. twin.py asks CPython's
 * own C API the same.
 *
 * Values are written as Python writes them; a call is values and name=value, with blanks between.
 */
#include "../host.h"

enum { ARGS_MAX = 8, SLOTS = 4 };
#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- Values and calls ------------------------------------------------------------------------*/

static Object *or_end(Object *value) {
    if (value) return value;
    error_print(stderr);
    exit(1);
}

/* The value of a literal: None, True, numbers, 'text', b'bytes', (). */
static Object *value_of(const char *text, size_t length) {
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    if (strcmp(copy, "None") == 0) return new_ref(None);
    if (strcmp(copy, "True") == 0) return new_ref(True);
    if (strcmp(copy, "()") == 0) return or_end(tuple_from_array(NULL, 0));
    if (*copy == 'b') return or_end(bytes_from_data(copy + 2, (ssize_t)length - 3));
    if (*copy == '\'') {
        char *zero = strstr(copy, "\\0"); // the one escape that the tables need
        if (zero) {
            *zero = '\0';
            memmove(zero + 1, zero + 2, strlen(zero + 2) + 1);
            length--;
        }
        return or_end(str_from_utf8(copy + 1, (ssize_t)length - 2));
    }
    if (strpbrk(copy, ".e")) return or_end(float_from_double(strtod(copy, NULL)));
    return or_end(int_from_string(copy));
}

/* A call's arguments: by position, then those by name. */
typedef struct {
    Object *args[ARGS_MAX];
    ssize_t nargs;
    Object *names[ARGS_MAX];
    ssize_t nkw;
} Arguments;

static Arguments arguments_of(const char *call) {
    Arguments self = {.nargs = 0};
    while (*call) {
        size_t length = strcspn(call, " ");
        const char *equals = memchr(call, '=', length), *value = equals ? equals + 1 : call;
        if (equals) self.names[self.nkw++] = or_end(str_from_utf8(call, equals - call));
        self.args[self.nargs++] = value_of(value, length - (size_t)(value - call));
        call += length + (call[length] == ' ');
    }
    self.nargs -= self.nkw;
    return self;
}

static void arguments_drop(Arguments *self) {
    for (ssize_t i = 0; i < self->nargs + self->nkw; i++)
        decref(self->args[i]);
    for (ssize_t i = 0; i < self->nkw; i++)
        decref(self->names[i]);
}

/* Prints and drops a result, or prints the error. */
static void print_outcome(Object *result) {
    if (!result) {
        error_print(stdout);
        return;
    }
    object_write_repr(result, stdout);
    putchar('\n');
    decref(result);
}

/* ---- Formats ---------------------------------------------------------------------------------*/

/* One value in each format. Those whose words depend on how long a long is, only with values that
 * all can hold: the others are differential.c's. */
// clang-format off
static const char *const single_formats[] = {"L:f", "d:f", "f:f", "p:f", "s:f", "z:f", "U:f", "S:f", "O!:f", "O:f", "s",
    "s;all of it"};
static const char *const small_formats[] = {"i:f", "l:f", "n:f", "i", "l;all of it"};
static const char *const values[] = {
    "None", "True", "0", "1", "-1", "255", "1.5", "-0.0", "6.243497100631985e+144", "''", "'text'", "'a\\0b'", "b'bytes'", "b''", "()",
    "2147483647", "-2147483648", // here small ends
    "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615"};
// clang-format on
enum { SMALL = 17 };

static const char *const formats[] = {
    "",     ":f",    "i",      "i:f", "ii:f", "i|i:f", "|ii:f", "|i",          "ii;all of it",
    "i|:f", "s|d:f", "i|O!:f", "X:f", "iX:f", "i|X:f", "|:f",   "iii|i:a_name"};
static const char *const calls[] = {"",    "1",     "1 2",     "1 2 3",      "1 2 3 4", "1 2 3 4 5",
                                    "'a'", "1 'b'", "'a' 1.5", "1 'b' None", "1 None"};

/* A format, and the parameters' names; "" is one by position only. */
static const struct {
    const char *format, *names[SLOTS + 1];
} keyword_formats[] = {{"ii:f", {"a", "b"}},
                       {"i|i:f", {"a", "b"}},
                       {"|ii:f", {"a", "b"}},
                       {"i$i:f", {"a", "b"}},
                       {"i|$i:f", {"a", "b"}},
                       {"|$ii:f", {"a", "b"}},
                       {"|i$i:f", {"a", "b"}},
                       {"ii", {"a", "b"}},
                       {"i|$i", {"a", "b"}},
                       {"ii;all_of_it", {"a", "b"}},
                       {"ii:f", {"", "b"}},
                       {"i|i:f", {"", "b"}},
                       {"|ii:f", {"", "b"}},
                       {"ii:f", {"", ""}},
                       {"|ii", {"", ""}},
                       {"ii|i:f", {"", "", "c"}},
                       {"i|ii:f", {"", "", "c"}},
                       {"i|i$i:f", {"a", "b", "c"}},
                       {"i:f", {"a"}},
                       {"|$i:f", {"a"}},
                       {":f", {NULL}},
                       {"", {NULL}},
                       {"i|i|i:f", {"a", "b", "c"}},
                       {"i$i|i:f", {"a", "b", "c"}},
                       {"i$i$i:f", {"a", "b", "c"}},
                       {"iii:f", {"a", "b"}},
                       {"i:f", {"a", "b"}},
                       {"$ii:f", {"", "b"}},
                       {"ii:f", {"a", ""}},
                       {"iX:f", {"a", "b"}},
                       {"i|X:f", {"a", "b"}},
                       {"sz|$O:f", {"", "b", "c"}}};
static const char *const keyword_calls[] = {
    "",      "1",       "1 2",         "1 2 3",     "1 2 3 4",  "a=1",
    "b=2",   "1 b=2",   "1 a=2",       "a=1 b=2",   "b=2 a=1",  "x=1",
    "1 x=2", "1 2 x=3", "1 2 a=3",     "1 b=2 x=3", "a='s'",    "1 b='s'",
    "1 c=3", "1 2 c=3", "a=1 b=2 c=3", "c=3",       "'a' None", "'a' b='b' c=()"};

typedef union {
    int i;
    long l;
    long long L;
    ssize_t n;
    double d;
    float f;
    const char *s;
    Object *O;
} Slot;

/* What the parsed characters of the format have left: a tuple. */
static Object *stored(const char *format, const Slot *slots) {
    Object *items[SLOTS] = {NULL};
    ssize_t count = 0;
    for (const char *at = format; *at && *at != ':' && *at != ';' && count < SLOTS; at++) {
        const Slot *slot = &slots[count];
        Object *item = NULL;
        if (*at == 'i' || *at == 'p') item = int_from_long(slot->i);
        if (*at == 'l') item = int_from_long(slot->l);
        if (*at == 'L') item = int_from_long(slot->L);
        if (*at == 'n') item = int_from_long(slot->n);
        if (*at == 'd') item = float_from_double(slot->d);
        if (*at == 'f') item = float_from_double((double)slot->f);
        if (*at == 's' || *at == 'z') item = slot->s ? str_from_string(slot->s) : new_ref(None);
        if (*at == 'U' || *at == 'S' || *at == 'O') item = new_ref(slot->O ? slot->O : None);
        if (item) items[count++] = item;
    }
    Object *tuple = or_end(tuple_from_array(items, count));
    while (count > 0)
        decref(items[--count]);
    return tuple;
}

static void parse(const char *format, const char *call) {
    Slot s[SLOTS];
    memset(s, 0, sizeof s);
    Arguments arguments = arguments_of(call);
    Object *args = or_end(tuple_from_array(arguments.args, arguments.nargs));
    const char *bang = strchr(format, '!');
    int ok = !bang                ? arg_parse_tuple(args, format, &s[0], &s[1], &s[2], &s[3])
             : bang == format + 1 ? arg_parse_tuple(args, format, &Str_Type, &s[0])
                                  : arg_parse_tuple(args, format, &s[0], &Str_Type, &s[1]);
    printf("%s (%s): ", format, call);
    print_outcome(ok ? stored(format, s) : NULL);
    decref(args);
    arguments_drop(&arguments);
}

static void parse_keywords(const char *format, const char *const *names, const char *call) {
    Slot s[SLOTS];
    memset(s, 0, sizeof s);
    Arguments arguments = arguments_of(call);
    Object *args = or_end(tuple_from_array(arguments.args, arguments.nargs)), *kwargs = NULL;
    if (arguments.nkw) kwargs = or_end(dict_new());
    for (ssize_t i = 0; i < arguments.nkw; i++)
        dict_set_item_string(kwargs, ((Str *)arguments.names[i])->utf8,
                             arguments.args[arguments.nargs + i]);
    int ok = arg_parse_tuple_and_keywords(args, kwargs, format, names, &s[0], &s[1], &s[2], &s[3]);
    printf("%s", format);
    for (const char *const *name = names; *name; name++)
        printf(" %s", **name ? *name : "-");
    printf(" (%s): ", call);
    print_outcome(ok ? stored(format, s) : NULL);
    decref(args);
    xdecref(kwargs);
    arguments_drop(&arguments);
}

/* ---- Functions -------------------------------------------------------------------------------*/

static Object *give_arg(Object *module, Object *arg) {
    (void)module;
    return new_ref(arg ? arg : None);
}

static Object *give_both(Object *module, Object *args, Object *kwargs) {
    (void)module;
    return tuple_from_array((Object *[]){args, kwargs ? kwargs : None}, 2);
}

static Object *give_array(Object *module, Object *const *args, ssize_t nargs) {
    (void)module;
    return tuple_from_array(args, nargs);
}

static Object *give_names(Object *module, Object *const *args, ssize_t nargs, Object *kwnames) {
    (void)module;
    ssize_t nkw = kwnames ? ((Tuple *)kwnames)->size : 0;
    Object *all = tuple_from_array(args, nargs + nkw);
    Object *result = all ? tuple_from_array((Object *[]){all, kwnames ? kwnames : None}, 2) : NULL;
    xdecref(all);
    return result;
}

static Object *give_nothing(Object *module, Object *arg) {
    (void)module;
    (void)arg;
    return NULL;
}

static const MethodDef methods[] = {
    {"varargs", FUNCTION(give_arg), METH_VARARGS, "varargs($module, *args)\n--\n\nThe tuple."},
    {"keywords", FUNCTION(give_both), METH_VARARGS | METH_KEYWORDS,
     "keywords(*args, **kwargs)\n--\n\n"},
    {"noargs", FUNCTION(give_arg), METH_NOARGS, "noargs($module, /)\n--\n\nNone.\n\nAlways."},
    {"one", FUNCTION(give_arg), METH_O, "one(a, /)\n--\nwithout an empty line"},
    {"fast", FUNCTION(give_array), METH_FASTCALL, "fast(a)\n\nb)\n--\n\nthe end is too late"},
    {"names", FUNCTION(give_names), METH_FASTCALL | METH_KEYWORDS,
     "another(a)\n--\n\nanother name"},
    {"null", FUNCTION(give_nothing), METH_NOARGS, NULL},
    {"empty", FUNCTION(give_arg), METH_NOARGS, ""},
    {"text", FUNCTION(give_arg), METH_O, "Text only."},
    {"open", FUNCTION(give_arg), METH_O, "open(a"},
    {"nested", FUNCTION(give_arg), METH_O, "nested(a=(1, 2))\n--\n\n(Brackets.)"},
    {NULL, NULL, 0, NULL},
};
static const int flags[] = {0,      0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0008,
                            0x0009, 0x000A, 0x000C, 0x0080, 0x0081, 0x0082, 0x0084, 0x0088};
static const char *const function_calls[] = {"", "1", "1 2", "1 2 3", "x=1", "1 x=2", "1 x=2 y=3"};

static void print_functions(Object *module) {
    for (const MethodDef *ml = methods; ml->name; ml++) {
        Object *function = or_end(module_get_attr(module, ml->name));
        for (size_t i = 0; i < COUNT(function_calls); i++) {
            Arguments arguments = arguments_of(function_calls[i]);
            Object *kwnames = or_end(tuple_from_array(arguments.names, arguments.nkw));
            printf("%s(%s): ", ml->name, function_calls[i]);
            print_outcome(object_vectorcall(function, arguments.args, arguments.nargs, kwnames));
            decref(kwnames);
            arguments_drop(&arguments);
        }
        printf("%s: ", ml->name);
        print_outcome(method_text_signature(ml));
        printf("%s: ", ml->name);
        print_outcome(method_doc(ml));
        decref(function);
    }
    for (size_t i = 0; i < COUNT(flags); i++) {
        const MethodDef ml = {"f", FUNCTION(give_arg), flags[i], NULL};
        printf("flags %d: ", flags[i]);
        print_outcome(cfunction_new(&ml, module, NULL));
    }
}

/* ---- Modules ---------------------------------------------------------------------------------*/

static Object *create_number(Object *name, ModuleDef *def) {
    (void)name;
    (void)def;
    return int_from_long(1000);
}
static Object *create_nothing(Object *name, ModuleDef *def) {
    (void)name;
    (void)def;
    return NULL;
}
static int execute_well(Object *module) {
    return module_add_int_constant(module, "EXECUTED", 1);
}
static int execute_badly(Object *module) {
    (void)module;
    return -1;
}

#define CREATE(function)                                                                           \
    { Py_mod_create, FUNCTION(create_##function) }
#define EXECUTE(function)                                                                          \
    { Py_mod_exec, FUNCTION(execute_##function) }
static const struct {
    const char *what;
    ssize_t size;
    bool methods;
    ModuleSlot slots[4];
} modules[] = {
    {"plain", 0, true, {{0, NULL}}},
    {"with state", 8, true, {EXECUTE(well)}},
    {"executed twice", 0, false, {EXECUTE(well), EXECUTE(well)}},
    {"negative size", -1, false, {{0, NULL}}},
    {"executed badly", 0, false, {EXECUTE(badly)}},
    {"badly at last", 0, false, {EXECUTE(well), EXECUTE(badly)}},
    {"unknown slot", 0, false, {EXECUTE(well), {99, NULL}}},
    {"slot below 0", 0, false, {{-1, NULL}}},
    {"created twice", 0, false, {CREATE(number), CREATE(number)}},
    {"a number without text", 0, false, {CREATE(number)}},
    {"a number", 0, false, {CREATE(number)}},
    {"a number with functions", 0, true, {CREATE(number)}},
    {"a number with state", 8, false, {CREATE(number)}},
    {"a number, executed", 0, false, {CREATE(number), EXECUTE(well)}},
    {"nothing created", 0, false, {CREATE(nothing)}},
};

static void print_modules(void) {
    for (size_t i = 0; i < COUNT(modules); i++) {
        ModuleDef def = {.name = "m", .size = modules[i].size};
        def.doc = strstr(modules[i].what, "without text") ? NULL : "Its text.";
        def.methods = modules[i].methods ? methods : NULL;
        def.slots = modules[i].slots;
        printf("%s: ", modules[i].what);
        module_def_init(&def);
        Object *module = module_from_def(&def, "m");
        if (!module || module_exec_def(module) < 0) {
            error_print(stdout);
        } else if (module->type != &Module_Type) {
            object_write_repr(module, stdout);
            putchar('\n');
        } else {
            object_write_repr(module, stdout);
            for (const char *const *name =
                     (const char *const[]){"__name__", "__doc__", "EXECUTED", NULL};
                 *name; name++) {
                Object *attribute = module_get_attr(module, *name);
                printf(", ");
                if (attribute)
                    object_write_repr(attribute, stdout);
                else
                    printf("%s: %s", error_name(error_occurred()), error_message());
                error_clear();
                xdecref(attribute);
            }
            putchar('\n');
        }
        xdecref(module);
    }
}

int main(void) {
    for (size_t f = 0; f < COUNT(single_formats); f++) {
        for (size_t v = 0; v < COUNT(values); v++)
            parse(single_formats[f], values[v]);
    }
    for (size_t f = 0; f < COUNT(small_formats); f++) {
        for (size_t v = 0; v < SMALL; v++)
            parse(small_formats[f], values[v]);
    }
    for (size_t f = 0; f < COUNT(formats); f++) {
        for (size_t c = 0; c < COUNT(calls); c++)
            parse(formats[f], calls[c]);
    }
    for (size_t f = 0; f < COUNT(keyword_formats); f++) {
        for (size_t c = 0; c < COUNT(keyword_calls); c++)
            parse_keywords(keyword_formats[f].format, keyword_formats[f].names, keyword_calls[c]);
    }
    ModuleDef def = {.name = "m", .methods = methods};
    module_def_init(&def);
    Object *module = or_end(module_from_def(&def, "m"));
    print_functions(module);
    print_outcome(module_get_attr(module, "absent"));
    printf("%d ", module_add_object_ref(module, "absent", NULL));
    error_print(stdout);
    decref(module);
    print_modules();
    return finish_output("twin", 0);
}
