/* bench.c: dict against CPython's own, uthash and GLib's GHashTable, all in this process.
 *
 * Keys: n ints 0, 7, 14, ... or n strs "key0", "key1", ...; made beforehand on each side, one after
 * the other, and hashed once (a str remembers its hash). Insertion goes in that order, as data
 * comes from a file; hits, misses and deletions go in one fixed shuffled order, the same for all,
 * with the very objects that were inserted (misses: with n others, ints that fall between). Values:
 * the keys. Iteration walks all items in the dict's order. Building and freeing are timed only
 * where they are the operation. uthash and GHashTable hold the bare int64_t or the C string, hashed
 * by their own functions: what a C program would do instead.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if HAVE_UTHASH
#include <uthash.h>
#endif
#if HAVE_GLIB
#include <glib.h>
#endif

#undef True // both CPython's macros and ours would do
#include "../../../common/proof/benchmark.h"
#include "../dict.h"

enum { STEP = 7 };

typedef struct Raw { // what the C libraries hold
    int64_t number;
    char text[24];
#if HAVE_UTHASH
    UT_hash_handle hh;
#endif
} Raw;

static struct {
    size_t n;
    bool strs;
    Object **ours, **ours_absent;
    PyObject **theirs, **theirs_absent;
    Raw *raw, *raw_absent;
    uint32_t *shuffled;
} keys;

static void keys_free(void) {
    for (size_t i = 0; i < keys.n; i++) {
        decref(keys.ours[i]);
        decref(keys.ours_absent[i]);
        Py_DECREF(keys.theirs[i]);
        Py_DECREF(keys.theirs_absent[i]);
    }
    free(keys.ours);
    free(keys.ours_absent);
    free(keys.theirs);
    free(keys.theirs_absent);
    free(keys.raw);
    free(keys.raw_absent);
    free(keys.shuffled);
}

static void *allocate(size_t n, size_t size) {
    void *block = calloc(n, size);
    if (block) return block;
    fprintf(stderr, "dict_bench: no memory\n");
    exit(1);
}

static void make_keys(Object **ours, PyObject **theirs, Raw *raw, int64_t first, bool strs) {
    for (size_t i = 0; i < keys.n; i++) {
        raw[i].number = first + (int64_t)i * STEP;
        snprintf(raw[i].text, sizeof raw[i].text, "key%lld",
                 (long long)(first ? (int64_t)(i + keys.n) : (int64_t)i));
        ours[i] = strs ? str_from_string(raw[i].text) : int_from_long(raw[i].number);
        object_hash(ours[i]);
    }
    for (size_t i = 0; i < keys.n; i++) {
        theirs[i] = strs ? PyUnicode_FromString(raw[i].text) : PyLong_FromLongLong(raw[i].number);
        PyObject_Hash(theirs[i]);
    }
}

/* The keys for this size and type; made anew only when either changes. */
static void prepare(size_t n, bool strs) {
    if (keys.n == n && keys.strs == strs) return;
    keys_free();
    keys.n = n;
    keys.strs = strs;
    keys.ours = allocate(n, sizeof *keys.ours);
    keys.ours_absent = allocate(n, sizeof *keys.ours);
    keys.theirs = allocate(n, sizeof *keys.theirs);
    keys.theirs_absent = allocate(n, sizeof *keys.theirs);
    keys.raw = allocate(n, sizeof *keys.raw);
    keys.raw_absent = allocate(n, sizeof *keys.raw);
    keys.shuffled = allocate(n, sizeof *keys.shuffled);
    make_keys(keys.ours, keys.theirs, keys.raw, 0, strs);
    make_keys(keys.ours_absent, keys.theirs_absent, keys.raw_absent, 3, strs);
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++) { // Fisher and Yates
        random = random * UINT64_C(6364136223846793005) + 1;
        size_t j = (size_t)(random >> 33) % (i + 1);
        keys.shuffled[i] = keys.shuffled[j];
        keys.shuffled[j] = (uint32_t)i;
    }
}

