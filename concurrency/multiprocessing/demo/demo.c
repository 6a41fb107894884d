/* demo.c: the story of processes, a queue between them, and a pool of them; and a tool that counts
 * words (demo_words.c). */
#include "demo.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

const char *const program = "multiprocessing_demo";

void must(bool fine) {
    if (fine) return;
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    error_print(stderr);
    exit(1);
}

/* A started process. */
static Process *start(ProcessTarget target, const void *args, size_t size) {
    Process *process = process_new(target, args, size, NULL);
    must(process && process_start(process) == 0);
    return process;
}

/* Joins it, frees it, and returns its exit code. */
static int finish(Process *process) {
    int exitcode = 0;
    must(process_join(process, FOREVER) == 0);
    must(process_exitcode(process, &exitcode) == 1);
    process_free(process);
    return exitcode;
}

/* Prints what was tried, and the error that it ended with. */
static void refused(const char *what, int status) {
    printf("  %-28s ", what);
    if (status < 0) {
        error_print(stdout);
    } else {
        puts("None");
    }
}

/* ---- fork ------------------------------------------------------------------------------------*/

static int counter = 1;

static int count_to_three(void *args) {
    (void)args;
    printf("  child   finds counter = %d", counter);
    counter = 3;
    printf(", sets it to %d\n", counter);
    return 0;
}

static void scene_fork(void) {
    puts("A process is started by fork(): the child is a copy of its parent, at the same place in "
         "the\n"
         "program, with the same variables. From then on each has its own.\n");
    counter = 2;
    printf("  parent  sets counter = %d\n", counter);
    int exitcode = finish(start(count_to_three, NULL, 0));
    printf("  parent  still has counter = %d; the child's exit code is %d\n", counter, exitcode);
    puts("\nThe first line was still in stdout's buffer when the child was made, and a copy of the "
         "buffer\n"
         "would have printed it twice. So start() writes the buffers out before it forks, and the "
         "child\n"
         "writes its own before it ends: nothing is doubled and nothing is lost, into a file as "
         "well.");
}

/* ---- exit ------------------------------------------------------------------------------------*/

static int return_status(void *args) {
    return *(int *)args;
}

static int wait_forever(void *args) {
    (void)args;
    while (pause() < 0)
        continue;
    return 0;
}

static void scene_exit(void) {
    puts("What a parent learns of its child's end is one number: the status it returned, or minus "
         "the\n"
         "signal that killed it.\n");
    const int statuses[] = {0, 3};
    for (int i = 0; i < 2; i++) {
        Process *process = start(return_status, &statuses[i], sizeof statuses[i]);
        printf("  returns %d      exitcode %d\n", statuses[i], finish(process));
    }
    Process *process = start(wait_forever, NULL, 0);
    must(process_terminate(process) == 0);
    printf("  terminate()    exitcode %d\n", finish(process));
    process = start(wait_forever, NULL, 0);
    must(process_kill(process) == 0);
    printf("  kill()         exitcode %d\n", finish(process));

    puts("\nAnd what is refused, in CPython's words:\n");
    process = process_new(wait_forever, NULL, 0, NULL);
    refused("join() before start()", process_join(process, FOREVER));
    must(process_start(process) == 0);
    refused("start() again", process_start(process));
    refused("join(timeout=0.01)", process_join(process, 0.01));
    refused("close() while it runs", process_close(process));
    must(process_kill(process) == 0 && process_join(process, FOREVER) == 0);
    refused("close()", process_close(process));
    refused("is_alive() after close()", process_is_alive(process));
    process_free(process);
}

/* ---- queue -----------------------------------------------------------------------------------*/

enum { PRODUCERS = 3, MESSAGES = 1000 };

typedef struct {
    Queue *queue;
    int who;
} Producer;

static int produce(void *args) {
    const Producer *self = args;
    for (int i = 0; i < MESSAGES; i++) {
        const int message[] = {self->who, i};
        if (queue_put(self->queue, message, sizeof message, FOREVER) < 0) return -1;
    }
    return 0;
}

