/* demo.c: the story of threads that wait for one another, told by a run.
 *
 *     threading_demo                    every scene
 *     threading_demo --scene NAME       one of them
 *     threading_demo --files FILE...    counts lines, words and bytes, in threads
 *     threading_demo --csv trace        the data of the picture
 *
 * Where threads meet, each waits until the other has done its step: the output does not depend on
 * luck. The scenes `race` and `timeline` are measurements, and do.
 */
#include "demo.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

void *need(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", PROGRAM);
    error_print(stderr);
    exit(1);
}

Thread *start(ThreadTarget target, void *arg) {
    Thread *thread = need(thread_new(NULL, target, arg));
    if (thread_start(thread) < 0) need(NULL);
    return thread;
}

void join(Thread *thread) {
    thread_join(thread, FOREVER);
    thread_decref(thread);
}

void until_waiting(Condition *condition, size_t count) {
    for (size_t waiting = count + 1; waiting != count; sched_yield()) {
        condition_acquire(condition, true, -1);
        waiting = condition_waiters(condition);
        condition_release(condition);
    }
}

static const char *truth(int value) {
    return value ? "True" : "False";
}

/* A call, and what it returned: None, or an error in Python's words. */
static void show(const char *what, int status) {
    printf("  %-34s ", what);
    if (status == 0) {
        puts("None");
        return;
    }
    printf("%s%s: %s%s\n", color("33"), error_name(error_occurred()), error_message(), color("0"));
    error_clear();
}

static void show_bool(const char *what, int status) {
    printf("  %-34s %s\n", what, truth(status));
}

/* ---- Two actors, in turn ---------------------------------------------------------------------*/

/* A stage for two threads: a semaphore each, and whoever has had its turn gives the other one. */
typedef struct {
    Semaphore turn[2];
    Lock lock;
    Condition changed; // over lock
    int counter;
    bool ready;
} Stage;

typedef struct {
    Stage *stage;
    int me; // 0: the left column, 1: the right one
} Actor;

static int step;

/* One line: what this actor does, in its column. Only the one whose turn it is gets here. */
static void act(const Actor *self, const char *what) {
    enum { RIGHT_COLUMN = 32 };
    printf("  %2d  %*s%s\n", ++step, self->me ? RIGHT_COLUMN : 0, "", what);
}

static void wait_turn(const Actor *self) {
    semaphore_acquire(&self->stage->turn[self->me], true, FOREVER);
}

static void pass_turn(const Actor *self) {
    semaphore_release(&self->stage->turn[1 - self->me], 1);
}

static void play(ThreadTarget left, ThreadTarget right, const char *titles, Stage *stage) {
    Actor actors[] = {{stage, 0}, {stage, 1}};
    semaphore_init(&stage->turn[0], 1);
    semaphore_init(&stage->turn[1], 0);
    condition_init_lock(&stage->changed, &stage->lock);
    step = 0;
    puts(titles);
    Thread *threads[] = {start(left, &actors[0]), start(right, &actors[1])};
    join(threads[0]);
    join(threads[1]);
}

/* ---- life ------------------------------------------------------------------------------------*/

static int wait_for_event(void *event) {
    return event_wait(event, FOREVER) < 0 ? -1 : 0;
}

static void describe(Thread *thread) {
    printf("  %-34s is_alive() %-5s  ident %-8s  active_count() %zu\n", thread_name(thread),
           truth(thread_is_alive(thread)), thread_ident(thread) ? "a number" : "None",
           threading_active_count());
}

static int unlucky(void *arg) {
    (void)arg;
    return error_set(ZeroDivisionError, "division by zero");
}

static void tell(Thread *thread, const Error *error) {
    printf("  excepthook, in %s: %s: %s\n", thread_name(thread), error_name(error->type),
           error->message);
}

