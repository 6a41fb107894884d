/* interactive.c: what dict_demo --interactive reads, what it says about what it cannot read, and what
 * about a Python that is none. How it answers is in the lesson's console blocks. */
#include "../../../common/proof/testing.h"

#include "../demo/both.c"
#include "../demo/draw.c"
#include "../demo/interactive.c"

#include "../../proof/typed.h"

#include <sys/stat.h>

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
    static const char *const typed[] = {"d['\\ud800'] = 1", "d[\"\\U0000d800\"] = 2",
                                        "d['\\ud800\\udc00'] = 3", "d['\\U00010000'] = 4"};
    Dict *d = dict_new();
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        Scanner in = {.at = typed[i]};
        assert_true(statements_line(&statements, &in, OBJECT(d)));
        assert_null(in.result);
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
    static const char missing[] = "something is missing at the end",
                      strange[] = "cannot make sense of";
    static const TypedLine lines[] = {
        {"d[1] = 2", NULL, true, NULL, NULL},  {"d[1]", "2", false, NULL, NULL},
        {"d[2]", NULL, false, NULL, NULL},     {"1 in d", "True", false, NULL, NULL},
        {"d", "{1: 2}", false, NULL, NULL},    {"d[[]] = 1", NULL, false, NULL, NULL},
        {"d[1] = ", NULL, false, missing, ""}, {"del d[2]", NULL, false, NULL, NULL},
        {"del d[1]", NULL, true, NULL, NULL},  {"show", NULL, true, NULL, NULL},
        {"show 1", NULL, false, strange, "1"},
    };
    typed_lines(lines, sizeof lines / sizeof lines[0], need(dict_new()));
}

/* What would stand at $PYTHON, a shell script, and what the demo says when d[1] = 2 is typed. */
static const struct {
    const char *script; // NULL: there is no such file
    const char *out, *err;
} pythons[] = {
    {NULL, "", "cannot be run"},
    {"exit 3", "", "ended with status 3"},
    {"kill -9 $$", "", "was killed by signal 9"},
    {"echo Python 2.7", "", "does not answer as Python would"},
    {"printf 'both known \\033[31m\\n'; exec sleep 9", "", "does not answer as Python would"},
    {"echo both; exec sleep 9", "", "does not answer as Python would"},
    {"exec 1>&-; exec sleep 9", "", "has stopped answering"},
    {"exec sleep 9", "", "has not answered for 1 s"},
    {"exec cat /dev/zero", "", "does not answer as Python would"},
    {"echo both known 3.11.2", "", "ended with status 0"},
    {"echo both known 3.11.2; exec <&-; exit 1", "", "ended with status 1"},
    {"echo both known 3.11.2; read line; echo says:; exec sleep 9", "",
     "does not answer as Python would"},
    {"echo both known 3.11.2; read line; echo 'says: '; exec sleep 9", "",
     "has not answered for 1 s"},
    {"echo both known 3.11.2; read line; echo 'says: '; exec yes", "",
     "answers at too great a length"},
    {"echo both unknown 3.99.0; read line\n"
     "printf 'says: \\nlen: 1\\nrepr: {1: 3}\\nend\\n'",
     "    not the same in Python 3.99.0:\n"
     "      repr            ours {1: 2}                 Python's {1: 3}\n",
     ""},
    {"echo both unknown 3.99.0; read line\n"
     "printf 'says: \\nlen: 1\\nrepr: {1: 2}\\nend\\n'",
     "    the same in Python 3.99.0, as far as the language shows it\n", ""},
    {"echo both known 3.11.2; read line\n"
     "printf 'says: \\nlen: 1\\nrepr: {1: 2}\\nkind: general\\nused: 1\\nusable: 4\\nnentries: 1\\n'\n"
     "printf 'getsizeof: 224\\nslot 0: .\\nslot 1: .\\nslot 2: 0\\nslot 3: .\\nslot 4: .\\n'\n"
     "printf 'slot 5: .\\nslot 6: .\\nslot 7: .\\nslot 8: .\\nentry 0 hash: 1\\nentry 0 key: 1\\n'\n"
     "printf 'entry 0 value: %070d2\\nend\\n'",
     "    not the same in Python 3.11.2:\n"
     "      slot 1          ours 0                      Python's .\n"
     "      slot 2          ours .                      Python's 0\n"
     "      entry 0 value   ours 2                      Python's 00000000000000000000…\n"
     "      slot 8          ours nothing                Python's .\n",
     ""},
};

