/* Tests of the generator. What each request comes to is the twin's and differential's business;
 * here: memory, references, depth, and what Python cannot show. */
#include "../../../common/proof/testing.h"

#include "family.h"

/* ---- What the generators say -----------------------------------------------------------------*/

static char notes[4096];
static int unraisables;

static void keep_note(const char *text) {
    size_t length = strlen(notes);
    snprintf(notes + length, sizeof notes - length, "%s;", text);
}

static void keep_unraisable(Object *where) {
    (void)where;
    unraisables++;
}

#define assert_notes(expected)                                                                     \
    do {                                                                                           \
        assert_string_equal(notes, expected);                                                      \
        notes[0] = '\0';                                                                           \
    } while (0)

static int set_up(void **state) {
    (void)state;
    note_hook = keep_note;
    error_unraisable_hook = keep_unraisable;
    notes[0] = '\0';
    unraisables = 0;
    set_recursion_limit(1000);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(error_occurred(), NoError);
    assert_int_equal(testing_blocks(), 0);
    return 0;
}

/* Asserts that a new reference has this repr, and drops it. */
static void assert_repr(Object *op, const char *expected) {
    Writer out = {0};
    assert_non_null(op);
    assert_int_equal(object_write_repr(op, &out), 0);
    assert_int_equal(out.length, strlen(expected));
    assert_memory_equal(out.bytes, expected, out.length);
    writer_free(&out);
    decref(op);
}

static void assert_stop(Object *op, const char *value) {
    assert_null(op);
    assert_error(StopIteration, value);
}

/* One that has stopped at its first yield. */
static Generator *begun(const Code *code, Object *sub, int64_t n) {
    Generator *self = member_new(code, sub, n);
    Object *first = next_of(self);
    assert_non_null(first);
    decref(first);
    return self;
}

/* ---- One generator ---------------------------------------------------------------------------*/

static void test_life(void **state) {
    (void)state;
    Generator *self = member_new(&countdown_code, NULL, 2);
    assert_string_equal(generator_state(self), "GEN_CREATED");
    assert_int_equal(self->lasti, 0);
    assert_repr(next_of(self), "2");
    assert_int_equal(self->state, FRAME_SUSPENDED);
    int32_t lasti = self->lasti;
    assert_true(lasti > 0);
    assert_repr(iter_next(OBJECT(self)), "1");
    assert_int_equal(self->lasti, lasti); // the same yield
    assert_stop(next_of(self), "liftoff");
    assert_int_equal(self->state, FRAME_CLEARED);
    assert_stop(next_of(self), "");
    assert_null(Generator_Type.iternext(OBJECT(self))); // exhausted: not even StopIteration
    assert_int_equal(error_occurred(), NoError);
    decref(self);
}

/* The value that a return carries, and None for an exhausted one, through the `send` slot. */
static void test_send_results(void **state) {
    (void)state;
    List *list = list_pack(1, True);
    Object *over[] = {OBJECT(member_new(&countdown_code, NULL, 1)), object_get_iter(OBJECT(list))};
    const char *const results[][3] = {{"1", "'liftoff'", "None"}, {"True", "None", "None"}};
    Object *result;
    assert_int_equal(iter_send(over[1], True, &result), SEND_ERROR);
    assert_error(AttributeError, "'list_iterator' object has no attribute 'send'");
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            assert_int_equal(iter_send(over[i], None, &result), k == 0 ? SEND_NEXT : SEND_RETURN);
            assert_repr(result, results[i][k]);
        }
        decref(over[i]);
    }
    decref(list);
}

/* A value sent is borrowed for the one resume, a value yielded belongs to who asked. */
static void test_references(void **state) {
    (void)state;
    Generator *self = member_new(&delegator_code, NULL, 0);
    Object *value = int_from_long(1000), *got;
    List *list = list_pack(1, value);
    ((Member *)frame_locals(self))->sub = new_ref(list);
    got = next_of(self);
    assert_ptr_equal(got, value);
    decref(got);
    assert_int_equal(list->ob.refcnt, 2); // in the list's iterator now
    got = next_of(self);
    assert_ptr_equal(got, None); // the result of the yield from
    decref(got);
    assert_int_equal(list->ob.refcnt, 1);
    assert_null(generator_send(self, value)); // comes back as the return value
    assert_ptr_equal(error_indicator.value, value);
    assert_error(StopIteration, "1000");
    assert_int_equal(value->refcnt, 2);
    assert_null(generator_throw(self, StopIteration, "s")); // into one that has ended
    assert_ptr_equal(((Object *)error_indicator.value)->type, &Str_Type);
    assert_error(StopIteration, "s");
    decref(self);
    decref(list);
    assert_int_equal(value->refcnt, 1);
    decref(value);
}

