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

/* What a row is told: how many of what, and how much each; of a peer that takes long, `theirs`. */
typedef struct {
    size_t count, size, theirs;
} Amount;

/* The time of so many items as that of the n * repeats items that the caller divides by. */
static uint64_t scaled(uint64_t elapsed, size_t count, size_t n, size_t repeats) {
    return (uint64_t)((double)elapsed / (double)count * (double)n * (double)repeats);
}

/* What bench.py measures for these arguments; 0 if there is no Python. */
static uint64_t python(const char *what, size_t count, size_t other, size_t n, size_t repeats) {
    char command[1024], line[64] = "";
    snprintf(command, sizeof command, PYTHON " '" BENCH_PY "' %s %zu %zu", what, count, other);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(line, sizeof line, pipe)) fprintf(stderr, "no time from: %s\n", command);
    if (pipe) pclose(pipe);
    return scaled(strtoull(line, NULL, 10), count, n, repeats);
}

/* ---- Processes: `count` of them, of a process with `size` MiB more, each page of it touched --*/

static void our_process(void) {
    Process *process = process_new(NULL, NULL, 0, NULL);
    process_start(process);
    process_join(process, FOREVER);
    process_free(process);
}

static void bare_process(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, NULL, 0);
}

static uint64_t time_processes(size_t n, size_t repeats, const Amount *amount, void (*one)(void)) {
    char *volatile ballast = malloc(amount->size * MIB + 1);
    memset(ballast, 'x', amount->size * MIB + 1);
    uint64_t start = clock_now();
    for (size_t i = 0; i < amount->count; i++)
        one();
    uint64_t elapsed = clock_now() - start;
    free(ballast);
    return scaled(elapsed, amount->count, n, repeats);
}

static uint64_t our_processes(size_t n, size_t repeats, const void *amount) {
    return time_processes(n, repeats, amount, our_process);
}

static uint64_t bare_processes(size_t n, size_t repeats, const void *amount) {
    return time_processes(n, repeats, amount, bare_process);
}

static uint64_t their_processes(size_t n, size_t repeats, const void *argument) {
    const Amount *amount = argument;
    return python("process", amount->theirs, amount->size, n, repeats);
}

/* ---- Queues: `count` messages of `size` bytes ------------------------------------------------*/

typedef struct {
    Queue *queue; // or the bare pipe
    int ends[2];
    size_t count, size;
} Job;

static void put_one(const Job *job, const char *message) {
    queue_put(job->queue, message, job->size, FOREVER);
}

static void get_one(const Job *job, char *message) {
    (void)message;
    free(queue_get(job->queue, NULL, FOREVER));
}

static void write_one(const Job *job, const char *message) {
    for (size_t done = 0; done < job->size;) {
        ssize_t wrote = write(job->ends[1], message + done, job->size - done);
        if (wrote < 0) _exit(1);
        done += (size_t)wrote;
    }
}

static void read_one(const Job *job, char *message) {
    for (size_t done = 0; done < job->size;) {
        ssize_t got = read(job->ends[0], message + done, job->size - done);
        if (got <= 0) return;
        done += (size_t)got;
    }
}

static int produce(void *args) {
    const Job *job = args;
    char *message = calloc(1, job->size);
    for (size_t i = 0; i < job->count + 1; i++)
        (job->queue ? put_one : write_one)(job, message);
    free(message);
    return 0;
}

/* Starts the producer and takes its messages; the first one, with the start, is not timed. */
static uint64_t time_messages(Job *job, void (*take)(const Job *, char *)) {
    Process *process = process_new(produce, job, sizeof *job, NULL);
    char *message = malloc(job->size);
    process_start(process);
    take(job, message);
    uint64_t start = clock_now();
    for (size_t i = 0; i < job->count; i++)
        take(job, message);
    uint64_t elapsed = clock_now() - start;
    process_join(process, FOREVER);
    process_free(process);
    free(message);
    return elapsed;
}

static uint64_t our_queue(size_t n, size_t repeats, const void *argument) {
    const Amount *amount = argument;
    Job job = {.queue = queue_new(0), .count = amount->count, .size = amount->size};
    uint64_t elapsed = time_messages(&job, get_one);
    queue_free(job.queue);
    return scaled(elapsed, amount->count, n, repeats);
}

static uint64_t bare_pipe(size_t n, size_t repeats, const void *argument) {
    const Amount *amount = argument;
    Job job = {.count = amount->count, .size = amount->size};
    if (pipe(job.ends) < 0) return 0;
    uint64_t elapsed = time_messages(&job, read_one);
    close(job.ends[0]);
    close(job.ends[1]);
    return scaled(elapsed, amount->count, n, repeats);
}

static uint64_t their_queue(size_t n, size_t repeats, const void *argument) {
    const Amount *amount = argument;
    return python("queue", amount->theirs, amount->size, n, repeats);
}

/* ---- Pools: `count` empty tasks in chunks of `size` ------------------------------------------*/

enum { TASKS = 100000 };

static int nothing(const void *item, size_t size, Block *result) {
    (void)item, (void)size, (void)result;
    return 0;
}

static uint64_t our_pool(size_t n, size_t repeats, const void *argument) {
    static Block items[TASKS];
    const Amount *amount = argument;
    Pool *pool = pool_new(POOL_NONE, POOL_NONE);
    blocks_free(pool_map(pool, nothing, items, 100, 1), 100); // the workers have started
    uint64_t start = clock_now();
    Block *results = pool_map(pool, nothing, items, TASKS, amount->size);
    uint64_t elapsed = clock_now() - start;
    if (!results) error_print(stderr);
    blocks_free(results, TASKS);
    pool_free(pool);
    return scaled(elapsed, TASKS, n, repeats);
}

static uint64_t their_pool(size_t n, size_t repeats, const void *argument) {
    const Amount *amount = argument;
    return python("pool", TASKS, amount->size, n, repeats);
}

int main(int argc, char **argv) {
    enum { PROCESS, QUEUE, POOL };
    static const struct {
        const char *who;
        BenchmarkRun run;
    } contenders[][3] = {
        [PROCESS] = {{"ours", our_processes},
                     {"fork", bare_processes},
                     {"CPython", their_processes}},
        [QUEUE] = {{"ours", our_queue}, {"pipe", bare_pipe}, {"CPython", their_queue}},
        [POOL] = {{"ours", our_pool}, {"CPython", their_pool}},
    };
    static const struct {
        const char *operation;
        int kind;
        Amount amount;
    } table[] = {
        {"process", PROCESS, {300, 0, 300}},         {"process-64M", PROCESS, {300, 64, 300}},
        {"queue-16", QUEUE, {200000, 16, 20000}},    {"queue-1K", QUEUE, {100000, KIB, 10000}},
        {"queue-64K", QUEUE, {5000, 64 * KIB, 500}}, {"queue-1M", QUEUE, {500, MIB, 50}},
        {"pool-1", POOL, {TASKS, 1, TASKS}},         {"pool", POOL, {TASKS, 0, TASKS}},
    };
    enum { ROWS = sizeof table / sizeof table[0] };
    BenchmarkRow rows[ROWS] = {{0}};
    for (int row = 0; row < ROWS; row++) {
        rows[row].operation = table[row].operation;
        for (int i = 0; i < 3; i++) {
            rows[row].contenders[i].who = contenders[table[row].kind][i].who;
            rows[row].contenders[i].run = contenders[table[row].kind][i].run;
            rows[row].contenders[i].argument = &table[row].amount;
        }
    }
    Benchmark self = {.room = "multiprocessing", .sizes = {1}};
    return benchmark_main(&self, rows, ROWS, argc, argv);
}
