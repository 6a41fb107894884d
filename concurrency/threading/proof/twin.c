/* twin.c: the twin of twin.py: the same threads, locks and errors, on threading.h. */
#include "../threading.h"

#include <inttypes.h>
#include <sched.h>

/* ---- Helpers ---------------------------------------------------------------------------------*/

static uint64_t state = 20231002;

static int64_t rand_below(int64_t limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(state >> 33) % limit;
}

/* "what", padded, and the pending error; of errors that versions word differently the type. */
static void show_error(const char *what) {
    printf("%-34s ", what);
    if (error_matches(OverflowError)) {
        puts("OverflowError");
        error_clear();
    } else if (strncmp(error_message(), "timeout value must be", 21) == 0) {
        puts("ValueError: timeout value must be ...");
        error_clear();
    } else {
        error_print(stdout);
    }
}

static void show_bool(const char *what, int status) {
    if (status < 0) {
        show_error(what);
    } else {
        printf("%-34s %s\n", what, status ? "True" : "False");
    }
}

static void show_none(const char *what, int status) {
    if (status < 0) {
        show_error(what);
    } else {
        printf("%-34s None\n", what);
    }
}

static void show_number(const char *what, ssize_t number) {
    if (number < 0) {
        show_error(what);
    } else {
        printf("%-34s %zd\n", what, number);
    }
}

static void title(const char *text) {
    printf("\n%s\n", text);
}

static void *need(void *op) {
    if (op) return op;
    error_print(stderr);
    exit(1);
}

static Thread *start(ThreadTarget target, void *arg) {
    Thread *thread = need(thread_new(NULL, target, arg));
    if (thread_start(thread) < 0) need(NULL);
    return thread;
}

static void join(Thread *thread) {
    thread_join(thread, FOREVER);
    thread_decref(thread);
}

/* Runs it in a thread of its own. */
static void in_thread(int (*function)(void *), void *arg) {
    join(start((ThreadTarget){function, "attempt"}, arg));
}

/* ---- The log ---------------------------------------------------------------------------------*/

enum { LINES_MAX = 64 };

static struct {
    Condition changed;
    char lines[LINES_MAX][160];
    int count;
} event_log;

PRINTF_LIKE static int log_write(void *unused, const char *format, ...) {
    (void)unused;
    va_list args;
    va_start(args, format);
    condition_acquire(&event_log.changed, true, -1);
    vsnprintf(event_log.lines[event_log.count++], sizeof event_log.lines[0], format, args);
    condition_notify_all(&event_log.changed);
    condition_release(&event_log.changed);
    va_end(args);
    return 0;
}

static int log_has(void *count) {
    return event_log.count >= *(int *)count;
}

static void log_until(int count) {
    condition_acquire(&event_log.changed, true, -1);
    condition_wait_for(&event_log.changed, log_has, &count, FOREVER);
    condition_release(&event_log.changed);
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(a, b);
}

static void log_show(bool in_order) {
    if (!in_order) {
        qsort(event_log.lines, (size_t)event_log.count, sizeof event_log.lines[0], compare_lines);
    }
    for (int i = 0; i < event_log.count; i++)
        printf("  %s\n", event_log.lines[i]);
    event_log.count = 0;
}

static void until_waiting(Condition *condition, size_t count) {
    for (size_t waiting = count + 1; waiting != count; sched_yield()) {
        condition_acquire(condition, true, -1);
        waiting = condition_waiters(condition);
        condition_release(condition);
    }
}

/* ---- Locks -----------------------------------------------------------------------------------*/

static int try_other(void *lock) {
    show_bool("acquire(False), another thread", lock_acquire(lock, false, -1));
    return 0;
}

static int release_other(void *lock) {
    show_none("release, another thread", lock_release(lock));
    return 0;
}

