/* demo_test.c: the demo leaves nobody behind, at whatever instant it is killed; and what it counts
 * as a word. The demo runs in a forked child of this program, which adopts the orphans. */
#define main demo_program
#include "../demo/demo.c"
#include "../demo/scaling.c"
#include "../demo/words.c"
#undef main

#include "test_common.h"

#include <sys/prctl.h>

/* Runs the demo in a process group of its own, its output into `out`. Returns its pid. */
static pid_t run_demo(int out, const char *const *arguments) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0) return pid;
    setpgid(0, 0);
    dup2(out, STDOUT_FILENO);
    char *argv[8] = {"multiprocessing_demo"};
    int argc = 1;
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    exit(demo_program(argc, argv));
}

/* Whether within ten seconds no child is left, of ours or adopted. */
static bool all_gone(void) {
    pid_t pid = 0;
    for (uint64_t end = clock_now() + UINT64_C(10000000000); pid == 0 && clock_now() < end;) {
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        usleep(200);
    }
    return pid < 0; // no child
}

static char big_file[] = "/tmp/multiprocessing_demo_XXXXXX";

static void kill_often(const char *const *arguments, uint64_t *seed) {
    int nowhere = open("/dev/null", O_WRONLY), kills = on_valgrind() ? 3 : SANITIZED ? 15 : 40;
    int ended = 0;
    for (int i = 0; i < kills; i++) {
        uint64_t instant = clock_now() + testing_random(seed, i % 2 ? 20000000 : 2000000);
        pid_t pid = run_demo(nowhere, arguments);
        while (clock_now() < instant)
            sched_yield();
        siginfo_t info = {0};
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
        ended += info.si_pid == pid;
        kill(pid, SIGKILL);
        bool gone = all_gone();
        kill(-pid, SIGKILL); // those who are left, so that only this test fails
        if (!gone) fail_msg("%s %s: somebody is left", arguments[0], arguments[1]);
    }
    print_message("%s %s: killed %d times, %d of them at its end\n", arguments[0], arguments[1],
                  kills, ended);
    close(nowhere);
}

TEST(test_nobody_is_left) {
    static const char *const runs[][3] = {
        {"--scene", "fork"},   {"--scene", "exit"},  {"--scene", "queue"},
        {"--scene", "killed"}, {"--scene", "pool"},  {"--scene", "death"},
        {"--scene", "error"},  {"--csv", "scaling"}, {"--times", big_file},
    };
    uint64_t seed = testing_seed();
    FILE *file = fdopen(mkstemp(big_file), "w");
    for (int i = 0; i < 200000; i++)
        fprintf(file, "word%d ", i % 5000);
    fclose(file);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        kill_often(runs[i], &seed);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    unlink(big_file);
}

/* The same words as dict_demo counts: runs of letters, digits and bytes beyond ASCII, lowered. */
TEST(test_words) {
    static const struct {
        const char *text;
        size_t size;
        const char *expected;
    } cases[] = {
        {"", 0, "0 words, 0 different\n"},
        {"_ - _\n", 6, "0 words, 0 different\n"},
        {"To be or not to BE", 18,
         "6 words, 4 different\n        2  be\n        2  to\n        1  not\n        1  or\n"},
        {"a_b don't x1 X1", 15,
         "6 words, 5 different\n        2  x1\n        1  a\n        1  b\n        1  don\n"
         "        1  t\n"},
        {"\xC3\xA9t\xC3\xA9 \xC3\x89T\xC3\xA9 \0 \xFF\xFE", 17,
         "3 words, 3 different\n        1  \xC3\x89t\xC3\xA9\n        1  \xC3\xA9t\xC3\xA9\n"
         "        1  \xFF\xFE\n"},
        {"[a]@{a}`a", 9, "3 words, 1 different\n        3  a\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[] = "/tmp/multiprocessing_words_XXXXXX", output[512] = "";
        int file = mkstemp(name), ends[2], status;
        assert_int_equal(write(file, cases[i].text, cases[i].size), cases[i].size);
        assert_int_equal(pipe(ends), 0);
        pid_t pid = run_demo(ends[1], (const char *const[]){"--", name, NULL});
        close(ends[1]);
        for (ssize_t got, at = 0; (got = read(ends[0], output + at, 500 - (size_t)at)) > 0;)
            at += got;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_string_equal(output, cases[i].expected);
        close(ends[0]);
        close(file);
        unlink(name);
    }
}

/* What goes wrong in a child ends the demo with status 1, not with a scene that tells less. */
TEST(test_failing_child) {
    int status, failing = 3;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        telling.demo = &(const Demo){.program = "multiprocessing_demo"};
        finish(start(return_status, &failing, sizeof failing), 0);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {ENTRY(test_nobody_is_left), ENTRY(test_words),
                                       ENTRY(test_failing_child)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
