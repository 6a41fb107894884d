/* future.c: states, callbacks, and what is said of an exception that nobody fetched.
 *
 * The invariant: scheduling comes first, the state second. So if there is no memory for the Handles, the
 * future is as pending as it was, and whoever waits for it still can be woken.
 *
 * CPython: Modules/_asynciomodule.c; the names of its functions are here without their prefix.
 */
#include "future.h"

#include "../pool.h"
#include "task.h"

/* ---- Callbacks -------------------------------------------------------------------------------*/

void drop_reference(void *object) {
    decref(object);
}

static void drop_callbacks(Future *self);

/* The same for the future whose callbacks a Handle stands for: in a closed loop they will never be
 * called, and with the future they may be a ring that only the callbacks hold together. */
static void drop_scheduled(void *future) {
    Future *self = future;
    if (self->loop->closed) drop_callbacks(self);
    decref(self);
}

Handle *call_soon_owned(Loop *loop, Callback callback, Object *arg) {
    Handle *handle = loop_call_soon(loop, callback, arg);
    if (!handle) return NULL;
    incref(arg);
    return handle_own(handle, drop_reference);
}

/* Takes the first callback that was not called yet off the future. */
static Done next_callback(Future *self) {
    Done done = self->callback0;
    DoneList *list = self->callbacks;
    self->callback0 = (Done){NULL, NULL};
    if (done.call || !list) return done;
    done = list->items[list->next++];
    if (list->next == list->size) {
        free(list);
        self->callbacks = NULL;
    }
    return done;
}

static void drop_callbacks(Future *self) {
    for (;;) {
        Done done = next_callback(self);
        if (!done.call) return;
        xdecref(done.arg);
    }
}

/* What a Handle of a future calls. */
static void run_callback(void *arg) {
    Done done = next_callback(arg);
    if (!done.call) return;
    done.call(done.arg, arg);
    xdecref(done.arg);
}

static Handle *schedule(Future *self) {
    Handle *handle = loop_call_soon(self->loop, run_callback, self);
    if (handle) incref(self);
    return handle_own(handle, drop_scheduled);
}

/* A Handle for each callback, in order; none if there is no memory for all. CPython:
 * future_schedule_callbacks(). */
static int schedule_callbacks(Future *self) {
    unsigned count = (self->callback0.call != NULL) + (self->callbacks ? self->callbacks->size : 0);
    Handle *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        Handle *handle = schedule(self);
        if (!first) first = handle;
        if (handle) continue;
        for (; i > 0; i--, first = first->next) // they stand in `ready` one behind the other
            handle_cancel(first);
        return -1;
    }
    return 0;
}

int future_add_done_callback(Object *op, DoneCallback callback, Object *arg) {
    Future *self = (Future *)op;
    DoneList *list = self->callbacks;
    Done *place = list ? NULL : &self->callback0;
    if (list ? list->size == list->allocated : self->callback0.call != NULL) {
        unsigned allocated = list ? 2 * list->allocated : 4;
        DoneList *larger = realloc(list, sizeof *list + allocated * sizeof *list->items);
        if (!larger) {
            error_no_memory();
            return -1;
        }
        if (!list) larger->size = larger->next = 0;
        larger->allocated = allocated;
        list = self->callbacks = larger;
        place = NULL;
    }
    if (self->state != STATE_PENDING && !schedule(self)) {
        if (list && list->size == 0) {
            free(list);
            self->callbacks = NULL;
        }
        return -1;
    }
    if (!place) place = &list->items[list->size++];
    *place = (Done){callback, arg ? new_ref(arg) : NULL};
    return 0;
}

static bool same_done(const Done *done, DoneCallback callback, const Object *arg) {
    return done->call == callback && done->arg == arg;
}

int future_remove_done_callback(Object *op, DoneCallback callback, Object *arg) {
    Future *self = (Future *)op;
    if (self->state != STATE_PENDING) return 0;
    int removed = 0;
    DoneList *list = self->callbacks;
    if (same_done(&self->callback0, callback, arg)) {
        removed++;
        self->callback0 = (Done){NULL, NULL};
    }
    unsigned kept = 0;
    for (unsigned i = 0; list && i < list->size; i++) {
        if (same_done(&list->items[i], callback, arg))
            removed++;
        else
            list->items[kept++] = list->items[i];
    }
    if (list) list->size = kept;
    if (list && kept == 0) {
        free(list);
        self->callbacks = NULL;
    }
    for (int i = 0; i < removed && arg; i++)
        decref(arg);
    return removed;
}

