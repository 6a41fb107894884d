/* test.c: the GIL's promises under many threads, the loop on its own, and both without resources.
 */
#include "../virtual.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/time.h>

/* ---- What can be refused, besides memory -----------------------------------------------------*/

static int refuse_at = -1; // calls still to be granted before one is refused; -1: all are
static int alive;          // mutexes, conditions and semaphores made and not destroyed

static bool grant(void) {
    return refuse_at < 0 || refuse_at-- > 0;
}

static int granted_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    return grant() ? alive++, pthread_mutex_init(mutex, attributes) : ENOMEM;
}
static int granted_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attributes) {
    return grant() ? alive++, pthread_cond_init(cond, attributes) : ENOMEM;
}
static int granted_condattr_init(pthread_condattr_t *attributes) {
    return grant() ? alive++, pthread_condattr_init(attributes) : ENOMEM;
}
static int granted_sem_init(sem_t *sem, int shared, unsigned value) {
    if (grant()) return alive++, sem_init(sem, shared, value);
    errno = ENOSPC;
    return -1;
}

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

static int granted_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument) {
    static Start starts[64]; // more than there are threads at a time
    static unsigned next;
    if (!grant()) return EAGAIN;
    if (!storming) return pthread_create(thread, attributes, function, argument);
    Start *start = &starts[next++ % 64];
    *start = (Start){function, argument};
    return pthread_create(thread, attributes, start_in_storm, start);
}
static int counted_mutex_destroy(pthread_mutex_t *mutex) {
    return alive--, pthread_mutex_destroy(mutex);
}
static int counted_cond_destroy(pthread_cond_t *cond) {
    return alive--, pthread_cond_destroy(cond);
}
static int counted_condattr_destroy(pthread_condattr_t *attributes) {
    return alive--, pthread_condattr_destroy(attributes);
}
static int counted_sem_destroy(sem_t *sem) {
    return alive--, sem_destroy(sem);
}

/* The parts that ask the system for something, compiled here with the functions above. The linker
 * then has no need for those of the library. */
#define pthread_mutex_init       granted_mutex_init
#define pthread_cond_init        granted_cond_init
#define pthread_condattr_init    granted_condattr_init
#define pthread_create           granted_create
#define sem_init                 granted_sem_init
#define pthread_mutex_destroy    counted_mutex_destroy
#define pthread_cond_destroy     counted_cond_destroy
#define pthread_condattr_destroy counted_condattr_destroy
#define sem_destroy              counted_sem_destroy
// clang-format off
#include "../gil.c"
#include "../virtual.c"
#include "../program.c"
// clang-format on
#undef pthread_mutex_init
#undef pthread_cond_init
#undef pthread_condattr_init
#undef pthread_create
#undef sem_init
#undef pthread_mutex_destroy
#undef pthread_cond_destroy
#undef pthread_condattr_destroy
#undef sem_destroy

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

#define LOOP(body)                                                                                 \
    " RESUME\n LOAD_GLOBAL range\n LOAD_FAST n\n CALL 1\n GET_ITER\nnext:\n FOR_ITER done\n"       \
    " STORE_FAST _\n" body " JUMP_BACKWARD next\ndone:\n LOAD_CONST None\n RETURN_VALUE\n"

// clang-format off
static const char sums[] =
    "global counter\nlock lock\n"
    "function one\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function bare n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function called n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_GLOBAL one\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function locked n\n"
    LOOP(" LOAD_GLOBAL lock.acquire\n CALL 0\n POP_TOP\n"
         " LOAD_GLOBAL counter\n LOAD_GLOBAL one\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n"
         " LOAD_GLOBAL lock.release\n CALL 0\n POP_TOP\n")
    "function napping n\n"
    LOOP(" LOAD_GLOBAL lock.acquire\n CALL 0\n POP_TOP\n"
         " LOAD_GLOBAL counter\n LOAD_GLOBAL sleep\n LOAD_CONST 300\n CALL 1\n POP_TOP\n"
         " LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n"
         " LOAD_GLOBAL lock.release\n CALL 0\n POP_TOP\n");
// clang-format on

static void begin(Program *program, const char *text) {
    assert_int_equal(program_init(program), 0);
    assert_int_equal(program_define_builtins(program), 0);
    if (program_assemble(program, "test", text, strlen(text)) < 0) fail_msg("%s", error_message());
}

static Thread *new_thread(Program *program) {
    Thread *thread = thread_new(program, 0);
    if (!thread) abort(); // for gcc, which does not see that assert_non_null() does not return
    return thread;
}

static int64_t get_int(const Program *program, const char *name) {
    return value_as_int(program_get(program, name));
}

/* Runs `function`(n) in so many threads; what `counter` is then, having been 0. */
static int64_t sum(Program *program, const char *function, int64_t n, int threads) {
    Task tasks[TASKS_MAX] = {{0}};
    assert_int_equal(program_set_int(program, "counter", 0), 0);
    for (int i = 0; i < threads; i++) {
        tasks[i].function = program_function(program, function);
        tasks[i].args[0] = value_int(n);
    }
    assert_int_equal(program_run(program, tasks, threads), 0);
    for (int i = 0; i < threads; i++) {
        assert_int_equal(tasks[i].error.type, NoError);
        assert_int_equal(tasks[i].result.bits, NONE.bits);
    }
    return get_int(program, "counter");
}

static void assert_refcounts_are_back(const Program *program) {
    for (int i = 0; i < program->nobjects; i++) {
        assert_int_equal(program->objects[i]->refcnt, 1);
        assert_false(program->objects[i]->dead);
    }
}

/* ---- The lock --------------------------------------------------------------------------------*/

static void test_alone(void **state) {
    (void)state;
    Gil gil;
    assert_int_equal(create_gil(&gil), 0);
    ThreadState a = {.gil = &gil}, b = {.gil = &gil};
    assert_int_equal(gil.locked, 0);
    assert_int_equal(gil.interval, 5000);
    for (int i = 0; i < 3; i++) {
        take_gil(&a);
        assert_int_equal(gil.locked, 1);
        assert_ptr_equal(gil.last_holder, &a);
        assert_int_equal(gil.switch_number, 1); // again by the same: no switch
        drop_gil(&a);
        assert_int_equal(gil.locked, 0);
    }
    take_gil(&b);
    assert_int_equal(gil.switch_number, 2);
    drop_gil(&b);
    destroy_gil(&gil);
    assert_int_equal(gil.locked, -1);
    assert_int_equal(alive, 0);
}

