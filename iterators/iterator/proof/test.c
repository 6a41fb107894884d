/* test.c: every iterator against what CPython's own tests ask of it, range against a model in 128
 * bits, the `for` statement on each way out, what is asked asking back, and all without memory.
 *
 * Around each test stands the same check: as many blocks as before, and as many references to None,
 * True, False and the small ints, which nobody frees and whose leaks would show nowhere else.
 */
#include "../dict.h"
#include "../for.h"

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static Object *pool[256]; // what the test now running has made: dropped when it is over
static size_t kept;

/* The same object, whose new reference is dropped when the test is over. */
static void *keep(void *op) {
    assert_non_null(op);
    assert_true(kept < LENGTH(pool));
    return pool[kept++] = op;
}

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
    while (kept > 0)
        decref(pool[--kept]);
    ssize_t now[SMALL + 3];
    count_references(now);
    assert_int_equal(testing_blocks(), blocks_before);
    assert_memory_equal(now, references_before, sizeof now);
    assert_null(error_occurred());
    return 0;
}

static Object *number(int64_t value) {
    return keep(int_from_long(value));
}

static void append(Object *list, int64_t value) {
    Object *item = int_from_long(value);
    assert_int_equal(list_append((List *)list, item), 0);
    decref(item);
}

static Object *int_list(size_t count, const int *values) {
    Object *list = keep(list_new());
    for (size_t i = 0; i < count; i++)
        append(list, values[i]);
    return list;
}
#define INTS(...) int_list(LENGTH(((int[]){__VA_ARGS__})), (int[]){__VA_ARGS__})
#define NO_INTS   int_list(0, NULL)

static Object *range(int64_t start, int64_t stop, int64_t step) {
    return keep(range_new(start, stop, step));
}

static Object *iter(void *iterable) {
    return keep(object_get_iter(iterable));
}

static void assert_repr(void *op, const char *expected) {
    Writer out = {0};
    assert_non_null(op);
    assert_int_equal(object_write_repr(op, &out), 0);
    assert_int_equal(writer_write(&out, "", 1), 0);
    assert_string_equal(out.bytes, expected);
    writer_free(&out);
}

/* Gives the value up. */
static void assert_value(void *op, const char *expected) {
    assert_repr(op, expected);
    decref(op);
}

static void assert_exhausted(Object *iterator) {
    for (int i = 0; i < 3; i++) {
        assert_null(iter_next(iterator));
        assert_null(error_occurred());
    }
    assert_null(builtin_next(iterator));
    assert_error(StopIteration, "");
}

/* The end as iternext itself says it: no error, not even StopIteration. */
static void assert_ends(Object *iterator) {
    assert_null(iterator->type->iternext(iterator));
    assert_null(error_occurred());
}

/* Asks as often as there are answers, which are values, errors or ".", the end; after one of those
 * as the last it is exhausted for ever. */
static void assert_asks(Object *iterator, const char *answers) {
    Writer text = {0};
    for (const char *rest = answers; rest; rest = strstr(rest + 1, " | ")) {
        Object *item = iter_next(iterator);
        if (rest != answers) writer_puts(&text, " | ");
        if (item) {
            assert_int_equal(object_write_repr(item, &text), 0);
            decref(item);
        } else if (error_occurred()) {
            writer_puts(&text, error_name(error_occurred()));
            writer_puts(&text, ": ");
            writer_puts(&text, error_message());
            error_clear();
        } else {
            writer_puts(&text, ".");
        }
    }
    assert_int_equal(writer_write(&text, "", 1), 0);
    assert_string_equal(text.bytes, answers);
    writer_free(&text);
    if (answers[strlen(answers) - 1] == '.') assert_exhausted(iterator);
}

/* The same of what was made for it, which is of this type. */
static Object *check(Object *made, const char *name, const char *answers) {
    assert_string_equal(((Object *)keep(made))->type->name, name);
    assert_asks(made, answers);
    return made;
}

#define assert_fails(op, type, words) (assert_null(op), assert_fails_with(type, words))
static void assert_fails_with(ErrorType type, const char *words) {
    assert_error(type, words);
}

static const char not_iterable[] = "'NoneType' object is not iterable";

/* ---- Things made for these tests -------------------------------------------------------------*/

static void plain_dealloc(Object *op) {
    testing_free(op);
}

static void *new_of(const Type *type, size_t size) {
    Object *self = object_new(type, size);
    memset(self + 1, 0, size - sizeof *self);
    return keep(self);
}

/* An iterator that counts what is taken from it: 0, 1, ... up to `stop`, then `error` (NoError: the
 * end; StopIteration: the end, said as an error). */
typedef struct {
    Object ob;
    int64_t next, stop;
    ErrorType error;
    int asked; // how often iternext was called
} Probe;

static Object *probe_next(Object *op) {
    Probe *self = (Probe *)op;
    self->asked++;
    if (self->next < self->stop) return int_from_long(self->next++);
    if (self->error) error_set(self->error, "%s", self->error == StopIteration ? "" : "probe");
    return NULL;
}

static const Type Probe_Type = {
    .name = "Probe", .dealloc = plain_dealloc, .iter = object_self_iter, .iternext = probe_next};

static Object *probe(int64_t stop, ErrorType error) {
    Probe *self = new_of(&Probe_Type, sizeof *self);
    self->stop = stop;
    self->error = error;
    return OBJECT(self);
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
    Old *self = new_of(&Old_Type, sizeof *self);
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
    return keep(function_new("function", code, NULL));
}

/* ---- The protocol ----------------------------------------------------------------------------*/

static void test_get_iter(void **state) {
    (void)state;
    assert_fails(object_get_iter(None), TypeError, not_iterable);
    assert_fails(object_get_iter(&broken), TypeError,
                 "iter() returned non-iterator of type 'NoneType'");
    Object *list = INTS(1), *iterator = iter(list);
    assert_ptr_equal(iter(iterator), iterator);
    assert_fails(builtin_next(list), TypeError, "'list' object is not an iterator");
    assert_value(builtin_next(iterator), "1");
    assert_fails(builtin_next(iterator), StopIteration, "");
    assert_fails(sequence_list(None), TypeError, not_iterable);
    assert_fails(sequence_list(probe(3, ValueError)), ValueError, "probe");
    assert_value(sequence_list(probe(3, StopIteration)), "[0, 1, 2]");
}

/* A StopIteration with a value: next() hands it on, iter_next() swallows it. */
static Object *stop_with_nine(Object *self) {
    (void)self;
    error_set_stop_iteration(number(9));
    return NULL;
}

