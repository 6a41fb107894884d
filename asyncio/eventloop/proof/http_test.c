/* Tests of the HTTP server: requests in pieces and out of order of their senses, clients that are slow,
 * killed or malicious, the end that is graceful, and a fuzzer. `--soak N` makes N requests and nothing
 * else, and tells descriptors and memory. */
#include "system.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../http.h"

enum { BIG = 3000000, ANSWER_MAX = 2 * BIG };

static Loop *loop;
static HttpServer *http;
static char directory[] = "/tmp/eventloop-http-XXXXXX";
static char answer[ANSWER_MAX];
static size_t answered;
static bool gone;

/* ---- A client -----------------------------------------------------------------------------------
 * A bare socket; while it waits, the loop turns. */

static void turn(void) {
    loop_stop(loop);
    if (loop_run_forever(loop) < 0) error_clear();
}

static int dial(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_port(http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) abort();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static bool say(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent > 0) text += sent, size -= (size_t)sent;
        if (size > 0) turn();
    }
    return true;
}

/* The statuses of all answers, "200 404 ". Bodies are skipped by their lengths. */
static const char *statuses(bool bodiless) {
    static char text[256];
    text[0] = '\0';
    for (const char *at = answer; at < answer + answered;) {
        if (strncmp(at, "HTTP/1.1 ", 9) != 0 || strlen(text) > 200) return "garbage";
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.3s ", at + 9);
        const char *body = strstr(at, "\r\n\r\n"), *length = strstr(at, "Content-Length: ");
        if (!body) return "cut";
        at = body + 4;
        if (length && length < body && !bodiless) at += atol(length + 16);
    }
    return text;
}

static bool head_only;
static const char *enough; // which answers are all, if nothing shows their end; or NULL

/* Reads what comes, to the end, or until it is enough, or nothing has come for `patience` seconds. True
 * at the end. */
static bool hear(int fd, double patience) {
    double until = (double)clock_now() * 1e-9 + patience;
    while ((double)clock_now() * 1e-9 < until) {
        turn();
        ssize_t got = recv(fd, answer + answered, sizeof answer - 1 - answered, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) return true;
        if (got < 0) continue;
        answered += (size_t)got;
        answer[answered] = '\0';
        if (enough && strcmp(statuses(head_only), enough) == 0) return false;
        until = (double)clock_now() * 1e-9 + patience;
    }
    return false;
}

/* One connection that says this, `piece` bytes at a time, and all that comes back. */
static bool ask(const char *request, size_t size, size_t piece, double patience) {
    int fd = dial();
    answered = 0;
    for (size_t at = 0; at < size; at += piece) {
        if (!say(fd, request + at, at + piece < size ? piece : size - at)) break;
        turn();
    }
    bool ended = hear(fd, patience);
    answer[answered] = '\0';
    close(fd);
    return ended;
}

/* ---- What is served -----------------------------------------------------------------------------*/

static void make(const char *name, const char *text, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, size, file) != size || fclose(file) != 0) abort();
}

static int make_all(void **state) {
    (void)state;
    char path[128];
    static char big[BIG];
    if (!mkdtemp(directory)) return -1;
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)('a' + i % 23);
    make("index.html", "<p>hello\n", 9);
    make("big.txt", big, BIG);
    make("empty.css", "", 0);
    make(".hidden", "secret", 6);
    snprintf(path, sizeof path, "%s/sub", directory);
    mkdir(path, 0777);
    make("sub/a b.txt", "space", 5);
    snprintf(path, sizeof path, "%s/out", directory);
    if (symlink("/etc", path) < 0) return -1;
    snprintf(path, sizeof path, "%s/passwd", directory);
    if (symlink("/etc/passwd", path) < 0) return -1;
    snprintf(path, sizeof path, "%s/fifo", directory);
    return mkfifo(path, 0666);
}

