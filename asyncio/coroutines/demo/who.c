/* who.c: who runs when; what a coroutine is without a loop; what a Future tells, and when. */
#include "demo.h"

/* ---- timeline --------------------------------------------------------------------------------*/

typedef struct {
    double began;
} Main;

/* async def main(): starts three, and waits for them. */
static Object *timeline_run(Coroutine *self, Object *sent) {
    BEGIN(Main);
    compute("main", 0.2);
    local->began = now();
    AWAIT(GATHER(worker("a", 0.3, 0.2, 4), worker("b", 0.5, 0.1, 3), worker("c", 0.4, 0.4, 2)));
    trace("main", WAITS, local->began, now());
    compute("main", 0.1);
    trace("main", ENDS, now(), now());
    END;
}

static void trace_timeline(void) {
    static const Code code = {"main", timeline_run, sizeof(Main), 0, 0};
    static const char *const rows[] = {"main", "a", "b", "c", NULL};
    trace_begin(rows);
    play(coroutine_new(&code, &(Main){0}));
}

void scene_timeline(void) {
    puts("  async def worker(sleeps, computes, times):\n"
         "      for _ in range(times):\n"
         "          await asyncio.sleep(sleeps)\n"
         "          compute(computes)\n\n"
         "  async def main():\n"
         "      compute(0.2)\n"
         "      await asyncio.gather(worker(0.3, 0.2, 4),     # a\n"
         "                           worker(0.5, 0.1, 3),     # b\n"
         "                           worker(0.4, 0.4, 2))     # c\n"
         "      compute(0.1)\n");
    trace_timeline();
    step("who has begun by 0.45?");
    trace_draw(0.45);
    puts("\nAll three, at 0.20, as main waits: each ran up to its own await, in no time.\n"
         "a and c wake up at 0.50 and 0.60.\n");
    step("a computes from 0.50 to 0.70: when does c, which is due at 0.60?");
    trace_draw(1.1);
    puts("\nOne thread: c at 0.70, and b when c is done. Nobody is interrupted: others get\n"
         "their turn where a task awaits, and nowhere else.\n");
    step("what does main do all the time?");
    trace_draw(5);
    printf("\nIt waits for one Future, gather()'s. The loop made %llu turns; all that was late\n"
           "was late by somebody's computing.\n",
           loop_turns);
}

void data_timeline(void) {
    trace_timeline();
    trace_print();
}

/* ---- coroutine -------------------------------------------------------------------------------*/

/* async def ask(): gives way once. */
static Object *ask_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    puts("    ask begins");
    YIELD_NONE;
    puts("    ask goes on");
    RETURN(str_from_format("page"));
    END;
}

static Object *ask(void) {
    static const Code code = {"ask", ask_run, 0, 0, 0};
    return coroutine_new(&code, NULL);
}

/* async def fetch(): return await ask() */
static Object *fetch_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    puts("    fetch begins");
    AWAIT(ask());
    puts("    fetch goes on");
    RETURN(new_ref(sent));
    END;
}

static Object *fetch(void) {
    static const Code code = {"fetch", fetch_run, 0, 0, 0};
    return need(coroutine_new(&code, NULL));
}

/* async def three(): await 3 */
static Object *three_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    AWAIT(int_from_long(3));
    END;
}

static void print_state(const Object *coro) {
    const Object *awaits = coroutine_cr_await(coro);
    printf("    %s", coroutine_state(coro));
    if (awaits) printf(", awaits %s()", ((const Coroutine *)awaits)->code->name);
    putchar('\n');
}

/* coro.send(None), told. */
static void send_none(Object *coro) {
    puts("  coro.send(None)");
    Object *result = coroutine_send(coro, None);
    if (result) {
        printf("    yields %s\n", repr(result));
        decref(result);
    } else {
        Exception *exc = exception_fetch();
        printf("    raises %s\n", repr(exc));
        decref(exc);
    }
    print_state(coro);
}

