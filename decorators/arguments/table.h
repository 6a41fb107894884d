/* table.h: the hash table under lru_cache: key to value, the hash given.
 *
 * Two arrays, as in CPython's dict: `entries` lie densely, and `slots` is the hash table, which
 * holds numbers of entries. Each entry is named by exactly one slot, and no slot between its key's
 * first one and that is empty: so a search ends at an empty slot, and there are always some. A
 * cache that is full removes one key for each that it adds, for ever; so, unlike a dict, a removal
 * leaves no mark behind: the slots behind it move up, and the last entry moves into its place. The
 * order of insertion is lost, which nobody asks here: what is oldest is known by the list.
 *
 * CPython: Objects/dictobject.c, with _PyDict_GetItem_KnownHash(), _PyDict_SetItem_KnownHash() and
 * _PyDict_Pop_KnownHash().
 */
#ifndef TABLE_H
#define TABLE_H

#include "../object.h"

typedef struct {
    hash_t hash;
    Object *key, *value;
} Entry;

typedef struct {
    int log2_size;        // of slots; 0: no table yet
    ssize_t used, usable; // entries, and how many fit: two thirds of the slots
    void *slots; // number of an entry, or -1: empty; as in CPython's dict of 1, 2 or 4 bytes each
    Entry *entries; // in the same block, behind the slots
    uint64_t moves; // counts what moves entries: a comparison that does makes a search begin again
} Table;

/* Where the search for a hash begins. Four hashes that follow one another lie side by side, in one
 * line of the processor's cache; the fours are far apart, by the high bits of a product with 2^64
 * divided by the golden ratio. They must be: all side by side they would be one long run of slots,
 * and a removal looks at all that is left of a run. CPython takes the low bits and jumps about
 * (perturb), which a removal that leaves no mark does not allow. */
static inline size_t table_first_slot(const Table *self, hash_t hash) {
    uint64_t four = (uint64_t)hash >> 2, far = four * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(far >> (64 - self->log2_size + 2)) << 2 | ((size_t)hash & 3);
}

/* The number in a slot. CPython: dictkeys_get_index(). */
static inline ssize_t table_slot(const Table *self, size_t slot) {
    if (self->log2_size < 8) return ((int8_t *)self->slots)[slot];
    if (self->log2_size < 16) return ((int16_t *)self->slots)[slot];
    return ((int32_t *)self->slots)[slot];
}

/* The value of this very key, borrowed, if its search meets no other of the same hash before, with
 * which it would have to be compared; or NULL. For speed only: it runs nobody's code, so nobody
 * need hold anything. */
static inline Object *table_get_identical(const Table *self, const Object *key, hash_t hash) {
    if (self->log2_size == 0) return NULL;
    size_t mask = ((size_t)1 << self->log2_size) - 1;
    for (size_t slot = table_first_slot(self, hash);; slot = (slot + 1) & mask) {
        ssize_t number = table_slot(self, slot);
        if (number < 0) return NULL;
        const Entry *entry = &self->entries[number];
        if (entry->key == key) return entry->value;
        if (entry->hash == hash) return NULL;
    }
}

/* The value, borrowed; NULL without an error if there is none, NULL with what a comparison
 * raised. */
Object *table_get(Table *self, Object *key, hash_t hash);
/* Borrows key and value; of two equal keys the new one stays, which is why table_pop_identical()
 * finds it (a dict keeps the old one). 0, or -1 with what a comparison raised or MemoryError and
 * nothing changed. */
int table_set(Table *self, Object *key, hash_t hash, Object *value);
/* Removes this very key, which is not compared: its value, the table's reference to which becomes
 * the caller's, while *old_key gets that to the key; NULL without an error if it is not there.
 * Cannot fail, and runs nobody's code; a dict would compare it with keys of the same hash that it
 * meets before. */
Object *table_pop_identical(Table *self, const Object *key, hash_t hash, Object **old_key);
/* Empties it first and drops what it held last. */
void table_clear(Table *self);
/* Bytes of its block. */
size_t table_bytes(const Table *self);

#endif
