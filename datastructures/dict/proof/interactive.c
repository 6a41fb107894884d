/* interactive.c: what dict_demo --interactive reads, and what it says about what it cannot read. How
 * it answers is in the lesson's console blocks. */
#include "../../../common/proof/testing.h"

#include "../demo/draw.c"
#include "../demo/interactive.c"

#define UNUSED __attribute__((unused))

static const struct {
    const char *typed, *repr; // NULL: not understood,
    const char *bad, *from;   // for this reason, from here on
} cases[] = {
    {"7", "7"},
    {"-2.5e3", "-2500.0"},
    {"(1, 'x')", "(1, 'x')"},
    {"('x')", "'x'"},
    {"[True, None]", "[True, None]"},
    {"'a\\x62\\143\\n\\q'", "'abc\\n\\\\q'"},
    {"'\\ud800'", "'\\ud800'"},
    {"'\\udc80\\ud83d\\ude00'", "'\\udc80\\ud83d\\ude00'"},
    {"'\\ufffd\\udfff\xEF\xBF\xBD'", "'\xEF\xBF\xBD\\udfff\xEF\xBF\xBD'"},
    {"'\\U0001F600\\udead\\ufffd'", "'\xF0\x9F\x98\x80\\udead\xEF\xBF\xBD'"},
    {"'\xFF'", "'\\udcff'"},
    {"10**5", NULL, "cannot make sense of", "**5"},
    {"0x10", NULL, "cannot make sense of", "0x10"},
    {"1_000", NULL, "cannot make sense of", "1_000"},
    {"'a\\x4'", NULL, "cannot make sense of", "\\x4'"},
    {"'a", NULL, "the closing quote is missing", ""},
    {"(1, 2", NULL, "something is missing at the end", ""},
    {"(1 2)", NULL, "cannot make sense of", "2)"},
    {"x", NULL, "cannot make sense of", "x"},
};

static void test_literals(UNUSED void **state) {
    int_from_long(0); // the small ints are nobody's leak
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long blocks = testing_blocks();
        Scanner in = {.at = cases[i].typed};
        Object *value = read_value(&in);
        bool whole = value && at_end(&in);
        if (cases[i].repr) {
            assert_true(whole);
            Object *repr = object_repr(value);
            Writer text = {0};
            str_write(repr, &text);
            writer_write(&text, "", 1);
            assert_string_equal(text.bytes, cases[i].repr);
            writer_free(&text);
            decref(repr);
        } else {
            assert_false(whole);
            assert_string_equal(in.bad, cases[i].bad);
            assert_string_equal(in.from, cases[i].from);
        }
        xdecref(value);
        assert_int_equal(testing_blocks(), blocks);
    }
}

/* A lone surrogate is one character, and hashed as one: the same key however it is written. */
static void test_lone_surrogates_are_keys(UNUSED void **state) {
    static const char *const statements[] = {"d['\\ud800'] = 1", "d[\"\\U0000d800\"] = 2",
                                             "d['\\ud800\\udc00'] = 3", "d['\\U00010000'] = 4"};
    Dict *d = dict_new();
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        Scanner in = {.at = statements[i]};
        assert_true(run_line(&in, d));
    }
    ssize_t pos = 0;
    Object *key = NULL;
    dict_next(d, &pos, &key, NULL);
    assert_int_equal(((Str *)key)->length, 1);
    assert_int_equal(dict_size(d), 3); // neither is U+10000 a pair of them
    decref(d);
}

/* The table is drawn again after a statement that changed it, and only then. */
static void test_what_changes_the_table(UNUSED void **state) {
    static const struct {
        const char *typed;
        bool changed;
    } lines[] = {{"d[1] = 2", true}, {"d[1]", false},      {"d[2]", false},    {"1 in d", false},
                 {"d", false},       {"d[[]] = 1", false}, {"d[1] = ", false}, {"del d[2]", false},
                 {"del d[1]", true}, {"show", true},       {"show 1", false}};
    Dict *d = dict_new();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        Scanner in = {.at = lines[i].typed};
        assert_int_equal(run_line(&in, d), lines[i].changed);
        error_clear();
    }
    decref(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_lone_surrogates_are_keys),
        cmocka_unit_test(test_what_changes_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