static void test_each_part_of_it_refused(void **state) {
    (void)state;
    const char *const messages[] = {
        "PyMUTEX_INIT(gil->mutex) failed",      "PyMUTEX_INIT(gil->switch_mutex) failed",
        "PyCOND_INIT(gil->cond) failed",        "PyCOND_INIT(gil->cond) failed",
        "PyCOND_INIT(gil->switch_cond) failed", "PyCOND_INIT(gil->switch_cond) failed"};
    Gil gil;
    for (int n = 0; n < 6; n++) {
        refuse_at = n;
        assert_int_equal(create_gil(&gil), -1);
        assert_error(RuntimeError, messages[n]);
        assert_int_equal(gil.locked, -1);
        assert_int_equal(alive, 0);
    }
    refuse_at = 6;
    assert_int_equal(create_gil(&gil), 0);
    refuse_at = -1;
    destroy_gil(&gil);
    assert_int_equal(alive, 0);
}

static void test_switch_interval(void **state) {
    (void)state;
    Gil gil;
    assert_int_equal(create_gil(&gil), 0);
    assert_true(sys_getswitchinterval(&gil) == 0.005);
    assert_int_equal(sys_setswitchinterval(&gil, 1.5), 0);
    assert_int_equal(gil.interval, 1500000);
    const double wrong[] = {0.0, -1e-9, -1.0, NAN};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sys_setswitchinterval(&gil, wrong[i]), -1);
        assert_error(ValueError, "switch interval must be strictly positive");
        assert_int_equal(gil.interval, 1500000);
    }
    assert_int_equal(sys_setswitchinterval(&gil, 1e300), 0); // no deadline overflows
    assert_int_equal(gil.interval, 3000000000000000);
    assert_int_equal(sys_setswitchinterval(&gil, 1e-9), 0);
    assert_int_equal(gil.interval, 0); // as in CPython; waits a microsecond
    destroy_gil(&gil);
}

enum { CROWD = 8, VISITS = 200 };
typedef struct {
    ThreadState tstate;
    atomic_int *inside, *broken;
    unsigned long *last_switch; // under the GIL
    int visits;
} Visitor;

/* Takes the GIL, stays until asked to drop it (or not), and looks around. */
static void *visit(void *argument) {
    Visitor *self = argument;
    Gil *gil = self->tstate.gil;
    take_gil(&self->tstate);
    while (self->visits < VISITS) {
        if (atomic_fetch_add(self->inside, 1) != 0) atomic_store(self->broken, 1);
        if (gil->switch_number < *self->last_switch) atomic_store(self->broken, 2);
        *self->last_switch = gil->switch_number;
        if (gil->last_holder != &self->tstate || !gil->locked) atomic_store(self->broken, 3);
        atomic_fetch_sub(self->inside, 1);
        self->visits++;
        unsigned long before = gil->switch_number;
        bool asked = atomic_load(&gil->gil_drop_request);
        if (self->visits % 3 == 0) {
            drop_gil(&self->tstate);
            take_gil(&self->tstate);
        } else if (atomic_load(&gil->eval_breaker) || asked) {
            if (eval_frame_handle_pending(&self->tstate) < 0) atomic_store(self->broken, 4);
        }
        // Who was forced out comes back only after another: two switches at least.
        if (asked && gil->switch_number < before + 2) atomic_store(self->broken, 5);
    }
    drop_gil(&self->tstate);
    return NULL;
}

static void crowd(double interval) {
    Gil gil;
    assert_int_equal(create_gil(&gil), 0);
    assert_int_equal(sys_setswitchinterval(&gil, interval), 0);
    atomic_int inside = 0, broken = 0;
    unsigned long last_switch = 0;
    Visitor visitors[CROWD];
    pthread_t threads[CROWD];
    for (int i = 0; i < CROWD; i++) {
        visitors[i] = (Visitor){{.gil = &gil, .id = i}, &inside, &broken, &last_switch, 0};
        assert_int_equal(granted_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL); // every waiter got it, or this never returns
        assert_int_equal(visitors[i].visits, VISITS);
    }
    assert_int_equal(broken, 0);
    assert_int_equal(gil.locked, 0);
    assert_int_equal(gil.gil_drop_request, 0);
    assert_true(gil.switch_number >= CROWD);
    destroy_gil(&gil);
}

