/* pool_twin.c: the pool's part of twin.c; its twin is pool_twin.py. */
#include "twin.h"

#include "../pool.h"

/* ---- Tasks: an int in, an int out ------------------------------------------------------------*/

static int int_of(const void *item) {
    int n;
    memcpy(&n, item, sizeof n);
    return n;
}

static int give(Block *result, const void *bytes, size_t size) {
    result->data = malloc(size);
    if (!result->data) return error_set(MemoryError, "%s", "");
    memcpy(result->data, bytes, size);
    result->size = size;
    return 0;
}

static int square(const void *item, size_t size, Block *result) {
    (void)size;
    int n = int_of(item) * int_of(item);
    return give(result, &n, sizeof n);
}

static int no_sevens(const void *item, size_t size, Block *result) {
    (void)size;
    int n = int_of(item);
    if (n % 10 == 7) return error_set(ValueError, "no %d", n);
    n++;
    return give(result, &n, sizeof n);
}

static int worker_name(const void *item, size_t size, Block *result) {
    (void)item, (void)size;
    const char *name = process_name(current_process());
    char text[64];
    snprintf(text, sizeof text, "%.*s, daemon %s", (int)strcspn(name, "-"), name,
             process_daemon(current_process()) ? "True" : "False");
    return give(result, text, strlen(text) + 1);
}

static int return_0(void *args) {
    (void)args;
    return 0;
}

static int start_a_child(const void *item, size_t size, Block *result) {
    (void)item, (void)size, (void)result;
    Process *process = process_new(return_0, NULL, 0, NULL);
    int status = process ? process_start(process) : -1;
    process_free(process);
    return status;
}

/* ---- Calls -----------------------------------------------------------------------------------*/

enum { ITEMS_MAX = 32 };

static int numbers[ITEMS_MAX];
static Block items[ITEMS_MAX];

/* The items first, first + 1, ... */
static Block *range_from(int first, int count) {
    for (int i = 0; i < count; i++) {
        numbers[i] = first + i;
        items[i] = (Block){&numbers[i], sizeof numbers[i]};
    }
    return items;
}

static void print_list(const Block *results, size_t count) {
    putchar('[');
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i ? ", " : "", int_of(results[i].data));
    puts("]");
}

static void show_map(Pool *pool, const char *what, PoolFunction function, int count) {
    Block *results = pool_map(pool, function, range_from(0, count), (size_t)count, 0);
    if (!results) {
        report(what, -1, NULL);
        return;
    }
    printf("%-28s ", what);
    print_list(results, (size_t)count);
    blocks_free(results, (size_t)count);
}

static void show_apply(Pool *pool, const char *what, int n) {
    Block result;
    if (pool_apply(pool, no_sevens, range_from(n, 1)[0], &result) < 0) {
        report(what, -1, NULL);
        return;
    }
    printf("%-28s %d\n", what, int_of(result.data));
    free(result.data);
}

static int compare_ints(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

/* Takes all of an imap; prints it as a list, in order or sorted. */
static void show_imap(const char *what, AsyncResult *walk, bool sorted) {
    int found[ITEMS_MAX];
    size_t count = 0;
    Block result;
    while (async_next(walk, FOREVER, &result, NULL) > 0) {
        found[count++] = int_of(result.data);
        free(result.data);
    }
    if (sorted) qsort(found, count, sizeof *found, compare_ints);
    printf("%s [", what);
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i ? ", " : "", found[i]);
    puts("]");
    async_free(walk);
}

static void maps(void) {
    title("map");
    const int counts[] = {0, 1, 2, 7, 20};
    const char *const names[] = {"None", "1", "3", "50"};
    const size_t chunksizes[] = {0, 1, 3, 50};
    for (int workers = 1; workers <= 3; workers++) {
        Pool *pool = pool_new(workers, POOL_NONE);
        for (int c = 0; c < 5; c++) {
            for (int k = 0; k < 4; k++) {
                size_t count = (size_t)counts[c];
                Block *results =
                    pool_map(pool, square, range_from(0, counts[c]), count, chunksizes[k]);
                printf("%d workers, %zu items, chunks of %s: ", workers, count, names[k]);
                print_list(results, count);
                blocks_free(results, count);
            }
        }
        Block result;
        pool_apply(pool, square, range_from(12, 1)[0], &result);
        printf("apply %d\n", int_of(result.data));
        free(result.data);
        show_imap("imap", pool_imap(pool, square, range_from(0, 9), 9, 2), false);
        show_imap("imap_unordered, sorted",
                  pool_imap_unordered(pool, square, range_from(0, 9), 9, 1), true);
        pool_apply(pool, worker_name, range_from(0, 1)[0], &result);
        printf("a worker is %s\n", (char *)result.data);
        free(result.data);
        pool_free(pool);
    }
}

