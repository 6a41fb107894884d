/* dict_methods.c: what is made of searching, inserting and deleting: the methods that Python shows,
 * copies and merges, iteration, and the type.
 *
 * The rule that keeps them correct: any hash, comparison, repr or dealloc may run code that changes
 * the dict. So what is borrowed from it is referred to before such a call, and what was read from
 * it is read again afterwards. CPython: Objects/dictobject.c.
 */
#include "dict.h"

/* ---- Birth and death -------------------------------------------------------------------------*/

Dict *dict_new(void) {
    Dict *self = object_new(&Dict_Type, sizeof *self);
    if (!self) return NULL;
    self->used = 0;
    self->keys = dict_empty_keys;
    return self;
}

Dict *dict_new_presized(ssize_t minused, bool unicode) {
    enum { LOG2_MAX_PRESIZE = 17 }; // whoever asks for more has to show that he means it
    Dict *self = dict_new();
    if (!self || minused <= dict_usable_fraction(PyDict_MINSIZE)) return self;
    uint8_t log2_size = minused > dict_usable_fraction((size_t)1 << LOG2_MAX_PRESIZE)
                            ? LOG2_MAX_PRESIZE
                            : dict_estimate_log2_keysize(minused);
    if (dict_resize(self, log2_size, unicode) == 0) return self;
    decref(self);
    return NULL;
}

/* Drops what a table refers to, then the table. The dict has another one by now. */
static void release_keys(DictKeys *keys) {
    for (ssize_t ix = 0; ix < keys->nentries; ix++) {
        DictEntry entry = dict_entry(keys, ix);
        xdecref(entry.key);
        xdecref(entry.value);
    }
    dict_keys_free(keys);
}

static void dict_dealloc(Object *op) {
    Dict *self = (Dict *)op;
    release_keys(self->keys);
    free(self);
}

void dict_clear(Dict *self) {
    DictKeys *keys = self->keys;
    self->keys = dict_empty_keys; // first: whoever looks during the deallocs finds an empty dict
    self->used = 0;
    release_keys(keys);
}

size_t dict_sizeof(const Dict *self) {
    return sizeof *self + dict_keys_sizeof(self->keys);
}

/* ---- One key ---------------------------------------------------------------------------------*/

int dict_key_error(Object *key) {
    Writer text = {0};
    if (object_write_repr(key, &text) == 0) {
        error_set(KeyError, "%.*s", (int)(text.length < 1000 ? text.length : 1000),
                  text.bytes ? text.bytes : "");
    }
    writer_free(&text);
    return -1;
}

Object *dict_subscript(Dict *self, Object *key) {
    Object *value = dict_get_item_with_error(self, key);
    if (value) return new_ref(value);
    if (!error_occurred()) dict_key_error(key);
    return NULL;
}

Object *dict_get(Dict *self, Object *key, Object *default_value) {
    Object *value = dict_get_item_with_error(self, key);
    if (!value && error_occurred()) return NULL;
    return new_ref(value ? value : default_value);
}

Object *dict_pop(Dict *self, Object *key, Object *default_value) {
    DictPlace place = {DKIX_EMPTY, 0};
    if (self->used > 0) { // {}.pop([]) does not even hash: KeyError, not TypeError
        hash_t hash = object_hash(key);
        if (hash == -1) return NULL;
        place = dict_lookup(self, key, hash);
        if (place.ix == DKIX_ERROR) return NULL;
    }
    if (place.ix == DKIX_EMPTY) {
        if (default_value) return new_ref(default_value);
        dict_key_error(key);
        return NULL;
    }
    DictEntry taken = dict_take(self, place);
    decref(taken.key);
    return taken.value;
}

/* The last entry is at the end of the array, so it can be given back: nentries shrinks. Its slot
 * becomes a dummy all the same, so `usable` does not grow. */
Object *dict_popitem(Dict *self) {
    Tuple *item = tuple_new(2); // before looking: an allocation may run the collector in CPython
    if (!item) return NULL;
    if (self->used == 0) {
        decref(item);
        error_set(KeyError, "'popitem(): dictionary is empty'");
        return NULL;
    }
    DictKeys *keys = self->keys;
    ssize_t ix = keys->nentries - 1;
    while (!*dict_value_at(keys, ix))
        ix--;
    DictEntry entry = dict_entry(keys, ix);
    DictPlace place = {ix, dict_index_slot(keys, entry.hash, ix)};
    dict_take(self, place);
    keys->nentries = ix;
    item->items[0] = entry.key;
    item->items[1] = entry.value;
    return OBJECT(item);
}

