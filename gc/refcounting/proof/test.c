/* test.c: what object.h, heap.h and refcounting.h promise, and whatever a finalizer or a callback may
 * do to the one that called it. Long chains, random programs and no memory are in deep.c; what CPython
 * does with the same programs is the business of twin.c and differential.c. */
#include "check.h"

/* ---- Counts ----------------------------------------------------------------------------------*/

static void test_counts(UNUSED void **state) {
    Object *op = make(&Loud_Type, 1);
    assert_int_equal(op->refcnt, 1);
    assert_int_equal(object_getrefcount(op), 2);
    assert_ptr_equal(new_ref(op), op);
    incref(op);
    assert_int_equal(op->refcnt, 3);
    decref(op);
    xdecref(op);
    xdecref(NULL);
    assert_int_equal(op->refcnt, 1);
    assert_story("");
    decref(op);
    assert_story("del1 ");
}

/* Who keeps a reference, who hands out its own, who takes one over. */
static void test_ownership(UNUSED void **state) {
    Object *op = make(&Node_Type, 1), *other = make(&Node_Type, 2);
    Object *tuple = tuple_pack(3, op, op, other);
    assert_int_equal(op->refcnt, 3);
    assert_int_equal(((Tuple *)tuple)->size, 3);
    List *list = list_new();
    assert_int_equal(list_append(list, op), 0);
    assert_int_equal(op->refcnt, 4);
    assert_ptr_equal(list_get_item(list, 0), op); // borrowed
    assert_int_equal(op->refcnt, 4);
    assert_int_equal(list_set_item(list, 0, new_ref(other)), 0); // stolen
    assert_int_equal(op->refcnt, 3);
    assert_int_equal(other->refcnt, 3);
    assert_int_equal(list_set_item(list, 1, new_ref(other)), -1); // also then
    assert_error(IndexError, "list assignment index out of range");
    assert_int_equal(list_set_item(list, -1, new_ref(other)), -1);
    assert_error(IndexError, "list assignment index out of range");
    assert_int_equal(other->refcnt, 3);
    assert_null(list_get_item(list, 1));
    assert_error(IndexError, "list index out of range");
    assert_null(list_get_item(list, -1));
    assert_error(IndexError, "list index out of range");
    Object *function = function_new("told", told, op), *reference = weakref_new(op, function);
    assert_int_equal(op->refcnt, 4); // the closure; a weak reference does not count
    assert_int_equal(function->refcnt, 2);
    assert_ptr_equal(weakref_get((WeakRef *)reference), op); // new
    assert_int_equal(op->refcnt, 5);
    decref(op);
    decref(reference);
    assert_int_equal(function->refcnt, 1);
    decref(function);
    decref(list);
    decref(tuple);
    assert_int_equal(op->refcnt, 1);
    decref(op);
    decref(other);
    assert_story("");
}

static void test_messages(UNUSED void **state) {
    Object *number = int_from_long(7), *things[] = {number, None, tuple_pack(1, number)};
    const char *const names[] = {"int", "NoneType", "tuple"};
    char expected[80], text[80];
    for (int i = 0; i < 3; i++) {
        snprintf(expected, sizeof expected, "cannot create weak reference to '%s' object",
                 names[i]);
        assert_null(weakref_new(things[i], NULL));
        assert_error(TypeError, expected);
        snprintf(expected, sizeof expected, "'%s' object is not callable", names[i]);
        assert_null(object_call(things[i], None));
        assert_error(TypeError, expected);
    }
    assert_string_equal(object_repr(number, text, sizeof text), "7");
    assert_string_equal(object_repr(None, text, sizeof text), "None");
    snprintf(expected, sizeof expected, "<tuple at %p>", (void *)things[2]);
    assert_string_equal(object_repr(things[2], text, sizeof text), expected);
    assert_string_equal(object_repr(things[2], text, 4), "<tu");
    decref(things[2]);
    decref(number);
}

/* ---- The heap and the collector's head -------------------------------------------------------*/

static size_t seen_born, seen_dead;

static void see(UNUSED void *block, size_t size, bool born) {
    *(born ? &seen_born : &seen_dead) += size;
}

static void test_heap(UNUSED void **state) {
    unsigned char *block = heap_alloc(40);
    memset(block, 7, 40);
    for (size_t size = 80, old = 40; size < 5000; old = size, size *= 2) {
        testing_fail_at(0);
        assert_null(heap_realloc(block, old, size));
        assert_int_equal(block[39], 7);
        assert_int_equal(heap.bytes, old);
        block = heap_realloc(block, old, size);
        assert_int_equal(block[39], 7);
        assert_int_equal(heap.blocks, 1);
        assert_int_equal(heap.bytes, size);
    }
    heap.watcher = see;
    block = heap_realloc(block, 2560, 100);
    assert_int_equal(seen_born, 100);
    assert_int_equal(seen_dead, 2560);
    heap_free(block, 100);
    heap_free(NULL, 100);
    assert_int_equal(seen_dead, 2660);
    heap.watcher = NULL;
    testing_fail_at(0);
    assert_null(heap_alloc(40));
    assert_null(error_occurred());
}

