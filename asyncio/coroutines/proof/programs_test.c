/* programs_test.c: the programs of the demo among strangers: a server that answers in every wrong way,
 * and guests of the chat who are rude, deaf, or gone. Each program runs in a process of its own. */
#include "real.h"

#include "../demo/chat.c"
#include "../demo/get.c"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- Processes and sockets -------------------------------------------------------------------*/

typedef struct {
    pid_t pid;
    FILE *out; // what it prints
} Child;

/* Runs `program` in a child; its exit status has 64 added if it leaves a block behind. */
static Child started(int (*program)(void *arg), void *arg) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    Child child = {fork(), NULL};
    if (child.pid == 0) {
        static const Demo demo = {.program = "coroutines_demo"};
        telling.demo = &demo;
        alarm(60);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        long before = testing_blocks();
        int status = program(arg);
        fflush(stdout);
        _exit(status + 64 * (testing_blocks() != before));
    }
    close(ends[1]);
    child.out = fdopen(ends[0], "r");
    return child;
}

static int finished(Child child) {
    int status;
    while (fgetc(child.out) != EOF) // else it would be killed for writing
        continue;
    fclose(child.out);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* ---- get -------------------------------------------------------------------------------------*/

#ifdef HAVE_HTTP_PARSER
static const struct {
    const char *answer; // NULL: none, and the connection stays open
    const char *line;   // what is said of it
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 OK                   5 bytes  "},
    {"HTTP/1.0 200 OK\r\n\r\nto the end", "200 OK                  10 bytes  "},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
     "200 OK                   5 bytes  "},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
     "204 No Content           0 bytes  "},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "404 Not Found            2 bytes  "},
    {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "503 Service Unavailable         0 bytes  "},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", "stream ended at an unexpected time: "},
    {"what?\r\n", "invalid constant string: "},
    {"", "stream ended at an unexpected time: "},
    {NULL, "no answer within 1 s: "},
};
enum { ANSWERS = sizeof answers / sizeof *answers };

/* Answers request number N with answer N, a byte at a time. */
static int answer_all(void *arg) {
    int listener = *(int *)arg;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        char request[1000] = "";
        for (size_t size = 0; !strstr(request, "\r\n\r\n"); size++)
            if (recv(client, request + size, 1, 0) != 1) break;
        int number = -1;
        sscanf(request, "GET /%d HTTP/1.1\r\n", &number);
        if (number < 0 || number >= ANSWERS) return 1;
        if (!answers[number].answer) continue;
        for (const char *c = answers[number].answer; *c; c++)
            send(client, c, 1, MSG_NOSIGNAL);
        close(client);
    }
}

typedef struct {
    GetOptions options;
    char **urls;
    int count;
} Get;

static int get(void *arg) {
    Get *self = arg;
    return get_pages(self->count, self->urls, &self->options);
}

static void test_get(void **state) {
    (void)state;
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 100), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    Child server = started(answer_all, &listener);

    static char urls[ANSWERS][64];
    char *list[ANSWERS];
    for (int i = 0; i < ANSWERS; i++) {
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%d/%d", ntohs(address.sin_port), i);
        list[i] = urls[i];
    }
    for (long limit = 1; limit <= ANSWERS; limit += ANSWERS - 1) {
        Child client = started(get, &(Get){{limit, 1, 1}, list, ANSWERS});
        for (int i = 0; i < ANSWERS; i++) {
            char line[1000] = "", expected[1000];
            assert_non_null(fgets(line, sizeof line, client.out));
            snprintf(expected, sizeof expected, "%s%s\n", answers[i].line, urls[i]);
            assert_string_equal(line, expected);
        }
        assert_int_equal(finished(client), 1);
        client = started(get, &(Get){{limit, 0, 5}, list, 4});
        assert_int_equal(finished(client), 0);
    }
    kill(server.pid, SIGKILL);
    assert_int_equal(finished(server), -SIGKILL);
    close(listener);
}

