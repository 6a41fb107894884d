/* pool.c: the pool's slow half: a pool is full, or empty, or there is none. For speed only; skip it on
 * the first reading. */
#include "pool.h"

enum { ARENA_POOLS = 64 };

Pool *pools_usable[POOL_CLASSES];
static void *arenas; // all of them, each linked by its first word: in use until the program ends
static char *unused; // the pools of the last one that have no size class yet
static int unused_count;

void pool_now_usable(Pool *pool) {
    pool->listed = true;
    pool->next = pools_usable[pool->size_class];
    pools_usable[pool->size_class] = pool;
}

/* An arena is a pool more than it holds, as malloc does not align. */
static Pool *pool_new(size_t size_class) {
    if (unused_count == 0) {
        char *arena = malloc((ARENA_POOLS + 1) * POOL_SIZE);
        if (!arena) return NULL;
        *(void **)(void *)arena = arenas;
        arenas = arena;
        unused = arena + POOL_SIZE - (uintptr_t)arena % POOL_SIZE;
        unused_count = ARENA_POOLS;
    }
    Pool *pool = (Pool *)(void *)unused;
    size_t head = (sizeof(Pool) + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT * POOL_ALIGNMENT;
    size_t size = size_class * POOL_ALIGNMENT;
    *pool =
        (Pool){.first = unused + head, .last = unused + POOL_SIZE - size, .size_class = size_class};
    pool->fresh = pool->first;
    unused += POOL_SIZE;
    unused_count--;
    return pool;
}

/* A full pool leaves the list; below it there may be another that became full while it was the first. */
void *pool_alloc(size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    for (;;) {
        void *block = pool_alloc_at_once(size);
        if (block) return block;
        Pool *full = pools_usable[size_class];
        if (full) {
            full->listed = false;
            pools_usable[size_class] = full->next;
        } else {
            Pool *pool = pool_new(size_class);
            if (!pool) return NULL;
            pool_now_usable(pool);
        }
    }
}
