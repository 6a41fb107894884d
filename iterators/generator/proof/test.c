/* Tests of the generator. What each request comes to is the twin's and differential's business;
 * here: memory, references, and what Python cannot show. */
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
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(error_occurred(), NoError);
    assert_int_equal(testing_blocks(), 0);
    return 0;
}

static Object *next_of(Generator *generator) {
    return builtin_next(OBJECT(generator));
}

/* Asserts that a new reference is this int, and drops it. */
static void assert_int(Object *op, int64_t expected) {
    assert_non_null(op);
    assert_ptr_equal(op->type, &Int_Type);
    assert_int_equal(int_as_long(op), expected);
    decref(op);
}

static void assert_stop(Object *op, const char *value) {
    assert_null(op);
    assert_error(StopIteration, value);
}

/* ---- One generator ---------------------------------------------------------------------------*/

static void test_life(void **state) {
    (void)state;
    Generator *self = member_new(&countdown_code, NULL, 2);
    assert_string_equal(generator_state(self), "GEN_CREATED");
    assert_int_equal(self->lasti, 0);
    assert_int(next_of(self), 2);
    assert_int_equal(self->state, FRAME_SUSPENDED);
    int32_t lasti = self->lasti;
    assert_true(lasti > 0);
    assert_int(iter_next(OBJECT(self)), 1);
    assert_int_equal(self->lasti, lasti); // the same yield
    assert_stop(next_of(self), "liftoff");
    assert_int_equal(self->state, FRAME_CLEARED);
    assert_stop(next_of(self), "");
    assert_null(iter_next(OBJECT(self)));
    assert_int_equal(error_occurred(), NoError);
    decref(self);
}

/* The value that a return carries, and None for an exhausted one, through the `send` slot. */
static void test_send_results(void **state) {
    (void)state;
    Generator *self = member_new(&countdown_code, NULL, 1);
    Object *result;
    assert_int_equal(iter_send(OBJECT(self), None, &result), SEND_NEXT);
    assert_int(result, 1);
    assert_int_equal(iter_send(OBJECT(self), None, &result), SEND_RETURN);
    assert_ptr_equal(result->type, &Str_Type);
    decref(result);
    assert_int_equal(iter_send(OBJECT(self), None, &result), SEND_RETURN);
    assert_ptr_equal(result, None);
    decref(result);
    decref(self);
    List *list = list_pack(1, None);
    Object *iterator = object_get_iter(OBJECT(list));
    assert_int_equal(iter_send(iterator, True, &result), SEND_ERROR);
    assert_error(AttributeError, "'list_iterator' object has no attribute 'send'");
    assert_int_equal(iter_send(iterator, None, &result), SEND_NEXT);
    decref(result);
    assert_int_equal(iter_send(iterator, None, &result), SEND_RETURN);
    assert_ptr_equal(result, None);
    decref(result);
    decref(iterator);
    decref(list);
}

/* A value sent is borrowed for the one resume, a value yielded belongs to who asked. */
static void test_references(void **state) {
    (void)state;
    Generator *self = member_new(&delegator_code, NULL, 0);
    Object *value = int_from_long(1000);
    List *list = list_pack(1, value);
    ((Member *)frame_locals(self))->sub = new_ref(list);
    assert_int_equal(list->ob.refcnt, 2);
    Object *got = next_of(self);
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
    decref(self);
    decref(list);
    assert_int_equal(value->refcnt, 1);
    decref(value);
}

static void test_repr(void **state) {
    (void)state;
    Generator *self = member_new(&nested_code, NULL, 0);
    Writer out = {0};
    char expected[80];
    snprintf(expected, sizeof expected, "<generator object nested at %p>", (void *)self);
    assert_int_equal(object_write_repr(OBJECT(self), &out), 0);
    assert_int_equal(out.length, strlen(expected));
    assert_memory_equal(out.bytes, expected, out.length);
    writer_free(&out);
    Object *iterator = object_get_iter(OBJECT(self));
    assert_ptr_equal(iterator, self);
    decref(iterator);
    decref(self);
}

