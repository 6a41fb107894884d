/* idle.c: what a turn costs by how many descriptors are registered and have nothing to say; and what
 * each selector cannot be asked. */
#include "demo.h"

#include <sys/resource.h>
#include <sys/socket.h>

enum { PAIRS = 500, STEPS = 5, TURNS = 1000, ROUNDS = 5 };

static const char *const names[] = {"select", "poll", "epoll", "kqueue"};
enum { NNAMES = 4 };

static const SelectorType *find(const char *name) {
    const SelectorType *type = selector_named(name);
    if (!type) error_clear();
    return type;
}

static int pairs[PAIRS + 1][2]; // the first one is the busy one

static void open_pairs(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1100) {
        limit.rlim_cur = limit.rlim_max < 1100 ? limit.rlim_max : 1100;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (int i = 0; i <= PAIRS; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i])) must(error_set_from_errno(errno));
}

static void close_pairs(void) {
    for (int i = 0; i <= PAIRS; i++)
        close(pairs[i][0]), close(pairs[i][1]);
}

/* What came in at one end goes in at the other again: ready in every turn. */
static void pass_on(void *arg) {
    int *pair = arg;
    char byte;
    if (read(pair[0], &byte, 1) != 1 || write(pair[1], &byte, 1) != 1) error_set_from_errno(errno);
}

static void never(void *arg) {
    (void)arg;
}

/* Nanoseconds a turn: the best of some rounds. */
static double measure(const SelectorType *type, int idle) {
    Loop *loop = need(loop_new(need(selector_new(type))));
    must(write(pairs[0][1], "x", 1) == 1 ? 0 : error_set_from_errno(errno));
    need(loop_add_reader(loop, pairs[0][0], pass_on, pairs[0]));
    for (int i = 1; i <= idle; i++)
        need(loop_add_reader(loop, pairs[i][0], never, NULL));
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t began = clock_now();
        for (int i = 0; i < TURNS; i++)
            must(loop_run_once(loop));
        double took = (double)(clock_now() - began) / TURNS;
        if (round == 0 || took < best) best = took;
    }
    loop_free(loop);
    char byte;
    must(read(pairs[0][0], &byte, 1) == 1 ? 0 : error_set_from_errno(errno));
    return best;
}

void data_idle(void) {
    open_pairs();
    puts("selector,idle,nanoseconds");
    for (int n = 0; n < NNAMES; n++)
        for (int idle = 0; find(names[n]) && idle <= PAIRS; idle += 50)
            printf("%s,%d,%.0f\n", names[n], idle, measure(find(names[n]), idle));
    close_pairs();
}

void scene_idle(void) {
    open_pairs();
    printf("%d pairs of sockets, and one pair more on which a byte goes round for ever: one\n"
           "descriptor is ready in each turn, the others are idle. Microseconds a turn:\n\n",
           PAIRS);
    step("the work is the same: what do the idle ones cost?");
    double times[NNAMES][STEPS + 1] = {0}, longest = 0;
    for (int n = 0; n < NNAMES; n++) {
        const SelectorType *type = find(names[n]);
        for (int s = 0; type && s <= STEPS; s++) {
            times[n][s] = measure(type, PAIRS / STEPS * s);
            if (times[n][s] > longest) longest = times[n][s];
        }
    }
    close_pairs();
    for (int n = 0; n < NNAMES; n++) {
        if (times[n][0] <= 0) continue;
        if (n > 0) step("and the next one?");
        for (int s = 0; s <= STEPS; s++) {
            printf("  %-7s %4d idle %7.2f  ", names[n], PAIRS / STEPS * s, times[n][s] / 1e3);
            print_bar(times[n][s], longest);
        }
        printf("  %-7s with %d idle ones a turn takes %.1f times as long\n\n", names[n], PAIRS,
               times[n][STEPS] / times[n][0]);
    }
    puts("select and poll carry the whole list into the kernel and out again, in each\n"
         "turn: O(n), however few are ready. epoll and kqueue leave the list there.");
}

static void try_register(const SelectorType *type, int fd, const char *what) {
    Selector *selector = need(selector_new(type));
    printf("  %-7s %-15s ", type->name, what);
    if (selector_register(selector, fd, EVENT_READ, (SelectorData){0}) < 0)
        error_print(stdout);
    else if (selector_select(selector, 0) < 0)
        error_print(stdout);
    else
        printf("%s\n", selector->nready ? "always ready" : "registered");
    selector_free(selector);
}

void scene_refused(void) {
    FILE *file = tmpfile();
    if (!file) must(error_set_from_errno(errno));
    puts("Two descriptors that make trouble: number 1024, and a regular file.\n");
    step("which selectors take them, and what do they say?");
    for (int n = 0; n < NNAMES; n++) {
        const SelectorType *type = find(names[n]);
        if (!type) continue;
        if (n == 0) try_register(type, 1024, "number 1024");
        try_register(type, fileno(file), "a regular file");
    }
    fclose(file);
    puts("\nselect's sets have 1024 bits: a higher number would be written beside them, into\n"
         "somebody else's memory. It is an error instead. A file never makes one wait, in\n"
         "the eyes of the kernel, so epoll has no use for it.");
}
