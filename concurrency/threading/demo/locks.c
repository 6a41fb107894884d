/* locks.c: the scenes about locks: what goes wrong without one, and with them. */
#include "demo.h"

static const char two_threads[] = "      thread A                        thread B";

/* ---- lost ------------------------------------------------------------------------------------*/

static int add_one(void *op) {
    Actor *self = op;
    Stage *stage = self->stage;
    wait_turn(self);
    if (stage->careful) {
        bool mine = lock_acquire(&stage->lock, false, -1) == 1;
        act(self, "acquire(False): %s", mine ? "True" : "False, it waits");
        if (!mine) step("what will B read?");
        pass_turn(self); // the same switch
        if (mine) wait_turn(self);
        if (!mine) lock_acquire(&stage->lock, true, -1);
    }
    int value = stage->counter;
    act(self, "reads %d", value);
    if (!stage->careful) {
        if (self->me == 1) step("what will the counter be?");
        let_the_other(self); // here the system happens to switch
    }
    stage->counter = value + 1;
    act(self, "writes %d + 1 = %d%s", value, value + 1, stage->careful ? ", release()" : "");
    if (stage->careful) return lock_release(&stage->lock);
    pass_turn(self);
    return 0;
}

void scene_lost(void) {
    puts("Two threads each add 1 to a counter: a read, then a write. The switch between\n"
         "the two is forced here, so that it happens in every run.\n");
    int counter = play(false, two_threads, TARGET(add_one), TARGET(add_one));
    printf("\n  counter: %s%d%s\n", color("31"), counter, color("0"));
    puts("\nThe same switch, with a Lock around the two:\n");
    counter = play(true, two_threads, TARGET(add_one), TARGET(add_one));
    printf("\n  counter: %s%d%s\n", color("32"), counter, color("0"));
    puts("\nThe lock does not prevent the switch. It keeps the other from reading during it.");
}

/* ---- race ------------------------------------------------------------------------------------*/

enum { ADDITIONS = 1000000 };

static struct {
    Event gun;
    Lock lock;
    _Atomic long counter; // atomic to read and to write; adding to it is two steps
} track;

static void add(void) {
    long value = atomic_load_explicit(&track.counter, memory_order_relaxed);
    atomic_store_explicit(&track.counter, value + 1, memory_order_relaxed);
}

static int add_many(void *locked) {
    event_wait(&track.gun, FOREVER);
    for (int i = 0; i < ADDITIONS && !locked; i++)
        add();
    for (int i = 0; i < ADDITIONS && locked; i++) {
        lock_acquire(&track.lock, true, -1);
        add();
        lock_release(&track.lock);
    }
    return 0;
}

void scene_race(void) {
    puts("Two threads, a million additions each, nobody forces anything. Look at how\n"
         "different the runs are: that is why such an error is hard to find.\n");
    step("how many of three runs lose nothing?");
    for (int run = 0; run < 6; run++) {
        void *locked = run >= 3 ? &track.lock : NULL;
        event_init(&track.gun);
        atomic_store(&track.counter, 0);
        Thread *threads[] = {start(TARGET(add_many), locked), start(TARGET(add_many), locked)};
        uint64_t begin = clock_now();
        event_set(&track.gun);
        join(threads[0]);
        join(threads[1]);
        double elapsed = (double)(clock_now() - begin) / 1e6;
        long counter = atomic_load(&track.counter);
        printf("  %-14s run %d   %8ld of %d   lost %7ld   %6.1f ms\n",
               locked ? "with a Lock" : "without a lock", run % 3 + 1, counter, 2 * ADDITIONS,
               2 * ADDITIONS - counter, elapsed);
    }
}

/* ---- deadlock --------------------------------------------------------------------------------*/

static Lock forks[2];

static int take_both(void *op) {
    Actor *self = op;
    wait_turn(self);
    lock_acquire(&forks[self->me], true, -1);
    act(self, "holds lock %d", self->me);
    let_the_other(self);
    act(self, "waits for lock %d, 0.05 s", 1 - self->me);
    pass_turn(self);
    int got = lock_acquire(&forks[1 - self->me], true, 0.05);
    wait_turn(self); // nobody gives up its own before both have tried
    act(self, got ? "gets it" : "gives up: False");
    let_the_other(self);
    lock_release(&forks[self->me]);
    pass_turn(self);
    return 0;
}

void scene_deadlock(void) {
    puts("A Lock belongs to nobody, so it cannot know that the one who wants it is the one\n"
         "who has it.\n");
    Lock lock = {0};
    show_bool("lock.acquire()", lock_acquire(&lock, true, -1));
    show_bool("once more, for 0.05 s", lock_acquire(&lock, true, 0.05));
    puts("  ...without the 0.05 s this program would end here, waiting for itself\n");
    RLock rlock = {0};
    for (int i = 0; i < 3; i++) {
        int status = rlock_acquire(&rlock, true, -1);
        printf("  rlock.acquire()        %s, count %lu\n", truth(status), rlock.count);
    }
    step("how often must it be released?");
    for (int i = 0; i < 4; i++)
        show("rlock.release()", rlock_release(&rlock));
    puts("\nTwo threads can do it with two locks, if they take them in opposite orders:\n");
    play(false, two_threads, TARGET(take_both), TARGET(take_both));
    puts("\nAn RLock would not help: each has what the other wants. One order for all\n"
         "threads would.");
}
