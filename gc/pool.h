/* pool.h: small blocks, for speed only; skip it on the first reading.
 *
 * Blocks of one size class are cut from chunks of 64 KiB; a freed one is kept in a list of its class
 * and handed out again, last in, first out, while it is still in the processor's cache. A chunk is
 * never given back. glibc's malloc() and free() alone take longer than CPython does to make and drop
 * a whole object. Where an allocator is tested or a sanitizer watches, every block is malloc's.
 *
 * Simplified: CPython's pymalloc finds a block's class by its address, and gives arenas back.
 * CPython: Objects/obmalloc.c.
 */
#ifndef POOL_H
#define POOL_H

#include <stdlib.h>

#if defined malloc || defined __SANITIZE_ADDRESS__
#define POOL_LARGEST ((size_t)0)
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define POOL_LARGEST ((size_t)0)
#endif
#endif
#ifndef POOL_LARGEST
#define POOL_LARGEST ((size_t)512)
#endif

enum { POOL_ALIGNMENT = 16, POOL_CHUNK = 64 * 1024 };

typedef struct PoolBlock {
    struct PoolBlock *next;
} PoolBlock;
extern PoolBlock *pool_free_lists[512 / POOL_ALIGNMENT + 1];

void *pool_refill(size_t size_class); // a new chunk's first block; NULL: no memory

static inline void *pool_alloc(size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    PoolBlock *block = pool_free_lists[size_class];
    if (!block) return pool_refill(size_class);
    pool_free_lists[size_class] = block->next;
    return block;
}

static inline void pool_free(void *memory, size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    PoolBlock *block = memory;
    block->next = pool_free_lists[size_class];
    pool_free_lists[size_class] = block;
}

#endif
