/* test.c: the list against its own rules, against a simple model, and without memory. */
#include "../list.h"

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

/* A list of small ints, which are static: no allocation but the list's own. */
static List *ints(ssize_t count, ...) {
    List *list = list_new(count);
    assert_non_null(list);
    va_list values;
    va_start(values, count);
    for (ssize_t i = 0; i < count; i++)
        assert_int_equal(list_set_item(list, i, int_from_long(va_arg(values, int))), 0);
    va_end(values);
    return list;
}

static void assert_repr(void *op, const char *expected) {
    Object *text = object_repr(OBJECT(op));
    assert_non_null(text);
    assert_string_equal(((Str *)text)->data, expected);
    decref(text);
}

static void assert_new(void *op, const char *expected) {
    assert_non_null(op);
    assert_repr(op, expected);
    decref(op);
}

/* Drops a reference to each, up to a NULL. */
__attribute__((sentinel)) static void drop(void *first, ...) {
    va_list rest;
    va_start(rest, first);
    for (void *op = first; op; op = va_arg(rest, void *))
        decref(op);
    va_end(rest);
}

/* Asserts that a call has failed with this error in these words. */
#define assert_fails(failed, type, message)                                                        \
    do {                                                                                           \
        assert_true(failed);                                                                       \
        assert_error(type, message);                                                               \
    } while (0)

static int64_t value_of(Object *op) {
    return ((Int *)op)->value;
}

/* ---- The array -------------------------------------------------------------------------------*/

static void test_append_grows_by_the_formula(void **state) {
    (void)state;
    // What sys.getsizeof() shows on CPython 3.11.
    const ssize_t steps[] = {4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108, 128, 148, 172, 200, 232};
    List *list = list_new(0);
    assert_null(list->items);
    for (ssize_t i = 0, step = 0; i < 232; i++) {
        if (i == list->allocated) step++;
        list_append(list, None);
        assert_int_equal(list->allocated, steps[step - 1]);
        assert_int_equal(list_size(list), i + 1);
    }
    decref(list);
}

static void test_pop_shrinks_below_half(void **state) {
    (void)state;
    const struct {
        ssize_t size, allocated;
    } steps[] = {{29, 36}, {17, 24}, {11, 16}, {7, 12}, {5, 8}, {3, 8}, {1, 4}, {0, 0}};
    List *list = list_new(60);
    size_t step = 0;
    for (ssize_t before = 60; list->size; before = list->allocated) {
        xdecref(list_pop(list, -1));
        if (list->allocated == before) continue;
        while (steps[step].size != list->size)
            step++;
        assert_int_equal(list->allocated, steps[step].allocated);
    }
    assert_int_equal(list->allocated, 0);
    decref(list);
}

static void test_exact_and_spare(void **state) {
    (void)state;
    List *list = ints(5, 1, 2, 3, 4, 5), *empty = list_new(0);
    assert_int_equal(list->allocated, 5);
    assert_int_equal(list_extend(empty, OBJECT(list)), 0);
    assert_int_equal(empty->allocated, 6); // rounded up to even
    List *copy = list_copy(list), *twice = list_concat(list, OBJECT(list));
    List *thrice = list_repeat(list, 3);
    assert_int_equal(copy->allocated, 5);
    assert_int_equal(twice->allocated, 10);
    assert_int_equal(thrice->allocated, 15);
    // A jump by more than the spare room gets none: 5 -> 20 is 20, not 28.
    assert_int_equal(list_extend(list, OBJECT(thrice)), 0);
    assert_int_equal(list->allocated, 20);
    // The same rounded up to a multiple of 4; and a jump that equals the spare room, 4 of 12, gets
    // it.
    List *odd = ints(4, 0, 0, 0, 0), *edge = list_copy(odd);
    assert_int_equal(list_extend(odd, OBJECT(thrice)), 0);
    assert_int_equal(list_extend(odd, OBJECT(thrice)), 0);
    assert_int_equal(list_size(odd), 34);
    assert_int_equal(odd->allocated, 36);
    assert_int_equal(list_extend(edge, OBJECT(edge)), 0);
    assert_int_equal(edge->allocated, 12);
    drop(odd, edge, copy, twice, thrice, empty, list, NULL);
}