static void scene_life(void) {
    heading("life: from Thread() to join()");
    puts("One thread, and everything that is refused on its way. Look at when it is alive.\n");
    Event event;
    event_init(&event);
    Thread *thread = need(thread_new("worker", TARGET(wait_for_event), &event));
    describe(thread);
    show("join()", thread_join(thread, FOREVER));
    show("start()", thread_start(thread));
    describe(thread);
    show("start()", thread_start(thread));
    show("daemon = True", thread_set_daemon(thread, true));
    show("join(timeout=0.01)", thread_join(thread, 0.01));
    puts("  ...which says nothing: only is_alive() tells whether it ended or the time did");
    describe(thread);
    event_set(&event);
    show("join()", thread_join(thread, FOREVER));
    describe(thread);
    show("start()", thread_start(thread));
    show("current_thread().join()", thread_join(threading_current_thread(), FOREVER));
    thread_decref(thread);
    threading_set_excepthook(tell);
    thread = need(thread_new("unlucky", TARGET(unlucky), NULL));
    thread_start(thread);
    thread_join(thread, FOREVER);
    threading_set_excepthook(NULL);
    show("its join()", thread_join(thread, FOREVER));
    thread_decref(thread);
    puts("\nA thread is started once, and an error that ends it is told to excepthook, not to "
         "whoever\n"
         "joins it: join() returned None.");
}

/* ---- lost ------------------------------------------------------------------------------------*/

static int read_and_write(void *op) {
    Actor *self = op;
    char what[64];
    wait_turn(self);
    int value = self->stage->counter;
    snprintf(what, sizeof what, "reads %d", value);
    act(self, what);
    pass_turn(self); // here the system happens to switch
    wait_turn(self);
    self->stage->counter = value + 1;
    snprintf(what, sizeof what, "writes %d + 1 = %d", value, value + 1);
    act(self, what);
    pass_turn(self);
    return 0;
}

static int lock_read_and_write(void *op) {
    Actor *self = op;
    char what[64];
    wait_turn(self);
    bool mine = lock_acquire(&self->stage->lock, false, -1) == 1;
    act(self, mine ? "acquire(False): True" : "acquire(False): False, it waits");
    if (mine) {
        pass_turn(self); // the same switch, at the same place
        wait_turn(self);
    } else {
        pass_turn(self);
        lock_acquire(&self->stage->lock, true, -1);
    }
    int value = self->stage->counter;
    snprintf(what, sizeof what, "reads %d", value);
    act(self, what);
    self->stage->counter = value + 1;
    snprintf(what, sizeof what, "writes %d + 1 = %d, release()", value, value + 1);
    act(self, what);
    return lock_release(&self->stage->lock);
}

static void scene_lost(void) {
    heading("lost: two additions, one of them lost");
    puts(
        "Two threads each add 1 to a counter: a read, then a write. The switch between the two is\n"
        "forced here, so that it happens in every run. Look at what the second write "
        "overwrites.\n");
    Stage stage = {.counter = 0};
    const char *titles = "      thread A                        thread B";
    play(TARGET(read_and_write), TARGET(read_and_write), titles, &stage);
    printf("\n  counter: %s%d%s\n\nThe same switch, with a Lock around the two:\n\n", color("31"),
           stage.counter, color("0"));
    stage = (Stage){.counter = 0};
    play(TARGET(lock_read_and_write), TARGET(lock_read_and_write), titles, &stage);
    printf("\n  counter: %s%d%s\n", color("32"), stage.counter, color("0"));
    puts("\nThe lock does not prevent the switch. It keeps the other from reading during it.");
}

/* ---- race ------------------------------------------------------------------------------------*/

enum { ADDITIONS = 1000000 };

static Lock race_lock;
static _Atomic long race_counter; // atomic to read and to write; adding to it is two steps

static int add_unlocked(void *gun) {
    event_wait(gun, FOREVER);
    for (int i = 0; i < ADDITIONS; i++) {
        long value = atomic_load_explicit(&race_counter, memory_order_relaxed);
        atomic_store_explicit(&race_counter, value + 1, memory_order_relaxed);
    }
    return 0;
}

