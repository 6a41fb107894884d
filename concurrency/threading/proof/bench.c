/* bench.c: locks, wake-ups and threads against those of the C library and of CPython.
 *
 * An item is: one acquire and release (alone: in a process of one thread; uncontended, RLock: while
 * another thread exists; contended: by four threads that want the same lock and add one to a number
 * under it, wall time); one thread started and
 * joined; one hand-over from a thread to another that sleeps (wake-up: two threads, there and
 * back). Peers, with the same work: pthread  a pthread_mutex_t (for RLock a recursive one),
 * pthread_create() and pthread_join(), a flag under a mutex with a condition variable sem_t    a
 * POSIX semaphore and an atomic byte that tells whether it is taken: what CPython 3.11 makes of it,
 * where the GIL guards the byte CPython  python3 runs bench.py beside this, and times itself; what
 * it says is taken as it is. Its loop's bytecodes are in its number: that is what a Python program
 * pays.
 */
#include "../threading.h"

#include "../../../common/proof/benchmark.h"

#include <pthread.h>
#include <semaphore.h>

enum { CONTENDERS = 4 };

_Noreturn static void sorry(const char *what) {
    fprintf(stderr, "threading_bench: %s\n", what);
    exit(1);
}

/* What `python3 bench.py operation count` prints, or 0 where there is no python3. The script is
 * beside this source. */
static uint64_t python(const char *operation, size_t count) {
    char command[4096];
    snprintf(command, sizeof command, PYTHON " '" BENCH_PY "' %s %zu 2>/dev/null", operation,
             count);
    FILE *pipe = popen(command, "r");
    unsigned long long nanoseconds = 0;
    if (!pipe || fscanf(pipe, "%llu", &nanoseconds) != 1) nanoseconds = 0;
    if (pipe) pclose(pipe);
    return nanoseconds;
}

/* ---- Locks: the same three loops over four kinds of lock -------------------------------------*/

typedef struct {
    sem_t semaphore;
    atomic_bool locked;
} SemLock;

static Lock our_lock;
static RLock our_rlock;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, recursive;
static SemLock sem_lock;
static volatile long total; // guarded by the lock that is measured

#define ACQUIRE_OURS    lock_acquire(&our_lock, true, -1)
#define RELEASE_OURS    lock_release(&our_lock)
#define ACQUIRE_RLOCK   rlock_acquire(&our_rlock, true, -1)
#define RELEASE_RLOCK   rlock_release(&our_rlock)
#define ACQUIRE_PTHREAD pthread_mutex_lock(&mutex)
#define RELEASE_PTHREAD pthread_mutex_unlock(&mutex)
#define ACQUIRE_REC     pthread_mutex_lock(&recursive)
#define RELEASE_REC     pthread_mutex_unlock(&recursive)

static void sem_acquire(void) {
    while (sem_wait(&sem_lock.semaphore) != 0)
        ;
    atomic_store_explicit(&sem_lock.locked, true, memory_order_relaxed);
}

static void sem_release(void) {
    if (!atomic_exchange_explicit(&sem_lock.locked, false, memory_order_relaxed)) {
        sorry("release unlocked lock");
    }
    sem_post(&sem_lock.semaphore);
}

#define DEFINE_LOOPS(name, acquire, release)                                                       \
    static uint64_t name##_alone(size_t n, size_t repeats,                                         \
                                 BENCHMARK_UNUSED const void *argument) {                          \
        uint64_t start = clock_now();                                                              \
        for (size_t i = 0; i < n * repeats; i++) {                                                 \
            acquire;                                                                               \
            release;                                                                               \
        }                                                                                          \
        return clock_now() - start;                                                                \
    }                                                                                              \
    static uint64_t name##_in_company(size_t n, size_t repeats,                                    \
                                      BENCHMARK_UNUSED const void *argument) {                     \
        return in_company(name##_alone, n, repeats);                                               \
    }

#define DEFINE_CONTENDED(name, acquire, release)                                                   \
    static void *name##_add(void *count) {                                                         \
        for (size_t i = 0; i < *(size_t *)count; i++) {                                            \
            acquire;                                                                               \
            total = total + 1;                                                                     \
            release;                                                                               \
        }                                                                                          \
        return NULL;                                                                               \
    }                                                                                              \
    static uint64_t name##_together(size_t n, size_t repeats,                                      \
                                    BENCHMARK_UNUSED const void *argument) {                       \
        return together(name##_add, n * repeats);                                                  \
    }

/* As long as a process has one thread, the C library's mutex and ours do without atomic
 * instructions. So a second thread is there, asleep: the usual case of a lock. */
static void *sleep_on(void *semaphore) {
    while (sem_wait(semaphore) != 0)
        ;
    return NULL;
}

static uint64_t in_company(BenchmarkRun run, size_t n, size_t repeats) {
    sem_t end;
    pthread_t thread;
    if (sem_init(&end, 0, 0) != 0 || pthread_create(&thread, NULL, sleep_on, &end) != 0) {
        sorry("can't start new thread");
    }
    uint64_t elapsed = run(n, repeats, NULL);
    sem_post(&end);
    pthread_join(thread, NULL);
    sem_destroy(&end);
    return elapsed;
}

/* The same bare threads for every kind of lock, so that only the lock differs. */
static uint64_t together(void *(*add)(void *), size_t count) {
    pthread_t threads[CONTENDERS];
    size_t share = count / CONTENDERS;
    total = 0;
    uint64_t start = clock_now();
    for (int t = 0; t < CONTENDERS; t++)
        if (pthread_create(&threads[t], NULL, add, &share) != 0) sorry("can't start new thread");
    for (int t = 0; t < CONTENDERS; t++)
        pthread_join(threads[t], NULL);
    uint64_t elapsed = clock_now() - start;
    if (total != (long)share * CONTENDERS) sorry("an update was lost");
    return elapsed;
}

DEFINE_LOOPS(ours, ACQUIRE_OURS, RELEASE_OURS)
DEFINE_LOOPS(mutex, ACQUIRE_PTHREAD, RELEASE_PTHREAD)
DEFINE_LOOPS(sem, sem_acquire(), sem_release())
DEFINE_LOOPS(our_rlock, ACQUIRE_RLOCK, RELEASE_RLOCK)
DEFINE_LOOPS(recursive, ACQUIRE_REC, RELEASE_REC)
DEFINE_CONTENDED(ours, ACQUIRE_OURS, RELEASE_OURS)
DEFINE_CONTENDED(mutex, ACQUIRE_PTHREAD, RELEASE_PTHREAD)
DEFINE_CONTENDED(sem, sem_acquire(), sem_release())

static uint64_t python_alone(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return python("uncontended", n * repeats);
}
static uint64_t python_rlock(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return python("RLock", n * repeats);
}
static uint64_t python_together(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return python("contended", n * repeats);
}

/* ---- Threads ---------------------------------------------------------------------------------*/

enum { LESS = 100 }; // a thread or a wake-up takes longer than a lock: fewer of them

static int do_nothing(void *arg) {
    (void)arg;
    return 0;
}

static void *do_nothing_bare(void *arg) {
    return arg;
}

static uint64_t our_start_join(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / LESS; i++) {
        Thread *thread = thread_new(NULL, TARGET(do_nothing), NULL);
        if (!thread || thread_start(thread) < 0) sorry(error_message());
        thread_join(thread, FOREVER);
        thread_decref(thread);
    }
    return (clock_now() - start) * LESS;
}

