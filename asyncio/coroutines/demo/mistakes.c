/* mistakes.c: what goes wrong in programs, each seen going wrong, and what mends it. */
#include "demo.h"

#include "../locks.h"

#include <netdb.h>

/* ---- forgotten -------------------------------------------------------------------------------*/

typedef struct {
    double after;
} Save;

/* async def save(after): sleeps, then says that it has saved. */
static Object *save_run(Coroutine *self, Object *sent) {
    BEGIN(Save);
    TRY {
        AWAIT(asyncio_sleep(local->after, NULL));
        say("saved");
    }
    EXCEPT(CancelledError) {
        say("cancelled before it has saved");
        RERAISE;
    }
    END_TRY;
    END;
}

static Object *save(double after) {
    static const Code code = {"save", save_run, sizeof(Save), 0, 1};
    return coroutine_new(&code, &(Save){after});
}

/* async def main(): save(0) */
static Object *forgets_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    Object *coro = need(save(0));
    decref(coro);
    say("main ends");
    END;
}

/* async def main(): create_task(save(1)) */
static Object *leaves_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    Object *task = need(asyncio_create_task(save(1)));
    decref(task);
    AWAIT(asyncio_sleep(0.5, NULL));
    say("main ends");
    END;
}

void scene_forgotten(void) {
    static const Code forgets = {"main", forgets_run, 0, 0, 0};
    static const Code leaves = {"main", leaves_run, 0, 0, 0};
    puts("  async def main():\n"
         "      save()                # makes a coroutine, and drops it\n");
    step("is anything saved, does anything fail?");
    play(coroutine_new(&forgets, NULL));
    puts("\nNothing is saved, nothing fails: all there is is the warning, on stderr.\n\n"
         "  async def main():\n"
         "      asyncio.create_task(save())     # which takes a second\n"
         "      await asyncio.sleep(0.5)\n");
    step("main ends at 0.50: is anything saved?");
    play(coroutine_new(&leaves, NULL));
    puts("\nrun() cancels what is left when main ends. Keep the task, and await it.");
}

/* ---- block -----------------------------------------------------------------------------------*/

static const double LOOKUP = 0.2;

/* Looks a name up, as getaddrinfo() does with a slow server of names: the thread that calls it
 * sleeps. */
static Object *look_up(Object *arg) {
    (void)arg;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
    nanosleep(&(struct timespec){0, (long)(LOOKUP * 1e9)}, NULL);
    if (getaddrinfo("127.0.0.1", NULL, &hints, &found) == 0) freeaddrinfo(found);
    return NULL; // None: a thread touches no count of an object that others have
}

typedef struct {
    Object *ticker;
    bool in_thread;
} Lookup;

static int ticks;

/* async def ticker(): a tick every hundredth of a second. */
static Object *ticker_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    for (;;) {
        AWAIT(asyncio_sleep(0.01, NULL));
        ticks++;
    }
    END;
}

static Object *lookup_run(Coroutine *self, Object *sent) {
    static const Code ticker = {"ticker", ticker_run, 0, 0, 0};
    BEGIN(Lookup);
    local->ticker = need(asyncio_create_task(coroutine_new(&ticker, NULL)));
    AWAIT(asyncio_sleep(0, NULL));
    ticks = 0;
    if (local->in_thread) {
        AWAIT(asyncio_to_thread(look_up, NULL));
    } else {
        look_up(NULL);
    }
    must(future_cancel(local->ticker, NULL));
    END;
}

/* How often the ticker came to its turn while a name was looked up: in real time, in a real
 * thread. */
static void print_ticks(const char *call, bool in_thread) {
    static const Code code = {"main", lookup_run, sizeof(Lookup), 1, 0};
    Object *result =
        need(asyncio_run(NULL, coroutine_new(&code, &(Lookup){.in_thread = in_thread})));
    decref(result);
    printf("  %-40s ticks: %s\n", call, ticks ? "all the time" : "none");
}

/* async def slow(who): something computes in the middle. */
static Object *slow_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    AWAIT(nap("slow", 0.8));
    compute("slow", 1);
    trace("slow", ENDS, now(), now());
    END;
}

static Object *blocking_run(Coroutine *self, Object *sent) {
    static const Code slow = {"slow", slow_run, 0, 0, 0};
    BEGIN(void);
    AWAIT(GATHER(worker("client", 0.2, 0.05, 10), coroutine_new(&slow, NULL)));
    END;
}

void scene_block(void) {
    static const Code blocking = {"main", blocking_run, 0, 0, 0};
    static const char *const rows[] = {"client", "slow", NULL};
    trace_begin(rows);
    puts("client is served every 0.2 seconds; slow calls time.sleep(1) at 0.8, not\n"
         "await asyncio.sleep(1).\n");
    step("how long does the client wait?");
    play(coroutine_new(&blocking, NULL));
    trace_draw(5);
    puts("\nNobody runs while a function that is no coroutine does not return. Looking up a\n"
         "name is such a one: getaddrinfo() asks a server and waits. Here it takes 0.2\n"
         "seconds, in real time, and a ticker would like to tick every hundredth:\n");
    step("in which of the two does the ticker tick?");
    print_ticks("getaddrinfo(...)", false);
    print_ticks("await asyncio.to_thread(getaddrinfo)", true);
    puts("\nSo loop.getaddrinfo() and open_connection() call it in a thread of the pool, the\n"
         "executor, and you do the same with what does not await: files, most databases.");
}

