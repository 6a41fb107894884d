/* scenes.c: who takes part, and the scenes of several tasks; twin.py has the same functions. */
#include "scenes.h"

typedef struct {
    Object *result;
    const char *name;
    double delay;
} Worker;

/* ---- Who takes part ----------------------------------------------------------------------------*/

static Object *worker_run(Coroutine *self, Object *sent) {
    BEGIN(Worker);
    say("%s starts", local->name);
    TRY {
        TRY {
            AWAIT(asyncio_sleep(local->delay, NULL));
        }
        EXCEPT(CancelledError) {
            say("%s cancelled: %s", local->name, repr(RAISED));
            RERAISE;
        }
        END_TRY;
    }
    FINALLY {
        say("%s ends", local->name);
    }
    END_FINALLY;
    RETURN(new_ref(local->result));
    END;
}
CODE(worker, Worker, 1, 2);

Object *worker(const char *name, double delay, int result) {
    Object *value = result ? int_from_long(result) : new_ref(None), *coro = NULL;
    if (value) coro = coroutine_new(&worker_code, &(Worker){value, name, delay});
    xdecref(value);
    return coro;
}

static Object *failing_run(Coroutine *self, Object *sent) {
    BEGIN(Worker);
    AWAIT(asyncio_sleep(local->delay, NULL));
    say("%s fails", local->name);
    error_raise(&ValueError_Type, "%s", local->name);
    return NULL;
    END;
}
CODE(failing, Worker, 1, 0);

Object *failing(const char *name, double delay) {
    return coroutine_new(&failing_code, &(Worker){NULL, name, delay});
}

static Object *stubborn_run(Coroutine *self, Object *sent) {
    BEGIN(Worker);
    TRY {
        AWAIT(asyncio_sleep(local->delay, NULL));
    }
    EXCEPT(CancelledError) {
        say("%s does not mind", local->name);
    }
    END_TRY;
    AWAIT(asyncio_sleep(1, NULL));
    RETURN(int_from_long(7));
    END;
}
CODE(stubborn, Worker, 1, 1);

Object *stubborn(const char *name, double delay) {
    return coroutine_new(&stubborn_code, &(Worker){NULL, name, delay});
}

static Object *divide_run(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    error_raise(&ZeroDivisionError_Type, "division by zero");
    return NULL;
}
CODE(divide, Locals, 0, 0);

Object *divide(void) {
    return coroutine_new(&divide_code, &(Locals){0});
}

Object *cancel(Object *future, const char *text) {
    Object *msg = text ? str_from_format("%s", text) : NULL;
    if (text && !msg) return NULL;
    int cancelled = future_cancel(future, msg);
    xdecref(msg);
    return cancelled < 0 ? NULL : cancelled ? True : False;
}

/* Makes a member of a group that nobody looks at. */
static int join(Object *group, Object *coro) {
    Object *task = taskgroup_create_task(group, coro, NULL);
    xdecref(task);
    return task ? 0 : -1;
}

/* ---- gather, cancel ----------------------------------------------------------------------------*/

static Object *gather_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(GATHER(false, worker("a", 2, 1), worker("b", 1, 2), asyncio_sleep(0, None)));
    say("%s", repr(sent));
    TRY {
        AWAIT(GATHER(false, worker("a", 2, 0), failing("b", 1)));
    }
    EXCEPT(ValueError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    AWAIT(GATHER(true, failing("x", 1), worker("y", 2, 3)));
    say("%s", repr(sent));
    local->a = worker("twice", 1, 9);
    if (!local->a) return NULL;
    AWAIT(GATHER(false, new_ref(local->a), new_ref(local->a)));
    say("%s", repr(sent));
    AWAIT(asyncio_gather(NULL, 0, false));
    say("%s", repr(sent));
    local->b = GATHER(false, worker("g", 5, 0), worker("h", 6, 0));
    if (!local->b) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->b, "enough")) return NULL;
    TRY {
        AWAIT(new_ref(local->b));
    }
    EXCEPT(CancelledError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    END;
}

