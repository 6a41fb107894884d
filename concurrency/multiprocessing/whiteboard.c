// A Pool in 60 lines: a pipe of tasks that all workers read, a pipe of results that all write.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4 };

typedef long Message[2]; // index, value: so few bytes are written in one piece (PIPE_BUF)

// A worker's life: reads a task, works, writes the result, until there are no more; never returns.
static void work(long (*function)(long), int tasks, int results) {
    Message message; // a read() of one message takes one whole message
    while (read(tasks, message, sizeof message) == sizeof message) {
        message[1] = function(message[1]);
        if (write(results, message, sizeof message) != sizeof message) _exit(1);
    }
    _exit(0); // the end of file: the parent has no more, or is gone
}

// Results in the order of the items; 0, or -1 if some are missing.
static int map(long (*function)(long), const long *items, long *results, int count) {
    int tasks[2], answers[2], sent = 0, got = 0;
    if (pipe(tasks) < 0 || pipe(answers) < 0) return -1;
    for (int i = 0; i < WORKERS; i++) {
        pid_t pid = fork();
        if (pid < 0) return -1;
        if (pid == 0) {
            close(tasks[1]); // else no worker would ever see the end of file
            close(answers[0]);
            work(function, tasks[0], answers[1]);
        }
    }
    close(tasks[0]);
    close(answers[1]); // else we would wait for ever if all workers died
    for (Message m; got < count; got++) {
        for (; sent < count && sent < got + 2 * WORKERS; sent++) { // so that neither pipe is full
            m[0] = sent, m[1] = items[sent];
            if (write(tasks[1], m, sizeof m) != sizeof m) break;
        }
        if (read(answers[0], m, sizeof m) != sizeof m) break;
        results[m[0]] = m[1];
    }
    close(tasks[1]);
    close(answers[0]);
    while (wait(NULL) > 0)
        continue;
    return got == count ? 0 : -1;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static long negative(long item) {
    if (item % 7 == 0) usleep(200); // so that they do not come back in order
    return -item;
}

static long dies(long item) {
    if (item >= 5) _exit(1);
    return item;
}

static long slow(long item) {
    usleep(100000);
    return item;
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 64; fd++) {
        int copy = dup(fd);
        if (copy >= 0) close(copy), count++;
    }
    return count;
}

int main(void) {
    enum { ITEMS = 30000 }; // messages for more than a pipe holds
    static long items[ITEMS], results[ITEMS];
    signal(SIGPIPE, SIG_IGN); // a worker's death is told by write()
    int before = open_descriptors();
    long in_order = 0;
    for (long i = 0; i < ITEMS; i++)
        items[i] = i;
    check("map of nothing is done", map(negative, items, results, 0), 0);
    check("map over 4 workers, of 1000 items", map(negative, items, results, 1000), 0);
    for (long i = 0; i < 1000; i++)
        in_order += results[i] == -i;
    check("results stand in the order of the items", in_order, 1000);
    check("map of more items than both pipes hold", map(labs, items, results, ITEMS), 0);
    check("the last of them", results[ITEMS - 1], ITEMS - 1);
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    map(slow, items, results, 8);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double elapsed =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    check("the workers work at the same time", elapsed < 0.65, 1);
    check("if all workers die, that is told, and nothing waits", map(dies, items, results, 1000),
          -1);
    check("every worker has been waited for", wait(NULL) < 0 && errno == ECHILD, 1);
    check("no descriptor is left open", open_descriptors() - before, 0);
    return broken;
}
