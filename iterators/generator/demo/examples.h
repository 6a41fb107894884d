/* examples.h: what the demo and the proofs have in common: two generators, and Python's division. */
#ifndef EXAMPLES_H
#define EXAMPLES_H

#include "../generator.h"

/* a // b: rounded down, where C's division rounds towards zero. CPython: Objects/longobject.c,
 * fast_floor_div(). */
static inline int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

typedef struct {
    int64_t n, total;
} Life;

static Object *life_run(Generator *self, Object *sent) {
    BEGIN(Life);                                              // def life(n):
    local->total = 0;                                         //     total = 0
    while (local->n > 0) {                                    //     while n > 0:
        YIELD(int_from_long(local->n * local->n));            //         got = yield n * n
        local->total += sent == None ? 1 : int_as_long(sent); //         total += got or 1
        local->n -= 1;                                        //         n -= 1
    }                                                         //
    RETURN(int_from_long(local->total));                      //     return total
    END;
}
static const Code life_code = {"life", life_run, sizeof(Life), 0, 0};

/* def hanoi(n, a, b, c):
 *     if n > 0:
 *         yield from hanoi(n - 1, a, c, b)
 *         yield f'{a} -> {c}'
 *         yield from hanoi(n - 1, b, a, c) */
typedef struct {
    int64_t n;
    const char *a, *b, *c;
} Hanoi;

static inline Object *hanoi(int64_t n, const char *a, const char *b, const char *c);

static Object *hanoi_run(Generator *self, Object *sent) {
    BEGIN(Hanoi);
    if (local->n > 0) {
        YIELD_FROM(hanoi(local->n - 1, local->a, local->c, local->b));
        YIELD(str_from_format("%s -> %s", local->a, local->c));
        YIELD_FROM(hanoi(local->n - 1, local->b, local->a, local->c));
    }
    END;
}
static const Code hanoi_code = {"hanoi", hanoi_run, sizeof(Hanoi), 0, 0};

static inline Object *hanoi(int64_t n, const char *a, const char *b, const char *c) {
    return generator_new(&hanoi_code, &(Hanoi){n, a, b, c});
}

#endif
