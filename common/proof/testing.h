/* testing.h: what the cmocka tests share.
 *
 * A test program compiles the mechanism anew with malloc, calloc and realloc renamed to the three
 * functions below (see TESTING_ARGS in meson.build), so it can make any single allocation fail:
 *
 *     for (long n = 0; testing_fail_at(n), operation_fails(); n++) check that nothing changed;
 *
 * and check that nothing leaked: testing_blocks() is the number of blocks now allocated.
 * Include it in one source of a program, after nothing else.
 */
#ifndef TESTING_H
#define TESTING_H

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

// Atomic: threads allocate, too.
static atomic_long testing_countdown = -1; // allocations still to succeed; -1: no limit
static atomic_long testing_live;
static atomic_long testing_failed;

/* Lets `successes` allocations succeed and makes the next one, and only that one, fail; -1: none.
 */
static inline void testing_fail_at(long successes) {
    testing_countdown = successes;
    testing_failed = 0;
}

/* Whether the allocation that was to fail has been asked for: the end of a loop over all of them.
 */
static inline bool testing_has_failed(void) {
    return testing_failed > 0;
}

/* The number of blocks allocated and not freed. */
static inline long testing_blocks(void) {
    return testing_live;
}

static bool testing_fails_now(void) {
    if (testing_countdown < 0) return false;
    if (testing_countdown-- > 0) return false;
    testing_failed++;
    return true;
}

/* A terabyte is refused here, as any machine would: the sanitizers abort where malloc says NULL. */
static bool testing_too_large(size_t size) {
    return size >> 40 != 0;
}

void *testing_malloc(size_t size) {
    void *block = testing_fails_now() || testing_too_large(size) ? NULL : malloc(size);
    testing_live += block != NULL;
    return block;
}

void *testing_calloc(size_t count, size_t size) {
    bool refused = testing_fails_now() || testing_too_large(count) || testing_too_large(size);
    void *block = refused ? NULL : calloc(count, size);
    testing_live += block != NULL;
    return block;
}

void *testing_realloc(void *block, size_t size) {
    void *moved = testing_fails_now() || testing_too_large(size) ? NULL : realloc(block, size);
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
