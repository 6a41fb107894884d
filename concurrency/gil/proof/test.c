/* test.c: the GIL's promises under many threads, the loop on its own, and both without resources.
 */
#include "../../../common/proof/testing.h"

#include "../demo/programs.h"
#include "../virtual.h"

#include <math.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#define TEST(name)   static void name(__attribute__((unused)) void **state)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- What can be refused, besides memory -----------------------------------------------------*/

static atomic_int alive; // mutexes, conditions and semaphores made and not destroyed

/* Grants so many of the calls below, whichever they are, refuses the next one, and only that. */
static void refuse_at(long granted) {
    testing_fail("system", granted, EAGAIN);
}

#define MAKES(name, parameters, arguments, failed)                                                 \
    int testing_##name parameters;                                                                 \
    int testing_##name parameters {                                                                \
        if (testing_fails_now("system")) return failed;                                            \
        alive++;                                                                                   \
        return name arguments;                                                                     \
    }
#define DESTROYS(name, type)                                                                       \
    int testing_##name(type *what);                                                                \
    int testing_##name(type *what) {                                                               \
        alive--;                                                                                   \
        return name(what);                                                                         \
    }
MAKES(pthread_mutex_init, (pthread_mutex_t * what, const pthread_mutexattr_t *how), (what, how),
      errno)
MAKES(pthread_cond_init, (pthread_cond_t * what, const pthread_condattr_t *how), (what, how), errno)
MAKES(pthread_condattr_init, (pthread_condattr_t * what), (what), errno)
MAKES(sem_init, (sem_t * what, int shared, unsigned value), (what, shared, value), -1)
DESTROYS(pthread_mutex_destroy, pthread_mutex_t)
DESTROYS(pthread_cond_destroy, pthread_cond_t)
DESTROYS(pthread_condattr_destroy, pthread_condattr_t)
DESTROYS(sem_destroy, sem_t)

/* Signals are for the threads that work, not for the one that waits for them to end. */
static bool storming;
typedef struct {
    void *(*function)(void *);
    void *argument;
} Start;

static void *start_in_storm(void *argument) {
    Start start = *(Start *)argument;
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    return start.function(start.argument);
}

int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *argument);
int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *argument) {
    static Start starts[64]; // more than there are threads at a time
    static unsigned next;
    if (testing_fails_now("system")) return errno;
    if (!storming) return pthread_create(thread, attributes, function, argument);
    Start *start = &starts[next++ % 64];
    *start = (Start){function, argument};
    return pthread_create(thread, attributes, start_in_storm, start);
}

/* ---- A program under test --------------------------------------------------------------------*/

static Program program;
static VirtualClock virtual_clock;

/* Texts are written here in one line: a ; stands for the end of a line. */
static int assemble(Program *self, const char *text) {
    static char lines[20000];
    size_t size = strlen(text);
    assert_true(size < sizeof lines);
    memcpy(lines, text, size);
    for (size_t i = 0; i < size; i++)
        if (lines[i] == ';') lines[i] = '\n';
    return program_assemble(self, "t", lines, size);
}

static void begin(const char *text) {
    assert_int_equal(program_init(&program), 0);
    assert_int_equal(program_define_builtins(&program), 0);
    if (assemble(&program, text) < 0) fail_msg("%s", error_message());
}

static void begin_virtual(const char *text, uint64_t interval) {
    begin(text);
    assert_int_equal(virtual_clock_init(&virtual_clock), 0);
    program.clock = &virtual_clock;
    program.gil.interval = interval;
}

static void assert_refcounts_are_back(void) {
    for (int i = 0; i < program.nobjects; i++) {
        assert_int_equal(program.objects[i]->refcnt, 1);
        assert_false(program.objects[i]->dead);
    }
}

static void end(void) {
    if (program.gil.enabled) assert_refcounts_are_back();
    if (program.clock) virtual_clock_fini(program.clock);
    program_fini(&program);
    assert_int_equal(alive, 0);
}

static const char sums[] = COUNTERS("one") "function napping n\n" LOOP(
    WITH_LOCK(" LOAD_GLOBAL counter\n LOAD_GLOBAL sleep\n LOAD_CONST 300\n CALL 1\n POP_TOP\n"
              " LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n"));

static Thread *new_thread(void) {
    Thread *thread = thread_new(&program, 0);
    if (!thread) abort(); // for gcc, which does not see that assert_non_null() does not return
    return thread;
}

static int64_t get_int(const char *name) {
    return value_as_int(program_get(&program, name));
}

static Task task(const char *function, int64_t argument) {
    return (Task){.function = program_function(&program, function), .args = {value_int(argument)}};
}

/* Runs `function`(n) in so many threads; what `counter` is then, having been 0. */
static int64_t sum(const char *function, int64_t n, int threads) {
    Task tasks[TASKS_MAX];
    assert_int_equal(program_set_int(&program, "counter", 0), 0);
    for (int i = 0; i < threads; i++)
        tasks[i] = task(function, n);
    assert_int_equal(program_run(&program, tasks, threads), 0);
    for (int i = 0; i < threads; i++) {
        assert_int_equal(tasks[i].error.type, NoError);
        assert_int_equal(tasks[i].result.bits, NONE.bits);
    }
    return get_int("counter");
}

/* ---- The lock --------------------------------------------------------------------------------*/

static Gil gil;
static GilEvent events[60000];
static GilTrace trace;

static void begin_gil(double interval) {
    assert_int_equal(create_gil(&gil), 0);
    assert_int_equal(gil.interval, 5000);
    assert_int_equal(sys_setswitchinterval(&gil, interval), 0);
    trace = (GilTrace){.events = events, .capacity = COUNT(events)};
    gil.trace = &trace;
}

static void end_gil(void) {
    assert_int_equal(gil.locked, 0);
    destroy_gil(&gil);
    assert_int_equal(gil.locked, -1);
    assert_int_equal(alive, 0);
}

static void take_and_drop(ThreadState *tstate) {
    take_gil(tstate);
    drop_gil(tstate);
}

TEST(test_alone) {
    begin_gil(1);
    ThreadState a = {.gil = &gil}, b = {.gil = &gil};
    assert_int_equal(gil.locked, 0);
    for (int i = 0; i < 3; i++) {
        take_gil(&a);
        assert_int_equal(gil.locked, 1);
        assert_ptr_equal(gil.last_holder, &a);
        assert_int_equal(gil.switch_number, 1); // again by the same: no switch
        drop_gil(&a);
        assert_int_equal(gil.locked, 0);
    }
    take_and_drop(&b);
    assert_int_equal(gil.switch_number, 2);
    end_gil();
}

