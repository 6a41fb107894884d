/* differential.c: the same random ranges and the same random iterators over iterators, on ours and,
 * in this process, on CPython's own.
 *
 * A composition is made twice, side by side, over lists that the test keeps; then both are asked
 * for values, in random turns with changes to those lists. Each answer must be the same: the
 * value's repr, the end, or the error in the same words. SEED=n replays a run.
 */
#include <Python.h>

#include "../dict.h"

#include "../../../common/proof/testing.h"

enum { STEPS = 100000, DEPTH = 4, LISTS = 3, LIST_MAX = 12, WALK = 60 };

static uint64_t state_of_random;

static int64_t draw(int64_t low, int64_t high) {
    return low + (int64_t)testing_random(&state_of_random, (uint64_t)(high - low + 1));
}

/* The same thing on both sides; both NULL where an error is set on both. */
typedef struct {
    Object *ours;
    PyObject *theirs;
} Pair;

static void drop(Pair pair) {
    xdecref(pair.ours);
    Py_XDECREF(pair.theirs);
}

/* ---- One answer from each side ---------------------------------------------------------------*/

/* "= repr", "end", or "Type: message". */
typedef struct {
    char text[512];
} Outcome;

static Outcome our_outcome(Object *result) {
    Outcome outcome = {"end"};
    if (result) {
        Writer text = {0};
        object_write_repr(result, &text);
        snprintf(outcome.text, sizeof outcome.text, "= %.*s", (int)text.length, text.bytes);
        writer_free(&text);
        decref(result);
    } else if (error_occurred()) {
        snprintf(outcome.text, sizeof outcome.text, "%s: %s", error_name(error_occurred()),
                 error_message());
        error_clear();
    }
    return outcome;
}

static Outcome their_outcome(PyObject *result) {
    Outcome outcome = {"end"};
    if (result) {
        PyObject *text = PyObject_Repr(result);
        snprintf(outcome.text, sizeof outcome.text, "= %s", PyUnicode_AsUTF8(text));
        Py_DECREF(text);
        Py_DECREF(result);
    } else if (PyErr_Occurred()) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        PyObject *text = PyObject_Str(value);
        snprintf(outcome.text, sizeof outcome.text, "%s: %s", ((PyTypeObject *)type)->tp_name,
                 PyUnicode_AsUTF8(text));
        Py_XDECREF(text);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    return outcome;
}

static char story[2048]; // what the pair now walked was made of

static void compare(const char *what, Object *ours, PyObject *theirs) {
    Outcome our = our_outcome(ours), their = their_outcome(theirs);
    if (strcmp(our.text, their.text) == 0) return;
    fail_msg("%s of %s\nours   %s\ntheirs %s", what, story, our.text, their.text);
}

static void tell(const char *format, ...) {
    size_t length = strlen(story);
    va_list args;
    va_start(args, format);
    vsnprintf(story + length, sizeof story - length, format, args);
    va_end(args);
}

/* ---- Functions for map, filter, takewhile ----------------------------------------------------*/

/* The functions see ints only; what is no int is an error on both sides, in the same words. */
static Object *not_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = int_as_long(args[0]);
    if (error_occurred()) return NULL;
    if (n == 7) {
        error_set(ValueError, "seven");
        return NULL;
    }
    return new_ref(n % 3 ? True : False);
}

static PyObject *python_not_three(PyObject *module, PyObject *argument) {
    (void)module;
    Py_ssize_t n = PyNumber_AsSsize_t(argument, NULL);
    if (n == -1 && PyErr_Occurred()) return NULL;
    if (n == 7) {
        PyErr_SetString(PyExc_ValueError, "seven");
        return NULL;
    }
    return Py_NewRef(n % 3 ? Py_True : Py_False);
}

static Object *pack(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Tuple *result = tuple_new(nargs);
    for (ssize_t i = 0; i < nargs; i++)
        result->items[i] = new_ref(args[i]);
    return OBJECT(result);
}

static PyObject *python_pack(PyObject *module, PyObject *arguments) {
    (void)module;
    return Py_NewRef(arguments);
}

static Pair not_three_pair, pack_pair, lists[LISTS];
static PyObject *builtins, *itertools;

/* module.name(*arguments); steals the arguments, which NULL ends. */
static PyObject *call(PyObject *module, const char *name, PyObject *a, PyObject *b, PyObject *c,
                      PyObject *d) {
    PyObject *function = PyObject_GetAttrString(module, name);
    PyObject *result = PyObject_CallFunctionObjArgs(function, a, b, c, d, NULL);
    Py_DECREF(function);
    Py_XDECREF(a);
    Py_XDECREF(b);
    Py_XDECREF(c);
    Py_XDECREF(d);
    return result;
}

