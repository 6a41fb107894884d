/* Tests of the host. What is said of formats, calls and definitions is the twin's business; here:
 * files, what PyInit_ gives back, errors that are left behind, memory, references, and functions
 * that outlive what they belong to. */
#include "../../../common/proof/testing.h"

#include "../host.h"

#include <limits.h>
#include <sys/stat.h>

static char directory[PATH_MAX]; // where counter.small-1.so is: beside this program
static char scratch[64];

/* Calls module.name(*args): new reference or NULL. */
static Object *call(Object *module, const char *name, Object *const *args, ssize_t nargs) {
    Object *function = module_get_attr(module, name);
    Object *result = function ? object_call(function, args, nargs) : NULL;
    xdecref(function);
    return result;
}

#define assert_repr(op, expected)                                                                  \
    do {                                                                                           \
        char repr_text[200] = "";                                                                  \
        Object *repr_of = (op);                                                                    \
        assert_non_null(repr_of);                                                                  \
        FILE *repr_out = fmemopen(repr_text, sizeof repr_text, "w");                               \
        object_write_repr(repr_of, repr_out);                                                      \
        fclose(repr_out);                                                                          \
        decref(repr_of);                                                                           \
        assert_string_equal(repr_text, expected);                                                  \
    } while (0)

/* ---- Files -----------------------------------------------------------------------------------*/

static const char *in_scratch(const char *name) {
    static char path[2][160];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", scratch, name);
    return path[turn];
}

