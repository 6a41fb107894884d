/* twin.c: the twin of twin.py: the same programs on our processes, queues and pools. */
#include "../process.h"
#include "../queue.h"

#include <poll.h>
#include <signal.h>

void pool_twin(void); // in pool_twin.c

static uint64_t state = 20231124;

/* The next number below `limit` of a sequence that twin.py draws as well (Knuth's MMIX LCG). */
static int rand_below(int limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)(int64_t)((state >> 33) % (uint64_t)limit);
}

/* ---- Printing --------------------------------------------------------------------------------*/

static void title(const char *text) {
    printf("\n%s:\n", text);
}

/* A line: what was tried, and its result in words, or the pending error if `status` is negative. */
static void report(const char *what, int status, const char *result) {
    printf("%-28s ", what);
    if (status < 0) {
        error_print(stdout);
    } else {
        puts(result);
    }
}

static void report_none(const char *what, int status) {
    report(what, status, "None");
}

static void report_bool(const char *what, int answer) {
    report(what, answer, answer ? "True" : "False");
}

static const char *bool_name(bool value) {
    return value ? "True" : "False";
}

/* Prints the repr with the numbers of processes left out. */
static void show(const char *what, Process *process) {
    char text[256];
    process_repr(process, text, sizeof text);
    printf("%-28s", what);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        bool pid = strncmp(word, "pid=", 4) == 0, parent = strncmp(word, "parent=", 7) == 0;
        printf(" %s", pid ? "pid=N" : parent ? "parent=N" : word);
    }
    putchar('\n');
}

static int sleep_forever(void *args) {
    (void)args;
    while (pause())
        continue;
    return 0;
}

static Process *new_process(ProcessTarget target, bool daemon) {
    Process *process = process_new(target, NULL, 0, NULL);
    if (daemon) process_set_daemon(process, true);
    return process;
}

/* ---- Processes -------------------------------------------------------------------------------*/

static void ask_exitcode(Process *process) {
    int code = 0, known = process_exitcode(process, &code);
    char text[16];
    snprintf(text, sizeof text, "%d", code);
    report("exitcode", known, known > 0 ? text : "None");
}

static void ask_pid(Process *process) {
    pid_t pid = process_pid(process);
    report("pid", (int)pid, pid ? "a number" : "None");
}

static void ask_all(Process *process) {
    show("repr", process);
    report_bool("is_alive", process_is_alive(process));
    ask_exitcode(process);
    ask_pid(process);
    report("sentinel", process_sentinel(process), "a descriptor");
    report("name", 0, process_name(process));
    report_bool("daemon", process_daemon(process));
}

static void life(void) {
    title("a process, initial");
    Process *process = process_new(sleep_forever, NULL, 0, "sleeper");
    ask_all(process);
    report_none("join", process_join(process, FOREVER));
    report_none("terminate", process_terminate(process));
    report_none("kill", process_kill(process));
    title("started");
    report_none("start", process_start(process));
    ask_all(process);
    report_none("start again", process_start(process));
    report_none("join(0)", process_join(process, 0));
    report_none("join(0.01)", process_join(process, 0.01));
    report_none("join(-1)", process_join(process, -1));
    report_none("daemon = True", process_set_daemon(process, true));
    report_none("close", process_close(process));
    title("stopped");
    report_none("terminate", process_terminate(process));
    report_none("join", process_join(process, FOREVER));
    ask_all(process);
    report_none("join again", process_join(process, FOREVER));
    report_none("start again", process_start(process));
    report_none("kill", process_kill(process));
    title("closed");
    report_none("close", process_close(process));
    show("repr", process);
    report_none("close again", process_close(process));
    report_none("start", process_start(process));
    report_none("join", process_join(process, FOREVER));
    report_none("terminate", process_terminate(process));
    report_none("kill", process_kill(process));
    report_bool("is_alive", process_is_alive(process));
    ask_exitcode(process);
    ask_pid(process);
    report("sentinel", process_sentinel(process), "a descriptor");
    report("name", 0, process_name(process));
    process_free(process);
}

/* What sys.exit(status) is there. */
static int return_status(void *args) {
    return *(int *)args;
}

