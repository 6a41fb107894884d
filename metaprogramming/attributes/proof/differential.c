/* differential.c: random programs of classes, hooks and attribute operations, line by line on our
 * mechanism and on the interpreter in this process, where twin.py's run() executes the line.
 *
 * What is compared is the text of a line's outcome: who was called, in which order, and the value
 * or the error. Ours reads the attributes of every other program through places with inline
 * caches, one a name.
 */
#include "../../../common/proof/differential.h"

#include "program.h"

#include "generate.h"

enum { PROGRAMS = 400, LINES = 150 };

static uint64_t state_of_random, compared;
static PyObject *their_run;
static char history[LINES + sizeof generate_setup / sizeof generate_setup[0]][200];
static int nhistory;

static void compare(const char *line, const char *ours) {
    if (nhistory < LINES) snprintf(history[nhistory++], sizeof history[0], "%s", line);
    PyObject *their = PyObject_CallFunction(their_run, "s", line);
    if (!their) PyErr_Print();
    assert_non_null(their);
    compared++;
    if (strcmp(ours, PyUnicode_AsUTF8(their)) != 0) {
        for (int i = 0; i < nhistory; i++)
            print_message("%s\n", history[i]);
        fail_msg("%s\nours   %s\ntheirs %s", line, ours, PyUnicode_AsUTF8(their));
    }
    Py_DECREF(their);
}

static void test_random(void **state) {
    (void)state;
    for (int program = 0; program < PROGRAMS; program++) {
        Generator generator = {.random = state_of_random + (uint64_t)program, .wide = true};
        LoadAttr places[GENERATE_NAMES] = {{0}};
        nhistory = 0;
        assert_int_equal(program_begin(), 0);
        for (size_t i = 0; i < sizeof generate_setup / sizeof generate_setup[0]; i++)
            compare(generate_setup[i], program_run(generate_setup[i]));
        nhistory = 0;
        for (int i = 0; i < LINES; i++) {
            char line[200], ours[1400];
            Op op = generate_op(&generator);
            generate_text(&op, true, line, sizeof line);
            LoadAttr *place = &places[op.name];
            if (!place->name) place->name = str_intern((char[]){(char)('a' + op.name), '\0'});
            program_site = program % 2 ? place : NULL;
            strcpy(ours, program_run(line));
            program_site = NULL;
            compare(line, ours);
            generate_made(&generator, &op, ours);
        }
        program_end();
        if (program % 20 == 19) PyGC_Collect();
    }
    print_message("%llu outcomes compared\n", (unsigned long long)compared);
}

int main(int argc, char **argv) {
    state_of_random = testing_seed();
    Py_InitializeEx(0);
    PyObject *path = PySys_GetObject("path"),
             *here = PyUnicode_FromString(argc > 1 ? argv[1] : ".");
    PyList_Insert(path, 0, here);
    PySys_SetObject("dont_write_bytecode", Py_True);
    PyObject *twin = PyImport_ImportModule("twin");
    if (!twin) PyErr_Print();
    their_run = twin ? PyObject_GetAttrString(twin, "run") : NULL;
    if (!their_run || types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
