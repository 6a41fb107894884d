/* failures.c: what cannot be loaded or called; each allocation and each step of libffi failing in
 * turn. */
#include "check.h"

#include <unistd.h>

typedef struct {
    double x[2];
} Doubles;

static void test_cannot_be_loaded(void **unused) {
    (void)unused;
    char path[] = "/tmp/ctypes_testXXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "not a library\n", 14), 14);
    close(file);
    const char *const names[] = {path, "./no/such/library.so", "/", "libno-such-library.so.0", ""};
    for (size_t i = 0; i + 1 < sizeof names / sizeof *names; i++) {
        assert_null(cdll_open(names[i], false));
        assert_string_equal(error_name(error_occurred()), OSError);
        assert_non_null(strstr(error_message(), names[i]));
        assert_null(strchr(error_message(), '\n'));
        error_clear();
    }
    unlink(path);
    Object *self = cdll_open(NULL, false); // the program itself
    assert_non_null(self);
    assert_null(cdll_function(self, "no_such_function"));
    assert_string_equal(error_name(error_occurred()), AttributeError);
    assert_non_null(strstr(error_message(), "undefined symbol: no_such_function"));
    assert_null(cdll_variable(self, "no_such_variable", code('i')));
    assert_string_equal(error_name(error_occurred()), ValueError);
    error_clear();
    Object *length = cdll_function(self, "strlen"), *text = bytes_from_data("ab\0cd", 5);
    assert_int_equal(got(object_call(length, &text, 1)), 2); // C reads up to the first NUL
    decref(text);
    decref(length);
    decref(self);
}

static void test_too_many(void **unused) {
    (void)unused;
    Object *args[CTYPES_MAX_ARGCOUNT + 1], *func = function_at((Any)abs, code('i'), NULL, 0);
    for (int i = 0; i <= CTYPES_MAX_ARGCOUNT; i++)
        args[i] = int_from_long(-5);
    assert_null(object_call(func, args, CTYPES_MAX_ARGCOUNT + 1));
    assert_error(ArgumentError, "too many arguments (1025), maximum is 1024");
    assert_int_equal(got(object_call(func, args, CTYPES_MAX_ARGCOUNT)), 5);
    for (int i = 0; i <= CTYPES_MAX_ARGCOUNT; i++)
        decref(args[i]);
    decref(func);
}

/* A structure there and back, a text, a callback with a structure, errcheck: true if all was
 * well. */
static Object *pass_args(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(args[2]);
}
static Object *float_of(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return cdata_get_attr(args[0], "b");
}
static double weigh(double (*function)(Doubles), Doubles value) {
    return function(value);
}

static bool scenario(void) {
    CType *type = structure_new("Doubles", NULL, NO_PACK),
          *pair = type ? ctype_array(code('d'), 2) : NULL;
    FieldSpec specs[] = {{"a", code('d'), 0}, {"b", code('d'), 0}};
    CType *handler = NULL;
    Object *func = NULL, *value = NULL, *function = NULL, *callback = NULL, *check = NULL,
           *result = NULL;
    bool good = pair && structure_set_fields(type, specs, 2) == 0;
    if (good) handler = ctype_function(code('d'), &type, 1, true);
    if (handler) func = function_at((Any)weigh, code('d'), (CType *[]){handler, type}, 2);
    if (func) value = object_vectorcall(OBJECT(type), (Object *[]){True, False}, 2, NULL);
    if (value) function = function_new("float_of", float_of, NULL);
    if (function) callback = object_call(OBJECT(handler), &function, 1);
    if (callback) check = function_new("pass_args", pass_args, NULL);
    if (check && funcptr_set_errcheck(func, check) == 0)
        result = object_call(func, (Object *[]){callback, value}, 2);
    Object *all[] = {check,           callback,     function,     value, func,
                     OBJECT(handler), OBJECT(pair), OBJECT(type), result};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        object_xdecref(all[i]);
    return result != NULL;
}

static int ignored;
static void count_ignored(const char *where, Object *callable) {
    (void)where, (void)callable;
    ignored++;
}

static void test_no_memory(void **unused) {
    (void)unused;
    void (*before)(const char *, Object *) = unraisable_hook;
    unraisable_hook = count_ignored;
    long n = 0;
    for (;; n++) {
        ignored = 0;
        testing_fail_at(n);
        bool made = scenario();
        assert_int_equal(testing_blocks(), blocks);
        if (!testing_has_failed()) {
            assert_true(made);
            break;
        }
        // In the callback there is nobody to be told; and what is prepared for later may as well be prepared each time.
        if (error_occurred()) {
            assert_false(made);
            assert_error(MemoryError, "");
        }
    }
    assert_in_range(n, 15, 40);
    unraisable_hook = before;
}

static void test_libffi_fails(void **unused) {
    (void)unused;
    static const struct {
        const char *call;
        int at;
        ErrorType type;
        const char *message;
    } table[] = {
        {"ffi_closure_alloc", 0, MemoryError, ""},
        {"ffi_prep_cif", 0, RuntimeError, "ffi_prep_cif failed with 1"}, // of the callback
        {"ffi_prep_closure_loc", 0, RuntimeError, "ffi_prep_closure failed with 2"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        testing_fail(table[i].call, table[i].at, 0);
        assert_false(scenario());
        assert_error(table[i].type, table[i].message);
        assert_int_equal(testing_blocks(), blocks);
    }
    testing_fail("ffi_prep_cif", 1, 0); // the function's own: the second try of that call succeeds
    assert_true(scenario());
    assert_true(testing_has_failed());
    testing_fail_from("ffi_prep_cif", 1, 0);
    assert_false(scenario());
    assert_error(RuntimeError, "ffi_prep_cif failed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_cannot_be_loaded),
        TEST(test_too_many),
        TEST(test_no_memory),
        TEST(test_libffi_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
