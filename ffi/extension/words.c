/* words.c: an extension module that somebody might want: how far apart are two words, and which of
 * a list is nearest.
 *
 * Three invariants. Every function returns either a new reference and no exception, or NULL and
 * one. What is shared by the objects of one module (its exception, its type) is in the module's
 * state, not in C's static variables: so there can be two of this module. And while the GIL is not
 * held, nothing is touched that another thread could change: the texts that are compared lie in an
 * Arena, which nobody changes once it is made, and is counted under the GIL.
 *
 * Built twice from this source: words.cpython-311-*.so for the Python at hand, and with
 * Py_LIMITED_API words.abi3.so, which 3.11 and all later ones load.
 *
 * CPython: Objects/moduleobject.c, Objects/typeobject.c, Objects/abstract.c; Modules/xxlimited.c is
 * its own example.
 */
#include "words.h"

/* ---- The characters of a str -----------------------------------------------------------------*/

void text_drop(Text *self) {
    if (self->characters != self->few) PyMem_Free(self->characters);
}

void refuse_type(const char *what, PyObject *value) {
    PyObject *name = PyType_GetName(Py_TYPE(value)); // tp_name, which the limited API has not
    if (name) PyErr_Format(PyExc_TypeError, "%s must be str, not %U", what, name);
    Py_XDECREF(name);
}

/* The limited API forbids PyUnicode_KIND() and PyUnicode_READ(), which look into the object: how
 * a str lies in memory is not promised to stay. It has a copy to offer. */
int text_copy(PyObject *str, uint32_t *to, size_t length) {
#ifdef Py_LIMITED_API
    return PyUnicode_AsUCS4(str, to, (Py_ssize_t)length, 0) ? 0 : -1;
#else
    int kind = PyUnicode_KIND(str);
    const void *data = PyUnicode_DATA(str);
    if (kind == PyUnicode_1BYTE_KIND) { // the usual case, without a question for each character
        for (size_t i = 0; i < length; i++)
            to[i] = ((const Py_UCS1 *)data)[i];
    } else {
        for (size_t i = 0; i < length; i++)
            to[i] = PyUnicode_READ(kind, data, (Py_ssize_t)i);
    }
    return 0;
#endif
}

int text_take(Text *self, PyObject *str, const char *what) {
    if (!PyUnicode_Check(str)) {
        refuse_type(what, str);
        return -1;
    }
    Py_ssize_t length = PyUnicode_GetLength(str);
    if (length < 0) return -1;
    self->length = (size_t)length;
    self->characters = self->few;
    if (self->length > EDIT_WORD) self->characters = PyMem_Malloc(self->length * sizeof(uint32_t));
    if (!self->characters) {
        PyErr_NoMemory();
        return -1;
    }
    if (self->length == 0 || text_copy(str, self->characters, self->length) == 0) return 0;
    text_drop(self);
    return -1;
}

/* ---- distance() ------------------------------------------------------------------------------*/

/* The distance, or -1 with MemoryError or KeyboardInterrupt. Long texts are compared without the
 * GIL, and now and then with it, to see to signals: Python's handler, which raises
 * KeyboardInterrupt, runs only when asked for. */
static Py_ssize_t text_distance(const Text *a, const Text *b) {
    Edit edit;
    size_t needed = edit_begin(&edit, a->characters, a->length, b->characters, b->length);
    if (needed == 0) return (Py_ssize_t)edit_short(edit.a, edit.na, edit.b, edit.nb);
    edit.bits = PyMem_Malloc(needed);
    if (!edit.bits) {
        PyErr_NoMemory();
        return -1;
    }
    int done, interrupted = 0;
    do {
        PyThreadState *thread = PyEval_SaveThread(); // Py_BEGIN_ALLOW_THREADS, without its braces
        done = edit_go_on(&edit, BUDGET);
        PyEval_RestoreThread(thread);
        if (!done) interrupted = PyErr_CheckSignals();
    } while (!done && !interrupted);
    PyMem_Free(edit.bits);
    return interrupted ? -1 : (Py_ssize_t)edit.distance;
}

/* limit's value: -1 for none; -2 with an exception. */
static Py_ssize_t limit_of(PyObject *limit) {
    if (!limit || limit == Py_None) return -1;
    Py_ssize_t value = PyNumber_AsSsize_t(limit, PyExc_OverflowError);
    if (value >= 0) return value;
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "limit must not be negative");
    return -2;
}

