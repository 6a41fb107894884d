/* random.c: random programs against a model that has no counts: from the roots, breadth first, by
 * reading fields. Objects of every type, weak references, finalizers and callbacks that go on with
 * the program in the middle of a collection, bring the dead back, start collections; allocations
 * that fail. Replay one with SEED=n; COUNT=100000 for as many programs.
 *
 * At each death: nobody reachable has died, every finalizer ran once, no weak reference is left. At
 * the end: nobody unreachable is alive. Where finalizers only count, a collection of any generation
 * must find exactly those objects of it that the model does not reach from outside.
 */
#include "check.h"

enum { ROOTS = 16, KNOWN = 1000, STEPS = 200, PROGRAMS = 3000 };

typedef struct {
    Object *op;
    int called;    // finalizer, or callback of a weak reference
    bool reached;  // by the model
    bool young;    // in the generations that are about to be collected
    bool expected; // to be found by that
} Known;

static struct {
    uint64_t random;
    Object *roots[ROOTS];
    Known known[KNOWN]; // all that are alive
    int count;
    int budget; // operations that finalizers and callbacks may still make
    bool quiet; // they make none in this program, nor bring anything back
    long calls;
} world;

static uint64_t below(uint64_t limit) {
    return testing_random(&world.random, limit);
}

/* A root gets another object, or none; steals it. */
static void store(Object *op) {
    Object **root = &world.roots[below(ROOTS)];
    set_ref(*root, op);
}

static Known *find(const void *op) {
    for (int i = 0; i < world.count; i++) {
        if (world.known[i].op == op) return &world.known[i];
    }
    return NULL;
}

/* Enters a new object, and returns it; NULL stays NULL. */
static Object *known(Object *op) {
    if (!op || find(op)) return op; // a weak reference that was there
    assert_true(world.count < KNOWN);
    world.known[world.count++] = (Known){.op = op};
    return op;
}

/* ---- The model -------------------------------------------------------------------------------*/

static Known *queue[KNOWN];
static int queued;

static void reach(Object *op) {
    Known *it = op ? find(op) : NULL; // None and ints are not known
    if (!it || it->reached) return;
    it->reached = true;
    queue[queued++] = it;
}

static void reach_from(const Object *op) {
    const Instance *instance = (const Instance *)op;
    if (op->type->fields == node_fields) {
        reach(instance->fields[0]);
        reach(instance->fields[1]);
    } else if (op->type == &List_Type) {
        for (ssize_t i = 0; i < ((const List *)op)->size; i++)
            reach(((const List *)op)->items[i]);
    } else if (op->type == &Tuple_Type) {
        for (ssize_t i = 0; i < ((const Tuple *)op)->size; i++)
            reach(((const Tuple *)op)->items[i]);
    } else if (op->type == &Function_Type) {
        reach(((const Function *)op)->closure);
    } else if (op->type == &WeakRef_Type) {
        reach(((const WeakRef *)op)->callback);
    }
}

/* Marks all that the roots reach and, with `outside`, all that known objects not `young` reach. */
static void model(bool outside) {
    queued = 0;
    for (int i = 0; i < world.count; i++)
        world.known[i].reached = false;
    for (int i = 0; i < ROOTS; i++)
        reach(world.roots[i]);
    for (ssize_t i = 0; i < gc_garbage->size; i++)
        reach(gc_garbage->items[i]);
    for (int i = 0; i < world.count && outside; i++) {
        if (!world.known[i].young) reach(world.known[i].op);
    }
    for (int done = 0; done < queued; done++)
        reach_from(queue[done]->op);
}

/* The heap's watcher: judges each death. */
static void watch(void *block, size_t size, bool born) {
    (void)size;
    Known *it = born ? NULL : find(FROM_GC((GCHead *)block));
    if (!it) return;
    model(false);
    assert_false(it->reached);
    if (it->op->type->finalize) assert_int_equal(it->called, 1);
    for (int i = 0; i < world.count; i++) {
        const Object *other = world.known[i].op;
        if (other->type == &WeakRef_Type)
            assert_ptr_not_equal(((const WeakRef *)other)->object, it->op);
    }
    *it = world.known[--world.count];
}

