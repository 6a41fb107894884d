/* test.c: the set against what its table must be, against a model, and against failing memory. */
#include "../set_table.h"

#include "../../../common/proof/testing.h"

/* ---- Tools -----------------------------------------------------------------------------------*/

typedef int (*OnSet)(Set *, Object *);
typedef Set *(*Making)(Set *, Object *);

static const OnSet updating[] = {set_update, set_intersection_update, set_difference_update,
                                 set_symmetric_difference_update};
static const Making making[] = {set_union, set_intersection, set_difference,
                                set_symmetric_difference};

/* A test's own objects: it ends with dropping them, and then no block is there that was not there
 * when it began. */
static Object **kept;
static size_t kept_count;

/* Takes over a new reference. */
static void *keep(void *op) {
    assert_non_null(op);
    if ((kept_count & (kept_count + 1)) == 0) // full, at each power of two less one
        kept = realloc(kept, (2 * kept_count + 2) * sizeof *kept);
    return kept[kept_count++] = op;
}

static int begin(void **state) {
    for (int64_t i = -5; i < 257; i++)
        decref(int_from_long(i)); // make the small ints, which stay
    *state = (void *)(intptr_t)testing_blocks();
    return 0;
}

static int end(void **state) {
    testing_fail_at(-1);
    while (kept_count > 0)
        decref(kept[--kept_count]);
    free(kept);
    kept = NULL;
    if (error_occurred()) print_error("an error is still set: %s\n", error_message());
    return error_occurred() || testing_blocks() != (intptr_t)*state;
}

#define CASE(name) static void name(__attribute__((unused)) void **state)

static Object *number(int64_t value) {
    return keep(int_from_long(value));
}

/* An operation with an int: what it returns. */
static int on_int(OnSet operation, Set *s, int64_t value) {
    Object *key = int_from_long(value);
    assert_non_null(key);
    int answer = operation(s, key);
    decref(key);
    return answer;
}

static void add_int(Set *s, int64_t value) {
    assert_int_equal(on_int(set_add, s, value), 0);
}

static int64_t int_of(const Object *key) {
    assert_ptr_equal(key->type, &Int_Type);
    return ((const Int *)key)->value;
}

/* The same for a reference that is only wanted for this. */
static int64_t int_of_new(Object *key) {
    int64_t value = int_of(key);
    decref(key);
    return value;
}

static Set *new_range(int64_t start, int64_t stop) {
    Set *s = set_new(NULL);
    assert_non_null(s);
    for (int64_t i = start; i < stop; i++)
        add_int(s, i);
    return s;
}

static Set *range(int64_t start, int64_t stop) {
    return keep(new_range(start, stop));
}

static Set *empty_set(void) {
    return keep(set_new(NULL));
}

static Set *frozen(Set *s) {
    return keep(frozenset_new(OBJECT(s)));
}

static void assert_repr(void *op, const char *expected) {
    Object *text = object_repr(op);
    assert_non_null(text);
    assert_string_equal(((Str *)text)->data, expected);
    decref(text);
}

/* Follows the probe sequence of a hash, with constants of its own: whether it comes to `slot`
 * before an empty one. */
static bool reaches(const Set *s, hash_t hash, size_t slot) {
    uint64_t perturb = (uint64_t)hash;
    size_t mask = (size_t)s->mask, i = (size_t)hash & mask;
    for (int jumps = 0; jumps < 1000; jumps++) {
        for (size_t j = 0; j <= (i + 9 <= mask ? 9 : 0); j++) {
            if (i + j == slot) return true;
            if (!s->table[i + j].key) return false;
        }
        perturb >>= 5;
        i = (size_t)(i * 5 + 1 + perturb) & mask;
    }
    return false;
}

/* All that must be true of a table at any time. */
static void assert_sound(const Set *s) {
    ssize_t used = 0, dummies = 0;
    assert_true((s->mask & (s->mask + 1)) == 0 && s->mask >= 7);
    assert_true((s->mask == 7) == (s->table == s->smalltable));
    for (size_t i = 0; i <= (size_t)s->mask; i++) {
        const SetEntry *entry = &s->table[i];
        if (!entry->key) {
            assert_int_equal(entry->hash, 0);
        } else if (entry->key == SET_DUMMY) {
            assert_int_equal(entry->hash, -1);
            dummies++;
        } else {
            used++;
            assert_int_equal(entry->hash, object_hash(entry->key));
            assert_true(reaches(s, entry->hash, i));
        }
    }
    assert_int_equal(s->used, used);
    assert_int_equal(s->fill, used + dummies);
    assert_true(s->fill * 5 < s->mask * 3);
}

/* A copy of everything in a set, to see that nothing has changed. */
typedef struct {
    Set fields;
    SetEntry *table;
} Snapshot;

static Snapshot snapshot(const Set *s) {
    size_t bytes = ((size_t)s->mask + 1) * sizeof(SetEntry);
    Snapshot taken = {*s, test_malloc(bytes)};
    memcpy(taken.table, s->table, bytes);
    return taken;
}

static bool snapshot_holds(Snapshot *taken, const Set *s) {
    size_t bytes = ((size_t)taken->fields.mask + 1) * sizeof(SetEntry);
    taken->fields.ob.refcnt = s->ob.refcnt;
    bool same =
        memcmp(&taken->fields, s, sizeof *s) == 0 && memcmp(taken->table, s->table, bytes) == 0;
    test_free(taken->table);
    return same;
}

