/* set_type.c: what makes a table an object: iteration, repr, hash, equality, the two types.
 *
 * The invariant: nothing here depends on the order of the slots except what shows it (iteration and
 * repr). Two equal sets can have their members in different slots, as the order they came in
 * decides who got a contested slot; so equality is a lookup for each member, and the hash is a xor.
 *
 * CPython: Objects/setobject.c.
 */
#include "set_speed.h"
#include "set_table.h"

/* ---- Iteration -------------------------------------------------------------------------------*/

/* The next active slot from `i` on; beyond the mask if there is none. */
static inline ssize_t next_active(const SetEntry *table, ssize_t mask, ssize_t i) {
    if (mask < PREFETCH_FROM) {
        while (i <= mask && !set_is_active(&table[i]))
            i++;
        return i;
    }
    for (; i <= mask; i++) {
        set_prefetch_key(table, mask, i);
        if (set_is_active(&table[i])) break;
    }
    return i;
}

int set_next_entry(Set *self, ssize_t *pos, Object **key, hash_t *hash) {
    ssize_t i = next_active(self->table, self->mask, *pos);
    *pos = i + 1;
    if (i > self->mask) return 0;
    *key = self->table[i].key;
    *hash = self->table[i].hash;
    return 1;
}

SetIter set_iter(Set *self) {
    incref(self);
    return (SetIter){.set = self, .used = self->used};
}

static noinline Object *iter_end(SetIter *self) {
    if (self->set && self->used != self->set->used) {
        error_set(RuntimeError, "Set changed size during iteration");
        self->used = -1; // and so it stays, even if the size comes back
    } else {
        set_iter_clear(self);
    }
    return NULL;
}

Object *set_iter_next(SetIter *self) {
    const Set *set = self->set;
    if (!set || self->used != set->used) return iter_end(self);
    ssize_t i = next_active(set->table, set->mask, self->pos);
    self->pos = i + 1;
    if (i > set->mask) return iter_end(self);
    return new_ref(set->table[i].key);
}

void set_iter_clear(SetIter *self) {
    Set *set = self->set;
    self->set = NULL;
    xdecref(set);
}

/* ---- The types -------------------------------------------------------------------------------*/

static void set_dealloc(Object *op) {
    Set *self = (Set *)op;
    set_drop_keys(self->table, self->mask, self->used);
    if (self->table != self->smalltable) free(self->table);
    free(self);
}

/* Simplified: CPython copies the keys into a list first, as a key's repr may change the set; here
 * each key is held while it is written, and the walk goes on in whatever table there is then. */
static int set_repr(Object *op, Writer *out) {
    Set *self = (Set *)op;
    int entered = repr_enter(op);
    if (entered < 0) return -1;
    bool braces_only = self->ob.type == &Set_Type && self->used > 0 && entered == 0;
    if (!braces_only) writer_puts(out, self->ob.type->name);
    if (entered > 0) return writer_puts(out, "(...)");
    if (self->used == 0) {
        repr_leave(op);
        return writer_puts(out, "()");
    }
    int status = writer_puts(out, braces_only ? "{" : "({");
    ssize_t pos = 0;
    Object *key;
    hash_t hash;
    for (bool first = true; status == 0 && set_next_entry(self, &pos, &key, &hash); first = false) {
        incref(key);
        if (!first) writer_puts(out, ", ");
        status = object_write_repr(key, out);
        decref(key);
    }
    if (status == 0) status = writer_puts(out, braces_only ? "}" : "})");
    repr_leave(op);
    return status;
}

static uint64_t shuffle_bits(uint64_t hash) {
    return ((hash ^ UINT64_C(89869747)) ^ (hash << 16)) * UINT64_C(3644798167);
}

/* Two equal frozensets can hold their keys in different slots, so the hash must not depend on the
 * order: xor does not. Before the xor each hash is shuffled, or {1, 2} and {3} would collide
 * (1 ^ 2 == 3), and small ints are what many sets hold. CPython: frozenset_hash(). */
static hash_t frozenset_hash(Object *op) {
    Set *self = (Set *)op;
    if (self->hash != -1) return self->hash;
    uint64_t hash = 0;
    for (ssize_t i = 0; i <= self->mask; i++)
        hash ^= shuffle_bits((uint64_t)self->table[i].hash);
    // The loop has no branch, so it took in empty slots and dummies too; pairs of them have
    // cancelled themselves, an odd one is taken out here.
    if ((self->mask + 1 - self->fill) & 1) hash ^= shuffle_bits(0);
    if ((self->fill - self->used) & 1) hash ^= shuffle_bits((uint64_t)-1);
    hash ^= ((uint64_t)self->used + 1) * UINT64_C(1927868237);
    hash ^= (hash >> 11) ^ (hash >> 25); // so that nested frozensets do not cancel each other
    hash = hash * 69069 + UINT64_C(907133923);
    if (hash == (uint64_t)-1) hash = UINT64_C(590923713);
    self->hash = (hash_t)hash;
    return self->hash;
}

/* CPython: set_richcompare(), its case Py_EQ. */
static int set_equal(Object *op, Object *other) {
    if (!anyset_check(other)) return NOT_IMPLEMENTED;
    Set *a = (Set *)op, *b = (Set *)other;
    if (a->used != b->used) return 0;
    if (a->hash != -1 && b->hash != -1 && a->hash != b->hash) return 0;
    if (compare_enter() < 0) return -1;
    int answer = set_issubset(a, other);
    compare_leave();
    return answer;
}

const Type Set_Type = {
    .name = "set",
    .container = true,
    .dealloc = set_dealloc,
    .repr = set_repr,
    .equal = set_equal,
};

const Type FrozenSet_Type = {
    .name = "frozenset",
    .container = true,
    .dealloc = set_dealloc,
    .repr = set_repr,
    .hash = frozenset_hash,
    .equal = set_equal,
};
