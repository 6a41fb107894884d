/* loop.h: the event loop: callbacks that wait for a descriptor, a time, a signal or their turn.
 *
 *     call_soon ------------------------------> ready ----> _run_once calls each, in order
 *     call_later, call_at ---> scheduled -----> ready
 *     add_reader, add_writer -> selector -----> ready
 *     call_soon_threadsafe ---> incoming -----> ready        and a byte into the self-pipe, so that
 *     signals ----------------> self-pipe ----> ready        a loop asleep in select() wakes up
 *
 * The invariant: every callback that is due is in `ready`, and only loop_run_once() calls one. A
 * turn takes those that were in `ready` when it began to call them: what they add waits for the
 * next turn, after descriptors were asked again. So nobody is called from inside his own call, and a
 * callback that adds itself for ever starves nobody.
 *
 * A callback is a function and its argument. One that fails leaves a pending error: the loop gives
 * it to the exception handler and goes on. KeyboardInterrupt and SystemExit are not for the
 * handler: they end the turn at once, and loop_run_forever() returns -1 with them.
 *
 * Everything here belongs to the thread that runs the loop, except loop_call_soon_threadsafe().
 * Times are seconds on the loop's clock.
 */
#ifndef LOOP_H
#define LOOP_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "selector.h"

typedef void (*Callback)(void *arg);
typedef struct Loop Loop;

/* A callback that is to be called once (or, for a reader, a writer, a signal: each time).
 *
 * Who owns what. The function that makes a Handle lends it: it is valid until its callback has been
 * called, it was cancelled, or the loop closed; a reader's, until it is removed or replaced. Who
 * wants it for longer takes a reference, handle_incref(), and gives it back before loop_free(). With
 * such a reference handle_cancel() is allowed at any time, also when the callback ran long ago.
 *
 * The argument stays its owner's, who must see that it lives until the call or cancels the Handle,
 * unless the Handle is told to own it, by handle_own(). CPython: Lib/asyncio/events.py, Handle and
 * TimerHandle in one. */
typedef struct Handle {
    Callback callback; // NULL once cancelled
    void *arg;
    Callback drop;       // called on arg, once, when the Handle needs it no more; or NULL
    const char *name;    // for messages; NULL: none was given
    double when;         // of a timer
    Loop *loop;          // borrowed
    struct Handle *next; // in ready, incoming or among the free ones
    unsigned refcnt;
    bool persistent; // a reader's, a writer's, a signal's: called more than once
    bool cancelled;
    bool scheduled; // it is in the heap of timers
    bool queued;    // it is in ready
} Handle;

/* A timer in the heap: its key stands beside it, so that sifting reads no Handle. */
typedef struct {
    double when;
    Handle *handle;
} Timer;

/* What the exception handler is told. CPython: Lib/asyncio/base_events.py, call_exception_handler(),
 * where it is a dict. */
typedef struct {
    const char *message;
    const Error *exception; // or NULL
    Handle *handle;         // whose callback failed; or NULL
    const char *what;       // "future", "task", "transport", "socket": what object is; or NULL
    void *object;
} ExceptionContext;

typedef void (*ExceptionHandler)(Loop *loop, const ExceptionContext *context, void *arg);

enum { LOOP_SIGNALS = 65 }; // signal numbers are below this

/* What must not outlive its loop, as a transport: the first member of such a structure. */
typedef struct Resource {
    struct Resource *next, **link; // link: what points here; NULL: it is on no loop's list
    void (*abandon)(struct Resource *resource);
} Resource;