static Object *cancel_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = asyncio_create_task(worker("t", 5, 0)))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    Object *cancelled = cancel(local->a, "msg");
    if (!cancelled) return NULL;
    say("%s %d", repr(cancelled), task_cancelling(local->a));
    TRY {
        AWAIT(new_ref(local->a));
    }
    EXCEPT(CancelledError) {
        say("%s %s %s", repr(RAISED), YES_NO(future_cancelled(local->a)), repr(local->a));
    }
    END_TRY;
    if (!(local->b = asyncio_create_task(worker("early", 5, 0)))) return NULL;
    if (!cancel(local->b, NULL)) return NULL;
    TRY {
        AWAIT(new_ref(local->b));
    }
    EXCEPT(CancelledError) {
        say("never began: %s", repr(local->b));
    }
    END_TRY;
    if (!(local->c = asyncio_create_task(stubborn("c", 3)))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->c, NULL)) return NULL;
    say("%s", repr(local->c));
    AWAIT(new_ref(local->c));
    say("%s %d", repr(sent), task_uncancel(local->c));
    END;
}

/* ---- wait_for, timeout -------------------------------------------------------------------------*/

static Object *wait_for_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(asyncio_wait_for(worker("quick", 1, 1), 2));
    say("%s", repr(sent));
    TRY {
        AWAIT(asyncio_wait_for(worker("slow", 3, 0), 1));
    }
    EXCEPT(TimeoutError) {
        say("%s, its cause: %s", chain(RAISED), YES_NO(RAISED->cause));
    }
    END_TRY;
    TRY {
        AWAIT(asyncio_wait_for(worker("zero", 3, 0), 0));
    }
    EXCEPT(TimeoutError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    TRY {
        AWAIT(asyncio_wait_for(stubborn("s", 3), 1));
        say("%s", repr(sent));
    }
    EXCEPT(TimeoutError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    if (!(local->a = asyncio_create_task(asyncio_wait_for(worker("in", 5, 0), 9)))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->a, "out")) return NULL;
    TRY {
        AWAIT(new_ref(local->a));
    }
    EXCEPT(CancelledError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    END;
}

static Object *timeout_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = asyncio_timeout(1))) return NULL;
    TRY {
        ASYNC_WITH(local->a) {
            AWAIT(worker("body", 3, 0));
        }
        END_ASYNC_WITH(local->a);
    }
    EXCEPT(TimeoutError) {
        say("%s %s", chain(RAISED), YES_NO(timeout_expired(local->a)));
    }
    END_TRY;
    if (!(local->b = asyncio_timeout(5))) return NULL;
    ASYNC_WITH(local->b) {
        AWAIT(asyncio_sleep(1, NULL));
        if (timeout_reschedule(local->b, loop_time(loop_get_running()) + 9) < 0) return NULL;
        say("%.1f", timeout_when(local->b));
    }
    END_ASYNC_WITH(local->b);
    TRY {
        if (timeout_reschedule(local->b, 3) < 0) return NULL;
    }
    EXCEPT(RuntimeError) {
        say("%s", str(RAISED));
    }
    END_TRY;
    if (!(local->c = asyncio_timeout(2)) || !(local->d = asyncio_timeout(1))) return NULL;
    TRY {
        ASYNC_WITH(local->c) {
            TRY {
                ASYNC_WITH(local->d) {
                    AWAIT(asyncio_sleep(9, NULL));
                }
                END_ASYNC_WITH(local->d);
            }
            EXCEPT(TimeoutError) {
                say("inner %s", chain(RAISED));
            }
            END_TRY;
            AWAIT(asyncio_sleep(9, NULL));
        }
        END_ASYNC_WITH(local->c);
    }
    EXCEPT(TimeoutError) {
        say("outer %s", chain(RAISED));
    }
    END_TRY;
    END;
}

