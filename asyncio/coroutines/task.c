/* task.c: the step, the wake-up, the cancellation.
 *
 * CPython: Modules/_asynciomodule.c; the names of its functions are here as there.
 */
#include "task.h"

#include "../pool.h"

static _Thread_local Task *current_task;         // CPython: current_tasks, a dict by loop
static _Thread_local uint64_t task_name_counter; // CPython: one for the process
static _Thread_local Task all_tasks = {0};       // the ring's head

/* ---- Which tasks there are -------------------------------------------------------------------*/

/* The head is its own neighbour before the first is linked. */
static Task *ring(void) {
    if (!all_tasks.next) all_tasks.next = all_tasks.previous = &all_tasks;
    return &all_tasks;
}

static void register_task(Task *task) {
    Task *head = ring();
    task->next = head;
    task->previous = head->previous;
    head->previous->next = task;
    head->previous = task;
}

static void unregister_task(Task *task) {
    if (!task->next) return;
    task->next->previous = task->previous;
    task->previous->next = task->next;
    task->next = task->previous = NULL;
}

Object *asyncio_current_task(void) {
    return OBJECT(current_task);
}

Object *asyncio_all_tasks(const Loop *loop) {
    List *list = (List *)list_new(0);
    for (Task *task = ring()->next; list && task != &all_tasks; task = task->next) {
        if (task->fut.loop != loop || future_done(OBJECT(task))) continue;
        if (list_append(list, OBJECT(task)) < 0) clear_ref(list);
    }
    return OBJECT(list);
}

/* ---- The step --------------------------------------------------------------------------------*/

static void task_step(Task *task, Exception *exc);

/* What a Handle of a task calls. CPython: TaskStepMethWrapper_call(). */
static void task_step_callback(void *task) {
    task_step(task, NULL);
}

/* The same with an exception to throw. */
static void task_step_error_callback(void *pair) {
    Tuple *task_and_error = pair;
    task_step((Task *)task_and_error->items[0], (Exception *)task_and_error->items[1]);
}

static int task_call_step_soon(Task *task) {
    return call_soon_owned(task->fut.loop, task_step_callback, OBJECT(task)) ? 0 : -1;
}

/* RuntimeError about what it yielded, thrown into it in the next turn; -1 with MemoryError. */
static int task_set_error_soon(Task *task, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Object *text = str_from_vformat(format, args);
    va_end(args);
    Exception *exc = text ? exception_new_value(&RuntimeError_Type, text) : NULL;
    xdecref(text);
    Object *pair = exc ? tuple_pair(new_ref(task), OBJECT(exc)) : NULL;
    Handle *handle = NULL;
    if (pair) handle = call_soon_owned(task->fut.loop, task_step_error_callback, pair);
    xdecref(pair);
    return handle ? 0 : -1;
}

/* The coroutine has ended: so has the task. What is pending, if `result` is NULL, is its exception.
 * There may be no memory for waking up who waits: then they get that as an exception, for which,
 * perhaps, there is. */
static void task_finish(Task *task, Object *result) {
    Object *self = OBJECT(task);
    Exception *exc = result ? NULL : exception_fetch();
    int status;
    if (exc && exception_matches(exc, &CancelledError_Type)) {
        xdecref(task->fut.cancelled_exc);
        task->fut.cancelled_exc = (Exception *)new_ref(exc);
        status = future_cancel_impl(self, NULL);
    } else if (exc) {
        status = future_set_exception(self, exc);
    } else if (task->must_cancel) { // it was cancelled right before its coroutine stopped
        task->must_cancel = false;
        status = future_cancel_impl(self, task->fut.cancel_msg);
    } else {
        status = future_set_result(self, result);
    }
    if (status < 0) {
        Exception *why = exception_fetch();
        if (future_set_exception(self, why) == 0) status = 0;
        decref(why);
    }
    if (status >= 0) unregister_task(task);
    if (exc && (exception_matches(exc, &KeyboardInterrupt_Type) ||
                exception_matches(exc, &SystemExit_Type))) {
        exception_restore((Exception *)new_ref(exc)); // these stop the loop, too
    }
    xdecref(exc);
}

/* The task waits for `future` from here on. */
static int task_wait_for(Task *task, Object *future) {
    Future *fut = (Future *)future;
    char text[200], other[200];
    if (future == OBJECT(task)) {
        return task_set_error_soon(task, "Task cannot await on itself: %s",
                                   object_repr(future, text, sizeof text));
    }
    if (fut->loop != task->fut.loop) {
        return task_set_error_soon(task, "Task %s got Future %s attached to a different loop",
                                   object_repr(OBJECT(task), text, sizeof text),
                                   object_repr(future, other, sizeof other));
    }
    if (!fut->blocking) {
        return task_set_error_soon(task, "yield was used instead of yield from in task %s with %s",
                                   object_repr(OBJECT(task), text, sizeof text),
                                   object_repr(future, other, sizeof other));
    }
    fut->blocking = false;
    if (future_add_done_callback(future, task_wakeup, OBJECT(task)) < 0) return -1;
    task->fut_waiter = new_ref(future);
    if (!task->must_cancel) return 0;
    int cancelled = future_cancel(future, task->fut.cancel_msg);
    if (cancelled > 0) task->must_cancel = false;
    if (cancelled < 0) error_clear(); // it is still asked for: the next step will throw
    return 0;
}

