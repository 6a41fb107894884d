/* dict.c: the table: searching, inserting, deleting, resizing.
 *
 * A key's search visits slots hash, then i = 5i + perturb + 1 again and again, where perturb is the
 * hash shifted right five bits each time. Once perturb is 0, i = 5i + 1 modulo a power of two comes
 * to every slot in turn, so a free one is found; until then the hash's upper bits decide, so keys
 * that agree in their lower bits part ways.
 *
 * What is only in the tail of a search is only there once: the search that does not find a key
 * remembers the first free slot it passed, and an insertion takes it.
 */
#include "dict_fast.h" // for speed only

#include <stddef.h>

/* ---- The keys object -------------------------------------------------------------------------*/

/* Every search in it ends at once and nothing can be appended, so lookups need no special case and
 * an empty dict no table. CPython: empty_keys_struct. */
static union {
    signed char bytes[sizeof(DictKeys) + 1]; // of all fields only `kind` and the one slot are not 0
    DictKeys keys;
} empty_keys = {
    .bytes = {[offsetof(DictKeys, kind)] = DICT_KEYS_UNICODE, [sizeof(DictKeys)] = DKIX_EMPTY}};
DictKeys *const dict_empty_keys = &empty_keys.keys;

size_t dict_keys_sizeof(const DictKeys *keys) {
    if (keys == dict_empty_keys) return 0;
    return sizeof *keys + ((size_t)1 << keys->log2_index_bytes) +
           (size_t)dict_usable_fraction(dict_slots(keys)) * dict_entry_bytes(keys);
}

/* An index needs to count to 2/3 of the slots and to spell -1 and -2. CPython: new_keys_object().
 */
static DictKeys *keys_new(uint8_t log2_size, bool unicode) {
    // 2^58 slots of 8 bytes, and entries of 16, still fit in a size_t; of 32 bits 2^26.
    enum { LOG2_SIZE_MAX = 8 * sizeof(size_t) - 6 };
    if (log2_size > LOG2_SIZE_MAX) return error_no_memory();
    DictKeys head = {
        .log2_size = log2_size,
        .log2_index_bytes = (uint8_t)(log2_size + dict_log2_width(log2_size)),
        .kind = unicode ? DICT_KEYS_UNICODE : DICT_KEYS_GENERAL,
        .usable = dict_usable_fraction((size_t)1 << log2_size),
    };
    size_t bytes = dict_keys_sizeof(&head);
    DictKeys *keys = malloc(bytes);
    if (!keys) return error_no_memory();
    block_advise(keys, bytes);
    *keys = head;
    memset(keys->indices, 0xff, (size_t)1 << keys->log2_index_bytes); // DKIX_EMPTY in every width
    return keys;
}

void dict_keys_free(DictKeys *keys) {
    if (keys != dict_empty_keys) free(keys);
}

static inline void set_index(DictKeys *keys, size_t slot, ssize_t ix) {
    void *indices = keys->indices;
    switch (dict_log2_width(keys->log2_size)) {
    case 0:
        ((int8_t *)indices)[slot] = (int8_t)ix;
        break;
    case 1:
        ((int16_t *)indices)[slot] = (int16_t)ix;
        break;
    case 2:
        ((int32_t *)indices)[slot] = (int32_t)ix;
        break;
    default:
        ((int64_t *)indices)[slot] = (int64_t)ix;
        break;
    }
}

/* ---- Searching -------------------------------------------------------------------------------*/

/* The first slot on the hash's path that no live entry holds. CPython: find_empty_slot(). */
static size_t find_empty_slot(const DictKeys *keys, hash_t hash) {
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = (size_t)hash & mask;
    while (dict_get_index(keys, slot) >= 0)
        slot = dict_next_slot(slot, &perturb, mask);
    return slot;
}

size_t dict_index_slot(const DictKeys *keys, hash_t hash, ssize_t ix) {
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = (size_t)hash & mask;
    while (dict_get_index(keys, slot) != ix)
        slot = dict_next_slot(slot, &perturb, mask);
    return slot;
}

/* Comparing keys may run anything, even code that changes this very dict. So after each comparison
 * look whether the entry is still what was compared, and if not, start over; and look up the slot
 * only when all comparisons are done. CPython: dictkeys_generic_lookup(). */
static DictPlace lookup_generic(Dict *self, Object *key, hash_t hash) {
restart:;
    const DictKeys *keys = self->keys;
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = (size_t)hash & mask;
    for (;; slot = dict_next_slot(slot, &perturb, mask)) {
        ssize_t ix = dict_get_index(keys, slot);
        if (ix == DKIX_EMPTY) return (DictPlace){DKIX_EMPTY, find_empty_slot(keys, hash)};
        if (ix < 0) continue;
        DictEntry entry = dict_entry(keys, ix);
        if (entry.key == key) return (DictPlace){ix, dict_index_slot(keys, hash, ix)};
        if (entry.hash != hash) continue;

        incref(entry.key); // or the comparison might free it
        int equal = object_rich_equal(entry.key, key);
        decref(entry.key);
        if (equal < 0) return (DictPlace){DKIX_ERROR, 0};
        bool changed = self->keys != keys || dict_slots(keys) != mask + 1 || // same address, new
                       ix >= keys->nentries || dict_entry(keys, ix).key != entry.key;
        if (changed) goto restart;
        if (equal) return (DictPlace){ix, dict_index_slot(keys, hash, ix)};
    }
}