/* ---- Whole dicts -----------------------------------------------------------------------------*/

/* The table byte for byte, holes and dummies included: nothing is hashed, compared or probed.
 * CPython: clone_combined_dict_keys(). */
static DictKeys *clone_keys(const DictKeys *keys) {
    size_t bytes = dict_keys_sizeof(keys);
    DictKeys *clone = malloc(bytes);
    if (!clone) return error_no_memory();
    block_advise(clone, bytes);
    // Up to the last entry; what is beyond was never written.
    memcpy(clone, keys,
           (size_t)((char *)dict_entries(keys) - (char *)(uintptr_t)keys) +
               (size_t)keys->nentries * dict_entry_bytes(keys));
    for (ssize_t ix = 0; ix < keys->nentries; ix++) {
        DictEntry entry = dict_entry(keys, ix);
        if (!entry.value) continue;
        incref(entry.key);
        incref(entry.value);
    }
    return clone;
}

/* A table with more than a third of holes is not worth cloning: its items are inserted anew, into a
 * table of the right size. */
Dict *dict_copy(Dict *self) {
    Dict *copy = dict_new();
    if (!copy || self->used == 0) return copy;
    if (self->used >= (self->keys->nentries * 2) / 3) {
        DictKeys *keys = clone_keys(self->keys);
        if (keys) {
            copy->keys = keys;
            copy->used = self->used;
            return copy;
        }
    } else if (dict_merge(copy, self, true) == 0) {
        return copy;
    }
    decref(copy);
    return NULL;
}

/* Whether an empty dict may take over a clone of this one's table: no holes, and the table no
 * larger than what its items would get if inserted anew. */
static bool is_clean(const Dict *self) {
    return self->used == self->keys->nentries &&
           (self->keys->log2_size == PyDict_LOG_MINSIZE ||
            dict_usable_fraction(dict_slots(self->keys) / 2) < self->used);
}

/* Steals key and value. */
static int merge_item(Dict *self, Object *key, hash_t hash, Object *value, bool override) {
    DictPlace place = {DKIX_EMPTY, 0};
    if (!override) place = dict_lookup(self, key, hash);
    if (place.ix == DKIX_EMPTY) return dict_insert(self, key, hash, value);
    decref(key);
    decref(value);
    return place.ix == DKIX_ERROR ? -1 : 0;
}

/* CPython: dict_merge(). */
int dict_merge(Dict *self, Dict *other, bool override) {
    if (self == other || other->used == 0) return 0;
    if (self->used == 0) {
        override = true; // nothing to look for
        if (is_clean(other)) {
            DictKeys *keys = clone_keys(other->keys), *old = self->keys;
            if (!keys) return -1;
            self->keys = keys;
            self->used = other->used;
            dict_keys_free(old);
            return 0;
        }
    }
    // One resize now instead of several on the way, in the hope that few keys are in both.
    if (dict_usable_fraction(dict_slots(self->keys)) < other->used) {
        uint8_t log2_size = dict_estimate_log2_keysize(self->used + other->used);
        if (dict_resize(self, log2_size, other->keys->kind == DICT_KEYS_UNICODE) < 0) return -1;
    }
    ssize_t nentries = other->keys->nentries;
    for (ssize_t ix = 0; ix < other->keys->nentries; ix++) {
        DictEntry entry = dict_entry(other->keys, ix);
        if (!entry.value) continue;
        incref(entry.key);
        incref(entry.value);
        if (merge_item(self, entry.key, entry.hash, entry.value, override) < 0) return -1;
        if (nentries != other->keys->nentries) {
            return error_set(RuntimeError, "dict mutated during update");
        }
    }
    return 0;
}

int dict_update(Dict *self, Dict *other) {
    return dict_merge(self, other, true);
}

/* ---- Lists of what is in it ------------------------------------------------------------------*/

enum What { KEYS, VALUES, ITEMS };

