/* test.c: locks and threads against their rules, a simple model, a storm of signals, a system that
 * has no thread to give, and one another.
 *
 * No test relies on a sleep being long enough: what must have happened is waited for. A timeout is
 * only ever checked for not being too short.
 */
#include "../threading.h"

#include "../../../common/proof/testing.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

TESTING_CALL(int, pthread_create,
             (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *),
              void *arg),
             (thread, attributes, run, arg), errno)

static Thread *started(ThreadTarget target, void *arg) {
    Thread *thread = thread_new(NULL, target, arg);
    assert_non_null(thread);
    assert_int_equal(thread_start(thread), 0);
    return thread;
}

static void finished(Thread *thread) {
    assert_int_equal(thread_join(thread, FOREVER), 0);
    assert_false(thread_is_alive(thread));
    thread_decref(thread);
}

/* ---- Lock ------------------------------------------------------------------------------------*/

static int release_it(void *lock) {
    return lock_release(lock);
}

static void test_lock(void **state) {
    (void)state;
    Lock lock;
    lock_init(&lock);
    assert_false(lock_locked(&lock));
    assert_int_equal(lock_release(&lock), -1);
    assert_error(RuntimeError, "release unlocked lock");
    assert_int_equal(lock_acquire(&lock, true, -1), 1);
    assert_true(lock_locked(&lock));
    assert_int_equal(lock_acquire(&lock, false, -1), 0);
    assert_int_equal(lock_acquire(&lock, false, FOREVER), 0);
    assert_int_equal(lock_acquire(&lock, true, 0), 0);
    finished(started(TARGET(release_it), &lock)); // by another thread
    assert_false(lock_locked(&lock));
    assert_int_equal(lock_acquire(&lock, true, 0), 1);
    assert_int_equal(lock_release(&lock), 0);
    assert_int_equal(lock_acquire(&lock, true, FOREVER), 1);
    assert_int_equal(lock_release(&lock), 0);
    assert_int_equal(lock_acquire(&lock, false, -1), 1);
    assert_int_equal(lock_release(&lock), 0);
    assert_int_equal(lock_acquire(&lock, true, TIMEOUT_MAX + 0.5), 1); // it still fits 63 bits
    assert_int_equal(lock_release(&lock), 0);
    assert_int_equal(lock_release(&lock), -1);
    assert_error(RuntimeError, "release unlocked lock");
}

static void test_timeouts_out_of_range(void **state) {
    (void)state;
    static const char for_a_try[] = "can't specify a timeout for a non-blocking call";
    static const char negative[] = "timeout value must be positive";
    static const char no_time[] = "timestamp out of range for platform time_t";
    const struct {
        bool blocking;
        double timeout;
        ErrorType type;
        const char *message;
    } cases[] = {
        {false, 1, ValueError, for_a_try},
        {false, 0, ValueError, for_a_try},
        {false, -2, ValueError, for_a_try},
        {false, TIMEOUT_MAX, ValueError, for_a_try},
        {true, -2, ValueError, negative},
        {true, -1e-10, ValueError, negative},
        {true, -TIMEOUT_MAX, ValueError, negative},
        {true, 1e10, OverflowError, no_time}, // what is no time at all is told first
        {true, TIMEOUT_MAX + 1, OverflowError, no_time},
        {true, -1e10, OverflowError, no_time},
        {true, -(double)INFINITY, OverflowError, no_time},
        {false, 1e300, OverflowError, no_time},
        {false, -(double)INFINITY, OverflowError, no_time},
        {true, (double)NAN, ValueError, "Invalid value NaN (not a number)"},
        {false, (double)NAN, ValueError, "Invalid value NaN (not a number)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Lock lock = {0};
        RLock rlock = {0};
        assert_int_equal(lock_acquire(&lock, cases[i].blocking, cases[i].timeout), -1);
        assert_error(cases[i].type, cases[i].message);
        assert_false(lock_locked(&lock));
        for (int held = 0; held < 2; held++) { // also where its owner would get it at once
            assert_int_equal(rlock_acquire(&rlock, cases[i].blocking, cases[i].timeout), -1);
            assert_error(cases[i].type, cases[i].message);
            assert_int_equal(rlock_acquire(&rlock, true, -1), 1);
        }
        assert_int_equal(rlock.count, 2);
    }
}

/* Nanoseconds since `start` are at least these seconds. */
static void assert_waited(uint64_t start, double seconds) {
    assert_true((double)(clock_now() - start) >= seconds * 1e9);
}

static void test_timeouts_are_not_cut_short(void **state) {
    (void)state;
    Lock lock = {LOCKED};
    for (double timeout = 0.001; timeout < 0.1; timeout *= 3) {
        uint64_t start = clock_now();
        assert_int_equal(lock_acquire(&lock, true, timeout), 0);
        assert_waited(start, timeout);
    }
    for (uint64_t second = clock_now() / 1000000000; clock_now() / 1000000000 == second;) {
        uint64_t start = clock_now(); // once with a deadline in the next second
        assert_int_equal(lock_acquire(&lock, true, 0.004), 0);
        assert_waited(start, 0.004);
    }
    assert_int_equal(lock_release(&lock), 0); // a waiter that gave up leaves it usable
    assert_int_equal(lock_acquire(&lock, false, -1), 1);
    assert_int_equal(lock_acquire(&lock, true, 1e-12), 0);
    Condition condition;
    condition_init(&condition);
    condition_acquire(&condition, true, -1);
    uint64_t start = clock_now();
    assert_int_equal(condition_wait(&condition, 0.01), 0);
    assert_waited(start, 0.01);
    Event event;
    event_init(&event);
    start = clock_now();
    assert_int_equal(event_wait(&event, 0.01), 0);
    assert_waited(start, 0.01);
    Semaphore semaphore;
    semaphore_init(&semaphore, 0);
    start = clock_now();
    assert_int_equal(semaphore_acquire(&semaphore, true, 0.01), 0);
    assert_waited(start, 0.01);
}

/* ---- RLock -----------------------------------------------------------------------------------*/

typedef struct {
    RLock *rlock;
    int acquired, released, owned;
} RLockTry;

static int try_rlock(void *op) {
    RLockTry *self = op;
    self->acquired = rlock_acquire(self->rlock, false, -1);
    self->owned = rlock_is_owned(self->rlock);
    self->released = rlock_release(self->rlock);
    error_clear();
    return 0;
}

static void test_rlock(void **state) {
    (void)state;
    RLock rlock;
    rlock_init(&rlock);
    assert_int_equal(rlock_release(&rlock), -1);
    assert_error(RuntimeError, "cannot release un-acquired lock");
    assert_int_equal(rlock_release_save(&rlock), 0);
    assert_error(RuntimeError, "cannot release un-acquired lock");
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(rlock_acquire(&rlock, i == 2, i == 3 ? FOREVER : -1), 1);
        assert_int_equal(rlock.count, i);
    }
    RLockTry other = {&rlock, 9, 9, 9};
    finished(started(TARGET(try_rlock), &other));
    assert_int_equal(other.acquired, 0);
    assert_int_equal(other.owned, 0);
    assert_int_equal(other.released, -1);
    unsigned long count = rlock_release_save(&rlock);
    assert_int_equal(count, 3);
    assert_false(rlock_is_owned(&rlock));
    finished(started(TARGET(try_rlock), &other));
    assert_int_equal(other.acquired, 1);
    assert_int_equal(other.owned, 1);
    assert_int_equal(other.released, 0);
    rlock_acquire_restore(&rlock, count);
    rlock.count = ULONG_MAX;
    assert_int_equal(rlock_acquire(&rlock, true, -1), -1);
    assert_error(OverflowError, "Internal lock count overflowed");
    rlock.count = 2;
    assert_int_equal(rlock_release(&rlock), 0);
    assert_true(rlock_is_owned(&rlock));
    assert_int_equal(rlock_release(&rlock), 0);
    assert_false(rlock_is_owned(&rlock));
    assert_int_equal(rlock_release(&rlock), -1);
    assert_error(RuntimeError, "cannot release un-acquired lock");
}

