/* measure.c: the scenes whose subject is time, and races. */
#include "scenes.h"

#include <sys/wait.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif

static double ms_since(uint64_t start) {
    return (double)(clock_now() - start) / 1e6;
}

/* ---- Other processes -------------------------------------------------------------------------*/

static void must_as_python(int status) {
    if (status < 0) must(error_set(OSError, "[Errno %d] %s", errno, strerror(errno)));
}

/* fork(), with a child that does not outlive this process. */
static pid_t start_child(void) {
    fflush(stdout);
#ifdef __linux__
    pid_t parent = getpid(), child = fork();
    if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) _exit(1);
    if (child == 0 && getppid() != parent) _exit(1); // died before it could be asked for
#else
    pid_t child = fork();
#endif
    must_as_python(child);
    return child;
}

/* Its exit status; -1 if it was killed. */
static int wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) must_as_python(-1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What python3 prints, running a script; NULL if there is no python3. If it is there and fails,
 * that ends the demo: what it measured would be no comparison. */
static const char *python(const char *script) {
    static char said[4096];
    int ends[2];
    must_as_python(pipe(ends));
    pid_t child = start_child();
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) < 0) _exit(1);
        close(ends[0]);
        close(ends[1]);
        execlp("python3", "python3", "-c", script, (char *)NULL);
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(ends[1]);
    size_t size = 0;
    for (ssize_t got = 1; got != 0; size += (size_t)got) {
        do
            got = read(ends[0], said + size, sizeof said - 1 - size);
        while (got < 0 && errno == EINTR);
        must_as_python(got < 0 ? -1 : 0);
    }
    close(ends[0]);
    said[size] = '\0';
    int status = wait_for(child);
    if (status == 127) return NULL;
    if (status != 0) must(error_set(RuntimeError, "python3 failed, with status %d", status));
    return said;
}

/* ---- cpu and io ------------------------------------------------------------------------------*/

static int sleep_with_the_gil(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)self, (void)result;
    usleep((useconds_t)value_as_int(args[0]));
    return 0;
}

static const char loads[] = //
    "function compute n\n" LOOP("") "function download n\n" LOOP(
        " LOAD_GLOBAL sleep\n LOAD_CONST 10000\n CALL 1\n POP_TOP\n") "function hog n\n" LOOP(" LOAD_GLOBAL hold\n LOAD_CONST 10000\n CALL 1\n POP_TOP\n");

/* Milliseconds that `total` rounds take, shared out among so many threads. */
static double threads_take(const char *function, int64_t total, int threads, bool gil) {
    Program program;
    must(program_init(&program));
    must(program_define_builtins(&program));
    must(program_define(&program, "hold", 1, sleep_with_the_gil, NULL));
    must(program_assemble(&program, "gil_demo", loads, strlen(loads)));
    program.gil.enabled = gil;
    uint64_t start = clock_now();
    run_all(&program, function, total / threads, threads);
    double elapsed = ms_since(start);
    program_fini(&program);
    return elapsed;
}

/* The same among so many processes. One that could not do its part has said so and ends all: a time
 * without it would be a speed-up that is none. */
static double processes_take(const char *function, int64_t total, int processes) {
    pid_t children[TASKS_MAX];
    uint64_t start = clock_now();
    for (int i = 0; i < processes; i++) {
        children[i] = start_child();
        if (children[i] > 0) continue;
        threads_take(function, total / processes, 1, true);
        _exit(0);
    }
    for (int i = 0; i < processes; i++)
        if (wait_for(children[i]) != 0) must(error_set(RuntimeError, "a child process failed"));
    return ms_since(start);
}

static void print_loads(const char *function, const char *hog, int64_t total) {
    double alone = 0;
    for (int n = 1; n <= 4; n *= 2) {
        double processes = processes_take(function, total, n);
        double with = threads_take(function, total, n, true);
        double without = threads_take(function, total, n, false);
        if (n == 1) alone = with;
        printf("%9d  %8.1f ms %4.1fx  %8.1f ms %4.1fx  %8.1f ms %4.1fx", n, with, alone / with,
               without, alone / without, processes, alone / processes);
        if (hog) printf("  %8.1f ms", threads_take(hog, total, n, true));
        putchar('\n');
    }
}

