/* check.h: what the tests of the collector share: an instance type, and a look at every list. */
#ifndef CHECK_H
#define CHECK_H

#include "../../../common/proof/testing.h"

#include "../../refcounting/refcounting.h"
#include "../gc.h"

#include <fcntl.h>

static const char *const node_fields[] = {"a", "b", NULL};
static const Type Node_Type = INSTANCE_TYPE("Node", node_fields, 2, NULL);

static inline Object **field(Object *op, int which) {
    return &((Instance *)op)->fields[which];
}

/* op.a or op.b = value, which stays the caller's. */
static inline void set(Object *op, int which, Object *value) {
    set_ref(*field(op, which), value ? new_ref(value) : NULL);
}

/* A new instance that refers to itself, to be given up by decref. */
static inline Object *loop_of(const Type *type) {
    Object *self = instance_new(type);
    assert_non_null(self);
    set(self, 0, self);
    return self;
}

/* A list's links agree in both directions and no flag is left; returns how many it has. */
static inline ssize_t check_list(GCHead *head) {
    ssize_t count = 0;
    GCHead *prev = head;
    for (GCHead *g = (GCHead *)head->next; g != head; g = (GCHead *)g->next) {
        assert_int_equal(g->next & 3, 0);
        assert_int_equal(g->prev & PREV_MASK_COLLECTING, 0);
        assert_ptr_equal(gc_prev(g), prev);
        assert_true(FROM_GC(g)->refcnt > 0);
        prev = g;
        count++;
    }
    assert_ptr_equal((GCHead *)head->prev, prev);
    return count;
}

/* The same for all lists: how many objects are tracked, or frozen. */
static inline ssize_t check_lists(void) {
    ssize_t count = check_list(&gc.permanent_generation);
    for (int i = 0; i < NUM_GENERATIONS; i++)
        count += check_list(&gc.generations[i].head);
    return count;
}

static inline void set_threshold(int threshold0, int threshold1, int threshold2) {
    gc.generations[0].threshold = threshold0;
    gc.generations[1].threshold = threshold1;
    gc.generations[2].threshold = threshold2;
}

/* For the while of what is to be reported there. */
static inline int hide_stderr(void) {
    fflush(stderr);
    int saved = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    close(null);
    return saved;
}

static inline void show_stderr(int saved) {
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
}

/* As before the first object: each test begins and ends here. */
static inline int fresh(void **state) {
    (void)state;
    testing_fail(NULL, 0, 0);
    assert_int_equal(gc_init(), 0);
    gc.enabled = false;
    gc.debug = 0;
    gc_callback = NULL;
    gc_step = NULL;
    set_threshold(700, 10, 10);
    gc_unfreeze();
    gc_collect(2);
    assert_int_equal(check_lists(), 1); // gc_garbage
    assert_int_equal(error_occurred() != NoError, false);
    return 0;
}

/* Everything is gone but gc_garbage, which is empty. */
static inline int gone(void **state) {
    fresh(state);
    assert_int_equal(gc_garbage->size, 0);
    clear_ref(gc_garbage);
    assert_int_equal(heap.blocks, 0);
    assert_int_equal(heap.bytes, 0);
    assert_int_equal(testing_blocks(), 0);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

#endif
