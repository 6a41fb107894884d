/* both.c: list_demo --interactive --python with a real Python: statements typed in, at random, too,
 * leave the same memory in both. Exit status 77 if there is no python3 for it. */
#include "../../../common/proof/testing.h"

#include "../demo/interactive.c"

#include "../../proof/typed.h"

#define UNUSED __attribute__((unused))

static const Demo demo = {.program = "list_demo"};

/* Only what is the same from 3.11 to 3.13: the last item is not popped, as 3.12 frees the array
 * then; and no one item deleted where it would shrink the array, as in 3.13 it does not. */
static void test_statements(UNUSED void **state) {
    static const char *const lines[] = {
        "show",
        "l = [1, 2, 3]",
        "l.append(4)",
        "l.append([5, (6, 'x')])",
        "l.insert(0, 'x')",
        "l.insert(-1, -2.5)",
        "l.insert(99, None)",
        "l.insert('x', 1)",
        "l[1] = 5",
        "l[-1] = True",
        "l[True]",
        "l[99] = 1",
        "l[None] = 1",
        "l[1:3] = [7, 8, 9]",
        "l[5:2] = (0,)",
        "l[::2] = l[1::2] + [1]",
        "l[::2] = [1]",
        "l[::2] = 3",
        "l[:2] = l",
        "l[::-1] = l",
        "del l[0]",
        "del l[99]",
        "del l[::2]",
        "del l[-2::-1]",
        "del l[7:7]",
        "del l[1.0]",
        "l = [3, 1, 2]",
        "l.pop()",
        "l.pop(0)",
        "l.pop(7)",
        "l.pop('x')",
        "l.clear()",
        "l.pop()",
        "l.extend([1, 2, 3])",
        "l += (4, 5)",
        "l += [1000]",
        "l += 5",
        "l.extend(None)",
        "l.extend(l)",
        "l.remove(1000)",
        "l.remove('\\ud800')",
        "l.reverse()",
        "len(l)",
        "3 in l",
        "[] in l",
        "3 not in l",
        "l[2]",
        "l[1:4]",
        "l[::-2]",
        "l[99:]",
        "l['x']",
        "l['a'::0]",
        "l['a':]",
        "l[:2.0]",
        "l[:None:None]",
        "l[-9223372036854775807:9223372036854775807]",
        "l.index(3)",
        "l.index(3, 4)",
        "l.index(3, 0, -9)",
        "l.index(3, None)",
        "l.index('it\\'s')",
        "l.count(3)",
        "l.copy()",
        "l = l.copy()",
        "l = l",
        "l = l + [4]",
        "l = [0] * 9",
        "l = [0] * 2 + l[1:3] * 2 + [1] * True",
        "l *= 2",
        "l *= -1",
        "l *= 'x'",
        "l * 2.5",
        "l + 5",
        "l + (5,)",
        "[1] + [2] * 2",
        "4 in l",
        // What the compiler makes of a display: constants, few others, many others.
        "l = []",
        "l = [1]",
        "l = [1, 2]",
        "l = [1, -2.5, 'x', None, (1, (2,)), ()]",
        "l = [1, 2, 3, []]",
        "l = [1, 2, (3, [])]",
        "l = [[], 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30]",
        "l = [[], 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31]",
        "l = [11, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31]",
        "('x')",
        "None",
        "show",
        "l  # a comment",
    };
    typed_same(lines, sizeof lines / sizeof lines[0], need(list_new(0)));
}

/* Items come and go, through many resizes. What is typed depends on the size that our list has by
 * then: it is not to be popped empty, nor to grow without an end. */
static void test_random_statements(UNUSED void **state) {
    enum { LINES = 1000 };
    static const char *const forms[] = {
        "l.append(%d)",
        "l.insert(%d, %d)",
        "l.extend((%d, %d, %d))",
        "l += [%d, 'x']",
        "l[%d] = %d",
        "l[%d:%d] = [%d]",
        "l[%d:%d] = (1, 2, 3)",
        "l[%d::%d] = [%d]",

        "del l[%d:%d]",
        "del l[%d::%d]",
        "l.pop()",
        "l.pop(%d)",
        "l.remove(%d)",
        "l.reverse()",
        "l[%d]",
        "l[%d:%d:%d]",
        "%d in l",
        "l.index(%d, %d, %d)",
        "l = l[%d:]",
        "l = l + [%d]",
        "l = [%d, %d, %d]",
        "l = [%d, (%d, [%d])]",
        "l *= 2",
        "l.extend(l)",
        "l = l[%d:] + l * 2 + [%d]",
        "l[%d:%d] = l",
        "l[::-1] = l",
        "l.append([%d])",
        "l.append('i%d')",
    };
    static char texts[LINES][60];
    const char *lines[LINES];
    List *l = need(list_new(0));
    uint64_t random = 3;
    typed_begin();
    for (int i = 0; i < LINES; i++) {
        const char *form = forms[typed_number(&random, sizeof forms / sizeof forms[0])];
        int numbers[3];
        for (int k = 0; k < 3; k++)
            numbers[k] = typed_number(&random, 24) - 8;
        if (list_size(l) < 2 && strstr(form, "pop")) form = "l.append(%d)";
        if (list_size(l) > 200) form = "del l[%d:]";
        snprintf(texts[i], sizeof texts[i], form, numbers[0], numbers[1], numbers[2]);
        lines[i] = texts[i];
        Scanner in = {.at = lines[i]};
        statements_line(&statements, &in, OBJECT(l));
        xdecref(in.result);
        error_clear();
    }
    typed_end();
    decref(l);
    typed_same(lines, LINES, need(list_new(0)));
}

int main(void) {
    telling.demo = &demo;
    if (!typed_python("list_demo")) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_random_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
