/* callbacks.c: keys and values whose hash, equality, repr or finalizer changes the very dict that
 * called them. First a random trial of every operation (replay it with SEED=n; it shows most under
 * AddressSanitizer), then the cases that have a known right answer. */
#include "check.h"

/* ---- A type that does it ---------------------------------------------------------------------*/

typedef struct {
    Object ob;
    int id;
} Evil;

static void evil_act(void);

static struct {
    void (*act)(void); // what the next callback does; NULL: nothing
    bool fails;        // whether it then raises ValueError
    Dict *dict;
    Object *victim;
} evil;

/* One callback: does what is due, once; -1 if it is to fail. Finalizers run while an error may be
 * pending, which they leave as it is. */
static int evil_call(void) {
    void (*act)(void) = evil.act;
    bool fails = evil.fails;
    if (act != evil_act) evil.act = NULL;
    evil.fails = false;
    if (act) act();
    return fails ? error_set(ValueError, "no") : 0;
}

static void evil_dealloc(Object *self) {
    Error pending = error_fetch();
    if (evil.act == evil_act) evil_call();
    error_restore(pending);
    testing_free(self);
}

/* Each reads its object after the call: whoever called it has to hold it. */
static int evil_repr(Object *self, Writer *out) {
    if (evil_call() < 0) return -1;
    return writer_puts(out, ((Evil *)self)->id < 0 ? "?" : "evil");
}

static hash_t evil_hash(Object *self) {
    if (evil.act == evil_act && evil_call() < 0) return -1;
    return ((Evil *)self)->id < 100 ? 3 : 11; // one slot of eight
}

static int evil_equal(Object *self, Object *other) {
    if (evil_call() < 0) return -1;
    return self->type == other->type && ((Evil *)self)->id == ((Evil *)other)->id;
}

static const Type Evil_Type = {
    .name = "evil",
    .dealloc = evil_dealloc,
    .repr = evil_repr,
    .hash = evil_hash,
    .equal = evil_equal,
};

static Object *evil_new(int id) {
    Evil *self = object_new(&Evil_Type, sizeof *self);
    self->id = id;
    return OBJECT(self);
}

/* ---- Every operation, at random --------------------------------------------------------------*/

enum { POOL = 16, TRIALS = 4000, OPERATIONS = 40 };

static struct {
    uint64_t random;
    int budget; // changes still to be made during this operation
    Dict *dicts[2];
    Object *pool[POOL];
} trial;

static uint64_t below(uint64_t limit) {
    return testing_random(&trial.random, limit);
}

/* Keys of one hash or one slot: foreign ones, tuples of them, ints, and strs that claim theirs. */
static void fill_pool(void) {
    for (int i = 0; i < POOL; i++) {
        Object *op = i < 6 ? evil_new(i) : i < 8 ? evil_new(100 + i) : i < 12 ? name(i) : number(3);
        if (8 <= i && i < 12) ((Str *)op)->hash = i % 2 ? 3 : 11;
        if (i == 12) {
            Object *inner = op;
            op = tuple_pack(1, inner);
            decref(inner);
        }
        trial.pool[i] = op;
    }
}

/* A new value: one with a finalizer, or a dict of them. */
static Object *fresh(void) {
    if (below(4)) return evil_new((int)below(3));
    Dict *inner = dict_new();
    set(inner, number(1), evil_new(1));
    return OBJECT(inner);
}

/* The value is e's, and nobody but e holds it: an operation that runs code has to. */
static int op_set_borrowed(Dict *d, Dict *e, Object *key, Object *value) {
    (void)key, (void)value;
    ssize_t pos = 0;
    Object *their_key, *theirs;
    return dict_next(e, &pos, &their_key, &theirs) ? dict_set_item(d, their_key, theirs) : 0;
}

static const Operation operations[] = {
    op_set,    op_set,   op_set,     op_set_borrowed, op_set_default, op_contains,
    op_get,    op_del,   op_pop,     op_pop_default,  op_subscript,   op_popitem,
    op_update, op_merge, op_equal,   op_repr,         op_copy,        op_keys,
    op_values, op_items, op_iterate, op_clear,
};
enum { OPERATION_COUNT = sizeof operations / sizeof operations[0] };

/* Any operation on either dict, with a key of the pool or a new one, and a new value: what is
 * inserted is referred to by the dict alone. An answer comes with no error, an error with one. */
static void operate(uint64_t which) {
    bool swapped = below(2);
    Object *key = below(2) ? new_ref(trial.pool[below(POOL)]) : evil_new((int)below(6));
    Object *value = fresh();
    int status = operations[which](trial.dicts[swapped], trial.dicts[!swapped], key, value);
    assert_int_equal(status < 0, error_occurred() != NoError);
    error_clear();
    decref(key);
    decref(value);
}

