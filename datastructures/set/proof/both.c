/* both.c: set_demo --interactive --python with a real Python: statements typed in, at random, too,
 * leave the same memory in both. Exit status 77 if there is no python3 for
 * it. */
#include "../../../common/proof/testing.h"

#include "../demo/draw.c"
#include "../demo/interactive.c"

#include "../../proof/typed.h"

#define UNUSED __attribute__((unused))

static const Demo demo = {.program = "set_demo"};

static void test_statements(UNUSED void **state) {
    static const char *const lines[] = {
        "show",
        "s.add(0)",
        "s.add(8)",
        "s.add(16)",
        "24 in s",
        "8 not in s",
        "s.discard(8)",
        "s.discard(8)",
        "s.remove(8)",
        "s.add('a')",
        "s.add((1, 'x'))",
        "s.add(True)",
        "s.add(1.0)",
        "s.add(-1)",
        "s.add(-2)",
        "s.add('\\ud800')",
        "s.add('\xC3\xA9')",
        "s",
        "len(s)",
        "s.pop()",
        "s |= {1, 2}",
        "s.update((33, 1, 65, 129, 97))",
        "s.intersection_update((1, 2, 33, 65, 7,))",
        "s -= {2}",
        "s.symmetric_difference_update((1, 9, 17, 25, 33))",
        "s.difference_update((9, 2))",
        "s ^= {5}",
        "s.add([])",
        "s.remove([])",
        "[] in s",
        "s |= {[]}",
        "s.update((1, 2, []))",
        "s &= {1, 17}",
        "s.pop()",
        "s.pop()",
        "s.clear()",
        "s",
        "s.pop()",
        "s.update((3, 11, 19))",
        "s.update(3)",
        "s.add(9223372036854775807)",
        "('x')",
        "None",
        "show",
        "s.remove('it\\'s')",
    };
    typed_same(lines, sizeof lines / sizeof lines[0], need(set_new(NULL)));
}

/* Members come and go, through several resizes. */
static void test_random_statements(UNUSED void **state) {
    enum { COUNT = 600 };
    static char texts[COUNT][80];
    const char *lines[COUNT];
    uint64_t random = 2;
    for (int i = 0; i < COUNT; i++) {
        static const char *const forms[] = {"s.add(%d)",
                                            "s.add(%d)",
                                            "s.add('k%d')",
                                            "s.add(%d)",
                                            "s.discard(%d)",
                                            "s.remove(%d)",
                                            "%d in s",
                                            "s.pop()",
                                            "s.update((%d, %d, %d))",
                                            "s -= {%d, %d}",
                                            "s ^= {%d, %d}",
                                            "s |= {%d}",
                                            "s.add('k%d')",
                                            "s.add(%d)",
                                            "s.update((%d, %d, %d, -5))",
                                            "s.symmetric_difference_update((%d, %d, %d))"};
        int keys[3];
        for (int k = 0; k < 3; k++)
            keys[k] = typed_number(&random, 60) * (i < COUNT / 2 ? 1 : 64);
        const char *form = forms[(random >> 60) % (sizeof forms / sizeof forms[0])];
        snprintf(texts[i], sizeof texts[i], form, keys[0], keys[1], keys[2]);
        lines[i] = texts[i];
    }
    typed_same(lines, COUNT, need(set_new(NULL)));
}

int main(void) {
    telling.demo = &demo;
    if (!typed_python("set_demo")) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_random_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