/* ---- Code that runs in between ---------------------------------------------------------------*/

static void operate(void);

static void act(void) {
    if (world.quiet || world.budget <= 0) return;
    Error error = error_fetch(); // may be pending where an object dies
    world.budget--;
    operate();
    error_restore(error);
}

static void finalize(Object *self) {
    Known *it = find(self);
    assert_non_null(it);
    assert_int_equal(it->called++, 0);
    assert_true(self->refcnt > 0);
    world.calls++;
}

static void finalize_and_act(Object *self) {
    finalize(self);
    act();
    if (below(2)) act();
}

static void finalize_and_return(Object *self) {
    finalize(self);
    if (!world.quiet) store(new_ref(self));
    act();
}

static const Type Counted_Type = INSTANCE_TYPE("Counted", node_fields, 2, finalize);
static const Type Acting_Type = INSTANCE_TYPE("Acting", node_fields, 2, finalize_and_act);
static const Type Returning_Type = INSTANCE_TYPE("Returning", node_fields, 2, finalize_and_return);

/* What every function here does. */
static Object *code(Object *closure, Object *ref) {
    Known *it = find(ref);
    assert_non_null(it);
    assert_int_equal(it->called++, 0);
    assert_null(((WeakRef *)ref)->object);
    assert_true(!closure || closure->refcnt > 0);
    world.calls++;
    act();
    return new_ref(None);
}

static void phase(const char *what, int generation, ssize_t collected, ssize_t uncollectable) {
    (void)what, (void)collected;
    assert_in_range(generation, 0, 2);
    assert_int_equal(uncollectable, 0);
    assert_true(gc.collecting);
    if (below(4) == 0) act();
}

/* ---- The program -----------------------------------------------------------------------------*/

/* A root or None: a new reference, as it may be dropped before the operation is over. */
static Object *pick(void) {
    Object *op = NULL;
    for (int i = 0; i < 3 && !op; i++)
        op = world.roots[below(ROOTS)];
    return new_ref(op ? op : None);
}

static void change(Object *a, Object *b) {
    if (a->type->fields == node_fields) {
        set(a, (int)below(2), below(5) ? b : NULL);
    } else if (a->type == &List_Type) {
        List *list = (List *)a;
        if (list->size && below(3) == 0)
            list_set_item(list, (ssize_t)below((uint64_t)list->size), new_ref(b));
        else if (below(12) == 0)
            list_clear(list);
        else
            list_append(list, b);
    }
}

static Object *make(Object *a, Object *b) {
    static const Type *const types[] = {&Node_Type, &Node_Type, &Counted_Type, &Acting_Type,
                                        &Returning_Type};
    Object *new = NULL;
    switch (below(9)) {
    default:
        new = known(instance_new(types[below(5)]));
        break;
    case 5:
        new = known(OBJECT(list_new()));
        break;
    case 6:
        new = known(tuple_pack(2, a, b));
        break;
    case 7:
        new = known(function_new("code", code, below(2) ? a : NULL));
        break;
    case 8:
        if (object_weaklist(a)) new = known(weakref_new(a, b->type == &Function_Type ? b : NULL));
        break;
    }
    if (new &&new->type->fields == node_fields) set(new, 0, a);
    if (new &&below(2)) change(a, new); // often a cycle
    return new;
}

static Object *take(Object *a) {
    if (a->type->fields == node_fields) {
        Object *found = *field(a, (int)below(2));
        return found ? new_ref(found) : NULL;
    }
    if (a->type == &WeakRef_Type) return weakref_get((WeakRef *)a);
    if (a->type == &Tuple_Type) return new_ref(((Tuple *)a)->items[below(2)]);
    if (a->type == &List_Type && ((List *)a)->size) return new_ref(((List *)a)->items[0]);
    return NULL;
}

static void ask(Object *a) {
    List *list = NULL;
    switch (below(3)) {
    case 0:
        list = gc_get_objects((int)below(4) - 1);
        break;
    case 1:
        list = gc_get_referrers(a);
        break;
    case 2:
        list = gc_get_referents(a);
        break;
    }
    xdecref(list);
}

