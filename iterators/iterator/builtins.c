/* builtins.c: enumerate, zip, map, filter: iterators that ask other iterators.
 *
 * None of them holds a value: each asks, changes the answer, and hands it on. So a chain of them
 * needs no memory, whatever its length, and nothing at all happens before somebody asks the last
 * one. CPython: Objects/enumobject.c, Python/bltinmodule.c.
 */
#include "iterator.h"

/* A tuple of iterators over these; NULL with an error. */
static Tuple *get_iters(Object *const *iterables, ssize_t count) {
    Tuple *iterators = tuple_new(count);
    for (ssize_t i = 0; iterators && i < count; i++) {
        iterators->items[i] = object_get_iter(iterables[i]);
        if (!iterators->items[i]) clear_ref(iterators);
    }
    return iterators;
}

/* A tuple of `count` None: the result tuple that enumerate and zip use again and again. */
static Tuple *tuple_of_none(ssize_t count) {
    Tuple *result = tuple_new(count);
    for (ssize_t i = 0; result && i < count; i++)
        result->items[i] = new_ref(None);
    return result;
}

/* The tuple to answer with: `result` again if nobody but the iterator still has it, else a new one.
 * A loop that unpacks each tuple and drops it never allocates a second. New reference. */
static Tuple *reuse(Tuple *result) {
    if (result->ob.refcnt == 1) return (Tuple *)new_ref(result);
    return tuple_of_none(result->size);
}

/* Puts a new reference in place of what the cell holds. */
static void replace(Object **cell, Object *item) {
    Object *old = *cell;
    *cell = item;
    decref(old);
}

/* ---- enumerate -------------------------------------------------------------------------------*/

/* CPython: Objects/enumobject.c, enumobject. */
typedef struct {
    Object ob;
    int64_t index;
    Object *iterator;
    Tuple *result;
} Enumerate;

static void enumerate_dealloc(Object *op) {
    Enumerate *self = (Enumerate *)op;
    xdecref(self->iterator);
    xdecref(self->result);
    free(self);
}

/* CPython: enum_next(). Simplified: from 2^63 - 1 on CPython counts in Python ints; here that is an
 * OverflowError. */
static Object *enumerate_next(Object *op) {
    Enumerate *self = (Enumerate *)op;
    Object *item = iter_ask(self->iterator);
    if (!item) return NULL;
    if (self->index == INT64_MAX) {
        decref(item);
        error_set(OverflowError, "Python int too large to convert to C ssize_t");
        return NULL;
    }
    Object *index = int_from_long(self->index);
    Tuple *result = index ? reuse(self->result) : NULL;
    if (!result) {
        xdecref(index);
        decref(item);
        return NULL;
    }
    self->index++;
    replace(&result->items[0], index);
    replace(&result->items[1], item);
    return OBJECT(result);
}

static const Type Enumerate_Type = {
    .name = "enumerate",
    .dealloc = enumerate_dealloc,
    .iter = object_self_iter,
    .iternext = enumerate_next,
};

Object *enumerate_new(Object *iterable, int64_t start) {
    Enumerate *self = object_new(&Enumerate_Type, sizeof *self);
    if (!self) return NULL;
    self->index = start;
    self->result = NULL;
    self->iterator = object_get_iter(iterable);
    if (self->iterator) self->result = tuple_of_none(2);
    if (!self->result) clear_ref(self);
    return OBJECT(self);
}

/* ---- zip -------------------------------------------------------------------------------------*/

/* CPython: Python/bltinmodule.c, zipobject. */
typedef struct {
    Object ob;
    Tuple *iterators;
    Tuple *result;
    bool strict;
} Zip;

static void zip_dealloc(Object *op) {
    Zip *self = (Zip *)op;
    xdecref(self->iterators);
    xdecref(self->result);
    free(self);
}

/* Iterator number i ended. If it is not the first, those before it have given a value in vain: they
 * were longer. If it is, each of the others must end now too. Always NULL. */
static Object *zip_check_strict(Zip *self, ssize_t i) {
    if (error_occurred() && !error_matches(StopIteration)) return NULL;
    error_clear();
    if (i > 0) {
        error_set(ValueError, "zip() argument %zd is shorter than argument%s%zd", i + 1,
                  i == 1 ? " " : "s 1-", i);
        return NULL;
    }
    for (i = 1; i < self->iterators->size; i++) {
        Object *item = iter_ask(self->iterators->items[i]);
        if (item) {
            decref(item);
            error_set(ValueError, "zip() argument %zd is longer than argument%s%zd", i + 1,
                      i == 1 ? " " : "s 1-", i);
            return NULL;
        }
        if (error_occurred() && !error_matches(StopIteration)) return NULL;
        error_clear();
    }
    return NULL;
}

