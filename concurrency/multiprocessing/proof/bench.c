/* bench.c: our processes, queues and pools beside bare system calls and beside Python's
 * multiprocessing, which bench.py runs as a child. Every size of a row is in its name; the column n
 * is 1.
 *
 *     process       start and join of a child that does nothing; process-64M: of a process that has
 *                   64 MiB of memory, whose page tables fork() copies
 *     queue-16 ...  one message of so many bytes from a child to its parent, at full speed
 *     pool-1        one empty task of a map() over 10^5 items, chunksize 1, a worker for each core;
 *                   making the pool is not timed
 *     pool          the same with the chunksize that both choose by themselves
 *
 * The same work on both sides: the bare pipe carries the same bytes and the reader waits for whole
 * messages; what a child's start costs is not in the queue's time.
 */
#include "../pool.h"
#include "../queue.h"

#include "../../../common/proof/benchmark.h"

#include <sys/wait.h>

enum { KIB = 1 << 10, MIB = 1 << 20 };

/* The time of so many items as that of the n * repeats items that the caller divides by. */
static uint64_t scaled(uint64_t elapsed, size_t count, size_t n, size_t repeats) {
    return (uint64_t)((double)elapsed / (double)count * (double)n * (double)repeats);
}

/* What bench.py measures for these arguments; 0 if there is no Python. */
static uint64_t python(const char *what, size_t count, size_t other) {
    char command[1024], line[64] = "";
    snprintf(command, sizeof command, PYTHON " '" BENCH_PY "' %s %zu %zu", what, count, other);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(line, sizeof line, pipe)) fprintf(stderr, "no time from: %s\n", command);
    if (pipe) pclose(pipe);
    return strtoull(line, NULL, 10);
}

/* ---- Processes -------------------------------------------------------------------------------*/

enum { PROCESSES = 300 };

static uint64_t our_processes(void) {
    uint64_t start = clock_now();
    for (int i = 0; i < PROCESSES; i++) {
        Process *process = process_new(NULL, NULL, 0, NULL);
        process_start(process);
        process_join(process, FOREVER);
        process_free(process);
    }
    return clock_now() - start;
}

static uint64_t bare_processes(void) {
    uint64_t start = clock_now();
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        if (pid == 0) _exit(0);
        waitpid(pid, NULL, 0);
    }
    return clock_now() - start;
}

/* Runs with so much memory more, each page of it touched. */
static uint64_t with_ballast(size_t megabytes, uint64_t (*run)(void)) {
    char *volatile ballast = malloc(megabytes * MIB + 1);
    memset(ballast, 'x', megabytes * MIB + 1);
    uint64_t elapsed = run();
    free(ballast);
    return elapsed;
}

#define PROCESS_ROW(suffix, megabytes)                                                             \
    static uint64_t our_process##suffix(size_t n, size_t repeats,                                  \
                                        BENCHMARK_UNUSED const void *argument) {                   \
        return scaled(with_ballast(megabytes, our_processes), PROCESSES, n, repeats);              \
    }                                                                                              \
    static uint64_t bare_process##suffix(size_t n, size_t repeats,                                 \
                                         BENCHMARK_UNUSED const void *argument) {                  \
        return scaled(with_ballast(megabytes, bare_processes), PROCESSES, n, repeats);             \
    }                                                                                              \
    static uint64_t their_process##suffix(size_t n, size_t repeats,                                \
                                          BENCHMARK_UNUSED const void *argument) {                 \
        return scaled(python("process", PROCESSES, megabytes), PROCESSES, n, repeats);             \
    }

PROCESS_ROW(, 0)
PROCESS_ROW(_64, 64)

/* ---- Queues ----------------------------------------------------------------------------------*/

typedef struct {
    Queue *queue;
    int fd;
    size_t count, size;
} Job;

static int produce(void *args) {
    Job *job = args;
    char *message = calloc(1, job->size);
    for (size_t i = 0; i < job->count; i++)
        queue_put(job->queue, message, job->size, FOREVER);
    free(message);
    return 0;
}

static uint64_t our_queue(size_t count, size_t size) {
    Job job = {.queue = queue_new(0), .count = count + 1, .size = size};
    Process *process = process_new(produce, &job, sizeof job, NULL);
    process_start(process);
    free(queue_get(job.queue, NULL, FOREVER));
    uint64_t start = clock_now();
    for (size_t i = 0; i < count; i++)
        free(queue_get(job.queue, NULL, FOREVER));
    uint64_t elapsed = clock_now() - start;
    process_join(process, FOREVER);
    process_free(process);
    queue_free(job.queue);
    return elapsed;
}

