/* differential.c: the same random programs of nested `with`, `try` and `raise` on ours and, in this
 * process, on CPython's.
 *
 * A program is drawn while it runs, from the same random numbers on both sides; so is what managers do
 * when they are entered and left: nothing, fail, swallow, raise an exception that was caught before, run
 * such a program themselves. Both must tell the same, chains of exceptions as they are printed included,
 * rings among them. SEED=n replays a run, PROGRAMS=n makes n.
 */
#include "../../../common/proof/differential.h"
#undef None

#include "../with.h"

enum { SLOTS = 3, DEPTH = 7 };

/* ---- One tale and one sequence of numbers on each side ----------------------------------------*/

typedef struct {
    char text[1 << 20];
    size_t length;
    uint64_t random;
    long drawn; // a program that draws a thousand numbers ends
} Side;

static Side ours, theirs;

static void tell(Side *side, const char *text) {
    size_t room = sizeof side->text - side->length;
    int length = snprintf(side->text + side->length, room, "%s\n", text);
    assert_true((size_t)length < room);
    side->length += (size_t)length;
}

static int draw_from(Side *side, int limit) {
    return side->drawn++ > 1000 ? 0 : (int)testing_random(&side->random, (uint64_t)limit);
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static Exception *slots[SLOTS];

static int draw(int limit) {
    return draw_from(&ours, limit);
}

static void tell_printed(Exception *exc) {
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    exception_print(exc, file);
    fclose(file);
    tell(&ours, text);
    free(text);
}

static int throw(void) {
    int how = draw(4), number = draw(1000);
    Exception *old = slots[draw(SLOTS)];
    if (how == 0 && old) return exception_raise((Exception *)new_ref(old));
    Exception *new = exception_new(number % 2 ? &ValueError_Type : &KeyError_Type, "%d", number);
    if (how == 1 && old) return exception_raise_from(new, old);
    if (how == 2) return exception_raise_from(new, NULL);
    return exception_raise(new);
}

static int block(int depth);

typedef struct {
    Object ob;
    int depth;
} Manager;

static Object *manager_enter(Object *op) {
    tell(&ours, "enter");
    int what = draw(8);
    if (what == 0 && throw() < 0) return NULL;
    if (what == 1 && block(((Manager *)op)->depth) < 0) return NULL;
    return new_ref(op);
}

static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)type, (void)traceback;
    Exception *told = type == OBJECT(&none_object) ? NULL : (Exception *)value;
    tell(&ours, told ? exception_str(told) : "exit");
    int what = draw(8);
    if (what == 0 && throw() < 0) return NULL;
    if (what <= 2 && block(((Manager *)op)->depth) < 0) return NULL;
    if (what == 3 && told) {
        exception_raise((Exception *)new_ref(told));
        return NULL;
    }
    return new_ref(draw(4) ? False : True);
}

static void manager_dealloc(Object *op) {
    free(op);
}

static Type Manager_Type = {TYPE("Manager", NULL), .dealloc = manager_dealloc,
                            .enter = manager_enter, .exit = manager_exit};

static int run_with(int depth) {
    Manager *manager = object_new(&Manager_Type, sizeof *manager);
    manager->depth = depth;
    WITH(w, OBJECT(manager), NULL) {
        (void)block(depth);
    }
    decref(manager);
    return error_occurred() ? -1 : 0;
}

static int run_try(int depth) {
    if (block(depth) == 0) return 0;
    Exception *saved, *exc = except_begin(&saved), **slot = &slots[draw(SLOTS)], *old = *slot;
    *slot = (Exception *)new_ref(exc);
    xdecref(old);
    if (draw(3) == 0) exception_add_note(exc, "noted");
    tell_printed(exc);
    int status = block(depth);
    if (status == 0 && draw(4) == 0) return except_reraise(saved);
    Exception *raised = exception_fetch();
    except_end(saved);
    exception_restore(raised);
    return status;
}

static int block(int depth) {
    for (int n = draw(6); n > 0; n--) {
        int what = draw(8);
        if (what == 0) return throw();
        if (what == 1) tell(&ours, exception_handled() ? exception_str(exception_handled()) : "-");
        if (what >= 2 && depth > 0 && (what < 6 ? run_with : run_try)(depth - 1) < 0) return -1;
    }
    return 0;
}

