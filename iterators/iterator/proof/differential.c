/* differential.c: the same random ranges and the same random iterators over iterators, on ours and,
 * in this process, on CPython's own.
 *
 * A composition is made once here, call by call, and is written down meanwhile as Python would
 * write it; CPython makes it from that text. Both stand over lists that the test keeps. Then both
 * are asked for values, in random turns with changes to those lists. Each answer must be the same:
 * the value's repr, the end, or the error in the same words. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../dict.h"

enum { STEPS = 100000, DEPTH = 4, LISTS = 3, LIST_MAX = 12, WALK = 60 };

static uint64_t state_of_random;

static int64_t draw(int64_t low, int64_t high) {
    return low + (int64_t)testing_random(&state_of_random, (uint64_t)(high - low + 1));
}

/* ---- One answer from each side ---------------------------------------------------------------*/

static char story[2048]; // what is compared now, as Python writes it
static PyObject *names;  // what stands in it: list0, ..., and the functions

static size_t tell(const char *format, ...) {
    size_t length = strlen(story);
    va_list args;
    va_start(args, format);
    vsnprintf(story + length, sizeof story - length, format, args);
    va_end(args);
    return length;
}

/* The value of a Python expression; NULL with its exception. */
static PyObject *python(const char *format, ...) {
    char text[sizeof story + 100];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return PyRun_String(text, Py_eval_input, names, names);
}

static Outcome our_outcome(Object *result) {
    if (!result) return error_occurred() ? outcome_of_error() : (Outcome){"end"};
    Writer text = {0};
    assert_int_equal(object_write_repr(result, &text), 0);
    Outcome outcome = outcome_of_text(text.bytes, text.length);
    writer_free(&text);
    decref(result);
    return outcome;
}

/* Both are given up; both NULL without an error: the end. */
static void compare(const char *what, Object *ours, PyObject *theirs) {
    Outcome our = our_outcome(ours);
    bool end = !theirs && !PyErr_Occurred();
    Outcome their = end ? (Outcome){"end"} : outcome_of_python(theirs);
    if (outcomes_equal(&our, &their)) return;
    fail_msg("%s of %s\nours   %s\ntheirs %s", what, story, our.text, their.text);
}

/* ---- Functions for map, filter, takewhile ----------------------------------------------------*/

/* The functions see ints only; what is no int is an error on both sides, in the same words. */
static Object *not_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = int_as_long(args[0]);
    if (n == 7) error_set(ValueError, "seven");
    return error_occurred() ? NULL : new_ref(n % 3 ? True : False);
}

static Object *pack(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Tuple *result = tuple_new(nargs);
    for (ssize_t i = 0; i < nargs; i++)
        result->items[i] = new_ref(args[i]);
    return OBJECT(result);
}

static const char program[] =
    "from itertools import *\n"
    "from operator import index\n"
    "def not_three(n):\n"
    "    if index(n) == 7: raise ValueError('seven')\n"
    "    return n % 3 != 0\n"
    "def pack(*args): return args\n"
    "def in_64_bits(n):\n"
    "    if n < 2**63: return n\n"
    "    raise OverflowError('Python int too large to convert to C ssize_t')\n";

static Object *test_function, *pack_function, *lists[LISTS];
static PyObject *their_lists[LISTS];

/* ---- Ranges ----------------------------------------------------------------------------------*/

static long long draw_edge(void) {
    static const int64_t edges[] = {INT64_MIN,        INT64_MIN + 1, -(INT64_C(1) << 62),
                                    INT64_C(1) << 62, INT64_MAX - 1, INT64_MAX};
    return draw(0, 2) ? draw(-20, 20) : edges[draw(0, 5)];
}

static Object *int_unless_error(int64_t value) {
    return error_occurred() ? NULL : int_from_long(value);
}

static Object *boolean(int value) {
    return new_ref(value ? True : False);
}

static void walk_five(const char *what, Object *ours, PyObject *theirs) {
    for (int i = 0; i < 5; i++)
        compare(what, iter_next(ours), PyIter_Next(theirs));
    decref(ours);
    Py_DECREF(theirs);
}

