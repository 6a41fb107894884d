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

/* An operation on d, with another dict e, a key and a value: 0, or -1 with an error. What it returns
 * besides is dropped. */
typedef int (*Operation)(Dict *d, Dict *e, Object *key, Object *value);

#define UNUSED __attribute__((unused))
#define OPERATION(name, result)                                                                    \
    static inline int name(UNUSED Dict *d, UNUSED Dict *e, UNUSED Object *key,                     \
                           UNUSED Object *value) {                                                 \
        return result;                                                                             \
    }

static inline int dropped(void *op) { // a new reference, or NULL with an error
    xdecref(op);
    return op ? 0 : -1;
}

static inline int asked(int answer) { // 1 or 0, or -1 with an error
    return answer < 0 ? -1 : 0;
}

OPERATION(op_set, dict_set_item(d, key, value))
OPERATION(op_set_default, dict_set_default(d, key, value) ? 0 : -1)
OPERATION(op_contains, asked(dict_contains(d, key)))
OPERATION(op_get, dropped(dict_get(d, key, value)))
OPERATION(op_subscript, dropped(dict_subscript(d, key)))
OPERATION(op_del, dict_del_item(d, key))
OPERATION(op_pop, dropped(dict_pop(d, key, NULL)))
OPERATION(op_pop_default, dropped(dict_pop(d, key, value)))
OPERATION(op_popitem, dropped(dict_popitem(d)))
OPERATION(op_update, dict_update(d, e))
OPERATION(op_merge, dict_merge(d, e, false))
OPERATION(op_equal, asked(dict_equal(d, e)))
OPERATION(op_repr, dropped(object_repr(OBJECT(d))))
OPERATION(op_copy, dropped(dict_copy(d)))
OPERATION(op_copy_other, dropped(dict_copy(e)))
OPERATION(op_keys, dropped(dict_keys(d)))
OPERATION(op_values, dropped(dict_values(d)))
OPERATION(op_items, dropped(dict_items(d)))
OPERATION(op_presized, dropped(dict_new_presized(100, true)))
OPERATION(op_clear, (dict_clear(d), 0))

/* A loop that compares each value, which may change the dict. */
static inline int op_iterate(Dict *d, UNUSED Dict *e, UNUSED Object *key, Object *value) {
    DictIter walk = dict_iter(d);
    Object *next_key, *next_value;
    int status;
    while ((status = dict_iter_next(&walk, &next_key, &next_value)) == 1) {
        status = asked(object_rich_equal(next_value, value));
        decref(next_key);
        decref(next_value);
        if (status < 0) break;
    }
    dict_iter_free(&walk);
    return status;
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
