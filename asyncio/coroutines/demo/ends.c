/* ends.c: how tasks end before their time: by cancel(), and by the failure of another one. */
#include "demo.h"

/* ---- cancel ----------------------------------------------------------------------------------*/

typedef struct {
    Object *task, *early;
} Tasks;

/* async def writer(): is asked to stop, and puts its file in order first. */
static Object *writer_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    say("writer: begins");
    TRY {
        AWAIT(asyncio_sleep(60, NULL));
    }
    FINALLY {
        say("writer: finally, because of %s", repr(frame_exception(self)));
        AWAIT(asyncio_sleep(0.5, NULL));
        say("writer: the file is closed");
    }
    END_FINALLY;
    END;
}

static Object *writer(void) {
    static const Code code = {"writer", writer_run, 0, 0, 1};
    return coroutine_new(&code, NULL);
}

static void cancel(Object *task, const char *text) {
    Object *msg = need(str_from_format("%s", text));
    int cancelled = future_cancel(task, msg);
    must(cancelled);
    decref(msg);
    say("cancel('%s') returns %s", text, cancelled ? "True" : "False");
    say_repr(task);
}

static Object *cancel_run(Coroutine *self, Object *sent) {
    BEGIN(Tasks);
    local->task = need(task_new(NULL, writer(), "writer"));
    AWAIT(asyncio_sleep(1, NULL));
    say_repr(local->task);
    puts("");
    step("cancel(): has it ended when cancel() returns?");
    cancel(local->task, "enough");
    puts("");
    step("what does the writer see, and may it await?");
    TRY {
        AWAIT(new_ref(local->task));
    }
    EXCEPT(CancelledError) {
        say("who waits for it sees %s", repr(frame_exception(self)));
    }
    END_TRY;
    say_repr(local->task);
    puts("");
    step("cancel one that has ended?");
    cancel(local->task, "again");
    puts("\nOne more writer, cancelled before its first step:\n");
    step("does its finally run?");
    local->early = need(task_new(NULL, writer(), "early"));
    cancel(local->early, "too early");
    TRY {
        AWAIT(new_ref(local->early));
    }
    EXCEPT(CancelledError) {
        say_repr(local->early);
    }
    END_TRY;
    END;
}

void scene_cancel(void) {
    static const Code code = {"main", cancel_run, sizeof(Tasks), 2, 1};
    puts("  async def writer():\n"
         "      try: await asyncio.sleep(60)\n"
         "      finally: await asyncio.sleep(0.5)    # to close a file\n");
    play(coroutine_new(&code, &(Tasks){0}));
    puts("\nCancelling is asking. The exception is raised where the task waits; what it\n"
         "does with it is its own affair. One that never began has no try to be in.");
}

/* ---- gather ----------------------------------------------------------------------------------*/

typedef struct {
    Object *group;
    double began;
} Groups;

/* async def main(): gather() of three, of which one fails; then two seconds more. */
static Object *gathering_run(Coroutine *self, Object *sent) {
    BEGIN(Groups);
    TRY {
        AWAIT(GATHER(worker("a", 0.4, 0.1, 1), failing("b", 1), worker("c", 1.9, 0.1, 1)));
    }
    EXCEPT(ValueError) {
        trace("gather", WAITS, 0, now());
        say("gather() raises %s", repr(frame_exception(self)));
        trace("gather", FAILS, now(), now());
    }
    END_TRY;
    AWAIT(asyncio_sleep(2, NULL));
    END;
}

static void join(Object *group, Object *coro) {
    Object *task = need(taskgroup_create_task(group, coro, NULL));
    decref(task);
}

/* async def main(): the same three in a TaskGroup. */
static Object *grouping_run(Coroutine *self, Object *sent) {
    BEGIN(Groups);
    local->group = need(taskgroup_new());
    TRY {
        ASYNC_WITH(local->group) {
            join(local->group, worker("a", 0.4, 0.1, 1));
            join(local->group, failing("b", 1));
            join(local->group, worker("c", 1.9, 0.1, 1));
        }
        END_ASYNC_WITH(local->group);
    }
    EXCEPT(ExceptionGroup) {
        trace("block", WAITS, 0, now());
        say("the block raises\n        %s", repr(frame_exception(self)));
        trace("block", FAILS, now(), now());
    }
    END_TRY;
    END;
}

void scene_gather(void) {
    static const Code gathering = {"main", gathering_run, sizeof(Groups), 1, 1};
    static const Code grouping = {"main", grouping_run, sizeof(Groups), 1, 2};
    static const char *const gathered[] = {"gather", "a", "b", "c", NULL};
    static const char *const grouped[] = {"block", "a", "b", "c", NULL};
    puts("a takes 0.5 seconds, c takes 2, and b fails after one.\n\n"
         "  await asyncio.gather(a(), b(), c())\n");
    step("b fails at 1.00: what becomes of c?");
    trace_begin(gathered);
    play(coroutine_new(&gathering, &(Groups){0}));
    puts("");
    trace_draw(5);
    puts("\ngather() raises at once. c goes on as long as main does, which catches that,\n"
         "though nobody wants it any more.\n\n"
         "  async with asyncio.TaskGroup() as group:\n"
         "      group.create_task(a()), group.create_task(b()), group.create_task(c())\n");
    step("and in a TaskGroup?");
    trace_begin(grouped);
    play(coroutine_new(&grouping, &(Groups){0}));
    puts("");
    trace_draw(5);
    puts("\nThe block is left when all its tasks are done: c was cancelled, and what failed\n"
         "comes out as a group, since it could have been several.");
}