/* The one keyword: borrowed, NULL if it was not given; -1 with TypeError. */
static int limit_argument(const State *state, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames, PyObject **limit) {
    *limit = NULL;
    if (nargs != 2) {
        PyErr_Format(PyExc_TypeError, "distance() takes exactly 2 positional arguments (%zd given)",
                     nargs);
        return -1;
    }
    Py_ssize_t nkw = kwnames ? PyTuple_Size(kwnames) : 0;
    for (Py_ssize_t i = 0; i < nkw; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i); // interned, as a rule: then the address tells
        if (name != state->limit_name && PyUnicode_Compare(name, state->limit_name) != 0) {
            PyErr_Format(PyExc_TypeError, "distance() got an unexpected keyword argument '%U'",
                         name);
            return -1;
        }
        *limit = args[nargs + i];
    }
    return 0;
}

PyDoc_STRVAR(distance_doc,
             "distance($module, a, b, /, *, limit=None)\n--\n\n"
             "How many characters must be inserted, removed or replaced to turn a into b.\n\n"
             "Raises TooFar if that is more than limit.");

static PyObject *distance(PyObject *module, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames) {
    const State *state = PyModule_GetState(module);
    PyObject *limit_object;
    if (limit_argument(state, args, nargs, kwnames, &limit_object) < 0) return NULL;
    Py_ssize_t limit = limit_of(limit_object);
    if (limit == -2) return NULL;
    Text a, b;
    if (text_take(&a, args[0], "a") < 0) return NULL;
    if (text_take(&b, args[1], "b") < 0) {
        text_drop(&a);
        return NULL;
    }
    Py_ssize_t result = text_distance(&a, &b);
    text_drop(&a);
    text_drop(&b);
    if (result < 0) return NULL;
    if (limit >= 0 && result > limit) {
        return PyErr_Format(state->TooFar, "distance %zd is more than %zd", result, limit);
    }
    return PyLong_FromSsize_t(result);
}

/* ---- The module ------------------------------------------------------------------------------*/

static PyMethodDef methods[] = {
    {"distance", FUNCTION(distance), METH_FASTCALL | METH_KEYWORDS, distance_doc},
    {NULL, NULL, 0, NULL},
};

/* The second phase: the module exists and is filled. What fails half-way is dropped with the
 * module. */
static int execute(PyObject *module) {
    State *state = PyModule_GetState(module);
    state->limit_name = PyUnicode_InternFromString("limit");
    if (!state->limit_name) return -1;
    state->TooFar = PyErr_NewExceptionWithDoc(
        "words.TooFar", "Two words are further apart than the limit.", PyExc_ValueError, NULL);
    if (!state->TooFar || PyModule_AddObjectRef(module, "TooFar", state->TooFar) < 0) return -1;
    state->Words = (PyTypeObject *)PyType_FromModuleAndSpec(module, &words_spec, NULL);
    if (!state->Words) {
        if (!PyErr_Occurred()) PyErr_NoMemory(); // 3.11 forgets to say so when it copies the name
        return -1;
    }
    return PyModule_AddType(module, state->Words);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    const State *state = PyModule_GetState(module);
    if (!state) return 0; // it was never executed
    Py_VISIT(state->TooFar);
    Py_VISIT(state->Words);
    return 0;
}

static int module_clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    if (!state) return 0;
    Py_CLEAR(state->TooFar);
    Py_CLEAR(state->Words);
    Py_CLEAR(state->limit_name);
    return 0;
}

static void module_free(void *module) {
    module_clear(module);
}

/* Slots that an older Python does not know it refuses ("module words uses unknown slot ID 3"): so
 * PyInit chooses by the version of the Python that loads it, which for the limited API is not the
 * one that it was compiled for. The numbers and values are those of 3.12's and 3.13's
 * Include/moduleobject.h. */
enum { MOD_MULTIPLE_INTERPRETERS = 3, MOD_GIL = 4 };
#define MOD_PER_INTERPRETER_GIL_SUPPORTED                                                          \
    ((void *)2)                  // 3.12: each interpreter may have a GIL of its own
#define MOD_GIL_USED ((void *)0) // 3.13: a free-threaded Python must turn its GIL on for us

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {MOD_MULTIPLE_INTERPRETERS, MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {MOD_GIL, MOD_GIL_USED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "words",
    .m_doc = "Edit distance, over lists of words.",
    .m_size = sizeof(State),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit_words(void) {
    if (Py_Version < 0x030C0000) {
        slots[1] = (PyModuleDef_Slot){0, NULL};
    } else if (Py_Version < 0x030D0000) {
        slots[2] = (PyModuleDef_Slot){0, NULL};
    }
    return PyModuleDef_Init(&definition);
}
