/* test.c: locks and threads against their rules, a simple model, a storm of signals, a system that
 * has no thread to give, and one another.
 *
 * No test relies on a sleep being long enough: what must have happened is waited for. A timeout is
 * only ever checked for not being too short. An error that ends a thread fails its test.
 */
#include "../threading.h"

#include "../../../common/proof/testing.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

TESTING_CALL(int, pthread_create,
             (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *),
              void *arg),
             (thread, attributes, run, arg), errno)

#define TEST(name) static void name(__attribute__((unused)) void **state)

#define assert_fails(call, type, message)                                                          \
    do {                                                                                           \
        assert_int_equal(call, -1);                                                                \
        assert_error(type, message);                                                               \
    } while (0)

#define until(expression)                                                                          \
    while (!(expression))                                                                          \
    sched_yield()

static atomic_int failures; // threads that ended with an error

static void count_failure(Thread *thread, const Error *error) {
    fprintf(stderr, "%s: %s\n", thread_name(thread), error->message);
    atomic_fetch_add(&failures, 1);
}

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
    assert_int_equal(atomic_load(&failures), 0);
}

static int do_nothing(void *arg) {
    (void)arg;
    return 0;
}

/* How many are in the condition's queue. */
static size_t waiting_in(Condition *condition) {
    condition_acquire(condition, true, -1);
    size_t waiting = condition_waiters(condition);
    condition_release(condition);
    return waiting;
}

/* Nanoseconds since `start` are at least these seconds. */
static void assert_waited(uint64_t start, double seconds) {
    assert_true((double)(clock_now() - start) >= seconds * 1e9);
}

/* One of each that can be waited for, and a wait for one of them. */
typedef struct {
    Lock lock;
    Condition condition;
    Event event;
    Semaphore semaphore;
} Things;

enum { A_LOCK, A_CONDITION, AN_EVENT, A_SEMAPHORE, KINDS };

static void none_to_be_had(Things *self) {
    self->lock = (Lock){LOCKED};
    condition_init(&self->condition);
    event_init(&self->event);
    semaphore_init(&self->semaphore, 0);
}

static int wait_for_one(Things *self, int kind, double timeout) {
    if (kind == A_LOCK) return lock_acquire(&self->lock, true, timeout);
    if (kind == AN_EVENT) return event_wait(&self->event, timeout);
    if (kind == A_SEMAPHORE) return semaphore_acquire(&self->semaphore, true, timeout);
    condition_acquire(&self->condition, true, -1);
    int status = condition_wait(&self->condition, timeout);
    condition_release(&self->condition);
    return status;
}

/* ---- Lock ------------------------------------------------------------------------------------*/

static int release_it(void *lock) {
    return lock_release(lock);
}

TEST(test_lock) {
    const struct {
        bool blocking;
        double timeout;
    } takes[] = {{true, -1},  {true, FOREVER}, {true, 0}, {true, 1e6}, {true, TIMEOUT_MAX + 0.5},
                 {false, -1}, {false, FOREVER}},
      tries[] = {{false, -1}, {false, FOREVER}, {true, 0}, {true, 1e-12}};
    Lock lock;
    lock_init(&lock);
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        assert_false(lock_locked(&lock));
        assert_fails(lock_release(&lock), RuntimeError, "release unlocked lock");
        assert_int_equal(lock_acquire(&lock, takes[i].blocking, takes[i].timeout), 1);
        assert_true(lock_locked(&lock));
        for (size_t k = 0; k < sizeof tries / sizeof tries[0]; k++)
            assert_int_equal(lock_acquire(&lock, tries[k].blocking, tries[k].timeout), 0);
        if (i % 2) {
            assert_int_equal(lock_release(&lock), 0);
        } else {
            finished(started(TARGET(release_it), &lock)); // by another thread
        }
    }
}

