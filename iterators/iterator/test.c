/* Tests of the iterators: edges, exhaustion, who keeps what alive, and memory that ends anywhere.
 */
#include "../../common/testing.h"

#include "dict.h"
#include "for.h"

#include <inttypes.h>

/* ---- Helpers ---------------------------------------------------------------------------------*/

static Object *integer(int64_t value) {
    Object *op = int_from_long(value);
    assert_non_null(op);
    return op;
}

static List *ints(int count, ...) {
    List *list = list_new();
    va_list values;
    va_start(values, count);
    for (int i = 0; i < count; i++) {
        Object *item = integer(va_arg(values, int));
        assert_int_equal(list_append(list, item), 0);
        decref(item);
    }
    va_end(values);
    return list;
}

/* Asserts that what is left of an iterator, stolen, has this repr as a list; that it then ends, and
 * stays at its end. */
static void assert_rest(Object *iterator, const char *expected) {
    assert_non_null(iterator);
    List *list = sequence_list(iterator);
    assert_non_null(list);
    Writer out = {0};
    assert_int_equal(object_write_repr(OBJECT(list), &out), 0);
    assert_int_equal(writer_write(&out, "", 1), 0);
    assert_string_equal(out.bytes, expected);
    writer_free(&out);
    decref(list);
    for (int i = 0; i < 2; i++) {
        assert_null(iterator->type->iternext(iterator));
        assert_false(error_occurred());
    }
    Object *same = object_get_iter(iterator);
    assert_ptr_equal(same, iterator);
    decref(same);
    decref(iterator);
}

static void assert_next(Object *iterator, int64_t expected) {
    Object *item = iter_next(iterator);
    assert_non_null(item);
    assert_int_equal(int_as_long(item), expected);
    decref(item);
}

static void assert_end(Object *iterator) {
    assert_null(iter_next(iterator));
    assert_false(error_occurred());
}

/* Each test ends with this: nothing was leaked, no None and no bool was lost. */
static void assert_clean(void) {
    assert_false(error_occurred());
    assert_int_equal(testing_blocks(), 0);
    assert_int_equal(None->refcnt, 1);
    assert_int_equal(True->refcnt, 1);
    assert_int_equal(False->refcnt, 1);
}

/* Fails `count` times with an error before it gives 0, 1, 2, ... up to size. */
typedef struct {
    Object ob;
    int64_t at, size;
    ErrorType error; // raised at the end; NoError: NULL alone
} Source;

static void plain_dealloc(Object *op) {
    testing_free(op);
}

static Object *source_next(Object *op) {
    Source *self = (Source *)op;
    if (self->at < self->size) return int_from_long(self->at++);
    if (self->error) error_set(self->error, "the end of the source");
    return NULL;
}

static const Type Source_Type = {
    .name = "Source", .dealloc = plain_dealloc, .iter = object_self_iter, .iternext = source_next};

static Object *source_new(int64_t size, ErrorType error) {
    Source *self = object_new(&Source_Type, sizeof *self);
    assert_non_null(self);
    self->at = 0;
    self->size = size;
    self->error = error;
    return OBJECT(self);
}

static Object *even(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    assert_int_equal(nargs, 1);
    if (args[0]->type != &Int_Type) {
        error_set(TypeError, "no int");
        return NULL;
    }
    return new_ref(int_as_long(args[0]) % 2 ? False : True);
}

static Object *add(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    int64_t sum = 0;
    for (ssize_t i = 0; i < nargs; i++)
        sum += int_as_long(args[i]);
    return int_from_long(sum);
}

/* ---- The protocol ----------------------------------------------------------------------------*/

static void test_protocol(void **state) {
    (void)state;
    Object *seven = integer(7);
    assert_null(object_get_iter(seven));
    assert_error(TypeError, "'int' object is not iterable");
    assert_null(builtin_next(seven));
    assert_error(TypeError, "'int' object is not an iterator");
    assert_null(sequence_list(seven));
    assert_error(TypeError, "'int' object is not iterable");
    assert_null(reversed_new(seven));
    assert_error(TypeError, "'int' object is not reversible");

    Object *source = source_new(1, NoError);
    assert_next(source, 0);
    assert_null(builtin_next(source));
    assert_error(StopIteration, "");
    decref(source);
    source = source_new(0, StopIteration); // iter_next() makes one form of the two
    assert_end(source);
    assert_null(builtin_next(source));
    assert_error(StopIteration, "the end of the source");
    decref(source);
    source = source_new(0, ValueError);
    assert_null(iter_next(source));
    assert_error(ValueError, "the end of the source");
    assert_null(sequence_list(source));
    assert_error(ValueError, "the end of the source");
    decref(source);
    decref(seven);
    assert_clean();
}

