/* test.c: what the twin cannot see: memory that runs out, references, how often arguments were
 * packed, calls that go round for ever, and dispatch against a model of it.
 *
 * Around each test stands the same check: as many blocks as before, as many references to what
 * lives for ever, nothing pending.
 */
#include "../../../common/proof/testing.h"

#include "program.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* ---- Helpers ----------------------------------------------------------------------------------*/

static Object *const counted[] = {
    &none_object,           OBJECT(&true_object),         OBJECT(&false_object),
    OBJECT(&Object_Type),   OBJECT(&Type_Type),           OBJECT(&Int_Type),
    OBJECT(&Property_Type), OBJECT(&SingleDispatch_Type), OBJECT(&singledispatch_builtin),
};
static Type *const readied[] = {&Property_Type, &StaticMethod_Type, &ClassMethod_Type,
                                &CachedProperty_Type, &SingleDispatch_Type};

typedef struct {
    long blocks;
    ssize_t references[LENGTH(counted)];
} Held;

static Held held_now(void) {
    Held held = {testing_blocks(), {0}};
    for (size_t i = 0; i < LENGTH(counted); i++)
        held.references[i] = counted[i]->refcnt;
    return held;
}

static void assert_held(Held before) {
    Held now = held_now();
    assert_int_equal(now.blocks, before.blocks);
    assert_memory_equal(now.references, before.references, sizeof now.references);
    assert_null(error_occurred());
}

/* As they are before anybody has looked at them. */
static void forget_descriptors(void) {
    for (size_t i = 0; i < LENGTH(readied); i++) {
        readied[i]->flags &= ~(unsigned)READY;
        clear_ref(readied[i]->dict);
    }
}

static char *told;
static size_t told_size;
static bool ran_out; // whether the allocation that was to fail was asked for

/* Executes lines as a program of their own; what they said is in `told`. */
static void run(const char *const *lines, size_t n) {
    free(told);
    FILE *out = open_memstream(&told, &told_size);
    if (program_begin(out) < 0) {
        fprintf(out, "%s\n", error_name(error_occurred()));
        error_clear();
    }
    for (size_t i = 0; i < n && program.names; i++)
        program_line(lines[i]);
    ran_out = testing_has_failed();
    testing_fail_at(-1);
    if (program.names) // a ring: the class that its registry holds
        xdecref(program_execute("Method.show = None"));
    error_clear();
    program_end();
    forget_descriptors();
    fclose(out);
}

#define RUN(...)                                                                                   \
    run((const char *const[]){__VA_ARGS__}, LENGTH(((const char *const[]){__VA_ARGS__})))

/* ---- Without memory ---------------------------------------------------------------------------*/

static const char *const program_lines[] = {
#include "program.inc"
};

static int count_memory_errors(void) {
    int n = 0;
    for (const char *at = told; (at = strstr(at, MemoryError)); at++)
        n++;
    return n;
}

/* Each allocation of a program fails in turn. `counting` when all its names are interned. */
static void fail_each(const char *const *lines, size_t n, bool counting) {
    for (long i = 0;; i++) {
        Held before = held_now();
        testing_fail_at(i);
        run(lines, n);
        if (counting && memcmp(&before, (Held[]){held_now()}, sizeof before))
            printf("FAIL %s %ld\n%s\n", lines[0], i, told);
        if (counting) assert_held(before);
        assert_int_equal(count_memory_errors(), ran_out);
        if (!ran_out) return;
    }
}

/* The twin's programs, but for the last: what fails in a __del__ is told to nobody. */
static void test_without_memory(void **state) {
    (void)state;
    size_t begin = 0;
    for (size_t end = 1; end < LENGTH(program_lines); end++) {
        if (strncmp(program_lines[end], "--", 2) != 0) continue;
        fail_each(program_lines + begin + 1, end - begin - 1, false);
        fail_each(program_lines + begin + 1, end - begin - 1, true);
        begin = end;
    }
}

/* ---- Calls ------------------------------------------------------------------------------------*/

/* How often a line packed arguments. */
static unsigned long packed(const char *line) {
    unsigned long before = object_tp_calls;
    Object *value = program_execute(line);
    assert_non_null(value);
    decref(value);
    return object_tp_calls - before;
}

/* Functions, what binds them and what chooses among them take the array; an instance whose class
 * has __call__ wants a tuple. */