static void lock_errors(void) {
    title("Lock");
    Lock lock;
    lock_init(&lock);
    show_bool("locked", lock_locked(&lock));
    show_none("release", lock_release(&lock));
    show_bool("acquire", lock_acquire(&lock, true, -1));
    show_bool("locked", lock_locked(&lock));
    show_bool("acquire(False)", lock_acquire(&lock, false, -1));
    show_bool("acquire(timeout=0)", lock_acquire(&lock, true, 0));
    show_bool("acquire(timeout=0.001)", lock_acquire(&lock, true, 0.001));
    show_bool("acquire(False, 1)", lock_acquire(&lock, false, 1));
    show_bool("acquire(False, 0)", lock_acquire(&lock, false, 0));
    show_bool("acquire(False, -1)", lock_acquire(&lock, false, -1));
    show_bool("acquire(True, -2)", lock_acquire(&lock, true, -2));
    show_bool("acquire(True, -0.5)", lock_acquire(&lock, true, -0.5));
    show_bool("acquire(True, 1e10)", lock_acquire(&lock, true, 1e10));
    show_bool("acquire(True, nan)", lock_acquire(&lock, true, (double)NAN));
    show_bool("acquire(True, -inf)", lock_acquire(&lock, true, -FOREVER));
    show_bool("acquire(True, -1e10)", lock_acquire(&lock, true, -1e10));
    show_bool("acquire(False, -inf)", lock_acquire(&lock, false, -FOREVER));
    show_bool("acquire(False, 1e300)", lock_acquire(&lock, false, 1e300));
    show_bool("acquire(False, nan)", lock_acquire(&lock, false, (double)NAN));
    show_bool("acquire(False, -2)", lock_acquire(&lock, false, -2));
    in_thread(try_other, &lock);
    in_thread(release_other, &lock);
    show_bool("locked", lock_locked(&lock));
    show_bool("acquire(timeout=1)", lock_acquire(&lock, true, 1));
    show_none("release", lock_release(&lock));
    show_bool("acquire(True, 9223372036.5)", lock_acquire(&lock, true, 9223372036.5));
    show_none("release", lock_release(&lock));
    show_none("release", lock_release(&lock));
}

static int try_rlock(void *lock) {
    show_bool("acquire(False), another thread", rlock_acquire(lock, false, -1));
    return 0;
}

static int release_rlock(void *lock) {
    show_none("release, another thread", rlock_release(lock));
    return 0;
}

static int both_rlock(void *lock) {
    show_bool("both, another thread",
              rlock_acquire(lock, false, -1) == 1 && rlock_release(lock) == 0);
    return 0;
}

static void rlock_errors(void) {
    title("RLock");
    RLock lock;
    rlock_init(&lock);
    show_none("release", rlock_release(&lock));
    show_bool("acquire", rlock_acquire(&lock, true, -1));
    show_bool("acquire(False)", rlock_acquire(&lock, false, -1));
    show_bool("acquire(True, 1)", rlock_acquire(&lock, true, 1));
    show_bool("acquire(False, 1)", rlock_acquire(&lock, false, 1));
    show_bool("acquire(True, -2)", rlock_acquire(&lock, true, -2));
    show_bool("acquire(True, 1e10)", rlock_acquire(&lock, true, 1e10));
    for (int i = 0; i < 3; i++) {
        in_thread(try_rlock, &lock);
        in_thread(release_rlock, &lock);
        show_none("release", rlock_release(&lock));
    }
    in_thread(both_rlock, &lock);
    show_none("release", rlock_release(&lock));
}

/* ---- Condition -------------------------------------------------------------------------------*/

static int seven(void *arg) {
    (void)arg;
    return 7;
}

static int zero(void *arg) {
    (void)arg;
    return 0;
}

