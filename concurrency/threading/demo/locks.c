/* demo_locks.c: the scenes about locks: what goes wrong without one, and with them. */
#include "demo.h"

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

void scene_lost(void) {
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

void scene_race(void) {
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

void scene_deadlock(void) {
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
