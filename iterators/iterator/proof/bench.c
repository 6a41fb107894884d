/* bench.c: iterators driven from C, ours by iter_next(), CPython's by PyIter_Next(), in one
 * process.
 *
 * Timed is one walk: making the iterator, n results, each dropped at once, and the end. What is
 * walked over is made beforehand and is the same on both sides: n ints from 0 to 99, which exist
 * once in either implementation, so that no int is made or freed but in `range`, where making them
 * is the work. (A chain of `enumerate` and the like has such a list at its bottom.)
 *
 *   list, tuple, reversed   n items
 *   range                   n new ints
 *   enumerate, zip          n pairs, so the tuple is used again each time
 *   map, filter             a C function of the same kind for each item; filter lets all pass
 *   chain                   two lists of n / 2
 *   islice                  from 0 to n
 */
#include <Python.h>

#include "../iterator.h"

#include "../../../common/proof/benchmark.h"

/* ---- What is walked over, kept from one run to the next --------------------------------------*/

static size_t ready;
static List *our_list, *our_half;
static Tuple *our_tuple;
static Object *our_identity;
static PyObject *their_list, *their_half, *their_tuple, *their_identity;
static PyObject *their_zero, *their_length; // arguments of islice

static Object *identity(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(args[0]);
}

static PyObject *python_identity(PyObject *module, PyObject *argument) {
    (void)module;
    return Py_NewRef(argument);
}

static void check(const void *made) {
    if (made) return;
    fputs("iterator_bench: out of memory\n", stderr);
    exit(1);
}

static List *make_list(size_t n) {
    List *list = list_new();
    check(list);
    for (size_t i = 0; i < n; i++) {
        Object *item = int_from_long((int64_t)(i % 100));
        if (list_append(list, item) < 0) check(NULL);
        decref(item);
    }
    return list;
}

static PyObject *make_python_list(size_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    check(list);
    for (size_t i = 0; i < n; i++)
        PyList_SET_ITEM(list, (Py_ssize_t)i, PyLong_FromLong((long)(i % 100)));
    return list;
}

static void prepare(size_t n) {
    static PyMethodDef definition = {"identity", python_identity, METH_O, NULL};
    if (ready == n) return;
    xdecref(our_list);
    xdecref(our_half);
    xdecref(our_tuple);
    our_list = make_list(n);
    our_half = make_list(n / 2);
    our_tuple = tuple_new((ssize_t)n);
    check(our_tuple);
    for (size_t i = 0; i < n; i++)
        our_tuple->items[i] = new_ref(our_list->items[i]);
    if (!our_identity) our_identity = function_new("identity", identity, NULL);
    Py_XDECREF(their_list);
    Py_XDECREF(their_half);
    Py_XDECREF(their_tuple);
    Py_XDECREF(their_length);
    their_list = make_python_list(n);
    their_half = make_python_list(n / 2);
    their_tuple = PyList_AsTuple(their_list);
    their_length = PyLong_FromSize_t(n);
    if (!their_zero) their_zero = PyLong_FromLong(0);
    if (!their_identity) their_identity = PyCFunction_New(&definition, NULL);
    check(their_tuple);
    ready = n;
}

/* ---- A walk ----------------------------------------------------------------------------------*/

static void our_walk(Object *iterator) {
    check(iterator);
    Object *item;
    while ((item = iter_next(iterator)))
        decref(item);
    decref(iterator);
}

static void their_walk(PyObject *iterator) {
    check(iterator);
    PyObject *item;
    while ((item = PyIter_Next(iterator)))
        Py_DECREF(item);
    Py_DECREF(iterator);
}

