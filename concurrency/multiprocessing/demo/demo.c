/* demo.c: the story of processes, a queue between them, and a pool of them; and a tool that counts
 * words (words.c); data for the picture (scaling.c). */
#include "work.h"

#include "../queue.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* A started process. It is a daemon, so it ends with this program, also if that is killed. */
static Process *start(ProcessTarget target, const void *args, size_t size) {
    Process *process = need(process_new(target, args, size, NULL));
    must(process_set_daemon(process, true));
    must(process_start(process));
    return process;
}

/* Joins it, frees it, and returns its exit code, which must be this one: else the demo fails. */
static int finish(Process *process, int expected) {
    int exitcode = 0;
    must(process_join(process, FOREVER));
    must(process_exitcode(process, &exitcode));
    process_free(process);
    if (exitcode != expected) must(error_set(RuntimeError, "a child's exit code is %d", exitcode));
    return exitcode;
}

/* Prints what was tried, and the error that it ended with, in lines of at most 80 characters. */
static void refused(const char *what, int status) {
    char text[300] = "None";
    if (status < 0) {
        const char *colon = *error_message() ? ": " : "";
        snprintf(text, sizeof text, "%s%s%s", error_name(error_occurred()), colon, error_message());
        error_clear();
    }
    printf("  %-28s", what);
    size_t column = 30;
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        if (column + strlen(word) >= 80) {
            printf("\n%30s", "");
            column = 30;
        }
        column += (size_t)printf(" %s", word);
    }
    putchar('\n');
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
    puts("A process is started by fork(): the child is a copy of its parent, at the same\n"
         "place in the program, with the same variables. From then on each has its own.\n");
    counter = 2;
    printf("  parent  sets counter = %d\n", counter);
    int exitcode = finish(start(count_to_three, NULL, 0), 0);
    step("what does the parent find?");
    printf("  parent  still has counter = %d; the child's exit code is %d\n", counter, exitcode);
    puts("\nThe first line was still in stdout's buffer when the child was made, and a copy\n"
         "of the buffer would have printed it twice. So start() writes the buffers out\n"
         "before it forks, and the child writes its own before it ends: nothing is doubled\n"
         "and nothing is lost, into a file as well.");
}

/* ---- exit ------------------------------------------------------------------------------------*/

static int return_status(void *args) {
    return *(int *)args;
}

static int idle(void *args) {
    (void)args;
    while (pause() < 0)
        continue;
    return 0;
}

static void scene_exit(void) {
    puts("What a parent learns of its child's end is one number: the status it returned,\n"
         "or minus the signal that killed it.\n");
    const int statuses[] = {0, 3};
    for (int i = 0; i < 2; i++) {
        Process *process = start(return_status, &statuses[i], sizeof statuses[i]);
        printf("  returns %d      exitcode %d\n", statuses[i], finish(process, statuses[i]));
    }
    Process *process = start(idle, NULL, 0);
    must(process_terminate(process));
    printf("  terminate()    exitcode %d\n", finish(process, -SIGTERM));
    process = start(idle, NULL, 0);
    must(process_kill(process));
    printf("  kill()         exitcode %d\n", finish(process, -SIGKILL));

    step("close() while it runs, is_alive() after close(): what then?");
    puts("\nAnd what is refused, in CPython's words:\n");
    process = need(process_new(idle, NULL, 0, NULL));
    must(process_set_daemon(process, true));
    refused("join() before start()", process_join(process, FOREVER));
    must(process_start(process));
    refused("start() again", process_start(process));
    refused("join(timeout=0.01)", process_join(process, 0.01));
    refused("close() while it runs", process_close(process));
    must(process_kill(process));
    must(process_join(process, FOREVER));
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
    puts("A queue is memory that parent and children share. Three producers put a thousand\n"
         "messages each into one that holds four; the parent takes them as they come.\n");
    step("in which order do they come?");
    Queue *queue = need(queue_new(4));
    Process *producers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        Producer args = {queue, i};
        producers[i] = start(produce, &args, sizeof args);
    }
    int next[PRODUCERS] = {0}, fullest = 0;
    bool ordered = true;
    for (int n = 0; n < PRODUCERS * MESSAGES; n++) {
        if (queue_qsize(queue) > fullest) fullest = queue_qsize(queue);
        int *message = need(queue_get(queue, NULL, FOREVER));
        ordered &= message[1] == next[message[0]]++;
        free(message);
    }
    for (int i = 0; i < PRODUCERS; i++)
        finish(producers[i], 0);
    printf("  taken                        %d\n", PRODUCERS * MESSAGES);
    printf("  each producer's in order     %s\n", ordered ? "True" : "False");
    printf("  never more than 4 inside     %s\n", fullest <= 4 ? "True" : "False");
    if (!queue_get(queue, NULL, 0)) refused("get(block=False)", -1);
    for (int i = 0; i < 4; i++)
        must(queue_put(queue, "", 0, 0));
    refused("put(b'', timeout=0.01)", queue_put(queue, "", 0, 0.01));
    queue_free(queue);
}