static void our_program(void) {
    if (block(DEPTH) == 0) return;
    Exception *exc = exception_fetch();
    tell_printed(exc);
    decref(exc);
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static const char source[] =
    "import sys, traceback\n"
    "slots = [None] * 3\n"
    "def printed(exc):\n"
    "    todo, seen = [exc], []\n"
    "    while todo:\n"
    "        e = todo.pop()\n"
    "        if e and e not in seen:\n"
    "            seen.append(e)\n"
    "            e.__traceback__ = None\n"
    "            todo += [e.__context__, e.__cause__]\n"
    "    tell(''.join(traceback.format_exception(exc)))\n"
    "def throw():\n"
    "    how, number, old = draw(4), draw(1000), slots[draw(3)]\n"
    "    if how == 0 and old: raise old\n"
    "    new = (ValueError if number % 2 else KeyError)(str(number))\n"
    "    if how == 1 and old: raise new from old\n"
    "    if how == 2: raise new from None\n"
    "    raise new\n"
    "class Manager:\n"
    "    def __init__(self, depth): self.depth = depth\n"
    "    def __enter__(self):\n"
    "        tell('enter')\n"
    "        what = draw(8)\n"
    "        if what == 0: throw()\n"
    "        if what == 1: block(self.depth)\n"
    "    def __exit__(self, kind, value, tb):\n"
    "        tell(value.args[0] if value else 'exit')\n"
    "        what = draw(8)\n"
    "        if what == 0: throw()\n"
    "        if what <= 2: block(self.depth)\n"
    "        if what == 3 and value: raise value\n"
    "        return not draw(4)\n"
    "def run_with(depth):\n"
    "    with Manager(depth):\n"
    "        block(depth)\n"
    "def run_try(depth):\n"
    "    try:\n"
    "        block(depth)\n"
    "    except Exception as exc:\n"
    "        slots[draw(3)] = exc\n"
    "        if draw(3) == 0: exc.add_note('noted')\n"
    "        printed(exc)\n"
    "        block(depth)\n"
    "        if draw(4) == 0: raise\n"
    "def block(depth):\n"
    "    for _ in range(draw(6)):\n"
    "        what = draw(8)\n"
    "        if what == 0: throw()\n"
    "        if what == 1: tell(sys.exc_info()[1].args[0] if sys.exc_info()[1] else '-')\n"
    "        if what >= 2 and depth > 0: (run_with if what < 6 else run_try)(depth - 1)\n"
    "def program():\n"
    "    try: block(7)\n"
    "    except Exception as exc: printed(exc)\n"
    "def forget(): slots[:] = [None] * 3\n";

static PyObject *their_tell(PyObject *self, PyObject *text) {
    (void)self;
    tell(&theirs, PyUnicode_AsUTF8(text));
    return Py_NewRef(Py_None);
}

static PyObject *their_draw(PyObject *self, PyObject *limit) {
    (void)self;
    return PyLong_FromLong(draw_from(&theirs, (int)PyLong_AsLong(limit)));
}

static PyMethodDef methods[] = {{"tell", their_tell, METH_O, "The embedding program's tale."},
                                {"draw", their_draw, METH_O, "Its random numbers."}};

static void call(PyObject *globals, const char *name) {
    PyObject *result = PyObject_CallNoArgs(PyDict_GetItemString(globals, name));
    if (!result) PyErr_Print();
    assert_non_null(result);
    Py_DECREF(result);
}

/* ---- Compared --------------------------------------------------------------------------------*/

static void test_programs(void **state) {
    (void)state;
    PyObject *globals = PyDict_New();
    PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
    for (int i = 0; i < 2; i++)
        PyDict_SetItemString(globals, methods[i].ml_name, PyCFunction_New(&methods[i], NULL));
    PyObject *module = PyRun_String(source, Py_file_input, globals, globals);
    if (!module) PyErr_Print();
    assert_non_null(module);

    const char *wanted = getenv("PROGRAMS");
    long programs = wanted ? strtol(wanted, NULL, 10) : 3000, longest = 0, lines = 0;
    uint64_t seeds = testing_seed();
    for (long i = 0; i < programs; i++) {
        ours.random = theirs.random = testing_random(&seeds, UINT64_MAX);
        ours.length = theirs.length = 0;
        ours.drawn = theirs.drawn = 0;
        our_program();
        call(globals, "program");
        assert_string_equal(ours.text, theirs.text);
        assert_int_equal(ours.drawn, theirs.drawn);
        assert_false(error_occurred());
        assert_null(exception_handled());
        if ((long)ours.length > longest) longest = (long)ours.length;
        lines += (long)ours.length;
        for (int slot = 0; slot < SLOTS; slot++)
            clear_ref(slots[slot]);
        call(globals, "forget");
    }
    print_message("%ld programs told the same: %ld bytes, the longest %ld\n", programs, lines,
                  longest);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
