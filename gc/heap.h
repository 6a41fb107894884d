/* heap.h: where objects lie: how many blocks there are, how many bytes, and who wants to know. */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Counted at each call; the watcher, if there is one, is told of each block that is born or dies. */
typedef struct {
    size_t blocks, bytes; // now in use
    void (*watcher)(void *block, size_t size, bool born);
} Heap;
extern Heap heap;

/* A block of 1 byte or more, not initialised; NULL without an error set. Sizes are given back with the
 * block, so that no block needs a head. heap_realloc() leaves the old block as it is when it fails.
 * CPython: PyObject_Malloc(), PyObject_Free(). */
void *heap_alloc(size_t size);
void *heap_realloc(void *block, size_t old_size, size_t size);
void heap_free(void *block, size_t size);

#endif