static void test_stop_iteration_value(void **state) {
    (void)state;
    static const Type type = {.name = "Nine", .iter = object_self_iter, .iternext = stop_with_nine};
    Object self = {.refcnt = 1, .type = &type}, *value;
    assert_null(iter_next(&self));
    assert_null(error_occurred());
    assert_null(builtin_next(&self));
    assert_int_equal(error_fetch_stop_iteration(&value), 0);
    assert_value(value, "9");
}

static void test_sequence_protocol(void **state) {
    (void)state;
    check(object_get_iter(old(3, IndexError, 3)), "iterator", "0 | 10 | 20 | .");
    assert_ends(check(object_get_iter(old(1, StopIteration, 1)), "iterator", "0"));
    Object *growing = old(0, IndexError, 0), *iterator = iter(growing);
    assert_ends(iterator);
    ((Old *)growing)->stop = 1; // CPython: test_iter.py, test_sinkstate_sequence()
    assert_exhausted(iterator);
    // Any other error is the loop's, and the iterator is still where it was.
    Object *sequence = old(1, ValueError, 1);
    iterator = check(object_get_iter(sequence), "iterator", "0 | ValueError: old");
    ((Old *)sequence)->stop = 3;
    ((Old *)sequence)->error = IndexError;
    assert_asks(iterator, "10");
    assert_int_equal(sequence->refcnt, 2);
    assert_asks(iterator, "20 | .");
    assert_int_equal(sequence->refcnt, 1);
    // CPython: test_iter.py, test_iter_overflow()
    iterator = keep(sequence_iter_new(old(INT64_MAX, IndexError, 0)));
    typedef struct {
        Object ob;
        ssize_t index;
    } Head; // how a sequence's iterator begins
    ((Head *)iterator)->index = PTRDIFF_MAX - 1;
    decref(iter_next(iterator));
    for (int i = 0; i < 2; i++)
        assert_fails(iter_next(iterator), OverflowError, "iter index too large");
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
        return int_from_long(5);
    }
    return int_from_long(spam_count++);
}

static Object *spam_iter(Object *sentinel, ErrorType error) {
    spam_count = 0;
    spam_error = error;
    return keep(call_iter_new(function(spam), sentinel));
}

static void test_callable_iterator(void **state) {
    (void)state;
    assert_fails(call_iter_new(None, None), TypeError, "iter(v, w): v must be callable");
    Object *sentinel = NO_INTS;
    Object *iterator = spam_iter(number(3), NoError);
    assert_string_equal(iterator->type->name, "callable_iterator");
    assert_asks(iterator, "0 | 1 | 2 | .");
    assert_int_equal(spam_count, 4); // once exhausted, it does not call again
    iterator = spam_iter(sentinel, StopIteration);
    assert_asks(iterator, "0 | 1 | 2 | 3");
    assert_int_equal(sentinel->refcnt, 2);
    assert_ends(iterator);
    assert_int_equal(sentinel->refcnt, 1); // let go of
    assert_exhausted(iterator);
    iterator = spam_iter(number(9), ValueError);
    assert_asks(iterator, "0 | 1 | 2 | 3 | ValueError: spam");
    spam_error = NoError; // an error is no end
    assert_asks(iterator, "4");
    assert_asks(spam_iter(&bad, NoError),
                "ValueError: not to be compared | ValueError: not to be compared");
    // The function asks the iterator that is calling it, and that call is the end: so is the outer.
    spam_iterator = spam_iter(number(5), NoError);
    assert_asks(spam_iterator, "0 | 1 | 2 | 3 | .");
    spam_iterator = NULL;
}

/* ---- list, tuple, str ------------------------------------------------------------------------*/

static void test_list_changes(void **state) {
    (void)state;
    Object *list = INTS(1, 2, 3), *iterator = iter(list);
    assert_int_equal(list_iter_index(iterator), 0);
    assert_asks(iterator, "1");
    append(list, 4); // seen
    assert_int_equal(list_iter_index(iterator), 1);
    decref(list_pop((List *)list, 0)); // 3 moves to where 2 was
    assert_asks(iterator, "3");
    assert_int_equal(list->refcnt, 2);
    list_clear((List *)list);
    assert_exhausted(iterator);
    assert_int_equal(list->refcnt, 1); // let go of
    for (int i = 5; i < 8; i++)
        append(list, i);
    assert_exhausted(iterator); // CPython: test_iter.py, test_sinkstate_list()
    check(object_get_iter(list), "list_iterator", "5 | 6 | 7 | .");
}

static void test_list_reversed(void **state) {
    (void)state;
    Object *list = INTS(1, 2, 3, 4), *iterator = keep(reversed_new(list));
    append(list, 5); // not seen
    assert_asks(iterator, "4");
    decref(list_pop((List *)list, 0)); // 2 3 4 5, the next index is 2
    assert_asks(iterator, "4");
    decref(list_pop((List *)list, -1));
    decref(list_pop((List *)list, -1));
    assert_asks(iterator, "3"); // the last one, by its index
    decref(list_pop((List *)list, 0));
    assert_asks(iterator, "3");
    assert_int_equal(list->refcnt, 2);
    assert_exhausted(iterator);
    assert_int_equal(list->refcnt, 1);

    iterator = keep(reversed_new(list));
    list_clear((List *)list); // its index is past the end now: the end
    assert_exhausted(iterator);
    append(list, 8);
    assert_exhausted(iterator);
    check(reversed_new(list), "list_reverseiterator", "8 | .");
    list = INTS(1, 2, 3);
    iterator = keep(reversed_new(list));
    decref(list_pop((List *)list, 0)); // the index equals the size: one past the last
    assert_exhausted(iterator);
}

static void test_tuple_and_str(void **state) {
    (void)state;
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d\xff";
    static const char all[] =
        "'a' | '\xc3\xa9' | '\xe2\x82\xac' | '\xf0\x9f\x90\x8d' | '\\udcff' | .";
    static const char backwards[] =
        "'\\udcff' | '\xf0\x9f\x90\x8d' | '\xe2\x82\xac' | '\xc3\xa9' | 'a' | .";
    Object *str = keep(str_from_string(text)), *tuple = keep(tuple_pack(2, True, None));
    check(object_get_iter(str), "str_iterator", all);
    check(reversed_new(str), "reversed", backwards);
    check(object_get_iter(keep(str_from_string("ab"))), "str_ascii_iterator", "'a' | 'b' | .");
    check(object_get_iter(keep(str_from_string(""))), "str_ascii_iterator", ".");
    check(object_get_iter(tuple), "tuple_iterator", "True | None | .");
    check(reversed_new(tuple), "reversed", "None | True | .");
    Object *both[] = {keep(tuple_pack(1, None)), keep(str_from_string("\xc3\xa9"))};
    for (int i = 0; i < 2; i++) { // let go of at the end, not when the iterator dies
        Object *iterator = iter(both[i]);
        assert_asks(iterator, i ? "'\xc3\xa9'" : "None");
        assert_int_equal(both[i]->refcnt, 2);
        assert_ends(iterator);
        assert_int_equal(both[i]->refcnt, 1);
    }
}

