/* both.c: dict_demo --interactive --python with a real Python: statements typed in, at random, too,
 * leave the same memory in both. Exit status 77 if there is no python3 for
 * it. */
#include "../../../common/proof/testing.h"

#include "../demo/both.c"
#include "../demo/draw.c"
#include "../demo/interactive.c"

#include "../../proof/typed.h"

#include <sys/time.h>

#define UNUSED __attribute__((unused))

static const Demo demo = {.program = "dict_demo"};

static void test_statements(UNUSED void **state) {
    static const char *const lines[] = {
        "show",
        "len(d)",
        "d['a'] = 1",
        "d[\"b\"] = 'two'",
        "d['c'] = [1, (2.5, None)]",
        "d",
        "d['a']",
        "d['x']",
        "del d['x']",
        "del d['b']",
        "'b' in d",
        "'b' not in d",
        "d[7] = True",
        "d['\\ud800'] = '\\x00\\n\\t\\\\'",
        "d['\xFF\\q'] = '\\\xFF'",
        "d['\xC3\xA9'] = '\xE2\x82\xAC'",
        "d[-1] = -2",
        "d[-2] = -1",
        "d[1.0] = 1e300",
        "d[True] = 'yes'",
        "d[1]",
        "d[()] = ()",
        "d[[]]",
        "d[(1, [])] = 1",
        "[] in d",
        "d[9223372036854775807] = 1",
        "d[2305843009213693951] = 0",
        "d[(1, 'x', (2, 3.5))] = 1  # a comment",
        "d[0.1] = -0.0",
        "del d[7]",
        "('x')",
        "None",
        "[1, 2]",
        "d[''] = ''",
        "d[1e999] = 'inf'",
        "  d[8] = 8",
        "del d[8]",
        "show",
        "d",
        "len(d)",
        "d['0123456789012345678901234567890123456789012345678901234567890123456789']",
    };
    typed_same(lines, sizeof lines / sizeof lines[0], need(dict_new()));
}

/* Keys come and go, through several resizes. */
static void test_random_statements(UNUSED void **state) {
    enum { COUNT = 600 };
    static char texts[COUNT][40];
    const char *lines[COUNT];
    uint64_t random = 1;
    for (int i = 0; i < COUNT; i++) {
        int key = typed_number(&random, 60) * (i < COUNT / 2 ? 1 : 64);
        char name[20];
        snprintf(name, sizeof name, i > 200 && key % 3 ? "%d" : "'k%d'", key);
        static const char *const forms[] = {"d[%s] = 1", "d[%s] = 'v'", "del d[%s]", "d[%s]"};
        snprintf(texts[i], sizeof texts[i], forms[(random >> 60) % 4], name);
        lines[i] = texts[i];
    }
    typed_same(lines, COUNT, need(dict_new()));
}

static void on_alarm(UNUSED int number) {
}

/* An alarm interrupts what waits for the answer: a pause of Python's is longer than its interval. */
static void test_interrupted(UNUSED void **state) {
    struct sigaction action = {.sa_handler = on_alarm}, before; // without SA_RESTART
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {0};
    Both both = {0};
    assert_true(both_start(&both, "dict_demo",
                           "memory = None\n"
                           "def main(*_):\n"
                           "    import time\n"
                           "    print('both unknown 1', flush=True)\n"
                           "    sys.stdin.readline()\n"
                           "    time.sleep(0.2)\n"
                           "    print('says: \\nend', flush=True)\n"
                           "    sys.stdin.readline()\n"
                           "main()\n"));
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    bool answered = both_send(&both, "x") && both_read(&both, "says: ", "\nend\n");
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    both_end(&both);
    assert_true(answered);
}

/* The demo is killed: so is its Python, which holds the other end of this pipe until then. */
static void test_dies_with_the_demo(UNUSED void **state) {
    int held[2], told[2];
    assert_int_equal(pipe(held), 0);
    assert_int_equal(pipe(told), 0);
    pid_t self = fork();
    assert_true(self >= 0);
    if (self == 0) {
        Both both = {0};
        close(held[0]);
        bool started = both_start(&both, "dict_demo", both_dict_script);
        _exit(write(told[1], started ? "y" : "n", 1) == 1 && pause() ? 0 : 0);
    }
    close(held[1]);
    char answer = 'n';
    assert_int_equal(read(told[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    kill(self, SIGKILL);
    assert_int_equal(waitpid(self, NULL, 0), self);
    struct pollfd end = {.fd = held[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, 10000), 1);
    assert_int_equal(read(held[0], &answer, 1), 0);
    close(held[0]);
    close(told[0]);
    close(told[1]);
}

int main(void) {
    telling.demo = &demo;
    if (!typed_python("dict_demo")) return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_random_statements),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_dies_with_the_demo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
