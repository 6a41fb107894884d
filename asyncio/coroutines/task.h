/* task.h: a coroutine that the loop runs, step by step, and the Future of what it returns.
 *
 *     task_step: send(None) into the coroutine, or throw
 *        it yields a Future -> task_wakeup is among the Future's callbacks, `fut_waiter` is the Future
 *        it yields None     -> the next step is in the next turn of the loop
 *        it returns, raises -> the Task is done, and those who wait for it are called
 *
 * The invariant: a task that is not done waits for exactly one thing: the step that is in the loop's
 * `ready`, or fut_waiter, whose callbacks have its task_wakeup (and, once that is done, the Handle of
 * it). Cancelling asks what it waits for to be cancelled; if that cannot be, `must_cancel` makes the
 * next step throw.
 *
 * While a task waits, what it waits for keeps it alive. So a task and a future that only know each
 * other live for ever: CPython's collector finds such pairs; here task_destroy_pending() is told.
 *
 * CPython: Lib/asyncio/tasks.py, Task; Modules/_asynciomodule.c, TaskObj, which is what runs.
 */
#ifndef TASK_H
#define TASK_H

#include "coroutine.h"
#include "future.h"

typedef struct Task Task;

/* CPython: Modules/_asynciomodule.c, TaskObj. */
struct Task {
    Future fut;
    Object *fut_waiter; // what it waits for, or NULL
    Object *coro;
    Object *name;    // a str, or NULL: "Task-" and its number
    uint64_t number; // CPython: task_name_counter, when it was made
    bool must_cancel;
    bool log_destroy_pending;
    int num_cancels_requested;
    Task *previous,
        *next; // all tasks of this thread that are not done. CPython: all_tasks, a WeakSet
};

extern const Type Task_Type;

/* loop.create_task(coro, name=name): steals coro; a NULL loop is the running one, a NULL name one by
 * number. Its first step is in the next turn. NULL with RuntimeError ("no running event loop"),
 * TypeError ("a coroutine was expected, got ...") or MemoryError. */
Object *task_new(Loop *loop, Object *coro, const char *name);
/* asyncio.create_task(coro). CPython: Lib/asyncio/tasks.py, create_task(). */
Object *asyncio_create_task(Object *coro);
/* Of a coroutine, stolen, its new Task; of a Future itself; NULL with TypeError ("An asyncio.Future, a
 * coroutine or an awaitable is required"). CPython: Lib/asyncio/tasks.py, _ensure_future(). */
Object *asyncio_ensure_future(Object *coro_or_future, Loop *loop);

/* task.cancel(msg) is future_cancel(). task.cancelling(), task.uncancel(): how many requests there are,
 * after it took one back. CPython: _asyncio_Task_uncancel_impl(). */
int task_cancelling(const Object *self);
int task_uncancel(Object *self);

/* task.get_name(), into `text`, which is returned; task.set_name(name): 0, or -1 with MemoryError. */
const char *task_get_name(const Object *self, char *text, size_t size);
int task_set_name(Object *self, const char *name);

/* asyncio.current_task(): borrowed, or NULL outside of any. asyncio.all_tasks(loop): a new list of those
 * that are not done, in the order in which they were made; NULL with MemoryError. */
Object *asyncio_current_task(void);
Object *asyncio_all_tasks(const Loop *loop);

/* The callback by which a task waits for a Future. CPython: task_wakeup(). */
void task_wakeup(Object *task, Object *future);

/* For when the caller has dropped every reference of its own to the tasks of `loop`, before it is
 * freed: what is still pending can never be woken. Each is closed, in the order in which they were made,
 * "Task was destroyed but it is pending!" is said of it, and it dies. Simplified: CPython's collector
 * finds them itself, by Modules/gcmodule.c, and calls the same finalizers. */
void task_destroy_pending(const Loop *loop);

#endif
