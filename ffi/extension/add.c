// add.c: the smallest extension module. import add; add.add(2, 3)
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *add(PyObject *module, PyObject *args) {
    int a, b;
    (void)module;
    if (!PyArg_ParseTuple(args, "ii:add", &a, &b)) return NULL; // TypeError, OverflowError
    long long sum = (long long)a + b;                           // no two ints overflow that
    return PyLong_FromLongLong(sum);
}

static PyMethodDef methods[] = {
    {"add", add, METH_VARARGS, "add($module, a, b, /)\n--\n\nThe sum of two C ints."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}}; // nothing to do, but two phases all the same

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "add",  .m_doc = "The smallest extension module.",
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit_add(void) {
    return PyModuleDef_Init(&definition);
}
