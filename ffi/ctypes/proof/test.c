/* test.c: calls and callbacks: structures of every shape by value against this very compiler, user
 * functions that change the very object that called them. What fails is in failures.c. */
#include "check.h"

#include <pthread.h>

/* ---- Structures by value ---------------------------------------------------------------------*/

/* Each shape as C and as fields. A structure of a long double alone is missing: libffi 3.4.4 looks
 * for what comes back in memory, where System V has it in st0. */
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

/* Behind an int and a double, and before another, so that registers are taken, and the others
 * found. */
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

/* A structure that goes on after another is that one's fields and its own; and handed over where
 * the other is declared, it is handed over as what it is. */
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

/* The only reference to the restype is that of the function, which is asked to take the same
 * again. */
static void test_restype_again(void **unused) {
    (void)unused;
    CType *ints = ctype_array(code('i'), 3), *pointer = ctype_pointer(ints);
    decref(ints);
    Object *func = function_at((Any)abs, code('i'), NULL, 0);
    funcptr_set_restype(func, pointer);
    decref(pointer);
    funcptr_set_restype(func, ((FuncPtr *)func)->restype);
    assert_string_equal(((FuncPtr *)func)->restype->type.name, "LP_c_int_Array_3");
    decref(func);
}

static Object *new_text(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return str_from_string("made for C");
}

/* What a callback returns as an object is C's, which gives it to whoever called. */
static void test_callback_returns_an_object(void **unused) {
    (void)unused;
    CType *type = ctype_function(code('O'), (CType *[]){code('i')}, 1, false);
    Object *function = function_new("new_text", new_text, NULL), *number = int_from_long(1);
    Object *callback = object_call(OBJECT(type), &function, 1);
    for (int i = 0; i < 3; i++) {
        Object *text = object_call(callback, &number, 1);
        assert_int_equal(text->refcnt, 1);
        assert_string_equal(((Str *)text)->utf8, "made for C");
        decref(text);
    }
    decref(number);
    decref(callback);
    decref(function);
    decref(type);
}

typedef struct {
    __extension__ int none[0];
    double d;
} Behind; // no items
static double ten_times(Behind value, double more) {
    return value.d * 10 + more;
}
static Behind made_behind(double d) {
    return (Behind){.d = d};
}

/* An array of nothing takes no register, and any number of empty structures is nothing. */
static void test_empty_items(void **unused) {
    (void)unused;
    CType *empty = structure_new("Empty", NULL, NO_PACK);
    structure_set_fields(empty, NULL, 0);
    CType *items[] = {ctype_array(code('i'), 0),
                      ctype_array(empty, ((ssize_t)1 << (sizeof(size_t) * 8 - 4)) * 2 - 1)};
    for (int i = 0; i < 2; i++) {
        CType *type = mixed("Behind", items[i], code('d'));
        Object *take = function_at((Any)ten_times, code('d'), (CType *[]){type, code('d')}, 2);
        Object *make = function_at((Any)made_behind, type, (CType *[]){code('d')}, 1);
        Object *half = float_from_double(0.5), *value = object_call(make, &half, 1);
        Object *result = object_call(take, (Object *[]){value, half}, 2);
        assert_true(((Float *)result)->value == 5.5);
        Object *all[] = {take, make, half, value, result, OBJECT(type), OBJECT(items[i])};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            decref(all[k]);
    }
    decref(empty);
}

/* A call that came too early is no harm to the structure, which has its fields afterwards. */
static void test_fields_after_a_call(void **unused) {
    (void)unused;
    CType *type = structure_new("Later", NULL, NO_PACK);
    Object *make = function_at((Any)made_behind, type, (CType *[]){code('d')}, 1);
    Object *half = float_from_double(0.5);
    assert_null(object_call(make, &half, 1));
    assert_error(RuntimeError, "ffi_prep_cif failed");
    FieldSpec field = {"d", code('d'), 0};
    assert_int_equal(structure_set_fields(type, &field, 1), 0);
    Object *value = object_call(make, &half, 1);
    assert_non_null(value);
    assert_memory_equal(((CData *)value)->ptr, &(double){0.5}, sizeof(double));
    Object *all[] = {make, half, value, OBJECT(type)};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        decref(all[k]);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_structures_by_value),
        TEST(test_derived_by_value),
        TEST(test_callback_changes_its_caller),
        TEST(test_callback_drops_the_restype),
        TEST(test_callback_drops_itself),
        TEST(test_errcheck_removes_itself),
        TEST(test_restype_again),
        TEST(test_callback_returns_an_object),
        TEST(test_empty_items),
        TEST(test_fields_after_a_call),
        TEST(test_nested),
        TEST(test_errors_of_a_callback),
        TEST(test_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
