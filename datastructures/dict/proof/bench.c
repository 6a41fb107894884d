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

/* What each contender does with its own table; one call of each is n items' work. */
typedef struct {
    const char *who;
    void *(*build)(bool strs); // with all n keys
    void (*destroy)(void *table);
    uintptr_t (*get)(void *table, bool strs, bool hit);
    uintptr_t (*iterate)(void *table);
    void *(*erase)(void *table, bool strs); // all keys; the table afterwards
} Contender;

/* ---- Ours ------------------------------------------------------------------------------------*/

static void *our_build(bool strs) {
    (void)strs;
    Dict *d = dict_new();
    for (size_t i = 0; i < keys.n; i++)
        dict_set_item(d, keys.ours[i], keys.ours[i]);
    return d;
}

static void our_destroy(void *d) {
    decref(d);
}

static uintptr_t our_get(void *d, bool strs, bool hit) {
    (void)strs;
    Object **wanted = hit ? keys.ours : keys.ours_absent;
    uintptr_t sum = 0;
    for (size_t i = 0; i < keys.n; i++)
        sum += (uintptr_t)dict_get_item_with_error(d, wanted[keys.shuffled[i]]);
    return sum;
}

static uintptr_t our_iterate(void *d) {
    uintptr_t sum = 0;
    Object *key, *value;
    for (ssize_t pos = 0; dict_next(d, &pos, &key, &value);)
        sum += (uintptr_t)key ^ (uintptr_t)value;
    return sum;
}

static void *our_erase(void *d, bool strs) {
    (void)strs;
    for (size_t i = 0; i < keys.n; i++)
        dict_del_item(d, keys.ours[keys.shuffled[i]]);
    return d;
}

/* ---- CPython's -------------------------------------------------------------------------------*/

static void *their_build(bool strs) {
    (void)strs;
    PyObject *d = PyDict_New();
    for (size_t i = 0; i < keys.n; i++)
        PyDict_SetItem(d, keys.theirs[i], keys.theirs[i]);
    return d;
}

static void their_destroy(void *d) {
    Py_DECREF((PyObject *)d);
}

static uintptr_t their_get(void *d, bool strs, bool hit) {
    (void)strs;
    PyObject **wanted = hit ? keys.theirs : keys.theirs_absent;
    uintptr_t sum = 0;
    for (size_t i = 0; i < keys.n; i++)
        sum += (uintptr_t)PyDict_GetItemWithError(d, wanted[keys.shuffled[i]]);
    return sum;
}

static uintptr_t their_iterate(void *d) {
    uintptr_t sum = 0;
    PyObject *key, *value;
    for (Py_ssize_t pos = 0; PyDict_Next(d, &pos, &key, &value);)
        sum += (uintptr_t)key ^ (uintptr_t)value;
    return sum;
}

static void *their_erase(void *d, bool strs) {
    (void)strs;
    for (size_t i = 0; i < keys.n; i++)
        PyDict_DelItem(d, keys.theirs[keys.shuffled[i]]);
    return d;
}

/* ---- uthash ----------------------------------------------------------------------------------*/

#if HAVE_UTHASH
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"

static void *uthash_build(bool strs) {
    Raw *table = NULL;
    for (size_t i = 0; i < keys.n; i++) {
        Raw *item = &keys.raw[i];
        if (strs) {
            HASH_ADD_STR(table, text, item);
        } else {
            HASH_ADD(hh, table, number, sizeof item->number, item);
        }
    }
    return table;
}

