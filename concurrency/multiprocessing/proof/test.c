/* test.c: processes: what they inherit and leave, who dies with whom, without memory, descriptors
 * and forks, and under a storm of signals. What twin.c compares with CPython (states, names, exit
 * codes, and what is refused) is not repeated here. */
#define _GNU_SOURCE // pipe2
#include "test_common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

static int return_status(void *args) {
    return *(int *)args;
}

/* ---- A process's life ------------------------------------------------------------------------*/

/* CPython's names, also where a number has two. */
TEST(test_names_of_signals) {
    const struct {
        int number;
        const char *end;
    } signals[] = {{SIGABRT, "-SIGABRT>"}, {SIGIO, "-SIGPOLL>"},   {SIGRTMIN, "-SIGRTMIN>"},
                   {SIGRTMIN + 1, NULL},   {SIGPIPE, "-SIGPIPE>"}, {SIGRTMAX, "-SIGRTMAX>"}};
    for (size_t i = 0; i < 6U - on_valgrind(); i++) { // which keeps SIGRTMAX to itself
        Process *process = started(wait_forever, NULL, 0);
        char text[256];
        kill(process_pid(process), signals[i].number);
        process_join(process, FOREVER);
        process_repr(process, text, sizeof text);
        if (signals[i].end) assert_string_equal(strrchr(text, '=') + 1, signals[i].end);
        if (!signals[i].end) assert_int_equal(atoi(strrchr(text, '=') + 1), -signals[i].number);
        process_free(process);
    }
}

/* The block is copied when the object is made: what happens to it later is not seen. */
TEST(test_arguments_are_copied) {
    int status = 42;
    Process *process = process_new(return_status, &status, sizeof status, NULL);
    status = 43;
    assert_int_equal(process_start(process), 0);
    assert_int_equal(finished(process), 42);
}

TEST(test_sentinel) {
    if (!has_sentinels()) skip();
    Process *process = started(wait_forever, NULL, 0);
    int sentinel = process_sentinel(process);
    assert_true(sentinel >= 0);
    assert_int_equal(process_sentinel(process), sentinel);
    struct pollfd end = {.fd = sentinel, .events = POLLIN};
    assert_int_equal(poll(&end, 1, 0), 0);
    process_kill(process);
    assert_int_equal(poll(&end, 1, -1), 1);
    assert_int_equal(finished(process), -SIGKILL);
    // Asked for only when the child has long gone, and its pid with it:
    process = started(NULL, NULL, 0);
    process_join(process, FOREVER);
    end.fd = process_sentinel(process);
    assert_true(end.fd >= 0);
    assert_int_equal(poll(&end, 1, 0), 1);
    process_free(process);
}

/* ---- Whose child it is -----------------------------------------------------------------------*/

/* Returns 0, or the line of what is not as it should be. */
static int look_around(void *args) {
    Process *sibling = *(Process **)args, *parent = parent_process();
    if (process_sentinel(sibling) != -1 || !error_matches(AssertionError)) return __LINE__ % 256;
    error_clear();
    int end = process_sentinel(parent); // likely of the number that the sibling's sentinel had
    if (has_sentinels() && end < 0) return __LINE__ % 256;
    error_clear();
    uint64_t start = clock_now();
    if (process_join(parent, 0.001) != 0 || clock_now() - start < 1000000) return __LINE__ % 256;
    if (process_close(sibling) != 0) return __LINE__ % 256; // a copy: it has no descriptor
    return has_sentinels() && fcntl(end, F_GETFD) < 0 ? __LINE__ % 256 : 0;
}

TEST(test_other_peoples_children) {
    Process *sibling = started(wait_forever, NULL, 0);
    if (has_sentinels()) assert_true(process_sentinel(sibling) >= 0);
    assert_int_equal(finished(started(look_around, &sibling, sizeof(Process *))), 0);
    assert_int_equal(process_is_alive(sibling), 1);
    killed(sibling);
}

static void assert_active(size_t expected, Process *const *processes) {
    size_t count;
    Process **list;
    do { // one that is forgotten ends soon, and is reaped by this
        list = active_children(&count);
        assert_non_null(list);
        assert_memory_equal(list, processes, expected * sizeof *list);
        testing_free(list);
    } while (count > expected);
    assert_int_equal(count, expected);
}

TEST(test_active_children) {
    Process *two[] = {started(wait_forever, NULL, 0), started(wait_forever, NULL, 0)};
    process_free(started(NULL, NULL, 0));
    assert_active(2, two);
    killed(two[1]);
    killed(two[0]);
    assert_active(0, two);
}

