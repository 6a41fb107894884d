/* deep.c: long chains and what the trashcan does with them, dying without memory, and random programs
 * against a model. SEED=n replays the random ones. */
#include "check.h"

/* ---- Chains ----------------------------------------------------------------------------------*/

typedef enum { LIST, TUPLE, INSTANCE, FUNCTION, WEAKREF, KINDS } Kind;

static Object *target; // of the weak references, of which each has the next as its callback

/* An object of this kind that has `inner`, whose reference it steals. */
static Object *around(Kind kind, Object *inner) {
    Object *made = NULL;
    if (kind == LIST) {
        List *list = list_new();
        made = OBJECT(list);
        list_append(list, inner);
    } else if (kind == TUPLE) {
        made = tuple_pack(1, inner);
    } else if (kind == INSTANCE) {
        made = make(&Node_Type, 0);
        FIELD(made, LEFT) = new_ref(inner);
    } else if (kind == FUNCTION) {
        made = function_new("told", told, inner);
    } else {
        made = weakref_new(target, inner);
    }
    decref(inner);
    return made;
}

/* A chain of objects of the kinds in the set `kinds`, drawn at random; every hundredth link is followed
 * by one that says how deep the stack is. */
static void chain(unsigned kinds, int length, uint64_t *random) {
    Object *top = make(&Loud_Type, 0);
    for (int i = 0; i < length; i++) {
        Kind kind;
        do
            kind = (Kind)testing_random(random, KINDS);
        while (!(kinds & 1u << kind));
        top = around(kind, top);
        if (i % 100) continue;
        Object *loud = make(&Loud_Type, 0);
        FIELD(loud, LEFT) = top;
        top = loud;
    }
    stack_low = (char *)UINTPTR_MAX;
    stack_high = NULL;
    trash.deepest = 0;
    decref(top);
    assert_int_equal(trash.deepest, UNWIND_LEVEL);
    assert_true(stack_high - stack_low < 64 * 1024);
    assert_true(heap.blocks < 3); // the target alone
}

static void test_chains_of_every_mixture(UNUSED void **state) {
    uint64_t random = testing_seed();
    target = make(&Node_Type, 0);
    for (unsigned kinds = 1; kinds < 1u << KINDS; kinds++)
        chain(kinds, 20000, &random);
    chain((1u << KINDS) - 1, 1000000, &random);
    decref(target);
}

static void test_without_trashcan(UNUSED void **state) {
    Object *top = make(&Node_Type, 0);
    for (int i = 1; i < 1000; i++)
        top = around(i % 2 ? LIST : TUPLE, top);
    trash.deepest = 0;
    trash.off = true;
    decref(top);
    trash.off = false;
    assert_int_equal(trash.deepest, 1000);
}

/* Of a tuple's two long branches the last begins to die, waits, and goes on when the tuple is gone. */
static void test_order_with_trashcan(UNUSED void **state) {
    Object *branches[2];
    for (int branch = 0; branch < 2; branch++) {
        branches[branch] = make(&Loud_Type, 9);
        for (int i = 0; i < 60; i++) {
            branches[branch] = around(INSTANCE, branches[branch]);
            if (i != 50) continue;
            Object *loud = make(&Loud_Type, branch + 1);
            FIELD(loud, LEFT) = branches[branch];
            branches[branch] = loud;
        }
    }
    Object *tuple = tuple_pack(2, branches[0], branches[1]);
    decref(branches[0]);
    decref(branches[1]);
    decref(tuple);
    assert_story("del2 del1 del9 del9 ");
}

static Object *watched[100]; // weak references to the links of a chain

/* One of them is waiting: it can be seen, and must not be got hold of. */
static void look_at_watched(UNUSED Object *self) {
    int gone = 0, waiting = 0, alive = 0;
    for (int i = 0; i < 100; i++) {
        const WeakRef *reference = (WeakRef *)watched[i];
        Object *got = weakref_get(reference);
        bool dead = reference->object && reference->object->refcnt == 0;
        gone += !reference->object;
        waiting += dead;
        alive += got != None;
        assert_true(!dead || got == None);
        decref(got);
    }
    tell("%d dead, %d waiting, %d alive ", gone, waiting, alive);
}

