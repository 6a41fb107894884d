/* pool.h: small blocks, for speed only; skip it on the first reading.
 *
 * Blocks of one size class are cut from chunks of 16 KiB. A freed block goes to a list in its own
 * chunk, which its address tells, and is handed out again, last in, first out, while it is still in
 * the processor's cache. The chunks of a class that have room stand in a queue: one that was full and
 * has room again goes to its end. One that is empty again is cut anew from its beginning. So objects
 * made one after another lie one after another, also when much has been made and freed: what the
 * collector walks over lies in the order of its lists, which is worth a factor of two.
 *
 * glibc's malloc() and free() alone take longer than CPython does to make and drop a whole object.
 * Where an allocator is tested or a sanitizer watches, every block is malloc's.
 *
 * Simplified: a chunk keeps its class and is never given back; CPython's pymalloc finds a block's
 * class by its address, too, and gives arenas back. CPython: Objects/obmalloc.c.
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

enum { POOL_ALIGNMENT = 16, POOL_CLASSES = 512 / POOL_ALIGNMENT + 1, POOL_CHUNK = 16 * 1024 };

typedef struct PoolBlock {
    struct PoolBlock *next;
} PoolBlock;

/* What a chunk begins with; its address is a multiple of its size. */
typedef struct PoolChunk {
    PoolBlock *free;
    char *fresh; // what lies from here to the end has not been handed out yet
    struct PoolChunk *next;
    unsigned used; // blocks
    bool full;     // in no queue
} PoolChunk;

typedef struct {
    PoolChunk *first, *last;
} PoolQueue;
extern PoolQueue pool_queues[POOL_CLASSES];

void *pool_refill(size_t size_class);                    // NULL: no memory
void pool_has_room(PoolChunk *chunk, size_t size_class); // it was full, or is empty

static inline void *pool_alloc(size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    PoolChunk *chunk = pool_queues[size_class].first;
    if (!chunk || !chunk->free) return pool_refill(size_class);
    PoolBlock *block = chunk->free;
    chunk->free = block->next;
    chunk->used++;
    return block;
}

static inline void pool_free(void *memory, size_t size) {
    size_t size_class = (size + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT;
    PoolChunk *chunk = (PoolChunk *)((uintptr_t)memory & ~(uintptr_t)(POOL_CHUNK - 1));
    PoolBlock *block = memory;
    block->next = chunk->free;
    chunk->free = block;
    if (--chunk->used == 0 || chunk->full) pool_has_room(chunk, size_class);
}

#endif
