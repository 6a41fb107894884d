/* virtual.h: a clock that counts instructions, for runs that come out the same each time.
 *
 * The threads are real, so is the GIL, so is forced switching. Two things are not left to chance:
 * time is the number of instructions executed, each a microsecond; and of the threads that want the
 * GIL the one gets it that has wanted it longest, where in reality the kernel chooses. A thread
 * therefore waits here for its turn before it goes to take_gil().
 *
 * All fields are protected by the GIL, but for `next`, which those read who do not hold it.
 */
#ifndef VIRTUAL_H
#define VIRTUAL_H

#include "ceval.h"

#define NEVER    (UINT64_MAX - 1) // wants the GIL when it is unblocked
#define FINISHED UINT64_MAX

typedef struct VirtualClock {
    uint64_t now;      // microseconds; advanced by the holder
    uint64_t switched; // when the GIL last changed hands
    uint64_t interval;
    int count;                       // of threads; thread i has id i
    uint64_t wants_since[TASKS_MAX]; // in the future: sleeps until then; or NEVER, FINISHED
    const void *blocked_on[TASKS_MAX];
    bool deadlock;
    int next; // whose turn it is; under `mutex`
    pthread_mutex_t mutex;
    pthread_cond_t cond;
} VirtualClock;

/* 0, or -1 with RuntimeError. */
int virtual_clock_init(VirtualClock *self);
void virtual_clock_fini(VirtualClock *self);

/* Sets the clock to 0, for so many threads. None gets the GIL before virtual_go(); then thread 0.
 * The GIL's interval is counted by this clock until virtual_end(). */
void virtual_start(VirtualClock *self, Gil *gil, int count);
void virtual_end(VirtualClock *self, Gil *gil);

/* A thread's first wait for the GIL, and its last drop. */
void virtual_enter(VirtualClock *self, ThreadState *tstate);
void virtual_leave(VirtualClock *self, ThreadState *tstate);

/* One more instruction of the holder. Asks it to drop the GIL on behalf of whoever has wanted it
 * for an interval without a switch. */
void virtual_tick(VirtualClock *self, ThreadState *holder);

/* The holder will want the GIL again at `when`, and gives it to whoever is first. Returns holding
 * it: 0, or -1 with RuntimeError if nobody could ever run again. */
int virtual_yield(VirtualClock *self, ThreadState *holder, uint64_t when, const void *blocked_on);

/* What was waited for has come: those blocked on it want the GIL from now on. */
void virtual_unblock(VirtualClock *self, Gil *gil, const void *blocked_on);

#endif
