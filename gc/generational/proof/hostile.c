/* hostile.c: finalizers and callbacks that work against the collection that calls them: they empty
 * what is being walked over, tie garbage to the living, untrack it, make more, collect. Each scenario
 * runs with every allocation failing in turn; whatever happens, all is gone in the end. */
#include "check.h"

enum { SIZE = 8 };

/* The garbage, for finalizers that reach for others: borrowed, NULL once it is gone. */
static Object *victims[SIZE];
static List *saved; // what is brought back
static int finalized;

static void watch(void *block, size_t size, bool born) {
    (void)size;
    for (int i = 0; i < SIZE && !born; i++) {
        if (victims[i] && block == AS_GC(victims[i])) victims[i] = NULL;
    }
}

/* ---- Finalizers ------------------------------------------------------------------------------*/

static void once(Object *self) {
    assert_true(gc_is_tracked(self));
    assert_true(self->refcnt > 0);
    finalized++;
}

static void clear_all(Object *self) {
    once(self);
    for (int i = 0; i < SIZE; i++) {
        if (!victims[i]) continue;
        Object *op = new_ref(victims[i]);
        instance_clear(op); // several die of it, perhaps all but self
        decref(op);
    }
    int alive = 0; // who calls holds it
    for (int i = 0; i < SIZE; i++)
        alive += victims[i] == self;
    assert_int_equal(alive, 1);
}

static void clear_next(Object *self) {
    once(self);
    Object *next = *field(self, 0);
    if (next) clear_ref(*field(next, 0));
}

static void save_self(Object *self) {
    once(self);
    if (list_append(saved, self) < 0) error_clear();
}

static void save_next(Object *self) {
    once(self);
    if (*field(self, 0) && list_append(saved, *field(self, 0)) < 0) error_clear();
}

/* Saved, and given up again: not a second time. */
static void save_and_drop(Object *self) {
    once(self);
    if (list_append(saved, self) < 0) error_clear();
    if (finalized == SIZE) list_clear(saved);
}

static void untrack_next(Object *self) {
    once(self);
    for (int i = 0; i < SIZE; i += 3) {
        if (victims[i] && victims[i] != self) gc_untrack(victims[i]);
    }
}

/* New garbage of the same kind, and an old object in the middle of it. */
static void make_more(Object *self) {
    once(self);
    Object *new = instance_new(&Node_Type);
    if (new) {
        set(new, 0, new);
        set(new, 1, self);
        decref(new);
    }
    error_clear();
}

/* What is garbage refers to something new, which was not in the set. */
static void grow(Object *self) {
    once(self);
    Object *new = instance_new(&Node_Type);
    if (new) {
        set(new, 0, self);
        set(self, 1, new);
        decref(new);
    }
    error_clear();
}

static void collect(Object *self) {
    once(self);
    for (int i = 0; i < NUM_GENERATIONS && gc.collecting; i++)
        assert_int_equal(gc_collect(i), 0);
    gc_freeze(); // takes nothing of the set: that is in no generation
    gc_unfreeze();
}

static void refer_weakly(Object *self) {
    once(self);
    Object *ref = weakref_new(self, NULL);
    if (ref && list_append(saved, ref) < 0) error_clear();
    xdecref(ref);
    error_clear();
}

static void ask(Object *self) {
    once(self);
    List *list = gc_get_referrers(self);
    for (ssize_t i = 0; list && i < list->size; i++)
        assert_ptr_not_equal(list->items[i], self); // the set is in no generation
    xdecref(list);
    list = gc_get_objects(-1);
    xdecref(list);
    error_clear();
}

static const Type types[] = {
    INSTANCE_TYPE("clear_all", node_fields, 2, clear_all),
    INSTANCE_TYPE("clear_next", node_fields, 2, clear_next),
    INSTANCE_TYPE("save_self", node_fields, 2, save_self),
    INSTANCE_TYPE("save_next", node_fields, 2, save_next),
    INSTANCE_TYPE("save_and_drop", node_fields, 2, save_and_drop),
    INSTANCE_TYPE("untrack_next", node_fields, 2, untrack_next),
    INSTANCE_TYPE("make_more", node_fields, 2, make_more),
    INSTANCE_TYPE("grow", node_fields, 2, grow),
    INSTANCE_TYPE("collect", node_fields, 2, collect),
    INSTANCE_TYPE("refer_weakly", node_fields, 2, refer_weakly),
    INSTANCE_TYPE("ask", node_fields, 2, ask),
};
enum { TYPES = sizeof types / sizeof types[0] };

/* ---- Callbacks -------------------------------------------------------------------------------*/

static Object *drop_saved(Object *closure, Object *ref) {
    (void)closure, (void)ref;
    list_clear(saved); // this very reference, perhaps, and those still to be called
    return new_ref(None);
}

static Object *make_garbage(Object *closure, Object *ref) {
    (void)closure, (void)ref;
    Object *new = instance_new(&Node_Type);
    if (new) {
        set(new, 0, new);
        decref(new);
    }
    error_clear();
    assert_int_equal(gc_collect(2), 0);
    return new_ref(None);
}

static const FunctionCode codes[] = {NULL, drop_saved, make_garbage};
enum { CODES = sizeof codes / sizeof codes[0] };

/* ---- Every scenario --------------------------------------------------------------------------*/

/* A ring of SIZE, every second one (or, with `all`, each) of this type; weak references to all with
 * a callback stand in `saved`. Garbage of this generation. */
