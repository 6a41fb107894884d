/* itertools.c: islice, chain, count, takewhile: iterators that decide when to ask.
 * CPython: Modules/itertoolsmodule.c. */
#include "iterator.h"

#include <inttypes.h>

/* ---- islice ----------------------------------------------------------------------------------*/

/* CPython: Modules/itertoolsmodule.c, isliceobject. */
typedef struct {
    Object ob;
    Object *iterator; // NULL when exhausted
    int64_t next;     // the index of the next item to give
    int64_t stop;     // or -1
    int64_t step;
    int64_t count; // items taken so far
} Islice;

static void islice_dealloc(Object *op) {
    xdecref(((Islice *)op)->iterator);
    free(op);
}

/* Items up to `next` are taken and dropped, also those up to a `stop` that no step lands on: after
 * islice(it, 0, 5, 3) five items are gone. Then the one that is given; NULL: the end, or an
 * error. */
static Object *islice_take(Islice *self, Object *iterator) {
    Object *item;
    for (; self->count < self->next; self->count++) {
        item = iter_ask(iterator);
        if (!item) return NULL;
        decref(item);
    }
    if (self->stop != -1 && self->count >= self->stop) return NULL;
    return iter_ask(iterator);
}

/* The iterator is held, since what runs in it may ask this islice to the end. CPython, which holds
 * no reference, then reads freed memory; chain does, too. CPython: islice_next(). */
static Object *islice_next(Object *op) {
    Islice *self = (Islice *)op;
    if (!self->iterator) return NULL;
    Object *iterator = new_ref(self->iterator), *item = islice_take(self, iterator);
    decref(iterator);
    if (!item) {
        clear_ref(self->iterator);
        return NULL;
    }
    self->count++;
    // Clamped to stop, so that the sum cannot overflow and the last skipping ends there.
    // Simplified: without a stop CPython's sum does overflow, and islice(range(10), 2, None,
    // sys.maxsize) is 2, 3.
    int64_t limit = self->stop == -1 ? INT64_MAX : self->stop;
    self->next = self->step > limit - self->next ? limit : self->next + self->step;
    return item;
}

static const Type Islice_Type = {
    .name = "itertools.islice",
    .dealloc = islice_dealloc,
    .iter = object_self_iter,
    .iternext = islice_next,
};

Object *islice_new(Object *iterable, int64_t start, int64_t stop, int64_t step) {
    if (start < 0 || stop < -1) {
        error_set(ValueError, "Indices for islice() must be None or an integer: "
                              "0 <= x <= sys.maxsize.");
        return NULL;
    }
    if (step < 1) {
        error_set(ValueError, "Step for islice() must be a positive integer or None.");
        return NULL;
    }
    Object *iterator = object_get_iter(iterable);
    Islice *self = iterator ? object_new(&Islice_Type, sizeof *self) : NULL;
    if (!self) {
        xdecref(iterator);
        return NULL;
    }
    self->iterator = iterator;
    self->next = start;
    self->stop = stop;
    self->step = step;
    self->count = 0;
    return OBJECT(self);
}

/* ---- chain -----------------------------------------------------------------------------------*/

/* CPython: Modules/itertoolsmodule.c, chainobject. */
typedef struct {
    Object ob;
    Object *source; // an iterator over iterables; NULL when exhausted
    Object *active; // an iterator over one of them, or NULL
} Chain;

static void chain_dealloc(Object *op) {
    Chain *self = (Chain *)op;
    xdecref(self->active);
    xdecref(self->source);
    free(self);
}

/* The iterator is held while it runs, for the same reason. */
static Object *ask(Object *iterator) {
    incref(iterator);
    Object *item = iter_ask(iterator);
    decref(iterator);
    return item;
}

/* Opens the next iterable; false when there is none, or it is no iterable: an end in both cases. */
static bool chain_open(Chain *self) {
    Object *iterable = ask(self->source);
    if (!iterable && error_matches(StopIteration)) error_clear();
    Object *opened = iterable ? object_get_iter(iterable) : NULL;
    xdecref(iterable);
    if (!opened) {
        clear_ref(self->source);
        return false;
    }
    clear_ref(self->active); // what a question in between has opened; CPython loses the reference
    self->active = opened;
    return true;
}