/* ---- One operation at a time -----------------------------------------------------------------*/

static void test_get_and_set(void **state) {
    (void)state;
    List *list = ints(3, 10, 20, 30);
    assert_int_equal(value_of(list_get_item(list, 2)), 30);
    assert_fails(!list_get_item(list, 3), IndexError, "list index out of range");
    assert_fails(!list_get_item(list, -1), IndexError, "list index out of range");
    assert_new(list_subscript(list, -3), "10");
    assert_fails(!list_subscript(list, -4), IndexError, "list index out of range");
    Object *text = str_from_string("kept");
    assert_fails(list_set_item(list, 3, new_ref(text)) == -1, IndexError,
                 "list assignment index out of range");
    assert_int_equal(text->refcnt, 1);
    assert_int_equal(list_ass_item(list, -1, text), 0);
    assert_int_equal(text->refcnt, 2);
    assert_int_equal(list_ass_item(list, 0, NULL), 0);
    assert_repr(list, "[20, 'kept']");
    assert_fails(list_ass_item(list, 2, NULL) == -1, IndexError,
                 "list assignment index out of range");
    decref(list);
    assert_int_equal(text->refcnt, 1);
    decref(text);
}

static void test_insert_clamps(void **state) {
    (void)state;
    const ssize_t where[] = {0, -1, 100, -100, 2, PTRDIFF_MAX, PTRDIFF_MIN};
    List *list = list_new(0);
    for (int i = 0; i < 7; i++) {
        Object *item = int_from_long(i);
        assert_int_equal(list_insert(list, where[i], item), 0);
        decref(item);
    }
    assert_repr(list, "[6, 3, 1, 4, 0, 2, 5]");
    decref(list);
}

static void test_pop_anywhere(void **state) {
    (void)state;
    List *list = ints(5, 0, 1, 2, 3, 4);
    assert_new(list_pop(list, -1), "4");
    assert_new(list_pop(list, 0), "0");
    assert_new(list_pop(list, -2), "2");
    assert_repr(list, "[1, 3]");
    assert_fails(!list_pop(list, 2), IndexError, "pop index out of range");
    assert_fails(!list_pop(list, -3), IndexError, "pop index out of range");
    assert_new(list_pop(list, 0), "1");
    assert_new(list_pop(list, 0), "3");
    assert_fails(!list_pop(list, 0), IndexError, "pop from empty list");
    decref(list);
}

static void test_search(void **state) {
    (void)state;
    List *list = ints(6, 0, 1, 2, 1, 0, 1);
    Object *one = int_from_long(1), *nine = int_from_long(9), *one_float = float_from_double(1);
    assert_int_equal(list_index(list, one, 0, PTRDIFF_MAX), 1);
    assert_int_equal(list_index(list, one_float, 2, 6), 3);
    assert_int_equal(list_index(list, one, -1, PTRDIFF_MAX), 5);
    assert_int_equal(list_index(list, True, -100, 100), 1);
    assert_fails(list_index(list, one, 2, 3) == -1, ValueError, "1 is not in list");
    assert_int_equal(list_index(list, one, 5, 2), -1);
    error_clear();
    assert_int_equal(list_index(list, one, 0, PTRDIFF_MIN), -1); // a bound, not a bound left out
    error_clear();
    assert_int_equal(list_index(list, one, PTRDIFF_MIN, PTRDIFF_MAX), 1);
    assert_int_equal(list_count(list, one), 3);
    assert_int_equal(list_count(list, nine), 0);
    assert_int_equal(list_contains(list, one_float), 1);
    assert_int_equal(list_contains(list, nine), 0);
    assert_int_equal(list_remove(list, one_float), 0);
    assert_repr(list, "[0, 2, 1, 0, 1]");
    assert_fails(list_remove(list, nine) == -1, ValueError, "list.remove(x): x not in list");
    drop(one, nine, one_float, list, NULL);
}