static int exitcode_of(Process *process) {
    int code = 0;
    process_join(process, FOREVER);
    process_exitcode(process, &code);
    return code;
}

static void exit_codes(void) {
    title("exit codes");
    const int statuses[] = {0, 1, 2, 3, 42, 127, 128, 200, 254, 255, 256, 257, 300};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        Process *process = process_new(return_status, &statuses[i], sizeof(int), NULL);
        process_start(process);
        printf("status %3d: exitcode %d\n", statuses[i], exitcode_of(process));
        process_close(process);
        process_free(process);
    }
    Process *process = new_process(NULL, false);
    process_start(process);
    process_join(process, 60);
    show("no target", process);
    process_free(process);
    const int signals[] = {SIGTERM, SIGKILL, SIGUSR1, SIGUSR2, SIGHUP, SIGALRM, SIGXCPU, SIGVTALRM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        process = new_process(sleep_forever, true);
        process_start(process);
        kill(process_pid(process), signals[i]);
        printf("killed by %2d: exitcode %d\n", signals[i], exitcode_of(process));
        show("", process);
        process_free(process);
    }
}

/* Prints who it is, then makes two children, one after the other, of depth - 1. */
static int family(void *args) {
    int depth = *(int *)args;
    Process *me = current_process(), *parent = parent_process();
    printf("%s, child of %s\n", process_name(me), process_name(parent));
    printf("%-28s (%s, %s)\n", "  alive, parent alive", bool_name(process_is_alive(me)),
           bool_name(process_is_alive(parent)));
    report_bool("  parent's pid is right", process_pid(parent) == getppid());
    report_bool("  my pid is right", process_pid(me) == getpid());
    show("  me", me);
    for (int i = 0; i < (depth ? 2 : 0); i++) {
        int less = depth - 1;
        Process *child = process_new(family, &less, sizeof less, NULL);
        process_start(child);
        int code = exitcode_of(child);
        printf("%s: %s returned %d\n", process_name(me), process_name(child), code);
        process_free(child);
    }
    return 0;
}

static void names(void) {
    title("names");
    Process *me = current_process();
    int code, known = process_exitcode(me, &code), depth = 2;
    printf("%s %s %s %s %s\n", process_name(me), parent_process() ? "?" : "None",
           bool_name(process_is_alive(me)), bool_name(process_daemon(me)), known ? "?" : "None");
    Process *child = process_new(family, &depth, sizeof depth, NULL);
    process_start(child);
    code = exitcode_of(child);
    printf("%s returned %d\n", process_name(child), code);
    process_free(child);
    Process *named = process_new(NULL, NULL, 0, "Ada");
    puts(process_name(named));
    process_set_name(named, "Grace");
    puts(process_name(named));
    process_free(named);
    Process *numbered = new_process(NULL, false);
    puts(process_name(numbered));
    process_free(numbered);
}

/* What a child may do with a process object that is its parent's. */
static int look_at(void *args) {
    Process *sibling = *(Process **)args;
    show("in a child", sibling);
    report_none("  start", process_start(sibling));
    report_none("  join", process_join(sibling, FOREVER));
    report_bool("  is_alive", process_is_alive(sibling));
    report("  name", 0, process_name(sibling));
    return 0;
}

/* What a daemonic process tries. */
static int have_children(void *args) {
    (void)args;
    Process *child = new_process(NULL, false);
    printf("daemonic: %s %s\n", bool_name(process_daemon(current_process())),
           bool_name(process_daemon(child)));
    report_none("  start", process_start(child));
    show("  its child", child);
    process_free(child);
    return 0;
}

static void permissions(void) {
    title("whose process it is");
    Process *siblings[] = {new_process(NULL, false), new_process(sleep_forever, false)};
    process_start(siblings[1]);
    for (int i = 0; i < 2; i++) {
        Process *child = process_new(look_at, &siblings[i], sizeof(Process *), NULL);
        process_start(child);
        process_join(child, FOREVER);
        process_free(child);
    }
    process_kill(siblings[1]);
    process_join(siblings[1], FOREVER);
    show("the sibling", siblings[1]);
    process_free(siblings[0]);
    process_free(siblings[1]);
    Process *child = new_process(have_children, true);
    show("a daemon", child);
    process_start(child);
    process_join(child, FOREVER);
    show("the daemon", child);
    process_free(child);
}