/* CPython: chain_next(). */
static Object *chain_next(Object *op) {
    Chain *self = (Chain *)op;
    while (self->source) {
        if (!self->active && !chain_open(self)) return NULL;
        Object *item = ask(self->active);
        if (item) return item;
        if (error_occurred() && !error_matches(StopIteration)) return NULL;
        error_clear();
        clear_ref(self->active);
    }
    return NULL;
}

static const Type Chain_Type = {
    .name = "itertools.chain",
    .dealloc = chain_dealloc,
    .iter = object_self_iter,
    .iternext = chain_next,
};

Object *chain_from_iterable(Object *iterable) {
    Object *source = object_get_iter(iterable);
    Chain *self = source ? object_new(&Chain_Type, sizeof *self) : NULL;
    if (!self) {
        xdecref(source);
        return NULL;
    }
    self->source = source;
    self->active = NULL;
    return OBJECT(self);
}

/* ---- count -----------------------------------------------------------------------------------*/

/* CPython: Modules/itertoolsmodule.c, countobject. */
typedef struct {
    Object ob;
    int64_t count, step;
    bool overflowed; // count would be past the end of 64 bits
} Count;

static void count_dealloc(Object *op) {
    free(op);
}

/* Simplified: past 64 bits CPython goes on in Python ints; here that is an OverflowError, and stays
 * one. CPython: count_next(). */
static Object *count_next(Object *op) {
    Count *self = (Count *)op;
    if (self->overflowed) {
        error_set(OverflowError, "Python int too large to convert to C long");
        return NULL;
    }
    Object *result = int_from_long(self->count);
    if (result) {
        self->overflowed = self->step > 0 ? self->count > INT64_MAX - self->step
                                          : self->count < INT64_MIN - self->step;
        if (!self->overflowed) self->count += self->step;
    }
    return result;
}

static int count_repr(Object *op, Writer *out) {
    const Count *self = (Count *)op;
    char text[64];
    int size = snprintf(text, sizeof text, "count(%" PRId64, self->count);
    if (self->step != 1) {
        snprintf(text + size, sizeof text - (size_t)size, ", %" PRId64, self->step);
    }
    writer_puts(out, text);
    return writer_puts(out, ")");
}

static const Type Count_Type = {
    .name = "itertools.count",
    .dealloc = count_dealloc,
    .repr = count_repr,
    .iter = object_self_iter,
    .iternext = count_next,
};

Object *count_new(int64_t start, int64_t step) {
    Count *self = object_new(&Count_Type, sizeof *self);
    if (!self) return NULL;
    self->count = start;
    self->step = step;
    self->overflowed = false;
    return OBJECT(self);
}

/* ---- takewhile -------------------------------------------------------------------------------*/

/* CPython: Modules/itertoolsmodule.c, takewhileobject. */
typedef struct {
    Object ob;
    Object *predicate;
    Object *iterator;
    bool stopped;
} Takewhile;

static void takewhile_dealloc(Object *op) {
    Takewhile *self = (Takewhile *)op;
    xdecref(self->predicate);
    xdecref(self->iterator);
    free(self);
}

/* The first item that fails is taken from the iterator and gone. CPython: takewhile_next(). */
static Object *takewhile_next(Object *op) {
    Takewhile *self = (Takewhile *)op;
    if (self->stopped) return NULL;
    Object *item = iter_ask(self->iterator);
    if (!item) return NULL;
    Object *good = object_call(self->predicate, &item, 1);
    int answer = good ? object_is_true(good) : -1;
    xdecref(good);
    if (answer == 1) return item;
    decref(item);
    if (answer == 0) self->stopped = true;
    return NULL;
}

static const Type Takewhile_Type = {
    .name = "itertools.takewhile",
    .dealloc = takewhile_dealloc,
    .iter = object_self_iter,
    .iternext = takewhile_next,
};

Object *takewhile_new(Object *predicate, Object *iterable) {
    Object *iterator = object_get_iter(iterable);
    Takewhile *self = iterator ? object_new(&Takewhile_Type, sizeof *self) : NULL;
    if (!self) {
        xdecref(iterator);
        return NULL;
    }
    self->predicate = new_ref(predicate);
    self->iterator = iterator;
    self->stopped = false;
    return OBJECT(self);
}