static void test_repr(void **state) {
    (void)state;
    Generator *self = member_new(&nested_code, NULL, 0);
    char expected[80];
    snprintf(expected, sizeof expected, "<generator object nested at %p>", (void *)self);
    Object *iterator = object_get_iter(OBJECT(self));
    assert_ptr_equal(iterator, self);
    assert_repr(iterator, expected);
    decref(self);
}

/* Every local, and every pending handler, is let go as soon as the generator ends. */
static void test_locals_go_at_the_end(void **state) {
    (void)state;
    Object *value = int_from_long(1000);
    for (int which = 0; which < REQUESTS; which++) {
        for (int resumes = 0; resumes < 2; resumes++) {
            Generator *self = member_new(&countdown_code, value, 1);
            if (resumes) assert_repr(next_of(self), "1");
            Object *result = ask(self, requests[which]);
            error_clear();
            if (!result || requests[which].how == CLOSE) {
                // Only a value for one that has not begun leaves it as it was.
                assert_int_equal(value->refcnt, which == 2 && !resumes ? 2 : 1);
            }
            xdecref(result);
            decref(self);
            assert_int_equal(value->refcnt, 1);
        }
    }
    decref(value);
}

static Object *too_deep_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        TRY {
            note("never");
        }
        FINALLY {
            note("never");
        }
        END_FINALLY;
    }
    EXCEPT(RuntimeError) {
        RETURN(str_from_string(frame_caught(self)));
    }
    END_TRY;
    END;
}
MEMBER_CODE(too_deep, 1)

/* A generator whose locals are a few bytes, so that blocks must be aligned behind them; and which
 * enters and leaves its one TRY three times. */
typedef struct {
    char letter;
} Small;

static Object *small_run(Generator *self, Object *sent) {
    BEGIN(Small);
    while (local->letter < 'd') {
        TRY {
            YIELD(str_from_utf8(&local->letter, 1));
        }
        FINALLY {
            note("small %c", local->letter++);
        }
        END_FINALLY;
        assert_int_equal(self->nblocks, 0);
    }
    END;
}
static const Code small_code = {"small", small_run, sizeof(Small), 0, 1};

static void test_blocks(void **state) {
    (void)state;
    Generator *self = member_new(&too_deep_code, NULL, 0);
    assert_stop(next_of(self), "too_deep: more than 1 nested TRYs");
    decref(self);
    assert_notes("");
    self = (Generator *)generator_new(&small_code, &(Small){'a'});
    for (Object *letter; (letter = iter_next(OBJECT(self)));)
        decref(letter);
    assert_notes("small a;small b;small c;");
    decref(self);
}

/* ---- Ends ------------------------------------------------------------------------------------*/

/* Reference cycles apart, an error pending elsewhere survives a generator's death. */
static void test_death_keeps_the_pending_error(void **state) {
    (void)state;
    const struct {
        const Code *code;
        const char *notes;
        int unraisables;
    } cases[] = {{&guarded_code, "guarded: finally;", 0}, {&refuser_code, "refused;", 1}};
    for (int i = 0; i < 2; i++) {
        Generator *self = begun(cases[i].code, NULL, 0);
        error_set(KeyError, "'pending'");
        decref(self);
        assert_notes(cases[i].notes);
        assert_int_equal(unraisables, cases[i].unraisables);
        assert_error(KeyError, "'pending'");
    }
}

/* A finalizer may give the object to somebody: then it lives on, closed. */
static Generator *revived;

