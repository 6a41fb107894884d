/* test.c: every iterator against what CPython's own tests ask of it, range against a model in 128
 * bits, the `for` statement on each way out, and all of them without memory.
 *
 * Around each test stands the same check: as many blocks as before, and as many references to None,
 * True, False and the small ints, which nobody frees and whose leaks would show nowhere else.
 */
#include "../dict.h"
#include "../for.h"

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

enum { SMALL = 30 }; // the small ints that the tests use, and whose references are counted

static long blocks_before;
static ssize_t references_before[SMALL + 3];

static void count_references(ssize_t *counts) {
    for (int i = 0; i < SMALL; i++) {
        Object *small = int_from_long(i);
        decref(small);
        counts[i] = small->refcnt;
    }
    counts[SMALL] = None->refcnt;
    counts[SMALL + 1] = True->refcnt;
    counts[SMALL + 2] = False->refcnt;
}

static int before(void **state) {
    (void)state;
    testing_fail_at(-1);
    blocks_before = testing_blocks();
    count_references(references_before);
    return 0;
}

static int after(void **state) {
    (void)state;
    ssize_t now[SMALL + 3];
    count_references(now);
    assert_int_equal(testing_blocks(), blocks_before);
    assert_memory_equal(now, references_before, sizeof now);
    assert_false(error_occurred());
    return 0;
}

static Object *number(int64_t value) {
    Object *result = int_from_long(value);
    assert_non_null(result);
    return result;
}

/* A list of these small ints. */
static Object *ints(int count, ...) {
    List *list = list_new();
    va_list values;
    va_start(values, count);
    for (int i = 0; i < count; i++) {
        Object *item = number(va_arg(values, int));
        assert_int_equal(list_append(list, item), 0);
        decref(item);
    }
    va_end(values);
    return OBJECT(list);
}

static void append(Object *list, int64_t value) {
    Object *item = number(value);
    assert_int_equal(list_append((List *)list, item), 0);
    decref(item);
}

static void assert_repr(Object *op, const char *expected) {
    Writer out = {0};
    assert_non_null(op);
    assert_int_equal(object_write_repr(op, &out), 0);
    assert_int_equal(writer_write(&out, "", 1), 0);
    assert_string_equal(out.bytes, expected);
    writer_free(&out);
}

/* The three below own the iterator, or the value, that they are given. */
static void assert_value(Object *op, const char *expected) {
    assert_repr(op, expected);
    decref(op);
}

static void assert_next(Object *iterator, const char *expected) {
    assert_value(iter_next(iterator), expected);
}

static void assert_exhausted(Object *iterator) {
    for (int i = 0; i < 3; i++) {
        assert_null(iter_next(iterator));
        assert_false(error_occurred());
    }
    assert_null(builtin_next(iterator));
    assert_error(StopIteration, "");
}

/* The end as iternext itself says it: no error, not even StopIteration. */
static void assert_ends(Object *iterator) {
    assert_null(iterator->type->iternext(iterator));
    assert_false(error_occurred());
}

/* All that it gives; then it is exhausted, and stays so. */
static void assert_gives(Object *iterator, const char *expected) {
    assert_non_null(iterator);
    assert_value(OBJECT(sequence_list(iterator)), expected);
    assert_exhausted(iterator);
    decref(iterator);
}

static Object *iter_of(Object *iterable) {
    Object *iterator = object_get_iter(iterable);
    decref(iterable);
    return iterator;
}

#define assert_name(op, expected)     assert_string_equal((op)->type->name, expected)
#define assert_fails(op, type, words) (assert_null(op), assert_fails_with(type, words))
static void assert_fails_with(ErrorType type, const char *words) {
    assert_error(type, words);
}

/* ---- Things made for these tests -------------------------------------------------------------*/

/* An iterator that counts what is taken from it: 0, 1, ... up to `stop`, then `error` (NoError: the
 * end; StopIteration: the end, said as an error). */
typedef struct {
    Object ob;
    int64_t next, stop;
    ErrorType error;
    int asked; // how often iternext was called
} Probe;

static void plain_dealloc(Object *op) {
    testing_free(op);
}

static Object *probe_next(Object *op) {
    Probe *self = (Probe *)op;
    self->asked++;
    if (self->next < self->stop) return int_from_long(self->next++);
    if (self->error) error_set(self->error, "%s", self->error == StopIteration ? "" : "probe");
    return NULL;
}

static const Type Probe_Type = {
    .name = "Probe", .dealloc = plain_dealloc, .iter = object_self_iter, .iternext = probe_next};

static Probe *probe(int64_t stop, ErrorType error) {
    Probe *self = object_new(&Probe_Type, sizeof *self);
    assert_non_null(self);
    self->next = self->asked = 0;
    self->stop = stop;
    self->error = error;
    return self;
}

/* A sequence from before iterators: item i is i * 10 below `stop`, then the error. */
typedef struct {
    Object ob;
    int64_t stop;
    ErrorType error;
    ssize_t length;
} Old;

static Object *old_item(Object *op, ssize_t index) {
    Old *self = (Old *)op;
    if (index < self->stop) return int_from_long(index % 1000 * 10);
    error_set(self->error, "old");
    return NULL;
}

static ssize_t old_length(Object *op) {
    if (((Old *)op)->length >= 0) return ((Old *)op)->length;
    return error_set(ValueError, "no length");
}

static const Type Old_Type = {
    .name = "Old", .dealloc = plain_dealloc, .item = old_item, .length = old_length};

static Object *old(int64_t stop, ErrorType error, ssize_t length) {
    Old *self = object_new(&Old_Type, sizeof *self);
    assert_non_null(self);
    self->stop = stop;
    self->error = error;
    self->length = length;
    return OBJECT(self);
}

/* Its truth is an error, and so is comparing it. */
static int bad_truth(Object *self) {
    (void)self;
    return error_set(ValueError, "neither true nor false");
}

static int bad_equal(Object *self, Object *other) {
    (void)self, (void)other;
    return error_set(ValueError, "not to be compared");
}

static const Type Bad_Type = {.name = "Bad", .is_true = bad_truth, .equal = bad_equal};
static Object bad = {.refcnt = 1, .type = &Bad_Type};

static Object *broken_iter(Object *self) {
    (void)self;
    return new_ref(None);
}
static const Type Broken_Type = {.name = "Broken", .iter = broken_iter};
static Object broken = {.refcnt = 1, .type = &Broken_Type};

/* Functions of ints; seven is one too many. */
static Object *below_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    assert_int_equal(nargs, 1);
    int64_t n = int_as_long(args[0]);
    if (n == 7) error_set(ValueError, "seven");
    return error_occurred() ? NULL : new_ref(n < 3 ? True : False);
}

static Object *pack(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Tuple *result = tuple_new(nargs);
    for (ssize_t i = 0; result && i < nargs; i++)
        result->items[i] = new_ref(args[i]);
    return OBJECT(result);
}

static Object *return_bad(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(&bad);
}

static Object *function(FunctionCode code) {
    return function_new("function", code, NULL);
}

/* ---- The protocol ----------------------------------------------------------------------------*/

static void test_get_iter(void **state) {
    (void)state;
    assert_fails(object_get_iter(None), TypeError, "'NoneType' object is not iterable");
    assert_fails(object_get_iter(&broken), TypeError,
                 "iter() returned non-iterator of type 'NoneType'");
    Object *list = ints(1, 1), *iterator = object_get_iter(list), *again;
    again = object_get_iter(iterator);
    assert_ptr_equal(again, iterator);
    assert_fails(builtin_next(list), TypeError, "'list' object is not an iterator");
    assert_value(builtin_next(iterator), "1");
    assert_fails(builtin_next(iterator), StopIteration, "");
    decref(again);
    decref(iterator);
    decref(list);
    assert_fails(OBJECT(sequence_list(None)), TypeError, "'NoneType' object is not iterable");
    Object *failing = OBJECT(probe(3, ValueError));
    assert_fails(OBJECT(sequence_list(failing)), ValueError, "probe");
    decref(failing);
    Object *stopping = OBJECT(probe(3, StopIteration));
    assert_gives(stopping, "[0, 1, 2]");
}

/* A StopIteration with a value: next() hands it on, iter_next() swallows it. */
static Object *stop_with_nine(Object *self) {
    (void)self;
    Object *nine = number(9);
    error_set_stop_iteration(nine);
    decref(nine);
    return NULL;
}

static void test_stop_iteration_value(void **state) {
    (void)state;
    static const Type type = {.name = "Nine", .iter = object_self_iter, .iternext = stop_with_nine};
    Object self = {.refcnt = 1, .type = &type}, *value;
    assert_null(iter_next(&self));
    assert_false(error_occurred());
    assert_null(builtin_next(&self));
    assert_int_equal(error_fetch_stop_iteration(&value), 0);
    assert_value(value, "9");
}