/* ---- The table -------------------------------------------------------------------------------*/

CASE(test_empty) {
    Set *s = empty_set();
    assert_int_equal(set_size(s), 0);
    assert_int_equal(on_int(set_contains, s, 0), 0); // hash 0, as an empty slot has
    assert_int_equal(on_int(set_discard, s, 0), 0);
    assert_repr(s, "set()");
    assert_null(set_pop(s));
    assert_error(KeyError, "'pop from an empty set'");
    assert_true(set_sizeof(s) <= 200); // CPython's set().__sizeof__()
}

CASE(test_equal_numbers_share_a_slot) {
    Set *s = range(1, 2);
    Object *one = keep(float_from_double(1.0));
    assert_int_equal(set_add(s, one), 0);
    assert_int_equal(set_add(s, True), 0);
    assert_int_equal(set_contains(s, one), 1);
    assert_repr(s, "{1}"); // the first to come stays
    Object *nan = keep(float_from_double(0.0 / 0.0));
    Object *other_nan = keep(float_from_double(0.0 / 0.0));
    set_add(s, nan);
    set_add(s, other_nan);
    set_add(s, nan);
    assert_int_equal(set_size(s), 3); // a NaN equals only itself, by identity
}

CASE(test_growth) {
    static const struct {
        ssize_t used, slots;
    } steps[] = {{5, 32},       {19, 128},       {77, 512},       {307, 2048},     {1229, 8192},
                 {4915, 32768}, {19661, 131072}, {78643, 262144}, {157286, 524288}};
    Set *s = empty_set();
    ssize_t slots = 8;
    size_t step = 0;
    for (int64_t i = 0; i < 200000; i++) {
        add_int(s, i * 3);
        if (s->mask + 1 == slots) continue;
        slots = s->mask + 1;
        assert_int_equal(s->used, steps[step].used);
        assert_int_equal(slots, steps[step].slots);
        assert_int_equal(set_sizeof(s), sizeof(Set) + sizeof(SetEntry) * (size_t)slots);
        step++;
    }
    assert_int_equal(step, sizeof steps / sizeof steps[0]);
    assert_sound(s);
}

static void assert_at(const Set *s, int64_t slot, int64_t expected) {
    assert_int_equal(int_of(s->table[slot].key), expected);
}

/* Ten in a row, then where the perturbation leads; a run that would leave the table is not begun,
 * neither by an add nor when the table is built anew. */
CASE(test_probe_order) {
    Set *s = empty_set();
    assert_int_equal(set_table_resize(s, 511), 0);
    for (int64_t i = 0; i < 12; i++) {
        int64_t hash = 64 + i * 512;
        add_int(s, hash);
        assert_at(s, i < 10 ? 64 + i : (64 * 5 + 1 + (hash >> 5)) & 511, hash);
    }
    assert_sound(s);
    s = empty_set();
    set_table_resize(s, 31); // 32 slots: from 23 on a run of ten would leave the table
    const int64_t near_end[] = {23, 55, 22, 54};
    for (size_t i = 0; i < 4; i++)
        add_int(s, near_end[i]);
    for (int64_t slots = 64; slots >= 32; slots /= 2) {
        assert_sound(s);
        set_table_resize(s, slots - 1);
    }
    assert_at(s, (23 * 5 + 1 + (55 >> 5)) & 31, 55);
    assert_at(s, 24, 54);
}

CASE(test_dummies) {
    Set *s = range(0, 20);
    for (int64_t i = 0; i < 15; i++)
        assert_int_equal(on_int(set_discard, s, i), 1);
    assert_int_equal(s->used, 5);
    assert_int_equal(s->fill, 20);
    add_int(s, 3); // slots 3 to 12 are all dummies: the last of the run is taken
    assert_ptr_equal(s->table[3].key, SET_DUMMY);
    assert_int_equal(int_of(s->table[12].key), 3);
    assert_int_equal(s->fill, 20);
    assert_int_equal(on_int(set_contains, s, 3), 1);
    assert_int_equal(on_int(set_contains, s, 4), 0);
    for (int64_t i = 1000; i < 1060; i++) // dummies fill the table too; growing drops them
        add_int(s, i);
    assert_sound(s);
    s = range(0, 4); // the small table, full of dummies, is rebuilt in place
    for (int64_t i = 0; i < 1000; i++) {
        add_int(s, i + 4);
        assert_int_equal(on_int(set_discard, s, i), 1);
        assert_sound(s);
    }
    assert_int_equal(set_size(s), 4);
}

/* In a table beyond the cache the neighbours are asked all at once. */
CASE(test_neighbours_in_a_large_table) {
    Set *s = empty_set();
    assert_int_equal(set_table_resize(s, 1 << 19), 0);
    for (int64_t i = 0; i < 8; i++) { // all begin at slot 5
        int64_t key = 5 + i * (s->mask + 1);
        assert_int_equal(on_int(set_contains, s, key), 0);
        add_int(s, key);
        assert_int_equal(on_int(set_contains, s, key), 1);
    }
    assert_sound(s);
}