static Object *phoenix_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        YIELD(int_from_long(1));
    }
    FINALLY {
        revived = (Generator *)new_ref(self);
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(phoenix, 1)

static void test_revival(void **state) {
    (void)state;
    Generator *self = begun(&phoenix_code, NULL, 0);
    decref(self);
    assert_ptr_equal(revived, self);
    assert_int_equal(self->ob.refcnt, 1);
    assert_string_equal(generator_state(self), "GEN_CLOSED");
    assert_stop(next_of(self), "");
    clear_ref(revived);
}

/* One that waits inside a handler dies: the error that it was handling goes with it. */
static void test_death_inside_a_handler(void **state) {
    (void)state;
    const struct {
        const Code *code;
        ErrorType thrown;
        const char *yields, *notes;
    } cases[] = {{&catcher_code, ValueError, "'caught'", "caught t;"},
                 {&replacer_code, RuntimeError, "'late'", "replacer: inner;"}};
    for (int i = 0; i < 2; i++) {
        Generator *self = begun(cases[i].code, NULL, 0);
        assert_repr(generator_throw(self, cases[i].thrown, "t"), cases[i].yields);
        assert_int_equal(self->nblocks, i + 1);
        decref(self);
        assert_notes(cases[i].notes);
    }
    assert_int_equal(unraisables, 0); // GeneratorExit has taken the place of the RuntimeError
}

/* ---- A generator that meets itself -----------------------------------------------------------*/

static Object *selfish_run(Generator *self, Object *sent) {
    BEGIN(Member);
    assert_string_equal(generator_state(self), "GEN_RUNNING");
    assert_null(generator_yieldfrom(self));
    for (int which = 0; which < REQUESTS; which++) {
        assert_null(ask(self, requests[which]));
        assert_error(ValueError, "generator already executing");
    }
    YIELD(new_ref(None));
    YIELD_FROM(new_ref(self));
    END;
}
MEMBER_CODE(selfish, 0)

static void test_reentrancy(void **state) {
    (void)state;
    Generator *self = begun(&selfish_code, NULL, 0);
    assert_null(next_of(self));
    assert_error(ValueError, "generator already executing");
    assert_int_equal(self->ob.refcnt, 1);
    decref(self);
}

/* While a request is on its way to the delegate, the one that delegates is running. */
static Generator *boss;

static Object *spy_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (true) {
        TRY {
            YIELD(new_ref(None));
            note("resumed %s %d", generator_state(boss), generator_yieldfrom(boss) != NULL);
        }
        EXCEPT(ValueError) {
            note("thrown %s %d", generator_state(boss), generator_yieldfrom(boss) != NULL);
        }
        EXCEPT(GeneratorExit) {
            note("closed %s %d", generator_state(boss), generator_yieldfrom(boss) != NULL);
            RERAISE;
        }
        END_TRY;
    }
    END;
}
MEMBER_CODE(spy, 1)

static void test_running_while_it_delegates(void **state) {
    (void)state;
    Generator *spy = member_new(&spy_code, NULL, 0);
    boss = begun(&delegator_code, OBJECT(spy), 0);
    assert_ptr_equal(generator_yieldfrom(boss), spy);
    assert_repr(next_of(boss), "None");
    assert_repr(generator_throw(boss, ValueError, "v"), "None");
    assert_int_equal(generator_close(boss), 0);
    assert_notes("delegates;resumed GEN_RUNNING 0;thrown GEN_RUNNING 0;closed GEN_RUNNING 0;");
    decref(spy);
    clear_ref(boss);
}

/* A delegate that ends because of what was thrown in: its value is what the yield from comes to. */
static void test_thrown_into_an_end(void **state) {
    (void)state;
    Generator *self = member_over(&delegator_code, member_new(&swallower_code, NULL, 0), 0);
    assert_repr(next_of(self), "1");
    assert_repr(generator_throw(self, ValueError, "v"), "'swallower'");
    assert_notes("delegates;swallowed;result 'swallower';");
    assert_null(generator_yieldfrom(self));
    decref(self);
}

/* ---- Ways out of a block ---------------------------------------------------------------------*/

/* n = 0 returns `result` out of two blocks, 1 fails in a YIELD, 2 stops; `total` stops in the
 * finally. */