static void one_range(void) {
    long long start = draw_edge(), stop = draw_edge(), step = draw_edge();
    story[0] = '\0';
    tell("range(%lld, %lld, %lld)", start, stop, step);
    Range *ours = (Range *)range_new(start, stop, step);
    if (!ours) {
        compare("making", NULL, python("%s", story));
        return;
    }
    Object *op = OBJECT(ours);
    compare("repr", new_ref(op), python("%s", story));
    compare("len", int_unless_error(object_length(op)), python("len(%s)", story));
    compare("truth", boolean(object_is_true(op)), python("bool(%s)", story));
    for (int i = 0; i < 4; i++) {
        long long n = draw_edge();
        compare("item", range_subscript(ours, n), python("%s[%lld]", story, n));
        compare("in", boolean(range_contains(ours, n)), python("%lld in %s", n, story));
        compare("index", int_unless_error(range_index(ours, n)),
                python("in_64_bits(%s.index(%lld))", story, n));
    }
    long long other_stop = draw(0, 1) ? stop : draw_edge(), other_step = draw(0, 1) ? step : 1;
    Object *other = range_new(start, other_stop, other_step);
    compare("equality", boolean(object_rich_equal(op, other)),
            python("%s == range(%lld, %lld, %lld)", story, start, other_stop, other_step));
    walk_five("next", object_get_iter(op), python("iter(%s)", story));
    walk_five("next of reversed", reversed_new(op), python("reversed(%s)", story));
    decref(other);
    decref(op);
}

static void test_ranges(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++)
        one_range();
}

/* ---- Compositions ----------------------------------------------------------------------------*/