static int remove_all(void **state) {
    (void)state;
    static const char *const names[] = {"index.html", "big.txt", "empty.css",   ".hidden", "out",
                                        "passwd",     "fifo",    "sub/a b.txt", "sub",     "."};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        if (remove(path) < 0) rmdir(directory);
    }
    return 0;
}

static void quiet(Loop *its, const char *line) {
    (void)its, (void)line;
}

static bool begin(const char *name, const HttpOptions *options) {
    Selector *selector = selector_new(selector_named(name));
    loop = selector ? loop_new(selector) : NULL;
    if (!loop) return false;
    loop->log = quiet;
    gone = false;
    http = http_serve(loop, directory, "127.0.0.1", "0", options);
    return http != NULL;
}

static void told_gone(void *arg) {
    (void)arg;
    gone = true;
}

static void end(void) {
    http_stop(http, told_gone, NULL);
    double until = (double)clock_now() * 1e-9 + 4;
    while (!gone && (double)clock_now() * 1e-9 < until)
        turn();
    assert_true(gone);
    loop_free(loop);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* ---- Requests ---------------------------------------------------------------------------------*/

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static const struct {
    const char *request, *statuses;
    bool closes, bodiless;
} requests[] = {
    {GET("/"), "200 ", false, false},
    {LAST("/index.html"), "200 ", true, false},
    {GET("/") GET("/none") GET("/sub/a%20b.txt") LAST("/empty.css"), "200 404 200 200 ", true,
     false},
    {GET("/big.txt") GET("/") LAST("/big.txt"), "200 200 200 ", true, false},
    {"HEAD /big.txt HTTP/1.1\r\nHost: x\r\n\r\n", "200 ", false, true},
    {"GET / HTTP/1.0\r\n\r\n", "200 ", true, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 ", false, false},
    {"GET / HTTP/1.1\r\n\r\n", "400 ", false, false}, // without a host
    {"GET / HTTP/1.1\r\nHost: x\r\nX: y\r\nhost: x\r\n\r\n", "400 ", false, false}, // with two
    {"GET / HTTP/1.0\r\nHost: x\r\nHost:\r\n\r\n", "400 ", true, false},
    {LAST("/sub"), "301 ", true, false},
    {LAST("//sub"), "301 ", true, false},
    {LAST("/../../../etc/passwd"), "404 ", true, false},
    {LAST("/sub/../index.html"), "404 ", true, false},
    {LAST("/%2e%2e/%2e%2e/etc/passwd"), "404 ", true, false},
    {LAST("/..%2f..%2fetc/passwd"), "404 ", true, false},
    {LAST("/out/passwd"), "404 ", true, false},
    {LAST("/passwd"), "404 ", true, false},
    {LAST("/.hidden"), "404 ", true, false},
    {LAST("/fifo"), "404 ", true, false},
    {LAST("/index.html/"), "404 ", true, false},
    {LAST("/a%00b"), "400 ", true, false},
    {LAST("/a%2"), "400 ", true, false},
    {LAST("/?a=/../b"), "200 ", true, false},
    {"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 ", true, false},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "413 ", true, false},
    {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "413 ", true,
     false},
    {"nonsense\r\n\r\n", "400 ", true, false},
    {GET("/") "nonsense\r\n\r\n", "200 400 ", true, false},
    {"GET / HTTP/3.7\r\n\r\n", "505 ", true, false},
    {"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" GET("/"),
     "200 200 ", false, false},
};

static void check_requests(size_t piece) {
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        head_only = requests[i].bodiless;
        enough = requests[i].closes ? NULL : requests[i].statuses;
        bool ended = ask(requests[i].request, strlen(requests[i].request), piece, 5);
        enough = NULL;
        if (strcmp(statuses(requests[i].bodiless), requests[i].statuses) != 0 ||
            ended != requests[i].closes)
            fail_msg("%s: %s, not %s; ended: %d", requests[i].request,
                     statuses(requests[i].bodiless), requests[i].statuses, ended);
        assert_null(strstr(answer, "root:"));
        assert_null(strstr(answer, "secret"));
    }
}

