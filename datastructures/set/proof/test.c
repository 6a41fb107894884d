/* test.c: the set against what its table must be, against a model, and against failing memory. */
#include "../set_table.h"

#include "../../../common/proof/testing.h"

/* ---- Tools -----------------------------------------------------------------------------------*/

static Object *number(int64_t value) {
    Object *key = int_from_long(value);
    assert_non_null(key);
    return key;
}

static void add_int(Set *s, int64_t value) {
    Object *key = number(value);
    assert_int_equal(set_add(s, key), 0);
    decref(key);
}

static int has_int(Set *s, int64_t value) {
    Object *key = number(value);
    int answer = set_contains(s, key);
    decref(key);
    return answer;
}

static int discard_int(Set *s, int64_t value) {
    Object *key = number(value);
    int answer = set_discard(s, key);
    decref(key);
    return answer;
}

static Set *range(int64_t start, int64_t stop, int64_t step) {
    Set *s = set_new(NULL);
    assert_non_null(s);
    for (int64_t i = start; i < stop; i += step)
        add_int(s, i);
    return s;
}

static Set *frozen(Set *s) {
    Set *f = frozenset_new(OBJECT(s));
    assert_non_null(f);
    decref(s);
    return f;
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
    size_t mask = (size_t)s->mask, perturb = (size_t)hash, i = perturb & mask;
    for (int jumps = 0; jumps < 1000; jumps++) {
        for (size_t j = 0; j <= (i + 9 <= mask ? 9 : 0); j++) {
            if (i + j == slot) return true;
            if (!s->table[i + j].key) return false;
        }
        perturb >>= 5;
        i = (i * 5 + 1 + perturb) & mask;
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

/* Every test ends with no block more than it began with. */
static int count_blocks(void **state) {
    for (int64_t i = -5; i < 257; i++)
        decref(int_from_long(i)); // make the small ints, which stay
    *state = (void *)(intptr_t)testing_blocks();
    return 0;
}

static int same_blocks(void **state) {
    testing_fail_at(-1);
    if (error_occurred()) print_error("an error is still set: %s\n", error_message());
    return error_occurred() || testing_blocks() != (intptr_t)*state;
}

/* ---- The table -------------------------------------------------------------------------------*/

static void test_empty(void **state) {
    (void)state;
    Set *s = set_new(NULL);
    assert_int_equal(set_size(s), 0);
    assert_int_equal(has_int(s, 0), 0); // hash 0, as an empty slot has
    assert_int_equal(discard_int(s, 0), 0);
    assert_repr(s, "set()");
    assert_null(set_pop(s));
    assert_error(KeyError, "'pop from an empty set'");
    assert_true(set_sizeof(s) <= 200); // CPython's set().__sizeof__()
    decref(s);
}

static void test_equal_numbers_share_a_slot(void **state) {
    (void)state;
    Set *s = range(1, 2, 1);
    Object *one = float_from_double(1.0);
    assert_int_equal(set_add(s, one), 0);
    assert_int_equal(set_add(s, True), 0);
    assert_int_equal(set_size(s), 1);
    assert_int_equal(set_contains(s, one), 1);
    assert_repr(s, "{1}"); // the first to come stays
    Object *nan = float_from_double(0.0 / 0.0), *other_nan = float_from_double(0.0 / 0.0);
    set_add(s, nan);
    set_add(s, other_nan);
    set_add(s, nan);
    assert_int_equal(set_size(s), 3); // a NaN equals only itself, by identity
    decref(nan);
    decref(other_nan);
    decref(one);
    decref(s);
}

static void test_growth(void **state) {
    (void)state;
    static const struct {
        ssize_t used, slots;
    } steps[] = {{5, 32},       {19, 128},       {77, 512},       {307, 2048},     {1229, 8192},
                 {4915, 32768}, {19661, 131072}, {78643, 262144}, {157286, 524288}};
    Set *s = set_new(NULL);
    ssize_t slots = 8;
    size_t step = 0;
    for (int64_t i = 0; i < 200000; i++) {
        add_int(s, i * 3);
        if (s->mask + 1 == slots) continue;
        slots = s->mask + 1;
        assert_int_equal(s->used, steps[step].used);
        assert_int_equal(slots, steps[step].slots);
        assert_int_equal(set_sizeof(s), sizeof(Set) + 16 * (size_t)slots);
        step++;
    }
    assert_int_equal(step, sizeof steps / sizeof steps[0]);
    assert_sound(s);
    decref(s);
}

static void test_probe_order(void **state) {
    (void)state;
    // Twelve keys of slot 64 of 512: ten in a row, then where the perturbation leads.
    Set *s = range(64, 64 + 80, 1);
    assert_int_equal(s->mask, 511);
    set_clear(s);
    decref(s);
    s = set_new(NULL);
    assert_int_equal(set_table_resize(s, 511), 0);
    for (int64_t i = 0; i < 12; i++)
        add_int(s, 64 + i * 512);
    for (int64_t i = 0; i < 10; i++)
        assert_int_equal(((Int *)s->table[64 + i].key)->value, 64 + i * 512);
    for (int64_t i = 10; i < 12; i++) {
        size_t hash = (size_t)(64 + i * 512), slot = (64 * 5 + 1 + (hash >> 5)) & 511;
        assert_int_equal(((Int *)s->table[slot].key)->value, 64 + i * 512);
    }
    assert_sound(s);
    decref(s);
}

static void test_runs_stop_before_the_end(void **state) {
    (void)state;
    Set *s = set_new(NULL);
    set_table_resize(s, 31); // 32 slots: from 23 on a run of ten would leave the table
    add_int(s, 23);
    add_int(s, 23 + 32);
    add_int(s, 22);
    add_int(s, 22 + 32);
    assert_int_equal(((Int *)s->table[(23 * 5 + 1 + (55 >> 5)) & 31].key)->value, 55);
    assert_int_equal(((Int *)s->table[24].key)->value, 54);
    assert_sound(s);
    decref(s);
}

static void test_dummies(void **state) {
    (void)state;
    Set *s = range(0, 20, 1);
    for (int64_t i = 0; i < 15; i++)
        assert_int_equal(discard_int(s, i), 1);
    assert_int_equal(s->used, 5);
    assert_int_equal(s->fill, 20);
    add_int(s, 3); // slots 3 to 12 are all dummies: the last of the run is taken
    assert_ptr_equal(s->table[3].key, SET_DUMMY);
    assert_int_equal(((Int *)s->table[12].key)->value, 3);
    assert_int_equal(s->fill, 20);
    assert_int_equal(has_int(s, 3), 1);
    assert_int_equal(has_int(s, 4), 0);
    for (int64_t i = 1000; i < 1060; i++) // dummies fill the table too; growing drops them
        add_int(s, i);
    assert_sound(s);
    decref(s);

    s = range(0, 4, 1); // the small table, full of dummies, is rebuilt in place
    for (int64_t i = 0; i < 1000; i++) {
        add_int(s, i + 4);
        assert_int_equal(discard_int(s, i), 1);
        assert_sound(s);
    }
    assert_int_equal(set_size(s), 4);
    decref(s);
}

static void test_pop_and_finger(void **state) {
    (void)state;
    Set *s = range(0, 10000, 1);
    for (int64_t i = 0; i < 10000; i++) {
        Object *key = set_pop(s);
        assert_int_equal(((Int *)key)->value, i);
        assert_int_equal(s->finger, i + 1); // so the next search is one slot long
        decref(key);
    }
    assert_null(set_pop(s));
    error_clear();
    assert_sound(s);
    decref(s);
    s = range(5, 8, 1); // the finger wraps round, and survives a smaller table
    s->finger = 1000007;
    Object *key = set_pop(s);
    assert_int_equal(((Int *)key)->value, 7);
    decref(key);
    key = set_pop(s);
    assert_int_equal(((Int *)key)->value, 5);
    decref(key);
    decref(s);
}

static void test_iteration(void **state) {
    (void)state;
    Set *s = range(0, 100, 1);
    SetIter iterator = set_iter(s);
    Object *key;
    int64_t expected = 0;
    for (; (key = set_iter_next(&iterator)); expected++) {
        assert_int_equal(((Int *)key)->value, expected); // small ints lie in their own slots
        decref(key);
    }
    assert_int_equal(expected, 100);
    assert_int_equal(error_occurred(), NoError);
    assert_null(set_iter_next(&iterator)); // stays at its end
    set_iter_clear(&iterator);

    iterator = set_iter(s);
    decref(set_iter_next(&iterator));
    add_int(s, 1000);
    assert_null(set_iter_next(&iterator));
    assert_error(RuntimeError, "Set changed size during iteration");
    discard_int(s, 1000);
    assert_null(set_iter_next(&iterator)); // the size is back, the iterator stays invalid
    assert_error(RuntimeError, "Set changed size during iteration");
    set_iter_clear(&iterator);

    iterator = set_iter(s); // the iterator keeps the set alive
    decref(s);
    key = set_iter_next(&iterator);
    assert_int_equal(((Int *)key)->value, 0);
    decref(key);
    set_iter_clear(&iterator);
}

/* ---- Errors, repr, hash ----------------------------------------------------------------------*/

static void test_errors(void **state) {
    (void)state;
    Set *s = range(1, 3, 1), *empty = set_new(NULL);
    Object *key = str_from_string("x'y"), *around = tuple_pack(1, empty);
    assert_int_equal(set_remove(s, key), -1);
    assert_error(KeyError, "\"x'y\"");
    assert_int_equal(set_remove(s, OBJECT(empty)), -1); // looked up as frozenset()
    assert_error(KeyError, "set()");
    assert_int_equal(set_add(s, OBJECT(empty)), -1);
    assert_error(TypeError, "unhashable type: 'set'");
    assert_int_equal(set_contains(s, OBJECT(empty)), -1);
    assert_error(TypeError, "unhashable type: 'set'");
    assert_int_equal(set_discard(s, around), -1);
    assert_error(TypeError, "unhashable type: 'set'");
    assert_int_equal(set_sq_contains(s, OBJECT(empty)), 0);
    assert_int_equal(set_sq_contains(s, around), -1);
    assert_error(TypeError, "unhashable type: 'set'");
    assert_int_equal(set_update(s, None), -1);
    assert_error(TypeError, "'NoneType' object is not iterable");
    assert_null(set_new(True));
    assert_error(TypeError, "'bool' object is not iterable");
    assert_null(set_union(s, key));
    assert_error(TypeError, "'str' object is not iterable");
    assert_null(set_intersection(empty, around)); // hashed even if nothing can be common
    assert_error(TypeError, "unhashable type: 'set'");
    Object *one = number(1), *two = number(2), *last = tuple_pack(3, one, two, empty);
    assert_int_equal(set_issubset(s, last), -1); // and even if the answer is known
    assert_error(TypeError, "unhashable type: 'set'");
    decref(last);
    decref(two);
    decref(one);
    assert_repr(s, "{1, 2}");
    decref(around);
    decref(key);
    decref(empty);
    decref(s);
}

static void test_frozenset_does_not_change(void **state) {
    (void)state;
    Set *f = set_new(NULL);
    add_int(f, 1);
    f = frozen(f);
    Object *key = number(2), *one = number(1);
    assert_int_equal(set_add(f, key), 0); // still ours alone: may be filled
    Set *shared = set_copy(f);
    assert_ptr_equal(shared, f);
    assert_int_equal(set_add(f, key), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'add'");
    assert_int_equal(set_discard(f, one), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'discard'");
    assert_int_equal(set_remove(f, one), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'remove'");
    assert_null(set_pop(f));
    assert_error(AttributeError, "'frozenset' object has no attribute 'pop'");
    assert_int_equal(set_clear(f), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'clear'");
    assert_int_equal(set_update(f, OBJECT(f)), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'update'");
    assert_int_equal(set_difference_update(f, OBJECT(f)), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'difference_update'");
    assert_int_equal(set_intersection_update(f, OBJECT(f)), -1);
    assert_error(AttributeError, "'frozenset' object has no attribute 'intersection_update'");
    assert_int_equal(set_symmetric_difference_update(f, OBJECT(f)), -1);
    assert_error(AttributeError,
                 "'frozenset' object has no attribute 'symmetric_difference_update'");
    assert_repr(f, "frozenset({1, 2})");
    decref(shared);
    decref(f);
    decref(key);
    decref(one);
}

/* Expected: `PYTHONHASHSEED=0 python3 -c "print(hash(frozenset(...)))"`. */
static void test_frozenset_hash(void **state) {
    (void)state;
    static const struct {
        int64_t stop;
        hash_t hash;
    } expected[] = {{0, INT64_C(133146708735736)},
                    {1, INT64_C(-2704248722033767810)},
                    {2, INT64_C(9000494312501845833)},
                    {100, INT64_C(4411996150312757951)}};
    for (size_t i = 0; i < 4; i++) {
        Set *f = frozen(range(0, expected[i].stop, 1));
        assert_int_equal(object_hash(OBJECT(f)), expected[i].hash);
        assert_int_equal(f->hash, expected[i].hash); // kept
        decref(f);
    }
    Set *with_dummies = range(0, 100, 1), *plain = frozen(range(3, 100, 1));
    for (int64_t i = 0; i < 3; i++)
        discard_int(with_dummies, i);
    hash_t hash = FrozenSet_Type.hash(OBJECT(with_dummies)); // an odd number of dummies
    assert_int_equal(hash, object_hash(OBJECT(plain)));
    assert_int_equal(object_hash(OBJECT(with_dummies)), -1);
    assert_error(TypeError, "unhashable type: 'set'");
    decref(with_dummies);
    decref(plain);
}

static void test_frozenset_as_key(void **state) {
    (void)state;
    Set *s = set_new(NULL), *pair = range(1, 3, 1), *key = frozen(range(1, 3, 1));
    assert_int_equal(set_add(s, OBJECT(key)), 0);
    assert_int_equal(set_sq_contains(s, OBJECT(pair)), 1);
    assert_int_equal(object_rich_equal(OBJECT(pair), OBJECT(key)), 1);
    assert_int_equal(object_rich_equal(OBJECT(key), OBJECT(pair)), 1);
    assert_int_equal(object_rich_equal(OBJECT(key), None), 0);
    assert_int_equal(set_remove(s, OBJECT(pair)), 0);
    assert_int_equal(set_size(s), 0);
    decref(s);
    decref(pair);
    decref(key);
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

static void test_recursive_repr(void **state) {
    (void)state;
    Set *s = set_new(NULL);
    Holder holder = {{.refcnt = 1, .type = &Holder_Type}, s};
    set_add(s, OBJECT(&holder));
    assert_repr(s, "{set(...)}");
    Set *f = frozenset_new(OBJECT(s));
    holder.set = f;
    assert_repr(f, "frozenset({frozenset(...)})");
    decref(s);
    decref(f);
}

static void test_deep_nesting(void **state) {
    (void)state;
    Set *nests[2] = {frozen(set_new(NULL)), frozen(set_new(NULL))};
    for (int depth = 0; depth < 100000; depth++) {
        for (int i = 0; i < 2; i++) {
            Set *outer = frozenset_new(NULL);
            set_add(outer, OBJECT(nests[i]));
            decref(nests[i]);
            nests[i] = outer;
        }
    }
    assert_int_equal(object_rich_equal(OBJECT(nests[0]), OBJECT(nests[1])), -1);
    assert_error(RecursionError, "maximum recursion depth exceeded in comparison");
    assert_null(object_repr(OBJECT(nests[0])));
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    decref(nests[0]);
    decref(nests[1]);
}

/* ---- Comparisons that run code ---------------------------------------------------------------*/

typedef int (*OnSet)(Set *, Object *);

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

#define ACTION(name) static int name(const Hostile *self, const Object *other)
#define UNUSED       (void)self, (void)other

ACTION(differ) {
    UNUSED;
    return 0;
}

ACTION(clear_and_differ) {
    UNUSED;
    set_clear_internal(victim);
    return 0;
}

ACTION(grow_and_differ) {
    UNUSED;
    for (int64_t i = 0; i < 100; i++)
        add_int(victim, 1000 + i);
    return 0;
}

ACTION(resize_once) {
    UNUSED;
    if (victim->mask == 7) set_table_resize(victim, 511);
    return 0;
}

ACTION(say_boom) {
    UNUSED;
    return error_set(ValueError, "boom");
}

static void test_hostile(void **state) {
    (void)state;
    int (*const actions[])(const Hostile *, const Object *) = {clear_and_differ, grow_and_differ,
                                                               say_boom};
    const OnSet operations[] = {set_add, set_contains, set_discard};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            victim = range(0, 4, 1);
            Object *key = hostile(0, 1);
            on_compare = actions[i];
            int status = operations[j](victim, key);
            assert_int_equal(status, actions[i] == say_boom ? -1 : 0);
            if (status < 0) assert_error(ValueError, "boom");
            on_compare = say_boom; // not to be asked again
            ssize_t left = actions[i] == clear_and_differ ? 0 : actions[i] == say_boom ? 4 : 104;
            assert_int_equal(victim->used, left + (status == 0 && j == 0));
            decref(victim);
            decref(key);
        }
    }
    victim = range(0, 3, 1); // a table is replaced once: the search begins again and ends
    Object *key = hostile(0, 1);
    on_compare = resize_once;
    comparisons = 0;
    assert_int_equal(set_contains(victim, key), 0);
    assert_int_equal(comparisons, 2);
    decref(key);
    decref(victim);
}

/* The key is held by nobody but the set that the comparison clears. */
static void test_key_dies_while_compared(void **state) {
    (void)state;
    Set *source = set_new(NULL), *target = range(1, 2, 1);
    add_hostile(source, 0, 1);
    on_compare = clear_and_differ;
    victim = source;
    assert_int_equal(set_update(target, OBJECT(source)), 0);
    assert_int_equal(source->used, 0);
    assert_int_equal(target->used, 2);
    decref(source);
    decref(target);
}

ACTION(refill_once) {
    UNUSED;
    on_compare = differ;
    add_hostile(victim, 4, 1);
    return 0;
}

/* A search for a free slot passes a dummy, and the comparison after it puts a member there. */
static void test_free_slot_is_filled_meanwhile(void **state) {
    (void)state;
    victim = set_new(NULL);
    on_compare = differ;
    Object *first = add_hostile(victim, 1, 1);
    add_hostile(victim, 2, 1); // at slot 6, behind it
    assert_int_equal(set_discard(victim, first), 1);
    on_compare = refill_once;
    add_hostile(victim, 3, 1);
    assert_int_equal(victim->used, 3);
    assert_sound(victim);
    decref(victim);
}

ACTION(rebuild_at_second) {
    UNUSED;
    if (comparisons != 2) return 0;
    Object *key = new_ref(victim->table[7].key);
    set_clear_internal(victim);
    set_add(victim, key);
    decref(key);
    return 0;
}

/* A search can come by a slot twice: that of hash 87 looks at 7, 6, 7, 4. Here the second visit
 * finds the same key in the same table, but the dummy passed in between is an empty slot now. */
static void test_free_slot_is_emptied_meanwhile(void **state) {
    (void)state;
    victim = range(6, 7, 1);
    discard_int(victim, 6);
    on_compare = rebuild_at_second;
    add_hostile(victim, 1, 87);
    comparisons = 0;
    add_hostile(victim, 2, 87);
    assert_int_equal(comparisons, 2);
    assert_int_equal(victim->used, 2);
    assert_sound(victim);
    decref(victim);
}

ACTION(agree) {
    UNUSED;
    return 1;
}

ACTION(grow_once) {
    on_compare = agree;
    return grow_and_differ(self, other);
}

/* How many can still come is known from the set's size now, not from that at the start. */
static void test_intersection_looks_at_the_size_again(void **state) {
    (void)state;
    victim = range(1, 2, 1);
    Object *key = hostile(0, 1), *late = number(1000), *items = tuple_pack(2, key, late);
    on_compare = grow_once;
    Set *both = set_intersection(victim, items);
    assert_int_equal(set_size(both), 2);
    decref(both);
    decref(items);
    decref(late);
    decref(key);
    decref(victim);
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

static int trial_clear_or_pop(Set *s, Object *other) {
    (void)other;
    if (trial_random(4) == 0) return set_clear(s);
    Object *key = set_pop(s);
    xdecref(key);
    return key ? 0 : -1;
}

static int trial_show(Set *s, Object *other) {
    (void)other;
    Object *text = object_repr(OBJECT(s));
    xdecref(text);
    return text ? 0 : -1;
}

static int trial_step(void) {
    static const OnSet on_key[] = {set_add,     set_add,      set_add,    set_discard,
                                   set_discard, set_contains, set_remove, set_sq_contains};
    static const OnSet on_iterable[] = {set_update,
                                        set_intersection_update,
                                        set_difference_update,
                                        set_symmetric_difference_update,
                                        set_issubset,
                                        set_issuperset,
                                        set_isdisjoint,
                                        trial_equal,
                                        trial_clear_or_pop,
                                        trial_show};
    static Set *(*const making[])(Set *, Object *) = {set_union, set_intersection, set_difference,
                                                      set_symmetric_difference};
    Set *s = trial_sets[trial_random(TRIAL_SETS)];
    uint64_t kind = trial_random(32);
    Object *operand = kind < 16 ? trial_key() : trial_iterable();
    int status = 0;
    if (kind < 16) {
        status = on_key[kind % 8](s, operand);
    } else if (kind < 28) {
        status = on_iterable[kind % 10](s, operand);
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

static void test_interference(void **state) {
    (void)state;
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
    Set *s = set_new(NULL);
    for (int i = 0; i < UNIVERSE; i++) {
        if (bits >> i & 1) add_int(s, i * 8); // all begin at slot 0 of the small table
    }
    return type == &Set_Type ? s : frozen(s);
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
    Set *s = from_bits(type, a);
    check_new(set_union(s, other), type, a | b);
    check_new(set_intersection(s, other), type, a & b);
    check_new(set_difference(s, other), type, a & ~b);
    check_new(set_symmetric_difference(s, other), type, a ^ b);
    assert_int_equal(set_issubset(s, other), (a & ~b) == 0);
    assert_int_equal(set_issuperset(s, other), (b & ~a) == 0);
    assert_int_equal(set_isdisjoint(s, other), (a & b) == 0);
    if (anyset_check(other)) assert_int_equal(object_rich_equal(OBJECT(s), other), a == b);
    assert_int_equal(to_bits(s), a);
    if (type == &Set_Type) {
        int (*const in_place[])(Set *, Object *) = {set_update, set_intersection_update,
                                                    set_difference_update,
                                                    set_symmetric_difference_update};
        const unsigned expected[] = {a | b, a & b, a & ~b, a ^ b};
        for (size_t i = 0; i < 4; i++) {
            Set *changed = set_copy(s);
            assert_int_equal(in_place[i](changed, other), 0);
            check_new(changed, type, expected[i]);
        }
    }
    decref(s);
}

static void test_operations(void **state) {
    (void)state;
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

static void test_with_itself(void **state) {
    (void)state;
    Set *s = range(0, 50, 1);
    Object *self = OBJECT(s);
    assert_int_equal(set_update(s, self), 0);
    assert_int_equal(set_intersection_update(s, self), 0);
    assert_int_equal(set_size(s), 50);
    assert_int_equal(set_issubset(s, self) && set_issuperset(s, self), 1);
    assert_int_equal(set_isdisjoint(s, self), 0);
    assert_int_equal(object_rich_equal(self, self), 1);
    Set *both[] = {set_union(s, self), set_intersection(s, self), set_difference(s, self),
                   set_symmetric_difference(s, self)};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(set_size(both[i]), i < 2 ? 50 : 0);
        decref(both[i]);
    }
    assert_int_equal(set_difference_update(s, self), 0);
    assert_int_equal(set_size(s), 0);
    assert_int_equal(set_isdisjoint(s, self), 1);
    add_int(s, 1);
    assert_int_equal(set_symmetric_difference_update(s, self), 0);
    assert_int_equal(set_size(s), 0);
    decref(s);
}

/* ---- Memory ----------------------------------------------------------------------------------*/

static void test_add_without_memory(void **state) {
    (void)state;
    Set *s = set_new(NULL);
    int failures = 0;
    for (int64_t i = 0; i < 2000; i++) {
        Object *key = number(i * 17 + 1000);
        Snapshot before = snapshot(s);
        ssize_t references = key->refcnt;
        testing_fail_at(0);
        int status = set_add(s, key);
        testing_fail_at(-1);
        if (status < 0) {
            assert_error(MemoryError, "");
            assert_true(snapshot_holds(&before, s));
            assert_int_equal(key->refcnt, references);
            failures++;
            assert_int_equal(set_add(s, key), 0);
        } else {
            test_free(before.table);
        }
        assert_int_equal(s->used, i + 1);
        decref(key);
    }
    assert_int_equal(failures, 5); // the five resizes
    assert_sound(s);
    decref(s);
}

typedef Set *(*Operation)(Set *, Object *);

/* Each of the operation's allocations fails in turn: NULL, and both operands as they were. */
static void fail_operation(Operation operation, Set *a, Object *b) {
    for (long n = 0;; n++) {
        long blocks = testing_blocks();
        Snapshot before = snapshot(a);
        testing_fail_at(n);
        Set *result = operation(a, b);
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        assert_true(snapshot_holds(&before, a));
        if (!failed) {
            assert_non_null(result);
            decref(result);
            return;
        }
        assert_null(result);
        assert_error(MemoryError, "");
        assert_int_equal(testing_blocks(), blocks);
    }
}

static Set *new_from(Set *a, Object *b) {
    (void)a;
    return set_new(b);
}

static Set *plain_copy(Set *a, Object *b) {
    (void)b;
    return set_new(OBJECT(a));
}

static void test_operations_without_memory(void **state) {
    (void)state;
    const Operation operations[] = {set_union,      set_intersection,
                                    set_difference, set_symmetric_difference,
                                    new_from,       plain_copy};
    Set *a = range(1000, 1060, 1), *b = range(1030, 1100, 1), *huge = range(1000, 3000, 1);
    Object *tuple = to_tuple(b);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        fail_operation(operations[i], a, OBJECT(b));
        fail_operation(operations[i], a, OBJECT(huge));
        fail_operation(operations[i], huge, OBJECT(a));
        fail_operation(operations[i], a, tuple);
    }
    Set *f = frozen(set_new(NULL));
    fail_operation(set_union, f, OBJECT(b));
    decref(f);
    decref(tuple);
    decref(a);
    decref(b);
    decref(huge);
}

/* What set.h promises of the operations in place. */
static void fail_in_place(int (*operation)(Set *, Object *), Object *b, bool unchanged) {
    for (long n = 0;; n++) {
        Set *a = range(1000, 1060, 1);
        Snapshot before = snapshot(a);
        testing_fail_at(n);
        int status = operation(a, b);
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        bool same = snapshot_holds(&before, a);
        assert_sound(a);
        if (status < 0) assert_error(MemoryError, "");
        if (status < 0 && unchanged) assert_true(same);
        decref(a);
        if (!failed) {
            assert_int_equal(status, 0);
            return;
        }
    }
}

static void test_in_place_without_memory(void **state) {
    (void)state;
    Set *b = range(1030, 1100, 1), *huge = range(1000, 3000, 1);
    Object *operands[] = {OBJECT(b), OBJECT(huge), to_tuple(b), to_tuple(huge)};
    for (size_t i = 0; i < 4; i++) {
        bool is_set = i < 2;
        fail_in_place(set_update, operands[i], is_set);
        fail_in_place(set_intersection_update, operands[i], true);
        fail_in_place(set_difference_update, operands[i], true);
        fail_in_place(set_symmetric_difference_update, operands[i], false);
        decref(operands[i]);
    }
}

/* An update from a tuple that runs out of memory has added the items before, and no others. */
static void test_update_keeps_a_prefix(void **state) {
    (void)state;
    Tuple *tuple = tuple_new(100);
    for (ssize_t i = 0; i < 100; i++)
        tuple->items[i] = number(1000 + i);
    Set *s = set_new(NULL);
    testing_fail_at(1); // the second resize, at 19 members
    assert_int_equal(set_update(s, OBJECT(tuple)), -1);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    assert_int_equal(set_size(s), 18);
    for (int64_t i = 0; i < 18; i++)
        assert_int_equal(has_int(s, 1000 + i), 1);
    decref(s);
    decref(tuple);
}

/* The tidying after a difference_update may fail; the difference stands. */
static void test_difference_update_needs_no_memory(void **state) {
    (void)state;
    Set *s = range(1000, 1060, 1), *most = range(1000, 1055, 1);
    testing_fail_at(0);
    assert_int_equal(set_difference_update(s, OBJECT(most)), 0);
    assert_true(testing_has_failed());
    testing_fail_at(-1);
    assert_int_equal(set_size(s), 5);
    assert_int_equal(s->fill, 60);
    assert_sound(s);
    decref(s);
    decref(most);
}

static void test_absurd_sizes(void **state) {
    (void)state;
    Set *s = range(0, 3, 1);
    const ssize_t sizes[] = {PTRDIFF_MAX, PTRDIFF_MAX / 2, PTRDIFF_MAX / 16};
    for (size_t i = 0; i < 3; i++) {
        Snapshot before = snapshot(s);
        assert_int_equal(set_table_resize(s, sizes[i]), -1);
        assert_error(MemoryError, "");
        assert_true(snapshot_holds(&before, s));
    }
    decref(s);
}

static void test_words_without_memory(void **state) {
    (void)state;
    Set *s = range(0, 300, 1);
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
    Object *key = number(1000);
    testing_fail_at(0);
    assert_int_equal(set_remove(s, key), -1);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    Set *pair = range(1, 3, 1);
    testing_fail_at(0);
    assert_int_equal(set_sq_contains(s, OBJECT(pair)), -1);
    testing_fail_at(-1);
    assert_error(MemoryError, "");
    decref(pair);
    decref(key);
    decref(s);
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
    Object *other = OBJECT(s[1]);
    int (*const in_place[])(Set *, Object *) = {set_update, set_intersection_update,
                                                set_difference_update,
                                                set_symmetric_difference_update};
    Set *(*const making[])(Set *, Object *) = {set_union, set_intersection, set_difference,
                                               set_symmetric_difference};
    if (kind % 2) {
        assert_int_equal(in_place[kind / 2](s[0], other), 0);
    } else {
        Set *result = making[kind / 2](s[0], other);
        decref(s[0]);
        s[0] = result;
    }
    for (int id = 0; id < KEYS; id++) {
        bool a = model[0][id], b = model[1][id];
        const bool results[] = {a || b, a && b, a && !b, a != b};
        model[0][id] = results[kind / 2];
    }
}

static void test_model(void **state) {
    (void)state;
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, count_blocks, same_blocks)
    const struct CMUnitTest tests[] = {
        TEST(test_empty),
        TEST(test_equal_numbers_share_a_slot),
        TEST(test_growth),
        TEST(test_probe_order),
        TEST(test_runs_stop_before_the_end),
        TEST(test_dummies),
        TEST(test_pop_and_finger),
        TEST(test_iteration),
        TEST(test_errors),
        TEST(test_frozenset_does_not_change),
        TEST(test_frozenset_hash),
        TEST(test_frozenset_as_key),
        TEST(test_recursive_repr),
        TEST(test_deep_nesting),
        TEST(test_hostile),
        TEST(test_key_dies_while_compared),
        TEST(test_free_slot_is_filled_meanwhile),
        TEST(test_free_slot_is_emptied_meanwhile),
        TEST(test_intersection_looks_at_the_size_again),
        TEST(test_interference),
        TEST(test_operations),
        TEST(test_with_itself),
        TEST(test_add_without_memory),
        TEST(test_operations_without_memory),
        TEST(test_in_place_without_memory),
        TEST(test_update_keeps_a_prefix),
        TEST(test_difference_update_needs_no_memory),
        TEST(test_absurd_sizes),
        TEST(test_words_without_memory),
        TEST(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
