/* check.h: what the tests share. Around each test stands the same check: as many blocks as before, and
 * as many references to None and to the static types, whose leaks would show nowhere else. */
#ifndef CHECK_H
#define CHECK_H

#include "../construction.h"

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define ARGS(...)     (Object *[]){__VA_ARGS__}, (ssize_t)LENGTH(((Object *[]){__VA_ARGS__}))

static Object *pool[64]; // what the test now running has made: dropped when it is over
static size_t kept;

static void *keep(void *op) {
    if (!op) error_print(stderr);
    assert_non_null(op);
    assert_true(kept < LENGTH(pool));
    return pool[kept++] = op;
}

static Type *const counted[] = {&Object_Type, &Type_Type,  &Int_Type,
                                &Str_Type,    &Tuple_Type, &None_Type};
static long blocks_before;
static ssize_t references_before[LENGTH(counted) + 1];

static void count_references(ssize_t *counts) {
    for (size_t i = 0; i < LENGTH(counted); i++)
        counts[i] = counted[i]->ob.refcnt;
    counts[LENGTH(counted)] = None->refcnt;
}

static int before(void **state) {
    (void)state;
    testing_fail_at(-1);
    blocks_before = testing_blocks();
    count_references(references_before);
    return 0;
}

static int after(void **state) {
    (void)state;
    types_clear();
    while (kept > 0)
        decref(pool[--kept]);
    ssize_t now[LENGTH(counted) + 1];
    count_references(now);
    assert_int_equal(testing_blocks(), blocks_before);
    assert_memory_equal(now, references_before, sizeof now);
    assert_null(error_occurred());
    return 0;
}

static Object *number(int64_t value) {
    return keep(int_from_long(value));
}

static Object *text(const char *value) {
    return keep(str_from_string(value));
}

static Object *call(void *function, Object *const *args, ssize_t nargs) {
    return object_call(function, args, nargs);
}

#define assert_fails(call, type, message)                                                          \
    do {                                                                                           \
        assert_null(call);                                                                         \
        assert_error(type, message);                                                               \
    } while (0)

static void set(void *op, const char *name, Object *value) {
    assert_int_equal(object_setattr_string(op, name, value), 0);
}

/* A class with these functions, each or NULL. */
static Type *make(Type *meta, Type *base, const char *name, FunctionCode new, FunctionCode init) {
    Dict *dict = dict_new();
    Object *bases = tuple_pack(1, base);
    if (new) {
        Object *function = function_new("__new__", new, NULL);
        assert_int_equal(dict_set_item(dict, str_intern("__new__"), function), 0);
        decref(function);
    }
    if (init) {
        Object *function = function_new("__init__", init, NULL);
        assert_int_equal(dict_set_item(dict, str_intern("__init__"), function), 0);
        decref(function);
    }
    Type *type = keep(type_new(meta, name, (Tuple *)bases, dict));
    decref(dict);
    decref(bases);
    return type;
}

static Object *function(const char *name, FunctionCode code) {
    return keep(function_new(name, code, NULL));
}

#define BODY(name) static Object *name(Object *closure, Object *const *args, ssize_t nargs)
#define UNUSED     (void)closure, (void)args, (void)nargs

/* What the functions note: how often they were called, with how many arguments, on what. */
static int news, inits;
static ssize_t last_nargs;
static Type *C, *D;

BODY(new_by_object) {
    (void)closure;
    news++;
    last_nargs = nargs;
    return object_new((Type *)args[0], NULL, 0);
}

BODY(init_stores) {
    (void)closure;
    inits++;
    last_nargs = nargs;
    if (nargs > 1 && object_setattr_string(args[0], "x", args[1]) < 0) return NULL;
    if (nargs > 2 && object_setattr_string(args[0], "y", args[2]) < 0) return NULL;
    return new_ref(None);
}

static void forget(void) {
    news = inits = 0;
    last_nargs = -1;
}

/* The start, before anything else is done: tried again after each failure, it ends ready. */
static int start(void **state) {
    (void)state;
    long n = 0;
    for (; testing_fail_at(n), construction_init() < 0; n++) {
        if (!error_matches(MemoryError)) return -1;
        error_clear();
    }
    testing_fail_at(-1);
    static const char *const names[] = {
        "A",       "B",       "C",     "D",      "E",       "F", "G", "X",         "Meta",
        "Plain",   "Integer", "Below", "String", "Several", "x", "y", "__class__", "__set_name__",
        "__dict__"};
    for (size_t i = 0; i < LENGTH(names); i++) // they live on: interned before blocks are counted
        if (!str_intern(names[i])) return -1;
    return n > 10 ? 0 : -1; // each attempt keeps what the one before has made
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, before, after)

#endif
