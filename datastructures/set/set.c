/* set.c: the table of a set.
 *
 * The invariant: from the slot hash & mask, follow the probe sequence of a member's hash, and you
 * meet the member before the first empty slot. Whoever adds puts the key into the first empty slot
 * of its sequence (or into a dummy on the way); whoever removes leaves a dummy, never an empty
 * slot, or the members behind it would be lost; and there always is an empty slot, because at three
 * fifths full the table grows. So a lookup ends, and an empty slot is the proof of absence.
 *
 * CPython: Objects/setobject.c.
 */
#include "set_speed.h"
#include "set_table.h"

/* Above this many members a resize asks for twice as many slots, not four times. */
enum { GROWTH_SLOWS_AT = 50000 };

/* ---- The dummy -------------------------------------------------------------------------------*/

static int dummy_repr(Object *self, Writer *out) {
    (void)self;
    return writer_puts(out, "<dummy key>");
}
static const Type Dummy_Type = {.name = "<dummy key> type", .repr = dummy_repr};
Object set_dummy_object = {.refcnt = 1, .type = &Dummy_Type};

/* ---- One key, its hash known -----------------------------------------------------------------
 * Each operation exists in three gears: the first slot, which is most often enough; the search
 * without calls; the search that compares any keys. Each gear is small and calls the next at its
 * very end, so that the first two need no stack. */

int set_compare(Set *self, const SetEntry *entry, Object *key, bool *moved) {
    const SetEntry *table = self->table;
    ssize_t mask = self->mask;
    Object *startkey = entry->key;
    if (startkey->type == &Str_Type && key->type == &Str_Type) {
        const Str *a = (const Str *)startkey, *b = (const Str *)key;
        return a->length == b->length && a->kind == b->kind &&
               memcmp(a->data, b->data, (size_t)a->length * a->kind) == 0;
    }
    incref(startkey);
    int answer = object_rich_equal(startkey, key);
    *moved = table != self->table || mask != self->mask || entry->key != startkey;
    decref(startkey);
    return answer;
}

/* The slot where the search begins, and with luck ends: each operation looks here first. */
static inline SetEntry *first_slot(const Set *self, hash_t hash) {
    return &self->table[(size_t)hash & (size_t)self->mask];
}

static noinline int contains_slow(Set *self, Object *key, hash_t hash) {
    SetEntry *entry;
    return set_probe(self, key, hash, CALL, &entry, NULL);
}

static noinline int contains_probe(Set *self, Object *key, hash_t hash) {
    if (self->mask >= BEYOND_CACHE && absent_nearby(self, hash)) return ABSENT;
    SetEntry *entry;
    int answer = set_probe(self, key, hash, QUICK, &entry, NULL);
    return answer == UNDECIDED ? contains_slow(self, key, hash) : answer;
}

static inline int contains_entry(Set *self, Object *key, hash_t hash) {
    const Object *first = first_slot(self, hash)->key;
    if (first == key) return PRESENT;
    return first ? contains_probe(self, key, hash) : ABSENT;
}

int set_contains_entry(Set *self, Object *key, hash_t hash) {
    return contains_entry(self, key, hash);
}

/* The new member makes the table three fifths full. */
static noinline int add_grow(Set *self, SetEntry *entry, Object *key) {
    self->used++;
    if (set_table_resize(self, set_growth(self->used)) == 0) return 0;
    // CPython's set_add_entry() reports the error and keeps the key nevertheless.
    *entry = (SetEntry){0};
    self->fill--;
    self->used--;
    decref(key);
    return -1;
}

/* The key, which is counted already, goes into an empty slot. (used++ stands where it stands to
 * keep the compiler from joining it with fill++ to one access of 16 bytes, which then waits for the
 * two halves that others have written.) */
static inline int add_to_empty(Set *self, Object *key, hash_t hash, SetEntry *entry) {
    *entry = (SetEntry){key, hash};
    self->fill++;
    if ((size_t)self->fill * 5 >= (size_t)self->mask * 3) return add_grow(self, entry, key);
    self->used++;
    return 0;
}

