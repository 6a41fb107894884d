/* bench.c: contextlib's managers in C against CPython's, which are Python, in one process.
 *
 * Timed is a loop of n `with` statements, each with a new manager and an empty block, or the building
 * and leaving of one ExitStack with n entries; per statement or entry. Theirs is a loop in a Python
 * function, so a few nanoseconds of each are the loop's.
 *
 *   contextmanager   a generator that yields once: made, entered, left
 *   thrown           the same, but the block raises and the generator catches it
 *   closing, suppress, nullcontext, redirect_stdout; suppress with a KeyError in the block
 *   enter_context    a stack of n managers of a class with both methods, the same one each time
 *   callback         a stack of n calls of a function without arguments
 *   raising          a stack of n functions, each of which raises a new exception
 */
#include <Python.h>

#include "../contextlib.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    fputs("contextlib_bench: out of memory\n", stderr);
    exit(1);
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static SendResult once(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(new_ref(None));
    if (!sent) {
        except_begin(&self->saved);
        except_end(self->saved);
    }
    GENERATOR_END
}

static Object *nothing(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(None);
}
static Object *raise_new(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    error_raise(&KeyError_Type, "x");
    return NULL;
}

static Object *manager_enter(Object *self) {
    return new_ref(self);
}
static Object *manager_exit(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    return new_ref(None);
}
static Type Manager_Type = {TYPE("Manager", NULL), .enter = manager_enter, .exit = manager_exit};
static Object a_manager = {1, &Manager_Type};

typedef enum {
    CONTEXTMANAGER,
    THROWN,
    CLOSING,
    SUPPRESS,
    NULLCONTEXT,
    REDIRECT,
    ENTER_CONTEXT,
    CALLBACK,
    MANY_RAISE
} Kind;

static Object *nothing_function, *raise_function;

static Object *make(Kind kind) {
    switch (kind) {
    case CLOSING:
        return closing_new(None, nothing_function);
    case SUPPRESS:
        return suppress_new(1, (Type *[]){&KeyError_Type});
    case NULLCONTEXT:
        return nullcontext_new(None);
    case REDIRECT:
        return redirect_stdout_new(stderr);
    default:
        return contextmanager("once", once, NULL);
    }
}

static void statements(Kind kind, size_t n) {
    bool raises = kind == THROWN || kind == SUPPRESS;
    for (size_t i = 0; i < n; i++) {
        Object *manager = check(make(kind));
        WITH(w, manager, NULL) {
            if (raises) error_raise(&KeyError_Type, "x");
        }
        decref(manager);
    }
}

static void stack(Kind kind, size_t n) {
    Object *stack = check(exitstack_new());
    WITH(w, stack, NULL) {
        for (size_t i = 0; i < n; i++) {
            if (kind == ENTER_CONTEXT) {
                Object *entered = exitstack_enter_context(stack, &a_manager);
                decref(check(entered));
            } else if (kind == CALLBACK) {
                exitstack_callback(stack, nothing_function, NULL);
            } else {
                exitstack_push(stack, raise_function);
            }
        }
    }
    decref(stack);
    error_clear();
}

static uint64_t ours(size_t n, size_t repeats, const void *argument) {
    Kind kind = *(const Kind *)argument;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        (kind < ENTER_CONTEXT ? statements : stack)(kind, n);
    return clock_now() - start;
}

/* ---- Theirs ----------------------------------------------------------------------------------*/

static const char program[] = "import sys\n"
                              "from contextlib import *\n"
                              "@contextmanager\n"
                              "def once():\n"
                              "    yield\n"
                              "@contextmanager\n"
                              "def catches():\n"
                              "    try: yield\n"
                              "    except KeyError: pass\n"
                              "class Thing:\n"
                              "    def close(self): pass\n"
                              "thing, error = Thing(), sys.stderr\n"
                              "class Manager:\n"
                              "    def __enter__(self): return self\n"
                              "    def __exit__(self, kind, value, traceback): pass\n"
                              "manager = Manager()\n"
                              "def nothing(): pass\n"
                              "def raise_new(kind, value, traceback): raise KeyError('x')\n"
                              "def f0(n):\n"
                              "    for _ in range(n):\n"
                              "        with once(): pass\n"
                              "def f1(n):\n"
                              "    for _ in range(n):\n"
                              "        with catches(): raise KeyError('x')\n"
                              "def f2(n):\n"
                              "    for _ in range(n):\n"
                              "        with closing(thing): pass\n"
                              "def f3(n):\n"
                              "    for _ in range(n):\n"
                              "        with suppress(KeyError): raise KeyError('x')\n"
                              "def f4(n):\n"
                              "    for _ in range(n):\n"
                              "        with nullcontext(): pass\n"
                              "def f5(n):\n"
                              "    for _ in range(n):\n"
                              "        with redirect_stdout(error): pass\n"
                              "def f6(n):\n"
                              "    with ExitStack() as stack:\n"
                              "        for _ in range(n): stack.enter_context(manager)\n"
                              "def f7(n):\n"
                              "    with ExitStack() as stack:\n"
                              "        for _ in range(n): stack.callback(nothing)\n"
                              "def f8(n):\n"
                              "    try:\n"
                              "        with ExitStack() as stack:\n"
                              "            for _ in range(n): stack.push(raise_new)\n"
                              "    except KeyError: pass\n";

static uint64_t theirs(size_t n, size_t repeats, const void *argument) {
    static PyObject *names;
    if (!names) {
        names = check(PyDict_New());
        PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
        check(PyRun_String(program, Py_file_input, names, names));
    }
    char name[] = "f0";
    name[1] = (char)('0' + *(const Kind *)argument);
    PyObject *function = check(PyDict_GetItemString(names, name));
    PyObject *number = check(PyLong_FromSize_t(n));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        Py_DECREF(check(PyObject_CallOneArg(function, number)));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(number);
    return elapsed;
}

int main(int argc, char **argv) {
    static const struct {
        const char *operation;
        Kind kind;
        size_t limit;
    } what[] = {
        {"contextmanager", CONTEXTMANAGER, 1000},
        {"thrown", THROWN, 1000},
        {"closing", CLOSING, 1000},
        {"suppress", SUPPRESS, 1000},
        {"nullcontext", NULLCONTEXT, 1000},
        {"redirect_stdout", REDIRECT, 1000},
        {"enter_context", ENTER_CONTEXT, 0},
        {"callback", CALLBACK, 0},
        {"raising", MANY_RAISE, 100000},
    };
    enum { ROWS = sizeof what / sizeof what[0] };
    BenchmarkRow rows[ROWS];
    for (int i = 0; i < ROWS; i++)
        rows[i] =
            (BenchmarkRow){what[i].operation,
                           {{"ours", ours, &what[i].kind}, {"CPython", theirs, &what[i].kind}},
                           what[i].limit};
    Benchmark self = {.room = "contextlib", .sizes = {1000, 100000, 1000000}};
    nothing_function = check(function_new("nothing", nothing, NULL));
    raise_function = check(function_new("raise_new", raise_new, NULL));
    Py_InitializeEx(0);
    return benchmark_main(&self, rows, ROWS, argc, argv);
}
