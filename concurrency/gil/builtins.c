/* builtins.c: the functions in C that a program can call, and its locks.
 *
 * A function that blocks gives the GIL up for as long. What it then touches must not belong to any
 * object that bytecode could reach, or must protect itself: here a semaphore and the clock.
 */
#include "virtual.h"

#include <errno.h>

static int builtin_range(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)self;
    if (!value_is_int(args[0])) return error_set(TypeError, "range() takes an int here");
    int64_t stop = value_as_int(args[0]);
    if (stop > 0x7fffffff) return error_set(OverflowError, "range() stops at 2147483647 here");
    result->bits = (uint64_t)(stop > 0 ? stop : 0) << 33 | TAG_RANGE;
    return 0;
}

/* CPython: Modules/timemodule.c, pysleep(), which also tries again with what is left. */
static int builtin_sleep(Thread *thread, void *self, const Value *args, Value *result) {
    (void)self, (void)result;
    if (!value_is_int(args[0])) return error_set(TypeError, "sleep() takes microseconds here");
    int64_t microseconds = value_as_int(args[0]);
    if (microseconds < 0) return error_set(ValueError, "sleep length must be non-negative");
    VirtualClock *clock = thread->program->clock;
    if (clock) {
        return virtual_yield(clock, &thread->tstate, clock->now + (uint64_t)microseconds, NULL);
    }
    uint64_t deadline = clock_now() + (uint64_t)microseconds * 1000;
    struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
    BEGIN_ALLOW_THREADS(&thread->tstate)
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    END_ALLOW_THREADS
    return 0;
}

int program_define_builtins(Program *self) {
    if (program_define(self, "range", 1, builtin_range, NULL) < 0) return -1;
    return program_define(self, "sleep", 1, builtin_sleep, NULL);
}

/* ---- Locks -----------------------------------------------------------------------------------*/

int lock_acquire(Thread *thread, Lock *self) {
    VirtualClock *clock = thread->program->clock;
    while (sem_trywait(&self->sem) < 0) { // EAGAIN: another has it
        if (clock) {
            if (virtual_yield(clock, &thread->tstate, NEVER, self) < 0) return -1;
            continue;
        }
        int status;
        BEGIN_ALLOW_THREADS(&thread->tstate)
        while ((status = sem_wait(&self->sem)) < 0 && errno == EINTR)
            ;
        END_ALLOW_THREADS
        if (status == 0) break;
    }
    atomic_store(&self->locked, true);
    return 0;
}

int lock_release(Thread *thread, Lock *self) {
    if (!atomic_exchange(&self->locked, false)) {
        return error_set(RuntimeError, "release unlocked lock");
    }
    sem_post(&self->sem);
    Program *program = thread->program;
    if (program->clock) virtual_unblock(program->clock, &program->gil, self);
    return 0;
}

static int builtin_acquire(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args;
    *result = value_int(1);
    return lock_acquire(thread, self);
}

static int builtin_release(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args, (void)result;
    return lock_release(thread, self);
}

int program_define_lock(Program *self, const char *name) {
    char method[32];
    if (self->nlocks == GLOBALS_MAX) return error_set(ValueError, "too many locks");
    if (strlen(name) > sizeof method - sizeof ".acquire") {
        return error_set(ValueError, "the name '%s' is too long", name);
    }
    Lock *lock = calloc(1, sizeof *lock);
    if (!lock) return error_no_memory(), -1;
    if (sem_init(&lock->sem, 0, 1) < 0) {
        free(lock);
        return error_set(RuntimeError, "can't allocate lock");
    }
    self->locks[self->nlocks++] = lock;
    snprintf(method, sizeof method, "%.23s.acquire", name);
    if (program_define(self, method, 0, builtin_acquire, lock) < 0) return -1;
    snprintf(method, sizeof method, "%.23s.release", name);
    return program_define(self, method, 0, builtin_release, lock);
}