/* ---- killed ----------------------------------------------------------------------------------*/

static void kill_myself(int signal_number) {
    (void)signal_number;
    kill(getpid(), SIGKILL);
}

/* Memory that this process and its children share or, if private, have each their own. */
static void *mapped(size_t size, int sharing) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? error_no_memory() : memory;
}

/* Puts a message whose second half cannot be read: the copying stops there, with the lock held. */
static int die_in_put(void *args) {
    const size_t half = 1 << 20;
    char *message = mapped(2 * half, MAP_PRIVATE);
    if (!message) return -1;
    memset(message, 'x', half);
    mprotect(message + half, half, PROT_NONE);
    signal(SIGSEGV, kill_myself);
    return queue_put(*(Queue **)args, message, 2 * half, FOREVER);
}

static int put_hello(void *args) {
    return queue_put(*(Queue **)args, "hello", 5, FOREVER);
}

static void scene_killed(void) {
    puts("A process dies in the middle of put(), with the queue's lock in its hand and\n"
         "half of its message written. (It copies from memory that ends half-way, and\n"
         "kills itself there.) Then another puts.\n");
    Queue *queue = need(queue_new(0));
    must(queue_put(queue, "before", 6, 0));
    Process *process = start(die_in_put, &queue, sizeof queue);
    printf("  the one who died: exitcode %d\n", finish(process, -SIGKILL));
    process = start(put_hello, &queue, sizeof queue);
    printf("  another puts:     exitcode %d\n", finish(process, 0));
    step("what does the parent get?");
    for (char *message; (message = queue_get(queue, NULL, 0)); free(message))
        printf("  the parent gets:  %s\n", message);
    error_clear();
    puts("\nHalf a message lies beyond the mark that says how far the producers have come,\n"
         "and the mark is moved last. The kernel gives a dead owner's lock to the next.\n"
         "There is nothing to repair. In CPython the lock is a semaphore, and nobody\n"
         "releases it any more: see the README.");
    queue_free(queue);
}

/* ---- pool ------------------------------------------------------------------------------------*/

static int number_of(const void *item) {
    int n;
    memcpy(&n, item, sizeof n);
    return n;
}

static int square(const void *item, size_t size, Block *result) {
    int n = number_of(item) * number_of(item);
    *result = (Block){malloc(size), size};
    if (!result->data) return error_set(MemoryError, "%s", "");
    memcpy(result->data, &n, size);
    return 0;
}

static int picky(const void *item, size_t size, Block *result) {
    int n = number_of(item);
    return n == 7 ? error_set(ValueError, "not %d", n) : square(item, size, result);
}

static int deadly(const void *item, size_t size, Block *result) {
    if (number_of(item) == 7) kill(getpid(), SIGKILL);
    return square(item, size, result);
}

static atomic_int *deaths; // in memory that all processes share

/* Kills the first worker that comes to 7, and lets the second one pass. */
static int deadly_once(const void *item, size_t size, Block *result) {
    if (number_of(item) == 7 && atomic_fetch_add(deaths, 1) == 0) kill(getpid(), SIGKILL);
    return square(item, size, result);
}

enum { ITEMS = 12 };
static int numbers[ITEMS];
static Block given[ITEMS];

static void make_items(void) {
    for (int i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        given[i] = (Block){&numbers[i], sizeof numbers[i]};
    }
}

/* Maps, and prints the results or the error with its item. */
static void show_map(Pool *pool, const char *what, PoolFunction function, size_t chunksize) {
    printf("  %-28s", what);
    Block *results = pool_map(pool, function, given, ITEMS, chunksize);
    for (int i = 0; results && i < ITEMS; i++)
        printf(" %d", number_of(results[i].data));
    if (results) {
        putchar('\n');
    } else {
        printf(" item %zu: ", pool_failed_item(pool));
        error_print(stdout);
    }
    blocks_free(results, ITEMS);
}