/* ---- shield ------------------------------------------------------------------------------------*/

static Object *shield_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = asyncio_create_task(worker("inner", 2, 5)))) return NULL;
    if (!(local->b = asyncio_shield(new_ref(local->a)))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->b, NULL)) return NULL;
    TRY {
        AWAIT(new_ref(local->b));
    }
    EXCEPT(CancelledError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    AWAIT(new_ref(local->a));
    say("%s", repr(sent));
    TRY {
        AWAIT(asyncio_shield(failing("s", 1)));
    }
    EXCEPT(ValueError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    END;
}

/* ---- TaskGroup ---------------------------------------------------------------------------------*/

static Object *grouping_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = taskgroup_new())) return NULL;
    ASYNC_WITH(local->a) {
        if (join(local->a, worker("q", 5, 0)) < 0) return NULL;
    }
    END_ASYNC_WITH(local->a);
    END;
}
CODE(grouping, Locals, LOCALS, 1);

static Object *group_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = taskgroup_new())) return NULL;
    ASYNC_WITH(local->a) {
        if (join(local->a, worker("a", 1, 1)) < 0 || join(local->a, worker("b", 2, 2)) < 0)
            return NULL;
        say("%s", repr(local->a));
    }
    END_ASYNC_WITH(local->a);
    say("%s", repr(local->a));
    if (!(local->d = worker("c", 1, 0))) return NULL;
    TRY {
        if (join(local->a, new_ref(local->d)) < 0) return NULL;
    }
    EXCEPT(RuntimeError) {
        say("%s", str(RAISED));
        coroutine_close(local->d);
    }
    END_TRY;
    if (!(local->b = taskgroup_new())) return NULL;
    TRY {
        ASYNC_WITH(local->b) {
            if (join(local->b, failing("x", 1)) < 0) return NULL;
            if (join(local->b, worker("y", 5, 0)) < 0) return NULL;
            AWAIT(worker("body", 9, 0));
        }
        END_ASYNC_WITH(local->b);
    }
    EXCEPT(ExceptionGroup) {
        say("%s: %s, %d", str(RAISED), chain(RAISED), task_cancelling(asyncio_current_task()));
    }
    END_TRY;
    if (!(local->c = taskgroup_new())) return NULL;
    TRY {
        ASYNC_WITH(local->c) {
            if (join(local->c, worker("z", 5, 0)) < 0) return NULL;
            AWAIT(asyncio_sleep(1, NULL));
            error_raise(&KeyError_Type, "k");
            return NULL;
        }
        END_ASYNC_WITH(local->c);
    }
    EXCEPT(ExceptionGroup) {
        say("%s: %s", str(RAISED), repr(RAISED));
    }
    END_TRY;
    clear_ref(local->d);
    if (!(local->d = asyncio_create_task(coroutine_new(&grouping_code, &(Locals){0})))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->d, "all of you")) return NULL;
    TRY {
        AWAIT(new_ref(local->d));
    }
    EXCEPT(CancelledError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    END;
}

/* ---- The table ---------------------------------------------------------------------------------*/

#define SCENE(name, blocks)                                                                        \
    {                                                                                              \
#name, {                                                                                   \
            "scene_" #name, name##_run, sizeof(Locals), LOCALS, blocks                             \
        }                                                                                          \
    }

const Scene scenes[] = {
    SCENE(object, 0),  SCENE(gather, 1),
    SCENE(cancel, 1),  SCENE(wait_for, 1),
    SCENE(timeout, 4), SCENE(shield, 1),
    SCENE(group, 2),   SCENE(errors, 2),
    SCENE(future, 0),  SCENE(locks, 1),
    SCENE(queue, 0),   SCENE(pending, 0),
    SCENE(exit, 0),    {0},
};

Object *scene_coroutine(const Scene *scene) {
    return coroutine_new(&scene->code, &(Locals){0});
}
