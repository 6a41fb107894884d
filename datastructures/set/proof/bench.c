/* bench.c: our set against CPython's PySet_*, and GLib's GHashTable and uthash where installed.
 *
 * Every contender gets the same numbers in the same order, as objects of its own kind that are made
 * beforehand: n scattered 40-bit ints, or n strs "key 0000000000000" with such a number. Adding
 * goes through them in the order they were made, lookups in another, fixed, shuffled order. Timed
 * is the operation alone: no making of keys, no freeing of results.
 *
 *   add          a new set, n keys that are not in it
 *   hit, miss    n keys that are members, n that are not
 *   discard      n members, until the set is empty
 *   iterate      all members, a reference taken and dropped for each
 *   union        of two sets of n that share a half
 *
 * GHashTable and uthash get pointers to the same numbers and texts inside our objects: the former
 * with g_int64_hash or g_str_hash, the latter hashes the bytes. Neither counts references; uthash
 * keeps its links in an item of the caller's, all ready beforehand. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../../common/proof/benchmark.h"
#include "../set.h"

#if HAVE_GLIB
#include <glib.h>
#endif
#if HAVE_UTHASH
#include <uthash.h>
#endif

enum { NUMBERS = 1, TEXTS };

/* What a contender is told: which keys, and whether those looked up are strangers. */
typedef struct {
    int kind;
    bool strangers;
} Work;

static struct {
    size_t n;
    int kind;
    size_t *order; // 0..n-1 shuffled: the order of lookups
    Object **ours; // 2n keys: n members, n strangers; a half of these for the second operand
    PyObject **py;
    Set *set, *other;
    PyObject *py_set, *py_other;
} data;

static uint64_t scatter(uint64_t x) {
    x = (x + 1) * UINT64_C(0x9E3779B97F4A7C15); // odd, so distinct x stay distinct
    x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
    return (x ^ (x >> 32)) >> 1;
}

static void fail_if(bool failed) {
    if (!failed) return;
    fputs("set_bench: out of memory or an unexpected error\n", stderr);
    exit(1);
}

static void data_clear(void) {
    for (size_t i = 0; i < 2 * data.n; i++) {
        decref(data.ours[i]);
        Py_DECREF(data.py[i]);
    }
    xdecref(data.set);
    xdecref(data.other);
    Py_XDECREF(data.py_set);
    Py_XDECREF(data.py_other);
    free(data.order);
    free(data.ours);
    free(data.py);
    memset(&data, 0, sizeof data);
}

static void make_key(size_t i) {
    int64_t number = (int64_t)scatter(i);
    if (data.kind == NUMBERS) {
        data.ours[i] = int_from_long(number);
        data.py[i] = PyLong_FromLongLong(number);
    } else {
        char text[24];
        int length = snprintf(text, sizeof text, "key %016llx", (unsigned long long)number);
        data.ours[i] = str_from_utf8(text, length);
        data.py[i] = PyUnicode_FromStringAndSize(text, length);
    }
    fail_if(!data.ours[i] || !data.py[i]);
}

/* The second operand of union: the second half of the members and as many strangers. */
static void fill(Set *set, PyObject *py_set, size_t from, size_t count) {
    for (size_t i = from; i < from + count; i++) {
        fail_if(set_add(set, data.ours[i]) < 0 || PySet_Add(py_set, data.py[i]) < 0);
    }
}

/* Returns the work, once its keys and sets are there. */
static const Work *prepare(const void *argument, size_t n) {
    const Work *work = argument;
    if (data.n == n && data.kind == work->kind) return work;
    if (data.n) data_clear();
    data.n = n;
    data.kind = work->kind;
    data.order = malloc(n * sizeof *data.order);
    data.ours = malloc(2 * n * sizeof *data.ours);
    data.py = malloc(2 * n * sizeof *data.py);
    fail_if(!data.order || !data.ours || !data.py);
    for (size_t i = 0; i < 2 * n; i++)
        make_key(i);
    for (size_t i = 0; i < n; i++) { // Fisher and Yates
        size_t j = scatter(i) % (i + 1);
        data.order[i] = data.order[j];
        data.order[j] = i;
    }
    data.set = set_new(NULL);
    data.other = set_new(NULL);
    data.py_set = PySet_New(NULL);
    data.py_other = PySet_New(NULL);
    fail_if(!data.set || !data.other || !data.py_set || !data.py_other);
    fill(data.set, data.py_set, 0, n);
    fill(data.other, data.py_other, n / 2, n);
    return work;
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static uint64_t ours_add(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        Set *set = set_new(NULL);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            set_add(set, data.ours[i]);
        total += clock_now() - start;
        fail_if((size_t)set_size(set) != n);
        decref(set);
    }
    return total;
}

