/* gil.h: the global interpreter lock, the one lock that decides which thread runs bytecode.
 *
 *     Gil                                      Who may touch what
 *     +-------------------------------+
 *     | locked         0 or 1         |        written under `mutex`
 *     | last_holder    ThreadState *  |        written under `mutex` and `switch_mutex`
 *     | switch_number                 |        written under `mutex`
 *     | interval       microseconds   |
 *     | mutex, cond                   |        those who wait for the GIL, up to `interval` a time
 *     | switch_mutex, switch_cond     |        the one who was forced out, until another has it
 *     | gil_drop_request  async_exc   |        set by anyone at any time
 *     |        \            /         |
 *     |         eval_breaker          |        the OR of the two: all that the holder looks at
 *     +-------------------------------+
 *
 * The lock is not a mutex that is held while bytecode runs. It is the flag `locked`; the mutex that
 * protects the flag is held for a few instructions. CPython: Python/ceval_gil.h; the struct is in
 * Include/internal/pycore_gil.h.
 */
#ifndef GIL_H
#define GIL_H

#include "../../common/common.h"

#include <pthread.h>
#include <stdatomic.h>

/* The errors that this room raises. */
ERROR_TYPE(KeyboardInterrupt);
ERROR_TYPE(OSError);
ERROR_TYPE(OverflowError);
ERROR_TYPE(RecursionError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);
ERROR_TYPE(ZeroDivisionError);

/* What threads touch without a lock of their own: a plain load, a plain store, and no data race. */
#define load_relaxed(place)         atomic_load_explicit(place, memory_order_relaxed)
#define store_relaxed(place, value) atomic_store_explicit(place, value, memory_order_relaxed)

typedef struct Gil Gil;

/* What the GIL knows of a thread. One belongs to one thread. CPython: PyThreadState. */
typedef struct {
    Gil *gil;
    int id;                      // its name in a trace; a negative one is left out of it
    ErrorType _Atomic async_exc; // the error that another thread wants raised here, or NoError
} ThreadState;

/* ---- A trace: ours alone ---------------------------------------------------------------------*/

/* Of what has the same time, the kind that stands first here came first. */
typedef enum {
    GIL_REQUEST, // has waited `interval` without a switch: asks the holder to drop it
    GIL_DROP,    // gives it up because it blocks or ends
    GIL_FORCED,  // gives it up because it was asked to
    GIL_WAIT,    // found it taken, waits
    GIL_TAKE,    // has it
    GIL_EVENT_KINDS
} GilEventKind;

typedef struct {
    uint64_t time; // nanoseconds of clock_now(), or what `clock` says
    int thread;
    GilEventKind kind;
} GilEvent;

/* The caller's array; events past its end are counted and lost. Read it when the threads ended. */
typedef struct {
    GilEvent *events;
    size_t capacity;
    atomic_size_t count, counts[GIL_EVENT_KINDS]; // of all events, and of each kind
    const uint64_t *clock; // advanced by the holder; or NULL for the real clock
} GilTrace;

/* ---- The GIL ---------------------------------------------------------------------------------*/

enum {
    // Microseconds that a waiter lets the holder run. Short: switches cost; long: who waits for the
    // GIL to answer a client waits that long.
    DEFAULT_INTERVAL = 5000
};
/* Thirty years, in microseconds: a deadline as far off fits a time_t of 32 bits. */
#define INTERVAL_MAX UINT64_C(1000000000000000)

struct Gil {
    _Atomic uint64_t interval; // microseconds
    _Atomic(ThreadState *) last_holder;
    atomic_int locked; // -1 before create_gil()
    unsigned long switch_number;
    pthread_cond_t cond;
    pthread_mutex_t mutex;
    pthread_cond_t switch_cond;
    pthread_mutex_t switch_mutex;
    bool force_switching; // CPython: FORCE_SWITCHING, always on
    bool enabled;         // false: taking it is a no-op, as in the free-threaded build since 3.13

    // CPython: struct _ceval_state of Include/internal/pycore_interp.h.
    atomic_int gil_drop_request;
    atomic_int async_exc; // some thread's async_exc is set
    atomic_int eval_breaker;

    GilTrace *trace; // or NULL
};

/* Makes a GIL that nobody holds, with the default interval. 0, or -1 with RuntimeError where
 * CPython ends the process: "PyCOND_INIT(gil->cond) failed". CPython: Python/ceval_gil.h,
 * create_gil(). */
int create_gil(Gil *gil);

/* Nobody may hold it or wait for it. CPython: Python/ceval_gil.h, destroy_gil(). */
void destroy_gil(Gil *gil);

/* Waits until the GIL is free and takes it; each `interval` without a switch it asks the holder to
 * drop it. Keeps errno. The thread must not hold it. CPython: Python/ceval_gil.h, take_gil(). */
void take_gil(ThreadState *tstate);

/* Gives the GIL up. If somebody asked for it, returns only when another thread has had it: forced
 * switching. The thread must hold it. CPython: Python/ceval_gil.h, drop_gil(). */
void drop_gil(ThreadState *tstate);

/* Around a call that blocks and touches no object. CPython: Python/ceval.c, PyEval_SaveThread() and
 * PyEval_RestoreThread(); the macros are Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS. */
static inline void eval_save_thread(ThreadState *tstate) {
    drop_gil(tstate);
}
static inline void eval_restore_thread(ThreadState *tstate) {
    take_gil(tstate);
}
#define BEGIN_ALLOW_THREADS(tstate)                                                                \
    {                                                                                              \
        ThreadState *allowed_ = (tstate);                                                          \
        eval_save_thread(allowed_);
#define END_ALLOW_THREADS                                                                          \
    eval_restore_thread(allowed_);                                                                 \
    }

/* ---- Requests to the holder ------------------------------------------------------------------*/

/* Asks whoever holds the GIL to drop it at the next check. CPython: Python/ceval.c,
 * SET_GIL_DROP_REQUEST(). */
void set_gil_drop_request(Gil *gil);

/* Has `type` raised in that thread at its next check, as if by a bolt from the blue. CPython:
 * Python/pystate.c, PyThreadState_SetAsyncExc(). */
void thread_set_async_exc(ThreadState *tstate, ErrorType type);

/* What the evaluation loop does when it finds `eval_breaker` set: lets another thread have the GIL
 * if asked to, raises what was sent here. 0, or -1 with that error. CPython: Python/ceval.c,
 * eval_frame_handle_pending(). */
int eval_frame_handle_pending(ThreadState *tstate);

/* ---- sys -------------------------------------------------------------------------------------*/

/* sys.setswitchinterval(seconds). 0, or -1 with ValueError. CPython: Python/sysmodule.c,
 * sys_setswitchinterval_impl(). */
int sys_setswitchinterval(Gil *gil, double seconds);

/* sys.getswitchinterval(), in seconds. CPython: Python/sysmodule.c, sys_getswitchinterval_impl().
 */
double sys_getswitchinterval(const Gil *gil);

/* Adds an event to the trace, if there is one. */
void gil_trace(Gil *gil, int thread, GilEventKind kind, uint64_t time);

#endif