static void test_sequences(void **state) {
    (void)state;
    Object *one = integer(1), *tuple = tuple_pack(2, one, None), *text = str_from_string("hé");
    Object *ascii = str_from_string("ab"), *empty = str_from_string("");
    List *list = ints(3, 1, 2, 3);
    assert_rest(object_get_iter(tuple), "[1, None]");
    assert_rest(object_get_iter(text), "['h', 'é']");
    assert_rest(object_get_iter(empty), "[]");
    assert_rest(object_get_iter(OBJECT(list)), "[1, 2, 3]");
    assert_rest(reversed_new(OBJECT(list)), "[3, 2, 1]");
    assert_rest(reversed_new(tuple), "[None, 1]");
    assert_rest(reversed_new(text), "['é', 'h']");
    Object *iterator = object_get_iter(ascii);
    assert_string_equal(iterator->type->name, "str_ascii_iterator");
    decref(iterator);
    iterator = object_get_iter(text);
    assert_string_equal(iterator->type->name, "str_iterator");
    decref(iterator);
    decref(one);
    decref(tuple);
    decref(text);
    decref(ascii);
    decref(empty);
    decref(list);
    assert_clean();
}

/* An iterator keeps what it walks over alive to the end, and no longer. */
static void test_let_go(void **state) {
    (void)state;
    List *list = ints(2, 1, 2);
    Object *all[] = {
        object_get_iter(OBJECT(list)),
        reversed_new(OBJECT(list)),
        sequence_iter_new(OBJECT(list)),
        islice_new(OBJECT(list), 0, -1, 1),
    };
    assert_int_equal(list->ob.refcnt, 5);
    for (int i = 0; i < 4; i++) {
        decref(iter_next(all[i]));
        decref(iter_next(all[i]));
        assert_int_equal(list->ob.refcnt, 5 - i);
        assert_end(all[i]);
        assert_int_equal(list->ob.refcnt, 4 - i);
        assert_int_equal(list_append(list, None), 0); // longer again, but that is over
        assert_end(all[i]);
        decref(list_pop(list, -1));
        decref(all[i]);
    }
    decref(list);
    assert_clean();
}

static void test_changed_list(void **state) {
    (void)state;
    List *list = ints(4, 0, 1, 2, 3);
    Object *walk = object_get_iter(OBJECT(list)), *back = reversed_new(OBJECT(list));
    Object *generic = sequence_iter_new(OBJECT(list)), *nine = integer(9);
    assert_next(walk, 0);
    assert_next(back, 3);
    assert_next(generic, 0);
    decref(list_pop(list, 0)); // [1, 2, 3]: the next one has moved into the place of the first
    assert_next(walk, 2);
    assert_next(generic, 2);
    assert_next(back, 3); // index 2 again
    list_append(list, nine);
    assert_rest(new_ref(back), "[2, 1]");
    assert_next(walk, 3);
    assert_next(walk, 9);
    assert_end(walk);
    list_clear(list);
    assert_end(generic);
    decref(back);
    back = reversed_new(OBJECT(list));
    list_append(list, nine);
    assert_end(back);
    decref(back);
    List *five = ints(5, 0, 1, 2, 3, 4);
    back = reversed_new(OBJECT(five)); // too short for where the iterator stands: the end
    while (five->size > 2)
        decref(list_pop(five, -1));
    assert_end(back);
    decref(five);
    decref(nine);
    decref(walk);
    decref(back);
    decref(generic);
    decref(list);
    assert_clean();
}

typedef struct {
    Object ob;
    ssize_t size;
    ErrorType error;
} Squares;

static Object *squares_item(Object *op, ssize_t index) {
    Squares *self = (Squares *)op;
    if (index < self->size) return int_from_long(index * index);
    error_set(self->error, "past the end");
    return NULL;
}

static ssize_t squares_length(Object *op) {
    return ((Squares *)op)->size;
}

static const Type Squares_Type = {
    .name = "Squares", .dealloc = plain_dealloc, .item = squares_item, .length = squares_length};

