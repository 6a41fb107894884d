/* set_operations.c: whole sets: building, union, intersection, difference, comparison.
 *
 * The invariant: every operation is a loop over one operand with lookups in the other, it never
 * hashes a key of a set again (the hash stands in the slot), and it loops over the smaller operand
 * where the result is the same either way. So `small & huge` costs as much as `small` has members.
 * Which operand is walked also decides the order of insertion into the result, and with it the
 * result's order: that is why each choice here is CPython's.
 *
 * CPython: Objects/setobject.c.
 */
#include "set_speed.h"
#include "set_table.h"

/* ---- Walking an iterable ---------------------------------------------------------------------*/

/* A walk over the keys of a set or of a tuple. */
typedef struct {
    Object *source;
    ssize_t pos;
} Keys;

static int keys_start(Keys *self, Object *iterable) {
    *self = (Keys){iterable, 0};
    if (anyset_check(iterable) || iterable->type == &Tuple_Type) return 0;
    return error_set(TypeError, "'%s' object is not iterable", iterable->type->name);
}

/* 1 with a new reference to the next key and its hash, 0 at the end, -1 if it is unhashable.
 * `probed` is the set in which the caller will look the keys up. */
static inline int keys_next(Keys *self, const Set *probed, Object **key, hash_t *hash) {
    if (self->source->type == &Tuple_Type) {
        Tuple *tuple = (Tuple *)self->source;
        if (self->pos == tuple->size) return 0;
        Object *item = tuple->items[self->pos++];
        *hash = object_hash(item);
        if (*hash == -1) return -1;
        *key = new_ref(item);
        return 1;
    }
    const Set *set = (const Set *)self->source; // may change between two steps
    for (ssize_t i = self->pos; i <= set->mask; i++) {
        const SetEntry *entry = &set->table[i];
        if (set->mask >= PREFETCH_FROM) set_prefetch_key(set->table, set->mask, i);
        if (probed->mask >= PREFETCH_FROM) set_prefetch_slot(set->table, set->mask, i, probed);
        if (!set_is_active(entry)) continue;
        self->pos = i + 1;
        *key = new_ref(entry->key);
        *hash = entry->hash;
        return 1;
    }
    return 0;
}

/* ---- Building --------------------------------------------------------------------------------*/

static Set *make_empty(const Type *type) {
    Set *self = object_new(type, sizeof *self);
    if (!self) return NULL;
    self->fill = 0;
    self->used = 0;
    self->mask = SET_MINSIZE - 1;
    self->table = self->smalltable;
    self->hash = -1;
    self->finger = 0;
    memset(self->smalltable, 0, sizeof self->smalltable);
    self->weakreflist = NULL;
    return self;
}

/* The same slots filled with the same keys: for a table that is empty and as large as `other`'s, in
 * which there are no dummies. No probing at all. */
static void copy_slots(Set *self, const Set *other) {
    const SetEntry *from = other->table;
    SetEntry *to = self->table;
    ssize_t mask = other->mask;
    bool large = mask >= PREFETCH_FROM;
    for (ssize_t i = 0; i <= mask; i++) {
        if (large) set_prefetch_key(from, mask, i);
        if (!from[i].key) continue;
        incref(from[i].key);
        to[i] = from[i];
    }
    self->fill = other->used;
    self->used = other->used;
}

/* All keys of `other`, known to be distinct, into a table that is empty and large enough. `far` is
 * a constant in each of its two copies. */
static inline always_inline void insert_clean(Set *self, const Set *other, bool far) {
    const SetEntry *from = other->table, *end = from + other->mask + 1;
    SetEntry *to = self->table;
    size_t mask = (size_t)self->mask;
    for (const SetEntry *entry = from; entry != end; entry++) {
        if (far) set_prefetch_key(from, other->mask, entry - from);
        if (far) set_prefetch_slot(from, other->mask, entry - from, self);
        if (!set_is_active(entry)) continue;
        incref(entry->key);
        set_insert_clean(to, mask, entry->key, entry->hash);
    }
    self->fill = other->used;
    self->used = other->used;
}

/* All keys of `other`, some of which may be here. A comparison can run code that changes `other`,
 * so its table is looked up anew for each slot. */
static inline always_inline int add_all(Set *self, const Set *other, bool far) {
    for (ssize_t i = 0; i <= other->mask; i++) {
        if (far) set_prefetch_key(other->table, other->mask, i);
        if (far) set_prefetch_slot(other->table, other->mask, i, self);
        const SetEntry *entry = &other->table[i];
        if (set_is_active(entry) && set_add_entry(self, entry->key, entry->hash) < 0) return -1;
    }
    return 0;
}

/* Adds another set's members. One resize at the start makes room for all of them, in the
 * expectation that few are here already; so nothing is allocated after the first change.
 * CPython: set_merge(). */
