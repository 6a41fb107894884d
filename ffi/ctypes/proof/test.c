/* test.c: calls and callbacks: structures of every shape by value against this very compiler, user functions that change
 * the very object that called them, each allocation and each step of libffi failing in turn, what cannot be loaded. */
#include "../../../common/proof/testing.h"

#include "../ctypes.h"

#include <ffi.h>
#include <pthread.h>
#include <unistd.h>

TESTING_CALL(void *, ffi_closure_alloc, (size_t size, void **code), (size, code), NULL)
TESTING_CALL(ffi_status, ffi_prep_cif,
             (ffi_cif * cif, ffi_abi abi, unsigned nargs, ffi_type *rtype, ffi_type **atypes),
             (cif, abi, nargs, rtype, atypes), FFI_BAD_TYPEDEF)
TESTING_CALL(ffi_status, ffi_prep_closure_loc,
             (ffi_closure * closure, ffi_cif *cif, void (*fun)(ffi_cif *, void *, void **, void *),
              void *data, void *code),
             (closure, cif, fun, data, code), FFI_BAD_ABI)

static long blocks;

static int remember_blocks(void **unused) {
    (void)unused;
    blocks = testing_blocks();
    return 0;
}
static int no_block_more(void **unused) {
    (void)unused;
    testing_fail(NULL, 0, 0);
    return testing_blocks() == blocks && !error_occurred() ? 0 : -1;
}

typedef void (*Any)(void);

/* A function of ours, of a type that is dropped with it. */
static Object *function_at(Any address, CType *restype, CType *const *argtypes, ssize_t n) {
    CType *type = ctype_function(restype, argtypes, n, false);
    Object *func = type ? funcptr_from_address(type, address) : NULL;
    xdecref(type);
    return func;
}
static CType *code(char which) {
    return ctype_simple(which);
}
static int64_t got(Object *value) {
    long long plain = 0;
    assert_non_null(value);
    assert_int_equal(int_as_longlong(value, &plain), 0);
    decref(value);
    return plain;
}

/* ---- Structures by value ---------------------------------------------------------------------*/

/* Each shape as C and as fields. A structure of a long double alone is missing: libffi 3.4.4 looks for what comes back
 * in memory, where System V has it in st0. */
typedef struct {
    float x, y, z;
} Floats;
typedef struct {
    double x[2];
} Doubles;
typedef struct {
    double x[3];
} ThreeDoubles;
typedef struct {
    char c[5];
} Chars;
typedef struct {
    char c[17];
} SeventeenChars;
typedef struct {
    Floats in;
    int n;
} Nested;
typedef struct {
    float x;
    int n;
} FloatInt;
typedef struct {
    int n[5];
} FiveInts;
typedef struct {
    void *p;
    double d;
} PointerDouble;
typedef struct {
    float x[8];
} EightFloats;

#define SHAPES(X)                                                                                  \
    X(Floats, 'f', 3, 0)                                                                           \
    X(Doubles, 'd', 0, 2)                                                                          \
    X(ThreeDoubles, 'd', 0, 3)                                                                     \
    X(Chars, 'b', 0, 5)                                                                            \
    X(SeventeenChars, 'b', 0, 17)                                                                  \
    X(FiveInts, 'i', 0, 5)                                                                         \
    X(EightFloats, 'f', 0, 8)

/* Behind an int and a double, and before another, so that registers are taken, and the others found. */
#define ECHO(name, ...)                                                                            \
    static name echo_##name(int before, double weight, name value, int after) {                    \
        if (before != 7 || weight != 0.5 || after != 9) memset(&value, 0, sizeof value);           \
        return value;                                                                              \
    }
SHAPES(ECHO)
ECHO(Nested, )
ECHO(FloatInt, )
ECHO(PointerDouble, )