/* CPython: test_enumerate.py, TestReversed. */
static void test_reversed_sequence(void **state) {
    (void)state;
    assert_fails(reversed_new(None), TypeError, "'NoneType' object is not reversible");
    assert_fails(reversed_new(iter(NO_INTS)), TypeError,
                 "'list_iterator' object is not reversible");
    Object *sequence = old(3, IndexError, 3);
    Old *self = (Old *)sequence;
    check(reversed_new(sequence), "reversed", "20 | 10 | 0 | .");
    self->length = 4; // index 3 is not there: the end at once
    Object *iterator = check(reversed_new(sequence), "reversed", ".");
    self->stop = 4;
    assert_exhausted(iterator);
    self->stop = 3;
    self->error = StopIteration;
    assert_ends(keep(reversed_new(sequence)));
    self->error = ValueError; // another error is raised once, and is the end
    iterator = keep(reversed_new(sequence));
    assert_fails(iter_next(iterator), ValueError, "old");
    assert_int_equal(sequence->refcnt, 1);
    assert_exhausted(iterator);
    self->length = 0;
    check(reversed_new(sequence), "reversed", ".");
    self->length = -1;
    assert_fails(reversed_new(sequence), ValueError, "no length");
    static const Type no_length = {.name = "NoLength", .item = old_item};
    static const Type no_item = {.name = "NoItem", .length = old_length};
    Object a = {.refcnt = 1, .type = &no_length}, b = {.refcnt = 1, .type = &no_item};
    // an index is enough to be asked for a length, and it is that question that fails
    assert_fails(reversed_new(&a), TypeError, "object of type 'NoLength' has no len()");
    assert_fails(reversed_new(&b), TypeError, "'NoItem' object is not reversible");
}

/* ---- dict ------------------------------------------------------------------------------------*/

static void put(Dict *dict, int64_t key) {
    Object *k = int_from_long(key);
    assert_int_equal(dict_set_item(dict, k, k), 0);
    decref(k);
}

static int take(Dict *dict, int64_t key) {
    Object *k = int_from_long(key);
    int status = dict_del_item(dict, k);
    decref(k);
    return status;
}

/* {0: 0, 1: 1, ...} */
static Dict *dict_of(int size) {
    Dict *dict = keep(dict_new());
    for (int i = 0; i < size; i++)
        put(dict, i);
    return dict;
}

static void test_dict(void **state) {
    (void)state;
    Dict *dict = dict_of(3);
    assert_repr(dict, "{0: 0, 1: 1, 2: 2}");
    assert_int_equal(take(dict, 1), 0);
    assert_int_equal(take(dict, 1), -1);
    assert_error(KeyError, "1");
    put(dict, 2); // is there already: the dict stays as it is
    assert_int_equal(object_length(OBJECT(dict)), 2);
    assert_repr(dict_get_item(dict, number(2)), "2");
    assert_null(dict_get_item(dict, number(1)));
    check(object_get_iter(OBJECT(dict)), "dict_keyiterator", "0 | 2 | .");
    for (int i = 0; i < SMALL; i++) { // growing, with the hole among the entries
        put(dict, i);
        assert_int_equal(object_length(OBJECT(dict)), i < 1 ? 2 : i < 2 ? 3 : i + 1);
    }
    assert_int_equal(take(dict, 2), 0);
    assert_asks(iter(dict), "0 | 1 | 3"); // 1 was put back behind 2, which is gone
    assert_repr(dict_of(0), "{}");
    assert_asks(iter(dict_of(0)), ".");
}

/* How many keys fit before the entries move: CPython's sizes, of which holes are a part. */
static void test_dict_grows(void **state) {
    (void)state;
    static const struct {
        int keys, gone, usable; // after one more
    } cases[] = {{5, 0, 4}, {5, 3, 7}, {5, 5, 4}, {10, 0, 10}, {10, 10, 4}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        Dict *dict = dict_of(cases[i].keys);
        for (int key = 0; key < cases[i].gone; key++)
            assert_int_equal(take(dict, key), 0);
        assert_int_equal(dict->usable, 0);
        put(dict, 20);
        assert_int_equal(dict->usable, cases[i].usable);
        assert_int_equal(dict->nentries, dict->used);
    }
}

static void test_dict_changes(void **state) {
    (void)state;
    static const char size[] = "RuntimeError: dictionary changed size during iteration";
    static const char keys[] = "RuntimeError: dictionary keys changed during iteration | .";
    Dict *dict = dict_of(3);
    Object *iterator = iter(dict);
    assert_asks(iterator, "0");
    put(dict, 3);
    assert_asks(iterator, size);
    assert_int_equal(take(dict, 3), 0); // as it was; but it was noticed
    assert_asks(iterator, size);

    dict = dict_of(3);
    iterator = iter(dict);
    for (int i = 0; i < 3; i++) { // one key out, one in: noticed when one too many comes
        if (i < 2) assert_int_equal(take(dict, i), 0);
        if (i < 2) put(dict, i + 10);
        assert_asks(iterator, i == 0 ? "1" : i == 1 ? "2" : "10");
    }
    assert_asks(iterator, keys);

    // Entries that moved together leave the iterator behind the last with keys still owed: the end.
    dict = dict_of(5); // full
    assert_int_equal(take(dict, 0), 0);
    iterator = iter(dict);
    assert_asks(iterator, "1");
    assert_int_equal(take(dict, 1), 0);
    put(dict, 10);
    assert_repr(dict, "{2: 2, 3: 3, 4: 4, 10: 10}");
    assert_asks(iterator, "4 | 10 | .");
}

static void test_dict_compares(void **state) {
    (void)state;
    Dict *dict = dict_of(0);
    Object *zero = number(0);
    assert_null(dict_get_item(dict, zero));
    Object *const values[] = {True, False}; // the second in place of the first
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dict_set_item(dict, zero, values[i]), 0);
        assert_ptr_equal(dict_get_item(dict, zero), values[i]);
    }
    for (int i = 0; i < 3; i++) {
        static const char words[] = "not to be compared";
        assert_fails(dict_get_item(dict, &bad), ValueError, words);
        assert_int_equal(dict_del_item(dict, &bad), -1);
        assert_error(ValueError, words);
        assert_int_equal(dict_set_item(dict, &bad, True), -1);
        assert_error(ValueError, words);
    }
    assert_repr(dict, "{0: False}");
    assert_int_equal(bad.refcnt, 1);
}

