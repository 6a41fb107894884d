/* test.c: what the collector promises, a test each. Random programs are in random.c, finalizers
 * that work against it in hostile.c. */
#include "check.h"

/* ---- What is found -----------------------------------------------------------------------------*/

static void test_cycles(void **state) {
    (void)state;
    decref(loop_of(&Node_Type));
    assert_int_equal(gc_collect(2), 1);

    Object *a = instance_new(&Node_Type), *b = instance_new(&Node_Type);
    set(a, 0, b);
    set(b, 1, a);
    decref(b);
    assert_int_equal(gc_collect(2), 0); // a is held
    assert_ptr_equal(*field(*field(a, 0), 1), a);
    decref(a);
    assert_int_equal(gc_collect(2), 2);

    List *list = list_new();
    Object *tuple = tuple_pack(2, list, None);
    Object *function = function_new("f", NULL, tuple);
    list_append(list, function);
    decref(tuple);
    decref(function);
    assert_int_equal(gc_collect(2), 0);
    decref(list);
    assert_int_equal(gc_collect(2), 3);
}

/* What is reachable from something held survives, however deep, in whatever order it was made. */
static void test_reachable_later(void **state) {
    (void)state;
    Object *chain[100];
    for (int i = 0; i < 100; i++) {
        chain[i] = instance_new(&Node_Type);
        if (i) set(chain[i], 0, chain[i - 1]); // the walk meets the end of the chain first
    }
    for (int i = 0; i < 99; i++)
        decref(chain[i]);
    assert_int_equal(gc_collect(0), 0);
    assert_int_equal(gc_generation_size(1), 100);
    assert_int_equal(gc_collect(1), 0);
    assert_int_equal(gc_collect(2), 0);
    assert_int_equal(check_lists(), 101);
    decref(chain[99]);
}

/* A cycle of a million, and a million that hang on a cycle: no recursion but the trashcan's. */
static void test_deep(void **state) {
    (void)state;
    enum { COUNT = 1000000 };
    trash.deepest = 0;
    for (int ring = 0; ring < 2; ring++) {
        Object *first = ring ? instance_new(&Node_Type) : loop_of(&Node_Type), *last = first;
        for (int i = 1; i < COUNT; i++) {
            Object *next = instance_new(&Node_Type);
            *field(last, 1) = next;
            last = next;
        }
        if (ring) set(last, 1, first);
        decref(first);
        assert_int_equal(gc_collect(2), COUNT);
    }
    assert_in_range(trash.deepest, 1, UNWIND_LEVEL + 5);
}

static void test_untrack_tuples(void **state) {
    (void)state;
    Object *one = int_from_long(1), *node = instance_new(&Node_Type);
    Object *ints = tuple_pack(2, one, None), *outer = tuple_pack(1, ints);
    Object *holder = tuple_pack(2, one, node);
    Tuple *unfinished = tuple_new(2);
    unfinished->items[0] = new_ref(one);
    Tuple *empty = tuple_new(0);
    assert_true(gc_is_tracked(ints));
    gc_collect(0);
    assert_false(gc_is_tracked(ints));
    assert_false(gc_is_tracked(outer)); // made later, looked at later
    assert_true(gc_is_tracked(holder));
    assert_true(gc_is_tracked(OBJECT(unfinished))); // who fills it may put anything there
    assert_false(gc_is_tracked(OBJECT(empty)));
    assert_false(gc_is_tracked(one));
    decref(outer);
    decref(ints);
    decref(holder);
    decref(unfinished);
    decref(empty);
    decref(node);
    decref(one);
}

/* ---- When ------------------------------------------------------------------------------------*/

static int started[NUM_GENERATIONS];

static void count_start(const char *what, int generation, ssize_t collected,
                        ssize_t uncollectable) {
    (void)collected, (void)uncollectable;
    if (strcmp(what, "start") == 0) started[generation]++;
}

static void raise_always(const char *what, int generation, ssize_t collected,
                         ssize_t uncollectable) {
    (void)generation, (void)collected, (void)uncollectable;
    error_set(ValueError, "%s", what);
}

/* Its error is reported, and is not that of whoever made an object just now. */
static void test_callback_raises(void **state) {
    (void)state;
    int stderr_fd = hide_stderr();
    gc_callback = raise_always;
    set_threshold(1, 0, 0);
    gc.enabled = true;
    for (int i = 0; i < 8; i++) {
        decref(loop_of(&Node_Type));
        if (error_occurred()) break;
    }
    show_stderr(stderr_fd);
    assert_int_equal(error_occurred() == NoError, true);
    assert_int_equal(gc.generations[0].count <= 1, true); // collections there were
}

