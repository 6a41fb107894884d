/* differential.c: the same random operations on our dict and on CPython's, in one process.
 *
 * After each operation its result, or its error, is compared by repr; after every hundredth the
 * whole dict, and the size of the table. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../dict.h"

enum { OPERATIONS = 100000 };

typedef struct { // one value, on both sides
    Object *ours;
    PyObject *theirs;
} Pair;

static Pair pair_of_int(int64_t n) {
    return (Pair){int_from_long(n), PyLong_FromLongLong(n)};
}

static Pair pair_of_str(const char *format, int64_t n) {
    char text[64];
    snprintf(text, sizeof text, format, (long long)n);
    return (Pair){str_from_string(text), PyUnicode_FromString(text)};
}

static void release(Pair pair) {
    decref(pair.ours);
    Py_DECREF(pair.theirs);
}

/* Keys of all sorts, some equal to each other, one in fifty unhashable. */
static Pair random_key(uint64_t *random, bool strs) {
    int64_t n = (int64_t)testing_random(random, 250);
    switch (strs ? 0 : testing_random(random, 10)) {
    case 0:
    case 1:
        return pair_of_str(n % 3 ? "k%lld" : "schl\u00fcssel %lld", n);
    case 2:
        return pair_of_int(n);
    case 3:
        return pair_of_int(-n);
    case 4:
        return pair_of_int(n << 40);
    case 5:
        return (Pair){float_from_double((double)n / 2), PyFloat_FromDouble((double)n / 2)};
    case 6:
        return n % 2 ? (Pair){new_ref(True), Py_NewRef(Py_True)}
                     : (Pair){new_ref(None), Py_NewRef(Py_None)};
    case 7:
        if (n % 5 == 0) return (Pair){OBJECT(list_new(0)), PyList_New(0)};
        return pair_of_int(n);
    default: {
        Pair first = pair_of_int(n), second = pair_of_str("t%lld", n % 7);
        Pair both = {tuple_pack(2, first.ours, second.ours),
                     PyTuple_Pack(2, first.theirs, second.theirs)};
        release(first);
        release(second);
        return both;
    }
    }
}

/* Two results by their reprs, in full, or two errors; consumes both. */
static void compare(Object *ours, PyObject *theirs) {
    if (!ours || !theirs) {
        Outcome mine = ours ? outcome_of_text("no error", 8) : outcome_of_error();
        Outcome its = outcome_of_python(theirs);
        assert_string_equal(mine.text, its.text);
        return;
    }
    Writer repr = {0};
    assert_int_equal(object_write_repr(ours, &repr), 0);
    writer_write(&repr, "", 1);
    PyObject *their_repr = PyObject_Repr(theirs);
    assert_string_equal(repr.bytes, PyUnicode_AsUTF8(their_repr));
    writer_free(&repr);
    Py_DECREF(their_repr);
    decref(ours);
    Py_DECREF(theirs);
}

/* The same of functions that answer with a number, -1 for an error. */
static void compare_answers(int ours, int theirs) {
    compare(ours < 0 ? NULL : int_from_long(ours), theirs < 0 ? NULL : PyLong_FromLong(theirs));
}

/* CPython's header is 16 bytes for ob_base, 32 for the fields; its table's is 32; ours counts its
 * own. What is left are indices and entries. */
static void compare_tables(Dict *ours, PyObject *theirs) {
    enum { DICT_FIELDS = 48, KEYS_FIELDS = 32 };
    PyObject *size = PyObject_CallMethod(theirs, "__sizeof__", NULL);
    long bytes = PyLong_AsLong(size);
    Py_DECREF(size);
    long table = (long)dict_keys_sizeof(ours->keys);
    assert_int_equal(table ? table - (long)sizeof(DictKeys) : 0,
                     bytes > DICT_FIELDS ? bytes - DICT_FIELDS - KEYS_FIELDS : 0);
    compare(new_ref(ours), Py_NewRef(theirs));
}

