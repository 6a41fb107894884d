/* twin.c: the twin of twin.py: the same threads, locks and errors, on threading.h. */
#include "../threading.h"

#include <sched.h>
#include <sys/resource.h>

/* ---- Helpers ---------------------------------------------------------------------------------*/

static uint64_t state = 20231002;

static int64_t rand_below(int64_t limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(state >> 33) % limit;
}

/* "what", padded, and what came of it: this text, or the pending error; of OverflowError, which
 * 3.11.2 and 3.11.7 word differently, the type. */
static void show(const char *what, bool failed, const char *text) {
    printf("%-34s ", what);
    if (failed && error_matches(OverflowError)) {
        text = "OverflowError";
    } else if (failed) {
        error_print(stdout);
        return;
    }
    error_clear();
    puts(text);
}

static const char *truth(int value) {
    return value ? "True" : "False";
}

static void show_bool(const char *what, int status) {
    show(what, status < 0, truth(status));
}

static void show_none(const char *what, int status) {
    show(what, status < 0, "None");
}

static void show_number(const char *what, ssize_t number) {
    char text[24];
    snprintf(text, sizeof text, "%zd", number);
    show(what, number < 0, text);
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

static void join_all(Thread **threads, int count) {
    for (int i = 0; i < count; i++)
        join(threads[i]);
}

/* What one of several like threads is told. */
typedef struct {
    void *it;
    int number;
} Part;

/* ---- Calls, in Python's words ----------------------------------------------------------------*/

static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

/* The call without "lock.", where that is told. */
static const char *bare(const char *call) {
    size_t length = strspn(call, letters);
    return call[length] == '.' ? call + length + 1 : call;
}

/* Whether the call is one of this method. */
static bool is(const char *call, const char *method) {
    size_t length = strspn(bare(call), letters);
    return length == strlen(method) && strncmp(bare(call), method, length) == 0;
}

/* The number among its arguments, or `none`. */
static double number(const char *call, double none) {
    const char *const forms[] = {"%*[a-z_](%lf", "%*[a-z_](timeout=%lf", "%*[a-z_](True, %lf",
                                 "%*[a-z_](False, %lf"};
    double found;
    for (size_t i = 0; i < 4; i++)
        if (sscanf(bare(call), forms[i], &found) == 1) return found;
    return none;
}

static bool blocking(const char *call) {
    return !strstr(call, "False");
}

/* Makes the call on an object of one type, and shows what came of it. */
typedef void (*Method)(void *it, const char *call);

typedef struct {
    Method method;
    void *it;
    const char *call;
} Attempt;

static int attempt(void *op) {
    Attempt *self = op;
    self->method(self->it, self->call);
    return 0;
}

/* Makes each of these calls, in a thread of its own if it says so. */
#define CALLS(method, it, ...) make_calls(method, it, (const char *const[]){__VA_ARGS__, NULL})

static void make_calls(Method method, void *it, const char *const *calls) {
    for (; *calls; calls++) {
        Attempt self = {method, it, *calls};
        if (strstr(*calls, "another")) {
            join(start(TARGET(attempt), &self));
        } else {
            attempt(&self);
        }
    }
}

/* ---- The log ---------------------------------------------------------------------------------*/

enum { LINES_MAX = 64 };

static struct {
    Condition condition;
    char lines[LINES_MAX][160];
    int count;
} event_log;

PRINTF_LIKE static int log_write(void *unused, const char *format, ...) {
    (void)unused;
    va_list args;
    va_start(args, format);
    condition_acquire(&event_log.condition, true, -1);
    vsnprintf(event_log.lines[event_log.count++], sizeof event_log.lines[0], format, args);
    condition_release(&event_log.condition);
    va_end(args);
    return 0;
}

static void log_until(int count) {
    for (int found = 0; found < count; sched_yield()) {
        condition_acquire(&event_log.condition, true, -1);
        found = event_log.count;
        condition_release(&event_log.condition);
    }
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

static void call_lock(void *it, const char *call) {
    if (is(call, "acquire")) {
        show_bool(call, lock_acquire(it, blocking(call), number(call, -1)));
    } else if (is(call, "release")) {
        show_none(call, lock_release(it));
    } else {
        show_bool(call, lock_locked(it));
    }
}

static void lock_errors(void) {
    title("Lock");
    Lock lock = {0};
    CALLS(call_lock, &lock, "locked", "release", "acquire", "locked", "acquire(False)",
          "acquire(timeout=0)", "acquire(timeout=0.001)", "acquire(False, 1)", "acquire(False, 0)",
          "acquire(False, -1)", "acquire(True, -2)", "acquire(True, -0.5)", "acquire(True, 1e10)",
          "acquire(True, nan)", "acquire(True, -inf)", "acquire(True, -1e10)",
          "acquire(False, -inf)", "acquire(False, 1e300)", "acquire(False, nan)",
          "acquire(False, -2)", "acquire(False), another thread", "release, another thread",
          "locked", "acquire(timeout=1)", "release", "acquire(True, 9223372036.5)", "release",
          "release");
}

static void call_rlock(void *it, const char *call) {
    if (is(call, "acquire")) {
        show_bool(call, rlock_acquire(it, blocking(call), number(call, -1)));
    } else if (is(call, "release")) {
        show_none(call, rlock_release(it));
    } else {
        show_bool(call, rlock_acquire(it, false, -1) == 1 && rlock_release(it) == 0);
    }
}

static void rlock_errors(void) {
    title("RLock");
    RLock lock = {0};
    CALLS(call_rlock, &lock, "release", "acquire", "acquire(False)", "acquire(True, 1)",
          "acquire(False, 1)", "acquire(True, -2)", "acquire(True, 1e10)");
    for (int i = 0; i < 3; i++)
        CALLS(call_rlock, &lock, "acquire(False), another thread", "release, another thread",
              "release");
    CALLS(call_rlock, &lock, "both, another thread", "release");
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

static void call_condition(void *it, const char *call) {
    if (is(call, "acquire")) {
        show_bool(call, condition_acquire(it, true, -1));
    } else if (is(call, "release")) {
        show_none(call, condition_release(it));
    } else if (is(call, "wait")) {
        show_bool(call, condition_wait(it, number(call, FOREVER)));
    } else if (is(call, "wait_for")) {
        double timeout = strstr(call, "0.001") ? 0.001 : FOREVER;
        show_number(call,
                    condition_wait_for(it, strstr(call, "true") ? seven : zero, NULL, timeout));
    } else if (is(call, "notify")) {
        show_none(call, condition_notify(it, (ssize_t)number(call, 1)));
    } else {
        show_none(call, condition_notify_all(it));
    }
}

static void condition_errors(void) {
    Lock lock = {0};
    for (int plain = 0; plain < 2; plain++) {
        title(plain ? "Condition over a Lock" : "Condition over a RLock");
        Condition condition;
        condition_init(&condition);
        if (plain) condition_init_lock(&condition, &lock);
        CALLS(call_condition, &condition, "wait", "wait_for, true", "wait_for, false", "notify",
              "notify_all", "release", "acquire", "wait(0)", "wait(-5)", "wait(0.001)",
              "wait(1e10)", "wait_for, false, 0.001", "notify", "notify(100)", "notify(-1)",
              "wait(0), nothing was saved", "release");
    }
}

static int wait_in(void *op) {
    Part *self = op;
    condition_acquire(self->it, true, -1);
    int result = condition_wait(self->it, FOREVER);
    log_write(NULL, "waiter %d woken: %s", self->number, truth(result));
    return condition_release(self->it);
}

static void hand_over(Condition *condition, const int *sizes, int groups) {
    Thread *threads[16];
    Part parts[16];
    int sum = 0;
    for (int group = 0; group < groups; group++)
        sum += sizes[group];
    for (int i = 0; i < sum; i++) {
        parts[i] = (Part){condition, i};
        threads[i] = start(TARGET(wait_in), &parts[i]);
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
    join_all(threads, sum);
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
    CALLS(call_condition, &condition, "wait");
    log_show(true);
    CALLS(call_condition, &condition, "release", "release", "release", "release");
    join(thread);
}

/* ---- Event, Semaphore ------------------------------------------------------------------------*/

static int runner(void *op) {
    Part *self = op;
    int result = event_wait(self->it, FOREVER);
    return log_write(NULL, "runner %d: %s", self->number, truth(result));
}

static void call_event(void *it, const char *call) {
    if (is(call, "wait")) {
        show_bool(call, event_wait(it, number(call, FOREVER)));
    } else if (is(call, "is_set")) {
        show_bool(call, event_is_set(it));
    } else {
        if (is(call, "set")) event_set(it);
        if (is(call, "clear")) event_clear(it);
        show_none(call, 0);
    }
}

static void events(void) {
    title("Event");
    Event gun;
    event_init(&gun);
    CALLS(call_event, &gun, "is_set", "wait(0)", "wait(-1)", "wait(0.001)", "wait(1e10)");
    for (int round = 0; round < 3; round++) {
        Thread *threads[5];
        Part runners[5];
        for (int i = 0; i < 5; i++) {
            runners[i] = (Part){&gun, i};
            threads[i] = start(TARGET(runner), &runners[i]);
        }
        until_waiting(&gun.cond, 5);
        CALLS(call_event, &gun, "set", "clear, at once");
        log_until(5);
        log_show(false);
        join_all(threads, 5);
    }
    CALLS(call_event, &gun, "is_set", "set", "set", "is_set", "wait", "wait(1e10)", "clear",
          "wait(0)");
}

static void call_semaphore(void *it, const char *call) {
    if (is(call, "acquire")) {
        show_bool(call, semaphore_acquire(it, blocking(call), number(call, FOREVER)));
    } else {
        show_none(call, semaphore_release(it, (ssize_t)number(call, 1)));
    }
}

static void semaphores(void) {
    title("Semaphore");
    Semaphore semaphore;
    int (*const init[])(Semaphore *, ssize_t) = {semaphore_init, bounded_semaphore_init};
    show_none("Semaphore(-1)", init[0](&semaphore, -1));
    show_none("BoundedSemaphore(-1)", init[1](&semaphore, -1));
    for (int bounded = 0; bounded < 2; bounded++) {
        title(bounded ? "BoundedSemaphore(2)" : "Semaphore(2)");
        init[bounded](&semaphore, 2);
        CALLS(call_semaphore, &semaphore, "acquire", "acquire(timeout=1)", "acquire(False)",
              "acquire(timeout=0)", "acquire(timeout=-1)", "acquire(timeout=0.001)",
              "acquire(timeout=1e10)", "acquire(False, 1)", "release(0)", "release(-1)",
              "release(3)", "release", "release(2)", "release", "release");
        printf("value %zd\n", semaphore.value);
    }
}

static void random_semaphores(void) {
    title("Semaphores, at random");
    Semaphore both[2];
    semaphore_init(&both[0], 3);
    bounded_semaphore_init(&both[1], 3);
    for (int i = 0; i < 150; i++) {
        int op = (int)rand_below(4), n = (int)rand_below(4);
        char what[64];
        const char *which = op < 2 ? "" : "bounded ";
        if (op % 2 == 0) {
            snprintf(what, sizeof what, "%sacquire(False)", which);
            show_bool(what, semaphore_acquire(&both[op / 2], false, FOREVER));
        } else {
            snprintf(what, sizeof what, "%srelease(%d)", which, n);
            show_none(what, semaphore_release(&both[op / 2], n));
        }
        printf("  %zd %zd\n", both[0].value, both[1].value);
    }
}

static void random_locks(void) {
    title("Locks, at random");
    Lock lock = {0};
    RLock rlock = {0};
    Event event;
    event_init(&event);
    const struct {
        Method method;
        void *it;
        const char *what; // the call comes after the point
    } ways[] = {
        {call_lock, &lock, "lock.acquire(False)"}, {call_lock, &lock, "lock.release"},
        {call_rlock, &rlock, "rlock.acquire"},     {call_rlock, &rlock, "rlock.release"},
        {call_event, &event, "event.set"},         {call_event, &event, "event.clear"},
        {call_event, &event, "event.wait(0)"},     {call_lock, &lock, "lock.locked"},
    };
    for (int i = 0; i < 150; i++) {
        size_t op = (size_t)rand_below(8);
        ways[op].method(ways[op].it, ways[op].what);
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

static void describe(Thread *thread) {
    printf("  '%s' alive %s daemon %s ident %s\n", thread_name(thread),
           truth(thread_is_alive(thread)), truth(thread_daemon(thread)),
           thread_ident(thread) ? "a number" : "None");
}

static void call_thread(void *it, const char *call) {
    if (is(call, "describe")) {
        describe(it);
    } else if (is(call, "start")) {
        show_none(call, thread_start(it));
    } else if (is(call, "join")) {
        show_none(call, thread_join(it, number(call, FOREVER)));
    } else if (is(call, "daemon")) {
        show_none(call, thread_set_daemon(it, blocking(call)));
    } else {
        show_number(call, (ssize_t)threading_active_count());
    }
}

static void thread_life(void) {
    title("Thread");
    Event event;
    event_init(&event);
    Thread *thread = need(thread_new(NULL, TARGET(wait_for), &event));
    CALLS(call_thread, thread, "describe", "join", "daemon = True", "describe", "daemon = False",
          "active_count", "start", "active_count", "describe", "start", "daemon = True", "join(0)",
          "join(-1)", "join(0.001)", "describe");
    event_set(&event);
    CALLS(call_thread, thread, "join", "describe", "join(1)", "join", "start", "daemon = True",
          "active_count");
    thread_set_name(thread, "renamed");
    describe(thread);
    thread_decref(thread);
}

/* What a thread sees of itself and of the main thread. */
static void call_current(void *it, const char *call) {
    Thread *self = threading_current_thread(), *seen = strstr(call, "main") ? it : self;
    char name[64];
    snprintf(name, sizeof name, "'%s'", thread_name(seen));
    if (strstr(call, "join")) {
        show_none(call, thread_join(self, FOREVER));
    } else if (strstr(call, "start")) {
        show_none(call, thread_start(self));
    } else if (is(call, "alive")) {
        show_bool(call, thread_is_alive(self));
    } else if (is(call, "ident")) {
        show_bool(call, thread_ident(self) == threading_get_ident());
    } else {
        show(call, false, name);
    }
}

static void main_thread(void) {
    title("The main thread");
    Thread *self = threading_main_thread();
    describe(self);
    show_bool("current_thread is it", threading_current_thread() == self);
    show_bool("get_ident is its", threading_get_ident() == thread_ident(self));
    CALLS(call_thread, self, "join", "start", "daemon = True", "active_count");
    const char *const calls[] = {"main_thread, seen by another",
                                 "current_thread, of another",
                                 "its own join",
                                 "its own start",
                                 "alive, seen by itself",
                                 "ident, seen by itself"};
    for (size_t i = 0; i < 6; i++)
        join(start(TARGET(attempt), &(Attempt){call_current, self, calls[i]}));
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

/* With 32 bits a stack of any size that can be asked for may be had, unless memory is limited. */
static void limit_address_space(bool limited) {
    struct rlimit limit;
    if (sizeof(ssize_t) > 4 || getrlimit(RLIMIT_AS, &limit) < 0) return;
    limit.rlim_cur = limited ? 1 << 30 : limit.rlim_max;
    setrlimit(RLIMIT_AS, &limit);
}

static void stack_sizes(void) {
    title("stack_size");
    const ssize_t sizes[] = {-1, 1, 1000, 32767, 262144, 1 << 20, 0};
    char what[64];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        snprintf(what, sizeof what, "stack_size(%zd)", sizes[i]);
        show_number(what, threading_stack_size(sizes[i]));
    }
    const ssize_t too_large = PTRDIFF_MAX >> (sizeof(ssize_t) > 4 ? 15 : 0);
    show_number("stack_size(1 << 47)", threading_stack_size(too_large));
    Thread *thread = need(thread_new("too large", TARGET(work), NULL));
    limit_address_space(true);
    CALLS(call_thread, thread, "start", "describe", "join", "active_count");
    limit_address_space(false);
    show_bool("stack_size(0)", threading_stack_size(0) == too_large);
    CALLS(call_thread, thread, "start", "join");
    thread_decref(thread);
    thread = need(thread_new("right", TARGET(work), NULL));
    CALLS(call_thread, thread, "start", "join", "describe");
    thread_decref(thread);
}

static int fail(void *op) {
    const Error *error = op;
    return error_set(error->type, "%s", error->message);
}

static void hook(Thread *thread, const Error *error) {
    log_write(NULL, "hook, of '%s': %s: %s", thread_name(thread), error_name(error->type),
              error->message);
}

static void excepthooks(void) {
    title("excepthook");
    threading_set_excepthook(hook);
    Error errors[] = {{ValueError, "no such value", NULL, NULL},
                      {RuntimeError, "no way", NULL, NULL},
                      {IndexError, "", NULL, NULL}};
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "unlucky %zu", i);
        Thread *thread = need(thread_new(name, TARGET(fail), &errors[i]));
        CALLS(call_thread, thread, "start", "join");
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
    join_all(threads, 4);
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
    join_all(threads, 2);
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
    void (*const parts[])(void) = {
        lock_errors, rlock_errors,      condition_errors, hand_overs,  nested_wait,       events,
        semaphores,  random_semaphores, random_locks,     thread_life, main_thread,       names,
        inheritance, stack_sizes,       excepthooks,      all_of_them, producer_consumer, ping_pong,
        the_end,
    };
    condition_init(&event_log.condition);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        parts[i]();
    threading_shutdown();
    return finish_output(argv[0], 0);
}