static void condition_errors(void) {
    Lock lock;
    lock_init(&lock);
    for (int plain = 0; plain < 2; plain++) {
        title(plain ? "Condition over a Lock" : "Condition over a RLock");
        Condition condition;
        if (plain) {
            condition_init_lock(&condition, &lock);
        } else {
            condition_init(&condition);
        }
        show_bool("wait", condition_wait(&condition, FOREVER));
        show_number("wait_for, true", condition_wait_for(&condition, seven, NULL, FOREVER));
        show_number("wait_for, false", condition_wait_for(&condition, zero, NULL, FOREVER));
        show_none("notify", condition_notify(&condition, 1));
        show_none("notify_all", condition_notify_all(&condition));
        show_none("release", condition_release(&condition));
        show_bool("acquire", condition_acquire(&condition, true, -1));
        show_bool("wait(0)", condition_wait(&condition, 0));
        show_bool("wait(-5)", condition_wait(&condition, -5));
        show_bool("wait(0.001)", condition_wait(&condition, 0.001));
        show_bool("wait(1e10)", condition_wait(&condition, 1e10));
        show_number("wait_for, false, 0.001", condition_wait_for(&condition, zero, NULL, 0.001));
        show_none("notify", condition_notify(&condition, 1));
        show_none("notify(100)", condition_notify(&condition, 100));
        show_none("notify(-1)", condition_notify(&condition, -1));
        show_bool("wait(0), nothing was saved", condition_wait(&condition, 0));
        show_none("release", condition_release(&condition));
    }
}

typedef struct {
    Condition *condition;
    int number;
} Waits;

static int wait_in(void *op) {
    Waits *self = op;
    condition_acquire(self->condition, true, -1);
    int result = condition_wait(self->condition, FOREVER);
    log_write(NULL, "waiter %d woken: %s", self->number, result == 1 ? "True" : "False");
    return condition_release(self->condition);
}

static void hand_over(Condition *condition, const int *sizes, int groups) {
    Thread *threads[16];
    Waits waits[16];
    int sum = 0;
    for (int group = 0; group < groups; group++)
        sum += sizes[group];
    for (int i = 0; i < sum; i++) {
        waits[i] = (Waits){condition, i};
        threads[i] = start(TARGET(wait_in), &waits[i]);
        until_waiting(condition, (size_t)i + 1);
    }
    for (int group = 0; group < groups; group++) {
        condition_acquire(condition, true, -1);
        condition_notify(condition, sizes[group]);
        printf("notify(%d), still waiting: %zu\n", sizes[group], condition_waiters(condition));
        condition_release(condition);
        log_until(sizes[group]);
        log_show(false);
    }
    for (int i = 0; i < sum; i++)
        join(threads[i]);
}

static void hand_overs(void) {
    title("Condition: hand-over");
    Lock lock = {0};
    RLock rlock = {0};
    Condition condition;
    condition_init(&condition);
    hand_over(&condition, (int[]){1, 1, 1, 1, 1}, 5);
    condition_init_lock(&condition, &lock);
    hand_over(&condition, (int[]){2, 1, 3}, 3);
    condition_init_rlock(&condition, &rlock);
    hand_over(&condition, (int[]){1, 2, 0, 2, 1}, 5);
    for (int i = 0; i < 6; i++) {
        if (rand_below(2)) {
            condition_init_lock(&condition, &lock);
        } else {
            condition_init(&condition);
        }
        int sizes[4];
        for (int group = 0; group < 4; group++)
            sizes[group] = (int)rand_below(4);
        hand_over(&condition, sizes, 4);
    }
}

static int partner(void *condition) {
    condition_acquire(condition, true, -1);
    log_write(NULL, "partner has the lock");
    condition_notify(condition, 1);
    return condition_release(condition);
}

static void nested_wait(void) {
    title("Condition: an RLock held three times");
    Condition condition;
    condition_init(&condition);
    for (int i = 0; i < 3; i++)
        condition_acquire(&condition, true, -1);
    Thread *thread = start(TARGET(partner), &condition);
    show_bool("wait", condition_wait(&condition, FOREVER));
    log_show(true);
    for (int i = 0; i < 4; i++)
        show_none("release", condition_release(&condition));
    join(thread);
}

/* ---- Event, Semaphore ------------------------------------------------------------------------*/

typedef struct {
    Event *gun;
    int number;
} Runner;

static int runner(void *op) {
    Runner *self = op;
    int result = event_wait(self->gun, FOREVER);
    return log_write(NULL, "runner %d: %s", self->number, result == 1 ? "True" : "False");
}

static void event_set_shown(Event *event) {
    event_set(event);
    show_none("set", 0);
}

