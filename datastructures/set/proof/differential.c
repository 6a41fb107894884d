/* differential.c: the same random operations on our set and, in this process, on CPython's.
 *
 * After every operation the two tables are compared slot by slot (empty, dummy, or which hash), and
 * the results and errors; from time to time also the reprs. SEED=n replays a run. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../set.h"

#include "../../../common/proof/testing.h"

enum { OPERATIONS = 100000 };

static uint64_t seed;

static uint64_t below(uint64_t limit) {
    return testing_random(&seed, limit);
}

/* ---- The same key twice ----------------------------------------------------------------------*/

typedef struct {
    Object *ours;
    PyObject *py;
} Pair;

static Pair pair_of_frozensets(int64_t a, int64_t b) {
    Pair pair = {OBJECT(frozenset_new(NULL)), PyFrozenSet_New(NULL)};
    const int64_t numbers[] = {a, b};
    for (int i = 0; i < 2; i++) {
        Object *number = int_from_long(numbers[i]);
        PyObject *py_number = PyLong_FromLongLong(numbers[i]);
        assert_int_equal(set_add((Set *)pair.ours, number), 0);
        assert_int_equal(PySet_Add(pair.py, py_number), 0);
        decref(number);
        Py_DECREF(py_number);
    }
    return pair;
}

static Pair random_key(void) {
    int64_t id = (int64_t)below(500);
    char text[32];
    switch (below(8)) {
    case 0:
    case 1:
        return (Pair){int_from_long(id), PyLong_FromLongLong(id)};
    case 2: // many that begin at the same slots
        return (Pair){int_from_long((id - 250) * (1 << 20)),
                      PyLong_FromLongLong((id - 250) * (1 << 20))};
    case 3:
    case 4:
        snprintf(text, sizeof text, id % 3 ? "k%d" : "ключ %d", (int)id);
        return (Pair){str_from_string(text), PyUnicode_FromString(text)};
    case 5:
        return (Pair){float_from_double((double)id / 2), PyFloat_FromDouble((double)id / 2)};
    case 6: {
        Object *part = int_from_long(id % 40);
        Pair pair = {tuple_pack(2, part, True), Py_BuildValue("(LO)", (long long)id % 40, Py_True)};
        decref(part);
        return pair;
    }
    default:
        return pair_of_frozensets(id % 13, id % 7);
    }
}

static void drop(Pair pair) {
    decref(pair.ours);
    Py_DECREF(pair.py);
}

/* ---- Comparing -------------------------------------------------------------------------------*/

static void assert_same_table(Pair pair) {
    const Set *ours = (Set *)pair.ours;
    const PySetObject *py = (PySetObject *)pair.py;
    assert_int_equal(ours->fill, py->fill);
    assert_int_equal(ours->used, py->used);
    assert_int_equal(ours->mask, py->mask);
    assert_int_equal(ours->finger, py->finger);
    for (ssize_t i = 0; i <= ours->mask; i++) {
        bool same =
            !ours->table[i].key == !py->table[i].key && ours->table[i].hash == py->table[i].hash;
        if (!same) fail_msg("slot %zd differs", i);
    }
}

static void assert_same_text(Object *ours, PyObject *py) {
    Writer out = {0};
    assert_int_equal(object_write_repr(ours, &out), 0);
    PyObject *text = PyObject_Repr(py);
    Py_ssize_t length;
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    assert_int_equal(out.length, length);
    assert_memory_equal(out.bytes, bytes, (size_t)length);
    writer_free(&out);
    Py_DECREF(text);
}

/* Both have failed, with the same error in the same words. */
static void assert_same_error(void) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    assert_non_null(type);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text = PyObject_Str(value);
    assert_string_equal(error_name(error_occurred()), ((PyTypeObject *)type)->tp_name);
    assert_string_equal(error_message(), PyUnicode_AsUTF8(text));
    error_clear();
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

static void assert_same_status(int ours, int py) {
    assert_int_equal(ours, py);
    if (ours < 0) assert_same_error();
}

/* A result that is only wanted for this. */
static void assert_same_result(Set *ours, PyObject *py) {
    Pair pair = {OBJECT(ours), py};
    assert_non_null(ours);
    assert_non_null(py);
    assert_same_table(pair);
    drop(pair);
}

/* ---- The operations --------------------------------------------------------------------------*/

static void on_one_key(Pair s, uint64_t kind) {
    Set *set = (Set *)s.ours;
    Pair key = random_key();
    if (kind < 50) {
        assert_same_status(set_add(set, key.ours), PySet_Add(s.py, key.py));
    } else if (kind < 70) {
        assert_same_status(set_discard(set, key.ours), PySet_Discard(s.py, key.py));
    } else if (kind < 85) {
        assert_same_status(set_contains(set, key.ours), PySet_Contains(s.py, key.py));
    } else {
        PyObject *none = PyObject_CallMethod(s.py, "remove", "(O)", key.py);
        assert_same_status(set_remove(set, key.ours), none ? 0 : -1);
        Py_XDECREF(none);
    }
    drop(key);
}