/* A forgotten child that had a sentinel is reaped by the next start(), which closes that. */
TEST(test_forgotten_with_sentinel) {
    if (!has_sentinels()) skip();
    Process *forgotten = started(wait_forever, NULL, 0);
    struct pollfd end = {.fd = process_sentinel(forgotten), .events = POLLIN};
    pid_t pid = process_pid(forgotten);
    process_free(forgotten); // while it runs
    kill(pid, SIGKILL);
    assert_int_equal(poll(&end, 1, -1), 1);
    assert_int_equal(finished(started(NULL, NULL, 0)), 0);
}

/* Somebody else waits for our child: it has ended all the same, and nobody waits forever. */
TEST(test_reaped_by_another) {
    Process *process = started(NULL, NULL, 0);
    assert_int_equal(waitpid(process_pid(process), NULL, 0), process_pid(process));
    assert_int_equal(finished(process), 255);
}

static void *join_process(void *process) {
    return (void *)(intptr_t)process_join(process, FOREVER);
}

TEST(test_two_threads_join) {
    Process *process = started(wait_forever, NULL, 0);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, join_process, process), 0);
    process_kill(process);
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    assert_int_equal(finished(process), -SIGKILL);
}

/* ---- What a child inherits and leaves --------------------------------------------------------*/

static int lifeline[2]; // a pipe: its end of file says that all who held the write end are gone
static int ready[2];    // a pipe: a byte says that somebody is ready
static int ask[2];      // a pipe: a byte asks for one in `ready`

/* Runs `play` in a process that is like a main one, what it writes to `descriptor` going into a
 * pipe, and ends it by exit(). Returns its pid. */
static pid_t stage(void (*play)(void), int descriptor, int into) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (into >= 0) dup2(into, descriptor);
        play();
        exit(0);
    }
    return pid;
}

static void open_pipes(void) {
    assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
}

/* Waits until nobody else holds the lifeline. */
static void close_pipes(void) {
    close(lifeline[1]);
    assert_int_equal(read_byte(lifeline[0]), '!');
    close(lifeline[0]);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(ask[i]);
    }
}

static int print_letter(void *args) {
    (void)args;
    printf("b");
    return 0;
}

static void play_output(void) {
    setvbuf(stdout, NULL, _IOFBF, 4096);
    printf("a");
    finished(started(print_letter, NULL, 0));
    printf("c");
}

static int go_boom(void *args) {
    (void)args;
    return error_set(ValueError, "boom");
}

static void play_failure(void) {
    Process *process = process_new(go_boom, NULL, 0, "careless");
    process_start(process);
    exit(finished(process) + 40);
}

static int read_stdin(void *args) {
    (void)args;
    char byte;
    bool nothing_buffered = getchar() == EOF;
    return nothing_buffered && read(0, &byte, 1) == 0 ? 0 : 1;
}

static void play_input(void) {
    char line[16];
    FILE *file = tmpfile();
    fputs("one\ntwo\n", file);
    rewind(file);
    dup2(fileno(file), STDIN_FILENO);
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "one\n") != 0) exit(1);
    if (finished(started(read_stdin, NULL, 0)) != 0) exit(2);
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "two\n") != 0) exit(3);
    exit(0);
}

/* Returns how many descriptors the child has. */
static int count_descriptors(void *args) {
    (void)args;
    return (int)descriptors_open();
}

TEST(test_descriptors_of_a_child) {
    if (!has_sentinels()) skip();
    int before = (int)descriptors_open(), own[2];
    Process *siblings[10];
    for (int i = 0; i < 10; i++) {
        siblings[i] = started(wait_forever, NULL, 0);
        assert_true(process_sentinel(siblings[i]) >= 0);
    }
    assert_int_equal(pipe(own), 0);
    assert_int_equal(close_on_fork(own[0]), 0);
    assert_int_equal((int)descriptors_open(), before + 12);
    // Of these twelve only own[1] is the child's.
    assert_int_equal(finished(started(count_descriptors, NULL, 0)), before + 1);
    close_on_fork_forget(own[0]);
    close_on_fork_forget(12345);
    assert_int_equal(finished(started(count_descriptors, NULL, 0)), before + 2);
    for (int i = 0; i < 10; i++)
        killed(siblings[i]);
    close(own[0]);
    close(own[1]);
}

static int print_and_echo(const void *item, size_t size, Block *result) {
    puts("out of a worker");
    fflush(stdout);
    *result = (Block){malloc(size), size};
    memcpy(result->data, item, size);
    return 0;
}