static void test_sequence_protocol(void **state) {
    (void)state;
    Squares *squares = object_new(&Squares_Type, sizeof *squares);
    squares->size = 3;
    squares->error = IndexError;
    assert_rest(object_get_iter(OBJECT(squares)), "[0, 1, 4]");
    assert_rest(reversed_new(OBJECT(squares)), "[4, 1, 0]");
    squares->error = StopIteration;
    assert_rest(object_get_iter(OBJECT(squares)), "[0, 1, 4]");
    squares->error = KeyError; // an error, and asked again the same error: it has not ended
    Object *walk = object_get_iter(OBJECT(squares));
    for (int64_t i = 0; i < 3; i++)
        assert_next(walk, i * i);
    assert_null(iter_next(walk));
    assert_error(KeyError, "past the end");
    squares->size = 4;
    assert_next(walk, 9);
    decref(walk);
    squares->size = 3;
    walk = reversed_new(OBJECT(squares));
    squares->size = 1;
    assert_null(iter_next(walk)); // for reversed that was the end
    assert_error(KeyError, "past the end");
    assert_end(walk);
    decref(walk);
    decref(squares);
    assert_clean();
}

/* ---- iter(callable, sentinel) ----------------------------------------------------------------*/

static Object *recursive; // the iterator that calls the function that calls it

static Object *call_again(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    Int *depth = (Int *)closure;
    if (depth->value-- > 0) xdecref(iter_next(recursive));
    return int_from_long(depth->value < 0 ? 1 : 2);
}

static Object *next_of(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args;
    assert_int_equal(nargs, 0);
    return builtin_next(closure);
}

static void test_call_iter(void **state) {
    (void)state;
    Object *three = integer(3), *nine = integer(9);
    assert_null(call_iter_new(three, nine));
    assert_error(TypeError, "iter(v, w): v must be callable");
    const struct {
        ErrorType error;
        Object *sentinel;
        const char *expected;
    } cases[] = {
        {StopIteration, three, "[0, 1, 2]"},
        {StopIteration, nine, "[0, 1, 2, 3, 4]"},
        {NoError, nine, "[0, 1, 2, 3, 4]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *source = source_new(5, cases[i].error);
        Object *function = function_new("next", next_of, source);
        assert_rest(call_iter_new(function, cases[i].sentinel), cases[i].expected);
        decref(function);
        decref(source);
    }
    Object *source = source_new(1, ValueError), *function = function_new("next", next_of, source);
    Object *walk = call_iter_new(function, nine);
    assert_next(walk, 0);
    assert_null(iter_next(walk));
    assert_error(ValueError, "the end of the source");
    ((Source *)source)->size = 2; // an error is not the end
    assert_next(walk, 1);
    decref(walk);
    decref(function);
    decref(source);

    Int *depth = object_new(&Int_Type, sizeof *depth); // the inner call ends the outer one too
    depth->value = 1;
    Object *one = integer(1);
    function = function_new("again", call_again, OBJECT(depth));
    recursive = call_iter_new(function, one);
    assert_end(recursive);
    decref(recursive);
    decref(function);
    decref(depth);
    decref(one);
    decref(three);
    decref(nine);
    assert_clean();
}

/* ---- range -----------------------------------------------------------------------------------*/

__extension__ typedef __int128 wide; // arithmetic that cannot overflow here

static wide wide_length(wide start, wide stop, wide step) {
    if (step > 0) return start < stop ? (stop - start - 1) / step + 1 : 0;
    return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

static void check_range(int64_t start, int64_t stop, int64_t step) {
    Range *r = (Range *)range_new(start, stop, step);
    wide length = wide_length(start, stop, step);
    assert_true((wide)r->length == length);
    assert_int_equal(object_is_true(OBJECT(r)), length > 0);
    ssize_t size = object_length(OBJECT(r));
    if (length <= PTRDIFF_MAX) {
        assert_int_equal(size, (ssize_t)length);
    } else {
        assert_int_equal(size, -1);
        assert_error(OverflowError, "Python int too large to convert to C ssize_t");
    }
    const int64_t probes[] = {0,    1,   2,    -1,        -2,        start,     stop,
                              step, 100, -100, INT64_MAX, INT64_MIN, start / 2, stop / 3};
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        int64_t n = probes[i];
        wide at = n < 0 ? n + length : n;
        Object *item = range_subscript(r, n);
        if (0 <= at && at < length) {
            assert_true((wide)int_as_long(item) == start + at * step);
            decref(item);
        } else {
            assert_null(item);
            assert_error(IndexError, "range object index out of range");
        }
        wide offset = (wide)n - start, index = offset / step;
        bool inside = offset % step == 0 && 0 <= index && index < length;
        assert_int_equal(range_contains(r, n), inside);
        int64_t found = range_index(r, n);
        if (inside && index <= INT64_MAX) {
            assert_true(found == (int64_t)index);
        } else if (inside) {
            assert_error(OverflowError, "Python int too large to convert to C ssize_t");
        } else {
            char message[64];
            snprintf(message, sizeof message, "%" PRId64 " is not in range", n);
            assert_error(ValueError, message);
        }
    }
    Object *walks[] = {object_get_iter(OBJECT(r)), reversed_new(OBJECT(r))};
    for (int w = 0; w < 2; w++) {
        for (wide i = 0; i < 4 && i < length; i++) {
            wide at = w ? length - 1 - i : i;
            assert_next(walks[w], (int64_t)(start + at * step));
        }
        if (length < 4) assert_end(walks[w]);
        decref(walks[w]);
    }
    decref(r);
}

static void test_range(void **state) {
    (void)state;
    assert_null(range_new(0, 1, 0));
    assert_error(ValueError, "range() arg 3 must not be zero");
    const int64_t edges[] = {
        INT64_MIN, INT64_MIN + 1,    -(INT64_C(1) << 62), -3,       -2, -1, 0, 1, 2,
        3,         INT64_C(1) << 62, INT64_MAX - 1,       INT64_MAX};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    for (int i = 0; i < EDGES; i++) {
        for (int j = 0; j < EDGES; j++) {
            for (int k = 0; k < EDGES; k++) {
                if (edges[k]) check_range(edges[i], edges[j], edges[k]);
            }
        }
    }
    uint64_t seed = testing_seed();
    for (int i = 0; i < 3000; i++) {
        int64_t start = (int64_t)testing_random(&seed, 60) - 30;
        int64_t stop = (int64_t)testing_random(&seed, 60) - 30;
        int64_t step = (int64_t)testing_random(&seed, 20) - 10;
        if (step) check_range(start, stop, step);
    }
    Object *a = range_new(0, 3, 2), *b = range_new(0, 4, 2), *c = range_new(0, 5, 2);
    Object *d = range_new(1, 1, 1), *e = range_new(7, 0, 3), *f = range_new(0, 2, 5);
    Object *g = range_new(0, 1, 9), *h = range_new(1, 4, 2);
    assert_int_equal(object_rich_equal(a, b), 1);
    assert_int_equal(object_rich_equal(b, c), 0);
    assert_int_equal(object_rich_equal(d, e), 1); // both empty
    assert_int_equal(object_rich_equal(f, g), 1); // both of one item: the step says nothing
    assert_int_equal(object_rich_equal(a, h), 0);
    assert_int_equal(object_rich_equal(a, None), 0);
    Object *all[] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++)
        decref(all[i]);
    assert_clean();
}