/* CPython: zip_next(). */
static Object *zip_next(Object *op) {
    Zip *self = (Zip *)op;
    if (self->iterators->size == 0) return NULL;
    Tuple *result = reuse(self->result);
    if (!result) return NULL;
    for (ssize_t i = 0; i < self->iterators->size; i++) {
        Object *iterator = self->iterators->items[i];
        Object *item = iter_ask(iterator);
        if (!item) {
            decref(result);
            return self->strict ? zip_check_strict(self, i) : NULL;
        }
        replace(&result->items[i], item);
    }
    return OBJECT(result);
}

static const Type Zip_Type = {
    .name = "zip",
    .dealloc = zip_dealloc,
    .iter = object_self_iter,
    .iternext = zip_next,
};

Object *zip_new(Object *const *iterables, ssize_t count, bool strict) {
    Zip *self = object_new(&Zip_Type, sizeof *self);
    if (!self) return NULL;
    self->strict = strict;
    self->result = NULL;
    self->iterators = get_iters(iterables, count);
    if (self->iterators) self->result = tuple_of_none(count);
    if (!self->result) clear_ref(self);
    return OBJECT(self);
}

/* ---- map -------------------------------------------------------------------------------------*/

/* CPython: Python/bltinmodule.c, mapobject. */
typedef struct {
    Object ob;
    Object *function;
    Tuple *iterators;
} Map;

enum { MAP_FAST_ARGS = 5 }; // CPython: _PY_FASTCALL_SMALL_STACK: arguments that need no malloc

static void map_dealloc(Object *op) {
    Map *self = (Map *)op;
    xdecref(self->function);
    xdecref(self->iterators);
    free(self);
}

/* CPython: map_next(). It stops with the shortest iterator; what those before it gave is lost. */
static Object *map_next(Object *op) {
    Map *self = (Map *)op;
    Object *small[MAP_FAST_ARGS], **args = small, *result = NULL;
    ssize_t count = self->iterators->size, ready = 0;
    if (count > MAP_FAST_ARGS) {
        args = malloc((size_t)count * sizeof *args);
        if (!args) return error_no_memory();
    }
    for (; ready < count; ready++) {
        Object *iterator = self->iterators->items[ready];
        args[ready] = iter_ask(iterator);
        if (!args[ready]) break;
    }
    if (ready == count) result = object_call(self->function, args, count);
    while (ready > 0)
        decref(args[--ready]);
    if (args != small) free(args);
    return result;
}

static const Type Map_Type = {
    .name = "map",
    .dealloc = map_dealloc,
    .iter = object_self_iter,
    .iternext = map_next,
};

Object *map_new(Object *function, Object *const *iterables, ssize_t count) {
    if (count < 1) {
        error_set(TypeError, "map() must have at least two arguments.");
        return NULL;
    }
    Tuple *iterators = get_iters(iterables, count);
    Map *self = iterators ? object_new(&Map_Type, sizeof *self) : NULL;
    if (!self) {
        xdecref(iterators);
        return NULL;
    }
    self->function = new_ref(function);
    self->iterators = iterators;
    return OBJECT(self);
}

/* ---- filter ----------------------------------------------------------------------------------*/

/* CPython: Python/bltinmodule.c, filterobject. */
typedef struct {
    Object ob;
    Object *function;
    Object *iterator;
} Filter;

static void filter_dealloc(Object *op) {
    Filter *self = (Filter *)op;
    xdecref(self->function);
    xdecref(self->iterator);
    free(self);
}

/* Whether function(item) is true; whether the item is, if there is no function. */
static int is_good(Object *function, Object *item) {
    if (function == None) return object_is_true(item);
    Object *good = object_call(function, &item, 1);
    if (!good) return -1;
    int answer = object_is_true(good);
    decref(good);
    return answer;
}

/* CPython: filter_next(). */
static Object *filter_next(Object *op) {
    Filter *self = (Filter *)op;
    Object *item;
    while ((item = iter_ask(self->iterator))) {
        int good = is_good(self->function, item);
        if (good > 0) return item;
        decref(item);
        if (good < 0) return NULL;
    }
    return NULL;
}

static const Type Filter_Type = {
    .name = "filter",
    .dealloc = filter_dealloc,
    .iter = object_self_iter,
    .iternext = filter_next,
};

Object *filter_new(Object *function, Object *iterable) {
    Object *iterator = object_get_iter(iterable);
    Filter *self = iterator ? object_new(&Filter_Type, sizeof *self) : NULL;
    if (!self) {
        xdecref(iterator);
        return NULL;
    }
    self->function = new_ref(function);
    self->iterator = iterator;
    return OBJECT(self);
}
