/* test.c: what the cache and the factories promise besides what the twin prints: the table against
 * a model, ring and table whole whatever keys and functions do to the cache that calls them, and no
 * memory. */
#include "../../../common/proof/testing.h"

#include "calls.h"

static uint64_t state_of_random;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

static Object *number(int64_t value) {
    Object *op = int_from_long(value);
    assert_non_null(op);
    return op;
}

static Object *call_number(Object *func, int64_t value) {
    Object *arg = int_from_long(value);
    Object *result = arg ? object_vectorcall(func, &arg, 1, NULL) : NULL;
    xdecref(arg);
    return result;
}

/* ---- The table against a model ---------------------------------------------------------------*/

enum { KEYS = 300 };

static hash_t hash_of(int i) {
    return i % 3 ? i * 1024 : i % 7; // far apart and low bits the same, or in seven heaps
}

static void test_table(void **state) {
    (void)state;
    static Object *keys[KEYS], *model[KEYS];
    Table table = {0};
    for (int i = 0; i < KEYS; i++) {
        keys[i] = number(1000 + i);
        model[i] = NULL;
    }
    for (int step = 0; step < 60000; step++) {
        int i = draw(step % 20000 < 10000 ? KEYS : 20), what = draw(5);
        if (what < 2) {
            Object *value = number(step);
            assert_int_equal(table_set(&table, keys[i], hash_of(i), value), 0);
            model[i] = value;
            decref(value); // the table holds it
        } else if (what == 2) {
            Object *key = NULL, *value = table_pop_identical(&table, keys[i], hash_of(i), &key);
            assert_ptr_equal(value, model[i]);
            assert_true(!value || key == keys[i]);
            xdecref(value);
            if (value) decref(key);
            model[i] = NULL;
        }
        assert_ptr_equal(table_get(&table, keys[i], hash_of(i)), model[i]);
    }
    ssize_t used = 0;
    for (int i = 0; i < KEYS; i++) {
        assert_ptr_equal(table_get(&table, keys[i], hash_of(i)), model[i]);
        used += model[i] != NULL;
    }
    assert_int_equal(table.used, used);
    table_clear(&table);
    assert_int_equal(table_bytes(&table), 0);
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(keys[i]->refcnt, 1);
        decref(keys[i]);
    }
}

/* ---- Keys that do anything to the cache ------------------------------------------------------*/

typedef struct {
    Object ob;
    int64_t n;
} Key;

static Object *cache;
static int deep, orphans_made;
static Object *new_key(int64_t n);

/* Anything that a program could do, from anywhere. 0, or -1 with an error. */
static int do_anything(void) {
    if (deep >= 3 || draw(4)) return 0;
    deep++;
    int status = 0, what = draw(8);
    if (what == 0) {
        lru_cache_clear((LruCache *)cache);
    } else if (what == 1) {
        status = error_set(RuntimeError, "no");
    } else {
        Object *key = draw(2) ? new_key(draw(6)) : number(draw(6));
        Object *result = object_vectorcall(cache, &key, 1, NULL);
        decref(key);
        status = result ? 0 : -1;
        xdecref(result);
    }
    deep--;
    return status;
}

static hash_t key_hash(Object *self) {
    if (do_anything() < 0) return -1;
    return ((Key *)self)->n % 2;
}

static int key_equal(Object *op, Object *other) {
    if (do_anything() < 0) return -1;
    return other->type == op->type && ((Key *)op)->n == ((Key *)other)->n;
}

static void key_dealloc(Object *self) {
    object_free(self);
    Error pending = error_fetch();
    if (do_anything() < 0) error_clear();
    error_restore(pending);
}

static Type Key_Type = {TYPE("Key", Key), .dealloc = key_dealloc, .hash = key_hash,
                        .equal = key_equal};

static Object *new_key(int64_t n) {
    Key *key = object_new(&Key_Type, 0);
    assert_non_null(key);
    key->n = n;
    return OBJECT(key);
}

static Object *work(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return do_anything() < 0 ? NULL : draw(2) ? new_key(draw(6)) : new_ref(args[0]);
}

static void test_hostile(void **state) {
    (void)state;
    long blocks = testing_blocks();
    for (int run = 0; run < 60; run++) {
        Object *func = builtin_new("work", work, NULL);
        cache = lru_cache_new(func, draw(6) - 1, draw(2));
        decref(func);
        for (int step = 0; step < 300; step++) {
            Object *key = draw(3) ? new_key(draw(6)) : number(draw(6));
            Object *result = object_vectorcall(cache, &key, 1, NULL);
            if (!result) {
                assert_true(error_matches(RuntimeError));
                error_clear();
            }
            ssize_t orphans = 0;
            assert_null(cache_fault((LruCache *)cache, &orphans));
            orphans_made += orphans > 0;
            xdecref(result);
            decref(key);
            assert_null(cache_fault((LruCache *)cache, &orphans));
        }
        deep = 3; // what dies now has no cache to call any more
        decref(cache);
        deep = 0;
    }
    assert_true(orphans_made > 0); // what the ring keeps and the table no longer names was met
    assert_int_equal(testing_blocks(), blocks);
}

