/* differential.c: the same random requests to our generators and, in this process, to CPython's.
 *
 * After each request both must have come to the same result or error, have told the same notes in
 * the same order (which `finally` ran, what nobody could receive), and be in the same state with
 * the same chain of delegates. The Python side of the family is twin.py, found in the directory
 * that is the first argument. SEED=n replays a run.
 */
#include <Python.h>

#include "family.h"

#include "../../../common/proof/testing.h"

enum { STEPS = 100000, SLOTS = 6 };

static const char *twin_directory;
static uint64_t state_of_random;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

/* ---- One text from each side -----------------------------------------------------------------*/

typedef struct {
    char text[4096];
    size_t length;
} Tale;

static Tale ours, theirs;

PRINTF_LIKE static void tell(Tale *tale, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = sizeof tale->text - tale->length;
    int length = vsnprintf(tale->text + tale->length, room, format, args);
    va_end(args);
    tale->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void our_note(const char *text) {
    tell(&ours, "%s\n", text);
}

static void our_unraisable(Object *where) {
    tell(&ours, "! in %s: %s: %s\n", ((Generator *)where)->code->name, error_name(error_occurred()),
         error_message());
}

static PyObject *their_note(PyObject *self, PyObject *text) {
    (void)self;
    tell(&theirs, "%s\n", PyUnicode_AsUTF8(text));
    return Py_NewRef(Py_None);
}

static PyMethodDef note_method = {"note", their_note, METH_O, "The embedding program's tale."};

/* Both steal the reference; NULL means that an error is set. */
static void our_outcome(Object *result) {
    char text[512];
    if (result) {
        Writer out = {0};
        object_write_repr(result, &out);
        snprintf(text, sizeof text, "= %.*s", (int)out.length, out.bytes);
        writer_free(&out);
        decref(result);
    } else {
        snprintf(text, sizeof text, "%s: %s", error_name(error_occurred()), error_message());
        error_clear();
    }
    tell(&ours, "%s\n", text);
}

static void their_outcome(PyObject *result) {
    char text[512];
    if (result) {
        PyObject *repr = PyObject_Repr(result);
        snprintf(text, sizeof text, "= %s", PyUnicode_AsUTF8(repr));
        Py_DECREF(repr);
        Py_DECREF(result);
    } else {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        PyObject *message = PyObject_Str(value);
        snprintf(text, sizeof text, "%s: %s", ((PyTypeObject *)type)->tp_name,
                 PyUnicode_AsUTF8(message));
        Py_DECREF(message);
        Py_DECREF(type);
        Py_DECREF(value);
        Py_XDECREF(traceback);
    }
    tell(&theirs, "%s\n", text);
}

/* ---- The same objects on both sides ----------------------------------------------------------*/

typedef struct {
    Generator *ours;
    PyObject *theirs;
} Pair;

static Pair slots[SLOTS];
static PyObject *twin, *their_state; // the module, and inspect.getgeneratorstate

static void our_chain(Generator *generator) {
    tell(&ours, "%s", generator_state(generator));
    for (Object *op = generator_yieldfrom(generator); op;) {
        bool is_generator = op->type == &Generator_Type;
        tell(&ours, " %s", is_generator ? ((Generator *)op)->code->name : op->type->name);
        op = is_generator ? generator_yieldfrom((Generator *)op) : NULL;
    }
}

static void their_chain(PyObject *generator) {
    PyObject *state = PyObject_CallOneArg(their_state, generator);
    tell(&theirs, "%s", PyUnicode_AsUTF8(state));
    Py_DECREF(state);
    PyObject *op = PyObject_GetAttrString(generator, "gi_yieldfrom");
    while (op != Py_None) {
        bool is_generator = PyGen_CheckExact(op);
        PyObject *name = is_generator ? PyObject_GetAttrString(op, "__name__") : NULL;
        tell(&theirs, " %s", name ? PyUnicode_AsUTF8(name) : Py_TYPE(op)->tp_name);
        Py_XDECREF(name);
        PyObject *next =
            is_generator ? PyObject_GetAttrString(op, "gi_yieldfrom") : Py_NewRef(Py_None);
        Py_DECREF(op);
        op = next;
    }
    Py_DECREF(op);
}

/* Something to delegate to: mostly another slot's generator, which others may share. */
static void draw_sub(Object **our_sub, PyObject **their_sub) {
    int which = draw(10), slot = draw(SLOTS);
    if (which == 0) {
        *our_sub = int_from_long(3);
        *their_sub = PyLong_FromLong(3);
    } else if (which <= 2 || !slots[slot].ours) {
        *our_sub = OBJECT(list_pack(3, None, True, False));
        *their_sub = Py_BuildValue("[OOO]", Py_None, Py_True, Py_False);
    } else {
        *our_sub = new_ref(slots[slot].ours);
        *their_sub = Py_NewRef(slots[slot].theirs);
    }
}

static void make(int slot) {
    int f = draw(2) ? draw(FAMILY) : FAMILY_LEAVES + draw(2), n = 1 + draw(3);
    Object *our_sub = NULL;
    PyObject *their_sub = NULL;
    if (f >= FAMILY_LEAVES) draw_sub(&our_sub, &their_sub);
    Pair made = {member_new(family[f], our_sub, n), NULL};
    made.theirs = their_sub ? PyObject_CallMethod(twin, family[f]->name, "[O]i", their_sub, n)
                            : PyObject_CallMethod(twin, family[f]->name, "Oi", Py_None, n);
    xdecref(our_sub);
    Py_XDECREF(their_sub);
    Pair old = slots[slot];
    slots[slot] = made;
    xdecref(old.ours);
    Py_XDECREF(old.theirs);
}

/* ---- Requests --------------------------------------------------------------------------------*/

static void send(Pair pair) {
    Object *value;
    PyObject *their_value;
    int which = draw(4), n = draw(9) - 4;
    if (which == 0) {
        value = new_ref(None);
        their_value = Py_NewRef(Py_None);
    } else if (which == 1) {
        value = str_from_string("x");
        their_value = PyUnicode_FromString("x");
    } else {
        value = int_from_long(n);
        their_value = PyLong_FromLong(n);
    }
    our_outcome(generator_send(pair.ours, value));
    their_outcome(PyObject_CallMethod(pair.theirs, "send", "O", their_value));
    decref(value);
    Py_DECREF(their_value);
}

/* From 3.12 on StopIteration has other answers before the start and in a plain iterator. */
static bool same_everywhere(Generator *generator) {
    if (PY_VERSION_HEX < 0x030C0000) return true;
    Object *op = OBJECT(generator);
    while (op && op->type == &Generator_Type)
        op = generator_yieldfrom((Generator *)op);
    return !op && generator->state != FRAME_CREATED;
}

static void throw(Pair pair) {
    const struct {
        ErrorType type;
        PyObject *theirs;
        const char *argument, *message;
    } errors[] = {{ValueError, PyExc_ValueError, "v", "v"},
                  {KeyError, PyExc_KeyError, "k", "'k'"},
                  {RuntimeError, PyExc_RuntimeError, "r", "r"},
                  {GeneratorExit, PyExc_GeneratorExit, "", ""},
                  {StopIteration, PyExc_StopIteration, "s", "s"}};
    int which = draw(same_everywhere(pair.ours) ? 5 : 4);
    our_outcome(generator_throw(pair.ours, errors[which].type, errors[which].message));
    PyObject *error = *errors[which].argument
                          ? PyObject_CallFunction(errors[which].theirs, "s", errors[which].argument)
                          : PyObject_CallNoArgs(errors[which].theirs);
    PyObject *result = PyObject_CallMethod(pair.theirs, "throw", "O", error);
    Py_DECREF(error);
    their_outcome(result);
}

/* What close() returns is new in 3.13, and left out. */
static void close_both(Pair pair) {
    if (PY_VERSION_HEX >= 0x030C0000 && pair.ours->state == FRAME_CREATED) return; // keeps locals
    our_outcome(generator_close(pair.ours) < 0 ? NULL : new_ref(None));
    PyObject *result = PyObject_CallMethod(pair.theirs, "close", NULL);
    if (result) Py_SETREF(result, Py_NewRef(Py_None));
    their_outcome(result);
}

static void next(Pair pair) {
    Object *result = iter_next(OBJECT(pair.ours));
    our_outcome(result || error_occurred() ? result : str_from_string("exhausted"));
    PyObject *their_result = PyIter_Next(pair.theirs);
    if (!their_result && !PyErr_Occurred()) their_result = PyUnicode_FromString("exhausted");
    their_outcome(their_result);
}

static void step_at_random(void) {
    int slot = draw(SLOTS), which = draw(20);
    ours.length = theirs.length = 0;
    tell(&ours, "%s", "");
    tell(&theirs, "%s", "");
    Generator *generator = slots[slot].ours;
    bool over = !generator || (generator->state >= FRAME_COMPLETED && draw(3) > 0);
    if (over || which >= 16) {
        make(slot);
    } else if (which < 7) {
        next(slots[slot]);
    } else if (which < 11) {
        send(slots[slot]);
    } else if (which < 14) {
        throw(slots[slot]);
    } else {
        close_both(slots[slot]);
    }
    our_chain(slots[slot].ours);
    their_chain(slots[slot].theirs);
}

static void prepare(void) {
    PyObject *path = PySys_GetObject("path"), *directory = PyUnicode_FromString(twin_directory);
    assert_int_equal(PyList_Insert(path, 0, directory), 0);
    Py_DECREF(directory);
    twin = PyImport_ImportModule("twin");
    if (!twin) PyErr_Print();
    assert_non_null(twin);
    PyObject *note_function = PyCFunction_New(&note_method, NULL);
    PyObject_SetAttrString(twin, "note", note_function);
    Py_DECREF(note_function);
    assert_int_equal(PyRun_SimpleString("import sys, twin\n"
                                        "sys.unraisablehook = lambda u: twin.note(\n"
                                        "    f'! in {u.object.__name__}: '\n"
                                        "    f'{type(u.exc_value).__name__}: {u.exc_value}')\n"),
                     0);
    PyObject *inspect = PyImport_ImportModule("inspect");
    their_state = PyObject_GetAttrString(inspect, "getgeneratorstate");
    Py_DECREF(inspect);
}

static void test_same_as_cpython(void **state) {
    (void)state;
    state_of_random = testing_seed();
    prepare();
    note_hook = our_note;
    error_unraisable_hook = our_unraisable;
    for (int step = 0; step < STEPS; step++) {
        step_at_random();
        if (strcmp(ours.text, theirs.text) != 0) {
            fail_msg("step %d\nours:\n%s\n\ntheirs:\n%s", step, ours.text, theirs.text);
        }
    }
    for (int slot = 0; slot < SLOTS; slot++) {
        clear_ref(slots[slot].ours);
        Py_CLEAR(slots[slot].theirs);
    }
}

/* A generator here is never larger than CPython's, even without its collector's header. */
static void test_memory(void **state) {
    (void)state;
    for (int f = 0; f < FAMILY; f++) {
        PyObject *generator = PyObject_CallMethod(twin, family[f]->name, "Oi", Py_None, 1);
        PyObject *size = PyObject_CallMethod(generator, "__sizeof__", NULL);
        assert_true(generator_sizeof(family[f]) <= PyLong_AsSize_t(size));
        print_message("%-10s %3zu bytes, CPython's %3zu\n", family[f]->name,
                      generator_sizeof(family[f]), PyLong_AsSize_t(size));
        Py_DECREF(size);
        Py_DECREF(generator);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY_OF_TWIN_PY\n", argv[0]);
        return 2;
    }
    twin_directory = argv[1];
    Py_DontWriteBytecodeFlag = 1;
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_cpython),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
