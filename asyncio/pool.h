/* pool.h: for speed only; skip it on the first reading. Memory for small blocks, from lists of free
 * ones.
 *
 * glibc's malloc() finds a block in a list of its own, but calloc(), which is what a compiler makes
 * of malloc() and memset(), does not; and each of its blocks has a word of its own before it. Here
 * a block is taken from the list of its size class and put back there. Who frees one says how large
 * it is. What pays is measured: see "What it costs" in slots/README.md.
 *
 * CPython: Objects/obmalloc.c, which also gives whole arenas back; these lists keep what they have.
 * With POOL_MAX 0, as in the tests, and under AddressSanitizer it is calloc() and free().
 */
#ifndef POOL_H
#define POOL_H

#include "../common/common.h"

#ifndef POOL_MAX
#define POOL_MAX 512 // larger blocks are malloc's. CPython: SMALL_REQUEST_THRESHOLD
#endif
#if defined(__SANITIZE_ADDRESS__)
#undef POOL_MAX
#define POOL_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef POOL_MAX
#define POOL_MAX 0
#endif
#endif
enum { POOL_ALIGNMENT = 16 }; // CPython: ALIGNMENT

typedef struct PoolBlock {
    struct PoolBlock *next;
} PoolBlock;
extern _Thread_local PoolBlock *pool_lists[POOL_MAX / POOL_ALIGNMENT + 1]; // by size, rounded up

/* A block of that size when its list is empty, or is no list's business; NULL with MemoryError. */
void *pool_refill(size_t bytes);

/* `bytes` bytes, zeroed; NULL with MemoryError. CPython: PyObject_Malloc(). */
static inline void *pool_alloc(size_t bytes) {
    if (POOL_MAX == 0 || bytes > POOL_MAX) return pool_refill(bytes);
    PoolBlock **list = &pool_lists[(bytes + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT];
    PoolBlock *block = *list ? *list : (PoolBlock *)pool_refill(bytes);
    if (!block) return NULL;
    if (block == *list) *list = block->next;
    return memset(block, 0, bytes);
}

/* Gives back a block for which that many bytes were asked. CPython: PyObject_Free(). */
static inline void pool_free(void *memory, size_t bytes) {
    if (POOL_MAX == 0 || bytes > POOL_MAX) {
        free(memory);
        return;
    }
    PoolBlock *block = (PoolBlock *)memory,
              **list = &pool_lists[(bytes + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT];
    block->next = *list;
    *list = block;
}

#endif