/* The same, or into the last dummy passed on the way. */
static inline int add_absent(Set *self, Object *key, hash_t hash, SetEntry *entry,
                             SetEntry *freeslot) {
    if (!freeslot) return add_to_empty(self, key, hash, entry);
    self->used++; // and fill stays: a dummy becomes active
    *freeslot = (SetEntry){key, hash};
    return 0;
}

static noinline int add_slow(Set *self, Object *key, hash_t hash) {
    SetEntry *entry, *freeslot;
    // Before the search, as a comparison may drop the reference that the caller relies on.
    incref(key);
    int answer = set_probe(self, key, hash, CALL, &entry, &freeslot);
    if (answer != ABSENT) {
        decref(key);
        return answer == FAILED ? -1 : 0;
    }
    // A comparison may have filled the slot that was free before it, or emptied it, so the slot is
    // looked for once more, now that no code runs in between. CPython 3.11 to 3.13.0 does not: the
    // new member replaces the other, which still counts, and clear() walks past the table's end in
    // search of it (gh-141805).
    set_probe(self, key, hash, WALK, &entry, &freeslot);
    return add_absent(self, key, hash, entry, freeslot);
}

static noinline int add_probe(Set *self, Object *key, hash_t hash) {
    SetEntry *entry, *freeslot;
    int answer = set_probe(self, key, hash, QUICK, &entry, &freeslot);
    if (answer == UNDECIDED) return add_slow(self, key, hash);
    if (answer == PRESENT) return 0;
    incref(key);
    return add_absent(self, key, hash, entry, freeslot);
}

static inline int add_entry(Set *self, Object *key, hash_t hash) {
    SetEntry *first = first_slot(self, hash);
    if (first->key) return add_probe(self, key, hash);
    incref(key);
    return add_to_empty(self, key, hash, first);
}

int set_add_entry(Set *self, Object *key, hash_t hash) {
    return add_entry(self, key, hash);
}

static noinline int discard_dealloc(Object *key) {
    object_dealloc(key);
    return 1;
}

static inline int discard_present(Set *self, SetEntry *entry) {
    Object *old_key = entry->key;
    *entry = (SetEntry){SET_DUMMY, -1};
    self->used--;
    // Last: it may run code that looks at this set.
    return --old_key->refcnt == 0 ? discard_dealloc(old_key) : 1;
}

static noinline int discard_slow(Set *self, Object *key, hash_t hash) {
    SetEntry *entry;
    int answer = set_probe(self, key, hash, CALL, &entry, NULL);
    return answer == PRESENT ? discard_present(self, entry) : answer;
}

static noinline int discard_probe(Set *self, Object *key, hash_t hash) {
    SetEntry *entry;
    int answer = set_probe(self, key, hash, QUICK, &entry, NULL);
    if (answer == UNDECIDED) return discard_slow(self, key, hash);
    return answer == PRESENT ? discard_present(self, entry) : 0;
}

static inline int discard_entry(Set *self, Object *key, hash_t hash) {
    SetEntry *first = first_slot(self, hash);
    if (first->key == key) return discard_present(self, first);
    return first->key ? discard_probe(self, key, hash) : 0;
}

int set_discard_entry(Set *self, Object *key, hash_t hash) {
    return discard_entry(self, key, hash);
}

/* ---- Resizing --------------------------------------------------------------------------------*/

/* Four times the members, so that after a resize a table is at most a quarter full and most
 * lookups, found or not, end at the first slot. CPython: set_add_entry(). */
ssize_t set_growth(ssize_t used) {
    return used > GROWTH_SLOWS_AT ? used * 2 : used * 4;
}

/* Out of line, or the compiler would make a calloc() of malloc() and this. */
static noinline void clear_slots(SetEntry *table, size_t slots) {
    memset(table, 0, slots * sizeof *table);
}

/* A block of empty slots. calloc() gets large blocks already cleared from the kernel; of small ones
 * malloc() keeps a stock that glibc's calloc() does not use. */