/* ---- What the function itself does -----------------------------------------------------------*/

static Object *forget(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    clear_ref(cache); // the last reference, but for that of the call that runs
    return new_ref(args[0]);
}

static void test_dropped_while_it_runs(void **state) {
    (void)state;
    for (ssize_t maxsize = -1; maxsize <= 1; maxsize++) {
        long blocks = testing_blocks();
        Object *func = builtin_new("forget", forget, NULL);
        cache = lru_cache_new(func, maxsize, false);
        decref(func);
        Object *result = call_number(cache, 5000);
        assert_int_equal(((Int *)result)->value, 5000);
        decref(result);
        assert_null(cache);
        assert_int_equal(testing_blocks(), blocks);
    }
}

static int runs;

static Object *square(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    int64_t n = ((Int *)args[0])->value;
    runs++;
    if (n >= 0) return int_from_long(n * n);
    error_set(ValueError, "negative");
    return NULL;
}

static Object *cached_square(ssize_t maxsize) {
    Object *func = builtin_new("square", square, NULL);
    Object *made = func ? lru_cache_new(func, maxsize, false) : NULL;
    xdecref(func);
    runs = 0;
    return made;
}

/* An error is nobody's result: the next call runs again. A full cache makes no more links. */
static void test_not_cached(void **state) {
    (void)state;
    cache = cached_square(3);
    for (int i = 0; i < 3; i++) {
        assert_null(call_number(cache, -1));
        error_clear();
    }
    assert_int_equal(runs, 3);
    assert_int_equal(lru_cache_info((LruCache *)cache).currsize, 0);
    long blocks = 0;
    for (int i = 0; i < 1000; i++) {
        if (i == 100) blocks = testing_blocks();
        decref(call_number(cache, 1000 + i));
    }
    assert_int_equal(testing_blocks(), blocks);
    decref(cache);
}

/* A chain of caches, each around the one before, is too deep to be called, and dies in a loop. */
static void test_deep(void **state) {
    (void)state;
    long blocks = testing_blocks();
    cache = cached_square(3);
    for (int i = 0; i < 300000; i++) {
        Object *outer = lru_cache_new(cache, 1, false);
        decref(cache);
        cache = outer;
    }
    assert_null(object_call_args(cache, 0));
    assert_error(RecursionError, "maximum recursion depth exceeded while calling a Python object");
    decref(cache);
    assert_int_equal(testing_blocks(), blocks);
}

/* ---- No memory -------------------------------------------------------------------------------*/

/* One failed allocation after the other; `body` says whether it went well, and leaves nothing. */
static void fail_each(bool (*body)(void)) {
    assert_true(body()); // names and types that stay
    long blocks = testing_blocks();
    for (long n = 0;; n++) {
        testing_fail_at(n);
        bool well = body();
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(testing_blocks(), blocks);
        if (!failed) {
            assert_true(well);
            return;
        }
        if (!well) {
            assert_true(error_matches(MemoryError));
            error_clear();
        }
    }
}

static ssize_t bound;

static bool use_cache(void) {
    Object *made = cached_square(bound);
    bool well = made != NULL;
    for (int i = 0; well && i < 40; i++) {
        Object *result = call_number(made, 1000 + i * 7 % 12);
        ssize_t orphans;
        assert_null(cache_fault((LruCache *)made, &orphans));
        assert_int_equal(orphans, 0);
        well = result != NULL;
        xdecref(result);
    }
    Error error = error_fetch();
    if (!well && made) { // it goes on as if nothing had been
        testing_fail(NULL, 0, 0);
        testing_failed = 1;
        Object *result = call_number(made, 1003);
        assert_int_equal(((Int *)result)->value, 1003 * 1003);
        decref(result);
    }
    xdecref(made);
    error_restore(error);
    return well;
}

static void test_no_memory(void **state) {
    (void)state;
    for (bound = -1; bound <= 5; bound++)
        fail_each(use_cache);
}

static Object *discarded(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return new_ref(None);
}