static void scene_queue(void) {
    puts("A queue is memory that parent and children share. Three producers put a thousand "
         "messages\n"
         "each; the parent takes them as they come. Look at the order.\n");
    Queue *queue = queue_new(4);
    must(queue);
    Process *producers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        Producer args = {queue, i};
        producers[i] = start(produce, &args, sizeof args);
    }
    int next[PRODUCERS] = {0}, fullest = 0;
    bool ordered = true;
    for (int n = 0; n < PRODUCERS * MESSAGES; n++) {
        if (queue_qsize(queue) > fullest) fullest = queue_qsize(queue);
        int *message = queue_get(queue, NULL, FOREVER);
        must(message);
        ordered &= message[1] == next[message[0]]++;
        free(message);
    }
    for (int i = 0; i < PRODUCERS; i++)
        must(finish(producers[i]) == 0);
    printf("  taken %d, each producer's in its order: %s, never more than 4 inside: %s\n",
           PRODUCERS * MESSAGES, ordered ? "True" : "False", fullest <= 4 ? "True" : "False");
    if (!queue_get(queue, NULL, 0)) refused("get(block=False)", -1);
    for (int i = 0; i < 4; i++)
        must(queue_put(queue, "", 0, 0) == 0);
    refused("put(b'', timeout=0.01)", queue_put(queue, "", 0, 0.01));
    queue_free(queue);
}

/* ---- killed ----------------------------------------------------------------------------------*/

static void kill_myself(int signal_number) {
    (void)signal_number;
    kill(getpid(), SIGKILL);
}

/* Puts a message whose second half cannot be read: the copying stops there, with the lock held. */
static int die_in_put(void *args) {
    Queue *queue = *(Queue **)args;
    const size_t half = 1 << 20;
    char *message =
        mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (message == MAP_FAILED) return 2;
    memset(message, 'x', half);
    mprotect(message + half, half, PROT_NONE);
    signal(SIGSEGV, kill_myself);
    queue_put(queue, message, 2 * half, FOREVER);
    return 3; // not reached
}

static int put_hello(void *args) {
    return queue_put(*(Queue **)args, "hello", 5, FOREVER);
}

static void scene_killed(void) {
    puts(
        "A process dies in the middle of put(), with the queue's lock in its hand and half of its\n"
        "message written. (It copies from memory that ends half-way, and kills itself there.)\n");
    Queue *queue = queue_new(0);
    must(queue && queue_put(queue, "before", 6, 0) == 0);
    printf("  the one who died: exitcode %d\n", finish(start(die_in_put, &queue, sizeof queue)));
    printf("  another puts:     exitcode %d\n", finish(start(put_hello, &queue, sizeof queue)));
    for (char *message; (message = queue_get(queue, NULL, 0)); free(message))
        printf("  the parent gets:  %s\n", message);
    error_clear();
    puts("\nHalf a message lies beyond the mark that says how far the producers have come, and the "
         "mark is\n"
         "moved last. The kernel gives a dead owner's lock to the next. There is nothing to "
         "repair.\n"
         "In CPython the lock is a semaphore, and nobody releases it any more: see the README.");
    queue_free(queue);
}

/* ---- pool ------------------------------------------------------------------------------------*/

static int square(const void *item, size_t size, Block *result) {
    int n;
    memcpy(&n, item, sizeof n);
    n *= n;
    result->data = malloc(sizeof n);
    if (!result->data) {
        error_no_memory();
        return -1;
    }
    memcpy(result->data, &n, size);
    result->size = sizeof n;
    return 0;
}

static int picky(const void *item, size_t size, Block *result) {
    int n;
    memcpy(&n, item, sizeof n);
    if (n == 7) return error_set(ValueError, "not %d", n);
    return square(item, size, result);
}

static int deadly(const void *item, size_t size, Block *result) {
    int n;
    memcpy(&n, item, sizeof n);
    if (n == 7) kill(getpid(), SIGKILL);
    return square(item, size, result);
}

static atomic_int *deaths; // in memory that all processes share

/* Kills the first worker that comes to 7, and lets the second one pass. */
static int deadly_once(const void *item, size_t size, Block *result) {
    int n;
    memcpy(&n, item, sizeof n);
    if (n == 7 && atomic_fetch_add(deaths, 1) == 0) kill(getpid(), SIGKILL);
    return square(item, size, result);
}