static void test_what_waits_is_dead(UNUSED void **state) {
    Object *top = make(&Node_Type, 0), *probe = make(&Loud_Type, 1);
    for (int i = 0; i < 100; i++) {
        top = around(INSTANCE, top);
        watched[i] = weakref_new(top, NULL);
    }
    Object *tuple = tuple_pack(2, probe, top);
    decref(probe);
    decref(top);
    inside = look_at_watched;
    decref(tuple);
    assert_story("del1 49 dead, 1 waiting, 50 alive ");
    for (int i = 0; i < 100; i++)
        clear_ref(watched[i]);
}

static void share(UNUSED Object *self) {
    Object *shared = weakref_new(target, NULL);
    assert_int_equal(shared->refcnt, 1);
    decref(shared);
}

/* Nor is a weak reference that waits handed out as the shared one. */
static void test_waiting_reference_is_not_shared(UNUSED void **state) {
    target = make(&Node_Type, 0);
    for (int depth = 0; depth < UNWIND_LEVEL; depth++) { // beyond, a link waits in its place
        Object *top = weakref_new(target, NULL), *probe = make(&Loud_Type, 0);
        for (int i = 0; i < depth; i++)
            top = around(INSTANCE, top);
        Object *tuple = tuple_pack(2, probe, top);
        decref(probe);
        decref(top);
        inside = share;
        decref(tuple);
    }
    decref(target);
}

/* Who has been finalized stays so while it waits. */
static void test_finalized_once_while_waiting(UNUSED void **state) {
    Object *top = new_ref(None);
    for (int i = 0; i < 100; i++) {
        decref(make(&Phoenix_Type, 1));
        FIELD(kept, LEFT) = top;
        top = kept;
        kept = NULL;
    }
    story[0] = '\0';
    decref(top);
    assert_story("");
}

/* Those that come back keep what is below them, wherever the trashcan has cut the chain. */
static void test_resurrected_within_a_chain(UNUSED void **state) {
    Object *top = make(&Loud_Type, 5);
    for (int i = 0; i < 200; i++) {
        top = around(INSTANCE, top);
        if (i != 10 && i != 99 && i != 149 && i != 150) continue;
        Object *phoenix = make(&Phoenix_Type, i);
        FIELD(phoenix, LEFT) = top;
        top = phoenix;
    }
    decref(top);
    assert_story("keep150 ");
    clear_ref(kept);
    assert_story("keep149 ");
    clear_ref(kept);
    clear_ref(kept);
    assert_story("keep99 keep10 ");
    clear_ref(kept);
    assert_story("del5 ");
}

/* ---- No memory -------------------------------------------------------------------------------*/

/* Makes one of everything. Whatever fails says so, and leaves nothing behind. */
static bool make_everything(void) {
    Object *parts[6] = {NULL};
    List *list = list_new();
    bool ok = list;
    for (int i = 0; ok && i < 30; i++) {
        Object *item = make(&Loud_Type, i + 1);
        ok = item && list_append(list, item) == 0;
        if (item && !ok) assert_true(list->size == i && item->refcnt == 1);
        xdecref(item);
    }
    ok = ok && (parts[0] = tuple_pack(2, list, None));
    ok = ok && (parts[1] = make(&Node_Type, 1));
    ok = ok && (parts[2] = watch(parts[1], 2));
    ok = ok && (parts[3] = weakref_new(parts[1], NULL));
    ok = ok && (parts[4] = weakref_new(parts[1], NULL));
    ok = ok && (parts[5] = OBJECT(tuple_new(0)));
    if (!ok) assert_error(MemoryError, "");
    for (int i = 0; i < 6; i++)
        xdecref(parts[i]);
    xdecref(list);
    story[0] = '\0';
    return ok;
}

static void test_failed_allocations(UNUSED void **state) {
    long n = 0;
    for (testing_fail_at(n); !make_everything(); testing_fail_at(++n)) {
        assert_true(testing_has_failed());
        assert_int_equal(heap.blocks, 0);
        assert_int_equal(testing_blocks(), 0);
    }
    assert_false(testing_has_failed());
    testing_fail(NULL, 0, 0);
    assert_true(n > 70); // list, 30 items of two, and what they need
}

/* What dies asks for no memory: finalizers, callbacks, trashcan and all. */
static void test_dying_needs_no_memory(UNUSED void **state) {
    Object *top = make(&Loud_Type, 1), *references[5];
    target = make(&Node_Type, 0);
    for (int i = 0; i < 1000; i++)
        top = around((Kind)(i % KINDS), top);
    top = around(INSTANCE, top);
    for (int i = 0; i < 5; i++)
        references[i] = watch(top, i + 2);
    testing_fail_from("malloc", 0, ENOMEM);
    decref(top);
    for (int i = 0; i < 5; i++)
        decref(references[i]);
    decref(target);
    assert_false(testing_has_failed());
    testing_fail(NULL, 0, 0);
    assert_story("call6 call5 call4 call3 call2 del1 ");
}

