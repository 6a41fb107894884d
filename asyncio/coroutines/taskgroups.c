/* taskgroups.c: CPython: Lib/asyncio/taskgroups.py, TaskGroup. */
#include "taskgroups.h"

typedef struct Member Member;

typedef struct {
    Object ob;
    bool entered, exiting, aborting, parent_cancel_requested;
    Object *parent_task, *on_completed_fut;
    Member *tasks, **last; // in the order in which they were made. CPython: a set
    ssize_t ntasks;
    List *errors;
    Exception *base_error; // the first KeyboardInterrupt or SystemExit
} TaskGroup;

/* A task of the group that is not done. The callback of the task has it, and nobody else. */
struct Member {
    Object ob;
    TaskGroup *group; // owned
    Object *task;     // borrowed: while it is not done its callbacks are there
    Member *next, **link;
};

static void member_unlink(Member *self) {
    if (!self->link) return;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    else
        self->group->last = self->link;
    self->link = NULL;
    self->group->ntasks--;
}

static void member_dealloc(Object *op) {
    Member *self = (Member *)op;
    member_unlink(self); // a task that is destroyed while it is pending
    decref(self->group);
    free(self);
}

static const Type Member_Type = {.name = "TaskGroup member", .dealloc = member_dealloc};

static void taskgroup_repr(const Object *op, FILE *out) {
    const TaskGroup *self = (const TaskGroup *)op;
    fputs("<TaskGroup", out);
    if (self->ntasks) fprintf(out, " tasks=%zd", self->ntasks);
    if (self->errors && self->errors->size) fprintf(out, " errors=%zd", self->errors->size);
    if (self->aborting)
        fputs(" cancelling", out);
    else if (self->entered)
        fputs(" entered", out);
    fputc('>', out);
}

static Object *refuse(const TaskGroup *self, const char *why) {
    char text[120];
    error_raise(&RuntimeError_Type, "TaskGroup %s %s", object_repr(OBJECT(self), text, sizeof text),
                why);
    return NULL;
}

static bool is_base_error(const Exception *exc) {
    return exception_matches(exc, &SystemExit_Type) ||
           exception_matches(exc, &KeyboardInterrupt_Type);
}

/* ---- The tasks -------------------------------------------------------------------------------*/

/* Cancels those that are there. One that cannot be, for want of memory, goes on to its end. CPython:
 * _abort(). */
static void abort_tasks(TaskGroup *self) {
    self->aborting = true;
    for (Member *member = self->tasks, *next; member; member = next) {
        next = member->next; // a cancellation is only scheduled: the list stays as it is
        if (!future_done(member->task) && future_cancel(member->task, NULL) < 0) error_clear();
    }
}

static void note_base_error(TaskGroup *self, Exception *exc) {
    if (is_base_error(exc) && !self->base_error) self->base_error = (Exception *)new_ref(exc);
}

/* CPython: _on_task_done(). */
static void on_task_done(Object *op, Object *task) {
    Member *member = (Member *)op;
    TaskGroup *self = member->group;
    member_unlink(member);
    Object *waiter = self->on_completed_fut;
    if (waiter && !self->tasks && !future_done(waiter)) future_set_result(waiter, True);
    Exception *exc = ((Future *)task)->exception;
    if (future_cancelled(task) || !exc) return;
    future_mark_retrieved(task);
    list_append(self->errors, OBJECT(exc));
    note_base_error(self, exc);
    if (future_done(self->parent_task)) {
        future_call_exception_handler(
            future_get_loop(task), "Task has errored out but its parent task is already completed",
            "task", task, exc);
        return;
    }
    if (self->aborting || self->parent_cancel_requested) return;
    abort_tasks(self);
    self->parent_cancel_requested = true; // and is taken back at the end of the block
    future_cancel(self->parent_task, NULL);
}

Object *taskgroup_create_task(Object *op, Object *coro, const char *name) {
    TaskGroup *self = (TaskGroup *)op;
    const char *why = !self->parent_task               ? "has not been entered" // by a task
                      : self->exiting && !self->ntasks ? "is finished"
                      : self->aborting                 ? "is shutting down"
                                                       : NULL;
    if (why || !coro) {
        if (coro) refuse(self, why);
        xdecref(coro);
        return NULL;
    }
    Member *member = object_new(&Member_Type, sizeof *member);
    if (!member) {
        decref(coro);
        return NULL;
    }
    member->group = (TaskGroup *)new_ref(self);
    Object *task = task_new(future_get_loop(self->parent_task), coro, name);
    if (task) { // the first callback of a task needs no memory
        future_add_done_callback(task, on_task_done, OBJECT(member));
        member->task = task;
        member->link = self->last;
        *self->last = member;
        self->last = &member->next;
        self->ntasks++;
    }
    decref(member);
    return task;
}