/* ---- swallow ---------------------------------------------------------------------------------*/

typedef struct {
    Object *task;
    bool careless;
    int left;
} Poller;

/* async def poll(): three rounds of a second each, and whatever goes wrong in one, the next. */
static Object *poll_run(Coroutine *self, Object *sent) {
    BEGIN(Poller);
    while (local->left-- > 0) {
        TRY {
            AWAIT(nap("poll", 1));
        }
        EXCEPT(CancelledError) {
            trace("poll", CANCELLED, now(), now());
            say("poll: except catches %s", repr(frame_exception(self)));
            if (!local->careless) RERAISE;
        }
        END_TRY;
    }
    trace("poll", ENDS, now(), now());
    END;
}

static Object *polling_run(Coroutine *self, Object *sent) {
    static const Code code = {"poll", poll_run, sizeof(Poller), 1, 1};
    BEGIN(Poller);
    TRY {
        AWAIT(asyncio_wait_for(coroutine_new(&code, &(Poller){NULL, local->careless, 3}), 0.5));
        say("wait_for(poll(), 0.5) returns %s", repr(sent));
    }
    EXCEPT(TimeoutError) {
        say("wait_for(poll(), 0.5) raises %s", repr(frame_exception(self)));
    }
    END_TRY;
    END;
}

void scene_swallow(void) {
    static const Code code = {"main", polling_run, sizeof(Poller), 1, 1};
    static const char *const rows[] = {"poll", NULL};
    trace_begin(rows);
    puts("  async def poll():\n"
         "      for _ in range(3):\n"
         "          try: await asyncio.sleep(1)\n"
         "          except: pass              # the next time it will go well\n\n"
         "  await asyncio.wait_for(poll(), 0.5)\n");
    step("when does wait_for() give up?");
    play(coroutine_new(&code, &(Poller){.careless = true}));
    puts("");
    trace_draw(5);
    puts("\nNot at 0.50: it cancels what it waits for and then waits until that has ended.\n"
         "Whoever catches CancelledError and does not raise it again lives on. Since 3.8\n"
         "`except Exception` does not catch it; `except:` and BaseException do.\n");
    step("and with `raise` at the end of the except?");
    play(coroutine_new(&code, &(Poller){.careless = false}));
}

/* ---- unlimited -------------------------------------------------------------------------------*/

enum { REQUESTS = 300, PLACES = 64 };

static int inside, most, refused;

typedef struct {
    Object *semaphore; // or None: no limit
} Request;

/* async def ask(): the server has PLACES; who finds none is refused. */
static Object *ask_run(Coroutine *self, Object *sent) {
    BEGIN(void);
    if (inside == PLACES) {
        refused++;
        return new_ref(None);
    }
    if (++inside > most) most = inside;
    AWAIT(asyncio_sleep(0.1, NULL));
    inside--;
    END;
}

static Object *ask(void) {
    static const Code code = {"ask", ask_run, 0, 0, 0};
    return coroutine_new(&code, NULL);
}

/* async def limited(): async with semaphore: await ask() */
static Object *limited_run(Coroutine *self, Object *sent) {
    BEGIN(Request);
    ASYNC_WITH(local->semaphore) {
        AWAIT(ask());
    }
    END_ASYNC_WITH(local->semaphore);
    END;
}

typedef struct {
    Object *semaphore;
    int limit;
} Many;

static double took;

static Object *many_run(Coroutine *self, Object *sent) {
    static const Code limited = {"limited", limited_run, sizeof(Request), 1, 1};
    BEGIN(Many);
    local->semaphore = need(semaphore_new(local->limit));
    Object *asks[REQUESTS];
    for (int i = 0; i < REQUESTS; i++)
        asks[i] = local->limit ? coroutine_new(&limited, &(Request){local->semaphore}) : ask();
    AWAIT(asyncio_gather(asks, REQUESTS, false));
    took = now();
    END;
}

static void print_many(int limit) {
    static const Code code = {"main", many_run, sizeof(Many), 1, 0};
    inside = most = refused = 0;
    play(coroutine_new(&code, &(Many){.limit = limit}));
    char text[20];
    snprintf(text, sizeof text, "Semaphore(%d)", limit);
    printf("  %-15s %9d %11d %10.1f s\n", limit ? text : "gather() alone", most, refused, took);
}

void scene_unlimited(void) {
    printf("%d pages of one server, which answers each in 0.1 seconds and has %d places;\n"
           "who finds none is refused.\n\n"
           "  await asyncio.gather(*[ask(page) for page in pages])\n\n",
           REQUESTS, PLACES);
    step("how many are refused?");
    puts("                  at once     refused       took");
    print_many(0);
    puts("\n  async def limited(page):\n"
         "      async with semaphore:\n"
         "          await ask(page)\n");
    step("which limit is best?");
    puts("                  at once     refused       took");
    print_many(10);
    print_many(PLACES);
    print_many(100);
    puts("\nThe tasks are all there, and cost little; what a semaphore limits is how many\n"
         "are inside. A limit above what the other side can take is no limit.");
}