static void uthash_destroy(void *op) {
    Raw *table = op;
    HASH_CLEAR(hh, table);
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

static uintptr_t uthash_get(void *table, bool strs, bool hit) {
    Raw *wanted = hit ? keys.raw : keys.raw_absent;
    uintptr_t sum = 0;
    for (size_t i = 0; i < keys.n; i++)
        sum += (uintptr_t)uthash_find(table, &wanted[keys.shuffled[i]], strs);
    return sum;
}

static uintptr_t uthash_iterate(void *table) {
    uintptr_t sum = 0;
    for (Raw *item = table; item; item = item->hh.next)
        sum += (uintptr_t)item;
    return sum;
}

static void *uthash_erase(void *op, bool strs) {
    Raw *table = op;
    for (size_t i = 0; i < keys.n; i++) {
        Raw *found = uthash_find(table, &keys.raw[keys.shuffled[i]], strs);
        HASH_DEL(table, found);
    }
    return table;
}
#pragma GCC diagnostic pop
#endif

/* ---- GHashTable ------------------------------------------------------------------------------*/

#if HAVE_GLIB
static void *glib_key(Raw *raw, bool strs) {
    return strs ? (void *)raw->text : (void *)&raw->number;
}

static void *glib_build(bool strs) {
    GHashTable *table = strs ? g_hash_table_new(g_str_hash, g_str_equal)
                             : g_hash_table_new(g_int64_hash, g_int64_equal);
    for (size_t i = 0; i < keys.n; i++)
        g_hash_table_insert(table, glib_key(&keys.raw[i], strs), &keys.raw[i]);
    return table;
}

static void glib_destroy(void *table) {
    g_hash_table_destroy(table);
}

static uintptr_t glib_get(void *table, bool strs, bool hit) {
    Raw *wanted = hit ? keys.raw : keys.raw_absent;
    uintptr_t sum = 0;
    for (size_t i = 0; i < keys.n; i++)
        sum += (uintptr_t)g_hash_table_lookup(table, glib_key(&wanted[keys.shuffled[i]], strs));
    return sum;
}

static uintptr_t glib_iterate(void *table) {
    uintptr_t sum = 0;
    GHashTableIter walk;
    void *key, *value;
    g_hash_table_iter_init(&walk, table);
    while (g_hash_table_iter_next(&walk, &key, &value))
        sum += (uintptr_t)key ^ (uintptr_t)value;
    return sum;
}

static void *glib_erase(void *table, bool strs) {
    for (size_t i = 0; i < keys.n; i++)
        g_hash_table_remove(table, glib_key(&keys.raw[keys.shuffled[i]], strs));
    return table;
}
#endif

static const Contender contenders[] = {
    {"ours", our_build, our_destroy, our_get, our_iterate, our_erase},
    {"CPython", their_build, their_destroy, their_get, their_iterate, their_erase},
#if HAVE_UTHASH
    {"uthash", uthash_build, uthash_destroy, uthash_get, uthash_iterate, uthash_erase},
#endif
#if HAVE_GLIB
    {"GLib", glib_build, glib_destroy, glib_get, glib_iterate, glib_erase},
#endif
};
enum { CONTENDERS = sizeof contenders / sizeof contenders[0] };

/* ---- The operations --------------------------------------------------------------------------*/

typedef struct { // what a run is told
    const Contender *who;
    bool strs;
} Task;

static volatile uintptr_t sink; // so that no result is unused

static uint64_t run_insert(size_t n, size_t repeats, const void *argument) {
    const Task *task = argument;
    prepare(n, task->strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        void *table = task->who->build(task->strs);
        elapsed += clock_now() - start;
        task->who->destroy(table);
    }
    return elapsed;
}

static uint64_t run_delete(size_t n, size_t repeats, const void *argument) {
    const Task *task = argument;
    prepare(n, task->strs);
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        void *table = task->who->build(task->strs);
        uint64_t start = clock_now();
        table = task->who->erase(table, task->strs);
        elapsed += clock_now() - start;
        task->who->destroy(table);
    }
    return elapsed;
}

enum Read { HIT, MISS, ITERATE };

static uint64_t read_all(size_t n, size_t repeats, const Task *task, enum Read what) {
    prepare(n, task->strs);
    void *table = task->who->build(task->strs);
    uintptr_t sum = 0;
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        sum += what == ITERATE ? task->who->iterate(table)
                               : task->who->get(table, task->strs, what == HIT);
    uint64_t elapsed = clock_now() - start;
    sink = sum;
    task->who->destroy(table);
    return elapsed;
}

static uint64_t run_hit(size_t n, size_t repeats, const void *argument) {
    return read_all(n, repeats, argument, HIT);
}

static uint64_t run_miss(size_t n, size_t repeats, const void *argument) {
    return read_all(n, repeats, argument, MISS);
}

static uint64_t run_iterate(size_t n, size_t repeats, const void *argument) {
    return read_all(n, repeats, argument, ITERATE);
}

static const struct {
    const char *names[2]; // for ints, for strs
    BenchmarkRun run;
} operations[] = {
    {{"int insert", "str insert"}, run_insert}, {{"int hit", "str hit"}, run_hit},
    {{"int miss", "str miss"}, run_miss},       {{"int iterate", "str iterate"}, run_iterate},
    {{"int delete", "str delete"}, run_delete},
};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    Task tasks[2][CONTENDERS];
    BenchmarkRow rows[2 * OPERATIONS] = {0};
    for (size_t i = 0; i < 2 * OPERATIONS; i++) {
        bool strs = i >= OPERATIONS;
        rows[i].operation = operations[i % OPERATIONS].names[strs];
        for (size_t c = 0; c < CONTENDERS; c++) {
            tasks[strs][c] = (Task){&contenders[c], strs};
            rows[i].contenders[c].who = contenders[c].who;
            rows[i].contenders[c].run = operations[i % OPERATIONS].run;
            rows[i].contenders[c].argument = &tasks[strs][c];
        }
    }
    Benchmark benchmark = {"dict", .sizes = {100, 1000, 10000, 100000, 1000000, 10000000}};
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof rows[0], argc, argv);
}
