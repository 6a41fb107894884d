// A Pool in 60 lines: a pipe of tasks that all workers read, a pipe of results that all write.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, ITEMS = 1000 };

typedef long Message[2]; // index, value: so few bytes are written in one piece (PIPE_BUF)

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

// ---- the check

int main(void) {
    static long items[ITEMS], results[ITEMS];
    for (long i = 0; i < ITEMS; i++)
        items[i] = -i;
    int wrong = map(labs, items, results, ITEMS) < 0;
    for (long i = 0; i < ITEMS; i++)
        wrong += results[i] != i;
    printf("labs() of %d items by %d workers: %s\n", ITEMS, WORKERS, wrong ? "WRONG" : "in order");
    return wrong != 0;
}