/* Times `repeats` walks over what the expression makes. */
#define BENCH(name, walk, expression)                                                              \
    static uint64_t name(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {        \
        prepare(n);                                                                                \
        uint64_t start = clock_now();                                                              \
        for (size_t r = 0; r < repeats; r++)                                                       \
            walk(expression);                                                                      \
        return clock_now() - start;                                                                \
    }

static Object *our_range_iter(size_t n) {
    Object *range = range_new(0, (int64_t)n, 1), *iterator = object_get_iter(range);
    decref(range);
    return iterator;
}

static Object *our_chain(void) {
    Object *both = tuple_pack(2, our_half, our_half), *chain = chain_from_iterable(both);
    decref(both);
    return chain;
}

/* iter() of a new reference, which is dropped. */
static PyObject *their_iter(PyObject *iterable) {
    PyObject *iterator = iterable ? PyObject_GetIter(iterable) : NULL;
    Py_XDECREF(iterable);
    return iterator;
}

static PyObject *itertool(const char *name) {
    PyObject *module = PyImport_ImportModule("itertools");
    PyObject *tool = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    check(tool);
    return tool;
}

static PyObject *call(void *type, PyObject *a, PyObject *b, PyObject *c) {
    return PyObject_CallFunctionObjArgs(type, a, b, c, NULL);
}

static PyObject *chain_type, *islice_type;

BENCH(our_list_walk, our_walk, object_get_iter(OBJECT(our_list)))
BENCH(our_tuple_walk, our_walk, object_get_iter(OBJECT(our_tuple)))
BENCH(our_reversed_walk, our_walk, reversed_new(OBJECT(our_list)))
BENCH(our_range_walk, our_walk, our_range_iter(n))
BENCH(our_enumerate_walk, our_walk, enumerate_new(OBJECT(our_list), 0))
BENCH(our_zip_walk, our_walk, zip_new((Object *[]){OBJECT(our_list), OBJECT(our_list)}, 2, false))
BENCH(our_map_walk, our_walk, map_new(our_identity, (Object *[]){OBJECT(our_list)}, 1))
BENCH(our_filter_walk, our_walk, filter_new(our_identity, OBJECT(our_tuple)))
BENCH(our_chain_walk, our_walk, our_chain())
BENCH(our_islice_walk, our_walk, islice_new(OBJECT(our_list), 0, (int64_t)n, 1))

BENCH(their_list_walk, their_walk, PyObject_GetIter(their_list))
BENCH(their_tuple_walk, their_walk, PyObject_GetIter(their_tuple))
BENCH(their_reversed_walk, their_walk, call(&PyReversed_Type, their_list, NULL, NULL))
BENCH(their_range_walk, their_walk, their_iter(call(&PyRange_Type, their_length, NULL, NULL)))
BENCH(their_enumerate_walk, their_walk, call(&PyEnum_Type, their_list, NULL, NULL))
BENCH(their_zip_walk, their_walk, call(&PyZip_Type, their_list, their_list, NULL))
BENCH(their_map_walk, their_walk, call(&PyMap_Type, their_identity, their_list, NULL))
BENCH(their_filter_walk, their_walk, call(&PyFilter_Type, their_identity, their_tuple, NULL))
BENCH(their_chain_walk, their_walk, call(chain_type, their_half, their_half, NULL))
BENCH(their_islice_walk, their_walk, call(islice_type, their_list, their_zero, their_length))

int main(int argc, char **argv) {
    static const BenchmarkRow rows[] = {
        {"list", {{"ours", our_list_walk}, {"CPython", their_list_walk}}, 0},
        {"tuple", {{"ours", our_tuple_walk}, {"CPython", their_tuple_walk}}, 0},
        {"reversed", {{"ours", our_reversed_walk}, {"CPython", their_reversed_walk}}, 0},
        {"range", {{"ours", our_range_walk}, {"CPython", their_range_walk}}, 0},
        {"enumerate", {{"ours", our_enumerate_walk}, {"CPython", their_enumerate_walk}}, 0},
        {"zip", {{"ours", our_zip_walk}, {"CPython", their_zip_walk}}, 0},
        {"map", {{"ours", our_map_walk}, {"CPython", their_map_walk}}, 0},
        {"filter", {{"ours", our_filter_walk}, {"CPython", their_filter_walk}}, 0},
        {"chain", {{"ours", our_chain_walk}, {"CPython", their_chain_walk}}, 0},
        {"islice", {{"ours", our_islice_walk}, {"CPython", their_islice_walk}}, 0},
    };
    Benchmark self = {.room = "iterator", .sizes = {100, 10000, 1000000}};
    Py_InitializeEx(0);
    chain_type = itertool("chain");
    islice_type = itertool("islice");
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