static Object *draw_leaf(void) {
    static const char *const texts[] = {"", "a", "abc", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d"};
    int64_t a = draw(-3, 6), b = draw(-3, 12), list = draw(0, LISTS - 1);
    switch (draw(0, 5)) {
    case 0:
        tell("range(%d, %d)", (int)a, (int)b);
        return range_new(a, b, 1);
    case 1:
        tell("'%s'", texts[b & 3]);
        return str_from_string(texts[b & 3]);
    case 2:
        tell("reversed(list%d)", (int)list);
        return reversed_new(lists[list]);
    case 3: {
        // Cut off, or a filter that refuses all of it would ask for ever.
        tell("islice(count(%d, %d), 20)", (int)a, (int)b);
        Object *count = count_new(a, b), *ours = islice_new(count, 0, 20, 1);
        decref(count);
        return ours;
    }
    default:
        tell("list%d", (int)list);
        return new_ref(lists[list]);
    }
}

static Object *draw_iterable(int depth);

static const struct {
    const char *before, *after;
    bool two;
} calls[] = {
    {"zip(", ")", true},
    {"zip(", ", strict=True)", true},
    {"map(pack, ", ")", true},
    {"chain(", ")", true},
    {"enumerate(", ", 5)", false},
    {"map(not_three, ", ")", false},
    {"filter(not_three, ", ")", false},
    {"filter(None, ", ")", false},
    {"takewhile(not_three, ", ")", false},
    {"islice(", "", false},
    {"islice(", "", false},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* A call of the kind, of what is drawn for it. */
static Object *draw_call(int kind, int depth) {
    int64_t start = draw(-1, 4), stop = draw(-1, 9), step = draw(0, 3);
    tell("%s", calls[kind].before);
    Object *both[2] = {draw_iterable(depth - 1), NULL}, *sources;
    if (calls[kind].two) {
        tell(", ");
        both[1] = draw_iterable(depth - 1);
    }
    tell("%s", calls[kind].after);
    Object *result;
    switch (kind) {
    case 0:
    case 1:
        result = zip_new(both, 2, kind == 1);
        break;
    case 2:
        result = map_new(pack_function, both, 2);
        break;
    case 3:
        sources = tuple_pack(2, both[0], both[1]);
        result = chain_from_iterable(sources);
        decref(sources);
        break;
    case 4:
        result = enumerate_new(both[0], 5);
        break;
    case 5:
        result = map_new(test_function, both, 1);
        break;
    case 6:
        result = filter_new(test_function, both[0]);
        break;
    case 7:
        result = filter_new(None, both[0]);
        break;
    case 8:
        result = takewhile_new(test_function, both[0]);
        break;
    default:
        tell(stop == -1 ? ", %d, None, %d)" : ", %d, %d, %d)", (int)start,
             stop == -1 ? (int)step : (int)stop, (int)step);
        result = islice_new(both[0], start, stop, step);
        break;
    }
    decref(both[0]);
    xdecref(both[1]);
    return result;
}

/* Something to iterate over; where making it failed, on both sides alike, an empty tuple. */
static Object *draw_iterable(int depth) {
    size_t at = strlen(story);
    int kind = depth > 0 ? (int)draw(0, CALLS + 1) : CALLS;
    Object *made = kind < CALLS ? draw_call(kind, depth) : draw_leaf();
    if (made) return made;
    compare("making", made, python("%s", story + at));
    story[at] = '\0';
    tell("()");
    return OBJECT(tuple_new(0));
}

/* One random change to one of the lists, on both sides. */
static void change_a_list(void) {
    int64_t which = draw(0, LISTS - 1), value = draw(0, 9), at = draw(-LIST_MAX, LIST_MAX);
    List *ours = (List *)lists[which];
    PyObject *theirs = their_lists[which];
    Object *item = value == 9 ? new_ref(None) : int_from_long(value);
    PyObject *their_item = value == 9 ? Py_NewRef(Py_None) : PyLong_FromLongLong(value);
    switch (ours->size >= LIST_MAX ? 2 : draw(0, 4)) {
    case 0:
        assert_int_equal(list_append(ours, item), PyList_Append(theirs, their_item));
        break;
    case 1:
        compare("pop", list_pop(ours, at), PyObject_CallMethod(theirs, "pop", "L", (long long)at));
        break;
    case 2:
        list_clear(ours);
        PyList_SetSlice(theirs, 0, PY_SSIZE_T_MAX, NULL);
        break;
    default:
        list_insert(ours, at, item);
        PyList_Insert(theirs, (Py_ssize_t)at, their_item);
        break;
    }
    decref(item);
    Py_DECREF(their_item);
}

static void test_compositions(void **state) {
    (void)state;
    int steps = 0;
    while (steps < STEPS) {
        story[0] = '\0';
        Object *iterable = draw_iterable(DEPTH), *ours = object_get_iter(iterable);
        PyObject *theirs = python("iter(%s)", story);
        decref(iterable);
        int ends = 0;
        for (int i = 0; i < WALK && ends < 3; i++, steps++) { // also beyond the end
            if (draw(0, 2) == 0) change_a_list();
            Object *item = iter_next(ours);
            ends += !item;
            compare("next", item, PyIter_Next(theirs));
        }
        decref(ours);
        Py_DECREF(theirs);
    }
}

/* ---- A dict that changes while it is walked --------------------------------------------------*/

static void one_dict(void) {
    Dict *ours = dict_new();
    PyObject *theirs = PyDict_New(), *their_walk = NULL;
    Object *our_walk = NULL;
    for (int i = 0; i < 40; i++) {
        int64_t n = draw(0, 9);
        Object *key = int_from_long(n);
        PyObject *their_key = PyLong_FromLongLong(n);
        switch (draw(0, our_walk ? 4 : 1)) {
        case 0:
            assert_int_equal(dict_set_item(ours, key, key),
                             PyDict_SetItem(theirs, their_key, their_key));
            break;
        case 1:
            compare("del", dict_del_item(ours, key) < 0 ? NULL : new_ref(None),
                    status_of_python(PyDict_DelItem(theirs, their_key)));
            break;
        default:
            compare("next", iter_next(our_walk), PyIter_Next(their_walk));
            break;
        }
        if (draw(0, 9) == 0) {
            xdecref(our_walk);
            Py_XDECREF(their_walk);
            our_walk = object_get_iter(OBJECT(ours));
            their_walk = PyObject_GetIter(theirs);
        }
        compare("repr", new_ref(ours), Py_NewRef(theirs));
        decref(key);
        Py_DECREF(their_key);
    }
    xdecref(our_walk);
    Py_XDECREF(their_walk);
    decref(ours);
    Py_DECREF(theirs);
}

static void test_dict(void **state) {
    (void)state;
    strcpy(story, "a dict");
    for (int round = 0; round < 2000; round++)
        one_dict();
}

int main(void) {
    Py_InitializeEx(0);
    names = Py_BuildValue("{s:N}", "__builtins__", PyImport_ImportModule("builtins"));
    Py_XDECREF(PyRun_String(program, Py_file_input, names, names));
    test_function = function_new("not_three", not_three, NULL);
    pack_function = function_new("pack", pack, NULL);
    for (int i = 0; i < LISTS; i++) {
        char name[] = {'l', 'i', 's', 't', (char)('0' + i), '\0'};
        lists[i] = OBJECT(list_new());
        their_lists[i] = PyList_New(0);
        PyDict_SetItemString(names, name, their_lists[i]);
    }
    state_of_random = testing_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_compositions),
        cmocka_unit_test(test_dict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
