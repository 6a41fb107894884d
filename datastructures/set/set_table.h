/* set_table.h: the search, which set.c and set_operations.c share. Not for users of the set.
 *
 * It is a header so that the compiler can build each caller its own copy of the loop: a set is
 * nothing but this loop, and a call through a general function would cost as much as the search.
 */
#ifndef SET_TABLE_H
#define SET_TABLE_H

#include "set.h"

enum {
    /* After the first slot of a probe, the nine behind it: a slot has 16 bytes and a cache line 64,
     * so these are three or four lines that the processor fetches in a row. Dict jumps at once: its
     * slots lead to entries elsewhere, so its neighbours are not cheaper than strangers. */
    LINEAR_PROBES = 9,
    /* Each further jump mixes in five more bits of the hash; by the thirteenth all 64 have had
     * their say, and i * 5 + 1 alone still visits every slot. */
    PERTURB_SHIFT = 5,
};

#define always_inline __attribute__((always_inline))
#define noinline      __attribute__((noinline))

static inline bool set_is_active(const SetEntry *entry) {
    return entry->key && entry->key != SET_DUMMY;
}

/* What a comparison or a search says. UNDECIDED: it would take a call to find out. */
enum { ABSENT = 0, PRESENT = 1, FAILED = -1, UNDECIDED = 2 };

/* Whether the key at an entry of equal hash is the key sought, if that can be seen at a glance. */
static inline int compare_quick(const Object *candidate, const Object *key) {
    if (candidate == key) return PRESENT;
    if (candidate->type == &Int_Type && key->type == &Int_Type) {
        return ((const Int *)candidate)->value == ((const Int *)key)->value;
    }
    return UNDECIDED;
}

/* The same for any key. That may run anybody's code, which may change this very set: *moved says
 * that the table is not the one the caller was looking at. */
int set_compare(Set *self, const SetEntry *entry, Object *key, bool *moved);

/* How a search compares: not at all (WALK: to the end of the key's way), without calls (QUICK: may
 * answer UNDECIDED, and then the caller repeats it), by calling what a type has for it (CALL). */
typedef enum { WALK, QUICK, CALL } Gear;

/* The one search. PRESENT with the key's slot in *found; ABSENT with the empty slot that ended the
 * search; FAILED with an error set. If `freeslot` is wanted, it becomes the last dummy passed on
 * the way, or NULL; after CALL it may be neither any more. The usual case, QUICK, is a loop that
 * needs no stack. What is constant in a copy (the gear, whether freeslot is NULL) costs nothing.
 * CPython: set_lookkey() and the same loop in set_add_entry(). */
static inline always_inline int set_probe(Set *self, Object *key, hash_t hash, Gear gear,
                                          SetEntry **found, SetEntry **freeslot) {
restart:;
    size_t mask = (size_t)self->mask;
    SetEntry *table = self->table;
    uint64_t perturb = (uint64_t)hash;
    size_t i = (size_t)hash & mask;
    if (freeslot) *freeslot = NULL;

    for (;;) {
        SetEntry *entry = &table[i];
        // A run that would leave the table is not begun: one slot, then the next jump.
        SetEntry *last = i + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES : entry;
        do {
            if (!entry->key) {
                *found = entry;
                return ABSENT;
            }
            if (gear != WALK && entry->hash == hash) { // never a dummy: no key's hash is -1
                bool moved = false;
                int answer = gear == QUICK ? compare_quick(entry->key, key)
                                           : set_compare(self, entry, key, &moved);
                if (answer == FAILED || answer == UNDECIDED) return answer;
                // To add, it is enough to know that an equal key was there a moment ago.
                if (moved && !(freeslot && answer == PRESENT)) goto restart;
                if (answer == PRESENT) {
                    *found = entry;
                    return PRESENT;
                }
            } else if (freeslot && entry->hash == -1) {
                *freeslot = entry;
            }
        } while (entry++ != last);
        perturb >>= PERTURB_SHIFT;
        i = (size_t)(i * 5 + 1 + perturb) & mask;
    }
}

/* Puts a key known to be absent into a table without dummies that has room. No reference counts.
 * CPython: set_insert_clean(). */
static inline void set_insert_clean(SetEntry *table, size_t mask, Object *key, hash_t hash) {
    uint64_t perturb = (uint64_t)hash;
    size_t i = (size_t)hash & mask;
    if (!table[i].key) { // most often, and then without setting up the loop
        table[i] = (SetEntry){key, hash};
        return;
    }
    for (;;) {
        SetEntry *entry = &table[i];
        SetEntry *last = i + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES : entry;
        do {
            if (!entry->key) {
                *entry = (SetEntry){key, hash};
                return;
            }
        } while (entry++ != last);
        perturb >>= PERTURB_SHIFT;
        i = (size_t)(i * 5 + 1 + perturb) & mask;
    }
}

/* ---- The same operations with the hash known (set.c) ------------------------------------------*/

int set_add_entry(Set *self, Object *key, hash_t hash);
int set_contains_entry(Set *self, Object *key, hash_t hash);
int set_discard_entry(Set *self, Object *key, hash_t hash);

/* Moves all members to a table of more than `minused` slots, without the dummies; 0, or -1 with
 * MemoryError and nothing changed. CPython: set_table_resize(). */
int set_table_resize(Set *self, ssize_t minused);

/* How many slots a set of `used` members asks for: the rule that set_add() grows by. */
ssize_t set_growth(ssize_t used);

/* Whether `self` may be changed; if not, AttributeError in the words of `frozenset().method`. */
bool set_is_mutable(const Set *self, const char *method);

/* As set_clear(), for either type. Never fails. CPython: set_clear_internal(). */
void set_clear_internal(Set *self);

/* Drops the set's references to the members of a table that is no set's any more. */
void set_drop_keys(const SetEntry *table, ssize_t mask, ssize_t used);

/* Exchanges the contents of two sets. Never fails. CPython: set_swap_bodies(). */
void set_swap_bodies(Set *a, Set *b);

#endif