static void make_objects(List *keep, int count) {
    for (int i = 0; i < count; i++) {
        Object *op = instance_new(&Node_Type);
        assert_int_equal(list_append(keep, op), 0);
        decref(op);
    }
}

static void assert_started(int zero, int one, int two) {
    assert_int_equal(started[0], zero);
    assert_int_equal(started[1], one);
    assert_int_equal(started[2], two);
    memset(started, 0, sizeof started);
}

static void test_thresholds(void **state) {
    (void)state;
    List *keep = list_new();
    gc_collect(2);
    gc_callback = count_start;
    memset(started, 0, sizeof started);
    gc.enabled = true;
    make_objects(keep, 700);
    assert_started(0, 0, 0);
    make_objects(keep, 1); // past the threshold, not at it
    assert_started(1, 0, 0);
    assert_int_equal(gc.generations[0].count, 0);
    assert_int_equal(gc_generation_size(0), 1); // made by then only
    assert_int_equal(gc_generation_size(1), 700);
    assert_int_equal(gc.generations[1].count, 1);
    make_objects(keep, 10 * 701);
    assert_started(10, 0, 0);
    assert_int_equal(gc.generations[1].count, 11);
    make_objects(keep, 701);
    assert_started(0, 1, 0);
    gc.enabled = false;
    make_objects(keep, 5000);
    assert_started(0, 0, 0);
    gc.enabled = true;
    error_set(TypeError, "pending");
    make_objects(keep, 1);
    error_clear();
    gc.collecting = true;
    make_objects(keep, 1);
    gc.collecting = false;
    int threshold = gc.generations[0].threshold;
    gc.generations[0].threshold = 0;
    make_objects(keep, 1);
    gc.generations[0].threshold = threshold;
    assert_started(0, 0, 0);
    make_objects(keep, 1);
    assert_started(1, 0, 0);
    gc.enabled = false;
    decref(keep);
}

/* The count is of objects made less freed, and does not fall below 0. */
static void test_count(void **state) {
    (void)state;
    gc_collect(0);
    Object *a = instance_new(&Node_Type), *b = instance_new(&Node_Type);
    assert_int_equal(gc.generations[0].count, 2);
    decref(a);
    assert_int_equal(gc.generations[0].count, 1);
    gc_collect(0);
    decref(b);
    assert_int_equal(gc.generations[0].count, 0);
}

/* The oldest generation waits until a quarter of it is new. */
static void test_quarter(void **state) {
    (void)state;
    List *keep = list_new();
    make_objects(keep, 400);
    gc_collect(2);
    assert_int_equal(gc.long_lived_total, 402); // the list, gc_garbage
    assert_int_equal(gc.long_lived_pending, 0);
    make_objects(keep, 99);
    gc_collect(1);
    assert_int_equal(gc.long_lived_pending, 99);
    gc_callback = count_start;
    memset(started, 0, sizeof started);
    set_threshold(1, 1000, 0); // the oldest is always due
    gc.generations[2].count = 1;
    gc.generations[0].count = 1;
    gc.enabled = true;
    make_objects(keep, 1);
    assert_started(1, 0, 0); // 99 < 402 / 4
    gc.enabled = false;
    gc_collect(1);
    assert_int_equal(gc.long_lived_pending, 100);
    memset(started, 0, sizeof started);
    gc.generations[0].count = 1;
    gc.enabled = true;
    make_objects(keep, 1);
    assert_started(0, 0, 1); // 100 is not less
    gc.enabled = false;
    assert_int_equal(gc.long_lived_pending, 0);
    assert_int_equal(gc.long_lived_total, 502);
    decref(keep);
}

static void test_generations(void **state) {
    (void)state;
    Object *op = loop_of(&Node_Type);
    gc_collect(0);
    assert_int_equal(gc.generations[1].count, 1);
    gc_collect(1);
    assert_int_equal(gc.generations[1].count, 0);
    assert_int_equal(gc.generations[2].count, 1);
    decref(op);
    assert_int_equal(gc_collect(1), 0); // too old for that
    assert_int_equal(gc_collect(2), 1);
    assert_int_equal(gc.generations[2].count, 0);
    GC before = gc;
    decref(loop_of(&Node_Type));
    gc_collect(1);
    assert_int_equal(gc.generation_stats[1].collections,
                     before.generation_stats[1].collections + 1);
    assert_int_equal(gc.generation_stats[1].collected, before.generation_stats[1].collected + 1);
    decref(loop_of(&Node_Type));
    error_set(TypeError, "pending");
    assert_int_equal(gc_collect(2), 1);
    assert_error(TypeError, "pending"); // as before
    assert_int_equal(gc_collect(3), -1);
    assert_error(ValueError, "invalid generation");
    assert_int_equal(gc_collect(-1), -1);
    assert_error(ValueError, "invalid generation");
}