static SetEntry *new_table(size_t slots) {
    enum { SMALL = 1024 };
    if (slots > PTRDIFF_MAX / sizeof(SetEntry)) return error_no_memory();
    SetEntry *table = slots <= SMALL ? malloc(slots * sizeof *table) : calloc(slots, sizeof *table);
    if (!table) return error_no_memory();
    if (slots <= SMALL) clear_slots(table, slots);
    block_advise(table, slots * sizeof *table);
    return table;
}

/* Puts all members of an old table into the set's new one. `far` is a constant in each copy. */
static inline always_inline void rehash(const Set *self, const SetEntry *oldtable, ssize_t oldmask,
                                        bool far) {
    SetEntry *table = self->table;
    size_t mask = (size_t)self->mask;
    for (const SetEntry *entry = oldtable; entry <= oldtable + oldmask; entry++) {
        if (far) set_prefetch_slot(oldtable, oldmask, entry - oldtable, self);
        if (set_is_active(entry)) set_insert_clean(table, mask, entry->key, entry->hash);
    }
}

int set_table_resize(Set *self, ssize_t minused) {
    SetEntry small_copy[SET_MINSIZE];
    SetEntry *oldtable = self->table, *newtable;
    ssize_t oldmask = self->mask;
    bool malloced = oldtable != self->smalltable;
    size_t newsize = SET_MINSIZE;
    while (newsize <= (size_t)minused)
        newsize <<= 1;

    if (newsize == SET_MINSIZE) {
        newtable = self->smalltable;
        if (!malloced) { // rebuilt in place, to be rid of the dummies
            if (self->fill == self->used) return 0;
            memcpy(small_copy, oldtable, sizeof small_copy);
            oldtable = small_copy;
        }
        memset(newtable, 0, sizeof self->smalltable);
    } else {
        newtable = new_table(newsize);
        if (!newtable) return -1;
    }
    self->table = newtable;
    self->mask = (ssize_t)newsize - 1;
    self->fill = self->used;
    if (newsize >= PREFETCH_FROM) {
        rehash(self, oldtable, oldmask, true);
    } else {
        rehash(self, oldtable, oldmask, false);
    }
    if (malloced) free(oldtable);
    return 0;
}

static void empty_to_minsize(Set *self) {
    memset(self->smalltable, 0, sizeof self->smalltable);
    self->fill = 0;
    self->used = 0;
    self->mask = SET_MINSIZE - 1;
    self->table = self->smalltable;
    self->hash = -1;
}

void set_drop_keys(const SetEntry *table, ssize_t mask, ssize_t used) {
    for (ssize_t i = 0; used > 0; i++) {
        if (mask >= PREFETCH_FROM) set_prefetch_key(table, mask, i);
        if (set_is_active(&table[i])) {
            used--;
            decref(table[i].key);
        }
    }
}

/* The set is made empty first and its keys are dropped after: their deallocation may run code that
 * looks at the set. */
void set_clear_internal(Set *self) {
    SetEntry small_copy[SET_MINSIZE];
    SetEntry *table = self->table;
    ssize_t used = self->used, mask = self->mask;
    bool malloced = table != self->smalltable;
    if (!malloced) {
        memcpy(small_copy, table, sizeof small_copy);
        table = small_copy;
    }
    empty_to_minsize(self);
    set_drop_keys(table, mask, used);
    if (malloced) free(table);
}

void set_swap_bodies(Set *a, Set *b) {
    Set old = *a;
    a->fill = b->fill;
    a->used = b->used;
    a->mask = b->mask;
    a->table = b->table == b->smalltable ? a->smalltable : b->table;
    b->fill = old.fill;
    b->used = old.used;
    b->mask = old.mask;
    b->table = old.table == a->smalltable ? b->smalltable : old.table;
    memcpy(a->smalltable, b->smalltable, sizeof a->smalltable);
    memcpy(b->smalltable, old.smalltable, sizeof b->smalltable);
    a->hash = -1;
    b->hash = -1;
}

/* ---- One key at a time -----------------------------------------------------------------------*/