/* With its standard descriptors closed, a program's sentinels and sockets do not take their place. */
static void play_closed(void) {
    signal(SIGALRM, SIG_DFL);
    alarm(20); // it hung
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    Process *process = started(wait_forever, NULL, 0);
    if (has_sentinels() && process_sentinel(process) < 3) exit(1);
    process_kill(process);
    if (finished(process) != -SIGKILL) exit(2);
    process = started(NULL, NULL, 0);
    process_join(process, FOREVER);
    if (process_sentinel(process) < 3) exit(3); // of one that has gone
    process_free(process);
    Pool *pool = pool_new(2, POOL_NONE);
    puts("into a socket?");
    fflush(stdout);
    const Block items[3] = {{"a", 1}, {"b", 1}, {"c", 1}};
    Block *results = pool ? pool_map(pool, print_and_echo, items, 3, 1) : NULL;
    if (!results || memcmp(results[2].data, "c", 1) != 0) exit(4);
    blocks_free(results, 3);
    pool_free(pool);
    for (int fd = 0; fd < 3; fd++)
        if (close(fd) == 0) exit(5);
}

/* ---- Who dies with whom ----------------------------------------------------------------------*/

static int live_on(void *args) {
    write_byte(ready[1]);
    return wait_forever(args);
}

static void start_daemon(ProcessTarget target) {
    Process *daemon = process_new(target, NULL, 0, NULL);
    process_set_daemon(daemon, true);
    process_start(daemon);
    process_free(daemon);
}

/* Leaves by exit() once its daemon runs. */
static void play_exit(void) {
    start_daemon(live_on);
    read_byte(ready[0]);
}

/* Stays until killed. */
static void play_stay(void) {
    start_daemon(live_on);
    wait_forever(NULL);
}

static int echo(void *args) {
    (void)args;
    for (;;) { // a byte for a byte
        if (read_byte(ask[0]) == '!') return 0;
        write_byte(ready[1]);
    }
}

static void *start_echo(void *args) {
    start_daemon(echo);
    return args;
}

static void play_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, start_echo, NULL);
    pthread_join(thread, NULL);
    write_byte(ask[1]); // the thread has gone: is its child there?
    wait_forever(NULL);
}

static int end_late(void *args) {
    (void)args;
    read_byte(ready[0]);
    printf("late");
    return 0;
}

static void play_leave_early(void) {
    process_free(started(end_late, NULL, 0));
    write_byte(ready[1]);
}

static int leave_daemon(void *args) {
    (void)args;
    start_daemon(live_on);
    read_byte(ready[0]);
    return 5;
}

static void play_grandchild(void) {
    exit(finished(started(leave_daemon, NULL, 0)));
}

/* What each play ends with and has written to descriptor 1 or 2; all its processes have ended. */
TEST(test_plays) {
    static const struct {
        const char *promise;
        void (*play)(void);
        int status, descriptor;
        const char *output;
    } plays[] = {
        {"output is neither lost nor doubled", play_output, 0, 1, "abc"},
        {"an error in a child", play_failure, 41, 2, "Process careless:\nValueError: boom\n"},
        {"stdin stays the parent's", play_input, 0, 1, ""},
        {"standard descriptors closed", play_closed, 0, 1, ""},
        {"a daemon is terminated at exit", play_exit, 0, 1, ""},
        {"a child that is no daemon is waited for at exit", play_leave_early, 0, 1, "late"},
        {"the same at the end of a child", play_grandchild, 5, 1, ""},
    };
    for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++) {
        int ends[2], status;
        char text[256];
        size_t count = 0;
        print_message("  %s\n", plays[i].promise);
        open_pipes();
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid_t pid = stage(plays[i].play, plays[i].descriptor, ends[1]);
        close(ends[1]);
        for (ssize_t got; (got = read(ends[0], text + count, sizeof text - 1 - count)) > 0;)
            count += (size_t)got;
        text[count] = '\0';
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, plays[i].status << 8); // and no signal
        assert_string_equal(text, plays[i].output);
        close_pipes();
    }
}

