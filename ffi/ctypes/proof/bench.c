/* bench.c: a call, a callback, a layout: ours against ctypes', libffi's and C's own, in one
 * process.
 *
 * Each is called from C, theirs by PyObject_Vectorcall(), so no loop in Python is among what is
 * measured. Timed is a loop of n calls; per call.
 *
 *   cos              cos(1.0) through a function pointer with argtypes and restype, against ctypes'
 *   cos-prepared     the same against ffi_call() alone, its interface prepared, and against the call itself
 *   byhand           byhand_call() with "d(d)", with "i(iiiiiiii)", against the call itself
 *   callback         C calls an address behind which is a function written in C: an int, and an int back; against
 *                    ctypes' and against libffi's closure alone
 *   layout           a class of 20 fields, against what ctypes adds to the making of an empty class
 */
#include <Python.h>

#undef True
#undef False
#include "../byhand.h"
#include "../ctypes.h"

#include "../../../common/proof/benchmark.h"

#include <dlfcn.h>
#include <ffi.h>

typedef double (*DoubleFunction)(double);
typedef int (*IntFunction)(int);
typedef int (*EightFunction)(int, int, int, int, int, int, int, int);

static volatile double sink;
static volatile int int_sink;

static void *check(void *made) {
    if (made) return made;
    if (PyErr_Occurred()) PyErr_Print();
    if (error_occurred()) error_print(stderr);
    fputs("ctypes_bench: cannot prepare\n", stderr);
    exit(1);
}

/* A value of this expression, after the preparations below; new reference. */
static PyObject *python(const char *expression) {
    static PyObject *space;
    if (!space) {
        space = check(PyDict_New());
        PyDict_SetItemString(space, "__builtins__", PyEval_GetBuiltins());
        check(PyRun_String("import ctypes, ctypes.util, operator\n"
                           "from ctypes import *\n"
                           "cos = CDLL(ctypes.util.find_library('m')).cos\n"
                           "cos.argtypes, cos.restype = [c_double], c_double\n"
                           "back = CFUNCTYPE(c_int, c_int)(operator.neg)\n"
                           "types = [c_char, c_int, c_double, c_short, c_long]\n"
                           "fields = [(f'f{i}', types[i % 5]) for i in range(20)]\n"
                           "def make():\n    class S(Structure):\n        _fields_ = fields\n"
                           "def empty():\n    class S(Structure):\n        pass\n",
                           Py_file_input, space, space));
    }
    return check(PyRun_String(expression, Py_eval_input, space, space));
}

static DoubleFunction c_cos(void) {
    static DoubleFunction found;
    if (!found) {
        PyObject *address = python("cast(cos, c_void_p).value");
        void *plain = PyLong_AsVoidPtr(address);
        memcpy(&found, &plain, sizeof found);
        Py_DECREF(address);
    }
    return found;
}

/* ---- Calls -----------------------------------------------------------------------------------*/

static uint64_t cos_ours(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    static Object *func;
    if (!func) {
        CType *real = ctype_simple('d');
        DoubleFunction target = c_cos();
        void (*address)(void);
        memcpy(&address, &target, sizeof address);
        func = check(funcptr_from_address(check(ctype_function(real, &real, 1, false)), address));
    }
    Object *one = check(float_from_double(1.0));
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_call(func, &one, 1));
    uint64_t elapsed = clock_now() - start;
    decref(one);
    return elapsed;
}

static uint64_t cos_ctypes(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    PyObject *func = python("cos"), *one = PyFloat_FromDouble(1.0);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(PyObject_Vectorcall(func, &one, 1, NULL));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(one);
    Py_DECREF(func);
    return elapsed;
}

static uint64_t cos_libffi(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    ffi_cif cif;
    ffi_type *types[] = {&ffi_type_double};
    DoubleFunction target = c_cos();
    void (*address)(void);
    memcpy(&address, &target, sizeof address);
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 1, &ffi_type_double, types) != FFI_OK) check(NULL);
    double one = 1.0, result;
    void *values[] = {&one};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        ffi_call(&cif, address, &result, values);
        sink = result;
    }
    return clock_now() - start;
}

static uint64_t cos_direct(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    DoubleFunction volatile function = c_cos();
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        sink = function(1.0);
    return clock_now() - start;
}

static uint64_t cos_byhand(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    DoubleFunction target = c_cos();
    void (*address)(void);
    memcpy(&address, &target, sizeof address);
    ByhandValue one = {.d = 1.0}, result = {0};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        if (byhand_call(address, "d(d)", &one, &result) < 0) check(NULL);
        sink = result.d;
    }
    return clock_now() - start;
}

__attribute__((noinline)) static int eight(int a, int b, int c, int d, int e, int f, int g, int h) {
    return a + b + c + d + e + f + g + h + int_sink;
}