/* The argument is declared as one class, is of another, and comes back as that. */
static void check_echo(Any echo, CType *declared, CType *type, const void *bytes, size_t size,
                       const char *name) {
    Object *func =
        function_at(echo, type, (CType *[]){code('i'), code('d'), declared, code('i')}, 4);
    assert_int_equal(type->size, size);
    Object *args[] = {int_from_long(7), float_from_double(0.5), cdata_copy(type, bytes),
                      int_from_long(9)};
    Object *back = object_call(func, args, 4);
    assert_non_null(back);
    if (memcmp(((CData *)back)->ptr, bytes, size) != 0) fail_msg("%s does not come back", name);
    decref(back);
    for (int i = 0; i < 4; i++)
        decref(args[i]);
    decref(func);
}

/* fields of that code, or one field that is an array. */
static CType *shape(const char *name, char of, int fields, int array) {
    static const char *const names[] = {"a", "b", "c"};
    FieldSpec specs[3];
    CType *type = structure_new(name, NULL, NO_PACK);
    CType *item = array ? ctype_array(code(of), array) : (CType *)new_ref(code(of));
    for (int i = 0; i < 3; i++)
        specs[i] = (FieldSpec){names[i], item, 0};
    assert_int_equal(structure_set_fields(type, specs, array ? 1 : fields), 0);
    decref(item);
    return type;
}

static CType *mixed(const char *name, CType *first, CType *second) {
    CType *type = structure_new(name, NULL, NO_PACK);
    FieldSpec specs[] = {{"a", first, 0}, {"b", second, 0}};
    assert_int_equal(structure_set_fields(type, specs, 2), 0);
    return type;
}

