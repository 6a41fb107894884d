/* Tests of the object layer: what the rooms take for granted. */
#include "../../common/proof/testing.h"

#include "../iterator/iterator.h"

/* Asserts the repr (or str) of a new reference, and drops it. */
static void assert_text(Object *op, bool raw, const char *expected) {
    assert_non_null(op);
    Writer out = {0};
    assert_int_equal(raw ? object_write_str(op, &out) : object_write_repr(op, &out), 0);
    assert_int_equal(writer_write(&out, "", 1), 0);
    assert_string_equal(out.bytes, expected);
    writer_free(&out);
    decref(op);
}

static Object *text(const char *utf8) {
    return str_from_string(utf8);
}

static void test_ints(void **state) {
    (void)state;
    Object *a = int_from_long(256), *b = int_from_long(256), *c = int_from_long(257);
    assert_ptr_equal(a, b);
    assert_int_equal(object_rich_equal(a, c), 0);
    Object *d = int_from_long(257);
    assert_ptr_not_equal(c, d);
    assert_int_equal(object_rich_equal(c, d), 1);
    Object *low = int_from_long(-5), *low_again = int_from_long(-5), *below = int_from_long(-6);
    assert_ptr_equal(low, low_again);
    assert_ptr_not_equal(low, below);
    assert_int_equal(int_as_long(c), 257);
    Object *one = int_from_long(1), *zero = int_from_long(0);
    assert_int_equal(object_rich_equal(one, True), 1);
    assert_int_equal(object_rich_equal(True, one), 1);
    assert_int_equal(object_rich_equal(one, None), 0);
    assert_int_equal(object_is_true(one), 1);
    assert_int_equal(object_is_true(zero), 0);
    assert_int_equal(object_is_true(False), 0);
    assert_int_equal(object_is_true(None), 0);
    assert_int_equal(int_as_long(None), -1);
    assert_error(TypeError, "'NoneType' object cannot be interpreted as an integer");
    Object *all[] = {a, b, c, d, low, low_again, below, one, zero};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
    assert_text(int_from_long(INT64_MIN), false, "-9223372036854775808");
    assert_text(new_ref(True), false, "True");
    assert_text(new_ref(False), false, "False");
    assert_text(new_ref(None), false, "None");
    assert_int_equal(testing_blocks(), 0);
}

