/* differential.c: the same random operations on our list and, in this process, on CPython's own.
 *
 * After each operation both must have the same repr, the same number of cells, and, where it
 * failed, the same error in the same words. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../list.h"

enum { STEPS = 100000, SIZE_MAX_HERE = 60 };

static uint64_t state_of_random;

static ssize_t draw(ssize_t low, ssize_t high) {
    return low + (ssize_t)testing_random(&state_of_random, (uint64_t)(high - low + 1));
}

/* A result of ours, by its repr; steals the reference. NULL: the pending error. */
static Outcome our_outcome(void *result) {
    if (!result) return outcome_of_error();
    Writer text = {0};
    object_write_repr(OBJECT(result), &text);
    Outcome outcome = outcome_of_text(text.bytes, text.length);
    writer_free(&text);
    decref(result);
    return outcome;
}

static void *our_status(int status) {
    return status < 0 ? NULL : new_ref(None);
}

/* ---- The same value on both sides ------------------------------------------------------------*/

typedef struct {
    Object *ours;
    PyObject *theirs;
} Pair;

/* A few values, with equal ones of different types among them. */
static Pair draw_value(void) {
    static const char *const texts[] = {"", "a", "it's", "caf\xc3\xa9", "\xf0\x9f\x90\x8d"};
    ssize_t kind = draw(0, 9), n = draw(0, 4);
    if (kind < 5) return (Pair){int_from_long(n), PyLong_FromLong(n)};
    if (kind == 5) {
        return (Pair){float_from_double((double)n / 2), PyFloat_FromDouble((double)n / 2)};
    }
    if (kind == 6) return (Pair){str_from_string(texts[n]), PyUnicode_FromString(texts[n])};
    if (kind == 7) return (Pair){new_ref(None), Py_NewRef(Py_None)};
    if (kind == 8) return (Pair){new_ref(True), Py_NewRef(Py_True)};
    return (Pair){OBJECT(tuple_new(0)), PyTuple_New(0)};
}

/* Up to `limit` values in a list or a tuple; now and then something that is neither. */
static Pair draw_sequence(ssize_t limit) {
    if (draw(0, 19) == 0) return (Pair){int_from_long(5), PyLong_FromLong(5)};
    ssize_t n = draw(0, limit);
    bool tuple = draw(0, 1);
    List *ours = list_new(n);
    PyObject *theirs = PyList_New(n);
    Tuple *our_tuple = tuple_new(n);
    for (ssize_t i = 0; i < n; i++) {
        Pair value = draw_value();
        our_tuple->items[i] = new_ref(value.ours);
        list_set_item(ours, i, value.ours);
        PyList_SetItem(theirs, i, value.theirs);
    }
    if (!tuple) {
        decref(our_tuple);
        return (Pair){OBJECT(ours), theirs};
    }
    PyObject *their_tuple = PyList_AsTuple(theirs);
    decref(ours);
    Py_DECREF(theirs);
    return (Pair){OBJECT(our_tuple), their_tuple};
}

/* ---- Operations ------------------------------------------------------------------------------*/

static const char *last; // for the message of a failure
static Outcome our_result, their_result;

static void compare(const char *what, void *ours, PyObject *theirs) {
    last = what;
    our_result = our_outcome(ours);
    their_result = outcome_of_python(theirs);
}

static PyObject *their_slice(ssize_t start, ssize_t stop, ssize_t step) {
    PyObject *bounds = Py_BuildValue("nnn", start, stop, step);
    PyObject *slice = PyObject_CallObject((PyObject *)&PySlice_Type, bounds);
    Py_DECREF(bounds);
    return slice;
}

static void one_item(List *ours, PyObject *theirs, Pair value) {
    ssize_t at = draw(-SIZE_MAX_HERE, SIZE_MAX_HERE);
    if (ours->size && draw(0, 2)) at = draw(-ours->size, ours->size - 1); // mostly inside
    PyObject *index = PyLong_FromSsize_t(at);
    Object *item;
    switch (draw(0, 6)) {
    case 0:
        compare("append", our_status(list_append(ours, value.ours)),
                status_of_python(PyList_Append(theirs, value.theirs)));
        break;
    case 1:
        compare("insert", our_status(list_insert(ours, at, value.ours)),
                status_of_python(PyList_Insert(theirs, at, value.theirs)));
        break;
    case 2:
        compare("pop", list_pop(ours, at), PyObject_CallMethod(theirs, "pop", "n", at));
        break;
    case 3:
        item = list_get_item(ours, at);
        compare("get_item", item ? new_ref(item) : NULL, Py_XNewRef(PyList_GetItem(theirs, at)));
        break;
    case 4:
        compare("subscript", list_subscript(ours, at), PyObject_GetItem(theirs, index));
        break;
    case 5:
        compare("ass_item", our_status(list_ass_item(ours, at, value.ours)),
                status_of_python(PyObject_SetItem(theirs, index, value.theirs)));
        break;
    default:
        compare("del", our_status(list_ass_item(ours, at, NULL)),
                status_of_python(PyObject_DelItem(theirs, index)));
        break;
    }
    Py_DECREF(index);
}