static void build(const Type *type, FunctionCode code, bool all, int generation) {
    Object *function = code ? function_new("code", code, NULL) : NULL;
    for (int i = 0; i < SIZE; i++)
        victims[i] = instance_new(all || i % 2 ? type : &Node_Type);
    for (int i = 0; i < SIZE; i++) {
        set(victims[i], 0, victims[(i + 1) % SIZE]);
        set(victims[i], 1, i ? victims[i - 1] : None);
        Object *ref = code ? weakref_new(victims[i], function) : NULL;
        if (ref) assert_int_equal(list_append(saved, ref), 0);
        xdecref(ref);
    }
    if (generation) gc_collect(generation - 1);
    for (int i = 0; i < SIZE; i++)
        decref(victims[i]);
    xdecref(function);
}

/* What was untracked the collector can no longer find: it is tracked again. */
static void give_up(void) {
    for (int round = 0; round < 4; round++) { // those that were not asked before do it now
        for (int i = 0; i < SIZE; i++) {
            if (victims[i] && !gc_is_tracked(victims[i])) gc_track(victims[i]);
        }
        list_clear(saved);
        gc_collect(2);
    }
    list_clear(saved);
}

static void scenario(const Type *type, FunctionCode code, bool all, int generation) {
    for (long n = 0;; n++) {
        size_t blocks = heap.blocks;
        saved = list_new();
        build(type, code, all, generation);
        finalized = 0;
        testing_fail_at(n);
        assert_true(gc_collect(generation) >= 0);
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_true(finalized <= (all ? SIZE : SIZE / 2));
        assert_int_equal(error_occurred() == NoError, true);
        check_lists();
        give_up();
        assert_int_equal(finalized, all ? SIZE : SIZE / 2);
        clear_ref(saved);
        for (int i = 0; i < SIZE; i++)
            assert_null(victims[i]);
        assert_int_equal(heap.blocks, blocks);
        if (!failed) return;
    }
}

static void test_scenarios(void **state) {
    (void)state;
    heap.watcher = watch;
    for (int i = 0; i < TYPES * CODES * 2 * NUM_GENERATIONS; i++) {
        int type = i / (CODES * 2 * NUM_GENERATIONS), code = i / (2 * NUM_GENERATIONS) % CODES;
        scenario(&types[type], codes[code], i % 2, i / 2 % NUM_GENERATIONS);
    }
    heap.watcher = NULL;
}

/* ---- Cases with a known answer ---------------------------------------------------------------*/

/* One ring, `count` of which are of this type; how many were found. */
static ssize_t found_in_ring(int type, bool all) {
    saved = list_new();
    heap.watcher = watch;
    build(&types[type], NULL, all, 0);
    finalized = 0;
    return gc_collect(2);
}

static void leave(void) {
    give_up();
    clear_ref(saved);
    heap.watcher = NULL;
}

static int type_named(const char *name) {
    int i = 0;
    while (strcmp(types[i].name, name) != 0)
        i++;
    return i;
}

static void test_resurrected(void **state) {
    (void)state;
    assert_int_equal(found_in_ring(type_named("save_self"), true), 0);
    assert_int_equal(finalized, SIZE);
    assert_int_equal(saved->size, SIZE);
    assert_int_equal(gc_generation_size(2), SIZE + 2);
    for (int i = 0; i < SIZE; i++) {
        assert_true(gc_is_finalized(saved->items[i]));
        assert_ptr_equal(*field(victims[i], 0), victims[(i + 1) % SIZE]); // whole
    }
    list_clear(saved);
    assert_int_equal(gc_collect(2), SIZE);
    assert_int_equal(finalized, SIZE); // not asked again
    leave();

    assert_int_equal(found_in_ring(type_named("save_and_drop"), true), SIZE);
    assert_int_equal(finalized, SIZE);
    leave();
}

static void test_emptied(void **state) {
    (void)state;
    found_in_ring(type_named("clear_all"), true);
    assert_int_equal(finalized, SIZE);
    for (int i = 0; i < SIZE; i++)
        assert_null(victims[i]);
    leave();
}

static void test_grown(void **state) {
    (void)state;
    /* The new ones are young: they hold the old garbage, which so looks alive this time. */
    assert_int_equal(found_in_ring(type_named("grow"), true), 0);
    assert_int_equal(gc_generation_size(0), SIZE);
    assert_int_equal(gc_collect(2), 2 * SIZE);
    leave();
}

static void leave_error(Object *self) {
    finalized++;
    error_set(ValueError, "of object %d", self->refcnt > 0);
}

static const Type Careless_Type = INSTANCE_TYPE("Careless", node_fields, 2, leave_error);

/* An error that a finalizer leaves is not taken for that of the object being made. */
static void test_error_left(void **state) {
    (void)state;
    decref(loop_of(&Careless_Type));
    set_threshold(1, 10, 10);
    gc.generations[0].count = 1;
    finalized = 0;
    int saved_stderr = hide_stderr();
    gc.enabled = true;
    Object *new = instance_new(&Node_Type);
    gc.enabled = false;
    show_stderr(saved_stderr);
    assert_int_equal(finalized, 1);
    assert_int_equal(error_occurred() == NoError, true);
    decref(new);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_scenarios), TEST(test_resurrected), TEST(test_emptied),
        TEST(test_grown),     TEST(test_error_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
