/* heapq.c: CPython's heapq, on timers.
 *
 * The children of place i are at 2i+1 and 2i+2. To take the first, the last is put in its place and
 * goes all the way down, along the smaller child, without being compared: it came from the bottom and
 * mostly belongs there; then up to its place. That is fewer comparisons than stopping on the way.
 */
#include "heapq.h"

/* Moves the timer at `at` up, not above `root`. CPython: Modules/_heapqmodule.c, siftdown(). */
static void heap_siftdown(Timer *heap, size_t root, size_t at) {
    Timer timer = heap[at];
    while (at > root) {
        size_t parent = (at - 1) / 2;
        if (!(timer.when < heap[parent].when)) break;
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = timer;
}

/* Moves the timer at `at` down to a leaf, then up. CPython: Modules/_heapqmodule.c, siftup(). */
static void heap_siftup(Timer *heap, size_t count, size_t at) {
    Timer timer = heap[at];
    size_t root = at, inner = count / 2; // from here on there are no children
    while (at < inner) {
        size_t child = 2 * at + 1;
        if (child + 1 < count) child += !(heap[child].when < heap[child + 1].when); // no branch
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = timer;
    heap_siftdown(heap, root, at);
}

void heap_push(Timer *heap, size_t count, Timer timer) {
    heap[count] = timer;
    heap_siftdown(heap, 0, count);
}

Timer heap_pop(Timer *heap, size_t count) {
    Timer first = heap[0], last = heap[count - 1];
    if (count > 1) {
        heap[0] = last;
        heap_siftup(heap, count - 1, 0);
    }
    return first;
}

void heap_heapify(Timer *heap, size_t count) {
    for (size_t at = count / 2; at-- > 0;)
        heap_siftup(heap, count, at);
}
