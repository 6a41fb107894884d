/* bench.c: calls of classes, ours and CPython's through its C API, in one process.
 *
 * A class is called and the instance dropped at once; the arguments were made beforehand. Our
 * instances keep their attributes in a dict of their own; the slots room measures other layouts.
 *
 *   plain         class C: pass; C()
 *   init          C(1, 2), whose __init__ stores both; CPython's is a function of Python
 *   init in C     the same, CPython's __init__ is a function in C
 *   new           C(), whose __new__ calls object.__new__(cls); CPython's is a function of Python
 *   int           class C(int): pass; C(7)
 *   tuple         class C(tuple): pass; C((1, 2))
 *   metaclass     C() through a __call__ of the metaclass that calls type.__call__(cls)
 *   refused       C(1), where nobody wants the 1: the error and its message
 */
#include <Python.h>

#include "../construction.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    fputs("construction_bench: out of memory\n", stderr);
    exit(1);
}

/* What is called, and with what. */
typedef struct {
    const char *operation, *name; // of the class
    const char *arguments;        // "(1, 2)"
} Row;

enum { ROWS = 8 };
static const Row rows[ROWS] = {
    {"plain", "Plain", "()"},    {"init", "Point", "(1, 2)"},  {"init in C", "CPoint", "(1, 2)"},
    {"new", "New", "()"},        {"int", "Integer", "(7,)"},   {"tuple", "Several", "((1, 2),)"},
    {"metaclass", "Meta", "()"}, {"refused", "Plain", "(1,)"},
};

/* ---- Ours ------------------------------------------------------------------------------------*/

static Str *name_x, *name_y;

static Object *point_init(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    if (object_setattr(args[0], name_x, args[1]) < 0) return NULL;
    return object_setattr(args[0], name_y, args[2]) < 0 ? NULL : new_ref(None);
}

static Object *plain_new(Object *closure, Object *const *args, ssize_t nargs) {
    (void)nargs;
    return object_call(closure, args, 1); // object.__new__
}

static Object *meta_call(Object *closure, Object *const *args, ssize_t nargs) {
    return object_call(closure, args, nargs); // type.__call__
}

static Type *our_class(Type *meta, Type *base, const char *name, Object *function) {
    Dict *dict = check(dict_new());
    Object *bases = check(tuple_pack(1, base));
    if (function && dict_set_item(dict, check(str_intern(name)), function) < 0) check(NULL);
    Type *made = check(type_new(meta, "C", (Tuple *)bases, dict));
    decref(bases);
    decref(dict);
    return made;
}

static Object *ours[ROWS]; // the classes
static Tuple *our_args[ROWS];

static void prepare_ours(void) {
    if (construction_init() < 0) check(NULL);
    name_x = check(str_intern("x"));
    name_y = check(str_intern("y"));
    Object *object_dot_new = check(object_getattr_string(OBJECT(&Object_Type), "__new__"));
    Object *type_dot_call = dict_get_item(Type_Type.dict, check(str_intern("__call__")));
    Type *meta = our_class(&Type_Type, &Type_Type, "__call__",
                           check(function_new("__call__", meta_call, type_dot_call)));
    Object *init = check(function_new("__init__", point_init, NULL));
    Object *one = check(int_from_long(1)), *two = check(int_from_long(2));
    Tuple *none = check(tuple_new(0)), *pair = check(tuple_pack(2, one, two));
    const struct {
        Type *type;
        Tuple *args;
    } all[ROWS] = {
        {our_class(NULL, &Object_Type, "", NULL), none},
        {our_class(NULL, &Object_Type, "__init__", init), pair},
        {our_class(NULL, &Object_Type, "__init__", init), pair},
        {our_class(NULL, &Object_Type, "__new__",
                   check(function_new("__new__", plain_new, object_dot_new))),
         none},
        {our_class(NULL, &Int_Type, "", NULL), check(tuple_pack(1, check(int_from_long(7))))},
        {our_class(NULL, &Tuple_Type, "", NULL), check(tuple_pack(1, pair))},
        {our_class(meta, &Object_Type, "", NULL), none},
        {our_class(NULL, &Object_Type, "", NULL), check(tuple_pack(1, one))},
    };
    for (int i = 0; i < ROWS; i++) {
        ours[i] = OBJECT(all[i].type);
        our_args[i] = all[i].args;
    }
}