/* What the coroutine yielded, stolen: that is what it waits for. */
static int task_yielded(Task *task, Object *result) {
    int status;
    if (result == None) {
        status = task_call_step_soon(task);
    } else if (future_check(result)) {
        status = task_wait_for(task, result);
    } else {
        char text[200];
        status = task_set_error_soon(task, "Task got bad yield: %s",
                                     object_repr(result, text, sizeof text));
    }
    decref(result);
    return status;
}

/* The exception that the next step throws, a new reference: `exc`, or the cancellation that was asked
 * for. CPython: the first lines of task_step_impl(). */
static Exception *task_exception_to_throw(Task *task, Exception *exc) {
    if (!task->must_cancel) return exc ? (Exception *)new_ref(exc) : NULL;
    task->must_cancel = false;
    if (exc && exception_matches(exc, &CancelledError_Type)) return (Exception *)new_ref(exc);
    Exception *cancelled = future_make_cancelled_error(OBJECT(task));
    return cancelled ? cancelled : exception_fetch();
}

/* Sends or throws until the coroutine has ended or waits for something. Usually once: there is another
 * round only if there was no memory for waiting, which is then thrown into it. CPython:
 * task_step_impl(). */
static void task_step_impl(Task *task, Exception *exc) {
    if (future_done(OBJECT(task))) {
        char text[200];
        error_raise(&InvalidStateError_Type, "_step(): already done: %s",
                    object_repr(OBJECT(task), text, sizeof text));
        return;
    }
    if (exc || task->must_cancel) exc = task_exception_to_throw(task, exc);
    clear_ref(task->fut_waiter);
    for (;;) {
        Object *result;
        SendResult status = exc ? coroutine_am_throw(task->coro, exc, &result)
                                : coroutine_am_send(task->coro, None, &result);
        xdecref(exc);
        if (status != SEND_NEXT) {
            task_finish(task, result);
            xdecref(result);
            return;
        }
        if (task_yielded(task, result) == 0) return;
        exc = exception_fetch();
    }
}

/* CPython: task_step(), enter_task(), leave_task(). Simplified: nothing can run a task from inside
 * another, as a loop cannot run inside another. */
static void task_step(Task *task, Exception *exc) {
    Task *outer = current_task;
    current_task = task;
    task_step_impl(task, exc);
    current_task = outer;
}

void task_wakeup(Object *task, Object *op) {
    Future *future = (Future *)op;
    if (future->state == STATE_FINISHED) {
        future->log_tb = false;
        task_step((Task *)task, future->exception);
        return;
    }
    Exception *exc = future_make_cancelled_error(op);
    if (!exc) exc = exception_fetch();
    task_step((Task *)task, exc);
    decref(exc);
}

/* ---- Cancellation ----------------------------------------------------------------------------*/

/* CPython: _asyncio_Task_cancel_impl(). */
static int task_cancel(Object *op, Object *msg) {
    Task *self = (Task *)op;
    self->fut.log_tb = false;
    if (future_done(op)) return 0;
    if (self->fut_waiter) {
        Object *waiter = new_ref(self->fut_waiter);
        int cancelled = future_cancel(waiter, msg);
        decref(waiter);
        if (cancelled) {
            self->num_cancels_requested += cancelled > 0;
            return cancelled;
        }
    }
    self->num_cancels_requested++;
    self->must_cancel = true;
    Object *old = self->fut.cancel_msg;
    self->fut.cancel_msg = msg ? new_ref(msg) : NULL;
    xdecref(old);
    return 1;
}

int task_cancelling(const Object *self) {
    return ((const Task *)self)->num_cancels_requested;
}

int task_uncancel(Object *op) {
    Task *self = (Task *)op;
    if (self->num_cancels_requested > 0) self->num_cancels_requested--;
    return self->num_cancels_requested;
}

/* ---- Birth, name and death -------------------------------------------------------------------*/

Object *task_new(Loop *loop, Object *coro, const char *name) {
    if (!coro) return NULL;
    if (!coroutine_check(coro)) {
        char text[200];
        error_raise(&TypeError_Type, "a coroutine was expected, got %s",
                    object_repr(coro, text, sizeof text));
        decref(coro);
        return NULL;
    }
    Task *self = pool_alloc(sizeof *self);
    if (!self) {
        decref(coro);
        return NULL;
    }
    *self = (Task){.fut.ob = {1, &Task_Type}, .coro = coro};
    if (future_init(&self->fut, loop) < 0 || (name && task_set_name(OBJECT(self), name) < 0) ||
        task_call_step_soon(self) < 0) {
        decref(self);
        return NULL;
    }
    self->log_destroy_pending = true;
    self->number = name ? 0 : ++task_name_counter;
    register_task(self);
    return OBJECT(self);
}

