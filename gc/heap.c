/* heap.c: counts blocks; asks the pool for small ones and malloc for the rest. */
#include "heap.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

Heap heap;

/* What is seldom stands in functions of its own, so that the rest of heap_alloc() and heap_free() needs
 * no stack frame. */
__attribute__((noinline)) static void *alloc_slowly(void *block, size_t size) {
    if (!block) block = size <= POOL_LARGEST ? pool_alloc(size) : malloc(size);
    if (!block) return NULL;
    heap.blocks++;
    heap.bytes += size;
    if (heap.watcher) heap.watcher(block, size, true);
    return block;
}

void *heap_alloc(size_t size) {
    void *block = size <= POOL_LARGEST ? pool_alloc_at_once(size) : NULL;
    if (!block || heap.watcher) return alloc_slowly(block, size);
    heap.blocks++;
    heap.bytes += size;
    return block;
}

static inline void free_block(void *block, size_t size) {
    heap.blocks--;
    heap.bytes -= size;
    if (size <= POOL_LARGEST)
        pool_free(block);
    else
        free(block);
}

__attribute__((noinline)) static void free_watched(void *block, size_t size) {
    heap.watcher(block, size, false);
    free_block(block, size);
}

void heap_free(void *block, size_t size) {
    if (!block) return;
    if (heap.watcher)
        free_watched(block, size);
    else
        free_block(block, size);
}

void *heap_realloc(void *block, size_t old_size, size_t size) {
    void *grown;
    if (block && old_size > POOL_LARGEST && size > POOL_LARGEST && !heap.watcher) {
        grown = realloc(block, size);
        if (grown) heap.bytes += size - old_size;
        return grown;
    }
    grown = heap_alloc(size);
    if (!grown || !block) return grown;
    memcpy(grown, block, old_size < size ? old_size : size);
    heap_free(block, old_size);
    return grown;
}
