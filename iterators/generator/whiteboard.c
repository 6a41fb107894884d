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

/* def adder(n):  total = 0; try: for _ in range(n): total += yield total
 *                           finally: finallys += 1 */
static int finallys;
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

static Outcome resume(Generator *g, int sent, bool throwing) {
    g->sent = sent, g->throwing = throwing;
    if (throwing && g->lasti == 0) g->lasti = -1; // it never began: there is nothing to clean up
    return adder(g);
}

int main(void) {
    Generator *g = calloc(1, sizeof *g), *closed = calloc(1, sizeof *closed);
    if (!g || !closed) return 1;
    g->n = closed->n = 2;
    bool ok = resume(g, 0, false) == YIELDED && g->value == 0;
    ok = ok && resume(g, 30, false) == YIELDED && g->value == 30 && finallys == 0;
    ok = ok && resume(g, 12, false) == RETURNED && g->value == 42 && finallys == 1;
    ok = ok && resume(closed, 0, false) == YIELDED && resume(closed, 0, true) == THREW;
    ok = ok && finallys == 2 && resume(closed, 0, true) == THREW && finallys == 2;
    free(g), free(closed);
    puts(ok ? "generator whiteboard: ok" : "generator whiteboard: FAILED");
    return !ok;
}