/* ---- Iterators over iterators ----------------------------------------------------------------*/

/* A pair that somebody keeps is not written over; one that nobody keeps is used again. */
static void test_reused_tuple(void **state) {
    (void)state;
    List *list = ints(4, 5, 6, 7, 8);
    Object *all[] = {enumerate_new(OBJECT(list), 0),
                     zip_new((Object *[]){OBJECT(list), OBJECT(list)}, 2, false)};
    for (int i = 0; i < 2; i++) {
        Object *first = iter_next(all[i]);
        decref(first);
        Object *second = iter_next(all[i]);
        assert_ptr_equal(first, second);
        Object *third = iter_next(all[i]); // while the second is kept
        assert_ptr_not_equal(second, third);
        assert_int_equal(int_as_long(((Tuple *)second)->items[1]), 6);
        assert_int_equal(int_as_long(((Tuple *)third)->items[1]), 7);
        decref(second);
        decref(third);
        decref(all[i]);
    }
    decref(list);
    assert_clean();
}

static void test_enumerate(void **state) {
    (void)state;
    List *list = ints(2, 8, 9);
    assert_rest(enumerate_new(OBJECT(list), 0), "[(0, 8), (1, 9)]");
    assert_rest(enumerate_new(OBJECT(list), -1), "[(-1, 8), (0, 9)]");
    assert_null(enumerate_new(None, 0));
    assert_error(TypeError, "'NoneType' object is not iterable");
    Object *high = enumerate_new(OBJECT(list), INT64_MAX - 1);
    decref(iter_next(high));
    assert_null(iter_next(high));
    assert_error(OverflowError, "Python int too large to convert to C ssize_t");
    decref(high);
    Object *source = source_new(1, ValueError), *failing = enumerate_new(source, 0);
    decref(iter_next(failing));
    assert_null(iter_next(failing));
    assert_error(ValueError, "the end of the source");
    decref(failing);
    decref(source);
    decref(list);
    assert_clean();
}

