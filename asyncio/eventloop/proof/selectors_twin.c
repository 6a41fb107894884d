/* selectors_twin.c: what each selector says of the same descriptors, and what a loop on it does with
 * them and with signals; the same words as selectors_twin.py's. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../loop.h"

/* 50 and 51 are a pair, so are 52 and 53; 54 is a regular file, 55 is not open, 2000 is too. */
static const char *const programs[] = {
    "register 50 1; ready; write 51; ready; read 50; ready; unregister 50; ready",
    "register 50 2; ready; modify 50 3; ready; write 51; ready; modify 50 1; ready; read 50; ready",
    "register 50 1; register 50 1; register 50 2; get 50; get 51; unregister 50; get 50",
    "unregister 50; modify 50 1; modify -1 1; unregister -1",
    "register 50 0; register 50 4; register -1 1; register 50 7; ready",
    "register 50 1; register 52 3; register 53 2; write 51; write 53; ready; read 50; ready",
    "register 50 3; close 51; ready; read 50; ready",
    "register 54 1; register 54 3; get 54; ready",
    "register 55 1; ready; unregister 55; ready",
    "register 50 1; close 50; ready; unregister 50; ready",
    "register 2000 1; ready",
};

static Selector *selector;
static Loop *loop;

static void say_error(void) {
    printf(" %s(%s)", error_name(error_occurred()), error_message());
    error_clear();
}

/* The descriptors as they are at the beginning. */
static void open_all(void) {
    static const int places[] = {50, 51, 52, 53, 54, 2000};
    int fds[6];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2) < 0 ||
        (fds[4] = open("/etc/passwd", O_RDONLY)) < 0 || (fds[5] = dup(fds[0])) < 0)
        abort();
    for (int i = 0; i < 6; i++) {
        if (dup2(fds[i], places[i]) < 0) abort();
        close(fds[i]);
    }
}

static int by_fd(const void *a, const void *b) {
    return ((const SelectorEvent *)a)->fd - ((const SelectorEvent *)b)->fd;
}

static void ready(void) {
    int count = selector_select(selector, 0);
    if (count < 0) {
        say_error();
        return;
    }
    if (count > 0) qsort(selector->ready, (size_t)count, sizeof *selector->ready, by_fd);
    printf(" [");
    for (int i = 0; i < count; i++)
        printf("%s%d:%u", i ? " " : "", selector->ready[i].fd, selector->ready[i].events);
    printf("]");
}

static void perform(const char *command) {
    char word[16], byte = 'x';
    int fd = 0, status = 0;
    unsigned events = 0;
    sscanf(command, "%15s %d %u", word, &fd, &events);
    if (strcmp(word, "register") == 0)
        status = selector_register(selector, fd, events, (SelectorData){0});
    else if (strcmp(word, "modify") == 0)
        status = selector_modify(selector, fd, events, (SelectorData){0});
    else if (strcmp(word, "unregister") == 0)
        status = selector_unregister(selector, fd);
    else if (strcmp(word, "get") == 0)
        printf(" %u", selector_get_key(selector, fd) ? selector_get_key(selector, fd)->events : 0);
    else if (strcmp(word, "ready") == 0)
        ready();
    else if (strcmp(word, "write") == 0)
        printf("%s", write(fd, &byte, 1) == 1 ? "" : " not written");
    else if (strcmp(word, "read") == 0)
        printf("%s", read(fd, &byte, 1) == 1 ? "" : " nothing");
    else
        close(fd);
    if (status < 0) say_error();
}

static void run(const SelectorType *type, const char *program) {
    char copy[128], *rest = copy;
    snprintf(copy, sizeof copy, "%s", program);
    printf("%s: %s:", type->name, program);
    open_all();
    selector = selector_new(type);
    if (!selector) abort();
    for (char *command; (command = strtok_r(rest, ";", &rest));)
        perform(command);
    selector_free(selector);
    putchar('\n');
}

/* ---- The loop ----------------------------------------------------------------------------------*/

static void say(void *arg) {
    printf(" %s", (const char *)arg);
}

static void stop(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void reader(void *arg) {
    char byte;
    say(arg);
    if (read(50, &byte, 1) == 1) printf("(%c)", byte);
    printf(" %d", loop_remove_writer(loop, 50)); // which is ready, too, and in line
    printf(" %d", loop_remove_writer(loop, 50));
}

static void reads_itself_away(void *arg) {
    say(arg);
    printf(" %d", loop_remove_reader(loop, 50));
}

static void fails(void *arg) {
    say(arg);
    loop_remove_reader(loop, 50);
    error_set(ValueError, "bad");
}

static void on_signal(void *arg) {
    say(arg);
    loop_call_soon(loop, say, "then");
}

static void handler(Loop *its, const ExceptionContext *context, void *arg) {
    (void)its, (void)arg;
    printf(" {%s %s}", error_name(context->exception->type), context->exception->message);
}

/* Turns until nothing is ready: a timer ends it. */
static void go(void) {
    loop_call_later(loop, 0.01, stop, NULL);
    if (loop_run_forever(loop) < 0) say_error();
}

static void add_signal(int sig, char *name) {
    if (loop_add_signal_handler(loop, sig, on_signal, name) < 0) say_error();
}

static void run_loop(const SelectorType *type) {
    open_all();
    loop = loop_new(selector_new(type));
    if (!loop) abort();
    loop_set_exception_handler(loop, handler, NULL);
    printf("%s: descriptors:", type->name);
    loop_add_writer(loop, 50, say, "writer");
    loop_add_reader(loop, 50, say, "replaced");
    loop_add_reader(loop, 50, reader, "reader");
    perform("write 51");
    go();
    printf(" | %d", loop_remove_reader(loop, 50));
    printf(" %d", loop_remove_reader(loop, 50));
    perform("write 51");
    loop_add_reader(loop, 50, reads_itself_away, "once");
    go();
    loop_add_reader(loop, 50, fails, "fails");
    go();
    if (!loop_add_reader(loop, -1, say, NULL)) say_error();
    printf("\n%s: threads:", type->name);
    loop_call_soon(loop, say, "soon");
    loop_call_soon_threadsafe(loop, say, "threadsafe", NULL);
    loop_call_soon(loop, say, "soon");
    go();
    printf("\n%s: signals:", type->name);
    add_signal(SIGUSR1, "USR1");
    add_signal(SIGUSR2, "replaced");
    add_signal(SIGUSR2, "USR2");
    raise(SIGUSR2);
    raise(SIGUSR1);
    go();
    printf(" %d", loop_remove_signal_handler(loop, SIGUSR1));
    printf(" %d", loop_remove_signal_handler(loop, SIGUSR1));
    add_signal(SIGKILL, "KILL");
    add_signal(0, "none");
    add_signal(-1, "none");
    add_signal(1000, "none");
    loop_close(loop);
    if (!loop_call_soon(loop, say, NULL)) say_error();
    if (loop_call_soon_threadsafe(loop, say, NULL, NULL) < 0) say_error();
    if (loop_run_forever(loop) < 0) say_error();
    loop_free(loop);
    putchar('\n');
}

int main(void) {
    static const char *const names[] = {"select", "poll", "epoll"};
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) abort();
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) abort();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const SelectorType *type = selector_named(names[i]);
        if (!type) { // epoll is Linux's
            error_clear();
            continue;
        }
        for (size_t k = 0; k < sizeof programs / sizeof programs[0]; k++)
            run(type, programs[k]);
        run_loop(type);
    }
    return finish_output("selectors_twin", 0);
}
