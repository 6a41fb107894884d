/* waits.c: the scenes about waiting for something else than a lock. */
#include "demo.h"

#include <sched.h>

/* ---- wakeup ----------------------------------------------------------------------------------*/

static int wait_until_ready(void *op) {
    Actor *self = op;
    Stage *stage = self->stage;
    int woken = 0;
    wait_turn(self);
    lock_acquire(&stage->lock, true, -1);
    bool ready = stage->ready;
    if (stage->careful) {
        act(self, "takes the lock, sees: %s", ready ? "ready" : "not ready");
        let_the_other(self); // the same switch
        act(self, "wait(): lets go of the lock");
        while (!stage->ready)
            woken = condition_wait(&stage->changed, FOREVER);
        act(self, woken ? "woken: True" : "never slept");
    } else {
        lock_release(&stage->lock); // too early
        act(self, "sees: %s", ready ? "ready" : "not ready");
        let_the_other(self); // the switch at the wrong moment
        lock_acquire(&stage->lock, true, -1);
        woken = condition_wait(&stage->changed, 0.05);
        act(self, "wait(0.05): %s", woken ? "True" : "False, and is ready");
    }
    return lock_release(&stage->lock);
}

static int make_ready(void *op) {
    Actor *self = op;
    Stage *stage = self->stage;
    wait_turn(self);
    if (stage->careful) {
        int got = lock_acquire(&stage->lock, false, -1);
        act(self, got ? "gets the lock" : "wants the lock: it is taken");
        pass_turn(self);
        if (!got) lock_acquire(&stage->lock, true, -1);
    } else {
        lock_acquire(&stage->lock, true, -1);
    }
    stage->ready = true;
    condition_notify(&stage->changed, 1);
    act(self, "ready = True, notify()");
    if (!stage->careful) step("who is woken by that?");
    lock_release(&stage->lock);
    if (!stage->careful) pass_turn(self);
    return 0;
}

void scene_wakeup(void) {
    static const char titles[] = "      A waits                         B signals";
    puts("A waits until ready. First it looks, lets go of the lock, and then waits: forced\n"
         "again, so that it goes wrong in every run.\n");
    play(false, titles, TARGET(wait_until_ready), TARGET(make_ready));
    puts("\nNobody was asleep when B notified, and nobody will notify again. Without its\n"
         "timeout A would sleep forever. Now A looks and waits under one and the same hold\n"
         "of the lock:\n");
    play(true, titles, TARGET(wait_until_ready), TARGET(make_ready));
    puts("\nwait() puts A into the queue before it lets go of the lock, so B cannot come in\n"
         "between. And A looks again when it wakes: `while not ready: wait()`, which is\n"
         "what wait_for() does.");
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
    puts("A waits for a hundredth of a second. B takes the lock meanwhile and keeps it, so\n"
         "that A, its time over, cannot come back; it is still in the queue. Then B\n"
         "notifies.\n");
    Stage stage = {.ready = false};
    condition_init_lock(&stage.changed, &stage.lock);
    Thread *thread = start_brief_waiter(&stage);
    puts("   1  A  wait(0.01): in the queue, the lock let go\n   2  B  takes the lock");
    while (atomic_load(&stage.lock.state) != CONTENDED)
        sched_yield();
    puts("   3  A  its time is over, it wants the lock");
    printf("   4  B  notify(), with %zu in the queue, release()\n",
           condition_waiters(&stage.changed));
    step("does A's wait() return True or False?");
    condition_notify(&stage.changed, 1);
    lock_release(&stage.lock);
    join(thread);
    printf("   5  A  has the lock again: wait() returns %s\n", truth(stage.ready));
    puts("\nB has woken somebody, so somebody must have been woken. In CPython the same\n"
         "sequence returns False: A reports its time, B's notification is gone, and who\n"
         "waits behind A sleeps on.");
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

/* The waiters in two groups, once `expected` of them are out of wait(). */
static void draw_bell(const char *what, int expected) {
    for (int count = -1; count != expected; sched_yield()) {
        condition_acquire(&bell.condition, true, -1);
        count = bell.count;
        condition_release(&bell.condition);
    }
    char queue[2 * WAITERS + 1] = "", out[2 * WAITERS + 1] = "";
    for (int i = 0; i < WAITERS; i++) {
        snprintf(queue + 2 * i, 3, bell.woken[i] ? "  " : "%d ", i);
        if (bell.woken[i]) snprintf(out + 2 * i, 3, " %d", i);
    }
    if (!*out) queue[2 * WAITERS - 1] = '\0';
    printf(*out ? "  %-18s%-16s%s\n" : "  %-18s%s\n", what, queue, out);
}

static void ring(ssize_t n) {
    condition_acquire(&bell.condition, true, -1);
    condition_notify(&bell.condition, n);
    condition_release(&bell.condition);
}

void scene_condition(void) {
    puts("Six threads call wait(), in this order. Each sleeps on a lock of its own, and\n"
         "these locks are the condition's queue; notify(n) releases the first n.\n");
    condition_init(&bell.condition);
    memset(bell.woken, 0, sizeof bell.woken);
    bell.count = 0;
    Thread *threads[WAITERS];
    int numbers[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
        numbers[i] = i;
        threads[i] = start(TARGET(wait_for_bell), &numbers[i]);
        until_waiting(&bell.condition, (size_t)i + 1);
    }
    puts("                    in the queue    out of wait()");
    draw_bell("six times wait()", 0);
    step("whom does notify() wake?");
    static const int groups[] = {1, 1, 2, WAITERS};
    static const char *const names[] = {"notify()", "notify()", "notify(2)", "notify_all()"};
    for (int g = 0, woken = 0; g < 4; g++) {
        ring(groups[g]);
        woken += groups[g];
        draw_bell(names[g], woken < WAITERS ? woken : WAITERS);
    }
    for (int i = 0; i < WAITERS; i++)
        join(threads[i]);
    putchar('\n');
    ring(1);
    condition_acquire(&bell.condition, true, -1);
    show_bool("notify(), wait(0.01)", condition_wait(&bell.condition, 0.01));
    condition_release(&bell.condition);
    show_bool("wait() without a lock", condition_wait(&bell.condition, FOREVER));
    puts("\nFirst come, first woken. With nobody in the queue notify() leaves no trace: a\n"
         "condition remembers nothing, what is waited for must.");
}