/* ---- async with ------------------------------------------------------------------------------*/

typedef struct {
    Object *group, *exc;
    Object *propagate; // the CancelledError to let out, or NULL
} Step;

static Object *enter_run(Coroutine *self, Object *sent) {
    BEGIN(Step);
    TaskGroup *group = (TaskGroup *)local->group;
    if (group->entered) return refuse(group, "has been already entered");
    group->entered = true;
    if (!asyncio_current_task()) return refuse(group, "cannot determine the parent task");
    group->parent_task = new_ref(asyncio_current_task());
    RETURN(new_ref(group));
    END;
}

/* What the block was left with. CPython: the first part of __aexit__(). */
static void begin_exit(TaskGroup *group, Step *local) {
    Exception *exc = (Exception *)local->exc;
    group->exiting = true;
    if (exc) note_base_error(group, exc);
    if (exc && exc->ob.type == &CancelledError_Type) local->propagate = new_ref(exc);
    if (group->parent_cancel_requested && task_uncancel(group->parent_task) == 0) {
        clear_ref(local->propagate); // nobody but us has cancelled
    }
    if (exc && !group->aborting) abort_tasks(group);
}

/* All are done: what comes out. CPython: the last part of __aexit__(). */
static Object *end_exit(TaskGroup *group, Step *local) {
    Exception *exc = (Exception *)local->exc;
    if (group->base_error) {
        exception_raise((Exception *)new_ref(group->base_error));
        return NULL;
    }
    if (local->propagate && group->errors->size == 0) {
        exception_raise((Exception *)new_ref(local->propagate));
        return NULL;
    }
    if (exc && exc->ob.type != &CancelledError_Type &&
        list_append(group->errors, OBJECT(exc)) < 0) {
        return NULL;
    }
    if (group->errors->size == 0) return new_ref(None);
    exception_raise_from(exception_group_new("unhandled errors in a TaskGroup", group->errors),
                         NULL);
    clear_ref(group->errors);
    return NULL;
}

static Object *exit_run(Coroutine *self, Object *sent) {
    BEGIN(Step);
    begin_exit((TaskGroup *)local->group, local);
    while (((TaskGroup *)local->group)->tasks) { // again, if we are cancelled meanwhile
        TaskGroup *group = (TaskGroup *)local->group;
        if (!group->on_completed_fut) {
            group->on_completed_fut = future_new(future_get_loop(group->parent_task));
        }
        if (!group->on_completed_fut) return NULL;
        TRY {
            AWAIT(new_ref(((TaskGroup *)local->group)->on_completed_fut));
        }
        EXCEPT(CancelledError) {
            if (!((TaskGroup *)local->group)->aborting) {
                xdecref(local->propagate);
                local->propagate = new_ref(frame_exception(self));
                abort_tasks((TaskGroup *)local->group);
            }
        }
        END_TRY;
        clear_ref(((TaskGroup *)local->group)->on_completed_fut);
    }
    RETURN(end_exit((TaskGroup *)local->group, local));
    END;
}

static Object *taskgroup_aenter(Object *self) {
    static const Code code = {"TaskGroup.__aenter__", enter_run, sizeof(Step), 3, 0};
    return coroutine_new(&code, &(Step){.group = self});
}

static Object *taskgroup_aexit(Object *self, Exception *exc) {
    static const Code code = {"TaskGroup.__aexit__", exit_run, sizeof(Step), 3, 1};
    return coroutine_new(&code, &(Step){.group = self, .exc = OBJECT(exc)});
}

static void taskgroup_dealloc(Object *op) {
    TaskGroup *self = (TaskGroup *)op;
    xdecref(self->parent_task);
    xdecref(self->on_completed_fut);
    xdecref(self->errors);
    xdecref(self->base_error);
    free(self);
}

static const Type TaskGroup_Type = {
    .name = "TaskGroup",
    .dealloc = taskgroup_dealloc,
    .repr = taskgroup_repr,
    .aenter = taskgroup_aenter,
    .aexit = taskgroup_aexit,
};

Object *taskgroup_new(void) {
    TaskGroup *self = object_new(&TaskGroup_Type, sizeof *self);
    if (!self) return NULL;
    self->last = &self->tasks;
    self->errors = (List *)list_new(0);
    if (!self->errors) clear_ref(self);
    return OBJECT(self);
}