/* A str among strs: nothing foreign runs, so one walk does: the first slot without a live entry is
 * remembered on the way. CPython: unicodekeys_lookup_unicode(). */
static DictPlace lookup_str(const DictKeys *keys, const Str *key, hash_t hash) {
    const DictUnicodeEntry *entries = dict_unicode_entries(keys);
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = (size_t)hash & mask;
    size_t free_slot = SIZE_MAX;
    for (;; slot = dict_next_slot(slot, &perturb, mask)) {
        ssize_t ix = dict_get_index(keys, slot);
        if (ix >= 0) {
            const Str *other = (const Str *)entries[ix].key;
            if (other == key || (other->hash == hash && dict_same_str(other, key))) {
                return (DictPlace){ix, slot};
            }
        } else {
            if (free_slot == SIZE_MAX) free_slot = slot;
            if (ix == DKIX_EMPTY) return (DictPlace){DKIX_EMPTY, free_slot};
        }
    }
}

/* Which search it takes. CPython: _Py_dict_lookup(). */
static inline DictPlace lookup(Dict *self, Object *key, hash_t hash) {
    DictPlace place = dict_lookup_fast(self->keys, key, hash);
    if (place.ix != DKIX_UNDECIDED) return place;
    if (self->keys->kind == DICT_KEYS_UNICODE && key->type == &Str_Type) {
        return lookup_str(self->keys, (Str *)key, hash);
    }
    return lookup_generic(self, key, hash); // any other key may claim to equal a str
}

DictPlace dict_lookup(Dict *self, Object *key, hash_t hash) {
    return lookup(self, key, hash);
}

/* ---- Resizing --------------------------------------------------------------------------------*/

/* The bit length of minsize - 1, as for any rounding up; or-ing 8 in first makes the least size 8.
 * It also has two side effects, which are CPython's and which the twin compares: 1 to 7 slots give
 * 16, and an exact 16, 32, 64 ... gives twice that. CPython: calculate_log2_keysize(). */
uint8_t dict_log2_keysize(ssize_t minsize) {
    size_t last = ((size_t)minsize | PyDict_MINSIZE) - 1;
    return (uint8_t)(64 - __builtin_clzll(last | (PyDict_MINSIZE - 1)));
}

uint8_t dict_estimate_log2_keysize(ssize_t n) {
    return dict_log2_keysize((n * 3 + 1) / 2);
}

/* Fills the indices of a table without dummies. CPython: build_indices_generic(),
 * build_indices_unicode(). */
static void build_indices(DictKeys *keys, ssize_t n) {
    for (ssize_t ix = 0; ix < n; ix++)
        set_index(keys, find_empty_slot(keys, dict_entry(keys, ix).hash), ix);
}

/* Copies the live entries of `from`, in order, to the front of `to`. */
static void copy_entries(DictKeys *to, const DictKeys *from, ssize_t used) {
    if (to->kind == from->kind && from->nentries == used) {
        memcpy(dict_entries(to), dict_entries(from), (size_t)used * dict_entry_bytes(from));
        return;
    }
    ssize_t n = 0;
    for (ssize_t ix = 0; ix < from->nentries; ix++) {
        DictEntry entry = dict_entry(from, ix);
        if (!entry.value) continue;
        if (to->kind == DICT_KEYS_GENERAL) {
            dict_entries(to)[n++] = entry;
        } else {
            dict_unicode_entries(to)[n++] = (DictUnicodeEntry){entry.key, entry.value};
        }
    }
}

int dict_resize(Dict *self, uint8_t log2_size, bool unicode) {
    DictKeys *old = self->keys;
    if (old->kind == DICT_KEYS_GENERAL) unicode = false; // no way back: some key may be no str
    DictKeys *keys = keys_new(log2_size, unicode);
    if (!keys) return -1;
    copy_entries(keys, old, self->used);
    build_indices(keys, self->used);
    keys->usable -= self->used;
    keys->nentries = self->used;
    self->keys = keys;
    dict_keys_free(old);
    return 0;
}

/* To three times what lives, rounded up to a power of two: without deletions that doubles, after
 * many of them it stays or shrinks, and the dummies are gone. CPython: insertion_resize() with
 * GROWTH_RATE(). */
static int insertion_resize(Dict *self, bool unicode) {
    return dict_resize(self, dict_log2_keysize(self->used * 3), unicode);
}

/* ---- Inserting -------------------------------------------------------------------------------*/

/* The search before an insertion: another key than a str makes a table of strs a general one, even
 * if it then turns out to be there. */
