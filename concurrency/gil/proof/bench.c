// clang-format off: a table
/* bench.c: the GIL against a bare mutex and CPython's own, the loop against CPython's.
 *
 *   take-drop    nobody else wants it: take_gil() and drop_gil(), PyEval_RestoreThread() and
 *                PyEval_SaveThread(), pthread_mutex_lock() and _unlock()
 *   switch       two threads that hand it over on request, each time; the peer is two threads that
 *                take turns by one mutex and one condition variable, the least that can do it. An
 *                item is one hand-over
 *   loop         one round of `for _ in range(n): pass`, in bytecode on both sides; counter+=1 and
 *                counter+=f() are the same with that in the body
 */
// clang-format on
#include <Python.h>

#include "../../../common/proof/benchmark.h"

#include "../ceval.h"
#include "../demo/programs.h"

/* ---- take-drop -------------------------------------------------------------------------------*/

static uint64_t our_take_drop(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Gil gil;
    if (create_gil(&gil) < 0) abort();
    ThreadState tstate = {.gil = &gil};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        take_gil(&tstate);
        drop_gil(&tstate);
    }
    uint64_t elapsed = clock_now() - start;
    destroy_gil(&gil);
    return elapsed;
}

static uint64_t their_take_drop(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    PyThreadState *tstate = PyEval_SaveThread();
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        PyEval_RestoreThread(tstate);
        PyEval_SaveThread();
    }
    uint64_t elapsed = clock_now() - start;
    PyEval_RestoreThread(tstate);
    return elapsed;
}

static uint64_t mutex_take_drop(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
    return clock_now() - start;
}

/* ---- switch ----------------------------------------------------------------------------------*/

enum { FEWER = 100 }; // a hand-over takes microseconds: a hundredth of the work, times a hundred

typedef struct {
    ThreadState tstate;
    size_t count;
    atomic_int *running;
} Switcher;

/* Holds the GIL only to be asked for it: the request is made here, where a waiter would make it
 * after its interval, so that the time of the hand-over is all that is measured. */
static void *hand_over(void *argument) {
    Switcher *self = argument;
    take_gil(&self->tstate);
    atomic_fetch_add(self->running, 1);
    while (atomic_load(self->running) < 2) { // both are there
        drop_gil(&self->tstate);
        take_gil(&self->tstate);
    }
    for (size_t i = 0; i < self->count && atomic_load(self->running) == 2; i++) {
        set_gil_drop_request(self->tstate.gil);
        eval_frame_handle_pending(&self->tstate);
    }
    atomic_fetch_add(self->running, 1); // the other has nobody to hand over to
    drop_gil(&self->tstate);
    return NULL;
}

static uint64_t our_switch(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Gil gil;
    if (create_gil(&gil) < 0) abort();
    gil.interval = 1000000000; // nobody else asks
    atomic_int running = 0;
    size_t count = n * repeats / FEWER / 2; // each of two threads hands over as often
    Switcher first = {{.gil = &gil}, count, &running}, second = {{.gil = &gil}, count, &running};
    pthread_t thread;
    uint64_t start = clock_now();
    if (pthread_create(&thread, NULL, hand_over, &second)) abort();
    hand_over(&first);
    pthread_join(thread, NULL);
    uint64_t elapsed = clock_now() - start;
    destroy_gil(&gil);
    return elapsed * FEWER;
}

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t turn, count;
} Turns;

/* The turns of one parity: 0 for the thread that measures, 1 for the other. */
static void take_turns(Turns *self, size_t parity) {
    pthread_mutex_lock(&self->mutex);
    for (size_t i = 0; i < self->count; i++) {
        while (self->turn % 2 != parity)
            pthread_cond_wait(&self->cond, &self->mutex);
        self->turn++;
        pthread_cond_signal(&self->cond);
    }
    pthread_mutex_unlock(&self->mutex);
}

static void *take_odd_turns(void *argument) {
    take_turns(argument, 1);
    return NULL;
}

static uint64_t bare_switch(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Turns turns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, n * repeats / FEWER / 2};
    pthread_t thread;
    uint64_t start = clock_now();
    if (pthread_create(&thread, NULL, take_odd_turns, &turns)) abort();
    take_turns(&turns, 0);
    pthread_join(thread, NULL);
    return (clock_now() - start) * FEWER;
}

/* ---- The loop --------------------------------------------------------------------------------*/

static const char ours[] = COUNTERS("f") "function nothing n\n" LOOP("");

static const char theirs[] = //
    "counter = 0\n"
    "def f(): return 1\n"
    "def nothing(n):\n"
    "    for _ in range(n): pass\n"
    "def bare(n):\n"
    "    global counter\n"
    "    for _ in range(n): counter += 1\n"
    "def called(n):\n"
    "    global counter\n"
    "    for _ in range(n): counter += f()\n";

/* `argument` is the function's name, in both. */
static uint64_t our_function(size_t n, size_t repeats, const void *argument) {
    Program program;
    if (program_init(&program) < 0 || program_define_builtins(&program) < 0 ||
        program_assemble(&program, "bench", ours, strlen(ours)) < 0) {
        abort();
    }
    Thread *thread = thread_new(&program, 0);
    if (!thread) abort();
    Value args[] = {value_int((int64_t)n)};
    Function *function = program_function(&program, argument);
    take_gil(&thread->tstate);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        eval_call(thread, function, args);
    uint64_t elapsed = clock_now() - start;
    drop_gil(&thread->tstate);
    free(thread);
    program_fini(&program);
    return elapsed;
}

static uint64_t their_function(size_t n, size_t repeats, const void *argument) {
    PyObject *main_module = PyImport_AddModule("__main__");
    PyObject *function = PyObject_GetAttrString(main_module, argument);
    PyObject *arg = PyLong_FromSize_t(n);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        Py_XDECREF(PyObject_CallOneArg(function, arg));
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(function);
    Py_DECREF(arg);
    return elapsed;
}

int main(int argc, char **argv) {
#define FUNCTION(name)                                                                             \
    {                                                                                              \
        {"ours", our_function, name}, {                                                            \
            "CPython", their_function, name                                                        \
        }                                                                                          \
    }
    static const BenchmarkRow rows[] = {
        {"take-drop",
         {{"ours", our_take_drop}, {"CPython", their_take_drop}, {"mutex", mutex_take_drop}}},
        {"switch", {{"ours", our_switch}, {"condvar", bare_switch}}},
        {"loop", FUNCTION("nothing")},
        {"counter+=1", FUNCTION("bare")},
        {"counter+=f()", FUNCTION("called")},
    };
    Benchmark self = {.room = "gil", .sizes = {100000}};
    Py_InitializeEx(0);
    if (PyRun_SimpleString(theirs) < 0) abort();
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