static void test_zip(void **state) {
    (void)state;
    assert_rest(zip_new(NULL, 0, false), "[]");
    assert_rest(zip_new(NULL, 0, true), "[]");
    Object *short_one = range_new(0, 1, 1), *long_one = range_new(0, 3, 1);
    assert_rest(zip_new((Object *[]){long_one}, 1, true), "[(0,), (1,), (2,)]");
    assert_rest(zip_new((Object *[]){short_one, long_one}, 2, false), "[(0, 0)]");
    // Which of three is the odd one, in what words, for each of them.
    const struct {
        int odd;
        bool is_longer;
        const char *message;
    } cases[] = {
        {0, true, "zip() argument 2 is shorter than argument 1"},
        {1, false, "zip() argument 2 is shorter than argument 1"},
        {2, false, "zip() argument 3 is shorter than arguments 1-2"},
        {0, false, "zip() argument 2 is longer than argument 1"},
        {1, true, "zip() argument 2 is longer than argument 1"},
        {2, true, "zip() argument 3 is longer than arguments 1-2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *usual = cases[i].is_longer ? short_one : long_one;
        Object *three[] = {usual, usual, usual};
        three[cases[i].odd] = cases[i].is_longer ? long_one : short_one;
        Object *zip = zip_new(three, 3, true);
        decref(iter_next(zip));
        assert_null(iter_next(zip));
        assert_error(ValueError, cases[i].message);
        decref(zip);
    }
    Object *failing = source_new(1, KeyError);
    Object *orders[][2] = {{failing, long_one}, {long_one, failing}, {short_one, failing}};
    for (int i = 0; i < 3; i++) {
        ((Source *)failing)->at = 0;
        Object *zip = zip_new(orders[i], 2, true);
        decref(iter_next(zip));
        assert_null(iter_next(zip)); // the error itself, not one about lengths
        assert_error(KeyError, "the end of the source");
        decref(zip);
    }
    assert_null(zip_new((Object *[]){long_one, None}, 2, false));
    assert_error(TypeError, "'NoneType' object is not iterable");
    decref(failing);
    decref(short_one);
    decref(long_one);
    assert_clean();
}

static void test_map_filter(void **state) {
    (void)state;
    Object *sum = function_new("add", add, NULL), *test = function_new("even", even, NULL);
    List *list = ints(4, 0, 1, 2, 3);
    Object *many[7];
    for (int i = 0; i < 7; i++)
        many[i] = OBJECT(list);
    assert_rest(map_new(sum, many, 1), "[0, 1, 2, 3]");
    assert_rest(map_new(sum, many, 5), "[0, 5, 10, 15]");
    assert_rest(map_new(sum, many, 6), "[0, 6, 12, 18]"); // more than fit without malloc
    assert_null(map_new(sum, many, 0));
    assert_error(TypeError, "map() must have at least two arguments.");
    many[3] = None;
    assert_null(map_new(sum, many, 4));
    assert_error(TypeError, "'NoneType' object is not iterable");
    assert_rest(filter_new(test, OBJECT(list)), "[0, 2]");
    assert_rest(filter_new(None, OBJECT(list)), "[1, 2, 3]");
    assert_null(filter_new(test, None));
    assert_error(TypeError, "'NoneType' object is not iterable");
    list_append(list, None);
    Object *walk = filter_new(test, OBJECT(list));
    assert_next(walk, 0);
    assert_next(walk, 2);
    assert_null(iter_next(walk));
    assert_error(TypeError, "no int");
    assert_end(walk);
    decref(walk);
    walk = map_new(None, many, 1);
    assert_null(iter_next(walk));
    assert_error(TypeError, "'NoneType' object is not callable");
    decref(walk);
    decref(sum);
    decref(test);
    decref(list);
    assert_clean();
}

/* What islice has taken from its source when it ends, against a plain count. */
static void test_islice(void **state) {
    (void)state;
    for (int64_t size = 0; size < 8; size++) {
        for (int64_t start = 0; start < 8; start++) {
            for (int64_t stop = -1; stop < 9; stop++) {
                for (int64_t step = 1; step < 5; step++) {
                    Object *source = source_new(size, NoError);
                    Object *walk = islice_new(source, start, stop, step);
                    int64_t end = stop == -1 || stop > size ? size : stop;
                    for (int64_t i = start; i < end; i += step)
                        assert_next(walk, i);
                    assert_end(walk);
                    int64_t taken = stop == -1 ? size : start > stop ? start : stop;
                    assert_int_equal(((Source *)source)->at, taken < size ? taken : size);
                    assert_int_equal(source->refcnt, 1);
                    decref(walk);
                    decref(source);
                }
            }
        }
    }
    const char *const indices =
        "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    Object *source = source_new(3, NoError);
    assert_null(islice_new(source, -1, 3, 1));
    assert_error(ValueError, indices);
    assert_null(islice_new(source, 0, -2, 1));
    assert_error(ValueError, indices);
    assert_null(islice_new(source, 0, 3, 0));
    assert_error(ValueError, "Step for islice() must be a positive integer or None.");
    assert_null(islice_new(None, 0, 3, 1));
    assert_error(TypeError, "'NoneType' object is not iterable");
    Object *walk = islice_new(source, 1, -1, INT64_MAX); // 1 + the step is more than 64 bits
    assert_next(walk, 1);
    assert_end(walk);
    decref(walk);
    decref(source);
    source = source_new(1, KeyError);
    walk = islice_new(source, 5, -1, 1);
    assert_null(iter_next(walk));
    assert_error(KeyError, "the end of the source");
    assert_end(walk);
    decref(walk);
    decref(source);
    assert_clean();
}

static void test_chain_count_takewhile(void **state) {
    (void)state;
    List *list = ints(2, 1, 2), *empty = list_new();
    Object *sources = tuple_pack(4, OBJECT(empty), OBJECT(list), OBJECT(empty), OBJECT(list));
    assert_rest(chain_from_iterable(sources), "[1, 2, 1, 2]");
    assert_rest(chain_from_iterable(OBJECT(empty)), "[]");
    assert_null(chain_from_iterable(None));
    assert_error(TypeError, "'NoneType' object is not iterable");
    decref(sources);
    Object *failing = source_new(1, KeyError);
    sources = tuple_pack(3, failing, None, OBJECT(list));
    Object *walk = chain_from_iterable(sources);
    assert_next(walk, 0);
    assert_null(iter_next(walk));
    assert_error(KeyError, "the end of the source");
    ((Source *)failing)->error = NoError; // the error was no end: it goes on from there
    assert_null(iter_next(walk));
    assert_error(TypeError, "'NoneType' object is not iterable");
    assert_end(walk); // that one was
    decref(walk);
    decref(sources);
    decref(failing);

    walk = count_new(INT64_MAX - 1, 1);
    assert_next(walk, INT64_MAX - 1);
    assert_next(walk, INT64_MAX);
    for (int i = 0; i < 2; i++) {
        assert_null(iter_next(walk));
        assert_error(OverflowError, "Python int too large to convert to C long");
    }
    decref(walk);
    walk = count_new(INT64_MIN + 3, -2);
    assert_next(walk, INT64_MIN + 3);
    assert_next(walk, INT64_MIN + 1);
    assert_null(iter_next(walk));
    assert_error(OverflowError, "Python int too large to convert to C long");
    decref(walk);
    walk = count_new(5, 0);
    assert_next(walk, 5);
    assert_next(walk, 5);
    decref(walk);

    Object *test = function_new("even", even, NULL);
    List *mixed = ints(4, 2, 4, 5, 6);
    assert_rest(takewhile_new(test, OBJECT(mixed)), "[2, 4]");
    assert_null(takewhile_new(test, None));
    assert_error(TypeError, "'NoneType' object is not iterable");
    List *bad = ints(1, 2);
    list_append(bad, None);
    walk = takewhile_new(test, OBJECT(bad));
    assert_next(walk, 2);
    assert_null(iter_next(walk));
    assert_error(TypeError, "no int");
    assert_end(walk);
    decref(walk);
    decref(bad);
    decref(mixed);
    decref(test);
    decref(list);
    decref(empty);
    assert_clean();
}

/* ---- dict ------------------------------------------------------------------------------------*/

static void test_dict(void **state) {
    (void)state;
    Dict *d = dict_new();
    Object *keys[40];
    for (int i = 0; i < 40; i++) {
        keys[i] = integer(1000 + i);
        assert_int_equal(dict_set_item(d, keys[i], None), 0);
    }
    assert_int_equal(object_length(OBJECT(d)), 40);
    for (int i = 0; i < 40; i += 2)
        assert_int_equal(dict_del_item(d, keys[i]), 0);
    assert_int_equal(dict_del_item(d, keys[0]), -1);
    assert_error(KeyError, "1000");
    assert_null(dict_get_item(d, keys[0]));
    assert_ptr_equal(dict_get_item(d, keys[1]), None);
    assert_int_equal(dict_set_item(d, keys[1], True), 0);
    assert_ptr_equal(dict_get_item(d, keys[1]), True);
    Object *walk = object_get_iter(OBJECT(d));
    for (int i = 1; i < 40; i += 2)
        assert_next(walk, 1000 + i);
    assert_end(walk);
    decref(walk);

    walk = object_get_iter(OBJECT(d));
    assert_next(walk, 1001);
    assert_int_equal(dict_set_item(d, keys[0], None), 0);
    for (int i = 0; i < 2; i++) {
        assert_null(iter_next(walk));
        assert_error(RuntimeError, "dictionary changed size during iteration");
        if (i == 0) assert_int_equal(dict_del_item(d, keys[0]), 0); // too late
    }
    decref(walk);
    for (int i = 0; i < 40; i++)
        decref(keys[i]);
    decref(d);
    assert_clean();
}

/* ---- for -------------------------------------------------------------------------------------*/

/* Walks over an iterable: each item is a digit of the result; 8 for else, 9 for break. */
static int64_t digits(void *iterable, int64_t stop, int64_t skip) {
    int64_t result = 0;
    Object *x;
    FOR(x, iterable) {
        int64_t n = int_as_long(x);
        if (n == stop) {
            result = result * 10 + 9;
            break;
        }
        if (n == skip) continue;
        result = result * 10 + n;
    }
    FOR_ELSE {
        result = result * 10 + 8;
    }
    return result;
}

static int64_t first_of(Object *iterable) {
    Object *x;
    FOR(x, iterable) {
        return int_as_long(x); // gives the iterator up on the way out
    }
    return -1;
}

static void test_for(void **state) {
    (void)state;
    List *list = ints(4, 1, 2, 3, 4), *empty = list_new();
    assert_int_equal(digits(list, 0, 0), 12348);
    assert_int_equal(digits(list, 3, 0), 129);
    assert_int_equal(digits(list, 1, 0), 9);
    assert_int_equal(digits(list, 4, 2), 139);
    assert_int_equal(digits(empty, 0, 0), 8);
    assert_int_equal(first_of(OBJECT(list)), 1);
    assert_int_equal(first_of(OBJECT(empty)), -1);
    assert_int_equal(digits(None, 0, 0), 0);
    assert_error(TypeError, "'NoneType' object is not iterable");
    Object *failing = source_new(3, ValueError);
    assert_int_equal(digits(failing, 9, 0), 12); // no else
    assert_error(ValueError, "the end of the source");
    assert_int_equal(failing->refcnt, 1);
    decref(failing);
    int64_t pairs = 0;
    Object *a, *b;
    FOR(a, list) {
        FOR(b, list) {
            if (int_as_long(b) == int_as_long(a)) break;
            pairs++;
        }
    }
    assert_int_equal(pairs, 0 + 1 + 2 + 3);
    assert_int_equal(list->ob.refcnt, 1);
    decref(list);
    decref(empty);
    assert_clean();
}

/* ---- Memory that ends ------------------------------------------------------------------------*/

/* map(add, zip-like sources) of numbers beyond the small ints, so that every step allocates; each
 * maker is tried with every allocation failing in turn. */
static Object *make_enumerate(Object *list) {
    return enumerate_new(list, 1000);
}
static Object *make_zip(Object *list) {
    return zip_new((Object *[]){list, list}, 2, true);
}
static Object *make_map(Object *list) {
    Object *f = function_new("add", add, NULL);
    Object *six[] = {list, list, list, list, list, list};
    Object *result = f ? map_new(f, six, 6) : NULL;
    xdecref(f);
    return result;
}
static Object *make_filter(Object *list) {
    Object *f = function_new("even", even, NULL), *result = f ? filter_new(f, list) : NULL;
    xdecref(f);
    return result;
}
static Object *make_takewhile(Object *list) {
    Object *f = function_new("even", even, NULL), *result = f ? takewhile_new(f, list) : NULL;
    xdecref(f);
    return result;
}
static Object *make_islice(Object *list) {
    return islice_new(list, 1, 3, 1);
}
static Object *make_chain(Object *list) {
    Object *two = tuple_pack(2, list, list), *result = two ? chain_from_iterable(two) : NULL;
    xdecref(two);
    return result;
}
static Object *make_count(Object *list) {
    (void)list;
    Object *count = count_new(5000, 1), *result = count ? islice_new(count, 0, 3, 1) : NULL;
    xdecref(count);
    return result;
}
static Object *make_range(Object *list) {
    (void)list;
    Object *range = range_new(5000, 5003, 1), *result = range ? object_get_iter(range) : NULL;
    xdecref(range);
    return result;
}
static Object *make_reversed_range(Object *list) {
    (void)list;
    Object *range = range_new(5000, 5003, 1), *result = range ? reversed_new(range) : NULL;
    xdecref(range);
    return result;
}
static Object *make_str(Object *list) {
    (void)list;
    Object *str = str_from_string("añ"), *result = str ? object_get_iter(str) : NULL;
    xdecref(str);
    return result;
}
static Object *make_call_iter(Object *list) {
    Object *walk = object_get_iter(list);
    Object *f = walk ? function_new("next", next_of, walk) : NULL;
    Object *result = f ? call_iter_new(f, None) : NULL;
    xdecref(walk);
    xdecref(f);
    return result;
}
static Object *make_sequence(Object *list) {
    return sequence_iter_new(list);
}

/* A walk to the end that tries again after each MemoryError; *items is how many values came.
 * Returns whether an allocation was refused. */
static bool walk_refused_once(Object *(*make)(Object *list), Object *list, long n, int *items) {
    testing_fail_at(n);
    Object *iterator = make(list);
    *items = 0;
    if (!iterator) {
        assert_error(MemoryError, "");
    } else {
        Object *item;
        while ((item = iter_next(iterator)) || error_occurred()) {
            *items += item != NULL;
            if (!item) assert_error(MemoryError, "");
            xdecref(item);
        }
        decref(iterator);
    }
    bool refused = testing_has_failed();
    testing_fail_at(-1);
    return refused;
}

static void test_memory(void **state) {
    (void)state;
    static const struct {
        Object *(*make)(Object *list);
        int items;        // of a walk that is refused nothing
        bool keeps_items; // a refused step is made up for: no item is lost
    } cases[] = {
        {make_enumerate, 3, false},     {make_zip, 3, false},      {make_map, 3, false},
        {make_filter, 3, true},         {make_takewhile, 3, true}, {make_islice, 2, true},
        {make_chain, 6, false},         {make_count, 3, false},    {make_range, 3, true},
        {make_reversed_range, 3, true}, {make_str, 2, true},       {make_call_iter, 3, true},
        {make_sequence, 3, true},
    };
    List *list = ints(3, 2000, 2002, 2004);
    long blocks = testing_blocks();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int items;
        long n = 0;
        for (; walk_refused_once(cases[i].make, OBJECT(list), n, &items); n++) {
            assert_int_equal(testing_blocks(), blocks);
            assert_int_equal(list->ob.refcnt, 1);
            assert_true(items <= cases[i].items);
            if (cases[i].keeps_items && items > 0) assert_int_equal(items, cases[i].items);
        }
        assert_int_equal(items, cases[i].items);
        assert_true(n > 0);
    }
    for (long n = 0;; n++) {
        testing_fail_at(n);
        List *copy = sequence_list(OBJECT(list));
        testing_fail_at(-1);
        if (copy) {
            decref(copy);
            break;
        }
        assert_error(MemoryError, "");
        assert_int_equal(testing_blocks(), blocks);
    }
    decref(list);
    assert_clean();
}

