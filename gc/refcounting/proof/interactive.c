/* interactive.c: what refcounting_demo --interactive reads, what it draws, and what it says about what
 * it cannot read or about a Python that is none. */
#include "../../../common/proof/testing.h"

#include "../demo/both.c"
#include "../demo/draw.c"
#include "../demo/interactive.c"
#include "../demo/statements.c"
#include "../demo/world.c"

#include "typed.h"

#include <sys/stat.h>

#define UNUSED __attribute__((unused))

static const Demo demo = {.program = "refcounting_demo"};

#define A_LIST "    a ────────────▶ list 1      count 1\n"

/* A session, line by line. Sizes are those of 64 bits. */
static const struct {
    const char *typed, *printed;
} lines[] = {
    {"show", "    0 objects, 0 bytes\n"},
    {"a = []", A_LIST "    1 object, 56 bytes\n"},
    {"  a  # the list", "list 1\n"},
    {"getrefcount(a)", "2\n"},
    {"getrefcount([])", "      a new list dies\n1\n"},
    {"b = a.x", "AttributeError: 'list' object has no attribute 'x'\n"},
    {"b", "NameError: name 'b' is not defined\n"},
    {"b = None", A_LIST "    b: None\n    1 object, 56 bytes\n"},
    {"b", ""},
    {"del b", A_LIST "    1 object, 56 bytes\n"},
    {"del b", "NameError: name 'b' is not defined\n"},
    {"b = [a, None, Node()]",
     "    a ────────────▶ list 1      count 2\n"
     "                    Node 2      count 1\n"
     "    b ────────────▶ list 3      count 1  [0] ─▶ list 1  [1] ─▶ None\n"
     "                                         [2] ─▶ Node 2\n"
     "    3 objects, 192 bytes\n"},
    {"b[-1]", "Node 2\n"},
    {"b[3]", "IndexError: list index out of range\n"},
    {"b[-4] = a", "IndexError: list assignment index out of range\n"},
    {"b[2].x = Loud()", "    a ────────────▶ list 1      count 2\n"
                        "                    Node 2      count 1  x ─▶ Loud 4\n"
                        "    b ────────────▶ list 3      count 1  [0] ─▶ list 1  [1] ─▶ None\n"
                        "                                         [2] ─▶ Node 2\n"
                        "                    Loud 4      count 1\n"
                        "    4 objects, 248 bytes\n"},
    {"w = ref(b[2].x)", "    a ────────────▶ list 1      count 2\n"
                        "                    Node 2      count 1  x ─▶ Loud 4\n"
                        "    b ────────────▶ list 3      count 1  [0] ─▶ list 1  [1] ─▶ None\n"
                        "                                         [2] ─▶ Node 2\n"
                        "                    Loud 4      count 1\n"
                        "    w ────────────▶ ref 5       count 1  ┄▶ Loud 4\n"
                        "    5 objects, 312 bytes\n"},
    {"who w()",
     "    Loud 4: count 1\n      Node 2.x\n      besides, ref 5 refers to it and does not "
     "count\n"},
    {"who None", "    None: held by everybody, and not looked at here\n"},
    {"who q", "NameError: name 'q' is not defined\n"},
    {"b.clear()", "      __del__ of Loud 4\n      Loud 4 dies\n      Node 2 dies\n" A_LIST
                  "    b ────────────▶ list 3      count 1\n"
                  "    w ────────────▶ ref 5       count 1  ┄▶ nothing\n"
                  "    3 objects, 176 bytes\n"},
    {"w()", ""},
    {"w()()", "TypeError: 'NoneType' object is not callable\n"},
    {"w.x", "AttributeError: 'weakref.ReferenceType' object has no attribute 'x'\n"},
    {"w[0]", "TypeError: 'weakref.ReferenceType' object is not subscriptable\n"},
    {"w[0] = b", "TypeError: 'weakref.ReferenceType' object does not support item assignment\n"},
    {"ref(a)", "TypeError: cannot create weak reference to 'list' object\n"},
    {"q.x = r", "NameError: name 'r' is not defined\n"},
    {"q.x = a", "NameError: name 'q' is not defined\n"},
    {"a.x = b", "AttributeError: 'list' object has no attribute 'x'\n"},
    {"del w", "      ref 5 dies\n" A_LIST "    b ────────────▶ list 3      count 1\n"
              "    2 objects, 112 bytes\n"},
    {"del b", "      list 3 dies\n" A_LIST "    1 object, 56 bytes\n"},
    {"leak(a)", "    a ────────────▶ list 1      count 2\n    1 object, 56 bytes\n"},
    {"who a",
     "    list 1: count 2\n      the name a\n      1 more that nobody here owns: a leak\n"},
    {"a = Phoenix()", "    (no name)       list 1      count 1\n"
                      "    a ────────────▶ Phoenix 6   count 1\n"
                      "    2 objects, 112 bytes; no name leads to 1 of them, 56 bytes\n"},
    {"a = None", "      __del__ of Phoenix 6: kept = self\n"
                 "    (no name)       list 1      count 1\n"
                 "    kept ─────────▶ Phoenix 6   count 1\n"
                 "    a: None\n"
                 "    2 objects, 112 bytes; no name leads to 1 of them, 56 bytes\n"},
    {"kept.y", "AttributeError: 'Phoenix' object has no attribute 'y'\n"},
    {"del kept.y", "AttributeError: y\n"},
    {"kept.append(a)", "AttributeError: 'Phoenix' object has no attribute 'append'\n"},
    {"kept = closure()", "      Phoenix 6 dies\n"
                         "    (no name)       list 1      count 1\n"
                         "                    cell 7      count 1  contents ─▶ function 8\n"
                         "    kept ─────────▶ function 8  count 2  closure ─▶ cell 7\n"
                         "    a: None\n"
                         "    3 objects, 160 bytes; no name leads to 1 of them, 56 bytes\n"},
    {"kept()", "function 8\n"},
    {"", ""},
    {"# a comment", ""},
};