enum { ITEMS = 12 };
static int numbers[ITEMS];
static Block items[ITEMS];

static void make_items(void) {
    for (int i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        items[i] = (Block){&numbers[i], sizeof numbers[i]};
    }
}

static void print_number(Block block) {
    int n;
    memcpy(&n, block.data, sizeof n);
    printf(" %d", n);
}

/* Maps, and prints the results or the error with its item. */
static void show_map(Pool *pool, const char *what, PoolFunction function, size_t chunksize) {
    printf("  %-28s", what);
    Block *results = pool_map(pool, function, items, ITEMS, chunksize);
    if (results) {
        for (int i = 0; i < ITEMS; i++)
            print_number(results[i]);
        putchar('\n');
    } else {
        printf(" item %zu: ", pool_failed_item(pool));
        error_print(stdout);
    }
    blocks_free(results, ITEMS);
}

static void scene_pool(void) {
    puts("Workers take items, in chunks, whoever is free. The results come back in the items' "
         "order,\n"
         "whatever the order in which they were ready.\n");
    make_items();
    for (int workers = 1; workers <= 4; workers *= 2) {
        Pool *pool = pool_new(workers, POOL_NONE);
        must(pool);
        char what[40];
        snprintf(what, sizeof what, "Pool(%d).map(square)", workers);
        show_map(pool, what, square, 0);
        pool_free(pool);
    }
    puts("\nA chunk is a quarter of an even share, rounded up, so that a slow worker holds up "
         "little:\n");
    puts("  items    4 workers: chunksize");
    const size_t counts[] = {1, 16, 17, 100, 1000};
    for (int i = 0; i < 5; i++)
        printf("  %5zu    %zu\n", counts[i], counts[i] / 16 + (counts[i] % 16 != 0));
}

/* ---- death -----------------------------------------------------------------------------------*/

static void scene_death(void) {
    puts("Item 7 kills the worker that takes it. Look at what becomes of the call, of the other "
         "items,\n"
         "and of the pool.\n");
    make_items();
    Pool *pool = pool_new(2, POOL_NONE);
    must(pool);
    printf("  %-28s", "imap(deadly)");
    AsyncResult *walk = pool_imap(pool, deadly, items, ITEMS, 1);
    must(walk);
    Block result;
    size_t index;
    for (int status; (status = async_next(walk, FOREVER, &result, &index)) != 0;) {
        if (status < 0) {
            printf(" (item %zu: %s)", index, error_name(error_occurred()));
            error_clear();
            continue;
        }
        print_number(result);
        free(result.data);
    }
    async_free(walk);
    putchar('\n');
    show_map(pool, "map(square) in the same pool", square, 0);
    pool_free(pool);

    deaths = mmap(NULL, sizeof *deaths, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(deaths != MAP_FAILED);
    pool = pool_new(2, POOL_NONE);
    must(pool);
    pool_set_retries(pool, 1);
    puts("\nWith one retry allowed, and an item that kills only the first who tries:\n");
    show_map(pool, "map(deadly_once)", deadly_once, 1);
    printf("  workers that died over it    %d\n", atomic_load(deaths) - 1);
    pool_free(pool);
    munmap((void *)deaths, sizeof *deaths);
    puts("\nThe parent knows what it has given to whom, and a shared word tells which item a "
         "worker was at.\n"
         "So one item is in doubt, no more; the rest is done by a new worker. CPython's Pool "
         "starts a new\n"
         "worker too, but has forgotten the item: the call waits for ever.");
}

/* ---- error -----------------------------------------------------------------------------------*/

static void scene_error(void) {
    puts("A function's error travels back to the caller, with the index of its item.\n");
    make_items();
    Pool *pool = pool_new(2, POOL_NONE);
    must(pool);
    show_map(pool, "map(picky)", picky, 0);
    show_map(pool, "map(square), afterwards", square, 0);
    pool_close(pool);
    must(pool_join(pool) == 0);
    Block *results = pool_map(pool, square, items, ITEMS, 0);
    refused("map(square), after close()", results ? 0 : -1);
    blocks_free(results, ITEMS);
    pool_free(pool);
}

/* ---- Scaling ---------------------------------------------------------------------------------*/

/* Computes for as many microseconds as the item says. */
static int busy(const void *item, size_t size, Block *result) {
    (void)size, (void)result;
    uint64_t nanoseconds;
    memcpy(&nanoseconds, item, sizeof nanoseconds);
    uint64_t end = clock_now() + nanoseconds;
    while (nanoseconds && clock_now() < end)
        continue;
    return 0;
}

int demo_scaling(void) {
    puts("task_us,workers,us_per_task");
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int workers = 1; workers <= cores; workers++) {
        Pool *pool = pool_new(workers, POOL_NONE);
        must(pool);
        for (uint64_t task = 0; task <= 3000000; task = task ? task * 10 / 3 : 300) {
            size_t count = task < 30000 ? 3000 : 90000000 / (size_t)task + 8;
            Block *tasks = calloc(count, sizeof *tasks);
            must(tasks);
            for (size_t i = 0; i < count; i++)
                tasks[i] = (Block){&task, sizeof task};
            uint64_t start_time = clock_now();
            Block *results = pool_map(pool, busy, tasks, count, 1);
            must(results);
            double each = (double)(clock_now() - start_time) / 1000 / (double)count;
            printf("%.1f,%d,%.3f\n", (double)task / 1000, workers, each);
            blocks_free(results, count);
            free(tasks);
        }
        pool_free(pool);
    }
    return 0;
}