static void test_slices(void **state) {
    (void)state;
    List *list = ints(6, 0, 1, 2, 3, 4, 5);
    assert_new(list_get_slice(list, 1, 3), "[1, 2]");
    assert_new(list_get_slice(list, -5, 99), "[0, 1, 2, 3, 4, 5]");
    assert_new(list_get_slice(list, 4, 2), "[]");
    assert_new(list_subscript_slice(list, -2, SLICE_NONE, 1), "[4, 5]");
    assert_new(list_subscript_slice(list, SLICE_NONE, SLICE_NONE, -1), "[5, 4, 3, 2, 1, 0]");
    assert_new(list_subscript_slice(list, SLICE_NONE, SLICE_NONE, 4), "[0, 4]");
    assert_new(list_subscript_slice(list, 4, 0, -2), "[4, 2]");
    assert_new(list_subscript_slice(list, 100, -100, PTRDIFF_MIN), "[5]");
    assert_new(list_subscript_slice(list, 0, 100, PTRDIFF_MAX), "[0]");
    assert_int_equal(list_set_slice(list, 1, 5, NULL), 0);
    assert_repr(list, "[0, 5]");
    assert_int_equal(list_set_slice(list, 1, 1, OBJECT(list)), 0);
    assert_repr(list, "[0, 0, 5, 5]");
    assert_int_equal(list_ass_subscript_slice(list, 3, 1, 1, OBJECT(list)), 0); // before 3
    assert_repr(list, "[0, 0, 5, 0, 0, 5, 5, 5]");
    Object *text = str_from_string("x");
    assert_int_equal(list_ass_item(list, 3, text), 0);
    assert_int_equal(list_ass_subscript_slice(list, 1, 7, 2, NULL), 0);
    assert_int_equal(text->refcnt, 1); // what is deleted is dropped
    decref(text);
    assert_repr(list, "[0, 5, 0, 5, 5]");
    assert_int_equal(list_ass_subscript_slice(list, SLICE_NONE, SLICE_NONE, -1, OBJECT(list)), 0);
    assert_repr(list, "[5, 5, 0, 5, 0]");
    assert_fails(list_ass_subscript_slice(list, 0, 5, 2, OBJECT(list)) == -1, ValueError,
                 "attempt to assign sequence of size 5 to extended slice of size 3");
    assert_fails(list_ass_subscript_slice(list, 0, 5, 0, NULL) == -1, ValueError,
                 "slice step cannot be zero");
    assert_fails(list_ass_subscript_slice(list, 0, 5, 2, None) == -1, TypeError,
                 "must assign iterable to extended slice");
    assert_fails(list_set_slice(list, 0, 1, None) == -1, TypeError, "can only assign an iterable");
    assert_int_equal(list_set_slice(list, 0, 99, NULL), 0);
    assert_int_equal(list->allocated, 0);
    decref(list);
}

static void test_whole_list(void **state) {
    (void)state;
    List *list = ints(3, 1, 2, 3);
    Object *pair = tuple_pack(2, True, None);
    list_reverse(list);
    assert_int_equal(list_extend(list, pair), 0);
    assert_repr(list, "[3, 2, 1, True, None]");
    assert_int_equal(list_extend(list, OBJECT(list)), 0);
    assert_int_equal(list_size(list), 10);
    assert_fails(list_extend(list, None) == -1, TypeError, "'NoneType' object is not iterable");
    assert_fails(!list_concat(list, pair), TypeError,
                 "can only concatenate list (not \"tuple\") to list");
    assert_new(list_repeat(list, -1), "[]");
    assert_int_equal(list_inplace_repeat(list, 0), 0);
    assert_repr(list, "[]");
    assert_int_equal(list_inplace_repeat(list, 5), 0);
    list_clear(list);
    drop(pair, list, NULL);
}