static void test_tracking(UNUSED void **state) {
    const GCHead *head = &gc.generations[0].head;
    Object *first = OBJECT(list_new()), *raw = object_new(&Tuple_Type, 3);
    assert_int_equal(raw->refcnt, 1);
    assert_false(gc_is_tracked(raw)); // its fields are not valid yet
    for (int i = 0; i < 3; i++)
        assert_null(((Tuple *)raw)->items[i]);
    assert_int_equal(object_size(&Tuple_Type, 3), sizeof(Tuple) + 3 * sizeof(Object *));
    object_del(raw, 3);
    Object *number = int_from_long(1), *second = OBJECT(tuple_new(2));
    assert_false(gc_is_tracked(number));
    assert_int_equal(gc.generations[0].count, 2); // ints are no business of the collector's
    assert_ptr_equal(head->next, AS_GC(first));   // in the order in which they are made
    assert_ptr_equal(AS_GC(first)->next, AS_GC(second));
    assert_ptr_equal(head->prev, AS_GC(second));
    gc_untrack(first);
    gc_untrack(first);
    assert_false(gc_is_tracked(first));
    assert_true(gc_may_be_tracked(first)); // a list can get what makes a cycle, a tuple cannot
    gc_untrack(second);
    assert_false(gc_may_be_tracked(second));
    assert_false(gc_may_be_tracked(number));
    assert_ptr_equal(head->next, head);
    decref(first);
    decref(second);
    decref(number);
}

static int collections;

static void collect(void) {
    assert_true(gc.collecting);
    collections++;
    gc.generations[0].count = 0;
}

/* Past the threshold, and neither within a collection nor with an error pending. */
static void test_allocation_starts_the_collector(UNUSED void **state) {
    List *list = list_new();
    gc.collect_generations = collect;
    gc.enabled = true;
    for (int i = 0; i < 700; i++) {
        assert_int_equal(collections, 0);
        append(list, make(&Node_Type, 0));
    }
    assert_int_equal(collections, 1);
    gc.generations[0].count = 700;
    error_set(ValueError, "pending");
    append(list, make(&Node_Type, 0));
    error_clear();
    gc.collecting = true;
    append(list, make(&Node_Type, 0));
    gc.collecting = gc.enabled = false;
    append(list, make(&Node_Type, 0));
    assert_int_equal(collections, 1);
    gc.enabled = true;
    append(list, make(&Node_Type, 0));
    assert_int_equal(collections, 2);
    gc.enabled = false;
    gc.generations[0].count = 3;
    decref(list); // more die than were counted: never below 0
}

/* ---- The order of dying ----------------------------------------------------------------------*/

static void test_order(UNUSED void **state) {
    Object *first = make(&Loud_Type, 1), *second = make(&Loud_Type, 2);
    Object *tuple = tuple_pack(2, first, second);
    decref(first);
    decref(second);
    decref(tuple);
    assert_story("del2 del1 "); // from the end, lists and tuples
    List *list = list_new();
    append(list, make(&Loud_Type, 3));
    append(list, make(&Loud_Type, 4));
    Object *top = make(&Loud_Type, 5);
    FIELD(top, LEFT) = make(&Loud_Type, 6);
    FIELD(top, RIGHT) = OBJECT(list);
    decref(top);
    assert_story("del5 del6 del4 del3 "); // itself first, then its fields in order
}

static Object *subject; // whom a finalizer looks at, or changes

static void look_at_subject(UNUSED Object *self) {
    if (subject->type == &List_Type) {
        List *list = (List *)subject;
        tell("(%zd:", list->size);
        for (ssize_t i = 0; i < list->size; i++)
            tell(" %d", label(list->items[i]));
        tell(") ");
    } else {
        tell("(%d) ", FIELD(subject, LEFT) ? label(FIELD(subject, LEFT)) : 0);
    }
}

