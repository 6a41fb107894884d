/* gil.c: taking, dropping, and asking for the global interpreter lock.
 *
 * At most one thread at a time is between take_gil() and drop_gil(): `locked` goes from 0 to 1 only
 * under `mutex`, by the thread that from then on is the holder, and back only by the holder.
 *
 * Who waits cannot take the GIL away. It waits `interval` on `cond`; if that passes without a
 * switch it sets a flag, and the holder, which looks at the flag now and then, gives the GIL up by
 * itself. A holder that never looks (a long C function) keeps it.
 *
 * A holder that gives it up on request then waits on `switch_cond` until `last_holder` is another.
 * Otherwise it could take the GIL again before the thread that it woke has even been scheduled.
 */
#include "gil.h"

#include <errno.h>

void gil_trace(Gil *gil, int thread, GilEventKind kind, uint64_t time) {
    GilTrace *trace = gil->trace;
    if (!trace || thread < 0) return;
    size_t i = atomic_fetch_add(&trace->count, 1);
    atomic_fetch_add(&trace->counts[kind], 1);
    if (i < trace->capacity) trace->events[i] = (GilEvent){time, thread, kind};
}

/* An event of the lock itself. Under another clock than the real one, who waits may not read it. */
static void trace_now(Gil *gil, const ThreadState *tstate, GilEventKind kind) {
    const uint64_t *clock = gil->trace ? gil->trace->clock : NULL;
    if (!gil->trace || (clock && (kind == GIL_WAIT || kind == GIL_REQUEST))) return;
    gil_trace(gil, tstate->id, kind, clock ? *clock : clock_now());
}

/* ---- Requests --------------------------------------------------------------------------------*/

/* CPython: Python/ceval.c, COMPUTE_EVAL_BREAKER(); it also ORs signals and pending calls, which are
 * for the main thread. */
static void compute_eval_breaker(Gil *gil) {
    store_relaxed(&gil->eval_breaker,
                  load_relaxed(&gil->gil_drop_request) | load_relaxed(&gil->async_exc));
}

void set_gil_drop_request(Gil *gil) {
    store_relaxed(&gil->gil_drop_request, 1);
    store_relaxed(&gil->eval_breaker, 1);
}

static void reset_gil_drop_request(Gil *gil) {
    store_relaxed(&gil->gil_drop_request, 0);
    compute_eval_breaker(gil);
}

static void signal_async_exc(Gil *gil) {
    store_relaxed(&gil->async_exc, 1);
    store_relaxed(&gil->eval_breaker, 1);
}

void thread_set_async_exc(ThreadState *tstate, ErrorType type) {
    store_relaxed(&tstate->async_exc, type);
    signal_async_exc(tstate->gil);
}

int eval_frame_handle_pending(ThreadState *tstate) {
    Gil *gil = tstate->gil;
    if (load_relaxed(&gil->gil_drop_request)) {
        drop_gil(tstate);
        // Other threads run now.
        take_gil(tstate);
    }
    if (load_relaxed(&gil->async_exc)) {
        // Another thread's error is not lost: take_gil() there sets the flag again.
        store_relaxed(&gil->async_exc, 0);
        compute_eval_breaker(gil);
        ErrorType type = atomic_exchange(&tstate->async_exc, NoError);
        if (type != NoError) return error_set(type, "%s", "");
    }
    return 0;
}

/* ---- The lock --------------------------------------------------------------------------------*/

/* Timeouts count on the monotonic clock, which nobody sets; macOS has no choice of clocks. */
#ifdef __APPLE__
#define pthread_condattr_setclock(attributes, clock) ((void)(attributes))
enum { COND_CLOCK = CLOCK_REALTIME };
#else
enum { COND_CLOCK = CLOCK_MONOTONIC };
#endif

/* CPython: Python/thread_pthread.h, _PyThread_cond_init(). */
static int condition_init(pthread_cond_t *cond) {
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes)) return -1;
    pthread_condattr_setclock(&attributes, COND_CLOCK);
    int failed = pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
    return failed ? -1 : 0;
}

int create_gil(Gil *gil) {
    memset(gil, 0, sizeof *gil);
    store_relaxed(&gil->interval, DEFAULT_INTERVAL);
    gil->force_switching = gil->enabled = true;
    store_relaxed(&gil->locked, -1);
    const char *what = "PyMUTEX_INIT(gil->mutex)";
    if (pthread_mutex_init(&gil->mutex, NULL)) goto failed;
    what = "PyMUTEX_INIT(gil->switch_mutex)";
    if (pthread_mutex_init(&gil->switch_mutex, NULL)) goto no_switch_mutex;
    what = "PyCOND_INIT(gil->cond)";
    if (condition_init(&gil->cond)) goto no_cond;
    what = "PyCOND_INIT(gil->switch_cond)";
    if (condition_init(&gil->switch_cond)) goto no_switch_cond;
    atomic_store_explicit(&gil->locked, 0, memory_order_release);
    return 0;

no_switch_cond:
    pthread_cond_destroy(&gil->cond);
no_cond:
    pthread_mutex_destroy(&gil->switch_mutex);
no_switch_mutex:
    pthread_mutex_destroy(&gil->mutex);
failed:
    return error_set(RuntimeError, "%s failed", what);
}