static PyObject *integer(int64_t value) {
    return PyLong_FromLongLong(value);
}

/* ---- Ranges ----------------------------------------------------------------------------------*/

static int64_t draw_edge(void) {
    static const int64_t edges[] = {INT64_MIN,        INT64_MIN + 1, -(INT64_C(1) << 62),
                                    INT64_C(1) << 62, INT64_MAX - 1, INT64_MAX};
    return draw(0, 2) ? draw(-20, 20) : edges[draw(0, 5)];
}

/* A length or index as CPython has it, or the OverflowError that both have. */
static PyObject *in_64_bits(PyObject *value) {
    if (!value) return NULL;
    int overflow;
    PyLong_AsLongLongAndOverflow(value, &overflow);
    if (!overflow) return value;
    Py_DECREF(value);
    PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C ssize_t");
    return NULL;
}

static Object *int_unless_error(int64_t value) {
    return error_occurred() ? NULL : int_from_long(value);
}

static void one_range(void) {
    int64_t start = draw_edge(), stop = draw_edge(), step = draw_edge();
    story[0] = '\0';
    tell("range(%lld, %lld, %lld)", (long long)start, (long long)stop, (long long)step);
    Pair r = {range_new(start, stop, step),
              call(builtins, "range", integer(start), integer(stop), integer(step), NULL)};
    if (!r.ours) {
        compare("making", r.ours, r.theirs);
        return;
    }
    Range *ours = (Range *)r.ours;
    compare("repr", new_ref(r.ours), Py_NewRef(r.theirs));
    ssize_t length = object_length(r.ours);
    compare("len", int_unless_error(length),
            call(builtins, "len", Py_NewRef(r.theirs), NULL, NULL, NULL));
    assert_int_equal(object_is_true(r.ours), PyObject_IsTrue(r.theirs));
    for (int i = 0; i < 4; i++) {
        int64_t n = draw_edge();
        PyObject *number = integer(n);
        compare("item", range_subscript(ours, n), PyObject_GetItem(r.theirs, number));
        assert_int_equal(range_contains(ours, n), PySequence_Contains(r.theirs, number));
        int64_t index = range_index(ours, n);
        compare("index", int_unless_error(index),
                in_64_bits(PyObject_CallMethod(r.theirs, "index", "O", number)));
        Py_DECREF(number);
    }
    int64_t other_stop = draw(0, 1) ? stop : draw_edge(), other_step = draw(0, 1) ? step : 1;
    Pair other = {
        range_new(start, other_stop, other_step),
        call(builtins, "range", integer(start), integer(other_stop), integer(other_step), NULL)};
    assert_int_equal(object_rich_equal(r.ours, other.ours),
                     PyObject_RichCompareBool(r.theirs, other.theirs, Py_EQ));
    drop(other);
    Pair walks[] = {
        {object_get_iter(r.ours), PyObject_GetIter(r.theirs)},
        {reversed_new(r.ours), call(builtins, "reversed", Py_NewRef(r.theirs), NULL, NULL, NULL)}};
    for (int w = 0; w < 2; w++) {
        for (int i = 0; i < 5; i++)
            compare("next", iter_next(walks[w].ours), PyIter_Next(walks[w].theirs));
        drop(walks[w]);
    }
    drop(r);
}

static void test_ranges(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++)
        one_range();
}

/* ---- Compositions ----------------------------------------------------------------------------*/

static Pair draw_iterable(int depth);