static void test_who_packs(void **state) {
    (void)state;
    assert_int_equal(program_begin(stdout), 0);
    packed("def f(self, *args): return args");
    packed(
        "class C: __call__ = f; m = f; p = property(f); s = staticmethod(f); c = classmethod(f)");
    packed("class D: counts = CountCalls(f); x = cached_property(f)");
    packed("o = C(); d = D(); show = singledispatch(f); part = partial(f, 1)");
    assert_int_equal(packed("f(1, 2)"), 0);
    assert_int_equal(packed("o.m(1)"), 0);
    assert_int_equal(packed("o.p"), 0);
    assert_int_equal(packed("o.s(1), C.s(1), o.c(1), C.c(1)"), 0);
    assert_int_equal(packed("d.x"), 0);
    assert_int_equal(packed("show(1), show('a'), show(o)"), 0);
    assert_int_equal(packed("part(1)"), 0);
    assert_int_equal(packed("o(1)"), 1);
    assert_int_equal(packed("o.__call__(1)"), 0);
    assert_int_equal(packed("d.counts(1)"), 1);
    assert_int_equal(packed("D.counts(1)"), 1);
    assert_int_equal(packed("staticmethod(f)(1)"), 1);
    assert_int_equal(packed("CountCalls(CountCalls(f))(1)"), 1); // the inner one has them packed
    program_end();
    forget_descriptors();
}

static void test_call_that_goes_round(void **state) {
    (void)state;
    RUN("def f(self): return 'called'", "class C: pass", "o = C()", "C.__call__ = o", "o()",
        "o(1, k=2)", "C.__call__ = f", "o()");
    assert_string_equal(
        told, "RecursionError: maximum recursion depth exceeded while calling a Python object\n"
              "RecursionError: maximum recursion depth exceeded while calling a Python object\n"
              "'called'\n");
    RUN("class C: pass", "o = C()", "C.__get__ = o", "C.x = o", "o.x", "C.x", "del C.x",
        "del C.__get__");
    assert_string_equal(told, "TypeError: 'C' object is not callable\n"
                              "TypeError: 'C' object is not callable\n");
    RUN("class C: pass", "C.__init__ = C", "C()", "C(1, k=2)", "del C.__init__");
    assert_string_equal(
        told, "RecursionError: maximum recursion depth exceeded while calling a Python object\n"
              "RecursionError: maximum recursion depth exceeded while calling a Python object\n");
    RUN("def f(x): return x", "show = singledispatch(f)", "show.register(int, show)", "show(1)",
        "show('a')", "show.register(int, f)", "show(1)");
    assert_non_null(strstr(told, "RecursionError: maximum recursion depth exceeded\n'a'\n"));
}

static void test_long_chain(void **state) {
    (void)state;
    Object *chain = int_from_long(1);
    for (int i = 0; i < 200000; i++) {
        Object *longer = i % 2 ? staticmethod_new(chain) : property_new(chain, NULL, NULL, None);
        decref(chain);
        assert_non_null(chain = longer);
    }
    decref(chain);
    chain = new_ref(&singledispatch_builtin);
    for (int i = 0; i < 5000; i++) {
        Object *longer = staticmethod_new(chain);
        decref(chain);
        assert_non_null(chain = longer);
    }
    assert_null(object_call_args(chain, 0));
    assert_error(RecursionError, "maximum recursion depth exceeded while calling a Python object");
    decref(chain);
    forget_descriptors();
}

/* ---- Classes ----------------------------------------------------------------------------------*/

/* The class that could not be made is gone, and what had a place in it lives. */
static void test_set_name_fails(void **state) {
    (void)state;
    RUN("def fails(self, owner, name): raise ValueError('no')", "class N: __set_name__ = fails",
        "n = N()", "p = property(fails)", "class C: p = p; n = n", "C", "p.fget.__name__");
    assert_string_equal(told,
                        "RuntimeError: Error calling __set_name__ on 'N' instance 'n' in 'C'\n"
                        "NameError: name 'C' is not defined\n"
                        "'fails'\n");
}

/* What a class is asked for is what its base has now. */
static void test_cells_follow_the_class(void **state) {
    (void)state;
    Dict *empty = dict_new();
    Type *base = type_new("Base", &Object_Type, empty);
    Type *middle = type_new("Middle", base, empty), *last = type_new("Last", middle, empty);
    assert_null(last->call);
    assert_int_equal(object_setattr_string(OBJECT(base), "__call__", None), 0);
    assert_non_null(last->call);
    assert_non_null(middle->call);
    assert_int_equal(object_setattr_string(OBJECT(middle), "__get__", None), 0);
    assert_non_null(last->descr_get);
    assert_null(base->descr_get);
    assert_int_equal(object_setattr_string(OBJECT(base), "__call__", NULL), 0);
    assert_null(last->call);
    decref(base);
    decref(middle);
    decref(last);
    decref(empty);
}