static void errors(void) {
    title("errors");
    Pool *pool = pool_new(2, POOL_NONE);
    show_map(pool, "map of 5", no_sevens, 5);
    show_map(pool, "map of 8", no_sevens, 8);
    show_map(pool, "map of 5 again", no_sevens, 5);
    show_apply(pool, "apply 17", 17);
    show_apply(pool, "apply 18", 18);
    show_map(pool, "a child of a worker", start_a_child, 1);
    AsyncResult *walk = pool_imap(pool, no_sevens, range_from(5, 5), 5, 1);
    for (int i = 0; i < 6; i++) {
        Block result;
        int status = async_next(walk, FOREVER, &result, NULL);
        if (status < 0) {
            report("next of imap", -1, NULL);
        } else if (status == 0) {
            report("next of imap", 0, "StopIteration");
        } else {
            printf("%-28s %d\n", "next of imap", int_of(result.data));
            free(result.data);
        }
    }
    async_free(walk);
    pool_free(pool);
    const int refused[] = {0, -1};
    for (int i = 0; i < 2; i++) {
        char what[16];
        snprintf(what, sizeof what, "Pool(%d)", refused[i]);
        if (!pool_new(refused[i], POOL_NONE)) report(what, -1, NULL);
    }
}

/* All that can be asked of a result that is ready. */
static void show_result(const char *name, AsyncResult *result) {
    char what[32];
    snprintf(what, sizeof what, "%s ready", name);
    report(what, 0, bool_name(async_ready(result)));
    snprintf(what, sizeof what, "%s successful", name);
    report(what, 0, bool_name(async_successful(result) == 1));
    for (int i = 0; i < 2; i++) {
        snprintf(what, sizeof what, "%s get%s", name, i ? " again" : "");
        const Block *results = async_get(result, i ? 0 : FOREVER);
        if (!results) {
            report(what, -1, NULL);
            continue;
        }
        printf("%-28s ", what);
        print_list(results, 3);
    }
}

static void refuses(Pool *pool, const char *when) {
    char what[32];
    snprintf(what, sizeof what, "map after %s", when);
    show_map(pool, what, square, 1);
}

static void results(void) {
    title("results");
    Pool *pool = pool_new(2, POOL_NONE);
    int some[] = {1, 2, 3, 6, 7, 8, 41};
    Block blocks[7];
    for (int i = 0; i < 7; i++)
        blocks[i] = (Block){&some[i], sizeof some[i]};
    AsyncResult *good = pool_map_async(pool, no_sevens, blocks, 3, 0);
    AsyncResult *bad = pool_map_async(pool, no_sevens, blocks + 3, 3, 0);
    async_wait(good, FOREVER);
    async_wait(bad, 60);
    show_result("good", good);
    show_result("bad", bad);
    report("join", pool_join(pool), "None");
    AsyncResult *one = pool_apply_async(pool, no_sevens, blocks[6]);
    pool_close(pool);
    refuses(pool, "close");
    show_apply(pool, "apply after close", 1);
    if (!pool_imap(pool, square, blocks, 1, 1)) report("imap after close", -1, NULL);
    report("join", pool_join(pool), "None");
    const Block *begun = async_get(one, FOREVER);
    printf("%-28s %d\n", "begun before close", begun ? int_of(begun[0].data) : -1);
    report("join again", pool_join(pool), "None");
    async_free(good);
    async_free(bad);
    async_free(one);
    pool_free(pool);
    pool = pool_new(1, POOL_NONE);
    pool_terminate(pool);
    refuses(pool, "terminate");
    report("join after terminate", pool_join(pool), "None");
    pool_free(pool);
}

void pool_twin(void) {
    maps();
    errors();
    results();
}