struct Loop {
    Selector *selector; // owned
    Handle *ready, **ready_end;
    size_t nready;
    _Atomic(Handle *) incoming; // from other threads, the latest first
    Timer *scheduled;           // a heap, as heapq's
    size_t nscheduled, scheduled_size;
    size_t timer_cancelled_count; // of those in the heap
    _Atomic(bool) closed;
    bool stopping, running, debug;
    pthread_t thread; // that runs the loop, while it is running
    double (*clock)(void *arg);
    void *clock_arg;
    double clock_resolution;
    double virtual_now; // the clock of a loop that virtual.h made
    double
        slow_callback_duration; // seconds; in debug mode, a callback that takes as long is logged
    Handle *current_handle;     // the one being called
    ExceptionHandler exception_handler; // NULL: loop_default_exception_handler()
    void *exception_handler_arg;
    void (*log)(Loop *loop, const char *line); // where the default handler and warnings go
    int ssock, csock;                          // the self-pipe: read end, write end
    Handle *signal_handlers[LOOP_SIGNALS];
    int nsignal_handlers;
    struct Executor *default_executor; // owned; NULL until it is needed
    bool executor_shutdown_called;
    Resource *resources;  // abandoned when the loop closes
    void *read_buffer;    // one for all transports: what is read is used up at once
    Handle *free_handles; // for speed only
    unsigned nfree_handles;
    uint64_t turns; // how many there were
};

/* ---- Life -------------------------------------------------------------------------------------*/

/* A new loop on this selector, which it takes over also if it fails; NULL: on the best one. NULL
 * with an error. CPython: Lib/asyncio/selector_events.py, BaseSelectorEventLoop.__init__(). */
Loop *loop_new(Selector *selector);

/* Gives the loop another clock, before it has timers: a function that returns seconds and never goes
 * back, and the resolution within which two times are the same. */
void loop_set_clock(Loop *loop, double (*clock)(void *arg), void *arg, double resolution);

/* Forgets all handles (owned arguments are dropped, no callback is called), takes signal handlers
 * away, shuts the default executor without waiting for its threads. Twice is allowed. -1 with
 * RuntimeError while it runs. CPython: Lib/asyncio/base_events.py, BaseEventLoop.close(). */
int loop_close(Loop *loop);

/* Closes and frees it. It must not be running. NULL is allowed. */
void loop_free(Loop *loop);

/* The time on the loop's clock: time.monotonic(), unless it has another. */
static inline double loop_time(const Loop *loop) {
    return loop->clock(loop->clock_arg);
}

/* Debug mode: slow callbacks are logged, and calls from a wrong thread are RuntimeError. */
void loop_set_debug(Loop *loop, bool enabled);

/* The loop that is running in this thread, or NULL. CPython: Lib/asyncio/events.py,
 * _get_running_loop(). */
Loop *loop_get_running(void);

/* ---- Callbacks --------------------------------------------------------------------------------
 * Each lends a Handle; NULL with MemoryError or RuntimeError ("Event loop is closed"), and then
 * nothing has been scheduled. */

/* Calls in the next turn, after those that were called for before. */
Handle *loop_call_soon(Loop *loop, Callback callback, void *arg);

/* Calls once `delay` seconds have passed. Of several for the same time any may come first. */
Handle *loop_call_later(Loop *loop, double delay, Callback callback, void *arg);

/* Calls at this time of loop_time(). */
Handle *loop_call_at(Loop *loop, double when, Callback callback, void *arg);

/* As loop_call_soon(), from any thread, while the loop is not being closed. No Handle is lent: the
 * loop may be done with it before this returns. `drop`, or NULL, is called on arg after the call, or
 * when the loop closes before it. 0, or -1 with an error, and then arg was not dropped. */
int loop_call_soon_threadsafe(Loop *loop, Callback callback, void *arg, Callback drop);

/* It will not be called any more. An owned argument is dropped at once. Does nothing if it was
 * called or cancelled already (which only who holds a reference may ask). NULL is allowed. CPython:
 * Lib/asyncio/events.py, Handle.cancel(). */
void handle_cancel(Handle *handle);

/* From now on the Handle owns its argument: `drop` is called on it once, after the callback returned
 * (for a reader: when it is removed), or when it is cancelled, or when the loop closes. Returns the
 * handle; NULL is allowed, so that the result of loop_call_soon() can be passed on. */