/* Every local, and every pending handler, is let go as soon as the generator ends. */
static void test_locals_go_at_the_end(void **state) {
    (void)state;
    Object *value = int_from_long(1000);
    for (int how = 0; how < 4; how++) {
        Generator *self = member_new(&countdown_code, value, 1);
        assert_int_equal(value->refcnt, 2);
        if (how < 3) assert_int(next_of(self), 1);
        if (how == 0) assert_stop(next_of(self), "liftoff");
        if (how == 1) assert_int_equal(generator_close(self), 0);
        if (how == 2) {
            assert_null(generator_throw(self, ValueError, "v"));
            assert_error(ValueError, "v");
        }
        if (how == 3) assert_int_equal(generator_close(self), 0); // before it began
        assert_int_equal(value->refcnt, 1);
        assert_string_equal(generator_state(self), "GEN_CLOSED");
        decref(self);
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

static void test_too_many_blocks(void **state) {
    (void)state;
    Generator *self = member_new(&too_deep_code, NULL, 0);
    assert_stop(next_of(self), "too_deep: more than 1 nested TRYs");
    decref(self);
    assert_notes("");
}

/* A generator whose locals are a few bytes, so that blocks must be aligned behind them. */
typedef struct {
    char letter;
} Small;

static Object *small_run(Generator *self, Object *sent) {
    BEGIN(Small);
    TRY {
        YIELD(str_from_utf8(&local->letter, 1));
    }
    FINALLY {
        note("small %c", local->letter);
    }
    END_FINALLY;
    END;
}
static const Code small_code = {"small", small_run, sizeof(Small), 0, 1};

static void test_small_locals(void **state) {
    (void)state;
    Object *self = generator_new(&small_code, &(Small){'x'});
    decref(iter_next(self));
    decref(self);
    assert_notes("small x;");
}

/* ---- Ends ------------------------------------------------------------------------------------*/

/* Reference cycles apart, an error pending elsewhere survives a generator's death. */
static void test_death_keeps_the_pending_error(void **state) {
    (void)state;
    Generator *self = member_new(&guarded_code, NULL, 0);
    assert_int(next_of(self), 0);
    error_set(KeyError, "'pending'");
    decref(self);
    assert_notes("guarded: finally;");
    assert_error(KeyError, "'pending'");
    self = member_new(&refuser_code, NULL, 0);
    decref(next_of(self));
    error_set(KeyError, "'pending'");
    decref(self);
    assert_notes("refused;");
    assert_int_equal(unraisables, 1);
    assert_error(KeyError, "'pending'");
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
    Generator *self = member_new(&phoenix_code, NULL, 0);
    assert_int(next_of(self), 1);
    decref(self);
    assert_ptr_equal(revived, self);
    assert_int_equal(self->ob.refcnt, 1);
    assert_string_equal(generator_state(self), "GEN_CLOSED");
    assert_stop(next_of(self), "");
    clear_ref(revived);
}

/* Runs one that waits inside a handler into the ground: the error it was handling goes with it. */
static void test_death_inside_a_handler(void **state) {
    (void)state;
    Generator *self = member_new(&catcher_code, NULL, 0);
    decref(next_of(self));
    decref(generator_throw(self, ValueError, "v")); // waits in its EXCEPT
    assert_int_equal(self->nblocks, 1);
    decref(self);
    assert_notes("caught v;");
    self = member_new(&replacer_code, NULL, 0);
    decref(next_of(self));
    decref(generator_throw(self, RuntimeError, "r")); // waits in its FINALLY
    decref(self);
    assert_int_equal(unraisables, 0); // GeneratorExit has taken the place of the RuntimeError
    assert_notes("replacer: inner;");
}

/* ---- A generator that meets itself -----------------------------------------------------------*/

static Object *selfish_run(Generator *self, Object *sent) {
    BEGIN(Member);
    assert_string_equal(generator_state(self), "GEN_RUNNING");
    assert_null(generator_yieldfrom(self));
    assert_null(iter_next(OBJECT(self)));
    assert_error(ValueError, "generator already executing");
    assert_null(generator_send(self, True));
    assert_error(ValueError, "generator already executing");
    assert_null(generator_throw(self, KeyError, "'k'"));
    assert_error(ValueError, "generator already executing");
    assert_int_equal(generator_close(self), -1);
    assert_error(ValueError, "generator already executing");
    YIELD(new_ref(None));
    YIELD_FROM(new_ref(self));
    END;
}
MEMBER_CODE(selfish, 0)

static void test_reentrancy(void **state) {
    (void)state;
    Generator *self = member_new(&selfish_code, NULL, 0);
    decref(next_of(self));
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
    boss = member_new(&delegator_code, OBJECT(spy), 0);
    decref(next_of(boss));
    assert_ptr_equal(generator_yieldfrom(boss), spy);
    decref(next_of(boss));
    decref(generator_throw(boss, ValueError, "v"));
    assert_int_equal(generator_close(boss), 0);
    assert_notes("delegates;resumed GEN_RUNNING 0;thrown GEN_RUNNING 0;closed GEN_RUNNING 0;");
    decref(spy);
    clear_ref(boss);
}

/* ---- Ways out of a block ---------------------------------------------------------------------*/

static Object *leaver_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        TRY {
            if (local->n == 0) RETURN(int_from_long(1000));
            YIELD(object_get_iter(None)); // fails: not iterable
        }
        EXCEPT(AssertionError) { // which is 1, as is the refcount of what RETURN carries
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
    Generator *self = member_new(&leaver_code, NULL, 0);
    assert_stop(next_of(self), "1000"); // past the EXCEPTs
    decref(self);
    self = member_new(&leaver_code, NULL, 1);
    assert_stop(next_of(self), "2000"); // the yield that failed yielded nothing
    decref(self);
    self = (Generator *)generator_new(&leaver_code, &(Member){.total = 1});
    decref(next_of(self));
    assert_stop(next_of(self), "1000");
    decref(self);
    self = (Generator *)generator_new(&leaver_code, &(Member){.total = 1});
    decref(next_of(self));
    decref(self); // with a return value on its way out
    self = member_new(&guarded_code, NULL, 0);
    generator_close(self);
    assert_null(Generator_Type.iternext(OBJECT(self))); // exhausted: not even StopIteration
    assert_int_equal(error_occurred(), NoError);
    decref(self);
}

/* ---- Depth -----------------------------------------------------------------------------------*/

static Object *relay_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        YIELD_FROM(take(&local->sub));
        local->result = new_ref(sent);
    }
    FINALLY {
        local->total = 1;
    }
    END_FINALLY;
    RETURN(new_ref(local->result));
    END;
}
MEMBER_CODE(relay, 1)