TEST(test_each_part_of_it_refused) {
    const char *const messages[] = {
        "PyMUTEX_INIT(gil->mutex) failed",      "PyMUTEX_INIT(gil->switch_mutex) failed",
        "PyCOND_INIT(gil->cond) failed",        "PyCOND_INIT(gil->cond) failed",
        "PyCOND_INIT(gil->switch_cond) failed", "PyCOND_INIT(gil->switch_cond) failed"};
    for (int n = 0; n < 6; n++) {
        refuse_at(n);
        assert_int_equal(create_gil(&gil), -1);
        assert_error(RuntimeError, messages[n]);
        assert_int_equal(gil.locked, -1);
        assert_int_equal(alive, 0);
    }
    refuse_at(6);
    begin_gil(1);
    refuse_at(-1);
    end_gil();
    for (int n = 0; n < 2; n++) {
        refuse_at(n);
        assert_int_equal(virtual_clock_init(&virtual_clock), -1);
        assert_error(RuntimeError, "can't allocate lock");
        assert_int_equal(alive, 0);
    }
    refuse_at(-1);
}

TEST(test_switch_interval) {
    begin_gil(1.5);
    assert_int_equal(gil.interval, 1500000);
    const double wrong[] = {0.0, -1e-9, -1.0, NAN};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(sys_setswitchinterval(&gil, wrong[i]), -1);
        assert_error(ValueError, "switch interval must be strictly positive");
        assert_int_equal(gil.interval, 1500000);
    }
    const struct {
        double seconds;
        uint64_t microseconds;
    } cases[] = {{0.005, 5000},
                 {1e-9, 0}, // as in CPython; waits a microsecond
                 {1e300, 1000000000000000},
                 {INFINITY, 1000000000000000}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sys_setswitchinterval(&gil, cases[i].seconds), 0);
        assert_int_equal(gil.interval, cases[i].microseconds);
        assert_true(sys_getswitchinterval(&gil) == 1e-6 * (double)cases[i].microseconds);
    }
    end_gil();
}

enum { CROWD = 8, VISITS = 200 };
typedef struct {
    ThreadState tstate;
    int visits;
} Visitor;
static atomic_int inside, broken;
static unsigned long last_switch; // under the GIL

/* Takes the GIL, stays until asked to drop it (or not), and looks around. */
static void *visit(void *argument) {
    Visitor *self = argument;
    take_gil(&self->tstate);
    while (self->visits < VISITS) {
        if (atomic_fetch_add(&inside, 1) != 0) broken = 1;
        if (gil.switch_number < last_switch) broken = 2;
        last_switch = gil.switch_number;
        if (gil.last_holder != &self->tstate || !gil.locked) broken = 3;
        atomic_fetch_sub(&inside, 1);
        self->visits++;
        unsigned long before = gil.switch_number;
        bool asked = atomic_load(&gil.gil_drop_request);
        if (self->visits % 3 == 0) {
            drop_gil(&self->tstate);
            take_gil(&self->tstate);
        } else if (atomic_load(&gil.eval_breaker) || asked) {
            if (eval_frame_handle_pending(&self->tstate) < 0) broken = 4;
        }
        // Who was forced out comes back only after another: two switches at least.
        if (asked && gil.switch_number < before + 2) broken = 5;
    }
    drop_gil(&self->tstate);
    return NULL;
}

static void crowd(double interval) {
    Visitor visitors[CROWD];
    pthread_t threads[CROWD];
    begin_gil(interval);
    broken = 0;
    last_switch = 0;
    for (int i = 0; i < CROWD; i++) {
        visitors[i] = (Visitor){{.gil = &gil, .id = i}, 0};
        assert_int_equal(testing_pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL); // every waiter got it, or this never returns
        assert_int_equal(visitors[i].visits, VISITS);
    }
    assert_int_equal(broken, 0);
    assert_int_equal(gil.gil_drop_request, 0);
    assert_true(gil.switch_number >= CROWD);
    end_gil();
}

TEST(test_one_holder_of_many) {
    crowd(1e-9);
    crowd(1e-6);
    crowd(1e-4);
}

typedef struct {
    ThreadState tstate;
    int runs; // under the GIL
    bool keep_errno;
} Other;

static void *run_once(void *argument) {
    Other *self = argument;
    errno = 42;
    take_gil(&self->tstate);
    self->keep_errno = errno == 42;
    self->runs++;
    drop_gil(&self->tstate);
    return NULL;
}

/* The holder never leaves by itself: it is asked to, and when it is back the other has run. */
TEST(test_forced_switch_hands_over) {
    for (int i = 0; i < 50; i++) {
        begin_gil(0.0002);
        ThreadState holder = {.gil = &gil};
        Other other = {.tstate = {.gil = &gil, .id = 1}};
        pthread_t thread;
        take_gil(&holder);
        assert_int_equal(pthread_create(&thread, NULL, run_once, &other), 0);
        while (!atomic_load(&gil.eval_breaker))
            ;
        assert_int_equal(gil.gil_drop_request, 1);
        assert_int_equal(other.runs, 0);
        assert_int_equal(eval_frame_handle_pending(&holder), 0);
        assert_int_equal(other.runs, 1);
        assert_int_equal(gil.switch_number, 3);
        assert_int_equal(gil.gil_drop_request, 0);
        assert_int_equal(gil.eval_breaker, 0);
        drop_gil(&holder);
        pthread_join(thread, NULL);
        assert_true(other.keep_errno);
        // The story in the trace: asked no sooner than an interval after it began to wait, and
        // again and again, if this thread was slow to look.
        size_t forced = 2;
        while (events[forced].kind == GIL_REQUEST)
            assert_int_equal(events[forced++].thread, 1);
        assert_true(forced > 2);
        assert_true(events[2].time - events[1].time >= 200000);
        const GilEvent story[] = {{.kind = GIL_TAKE},
                                  {.kind = GIL_WAIT, .thread = 1},
                                  {.kind = GIL_FORCED},
                                  {.kind = GIL_TAKE, .thread = 1}};
        for (size_t k = 0; k < COUNT(story); k++) {
            const GilEvent *event = &events[k < 2 ? k : forced + k - 2];
            assert_int_equal(event->kind, story[k].kind);
            assert_int_equal(event->thread, story[k].thread);
        }
        end_gil();
    }
}