static int merge(Set *self, Set *other) {
    if (other == self || other->used == 0) return 0;
    if ((self->fill + other->used) * 5 >= self->mask * 3) {
        if (set_table_resize(self, (self->used + other->used) * 2) < 0) return -1;
    }
    bool far = self->mask >= PREFETCH_FROM;
    if (self->fill > 0) return far ? add_all(self, other, true) : add_all(self, other, false);
    if (self->mask == other->mask && other->fill == other->used) {
        copy_slots(self, other);
    } else if (far) {
        insert_clean(self, other, true);
    } else {
        insert_clean(self, other, false);
    }
    return 0;
}

static int update(Set *self, Object *iterable) {
    if (anyset_check(iterable)) return merge(self, (Set *)iterable);
    Keys keys;
    if (keys_start(&keys, iterable) < 0) return -1;
    Object *key;
    hash_t hash;
    int status;
    while ((status = keys_next(&keys, self, &key, &hash)) > 0) {
        int added = set_add_entry(self, key, hash);
        decref(key);
        if (added < 0) return -1;
    }
    return status;
}

/* CPython: make_new_set(). */
static Set *make_new_set(const Type *type, Object *iterable) {
    Set *self = make_empty(type);
    if (self && iterable && update(self, iterable) < 0) {
        decref(self);
        return NULL;
    }
    return self;
}

Set *set_new(Object *iterable) {
    return make_new_set(&Set_Type, iterable);
}

Set *frozenset_new(Object *iterable) {
    if (iterable && iterable->type == &FrozenSet_Type) return (Set *)new_ref(iterable);
    return make_new_set(&FrozenSet_Type, iterable);
}

Set *set_copy(Set *self) {
    if (self->ob.type == &FrozenSet_Type) return (Set *)new_ref(self);
    return make_new_set(&Set_Type, OBJECT(self));
}

/* ---- Union -----------------------------------------------------------------------------------*/

int set_update(Set *self, Object *iterable) {
    if (!set_is_mutable(self, "update")) return -1;
    return update(self, iterable);
}

/* CPython: set_or(), set_union(). */
Set *set_union(Set *self, Object *iterable) {
    Set *result = make_new_set(self->ob.type, OBJECT(self));
    if (result && iterable != OBJECT(self) && update(result, iterable) < 0) {
        decref(result);
        return NULL;
    }
    return result;
}

/* ---- Intersection and difference -------------------------------------------------------------*/

/* Adds to `result` those of the keys that are (`wanted` 1) or are not (0) in `probed`. If `bounded`,
 * stops when it has as many as `probed`, whose size now counts: a comparison may have changed it. */
static int select_keys(Set *result, Keys *keys, Set *probed, int wanted, bool bounded) {
    Object *key;
    hash_t hash;
    int status;
    while ((status = keys_next(keys, probed, &key, &hash)) > 0) {
        int answer = set_contains_entry(probed, key, hash);
        bool chosen = answer == wanted;
        if (chosen) answer = set_add_entry(result, key, hash);
        decref(key);
        if (answer < 0) return -1;
        if (chosen && bounded && result->used >= probed->used) return 0;
    }
    return status;
}

/* `result` after that, or NULL with an error set; NULL for `result` is passed on. */
static Set *select_into(Set *result, Keys *keys, Set *probed, int wanted, bool bounded) {
    if (result && select_keys(result, keys, probed, wanted, bounded) < 0) {
        decref(result);
        return NULL;
    }
    return result;
}

/* Walks the smaller of two sets. Of a tuple, no more members can come than the set itself has.
 * CPython: set_intersection(). */
Set *set_intersection(Set *self, Object *iterable) {
    if (iterable == OBJECT(self)) return make_new_set(self->ob.type, iterable);
    const Type *type = self->ob.type;
    bool bounded = !anyset_check(iterable);
    if (!bounded && ((Set *)iterable)->used > self->used) {
        Set *larger = (Set *)iterable;
        iterable = OBJECT(self);
        self = larger;
    }
    Keys keys;
    if (keys_start(&keys, iterable) < 0) return NULL;
    return select_into(make_empty(type), &keys, self, 1, bounded);
}

/* The result takes the place of the members; so an error changes nothing.
 * CPython: set_intersection_update(). */
int set_intersection_update(Set *self, Object *iterable) {
    if (!set_is_mutable(self, "intersection_update")) return -1;
    Set *result = set_intersection(self, iterable);
    if (!result) return -1;
    set_swap_bodies(self, result);
    decref(result);
    return 0;
}

static int discard_keys(Set *self, Object *iterable) {
    Keys keys;
    if (keys_start(&keys, iterable) < 0) return -1;
    Object *key;
    hash_t hash;
    int status;
    while ((status = keys_next(&keys, self, &key, &hash)) > 0) {
        int answer = set_discard_entry(self, key, hash);
        decref(key);
        if (answer < 0) return -1;
    }
    return status;
}