TEST(test_timeouts_out_of_range) {
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
        assert_fails(lock_acquire(&lock, cases[i].blocking, cases[i].timeout), cases[i].type,
                     cases[i].message);
        assert_false(lock_locked(&lock));
        for (int held = 0; held < 2; held++) { // also where its owner would get it at once
            assert_fails(rlock_acquire(&rlock, cases[i].blocking, cases[i].timeout), cases[i].type,
                         cases[i].message);
            assert_int_equal(rlock_acquire(&rlock, true, -1), 1);
        }
        assert_int_equal(rlock.count, 2);
    }
    Things things;
    none_to_be_had(&things);
    for (int kind = 0; kind < KINDS; kind++) // nor does what waits with a lock take it
        assert_fails(wait_for_one(&things, kind, 1e10), OverflowError, no_time);
    assert_int_equal(waiting_in(&things.condition) + waiting_in(&things.event.cond), 0);
}

TEST(test_timeouts_are_not_cut_short) {
    Things things;
    none_to_be_had(&things);
    for (int kind = 0; kind < KINDS; kind++) {
        for (double timeout = 0.001; timeout < 0.03; timeout *= 3) {
            uint64_t start = clock_now();
            assert_int_equal(wait_for_one(&things, kind, timeout), 0);
            assert_waited(start, timeout);
        }
    }
    for (uint64_t second = clock_now() / 1000000000; clock_now() / 1000000000 == second;) {
        uint64_t start = clock_now(); // once with a deadline in the next second
        assert_int_equal(lock_acquire(&things.lock, true, 0.004), 0);
        assert_waited(start, 0.004);
    }
    assert_int_equal(lock_release(&things.lock), 0); // a waiter that gave up leaves it usable
    assert_int_equal(lock_acquire(&things.lock, false, -1), 1);
}

/* ---- RLock -----------------------------------------------------------------------------------*/

typedef struct {
    RLock *rlock;
    int acquired, owned, released;
} RLockTry;

static int try_rlock(void *op) {
    RLockTry *self = op;
    self->acquired = rlock_acquire(self->rlock, false, -1);
    self->owned = rlock_is_owned(self->rlock);
    self->released = rlock_release(self->rlock);
    error_clear();
    return 0;
}

/* Another thread gets it if it is free, and does not own or release it if not. */
static void assert_free_to_others(RLock *rlock, bool free_one) {
    RLockTry other = {rlock, 9, 9, 9};
    finished(started(TARGET(try_rlock), &other));
    assert_int_equal(other.acquired, free_one);
    assert_int_equal(other.owned, free_one);
    assert_int_equal(other.released, free_one ? 0 : -1);
}

TEST(test_rlock) {
    static const char unowned[] = "cannot release un-acquired lock";
    RLock rlock;
    rlock_init(&rlock);
    assert_fails(rlock_release(&rlock), RuntimeError, unowned);
    assert_int_equal(rlock_release_save(&rlock), 0);
    assert_error(RuntimeError, unowned);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(rlock_acquire(&rlock, i == 2, i == 3 ? FOREVER : -1), 1);
        assert_int_equal(rlock.count, i);
    }
    assert_free_to_others(&rlock, false);
    assert_int_equal(rlock_release_save(&rlock), 3);
    assert_false(rlock_is_owned(&rlock));
    assert_free_to_others(&rlock, true);
    rlock_acquire_restore(&rlock, ULONG_MAX);
    assert_fails(rlock_acquire(&rlock, true, -1), OverflowError, "Internal lock count overflowed");
    rlock.count = 2;
    for (int left = 1; left >= 0; left--) {
        assert_int_equal(rlock_release(&rlock), 0);
        assert_int_equal(rlock_is_owned(&rlock), left > 0);
        assert_free_to_others(&rlock, left == 0);
    }
    assert_fails(rlock_release(&rlock), RuntimeError, unowned);
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
    double timeout;
    int status;
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

static int woken_from(Queue *queue) {
    condition_acquire(&queue->condition, true, -1);
    int woken = queue->woken_count;
    condition_release(&queue->condition);
    return woken;
}