bool set_is_mutable(const Set *self, const char *method) {
    if (self->ob.type == &Set_Type) return true;
    error_set(AttributeError, "'frozenset' object has no attribute '%s'", method);
    return false;
}

/* The hash, if it can be had without a call. */
static inline bool hash_quick(Object *key, hash_t *hash) {
    if (key->type == &Str_Type) {
        *hash = ((Str *)key)->hash;
        return *hash != -1;
    }
    if (key->type != &Int_Type) return false;
    *hash = int_hash(((Int *)key)->value);
    return true;
}

static noinline int add_any(Set *self, Object *key) {
    if (self->ob.refcnt != 1 && !set_is_mutable(self, "add")) return -1;
    hash_t hash = object_hash(key);
    return hash == -1 ? -1 : set_add_entry(self, key, hash);
}

int set_add(Set *self, Object *key) {
    hash_t hash;
    if (self->ob.type == &Set_Type && hash_quick(key, &hash)) return add_entry(self, key, hash);
    return add_any(self, key);
}

static noinline int contains_any(Set *self, Object *key) {
    hash_t hash = object_hash(key);
    return hash == -1 ? -1 : set_contains_entry(self, key, hash);
}

int set_contains(Set *self, Object *key) {
    hash_t hash;
    return hash_quick(key, &hash) ? contains_entry(self, key, hash) : contains_any(self, key);
}

static noinline int discard_any(Set *self, Object *key) {
    if (!set_is_mutable(self, "discard")) return -1;
    hash_t hash = object_hash(key);
    return hash == -1 ? -1 : set_discard_entry(self, key, hash);
}

int set_discard(Set *self, Object *key) {
    hash_t hash;
    if (self->ob.type == &Set_Type && hash_quick(key, &hash)) return discard_entry(self, key, hash);
    return discard_any(self, key);
}

/* Does an operation once more, after it found the key unhashable, with the frozenset of the key's
 * members, if the key is a set at all. */
static int retry_frozen(Set *self, Object *key, int (*operation)(Set *, Object *)) {
    if (key->type != &Set_Type || !error_matches(TypeError)) return -1;
    error_clear();
    Set *frozen = frozenset_new(key);
    if (!frozen) return -1;
    int answer = operation(self, OBJECT(frozen));
    decref(frozen);
    return answer;
}

int set_sq_contains(Set *self, Object *key) {
    int answer = set_contains(self, key);
    return answer < 0 ? retry_frozen(self, key, set_contains) : answer;
}

int set_remove(Set *self, Object *key) {
    if (!set_is_mutable(self, "remove")) return -1;
    int answer = set_discard(self, key);
    if (answer < 0) answer = retry_frozen(self, key, set_discard);
    if (answer != 0) return answer < 0 ? -1 : 0;
    Writer out = {0};
    if (object_write_repr(key, &out) == 0) {
        error_set(KeyError, "%.*s", (int)out.length, out.bytes);
    }
    writer_free(&out);
    return -1;
}

/* Without the finger, emptying a set by pops would search from slot 0 each time, over ever more
 * dummies: quadratic. */
Object *set_pop(Set *self) {
    if (!set_is_mutable(self, "pop")) return NULL;
    if (self->used == 0) {
        error_set(KeyError, "'pop from an empty set'");
        return NULL;
    }
    ssize_t i = self->finger & self->mask;
    while (!set_is_active(&self->table[i]))
        i = (i + 1) & self->mask;
    Object *key = self->table[i].key; // the set's reference becomes the caller's
    self->table[i] = (SetEntry){SET_DUMMY, -1};
    self->used--;
    self->finger = i + 1;
    return key;
}

int set_clear(Set *self) {
    if (!set_is_mutable(self, "clear")) return -1;
    set_clear_internal(self);
    return 0;
}

size_t set_sizeof(const Set *self) {
    bool malloced = self->table != self->smalltable;
    return sizeof *self + (malloced ? ((size_t)self->mask + 1) * sizeof(SetEntry) : 0);
}
