/* differential.c: random class trees with slots, here and in CPython 3.11 in this process.
 *
 * A class gets random bases, slots and class variables on both sides: both refuse in the same words,
 * or the fields lie at the same bytes. Then instances of all classes are used at random. SEED=n
 * replays a run. What other versions do differently is the twin's business.
 */
#include "../../../common/proof/differential.h"

#include "../slots.h"

#include <structmember.h>

enum { TREES = 400, CLASSES = 12, USES = 300 };

typedef struct { // one object, on both sides
    Object *ours;
    PyObject *theirs;
} Pair;

static const char *const names[] = {"a", "b", "c", "__p", "_C3__p", "d", "__dict__", "__weakref__"};
enum { NAMES = sizeof names / sizeof *names };

static void release(Pair pair) {
    xdecref(pair.ours);
    Py_XDECREF(pair.theirs);
}

static void without_line_break(char *text) {
    for (; *text; text++)
        if (*text == '\n') *text = ' ';
}

static void assert_same(Outcome ours, Outcome theirs) {
    without_line_break(ours.text);
    without_line_break(theirs.text);
    assert_string_equal(ours.text, theirs.text);
}

/* ---- Classes -----------------------------------------------------------------------------------*/

/* Steals both values. */
static void put(Dict *dict, PyObject *namespace, const char *name, Pair value) {
    assert_int_equal(dict_set_item(dict, str_intern(name), value.ours), 0);
    assert_int_equal(PyDict_SetItemString(namespace, name, value.theirs), 0);
    release(value);
}

static Pair random_slots(uint64_t *random) {
    if (testing_random(random, 8) == 0) {
        const char *name = names[testing_random(random, NAMES)];
        return (Pair){str_from_string(name), PyUnicode_FromString(name)};
    }
    ssize_t n = (ssize_t)testing_random(random, 4);
    Pair slots = {OBJECT(tuple_new(n)), PyTuple_New(n)};
    for (ssize_t i = 0; i < n; i++) {
        const char *name = names[testing_random(random, NAMES)];
        bool number = testing_random(random, 40) == 0;
        ((Tuple *)slots.ours)->items[i] = number ? int_from_long(7) : str_from_string(name);
        PyTuple_SET_ITEM(slots.theirs, i, number ? PyLong_FromLong(7) : PyUnicode_FromString(name));
    }
    return slots;
}

static Pair random_class(uint64_t *random, const char *name, const Pair *known, size_t nknown) {
    Dict *dict = dict_new();
    PyObject *namespace = PyDict_New();
    put(dict, namespace, "__module__",
        (Pair){str_from_string("__main__"), PyUnicode_FromString("__main__")});
    if (testing_random(random, 3)) put(dict, namespace, "__slots__", random_slots(random));
    if (testing_random(random, 8) == 0) {
        put(dict, namespace, names[testing_random(random, 4)],
            (Pair){int_from_long(1), PyLong_FromLong(1)});
    }
    ssize_t n = (ssize_t)testing_random(random, 4);
    Pair bases = {OBJECT(tuple_new(n)), PyTuple_New(n)};
    for (ssize_t i = 0; i < n; i++) {
        Pair base = known[testing_random(random, nknown)];
        ((Tuple *)bases.ours)->items[i] = new_ref(base.ours);
        PyTuple_SET_ITEM(bases.theirs, i, Py_NewRef(base.theirs));
    }
    Pair made = {
        OBJECT(slots_type_new(NULL, name, (Tuple *)bases.ours, dict, &values_layout)),
        PyObject_CallFunction((PyObject *)&PyType_Type, "sOO", name, bases.theirs, namespace)};
    release(bases);
    decref(dict);
    Py_DECREF(namespace);
    return made;
}

/* The same fields at the same bytes. What CPython's str has more than ours is left out, and its
 * dict lies behind the collector's head, which ours have not. */