static void scene_pool(void) {
    puts("Workers take items, in chunks, whoever is free.\n");
    step("in which order do the results come back?");
    for (int workers = 1; workers <= 4; workers *= 2) {
        Pool *pool = need(pool_new(workers, POOL_NONE));
        char what[40];
        snprintf(what, sizeof what, "Pool(%d).map(square)", workers);
        show_map(pool, what, square, 0);
        pool_free(pool);
    }
    puts("\nIn the items' order, whatever the order in which they were ready. A chunk is a\n"
         "quarter of an even share, rounded up, so that a slow worker holds up little:\n");
    puts("  items    4 workers: chunksize");
    const size_t counts[] = {1, 16, 17, 100, 1000};
    for (int i = 0; i < 5; i++)
        printf("  %5zu    %zu\n", counts[i], counts[i] / 16 + (counts[i] % 16 != 0));
}

/* ---- death -----------------------------------------------------------------------------------*/

/* One result after the other, and for the item that failed its error. */
static void show_imap(Pool *pool, const char *what, PoolFunction function) {
    printf("  %-28s", what);
    AsyncResult *walk = need(pool_imap(pool, function, given, ITEMS, 1));
    Block result;
    size_t index;
    for (int status; (status = async_next(walk, FOREVER, &result, &index)) != 0;) {
        if (status < 0) {
            printf(" (%zu: %s)", index, error_name(error_occurred()));
            error_clear();
        } else {
            printf(" %d", number_of(result.data));
            free(result.data);
        }
    }
    async_free(walk);
    putchar('\n');
}

static void scene_death(void) {
    puts("Twelve items for two workers. Item 7 kills the worker that takes it.\n");
    step("what becomes of the items after it?");
    Pool *pool = need(pool_new(2, POOL_NONE));
    show_imap(pool, "imap(deadly)", deadly);
    show_map(pool, "map(square) in the same pool", square, 0);
    pool_free(pool);
    puts("\nThe parent knows what it has given to whom, and a shared word tells which item a\n"
         "worker was at. So one item is in doubt, no more; the rest is done by a new\n"
         "worker. CPython's Pool starts a new worker too, but has forgotten the item: the\n"
         "call waits for ever.");
    step("could it be tried again?");
    deaths = need(mapped(sizeof *deaths, MAP_SHARED));
    pool = need(pool_new(2, POOL_NONE));
    pool_set_retries(pool, 1);
    puts("\nWith one retry allowed, and an item that kills only the first who tries:\n");
    show_map(pool, "map(deadly_once)", deadly_once, 1);
    printf("  workers that died over it    %d\n", atomic_load(deaths) - 1);
    pool_free(pool);
    munmap((void *)deaths, sizeof *deaths);
}

/* ---- error -----------------------------------------------------------------------------------*/

static void scene_error(void) {
    puts("A function's error travels back to the caller, with the index of its item.\n");
    step("item 7 raises: is the pool good for another map?");
    Pool *pool = need(pool_new(2, POOL_NONE));
    show_map(pool, "map(picky)", picky, 0);
    show_map(pool, "map(square), afterwards", square, 0);
    pool_close(pool);
    must(pool_join(pool));
    Block *results = pool_map(pool, square, given, ITEMS, 0);
    refused("map(square), after close()", results ? 0 : -1);
    blocks_free(results, ITEMS);
    pool_free(pool);
}

int main(int argc, char **argv) {
    make_items();
    static const Scene scenes[] = {
        {"fork", "Two of everything", scene_fork},
        {"exit", "How a child's end is told", scene_exit},
        {"queue", "Messages in order", scene_queue},
        {"killed", "With the lock in its hand", scene_killed},
        {"pool", "Work for whoever is free", scene_pool},
        {"death", "A worker that does not come back", scene_death,
         .look = "what becomes of the call, of the other items, and of the pool"},
        {"error", "Whose item it was", scene_error},
        {0},
    };
    static const Scene data[] = {
        {"scaling", "microseconds for a task, by its length and workers", data_scaling,
         .varies = true},
        {0},
    };
    const Demo demo = {
        .program = "multiprocessing_demo",
        .about = "Counts the words of files, or of standard input (-), in all cores.",
        .operands = "FILE...",
        .scenes = scenes,
        .data = data,
        .options = words_options,
        .work = words_count,
    };
    return demo_main(&demo, argc, argv);
}
