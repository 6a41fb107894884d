/* Tests of the object layer: what the rooms take for granted. How chains are printed is the twin's
 * business (with/proof); here: who remembers whom, memory, depth, generators. */
#include "../../common/proof/testing.h"

#include "../object.h"

#include <pthread.h>

static int tear_down(void **state) {
    (void)state;
    assert_false(error_occurred());
    assert_null(exception_handled());
    assert_int_equal(testing_blocks(), 0);
    return 0;
}

static Exception *new_exception(const char *text) {
    Exception *exc = exception_new(&ValueError_Type, "%s", text);
    assert_non_null(exc);
    return exc;
}

/* The pending exception with its contexts: "c while b while a"; forgotten afterwards. */
static void assert_pending(const char *expected) {
    char text[256] = "";
    Exception *exc = exception_fetch();
    assert_non_null(exc);
    for (Exception *o = exc; o; o = o->context) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s", o == exc ? "" : " while ",
                 *exception_str(o) ? exception_str(o) : o->ob.type->name);
    }
    assert_string_equal(text, expected);
    assert_false(error_occurred());
    decref(exc);
}

/* ---- Values ----------------------------------------------------------------------------------*/

static Object *count_arguments(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args;
    return int_from_long(nargs + ((Int *)closure)->value);
}

static void test_values(void **state) {
    (void)state;
    Object *zero = int_from_long(0), *big = int_from_long(INT64_MIN),
           *empty = str_from_format("%s", "");
    Object *text = str_from_format("%d %s", 7, "apples");
    assert_true(((Int *)big)->value == INT64_MIN);
    assert_string_equal(((Str *)text)->text, "7 apples");
    assert_int_equal(((Str *)text)->size, 8);
    Object *all[] = {None, False, zero, empty, True, big, text, OBJECT(&Int_Type)};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(object_is_true(all[i]), i >= 4);

    Object *function = function_new("count", count_arguments, True);
    Object *result = object_call(function, all, 3);
    assert_int_equal(((Int *)result)->value, 4);
    assert_null(object_call(zero, NULL, 0));
    assert_pending("'int' object is not callable");
    Object *gone[] = {zero, big, empty, text, function, result};
    for (size_t i = 0; i < 6; i++)
        decref(gone[i]);
}

/* ---- Raised and handled ----------------------------------------------------------------------*/

static void test_raise(void **state) {
    (void)state;
    assert_int_equal(error_raise(&KeyError_Type, "no %s", "key"), -1);
    assert_string_equal(error_name(error_occurred()), "KeyError");
    assert_string_equal(error_message(), "no key");
    Exception *exc = exception_fetch();
    assert_true(exception_matches(exc, &LookupError_Type));
    assert_false(exception_matches(exc, &ValueError_Type));
    assert_int_equal(exc->ob.refcnt, 1);
    assert_null(exception_fetch());
    exception_restore(exc);
    exception_restore(NULL);
    assert_false(error_occurred());

    // A later one takes the pending one's place; that is forgotten, not remembered.
    error_raise(&ValueError_Type, "first");
    error_raise(&ValueError_Type, "second");
    assert_pending("second");
}

static void test_handle(void **state) {
    (void)state;
    Exception *saved, *inner;
    error_raise(&ValueError_Type, "a");
    assert_string_equal(exception_str(except_begin(&saved)), "a");
    assert_false(error_occurred());
    error_raise(&ValueError_Type, "b");
    assert_string_equal(exception_str(except_begin(&inner)), "b");
    error_raise(&ValueError_Type, "c");
    Exception *c = exception_fetch();
    except_end(inner);
    assert_string_equal(exception_str(exception_handled()), "a");
    exception_restore(c);
    assert_int_equal(except_reraise(saved), -1); // a again: c, that was pending, is gone
    assert_pending("a");
}