static int write_all(void *args) {
    Job *job = args;
    char *message = calloc(1, job->size);
    for (size_t i = 0; i < job->count; i++) {
        for (size_t done = 0; done < job->size;) {
            ssize_t wrote = write(job->fd, message + done, job->size - done);
            if (wrote < 0) return 1;
            done += (size_t)wrote;
        }
    }
    free(message);
    return 0;
}

static void read_message(int fd, char *message, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, message + done, size - done);
        if (got <= 0) return;
        done += (size_t)got;
    }
}

static uint64_t bare_pipe(size_t count, size_t size) {
    int ends[2];
    if (pipe(ends) < 0) return 0;
    Job job = {.fd = ends[1], .count = count + 1, .size = size};
    Process *process = process_new(write_all, &job, sizeof job, NULL);
    process_start(process);
    char *message = malloc(size);
    read_message(ends[0], message, size);
    uint64_t start = clock_now();
    for (size_t i = 0; i < count; i++)
        read_message(ends[0], message, size);
    uint64_t elapsed = clock_now() - start;
    process_join(process, FOREVER);
    process_free(process);
    free(message);
    close(ends[0]);
    close(ends[1]);
    return elapsed;
}

static uint64_t their_queue(size_t count, size_t size) {
    return python("queue", count, size);
}

#define QUEUE_ROW(suffix, count, bytes)                                                            \
    static uint64_t our_queue_##suffix(size_t n, size_t repeats,                                   \
                                       BENCHMARK_UNUSED const void *argument) {                    \
        return scaled(our_queue(count, bytes), count, n, repeats);                                 \
    }                                                                                              \
    static uint64_t bare_pipe_##suffix(size_t n, size_t repeats,                                   \
                                       BENCHMARK_UNUSED const void *argument) {                    \
        return scaled(bare_pipe(count, bytes), count, n, repeats);                                 \
    }                                                                                              \
    static uint64_t their_queue_##suffix(size_t n, size_t repeats,                                 \
                                         BENCHMARK_UNUSED const void *argument) {                  \
        return scaled(their_queue((count) / 10, bytes), (count) / 10, n, repeats);                 \
    }

QUEUE_ROW(16, 200000, 16)
QUEUE_ROW(1k, 100000, KIB)
QUEUE_ROW(64k, 5000, 64 * KIB)
QUEUE_ROW(1m, 500, MIB)

/* ---- Pools -----------------------------------------------------------------------------------*/

enum { TASKS = 100000 };

static int nothing(const void *item, size_t size, Block *result) {
    (void)item, (void)size, (void)result;
    return 0;
}

static uint64_t our_pool(size_t chunksize) {
    static Block items[TASKS];
    Pool *pool = pool_new(POOL_NONE, POOL_NONE);
    blocks_free(pool_map(pool, nothing, items, 100, 1), 100); // the workers have started
    uint64_t start = clock_now();
    Block *results = pool_map(pool, nothing, items, TASKS, chunksize);
    uint64_t elapsed = clock_now() - start;
    if (!results) error_print(stderr);
    blocks_free(results, TASKS);
    pool_free(pool);
    return elapsed;
}

#define POOL_ROW(suffix, chunksize)                                                                \
    static uint64_t our_pool_##suffix(size_t n, size_t repeats,                                    \
                                      BENCHMARK_UNUSED const void *argument) {                     \
        return scaled(our_pool(chunksize), TASKS, n, repeats);                                     \
    }                                                                                              \
    static uint64_t their_pool_##suffix(size_t n, size_t repeats,                                  \
                                        BENCHMARK_UNUSED const void *argument) {                   \
        return scaled(python("pool", TASKS, chunksize), TASKS, n, repeats);                        \
    }

POOL_ROW(1, 1)
POOL_ROW(none, 0)

int main(int argc, char **argv) {
#define ROW(name, ours, bare, bare_name, theirs)                                                   \
    { name, {{"ours", ours}, {bare_name, bare}, {"CPython", theirs}}, 0 }
    const BenchmarkRow rows[] = {
        ROW("process", our_process, bare_process, "fork", their_process),
        ROW("process-64M", our_process_64, bare_process_64, "fork", their_process_64),
        ROW("queue-16", our_queue_16, bare_pipe_16, "pipe", their_queue_16),
        ROW("queue-1K", our_queue_1k, bare_pipe_1k, "pipe", their_queue_1k),
        ROW("queue-64K", our_queue_64k, bare_pipe_64k, "pipe", their_queue_64k),
        ROW("queue-1M", our_queue_1m, bare_pipe_1m, "pipe", their_queue_1m),
        {"pool-1", {{"ours", our_pool_1}, {"CPython", their_pool_1}}, 0},
        {"pool", {{"ours", our_pool_none}, {"CPython", their_pool_none}}, 0},
    };
    Benchmark self = {.room = "multiprocessing", .sizes = {1}};
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
