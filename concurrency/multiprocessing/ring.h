/* ring.h: where in the queue's memory a message goes. Arithmetic only: nothing is read or written.
 *
 *     ring 0          ring 1                     ring 2                           ... ring 6
 *     |-- 1 MiB ------|-- 3 MiB -----------------|-- 12 MiB ----------------------... -- 3 GiB --|
 *          head --->  jump . . . . . . . . . . >  message message  tail
 *
 * A message lies in one piece. The next one goes behind it; or, where the ring ends, to the ring's
 * beginning, if that is free already; or into a larger ring. The place left carries a jump, which
 * consumers follow. The memory is reserved addresses: it costs nothing until it is written to.
 * Once the queue is empty, the next message goes back to the smallest ring that holds it, whose
 * pages are there already, and likely in the cache.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RING_UNIT = 16,       // places are counted in units, so that 32 bits hold 64 GiB
    RING_FIRST = 1 << 16, // units of ring 0: 1 MiB holds many small messages and fits an L2 cache
    RING_GROWTH = 4,    // ring k ends at RING_FIRST * 4^k: few rings, and few jumps to a large one
    RING_COUNT_MAX = 7, // 4 GiB: as much as a queue can hold if the machine can
};

/* How far one side has come: how many messages it has moved (modulo 2^32), and the unit where its
 * next one begins. */
typedef struct {
    uint32_t count, where;
} Mark;

/* The first unit of a ring, which is also the end of the one before. */
uint32_t ring_start(int ring);

/* The ring that a unit is in. */
int ring_of(uint32_t where);

/* Whether a message of `units` fits into the ring at all. */
bool ring_fits(int ring, uint32_t units);

/* Finds the place of a message of `units`, between the marks of the producers and the consumers, in
 * the first `rings` rings. False if there is no room until a message is taken. The consumers' mark
 * may be an old one: then there is more room than we know. */
bool ring_place(Mark tail, Mark head, uint32_t units, int rings, uint32_t *place);

#endif
