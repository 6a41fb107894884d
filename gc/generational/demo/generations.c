/* generations.c: a server whose objects move up, or not; and when the oldest generation is spared. */
#include "scenes.h"

/* ---- generations: a server -------------------------------------------------------------------*/

static const char *const request_fields[] = {"response", "session", NULL};
static const Type Request_Type = INSTANCE_TYPE("Request", request_fields, 2, NULL);
static const Type Response_Type = INSTANCE_TYPE("Response", request_fields, 2, NULL);
static const Type Session_Type = INSTANCE_TYPE("Session", request_fields, 2, NULL);

/* A request and its response refer to each other, and nobody keeps them for longer than 30 requests;
 * each hundredth opens a session, which stays. */
static void serve(int requests, List *sessions) {
    enum { IN_FLIGHT = 30 };
    Object *in_flight[IN_FLIGHT] = {NULL};
    for (int i = 0; i < requests; i++) {
        Object *request = need(instance_new(&Request_Type));
        Object *response = need(instance_new(&Response_Type));
        refer(request, 0, response);
        refer(response, 0, request);
        decref(response);
        if (i % 100 == 0) {
            Object *session = need(instance_new(&Session_Type));
            refer(request, 1, session);
            must(list_append(sessions, session));
            decref(session);
        }
        xdecref(in_flight[i % IN_FLIGHT]);
        in_flight[i % IN_FLIGHT] = request;
    }
    for (int i = 0; i < IN_FLIGHT; i++)
        xdecref(in_flight[i]);
}

static struct {
    int shown, collections;
    int counts[NUM_GENERATIONS];
    ssize_t looked_at[NUM_GENERATIONS], sum_looked_at[NUM_GENERATIONS];
} told;

static void tell_collection(const char *phase, int generation, ssize_t collected,
                            ssize_t uncollectable) {
    (void)uncollectable;
    if (strcmp(phase, "start") == 0) {
        ssize_t sum = 0;
        for (int i = 0; i < NUM_GENERATIONS; i++) {
            told.counts[i] = gc.generations[i].count;
            if (i <= generation) sum += gc_generation_size(i);
        }
        told.looked_at[generation] = sum;
        told.sum_looked_at[generation] += sum;
        return;
    }
    int n = ++told.collections;
    if (n > 3 && n != 11 && n != 12 && n != 13 && n != 132 && n != 133 && n != 134) return;
    if (n == 12) step("count 1 has passed its threshold, 10: what comes now?");
    if (n == 133) step("and when count 2 has passed its own?");
    if (n == 11 || n == 132) puts("      ...");
    printf("    %4d   %3d %3d %3d       %d       %5zd  %5zd   %5zd %5zd %5zd\n", n, told.counts[0],
           told.counts[1], told.counts[2], generation, told.looked_at[generation], collected,
           gc_generation_size(0), gc_generation_size(1), gc_generation_size(2));
}

void scene_generations(void) {
    enum { REQUESTS = 47200 };
    begin();
    memset(&told, 0, sizeof told);
    memset(gc.generation_stats, 0, sizeof gc.generation_stats);
    List *sessions = need(list_new());
    puts("A server: each request and its response refer to each other, so counting never\n"
         "frees them; they are in use for 30 requests. Each hundredth opens a session.\n");
    puts("              counts    collects   looked           lists afterwards\n"
         "     no.    0   1   2   generation     at  found       0     1     2");
    gc_callback = tell_collection;
    serve(REQUESTS, sessions);
    gc_callback = NULL;
    step("which generation has cost most?");
    printf("\n  %d requests later:\n"
           "    generation   collections   looked at   found   found of 100 looked at\n",
           REQUESTS);
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        printf("        %d           %5zd      %8zd  %6zd      %5.1f\n", i,
               gc.generation_stats[i].collections, told.sum_looked_at[i],
               gc.generation_stats[i].collected,
               100.0 * (double)gc.generation_stats[i].collected / (double)told.sum_looked_at[i]);
    }
    puts("\n  Looking at the young pays: nearly all of them are garbage by then. What has\n"
         "  survived twice will most likely survive again.");
    decref(sessions);
    gc_collect(2);
}

/* Before and after each collection how many are in each generation, by objects made. */
static void csv_collection(const char *phase, int generation, ssize_t collected,
                           ssize_t uncollectable) {
    (void)generation, (void)collected, (void)uncollectable;
    static long made;
    if (strcmp(phase, "start") == 0) made += gc.generations[0].count;
    printf("%ld,%zd,%zd,%zd\n", made, gc_generation_size(0), gc_generation_size(1),
           gc_generation_size(2));
}

void csv_survivors(void) {
    begin();
    List *sessions = need(list_new());
    puts("made,young,middle,old");
    gc_callback = csv_collection;
    serve(60000, sessions);
    gc_callback = NULL;
    decref(sessions);
    gc_collect(2);
}

/* ---- quarter: when the oldest is spared ------------------------------------------------------*/

static ssize_t full_collections, looked_at;
static bool without_rule;

static void count_full(const char *phase, int generation, ssize_t collected,
                       ssize_t uncollectable) {
    (void)collected;
    (void)uncollectable;
    if (generation < NUM_GENERATIONS - 1) return;
    if (strcmp(phase, "stop") == 0) {
        if (without_rule) gc.long_lived_total = 0; // a quarter of 0 is always waiting
        return;
    }
    full_collections++;
    for (int i = 0; i < NUM_GENERATIONS; i++)
        looked_at += gc_generation_size(i);
}

/* n objects made, all of which stay: what the full collections cost meanwhile. */
static void pile_up(int n, bool rule) {
    begin();
    gc.generations[0].threshold = 100; // smaller, so that the oldest comes up more often
    without_rule = !rule;
    full_collections = looked_at = 0;
    Object *last = NULL;
    gc_callback = count_full;
    for (int i = 0; i < n; i++) {
        Object *node = need(instance_new(&Request_Type));
        FIELD(node, 0) = last;
        last = node;
    }
    gc_callback = NULL;
    decref(last);
    printf("   %8zd %10.1f", full_collections, (double)looked_at / n);
}

void scene_quarter(void) {
    puts("A program piles up objects and drops none. A full collection looks at all of\n"
         "them and finds nothing. (Threshold 100 instead of 700, to see more of it.)\n");
    puts("               looked at whenever        only when a quarter\n"
         "               count 2 is past 10        is new\n"
         "    objects   full coll.   per object   full coll.   per object");
    for (int n = 20000; n <= 320000; n *= 2) {
        printf("    %7d", n);
        pile_up(n, false);
        pile_up(n, true);
        putchar('\n');
        if (n == 20000) step("twice the objects: how often is each looked at?");
    }
    puts("\nWithout the rule the work grows with the square of the heap. With it the heap\n"
         "has grown by a quarter between two full collections, so each object is looked at\n"
         "a bounded number of times: amortised linear. The price: a cycle that has grown\n"
         "old waits until the heap has grown by a quarter, however much memory it holds.");
}