/* CPython: test_dict.py, test_repr(). */
static void test_dict_within_itself(void **state) {
    (void)state;
    Dict *dict = dict_of(1);
    assert_int_equal(dict_set_item(dict, True, OBJECT(dict)), 0);
    for (int i = 0; i < 2; i++)
        assert_repr(dict, "{0: 0, True: {...}}");
    assert_int_equal(dict_set_item(dict, True, None), 0);
    assert_repr(dict, "{0: 0, True: None}");
    for (int depth = 0; depth < 2000; depth++) {
        Dict *outer = dict_new();
        assert_int_equal(dict_set_item(outer, None, depth ? OBJECT(dict) : None), 0);
        if (depth) decref(dict);
        dict = outer;
    }
    Writer out = {0};
    assert_int_equal(object_write_repr(OBJECT(dict), &out), -1);
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    writer_free(&out);
    decref(dict);
}

/* ---- range -----------------------------------------------------------------------------------*/

/* CPython: test_range.py. */
static void test_range(void **state) {
    (void)state;
    static const struct {
        int64_t start, stop, step;
        const char *repr, *all, *backwards;
    } cases[] = {
        {0, 3, 1, "range(0, 3)", "0 | 1 | 2 | .", "2 | 1 | 0 | ."},
        {1, 10, 3, "range(1, 10, 3)", "1 | 4 | 7 | .", "7 | 4 | 1 | ."},
        {5, -5, -3, "range(5, -5, -3)", "5 | 2 | -1 | -4 | .", "-4 | -1 | 2 | 5 | ."},
        {5, 5, 1, "range(5, 5)", ".", "."},
        {5, 5, -1, "range(5, 5, -1)", ".", "."},
        {5, 4, 1, "range(5, 4)", ".", "."},
        {4, 5, -1, "range(4, 5, -1)", ".", "."},
        {INT64_MIN, INT64_MIN, INT64_MIN,
         "range(-9223372036854775808, -9223372036854775808, -9223372036854775808)", ".", "."},
        {0, 20, 9, "range(0, 20, 9)", "0 | 9 | 18 | .", "18 | 9 | 0 | ."},
    };
    Object *op = NULL;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        op = range(cases[i].start, cases[i].stop, cases[i].step);
        assert_repr(op, cases[i].repr);
        Object *iterator = iter(op);
        assert_int_equal(op->refcnt, 1); // its iterators need it no more
        assert_string_equal(iterator->type->name, "range_iterator");
        assert_asks(iterator, cases[i].all);
        check(reversed_new(op), "range_iterator", cases[i].backwards);
    }
    const Range *r = (Range *)op;
    assert_fails(range_new(1, 2, 0), ValueError, "range() arg 3 must not be zero");
    assert_int_equal(object_length(op), 3);
    assert_value(range_subscript(r, -3), "0");
    assert_fails(range_subscript(r, -4), IndexError, "range object index out of range");
    assert_fails(range_subscript(r, 3), IndexError, "range object index out of range");
    assert_value(op->type->item(op, 2), "18");
    assert_int_equal(range_index(r, 7), -1);
    assert_error(ValueError, "7 is not in range");
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
    for (size_t i = 0; i < LENGTH(cases); i++) {
        Object *a = range(cases[i].a[0], cases[i].a[1], cases[i].a[2]);
        Object *b = range(cases[i].b[0], cases[i].b[1], cases[i].b[2]);
        assert_int_equal(object_rich_equal(a, b), cases[i].equal);
        assert_int_equal(object_rich_equal(b, a), cases[i].equal);
        assert_int_equal(object_rich_equal(a, None), 0);
    }
}

#ifdef __SIZEOF_INT128__             // not on machines of 32 bits
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
            assert_null(error_occurred());
            continue;
        }
        assert_true(((Int *)item)->value == first + i * step);
        decref(item);
    }
    decref(iterator);
}

