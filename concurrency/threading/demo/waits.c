/* demo_waits.c: the scenes about waiting for something else than a lock. */
#include "demo.h"

#include <sched.h>

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

void scene_wakeup(void) {
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

void scene_late(void) {
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

void scene_condition(void) {
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

void scene_queue(void) {
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

void scene_gun(void) {
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

void scene_semaphore(void) {
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