static void test_one_holder_of_many(void **state) {
    (void)state;
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
static void test_forced_switch_hands_over(void **state) {
    (void)state;
    Gil gil;
    GilEvent events[16];
    for (int i = 0; i < 50; i++) {
        assert_int_equal(create_gil(&gil), 0);
        GilTrace trace = {.events = events, .capacity = 16};
        gil.trace = &trace;
        assert_int_equal(sys_setswitchinterval(&gil, 0.0002), 0);
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
        // The story in the trace: asked no sooner than an interval after it began to wait.
        // (Again and again, if this thread was slow to look.)
        size_t forced = 3;
        while (forced < 14 && events[forced].kind == GIL_REQUEST)
            forced++;
        assert_int_equal(events[0].kind, GIL_TAKE);
        assert_int_equal(events[1].kind, GIL_WAIT);
        assert_int_equal(events[2].kind, GIL_REQUEST);
        assert_int_equal(events[2].thread, 1);
        assert_true(events[2].time - events[1].time >= 200000);
        if (forced < 14) {
            assert_int_equal(events[forced].kind, GIL_FORCED);
            assert_int_equal(events[forced].thread, 0);
            assert_int_equal(events[forced + 1].kind, GIL_TAKE);
            assert_int_equal(events[forced + 1].thread, 1);
        }
        destroy_gil(&gil);
    }
}

/* A holder that leaves in time is never asked. */
static void test_no_request_without_need(void **state) {
    (void)state;
    Gil gil;
    GilEvent events[16];
    GilTrace trace = {.events = events, .capacity = 16};
    assert_int_equal(create_gil(&gil), 0);
    gil.trace = &trace;
    assert_int_equal(sys_setswitchinterval(&gil, 3600), 0);
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
    assert_int_equal(trace.count, 5);
    const char kinds[] = {'t', 'w', 'd', 't', 'd'};
    for (int k = 0; k < 5; k++)
        assert_int_equal(events[k].kind, kinds[k]);
    destroy_gil(&gil);
}

/* Who asks has waited an interval in which the GIL did not change hands. */
static void test_a_switch_restarts_the_wait(void **state) {
    (void)state;
    enum { EVENTS = 60000 };
    Program program;
    begin(&program, sums);
    GilEvent *events = test_malloc(EVENTS * sizeof *events);
    GilTrace trace = {.events = events, .capacity = EVENTS};
    program.gil.trace = &trace;
    assert_int_equal(sys_setswitchinterval(&program.gil, 0.0005), 0);
    // On a fast machine, or with nobody waiting at the wrong moment, it takes longer.
    size_t requests = 0;
    for (int64_t n = 60000; requests < 50; n *= 2) {
        trace.count = 0;
        sum(&program, "called", n, 5);
        size_t count = trace.count < EVENTS ? trace.count : EVENTS;
        uint64_t switched = 0;
        int holder = -1;
        for (size_t i = 0; i < count; i++) {
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
    test_free(events);
    program_fini(&program);
}

static void test_disabled(void **state) {
    (void)state;
    Gil gil;
    assert_int_equal(create_gil(&gil), 0);
    gil.enabled = false;
    ThreadState a = {.gil = &gil}, b = {.gil = &gil};
    take_gil(&a);
    take_gil(&b); // would wait for ever
    assert_int_equal(gil.locked, 0);
    drop_gil(&b);
    drop_gil(&a);
    destroy_gil(&gil);
}

static void test_a_full_trace_loses_the_rest(void **state) {
    (void)state;
    Gil gil;
    GilEvent events[3] = {{0, 0, GIL_TAKE}, {0, 0, GIL_TAKE}, {77, 77, GIL_WAIT}};
    GilTrace trace = {.events = events, .capacity = 2};
    assert_int_equal(create_gil(&gil), 0);
    gil.trace = &trace;
    ThreadState a = {.gil = &gil, .id = 4}, unnamed = {.gil = &gil, .id = -1};
    for (int i = 0; i < 3; i++) {
        take_gil(&a);
        drop_gil(&a);
        take_gil(&unnamed);
        drop_gil(&unnamed);
    }
    assert_int_equal(trace.count, 6);
    assert_int_equal(events[1].kind, GIL_DROP);
    assert_int_equal(events[1].thread, 4);
    assert_int_equal(events[2].time, 77);
    destroy_gil(&gil);
}

/* ---- Errors sent from elsewhere --------------------------------------------------------------*/

static void test_async_exc_reaches_its_thread_only(void **state) {
    (void)state;
    Gil gil;
    assert_int_equal(create_gil(&gil), 0);
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
    assert_int_equal(eval_frame_handle_pending(&b), 0); // once
    drop_gil(&b);
    destroy_gil(&gil);
}

/* ---- Sums ------------------------------------------------------------------------------------*/

static void test_sums(void **state) {
    (void)state;
    Program program;
    begin(&program, sums);
    assert_int_equal(sys_setswitchinterval(&program.gil, 1e-6), 0);
    for (int checks = CHECKS_3_11; checks <= CHECKS_3_9; checks++) {
        program.checks = (EvalChecks)checks;
        for (int threads = 1; threads <= 5; threads++) {
            assert_int_equal(sum(&program, "locked", 700, threads), 700 * threads);
            assert_int_equal(sum(&program, "napping", 5, threads), 5 * threads);
            if (checks == CHECKS_3_11) {
                assert_int_equal(sum(&program, "bare", 7000, threads), 7000 * threads);
            }
            assert_true(sum(&program, "called", 7000, threads) <= 7000 * threads);
            assert_refcounts_are_back(&program);
        }
    }
    program_fini(&program);
}

/* By the clock that counts instructions every interval is tried: what can be lost is lost. */
static void test_where_updates_are_lost(void **state) {
    (void)state;
    Program program;
    VirtualClock clock;
    begin(&program, sums);
    assert_int_equal(virtual_clock_init(&clock), 0);
    program.clock = &clock;
    const struct {
        const char *function;
        EvalChecks checks;
        bool loses;
    } cases[] = {{"bare", CHECKS_3_11, false},   {"bare", CHECKS_3_9, true},
                 {"called", CHECKS_3_11, true},  {"called", CHECKS_3_9, true},
                 {"locked", CHECKS_3_11, false}, {"locked", CHECKS_3_9, false}};
    for (int i = 0; i < 6; i++) {
        int lost = 0;
        program.checks = cases[i].checks;
        for (int interval = 1; interval <= 25; interval++) {
            program.gil.interval = (unsigned long)interval;
            for (int threads = 2; threads <= 3; threads++) {
                int64_t first = sum(&program, cases[i].function, 20, threads);
                assert_int_equal(sum(&program, cases[i].function, 20, threads), first);
                assert_true(first >= 2 && first <= 20 * threads);
                lost += first < 20 * threads;
            }
            assert_int_equal(program.gil.interval, interval);
        }
        assert_int_equal(lost > 0, cases[i].loses);
        assert_refcounts_are_back(&program);
    }
    virtual_clock_fini(&clock);
    program_fini(&program);
}

/* ---- The virtual clock -----------------------------------------------------------------------*/

static void test_virtual_time(void **state) {
    (void)state;
    Program program;
    VirtualClock clock;
    begin(&program,
          "function nap n\n RESUME\n LOAD_GLOBAL sleep\n LOAD_FAST n\n CALL 1\n RETURN_VALUE\n");
    assert_int_equal(virtual_clock_init(&clock), 0);
    program.clock = &clock;
    GilEvent events[32];
    GilTrace trace = {.events = events, .capacity = 32, .clock = &clock.now};
    program.gil.trace = &trace;
    Task tasks[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        tasks[i].function = program_function(&program, "nap");
        tasks[i].args[0] = value_int(1000000 * (3 - i)); // seconds, that nobody waits for
    }
    assert_int_equal(program_run(&program, tasks, 3), 0);
    assert_int_equal(clock.now, 3000000 + 4 + 1);
    int64_t order[3], ended = 0, begun = 0;
    for (size_t i = 0; i < trace.count; i++)
        if (events[i].kind == GIL_TAKE && begun < 3) assert_int_equal(events[i].thread, begun++);
    for (size_t i = 0; i < trace.count; i++)
        if (events[i].kind == GIL_TAKE && events[i].time >= 1000000)
            order[ended++] = events[i].thread;
    assert_int_equal(ended, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(order[i], 2 - i);
        assert_int_equal(tasks[i].error.type, NoError);
        assert_int_equal(tasks[i].instructions, 5);
    }
    virtual_clock_fini(&clock);
    program_fini(&program);
}

/* Each thread's events by time, one thread after the other. (Where they stand in the array is up to
 * the kernel: a holder may ask for a thread that has not yet noted down since when it waits.) */
static size_t trace_once(Program *program, GilEvent *sorted, size_t capacity) {
    GilEvent events[600];
    GilTrace trace = {.events = events, .capacity = 600, .clock = &program->clock->now};
    size_t used = 0;
    program->gil.trace = &trace;
    assert_int_equal(sum(program, "locked", 30, 4), 120);
    program->gil.trace = NULL;
    assert_true(trace.count <= 600 && trace.count <= capacity);
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

static void test_virtual_runs_are_equal(void **state) {
    (void)state;
    Program program;
    VirtualClock clock;
    GilEvent first[600], again[600];
    begin(&program, sums);
    assert_int_equal(virtual_clock_init(&clock), 0);
    program.clock = &clock;
    program.gil.interval = 37;
    clock.deadlock = true; // as if left by a run before
    clock.blocked_on[1] = program.locks[0];
    size_t count = trace_once(&program, first, 600), requests = 0;
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
        assert_int_equal(trace_once(&program, again, 600), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(again[i].time, first[i].time);
            assert_int_equal(again[i].kind, first[i].kind);
        }
    }
    virtual_clock_fini(&clock);
    program_fini(&program);
}

static void test_deadlock_is_seen(void **state) {
    (void)state;
    Program program;
    VirtualClock clock;
    begin(&program, "lock a\nlock b\n"
                    "function ab\n RESUME\n LOAD_GLOBAL a.acquire\n CALL 0\n POP_TOP\n"
                    " LOAD_GLOBAL sleep\n LOAD_CONST 9\n CALL 1\n POP_TOP\n"
                    " LOAD_GLOBAL b.acquire\n CALL 0\n RETURN_VALUE\n"
                    "function ba\n RESUME\n LOAD_GLOBAL b.acquire\n CALL 0\n POP_TOP\n"
                    " LOAD_GLOBAL a.acquire\n CALL 0\n RETURN_VALUE\n"
                    "thread ab\nthread ba\n");
    assert_int_equal(virtual_clock_init(&clock), 0);
    program.clock = &clock;
    assert_int_equal(program_run(&program, program.tasks, program.ntasks), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(program.tasks[i].error.type, RuntimeError);
        assert_string_equal(program.tasks[i].error.message, "deadlock: all threads wait");
        assert_int_equal(program.tasks[i].result.bits, 0);
    }
    assert_refcounts_are_back(&program);
    assert_true(clock.now < 100); // waiting for ever takes no time
    virtual_clock_fini(&clock);
    program_fini(&program);
}

static void test_virtual_clock_refused(void **state) {
    (void)state;
    VirtualClock clock;
    for (int n = 0; n < 2; n++) {
        refuse_at = n;
        assert_int_equal(virtual_clock_init(&clock), -1);
        assert_error(RuntimeError, "can't allocate lock");
        assert_int_equal(alive, 0);
    }
    refuse_at = -1;
}

/* ---- Signals ---------------------------------------------------------------------------------*/

static atomic_int alarms;

static void on_alarm(int number) {
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

static void test_signal_storm(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = on_alarm}; // without SA_RESTART
    struct itimerval storm = {{0, 100}, {0, 100}}, calm = {{0, 0}, {0, 0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0); // and so it stays: one may be late
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    storming = true;
    Program program;
    begin(&program, sums);
    for (int i = 0; i < 2 || atomic_load(&alarms) < 500; i++) {
        assert_int_equal(sys_setswitchinterval(&program.gil, i % 2 ? 1e-6 : 1e-3), 0);
        assert_int_equal(sum(&program, "locked", 5000, 4), 20000);
        assert_int_equal(sum(&program, "bare", 50000, 4), 200000);
        uint64_t start = clock_now();
        assert_int_equal(sum(&program, "napping", 20, 3), 60);
        assert_true(clock_now() - start >= 60 * 300000); // no sleep was cut short
    }
    crowd(1e-6);
    program_fini(&program);
    storming = false;
    assert_int_equal(setitimer(ITIMER_REAL, &calm, NULL), 0);
}

/* ---- The loop --------------------------------------------------------------------------------*/

/* Runs main of a program in a thread; a result that is an int or None, or the error. */
static Task run_main(const char *text) {
    Program program;
    begin(&program, text);
    Task task = {.function = program_function(&program, "main")};
    assert_non_null(task.function);
    assert_int_equal(program_run(&program, &task, 1), 0);
    assert_refcounts_are_back(&program);
    program_fini(&program);
    return task;
}

static void assert_main_fails(const char *text, ErrorType type, const char *message) {
    Task task = run_main(text);
    assert_int_equal(task.result.bits, 0);
    assert_string_equal(error_name(task.error.type), error_name(type));
    assert_string_equal(task.error.message, message);
}

static void assert_main_is(const char *text, int64_t expected) {
    Task task = run_main(text);
    assert_int_equal(task.error.type, NoError);
    assert_int_equal(task.result.bits, value_int(expected).bits);
}

static void test_runtime_errors(void **state) {
    (void)state;
    assert_main_fails("function main\n RESUME\n LOAD_CONST 1\n LOAD_CONST None\n BINARY_OP +\n"
                      " RETURN_VALUE\n",
                      TypeError, "unsupported operand type(s) for +: 'int' and 'NoneType'");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL main\n LOAD_GLOBAL range\n"
                      " BINARY_OP -=\n RETURN_VALUE\n",
                      TypeError,
                      "unsupported operand type(s) for -=: 'function' and "
                      "'builtin_function_or_method'");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL main\n LOAD_CONST 1\n COMPARE_OP <\n"
                      " RETURN_VALUE\n",
                      TypeError, "'<' not supported between instances of 'function' and 'int'");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL main\nnext:\n FOR_ITER done\n POP_TOP\n"
                      " JUMP_BACKWARD next\ndone:\n LOAD_CONST 1\n RETURN_VALUE\n",
                      TypeError, "'function' object is not an iterator");
    assert_main_fails("function main\n RESUME\n LOAD_CONST 5\n GET_ITER\n RETURN_VALUE\n",
                      TypeError, "'int' object is not iterable");
    assert_main_fails("function main\n RESUME\n LOAD_FAST x\n RETURN_VALUE\n", RuntimeError,
                      "cannot access local variable 'x' where it is not associated with a value");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL main\n CALL 0\n RETURN_VALUE\n",
                      RecursionError, "maximum recursion depth exceeded");
    assert_main_fails("function two a b\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
                      "function main\n RESUME\n LOAD_GLOBAL two\n CALL 0\n RETURN_VALUE\n",
                      TypeError, "two() missing 2 required positional arguments");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL main\n LOAD_CONST 1\n CALL 1\n"
                      " RETURN_VALUE\n",
                      TypeError, "main() takes 0 positional arguments but 1 was given");
    assert_main_fails("lock l\nfunction main\n RESUME\n LOAD_GLOBAL l.acquire\n LOAD_CONST 1\n"
                      " CALL 1\n RETURN_VALUE\n",
                      TypeError, "acquire() takes no arguments (1 given)");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL range\n CALL 0\n RETURN_VALUE\n",
                      TypeError, "range() takes exactly one argument (0 given)");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL sleep\n LOAD_CONST -1\n CALL 1\n"
                      " RETURN_VALUE\n",
                      ValueError, "sleep length must be non-negative");
    assert_main_fails("function main\n RESUME\n LOAD_GLOBAL range\n LOAD_CONST 2147483648\n"
                      " CALL 1\n RETURN_VALUE\n",
                      OverflowError, "range() stops at 2147483647 here");
}