/* Whoever dies sees its container as it will be. */
static void test_replaced_before_dropped(UNUSED void **state) {
    subject = make(&Node_Type, 0);
    FIELD(subject, LEFT) = make(&Loud_Type, 1);
    inside = look_at_subject;
    set_ref(FIELD(subject, LEFT), make(&Loud_Type, 2));
    inside = look_at_subject;
    clear_ref(FIELD(subject, LEFT));
    clear_ref(FIELD(subject, LEFT));
    set_ref(FIELD(subject, LEFT), make(&Loud_Type, 3));
    inside = look_at_subject;
    subject->type->clear(subject);
    assert_story("del1 (2) del2 (0) del3 (0) ");
    decref(subject);
    List *list = list_new();
    subject = OBJECT(list);
    append(list, make(&Loud_Type, 4));
    append(list, make(&Node_Type, 5));
    inside = look_at_subject;
    list_set_item(list, 0, make(&Loud_Type, 6));
    inside = look_at_subject;
    list_clear(list);
    assert_story("del4 (2: 6 5) del6 (0:) ");
    decref(list);
}

static void clear_subject(UNUSED Object *self) {
    list_clear((List *)subject);
}

static void append_to_subject(UNUSED Object *self) {
    for (int i = 0; i < 100; i++) // it moves
        append((List *)subject, make(&Node_Type, i + 1));
}

static void replace_in_subject(UNUSED Object *self) {
    if (((List *)subject)->size > 0) list_set_item((List *)subject, 0, make(&Loud_Type, 9));
}

static void drop_subject(UNUSED Object *self) {
    clear_ref(subject);
}

/* An item that dies changes the list that lets go of it: AddressSanitizer is the judge. */
static void test_items_that_change_their_list(UNUSED void **state) {
    void (*const changes[])(Object *) = {clear_subject, append_to_subject, replace_in_subject,
                                         drop_subject};
    for (int i = 0; i < 4; i++) {
        for (int way = 0; way < 2; way++) {
            List *list = list_new();
            subject = OBJECT(list);
            for (int item = 0; item < 6; item++)
                append(list, make(&Loud_Type, 1));
            incref(list); // as a statement would, while it works on it
            inside = changes[i];
            if (way == 0)
                list_set_item(list, 0, make(&Node_Type, 2));
            else
                list_clear(list);
            xdecref(subject);
            decref(list);
            inside = NULL;
        }
    }
    story[0] = '\0';
}

/* ---- Finalizers ------------------------------------------------------------------------------*/

static void test_resurrection(UNUSED void **state) {
    Object *op = make(&Phoenix_Type, 1), *reference = watch(op, 2);
    FIELD(op, LEFT) = make(&Loud_Type, 3);
    decref(op);
    assert_story("keep1 ");
    assert_ptr_equal(kept, op);
    assert_int_equal(op->refcnt, 1);
    assert_true(gc_is_tracked(op));
    assert_true(gc_is_finalized(op));
    assert_int_equal(label(FIELD(op, LEFT)), 3); // it is whole,
    assert_ptr_equal(((WeakRef *)reference)->object, op);
    gc_untrack(op);
    assert_true(gc_is_finalized(op));
    gc_track(op);
    clear_ref(kept); // and dies without being asked again
    assert_story("call2 del3 ");
    decref(reference);
}

static void empty_itself(Object *self) {
    for (int i = LEFT; i <= RIGHT; i++)
        clear_ref(FIELD(self, i));
}

static void test_finalizer_that_empties_the_object(UNUSED void **state) {
    Object *op = make(&Loud_Type, 1);
    FIELD(op, LEFT) = make(&Loud_Type, 2);
    FIELD(op, RIGHT) = make(&Loud_Type, 3);
    inside = empty_itself;
    decref(op);
    assert_story("del1 del2 del3 ");
}

static void watch_itself(Object *self) {
    assert_null(kept);
    decref(watch(self, 7)); // nobody keeps this one
    kept = watch(self, 8);
    assert_int_equal(self->refcnt, 1);
}

static Object *half_dead; // borrowed

static void watch_half_dead(UNUSED Object *reference) {
    kept = watch(half_dead, 9);
}

static void test_references_made_while_dying(UNUSED void **state) {
    Object *op = make(&Loud_Type, 1);
    inside = watch_itself;
    decref(op);
    assert_story("del1 call8 ");
    assert_null(((WeakRef *)kept)->object);
    clear_ref(kept);
    /* A callback has no way to the object, unless it keeps what it does not own: it ends uncalled. */
    half_dead = make(&Node_Type, 0);
    Object *reference = watch(half_dead, 2);
    inside = watch_half_dead;
    decref(half_dead);
    assert_story("call2 ");
    assert_null(((WeakRef *)kept)->object);
    clear_ref(kept);
    decref(reference);
}

/* ---- Weak references -------------------------------------------------------------------------*/