static void compare_classes(const Type *ours, PyTypeObject *theirs) {
    bool is_str = type_is_subtype(ours, &Str_Type);
    ssize_t more = is_str ? PyUnicode_Type.tp_basicsize - Str_Type.basicsize : 0;
    assert_int_equal(ours->basicsize + more, theirs->tp_basicsize);
    assert_int_equal(ours->weaklistoffset ? ours->weaklistoffset + more : 0,
                     theirs->tp_weaklistoffset);
    assert_int_equal(ours->dictoffset == MANAGED_DICT,
                     (theirs->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0);
    if (ours->dictoffset != MANAGED_DICT) assert_int_equal(ours->dictoffset, theirs->tp_dictoffset);
    for (size_t i = 0; i < NAMES; i++) {
        Object *mine = dict_get_item(ours->dict, str_intern(names[i]));
        PyObject *its = PyDict_GetItemString(theirs->tp_dict, names[i]);
        bool member = mine && mine->type == &Member_Type;
        assert_int_equal(member, its && Py_IS_TYPE(its, &PyMemberDescr_Type));
        if (member)
            assert_int_equal(((Member *)mine)->offset + more,
                             ((PyMemberDescrObject *)its)->d_member->offset);
    }
}

/* ---- Instances ---------------------------------------------------------------------------------*/

static Outcome outcome_of_ours(Object *result) { // steals
    Object *text = result ? object_repr(result) : NULL;
    xdecref(result);
    if (!text) return outcome_of_error();
    Outcome outcome = outcome_of_text(((Str *)text)->text, (size_t)((Str *)text)->length);
    decref(text);
    return outcome;
}

static void use(uint64_t *random, Pair instance, Pair other_class) {
    const char *name = names[testing_random(random, 6)]; // no dict, no weak reference
    Str *ours = str_intern(name);
    PyObject *theirs = PyUnicode_FromString(name);
    switch (testing_random(random, 4)) {
    case 0:
        assert_same(outcome_of_ours(object_getattr(instance.ours, ours)),
                    outcome_of_python(PyObject_GetAttr(instance.theirs, theirs)));
        break;
    case 1: {
        int status = object_setattr(instance.ours, ours, NULL);
        assert_same(
            outcome_of_ours(status < 0 ? NULL : new_ref(None)),
            outcome_of_python(status_of_python(PyObject_SetAttr(instance.theirs, theirs, NULL))));
        break;
    }
    case 2: {
        long number = (long)testing_random(random, 1000);
        Pair value = {int_from_long(number), PyLong_FromLong(number)};
        int status = object_setattr(instance.ours, ours, value.ours);
        assert_same(outcome_of_ours(status < 0 ? NULL : new_ref(None)),
                    outcome_of_python(
                        status_of_python(PyObject_SetAttr(instance.theirs, theirs, value.theirs))));
        release(value);
        break;
    }
    default: { // another class, if the memory fits
        int status = object_setattr_string(instance.ours, "__class__", other_class.ours);
        assert_same(outcome_of_ours(status < 0 ? NULL : new_ref(None)),
                    outcome_of_python(status_of_python(
                        PyObject_SetAttrString(instance.theirs, "__class__", other_class.theirs))));
    }
    }
    Py_DECREF(theirs);
}

static void one_tree(uint64_t *random) {
    Pair known[CLASSES + 6] = {{OBJECT(&Object_Type), (PyObject *)&PyBaseObject_Type},
                               {OBJECT(&Object_Type), (PyObject *)&PyBaseObject_Type},
                               {OBJECT(&Int_Type), (PyObject *)&PyLong_Type},
                               {OBJECT(&Str_Type), (PyObject *)&PyUnicode_Type},
                               {OBJECT(&Tuple_Type), (PyObject *)&PyTuple_Type}};
    Pair instances[CLASSES];
    size_t nbuiltins = 5, nknown = testing_random(random, 3) ? 2 : nbuiltins;
    size_t nfirst = nknown, ninstances = 0;
    for (int i = 0; i < CLASSES; i++) {
        char name[8];
        snprintf(name, sizeof name, "C%d", i);
        Pair made = random_class(random, name, known, nknown);
        if (!made.ours || !made.theirs) {
            Outcome ours = made.ours ? outcome_of_text("made", 4) : outcome_of_error();
            Outcome theirs = made.theirs ? outcome_of_text("made", 4) : outcome_of_python(NULL);
            assert_same(ours, theirs);
            continue;
        }
        compare_classes((Type *)made.ours, (PyTypeObject *)made.theirs);
        known[nknown++] = made;
        if (((Type *)made.ours)->itemsize == 0 && !type_is_subtype((Type *)made.ours, &Str_Type)) {
            instances[ninstances++] = (Pair){((Type *)made.ours)->alloc((Type *)made.ours, 0),
                                             PyObject_CallNoArgs(made.theirs)};
        }
    }
    for (int i = 0; i < USES && ninstances > 0; i++) {
        use(random, instances[testing_random(random, ninstances)],
            known[testing_random(random, nknown)]);
    }
    while (ninstances-- > 0)
        release(instances[ninstances]);
    while (nknown-- > nfirst)
        release(known[nknown]);
    types_clear();
}

static void test_trees(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    for (int i = 0; i < TREES; i++)
        one_tree(&random);
}

int main(void) {
    if (PY_VERSION_HEX >> 16 != 0x030B) return 77; // skipped
    Py_InitializeEx(0);
    if (types_init() < 0 || slots_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
