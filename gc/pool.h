/* pool.h: small blocks, for speed only; skip it on the first reading.
 *
 * A pool is 16 KiB, aligned, with blocks of one size class; a block finds its pool by clearing the low
 * bits of its address. Blocks are handed out in the order of their addresses; a freed one goes out
 * again first, while it is in the processor's cache; and of a pool that is all free the order begins
 * anew. So objects made one after another lie one after another, also where others have died: over a
 * million that lie criss-cross the collector takes three to five times as long. And glibc's malloc()
 * and free() alone take longer than CPython does to make and drop a whole object. Where an allocator
 * is tested or a sanitizer watches, every block is malloc's.
 *
 * Simplified: CPython's pymalloc gives arenas back, and an empty pool to another size class.
 * CPython: Objects/obmalloc.c, pymalloc_alloc(), pymalloc_free().
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>
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

enum { POOL_ALIGNMENT = 16, POOL_CLASSES = 512 / POOL_ALIGNMENT + 1, POOL_SIZE = 16 * 1024 };

typedef struct PoolBlock {
    struct PoolBlock *next;
} PoolBlock;

/* CPython: struct pool_header. */
typedef struct Pool {
    PoolBlock *free;            // freed ones, the last first
    char *fresh, *last, *first; // from fresh up to last: not handed out yet, or all free again
    size_t used, size_class;
    bool listed;
    struct Pool *next;
} Pool;

/* By size class: those with something free, or not found full yet. CPython: usedpools. */
extern Pool *pools_usable[POOL_CLASSES];

/* NULL: there is none at hand, and pool_alloc() finds one elsewhere. */
static inline void *pool_alloc_at_once(size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    Pool *pool = pools_usable[size_class];
    if (!pool) return NULL;
    PoolBlock *block = pool->free;
    if (block) {
        pool->free = block->next;
    } else {
        if (pool->fresh > pool->last) return NULL;
        block = (PoolBlock *)(void *)pool->fresh;
        pool->fresh += size_class * POOL_ALIGNMENT;
    }
    pool->used++;
    return block;
}

void *pool_alloc(size_t size); // size: not 0. NULL: no memory
void pool_now_usable(Pool *pool);

static inline void pool_free(void *memory) {
    PoolBlock *block = memory;
    Pool *pool = (Pool *)((uintptr_t)memory & ~(uintptr_t)(POOL_SIZE - 1));
    block->next = pool->free;
    pool->free = block;
    if (--pool->used == 0) {
        pool->free = NULL;
        pool->fresh = pool->first;
    }
    if (!pool->listed) pool_now_usable(pool);
}

#endif
