/* bench.c: locks, wake-ups and threads against those of the C library and of CPython.
 *
 * An item is
 *     alone         one acquire and release in a process of one thread
 *     uncontended   the same while another thread exists; RLock: the same with that
 *     contended     the same by four threads that want one lock and add 1 under it, wall time
 *     start+join    one thread started and joined
 *     wake-up       one hand-over to a thread that sleeps: two threads, there and back
 * Peers, with the same work:
 *     pthread       a pthread_mutex_t (for RLock a recursive one), pthread_create() and
 *                   pthread_join(), a flag under a mutex with a condition variable
 *     sem_t         a POSIX semaphore and an atomic byte that tells whether it is taken: CPython
 *                   3.11's Lock, where the GIL guards the byte
 *     CPython       python3 runs bench.py beside this, and times itself. Its loop's bytecodes are
 *                   in its number: that is what a Python program pays
 */
#include "../threading.h"

#include "../../../common/proof/benchmark.h"

#include <semaphore.h>

enum { CONTENDERS = 4 };
enum { LESS = 100 }; // a thread or a wake-up takes longer than a lock: fewer of them

_Noreturn static void sorry(const char *what) {
    fprintf(stderr, "threading_bench: %s\n", what);
    exit(1);
}

/* What `python3 bench.py operation count` prints, or 0 where there is no python3. */
static uint64_t python(size_t n, size_t repeats, const void *operation) {
    size_t less = strchr(operation, '+') || strchr(operation, '-') ? LESS : 1;
    char command[4096];
    snprintf(command, sizeof command, PYTHON " '" BENCH_PY "' %s %zu 2>/dev/null",
             (const char *)operation, n * repeats / less);
    FILE *pipe = popen(command, "r");
    unsigned long long nanoseconds = 0;
    if (!pipe || fscanf(pipe, "%llu", &nanoseconds) != 1) nanoseconds = 0;
    if (pipe) pclose(pipe);
    return nanoseconds * less;
}

/* ---- Locks: the same loop over five kinds of lock --------------------------------------------*/

typedef enum { OURS, OUR_RLOCK, MUTEX, RECURSIVE, SEMAPHORE } Kind;

static const Kind kinds[] = {OURS, OUR_RLOCK, MUTEX, RECURSIVE, SEMAPHORE};
static Lock our_lock;
static RLock our_rlock;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, recursive;
static sem_t semaphore;
static atomic_bool taken;   // the byte beside it
static volatile long total; // guarded by the lock that is measured

// Where the kind is a constant, nothing is left of the switch.
#define INLINE static inline __attribute__((always_inline))

INLINE void acquire(Kind kind) {
    if (kind == OURS) lock_acquire(&our_lock, true, -1);
    if (kind == OUR_RLOCK) rlock_acquire(&our_rlock, true, -1);
    if (kind == MUTEX) pthread_mutex_lock(&mutex);
    if (kind == RECURSIVE) pthread_mutex_lock(&recursive);
    if (kind != SEMAPHORE) return;
    while (sem_wait(&semaphore) != 0)
        ;
    atomic_store_explicit(&taken, true, memory_order_relaxed);
}

INLINE void release(Kind kind) {
    if (kind == OURS) lock_release(&our_lock);
    if (kind == OUR_RLOCK) rlock_release(&our_rlock);
    if (kind == MUTEX) pthread_mutex_unlock(&mutex);
    if (kind == RECURSIVE) pthread_mutex_unlock(&recursive);
    if (kind != SEMAPHORE) return;
    if (!atomic_exchange_explicit(&taken, false, memory_order_relaxed)) sorry("unlocked lock");
    sem_post(&semaphore);
}

INLINE void loop(Kind kind, size_t count, bool adding) {
    for (size_t i = 0; i < count; i++) {
        acquire(kind);
        if (adding) total = total + 1;
        release(kind);
    }
}

static void take(Kind kind, size_t count, bool adding) {
    if (kind == OURS) loop(OURS, count, adding);
    if (kind == OUR_RLOCK) loop(OUR_RLOCK, count, adding);
    if (kind == MUTEX) loop(MUTEX, count, adding);
    if (kind == RECURSIVE) loop(RECURSIVE, count, adding);
    if (kind == SEMAPHORE) loop(SEMAPHORE, count, adding);
}

static uint64_t alone(size_t n, size_t repeats, const void *kind) {
    uint64_t start = clock_now();
    take(*(const Kind *)kind, n * repeats, false);
    return clock_now() - start;
}

static void *sleep_on(void *end) {
    while (sem_wait(end) != 0)
        ;
    return NULL;
}

/* As long as a process has one thread, the C library's mutex and ours do without atomic
 * instructions. So a second thread is there, asleep: the usual case of a lock. */
static uint64_t in_company(size_t n, size_t repeats, const void *kind) {
    sem_t end;
    pthread_t thread;
    if (sem_init(&end, 0, 0) != 0 || pthread_create(&thread, NULL, sleep_on, &end) != 0) {
        sorry("can't start new thread");
    }
    uint64_t elapsed = alone(n, repeats, kind);
    sem_post(&end);
    pthread_join(thread, NULL);
    sem_destroy(&end);
    return elapsed;
}