static void test_recursion(void **state) {
    (void)state;
    List *list = list_new(0), *other = list_new(0);
    list_append(list, OBJECT(list));
    list_append(other, OBJECT(other));
    assert_repr(list, "[[...]]");
    assert_int_equal(object_rich_equal(OBJECT(list), OBJECT(list)), 1);
    assert_fails(object_rich_equal(OBJECT(list), OBJECT(other)) == -1, RecursionError,
                 "maximum recursion depth exceeded in comparison");
    assert_fails(object_hash(OBJECT(list)) == -1, TypeError, "unhashable type: 'list'");
    list_clear(list);
    list_clear(other);
    decref(other);
    for (int i = 0; i < 1000000;
         i++) { // [[[[...]]]], a million deep: freed without a million calls
        List *outer = list_new(1);
        list_set_item(outer, 0, OBJECT(list));
        list = outer;
    }
    decref(list);
}

static void test_huge_sizes(void **state) {
    (void)state;
    assert_fails(!list_new(PTRDIFF_MAX), MemoryError, "");
    List *list = ints(3, 1, 2, 3);
    assert_fails(!list_repeat(list, PTRDIFF_MAX), MemoryError, "");
    if (sizeof(void *) == 8) // a possible number of bytes, but not of this machine
        assert_fails(!list_repeat(list, PTRDIFF_MAX / 8 / 3), MemoryError, "");
    assert_fails(list_inplace_repeat(list, PTRDIFF_MAX / 2) == -1, MemoryError, "");
    assert_fails(list_resize(list, PTRDIFF_MAX - 1) == -1, MemoryError, "");
    assert_repr(list, "[1, 2, 3]");
    decref(list);
}

/* ---- A list that changes while it is looked at ------------------------------------------------*/

static List *emptied[2];          // what a traitor clears when it is compared or printed
static int answer;                // what it says to equality
static bool is_dead, died_in_use; // what became of it

static void betray(void) {
    for (int i = 0; i < 2; i++)
        if (emptied[i]) list_clear(emptied[i]);
    died_in_use |= is_dead;
}

static int traitor_repr(Object *self, Writer *out) {
    (void)self;
    betray();
    return writer_puts(out, "traitor");
}

static int traitor_equal(Object *self, Object *other) {
    (void)self, (void)other;
    betray();
    return answer;
}

static void traitor_dealloc(Object *self) {
    is_dead = true;
    testing_free(self);
}

/* [(traitor,), 1] or [traitor, 1] */
static List *list_of_traitor(bool in_tuple) {
    static const Type Traitor_Type = {.name = "traitor",
                                      .repr = traitor_repr,
                                      .equal = traitor_equal,
                                      .dealloc = traitor_dealloc};
    is_dead = died_in_use = false;
    List *list = ints(2, 1, 1);
    Object *traitor = object_new(&Traitor_Type, sizeof *traitor);
    list_set_item(list, 0, in_tuple ? tuple_pack(1, traitor) : new_ref(traitor));
    decref(traitor);
    return list;
}