static volatile uintptr_t sink; // so that no result is unused

/* ---- Ours ------------------------------------------------------------------------------------*/

static Dict *our_dict(size_t n, bool strs) {
    prepare(n, strs);
    Dict *d = dict_new();
    for (size_t i = 0; i < n; i++)
        dict_set_item(d, keys.ours[i], keys.ours[i]);
    return d;
}

static uint64_t our_insert(size_t n, size_t repeats, bool strs) {
    prepare(n, strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        Dict *d = dict_new();
        for (size_t i = 0; i < n; i++)
            dict_set_item(d, keys.ours[i], keys.ours[i]);
        elapsed += clock_now() - start;
        decref(d);
    }
    return elapsed;
}

static uint64_t our_get(size_t n, size_t repeats, bool strs, bool hit) {
    Dict *d = our_dict(n, strs);
    Object **wanted = hit ? keys.ours : keys.ours_absent;
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            sum += (uintptr_t)dict_get_item_with_error(d, wanted[keys.shuffled[i]]);
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    decref(d);
    return elapsed;
}

static uint64_t our_iterate(size_t n, size_t repeats, bool strs) {
    Dict *d = our_dict(n, strs);
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        Object *key, *value;
        for (ssize_t pos = 0; dict_next(d, &pos, &key, &value);)
            sum += (uintptr_t)key ^ (uintptr_t)value;
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    decref(d);
    return elapsed;
}

static uint64_t our_delete(size_t n, size_t repeats, bool strs) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        Dict *d = our_dict(n, strs);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            dict_del_item(d, keys.ours[keys.shuffled[i]]);
        elapsed += clock_now() - start;
        decref(d);
    }
    return elapsed;
}

/* ---- CPython's -------------------------------------------------------------------------------*/

static PyObject *their_dict(size_t n, bool strs) {
    prepare(n, strs);
    PyObject *d = PyDict_New();
    for (size_t i = 0; i < n; i++)
        PyDict_SetItem(d, keys.theirs[i], keys.theirs[i]);
    return d;
}

static uint64_t their_insert(size_t n, size_t repeats, bool strs) {
    prepare(n, strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        PyObject *d = PyDict_New();
        for (size_t i = 0; i < n; i++)
            PyDict_SetItem(d, keys.theirs[i], keys.theirs[i]);
        elapsed += clock_now() - start;
        Py_DECREF(d);
    }
    return elapsed;
}

static uint64_t their_get(size_t n, size_t repeats, bool strs, bool hit) {
    PyObject *d = their_dict(n, strs), **wanted = hit ? keys.theirs : keys.theirs_absent;
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            sum += (uintptr_t)PyDict_GetItemWithError(d, wanted[keys.shuffled[i]]);
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    Py_DECREF(d);
    return elapsed;
}

static uint64_t their_iterate(size_t n, size_t repeats, bool strs) {
    PyObject *d = their_dict(n, strs);
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        PyObject *key, *value;
        for (Py_ssize_t pos = 0; PyDict_Next(d, &pos, &key, &value);)
            sum += (uintptr_t)key ^ (uintptr_t)value;
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    Py_DECREF(d);
    return elapsed;
}

static uint64_t their_delete(size_t n, size_t repeats, bool strs) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *d = their_dict(n, strs);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            PyDict_DelItem(d, keys.theirs[keys.shuffled[i]]);
        elapsed += clock_now() - start;
        Py_DECREF(d);
    }
    return elapsed;
}

/* ---- uthash ----------------------------------------------------------------------------------*/

#if HAVE_UTHASH
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"

static Raw *uthash_add(Raw *table, Raw *item, bool strs) {
    if (strs) {
        HASH_ADD_STR(table, text, item);
    } else {
        HASH_ADD(hh, table, number, sizeof item->number, item);
    }
    return table;
}

