/* queues.c: CPython: Lib/asyncio/queues.py, Queue. */
#include "queues.h"

#include "coroutine.h"
#include "deque.h"
#include "locks.h"

typedef struct {
    Object ob;
    ssize_t maxsize, unfinished_tasks;
    Deque items, getters, putters;
    Object *finished; // an Event
} Queue;

ssize_t queue_qsize(const Object *self) {
    return (ssize_t)((const Queue *)self)->items.size;
}

bool queue_empty(const Object *self) {
    return queue_qsize(self) == 0;
}

bool queue_full(const Object *self) {
    ssize_t maxsize = ((const Queue *)self)->maxsize;
    return maxsize > 0 && queue_qsize(self) >= maxsize;
}

/* Wakes the first who is not cancelled; who cannot be, for want of memory, stays first. CPython:
 * _wakeup_next(). */
static int wakeup_next(Deque *waiters) {
    while (waiters->size) {
        Object *waiter = new_ref(deque_get(waiters, 0));
        bool done = future_done(waiter);
        int status = done ? 0 : future_set_result(waiter, None);
        if (status == 0) deque_remove(waiters, waiter);
        decref(waiter);
        if (!done) return status;
    }
    return 0;
}

int queue_put_nowait(Object *op, Object *item) {
    Queue *self = (Queue *)op;
    if (queue_full(op)) return error_raise_none(&QueueFull_Type);
    if (deque_append(&self->items, item) < 0) return -1;
    if (wakeup_next(&self->getters) < 0) {
        self->items.size--; // the last one
        decref(item);
        return -1;
    }
    self->unfinished_tasks++;
    event_clear(self->finished);
    return 0;
}

/* Waking comes first: if there is no memory for that, the item stays. */
Object *queue_get_nowait(Object *op) {
    Queue *self = (Queue *)op;
    if (queue_empty(op)) {
        error_raise_none(&QueueEmpty_Type);
        return NULL;
    }
    if (wakeup_next(&self->putters) < 0) return NULL;
    return deque_popleft(&self->items);
}

int queue_task_done(Object *op) {
    Queue *self = (Queue *)op;
    if (self->unfinished_tasks <= 0) {
        return error_raise(&ValueError_Type, "task_done() called too many times");
    }
    if (self->unfinished_tasks == 1 && event_set(self->finished) < 0) return -1;
    self->unfinished_tasks--;
    return 0;
}

/* ---- Waiting ---------------------------------------------------------------------------------*/

typedef struct {
    Object *queue, *item, *waiter;
} Wait;

/* The waiter joins the line; -1 with MemoryError. */
static int wait_in(Deque *waiters, Wait *local) {
    clear_ref(local->waiter);
    local->waiter = future_new(NULL);
    return local->waiter ? deque_append(waiters, local->waiter) : -1;
}

/* Whoever was woken, and cannot take the call, wakes the next. CPython: the except of put(), get(). */
static int give_up(Deque *waiters, Object *waiter, bool possible) {
    if (future_cancel(waiter, NULL) < 0) error_clear(); // it has no callbacks any more
    deque_remove(waiters, waiter);
    if (possible && !future_cancelled(waiter)) return wakeup_next(waiters);
    return 0;
}

static Object *put_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    while (queue_full(local->queue)) {
        if (wait_in(&((Queue *)local->queue)->putters, local) < 0) return NULL;
        TRY {
            AWAIT(new_ref(local->waiter));
        }
        EXCEPT(BaseException) {
            Deque *putters = &((Queue *)local->queue)->putters;
            if (give_up(putters, local->waiter, !queue_full(local->queue)) < 0) return NULL;
            RERAISE;
        }
        END_TRY;
    }
    if (queue_put_nowait(local->queue, local->item) < 0) return NULL;
    END;
}

static Object *get_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    while (queue_empty(local->queue)) {
        if (wait_in(&((Queue *)local->queue)->getters, local) < 0) return NULL;
        TRY {
            AWAIT(new_ref(local->waiter));
        }
        EXCEPT(BaseException) {
            Deque *getters = &((Queue *)local->queue)->getters;
            if (give_up(getters, local->waiter, !queue_empty(local->queue)) < 0) return NULL;
            RERAISE;
        }
        END_TRY;
    }
    RETURN(queue_get_nowait(local->queue));
    END;
}

static Object *join_run(Coroutine *self, Object *sent) {
    BEGIN(Wait);
    if (((Queue *)local->queue)->unfinished_tasks > 0) {
        AWAIT(event_wait(((Queue *)local->queue)->finished));
    }
    END;
}

Object *queue_put(Object *self, Object *item) {
    static const Code code = {"Queue.put", put_run, sizeof(Wait), 3, 1};
    return coroutine_new(&code, &(Wait){.queue = self, .item = item});
}

Object *queue_get(Object *self) {
    static const Code code = {"Queue.get", get_run, sizeof(Wait), 3, 1};
    return coroutine_new(&code, &(Wait){.queue = self});
}

Object *queue_join(Object *self) {
    static const Code code = {"Queue.join", join_run, sizeof(Wait), 3, 0};
    return coroutine_new(&code, &(Wait){.queue = self});
}

/* ---- Birth and death -------------------------------------------------------------------------*/

static void queue_dealloc(Object *op) {
    Queue *self = (Queue *)op;
    deque_clear(&self->items);
    deque_clear(&self->getters);
    deque_clear(&self->putters);
    xdecref(self->finished);
    free(self);
}

/* CPython: Queue.__str__(), _format(). */
static void queue_repr(const Object *op, FILE *out) {
    const Queue *self = (const Queue *)op;
    fprintf(out, "<Queue maxsize=%zd", self->maxsize);
    for (size_t i = 0; i < self->items.size; i++) {
        fputs(i ? ", " : " _queue=[", out);
        object_write_repr(deque_get(&self->items, i), out);
    }
    if (self->items.size) fputc(']', out);
    if (self->getters.size) fprintf(out, " _getters[%zu]", self->getters.size);
    if (self->putters.size) fprintf(out, " _putters[%zu]", self->putters.size);
    if (self->unfinished_tasks) fprintf(out, " tasks=%zd", self->unfinished_tasks);
    fputc('>', out);
}

static const Type Queue_Type = {.name = "Queue", .dealloc = queue_dealloc, .repr = queue_repr};

Object *queue_new(ssize_t maxsize) {
    Queue *self = object_new(&Queue_Type, sizeof *self);
    if (!self) return NULL;
    self->maxsize = maxsize;
    self->finished = event_new();
    if (!self->finished || event_set(self->finished) < 0) clear_ref(self);
    return OBJECT(self);
}