void scene_cpu(void) {
    printf("The same 60 million rounds of an empty loop, shared out. This machine has %ld\n"
           "cores.\n\n",
           sysconf(_SC_NPROCESSORS_ONLN));
    step("what does a second thread bring?");
    puts("  workers  threads, GIL        threads, no GIL     processes");
    print_loads("compute", NULL, 60000000);
    puts("\nWith the GIL one thread computes at a time, whatever the number of cores: they\n"
         "take turns. Processes have a GIL each. More workers than cores bring nothing.");
}

void scene_io(void) {
    puts("The same 8 waits of 10 ms, shared out. A wait releases the GIL, as read() and\n"
         "sleep() do in CPython; the last column is a C function that forgot to.\n");
    step("what does a second thread bring here?");
    puts("  workers  threads, GIL        threads, no GIL     processes           GIL kept");
    print_loads("download", "hog", 8);
    puts("\nWaiting needs no GIL and no core, so it scales with the threads, not with the\n"
         "cores. One careless extension module is enough to undo that.");
}

/* ---- force -----------------------------------------------------------------------------------*/

static void request_switches(bool force) {
    Program program;
    GilTrace trace = {.capacity = 0}; // the counts are enough
    begin(&program, "function compute n\n" LOOP(""));
    program.gil.force_switching = force;
    program.gil.trace = &trace;
    must(sys_setswitchinterval(&program.gil, 0.0001));
    run_all(&program, "compute", 20000000, 2);
    printf("  %-20s %15zu %26lu\n", force ? "forced switching" : "drop and go on",
           (size_t)trace.counts[GIL_FORCED], program.gil.switch_number - 1);
    program_fini(&program);
}

void scene_force(void) {
    puts("Two threads compute, with an interval of a tenth of a millisecond. Who is asked\n"
         "drops the GIL; then it waits until the other has it, or takes it again at once.\n");
    step("who wins, if it does not wait?");
    puts("                        dropped on request    another thread had it next");
    request_switches(true);
    request_switches(false);
    puts("\nWhere the second number is lower, the GIL went back to the thread that had\n"
         "dropped it: that one is running, and the one that it woke has yet to be\n"
         "scheduled. (With one core free the kernel must switch threads anyway, and the\n"
         "numbers are nearly equal.)");
}

/* ---- race ------------------------------------------------------------------------------------*/

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
    puts("Two threads add 500000 times 1 each, with a switch interval of 10 microseconds.\n"
         "The GIL keeps every instruction whole, and an addition to a global takes four.\n");
    step("which of these ways come to 1000000?");
    static const struct {
        const char *what, *function;
        EvalChecks checks;
    } cases[] = {{"counter += 1", "bare", CHECKS_3_11},
                 {"counter += 1, checked as 3.9 did", "bare", CHECKS_3_9},
                 {"counter += f()", "called", CHECKS_3_11},
                 {"with lock: counter += f()", "locked", CHECKS_3_11}};
    for (int i = 0; i < 4; i++) {
        Program program;
        begin(&program, COUNTERS("f"));
        program.checks = cases[i].checks;
        must(sys_setswitchinterval(&program.gil, 1e-5));
        run_all(&program, cases[i].function, 500000, 2);
        print_sum(cases[i].what, get_int(&program, "counter"));
        program_fini(&program);
    }
    const char *said = python(python_race);
    char version[32];
    long long sums[3];
    if (said && sscanf(said, "%lld %lld %lld %31s", &sums[0], &sums[1], &sums[2], version) == 4) {
        printf("\nThe python3 of this machine, %s, in real threads:\n\n", version);
        print_sum("counter += 1", sums[0]);
        print_sum("counter += f()", sums[1]);
        print_sum("with lock: counter += f()", sums[2]);
    } else {
        puts("\n(no python3 here to compare with)");
    }
    puts("\nThe scene `lost` shows the moment at which it happens.");
}

