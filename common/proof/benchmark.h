/* benchmark.h: how every bench.c measures and reports.
 *
 * A contender does `repeats` times the same work of size `n` and returns the nanoseconds that its
 * timed part took; preparing and tidying up are not timed. The contenders of a row take turns,
 * round by round, so that a slow minute of the machine is shared by all. Reported per item: median
 * and minimum over the rounds, and the ratio of medians to the first peer's. A row in which a
 * quarter of the rounds took over 1.25 times the median is marked with a *: measure it again.
 *
 *     --csv         rows for the plots: room,operation,n,who,median_ns,minimum_ns,ratio
 *     --sizes A,B   instead of the room's own sizes
 *     --rounds N    instead of 7
 *     --only WORD   only operations with WORD in their names
 */
#ifndef BENCHMARK_H
#define BENCHMARK_H

#include "../common.h"

enum { BENCHMARK_ROUNDS_MAX = 99, BENCHMARK_CONTENDERS_MAX = 6, BENCHMARK_SIZES_MAX = 8 };

typedef uint64_t (*BenchmarkRun)(size_t n, size_t repeats, const void *argument);
#define BENCHMARK_UNUSED __attribute__((unused)) // where the argument says nothing

typedef struct {
    const char *operation;
    struct {
        const char *who; // contender 0 is ours, 1 the peer that the ratio is to
        BenchmarkRun run;
        const void *argument; // what run is told besides: which type of key, which way; or NULL
    } contenders[BENCHMARK_CONTENDERS_MAX]; // up to a NULL who
    size_t limit;                           // the largest n worth measuring (0: any)
} BenchmarkRow;

typedef struct {
    const char *room;
    bool csv;
    size_t rounds;
    const char *only;                  // or NULL
    size_t sizes[BENCHMARK_SIZES_MAX]; // up to a 0
    bool unsteady;                     // a row was marked
} Benchmark;

static int benchmark_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline void benchmark_row(Benchmark *self, const BenchmarkRow *row, size_t n) {
    size_t repeats = n < 200000 ? 200000 / n : 1; // a timed part of some milliseconds, whatever n
    double times[BENCHMARK_CONTENDERS_MAX][BENCHMARK_ROUNDS_MAX];
    for (size_t round = 0; round < self->rounds + 1; round++) { // round 0 warms up
        for (size_t c = 0; c < BENCHMARK_CONTENDERS_MAX && row->contenders[c].who; c++) {
            double elapsed =
                (double)row->contenders[c].run(n, repeats, row->contenders[c].argument);
            times[c][round ? round - 1 : 0] = elapsed / ((double)n * (double)repeats);
        }
    }
    double peer = 0;
    for (size_t c = 0; c < BENCHMARK_CONTENDERS_MAX && row->contenders[c].who; c++)
        qsort(times[c], self->rounds, sizeof(double), benchmark_compare);
    if (row->contenders[1].who) peer = times[1][self->rounds / 2];
    for (size_t c = 0; c < BENCHMARK_CONTENDERS_MAX && row->contenders[c].who; c++) {
        double median = times[c][self->rounds / 2], minimum = times[c][0];
        double ratio = peer > 0 ? median / peer : 0;
        bool unsteady = times[c][self->rounds * 3 / 4] > 1.25 * median;
        self->unsteady |= unsteady;
        printf(self->csv ? "%s,%s,%zu,%s,%.3f,%.3f,%.3f%s\n"
                         : "%-15s %-16s %9zu  %-8s %9.2f %9.2f  %6.2f%s\n",
               self->room, row->operation, n, row->contenders[c].who, median, minimum, ratio,
               unsteady && !self->csv ? " *" : "");
    }
    fflush(stdout);
}

/* Runs all rows at all sizes; returns the program's exit status. `self` brings the room's name and
 * its default sizes; the options above override them. */
static inline int benchmark_main(Benchmark *self, const BenchmarkRow *rows, size_t count, int argc,
                                 char **argv) {
    self->rounds = 7;
    for (int i = 1; i < argc; i++) {
        bool last = i + 1 == argc;
        if (strcmp(argv[i], "--help") == 0) {
            printf("usage: %s [--csv] [--sizes A,B,...] [--rounds N] [--only WORD]\n", argv[0]);
            return 0;
        }
        if (strcmp(argv[i], "--csv") == 0) {
            self->csv = true;
        } else if (strcmp(argv[i], "--only") == 0 && !last) {
            self->only = argv[++i];
        } else if (strcmp(argv[i], "--rounds") == 0 && !last) {
            self->rounds = strtoul(argv[++i], NULL, 10);
            if (self->rounds < 1 || self->rounds > BENCHMARK_ROUNDS_MAX) {
                return usage_error(argv[0], "--rounds takes a number from 1 to 99");
            }
        } else if (strcmp(argv[i], "--sizes") == 0 && !last) {
            char *rest = argv[++i];
            size_t k = 0;
            while (k < BENCHMARK_SIZES_MAX && (self->sizes[k] = strtoul(rest, &rest, 10)) > 0) {
                k++;
                if (*rest == ',') rest++;
            }
            if (k < BENCHMARK_SIZES_MAX) self->sizes[k] = 0;
            if (*rest || k == 0) {
                return usage_error(argv[0], "--sizes takes up to 8 numbers: 1000,1000000");
            }
        } else {
            return usage_error(argv[0], "unknown option '%s'; see --help", argv[i]);
        }
    }
    if (self->csv) {
        puts("room,operation,n,who,median_ns,minimum_ns,ratio");
    } else {
        puts("room            operation                n  who      median ns    min ns   ratio");
    }
    for (size_t r = 0; r < count; r++) {
        if (self->only && !strstr(rows[r].operation, self->only)) continue;
        for (size_t s = 0; s < BENCHMARK_SIZES_MAX && self->sizes[s]; s++) {
            if (rows[r].limit == 0 || self->sizes[s] <= rows[r].limit) {
                benchmark_row(self, &rows[r], self->sizes[s]);
            }
        }
    }
    if (self->unsteady && !self->csv) puts("* the rounds differ much: the machine is busy");
    return finish_output(argv[0], 0);
}

#endif
