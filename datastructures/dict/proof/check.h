/* check.h: what the tests of a dict share: keys, insertions in one line, and the invariant. */
#ifndef CHECK_H
#define CHECK_H

#include "../dict.h"

#include "../../../common/proof/testing.h"

static inline Object *number(int64_t value) {
    return int_from_long(value);
}

static inline Object *text(const char *utf8) {
    return str_from_string(utf8);
}

static inline Object *name(int64_t i) {
    char buffer[32];
    snprintf(buffer, sizeof buffer, "k%lld", (long long)i);
    return text(buffer);
}

static inline int set(Dict *d, Object *key, Object *value) { // consumes both
    int status = dict_set_item(d, key, value);
    decref(key);
    decref(value);
    return status;
}

static inline int del(Dict *d, Object *key) { // consumes the key
    int status = dict_del_item(d, key);
    decref(key);
    return status;
}

static inline void assert_repr(void *op, const char *expected) {
    Object *repr = object_repr(op);
    assert_non_null(repr);
    assert_string_equal(((Str *)repr)->data, expected);
    decref(repr);
}

/* The invariant of dict.h: each live entry is named by one slot, on its key's probe path. */
static inline void check(const Dict *d) {
    const DictKeys *keys = d->keys;
    ssize_t live = 0, named = 0, filled = 0;
    for (ssize_t ix = 0; ix < keys->nentries; ix++) {
        DictEntry entry = dict_entry(keys, ix);
        assert_int_equal(!entry.key, !entry.value);
        if (!entry.key) continue;
        live++;
        assert_int_equal(object_hash(entry.key), entry.hash);
        assert_true(keys->kind == DICT_KEYS_GENERAL || entry.key->type == &Str_Type);
        size_t mask = dict_slots(keys) - 1, perturb = (size_t)entry.hash, slot = perturb & mask;
        while (dict_get_index(keys, slot) != ix) {
            assert_int_not_equal(dict_get_index(keys, slot), DKIX_EMPTY);
            slot = dict_next_slot(slot, &perturb, mask);
        }
    }
    for (size_t slot = 0; slot < dict_slots(keys); slot++) {
        named += dict_get_index(keys, slot) >= 0;
        filled += dict_get_index(keys, slot) != DKIX_EMPTY;
    }
    assert_int_equal(live, d->used);
    assert_int_equal(named, live);
    assert_true(keys->usable >= 0);
    assert_true(keys->usable + keys->nentries <= dict_usable_fraction(dict_slots(keys)));
    assert_true(filled <= dict_usable_fraction(dict_slots(keys)));
}

#endif