static int add_locked(void *gun) {
    event_wait(gun, FOREVER);
    for (int i = 0; i < ADDITIONS; i++) {
        lock_acquire(&race_lock, true, -1);
        long value = atomic_load_explicit(&race_counter, memory_order_relaxed);
        atomic_store_explicit(&race_counter, value + 1, memory_order_relaxed);
        lock_release(&race_lock);
    }
    return 0;
}

static void race(const char *what, ThreadTarget target) {
    for (int run = 1; run <= 3; run++) {
        Event gun;
        event_init(&gun);
        atomic_store(&race_counter, 0);
        Thread *threads[] = {start(target, &gun), start(target, &gun)};
        uint64_t begin = clock_now();
        event_set(&gun);
        join(threads[0]);
        join(threads[1]);
        uint64_t elapsed = clock_now() - begin;
        printf("  %-14s run %d   %8ld of %d   lost %7ld   %6.1f ms\n", what, run,
               atomic_load(&race_counter), 2 * ADDITIONS,
               2 * ADDITIONS - atomic_load(&race_counter), (double)elapsed / 1e6);
    }
}

static void scene_race(void) {
    heading("race: how often it happens unforced (measured)");
    puts(
        "Two threads, a million additions each, nobody forces anything. Look at how different the\n"
        "runs are: that is why such an error is hard to find.\n");
    race("without a lock", TARGET(add_unlocked));
    race("with a Lock", TARGET(add_locked));
}

/* ---- deadlock --------------------------------------------------------------------------------*/

static Lock forks[2];

static int take_both(void *op) {
    Actor *self = op;
    wait_turn(self);
    lock_acquire(&forks[self->me], true, -1);
    act(self, self->me ? "holds lock 1" : "holds lock 0");
    pass_turn(self);
    wait_turn(self);
    act(self, self->me ? "waits for lock 0, 0.05 s" : "waits for lock 1, 0.05 s");
    pass_turn(self);
    int got = lock_acquire(&forks[1 - self->me], true, 0.05);
    wait_turn(self); // nobody gives up its own before both have tried
    act(self, got ? "gets it" : "gives up: False");
    pass_turn(self);
    wait_turn(self);
    lock_release(&forks[self->me]);
    pass_turn(self);
    return 0;
}

static void scene_deadlock(void) {
    heading("deadlock: waiting for oneself");
    puts("A Lock belongs to nobody, so it cannot know that the one who wants it is the one who has "
         "it.\n");
    Lock lock = {0};
    show_bool("lock.acquire()", lock_acquire(&lock, true, -1));
    show_bool("lock.acquire(timeout=0.05)", lock_acquire(&lock, true, 0.05));
    puts("  ...and without the timeout this program would end here, waiting for itself\n");
    RLock rlock = {0};
    for (int i = 0; i < 3; i++) {
        int status = rlock_acquire(&rlock, true, -1);
        printf("  rlock.acquire()                    %s, count %lu\n", truth(status), rlock.count);
    }
    for (int i = 0; i < 4; i++)
        show("rlock.release()", rlock_release(&rlock));
    puts("\nTwo threads can do it with two locks, if they take them in opposite orders:\n");
    Stage stage = {.counter = 0};
    play(TARGET(take_both), TARGET(take_both), "      thread A                        thread B",
         &stage);
    puts("\nAn RLock would not help: each has what the other wants. One order for all threads "
         "would.");
}

/* ---- condition -------------------------------------------------------------------------------*/

enum { WAITERS = 6 };

static struct {
    Condition condition;
    bool woken[WAITERS];
    int count;
} bell;

static int wait_for_bell(void *op) {
    condition_acquire(&bell.condition, true, -1);
    condition_wait(&bell.condition, FOREVER);
    bell.woken[*(int *)op] = true;
    bell.count++;
    return condition_release(&bell.condition);
}