static void notify(Condition *condition, ssize_t n) {
    condition_acquire(condition, true, -1);
    assert_int_equal(condition_notify(condition, n), 0);
    condition_release(condition);
}

TEST(test_condition_wakes_in_order) {
    Lock lock = {0};
    RLock rlock = {0};
    for (int kind = 0; kind < 3; kind++) {
        Queue queue = {.woken_count = 0};
        if (kind == 0) condition_init(&queue.condition);
        if (kind == 1) condition_init_lock(&queue.condition, &lock);
        if (kind == 2) condition_init_rlock(&queue.condition, &rlock);
        Thread *threads[7];
        QueueWaiter waiters[7];
        for (int i = 0; i < 7; i++) {
            waiters[i] = (QueueWaiter){&queue, i, i % 2 ? FOREVER : 1e6, -2};
            threads[i] = started(TARGET(wait_in_queue), &waiters[i]);
            until(waiting_in(&queue.condition) == (size_t)i + 1);
        }
        const ssize_t groups[] = {0, -1, 1, 1, 1, 2}; // whom each notify() wakes
        int woken = 0;
        for (int g = 0; g < 6; g++) {
            notify(&queue.condition, groups[g]);
            woken += groups[g] > 0 ? (int)groups[g] : 0;
            until(woken_from(&queue) == woken);
            assert_int_equal(waiting_in(&queue.condition), 7 - woken);
        }
        condition_acquire(&queue.condition, true, -1);
        assert_int_equal(condition_notify_all(&queue.condition), 0);
        condition_release(&queue.condition);
        for (int i = 0; i < 7; i++) {
            finished(threads[i]);
            assert_int_equal(waiters[i].status, 1);
        }
        for (int i = 0; i < 3; i++)
            assert_int_equal(queue.woken[i], i);
        assert_int_equal(queue.woken[3] + queue.woken[4], 3 + 4); // in either order
        assert_int_equal(queue.woken[5] + queue.woken[6], 5 + 6);
        notify(&queue.condition, 3); // nobody is there: nothing is saved up
        condition_acquire(&queue.condition, true, -1);
        assert_int_equal(condition_wait(&queue.condition, 0), 0);
        condition_release(&queue.condition);
    }
}

