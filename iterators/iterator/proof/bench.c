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

static Object *list, *halves, *tuple, *range, *identity; // ours
static PyObject *names;                                  // theirs, by the same names

static Object *our_identity(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(args[0]);
}

static PyObject *their_identity(PyObject *module, PyObject *argument) {
    (void)module;
    return Py_NewRef(argument);
}

static void *check(void *made) {
    if (made) return made;
    fputs("iterator_bench: out of memory\n", stderr);
    exit(1);
}

static Object *list_of(size_t n) {
    List *made = check(list_new());
    for (size_t i = 0; i < n; i++) {
        Object *item = int_from_long((int64_t)(i % 100));
        if (list_append(made, item) < 0) check(NULL);
        decref(item);
    }
    return OBJECT(made);
}

static void prepare(size_t n) {
    static size_t ready;
    static PyMethodDef definition = {"identity", their_identity, METH_O, NULL};
    static const char program[] = "from itertools import chain, islice\n"
                                  "items = [i % 100 for i in range(n)]\n"
                                  "half, many, numbers = items[:n // 2], tuple(items), range(n)\n";
    if (ready == n) return;
    Object *old[] = {list, halves, tuple, range, identity};
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
        xdecref(old[i]);
    list = list_of(n);
    Object *half = list_of(n / 2);
    halves = check(tuple_pack(2, half, half));
    decref(half);
    Tuple *many = check(tuple_new((ssize_t)n));
    for (size_t i = 0; i < n; i++)
        many->items[i] = new_ref(((List *)list)->items[i]);
    tuple = OBJECT(many);
    range = check(range_new(0, (int64_t)n, 1));
    identity = check(function_new("identity", our_identity, NULL));
    Py_XDECREF(names);
    names = check(Py_BuildValue("{s:n,s:N,s:N}", "n", (Py_ssize_t)n, "identity",
                                PyCFunction_New(&definition, NULL), "__builtins__",
                                PyImport_ImportModule("builtins")));
    check(PyRun_String(program, Py_file_input, names, names));
    ready = n;
}

/* ---- A walk ----------------------------------------------------------------------------------*/

typedef enum { LIST, TUPLE, REVERSED, RANGE, ENUMERATE, ZIP, MAP, FILTER, CHAIN, ISLICE } Kind;

/* What theirs is called with: a callable and a tuple of arguments, as Python writes them. */
typedef struct {
    const char *operation;
    Kind kind;
    const char *callable, *arguments;
} Walk;

static Object *make(Kind kind, size_t n) {
    switch (kind) {
    case LIST:
        return object_get_iter(list);
    case TUPLE:
        return object_get_iter(tuple);
    case REVERSED:
        return reversed_new(list);
    case RANGE:
        return object_get_iter(range);
    case ENUMERATE:
        return enumerate_new(list, 0);
    case ZIP:
        return zip_new((Object *[]){list, list}, 2, false);
    case MAP:
        return map_new(identity, &list, 1);
    case FILTER:
        return filter_new(identity, tuple);
    case CHAIN:
        return chain_from_iterable(halves);
    case ISLICE:
        return islice_new(list, 0, (int64_t)n, 1);
    }
    return NULL;
}

static uint64_t ours(size_t n, size_t repeats, const void *argument) {
    const Walk *walk = argument;
    prepare(n);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        Object *iterator = check(make(walk->kind, n)), *item;
        while ((item = iter_next(iterator)))
            decref(item);
        decref(iterator);
    }
    return clock_now() - start;
}

static uint64_t theirs(size_t n, size_t repeats, const void *argument) {
    const Walk *walk = argument;
    prepare(n);
    PyObject *callable = check(PyRun_String(walk->callable, Py_eval_input, names, names));
    PyObject *arguments = check(PyRun_String(walk->arguments, Py_eval_input, names, names));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        PyObject *iterator = check(PyObject_CallObject(callable, arguments)), *item;
        while ((item = PyIter_Next(iterator)))
            Py_DECREF(item);
        Py_DECREF(iterator);
    }
    uint64_t elapsed = clock_now() - start;
    Py_DECREF(callable);
    Py_DECREF(arguments);
    return elapsed;
}

int main(int argc, char **argv) {
    static const Walk walks[] = {
        {"list", LIST, "iter", "(items,)"},
        {"tuple", TUPLE, "iter", "(many,)"},
        {"reversed", REVERSED, "reversed", "(items,)"},
        {"range", RANGE, "iter", "(numbers,)"},
        {"enumerate", ENUMERATE, "enumerate", "(items,)"},
        {"zip", ZIP, "zip", "(items, items)"},
        {"map", MAP, "map", "(identity, items)"},
        {"filter", FILTER, "filter", "(identity, many)"},
        {"chain", CHAIN, "chain", "(half, half)"},
        {"islice", ISLICE, "islice", "(items, 0, n)"},
    };
    enum { WALKS = sizeof walks / sizeof walks[0] };
    BenchmarkRow rows[WALKS];
    for (int i = 0; i < WALKS; i++)
        rows[i] = (BenchmarkRow){
            walks[i].operation, {{"ours", ours, &walks[i]}, {"CPython", theirs, &walks[i]}}, 0};
    Benchmark self = {.room = "iterator", .sizes = {100, 10000, 1000000}};
    Py_InitializeEx(0);
    return benchmark_main(&self, rows, WALKS, argc, argv);
}
