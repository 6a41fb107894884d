/* bench.c: what a cached call costs, ours and CPython's in one process, both called from C.
 *
 * n is the number of entries. Nanoseconds for each call, but for the bytes:
 *   hit int      one int argument, in a cache of n entries; each key in turn
 *   hit str      one str
 *   hit two      two ints: a tuple is the key
 *   miss         a cache of n entries that is full: the oldest goes for each that comes; the function is C's
 *   growth       n different keys into a cache without a bound that begins empty
 *   bytes        "nanoseconds" are bytes: for each of n entries in a bounded cache, link and table, without
 *                key and result; CPython's by what its allocators have given out
 */
#include <Python.h>
#undef True
#undef False
#undef CO_VARARGS
#undef CO_VARKEYWORDS

#include "../lru_cache.h"

#include "../../../common/proof/benchmark.h"

typedef struct {
    const char *what;
    bool str, two;
} Case;

static const Case hit_int = {"hit", false, false}, hit_str = {"hit", true, false},
                  hit_two = {"hit", false, true}, miss = {"miss", false, false},
                  growth = {"growth", false, false};

static ssize_t maxsize_of(const Case *this, size_t n) {
    return strcmp(this->what, "growth") == 0 ? -1 : (ssize_t)n;
}
/* How many different keys are called with: with one more than fit, in turn, each is a miss. */
static size_t keys_of(const Case *this, size_t n) {
    return strcmp(this->what, "miss") == 0 ? 2 * n : n;
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static Object *first(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return new_ref(args[0]);
}

static Object **our_keys(const Case *this, size_t count) {
    Object **keys = malloc((count + 1) * sizeof *keys); // one more, as the second of the last
    for (size_t i = 0; i <= count; i++)
        keys[i] = this->str ? str_from_format("key %zu", i) : int_from_long((int64_t)i + 1000);
    return keys;
}

static uint64_t our(size_t n, size_t repeats, const void *argument) {
    const Case *this = argument;
    size_t count = keys_of(this, n);
    bool grows = this == &growth;
    Object **keys = our_keys(this, count), *func = builtin_new("first", first, NULL);
    Object *cache = lru_cache_new(func, maxsize_of(this, n), false);
    for (size_t i = 0; i < count && !grows; i++)
        decref(object_vectorcall(cache, keys + i, this->two ? 2 : 1, NULL));
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            decref(object_vectorcall(cache, keys + (count == n ? i : (r % 2 * n + i)),
                                     this->two ? 2 : 1, NULL));
        elapsed += clock_now() - start;
        if (grows) lru_cache_clear((LruCache *)cache);
    }
    decref(cache);
    decref(func);
    for (size_t i = 0; i <= count; i++)
        decref(keys[i]);
    free(keys);
    return elapsed;
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static PyObject *their_first(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self, (void)nargs;
    return Py_NewRef(args[0]);
}
static PyMethodDef first_def = {"first", _PyCFunction_CAST(their_first), METH_FASTCALL, NULL};

static PyObject *their_cache(ssize_t maxsize) {
    PyObject *functools = PyImport_ImportModule("functools");
    PyObject *func = PyCFunction_New(&first_def, NULL);
    PyObject *decorator = maxsize < 0 ? PyObject_CallMethod(functools, "lru_cache", "O", Py_None)
                                      : PyObject_CallMethod(functools, "lru_cache", "n", maxsize);
    PyObject *cache = PyObject_CallOneArg(decorator, func);
    Py_DECREF(decorator);
    Py_DECREF(func);
    Py_DECREF(functools);
    return cache;
}

static uint64_t their(size_t n, size_t repeats, const void *argument) {
    const Case *this = argument;
    size_t count = keys_of(this, n);
    bool grows = this == &growth;
    PyObject **keys = malloc((count + 1) * sizeof *keys), *cache = their_cache(maxsize_of(this, n));
    for (size_t i = 0; i <= count; i++)
        keys[i] = this->str ? PyUnicode_FromFormat("key %zu", i) : PyLong_FromSize_t(i + 1000);
    for (size_t i = 0; i < count && !grows; i++)
        Py_DECREF(PyObject_Vectorcall(cache, keys + i, this->two ? 2 : 1, NULL));
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            Py_DECREF(PyObject_Vectorcall(cache, keys + (count == n ? i : (r % 2 * n + i)),
                                          this->two ? 2 : 1, NULL));
        elapsed += clock_now() - start;
        if (grows) Py_DECREF(PyObject_CallMethod(cache, "cache_clear", NULL));
    }
    Py_DECREF(cache);
    for (size_t i = 0; i <= count; i++)
        Py_DECREF(keys[i]);
    free(keys);
    return elapsed;
}

