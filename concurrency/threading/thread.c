/* thread.c: a thread of the operating system, and the list of those that run.
 *
 * The invariant: a thread is in the list from before it is created until it has run its function,
 * and leaves it in one step with the release of its tstate_lock, under the list's lock. That lock
 * is taken by the starter and released by the thread, which is why a Lock may be released by
 * another: to join is to wait for it. A Thread lives while somebody holds a reference, the running
 * thread included; the last to let go, or the first to join without a timeout, settles what becomes
 * of the system's thread (detached, or joined), exactly once.
 *
 * CPython: Lib/threading.py. Simplified: nothing is put in order after a fork() (there:
 * _after_fork()); a child that is not forked by the main thread alone should exec.
 */
#include "threading.h"

#include <errno.h>

typedef enum { INITIAL, LIMBO, STARTED } ThreadState; // LIMBO: start() is at work

struct Thread {
    _Atomic long refcnt;
    _Atomic ThreadState state; // CPython: _started
    atomic_bool stopped;       // CPython: _is_stopped
    atomic_bool settled;       // somebody has joined or detached the system's thread
    bool daemonic;
    _Atomic uintptr_t ident; // its pthread_t
    Lock tstate_lock;        // taken while it runs
    ThreadTarget target;
    void *arg;
    const char *name;
    char *own_name;          // the same, where it was allocated
    Thread *before, *behind; // in the list of those that run
};

static Thread main_thread = {
    .refcnt = 1, .state = STARTED, .settled = true, .tstate_lock = {LOCKED}, .name = "MainThread"};

// Who runs, oldest first. CPython: _active and _limbo, dicts by ident, under _active_limbo_lock.
static Lock active_lock;
static Thread *oldest = &main_thread, *newest = &main_thread;
static size_t active_count = 1;

static atomic_ulong name_counter; // of the last name handed out. CPython: _counter
static _Atomic size_t stack_size; // 0: the system's default
static _Thread_local Thread *current;

static void lock(void) {
    lock_acquire(&active_lock, true, -1);
}

static void unlock(void) {
    lock_release(&active_lock);
}

/* ---- Who am I --------------------------------------------------------------------------------*/

/* The thread that loads the program is the main thread. CPython: the one that imports threading. */
__attribute__((constructor)) static void adopt_main_thread(void) {
    current = &main_thread;
    atomic_store(&main_thread.ident, threading_get_ident());
}

Thread *threading_main_thread(void) {
    return &main_thread;
}

/* Simplified: CPython's dummy is on the heap and among the active threads, until 3.12 forever; this
 * one is part of its thread and in no list. */
static Thread *adopt_foreign_thread(void) {
    static _Thread_local char name[32];
    static _Thread_local Thread dummy;
    snprintf(name, sizeof name, "Dummy-%lu", atomic_fetch_add(&name_counter, 1) + 1);
    dummy.name = name;
    atomic_init(&dummy.refcnt, 1);
    atomic_init(&dummy.state, STARTED);
    atomic_init(&dummy.settled, true);
    atomic_init(&dummy.tstate_lock.state, LOCKED);
    atomic_init(&dummy.ident, threading_get_ident());
    dummy.daemonic = true;
    return &dummy;
}

Thread *threading_current_thread(void) {
    if (!current) current = adopt_foreign_thread();
    return current;
}

/* ---- Making one ------------------------------------------------------------------------------*/

static char *copy_of(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : error_no_memory();
}

/* "Thread-1 (work)", or without a target "Thread-1". CPython: Lib/threading.py, _newname(). */
static char *new_name(ThreadTarget target) {
    char number[32];
    snprintf(number, sizeof number, "Thread-%lu", atomic_fetch_add(&name_counter, 1) + 1);
    if (!target.function) return copy_of(number);
    size_t size = strlen(number) + strlen(target.name) + sizeof " ()";
    char *name = malloc(size);
    if (!name) return error_no_memory();
    snprintf(name, size, "%s (%s)", number, target.name);
    return name;
}

