/* runners.c: run, run_until_complete; to_thread.
 *
 * CPython: Lib/asyncio/runners.py, base_events.py, threads.py.
 */
#include "runners.h"

#include <signal.h>

/* ---- run_until_complete ----------------------------------------------------------------------*/

/* CPython: Lib/asyncio/base_events.py, _run_until_complete_cb(). */
static void stop_loop(Object *arg, Object *op) {
    Future *future = (Future *)op;
    (void)arg;
    if (future->exception && (exception_matches(future->exception, &SystemExit_Type) ||
                              exception_matches(future->exception, &KeyboardInterrupt_Type))) {
        return; // these stop it by themselves
    }
    loop_stop(future->loop);
}

Object *loop_run_until_complete(Loop *loop, Object *op) {
    bool new_task = op && !future_check(op);
    Object *future = asyncio_ensure_future(op, loop);
    if (!future) return NULL;
    if (new_task) ((Task *)future)->log_destroy_pending = false;
    Object *result = NULL;
    if (future_add_done_callback(future, stop_loop, NULL) == 0) {
        int status = loop_run_forever(loop);
        if (status < 0 && new_task && future_done(future)) future_mark_retrieved(future);
        future_remove_done_callback(future, stop_loop, NULL);
        if (status == 0 && future_done(future))
            result = future_result(future);
        else if (status == 0)
            error_raise(&RuntimeError_Type, "Event loop stopped before Future completed.");
    }
    decref(future);
    return result;
}

int asyncio_spawn(Loop *loop, Object *coro) {
    Object *task = task_new(loop, coro, NULL); // the loop's Handle keeps it
    xdecref(task);
    return task ? 0 : -1;
}

/* ---- run -------------------------------------------------------------------------------------*/

typedef struct {
    Loop *loop;
    Object *main_task; // borrowed
    int interrupt_count;
    bool handles_sigint;
} Runner;

/* CPython: Runner._on_sigint(). Simplified: it runs in a turn of the loop, so that a callback that
 * blocks is not interrupted by the second Ctrl-C; CPython's runs between two bytecodes. */
static void on_sigint(void *arg) {
    Runner *self = arg;
    self->interrupt_count++;
    if (self->interrupt_count == 1 && !future_done(self->main_task)) {
        future_cancel(self->main_task, NULL);
    } else {
        error_raise_none(&KeyboardInterrupt_Type);
    }
}

