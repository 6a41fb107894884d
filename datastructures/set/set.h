/* set.h: set and frozenset.
 *
 * A set is one open table of {key, hash} pairs and nothing else: no entries array beside it as in
 * dict, no values, no memory of the order of insertion. The order of iteration is the order of the
 * slots. A frozenset is the same struct under another type, which offers a hash and no changes.
 *
 * CPython: Include/cpython/setobject.h, Objects/setobject.c. Function names are the C API's where
 * it has one (PySet_Add is set_add), Python's method names elsewhere (set.union is set_union).
 */
#ifndef SET_H
#define SET_H

#include "../object.h"

/* CPython: PySet_MINSIZE. Eight slots live in the object itself; up to four members, so most sets
 * that programs make, cost one allocation. */
enum { SET_MINSIZE = 8 };

/* A slot is in one of three states: empty (key NULL, hash 0), active (a key and its hash), dummy
 * (key SET_DUMMY, hash -1): it was active once, and lookups must walk on past it. */
typedef struct {
    Object *key;
    hash_t hash;
} SetEntry;

/* CPython: PySetObject. */
typedef struct {
    Object ob;
    ssize_t fill;    // active and dummy slots: what makes lookups long
    ssize_t used;    // active slots: what len() says
    ssize_t mask;    // slots - 1, and slots is a power of two: hash & mask is hash modulo slots
    SetEntry *table; // smalltable, or a block of its own once that is too small
    hash_t hash;     // frozenset's, -1 until first asked for
    ssize_t finger;  // where pop() searches from
    SetEntry smalltable[SET_MINSIZE];
    Object *weakreflist; // Simplified: always NULL; with it the struct is as large as CPython's
} Set;

extern const Type Set_Type, FrozenSet_Type;
extern Object set_dummy_object;
#define SET_DUMMY (&set_dummy_object)

/* CPython: PyAnySet_Check(). */
static inline bool anyset_check(const Object *op) {
    return op->type == &Set_Type || op->type == &FrozenSet_Type;
}

/* ---- One key at a time (set.c), and one after another (set_type.c) ----------------------------*/

/* len(self). CPython: PySet_Size(). */
static inline ssize_t set_size(const Set *self) {
    return self->used;
}

/* Adds a key, which the set then shares: 0, or -1 with TypeError (unhashable), MemoryError, or what
 * the key's comparison raised; then nothing has changed. A frozenset may be filled while nobody
 * else holds it (refcnt 1); after that it is an AttributeError.
 * CPython: Objects/setobject.c, PySet_Add(), set_add_entry(). */
int set_add(Set *self, Object *key);

/* 1 if the key is a member, 0 if not, -1 with an error set (unhashable, or from a comparison).
 * CPython: PySet_Contains(), set_lookkey(). */
int set_contains(Set *self, Object *key);

/* The operator `key in self`: as set_contains(), but a set, though unhashable, can be asked for: it
 * is looked up as the frozenset of its members. CPython: set_contains(), the sq_contains slot. */
int set_sq_contains(Set *self, Object *key);

/* Takes the key out: 1 if it was a member, 0 if not, -1 with an error set.
 * CPython: PySet_Discard(), set_discard_entry(). */
int set_discard(Set *self, Object *key);

/* set.remove(): as set_discard(), but a missing key is a KeyError with its repr; a set as key is
 * looked up as a frozenset. 0 or -1. CPython: set_remove(). */
int set_remove(Set *self, Object *key);

/* Takes out some member and returns it: new reference, or NULL with KeyError "pop from an empty
 * set". CPython: PySet_Pop(), set_pop(). */
Object *set_pop(Set *self);

/* Empties the set and gives its table back: 0, or -1 for a frozenset. CPython: PySet_Clear(). */
int set_clear(Set *self);

/* set.__sizeof__(): bytes of the object and of its table, without those of the members. */
size_t set_sizeof(const Set *self);

/* Walks the slots: start with *pos = 0; 1 with the next member (borrowed) and its hash, 0 at the
 * end. The set must not change meanwhile. CPython: _PySet_NextEntry(). */
int set_next_entry(Set *self, ssize_t *pos, Object **key, hash_t *hash);

/* What `for key in self` keeps between two steps. Simplified: lives in the caller's frame; CPython
 * makes it an object (setiterobject), so that any code can hold it. */
typedef struct {
    Set *set; // a reference, until exhausted
    ssize_t used;
    ssize_t pos;
} SetIter;

/* CPython: set_iter(), setiter_iternext(), setiter_dealloc(). set_iter_next() returns a new
 * reference; NULL at the end, or with RuntimeError "Set changed size during iteration".
 * set_iter_clear() drops an iterator before its end; harmless after it. */
SetIter set_iter(Set *self);
Object *set_iter_next(SetIter *self);
void set_iter_clear(SetIter *self);

/* ---- Whole sets (set_operations.c) ------------------------------------------------------------
 * `iterable` is a set, a frozenset or a tuple; another type is a TypeError. Simplified: the iterator
 * protocol is another topic's.
 * What returns a Set returns a new reference, of self's type, or NULL with an error set; then self
 * is as it was. */

/* set(iterable), frozenset(iterable); NULL for an empty one. frozenset(a frozenset) is that very
 * object. CPython: PySet_New(), PyFrozenSet_New(). */
Set *set_new(Object *iterable);
Set *frozenset_new(Object *iterable);
/* A frozenset is its own copy. CPython: set_copy(), frozenset_copy(). */
Set *set_copy(Set *self);

Set *set_union(Set *self, Object *iterable);
Set *set_intersection(Set *self, Object *iterable);
Set *set_difference(Set *self, Object *iterable);
Set *set_symmetric_difference(Set *self, Object *iterable);

/* In place; 0, or -1 with an error set. What an error leaves behind:
 *   set_intersection_update          nothing changed, whatever the error
 *   set_update from a set, set_difference_update
 *                                    nothing changed if memory ran out
 *   otherwise                        a valid set in which some of the items are already dealt with,
 *                                    in their order: as in CPython, where `s.update([1, 2, []])`
 *                                    raises and has added 1 and 2 */
int set_update(Set *self, Object *iterable);
int set_intersection_update(Set *self, Object *iterable);
int set_difference_update(Set *self, Object *iterable);
int set_symmetric_difference_update(Set *self, Object *iterable);

/* 1, 0, or -1 with an error set. */
int set_issubset(Set *self, Object *iterable);
int set_issuperset(Set *self, Object *iterable);
int set_isdisjoint(Set *self, Object *iterable);

#endif
