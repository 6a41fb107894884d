/* program.c: a program's globals, and its threads from start to end.
 *
 * Slots are only added before threads run; from then on their number and names are constant, and
 * their values belong to whoever holds the GIL.
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
    atomic_store_explicit(&global->bits, NONE.bits, memory_order_relaxed);
    return self->nglobals++;
}

Value program_get(const Program *self, const char *name) {
    int slot = find(self, name);
    if (slot < 0) return NULL_VALUE;
    return (Value){atomic_load_explicit(&self->globals[slot].bits, memory_order_relaxed)};
}

int program_set_int(Program *self, const char *name, int64_t value) {
    int slot = program_global(self, name);
    if (slot < 0) return -1;
    atomic_store_explicit(&self->globals[slot].bits, value_int(value).bits, memory_order_relaxed);
    return 0;
}

int program_add(Program *self, const char *name, Object *op) {
    int slot = self->nobjects < GLOBALS_MAX ? program_global(self, name)
                                            : error_set(ValueError, "too many objects");
    if (slot < 0) return -1;
    strcpy(op->name, name); // fits: the global's name is as long
    op->refcnt = 1;         // the global's
    atomic_store_explicit(&self->globals[slot].bits, (uint64_t)(uintptr_t)op, memory_order_relaxed);
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