static void draw_bell(const char *what, int expected) {
    for (int count = -1; count != expected; sched_yield()) {
        condition_acquire(&bell.condition, true, -1);
        count = bell.count;
        condition_release(&bell.condition);
    }
    printf("  %-16s asleep", what);
    for (int i = 0; i < WAITERS; i++)
        printf(" %c", bell.woken[i] ? '.' : (char)('0' + i));
    printf("   woken");
    for (int i = 0; i < WAITERS; i++)
        printf(" %s%c%s", color("32"), bell.woken[i] ? (char)('0' + i) : '.', color("0"));
    putchar('\n');
}

static void ring(ssize_t n) {
    condition_acquire(&bell.condition, true, -1);
    condition_notify(&bell.condition, n);
    condition_release(&bell.condition);
}

static void scene_condition(void) {
    heading("condition: a signal among many waiters");
    puts("Six threads wait, in this order. Look at who is woken: as many as asked for, first come\n"
         "first woken, and nobody besides.\n");
    condition_init(&bell.condition);
    Thread *threads[WAITERS];
    int numbers[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
        numbers[i] = i;
        threads[i] = start(TARGET(wait_for_bell), &numbers[i]);
        until_waiting(&bell.condition, (size_t)i + 1);
    }
    draw_bell("", 0);
    ring(1);
    draw_bell("notify()", 1);
    ring(1);
    draw_bell("notify()", 2);
    ring(2);
    draw_bell("notify(2)", 4);
    ring(WAITERS);
    draw_bell("notify_all()", 6);
    for (int i = 0; i < WAITERS; i++)
        join(threads[i]);
    ring(1);
    condition_acquire(&bell.condition, true, -1);
    show_bool("notify(), then wait(0.01)", condition_wait(&bell.condition, 0.01));
    condition_release(&bell.condition);
    show("wait() without the lock", condition_wait(&bell.condition, FOREVER));
    puts("\nEach waiter sleeps on a lock of its own, in a queue; notify() releases the first ones. "
         "With\n"
         "nobody in the queue it leaves no trace: a condition remembers nothing, what is waited "
         "for must.");
}

/* ---- wakeup ----------------------------------------------------------------------------------*/

static int wait_carelessly(void *op) {
    Actor *self = op;
    Stage *stage = self->stage;
    wait_turn(self);
    lock_acquire(&stage->lock, true, -1); // to be fair to the processor; it is given up too early
    bool ready = stage->ready;
    lock_release(&stage->lock);
    act(self, ready ? "sees ready" : "sees: not ready");
    pass_turn(self); // the switch at the wrong moment
    wait_turn(self);
    lock_acquire(&stage->lock, true, -1);
    int woken = condition_wait(&stage->changed, 0.05);
    act(self, woken ? "wait(0.05): True" : "wait(0.05): False, and is ready");
    return lock_release(&stage->lock);
}

static int signal_carelessly(void *op) {
    Actor *self = op;
    wait_turn(self);
    lock_acquire(&self->stage->lock, true, -1);
    self->stage->ready = true;
    condition_notify(&self->stage->changed, 1);
    act(self, "ready = True, notify()");
    lock_release(&self->stage->lock);
    pass_turn(self);
    return 0;
}

static int wait_carefully(void *op) {
    Actor *self = op;
    Stage *stage = self->stage;
    wait_turn(self);
    lock_acquire(&stage->lock, true, -1);
    act(self, stage->ready ? "sees ready" : "takes the lock, sees: not ready");
    pass_turn(self); // the same switch
    wait_turn(self);
    act(self, "wait(): lets go of the lock");
    int woken = 0;
    while (!stage->ready)
        woken = condition_wait(&stage->changed, FOREVER);
    act(self, woken ? "woken: True" : "never slept");
    return lock_release(&stage->lock);
}

