/* uses.c: the scenes about what conditions, events and semaphores are used for. */
#include "demo.h"

#include <sched.h>

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
    printf("  %-26s [", what);
    for (int i = 0; i < CAPACITY; i++)
        putchar(i < shelf.size ? '#' : '.');
    printf("]  waiting for room %d, for an item %d\n", full_waiters, empty_waiters);
}

void scene_queue(void) {
    printf("%d producers put %d items each on a shelf with room for %d; %d consumers take\n"
           "them off. One Lock, and two Conditions over it: those who wait for room, those\n"
           "who wait for an item.\n\n",
           PRODUCERS, EACH, CAPACITY, CONSUMERS);
    condition_init_lock(&shelf.not_full, &shelf.lock);
    condition_init_lock(&shelf.not_empty, &shelf.lock);
    shelf.in_order = true;
    Thread *threads[PRODUCERS + CONSUMERS];
    int numbers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        numbers[i] = i;
        threads[i] = start(TARGET(producer), &numbers[i]);
    }
    show_shelf("producers alone", 0, PRODUCERS);
    step("two consumers come: who waits in the end?");
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
    printf("  closed: notify_all(), consumers end\n\n"
           "  %d items taken, each producer's in order: %s; at most %d on the shelf\n",
           shelf.taken, truth(shelf.in_order), shelf.most);
    puts("\nWho finds the shelf full sleeps until somebody takes an item, and costs nothing\n"
         "meanwhile.");
}

/* ---- gun -------------------------------------------------------------------------------------*/

enum { RUNNERS = 8 };

static atomic_int running;

static int run_at_the_shot(void *gun) {
    event_wait(gun, FOREVER);
    atomic_fetch_add(&running, 1);
    return 0;
}

static void show_gun(Event *gun, const char *what) {
    printf("  %-8s is_set() %-5s  waiting %zu, running %d\n", what, truth(event_is_set(gun)),
           condition_waiters(&gun->cond), atomic_load(&running));
}

void scene_gun(void) {
    puts("Eight runners wait for one flag. set() wakes all of them, and is remembered.\n");
    Event gun;
    event_init(&gun);
    Thread *runners[RUNNERS];
    for (int i = 0; i < RUNNERS; i++)
        runners[i] = start(TARGET(run_at_the_shot), &gun);
    until_waiting(&gun.cond, RUNNERS);
    show_gun(&gun, "before");
    event_set(&gun);
    for (int i = 0; i < RUNNERS; i++)
        join(runners[i]);
    show_gun(&gun, "set()");
    step("a ninth comes late: does it wait?");
    join(start(TARGET(run_at_the_shot), &gun));
    show_gun(&gun, "late one");
    event_clear(&gun);
    show_bool("clear(), wait(0.01)", event_wait(&gun, 0.01));
    puts("\nThat is what a Condition lacks: the flag. An Event is a Condition and a flag\n"
         "under one Lock.");
}

/* ---- semaphore -------------------------------------------------------------------------------*/

enum { SWIMMERS = 7, PLACES = 2 };

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
    puts("Seven workers, two places. Look at `inside`: whoever leaves lets exactly one in.\n");
    must(bounded_semaphore_init(&pool.places, PLACES));
    must(semaphore_init(&pool.leave, 0));
    Thread *workers[SWIMMERS];
    for (int i = 0; i < SWIMMERS; i++)
        workers[i] = start(TARGET(swim), NULL);
    for (int left = 0; left <= SWIMMERS; left++) {
        int rest = SWIMMERS - left, inside = rest < PLACES ? rest : PLACES;
        until_waiting(&pool.leave.cond, (size_t)inside);
        until_waiting(&pool.places.cond, (size_t)(rest - inside));
        while (atomic_load(&pool.left) < left)
            sched_yield();
        printf("  %-7s inside [", left ? "leaves:" : "start:");
        for (int i = 0; i < PLACES; i++)
            putchar(i < inside ? '#' : '.');
        printf("]  waiting %d\n", rest - inside);
        if (left == 0) step("one leaves: how many wait then?");
        if (left < SWIMMERS) semaphore_release(&pool.leave, 1);
    }
    for (int i = 0; i < SWIMMERS; i++)
        join(workers[i]);
    printf("\n  most at once: %d\n", atomic_load(&pool.most));
    show("one release() too many", semaphore_release(&pool.places, 1));
    puts("\nThat error is what the Bounded in BoundedSemaphore adds: a place that was never\n"
         "taken is a mistake in the program. A plain Semaphore would have three places\n"
         "from now on.");
}