#define CHECK(name, of, fields, array)                                                             \
    {                                                                                              \
        name value;                                                                                \
        memset(&value, 0, sizeof value);                                                           \
        for (size_t i = 0; i < sizeof value; i++)                                                  \
            ((char *)&value)[i] = (char)(i + 1);                                                   \
        CType *type = shape(#name, of, fields, array);                                             \
        check_echo((Any)echo_##name, type, type, &value, sizeof value, #name);                     \
        decref(type);                                                                              \
    }
#define CHECK_MIXED(name, first, second, ...)                                                      \
    {                                                                                              \
        name value;                                                                                \
        memset(&value, 0, sizeof value);                                                           \
        value = (name){__VA_ARGS__};                                                               \
        CType *type = mixed(#name, first, second);                                                 \
        Object *copy = cdata_copy(type, &value);                                                   \
        memset(&value, 0, sizeof value);                                                           \
        memcpy(&value, ((CData *)copy)->ptr, sizeof value);                                        \
        decref(copy);                                                                              \
        check_echo((Any)echo_##name, type, type, &value, sizeof value, #name);                     \
        decref(type);                                                                              \
    }

static void test_structures_by_value(void **unused) {
    (void)unused;
    SHAPES(CHECK)
    CType *floats = shape("Floats", 'f', 3, 0);
    CHECK_MIXED(Nested, floats, code('i'), {1, 2, 3}, 4)
    decref(floats);
    CHECK_MIXED(FloatInt, code('f'), code('i'), 1.5f, -1)
    CHECK_MIXED(PointerDouble, code('P'), code('d'), &blocks, -2.5)
}

/* A structure that goes on after another is that one's fields and its own; and handed over where the other is declared, it
 * is handed over as what it is. */
static void test_derived_by_value(void **unused) {
    (void)unused;
    CType *base = structure_new("Base", NULL, NO_PACK),
          *type = structure_new("Derived", base, NO_PACK);
    FieldSpec pointer = {"p", code('P'), 0}, real = {"d", code('d'), 0};
    decref(type); // now it is final, and without fields
    assert_int_equal(structure_set_fields(base, &pointer, 1), -1);
    assert_error(AttributeError, "_fields_ is final");
    decref(base);
    base = structure_new("Base", NULL, NO_PACK);
    assert_int_equal(structure_set_fields(base, &pointer, 1), 0);
    type = structure_new("Derived", base, NO_PACK);
    assert_int_equal(structure_set_fields(type, &real, 1), 0);
    PointerDouble value = {&blocks, -2.5};
    check_echo((Any)echo_PointerDouble, type, type, &value, sizeof value, "Derived");
    check_echo((Any)echo_PointerDouble, base, type, &value, sizeof value, "Derived for Base");
    decref(type);
    decref(base);
}

/* ---- Functions that change who called them ---------------------------------------------------*/

static int apply(int (*function)(int), int value) {
    return function(value);
}
static Object *the_apply; // what the callbacks change
static CType *the_type;

typedef enum { SET_TYPES, DROP, CHECK_SELF, NEST, RAISE } What;
static What what;

static Object *meddle(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Object *result;
    CType *other = code('d');
    switch (what) {
    case SET_TYPES: // the types and what is prepared for them, in the middle of that call
        assert_int_equal(funcptr_set_argtypes(the_apply, &other, 1), 0);
        assert_int_equal(funcptr_set_restype(the_apply, other), 0);
        break;
    case DROP: // the last reference to the function that called
        clear_ref(the_apply);
        break;
    case CHECK_SELF:
        assert_int_equal(funcptr_set_errcheck(the_apply, NULL), 0);
        break;
    case NEST: // once more, until 0
        if (got(new_ref(args[nargs - 1])) == 0) break;
        Object *less = int_from_long(got(new_ref(args[0])) - 1),
               *callback = callback_new(the_type, closure);
        result = object_call(the_apply, (Object *[]){callback, less}, 2);
        decref(callback);
        decref(less);
        return result;
    case RAISE:
        error_set(ValueError, "no");
        return NULL;
    }
    return int_from_long(5);
}

/* the_apply with a callback that runs meddle(). */
static void prepare_apply(What which) {
    what = which;
    CType *number = code('i');
    the_type = ctype_function(number, &number, 1, false);
    the_apply = function_at((Any)apply, number, (CType *[]){the_type, number}, 2);
}

static void test_callback_changes_its_caller(void **unused) {
    (void)unused;
    for (What which = SET_TYPES; which <= DROP; which++) {
        prepare_apply(which);
        Object *function = function_new("meddle", meddle, NULL),
               *callback = callback_new(the_type, function);
        Object *one = int_from_long(1);
        decref(function);
        Object *result = object_call(the_apply, (Object *[]){callback, one}, 2);
        // In either case the call that runs goes on with the types it began with.
        assert_int_equal(got(result), 5);
        decref(one);
        decref(callback);
        xdecref(the_apply);
        decref(the_type);
    }
}

static Floats floats_of(int (*function)(int), int value) {
    return (Floats){(float)function(value), 2, 3};
}

/* The last reference to the class of what comes back, gone before it comes. */
static void test_callback_drops_the_restype(void **unused) {
    (void)unused;
    prepare_apply(SET_TYPES);
    decref(the_apply);
    CType *floats = shape("Floats", 'f', 3, 0);
    the_apply = function_at((Any)floats_of, NULL, (CType *[]){the_type, code('i')}, 2);
    assert_int_equal(funcptr_set_restype(the_apply, floats), 0);
    decref(floats);
    Object *function = function_new("meddle", meddle, NULL),
           *callback = callback_new(the_type, function), *one = int_from_long(1);
    Object *result = object_call(the_apply, (Object *[]){callback, one}, 2), *last;
    assert_non_null(result);
    last = cdata_get_attr(result, "c");
    assert_true(((Float *)last)->value == 3);
    Object *all[] = {last, result, one, callback, function, the_apply, OBJECT(the_type)};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        decref(all[i]);
}

static void test_callback_drops_itself(void **unused) {
    (void)unused;
    prepare_apply(DROP);
    Object *function = function_new("meddle", meddle, NULL);
    int (*address)(int);
    clear_ref(the_apply);
    the_apply = callback_new(the_type, function); // which is the one that DROP drops
    decref(function);
    memcpy(&address, ((CData *)the_apply)->ptr, sizeof address);
    assert_int_equal(address(1), 5);
    assert_null(the_apply);
    decref(the_type);
}

static void test_errcheck_removes_itself(void **unused) {
    (void)unused;
    prepare_apply(CHECK_SELF);
    Object *function = function_new("meddle", meddle, NULL), *zero = int_from_long(0),
           *one = int_from_long(1);
    Object *plain = function_at((Any)labs, code('l'), (CType *[]){code('l')}, 1);
    decref(the_apply);
    the_apply = plain;
    assert_int_equal(funcptr_set_errcheck(the_apply, function), 0);
    decref(function);
    assert_int_equal(got(object_call(the_apply, &one, 1)), 5);
    assert_int_equal(got(object_call(the_apply, &one, 1)), 1);
    assert_int_equal(funcptr_set_errcheck(the_apply, zero), -1);
    assert_error(TypeError, "the errcheck attribute must be callable");
    decref(zero);
    decref(one);
    decref(the_apply);
    decref(the_type);
}

static void test_nested(void **unused) {
    (void)unused;
    prepare_apply(NEST);
    Object *inner = function_new("meddle", meddle, NULL),
           *function = function_new("meddle", meddle, inner);
    Object *callback = callback_new(the_type, function), *two = int_from_long(1);
    assert_int_equal(got(object_call(the_apply, (Object *[]){callback, two}, 2)), 5);
    decref(two);
    decref(callback);
    decref(function);
    decref(inner);
    decref(the_apply);
    decref(the_type);
}

static char last_where[320];
static void remember(const char *where, Object *callable) {
    (void)callable;
    snprintf(last_where, sizeof last_where, "%s: %s", error_message(), where);
}

/* What a callback raises does not reach its caller, nor disturb an error that is pending there. */
static void test_errors_of_a_callback(void **unused) {
    (void)unused;
    void (*before)(const char *, Object *) = unraisable_hook;
    unraisable_hook = remember;
    prepare_apply(RAISE);
    Object *function = function_new("meddle", meddle, NULL),
           *callback = callback_new(the_type, function);
    int (*address)(int);
    decref(function);
    memcpy(&address, ((CData *)callback)->ptr, sizeof address);
    error_set(ImportError, "pending");
    assert_int_equal(address(1), 0);
    assert_string_equal(last_where, "no: on calling ctypes callback function");
    assert_error(ImportError, "pending");
    decref(callback);
    decref(the_apply);
    decref(the_type);
    unraisable_hook = before;
}

/* ---- errno -----------------------------------------------------------------------------------*/

static int fail_with(int number) {
    int before = errno;
    errno = number;
    return before;
}

static void *other_thread(void *unused) {
    (void)unused;
    int before = ctypes_get_errno();
    ctypes_set_errno(77);
    return (void *)(intptr_t)before;
}

static void test_errno(void **unused) {
    (void)unused;
    CType *number = code('i'), *type = ctype_function(number, &number, 1, true);
    Object *func = funcptr_from_address(type, (Any)fail_with), *arg = int_from_long(34);
    ctypes_set_errno(5);
    errno = 3;
    assert_int_equal(got(object_call(func, &arg, 1)), 5);
    assert_int_equal(errno, 3);
    assert_int_equal(ctypes_get_errno(), 34);
    pthread_t thread;
    void *before = &before;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &before), 0);
    assert_null(before); // each thread has its own
    assert_int_equal(ctypes_get_errno(), 34);
    decref(arg);
    decref(func);
    decref(type);
}

/* ---- What fails ------------------------------------------------------------------------------*/

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

/* A structure there and back, a text, a callback with a structure, errcheck: true if all was well. */
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, remember_blocks, no_block_more)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_structures_by_value),
        TEST(test_derived_by_value),
        TEST(test_callback_changes_its_caller),
        TEST(test_callback_drops_the_restype),
        TEST(test_callback_drops_itself),
        TEST(test_errcheck_removes_itself),
        TEST(test_nested),
        TEST(test_errors_of_a_callback),
        TEST(test_errno),
        TEST(test_cannot_be_loaded),
        TEST(test_too_many),
        TEST(test_no_memory),
        TEST(test_libffi_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
