/* bench.c: attributes, calls and the MRO, ours and CPython's through its C API, in one process.
 *
 * Both sides have the same classes: D(B, C), B(A), C(A), with the attributes on A, so that each is
 * found last. Every result is dropped at once; what they are was made beforehand.
 *
 *   class attr        obj.x, which the class has: by the method cache; the instance has nothing
 *   class attr + y    the same of an instance that has a y
 *   instance attr     obj.y, the instance's own; the class is asked first, and has none
 *   attr of a class   D.x: two lookups, as the metaclass is asked, too
 *   property          obj.p, which calls a C function
 *   cache miss        D.x after D has lost its version: a search, a new version, a new entry
 *   store             obj.y = value
 *   call function     obj.f(); CPython's f is one of Python, with `return None`
 *   call C method     obj.f(); CPython's f is a method in C
 *   add               obj + obj, where A.__add__ is a function as in the two rows above
 *   add in C          the same, CPython's in C
 *   mro               the MRO of the top of a tower of diamonds of n classes, per class
 *   class             a class statement: class E(D): pass
 */
#include <Python.h>

#include "../type.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    fputs("type_bench: out of memory\n", stderr);
    exit(1);
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static Type *our_class, *our_top;
static Object *our_object, *our_bare, *our_value;
static Str *name_x, *name_y, *name_p, *name_f;

static Object *return_none(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(None);
}

static Type *our_new(const char *name, Type *first, Type *second) {
    Object *bases = check(second ? tuple_pack(2, first, second) : tuple_pack(1, first));
    Type *made = check(type_new(NULL, name, (Tuple *)bases, NULL));
    decref(bases);
    return made;
}

static void our_set(void *op, const char *name, Object *value) {
    if (object_setattr_string(OBJECT(op), name, check(value)) < 0) check(NULL);
    decref(value);
}

static void prepare_ours(void) {
    if (types_init() < 0) check(NULL);
    Type *a = our_new("A", &Object_Type, NULL), *b = our_new("B", a, NULL);
    our_class = our_new("D", b, our_new("C", a, NULL));
    our_object = check(type_generic_alloc(our_class, 0));
    our_bare = check(type_generic_alloc(our_class, 0));
    our_value = check(int_from_long(7));
    name_x = check(str_intern("x"));
    name_y = check(str_intern("y"));
    name_p = check(str_intern("p"));
    name_f = check(str_intern("f"));
    Object *function = check(function_new("f", return_none, NULL));
    our_set(a, "x", new_ref(our_value));
    our_set(a, "f", new_ref(function));
    our_set(a, "__add__", new_ref(function));
    our_set(a, "p", property_new(function, NULL, NULL));
    our_set(our_object, "y", new_ref(our_value));
}

/* ---- Theirs ----------------------------------------------------------------------------------*/

static PyObject *names, *their_class, *their_object, *their_bare, *their_c_object, *their_value,
    *their_top;
static PyObject *their_x, *their_y, *their_p, *their_f;

static PyObject *their_none(PyObject *self, PyObject *argument) {
    (void)self, (void)argument;
    Py_RETURN_NONE;
}

static PyObject *python(const char *expression) {
    return check(PyRun_String(expression, Py_eval_input, names, names));
}

