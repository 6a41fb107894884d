/* dict_fast.h: for speed only; skip it on the first reading.
 *
 * dict.c is complete without it: strike the one call of dict_lookup_fast(), and all is found as
 * before, only later. Most searches end at the key itself, at an equal int or str, or at an empty
 * slot, and none of the three needs code that could be anybody's. So this walk calls nothing: the
 * compiler keeps it in registers and copies it into each operation. At the first key that has the
 * hash and is none of these it gives up, and the search in dict.c begins again from the start.
 */
#ifndef DICT_FAST_H
#define DICT_FAST_H

#include "dict.h"

enum { DKIX_UNDECIDED = -4 }; // as DictPlace.ix: the answer takes the full search

/* Whether two keys of one hash are equal, as far as that can be said without asking a type. Ints of
 * one hash are equal, or a multiple of 2^61 - 1 apart. */
static inline bool fast_equal(const Object *other, const Object *key) {
    if (other->type != key->type) return false;
    if (key->type == &Int_Type) return ((const Int *)other)->value == ((const Int *)key)->value;
    return key->type == &Str_Type && dict_same_str((const Str *)other, (const Str *)key);
}

/* `unicode` is a constant wherever this is inlined: two loops are made of the one. A str's hash is
 * elsewhere in memory, so there the pointers are compared first; in a general entry it is beside. */
static inline DictPlace fast_walk(const DictKeys *keys, const Object *key, hash_t hash,
                                  bool unicode) {
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = (size_t)hash & mask;
    size_t free_slot = SIZE_MAX;
    for (;; slot = dict_next_slot(slot, &perturb, mask)) {
        ssize_t ix = dict_get_index(keys, slot);
        if (ix >= 0) {
            const Object *other =
                unicode ? dict_unicode_entries(keys)[ix].key : dict_entries(keys)[ix].key;
            if (unicode && other == key) return (DictPlace){ix, slot};
            if ((unicode ? ((const Str *)other)->hash : dict_entries(keys)[ix].hash) != hash) {
                continue;
            }
            if (other == key || fast_equal(other, key)) return (DictPlace){ix, slot};
            return (DictPlace){DKIX_UNDECIDED, 0};
        }
        if (free_slot == SIZE_MAX) free_slot = slot;
        if (ix == DKIX_EMPTY) return (DictPlace){DKIX_EMPTY, free_slot};
    }
}

static inline DictPlace dict_lookup_fast(const DictKeys *keys, const Object *key, hash_t hash) {
    if (keys->kind == DICT_KEYS_GENERAL) return fast_walk(keys, key, hash, false);
    if (key->type == &Str_Type) return fast_walk(keys, key, hash, true);
    return (DictPlace){DKIX_UNDECIDED, 0};
}

#endif
