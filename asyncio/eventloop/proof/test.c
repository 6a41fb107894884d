/* Tests of the selectors and the loop. In what order things happen and in which words
 * they fail is the twins' business; here: what goes wrong, what goes away in the middle. */
#include "system.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "../executor.h"
#include "../virtual.h"

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

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* ---- Selectors: random calls against a model ---------------------------------------------------*/

enum { PAIRS = 24 };

static void test_random_against_model(void **state) {
    uint64_t random = testing_seed();
    int pairs[PAIRS][2], bytes[PAIRS] = {0};
    unsigned events[PAIRS] = {0};
    Selector *selector = selector_new(selector_named(*state));
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
    for (int step = 0; step < 5000; step++) {
        int i = (int)testing_random(&random, PAIRS), fd = pairs[i][0];
        unsigned wanted = 1 + (unsigned)testing_random(&random, 3);
        char byte = 'x';
        switch (testing_random(&random, 6)) {
        case 0:
            assert_int_equal(selector_register(selector, fd, wanted, (SelectorData){0}),
                             events[i] ? -1 : 0);
            if (!events[i]) events[i] = wanted;
            break;
        case 1:
            assert_int_equal(selector_modify(selector, fd, wanted, (SelectorData){0}),
                             events[i] ? 0 : -1);
            if (events[i]) events[i] = wanted;
            break;
        case 2:
            assert_int_equal(selector_unregister(selector, fd), events[i] ? 0 : -1);
            events[i] = 0;
            break;
        case 3:
            if (bytes[i] < 100) bytes[i] += write(pairs[i][1], &byte, 1) == 1;
            break;
        case 4:
            if (bytes[i] > 0) bytes[i] -= read(fd, &byte, 1) == 1;
            break;
        default: {
            int expected = 0, found = selector_select(selector, 0);
            for (int k = 0; k < PAIRS; k++)
                expected += ((bytes[k] > 0 ? 3U : 2U) & events[k]) != 0;
            assert_int_equal(found, expected);
            for (int k = 0; k < found; k++) {
                int which = 0;
                while (pairs[which][0] != selector->ready[k].fd)
                    which++;
                assert_int_equal(selector->ready[k].events,
                                 (bytes[which] > 0 ? 3U : 2U) & events[which]);
            }
        }
        }
        error_clear();
    }
    selector_free(selector);
    for (int i = 0; i < PAIRS; i++)
        close(pairs[i][0]), close(pairs[i][1]);
}

/* Room for one descriptor after the other, with each step failing. */
static void test_selector_fails(void **state) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    int high = fcntl(pair[0], F_DUPFD, 500);
    long blocks = testing_blocks();
    Selector *selector;
    for (long n = 0; testing_fail_at(n), !(selector = selector_new(selector_named(*state))); n++)
        assert_error(MemoryError, "");
    for (long n = 0;; n++) {
        testing_fail_at(n);
        int status = selector_register(selector, high, EVENT_READ, (SelectorData){0});
        if (status == 0) break;
        assert_error(MemoryError, "");
        assert_null(selector_get_key(selector, high));
        assert_int_equal(selector->nkeys, 0);
    }
    testing_fail(NULL, 0, 0);
    bool kernel_is_told = strcmp(*state, "epoll") == 0;
    if (kernel_is_told) {
        testing_fail("epoll_ctl", 0, ENOSPC);
        assert_int_equal(selector_register(selector, pair[0], 1, (SelectorData){0}), -1);
        assert_error(OSError, "[Errno 28] No space left on device");
        assert_null(selector_get_key(selector, pair[0]));
        testing_fail("epoll_ctl", 0, ENOMEM);
        assert_int_equal(selector_modify(selector, high, 3, (SelectorData){0}), -1);
        assert_error(MemoryError, "");
        assert_int_equal(selector_get_key(selector, high)->events, 1);
    }
    testing_fail(kernel_is_told ? "epoll_wait" : *state, 0, EBADF);
    assert_int_equal(selector_select(selector, 0), -1);
    assert_error(OSError, "[Errno 9] Bad file descriptor");
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(selector_select(selector, FOREVER), 1);
    selector_free(selector);
    assert_int_equal(testing_blocks(), blocks);
    close(pair[0]), close(pair[1]), close(high);
}

/* ---- Turns in which things go away -------------------------------------------------------------*/

static int pair[2];

static void reader_goes(void *arg) {
    say(arg);
    int before = drops;
    assert_true(loop_remove_reader(loop, pair[0]));
    assert_int_equal(drops, before); // it is running: its argument stays
}

static void reader_replaces(void *arg) {
    say(arg);
    handle_own(loop_add_reader(loop, pair[0], reader_goes, "2"), drop);
}

static void closes(void *arg) {
    say(arg);
    assert_int_equal(loop_close(loop), -1);
    assert_error(RuntimeError, "Cannot close a running event loop");
    assert_int_equal(loop_run_forever(loop), -1);
    assert_error(RuntimeError, "This event loop is already running");
    Loop *other = virtual_loop_new();
    assert_int_equal(loop_run_forever(other), -1);
    assert_error(RuntimeError, "Cannot run the event loop while another loop is running");
    loop_free(other);
    loop_stop(loop);
}

