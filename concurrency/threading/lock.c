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
 * PyMutex is (Python/lock.c), of which Lock is made from 3.14 on, with the kernel's queue of
 * sleepers in place of a parking lot.
 */
#include "threading.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>

/* ---- Time ------------------------------------------------------------------------------------*/

/* The moment `timeout` seconds from now. */
static struct timespec deadline_after(double timeout) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t whole = (time_t)timeout;
    now.tv_sec += whole;
    now.tv_nsec += (long)((timeout - (double)whole) * 1e9);
    if (now.tv_nsec >= 1000000000) {
        now.tv_nsec -= 1000000000;
        now.tv_sec++;
    }
    return now;
}

/* Sleeps while *word is `value`, until woken or the deadline (NULL: none). False: it has passed.
 * Also wakes for nothing, as for a signal: look at the word, and call again. */
static bool sleep_while(_Atomic uint32_t *word, uint32_t value, const struct timespec *deadline) {
    long status = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline, NULL,
                          FUTEX_BITSET_MATCH_ANY); // this wait's deadline is absolute, monotonic
    return status == 0 || errno != ETIMEDOUT;
}

static void wake_one(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- Lock ------------------------------------------------------------------------------------*/

/* What is wrong with these arguments: 0, or -1 with an error set. CPython:
 * Modules/_threadmodule.c, lock_acquire_parse_args(). */
static int check_timeout(bool blocking, double timeout) {
    if (isnan(timeout)) return error_set(ValueError, "Invalid value NaN (not a number)");
    bool none = timeout == -1 || timeout == FOREVER;
    if (!blocking && !none) {
        return error_set(ValueError, "can't specify a timeout for a non-blocking call");
    }
    if (timeout < 0 && !none) {
        return error_set(ValueError, "timeout value must be positive");
    }
    if (timeout > TIMEOUT_MAX && !none) {
        return error_set(OverflowError, "timeout value is too large");
    }
    return 0;
}

static bool try_lock(Lock *self) {
    uint32_t free_one = UNLOCKED;
    return atomic_compare_exchange_strong_explicit(&self->state, &free_one, LOCKED,
                                                   memory_order_acquire, memory_order_relaxed);
}

int lock_acquire_slow(Lock *self, bool blocking, double timeout) {
    if (check_timeout(blocking, timeout) < 0) return -1;
    if (try_lock(self)) return 1;
    if (!blocking || timeout == 0) return 0;
    struct timespec deadline, *limit = NULL;
    if (timeout != -1 && timeout != FOREVER) {
        deadline = deadline_after(timeout);
        limit = &deadline;
    }
    // The lock is ours if it was free when we wrote CONTENDED.
    while (atomic_exchange_explicit(&self->state, CONTENDED, memory_order_acquire) != UNLOCKED) {
        if (!sleep_while(&self->state, CONTENDED, limit)) return 0;
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
    if (rlock_is_owned(self)) {
        if (check_timeout(blocking, timeout) < 0) return -1;
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