CASE(test_pop_and_finger) {
    Set *s = range(0, 10000);
    for (int64_t i = 0; i < 10000; i++) {
        assert_int_equal(int_of_new(set_pop(s)), i);
        assert_int_equal(s->finger, i + 1); // so the next search is one slot long
    }
    assert_null(set_pop(s));
    error_clear();
    assert_sound(s);
    s = range(5, 8); // the finger wraps round, and survives a smaller table
    s->finger = 1000007;
    assert_int_equal(int_of_new(set_pop(s)), 7);
    assert_int_equal(int_of_new(set_pop(s)), 5);
}

CASE(test_iteration) {
    Set *s = range(0, 100);
    SetIter iterator = set_iter(s);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(int_of_new(set_iter_next(&iterator)), i); // each in its own slot
    assert_null(set_iter_next(&iterator));
    assert_null(set_iter_next(&iterator)); // stays at its end
    assert_int_equal(error_occurred(), NoError);
    set_iter_clear(&iterator);

    iterator = set_iter(s);
    decref(set_iter_next(&iterator));
    add_int(s, 1000);
    for (int i = 0; i < 2; i++) {
        assert_null(set_iter_next(&iterator));
        assert_error(RuntimeError, "Set changed size during iteration");
        on_int(set_discard, s, 1000); // the size is back, the iterator stays invalid
    }
    set_iter_clear(&iterator);

    Set *last = new_range(0, 10);
    iterator = set_iter(last); // the iterator keeps the set alive
    decref(last);
    assert_int_equal(int_of_new(set_iter_next(&iterator)), 0);
    set_iter_clear(&iterator);
}

/* ---- Errors, repr, hash ----------------------------------------------------------------------*/

static int make_new(Set *s, Object *iterable) {
    (void)s;
    return set_new(iterable) ? 0 : -1;
}

static int unite(Set *s, Object *iterable) {
    return set_union(s, iterable) ? 0 : -1;
}

static int intersect_empty(Set *s, Object *iterable) {
    (void)s;
    Set *none = set_new(NULL), *both = set_intersection(none, iterable);
    decref(none);
    return both ? 0 : -1;
}

static int hash_set(Set *s, Object *unused) {
    (void)unused;
    return object_hash(OBJECT(s)) == -1 ? -1 : 0;
}

static int pop_it(Set *s, Object *unused) {
    (void)unused;
    return set_pop(s) ? 0 : -1;
}

static int clear_it(Set *s, Object *unused) {
    (void)unused;
    return set_clear(s);
}

typedef struct {
    OnSet run;
    void *operand;
    const char *message;
} Failure;

static void assert_failures(Set *s, ErrorType type, const Failure *failures, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(failures[i].run(s, failures[i].operand), -1);
        assert_error(type, failures[i].message);
    }
}
#define FAILURES(name) name, sizeof name / sizeof name[0]

CASE(test_errors) {
    Set *s = range(1, 3), *empty = empty_set();
    Object *text = keep(str_from_string("x'y")), *around = keep(tuple_pack(1, empty));
    Object *last = keep(tuple_pack(3, number(1), number(2), empty));
    const char *unhashable = "unhashable type: 'set'";
    const Failure missing[] = {
        {set_remove, text, "\"x'y\""}, {set_remove, empty, "set()"}, // looked up as frozenset()
    };
    const Failure wrong[] = {
        {set_add, empty, unhashable},
        {set_contains, empty, unhashable},
        {set_discard, around, unhashable},
        {set_sq_contains, around, unhashable},
        {hash_set, None, unhashable},
        {set_update, None, "'NoneType' object is not iterable"},
        {make_new, True, "'bool' object is not iterable"},
        {unite, text, "'str' object is not iterable"},
        {intersect_empty, around, unhashable}, // even if nothing can be common
        {set_issubset, last, unhashable},      // even if the answer is known
    };
    assert_failures(s, KeyError, FAILURES(missing));
    assert_failures(s, TypeError, FAILURES(wrong));
    assert_int_equal(set_sq_contains(s, OBJECT(empty)), 0);
    Set *both = keep(set_intersection(s, last)); // it has both members before it comes to the set
    assert_repr(both, "{1, 2}");
    assert_repr(s, "{1, 2}");
}

CASE(test_frozenset_does_not_change) {
    Set *f = frozen(range(1, 2));
    add_int(f, 2); // still ours alone: may be filled
    assert_ptr_equal(keep(set_copy(f)), f);
    Object *one = number(1);
#define NO(method) "'frozenset' object has no attribute '" method "'"
    const Failure changes[] = {
        {set_add, one, NO("add")},
        {set_discard, one, NO("discard")},
        {set_remove, one, NO("remove")},
        {pop_it, NULL, NO("pop")},
        {clear_it, NULL, NO("clear")},
        {set_update, f, NO("update")},
        {set_difference_update, f, NO("difference_update")},
        {set_intersection_update, f, NO("intersection_update")},
        {set_symmetric_difference_update, f, NO("symmetric_difference_update")},
    };
    assert_failures(f, AttributeError, FAILURES(changes));
    assert_repr(f, "frozenset({1, 2})");
}

