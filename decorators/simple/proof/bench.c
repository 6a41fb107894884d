/* bench.c: what a call costs: bare, through one wrapper, through ten; ours and CPython's in one process.
 *
 * n is a number of calls. Nanoseconds for each call; in CPython's the loop's own, some 15, are within:
 *   function    a function of one argument, which it returns
 *   wrapper     the same through `def wrapper(x): return func(x)`; `ten wrappers` through ten of those
 *   packing     through `def wrapper(*args, **kwargs): return func(*args, **kwargs)`
 *   keyword     packing, called with x=1: a dict is made and taken apart
 *   partial     partial(func, 1)()
 *   closure     a call that makes a function with one cell
 *   wraps       wraps(func)(wrapper), again and again on the same
 */
#include <Python.h>
#undef True
#undef False
#undef CO_VARARGS
#undef CO_VARKEYWORDS

#include "../function.h"

#include "../../../common/proof/benchmark.h"

/* ---- Ours ------------------------------------------------------------------------------------*/

static Object *id_body(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}
static Object *pass_body(Function *self, Object *const *locals) {
    Object *func = load_deref(self, 0);
    Object *result = func ? object_vectorcall(func, locals, 1, NULL) : NULL;
    xdecref(func);
    return result;
}
static Object *pack_body(Function *self, Object *const *locals) {
    Object *func = load_deref(self, 0);
    Object *result = func ? object_call(func, (Tuple *)locals[0], (Dict *)locals[1]) : NULL;
    xdecref(func);
    return result;
}
static Code id_code = {CODE("id"), .argcount = 1, .varnames = NAMES("x"), .body = id_body};
static Code pass_code = {CODE("wrapper"), .argcount = 1, .varnames = NAMES("x"),
                         .freevars = NAMES("func"), .body = pass_body};
static Code pack_code = {CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                         .varnames = NAMES("args", "kwargs"), .freevars = NAMES("func"),
                         .body = pack_body};

/* def outer(x): return lambda: x */
static Object *outer_body(Function *self, Object *const *locals) {
    Cell *x = make_cell(locals[0]);
    Tuple *closure = x ? (Tuple *)tuple_pack(1, x) : NULL;
    xdecref(x);
    return function_make(&pass_code, self->globals, NULL, NULL, closure);
}
static Code outer_code = {CODE("outer"), .argcount = 1, .varnames = NAMES("x"),
                          .cellvars = NAMES("x"), .body = outer_body};

static Object *made(Code *code, Object *func) {
    Cell *cell = func ? make_cell(func) : NULL;
    Object *made =
        function_make(code, NULL, NULL, NULL, cell ? (Tuple *)tuple_pack(1, cell) : NULL);
    xdecref(cell);
    xdecref(func);
    return made;
}

/* `argument` says what is called. */
static uint64_t our(size_t n, size_t repeats, const void *argument) {
    const char *what = argument;
    Object *func = made(strcmp(what, "closure") ? &id_code : &outer_code, NULL);
    Object *x = int_from_long(1000), *names[] = {OBJECT(str_intern("x"))};
    Tuple *kwnames = strcmp(what, "keyword") == 0 ? tuple_from_array(names, 1) : NULL;
    ssize_t nargs = kwnames || strcmp(what, "partial") == 0 ? 0 : 1;
    int wrappers = strcmp(what, "wrapper") == 0 ? 1 : strcmp(what, "ten wrappers") == 0 ? 10 : 0;
    while (wrappers-- > 0)
        func = made(&pass_code, func);
    if (kwnames || strcmp(what, "packing") == 0) func = made(&pack_code, func);
    if (strcmp(what, "partial") == 0) {
        Object *inner = func;
        func = partial_new(inner, &x, 1, NULL);
        decref(inner);
    }
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_vectorcall(func, &x, nargs, kwnames));
    uint64_t elapsed = clock_now() - start;
    decref(func);
    decref(x);
    xdecref(kwnames);
    return elapsed;
}

static uint64_t our_wraps(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Object *func = made(&id_code, NULL), *wrapper = made(&id_code, NULL);
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        Object *decorator = wraps(func);
        decref(object_vectorcall(decorator, &wrapper, 1, NULL));
        decref(decorator);
    }
    uint64_t elapsed = clock_now() - start;
    decref(wrapper);
    decref(func);
    return elapsed;
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static const char source[] =
    "import time\n"
    "from functools import partial, wraps\n"
    "def identity(x): return x\n"
    "def thin(func):\n"
    "    def wrapper(x): return func(x)\n"
    "    return wrapper\n"
    "def pack(func):\n"
    "    def wrapper(*args, **kwargs): return func(*args, **kwargs)\n"
    "    return wrapper\n"
    "def ten(func):\n"
    "    for i in range(10): func = thin(func)\n"
    "    return func\n"
    "def outer(x):\n"
    "    return lambda: x\n"
    "def timed(what, n):\n"
    "    f = {'function': identity, 'wrapper': thin(identity), 'ten wrappers': ten(identity),\n"
    "         'packing': pack(identity), 'keyword': pack(identity),\n"
    "         'partial': partial(identity, 1000), 'closure': outer, 'wraps': lambda x: x}[what]\n"
    "    start = time.perf_counter_ns()\n"
    "    if what == 'keyword':\n"
    "        for i in range(n): f(x=1000)\n"
    "    elif what == 'partial':\n"
    "        for i in range(n): f()\n"
    "    elif what == 'wraps':\n"
    "        for i in range(n): wraps(identity)(f)\n"
    "    else:\n"
    "        for i in range(n): f(1000)\n"
    "    return time.perf_counter_ns() - start\n";

/* `argument` says what is called. */
static uint64_t their(size_t n, size_t repeats, const void *argument) {
    static PyObject *globals;
    if (!globals) {
        globals = PyDict_New();
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
        Py_DECREF(PyRun_String(source, Py_file_input, globals, globals));
    }
    PyObject *elapsed = PyObject_CallFunction(PyDict_GetItemString(globals, "timed"), "sn",
                                              (const char *)argument, (Py_ssize_t)(n * repeats));
    uint64_t result = PyLong_AsUnsignedLongLong(elapsed);
    Py_DECREF(elapsed);
    return result;
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    Benchmark benchmark = {.room = "simple", .sizes = {100000}};
    static const char *const calls[] = {"function", "wrapper", "ten wrappers", "packing",
                                        "keyword",  "partial", "closure",      "wraps"};
    enum { COUNT = sizeof calls / sizeof *calls };
    BenchmarkRow rows[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        rows[i] = (BenchmarkRow){
            calls[i],
            {{"ours", i + 1 < COUNT ? our : our_wraps, calls[i]}, {"CPython", their, calls[i]}}};
    return benchmark_main(&benchmark, rows, COUNT, argc, argv);
}
