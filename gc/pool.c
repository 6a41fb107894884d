/* pool.c: the pool's slow half: a new chunk. For speed only; skip it on the first reading. */
#include "pool.h"

PoolBlock *pool_free_lists[512 / POOL_ALIGNMENT + 1];
static void *chunks; // all of them, each linked by its first word: in use until the program ends

/* Blocks are threaded in the order of their addresses, so that objects made one after another lie
 * one after another. */
void *pool_refill(size_t size_class) {
    size_t size = (size_class ? size_class : 1) * POOL_ALIGNMENT;
    char *chunk = malloc(POOL_CHUNK);
    if (!chunk) return NULL;
    *(void **)(void *)chunk = chunks;
    chunks = chunk;
    PoolBlock *rest = NULL;
    size_t count = (POOL_CHUNK - POOL_ALIGNMENT) / size;
    for (size_t i = count; i-- > 1;) {
        PoolBlock *block = (PoolBlock *)(void *)(chunk + POOL_ALIGNMENT + i * size);
        block->next = rest;
        rest = block;
    }
    pool_free_lists[size_class] = rest;
    return chunk + POOL_ALIGNMENT;
}