/* Expected: `PYTHONHASHSEED=0 python3 -c "print(hash(frozenset(...)))"`. */
CASE(test_frozenset_hash) {
    static const struct {
        int64_t stop;
        hash_t hash;
    } expected[] = {{0, INT64_C(133146708735736)},
                    {1, INT64_C(-2704248722033767810)},
                    {2, INT64_C(9000494312501845833)},
                    {100, INT64_C(4411996150312757951)}};
    for (size_t i = 0; i < 4; i++) {
        Set *f = frozen(range(0, expected[i].stop));
        assert_int_equal(object_hash(OBJECT(f)), expected[i].hash);
        assert_int_equal(f->hash, expected[i].hash); // kept
    }
    for (int64_t dummies = 1; dummies < 4; dummies++) { // odd and even, of dummies and empty slots
        Set *with_dummies = range(0, 100), *plain = frozen(range(dummies, 100));
        for (int64_t i = 0; i < dummies; i++)
            on_int(set_discard, with_dummies, i);
        assert_int_equal(FrozenSet_Type.hash(OBJECT(with_dummies)), object_hash(OBJECT(plain)));
    }
}

CASE(test_frozenset_as_key) {
    Set *s = empty_set(), *pair = range(1, 3), *key = frozen(range(1, 3));
    assert_int_equal(set_add(s, OBJECT(key)), 0);
    assert_int_equal(set_sq_contains(s, OBJECT(pair)), 1);
    assert_int_equal(object_rich_equal(OBJECT(pair), OBJECT(key)), 1);
    assert_int_equal(object_rich_equal(OBJECT(key), OBJECT(pair)), 1);
    assert_int_equal(object_rich_equal(OBJECT(key), None), 0);
    assert_int_equal(set_remove(s, OBJECT(pair)), 0);
    assert_int_equal(set_size(s), 0);
}

/* An object that holds a set and shows it: the way for a set to contain itself. */
typedef struct {
    Object ob;
    Set *set;
} Holder;

static int holder_repr(Object *op, Writer *out) {
    return object_write_repr(OBJECT(((Holder *)op)->set), out);
}

static hash_t holder_hash(Object *op) {
    return hash_pointer(op);
}

static const Type Holder_Type = {.name = "Holder", .repr = holder_repr, .hash = holder_hash};

CASE(test_recursive_repr) {
    Set *s = empty_set();
    static Holder holder = {{.refcnt = 1, .type = &Holder_Type}, NULL};
    holder.set = s;
    set_add(s, OBJECT(&holder));
    assert_repr(s, "{set(...)}");
    Set *f = keep(frozenset_new(OBJECT(s)));
    holder.set = f;
    assert_repr(f, "frozenset({frozenset(...)})");
}

CASE(test_deep_nesting) {
    Set *nests[2];
    for (int i = 0; i < 2; i++) {
        nests[i] = frozenset_new(NULL);
        for (int depth = 0; depth < 100000; depth++) {
            Set *outer = frozenset_new(NULL);
            set_add(outer, OBJECT(nests[i]));
            decref(nests[i]);
            nests[i] = outer;
        }
        keep(nests[i]);
    }
    assert_int_equal(object_rich_equal(OBJECT(nests[0]), OBJECT(nests[1])), -1);
    assert_error(RecursionError, "maximum recursion depth exceeded in comparison");
    assert_null(object_repr(OBJECT(nests[0])));
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
}

/* ---- Comparisons that run code ---------------------------------------------------------------*/

/* Equal by number; a comparison does whatever on_compare says, which also decides the outcome. */
typedef struct {
    Object ob;
    int64_t number;
    hash_t hash;
} Hostile;

static Set *victim;
static int comparisons;
static int (*on_compare)(const Hostile *self, const Object *other);

static int hostile_equal(Object *op, Object *other) {
    comparisons++;
    return on_compare((Hostile *)op, other);
}

static void interfere(void);

static hash_t hostile_hash(Object *op) {
    interfere();
    return ((Hostile *)op)->hash;
}

static void hostile_dealloc(Object *op) {
    interfere();
    testing_free(op);
}

static int hostile_repr(Object *op, Writer *out) {
    interfere();
    return writer_puts(out, ((Hostile *)op)->number % 2 ? "odd" : "even");
}

static const Type Hostile_Type = {.name = "Hostile",
                                  .dealloc = hostile_dealloc,
                                  .repr = hostile_repr,
                                  .hash = hostile_hash,
                                  .equal = hostile_equal};

static Object *hostile(int64_t n, hash_t hash) {
    Hostile *self = object_new(&Hostile_Type, sizeof *self);
    self->number = n;
    self->hash = hash;
    return OBJECT(self);
}

/* The set now holds the key alone; it is returned, borrowed. */
static Object *add_hostile(Set *s, int64_t n, hash_t hash) {
    Object *key = hostile(n, hash);
    assert_int_equal(set_add(s, key), 0);
    decref(key);
    return key;
}

#define UNUSED       __attribute__((unused))
#define ACTION(name) static int name(UNUSED const Hostile *self, UNUSED const Object *other)

ACTION(differ) {
    return 0;
}

ACTION(clear_and_differ) {
    set_clear_internal(victim);
    return 0;
}

ACTION(grow_and_differ) {
    for (int64_t i = 0; i < 100; i++)
        add_int(victim, 1000 + i);
    return 0;
}

ACTION(resize_once) {
    if (victim->mask == 7) set_table_resize(victim, 511);
    return 0;
}

ACTION(say_boom) {
    return error_set(ValueError, "boom");
}

