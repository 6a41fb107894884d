/* bench.c: what it costs that something stands in a function's place, against CPython's, in this
 * process.
 *
 * Each row does one thing n times from C, on both sides through the C API: reads an attribute,
 * calls an object with one argument. Where a function is called, it is a C function that returns
 * its argument; the method and __call__ of "counts" are Python functions there, bodies in C here.
 * "types" calls the dispatched function with objects of n classes in turn; "hit" is with one, again
 * and again.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#undef True // macros of CPython, names of ours
#undef False
#undef CO_VARARGS
#undef CO_VARKEYWORDS

#include "../../../common/proof/benchmark.h"
#include "../callable.h"
#include "../descr.h"
#include "../dispatch.h"

enum { CLASSES = 1000, ONCE = 2000 };

static struct {
    Object *ours;
    PyObject *theirs;
} instance, value, show, counts, called, classes[CLASSES];

static Object *same(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return new_ref(args[0]);
}

static PyObject *their_same(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self, (void)nargs;
    return Py_NewRef(args[0]);
}

static PyMethodDef their_same_def = {"same", (PyCFunction)(void (*)(void))their_same, METH_FASTCALL,
                                     NULL};

/* ---- Reading an attribute ---------------------------------------------------------------------*/

static uint64_t read_ours(size_t n, size_t repeats, const void *argument) {
    Str *name = str_intern(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_getattr(instance.ours, name));
    return clock_now() - start;
}

static uint64_t read_theirs(size_t n, size_t repeats, const void *argument) {
    PyObject *name = PyUnicode_InternFromString(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(PyObject_GetAttr(instance.theirs, name));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(name);
    return elapsed;
}

static uint64_t write_ours(size_t n, size_t repeats, const void *argument) {
    Str *name = str_intern(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        object_setattr(instance.ours, name, value.ours);
    return clock_now() - start;
}

static uint64_t write_theirs(size_t n, size_t repeats, const void *argument) {
    PyObject *name = PyUnicode_InternFromString(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        PyObject_SetAttr(instance.theirs, name, value.theirs);
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(name);
    return elapsed;
}

/* obj.name(value), the method bound first. */
static uint64_t method_ours(size_t n, size_t repeats, const void *argument) {
    Str *name = str_intern(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        Object *method = object_getattr(instance.ours, name);
        decref(object_vectorcall(method, &value.ours, 1, NULL));
        decref(method);
    }
    return clock_now() - start;
}

static uint64_t method_theirs(size_t n, size_t repeats, const void *argument) {
    PyObject *name = PyUnicode_InternFromString(argument);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        PyObject *method = PyObject_GetAttr(instance.theirs, name);
        Py_DECREF(PyObject_Vectorcall(method, &value.theirs, 1, NULL));
        Py_DECREF(method);
    }
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(name);
    return elapsed;
}

/* ---- Calling ----------------------------------------------------------------------------------*/

static uint64_t call_ours(size_t n, size_t repeats, const void *argument) {
    Object *callable = *(Object *const *)argument;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_vectorcall(callable, &value.ours, 1, NULL));
    return clock_now() - start;
}

static uint64_t call_theirs(size_t n, size_t repeats, const void *argument) {
    PyObject *callable = *(PyObject *const *)argument;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(PyObject_Vectorcall(callable, &value.theirs, 1, NULL));
    return clock_now() - start;
}

static uint64_t types_ours(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_vectorcall(show.ours, &classes[i % n].ours, 1, NULL));
    return clock_now() - start;
}

static uint64_t types_theirs(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(PyObject_Vectorcall(show.theirs, &classes[i % n].theirs, 1, NULL));
    return clock_now() - start;
}

/* ---- What is measured -------------------------------------------------------------------------*/

static void *made(void *op) {
    if (op) return op;
    if (PyErr_Occurred()) PyErr_Print();
    if (error_occurred()) error_print(stderr);
    abort();
}