static void evil_act(void) {
    if (trial.budget <= 0 || below(3) > 0) return;
    trial.budget--;
    operate(below(OPERATION_COUNT));
    evil.fails = below(20) == 0;
}

static void one_trial(uint64_t seed) {
    long blocks = testing_blocks();
    trial.random = seed;
    fill_pool();
    for (int i = 0; i < 2; i++)
        trial.dicts[i] = dict_new();
    for (int i = 0; i < OPERATIONS; i++) {
        trial.budget = (int)below(6);
        evil.act = evil_act;
        operate(below(OPERATION_COUNT));
        evil.act = NULL;
        evil.fails = false;
        check(trial.dicts[0]);
        check(trial.dicts[1]);
    }
    for (int i = 0; i < 2; i++)
        decref(trial.dicts[i]);
    for (int i = 0; i < POOL; i++)
        decref(trial.pool[i]);
    assert_int_equal(testing_blocks(), blocks);
}

static void test_every_operation_changed_under(UNUSED void **state) {
    uint64_t seed = testing_seed();
    for (uint64_t i = 0; i < TRIALS; i++)
        one_trial(seed * TRIALS + i);
}

/* ---- Known answers ---------------------------------------------------------------------------*/

static Object *keys[3]; // of hash 3, in evil.dict with the value None

static int setup(UNUSED void **state) {
    evil.dict = dict_new();
    for (int i = 0; i < 3; i++) {
        keys[i] = evil_new(i);
        dict_set_item(evil.dict, keys[i], None);
    }
    return 0;
}

static int teardown(UNUSED void **state) {
    evil.act = NULL;
    for (int i = 0; i < 3; i++)
        decref(keys[i]);
    decref(evil.dict);
    return 0;
}

static void act_delete(void) {
    dict_del_item(evil.dict, evil.victim);
}

static void act_clear(void) {
    dict_clear(evil.dict);
}

static void act_grow(void) {
    for (int i = 0; i < 100; i++)
        set(evil.dict, number(1000 + i), number(i));
}

static void act_insert(void) {
    dict_set_item(evil.dict, evil.victim, None);
}

static void act_reinsert(void) {
    dict_del_item(evil.dict, evil.victim);
    dict_set_item(evil.dict, evil.victim, True);
}

/* The new table is likely to be where the old one was, with what it held beyond nentries. */
static void act_start_over(void) {
    dict_clear(evil.dict);
    dict_set_item(evil.dict, evil.victim, None);
}

static void act_become_strs(void) {
    dict_clear(evil.dict);
    set(evil.dict, text("a"), number(1));
}

static void test_equality_that_fails(UNUSED void **state) {
    static const Operation all[] = {op_set, op_contains,    op_subscript,
                                    op_del, op_set_default, op_pop};
    Object *probe = evil_new(2);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        evil.fails = true;
        assert_int_equal(all[i](evil.dict, NULL, probe, True), -1);
        assert_error(ValueError, "no");
        assert_repr(evil.dict, "{evil: None, evil: None, evil: None}");
        check(evil.dict);
    }
    decref(probe);
}

/* A search for `id` (3 is absent), while equality does its work on one of the three. */
static void change_under(const Operation operation, void (*act)(void), int victim, int id) {
    setup(NULL);
    Object *probe = evil_new(id);
    set(evil.dict, number(3), number(3)); // and one that is not evil
    evil.victim = act == act_insert ? evil_new(9) : new_ref(keys[victim]);
    evil.act = act;
    if (operation(evil.dict, NULL, probe, True) < 0) assert_error(KeyError, "evil");
    check(evil.dict);
    bool left = act == act_start_over
                    ? id == victim
                    : id < 3 && act != act_clear && !(act == act_delete && id == victim);
    assert_int_equal(dict_contains(evil.dict, probe),
                     operation == op_set || (operation == op_contains && left));
    decref(evil.victim);
    decref(probe);
    teardown(NULL);
}

static void test_equality_that_changes_the_dict(UNUSED void **state) {
    static const Operation all[] = {op_set, op_contains, op_del};
    static void (*const acts[])(void) = {act_delete, act_clear,    act_grow,
                                         act_insert, act_reinsert, act_start_over};
    for (size_t operation = 0; operation < 3; operation++)
        for (size_t act = 0; act < sizeof acts / sizeof acts[0]; act++)
            for (int victim = 0; victim < 3; victim++)
                for (int id = 0; id < 4; id++)
                    change_under(all[operation], acts[act], victim, id);
}

/* A search passes a dummy, and then equality fills that dummy: the key must not go there too. */
static void test_equality_that_takes_the_free_slot(UNUSED void **state) {
    Object *probe = evil_new(7);
    dict_del_item(evil.dict, keys[0]); // the dummy at the head of the path
    evil.victim = evil_new(9);
    evil.act = act_insert;
    assert_int_equal(dict_set_item(evil.dict, probe, True), 0);
    check(evil.dict);
    assert_int_equal(dict_size(evil.dict), 4);
    assert_int_equal(dict_contains(evil.dict, evil.victim), 1);
    assert_int_equal(dict_contains(evil.dict, probe), 1);
    decref(evil.victim);
    decref(probe);
}