/* Every result is CPython's; twin.py has more of them. */
static void test_changes_in_use(void **state) {
    (void)state;
    static const struct {
        bool empty_a, empty_b;
        int answer, expected;
    } cases[] = {
        {false, false, 1, 1}, {false, false, 0, 0}, {false, true, 1, 0},
        {false, true, 0, 0},  {true, false, 1, 0},  {true, false, 0, 0},
        {true, true, 1, 1},   {true, true, 0, 1},   {true, true, -1, -1},
    };
    long blocks = testing_blocks();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        List *a = list_of_traitor(false), *b = ints(2, 1, 1);
        emptied[0] = cases[i].empty_a ? a : NULL;
        emptied[1] = cases[i].empty_b ? b : NULL;
        answer = cases[i].answer;
        assert_int_equal(object_rich_equal(OBJECT(a), OBJECT(b)), cases[i].expected);
        decref(a);
        decref(b);
    }
    Object *one = int_from_long(1), *single = tuple_pack(1, one);
    emptied[1] = NULL;
    for (int use = 0; use < 12; use++) {
        bool in_tuple = use % 2;
        List *list = emptied[0] = list_of_traitor(in_tuple);
        Object *value = in_tuple ? single : None;
        answer = NOT_IMPLEMENTED; // so that the other side is asked, too, and `i` goes on
        if (use / 2 == 0) assert_int_equal(list_index(list, value, 0, 2), -1);
        if (use / 2 == 1) assert_int_equal(list_count(list, value), 0);
        if (use / 2 == 2) assert_int_equal(list_contains(list, value), 0);
        if (use / 2 == 3) assert_int_equal(list_remove(list, value), -1);
        if (use / 2 == 4) assert_repr(list, in_tuple ? "[(traitor,)]" : "[traitor]");
        if (use / 2 == 5) answer = 1;
        if (use / 2 == 5) assert_int_equal(list_remove(list, value), 0);
        error_clear();
        assert_false(died_in_use);
        assert_true(is_dead);
        assert_new(list, "[]");
    }
    drop(single, one, NULL);
    assert_int_equal(testing_blocks(), blocks);
}

/* ---- Without memory --------------------------------------------------------------------------*/

enum { OPERATIONS = 16 };

/* 0, or -1 with an error. */
static int try_operation(int operation, List *list) {
    const ssize_t none = SLICE_NONE;
    void *result = NULL;
    ssize_t index;
    switch (operation) {
    case 0:
        return list_append(list, None);
    case 1:
        return list_insert(list, 2, None);
    case 2:
        return list_extend(list, OBJECT(list));
    case 3:
        return list_inplace_repeat(list, 3);
    case 4: // a copy of itself, 10 set aside, and growth
        return list_set_slice(list, 1, 11, OBJECT(list));
    case 5:
        return list_set_slice(list, 0, 11, NULL);
    case 6:
        return list_ass_subscript_slice(list, none, none, -1, OBJECT(list));
    case 7:
        return list_ass_subscript_slice(list, none, none, 2, NULL);
    case 8: // fails in any case: the message needs memory
        index = list_index(list, None, 0, 3);
        if (!error_matches(ValueError)) return index < 0 ? -1 : 0;
        error_clear();
        return 0;
    case 9: // a shrink that is refused is no error
        decref(list_pop(list, 0));
        return 0;
    case 10:
        result = list_repeat(list, 3);
        break;
    case 11:
        result = list_concat(list, OBJECT(list));
        break;
    case 12:
        result = list_copy(list);
        break;
    case 13:
        result = list_pack(2, list, list);
        break;
    case 14:
        result = list_subscript_slice(list, none, none, -2);
        break;
    default:
        result = object_repr(OBJECT(list));
        break;
    }
    xdecref(result);
    return result ? 0 : -1;
}

