/* Tests of the object layer: what the rooms take for granted. Values and their reprs, exceptions as
 * objects and by name, who remembers whom, memory, depth, threads. */
#include "../../common/proof/testing.h"

#include "../object.h"

#include <pthread.h>

static long blocks;

static int set_up(void **state) {
    (void)state;
    blocks = testing_blocks();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_false(error_occurred());
    assert_int_equal(testing_blocks(), blocks);
    return 0;
}

static void assert_repr(const Object *op, const char *expected) {
    char text[400];
    assert_string_equal(object_repr(op, text, sizeof text), expected);
}

static void assert_str(const Exception *exc, const char *expected) {
    char text[400] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    exception_write_str(exc, out);
    fclose(out);
    assert_string_equal(text, expected);
}

static Exception *value_error(const char *text) {
    Exception *exc = exception_new(&ValueError_Type, "%s", text);
    assert_non_null(exc);
    return exc;
}

/* ---- Values ----------------------------------------------------------------------------------*/

static void test_values(void **state) {
    (void)state;
    Object *zero = int_from_long(0), *big = int_from_long(INT64_MIN),
           *empty = str_from_format("%s", "");
    Object *text = str_from_format("%d %s", 7, "apples"), *bytes = bytes_from_data("a\0b", 3);
    List *none = (List *)list_new(0), *two = (List *)list_new(2);
    Object *all[] = {None, False, zero, empty, OBJECT(none), True, big, text, bytes, OBJECT(two)};
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(object_is_true(all[i]), i >= 5);
    assert_true(((Int *)big)->value == INT64_MIN);
    assert_int_equal(((Str *)bytes)->size, 3);
    assert_repr(OBJECT(two), "[None, None]");
    Object *pair = tuple_pair(new_ref(text), new_ref(bytes));
    assert_repr(pair, "('7 apples', b'a\\x00b')");
    for (size_t i = 2; i < 10; i++)
        if (all[i] != True) decref(all[i]);
    assert_repr(pair, "('7 apples', b'a\\x00b')"); // it has references of its own
    decref(pair);
    assert_null(tuple_pair(NULL, new_ref(None))); // of what could not be made
}