static PyObject *their_get(PyObject *d, PyObject *key) {
    PyObject *value = PyDict_GetItemWithError(d, key);
    if (value || PyErr_Occurred()) return Py_XNewRef(value);
    return Py_NewRef(Py_None);
}

static void update(Dict *d, PyObject *e, uint64_t *random, bool strs, int64_t step) {
    Dict *ours = dict_new();
    PyObject *theirs = PyDict_New();
    for (uint64_t n = testing_random(random, 30); n > 0; n--) {
        Pair key = random_key(random, strs), value = pair_of_int(step);
        compare_answers(dict_set_item(ours, key.ours, value.ours),
                        PyDict_SetItem(theirs, key.theirs, value.theirs));
        release(key);
        release(value);
    }
    bool override = step % 2;
    compare_answers(dict_merge(d, ours, override), PyDict_Merge(e, theirs, override));
    compare_answers(dict_equal(d, ours), PyObject_RichCompareBool(e, theirs, Py_EQ));
    decref(ours);
    Py_DECREF(theirs);
}

static void one_key(Dict *d, PyObject *e, Pair key, Pair value, uint64_t operation) {
    if (operation < 70) {
        compare_answers(dict_del_item(d, key.ours), PyDict_DelItem(e, key.theirs));
    } else if (operation < 75) {
        compare(dict_pop(d, key.ours, NULL), PyObject_CallMethod(e, "pop", "(O)", key.theirs));
    } else if (operation < 80) {
        compare(dict_pop(d, key.ours, value.ours),
                PyObject_CallMethod(e, "pop", "(OO)", key.theirs, value.theirs));
    } else if (operation < 84) {
        compare(dict_get(d, key.ours, None), their_get(e, key.theirs));
    } else if (operation < 87) {
        compare_answers(dict_contains(d, key.ours), PyDict_Contains(e, key.theirs));
    } else {
        Object *ours = dict_set_default(d, key.ours, value.ours);
        compare(ours ? new_ref(ours) : NULL,
                Py_XNewRef(PyDict_SetDefault(e, key.theirs, value.theirs)));
    }
}

static void step(Dict **d, PyObject **e, uint64_t *random, bool strs, int64_t i) {
    uint64_t operation = testing_random(random, 100), growing = i / 10000 % 2 ? 50 : 30;
    Pair key = random_key(random, strs), value = pair_of_int(i);
    if (operation < growing) {
        compare_answers(dict_set_item(*d, key.ours, value.ours),
                        PyDict_SetItem(*e, key.theirs, value.theirs));
    } else if (operation < 93) {
        one_key(*d, *e, key, value, operation);
    } else if (operation < 96) {
        compare(dict_popitem(*d), PyObject_CallMethod(*e, "popitem", NULL));
    } else if (operation < 97) {
        Dict *copy = dict_copy(*d);
        PyObject *their_copy = PyDict_Copy(*e);
        decref(*d);
        Py_DECREF(*e);
        *d = copy;
        *e = their_copy;
    } else if (operation < 98) {
        update(*d, *e, random, strs, i);
    } else if (operation < 99) {
        compare(OBJECT(dict_keys(*d)), PyDict_Keys(*e));
        compare(OBJECT(dict_values(*d)), PyDict_Values(*e));
        compare(OBJECT(dict_items(*d)), PyDict_Items(*e));
    } else if (testing_random(random, 100) == 0) {
        dict_clear(*d);
        PyDict_Clear(*e);
    }
    release(key);
    release(value);
}

static void run(uint64_t seed, bool strs) {
    uint64_t random = seed;
    Dict *d = dict_new();
    PyObject *e = PyDict_New();
    for (int64_t i = 0; i < OPERATIONS; i++) {
        step(&d, &e, &random, strs, i);
        if (i % 100 == 99) compare_tables(d, e);
    }
    decref(d);
    Py_DECREF(e);
}

static void test_keys_of_all_sorts(void **state) {
    (void)state;
    run(testing_seed(), false);
}

static void test_str_keys(void **state) {
    (void)state;
    run(testing_seed(), true);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_all_sorts),
        cmocka_unit_test(test_str_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