/* ---- Condition -------------------------------------------------------------------------------*/

/* Threads that wait in one queue in a known order, and write down in which order they come out. */
typedef struct {
    Condition condition;
    int woken[16];
    int woken_count;
} Queue;

typedef struct {
    Queue *queue;
    int number;
    int status;
    double timeout;
} QueueWaiter;

static int wait_in_queue(void *op) {
    QueueWaiter *self = op;
    Queue *queue = self->queue;
    condition_acquire(&queue->condition, true, -1);
    self->status = condition_wait(&queue->condition, self->timeout);
    queue->woken[queue->woken_count++] = self->number;
    condition_notify(&queue->condition, 0);
    return condition_release(&queue->condition);
}

/* Until `count` threads are in the queue, or out of it. */
static void until_waiting(Queue *queue, size_t count) {
    for (size_t waiting = count + 1; waiting != count; sched_yield()) {
        condition_acquire(&queue->condition, true, -1);
        waiting = condition_waiters(&queue->condition);
        condition_release(&queue->condition);
    }
}

static void until_woken(Queue *queue, int count) {
    for (int woken = -1; woken != count; sched_yield()) {
        condition_acquire(&queue->condition, true, -1);
        woken = queue->woken_count;
        condition_release(&queue->condition);
    }
}

static void notify(Queue *queue, ssize_t n) {
    condition_acquire(&queue->condition, true, -1);
    assert_int_equal(condition_notify(&queue->condition, n), 0);
    condition_release(&queue->condition);
}