static void events(void) {
    title("Event");
    Event gun;
    event_init(&gun);
    show_bool("is_set", event_is_set(&gun));
    show_bool("wait(0)", event_wait(&gun, 0));
    show_bool("wait(-1)", event_wait(&gun, -1));
    show_bool("wait(0.001)", event_wait(&gun, 0.001));
    show_bool("wait(1e10)", event_wait(&gun, 1e10));
    for (int round = 0; round < 3; round++) {
        Thread *threads[5];
        Runner runners[5];
        for (int i = 0; i < 5; i++) {
            runners[i] = (Runner){&gun, i};
            threads[i] = start(TARGET(runner), &runners[i]);
        }
        until_waiting(&gun.cond, 5);
        event_set_shown(&gun);
        event_clear(&gun);
        show_none("clear, at once", 0);
        log_until(5);
        log_show(false);
        for (int i = 0; i < 5; i++)
            join(threads[i]);
    }
    show_bool("is_set", event_is_set(&gun));
    event_set_shown(&gun);
    event_set_shown(&gun);
    show_bool("is_set", event_is_set(&gun));
    show_bool("wait", event_wait(&gun, FOREVER));
    show_bool("wait(1e10)", event_wait(&gun, 1e10));
    event_clear(&gun);
    show_none("clear", 0);
    show_bool("wait(0)", event_wait(&gun, 0));
}

static void semaphores(void) {
    title("Semaphore");
    Semaphore semaphore;
    show_none("Semaphore(-1)", semaphore_init(&semaphore, -1));
    show_none("BoundedSemaphore(-1)", bounded_semaphore_init(&semaphore, -1));
    for (int bounded = 0; bounded < 2; bounded++) {
        title(bounded ? "BoundedSemaphore(2)" : "Semaphore(2)");
        if (bounded) {
            bounded_semaphore_init(&semaphore, 2);
        } else {
            semaphore_init(&semaphore, 2);
        }
        show_bool("acquire", semaphore_acquire(&semaphore, true, FOREVER));
        show_bool("acquire(timeout=1)", semaphore_acquire(&semaphore, true, 1));
        show_bool("acquire(False)", semaphore_acquire(&semaphore, false, FOREVER));
        show_bool("acquire(timeout=0)", semaphore_acquire(&semaphore, true, 0));
        show_bool("acquire(timeout=-1)", semaphore_acquire(&semaphore, true, -1));
        show_bool("acquire(timeout=0.001)", semaphore_acquire(&semaphore, true, 0.001));
        show_bool("acquire(timeout=1e10)", semaphore_acquire(&semaphore, true, 1e10));
        show_bool("acquire(False, 1)", semaphore_acquire(&semaphore, false, 1));
        show_none("release(0)", semaphore_release(&semaphore, 0));
        show_none("release(-1)", semaphore_release(&semaphore, -1));
        show_none("release(3)", semaphore_release(&semaphore, 3));
        show_none("release", semaphore_release(&semaphore, 1));
        show_none("release(2)", semaphore_release(&semaphore, 2));
        show_none("release", semaphore_release(&semaphore, 1));
        show_none("release", semaphore_release(&semaphore, 1));
        printf("value %zd\n", semaphore.value);
    }
}

static void random_semaphores(void) {
    title("Semaphores, at random");
    Semaphore unbounded, bounded;
    semaphore_init(&unbounded, 3);
    bounded_semaphore_init(&bounded, 3);
    for (int i = 0; i < 150; i++) {
        int64_t op = rand_below(4), n = rand_below(4);
        char what[64];
        if (op == 0) {
            show_bool("acquire(False)", semaphore_acquire(&unbounded, false, FOREVER));
        } else if (op == 1) {
            snprintf(what, sizeof what, "release(%" PRId64 ")", n);
            show_none(what, semaphore_release(&unbounded, n));
        } else if (op == 2) {
            show_bool("bounded acquire(False)", semaphore_acquire(&bounded, false, FOREVER));
        } else {
            snprintf(what, sizeof what, "bounded release(%" PRId64 ")", n);
            show_none(what, semaphore_release(&bounded, n));
        }
        printf("  %zd %zd\n", unbounded.value, bounded.value);
    }
}

