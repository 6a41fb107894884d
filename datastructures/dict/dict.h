/* dict.h: a hash table that keeps insertion order.
 *
 * Two arrays, and the invariant between them: `entries` holds (hash, key, value) densely, in the
 * order of insertion; `indices` is the hash table, and all it holds is the numbers of entries.
 *
 *     slot      0   1   2   3   4   5   6   7         entry  hash  key    value
 *     indices   .   1   .   D   .   .   0   2           0     ..   'a'    1
 *                   |                                   1     ..   'b'    2
 *                   +---------------------------------->2     ..   'c'    3
 *
 * Each live entry is named by exactly one slot, on the probe path of its key's hash; `.` was never
 * used and ends a search, `D` (dummy) was deleted and does not. Slots in use, dummies included, are
 * at most 2/3 of all, so every search ends.
 *
 * CPython: Objects/dictobject.c, Include/internal/pycore_dict.h, PyDictObject, PyDictKeysObject.
 */
#ifndef DICT_H
#define DICT_H

#include "../list/list.h"
#include "../object.h"

enum {
    PyDict_LOG_MINSIZE = 3, // 8 slots, 5 entries: most dicts are keyword arguments or small records
    PyDict_MINSIZE = 1 << PyDict_LOG_MINSIZE,
    PERTURB_SHIFT = 5, // the hash's higher bits enter the search five at a time
};

// What a slot of `indices` holds where it is not the number of an entry.
enum { DKIX_EMPTY = -1, DKIX_DUMMY = -2, DKIX_ERROR = -3 };

/* A table whose keys are all str keeps no hashes: each str remembers its own. */
typedef enum { DICT_KEYS_GENERAL = 0, DICT_KEYS_UNICODE = 1 } DictKeysKind;

typedef struct { // CPython: PyDictKeyEntry
    hash_t hash;
    Object *key;   // NULL: deleted
    Object *value; // NULL: deleted
} DictEntry;

typedef struct { // CPython: PyDictUnicodeEntry
    Object *key;
    Object *value;
} DictUnicodeEntry;

/* Simplified: no `refcnt` (CPython shares one keys object among the instances of a class, "split
 * table") and no `version` (for the interpreter's inline caches). */
typedef struct {
    uint8_t log2_size;        // the number of slots is a power of two, so `hash % size` is a mask
    uint8_t log2_index_bytes; // of all indices together: size * 1, 2, 4 or 8
    uint8_t kind;             // DictKeysKind
    ssize_t usable;           // entries that may still be appended; never given back by a deletion
    ssize_t nentries;         // entries appended, deleted ones included
    _Alignas(8) char indices[]; // then the entries
} DictKeys;

typedef struct {
    Object ob;
    ssize_t used; // len(d)
    DictKeys *keys;
} Dict;

extern const Type Dict_Type;

/* ---- As in the C API -------------------------------------------------------------------------*/

/* A new empty dict, without a table of its own until the first insertion. New reference; NULL with
 * MemoryError. CPython: PyDict_New(). */
Dict *dict_new(void);

/* A new dict with room for `minused` entries (at most for about 87000 at once), of the kind for
 * keys that are all str or not. What the interpreter makes of a literal. CPython:
 * dict_new_presized(). */
Dict *dict_new_presized(ssize_t minused, bool unicode);

static inline ssize_t dict_size(const Dict *self) {
    return self->used;
}

/* The value, borrowed; NULL without an error if there is none, NULL with one if hashing or
 * comparing failed. CPython: PyDict_GetItemWithError(). */
Object *dict_get_item_with_error(Dict *self, Object *key);

/* self[key] = value, both borrowed. 0, or -1 with an error and nothing changed.
 * CPython: PyDict_SetItem(). */
int dict_set_item(Dict *self, Object *key, Object *value);

/* del self[key]: 0, or -1 with KeyError or what hashing or comparing raised.
 * CPython: PyDict_DelItem(). */
int dict_del_item(Dict *self, Object *key);

/* key in self: 1, 0, or -1 with an error. CPython: PyDict_Contains(). */
int dict_contains(Dict *self, Object *key);

/* self.setdefault(key, value): the value that is there afterwards, borrowed; NULL with an error.
 * CPython: PyDict_SetDefault(). */
Object *dict_set_default(Dict *self, Object *key, Object *value);

/* Removes all entries and gives the table back. CPython: PyDict_Clear(). */
void dict_clear(Dict *self);