/* A holder that leaves in time is never asked. */
TEST(test_no_request_without_need) {
    begin_gil(3600);
    ThreadState holder = {.gil = &gil};
    Other other = {.tstate = {.gil = &gil, .id = 1}};
    pthread_t thread;
    take_gil(&holder);
    assert_int_equal(pthread_create(&thread, NULL, run_once, &other), 0);
    while (atomic_load(&trace.count) < 2)
        ; // until it waits
    drop_gil(&holder);
    pthread_join(thread, NULL);
    assert_int_equal(other.runs, 1);
    const GilEventKind kinds[] = {GIL_TAKE, GIL_WAIT, GIL_DROP, GIL_TAKE, GIL_DROP};
    assert_int_equal(trace.count, COUNT(kinds));
    for (size_t k = 0; k < COUNT(kinds); k++)
        assert_int_equal(events[k].kind, kinds[k]);
    end_gil();
}

/* Who asks has waited an interval in which the GIL did not change hands. */
TEST(test_a_switch_restarts_the_wait) {
    begin(sums);
    trace = (GilTrace){.events = events, .capacity = COUNT(events)};
    program.gil.trace = &trace;
    assert_int_equal(sys_setswitchinterval(&program.gil, 0.0005), 0);
    // On a fast machine, or with nobody waiting at the wrong moment, it takes longer.
    size_t requests = 0;
    for (int64_t n = 60000; requests < 50; n *= 2) {
        trace.count = 0;
        sum("called", n, 5);
        uint64_t switched = 0;
        int holder = -1;
        for (size_t i = 0; i < trace.count && i < trace.capacity; i++) {
            if (events[i].kind == GIL_TAKE && events[i].thread != holder) {
                holder = events[i].thread;
                switched = events[i].time;
            } else if (events[i].kind == GIL_REQUEST) {
                assert_true(events[i].time - switched >= 500000);
                assert_int_not_equal(events[i].thread, holder);
                requests++;
            }
        }
    }
    end();
}

TEST(test_disabled) {
    begin_gil(1);
    gil.enabled = false;
    ThreadState a = {.gil = &gil}, b = {.gil = &gil};
    take_gil(&a);
    take_gil(&b); // would wait for ever
    assert_int_equal(gil.locked, 0);
    drop_gil(&b);
    drop_gil(&a);
    end_gil();
}

TEST(test_a_full_trace_loses_the_rest_and_counts_all) {
    begin_gil(1);
    trace.capacity = 2;
    events[2].time = 77;
    ThreadState a = {.gil = &gil, .id = 4}, unnamed = {.gil = &gil, .id = -1};
    for (int i = 0; i < 3; i++) {
        take_and_drop(&a);
        take_and_drop(&unnamed);
    }
    const size_t counts[GIL_EVENT_KINDS] = {[GIL_TAKE] = 3, [GIL_DROP] = 3};
    assert_int_equal(trace.count, 6);
    for (int kind = 0; kind < GIL_EVENT_KINDS; kind++)
        assert_int_equal(trace.counts[kind], counts[kind]);
    assert_int_equal(events[1].kind, GIL_DROP);
    assert_int_equal(events[1].thread, 4);
    assert_int_equal(events[2].time, 77);
    end_gil();
}

/* ---- Errors sent from elsewhere --------------------------------------------------------------*/

TEST(test_async_exc_reaches_its_thread_only) {
    begin_gil(1);
    ThreadState a = {.gil = &gil}, b = {.gil = &gil};
    take_gil(&a);
    thread_set_async_exc(&b, KeyboardInterrupt);
    assert_int_equal(gil.eval_breaker, 1);
    assert_int_equal(eval_frame_handle_pending(&a), 0); // not for a
    assert_int_equal(gil.eval_breaker, 0);
    drop_gil(&a);
    thread_set_async_exc(&b, KeyboardInterrupt);
    take_gil(&a); // resets the other request, and this one stays
    assert_int_equal(gil.eval_breaker, 1);
    assert_int_equal(eval_frame_handle_pending(&a), 0);
    drop_gil(&a);
    take_gil(&b); // sets the flag again
    assert_int_equal(gil.eval_breaker, 1);
    set_gil_drop_request(&gil);
    atomic_store(&gil.gil_drop_request, 0); // no other thread is there to take it
    assert_int_equal(eval_frame_handle_pending(&b), -1);
    assert_error(KeyboardInterrupt, "");
    set_gil_drop_request(&gil);
    atomic_store(&gil.gil_drop_request, 0);
    assert_int_equal(eval_frame_handle_pending(&b), 0); // once
    drop_gil(&b);
    take_and_drop(&b);
    assert_int_equal(gil.async_exc, 0);
    end_gil();
}

/* ---- Sums ------------------------------------------------------------------------------------*/

TEST(test_sums) {
    begin(sums);
    assert_int_equal(sys_setswitchinterval(&program.gil, 1e-6), 0);
    for (int checks = CHECKS_3_11; checks <= CHECKS_3_9; checks++) {
        program.checks = (EvalChecks)checks;
        for (int threads = 1; threads <= 5; threads++) {
            assert_int_equal(sum("locked", 700, threads), 700 * threads);
            assert_int_equal(sum("napping", 5, threads), 5 * threads);
            if (checks == CHECKS_3_11) {
                assert_int_equal(sum("bare", 7000, threads), 7000 * threads);
            }
            assert_true(sum("called", 7000, threads) <= 7000 * threads);
            assert_refcounts_are_back();
        }
    }
    end();
}

/* By the clock that counts instructions every interval is tried: what can be lost is lost. */
TEST(test_where_updates_are_lost) {
    begin_virtual(sums, 1);
    const struct {
        const char *function;
        EvalChecks checks;
        bool loses;
    } cases[] = {{"bare", CHECKS_3_11, false},   {"bare", CHECKS_3_9, true},
                 {"called", CHECKS_3_11, true},  {"called", CHECKS_3_9, true},
                 {"locked", CHECKS_3_11, false}, {"locked", CHECKS_3_9, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int lost = 0;
        program.checks = cases[i].checks;
        for (unsigned interval = 1; interval <= 25; interval++) {
            program.gil.interval = interval;
            for (int threads = 2; threads <= 3; threads++) {
                int64_t first = sum(cases[i].function, 20, threads);
                assert_int_equal(sum(cases[i].function, 20, threads), first);
                assert_true(first >= 2 && first <= 20 * threads);
                lost += first < 20 * threads;
            }
            assert_int_equal(program.gil.interval, interval);
        }
        assert_int_equal(lost > 0, cases[i].loses);
        assert_refcounts_are_back();
    }
    end();
}

/* ---- The virtual clock -----------------------------------------------------------------------*/

TEST(test_virtual_time) {
    begin_virtual("function nap n; RESUME; LOAD_GLOBAL sleep; LOAD_FAST n; CALL 1; RETURN_VALUE",
                  5000);
    trace = (GilTrace){.events = events, .capacity = 32, .clock = &virtual_clock.now};
    program.gil.trace = &trace;
    Task tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = task("nap", 1000000 * (3 - i)); // seconds, that nobody waits for
    assert_int_equal(program_run(&program, tasks, 3), 0);
    assert_int_equal(virtual_clock.now, 3000000 + 4 + 1);
    const int takers[] = {0, 1, 2, 2, 1, 0};
    size_t takes = 0;
    for (size_t i = 0; i < trace.count; i++) {
        if (events[i].kind != GIL_TAKE) continue;
        assert_int_equal(events[i].time >= 1000000, takes >= 3);
        assert_int_equal(events[i].thread, takers[takes++]);
    }
    assert_int_equal(takes, COUNT(takers));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tasks[i].error.type, NoError);
        assert_int_equal(tasks[i].instructions, 5);
    }
    end();
}

