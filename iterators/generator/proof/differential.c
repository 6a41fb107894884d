/* differential.c: the same random requests to our generators and, in this process, to CPython's.
 *
 * After each request both must have come to the same result or error, have told the same notes in
 * the same order (which `finally` ran, what nobody could receive), and be in the same state with
 * the same chain of delegates. The Python side of the family is twin.py, found in the directory
 * that is the first argument. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "family.h"

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
    Writer out = {0};
    if (result) assert_int_equal(object_write_repr(result, &out), 0);
    Outcome outcome = result ? outcome_of_text(out.bytes, out.length) : outcome_of_error();
    tell(&ours, "%s\n", outcome.text);
    writer_free(&out);
    xdecref(result);
}

static void their_outcome(PyObject *result) {
    tell(&theirs, "%s\n", outcome_of_python(result).text);
}

/* ---- The same objects on both sides ----------------------------------------------------------*/

typedef struct {
    Object *ours;
    PyObject *theirs;
} Pair;

static Pair slots[SLOTS]; // of generators
static PyObject *twin;    // the module

static Generator *generator_of(Pair pair) {
    return (Generator *)pair.ours;
}

static void drop(Pair pair) {
    xdecref(pair.ours);
    Py_XDECREF(pair.theirs);
}

/* None, a str, a list, or this int. */
static Pair value(int which, int n) {
    switch (which) {
    case 0:
        return (Pair){new_ref(None), Py_NewRef(Py_None)};
    case 1:
        return (Pair){str_from_string("x"), PyUnicode_FromString("x")};
    case 2:
        return (Pair){OBJECT(list_pack(3, None, True, False)),
                      Py_BuildValue("[OOO]", Py_None, Py_True, Py_False)};
    default:
        return (Pair){int_from_long(n), PyLong_FromLong(n)};
    }
}

/* Something to delegate to: mostly another slot's generator, which others may share. */
static Pair draw_sub(void) {
    int which = draw(10), slot = draw(SLOTS);
    if (which == 0) return value(3, 3);
    if (which <= 2 || !slots[slot].ours) return value(2, 0);
    return (Pair){new_ref(slots[slot].ours), Py_NewRef(slots[slot].theirs)};
}

static void make(int slot) {
    int f = draw(2) ? draw(FAMILY) : FAMILY_LEAVES + draw(2), n = 1 + draw(3);
    bool delegates = f >= FAMILY_LEAVES;
    Pair sub = delegates ? draw_sub() : (Pair){NULL, Py_NewRef(Py_None)}, old = slots[slot];
    slots[slot] = (Pair){
        OBJECT(member_new(family[f], sub.ours, n)),
        PyObject_CallMethod(twin, family[f]->name, delegates ? "[O]i" : "Oi", sub.theirs, n)};
    drop(sub);
    drop(old);
}

/* The state, and who delegates to whom. */
static void tell_chains(Pair pair) {
    Generator *generator = generator_of(pair);
    tell(&ours, "%s", generator_state(generator));
    for (Object *op = pair.ours; op;) {
        bool is_generator = op->type == &Generator_Type;
        tell(&ours, " %s", is_generator ? ((Generator *)op)->code->name : op->type->name);
        op = is_generator ? generator_yieldfrom((Generator *)op) : NULL;
    }
    PyObject *state = PyObject_CallMethod(twin, "gen_state", "O", pair.theirs);
    PyObject *chain = PyObject_CallMethod(twin, "names_of", "O", pair.theirs);
    tell(&theirs, "%s %s", PyUnicode_AsUTF8(state), PyUnicode_AsUTF8(chain));
    Py_DECREF(state);
    Py_DECREF(chain);
}

/* ---- Requests --------------------------------------------------------------------------------*/

static void next(Pair pair) {
    Object *result = iter_next(pair.ours);
    our_outcome(result || error_occurred() ? result : str_from_string("exhausted"));
    PyObject *their_result = PyIter_Next(pair.theirs);
    bool exhausted = !their_result && !PyErr_Occurred();
    their_outcome(exhausted ? PyUnicode_FromString("exhausted") : their_result);
}

static void send(Pair pair) {
    int which = draw(4), n = draw(9) - 4;
    Pair sent = value(which == 2 ? 3 : which, n);
    our_outcome(generator_send(generator_of(pair), sent.ours));
    their_outcome(PyObject_CallMethod(pair.theirs, "send", "O", sent.theirs));
    drop(sent);
}

/* From 3.12 on StopIteration has other answers before the start and in a plain iterator. */
static bool same_everywhere(Pair pair) {
    if (PY_VERSION_HEX < 0x030C0000) return true;
    Object *op = pair.ours;
    while (op && op->type == &Generator_Type)
        op = generator_yieldfrom((Generator *)op);
    return !op && generator_of(pair)->state != FRAME_CREATED;
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
    int which = draw(same_everywhere(pair) ? 5 : 4);
    our_outcome(generator_throw(generator_of(pair), errors[which].type, errors[which].message));
    PyObject *error = PyObject_CallFunction(
        errors[which].theirs, *errors[which].argument ? "s" : "", errors[which].argument);
    PyObject *result = PyObject_CallMethod(pair.theirs, "throw", "O", error);
    Py_DECREF(error); // whose traceback would keep alive what has ended
    their_outcome(result);
}

/* What close() returns is new in 3.13, and left out. */
static void close_both(Pair pair) {
    bool begun = generator_of(pair)->state != FRAME_CREATED;
    if (PY_VERSION_HEX >= 0x030C0000 && !begun) return; // keeps its locals there
    our_outcome(generator_close(generator_of(pair)) < 0 ? NULL : new_ref(None));
    PyObject *result = PyObject_CallMethod(pair.theirs, "close", NULL);
    if (result) Py_SETREF(result, Py_NewRef(Py_None));
    their_outcome(result);
}

static void step_at_random(void) {
    int slot = draw(SLOTS), which = draw(20);
    ours = theirs = (Tale){0};
    Generator *generator = generator_of(slots[slot]);
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
    tell_chains(slots[slot]);
}

/* Imports twin.py through a link whose name is not ASCII: main() has set a locale that is, and
 * people keep their sources in such places. */
static void import_twin(void) {
    char *real = realpath(twin_directory, NULL), parent[] = "/tmp/twin-XXXXXX", link[40];
    assert_non_null(real);
    assert_non_null(mkdtemp(parent));
    snprintf(link, sizeof link, "%s/zw\xC3\xB6lf", parent);
    assert_int_equal(symlink(real, link), 0);
    PyObject *path = PySys_GetObject("path"), *directory = PyUnicode_DecodeFSDefault(link);
    assert_int_equal(PyList_Insert(path, 0, directory), 0);
    Py_DECREF(directory);
    twin = PyImport_ImportModule("twin");
    unlink(link);
    rmdir(parent);
    free(real);
}

static void prepare(void) {
    import_twin();
    if (!twin) PyErr_Print();
    assert_non_null(twin);
    PyObject *function = PyCFunction_New(&note_method, NULL);
    assert_int_equal(PyObject_SetAttrString(twin, "note", function), 0);
    Py_DECREF(function);
    const char hook[] = "import sys, twin\n"
                        "sys.unraisablehook = lambda u: twin.note(\n"
                        "    f'! in {u.object.__name__}: '\n"
                        "    f'{type(u.exc_value).__name__}: {u.exc_value}')\n";
    assert_int_equal(PyRun_SimpleString(hook), 0);
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
        Pair last = slots[slot];
        slots[slot] = (Pair){NULL, NULL};
        drop(last);
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
    setenv("LC_ALL", "C", 1);
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_cpython),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