CASE(test_hostile) {
    int (*const actions[])(const Hostile *, const Object *) = {clear_and_differ, grow_and_differ,
                                                               say_boom};
    const OnSet operations[] = {set_add, set_contains, set_discard};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            victim = range(0, 4);
            Object *key = keep(hostile(0, 1));
            on_compare = actions[i];
            int status = operations[j](victim, key);
            assert_int_equal(status, actions[i] == say_boom ? -1 : 0);
            if (status < 0) assert_error(ValueError, "boom");
            on_compare = say_boom; // not to be asked again
            ssize_t left = actions[i] == clear_and_differ ? 0 : actions[i] == say_boom ? 4 : 104;
            assert_int_equal(victim->used, left + (status == 0 && j == 0));
        }
    }
    victim = range(0, 3); // a table is replaced once: the search begins again and ends
    Object *key = keep(hostile(0, 1));
    on_compare = resize_once;
    comparisons = 0;
    assert_int_equal(set_contains(victim, key), 0);
    assert_int_equal(comparisons, 2);
    assert_int_equal(set_add(victim, key), 0);
    comparisons = 0;
    assert_int_equal(set_issubset(victim, OBJECT(range(0, 3))), 0); // seen by the sizes
    assert_int_equal(comparisons, 0);
}

/* The key is held by nobody but the set that the comparison clears. */
CASE(test_key_dies_while_compared) {
    Set *source = empty_set(), *target = range(1, 2);
    add_hostile(source, 0, 1);
    on_compare = clear_and_differ;
    victim = source;
    assert_int_equal(set_update(target, OBJECT(source)), 0);
    assert_int_equal(source->used, 0);
    assert_int_equal(target->used, 2);
}

ACTION(refill_once) {
    on_compare = differ;
    add_hostile(victim, 4, 1);
    return 0;
}

/* A search for a free slot passes a dummy, and the comparison after it puts a member there. */
CASE(test_free_slot_is_filled_meanwhile) {
    victim = empty_set();
    on_compare = differ;
    Object *first = add_hostile(victim, 1, 1);
    add_hostile(victim, 2, 1); // at slot 6, behind it
    assert_int_equal(set_discard(victim, first), 1);
    on_compare = refill_once;
    add_hostile(victim, 3, 1);
    assert_int_equal(victim->used, 3);
    assert_sound(victim);
}

ACTION(rebuild_at_second) {
    if (comparisons != 2) return 0;
    Object *key = new_ref(victim->table[7].key);
    set_clear_internal(victim);
    set_add(victim, key);
    decref(key);
    return 0;
}

/* A search can come by a slot twice: that of hash 87 looks at 7, 6, 7, 4. Here the second visit
 * finds the same key in the same table, but the dummy passed in between is an empty slot now. */
CASE(test_free_slot_is_emptied_meanwhile) {
    victim = range(6, 7);
    on_int(set_discard, victim, 6);
    on_compare = rebuild_at_second;
    add_hostile(victim, 1, 87);
    comparisons = 0;
    add_hostile(victim, 2, 87);
    assert_int_equal(comparisons, 2);
    assert_int_equal(victim->used, 2);
    assert_sound(victim);
}

ACTION(agree) {
    return 1;
}

ACTION(grow_once) {
    on_compare = agree;
    return grow_and_differ(self, other);
}

/* How many can still come is known from the set's size now, not from that at the start. */
CASE(test_intersection_looks_at_the_size_again) {
    victim = range(1, 2);
    Object *items = keep(tuple_pack(2, keep(hostile(0, 1)), number(1000)));
    on_compare = grow_once;
    Set *both = keep(set_intersection(victim, items));
    assert_int_equal(set_size(both), 2);
}

/* ---- A random trial: every operation, and code that interferes wherever it can ----------------*/

enum { TRIALS = 400, TRIAL_STEPS = 300, TRIAL_SETS = 4 };

static Set *trial_sets[TRIAL_SETS];
static uint64_t trial_seed;
static int trial_budget; // how often an operation may still run inside another, in this step

static uint64_t trial_random(uint64_t limit) {
    return testing_random(&trial_seed, limit);
}

static Object *trial_key(void) {
    const hash_t hashes[] = {0, 3, 8, 87, 1 << 20};
    int64_t n = (int64_t)trial_random(trial_random(20) ? 14 : 200);
    return hostile(n, hashes[n % 5]);
}

/* A set, or a tuple of some keys; new reference. */
static Object *trial_iterable(void) {
    if (trial_random(3)) return new_ref(trial_sets[trial_random(TRIAL_SETS)]);
    Tuple *tuple = tuple_new((ssize_t)trial_random(8));
    for (ssize_t i = 0; i < tuple->size; i++)
        tuple->items[i] = trial_key();
    return OBJECT(tuple);
}

static int trial_equal(Set *s, Object *other) {
    return object_rich_equal(OBJECT(s), other);
}

static int trial_clear_or_pop(Set *s) {
    if (trial_random(4) == 0) return set_clear(s);
    Object *key = set_pop(s);
    xdecref(key);
    return key ? 0 : -1;
}

static int trial_show(Set *s) {
    Object *text = object_repr(OBJECT(s));
    xdecref(text);
    return text ? 0 : -1;
}