static void test_a_session(UNUSED void **state) {
    if (sizeof(void *) != 8) skip();
    Both alone = {0};
    world_begin();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        typed_begin();
        bool goes_on = typed_run(lines[i].typed, &alone);
        typed_end();
        if (strcmp(typed_out, lines[i].printed) != 0) print_error("after %s\n", lines[i].typed);
        assert_string_equal(typed_out, lines[i].printed);
        assert_string_equal(typed_err, "");
        assert_true(goes_on);
    }
    assert_false(typed_run("quit", &alone));
    world_end();
}

/* What makes no sense is refused before any of it is run. */
static const struct {
    const char *typed, *complaint;
} nonsense[] = {
    {"a = ", "something is missing at the end"},
    {"a = Loud() b", "cannot make sense of 'b'"},
    {"a = [Loud(), 3]", "cannot make sense of '3]'"},
    {"a = [Loud() Loud()]", "cannot make sense of 'Loud()]'"},
    {"a = [Loud()", "something is missing at the end"},
    {"a.b.(Loud()) = Loud()", "cannot make sense of '(Loud()) = Loud()'"},
    {"a = b = Loud()", "cannot make sense of '= Loud()'"},
    {"a[0.5] = Loud()", "cannot make sense of '.5] = Loud()'"},
    {"a[00]", "cannot make sense of '00]'"},
    {"a[12345678901]", "cannot make sense of '12345678901]'"},
    {"a + Loud()", "cannot make sense of '+ Loud()'"},
    {"a.append(Loud()", "something is missing at the end"},
    {"a.append(Loud()).x", "cannot make sense of '.x'"},
    {"a.append()", "cannot make sense of ')'"},
    {"a.clear(Loud())", "cannot make sense of 'Loud())'"},
    {"[Loud(), a.clear()]", "cannot make sense of '.clear()]'"},
    {"Loud", "something is missing at the end"},
    {"None = Loud()", "keeps its meaning here: 'None = Loud()'"},
    {"ref = Loud()", "keeps its meaning here: 'ref = Loud()'"},
    {"Loud() = Loud()", "cannot make sense of '= Loud()'"},
    {"a() = Loud()", "cannot make sense of '() = Loud()'"},
    {"[a] = Loud()", "cannot make sense of '= Loud()'"},
    {"a = ref(Loud(), a)", "cannot make sense of 'a)'"},
    {"a = ref(Loud()", "something is missing at the end"},
    {"del", "something is missing at the end"},
    {"del Loud()", "something is missing at the end"},
    {"del a[0]", "cannot make sense of '[0]'"},
    {"del a, b", "cannot make sense of ', b'"},
    {"lambda", "cannot make sense of 'lambda'"},
    {"import os", "cannot make sense of 'import os'"},
    {"__class__", "cannot make sense of '__class__'"},
    {"a.__class__ = Loud()", "cannot make sense of '__class__ = Loud()'"},
    {"caf\xC3\xA9 = Loud()", "cannot make sense of 'caf\xC3\xA9 = Loud()'"},
    {"a_name_that_has_no_end_at_all = Loud()",
     "a name of more than 20 letters: 'a_name_that_has_no_end_at_all = Lo'"},
    {"getrefcount()", "cannot make sense of ')'"},
    {"getrefcount(Loud()) + 1", "cannot make sense of '+ 1'"},
    {"show Loud()", "cannot make sense of 'Loud()'"},
    {"quit now", "cannot make sense of 'now'"},
    {"who", "something is missing at the end"},
    {"a = closure().x", NULL}, // no nonsense, but for the demo: found out when it is run
    {"a = ref(closure())", NULL},
    {"getrefcount(None)", NULL},
};

