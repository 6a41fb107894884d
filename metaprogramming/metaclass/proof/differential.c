/* differential.c: random programs of class statements on ours and, in this process, on CPython's:
 * those of twin.py, with other seeds. After each both have told the same: every hook that was
 * called, with its arguments and what it gave, what each class became, and every error. SEED=n
 * replays a run, PROGRAMS=n makes n.
 */
#include "../../../common/proof/differential.h"

#include "programs.h"

static PyObject *names;

static void test_programs(void **state) {
    (void)state;
    const char *wanted = getenv("PROGRAMS");
    long programs = wanted ? strtol(wanted, NULL, 10) : 1500;
    uint64_t seeds = testing_seed();
    size_t bytes = 0;
    for (long i = 0; i < programs; i++) {
        unsigned seed = (unsigned)testing_random(&seeds, 1u << 31);
        char *printed;
        size_t size;
        out = open_memstream(&printed, &size);
        random_program(seed);
        fclose(out);
        PyObject *theirs = PyObject_CallFunction(PyDict_GetItemString(names, "told"), "I", seed);
        if (!theirs) PyErr_Print();
        assert_non_null(theirs);
        const char *text = PyUnicode_AsUTF8(theirs);
        if (strcmp(printed, text) != 0) { // too long for cmocka's own messages
            fprintf(stderr, "program %u\nours\n%s\ntheirs\n%s", seed, printed, text);
            fail();
        }
        assert_null(error_occurred());
        bytes += size;
        Py_DECREF(theirs);
        free(printed);
        if (i % 100 == 99) types_clear(), programs_init();
    }
    print_message("%ld programs told the same: %zu bytes\n", programs, bytes);
}

int main(int argc, char **argv) {
    static const char program[] = "import io, sys\n"
                                  "sys.path.insert(0, place)\n"
                                  "sys.dont_write_bytecode = True\n"
                                  "import twin\n"
                                  "twin.__name__ = '__main__'\n" // which classes are made in
                                  "def told(seed):\n"
                                  "    sys.stdout = io.StringIO()\n"
                                  "    twin.program(seed)\n"
                                  "    return sys.stdout.getvalue()\n";
    if (argc < 2) return usage_error(argv[0], "where is twin.py?");
    Py_InitializeEx(0);
    if (PY_VERSION_HEX >= 0x030C0000)
        return 77; // an error from __set_name__ is no RuntimeError there
    if (types_init() < 0 || metaclass_init() < 0) sure(NULL);
    programs_init();
    names = Py_BuildValue("{s:s,s:O}", "place", argv[1], "__builtins__",
                          PyImport_ImportModule("builtins"));
    if (!names || !PyRun_String(program, Py_file_input, names, names)) {
        PyErr_Print();
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