static void random_locks(void) {
    title("Locks, at random");
    Lock lock = {0};
    RLock rlock = {0};
    Event event;
    event_init(&event);
    for (int i = 0; i < 150; i++) {
        int64_t op = rand_below(8);
        if (op == 0) {
            show_bool("lock.acquire(False)", lock_acquire(&lock, false, -1));
        } else if (op == 1) {
            show_none("lock.release", lock_release(&lock));
        } else if (op == 2) {
            show_bool("rlock.acquire", rlock_acquire(&rlock, true, -1));
        } else if (op == 3) {
            show_none("rlock.release", rlock_release(&rlock));
        } else if (op == 4) {
            event_set(&event);
            show_none("event.set", 0);
        } else if (op == 5) {
            event_clear(&event);
            show_none("event.clear", 0);
        } else if (op == 6) {
            show_bool("event.wait(0)", event_wait(&event, 0));
        } else {
            show_bool("lock.locked", lock_locked(&lock));
        }
    }
}

/* ---- Thread ----------------------------------------------------------------------------------*/

static int work(void *arg) {
    (void)arg;
    return 0;
}

static int wait_for(void *event) {
    return event_wait(event, FOREVER) < 0 ? -1 : 0;
}

static const char *truth(bool value) {
    return value ? "True" : "False";
}

static void describe(Thread *thread) {
    printf("  '%s' alive %s daemon %s ident %s\n", thread_name(thread),
           truth(thread_is_alive(thread)), truth(thread_daemon(thread)),
           thread_ident(thread) ? "a number" : "None");
}

static void thread_life(void) {
    title("Thread");
    Event event;
    event_init(&event);
    Thread *thread = need(thread_new(NULL, TARGET(wait_for), &event));
    describe(thread);
    show_none("join", thread_join(thread, FOREVER));
    show_none("daemon = True", thread_set_daemon(thread, true));
    describe(thread);
    show_none("daemon = False", thread_set_daemon(thread, false));
    show_number("active_count", (ssize_t)threading_active_count());
    show_none("start", thread_start(thread));
    show_number("active_count", (ssize_t)threading_active_count());
    describe(thread);
    show_none("start", thread_start(thread));
    show_none("daemon = True", thread_set_daemon(thread, true));
    show_none("join(0)", thread_join(thread, 0));
    show_none("join(-1)", thread_join(thread, -1));
    show_none("join(0.001)", thread_join(thread, 0.001));
    describe(thread);
    event_set(&event);
    show_none("join", thread_join(thread, FOREVER));
    describe(thread);
    show_none("join(1)", thread_join(thread, 1));
    show_none("join", thread_join(thread, FOREVER));
    show_none("start", thread_start(thread));
    show_none("daemon = True", thread_set_daemon(thread, true));
    show_number("active_count", (ssize_t)threading_active_count());
    thread_set_name(thread, "renamed");
    describe(thread);
    thread_decref(thread);
}

static int show_main_name(void *arg) {
    (void)arg;
    printf("%-34s '%s'\n", "main_thread, seen by another", thread_name(threading_main_thread()));
    return 0;
}

static int show_own_name(void *arg) {
    (void)arg;
    printf("%-34s '%s'\n", "current_thread, of another", thread_name(threading_current_thread()));
    return 0;
}

static int join_oneself(void *arg) {
    (void)arg;
    show_none("its own join", thread_join(threading_current_thread(), FOREVER));
    return 0;
}

static int start_oneself(void *arg) {
    (void)arg;
    show_none("its own start", thread_start(threading_current_thread()));
    return 0;
}

static int alive_to_oneself(void *arg) {
    (void)arg;
    show_bool("alive, seen by itself", thread_is_alive(threading_current_thread()));
    return 0;
}

static int own_ident(void *arg) {
    (void)arg;
    show_bool("ident, seen by itself",
              thread_ident(threading_current_thread()) == threading_get_ident());
    return 0;
}