/* ---- Random programs against a model ---------------------------------------------------------*/

enum { OBJECTS = 60, ROOTS = 6, ITEMS = 6, NONE = -1 };

/* What the model knows of an object: no counts, only who refers to whom. */
typedef struct {
    Object *op;
    bool alive, freed, saves, finalized, called;
    Kind kind;
    int items[ITEMS], size; // what it refers to
    int referent;           // of a weak reference
} Model;

static Model models[OBJECTS];
static int roots[ROOTS];
static Object *root_objects[ROOTS];
static int saved_count[OBJECTS]; // by its finalizer
static List *saved;
static int calls;

static void save(Object *self) {
    list_append(saved, self);
}

static const Type Saved_Type = INSTANCE_TYPE("Saved", fields, 3, save);

static Object *count_call(UNUSED Object *closure, UNUSED Object *reference) {
    calls++;
    return new_ref(None);
}

static void note_freed(void *block, UNUSED size_t size, bool born) {
    for (int i = 0; i < OBJECTS && !born; i++)
        if (models[i].alive && block == (void *)AS_GC(models[i].op)) models[i].freed = true;
}

/* References to it from roots, from what it saved itself in, and from all that is alive. */
static int references_to(int i) {
    int count = saved_count[i];
    for (int root = 0; root < ROOTS; root++)
        count += roots[root] == i;
    for (int j = 0; j < OBJECTS; j++)
        for (int item = 0; models[j].alive && item < models[j].size; item++)
            count += models[j].items[item] == i;
    return count;
}

/* It dies: so do the weak references to it, as such, and let go of their callbacks. */
static void die(int i) {
    assert_true(models[i].freed);
    models[i].alive = false;
    for (int j = 0; j < OBJECTS; j++) {
        Model *model = &models[j];
        if (!model->alive || model->kind != WEAKREF || model->referent != i) continue;
        model->referent = NONE;
        model->called = model->size > 0;
        model->size = 0;
    }
}

/* Who has no reference dies, until there is no such one; compared with what has happened. In which
 * order they do does not matter to who is left. */
static void settle(void) {
    int certain = 0;
    for (int i = 0; i < OBJECTS; i++) {
        Model *model = &models[i];
        if (!model->alive || references_to(i) > 0) continue;
        if (model->saves && !model->finalized) {
            model->finalized = true;
            saved_count[i]++;
        } else {
            die(i);
        }
        i = -1; // begin anew
    }
    for (int i = 0; i < OBJECTS; i++) {
        Model *model = &models[i];
        if (!model->alive) continue;
        assert_false(model->freed);
        assert_int_equal(model->op->refcnt, references_to(i));
        certain += model->called;
        model->called = false;
        if (model->kind != WEAKREF) continue;
        Object *expected = model->referent == NONE ? NULL : models[model->referent].op;
        assert_ptr_equal(((WeakRef *)model->op)->object, expected);
    }
    assert_true(calls >= certain); // one that has died meanwhile may have been called before
    calls = 0;
}

static void set_root(int root, int i, Object *op) {
    roots[root] = i;
    set_ref(root_objects[root], op);
}

/* Enters what has just been made, if it is new, and gives it a name. */
static void enter(int root, Kind kind, Object *op, int first, int second) {
    for (int i = 0; i < OBJECTS; i++) {
        if (models[i].alive && models[i].op == op) { // the shared weak reference
            set_root(root, i, op);
            return;
        }
    }
    int i = 0;
    while (models[i].alive)
        i++;
    models[i] = (Model){.op = op, .alive = true, .kind = kind, .referent = NONE};
    models[i].saves = op->type == &Saved_Type;
    if (first != NONE) models[i].items[models[i].size++] = first;
    if (second != NONE) models[i].items[models[i].size++] = second;
    set_root(root, i, op);
}

static int living(void) {
    int count = 0;
    for (int i = 0; i < OBJECTS; i++)
        count += models[i].alive;
    return count;
}

