/* whiteboard.c: the iterator protocol: one function in a table, and all else asks through it. Write
 * the table, then a source (range), then a filter that asks its source, then `for`. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Iter {
    bool (*next)(struct Iter *self, long *value); // false: exhausted, and for ever
    struct Iter *source;                          // whom it asks, owned; or NULL
} Iter;

static void iter_drop(Iter *self) {
    if (!self) return;
    iter_drop(self->source);
    free(self);
}

typedef struct {
    Iter base; // first, so that a Range * is an Iter *
    long at, stop, step;
} Range;

static bool range_next(Iter *it, long *value) {
    Range *self = (Range *)it;
    if (self->step > 0 ? self->at >= self->stop : self->at <= self->stop) return false;
    *value = self->at;
    self->at += self->step;
    return true;
}

static Iter *range(long start, long stop, long step) {
    Range *self = malloc(sizeof *self);
    if (self) *self = (Range){{range_next, NULL}, start, stop, step};
    return (Iter *)self;
}

static bool odd_next(Iter *self, long *value) { // lazy: it asks when it is asked
    while (self->source->next(self->source, value))
        if (*value % 2 != 0) return true;
    return false;
}

static Iter *odd(Iter *source) {
    Iter *self = source ? malloc(sizeof *self) : NULL;
    if (self) *self = (Iter){odd_next, source};
    return self;
}

#define FOR(x, it) for (long x; (it) && (it)->next(it, &(x));)

int main(void) {
    Iter *it = odd(range(10, 0, -1));
    long digits = 0, again = 0;
    FOR(x, it) digits = digits * 10 + x; // 9, 7, 5, 3, 1
    FOR(x, it) again++;                  // an iterator has one walk in it
    iter_drop(it);
    bool ok = digits == 97531 && again == 0;
    puts(ok ? "iterator whiteboard: ok" : "iterator whiteboard: WRONG");
    return !ok;
}