/* CPython: set_difference_update_internal(). */
static int difference_update(Set *self, Object *iterable) {
    if (iterable == OBJECT(self)) {
        set_clear_internal(self);
        return 0;
    }
    int status;
    if (anyset_check(iterable) && ((Set *)iterable)->used / 8 > self->used) {
        // `self` is a small part of `iterable`: find out which part, and walk that.
        Set *common = set_intersection(self, iterable);
        if (!common) return -1;
        status = discard_keys(self, OBJECT(common));
        decref(common);
    } else {
        status = discard_keys(self, iterable);
    }
    if (status < 0) return -1;
    // More than a quarter dummies: build the table anew without them. That is tidying, the keys are
    // out already: if memory is short it can wait. CPython reports MemoryError here.
    if (self->fill - self->used > self->mask / 4 &&
        set_table_resize(self, set_growth(self->used)) < 0) {
        error_clear();
    }
    return 0;
}

int set_difference_update(Set *self, Object *iterable) {
    if (!set_is_mutable(self, "difference_update")) return -1;
    return difference_update(self, iterable);
}

/* Two ways to the same members: collect what stays, which costs a lookup for each of ours, or copy
 * and take out, which costs a copy and a lookup for each of theirs. The second wins when they are
 * less than a quarter of us. CPython: set_difference(), set_copy_and_difference(). */
Set *set_difference(Set *self, Object *iterable) {
    if (anyset_check(iterable) && self->used / 4 <= ((Set *)iterable)->used) {
        Keys keys = {OBJECT(self), 0};
        return select_into(make_empty(self->ob.type), &keys, (Set *)iterable, 0, false);
    }
    Set *result = make_new_set(self->ob.type, OBJECT(self));
    if (result && difference_update(result, iterable) < 0) {
        decref(result);
        return NULL;
    }
    return result;
}

/* ---- Symmetric difference --------------------------------------------------------------------*/

/* Each of `other`'s keys goes out if it is in, and in if it is not. */
static int toggle_keys(Set *self, Set *other) {
    Keys keys = {OBJECT(other), 0};
    Object *key;
    hash_t hash;
    while (keys_next(&keys, self, &key, &hash) > 0) {
        int answer = set_discard_entry(self, key, hash);
        if (answer == 0) answer = set_add_entry(self, key, hash);
        decref(key);
        if (answer < 0) return -1;
    }
    return 0;
}

/* A tuple could name a key twice and toggle it back, so it is made a set first.
 * CPython: set_symmetric_difference_update(). */
int set_symmetric_difference_update(Set *self, Object *iterable) {
    if (!set_is_mutable(self, "symmetric_difference_update")) return -1;
    if (iterable == OBJECT(self)) {
        set_clear_internal(self);
        return 0;
    }
    Set *other = anyset_check(iterable) ? (Set *)new_ref(iterable) : set_new(iterable);
    if (!other) return -1;
    int status = toggle_keys(self, other);
    decref(other);
    return status;
}

/* Starts from the other operand and toggles ours, not the reverse. CPython:
 * set_symmetric_difference(). */
Set *set_symmetric_difference(Set *self, Object *iterable) {
    Set *result = make_new_set(self->ob.type, iterable);
    if (!result) return NULL;
    if (toggle_keys(result, self) < 0) {
        decref(result);
        return NULL;
    }
    return result;
}

/* ---- Comparison ------------------------------------------------------------------------------*/

/* 1 if each of the keys gets the answer `wanted` from `probed`, 0 at the first that does not. */
static int all_keys(Object *iterable, Set *probed, int wanted) {
    Keys keys;
    if (keys_start(&keys, iterable) < 0) return -1;
    Object *key;
    hash_t hash;
    int status;
    while ((status = keys_next(&keys, probed, &key, &hash)) > 0) {
        int answer = set_contains_entry(probed, key, hash);
        decref(key);
        if (answer != wanted) return answer < 0 ? -1 : 0;
    }
    return status < 0 ? -1 : 1;
}

/* What is no set is made one first, so an unhashable key is an error wherever it stands. (3.12 takes
 * the intersection instead, which ends as soon as it has all of self: `{1} <= {1, ...}` is known by
 * then, and a later unhashable key goes unnoticed.) CPython: set_issubset(). */
int set_issubset(Set *self, Object *iterable) {
    if (!anyset_check(iterable)) {
        Set *other = set_new(iterable);
        if (!other) return -1;
        int answer = set_issubset(self, OBJECT(other));
        decref(other);
        return answer;
    }
    Set *other = (Set *)iterable;
    return self->used > other->used ? 0 : all_keys(OBJECT(self), other, 1);
}

/* CPython: set_issuperset(). */
int set_issuperset(Set *self, Object *iterable) {
    if (anyset_check(iterable)) return set_issubset((Set *)iterable, OBJECT(self));
    return all_keys(iterable, self, 1);
}

/* CPython: set_isdisjoint(). */
int set_isdisjoint(Set *self, Object *iterable) {
    if (iterable == OBJECT(self)) return self->used == 0;
    if (anyset_check(iterable) && ((Set *)iterable)->used > self->used) {
        return all_keys(OBJECT(self), (Set *)iterable, 0);
    }
    return all_keys(iterable, self, 0);
}
