/* Tests of what several threads do with a loop: call_soon_threadsafe() and the executor. The same under
 * ThreadSanitizer. */
#include "system.h"

#include "../executor.h"

static Loop *loop;
static char trace[256];
static int drops;

static void say(void *arg) {
    size_t length = strlen(trace);
    snprintf(trace + length, sizeof trace - length, "%s", (const char *)arg);
}

static void stop(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void drop(void *arg) {
    (void)arg;
    drops++;
}

#define assert_trace(expected)                                                                     \
    do {                                                                                           \
        assert_string_equal(trace, expected);                                                      \
        trace[0] = '\0';                                                                           \
    } while (0)

static Loop *loop_on(void **state) {
    trace[0] = '\0';
    drops = 0;
    loop = loop_new(selector_new(selector_named(*state)));
    assert_non_null(loop);
    return loop;
}

/* Turns for a moment, and some times however slow it goes. */
static void go(void) {
    for (int i = 0; i < 8; i++) {
        loop_stop(loop);
        assert_int_equal(loop_run_forever(loop), 0);
    }
    assert_non_null(loop_call_later(loop, 0.005, stop, NULL));
    assert_int_equal(loop_run_forever(loop), 0);
}

/* ---- call_soon_threadsafe ---------------------------------------------------------------------*/

enum { THREADS = 4, CALLS = 3000 };
typedef struct {
    int number, next;
} Sender;
static Sender senders[THREADS];
typedef struct {
    Sender *sender;
    int number;
} Message;
static int arrived;

static void arrive(void *arg) {
    Message *message = arg;
    assert_int_equal(message->number, message->sender->next++); // in the order of its thread
    if (++arrived == THREADS * CALLS) loop_stop(loop);
}

static void *send_all(void *arg) {
    for (int i = 0; i < CALLS; i++) {
        Message *message = malloc(sizeof *message);
        if (!message) abort();
        *message = (Message){arg, i};
        if (loop_call_soon_threadsafe(loop, arrive, message, free) < 0) abort();
    }
    return NULL;
}

static void test_threads_call_soon(void **state) {
    long blocks = testing_blocks();
    loop_on(state);
    pthread_t threads[THREADS];
    arrived = 0;
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (Sender){i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    assert_int_equal(loop_run_forever(loop), 0);
    assert_int_equal(arrived, THREADS * CALLS);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    loop_free(loop);
    assert_int_equal(testing_blocks(), blocks);
}

static void *calls_from_a_wrong_thread(void *arg) {
    *(bool *)arg = loop_call_soon(loop, say, "w") == NULL && error_matches(RuntimeError);
    error_clear();
    return NULL;
}

static void starts_a_thread(void *arg) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, calls_from_a_wrong_thread, arg), 0);
    pthread_join(thread, NULL);
}

static void test_debug_finds_a_wrong_thread(void **state) {
    loop_on(state);
    bool found = false;
    loop_set_debug(loop, true);
    loop_call_soon(loop, starts_a_thread, &found);
    go();
    assert_true(found);
    assert_trace("");
    loop_free(loop);
}

/* ---- The executor -----------------------------------------------------------------------------*/

static atomic_int worked;
static int done_count;

static void work(void *arg) {
    (void)arg;
    if (++worked % 7 == 0) error_set(OSError, "seventh");
}

static void done(void *arg) {
    (void)arg;
    if (error_occurred()) {
        assert_error(OSError, "seventh");
        drops++;
    }
    if (++done_count == 2000) loop_stop(loop);
}

static atomic_bool let_go, waiting;

static void waits(void *arg) {
    (void)arg;
    waiting = true;
    while (!let_go)
        usleep(100);
}

static void test_executor(void **state) {
    long blocks = testing_blocks();
    loop_on(state);
    worked = done_count = 0;
    for (int i = 0; i < 2000; i++)
        assert_non_null(loop_run_in_executor(loop, NULL, work, done, NULL, NULL));
    assert_int_equal(loop_run_forever(loop), 0);
    assert_int_equal(drops, 2000 / 7);
    loop_shutdown_default_executor(loop);
    assert_null(loop_run_in_executor(loop, NULL, work, done, NULL, NULL));
    assert_error(RuntimeError, "Executor shutdown has been called");

    Executor *executor = executor_new(1);
    let_go = waiting = false;
    drops = done_count = 0;
    Job *first = loop_run_in_executor(loop, executor, waits, done, NULL, drop);
    Job *second = loop_run_in_executor(loop, executor, work, done, NULL, drop);
    Job *third = loop_run_in_executor(loop, executor, work, done, NULL, drop);
    while (!waiting)
        usleep(100);
    assert_true(job_cancel(second) && job_cancel(third)); // the last: the queue goes on
    assert_int_equal(drops, 2);
    assert_non_null(loop_run_in_executor(loop, executor, work, done, NULL, drop));
    assert_false(job_cancel(first)); // it has begun
    let_go = true;
    executor_free(executor, true);
    go();
    assert_int_equal(done_count, 2);
    assert_int_equal(drops, 2);
    loop_free(loop);
    assert_int_equal(testing_blocks(), blocks);
}

/* The loop goes while a job goes on, one waits and one is in line. */
static void test_executor_outlives_the_loop(void **state) {
    long blocks = testing_blocks();
    loop_on(state);
    let_go = false;
    worked = 0;
    loop_run_in_executor(loop, NULL, work, done, NULL, drop);
    while (!worked)
        usleep(100);
    usleep(1000);
    for (int i = 0; i < 40; i++)
        loop_run_in_executor(loop, NULL, waits, done, NULL, drop);
    loop_free(loop);
    let_go = true;
    for (int i = 0; i < 5000 && testing_blocks() > blocks; i++)
        usleep(1000);
    assert_int_equal(testing_blocks(), blocks);
}

static void test_no_thread_to_give(void **state) {
    long blocks = testing_blocks();
    loop_on(state);
    testing_fail_from("pthread_create", 0, EAGAIN);
    assert_null(loop_run_in_executor(loop, NULL, work, done, NULL, drop));
    assert_error(RuntimeError, "can't start new thread");
    testing_fail_from("pthread_create", 1, EAGAIN); // one is enough
    worked = done_count = 0;
    for (int i = 0; i < 2000; i++)
        assert_non_null(loop_run_in_executor(loop, NULL, work, done, NULL, NULL));
    assert_int_equal(loop_run_forever(loop), 0);
    testing_fail(NULL, 0, 0);
    loop_shutdown_default_executor(loop);
    loop_free(loop);
    assert_int_equal(testing_blocks(), blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(test_threads_call_soon), EACH(test_debug_finds_a_wrong_thread),
        EACH(test_executor),          EACH(test_executor_outlives_the_loop),
        EACH(test_no_thread_to_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
