/* interactive.c: what set_demo --interactive understands, and when it draws. Literals are tested in
 * the dict's room. */
#include "../../../common/proof/testing.h"

#include "../demo/draw.c"
#include "../demo/interactive.c"

#include "../../proof/typed.h"

#define UNUSED __attribute__((unused))

static const TypedLine lines[] = {
    {"s.add(1)", NULL, true, NULL, NULL},
    {"s.add(1) # again", NULL, true, NULL, NULL},
    {"1 in s", "True", false, NULL, NULL},
    {"1 not in s", "False", false, NULL, NULL},
    {"s |= {2, 3}", NULL, true, NULL, NULL},
    {"s.difference_update((1, 2, 4))", NULL, true, NULL, NULL},
    {"s", "{3}", false, NULL, NULL},
    {"s.remove(4)", NULL, false, NULL, NULL},
    {"len(s)", "1", false, NULL, NULL},
    {"s.pop()", "3", true, NULL, NULL},
    {"s.pop()", NULL, false, NULL, NULL},
    {"s.clear()", NULL, true, NULL, NULL},
    {"show", NULL, true, NULL, NULL},
    {"s.add([])", NULL, false, NULL, NULL},
    {"s |= {}", NULL, false, "one or two in braces, more with s.update((1, 2, 3)):", "{}"},
    {"s |= {4, 5, 6}", NULL, false,
     "one or two in braces, more with s.update((1, 2, 3)):", "{4, 5, 6}"},
    {"s |= [1]", NULL, false, "cannot make sense of", "[1]"},
    {"s |= {1, 2", NULL, false, "something is missing at the end", ""},
    {"s.add(1", NULL, false, "something is missing at the end", ""},
    {"s.add()", NULL, false, "cannot make sense of", ")"},
    {"s.added(1)", NULL, false, "cannot make sense of", "added(1)"},
    {"s.pop(1)", NULL, false, "cannot make sense of", "1)"},
    {"s + 1", NULL, false, "cannot make sense of", "+ 1"},
    {"show 1", NULL, false, "cannot make sense of", "1"},
};

static void test_lines(UNUSED void **state) {
    typed_lines(lines, sizeof lines / sizeof lines[0], need(set_new(NULL)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
