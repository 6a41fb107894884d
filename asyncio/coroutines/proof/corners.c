/* corners.c: the scenes of one object, of mistakes and of the end; twin.py has the same functions. */
#include "scenes.h"

/* ---- A coroutine by itself ---------------------------------------------------------------------*/

static Object *deaf_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    TRY {
        YIELD_NONE;
    }
    EXCEPT(GeneratorExit) {
        YIELD_NONE;
    }
    END_TRY;
    END;
}
CODE(deaf, Locals, 0, 1);

static Object *outer_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(new_ref(local->a));
    END;
}
CODE(outer, Locals, 1, 0);

static void show_outcome(const char *what, Object *result) {
    Exception *exc = result ? NULL : exception_fetch();
    say("%s: %s", what, repr(result ? result : OBJECT(exc)));
    xdecref(result);
    xdecref(exc);
}

static Object *closed(Object *coro) {
    return coroutine_close(coro) < 0 ? NULL : new_ref(None);
}

Object *object_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_sleep(0, NULL);
    local->b = coroutine_new(&outer_code, local);
    local->c = coroutine_new(&deaf_code, &(Locals){0});
    local->d = OBJECT(exception_new(&ValueError_Type, "thrown"));
    if (!local->a || !local->b || !local->c || !local->d) return NULL;
    say("%s %s", coroutine_state(local->b), YES_NO(coroutine_cr_await(local->b) == local->a));
    show_outcome("send 1", coroutine_send(local->b, True));
    show_outcome("send None", coroutine_send(local->b, None));
    say("%s %s", coroutine_state(local->b), YES_NO(coroutine_cr_await(local->b) == local->a));
    show_outcome("throw", coroutine_throw(local->b, (Exception *)local->d));
    say("%s %s", coroutine_state(local->b), coroutine_state(local->a));
    show_outcome("again", coroutine_send(local->b, None));
    show_outcome("close", closed(local->b));
    show_outcome("send", coroutine_send(local->c, None));
    show_outcome("close", closed(local->c));
    show_outcome("close", closed(local->c));
    show_outcome("self", coroutine_send(OBJECT(self), None));
    Object *coro = divide();
    xdecref(coro);
    END;
}

/* ---- Errors ------------------------------------------------------------------------------------*/

static Object *selfish_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(new_ref(asyncio_current_task()));
    END;
}
CODE(selfish, Locals, 0, 0);

static Object *stop_run(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    exception_raise(exception_new(&StopIteration_Type, "3"));
    return NULL;
}
CODE(stop, Locals, 0, 0);

Object *errors_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = divide())) return NULL;
    TRY {
        AWAIT(new_ref(local->a));
    }
    EXCEPT(ZeroDivisionError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    TRY {
        AWAIT(new_ref(local->a));
    }
    EXCEPT(RuntimeError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    TRY {
        AWAIT(int_from_long(3));
    }
    EXCEPT(TypeError) {
        say("%s", str(RAISED));
    }
    END_TRY;
    TRY {
        AWAIT(asyncio_create_task(coroutine_new(&selfish_code, &(Locals){0})));
    }
    EXCEPT(RuntimeError) {
        say("%.26s", str(RAISED));
    }
    END_TRY;
    TRY {
        AWAIT(coroutine_new(&stop_code, &(Locals){0}));
    }
    EXCEPT(RuntimeError) {
        say("%s, its cause: %s", chain(RAISED), YES_NO(RAISED->cause));
    }
    END_TRY;
    TRY {
        TRY {
            AWAIT(divide());
        }
        EXCEPT(ZeroDivisionError) {
            AWAIT(failing("handler", 1));
        }
        END_TRY;
    }
    EXCEPT(ValueError) {
        say("%s", chain(RAISED));
    }
    END_TRY;
    if (asyncio_spawn(loop_get_running(), divide()) < 0) return NULL;
    if (asyncio_spawn(loop_get_running(), worker("left", 9, 0)) < 0) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    END;
}

static Object *referred(Object *op) {
    return op ? new_ref(op) : NULL;
}

static Object *nothing(int status) {
    return status < 0 ? NULL : new_ref(None);
}

Object *future_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->d = OBJECT(exception_new(&OSError_Type, "lost"));
    local->a = future_new(NULL);
    local->b = future_new(NULL);
    local->c = future_new(NULL);
    if (!local->a || !local->b || !local->c || !local->d) return NULL;
    show_outcome("result", future_result(local->a));
    show_outcome("set", nothing(future_set_result(local->a, True)));
    show_outcome("again", nothing(future_set_result(local->a, None)));
    show_outcome("cancel", referred(cancel(local->a, NULL)));
    show_outcome("exception", future_exception(local->a));
    show_outcome("cancel", referred(cancel(local->b, "m")));
    show_outcome("cancel", referred(cancel(local->b, "n")));
    show_outcome("result", future_result(local->b));
    show_outcome("exception", future_exception(local->b));
    show_outcome("fail", nothing(future_set_exception(local->c, (Exception *)local->d)));
    say("%s %s %s", repr(local->a), repr(local->b), repr(local->c));
    END;
}

