/* measure.c: the scenes whose subject is time, and races. */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static double ms_since(uint64_t start) {
    return (double)(clock_now() - start) / 1e6;
}

static long cores(void) {
    return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Runs python3 with a script and returns what it prints, to be freed; NULL without a python3. */
static char *python(const char *script) {
    int pipes[2];
    fflush(stdout);
    if (pipe(pipes) < 0) return NULL;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(pipes[1], STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        close(pipes[0]);
        execlp("python3", "python3", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    for (ssize_t got = 1; text && child > 0 && got != 0;) {
        got = read(pipes[0], text + size, room - 1 - size);
        if (got > 0) size += (size_t)got;
        if (got < 0 && errno != EINTR) break;
    }
    close(pipes[0]);
    int status = 1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!text || status != 0) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* ---- cpu and io ------------------------------------------------------------------------------*/

static int sleep_with_the_gil(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)self, (void)result;
    usleep((useconds_t)value_as_int(args[0]));
    return 0;
}

// clang-format off
static const char loads[] =
    "function compute n\n" LOOP("")
    "function download n\n" LOOP(" LOAD_GLOBAL sleep\n LOAD_CONST 10000\n CALL 1\n POP_TOP\n")
    "function hog n\n" LOOP(" LOAD_GLOBAL hold\n LOAD_CONST 10000\n CALL 1\n POP_TOP\n");
// clang-format on

/* Milliseconds that `total` rounds take, shared out among so many threads. */
static double threads_take(const char *function, int64_t total, int threads, bool gil) {
    Program program;
    need(program_init(&program));
    need(program_define_builtins(&program));
    need(program_define(&program, "hold", 1, sleep_with_the_gil, NULL));
    need(program_assemble(&program, PROGRAM, loads, strlen(loads)));
    program.gil.enabled = gil;
    uint64_t start = clock_now();
    run_all(&program, function, total / threads, threads);
    double elapsed = ms_since(start);
    program_fini(&program);
    return elapsed;
}

static double processes_take(const char *function, int64_t total, int processes) {
    pid_t children[TASKS_MAX];
    fflush(stdout);
    uint64_t start = clock_now();
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] < 0) need(error_set(OSError, "fork: %s", strerror(errno)));
        if (children[i] == 0) {
            threads_take(function, total / processes, 1, true);
            _exit(0);
        }
    }
    for (int i = 0; i < processes; i++)
        while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
            ;
    return ms_since(start);
}

static void print_loads(const char *function, const char *hog, int64_t total) {
    double alone = 0;
    for (int n = 1; n <= 4; n *= 2) {
        double with = threads_take(function, total, n, true);
        double without = threads_take(function, total, n, false);
        double processes = processes_take(function, total, n);
        if (n == 1) alone = with;
        printf("%9d  %8.1f ms %4.1fx  %8.1f ms %4.1fx  %8.1f ms %4.1fx", n, with, alone / with,
               without, alone / without, processes, alone / processes);
        if (hog) printf("  %8.1f ms", threads_take(hog, total, n, true));
        putchar('\n');
    }
}

void scene_cpu(void) {
    heading("cpu: threads that compute");
    printf("The same 60 million rounds of an empty loop, shared out. This machine has %ld cores;\n"
           "look at what the second thread brings.\n\n",
           cores());
    puts("  workers  threads, GIL        threads, no GIL     processes");
    print_loads("compute", NULL, 60000000);
    puts("\nWith the GIL one thread computes at a time, whatever the number of cores: they take\n"
         "turns. Processes have a GIL each. More workers than cores bring nothing to anybody.");
}

void scene_io(void) {
    heading("io: threads that wait");
    puts("The same 8 waits of 10 ms, shared out. A wait releases the GIL, as read() and\n"
         "sleep() do in CPython; the last column is a C function that forgot to.\n");
    puts("  workers  threads, GIL        threads, no GIL     processes           GIL kept");
    print_loads("download", "hog", 8);
    puts("\nWaiting needs no GIL and no core, so it scales with the threads, not with the\n"
         "cores. One careless extension module is enough to undo that.");
}

/* ---- force -----------------------------------------------------------------------------------*/

