/* bench.c: resuming a generator: ours, CPython's through its C API, and a bare call, in one
 * process.
 *
 * n is a number of values in the first three, a depth in the last. Timed:
 *   next        make a generator, take n values, drop it. Each value is an int made for it, from
 *               1000 up, so none is a cached one, and dropped; `call` makes and drops the same n
 *               ints through a function pointer that the compiler cannot see through
 *   next-same   the same with one object yielded again and again: what a resume alone costs
 *   send        the same with a value sent in each time and sent straight back
 *   yield-from  n generators, each delegating to the next: one value from the innermost to the
 *               outside; nanoseconds for each level. Making the chain is not timed
 */
#include <Python.h>

#include "../generator.h"

#include "../../../common/proof/benchmark.h"

/* ---- Ours ------------------------------------------------------------------------------------*/

typedef struct {
    Object *sub;
    int64_t n;
} Locals;

static Object *ints_run(Generator *self, Object *sent) {
    BEGIN(Locals);
    local->n = 1000;
    while (true) {
        YIELD(int_from_long(local->n));
        local->n += 1;
    }
    END;
}

static Object *same_run(Generator *self, Object *sent) {
    BEGIN(Locals);
    while (true) {
        YIELD(new_ref(local->sub));
    }
    END;
}

static Object *echo_run(Generator *self, Object *sent) {
    BEGIN(Locals);
    while (true) {
        YIELD(new_ref(sent));
    }
    END;
}

static Object *relay_run(Generator *self, Object *sent) {
    BEGIN(Locals);
    YIELD_FROM(new_ref(local->sub));
    END;
}

static const Code ints_code = {"ints", ints_run, sizeof(Locals), 1, 0};
static const Code same_code = {"same", same_run, sizeof(Locals), 1, 0};
static const Code echo_code = {"echo", echo_run, sizeof(Locals), 1, 0};
static const Code relay_code = {"relay", relay_run, sizeof(Locals), 1, 0};

/* `argument` is the code to run. */
static uint64_t our_next(size_t n, size_t repeats, const void *argument) {
    Locals locals = {.sub = None};
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        Object *generator = generator_new(argument, &locals);
        for (size_t i = 0; i < n; i++)
            decref(iter_next(generator));
        decref(generator);
    }
    return clock_now() - start;
}

/* The same with a value sent in each time. */
static uint64_t our_send(size_t n, size_t repeats, const void *argument) {
    Locals locals = {.sub = None};
    Object *value = int_from_long(5000), *result;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        Object *generator = generator_new(argument, &locals);
        decref(iter_next(generator));
        for (size_t i = 0; i < n; i++) {
            iter_send(generator, value, &result);
            decref(result);
        }
        decref(generator);
    }
    uint64_t elapsed = clock_now() - start;
    decref(value);
    return elapsed;
}

/* `argument` is the code of each link of the chain but the innermost. */
static uint64_t our_chain(size_t depth, size_t repeats, const void *argument) {
    Object *chain = generator_new(&same_code, &(Locals){.sub = None});
    for (size_t i = 1; i < depth; i++) {
        Object *outer = generator_new(argument, &(Locals){.sub = chain});
        decref(chain);
        chain = outer;
    }
    decref(iter_next(chain));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        decref(iter_next(chain));
    uint64_t elapsed = clock_now() - start;
    decref(chain);
    return elapsed;
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static const char source[] = "import sys\n"
                             "sys.setrecursionlimit(100000)\n"
                             "def ints(sub):\n"
                             "    n = 1000\n"
                             "    while True:\n"
                             "        yield n\n"
                             "        n += 1\n"
                             "def same(sub):\n"
                             "    while True:\n"
                             "        yield sub\n"
                             "def echo(sub):\n"
                             "    got = None\n"
                             "    while True:\n"
                             "        got = yield got\n"
                             "def relay(sub):\n"
                             "    yield from sub\n";

static PyObject *their(const char *name) {
    static PyObject *globals;
    if (!globals) {
        globals = PyDict_New();
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
        Py_DECREF(PyRun_String(source, Py_file_input, globals, globals));
    }
    return PyDict_GetItemString(globals, name);
}

/* In all of these `argument` is the function's name. */
static uint64_t their_next(size_t n, size_t repeats, const void *argument) {
    PyObject *function = their(argument);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        PyObject *generator = PyObject_CallOneArg(function, Py_None);
        for (size_t i = 0; i < n; i++)
            Py_DECREF(PyIter_Next(generator));
        Py_DECREF(generator);
    }
    return clock_now() - start;
}

static uint64_t their_send(size_t n, size_t repeats, const void *argument) {
    PyObject *function = their(argument), *value = PyLong_FromLong(5000), *result;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        PyObject *generator = PyObject_CallOneArg(function, Py_None);
        Py_DECREF(PyIter_Next(generator));
        for (size_t i = 0; i < n; i++) {
            PyIter_Send(generator, value, &result);
            Py_DECREF(result);
        }
        Py_DECREF(generator);
    }
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(value);
    return elapsed;
}

static uint64_t their_chain(size_t depth, size_t repeats, const void *argument) {
    PyObject *chain = PyObject_CallOneArg(their("same"), Py_None);
    for (size_t i = 1; i < depth; i++)
        Py_SETREF(chain, PyObject_CallOneArg(their(argument), chain));
    Py_DECREF(PyIter_Next(chain));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        Py_DECREF(PyIter_Next(chain));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(chain);
    return elapsed;
}

/* ---- A bare call -----------------------------------------------------------------------------*/

typedef Object *(*Call)(Locals *);

static Object *next_int(Locals *locals) {
    return int_from_long(locals->n++);
}

static Object *next_same(Locals *locals) {
    return new_ref(locals->sub);
}

/* `argument` points to the function to call, behind the compiler's back. */
static uint64_t bare_calls(size_t n, size_t repeats, const void *argument) {
    Call volatile function = *(const Call *)argument;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        Locals locals = {.sub = None, .n = 1000};
        for (size_t i = 0; i < n; i++)
            decref(function(&locals));
    }
    return clock_now() - start;
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    set_recursion_limit(100000); // as sys.setrecursionlimit() above
    static const Call calls[] = {next_int, next_same};
    Benchmark benchmark = {.room = "generator", .sizes = {1, 3, 10, 30, 100, 300, 1000}};
    const BenchmarkRow rows[] = {
        {"next",
         {{"ours", our_next, &ints_code},
          {"CPython", their_next, "ints"},
          {"call", bare_calls, &calls[0]}}},
        {"next-same",
         {{"ours", our_next, &same_code},
          {"CPython", their_next, "same"},
          {"call", bare_calls, &calls[1]}}},
        {"send", {{"ours", our_send, &echo_code}, {"CPython", their_send, "echo"}}},
        {"yield-from", {{"ours", our_chain, &relay_code}, {"CPython", their_chain, "relay"}}},
    };
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof rows[0], argc, argv);
}
