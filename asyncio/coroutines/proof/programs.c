/* programs.c: tasks that do what a sequence of random numbers says; body() of twin.py is the same.
 *
 * Each task has a sequence of its own, whose seed comes from the one that made it: so what it does
 * depends on nobody's timing. Tasks are numbered, and each waits only for higher numbers: so nobody
 * waits for himself in a circle.
 */
#include "stage.h"

enum { KEPT = 64, EVENTS = 2, DEPTH = 3, CHILDREN = 3 };

static struct {
    int numbers;
    bool everything;
    Object *kept[KEPT]; // tasks and futures that anybody may cancel
    int kept_number[KEPT], nkept;
    Object *events[EVENTS], *semaphore, *queue;
} program;

/* splitmix64. */
static uint64_t draw_bits(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int draw(uint64_t *state, int limit) {
    return (int)(draw_bits(state) % (uint64_t)limit);
}

/* Keeps a task or future, stolen, for others to find: a reference of the caller's, or NULL. */
static Object *keep(int number, Object *future) {
    if (!future) return NULL;
    if (program.nkept < KEPT) {
        program.kept_number[program.nkept] = number;
        program.kept[program.nkept++] = new_ref(future);
    }
    return future;
}

/* One that is kept, borrowed, and has a higher number; or NULL. */
static Object *find(uint64_t *state, int number) {
    if (program.nkept == 0) return NULL;
    int i = draw(state, program.nkept);
    return program.kept_number[i] > number ? program.kept[i] : NULL;
}

/* ---- What is awaited ---------------------------------------------------------------------------*/

typedef struct {
    Object *value;
    double delay;
} Value;

static Object *given_run(Coroutine *self, Object *sent) {
    BEGIN(Value);
    RETURN(new_ref(local->value));
    END;
}

/* A coroutine that gives `value`, stolen. */
static Object *given(Object *value) {
    static const Code code = {"given", given_run, sizeof(Value), 1, 0};
    Object *coro = value ? coroutine_new(&code, &(Value){.value = value}) : NULL;
    xdecref(value);
    return coro;
}

typedef struct {
    Object *manager, *awaitable, *value;
    double delay;
} Limited;

static Object *limited_run(Coroutine *self, Object *sent) {
    BEGIN(Limited);
    local->manager = asyncio_timeout(local->delay);
    if (!local->manager) return NULL;
    ASYNC_WITH(local->manager) {
        AWAIT(new_ref(local->awaitable));
        local->value = new_ref(sent);
    }
    END_ASYNC_WITH(local->manager);
    RETURN(new_ref(local->value));
    END;
}

static Object *limited(Object *awaitable, double delay) {
    static const Code code = {"limited", limited_run, sizeof(Limited), 3, 1};
    if (!awaitable) return NULL;
    Object *coro = coroutine_new(&code, &(Limited){.awaitable = awaitable, .delay = delay});
    decref(awaitable);
    return coro;
}

typedef struct {
    Object *group, *members[CHILDREN];
    int count;
} Grouped;

static Object *grouped_run(Coroutine *self, Object *sent) {
    BEGIN(Grouped);
    local->group = taskgroup_new();
    if (!local->group) return NULL;
    ASYNC_WITH(local->group) {
        for (int i = 0; i < local->count; i++) {
            Object *task = taskgroup_create_task(local->group, new_ref(local->members[i]), NULL);
            if (!task) return NULL;
            decref(task);
        }
        AWAIT(asyncio_sleep(0.5, NULL));
    }
    END_ASYNC_WITH(local->group);
    END;
}

static Object *grouped(Object **members, int count) {
    static const Code code = {"grouped", grouped_run, sizeof(Grouped), 1 + CHILDREN, 1};
    Grouped grouped = {.count = count};
    bool all = true;
    for (int i = 0; i < count; i++)
        all &= (grouped.members[i] = members[i]) != NULL;
    Object *coro = all ? coroutine_new(&code, &grouped) : NULL;
    for (int i = 0; i < count; i++)
        xdecref(members[i]);
    return coro;
}

static Object *holding_run(Coroutine *self, Object *sent) {
    BEGIN(Value);
    ASYNC_WITH(program.semaphore) {
        AWAIT(asyncio_sleep(local->delay, NULL));
    }
    END_ASYNC_WITH(program.semaphore);
    END;
}

static Object *holding(double delay) {
    static const Code code = {"holding", holding_run, sizeof(Value), 1, 1};
    return coroutine_new(&code, &(Value){.delay = delay});
}

/* ---- The body of a task ------------------------------------------------------------------------*/

typedef struct {
    uint64_t random;
    int number, depth, steps, which;
    bool swallow;
} Body;

static Object *body(uint64_t seed, int number, int depth);

static Object *new_child(Body *self) {
    uint64_t seed = draw_bits(&self->random);
    return body(seed, ++program.numbers, self->depth + 1);
}

/* gather() of new ones, kept; or of new ones and one that there is. */
static Object *gather(Body *self, bool kept) {
    int number = kept ? ++program.numbers : 0, count = draw(&self->random, CHILDREN) + 1;
    bool return_exceptions = draw(&self->random, 2);
    Object *args[CHILDREN + 1];
    for (int i = 0; i < count; i++)
        args[i] = new_child(self);
    Object *other = kept ? NULL : find(&self->random, self->number);
    if (other) args[count++] = new_ref(other);
    Object *outer = asyncio_gather(args, count, return_exceptions);
    return kept ? keep(number, outer) : outer;
}

static Object *shield(Body *self) {
    Object *other = draw(&self->random, 2) ? find(&self->random, self->number) : NULL;
    if (other) return asyncio_shield(new_ref(other));
    int number = program.numbers + 1;
    Object *inner = keep(number, asyncio_create_task(new_child(self)));
    return asyncio_shield(inner);
}

/* What is not the same in all versions of Python. */
static Object *versioned(Body *self) {
    int which = draw(&self->random, 6);
    double delay = draw(&self->random, 5) / 2.0;
    if (which == 0) return asyncio_wait_for(new_child(self), delay);
    if (which == 1) return limited(new_child(self), delay);
    if (which == 2) return holding(delay);
    if (which == 3) return queue_get(program.queue);
    if (which == 4) {
        Object *item = int_from_long(self->number), *coro = NULL;
        if (item) coro = queue_put(program.queue, item);
        xdecref(item);
        return coro;
    }
    int count = draw(&self->random, CHILDREN) + 1;
    Object *members[CHILDREN];
    for (int i = 0; i < count; i++)
        members[i] = new_child(self);
    return grouped(members, count);
}

static Object *cancel(Body *self) {
    if (program.nkept == 0) return given(new_ref(None));
    Object *future = program.kept[draw(&self->random, program.nkept)], *msg = NULL;
    if (draw(&self->random, 2) && !(msg = str_from_format("by %d", self->number))) return NULL;
    int cancelled = future_cancel(future, msg);
    xdecref(msg);
    return cancelled < 0 ? NULL : given(new_ref(cancelled ? True : False));
}

/* What the next step awaits: a new reference; NULL with the error that the step raises. */
static Object *operation(Body *self) {
    int which = self->which, event = draw(&self->random, EVENTS);
    if (which < 4) {
        Object *value = int_from_long(self->number), *coro = NULL;
        double delay = draw(&self->random, 5) / 2.0;
        if (value) coro = asyncio_sleep(delay, value);
        xdecref(value);
        return coro;
    }
    if (which == 4) return cancel(self);
    if (which == 5) return event_wait(program.events[event]);
    if (which == 6) return event_set(program.events[event]) < 0 ? NULL : given(new_ref(None));
    if (which == 7) return event_clear(program.events[event]), given(new_ref(None));
    if (which == 8) return error_raise(&ValueError_Type, "%d", self->number), NULL;
    if (which == 9) {
        Object *other = find(&self->random, self->number);
        return other ? new_ref(other) : given(new_ref(None));
    }
    if (self->depth == DEPTH) return asyncio_sleep(0, NULL);
    if (which == 10) {
        int number = program.numbers + 1;
        Object *task = keep(number, asyncio_create_task(new_child(self)));
        xdecref(task);
        return task ? given(int_from_long(number)) : NULL;
    }
    if (which == 11) return gather(self, false);
    if (which == 12) {
        Object *outer = gather(self, true);
        xdecref(outer);
        return outer ? given(new_ref(None)) : NULL;
    }
    if (which == 13) return shield(self);
    return program.everything ? versioned(self) : new_child(self);
}

static void failed(const Body *self, const Exception *exc) {
    say("%d: %d failed, %s", self->number, self->which, chain(exc));
}

static Object *body_run(Coroutine *self, Object *sent) {
    BEGIN(Body);
    say("%d begins", local->number);
    TRY {
        for (local->steps = draw(&local->random, 6); local->steps > 0; local->steps--) {
            local->which = draw(&local->random, 16);
            local->swallow = draw(&local->random, 2);
            TRY {
                AWAIT(operation(local));
                say("%d: %d gave %s", local->number, local->which, repr(sent));
            }
            EXCEPT(CancelledError) {
                failed(local, frame_exception(self));
                if (!local->swallow) RERAISE;
            }
            EXCEPT(Exception) {
                failed(local, frame_exception(self));
                if (!local->swallow) RERAISE;
            }
            END_TRY;
        }
    }
    FINALLY {
        say("%d ends", local->number);
    }
    END_FINALLY;
    RETURN(int_from_long(local->number));
    END;
}

static Object *body(uint64_t seed, int number, int depth) {
    static const Code code = {"body", body_run, sizeof(Body), 0, 2};
    return coroutine_new(&code, &(Body){.random = seed, .number = number, .depth = depth});
}

static void tidy(void) {
    while (program.nkept > 0)
        decref(program.kept[--program.nkept]);
}

int program_play(uint64_t seed, bool everything) {
    char name[40];
    int status = -1;
    snprintf(name, sizeof name, "program %llu", (unsigned long long)seed);
    program.numbers = 0;
    program.everything = everything;
    bool made = (program.semaphore = semaphore_new(2)) && (program.queue = queue_new(1));
    for (int i = 0; made && i < EVENTS; i++)
        made = (program.events[i] = event_new()) != NULL;
    if (made) status = play(name, body(seed, 0, 0), tidy);
    error_clear();
    for (int i = 0; i < EVENTS; i++)
        clear_ref(program.events[i]);
    clear_ref(program.semaphore);
    clear_ref(program.queue);
    return status;
}