static Object *leaver_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        if (local->n == 2) YIELD(new_ref(None));
        TRY {
            if (local->n == 0) RETURN(new_ref(local->result));
            YIELD(object_get_iter(None)); // not iterable
        }
        EXCEPT(AssertionError) {
            note("never");
        }
        EXCEPT(TypeError) {
            RETURN(int_from_long(2000));
        }
        END_TRY;
    }
    FINALLY {
        if (local->total) YIELD(new_ref(None));
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(leaver, 2)

static void test_ways_out(void **state) {
    (void)state;
    Object *value = int_from_long(1000);
    for (int total = 0; total < 3; total++) {
        for (int n = 0; n < 2; n++) {
            const Member locals = {.result = value, .n = n, .total = total};
            Generator *self = (Generator *)generator_new(&leaver_code, &locals);
            if (total) assert_repr(next_of(self), "None"); // with the value on its way out
            if (total < 2) assert_stop(next_of(self), n ? "2000" : "1000");
            decref(self);
            assert_int_equal(value->refcnt, 1);
        }
    }
    // What is returned passes an EXCEPT, whatever it looks like there: its count comes first.
    static Object witness = {.type = &None_Type};
    witness.refcnt = (ssize_t)(intptr_t)AssertionError - 2;
    Generator *self = (Generator *)generator_new(&leaver_code, &(Member){.result = &witness});
    assert_stop(next_of(self), "None");
    decref(self);
    assert_notes("");
    decref(value);
}

/* ---- Depth -----------------------------------------------------------------------------------*/

static Object *copied_run(Generator *self, Object *sent) {
    BEGIN(Member);
    FOR_EACH(local->result, local->sub) {
        YIELD(new_ref(local->result));
    }
    note("end");
    END;
}
MEMBER_CODE(copied, 0)

static void test_deep(void **state) {
    (void)state;
    const int depth = 999; // and the leaf: as deep as can be
    Generator *chain = chain_on(member_new(&averager_code, NULL, 0), &relay_code, depth, 0, BARE);
    assert_repr(next_of(chain), "None");
    for (int i = 2; i <= 20; i += 2) {
        char mean[12];
        snprintf(mean, sizeof mean, "%d", (i + 2) / 2);
        assert_repr(send_int(chain, i), mean);
    }
    assert_stop(next_of(chain), "(10, 110)");
    decref(chain);
    chain = chain_on(member_new(&catcher_code, NULL, 0), &relay_code, depth, 0, BARE);
    assert_repr(next_of(chain), "'ready'");
    assert_repr(generator_throw(chain, ValueError, "from the top"), "'caught'");
    assert_notes("caught from the top;");
    assert_int_equal(generator_close(chain), 0);
    decref(chain);
    chain = chain_on(member_new(&guarded_code, NULL, 0), &relay_code, depth, 0, BARE);
    assert_repr(next_of(chain), "0");
    decref(chain); // dies from the outside in
    assert_notes("guarded: finally;");
}

static Object *limiter_run(Generator *self, Object *sent) {
    BEGIN(Member);
    set_recursion_limit((int)local->n);
    END;
}
MEMBER_CODE(limiter, 0)

/* One resume inside of another too many: RecursionError. The one that was not resumed is gone, and
 * its handlers with it (in CPython, too); those of all the others see the error pass. */
static void test_recursion_limit(void **state) {
    (void)state;
    const Code *const codes[] = {&relay_code, &copied_code};
    for (int i = 0; i < 4; i++) {
        const Code *code = codes[i % 2];
        int limit = i < 2 ? 100 : 1000;
        Generator *limiter = member_new(&limiter_code, NULL, limit);
        assert_stop(next_of(limiter), ""); // set from one level down
        decref(limiter);
        finallys = 0;
        Generator *chain = chain_on(begun(&guarded_code, NULL, 1), code, limit, 0, BARE);
        assert_null(iter_next(OBJECT(chain)));
        assert_error(RecursionError, "maximum recursion depth exceeded");
        assert_int_equal(chain->state, FRAME_CLEARED);
        assert_notes(""); // nor did that one's `finally` run
        assert_int_equal(finallys, code == &relay_code ? limit : 0);
        decref(chain);
        chain = chain_on(begun(&guarded_code, NULL, 1), code, limit - 1, 0, BARE);
        assert_repr(next_of(chain), "2");
        assert_repr(next_of(chain), "3"); // what has been under way is under way no more
        decref(chain);
        assert_notes("guarded: finally;");
    }
}

/* A chain of any length dies: not begun, begun, with a `finally` to run in each link, and with
 * other objects between the links. */
static void test_long_chains_die(void **state) {
    (void)state;
    const int length = 300000;
    for (int i = 0; i < 6; i++) {
        finallys = 0;
        decref(
            chain_on(begun(&guarded_code, NULL, 1), &relay_code, length, i % 2, (Around)(i / 2)));
        assert_int_equal(finallys, i % 2 ? length : 0);
        assert_notes("guarded: finally;");
    }
    assert_int_equal(unraisables, 0);
}

/* Delegating to nothing a million times takes no stack. */
static Object *empty_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (local->n-- > 0) {
        YIELD_FROM(tuple_new(0));
    }
    END;
}
MEMBER_CODE(empty, 0)

static void test_many_empty_delegates(void **state) {
    (void)state;
    Generator *self = member_new(&empty_code, NULL, 1000000);
    assert_stop(next_of(self), "");
    decref(self);
}

/* ---- Memory: every allocation fails in turn --------------------------------------------------*/

/* Each member alone and three levels down, asked for everything, or dropped, at each yield: nothing
 * is left, also if any one allocation fails on the way. False: none was left to fail. */
