/* common_test.c: the error indicator. What demo.h does is tested on every demo, by tools/demo. */
#include "testing.h"

ERROR_TYPE(KeyError);
ERROR_TYPE(RuntimeError);

static int dropped;

static void drop(void *value) {
    dropped += *(int *)value;
}

static void test_set_and_clear(void **state) {
    (void)state;
    assert_null(error_occurred());
    assert_int_equal(error_set(KeyError, "'%s'", "x"), -1);
    assert_true(error_matches(KeyError));
    assert_false(error_matches(RuntimeError));
    assert_error(KeyError, "'x'");
    assert_true(error_occurred() == NoError);
    assert_null(error_no_memory());
    assert_error(MemoryError, "");
}

/* The message of the pending error may be among the arguments of the next. */
static void test_wrapped(void **state) {
    (void)state;
    error_set(KeyError, "'x'");
    error_set(RuntimeError, "wrapped: %s", error_message());
    error_set(RuntimeError, "and again: %s", error_message());
    assert_error(RuntimeError, "and again: wrapped: 'x'");
}

/* A message that does not fit is cut between two characters, of one to four bytes. */
static void test_cut_at_a_character(void **state) {
    (void)state;
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x8d"};
    size_t room = sizeof error_indicator.message;
    for (size_t c = 0; c < 4; c++) {
        size_t bytes = strlen(characters[c]);
        for (size_t before = 0; before < bytes; before++) {
            char text[2048] = "";
            memset(text, '.', before);
            while (strlen(text) + bytes < 600)
                strcat(text, characters[c]);
            error_set(KeyError, "%s", text);
            size_t length = strlen(error_message());
            assert_true(length < room && length + 2 * bytes >= room);
            assert_int_equal((length - before) % bytes, 0);
            assert_memory_equal(error_message(), text, length);
            error_clear();
        }
    }
}

/* What an error carries is dropped with it, once, and moves with it. */
static void test_carried_value(void **state) {
    (void)state;
    int one = 1;
    dropped = 0;
    error_restore((Error){KeyError, "", &one, drop});
    Error fetched = error_fetch();
    assert_true(error_occurred() == NoError);
    assert_int_equal(dropped, 0);
    error_restore(fetched);
    error_set(RuntimeError, "another");
    assert_int_equal(dropped, 1);
    error_clear();
    assert_int_equal(dropped, 1);
}

/* The harness itself: the n-th call of a name fails, alone or with all that follow. */
static void test_faults(void **state) {
    (void)state;
    testing_fail("fork", 1, EAGAIN);
    assert_false(testing_fails_now("malloc"));
    assert_false(testing_fails_now("fork"));
    assert_true(testing_fails_now("fork"));
    assert_int_equal(errno, EAGAIN);
    assert_true(testing_has_failed());
    assert_false(testing_fails_now("fork"));
    testing_fail_from("read", 1, EINTR);
    assert_false(testing_fails_now("read"));
    for (int i = 0; i < 3; i++)
        assert_true(testing_fails_now("read"));
    testing_fail(NULL, 0, 0);
    assert_false(testing_fails_now("read"));
    testing_fail_at(0);
    assert_null(testing_malloc(1));
    void *block = testing_malloc(1);
    assert_int_equal(testing_blocks(), 1);
    testing_free(block);
    assert_int_equal(testing_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_clear),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_cut_at_a_character),
        cmocka_unit_test(test_carried_value),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