static void request_switches(bool force) {
    enum { EVENTS = 20000 };
    static GilEvent events[EVENTS];
    Program program;
    GilTrace trace = {.events = events, .capacity = EVENTS};
    begin(&program, "function compute n\n" LOOP(""));
    program.gil.force_switching = force;
    program.gil.trace = &trace;
    need(sys_setswitchinterval(&program.gil, 0.0001));
    run_all(&program, "compute", 20000000, 2);
    int granted = 0, holder = -1, others = 0;
    for (size_t i = 0; i < trace.count && i < EVENTS; i++) {
        granted += events[i].kind == GIL_FORCED;
        if (events[i].kind != GIL_TAKE) continue;
        others += holder >= 0 && events[i].thread != holder;
        holder = events[i].thread;
    }
    printf("  %-20s %15d %26d\n", force ? "forced switching" : "drop and go on", granted, others);
    program_fini(&program);
}

void scene_force(void) {
    heading("force: why the old holder waits");
    puts("Two threads compute, with an interval of a tenth of a millisecond. Who is asked drops "
         "the GIL;\n"
         "then it waits until the other has it, or does not and takes it again at once.\n");
    puts("                        dropped on request    another thread had it next");
    request_switches(true);
    request_switches(false);
    puts(
        "\nWhere the second number is lower, the GIL went back to the thread that had dropped it:\n"
        "that one is running, and the one that it woke has yet to be scheduled. (With one core\n"
        "free the kernel must switch threads anyway, and the numbers are nearly equal.)");
}

/* ---- race ------------------------------------------------------------------------------------*/

// clang-format off
static const char counters[] =
    "global counter\nlock lock\n"
    "function f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function bare n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function called n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_GLOBAL f\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function locked n\n"
    LOOP(" LOAD_GLOBAL lock.acquire\n CALL 0\n POP_TOP\n"
         " LOAD_GLOBAL counter\n LOAD_GLOBAL f\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n"
         " LOAD_GLOBAL lock.release\n CALL 0\n POP_TOP\n");
// clang-format on

static const char python_race[] =
    "import sys, threading\n"
    "sys.setswitchinterval(1e-5)\n"
    "lock = threading.Lock()\n"
    "def f(): return 1\n"
    "def bare(n):\n"
    "    global counter\n"
    "    for _ in range(n): counter += 1\n"
    "def called(n):\n"
    "    global counter\n"
    "    for _ in range(n): counter += f()\n"
    "def locked(n):\n"
    "    global counter\n"
    "    for _ in range(n):\n"
    "        with lock: counter += f()\n"
    "for function in bare, called, locked:\n"
    "    counter = 0\n"
    "    threads = [threading.Thread(target=function, args=(500000,)) for _ in '12']\n"
    "    for t in threads: t.start()\n"
    "    for t in threads: t.join()\n"
    "    print(counter, end=' ')\n"
    "print('.'.join(map(str, sys.version_info[:3])))\n";

static void print_sum(const char *what, long long counter) {
    printf("  %-42s %7lld", what, counter);
    if (counter < 1000000) printf("  %slost %lld%s", color("31"), 1000000 - counter, color("0"));
    putchar('\n');
}

void scene_race(void) {
    heading("race: updates that get lost in spite of the GIL");
    puts("Two threads add 500000 times 1 each, with a switch interval of 10 microseconds. The\n"
         "GIL keeps every instruction whole, and an addition to a global is four of them.\n");
    static const struct {
        const char *what, *function;
        EvalChecks checks;
    } cases[] = {{"counter += 1", "bare", CHECKS_3_11},
                 {"counter += 1, checked as 3.9 did", "bare", CHECKS_3_9},
                 {"counter += f()", "called", CHECKS_3_11},
                 {"with lock: counter += f()", "locked", CHECKS_3_11}};
    for (int i = 0; i < 4; i++) {
        Program program;
        begin(&program, counters);
        program.checks = cases[i].checks;
        need(sys_setswitchinterval(&program.gil, 1e-5));
        run_all(&program, cases[i].function, 500000, 2);
        print_sum(cases[i].what, get_int(&program, "counter"));
        program_fini(&program);
    }
    char *said = python(python_race), version[32];
    long long sums[3];
    if (said && sscanf(said, "%lld %lld %lld %31s", &sums[0], &sums[1], &sums[2], version) == 4) {
        printf("\nThe python3 of this machine, %s, in real threads:\n\n", version);
        print_sum("counter += 1", sums[0]);
        print_sum("counter += f()", sums[1]);
        print_sum("with lock: counter += f()", sums[2]);
    } else {
        puts("\n(no python3 here to compare with)");
    }
    free(said);
    puts("\nThe scene `lost` shows the moment at which it happens.");
}