static void test_builtins_at_the_edges(void **state) {
    (void)state;
    assert_main_is("function main\n RESUME\n LOAD_GLOBAL range\n LOAD_CONST 2147483647\n CALL 1\n"
                   " POP_TOP\n LOAD_GLOBAL sleep\n LOAD_CONST 0\n CALL 1\n POP_TOP\n LOAD_CONST 1\n"
                   " RETURN_VALUE\n",
                   1);
    Program program;
    begin(&program, "lock l\nfunction main\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n");
    Thread *thread = new_thread(&program);
    take_gil(&thread->tstate);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lock_release(thread, program.locks[0]), -1);
        assert_error(RuntimeError, "release unlocked lock");
        assert_int_equal(lock_acquire(thread, program.locks[0]), 0);
        assert_int_equal(lock_release(thread, program.locks[0]), 0);
        assert_int_equal(lock_release(thread, program.locks[0]), -1);
        assert_error(RuntimeError, "release unlocked lock");
    }
    drop_gil(&thread->tstate);
    testing_free(thread);
    program_fini(&program);
}

static void test_arithmetic_at_the_edges(void **state) {
    (void)state;
#define MAIN(a, op, b)                                                                             \
    "function main\n RESUME\n LOAD_CONST " a "\n LOAD_CONST " b "\n BINARY_OP " op                 \
    "\n RETURN_VALUE\n"
    const char *too_large_message = "an int of more than 62 bits";
    assert_main_is(MAIN("2305843009213693950", "+", "1"), 2305843009213693951);
    assert_main_is(MAIN("-2305843009213693951", "-", "1"), -2305843009213693952);
    assert_main_fails(MAIN("2305843009213693951", "+", "1"), OverflowError, too_large_message);
    assert_main_fails(MAIN("-2305843009213693952", "-", "1"), OverflowError, too_large_message);
    assert_main_fails(MAIN("2305843009213693951", "*", "9"), OverflowError, too_large_message);
    assert_main_fails(MAIN("4294967296", "*", "4294967296"), OverflowError, too_large_message);
    assert_main_fails(MAIN("-2305843009213693952", "//", "-1"), OverflowError, too_large_message);
    assert_main_is(MAIN("7", "//", "2"), 3);
    assert_main_is(MAIN("-7", "//", "2"), -4);
    assert_main_is(MAIN("-7", "%=", "2"), 1);
    assert_main_is(MAIN("7", "%", "-2"), -1);
    assert_main_is(MAIN("7", "//", "-2"), -4);
    assert_main_is(MAIN("6", "//", "-2"), -3);
    assert_main_is(MAIN("12", "^", "10"), 6);
    assert_main_is(MAIN("12", "|=", "10"), 14);
    assert_main_is(MAIN("12", "&", "10"), 8);
    assert_main_fails(MAIN("1", "//", "0"), ZeroDivisionError,
                      "integer division or modulo by zero");
    assert_main_fails(MAIN("1", "%", "0"), ZeroDivisionError, "integer modulo by zero");
}

