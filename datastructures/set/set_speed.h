/* set_speed.h: for speed only; skip it on the first reading. Every operation says the same without. */
#ifndef SET_SPEED_H
#define SET_SPEED_H

#include "set_table.h"

/* ---- Fetching ahead --------------------------------------------------------------------------
 * A walk over a table knows long before it gets there which objects it will count and, as the
 * hashes stand in the slots, where in another table it will look. Asked for ahead, many fetches
 * from memory are under way at once. Small tables are in the cache anyway and do without. */
enum {
    PREFETCH_AHEAD = 32,     // slots; some ns each, against about 100 ns of memory
    PREFETCH_FROM = 1 << 13, // slots, of 16 bytes: 128 KiB, a part of a core's own cache
};

/* The object in a slot to come, to be counted. An empty slot asks for the table itself: a fetch
 * from address 0 would walk the page table each time. */
static inline void set_prefetch_key(const SetEntry *table, ssize_t mask, ssize_t pos) {
    const SetEntry *ahead = &table[(pos + PREFETCH_AHEAD) & mask];
    __builtin_prefetch(ahead->key ? (const void *)ahead->key : table, 1);
}

/* The slot in `probed` where the search for the key in a slot to come will begin. */
static inline void set_prefetch_slot(const SetEntry *table, ssize_t mask, ssize_t pos,
                                     const Set *probed) {
    size_t hash = (size_t)table[(pos + PREFETCH_AHEAD) & mask].hash;
    __builtin_prefetch(&probed->table[hash & (size_t)probed->mask], 1);
}

/* ---- Asking the neighbours at once -----------------------------------------------------------*/

enum { BEYOND_CACHE = 1 << 19 }; // slots: 8 MiB, more than a core's own cache

/* Whether the three slots behind the first settle that a key is absent: one of them is empty, and
 * none before it has the hash. One question instead of six, each of which the processor may guess wrong.
 * Worth it in large tables (a tenth of a miss); in small ones the processor has learnt the answers.
 */
static inline bool absent_nearby(const Set *self, hash_t hash) {
    size_t mask = (size_t)self->mask, i = (size_t)hash & mask;
    if (i + LINEAR_PROBES > mask) return false;
    const SetEntry *e = &self->table[i];
    bool empty = !e[1].key | !e[2].key | !e[3].key;
    bool same = (e[0].hash == hash) | (e[1].hash == hash) | (e[2].hash == hash);
    return empty & !same;
}

#endif
