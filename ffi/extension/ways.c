/* ways.c: one function, added up in each of the ways in which C can be handed its arguments, to be
 * timed.
 *
 *   add_varargs           METH_VARARGS                  a tuple, taken apart by a format string
 *   add_keywords          METH_VARARGS | METH_KEYWORDS  a tuple and a dict, by a format string and names
 *   add_fastcall          METH_FASTCALL                 an array and its length: no tuple is made
 *   add_fastcall_keywords METH_FASTCALL | METH_KEYWORDS an array, and a tuple of the names of its last items
 *   add_one               METH_O                        the argument itself
 *   nothing               METH_NOARGS                   nothing
 *
 * CPython: Objects/methodobject.c; Python/getargs.c.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *nothing(PyObject *module, PyObject *unused) {
    (void)module;
    (void)unused;
    Py_RETURN_NONE;
}

static PyObject *sum(long a, long b) {
    long result;
    if (!__builtin_add_overflow(a, b, &result)) return PyLong_FromLong(result);
    PyErr_SetString(PyExc_OverflowError, "the sum is too large for a C long");
    return NULL;
}

static PyObject *add_one(PyObject *module, PyObject *arg) {
    (void)module;
    long value = PyLong_AsLong(arg);
    if (value == -1 && PyErr_Occurred()) return NULL;
    return sum(value, 1);
}

static PyObject *add_varargs(PyObject *module, PyObject *args) {
    long a, b;
    (void)module;
    if (!PyArg_ParseTuple(args, "ll:add_varargs", &a, &b)) return NULL;
    return sum(a, b);
}

static PyObject *add_keywords(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"a", "b", NULL};
    long a, b;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "ll:add_keywords", names, &a, &b)) return NULL;
    return sum(a, b);
}

/* a + b of the first two arguments. */
static PyObject *sum_of(PyObject *const *args) {
    long a = PyLong_AsLong(args[0]);
    if (a == -1 && PyErr_Occurred()) return NULL;
    long b = PyLong_AsLong(args[1]);
    if (b == -1 && PyErr_Occurred()) return NULL;
    return sum(a, b);
}

static PyObject *add_fastcall(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    (void)module;
    if (nargs == 2) return sum_of(args);
    return PyErr_Format(PyExc_TypeError, "add_fastcall expected 2 arguments, got %zd", nargs);
}

/* Which parameter a keyword names: 0, 1, or -1 with TypeError. Names in a call are interned, so
 * that the address tells mostly; the text has the last word. */
static int parameter(PyObject *name, PyObject *const *names) {
    for (int i = 0; i < 2; i++) {
        if (name == names[i]) return i;
    }
    for (int i = 0; i < 2; i++) {
        if (PyUnicode_Compare(name, names[i]) == 0) return i;
    }
    PyErr_Format(PyExc_TypeError, "add_fastcall_keywords() got an unexpected keyword argument '%U'",
                 name);
    return -1;
}

typedef struct {
    PyObject *names[2];
} State;

static PyObject *add_fastcall_keywords(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                                       PyObject *kwnames) {
    PyObject *values[2] = {NULL, NULL};
    const State *state = PyModule_GetState(module);
    if (nargs > 2) {
        return PyErr_Format(
            PyExc_TypeError,
            "add_fastcall_keywords() takes 2 positional arguments but %zd were given", nargs);
    }
    for (Py_ssize_t i = 0; i < nargs; i++)
        values[i] = args[i];
    Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    for (Py_ssize_t i = 0; i < nkw; i++) {
        int at = parameter(PyTuple_GET_ITEM(kwnames, i), state->names);
        if (at < 0) return NULL;
        if (values[at]) {
            return PyErr_Format(PyExc_TypeError,
                                "add_fastcall_keywords() got multiple values for argument '%U'",
                                state->names[at]);
        }
        values[at] = args[nargs + i];
    }
    for (int i = 0; i < 2; i++) {
        if (!values[i]) {
            return PyErr_Format(PyExc_TypeError,
                                "add_fastcall_keywords() missing required argument '%U' (pos %d)",
                                state->names[i], i + 1);
        }
    }
    return sum_of(values);
}

#define FUNCTION(function) ((PyCFunction)(void (*)(void))(function)) // whatever its parameters are
static PyMethodDef methods[] = {
    {"nothing", nothing, METH_NOARGS, "nothing($module, /)\n--\n\nNone, by METH_NOARGS."},
    {"add_one", add_one, METH_O, "add_one($module, a, /)\n--\n\na + 1, by METH_O."},
    {"add_varargs", add_varargs, METH_VARARGS,
     "add_varargs($module, a, b, /)\n--\n\na + b, by METH_VARARGS."},
    {"add_keywords", FUNCTION(add_keywords), METH_VARARGS | METH_KEYWORDS,
     "add_keywords($module, a, b)\n--\n\na + b, by METH_VARARGS | METH_KEYWORDS."},
    {"add_fastcall", FUNCTION(add_fastcall), METH_FASTCALL,
     "add_fastcall($module, a, b, /)\n--\n\na + b, by METH_FASTCALL."},
    {"add_fastcall_keywords", FUNCTION(add_fastcall_keywords), METH_FASTCALL | METH_KEYWORDS,
     "add_fastcall_keywords($module, a, b)\n--\n\na + b, by METH_FASTCALL | METH_KEYWORDS."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module) {
    State *state = PyModule_GetState(module);
    state->names[0] = PyUnicode_InternFromString("a");
    state->names[1] = PyUnicode_InternFromString("b");
    return state->names[0] && state->names[1] ? 0 : -1;
}

static void ways_free(void *module) {
    State *state = PyModule_GetState(module);
    if (!state) return; // it was never executed
    Py_CLEAR(state->names[0]);
    Py_CLEAR(state->names[1]);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "ways",
    .m_doc = "One function, called in each of C's ways.",
    .m_size = sizeof(State),
    .m_methods = methods,
    .m_slots = slots,
    .m_free = ways_free,
};

PyMODINIT_FUNC PyInit_ways(void) {
    return PyModuleDef_Init(&definition);
}
