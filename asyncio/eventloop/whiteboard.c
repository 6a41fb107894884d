/* whiteboard.c: an event loop with timers, as one can write it from memory. */
#include <poll.h>
#include <time.h>
enum { MAX = 64 };
typedef void (*Callback)(void *arg);
typedef struct {
    Callback callback;
    void *arg;
    double when; // of a timer
} Handle;
typedef struct {
    Handle ready[MAX], timers[MAX], readers[MAX];
    struct pollfd fds[MAX]; // of the readers, in the same places
    int nready, ntimers, nreaders;
} Loop;
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// In the next turn.
static void call_soon(Loop *loop, Callback callback, void *arg) {
    loop->ready[loop->nready++] = (Handle){callback, arg, 0};
}

// Not before `when`. The earliest timer is the last of the array; of equal ones, the one that was added first.
static void call_at(Loop *loop, double when, Callback callback, void *arg) {
    int at = loop->ntimers++;
    for (; at > 0 && loop->timers[at - 1].when <= when; at--)
        loop->timers[at] = loop->timers[at - 1];
    loop->timers[at] = (Handle){callback, arg, when};
}

// Whenever there is something to read.
static void add_reader(Loop *loop, int fd, Callback callback, void *arg) {
    loop->fds[loop->nreaders] = (struct pollfd){fd, POLLIN, 0};
    loop->readers[loop->nreaders++] = (Handle){callback, arg, 0};
}

// Milliseconds until there is something to do, rounded up; -1: only a descriptor can say.
static int timeout(const Loop *loop) {
    if (loop->nready > 0 || loop->ntimers == 0) return loop->nready > 0 ? 0 : -1;
    double left = loop->timers[loop->ntimers - 1].when - now();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

// Waits, puts in line what is due, and calls those that are in line now.
static void run_once(Loop *loop) {
    int found = poll(loop->fds, (nfds_t)loop->nreaders, timeout(loop));
    for (int i = 0; found > 0 && i < loop->nreaders; i++)
        if (loop->fds[i].revents) loop->ready[loop->nready++] = loop->readers[i];
    for (double t = now(); loop->ntimers > 0 && loop->timers[loop->ntimers - 1].when <= t;)
        loop->ready[loop->nready++] = loop->timers[--loop->ntimers];
    Loop was = *loop;
    loop->nready = 0; // what they add comes after them
    for (int i = 0; i < was.nready; i++)
        was.ready[i].callback(was.ready[i].arg);
}

// ---- the check: one line for each promise; status 1 if one is broken
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int broken;

static void check(const char *promise, const char *got, const char *expected) {
    if (strcmp(got, expected) == 0) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %s, expected %s\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static Loop loop;
static char calls[100];
static int line[2], idle[2];

/* The names of those that were called since the last check. */
static const char *called(void) {
    static char copy[sizeof calls];
    memcpy(copy, calls, sizeof copy);
    calls[0] = '\0';
    return copy;
}

static void note(void *name) {
    if (strlen(calls) + 4 < sizeof calls) strcat(strcat(calls, name), " ");
}

static void again(void *name) {
    note(name);
    if (loop.nready < 8) call_soon(&loop, again, name);
}

static void read_one(void *name) {
    char byte;
    if (read(line[0], &byte, 1) == 1) note(name);
}

static void send_one(void *name) {
    note(name);
    if (write(line[1], "x", 1) != 1) note("failed");
}

static const char *seconds(bool right) {
    return right ? "yes" : "no";
}

int main(void) {
    if (pipe(line) != 0 || pipe(idle) != 0) return 1;
    call_soon(&loop, note, "a");
    call_soon(&loop, note, "b");
    run_once(&loop);
    check("those in line are called in order", called(), "a b ");

    call_soon(&loop, again, "x");
    call_soon(&loop, note, "a");
    run_once(&loop);
    check("one that adds itself is called once a turn", called(), "x a ");
    run_once(&loop);
    check("and again in the next", called(), "x ");

    add_reader(&loop, idle[0], note, "idle");
    add_reader(&loop, line[0], read_one, "r");
    send_one("w");
    run_once(&loop);
    check("and keeps nobody from a descriptor", called(), "w x r ");
    loop.nready = 0; // x goes

    double began = now();
    call_at(&loop, began + 0.030, note, "3");
    call_at(&loop, began + 0.010, note, "1");
    call_at(&loop, began + 0.020, note, "2");
    call_at(&loop, began + 0.010, note, "1'");
    for (int turns = 0; loop.ntimers > 0 && turns < 8; turns++)
        run_once(&loop);
    check("the earliest timers come first, equal ones as added", called(), "1 1' 2 3 ");
    check("and not before their time", seconds(now() >= began + 0.030), "yes");

    call_at(&loop, now() - 1, note, "late");
    call_at(&loop, now() - 2, note, "later");
    call_soon(&loop, note, "a");
    run_once(&loop);
    check("those whose time is past are called at once", called(), "a later late ");

    call_at(&loop, now() + 3600, note, "never");
    call_soon(&loop, send_one, "w");
    run_once(&loop);
    run_once(&loop);
    check("a descriptor ends a long wait", called(), "w r ");
    loop.ntimers = 0;

    began = now();
    call_at(&loop, began + 0.020, note, "t");
    call_at(&loop, began + 3600, note, "never");
    int turns = 0;
    for (; calls[0] == '\0' && turns < 1000; turns++)
        run_once(&loop);
    check("a timer is waited for asleep, in one turn or two", seconds(turns <= 2), "yes");
    check("and called", called(), "t ");
    check("the line is empty, one timer is left", seconds(loop.nready == 0 && loop.ntimers == 1),
          "yes");
    return broken;
}
