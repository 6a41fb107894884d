/* test.c: what the twin cannot show: memory that runs out, calls from inside a turn, misuse,
 * memory's size. */
#include "../../eventloop/proof/system.h"

#include "stage.h"

typedef struct {
    Object *a, *b, *c;
    int64_t n;
} Locals;

static Loop *loop;
static long blocks; // before the test

static int setup(void **state) {
    (void)state;
    blocks = testing_blocks();
    loop = virtual_loop_new();
    return loop ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    loop_close(loop);
    task_destroy_pending(loop);
    loop_free(loop);
    assert_int_equal(error_occurred() != NoError, false);
    assert_int_equal(testing_blocks(), blocks);
    return 0;
}

/* Runs what `run` is, and returns what it returned. */
static Object *run_one(Object *(*run)(Coroutine *self, Object *sent), Locals *locals) {
    static Code code;
    code = (Code){"test", run, sizeof(Locals), 3, 3};
    return loop_run_until_complete(loop, coroutine_new(&code, locals));
}

static void expect_none(Object *result) {
    if (!result) error_print(stderr);
    assert_ptr_equal(result, None);
    decref(result);
}

/* ---- Memory that runs out ----------------------------------------------------------------------*/

/* Each scene, and programs: whatever allocation fails, nobody hangs, crashes or leaks. */
static void fail_each(int (*play_it)(const void *arg), const void *arg) {
    for (long n = 0;; n++) {
        long before = testing_blocks();
        testing_fail_at(n);
        play_it(arg);
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_false(error_occurred());
        if (testing_blocks() != before) fail_msg("allocation %ld: a leak", n);
        if (!failed) return;
    }
}

static int play_scene(const void *scene) {
    return play("scene", scene_coroutine(scene), NULL);
}

static int play_one_program(const void *seed) {
    return program_play(*(const uint64_t *)seed, true);
}

static void test_each_allocation(void **state) {
    (void)state;
    sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    for (const Scene *scene = scenes; scene->name; scene++)
        fail_each(play_scene, scene);
    for (uint64_t seed = 1; seed <= 40; seed++)
        fail_each(play_one_program, &seed);
    fclose(sink);
}

/* Without memory a Future stays as it is, and can be asked again. */
static void test_future_without_memory(void **state) {
    (void)state;
    Object *future = future_new(loop);
    assert_int_equal(future_add_done_callback(future, task_wakeup, NULL), 0);
    Handle *free_ones = loop->free_handles; // so that a Handle is an allocation
    loop->free_handles = NULL;
    testing_fail_at(0);
    assert_int_equal(future_set_result(future, None), -1);
    assert_error(MemoryError, "");
    testing_fail_at(0);
    assert_int_equal(future_cancel(future, NULL), -1);
    assert_error(MemoryError, "");
    testing_fail(NULL, 0, 0);
    loop->free_handles = free_ones;
    assert_false(future_done(future));
    assert_int_equal(future_remove_done_callback(future, task_wakeup, NULL), 1);
    assert_int_equal(future_set_result(future, None), 0);
    assert_true(future_done(future));
    decref(future);
}

/* ---- From inside a turn ------------------------------------------------------------------------*/

static int calls;
static Object *watched;

static void count_call(Object *arg, Object *future) {
    (void)arg, (void)future;
    calls++;
}

/* Does to the future that calls it whatever can be done. */
static void meddle(Object *arg, Object *future) {
    (void)arg;
    calls++;
    assert_int_equal(future_cancel(future, NULL), 0);
    assert_int_equal(future_set_result(future, None), -1);
    assert_error(InvalidStateError_Type.name, "invalid state");
    assert_int_equal(future_remove_done_callback(future, count_call, NULL), 0); // it is on its way
    assert_int_equal(future_add_done_callback(future, count_call, NULL), 0);
    clear_ref(watched);
}

static Object *two_turns(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    for (local->n = 0; local->n < 3; local->n++) {
        AWAIT(asyncio_sleep(0, NULL));
    }
    END;
}