/* Its first callback that belongs to a Future other than a Task; or NULL. */
static const Done *outer_callback(const Future *self) {
    const DoneList *list = self->callbacks;
    for (int64_t i = -1; i < (list ? (int64_t)list->size : 0); i++) {
        const Done *done = i < 0 ? &self->callback0 : &list->items[i];
        if (done->arg && future_check(done->arg) && done->arg->type != &Task_Type) return done;
    }
    return NULL;
}

/* In a list, as a chain of them may be longer than C's stack is deep. The list lets go of the last first,
 * so that none takes its children along, one inside the other. */
void future_abandon(Object *op) {
    List *outers = NULL;
    const Done *done;
    for (ssize_t at = 0;; op = outers->items[at++]) {
        while (!future_done(op) && (done = outer_callback((Future *)op))) {
            Object *outer = new_ref(done->arg);
            future_remove_done_callback(op, done->call, outer);
            if (!outers) outers = (List *)list_new(0);
            if (!outers || list_append(outers, outer) < 0) { // no memory: as deep as it goes
                error_clear();
                future_abandon(outer);
            }
            decref(outer);
        }
        if (!outers || at == outers->size) break;
    }
    xdecref(outers);
}

/* ---- Done ------------------------------------------------------------------------------------*/

static int still_pending(const Future *self) {
    if (self->state == STATE_PENDING) return 0;
    return error_raise(&InvalidStateError_Type, "invalid state");
}

int future_set_result(Object *op, Object *result) {
    Future *self = (Future *)op;
    if (still_pending(self) < 0 || schedule_callbacks(self) < 0) return -1;
    self->result = new_ref(result);
    self->state = STATE_FINISHED;
    return 0;
}

int future_set_exception(Object *op, Exception *exc) {
    Future *self = (Future *)op;
    if (still_pending(self) < 0) return -1;
    if (exc->ob.type == &StopIteration_Type) {
        return error_raise(&TypeError_Type, "StopIteration interacts badly with generators and "
                                            "cannot be raised into a Future");
    }
    if (schedule_callbacks(self) < 0) return -1;
    self->exception = (Exception *)new_ref(exc);
    self->state = STATE_FINISHED;
    self->log_tb = true;
    return 0;
}

/* CPython: future_cancel() there. */
int future_cancel_impl(Object *op, Object *msg) {
    Future *self = (Future *)op;
    self->log_tb = false;
    if (self->state != STATE_PENDING) return 0;
    if (schedule_callbacks(self) < 0) return -1;
    self->state = STATE_CANCELLED;
    Object *old = self->cancel_msg;
    self->cancel_msg = msg ? new_ref(msg) : NULL;
    xdecref(old);
    return 1;
}

/* Those who wait for each other may be many, or a ring. */
int future_cancel(Object *self, Object *msg) {
    if (enter_recursive_call(" while calling a Python object") < 0) return -1;
    int cancelled = self->type->cancel(self, msg);
    leave_recursive_call();
    return cancelled;
}

Exception *future_make_cancelled_error(Object *op) {
    Future *self = (Future *)op;
    Exception *exc = self->cancelled_exc;
    self->cancelled_exc = NULL;
    if (exc) return exc;
    return exception_new_value(&CancelledError_Type,
                               self->cancel_msg == None ? NULL : self->cancel_msg);
}

/* Whether there is a result or an exception to read; if not, -1 with why. CPython:
 * future_get_result(). */
static int readable(Future *self, const char *what) {
    if (self->state == STATE_CANCELLED) {
        return exception_raise(future_make_cancelled_error(OBJECT(self)));
    }
    if (self->state == STATE_PENDING) {
        return error_raise(&InvalidStateError_Type, "%s is not set.", what);
    }
    self->log_tb = false;
    return 0;
}

Object *future_result(Object *op) {
    Future *self = (Future *)op;
    if (readable(self, "Result") < 0) return NULL;
    if (!self->exception) return new_ref(self->result);
    exception_raise((Exception *)new_ref(self->exception));
    return NULL;
}

Object *future_exception(Object *op) {
    Future *self = (Future *)op;
    if (readable(self, "Exception") < 0) return NULL;
    return new_ref(self->exception ? OBJECT(self->exception) : None);
}

void future_mark_retrieved(Object *op) {
    ((Future *)op)->log_tb = false;
}