/* ---- The program -----------------------------------------------------------------------------*/

static const struct {
    const char *name, *title;
    void (*play)(void);
} scenes[] = {
    {"fork", "fork: two of everything", scene_fork},
    {"exit", "exit: how a child's end is told", scene_exit},
    {"queue", "queue: messages in order", scene_queue},
    {"killed", "killed: with the lock in its hand", scene_killed},
    {"pool", "pool: work for whoever is free", scene_pool},
    {"death", "death: a worker that does not come back", scene_death},
    {"error", "error: whose item it was", scene_error},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void help(void) {
    printf("usage: %s                              tells the whole story\n"
           "       %s --scene NAME                 one scene of it\n"
           "       %s [--top N] [--times] FILE...  counts words in all cores; - is standard input\n"
           "       %s --csv scaling                data for the picture\n\nscenes:\n",
           program, program, program, program);
    for (int i = 0; i < SCENES; i++)
        printf("  %-7s %s\n", scenes[i].name, scenes[i].title);
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (name && strcmp(name, scenes[i].name) != 0) continue;
        heading(scenes[i].title);
        scenes[i].play();
        if (name) return 0;
    }
    return name ? usage_error(program, "no scene '%s'; see --help", name) : 0;
}

static int words(int argc, char **argv) {
    int top = 10, i = 1;
    bool times = false;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "--times") == 0) {
            times = true;
        } else if (strcmp(argv[i], "--top") == 0 && i + 1 < argc) {
            char *end;
            long number = strtol(argv[++i], &end, 10);
            if (*end || end == argv[i] || number < 0 || number > 1000000) {
                return usage_error(program, "--top takes a number, not '%s'", argv[i]);
            }
            top = (int)number;
        } else {
            return usage_error(program, "cannot make sense of '%s'; see --help", argv[i]);
        }
    }
    if (i == argc) return usage_error(program, "no file is named; see --help");
    return demo_words(argc - i, argv + i, top, times);
}

static int run(int argc, char **argv) {
    if (argc < 2) return play(NULL);
    if (strcmp(argv[1], "--help") == 0) return help(), 0;
    if (strcmp(argv[1], "--scene") == 0) {
        return argc == 3 ? play(argv[2])
                         : usage_error(program, "--scene takes one name; see --help");
    }
    if (strcmp(argv[1], "--csv") == 0 && argc == 3 && strcmp(argv[2], "scaling") == 0) {
        return demo_scaling();
    }
    return words(argc, argv);
}

int main(int argc, char **argv) {
    return finish_output(program, run(argc, argv));
}
