/* differential.c: random programs of classes, descriptors and dispatched functions, line by line on
 * ours and in CPython 3.11 in this process, where twin.py executes them.
 *
 * A line is drawn from the grammar below: %x stands for one of the alternatives of x. Functions
 * that delete or replace attributes of the class they are called on are among them, and the special
 * methods are attributes like others. SEED=n replays a run, PROGRAMS=n makes n. What other versions
 * do differently is the twin's business.
 */
#include "../../../common/proof/differential.h"
#undef CO_VARARGS // macros of CPython, constants of ours
#undef CO_VARKEYWORDS

#include "program.h"

enum { LINES = 80 };

static const char *const first_lines[] = {
    "def f0(*args, **kwargs): say('f0', args, kwargs); return args",
    "def f1(self): 'Doc of 1.'; return self.z",
    "def f2(self, value): self.z = value",
    "def f3(self): del self.__class__.a; return 'f3'",
    "def f4(self): self.__class__.a = 5; return 4",
    "def f5(self, owner, name): say('f5', name); owner.b = name",
    "def f6(x, y=1): return (x, y)",
    "def f7(x): raise ValueError('f7')",
    "def f8(x): d0.register(int, f0); return f0(x)",
    "def f9(self, obj, type=None): say('f9', obj); return 9",
    "def n0(self): 'Doc of n0.'; del self.__class__.__call__; return f0(self)",
    "def n1(self, *args): self.__class__.__call__ = f0; return args",
    "class C0: z = 1",
    "class C1(C0): a = property(f1, f2)",
    "class C2(C1): b = cached_property(f1)",
    "class C3: c = CountCalls(f0)",
    "o0 = C0()",
    "o1 = C1()",
    "o2 = C2()",
    "o3 = C3()",
    "p0 = property(f1, f2)",
    "p1 = cached_property(f4)",
    "d0 = singledispatch(f0)",
    "d1 = singledispatch(f1)",
};