static void test_sequence_protocol(void **state) {
    (void)state;
    Object *iterator = iter_of(old(3, IndexError, 3));
    assert_name(iterator, "iterator");
    assert_gives(iterator, "[0, 10, 20]");
    iterator = iter_of(old(1, StopIteration, 1));
    assert_next(iterator, "0");
    assert_ends(iterator);
    decref(iterator);
    Object *growing = old(0, IndexError, 0);
    iterator = object_get_iter(growing);
    assert_ends(iterator);
    ((Old *)growing)->stop = 1; // CPython: test_iter.py, test_sinkstate_sequence()
    assert_exhausted(iterator);
    decref(iterator);
    decref(growing);
    // Any other error is the loop's, and the iterator is still where it was.
    Object *sequence = old(1, ValueError, 1);
    iterator = object_get_iter(sequence);
    assert_next(iterator, "0");
    assert_fails(iter_next(iterator), ValueError, "old");
    ((Old *)sequence)->stop = 3;
    ((Old *)sequence)->error = IndexError;
    assert_next(iterator, "10");
    assert_int_equal(sequence->refcnt, 2);
    assert_gives(iterator, "[20]");
    assert_int_equal(sequence->refcnt, 1);
    decref(sequence);
}

/* CPython: test_iter.py, test_iter_overflow(). */
static void test_sequence_overflow(void **state) {
    (void)state;
    Object *sequence = old(INT64_MAX, IndexError, 0), *iterator = sequence_iter_new(sequence);
    typedef struct {
        Object ob;
        ssize_t index;
    } Head; // how a sequence's iterator begins
    ((Head *)iterator)->index = PTRDIFF_MAX - 1;
    decref(iter_next(iterator));
    for (int i = 0; i < 2; i++)
        assert_fails(iter_next(iterator), OverflowError, "iter index too large");
    decref(iterator);
    decref(sequence);
}

/* ---- iter(callable, sentinel) ----------------------------------------------------------------*/

static ErrorType spam_error;
static int64_t spam_count;
static Object *spam_iterator; // the iterator that the function itself asks, or NULL

static Object *spam(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args;
    assert_int_equal(nargs, 0);
    if (spam_count == 4 && spam_error) {
        error_set(spam_error, "spam");
        return NULL;
    }
    if (spam_count == 4 && spam_iterator) { // as in test_iter.py, test_reduce_mutating_builtins...
        spam_count = 5;
        assert_null(iter_next(spam_iterator));
        return number(5);
    }
    return int_from_long(spam_count++);
}

static Object *spam_iter(Object *sentinel, ErrorType error) {
    Object *callable = function(spam), *iterator = call_iter_new(callable, sentinel);
    spam_count = 0;
    spam_error = error;
    decref(callable);
    decref(sentinel);
    return iterator;
}

static void test_callable_iterator(void **state) {
    (void)state;
    assert_fails(call_iter_new(None, None), TypeError, "iter(v, w): v must be callable");
    Object *iterator = spam_iter(number(3), NoError);
    assert_name(iterator, "callable_iterator");
    assert_gives(iterator, "[0, 1, 2]");
    assert_int_equal(spam_count, 4); // once exhausted, it does not call again
    Object *sentinel = OBJECT(list_new());
    iterator = spam_iter(new_ref(sentinel), StopIteration);
    for (int i = 0; i < 4; i++)
        decref(iter_next(iterator));
    assert_ends(iterator);
    assert_int_equal(sentinel->refcnt, 1); // both let go of
    decref(sentinel);
    assert_exhausted(iterator);
    decref(iterator);
    iterator = spam_iter(number(9), ValueError);
    assert_fails(OBJECT(sequence_list(iterator)), ValueError, "spam");
    spam_error = NoError; // an error is no end
    assert_next(iterator, "4");
    decref(iterator);
    iterator = spam_iter(new_ref(&bad), NoError);
    assert_fails(iter_next(iterator), ValueError, "not to be compared");
    assert_fails(iter_next(iterator), ValueError, "not to be compared");
    decref(iterator);
    assert_int_equal(bad.refcnt, 1);
}

/* The function asks the iterator that is calling it, and that call is the end: so is the outer. */
static void test_callable_iterator_calls_itself(void **state) {
    (void)state;
    spam_iterator = spam_iter(number(5), NoError);
    for (int i = 0; i < 4; i++)
        decref(iter_next(spam_iterator));
    assert_exhausted(spam_iterator);
    clear_ref(spam_iterator);
}

/* ---- list, tuple, str ------------------------------------------------------------------------*/

static void test_list_changes(void **state) {
    (void)state;
    Object *list = ints(3, 1, 2, 3), *iterator = object_get_iter(list);
    assert_name(iterator, "list_iterator");
    assert_int_equal(list_iter_index(iterator), 0);
    assert_next(iterator, "1");
    append(list, 4); // seen
    assert_int_equal(list_iter_index(iterator), 1);
    decref(list_pop((List *)list, 0)); // 3 moves to where 2 was
    assert_next(iterator, "3");
    assert_int_equal(list->refcnt, 2);
    list_clear((List *)list);
    assert_exhausted(iterator);
    assert_int_equal(list->refcnt, 1); // let go of
    append(list, 5);
    append(list, 6);
    append(list, 7);
    assert_exhausted(iterator); // CPython: test_iter.py, test_sinkstate_list()
    decref(iterator);
    assert_gives(iter_of(list), "[5, 6, 7]");
}

static void test_list_reversed(void **state) {
    (void)state;
    Object *list = ints(4, 1, 2, 3, 4), *iterator = reversed_new(list);
    assert_name(iterator, "list_reverseiterator");
    append(list, 5); // not seen
    assert_next(iterator, "4");
    decref(list_pop((List *)list, 0)); // 2 3 4 5, the next index is 2
    assert_next(iterator, "4");
    decref(list_pop((List *)list, -1));
    decref(list_pop((List *)list, -1));
    assert_next(iterator, "3"); // the last one, by its index
    decref(list_pop((List *)list, 0));
    assert_next(iterator, "3");
    assert_int_equal(list->refcnt, 2);
    assert_exhausted(iterator);
    assert_int_equal(list->refcnt, 1);
    decref(iterator);

    iterator = reversed_new(list);
    list_clear((List *)list); // its index is past the end now: the end
    assert_exhausted(iterator);
    append(list, 8);
    assert_exhausted(iterator);
    decref(iterator);
    iterator = reversed_new(list);
    assert_gives(iterator, "[8]");
    decref(list);
    list = ints(0);
    assert_gives(reversed_new(list), "[]");
    decref(list);
}

/* The index equals the size: one past the last. */
static void test_list_reversed_one_past(void **state) {
    (void)state;
    Object *list = ints(3, 1, 2, 3), *iterator = reversed_new(list);
    decref(list_pop((List *)list, 0));
    assert_exhausted(iterator);
    decref(iterator);
    decref(list);
}

static void test_tuple_and_str(void **state) {
    (void)state;
    Object *one = number(1), *tuple = tuple_pack(2, one, None);
    decref(one);
    Object *iterator = object_get_iter(tuple);
    assert_name(iterator, "tuple_iterator");
    assert_next(iterator, "1");
    assert_int_equal(tuple->refcnt, 2);
    assert_next(iterator, "None");
    assert_ends(iterator);
    assert_int_equal(tuple->refcnt, 1); // let go of at the end, not when the iterator dies
    decref(iterator);
    iterator = reversed_new(tuple);
    assert_name(iterator, "reversed");
    assert_gives(iterator, "[None, 1]");
    decref(tuple);
    Object *str = str_from_string("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d\xff");
    iterator = object_get_iter(str);
    assert_name(iterator, "str_iterator");
    assert_gives(iterator, "['a', '\xc3\xa9', '\xe2\x82\xac', '\xf0\x9f\x90\x8d', '\\udcff']");
    assert_gives(reversed_new(str),
                 "['\\udcff', '\xf0\x9f\x90\x8d', '\xe2\x82\xac', '\xc3\xa9', 'a']");
    decref(str);
    str = str_from_string("\xc3\xa9");
    iterator = object_get_iter(str);
    assert_next(iterator, "'\xc3\xa9'");
    assert_ends(iterator);
    assert_int_equal(str->refcnt, 1);
    decref(iterator);
    decref(str);
    iterator = iter_of(str_from_string("ab"));
    assert_name(iterator, "str_ascii_iterator");
    assert_gives(iterator, "['a', 'b']");
    assert_gives(iter_of(str_from_string("")), "[]");
}