/* The same one again, one further back, and one that is not in the chain. */
static void test_context(void **state) {
    (void)state;
    static const char *const expected[] = {"0 while 1 while 2 while 3", "1 while 0",
                                           "2 while 0 while 1", "3 while 0 while 1 while 2",
                                           "4 while 0 while 1 while 2 while 3"};
    for (int again = 0; again < 5; again++) {
        Exception *line[5], *saved;
        for (int i = 0; i < 5; i++) {
            char name[2] = {(char)('0' + i), '\0'};
            line[i] = new_exception(name);
        }
        for (int i = 0; i < 3; i++)
            line[i]->context = (Exception *)new_ref(line[i + 1]);
        exception_restore((Exception *)new_ref(line[0]));
        except_begin(&saved);
        exception_raise((Exception *)new_ref(line[again]));
        Exception *raised = exception_fetch();
        except_end(saved);
        exception_restore(raised);
        assert_pending(expected[again]);
        for (int i = 0; i < 5; i++)
            decref(line[i]);
    }
}

static void test_cause(void **state) {
    (void)state;
    Exception *saved, *cause = new_exception("cause");
    error_raise(&ValueError_Type, "a");
    except_begin(&saved);
    exception_raise_from(new_exception("b"), cause);
    Exception *b = exception_fetch();
    assert_ptr_equal(b->cause, cause);
    assert_ptr_equal(b->context, exception_handled());
    assert_true(b->suppress_context);
    exception_raise_from(b, NULL); // from None: what it was before goes
    assert_int_equal(cause->ob.refcnt, 1);
    b = exception_fetch();
    assert_null(b->cause);
    assert_true(b->suppress_context);
    except_end(saved);
    decref(b);
    decref(cause);
    assert_int_equal(exception_raise(NULL), -1);
    assert_false(error_occurred());
}

/* Each ring that raising could run around for ever in. */
static void test_rings(void **state) {
    (void)state;
    enum { LONGEST = 12 };
    for (int size = 1; size <= LONGEST; size++) {
        for (int tail = 0; tail < size; tail++) {
            Exception *line[LONGEST], *saved;
            for (int i = 0; i < size; i++)
                line[i] = new_exception("");
            for (int i = 0; i < size; i++)
                line[i]->context = (Exception *)new_ref(line[i + 1 < size ? i + 1 : tail]);
            exception_restore((Exception *)new_ref(line[0]));
            except_begin(&saved);
            error_raise(&ValueError_Type, "new");
            error_clear();
            except_end(saved);
            for (int i = 0; i < size; i++)
                clear_ref(line[i]->context);
            for (int i = 0; i < size; i++) {
                assert_int_equal(line[i]->ob.refcnt, 1);
                decref(line[i]);
            }
        }
    }
}

/* A chain of a million dies in a loop, whichever way it is linked, and only as far as nobody else
 * holds it. */
static void test_depth(void **state) {
    (void)state;
    Exception *kept = NULL, *newest = NULL;
    for (int i = 0; i < 1000000; i++) {
        Exception *exc = exception_new_value(&ValueError_Type, None);
        assert_non_null(exc);
        if (i % 3 != 1) exc->context = newest; // which is stolen
        if (i % 3 == 1) exc->cause = newest;
        if (i % 3 == 2) exc->cause = (Exception *)new_ref(newest);
        if (i == 1000) kept = (Exception *)new_ref(exc);
        newest = exc;
    }
    long before = testing_blocks();
    decref(newest);
    assert_int_equal(before - testing_blocks(), 1000000 - 1001);
    assert_int_equal(kept->ob.refcnt, 1);
    decref(kept);
}

static void test_notes(void **state) {
    (void)state;
    Exception *exc = new_exception("a");
    assert_int_equal(exception_add_note(exc, "one"), 0);
    for (long n = 0;; n++) {
        testing_fail_at(n);
        int status = exception_add_note(exc, "two");
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(status, failed ? -1 : 0);
        assert_int_equal(exc->nnotes, failed ? 1 : 2);
        if (!failed) break;
        assert_error(MemoryError, "");
    }
    decref(exc);
}