/* ---- Weak references, SAVEALL, freeze ----------------------------------------------------------*/

static Object *kept_ref;
static int calls;

static Object *drop_itself(Object *closure, Object *ref) {
    (void)closure;
    calls++;
    assert_null(((WeakRef *)ref)->object);
    assert_true(gc.collecting);
    clear_ref(kept_ref);
    return new_ref(None);
}

static Object *raise_error(Object *closure, Object *ref) {
    (void)closure, (void)ref;
    calls++;
    error_set(ValueError, "no");
    return NULL;
}

/* One that dies of its own callback is counted; one that is garbage itself is not called. */
static void test_weakrefs(void **state) {
    (void)state;
    Object *function = function_new("f", drop_itself, NULL), *node = loop_of(&Node_Type);
    kept_ref = weakref_new(node, function);
    decref(node);
    calls = 0;
    assert_int_equal(gc_collect(2), 2);
    assert_int_equal(calls, 1);
    assert_null(kept_ref);

    node = loop_of(&Node_Type);
    Object *ref = weakref_new(node, function);
    set(node, 1, ref);
    decref(ref);
    decref(node);
    assert_int_equal(gc_collect(2), 2);
    assert_int_equal(calls, 1);
    decref(function);

    function = function_new("f", raise_error, NULL);
    node = loop_of(&Node_Type);
    ref = weakref_new(node, function);
    Object *plain = weakref_new(node, NULL);
    decref(node);
    int saved = hide_stderr();
    assert_int_equal(gc_collect(2), 1);
    show_stderr(saved);
    assert_int_equal(calls, 2);
    assert_int_equal(error_occurred() == NoError, true);
    Object *nobody = weakref_get((WeakRef *)plain);
    assert_ptr_equal(nobody, None);
    decref(nobody);
    decref(plain);
    decref(ref);
    decref(function);
}

/* A weak reference that is garbage is ended before anything is cleared: what it refers to is old, not
 * in the set, and dies of the clearing. */
static void test_weakref_from_garbage(void **state) {
    (void)state;
    Object *old = instance_new(&Node_Type), *function = function_new("f", drop_itself, NULL);
    gc_collect(0);
    Object *young = loop_of(&Node_Type);
    set(young, 1, old);
    Object *ref = weakref_new(old, function), *holder = loop_of(&Node_Type);
    set(holder, 1, ref);
    decref(old);
    decref(ref);
    decref(young);
    decref(holder);
    calls = 0;
    assert_int_equal(gc_collect(0), 3);
    assert_int_equal(calls, 0);
    decref(function);
}

static void test_saveall(void **state) {
    (void)state;
    gc.debug = DEBUG_SAVEALL;
    Object *node = loop_of(&Node_Type);
    decref(node);
    assert_int_equal(gc_collect(2), 1);
    assert_int_equal(gc_garbage->size, 1);
    assert_ptr_equal(gc_garbage->items[0], node);
    assert_ptr_equal(*field(node, 0), node);
    gc.debug = 0;
    assert_int_equal(gc_collect(2), 0);
    list_clear(gc_garbage);
    assert_int_equal(gc_collect(2), 1);

    gc.debug = DEBUG_SAVEALL; // no memory to keep it: it is found again
    decref(loop_of(&Node_Type));
    testing_fail_at(0);
    assert_int_equal(gc_collect(2), 1);
    testing_fail(NULL, 0, 0);
    assert_int_equal(gc_garbage->size, 0);
    assert_int_equal(error_occurred() == NoError, true);
    gc.debug = 0;
    assert_int_equal(gc_collect(2), 1);
}

static void test_freeze(void **state) {
    (void)state;
    Object *node = loop_of(&Node_Type);
    gc_freeze();
    assert_int_equal(gc_get_freeze_count(), 2);
    assert_int_equal(gc_generation_size(0), 0);
    assert_int_equal(gc.generations[0].count, 0);
    decref(node);
    assert_int_equal(gc_collect(2), 0);
    Object *young = loop_of(&Node_Type);
    set(young, 1, node);
    decref(young);
    assert_int_equal(gc_collect(2), 1); // what is frozen is only a neighbour
    gc_unfreeze();
    assert_int_equal(gc_get_freeze_count(), 0);
    assert_int_equal(gc_collect(1), 0);
    assert_int_equal(gc_collect(2), 1);
}

/* ---- Questions -------------------------------------------------------------------------------*/