static void test_nonsense(UNUSED void **state) {
    Both alone = {0};
    world_begin();
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        char expected[700];
        size_t blocks = heap.blocks;
        typed_begin();
        assert_true(typed_run(nonsense[i].typed, &alone));
        typed_end();
        if (nonsense[i].complaint) {
            snprintf(expected, sizeof expected, "refcounting_demo: %s; type:\n%s",
                     nonsense[i].complaint, can_be_typed);
            assert_string_equal(typed_err, expected);
            assert_string_equal(typed_out, "");
            assert_int_equal(heap.blocks, blocks);
        } else {
            assert_non_null(strstr(typed_err, "; type:\n"));
        }
        assert_int_equal(world.nnames, 0);
    }
    typed_begin();
    run_line((char[]){"a = []\0b\n"}, 9, &alone);
    typed_end();
    assert_non_null(strstr(typed_err, "a line ends where a null byte is; type:"));
    world_end();
}

/* Two hundred brackets, as in Python, and not one more. */
static void test_depth(UNUSED void **state) {
    Both alone = {0};
    world_begin();
    for (int depth = 200; depth <= 201; depth++) {
        char line[600] = "a = ";
        memset(line + 4, '[', (size_t)depth);
        memset(line + 4 + depth, ']', (size_t)depth);
        typed_begin();
        typed_run(line, &alone);
        typed_end();
        assert_int_equal(strstr(typed_err, "too many nested parentheses") != NULL, depth == 201);
    }
    assert_int_equal(world.nobjects, 200);
    typed_begin();
    typed_run("del a", &alone);
    typed_end();
    assert_non_null(strstr(typed_out, "    0 objects, 0 bytes\n"));
    assert_true(trash.deepest <= UNWIND_LEVEL);
    world_end();
}

/* Whatever was typed, at the end nothing is left: cycles and leaks too. */
static void test_the_end(UNUSED void **state) {
    static const char *const typed[] = {"a = [Node(), Loud()]",
                                        "a.append(a)",
                                        "leak(a)",
                                        "leak(a[0])",
                                        "p = Phoenix()",
                                        "p.x = p",
                                        "del p",
                                        "del a",
                                        "f = closure()",
                                        "w = ref(Node(), tell)",
                                        "l = Loud()",
                                        "l.x = ref(l, tell)",
                                        "del l",
                                        "w",
                                        "kept = w()",
                                        "dot"};
    Both alone = {0};
    world_tell(); // it is nobody's leak
    size_t blocks = heap.blocks;
    typed_begin();
    world_begin();
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        typed_run(typed[i], &alone);
    world_end();
    typed_end();
    assert_string_equal(typed_err, "");
    assert_int_equal(heap.blocks, blocks);
    assert_non_null(strstr(typed_out, "digraph"));
}

/* What would stand at $PYTHON, a shell script, and what the demo says when a = [] is typed. What else
 * it might do is tested in the rooms that have had a Python beside them before. */
static const struct {
    const char *script, *out, *err;
} pythons[] = {
    {"exit 3", "", "ended with status 3"},
    {"echo both known 3.11.2; read line; echo says:; exec sleep 9", "",
     "does not answer as Python would"},
    {"echo both known 3.11.2; read line\n"
     "printf 'says: \\nhappened: \\ndied: \\nname a: list 1\\nlist 1 count: 2\\nlist 1 bytes: 56\\n'\n"
     "printf 'ref 2 count: 1\\nend\\n'",
     "    not the same in Python 3.11.2:\n"
     "      list 1 count    ours 1                      Python's 2\n"
     "      ref 2 count     ours nothing                Python's 1\n",
     ""},
    {"echo both unknown 3.99.0; read line\n"
     "printf 'says: \\nhappened: \\ndied: \\nname a: list 1\\nend\\n'",
     "    the same in Python 3.99.0, as far as the language shows it\n", ""},
};

static void test_pythons_that_are_none(UNUSED void **state) {
    if (sizeof(void *) != 8) skip(); // Python's memory is not compared there
    char place[] = "/tmp/both.XXXXXX", path[sizeof place + 8];
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof path, "%s/python", place);
    assert_int_equal(setenv("PYTHON", path, 1), 0);
    for (size_t i = 0; i < sizeof pythons / sizeof pythons[0]; i++) {
        FILE *script = fopen(path, "w");
        assert_non_null(script);
        fprintf(script, "#!/bin/sh\n%s\n", pythons[i].script);
        assert_int_equal(fclose(script), 0);
        assert_int_equal(chmod(path, 0700), 0);
        Both both = {.seconds = 20};
        world_begin();
        typed_begin();
        both_start(&both, "refcounting_demo", both_names_script);
        typed_run("a = []", &both);
        typed_run("getrefcount(a)", &both);
        both_end(&both);
        typed_end();
        world_end();
        if (*pythons[i].out) { // it has answered, and ended
            assert_non_null(strstr(typed_out, pythons[i].out));
        } else {
            assert_non_null(strstr(typed_err, pythons[i].err));
            assert_null(strstr(typed_out, "same"));
        }
        assert_non_null(strstr(typed_out, "\n2\n")); // the second statement was run
    }
    unlink(path);
    rmdir(place);
    unsetenv("PYTHON");
}

int main(void) {
    telling.demo = &demo;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_pythons_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