/* CPython: test_enumerate.py, TestReversed. */
static void test_reversed_sequence(void **state) {
    (void)state;
    assert_fails(reversed_new(None), TypeError, "'NoneType' object is not reversible");
    Object *iterator = iter_of(ints(1, 1));
    assert_fails(reversed_new(iterator), TypeError, "'list_iterator' object is not reversible");
    decref(iterator);
    Object *sequence = old(3, IndexError, 3);
    assert_gives(reversed_new(sequence), "[20, 10, 0]");
    ((Old *)sequence)->length = 4; // index 3 is not there: the end at once
    iterator = reversed_new(sequence);
    assert_exhausted(iterator);
    ((Old *)sequence)->stop = 4;
    assert_exhausted(iterator);
    decref(iterator);
    ((Old *)sequence)->stop = 3;
    ((Old *)sequence)->error = StopIteration;
    iterator = reversed_new(sequence);
    assert_ends(iterator);
    decref(iterator);
    ((Old *)sequence)->error = ValueError; // another error is raised once, and is the end
    iterator = reversed_new(sequence);
    assert_fails(iter_next(iterator), ValueError, "old");
    assert_int_equal(sequence->refcnt, 1);
    assert_exhausted(iterator);
    decref(iterator);
    ((Old *)sequence)->length = 0;
    assert_gives(reversed_new(sequence), "[]");
    ((Old *)sequence)->length = -1;
    assert_fails(reversed_new(sequence), ValueError, "no length");
    decref(sequence);
    static const Type no_length = {.name = "NoLength", .item = old_item};
    static const Type no_item = {.name = "NoItem", .length = old_length};
    Object a = {.refcnt = 1, .type = &no_length}, b = {.refcnt = 1, .type = &no_item};
    // an index is enough to be asked for a length, and it is that question that fails
    assert_fails(reversed_new(&a), TypeError, "object of type 'NoLength' has no len()");
    assert_fails(reversed_new(&b), TypeError, "'NoItem' object is not reversible");
}

/* ---- dict ------------------------------------------------------------------------------------*/

static void put(Dict *dict, int64_t key) {
    Object *k = number(key);
    assert_int_equal(dict_set_item(dict, k, k), 0);
    decref(k);
}

static int take(Dict *dict, int64_t key) {
    Object *k = number(key);
    int status = dict_del_item(dict, k);
    decref(k);
    return status;
}

static Dict *three_keys(void) {
    Dict *dict = dict_new();
    for (int i = 0; i < 3; i++)
        put(dict, i);
    return dict;
}

static void test_dict(void **state) {
    (void)state;
    Dict *dict = three_keys();
    assert_repr(OBJECT(dict), "{0: 0, 1: 1, 2: 2}");
    assert_int_equal(take(dict, 1), 0);
    assert_int_equal(take(dict, 1), -1);
    assert_error(KeyError, "1");
    put(dict, 2); // is there already: the dict stays as it is
    assert_int_equal(object_length(OBJECT(dict)), 2);
    Object *iterator = object_get_iter(OBJECT(dict)), *two = number(2), *one = number(1);
    assert_name(iterator, "dict_keyiterator");
    assert_repr(dict_get_item(dict, two), "2");
    assert_null(dict_get_item(dict, one));
    assert_gives(iterator, "[0, 2]");
    decref(one);
    decref(two);
    for (int i = 0; i < SMALL; i++) { // growing, with the hole among the entries
        put(dict, i);
        assert_int_equal(object_length(OBJECT(dict)), i < 1 ? 2 : i < 2 ? 3 : i + 1);
    }
    assert_int_equal(take(dict, 2), 0);
    iterator = object_get_iter(OBJECT(dict));
    assert_next(iterator, "0");
    assert_next(iterator, "1"); // put back behind 2, which is gone
    assert_next(iterator, "3");
    decref(iterator);
    decref(dict);
    dict = dict_new();
    assert_repr(OBJECT(dict), "{}");
    assert_gives(iter_of(OBJECT(dict)), "[]");
}

static void test_dict_changes(void **state) {
    (void)state;
    Dict *dict = three_keys();
    Object *iterator = object_get_iter(OBJECT(dict));
    assert_next(iterator, "0");
    put(dict, 3);
    assert_fails(iter_next(iterator), RuntimeError, "dictionary changed size during iteration");
    assert_int_equal(take(dict, 3), 0); // as it was; but it was noticed
    assert_fails(iter_next(iterator), RuntimeError, "dictionary changed size during iteration");
    decref(iterator);
    decref(dict);

    dict = three_keys();
    iterator = object_get_iter(OBJECT(dict));
    for (int i = 0; i < 3; i++) { // one key out, one in: noticed when one too many comes
        if (i < 2) assert_int_equal(take(dict, i), 0);
        if (i < 2) put(dict, i + 10);
        assert_next(iterator, i == 0 ? "1" : i == 1 ? "2" : "10");
    }
    assert_fails(iter_next(iterator), RuntimeError, "dictionary keys changed during iteration");
    assert_exhausted(iterator);
    decref(iterator);
    decref(dict);
}

/* Entries that moved together can leave the iterator behind the last with keys still owed: the end.
 */
static void test_dict_moves(void **state) {
    (void)state;
    Dict *dict = three_keys();
    put(dict, 3);
    put(dict, 4); // full
    assert_int_equal(take(dict, 0), 0);
    Object *iterator = object_get_iter(OBJECT(dict));
    assert_next(iterator, "1");
    assert_int_equal(take(dict, 1), 0);
    put(dict, 10);
    assert_repr(OBJECT(dict), "{2: 2, 3: 3, 4: 4, 10: 10}");
    assert_gives(iterator, "[4, 10]");
    decref(dict);
}

static void test_dict_compares(void **state) {
    (void)state;
    Dict *dict = dict_new();
    Object *zero = number(0);
    assert_null(dict_get_item(dict, zero));
    assert_int_equal(dict_set_item(dict, zero, True), 0);
    assert_ptr_equal(dict_get_item(dict, zero), True);
    assert_int_equal(dict_set_item(dict, zero, False), 0); // in place of the other
    assert_ptr_equal(dict_get_item(dict, zero), False);
    for (int i = 0; i < 3; i++) {
        static const char words[] = "not to be compared";
        assert_null(dict_get_item(dict, &bad));
        assert_error(ValueError, words);
        assert_int_equal(dict_del_item(dict, &bad), -1);
        assert_error(ValueError, words);
        assert_int_equal(dict_set_item(dict, &bad, True), -1);
        assert_error(ValueError, words);
    }
    decref(zero);
    assert_value(OBJECT(dict), "{0: False}");
    assert_int_equal(bad.refcnt, 1);
}

/* ---- range -----------------------------------------------------------------------------------*/

static Object *range(int64_t start, int64_t stop, int64_t step) {
    Object *result = range_new(start, stop, step);
    assert_non_null(result);
    return result;
}

/* CPython: test_range.py. */
static void test_range(void **state) {
    (void)state;
    assert_fails(range_new(1, 2, 0), ValueError, "range() arg 3 must not be zero");
    assert_gives(iter_of(range(0, 3, 1)), "[0, 1, 2]");
    assert_gives(iter_of(range(1, 10, 3)), "[1, 4, 7]");
    assert_gives(iter_of(range(5, -5, -3)), "[5, 2, -1, -4]");
    assert_gives(iter_of(range(5, 5, 1)), "[]");
    assert_gives(iter_of(range(5, 5, -1)), "[]");
    assert_gives(iter_of(range(5, 4, 1)), "[]");
    assert_gives(iter_of(range(4, 5, -1)), "[]");
    Object *r = range(0, 20, 3), *iterator = object_get_iter(r), *back = reversed_new(r);
    assert_name(iterator, "range_iterator");
    assert_name(back, "range_iterator");
    assert_int_equal(r->refcnt, 1); // its iterators need it no more
    assert_gives(iterator, "[0, 3, 6, 9, 12, 15, 18]");
    assert_gives(back, "[18, 15, 12, 9, 6, 3, 0]");
    assert_int_equal(object_length(r), 7);
    assert_int_equal(object_is_true(r), 1);
    assert_value(range_subscript((Range *)r, -7), "0");
    assert_fails(range_subscript((Range *)r, -8), IndexError, "range object index out of range");
    assert_fails(range_subscript((Range *)r, 7), IndexError, "range object index out of range");
    assert_value(r->type->item(r, 6), "18");
    assert_int_equal(range_index((Range *)r, 18), 6);
    assert_int_equal(range_index((Range *)r, 7), -1);
    assert_error(ValueError, "7 is not in range");
    assert_value(r, "range(0, 20, 3)");
    assert_value(range(0, 20, 1), "range(0, 20)");
    assert_value(range(INT64_MIN, INT64_MIN, INT64_MIN),
                 "range(-9223372036854775808, -9223372036854775808, -9223372036854775808)");
    Object *empty = range(3, 3, 1), *back_of_empty = reversed_new(empty);
    assert_int_equal(object_is_true(empty), 0);
    assert_gives(back_of_empty, "[]");
    decref(empty);
}

