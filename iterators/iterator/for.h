/* for.h: the `for` statement.
 *
 *     for x in iterable:           Object *x;
 *         body                     FOR(x, iterable) {
 *     else:                            body
 *         no_break                 } FOR_ELSE {
 *                                      no_break
 *                                  }
 *                                  if (error_occurred()) ...
 *
 * The invariant: while the statement runs, its iterator is owned by it and by nobody else, as
 * CPython keeps it on the value stack and not in a variable; it is given up on every way out, end,
 * `break`, `return` and error. `x` is borrowed from the loop until the next step.
 *
 * What CPython compiles it to: GET_ITER; then FOR_ITER, STORE_FAST, body, JUMP_BACKWARD, over and
 * over; when FOR_ITER finds the iterator exhausted it jumps to the `else` part, which a `break`
 * jumps over. CPython: Python/compile.c, compiler_for(); Python/ceval.c, GET_ITER, FOR_ITER.
 */
#ifndef FOR_H
#define FOR_H

#include "iterator.h"

typedef struct {
    Object *iterator; // NULL: object_get_iter() failed
    Object *value;    // what `x` is
    bool exhausted;   // this round is the else part
} ForLoop;

/* GET_ITER. An error stays pending and the loop does nothing. */
static inline ForLoop for_get_iter(Object *iterable) {
    return (ForLoop){.iterator = object_get_iter(iterable)};
}

/* FOR_ITER and STORE_FAST: true for a round of the body, and once more for the else part, unless an
 * error ended it. */
static inline bool for_iter(ForLoop *self, Object **target) {
    clear_ref(self->value);
    if (!self->iterator || self->exhausted) return false;
    self->value = *target = iter_next(self->iterator);
    self->exhausted = !self->value;
    return self->value || !error_occurred();
}

/* What popping the value stack does. */
static inline void for_end(ForLoop *self) {
    xdecref(self->value);
    xdecref(self->iterator);
}

// The line number in the loop's name lets one FOR stand inside another.
#define FOR(target, iterable)               FOR_ON_LINE(target, iterable, __LINE__)
#define FOR_ON_LINE(target, iterable, line) FOR_LOOP(target, iterable, line)
#define FOR_LOOP(target, iterable, line)                                                           \
    for (__attribute__((cleanup(for_end))) ForLoop for_##line = for_get_iter(OBJECT(iterable));    \
         for_iter(&for_##line, &(target));)                                                        \
        if (!for_##line.exhausted)
#define FOR_ELSE else

#endif