static void test_comparisons(void **state) {
    (void)state;
    const char *const names[] = {"<", "<=", "==", "!=", ">", ">="};
    const int expected[][6] = {{1, 1, 0, 1, 0, 0}, {0, 1, 1, 0, 0, 1}, {0, 0, 0, 1, 1, 1}};
    char text[200];
    for (int pair = 0; pair < 3; pair++) {
        for (int op = 0; op < 6; op++) {
            snprintf(text, sizeof text,
                     "function main\n RESUME\n LOAD_CONST %d\n LOAD_CONST 2\n COMPARE_OP %s\n"
                     " RETURN_VALUE\n",
                     pair + 1, names[op]);
            assert_main_is(text, expected[pair][op]);
        }
    }
    for (int op = 2; op < 4; op++) { // these two compare anything
        snprintf(text, sizeof text,
                 "function main\n RESUME\n LOAD_GLOBAL main\n LOAD_GLOBAL main\n COMPARE_OP %s\n"
                 " RETURN_VALUE\n",
                 names[op]);
        assert_main_is(text, op == 2);
        snprintf(text, sizeof text,
                 "function main\n RESUME\n LOAD_GLOBAL main\n LOAD_CONST None\n COMPARE_OP %s\n"
                 " RETURN_VALUE\n",
                 names[op]);
        assert_main_is(text, op == 3);
    }
}

static void test_names_at_the_edges(void **state) {
    (void)state;
    Program program;
    assert_int_equal(program_init(&program), 0);
    assert_int_equal(program_global(&program, "a_name_of_31_bytes_____________"), 0);
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
    program_fini(&program);
}