static Raw *uthash_find(Raw *table, Raw *wanted, bool strs) {
    Raw *found;
    if (strs) {
        HASH_FIND_STR(table, wanted->text, found);
    } else {
        HASH_FIND(hh, table, &wanted->number, sizeof wanted->number, found);
    }
    return found;
}

static Raw *uthash_table(size_t n, bool strs) {
    prepare(n, strs);
    Raw *table = NULL;
    for (size_t i = 0; i < n; i++)
        table = uthash_add(table, &keys.raw[i], strs);
    return table;
}

static uint64_t uthash_insert(size_t n, size_t repeats, bool strs) {
    prepare(n, strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        Raw *table = uthash_table(n, strs);
        elapsed += clock_now() - start;
        HASH_CLEAR(hh, table);
    }
    return elapsed;
}

static uint64_t uthash_get(size_t n, size_t repeats, bool strs, bool hit) {
    Raw *table = uthash_table(n, strs), *wanted = hit ? keys.raw : keys.raw_absent;
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            sum += (uintptr_t)uthash_find(table, &wanted[keys.shuffled[i]], strs);
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    HASH_CLEAR(hh, table);
    return elapsed;
}

static uint64_t uthash_iterate(size_t n, size_t repeats, bool strs) {
    Raw *table = uthash_table(n, strs);
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (Raw *item = table; item; item = item->hh.next)
            sum += (uintptr_t)item;
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    HASH_CLEAR(hh, table);
    return elapsed;
}

static uint64_t uthash_delete(size_t n, size_t repeats, bool strs) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        Raw *table = uthash_table(n, strs);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++) {
            Raw *found = uthash_find(table, &keys.raw[keys.shuffled[i]], strs);
            HASH_DEL(table, found);
        }
        elapsed += clock_now() - start;
    }
    return elapsed;
}
#pragma GCC diagnostic pop
#endif

/* ---- GHashTable ------------------------------------------------------------------------------*/

#if HAVE_GLIB
static void *glib_key(Raw *raw, bool strs) {
    return strs ? (void *)raw->text : (void *)&raw->number;
}

static GHashTable *glib_table(size_t n, bool strs) {
    prepare(n, strs);
    GHashTable *table = strs ? g_hash_table_new(g_str_hash, g_str_equal)
                             : g_hash_table_new(g_int64_hash, g_int64_equal);
    for (size_t i = 0; i < n; i++)
        g_hash_table_insert(table, glib_key(&keys.raw[i], strs), &keys.raw[i]);
    return table;
}

static uint64_t glib_insert(size_t n, size_t repeats, bool strs) {
    prepare(n, strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        GHashTable *table = glib_table(n, strs);
        elapsed += clock_now() - start;
        g_hash_table_destroy(table);
    }
    return elapsed;
}

static uint64_t glib_get(size_t n, size_t repeats, bool strs, bool hit) {
    GHashTable *table = glib_table(n, strs);
    Raw *wanted = hit ? keys.raw : keys.raw_absent;
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            sum += (uintptr_t)g_hash_table_lookup(table, glib_key(&wanted[keys.shuffled[i]], strs));
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    g_hash_table_destroy(table);
    return elapsed;
}

static uint64_t glib_iterate(size_t n, size_t repeats, bool strs) {
    GHashTable *table = glib_table(n, strs);
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        GHashTableIter walk;
        void *key, *value;
        g_hash_table_iter_init(&walk, table);
        while (g_hash_table_iter_next(&walk, &key, &value))
            sum += (uintptr_t)key ^ (uintptr_t)value;
    }
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    g_hash_table_destroy(table);
    return elapsed;
}

static uint64_t glib_delete(size_t n, size_t repeats, bool strs) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        GHashTable *table = glib_table(n, strs);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            g_hash_table_remove(table, glib_key(&keys.raw[keys.shuffled[i]], strs));
        elapsed += clock_now() - start;
        g_hash_table_destroy(table);
    }
    return elapsed;
}
#endif

