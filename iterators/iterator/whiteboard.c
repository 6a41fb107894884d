/* whiteboard.c: the iterator protocol: one function in a table, and all else asks through it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Iter {
    bool (*next)(struct Iter *self, long *value); // false: exhausted, and for ever
    struct Iter *source;                          // whom it asks, owned; or NULL
} Iter;

typedef struct {
    Iter base; // first, so that a Range * is an Iter *
    long at, stop, step;
} Range;

// Releases an iterator and, down the chain, whom it asks.
static void iter_drop(Iter *self) {
    if (!self) return;
    iter_drop(self->source);
    free(self);
}

// The next number of a range, up or down; false at its end.
static bool range_next(Iter *it, long *value) {
    Range *self = (Range *)it;
    if (self->step > 0 ? self->at >= self->stop : self->at <= self->stop) return false;
    *value = self->at;
    self->at += self->step;
    return true;
}

// A new iterator over range(start, stop, step), or NULL.
static Iter *range(long start, long stop, long step) {
    Range *self = malloc(sizeof *self);
    if (self) *self = (Range){{range_next, NULL}, start, stop, step};
    return (Iter *)self;
}

// The next odd number of the source; it asks when it is asked, and no further than it must.
static bool odd_next(Iter *self, long *value) {
    while (self->source->next(self->source, value))
        if (*value % 2 != 0) return true;
    return false;
}

// A new iterator over the odd numbers of source, which it owns from now on; NULL if source is.
static Iter *odd(Iter *source) {
    Iter *self = source ? malloc(sizeof *self) : NULL;
    if (self) *self = (Iter){odd_next, source};
    return self;
}

#define FOR(x, it) for (long x; (it) && (it)->next(it, &(x));)

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static int asked; // questions to the probe

static bool probe_next(Iter *self, long *value) {
    (void)self;
    *value = ++asked;
    return asked <= 10;
}

int main(void) {
    Iter *it = range(0, 5, 2);
    long digits = 0, again = 0, x;
    FOR(n, it) digits = digits * 10 + n;
    check("range(0, 5, 2) is 0, 2, 4", digits, 24);
    FOR(n, it) again++;
    check("walked again it has nothing more", again, 0);
    iter_drop(it);
    it = range(3, 0, -1), digits = 0;
    FOR(n, it) digits = digits * 10 + n;
    check("range(3, 0, -1) is 3, 2, 1", digits, 321);
    iter_drop(it);
    it = range(2, 2, 1);
    check("range(2, 2) is exhausted at once", it && it->next(it, &x), false);
    iter_drop(it);
    it = odd(range(10, -4, -1)), digits = 0;
    FOR(n, it) digits = digits * 10 + n;
    check("its odd numbers: 9 7 5 3 1 -1 -3", digits, 9753087);
    check("and then nothing, however often it is asked", it && it->next(it, &x), false);
    iter_drop(it);
    Iter *probe = malloc(sizeof *probe);
    if (!probe) return 1;
    *probe = (Iter){probe_next, NULL};
    it = odd(probe);
    check("a filter made asks nothing", asked, 0);
    it->next(it, &x);
    check("asked for 1 it asks once", asked, 1);
    it->next(it, &x);
    check("asked for 3 it asks twice more", asked, 3);
    check("and has found it", x, 3);
    iter_drop(it);
    check("odd(NULL), the source could not be made", odd(NULL) == NULL, true);
    return broken;
}