static void check_range(int64_t start, int64_t stop, int64_t step, int64_t value) {
    Object *op = range_new(start, stop, step);
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

static void test_range_against_model(void **state) {
    (void)state;
    static const int64_t edges[] = {
        INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, -3,       -2, -1, 0, 1, 2, 3,
        7,         INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
    const size_t n = LENGTH(edges);
    for (size_t i = 0; i < n * n * n * n; i++) {
        int64_t step = edges[i / n / n % n];
        if (step) check_range(edges[i % n], edges[i / n % n], step, edges[i / n / n / n]);
    }
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
#endif

/* ---- enumerate, zip --------------------------------------------------------------------------*/

static void test_enumerate(void **state) {
    (void)state;
    static const char name[] = "enumerate";
    check(enumerate_new(INTS(8, 9), 5), name, "(5, 8) | (6, 9) | .");
    check(enumerate_new(NO_INTS, 0), name, ".");
    check(enumerate_new(probe(1, ValueError), 0), name, "(0, 0) | ValueError: probe");
    check(enumerate_new(INTS(1, 2, 3), INT64_MAX - 1), name,
          "(9223372036854775806, 1) | OverflowError: Python int too large to convert to C ssize_t");
    assert_fails(enumerate_new(None, 0), TypeError, not_iterable);
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
}

static void test_tuple_reuse(void **state) {
    (void)state;
    Object *r = range(0, 9, 1);
    assert_reuses(keep(enumerate_new(r, 0)), "(2, 3)"); // the item 2 was taken, and lost
    assert_reuses(keep(zip_new((Object *[]){r, r}, 2, false)), "(2, 2)");
}

/* map() with the code, or zip(), of as many ranges from 0 as there are digits, which are their
 * lengths. */
static Object *over_ranges(const char *digits, FunctionCode code, bool strict) {
    Object *sources[8] = {NULL};
    ssize_t count = (ssize_t)strlen(digits);
    for (ssize_t i = 0; i < count; i++)
        sources[i] = range(0, digits[i] - '0', 1);
    return code ? map_new(function(code), sources, count) : zip_new(sources, count, strict);
}

static void test_zip(void **state) {
    (void)state;
    static const struct {
        const char *digits;
        bool strict;
        const char *answers;
    } cases[] = {
        {"", false, "."},
        {"", true, "."},
        {"2", false, "(0,) | (1,) | ."},
        {"2", true, "(0,) | (1,) | ."},
        {"213", false, "(0, 0, 0) | ."},
        {"222", true, "(0, 0, 0) | (1, 1, 1) | ."},
        {"12", true, "(0, 0) | ValueError: zip() argument 2 is longer than argument 1"},
        {"21", true, "(0, 0) | ValueError: zip() argument 2 is shorter than argument 1"},
        {"121", true, "(0, 0, 0) | ValueError: zip() argument 2 is longer than argument 1"},
        {"112", true, "(0, 0, 0) | ValueError: zip() argument 3 is longer than arguments 1-2"},
        {"212", true, "(0, 0, 0) | ValueError: zip() argument 2 is shorter than argument 1"},
        {"221", true, "(0, 0, 0) | ValueError: zip() argument 3 is shorter than arguments 1-2"},
        {"1112", true, "(0, 0, 0, 0) | ValueError: zip() argument 4 is longer than arguments 1-3"},
        {"2221", true, "(0, 0, 0, 0) | ValueError: zip() argument 4 is shorter than arguments 1-3"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        check(over_ranges(cases[i].digits, NULL, cases[i].strict), "zip", cases[i].answers);
    Object *one = INTS(1);
    assert_fails(zip_new((Object *[]){one, None}, 2, false), TypeError, not_iterable);
    assert_fails(zip_new((Object *[]){None, one}, 2, true), TypeError, not_iterable);
    assert_int_equal(one->refcnt, 1);
    // The first is asked once more than the second: that value is gone.
    Object *a = probe(5, NoError), *b = probe(2, NoError);
    Object *iterator = keep(zip_new((Object *[]){a, b}, 2, false));
    assert_value(sequence_list(iterator), "[(0, 0), (1, 1)]");
    assert_int_equal(((Probe *)a)->asked, 3);
    assert_int_equal(((Probe *)b)->asked, 3);
    assert_asks(a, "3");
}

/* CPython: test_builtin.py, test_zip_strict(), test_zip_strict_error_handling(). */
static void test_zip_strict(void **state) {
    (void)state;
    Object *stopping = probe(0, StopIteration);
    assert_ends(keep(zip_new(&stopping, 1, true)));
    static const struct {
        ErrorType ends[2];
        int64_t lengths[2];
        const char *answers;
    } cases[] = {
        // an error of any of them comes first; a StopIteration is no error
        {{ValueError, NoError}, {1, 1}, "(0, 0) | ValueError: probe"},
        {{NoError, ValueError}, {1, 1}, "(0, 0) | ValueError: probe"},
        {{NoError, ValueError}, {2, 1}, "(0, 0) | ValueError: probe"},
        {{StopIteration, StopIteration}, {1, 1}, "(0, 0)"},
        {{StopIteration, NoError},
         {1, 2},
         "(0, 0) | ValueError: zip() argument 2 is longer than argument 1"},
        {{NoError, StopIteration},
         {2, 1},
         "(0, 0) | ValueError: zip() argument 2 is shorter than argument 1"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        Object *both[] = {probe(cases[i].lengths[0], cases[i].ends[0]),
                          probe(cases[i].lengths[1], cases[i].ends[1])};
        Object *iterator = check(zip_new(both, 2, true), "zip", cases[i].answers);
        if (cases[i].ends[0] == cases[i].ends[1]) assert_ends(iterator);
    }
    // the error of the second ends the check: the third, which is longer, is not asked
    Object *three[] = {probe(1, NoError), probe(1, ValueError), probe(2, NoError)};
    check(zip_new(three, 3, true), "zip", "(0, 0, 0) | ValueError: probe");
    assert_int_equal(((Probe *)three[2])->asked, 1);
}

/* ---- map, filter, takewhile ------------------------------------------------------------------*/

static void test_map(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"2", "(0,) | (1,) | ."},
        {"212", "(0, 0, 0) | ."},
        {"11111", "(0, 0, 0, 0, 0) | ."}, // up to five arguments, and more, which need a block
        {"111111", "(0, 0, 0, 0, 0, 0) | ."},
        {"11111110", "."},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        check(over_ranges(cases[i][0], pack, false), "map", cases[i][1]);
    Object *five = keep(over_ranges("11111", pack, false)), *one = INTS(1), *none = None;
    testing_fail_at(1); // the one block is the result's
    Object *zeros = iter_next(five);
    testing_fail_at(-1);
    assert_value(zeros, "(0, 0, 0, 0, 0)");
    check(over_ranges("9", below_three, false), "map", // an error is no end
          "True | True | True | False | False | False | False | ValueError: seven | False | .");
    check(map_new(None, &one, 1), "map", "TypeError: 'NoneType' object is not callable");
    assert_fails(map_new(None, &none, 1), TypeError, not_iterable);
    assert_fails(map_new(None, NULL, 0), TypeError, "map() must have at least two arguments.");
}

static void test_filter(void **state) {
    (void)state;
    Object *test = function(below_three), *truthless = keep(list_pack(2, &bad, True));
    check(filter_new(None, INTS(0, 1, 0, 0, 2)), "filter", "1 | 2 | .");
    check(filter_new(test, INTS(5, 1, 9, 2, 3, 8)), "filter", "1 | 2 | .");
    check(filter_new(test, INTS(5, 7, 9, 1)), "filter", "ValueError: seven | 1 | .");
    check(filter_new(function(return_bad), INTS(5)), "filter",
          "ValueError: neither true nor false");
    check(filter_new(None, truthless), "filter", "ValueError: neither true nor false | True | .");
    assert_fails(filter_new(None, None), TypeError, not_iterable);
}

static void test_takewhile(void **state) {
    (void)state;
    static const char name[] = "itertools.takewhile";
    Object *numbers = probe(9, NoError), *test = function(below_three);
    check(takewhile_new(test, numbers), name, "0 | 1 | 2 | .");
    assert_asks(numbers, "4"); // 3 was taken; after that nothing more was
    check(takewhile_new(test, NO_INTS), name, ".");
    check(takewhile_new(test, INTS(1, 7, 2, 9)), name, "1 | ValueError: seven | 2 | .");
    check(takewhile_new(function(return_bad), INTS(5)), name, "ValueError: neither true nor false");
    assert_fails(takewhile_new(None, None), TypeError, not_iterable);
}

/* ---- islice, chain, count --------------------------------------------------------------------*/

/* CPython: test_itertools.py, test_islice(): how many are taken, and what is given. */
static void test_islice(void **state) {
    (void)state;
    static const struct {
        int64_t start, stop, step;
        const char *answers;
        int64_t taken; // of ten
    } cases[] = {
        {0, 5, 3, "0 | 3 | .", 5},
        {0, 3, 1, "0 | 1 | 2 | .", 3},
        {0, 0, 1, ".", 0},
        {2, 4, 1, "2 | 3 | .", 4},
        {4, 2, 1, ".", 4},
        {3, 3, 1, ".", 3},
        {1, 10, 4, "1 | 5 | 9 | .", 10},
        {7, -1, 1, "7 | 8 | 9 | .", 10},
        {0, 99, 6, "0 | 6 | .", 10},
        {8, -1, 5, "8 | .", 10},
        {20, -1, 1, ".", 10},
        {1, 6, 2, "1 | 3 | 5 | .", 6},
        {0, 1, INT64_MAX, "0 | .", 1},
        {1, INT64_MAX, INT64_MAX, "1 | .", 10},
        {2, -1, INT64_MAX, "2 | .", 10},
        {0, 7, 3, "0 | 3 | 6 | .", 7},
        {0, 6, 3, "0 | 3 | .", 6},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        Probe *source = (Probe *)probe(10, NoError);
        check(islice_new(OBJECT(source), cases[i].start, cases[i].stop, cases[i].step),
              "itertools.islice", cases[i].answers);
        assert_int_equal(source->next, cases[i].taken);
        assert_in_range(source->asked, cases[i].taken, cases[i].taken == 10 ? 11 : cases[i].taken);
        assert_int_equal(source->ob.refcnt, 1); // let go of
    }
}

static void test_islice_errors(void **state) {
    (void)state;
    static const char indices[] =
        "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    static const char steps[] = "Step for islice() must be a positive integer or None.";
    Object *list = INTS(1);
    assert_fails(islice_new(list, -1, 1, 1), ValueError, indices);
    assert_fails(islice_new(list, 0, -2, 1), ValueError, indices);
    assert_fails(islice_new(list, 0, 1, 0), ValueError, steps);
    assert_fails(islice_new(list, 0, 1, -1), ValueError, steps);
    assert_fails(islice_new(None, 0, 1, 1), TypeError, not_iterable);
    for (int64_t start = 0; start < 5; start += 4) { // in a step, and while skipping: the end
        Object *source = probe(1, ValueError), *iterator = keep(islice_new(source, start, -1, 1));
        assert_asks(iterator, start ? "ValueError: probe" : "0 | ValueError: probe");
        ((Probe *)source)->stop = 9;
        assert_exhausted(iterator);
    }
}

static void test_chain(void **state) {
    (void)state;
    static const char name[] = "itertools.chain", probes[] = "0 | ValueError: probe";
    Object *a = INTS(1, 2), *b = NO_INTS, *c = keep(str_from_string("xy"));
    check(chain_from_iterable(keep(tuple_pack(4, a, b, c, b))), name, "1 | 2 | 'x' | 'y' | .");
    check(chain_from_iterable(b), name, ".");
    check(chain_from_iterable(keep(tuple_pack(3, a, None, c))), name, // looked at in its turn
          "1 | 2 | TypeError: 'NoneType' object is not iterable | .");
    Probe *failing = (Probe *)probe(1, ValueError);
    Object *iterator = check(chain_from_iterable(keep(tuple_pack(2, failing, a))), name, probes);
    assert_asks(iterator, "ValueError: probe"); // still at the same one
    failing->error = NoError;
    assert_asks(iterator, "1 | 2 | .");
    failing->error = ValueError; // now as what gives the iterables
    check(chain_from_iterable(OBJECT(failing)), name, "ValueError: probe | .");
    assert_ends(keep(chain_from_iterable(probe(0, StopIteration))));
    assert_fails(chain_from_iterable(None), TypeError, not_iterable);
}

static void test_count(void **state) {
    (void)state;
    static const char overflow[] = "OverflowError: Python int too large to convert to C long | "
                                   "OverflowError: Python int too large to convert to C long";
    static const struct {
        int64_t start, step;
        const char *answers, *repr; // what it is then; or NULL: out of 64 bits
    } cases[] = {
        {10, 1, "10 | 11", "count(12)"},
        {1, -3, "1 | -2", "count(-5, -3)"},
        {4, 0, "4 | 4 | 4", "count(4, 0)"},
        {INT64_MAX - 1, 1, "9223372036854775806 | 9223372036854775807", NULL},
        {INT64_MIN + 1, -1, "-9223372036854775807 | -9223372036854775808", NULL},
        {0, INT64_MAX, "0 | 9223372036854775807", NULL},
        {0, INT64_MIN, "0 | -9223372036854775808", NULL},
        {INT64_MAX - 5, 3, "9223372036854775802 | 9223372036854775805", NULL},
        {INT64_MAX, INT64_MIN, "9223372036854775807 | -1", NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        Object *iterator =
            check(count_new(cases[i].start, cases[i].step), "itertools.count", cases[i].answers);
        if (cases[i].repr) assert_repr(iterator, cases[i].repr);
        if (!cases[i].repr) assert_asks(iterator, overflow);
    }
}

/* ---- What is asked asks back -----------------------------------------------------------------*/

/* Whatever is done with it, it first meddles with what did that, and says meanwhile that it is at
 * its end, or not equal. Its only reference may go while it runs; it must not die of that. */
typedef struct {
    Object ob;
    bool running;
} Meddler;

static void (*meddling)(Object *meddler);
static int meddlers_answer; // to whether it equals what it is compared with

static bool meddle(Object *op) {
    Meddler *self = (Meddler *)op;
    if (self->running) return false;
    self->running = true;
    meddling(op);
    assert_null(error_occurred());
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
    return meddle(op) ? meddlers_answer : !meddlers_answer;
}

static int meddler_repr(Object *op, Writer *out) {
    meddle(op);
    return writer_puts(out, "meddler");
}

static const Type Meddler_Type = {
    .name = "Meddler",
    .dealloc = meddler_dealloc,
    .repr = meddler_repr,
    .equal = meddler_equal,
    .call = meddler_call,
    .iter = object_self_iter,
    .iternext = meddler_next,
    .length = meddler_length,
    .item = meddler_item,
};

/* Not kept: what it is given to is to have the only reference. */
static Object *meddler(void (*what)(Object *meddler), int answer) {
    Meddler *self = object_new(&Meddler_Type, sizeof *self);
    self->running = false;
    meddling = what;
    meddlers_answer = answer;
    return OBJECT(self);
}

static Object *asked;

static void walk_asked(Object *op) {
    (void)op;
    Object *item;
    while ((item = iter_next(asked)))
        decref(item);
}

/* Number `way` of what can ask a meddler, as an iterator, an item, a function or a sentinel. */
static Object *asks(int way, Object *m, Object *pair, Object *list, Object *f) {
    return way == 0    ? chain_from_iterable(pair)
           : way == 1  ? chain_from_iterable(m)
           : way == 2  ? islice_new(m, 0, -1, 1)
           : way == 3  ? islice_new(m, 2, -1, 1) // where CPython reads freed memory, and crashes
           : way == 4  ? call_iter_new(m, None)
           : way == 5  ? call_iter_new(f, m)
           : way == 6  ? sequence_iter_new(m)
           : way == 7  ? reversed_new(m)
           : way == 8  ? enumerate_new(m, 0)
           : way == 9  ? zip_new((Object *[]){list, m}, 2, false)
           : way == 10 ? map_new(f, &m, 1)
           : way == 11 ? map_new(m, &list, 1)
           : way == 12 ? filter_new(None, m)
           : way == 13 ? filter_new(m, list)
           : way == 14 ? takewhile_new(f, m)
                       : takewhile_new(m, list);
}

/* What CPython answers, too. */
static void test_asked_asks_back(void **state) {
    (void)state;
    static const char *const answers[] = {
        "(True,) | .",
        "True | .",
        "(True,) | .",
        "(True,) | .",
        ".",
        "() | .",
        "(True,) | .",
        "(True,) | .",
        "(0, (True,)) | (1, (True,))",
        "(5, (True,)) | .",
        "((True,),) | ((True,),)",
        "(True,) | .",
        "(True,) | (True,)",
        "5 | .",
        "(True,) | (True,)",
        "5 | .",
    };
    Object *list = INTS(5, 6), *f = function(pack);
    for (int way = 0; way < (int)LENGTH(answers); way++) {
        Object *m = meddler(walk_asked, 0), *pair = tuple_pack(2, m, list);
        asked = asks(way, m, pair, list, f);
        decref(pair);
        decref(m); // now only what is asked has it
        assert_asks(asked, answers[way]);
        decref(asked);
    }
}

static int gifts;

/* Asks for a value before it gives the first, (None,), and so gives the second, a pair, before. */
static Object *give(Object *self) {
    (void)self;
    int gift = ++gifts;
    if (gift == 1) assert_asks(asked, "True");
    return gift == 1 ? tuple_pack(1, None) : gift == 2 ? tuple_pack(2, True, True) : NULL;
}

/* What was opened in between is given up, with what is left of it; CPython loses the reference. */
static void test_chain_opens_in_between(void **state) {
    (void)state;
    static const Type type = {.name = "Giver", .iter = object_self_iter, .iternext = give};
    static Object giver = {.refcnt = 1, .type = &type};
    gifts = 0;
    asked = keep(chain_from_iterable(&giver));
    assert_asks(asked, "None | .");
}

static Dict *changed; // or NULL, when that is done
static int growth;    // by how many keys; 0: the meddler's own entry goes

static void change_dict(Object *op) {
    Dict *dict = changed;
    changed = NULL;
    for (int i = 0; dict && i < growth; i++)
        put(dict, 10 + i);
    if (dict && !growth) assert_int_equal(dict_del_item(dict, op), 0);
}

/* {meddler: meddler}, which changes when that is compared or shown. */
static Dict *dict_to_change(int by) {
    Dict *dict = dict_of(0);
    Object *key = meddler(change_dict, 1);
    assert_int_equal(dict_set_item(dict, key, key), 0);
    decref(key);
    growth = by;
    return changed = dict;
}

static void test_dict_changes_while_compared(void **state) {
    (void)state;
    Object *one = number(1);
    assert_null(dict_get_item(dict_to_change(0), one)); // it said yes, but it was there no longer
    Dict *dict = dict_to_change(0);
    assert_int_equal(dict_set_item(dict, one, one), 0);
    assert_repr(dict, "{1: 1}");
    assert_int_equal(dict_del_item(dict_to_change(0), one), -1);
    assert_error(KeyError, "1");
    dict = dict_to_change(7); // the entries move; the key is still the first
    assert_int_equal(dict_del_item(dict, one), 0);
    assert_int_equal(dict->used, 7);
    assert_repr(dict_to_change(0), "{meddler: meddler}"); // shown as it was
    assert_repr(dict_to_change(2), "{meddler: meddler, 10: 10, 11: 11}");
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
        Object *iterator = new_ref(probe(1, NoError));
        for (int i = 0; i < 300000; i++) // the kinds in turn, at last
            iterator = wrapped(kind < 7 ? kind : i % 7, iterator);
        long blocks = testing_blocks();
        decref(iterator);
        assert_true(testing_blocks() <= blocks - 300000);
    }
}

static Object *ask_asked(Object *self) {
    (void)self;
    return iter_next(asked);
}

/* As deep, an answer would take as much; so it is an error, and what asks itself is one. */
static void test_asking_too_deep(void **state) {
    (void)state;
    static const Type type = {.name = "Mirror", .iter = object_self_iter, .iternext = ask_asked};
    static Object mirror = {.refcnt = 1, .type = &type};
    asked = keep(filter_new(None, &mirror));
    for (int i = 0; i < 2; i++)
        assert_asks(asked, "RecursionError: maximum recursion depth exceeded");
    Object *filters = new_ref(probe(2, NoError));
    for (int i = 0; i < 3000; i++)
        filters = wrapped(3, filters);
    assert_asks(filters, "1 | .");
    decref(filters);
    for (int kind = 0; kind < 7; kind++) {
        Object *numbers = probe(2, NoError), *iterator = new_ref(numbers);
        for (int i = 0; i < 300000; i++)
            iterator = wrapped(kind, iterator);
        assert_asks(iterator, "RecursionError: maximum recursion depth exceeded");
        assert_int_equal(((Probe *)numbers)->asked, 0);
        decref(iterator);
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
    Object *list = INTS(1, 2, 3, 4);
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
    assert_int_equal(sum_until(NO_INTS, 0), 1000);
}

/* x is the loop's until the next step, whatever happens to where it came from. */
static void test_for_keeps_its_value(void **state) {
    (void)state;
    Object *list = INTS(1000), *x;
    FOR(x, list) {
        list_clear((List *)list);
        assert_int_equal(x->refcnt, 1);
        assert_repr(x, "1000");
        if (((List *)list)->allocated == 0) continue;
    }
    assert_int_equal(list->refcnt, 1);
    Object *numbers = range(1000, 1003, 1);
    long blocks = testing_blocks();
    FOR(x, numbers) {
        assert_int_equal(testing_blocks(), blocks + 2); // one iterator, one int
    }
}

/* Over None, what fails after three and what ends with StopIteration after two: how often the body
 * and the else part run, and what is pending then. */
static void test_for_errors(void **state) {
    (void)state;
    Object *failing = probe(3, ValueError), *stopping = probe(2, StopIteration), *x;
    const struct {
        Object *iterable;
        int bodies, elses;
        ErrorType error;
    } cases[] = {
        {None, 0, 0, TypeError},
        {failing, 3, 0, ValueError},
        {stopping, 2, 1, NoError},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int bodies = 0, elses = 0;
        FOR(x, cases[i].iterable) {
            bodies++;
        }
        FOR_ELSE {
            elses++;
        }
        assert_int_equal(bodies, cases[i].bodies);
        assert_int_equal(elses, cases[i].elses);
        assert_ptr_equal(error_occurred(), cases[i].error);
        error_clear();
    }
    assert_int_equal(((Probe *)failing)->asked, 4);
    assert_int_equal(((Probe *)stopping)->asked, 3); // not asked again after the else part
}

/* ---- Without memory --------------------------------------------------------------------------*/

static Object *a_list, *a_tuple, *a_str, *a_range, *a_function, *a_pair, *six[6];

static void make_fixtures(void) {
    a_list = INTS(1, 2, 3, 4);
    a_tuple = keep(tuple_pack(2, None, True));
    a_str = keep(str_from_string("\xc3\xa9\xe2\x82\xac"));
    a_range = range(1000, 1004, 1);
    a_function = function(pack);
    a_pair = keep(tuple_pack(2, a_list, a_tuple));
    for (int i = 0; i < 6; i++)
        six[i] = a_list;
}

/* What a failed allocation in the middle of a walk costs. */
typedef enum { NOTHING, ONE_VALUE, AT_MOST_ONE, THE_REST } Cost;

enum { MAKERS = 21, WALKED = 19, WALK = 6 };
static const Cost costs[WALKED] = {
    [6] = THE_REST,     // any error ends reversed; so in CPython
    [8] = ONE_VALUE,    // enumerate: the item has been taken
    [11] = ONE_VALUE,   // map
    [12] = AT_MOST_ONE, // of many
    [14] = THE_REST,    // islice
    [15] = THE_REST,    // chain
    [17] = AT_MOST_ONE, // takewhile
};

/* Number 9 makes its tuple before it takes anything; 18 calls a function that keeps nothing. */
static Object *make(int maker) {
    return maker == 0    ? object_get_iter(a_list)
           : maker == 1  ? object_get_iter(a_tuple)
           : maker == 2  ? object_get_iter(a_str)
           : maker == 3  ? object_get_iter(a_range)
           : maker == 4  ? sequence_iter_new(a_range)
           : maker == 5  ? reversed_new(a_list)
           : maker == 6  ? reversed_new(a_str)
           : maker == 7  ? reversed_new(a_range)
           : maker == 8  ? enumerate_new(a_list, 1000)
           : maker == 9  ? zip_new(six, 6, false)
           : maker == 10 ? zip_new(&a_range, 1, true)
           : maker == 11 ? map_new(a_function, six, 1)
           : maker == 12 ? map_new(a_function, six, 6)
           : maker == 13 ? filter_new(None, a_range)
           : maker == 14 ? islice_new(a_range, 0, 4, 2)
           : maker == 15 ? chain_from_iterable(a_pair)
           : maker == 16 ? count_new(1000, 1)
           : maker == 17 ? takewhile_new(a_function, a_range)
           : maker == 18 ? call_iter_new(a_function, None)
           : maker == 19 ? OBJECT(sequence_list(a_str))
                         : range_new(1, 2, 3);
}

static void test_making_without_memory(void **state) {
    (void)state;
    make_fixtures();
    for (int m = 0; m < MAKERS; m++) {
        long blocks = testing_blocks(), n = 0;
        Object *made = NULL;
        for (; !made; n++) {
            testing_fail_at(n);
            made = make(m);
            testing_fail_at(-1);
            if (made) break;
            assert_error(MemoryError, "");
            assert_int_equal(testing_blocks(), blocks);
        }
        assert_true(n > 0); // at least one allocation did fail
        decref(made);
        assert_int_equal(testing_blocks(), blocks);
    }
}

/* Walks, all values held, with allocation n failing. Returns how many values came; what they are is
 * in `values`. */
static int walk(int m, long n, bool *failed, Object **values) {
    Object *iterator = make(m);
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
    for (int m = 0; m < WALKED; m++) {
        Cost cost = costs[m];
        bool failed = true;
        Object *all[WALK], *some[WALK];
        int count = walk(m, -1, &failed, all), most_lost = 0;
        assert_true(count > 1);
        failed = true;
        for (long n = 0; failed || n == 0; n++) {
            long blocks = testing_blocks();
            int came = walk(m, n, &failed, some);
            if (!failed || cost == NOTHING) assert_int_equal(came, count);
            if (failed && cost == ONE_VALUE) assert_int_equal(came, count - 1);
            if (cost == AT_MOST_ONE) assert_in_range(came, count - 1, count);
            int at = 0; // what came is among what would have come, in that order
            for (int i = 0; i < came; i++, at++) {
                if (cost == ONE_VALUE || cost == AT_MOST_ONE) {
                    while (at < count && !same_item(some[i], all[at]))
                        at++;
                }
                assert_true(at < count && same_item(some[i], all[at]));
            }
            most_lost = count - came > most_lost ? count - came : most_lost;
            drop_values(some, came);
            assert_int_equal(testing_blocks(), blocks);
        }
        assert_int_equal(most_lost > 0, cost != NOTHING);
        drop_values(all, count);
    }
}

/* enumerate numbers the values that come, also after one was lost. */
static void test_enumerate_without_memory(void **state) {
    (void)state;
    Object *iterator = keep(enumerate_new(INTS(1, 2, 3), 1000));
    assert_asks(iterator, "(1000, 1)");
    testing_fail_at(0);
    assert_fails(iter_next(iterator), MemoryError, "");
    testing_fail_at(-1);
    assert_asks(iterator, "(1001, 3) | .");
}

static void test_dict_without_memory(void **state) {
    (void)state;
    static const char *const reprs[] = {"{}", "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4}"};
    for (int i = 0; i < 2; i++) { // the smallest table takes five keys
        Dict *dict = dict_of(5 * i);
        testing_fail_at(0);
        assert_int_equal(dict_set_item(dict, None, None), -1);
        assert_error(MemoryError, "");
        testing_fail_at(0);
        assert_fails(object_get_iter(OBJECT(dict)), MemoryError, "");
        testing_fail_at(0);
        assert_fails(dict_new(), MemoryError, "");
        testing_fail_at(-1);
        assert_repr(dict, reprs[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, before, after)

int main(void) {
    // clang-format off
    const struct CMUnitTest tests[] = {
        TEST(get_iter), TEST(stop_iteration_value), TEST(sequence_protocol),
        TEST(callable_iterator), TEST(list_changes), TEST(list_reversed), TEST(tuple_and_str),
        TEST(reversed_sequence), TEST(dict), TEST(dict_grows), TEST(dict_changes),
        TEST(dict_compares), TEST(dict_within_itself), TEST(range), TEST(range_equal),
        TEST(enumerate), TEST(tuple_reuse), TEST(zip), TEST(zip_strict), TEST(map), TEST(filter),
        TEST(takewhile), TEST(islice), TEST(islice_errors), TEST(chain), TEST(count),
        TEST(asked_asks_back), TEST(chain_opens_in_between), TEST(dict_changes_while_compared),
        TEST(long_chain_dies),
        TEST(asking_too_deep), TEST(for), TEST(for_keeps_its_value), TEST(for_errors),
        TEST(making_without_memory), TEST(walking_without_memory), TEST(enumerate_without_memory),
        TEST(dict_without_memory),
#ifdef __SIZEOF_INT128__
        TEST(range_against_model),
#endif
    };
    // clang-format on
    return cmocka_run_group_tests(tests, NULL, NULL);
}