/* What python3 prints for the same. */
static void test_reprs(void **state) {
    (void)state;
    static const struct {
        const char *text, *as_str, *as_bytes;
    } rows[] = {
        {"", "''", "b''"},
        {"it's", "\"it's\"", "b\"it's\""},
        {"'\"", "'\\'\"'", "b'\\'\"'"},
        {"\t\n\r\\", "'\\t\\n\\r\\\\'", "b'\\t\\n\\r\\\\'"},
        {"\x01\x7f", "'\\x01\\x7f'", "b'\\x01\\x7f'"},
        {"tnr", "'tnr'", "b'tnr'"}, // not the second halves of what is escaped
        {"\xc3\xa9", "'\xc3\xa9'", "b'\\xc3\\xa9'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Object *str = str_from_format("%s", rows[i].text);
        Object *bytes = bytes_from_data(rows[i].text, strlen(rows[i].text));
        assert_repr(str, rows[i].as_str);
        assert_repr(bytes, rows[i].as_bytes);
        decref(str);
        decref(bytes);
    }
    assert_repr(None, "None");
    assert_repr(True, "True");
    char cut[4]; // a repr that does not fit is cut
    object_repr(None, cut, sizeof cut);
    assert_int_equal(strncmp(cut, "None", strlen(cut)), 0);
}

static void test_list_grows(void **state) {
    (void)state;
    List *list = (List *)list_new(0);
    for (int64_t i = 0; i < 1000; i++) {
        Object *item = int_from_long(i);
        assert_int_equal(list_append(list, item), 0);
        decref(item);
    }
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(((Int *)list->items[i])->value, i);
    decref(list);
}

static void test_awaitable(void **state) {
    (void)state;
    Object *three = int_from_long(3);
    assert_null(object_get_awaitable(three));
    assert_error(TypeError_Type.name, "object int can't be used in 'await' expression");
    decref(three);
}

/* ---- Exceptions ------------------------------------------------------------------------------*/

static void test_types(void **state) {
    (void)state;
    assert_true(type_is_subtype(&ConnectionRefusedError_Type, &OSError_Type));
    assert_true(type_is_subtype(&TimeoutError_Type, &Exception_Type));
    assert_false(type_is_subtype(&CancelledError_Type, &Exception_Type)); // since 3.8
    assert_true(type_is_subtype(&CancelledError_Type, &BaseException_Type));
    assert_false(type_is_subtype(&Exception_Type, &ValueError_Type));
    Exception *exc = value_error("x");
    assert_true(object_is_exception(OBJECT(exc)));
    assert_false(object_is_exception(None));
    decref(exc);
}

/* An error is an object, a name of common.h, or both. */
static void test_pending(void **state) {
    (void)state;
    assert_null(exception_fetch());
    Exception *exc = value_error("x");
    assert_int_equal(exception_raise((Exception *)new_ref(exc)), -1);
    assert_true(error_is(&ValueError_Type) && error_is(&Exception_Type) &&
                !error_is(&KeyError_Type));
    assert_string_equal(error_message(), "x");
    Exception *same = exception_fetch();
    assert_ptr_equal(same, exc);
    decref(same);
    error_set(RuntimeError_Type.name, "by %s", "name"); // as the loop does
    assert_true(error_is(&RuntimeError_Type) && !error_is(&OSError_Type));
    Exception *named = exception_fetch();
    assert_repr(OBJECT(named), "RuntimeError('by name')");
    decref(named);
    exception_restore(exc);
    error_raise(&KeyError_Type, "later"); // which takes its place
    assert_error(KeyError_Type.name, "later");
    error_raise_none(&CancelledError_Type);
    Error error = error_fetch();
    Exception *again =
        exception_from_error(&error); // the object itself, and the error still has it
    assert_repr(OBJECT(again), "CancelledError()");
    assert_ptr_equal(again, error.value);
    decref(again);
    error.drop(error.value);
    assert_int_equal(exception_raise(NULL), -1); // of what could not be made: nothing to add
}

static void test_texts(void **state) {
    (void)state;
    Exception *key = exception_new(&KeyError_Type, "k"),
              *none = exception_new_value(&OSError_Type, NULL);
    assert_repr(OBJECT(key), "KeyError('k')");
    assert_str(key, "'k'");
    assert_repr(OBJECT(none), "OSError()");
    assert_str(none, "");
    List *list = (List *)list_new(0);
    list_append(list, OBJECT(key));
    Exception *one = exception_group_new("errors", list);
    assert_ptr_equal(one->ob.type, &ExceptionGroup_Type);
    assert_str(one, "errors (1 sub-exception)");
    assert_repr(OBJECT(one), "ExceptionGroup('errors', [KeyError('k')])");
    Exception *quit = exception_new_value(&SystemExit_Type, NULL);
    List *more = (List *)list_new(0);
    list_append(more, OBJECT(one)); // a group in a group
    list_append(more, OBJECT(quit));
    Exception *base = exception_group_new("all", more);
    assert_ptr_equal(base->ob.type, &BaseExceptionGroup_Type);
    assert_str(base, "all (2 sub-exceptions)");
    Object *drop[] = {OBJECT(key),  OBJECT(none), OBJECT(list), OBJECT(one),
                      OBJECT(quit), OBJECT(more), OBJECT(base)};
    for (size_t i = 0; i < sizeof drop / sizeof *drop; i++)
        decref(drop[i]);
}

/* ---- Who remembers whom ------------------------------------------------------------------------*/

static void test_contexts(void **state) {
    (void)state;
    Exception *a = value_error("a"), *b = value_error("b"), *c = value_error("c");
    exception_set_context(a, a);
    assert_null(a->context);
    exception_set_context(b, a);
    exception_set_context(c, b);
    assert_ptr_equal(c->context->context, a);
    exception_set_context(a, c); // a ring would come of it
    assert_null(a->context);
    exception_set_context(c, a); // it is there
    assert_ptr_equal(c->context, b);
    Exception *d = value_error("d"), *e = value_error("e");
    exception_set_context(c, d); // joins the end of the chain
    assert_ptr_equal(a->context, d);
    exception_raise_from((Exception *)new_ref(e), c);
    assert_true(e->suppress_context && e->cause == c);
    error_clear();
    exception_raise_from((Exception *)new_ref(e), NULL); // from None: nothing is left of it
    assert_true(e->suppress_context && !e->cause);
    error_clear();
    Exception *all[] = {a, b, c, d, e};
    for (int i = 0; i < 5; i++)
        decref(all[i]);
}

/* A long chain dies one after another, not one inside another. */
static void test_long_chain(void **state) {
    (void)state;
    enum { LENGTH = 300000 };
    Exception *chain = NULL;
    for (int i = 0; i < LENGTH; i++) {
        Exception *exc = exception_new_value(&ValueError_Type, NULL);
        if (i % 2)
            exc->context = chain;
        else
            exc->cause = chain;
        chain = exc;
    }
    decref(chain);
}

/* ---- Memory and threads ------------------------------------------------------------------------*/

static void test_without_memory(void **state) {
    (void)state;
    List *list = (List *)list_new(0);
    Exception *exc = value_error("x");
    for (int what = 0; what < 8; what++) {
        for (long n = 0;; n++) {
            testing_fail_at(n);
            Object *made = what == 0   ? int_from_long(1)
                           : what == 1 ? str_from_format("%d", 1)
                           : what == 2 ? bytes_from_data("x", 1)
                           : what == 3 ? list_new(3)
                           : what == 4 ? OBJECT(exception_new(&ValueError_Type, "%d", 1))
                           : what == 5 ? OBJECT(exception_group_new("g", list))
                           : what == 6 ? tuple_pair(new_ref(None), new_ref(True))
                           : list_append(list, None) < 0 ? NULL
                                                         : new_ref(list);
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            if (!failed) {
                decref(made);
                break;
            }
            assert_null(made);
            assert_error(MemoryError, "");
            assert_int_equal(list->size, 0); // as it was
        }
    }
    testing_fail_at(0);
    error_raise(&ValueError_Type, "lost"); // there is none for the error either
    testing_fail(NULL, 0, 0);
    Exception *memory = exception_fetch();
    assert_ptr_equal(memory->ob.type, &MemoryError_Type);
    exception_set_context(memory, exc);
    assert_null(memory->context); // it is one for all, and remembers nothing
    exception_raise_from((Exception *)new_ref(memory), exc);
    assert_true(error_is(&MemoryError_Type) && error_is(&Exception_Type));
    assert_null(memory->cause);
    error_clear();
    exception_restore(memory);
    assert_error(MemoryError, "");
    decref(list);
    decref(exc);
}

static void *raise_in_thread(void *unused) {
    (void)unused;
    bool alone = !error_occurred();
    error_raise(&KeyError_Type, "of this thread");
    Exception *exc = alone ? exception_fetch() : NULL;
    error_clear();
    return exc;
}

static void test_threads(void **state) {
    (void)state;
    error_raise(&ValueError_Type, "of that thread");
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, raise_in_thread, NULL), 0);
    pthread_join(thread, &result);
    assert_non_null(result); // nothing was pending there
    assert_repr(result, "KeyError('of this thread')");
    assert_error(ValueError_Type.name, "of that thread");
    decref(result);
}

/* ---- Hooks -----------------------------------------------------------------------------------*/

static int told;

static void tell(Exception *exc, const Object *where) {
    assert_repr(OBJECT(exc), "ValueError('x')");
    assert_ptr_equal(where, None);
    assert_false(error_occurred());
    told++;
}

static void test_unraisable(void **state) {
    (void)state;
    void (*before)(Exception * exc, const Object *where) = unraisable_hook;
    unraisable_hook = tell;
    error_write_unraisable(None); // nothing is pending
    error_raise(&ValueError_Type, "x");
    error_write_unraisable(None);
    unraisable_hook = before;
    assert_int_equal(told, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_values),         TEST(test_reprs),    TEST(test_list_grows),
        TEST(test_awaitable),      TEST(test_types),    TEST(test_pending),
        TEST(test_texts),          TEST(test_contexts), TEST(test_long_chain),
        TEST(test_without_memory), TEST(test_threads),  TEST(test_unraisable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