static void test_range_equal(void **state) {
    (void)state;
    static const struct {
        int64_t a[3], b[3];
        int equal;
    } cases[] = {
        {{0, 3, 2}, {0, 4, 2}, 1},   {{0, 0, 1}, {2, 1, 3}, 1}, {{1, 2, 1}, {1, 9, 100}, 1},
        {{0, 3, 1}, {0, 3, 2}, 0},   {{0, 3, 1}, {1, 4, 1}, 0}, {{1, 2, 1}, {2, 3, 1}, 0},
        {{0, 6, 2}, {0, 3, 1}, 0},   {{0, 2, 1}, {0, 2, 1}, 1}, {{0, 2, 1}, {1, 2, 1}, 0},
        {{0, -4, -2}, {0, 4, 2}, 0}, {{0, 1, 1}, {0, 0, 1}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *a = range(cases[i].a[0], cases[i].a[1], cases[i].a[2]);
        Object *b = range(cases[i].b[0], cases[i].b[1], cases[i].b[2]);
        assert_int_equal(object_rich_equal(a, b), cases[i].equal);
        assert_int_equal(object_rich_equal(b, a), cases[i].equal);
        assert_int_equal(object_rich_equal(a, None), 0);
        decref(a);
        decref(b);
    }
}

__extension__ typedef __int128 Wide; // in which no range of 64 bits overflows

/* As many steps as fit, by division rounded up. */
static Wide model_length(int64_t start, int64_t stop, int64_t step) {
    Wide way = (Wide)stop - start, steps = way / step;
    if (steps * step != way && (way < 0) == (step < 0)) steps++;
    return way == 0 || (way < 0) != (step < 0) ? 0 : steps;
}

static void check_walk(Object *iterator, Wide first, Wide step, Wide length) {
    for (Wide i = 0; i < 5; i++) {
        Object *item = iter_next(iterator);
        if (i >= length) {
            assert_null(item);
            assert_false(error_occurred());
            continue;
        }
        assert_true(((Int *)item)->value == first + i * step);
        decref(item);
    }
    decref(iterator);
}

static void check_range(int64_t start, int64_t stop, int64_t step, int64_t value) {
    Object *op = range(start, stop, step);
    const Range *self = (Range *)op;
    Wide length = model_length(start, stop, step);
    assert_true((Wide)self->length == length);
    assert_int_equal(object_is_true(op), length != 0);
    bool fits = length <= INT64_MAX;
    assert_true(object_length(op) == (fits ? (int64_t)length : -1));
    if (!fits) assert_error(OverflowError, "Python int too large to convert to C ssize_t");
    // as a value
    Wide index = ((Wide)value - start) / step;
    bool inside = index * step == (Wide)value - start && 0 <= index && index < length;
    assert_int_equal(range_contains(self, value), inside);
    assert_true(range_index(self, value) == (inside && index <= INT64_MAX ? (int64_t)index : -1));
    assert_int_equal(error_occurred(), !inside              ? ValueError
                                       : index <= INT64_MAX ? NoError
                                                            : OverflowError);
    error_clear();
    // as an index
    Wide at = value < 0 ? value + length : value;
    Object *item = range_subscript(self, value);
    assert_int_equal(item != NULL, 0 <= at && at < length);
    if (item) {
        assert_true(((Int *)item)->value == start + at * step);
        decref(item);
    } else {
        assert_error(IndexError, "range object index out of range");
    }
    check_walk(object_get_iter(op), start, step, length);
    check_walk(reversed_new(op), start + (length - 1) * step, -(Wide)step, length);
    decref(op);
}

static void test_range_edges(void **state) {
    (void)state;
    static const int64_t edges[] = {
        INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, -3,       -2, -1, 0, 1, 2, 3,
        7,         INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
    const size_t n = sizeof edges / sizeof edges[0];
    for (size_t i = 0; i < n * n * n * n; i++) {
        int64_t step = edges[i / n / n % n];
        if (step) check_range(edges[i % n], edges[i / n % n], step, edges[i / n / n / n]);
    }
}

static void test_range_random(void **state) {
    (void)state;
    uint64_t seed = testing_seed();
    for (int i = 0; i < 50000; i++) {
        int64_t drawn[4];
        for (int d = 0; d < 4; d++) { // as often of a few bits as of many
            int64_t wide = (int64_t)testing_random(&seed, UINT64_MAX);
            drawn[d] = wide / (INT64_C(1) << testing_random(&seed, 63));
        }
        if (drawn[2]) check_range(drawn[0], drawn[1], drawn[2], drawn[3]);
    }
}

/* ---- enumerate -------------------------------------------------------------------------------*/

static Object *enumerated(Object *iterable, int64_t start) {
    Object *result = enumerate_new(iterable, start);
    decref(iterable);
    return result;
}

static void test_enumerate(void **state) {
    (void)state;
    Object *iterator = enumerated(str_from_string("ab"), 5);
    assert_name(iterator, "enumerate");
    assert_gives(iterator, "[(5, 'a'), (6, 'b')]");
    assert_gives(enumerated(ints(0), 0), "[]");
    assert_fails(enumerate_new(None, 0), TypeError, "'NoneType' object is not iterable");
    iterator = enumerated(OBJECT(probe(1, ValueError)), 0);
    assert_next(iterator, "(0, 0)");
    assert_fails(iter_next(iterator), ValueError, "probe");
    decref(iterator);
    iterator = enumerated(ints(3, 1, 2, 3), INT64_MAX - 1);
    assert_next(iterator, "(9223372036854775806, 1)");
    assert_fails(iter_next(iterator), OverflowError,
                 "Python int too large to convert to C ssize_t");
    decref(iterator);
}

/* The tuple is used again if nobody else has it, and only then. CPython: test_enumerate.py,
 * test_tuple_reuse(). */
static void assert_reuses(Object *iterator, const char *third_repr) {
    Object *first = iter_next(iterator);
    decref(first);
    testing_fail_at(0); // not one that the allocator happens to put at the same place
    Object *second = iter_next(iterator);
    assert_false(testing_has_failed());
    testing_fail_at(-1);
    assert_ptr_equal(second, first);
    testing_fail_at(0); // the second is still held
    assert_fails(iter_next(iterator), MemoryError, "");
    testing_fail_at(-1);
    Object *third = iter_next(iterator);
    assert_ptr_not_equal(third, second);
    assert_repr(second, "(1, 1)");
    Object *fourth = iter_next(iterator);
    assert_ptr_not_equal(fourth, third);
    assert_repr(second, "(1, 1)");
    assert_repr(third, third_repr);
    decref(fourth);
    decref(third);
    decref(second);
    Object *fifth = iter_next(iterator); // free once more
    assert_ptr_equal(fifth, first);
    decref(fifth);
    decref(iterator);
}

static void test_tuple_reuse(void **state) {
    (void)state;
    assert_reuses(enumerated(range(0, 9, 1), 0), "(2, 3)"); // the item 2 was taken, and lost
    Object *r = range(0, 9, 1), *both[] = {r, r};
    assert_reuses(zip_new(both, 2, false), "(2, 2)");
    decref(r);
}

/* ---- zip -------------------------------------------------------------------------------------*/

static Object *zip_of(int count, const int *lengths, bool strict) {
    Object *sources[8] = {NULL};
    for (int i = 0; i < count; i++)
        sources[i] = range(0, lengths[i], 1);
    Object *result = zip_new(sources, count, strict);
    for (int i = 0; i < count; i++)
        decref(sources[i]);
    return result;
}

static void test_zip(void **state) {
    (void)state;
    Object *iterator = zip_of(0, NULL, false);
    assert_name(iterator, "zip");
    assert_gives(iterator, "[]");
    assert_gives(zip_of(0, NULL, true), "[]");
    assert_gives(zip_of(1, (int[]){2}, false), "[(0,), (1,)]");
    assert_gives(zip_of(1, (int[]){2}, true), "[(0,), (1,)]");
    assert_gives(zip_of(3, (int[]){2, 1, 3}, false), "[(0, 0, 0)]");
    assert_gives(zip_of(3, (int[]){2, 2, 2}, true), "[(0, 0, 0), (1, 1, 1)]");
    Object *one = ints(1, 1), *bad_second[] = {one, None}, *bad_first[] = {None, one};
    assert_fails(zip_new(bad_second, 2, false), TypeError, "'NoneType' object is not iterable");
    assert_fails(zip_new(bad_first, 2, true), TypeError, "'NoneType' object is not iterable");
    assert_int_equal(one->refcnt, 1);
    decref(one);
    // The first is asked once more than the second: that value is gone.
    Probe *a = probe(5, NoError), *b = probe(2, NoError);
    Object *both[] = {OBJECT(a), OBJECT(b)};
    iterator = zip_new(both, 2, false);
    assert_value(OBJECT(sequence_list(iterator)), "[(0, 0), (1, 1)]");
    assert_int_equal(a->asked, 3);
    assert_int_equal(b->asked, 3);
    assert_next(OBJECT(a), "3");
    decref(iterator);
    decref(a);
    decref(b);
}

static void assert_strict(int count, const int *lengths, const char *words) {
    Object *iterator = zip_of(count, lengths, true), *item;
    int given = 0;
    while ((item = iter_next(iterator))) {
        given++;
        decref(item);
    }
    assert_error(ValueError, words);
    assert_int_equal(given, 1);
    decref(iterator);
}

/* CPython: test_builtin.py, test_zip_strict(), test_zip_strict_error_handling(). */
static void test_zip_strict(void **state) {
    (void)state;
    Object *stopping = OBJECT(probe(0, StopIteration)), *alone = zip_new(&stopping, 1, true);
    assert_ends(alone);
    decref(alone);
    decref(stopping);
    assert_strict(2, (int[]){1, 2}, "zip() argument 2 is longer than argument 1");
    assert_strict(2, (int[]){2, 1}, "zip() argument 2 is shorter than argument 1");
    assert_strict(3, (int[]){1, 2, 1}, "zip() argument 2 is longer than argument 1");
    assert_strict(3, (int[]){1, 1, 2}, "zip() argument 3 is longer than arguments 1-2");
    assert_strict(3, (int[]){2, 1, 2}, "zip() argument 2 is shorter than argument 1");
    assert_strict(3, (int[]){2, 2, 1}, "zip() argument 3 is shorter than arguments 1-2");
    assert_strict(4, (int[]){1, 1, 1, 2}, "zip() argument 4 is longer than arguments 1-3");
    assert_strict(4, (int[]){2, 2, 2, 1}, "zip() argument 4 is shorter than arguments 1-3");
    static const struct {
        ErrorType ends[2];
        int64_t lengths[2];
        ErrorType error;
        const char *words;
    } cases[] = {
        // an error of any of them comes first; a StopIteration is no error
        {{ValueError, NoError}, {1, 1}, ValueError, "probe"},
        {{NoError, ValueError}, {1, 1}, ValueError, "probe"},
        {{NoError, ValueError}, {2, 1}, ValueError, "probe"},
        {{StopIteration, StopIteration}, {1, 1}, NoError, ""},
        {{StopIteration, NoError},
         {1, 2},
         ValueError,
         "zip() argument 2 is longer than argument 1"},
        {{NoError, StopIteration},
         {2, 1},
         ValueError,
         "zip() argument 2 is shorter than argument 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *both[] = {OBJECT(probe(cases[i].lengths[0], cases[i].ends[0])),
                          OBJECT(probe(cases[i].lengths[1], cases[i].ends[1]))};
        Object *iterator = zip_new(both, 2, true);
        assert_next(iterator, "(0, 0)");
        if (cases[i].error) {
            assert_fails(iter_next(iterator), cases[i].error, cases[i].words);
        } else {
            assert_ends(iterator);
        }
        decref(iterator);
        decref(both[0]);
        decref(both[1]);
    }
    // the error of the second ends the check: the third, which is longer, is not asked
    Probe *third = probe(2, NoError);
    Object *three[] = {OBJECT(probe(1, NoError)), OBJECT(probe(1, ValueError)), OBJECT(third)};
    Object *iterator = zip_new(three, 3, true);
    assert_next(iterator, "(0, 0, 0)");
    int asked = third->asked;
    assert_fails(iter_next(iterator), ValueError, "probe");
    assert_int_equal(third->asked, asked);
    decref(iterator);
    for (int i = 0; i < 3; i++)
        decref(three[i]);
}

/* ---- map, filter, takewhile ------------------------------------------------------------------*/

static Object *map_of(FunctionCode code, int count, const int *lengths) {
    Object *sources[8] = {NULL}, *f = function(code);
    for (int i = 0; i < count; i++)
        sources[i] = range(0, lengths[i], 1);
    Object *result = map_new(f, sources, count);
    for (int i = 0; i < count; i++)
        decref(sources[i]);
    decref(f);
    return result;
}

static void test_map(void **state) {
    (void)state;
    assert_fails(map_new(None, NULL, 0), TypeError, "map() must have at least two arguments.");
    Object *iterator = map_of(pack, 1, (int[]){2});
    assert_name(iterator, "map");
    assert_gives(iterator, "[(0,), (1,)]");
    assert_gives(map_of(pack, 3, (int[]){2, 1, 2}), "[(0, 0, 0)]");
    // up to five arguments, and more, which need a block
    assert_gives(map_of(pack, 5, (int[]){1, 1, 1, 1, 1}), "[(0, 0, 0, 0, 0)]");
    Object *five = map_of(pack, 5, (int[]){1, 1, 1, 1, 1});
    testing_fail_at(1); // the one block is the result's
    Object *zeros = iter_next(five);
    testing_fail_at(-1);
    assert_value(zeros, "(0, 0, 0, 0, 0)");
    decref(five);
    assert_gives(map_of(pack, 6, (int[]){1, 1, 1, 1, 1, 1}), "[(0, 0, 0, 0, 0, 0)]");
    assert_gives(map_of(pack, 8, (int[]){1, 1, 1, 1, 1, 1, 1, 0}), "[]");
    iterator = map_of(below_three, 1, (int[]){9});
    for (int i = 0; i < 7; i++)
        assert_next(iterator, i < 3 ? "True" : "False");
    assert_fails(iter_next(iterator), ValueError, "seven");
    assert_next(iterator, "False"); // 8: an error is no end
    decref(iterator);
    Object *one = ints(1, 1);
    iterator = map_new(None, &one, 1); // is found out when it is called
    assert_fails(iter_next(iterator), TypeError, "'NoneType' object is not callable");
    decref(iterator);
    decref(one);
    Object *none = None;
    assert_fails(map_new(None, &none, 1), TypeError, "'NoneType' object is not iterable");
}

static Object *made(Object *(*make)(Object *, Object *), FunctionCode code, Object *iterable) {
    Object *f = code ? function(code) : new_ref(None), *result = make(f, iterable);
    decref(f);
    decref(iterable);
    return result;
}

static void test_filter(void **state) {
    (void)state;
    Object *iterator = made(filter_new, NULL, ints(5, 0, 1, 0, 0, 2));
    assert_name(iterator, "filter");
    assert_gives(iterator, "[1, 2]");
    assert_gives(made(filter_new, below_three, ints(6, 5, 1, 9, 2, 3, 8)), "[1, 2]");
    iterator = made(filter_new, below_three, ints(4, 5, 7, 9, 1));
    assert_fails(iter_next(iterator), ValueError, "seven");
    assert_gives(iterator, "[1]");
    iterator = made(filter_new, return_bad, ints(1, 5));
    assert_fails(iter_next(iterator), ValueError, "neither true nor false");
    decref(iterator);
    Object *odd = OBJECT(list_pack(2, &bad, True));
    iterator = made(filter_new, NULL, odd);
    assert_fails(iter_next(iterator), ValueError, "neither true nor false");
    assert_gives(iterator, "[True]");
    assert_fails(filter_new(None, None), TypeError, "'NoneType' object is not iterable");
    assert_int_equal(bad.refcnt, 1);
}

static void test_takewhile(void **state) {
    (void)state;
    Object *numbers = OBJECT(probe(9, NoError));
    Object *iterator = made(takewhile_new, below_three, new_ref(numbers));
    assert_name(iterator, "itertools.takewhile");
    assert_gives(iterator, "[0, 1, 2]");
    assert_next(numbers, "4"); // 3 was taken; after that nothing more was
    decref(numbers);
    assert_gives(made(takewhile_new, below_three, ints(0)), "[]");
    iterator = made(takewhile_new, below_three, ints(4, 1, 7, 2, 9));
    assert_next(iterator, "1");
    assert_fails(iter_next(iterator), ValueError, "seven");
    assert_gives(iterator, "[2]"); // an error is no end
    iterator = made(takewhile_new, return_bad, ints(1, 5));
    assert_fails(iter_next(iterator), ValueError, "neither true nor false");
    decref(iterator);
    assert_fails(takewhile_new(None, None), TypeError, "'NoneType' object is not iterable");
}

/* ---- islice, chain, count --------------------------------------------------------------------*/

/* CPython: test_itertools.py, test_islice(): how many are taken, and what is given. */
static void test_islice(void **state) {
    (void)state;
    static const struct {
        int64_t start, stop, step;
        const char *gives;
        int64_t taken; // of ten
    } cases[] = {
        {0, 5, 3, "[0, 3]", 5},
        {0, 3, 1, "[0, 1, 2]", 3},
        {0, 0, 1, "[]", 0},
        {2, 4, 1, "[2, 3]", 4},
        {4, 2, 1, "[]", 4},
        {3, 3, 1, "[]", 3},
        {1, 10, 4, "[1, 5, 9]", 10},
        {7, -1, 1, "[7, 8, 9]", 10},
        {0, 99, 6, "[0, 6]", 10},
        {8, -1, 5, "[8]", 10},
        {20, -1, 1, "[]", 10},
        {1, 6, 2, "[1, 3, 5]", 6},
        {0, 1, INT64_MAX, "[0]", 1},
        {1, INT64_MAX, INT64_MAX, "[1]", 10},
        {2, -1, INT64_MAX, "[2]", 10},
        {0, 7, 3, "[0, 3, 6]", 7},
        {0, 6, 3, "[0, 3]", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Probe *source = probe(10, NoError);
        Object *iterator = islice_new(OBJECT(source), cases[i].start, cases[i].stop, cases[i].step);
        assert_name(iterator, "itertools.islice");
        assert_value(OBJECT(sequence_list(iterator)), cases[i].gives);
        assert_int_equal(source->next, cases[i].taken);
        int asked = source->asked;
        assert_int_equal(source->ob.refcnt, 1); // let go of
        assert_exhausted(iterator);
        assert_int_equal(source->asked, asked);
        decref(iterator);
        decref(source);
    }
}

static void test_islice_errors(void **state) {
    (void)state;
    static const char indices[] =
        "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    static const char steps[] = "Step for islice() must be a positive integer or None.";
    Object *list = ints(1, 1);
    assert_fails(islice_new(list, -1, 1, 1), ValueError, indices);
    assert_fails(islice_new(list, 0, -2, 1), ValueError, indices);
    assert_fails(islice_new(list, 0, 1, 0), ValueError, steps);
    assert_fails(islice_new(list, 0, 1, -1), ValueError, steps);
    assert_fails(islice_new(None, 0, 1, 1), TypeError, "'NoneType' object is not iterable");
    decref(list);
    for (int64_t start = 0; start < 5; start += 4) { // in a step, and while skipping: the end
        Probe *source = probe(1, ValueError);
        Object *iterator = islice_new(OBJECT(source), start, -1, 1);
        if (start == 0) assert_next(iterator, "0");
        assert_fails(iter_next(iterator), ValueError, "probe");
        source->stop = 9;
        assert_exhausted(iterator);
        decref(iterator);
        decref(source);
    }
}

static Object *chain_of(Object *iterables) {
    Object *result = chain_from_iterable(iterables);
    decref(iterables);
    return result;
}

static void test_chain(void **state) {
    (void)state;
    Object *a = ints(2, 1, 2), *b = ints(0), *c = str_from_string("xy");
    Object *iterator = chain_of(tuple_pack(4, a, b, c, b));
    assert_name(iterator, "itertools.chain");
    assert_gives(iterator, "[1, 2, 'x', 'y']");
    assert_gives(chain_of(ints(0)), "[]");
    iterator = chain_of(tuple_pack(3, a, None, c)); // looked at when it is its turn; then the end
    assert_next(iterator, "1");
    assert_next(iterator, "2");
    assert_fails(iter_next(iterator), TypeError, "'NoneType' object is not iterable");
    assert_exhausted(iterator);
    decref(iterator);
    Probe *failing = probe(1, ValueError);
    iterator = chain_of(tuple_pack(2, failing, a));
    assert_next(iterator, "0");
    assert_fails(iter_next(iterator), ValueError, "probe");
    assert_fails(iter_next(iterator), ValueError, "probe"); // still at the same one
    failing->error = NoError;
    assert_gives(iterator, "[1, 2]");
    failing->error = ValueError; // now as what gives the iterables: a number, no iterable
    iterator = chain_from_iterable(OBJECT(failing));
    assert_fails(iter_next(iterator), ValueError, "probe");
    assert_exhausted(iterator);
    decref(iterator);
    assert_fails(chain_from_iterable(None), TypeError, "'NoneType' object is not iterable");
    decref(failing);
    decref(a);
    decref(b);
    decref(c);
}

static void test_count(void **state) {
    (void)state;
    Object *iterator = count_new(10, 1);
    assert_name(iterator, "itertools.count");
    assert_next(iterator, "10");
    assert_repr(iterator, "count(11)");
    decref(iterator);
    iterator = count_new(1, -3);
    assert_next(iterator, "1");
    assert_next(iterator, "-2");
    assert_value(iterator, "count(-5, -3)");
    iterator = count_new(4, 0);
    for (int i = 0; i < 3; i++)
        assert_next(iterator, "4");
    decref(iterator);
    static const struct {
        int64_t start, step;
        const char *last[2];
    } cases[] = {
        {INT64_MAX - 1, 1, {"9223372036854775806", "9223372036854775807"}},
        {INT64_MIN + 1, -1, {"-9223372036854775807", "-9223372036854775808"}},
        {0, INT64_MAX, {"0", "9223372036854775807"}},
        {0, INT64_MIN, {"0", "-9223372036854775808"}},
        {INT64_MAX - 5, 3, {"9223372036854775802", "9223372036854775805"}},
        {INT64_MAX, INT64_MIN, {"9223372036854775807", "-1"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        iterator = count_new(cases[i].start, cases[i].step);
        assert_next(iterator, cases[i].last[0]);
        assert_next(iterator, cases[i].last[1]);
        for (int again = 0; again < 2; again++) {
            assert_fails(iter_next(iterator), OverflowError,
                         "Python int too large to convert to C long");
        }
        decref(iterator);
    }
}

/* ---- What is asked asks back -----------------------------------------------------------------*/

/* Whatever is done with it, it first walks `asked`, whose part it is, to the end, and says meanwhile
 * that it has ended itself. Its only reference may go while it runs; it must not die of that. */
typedef struct {
    Object ob;
    bool running;
} Meddler;

static Object *asked;

static bool meddle(Object *op) {
    Meddler *self = (Meddler *)op;
    if (self->running) return false;
    self->running = true;
    Object *item;
    while ((item = iter_next(asked)))
        decref(item);
    assert_false(error_occurred());
    self->running = false;
    return true;
}

static void meddler_dealloc(Object *op) {
    assert_false(((Meddler *)op)->running);
    testing_free(op);
}

static Object *meddler_next(Object *op) {
    return meddle(op) ? tuple_pack(1, True) : NULL;
}

static Object *meddler_item(Object *op, ssize_t index) {
    (void)index;
    if (meddle(op)) return tuple_pack(1, True);
    error_set(IndexError, "the end");
    return NULL;
}

static ssize_t meddler_length(Object *op) {
    (void)op;
    return 2;
}

static Object *meddler_call(Object *op, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    if (meddle(op)) return tuple_pack(1, True);
    error_set(StopIteration, "%s", "");
    return NULL;
}

static int meddler_equal(Object *op, Object *other) {
    (void)other;
    return !meddle(op);
}

static const Type Meddler_Type = {
    .name = "Meddler",
    .dealloc = meddler_dealloc,
    .equal = meddler_equal,
    .call = meddler_call,
    .iter = object_self_iter,
    .iternext = meddler_next,
    .length = meddler_length,
    .item = meddler_item,
};

static Object *numbers_56; // [5, 6]

static Object *meddled(int kind, Object *m) {
    Object *both = tuple_pack(2, m, numbers_56), *pop = function(pack), *result = NULL;
    switch (kind) {
    case 0:
        result = chain_from_iterable(both);
        break;
    case 1:
        result = chain_from_iterable(m);
        break;
    case 2:
        result = islice_new(m, 0, -1, 1);
        break;
    case 3:
        result = islice_new(m, 2, -1, 1);
        break; // CPython reads freed memory, and crashes
    case 4:
        result = call_iter_new(m, None);
        break;
    case 5:
        result = call_iter_new(pop, m);
        break;
    case 6:
        result = sequence_iter_new(m);
        break;
    case 7:
        result = reversed_new(m);
        break;
    case 8:
        result = enumerate_new(m, 0);
        break;
    case 9:
        result = zip_new((Object *[]){numbers_56, m}, 2, false);
        break;
    case 10:
        result = map_new(pop, &m, 1);
        break;
    case 11:
        result = map_new(m, &numbers_56, 1);
        break;
    case 12:
        result = filter_new(None, m);
        break;
    case 13:
        result = filter_new(m, numbers_56);
        break;
    case 14:
        result = takewhile_new(pop, m);
        break;
    case 15:
        result = takewhile_new(m, numbers_56);
        break;
    }
    decref(both);
    decref(pop);
    return result;
}

/* What CPython answers, first and then; NULL is the end. */
static void test_asked_asks_back(void **state) {
    (void)state;
    static const char *const answers[][2] = {
        {"(True,)", NULL},
        {"True", NULL},
        {"(True,)", NULL},
        {"(True,)", NULL},
        {NULL, NULL},
        {"()", NULL},
        {"(True,)", NULL},
        {"(True,)", NULL},
        {"(0, (True,))", "(1, (True,))"},
        {"(5, (True,))", NULL},
        {"((True,),)", "((True,),)"},
        {"(True,)", NULL},
        {"(True,)", "(True,)"},
        {"5", NULL},
        {"(True,)", "(True,)"},
        {"5", NULL},
    };
    numbers_56 = ints(2, 5, 6);
    for (size_t kind = 0; kind < sizeof answers / sizeof answers[0]; kind++) {
        Meddler *m = object_new(&Meddler_Type, sizeof *m);
        m->running = false;
        asked = meddled((int)kind, OBJECT(m));
        decref(m);
        for (int i = 0; i < 2; i++) {
            if (answers[kind][i]) {
                assert_next(asked, answers[kind][i]);
            } else {
                assert_exhausted(asked);
            }
        }
        decref(asked);
    }
    decref(numbers_56);
}

/* A key, which is as good as any other, and a value: being compared or shown, it changes the dict. */
typedef struct {
    Object ob;
    bool running;
    int grow; // by how many keys; 0: its own entry goes
} Changer;

static Dict *changed;

static void changer_dealloc(Object *op) {
    assert_false(((Changer *)op)->running);
    testing_free(op);
}

static void change(Changer *self) {
    if (self->running || !changed) return;
    Dict *dict = changed;
    self->running = true;
    changed = NULL; // once
    for (int i = 0; i < self->grow; i++)
        put(dict, 10 + i);
    if (!self->grow) assert_int_equal(dict_del_item(dict, OBJECT(self)), 0);
    self->running = false;
}

static int changer_equal(Object *op, Object *other) {
    (void)other;
    if (((Changer *)op)->running) return 0;
    change((Changer *)op);
    return 1; // a lie, if it has gone
}

static int changer_repr(Object *op, Writer *out) {
    change((Changer *)op);
    return writer_puts(out, "changer");
}

static const Type Changer_Type = {
    .name = "Changer", .dealloc = changer_dealloc, .repr = changer_repr, .equal = changer_equal};

/* {changer: changer}, with no other reference to that. */
static Dict *dict_of_changer(int grow) {
    Changer *key = object_new(&Changer_Type, sizeof *key);
    key->running = false;
    key->grow = grow;
    Dict *dict = dict_new();
    assert_int_equal(dict_set_item(dict, OBJECT(key), OBJECT(key)), 0);
    decref(key);
    changed = dict;
    return dict;
}

static void test_dict_changes_while_compared(void **state) {
    (void)state;
    Object *one = number(1);
    Dict *dict = dict_of_changer(0);
    assert_null(dict_get_item(dict, one)); // it said yes, but it was no longer there
    assert_value(OBJECT(dict), "{}");
    dict = dict_of_changer(0);
    assert_int_equal(dict_set_item(dict, one, one), 0);
    assert_value(OBJECT(dict), "{1: 1}");
    dict = dict_of_changer(0);
    assert_int_equal(dict_del_item(dict, one), -1);
    assert_error(KeyError, "1");
    decref(dict);
    dict = dict_of_changer(7); // the entries move; the key is still the first
    assert_int_equal(dict_del_item(dict, one), 0);
    assert_int_equal(dict->used, 7);
    decref(dict);
    dict = dict_of_changer(0);
    assert_value(OBJECT(dict), "{changer: changer}"); // shown as it was
    dict = dict_of_changer(2);
    assert_value(OBJECT(dict), "{changer: changer, 10: 10, 11: 11}");
    decref(one);
}

/* CPython: test_dict.py, test_repr(). */
static void test_dict_within_itself(void **state) {
    (void)state;
    Dict *dict = dict_new();
    assert_int_equal(dict_set_item(dict, True, OBJECT(dict)), 0);
    assert_repr(OBJECT(dict), "{True: {...}}");
    assert_repr(OBJECT(dict), "{True: {...}}");
    assert_int_equal(dict_set_item(dict, True, None), 0);
    assert_value(OBJECT(dict), "{True: None}");
}

/* ---- A chain that dies -----------------------------------------------------------------------*/

/* An iterator that asks `iterator`, which is given up; of seven kinds. */
static Object *wrapped(int kind, Object *iterator) {
    Object *result = kind == 0   ? enumerate_new(iterator, 0)
                     : kind == 1 ? zip_new(&iterator, 1, false)
                     : kind == 2 ? map_new(None, &iterator, 1)
                     : kind == 3 ? filter_new(None, iterator)
                     : kind == 4 ? islice_new(iterator, 0, -1, 1)
                     : kind == 5 ? chain_from_iterable(iterator)
                                 : takewhile_new(None, iterator);
    decref(iterator);
    return result;
}

/* Each drops the last reference to the next; that must not take as much of the C stack. */
static void test_long_chain_dies(void **state) {
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        Object *iterator = OBJECT(probe(1, NoError));
        for (int i = 0; i < 300000; i++) // the kinds in turn, at last
            iterator = wrapped(kind < 7 ? kind : i % 7, iterator);
        long blocks = testing_blocks();
        decref(iterator);
        assert_true(testing_blocks() <= blocks - 300000);
    }
}

/* ---- for -------------------------------------------------------------------------------------*/

/* The sum of what comes before `stop`; -1 if the else part ran, which adds a thousand. */
static int64_t sum_until(Object *iterable, int64_t stop) {
    int64_t sum = 0;
    Object *x;
    FOR(x, iterable) {
        int64_t value = int_as_long(x);
        if (value == 2) continue;
        if (value == stop) break;
        sum += value;
    }
    FOR_ELSE {
        sum += 1000;
    }
    return sum;
}

static int64_t find(Object *iterable, int64_t wanted) {
    Object *x;
    FOR(x, iterable) {
        if (int_as_long(x) == wanted) return int_as_long(x);
    }
    return -1;
}

static void test_for(void **state) {
    (void)state;
    Object *list = ints(4, 1, 2, 3, 4);
    assert_int_equal(sum_until(list, 99), 1008);
    assert_int_equal(sum_until(list, 4), 4);
    assert_int_equal(sum_until(list, 1), 0);
    assert_int_equal(find(list, 3), 3); // returns from inside
    assert_int_equal(find(list, 9), -1);
    assert_int_equal(list->refcnt, 1);
    int pairs = 0, elses = 0;
    Object *x, *y;
    FOR(x, list) {
        FOR(y, list) {
            if (int_as_long(y) > int_as_long(x)) break;
            pairs++;
        }
        FOR_ELSE {
            elses++;
        }
    }
    FOR_ELSE {
        elses += 10;
        continue; // of the loop: which is over
    }
    assert_int_equal(pairs, 10);
    assert_int_equal(elses, 11);
    decref(list);
    list = ints(0);
    assert_int_equal(sum_until(list, 0), 1000);
    decref(list);
}

/* x is the loop's until the next step, whatever happens to where it came from. */
static void test_for_keeps_its_value(void **state) {
    (void)state;
    Object *list = OBJECT(list_new()), *x;
    append(list, 1000);
    FOR(x, list) {
        list_clear((List *)list);
        assert_int_equal(x->refcnt, 1);
        assert_repr(x, "1000");
        if (((List *)list)->allocated == 0) continue;
    }
    assert_int_equal(list->refcnt, 1);
    decref(list);
    Object *numbers = range(1000, 1003, 1);
    long blocks = testing_blocks();
    FOR(x, numbers) {
        assert_int_equal(testing_blocks(), blocks + 2); // one iterator, one int
    }
    decref(numbers);
}

static void test_for_errors(void **state) {
    (void)state;
    int bodies = 0, elses = 0;
    Object *x;
    FOR(x, None) {
        bodies++;
    }
    FOR_ELSE {
        elses++;
    }
    assert_error(TypeError, "'NoneType' object is not iterable");
    assert_int_equal(bodies, 0);
    Object *failing = OBJECT(probe(3, ValueError));
    FOR(x, failing) {
        bodies++;
    }
    FOR_ELSE {
        elses++;
    }
    assert_error(ValueError, "probe");
    assert_int_equal(bodies, 3);
    assert_int_equal(elses, 0);
    assert_int_equal(((Probe *)failing)->asked, 4);
    decref(failing);
    Object *stopping = OBJECT(probe(2, StopIteration));
    FOR(x, stopping) {
        bodies++;
    }
    FOR_ELSE {
        elses++;
    }
    assert_int_equal(bodies, 5);
    assert_int_equal(elses, 1);
    assert_int_equal(((Probe *)stopping)->asked, 3); // not asked again after the else part
    decref(stopping);
}

/* ---- Without memory --------------------------------------------------------------------------*/

static Object *fixture_list, *fixture_tuple, *fixture_str, *fixture_range, *fixture_function,
    *fixture_two, *fixture_six[6];

static Object *make_list(void) {
    return object_get_iter(fixture_list);
}
static Object *make_tuple(void) {
    return object_get_iter(fixture_tuple);
}
static Object *make_str(void) {
    return object_get_iter(fixture_str);
}
static Object *make_range(void) {
    return object_get_iter(fixture_range);
}
static Object *make_range_itself(void) {
    return range_new(1, 2, 3);
}
static Object *make_old(void) {
    return sequence_iter_new(fixture_range);
}
static Object *make_reversed(void) {
    return reversed_new(fixture_list);
}
static Object *make_reversed_range(void) {
    return reversed_new(fixture_range);
}
static Object *make_reversed_str(void) {
    return reversed_new(fixture_str);
}
static Object *make_call(void) {
    return call_iter_new(fixture_function, None);
}
static Object *make_enumerate(void) {
    return enumerate_new(fixture_list, 1000);
}
static Object *make_zip(void) {
    return zip_new(fixture_six, 6, false);
}
static Object *make_zip_of_range(void) {
    return zip_new(&fixture_range, 1, true);
}
static Object *make_map(void) {
    return map_new(fixture_function, fixture_six, 1);
}
static Object *make_map_six(void) {
    return map_new(fixture_function, fixture_six, 6);
}
static Object *make_filter(void) {
    return filter_new(None, fixture_range);
}
static Object *make_islice(void) {
    return islice_new(fixture_range, 0, 4, 2);
}
static Object *make_chain(void) {
    return chain_from_iterable(fixture_two);
}
static Object *make_count(void) {
    return count_new(1000, 1);
}
static Object *make_takewhile(void) {
    return takewhile_new(fixture_function, fixture_range);
}
static Object *make_copy(void) {
    return OBJECT(sequence_list(fixture_str));
}

/* What a failed allocation in the middle of a walk costs. */
typedef enum { NOTHING, ONE_VALUE, AT_MOST_ONE, THE_REST, NOT_WALKED } Cost;

static const struct {
    const char *name;
    Object *(*make)(void);
    Cost cost;
} makers[] = {
    {"list", make_list, NOTHING},
    {"tuple", make_tuple, NOTHING},
    {"str", make_str, NOTHING},
    {"range", make_range, NOTHING},
    {"range itself", make_range_itself, NOT_WALKED},
    {"sequence", make_old, NOTHING},
    {"reversed list", make_reversed, NOTHING},
    {"reversed range", make_reversed_range, NOTHING},
    {"reversed str", make_reversed_str, THE_REST}, // any error ends it; so in CPython
    {"callable", make_call, NOTHING},              // the function decides: this one keeps nothing
    {"enumerate", make_enumerate, ONE_VALUE},      // the item has been taken
    {"zip", make_zip, NOTHING},                    // the tuple is made before anything is taken
    {"zip of range", make_zip_of_range, NOTHING},
    {"map", make_map, ONE_VALUE},
    {"map six", make_map_six, AT_MOST_ONE},
    {"filter", make_filter, NOTHING},
    {"islice", make_islice, THE_REST},
    {"chain", make_chain, THE_REST},
    {"count", make_count, NOTHING},
    {"takewhile", make_takewhile, AT_MOST_ONE},
    {"list()", make_copy, NOT_WALKED},
};
enum { MAKERS = sizeof makers / sizeof makers[0], WALK = 6 };

static void make_fixtures(void) {
    fixture_list = ints(4, 1, 2, 3, 4);
    fixture_tuple = tuple_pack(2, None, True);
    fixture_str = str_from_string("\xc3\xa9\xe2\x82\xac");
    fixture_range = range(1000, 1004, 1);
    fixture_function = function(pack);
    fixture_two = tuple_pack(2, fixture_list, fixture_tuple);
    for (int i = 0; i < 6; i++)
        fixture_six[i] = fixture_list;
}

static void drop_fixtures(void) {
    Object *all[] = {fixture_list,  fixture_tuple,    fixture_str,
                     fixture_range, fixture_function, fixture_two};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
}

static void test_making_without_memory(void **state) {
    (void)state;
    make_fixtures();
    for (int m = 0; m < MAKERS; m++) {
        long blocks = testing_blocks(), n = 0;
        Object *iterator = NULL;
        for (; !iterator; n++) {
            testing_fail_at(n);
            iterator = makers[m].make();
            testing_fail_at(-1);
            if (iterator) break;
            assert_error(MemoryError, "");
            assert_int_equal(testing_blocks(), blocks);
        }
        assert_true(n > 0); // at least one allocation did fail
        decref(iterator);
        assert_int_equal(testing_blocks(), blocks);
    }
    drop_fixtures();
}

/* Walks, all values held, with allocation n failing. Returns how many values came; what they are is
 * in `values`. */
static int walk(int m, long n, bool *failed, Object **values) {
    Object *iterator = makers[m].make();
    int count = 0;
    *failed = false;
    testing_fail_at(n);
    for (int i = 0; i < WALK; i++) {
        Object *value = iter_next(iterator);
        if (value) {
            values[count++] = value;
        } else if (error_occurred()) {
            assert_error(MemoryError, "");
            assert_false(*failed);
            *failed = true;
            i--; // once more: as many values as without the failure
        } else {
            break;
        }
    }
    testing_fail_at(-1);
    decref(iterator);
    return count;
}

static void drop_values(Object **values, int count) {
    for (int i = 0; i < count; i++)
        decref(values[i]);
}

/* Equal; of a pair that enumerate made, the items are, as the numbers tell nothing here. */
static bool same_item(Object *a, Object *b) {
    if (object_rich_equal(a, b) == 1) return true;
    if (a->type != &Tuple_Type || ((Tuple *)a)->size != 2) return false;
    return object_rich_equal(((Tuple *)a)->items[1], ((Tuple *)b)->items[1]) == 1;
}

static void test_walking_without_memory(void **state) {
    (void)state;
    make_fixtures();
    for (int m = 0; m < MAKERS; m++) {
        if (makers[m].cost == NOT_WALKED) continue;
        bool failed = true;
        Object *all[WALK], *some[WALK];
        int count = walk(m, -1, &failed, all), most_lost = 0;
        assert_true(count > 1);
        failed = true;
        for (long n = 0; failed || n == 0; n++) {
            long blocks = testing_blocks();
            int came = walk(m, n, &failed, some);
            if (!failed || makers[m].cost == NOTHING) assert_int_equal(came, count);
            if (failed && makers[m].cost == ONE_VALUE) assert_int_equal(came, count - 1);
            if (makers[m].cost == AT_MOST_ONE) assert_in_range(came, count - 1, count);
            int at = 0; // what came is among what would have come, in that order
            for (int i = 0; i < came; i++, at++) {
                if (makers[m].cost == ONE_VALUE || makers[m].cost == AT_MOST_ONE) {
                    while (at < count && !same_item(some[i], all[at]))
                        at++;
                }
                assert_true(at < count && same_item(some[i], all[at]));
            }
            most_lost = count - came > most_lost ? count - came : most_lost;
            drop_values(some, came);
            assert_int_equal(testing_blocks(), blocks);
        }
        assert_int_equal(most_lost > 0, makers[m].cost != NOTHING);
        drop_values(all, count);
    }
    drop_fixtures();
}

/* enumerate numbers the values that come, also after one was lost. */
static void test_enumerate_without_memory(void **state) {
    (void)state;
    Object *iterator = enumerated(ints(3, 1, 2, 3), 1000);
    assert_next(iterator, "(1000, 1)");
    testing_fail_at(0);
    assert_fails(iter_next(iterator), MemoryError, "");
    testing_fail_at(-1);
    assert_gives(iterator, "[(1001, 3)]");
}

static void test_dict_without_memory(void **state) {
    (void)state;
    Dict *dict = dict_new();
    testing_fail_at(0);
    assert_int_equal(dict_set_item(dict, None, None), -1);
    assert_error(MemoryError, "");
    testing_fail_at(-1);
    assert_repr(OBJECT(dict), "{}");
    for (int i = 0; i < 5; i++) // the smallest table takes five keys
        put(dict, i);
    testing_fail_at(0);
    assert_int_equal(dict_set_item(dict, None, None), -1);
    assert_error(MemoryError, "");
    testing_fail_at(0);
    assert_fails(object_get_iter(OBJECT(dict)), MemoryError, "");
    testing_fail_at(0);
    assert_fails(OBJECT(dict_new()), MemoryError, "");
    testing_fail_at(-1);
    assert_value(OBJECT(dict), "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, before, after)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(get_iter),
        TEST(stop_iteration_value),
        TEST(sequence_protocol),
        TEST(sequence_overflow),
        TEST(callable_iterator),
        TEST(callable_iterator_calls_itself),
        TEST(list_changes),
        TEST(list_reversed),
        TEST(list_reversed_one_past),
        TEST(tuple_and_str),
        TEST(reversed_sequence),
        TEST(dict),
        TEST(dict_changes),
        TEST(dict_moves),
        TEST(dict_compares),
        TEST(range),
        TEST(range_equal),
        TEST(range_edges),
        TEST(range_random),
        TEST(enumerate),
        TEST(tuple_reuse),
        TEST(zip),
        TEST(zip_strict),
        TEST(map),
        TEST(filter),
        TEST(takewhile),
        TEST(islice),
        TEST(islice_errors),
        TEST(chain),
        TEST(count),
        TEST(asked_asks_back),
        TEST(dict_changes_while_compared),
        TEST(dict_within_itself),
        TEST(long_chain_dies),
        TEST(for),
        TEST(for_keeps_its_value),
        TEST(for_errors),
        TEST(making_without_memory),
        TEST(walking_without_memory),
        TEST(enumerate_without_memory),
        TEST(dict_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