static Handle *victims[8];

static void cancels_all(void *arg) {
    say(arg);
    for (int i = 0; i < 8; i++) {
        handle_cancel(victims[i]);
        handle_cancel(victims[i]);
    }
}

static void test_goes_away_in_a_turn(void **state) {
    long blocks = testing_blocks();
    loop_on(state);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    handle_own(loop_add_reader(loop, pair[0], reader_replaces, "1"), drop);
    go();
    assert_trace("12"); // each was called with its argument alive
    assert_int_equal(drops, 2);
    for (int i = 0; i < 8; i++) // the canceller is one of them
        victims[i] = handle_incref(
            handle_own(loop_call_soon(loop, i == 2 ? cancels_all : say, i == 2 ? "c" : "v"), drop));
    go();
    assert_trace("vvc");
    assert_int_equal(drops, 10);
    for (int i = 0; i < 8; i++) {
        handle_cancel(victims[i]); // long gone
        handle_decref(victims[i]);
    }
    loop_call_soon(loop, closes, "x");
    loop_call_soon(loop, say, "y");
    assert_int_equal(loop_run_forever(loop), 0);
    assert_trace("xy");
    close(pair[0]), close(pair[1]); // without being removed
    handle_own(loop_call_soon(loop, say, "never"), drop);
    handle_own(loop_call_later(loop, 0, say, "never"), drop);
    assert_int_equal(loop_call_soon_threadsafe(loop, say, "never", drop), 0);
    assert_int_equal(loop_close(loop), 0);
    assert_int_equal(drops, 13);
    assert_int_equal(loop_close(loop), 0);
    loop_free(loop);
    assert_trace("");
    assert_int_equal(testing_blocks(), blocks);
}

/* A descriptor of a removed reader that is opened anew within the turn. */
static void closes_other(void *arg) {
    int *other = arg;
    say("c");
    loop_remove_reader(loop, *other);
    close(*other);
    loop_stop(loop);
}