/* One who gives up leaves the queue, wherever in it: first, in the middle, last. */
TEST(test_condition_gives_up) {
    for (int patient = 0; patient < 8; patient++) {
        Queue queue = {.woken_count = 0};
        condition_init(&queue.condition);
        Thread *threads[3];
        QueueWaiter waiters[3];
        int staying = 0;
        condition_acquire(&queue.condition, true, -1);
        for (int i = 0; i < 3; i++) {
            bool stays = patient >> i & 1;
            waiters[i] = (QueueWaiter){&queue, i, stays ? FOREVER : 0.002, -2};
            staying += stays;
            threads[i] = started(TARGET(wait_in_queue), &waiters[i]);
        }
        condition_release(&queue.condition);
        until(woken_from(&queue) == 3 - staying);
        until(waiting_in(&queue.condition) == (size_t)staying);
        notify(&queue.condition, 3);
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
TEST(test_condition_notified_late) {
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
    until(atomic_load(&lock.state) == CONTENDED); // its time is over, it wants the lock
    assert_int_equal(condition_waiters(&condition), 1);
    condition_notify(&condition, 1);
    condition_release(&condition);
    finished(thread);
    assert_int_equal(brief_status, 1);
}

static int take_and_give_back(void *condition) {
    notify(condition, 1);
    return 0;
}

TEST(test_condition_restores_the_count) {
    Condition condition;
    condition_init(&condition);
    for (int i = 0; i < 3; i++)
        condition_acquire(&condition, true, -1);
    Thread *thread = started(TARGET(take_and_give_back), &condition);
    for (int notified = 1; notified >= 0; notified--) { // all three are given up meanwhile
        assert_int_equal(condition_wait(&condition, notified ? FOREVER : 0.001), notified);
        assert_int_equal(condition.own.count, 3);
        assert_true(rlock_is_owned(&condition.own));
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(condition_release(&condition), 0);
    finished(thread);
}

static int countdown(void *arg) {
    int *n = arg;
    return --*n == 0 ? 7 : 0;
}

static int fail_with_key_error(void *arg) {
    (void)arg;
    return error_set(KeyError, "'x'");
}

TEST(test_condition_wait_for) {
    Condition condition;
    condition_init(&condition);
    int n = 1;
    assert_int_equal(condition_wait_for(&condition, countdown, &n, FOREVER), 7); // no lock needed
    n = 9;
    assert_fails(condition_wait_for(&condition, countdown, &n, 1), RuntimeError,
                 "cannot wait on un-acquired lock");
    condition_acquire(&condition, true, -1);
    assert_fails(condition_wait_for(&condition, fail_with_key_error, NULL, 1), KeyError, "'x'");
    assert_int_equal(condition_wait(&condition, (double)NAN), 0); // no time at all is none
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

/* A clear() right after the set(): they were woken all the same. */
TEST(test_event_cleared_at_once) {
    Event event;
    event_init(&event);
    for (int round = 0; round < 20; round++) {
        Thread *threads[5];
        for (int i = 0; i < 5; i++)
            threads[i] = started(TARGET(wait_for_event), &event);
        until(waiting_in(&event.cond) == 5);
        event_set(&event);
        event_clear(&event);
        for (int i = 0; i < 5; i++)
            finished(threads[i]);
        assert_false(event_is_set(&event));
    }
}

TEST(test_semaphore_bounds) {
    Semaphore semaphore;
    assert_int_equal(semaphore_init(&semaphore, 2), 0);
    assert_int_equal(semaphore_release(&semaphore, 1), 0);
    assert_fails(semaphore_release(&semaphore, PTRDIFF_MAX), OverflowError,
                 "semaphore value is too large");
    assert_int_equal(semaphore.value, 3);
    assert_false(lock_locked(&semaphore.lock));
    assert_int_equal(bounded_semaphore_init(&semaphore, 0), 0);
    assert_fails(semaphore_release(&semaphore, 1), ValueError, "Semaphore released too many times");
    assert_int_equal(semaphore_acquire(&semaphore, true, -3), 0);
}

static int take_a_place(void *semaphore) {
    return semaphore_acquire(semaphore, true, FOREVER) == 1 ? 0 : -1;
}

/* As many as there are places: a release(3) lets three in, a fourth still waits. */
TEST(test_semaphore_lets_n_in) {
    Semaphore semaphore;
    semaphore_init(&semaphore, 0);
    Thread *threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = started(TARGET(take_a_place), &semaphore);
    until(waiting_in(&semaphore.cond) == 4);
    assert_int_equal(semaphore_release(&semaphore, 3), 0);
    until(threading_active_count() == 2); // this thread and the fourth
    assert_int_equal(waiting_in(&semaphore.cond), 1);
    assert_int_equal(semaphore_release(&semaphore, 1), 0);
    for (int i = 0; i < 4; i++)
        finished(threads[i]);
    assert_int_equal(semaphore.value, 0);
}

/* ---- Thread ----------------------------------------------------------------------------------*/

static void *foreign(void *arg) {
    Thread *self = threading_current_thread();
    bool right = strncmp(thread_name(self), "Dummy-", 6) == 0 && thread_is_alive(self) &&
                 thread_daemon(self) && thread_ident(self) == threading_get_ident() &&
                 threading_current_thread() == self && thread_start(self) < 0;
    error_clear();
    *(bool *)arg = right;
    return NULL;
}

TEST(test_foreign_thread) {
    bool right = false;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, foreign, &right), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
}

TEST(test_enumerate) {
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
        assert_fails(thread_join(threads[i], 1e10), OverflowError,
                     "timestamp out of range for platform time_t");
        assert_true(thread_is_alive(threads[i]));
        thread_decref(found[i + 1]);
    }
    event_set(&event);
    for (int i = 0; i < 3; i++)
        finished(threads[i]);
    assert_int_equal(threading_active_count(), 1);
}

static char told[512];
static atomic_int dropped;

static void tell(Thread *thread, const Error *error) {
    snprintf(told, sizeof told, "%.99s: %s: %s", thread_name(thread), error_name(error->type),
             error->message);
}

static void drop(void *count) {
    atomic_fetch_add((atomic_int *)count, 1);
}

static int fail_with_a_value(void *arg) {
    error_restore((Error){KeyError, "'x'", arg, drop});
    return -1;
}

TEST(test_excepthook) {
    threading_set_excepthook(tell);
    Thread *thread = thread_new("unlucky", TARGET(fail_with_a_value), &dropped);
    assert_int_equal(thread_start(thread), 0);
    finished(thread);
    assert_string_equal(told, "unlucky: KeyError: 'x'");
    assert_int_equal(atomic_load(&dropped), 1); // the thread's error has gone with it
    assert_false(error_occurred());
    threading_set_excepthook(count_failure);
}

/* The references: dropped before the thread ends, after, by itself, and without a join. */
TEST(test_dropped_while_it_runs) {
    long blocks = testing_blocks();
    for (int i = 0; i < 50; i++) {
        Event event;
        event_init(&event);
        Thread *thread = started(TARGET(wait_for_event), &event);
        Thread *kept = i % 2 ? thread_incref(thread) : NULL;
        thread_decref(thread);
        event_set(&event);
        until(threading_active_count() == 1);
        if (kept) thread_decref(kept);
    }
    until(testing_blocks() == blocks); // its last instructions free it
}

static int join_it(void *thread) {
    return thread_join(thread, FOREVER);
}

static int join_it_in_time(void *thread) {
    return thread_join(thread, 1e6);
}

TEST(test_many_join_one) {
    Event event;
    event_init(&event);
    const ThreadTarget ways[] = {TARGET(join_it_in_time), TARGET(join_it)};
    Thread *thread = started(TARGET(wait_for_event), &event), *joiners[6];
    for (int i = 0; i < 6; i++)
        joiners[i] = started(ways[i % 2], thread);
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

TEST(test_shutdown) {
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

TEST(test_every_allocation_fails) {
    const char *names[] = {NULL, "a name", NULL};
    const ThreadTarget targets[] = {TARGET(do_nothing), TARGET(do_nothing), {NULL, NULL}};
    long blocks = testing_blocks();
    for (int i = 0; i < 3; i++) {
        for (long n = 0; n < 2; n++) {
            testing_fail_at(n);
            assert_null(thread_new(names[i], targets[i], NULL));
            testing_fail_at(-1);
            assert_error(MemoryError, "");
            assert_int_equal(testing_blocks(), blocks);
        }
    }
    Thread *thread = thread_new("old", TARGET(do_nothing), NULL);
    testing_fail_at(0);
    assert_int_equal(thread_set_name(thread, "new"), -1);
    assert_int_equal(thread_start(thread), 0); // nothing but thread_new() allocates
    assert_int_equal(thread_join(thread, FOREVER), 0);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_string_equal(thread_name(thread), "old");
    Thread *both[] = {thread, threading_main_thread()}; // one name was allocated, one was not
    for (int i = 0; i < 4; i++) {
        assert_int_equal(thread_set_name(both[i % 2], "new"), 0);
        assert_string_equal(thread_name(both[i % 2]), "new");
    }
    thread_decref(thread);
    assert_int_equal(testing_blocks(), blocks + 1); // the main thread's name
}

static void assert_not_started(Thread *thread) {
    assert_fails(thread_start(thread), RuntimeError, "can't start new thread");
    assert_false(thread_is_alive(thread));
    assert_int_equal(threading_active_count(), 1);
    assert_fails(thread_join(thread, FOREVER), RuntimeError,
                 "cannot join thread before it is started");
    assert_int_equal(thread_set_daemon(thread, true), 0);
}

TEST(test_no_thread_to_give) {
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

/* Lets the main thread have what it waits for, one after the other, each after 20 signals. */
static int let_go(void *op) {
    Things *self = op;
    until_signalled(20);
    lock_release(&self->lock);
    until(waiting_in(&self->condition) == 1);
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

TEST(test_storm_of_signals) {
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    for (int timed = 0; timed < 2; timed++) {
        Things things;
        none_to_be_had(&things);
        double timeout = timed ? 1e6 : FOREVER;
        pthread_sigmask(SIG_BLOCK, &alarm, NULL);
        Thread *thread = started(TARGET(let_go), &things);
        storm(true);
        pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
        for (int kind = 0; kind < KINDS; kind++)
            assert_int_equal(wait_for_one(&things, kind, timeout), 1);
        assert_int_equal(thread_join(thread, timeout), 0);
        finished(thread);
        int before = atomic_load(&signals);
        none_to_be_had(&things);
        for (int kind = 0; kind < KINDS; kind++) { // and each time is waited out
            uint64_t start = clock_now();
            assert_int_equal(wait_for_one(&things, kind, 0.01), 0);
            assert_waited(start, 0.01);
        }
        assert_true(atomic_load(&signals) > before);
        storm(false);
    }
}

/* ---- Random sequences against a simple model -------------------------------------------------*/

enum { STEPS = 20000, THREADS = 8, ROUNDS = 3000 };

TEST(test_random_against_model) {
    uint64_t random = testing_seed();
    Lock lock = {0};
    RLock rlock = {0};
    Event event;
    Semaphore semaphores[2]; // the second one is bounded
    event_init(&event);
    semaphore_init(&semaphores[0], 3);
    bounded_semaphore_init(&semaphores[1], 3);
    bool locked = false, flag = false;
    ssize_t count = 0, values[] = {3, 3};
    for (int i = 0; i < STEPS; i++) {
        uint64_t op = testing_random(&random, 10), which = testing_random(&random, 2);
        ssize_t n = (ssize_t)testing_random(&random, 3);
        bool blocking = n == 1; // without the time to wait
        if (op == 0) {
            assert_int_equal(lock_acquire(&lock, blocking, blocking ? 0 : -1), !locked);
            locked = true;
        } else if (op == 1) {
            assert_int_equal(lock_release(&lock), locked ? 0 : -1);
            locked = false;
        } else if (op == 2) {
            assert_int_equal(rlock_acquire(&rlock, blocking, -1), 1);
            count++;
        } else if (op == 3) {
            assert_int_equal(rlock_release(&rlock), count ? 0 : -1);
            count -= count > 0;
        } else if (op == 4 || op == 5) {
            double timeout = blocking ? 0 : FOREVER;
            bool free_one = values[which] > 0;
            assert_int_equal(semaphore_acquire(&semaphores[which], blocking, timeout), free_one);
            values[which] -= free_one;
        } else if (op == 6) {
            bool fits = n > 0 && (which == 0 || values[1] + n <= 3);
            assert_int_equal(semaphore_release(&semaphores[which], n), fits ? 0 : -1);
            values[which] += fits ? n : 0;
        } else if (op == 7) {
            flag = which;
            (flag ? event_set : event_clear)(&event);
        } else if (op == 8) {
            assert_int_equal(event_wait(&event, 0), flag);
        } else {
            unsigned long depth = count ? rlock_release_save(&rlock) : 0;
            assert_int_equal(depth, count);
            assert_int_equal(rlock_release(&rlock), -1);
            if (depth) rlock_acquire_restore(&rlock, depth);
        }
        error_clear();
        assert_int_equal(lock_locked(&lock), locked);
        assert_int_equal(rlock.count, count);
        assert_int_equal(rlock_is_owned(&rlock), count > 0);
        assert_int_equal(semaphores[0].value, values[0]);
        assert_int_equal(semaphores[1].value, values[1]);
        assert_int_equal(event_is_set(&event), flag);
    }
}

/* ---- Many threads ----------------------------------------------------------------------------*/

/* Runs THREADS of them, each with its number, and expects no error from any. */
static void run_threads(ThreadTarget target) {
    static int numbers[THREADS];
    Thread *threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        numbers[t] = t;
        threads[t] = started(target, &numbers[t]);
    }
    for (int t = 0; t < THREADS; t++)
        finished(threads[t]);
}

/* What they share is guarded by the locks alone, so that ThreadSanitizer sees it if it is not. */
static struct {
    Lock lock;
    RLock rlock;
    long locked, relocked;
} shared;

static int contend(void *number) {
    uint64_t random = (uint64_t) * (int *)number;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t way = testing_random(&random, 4);
        while (lock_acquire(&shared.lock, way != 0, way == 1 ? 1e-6 : -1) != 1)
            ; // by trying, with a timeout that runs out, by waiting
        long before = shared.locked;
        if (i % 64 == 0) sched_yield();
        shared.locked = before + 1;
        if (lock_release(&shared.lock) < 0) return -1;
        while (rlock_acquire(&shared.rlock, way != 0, way == 1 ? 1e-6 : -1) != 1)
            ;
        if (rlock_acquire(&shared.rlock, true, -1) != 1) return -1;
        shared.relocked++;
        if (rlock_release(&shared.rlock) < 0) return -1;
        shared.relocked++;
        if (rlock_release(&shared.rlock) < 0) return -1;
    }
    return 0;
}

TEST(test_stress_locks) {
    run_threads(TARGET(contend));
    assert_int_equal(shared.locked, THREADS * ROUNDS);
    assert_int_equal(shared.relocked, 2 * THREADS * ROUNDS);
    assert_false(lock_locked(&shared.lock));
    assert_false(rlock_is_owned(&shared.rlock));
}

/* A buffer of 4 between 4 producers and 4 consumers: every item arrives once, each producer's in
 * order. */
static struct {
    Condition not_full, not_empty; // over one lock
    Lock lock;
    int items[4], size, taken;
    int last[THREADS]; // of each producer: the last item seen
    bool in_order;
} buffer = {.in_order = true};

static int has_room(void *arg) {
    (void)arg;
    return buffer.size < 4;
}

static int has_item(void *arg) {
    (void)arg;
    return buffer.size > 0;
}

/* Waits without a timeout, or again and again with one that runs out. */
static void wait_until(Condition *condition, int (*predicate)(void *arg), bool patient) {
    while (condition_wait_for(condition, predicate, NULL, patient ? FOREVER : 1e-5) == 0)
        ;
}

static int produce_or_consume(void *op) {
    int number = *(int *)op;
    for (int i = 1; i <= ROUNDS; i++) {
        lock_acquire(&buffer.lock, true, -1);
        if (number % 2) {
            wait_until(&buffer.not_empty, has_item, buffer.taken % 3);
            int item = buffer.items[0], *last = &buffer.last[item / 100000];
            memmove(buffer.items, buffer.items + 1, (size_t)--buffer.size * sizeof item);
            buffer.in_order = buffer.in_order && item % 100000 == *last + 1;
            *last = item % 100000;
            buffer.taken++;
            condition_notify(&buffer.not_full, 1);
        } else {
            wait_until(&buffer.not_full, has_room, i % 3);
            buffer.items[buffer.size++] = number * 100000 + i;
            condition_notify(&buffer.not_empty, 1);
        }
        lock_release(&buffer.lock);
    }
    return 0;
}

TEST(test_stress_condition) {
    condition_init_lock(&buffer.not_full, &buffer.lock);
    condition_init_lock(&buffer.not_empty, &buffer.lock);
    run_threads(TARGET(produce_or_consume));
    assert_true(buffer.in_order);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.taken, THREADS / 2 * ROUNDS);
    assert_null(buffer.not_full.first);
    assert_null(buffer.not_empty.last);
}

/* Half of them wait, often with a timeout that runs out; half notify. Who is notified must say so:
 * a wake-up is neither lost, nor doubled, nor taken by one who says that it gave up. */
static struct {
    Condition condition;
    size_t notified, woken;
} tally;

static int keep_tally(void *number) {
    bool waits = *(int *)number % 2 == 0;
    condition_acquire(&tally.condition, true, -1);
    for (int i = 0; i < ROUNDS; i++) {
        if (waits) {
            tally.woken += condition_wait(&tally.condition, 1e-6 * (i % 50)) == 1;
        } else {
            tally.notified += condition_waiters(&tally.condition);
            condition_notify(&tally.condition, i % 3);
            tally.notified -= condition_waiters(&tally.condition);
            condition_release(&tally.condition);
            sched_yield();
            condition_acquire(&tally.condition, true, -1);
        }
    }
    return condition_release(&tally.condition);
}

TEST(test_stress_wake_ups) {
    condition_init(&tally.condition);
    run_threads(TARGET(keep_tally));
    assert_int_equal(tally.notified, tally.woken);
    assert_true(tally.woken > 0);
    assert_int_equal(condition_waiters(&tally.condition), 0);
}

/* A relay: thread t waits for event t and sets event t + 1, many times round. */
static struct {
    Event events[THREADS];
    long laps; // unguarded: whoever has been woken by the event before is alone
} relay;

static int run_relay(void *op) {
    int number = *(int *)op;
    for (int i = 0; i < ROUNDS / 4; i++) {
        if (event_wait(&relay.events[number], FOREVER) != 1) return -1;
        event_clear(&relay.events[number]);
        ++relay.laps;
        event_set(&relay.events[(number + 1) % THREADS]);
    }
    return 0;
}

TEST(test_stress_event) {
    for (int t = 0; t < THREADS; t++)
        event_init(&relay.events[t]);
    event_set(&relay.events[0]);
    run_threads(TARGET(run_relay));
    assert_int_equal(relay.laps, THREADS * (ROUNDS / 4));
    assert_true(event_is_set(&relay.events[0]));
}

static struct {
    Semaphore semaphore;
    atomic_int inside, most;
} room;

static int visit(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        while (semaphore_acquire(&room.semaphore, true, i % 3 ? FOREVER : 1e-6) != 1)
            ;
        int inside = atomic_fetch_add(&room.inside, 1) + 1;
        for (int most = atomic_load(&room.most); most < inside;)
            atomic_compare_exchange_weak(&room.most, &most, inside);
        if (i % 16 == 0) sched_yield();
        atomic_fetch_sub(&room.inside, 1);
        if (semaphore_release(&room.semaphore, 1) < 0) return -1;
    }
    return 0;
}

TEST(test_stress_semaphore) {
    bounded_semaphore_init(&room.semaphore, 3);
    run_threads(TARGET(visit));
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

TEST(test_stress_threads) {
    long blocks = testing_blocks();
    run_threads(TARGET(start_and_drop));
    until(threading_active_count() == 1 && testing_blocks() == blocks);
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
        cmocka_unit_test(test_condition_restores_the_count),
        cmocka_unit_test(test_condition_wait_for),
        cmocka_unit_test(test_event_cleared_at_once),
        cmocka_unit_test(test_semaphore_bounds),
        cmocka_unit_test(test_semaphore_lets_n_in),
        cmocka_unit_test(test_foreign_thread),
        cmocka_unit_test(test_enumerate),
        cmocka_unit_test(test_excepthook),
        cmocka_unit_test(test_many_join_one),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_no_thread_to_give),
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
    threading_set_excepthook(count_failure);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