static int signal_carefully(void *op) {
    Actor *self = op;
    wait_turn(self);
    int got = lock_acquire(&self->stage->lock, false, -1);
    act(self, got ? "gets the lock" : "wants the lock: it is taken");
    pass_turn(self);
    if (!got) lock_acquire(&self->stage->lock, true, -1);
    self->stage->ready = true;
    condition_notify(&self->stage->changed, 1);
    act(self, "ready = True, notify()");
    return lock_release(&self->stage->lock);
}

static void scene_wakeup(void) {
    heading("wakeup: how a wake-up is lost, and how not");
    puts("A waits until ready. First it looks, lets go of the lock, and then waits: forced again, "
         "so\n"
         "that it goes wrong in every run.\n");
    const char *titles = "      A waits                         B signals";
    Stage stage = {.ready = false};
    play(TARGET(wait_carelessly), TARGET(signal_carelessly), titles, &stage);
    puts("\nNobody was asleep when B notified, and nobody will notify again. Without its timeout A "
         "would\n"
         "sleep forever. Now A looks and waits under one and the same hold of the lock:\n");
    stage = (Stage){.ready = false};
    play(TARGET(wait_carefully), TARGET(signal_carefully), titles, &stage);
    puts("\nwait() puts A into the queue before it lets go of the lock, so B cannot come in "
         "between. And\n"
         "A looks again when it wakes: `while not ready: wait()`, which is what wait_for() does.");
}

/* ---- late ------------------------------------------------------------------------------------*/

static int wait_briefly(void *op) {
    Stage *stage = op;
    lock_acquire(&stage->lock, true, -1);
    stage->ready = condition_wait(&stage->changed, 0.01) == 1;
    return lock_release(&stage->lock);
}

/* Starts one who waits briefly, and takes the lock while it is in the queue; anew, if it was gone
 * before we came. */
static Thread *start_brief_waiter(Stage *stage) {
    for (Thread *thread = start(TARGET(wait_briefly), stage);; sched_yield()) {
        if (lock_acquire(&stage->lock, false, -1) != 1) continue;
        if (condition_waiters(&stage->changed) == 1) return thread;
        lock_release(&stage->lock);
        if (thread_is_alive(thread)) continue;
        join(thread);
        thread = start(TARGET(wait_briefly), stage);
    }
}

static void scene_late(void) {
    heading("late: a notification after the time ran out");
    puts("A waits for a hundredth of a second. B takes the lock meanwhile and keeps it, so that A, "
         "its\n"
         "time over, cannot come back; it is still in the queue. Then B notifies.\n");
    Stage stage = {.ready = false};
    condition_init_lock(&stage.changed, &stage.lock);
    Thread *thread = start_brief_waiter(&stage);
    puts("   1  A  wait(0.01): in the queue, the lock let go\n   2  B  takes the lock");
    while (atomic_load(&stage.lock.state) != CONTENDED)
        sched_yield();
    puts("   3  A  its time is over, it wants the lock");
    printf("   4  B  notify(), with %zu in the queue, release()\n",
           condition_waiters(&stage.changed));
    condition_notify(&stage.changed, 1);
    lock_release(&stage.lock);
    join(thread);
    printf("   5  A  has the lock again: wait() returns %s\n", truth(stage.ready));
    puts("\nB has woken somebody, so somebody must have been woken. In CPython the same sequence "
         "returns\n"
         "False: A reports its time, B's notification is gone, and whoever waits behind A sleeps "
         "on.");
}

/* ---- queue -----------------------------------------------------------------------------------*/

enum { CAPACITY = 4, PRODUCERS = 3, CONSUMERS = 2, EACH = 1000 };

static struct {
    Lock lock;
    Condition not_full, not_empty; // over lock, one queue of waiters each
    int items[CAPACITY], size, most;
    int taken, last[PRODUCERS];
    bool closed, in_order;
} shelf;

static int shelf_has_room(void *arg) {
    (void)arg;
    return shelf.size < CAPACITY;
}

static int shelf_has_news(void *arg) {
    (void)arg;
    return shelf.size > 0 || shelf.closed;
}