static void on_sets(Pair *a, Pair b, uint64_t kind) {
    Set *set = (Set *)a->ours;
    PyObject *py = NULL;
    switch (kind) {
    case 0:
        assert_same_result(set_union(set, b.ours), PyNumber_Or(a->py, b.py));
        break;
    case 1:
        assert_same_result(set_intersection(set, b.ours), PyNumber_And(a->py, b.py));
        break;
    case 2:
        assert_same_result(set_difference(set, b.ours), PyNumber_Subtract(a->py, b.py));
        break;
    case 3:
        assert_same_result(set_symmetric_difference(set, b.ours), PyNumber_Xor(a->py, b.py));
        break;
    case 4:
        assert_int_equal(set_update(set, b.ours), 0);
        py = PyNumber_InPlaceOr(a->py, b.py);
        break;
    case 5:
        assert_int_equal(set_intersection_update(set, b.ours), 0);
        py = PyNumber_InPlaceAnd(a->py, b.py);
        break;
    case 6:
        assert_int_equal(set_difference_update(set, b.ours), 0);
        py = PyNumber_InPlaceSubtract(a->py, b.py);
        break;
    default:
        assert_int_equal(set_symmetric_difference_update(set, b.ours), 0);
        py = PyNumber_InPlaceXor(a->py, b.py);
        break;
    }
    if (kind >= 4) assert_ptr_equal(py, a->py);
    Py_XDECREF(py);
}

static void on_comparison(Pair a, Pair b) {
    Set *set = (Set *)a.ours;
    assert_int_equal(object_rich_equal(a.ours, b.ours),
                     PyObject_RichCompareBool(a.py, b.py, Py_EQ));
    assert_int_equal(set_issubset(set, b.ours), PyObject_RichCompareBool(a.py, b.py, Py_LE));
    assert_int_equal(set_issuperset(set, b.ours), PyObject_RichCompareBool(a.py, b.py, Py_GE));
    PyObject *disjoint = PyObject_CallMethod(a.py, "isdisjoint", "(O)", b.py);
    assert_int_equal(set_isdisjoint(set, b.ours), disjoint == Py_True);
    Py_XDECREF(disjoint);
    Pair frozen = {OBJECT(frozenset_new(a.ours)), PyFrozenSet_New(a.py)};
    assert_int_equal(object_hash(frozen.ours), PyObject_Hash(frozen.py));
    assert_same_table(frozen);
    drop(frozen);
}

/* Iterables of keys, one of them perhaps unhashable; and sets as keys. */
static void on_tuples(Pair s) {
    Set *set = (Set *)s.ours;
    Tuple *ours = tuple_new(12);
    PyObject *py = PyTuple_New(12);
    for (ssize_t i = 0; i < 12; i++) {
        Pair key = random_key();
        if (below(40) == 0) {
            drop(key);
            key = (Pair){OBJECT(set_new(NULL)), PySet_New(NULL)};
        }
        ours->items[i] = key.ours;
        PyTuple_SET_ITEM(py, i, key.py);
    }
    static const char *const names[] = {"update", "intersection_update", "difference_update",
                                        "symmetric_difference_update"};
    int (*const operations[])(Set *, Object *) = {set_update, set_intersection_update,
                                                  set_difference_update,
                                                  set_symmetric_difference_update};
    uint64_t which = below(8) ? 0 : 1 + below(3);
    PyObject *none = PyObject_CallMethod(s.py, names[which], "(O)", py);
    assert_same_status(operations[which](set, OBJECT(ours)), none ? 0 : -1);
    Py_XDECREF(none);
    assert_same_status(set_sq_contains(set, s.ours), PySequence_Contains(s.py, s.py));
    decref(ours);
    Py_DECREF(py);
}

static void on_pop(Pair s) {
    Object *ours = set_pop((Set *)s.ours);
    PyObject *py = PySet_Pop(s.py);
    if (ours && py) {
        assert_same_text(ours, py);
    } else {
        assert_true(!ours && !py);
        assert_same_error();
    }
    xdecref(ours);
    Py_XDECREF(py);
}

static Pair copy_of(Pair s) {
    return (Pair){OBJECT(set_copy((Set *)s.ours)), PySet_New(s.py)};
}

static void test_random_operations(void **state) {
    (void)state;
    seed = testing_seed();
    Pair a = {OBJECT(set_new(NULL)), PySet_New(NULL)}, b = copy_of(a);
    for (int i = 0; i < OPERATIONS; i++) {
        uint64_t kind = below(1000);
        if (kind < 880) {
            on_one_key(a, kind % 100);
        } else if (kind < 900) {
            on_sets(&a, b, below(8));
        } else if (kind < 915) {
            on_comparison(a, b);
        } else if (kind < 935) {
            on_tuples(a);
        } else if (kind < 985) {
            on_pop(a);
        } else if (kind < 990) {
            Pair other = a;
            a = b;
            b = other;
        } else if (kind < 998) {
            drop(b);
            b = copy_of(a);
        } else if (below(4) == 0) {
            assert_int_equal(set_clear((Set *)a.ours), PySet_Clear(a.py));
        }
        assert_same_table(a);
        if (i % 250 == 0) assert_same_text(a.ours, a.py);
    }
    drop(a);
    drop(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_operations)};
    setenv("PYTHONHASHSEED", "0", 1); // ours and CPython's strs then have the same hashes
    Py_InitializeEx(0);
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    Py_FinalizeEx();
    return status;
}