/* ---- Event, Semaphore, Queue -------------------------------------------------------------------*/

typedef struct {
    Object *lock;
    int64_t number;
} User;

static Object *waiter_run(Coroutine *self, Object *sent) {
    BEGIN(User);
    AWAIT(event_wait(local->lock));
    say("%d %s", (int)local->number, repr(sent));
    END;
}
CODE(waiter, User, 1, 0);

static Object *user_run(Coroutine *self, Object *sent) {
    BEGIN(User);
    ASYNC_WITH(local->lock) {
        say("%d is in", (int)local->number);
        AWAIT(asyncio_sleep(1, NULL));
    }
    END_ASYNC_WITH(local->lock);
    END;
}
CODE(user, User, 1, 1);

static Object *producer_run(Coroutine *self, Object *sent) {
    BEGIN(User);
    for (local->number = 0; local->number < 5; local->number++) {
        Object *item = int_from_long(local->number),
               *put = item ? queue_put(local->lock, item) : NULL;
        xdecref(item);
        AWAIT(put);
        say("put %d", (int)local->number);
    }
    END;
}
CODE(producer, User, 1, 0);

static Object *consumer_run(Coroutine *self, Object *sent) {
    BEGIN(User);
    for (;;) {
        AWAIT(queue_get(local->lock));
        say("got %s", repr(sent));
        AWAIT(asyncio_sleep(1, NULL));
        if (queue_task_done(local->lock) < 0) return NULL;
    }
    END;
}
CODE(consumer, User, 1, 0);

static Object *task_of(const Code *code, Object *lock, int number) {
    return asyncio_create_task(coroutine_new(code, &(User){lock, number}));
}

Object *locks_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = event_new()) || !(local->b = task_of(&waiter_code, local->a, 0))) return NULL;
    if (!(local->c = task_of(&waiter_code, local->a, 1))) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    if (!cancel(local->b, NULL) || event_set(local->a) < 0) return NULL;
    AWAIT(new_ref(local->c));
    clear_ref(local->b);
    clear_ref(local->c);
    if (!(local->b = semaphore_new(2)) || !(local->c = task_of(&user_code, local->b, 0)))
        return NULL;
    AWAIT(GATHER(true, task_of(&user_code, local->b, 1), task_of(&user_code, local->b, 2),
                 task_of(&user_code, local->b, 3)));
    say("%s %s", repr(sent), YES_NO(semaphore_locked(local->b)));
    if (!(local->d = bounded_semaphore_new(1))) return NULL;
    TRY {
        if (semaphore_release(local->d) < 0) return NULL;
    }
    EXCEPT(ValueError) {
        say("%s", str(RAISED));
    }
    END_TRY;
    END;
}

Object *queue_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    if (!(local->a = queue_new(2)) || !(local->b = task_of(&consumer_code, local->a, 0)))
        return NULL;
    AWAIT(coroutine_new(&producer_code, &(User){local->a, 0}));
    say("%s", repr(local->a));
    AWAIT(queue_join(local->a));
    show_outcome("get", queue_get_nowait(local->a));
    show_outcome("done", nothing(queue_task_done(local->a)));
    END;
}

/* ---- The end -----------------------------------------------------------------------------------*/

/* Whoever tells it to go has to do so twice. */
static Object *forever_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    TRY {
        TRY {
            AWAIT(future_new(NULL));
        }
        EXCEPT(CancelledError) {
            AWAIT(future_new(NULL));
        }
        END_TRY;
    }
    FINALLY {
        say("closed");
    }
    END_FINALLY;
    END;
}
CODE(forever, Locals, 0, 2);

Object *pending_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_create_task(coroutine_new(&forever_code, &(Locals){0}));
    if (!local->a) return NULL;
    AWAIT(asyncio_sleep(1, NULL));
    END;
}

static Object *leaving_run(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    error_raise(&SystemExit_Type, "bye");
    return NULL;
}
CODE(leaving, Locals, 0, 0);

Object *exit_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_create_task(coroutine_new(&leaving_code, &(Locals){0}));
    local->b = asyncio_create_task(worker("unasked", 1, 0));
    if (!local->a || !local->b) return NULL;
    AWAIT(worker("main", 1, 0));
    END;
}