/* ---- Out of memory ---------------------------------------------------------------------------*/

/* The one MemoryError is told like another, and keeps nobody alive. */
static void test_no_memory(void **state) {
    (void)state;
    Exception *saved, *inner;
    testing_fail_at(0);
    assert_null(int_from_long(1));
    Exception *exc = except_begin(&saved);
    assert_ptr_equal(exc->ob.type, &MemoryError_Type);
    assert_int_equal(exception_add_note(exc, "who will read it?"), -1);
    assert_error(MemoryError, "");
    error_raise(&ValueError_Type, "b");
    except_begin(&inner);
    assert_ptr_equal(exception_handled()->context, exc);
    exception_raise_from((Exception *)new_ref(exc), exception_handled());
    except_end(inner);
    assert_ptr_equal(exc->context, NULL);
    assert_ptr_equal(exc->cause, NULL);
    error_clear();
    assert_int_equal(except_reraise(saved), -1);
    assert_error(MemoryError, "");
    for (long n = 0; n < 2; n++) {
        testing_fail_at(n);
        assert_int_equal(error_raise(&ValueError_Type, "text"), -1);
        assert_error(MemoryError, "");
    }
    testing_fail_at(0);
    assert_null(function_new("f", count_arguments, None));
    assert_error(MemoryError, "");
    testing_fail_at(0);
    assert_null(generator_new("g", NULL, None));
    assert_error(MemoryError, "");
    testing_fail(NULL, 0, 0);
}

/* Two threads, each with its own pending exception, handled one, and MemoryError. */
static void *other_thread(void *unused) {
    (void)unused;
    bool fresh = !exception_handled() && !error_occurred();
    error_no_memory();
    Exception *saved, *exc = except_begin(&saved);
    fresh = fresh && exc->ob.refcnt == 2 && exception_handled() == exc;
    except_end(saved);
    return fresh ? &none_object : NULL;
}

static void test_threads(void **state) {
    (void)state;
    Exception *saved;
    error_no_memory();
    except_begin(&saved);
    error_raise(&ValueError_Type, "here");
    pthread_t thread;
    void *fresh;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    pthread_join(thread, &fresh);
    assert_non_null(fresh);
    error_clear();
    except_end(saved);
}

/* ---- Generators ------------------------------------------------------------------------------*/

/* try: raise ValueError("in gen")
 * except ValueError: yield; raise KeyError("later") */
static SendResult handles(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    error_raise(&ValueError_Type, "in gen");
    except_begin(&self->saved);
    YIELD(new_ref(None));
    if (sent) error_raise(&KeyError_Type, "later");
    Exception *pending = exception_fetch();
    except_end(self->saved);
    exception_restore(pending);
    return SEND_ERROR;
    GENERATOR_END
}

/* yield 1; yield 2; return 3 */
static SendResult counts(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(int_from_long(1));
    if (!sent) return SEND_ERROR;
    YIELD(int_from_long(2));
    if (!sent) return SEND_ERROR;
    *result = int_from_long(3);
    return *result ? SEND_RETURN : SEND_ERROR;
    GENERATOR_END
}

/* yield; raise StopIteration("x") */
static SendResult stops(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(new_ref(None));
    if (sent) error_raise(&StopIteration_Type, "x");
    return SEND_ERROR;
    GENERATOR_END
}

/* Yields whatever is thrown in, up to three times. */
static SendResult ignores(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    for (; self->closure;) {
        YIELD(new_ref(None));
        if (!sent) error_clear();
        if (((Int *)self->closure)->value-- == 0) break;
    }
    GENERATOR_END
}

/* yield next(itself) */
static SendResult calls_itself(Generator *self, Object *sent, Object **result) {
    (void)sent;
    GENERATOR_BEGIN
    YIELD(generator_next(OBJECT(self)));
    GENERATOR_END
}

static Object *begun(GeneratorBody body) {
    Object *gen = generator_new("gen", body, NULL), *first = generator_next(gen);
    assert_non_null(first);
    decref(first);
    return gen;
}

