/* future.h: a result that is not there yet, and who wants to know when it is.
 *
 *     PENDING ---- set_result, set_exception ----> FINISHED        each at most once, and then every
 *        +-------- cancel -----------------------> CANCELLED       callback is scheduled, once
 *
 * The invariant: a callback is never called from inside set_result(), but in a later turn of the
 * loop. So who sets a result can go on knowing that nobody else has run in between. A callback is
 * kept here until it is called: a Handle of the loop says only "your next one, please", and as both
 * are in order, that is the right one.
 *
 * A Future belongs to the thread of its loop, and must be gone before loop_free().
 *
 * CPython: Lib/asyncio/futures.py, Future; Modules/_asynciomodule.c, FutureObj, which is what runs.
 */
#ifndef FUTURE_H
#define FUTURE_H

#include "../eventloop/loop.h"
#include "../object.h"

/* CPython: Modules/_asynciomodule.c, fut_state. */
typedef enum {
    STATE_PENDING,
    STATE_CANCELLED,
    STATE_FINISHED,
} FutureState;

/* Called with the future that is done, borrowed; what it leaves pending goes to the loop's
 * exception handler. */
typedef void (*DoneCallback)(Object *arg, Object *future);

typedef struct {
    DoneCallback call;
    Object *arg; // owned; or NULL
} Done;

typedef struct {
    unsigned size, allocated;
    unsigned next; // the first that was not called yet
    Done items[];
} DoneList;

/* CPython: Modules/_asynciomodule.c, FutureObj. Simplified: no context, no traceback of where it
 * was made. */
typedef struct {
    Object ob;
    Loop *loop;               // borrowed
    Done callback0;           // the first callback: most have one
    DoneList *callbacks;      // the others, or NULL
    Object *result;           // or NULL
    Exception *exception;     // or NULL
    Object *cancel_msg;       // or NULL
    Exception *cancelled_exc; // what a cancelled coroutine let out, for the first who asks
    uint8_t state;            // FutureState
    bool log_tb;              // its exception has not been asked for
    bool blocking;            // somebody awaits it properly, by way of future_am_send()
} Future;

extern const Type Future_Type;

/* New reference; a NULL loop is the running one. NULL with MemoryError, or RuntimeError ("no
 * running event loop"). CPython: loop.create_future(). */
Object *future_new(Loop *loop);

/* isinstance(self, Future): a Future, a Task, what gather() returns. CPython:
 * Lib/asyncio/base_futures.py, isfuture(). */
bool future_check(const Object *self);

static inline bool future_done(const Object *self) {
    return ((const Future *)self)->state != STATE_PENDING;
}
static inline bool future_cancelled(const Object *self) {
    return ((const Future *)self)->state == STATE_CANCELLED;
}
/* future.get_loop(): borrowed. */
static inline Loop *future_get_loop(const Object *self) {
    return ((const Future *)self)->loop;
}

/* future.result(): new reference. NULL with its exception, CancelledError, or InvalidStateError
 * ("Result is not set."). */
Object *future_result(Object *self);
/* future.exception(): new reference to it, or to None; NULL with CancelledError or
 * InvalidStateError ("Exception is not set."). */
Object *future_exception(Object *self);

/* future.set_result(result), future.set_exception(exc), borrowed: 0; -1 with InvalidStateError
 * ("invalid state"), TypeError for a StopIteration, or MemoryError, and then it is still pending.
 * CPython: future_set_result(), future_set_exception(). */
int future_set_result(Object *self, Object *result);
int future_set_exception(Object *self, Exception *exc);
/* future.cancel(msg): 1, or 0 if it is done; -1 with MemoryError, or RecursionError if too many
 * wait for each other, and then it is still pending. msg may be NULL. Of a Task and what gather()
 * returns, what they make of it. */
int future_cancel(Object *self, Object *msg);

/* future.add_done_callback(partial(callback, arg)): called once it is done, by the loop, soon if it
 * is done already. arg is borrowed, and may be NULL. 0, or -1 with an error. */
int future_add_done_callback(Object *self, DoneCallback callback, Object *arg);
/* future.remove_done_callback(): how many there were, with this arg. Those of a future that is done
 * are on their way and stay. */
int future_remove_done_callback(Object *self, DoneCallback callback, Object *arg);

/* The CancelledError of a future that is cancelled, a new reference: the one that came out of the
 * coroutine the first time, then new ones with its message. NULL with MemoryError.
 * CPython: create_cancelled_error(). */
Exception *future_make_cancelled_error(Object *self);

/* Nobody will ever set it: what gather() and shield() have made of it is let go of, as that
 * would hold itself if it is among its own children's children. CPython's collector finds such
 * circles. */
void future_abandon(Object *self);

/* Whether asking for its exception has been seen to: as reading future.exception() and dropping
 * it. */
void future_mark_retrieved(Object *self);

/* ---- For Tasks and other kinds of Future -------------------------------------------------------*/

/* The cells of a kind, and what it begins and ends with. */
SendResult future_am_send(Object *self, Object *value, Object **result);
Object *future_await(Object *self);
int future_cancel_impl(Object *self, Object *msg);
int future_init(Future *self, Loop *loop);
/* Tells the loop of an exception nobody asked for, and drops what it has. CPython:
 * FutureObj_finalize(), FutureObj_clear(). */
void future_finalize(Future *self);
void future_clear(Future *self);
void future_repr_info(const Future *self, FILE *out);

/* loop.call_exception_handler({'message', what: self, 'exception'}), with nothing pending
 * meanwhile. */
void future_call_exception_handler(Loop *loop, const char *message, const char *what, void *object,
                                   Exception *exc);

/* loop.call_soon(callback, arg) with a reference of its own to arg, in whose place a Handle stands.
 * NULL with an error. */
Handle *call_soon_owned(Loop *loop, Callback callback, Object *arg);
/* As a Callback: drops the reference. */
void drop_reference(void *object);

#endif