Handle *handle_own(Handle *handle, Callback drop);

/* Gives it a name for messages, "Exception in callback serve()"; borrowed. Returns the handle. NULL is
 * allowed. */
Handle *handle_name(Handle *handle, const char *name);

/* Takes and gives back a reference. NULL is allowed. */
Handle *handle_incref(Handle *handle);
void handle_decref(Handle *handle);

/* ---- Descriptors ------------------------------------------------------------------------------
 * Called in each turn in which the descriptor is ready; level-triggered. Adding one takes the place
 * of the one before. Remove before you close the descriptor. */

/* Each lends a Handle; NULL with an error: then the one before is still there. CPython:
 * Lib/asyncio/selector_events.py, _add_reader(), _add_writer(). */
Handle *loop_add_reader(Loop *loop, int fd, Callback callback, void *arg);
Handle *loop_add_writer(Loop *loop, int fd, Callback callback, void *arg);

/* Whether there was one. CPython: _remove_reader(), _remove_writer(). */
bool loop_remove_reader(Loop *loop, int fd);
bool loop_remove_writer(Loop *loop, int fd);

/* Puts a structure on the loop's list: loop_close() calls its `abandon`. Takes it off again. */
void loop_add_resource(Loop *loop, Resource *resource);
void loop_remove_resource(Resource *resource);

/* ---- Signals ----------------------------------------------------------------------------------
 * The handler of the system writes the number into the self-pipe; the callback is called in a turn
 * of the loop, where everything is allowed. One loop of the process at a time has signals. */

/* 0, or -1 with ValueError for a number that is none, RuntimeError for one that cannot be caught or
 * if another loop has signals. CPython: Lib/asyncio/unix_events.py, add_signal_handler(). */
int loop_add_signal_handler(Loop *loop, int sig, Callback callback, void *arg);

/* 1 if there was one, 0 if not; the signal does again what it does by default. -1 with an error. */
int loop_remove_signal_handler(Loop *loop, int sig);

/* ---- Running ----------------------------------------------------------------------------------*/

/* One turn: waits for the first thing that is due, no longer, then calls what is. 0, or -1 with what
 * the selector raised, or a KeyboardInterrupt or SystemExit of a callback; what was not called is
 * called in the next turn. CPython: Lib/asyncio/base_events.py, BaseEventLoop._run_once(). */
int loop_run_once(Loop *loop);

/* Turns until loop_stop(). 0, or -1 as above, or with RuntimeError if this loop or another one of
 * this thread is running, or it is closed. CPython: run_forever(). */
int loop_run_forever(Loop *loop);

/* Turns, at least one, until *done is true after one of them. -1 also with RuntimeError, "Event loop
 * stopped before Future completed.", if loop_stop() came first. CPython: run_until_complete(), where
 * the future's callback calls stop(). */
int loop_run_until(Loop *loop, const bool *done);

/* The turn that is running is the last: it is finished, then loop_run_forever() returns. Before a
 * run: the run is one turn. */
void loop_stop(Loop *loop);

/* ---- What went wrong --------------------------------------------------------------------------*/

/* Who is told of errors that nobody waits for; NULL: the default handler. */
void loop_set_exception_handler(Loop *loop, ExceptionHandler handler, void *arg);

/* Tells it. The pending error is kept. CPython: call_exception_handler(). */
void loop_call_exception_handler(Loop *loop, const ExceptionContext *context);

/* Takes the pending error and tells the handler of it, with this message. */
void loop_report(Loop *loop, const char *message, const char *what, void *object);

/* Logs the message and the error, "OSError: [Errno 24] Too many open files". CPython:
 * default_exception_handler(). */
void loop_default_exception_handler(Loop *loop, const ExceptionContext *context, void *arg);

/* Logs a formatted line through loop->log, which writes to stderr unless it was replaced. */
PRINTF_LIKE void loop_log(Loop *loop, const char *format, ...);

#endif
