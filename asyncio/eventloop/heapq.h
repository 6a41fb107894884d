/* heapq.h: the heap of timers. Each is not later than its two children, so the first one is next.
 *
 * Which of two equal times comes first follows from the moves alone: they are heapq's, one by one.
 */
#ifndef HEAPQ_H
#define HEAPQ_H

#include "loop.h"

/* Adds a timer; there must be room for it. CPython: Modules/_heapqmodule.c, _heapq_heappush_impl(). */
void heap_push(Timer *heap, size_t count, Timer timer);

/* Takes the first one of `count`, at least one. CPython: Modules/_heapqmodule.c, heappop_internal(). */
Timer heap_pop(Timer *heap, size_t count);

/* Makes a heap of what is in any order. CPython: Modules/_heapqmodule.c, heapify_internal(). */
void heap_heapify(Timer *heap, size_t count);

#endif
