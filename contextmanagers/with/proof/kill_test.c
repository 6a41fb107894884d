/* Tests of the file that is replaced, by processes that are killed: by every signal, after every
 * system call, and at random instants. KILLS=n kills at n random instants in place of 30, and from
 * 1000 on sends every signal after every system call in place of two of them; SEED=n does the same
 * again. */
#include "scratch.h"

#include <sys/resource.h>
#ifdef __linux__
#include <sys/ptrace.h>
#endif

/* The last five are those a processor raises itself. Sent at a random instant, an emulator
 * (qemu-user) may take one for a fault of its own and die of another; raised by the program they
 * are what they are. */
static const int deadly[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGPIPE,
                             SIGALRM, SIGTERM, SIGSYS,  SIGXCPU, SIGXFSZ, SIGPROF, SIGVTALRM,
                             SIGILL,  SIGTRAP, SIGBUS,  SIGFPE,  SIGSEGV};
enum { NDEADLY = sizeof deadly / sizeof *deadly, NSENT = NDEADLY - 5 };

static long kills(void) {
    const char *text = getenv("KILLS");
    return text ? strtol(text, NULL, 10) : 30;
}

/* Then it is valgrind that would be stopped, or take a signal for a fault of its own. */
static bool under_valgrind(void) {
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

static int temporaries(void) {
    return files_like(".", ".with-");
}

/* In a child: cmocka has handlers of its own. */
static void be_a_program(void) {
    for (int i = 0; i < NDEADLY; i++)
        signal(deadly[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    atomic_files_catch_signals();
}

/* A child that is a program by the time a signal reaches it. */
static pid_t fork_program(void) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) be_a_program();
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_true(child >= 0);
    return child;
}

static void fill(char *text, size_t size, unsigned generation) {
    for (size_t i = 0; i < size; i += 10)
        snprintf(text + i, 11, "%9u\n", generation);
}

/* ---- Each signal, in the middle of the block --------------------------------------------------*/

/* With two entered, of four: those that were left by hand, out of order, are none of the handler's
 * business. */
static void die_in_block(void *number) {
    be_a_program();
    static Object *files[4];
    static With blocks[4];
    for (int i = 0; i < 4; i++) {
        files[i] = atomic_file_new((const char *[]){"other", "left", "file", "left"}[i]);
        (void)with_enter(&blocks[i], files[i], NULL);
        atomic_file_write(files[i], "new", 3);
    }
    for (int i = 1; i < 4; i += 2) {
        (void)with_leave(&blocks[i]);
        clear_ref(files[i]);
    }
    if (temporaries() != 2) _exit(2);
    raise(*(int *)number);
}

static void test_signals(void **state) {
    (void)state;
    put_file("file", "old");
    for (int i = 0; i < NDEADLY; i++) {
        int number = deadly[i], status = in_child(die_in_block, &number);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), number);
        assert_int_equal(temporaries(), 0);
        assert_file("file", "old");
        assert_int_equal(access("other", F_OK), -1);
    }
    int number = SIGKILL; // the one that nobody is told of
    assert_int_equal(WTERMSIG(in_child(die_in_block, &number)), SIGKILL);
    assert_int_equal(temporaries(), 2);
    assert_file("file", "old");
}

static sig_atomic_t volatile caught;

static void catch (int number) {
    caught = number;
}

/* What ends no process, what is ignored, as by nohup, what the program catches itself; and a child
 * that ends as one does: the file is not its own. */
static void live_in_block(void *unused) {
    (void)unused;
    static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGHUP, SIGUSR1};
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, catch);
    atomic_files_catch_signals();
    Object *file = atomic_file_new("file");
    WITH(w, file, NULL) {
        atomic_file_write(file, "new", 3);
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
            raise(harmless[i]);
        if (fork() == 0) exit(0);
        while (wait(NULL) > 0)
            continue;
        if (caught != SIGUSR1 || temporaries() != 1) _exit(2);
    }
    _exit(error_occurred() ? 3 : 0);
}

static void test_harmless(void **state) {
    (void)state;
    put_file("file", "old");
    assert_int_equal(in_child(live_in_block, NULL), 0);
    assert_file("file", "new");
    assert_int_equal(temporaries(), 0);
}

static void exit_in_block(void *unused) {
    (void)unused;
    be_a_program();
    Object *file = atomic_file_new("file");
    With w;
    (void)with_enter(&w, file, NULL);
    if (temporaries() != 1) _exit(2);
    exit(0);
}

/* The kernel ends it: a file larger than allowed. Ignored it is an error of write(). */
static void grow_too_large(void *ignored) {
    be_a_program();
    if (ignored) signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
    char text[2001];
    fill(text, 2000, 1);
    Object *file = atomic_file_new("file");
    WITH(w, file, NULL) {
        atomic_file_write(file, text, 2000);
    }
    _exit(!error_matches(OSError_Type.name)); // which is told by then
}