/* Each thread's events by time, one thread after the other. (Where they stand in the array is up to
 * the kernel: a holder may ask for a thread that has not yet noted down since when it waits.) */
static size_t trace_once(GilEvent *sorted, size_t capacity) {
    size_t used = 0;
    trace = (GilTrace){.events = events, .capacity = capacity, .clock = &virtual_clock.now};
    program.gil.trace = &trace;
    assert_int_equal(sum("locked", 30, 4), 120);
    program.gil.trace = NULL;
    assert_true(trace.count <= capacity);
    uint64_t switched = 0; // nobody asks before the holder has had its interval
    for (size_t i = 0; i < trace.count; i++) {
        if (events[i].kind == GIL_TAKE) switched = events[i].time;
        if (events[i].kind == GIL_REQUEST) assert_true(events[i].time - switched >= 37);
        assert_true(events[i].time < 100000);
    }
    for (int t = 0; t < 4; t++)
        for (size_t i = 0; i < trace.count; i++)
            if (events[i].thread == t) {
                size_t k = used++;
                for (; k > 0 && sorted[k - 1].thread == t && sorted[k - 1].time > events[i].time;
                     k--)
                    sorted[k] = sorted[k - 1];
                sorted[k] = events[i];
            }
    return used;
}

TEST(test_virtual_runs_are_equal) {
    GilEvent first[600], again[600];
    begin_virtual(sums, 37);
    virtual_clock.deadlock = true; // as if left by a run before
    virtual_clock.blocked_on[1] = program.locks[0];
    size_t count = trace_once(first, 600), requests = 0;
    uint64_t asked = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        requests += first[i].kind == GIL_REQUEST;
        if (first[i].kind == GIL_REQUEST && first[i].time < asked) asked = first[i].time;
        if (i == 0 || first[i].thread != first[i - 1].thread) {
            assert_int_equal(first[i].kind, GIL_WAIT); // all wait from the start
            assert_int_equal(first[i].time, 0);
        }
    }
    assert_true(requests > 10);
    assert_int_equal(asked, 37); // thread 0 has it from 0 to then
    for (int round = 0; round < 50; round++) {
        assert_int_equal(trace_once(again, 600), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(again[i].time, first[i].time);
            assert_int_equal(again[i].kind, first[i].kind);
        }
    }
    end();
}

TEST(test_deadlock_is_seen) {
    begin_virtual("lock a; lock b;"
                  "function ab; RESUME; LOAD_GLOBAL a.acquire; CALL 0; POP_TOP;"
                  " LOAD_GLOBAL sleep; LOAD_CONST 9; CALL 1; POP_TOP;"
                  " LOAD_GLOBAL b.acquire; CALL 0; RETURN_VALUE;"
                  "function ba; RESUME; LOAD_GLOBAL b.acquire; CALL 0; POP_TOP;"
                  " LOAD_GLOBAL a.acquire; CALL 0; RETURN_VALUE;"
                  "thread ab; thread ba",
                  5000);
    assert_int_equal(program_run(&program, program.tasks, program.ntasks), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(program.tasks[i].error.type, RuntimeError);
        assert_string_equal(program.tasks[i].error.message, "deadlock: all threads wait");
        assert_int_equal(program.tasks[i].result.bits, 0);
    }
    assert_true(virtual_clock.now < 100); // waiting for ever takes no time
    end();
}

/* ---- Signals ---------------------------------------------------------------------------------*/

static atomic_int alarms;