static void throw_in(Object *gen, const char *text) {
    Exception *exc = new_exception(text);
    assert_null(generator_throw(gen, exc));
    decref(exc);
}

static void test_generator_steps(void **state) {
    (void)state;
    Object *gen = generator_new("gen", counts, None), *result;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(generator_send(gen, &result), i < 3 ? SEND_NEXT : SEND_RETURN);
        assert_int_equal(((Int *)result)->value, i);
        decref(result);
    }
    assert_null(((Generator *)gen)->closure); // it goes when the generator ends
    assert_int_equal(generator_send(gen, &result), SEND_RETURN);
    assert_ptr_equal(result, None);
    decref(result);
    assert_null(generator_next(gen));
    assert_pending("StopIteration");
    throw_in(gen, "too late");
    assert_pending("too late");
    assert_int_equal(generator_close(gen), 0);
    decref(gen);

    gen = generator_new("gen", counts, None);
    throw_in(gen, "too early");
    assert_pending("too early");
    assert_null(generator_next(gen));
    assert_pending("StopIteration");
    decref(gen);
    gen = generator_new("gen", calls_itself, NULL);
    assert_null(generator_next(gen));
    assert_pending("generator already executing");
    decref(gen);
}

static void test_generator_ends(void **state) {
    (void)state;
    Object *gen = begun(stops);
    assert_null(generator_next(gen));
    Exception *exc = exception_fetch();
    assert_string_equal(exception_str(exc), "generator raised StopIteration");
    assert_ptr_equal(exc->cause, exc->context);
    assert_ptr_equal(exc->cause->ob.type, &StopIteration_Type);
    assert_true(exc->suppress_context);
    decref(exc);
    decref(gen);

    Object *times = int_from_long(2);
    gen = generator_new("gen", ignores, times);
    decref(times);
    decref(generator_next(gen));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(generator_close(gen), -1);
        assert_pending("generator ignored GeneratorExit");
    }
    assert_int_equal(generator_close(gen), 0);
    decref(gen);
}

/* What a generator is handling goes to sleep with it; its caller's is seen by both. */
static void test_generator_handles(void **state) {
    (void)state;
    Exception *saved;
    Object *gen = begun(handles);
    assert_null(exception_handled());
    error_raise(&RuntimeError_Type, "caller");
    except_begin(&saved);
    assert_null(generator_next(gen)); // its own context, not the caller's
    assert_string_equal(exception_str(exception_handled()), "caller");
    assert_pending("later while in gen");
    decref(gen);

    gen = begun(handles);
    throw_in(gen, "thrown");
    assert_pending("thrown while in gen while caller");
    decref(gen);
    gen = begun(counts);
    throw_in(gen, "thrown");
    assert_pending("thrown");
    decref(gen);
    gen = begun(stops);
    assert_null(generator_next(gen));
    assert_pending("generator raised StopIteration while x while caller");
    decref(gen);
    gen = generator_new("gen", handles, NULL);
    decref(generator_next(gen));
    decref(gen); // closed as it dies, beside what is handled here
    assert_string_equal(exception_str(exception_handled()), "caller");
    except_end(saved);
}

/* One that dies while an exception is pending leaves that alone. */
static void test_generator_dies(void **state) {
    (void)state;
    Object *gen = begun(handles);
    error_raise(&ValueError_Type, "pending");
    decref(gen);
    assert_pending("pending");
}

/* An object that calls its generator as it dies, or drops the last reference to it. */
typedef struct {
    Object ob;
    Object *gen;
    bool sends, closes;
} Caller;

static void caller_dealloc(Object *op) {
    Caller *self = (Caller *)op;
    if (self->sends) {
        assert_null(generator_next(self->gen));
        assert_pending("generator already executing while in gen");
    }
    if (self->closes) {
        Exception *pending = exception_fetch();
        assert_int_equal(generator_close(self->gen), 0);
        exception_restore(pending);
    }
    decref(self->gen);
    testing_free(self);
}