static void test_requests(void **state) {
    long blocks = testing_blocks();
    assert_true(begin(*state, NULL));
    check_requests(100000);
    check_requests(1);
    system_storm = true;
    system_most = 100;
    check_requests(7);
    system_storm = false;
    system_most = 0;
    static char large[20000];
    memset(large, 'a', sizeof large - 1);
    memcpy(large, "GET / HTTP/1.1\r\nX: ", 19);
    assert_true(ask(large, strlen(large), 1000, 5));
    assert_string_equal(statuses(false), "431 ");
    end();
    assert_int_equal(testing_blocks(), blocks);
}

/* To where a directory is, whose name came without its slash: what was asked of it goes there, too. */
static void test_moved(void **state) {
    static const struct {
        const char *request, *location;
    } moved[] = {
        {LAST("/sub"), "\r\nLocation: /sub/\r\n"},
        {LAST("/sub?a=1&b=?/"), "\r\nLocation: /sub/?a=1&b=?/\r\n"},
        {LAST("//sub?a#b"), "\r\nLocation: /sub/?a\r\n"},
    };
    assert_true(begin(*state, NULL));
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++) {
        assert_true(ask(moved[i].request, strlen(moved[i].request), 1000, 5));
        assert_string_equal(statuses(false), "301 ");
        if (!strstr(answer, moved[i].location)) fail_msg("%s: %s", moved[i].request, answer);
    }
    end();
}

/* ---- Other people's clients -------------------------------------------------------------------*/

/* Runs a command while the loop turns, and returns what it prints; NULL if there is no such program. */
static const char *printed(const char *command) {
    static char text[4000];
    FILE *pipe = popen(command, "r");
    if (!pipe) abort();
    fcntl(fileno(pipe), F_SETFL, O_NONBLOCK);
    size_t size = 0;
    for (ssize_t got = -1; got != 0;) {
        turn();
        got = read(fileno(pipe), text + size, sizeof text - 1 - size);
        if (got > 0) size += (size_t)got;
    }
    text[size] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? NULL : text;
}

static void test_curl_and_wrk(void **state) {
    assert_true(begin(*state, NULL));
    char command[500];
    snprintf(
        command, sizeof command,
        "u=http://127.0.0.1:%d; w='%%{http_code} %%{size_download} %%{num_connects}\\n'; curl -s "
        "--path-as-is -w \"$w\" -o /dev/null $u/big.txt -o /dev/null $u/ -o /dev/null "
        "$u/../etc/passwd",
        http_port(http));
    const char *text = printed(command);
    if (text) assert_string_equal(text, "200 3000000 1\n200 9 0\n404 14 0\n");
    snprintf(command, sizeof command, "wrk -t1 -c20 -d1s http://127.0.0.1:%d/ 2>/dev/null",
             http_port(http));
    text = printed(command);
    if (text) {
        assert_non_null(strstr(text, "Requests/sec"));
        assert_null(strstr(text, "errors"));
        assert_null(strstr(text, "Non-2xx"));
        assert_true(http_requests(http) > 20);
    }
    end();
    if (!text) skip();
}

/* ---- Slow clients -----------------------------------------------------------------------------*/