static void main_thread(void) {
    title("The main thread");
    Thread *main_thread = threading_main_thread();
    describe(main_thread);
    show_bool("current_thread is it", threading_current_thread() == main_thread);
    show_bool("get_ident is its", threading_get_ident() == thread_ident(main_thread));
    show_none("join", thread_join(main_thread, FOREVER));
    show_none("start", thread_start(main_thread));
    show_none("daemon = True", thread_set_daemon(main_thread, true));
    show_number("active_count", (ssize_t)threading_active_count());
    in_thread(show_main_name, NULL);
    in_thread(show_own_name, NULL);
    in_thread(join_oneself, NULL);
    in_thread(start_oneself, NULL);
    in_thread(alive_to_oneself, NULL);
    in_thread(own_ident, NULL);
}

static void names(void) {
    title("Names");
    const char *all[] = {NULL, "", "printer",
                         "a name that is longer than the sixteen bytes of a kernel", "é"};
    const ThreadTarget targets[] = {TARGET(work), TARGET(wait_for), {NULL, NULL}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t t = 0; t < 3; t++) {
            Thread *thread = need(thread_new(all[i], targets[t], NULL));
            describe(thread);
            thread_decref(thread);
        }
    }
}

static int child_daemon(void *arg) {
    (void)arg;
    Thread *child = need(thread_new(NULL, TARGET(work), NULL));
    log_write(NULL, "child: daemon %s", truth(thread_daemon(child)));
    thread_decref(child);
    return 0;
}

static void inheritance(void) {
    title("Who inherits daemon");
    for (int i = 0; i < 3; i++) {
        Thread *thread = need(thread_new("parent", TARGET(child_daemon), NULL));
        thread_set_daemon(thread, i == 1);
        thread_start(thread);
        join(thread);
        log_show(true);
    }
}

static void stack_sizes(void) {
    title("stack_size");
    const ssize_t sizes[] = {-1, 1, 1000, 32767, 262144, 1 << 20, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char what[64];
        snprintf(what, sizeof what, "stack_size(%zd)", sizes[i]);
        show_number(what, threading_stack_size(sizes[i]));
    }
    show_number("stack_size(1 << 47)", threading_stack_size((ssize_t)1 << 47));
    Thread *thread = need(thread_new("too large", TARGET(work), NULL));
    show_none("start", thread_start(thread));
    describe(thread);
    show_none("join", thread_join(thread, FOREVER));
    show_number("active_count", (ssize_t)threading_active_count());
    show_bool("stack_size(0)", threading_stack_size(0) == (ssize_t)1 << 47);
    thread_decref(thread);
    thread = need(thread_new("right", TARGET(work), NULL));
    show_none("start", thread_start(thread));
    show_none("join", thread_join(thread, FOREVER));
    describe(thread);
    thread_decref(thread);
}

typedef struct {
    ErrorType type;
    const char *message;
} Failure;

static int fail(void *op) {
    Failure *self = op;
    return error_set(self->type, "%s", self->message);
}

static void hook(Thread *thread, const Error *error) {
    log_write(NULL, "hook, of '%s': %s: %s", thread_name(thread), error_name(error->type),
              error->message);
}

static void excepthooks(void) {
    title("excepthook");
    threading_set_excepthook(hook);
    Failure failures[] = {
        {ValueError, "no such value"}, {RuntimeError, "no way"}, {IndexError, ""}};
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "unlucky %zu", i);
        Thread *thread = need(thread_new(name, TARGET(fail), &failures[i]));
        show_none("start", thread_start(thread));
        show_none("join", thread_join(thread, FOREVER));
        show_bool("is_alive", thread_is_alive(thread));
        thread_decref(thread);
        log_show(true);
    }
    threading_set_excepthook(NULL);
}

static void show_all(void) {
    Thread *found[16];
    size_t count = threading_enumerate(found, 16);
    putchar(' ');
    for (size_t i = 0; i < count; i++) {
        printf(" %s", thread_name(found[i]));
        thread_decref(found[i]);
    }
    putchar('\n');
}

