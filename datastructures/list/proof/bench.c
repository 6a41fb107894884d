/* bench.c: append, pop, get and scan, ours and CPython's own through its C API, in one process.
 *
 * The items are distinct ints made before the clock starts, on both sides in the same order. Timed:
 *   append        n appends to an empty list, growth included; the items are 1000 objects in
 *                 turn, so they are in the cache, as an object is that a loop has this moment made
 *   append-order  n appends of n different objects in the order in which memory holds
 *                 them; from 10^6 on, both sides mostly wait for the same 32 MB of objects
 *                 whose refcount they raise
 *   append-rand   the same in a shuffled order: a cache miss for each object
 *   pop           n pops from the end, shrinking and dropping the popped reference included
 *   get           n reads by index, first to last (a borrowed reference, summed up)
 *   get-rand      the same in a shuffled order
 *   scan          one search of the whole list for an int that is not there: n comparisons
 */
#include <Python.h>

#include "../list.h"

#include "../../../common/proof/benchmark.h"

static volatile int64_t sink; // keeps the compiler from dropping the reads

/* ---- The data, kept from one run to the next -------------------------------------------------*/

static size_t ready;
static List *ours;                          // ints 1000000 .. 1000000 + ready
static PyObject *theirs;                    // the same
static uint32_t *straight, *shuffled, *hot; // three ways to walk them: 0 .. ready-1; modulo 1000

static void prepare(size_t n) {
    if (ready == n) return;
    xdecref(ours);
    Py_XDECREF(theirs);
    ours = list_new((ssize_t)n);
    theirs = PyList_New((Py_ssize_t)n);
    straight = realloc(straight, n * sizeof *straight);
    shuffled = realloc(shuffled, n * sizeof *shuffled);
    hot = realloc(hot, n * sizeof *hot);
    if (!ours || !theirs || !straight || !shuffled || !hot) {
        fputs("list_bench: out of memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < n; i++)
        list_set_item(ours, (ssize_t)i, int_from_long(1000000 + (int64_t)i));
    for (size_t i = 0; i < n; i++)
        PyList_SET_ITEM(theirs, (Py_ssize_t)i, PyLong_FromLong(1000000 + (long)i));
    for (size_t i = 0; i < n; i++) {
        straight[i] = shuffled[i] = (uint32_t)i;
        hot[i] = (uint32_t)(i % 1000);
    }
    uint64_t random = 42;
    for (size_t i = n; i > 1; i--) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t j = (size_t)(random >> 33) % i;
        uint32_t swap = shuffled[i - 1];
        shuffled[i - 1] = shuffled[j];
        shuffled[j] = swap;
    }
    ready = n;
}

/* ---- Ours, and CPython's. `argument` is the address of the way to walk ------------------------*/

static uint64_t our_append(size_t n, size_t repeats, const void *argument) {
    uint64_t elapsed = 0;
    prepare(n);
    const uint32_t *way = *(uint32_t *const *)argument;
    for (size_t r = 0; r < repeats; r++) {
        List *list = list_new(0);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            list_append(list, ours->items[way[i]]);
        elapsed += clock_now() - start;
        decref(list);
    }
    return elapsed;
}

static uint64_t their_append(size_t n, size_t repeats, const void *argument) {
    uint64_t elapsed = 0;
    prepare(n);
    const uint32_t *way = *(uint32_t *const *)argument;
    PyObject **source = ((PyListObject *)theirs)->ob_item;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *list = PyList_New(0);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            PyList_Append(list, source[way[i]]);
        elapsed += clock_now() - start;
        Py_DECREF(list);
    }
    return elapsed;
}

static uint64_t our_pop(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t elapsed = 0;
    prepare(n);
    for (size_t r = 0; r < repeats; r++) {
        List *list = list_copy(ours);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            decref(list_pop(list, -1));
        elapsed += clock_now() - start;
        decref(list);
    }
    return elapsed;
}

/* list.pop has no C API function: the method's own C function is called, without a lookup and
 * without a frame, as the interpreter's specialised call does. */
static uint64_t their_pop(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t elapsed = 0;
    prepare(n);
    PyObject *method = PyObject_GetAttrString((PyObject *)&PyList_Type, "pop");
    vectorcallfunc pop = PyVectorcall_Function(method);
    for (size_t r = 0; r < repeats; r++) {
        PyObject *list = PyList_GetSlice(theirs, 0, (Py_ssize_t)n);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            Py_DECREF(pop(method, &list, 1, NULL));
        elapsed += clock_now() - start;
        Py_DECREF(list);
    }
    Py_DECREF(method);
    return elapsed;
}

/* A NULL argument: from the first to the last. */
static uint64_t our_get(size_t n, size_t repeats, const void *argument) {
    prepare(n);
    const uint32_t *way = argument ? *(uint32_t *const *)argument : NULL;
    int64_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; !way && i < n; i++)
            sum += (intptr_t)list_get_item(ours, (ssize_t)i);
        for (size_t i = 0; way && i < n; i++)
            sum += (intptr_t)list_get_item(ours, (ssize_t)way[i]);
    }
    sink = sum;
    return clock_now() - start;
}

static uint64_t their_get(size_t n, size_t repeats, const void *argument) {
    prepare(n);
    const uint32_t *way = argument ? *(uint32_t *const *)argument : NULL;
    int64_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; !way && i < n; i++)
            sum += (intptr_t)PyList_GetItem(theirs, (Py_ssize_t)i);
        for (size_t i = 0; way && i < n; i++)
            sum += (intptr_t)PyList_GetItem(theirs, (Py_ssize_t)way[i]);
    }
    sink = sum;
    return clock_now() - start;
}

static uint64_t our_scan(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    prepare(n);
    Object *absent = int_from_long(999999);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        sink = list_contains(ours, absent);
    uint64_t elapsed = clock_now() - start;
    decref(absent);
    return elapsed;
}

static uint64_t their_scan(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    prepare(n);
    PyObject *absent = PyLong_FromLong(999999);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        sink = PySequence_Contains(theirs, absent);
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(absent);
    return elapsed;
}

int main(int argc, char **argv) {
    static const BenchmarkRow rows[] = {
        {"append", {{"ours", our_append, &hot}, {"CPython", their_append, &hot}}, 0},
        {"append-order",
         {{"ours", our_append, &straight}, {"CPython", their_append, &straight}},
         0},
        {"append-rand", {{"ours", our_append, &shuffled}, {"CPython", their_append, &shuffled}}, 0},
        {"pop", {{"ours", our_pop, NULL}, {"CPython", their_pop, NULL}}, 0},
        {"get", {{"ours", our_get, NULL}, {"CPython", their_get, NULL}}, 0},
        {"get-rand", {{"ours", our_get, &shuffled}, {"CPython", their_get, &shuffled}}, 0},
        {"scan", {{"ours", our_scan, NULL}, {"CPython", their_scan, NULL}}, 0},
    };
    Benchmark self = {.room = "list", .sizes = {100, 1000, 10000, 100000, 1000000, 10000000}};
    Py_InitializeEx(0);
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