/* Prints the names of those who run: ours come oldest first, which is by name here. */
static void print_active(void) {
    size_t count;
    Process **list = active_children(&count);
    printf("%zu", count);
    for (size_t i = 0; i < count; i++)
        printf(" %s", process_name(list[i]));
    putchar('\n');
    free(list);
}

static void active(void) {
    title("active children");
    Process *processes[6];
    for (int i = 0; i < 6; i++)
        processes[i] = new_process(sleep_forever, i % 2 == 1);
    for (int i = 0; i < 6; i++)
        process_start(processes[i]);
    const int order[] = {3, 0, 5, 1, 2, 4};
    for (int i = 0; i < 6; i++) {
        print_active();
        process_kill(processes[order[i]]);
        struct pollfd end = {.fd = process_sentinel(processes[order[i]]), .events = POLLIN};
        poll(&end, 1, -1);
        process_join(processes[order[i]], FOREVER);
    }
    print_active();
    for (int i = 0; i < 6; i++)
        process_free(processes[i]);
}

/* ---- Queues ----------------------------------------------------------------------------------*/

/* Prints the pending error of a call on a closed queue, without the queue's address. */
static void print_closed(const char *what) {
    const char *message = error_message(), *open = strchr(message, '<'),
               *shut = strchr(message, '>');
    if (!open || !shut) open = shut = "";
    printf("%s: %s: %.*s<>%s\n", what, error_name(error_occurred()), (int)(open - message), message,
           shut + 1);
    error_clear();
}

/* number, written `times` times: "777". */
static size_t repeated(char *text, int number, int times) {
    size_t size = 0;
    text[0] = '\0';
    for (int i = 0; i < times; i++)
        size += (size_t)sprintf(text + size, "%d", number);
    return size;
}

static void random_put(Queue *queue, int *number) {
    char message[64];
    size_t size = repeated(message, *number, rand_below(4));
    ++*number;
    printf("put %-12s ", message);
    int status = queue_put(queue, message, size, rand_below(2) ? 0 : 0.001);
    printf("%s ", status < 0 ? error_name(error_occurred()) : "done");
    error_clear();
}

static void random_get(Queue *queue) {
    size_t size;
    printf("get %-12s ", "");
    char *message = queue_get(queue, &size, queue_qsize(queue) ? 60 : 0);
    if (message) {
        printf("%zu bytes %-12s ", size, message);
    } else {
        printf("%s ", error_name(error_occurred()));
        error_clear();
    }
    free(message);
}

static void report_get(const char *what, Queue *queue, double timeout) {
    char *message = queue_get(queue, NULL, timeout);
    report(what, message ? 0 : -1, message);
    free(message);
}

static void random_steps(int maxsize, int steps) {
    char text[64];
    snprintf(text, sizeof text, "a queue of at most %d", maxsize);
    title(text);
    Queue *queue = queue_new(maxsize);
    int number = 0;
    for (int i = 0; i < steps; i++) {
        if (rand_below(9) < 5) {
            random_put(queue, &number);
        } else {
            random_get(queue);
        }
        printf("size %d full %s\n", queue_qsize(queue), bool_name(queue_full(queue)));
    }
    while (queue_qsize(queue)) {
        char *message = queue_get(queue, NULL, FOREVER);
        printf("left: %s\n", message);
        free(message);
    }
    report_get("get(block=False)", queue, 0);
    report_get("get(timeout=0)", queue, 0);
    report_get("get(timeout=0.01)", queue, 0.01);
    report_get("get(timeout=-1)", queue, -1);
    queue_close(queue);
    queue_put(queue, "", 0, FOREVER);
    print_closed("put");
    queue_get(queue, NULL, FOREVER);
    print_closed("get");
    queue_get(queue, NULL, 0);
    print_closed("get(block=False)");
    printf("size %d full %s\n", queue_qsize(queue), bool_name(queue_full(queue)));
    queue_free(queue);
}