static void test_condition_wakes_in_order(void **state) {
    (void)state;
    Lock lock = {0};
    RLock rlock = {0};
    for (int kind = 0; kind < 3; kind++) {
        Queue queue = {.woken_count = 0};
        if (kind == 0) condition_init(&queue.condition);
        if (kind == 1) condition_init_lock(&queue.condition, &lock);
        if (kind == 2) condition_init_rlock(&queue.condition, &rlock);
        Thread *threads[6];
        QueueWaiter waiters[6];
        for (int i = 0; i < 6; i++) {
            waiters[i] = (QueueWaiter){&queue, i, -2, i % 2 ? FOREVER : 1e6};
            threads[i] = started(TARGET(wait_in_queue), &waiters[i]);
            until_waiting(&queue, (size_t)i + 1);
        }
        notify(&queue, 0);
        notify(&queue, -1);
        until_waiting(&queue, 6);
        for (int i = 0; i < 3; i++) {
            notify(&queue, 1);
            until_woken(&queue, i + 1);
            until_waiting(&queue, (size_t)(5 - i));
        }
        notify(&queue, 2);
        until_woken(&queue, 5);
        until_waiting(&queue, 1);
        condition_acquire(&queue.condition, true, -1);
        condition_notify_all(&queue.condition);
        condition_release(&queue.condition);
        for (int i = 0; i < 6; i++) {
            finished(threads[i]);
            assert_int_equal(waiters[i].status, 1);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(queue.woken[i], i);
        assert_int_equal(queue.woken[3] + queue.woken[4], 7);
        assert_int_equal(queue.woken[5], 5);
        notify(&queue, 3); // nobody is there: nothing is saved up
        condition_acquire(&queue.condition, true, -1);
        assert_int_equal(condition_wait(&queue.condition, 0), 0);
        condition_release(&queue.condition);
    }
}

/* One who gives up leaves the queue, wherever in it: first, in the middle, last. */
static void test_condition_gives_up(void **state) {
    (void)state;
    for (int patient = 0; patient < 8; patient++) {
        Queue queue = {.woken_count = 0};
        condition_init(&queue.condition);
        Thread *threads[3];
        QueueWaiter waiters[3];
        size_t staying = 0;
        condition_acquire(&queue.condition, true, -1);
        for (int i = 0; i < 3; i++) {
            bool stays = patient >> i & 1;
            waiters[i] = (QueueWaiter){&queue, i, -2, stays ? FOREVER : 0.002};
            staying += stays;
            threads[i] = started(TARGET(wait_in_queue), &waiters[i]);
        }
        condition_release(&queue.condition);
        until_woken(&queue, 3 - (int)staying);
        until_waiting(&queue, staying);
        notify(&queue, 3);
        for (int i = 0; i < 3; i++) {
            finished(threads[i]);
            assert_int_equal(waiters[i].status, patient >> i & 1);
        }
    }
}

static int brief_status;

static int wait_briefly(void *condition) {
    condition_acquire(condition, true, -1);
    brief_status = condition_wait(condition, 0.001);
    return condition_release(condition);
}

/* Notified after its time, but before it has the lock again: it was woken. */
static void test_condition_notified_late(void **state) {
    (void)state;
    Lock lock = {0};
    Condition condition;
    condition_init_lock(&condition, &lock);
    Thread *thread = started(TARGET(wait_briefly), &condition);
    for (;; sched_yield()) {
        if (condition_acquire(&condition, false, -1) != 1) continue; // LOCKED, not CONTENDED
        if (condition_waiters(&condition) == 1) break;
        condition_release(&condition);
        if (thread_is_alive(thread)) continue;
        finished(thread); // it was gone before we came: once more
        thread = started(TARGET(wait_briefly), &condition);
    }
    while (atomic_load(&lock.state) != CONTENDED) // its time is over, it wants the lock
        sched_yield();
    assert_int_equal(condition_waiters(&condition), 1);
    condition_notify(&condition, 1);
    condition_release(&condition);
    finished(thread);
    assert_int_equal(brief_status, 1);
}

static void test_condition_needs_its_lock(void **state) {
    (void)state;
    Lock lock = {0};
    Condition over_rlock, over_lock;
    condition_init(&over_rlock);
    condition_init_lock(&over_lock, &lock);
    Condition *conditions[] = {&over_rlock, &over_lock};
    for (int i = 0; i < 2; i++) {
        Condition *condition = conditions[i];
        assert_int_equal(condition_wait(condition, FOREVER), -1);
        assert_error(RuntimeError, "cannot wait on un-acquired lock");
        assert_int_equal(condition_notify(condition, 1), -1);
        assert_error(RuntimeError, "cannot notify on un-acquired lock");
        assert_int_equal(condition_notify_all(condition), -1);
        assert_error(RuntimeError, "cannot notify on un-acquired lock");
        assert_int_equal(condition_release(condition), -1);
        assert_error(RuntimeError, i ? "release unlocked lock" : "cannot release un-acquired lock");
        assert_int_equal(condition_acquire(condition, true, -1), 1);
        assert_int_equal(condition_wait(condition, 1e10), -1);
        assert_error(OverflowError, "timestamp out of range for platform time_t");
        assert_int_equal(condition_wait(condition, -5), 0);
        assert_int_equal(condition_wait(condition, (double)NAN), 0);
        assert_int_equal(condition_waiters(condition), 0);
        assert_int_equal(condition_release(condition), 0);
    }
}

static int take_and_give_back(void *condition) {
    condition_acquire(condition, true, -1);
    condition_notify(condition, 1);
    return condition_release(condition);
}

static void test_condition_restores_the_count(void **state) {
    (void)state;
    Condition condition;
    condition_init(&condition);
    for (int i = 0; i < 3; i++)
        condition_acquire(&condition, true, -1);
    Thread *thread = started(TARGET(take_and_give_back), &condition);
    assert_int_equal(condition_wait(&condition, FOREVER), 1); // all three are given up meanwhile
    assert_int_equal(condition.own.count, 3);
    assert_true(rlock_is_owned(&condition.own));
    assert_int_equal(condition_wait(&condition, 0.001), 0);
    assert_int_equal(condition.own.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(condition_release(&condition), 0);
    finished(thread);
}

static int countdown(void *arg) {
    int *n = arg;
    return --*n == 0 ? 7 : 0;
}

static int failing(void *arg) {
    (void)arg;
    return error_set(KeyError, "predicate");
}

static void test_condition_wait_for(void **state) {
    (void)state;
    Condition condition;
    condition_init(&condition);
    int n = 1;
    assert_int_equal(condition_wait_for(&condition, countdown, &n, FOREVER), 7); // no lock needed
    n = 9;
    assert_int_equal(condition_wait_for(&condition, countdown, &n, 1), -1);
    assert_error(RuntimeError, "cannot wait on un-acquired lock");
    condition_acquire(&condition, true, -1);
    assert_int_equal(condition_wait_for(&condition, failing, NULL, 1), -1);
    assert_error(KeyError, "predicate");
    const double timeouts[] = {0, -1, 0.004};
    for (int i = 0; i < 3; i++) { // asked before and after the one wait, and no more
        n = 100;
        uint64_t start = clock_now();
        assert_int_equal(condition_wait_for(&condition, countdown, &n, timeouts[i]), 0);
        assert_waited(start, timeouts[i]);
        assert_int_equal(n, 98);
    }
    n = 2;
    assert_int_equal(condition_wait_for(&condition, countdown, &n, 0), 7);
    condition_release(&condition);
}

/* ---- Event, Semaphore ------------------------------------------------------------------------*/

static int wait_for_event(void *event) {
    return event_wait(event, FOREVER) == 1 ? 0 : error_set(AssertionError, "woken for nothing");
}

static void test_event(void **state) {
    (void)state;
    Event event;
    event_init(&event);
    assert_false(event_is_set(&event));
    assert_int_equal(event_wait(&event, 0), 0);
    assert_int_equal(event_wait(&event, -1), 0);
    assert_int_equal(event_wait(&event, 1e10), -1);
    assert_error(OverflowError, "timestamp out of range for platform time_t");
    Thread *threads[5];
    for (int i = 0; i < 5; i++)
        threads[i] = started(TARGET(wait_for_event), &event);
    for (size_t waiting = 0; waiting != 5; sched_yield()) {
        lock_acquire(&event.lock, true, -1);
        waiting = condition_waiters(&event.cond);
        lock_release(&event.lock);
    }
    event_set(&event);
    event_clear(&event); // they were woken all the same
    for (int i = 0; i < 5; i++)
        finished(threads[i]);
    assert_false(event_is_set(&event));
    event_set(&event);
    event_set(&event);
    assert_true(event_is_set(&event));
    assert_int_equal(event_wait(&event, FOREVER), 1);
    assert_int_equal(event_wait(&event, 1e10), 1); // not looked at
    event_clear(&event);
    assert_int_equal(event_wait(&event, 0), 0);
}

static void test_semaphore(void **state) {
    (void)state;
    Semaphore semaphore;
    assert_int_equal(semaphore_init(&semaphore, -1), -1);
    assert_error(ValueError, "semaphore initial value must be >= 0");
    assert_int_equal(bounded_semaphore_init(&semaphore, -1), -1);
    assert_error(ValueError, "semaphore initial value must be >= 0");
    assert_int_equal(semaphore_init(&semaphore, 2), 0);
    assert_int_equal(semaphore_acquire(&semaphore, true, FOREVER), 1);
    assert_int_equal(semaphore_acquire(&semaphore, false, FOREVER), 1);
    assert_int_equal(semaphore_acquire(&semaphore, false, FOREVER), 0);
    assert_int_equal(semaphore_acquire(&semaphore, true, 0), 0);
    assert_int_equal(semaphore_acquire(&semaphore, true, -3), 0);
    assert_int_equal(semaphore_acquire(&semaphore, false, 1), -1);
    assert_error(ValueError, "can't specify timeout for non-blocking acquire");
    assert_int_equal(semaphore_acquire(&semaphore, true, 1e10), -1);
    assert_error(OverflowError, "timestamp out of range for platform time_t");
    assert_int_equal(semaphore_release(&semaphore, 0), -1);
    assert_error(ValueError, "n must be one or more");
    assert_int_equal(semaphore_release(&semaphore, 3), 0);
    assert_int_equal(semaphore.value, 3);
    assert_int_equal(semaphore_release(&semaphore, PTRDIFF_MAX), -1);
    assert_error(OverflowError, "semaphore value is too large");
    assert_false(lock_locked(&semaphore.lock));
    assert_int_equal(bounded_semaphore_init(&semaphore, 2), 0);
    assert_int_equal(semaphore_release(&semaphore, 1), -1);
    assert_error(ValueError, "Semaphore released too many times");
    assert_int_equal(semaphore_acquire(&semaphore, true, FOREVER), 1);
    assert_int_equal(semaphore_release(&semaphore, 2), -1);
    assert_error(ValueError, "Semaphore released too many times");
    assert_int_equal(semaphore_release(&semaphore, 1), 0);
    assert_int_equal(semaphore.value, 2);
    assert_int_equal(bounded_semaphore_init(&semaphore, 0), 0);
    assert_int_equal(semaphore_release(&semaphore, 1), -1);
    assert_error(ValueError, "Semaphore released too many times");
}

/* ---- Thread ----------------------------------------------------------------------------------*/

static int do_nothing(void *arg) {
    (void)arg;
    return 0;
}

static int look_at_oneself(void *arg) {
    Thread *self = threading_current_thread();
    bool right = thread_ident(self) == threading_get_ident() && thread_is_alive(self);
    right = right && thread_join(self, 0) < 0 &&
            strcmp(error_message(), "cannot join current thread") == 0;
    error_clear();
    *(bool *)arg = right;
    return 0;
}

static void test_thread_life(void **state) {
    (void)state;
    bool right = false;
    Thread *thread = thread_new("me", TARGET(look_at_oneself), &right);
    assert_string_equal(thread_name(thread), "me");
    assert_false(thread_is_alive(thread));
    assert_int_equal(thread_ident(thread), 0);
    assert_int_equal(thread_join(thread, FOREVER), -1);
    assert_error(RuntimeError, "cannot join thread before it is started");
    assert_int_equal(thread_set_daemon(thread, true), 0);
    assert_int_equal(thread_set_daemon(thread, false), 0);
    assert_int_equal(thread_start(thread), 0);
    assert_int_equal(thread_start(thread), -1);
    assert_error(RuntimeError, "threads can only be started once");
    assert_int_equal(thread_set_daemon(thread, true), -1);
    assert_error(RuntimeError, "cannot set daemon status of active thread");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(thread_join(thread, i % 2 ? FOREVER : 1e6), 0);
        assert_false(thread_is_alive(thread));
    }
    assert_true(right);
    assert_int_not_equal(thread_ident(thread), 0);
    assert_int_equal(thread_start(thread), -1);
    assert_error(RuntimeError, "threads can only be started once");
    assert_int_equal(thread_set_name(thread, "you"), 0);
    assert_string_equal(thread_name(thread), "you");
    thread_decref(thread);
}

static void test_thread_names(void **state) {
    (void)state;
    Thread *first = thread_new(NULL, TARGET(do_nothing), NULL);
    Thread *second = thread_new("", (ThreadTarget){NULL, NULL}, NULL);
    unsigned long number;
    assert_int_equal(sscanf(thread_name(first), "Thread-%lu", &number), 1);
    char expected[64];
    snprintf(expected, sizeof expected, "Thread-%lu (do_nothing)", number);
    assert_string_equal(thread_name(first), expected);
    snprintf(expected, sizeof expected, "Thread-%lu", number + 1);
    assert_string_equal(thread_name(second), expected);
    assert_int_equal(thread_start(second), 0); // without a target: ends at once
    assert_int_equal(thread_join(second, FOREVER), 0);
    thread_decref(first); // never started
    thread_decref(second);
    assert_string_equal(thread_name(threading_main_thread()), "MainThread");
    for (int i = 0; i < 2; i++) // a name that was not allocated, then one that was
        assert_int_equal(thread_set_name(threading_main_thread(), "main"), 0);
    assert_string_equal(thread_name(threading_main_thread()), "main");
    assert_ptr_equal(threading_current_thread(), threading_main_thread());
    assert_int_equal(thread_ident(threading_main_thread()), threading_get_ident());
    assert_int_equal(thread_join(threading_current_thread(), FOREVER), -1);
    assert_error(RuntimeError, "cannot join current thread");
    assert_int_equal(thread_start(threading_main_thread()), -1);
    assert_error(RuntimeError, "threads can only be started once");
}

static int make_child(void *arg) {
    Thread *child = thread_new(NULL, TARGET(do_nothing), NULL);
    *(bool *)arg = thread_daemon(child);
    thread_decref(child);
    return 0;
}

static void test_daemon_is_inherited(void **state) {
    (void)state;
    for (int daemon = 0; daemon < 2; daemon++) {
        bool inherited = !daemon;
        Thread *thread = thread_new(NULL, TARGET(make_child), &inherited);
        assert_false(thread_daemon(thread));
        assert_int_equal(thread_set_daemon(thread, daemon), 0);
        assert_int_equal(thread_daemon(thread), daemon);
        assert_int_equal(thread_start(thread), 0);
        finished(thread);
        assert_int_equal(inherited, daemon);
    }
}

static void *foreign(void *arg) {
    Thread *self = threading_current_thread();
    bool right = strncmp(thread_name(self), "Dummy-", 6) == 0 && thread_is_alive(self) &&
                 thread_daemon(self) && thread_ident(self) == threading_get_ident() &&
                 threading_current_thread() == self && thread_start(self) < 0;
    error_clear();
    *(bool *)arg = right;
    return NULL;
}

static void test_foreign_thread(void **state) {
    (void)state;
    bool right = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, foreign, &right), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
}