static void make_one(uint64_t *random, int root, int other) {
    int i = roots[other], j = roots[testing_random(random, ROOTS)];
    Object *op = i == NONE ? None : models[i].op, *second = j == NONE ? None : models[j].op;
    bool callable = j != NONE && models[j].kind == FUNCTION;
    Object *made;
    switch (testing_random(random, KINDS)) {
    case LIST:
        enter(root, LIST, OBJECT(list_new()), NONE, NONE);
        break;
    case TUPLE:
        enter(root, TUPLE, tuple_pack(2, op, second), i, j);
        break;
    case INSTANCE:
        made = make(testing_random(random, 3) ? &Node_Type : &Saved_Type, 0);
        enter(root, INSTANCE, made, NONE, NONE);
        break;
    case FUNCTION:
        enter(root, FUNCTION, function_new("f", count_call, op), i, NONE);
        break;
    default:
        if (i == NONE || models[i].kind != INSTANCE) break;
        made = weakref_new(op, callable ? second : NULL);
        enter(root, WEAKREF, made, callable ? j : NONE, NONE);
        models[roots[root]].referent = i;
    }
}

/* Changes what a list or an instance refers to, here and there. The model knows a field that is set
 * as an item; it sets none twice. */
static void change_one(uint64_t *random, int i, int j) {
    Model *model = &models[i];
    Object *item = models[j].op;
    int at = (int)testing_random(random, ITEMS);
    if (model->kind == LIST && model->size < ITEMS) {
        model->items[model->size++] = j;
        list_append((List *)model->op, item);
    } else if (model->kind == LIST && at > 0) {
        model->items[at] = j;
        list_set_item((List *)model->op, at, new_ref(item));
    } else if (model->kind == LIST) {
        model->size = 0;
        list_clear((List *)model->op);
    } else if (model->kind == INSTANCE && model->size < 3) {
        set_ref(FIELD(model->op, model->size), new_ref(item));
        model->items[model->size++] = j;
    } else if (model->kind == INSTANCE) {
        model->items[at % 3] = j;
        set_ref(FIELD(model->op, at % 3), new_ref(item));
    }
}

static void let_go_of_all(void) {
    for (int root = 0; root < ROOTS; root++)
        set_root(root, NONE, NULL);
    settle();
    for (int i = 0; i < OBJECTS; i++) { // cycles, and what saves itself once more
        if (!models[i].alive || (models[i].kind != LIST && models[i].kind != INSTANCE)) continue;
        Object *op = new_ref(models[i].op);
        models[i].size = 0;
        op->type->clear(op);
        decref(op);
        settle();
    }
    memset(saved_count, 0, sizeof saved_count);
    list_clear(saved);
    settle();
}

static void test_model(UNUSED void **state) {
    uint64_t random = testing_seed();
    long freed = 0;
    saved = list_new();
    heap.watcher = note_freed;
    for (int round = 0; round < 200; round++) {
        for (int root = 0; root < ROOTS; root++)
            roots[root] = NONE;
        for (int step = 0; step < 150 && living() < OBJECTS - 1; step++) {
            int before = living(), root = (int)testing_random(&random, ROOTS);
            int other = (int)testing_random(&random, ROOTS),
                choice = (int)testing_random(&random, 8);
            if (choice < 3)
                make_one(&random, root, other);
            else if (choice == 3)
                set_root(root, NONE, NULL);
            else if (choice == 4 && roots[other] != NONE)
                set_root(root, roots[other], new_ref(root_objects[other]));
            else if (roots[root] != NONE && roots[other] != NONE)
                change_one(&random, roots[root], roots[other]);
            settle();
            freed += before - living() > 1;
        }
        while (living() > 0)
            let_go_of_all();
    }
    heap.watcher = NULL;
    decref(saved);
    assert_true(freed > 100); // where one death was the death of others
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_chains_of_every_mixture, nothing_is_left),
        cmocka_unit_test_teardown(test_without_trashcan, nothing_is_left),
        cmocka_unit_test_teardown(test_order_with_trashcan, nothing_is_left),
        cmocka_unit_test_teardown(test_what_waits_is_dead, nothing_is_left),
        cmocka_unit_test_teardown(test_waiting_reference_is_not_shared, nothing_is_left),
        cmocka_unit_test_teardown(test_finalized_once_while_waiting, nothing_is_left),
        cmocka_unit_test_teardown(test_resurrected_within_a_chain, nothing_is_left),
        cmocka_unit_test_teardown(test_failed_allocations, nothing_is_left),
        cmocka_unit_test_teardown(test_dying_needs_no_memory, nothing_is_left),
        cmocka_unit_test_teardown(test_model, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