void scene_coroutine(void) {
    static const Code three = {"three", three_run, 0, 0, 0};
    puts("  async def fetch():  return await ask()\n"
         "  async def ask():    gives way once, then returns 'page'\n");
    step("coro = fetch(): what has run?");
    Object *coro = fetch();
    puts("  coro = fetch()");
    print_state(coro);
    puts("");
    step("no loop, only send(): who runs, and what comes out?");
    send_none(coro);
    puts("\nNone is from ask; fetch did not notice. An await passes everything through.\n");
    step("again: how does the result come out?");
    send_none(coro);
    puts("\nReturning is StopIteration with a value, as in a generator. Nothing was new up\n"
         "to here. What async def adds to a generator are refusals:\n");
    step("what does it say the third time?");
    send_none(coro);
    decref(coro);
    step("and if it is dropped without an await?");
    puts("  fetch()        # no await");
    tell_warnings();
    coro = fetch();
    decref(coro);
    step("and to what is no awaitable?");
    puts("  coro = three()     # async def three(): await 3");
    coro = need(coroutine_new(&three, NULL));
    send_none(coro);
    decref(coro);
    puts("\nA generator that has ended is empty, for ever and silently; one that is dropped\n"
         "is dropped. For what should wait, both would be a mistake that nobody sees.");
}

/* ---- future ----------------------------------------------------------------------------------*/

typedef struct {
    Object *future, *task;
} Futures;

static void told(Object *arg, Object *future) {
    say("%s is called: %s", ((const Str *)arg)->text, repr(future));
}

static void add_callback(Object *future, const char *name) {
    Object *arg = need(str_from_format("%s", name));
    must(future_add_done_callback(future, told, arg));
    decref(arg);
}

static void set_result(Object *future, int value) {
    Object *result = need(int_from_long(value));
    if (future_set_result(future, result) < 0) {
        Exception *exc = exception_fetch();
        say("set_result(%d) raises %s", value, repr(exc));
        decref(exc);
    } else {
        say("set_result(%d) has returned", value);
    }
    decref(result);
}

/* async def waits(future): say(await future) */
static Object *waits_run(Coroutine *self, Object *sent) {
    BEGIN(Futures);
    AWAIT(new_ref(local->future));
    say("the task goes on, with %s", repr(sent));
    END;
}

static Object *waits(Object *future) {
    static const Code code = {"waits", waits_run, sizeof(Futures), 1, 0};
    return coroutine_new(&code, &(Futures){.future = future});
}

static Object *future_run(Coroutine *self, Object *sent) {
    BEGIN(Futures);
    local->future = need(future_new(NULL));
    add_callback(local->future, "first");
    add_callback(local->future, "second");
    say("%s", repr(local->future));
    step("set_result(42): when are the callbacks called?");
    set_result(local->future, 42);
    say("main goes on, and gives way: sleep(0)");
    AWAIT(asyncio_sleep(0, NULL));
    step("a second result? and a callback that comes late?");
    set_result(local->future, 43);
    add_callback(local->future, "third");
    say("added one more");
    AWAIT(asyncio_sleep(0, NULL));
    clear_ref(local->future);
    puts("\nA task waits by such a callback, which takes its next step:\n");
    local->future = need(future_new(NULL));
    local->task = need(task_new(NULL, waits(local->future), "waiter"));
    AWAIT(asyncio_sleep(1, NULL));
    say_repr(local->task);
    step("set_result(7): does the task go on at once?");
    set_result(local->future, 7);
    AWAIT(new_ref(local->task));
    say_repr(local->task);
    clear_ref(local->future);
    puts("\nOne that fails, and is dropped before anybody has asked for its result:\n");
    step("who is told?");
    local->future = need(future_new(NULL));
    Exception *exc = need(exception_new(&ValueError_Type, "%s", "lost"));
    must(future_set_exception(local->future, exc));
    decref(exc);
    clear_ref(local->future);
    END;
}

void scene_future(void) {
    static const Code code = {"main", future_run, sizeof(Futures), 2, 0};
    puts("main makes a Future and gives it two callbacks.\n");
    play(coroutine_new(&code, &(Futures){0}));
    puts("\nSetting a result calls nobody: it puts the callbacks in the loop's line. So who\n"
         "sets it goes on in a world that is as it was.");
}
