/* pool.c: for speed only; skip it on the first reading. Where pool.h's blocks come from.
 *
 * A chunk is cut into blocks of one size, which enter that size's list in the order of their
 * addresses, so that objects made one after the other lie one after the other.
 */
#include "pool.h"

#include <stdatomic.h>

enum { POOL_CHUNK = 16384 }; // CPython: POOL_SIZE

_Thread_local PoolBlock *pool_lists[POOL_MAX / POOL_ALIGNMENT + 1];

// Parts from objectmodel's: each thread that runs a loop has lists of its own.
void *pool_refill(size_t bytes) {
    static _Atomic(PoolBlock *) chunks; // so that whoever looks for leaks finds them
    if (POOL_MAX == 0 || bytes > POOL_MAX) {
        void *block = calloc(1, bytes);
        return block ? block : error_no_memory();
    }
    char *chunk = malloc(POOL_CHUNK);
    if (!chunk) return error_no_memory();
    PoolBlock *first = (PoolBlock *)(void *)chunk;
    first->next = atomic_load(&chunks);
    while (!atomic_compare_exchange_weak(&chunks, &first->next, first))
        continue;
    size_t class = (bytes + POOL_ALIGNMENT - 1) / POOL_ALIGNMENT, size = class * POOL_ALIGNMENT;
    PoolBlock **end = &pool_lists[class];
    for (size_t at = POOL_ALIGNMENT; at + size <= POOL_CHUNK; at += size) {
        *end = (PoolBlock *)(void *)(chunk + at);
        end = &(*end)->next;
    }
    *end = NULL;
    return pool_lists[class];
}