/* Characters are cut alike by length, index and iteration, whatever the bytes are. */
static void test_str(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        ssize_t length;
        const char *repr;
    } cases[] = {
        {"", 0, "''"},
        {"abc", 3, "'abc'"},
        {"it's", 4, "\"it's\""},
        {"'\"", 2, "'\\'\"'"},
        {"\t\n\r\x01\x7f\\", 6, "'\\t\\n\\r\\x01\\x7f\\\\'"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d", 3, "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d'"},
        {"\x80", 1, "'\\udc80'"},                       // continues nothing
        {"\xc1\x81", 2, "'\\udcc1\\udc81'"},            // 'A' in two bytes
        {"\xc2", 1, "'\\udcc2'"},                       // ends too early
        {"\xe0\x9f\xbf", 3, "'\\udce0\\udc9f\\udcbf'"}, // U+07FF in three
        {"\xe0\xa0\x80", 1, "'\xe0\xa0\x80'"},          // U+0800, the first of three
        {"\xed\x9f\xbf", 1, "'\xed\x9f\xbf'"},          // U+D7FF, the last before
        {"\xed\xa0\x80", 3, "'\\udced\\udca0\\udc80'"}, // a surrogate
        {"\xf0\x8f\xbf\xbf", 4, "'\\udcf0\\udc8f\\udcbf\\udcbf'"},
        {"\xf0\x90\x80\x80", 1, "'\xf0\x90\x80\x80'"}, // U+10000, the first of four
        {"\xf4\x8f\xbf\xbf", 1, "'\xf4\x8f\xbf\xbf'"}, // U+10FFFF, the last of all
        {"\xf4\x90\x80\x80", 4, "'\\udcf4\\udc90\\udc80\\udc80'"},
        {"\xf5\x80\x80\x80", 4, "'\\udcf5\\udc80\\udc80\\udc80'"},
        {"\xe2\x82x", 3, "'\\udce2\\udc82x'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *str = text(cases[i].bytes);
        assert_int_equal(object_length(str), cases[i].length);
        Object *iterator = object_get_iter(str);
        for (ssize_t at = 0; at < cases[i].length; at++) {
            Object *item = str->type->item(str, at), *next = iter_next(iterator);
            assert_int_equal(object_rich_equal(item, next), 1);
            assert_int_equal(object_length(next), 1);
            decref(item);
            decref(next);
        }
        assert_null(iter_next(iterator));
        assert_false(error_occurred());
        assert_null(str->type->item(str, cases[i].length));
        assert_error(IndexError, "string index out of range");
        assert_null(str->type->item(str, -1));
        assert_error(IndexError, "string index out of range");
        decref(iterator);
        assert_text(str, false, cases[i].repr);
    }
    assert_text(str_from_utf8("a\0b", 3), false, "'a\\x00b'");
    assert_text(str_from_format("%d%%", 7), true, "7%");
    assert_int_equal(testing_blocks(), 0);
}

static void test_tuple(void **state) {
    (void)state;
    Object *one = int_from_long(1), *two = text("two");
    Object *a = tuple_pack(2, one, two), *b = tuple_pack(2, one, two), *c = tuple_pack(1, one);
    assert_int_equal(object_rich_equal(a, b), 1);
    assert_int_equal(object_rich_equal(a, c), 0);
    assert_int_equal(object_length(a), 2);
    assert_null(a->type->item(a, 2));
    assert_error(IndexError, "tuple index out of range");
    assert_null(tuple_new(PTRDIFF_MAX));
    assert_error(MemoryError, "");
    decref(b);
    decref(one);
    decref(two);
    assert_text(a, false, "(1, 'two')");
    assert_text(c, false, "(1,)");
    assert_text(OBJECT(tuple_new(0)), false, "()");
    assert_int_equal(testing_blocks(), 0);
}

static List *numbers(int64_t count) {
    List *list = list_new();
    for (int64_t i = 0; i < count; i++) {
        Object *item = int_from_long(i);
        assert_int_equal(list_append(list, item), 0);
        decref(item);
    }
    return list;
}

static void test_list(void **state) {
    (void)state;
    List *list = numbers(5);
    Object *two = int_from_long(2), *nine = int_from_long(9);
    assert_int_equal(list_insert(list, 1, nine), 0);
    assert_int_equal(list_insert(list, -100, nine), 0);
    assert_int_equal(list_insert(list, 100, None), 0);
    assert_int_equal(list_insert(list, -1, nine), 0);
    assert_text(new_ref(list), false, "[9, 0, 9, 1, 2, 3, 4, 9, None]");
    assert_int_equal(list_remove(list, two), 0);
    assert_int_equal(list_remove(list, two), -1);
    assert_error(ValueError, "list.remove(x): x not in list");
    decref(list_pop(list, 0));
    decref(list_pop(list, -1));
    assert_text(new_ref(list), false, "[0, 9, 1, 3, 4, 9]");
    assert_null(list_pop(list, 6));
    assert_error(IndexError, "pop index out of range");
    assert_null(list_pop(list, -7));
    assert_error(IndexError, "pop index out of range");
    List *other = numbers(6);
    assert_int_equal(object_rich_equal(OBJECT(list), OBJECT(other)), 0);
    list_clear(list);
    assert_int_equal(object_length(OBJECT(list)), 0);
    assert_null(list_pop(list, 0));
    assert_error(IndexError, "pop from empty list");
    decref(list);
    decref(other);
    decref(two);
    decref(nine);
    assert_int_equal(testing_blocks(), 0);
}

/* A list that is refused memory is the list it was. */
static void test_list_memory(void **state) {
    (void)state;
    List *list = numbers(4);
    testing_fail_at(0);
    assert_int_equal(list_append(list, None), -1);
    assert_error(MemoryError, "");
    testing_fail_at(0);
    assert_int_equal(list_insert(list, 0, None), -1);
    assert_error(MemoryError, "");
    testing_fail_at(-1);
    assert_text(OBJECT(list), false, "[0, 1, 2, 3]");
    for (long n = 0;; n++) {
        testing_fail_at(n);
        List *packed = list_pack(5, None, None, None, None, None);
        testing_fail_at(-1);
        if (packed) {
            decref(packed);
            break;
        }
        assert_error(MemoryError, "");
        assert_int_equal(testing_blocks(), 0);
    }
    assert_int_equal(None->refcnt, 1);
}

static Object *count_arguments(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args;
    return int_from_long(nargs + (closure ? int_as_long(closure) : 0));
}

static void test_call(void **state) {
    (void)state;
    Object *hundred = int_from_long(100);
    Object *function = function_new("count", count_arguments, hundred);
    Object *args[] = {None, None};
    assert_text(object_call(function, args, 2), false, "102");
    assert_null(object_call(hundred, NULL, 0));
    assert_error(TypeError, "'int' object is not callable");
    assert_int_equal(object_length(hundred), -1);
    assert_error(TypeError, "object of type 'int' has no len()");
    assert_int_equal(object_is_true(function), 1);
    decref(function);
    decref(hundred);
    assert_int_equal(testing_blocks(), 0);
}

/* StopIteration carries its value; whatever replaces or clears the error drops it. */
static void test_stop_iteration(void **state) {
    (void)state;
    Object *str = text("the end"), *value;
    error_set_stop_iteration(str);
    assert_int_equal(str->refcnt, 2);
    assert_string_equal(error_message(), "the end");
    assert_int_equal(error_fetch_stop_iteration(&value), 0);
    assert_ptr_equal(value, str);
    assert_false(error_occurred());
    decref(value);

    error_set_stop_iteration(str);
    error_set(ValueError, "another");
    assert_int_equal(str->refcnt, 1);
    assert_int_equal(error_fetch_stop_iteration(&value), -1);
    assert_error(ValueError, "another");
    error_set_stop_iteration(str);
    error_clear();
    assert_int_equal(str->refcnt, 1);

    error_set_stop_iteration(str);
    Error saved = error_fetch();
    assert_false(error_occurred());
    error_set(KeyError, "'in between'");
    error_restore(saved);
    assert_true(error_matches(StopIteration));
    assert_int_equal(str->refcnt, 2);
    error_clear();

    error_set_stop_iteration(None);
    assert_string_equal(error_message(), "");
    assert_int_equal(error_fetch_stop_iteration(&value), 0);
    assert_ptr_equal(value, None);
    decref(value);
    assert_int_equal(error_fetch_stop_iteration(&value), 0); // nothing pending: None
    assert_ptr_equal(value, None);
    decref(value);

    testing_fail_at(0); // no memory for the message: the value is there all the same
    error_set_stop_iteration(str);
    testing_fail_at(-1);
    assert_true(error_matches(StopIteration));
    assert_int_equal(error_fetch_stop_iteration(&value), 0);
    assert_ptr_equal(value, str);
    decref(value);
    decref(str);
    assert_int_equal(testing_blocks(), 0);
}

static ssize_t finalized;
static Object *kept;

static void lazarus_finalize(Object *self) {
    finalized++;
    assert_int_equal(self->refcnt, 1);
    if (finalized == 1) kept = new_ref(self);
}

static void lazarus_dealloc(Object *self) {
    testing_free(self);
}

/* A finalizer may keep its object; then it lives on. */
static void test_finalize(void **state) {
    (void)state;
    static const Type Lazarus_Type = {
        .name = "Lazarus", .finalize = lazarus_finalize, .dealloc = lazarus_dealloc};
    Object *self = object_new(&Lazarus_Type, sizeof *self);
    decref(self);
    assert_int_equal(finalized, 1);
    assert_ptr_equal(kept, self);
    assert_int_equal(testing_blocks(), 1);
    decref(kept);
    assert_int_equal(finalized, 2);
    assert_int_equal(testing_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ints),           cmocka_unit_test(test_str),
        cmocka_unit_test(test_tuple),          cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_memory),    cmocka_unit_test(test_call),
        cmocka_unit_test(test_stop_iteration), cmocka_unit_test(test_finalize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
