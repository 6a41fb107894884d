/* interactive.c: what list_demo --interactive understands, and when it draws. Literals are tested in
 * the dict's room, what Python says in both.c. */
#include "../../../common/proof/testing.h"

#include "../demo/interactive.c"

#include "../../proof/typed.h"

#define UNUSED __attribute__((unused))

static const char strange[] = "cannot make sense of", missing[] = "something is missing at the end",
                  not_new[] = "a new list is needed, such as [1, 2] or l[:], not",
                  no_items[] = "the items of a list or a tuple, not of",
                  in_itself[] = "nobody would free a list that is in itself:";

static const TypedLine lines[] = {
    {"l = [1, 2] # a comment", NULL, true, NULL, NULL},
    {"l=l+[3]*2", NULL, true, NULL, NULL},
    {"l", "[1, 2, 3, 3]", false, NULL, NULL},
    {"l . append ( 4 )", NULL, true, NULL, NULL},
    {"l[1:3]", "[2, 3]", false, NULL, NULL},
    {"l[ : : -1 ]", "[4, 3, 3, 2, 1]", false, NULL, NULL},
    {"l[1:3] + [5]", "[2, 3, 5]", false, NULL, NULL},
    {"l[1] = 'x'", NULL, true, NULL, NULL},
    {"del l[2:]", NULL, true, NULL, NULL},
    {"l.pop()", "'x'", true, NULL, NULL},
    {"l.index(1)", "0", false, NULL, NULL},
    {"1 in l", "True", false, NULL, NULL},
    {"[1] + [2] in l", "False", false, NULL, NULL},
    {"l.copy()", "[1]", false, NULL, NULL},
    {"l.append(l[:])", NULL, true, NULL, NULL},
    {"l.extend(l)", NULL, true, NULL, NULL},
    {"len(l)", "4", false, NULL, NULL},
    {"l[9]", NULL, false, NULL, NULL},                        // IndexError
    {"l[0] = 99999999999999999999", NULL, false, NULL, NULL}, // OverflowError
    {"l[99999999999999999999]", NULL, false, NULL, NULL},
    {"l.pop(9)", NULL, false, NULL, NULL},
    {"l.clear()", NULL, true, NULL, NULL},
    {"show", NULL, true, NULL, NULL},
    {"l = 5", NULL, false, not_new, "5"},
    {"l = (1, 2)", NULL, false, not_new, "(1, 2)"},
    {"l.append([1])", NULL, true, NULL, NULL},
    {"l = l[0]", NULL, false, not_new, "l[0]"},
    {"l.append(l)", NULL, false, in_itself, "(l)"},
    {"l[0] = l", NULL, false, in_itself, "l"},
    {"l.extend('abc')", NULL, false, no_items, "('abc')"},
    {"l[:1] = 'abc'", NULL, false, no_items, "'abc'"},
    {"l += 'abc'", NULL, false, no_items, "'abc'"},
    {"l.sort()", NULL, false, strange, "sort()"},
    {"l.append()", NULL, false, strange, ")"},
    {"l.insert(1)", NULL, false, strange, ")"},
    {"l.insert(1, 2", NULL, false, missing, ""},
    {"l.pop(1, 2)", NULL, false, strange, ", 2)"},
    {"l.reverse() + 1", NULL, false, strange, "+ 1"},
    {"l[]", NULL, false, strange, "]"},
    {"l[1", NULL, false, missing, ""},
    {"l[1:2:3:4]", NULL, false, strange, ":4]"},
    {"l[0][0]", NULL, false, strange, "[0]"},
    {"l == [1]", NULL, false, strange, "= [1]"},
    {"l - [1]", NULL, false, strange, "- [1]"},
    {"l + 5 * 2", NULL, false, strange, "* 2"},
    {"5 * l", NULL, false, strange, "* l"},
    {"l +", NULL, false, missing, ""},
    {"l = ", NULL, false, missing, ""},
    {"l[0] = 1 2", NULL, false, strange, "2"},
    {"del l", NULL, false, missing, ""},
    {"del l[0] 1", NULL, false, strange, "1"},
    {"lens(l)", NULL, false, strange, "lens(l)"},
    {"l", "[[1]]", false, NULL, NULL},
};

/* Nothing is left over, whatever is typed. */
static void test_lines(UNUSED void **state) {
    int_from_long(0); // the small ints are nobody's leak
    long blocks = testing_blocks();
    typed_lines(lines, sizeof lines / sizeof lines[0], need(list_new(0)));
    assert_int_equal(testing_blocks(), blocks);
}

/* A resize is told once, and a new list's array is none. */
static void test_what_is_drawn(UNUSED void **state) {
    Both alone = {0};
    List *l = need(list_new(0));
    typed_begin();
    typed_run("l = [1, 'a long one']", OBJECT(l), &alone);
    typed_run("l.append('ééééé')", OBJECT(l), &alone);
    typed_run("show", OBJECT(l), &alone);
    typed_run("1 in l", OBJECT(l), &alone);
    typed_run("4 in l", OBJECT(l), &alone);
    typed_run("l = [0] * 65", OBJECT(l), &alone);
    typed_run("l.clear()", OBJECT(l), &alone);
    typed_end();
    decref(l);
    if (sizeof(void *) != 8) skip(); // other bytes
    static const char table[] =
        "      +-------+-------+-------+-------+-------+-------+-------+-------+\n"
        "    0 |   1   |'a lon…|'ééééé'|   .   |   .   |   .   |   .   |   .   |\n"
        "      +-------+-------+-------+-------+-------+-------+-------+-------+\n";
    char expected[1000];
    snprintf(expected, sizeof expected,
             "      size 2, allocated 2; getsizeof 56 + 2*8 = 72\n"
             "      +-------+-------+\n"
             "    0 |   1   |'a lon…|\n"
             "      +-------+-------+\n"
             "      size 3, allocated 8; getsizeof 56 + 8*8 = 120; resize 2 -> 8\n%s"
             "      size 3, allocated 8; getsizeof 56 + 8*8 = 120\n%s"
             "      looks at 1 of 3 items\nTrue\n"
             "      looks at 3 of 3 items\nFalse\n"
             "      size 65, allocated 65; getsizeof 56 + 65*8 = 576\n"
             "      size 0, allocated 0, ob_item NULL; getsizeof 56 + 0*8 = 56; resize 65 -> 0\n",
             table, table);
    assert_string_equal(typed_out, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_what_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
