/* demo_trace.c: four threads and one lock, recorded: who waited when, and who held it.
 *
 * Each thread writes its own moments down, in its own array; nobody reads them before the end. */
#include "demo.h"

enum { THREADS = 4, ROUNDS = 6, COLUMNS = 76 };

typedef struct {
    uint64_t wants, gets, gives; // nanoseconds on the monotonic clock
} Turn;

typedef struct {
    Lock *lock;
    Event *gun;
    int number;
    Turn turns[ROUNDS];
} Worker;

static void pause_for(unsigned microseconds) {
    struct timespec time = {.tv_nsec = (long)microseconds * 1000};
    while (nanosleep(&time, &time) != 0)
        ;
}

/* Half of the time with the lock, half without, so that four threads want twice what there is. */
static int work(void *op) {
    Worker *self = op;
    event_wait(self->gun, FOREVER);
    pause_for((unsigned)self->number * 300);
    for (int i = 0; i < ROUNDS; i++) {
        Turn *turn = &self->turns[i];
        turn->wants = clock_now();
        lock_acquire(self->lock, true, -1);
        turn->gets = clock_now();
        pause_for(1000); // a lock held over something slow: a write, a request
        turn->gives = clock_now();
        lock_release(self->lock);
        pause_for(1000);
    }
    return 0;
}

static void record(Worker *workers) {
    Lock lock = {0};
    Event gun;
    Thread *threads[THREADS];
    event_init(&gun);
    for (int t = 0; t < THREADS; t++) {
        workers[t] = (Worker){.lock = &lock, .gun = &gun, .number = t};
        threads[t] = start(TARGET(work), &workers[t]);
    }
    event_set(&gun);
    for (int t = 0; t < THREADS; t++)
        join(threads[t]);
}

/* The first and the last moment of all. */
static void bounds(const Worker *workers, uint64_t *first, uint64_t *last) {
    *first = workers[0].turns[0].wants;
    *last = workers[0].turns[ROUNDS - 1].gives;
    for (int t = 1; t < THREADS; t++) {
        if (workers[t].turns[0].wants < *first) *first = workers[t].turns[0].wants;
        if (workers[t].turns[ROUNDS - 1].gives > *last) *last = workers[t].turns[ROUNDS - 1].gives;
    }
}

/* What the thread did at that moment: '#' held the lock, '-' waited for it, '.' something else. */
static char doing(const Worker *worker, uint64_t moment) {
    for (int i = 0; i < ROUNDS; i++) {
        const Turn *turn = &worker->turns[i];
        if (moment >= turn->wants && moment < turn->gets) return '-';
        if (moment >= turn->gets && moment < turn->gives) return '#';
    }
    return '.';
}

static void draw(const Worker *worker, uint64_t first, uint64_t last) {
    printf("  thread %d  ", worker->number);
    for (int column = 0; column < COLUMNS; column++) {
        char mark = doing(worker, first + (last - first) * (uint64_t)column / COLUMNS);
        printf("%s%c%s",
               mark == '#'   ? color("34")
               : mark == '-' ? color("33")
                             : color("90"),
               mark, color("0"));
    }
    putchar('\n');
}

void scene_timeline(void) {
    heading("timeline: who waited for whom (measured)");
    puts("Four threads, one Lock. Each holds it for a millisecond, six times, with a millisecond "
         "of\n"
         "something else in between. # holds the lock, - waits for it, . does something else.\n");
    Worker workers[THREADS];
    record(workers);
    uint64_t first, last, held = 0;
    bounds(workers, &first, &last);
    for (int t = 0; t < THREADS; t++)
        draw(&workers[t], first, last);
    printf("\n  thread    waited   held    longest wait (ms)\n");
    for (int t = 0; t < THREADS; t++) {
        uint64_t waited = 0, longest = 0, own = 0;
        for (int i = 0; i < ROUNDS; i++) {
            uint64_t wait = workers[t].turns[i].gets - workers[t].turns[i].wants;
            waited += wait;
            own += workers[t].turns[i].gives - workers[t].turns[i].gets;
            if (wait > longest) longest = wait;
        }
        held += own;
        printf("  %6d  %8.1f  %5.1f  %8.1f\n", t, (double)waited / 1e6, (double)own / 1e6,
               (double)longest / 1e6);
    }
    printf("\nThe lock was held during %.0f %% of these %.1f ms, by one thread at a time: there is "
           "at\n"
           "most one # in a column. More threads would only wait more.\n",
           100 * (double)held / (double)(last - first), (double)(last - first) / 1e6);
}

int trace_csv(void) {
    Worker workers[THREADS];
    record(workers);
    uint64_t first, last;
    bounds(workers, &first, &last);
    puts("thread,wants_ms,gets_ms,gives_ms");
    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < ROUNDS; i++) {
            const Turn *turn = &workers[t].turns[i];
            printf("%d,%.4f,%.4f,%.4f\n", t, (double)(turn->wants - first) / 1e6,
                   (double)(turn->gets - first) / 1e6, (double)(turn->gives - first) / 1e6);
        }
    }
    return 0;
}