/* ---- Dispatch ---------------------------------------------------------------------------------*/

enum { CLASSES = 60, STEPS = 4000 };

/* Against the definition: the nearest class of the chain that has a function. */
static void test_dispatch_model(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    Dict *empty = dict_new();
    Object *functions[CLASSES + 1], *registered[CLASSES] = {NULL};
    int bases[CLASSES];
    Type *types[CLASSES];
    for (int i = 0; i <= CLASSES; i++)
        functions[i] = builtin_new("f", call_say, NULL);
    for (int i = 0; i < CLASSES; i++) {
        bases[i] = (int)testing_random(&random, (uint64_t)i + 1) - 1;
        types[i] = type_new("C", bases[i] < 0 ? &Object_Type : types[bases[i]], empty);
        assert_non_null(types[i]);
    }
    SingleDispatch *show = (SingleDispatch *)singledispatch_new(functions[CLASSES]);
    ssize_t distinct = 1;
    for (int n = 0; n < STEPS; n++) {
        int i = (int)testing_random(&random, CLASSES);
        if (testing_random(&random, 20) == 0) {
            Object *func = functions[testing_random(&random, CLASSES)];
            assert_int_equal(singledispatch_register(show, types[i], func), 0);
            assert_int_equal(show->cache.used, 0);
            distinct += !registered[i];
            assert_int_equal(show->order->size, distinct);
            if (!registered[i]) assert_ptr_equal(show->order->items[distinct - 1], types[i]);
            registered[i] = func;
        }
        int nearest = i;
        while (nearest >= 0 && !registered[nearest])
            nearest = bases[nearest];
        Object *expected = nearest < 0 ? functions[CLASSES] : registered[nearest];
        assert_ptr_equal(singledispatch_dispatch(show, types[i]), expected);
        size_t used = show->cache.used;
        assert_ptr_equal(singledispatch_dispatch(show, types[i]), expected);
        assert_int_equal(show->cache.used, used);
    }
    decref(show);
    for (int i = CLASSES; --i >= 0;) {
        assert_int_equal(types[i]->ob.refcnt, 1);
        decref(types[i]);
    }
    for (int i = 0; i <= CLASSES; i++)
        decref(functions[i]);
    decref(empty);
    forget_descriptors();
}

/* The method that is asked for holds what it needs. */
static void test_register_outlives_its_function(void **state) {
    (void)state;
    RUN("def f(x): return 'f'", "show = singledispatch(f)", "register = show.register",
        "more = show.register(int)", "show = 5", "register(str, f).__name__", "more(f).__name__",
        "register = 5", "more(f).__name__");
    assert_string_equal(told, "'f'\n'f'\n'f'\n");
}

static Object *nothing(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return new_ref(None);
}

/* What stands in a function's cells a program may change. */
static void test_register_cells_changed(void **state) {
    (void)state;
    Object *func = builtin_new("f", nothing, NULL), *show = singledispatch_new(func);
    Object *made[] = {object_getattr_string(show, "dispatch"),
                      object_getattr_string(show, "register"), NULL};
    made[2] = object_call_args(made[1], 1, &Int_Type);
    for (int i = 0; i < 3; i++) {
        Function *function = (Function *)made[i];
        Object *cell = function->closure->items[function->closure->size - 1];
        assert_int_equal(object_setattr_string(cell, "cell_contents", i == 1 ? NULL : None), 0);
        assert_null(object_call_args(made[i], 1, i == 2 ? func : OBJECT(&Int_Type)));
        assert_string_equal(error_message(), i == 2 ? "the cell of 'cls' was changed"
                                                    : "the cell of 'wrapper' was changed");
        error_clear();
        decref(made[i]);
    }
    decref(show);
    decref(func);
}

/* ---- Around each ------------------------------------------------------------------------------*/

static Held held_before;

static int before(void **state) {
    (void)state;
    held_before = held_now();
    return 0;
}

static int after(void **state) {
    (void)state;
    assert_held(held_before);
    return 0;
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, before, after)
#define TWICE(name) cmocka_unit_test(name), TEST(name) // the first interns its names

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_memory),
        TWICE(test_who_packs),
        TWICE(test_call_that_goes_round),
        TWICE(test_long_chain),
        TWICE(test_set_name_fails),
        TWICE(test_cells_follow_the_class),
        TWICE(test_dispatch_model),
        TWICE(test_register_outlives_its_function),
        TWICE(test_register_cells_changed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(told);
    return failed;
}
