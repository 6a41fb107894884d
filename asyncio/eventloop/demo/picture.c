/* picture.c: the book's picture of the loop: tasks on a time line, which the loop calls in turns. A
 * task is a callback that works (and holds up everybody), sleeps (call_later) or lets the others go
 * first (call_soon). Time is virtual.
 */
#include "../../../common/picture.h"

#include "../executor.h"
#include "../pipe.h"
#include "../virtual.h"

#include <ctype.h>

enum { TASKS_MAX = 12, SPANS_MAX = 400, NAME_SIZE = 12, STEPS_SIZE = 200, TURNS_MAX = 200 };

typedef struct {
    char name[NAME_SIZE], steps[STEPS_SIZE];
    const char *at;    // the next step
    Handle *handle;    // in line or in the heap; held; NULL: it is running or done
    double since, due; // since when it waits; when it may go on
} Task;

static Task tasks[TASKS_MAX];
static int ntasks;
static struct {
    int task;
    double from, to;
    char kind; // 'w'orks, 's'leeps, 'r'eady, but others are running
} spans[SPANS_MAX];
static int nspans;
static Loop *loop;
static Task *current;

static void span(Task *task, double from, double to, char kind) {
    if (to <= from || nspans == SPANS_MAX) return;
    spans[nspans].task = (int)(task - tasks);
    spans[nspans].from = from;
    spans[nspans].to = to;
    spans[nspans++].kind = kind;
}

static void picture_state(FILE *out) {
    if (!loop) loop = virtual_loop_new();
    fprintf(out, ",\"now\":%g,\"turn\":%d,\"current\":", loop_time(loop), (int)loop->turns);
    picture_string(current ? current->name : "");
    fprintf(out, ",\"ready\":[");
    for (Handle *handle = loop->ready; handle; handle = handle->next) {
        picture_string(handle->name);
        if (handle->next) putc(',', out);
    }
    fprintf(out, "],\"scheduled\":[");
    for (size_t i = 0; i < loop->nscheduled; i++) {
        fprintf(out, "%s[%g,", i ? "," : "", loop->scheduled[i].when);
        picture_string(loop->scheduled[i].handle->cancelled ? "cancelled"
                                                            : loop->scheduled[i].handle->name);
        putc(']', out);
    }
    fprintf(out, "],\"tasks\":[");
    for (int i = 0; i < ntasks; i++) {
        if (i) putc(',', out);
        picture_string(tasks[i].name);
    }
    fprintf(out, "],\"spans\":[");
    for (int i = 0; i < nspans; i++)
        fprintf(out, "%s[%d,%g,%g,\"%c\"]", i ? "," : "", spans[i].task, spans[i].from, spans[i].to,
                spans[i].kind);
    putc(']', out);
}

static Task *find(const char *name) {
    for (int i = 0; i < ntasks; i++)
        if (strcmp(tasks[i].name, name) == 0) return &tasks[i];
    return NULL;
}

static void step(void *arg);

/* Puts the task in line, or in the heap. */
static void wait_for(Task *task, double delay, bool sleeps) {
    task->since = loop_time(loop);
    task->due = task->since + delay;
    task->handle =
        sleeps ? loop_call_later(loop, delay, step, task) : loop_call_soon(loop, step, task);
    handle_incref(handle_name(task->handle, task->name));
}

static void forget(Task *task) {
    Handle *handle = task->handle;
    task->handle = NULL;
    handle_decref(handle);
}

/* A step with a word and a number, "sleep 2", or a word and a name, "cancel b"; where the next
 * begins. */
static const char *read_step(const char *at, char word[NAME_SIZE], char name[NAME_SIZE],
                             double *number) {
    int length = 0;
    *number = 0;
    *word = *name = '\0';
    if (sscanf(at, " %11[a-z]%n", word, &length) != 1) return NULL;
    at += length;
    length = 0;
    bool named = strcmp(word, "cancel") == 0,
         numbered = strcmp(word, "work") == 0 || strcmp(word, "sleep") == 0;
    if (numbered &&
        (sscanf(at, "%lf%n", number, &length) != 1 || !(*number >= 0 && *number <= 1000)))
        return NULL;
    if (named && sscanf(at, " %11[A-Za-z0-9_]%n", name, &length) != 1) return NULL;
    if (!named && !numbered && strcmp(word, "yield") != 0) return NULL;
    at += length;
    at += strspn(at, " ");
    if (*at && *at != ',') return NULL;
    return *at ? at + 1 : at;
}