static void test_questions(void **state) {
    (void)state;
    Object *a = instance_new(&Node_Type), *b = instance_new(&Node_Type), *one = int_from_long(1);
    set(a, 0, b);
    set(a, 1, one);
    List *all = gc_get_objects(0);
    assert_int_equal(all->size, 2);
    assert_ptr_equal(all->items[0], a);
    assert_ptr_equal(all->items[1], b);
    decref(all);
    all = gc_get_objects(-1);
    assert_int_equal(all->size, 3);
    decref(all);
    List *referrers = gc_get_referrers(b);
    assert_int_equal(referrers->size, 1);
    assert_ptr_equal(referrers->items[0], a);
    decref(referrers);
    List *referents = gc_get_referents(a);
    assert_int_equal(referents->size, 2);
    assert_ptr_equal(referents->items[0], b);
    assert_ptr_equal(referents->items[1], one);
    decref(referents);
    referents = gc_get_referents(one);
    assert_int_equal(referents->size, 0);
    decref(referents);
    assert_null(gc_get_objects(3));
    assert_error(ValueError,
                 "generation parameter must be less than the number of available generations (3)");
    assert_null(gc_get_objects(-2));
    assert_error(ValueError, "generation parameter cannot be negative");
    decref(a);
    decref(b);
    decref(one);
}

static void test_questions_without_memory(void **state) {
    (void)state;
    Object *nodes[20];
    for (int i = 0; i < 20; i++) {
        nodes[i] = instance_new(&Node_Type);
        set(nodes[i], 0, nodes[0]);
    }
    Object *tuple = OBJECT(tuple_new(20));
    for (int i = 0; i < 20; i++)
        ((Tuple *)tuple)->items[i] = new_ref(nodes[i]);
    for (int what = 0; what < 3; what++) {
        for (long n = 0;; n++) {
            size_t blocks = heap.blocks;
            testing_fail_at(n);
            List *list = what == 0   ? gc_get_objects(-1)
                         : what == 1 ? gc_get_referrers(nodes[0])
                                     : gc_get_referents(tuple);
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_int_equal(failed, list == NULL);
            if (failed) assert_error(MemoryError, "");
            xdecref(list);
            assert_int_equal(heap.blocks, blocks);
            if (!failed) break;
        }
    }
    decref(tuple);
    for (int i = 20; i-- > 0;)
        decref(nodes[i]);
    gc_collect(2);
}

static void test_init(void **state) {
    (void)state;
    clear_ref(gc_garbage);
    gc.enabled = false;
    testing_fail_at(0);
    assert_int_equal(gc_init(), -1);
    testing_fail(NULL, 0, 0);
    assert_error(MemoryError, "");
    assert_false(gc.enabled);
    assert_int_equal(gc_init(), 0);
    assert_true(gc.enabled);
    List *garbage = gc_garbage;
    assert_int_equal(gc_init(), 0); // again: nothing new
    assert_ptr_equal(gc_garbage, garbage);
}

/* ---- What a watcher sees -----------------------------------------------------------------------*/

static Object *watched[2];
static int steps;

/* b refers to a, and is held; a comes first in the list. */
static void see(const char *step, GCHead *young, GCHead *unreachable) {
    (void)young;
    GCHead *a = AS_GC(watched[0]), *b = AS_GC(watched[1]);
    if (++steps > 3) return; // once more, of the unreachable, of which there are none
    if (strcmp(step, "update_refs") == 0) {
        assert_int_equal(gc_get_refs(a), 1);
        assert_int_equal(gc_get_refs(b), 1);
        assert_true(gc_is_collecting(a) && gc_is_collecting(b));
    } else if (strcmp(step, "subtract_refs") == 0) {
        assert_int_equal(gc_get_refs(a), 0);
        assert_int_equal(gc_get_refs(b), 1);
    } else {
        assert_string_equal(step, "move_unreachable");
        assert_true(gc_list_is_empty(unreachable));
        assert_false(gc_is_collecting(a) || gc_is_collecting(b));
        assert_ptr_equal(gc_next(b), a);
    }
}

static void test_steps(void **state) {
    (void)state;
    watched[0] = instance_new(&Node_Type);
    watched[1] = instance_new(&Node_Type);
    set(watched[1], 0, watched[0]);
    decref(watched[0]);
    steps = 0;
    gc_step = see;
    gc_collect(0);
    gc_step = NULL;
    assert_int_equal(steps, 6);
    decref(watched[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_cycles),
        TEST(test_reachable_later),
        TEST(test_deep),
        TEST(test_untrack_tuples),
        TEST(test_thresholds),
        TEST(test_count),
        TEST(test_quarter),
        TEST(test_generations),
        TEST(test_weakrefs),
        TEST(test_weakref_from_garbage),
        TEST(test_saveall),
        TEST(test_freeze),
        TEST(test_questions),
        TEST(test_questions_without_memory),
        TEST(test_init),
        TEST(test_steps),
        TEST(test_callback_raises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