static void test_callback_meddles(void **state) {
    (void)state;
    calls = 0;
    watched = future_new(loop);
    for (int i = 0; i < 6; i++)
        assert_int_equal(future_add_done_callback(watched, i ? count_call : meddle, NULL), 0);
    assert_int_equal(future_set_result(watched, None), 0);
    assert_int_equal(calls, 0); // never from inside set_result()
    expect_none(run_one(two_turns, &(Locals){0}));
    assert_null(watched);
    assert_int_equal(calls, 7);
}

static void close_loop(void *arg) {
    (void)arg;
    assert_int_equal(loop_close(loop), -1);
    assert_error(RuntimeError, "Cannot close a running event loop");
    Object *nested = loop_run_until_complete(loop, asyncio_sleep(0, NULL));
    assert_null(nested);
    assert_error(RuntimeError, "This event loop is already running");
    assert_null(asyncio_run(NULL, asyncio_sleep(0, NULL)));
    assert_error(RuntimeError_Type.name,
                 "asyncio.run() cannot be called from a running event loop");
    calls++;
}

static void ignore_warning(const Type *category, const char *message) {
    (void)category, (void)message;
}

static void test_close_and_run_inside(void **state) {
    (void)state;
    calls = 0;
    warning_hook = ignore_warning; // of what was never awaited
    assert_non_null(loop_call_soon(loop, close_loop, NULL));
    expect_none(run_one(two_turns, &(Locals){0}));
    assert_int_equal(calls, 1);
}