static void test_enumerate(void **state) {
    (void)state;
    Event event;
    event_init(&event);
    assert_int_equal(threading_active_count(), 1);
    Thread *threads[3], *found[9] = {NULL};
    for (int i = 0; i < 3; i++)
        threads[i] = started(TARGET(wait_for_event), &event);
    assert_int_equal(threading_active_count(), 4);
    assert_int_equal(threading_enumerate(found, 2), 4);
    thread_decref(found[1]);
    assert_null(found[2]);
    assert_int_equal(threading_enumerate(found, 9), 4);
    assert_ptr_equal(found[0], threading_main_thread());
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(found[i + 1], threads[i]);
        assert_int_equal(thread_join(found[i + 1], 0), 0);
        assert_int_equal(thread_join(found[i + 1], -1), 0); // as 0, not as forever
        assert_int_equal(thread_join(found[i + 1], 1e10), -1);
        assert_error(OverflowError, "timestamp out of range for platform time_t");
        assert_true(thread_is_alive(found[i + 1]));
        thread_decref(found[i + 1]);
    }
    event_set(&event);
    for (int i = 0; i < 3; i++)
        finished(threads[i]);
    assert_int_equal(threading_active_count(), 1);
}

static int fail_with_key_error(void *arg) {
    (void)arg;
    return error_set(KeyError, "'x'");
}

