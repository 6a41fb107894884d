/* bench.c: what it costs to enter and to leave: ours, CPython's, and bare calls, in one process.
 *
 * n is a number of statements, one after another; for `nested` one in another, for `chain` of
 * exceptions on top of each other. Nanoseconds for each statement:
 *   with        a class whose methods do nothing; `call` makes the same two calls through pointers
 *               that the compiler cannot see through, and drops their results
 *   swallow     an exception is raised in the block, told, and swallowed
 *   nested      `with` n times, one block in another, all left by one exception; CPython's through a
 *               function that calls itself in the block
 *   chain       n exits one behind another, each raising its own exception
 */
#include <Python.h>
#undef True
#undef False

#include "../with.h"

#include "../../../common/proof/benchmark.h"

/* ---- Ours ------------------------------------------------------------------------------------*/

static Object *enter(Object *self) {
    return new_ref(self);
}

static Object *exit_none(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    return new_ref(None);
}

static Object *exit_true(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    return new_ref(True);
}

static Object *exit_raises(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    error_raise(&ValueError_Type, "exit");
    return NULL;
}

static Type Plain_Type = {TYPE("Plain", NULL), .enter = enter, .exit = exit_none};
static Type Swallows_Type = {TYPE("Swallows", NULL), .enter = enter, .exit = exit_true};
static Type Raises_Type = {TYPE("Raises", NULL), .enter = enter, .exit = exit_raises};

/* `argument` is the type. */
static uint64_t our_with(size_t n, size_t repeats, const void *argument) {
    Object manager = {1, (Type *)(intptr_t)argument};
    bool raises = argument == &Swallows_Type;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        With w;
        with_enter(&w, &manager, NULL);
        if (raises) error_raise(&ValueError_Type, "body");
        with_leave(&w);
    }
    return clock_now() - start;
}

static uint64_t our_nested(size_t n, size_t repeats, const void *argument) {
    Object manager = {1, (Type *)(intptr_t)argument};
    With *blocks = calloc(n, sizeof *blocks);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            with_enter(&blocks[i], &manager, NULL);
        error_raise(&ValueError_Type, "body");
        for (size_t i = n; i-- > 0;)
            with_leave(&blocks[i]);
        error_clear();
    }
    uint64_t elapsed = clock_now() - start;
    free(blocks);
    return elapsed;
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static const char source[] =
    "import sys, time\n"
    "sys.setrecursionlimit(100000)\n"
    "class Plain:\n"
    "    def __enter__(self): return self\n"
    "    def __exit__(self, kind, value, traceback): pass\n"
    "class Swallows(Plain):\n"
    "    def __exit__(self, kind, value, traceback): return True\n"
    "class Raises(Plain):\n"
    "    def __exit__(self, kind, value, traceback): raise ValueError('exit')\n"
    "def plain(n, repeats):\n"
    "    manager = Plain()\n"
    "    start = time.perf_counter_ns()\n"
    "    for i in range(n * repeats):\n"
    "        with manager:\n"
    "            pass\n"
    "    return time.perf_counter_ns() - start\n"
    "def swallow(n, repeats):\n"
    "    manager = Swallows()\n"
    "    start = time.perf_counter_ns()\n"
    "    for i in range(n * repeats):\n"
    "        with manager:\n"
    "            raise ValueError('body')\n"
    "    return time.perf_counter_ns() - start\n"
    "def down(manager, n):\n"
    "    with manager:\n"
    "        if n == 1:\n"
    "            raise ValueError('body')\n"
    "        down(manager, n - 1)\n"
    "def nest(manager, n, repeats):\n"
    "    start = time.perf_counter_ns()\n"
    "    for i in range(repeats):\n"
    "        try:\n"
    "            down(manager, n)\n"
    "        except ValueError:\n"
    "            pass\n"
    "    return time.perf_counter_ns() - start\n"
    "def nested(n, repeats): return nest(Plain(), n, repeats)\n"
    "def chain(n, repeats): return nest(Raises(), n, repeats)\n";

/* `argument` is the function's name. */
static uint64_t their(size_t n, size_t repeats, const void *argument) {
    static PyObject *globals;
    if (!globals) {
        globals = PyDict_New();
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
        Py_DECREF(PyRun_String(source, Py_file_input, globals, globals));
    }
    PyObject *elapsed = PyObject_CallFunction(PyDict_GetItemString(globals, argument), "nn",
                                              (Py_ssize_t)n, (Py_ssize_t)repeats);
    uint64_t result = PyLong_AsUnsignedLongLong(elapsed);
    Py_DECREF(elapsed);
    return result;
}

/* ---- Bare calls ------------------------------------------------------------------------------*/

static uint64_t bare_calls(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Object manager = {1, &Plain_Type};
    Object *(*volatile first)(Object *) = enter;
    Object *(*volatile second)(Object *, Object *, Object *, Object *) = exit_none;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        decref(first(&manager));
        decref(second(&manager, None, None, None));
    }
    return clock_now() - start;
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    Benchmark benchmark = {.room = "with", .sizes = {1, 10, 100, 1000}};
    const BenchmarkRow rows[] = {
        {"with",
         {{"ours", our_with, &Plain_Type},
          {"CPython", their, "plain"},
          {"call", bare_calls, NULL}}},
        {"swallow", {{"ours", our_with, &Swallows_Type}, {"CPython", their, "swallow"}}},
        {"nested", {{"ours", our_nested, &Plain_Type}, {"CPython", their, "nested"}}},
        {"chain", {{"ours", our_nested, &Raises_Type}, {"CPython", their, "chain"}}},
    };
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof rows[0], argc, argv);
}