static void stop_now(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void test_stop_inside(void **state) {
    (void)state;
    Object *task = task_new(loop, asyncio_sleep(1, NULL), NULL);
    assert_non_null(loop_call_soon(loop, stop_now, NULL));
    assert_null(loop_run_until_complete(loop, new_ref(task)));
    assert_error(RuntimeError_Type.name, "Event loop stopped before Future completed.");
    expect_none(loop_run_until_complete(loop, task)); // it goes on
}

/* A callback that cancels whoever is still in line in this very turn. */
static void cancel_watched(void *arg) {
    (void)arg;
    assert_int_equal(future_cancel(watched, NULL), 1);
}

static void test_cancel_in_line(void **state) {
    (void)state;
    assert_non_null(loop_call_soon(loop, cancel_watched, NULL));
    watched = task_new(loop, asyncio_sleep(0, NULL), NULL); // its first step is in line behind
    assert_null(loop_run_until_complete(loop, new_ref(watched)));
    assert_error(CancelledError_Type.name, "");
    assert_true(future_cancelled(watched));
    clear_ref(watched);
}

/* The time of a sleep comes in the turn in which it is cancelled: the timer of another, whose
 * Handle takes the place of the first one's, is not touched. */
static Object *stale_timer(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_create_task(asyncio_sleep(1, NULL));
    local->b = asyncio_create_task(asyncio_sleep(1, NULL));
    AWAIT(asyncio_sleep(0, NULL));
    AWAIT(new_ref(local->a)); // now b's callback has been called, too, or is about to be
    future_cancel(local->b, NULL);
    AWAIT(asyncio_wait_for(asyncio_sleep(5, NULL), 6));
    END;
}

/* Cancels from a timer that stands before the other's in the same turn. */
static void cancel_at_time(void *task) {
    future_cancel(task, NULL);
}

static Object *cancelled_at_its_time(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    Loop *running = loop_get_running();
    local->a = asyncio_create_task(asyncio_sleep(1, NULL));
    if (!loop_call_later(running, 1, cancel_at_time, local->a)) return NULL;
    AWAIT(asyncio_sleep(0.5, NULL));
    AWAIT(asyncio_gather((Object *[]){asyncio_sleep(0.5, NULL), asyncio_sleep(3, NULL)}, 2, false));
    END;
}

static void test_timers_of_others(void **state) {
    (void)state;
    expect_none(run_one(stale_timer, &(Locals){0}));
    Object *result = run_one(cancelled_at_its_time, &(Locals){0});
    assert_non_null(result); // the sleep of three seconds ends: else "deadlock"
    decref(result);
    assert_true(loop_time(loop) >= 9.5);
}

/* ---- Hooks that change who called them ---------------------------------------------------------*/

/* An object that, when it dies, cancels what `watched` is. */
static void vengeful_dealloc(Object *self) {
    calls++;
    if (watched && future_cancel(watched, NULL) < 0) error_clear();
    testing_free(self);
}

static const Type Vengeful_Type = {.name = "vengeful", .dealloc = vengeful_dealloc};

static void test_dying_argument(void **state) {
    (void)state;
    calls = 0;
    watched = future_new(loop);
    for (int i = 0; i < 3; i++) {
        Object *arg = object_new(&Vengeful_Type, sizeof *arg);
        assert_int_equal(future_add_done_callback(watched, count_call, arg), 0);
        decref(arg);
        if (i == 1) assert_int_equal(future_remove_done_callback(watched, count_call, arg), 1);
    }
    assert_true(future_cancelled(watched)); // by the second one's death
    expect_none(run_one(two_turns, &(Locals){0}));
    assert_int_equal(calls, 1 + 2 + 2); // three died, two were called
    clear_ref(watched);
}

/* The message of a cancellation dies, and cancels again. */
static void test_dying_message(void **state) {
    (void)state;
    calls = 0;
    watched = task_new(loop, asyncio_sleep(5, NULL), NULL);
    Object *message = object_new(&Vengeful_Type, sizeof *message);
    assert_int_equal(future_cancel(watched, message), 1); // it has not begun: noted
    decref(message);
    assert_int_equal(future_cancel(watched, NULL), 1); // the message goes
    assert_int_equal(calls, 1);
    assert_int_equal(task_cancelling(watched), 3);
    assert_null(loop_run_until_complete(loop, new_ref(watched)));
    assert_error(CancelledError_Type.name, "");
    clear_ref(watched);
}

/* A handler that takes a reference to the task that is being destroyed, and gives it back later. */
static void adopt(Loop *of, const ExceptionContext *context, void *arg) {
    (void)of, (void)arg;
    calls++;
    if (!watched) watched = new_ref(context->object);
}

static Object *fails(Coroutine *self, Object *sent) {
    (void)self, (void)sent;
    error_raise(&ValueError_Type, "nobody asks");
    return NULL;
}

static void test_resurrected_task(void **state) {
    (void)state;
    static const Code code = {"fails", fails, 0, 0, 0};
    calls = 0;
    loop_set_exception_handler(loop, adopt, NULL);
    assert_int_equal(asyncio_spawn(loop, coroutine_new(&code, NULL)), 0);
    expect_none(run_one(two_turns, &(Locals){0}));
    assert_int_equal(calls, 1);
    assert_non_null(watched);
    Object *exc = future_exception(watched); // it lives
    assert_ptr_equal(exc->type, &ValueError_Type);
    decref(exc);
    clear_ref(watched);
    assert_int_equal(calls, 1); // and is reported once
}

/* ---- Misuse ------------------------------------------------------------------------------------*/

static SendResult yields_int(Object *self, Object *value, Object **result) {
    (void)self, (void)value;
    *result = int_from_long(1);
    return *result ? SEND_NEXT : SEND_ERROR;
}

static void static_dealloc(Object *self) {
    (void)self;
}

static const Type Odd_Type = {
    .name = "odd", .dealloc = static_dealloc, .await = future_await, .send = yields_int};

static Object *awaits_it(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(new_ref(local->a));
    END;
}

static void test_bad_yields(void **state) {
    (void)state;
    Object odd = {1, &Odd_Type};
    assert_null(run_one(awaits_it, &(Locals){.a = &odd}));
    assert_error(RuntimeError_Type.name, "Task got bad yield: 1");
    Loop *other = virtual_loop_new();
    Object *future = future_new(other);
    assert_null(run_one(awaits_it, &(Locals){.a = future}));
    assert_string_equal(error_name(error_occurred()), "RuntimeError");
    assert_non_null(strstr(error_message(), "<Future pending> attached to a different loop"));
    error_clear();
    decref(future);
    loop_free(other);
    Object *three = int_from_long(3);
    assert_null(task_new(loop, new_ref(three), NULL));
    assert_error(TypeError_Type.name, "a coroutine was expected, got 3");
    assert_null(asyncio_ensure_future(three, loop));
    assert_error(TypeError_Type.name, "An asyncio.Future, a coroutine or an awaitable is required");
    assert_null(future_new(NULL));
    assert_error(RuntimeError_Type.name, "no running event loop");
    assert_null(asyncio_wait_for(NULL, 1) ? (Object *)1 : NULL); // NULL is passed on
}

/* Tasks that wait for each other in a ring: cancelled and written all the same. */
static Object *awaits_first(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(new_ref(((List *)local->a)->items[0]));
    END;
}

static Object *ring_of_two(Coroutine *self, Object *sent) {
    static const Code code = {"ring", awaits_first, sizeof(Locals), 3, 0};
    BEGIN(Locals);
    Object *first = list_new(1), *second = list_new(1);
    local->a = asyncio_create_task(coroutine_new(&code, &(Locals){.a = first}));
    local->b = asyncio_create_task(coroutine_new(&code, &(Locals){.a = second}));
    ((List *)first)->items[0] = new_ref(local->b);
    ((List *)second)->items[0] = new_ref(local->a);
    local->c = first;
    decref(second);
    AWAIT(asyncio_sleep(0, NULL));
    char text[400];
    assert_non_null(strstr(object_repr(local->a, text, sizeof text), "wait_for=..."));
    assert_int_equal(future_cancel(local->a, NULL), -1);
    assert_error(RecursionError_Type.name,
                 "maximum recursion depth exceeded while calling a Python object");
    clear_ref(((List *)local->c)->items[0]); // the ring is opened
    ((List *)local->c)->items[0] = new_ref(None);
    END;
}

static void ignore_exception(Loop *of, const ExceptionContext *context, void *arg) {
    (void)of, (void)context, (void)arg;
}

static void test_ring(void **state) {
    (void)state;
    loop_set_exception_handler(loop, ignore_exception, NULL);
    expect_none(run_one(ring_of_two, &(Locals){0}));
}

/* Too deep is an error, and nothing is lost but those frames. */
static Object *deeper(Coroutine *self, Object *sent) {
    static const Code code = {"deeper", deeper, sizeof(Locals), 3, 0};
    BEGIN(Locals);
    AWAIT(coroutine_new(&code, &(Locals){0}));
    END;
}

static void test_too_deep(void **state) {
    (void)state;
    assert_null(run_one(deeper, &(Locals){0}));
    assert_error(RecursionError_Type.name, "maximum recursion depth exceeded");
    expect_none(run_one(two_turns, &(Locals){0}));
}

static void test_names(void **state) {
    (void)state;
    char text[60], long_name[200];
    memset(long_name, 'n', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    Object *named = task_new(loop, asyncio_sleep(0, NULL), "named");
    Object *numbered = task_new(loop, asyncio_sleep(0, NULL), NULL);
    assert_string_equal(task_get_name(named, text, sizeof text), "named");
    assert_int_equal(strncmp(task_get_name(numbered, text, sizeof text), "Task-", 5), 0);
    assert_int_equal(task_set_name(numbered, long_name), 0);
    assert_int_equal(strlen(task_get_name(numbered, text, sizeof text)), sizeof text - 1); // cut
    expect_none(loop_run_until_complete(loop, named));
    expect_none(loop_run_until_complete(loop, numbered));
}

/* Who is handed a semaphore, and cancelled before he runs, hands it on. */
static Object *handed_on(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->c = semaphore_new(0);
    local->a = asyncio_create_task(semaphore_acquire(local->c));
    local->b = asyncio_create_task(semaphore_acquire(local->c));
    AWAIT(asyncio_sleep(0, NULL));
    assert_int_equal(semaphore_release(local->c), 0);
    assert_int_equal(future_cancel(local->a, NULL), 1);
    AWAIT(new_ref(local->b)); // else "deadlock"
    assert_true(future_cancelled(local->a) && semaphore_locked(local->c));
    END;
}

/* The same for an item of a queue. */
static Object *passed_on(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->c = queue_new(0);
    local->a = asyncio_create_task(queue_get(local->c));
    local->b = asyncio_create_task(queue_get(local->c));
    AWAIT(asyncio_sleep(0, NULL));
    assert_int_equal(queue_put_nowait(local->c, True), 0);
    assert_int_equal(future_cancel(local->a, NULL), 1);
    AWAIT(new_ref(local->b));
    assert_true(future_cancelled(local->a) && sent == True);
    END;
}

static void test_handed_on(void **state) {
    (void)state;
    expect_none(run_one(handed_on, &(Locals){0}));
    expect_none(run_one(passed_on, &(Locals){0}));
}

/* ---- Many --------------------------------------------------------------------------------------*/

static Object *many(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    Object **args = malloc((size_t)local->n * sizeof(Object *));
    for (int64_t i = 0; i < local->n; i++)
        args[i] = asyncio_sleep((double)(i % 10) / 10, NULL);
    local->a = asyncio_gather(args, local->n, false);
    free(args);
    AWAIT(new_ref(local->a));
    END;
}

static void test_many(void **state) {
    (void)state;
    expect_none(run_one(many, &(Locals){.n = 20000}));
    assert_true(loop_time(loop) >= 0.9 && loop_time(loop) < 0.91);
    assert_true(sizeof(Task) + coroutine_sizeof(&(Code){"", NULL, 0, 0, 0}) + sizeof(Handle) < 300);
}

/* A long chain of those who wait for one that never ends, shield() in shield() or gather() in gather():
 * it goes with the loop, however long. */
static Object *chained(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_create_task(asyncio_sleep(1e9, NULL));
    AWAIT(asyncio_sleep(0, NULL));
    for (local->b = new_ref(local->a); local->n > 0; local->n--) {
        Object *outer = local->c ? asyncio_gather(&local->b, 1, false) : asyncio_shield(local->b);
        assert_non_null(outer);
        local->b = outer;
    }
    END;
}

static void test_long_chain(void **state) {
    (void)state;
    expect_none(run_one(chained, &(Locals){.n = 200000}));
    expect_none(run_one(chained, &(Locals){.n = 200000, .c = True}));
}

/* Who enters a group outside of a task is refused, and so is the group's first task then. */
static void test_group_without_task(void **state) {
    (void)state;
    Object *group = taskgroup_new(), *enter = object_aenter(group);
    assert_null(coroutine_send(enter, None));
    assert_error(RuntimeError_Type.name,
                 "TaskGroup <TaskGroup entered> cannot determine the parent task");
    assert_null(taskgroup_create_task(group, asyncio_sleep(0, NULL), NULL));
    assert_error(RuntimeError_Type.name, "TaskGroup <TaskGroup entered> has not been entered");
    decref(enter);
    decref(group);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_future_without_memory),
        TEST(test_callback_meddles),
        TEST(test_close_and_run_inside),
        TEST(test_stop_inside),
        TEST(test_cancel_in_line),
        TEST(test_timers_of_others),
        TEST(test_dying_argument),
        TEST(test_dying_message),
        TEST(test_resurrected_task),
        TEST(test_bad_yields),
        TEST(test_ring),
        TEST(test_too_deep),
        TEST(test_handed_on),
        TEST(test_names),
        TEST(test_group_without_task),
        TEST(test_many),
        TEST(test_long_chain),
        cmocka_unit_test(test_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
