/* whiteboard.c: a generator, as one can write it from memory: locals and a resume point on the
 * heap. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { YIELDED, RETURNED, THREW } Outcome;
typedef struct Generator {
    int lasti;       // where to go on: 0 the start, n the yield on line n, -1 nowhere: it is over
    bool throwing;   // resume by an error raised at the yield
    int sent, value; // what came in, what goes out
    int n, total;    // the locals: nothing else survives a yield
} Generator;

#define YIELD(v)                                                                                   \
    do {                                                                                           \
        g->value = (v), g->lasti = __LINE__;                                                       \
        return YIELDED;                                                                            \
    case __LINE__:                                                                                 \
        if (g->throwing) goto cleanup;                                                             \
    } while (0)

static int finallys; // how often the finally ran

// def adder(n): total = 0; try: for _ in range(n): total += yield total; return total
//               finally: finallys += 1
static Outcome adder(Generator *g) {
    switch (g->lasti) {
    case 0:
        for (g->total = 0; g->n > 0; g->n--) {
            YIELD(g->total);
            g->total += g->sent;
        }
        g->value = g->total;
    cleanup:
        finallys++;
    }
    g->lasti = -1;
    return g->throwing ? THREW : RETURNED;
}

// send(sent), or throw: goes on where it stopped. What never began, or is over, has nothing to run.
static Outcome resume(Generator *g, int sent, bool throwing) {
    g->sent = sent, g->throwing = throwing;
    if (throwing && g->lasti == 0) g->lasti = -1;
    return adder(g);
}

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

int main(void) {
    Generator *g = calloc(3, sizeof *g), *closed = g + 1, *fresh = g + 2;
    if (!g) return 1;
    g->n = closed->n = fresh->n = 2;
    check("the first next runs up to the yield", resume(g, 0, false), YIELDED);
    check("and brings what is yielded", g->value, 0);
    check("what is sent comes out of the yield", resume(g, 30, false), YIELDED);
    check("and is added", g->value, 30);
    check("so far no finally", finallys, 0);
    check("the last one returns", resume(g, 12, false), RETURNED);
    check("with the value of the return", g->value, 42);
    check("through the finally", finallys, 1);
    check("resumed again it is over", resume(g, 1, false), RETURNED);
    check("without another finally", finallys, 1);
    check("another has locals of its own", resume(closed, 0, false) == YIELDED && !closed->value,
          1);
    check("an error thrown at the yield comes out", resume(closed, 0, true), THREW);
    check("through the finally", finallys, 2);
    check("thrown once more it comes out again", resume(closed, 0, true), THREW);
    check("without another finally", finallys, 2);
    check("thrown into one that never began", resume(fresh, 0, true), THREW);
    check("it runs nothing, no finally either", finallys, 2);
    check("and it is over", resume(fresh, 0, false), RETURNED);
    free(g);
    return broken;
}