/* ---- convoy ----------------------------------------------------------------------------------*/

enum { NAPS_MAX = 64 };

typedef struct {
    double late[NAPS_MAX]; // milliseconds
    int count, wanted;
    ThreadState *computer;
} Naps;

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The thread that computes says who it is, to be ended. */
static int builtin_here(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args, (void)result;
    ((Naps *)self)->computer = &thread->tstate;
    return 0;
}

/* Sleeps a millisecond now and then, and notes how much later than that it had the GIL again. */
static int builtin_serve(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args, (void)result;
    Naps *naps = self;
    for (; naps->count < naps->wanted; naps->count++) {
        uint64_t start = clock_now();
        BEGIN_ALLOW_THREADS(&thread->tstate)
        usleep(1000);
        END_ALLOW_THREADS
        naps->late[naps->count] = ms_since(start) - 1;
    }
    if (naps->computer) thread_set_async_exc(naps->computer, KeyboardInterrupt);
    return 0;
}

/* The latencies of an I/O thread beside one that computes (or alone), sorted. */
static void measure_latency(double interval_ms, bool beside, Naps *naps) {
    static const char text[] =
        "function compute\n RESUME\n LOAD_GLOBAL here\n CALL 0\n POP_TOP\nagain:\n"
        " JUMP_BACKWARD again\nfunction main\n RESUME\n LOAD_GLOBAL serve\n CALL 0\n "
        "RETURN_VALUE\n";
    Program program;
    need(program_init(&program));
    need(program_define(&program, "here", 0, builtin_here, naps));
    need(program_define(&program, "serve", 0, builtin_serve, naps));
    need(program_assemble(&program, PROGRAM, text, strlen(text)));
    need(sys_setswitchinterval(&program.gil, interval_ms / 1000));
    Task tasks[2] = {{.function = program_function(&program, "main")},
                     {.function = program_function(&program, "compute")}};
    need(program_run(&program, tasks, beside ? 2 : 1));
    qsort(naps->late, (size_t)naps->count, sizeof naps->late[0], compare_doubles);
    program_fini(&program);
}

static const char python_convoy[] =
    "import sys, threading, time\n"
    "def compute():\n"
    "    while not done: pass\n"
    "for interval in (%s):\n"
    "    sys.setswitchinterval(interval / 1000)\n"
    "    done, late = False, []\n"
    "    thread = threading.Thread(target=compute)\n"
    "    thread.start()\n"
    "    for _ in range(%d):\n"
    "        start = time.perf_counter()\n"
    "        time.sleep(0.001)\n"
    "        late.append((time.perf_counter() - start) * 1000 - 1)\n"
    "    done = True\n"
    "    thread.join()\n"
    "    late.sort()\n"
    "    print(late[len(late) // 2], late[len(late) * 9 // 10])\n";

/* Ours and CPython's, median and 90th percentile, for each interval. */
static void convoy(const double *intervals, int count, int naps_each, const char *format) {
    char list[200] = "", script[1500];
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%g,", intervals[i]);
    snprintf(script, sizeof script, python_convoy, list, naps_each);
    char *said = python(script), *rest = said;
    for (int i = 0; i < count; i++) {
        Naps naps = {.wanted = naps_each};
        measure_latency(intervals[i], true, &naps);
        double theirs = -1, theirs_90 = -1;
        if (rest) theirs = strtod(rest, &rest);
        if (rest) theirs_90 = strtod(rest, &rest);
        printf(format, intervals[i], naps.late[naps_each / 2], naps.late[naps_each * 9 / 10],
               theirs, theirs_90);
    }
    free(said);
}

void scene_convoy(void) {
    heading("convoy: a thread that waits, behind one that computes");
    puts("A thread sleeps 1 ms and wants the GIL again, 20 times; another never gives it up\n"
         "by itself. How much later than 1 ms does it go on? Milliseconds; -1: no python3\n"
         "here.\n");
    Naps alone = {.wanted = 20};
    measure_latency(5, false, &alone);
    printf("alone%33.2f\n\n", alone.late[10]);
    puts("beside it    switch interval    ours: median    90 %    CPython: median    90 %");
    static const double intervals[] = {0.1, 1, 5, 20};
    convoy(intervals, 4, 20, "%28g %15.2f %7.2f %18.2f %7.2f\n");
    puts("\nWho wants the GIL back after every read pays an interval each time, though the\n"
         "machine may have an idle core: the thread that computes gives nothing up before it\n"
         "is asked, and nobody asks sooner. A shorter interval helps here and costs switches\n"
         "elsewhere.");
}