static uint64_t run_ours(size_t n, size_t repeats, const void *argument) {
    size_t row = (size_t)((const Row *)argument - rows);
    Object *type = ours[row], *const *args = our_args[row]->items;
    ssize_t nargs = our_args[row]->size;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        Object *made = object_call(type, args, nargs);
        if (made)
            decref(made);
        else
            error_clear();
    }
    return clock_now() - start;
}

/* ---- Theirs ----------------------------------------------------------------------------------*/

static PyObject *names, *their_x, *their_y;

static PyObject *their_init(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    (void)module, (void)nargs;
    if (PyObject_SetAttr(args[0], their_x, args[1]) < 0) return NULL;
    if (PyObject_SetAttr(args[0], their_y, args[2]) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *python(const char *expression) {
    return check(PyRun_String(expression, Py_eval_input, names, names));
}

static void prepare_theirs(void) {
    static PyMethodDef init = {"__init__", (PyCFunction)(void (*)(void))their_init, METH_FASTCALL,
                               NULL};
    static const char program[] = "class Plain: pass\n"
                                  "class Point:\n"
                                  "    def __init__(self, x, y):\n"
                                  "        self.x = x\n"
                                  "        self.y = y\n"
                                  "class CPoint: __init__ = init\n"
                                  "class New:\n"
                                  "    def __new__(cls): return object_new(cls)\n"
                                  "class Integer(int): pass\n"
                                  "class Several(tuple): pass\n"
                                  "class M(type):\n"
                                  "    def __call__(cls): return type_call(cls)\n"
                                  "class Meta(metaclass=M): pass\n";
    their_x = check(PyUnicode_InternFromString("x"));
    their_y = check(PyUnicode_InternFromString("y"));
    PyObject *function = check(PyCFunction_New(&init, NULL));
    names = check(Py_BuildValue("{s:N,s:N,s:N}", "init", PyInstanceMethod_New(function), "__name__",
                                PyUnicode_FromString("bench"), "__builtins__",
                                PyImport_ImportModule("builtins")));
    PyDict_SetItemString(names, "object_new", python("object.__new__"));
    PyDict_SetItemString(names, "type_call", python("type.__call__"));
    check(PyRun_String(program, Py_file_input, names, names));
}

static uint64_t run_theirs(size_t n, size_t repeats, const void *argument) {
    const Row *row = argument;
    PyObject *type = python(row->name), *tuple = python(row->arguments);
    PyObject *args[3] = {NULL};
    size_t nargs = (size_t)PyTuple_GET_SIZE(tuple);
    for (size_t i = 0; i < nargs; i++)
        args[i + 1] = PyTuple_GET_ITEM(tuple, i);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        PyObject *made =
            PyObject_Vectorcall(type, args + 1, nargs | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        if (made)
            Py_DECREF(made);
        else
            PyErr_Clear();
    }
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(type);
    Py_DECREF(tuple);
    return elapsed;
}

int main(int argc, char **argv) {
    BenchmarkRow table[ROWS];
    for (int i = 0; i < ROWS; i++)
        table[i] = (BenchmarkRow){rows[i].operation,
                                  {{"ours", run_ours, &rows[i]}, {"CPython", run_theirs, &rows[i]}},
                                  0};
    Benchmark self = {.room = "construction", .sizes = {1000}};
    Py_InitializeEx(0);
    prepare_ours();
    prepare_theirs();
    return benchmark_main(&self, table, ROWS, argc, argv);
}
