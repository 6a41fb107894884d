/* differential.c: the same random operations on our set and, in this process, on CPython's.
 *
 * The outcomes are compared (results by their repr, errors with their words), and after every
 * operation the two tables slot by slot: empty, dummy, or which hash. SEED=n replays a run. */
#include "../../../common/proof/differential.h"

#include "../set.h"

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

/* A result of ours by its repr; steals it. NULL: the pending error. */
static Outcome outcome_of_ours(Object *result) {
    Writer out = {0};
    if (!result || object_write_repr(result, &out) < 0) return outcome_of_error();
    Outcome outcome = outcome_of_text(out.bytes, out.length);
    writer_free(&out);
    decref(result);
    return outcome;
}

static void assert_same_outcome(const char *what, Object *ours, PyObject *theirs) {
    Outcome a = outcome_of_ours(ours), b = outcome_of_python(theirs);
    if (!outcomes_equal(&a, &b)) fail_msg("%s: %s, CPython's %s", what, a.text, b.text);
}

/* ---- The operations --------------------------------------------------------------------------*/

typedef struct {
    const char *method; // of CPython's set
    int (*run)(Set *, Object *);
    bool answers; // what run returns is a bool; else it becomes None
    Set *(*make)(Set *, Object *);
} Operation;

static void compare(const Operation *operation, Pair s, Pair operand) {
    Set *set = (Set *)s.ours;
    PyObject *theirs = PyObject_CallMethod(s.py, operation->method, "(O)", operand.py);
    Object *ours;
    if (operation->make) {
        ours = OBJECT(operation->make(set, operand.ours));
        if (ours && theirs) assert_same_table((Pair){ours, theirs});
    } else {
        int status = operation->run(set, operand.ours);
        Object *answer = !operation->answers ? None : status > 0 ? True : False;
        ours = status < 0 ? NULL : new_ref(answer);
    }
    assert_same_outcome(operation->method, ours, theirs);
}

static int equal(Set *set, Object *other) {
    return object_rich_equal(OBJECT(set), other);
}

static void on_one_key(Pair s, uint64_t kind) {
    static const Operation add = {"add", set_add}, discard = {"discard", set_discard},
                           contains = {"__contains__", set_contains, .answers = true},
                           remove_it = {"remove", set_remove};
    const Operation *operation = kind < 50   ? &add
                                 : kind < 70 ? &discard
                                 : kind < 85 ? &contains
                                             : &remove_it;
    Pair key = random_key();
    compare(operation, s, key);
    drop(key);
}

/* With a set or an iterable of keys: those that only sets have come last. */
static const Operation on_keys[] = {
    {"update", set_update},
    {"intersection_update", set_intersection_update},
    {"difference_update", set_difference_update},
    {"symmetric_difference_update", set_symmetric_difference_update},
    {"union", .make = set_union},
    {"intersection", .make = set_intersection},
    {"difference", .make = set_difference},
    {"symmetric_difference", .make = set_symmetric_difference},
    {"isdisjoint", set_isdisjoint, .answers = true},
    {"issuperset", set_issuperset, .answers = true},
    {"issubset", set_issubset, .answers = true}, // of an iterable: until 3.11
    {"__contains__", set_sq_contains, .answers = true},
    {"__eq__", equal, .answers = true},
};
enum { ON_SETS = sizeof on_keys / sizeof on_keys[0] };
enum { ON_ITERABLES = PY_VERSION_HEX < 0x030C0000 ? ON_SETS - 2 : ON_SETS - 3 };

/* Twelve keys, one of them perhaps unhashable. */
static Pair random_tuple(void) {
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
    return (Pair){OBJECT(ours), py};
}

static void on_tuple(Pair s) {
    Pair tuple = random_tuple();
    compare(&on_keys[below(3) ? 0 : below(ON_ITERABLES)], s, tuple);
    drop(tuple);
}

static void on_whole_set(Pair s) {
    Pair frozen = {OBJECT(frozenset_new(s.ours)), PyFrozenSet_New(s.py)};
    assert_int_equal(object_hash(frozen.ours), PyObject_Hash(frozen.py));
    assert_same_table(frozen);
    drop(frozen);
    PyObject *bytes = PyObject_CallMethod(s.py, "__sizeof__", NULL);
    assert_int_equal(set_sizeof((Set *)s.ours), PyLong_AsSize_t(bytes));
    Py_DECREF(bytes);
    assert_same_outcome("repr", new_ref(s.ours), Py_NewRef(s.py));
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
        if (kind < 870) {
            on_one_key(a, kind % 100);
        } else if (kind < 905) {
            compare(&on_keys[below(ON_SETS)], a, b);
        } else if (kind < 935) {
            on_tuple(a);
        } else if (kind < 985) {
            assert_same_outcome("pop", set_pop((Set *)a.ours), PySet_Pop(a.py));
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
        if (i % 250 == 0) on_whole_set(a);
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