/* ---- Bytes -----------------------------------------------------------------------------------*/

static uint64_t our_bytes(size_t n, size_t repeats, const void *argument) {
    bool bounded = argument != NULL;
    Case this = {"bytes", false, false};
    Object **keys = our_keys(&this, n), *func = builtin_new("first", first, NULL);
    Object *cache = lru_cache_new(func, bounded ? (ssize_t)n : -1, false);
    for (size_t i = 0; i < n; i++)
        decref(object_vectorcall(cache, keys + i, 1, NULL));
    size_t link = (sizeof(Link) + 15) / 16 * 16; // as pool.h rounds
    uint64_t bytes = table_bytes(&((LruCache *)cache)->cache) + (bounded ? n * link : 0);
    decref(cache);
    decref(func);
    for (size_t i = 0; i <= n; i++)
        decref(keys[i]);
    free(keys);
    return bytes * repeats;
}

/* A dict of as many entries, and a link of 56 bytes, which pymalloc makes 64. */
static uint64_t their_bytes(size_t n, size_t repeats, const void *argument) {
    bool bounded = argument != NULL;
    PyObject *dict = PyDict_New();
    for (size_t i = 0; i < n; i++) {
        PyObject *key = PyLong_FromSize_t(i + 1000);
        PyDict_SetItem(dict, key, key);
        Py_DECREF(key);
    }
    PyObject *size = PyObject_CallMethod(dict, "__sizeof__", NULL);
    PyObject *cache = their_cache(1);
    Py_DECREF(PyObject_CallFunction(cache, "i", 1));
    PyObject *gc = PyImport_ImportModule("gc"),
             *refs = PyObject_CallMethod(gc, "get_referents", "O", cache);
    PyTypeObject *link_type = (PyTypeObject *)PyList_GetItem(refs, 3);
    uint64_t link = (uint64_t)(link_type->tp_basicsize + 15) / 16 * 16;
    uint64_t bytes = PyLong_AsSize_t(size) - sizeof(PyDictObject) + (bounded ? n * link : 0);
    Py_DECREF(refs);
    Py_DECREF(gc);
    Py_DECREF(cache);
    Py_DECREF(size);
    Py_DECREF(dict);
    return bytes * repeats;
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    Benchmark benchmark = {.room = "arguments", .sizes = {100, 10000, 1000000}};
    static const BenchmarkRow rows[] = {
        {"hit int", {{"ours", our, &hit_int}, {"CPython", their, &hit_int}}},
        {"hit str", {{"ours", our, &hit_str}, {"CPython", their, &hit_str}}},
        {"hit two", {{"ours", our, &hit_two}, {"CPython", their, &hit_two}}},
        {"miss", {{"ours", our, &miss}, {"CPython", their, &miss}}},
        {"growth", {{"ours", our, &growth}, {"CPython", their, &growth}}},
        {"bytes bounded", {{"ours", our_bytes, &miss}, {"CPython", their_bytes, &miss}}},
        {"bytes unbounded", {{"ours", our_bytes, NULL}, {"CPython", their_bytes, NULL}}},
    };
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof *rows, argc, argv);
}