typedef struct {
    Kind kind;
    size_t count;
} Share;

static void *add_share(void *op) {
    Share *self = op;
    take(self->kind, self->count, true);
    return NULL;
}

/* The same bare threads for every kind of lock, so that only the lock differs. */
static uint64_t together(size_t n, size_t repeats, const void *kind) {
    pthread_t threads[CONTENDERS];
    Share share = {*(const Kind *)kind, n * repeats / CONTENDERS};
    total = 0;
    uint64_t start = clock_now();
    for (int t = 0; t < CONTENDERS; t++)
        if (pthread_create(&threads[t], NULL, add_share, &share) != 0) sorry("no thread");
    for (int t = 0; t < CONTENDERS; t++)
        pthread_join(threads[t], NULL);
    uint64_t elapsed = clock_now() - start;
    if (total != (long)share.count * CONTENDERS) sorry("an update was lost");
    return elapsed;
}

/* ---- Threads ---------------------------------------------------------------------------------*/

static int do_nothing(void *arg) {
    (void)arg;
    return 0;
}

static void *do_nothing_bare(void *arg) {
    return arg;
}

static void our_thread(void) {
    Thread *thread = thread_new(NULL, TARGET(do_nothing), NULL);
    if (!thread || thread_start(thread) < 0) sorry(error_message());
    thread_join(thread, FOREVER);
    thread_decref(thread);
}

static void bare_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing_bare, NULL) != 0) sorry("no thread");
    pthread_join(thread, NULL);
}

static uint64_t start_join(size_t n, size_t repeats, const void *ours) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / LESS; i++)
        (ours ? our_thread : bare_thread)();
    return (clock_now() - start) * LESS;
}

/* ---- Wake-ups: an Event, or the least one can do: the same by hand ---------------------------*/

typedef struct {
    Event ours;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool flag;
} AnyEvent;

static AnyEvent events[2] = {
    {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER},
    {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER}};

static void set(AnyEvent *self, bool ours) {
    if (ours) {
        event_set(&self->ours);
        return;
    }
    pthread_mutex_lock(&self->mutex);
    self->flag = true;
    pthread_cond_broadcast(&self->cond);
    pthread_mutex_unlock(&self->mutex);
}

static void wait_and_clear(AnyEvent *self, bool ours) {
    if (ours) {
        event_wait(&self->ours, FOREVER);
        event_clear(&self->ours);
        return;
    }
    pthread_mutex_lock(&self->mutex);
    while (!self->flag)
        pthread_cond_wait(&self->cond, &self->mutex);
    self->flag = false;
    pthread_mutex_unlock(&self->mutex);
}

typedef struct {
    bool ours;
    size_t rounds;
} Rally;

static void *answer(void *op) {
    Rally *self = op;
    for (size_t i = 0; i < self->rounds; i++) {
        wait_and_clear(&events[0], self->ours);
        set(&events[1], self->ours);
    }
    return NULL;
}

static uint64_t wake_up(size_t n, size_t repeats, const void *ours) {
    pthread_t thread;
    Rally rally = {ours != NULL, n * repeats / LESS / 2};
    if (pthread_create(&thread, NULL, answer, &rally) != 0) sorry("can't start new thread");
    uint64_t start = clock_now();
    for (size_t i = 0; i < rally.rounds; i++) {
        set(&events[0], rally.ours);
        wait_and_clear(&events[1], rally.ours);
    }
    uint64_t elapsed = clock_now() - start;
    pthread_join(thread, NULL);
    return elapsed * LESS;
}

int main(int argc, char **argv) {
    static const BenchmarkRow rows[] = {
        {"alone",
         {{"ours", alone, &kinds[OURS]},
          {"pthread", alone, &kinds[MUTEX]},
          {"sem_t", alone, &kinds[SEMAPHORE]}},
         0},
        {"uncontended",
         {{"ours", in_company, &kinds[OURS]},
          {"pthread", in_company, &kinds[MUTEX]},
          {"sem_t", in_company, &kinds[SEMAPHORE]},
          {"CPython", python, "uncontended"}},
         0},
        {"RLock",
         {{"ours", in_company, &kinds[OUR_RLOCK]},
          {"pthread", in_company, &kinds[RECURSIVE]},
          {"CPython", python, "RLock"}},
         0},
        {"contended",
         {{"ours", together, &kinds[OURS]},
          {"pthread", together, &kinds[MUTEX]},
          {"sem_t", together, &kinds[SEMAPHORE]},
          {"CPython", python, "contended"}},
         0},
        {"start+join",
         {{"ours", start_join, ""},
          {"pthread", start_join, NULL},
          {"CPython", python, "start+join"}},
         0},
        {"wake-up",
         {{"ours", wake_up, ""}, {"pthread", wake_up, NULL}, {"CPython", python, "wake-up"}},
         0},
    };
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attributes);
    sem_init(&semaphore, 0, 1);
    event_init(&events[0].ours);
    event_init(&events[1].ours);
    Benchmark self = {.room = "threading", .sizes = {400000}};
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