static void on_alarm(int number) {
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

TEST(test_signal_storm) {
    struct sigaction action = {.sa_handler = on_alarm}; // without SA_RESTART
    struct itimerval storm = {{0, 100}, {0, 100}}, calm = {{0, 0}, {0, 0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0); // and so it stays: one may be late
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    storming = true;
    begin(sums);
    for (int i = 0; i < 2 || atomic_load(&alarms) < 500; i++) {
        assert_int_equal(sys_setswitchinterval(&program.gil, i % 2 ? 1e-6 : 1e-3), 0);
        assert_int_equal(sum("locked", 5000, 4), 20000);
        assert_int_equal(sum("bare", 50000, 4), 200000);
        uint64_t start = clock_now();
        assert_int_equal(sum("napping", 20, 3), 60);
        assert_true(clock_now() - start >= 60 * 300000); // no sleep was cut short
    }
    end();
    crowd(1e-6);
    storming = false;
    assert_int_equal(setitimer(ITIMER_REAL, &calm, NULL), 0);
}

/* ---- The loop --------------------------------------------------------------------------------*/

/* The text of a main() that returns what this leaves. */
#define MAIN(body) "function main; RESUME; " body "; RETURN_VALUE;"

static int builtin_interrupt_me(Thread *thread, void *self, const Value *args, Value *result) {
    (void)self, (void)args, (void)result;
    thread_set_async_exc(&thread->tstate, KeyboardInterrupt);
    return 0;
}

/* Runs main of a program in a thread: a result that is an int or None, or the error. */
static Task run_main(const char *text) {
    begin(text);
    Task main_task = task("main", 0);
    assert_non_null(main_task.function);
    assert_int_equal(program_run(&program, &main_task, 1), 0);
    end();
    return main_task;
}

/* The same as text: "3", or "TypeError: ..." */
static void assert_outcome(const char *text, const char *expected) {
    char outcome[300];
    Task done = run_main(text);
    assert_int_equal(done.result.bits == 0, done.error.type != NoError);
    if (done.error.type == NoError) {
        assert_true(value_is_int(done.result));
        snprintf(outcome, sizeof outcome, "%lld", (long long)value_as_int(done.result));
    } else {
        snprintf(outcome, sizeof outcome, "%s: %s", error_name(done.error.type),
                 done.error.message);
    }
    assert_string_equal(outcome, expected);
}

#define SLEEP(microseconds) MAIN("LOAD_GLOBAL sleep; LOAD_CONST " microseconds "; CALL 1")
#define TOO_LONG            "timestamp too large to convert to C _PyTime_t"
#define TOO_LARGE           "OverflowError: an int of more than 62 bits"
#define BINARY(a, op, b)    MAIN("LOAD_CONST " a "; LOAD_CONST " b "; BINARY_OP " op)

#define DOWN(test) /* 10 rounds down, by each kind of backward jump */                             \
    MAIN("LOAD_CONST 10; STORE_FAST n; next:; LOAD_FAST n; LOAD_CONST 1; BINARY_OP -;"             \
         " STORE_FAST n; LOAD_FAST n; " test "; LOAD_FAST n")
#define RANGE(n) "LOAD_GLOBAL range; LOAD_CONST " n "; CALL 1"
#define LAST_OF(n)                                                                                 \
    "global n;" MAIN(RANGE(n) "; GET_ITER; next:; FOR_ITER done; STORE_GLOBAL n;"                  \
                              " JUMP_BACKWARD next; done:; LOAD_GLOBAL n")
#define TRUTH_OF(load)                                                                             \
    MAIN(load "; POP_JUMP_FORWARD_IF_FALSE no; LOAD_CONST 1; RETURN_VALUE; no:; " load ";"         \
              " POP_JUMP_FORWARD_IF_TRUE no2; LOAD_CONST 0; RETURN_VALUE; no2:; LOAD_CONST 2")

TEST(test_what_a_program_comes_to) {
    static const char *const cases[][2] = {
        // Calls and iteration
        {MAIN("LOAD_GLOBAL main; next:; FOR_ITER done; POP_TOP; JUMP_BACKWARD next; done:;"
              " LOAD_CONST 1"),
         "TypeError: 'function' object is not an iterator"},
        {MAIN("LOAD_CONST 5; GET_ITER"), "TypeError: 'int' object is not iterable"},
        {MAIN("LOAD_FAST x"), "RuntimeError: cannot access local variable 'x' where it is not "
                              "associated with a value"},
        {MAIN("LOAD_GLOBAL main; CALL 0"), "RecursionError: maximum recursion depth exceeded"},
        {"function two a b; RESUME; LOAD_CONST 1; RETURN_VALUE;" MAIN("LOAD_GLOBAL two; CALL 0"),
         "TypeError: two() missing 2 required positional arguments"},
        {MAIN("LOAD_GLOBAL main; LOAD_CONST 1; CALL 1"),
         "TypeError: main() takes 0 positional arguments but 1 was given"},
        {"lock l;" MAIN("LOAD_GLOBAL l.acquire; LOAD_CONST 1; CALL 1"),
         "TypeError: acquire() takes no arguments (1 given)"},
        {MAIN("LOAD_GLOBAL range; CALL 0"),
         "TypeError: range() takes exactly one argument (0 given)"},
        // range() and sleep()
        {SLEEP("-1"), "ValueError: sleep length must be non-negative"},
        {SLEEP("9223372036854776"), "OverflowError: " TOO_LONG},
        {SLEEP("18446744073709552"), "OverflowError: " TOO_LONG}, // 2**64 nanoseconds, and a few
        {MAIN("LOAD_GLOBAL sleep; LOAD_CONST 0; CALL 1; POP_TOP; LOAD_CONST 1"), "1"},
        {MAIN(RANGE("2147483648")), "OverflowError: range() stops at 2147483647 here"},
        {MAIN(RANGE("2147483647") "; POP_TOP; LOAD_CONST 1"), "1"},
        // A global drops what it held: the references are counted at the end
        {"global g;" MAIN("LOAD_GLOBAL main; STORE_GLOBAL g; LOAD_CONST 1; STORE_GLOBAL g;"
                          " LOAD_GLOBAL g"),
         "1"},
        // Arithmetic
        {BINARY("1", "+", "None"),
         "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'"},
        {MAIN("LOAD_GLOBAL main; LOAD_GLOBAL range; BINARY_OP -="),
         "TypeError: unsupported operand type(s) for -=: 'function' and "
         "'builtin_function_or_method'"},
        {MAIN("LOAD_GLOBAL main; LOAD_CONST 1; COMPARE_OP <"),
         "TypeError: '<' not supported between instances of 'function' and 'int'"},
        {BINARY("2305843009213693950", "+", "1"), "2305843009213693951"},
        {BINARY("-2305843009213693951", "-", "1"), "-2305843009213693952"},
        {BINARY("2305843009213693951", "+", "1"), TOO_LARGE},
        {BINARY("-2305843009213693952", "-", "1"), TOO_LARGE},
        {BINARY("2305843009213693951", "*", "9"), TOO_LARGE},
        {BINARY("4294967296", "*", "4294967296"), TOO_LARGE},
        {BINARY("-2305843009213693952", "//", "-1"), TOO_LARGE},
        {BINARY("-2305843009213693952", "%", "-1"), "0"},
        {BINARY("7", "//", "2"), "3"},
        {BINARY("-7", "//", "2"), "-4"},
        {BINARY("7", "//", "-2"), "-4"},
        {BINARY("6", "//", "-2"), "-3"},
        {BINARY("-7", "%=", "2"), "1"},
        {BINARY("7", "%", "-2"), "-1"},
        {BINARY("12", "^", "10"), "6"},
        {BINARY("12", "|=", "10"), "14"},
        {BINARY("12", "&", "10"), "8"},
        {BINARY("1", "//", "0"), "ZeroDivisionError: integer division or modulo by zero"},
        {BINARY("1", "%", "0"), "ZeroDivisionError: integer modulo by zero"},
        // Jumps, and what is true
        {DOWN("POP_JUMP_BACKWARD_IF_TRUE next"), "0"},
        {DOWN("LOAD_CONST 5; COMPARE_OP <; POP_JUMP_BACKWARD_IF_FALSE next"), "4"},
        {LAST_OF("-5"), "0"},
        {LAST_OF("5"), "4"},
        {TRUTH_OF("LOAD_CONST None"), "0"},
        {TRUTH_OF("LOAD_CONST 0"), "0"},
        {TRUTH_OF("LOAD_CONST -1"), "1"},
        {TRUTH_OF("LOAD_GLOBAL main"), "1"},
        {TRUTH_OF(RANGE("1")), "1"},
        {TRUTH_OF(RANGE("0")), "0"},
        {TRUTH_OF(RANGE("-1")), "0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_outcome(cases[i][0], cases[i][1]);
}

/* Three centuries: it sleeps, and so it does by the virtual clock, up to where that ends. */
TEST(test_a_long_sleep_is_slept) {
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        run_main(SLEEP("9223372036854775"));
        _exit(0);
    }
    usleep(50000);
    pid_t ended = waitpid(child, NULL, WNOHANG);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(ended, 0);
    begin_virtual(SLEEP("9223372036854700") "function twice; RESUME; LOAD_GLOBAL main; CALL 0;"
                                            " POP_TOP; LOAD_GLOBAL main; CALL 0; RETURN_VALUE",
                  5000);
    Task twice = task("twice", 0);
    assert_int_equal(program_run(&program, &twice, 1), 0);
    assert_string_equal(twice.error.message, TOO_LONG);
    assert_true(virtual_clock.now - 9223372036854700 < 100);
    end();
}

TEST(test_a_lock_is_released_once) {
    begin("lock l");
    Thread *thread = new_thread();
    take_gil(&thread->tstate);
    for (int i = 0; i < 3; i++) {
        for (int again = 0; again < 2; again++) {
            assert_int_equal(lock_release(thread, program.locks[0]), -1);
            assert_error(RuntimeError, "release unlocked lock");
        }
        assert_int_equal(lock_acquire(thread, program.locks[0]), 0);
        assert_int_equal(lock_release(thread, program.locks[0]), 0);
    }
    drop_gil(&thread->tstate);
    testing_free(thread);
    end();
}

TEST(test_comparisons) {
    const struct {
        const char *left, *right;
        int expected[6]; // for < <= == != > >=; 2: not comparable
    } cases[] = {{"CONST 1", "CONST 2", {1, 1, 0, 1, 0, 0}},
                 {"CONST 2", "CONST 2", {0, 1, 1, 0, 0, 1}},
                 {"CONST 3", "CONST 2", {0, 0, 0, 1, 1, 1}},
                 {"GLOBAL main", "GLOBAL main", {2, 2, 1, 0, 2, 2}},
                 {"GLOBAL main", "CONST None", {2, 2, 0, 1, 2, 2}}};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int op = 0; op < COMPARISONS; op++) {
            char text[200];
            snprintf(text, sizeof text, MAIN("LOAD_%s; LOAD_%s; COMPARE_OP %s"), cases[i].left,
                     cases[i].right, comparison_names[op]);
            if (cases[i].expected[op] < 2) {
                assert_outcome(text, cases[i].expected[op] ? "1" : "0");
            } else {
                assert_int_equal(run_main(text).error.type, TypeError);
            }
        }
}

TEST(test_names_at_the_edges) {
    begin("");
    assert_int_equal(program_define(&program, "range", 0, builtin_interrupt_me, NULL), -1);
    assert_error(ValueError, "there is already a 'range'");
    int slot = program_global(&program, "a_name_of_31_bytes_____________");
    assert_int_equal(slot, program.nglobals - 1);
    assert_int_equal(program_get(&program, "a_name_of_31_bytes_____________").bits, NONE.bits);
    assert_int_equal(program_global(&program, "a_name_of_32_bytes______________"), -1);
    assert_error(ValueError, "the name 'a_name_of_32_bytes______________' is too long");
    assert_int_equal(program_define_lock(&program, "a_name_of_23_bytes_____"), 0);
    assert_int_not_equal(program_get(&program, "a_name_of_23_bytes_____.acquire").bits, 0);
    assert_int_not_equal(program_get(&program, "a_name_of_23_bytes_____.release").bits, 0);
    assert_int_equal(program_define_lock(&program, "a_name_of_24_bytes______"), -1);
    assert_error(ValueError, "the name 'a_name_of_24_bytes______' is too long");
    assert_null(program_function(&program, "a_name_of_31_bytes_____________"));
    assert_null(program_function(&program, "a_name_of_23_bytes_____.acquire"));
    assert_null(program_function(&program, "nothing"));
    end();
}

TEST(test_where_the_loop_looks) {
    const char *const always = " RESUME JUMP_BACKWARD POP_JUMP_BACKWARD_IF_FALSE"
                               " POP_JUMP_BACKWARD_IF_TRUE ";
    const char *const trivial = " LOAD_FAST STORE_FAST LOAD_CONST POP_TOP JUMP_FORWARD"
                                " POP_JUMP_FORWARD_IF_FALSE POP_JUMP_FORWARD_IF_TRUE ";
    for (Opcode op = 0; op < OPCODE_COUNT; op++) {
        char word[40];
        snprintf(word, sizeof word, " %s ", opcode_name(op));
        bool is_always = strstr(always, word), is_trivial = strstr(trivial, word);
        assert_int_equal(opcode_checks(CHECKS_3_11, op, false), is_always);
        assert_int_equal(opcode_checks(CHECKS_3_11, op, true), is_always || op == CALL);
        assert_int_equal(opcode_checks(CHECKS_3_9, op, false), !is_trivial);
    }
}

/* Sends an error when the loop has gone round, so that RESUME has not seen it. */
static void interrupt_in_the_loop(Thread *thread, const CodeUnit *next) {
    if (next - thread->frames[0].function->code == 2) {
        thread_set_async_exc(&thread->tstate, KeyboardInterrupt);
    }
}

/* An endless loop must look, each kind of it. */
TEST(test_endless_loops_look) {
    const char *const loops[] = {
        "again:; LOAD_CONST 1; POP_TOP; JUMP_BACKWARD again",
        "again:; LOAD_CONST 1; POP_JUMP_BACKWARD_IF_TRUE again; JUMP_BACKWARD again",
        "again:; LOAD_CONST 0; POP_JUMP_BACKWARD_IF_FALSE again; JUMP_BACKWARD again"};
    for (int checks = CHECKS_3_11; checks <= CHECKS_3_9; checks++) {
        for (size_t i = 0; i < COUNT(loops); i++) {
            char text[200];
            snprintf(text, sizeof text, "function main; RESUME; %s", loops[i]);
            begin(text);
            program.checks = (EvalChecks)checks;
            program.watch = interrupt_in_the_loop;
            Task main_task = task("main", 0);
            assert_int_equal(program_run(&program, &main_task, 1), 0);
            assert_int_equal(main_task.error.type, KeyboardInterrupt);
            end();
        }
    }
}

/* After a call of a C function it looks; the value it returned is dropped with the frame. */
TEST(test_call_looks) {
    begin("");
    assert_int_equal(program_define(&program, "bolt", 0, builtin_interrupt_me, NULL), 0);
    const char *text = "global after;" MAIN("LOAD_GLOBAL bolt; CALL 0; POP_TOP; LOAD_CONST 1;"
                                            " STORE_GLOBAL after; LOAD_CONST None");
    assert_int_equal(assemble(&program, text), 0);
    Task main_task = task("main", 0);
    assert_int_equal(program_run(&program, &main_task, 1), 0);
    assert_int_equal(main_task.error.type, KeyboardInterrupt);
    assert_int_equal(get_int("after"), 0);
    end();
}

TEST(test_without_the_gil_nothing_is_promised) {
    begin(sums);
    program.gil.enabled = false;
    assert_int_equal(sum("bare", 1000, 1), 1000);
    assert_refcounts_are_back();
    assert_true(sum("bare", 100000, 4) <= 400000); // and no race that a sanitizer sees
    end();
}

/* ---- Assembling ------------------------------------------------------------------------------*/

TEST(test_complaints) {
    const struct {
        const char *text, *message;
    } cases[] = {
        {"RESUME", "t:1: outside of a function: 'RESUME'"},
        {"function", "t:1: a function needs a name"},
        {"function f a b c d e", "t:1: at most 4 parameters"},
        {"function f a a; RESUME", "t:1: twice a parameter: 'a'"},
        {"function f", "t:1: runs past its end: function 'f'"},
        {";;function f; RESUME;", "t:3: runs past its end: function 'f'"},
        {"function f; RESUME 1", "t:2: takes no argument: 'RESUME'"},
        {"function f; LOAD_FAST", "t:2: takes one argument: 'LOAD_FAST'"},
        {"function f; LOAD_FASTER x", "t:2: no opcode 'LOAD_FASTER'"},
        {"function f; LOAD_CONST x", "t:2: not an int of 62 bits, and not None: 'x'"},
        {"function f; LOAD_CONST -", "t:2: not an int of 62 bits, and not None: '-'"},
        {"function f; LOAD_CONST 2305843009213693952",
         "t:2: not an int of 62 bits, and not None: '2305843009213693952'"},
        {"function f; LOAD_GLOBAL x", "t:2: no global 'x'"},
        {"function f; BINARY_OP **", "t:2: no operator '**'"},
        {"function f; COMPARE_OP =", "t:2: no comparison '='"},
        {"function f; CALL 5", "t:2: a call takes 0 to 4 arguments, not '5'"},
        {"function f; CALL None", "t:2: a call takes 0 to 4 arguments, not 'None'"},
        {"function f; JUMP_FORWARD x; RETURN_VALUE", "t:2: no label 'x'"},
        {"function f; x:; JUMP_FORWARD x", "t:3: not ahead of this: 'x'"},
        {"function f; JUMP_BACKWARD x; x:; RETURN_VALUE", "t:2: not behind this: 'x'"},
        {"function f; x:; x:", "t:3: there is already a label 'x'"},
        {"function f; RETURN_VALUE", "t:1: takes from an empty stack: function 'f'"},
        {"function f; LOAD_CONST 1; BINARY_OP +; RETURN_VALUE",
         "t:1: takes from an empty stack: function 'f'"},
        {"function f; LOAD_CONST 1; JUMP_FORWARD x; x:", "t:1: runs past its end: function 'f'"},
        {"function f; x:; LOAD_CONST 1; JUMP_BACKWARD x",
         "t:1: different stack depths meet: function 'f'"},
        {"function f; LOAD_CONST 1; POP_JUMP_FORWARD_IF_TRUE x; LOAD_CONST 1; x:; LOAD_CONST 1;"
         " RETURN_VALUE",
         "t:1: different stack depths meet: function 'f'"},
        {"global", "t:1: expected: global NAME [VALUE]"},
        {"global a b c", "t:1: expected: global NAME [VALUE]"},
        {"global a; global a", "t:2: there is already a 'a'"},
        {"global a; function a", "t:2: there is already a 'a'"},
        {"global a x", "t:1: not an int of 62 bits, and not None: 'x'"},
        {"lock", "t:1: expected: lock NAME"},
        {"lock l; lock l", "t:2: there is already a 'l.acquire'"},
        {"global x.acquire; lock x", "t:2: there is already a 'x.acquire'"},
        {"global x.release; lock x", "t:2: there is already a 'x.release'"},
        {"function f; LOAD_CONST 1; RETURN_VALUE; function f", "t:4: there is already a 'f'"},
        {"lock a_name_of_more_than_23_bytes",
         "t:1: the name 'a_name_of_more_than_23_bytes' is too long"},
        {"thread", "t:1: expected: thread FUNCTION [VALUE...]"},
        {"thread f", "t:1: no function 'f'"},
        {"global f; thread f", "t:2: no function 'f'"},
        {"function f a; LOAD_FAST a; RETURN_VALUE; thread f",
         "t:4: wrong number of arguments for 'f'"},
        {"function f a; LOAD_FAST a; RETURN_VALUE; thread f x",
         "t:4: not an int of 62 bits, and not None: 'x'"},
        {"a b c d e f g h i", "t:1: too many words"},
        {"global \x01", "t:1: a byte that is not printable"},
        {"# only; a_word_of_thirty_two_characters_", "t:2: too long a word"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(program_init(&program), 0);
        assert_int_equal(assemble(&program, cases[i].text), -1);
        assert_error(ValueError, cases[i].message);
        program_fini(&program);
    }
}

/* A line, repeated until the complaint comes. */
TEST(test_too_many_of_anything) {
    const struct {
        const char *head, *line, *message;
    } cases[] = {
        {"", "global g%d;", "too many globals"},
        {"", "lock l%d;", "too many objects"},
        {"", "function f%d; LOAD_CONST 1; RETURN_VALUE;", "too many"},
        {"function f;", "RESUME;", "too long a function"},
        {"function f;", "LOAD_FAST x%d;", "too many local variables"},
        {"function f;", "LOAD_CONST %d;", "too many constants"},
        {"function f;", "l%d:;", "too many labels"},
        {"function f;", "JUMP_FORWARD l%d;", "too many jumps"},
        {"function f; LOAD_CONST 1; RETURN_VALUE;", "thread f;", "too many threads"},
    };
    char text[20000];
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t used = (size_t)snprintf(text, sizeof text, "%s", cases[i].head);
        for (int k = 0; k < 300; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, cases[i].line, k, k);
        assert_int_equal(program_init(&program), 0);
        assert_int_equal(assemble(&program, text), -1);
        if (!strstr(error_message(), cases[i].message)) fail_msg("%s", error_message());
        error_clear();
        program_fini(&program);
    }
    for (int deep = STACK_MAX; deep <= STACK_MAX + 1; deep++) {
        snprintf(text, sizeof text, "function f;");
        for (int i = 0; i < deep; i++)
            strcat(text, "LOAD_CONST 1;");
        assert_int_equal(program_init(&program), 0);
        assert_int_equal(assemble(&program, strcat(text, "RETURN_VALUE")),
                         deep > STACK_MAX ? -1 : 0);
        if (deep > STACK_MAX) {
            assert_error(ValueError, "t:1: needs too much stack: function 'f'");
        } else {
            assert_int_equal(program_function(&program, "f")->stacksize, STACK_MAX);
        }
        program_fini(&program);
    }
}

/* Ends what runs too long, at its next look. */
static void watchdog(Thread *thread, __attribute__((unused)) const CodeUnit *next) {
    if (thread->instructions > 5000) thread_set_async_exc(&thread->tstate, KeyboardInterrupt);
}

static void run_every_function(void) {
    const Value args[] = {value_int(3), value_int(4), NONE, NONE};
    for (int i = 0; i < program.nobjects; i++) {
        if (program.objects[i]->is_builtin) continue;
        Thread *thread = new_thread();
        take_gil(&thread->tstate);
        Value result = eval_call(thread, (Function *)program.objects[i], args);
        assert_int_equal(result.bits == 0, error_occurred() != NoError);
        assert_int_equal(thread->depth, 0);
        value_decref(result);
        error_clear();
        drop_gil(&thread->tstate);
        testing_free(thread);
    }
}

static const char pure[] = "global counter\nglobal limit 7\n"
                           "function one\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
                           "function called n\n" LOOP(ADD_CALL("one")) //
    "function down n m\n RESUME\n LOAD_FAST n\n STORE_FAST k\n"
    "again:\n LOAD_FAST k\n LOAD_CONST 1\n BINARY_OP -\n STORE_FAST k\n"
    " LOAD_FAST k\n LOAD_CONST 0\n COMPARE_OP >\n POP_JUMP_BACKWARD_IF_TRUE again\n"
    " LOAD_FAST k\n LOAD_FAST m\n BINARY_OP +\n POP_JUMP_FORWARD_IF_FALSE zero\n"
    " LOAD_GLOBAL one\n STORE_GLOBAL limit\n"
    "zero:\n LOAD_GLOBAL down\n LOAD_GLOBAL limit\n LOAD_CONST 3\n CALL 2\n RETURN_VALUE\n";

static size_t line_at(const char *text, size_t at) {
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

/* Texts with lines or bytes changed: refused or accepted, and what was accepted stays in its bounds
 * (the sanitizers watch). */
TEST(test_random_texts) {
    long before = testing_blocks();
    int accepted = 0;
    uint64_t seed = testing_seed();
    for (int round = 0; round < 3000; round++) {
        char text[sizeof pure];
        memcpy(text, pure, sizeof pure);
        for (uint64_t changes = 1 + testing_random(&seed, 2); changes; changes--) {
            // A line in the place of another of the same length: much of that is accepted.
            size_t from = line_at(text, testing_random(&seed, sizeof pure - 1));
            size_t to = line_at(text, testing_random(&seed, sizeof pure - 1));
            size_t length = strcspn(text + from, "\n");
            bool fits = length == strcspn(text + to, "\n") && testing_random(&seed, 20);
            memmove(text + to, text + from, fits ? length : testing_random(&seed, length + 1) % 5);
        }
        begin("");
        program.watch = watchdog;
        if (program_assemble(&program, "t", text, sizeof pure - 1) == 0) {
            accepted++;
            run_every_function();
        } else {
            assert_true(error_matches(ValueError));
            error_clear();
        }
        program_fini(&program); // not end(): a global may hold a function
    }
    assert_true(accepted > 100);
    assert_int_equal(testing_blocks(), before);
}

/* ---- Out of memory, out of threads -----------------------------------------------------------*/

TEST(test_each_allocation_fails) {
    long before = testing_blocks(), n = 0;
    for (bool failed = true; failed; n++) {
        assert_int_equal(program_init(&program), 0);
        testing_fail_at(n);
        int status = program_define_builtins(&program);
        if (status == 0) status = assemble(&program, sums);
        Task bare = task("bare", 1);
        if (status == 0) status = program_run(&program, &bare, 1);
        failed = testing_has_failed();
        testing_fail_at(-1);
        assert_int_equal(status, failed ? -1 : 0);
        if (failed) {
            assert_error(MemoryError, "");
            assert_int_equal(bare.result.bits, 0);
        }
        program_fini(&program);
        assert_int_equal(testing_blocks(), before);
        assert_int_equal(alive, 0);
    }
    assert_true(n > 10);
}

TEST(test_no_thread_runs_unless_all_do) {
    long before = testing_blocks();
    begin_virtual(sums, 5000);
    for (int virtual = 0; virtual < 2; virtual ++) {
        program.clock = virtual ? &virtual_clock : NULL;
        for (int n = 0; n < 5; n++) {
            Task tasks[5];
            for (int i = 0; i < 5; i++)
                tasks[i] = task("bare", 10);
            assert_int_equal(program_set_int(&program, "counter", 0), 0);
            refuse_at(n);
            assert_int_equal(program_run(&program, tasks, 5), -1);
            assert_error(RuntimeError, "can't start new thread");
            assert_int_equal(get_int("counter"), 0);
        }
        assert_int_equal(sum("bare", 10, 5), 50);
    }
    assert_int_equal(program_run(&program, NULL, TASKS_MAX + 1), -1);
    assert_error(ValueError, "at most 16 threads");
    assert_int_equal(program_run(&program, NULL, 0), 0);
    refuse_at(0);
    assert_int_equal(program_define_lock(&program, "another"), -1);
    assert_error(RuntimeError, "can't allocate lock");
    end();
    assert_int_equal(testing_blocks(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_each_part_of_it_refused),
        cmocka_unit_test(test_switch_interval),
        cmocka_unit_test(test_one_holder_of_many),
        cmocka_unit_test(test_forced_switch_hands_over),
        cmocka_unit_test(test_no_request_without_need),
        cmocka_unit_test(test_a_switch_restarts_the_wait),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_a_full_trace_loses_the_rest_and_counts_all),
        cmocka_unit_test(test_async_exc_reaches_its_thread_only),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_where_updates_are_lost),
        cmocka_unit_test(test_virtual_time),
        cmocka_unit_test(test_virtual_runs_are_equal),
        cmocka_unit_test(test_deadlock_is_seen),
        cmocka_unit_test(test_signal_storm),
        cmocka_unit_test(test_what_a_program_comes_to),
        cmocka_unit_test(test_a_long_sleep_is_slept),
        cmocka_unit_test(test_a_lock_is_released_once),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_names_at_the_edges),
        cmocka_unit_test(test_where_the_loop_looks),
        cmocka_unit_test(test_endless_loops_look),
        cmocka_unit_test(test_call_looks),
        cmocka_unit_test(test_without_the_gil_nothing_is_promised),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_too_many_of_anything),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_no_thread_runs_unless_all_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
