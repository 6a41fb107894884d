/* timeline.c: a trace of the GIL, drawn. */
#include "scenes.h"

enum { COLUMNS = 70, EVENTS = 100000 };

static bool is_before(GilEvent a, GilEvent b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.kind != b.kind) return a.kind < b.kind;
    return a.thread < b.thread;
}

/* By time; by insertion, which is quick with events that are nearly sorted. Returns their number.
 */
static size_t sort_events(GilTrace *trace) {
    size_t count = trace->count < trace->capacity ? trace->count : trace->capacity;
    for (size_t i = 1; i < count; i++) {
        GilEvent event = trace->events[i];
        size_t k = i;
        for (; k > 0 && is_before(event, trace->events[k - 1]); k--)
            trace->events[k] = trace->events[k - 1];
        trace->events[k] = event;
    }
    return count;
}

typedef struct {
    char cells[COLUMNS + 1];
    char state; // ' ' neither, '.' waiting, '#' holding
    uint64_t since, waited, held, longest;
} Row;

static int column(uint64_t time, uint64_t start, uint64_t end) {
    return (int)((double)(time - start) / (double)(end - start) * (COLUMNS - 1));
}

/* A state may be shorter than a column: what holds wins over what waits, over nothing. */
static void fill(Row *row, int from, int to) {
    for (int i = from; i <= to; i++) {
        char *cell = &row->cells[i];
        if (row->state == '#' || (row->state == '.' && *cell == ' ')) *cell = row->state;
    }
}

static void change(Row *row, char state, uint64_t time, uint64_t start, uint64_t end) {
    fill(row, column(row->since, start, end), column(time, start, end));
    uint64_t spent = time - row->since;
    if (row->state == '#') row->held += spent;
    if (row->state == '.') {
        row->waited += spent;
        if (spent > row->longest) row->longest = spent;
    }
    row->state = state;
    row->since = time;
}

void draw_timeline(GilTrace *trace, int threads, double units_per_ms) {
    size_t count = sort_events(trace);
    Row rows[TASKS_MAX];
    if (count == 0) {
        puts("no events: nobody needed the GIL");
        return;
    }
    uint64_t start = trace->events[0].time, end = trace->events[count - 1].time + 1;
    for (int t = 0; t < threads; t++) {
        rows[t] = (Row){.state = ' ', .since = start};
        memset(rows[t].cells, ' ', COLUMNS);
    }
    static const char states[] = {
        [GIL_WAIT] = '.', [GIL_TAKE] = '#', [GIL_DROP] = ' ', [GIL_FORCED] = ' '};
    for (size_t i = 0; i < count; i++) {
        const GilEvent *event = &trace->events[i];
        if (event->kind == GIL_REQUEST) continue;
        change(&rows[event->thread], states[event->kind], event->time, start, end);
    }
    for (int t = 0; t < threads; t++)
        change(&rows[t], ' ', end, start, end); // where the trace was full
    for (size_t i = 0; i < count; i++)          // over the rest
        if (trace->events[i].kind == GIL_REQUEST) {
            rows[trace->events[i].thread].cells[column(trace->events[i].time, start, end)] = '?';
        }
    puts("          # holds the GIL   . waits for it   ? asks the holder to drop it\n");
    for (int t = 0; t < threads; t++) {
        printf("thread %-3d", t);
        int width = COLUMNS;
        while (width > 0 && rows[t].cells[width - 1] == ' ')
            width--;
        for (int i = 0; i < width; i++) {
            char cell = rows[t].cells[i];
            const char *paint = cell == '#' ? color("32") : cell == '?' ? color("31") : color("90");
            printf("%s%c%s", paint, cell, color("0"));
        }
        putchar('\n');
    }
    printf("          0%*.1f ms\n\n", COLUMNS - 4, (double)(end - start) / units_per_ms);
    puts("            held ms   waited ms   longest wait");
    for (int t = 0; t < threads; t++) {
        printf("  thread %-3d%7.2f   %9.2f   %12.2f\n", t, (double)rows[t].held / units_per_ms,
               (double)rows[t].waited / units_per_ms, (double)rows[t].longest / units_per_ms);
    }
    printf("\ntaken %zu times, asked for %zu times, dropped on request %zu times\n",
           (size_t)trace->counts[GIL_TAKE], (size_t)trace->counts[GIL_REQUEST],
           (size_t)trace->counts[GIL_FORCED]);
    if (trace->count > count) {
        printf("(drawn and added up: the first %zu of %zu events)\n", count, (size_t)trace->count);
    }
}