static void test_slow_clients(void **state) {
    HttpOptions options = http_defaults;
    options.idle_timeout = options.head_timeout = options.write_timeout = 0.06;
    options.max_connections = 3;
    assert_true(begin(*state, &options));
    assert_true(ask("", 0, 1, 1)); // says nothing
    assert_int_equal(answered, 0);
    assert_true(ask("GET / HT", 8, 8, 1)); // begins to
    assert_string_equal(statuses(false), "408 ");
    while (http_connections(http) > 0)
        turn();
    int drip = dial(), hungry = dial(), idle = dial(), one_more = dial();
    turn(), turn();
    assert_true(say(hungry, GET("/big.txt"), strlen(GET("/big.txt")))); // never reads
    assert_true(say(idle, GET("/"), strlen(GET("/"))));
    answered = 0;
    assert_true(hear(one_more, 1));
    assert_string_equal(statuses(false), "503 ");
    answered = 0;
    double began = loop_time(loop);
    const char *request = LAST("/");
    for (size_t i = 0; i < 20 && loop_time(loop) - began < 1; i++) { // a byte now and then
        if (send(drip, request + i, 1, MSG_NOSIGNAL) < 0) break;
        for (int k = 0; k < 5; k++) {
            turn();
            usleep(2000);
        }
    }
    hear(drip, 0.1);
    assert_string_equal(statuses(false), "408 ");
    close(one_more);
    close(drip);
    while (http_connections(http) > 0 && loop_time(loop) - began < 4)
        turn();
    assert_int_equal(http_connections(http), 0);
    answered = 0;
    assert_true(hear(idle, 1));
    assert_string_equal(statuses(false), "200 ");
    close(hungry), close(idle);
    end();
}

/* ---- Killed clients ---------------------------------------------------------------------------*/

static void test_killed_clients(void **state) {
    assert_true(begin(*state, NULL));
    int descriptors = 0;
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        if (child == 0) {
            int fds[5];
            for (int i = 0; i < 5; i++) {
                fds[i] = dial();
                const char *request = i % 2 ? GET("/big.txt") GET("/big.txt") : "GET /ind";
                if (send(fds[i], request, strlen(request), MSG_NOSIGNAL) < 0) _exit(1);
                if (i == 3 && recv(fds[i], answer, 1000, MSG_PEEK) == 0) _exit(1);
            }
            for (;;)
                pause();
        }
        double until = loop_time(loop) + 0.005 * (1 + round % 4);
        while (loop_time(loop) < until)
            turn();
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        until = loop_time(loop) + 2;
        do
            turn();
        while (http_connections(http) > 0 && loop_time(loop) < until);
        assert_int_equal(http_connections(http), 0);
        assert_true(ask(LAST("/"), strlen(LAST("/")), 1000, 5));
        assert_string_equal(statuses(false), "200 ");
        for (int i = 0; i < 5; i++)
            turn();
        if (round == 3) descriptors = open_descriptors();
        if (round > 3) assert_int_equal(open_descriptors(), descriptors);
    }
    end();
}

/* ---- The end ----------------------------------------------------------------------------------*/

static void test_graceful_stop(void **state) {
    assert_true(begin(*state, NULL));
    int large = dial(), idle = dial(), late = dial();
    assert_true(say(large, GET("/big.txt") GET("/"), strlen(GET("/big.txt") GET("/"))));
    assert_true(say(idle, GET("/"), strlen(GET("/"))));
    while (http_requests(http) < 2)
        turn();
    assert_true(say(late, "GET / HTTP/1.1\r\n", 16)); // has begun
    turn(), turn();
    http_stop(http, told_gone, NULL);
    http_stop(http, NULL, NULL);
    answered = 0;
    assert_true(say(late, "Host: x\r\n\r\n", 11));
    assert_true(hear(late, 5));
    assert_string_equal(statuses(false), "200 ");
    assert_non_null(strstr(answer, "Connection: close"));
    assert_false(gone);
    answered = 0;
    assert_true(hear(large, 5));
    answer[answered] = '\0';
    assert_string_equal(statuses(false), "200 200 "); // to the end, and what it had asked besides
    answered = 0;
    assert_true(hear(idle, 1));
    for (int i = 0; i < 1000 && !gone; i++)
        turn();
    assert_true(gone);
    loop_free(loop);
    close(large), close(idle), close(late);
}

/* ---- Everything fails -------------------------------------------------------------------------*/

