/* condition.c: waiting for something other than a lock.
 *
 * The invariant: the queue of a Condition changes only under its lock, and a Waiter is in the queue
 * from before wait() lets go of that lock until a notify() unlocks it or wait() gives up. So nobody
 * can change what is waited for, and notify, between the waiter's look at it and its being in the
 * queue: no wake-up is lost. A Waiter is on its thread's stack, and stays there, since wait()
 * cannot return before it has the lock again, which the notifier still holds.
 *
 * CPython: Lib/threading.py. There a waiter is a Lock on the heap and the queue a deque.
 */
#include "threading.h"

struct Waiter {
    Lock lock; // taken by its own thread beforehand; notify() releases it
    bool queued;
    Waiter *before, *behind;
};

/* ---- Condition -------------------------------------------------------------------------------*/

void condition_init(Condition *self) {
    condition_init_rlock(self, &self->own);
    rlock_init(&self->own);
}

void condition_init_lock(Condition *self, Lock *lock) {
    *self = (Condition){.lock = lock};
}

void condition_init_rlock(Condition *self, RLock *rlock) {
    *self = (Condition){.rlock = rlock};
}

int condition_acquire(Condition *self, bool blocking, double timeout) {
    return self->lock ? lock_acquire(self->lock, blocking, timeout)
                      : rlock_acquire(self->rlock, blocking, timeout);
}

int condition_release(Condition *self) {
    return self->lock ? lock_release(self->lock) : rlock_release(self->rlock);
}

/* A Lock knows no owner. Simplified: CPython tries to take it; a look is enough. CPython:
 * Lib/threading.py, Condition._is_owned(). */
static bool is_owned(Condition *self) {
    return self->lock ? lock_locked(self->lock) : rlock_is_owned(self->rlock);
}

static void append(Condition *self, Waiter *waiter) {
    waiter->queued = true;
    waiter->before = self->last;
    waiter->behind = NULL;
    *(self->last ? &self->last->behind : &self->first) = waiter;
    self->last = waiter;
}

static void remove_from(Condition *self, Waiter *waiter) {
    *(waiter->before ? &waiter->before->behind : &self->first) = waiter->behind;
    *(waiter->behind ? &waiter->behind->before : &self->last) = waiter->before;
    waiter->queued = false;
}

int condition_wait(Condition *self, double timeout) {
    if (!is_owned(self)) return error_set(RuntimeError, "cannot wait on un-acquired lock");
    int64_t checked;
    if (timeout > 0 && timeout != FOREVER && timeout_from_seconds(&checked, timeout) < 0) return -1;
    Waiter waiter = {.queued = false};
    atomic_init(&waiter.lock.state, LOCKED);
    append(self, &waiter);
    unsigned long count = 0;
    if (self->lock) {
        lock_release(self->lock);
    } else {
        count = rlock_release_save(self->rlock);
    }
    if (timeout > 0) lock_acquire(&waiter.lock, true, timeout);
    if (self->lock) {
        lock_acquire(self->lock, true, -1);
    } else {
        rlock_acquire_restore(self->rlock, count);
    }
    // Simplified: CPython returns whether it got waiter.lock in time. A notify() that comes after
    // that time, and before this thread has the condition's lock again, is then lost: the notifier
    // has woken somebody, and that one says that nobody woke it. Here the queue decides.
    bool notified = !waiter.queued;
    if (!notified) remove_from(self, &waiter);
    return notified;
}

int condition_wait_for(Condition *self, int (*predicate)(void *arg), void *arg, double timeout) {
    uint64_t start = clock_now();
    double left = timeout;
    bool waited = false; // at least once, whatever the timeout
    int result;
    while ((result = predicate(arg)) == 0 && !(waited && left <= 0)) {
        if (condition_wait(self, left) < 0) return -1;
        waited = true;
        left = timeout - (double)(clock_now() - start) / 1e9;
    }
    return result;
}

int condition_notify(Condition *self, ssize_t n) {
    if (!is_owned(self)) return error_set(RuntimeError, "cannot notify on un-acquired lock");
    for (; n > 0 && self->first; n--) {
        Waiter *waiter = self->first;
        remove_from(self, waiter);
        lock_release(&waiter->lock);
    }
    return 0;
}

int condition_notify_all(Condition *self) {
    return condition_notify(self, PTRDIFF_MAX);
}

size_t condition_waiters(const Condition *self) {
    size_t count = 0;
    for (const Waiter *waiter = self->first; waiter; waiter = waiter->behind)
        count++;
    return count;
}

/* ---- Event -----------------------------------------------------------------------------------*/

void event_init(Event *self) {
    lock_init(&self->lock);
    condition_init_lock(&self->cond, &self->lock);
    atomic_init(&self->flag, false);
}

/* Whoever sees the flag set also sees what was written before it was set. In CPython the GIL sees
 * to that. */
bool event_is_set(Event *self) {
    return atomic_load_explicit(&self->flag, memory_order_acquire);
}

void event_set(Event *self) {
    lock_acquire(&self->lock, true, -1);
    atomic_store_explicit(&self->flag, true, memory_order_release);
    condition_notify_all(&self->cond);
    lock_release(&self->lock);
}

void event_clear(Event *self) {
    lock_acquire(&self->lock, true, -1);
    atomic_store_explicit(&self->flag, false, memory_order_release);
    lock_release(&self->lock);
}

/* A set() and a clear() may both have passed when the waiter gets the lock: it was woken, that
 * counts, not the flag. */
int event_wait(Event *self, double timeout) {
    lock_acquire(&self->lock, true, -1);
    int signaled = event_is_set(self);
    if (!signaled) signaled = condition_wait(&self->cond, timeout);
    lock_release(&self->lock);
    return signaled;
}

/* ---- Semaphore -------------------------------------------------------------------------------*/

int semaphore_init(Semaphore *self, ssize_t value) {
    if (value < 0) return error_set(ValueError, "semaphore initial value must be >= 0");
    lock_init(&self->lock);
    condition_init_lock(&self->cond, &self->lock);
    self->value = value;
    self->initial_value = -1;
    return 0;
}

int bounded_semaphore_init(Semaphore *self, ssize_t value) {
    if (semaphore_init(self, value) < 0) return -1;
    self->initial_value = value;
    return 0;
}

static int has_place(void *op) {
    return ((Semaphore *)op)->value > 0;
}

int semaphore_acquire(Semaphore *self, bool blocking, double timeout) {
    if (!blocking && timeout != FOREVER) {
        return error_set(ValueError, "can't specify timeout for non-blocking acquire");
    }
    lock_acquire(&self->lock, true, -1);
    int status =
        blocking ? condition_wait_for(&self->cond, has_place, self, timeout) : has_place(self);
    if (status == 1) self->value--;
    lock_release(&self->lock);
    return status;
}

int semaphore_release(Semaphore *self, ssize_t n) {
    if (n < 1) return error_set(ValueError, "n must be one or more");
    int status = 0;
    lock_acquire(&self->lock, true, -1);
    if (self->initial_value >= 0 && n > self->initial_value - self->value) {
        status = error_set(ValueError, "Semaphore released too many times");
    } else if (n > PTRDIFF_MAX - self->value) {
        // Simplified: a Python int has no end.
        status = error_set(OverflowError, "semaphore value is too large");
    } else {
        self->value += n;
        condition_notify(&self->cond, n);
    }
    lock_release(&self->lock);
    return status;
}