static inline DictPlace lookup_to_insert(Dict *self, Object *key, hash_t hash) {
    if (self->keys->kind == DICT_KEYS_UNICODE && key->type != &Str_Type) {
        if (insertion_resize(self, false) < 0) return (DictPlace){DKIX_ERROR, 0};
    }
    return lookup(self, key, hash);
}

/* A new entry, which steals key and value if there is memory. The table is looked at again, as
 * comparing may have cleared the dict: then a key that is no str stands before a table for strs. */
static inline int append(Dict *self, DictPlace place, Object *key, hash_t hash, Object *value) {
    bool unicode = key->type == &Str_Type;
    if (self->keys->usable <= 0 || (self->keys->kind == DICT_KEYS_UNICODE && !unicode)) {
        if (insertion_resize(self, unicode) < 0) return -1;
        place.slot = find_empty_slot(self->keys, hash);
    }
    DictKeys *keys = self->keys;
    ssize_t ix = keys->nentries;
    set_index(keys, place.slot, ix);
    if (keys->kind == DICT_KEYS_UNICODE) {
        dict_unicode_entries(keys)[ix] = (DictUnicodeEntry){key, value};
    } else {
        dict_entries(keys)[ix] = (DictEntry){hash, key, value};
    }
    self->used++;
    keys->usable--;
    keys->nentries++;
    return 0;
}

/* Steals key and value in any case: they may have been borrowed from this very dict, and comparing
 * may take them out of it. Simplified: no insert_to_emptydict(), the first table by a way of its
 * own: the empty one has no room, so it is resized like another. */
static inline int insert(Dict *self, Object *key, hash_t hash, Object *value) {
    DictPlace place = lookup_to_insert(self, key, hash);
    if (place.ix == DKIX_EMPTY && append(self, place, key, hash, value) == 0) return 0;
    Object *old = value;
    if (place.ix >= 0) { // the key stays the first one: d[1] = 'a'; d[True] = 'b' is {1: 'b'}
        Object **at = dict_value_at(self->keys, place.ix);
        old = *at;
        *at = value;
    }
    decref(key);
    decref(old); // last, as it may run code that looks at this dict
    return place.ix >= 0 ? 0 : -1;
}

int dict_insert(Dict *self, Object *key, hash_t hash, Object *value) {
    return insert(self, key, hash, value);
}

int dict_set_item(Dict *self, Object *key, Object *value) {
    incref(key);
    incref(value);
    hash_t hash = object_hash(key);
    if (hash != -1) return insert(self, key, hash, value);
    decref(key);
    decref(value);
    return -1;
}

Object *dict_set_default(Dict *self, Object *key, Object *value) {
    hash_t hash = object_hash(key);
    if (hash == -1) return NULL;
    DictPlace place = lookup_to_insert(self, key, hash);
    if (place.ix >= 0) return *dict_value_at(self->keys, place.ix);
    if (place.ix == DKIX_ERROR || append(self, place, key, hash, value) < 0) return NULL;
    incref(key);
    incref(value);
    return value;
}

/* ---- Reading ---------------------------------------------------------------------------------*/

Object *dict_get_item_with_error(Dict *self, Object *key) {
    hash_t hash = object_hash(key);
    if (hash == -1) return NULL;
    DictPlace place = lookup(self, key, hash);
    return place.ix >= 0 ? *dict_value_at(self->keys, place.ix) : NULL;
}

int dict_contains(Dict *self, Object *key) {
    hash_t hash = object_hash(key);
    if (hash == -1) return -1;
    DictPlace place = lookup(self, key, hash);
    return place.ix == DKIX_ERROR ? -1 : place.ix >= 0;
}

/* ---- Deleting --------------------------------------------------------------------------------*/

/* The slot may lie in the middle of other keys' paths, so it cannot become empty: a dummy says
 * "deleted, search on". The entry stays too, a hole, or all numbers after it would change. Neither
 * is given back before a resize. */
DictEntry dict_take(Dict *self, DictPlace place) {
    DictKeys *keys = self->keys;
    DictEntry taken;
    set_index(keys, place.slot, DKIX_DUMMY);
    if (keys->kind == DICT_KEYS_UNICODE) {
        DictUnicodeEntry *entry = &dict_unicode_entries(keys)[place.ix];
        taken = (DictEntry){0, entry->key, entry->value};
        *entry = (DictUnicodeEntry){NULL, NULL};
    } else {
        DictEntry *entry = &dict_entries(keys)[place.ix];
        taken = *entry;
        *entry = (DictEntry){0, NULL, NULL};
    }
    self->used--;
    return taken;
}

int dict_del_item(Dict *self, Object *key) {
    hash_t hash = object_hash(key);
    if (hash == -1) return -1;
    DictPlace place = lookup(self, key, hash);
    if (place.ix == DKIX_ERROR) return -1;
    if (place.ix == DKIX_EMPTY) return dict_key_error(key);
    DictEntry taken = dict_take(self, place);
    decref(taken.key);
    decref(taken.value);
    return 0;
}