static char told[512];

static void tell(Thread *thread, const Error *error) {
    snprintf(told, sizeof told, "%.99s: %s: %s", thread_name(thread), error_name(error->type),
             error->message);
}

static void test_excepthook(void **state) {
    (void)state;
    threading_set_excepthook(tell);
    Thread *thread = thread_new("unlucky", TARGET(fail_with_key_error), NULL);
    assert_int_equal(thread_start(thread), 0);
    finished(thread);
    assert_string_equal(told, "unlucky: KeyError: 'x'");
    assert_false(error_occurred());
    threading_set_excepthook(NULL);
}

/* The references: dropped before the thread ends, after, by itself, and without a join. */
static void test_dropped_while_it_runs(void **state) {
    (void)state;
    long blocks = testing_blocks();
    for (int i = 0; i < 50; i++) {
        Event event;
        event_init(&event);
        Thread *thread = started(TARGET(wait_for_event), &event);
        Thread *kept = i % 2 ? thread_incref(thread) : NULL;
        thread_decref(thread);
        event_set(&event);
        while (threading_active_count() > 1)
            sched_yield();
        if (kept) thread_decref(kept);
    }
    while (testing_blocks() > blocks) // its last instructions free it
        sched_yield();
    assert_int_equal(testing_blocks(), blocks);
}

static int join_it(void *thread) {
    return thread_join(thread, FOREVER);
}

static int join_it_in_time(void *thread) {
    return thread_join(thread, 1e6);
}

static void test_many_join_one(void **state) {
    (void)state;
    Event event;
    event_init(&event);
    Thread *thread = started(TARGET(wait_for_event), &event), *joiners[6];
    for (int i = 0; i < 6; i++)
        joiners[i] =
            i % 2 ? started(TARGET(join_it), thread) : started(TARGET(join_it_in_time), thread);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(thread_join(joiners[i], 0.0001), 0);
        assert_true(thread_is_alive(joiners[i]));
    }
    event_set(&event);
    for (int i = 0; i < 6; i++)
        finished(joiners[i]);
    finished(thread);
}

/* ---- The end of the program ------------------------------------------------------------------*/

static atomic_int ended;
static Event never;

static int end_later(void *arg) {
    thread_join(threading_main_thread(), FOREVER); // until threading_shutdown()
    if (arg) {                                     // and that waits for what is started only now
        thread_decref(started(TARGET(end_later), NULL));
    }
    atomic_fetch_add(&ended, 1);
    return 0;
}