static void test_every_allocation_fails(void **state) {
    (void)state;
    for (int o = 0; o < OPERATIONS; o++) {
        for (long n = 0;; n++) {
            long blocks = testing_blocks();
            List *list = ints(12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            assert_int_equal(list->allocated, 12); // full: each way to grow needs memory
            testing_fail_at(n);
            int status = try_operation(o, list);
            bool failed = testing_has_failed();
            testing_fail_at(-1);
            if (status < 0) {
                assert_true(failed);
                assert_error(MemoryError, "");
                assert_repr(list, "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]");
                assert_int_equal(list->allocated, 12);
            }
            decref(list);
            assert_int_equal(testing_blocks(), blocks);
            if (!failed) break;
        }
    }
    testing_fail_at(0);
    assert_null(list_new(3));
    testing_fail_at(1);
    assert_null(list_new(3));
    testing_fail_at(-1);
    error_clear();
}

static void test_refused_shrink(void **state) {
    (void)state;
    List *list = list_new(64);
    testing_fail_at(0);
    while (list->size > 31)
        xdecref(list_pop(list, -1));
    assert_true(testing_has_failed());
    testing_fail_at(-1);
    assert_int_equal(list->allocated, 64);
    xdecref(list_pop(list, -1)); // the next one asks again
    assert_int_equal(list->allocated, 36);
    decref(list);
}

/* ---- Against a model -------------------------------------------------------------------------*/

enum { MODEL_MAX = 64, STEPS = 100000 };

typedef struct {
    ssize_t size;
    int64_t values[2 * MODEL_MAX];
} Model;

static void model_replace(Model *model, ssize_t low, ssize_t high, const int64_t *values,
                          ssize_t count) {
    Model result = {.size = 0};
    for (ssize_t i = 0; i < low; i++)
        result.values[result.size++] = model->values[i];
    for (ssize_t i = 0; i < count; i++)
        result.values[result.size++] = values[i];
    for (ssize_t i = high; i < model->size; i++)
        result.values[result.size++] = model->values[i];
    *model = result;
}

static void assert_same(const List *list, const Model *model) {
    assert_int_equal(list->size, model->size);
    assert_true(list->allocated >= list->size);
    assert_true(list->allocated >> 1 <= list->size || list->allocated <= 8);
    for (ssize_t i = 0; i < model->size; i++)
        assert_int_equal(value_of(list->items[i]), model->values[i]);
}

static void model_step(List *list, Model *model, uint64_t *random) {
    int64_t value = (int64_t)testing_random(random, 1000);
    ssize_t at = (ssize_t)testing_random(random, (uint64_t)model->size + 1);
    ssize_t to = at + (ssize_t)testing_random(random, (uint64_t)(model->size - at) + 1);
    Object *item = int_from_long(value);
    switch (model->size >= MODEL_MAX ? 2 : testing_random(random, 7)) {
    case 0:
        list_append(list, item);
        model_replace(model, model->size, model->size, &value, 1);
        break;
    case 1:
        list_insert(list, at, item);
        model_replace(model, at, at, &value, 1);
        break;
    case 2:
        list_set_slice(list, at, to, NULL);
        model_replace(model, at, to, NULL, 0);
        break;
    case 3: {
        Object *two = tuple_pack(2, item, item);
        list_set_slice(list, at, to, two);
        model_replace(model, at, to, (int64_t[]){value, value}, 2);
        decref(two);
        break;
    }
    case 4:
        if (at == model->size) break;
        decref(list_pop(list, at - model->size)); // counted from the end
        model_replace(model, at, at + 1, NULL, 0);
        break;
    case 5:
        list_reverse(list);
        for (ssize_t i = 0; i < model->size / 2; i++) {
            int64_t swap = model->values[i];
            model->values[i] = model->values[model->size - 1 - i];
            model->values[model->size - 1 - i] = swap;
        }
        break;
    default:
        if (at == model->size) break;
        list_ass_item(list, at, item);
        model->values[at] = value;
        break;
    }
    decref(item);
}

static void test_random_against_model(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    long blocks = testing_blocks();
    Model model = {.size = 0};
    List *list = list_new(0);
    for (int i = 0; i < STEPS; i++) {
        model_step(list, &model, &random);
        assert_same(list, &model);
    }
    decref(list);
    assert_int_equal(testing_blocks(), blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_grows_by_the_formula),
        cmocka_unit_test(test_pop_shrinks_below_half),
        cmocka_unit_test(test_exact_and_spare),
        cmocka_unit_test(test_get_and_set),
        cmocka_unit_test(test_insert_clamps),
        cmocka_unit_test(test_pop_anywhere),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_whole_list),
        cmocka_unit_test(test_recursion),
        cmocka_unit_test(test_huge_sizes),
        cmocka_unit_test(test_changes_in_use),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_refused_shrink),
        cmocka_unit_test(test_random_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