/* What is remembered of files takes no descriptor that is needed, and is let go of after a second. */
static void test_few_descriptors(void **state) {
    assert_true(begin(*state, NULL));
    int before = open_descriptors();
    struct rlimit was, few;
    getrlimit(RLIMIT_NOFILE, &was);
    few = was;
    few.rlim_cur = (rlim_t)dup(0) + 8; // the first that is free, and some more
    close((int)few.rlim_cur - 8);
    setrlimit(RLIMIT_NOFILE, &few);
    char request[] = LAST("////////////////////big.txt"); // one large file by many paths
    for (int slashes = 19; slashes > 0; slashes--) {
        memmove(request + 5, request + 6, sizeof request - 6);
        ask(request, strlen(request), 1000, 5);
        assert_string_equal(statuses(false), "200 ");
    }
    setrlimit(RLIMIT_NOFILE, &was);
    usleep(1100000);
    ask(LAST("/"), strlen(LAST("/")), 1000, 5);
    for (int i = 0; i < 3; i++) // it learns that its clients are gone
        turn();
    assert_int_equal(open_descriptors(), before);
    end();
}

/* A file system may know times that a calendar does not. */
static void test_far_years(void **state) {
    static char directory_was[sizeof directory];
    char there[] = "/dev/shm/http-XXXXXX";
    if (sizeof(time_t) < 8 || !mkdtemp(there)) skip();
    memcpy(directory_was, directory, sizeof directory);
    snprintf(directory, sizeof directory, "%s", there);
    make("index.html", "<p>hello\n", 9);
    char path[64];
    snprintf(path, sizeof path, "%s/index.html", there);
    static const long long times[] = {67768036191676800, 67768036191676799, 253402300800, -1};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct timespec both[2] = {{.tv_sec = (time_t)times[i]}, {.tv_sec = (time_t)times[i]}};
        assert_int_equal(utimensat(AT_FDCWD, path, both, 0), 0);
        assert_true(begin(*state, NULL));
        ask(LAST("/"), strlen(LAST("/")), 1000, 5);
        assert_string_equal(statuses(false), "200 ");
        assert_null(strstr(answer, "Last-Modified"));
        end();
    }
    remove(path);
    rmdir(there);
    memcpy(directory, directory_was, sizeof directory);
}

static void test_everything_fails(void **state) {
    static const char *const calls[] = {"malloc", "socket", "accept4", "recv", "send", "epoll_ctl"};
    static const int numbers[] = {ENOMEM, EMFILE, ENFILE, ECONNRESET, EPIPE, ENOSPC};
    static const char request[] = GET("/") GET("/big.txt") GET("/none") LAST("/sub");
    long blocks = testing_blocks();
    int descriptors = open_descriptors();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (long n = 0;; n++) {
            testing_fail(calls[i], n, numbers[i]);
            if (begin(*state, NULL)) {
                ask(request, strlen(request), 1000, 0.005);
                if (strcmp(calls[i], "accept4") != 0) { // who waits there waits for a second
                    bool over = testing_has_failed();
                    ask(LAST("/"), strlen(LAST("/")), 1000, over ? 5 : 0.005);
                    if (over) assert_string_equal(statuses(false), "200 ");
                }
                http_stop(http, NULL, NULL);
            } else {
                assert_true(error_occurred());
                error_clear();
            }
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            loop_free(loop);
            assert_int_equal(testing_blocks(), blocks);
            assert_int_equal(open_descriptors(), descriptors);
            if (!failed) break;
        }
    }
}

static void test_no_directory(void **state) {
    loop = loop_new(selector_new(selector_named(*state)));
    assert_null(http_serve(loop, "/no/such", "127.0.0.1", "0", NULL));
    assert_error(FileNotFoundError, "[Errno 2] No such file or directory: '/no/such'");
    assert_null(http_serve(loop, "/etc/passwd", "127.0.0.1", "0", NULL));
    assert_error(NotADirectoryError, "[Errno 20] Not a directory: '/etc/passwd'");
    loop_free(loop);
}

/* ---- A fuzzer ---------------------------------------------------------------------------------*/