static int producer(void *op) {
    for (int i = 1; i <= EACH; i++) {
        lock_acquire(&shelf.lock, true, -1);
        condition_wait_for(&shelf.not_full, shelf_has_room, NULL, FOREVER);
        shelf.items[shelf.size++] = *(int *)op * 10000 + i;
        if (shelf.size > shelf.most) shelf.most = shelf.size;
        condition_notify(&shelf.not_empty, 1);
        lock_release(&shelf.lock);
    }
    return 0;
}

static int consumer(void *arg) {
    (void)arg;
    for (;;) {
        lock_acquire(&shelf.lock, true, -1);
        condition_wait_for(&shelf.not_empty, shelf_has_news, NULL, FOREVER);
        if (shelf.size == 0) return lock_release(&shelf.lock); // closed
        int item = shelf.items[0], from = item / 10000;
        memmove(shelf.items, shelf.items + 1, (size_t)--shelf.size * sizeof item);
        shelf.in_order = shelf.in_order && item % 10000 == shelf.last[from] + 1;
        shelf.last[from] = item % 10000;
        shelf.taken++;
        condition_notify(&shelf.not_full, 1);
        lock_release(&shelf.lock);
    }
}

static void show_shelf(const char *what, int empty_waiters, int full_waiters) {
    until_waiting(&shelf.not_empty, (size_t)empty_waiters);
    until_waiting(&shelf.not_full, (size_t)full_waiters);
    printf("  %-30s [", what);
    for (int i = 0; i < CAPACITY; i++)
        putchar(i < shelf.size ? '#' : '.');
    printf("]  waiting for room %d, for an item %d\n", full_waiters, empty_waiters);
}

static void scene_queue(void) {
    heading("queue: producers and consumers");
    printf("%d producers put %d items each on a shelf with room for %d; %d consumers take them "
           "off. One\n"
           "Lock, and two Conditions over it: those who wait for room, those who wait for an "
           "item.\n\n",
           PRODUCERS, EACH, CAPACITY, CONSUMERS);
    condition_init_lock(&shelf.not_full, &shelf.lock);
    condition_init_lock(&shelf.not_empty, &shelf.lock);
    shelf.size = shelf.most = shelf.taken = 0;
    shelf.in_order = true;
    shelf.closed = false;
    Thread *threads[PRODUCERS + CONSUMERS];
    int numbers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        numbers[i] = i;
        shelf.last[i] = 0;
        threads[i] = start(TARGET(producer), &numbers[i]);
    }
    show_shelf("producers alone", 0, PRODUCERS);
    for (int i = 0; i < CONSUMERS; i++)
        threads[PRODUCERS + i] = start(TARGET(consumer), NULL);
    for (int i = 0; i < PRODUCERS; i++)
        join(threads[i]);
    show_shelf("producers done, all taken", CONSUMERS, 0);
    lock_acquire(&shelf.lock, true, -1);
    shelf.closed = true;
    condition_notify_all(&shelf.not_empty);
    lock_release(&shelf.lock);
    for (int i = 0; i < CONSUMERS; i++)
        join(threads[PRODUCERS + i]);
    printf("  closed: notify_all(), consumers end\n\n  %d items taken, each producer's in order: "
           "%s; at "
           "most %d on the shelf\n",
           shelf.taken, truth(shelf.in_order), shelf.most);
    puts("\nWho finds the shelf full sleeps until somebody takes an item, and costs nothing "
         "meanwhile.");
}

/* ---- gun -------------------------------------------------------------------------------------*/

static atomic_int running;

static int run_at_the_shot(void *gun) {
    event_wait(gun, FOREVER);
    atomic_fetch_add(&running, 1);
    return 0;
}