/* New dict with the same items in the same order. New reference. CPython: PyDict_Copy(). */
Dict *dict_copy(Dict *self);

/* Inserts the items of `other`; for a key that both have, other's value wins if `override`. 0, or
 * -1 with an error and some of the items inserted, as in CPython. CPython: PyDict_Merge(). */
int dict_merge(Dict *self, Dict *other, bool override);

/* self.update(other). CPython: PyDict_Update(). */
int dict_update(Dict *self, Dict *other);

/* Lists of all keys, values, (key, value) tuples, in insertion order: new references.
 * Simplified: Python's d.keys() is a view; these are what the C API has.
 * CPython: PyDict_Keys(), PyDict_Values(), PyDict_Items(). */
List *dict_keys(Dict *self);
List *dict_values(Dict *self);
List *dict_items(Dict *self);

/* Steps through the items: start with *pos = 0, false at the end; key and value borrowed, either
 * may be NULL. The dict must not be resized meanwhile. CPython: PyDict_Next(). */
static inline bool dict_next(const Dict *self, ssize_t *pos, Object **key, Object **value);

/* ---- As in Python ----------------------------------------------------------------------------*/

/* self[key]: new reference, or NULL with KeyError. CPython: dict_subscript(). */
Object *dict_subscript(Dict *self, Object *key);

/* self.get(key, default_value): new reference; NULL only with an error. CPython: dict_get_impl().
 */
Object *dict_get(Dict *self, Object *key, Object *default_value);

/* self.pop(key, default_value): new reference; NULL with KeyError if there is neither key nor
 * default (NULL). CPython: _PyDict_Pop(). */
Object *dict_pop(Dict *self, Object *key, Object *default_value);

/* self.popitem(): the last item as a new tuple, or NULL with KeyError. CPython: dict_popitem_impl().
 */
Object *dict_popitem(Dict *self);

/* self == other: 1, 0, -1 with an error. Order does not count. CPython: dict_equal(). */
int dict_equal(Dict *self, Dict *other);

/* `for key in self`. Unlike dict_next() it notices that the dict has changed under it.
 * Simplified: a struct of the caller's, not an object. CPython: dictiterobject. */
typedef struct {
    Dict *dict;   // held; NULL once exhausted
    ssize_t used; // dict->used when the iteration began; -1 once it was found changed
    ssize_t pos;
    ssize_t len; // items still to come
} DictIter;

DictIter dict_iter(Dict *self);

/* The next key and value as new references (either pointer may be NULL): 1, 0 at the end, -1 with
 * RuntimeError. CPython: dictiter_iternextkey(), dictiter_iternextitem(). */
int dict_iter_next(DictIter *self, Object **key, Object **value);

/* Ends an iteration before its end. */
void dict_iter_free(DictIter *self);

/* Bytes of the dict and its table, 40 less than sys.getsizeof(): no collector's header, no fields
 * for what is left out. The empty dicts' shared table is not counted. CPython: _PyDict_SizeOf(). */
size_t dict_sizeof(const Dict *self);

/* ---- Inside the table: for the rest of the mechanism, and for those who draw it --------------*/

extern DictKeys *const dict_empty_keys; // the one table of all empty dicts

static inline size_t dict_slots(const DictKeys *keys) {
    return (size_t)1 << keys->log2_size;
}

/* Of n slots 2/3 may be filled: fuller, and searches lengthen fast; emptier, and the table costs
 * memory and cache. CPython: USABLE_FRACTION(). */
static inline ssize_t dict_usable_fraction(size_t n) {
    return (ssize_t)((n << 1) / 3);
}

static inline DictEntry *dict_entries(const DictKeys *keys) {
    return (DictEntry *)(void *)((char *)(uintptr_t)keys->indices +
                                 ((size_t)1 << keys->log2_index_bytes));
}

static inline DictUnicodeEntry *dict_unicode_entries(const DictKeys *keys) {
    return (DictUnicodeEntry *)(void *)dict_entries(keys);
}

/* Bytes of an index, as a power of two: it must count to 2/3 of the slots and spell -1 and -2. A
 * signed byte reaches 127: enough for the 85 entries of 128 slots, not for the 170 of 256. */
static inline unsigned dict_log2_width(uint8_t log2_size) {
    return log2_size < 8 ? 0 : log2_size < 16 ? 1 : log2_size < 32 ? 2 : 3;
}

