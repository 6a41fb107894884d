/* trace.c: four threads and one lock, recorded: who waited when, and who held it.
 *
 * Each thread writes its own moments down, in its own array; nobody reads them before the end. */
#include "demo.h"

enum { THREADS = 4, ROUNDS = 6, COLUMNS = 68 };

typedef struct {
    uint64_t wants, gets, gives; // nanoseconds since the first thread wanted the lock
} Turn;

typedef struct {
    int number;
    Turn turns[ROUNDS];
} Worker;

static struct {
    Lock lock;
    Event gun;
    Worker workers[THREADS];
    uint64_t end;
} trace;

static void pause_for(unsigned microseconds) {
    struct timespec time = {.tv_nsec = (long)microseconds * 1000};
    while (nanosleep(&time, &time) != 0)
        ;
}

/* Half of the time with the lock, half without, so that four threads want twice what there is. */
static int work(void *op) {
    Worker *self = op;
    event_wait(&trace.gun, FOREVER);
    pause_for((unsigned)self->number * 300);
    for (int i = 0; i < ROUNDS; i++) {
        Turn *turn = &self->turns[i];
        turn->wants = clock_now();
        lock_acquire(&trace.lock, true, -1);
        turn->gets = clock_now();
        pause_for(1000); // a lock held over something slow: a write, a request
        turn->gives = clock_now();
        lock_release(&trace.lock);
        pause_for(1000);
    }
    return 0;
}

static void record(void) {
    Thread *threads[THREADS];
    event_init(&trace.gun);
    for (int t = 0; t < THREADS; t++) {
        trace.workers[t].number = t;
        threads[t] = start(TARGET(work), &trace.workers[t]);
    }
    event_set(&trace.gun);
    for (int t = 0; t < THREADS; t++)
        join(threads[t]);
    uint64_t first = trace.workers[0].turns[0].wants; // which everything is counted from
    for (int t = 1; t < THREADS; t++)
        if (trace.workers[t].turns[0].wants < first) first = trace.workers[t].turns[0].wants;
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        Turn *turn = &trace.workers[i / ROUNDS].turns[i % ROUNDS];
        *turn = (Turn){turn->wants - first, turn->gets - first, turn->gives - first};
        if (turn->gives > trace.end) trace.end = turn->gives;
    }
}

/* What the thread did from one moment to the next: '#' held the lock at the first, '-' waited for
 * it meanwhile, '.' something else. */
static char doing(const Worker *worker, uint64_t from, uint64_t to) {
    char mark = '.';
    for (int i = 0; i < ROUNDS; i++) {
        const Turn *turn = &worker->turns[i];
        if (turn->gets <= from && from < turn->gives) return '#';
        if (turn->wants < to && from < turn->gets) mark = '-';
    }
    return mark;
}

static void draw(const Worker *worker) {
    printf("  thread %d  ", worker->number);
    for (uint64_t column = 0; column < COLUMNS; column++) {
        char mark = doing(worker, trace.end * column / COLUMNS, trace.end * (column + 1) / COLUMNS);
        const char *dye = mark == '#' ? color("34") : mark == '-' ? color("33") : color("90");
        printf("%s%c%s", dye, mark, color("0"));
    }
    putchar('\n');
}

void scene_timeline(void) {
    puts("Four threads, one Lock. Each holds it for a millisecond, six times, with a\n"
         "millisecond of something else in between.\n"
         "# holds the lock, - waits for it, . does something else.\n");
    record();
    for (int t = 0; t < THREADS; t++)
        draw(&trace.workers[t]);
    step("is it first come, first served?");
    printf("\n  thread     turns   waited     held   longest wait (ms)\n");
    uint64_t all_held = 0;
    for (int t = 0; t < THREADS; t++) {
        uint64_t waited = 0, held = 0, longest = 0;
        for (int i = 0; i < ROUNDS; i++) {
            const Turn *turn = &trace.workers[t].turns[i];
            uint64_t wait = turn->gets - turn->wants;
            waited += wait;
            held += turn->gives - turn->gets;
            if (wait > longest) longest = wait;
        }
        all_held += held;
        printf("  %6d  %8d  %7.1f  %7.1f  %13.1f\n", t, ROUNDS, (double)waited / 1e6,
               (double)held / 1e6, (double)longest / 1e6);
    }
    printf("\nThe lock was held during %.0f %% of these %.1f ms, by one thread at a time: there\n"
           "is at most one # in a column. More threads would only wait more.\n",
           100 * (double)all_held / (double)trace.end, (double)trace.end / 1e6);
}

void trace_csv(void) {
    record();
    puts("thread,wants_ms,gets_ms,gives_ms");
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        const Turn *turn = &trace.workers[i / ROUNDS].turns[i % ROUNDS];
        printf("%d,%.4f,%.4f,%.4f\n", i / ROUNDS, (double)turn->wants / 1e6,
               (double)turn->gets / 1e6, (double)turn->gives / 1e6);
    }
}