/* Before a collection in a quiet program: which of these generations' objects it has to find. */
static ssize_t expect(int generation) {
    for (int i = 0; i < world.count; i++)
        world.known[i].young = world.known[i].expected = false;
    for (int i = 0; i <= generation; i++) {
        GCHead *head = &gc.generations[i].head;
        for (GCHead *g = gc_next(head); g != head; g = gc_next(g)) {
            Known *it = find(FROM_GC(g));
            if (it) it->young = true; // not gc_garbage
        }
    }
    model(true);
    ssize_t expected = 0;
    for (int i = 0; i < world.count; i++) {
        Known *it = &world.known[i];
        it->expected = it->young && !it->reached;
        expected += it->expected;
    }
    return expected;
}

static void collect(void) {
    int generation = (int)below(NUM_GENERATIONS);
    if (gc.collecting) {
        assert_int_equal(gc_collect(generation), 0);
    } else if (!world.quiet || gc.debug) {
        assert_true(gc_collect(generation) >= 0);
    } else {
        ssize_t expected = expect(generation);
        assert_int_equal(gc_collect(generation), expected);
        for (int i = 0; i < world.count; i++)
            assert_false(world.known[i].expected);
        assert_int_equal(gc.generations[generation].count, 0);
    }
}

static void operate(void) {
    Object *a = pick(), *b = pick();
    uint64_t what = below(100);
    if (what < 35)
        store(make(a, b));
    else if (what < 65)
        change(a, b);
    else if (what < 72)
        store(take(a));
    else if (what < 90)
        store(NULL);
    else if (what < 94)
        collect();
    else if (what < 96)
        ask(a);
    else if (what < 97)
        list_clear(gc_garbage);
    else if (what < 98)
        gc.debug ^= below(3) ? 0 : DEBUG_SAVEALL;
    else if (!gc.collecting)
        what == 98 && below(3) == 0 ? gc_freeze() : gc_unfreeze();
    decref(a);
    decref(b);
    error_clear();
}

/* What is tracked is in a list, once, whole. */
static void check_world(void) {
    ssize_t tracked = 1; // gc_garbage
    for (int i = 0; i < world.count; i++)
        tracked += gc_is_tracked(world.known[i].op);
    assert_int_equal(check_lists(), tracked);
}

/* Until nothing happens any more. Then all that is alive can be reached. */
static void settle(void) {
    world.budget = 0;
    gc.debug = 0;
    list_clear(gc_garbage);
    gc_unfreeze();
    long calls;
    do
        calls = world.calls;
    while (gc_collect(2) > 0 || world.calls != calls);
    model(false);
    for (int i = 0; i < world.count; i++)
        assert_true(world.known[i].reached);
}

static void one_program(uint64_t seed) {
    world.random = seed;
    world.quiet = below(3) == 0;
    gc.enabled = below(3) > 0;
    set_threshold((int)below(40), (int)below(4), (int)below(4));
    gc_callback = below(2) ? phase : NULL;
    heap.watcher = watch;
    for (int i = 0; i < STEPS; i++) {
        world.budget = (int)below(6);
        if (below(12) == 0) testing_fail_at((long)below(4));
        operate();
        testing_fail(NULL, 0, 0);
        check_world();
    }
    settle();
    for (int rounds = 0; rounds < 50 && world.count; rounds++) { // some bring themselves back, once
        for (int i = 0; i < ROOTS; i++)
            clear_ref(world.roots[i]);
        settle();
    }
    assert_int_equal(world.count, 0);
    check_world();
    heap.watcher = NULL;
    gc_callback = NULL;
}

static void test_random_programs(void **state) {
    (void)state;
    uint64_t seed = testing_seed();
    const char *text = getenv("COUNT");
    long programs = text ? strtol(text, NULL, 10) : PROGRAMS;
    for (long i = 0; i < programs; i++) {
        size_t blocks = heap.blocks;
        one_program(seed + (uint64_t)i);
        assert_int_equal(heap.blocks, blocks);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_random_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