/* Requests with bytes changed, cut, doubled and put together. Each answer is one of HTTP, and the next
 * client is served as ever. */
static void test_fuzz(void **state) {
    uint64_t random = testing_seed();
    long blocks = testing_blocks();
    HttpOptions options = http_defaults;
    options.head_timeout = options.idle_timeout = options.write_timeout = 0.002;
    assert_true(begin(*state, &options));
    for (int round = 0; round < 400; round++) {
        char text[2048];
        size_t size = 0;
        for (uint64_t parts = 1 + testing_random(&random, 3); parts > 0; parts--) {
            const char *part =
                requests[testing_random(&random, sizeof requests / sizeof requests[0])].request;
            if (strstr(part, "big")) continue;
            size_t begin_at =
                testing_random(&random, 4) ? 0 : testing_random(&random, strlen(part));
            size_t length = strlen(part) - begin_at;
            if (testing_random(&random, 4) == 0) length = testing_random(&random, length + 1);
            memcpy(text + size, part + begin_at, length);
            size += length;
        }
        for (uint64_t changes = testing_random(&random, 4); size > 0 && changes > 0; changes--)
            text[testing_random(&random, size)] = (char)testing_random(&random, 256);
        ask(text, size, 1 + testing_random(&random, 300), 0.0005);
        if (answered > 0) assert_int_equal(strncmp(answer, "HTTP/1.1 ", 9), 0);
        assert_null(strstr(answer, "root:"));
        assert_null(strstr(answer, "secret"));
    }
    end();
    assert_true(begin(*state, NULL));
    assert_true(ask(LAST("/"), strlen(LAST("/")), 1000, 5));
    end();
    assert_int_equal(testing_blocks(), blocks);
}

/* ---- A soak -----------------------------------------------------------------------------------*/

static int soak(unsigned long requests_wanted) {
    make_all(NULL);
    if (!begin("epoll", NULL)) abort();
    int fds[20] = {0}, descriptors = 0;
    struct rusage usage;
    long memory = 0;
    for (unsigned long n = 0; n < requests_wanted;) {
        for (int i = 0; i < 20; i++, n++) {
            if (n % 97 == 0 || !fds[i]) { // a new connection now and then
                if (fds[i]) close(fds[i]);
                fds[i] = dial();
            }
            const char *text = n % 1000 == 0 ? GET("/big.txt") : n % 7 == 0 ? GET("/no") : GET("/");
            if (!say(fds[i], text, strlen(text))) fds[i] = (close(fds[i]), dial());
        }
        for (int i = 0; i < 20; i++) {
            turn();
            while (recv(fds[i], answer, sizeof answer, 0) > 0)
                turn();
        }
        if (n % (requests_wanted / 10 / 20 * 20 + 20) == 0) {
            getrusage(RUSAGE_SELF, &usage);
            if (n < requests_wanted / 2) descriptors = open_descriptors(), memory = usage.ru_maxrss;
            printf("%lu requests, %d descriptors, %ld KiB, %ld blocks\n", n, open_descriptors(),
                   usage.ru_maxrss, testing_blocks());
            fflush(stdout);
        }
    }
    getrusage(RUSAGE_SELF, &usage);
    bool flat = open_descriptors() <= descriptors + 2 && usage.ru_maxrss < memory + 512;
    puts(flat ? "flat" : "it grew");
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    loop_free(loop);
    remove_all(NULL);
    return flat ? 0 : 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        EACH(test_requests),       EACH(test_curl_and_wrk),  EACH(test_slow_clients),
        EACH(test_killed_clients), EACH(test_graceful_stop), EACH(test_everything_fails),
        EACH(test_no_directory),   EACH(test_fuzz),          EACH(test_few_descriptors),
        EACH(test_far_years),      EACH(test_moved),
    };
    if (!http_available()) return 77; // skipped
    if (argc == 3 && strcmp(argv[1], "--soak") == 0) return soak(strtoul(argv[2], NULL, 10));
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
