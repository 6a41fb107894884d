/* ring.c: where in the queue's memory a message goes. See ring.h for the picture.
 *
 * What is occupied, if anything is: from head to tail, following the jumps. Jumps lead to the start
 * of the same ring or to a larger ring; to a smaller one only from an empty queue. Hence three
 * rules: in the tail's ring, if head is there too, free is what is not between head and tail; if
 * head is elsewhere, the messages of the tail's ring begin at its start: free is what is behind the
 * tail; a ring larger than the tail's is free, unless head is there. The last unit of a ring stays
 * free for a jump.
 */
#include "ring.h"

uint32_t ring_start(int ring) {
    uint32_t start = ring ? RING_FIRST : 0;
    while (--ring > 0)
        start *= RING_GROWTH;
    return start;
}

int ring_of(uint32_t where) {
    int ring = 0;
    for (uint32_t end = RING_FIRST; where >= end; end *= RING_GROWTH)
        ring++;
    return ring;
}

bool ring_fits(int ring, uint32_t units) {
    return units < ring_start(ring + 1) - ring_start(ring);
}

bool ring_place(Mark tail, Mark head, uint32_t units, int rings, uint32_t *place) {
    int ring = ring_of(tail.where), head_ring = ring_of(head.where);
    bool empty = tail.count == head.count;
    for (int smaller = 0; empty && smaller < ring; smaller++) {
        if (!ring_fits(smaller, units)) continue;
        *place = ring_start(smaller);
        return true;
    }
    uint32_t start = ring_start(ring), end = ring_start(ring + 1);
    bool wrapped = head_ring == ring && !empty && tail.where <= head.where;
    uint32_t free_end = wrapped ? head.where : end - 1;
    if (units <= free_end - tail.where) {
        *place = tail.where;
        return true;
    }
    if (head_ring == ring && !wrapped && units <= head.where - start) {
        *place = start;
        return true;
    }
    for (int larger = ring + 1; larger < rings; larger++) {
        if (larger == head_ring || !ring_fits(larger, units)) continue;
        *place = ring_start(larger);
        return true;
    }
    return false;
}
