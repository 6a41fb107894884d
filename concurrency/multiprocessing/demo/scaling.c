/* scaling.c: multiprocessing_demo --csv scaling: what one of many tasks takes, by how long it
 * computes and how many workers there are. */
#include "work.h"

/* Computes for as many nanoseconds as the item says. */
static int busy(const void *item, size_t size, Block *result) {
    (void)size, (void)result;
    uint64_t nanoseconds;
    memcpy(&nanoseconds, item, sizeof nanoseconds);
    uint64_t end = clock_now() + nanoseconds;
    while (nanoseconds && clock_now() < end)
        continue;
    return 0;
}

/* The microseconds that one of many such tasks takes in a pool. */
static double time_task(Pool *pool, uint64_t task) {
    size_t count = task < 30000 ? 3000 : 90000000 / (size_t)task + 8;
    Block *tasks = calloc(count, sizeof *tasks);
    need(tasks ? tasks : error_no_memory());
    for (size_t i = 0; i < count; i++)
        tasks[i] = (Block){&task, sizeof task};
    uint64_t start_time = clock_now();
    Block *results = need(pool_map(pool, busy, tasks, count, 1));
    double each = (double)(clock_now() - start_time) / 1000 / (double)count;
    blocks_free(results, count);
    free(tasks);
    return each;
}

void data_scaling(void) {
    puts("task_us,workers,us_per_task");
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int workers = 1; workers <= cores; workers++) {
        Pool *pool = need(pool_new(workers, POOL_NONE));
        for (uint64_t task = 0; task <= 3000000; task = task ? task * 10 / 3 : 300)
            printf("%.1f,%d,%.3f\n", (double)task / 1000, workers, time_task(pool, task));
        pool_free(pool);
    }
}