void csv_convoy(void) {
    static const double intervals[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20};
    puts("interval_ms,ours_median,ours_90,cpython_median,cpython_90");
    convoy(intervals, 8, 40, "%g,%.4f,%.4f,%.4f,%.4f\n");
}

/* ---- refcount --------------------------------------------------------------------------------*/

// clang-format off
static const char sharing[] =
    "function f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function share n\n" LOOP(" LOAD_GLOBAL f\n POP_TOP\n");
// clang-format on

/* The refcount that f has in the end. */
static long share(bool gil) {
    Program program;
    begin(&program, sharing);
    program.gil.enabled = gil;
    run_all(&program, "share", 10000000, 2);
    const Object *f = &program_function(&program, "f")->ob;
    printf("  %-12s refcount of f: 1 before, %ld after%s\n", gil ? "with GIL" : "without GIL",
           (long)f->refcnt, f->dead ? "; it was 0 in between: freed while in use" : "");
    long refcnt = f->refcnt;
    program_fini(&program);
    return refcnt;
}

typedef struct {
    atomic_long *count;
    pthread_t owner;
    int way;
    double ns;
} Counting;

enum { PLAIN, ATOMIC, BIASED, WAYS };
enum { PAIRS = 2000000 };

/* Up and down, as an incref and a decref, by each way. Biased: who owns the object counts without
 * atomics, at the price of asking whose it is. */
static void *count_pairs(void *argument) {
    Counting *self = argument;
    atomic_long *count = self->count;
    uint64_t start = clock_now();
    for (int i = 0; i < PAIRS; i++) {
        for (int step = 1; step >= -1; step -= 2) {
            if (self->way == ATOMIC ||
                (self->way == BIASED && !pthread_equal(self->owner, pthread_self()))) {
                atomic_fetch_add_explicit(count, step, memory_order_relaxed);
            } else {
                long value = atomic_load_explicit(count, memory_order_relaxed) + step;
                atomic_store_explicit(count, value, memory_order_relaxed);
            }
        }
    }
    self->ns = (double)(clock_now() - start) / PAIRS;
    return NULL;
}

static double both_count(int way, bool shared) {
    static _Alignas(128) atomic_long counts[2][16]; // a cache line or two each
    Counting sides[2];
    pthread_t thread;
    for (int i = 0; i < 2; i++)
        sides[i] = (Counting){&counts[shared ? 0 : i][0], pthread_self(), way, 0};
    if (pthread_create(&thread, NULL, count_pairs, &sides[1])) {
        need(error_set(RuntimeError, "can't start new thread"));
    }
    count_pairs(&sides[0]);
    pthread_join(thread, NULL);
    return sides[0].ns;
}

static double one_counts(int way) {
    atomic_long count = 1;
    Counting alone = {&count, pthread_self(), way, 0};
    count_pairs(&alone);
    return alone.ns;
}

void scene_refcount(void) {
    heading("refcount: what the GIL is there for");
    puts("LOAD_GLOBAL f raises the refcount of f by one, POP_TOP lowers it again: a load, an\n"
         "addition, a store, ten million times in each of two threads. What is the count in\n"
         "the end?\n");
    share(true);
    for (int tries = 0; tries < 5; tries++) // until the two have run at the same time
        if (share(false) != 1 && tries > 0) break;
    puts("\nA count too high is an object that is never freed; one too low frees it while it is\n"
         "in use. Making each change atomic would mend that. Nanoseconds for one up and one\n"
         "down:\n");
    puts("                     one thread   two, own objects   two, same object");
    static const char *const names[] = {"plain", "atomic", "biased (for its owner)"};
    for (int way = PLAIN; way < WAYS; way++) {
        printf("  %-22s %6.1f   %16.1f   ", names[way], one_counts(way), both_count(way, false));
        if (way == ATOMIC) {
            printf("%16.1f\n", both_count(way, true));
        } else {
            puts(way == PLAIN ? "           wrong" : "               -");
        }
    }
    puts("\nNearly every instruction changes a refcount. The GIL lets all of them be plain.");
}
