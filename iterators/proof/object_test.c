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

/* A container that contains itself, and one that is too deep, come to an end. */
static void test_recursion(void **state) {
    (void)state;
    List *list = numbers(1), *other = list_pack(1, None);
    list_append(list, OBJECT(list));
    Object *tuple = tuple_pack(1, list);
    list_append(list, tuple);
    assert_text(new_ref(list), false, "[0, [...], ([...],)]");
    assert_text(new_ref(tuple), false, "([0, [...], (...)],)");
    decref(tuple);
    list_clear(list);
    list_append(list, OBJECT(other));
    list_clear(other);
    list_append(other, OBJECT(list)); // a = [b], b = [a]
    assert_int_equal(object_rich_equal(OBJECT(list), OBJECT(other)), -1);
    assert_error(RecursionError, "maximum recursion depth exceeded in comparison");
    list_clear(list);
    assert_int_equal(object_rich_equal(OBJECT(list), OBJECT(other)), 0); // and the depth is back
    decref(list);
    decref(other);

    Object *nested = tuple_pack(0);
    for (long i = 0; i < 1000000; i++) {
        if (i == 1000 || i == 1001) {
            Writer out = {0};
            assert_int_equal(object_write_repr(nested, &out), i == 1000 ? 0 : -1);
            writer_free(&out);
        }
        Object *outer = i % 2 ? tuple_pack(1, nested) : OBJECT(list_pack(1, nested));
        decref(nested);
        nested = outer;
    }
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    decref(nested); // without the trashcan: a million nested calls
    assert_int_equal(testing_blocks(), 0);
}

typedef struct {
    Object ob;
    Object *source;
} Link;

static ssize_t links_finalized;

static void link_finalize(Object *self) {
    links_finalized += self->refcnt == 1;
}

static void link_dealloc(Object *self) {
    decref(((Link *)self)->source);
    testing_free(self);
}

/* A chain of iterators, each of which owns the next, may be of any length when it dies. */
static void test_long_chain(void **state) {
    (void)state;
    static const Type Link_Type = {
        .name = "link", .finalize = link_finalize, .dealloc = link_dealloc};
    Object *chain = new_ref(None);
    for (long i = 0; i < 1000000; i++) {
        Link *link = object_new(&Link_Type, sizeof *link);
        assert_non_null(link);
        link->source = chain;
        chain = OBJECT(link);
    }
    decref(chain);
    assert_int_equal(links_finalized, 1000000);
    assert_int_equal(testing_blocks(), 0);
}

/* ---- Objects that change what holds them -----------------------------------------------------*/

static Object *held;              // all that keeps a traitor, or the tuple around it, alive
static bool is_dead, died_in_use; // what became of the traitor
static List *emptied[2];          // lists that it clears
static int answer;                // what it says to equality

/* Whatever is asked of a traitor, it drops `held` first. */
static void betray(void) {
    Object *last = held;
    held = NULL;
    xdecref(last);
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

static const Type Traitor_Type = {
    .name = "traitor",
    .repr = traitor_repr,
    .equal = traitor_equal,
    .dealloc = traitor_dealloc,
};

static Object *traitor_new(void) {
    is_dead = died_in_use = false;
    answer = NOT_IMPLEMENTED; // so that the other side is asked, too
    emptied[0] = emptied[1] = NULL;
    return object_new(&Traitor_Type, sizeof(Object));
}

/* What is compared or printed lives until that is done. */
static void test_traitors(void **state) {
    (void)state;
    Object *one = int_from_long(1), *single = tuple_pack(1, one),
           *listed = OBJECT(list_pack(1, one));
    for (int use = 0; use < 9; use++) {
        Object *traitor = traitor_new(), *other = use % 3 == 0   ? one
                                                  : use % 3 == 1 ? single
                                                                 : listed;
        held = use % 3 == 0   ? new_ref(traitor)
               : use % 3 == 1 ? tuple_pack(1, traitor)
                              : OBJECT(list_pack(1, traitor));
        decref(traitor);
        if (use / 3 == 0) assert_int_equal(object_rich_equal(held, other), 0);
        if (use / 3 == 1) assert_int_equal(object_rich_equal(other, held), 0);
        if (use / 3 == 2) {
            Writer out = {0};
            assert_int_equal(object_write_repr(held, &out), 0);
            writer_free(&out);
        }
        assert_false(died_in_use);
        assert_true(is_dead);
    }
    decref(listed);
    decref(single);
    decref(one);
    assert_int_equal(testing_blocks(), 0);
}

/* A list may be another one after each comparison and each repr. The results are CPython's. */
static void test_lists_change_in_use(void **state) {
    (void)state;
    static const struct {
        bool empty_a, empty_b;
        int answer, expected;
    } cases[] = {
        {false, false, 1, 1}, {false, false, 0, 0}, {false, true, 1, 0},
        {false, true, 0, 0},  {true, false, 1, 0},  {true, false, 0, 0},
        {true, true, 1, 1},   {true, true, 0, 1},   {true, true, -1, -1},
    };
    Object *one = int_from_long(1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *traitor = traitor_new();
        List *a = list_pack(2, traitor, one), *b = list_pack(2, one, one);
        decref(traitor);
        emptied[0] = cases[i].empty_a ? a : NULL;
        emptied[1] = cases[i].empty_b ? b : NULL;
        answer = cases[i].answer;
        assert_int_equal(object_rich_equal(OBJECT(a), OBJECT(b)), cases[i].expected);
        assert_false(died_in_use);
        decref(a);
        decref(b);
    }
    for (int found = 0; found < 2; found++) {
        Object *traitor = traitor_new();
        List *list = list_pack(2, traitor, one);
        decref(traitor);
        emptied[0] = list;
        answer = found;
        assert_int_equal(list_remove(list, None), found ? 0 : -1);
        if (!found) assert_error(ValueError, "list.remove(x): x not in list");
        assert_false(died_in_use);
        assert_text(OBJECT(list), false, "[]");
    }
    Object *traitor = traitor_new();
    emptied[0] = list_pack(2, traitor, one);
    decref(traitor);
    assert_text(OBJECT(emptied[0]), false, "[traitor]");
    assert_false(died_in_use);
    decref(one);
    assert_int_equal(testing_blocks(), 0);
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
        cmocka_unit_test(test_recursion),      cmocka_unit_test(test_long_chain),
        cmocka_unit_test(test_traitors),       cmocka_unit_test(test_lists_change_in_use),
        cmocka_unit_test(test_stop_iteration), cmocka_unit_test(test_finalize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