static void cancel(Task *task, const char *name) {
    if (!task || !task->handle) {
        frame("%s is not waiting: there is nothing to cancel", name);
        return;
    }
    span(task, task->since, loop_time(loop) < task->due ? loop_time(loop) : task->due, 's');
    handle_cancel(task->handle);
    forget(task);
    frame("%s is cancelled: its handle stays where it is, and will not be called", name);
}

/* The callback: from one wait to the next. */
static void step(void *arg) {
    Task *task = arg;
    forget(task);
    current = task;
    span(task, task->since, task->due, 's');
    span(task, task->due, loop_time(loop), 'r');
    frame("%s is called", task->name);
    while (*task->at) {
        char word[NAME_SIZE], name[NAME_SIZE];
        double number, from = loop_time(loop);
        task->at = read_step(task->at, word, name, &number);
        if (*word == 'w') {
            loop->virtual_now += number;
            span(task, from, from + number, 'w');
            frame("%s works for %g: nobody else can", task->name, number);
        } else if (*word == 'c') {
            cancel(find(name), name);
        } else {
            wait_for(task, number, *word == 's');
            current = NULL;
            if (*word == 's')
                frame("%s sleeps: call_later(%g), a timer for %g in the heap", task->name, number,
                      task->due);
            else
                frame("%s yields: call_soon(), at the end of the line, for the next turn",
                      task->name);
            return;
        }
    }
    current = NULL;
    frame("%s is done", task->name);
}

/* One turn; false when nothing is left to wait for. */
static bool turn(void) {
    if (!loop->ready && loop->nscheduled == 0) {
        frame("nobody is in line, and no timer is set: asyncio would wait for ever");
        return false;
    }
    int n = (int)loop->turns + 1;
    if (loop->ready)
        frame("turn %d: %zu in line, so select() does not wait", n, loop->nready);
    else if (loop->scheduled[0].when > loop_time(loop))
        frame("turn %d: nobody in line, so select() waits until %g, the first timer", n,
              loop->scheduled[0].when);
    else
        frame("turn %d: a timer is due, so select() does not wait", n);
    if (loop_run_once(loop) == 0) return true;
    error_clear(); // what is left of the heap was cancelled
    return false;
}

static const char *define(const char *name, const char *steps) {
    char word[NAME_SIZE], other[NAME_SIZE];
    double number;
    if (find(name)) return "there is a task of that name";
    if (ntasks == TASKS_MAX) return "twelve tasks are enough";
    if (strlen(steps) >= STEPS_SIZE) return "too long";
    for (const char *at = steps; at == steps || *at;)
        if (!(at = read_step(at, word, other, &number)))
            return "steps are work 1, sleep 2, yield, cancel b";
    Task *task = &tasks[ntasks++];
    strcpy(task->name, name);
    strcpy(task->steps, steps);
    task->at = task->steps;
    wait_for(task, 0, false);
    frame("%s is in line: call_soon()", name);
    return NULL;
}

static const char *picture_line(const char *line) {
    char name[NAME_SIZE] = "", rest[8] = "";
    int length = 0;
    if (sscanf(line, " %7s %n", rest, &length) == 1 && !line[length]) {
        if (strcmp(rest, "turn") == 0) return turn(), NULL;
        if (strcmp(rest, "run") == 0) {
            for (int i = 0; i < TURNS_MAX && (loop->ready || loop->nscheduled); i++)
                if (!turn()) break;
            frame("nothing is left to do");
            return NULL;
        }
    }
    length = 0;
    if (sscanf(line, " %11[A-Za-z0-9_] :%n", name, &length) == 1 && length)
        return define(name, line + length);
    return "type a task, such as a: work 1, sleep 2; or turn, or run";
}

#ifdef __wasi__ // without sockets and threads: nobody can wake this loop, and its time passes without waiting
int loop_make_self_pipe(Loop *self) {
    self->ssock = self->csock = -1;
    return 0;
}
void loop_close_self_pipe(Loop *self) {
    (void)self;
}
void loop_write_to_self(Loop *self) {
    (void)self;
}
void executor_free(Executor *executor, bool wait) {
    (void)executor, (void)wait;
}
int loop_remove_signal_handler(Loop *self, int sig) {
    (void)self, (void)sig;
    return 0;
}
#endif