static void test_dict_memory(void **state) {
    (void)state;
    Object *keys[12];
    for (int i = 0; i < 12; i++)
        keys[i] = integer(3000 + i);
    for (long n = 0; n < 4; n++) { // an empty dict, the first entries, two growths
        testing_fail_at(n);
        Dict *d = dict_new();
        if (!d) {
            assert_error(MemoryError, "");
            continue;
        }
        for (int i = 0; i < 12; i++) {
            if (dict_set_item(d, keys[i], None) == 0) continue;
            assert_error(MemoryError, "");
            assert_int_equal(d->used, i);
            assert_null(dict_get_item(d, keys[i]));
            i--; // now it succeeds
        }
        testing_fail_at(-1);
        assert_int_equal(d->used, 12);
        for (int i = 0; i < 12; i++)
            assert_ptr_equal(dict_get_item(d, keys[i]), None);
        decref(d);
    }
    testing_fail_at(-1);
    for (int i = 0; i < 12; i++)
        decref(keys[i]);
    assert_clean();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocol),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_let_go),
        cmocka_unit_test(test_changed_list),
        cmocka_unit_test(test_sequence_protocol),
        cmocka_unit_test(test_call_iter),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_reused_tuple),
        cmocka_unit_test(test_enumerate),
        cmocka_unit_test(test_zip),
        cmocka_unit_test(test_map_filter),
        cmocka_unit_test(test_islice),
        cmocka_unit_test(test_chain_count_takewhile),
        cmocka_unit_test(test_dict),
        cmocka_unit_test(test_for),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_dict_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
