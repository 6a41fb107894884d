/* stage.c: the virtual clock, the trace, and those who appear in more than one scene. */
#include "demo.h"

#include "../../eventloop/virtual.h"

enum { SPANS = 200, COLUMNS = 64 };

static const double COLUMN = 0.05; // seconds

unsigned long long loop_turns;

/* ---- Saying ----------------------------------------------------------------------------------*/

double now(void) {
    return loop_time(loop_get_running());
}

void say(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("  %4.2f  ", now());
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

const char *repr(const void *op) {
    static char buffers[4][200];
    static int next;
    return object_repr(op, buffers[next++ % 4], sizeof buffers[0]);
}

void say_repr(const void *op) {
    char text[400];
    object_repr(op, text, sizeof text);
    char *rest = strstr(text, " wait_for=");
    if (rest) *rest++ = '\0';
    say("%s%s%s", text, rest ? "\n            " : "", rest ? rest : "");
}

static void on_exception(Loop *loop, const ExceptionContext *context, void *arg) {
    (void)loop, (void)arg;
    say("the loop's handler: %s", context->message);
}

static void on_warning(const Type *category, const char *message) {
    printf("  %s: %s\n", category->name, message);
}

void tell_warnings(void) {
    warning_hook = on_warning;
}

void play(Object *main) {
    Loop *loop = need(virtual_loop_new());
    loop_set_exception_handler(loop, on_exception, NULL);
    tell_warnings();
    Object *result = need(asyncio_run(loop, main));
    decref(result);
    loop_turns = loop->turns;
    task_destroy_pending(loop);
    loop_free(loop);
}

/* ---- The trace -------------------------------------------------------------------------------*/

static struct {
    const char *who;
    What what;
    double from, to;
} spans[SPANS];
static int nspans;
static const char *const *rows;

void trace_begin(const char *const *names) {
    rows = names;
    nspans = 0;
}

void trace(const char *who, What what, double from, double to) {
    if (nspans == SPANS || (what < ENDS && to - from < 1e-9)) return;
    spans[nspans].who = who;
    spans[nspans].what = what;
    spans[nspans].from = from;
    spans[nspans++].to = to;
}

static int column_of(double time) {
    int column = (int)(time / COLUMN + 0.5);
    return column < COLUMNS ? column : COLUMNS;
}

static void draw_row(const char *who, double until) {
    char text[COLUMNS + 2];
    memset(text, ' ', sizeof text);
    for (int marks = 0; marks <= 1; marks++) { // which are drawn over what lasts
        for (int i = 0; i < nspans; i++) {
            bool is_mark = spans[i].what >= ENDS;
            if (is_mark != marks || strcmp(spans[i].who, who) != 0) continue;
            if (spans[i].from >= until + 1e-9) continue;
            int from = column_of(spans[i].from);
            int to = column_of(spans[i].to < until ? spans[i].to : until);
            memset(text + from, ".=#|!x"[spans[i].what], (size_t)(is_mark ? 1 : to - from));
        }
    }
    int length = COLUMNS + 1;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    printf("  %-8s %.*s\n", who, length, text);
}

void trace_draw(double until) {
    for (int row = 0; rows[row]; row++)
        draw_row(rows[row], until);
    printf("  %-8s ", "seconds");
    for (int second = 0; second <= COLUMNS * COLUMN; second++)
        printf("%-*d", second < 3 ? (int)(1 / COLUMN + 0.5) : 1, second);
    puts("\n  # runs   = could run, but another one does   . waits\n"
         "  | is done   ! fails   x is cancelled");
}

void trace_print(void) {
    static const char *const names[] = {"waits", "late", "runs", "ends", "fails", "cancelled"};
    puts("task,what,from,to");
    for (int i = 0; i < nspans; i++)
        printf("%s,%s,%.2f,%.2f\n", spans[i].who, names[spans[i].what], spans[i].from, spans[i].to);
}

/* ---- Who takes part --------------------------------------------------------------------------*/

void compute(const char *who, double seconds) {
    double from = now();
    must(selector_select(loop_get_running()->selector, seconds)); // adds to the clock
    trace(who, RUNS, from, now());
}

typedef struct {
    const char *who;
    double from, delay;
} Nap;

static Object *nap_run(Coroutine *self, Object *sent) {
    BEGIN(Nap);
    local->from = now();
    TRY {
        AWAIT(asyncio_sleep(local->delay, NULL));
    }
    FINALLY {
        double due = local->from + local->delay, woken = now();
        trace(local->who, WAITS, local->from, due < woken ? due : woken);
        if (due < woken) trace(local->who, LATE, due, woken);
    }
    END_FINALLY;
    END;
}

Object *nap(const char *who, double delay) {
    static const Code code = {"nap", nap_run, sizeof(Nap), 0, 1};
    return coroutine_new(&code, &(Nap){.who = who, .delay = delay});
}

typedef struct {
    const char *who;
    double sleeps, computes;
    int times;
} Worker;

static Object *worker_run(Coroutine *self, Object *sent) {
    BEGIN(Worker);
    TRY {
        while (local->times-- > 0) {
            AWAIT(nap(local->who, local->sleeps));
            compute(local->who, local->computes);
        }
    }
    EXCEPT(CancelledError) {
        trace(local->who, CANCELLED, now(), now());
        RERAISE;
    }
    END_TRY;
    trace(local->who, ENDS, now(), now());
    END;
}

Object *worker(const char *who, double sleeps, double computes, int times) {
    static const Code code = {"worker", worker_run, sizeof(Worker), 0, 1};
    return coroutine_new(&code, &(Worker){who, sleeps, computes, times});
}

static Object *failing_run(Coroutine *self, Object *sent) {
    BEGIN(Nap);
    AWAIT(nap(local->who, local->delay));
    trace(local->who, FAILS, now(), now());
    error_raise(&ValueError_Type, "%s", local->who);
    return NULL;
    END;
}

Object *failing(const char *who, double delay) {
    static const Code code = {"failing", failing_run, sizeof(Nap), 0, 0};
    return coroutine_new(&code, &(Nap){.who = who, .delay = delay});
}