static const struct {
    char letter;
    const char *alternatives[28];
} grammar[] = {
    {'l',
     {"%o.%a",
      "%o.%a",
      "%o.%a",
      "%o.%a = %v",
      "del %o.%a",
      "%c.%a",
      "%c.%a = %v",
      "del %c.%a",
      "%o(%g)",
      "%o.%a(%g)",
      "%c.%a(%g)",
      "%o = %c()",
      "class %c%b: %a = %v; %a = %v; %s = %v",
      "class %c%b: %a = %v; __set_name__ = %f",
      "class %c%b: %a = %v",
      "%c.%s = %v",
      "del %c.%s",
      "%p",
      "%D",
      "%D",
      "callable(%o), %o.__dict__",
      "%c.%s = %f",
      "%o.%s",
      "%c.%a.__wrapped__",
      "%c.__name__"}},
    {'p',
     {"p0 = %P.getter(%f)", "p0 = property(%f, %f, %f, 'doc')", "p0 = property(doc='doc')",
      "p0 = %P.setter(%f)", "p0 = %P.deleter(%f)", "%P.__doc__", "%P.fget, %P.fset, %P.fdel",
      "%P.__doc__ = 'new'", "%c.%a = %P", "class %c%b: %a = %P", "%P.getter(%g)",
      "p1 = cached_property(%f)", "class %c: %a = p1; %a = p1", "p1.attrname, p1.func, p1.__doc__",
      "del %P.fget", "%P.fset = 1"}},
    {'D',
     {"%d(%g)",
      "%d(%g)",
      "%d(%x)",
      "%d(%x)",
      "%d(%o)",
      "%d.register(%t, %f)",
      "%d.register(%c, %f)",
      "%d.register(%c, %f)",
      "registry(%d)",
      "cached(%d)",
      "%d.dispatch(%t)",
      "%d.dispatch(%c)",
      "%d._clear_cache()",
      "%d.register(%x)",
      "%d.register(%t)(%f)",
      "def g0(x: %t): return f0('g0', x)",
      "def g0(x: %c, y: int): return f0('g0', x)",
      "%d.register(g0)",
      "%d = singledispatch(%f)",
      "%d.__name__, %d.__doc__, %d.__wrapped__",
      "%d.dispatch(%x)",
      "%d.register(%x, %f)"}},
    {'P', {"p0"}},
    {'v',
     {"property(%f)", "property(%f, %f)", "property(%f, %f, %f)", "staticmethod(%F)",
      "classmethod(%F)", "cached_property(%f)", "CountCalls(%F)", "Plain(%F)", "%f", "%o", "%o",
      "%x", "%P", "%d", "%c", "partial(%f, %x)", "None", "p1"}},
    {'F', {"%f", "%f", "%f", "%v", "%o"}},
    {'f', {"f0", "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "n0", "n1"}},
    {'c', {"C0", "C1", "C2", "C3"}},
    {'b', {"", "(C0)", "(C1)", "(C2)", "(C3)"}},
    {'a', {"a", "a", "b", "c", "z"}},
    {'s', {"__call__", "__call__", "__get__", "__set__", "__delete__"}},
    {'o', {"o0", "o1", "o2", "o3"}},
    {'g', {"", "", "%x", "%x", "%x, %x", "%o", "y=%x", "%x, y=2", "None, %c"}},
    {'x', {"1", "'a'", "2.5", "(1, 'b')", "None", "True", "%o"}},
    {'t', {"int", "str", "bool", "float", "tuple", "object", "type(None)"}},
    {'d', {"d0", "d1"}},
};

static const char *alternative(char letter, uint64_t *random) {
    size_t i = 0, n = 0;
    while (grammar[i].letter != letter)
        i++;
    while (n < 28 && grammar[i].alternatives[n])
        n++;
    return grammar[i].alternatives[testing_random(random, n)];
}

static void draw(const char *form, uint64_t *random, FILE *line) {
    for (; *form; form++) {
        if (*form == '%')
            draw(alternative(*++form, random), random, line);
        else
            fputc(*form, line);
    }
}

static PyObject *their_begin, *their_run;

static void compare_line(const char *line, bool *ended) {
    char *ours = NULL;
    size_t size;
    program.out = open_memstream(&ours, &size);
    program_line(line);
    fclose(program.out);
    PyObject *told = PyObject_CallFunction(their_run, "s", line);
    const char *theirs = told ? PyUnicode_AsUTF8(told) : "not executed";
    // How deep a recursion was when it was refused is nobody's promise.
    *ended = strstr(ours, "RecursionError") && strstr(theirs, "RecursionError");
    if (!*ended && strcmp(ours, theirs) != 0)
        fail_msg("%s\n%s  but CPython:\n%s", line, ours, theirs);
    Py_XDECREF(told);
    free(ours);
}

static void one_program(uint64_t *random, bool show) {
    bool ended = false;
    assert_int_equal(program_begin(stdout), 0);
    Py_XDECREF(PyObject_CallNoArgs(their_begin));
    for (size_t i = 0; i < sizeof first_lines / sizeof *first_lines; i++)
        compare_line(first_lines[i], &ended);
    for (int i = 0; i < LINES && !ended; i++) {
        char *text = NULL;
        size_t size;
        FILE *line = open_memstream(&text, &size);
        draw("%l", random, line);
        fclose(line);
        if (show) print_message("%s\n", text);
        compare_line(text, &ended);
        free(text);
    }
    program_end();
}

static void test_programs(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    const char *count = getenv("PROGRAMS");
    for (long i = count ? strtol(count, NULL, 10) : 300; i > 0; i--) {
        one_program(&random, getenv("SHOW") != NULL);
    }
}

int main(int argc, char **argv) {
    if (PY_VERSION_HEX >> 16 != 0x030B) return 77; // skipped
    if (argc < 2) return usage_error(argv[0], "where is twin.py?");
    Py_InitializeEx(0);
    PyObject *names = Py_BuildValue("{s:s}", "place", argv[1]);
    PyObject *made = PyRun_String("import gc, io, sys\n"
                                  "sys.path.insert(0, place)\n"
                                  "sys.dont_write_bytecode = True\n"
                                  "import twin\n"
                                  "first = dict(twin.names)\n"
                                  "def begin():\n"
                                  "    twin.names = dict(first)\n"
                                  "    gc.collect()\n" // not in a program, whose caches are weak
                                  "    gc.disable()\n"
                                  "def run(line):\n"
                                  "    twin.out = io.StringIO()\n"
                                  "    twin.execute(line)\n"
                                  "    return twin.out.getvalue()\n",
                                  Py_file_input, names, names);
    if (!made) PyErr_Print();
    Py_XDECREF(made);
    their_begin = PyDict_GetItemString(names, "begin");
    their_run = PyDict_GetItemString(names, "run");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};
    return their_run ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
