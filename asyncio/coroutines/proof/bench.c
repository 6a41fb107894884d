/* bench.c: tasks beside asyncio's own, on its loop and on uvloop, and beside coroutines of C++20.
 *
 *     switch        one sleep(0) of one of n tasks, which all give way to each other, at least ten times
 *                   each; making and gathering them is in the time
 *     sleep         one of n sleeps of a millisecond in a gather(): of few, the millisecond
 *     memory        BYTES, not nanoseconds, for each of n tasks that wait for their turn
 *
 * bench.py and bench.cc, compiled by c++ -O3, run as children and time themselves; who is missing, or
 * has more to do than its limit, is 0.
 */
#include "../runners.h"

#include "../../../common/proof/benchmark.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { ROUNDS = 10, LIMIT = 100000 }; // a million tasks of asyncio's take two gigabytes

typedef struct {
    Object *gathered;
    int64_t n, rounds;
    bool sleeping;
} Locals;

typedef struct {
    const char *who, *operation;
} Peer;

static size_t rounds_of(size_t repeats) {
    return repeats < ROUNDS ? ROUNDS : repeats;
}

static uint64_t scaled(double elapsed, size_t rounds, size_t repeats) {
    return (uint64_t)(elapsed / (double)rounds * (double)repeats);
}

/* ---- Ours --------------------------------------------------------------------------------------*/

static Object *spin_run(Coroutine *self, Object *sent) {
    BEGIN(int64_t);
    while ((*local)-- > 0) {
        AWAIT(asyncio_sleep(0, NULL));
    }
    END;
}

static const Code spin_code = {"spin", spin_run, sizeof(int64_t), 0, 0};

static Object *gather_of(const Locals *local) {
    Object **args = malloc((size_t)local->n * sizeof *args);
    for (int64_t i = 0; i < local->n; i++)
        args[i] = local->sleeping ? asyncio_sleep(0.001, NULL)
                                  : coroutine_new(&spin_code, &local->rounds);
    Object *gathered = asyncio_gather(args, local->n, false);
    free(args);
    return gathered;
}

static Object *main_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    for (; local->rounds > 0; local->rounds--) {
        clear_ref(local->gathered);
        local->gathered = gather_of(local);
        AWAIT(new_ref(local->gathered));
        if (!local->sleeping) break; // they have their rounds themselves
    }
    END;
}

static const Code main_code = {"main", main_run, sizeof(Locals), 1, 0};

static double run_ours(Object *main) {
    uint64_t start = clock_now();
    Object *result = asyncio_run(NULL, main);
    uint64_t elapsed = clock_now() - start;
    if (!result) error_print(stderr);
    xdecref(result);
    return (double)elapsed;
}

static uint64_t our_switch(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    size_t rounds = rounds_of(repeats);
    Locals locals = {.n = (int64_t)n, .rounds = (int64_t)rounds};
    return scaled(run_ours(coroutine_new(&main_code, &locals)), rounds, repeats);
}

static uint64_t our_sleep(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    size_t rounds = repeats > ROUNDS ? ROUNDS : repeats;
    Locals locals = {.n = (int64_t)n, .rounds = (int64_t)rounds, .sleeping = true};
    return scaled(run_ours(coroutine_new(&main_code, &locals)), rounds, repeats);
}

static size_t bytes_in_use(void) {
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static size_t bytes_taken;

static Object *memory_run(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    size_t before = bytes_in_use();
    for (int64_t i = 0; i < local->n; i++)
        if (asyncio_spawn(loop_get_running(), coroutine_new(&spin_code, &(int64_t){2})) < 0) {
            return NULL;
        }
    bytes_taken = before;
    AWAIT(asyncio_sleep(0, NULL));
    bytes_taken = bytes_in_use() - bytes_taken;
    END;
}

/* What `coroutines_bench --memory N` prints. */
static int print_memory(size_t n) {
    static const Code code = {"memory", memory_run, sizeof(Locals), 1, 0};
    run_ours(coroutine_new(&code, &(Locals){.n = (int64_t)n}));
    printf("%zu\n", bytes_taken);
    return 0;
}

/* ---- The others --------------------------------------------------------------------------------*/

/* The number that a command prints, or 0. */
static double number_from(const char *command) {
    FILE *pipe = popen(command, "r");
    double number = 0;
    if (!pipe || fscanf(pipe, "%lf", &number) != 1) number = 0;
    if (pipe) pclose(pipe);
    return number;
}

static const char *this_program;

/* In a process of its own: in this one there are free blocks from before. */
static uint64_t our_memory(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    char command[2000];
    snprintf(command, sizeof command, "'%s' --memory %zu", this_program, n);
    return scaled(number_from(command), 1, repeats);
}

static uint64_t python(size_t n, size_t repeats, const void *argument) {
    const Peer *peer = argument;
    bool sleeping = strcmp(peer->operation, "sleep") == 0;
    size_t rounds = sleeping ? 1 : rounds_of(repeats);
    char command[2000];
    if (n > LIMIT) return 0;
    snprintf(command, sizeof command, PYTHON " '" BENCH_PY "' %s %s %zu %zu 2>/dev/null", peer->who,
             peer->operation, n, rounds);
    if (strcmp(peer->operation, "memory") == 0) rounds = 1;
    return scaled(number_from(command), rounds, repeats);
}

static char program[] = "/tmp/coroutines_bench-XXXXXX"; // bench.cc, compiled

static uint64_t cplusplus(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    static enum { UNTRIED, THERE, MISSING } compiler;
    char command[2000];
    if (compiler == UNTRIED) {
        int fd = mkstemp(program);
        if (fd >= 0) close(fd);
        snprintf(command, sizeof command,
                 "source='%s'; c++ -std=c++20 -O3 -o %s \"${source%%.py}.cc\" 2>/dev/null",
                 BENCH_PY, program);
        compiler = fd >= 0 && system(command) == 0 ? THERE : MISSING;
    }
    if (compiler == MISSING) return 0;
    size_t rounds = rounds_of(repeats);
    snprintf(command, sizeof command, "%s switch %zu %zu", program, n, rounds);
    return scaled(number_from(command), rounds, repeats);
}

int main(int argc, char **argv) {
    this_program = argv[0];
    if (argc == 3 && strcmp(argv[1], "--memory") == 0) {
        return print_memory(strtoul(argv[2], NULL, 10));
    }
    static const Peer peers[] = {{"asyncio", "switch"},
                                 {"uvloop", "switch"},
                                 {"asyncio", "sleep"},
                                 {"uvloop", "sleep"},
                                 {"asyncio", "memory"}};
    const BenchmarkRow rows[] = {
        {"switch",
         {{"ours", our_switch, NULL},
          {"CPython", python, &peers[0]},
          {"uvloop", python, &peers[1]},
          {"C++20", cplusplus, NULL}},
         0},
        {"sleep",
         {{"ours", our_sleep, NULL}, {"CPython", python, &peers[2]}, {"uvloop", python, &peers[3]}},
         0},
        {"memory", {{"ours", our_memory, NULL}, {"CPython", python, &peers[4]}}, 0},
    };
    Benchmark bench = {.room = "coroutines", .sizes = {1, 1000, 100000}};
    int status = benchmark_main(&bench, rows, sizeof rows / sizeof *rows, argc, argv);
    unlink(program);
    return status;
}
