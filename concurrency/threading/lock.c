/* lock.c: how a thread sleeps until a word of memory changes, and two locks made from that.
 *
 * The invariant: a thread is asleep on a Lock only while its state is CONTENDED, or while a wake-up
 * is on its way. Who goes to sleep has written CONTENDED, and the kernel looks at the word once
 * more, under a lock of its own, before it lets the thread sleep; who releases a CONTENDED lock
 * wakes one. A woken thread does not know whether others still sleep, so it takes the lock as
 * CONTENDED: at worst one system call too many at its release, never a sleeper forgotten.
 *
 * Simplified: CPython 3.11's Lock is a POSIX semaphore and a byte `locked`, which the GIL guards
 * (Python/thread_pthread.h, PyThread_acquire_lock_timed()). Without a GIL "release unlocked lock"
 * would need a third atomic operation; one word needs two, and tells. It is also what 3.13's
 * PyMutex is (Python/lock.c), of which Lock is made from 3.13.1 on, with the kernel's queue of
 * sleepers in place of a parking lot.
 */
#include "threading.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>

/* ---- Time ------------------------------------------------------------------------------------*/

#define SECOND INT64_C(1000000000)
#define NEVER  UINT64_MAX // a deadline

int timeout_from_seconds(int64_t *timeout, double seconds) {
    if (isnan(seconds)) return error_set(ValueError, "Invalid value NaN (not a number)");
    double nanoseconds = seconds * 1e9;
    nanoseconds = nanoseconds < 0 ? floor(nanoseconds) : ceil(nanoseconds);
    if (nanoseconds < -0x1p63 || nanoseconds >= 0x1p63) {
        return error_set(OverflowError, "timestamp out of range for platform time_t");
    }
    *timeout = (int64_t)nanoseconds;
    return 0;
}

/* The futex call whose times have 64 bits. Simplified: on a 32-bit system it needs Linux 5.1. */
#ifdef SYS_futex_time64
#define FUTEX SYS_futex_time64
#else
#define FUTEX SYS_futex
#endif

/* Sleeps while *word is `value`, until woken or the deadline. False: it has passed. Also wakes for
 * nothing, as for a signal: look at the word, and call again. */
static bool sleep_while(_Atomic uint32_t *word, uint32_t value, uint64_t deadline) {
    const struct {
        int64_t seconds, nanoseconds; // as the kernel has it, whatever the C library's time_t
    } moment = {(int64_t)(deadline / SECOND), (int64_t)(deadline % SECOND)};
    long status = syscall(FUTEX, word, FUTEX_WAIT_BITSET_PRIVATE, value,
                          deadline == NEVER ? NULL : &moment, NULL, FUTEX_BITSET_MATCH_ANY);
    return status == 0 || errno != ETIMEDOUT; // this wait's deadline is absolute, monotonic
}

static void wake_one(_Atomic uint32_t *word) {
    syscall(FUTEX, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- Lock ------------------------------------------------------------------------------------*/

#define UNSET (-SECOND) // no timeout: what -1 becomes

/* The timeout of these arguments in nanoseconds, or UNSET. 0, or -1 with an error set: first for
 * what is no time at all, then for what does not go together. CPython: Modules/_threadmodule.c,
 * lock_acquire_parse_args(). */
static int parse_args(bool blocking, double seconds, int64_t *timeout) {
    if (timeout_from_seconds(timeout, seconds == FOREVER ? -1 : seconds) < 0) return -1;
    if (!blocking && *timeout != UNSET) {
        return error_set(ValueError, "can't specify a timeout for a non-blocking call");
    }
    if (*timeout < 0 && *timeout != UNSET) {
        return error_set(ValueError, "timeout value must be positive");
    }
    return 0;
}

static bool try_lock(Lock *self) {
    uint32_t free_one = UNLOCKED;
    return atomic_compare_exchange_strong_explicit(&self->state, &free_one, LOCKED,
                                                   memory_order_acquire, memory_order_relaxed);
}

int lock_acquire_slow(Lock *self, bool blocking, double seconds) {
    int64_t timeout;
    if (parse_args(blocking, seconds, &timeout) < 0) return -1;
    if (try_lock(self)) return 1;
    if (!blocking || timeout == 0) return 0;
    uint64_t deadline = timeout == UNSET ? NEVER : clock_now() + (uint64_t)timeout;
    // The lock is ours if it was free when we wrote CONTENDED.
    while (atomic_exchange_explicit(&self->state, CONTENDED, memory_order_acquire) != UNLOCKED) {
        if (!sleep_while(&self->state, CONTENDED, deadline)) return 0;
    }
    return 1;
}

int lock_release_slow(Lock *self, uint32_t before) {
    if (before == UNLOCKED) return error_set(RuntimeError, "release unlocked lock");
    wake_one(&self->state);
    return 0;
}

/* ---- RLock -----------------------------------------------------------------------------------*/

void rlock_init(RLock *self) {
    lock_init(&self->lock);
    atomic_init(&self->owner, 0);
    self->count = 0;
}

int rlock_acquire(RLock *self, bool blocking, double timeout) {
    int64_t checked;
    if (rlock_is_owned(self)) {
        if (parse_args(blocking, timeout, &checked) < 0) return -1;
        if (self->count == ULONG_MAX) {
            return error_set(OverflowError, "Internal lock count overflowed");
        }
        self->count++;
        return 1;
    }
    int status = lock_acquire(&self->lock, blocking, timeout);
    if (status == 1) {
        atomic_store_explicit(&self->owner, threading_get_ident(), memory_order_relaxed);
        self->count = 1;
    }
    return status;
}

int rlock_release(RLock *self) {
    if (!rlock_is_owned(self)) {
        return error_set(RuntimeError, "cannot release un-acquired lock");
    }
    if (--self->count > 0) return 0;
    atomic_store_explicit(&self->owner, 0, memory_order_relaxed);
    return lock_release(&self->lock);
}

unsigned long rlock_release_save(RLock *self) {
    if (!rlock_is_owned(self)) {
        error_set(RuntimeError, "cannot release un-acquired lock");
        return 0;
    }
    unsigned long count = self->count;
    self->count = 0;
    atomic_store_explicit(&self->owner, 0, memory_order_relaxed);
    lock_release(&self->lock);
    return count;
}

void rlock_acquire_restore(RLock *self, unsigned long count) {
    lock_acquire(&self->lock, true, -1);
    atomic_store_explicit(&self->owner, threading_get_ident(), memory_order_relaxed);
    self->count = count;
}