static void scene_gun(void) {
    heading("gun: an Event starts them all");
    puts("Eight runners wait for one flag. set() wakes all of them, and is remembered.\n");
    Event gun;
    event_init(&gun);
    atomic_store(&running, 0);
    Thread *runners[8];
    for (int i = 0; i < 8; i++)
        runners[i] = start(TARGET(run_at_the_shot), &gun);
    until_waiting(&gun.cond, 8);
    printf("  before   is_set() %-5s  waiting 8, running %d\n", truth(event_is_set(&gun)),
           atomic_load(&running));
    event_set(&gun);
    for (int i = 0; i < 8; i++)
        join(runners[i]);
    printf("  set()    is_set() %-5s  waiting 0, running %d\n", truth(event_is_set(&gun)),
           atomic_load(&running));
    join(start(TARGET(run_at_the_shot), &gun));
    printf("  a late one does not wait: running %d\n", atomic_load(&running));
    event_clear(&gun);
    show_bool("clear(), then wait(timeout=0.01)", event_wait(&gun, 0.01));
    puts("\nThat is what a Condition lacks: the flag. An Event is a Condition and a flag under one "
         "Lock.");
}

/* ---- semaphore -------------------------------------------------------------------------------*/

static struct {
    Semaphore places, leave;
    atomic_int inside, most, left;
} pool;

static int swim(void *arg) {
    (void)arg;
    semaphore_acquire(&pool.places, true, FOREVER);
    int inside = atomic_fetch_add(&pool.inside, 1) + 1;
    for (int most = atomic_load(&pool.most); most < inside;)
        atomic_compare_exchange_weak(&pool.most, &most, inside);
    semaphore_acquire(&pool.leave, true, FOREVER); // stays until the scene says so
    atomic_fetch_sub(&pool.inside, 1);
    semaphore_release(&pool.places, 1);
    atomic_fetch_add(&pool.left, 1);
    return 0;
}

static void scene_semaphore(void) {
    heading("semaphore: no more than two at once");
    puts("Seven workers, two places. Look at `inside`: whoever leaves lets exactly one in.\n");
    bounded_semaphore_init(&pool.places, 2);
    semaphore_init(&pool.leave, 0);
    atomic_store(&pool.inside, 0);
    atomic_store(&pool.most, 0);
    atomic_store(&pool.left, 0);
    Thread *workers[7];
    for (int i = 0; i < 7; i++)
        workers[i] = start(TARGET(swim), NULL);
    for (int left = 0; left <= 7; left++) {
        int inside = 7 - left < 2 ? 7 - left : 2, waiting = 7 - left - inside;
        until_waiting(&pool.leave.cond, (size_t)inside);
        until_waiting(&pool.places.cond, (size_t)waiting);
        while (atomic_load(&pool.left) < left)
            sched_yield();
        printf("  %-7s inside [", left ? "leaves:" : "start:");
        for (int i = 0; i < 2; i++)
            putchar(i < inside ? '#' : '.');
        printf("]  waiting %d\n", waiting);
        if (left < 7) semaphore_release(&pool.leave, 1);
    }
    for (int i = 0; i < 7; i++)
        join(workers[i]);
    printf("\n  most at once: %d\n", atomic_load(&pool.most));
    show("one release() too many", semaphore_release(&pool.places, 1));
    puts("\nThat error is what the Bounded in BoundedSemaphore adds: a place that was never taken "
         "is a\n"
         "mistake in the program. A plain Semaphore would have three places from now on.");
}

/* ---- exit ------------------------------------------------------------------------------------*/

static int work_on(void *arg) {
    (void)arg;
    thread_join(threading_main_thread(), FOREVER);
    puts("  worker: the main thread has ended, I have not");
    puts("  worker: now I have");
    return 0;
}

/* A program of its own, in a child process: how it ends is what is to be seen. */
static int program(void) {
    static Event never;
    event_init(&never);
    Thread *daemon = need(thread_new("daemon", TARGET(wait_for_event), &never));
    thread_set_daemon(daemon, true);
    thread_start(daemon);
    printf("  main: started %s, daemon %s, which waits forever\n", thread_name(daemon),
           truth(thread_daemon(daemon)));
    Thread *worker = need(thread_new("worker", TARGET(work_on), NULL));
    thread_start(worker);
    printf("  main: started %s, daemon %s\n", thread_name(worker), truth(thread_daemon(worker)));
    thread_decref(daemon);
    thread_decref(worker);
    puts("  main: ends");
    threading_shutdown();
    return finish_output(PROGRAM, 0);
}

