/* threads_test.c: threads of the executor, and Ctrl-C. */
#include "real.h"

#include <semaphore.h>
#include <signal.h>

/* ---- Threads -----------------------------------------------------------------------------------*/

static sem_t gate;

static Object *wait_at_gate(Object *arg) {
    (void)arg;
    sem_wait(&gate);
    return NULL;
}

static Executor *only_one;

static Object *cancelled_threads(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    local->a = asyncio_run_in_executor(NULL, only_one, wait_at_gate, NULL);
    AWAIT(asyncio_sleep(0.02, NULL)); // now the one thread is busy
    local->b = asyncio_run_in_executor(NULL, only_one, work, NULL);
    if (!local->a || !local->b) return NULL;
    future_cancel(local->b, NULL);
    AWAIT(asyncio_sleep(0, NULL));
    future_cancel(local->a, NULL); // too late: it has begun
    sem_post(&gate);
    TRY {
        AWAIT(new_ref(local->b));
        fail();
    }
    EXCEPT(CancelledError) {
        assert_int_equal(worked, 0);
    }
    END_TRY;
    AWAIT(asyncio_run_in_executor(NULL, only_one, work, NULL));
    assert_int_equal(worked, 1);
    END;
}

static void test_cancelled_threads(void **state) {
    (void)state;
    worked = 0;
    sem_init(&gate, 0, 0);
    static const Code code = {"main", cancelled_threads, sizeof(Locals), LOCALS, 2};
    only_one = executor_new(1);
    Loop *loop = loop_new(NULL);
    Object *result = asyncio_run(loop, coroutine_new(&code, &(Locals){0}));
    assert_ptr_equal(result, None);
    executor_free(only_one, true);
    loop_free(loop);
    sem_destroy(&gate);
}

/* to_thread() cancelled at once, before its task has begun, and after. */
static Object *many_threads(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    enum { MANY = 300 };
    for (local->n = 0; local->n < 3; local->n++) {
        Object *args[MANY];
        for (int i = 0; i < MANY; i++) {
            Object *number = int_from_long(i);
            args[i] =
                i % 3 ? asyncio_to_thread(work, number) : asyncio_to_thread(work_in_vain, NULL);
            args[i] = asyncio_create_task(args[i]);
            if (i % 7 == 0) future_cancel(args[i], NULL);
            decref(number);
        }
        local->a = asyncio_gather(args, MANY, true);
        AWAIT(asyncio_sleep(local->n == 2 ? 0.001 : 0, NULL));
        if (local->n > 0) future_cancel(local->a, NULL);
        TRY {
            AWAIT(new_ref(local->a));
            const List *list = (const List *)sent;
            for (ssize_t i = 0; i < list->size; i++) {
                const Object *item = list->items[i];
                if (i % 7 == 0)
                    assert_ptr_equal(item->type, &CancelledError_Type);
                else if (i % 3 == 0)
                    assert_ptr_equal(item->type, &ValueError_Type);
                else
                    assert_int_equal(((const Int *)item)->value, i + 1);
            }
        }
        EXCEPT(CancelledError) {
            assert_true(local->n > 0);
        }
        END_TRY;
        clear_ref(local->a);
    }
    END;
}

RUNS(many_threads)

/* ---- Ctrl-C ------------------------------------------------------------------------------------*/

static Object *interrupted(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    raise(SIGINT);
    TRY {
        AWAIT(asyncio_sleep(30, NULL));
    }
    EXCEPT(CancelledError) {
        AWAIT(asyncio_sleep(0.001, NULL)); // there is time to tidy up
        RERAISE;
    }
    END_TRY;
    END;
}

static void test_interrupted(void **state) {
    (void)state;
    signal(SIGINT, SIG_DFL); // what a shell starts in the background has it ignored
    assert_null(run_main(interrupted));
    assert_error(KeyboardInterrupt_Type.name, "");
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    assert_true(action.sa_handler == SIG_DFL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_cancelled_threads),
        TEST(test_many_threads),
        TEST(test_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
