/* differential.c: programs made up at random, by our tasks and, in this process, by CPython's asyncio.
 *
 * programs.c plays each on ours, twin.py, found in the directory that is the first argument, on
 * CPython's; what the two say must be the same, line by line. SEED=n begins with that program.
 */
#include "../../../common/proof/differential.h"

#include "stage.h"

enum { PROGRAMS = 1000, TEXT = 1 << 18 };

static const char *twin_directory;
static PyObject *twin; // the module
static char ours[TEXT], theirs[TEXT];
static size_t their_length;

static PyObject *their_note(PyObject *self, PyObject *text) {
    (void)self;
    const char *line = PyUnicode_AsUTF8(text);
    if (!line) return NULL;
    size_t length = strlen(line);
    assert_true(their_length + length + 2 < TEXT);
    memcpy(theirs + their_length, line, length);
    theirs[their_length + length] = '\n';
    theirs[their_length += length + 1] = '\0';
    return Py_NewRef(Py_None);
}

static PyMethodDef note_method = {"note", their_note, METH_O, "Keeps a line."};

static void import_twin(void) {
    PyObject *path = PySys_GetObject("path"),
             *directory = PyUnicode_DecodeFSDefault(twin_directory);
    assert_int_equal(PyList_Insert(path, 0, directory), 0);
    Py_DECREF(directory);
    twin = PyImport_ImportModule("twin");
    if (!twin) PyErr_Print();
    assert_non_null(twin);
    PyObject *function = PyCFunction_New(&note_method, NULL);
    assert_int_equal(PyObject_SetAttrString(twin, "note", function), 0);
    Py_DECREF(function);
    PyObject *done = PyObject_CallMethod(twin, "set_stage", NULL);
    assert_non_null(done);
    Py_DECREF(done);
}

/* What comes after the outcome is left out: in a loop that is closed, nobody promises anything. */
static void cut_after_outcome(char *text) {
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "returned ", 9) != 0 && strncmp(line, "raised ", 7) != 0) continue;
        strchr(line, '\n')[1] = '\0';
        return;
    }
}

static void compare(uint64_t seed, bool everything) {
    sink = fmemopen(ours, TEXT, "w");
    assert_non_null(sink);
    program_play(seed, everything);
    fclose(sink);
    their_length = 0;
    PyObject *done = PyObject_CallMethod(twin, "play_program", "KO", (unsigned long long)seed,
                                         everything ? Py_True : Py_False);
    if (!done) PyErr_Print();
    assert_non_null(done);
    Py_DECREF(done);
    if (everything) {
        cut_after_outcome(ours);
        cut_after_outcome(theirs);
    }
    if (strcmp(ours, theirs) != 0) {
        fail_msg("SEED=%llu, everything %d\nours:\n%s\ntheirs:\n%s", (unsigned long long)seed,
                 everything, ours, theirs);
    }
}

/* What is the same in every version. */
static void test_programs(void **state) {
    (void)state;
    uint64_t first = testing_seed();
    for (uint64_t seed = first; seed < first + PROGRAMS; seed++)
        compare(seed, false);
}

/* Besides, wait_for, timeout, TaskGroup, Semaphore and Queue, which later versions mended. */
static void test_everything(void **state) {
    (void)state;
    if (PY_VERSION_HEX >= 0x030B0300) skip();
    uint64_t first = testing_seed();
    for (uint64_t seed = first; seed < first + PROGRAMS; seed++)
        compare(seed, true);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY_OF_TWIN_PY\n", argv[0]);
        return 2;
    }
    twin_directory = argv[1];
    Py_DontWriteBytecodeFlag = 1;
    Py_InitializeEx(0);
    import_twin();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs),
                                       cmocka_unit_test(test_everything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