static void test_shutdown(void **state) {
    (void)state;
    fflush(stdout);
    pid_t child = fork(); // with one thread running: this one
    assert_true(child >= 0);
    if (child == 0) {
        event_init(&never);
        Thread *daemon = thread_new(NULL, TARGET(wait_for_event), &never);
        thread_set_daemon(daemon, true);
        thread_start(daemon);
        Thread *joined = started(TARGET(end_later), &ended);
        thread_decref(started(TARGET(end_later), NULL));
        threading_shutdown();
        bool right = atomic_load(&ended) == 3 && thread_is_alive(daemon) &&
                     !thread_is_alive(joined) && !thread_is_alive(threading_main_thread());
        threading_shutdown(); // once more: nothing to do
        event_set(&never);
        thread_join(daemon, FOREVER);
        thread_join(joined, FOREVER);
        thread_decref(daemon);
        thread_decref(joined);
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- Without memory, without threads ---------------------------------------------------------*/

static void test_every_allocation_fails(void **state) {
    (void)state;
    const char *names[] = {NULL, "a name"};
    long blocks = testing_blocks();
    for (int i = 0; i < 2; i++) {
        for (long n = 0; n < 2; n++) {
            testing_fail_at(n);
            Thread *thread = thread_new(names[i], TARGET(do_nothing), NULL);
            testing_fail_at(-1);
            assert_null(thread);
            assert_error(MemoryError, "");
            assert_int_equal(testing_blocks(), blocks);
        }
    }
    testing_fail_at(1);
    assert_null(thread_new(NULL, (ThreadTarget){NULL, NULL}, NULL));
    assert_error(MemoryError, "");
    testing_fail_at(-1);
    Thread *thread = thread_new("old", TARGET(do_nothing), NULL);
    testing_fail_at(0);
    assert_int_equal(thread_set_name(thread, "new"), -1);
    assert_int_equal(thread_start(thread), 0); // nothing but thread_new() allocates
    assert_int_equal(thread_join(thread, FOREVER), 0);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_string_equal(thread_name(thread), "old");
    thread_decref(thread);
    assert_int_equal(testing_blocks(), blocks);
}

static void assert_not_started(Thread *thread) {
    assert_int_equal(thread_start(thread), -1);
    assert_error(RuntimeError, "can't start new thread");
    assert_false(thread_is_alive(thread));
    assert_int_equal(threading_active_count(), 1);
    assert_int_equal(thread_join(thread, FOREVER), -1);
    assert_error(RuntimeError, "cannot join thread before it is started");
    assert_int_equal(thread_set_daemon(thread, true), 0);
}

static void test_no_thread_to_give(void **state) {
    (void)state;
    long blocks = testing_blocks();
    Thread *thread = thread_new(NULL, TARGET(do_nothing), NULL);
    testing_fail_from("pthread_create", 0, EAGAIN);
    for (int i = 0; i < 3; i++)
        assert_not_started(thread);
    Thread *another = thread_new(NULL, TARGET(do_nothing), NULL);
    assert_not_started(another);
    thread_decref(another);
    testing_fail(NULL, 0, 0);
    assert_int_equal(thread_start(thread), 0); // a second chance
    finished(thread);
    assert_int_equal(testing_blocks(), blocks);
}

static void test_stack_size(void **state) {
    (void)state;
    assert_int_equal(threading_stack_size(-1), -1);
    assert_error(ValueError, "size must be 0 or a positive value");
    assert_int_equal(threading_stack_size(32767), -1);
    assert_error(ValueError, "size not valid: 32767 bytes");
    assert_int_equal(threading_stack_size(32768), 0);
    assert_int_equal(threading_stack_size((ssize_t)1 << 47),
                     32768); // more than there are addresses
    Thread *thread = thread_new(NULL, TARGET(do_nothing), NULL);
    assert_not_started(thread);
    assert_int_equal(threading_stack_size(1 << 20), (ssize_t)1 << 47);
    assert_int_equal(thread_start(thread), 0);
    finished(thread);
    assert_int_equal(threading_stack_size(0), 1 << 20);
}

/* ---- A storm of signals ----------------------------------------------------------------------*/

static atomic_int signals;

static void count_signal(int number) {
    (void)number;
    atomic_fetch_add_explicit(&signals, 1, memory_order_relaxed);
}

/* SIGALRM every 100 microseconds, to this thread: threads started meanwhile block it. */
static void storm(bool on) {
    struct sigaction action = {.sa_handler = on ? count_signal : SIG_IGN}; // no SA_RESTART
    struct itimerval every = {.it_interval.tv_usec = on ? 100 : 0,
                              .it_value.tv_usec = on ? 100 : 0};
    sigaction(SIGALRM, &action, NULL);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void until_signalled(int count) {
    for (int until = atomic_load(&signals) + count; atomic_load(&signals) < until;)
        sched_yield();
}

typedef struct {
    Lock lock;
    Condition condition;
    Event event, end;
    Semaphore semaphore;
} Weather;

/* Lets the main thread have what it waits for, one after the other, each after 20 signals. */
static int let_go(void *op) {
    Weather *self = op;
    until_signalled(20);
    lock_release(&self->lock);
    for (size_t waiting = 0; !waiting; sched_yield()) {
        condition_acquire(&self->condition, true, -1);
        waiting = condition_waiters(&self->condition);
        condition_release(&self->condition);
    }
    until_signalled(20);
    condition_acquire(&self->condition, true, -1);
    condition_notify(&self->condition, 1);
    until_signalled(20); // the main thread is woken, and waits for the lock
    condition_release(&self->condition);
    until_signalled(20);
    event_set(&self->event);
    until_signalled(20);
    semaphore_release(&self->semaphore, 1);
    until_signalled(20);
    return 0;
}

static void test_storm_of_signals(void **state) {
    (void)state;
    Weather weather = {.lock = {LOCKED}};
    condition_init(&weather.condition);
    event_init(&weather.event);
    semaphore_init(&weather.semaphore, 0);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    for (int timed = 0; timed < 2; timed++) {
        double timeout = timed ? 1e6 : FOREVER;
        pthread_sigmask(SIG_BLOCK, &alarm, NULL);
        Thread *thread = started(TARGET(let_go), &weather);
        storm(true);
        pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
        assert_int_equal(lock_acquire(&weather.lock, true, timeout), 1);
        condition_acquire(&weather.condition, true, -1);
        assert_int_equal(condition_wait(&weather.condition, timeout), 1);
        condition_release(&weather.condition);
        assert_int_equal(event_wait(&weather.event, timeout), 1);
        event_clear(&weather.event);
        assert_int_equal(semaphore_acquire(&weather.semaphore, true, timeout), 1);
        assert_int_equal(thread_join(thread, timeout), 0);
        assert_false(thread_is_alive(thread));
        uint64_t start = clock_now(); // and each time is waited out
        int before = atomic_load(&signals);
        assert_int_equal(lock_acquire(&weather.lock, true, 0.01), 0);
        assert_waited(start, 0.01);
        assert_int_equal(event_wait(&weather.event, 0.01), 0);
        assert_waited(start, 0.02);
        assert_int_equal(semaphore_acquire(&weather.semaphore, true, 0.01), 0);
        assert_waited(start, 0.03);
        assert_true(atomic_load(&signals) > before);
        storm(false);
        thread_decref(thread);
    }
}

/* ---- Random sequences against a simple model -------------------------------------------------*/

enum { STEPS = 20000, THREADS = 8, ROUNDS = 3000 };

static void test_random_against_model(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    Lock lock = {0};
    RLock rlock = {0};
    Semaphore semaphore, bounded;
    Event event;
    event_init(&event);
    semaphore_init(&semaphore, 3);
    bounded_semaphore_init(&bounded, 3);
    bool locked = false, flag = false;
    ssize_t count = 0, value = 3, places = 3;
    for (int i = 0; i < STEPS; i++) {
        uint64_t op = testing_random(&random, 12);
        ssize_t n = (ssize_t)testing_random(&random, 3);
        if (op == 0) {
            assert_int_equal(lock_acquire(&lock, n == 1, n == 1 ? 0 : -1), !locked);
            locked = true;
        } else if (op == 1) {
            assert_int_equal(lock_release(&lock), locked ? 0 : -1);
            locked = false;
        } else if (op == 2) {
            assert_int_equal(rlock_acquire(&rlock, n == 1, -1), 1);
            count++;
        } else if (op == 3) {
            assert_int_equal(rlock_release(&rlock), count ? 0 : -1);
            count -= count > 0;
        } else if (op == 4) {
            assert_int_equal(semaphore_acquire(&semaphore, n == 1, n == 1 ? 0 : FOREVER),
                             value > 0);
            value -= value > 0;
        } else if (op == 5) {
            assert_int_equal(semaphore_release(&semaphore, n), n > 0 ? 0 : -1);
            value += n;
        } else if (op == 6) {
            assert_int_equal(semaphore_acquire(&bounded, n == 1, n == 1 ? 0 : FOREVER), places > 0);
            places -= places > 0;
        } else if (op == 7) {
            bool fits = n > 0 && places + n <= 3;
            assert_int_equal(semaphore_release(&bounded, n), fits ? 0 : -1);
            places += fits ? n : 0;
        } else if (op == 8) {
            event_set(&event);
            flag = true;
        } else if (op == 9) {
            event_clear(&event);
            flag = false;
        } else if (op == 10) {
            assert_int_equal(event_wait(&event, 0), flag);
        } else {
            bool saved = rlock_is_owned(&rlock);
            unsigned long depth = saved ? rlock_release_save(&rlock) : 0;
            assert_int_equal(depth, count);
            assert_int_equal(rlock_release(&rlock), -1);
            if (saved) rlock_acquire_restore(&rlock, depth);
        }
        error_clear();
        assert_int_equal(lock_locked(&lock), locked);
        assert_int_equal(rlock.count, count);
        assert_int_equal(rlock_is_owned(&rlock), count > 0);
        assert_int_equal(semaphore.value, value);
        assert_int_equal(bounded.value, places);
        assert_int_equal(event_is_set(&event), flag);
    }
}

/* ---- Many threads ----------------------------------------------------------------------------*/

/* What they share: guarded by the lock alone, so that ThreadSanitizer sees it if it does not. */
typedef struct {
    Lock lock;
    RLock rlock;
    long locked, relocked;
} Shared;

static int contend(void *op) {
    Shared *shared = op;
    uint64_t random = threading_get_ident();
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t way = testing_random(&random, 4);
        while (lock_acquire(&shared->lock, way != 0, way == 1 ? 1e-6 : -1) != 1)
            ; // by trying, with a timeout that runs out, by waiting
        long before = shared->locked;
        if (i % 64 == 0) sched_yield();
        shared->locked = before + 1;
        if (lock_release(&shared->lock) < 0) return -1;
        while (rlock_acquire(&shared->rlock, way != 0, way == 1 ? 1e-6 : -1) != 1)
            ;
        if (rlock_acquire(&shared->rlock, true, -1) != 1) return -1;
        shared->relocked++;
        if (rlock_release(&shared->rlock) < 0) return -1;
        shared->relocked++;
        if (rlock_release(&shared->rlock) < 0) return -1;
    }
    return 0;
}

static atomic_int failures; // threads that ended with an error

static void count_failure(Thread *thread, const Error *error) {
    fprintf(stderr, "%s: %s\n", thread_name(thread), error->message);
    atomic_fetch_add(&failures, 1);
}

/* Runs THREADS of them, thread t with args + t * size, and expects no error from any. */
static void run_threads(ThreadTarget target, void *args, size_t size) {
    Thread *threads[THREADS];
    threading_set_excepthook(count_failure);
    for (int t = 0; t < THREADS; t++)
        threads[t] = started(target, size ? (char *)args + (size_t)t * size : args);
    for (int t = 0; t < THREADS; t++)
        finished(threads[t]);
    threading_set_excepthook(NULL);
    assert_int_equal(atomic_load(&failures), 0);
}

static void test_stress_locks(void **state) {
    (void)state;
    Shared shared = {.locked = 0};
    run_threads(TARGET(contend), &shared, 0);
    assert_int_equal(shared.locked, THREADS * ROUNDS);
    assert_int_equal(shared.relocked, 2 * THREADS * ROUNDS);
    assert_false(lock_locked(&shared.lock));
    assert_false(rlock_is_owned(&shared.rlock));
}

/* A buffer of 4 between 4 producers and 4 consumers: every item arrives once, each producer's in
 * order. */
typedef struct {
    Condition not_full, not_empty; // over one lock
    Lock lock;
    int items[4], size, taken;
    int last[THREADS]; // of each producer: the last item seen
    bool in_order;
} Buffer;

typedef struct {
    Buffer *buffer;
    int number;
} Party;

static int has_room(void *buffer) {
    return ((Buffer *)buffer)->size < 4;
}

static int has_item(void *buffer) {
    return ((Buffer *)buffer)->size > 0;
}

static void produce(Buffer *buffer, int item) {
    lock_acquire(&buffer->lock, true, -1);
    while (condition_wait_for(&buffer->not_full, has_room, buffer, item % 3 ? FOREVER : 1e-5) == 0)
        ;
    buffer->items[buffer->size++] = item;
    condition_notify(&buffer->not_empty, 1);
    lock_release(&buffer->lock);
}

static void consume(Buffer *buffer) {
    lock_acquire(&buffer->lock, true, -1);
    while (condition_wait_for(&buffer->not_empty, has_item, buffer,
                              buffer->taken % 3 ? FOREVER : 1e-5) == 0)
        ;
    int item = buffer->items[0], producer = item / 100000;
    memmove(buffer->items, buffer->items + 1, (size_t)--buffer->size * sizeof item);
    buffer->in_order = buffer->in_order && item == buffer->last[producer] + 1;
    buffer->last[producer] = item;
    buffer->taken++;
    condition_notify(&buffer->not_full, 1);
    lock_release(&buffer->lock);
}

static int take_part(void *op) {
    Party *self = op;
    for (int i = 0; i < ROUNDS; i++) {
        if (self->number % 2) {
            consume(self->buffer);
        } else {
            produce(self->buffer, self->number * 100000 + i);
        }
    }
    return 0;
}

static void test_stress_condition(void **state) {
    (void)state;
    Buffer buffer = {.size = 0, .in_order = true};
    condition_init_lock(&buffer.not_full, &buffer.lock);
    condition_init_lock(&buffer.not_empty, &buffer.lock);
    Party parties[THREADS];
    for (int t = 0; t < THREADS; t++) {
        parties[t] = (Party){&buffer, t};
        buffer.last[t] = t * 100000 - 1;
    }
    run_threads(TARGET(take_part), parties, sizeof parties[0]);
    assert_true(buffer.in_order);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.taken, THREADS / 2 * ROUNDS);
    assert_null(buffer.not_full.first);
    assert_null(buffer.not_empty.last);
}

/* Half of them wait, often with a timeout that runs out; half notify. Who is notified must say so:
 * a wake-up is neither lost, nor doubled, nor taken by one who says that it gave up. */
typedef struct {
    Condition condition;
    long notified, woken, waiting;
} Tally;

typedef struct {
    Tally *tally;
    bool waits;
} TallyParty;

static int keep_tally(void *op) {
    TallyParty *self = op;
    Tally *tally = self->tally;
    condition_acquire(&tally->condition, true, -1);
    for (int i = 0; i < ROUNDS; i++) {
        if (self->waits) {
            tally->woken += condition_wait(&tally->condition, 1e-6 * (i % 50));
        } else {
            size_t before = condition_waiters(&tally->condition);
            condition_notify(&tally->condition, i % 3);
            tally->notified += (long)(before - condition_waiters(&tally->condition));
            condition_release(&tally->condition);
            sched_yield();
            condition_acquire(&tally->condition, true, -1);
        }
    }
    return condition_release(&tally->condition);
}

static void test_stress_wake_ups(void **state) {
    (void)state;
    Tally tally = {.notified = 0};
    condition_init(&tally.condition);
    TallyParty parties[THREADS];
    for (int t = 0; t < THREADS; t++)
        parties[t] = (TallyParty){&tally, t % 2 == 0};
    run_threads(TARGET(keep_tally), parties, sizeof parties[0]);
    assert_int_equal(tally.notified, tally.woken);
    assert_true(tally.woken > 0);
    assert_int_equal(condition_waiters(&tally.condition), 0);
}

/* A relay: thread t waits for event t and sets event t + 1, ROUNDS times round. */
typedef struct {
    Event *events;
    int number;
    long *laps; // unguarded: whoever has been woken by the event before is alone
} Runner;

static int run_relay(void *op) {
    Runner *self = op;
    for (int i = 0; i < ROUNDS / 4; i++) {
        if (event_wait(&self->events[self->number], FOREVER) != 1) return -1;
        event_clear(&self->events[self->number]);
        ++*self->laps;
        event_set(&self->events[(self->number + 1) % THREADS]);
    }
    return 0;
}

static void test_stress_event(void **state) {
    (void)state;
    Event events[THREADS];
    Runner runners[THREADS];
    long laps = 0;
    for (int t = 0; t < THREADS; t++) {
        event_init(&events[t]);
        runners[t] = (Runner){events, t, &laps};
    }
    event_set(&events[0]);
    run_threads(TARGET(run_relay), runners, sizeof runners[0]);
    assert_int_equal(laps, THREADS * (ROUNDS / 4));
    assert_true(event_is_set(&events[0]));
}

typedef struct {
    Semaphore semaphore;
    atomic_int inside, most;
} Room;

static int visit(void *op) {
    Room *room = op;
    for (int i = 0; i < ROUNDS; i++) {
        while (semaphore_acquire(&room->semaphore, true, i % 3 ? FOREVER : 1e-6) != 1)
            ;
        int inside = atomic_fetch_add(&room->inside, 1) + 1;
        for (int most = atomic_load(&room->most); most < inside;)
            atomic_compare_exchange_weak(&room->most, &most, inside);
        if (i % 16 == 0) sched_yield();
        atomic_fetch_sub(&room->inside, 1);
        if (semaphore_release(&room->semaphore, 1) < 0) return -1;
    }
    return 0;
}

static void test_stress_semaphore(void **state) {
    (void)state;
    Room room = {.inside = 0};
    bounded_semaphore_init(&room.semaphore, 3);
    run_threads(TARGET(visit), &room, 0);
    assert_true(atomic_load(&room.most) <= 3);
    assert_int_equal(room.semaphore.value, 3);
}

static int start_and_drop(void *arg) {
    (void)arg;
    for (int i = 0; i < 40; i++) {
        Thread *thread = started(TARGET(do_nothing), NULL);
        if (i % 2 && thread_join(thread, i % 3 ? FOREVER : 1e-5) < 0) return -1;
        thread_decref(thread);
    }
    return 0;
}

static void test_stress_threads(void **state) {
    (void)state;
    long blocks = testing_blocks();
    run_threads(TARGET(start_and_drop), NULL, 0);
    while (threading_active_count() > 1 || testing_blocks() > blocks)
        sched_yield();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_timeouts_out_of_range),
        cmocka_unit_test(test_timeouts_are_not_cut_short),
        cmocka_unit_test(test_rlock),
        cmocka_unit_test(test_condition_wakes_in_order),
        cmocka_unit_test(test_condition_gives_up),
        cmocka_unit_test(test_condition_notified_late),
        cmocka_unit_test(test_condition_needs_its_lock),
        cmocka_unit_test(test_condition_restores_the_count),
        cmocka_unit_test(test_condition_wait_for),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_semaphore),
        cmocka_unit_test(test_thread_life),
        cmocka_unit_test(test_thread_names),
        cmocka_unit_test(test_daemon_is_inherited),
        cmocka_unit_test(test_foreign_thread),
        cmocka_unit_test(test_enumerate),
        cmocka_unit_test(test_excepthook),
        cmocka_unit_test(test_many_join_one),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_no_thread_to_give),
        cmocka_unit_test(test_stack_size),
        cmocka_unit_test(test_storm_of_signals),
        cmocka_unit_test(test_random_against_model),
        cmocka_unit_test(test_stress_locks),
        cmocka_unit_test(test_stress_condition),
        cmocka_unit_test(test_stress_wake_ups),
        cmocka_unit_test(test_stress_event),
        cmocka_unit_test(test_stress_semaphore),
        cmocka_unit_test(test_dropped_while_it_runs), // a sleeper's last look must be over: after
        cmocka_unit_test(test_stress_threads),        // these two nothing forks
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