/* ---- The table of contenders -----------------------------------------------------------------*/

/* BenchmarkRun takes no more than n and repeats: one small function for each operation and type. */
#define CONTENDER(who)                                                                             \
    static uint64_t who##_insert_int(size_t n, size_t repeats,                                     \
                                     BENCHMARK_UNUSED const void *argument) {                      \
        return who##_insert(n, repeats, false);                                                    \
    }                                                                                              \
    static uint64_t who##_insert_str(size_t n, size_t repeats,                                     \
                                     BENCHMARK_UNUSED const void *argument) {                      \
        return who##_insert(n, repeats, true);                                                     \
    }                                                                                              \
    static uint64_t who##_hit_int(size_t n, size_t repeats,                                        \
                                  BENCHMARK_UNUSED const void *argument) {                         \
        return who##_get(n, repeats, false, true);                                                 \
    }                                                                                              \
    static uint64_t who##_hit_str(size_t n, size_t repeats,                                        \
                                  BENCHMARK_UNUSED const void *argument) {                         \
        return who##_get(n, repeats, true, true);                                                  \
    }                                                                                              \
    static uint64_t who##_miss_int(size_t n, size_t repeats,                                       \
                                   BENCHMARK_UNUSED const void *argument) {                        \
        return who##_get(n, repeats, false, false);                                                \
    }                                                                                              \
    static uint64_t who##_miss_str(size_t n, size_t repeats,                                       \
                                   BENCHMARK_UNUSED const void *argument) {                        \
        return who##_get(n, repeats, true, false);                                                 \
    }                                                                                              \
    static uint64_t who##_iterate_int(size_t n, size_t repeats,                                    \
                                      BENCHMARK_UNUSED const void *argument) {                     \
        return who##_iterate(n, repeats, false);                                                   \
    }                                                                                              \
    static uint64_t who##_iterate_str(size_t n, size_t repeats,                                    \
                                      BENCHMARK_UNUSED const void *argument) {                     \
        return who##_iterate(n, repeats, true);                                                    \
    }                                                                                              \
    static uint64_t who##_delete_int(size_t n, size_t repeats,                                     \
                                     BENCHMARK_UNUSED const void *argument) {                      \
        return who##_delete(n, repeats, false);                                                    \
    }                                                                                              \
    static uint64_t who##_delete_str(size_t n, size_t repeats,                                     \
                                     BENCHMARK_UNUSED const void *argument) {                      \
        return who##_delete(n, repeats, true);                                                     \
    }

CONTENDER(our)
CONTENDER(their)
#if HAVE_UTHASH
CONTENDER(uthash)
#define UTHASH(operation) {"uthash", uthash_##operation},
#else
#define UTHASH(operation)
#endif
#if HAVE_GLIB
CONTENDER(glib)
#define GLIB(operation) {"GLib", glib_##operation},
#else
#define GLIB(operation)
#endif

#define ROW(label, operation)                                                                      \
    {                                                                                              \
        label,                                                                                     \
            {{"ours", our_##operation},                                                            \
             {"CPython", their_##operation},                                                       \
             UTHASH(operation) GLIB(operation)},                                                   \
            0                                                                                      \
    }

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    const BenchmarkRow rows[] = {
        ROW("int insert", insert_int),   ROW("int hit", hit_int),
        ROW("int miss", miss_int),       ROW("int iterate", iterate_int),
        ROW("int delete", delete_int),   ROW("str insert", insert_str),
        ROW("str hit", hit_str),         ROW("str miss", miss_str),
        ROW("str iterate", iterate_str), ROW("str delete", delete_str),
    };
    Benchmark benchmark = {"dict", .sizes = {100, 1000, 10000, 100000, 1000000, 10000000}};
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof rows[0], argc, argv);
}