static void touch(const char *name, const char *text) {
    FILE *file = fopen(in_scratch(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_suffixes(void **state) {
    (void)state;
    char path[PATH_MAX];
    assert_int_equal(mkdir(in_scratch("a.so"), 0700), 0); // of that name, and no file
    assert_int_equal(find_extension(scratch, "a", path, sizeof path), -1);
    assert_error(ModuleNotFoundError, "No module named 'a'");
    touch("b.so", "");
    touch("b.txt", "");
    assert_int_equal(find_extension(scratch, "b", path, sizeof path), 0);
    assert_string_equal(path, in_scratch("b.so"));
    touch("b.small-1.so", ""); // the more particular one is first
    assert_int_equal(find_extension(scratch, "b", path, sizeof path), 0);
    assert_string_equal(path, in_scratch("b.small-1.so"));
    assert_int_equal(find_extension(scratch, "b", path, 12), -1); // what does not fit is not cut
    assert_error(ModuleNotFoundError, "No module named 'b'");
    assert_int_equal(find_extension(in_scratch("none"), "b", path, sizeof path), -1);
    assert_error(ModuleNotFoundError, "No module named 'b'");
    assert_null(import_extension(scratch, "absent"));
    assert_error(ModuleNotFoundError, "No module named 'absent'");
}

static void test_not_a_plugin(void **state) {
    (void)state;
    touch("text.so", "no library\n");
    assert_null(import_extension(scratch, "text"));
    assert_true(error_matches(ImportError)); // dlopen()'s words, which name the file
    assert_non_null(strstr(error_message(), "text.so"));
    error_clear();
    char target[PATH_MAX + 20];
    snprintf(target, sizeof target, "%s/counter.small-1.so", directory);
    assert_int_equal(symlink(target, in_scratch("other.so")), 0); // under another name
    assert_null(import_extension(scratch, "other"));
    assert_error(ImportError,
                 "dynamic module does not define module export function (PyInit_other)");
}

/* ---- What PyInit_ gives back -----------------------------------------------------------------*/

static ModuleDef plain = {.name = "plain"};
static ModuleDef never_initialized = {.name = "never"};
static Object *init_well(void) {
    return module_def_init(&plain);
}
static Object *init_silently(void) {
    return NULL;
}
static Object *init_with_error(void) {
    error_set(ValueError, "no");
    return NULL;
}
static Object *init_with_both(void) {
    error_set(ValueError, "no");
    return module_def_init(&plain);
}
static Object *init_uninitialized(void) {
    return OBJECT(&never_initialized);
}
static Object *init_with_text(void) {
    return str_from_string("no definition");
}

static void test_init(void **state) {
    (void)state;
    static const struct {
        InitFunction init;
        const char *type, *message;
    } cases[] = {
        {init_silently, SystemError, "initialization of m failed without raising an exception"},
        {init_with_error, ValueError, "no"},
        {init_with_both, SystemError, "initialization of m raised unreported exception"},
        {init_uninitialized, SystemError, "init function of m returned uninitialized object"},
        {init_with_text, SystemError, "initialization of m did not return an extension module"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(import_run_init("m", cases[i].init));
        assert_error(cases[i].type, cases[i].message);
    }
    assert_ptr_equal(import_run_init("m", init_well), &plain);
    assert_ptr_equal(plain.ob.type, &ModuleDef_Type);
    assert_int_equal(testing_blocks(), 0);
}

/* ---- Phases ----------------------------------------------------------------------------------*/

static char trace[100];
static void tell(const char *what) {
    snprintf(trace + strlen(trace), sizeof trace - strlen(trace), " %s", what);
}

static int execute_first(Object *module) {
    assert_memory_equal(module_get_state(module), "\0\0\0\0", 4);
    memcpy(module_get_state(module), "one", 4);
    tell("first");
    return 0;
}
static int execute_second(Object *module) {
    assert_string_equal(module_get_state(module), "one");
    tell("second");
    return 0;
}
static int execute_unreported(Object *module) {
    (void)module;
    return error_set(ValueError, "left behind") + 1;
}
static int execute_failing(Object *module) {
    (void)module;
    return error_set(ValueError, "reported");
}
static Object *create_with_both(Object *name, ModuleDef *def) {
    (void)def;
    error_set(ValueError, "left behind");
    return new_ref(name);
}
static Object *create_failing(Object *name, ModuleDef *def) {
    (void)name;
    (void)def;
    error_set(ValueError, "reported");
    return NULL;
}

/* Takes references, and calls a function of the module that dies. */
static void free_state(Object *module) {
    tell("free");
    Object *result = call(module, "give", NULL, 0);
    assert_ptr_equal(result, module);
    decref(result);
}
static Object *give(Object *module, Object *unused) {
    (void)unused;
    return new_ref(module);
}

static const MethodDef give_only[] = {{"give", FUNCTION(give), METH_NOARGS, NULL},
                                      {NULL, NULL, 0, NULL}};

static void test_phases(void **state) {
    (void)state;
    const ModuleSlot slots[] = {
        {Py_mod_exec, FUNCTION(execute_first)}, {Py_mod_exec, FUNCTION(execute_second)}, {0, NULL}};
    ModuleDef def = {
        .name = "m", .size = 4, .slots = slots, .free = free_state, .methods = give_only};
    Object *module = module_from_def(&def, "m");
    assert_null(module_get_state(module)); // before the second phase
    decref(module);                        // never executed: there is nothing for m_free
    assert_string_equal(trace, "");
    module = module_from_def(&def, "m");
    assert_int_equal(module_exec_def(module), 0);
    decref(module);
    assert_string_equal(trace, " first second free");
    trace[0] = '\0';
    assert_int_equal(testing_blocks(), 0);
}

static void test_errors_of_slots(void **state) {
    (void)state;
    static const struct {
        ModuleSlot slot;
        const char *type, *message;
    } cases[] = {
        {{Py_mod_exec, FUNCTION(execute_unreported)},
         SystemError,
         "execution of module m raised unreported exception"},
        {{Py_mod_exec, FUNCTION(execute_failing)}, ValueError, "reported"},
        {{Py_mod_create, FUNCTION(create_with_both)},
         SystemError,
         "creation of module m raised unreported exception"},
        {{Py_mod_create, FUNCTION(create_failing)}, ValueError, "reported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ModuleSlot slots[] = {cases[i].slot, {0, NULL}};
        ModuleDef def = {.name = "m", .slots = slots};
        Object *module = module_from_def(&def, "m");
        assert_true(!module || module_exec_def(module) < 0);
        xdecref(module);
        assert_error(cases[i].type, cases[i].message);
        assert_int_equal(testing_blocks(), 0);
    }
}

/* ---- Two of one ------------------------------------------------------------------------------*/

static void test_two_modules(void **state) {
    (void)state;
    Object *one = import_extension(directory, "counter"),
           *two = import_extension(directory, "counter");
    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_not_equal(one, two);
    assert_ptr_equal(((Module *)one)->def, ((Module *)two)->def);
    assert_repr(call(one, "count", NULL, 0), "1");
    assert_repr(call(one, "count", NULL, 0), "2");
    assert_repr(call(two, "count", NULL, 0), "1");
    assert_repr(module_get_attr(one, "START"), "0");
    Object *function = module_get_attr(one, "count");
    decref(one);
    assert_null(object_call(function, NULL, 0)); // CPython's would have kept its module alive
    assert_error(RuntimeError, "count() outlived its module");
    decref(function);
    decref(two);
    assert_int_equal(testing_blocks(), 0);
}

/* A function whose place in the module has been taken by another value still knows that the module
 * died. */
static void test_replaced_function(void **state) {
    (void)state;
    ModuleDef def = {.name = "m", .methods = give_only};
    Object *module = module_from_def(&def, "m"), *function = module_get_attr(module, "give");
    assert_int_equal(module_add_object_ref(module, "give", None), 0);
    Object *given = object_call(function, NULL, 0);
    assert_ptr_equal(given, module);
    decref(given);
    decref(module);
    assert_null(object_call(function, NULL, 0));
    assert_error(RuntimeError, "give() outlived its module");
    decref(function);
    module = module_from_def(&def, "m"); // and a module, that a function of its died
    assert_int_equal(module_add_object_ref(module, "give", None), 0);
    assert_null(((Module *)module)->functions);
    decref(module);
    assert_int_equal(testing_blocks(), 0);
}

static Object *held; // the last reference to a module

/* Drops its own module, and the function that runs. */
static Object *drop(Object *module, Object *const *args, ssize_t nargs) {
    (void)args;
    (void)nargs;
    module_add_object_ref(module, "drop", None);
    clear_ref(held);
    return new_ref(((Module *)module)->name); // still there: the call holds it
}

static void test_drops_its_module(void **state) {
    (void)state;
    const MethodDef methods[] = {{"drop", FUNCTION(drop), METH_FASTCALL, NULL},
                                 {NULL, NULL, 0, NULL}};
    ModuleDef def = {.name = "m", .methods = methods};
    held = module_from_def(&def, "m");
    Object *function = dict_get_item_string(((Module *)held)->dict, "drop"); // borrowed
    assert_repr(cfunction_call(function, NULL, 0, NULL), "'m'");
    assert_null(held);
    assert_int_equal(testing_blocks(), 0);
}

/* ---- Calls -----------------------------------------------------------------------------------*/

static Object *give_with_error(Object *module, Object *arg) {
    (void)module;
    error_set(ValueError, "left behind");
    return new_ref(arg);
}

static void test_result_and_error(void **state) {
    (void)state;
    const MethodDef methods[] = {{"both", FUNCTION(give_with_error), METH_O, NULL},
                                 {NULL, NULL, 0, NULL}};
    ModuleDef def = {.name = "m", .methods = methods};
    Object *module = module_from_def(&def, "m"), *text = str_from_string("argument");
    assert_null(call(module, "both", &text, 1));
    assert_error(SystemError, "<built-in function both> returned a result with an exception set");
    assert_int_equal(text->refcnt, 1); // the result was dropped
    decref(text);
    decref(module);
    assert_int_equal(testing_blocks(), 0);
}

/* What was not given stays as it was; what was is borrowed. */
static void test_arguments(void **state) {
    (void)state;
    int a = 10, b = 20;
    const char *text = "before";
    Object *object = NULL, *args[] = {str_from_string("text"), int_from_long(1000)};
    assert_int_equal(arg_parse_stack(args, 1, "s|ii", &text, &a, &b), 1);
    assert_string_equal(text, "text");
    assert_ptr_equal(text, ((Str *)args[0])->utf8); // not a copy
    assert_int_equal(a + b, 30);
    assert_int_equal(arg_parse_stack(args, 2, "OO!", &object, &Int_Type, &object), 1);
    assert_ptr_equal(object, args[1]);
    assert_int_equal(arg_parse_stack(args, 2, "UO!", &object, &Str_Type, &object), 0);
    assert_error(TypeError, "argument 2 must be str, not int");
    assert_int_equal(args[0]->refcnt + args[1]->refcnt, 2);
    assert_int_equal(arg_parse_tuple(args[0], "i", &a), 0);
    assert_error(SystemError, "new style getargs format but argument is not a tuple");
    Object *large = int_from_long(INT64_C(1) << 31);
    assert_int_equal(arg_parse_stack(&large, 1, "i", &a), 0);
    assert_error(OverflowError, sizeof(long) > 4 ? "signed integer is greater than maximum"
                                                 : "Python int too large to convert to C long");
    decref(large);
    // Too long an error is cut, and nothing is written past it.
    char name[400] = "i:";
    memset(name + 2, 'x', sizeof name - 3);
    assert_int_equal(arg_parse_stack(args, 2, name, &a), 0);
    assert_true(error_matches(TypeError));
    error_clear();
    decref(args[0]);
    decref(args[1]);
    assert_int_equal(testing_blocks(), 0);
}

/* ---- Without memory --------------------------------------------------------------------------*/

static void test_no_memory_import(void **state) {
    (void)state;
    Object *module = NULL;
    for (long n = 0; !module; n++) {
        testing_fail_at(n);
        module = import_extension(directory, "counter");
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(failed, !module);
        if (module) break;
        assert_error(MemoryError, "");
        assert_int_equal(testing_blocks(), 0);
    }
    decref(module);
    assert_int_equal(testing_blocks(), 0);
}

static void test_no_memory_calls(void **state) {
    (void)state;
    static const struct {
        const char *name;
        ssize_t nargs;
        const char *keyword;
    } calls[] = {{"count", 1, NULL}, {"count", 0, "step"},  {"reset", 0, NULL}, {"add", 2, NULL},
                 {"scale", 2, NULL}, {"greet", 1, "times"}, {"greet", 1, NULL}, {"echo", 1, NULL}};
    Object *module = import_extension(directory, "counter");
    Object *number = int_from_long(1000), *text = str_from_string("you");
    long blocks = testing_blocks();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        Object *function = module_get_attr(module, calls[i].name), *result = NULL, *names = NULL;
        Object *first = strcmp(calls[i].name, "greet") == 0 ? text : number;
        Object *args[] = {calls[i].nargs ? first : number, number};
        if (calls[i].keyword) {
            Object *keyword = str_from_string(calls[i].keyword);
            names = tuple_from_array(&keyword, 1);
            decref(keyword);
        }
        long before = testing_blocks();
        for (long n = 0; !result; n++) {
            testing_fail_at(n);
            result = object_vectorcall(function, args, calls[i].nargs, names);
            testing_fail(NULL, 0, 0);
            if (!result) assert_error(MemoryError, "");
            if (!result) assert_int_equal(testing_blocks(), before);
        }
        decref(result);
        xdecref(names);
        decref(function);
        assert_int_equal(testing_blocks(), blocks);
    }
    decref(number);
    decref(text);
    decref(module);
    assert_int_equal(testing_blocks(), 0);
}

/* ---- Docstrings ------------------------------------------------------------------------------*/

static void test_docstrings_without_memory(void **state) {
    (void)state;
    const MethodDef ml = {"f", FUNCTION(give), METH_NOARGS, "f(a)\n--\n\nText."};
    testing_fail_at(0);
    assert_null(method_text_signature(&ml));
    assert_error(MemoryError, "");
    testing_fail_at(0);
    assert_null(method_doc(&ml));
    assert_error(MemoryError, "");
    testing_fail(NULL, 0, 0);
    assert_repr(method_text_signature(&ml), "'(a)'");
    assert_repr(method_doc(&ml), "'Text.'");
}

static int make_scratch(void **state) {
    (void)state;
    snprintf(scratch, sizeof scratch, "/tmp/extension_test.XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_scratch(void **state) {
    (void)state;
    static const char *const files[] = {"b.so",    "b.txt",    "b.small-1.so",
                                        "text.so", "other.so", NULL};
    for (const char *const *file = files; *file; file++)
        unlink(in_scratch(*file));
    rmdir(in_scratch("a.so"));
    return rmdir(scratch);
}

int main(int argc, char **argv) {
    (void)argc;
    char program[PATH_MAX];
    if (!realpath(argv[0], program)) return 1;
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(program, '/') - program), program);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suffixes),
        cmocka_unit_test(test_not_a_plugin),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_errors_of_slots),
        cmocka_unit_test(test_two_modules),
        cmocka_unit_test(test_replaced_function),
        cmocka_unit_test(test_drops_its_module),
        cmocka_unit_test(test_result_and_error),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_no_memory_import),
        cmocka_unit_test(test_no_memory_calls),
        cmocka_unit_test(test_docstrings_without_memory),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