static void test_ends(void **state) {
    (void)state;
    put_file("file", "old");
    assert_int_equal(in_child(exit_in_block, NULL), 0);
    assert_int_equal(temporaries(), 0);
    assert_int_equal(WTERMSIG(in_child(grow_too_large, NULL)), SIGXFSZ);
    assert_int_equal(temporaries(), 0);
    assert_int_equal(in_child(grow_too_large, "ignored"), 0);
    assert_int_equal(temporaries(), 0);
    assert_file("file", "old");
}

/* ---- After every system call ------------------------------------------------------------------*/

#ifdef __linux__
/* Lets a child that replaces "file" come as far as this stop, of two for each system call, and
 * sends it the signal. Whether it came so far; -1: no process may be traced here. */
static int kill_at_stop(int stop, int number) {
    pid_t child = fork_program();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) _exit(77);
        raise(SIGSTOP);
        Object *file = atomic_file_new("file");
        WITH(w, file, NULL) {
            atomic_file_write(file, "new", 3);
        }
        _exit(error_occurred() != NoError);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i < stop && WIFSTOPPED(status); i++) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 77 ? -1 : 0;
    assert_true(WIFSTOPPED(status));
    assert_int_equal(kill(child, number), 0);
    ptrace(PTRACE_DETACH, child, NULL, NULL); // after SIGKILL it may be gone
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == number : WEXITSTATUS(status) == 0);
    return 1;
}

static void test_every_call(void **state) {
    (void)state;
    const char *preloaded =
        getenv("LD_PRELOAD"); // under valgrind it is valgrind that would be stopped
    if (preloaded && strstr(preloaded, "vgpreload")) skip();
    for (int i = 0; i < NDEADLY; i++) {
        bool chosen = deadly[i] == SIGTERM || deadly[i] == SIGINT || kills() >= 1000;
        bool replaced = false, kept = false;
        for (int stop = 0, more = chosen; more; stop++) {
            put_file("file", "old");
            chmod("file", 0600);
            more = kill_at_stop(stop, stop % 3 ? deadly[i] : SIGKILL);
            if (more < 0) skip();
            // SIGKILL may leave the temporary file, and only that.
            assert_true(temporaries() <= (stop % 3 ? 0 : 1));
            // Not even that one is for others to read.
            assert_int_equal(system("test -z \"$(find . -type f -perm /077)\""), 0);
            char text[8] = "";
            FILE *file = fopen("file", "r");
            assert_non_null(file);
            assert_int_equal(fread(text, 1, 7, file), 3);
            fclose(file);
            assert_true(strcmp(text, "old") == 0 || strcmp(text, "new") == 0);
            *(*text == 'o' ? &kept : &replaced) = true;
            scratch_empty();
        }
        assert_int_equal(chosen, replaced && kept);
    }
}
#endif

/* ---- At random instants -----------------------------------------------------------------------*/

enum { SIZE = 50000 };

/* One generation after another, for ever, in writes of all lengths. */
static void replace_for_ever(uint64_t *random) {
    static char text[SIZE + 1];
    for (unsigned generation = 1;; generation++) {
        fill(text, SIZE, generation);
        Object *file = atomic_file_new("file");
        WITH(w, file, NULL) {
            for (size_t at = 0, size; at < SIZE; at += size) {
                size = 1 + (size_t)testing_random(random, SIZE);
                if (size > SIZE - at) size = SIZE - at;
                atomic_file_write(file, text + at, size);
            }
        }
        decref(file);
        if (error_occurred()) _exit(1);
    }
}

/* Which generation the file is of; fails unless it is whole. */
static unsigned generation_of(const char *path) {
    static char text[SIZE + 2], whole[SIZE + 1];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, SIZE + 1, file), SIZE);
    fclose(file);
    unsigned generation = (unsigned)strtoul(text, NULL, 10);
    fill(whole, SIZE, generation);
    assert_memory_equal(text, whole, SIZE);
    return generation;
}

static void test_random(void **state) {
    (void)state;
    if (under_valgrind()) skip();
    uint64_t random = testing_seed();
    static char text[SIZE + 1];
    fill(text, SIZE, 0);
    int later = 0;
    for (long i = 0; i < kills(); i++) {
        put_file("file", text);
        pid_t child = fork_program();
        if (child == 0) replace_for_ever(&random);
        int number = deadly[testing_random(&random, NSENT)], status;
        if (testing_random(&random, 4) == 0) number = SIGKILL;
        struct timespec pause = {0, (long)testing_random(&random, 10000000)};
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, number), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), number);
        later += generation_of("file") > 0;
        assert_true(temporaries() <= (number == SIGKILL));
        scratch_empty();
    }
    print_message("%d of %ld killed after a replacement or more\n", later, kills());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
#ifdef __linux__
        cmocka_unit_test_setup_teardown(test_every_call, set_up, tear_down),
#endif
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
