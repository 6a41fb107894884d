/* virtual.c: whose turn it is, by a clock that counts instructions.
 *
 * The holder alone moves the clock and chooses the next holder, before it drops the GIL. The others
 * wait until they are `next`. So at any time at most one thread is on its way to take_gil(),
 * besides the one that was forced out and waits in drop_gil() for the switch.
 */
#include "virtual.h"

int virtual_clock_init(VirtualClock *self) {
    memset(self, 0, sizeof *self);
    if (pthread_mutex_init(&self->mutex, NULL)) {
        return error_set(RuntimeError, "can't allocate lock");
    }
    if (pthread_cond_init(&self->cond, NULL)) {
        pthread_mutex_destroy(&self->mutex);
        return error_set(RuntimeError, "can't allocate lock");
    }
    return 0;
}

void virtual_clock_fini(VirtualClock *self) {
    pthread_cond_destroy(&self->cond);
    pthread_mutex_destroy(&self->mutex);
}

void virtual_start(VirtualClock *self, Gil *gil, int count) {
    self->now = self->switched = 0;
    self->count = count;
    self->deadlock = false;
    self->next = 0;
    self->interval = gil->interval;
    gil->interval = INTERVAL_MAX; // take_gil() shall never ask by the real clock
    for (int i = 0; i < count; i++) {
        self->wants_since[i] = 0;
        self->blocked_on[i] = NULL;
    }
}

void virtual_end(VirtualClock *self, Gil *gil) {
    gil->interval = self->interval;
}

/* Who has wanted the GIL longest, or will want it first; -1: all have finished. */
static int first(const VirtualClock *self) {
    int found = -1;
    for (int i = 0; i < self->count; i++) {
        if (self->wants_since[i] == FINISHED) continue;
        if (found < 0 || self->wants_since[i] < self->wants_since[found]) found = i;
    }
    return found;
}

static void pass_on(VirtualClock *self) {
    int next = first(self);
    uint64_t when = next < 0 ? FINISHED : self->wants_since[next];
    if (when == NEVER) self->deadlock = true;               // woken to be told so
    if (when < NEVER && when > self->now) self->now = when; // nobody runs: time passes
    self->switched = self->now;
    pthread_mutex_lock(&self->mutex);
    self->next = next;
    pthread_cond_broadcast(&self->cond);
    pthread_mutex_unlock(&self->mutex);
}

static void wait_for_turn(VirtualClock *self, ThreadState *tstate) {
    pthread_mutex_lock(&self->mutex);
    while (self->next != tstate->id)
        pthread_cond_wait(&self->cond, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
    take_gil(tstate);
}

void virtual_enter(VirtualClock *self, ThreadState *tstate) {
    gil_trace(tstate->gil, tstate->id, GIL_WAIT, 0);
    wait_for_turn(self, tstate);
}

void virtual_leave(VirtualClock *self, ThreadState *tstate) {
    self->wants_since[tstate->id] = FINISHED;
    pass_on(self);
    drop_gil(tstate);
}

void virtual_tick(VirtualClock *self, ThreadState *holder) {
    Gil *gil = holder->gil;
    self->now++;
    if (load_relaxed(&gil->gil_drop_request)) return;
    for (int i = 0; i < self->count; i++) {
        uint64_t since = self->wants_since[i];
        if (i == holder->id || since > self->now) continue;
        if (since < self->switched) since = self->switched; // a switch starts the wait anew
        if (self->now - since < self->interval) continue;
        set_gil_drop_request(gil);
        gil_trace(gil, i, GIL_REQUEST, self->now);
        return;
    }
}

int virtual_yield(VirtualClock *self, ThreadState *holder, uint64_t when, const void *blocked_on) {
    self->wants_since[holder->id] = when;
    self->blocked_on[holder->id] = blocked_on;
    pass_on(self);
    drop_gil(holder);
    if (when < NEVER) gil_trace(holder->gil, holder->id, GIL_WAIT, when);
    wait_for_turn(self, holder);
    if (self->deadlock && blocked_on) return error_set(RuntimeError, "deadlock: all threads wait");
    return 0;
}

void virtual_unblock(VirtualClock *self, Gil *gil, const void *blocked_on) {
    for (int i = 0; i < self->count; i++) {
        if (self->blocked_on[i] != blocked_on) continue;
        self->blocked_on[i] = NULL;
        self->wants_since[i] = self->now;
        gil_trace(gil, i, GIL_WAIT, self->now);
    }
}