static void test_jumps(void **state) {
    (void)state;
    // 10 rounds down, by each kind of backward jump.
    assert_main_is("function main\n RESUME\n LOAD_CONST 10\n STORE_FAST n\nnext:\n LOAD_FAST n\n"
                   " LOAD_CONST 1\n BINARY_OP -\n STORE_FAST n\n LOAD_FAST n\n"
                   " POP_JUMP_BACKWARD_IF_TRUE next\n LOAD_FAST n\n RETURN_VALUE\n",
                   0);
    assert_main_is("function main\n RESUME\n LOAD_CONST 10\n STORE_FAST n\nnext:\n LOAD_FAST n\n"
                   " LOAD_CONST 1\n BINARY_OP -\n STORE_FAST n\n LOAD_FAST n\n LOAD_CONST 5\n"
                   " COMPARE_OP <\n POP_JUMP_BACKWARD_IF_FALSE next\n LOAD_FAST n\n"
                   " RETURN_VALUE\n",
                   4);
    assert_main_is("function main\n RESUME\n LOAD_CONST None\n POP_JUMP_FORWARD_IF_TRUE no\n"
                   " LOAD_CONST 0\n POP_JUMP_FORWARD_IF_FALSE yes\nno:\n LOAD_CONST 1\n"
                   " RETURN_VALUE\nyes:\n LOAD_GLOBAL main\n POP_JUMP_FORWARD_IF_FALSE no2\n"
                   " LOAD_CONST 2\n RETURN_VALUE\nno2:\n LOAD_CONST 3\n RETURN_VALUE\n",
                   2);
    assert_main_is("global n\nfunction main\n RESUME\n LOAD_GLOBAL range\n LOAD_CONST -5\n CALL 1\n"
                   " GET_ITER\nnext:\n FOR_ITER done\n STORE_GLOBAL n\n JUMP_BACKWARD next\n"
                   "done:\n LOAD_GLOBAL n\n RETURN_VALUE\n",
                   0);
    assert_main_is("global n\nfunction main\n RESUME\n LOAD_GLOBAL range\n LOAD_CONST 5\n CALL 1\n"
                   " GET_ITER\nnext:\n FOR_ITER done\n STORE_GLOBAL n\n JUMP_BACKWARD next\n"
                   "done:\n LOAD_GLOBAL n\n RETURN_VALUE\n",
                   4);
}

static void test_where_the_loop_looks(void **state) {
    (void)state;
    const char *const always[] = {"RESUME", "JUMP_BACKWARD", "POP_JUMP_BACKWARD_IF_FALSE",
                                  "POP_JUMP_BACKWARD_IF_TRUE"};
    const char *const trivial[] = {"LOAD_FAST",
                                   "STORE_FAST",
                                   "LOAD_CONST",
                                   "POP_TOP",
                                   "JUMP_FORWARD",
                                   "POP_JUMP_FORWARD_IF_FALSE",
                                   "POP_JUMP_FORWARD_IF_TRUE"};
    for (Opcode op = 0; op < OPCODE_COUNT; op++) {
        bool is_always = false, is_trivial = false;
        for (int i = 0; i < 4; i++)
            is_always |= strcmp(opcode_name(op), always[i]) == 0;
        for (int i = 0; i < 7; i++)
            is_trivial |= strcmp(opcode_name(op), trivial[i]) == 0;
        assert_int_equal(opcode_checks(CHECKS_3_11, op, false), is_always);
        assert_int_equal(opcode_checks(CHECKS_3_11, op, true), is_always || op == CALL);
        assert_int_equal(opcode_checks(CHECKS_3_9, op, false), !is_trivial);
    }
}

/* An error that was sent shows where a loop looks: an endless one must, each kind of it. */
static int builtin_interrupt_me(Thread *thread, void *self, const Value *args, Value *result) {
    (void)self, (void)args, (void)result;
    thread_set_async_exc(&thread->tstate, KeyboardInterrupt);
    return 0;
}

static void test_endless_loops_look(void **state) {
    (void)state;
    const char *const loops[] = {
        "again:\n JUMP_BACKWARD again\n",
        "again:\n LOAD_CONST 1\n POP_JUMP_BACKWARD_IF_TRUE again\n LOAD_CONST 1\n RETURN_VALUE\n",
        "again:\n LOAD_CONST 0\n POP_JUMP_BACKWARD_IF_FALSE again\n LOAD_CONST 1\n RETURN_VALUE\n"};
    for (int checks = CHECKS_3_11; checks <= CHECKS_3_9; checks++) {
        for (int i = 0; i < 3; i++) {
            Program program;
            char text[200];
            assert_int_equal(program_init(&program), 0);
            assert_int_equal(program_define(&program, "bolt", 0, builtin_interrupt_me, NULL), 0);
            // The look after CALL is not the one to be shown: it comes through a function, whose
            // RETURN_VALUE comes first.
            snprintf(text, sizeof text, "function main\n RESUME\n LOAD_GLOBAL bolt\n POP_TOP\n%s",
                     loops[i]);
            assert_int_equal(program_assemble(&program, "t", text, strlen(text)), 0);
            program.checks = (EvalChecks)checks;
            Thread *thread = new_thread(&program);
            thread_set_async_exc(&thread->tstate, KeyboardInterrupt);
            atomic_store(&program.gil.async_exc, 0); // not yet: take_gil() sets it
            take_gil(&thread->tstate);
            Value result = eval_call(thread, program_function(&program, "main"), NULL);
            assert_int_equal(result.bits, 0);
            assert_error(KeyboardInterrupt, "");
            assert_int_equal(thread->depth, 0);
            drop_gil(&thread->tstate);
            testing_free(thread);
            assert_refcounts_are_back(&program);
            program_fini(&program);
        }
    }
}

/* After a call of a C function it looks; the value it returned is dropped with the frame. */
static void test_call_looks(void **state) {
    (void)state;
    Program program;
    const char text[] =
        "global after\nfunction main\n RESUME\n LOAD_GLOBAL bolt\n CALL 0\n POP_TOP\n"
        " LOAD_CONST 1\n STORE_GLOBAL after\n LOAD_CONST None\n RETURN_VALUE\n";
    assert_int_equal(program_init(&program), 0);
    assert_int_equal(program_define(&program, "bolt", 0, builtin_interrupt_me, NULL), 0);
    assert_int_equal(program_assemble(&program, "t", text, strlen(text)), 0);
    Task task = {.function = program_function(&program, "main")};
    assert_int_equal(program_run(&program, &task, 1), 0);
    assert_int_equal(task.error.type, KeyboardInterrupt);
    assert_int_equal(get_int(&program, "after"), 0);
    program_fini(&program);
}

/* ---- Without the GIL -------------------------------------------------------------------------*/

static void test_without_the_gil_nothing_is_promised(void **state) {
    (void)state;
    Program program;
    begin(&program, sums);
    program.gil.enabled = false;
    assert_int_equal(sum(&program, "bare", 1000, 1), 1000);
    assert_refcounts_are_back(&program);
    assert_true(sum(&program, "bare", 100000, 4) <= 400000); // and no race that a sanitizer sees
    program_fini(&program);
}

