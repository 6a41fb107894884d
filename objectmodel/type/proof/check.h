/* check.h: what the tests of this room share: temporaries, short ways to make classes, and a test
 * that is run twice.
 *
 * Twice, as names are interned for good: the first run makes them, around the second stands the
 * check that as many blocks are allocated as before, that nothing holds a reference more to None,
 * NotImplemented or a static type, and that these have as many subclasses.
 */
#ifndef CHECK_H
#define CHECK_H

#include "../type.h"

#include "../../../common/proof/testing.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static Object *pool[1 << 14]; // what the test now running has made: dropped when it is over
static size_t kept;

/* The same object, whose new reference is dropped when the test is over. */
static inline void *keep(void *op) {
    assert_non_null(op);
    assert_true(kept < LENGTH(pool));
    return pool[kept++] = op;
}

static inline void tidy(void) {
    while (kept > 0)
        decref(pool[--kept]);
    types_clear();
}

static inline Object *number(int64_t value) {
    return keep(int_from_long(value));
}

static inline Tuple *tuple_of(Type *const *items) {
    ssize_t n = 0;
    while (items[n])
        n++;
    Tuple *result = keep(tuple_new(n));
    for (ssize_t i = 0; i < n; i++)
        result->items[i] = new_ref(items[i]);
    return result;
}
#define TUPLE(...)     tuple_of((Type *[]){__VA_ARGS__, NULL})
#define NEW(name, ...) ((Type *)keep(type_new(NULL, name, TUPLE(__VA_ARGS__), NULL)))

static inline Object *instance(Type *cls) {
    return keep(cls->alloc(cls, 0));
}

static inline Object *function(FunctionCode code, void *closure) {
    return keep(function_new("function", code, closure));
}

static inline Object *giving_code(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure);
}

/* A function that returns this. */
static inline Object *giving(void *value) {
    return function(giving_code, value);
}

static inline Object *get(void *op, const char *name) {
    Object *result = object_getattr_string(OBJECT(op), name);
    return result ? keep(result) : NULL;
}

static inline int put(void *op, const char *name, void *value) {
    return object_setattr_string(OBJECT(op), name, OBJECT(value));
}

static inline void set(void *op, const char *name, void *value) {
    assert_int_equal(put(op, name, value), 0);
}

static inline int64_t value_of(Object *op) {
    assert_non_null(op);
    assert_ptr_equal(op->type, &Int_Type);
    return ((Int *)op)->value;
}

static inline const char *text_of(Object *op) {
    assert_non_null(op);
    assert_true(type_is_subtype(op->type, &Str_Type));
    return ((Str *)op)->text;
}

static inline void assert_types(Object *tuple, Type *const *expected) {
    ssize_t n = 0;
    for (; expected[n]; n++)
        assert_true(n < ((Tuple *)tuple)->size &&
                    ((Tuple *)tuple)->items[n] == OBJECT(expected[n]));
    assert_int_equal(((Tuple *)tuple)->size, n);
}
#define ASSERT_TYPES(tuple, ...) assert_types(OBJECT(tuple), (Type *[]){__VA_ARGS__, NULL})

/* ---- A test, twice ---------------------------------------------------------------------------*/

typedef struct {
    const char *name;
    void (*body)(void);
} Test;
#define TEST(function)                                                                             \
    { #function, function }

static Type *const static_types[] = {
    &Object_Type,   &Type_Type,         &None_Type,        &Int_Type,         &Str_Type,
    &Tuple_Type,    &Dict_Type,         &WeakRef_Type,     &Function_Type,    &Builtin_Type,
    &Method_Type,   &GetSet_Type,       &Super_Type,       &SlotWrapper_Type, &NotImplemented_Type,
    &Property_Type, &StaticMethod_Type, &ClassMethod_Type,
};
enum { COUNTS = 2 * LENGTH(static_types) + 3 };

static void count(long *counts) {
    for (size_t i = 0; i < LENGTH(static_types); i++) {
        counts[2 * i] = static_types[i]->ob.refcnt;
        counts[2 * i + 1] = static_types[i]->nsubclasses;
    }
    counts[COUNTS - 3] = None->refcnt;
    counts[COUNTS - 2] = NotImplemented->refcnt;
    counts[COUNTS - 1] = testing_blocks();
}

static void run(void **state) {
    const Test *test = *state;
    long before[COUNTS], after[COUNTS];
    for (int times = 0; times < 2; times++) {
        testing_fail_at(-1);
        count(before);
        test->body();
        tidy();
        assert_null(error_occurred());
    }
    count(after);
    assert_memory_equal(after, before, sizeof before);
}

static inline int run_all(const Test *tests, size_t n) {
    struct CMUnitTest units[40] = {{0}};
    assert_true(n <= LENGTH(units));
    for (size_t i = 0; i < n; i++) {
        Test *test = (Test *)(uintptr_t)&tests[i]; // cmocka's is not const
        units[i] = (struct CMUnitTest){tests[i].name, run, NULL, NULL, test};
    }
    return _cmocka_run_group_tests("tests", units, n, NULL, NULL);
}

#endif