static void scene_exit(void) {
    heading("exit: who is waited for at the end");
    puts("A program of its own, with one thread that is a daemon and one that is not.\n");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) exit(program());
    if (child < 0) {
        error_set(OSError, "cannot fork: %s", strerror(errno));
        need(NULL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    printf("  exit status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    puts("\nThe end of main joins all threads but the daemons; these are cut off wherever they "
         "are,\n"
         "without a finally. A daemon must not hold anything that needs tidying up.");
}

/* ---- The program -----------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*run)(void);
} scenes[] = {
    {"life", scene_life},           {"lost", scene_lost},         {"race", scene_race},
    {"deadlock", scene_deadlock},   {"wakeup", scene_wakeup},     {"late", scene_late},
    {"condition", scene_condition}, {"queue", scene_queue},       {"gun", scene_gun},
    {"semaphore", scene_semaphore}, {"timeline", scene_timeline}, {"exit", scene_exit},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static int help(void) {
    puts("usage: threading_demo [--scene NAME | --csv trace]\n"
         "       threading_demo [--threads N] [--open N] --files FILE...\n\n"
         "Without arguments it plays every scene. With files (- is stdin) it counts their lines, "
         "words\n"
         "and bytes, in 4 threads with at most 2 files open at once, or as many as said.\n");
    printf("scenes:");
    for (size_t i = 0; i < SCENES; i++)
        printf(" %s", scenes[i].name);
    putchar('\n');
    return 0;
}

static int play_scene(const char *name) {
    for (size_t i = 0; i < SCENES; i++) {
        if (strcmp(scenes[i].name, name) != 0) continue;
        scenes[i].run();
        return 0;
    }
    return usage_error(PROGRAM, "no scene '%s'; see --help", name);
}

/* A number from 1 to 1000, or 0. */
static size_t small_number(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return *text && !*end && number >= 1 && number <= 1000 ? (size_t)number : 0;
}

static int run(int argc, char **argv) {
    size_t threads = 4, open = 2;
    for (int i = 1; i < argc; i++) {
        bool last = i + 1 == argc;
        if (strcmp(argv[i], "--help") == 0) return help();
        if (strcmp(argv[i], "--files") == 0) {
            if (last) return usage_error(PROGRAM, "--files takes the names of files");
            return count_files(argv + i + 1, (size_t)(argc - i - 1), threads, (ssize_t)open);
        }
        if (last)
            return usage_error(PROGRAM, "'%s' is not complete, or no option; see --help", argv[i]);
        const char *option = argv[i++];
        if (strcmp(option, "--scene") == 0) return play_scene(argv[i]);
        if (strcmp(option, "--csv") == 0) {
            if (strcmp(argv[i], "trace") == 0) return trace_csv();
            return usage_error(PROGRAM, "no data '%s'; there is: trace", argv[i]);
        }
        size_t *number = strcmp(option, "--threads") == 0 ? &threads
                         : strcmp(option, "--open") == 0  ? &open
                                                          : NULL;
        if (!number) return usage_error(PROGRAM, "unknown option '%s'; see --help", option);
        *number = small_number(argv[i]);
        if (!*number) return usage_error(PROGRAM, "%s takes a number from 1 to 1000", option);
    }
    if (argc > 1) return usage_error(PROGRAM, "--threads and --open go with --files");
    for (size_t i = 0; i < SCENES; i++)
        scenes[i].run();
    return 0;
}

int main(int argc, char **argv) {
    int status = run(argc, argv);
    threading_shutdown();
    return finish_output(PROGRAM, status);
}
