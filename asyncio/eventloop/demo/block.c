/* block.c: fifty clients who each want something every 20 milliseconds, and one callback that takes
 * 150. */
#include "demo.h"

#include "../executor.h"
#include "../virtual.h"

enum { CLIENTS = 50, TIMES = 50, BUCKETS = 9 };

static const double EVERY = 0.02, TAKES = 5e-5, SLOW = 0.15, SLOW_AT = 0.4;
static const double limits[BUCKETS] = {1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 1e9};
static const char *const limit_names[BUCKETS] = {"1",  "2",   "5",   "10",  "20",
                                                 "50", "100", "200", "more"};

typedef struct {
    Loop *loop;
    bool virtual, in_thread, done;
    int left, bucket[BUCKETS];
    double longest;
} Run;

typedef struct {
    Run *run;
    double due;
    int left;
} Client;

/* Computes: on the virtual clock by letting time pass, else by doing nothing useful. */
static void compute(const Run *run, double seconds) {
    if (run->virtual) {
        must(selector_select(run->loop->selector, seconds)); // which adds to the clock
        return;
    }
    uint64_t until = clock_now() + (uint64_t)(seconds * 1e9);
    while (clock_now() < until)
        continue;
}

/* A request has come at `due`, whether or not the loop has time for it. */
static void answer(void *arg) {
    Client *client = arg;
    Run *run = client->run;
    compute(run, TAKES);
    double latency = loop_time(run->loop) - client->due;
    int bucket = 0;
    while (latency >= limits[bucket])
        bucket++;
    run->bucket[bucket]++;
    if (latency > run->longest) run->longest = latency;
    client->due += EVERY;
    if (--client->left > 0)
        loop_call_at(run->loop, client->due, answer, client);
    else
        run->done = --run->left == 0;
}

static void slow(void *arg) {
    compute(arg, SLOW);
}

static void slow_done(void *arg) {
    (void)arg;
}

static void slow_in_thread(void *arg) {
    Run *run = arg;
    loop_run_in_executor(run->loop, NULL, slow, slow_done, run, NULL);
}

/* One second of service, with one slow callback in it or without. */
static void serve(Run *run, bool has_slow) {
    static Client clients[CLIENTS];
    run->loop = need(run->virtual ? virtual_loop_new() : loop_new(NULL));
    run->left = CLIENTS;
    double begin = loop_time(run->loop) + EVERY;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (Client){run, begin + EVERY / CLIENTS * i, TIMES};
        need(loop_call_at(run->loop, clients[i].due, answer, &clients[i]));
    }
    if (has_slow)
        need(loop_call_at(run->loop, begin + SLOW_AT, run->in_thread ? slow_in_thread : slow, run));
    must(loop_run_until(run->loop, &run->done));
    loop_shutdown_default_executor(run->loop);
    loop_free(run->loop);
}

static void print_histogram(const Run *run) {
    for (int i = 0; i < BUCKETS - 1; i++) {
        printf("  below %4s ms %5d  ", limit_names[i], run->bucket[i]);
        print_bar(run->bucket[i], CLIENTS * TIMES);
    }
    printf("  the longest: %.2f ms\n", run->longest * 1e3);
}

void scene_block(void) {
    printf("%d clients each send a request every %.0f ms, %d times. To answer one takes\n"
           "%.2f ms: the loop mostly has nothing to do. From a request to its answer:\n\n",
           CLIENTS, EVERY * 1e3, TIMES, TAKES * 1e3);
    step("how long does a client wait, if everybody behaves?");
    Run good = {.virtual = true};
    serve(&good, false);
    print_histogram(&good);
    printf("\nNow one callback, once in that second, computes for %.0f ms.\n\n", SLOW * 1e3);
    step("one of 2501 callbacks is slow: how many requests does it delay?");
    Run bad = {.virtual = true};
    serve(&bad, true);
    print_histogram(&bad);
    int hit = CLIENTS * TIMES - bad.bucket[0];
    printf("\nOne callback, and %d of %d requests were late: all that came while it\n"
           "computed, and those that came before the line behind it was worked off.\n",
           hit, CLIENTS * TIMES);
}

void data_latency(void) {
    static const char *const variants[] = {"nobody", "in the loop", "in a thread"};
    puts("slow,below ms,requests");
    for (int i = 0; i < 3; i++) {
        Run run = {.in_thread = i == 2};
        serve(&run, i > 0);
        for (int b = 0; b < BUCKETS; b++)
            printf("%s,%s,%d\n", variants[i], limit_names[b], run.bucket[b]);
    }
}