static Object *listed(Object *key, Object *value, enum What what) {
    switch (what) {
    case KEYS:
        return new_ref(key);
    case VALUES:
        return new_ref(value);
    default:
        return tuple_pack(2, key, value);
    }
}

static List *to_list(Dict *self, enum What what) {
    List *list = list_new(self->used); // exact, no spare cells
    if (!list) return NULL;
    Object *key, *value;
    for (ssize_t i = 0, pos = 0; dict_next(self, &pos, &key, &value); i++) {
        list->items[i] = listed(key, value, what);
        if (!list->items[i]) {
            decref(list);
            return NULL;
        }
    }
    return list;
}

List *dict_keys(Dict *self) {
    return to_list(self, KEYS);
}

List *dict_values(Dict *self) {
    return to_list(self, VALUES);
}

List *dict_items(Dict *self) {
    return to_list(self, ITEMS);
}

/* ---- Iteration -------------------------------------------------------------------------------*/

DictIter dict_iter(Dict *self) {
    incref(self);
    return (DictIter){.dict = self, .used = self->used, .pos = 0, .len = self->used};
}

void dict_iter_free(DictIter *self) {
    xdecref(self->dict);
    self->dict = NULL;
}

/* Two checks, neither perfect: the number of items must be what it was (and once it was not, the
 * iterator stays broken even if it is again), and no more may come than there were. Replacing one
 * key by another in the middle passes the first and fails the second, if at all. */
int dict_iter_next(DictIter *self, Object **key, Object **value) {
    if (!self->dict) return 0;
    if (self->used != self->dict->used) {
        self->used = -1;
        return error_set(RuntimeError, "dictionary changed size during iteration");
    }
    Object *next_key, *next_value;
    if (!dict_next(self->dict, &self->pos, &next_key, &next_value)) {
        dict_iter_free(self);
        return 0;
    }
    if (self->len == 0) {
        dict_iter_free(self);
        return error_set(RuntimeError, "dictionary keys changed during iteration");
    }
    self->len--;
    if (key) *key = new_ref(next_key);
    if (value) *value = new_ref(next_value);
    return 1;
}

/* ---- The type --------------------------------------------------------------------------------*/

int dict_equal(Dict *self, Dict *other) {
    if (self->used != other->used) return 0;
    if (compare_enter() < 0) return -1;
    int answer = 1;
    for (ssize_t ix = 0; answer == 1 && ix < self->keys->nentries; ix++) {
        DictEntry mine = dict_entry(self->keys, ix);
        if (!mine.value) continue;
        incref(mine.key);
        incref(mine.value);
        DictPlace place = dict_lookup(other, mine.key, mine.hash);
        if (place.ix >= 0) {
            Object *theirs = new_ref(*dict_value_at(other->keys, place.ix));
            answer = object_rich_equal(theirs, mine.value);
            decref(theirs);
        } else {
            answer = place.ix == DKIX_ERROR ? -1 : 0;
        }
        decref(mine.key);
        decref(mine.value);
    }
    compare_leave();
    return answer;
}

static int dict_equal_slot(Object *self, Object *other) {
    if (other->type != &Dict_Type) return NOT_IMPLEMENTED;
    return dict_equal((Dict *)self, (Dict *)other);
}

static int repr_item(Object *key, Object *value, Writer *out) {
    int status = object_write_repr(key, out);
    if (status == 0) status = writer_puts(out, ": ");
    return status == 0 ? object_write_repr(value, out) : -1;
}

static int dict_repr(Object *op, Writer *out) {
    Dict *self = (Dict *)op;
    int entered = repr_enter(op);
    if (entered != 0) return entered > 0 ? writer_puts(out, "{...}") : -1;

    int status = writer_puts(out, "{");
    ssize_t pos = 0;
    Object *key, *value;
    for (bool first = true; status == 0 && dict_next(self, &pos, &key, &value); first = false) {
        incref(key);
        incref(value);
        if (!first) writer_puts(out, ", ");
        status = repr_item(key, value, out);
        decref(key);
        decref(value);
    }
    if (status == 0) status = writer_puts(out, "}");
    repr_leave(op);
    return status;
}

const Type Dict_Type = {
    .name = "dict",
    .container = true,
    .dealloc = dict_dealloc,
    .repr = dict_repr,
    .equal = dict_equal_slot, // no hash: a key that can change would be lost when it does
};