static int steps;

/* yield; raise StopIteration(closure), and no memory for the RuntimeError */
static SendResult stops_without_memory(Generator *self, Object *sent, Object **result) {
    (void)sent;
    GENERATOR_BEGIN
    YIELD(new_ref(None));
    steps++;
    Exception *stop = exception_new_value(&StopIteration_Type, self->closure);
    clear_ref(self->closure);
    exception_raise(stop);
    testing_fail_at(0);
    return SEND_ERROR;
    GENERATOR_END
}

static void test_generator_called_by_what_dies(void **state) {
    (void)state;
    static Type type = {TYPE("Caller", NULL), .dealloc = caller_dealloc};
    Object *gen = begun(handles);
    Exception *exc = new_exception("thrown");
    Caller *caller = object_new(&type, sizeof *caller); // goes with the context that exc had before
    assert_non_null(caller);
    caller->gen = gen; // the last reference
    caller->sends = true;
    exc->context = exception_new_value(&ValueError_Type, OBJECT(caller));
    decref(caller);
    assert_null(generator_throw(gen, exc));
    decref(exc);
    assert_pending("thrown while in gen");

    for (int close = 0; close < 2; close++) { // one that has not begun, held by its closure alone
        caller = object_new(&type, sizeof *caller);
        assert_non_null(caller);
        caller->gen = gen = generator_new("gen", counts, OBJECT(caller));
        decref(caller);
        exc = new_exception("thrown");
        if (close) {
            assert_int_equal(generator_close(gen), 0);
        } else {
            assert_null(generator_throw(gen, exc));
            assert_pending("thrown");
        }
        decref(exc);
    }

    caller = object_new(&type, sizeof *caller); // goes with the StopIteration, when it has ended
    assert_non_null(caller);
    caller->gen = gen = generator_new("gen", stops_without_memory, OBJECT(caller));
    caller->closes = true;
    incref(gen);
    decref(caller);
    decref(generator_next(gen));
    assert_null(generator_next(gen));
    testing_fail_at(-1);
    assert_pending("MemoryError");
    assert_int_equal(steps, 1);
    decref(gen);
}

/* Each allocation of a whole life failed in turn. */
static void test_generator_no_memory(void **state) {
    (void)state;
    static const GeneratorBody bodies[] = {handles, counts, stops};
    for (size_t i = 0; i < 3; i++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            testing_fail_at(n);
            Object *gen = generator_new("gen", bodies[i], None);
            for (int step = 0; gen && step < 4; step++) {
                Object *value = generator_next(gen);
                assert_int_equal(value == NULL, error_occurred() != NoError);
                xdecref(value);
                error_clear();
            }
            error_clear();
            xdecref(gen);
            failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_int_equal(testing_blocks(), 0);
            assert_null(exception_handled());
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_values, tear_down),
        cmocka_unit_test_teardown(test_raise, tear_down),
        cmocka_unit_test_teardown(test_handle, tear_down),
        cmocka_unit_test_teardown(test_context, tear_down),
        cmocka_unit_test_teardown(test_cause, tear_down),
        cmocka_unit_test_teardown(test_rings, tear_down),
        cmocka_unit_test_teardown(test_depth, tear_down),
        cmocka_unit_test_teardown(test_notes, tear_down),
        cmocka_unit_test_teardown(test_no_memory, tear_down),
        cmocka_unit_test_teardown(test_threads, tear_down),
        cmocka_unit_test_teardown(test_generator_steps, tear_down),
        cmocka_unit_test_teardown(test_generator_ends, tear_down),
        cmocka_unit_test_teardown(test_generator_handles, tear_down),
        cmocka_unit_test_teardown(test_generator_dies, tear_down),
        cmocka_unit_test_teardown(test_generator_called_by_what_dies, tear_down),
        cmocka_unit_test_teardown(test_generator_no_memory, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