static void test_closed_by_another(void **state) {
    loop_on(state);
    int first[2], second[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
    assert_int_equal(write(first[1], "x", 1) + write(second[1], "x", 1), 2);
    loop_add_reader(loop, first[0], closes_other, &second[0]);
    loop_add_reader(loop, second[0], closes_other, &first[0]);
    assert_int_equal(loop_run_forever(loop), 0); // both are ready; the second is not called
    assert_trace("c");
    close(first[1]), close(second[1]);
    loop_free(loop);
}

static void fails_to_end(void *arg) {
    say(arg);
    error_set(SystemExit, "3");
}

static void test_errors_that_end_a_run(void **state) {
    loop_on(state);
    loop_call_soon(loop, fails_to_end, "a");
    loop_call_soon(loop, say, "b");
    assert_int_equal(loop_run_forever(loop), -1);
    assert_error(SystemExit, "3");
    assert_null(loop_get_running());
    assert_trace("a");
    bool done = false;
    loop_call_soon(loop, stop, NULL);
    assert_int_equal(loop_run_until(loop, &done), -1);
    assert_error(RuntimeError, "Event loop stopped before Future completed.");
    assert_trace("b");
    bool waits = strcmp(*state, "epoll") == 0;
    testing_fail(waits ? "epoll_wait" : *state, 0, EINVAL);
    loop_call_soon(loop, say, "c");
    assert_int_equal(loop_run_forever(loop), -1);
    assert_error(OSError, "[Errno 22] Invalid argument");
    go();
    assert_trace("c");
    loop_free(loop);
}

/* ---- Interrupts -------------------------------------------------------------------------------*/

static void ignore(int sig) {
    (void)sig;
}

static double began, fell_due[50];

static void note_time(void *arg) {
    *(double *)arg = loop_time(loop) - began;
}

static void test_storm_of_interrupts(void **state) {
    loop_on(state);
    struct sigaction action = {.sa_handler = ignore}; // without SA_RESTART
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    system_storm = true;
    began = loop_time(loop);
    for (int i = 0; i < 50; i++) {
        fell_due[i] = 0;
        loop_call_at(loop, began + i * 1e-3, note_time, &fell_due[i]);
    }
    loop_call_at(loop, began + 0.05, stop, NULL);
    assert_int_equal(loop_run_forever(loop), 0);
    system_storm = false;
    setitimer(ITIMER_REAL, &never, NULL);
    for (int i = 0; i < 50; i++)
        assert_true(fell_due[i] >= i * 1e-3 - 1e-6 && (i == 0 || fell_due[i] > 0));
    loop_free(loop);
}

static int signals_seen;

static void on_signal(void *arg) {
    (void)arg;
    if (++signals_seen == 2) assert_int_equal(loop_remove_signal_handler(loop, SIGUSR1), 1);
}

/* More than the pipe holds; and a handler that takes itself away. */
static void test_storm_of_signals(void **state) {
    loop_on(state);
    signals_seen = 0;
    assert_int_equal(loop_add_signal_handler(loop, SIGUSR1, on_signal, NULL), 0);
    for (int i = 0; i < 300000; i++)
        if (i % 1000 == 0 || i < 1000) raise(SIGUSR1);
    loop_call_soon(loop, say, "soon");
    go();
    assert_int_equal(signals_seen, 1);
    assert_trace("soon");
    raise(SIGUSR1);
    go();
    assert_int_equal(signals_seen, 2);
    Loop *other = virtual_loop_new();
    assert_int_equal(loop_add_signal_handler(other, SIGUSR2, on_signal, NULL), 0);
    assert_int_equal(loop_add_signal_handler(loop, SIGUSR1, on_signal, NULL), -1);
    assert_error(RuntimeError, "another loop handles signals");
    loop_free(other);
    assert_int_equal(loop_add_signal_handler(loop, SIGUSR1, on_signal, NULL), 0);
    loop_free(loop);
}

/* ---- Timers against a model -------------------------------------------------------------------*/

enum { TIMERS = 3000 };
typedef struct {
    Handle *handle;
    double when;
    bool cancelled, called;
} Timed;
static Timed timed[TIMERS];
static double latest;
static uint64_t timer_random;

static void timer_called(void *arg) {
    Timed *self = arg;
    assert_false(self->cancelled || self->called);
    assert_true(self->when >= latest && self->when <= loop_time(loop) + 1e-9);
    latest = self->when;
    self->called = true;
    for (int i = 0; i < 2; i++) {
        Timed *other = &timed[testing_random(&timer_random, TIMERS)];
        other->cancelled |= !other->called;
        handle_cancel(other->handle);
    }
    loop_call_soon(loop, drop, NULL);
}

static void test_timers_against_model(void **state) {
    (void)state;
    timer_random = testing_seed();
    loop = virtual_loop_new();
    latest = drops = 0;
    int called = 0, alive = 0;
    for (int i = 0; i < TIMERS; i++) {
        timed[i] = (Timed){.when = (double)testing_random(&timer_random, 700)};
        timed[i].handle = handle_incref(loop_call_at(loop, timed[i].when, timer_called, &timed[i]));
    }
    assert_int_equal(loop_run_forever(loop), -1);
    assert_error(RuntimeError, "deadlock");
    for (int i = 0; i < TIMERS; i++) {
        called += timed[i].called;
        alive += !timed[i].called && !timed[i].cancelled;
        handle_decref(timed[i].handle);
    }
    assert_int_equal(alive, 0);
    assert_int_equal(drops, called);
    double end = loop_time(loop);
    loop_close(loop);
    assert_true(loop_time(loop) == end); // a closed loop still knows the time
    loop_free(loop);
}

/* ---- Everything fails -------------------------------------------------------------------------*/

static void nothing(void *arg) {
    (void)arg;
}

/* One use of all that allocates. False if something was refused, with nothing left behind. */
static bool use_all(const char *name) {
    Selector *selector = selector_new(selector_named(name));
    loop = selector ? loop_new(selector) : NULL;
    if (!loop) return false;
    bool ok = loop_call_soon(loop, say, "1") && loop_call_later(loop, 0.001, say, "2") &&
              loop_add_reader(loop, pair[0], reader_goes, "3") &&
              loop_call_soon_threadsafe(loop, say, "4", NULL) == 0 &&
              loop_add_signal_handler(loop, SIGUSR1, say, "5") == 0 &&
              loop_run_in_executor(loop, NULL, nothing, nothing, NULL, NULL) &&
              loop_call_later(loop, 0.002, stop, NULL) && loop_run_forever(loop) == 0;
    loop_shutdown_default_executor(loop);
    if (ok) assert_int_equal(loop_remove_signal_handler(loop, SIGUSR1), 1);
    Error error = error_fetch();
    loop_free(loop);
    error_restore(error);
    return ok;
}

static void test_everything_fails(void **state) {
    static const char *const calls[] = {"malloc", "socketpair", "epoll_create1", "epoll_ctl",
                                        "pthread_create"};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    long blocks = testing_blocks();
    int descriptors = open_descriptors();
    drops = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (long n = 0;; n++) {
            testing_fail(calls[i], n, i == 0 ? ENOMEM : EMFILE);
            bool ok = use_all(*state), failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_true(ok || (failed && error_occurred()));
            error_clear();
            assert_int_equal(testing_blocks(), blocks);
            assert_int_equal(open_descriptors(), descriptors);
            if (!failed) break;
        }
    }
    close(pair[0]), close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(test_random_against_model),  EACH(test_selector_fails),
        EACH(test_goes_away_in_a_turn),   EACH(test_closed_by_another),
        EACH(test_errors_that_end_a_run), EACH(test_storm_of_interrupts),
        EACH(test_storm_of_signals),      cmocka_unit_test(test_timers_against_model),
        EACH(test_everything_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