static bool survives(int f, int resumes, int which, long n) {
    testing_fail_at(n);
    bool alone = f < FAMILY_LEAVES;
    Generator *self =
        alone ? member_new(family[f], NULL, 2) : three_levels(family[f - FAMILY_LEAVES]);
    for (int i = 0; self && i < resumes; i++) {
        xdecref(next_of(self));
        error_clear();
    }
    if (self && which < REQUESTS) xdecref(ask(self, requests[which]));
    error_clear();
    if (self && which % 2) xdecref(next_of(self));
    error_clear();
    xdecref(self);
    error_clear();
    notes[0] = '\0';
    assert_int_equal(testing_blocks(), 0);
    return testing_has_failed();
}

static void test_allocations(void **state) {
    (void)state;
    long tried = 0;
    for (int f = 0; f < 2 * FAMILY_LEAVES; f++)
        for (int resumes = 0; resumes < 5; resumes++)
            for (int which = 0; which <= REQUESTS; which++)
                for (long n = 0; survives(f, resumes, which, n); n++)
                    tried++;
    testing_fail_at(-1);
    assert_true(tried > 1000);
}

/* No memory for the error that a handler is given: it runs all the same, without a pending error,
 * and MemoryError comes out. */
static void test_no_memory_in_a_handler(void **state) {
    (void)state;
    Generator *self = begun(&guarded_code, NULL, 0);
    testing_fail_at(0);
    assert_null(generator_throw(self, ValueError, "v"));
    testing_fail_at(-1);
    assert_notes("guarded: finally;");
    assert_error(MemoryError, "");
    decref(self);
    self = begun(&stubborn_code, NULL, 2);
    testing_fail_at(0);
    assert_int_equal(generator_close(self), -1); // no GeneratorExit left that it could catch
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_int_equal(self->state, FRAME_CLEARED);
    decref(self);
    self = (Generator *)generator_new(&leaver_code, &(Member){.n = 2, .total = 1});
    assert_repr(next_of(self), "None");
    testing_fail_at(0);
    Object *late = generator_throw(self, RuntimeError, "r");
    testing_fail_at(-1);
    assert_int_equal(error_occurred(), NoError);
    assert_repr(late, "None");
    assert_null(next_of(self));
    assert_error(MemoryError, "");
    decref(self);
}

/* A yield whose value cannot be made is an error at that yield: its own `finally` sees it. */
static void test_no_memory_for_a_value(void **state) {
    (void)state;
    Generator *self = member_new(&guarded_code, NULL, 1000);
    testing_fail_at(0);
    assert_null(next_of(self));
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_notes("guarded: finally;");
    assert_string_equal(generator_state(self), "GEN_CLOSED");
    decref(self);
}

static void test_generator_expression(void **state) {
    (void)state;
    Object *one = int_from_long(1);
    assert_null(generator_expression(&copied_code, &(Member){0}, one));
    assert_error(TypeError, "'int' object is not iterable");
    List *list = list_pack(2, one, None);
    for (long n = 0; n < 2; n++) {
        testing_fail_at(n);
        assert_null(generator_expression(&copied_code, &(Member){0}, OBJECT(list)));
        assert_error(MemoryError, "");
    }
    testing_fail_at(-1);
    Object *self = generator_expression(&copied_code, &(Member){.sub = one}, OBJECT(list));
    assert_repr(iter_next(self), "1");
    assert_repr(iter_next(self), "None");
    assert_null(iter_next(self));
    assert_notes("end;");
    decref(self);
    // An error of the iterator comes out at the loop.
    Generator *source = member_new(&leaky_code, NULL, 7);
    self = generator_expression(&copied_code, &(Member){0}, OBJECT(source));
    decref(source);
    assert_repr(iter_next(self), "'leaky'");
    assert_null(iter_next(self));
    assert_error(RuntimeError, "generator raised StopIteration");
    assert_notes("");
    decref(self);
    assert_int_equal(one->refcnt, 3); // the small int's own, ours, the list's
    decref(list);
    decref(one);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_send_results),
        TEST(test_references),
        TEST(test_repr),
        TEST(test_locals_go_at_the_end),
        TEST(test_blocks),
        TEST(test_death_keeps_the_pending_error),
        TEST(test_revival),
        TEST(test_death_inside_a_handler),
        TEST(test_reentrancy),
        TEST(test_running_while_it_delegates),
        TEST(test_thrown_into_an_end),
        TEST(test_ways_out),
        TEST(test_deep),
        TEST(test_recursion_limit),
        TEST(test_long_chains_die),
        TEST(test_many_empty_delegates),
        TEST(test_allocations),
        TEST(test_no_memory_in_a_handler),
        TEST(test_no_memory_for_a_value),
        TEST(test_generator_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