static void all_of_them(void) {
    title("enumerate");
    Event event;
    event_init(&event);
    Thread *threads[4];
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        threads[i] = need(thread_new(name, TARGET(wait_for), &event));
        thread_start(threads[i]);
    }
    show_all();
    event_set(&event);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    show_all();
}

/* ---- Programs --------------------------------------------------------------------------------*/

enum { NUMBERS = 40 };

typedef struct {
    Condition changed;
    int capacity, size;
    int items[8], numbers[NUMBERS];
} Buffer;

static int has_room(void *op) {
    Buffer *self = op;
    return self->size < self->capacity;
}

static int has_item(void *op) {
    return ((Buffer *)op)->size > 0;
}

static int produce(void *op) {
    Buffer *self = op;
    for (int i = 0; i < NUMBERS; i++) {
        condition_acquire(&self->changed, true, -1);
        condition_wait_for(&self->changed, has_room, self, FOREVER);
        self->items[self->size++] = self->numbers[i];
        condition_notify_all(&self->changed);
        condition_release(&self->changed);
    }
    return 0;
}

static int buffer_get(Buffer *self) {
    condition_acquire(&self->changed, true, -1);
    condition_wait_for(&self->changed, has_item, self, FOREVER);
    int item = self->items[0];
    memmove(self->items, self->items + 1, (size_t)--self->size * sizeof item);
    condition_notify_all(&self->changed);
    condition_release(&self->changed);
    return item;
}

static void producer_consumer(void) {
    title("Producer and consumer");
    const int capacities[] = {1, 2, 7};
    for (int c = 0; c < 3; c++) {
        Buffer buffer = {.capacity = capacities[c]};
        condition_init(&buffer.changed);
        for (int i = 0; i < NUMBERS; i++)
            buffer.numbers[i] = (int)rand_below(1000);
        Thread *thread = start(TARGET(produce), &buffer);
        printf("  room for %d:", capacities[c]);
        for (int i = 0; i < NUMBERS; i++)
            printf(" %d", buffer_get(&buffer));
        putchar('\n');
        join(thread);
    }
}

static Semaphore turns[2];

static int play(void *op) {
    int me = *(int *)op;
    for (int i = 0; i < 5; i++) {
        semaphore_acquire(&turns[me], true, FOREVER);
        log_write(NULL, "%s %d", me ? "pong" : "ping", i);
        semaphore_release(&turns[1 - me], 1);
    }
    return 0;
}

static void ping_pong(void) {
    title("Turns");
    int numbers[] = {0, 1};
    Thread *threads[2];
    semaphore_init(&turns[0], 0);
    semaphore_init(&turns[1], 0);
    for (int i = 0; i < 2; i++)
        threads[i] = start(TARGET(play), &numbers[i]);
    semaphore_release(&turns[0], 1);
    for (int i = 0; i < 2; i++)
        join(threads[i]);
    log_show(true);
}

static int last(void *arg) {
    (void)arg;
    thread_join(threading_main_thread(), FOREVER);
    printf("  main thread alive: %s\n", truth(thread_is_alive(threading_main_thread())));
    return 0;
}

static void the_end(void) {
    title("The end of the program");
    static Event never;
    event_init(&never);
    Thread *daemon = need(thread_new("daemon", TARGET(wait_for), &never));
    thread_set_daemon(daemon, true);
    thread_start(daemon);
    describe(daemon);
    thread_decref(daemon);
    Thread *other = need(thread_new("last", TARGET(last), NULL));
    thread_start(other);
    thread_decref(other);
    puts("  end of main");
}

int main(int argc, char **argv) {
    (void)argc;
    condition_init(&event_log.changed);
    lock_errors();
    rlock_errors();
    condition_errors();
    hand_overs();
    nested_wait();
    events();
    semaphores();
    random_semaphores();
    random_locks();
    thread_life();
    main_thread();
    names();
    inheritance();
    stack_sizes();
    excepthooks();
    all_of_them();
    producer_consumer();
    ping_pong();
    the_end();
    threading_shutdown();
    return finish_output(argv[0], 0);
}