static void test_sharing(UNUSED void **state) {
    Object *op = make(&Node_Type, 1), *one = watch(op, 1);
    Object *shared = weakref_new(op, NULL), *again = weakref_new(op, None), *two = watch(op, 2);
    assert_ptr_equal(again, shared);
    assert_int_equal(shared->refcnt, 2);
    assert_ptr_not_equal(one, two);
    WeakRef *list = *object_weaklist(op); // the shared one, then those with callbacks, newest first
    assert_ptr_equal(list, shared);
    assert_ptr_equal(list->next, two);
    assert_ptr_equal(list->next->next, one);
    assert_ptr_equal(((WeakRef *)one)->prev, two);
    decref(two); // from the middle
    assert_ptr_equal(list->next, one);
    assert_ptr_equal(((WeakRef *)one)->prev, shared);
    decref(op);
    assert_story("call1 ");
    assert_ptr_equal(weakref_get((WeakRef *)shared), None);
    decref(None);
    decref(shared);
    decref(again);
    decref(one);
    assert_null(object_weaklist(None));
}

static void make_shared(void) {
    kept = weakref_new(subject, NULL);
}

/* Making a weak reference may start a collection, which may run code that makes the shared one. */
static void test_shared_made_meanwhile(UNUSED void **state) {
    subject = make(&Node_Type, 1);
    gc.collect_generations = make_shared;
    gc.generations[0].count = 700;
    gc.enabled = true;
    Object *shared = weakref_new(subject, NULL);
    gc.enabled = false;
    gc.generations[0].count = 2;
    assert_ptr_equal(shared, kept);
    assert_int_equal(shared->refcnt, 2);
    clear_ref(kept);
    decref(shared);
    clear_ref(subject);
}

static Object *others[3];

static void drop_others(UNUSED Object *self) {
    for (int i = 0; i < 3; i++)
        clear_ref(others[i]);
}

/* Once they have been ended together, all are called, even if the first drops the others. */
static void test_callback_that_drops_references(UNUSED void **state) {
    Object *op = make(&Node_Type, 1);
    for (int i = 0; i < 3; i++)
        others[i] = watch(op, i + 1);
    inside = drop_others;
    decref(op);
    assert_story("call3 call2 call1 ");
    /* And what the finalizer drops is not called. */
    op = make(&Loud_Type, 1);
    for (int i = 0; i < 3; i++)
        others[i] = watch(op, i + 1);
    inside = drop_others;
    decref(op);
    assert_story("del1 ");
}

static void fails(UNUSED Object *self) {
    error_set(ValueError, "on purpose");
}

/* What is written to stderr meanwhile. */
static const char *stderr_of(void (*run)(Object *), Object *op) {
    static char text[400];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int before = dup(2);
    dup2(fileno(file), 2);
    run(op);
    fflush(stderr);
    dup2(before, 2);
    close(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void drop(Object *op) {
    decref(op);
}

/* Errors of theirs are nobody's, and the one that was pending is not touched. */
static void test_errors_while_dying(UNUSED void **state) {
    Object *op = make(&Node_Type, 1), *one = watch(op, 1), *two = watch(op, 2);
    error_set(IndexError, "before");
    inside = fails; // the first to be called
    const char *text = stderr_of(drop, op);
    assert_error(IndexError, "before");
    assert_story("call2 call1 ");
    assert_non_null(strstr(text, "Exception ignored in: <function at 0x"));
    assert_non_null(strstr(text, ">\nValueError: on purpose\n"));
    decref(one);
    decref(two);
    op = make(&Loud_Type, 3);
    error_set(IndexError, "before");
    inside = fails;
    text = stderr_of(drop, op);
    assert_error(IndexError, "before");
    assert_story("del3 ");
    assert_non_null(strstr(text, "Exception ignored in: <Loud at 0x"));
    assert_non_null(strstr(text, ">\nValueError: on purpose\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_counts, nothing_is_left),
        cmocka_unit_test_teardown(test_ownership, nothing_is_left),
        cmocka_unit_test_teardown(test_messages, nothing_is_left),
        cmocka_unit_test_teardown(test_heap, nothing_is_left),
        cmocka_unit_test_teardown(test_tracking, nothing_is_left),
        cmocka_unit_test_teardown(test_allocation_starts_the_collector, nothing_is_left),
        cmocka_unit_test_teardown(test_order, nothing_is_left),
        cmocka_unit_test_teardown(test_replaced_before_dropped, nothing_is_left),
        cmocka_unit_test_teardown(test_items_that_change_their_list, nothing_is_left),
        cmocka_unit_test_teardown(test_resurrection, nothing_is_left),
        cmocka_unit_test_teardown(test_finalizer_that_empties_the_object, nothing_is_left),
        cmocka_unit_test_teardown(test_references_made_while_dying, nothing_is_left),
        cmocka_unit_test_teardown(test_sharing, nothing_is_left),
        cmocka_unit_test_teardown(test_shared_made_meanwhile, nothing_is_left),
        cmocka_unit_test_teardown(test_callback_that_drops_references, nothing_is_left),
        cmocka_unit_test_teardown(test_errors_while_dying, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
