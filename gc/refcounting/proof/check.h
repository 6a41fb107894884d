/* check.h: what the room's two tests are made of: types that say when they die, and that nothing is
 * left after each test: no block, no tracked object, nothing in the trashcan. */
#ifndef CHECK_H
#define CHECK_H

#include "../../../common/proof/testing.h"

#include "../refcounting.h"

#define UNUSED __attribute__((unused))

static char story[4096]; // who died, who was called, in order

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...) {
    size_t length = strlen(story);
    va_list args;
    va_start(args, format);
    vsnprintf(story + length, sizeof story - length, format, args);
    va_end(args);
}

#define assert_story(expected)                                                                     \
    do {                                                                                           \
        assert_string_equal(story, expected);                                                      \
        story[0] = '\0';                                                                           \
    } while (0)

enum { LABEL, LEFT, RIGHT };
#define FIELD(op, i) (((Instance *)(op))->fields[i])
static const char *const fields[] = {"label", "left", "right", NULL};

static int label(Object *op) {
    return FIELD(op, LABEL) ? (int)((Int *)FIELD(op, LABEL))->value : 0;
}

static char *stack_low, *stack_high; // where the frames of finalizers were

static void (*inside)(Object *self); // what the next Loud's finalizer does besides
static Object *kept;                 // what a finalizer has kept

static void loud_finalize(Object *self) {
    void (*now)(Object *) = inside;
    char *frame = __builtin_frame_address(0);
    inside = NULL;
    if (frame < stack_low) stack_low = frame;
    if (frame > stack_high) stack_high = frame;
    assert_int_equal(self->refcnt, 1);
    assert_true(gc_is_tracked(self));
    if (FIELD(self, LABEL)) tell("del%d ", label(self));
    if (now) now(self);
}

static void phoenix_finalize(Object *self) {
    tell("keep%d ", label(self));
    set_ref(kept, new_ref(self));
}

static const Type Node_Type = INSTANCE_TYPE("Node", fields, 3, NULL);
static const Type Loud_Type = INSTANCE_TYPE("Loud", fields, 3, loud_finalize);
static const Type Phoenix_Type = INSTANCE_TYPE("Phoenix", fields, 3, phoenix_finalize);

/* NULL if there is no memory, as with those below. Label 0: without. */
static Object *make(const Type *type, int number) {
    Object *self = instance_new(type);
    if (self && number && !(FIELD(self, LABEL) = int_from_long(number))) clear_ref(self);
    return self;
}

/* Steals the item. */
static inline int append(List *list, Object *item) {
    int status = item ? list_append(list, item) : -1;
    xdecref(item);
    return status;
}

static Object *told(Object *closure, Object *reference) {
    assert_null(((WeakRef *)reference)->object);
    tell("call%d ", (int)((Int *)closure)->value);
    void (*now)(Object *) = inside;
    inside = NULL;
    if (now) now(reference);
    return error_occurred() ? NULL : new_ref(None);
}

/* ref(op, a function that tells this number). */
static inline Object *watch(Object *op, int number) {
    Object *closure = int_from_long(number);
    Object *function = closure ? function_new("told", told, closure) : NULL;
    Object *made = function ? weakref_new(op, function) : NULL;
    xdecref(closure);
    xdecref(function);
    return made;
}

static int nothing_is_left(UNUSED void **state) {
    assert_int_equal(heap.blocks, 0);
    assert_int_equal(heap.bytes, 0);
    assert_int_equal(testing_blocks(), 0);
    assert_int_equal(none_object.refcnt, 1);
    assert_int_equal(trash.delete_nesting, 0);
    assert_null(trash.delete_later);
    assert_ptr_equal(gc.generations[0].head.next, &gc.generations[0].head);
    assert_int_equal(gc.generations[0].count, 0);
    assert_null(error_occurred());
    assert_story("");
    return 0;
}

#endif