TEST(test_daemon_dies_with_killed_parent) {
    open_pipes();
    pid_t pid = stage(play_stay, -1, -1);
    read_byte(ready[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close_pipes();
}

TEST(test_daemon_outlives_the_thread_that_started_it) {
    if (!has_sentinels()) skip();
    if (THREAD_SANITIZER) skip(); // it refuses to start a thread after a fork with threads
    open_pipes();
    pid_t pid = stage(play_thread, -1, -1);
    assert_int_equal(read_byte(ready[0]), '.'); // yes
    write_byte(ask[1]);
    assert_int_equal(read_byte(ready[0]), '.'); // and still
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close_pipes();
}

/* ---- What can fail ---------------------------------------------------------------------------*/

static int run_until(void *args) {
    storm_wait(*(_Atomic long **)args, 200);
    return 9;
}

TEST(test_storm) {
    _Atomic long *count = storm_begin();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(finished(started(run_until, &count, sizeof count)), 9);
        Process *process = started(run_until, &count, sizeof count);
        assert_int_equal(process_join(process, 60), 0);
        assert_int_equal(process_is_alive(process), 0);
        assert_int_equal(finished(process), 9);
        process = started(wait_forever, NULL, 0);
        uint64_t start = clock_now();
        assert_int_equal(process_join(process, 0.02), 0);
        assert_true(clock_now() - start >= 19900000);
        assert_int_equal(process_is_alive(process), 1);
        killed(process);
    }
    storm_end();
}

TEST(test_no_more_processes) {
    Process *process = process_new(NULL, NULL, 0, NULL);
    testing_fail("fork", 0, EAGAIN);
    assert_refused(process_start(process), OSError, "[Errno 11] Resource temporarily unavailable");
    assert_int_equal(process_is_alive(process), 0);
    assert_int_equal(process_pid(process), 0);
    assert_int_equal(process_start(process), 0); // as if nothing had been
    assert_int_equal(finished(process), 0);
}

TEST(test_no_more_descriptors) {
    if (!has_sentinels()) skip();
    Process *process = started(wait_forever, NULL, 0), *another = process_new(NULL, NULL, 0, NULL);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){(rlim_t)0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    assert_refused(process_join(process, 0.5), OSError, "[Errno 24] Too many open files");
    assert_refused(process_sentinel(process), OSError, "[Errno 24] Too many open files");
    // What needs no descriptor goes on.
    assert_int_equal(process_is_alive(process), 1);
    assert_int_equal(process_start(another), 0);
    assert_int_equal(process_join(another, FOREVER), 0);
    Queue *queue = queue_new(0);
    assert_int_equal(queue_put(queue, "x", 1, FOREVER), 0);
    queue_free(queue);
    setrlimit(RLIMIT_NOFILE, &before);
    testing_fail("pidfd_open", 0, ENOMEM);
    assert_refused(process_join(process, 0.5), OSError, "[Errno 12] Cannot allocate memory");
    process_kill(process);
    assert_int_equal(process_join(process, 60), 0);
    assert_int_equal(finished(process), -SIGKILL);
    assert_int_equal(finished(another), 0);
}

TEST(test_no_more_memory) {
    Process *process = NULL;
    for (long n = 0; testing_fail_at(n), !process; n++) {
        long before = testing_blocks();
        if ((process = process_new(return_status, &n, sizeof n, "x"))) break;
        assert_error(MemoryError, "");
        assert_int_equal(testing_blocks(), before);
        assert_true(n < 10);
    }
    testing_fail_at(0);
    assert_refused(process_set_name(process, "y"), MemoryError, "");
    assert_string_equal(process_name(process), "x");
    size_t count = 7, open_before = descriptors_open();
    testing_fail_at(0);
    assert_none(active_children(&count), MemoryError, "");
    testing_fail_at(0);
    assert_int_equal(process_start(process), 0); // needs none
    if (has_sentinels()) {
        assert_refused(process_sentinel(process), MemoryError, "");
        assert_int_equal(descriptors_open(), open_before);
        assert_true(process_sentinel(process) >= 0);
    }
    testing_fail_at(-1);
    finished(process);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENTRY(test_names_of_signals),
        ENTRY(test_arguments_are_copied),
        ENTRY(test_sentinel),
        ENTRY(test_other_peoples_children),
        ENTRY(test_active_children),
        ENTRY(test_forgotten_with_sentinel),
        ENTRY(test_reaped_by_another),
        ENTRY(test_plays),
        ENTRY(test_descriptors_of_a_child),
        ENTRY(test_daemon_dies_with_killed_parent),
        ENTRY(test_daemon_outlives_the_thread_that_started_it),
        ENTRY(test_storm),
        ENTRY(test_no_more_processes),
        ENTRY(test_no_more_descriptors),
        ENTRY(test_no_more_memory),
        ENTRY(test_two_threads_join), // last: a child forked later seems to Valgrind to leak their
                                      // stacks
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