static void search(List *ours, PyObject *theirs, Pair value) {
    ssize_t start = draw(-20, 20), stop = draw(-20, 60);
    switch (draw(0, 3)) {
    case 0: {
        ssize_t index = list_index(ours, value.ours, start, stop);
        compare("index", index < 0 ? NULL : int_from_long(index),
                PyObject_CallMethod(theirs, "index", "Onn", value.theirs, start, stop));
        break;
    }
    case 1:
        compare("count", int_from_long(list_count(ours, value.ours)),
                PyObject_CallMethod(theirs, "count", "(O)", value.theirs));
        break;
    case 2:
        compare("contains", int_from_long(list_contains(ours, value.ours)),
                PyLong_FromLong(PySequence_Contains(theirs, value.theirs)));
        break;
    default:
        compare("remove", our_status(list_remove(ours, value.ours)),
                PyObject_CallMethod(theirs, "remove", "(O)", value.theirs));
        break;
    }
}

static void slices(List *ours, PyObject *theirs) {
    ssize_t start = draw(-70, 70), stop = draw(-70, 70), step = draw(-4, 4);
    if (draw(0, 1)) step = 1;
    PyObject *slice = their_slice(start, stop, step);
    Pair sequence = draw_sequence(step == 1 ? 12 : 4);
    switch (draw(0, 4)) {
    case 0:
        compare("get slice", list_get_slice(ours, start, stop),
                PyList_GetSlice(theirs, start, stop));
        break;
    case 1:
        compare("get step", list_subscript_slice(ours, start, stop, step),
                PyObject_GetItem(theirs, slice));
        break;
    case 2:
        compare("del step", our_status(list_ass_subscript_slice(ours, start, stop, step, NULL)),
                status_of_python(PyObject_DelItem(theirs, slice)));
        break;
    case 3:
        compare("set slice", our_status(list_set_slice(ours, start, stop, sequence.ours)),
                status_of_python(PyList_SetSlice(theirs, start, stop, sequence.theirs)));
        break;
    default:
        if (step == 1 && sequence.ours->type == &Int_Type) break; // 3.13 has other words for it
        compare("set step",
                our_status(list_ass_subscript_slice(ours, start, stop, step, sequence.ours)),
                status_of_python(PyObject_SetItem(theirs, slice, sequence.theirs)));
        break;
    }
    decref(sequence.ours);
    Py_DECREF(sequence.theirs);
    Py_DECREF(slice);
}

static void whole(List *ours, PyObject *theirs) {
    Pair sequence = draw_sequence(15);
    ssize_t n = draw(-1, 3);
    switch (draw(0, 5)) {
    case 0:
        // Up to 3.11 a list emptied by pop keeps its array, and then extend over-allocates.
        if (PY_VERSION_HEX >= 0x030C0000 && ours->size == 0) break;
        compare("extend", our_status(list_extend(ours, sequence.ours)),
                PyObject_CallMethod(theirs, "extend", "(O)", sequence.theirs));
        break;
    case 1:
        compare("concat", list_concat(ours, sequence.ours),
                PySequence_Concat(theirs, sequence.theirs));
        break;
    case 2:
        compare("repeat", list_repeat(ours, n), PySequence_Repeat(theirs, n));
        break;
    case 3:
        compare("inplace repeat", list_inplace_repeat(ours, n) < 0 ? NULL : new_ref(ours),
                PySequence_InPlaceRepeat(theirs, n));
        break;
    case 4:
        list_reverse(ours);
        compare("reverse", our_status(0), status_of_python(PyList_Reverse(theirs)));
        break;
    default:
        if (draw(0, 9)) break;
        list_clear(ours);
        compare("clear", our_status(0), PyObject_CallMethod(theirs, "clear", NULL));
        break;
    }
    decref(sequence.ours);
    Py_DECREF(sequence.theirs);
}

static void test_same_as_cpython(void **state) {
    (void)state;
    state_of_random = testing_seed();
    List *ours = list_new(0);
    PyObject *theirs = PyList_New(0);
    for (int step = 0; step < STEPS; step++) {
        Pair value = draw_value();
        ssize_t kind = draw(0, 9);
        if (ours->size > SIZE_MAX_HERE) {
            compare("cut", our_status(list_set_slice(ours, 3, ours->size, NULL)),
                    status_of_python(PyList_SetSlice(theirs, 3, PyList_Size(theirs), NULL)));
        } else if (kind < 5) {
            one_item(ours, theirs, value);
        } else if (kind == 5) {
            search(ours, theirs, value);
        } else if (kind < 8) {
            slices(ours, theirs);
        } else {
            whole(ours, theirs);
        }
        decref(value.ours);
        Py_DECREF(value.theirs);
        ssize_t cells = ((PyListObject *)theirs)->allocated;
        Outcome our_list = our_outcome(new_ref(ours));
        Outcome their_list = outcome_of_python(Py_NewRef(theirs));
        if (!outcomes_equal(&our_result, &their_result) || ours->allocated != cells ||
            !outcomes_equal(&our_list, &their_list)) {
            fail_msg("step %d, %s\nours   %s\n       %zd cells %s\ntheirs %s\n       %zd cells %s",
                     step, last, our_result.text, ours->allocated, our_list.text, their_result.text,
                     cells, their_list.text);
        }
    }
    decref(ours);
    Py_DECREF(theirs);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_cpython)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