/* ---- Two that compute and one that mostly sleeps ---------------------------------------------*/

static const char work[] = "function compute n\n" LOOP("") //
    "function serve n\n" LOOP(" LOAD_GLOBAL sleep\n LOAD_CONST 4000\n CALL 1\n POP_TOP\n");

static void run_work(Program *program, int64_t rounds, int64_t requests) {
    Task tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = (Task){.function = program_function(program, i < 2 ? "compute" : "serve"),
                          .args = {value_int(i < 2 ? rounds : requests)}};
    must(program_run(program, tasks, 3));
}

/* By a clock that counts instructions: the same events each time. */
static void record_virtual(GilTrace *trace, GilEvent *events, size_t capacity) {
    Program program;
    VirtualClock clock;
    *trace = (GilTrace){.events = events, .capacity = capacity, .clock = &clock.now};
    begin_virtual(&program, &clock, work, DEFAULT_INTERVAL);
    program.gil.trace = trace;
    run_work(&program, 9000, 4);
    virtual_clock_fini(&clock);
    program_fini(&program);
}

void scene_timeline(void) {
    puts("Threads 0 and 1 compute; thread 2 sleeps 4 ms, wakes, and wants the GIL for a\n"
         "moment. Time is counted in instructions, a microsecond each.\n");
    step("how long will thread 2 wait for it each time?");
    GilEvent events[200];
    GilTrace trace;
    record_virtual(&trace, events, 200);
    draw_timeline(&trace, 3, 1000);
    step(NULL);
    puts("\nThe first events, in microseconds:\n");
    for (size_t i = 0; i < 14; i++) {
        static const char *const kinds[] = {[GIL_WAIT] = "waits",
                                            [GIL_REQUEST] = "asks for a switch",
                                            [GIL_TAKE] = "takes the GIL",
                                            [GIL_DROP] = "drops it, to sleep",
                                            [GIL_FORCED] = "is forced out"};
        printf("  %6llu  thread %d %s\n", (unsigned long long)events[i].time, events[i].thread,
               kinds[events[i].kind]);
    }
    step(NULL);
    puts("\nA wait of 5000 microseconds without a switch is what it takes to ask, and the\n"
         "holder sees the request when its loop goes round. Thread 2 needs the GIL for a\n"
         "handful of instructions, and waits up to two intervals for it.");
}

void scene_trace(void) {
    puts("Nothing is decided beforehand here: the kernel chooses who is woken.\n");
    step("two compute, one sleeps: how long does that one wait at most?");
    Program program;
    GilEvent *events = malloc(EVENTS * sizeof *events);
    if (!events) need(error_no_memory());
    GilTrace trace = {.events = events, .capacity = EVENTS};
    begin(&program, work);
    program.gil.trace = &trace;
    run_work(&program, 6000000, 6);
    program_fini(&program);
    draw_timeline(&trace, 3, 1e6);
    free(events);
}

/* thread,state,start,end in milliseconds: what the picture is drawn from. */
void csv_timeline(void) {
    static const char *const states[] = {[GIL_REQUEST] = "asks", [GIL_FORCED] = "forced"};
    GilEvent events[200];
    GilTrace trace;
    record_virtual(&trace, events, 200);
    size_t count = sort_events(&trace);
    const GilEvent *last[3] = {NULL}; // of each thread: since when it waits or holds
    puts("thread,state,start_ms,end_ms");
    for (size_t i = 0; i < count; i++) {
        const GilEvent *event = &events[i], *before = last[event->thread];
        int t = event->thread;
        double now = (double)event->time / 1e3;
        if (event->kind == GIL_REQUEST || event->kind == GIL_FORCED) {
            printf("%d,%s,%.3f,%.3f\n", t, states[event->kind], now, now);
        }
        if (event->kind == GIL_REQUEST) continue;
        if (before && (before->kind == GIL_TAKE || before->kind == GIL_WAIT)) {
            printf("%d,%s,%.3f,%.3f\n", t, before->kind == GIL_TAKE ? "holds" : "waits",
                   (double)before->time / 1e3, now);
        }
        last[t] = event;
    }
    for (int t = 0; t < 3; t++)
        printf("%d,ends,%.3f,%.3f\n", t, (double)last[t]->time / 1e3, (double)last[t]->time / 1e3);
}