static bool decorate_and_call(void) {
    static const char *const texts[] = {"2, x=1", "'a'", "{}"};
    Object *out = builtin_new("out", discarded, NULL);
    Object *retry = out ? retry_make(NULL, out) : NULL,
           *trace = retry ? trace_make(NULL, out) : NULL;
    Object *func = trace ? builtin_new("f", discarded, NULL) : NULL;
    Object *makers[] = {func ? call_text(retry, "3, (OSError, ValueError), 1.5") : NULL, NULL,
                        NULL};
    if (makers[0]) makers[1] = call_text(trace, "label='x'");
    if (makers[1]) makers[2] = call_text(OBJECT(&lru_cache_builtin), "maxsize=1, typed=True");
    bool well = makers[2] != NULL;
    for (int i = 0; well && i < 3; i++) {
        Object *wrapper = object_vectorcall(makers[i], &func, 1, NULL);
        well = wrapper != NULL;
        for (int j = 0; well && j < (i == 2 ? 2 : 3); j++) {
            Object *result = call_text(wrapper, texts[j]);
            well = result != NULL;
            xdecref(result);
        }
        xdecref(wrapper);
    }
    Object *all[] = {makers[0], makers[1], makers[2], func, trace, retry, out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        xdecref(all[i]);
    return well;
}

static void test_factories_no_memory(void **state) {
    (void)state;
    fail_each(decorate_and_call);
}

/* ---- retry, while its function changes what it remembers -------------------------------------*/

static Object *retrying;

static Object *change(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    Tuple *closure = ((Function *)retrying)->closure;
    for (ssize_t i = 0; i < closure->size; i++) {
        if (strcmp(((Function *)retrying)->code->freevars[i], "func") != 0) continue;
        if (object_setattr_string(closure->items[i], "cell_contents", None) < 0) return NULL;
    }
    error_set(OSError, "again");
    return NULL;
}

static void test_retry_changed(void **state) {
    (void)state;
    Object *nap = builtin_new("nap", discarded, NULL), *func = builtin_new("change", change, NULL);
    Object *retry = retry_make(NULL, nap), *decorator = call_text(retry, "3");
    retrying = object_vectorcall(decorator, &func, 1, NULL);
    Object *wrapped = object_getattr_string(retrying, "__wrapped__");
    assert_int_equal(object_setattr_string(retrying, "__wrapped__", None), 0);
    decref(wrapped);
    decref(func); // the cell's is the last
    assert_null(call_text(retrying, ""));
    assert_string_equal(error_message(), "'NoneType' object is not callable");
    error_clear();
    Object *all[] = {retrying, decorator, retry, nap};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        decref(all[i]);
}

static Object *failing(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    error_set(OSError, "again");
    return NULL;
}

/* A program may put anything into the cells that a wrapper remembers its arguments in, or empty
 * them. */
static void test_cells_changed(void **state) {
    (void)state;
    static const struct {
        const char *name, *with_none, *emptied;
    } cells[] = {
        {"backoff", "unsupported operand type(s) for *=: 'NoneType' and 'int'", "'backoff'"},
        {"func", "'NoneType' object is not callable", "'func'"},
        {"on", "again", "'on'"},
        {"sleep", "'NoneType' object is not callable", "'sleep'"},
        {"times", "'NoneType' object cannot be interpreted as an integer", "'times'"},
        {"func", "'NoneType' object is not callable", "'func'"}, // of trace, from here on
        {"label", "again", "'label'"},
        {"out", "'NoneType' object is not callable", "'out'"},
    };
    Object *nap = builtin_new("nap", discarded, NULL), *func = builtin_new("f", failing, NULL);
    Object *retry = retry_make(NULL, nap), *trace = trace_make(NULL, nap);
    for (int i = 0; i < 8 * 2; i++) {
        Object *maker = i < 10 ? call_text(retry, "3") : call_text(trace, "label='x'");
        Object *wrapper = object_vectorcall(maker, &func, 1, NULL);
        Object *cell = ((Function *)wrapper)->closure->items[i < 10 ? i / 2 : i / 2 - 5];
        assert_string_equal(((Function *)wrapper)->code->freevars[i < 10 ? i / 2 : i / 2 - 5],
                            cells[i / 2].name);
        assert_int_equal(object_setattr_string(cell, "cell_contents", i % 2 ? NULL : None), 0);
        assert_null(call_text(wrapper, ""));
        assert_non_null(
            strstr(error_message(), i % 2 ? cells[i / 2].emptied : cells[i / 2].with_none));
        error_clear();
        decref(wrapper);
        decref(maker);
    }
    Object *huge = call_text(retry, "3, OSError, 4611686018427387904"); // 2**62, twice is 2**63
    Object *wrapper = object_vectorcall(huge, &func, 1, NULL);
    assert_null(call_text(wrapper, ""));
    assert_string_equal(error_message(), "again");
    error_clear();
    Object *all[] = {wrapper, huge, retry, trace, func, nap};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        decref(all[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_dropped_while_it_runs),
        cmocka_unit_test(test_not_cached),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_factories_no_memory),
        cmocka_unit_test(test_retry_changed),
        cmocka_unit_test(test_cells_changed),
    };
    state_of_random = testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