Object *asyncio_create_task(Object *coro) {
    return task_new(NULL, coro, NULL);
}

Object *asyncio_ensure_future(Object *op, Loop *loop) {
    if (!op) return NULL;
    if (coroutine_check(op)) return task_new(loop, op, NULL);
    if (future_check(op)) {
        if (!loop || future_get_loop(op) == loop) return op;
        error_raise(&ValueError_Type, "The future belongs to a different loop than the one "
                                      "specified as the loop argument");
    } else {
        error_raise(&TypeError_Type, "An asyncio.Future, a coroutine or an awaitable is required");
    }
    decref(op);
    return NULL;
}

const char *task_get_name(const Object *op, char *text, size_t size) {
    const Task *self = (const Task *)op;
    if (self->name)
        snprintf(text, size, "%s", ((const Str *)self->name)->text);
    else
        snprintf(text, size, "Task-%llu", (unsigned long long)self->number);
    return text;
}

int task_set_name(Object *op, const char *name) {
    Task *self = (Task *)op;
    Object *text = str_from_format("%s", name), *old = self->name;
    if (!text) return -1;
    self->name = text;
    xdecref(old);
    return 0;
}

/* CPython: TaskObj_finalize(). */
static void task_finalize(Task *self) {
    if (!future_done(OBJECT(self)) && self->log_destroy_pending) {
        future_call_exception_handler(self->fut.loop, "Task was destroyed but it is pending!",
                                      "task", self, NULL);
    }
    future_finalize(&self->fut);
}

static void task_dealloc(Object *op) {
    Task *self = (Task *)op;
    op->refcnt = 1; // it lives while the handler looks at it
    task_finalize(self);
    if (--op->refcnt > 0) return;
    op->refcnt = 1;
    unregister_task(self);
    future_clear(&self->fut);
    clear_ref(self->coro);
    clear_ref(self->name);
    clear_ref(self->fut_waiter);
    pool_free(self, sizeof *self);
}

void task_destroy_pending(const Loop *loop) {
    for (Task *task = ring()->next; task != &all_tasks;) {
        if (task->fut.loop != loop) {
            task = task->next;
            continue;
        }
        incref(task);
        unregister_task(task);
        bool begun = ((Coroutine *)task->coro)->state != FRAME_CREATED; // else that is said of it
        if (begun && coroutine_close(task->coro) < 0) error_write_unraisable(task->coro);
        if (!future_done(OBJECT(task))) {
            task_finalize(task);
            task->log_destroy_pending = false;
        }
        if (task->fut_waiter) { // this is what kept it alive
            future_remove_done_callback(task->fut_waiter, task_wakeup, OBJECT(task));
            clear_ref(task->fut_waiter);
        }
        future_abandon(OBJECT(task));
        future_clear(&task->fut); // whom it would have called may hold it, too
        decref(task);
        task = ring()->next; // what died may have taken others with it
    }
}

/* What it waits for; "..." where that is being written already. CPython: the recursive_repr() over
 * Lib/asyncio/base_tasks.py, _task_repr(). */
static void repr_waiter(const Task *self, FILE *out) {
    static _Thread_local struct Writing {
        const Task *task;
        struct Writing *outer;
    } * writing;
    struct Writing here = {self, writing};
    fputs(" wait_for=", out);
    writing = &here;
    const struct Writing *other = here.outer;
    while (other && OBJECT(other->task) != self->fut_waiter)
        other = other->outer;
    if (other || self->fut_waiter == OBJECT(self))
        fputs("...", out);
    else
        object_write_repr(self->fut_waiter, out);
    writing = here.outer;
}

/* CPython: Lib/asyncio/base_tasks.py, _task_repr_info(); Lib/asyncio/coroutines.py,
 * _format_coroutine(). Simplified: without file and line. */
static void task_repr(const Object *op, FILE *out) {
    static const char *const states[] = {"pending", "cancelled", "finished"};
    const Task *self = (const Task *)op;
    const Coroutine *coro = (const Coroutine *)self->coro;
    char name[120];
    bool cancelling = self->num_cancels_requested > 0 && !future_done(op);
    fprintf(out, "<Task %s name='%s' coro=<%s() %s>",
            cancelling ? "cancelling" : states[self->fut.state],
            task_get_name(op, name, sizeof name), coro->code->name,
            coro->state >= FRAME_COMPLETED ? "done" : "running");
    if (self->fut_waiter) repr_waiter(self, out);
    future_repr_info(&self->fut, out);
    fputc('>', out);
}

const Type Task_Type = {
    .name = "Task",
    .base = &Future_Type,
    .dealloc = task_dealloc,
    .repr = task_repr,
    .await = future_await,
    .send = future_am_send,
    .cancel = task_cancel,
};