static Pair draw_leaf(void) {
    static const char *const texts[] = {"", "a", "abc", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8d"};
    int64_t a = draw(-3, 6), b = draw(-3, 12), list = draw(0, LISTS - 1);
    switch (draw(0, 5)) {
    case 0:
        tell("range(%d, %d)", (int)a, (int)b);
        return (Pair){range_new(a, b, 1),
                      call(builtins, "range", integer(a), integer(b), NULL, NULL)};
    case 1:
        tell("text%d", (int)(b & 3));
        return (Pair){str_from_string(texts[b & 3]), PyUnicode_FromString(texts[b & 3])};
    case 2:
        tell("reversed(list%d)", (int)list);
        return (Pair){reversed_new(lists[list].ours),
                      call(builtins, "reversed", Py_NewRef(lists[list].theirs), NULL, NULL, NULL)};
    case 3: {
        // Cut off, or a filter that refuses all of it would ask for ever.
        tell("islice(count(%d, %d), 20)", (int)a, (int)b);
        Object *count = count_new(a, b), *ours = islice_new(count, 0, 20, 1);
        decref(count);
        PyObject *theirs = call(itertools, "count", integer(a), integer(b), NULL, NULL);
        return (Pair){ours, call(itertools, "islice", theirs, integer(20), NULL, NULL)};
    }
    default:
        tell("list%d", (int)list);
        return (Pair){new_ref(lists[list].ours), Py_NewRef(lists[list].theirs)};
    }
}

static Pair draw_slice(int depth) {
    int64_t start = draw(-1, 4), stop = draw(-1, 9), step = draw(0, 3);
    tell("islice(");
    Pair in = draw_iterable(depth - 1);
    tell(", %d, %d, %d)", (int)start, (int)stop, (int)step);
    PyObject *end = stop == -1 ? Py_NewRef(Py_None) : integer(stop);
    Object *ours = in.ours ? islice_new(in.ours, start, stop, step) : NULL;
    PyObject *theirs =
        call(itertools, "islice", Py_NewRef(in.theirs), integer(start), end, integer(step));
    drop(in);
    return (Pair){ours, theirs};
}

static PyObject *their_zip(PyObject *a, PyObject *b, bool strict) {
    PyObject *zip = PyObject_GetAttrString(builtins, "zip");
    PyObject *args = PyTuple_Pack(2, a, b), *names = PyDict_New();
    PyDict_SetItemString(names, "strict", strict ? Py_True : Py_False);
    PyObject *result = PyObject_Call(zip, args, names);
    Py_DECREF(zip);
    Py_DECREF(args);
    Py_DECREF(names);
    return result;
}

/* What takes two iterables. */
static Pair draw_two(int depth, int kind) {
    static const char *const names[] = {"zip", "zip strict", "map", "chain"};
    tell("%s(", names[kind]);
    Pair a = draw_iterable(depth - 1);
    tell(", ");
    Pair b = draw_iterable(depth - 1);
    tell(")");
    Object *both[] = {a.ours, b.ours};
    Pair result;
    if (kind < 2) {
        result = (Pair){zip_new(both, 2, kind == 1), their_zip(a.theirs, b.theirs, kind == 1)};
    } else if (kind == 2) {
        result = (Pair){map_new(pack_pair.ours, both, 2),
                        call(builtins, "map", Py_NewRef(pack_pair.theirs), Py_NewRef(a.theirs),
                             Py_NewRef(b.theirs), NULL)};
    } else {
        Object *sources = tuple_pack(2, a.ours, b.ours);
        result = (Pair){chain_from_iterable(sources), call(itertools, "chain", Py_NewRef(a.theirs),
                                                           Py_NewRef(b.theirs), NULL, NULL)};
        decref(sources);
    }
    drop(a);
    drop(b);
    return result;
}

/* What takes one iterable. */
static Pair draw_one(int depth, int kind) {
    static const char *const names[] = {"enumerate", "map", "filter", "filter None", "takewhile"};
    tell("%s(", names[kind]);
    Pair in = draw_iterable(depth - 1);
    tell(")");
    Object *test = not_three_pair.ours;
    PyObject *source = Py_NewRef(in.theirs), *function = Py_NewRef(not_three_pair.theirs);
    Pair result;
    switch (kind) {
    case 0:
        Py_DECREF(function);
        result = (Pair){enumerate_new(in.ours, 5),
                        call(builtins, "enumerate", source, integer(5), NULL, NULL)};
        break;
    case 1:
        result =
            (Pair){map_new(test, &in.ours, 1), call(builtins, "map", function, source, NULL, NULL)};
        break;
    case 2:
        result = (Pair){filter_new(test, in.ours),
                        call(builtins, "filter", function, source, NULL, NULL)};
        break;
    case 3:
        Py_DECREF(function);
        result = (Pair){filter_new(None, in.ours),
                        call(builtins, "filter", Py_NewRef(Py_None), source, NULL, NULL)};
        break;
    default:
        result = (Pair){takewhile_new(test, in.ours),
                        call(itertools, "takewhile", function, source, NULL, NULL)};
        break;
    }
    drop(in);
    return result;
}

/* Something to iterate over; where making it failed, on both sides alike, an empty tuple. */
static Pair draw_iterable(int depth) {
    int kind = depth > 0 ? (int)draw(0, 12) : 12;
    Pair made = kind < 4    ? draw_two(depth, kind)
                : kind < 9  ? draw_one(depth, kind - 4)
                : kind < 11 ? draw_slice(depth)
                            : draw_leaf();
    if (made.ours && made.theirs) return made;
    compare("making", made.ours, made.theirs);
    return (Pair){OBJECT(tuple_new(0)), PyTuple_New(0)};
}

/* One random change to one of the lists, on both sides. */
static void change_a_list(void) {
    Pair list = lists[draw(0, LISTS - 1)];
    List *ours = (List *)list.ours;
    int64_t value = draw(0, 9), at = draw(-LIST_MAX, LIST_MAX);
    Object *item = value == 9 ? new_ref(None) : int_from_long(value);
    PyObject *their_item = value == 9 ? Py_NewRef(Py_None) : integer(value);
    switch (ours->size >= LIST_MAX ? 2 : draw(0, 4)) {
    case 0:
        assert_int_equal(list_append(ours, item), PyList_Append(list.theirs, their_item));
        break;
    case 1:
        compare("pop", list_pop(ours, at),
                PyObject_CallMethod(list.theirs, "pop", "L", (long long)at));
        break;
    case 2:
        list_clear(ours);
        PyList_SetSlice(list.theirs, 0, PY_SSIZE_T_MAX, NULL);
        break;
    default:
        list_insert(ours, at, item);
        Py_DECREF(PyObject_CallMethod(list.theirs, "insert", "LO", (long long)at, their_item));
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
        Pair iterable = draw_iterable(DEPTH);
        Pair walk = {object_get_iter(iterable.ours), PyObject_GetIter(iterable.theirs)};
        drop(iterable);
        int ends = 0;
        for (int i = 0; i < WALK && ends < 3; i++, steps++) { // also beyond the end
            if (draw(0, 2) == 0) change_a_list();
            Object *ours = iter_next(walk.ours);
            ends += !ours;
            compare("next", ours, PyIter_Next(walk.theirs));
        }
        drop(walk);
    }
}

/* ---- A dict that changes while it is walked --------------------------------------------------*/

static void test_dict(void **state) {
    (void)state;
    strcpy(story, "a dict");
    for (int round = 0; round < 2000; round++) {
        Dict *ours = dict_new();
        PyObject *theirs = PyDict_New();
        Pair walk = {NULL, NULL};
        for (int i = 0; i < 40; i++) {
            int64_t n = draw(0, 9);
            Object *key = int_from_long(n);
            PyObject *their_key = integer(n);
            switch (draw(0, walk.ours ? 4 : 1)) {
            case 0:
                assert_int_equal(dict_set_item(ours, key, key),
                                 PyDict_SetItem(theirs, their_key, their_key));
                break;
            case 1:
                compare("del", dict_del_item(ours, key) < 0 ? NULL : new_ref(None),
                        PyDict_DelItem(theirs, their_key) < 0 ? NULL : Py_NewRef(Py_None));
                break;
            default:
                compare("next", iter_next(walk.ours), PyIter_Next(walk.theirs));
                break;
            }
            if (draw(0, 9) == 0) {
                drop(walk);
                walk = (Pair){object_get_iter(OBJECT(ours)), PyObject_GetIter(theirs)};
            }
            compare("repr", new_ref(ours), Py_NewRef(theirs));
            decref(key);
            Py_DECREF(their_key);
        }
        drop(walk);
        decref(ours);
        Py_DECREF(theirs);
    }
}

int main(void) {
    static PyMethodDef definitions[] = {{"not_three", python_not_three, METH_O, NULL},
                                        {"pack", python_pack, METH_VARARGS, NULL}};
    Py_InitializeEx(0);
    builtins = PyImport_ImportModule("builtins");
    itertools = PyImport_ImportModule("itertools");
    not_three_pair =
        (Pair){function_new("not_three", not_three, NULL), PyCFunction_New(&definitions[0], NULL)};
    pack_pair = (Pair){function_new("pack", pack, NULL), PyCFunction_New(&definitions[1], NULL)};
    for (int i = 0; i < LISTS; i++)
        lists[i] = (Pair){OBJECT(list_new()), PyList_New(0)};
    state_of_random = testing_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_compositions),
        cmocka_unit_test(test_dict),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    drop(not_three_pair);
    drop(pack_pair);
    for (int i = 0; i < LISTS; i++)
        drop(lists[i]);
    return failed;
}