static void make_ours(void) {
    Dict *dict = made(dict_new()), *globals = made(dict_new());
    Object *function = made(builtin_new("same", same, NULL));
    Object *counting = OBJECT(made(count_calls_make(globals, true)));
    counts.ours = made(object_call_args(counting, 1, function));
    class_define(dict, "p", property_new(function, NULL, NULL, NULL));
    class_define(dict, "w", property_new(NULL, function, NULL, NULL));
    class_define(dict, "x", cached_property_new(function));
    class_define(dict, "s", staticmethod_new(function));
    class_define(dict, "c", classmethod_new(function));
    class_define(dict, "m", new_ref(counts.ours));
    class_define(dict, "__call__", staticmethod_new(function));
    Type *type = made(type_new("C", &Object_Type, dict));
    instance.ours = called.ours = made(object_call_args(OBJECT(type), 0));
    value.ours = made(int_from_long(1000));
    decref(made(object_getattr_string(instance.ours, "x")));
    show.ours = made(singledispatch_new(function));
    Dict *empty = made(dict_new());
    for (int i = 0; i < CLASSES; i++) {
        Type *one = made(type_new("D", &Object_Type, empty));
        classes[i].ours = made(object_call_args(OBJECT(one), 0));
    }
}

static void make_theirs(void) {
    PyObject *names = made(Py_BuildValue("{s:N}", "same", PyCFunction_New(&their_same_def, NULL)));
    made(PyRun_String(
        "from functools import cached_property, singledispatch, update_wrapper\n"
        "from types import MethodType\n"
        "class CountCalls:\n"
        "    def __init__(self, func):\n"
        "        update_wrapper(self, func)\n"
        "        self.func, self.calls = func, 0\n"
        "    def __call__(self, *args, **kwargs):\n"
        "        self.calls += 1\n"
        "        return self.func(*args, **kwargs)\n"
        "    def __get__(self, obj, type=None):\n"
        "        return self if obj is None else MethodType(self, obj)\n"
        "counts, show = CountCalls(same), singledispatch(same)\n"
        "class C:\n"
        "    p, w, x = property(same), property(None, same), cached_property(same)\n"
        "    s, c, m, __call__ = staticmethod(same), classmethod(same), counts, staticmethod(same)\n"
        "instance = C()\n"
        "instance.x\n"
        "classes = [type('D', (), {})() for _ in range(1000)]\n",
        Py_file_input, names, names));
    instance.theirs = called.theirs = made(PyDict_GetItemString(names, "instance"));
    counts.theirs = made(PyDict_GetItemString(names, "counts"));
    show.theirs = made(PyDict_GetItemString(names, "show"));
    value.theirs = made(PyLong_FromLong(1000));
    PyObject *list = made(PyDict_GetItemString(names, "classes"));
    for (int i = 0; i < CLASSES; i++)
        classes[i].theirs = PyList_GET_ITEM(list, i);
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    PyGC_Disable();
    make_ours();
    make_theirs();
#define ROW(name, ours, our_argument, theirs, their_argument, most)                                \
    { name, {{"ours", ours, our_argument}, {"CPython", theirs, their_argument}}, .limit = most }
    const BenchmarkRow rows[] = {
        ROW("property", read_ours, "p", read_theirs, "p", ONCE),
        ROW("property set", write_ours, "w", write_theirs, "w", ONCE),
        ROW("cached_property", read_ours, "x", read_theirs, "x", ONCE),
        ROW("staticmethod", method_ours, "s", method_theirs, "s", ONCE),
        ROW("classmethod", method_ours, "c", method_theirs, "c", ONCE),
        ROW("__call__", call_ours, &called.ours, call_theirs, &called.theirs, ONCE),
        ROW("counts", call_ours, &counts.ours, call_theirs, &counts.theirs, ONCE),
        ROW("counts method", method_ours, "m", method_theirs, "m", ONCE),
        ROW("dispatch hit", call_ours, &show.ours, call_theirs, &show.theirs, ONCE),
        ROW("dispatch types", types_ours, NULL, types_theirs, NULL, CLASSES),
    };
    Benchmark benchmark = {"classbased", .sizes = {1000}};
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof *rows, argc, argv);
}