/* A search that compares takes the dummy it passed, as one that does not compare. */
static void test_equality_and_a_dummy(UNUSED void **state) {
    Object *probe = evil_new(7);
    dict_del_item(evil.dict, keys[0]);
    assert_int_equal(dict_get_index(evil.dict->keys, 3), DKIX_DUMMY);
    assert_int_equal(dict_set_item(evil.dict, probe, True), 0);
    assert_int_equal(dict_get_index(evil.dict->keys, 3), 3);
    check(evil.dict);
    decref(probe);
}

/* Where CPython goes wrong: the table is one for strs when the search returns. */
static void test_equality_that_leaves_a_table_for_strs(UNUSED void **state) {
    Object *probe = evil_new(7);
    evil.act = act_become_strs;
    assert_int_equal(dict_set_item(evil.dict, probe, True), 0);
    assert_repr(evil.dict, "{'a': 1, evil: True}");
    check(evil.dict);
    decref(probe);
}

/* The value comes borrowed from the dict that equality empties. */
static void test_insertion_of_what_equality_drops(UNUSED void **state) {
    Object *probe = evil_new(7), *borrowed = evil_new(9);
    set(evil.dict, keys[0], borrowed);
    incref(keys[0]);
    evil.act = act_clear;
    assert_int_equal(dict_set_item(evil.dict, probe, borrowed), 0);
    assert_repr(evil.dict, "{evil: evil}");
    decref(probe);
}

static void test_update_while_the_source_changes(UNUSED void **state) {
    Object *probe = evil_new(2);
    Dict *target = dict_new();
    dict_set_item(target, probe, None);
    evil.act = act_grow;
    assert_int_equal(dict_update(target, evil.dict), -1);
    assert_error(RuntimeError, "dict mutated during update");
    check(target);
    decref(probe);
    decref(target);
}

/* The value that is replaced or deleted is gone from the dict when its finalizer looks. */
static ssize_t seen;

static void look(void) {
    seen = evil.dict->used;
    check(evil.dict);
}

static void sees_dealloc(Object *self) {
    look();
    testing_free(self);
}

static void test_finalizer_sees_the_dict_as_it_will_be(UNUSED void **state) {
    static const Type type = {.name = "seer", .dealloc = sees_dealloc};
    static const struct {
        Operation operation;
        ssize_t seen;
    } cases[] = {{op_set, 3}, {op_del, 2}, {op_pop, 2}, {op_clear, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *value = object_new(&type, sizeof *value);
        dict_set_item(evil.dict, keys[1], value);
        decref(value);
        assert_int_equal(cases[i].operation(evil.dict, NULL, keys[1], None), 0);
        assert_int_equal(seen, cases[i].seen);
    }
}

/* A foreign key may say that it equals a str: a table of strs has to ask it. */
static int claims_equal(Object *self, Object *other) {
    (void)self;
    return other->type == &Str_Type;
}

static hash_t claimed_hash(Object *self) {
    (void)self;
    return 42;
}

static void test_foreign_key_that_equals_a_str(UNUSED void **state) {
    static const Type type = {.name = "claimant", .hash = claimed_hash, .equal = claims_equal};
    Object claimant = {.refcnt = 1, .type = &type};
    Dict *d = dict_new();
    Object *key = text("spam");
    ((Str *)key)->hash = 42;
    dict_set_item(d, key, True);
    assert_ptr_equal(dict_get_item_with_error(d, &claimant), True);
    assert_int_equal(d->keys->kind, DICT_KEYS_UNICODE); // asking does not convert, inserting does
    assert_int_equal(dict_set_item(d, &claimant, False), 0);
    assert_int_equal(d->keys->kind, DICT_KEYS_GENERAL);
    assert_ptr_equal(dict_get_item_with_error(d, key), False);
    decref(key);
    decref(d);
}

#define KNOWN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    int_from_long(0); // the small ints are nobody's leak
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_changed_under),
        KNOWN(test_equality_that_fails),
        cmocka_unit_test(test_equality_that_changes_the_dict),
        KNOWN(test_equality_that_takes_the_free_slot),
        KNOWN(test_equality_and_a_dummy),
        KNOWN(test_equality_that_leaves_a_table_for_strs),
        KNOWN(test_insertion_of_what_equality_drops),
        KNOWN(test_update_while_the_source_changes),
        KNOWN(test_finalizer_sees_the_dict_as_it_will_be),
        cmocka_unit_test(test_foreign_key_that_equals_a_str),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