static const size_t SIZES[] = {0,    1,     2,      7,       8,  9,       255, 256,
                               4096, 65536, 131072, 1048576, 16, 3145728, 0,   5};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static int send_sizes(void *args) {
    unsigned char *message = malloc(3145728);
    for (size_t number = 0; number < SIZE_COUNT; number++) {
        for (size_t i = 0; i < SIZES[number]; i++)
            message[i] = (unsigned char)(number * 13 + i % 256 * 7);
        queue_put(*(Queue **)args, message, SIZES[number], FOREVER);
    }
    free(message);
    return 0;
}

static void sizes(void) {
    title("messages from a child");
    Queue *queue = queue_new(0);
    Process *child = process_new(send_sizes, &queue, sizeof(Queue *), NULL);
    process_start(child);
    for (size_t number = 0; number < SIZE_COUNT; number++) {
        size_t size, sum = 0, weighted = 0;
        unsigned char *message = queue_get(queue, &size, FOREVER);
        for (size_t i = 0; i < size; i++) {
            sum += message[i];
            if (i < 1000) weighted += (i + 1) * message[i];
        }
        printf("%zu %s %zu %zu %zu\n", size, bool_name(size == SIZES[number]), sum,
               weighted % 65521, number);
        free(message);
    }
    printf("exitcode %d\n", exitcode_of(child));
    process_free(child);
    queue_free(queue);
}

typedef struct {
    Queue *queue, *answers;
    int producer, count;
} Job;

static int send_numbers(void *args) {
    Job *job = args;
    for (int number = 0; number < job->count; number++) {
        char message[32];
        int size = snprintf(message, sizeof message, "%d %d", job->producer, number);
        queue_put(job->queue, message, (size_t)size, FOREVER);
    }
    return 0;
}

static void producers(void) {
    title("three producers");
    Queue *queue = queue_new(5);
    Process *children[3];
    int last[3] = {-1, -1, -1};
    bool in_order = true;
    for (int i = 0; i < 3; i++) {
        Job job = {queue, NULL, i, 100 * (i + 1)};
        children[i] = process_new(send_numbers, &job, sizeof job, NULL);
    }
    for (int i = 0; i < 3; i++)
        process_start(children[i]);
    for (int i = 0; i < 600; i++) {
        char *message = queue_get(queue, NULL, FOREVER), *rest;
        long producer = strtol(message, &rest, 10), number = strtol(rest, NULL, 10);
        in_order = in_order && number == last[producer] + 1;
        last[producer] = (int)number;
        free(message);
    }
    for (int i = 0; i < 3; i++) {
        int code = exitcode_of(children[i]);
        printf("%s %d\n", process_name(children[i]), code);
        process_free(children[i]);
    }
    printf("in order: %s %d %d %d\n", bool_name(in_order), last[0], last[1], last[2]);
    queue_free(queue);
}

/* Squares numbers until a message of no bytes comes. */
static int answer(void *args) {
    Job *job = args;
    for (;;) {
        char *question = queue_get(job->queue, NULL, FOREVER), text[80];
        int number = question && *question ? atoi(question) : -1;
        free(question);
        if (number < 0) return 0;
        int size = snprintf(text, sizeof text, "%s: %d * %d = %d", process_name(current_process()),
                            number, number, number * number);
        queue_put(job->answers, text, (size_t)size, FOREVER);
    }
}

static void ping_pong(void) {
    title("questions and answers");
    Job job = {.queue = queue_new(1), .answers = queue_new(1)};
    Process *child = process_new(answer, &job, sizeof job, "Archimedes");
    process_start(child);
    for (int i = 0; i < 30; i++) {
        char question[16];
        int size = snprintf(question, sizeof question, "%d", rand_below(1000));
        queue_put(job.queue, question, (size_t)size, FOREVER);
        char *text = queue_get(job.answers, NULL, FOREVER);
        puts(text);
        free(text);
    }
    queue_put(job.queue, "", 0, FOREVER);
    printf("exitcode %d\n", exitcode_of(child));
    process_free(child);
    queue_free(job.queue);
    queue_free(job.answers);
}

int main(void) {
    life();
    exit_codes();
    names();
    permissions();
    active();
    random_steps(1, 40);
    random_steps(3, 120);
    random_steps(10, 120);
    sizes();
    producers();
    ping_pong();
    pool_twin();
    return finish_output("multiprocessing_twin", 0);
}