/* ---- convoy ----------------------------------------------------------------------------------*/

enum { NAPS_MAX = 64 };

typedef struct {
    double late[NAPS_MAX]; // milliseconds
    int count, wanted;
    bool beside;           // one that computes
    ThreadState *computer; // that one, once it runs
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

/* Sleeps a millisecond; how much later than that it had the GIL again. */
static double nap(Thread *thread) {
    uint64_t start = clock_now();
    BEGIN_ALLOW_THREADS(&thread->tstate)
    usleep(1000);
    END_ALLOW_THREADS
    return ms_since(start) - 1;
}

static int builtin_serve(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args, (void)result;
    Naps *naps = self;
    while (naps->beside && !naps->computer) // or it would be measured alone, and not be ended
        nap(thread);
    while (naps->count < naps->wanted)
        naps->late[naps->count++] = nap(thread);
    if (naps->computer) thread_set_async_exc(naps->computer, KeyboardInterrupt);
    return 0;
}

/* The latencies of an I/O thread beside one that computes (or alone), sorted. */
static void measure_latency(double interval_ms, Naps *naps) {
    static const char text[] =
        "function compute\n RESUME\n LOAD_GLOBAL here\n CALL 0\n POP_TOP\nagain:\n"
        " JUMP_BACKWARD again\nfunction main\n RESUME\n LOAD_GLOBAL serve\n CALL 0\n "
        "RETURN_VALUE\n";
    Program program;
    must(program_init(&program));
    must(program_define(&program, "here", 0, builtin_here, naps));
    must(program_define(&program, "serve", 0, builtin_serve, naps));
    must(program_assemble(&program, "gil_demo", text, strlen(text)));
    must(sys_setswitchinterval(&program.gil, interval_ms / 1000));
    Task tasks[2] = {{.function = program_function(&program, "main")},
                     {.function = program_function(&program, "compute")}};
    must(program_run(&program, tasks, naps->beside ? 2 : 1));
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
    "    print(f'{late[len(late) // 2]:.2f} {late[len(late) * 9 // 10]:.2f}')\n";

/* Ours and CPython's, median and 90th percentile, for each interval; "-" without a python3. */
static void convoy(const double *intervals, int count, int naps_each, const char *ours,
                   const char *theirs) {
    char list[200] = "", script[1500];
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%g,", intervals[i]);
    snprintf(script, sizeof script, python_convoy, list, naps_each);
    const char *said = python(script);
    for (int i = 0; i < count; i++) {
        Naps naps = {.wanted = naps_each, .beside = true};
        measure_latency(intervals[i], &naps);
        char median[16] = "-", most[16] = "-";
        int used = 0;
        if (said) sscanf(said, "%15s %15s%n", median, most, &used);
        if (said) said += used;
        printf(ours, intervals[i], naps.late[naps_each / 2], naps.late[naps_each * 9 / 10]);
        printf(theirs, median, most);
    }
}

void scene_convoy(void) {
    puts("A thread sleeps 1 ms and wants the GIL again, 20 times; another never gives it\n"
         "up by itself. How many milliseconds later than after 1 does it go on?\n");
    step("by how much, with an interval of 5 ms?");
    Naps alone = {.wanted = 20};
    measure_latency(5, &alone);
    printf("alone%33.2f\n\n", alone.late[10]);
    puts("beside it    switch interval    ours: median    90 %    CPython: median    90 %");
    static const double intervals[] = {0.1, 1, 5, 20};
    convoy(intervals, 4, 20, "%28g %15.2f %7.2f", " %18s %7s\n");
    puts("\nWho wants the GIL back after every read pays an interval each time, though the\n"
         "machine may have an idle core: the thread that computes gives nothing up before\n"
         "it is asked, and nobody asks sooner. A shorter interval helps here and costs\n"
         "switches elsewhere.");
}

void csv_convoy(void) {
    static const double intervals[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20};
    puts("interval_ms,ours_median,ours_90,cpython_median,cpython_90");
    convoy(intervals, 8, 40, "%g,%.4f,%.4f", ",%s,%s\n");
}

/* ---- refcount --------------------------------------------------------------------------------*/

static const char sharing[] = "function f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n" //
                              "function share n\n" LOOP(" LOAD_GLOBAL f\n POP_TOP\n");

/* The refcount that f has in the end. */
static long share(bool gil) {
    Program program;
    begin(&program, sharing);
    program.gil.enabled = gil;
    run_all(&program, "share", 10000000, 2);
    const Object *f = &program_function(&program, "f")->ob;
    printf("  %-12s refcount of f: 1 before, %ld after%s\n", gil ? "with GIL" : "without GIL",
           (long)f->refcnt, f->dead ? "; was 0: freed in use" : "");
    long refcnt = f->refcnt;
    program_fini(&program);
    return refcnt;
}

typedef struct {
    atomic_long *count;
    pthread_t owner; // of the object: the thread that counts
    int way;
    double ns;
} Counting;

enum { PLAIN, ATOMIC, BIASED, WAYS };
enum { PAIRS = 2000000 };

/* Up and down, as an incref and a decref, by each way. Biased: who owns the object, as the thread
 * here does, counts without atomics, at the price of asking whose it is. */
static void *count_pairs(void *argument) {
    Counting *self = argument;
    atomic_long *count = self->count;
    self->owner = pthread_self();
    uint64_t start = clock_now();
    for (int i = 0; i < PAIRS; i++) {
        for (int change = 1; change >= -1; change -= 2) {
            if (self->way == ATOMIC ||
                (self->way == BIASED && !pthread_equal(self->owner, pthread_self()))) {
                atomic_fetch_add_explicit(count, change, memory_order_relaxed);
            } else {
                store_relaxed(count, load_relaxed(count) + change);
            }
        }
    }
    self->ns = (double)(clock_now() - start) / PAIRS;
    return NULL;
}

/* Nanoseconds a pair, in one of so many threads that count on an object each, or on one. */
static double count_in(int threads, int way, bool shared) {
    static _Alignas(128) atomic_long counts[2][16]; // a cache line or two each
    Counting sides[2];
    pthread_t thread;
    for (int i = 0; i < 2; i++)
        sides[i] = (Counting){.count = &counts[shared ? 0 : i][0], .way = way};
    if (threads == 2 && pthread_create(&thread, NULL, count_pairs, &sides[1])) {
        must(error_set(RuntimeError, "can't start new thread"));
    }
    count_pairs(&sides[0]);
    if (threads == 2) pthread_join(thread, NULL);
    return sides[0].ns;
}

void scene_refcount(void) {
    puts("LOAD_GLOBAL f raises the refcount of f by one, POP_TOP lowers it again: a load,\n"
         "an addition, a store, ten million times in each of two threads.\n");
    step("what is the count in the end?");
    share(true);
    for (int tries = 0; tries < 5; tries++) // until the two have run at the same time
        if (share(false) != 1 && tries > 0) break;
    puts("\nA count too high is an object that is never freed; one too low frees it while it\n"
         "is in use. Making each change atomic would mend that.\n");
    step("what would it cost?");
    puts("Nanoseconds for one up and one down:\n\n"
         "                     one thread   two, own objects   two, same object");
    static const char *const names[] = {"plain", "atomic", "biased (for its owner)"};
    for (int way = PLAIN; way < WAYS; way++) {
        printf("  %-22s %6.1f   %16.1f   ", names[way], count_in(1, way, false),
               count_in(2, way, false));
        if (way == ATOMIC) {
            printf("%16.1f\n", count_in(2, way, true));
        } else {
            printf("%16s\n", way == PLAIN ? "wrong" : "-");
        }
    }
    puts("\nNearly every instruction changes a refcount. The GIL lets all of them be plain.");
}