static uint64_t ours_contains(size_t n, size_t repeats, const void *argument) {
    size_t offset = prepare(argument, n)->strangers ? n : 0;
    size_t found = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            found += (size_t)set_contains(data.set, data.ours[offset + data.order[i]]);
    }
    uint64_t total = clock_now() - start;
    fail_if(found != (offset ? 0 : n * repeats));
    return total;
}

static uint64_t ours_discard(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        Set *set = set_copy(data.set);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            set_discard(set, data.ours[data.order[i]]);
        total += clock_now() - start;
        fail_if(set_size(set) != 0);
        decref(set);
    }
    return total;
}

static uint64_t ours_iterate(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    size_t count = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        SetIter iterator = set_iter(data.set);
        for (Object *key; (key = set_iter_next(&iterator)); count++)
            decref(key);
    }
    uint64_t total = clock_now() - start;
    fail_if(count != n * repeats);
    return total;
}

static uint64_t ours_union(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        Set *both = set_union(data.set, OBJECT(data.other));
        total += clock_now() - start;
        fail_if((size_t)set_size(both) != n + n / 2);
        decref(both);
    }
    return total;
}

/* ---- CPython ---------------------------------------------------------------------------------*/

static uint64_t py_add(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *set = PySet_New(NULL);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            PySet_Add(set, data.py[i]);
        total += clock_now() - start;
        fail_if((size_t)PySet_Size(set) != n);
        Py_DECREF(set);
    }
    return total;
}

static uint64_t py_contains(size_t n, size_t repeats, const void *argument) {
    size_t offset = prepare(argument, n)->strangers ? n : 0;
    size_t found = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            found += (size_t)PySet_Contains(data.py_set, data.py[offset + data.order[i]]);
    }
    uint64_t total = clock_now() - start;
    fail_if(found != (offset ? 0 : n * repeats));
    return total;
}

static uint64_t py_discard(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *set = PySet_New(data.py_set);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            PySet_Discard(set, data.py[data.order[i]]);
        total += clock_now() - start;
        fail_if(PySet_Size(set) != 0);
        Py_DECREF(set);
    }
    return total;
}

static uint64_t py_iterate(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    size_t count = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        PyObject *iterator = PyObject_GetIter(data.py_set);
        for (PyObject *key; (key = PyIter_Next(iterator)); count++)
            Py_DECREF(key);
        Py_DECREF(iterator);
    }
    uint64_t total = clock_now() - start;
    fail_if(count != n * repeats);
    return total;
}

static uint64_t py_union(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        PyObject *both = PyNumber_Or(data.py_set, data.py_other);
        total += clock_now() - start;
        fail_if((size_t)PySet_Size(both) != n + n / 2);
        Py_DECREF(both);
    }
    return total;
}

/* ---- GLib ------------------------------------------------------------------------------------*/

#if HAVE_GLIB
static GHashTable *glib_table(void) {
    return data.kind == NUMBERS ? g_hash_table_new(g_int64_hash, g_int64_equal)
                                : g_hash_table_new(g_str_hash, g_str_equal);
}

static void *glib_key(size_t i) {
    if (data.kind == NUMBERS) return &((Int *)data.ours[i])->value;
    return ((Str *)data.ours[i])->data;
}

static uint64_t glib_add(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        GHashTable *table = glib_table();
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            g_hash_table_add(table, glib_key(i));
        total += clock_now() - start;
        fail_if(g_hash_table_size(table) != n);
        g_hash_table_destroy(table);
    }
    return total;
}

static uint64_t glib_contains(size_t n, size_t repeats, const void *argument) {
    size_t offset = prepare(argument, n)->strangers ? n : 0;
    GHashTable *table = glib_table();
    for (size_t i = 0; i < n; i++)
        g_hash_table_add(table, glib_key(i));
    size_t found = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            found += (size_t)g_hash_table_contains(table, glib_key(offset + data.order[i]));
    }
    uint64_t total = clock_now() - start;
    fail_if(found != (offset ? 0 : n * repeats));
    g_hash_table_destroy(table);
    return total;
}