static Generator *chain_of(const Code *leaf, int64_t n, int depth) {
    Generator *chain = member_new(leaf, NULL, n);
    while (depth-- > 0) {
        Generator *outer = member_new(&relay_code, OBJECT(chain), 0);
        decref(chain);
        chain = outer;
    }
    return chain;
}

static void test_deep(void **state) {
    (void)state;
    const int depth = 999; // and the leaf: as deep as can be
    Generator *chain = chain_of(&averager_code, 0, depth);
    Object *value;
    decref(next_of(chain));
    for (int i = 2; i <= 20; i += 2) {
        value = int_from_long(i);
        assert_int(generator_send(chain, value), (i + 2) / 2);
        decref(value);
    }
    assert_stop(next_of(chain), "(10, 110)");
    decref(chain);
    chain = chain_of(&catcher_code, 0, depth);
    decref(next_of(chain));
    value = generator_throw(chain, ValueError, "from the top");
    assert_non_null(value);
    decref(value);
    assert_notes("caught from the top;");
    assert_int_equal(generator_close(chain), 0);
    decref(chain);
    chain = chain_of(&guarded_code, 0, depth);
    decref(next_of(chain));
    decref(chain); // dies from the outside in
    assert_notes("guarded: finally;");
}

static Object *copied_run(Generator *self, Object *sent) {
    BEGIN(Member);
    FOR_EACH(local->result, local->sub) {
        YIELD(new_ref(local->result));
    }
    note("end");
    END;
}
MEMBER_CODE(copied, 0)

static int finallys;

