/* twin.c: the twin of twin.py: the same programs on our processes, queues and pools. */
#include "twin.h"

#include "../process.h"
#include "../queue.h"

#include <poll.h>
#include <signal.h>

static uint64_t state = 20231124;

/* The next number below `limit` of a sequence that twin.py draws as well (Knuth's MMIX LCG). */
static int rand_below(int limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)(int64_t)((state >> 33) % (uint64_t)limit);
}

/* ---- Printing --------------------------------------------------------------------------------*/

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

/* ---- Processes -------------------------------------------------------------------------------*/

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

/* A started process. */
static Process *start(ProcessTarget target, const void *args, size_t size, const char *name) {
    Process *process = process_new(target, args, size, name);
    process_start(process);
    return process;
}

static int exitcode_of(Process *process) {
    int code = 0;
    process_join(process, FOREVER);
    process_exitcode(process, &code);
    return code;
}

/* join(), or with a timeout behind it: "join(0.01)". */
static int join(Process *process, const char *what) {
    return process_join(process, what[4] == '(' ? strtod(what + 5, NULL) : FOREVER);
}

/* What a process can be told or asked; `yes` is what a result other than 0 and -1 is called. */
static const struct {
    const char *what;
    int (*call)(Process *process);
    const char *yes, *no;
} calls[] = {
    {"start", process_start, "", "None"},
    {"terminate", process_terminate, "", "None"},
    {"kill", process_kill, "", "None"},
    {"close", process_close, "", "None"},
    {"is_alive", process_is_alive, "True", "False"},
    {"pid", process_pid, "a number", "None"},
    {"sentinel", process_sentinel, "a descriptor", "a descriptor"},
};

/* Does to a process what a line begins with, and prints what came of it. */
static void attempt(const char *line, Process *process) {
    const char *what = line + strspn(line, " "), *result = "None";
    int status = 0, code = 0;
    char text[16];
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strncmp(what, calls[i].what, strlen(calls[i].what)) != 0) continue;
        status = calls[i].call(process);
        result = status > 0 ? calls[i].yes : calls[i].no;
    }
    if (strcmp(what, "repr") == 0) {
        show(line, process);
        return;
    }
    if (strncmp(what, "join", 4) == 0) status = join(process, what);
    if (strcmp(what, "daemon = True") == 0) status = process_set_daemon(process, true);
    if (strcmp(what, "daemon") == 0) result = bool_name(process_daemon(process));
    if (strcmp(what, "name") == 0) result = process_name(process);
    if (strcmp(what, "exitcode") == 0 && (status = process_exitcode(process, &code)) > 0) {
        snprintf(text, sizeof text, "%d", code);
        result = text;
    }
    report(line, status, result);
}

/* The same for several lines, a stroke between them. */
static void attempt_all(const char *lines, Process *process) {
    char line[32];
    for (size_t length; *lines; lines += length + (lines[length] == '|')) {
        length = strcspn(lines, "|");
        if (length >= sizeof line) abort();
        memcpy(line, lines, length);
        line[length] = '\0';
        attempt(line, process);
    }
}

#define ASK "repr|is_alive|exitcode|pid|sentinel|name|daemon"

static void life(void) {
    Process *process = process_new(sleep_forever, NULL, 0, "sleeper");
    title("a process, initial");
    attempt_all(ASK "|join|terminate|kill", process);
    title("started");
    attempt_all("start|" ASK "|start again|join(0)|join(0.01)|join(-1)|daemon = True|close",
                process);
    title("stopped");
    attempt_all("terminate|join|" ASK "|join again|start again|kill", process);
    title("closed");
    attempt_all("close|repr|close again|start|join|terminate|kill", process);
    attempt_all("is_alive|exitcode|pid|sentinel|name", process);
    process_free(process);
}

/* What sys.exit(status) is there. */
static int return_status(void *args) {
    return *(int *)args;
}

static void exit_codes(void) {
    title("exit codes");
    const int statuses[] = {0, 1, 2, 3, 42, 127, 128, 200, 254, 255, 256, 257, 300};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        Process *process = start(return_status, &statuses[i], sizeof(int), NULL);
        printf("status %3d: exitcode %d\n", statuses[i], exitcode_of(process));
        process_close(process);
        process_free(process);
    }
    Process *process = start(NULL, NULL, 0, NULL);
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
    report("  parent's pid is right", 0, bool_name(process_pid(parent) == getppid()));
    report("  my pid is right", 0, bool_name(process_pid(me) == getpid()));
    show("  me", me);
    for (int i = 0; i < (depth ? 2 : 0); i++) {
        int less = depth - 1;
        Process *child = start(family, &less, sizeof less, NULL);
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
    Process *child = start(family, &depth, sizeof depth, NULL);
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
    attempt_all("  start|  join|  is_alive|  name", sibling);
    return 0;
}

/* What a daemonic process tries. */
static int have_children(void *args) {
    (void)args;
    Process *child = new_process(NULL, false);
    printf("daemonic: %s %s\n", bool_name(process_daemon(current_process())),
           bool_name(process_daemon(child)));
    attempt("  start", child);
    show("  its child", child);
    process_free(child);
    return 0;
}

static void permissions(void) {
    title("whose process it is");
    Process *siblings[] = {new_process(NULL, false), new_process(sleep_forever, false)};
    process_start(siblings[1]);
    for (int i = 0; i < 2; i++) {
        Process *child = start(look_at, &siblings[i], sizeof(Process *), NULL);
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
    Process *child = start(send_sizes, &queue, sizeof(Queue *), NULL);
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
        children[i] = start(send_numbers, &job, sizeof job, NULL);
    }
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
    Process *child = start(answer, &job, sizeof job, "Archimedes");
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

static int nothing(void *args) {
    (void)args;
    return 0;
}

static void forks(void) {
    title("a fork beside a thread"); // Python's; here no queue has one
    puts("the default is fork");
    Queue *queue = queue_new(0);
    queue_put(queue, "message", 7, FOREVER);
    Process *child = start(nothing, NULL, 0, NULL);
    printf("exitcode %d\n", exitcode_of(child));
    process_free(child);
    char *message = queue_get(queue, NULL, FOREVER);
    printf("got %s\n", message);
    free(message);
    queue_free(queue);
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
    forks();
    pool_twin();
    return finish_output("multiprocessing_twin", 0);
}