/* Whatever it is that answers: one line, and the demo goes on. */
static void test_pythons_that_are_none(UNUSED void **state) {
    if (sizeof(void *) != 8) skip(); // Python's memory is not compared there
    char place[] = "/tmp/both.XXXXXX", path[sizeof place + 8];
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof path, "%s/python", place);
    assert_int_equal(setenv("PYTHON", path, 1), 0);
    for (size_t i = 0; i < sizeof pythons / sizeof pythons[0]; i++) {
        if (pythons[i].script) {
            FILE *script = fopen(path, "w");
            assert_non_null(script);
            fprintf(script, "#!/bin/sh\n%s\n", pythons[i].script);
            assert_int_equal(fclose(script), 0);
            assert_int_equal(chmod(path, 0700), 0);
        }
        Both both = {.seconds = strstr(pythons[i].err, "for 1 s") ? 1 : 20, .longest = 1 << 16};
        Dict *d = need(dict_new());
        typed_begin();
        both_start(&both, "dict_demo", both_dict_script);
        typed_run("d[1] = 2", OBJECT(d), &both);
        typed_run("d[1]", OBJECT(d), &both);
        both_end(&both);
        typed_end();
        char err[200] = "";
        if (*pythons[i].err)
            snprintf(err, sizeof err, "dict_demo: '%s' %s; going on alone\n", path, pythons[i].err);
        if (*pythons[i].out) { // it has answered, and ended
            if (!strstr(typed_out, pythons[i].out)) print_error("%s%s", typed_out, typed_err);
            assert_non_null(strstr(typed_out, pythons[i].out));
        } else {
            assert_string_equal(typed_err, err);
            assert_null(strstr(typed_out, "same"));
        }
        const char *last = strstr(typed_out, "entry 0, 1: found\n2\n");
        assert_non_null(last); // d[1] was run
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        decref(d);
    }
    unlink(path);
    rmdir(place);
    unsetenv("PYTHON");
}

/* A lookup shows its path, probe by probe: along a collision, and off it where the upper bits part. */
static void test_a_lookup_shows_its_path(UNUSED void **state) {
    Both alone = {0};
    Dict *d = need(dict_new());
    typed_begin();
    typed_run("d[0] = 1", OBJECT(d), &alone);
    typed_run("d[8] = 1", OBJECT(d), &alone);
    typed_run("d[16] = 1", OBJECT(d), &alone);
    typed_run("24 in d", OBJECT(d), &alone);
    typed_run("d[72]", OBJECT(d), &alone);
    typed_end();
    const char *path = strstr(typed_out, "    looking for 24");
    assert_non_null(path);
    assert_string_equal(path,
                        "    looking for 24, hash 0x18:\n"
                        "      slot  0 = hash & 7                   entry 0, 0: another hash\n"
                        "      slot  1 = (5*0 + 0 + 1) & 7          entry 1, 8: another hash\n"
                        "      slot  6 = (5*1 + 0 + 1) & 7          entry 2, 16: another hash\n"
                        "      slot  7 = (5*6 + 0 + 1) & 7          empty: not in the table\n"
                        "False\n"
                        "    looking for 72, hash 0x48:\n"
                        "      slot  0 = hash & 7                   entry 0, 0: another hash\n"
                        "      slot  3 = (5*0 + 0x2 + 1) & 7        empty: not in the table\n"
                        "KeyError: 72\n");
    decref(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_lone_surrogates_are_keys),
        cmocka_unit_test(test_what_changes_the_table),
        cmocka_unit_test(test_a_lookup_shows_its_path),
        cmocka_unit_test(test_pythons_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