static uint64_t eight_byhand(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    EightFunction target = eight;
    void (*address)(void);
    memcpy(&address, &target, sizeof address);
    ByhandValue args[8] = {{.i = 1}, {.i = 2}, {.i = 3}, {.i = 4},
                           {.i = 5}, {.i = 6}, {.i = 7}, {.i = 8}};
    ByhandValue result = {0};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        if (byhand_call(address, "i(iiiiiiii)", args, &result) < 0) check(NULL);
        int_sink = (int)result.i & 1;
    }
    return clock_now() - start;
}

static uint64_t eight_direct(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    EightFunction volatile function = eight;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        int_sink = function(1, 2, 3, 4, 5, 6, 7, 8) & 1;
    return clock_now() - start;
}

/* ---- Callbacks -------------------------------------------------------------------------------*/

static Object *negated(Object *closure, Object *const *args, ssize_t nargs) {
    long value;
    (void)closure, (void)nargs;
    return int_as_long(args[0], &value) < 0 ? NULL : int_from_long(-value);
}

static uint64_t call_back(IntFunction function, size_t n, size_t repeats) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        int_sink = function((int)(i & 0xFFFF) + 1000);
    return clock_now() - start;
}

static uint64_t callback_ours(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    static IntFunction function;
    if (!function) {
        CType *number = ctype_simple('i');
        CType *type = check(ctype_function(number, &number, 1, false));
        CData *callback = check(callback_new(type, check(function_new("negated", negated, NULL))));
        memcpy(&function, callback->ptr, sizeof function);
    }
    return call_back(function, n, repeats);
}

static uint64_t callback_ctypes(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    IntFunction function;
    PyObject *address = python("cast(back, c_void_p).value");
    void *plain = PyLong_AsVoidPtr(address);
    Py_DECREF(address);
    memcpy(&function, &plain, sizeof function);
    PyThreadState *state =
        PyEval_SaveThread(); // as in a call by ctypes: the callback takes the GIL and gives it back
    uint64_t elapsed = call_back(function, n, repeats);
    PyEval_RestoreThread(state);
    return elapsed;
}

static void negate(ffi_cif *cif, void *result, void **values, void *userdata) {
    (void)cif, (void)userdata;
    *(ffi_arg *)result = (ffi_arg) - *(int *)values[0];
}

static uint64_t callback_libffi(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    void *exec;
    IntFunction function;
    ffi_cif cif;
    ffi_type *types[] = {&ffi_type_sint32};
    ffi_closure *closure = check(ffi_closure_alloc(sizeof *closure, &exec));
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 1, &ffi_type_sint32, types) != FFI_OK ||
        ffi_prep_closure_loc(closure, &cif, negate, NULL, exec) != FFI_OK)
        check(NULL);
    memcpy(&function, &exec, sizeof function);
    uint64_t elapsed = call_back(function, n, repeats);
    ffi_closure_free(closure);
    return elapsed;
}

/* ---- Layout ----------------------------------------------------------------------------------*/

enum { LAYOUTS = 100 }; // so many calls of the others take as long as one layout

static uint64_t layout_ours(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    static const char codes[] = "cidhl";
    static char names[20][4];
    FieldSpec specs[20];
    for (int i = 0; i < 20; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        specs[i] = (FieldSpec){names[i], ctype_simple(codes[i % 5]), 0};
    }
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats / LAYOUTS; i++) {
        CType *type = check(structure_new("S", NULL, NO_PACK));
        if (structure_set_fields(type, specs, 20) < 0) check(NULL);
        decref(type);
    }
    return (clock_now() - start) * LAYOUTS;
}

static uint64_t make_classes(const char *maker, size_t n) {
    PyObject *make = python(maker);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n; i++)
        Py_DECREF(check(PyObject_Vectorcall(make, NULL, 0, NULL)));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(make);
    return elapsed;
}

static uint64_t layout_ctypes(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    size_t times = n * repeats / LAYOUTS;
    uint64_t empty = make_classes("empty", times), full = make_classes("make", times);
    return full > empty ? (full - empty) * LAYOUTS : 1;
}

static const BenchmarkRow rows[] = {
    {"cos", {{"ours", cos_ours, NULL}, {"ctypes", cos_ctypes, NULL}}, 0},
    {"cos-prepared",
     {{"ours", cos_ours, NULL}, {"libffi", cos_libffi, NULL}, {"direct", cos_direct, NULL}},
     0},
    {"byhand-cos",
     {{"ours", cos_byhand, NULL}, {"direct", cos_direct, NULL}, {"libffi", cos_libffi, NULL}},
     0},
    {"byhand-8-ints", {{"ours", eight_byhand, NULL}, {"direct", eight_direct, NULL}}, 0},
    {"callback",
     {{"ours", callback_ours, NULL},
      {"ctypes", callback_ctypes, NULL},
      {"libffi", callback_libffi, NULL}},
     0},
    {"layout", {{"ours", layout_ours, NULL}, {"ctypes", layout_ctypes, NULL}}, 0},
};

int main(int argc, char **argv) {
    Py_Initialize();
    Benchmark bench = {.room = "ctypes", .sizes = {1000}};
    return benchmark_main(&bench, rows, sizeof rows / sizeof *rows, argc, argv);
}