static void prepare_theirs(void) {
    static PyMethodDef methods[] = {{"f", their_none, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_methods, methods}, {Py_nb_add, (void *)(uintptr_t)their_none}, {0, NULL}};
    static PyType_Spec spec = {"bench.CA", (int)sizeof(PyObject), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    static PyMethodDef get_p = {"getter", their_none, METH_O, NULL};
    static const char program[] =
        "class A:\n"
        "    x = 7\n"
        "    p = property(getter)\n"
        "    def f(self): return None\n"
        "    def __add__(self, other): return None\n"
        "class B(A): pass\n"
        "class C(A): pass\n"
        "class D(B, C): pass\n"
        "class CB(CA): pass\n"
        "class CC(CA): pass\n"
        "class CD(CB, CC): pass\n"
        "def tower(n):\n"
        "    top = object\n"
        "    for i in range(n // 3):\n"
        "        left, right = type('L', (top,), {}), type('R', (top,), {})\n"
        "        top = type('T', (left, right), {})\n"
        "    return top\n";
    names = check(Py_BuildValue("{s:N,s:N,s:N}", "CA", PyType_FromSpec(&spec), "getter",
                                PyCFunction_New(&get_p, NULL), "__builtins__",
                                PyImport_ImportModule("builtins")));
    PyDict_SetItemString(names, "__name__", check(PyUnicode_FromString("bench")));
    check(PyRun_String(program, Py_file_input, names, names));
    their_class = python("D");
    their_object = python("D()");
    their_bare = python("D()");
    their_c_object = python("CD()");
    their_value = python("7");
    their_x = check(PyUnicode_InternFromString("x"));
    their_y = check(PyUnicode_InternFromString("y"));
    their_p = check(PyUnicode_InternFromString("p"));
    their_f = check(PyUnicode_InternFromString("f"));
    if (PyObject_SetAttr(their_object, their_y, their_value) < 0) check(NULL);
}

/* ---- Both ------------------------------------------------------------------------------------*/

/* A contender that evaluates an expression n times in each of its repeats. */
#define TIMED(function, expression)                                                                \
    static uint64_t function(size_t n, size_t repeats, const void *argument) {                     \
        (void)argument;                                                                            \
        uint64_t start = clock_now();                                                              \
        for (size_t i = 0; i < n * repeats; i++)                                                   \
            expression;                                                                            \
        return clock_now() - start;                                                                \
    }

TIMED(our_class_attr, decref(object_getattr(OBJECT(our_class), name_x)))
TIMED(their_class_attr, Py_DECREF(PyObject_GetAttr(their_class, their_x)))
TIMED(our_instance_attr, decref(object_getattr(our_object, name_y)))
TIMED(their_instance_attr, Py_DECREF(PyObject_GetAttr(their_object, their_y)))
TIMED(our_bare_attr, decref(object_getattr(our_bare, name_x)))
TIMED(their_bare_attr, Py_DECREF(PyObject_GetAttr(their_bare, their_x)))
TIMED(our_inherited, decref(object_getattr(our_object, name_x)))
TIMED(their_inherited, Py_DECREF(PyObject_GetAttr(their_object, their_x)))
TIMED(our_property, decref(object_getattr(our_object, name_p)))
TIMED(their_property, Py_DECREF(PyObject_GetAttr(their_object, their_p)))
TIMED(our_miss, (type_modified(our_class), decref(object_getattr(OBJECT(our_class), name_x))))
TIMED(their_miss, {
    PyType_Modified((PyTypeObject *)their_class);
    Py_DECREF(PyObject_GetAttr(their_class, their_x));
})
TIMED(our_store, object_setattr(our_object, name_y, our_value))
TIMED(their_store, PyObject_SetAttr(their_object, their_y, their_value))
TIMED(our_call, decref(object_call_method(name_f, &our_object, 1)))
TIMED(their_call, Py_DECREF(PyObject_CallMethodNoArgs(their_object, their_f)))
TIMED(their_c_call, Py_DECREF(PyObject_CallMethodNoArgs(their_c_object, their_f)))
TIMED(our_add, decref(number_add(our_object, our_object)))
TIMED(their_add, Py_DECREF(PyNumber_Add(their_object, their_object)))
TIMED(their_c_add, Py_DECREF(PyNumber_Add(their_c_object, their_c_object)))

static uint64_t our_mro(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    if (!our_top) {
        our_top = &Object_Type;
        for (size_t i = 0; i < n / 3; i++)
            our_top = our_new("T", our_new("L", our_top, NULL), our_new("R", our_top, NULL));
    }
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        decref(check(type_mro(our_top, our_top->bases, NULL, NULL)));
    return clock_now() - start;
}

static uint64_t their_mro(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    if (!their_top) {
        PyObject *size = check(PyLong_FromSize_t(n));
        their_top = check(PyObject_CallOneArg(python("tower"), size));
    }
    PyObject *mro = check(PyObject_GetAttrString(their_top, "mro"));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        Py_DECREF(check(PyObject_CallNoArgs(mro)));
    return clock_now() - start;
}

static uint64_t our_statement(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    Object *bases = check(tuple_pack(1, our_class));
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / 20; i++) {
        Type *made = check(type_new(NULL, "E", (Tuple *)bases, NULL));
        type_clear(made);
        decref(made);
    }
    uint64_t elapsed = clock_now() - start;
    decref(bases);
    return elapsed * 20;
}

static uint64_t their_statement(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    PyObject *arguments = python("('E', (D,), {})");
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / 20; i++)
        Py_DECREF(check(PyObject_CallObject((PyObject *)&PyType_Type, arguments)));
    PyGC_Collect(); // a class is a cycle: freeing it is a part of its price, as type_clear() is
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(arguments);
    return elapsed * 20;
}

int main(int argc, char **argv) {
    static const BenchmarkRow rows[] = {
        {"class attr", {{"ours", our_bare_attr, NULL}, {"CPython", their_bare_attr, NULL}}, 0},
        {"class attr + y", {{"ours", our_inherited, NULL}, {"CPython", their_inherited, NULL}}, 0},
        {"instance attr",
         {{"ours", our_instance_attr, NULL}, {"CPython", their_instance_attr, NULL}},
         0},
        {"attr of a class",
         {{"ours", our_class_attr, NULL}, {"CPython", their_class_attr, NULL}},
         0},
        {"property", {{"ours", our_property, NULL}, {"CPython", their_property, NULL}}, 0},
        {"cache miss", {{"ours", our_miss, NULL}, {"CPython", their_miss, NULL}}, 0},
        {"store", {{"ours", our_store, NULL}, {"CPython", their_store, NULL}}, 0},
        {"call function", {{"ours", our_call, NULL}, {"CPython", their_call, NULL}}, 0},
        {"call C method", {{"ours", our_call, NULL}, {"CPython", their_c_call, NULL}}, 0},
        {"add", {{"ours", our_add, NULL}, {"CPython", their_add, NULL}}, 0},
        {"add in C", {{"ours", our_add, NULL}, {"CPython", their_c_add, NULL}}, 0},
        {"class", {{"ours", our_statement, NULL}, {"CPython", their_statement, NULL}}, 0},
        {"mro", {{"ours", our_mro, NULL}, {"CPython", their_mro, NULL}}, 0},
    };
    Benchmark self = {.room = "type", .sizes = {999}};
    Py_InitializeEx(0);
    prepare_ours();
    prepare_theirs();
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