static void take_sigint(Runner *self) {
    struct sigaction action;
    if (sigaction(SIGINT, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return;
    self->handles_sigint = loop_add_signal_handler(self->loop, SIGINT, on_sigint, self) == 0;
    error_clear(); // another loop has the signals: then we go without
}

static void give_sigint_back(Runner *self) {
    if (!self->handles_sigint) return;
    Exception *pending = exception_fetch();
    if (loop_remove_signal_handler(self->loop, SIGINT) < 0) error_clear();
    exception_restore(pending);
}

/* CPython: Runner.run(). */
static Object *runner_run(Runner *self, Object *main) {
    self->main_task = task_new(self->loop, main, NULL);
    if (!self->main_task) return NULL;
    take_sigint(self);
    Object *result = loop_run_until_complete(self->loop, new_ref(self->main_task));
    if (!result && self->interrupt_count > 0 && error_is(&CancelledError_Type) &&
        task_uncancel(self->main_task) == 0) {
        Exception *cancelled = exception_fetch(), *interrupt;
        interrupt = exception_new_value(&KeyboardInterrupt_Type, NULL);
        if (interrupt) exception_set_context(interrupt, cancelled);
        exception_raise(interrupt);
        decref(cancelled);
    }
    give_sigint_back(self);
    clear_ref(self->main_task);
    return result;
}

/* Those that raised something while they were cancelled. */
static void report_shutdown(Loop *loop, const List *tasks) {
    for (ssize_t i = 0; i < tasks->size; i++) {
        Future *task = (Future *)tasks->items[i];
        if (!task->exception) continue;
        future_call_exception_handler(loop, "unhandled exception during asyncio.run() shutdown",
                                      "task", task, task->exception);
    }
}

/* CPython: Lib/asyncio/runners.py, _cancel_all_tasks(). */
static int cancel_all_tasks(Loop *loop) {
    List *tasks = (List *)asyncio_all_tasks(loop);
    if (!tasks) return -1;
    Object *result = NULL, *gathered = NULL;
    for (ssize_t i = 0; i < tasks->size; i++)
        if (future_cancel(tasks->items[i], NULL) < 0) goto failed;
    if (tasks->size == 0) {
        decref(tasks);
        return 0;
    }
    for (ssize_t i = 0; i < tasks->size; i++)
        incref(tasks->items[i]); // gather takes them over
    gathered = asyncio_gather(tasks->items, tasks->size, true);
    result = gathered ? loop_run_until_complete(loop, gathered) : NULL;
    if (result) report_shutdown(loop, tasks);
failed:
    decref(tasks);
    xdecref(result);
    return result ? 0 : -1;
}

/* Ends the threads of to_thread(). Simplified: it blocks; CPython waits in a thread of its own.
 * CPython: Lib/asyncio/base_events.py, shutdown_default_executor(). */
static Object *shutdown_default_executor_run(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    Loop *loop = loop_get_running();
    Executor *executor = loop->default_executor;
    loop->default_executor = NULL;
    executor_free(executor, true);
    return new_ref(None);
}

/* CPython: shutdown_asyncgens(): there are none, but it takes its turns of the loop. */
static Object *shutdown_asyncgens_run(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    return new_ref(None);
}

/* CPython: Runner.close(). */
static int runner_close(Runner *self) {
    static const Code last[] = {
        {"shutdown_asyncgens", shutdown_asyncgens_run, 0, 0, 0},
        {"shutdown_default_executor", shutdown_default_executor_run, 0, 0, 0},
    };
    int status = cancel_all_tasks(self->loop);
    for (int i = 0; status == 0 && i < 2; i++) {
        Object *result = loop_run_until_complete(self->loop, coroutine_new(&last[i], NULL));
        status = result ? 0 : -1;
        xdecref(result);
    }
    Exception *pending = exception_fetch();
    loop_close(self->loop);
    task_destroy_pending(self->loop); // if something above went wrong
    if (pending) exception_restore(pending);
    return status;
}

Object *asyncio_run(Loop *given, Object *main) {
    if (!main) return NULL;
    if (loop_get_running()) {
        decref(main);
        error_raise(&RuntimeError_Type, "asyncio.run() cannot be called from a running event loop");
        return NULL;
    }
    Runner runner = {.loop = given ? given : loop_new(NULL)};
    if (!runner.loop) {
        decref(main);
        return NULL;
    }
    Object *result = runner_run(&runner, main);
    Exception *raised = result ? NULL : exception_fetch();
    if (runner_close(&runner) < 0 && raised) { // that came while this was on its way out
        Exception *later = exception_fetch();
        exception_set_context(later, raised);
        decref(raised);
        raised = later;
    }
    if (error_occurred()) clear_ref(result);
    if (raised) exception_restore(raised);
    if (!given) loop_free(runner.loop);
    return result;
}

/* ---- Threads ---------------------------------------------------------------------------------*/

/* What the loop and a thread of the pool share: the thread writes `result` and an error. */
typedef struct {
    Object ob;
    ThreadWork work;
    Object *arg, *future, *result;
    Job *job; // lent; NULL once it is over
} ThreadCall;

static void thread_call_dealloc(Object *op) {
    ThreadCall *self = (ThreadCall *)op;
    xdecref(self->arg);
    xdecref(self->future);
    xdecref(self->result);
    free(self);
}

static const Type ThreadCall_Type = {.name = "thread call", .dealloc = thread_call_dealloc};

/* In the thread. */
static void thread_work(void *arg) {
    ThreadCall *self = arg;
    self->result = self->work(self->arg);
}

/* In the loop, with what work raised pending. CPython: Lib/asyncio/futures.py, _copy_future_state(). */
static void thread_done(void *arg) {
    ThreadCall *self = arg;
    Exception *exc = self->result ? NULL : exception_fetch();
    self->job = NULL;
    if (future_done(self->future)) {
        error_clear(); // cancelled meanwhile
    } else {
        int status = exc ? future_set_exception(self->future, exc)
                         : future_set_result(self->future, self->result ? self->result : None);
        if (status < 0) { // no memory to wake who waits: perhaps there is for telling that
            xdecref(exc);
            exc = exception_fetch();
            future_set_exception(self->future, exc);
        }
    }
    xdecref(exc);
    clear_ref(self->future); // which may have a callback that holds us
    decref(self);
}

/* The loop closed before, or it was cancelled. */
static void thread_dropped(void *arg) {
    ThreadCall *self = arg;
    self->job = NULL;
    clear_ref(self->future); // which has a callback that holds us
    decref(self);
}

/* CPython: Lib/asyncio/futures.py, _call_check_cancel(). */
static void thread_check_cancel(Object *op, Object *future) {
    ThreadCall *self = (ThreadCall *)op;
    if (future_cancelled(future) && self->job) job_cancel(self->job);
}

Object *asyncio_run_in_executor(Loop *loop, Executor *executor, ThreadWork work, Object *arg) {
    ThreadCall *self = object_new(&ThreadCall_Type, sizeof *self);
    Object *future = self ? future_new(loop) : NULL;
    if (!future) {
        xdecref(self);
        return NULL;
    }
    self->work = work;
    self->arg = arg ? new_ref(arg) : NULL;
    self->future = new_ref(future);
    incref(self); // the executor's
    self->job = loop_run_in_executor(future_get_loop(future), executor, thread_work, thread_done,
                                     self, thread_dropped);
    if (self->job) { // the first callback of a future needs no memory
        future_add_done_callback(future, thread_check_cancel, OBJECT(self));
    } else {
        decref(self);
        clear_ref(future);
    }
    decref(self);
    return future;
}

typedef struct {
    Object *arg;
    ThreadWork work;
} ToThread;

static Object *to_thread_run(Coroutine *self, Object *sent) {
    BEGIN(ToThread);
    AWAIT(asyncio_run_in_executor(NULL, NULL, local->work, local->arg));
    RETURN(new_ref(sent));
    END;
}

Object *asyncio_to_thread(ThreadWork work, Object *arg) {
    static const Code code = {"to_thread", to_thread_run, sizeof(ToThread), 1, 0};
    return coroutine_new(&code, &(ToThread){.arg = arg, .work = work});
}
