/* test_common.h: what the room's test programs share: what is open and mapped, and small processes.
 * Include it first in a test's one source. */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#include "../descriptors.h"
#include "../pool.h"
#include "../queue.h"

#include "../../../common/proof/testing.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

TESTING_CALL(pid_t, fork, (void), (), -1)

/* syscall() takes what it is given: six words are handed on, whatever they are. Of these calls
 * pidfd_open() can be made to fail. */
long testing_syscall(long number, ...);
long testing_syscall(long number, ...) {
    if (number == SYS_pidfd_open && testing_fails_now("pidfd_open")) return -1;
    long words[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        words[i] = va_arg(arguments, long);
    va_end(arguments);
    return syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

#if defined(__has_feature) // clang's way to say it
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
enum { THREAD_SANITIZER = true };
#else
enum { THREAD_SANITIZER = false };
#endif
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = true };
#else
enum { SANITIZED = THREAD_SANITIZER };
#endif

static inline bool on_valgrind(void) {
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

/* Whether the system has sentinels. Valgrind 3.19 has none. */
static inline bool has_sentinels(void) {
    int fd = descriptor_of_process(getpid());
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static inline size_t descriptors_open(void) {
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Memory that this process and its children share; zero at first. */
static inline void *shared_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

/* How many mappings of shared memory there are. */
static inline size_t mappings(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof line, maps))
        count += strstr(line, "/dev/zero") != NULL;
    fclose(maps);
    return count;
}

/* Asserts that a call returns -1, or NULL, with this error. */
#define assert_refused(call, type, message)                                                        \
    do {                                                                                           \
        assert_int_equal(call, -1);                                                                \
        assert_error(type, message);                                                               \
    } while (0)
#define assert_none(call, type, message)                                                           \
    do {                                                                                           \
        assert_null(call);                                                                         \
        assert_error(type, message);                                                               \
    } while (0)

static inline Process *started(ProcessTarget target, const void *args, size_t size) {
    Process *process = process_new(target, args, size, NULL);
    assert_non_null(process);
    assert_int_equal(process_start(process), 0);
    return process;
}

/* Joins, frees, and returns the exit code. */
static inline int finished(Process *process) {
    int code = -1000;
    assert_int_equal(process_join(process, FOREVER), 0);
    assert_int_equal(process_exitcode(process, &code), 1);
    process_free(process);
    return code;
}

static inline void killed(Process *process) {
    assert_int_equal(process_kill(process), 0);
    assert_int_equal(finished(process), -SIGKILL);
}

static inline char read_byte(int fd) {
    char byte = '!'; // what an end of file leaves
    ssize_t got;
    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    return byte;
}

static inline void write_byte(int fd) {
    assert_int_equal(write(fd, ".", 1), 1);
}

static inline int wait_forever(void *args) {
    (void)args;
    while (pause())
        continue;
    return 0;
}

static long blocks_before;
static size_t descriptors_before, mappings_before;

static inline int note_resources(void **state) {
    (void)state;
    blocks_before = testing_blocks();
    descriptors_before = descriptors_open();
    mappings_before = mappings();
    return 0;
}

/* After each test: no block, descriptor, mapping, child or zombie is left. */
static inline int compare_resources(void **state) {
    (void)state;
    assert_int_equal(testing_blocks(), blocks_before);
    assert_int_equal(descriptors_open(), descriptors_before);
    assert_int_equal(mappings(), mappings_before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(error_occurred(), NoError);
    return 0;
}

/* A test, and its entry in the table of main(). */
#define TEST(name)  static void name(__attribute__((unused)) void **state)
#define ENTRY(name) cmocka_unit_test_setup_teardown(name, note_resources, compare_resources)

/* ---- A storm of signals ----------------------------------------------------------------------*/

static _Atomic long *storm_count; // in shared memory

static inline void count_signal(int number) {
    (void)number;
    ++*storm_count;
}

/* Sends this process a signal every 100 microseconds (on Valgrind, which needs longer for a
 * handler, 5 ms), which interrupts what blocks. Returns the count of signals so far, which children
 * see, too. */
static inline _Atomic long *storm_begin(void) {
    struct sigaction action = {.sa_handler = count_signal}; // no SA_RESTART
    struct timeval period = {0, on_valgrind() ? 5000 : 100};
    struct itimerval every = {period, period};
    storm_count = shared_memory(sizeof *storm_count);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    return storm_count;
}

static inline void storm_end(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    signal(SIGALRM, SIG_IGN); // not SIG_DFL, which ends us: one may be pending, longest on Valgrind
    munmap((void *)storm_count, sizeof *storm_count);
}

/* Spins until the storm has hit its process `times` more. */
static inline void storm_wait(_Atomic long *count, long times) {
    if (on_valgrind()) times /= 20;
    for (long start = *count; *count < start + times;)
        sched_yield();
}

#endif
