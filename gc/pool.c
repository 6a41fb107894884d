/* pool.c: the pool's slow half: chunks. For speed only; skip it on the first reading. */
#include "pool.h"

/* A block of 64 bytes lies across two lines of the cache: the collector's head, refcnt and type in the
 * first, the fields in the second, where the next object begins. So who looks at the fields has the
 * next head fetched, too; who follows a reference needs one line. Blocks that begin at a line are a
 * third slower to collect. */
enum { FIRST_BLOCK = 32, ARENA = 1024 * 1024 };

_Static_assert(sizeof(PoolChunk) <= FIRST_BLOCK, "the first block begins behind it");

PoolQueue pool_queues[POOL_CLASSES];

/* Chunks are cut from arenas, each linked by its first word: in use until the program ends. */
static char *arenas, *next_chunk, *arena_end;

static PoolChunk *new_chunk(void) {
    if (!next_chunk || arena_end - next_chunk < POOL_CHUNK) {
        char *arena = malloc(ARENA);
        if (!arena) return NULL;
        *(char **)(void *)arena = arenas;
        arenas = arena;
        arena_end = arena + ARENA;
        uintptr_t start = (uintptr_t)arena + sizeof(char *);
        next_chunk = arena + sizeof(char *) + (-start & (POOL_CHUNK - 1));
    }
    PoolChunk *chunk = (PoolChunk *)(void *)next_chunk;
    next_chunk += POOL_CHUNK;
    *chunk = (PoolChunk){.fresh = (char *)chunk + FIRST_BLOCK};
    return chunk;
}

static void enqueue(PoolChunk *chunk, PoolQueue *queue) {
    chunk->full = false;
    chunk->next = NULL;
    *(queue->first ? &queue->last->next : &queue->first) = chunk;
    queue->last = chunk;
}

void *pool_refill(size_t size_class) {
    size_t size = (size_class ? size_class : 1) * POOL_ALIGNMENT;
    PoolQueue *queue = &pool_queues[size_class];
    for (;;) {
        PoolChunk *chunk = queue->first;
        if (!chunk) {
            chunk = new_chunk();
            if (!chunk) return NULL;
            enqueue(chunk, queue);
        }
        void *block = chunk->free ? (void *)chunk->free : (void *)chunk->fresh;
        if (chunk->free) {
            chunk->free = chunk->free->next;
        } else if ((size_t)((char *)chunk + POOL_CHUNK - chunk->fresh) >= size) {
            chunk->fresh += size;
        } else {
            queue->first = chunk->next;
            chunk->full = true;
            continue;
        }
        chunk->used++;
        return block;
    }
}

/* The first of the queue is not begun anew: there an object may be made and freed, over and over. */
void pool_has_room(PoolChunk *chunk, size_t size_class) {
    PoolQueue *queue = &pool_queues[size_class];
    if (chunk->used == 0 && chunk != queue->first) {
        chunk->free = NULL;
        chunk->fresh = (char *)chunk + FIRST_BLOCK;
    }
    if (chunk->full) enqueue(chunk, queue);
}