void destroy_gil(Gil *gil) {
    pthread_cond_destroy(&gil->cond);
    pthread_mutex_destroy(&gil->mutex);
    pthread_cond_destroy(&gil->switch_cond);
    pthread_mutex_destroy(&gil->switch_mutex);
    atomic_store_explicit(&gil->locked, -1, memory_order_release);
}

/* Waits on `cond`, at most that long; whether the time ran out. */
static bool timed_wait(Gil *gil, uint64_t microseconds) {
    struct timespec until;
    clock_gettime(COND_CLOCK, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + microseconds % 1000000 * 1000;
    until.tv_sec += (time_t)(microseconds / 1000000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    return pthread_cond_timedwait(&gil->cond, &gil->mutex, &until) == ETIMEDOUT;
}

void take_gil(ThreadState *tstate) {
    Gil *gil = tstate->gil;
    if (!gil->enabled) return;
    int saved_errno = errno; // a blocking call's errno must survive the way back
    pthread_mutex_lock(&gil->mutex);
    if (load_relaxed(&gil->locked)) trace_now(gil, tstate, GIL_WAIT);
    while (load_relaxed(&gil->locked)) {
        unsigned long saved_switchnum = gil->switch_number;
        uint64_t interval = load_relaxed(&gil->interval);
        bool timed_out = timed_wait(gil, interval >= 1 ? interval : 1);
        // A switch in the meantime: the new holder has a right to its own interval.
        if (timed_out && load_relaxed(&gil->locked) && gil->switch_number == saved_switchnum) {
            set_gil_drop_request(gil);
            trace_now(gil, tstate, GIL_REQUEST);
        }
    }
    pthread_mutex_lock(&gil->switch_mutex); // before last_holder changes: see drop_gil()
    store_relaxed(&gil->locked, 1);
    if (tstate != load_relaxed(&gil->last_holder)) {
        store_relaxed(&gil->last_holder, tstate);
        ++gil->switch_number;
    }
    pthread_cond_signal(&gil->switch_cond);
    pthread_mutex_unlock(&gil->switch_mutex);
    trace_now(gil, tstate, GIL_TAKE);

    // The request has been granted, to this thread or to a faster one.
    reset_gil_drop_request(gil);
    if (load_relaxed(&tstate->async_exc) != NoError) signal_async_exc(gil);
    pthread_mutex_unlock(&gil->mutex);
    errno = saved_errno;
}

void drop_gil(ThreadState *tstate) {
    Gil *gil = tstate->gil;
    if (!gil->enabled) return;
    // Simplified: CPython aborts if it is not locked, and sets last_holder anew, since one OS
    // thread may have changed its thread state in between. Here a thread has one.
    pthread_mutex_lock(&gil->mutex);
    trace_now(gil, tstate, load_relaxed(&gil->gil_drop_request) ? GIL_FORCED : GIL_DROP);
    store_relaxed(&gil->locked, 0);
    pthread_cond_signal(&gil->cond);
    pthread_mutex_unlock(&gil->mutex);

    if (!load_relaxed(&gil->gil_drop_request) || !gil->force_switching) return;
    pthread_mutex_lock(&gil->switch_mutex);
    // CPython waits once. The loop costs nothing and makes a spurious wake-up harmless.
    while (load_relaxed(&gil->last_holder) == tstate) {
        reset_gil_drop_request(gil);
        pthread_cond_wait(&gil->switch_cond, &gil->switch_mutex);
    }
    pthread_mutex_unlock(&gil->switch_mutex);
}

/* ---- sys -------------------------------------------------------------------------------------*/

int sys_setswitchinterval(Gil *gil, double seconds) {
    if (!(seconds > 0)) return error_set(ValueError, "switch interval must be strictly positive");
    // CPython converts what does not fit, and leaves the result to the compiler.
    double microseconds = 1e6 * seconds; // rounded here, also where registers hold more digits
    bool fits = microseconds < (double)INTERVAL_MAX;
    store_relaxed(&gil->interval, fits ? (uint64_t)microseconds : INTERVAL_MAX);
    return 0;
}

double sys_getswitchinterval(const Gil *gil) {
    return 1e-6 * (double)load_relaxed(&gil->interval);
}