static int trial_step(void) {
    static const OnSet on_key[] = {set_add,     set_add,      set_add,    set_discard,
                                   set_discard, set_contains, set_remove, set_sq_contains};
    static const OnSet asking[] = {set_issubset, set_issuperset, set_isdisjoint, trial_equal};
    Set *s = trial_sets[trial_random(TRIAL_SETS)];
    uint64_t kind = trial_random(32);
    Object *operand = kind < 16 ? trial_key() : trial_iterable();
    int status = 0;
    if (kind < 16) {
        status = on_key[kind % 8](s, operand);
    } else if (kind < 20) {
        status = updating[kind % 4](s, operand);
    } else if (kind < 24) {
        status = asking[kind % 4](s, operand);
    } else if (kind < 28) {
        status = kind % 2 ? trial_clear_or_pop(s) : trial_show(s);
    } else {
        Set *made = making[kind % 4](s, operand);
        if (made) assert_sound(made);
        status = made ? 0 : -1;
        xdecref(made);
    }
    decref(operand);
    return status;
}

/* What a key's comparison, hash, repr and end may do: one more operation on one of the sets. */
static void interfere(void) {
    if (trial_budget == 0 || trial_random(3) == 0) return;
    trial_budget--;
    Error pending = error_fetch();
    trial_step();
    error_restore(pending);
}

ACTION(trial_compare) {
    interfere();
    if (trial_random(200) == 0) return error_set(ValueError, "boom");
    return other->type == &Hostile_Type && self->number == ((const Hostile *)other)->number;
}

CASE(test_interference) {
    trial_seed = testing_seed();
    on_compare = trial_compare;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (int i = 0; i < TRIAL_SETS; i++)
            trial_sets[i] = set_new(NULL);
        for (int step = 0; step < TRIAL_STEPS; step++) {
            trial_budget = (int)trial_random(4);
            int status = trial_step();
            assert_int_equal(status < 0, error_occurred() != NoError);
            error_clear();
            trial_budget = 0;
            for (int i = 0; i < TRIAL_SETS; i++)
                assert_sound(trial_sets[i]);
        }
        for (int i = 0; i < TRIAL_SETS; i++)
            decref(trial_sets[i]);
    }
}

/* ---- Operations on whole sets, against bit masks ---------------------------------------------*/

enum { UNIVERSE = 6 };

static Set *from_bits(const Type *type, unsigned bits) {
    Set *s = type == &Set_Type ? set_new(NULL) : frozenset_new(NULL);
    for (int i = 0; i < UNIVERSE; i++) {
        if (bits >> i & 1) add_int(s, i * 8); // all begin at slot 0 of the small table
    }
    return s;
}

static unsigned to_bits(Set *s) {
    unsigned bits = 0;
    ssize_t pos = 0;
    Object *key;
    hash_t hash;
    assert_sound(s);
    while (set_next_entry(s, &pos, &key, &hash))
        bits |= 1u << ((Int *)key)->value / 8;
    return bits;
}

static Object *to_tuple(Set *s) {
    Tuple *tuple = tuple_new(s->used * 2); // each key twice
    ssize_t pos = 0;
    Object *key;
    hash_t hash;
    for (ssize_t i = 0; set_next_entry(s, &pos, &key, &hash); i += 2) {
        tuple->items[i] = new_ref(key);
        tuple->items[i + 1] = new_ref(key);
    }
    return OBJECT(tuple);
}

static void check_new(Set *result, const Type *type, unsigned expected) {
    assert_non_null(result);
    assert_ptr_equal(result->ob.type, type);
    assert_int_equal(to_bits(result), expected);
    decref(result);
}

static void check_operations(const Type *type, unsigned a, unsigned b, Object *other) {
    const unsigned expected[] = {a | b, a & b, a & ~b, a ^ b};
    Set *s = from_bits(type, a);
    for (size_t i = 0; i < 4; i++)
        check_new(making[i](s, other), type, expected[i]);
    assert_int_equal(set_issubset(s, other), (a & ~b) == 0);
    assert_int_equal(set_issuperset(s, other), (b & ~a) == 0);
    assert_int_equal(set_isdisjoint(s, other), (a & b) == 0);
    if (anyset_check(other)) assert_int_equal(object_rich_equal(OBJECT(s), other), a == b);
    assert_int_equal(to_bits(s), a);
    for (size_t i = 0; type == &Set_Type && i < 4; i++) {
        Set *changed = set_copy(s);
        assert_int_equal(updating[i](changed, other), 0);
        check_new(changed, type, expected[i]);
    }
    decref(s);
}

CASE(test_operations) {
    const Type *const types[] = {&Set_Type, &FrozenSet_Type};
    for (unsigned a = 0; a < 1u << UNIVERSE; a++) {
        for (unsigned b = 0; b < 1u << UNIVERSE; b++) {
            for (int i = 0; i < 2; i++) {
                Set *other = from_bits(types[(a + b) % 2], b);
                check_operations(types[i], a, b, OBJECT(other));
                Object *tuple = to_tuple(other);
                check_operations(types[i], a, b, tuple);
                decref(tuple);
                decref(other);
            }
        }
    }
}

CASE(test_with_itself) {
    Set *s = range(0, 50);
    Object *self = OBJECT(s);
    assert_int_equal(set_update(s, self), 0);
    assert_int_equal(set_intersection_update(s, self), 0);
    assert_int_equal(set_size(s), 50);
    assert_int_equal(set_issubset(s, self) && set_issuperset(s, self), 1);
    assert_int_equal(set_isdisjoint(s, self), 0);
    assert_int_equal(object_rich_equal(self, self), 1);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(set_size(keep(making[i](s, self))), i < 2 ? 50 : 0);
    assert_int_equal(set_difference_update(s, self), 0);
    assert_int_equal(set_size(s), 0);
    assert_int_equal(set_isdisjoint(s, self), 1);
    add_int(s, 1);
    assert_int_equal(set_symmetric_difference_update(s, self), 0);
    assert_int_equal(set_size(s), 0);
}