static uint64_t bare_start_join(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / LESS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, do_nothing_bare, NULL) != 0) sorry("no thread");
        pthread_join(thread, NULL);
    }
    return (clock_now() - start) * LESS;
}

static uint64_t python_start_join(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return python("start+join", n * repeats / LESS) * LESS;
}

/* ---- Wake-ups --------------------------------------------------------------------------------*/

/* The least one can do: what an Event is, by hand. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool flag;
} BareEvent;

static void bare_set(BareEvent *self) {
    pthread_mutex_lock(&self->mutex);
    self->flag = true;
    pthread_cond_broadcast(&self->cond);
    pthread_mutex_unlock(&self->mutex);
}

static void bare_wait(BareEvent *self) {
    pthread_mutex_lock(&self->mutex);
    while (!self->flag)
        pthread_cond_wait(&self->cond, &self->mutex);
    self->flag = false;
    pthread_mutex_unlock(&self->mutex);
}

static Event our_events[2];
static BareEvent bare_events[2] = {{PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false},
                                   {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false}};

static void our_hand_over(int from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (from == 0) event_set(&our_events[0]);
        event_wait(&our_events[1 - from], FOREVER);
        event_clear(&our_events[1 - from]);
        if (from == 1) event_set(&our_events[1]);
    }
}

static void bare_hand_over(int from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (from == 0) bare_set(&bare_events[0]);
        bare_wait(&bare_events[1 - from]);
        if (from == 1) bare_set(&bare_events[1]);
    }
}

static void *our_partner(void *count) {
    our_hand_over(1, *(size_t *)count);
    return NULL;
}

static void *bare_partner(void *count) {
    bare_hand_over(1, *(size_t *)count);
    return NULL;
}

static uint64_t wake_up(void *(*partner)(void *), void (*hand_over)(int, size_t), size_t count) {
    pthread_t thread;
    size_t rounds = count / LESS / 2;
    if (pthread_create(&thread, NULL, partner, &rounds) != 0) sorry("can't start new thread");
    uint64_t start = clock_now();
    hand_over(0, rounds);
    uint64_t elapsed = clock_now() - start;
    pthread_join(thread, NULL);
    return elapsed * LESS;
}

static uint64_t our_wake_up(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return wake_up(our_partner, our_hand_over, n * repeats);
}

static uint64_t bare_wake_up(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return wake_up(bare_partner, bare_hand_over, n * repeats);
}

static uint64_t python_wake_up(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    return python("wake-up", n * repeats / LESS) * LESS;
}

int main(int argc, char **argv) {
    static const BenchmarkRow rows[] = {
        {"alone", {{"ours", ours_alone}, {"pthread", mutex_alone}, {"sem_t", sem_alone}}, 0},
        {"uncontended",
         {{"ours", ours_in_company},
          {"pthread", mutex_in_company},
          {"sem_t", sem_in_company},
          {"CPython", python_alone}},
         0},
        {"RLock",
         {{"ours", our_rlock_in_company},
          {"pthread", recursive_in_company},
          {"CPython", python_rlock}},
         0},
        {"contended",
         {{"ours", ours_together},
          {"pthread", mutex_together},
          {"sem_t", sem_together},
          {"CPython", python_together}},
         0},
        {"start+join",
         {{"ours", our_start_join}, {"pthread", bare_start_join}, {"CPython", python_start_join}},
         0},
        {"wake-up",
         {{"ours", our_wake_up}, {"pthread", bare_wake_up}, {"CPython", python_wake_up}},
         0},
    };
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attributes);
    sem_init(&sem_lock.semaphore, 0, 1);
    event_init(&our_events[0]);
    event_init(&our_events[1]);
    Benchmark self = {.room = "threading", .sizes = {400000}};
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