static Object *counted_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        if (local->n) YIELD(new_ref(None));
        YIELD_FROM(take(&local->sub));
    }
    FINALLY {
        finallys++;
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(counted, 1)

/* What a chain is made of besides generators: nothing, a tuple around each, an iterator over it. */
typedef enum { BARE, IN_TUPLE, IN_ITERATOR } Around;

/* `depth` members, each with the one before as `sub`, over a guarded() that has begun. */
static Object *stack_of(const Code *code, int depth, int64_t n, Around around) {
    Object *chain = OBJECT(member_new(&guarded_code, NULL, 1));
    decref(iter_next(chain));
    while (depth-- > 0) {
        Object *sub = around == BARE ? new_ref(chain) : tuple_pack(1, chain);
        decref(chain);
        if (around == IN_ITERATOR) {
            chain = object_get_iter(sub);
            decref(sub);
            sub = chain;
        }
        chain = OBJECT(member_new(code, sub, n));
        decref(sub);
        if (n) decref(iter_next(chain));
    }
    return chain;
}

/* One resume inside of another too many: RecursionError. The one that was not resumed is gone, and
 * its handlers with it (in CPython, too); those of all the others see the error pass. */
static void test_recursion_limit(void **state) {
    (void)state;
    const Code *const codes[] = {&counted_code, &copied_code};
    for (int c = 0; c < 2; c++) {
        for (int limit = 100; limit <= 1000; limit += 900) {
            set_recursion_limit(limit);
            finallys = 0;
            Object *chain = stack_of(codes[c], limit, 0, BARE);
            assert_null(iter_next(chain));
            assert_error(RecursionError, "maximum recursion depth exceeded");
            assert_int_equal(((Generator *)chain)->state, FRAME_CLEARED);
            assert_notes(""); // nor did that one's `finally` run
            assert_int_equal(finallys, c == 0 ? limit : 0);
            decref(chain);
            chain = stack_of(codes[c], limit - 1, 0, BARE);
            for (int i = 2; i < 5; i++) // what has been under way is under way no more
                assert_int(iter_next(chain), i);
            decref(chain);
            notes[0] = '\0';
        }
    }
}

/* A chain of any length dies: not begun, begun, with a `finally` to run in each link, and with
 * other objects between the links. */
static void test_long_chains_die(void **state) {
    (void)state;
    const int length = 300000;
    for (Around around = BARE; around <= IN_ITERATOR; around++) {
        for (int64_t n = 0; n < 2; n++) {
            finallys = 0;
            decref(stack_of(&counted_code, length, n, around));
            assert_int_equal(finallys, n ? length : 0);
            assert_notes("guarded: finally;");
        }
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

/* Careful(delegator(careful(leaf))); NULL with MemoryError. */
static Generator *three_levels(const Code *leaf) {
    const Code *const levels[] = {&careful_code, &delegator_code, &careful_code};
    Generator *chain = member_new(leaf, NULL, 2);
    for (int i = 0; chain && i < 3; i++) {
        Generator *outer = member_new(levels[i], OBJECT(chain), 0);
        decref(chain);
        chain = outer;
    }
    return chain;
}

/* A few requests one after the other, whatever they come to. */
static void exercise(Generator *self, int resumes, int how) {
    for (int i = 0; i < resumes; i++) {
        xdecref(next_of(self));
        error_clear();
    }
    switch (how) {
    case 0:
        generator_close(self);
        break;
    case 1:
        xdecref(generator_throw(self, ValueError, "v"));
        break;
    case 2:
        xdecref(generator_throw(self, KeyError, "'k'"));
        break;
    case 3:
        xdecref(generator_throw(self, StopIteration, "s"));
        break;
    case 4:
        xdecref(generator_send(self, True));
        break;
    default: // dropped
        break;
    }
    error_clear();
    if (how % 2 == 1) {
        xdecref(next_of(self));
        error_clear();
    }
}

/* Each member alone and three levels down, ended in each way at each yield: nothing is left, also
 * if any one allocation fails on the way. */
static void test_allocations(void **state) {
    (void)state;
    long tried = 0;
    for (int f = 0; f < 2 * FAMILY_LEAVES; f++) {
        for (int resumes = 0; resumes < 5; resumes++) {
            for (int how = 0; how < 6; how++) {
                for (long n = 0;; n++, tried++) {
                    testing_fail_at(n);
                    Generator *self = f < FAMILY_LEAVES ? member_new(family[f], NULL, 2)
                                                        : three_levels(family[f - FAMILY_LEAVES]);
                    if (self) {
                        exercise(self, resumes, how);
                        decref(self);
                    }
                    error_clear();
                    notes[0] = '\0';
                    assert_int_equal(testing_blocks(), 0);
                    if (!testing_has_failed()) break;
                }
            }
        }
    }
    testing_fail_at(-1);
    assert_true(tried > 1000);
}

/* No memory for the error that a handler is given: it runs all the same, and MemoryError comes out.
 */
static void test_no_memory_in_a_handler(void **state) {
    (void)state;
    Generator *self = member_new(&guarded_code, NULL, 0);
    assert_int(next_of(self), 0);
    testing_fail_at(0);
    assert_null(generator_throw(self, ValueError, "v"));
    testing_fail_at(-1);
    assert_notes("guarded: finally;");
    assert_error(MemoryError, "");
    decref(self);
    self = member_new(&stubborn_code, NULL, 2);
    assert_int(next_of(self), 2);
    testing_fail_at(0);
    assert_int_equal(generator_close(self), -1); // no GeneratorExit left that it could catch
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_int_equal(self->state, FRAME_CLEARED);
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
    assert_int(iter_next(self), 1);
    decref(iter_next(self));
    assert_null(iter_next(self));
    assert_notes("end;");
    decref(self);
    // An error of the iterator comes out at the loop.
    Generator *source = member_new(&leaky_code, NULL, 7);
    self = generator_expression(&copied_code, &(Member){0}, OBJECT(source));
    decref(source);
    decref(iter_next(self));
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
        TEST(test_too_many_blocks),
        TEST(test_small_locals),
        TEST(test_death_keeps_the_pending_error),
        TEST(test_revival),
        TEST(test_death_inside_a_handler),
        TEST(test_reentrancy),
        TEST(test_running_while_it_delegates),
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