/* ---- Assembling ------------------------------------------------------------------------------*/

static void test_complaints(void **state) {
    (void)state;
    const struct {
        const char *text, *message;
    } cases[] = {
        {"RESUME", "t:1: outside of a function: 'RESUME'"},
        {"function", "t:1: a function needs a name"},
        {"function f a b c d e", "t:1: at most 4 parameters"},
        {"function f a a\n RESUME", "t:1: twice a parameter: 'a'"},
        {"function f", "t:1: runs past its end: function 'f'"},
        {"\n\nfunction f\nRESUME\n", "t:3: runs past its end: function 'f'"},
        {"function f\nRESUME 1", "t:2: takes no argument: 'RESUME'"},
        {"function f\nLOAD_FAST", "t:2: takes one argument: 'LOAD_FAST'"},
        {"function f\nLOAD_FASTER x", "t:2: no opcode 'LOAD_FASTER'"},
        {"function f\nLOAD_CONST x", "t:2: not an int of 62 bits, and not None: 'x'"},
        {"function f\nLOAD_CONST -", "t:2: not an int of 62 bits, and not None: '-'"},
        {"function f\nLOAD_CONST 2305843009213693952",
         "t:2: not an int of 62 bits, and not None: '2305843009213693952'"},
        {"function f\nLOAD_GLOBAL x", "t:2: no global 'x'"},
        {"function f\nBINARY_OP **", "t:2: no operator '**'"},
        {"function f\nCOMPARE_OP =", "t:2: no comparison '='"},
        {"function f\nCALL 5", "t:2: a call takes 0 to 4 arguments, not '5'"},
        {"function f\nCALL None", "t:2: a call takes 0 to 4 arguments, not 'None'"},
        {"function f\nJUMP_FORWARD x\nRETURN_VALUE", "t:2: no label 'x'"},
        {"function f\nx:\nJUMP_FORWARD x", "t:3: not ahead of this: 'x'"},
        {"function f\nJUMP_BACKWARD x\nx:\nRETURN_VALUE", "t:2: not behind this: 'x'"},
        {"function f\nx:\nx:", "t:3: there is already a label 'x'"},
        {"function f\nRETURN_VALUE", "t:1: takes from an empty stack: function 'f'"},
        {"function f\nLOAD_CONST 1\nBINARY_OP +\nRETURN_VALUE",
         "t:1: takes from an empty stack: function 'f'"},
        {"function f\nLOAD_CONST 1\nJUMP_FORWARD x\nx:", "t:1: runs past its end: function 'f'"},
        {"function f\nx:\nLOAD_CONST 1\nJUMP_BACKWARD x",
         "t:1: different stack depths meet: function 'f'"},
        {"function f\nLOAD_CONST 1\nPOP_JUMP_FORWARD_IF_TRUE x\nLOAD_CONST 1\nx:\nLOAD_CONST 1\n"
         "RETURN_VALUE",
         "t:1: different stack depths meet: function 'f'"},
        {"global", "t:1: expected: global NAME [VALUE]"},
        {"global a b c", "t:1: expected: global NAME [VALUE]"},
        {"global a\nglobal a", "t:2: there is already a 'a'"},
        {"global a\nfunction a", "t:2: there is already a 'a'"},
        {"global a x", "t:1: not an int of 62 bits, and not None: 'x'"},
        {"lock", "t:1: expected: lock NAME"},
        {"lock l\nlock l", "t:2: there is already a 'l'"},
        {"lock a_name_of_more_than_23_bytes",
         "t:1: the name 'a_name_of_more_than_23_bytes' is too long"},
        {"thread", "t:1: expected: thread FUNCTION [VALUE...]"},
        {"thread f", "t:1: no function 'f'"},
        {"global f\nthread f", "t:2: no function 'f'"},
        {"function f a\nLOAD_FAST a\nRETURN_VALUE\nthread f",
         "t:4: wrong number of arguments for 'f'"},
        {"function f a\nLOAD_FAST a\nRETURN_VALUE\nthread f x",
         "t:4: not an int of 62 bits, and not None: 'x'"},
        {"a b c d e f g h i", "t:1: too many words"},
        {"global \x01", "t:1: a byte that is not printable"},
        {"# only\n a_word_of_thirty_two_characters_", "t:2: too long a word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Program program;
        assert_int_equal(program_init(&program), 0);
        assert_int_equal(program_assemble(&program, "t", cases[i].text, strlen(cases[i].text)), -1);
        assert_error(ValueError, cases[i].message);
        program_fini(&program);
    }
}

/* Repeats a line until the complaint comes. */
static void assert_too_many(const char *head, const char *line, const char *message) {
    Program program;
    char text[20000];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (int i = 0; i < 300; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, line, i, i);
    assert_int_equal(program_init(&program), 0);
    assert_int_equal(program_assemble(&program, "t", text, used), -1);
    if (!strstr(error_message(), message)) fail_msg("%s", error_message());
    error_clear();
    program_fini(&program);
}

static void test_too_many_of_anything(void **state) {
    (void)state;
    assert_too_many("", "global g%d\n", "too many globals");
    assert_too_many("", "lock l%d\n", "too many objects");
    assert_too_many("", "function f%d\n LOAD_CONST 1\n RETURN_VALUE\n", "too many");
    assert_too_many("function f\n", "RESUME\n", "too long a function");
    assert_too_many("function f\n", "LOAD_FAST x%d\n", "too many local variables");
    assert_too_many("function f\n", "LOAD_CONST %d\n", "too many constants");
    assert_too_many("function f\n", "l%d:\n", "too many labels");
    assert_too_many("function f\n", "JUMP_FORWARD l%d\n", "too many jumps");
    assert_too_many("function f\nLOAD_CONST 1\nRETURN_VALUE\n", "thread f\n", "too many threads");
    Program program;
    const char deep[] = "function f\n LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n"
                        " LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n"
                        " LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n"
                        " LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n LOAD_CONST 1\n"
                        " RETURN_VALUE\n";
    assert_int_equal(program_init(&program), 0);
    assert_int_equal(program_assemble(&program, "t", deep, strlen(deep)), 0);
    assert_int_equal(program_function(&program, "f")->stacksize, STACK_MAX);
    program_fini(&program);
}

/* Ends by an error, again and again, whatever runs too long. */
typedef struct {
    pthread_mutex_t mutex;
    ThreadState *target; // or NULL
    bool stop;
} Watchdog;

static void *watch(void *argument) {
    Watchdog *self = argument;
    for (bool stop = false; !stop;) {
        usleep(200);
        pthread_mutex_lock(&self->mutex);
        if (self->target) thread_set_async_exc(self->target, KeyboardInterrupt);
        stop = self->stop;
        pthread_mutex_unlock(&self->mutex);
    }
    return NULL;
}

static void watchdog_follow(Watchdog *self, ThreadState *target, bool stop) {
    pthread_mutex_lock(&self->mutex);
    self->target = target;
    self->stop = stop;
    pthread_mutex_unlock(&self->mutex);
}

static void run_every_function(Program *program, Watchdog *watchdog) {
    const Value args[] = {value_int(3), value_int(4), NONE, NONE};
    Thread *thread = new_thread(program);
    take_gil(&thread->tstate);
    watchdog_follow(watchdog, &thread->tstate, false);
    for (int i = 0; i < program->nobjects; i++) {
        if (program->objects[i]->is_builtin) continue;
        Value result = eval_call(thread, (Function *)program->objects[i], args);
        assert_int_equal(result.bits == 0, error_occurred() != NoError);
        assert_int_equal(thread->depth, 0);
        value_decref(result);
        error_clear();
    }
    watchdog_follow(watchdog, NULL, false);
    drop_gil(&thread->tstate);
    testing_free(thread);
}

/* Texts with lines or bytes changed: refused or accepted, and what was accepted stays in its bounds
 * (the sanitizers watch). */
// clang-format off
static const char pure[] =
    "global counter\nglobal limit 7\n"
    "function one\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function called n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_GLOBAL one\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function down n m\n RESUME\n LOAD_FAST n\n STORE_FAST k\n"
    "again:\n LOAD_FAST k\n LOAD_CONST 1\n BINARY_OP -\n STORE_FAST k\n"
    " LOAD_FAST k\n LOAD_CONST 0\n COMPARE_OP >\n POP_JUMP_BACKWARD_IF_TRUE again\n"
    " LOAD_FAST k\n LOAD_FAST m\n BINARY_OP +\n POP_JUMP_FORWARD_IF_FALSE zero\n"
    " LOAD_GLOBAL one\n STORE_GLOBAL limit\n"
    "zero:\n LOAD_GLOBAL down\n LOAD_GLOBAL limit\n LOAD_CONST 3\n CALL 2\n RETURN_VALUE\n";
// clang-format on

static size_t line_at(const char *text, size_t at) {
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

static void test_random_texts(void **state) {
    (void)state;
    long before = testing_blocks();
    Watchdog watchdog = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t dog;
    int accepted = 0;
    assert_int_equal(pthread_create(&dog, NULL, watch, &watchdog), 0);
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
        Program program;
        assert_int_equal(program_init(&program), 0);
        assert_int_equal(program_define(&program, "range", 1, builtin_range, NULL), 0);
        if (program_assemble(&program, "t", text, sizeof pure - 1) == 0) {
            accepted++;
            run_every_function(&program, &watchdog);
        } else {
            assert_true(error_matches(ValueError));
            error_clear();
        }
        program_fini(&program);
    }
    assert_true(accepted > 100);
    watchdog_follow(&watchdog, NULL, true);
    pthread_join(dog, NULL);
    assert_int_equal(testing_blocks(), before);
}

/* ---- Out of memory, out of threads -----------------------------------------------------------*/

static void test_each_allocation_fails(void **state) {
    (void)state;
    long before = testing_blocks(), n = 0;
    for (;; n++) {
        Program program;
        assert_int_equal(program_init(&program), 0);
        testing_fail_at(n);
        int status = program_define_builtins(&program);
        if (status == 0) status = program_assemble(&program, "t", sums, strlen(sums));
        Task task = {0};
        if (status == 0) {
            task.function = program_function(&program, "bare");
            task.args[0] = value_int(1);
            status = program_run(&program, &task, 1);
        }
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        if (!failed) assert_int_equal(status, 0);
        if (failed) {
            assert_int_equal(status, -1);
            assert_error(MemoryError, "");
            assert_int_equal(task.result.bits, 0);
        }
        program_fini(&program);
        assert_int_equal(testing_blocks(), before);
        assert_int_equal(alive, 0);
        if (!failed) break;
    }
    assert_true(n >= 10);
}

static void test_no_thread_runs_unless_all_do(void **state) {
    (void)state;
    Program program;
    VirtualClock clock;
    begin(&program, sums);
    assert_int_equal(virtual_clock_init(&clock), 0);
    for (int virtual = 0; virtual < 2; virtual ++) {
        program.clock = virtual ? &clock : NULL;
        for (int n = 0; n < 5; n++) {
            Task tasks[5] = {{0}};
            for (int i = 0; i < 5; i++) {
                tasks[i].function = program_function(&program, "bare");
                tasks[i].args[0] = value_int(10);
            }
            assert_int_equal(program_set_int(&program, "counter", 0), 0);
            refuse_at = n;
            assert_int_equal(program_run(&program, tasks, 5), -1);
            refuse_at = -1;
            assert_error(RuntimeError, "can't start new thread");
            assert_int_equal(get_int(&program, "counter"), 0);
        }
        assert_int_equal(sum(&program, "bare", 10, 5), 50);
    }
    assert_int_equal(program_run(&program, NULL, TASKS_MAX + 1), -1);
    assert_error(ValueError, "at most 16 threads");
    assert_int_equal(program_run(&program, NULL, 0), 0);
    refuse_at = 0;
    assert_int_equal(program_define_lock(&program, "another"), -1);
    refuse_at = -1;
    assert_error(RuntimeError, "can't allocate lock");
    virtual_clock_fini(&clock);
    program_fini(&program);
    assert_int_equal(alive, 0);
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
        cmocka_unit_test(test_a_full_trace_loses_the_rest),
        cmocka_unit_test(test_async_exc_reaches_its_thread_only),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_where_updates_are_lost),
        cmocka_unit_test(test_virtual_time),
        cmocka_unit_test(test_virtual_runs_are_equal),
        cmocka_unit_test(test_deadlock_is_seen),
        cmocka_unit_test(test_virtual_clock_refused),
        cmocka_unit_test(test_signal_storm),
        cmocka_unit_test(test_runtime_errors),
        cmocka_unit_test(test_builtins_at_the_edges),
        cmocka_unit_test(test_arithmetic_at_the_edges),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_names_at_the_edges),
        cmocka_unit_test(test_jumps),
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