Thread *thread_new(const char *name, ThreadTarget target, void *arg) {
    Thread *self = malloc(sizeof *self);
    if (!self) return error_no_memory();
    char *own_name = name && *name ? copy_of(name) : new_name(target);
    if (!own_name) {
        free(self);
        return NULL;
    }
    *self = (Thread){.target = target, .arg = arg, .name = own_name, .own_name = own_name};
    atomic_init(&self->refcnt, 1);
    self->daemonic = threading_current_thread()->daemonic;
    return self;
}

Thread *thread_incref(Thread *self) {
    atomic_fetch_add_explicit(&self->refcnt, 1, memory_order_relaxed);
    return self;
}

/* Whether it is the caller who must join or detach the system's thread: true once. */
static bool settle(Thread *self) {
    return !atomic_exchange(&self->settled, true);
}

void thread_decref(Thread *self) {
    if (atomic_fetch_sub_explicit(&self->refcnt, 1, memory_order_acq_rel) > 1) return;
    if (atomic_load(&self->state) == STARTED && settle(self)) {
        pthread_detach((pthread_t)atomic_load(&self->ident));
    }
    free(self->own_name);
    free(self);
}

/* ---- Its life --------------------------------------------------------------------------------*/

static void default_excepthook(Thread *thread, const Error *error) {
    fflush(stdout);
    fprintf(stderr, "Exception in thread %s:\n%s%s%s\n", thread->name, error_name(error->type),
            *error->message ? ": " : "", error->message);
}

static _Atomic ThreadExceptHook excepthook = default_excepthook;

void threading_set_excepthook(ThreadExceptHook hook) {
    atomic_store(&excepthook, hook ? hook : default_excepthook);
}

static void enlist(Thread *self) {
    lock();
    self->before = newest;
    self->behind = NULL;
    newest->behind = self;
    newest = self;
    active_count++;
    unlock();
}

/* The main thread never leaves, so there is always one before. The caller holds the list's lock. */
static void strike_off(Thread *self) {
    self->before->behind = self->behind;
    *(self->behind ? &self->behind->before : &newest) = self->before;
    active_count--;
}

/* What the system's thread runs. CPython: Lib/threading.py, Thread._bootstrap_inner(). */
static void *bootstrap(void *op) {
    Thread *self = op;
    current = self;
    atomic_store(&self->ident, threading_get_ident());
    atomic_store(&self->state, STARTED);
    if (self->target.function && self->target.function(self->arg) < 0) {
        Error error = error_fetch();
        ThreadExceptHook hook = atomic_load(&excepthook);
        hook(self, &error);
        error_restore(error);
    }
    error_clear();
    lock();
    strike_off(self);
    atomic_store(&self->stopped, true);
    lock_release(&self->tstate_lock);
    unlock();
    thread_decref(self);
    return NULL;
}

/* The system's thread; 0, or an errno. */
static int create(Thread *self) {
    pthread_attr_t attributes;
    pthread_t handle;
    int status = pthread_attr_init(&attributes);
    if (status != 0) return status;
    size_t size = atomic_load(&stack_size);
    if (size > 0) status = pthread_attr_setstacksize(&attributes, size);
    if (status == 0) status = pthread_create(&handle, &attributes, bootstrap, self);
    pthread_attr_destroy(&attributes);
    if (status == 0) atomic_store(&self->ident, (uintptr_t)handle); // as the thread itself does
    return status;
}

/* Simplified: CPython waits until the new thread has set _started, since only that thread can enter
 * itself into _active. Here the starter does that, and does not wait: a wake-up less. */
int thread_start(Thread *self) {
    ThreadState initial = INITIAL;
    if (!atomic_compare_exchange_strong(&self->state, &initial, LIMBO)) {
        return error_set(RuntimeError, "threads can only be started once");
    }
    lock_acquire(&self->tstate_lock, true, -1);
    thread_incref(self); // the thread's own
    enlist(self);
    if (create(self) != 0) {
        lock();
        strike_off(self);
        unlock();
        lock_release(&self->tstate_lock);
        atomic_store(&self->state, INITIAL);
        thread_decref(self);
        return error_set(RuntimeError, "can't start new thread");
    }
    atomic_store(&self->state, STARTED);
    return 0;
}