/* The number of an entry, DKIX_EMPTY or DKIX_DUMMY. CPython: dictkeys_get_index(). */
static inline ssize_t dict_get_index(const DictKeys *keys, size_t slot) {
    const void *indices = keys->indices;
    switch (dict_log2_width(keys->log2_size)) {
    case 0:
        return ((const int8_t *)indices)[slot];
    case 1:
        return ((const int16_t *)indices)[slot];
    case 2:
        return ((const int32_t *)indices)[slot];
    default:
        return (ssize_t)((const int64_t *)indices)[slot];
    }
}

/* Entry number `ix` of a table of either kind; key and value NULL if it was deleted. */
static inline DictEntry dict_entry(const DictKeys *keys, ssize_t ix) {
    if (keys->kind == DICT_KEYS_GENERAL) return dict_entries(keys)[ix];
    DictUnicodeEntry entry = dict_unicode_entries(keys)[ix];
    return (DictEntry){entry.key ? ((Str *)entry.key)->hash : 0, entry.key, entry.value};
}

static inline size_t dict_entry_bytes(const DictKeys *keys) {
    return keys->kind == DICT_KEYS_GENERAL ? sizeof(DictEntry) : sizeof(DictUnicodeEntry);
}

static inline Object **dict_value_at(const DictKeys *keys, ssize_t ix) {
    return keys->kind == DICT_KEYS_GENERAL ? &dict_entries(keys)[ix].value
                                           : &dict_unicode_entries(keys)[ix].value;
}

/* The slot that a search visits after this one; perturb begins as the hash. */
static inline size_t dict_next_slot(size_t slot, size_t *perturb, size_t mask) {
    *perturb >>= PERTURB_SHIFT;
    return (slot * 5 + *perturb + 1) & mask;
}

static inline bool dict_same_str(const Str *a, const Str *b) {
    return a->length == b->length && a->kind == b->kind &&
           memcmp(a->data, b->data, (size_t)a->length * a->kind) == 0;
}

/* Where a key is, or would go. */
typedef struct {
    ssize_t ix;  // the entry's number, DKIX_EMPTY, or DKIX_ERROR with an error set
    size_t slot; // the slot that names it; if DKIX_EMPTY the first free one on its probe path
} DictPlace;

DictPlace dict_lookup(Dict *self, Object *key, hash_t hash);

/* Inserts or replaces, with the hash known; steals key and value, even if it fails.
 * CPython: insertdict(). */
int dict_insert(Dict *self, Object *key, hash_t hash, Object *value);

/* Takes the entry at `place` out; its key and value are now the caller's. CPython: the first half
 * of delitem_common(). */
DictEntry dict_take(Dict *self, DictPlace place);

/* The slot that names entry `ix`, whose key has this hash. CPython: lookdict_index(). */
size_t dict_index_slot(const DictKeys *keys, hash_t hash, ssize_t ix);

/* A new table of 1 << log2_size slots; the entries that live, in order, without the dummies.
 * CPython: dictresize(). */
int dict_resize(Dict *self, uint8_t log2_size, bool unicode);

/* The log2 of the table made for `minsize` slots; for n entries.
 * CPython: calculate_log2_keysize(), estimate_log2_keysize(). */
uint8_t dict_log2_keysize(ssize_t minsize);
uint8_t dict_estimate_log2_keysize(ssize_t n);

/* The bytes of a keys object; 0 for the shared one. */
size_t dict_keys_sizeof(const DictKeys *keys);

void dict_keys_free(DictKeys *keys);

/* Sets KeyError with repr(key) as its message; -1. CPython: _PyErr_SetKeyError(). */
int dict_key_error(Object *key);

static inline bool dict_next(const Dict *self, ssize_t *pos, Object **key, Object **value) {
    const DictKeys *keys = self->keys;
    ssize_t i = *pos, n = keys->nentries;
    Object *found_key, *found_value;
    if (keys->kind == DICT_KEYS_GENERAL) {
        const DictEntry *entries = dict_entries(keys);
        while (i < n && !entries[i].value)
            i++;
        if (i >= n) return false;
        found_key = entries[i].key;
        found_value = entries[i].value;
    } else {
        const DictUnicodeEntry *entries = dict_unicode_entries(keys);
        while (i < n && !entries[i].value)
            i++;
        if (i >= n) return false;
        found_key = entries[i].key;
        found_value = entries[i].value;
    }
    *pos = i + 1;
    if (key) *key = found_key;
    if (value) *value = found_value;
    return true;
}

#endif
