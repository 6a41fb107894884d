/* testing.h: what the cmocka tests share.
 *
 * A test program compiles the mechanism anew with malloc, calloc, realloc and free renamed to the
 * functions below (`testing_args` in meson.build), and with the system calls that the room's table
 * lists under `faults`. Any single call can then be made to fail:
 *
 *     for (long n = 0; testing_fail_at(n), operation_fails(); n++) check that nothing changed;
 *     testing_fail("fork", 0, EAGAIN);      the next fork(), and only that one, fails with EAGAIN
 *     testing_fail_from("read", 2, EINTR);  the third read() and all after it fail, in any thread
 *     testing_fail(NULL, 0, 0);             nothing fails any more
 *
 * and it can be checked that nothing leaked: testing_blocks() is the number of blocks now
 * allocated. Include it in one source of a program, after nothing else; each system call that the
 * table lists has a line there, which makes the function that stands in for it:
 *
 *     TESTING_CALL(pid_t, fork, (void), (), -1)
 *     TESTING_CALL(int, epoll_create1, (int flags), (flags), -1)
 */
#ifndef TESTING_H
#define TESTING_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../common.h"

#undef malloc
#undef calloc
#undef realloc
#undef free
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

void *testing_malloc(size_t size);
void *testing_calloc(size_t count, size_t size);
void *testing_realloc(void *block, size_t size);
void testing_free(void *block);

// Atomic, as threads allocate, too. One fault at a time: the calls of one name, or allocations.
static const char *_Atomic testing_name = "malloc";
static atomic_long testing_countdown = -1; // calls still to succeed; -1: no limit
static atomic_int testing_number;          // the errno to fail with
static atomic_bool testing_all;            // whether all calls from there on fail
static atomic_long testing_live;
static atomic_long testing_failed;

/* Lets `successes` calls of `name` ("malloc" is any allocation) succeed and makes the next one, and
 * only that one, fail with this errno. -1 successes or a name of NULL: nothing fails. */
static inline void testing_fail(const char *name, long successes, int number) {
    testing_countdown = -1;
    testing_name = name;
    testing_number = number;
    testing_all = false;
    testing_failed = 0;
    testing_countdown = name ? successes : -1;
}

/* The same, but every call from there on fails. */
static inline void testing_fail_from(const char *name, long successes, int number) {
    testing_fail(name, -1, number);
    testing_all = true;
    testing_countdown = successes;
}

/* The same for one allocation. */
static inline void testing_fail_at(long successes) {
    testing_fail("malloc", successes, ENOMEM);
}

/* Whether the call that was to fail has been asked for: the end of a loop over all of them. */
static inline bool testing_has_failed(void) {
    return testing_failed > 0;
}

/* The number of blocks allocated and not freed. */
static inline long testing_blocks(void) {
    return testing_live;
}

/* Whether this call of `name` is to fail; sets errno if so. */
static inline bool testing_fails_now(const char *name) {
    const char *failing = testing_name;
    if (testing_countdown < 0 || !failing || strcmp(failing, name) != 0) return false;
    if (testing_countdown > 0) {
        testing_countdown--;
        return false;
    }
    if (!testing_all) testing_countdown = -1;
    testing_failed++;
    errno = testing_number;
    return true;
}

/* Defines what a call is renamed to in the mechanism (and only there). `failed` is what it returns
 * when it fails: -1, or `errno` for the calls of the pthread kind. */
#define TESTING_CALL(result, name, parameters, arguments, failed)                                  \
    result testing_##name parameters;                                                              \
    result testing_##name parameters {                                                             \
        if (testing_fails_now(#name)) return failed;                                               \
        return name arguments;                                                                     \
    }

/* A terabyte (with 32 bits a gigabyte) is refused here, as any machine would: the sanitizers abort
 * where malloc says NULL. */
static bool testing_too_large(size_t size) {
    return (uint64_t)size >> (sizeof size == 8 ? 40 : 30) != 0;
}

void *testing_malloc(size_t size) {
    void *block = testing_fails_now("malloc") || testing_too_large(size) ? NULL : malloc(size);
    testing_live += block != NULL;
    return block;
}

void *testing_calloc(size_t count, size_t size) {
    bool overflows = size != 0 && count > SIZE_MAX / size;
    bool refused = testing_fails_now("malloc") || overflows || testing_too_large(count * size);
    void *block = refused ? NULL : calloc(count, size);
    testing_live += block != NULL;
    return block;
}

void *testing_realloc(void *block, size_t size) {
    void *moved =
        testing_fails_now("malloc") || testing_too_large(size) ? NULL : realloc(block, size);
    testing_live += moved && !block;
    return moved;
}

void testing_free(void *block) {
    if (block) testing_live--;
    free(block);
}

/* A random sequence's seed: SEED from the environment, else the clock; printed, so that a failure
 * can be replayed with SEED=n. */
static inline uint64_t testing_seed(void) {
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : clock_now() % 1000000007;
    print_message("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* The next number of a sequence (splitmix64), below `limit`. */
static inline uint64_t testing_random(uint64_t *state, uint64_t limit) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % limit;
}

/* Asserts that the pending error is this one, in these words, and clears it. */
#define assert_error(expected_type, expected_message)                                              \
    do {                                                                                           \
        assert_string_equal(error_name(error_occurred()), error_name(expected_type));              \
        assert_string_equal(error_message(), expected_message);                                    \
        error_clear();                                                                             \
    } while (0)

#endif
