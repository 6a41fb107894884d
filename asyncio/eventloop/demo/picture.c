/* picture.c: the book's picture of the loop: tasks on a time line, which the loop calls in turns. A
 * task is a callback that works (and holds up everybody), sleeps (call_later) or lets the others go
 * first (call_soon). Time is virtual.
 */
#include "../../../common/picture.h"

#include "../executor.h"
#include "../pipe.h"
#include "../virtual.h"

#include <ctype.h>
#include <math.h>

static const char *const picture_about =
    "Tasks on a time line. Type a: work 1, sleep 2, yield, or turn (one turn of the loop), or run.";
static const char *const picture_start =
    "a: work 1, sleep 2, work 1\nb: sleep 1.5, work 2\nc: yield, sleep 1, cancel d, work 1\nd: sleep 9\nrun";
static const char *const picture_opens = "b works";

enum { TASKS_MAX = 12, SPANS_MAX = 400, NAME_SIZE = 12, STEPS_SIZE = 200, TURNS_MAX = 200 };

typedef struct {
    char name[NAME_SIZE], steps[STEPS_SIZE];
    const char *at;    // the next step
    Handle *handle;    // in line or in the heap; held; NULL: it is running or done
    double since, due; // since when it waits; when it may go on
} Task;

static Task tasks[TASKS_MAX];
static int ntasks;
typedef enum {
    WORKS,
    SLEEPS,
    READY // but another works
} Kind;
static const char *const kinds[] = {"works", "sleeps", "ready, but another works"};
static struct {
    int task;
    double from, to;
    Kind kind;
} spans[SPANS_MAX];
static int nspans;
static Loop *loop;
static Task *current;

static void span(Task *task, double from, double to, Kind kind) {
    if (to <= from || nspans == SPANS_MAX) return;
    spans[nspans].task = (int)(task - tasks);
    spans[nspans].from = from;
    spans[nspans].to = to;
    spans[nspans++].kind = kind;
}

static void draw_lines(FILE *out) {
    fputs("<p><strong>ready</strong>", out);
    for (Handle *handle = loop->ready; handle; handle = handle->next)
        fprintf(out, " <code data-key='%s'>%s</code>", handle->name, handle->name);
    fprintf(out, "%s</p><p><strong>scheduled (a heap)</strong>", loop->ready ? "" : " empty");
    for (size_t i = 0; i < loop->nscheduled; i++) {
        Handle *handle = loop->scheduled[i].handle;
        if (handle->cancelled)
            fprintf(out, " <code>cancelled at %g</code>", loop->scheduled[i].when);
        else
            fprintf(out, " <code data-key='%s'>%s at %g</code>", handle->name, handle->name,
                    loop->scheduled[i].when);
    }
    fprintf(out, "%s</p>", loop->nscheduled ? "" : " empty");
}

/* A row for each task, in which a hundred per cent are the time until `last`. */
static void draw_time(FILE *out, double last) {
    fputs("<div class='time' role='img' aria-label='time line:", out);
    for (int i = 0; i < nspans; i++)
        fprintf(out, "%s %s %s %g to %g", i ? ";" : "", tasks[spans[i].task].name,
                kinds[spans[i].kind], spans[i].from, spans[i].to);
    fputs(nspans ? "'>" : " empty'>", out);
    for (int n = 0; n < ntasks; n++) {
        fprintf(out, "<b%s>%s</b><div>", current == &tasks[n] ? " class='current'" : "",
                tasks[n].name);
        for (int i = 0; i < nspans; i++)
            if (spans[i].task == n)
                fprintf(out, "<i class='span%d' style='left:%g%%;width:%g%%'></i>", spans[i].kind,
                        100 * spans[i].from / last, 100 * (spans[i].to - spans[i].from) / last);
        fprintf(out, "<i class='now' style='left:%g%%'></i></div>", 100 * loop_time(loop) / last);
    }
    static const double next[] = {2, 2.5, 2}; // 1, 2, 5, 10, ...
    double every = 1;
    for (int n = 0; last / every > 5; n = (n + 1) % 3)
        every *= next[n];
    fputs("<b></b><div>", out);
    for (double time = 0; time <= last; time += every)
        fprintf(out, "<small style='left:%g%%'>%g</small>", 100 * time / last, time);
    fputs("</div></div>", out);
}

static void picture_draw(FILE *out) {
    if (!loop) loop = virtual_loop_new();
    fprintf(out, "<p class='tools'><button data-add='turn' data-key='turn'>One turn</button>");
    fprintf(out, "<button data-add='run' data-key='run'>Run</button></p>");
    fprintf(out, "<p>turn %d, time %g, <strong>%s%s</strong></p>", (int)loop->turns,
            loop_time(loop), current ? current->name : "nobody", " is running");
    draw_lines(out);
    double last = fmax(4, loop_time(loop));
    for (size_t i = 0; i < loop->nscheduled; i++)
        last = fmax(last, loop->scheduled[i].when);
    draw_time(out, last);
    fputs("<p class='legend'>", out);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        fprintf(out, "<i class='span%zu'></i> %s ", kind, kinds[kind]);
    fputs("</p>", out);
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
    span(task, task->since, loop_time(loop) < task->due ? loop_time(loop) : task->due, SLEEPS);
    handle_cancel(task->handle);
    forget(task);
    frame("%s is cancelled: its handle stays where it is, and will not be called", name);
}

/* The callback: from one wait to the next. */
static void step(void *arg) {
    Task *task = arg;
    forget(task);
    current = task;
    span(task, task->since, task->due, SLEEPS);
    span(task, task->due, loop_time(loop), READY);
    frame("%s is called", task->name);
    while (*task->at) {
        char word[NAME_SIZE], name[NAME_SIZE];
        double number, from = loop_time(loop);
        task->at = read_step(task->at, word, name, &number);
        if (*word == 'w') {
            loop->virtual_now += number;
            span(task, from, from + number, WORKS);
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