/* ---- Memory ----------------------------------------------------------------------------------*/

CASE(test_add_without_memory) {
    Set *s = empty_set();
    int failures = 0;
    for (int64_t i = 0; i < 2000; i++) {
        Object *key = number(i * 17 + 1000);
        Snapshot before = snapshot(s);
        ssize_t references = key->refcnt;
        testing_fail_at(0);
        int status = set_add(s, key);
        testing_fail_at(-1);
        bool same = snapshot_holds(&before, s);
        if (status < 0) {
            assert_error(MemoryError, "");
            assert_true(same);
            assert_int_equal(key->refcnt, references);
            failures++;
            assert_int_equal(set_add(s, key), 0);
        }
        assert_int_equal(s->used, i + 1);
    }
    assert_int_equal(failures, 5); // the five resizes
    assert_sound(s);
}

static Set *new_from(Set *a, Object *b) {
    (void)a;
    return set_new(b);
}

static Set *plain_copy(Set *a, Object *b) {
    (void)b;
    return set_new(OBJECT(a));
}

/* An operation, on a new set each time, while each of its allocations fails in turn. What `make`
 * makes is then NULL, and nothing has changed or leaked; an update in place leaves a sound set,
 * which is as it was if `unchanged`. */
static void fail_each(Making make, OnSet update, bool unchanged, Set *(*build)(void), Object *b) {
    bool failed = true;
    for (long n = 0; failed; n++) {
        Set *a = build();
        long blocks = testing_blocks();
        Snapshot before = snapshot(a);
        testing_fail_at(n);
        Set *made = make ? make(a, b) : NULL;
        int status = !make ? update(a, b) : made ? 0 : -1;
        failed = testing_has_failed();
        testing_fail_at(-1);
        bool same = snapshot_holds(&before, a);
        assert_sound(a);
        if (status < 0) assert_error(MemoryError, "");
        if (make) assert_int_equal(failed, status < 0);
        if (make || (status < 0 && unchanged)) assert_true(same);
        if (make && !made) assert_int_equal(testing_blocks(), blocks);
        if (!failed) assert_int_equal(status, 0);
        xdecref(made);
        decref(a);
    }
}

static Set *build_few(void) {
    return new_range(1000, 1060);
}

static Set *build_many(void) {
    return new_range(1000, 3000);
}

static Set *build_frozen(void) {
    return frozenset_new(NULL);
}

/* What set.h promises of each operation; update's promise is for sets. */
CASE(test_operations_without_memory) {
    static const struct {
        Making make;
        OnSet update;
        bool unchanged_by_set, unchanged_by_tuple;
    } operations[] = {
        {set_union},
        {set_intersection},
        {set_difference},
        {set_symmetric_difference},
        {new_from},
        {plain_copy},
        {NULL, set_update, true, false},
        {NULL, set_intersection_update, true, true},
        {NULL, set_difference_update, true, true},
        {NULL, set_symmetric_difference_update, false, false},
    };
    Set *b = range(1030, 1100), *huge = range(1000, 3000);
    Object *operands[] = {OBJECT(b), OBJECT(huge), keep(to_tuple(b)), keep(to_tuple(huge))};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        for (size_t j = 0; j < 4; j++) {
            bool unchanged =
                j < 2 ? operations[i].unchanged_by_set : operations[i].unchanged_by_tuple;
            fail_each(operations[i].make, operations[i].update, unchanged, build_few, operands[j]);
            fail_each(operations[i].make, operations[i].update, unchanged, build_many, operands[j]);
        }
    }
    fail_each(set_union, NULL, true, build_frozen, OBJECT(b));
}

/* An update from a tuple that runs out of memory has added the items before, and no others. */
CASE(test_update_keeps_a_prefix) {
    Tuple *tuple = keep(tuple_new(100));
    for (ssize_t i = 0; i < 100; i++)
        tuple->items[i] = new_ref(number(1000 + i));
    Set *s = empty_set();
    testing_fail_at(1); // the second resize, at 19 members
    assert_int_equal(set_update(s, OBJECT(tuple)), -1);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_int_equal(set_size(s), 18);
    for (int64_t i = 0; i < 18; i++)
        assert_int_equal(on_int(set_contains, s, 1000 + i), 1);
}

/* The tidying after a difference_update may fail; the difference stands. */
CASE(test_difference_update_needs_no_memory) {
    Set *s = range(1000, 1060), *most = range(1000, 1055);
    testing_fail_at(0);
    assert_int_equal(set_difference_update(s, OBJECT(most)), 0);
    assert_true(testing_has_failed());
    testing_fail_at(-1);
    assert_int_equal(set_size(s), 5);
    assert_int_equal(s->fill, 60);
    assert_sound(s);
    Set *few = range(100, 160), *many = range(100, 200), *t = range(0, 10);
    s = range(0, 10); // only from eight times as large on is it worth to look for the common part
    testing_fail_at(0);
    assert_int_equal(set_difference_update(s, OBJECT(few)), 0);
    assert_int_equal(set_difference_update(t, OBJECT(many)), -1);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
}

