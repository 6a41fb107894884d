/* threading.h: Python's threads, and what they wait with.
 *
 *     Semaphore   a number of places
 *     Event       a flag that all wait for             both are a number or a flag and a
 *        |                                             Condition over a Lock
 *     Condition   a queue of waiters, each asleep on a Lock of its own
 *        |
 *     RLock       a Lock, its owner and a count
 *        |
 *     Lock        one word of memory: free or taken
 *
 * Each layer is written in terms of the one below, as in Lib/threading.py, and only the lowest
 * knows how a thread sleeps. All of them are plain values: no call but thread_new() allocates, none
 * has anything to tidy up, and a waiter's place in the queue is on its own stack. None may move or
 * vanish while a thread uses it.
 *
 * Times are seconds on the monotonic clock. A call that waits returns 1 (it has what it waited
 * for), 0 (it was not to be had in that time) or -1 with an error set. A signal interrupts none of
 * them: it goes on waiting for what is left of its time.
 */
#ifndef THREADING_H
#define THREADING_H

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#if defined __GLIBC__ && __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define SINGLE_THREADED __libc_single_threaded // the C library knows; its own mutex looks here, too
#else
#define SINGLE_THREADED false
#endif

#include "../../common/common.h"

/* The errors that this room raises. */
ERROR_TYPE(AssertionError);
ERROR_TYPE(IndexError);
ERROR_TYPE(KeyError);
ERROR_TYPE(OSError);
ERROR_TYPE(OverflowError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(ValueError);
ERROR_TYPE(ZeroDivisionError);

/* ---- Time (lock.c) ---------------------------------------------------------------------------*/

#define FOREVER     ((double)INFINITY) // timeout=None
#define TIMEOUT_MAX 9223372036.0       // the most whole seconds that fit 63 bits of nanoseconds

/* A timeout in nanoseconds, away from zero where it is between two. 0, or -1 with ValueError for
 * NaN or OverflowError for what does not fit 64 bits. CPython: Python/pytime.c,
 * _PyTime_FromSecondsObject(). */
int timeout_from_seconds(int64_t *timeout, double seconds);

/* ---- Lock (lock.c) ---------------------------------------------------------------------------*/

enum { UNLOCKED, LOCKED, CONTENDED }; // CONTENDED: taken, and somebody may be asleep on it

/* A lock belongs to nobody: any thread may release it. {0} is an unlocked one. CPython:
 * Modules/_threadmodule.c, lockobject. */
typedef struct {
    _Atomic uint32_t state; // UNLOCKED, LOCKED, CONTENDED
} Lock;

/* What lock_acquire() does when the lock is taken, or the arguments need a look. */
int lock_acquire_slow(Lock *self, bool blocking, double seconds);

/* What lock_release() does when it was not simply LOCKED. */
int lock_release_slow(Lock *self, uint32_t before);

/* Makes it an unlocked one. CPython: Modules/_threadmodule.c, thread_PyThread_allocate_lock(). */
static inline void lock_init(Lock *self) {
    atomic_init(&self->state, UNLOCKED);
}

/* lock.acquire(blocking, timeout): 1 if it is now the caller's, 0 if it was not to be had; timeout
 * in seconds, -1 or FOREVER for none. -1 with ValueError or OverflowError for a timeout out of
 * range, or one with blocking false. Inline because nearly all calls end in the first branch; and
 * as long as there is one thread, a load and a store do for an atomic exchange. CPython:
 * Modules/_threadmodule.c, lock_PyThread_acquire_lock(). */
static inline int lock_acquire(Lock *self, bool blocking, double timeout) {
    uint32_t before = UNLOCKED;
    if (!blocking || timeout != -1) return lock_acquire_slow(self, blocking, timeout);
    if (SINGLE_THREADED) {
        before = atomic_load_explicit(&self->state, memory_order_relaxed);
        if (before == UNLOCKED) atomic_store_explicit(&self->state, LOCKED, memory_order_relaxed);
    } else {
        atomic_compare_exchange_strong_explicit(&self->state, &before, LOCKED, memory_order_acquire,
                                                memory_order_relaxed);
    }
    return before == UNLOCKED ? 1 : lock_acquire_slow(self, blocking, timeout);
}

/* lock.release(), by any thread. 0, or -1 with RuntimeError if it is not taken. CPython:
 * Modules/_threadmodule.c, lock_PyThread_release_lock(). */
static inline int lock_release(Lock *self) {
    uint32_t before;
    if (SINGLE_THREADED) {
        before = atomic_load_explicit(&self->state, memory_order_relaxed);
        atomic_store_explicit(&self->state, UNLOCKED, memory_order_relaxed);
    } else {
        before = atomic_exchange_explicit(&self->state, UNLOCKED, memory_order_release);
    }
    return before == LOCKED ? 0 : lock_release_slow(self, before);
}

/* lock.locked(). CPython: Modules/_threadmodule.c, lock_locked_lock(). */
static inline bool lock_locked(Lock *self) {
    return atomic_load_explicit(&self->state, memory_order_relaxed) != UNLOCKED;
}

/* threading.get_ident(): a number, not 0, that no other running thread has. CPython:
 * Python/thread_pthread.h, PyThread_get_thread_ident(). */
static inline uintptr_t threading_get_ident(void) {
    return (uintptr_t)pthread_self();
}

/* ---- RLock (lock.c) --------------------------------------------------------------------------*/

/* A lock with an owner, who may take it again. {0} is an unlocked one. CPython:
 * Modules/_threadmodule.c, rlockobject. */
typedef struct {
    Lock lock;               // CPython: rlock_lock
    _Atomic uintptr_t owner; // get_ident() of its owner, 0: none. CPython: rlock_owner
    unsigned long count;     // how often the owner has it. CPython: rlock_count
} RLock;

/* Makes it an unlocked one. CPython: Modules/_threadmodule.c, rlock_new(). */
void rlock_init(RLock *self);

/* rlock.acquire(blocking, timeout): as lock_acquire(), and 1 at once for its owner. OverflowError
 * when the count would be. CPython: Modules/_threadmodule.c, rlock_acquire(). */
int rlock_acquire(RLock *self, bool blocking, double timeout);

/* rlock.release(): once for each acquire(). 0, or -1 with RuntimeError if the caller is not the
 * owner. CPython: Modules/_threadmodule.c, rlock_release(). */
int rlock_release(RLock *self);

/* Whether the caller is the owner. Only the caller writes its own ident there, so what it reads is
 * never out of date in the one way that matters. CPython: Modules/_threadmodule.c,
 * rlock_is_owned(). */
static inline bool rlock_is_owned(RLock *self) {
    return atomic_load_explicit(&self->owner, memory_order_relaxed) == threading_get_ident();
}

/* Gives it up whole, however often it was acquired, and returns how often; 0 with RuntimeError if
 * it was not. CPython: Modules/_threadmodule.c, rlock_release_save(). */
unsigned long rlock_release_save(RLock *self);

/* Waits for it and makes it the caller's, `count` times. CPython: Modules/_threadmodule.c,
 * rlock_acquire_restore(). */
void rlock_acquire_restore(RLock *self, unsigned long count);

/* ---- Condition (condition.c) -----------------------------------------------------------------*/

typedef struct Waiter Waiter;

/* CPython: Lib/threading.py, Condition. */
typedef struct {
    Lock *lock;           // one of these two is the lock it is over, the other NULL
    RLock *rlock;         //
    RLock own;            // that lock, where none was given
    Waiter *first, *last; // who waits, in the order of their coming. CPython: _waiters, a deque
} Condition;

/* Condition(): over an RLock of its own. CPython: Lib/threading.py, Condition.__init__(). */
void condition_init(Condition *self);

/* Condition(lock), borrowed. CPython: Lib/threading.py, Condition.__init__(). */
void condition_init_lock(Condition *self, Lock *lock);

/* Condition(rlock), borrowed. CPython: Lib/threading.py, Condition.__init__(). */
void condition_init_rlock(Condition *self, RLock *rlock);

/* The lock's own acquire() and release(). CPython: Lib/threading.py, Condition.__init__(). */
int condition_acquire(Condition *self, bool blocking, double timeout);
int condition_release(Condition *self);

/* condition.wait(timeout): lets go of the lock, sleeps until notified, takes the lock again,
 * however long that takes. 1 if notified, 0 if the time ran out, -1 with RuntimeError if the lock
 * is not held. Over a plain Lock, "held" can only mean "taken by somebody". CPython:
 * Lib/threading.py, Condition.wait(). */
int condition_wait(Condition *self, double timeout);

/* condition.wait_for(predicate, timeout): waits until predicate(arg), called with the lock held,
 * is not 0, and returns that; 0 if the time ran out, -1 with an error set, the predicate's too.
 * CPython: Lib/threading.py, Condition.wait_for(). */
int condition_wait_for(Condition *self, int (*predicate)(void *arg), void *arg, double timeout);

/* condition.notify(n): wakes the n who wait longest, or as many as there are. 0, or -1 with
 * RuntimeError if the lock is not held. CPython: Lib/threading.py, Condition.notify(). */
int condition_notify(Condition *self, ssize_t n);

/* condition.notify_all(). CPython: Lib/threading.py, Condition.notify_all(). */
int condition_notify_all(Condition *self);

/* How many wait; the caller holds the lock. CPython: len(condition._waiters). */
size_t condition_waiters(const Condition *self);

/* ---- Event (condition.c) ---------------------------------------------------------------------*/

/* CPython: Lib/threading.py, Event. */
typedef struct {
    Lock lock;
    Condition cond; // over lock
    atomic_bool flag;
} Event;

/* Event(): not set. CPython: Lib/threading.py, Event.__init__(). */
void event_init(Event *self);

/* event.is_set(). CPython: Lib/threading.py, Event.is_set(). */
bool event_is_set(Event *self);

/* event.set(): wakes all who wait, and nobody waits from now on. CPython: Lib/threading.py,
 * Event.set(). */
void event_set(Event *self);

/* event.clear(). CPython: Lib/threading.py, Event.clear(). */
void event_clear(Event *self);

/* event.wait(timeout): 1 if it is set or gets set in that time, 0 if not. -1 with an error if the
 * timeout is out of range. CPython: Lib/threading.py, Event.wait(). */
int event_wait(Event *self, double timeout);

/* ---- Semaphore (condition.c) -----------------------------------------------------------------*/

/* CPython: Lib/threading.py, Semaphore, BoundedSemaphore. */
typedef struct {
    Lock lock;
    Condition cond;        // over lock
    ssize_t value;         // places free
    ssize_t initial_value; // what a bounded one may not exceed, else -1
} Semaphore;

/* Semaphore(value). 0, or -1 with ValueError if value is negative. CPython: Lib/threading.py,
 * Semaphore.__init__(). */
int semaphore_init(Semaphore *self, ssize_t value);

/* BoundedSemaphore(value). CPython: Lib/threading.py, BoundedSemaphore.__init__(). */
int bounded_semaphore_init(Semaphore *self, ssize_t value);

/* semaphore.acquire(blocking, timeout), FOREVER for none: 1 with a place taken, 0 without; -1 with
 * ValueError for a timeout with blocking false. CPython: Lib/threading.py, Semaphore.acquire(). */
int semaphore_acquire(Semaphore *self, bool blocking, double timeout);

/* semaphore.release(n): gives n places back. 0, or -1 with ValueError if n < 1 or a bounded one
 * would exceed its first value. CPython: Lib/threading.py, Semaphore.release(),
 * BoundedSemaphore.release(). */
int semaphore_release(Semaphore *self, ssize_t n);

/* ---- Thread (thread.c) -----------------------------------------------------------------------*/

/* What a thread runs: a function, which returns 0, or -1 with an error set, and its name. */
typedef struct {
    int (*function)(void *arg);
    const char *name; // target.__name__; must outlive the thread_new()
} ThreadTarget;

#define TARGET(function)                                                                           \
    (ThreadTarget) {                                                                               \
        function, #function                                                                        \
    }

typedef struct Thread Thread;

/* Thread(target=target, name=name, args=(arg,)): a new thread, not started, that runs
 * target.function(arg). Without a name (NULL or "") it is called "Thread-1 (work)": a running
 * number and its target. `daemon` is the creating thread's. Returns a new reference, or NULL with
 * MemoryError. CPython: Lib/threading.py, Thread.__init__(). */
Thread *thread_new(const char *name, ThreadTarget target, void *arg);

/* A reference more, a reference less. The caller of thread_new() holds one, a running thread holds
 * one to itself: it may be dropped while the thread runs. CPython: Py_INCREF(), Py_DECREF(). */
Thread *thread_incref(Thread *self);
void thread_decref(Thread *self);

/* thread.start(). 0, or -1 with RuntimeError: started before, or the system has no thread to give,
 * in which case it may be tried again. CPython: Lib/threading.py, Thread.start(). */
int thread_start(Thread *self);

/* thread.join(timeout): waits for the end of the thread. 0, whether it has ended (see
 * thread_is_alive()) or the time has run out; -1 with RuntimeError: not started, or it is the
 * caller. Any number of threads may join one. CPython: Lib/threading.py, Thread.join(). */
int thread_join(Thread *self, double timeout);

/* thread.is_alive(). CPython: Lib/threading.py, Thread.is_alive(). */
bool thread_is_alive(Thread *self);

/* thread.name; borrowed, until the next thread_set_name(). CPython: Lib/threading.py,
 * Thread.name. */
const char *thread_name(const Thread *self);

/* thread.name = name, while no other thread reads it. 0, or -1 with MemoryError and the old name.
 * CPython: Lib/threading.py, Thread.name. */
int thread_set_name(Thread *self, const char *name);

/* thread.ident: 0 (Python: None) before it is started. CPython: Lib/threading.py, Thread.ident. */
uintptr_t thread_ident(Thread *self);

/* thread.daemon: the end of the program does not wait for it. CPython: Lib/threading.py,
 * Thread.daemon. */
bool thread_daemon(const Thread *self);

/* thread.daemon = daemon. 0, or -1 with RuntimeError once it is started. CPython: Lib/threading.py,
 * Thread.daemon. */
int thread_set_daemon(Thread *self, bool daemon);

/* ---- The module (thread.c) -------------------------------------------------------------------*/

/* threading.current_thread(), borrowed. A thread that was not made here gets a "Dummy-1". CPython:
 * Lib/threading.py, current_thread(). */
Thread *threading_current_thread(void);

/* threading.main_thread(), borrowed. CPython: Lib/threading.py, main_thread(). */
Thread *threading_main_thread(void);

/* threading.active_count(): threads started and not ended, the main thread included. CPython:
 * Lib/threading.py, active_count(). */
size_t threading_active_count(void);

/* threading.enumerate(): new references to the first `capacity` of them, oldest first; returns how
 * many there are. CPython: Lib/threading.py, enumerate(). */
size_t threading_enumerate(Thread **threads, size_t capacity);

/* threading.stack_size(size): bytes of stack for the threads to come, 0 for the system's default.
 * Returns the former, or -1 with ValueError. CPython: Python/thread_pthread.h,
 * _pythread_pthread_set_stacksize(). */
ssize_t threading_stack_size(ssize_t size);

/* What is told when a thread's function returns an error; in that thread. NULL stands for the one
 * that writes to stderr. CPython: Lib/threading.py, excepthook. */
typedef void (*ThreadExceptHook)(Thread *thread, const Error *error);
void threading_set_excepthook(ThreadExceptHook hook);

/* The end of the program: waits for all threads that are no daemons, also for those that they
 * start meanwhile. To be called by the main thread, before it returns from main(). CPython:
 * Lib/threading.py, _shutdown(). */
void threading_shutdown(void);

#endif
