/* program.c: a program's globals, the functions in C that it can call, and its threads from start
 * to end.
 *
 * Slots are only added before threads run; from then on their number and names are constant, and
 * their values belong to whoever holds the GIL. A function in C that blocks gives the GIL up for as
 * long. What it then touches must not belong to any object that bytecode could reach, or must
 * protect itself: here a semaphore and the clock.
 */
#include "virtual.h"

int program_init(Program *self) {
    memset(self, 0, sizeof *self);
    return create_gil(&self->gil);
}

void program_fini(Program *self) {
    for (int i = 0; i < self->nobjects; i++)
        free(self->objects[i]);
    for (int i = 0; i < self->nlocks; i++) {
        sem_destroy(&self->locks[i]->sem);
        free(self->locks[i]);
    }
    destroy_gil(&self->gil);
}

/* ---- Globals ---------------------------------------------------------------------------------*/

static int find(const Program *self, const char *name) {
    for (int i = 0; i < self->nglobals; i++)
        if (strcmp(self->globals[i].name, name) == 0) return i;
    return -1;
}

int program_global(Program *self, const char *name) {
    int slot = find(self, name);
    if (slot >= 0) return slot;
    if (self->nglobals == GLOBALS_MAX) return error_set(ValueError, "too many globals");
    Global *global = &self->globals[self->nglobals];
    if (strlen(name) >= sizeof global->name) {
        return error_set(ValueError, "the name '%s' is too long", name);
    }
    strcpy(global->name, name);
    store_relaxed(&global->bits, NONE.bits);
    return self->nglobals++;
}

Value program_get(const Program *self, const char *name) {
    int slot = find(self, name);
    if (slot < 0) return NULL_VALUE;
    return (Value){load_relaxed(&self->globals[slot].bits)};
}

int program_set_int(Program *self, const char *name, int64_t value) {
    int slot = program_global(self, name);
    if (slot < 0) return -1;
    store_relaxed(&self->globals[slot].bits, value_int(value).bits);
    return 0;
}

int program_add(Program *self, const char *name, Object *op) {
    if (find(self, name) >= 0) return error_set(ValueError, "there is already a '%s'", name);
    int slot = self->nobjects < GLOBALS_MAX ? program_global(self, name)
                                            : error_set(ValueError, "too many objects");
    if (slot < 0) return -1;
    strcpy(op->name, name); // fits: the global's name is as long
    op->refcnt = 1;         // the global's
    store_relaxed(&self->globals[slot].bits, (uint64_t)(uintptr_t)op);
    self->objects[self->nobjects++] = op;
    return 0;
}

int program_define(Program *self, const char *name, int argcount, BuiltinFunction call,
                   void *data) {
    Builtin *builtin = calloc(1, sizeof *builtin);
    if (!builtin) return error_no_memory(), -1;
    builtin->ob.is_builtin = true;
    builtin->argcount = argcount;
    builtin->call = call;
    builtin->self = data;
    if (program_add(self, name, &builtin->ob) == 0) return 0;
    free(builtin);
    return -1;
}

Function *program_function(const Program *self, const char *name) {
    Value value = program_get(self, name);
    if (value_tag(value) != TAG_OBJECT || value.bits == 0) return NULL;
    Object *op = (Object *)(uintptr_t)value.bits;
    return op->is_builtin ? NULL : (Function *)op;
}

/* ---- Functions in C --------------------------------------------------------------------------*/

static int builtin_range(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)self;
    if (!value_is_int(args[0])) return error_set(TypeError, "range() takes an int here");
    int64_t stop = value_as_int(args[0]);
    if (stop > 0x7fffffff) return error_set(OverflowError, "range() stops at 2147483647 here");
    *result = value_range(stop);
    return 0;
}

/* What CPython's time takes at most, 2**63 nanoseconds; in microseconds. */
#define TIME_MAX (INT64_MAX / 1000)

/* By the real clock; a signal does not end it early. */
static void sleep_until(uint64_t deadline) {
    for (uint64_t now; (now = clock_now()) < deadline;) {
        uint64_t left = deadline - now, at_most = UINT64_C(1000000000000000000); // for time_t
        if (left > at_most) left = at_most;
        struct timespec rest = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
        nanosleep(&rest, NULL);
    }
}