static void test_urls(void **state) {
    (void)state;
    static const struct {
        const char *url, *host, *port, *path;
    } good[] = {
        {"http://example.org", "example.org", "80", "/"},
        {"http://example.org/a/b?c=d#e", "example.org", "80", "/a/b?c=d"},
        {"http://example.org:8080?q", "example.org", "8080", "/?q"},
        {"http://[::1]:1/#x", "::1", "1", "/"},
        {"HTTP://example.org#x", "example.org", "80", "/"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        Page page = {0};
        const char *wrong = parse_url(&page, good[i].url);
        if (wrong) fail_msg("%s: %s", good[i].url, wrong);
        assert_string_equal(page.host, good[i].host);
        assert_string_equal(page.port, good[i].port);
        assert_string_equal(page.path, good[i].path);
    }
    static char long_host[400] = "http://", long_path[3000] = "http://h/";
    memset(long_host + 7, 'h', sizeof long_host - 8);
    memset(long_path + 9, 'p', sizeof long_path - 10);
    const char *const bad[] = {"",
                               "x",
                               "http:",
                               "http://",
                               "http:///x",
                               "https://h/",
                               "ftp://h/",
                               "http://u@h/",
                               "http://h:99999/",
                               "http://h/ b",
                               "http://h/\r\nX: y",
                               long_host,
                               long_path};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(parse_url(&(Page){0}, bad[i]));
}

#endif

/* ---- chat ------------------------------------------------------------------------------------*/

static int run_chat(void *port) {
    return chat_serve("127.0.0.1", port);
}

static int guest(int port) {
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void says(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hears(int fd, const char *expected) {
    char text[2000] = "";
    assert_int_equal(recv(fd, text, strlen(expected), MSG_WAITALL), strlen(expected));
    assert_string_equal(text, expected);
}

static Child chat_started(int *port) {
    Child chat = started(run_chat, "0");
    char line[100] = "";
    assert_int_equal(sscanf(fgets(line, sizeof line, chat.out), "chat: nc 127.0.0.1 %d", port), 1);
    return chat;
}

static void test_chat(void **state) {
    (void)state;
    int port;
    Child chat = chat_started(&port);
    int anna = guest(port), bob = guest(port), silent = guest(port);
    says(anna, "anna\n");
    hears(anna, "your name? * welcome, anna; /who, /quit\n");
    says(bob, "anna\r\n/who\r\n\xC2\x9B \x1B\r\nbob\xFF\xC3\x84\r\n");
    hears(bob,
          "your name? * anna is here already\nyour name? * that is no name\n"
          "your name? * that is no name\nyour name? * welcome, bob\xFF\xC3\x84; /who, /quit\n");
    hears(anna, "* bob\xFF\xC3\x84 has come\n");
    says(anna, "one\n\ntwo \x1B[2J\x7F\x9B\n");
    hears(bob, "anna: one\nanna: two ?[2J??\n");
    char line[3 * LINE];
    memset(line, 'x', sizeof line);
    snprintf(line + sizeof line - 8, 8, "\nafter\n");
    says(anna, line);
    hears(anna, "* that line was too long\n");
    hears(bob, "anna: after\n");
    says(bob, "/help\n/quit\nnever said\n");
    hears(bob, "* there are /who and /quit\n");
    hears(anna, "* bob\xFF\xC3\x84 has gone\n");
    shutdown(anna, SHUT_WR); // says nothing more: gone
    assert_int_equal(recv(anna, line, 1, 0), 0);
    int carl = guest(port);
    says(carl, "carl\n/who\n");
    hears(carl, "your name? * welcome, carl; /who, /quit\n* carl\n");
    kill(chat.pid, SIGTERM);
    hears(carl, "* the chat ends\n");
    hears(silent, "your name? * the chat ends\n");
    assert_int_equal(finished(chat), 0);
    close(anna), close(bob), close(carl), close(silent);
}

/* One who does not read is put out, and nobody has waited for it. */
static void test_deaf_guest(void **state) {
    (void)state;
    int port;
    Child chat = chat_started(&port);
    int deaf = guest(port), speaker = guest(port), small = 4096;
    setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    says(deaf, "deaf\n");
    hears(deaf, "your name? * welcome, deaf; /who, /quit\n");
    says(speaker, "speaker\n");
    hears(speaker, "your name? * welcome, speaker; /who, /quit\n");
    char line[LINE];
    memset(line, 'x', sizeof line);
    strcpy(line + sizeof line - 2, "\n");
    for (int i = 0; i < 20000; i++)
        says(speaker, line);
    hears(speaker, "* deaf has gone\n");
    says(speaker, "/who\n");
    hears(speaker, "* speaker\n");
    kill(chat.pid, SIGINT);
    hears(speaker, "* the chat ends\n");
    assert_int_equal(finished(chat), 0);
    close(deaf), close(speaker);
}

/* A reset in the middle of everything, and a port that somebody has. */
static void test_strangers(void **state) {
    (void)state;
    int port;
    Child chat = chat_started(&port);
    int host = guest(port);
    says(host, "host\n");
    hears(host, "your name? * welcome, host; /who, /quit\n");
    for (int i = 0; i < 100; i++) {
        int fd = guest(port);
        if (i % 2) says(fd, "x\n");
        if (i % 4 == 3) hears(host, "* x has come\n");
        const struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
        if (i % 4 == 3) hears(host, "* x has gone\n");
        if (i % 4 == 1) usleep(2000); // it may have been heard, or not
        while (i % 4 == 1 && recv(host, (char[1]){0}, 1, MSG_DONTWAIT) == 1)
            continue;
    }
    char taken[8];
    snprintf(taken, sizeof taken, "%d", port);
    assert_int_equal(finished(started(run_chat, taken)), 2);
    kill(chat.pid, SIGTERM);
    hears(host, "* the chat ends\n");
    assert_int_equal(finished(chat), 0);
    close(host);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef HAVE_HTTP_PARSER
        TEST(test_urls), TEST(test_get),
#endif
        TEST(test_chat), TEST(test_deaf_guest), TEST(test_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