CASE(test_absurd_sizes) {
    Set *s = range(0, 3);
    const ssize_t sizes[] = {PTRDIFF_MAX, PTRDIFF_MAX / 2, PTRDIFF_MAX / 16};
    for (size_t i = 0; i < 3; i++) {
        Snapshot before = snapshot(s);
        assert_int_equal(set_table_resize(s, sizes[i]), -1);
        assert_error(MemoryError, "");
        assert_true(snapshot_holds(&before, s));
    }
}

CASE(test_words_without_memory) {
    Set *s = range(0, 300);
    for (long n = 0;; n++) {
        testing_fail_at(n);
        Object *text = object_repr(OBJECT(s));
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        xdecref(text);
        if (!failed) break;
        assert_null(text);
        assert_error(MemoryError, "");
    }
    const OnSet operations[] = {set_remove, set_sq_contains};
    Object *operands[] = {number(1000), OBJECT(range(1, 3))};
    for (size_t i = 0; i < 2; i++) {
        testing_fail_at(0);
        assert_int_equal(operations[i](s, operands[i]), -1);
        testing_fail_at(-1);
        assert_error(MemoryError, "");
    }
}

/* ---- Against a model -------------------------------------------------------------------------
 * Keys are numbered; the model of a set is an array of bools. Each time a key is used a new object
 * is made for it, so that equality, not identity, has to find it. */

enum { KEYS = 700, STEPS = 100000 };

static Object *model_key(uint64_t id) {
    char text[24];
    switch (id % 4) {
    case 0:
        return int_from_long((int64_t)id * 64 - 9000); // many begin at the same slots
    case 1:
        snprintf(text, sizeof text, "k%d", (int)id);
        return str_from_string(text);
    case 2:
        return float_from_double((double)id + 0.5);
    default: {
        Object *part = int_from_long((int64_t)id);
        Object *key = tuple_pack(1, part);
        decref(part);
        return key;
    }
    }
}

static void assert_model(Set *s, const bool *model) {
    ssize_t size = 0;
    for (uint64_t id = 0; id < KEYS; id++) {
        Object *key = model_key(id);
        assert_int_equal(set_contains(s, key), model[id]);
        size += model[id];
        decref(key);
    }
    assert_int_equal(set_size(s), size);
    assert_sound(s);
}

static void model_one_key(Set *s, bool *model, uint64_t kind, uint64_t id) {
    Object *key = model_key(id);
    if (kind < 55) {
        assert_int_equal(set_add(s, key), 0);
        model[id] = true;
    } else if (kind < 85) {
        assert_int_equal(set_discard(s, key), model[id]);
        model[id] = false;
    } else {
        assert_int_equal(set_contains(s, key), model[id]);
    }
    decref(key);
}

static void model_operation(Set *s[2], bool model[2][KEYS], uint64_t kind) {
    if (kind % 2) {
        assert_int_equal(updating[kind / 2](s[0], OBJECT(s[1])), 0);
    } else {
        Set *result = making[kind / 2](s[0], OBJECT(s[1]));
        decref(s[0]);
        s[0] = result;
    }
    for (int id = 0; id < KEYS; id++) {
        bool a = model[0][id], b = model[1][id];
        const bool results[] = {a || b, a && b, a && !b, a != b};
        model[0][id] = results[kind / 2];
    }
}

CASE(test_model) {
    uint64_t seed = testing_seed();
    Set *s[2] = {set_new(NULL), set_new(NULL)};
    static bool model[2][KEYS];
    memset(model, 0, sizeof model);
    for (int step = 0; step < STEPS; step++) {
        uint64_t which = testing_random(&seed, 2), kind = testing_random(&seed, 400);
        if (kind < 395) {
            model_one_key(s[which], model[which], kind % 100, testing_random(&seed, KEYS));
        } else if (kind < 399) {
            model_operation(s, model, testing_random(&seed, 8));
        } else if (set_size(s[which]) > 0) {
            Object *key = set_pop(s[which]);
            for (uint64_t id = 0; id < KEYS; id++) {
                Object *same = model_key(id);
                if (object_rich_equal(key, same) == 1) model[which][id] = false;
                decref(same);
            }
            decref(key);
        }
        if (step % 500 == 0) {
            assert_model(s[0], model[0]);
            assert_model(s[1], model[1]);
        }
    }
    decref(s[0]);
    decref(s[1]);
}

int main(void) {
#define RUN(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        RUN(test_empty),
        RUN(test_equal_numbers_share_a_slot),
        RUN(test_growth),
        RUN(test_probe_order),
        RUN(test_dummies),
        RUN(test_neighbours_in_a_large_table),
        RUN(test_pop_and_finger),
        RUN(test_iteration),
        RUN(test_errors),
        RUN(test_frozenset_does_not_change),
        RUN(test_frozenset_hash),
        RUN(test_frozenset_as_key),
        RUN(test_recursive_repr),
        RUN(test_deep_nesting),
        RUN(test_hostile),
        RUN(test_key_dies_while_compared),
        RUN(test_free_slot_is_filled_meanwhile),
        RUN(test_free_slot_is_emptied_meanwhile),
        RUN(test_intersection_looks_at_the_size_again),
        RUN(test_interference),
        RUN(test_operations),
        RUN(test_with_itself),
        RUN(test_add_without_memory),
        RUN(test_operations_without_memory),
        RUN(test_update_keeps_a_prefix),
        RUN(test_difference_update_needs_no_memory),
        RUN(test_absurd_sizes),
        RUN(test_words_without_memory),
        RUN(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