/* Waits for the thread to release its lock. CPython: Lib/threading.py,
 * Thread._wait_for_tstate_lock(). */
static int wait_for_tstate_lock(Thread *self, double timeout) {
    if (atomic_load(&self->stopped)) return 1;
    int status = lock_acquire(&self->tstate_lock, true, timeout);
    if (status == 1) lock_release(&self->tstate_lock);
    return status;
}

static void join_the_system_thread(Thread *self) {
    if (atomic_load(&self->state) == STARTED && settle(self)) {
        pthread_join((pthread_t)atomic_load(&self->ident), NULL);
    }
}

/* Who waits without a timeout, and comes first, waits for the system's thread itself: one wake-up.
 * All others wait for the lock, and one of them then for the thread's last instructions. */
int thread_join(Thread *self, double timeout) {
    if (atomic_load(&self->state) != STARTED) {
        return error_set(RuntimeError, "cannot join thread before it is started");
    }
    if (self == current) return error_set(RuntimeError, "cannot join current thread");
    if (timeout == FOREVER && settle(self)) {
        pthread_join((pthread_t)atomic_load(&self->ident), NULL);
        return 0;
    }
    // A negative one is 0 here, and -1 too, which lock_acquire() would take for FOREVER.
    int status = wait_for_tstate_lock(self, timeout < 0 ? 0 : timeout);
    if (status == 1) join_the_system_thread(self);
    return status < 0 ? -1 : 0;
}

bool thread_is_alive(Thread *self) {
    return atomic_load(&self->state) == STARTED && !atomic_load(&self->stopped);
}

/* ---- Its attributes --------------------------------------------------------------------------*/

const char *thread_name(const Thread *self) {
    return self->name;
}

int thread_set_name(Thread *self, const char *name) {
    char *copy = copy_of(name);
    if (!copy) return -1;
    free(self->own_name);
    self->name = self->own_name = copy;
    return 0;
}

uintptr_t thread_ident(Thread *self) {
    return atomic_load(&self->ident);
}

bool thread_daemon(const Thread *self) {
    return self->daemonic;
}

int thread_set_daemon(Thread *self, bool daemon) {
    if (atomic_load(&self->state) != INITIAL) {
        return error_set(RuntimeError, "cannot set daemon status of active thread");
    }
    self->daemonic = daemon;
    return 0;
}

/* ---- All of them -----------------------------------------------------------------------------*/

size_t threading_active_count(void) {
    lock();
    size_t count = active_count;
    unlock();
    return count;
}

size_t threading_enumerate(Thread **threads, size_t capacity) {
    lock();
    size_t count = 0;
    for (Thread *thread = oldest; thread; thread = thread->behind, count++)
        if (count < capacity) threads[count] = thread_incref(thread);
    unlock();
    return count;
}

ssize_t threading_stack_size(ssize_t size) {
    enum { THREAD_STACK_MIN = 0x8000 }; // CPython: Python/thread_pthread.h
    if (size < 0) return error_set(ValueError, "size must be 0 or a positive value");
    if (size > 0 && size < THREAD_STACK_MIN) {
        return error_set(ValueError, "size not valid: %zd bytes", size);
    }
    return (ssize_t)atomic_exchange(&stack_size, (size_t)size);
}

/* A new reference to a thread to wait for, or NULL. */
static Thread *some_thread_to_wait_for(void) {
    lock();
    Thread *thread = oldest;
    while (thread && (thread == &main_thread || thread->daemonic))
        thread = thread->behind;
    if (thread) thread_incref(thread);
    unlock();
    return thread;
}

/* Others may be waiting in a join() for the main thread, so that comes first. */
void threading_shutdown(void) {
    if (!atomic_exchange(&main_thread.stopped, true)) lock_release(&main_thread.tstate_lock);
    for (Thread *thread; (thread = some_thread_to_wait_for());) {
        wait_for_tstate_lock(thread, FOREVER);
        join_the_system_thread(thread);
        thread_decref(thread);
    }
}