#else
#define glib_add      NULL // no such contender
#define glib_contains NULL
#endif

/* ---- uthash ----------------------------------------------------------------------------------*/

#if HAVE_UTHASH
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"

typedef struct {
    UT_hash_handle hh;
} Item;

static const void *uthash_key(size_t i) {
    if (data.kind == NUMBERS) return &((Int *)data.ours[i])->value;
    return ((Str *)data.ours[i])->data;
}

static size_t uthash_length(void) {
    return data.kind == NUMBERS ? sizeof(int64_t) : strlen("key 0123456789abcdef");
}

static Item *uthash_fill(Item *items, size_t n) {
    Item *head = NULL;
    for (size_t i = 0; i < n; i++) { // as the others do: look first, add what is missing
        Item *item = &items[i], *there;
        HASH_FIND(hh, head, uthash_key(i), uthash_length(), there);
        if (!there) HASH_ADD_KEYPTR(hh, head, uthash_key(i), uthash_length(), item);
    }
    return head;
}

static uint64_t uthash_add(size_t n, size_t repeats, const void *argument) {
    prepare(argument, n);
    Item *items = calloc(n, sizeof *items);
    fail_if(!items);
    uint64_t total = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        Item *head = uthash_fill(items, n);
        total += clock_now() - start;
        fail_if(HASH_COUNT(head) != n);
        HASH_CLEAR(hh, head);
    }
    free(items);
    return total;
}

static uint64_t uthash_contains(size_t n, size_t repeats, const void *argument) {
    size_t offset = prepare(argument, n)->strangers ? n : 0;
    Item *items = calloc(n, sizeof *items);
    fail_if(!items);
    Item *head = uthash_fill(items, n);
    size_t found = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++) {
            Item *there;
            HASH_FIND(hh, head, uthash_key(offset + data.order[i]), uthash_length(), there);
            found += there != NULL;
        }
    }
    uint64_t total = clock_now() - start;
    fail_if(found != (offset ? 0 : n * repeats));
    HASH_CLEAR(hh, head);
    free(items);
    return total;
}

#pragma GCC diagnostic pop
#else
#define uthash_add      NULL
#define uthash_contains NULL
#endif

/* ---- The table -------------------------------------------------------------------------------*/

static const struct {
    const char *name;
    BenchmarkRun ours, py, glib, uthash;
    bool strangers;
} operations[] = {
    {"add", ours_add, py_add, glib_add, uthash_add},
    {"hit", ours_contains, py_contains, glib_contains, uthash_contains},
    {"miss", ours_contains, py_contains, glib_contains, uthash_contains, .strangers = true},
    {"discard", ours_discard, py_discard},
    {"iterate", ours_iterate, py_iterate},
    {"union", ours_union, py_union},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

int main(int argc, char **argv) {
    static const char *const who[] = {"ours", "CPython", "GLib", "uthash"};
    static char names[2 * OPERATIONS][16];
    static Work works[2 * OPERATIONS];
    static BenchmarkRow rows[2 * OPERATIONS];
    for (size_t r = 0; r < 2 * OPERATIONS; r++) { // all with ints, then all with strs
        const size_t i = r % OPERATIONS;
        const BenchmarkRun runs[] = {operations[i].ours, operations[i].py, operations[i].glib,
                                     operations[i].uthash};
        snprintf(names[r], sizeof names[r], "%s %s", operations[i].name, r == i ? "int" : "str");
        works[r] = (Work){r == i ? NUMBERS : TEXTS, operations[i].strangers};
        rows[r].operation = names[r];
        for (size_t w = 0, c = 0; w < 4; w++) {
            if (!runs[w]) continue;
            rows[r].contenders[c].who = who[w];
            rows[r].contenders[c].run = runs[w];
            rows[r].contenders[c++].argument = &works[r];
        }
    }
    Benchmark benchmark = {.room = "set", .sizes = {100, 1000, 10000, 100000, 1000000, 10000000}};
    Py_InitializeEx(0);
    int status = benchmark_main(&benchmark, rows, sizeof rows / sizeof rows[0], argc, argv);
    if (data.n) data_clear();
    if (Py_FinalizeEx() < 0) status = status ? status : 1;
    return status;
}