/* ---- Awaited ---------------------------------------------------------------------------------*/

/* One step of who awaits it: a future that is not done yields itself, and notes that it did so properly;
 * one that is done has a result. Simplified: CPython makes a FutureIter for each await; here the future
 * is its own. CPython: FutureIter_am_send(). */
SendResult future_am_send(Object *op, Object *value, Object **result) {
    Future *self = (Future *)op;
    (void)value;
    if (self->state != STATE_PENDING) {
        *result = future_result(op);
        return *result ? SEND_RETURN : SEND_ERROR;
    }
    *result = NULL;
    if (self->blocking) {
        error_raise(&RuntimeError_Type, "await wasn't used with future");
        return SEND_ERROR;
    }
    self->blocking = true;
    *result = new_ref(self);
    return SEND_NEXT;
}

Object *future_await(Object *self) {
    return new_ref(self);
}

/* ---- Birth and death -------------------------------------------------------------------------*/

int future_init(Future *self, Loop *loop) {
    self->loop = loop ? loop : loop_get_running();
    return self->loop ? 0 : error_raise(&RuntimeError_Type, "no running event loop");
}

Object *future_new(Loop *loop) {
    Future *self = pool_alloc(sizeof *self);
    if (!self) return NULL;
    *self = (Future){.ob = {1, &Future_Type}};
    if (future_init(self, loop) == 0) return OBJECT(self);
    decref(self);
    return NULL;
}

bool future_check(const Object *self) {
    return self->type == &Future_Type || type_is_subtype(self->type, &Future_Type);
}

void future_call_exception_handler(Loop *loop, const char *message, const char *what, void *object,
                                   Exception *exc) {
    Exception *pending = error_occurred() ? exception_fetch() : NULL;
    Error error = {0};
    if (exc) { // the handler is told of it as the indicator would tell, and owns nothing
        exception_restore((Exception *)new_ref(exc));
        error = error_fetch();
    }
    ExceptionContext context = {message, exc ? &error : NULL, NULL, what, object};
    loop_call_exception_handler(loop, &context);
    if (error.value) error.drop(error.value); // a MemoryError has none
    if (pending) exception_restore(pending);
}

void future_finalize(Future *self) {
    if (!self->log_tb) return;
    self->log_tb = false;
    char message[80];
    snprintf(message, sizeof message, "%s exception was never retrieved", self->ob.type->name);
    future_call_exception_handler(self->loop, message, "future", self, self->exception);
}

void future_clear(Future *self) {
    drop_callbacks(self);
    clear_ref(self->result);
    clear_ref(self->exception);
    clear_ref(self->cancel_msg);
    clear_ref(self->cancelled_exc);
}

static void future_dealloc(Object *op) {
    Future *self = (Future *)op;
    op->refcnt = 1; // it lives while the handler looks at it
    future_finalize(self);
    if (--op->refcnt > 0) return;
    op->refcnt = 1;
    future_clear(self);
    pool_free(self, sizeof *self);
}

/* CPython: Lib/asyncio/base_futures.py, _future_repr_info(). Simplified: callbacks are counted, where
 * CPython tells function, file and line. */
void future_repr_info(const Future *self, FILE *out) {
    if (self->exception) {
        fputs(" exception=", out);
        object_write_repr(OBJECT(self->exception), out);
    } else if (self->result) {
        fputs(" result=", out);
        object_write_repr(self->result, out);
    }
    if (self->state != STATE_PENDING) return;
    unsigned count = (self->callback0.call != NULL) + (self->callbacks ? self->callbacks->size : 0);
    const Done *last = self->callbacks ? &self->callbacks->items[count - 1] : &self->callback0;
    if (count == 1 && last->call == task_wakeup)
        fputs(" cb=[Task.task_wakeup()]", out);
    else if (count)
        fprintf(out, " cb=[%u callback%s]", count, count == 1 ? "" : "s");
}

static void future_repr(const Object *op, FILE *out) {
    static const char *const states[] = {"pending", "cancelled", "finished"};
    const Future *self = (const Future *)op;
    fprintf(out, "<%s %s", op->type->name, states[self->state]);
    future_repr_info(self, out);
    fputc('>', out);
}

const Type Future_Type = {
    .name = "Future",
    .dealloc = future_dealloc,
    .repr = future_repr,
    .await = future_await,
    .send = future_am_send,
    .cancel = future_cancel_impl,
};