/* CPython: Modules/timemodule.c, pysleep(), which also tries again with what is left. */
static int builtin_sleep(Thread *thread, void *self, const Value *args, Value *result) {
    (void)self, (void)result;
    if (!value_is_int(args[0])) return error_set(TypeError, "sleep() takes microseconds here");
    int64_t microseconds = value_as_int(args[0]);
    if (microseconds < 0) return error_set(ValueError, "sleep length must be non-negative");
    VirtualClock *clock = thread->program->clock; // which ends at TIME_MAX, too
    uint64_t until = (uint64_t)microseconds + (clock ? clock->now : 0);
    if (until > TIME_MAX) {
        return error_set(OverflowError, "timestamp too large to convert to C _PyTime_t");
    }
    if (clock) return virtual_yield(clock, &thread->tstate, until, NULL);
    BEGIN_ALLOW_THREADS(&thread->tstate)
    sleep_until(clock_now() + until * 1000);
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
        status = sem_wait(&self->sem); // again after a signal
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

/* ---- Threads ---------------------------------------------------------------------------------*/

Thread *thread_new(Program *program, int id) {
    Thread *thread = calloc(1, sizeof *thread);
    if (!thread) return error_no_memory();
    thread->tstate.gil = &program->gil;
    thread->tstate.id = id;
    thread->program = program;
    return thread;
}

/* Shut while threads are being started: they run when all exist, or none does. */
typedef struct {
    pthread_mutex_t mutex;
    bool cancelled;
} Gate;

typedef struct {
    Thread *thread;
    Task *task;
    Gate *gate;
    pthread_t handle;
} Running;

static void run_task(Thread *thread, Task *task) {
    task->result = eval_call(thread, task->function, task->args);
    task->error = error_fetch();
    task->instructions = thread->instructions;
    if (value_tag(task->result) == TAG_OBJECT) { // no reference leaves the GIL
        value_decref(task->result);
        task->result = NULL_VALUE;
    }
}

/* What each thread does. CPython: Modules/_threadmodule.c, thread_run(). */
static void *thread_run(void *argument) {
    Running *self = argument;
    Thread *thread = self->thread;
    VirtualClock *clock = thread->program->clock;
    pthread_mutex_lock(&self->gate->mutex);
    bool cancelled = self->gate->cancelled;
    pthread_mutex_unlock(&self->gate->mutex);
    if (cancelled) return NULL;
    if (clock) {
        virtual_enter(clock, &thread->tstate);
        run_task(thread, self->task);
        virtual_leave(clock, &thread->tstate);
    } else {
        take_gil(&thread->tstate);
        run_task(thread, self->task);
        drop_gil(&thread->tstate);
    }
    return NULL;
}

/* The number of threads started; fewer than asked for with an error. */
static int start_all(Program *self, Gate *gate, Running *running, Task *tasks, int count) {
    for (int i = 0; i < count; i++) {
        running[i] = (Running){.task = &tasks[i], .gate = gate, .thread = thread_new(self, i)};
        if (!running[i].thread) return i;
        if (pthread_create(&running[i].handle, NULL, thread_run, &running[i])) {
            error_set(RuntimeError, "can't start new thread");
            free(running[i].thread);
            return i;
        }
    }
    return count;
}

int program_run(Program *self, Task *tasks, int count) {
    Running running[TASKS_MAX];
    Gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    if (count > TASKS_MAX) return error_set(ValueError, "at most %d threads", TASKS_MAX);
    if (self->clock) virtual_start(self->clock, &self->gil, count);
    pthread_mutex_lock(&gate.mutex);
    int started = start_all(self, &gate, running, tasks, count);
    gate.cancelled = started < count;
    pthread_mutex_unlock(&gate.mutex);
    for (int i = 0; i < started; i++) {
        pthread_join(running[i].handle, NULL);
        free(running[i].thread);
    }
    if (self->clock) virtual_end(self->clock, &self->gil);
    return started < count ? -1 : 0;
}
