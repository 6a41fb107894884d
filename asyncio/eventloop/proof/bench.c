// clang-format off: a table
/* bench.c: the loop against libuv, a bare epoll loop, asyncio, uvloop; the HTTP server against nginx. A
 * peer that is not installed is left out.
 *
 *   timers       n timers within n times 100 ns, every second one cancelled, the others expire
 *   call_soon    n callbacks in line, and the turns that call them
 *   echo         a round trip of 64 bytes; 100 connections of one client, on the other core. n in all
 *   echo CPU     the same: what the server's process needs for it
 *   http         a GET of a file of 1 KiB, kept alive; 100 connections. Ours has it in memory, nginx its
 *                descriptor (open_file_cache, sendfile, no log, one worker)
 *   http 100K    the same with a file of 100 KiB, which both send from a descriptor
 */
// clang-format on
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // sched_setaffinity(), accept4()
#endif
#include <Python.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../../common/proof/benchmark.h"

#include "../http.h"

#if HAVE_LIBUV
#include <uv.h>
#endif

/* ---- Timers and callbacks ---------------------------------------------------------------------*/

static Loop *loop;
static size_t fired, wanted;

static double delay(uint32_t *seed, size_t n) { // seconds, below 100 ns a timer: nobody waits
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) * ((double)n * 100e-9 / 16777216);
}

static void fire(void *arg) {
    (void)arg;
    if (++fired == wanted) loop_stop(loop);
}

static uint64_t our_timers(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Handle **handles = malloc(n * sizeof *handles);
    loop = loop_new(NULL);
    if (!loop || !handles) abort();
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        uint32_t seed = 1;
        fired = 0;
        wanted = n - (n + 1) / 2;
        for (size_t i = 0; i < n; i++)
            handles[i] = loop_call_later(loop, delay(&seed, n), fire, NULL);
        for (size_t i = 0; i < n; i += 2)
            handle_cancel(handles[i]);
        loop_run_forever(loop);
    }
    uint64_t elapsed = clock_now() - start;
    loop_free(loop);
    free(handles);
    return elapsed;
}

#if HAVE_LIBUV
static void uv_fire(uv_timer_t *timer) {
    (void)timer;
    fired++;
}

static uint64_t uv_timers(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uv_timer_t *timers = malloc(n * sizeof *timers);
    uv_loop_t uv;
    if (!timers || uv_loop_init(&uv) != 0) abort();
    uint64_t start = clock_now();
    for (size_t i = 0; i < n; i++) // ours makes its handles in that time, too
        uv_timer_init(&uv, &timers[i]);
    for (size_t r = 0; r < repeats; r++) {
        uint32_t seed = 1;
        uv_update_time(&uv);
        for (size_t i = 0; i < n; i++)
            uv_timer_start(&timers[i], uv_fire, (uint64_t)(delay(&seed, n) * 1000), 0);
        for (size_t i = 0; i < n; i += 2)
            uv_timer_stop(&timers[i]);
        uv_run(&uv, UV_RUN_DEFAULT);
    }
    uint64_t elapsed = clock_now() - start;
    for (size_t i = 0; i < n; i++)
        uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    uv_loop_close(&uv);
    free(timers);
    return elapsed;
}
#endif

static uint64_t our_call_soon(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    loop = loop_new(NULL);
    if (!loop) abort();
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        fired = 0;
        wanted = n;
        for (size_t i = 0; i < n; i++)
            if (!loop_call_soon(loop, fire, NULL)) abort();
        loop_run_forever(loop);
    }
    uint64_t elapsed = clock_now() - start;
    loop_free(loop);
    return elapsed;
}

static const char their_functions[] =
    "import asyncio\n"
    "loop = asyncio.new_event_loop()\n"
    "def nothing(): pass\n"
    "def call_soon(n, repeats):\n"
    "    for _ in range(repeats):\n"
    "        for _ in range(n): loop.call_soon(nothing)\n"
    "        loop.call_soon(loop.stop)\n"
    "        loop.run_forever()\n"
    "def timers(n, repeats):\n"
    "    for _ in range(repeats):\n"
    "        seed, handles = 1, []\n"
    "        for _ in range(n):\n"
    "            seed = (seed * 1664525 + 1013904223) & 0xffffffff\n"
    "            handles.append(loop.call_later((seed >> 8) * (n * 100e-9 / 16777216), nothing))\n"
    "        for handle in handles[::2]: handle.cancel()\n"
    "        loop.call_later(n * 100e-9, loop.stop)\n"
    "        loop.run_forever()\n";

static uint64_t their_function(size_t n, size_t repeats, const void *argument) {
    PyObject *main_module = PyImport_AddModule("__main__");
    PyObject *function = PyObject_GetAttrString(main_module, argument);
    uint64_t start = clock_now();
    PyObject *result = PyObject_CallFunction(function, "nn", (Py_ssize_t)n, (Py_ssize_t)repeats);
    uint64_t elapsed = clock_now() - start;
    if (!result) abort();
    Py_DECREF(result);
    Py_DECREF(function);
    return elapsed;
}

/* ---- Servers ----------------------------------------------------------------------------------
 * Each is a child on a core of its own; it writes its port and serves until it is killed. */

static void announce(int fd, int port) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", port);
    if (write(fd, text, (size_t)length) != length) _exit(1);
}

static int listen_anywhere(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 511) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        _exit(1);
    *port = ntohs(address.sin_port);
    return fd;
}

static void our_made(void *self, Transport *transport) {
    (void)self;
    transport_set_protocol(transport, transport_self(transport), transport);
}

static void our_data(void *self, const char *data, size_t size) {
    if (transport_write(self, data, size) < 0) error_clear();
}

static void our_echo(int fd) {
    static const Protocol echo = {.data_received = our_data}, first = {.connection_made = our_made};
    loop = loop_new(NULL);
    Server *server =
        loop ? create_server(loop, "127.0.0.1", "0", 511, &first, NULL, (void *)(uintptr_t)&echo)
             : NULL;
    if (!server) _exit(1);
    announce(fd, server_port(server));
    loop_run_forever(loop);
}

static void bare_echo(int fd) {
    static char data[262144];
    int port, listening = listen_anywhere(&port), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    announce(fd, port);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int its = events[i].data.fd;
            if (its == listening) {
                event.data.fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
                setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t got = recv(its, data, sizeof data, 0);
            if (got <= 0 || send(its, data, (size_t)got, MSG_NOSIGNAL) < 0) close(its);
        }
    }
}

#if HAVE_LIBUV
static void uv_space(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    static char data[65536];
    (void)handle, (void)suggested;
    *buffer = uv_buf_init(data, sizeof data);
}

static void uv_gone(uv_handle_t *handle) {
    free(handle);
}

static void uv_data(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    uv_buf_t part = uv_buf_init(buffer->base, got > 0 ? (unsigned)got : 0);
    if (got > 0 && uv_try_write(stream, &part, 1) == got) return;
    if (got != 0) uv_close((uv_handle_t *)stream, uv_gone);
}

static void uv_connected(uv_stream_t *server, int status) {
    uv_tcp_t *its = malloc(sizeof *its);
    if (status < 0 || !its || uv_tcp_init(server->loop, its) < 0 ||
        uv_accept(server, (uv_stream_t *)its) < 0)
        _exit(1);
    uv_tcp_nodelay(its, 1);
    uv_read_start((uv_stream_t *)its, uv_space, uv_data);
}

static void uv_echo(int fd) {
    uv_loop_t uv;
    uv_tcp_t server;
    struct sockaddr_in address;
    int size = sizeof address;
    uv_loop_init(&uv);
    uv_tcp_init(&uv, &server);
    uv_ip4_addr("127.0.0.1", 0, &address);
    if (uv_tcp_bind(&server, (struct sockaddr *)&address, 0) < 0 ||
        uv_listen((uv_stream_t *)&server, 511, uv_connected) < 0 ||
        uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size) < 0)
        _exit(1);
    announce(fd, ntohs(address.sin_port));
    uv_run(&uv, UV_RUN_DEFAULT);
}
#endif

static void python_echo(int fd, const char *set_up) {
    char script[1024];
    snprintf(script, sizeof script,
             "import asyncio, os\n"
             "%s\n"
             "class Echo(asyncio.Protocol):\n"
             "    def connection_made(self, transport): self.transport = transport\n"
             "    def data_received(self, data): self.transport.write(data)\n"
             "async def main():\n"
             "    server = await asyncio.get_running_loop().create_server(Echo, '127.0.0.1', 0)\n"
             "    os.write(%d, b'%%d\\n' %% server.sockets[0].getsockname()[1])\n"
             "    await server.serve_forever()\n"
             "asyncio.run(main())\n",
             set_up, fd);
    setenv("MALLOC_TRIM_THRESHOLD_", "100000000",
           1); // or it is asyncio's slow speed, see the lesson
    setenv("MALLOC_MMAP_THRESHOLD_", "100000000", 1);
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    execlp(PYTHON, PYTHON, "-c", script, (char *)NULL);
    _exit(1);
}

static void asyncio_echo(int fd) {
    python_echo(fd, "");
}

static void uvloop_echo(int fd) {
    python_echo(fd, "import uvloop; uvloop.install()");
}

static char directory[] = "/tmp/eventloop-bench-XXXXXX";

static void our_http(int fd) {
    loop = loop_new(NULL);
    HttpServer *http = loop ? http_serve(loop, directory, "127.0.0.1", "0", NULL) : NULL;
    if (!http) _exit(1);
    announce(fd, http_port(http));
    loop_run_forever(loop);
}

static void nginx_http(int fd) {
    char path[64];
    int port;
    close(listen_anywhere(&port)); // a free one
    snprintf(path, sizeof path, "%s/nginx.conf", directory);
    FILE *file = fopen(path, "w");
    if (!file) _exit(1);
    fprintf(file,
            "daemon off; master_process off; worker_processes 1; pid %s/nginx.pid;\n"
            "error_log /dev/null;\n"
            "events { worker_connections 1024; }\n"
            "http { access_log off; sendfile on; tcp_nopush off; keepalive_requests 100000000;\n"
            "  open_file_cache max=100 inactive=60s; open_file_cache_valid 60s;\n"
            "  client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f;\n"
            "  uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n"
            "  server { listen 127.0.0.1:%d; root %s; } }\n",
            directory, directory, directory, directory, directory, directory, port, directory);
    fclose(file);
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    if (access("/usr/sbin/nginx", X_OK) < 0) _exit(1);
    announce(fd, port);
    execl("/usr/sbin/nginx", "nginx", "-c", path, (char *)NULL);
    _exit(1);
}

/* ---- The client -------------------------------------------------------------------------------*/

enum { CONNECTIONS = 100 };

typedef struct {
    const char *who;
    void (*serve)(int fd);
    pid_t pid;
    int port; // 0: it is not there
} Peer;

static Peer echo_peers[] = {{"ours", our_echo, 0, 0},
                            {"epoll", bare_echo, 0, 0},
#if HAVE_LIBUV
                            {"libuv", uv_echo, 0, 0},
#endif
                            {"uvloop", uvloop_echo, 0, 0},
                            {"asyncio", asyncio_echo, 0, 0}},
            http_peers[] = {{"ours", our_http, 0, 0}, {"nginx", nginx_http, 0, 0}};
enum { ECHOES = sizeof echo_peers / sizeof echo_peers[0], HTTPS = 2 };

/* The server on one core, the client on the other. */
static void use_core(size_t core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void peer_start(Peer *peer) {
    int fds[2];
    char text[16] = "";
    if (pipe(fds) < 0) abort();
    peer->pid = fork();
    if (peer->pid == 0) {
        use_core(1);
        close(fds[0]);
        peer->serve(fds[1]);
        _exit(1);
    }
    close(fds[1]);
    if (read(fds[0], text, sizeof text - 1) > 0) peer->port = atoi(text);
    close(fds[0]);
}

static void peer_stop(Peer *peer) {
    if (peer->pid <= 0) return;
    kill(peer->pid, SIGKILL);
    waitpid(peer->pid, NULL, 0);
}

static int dial(const Peer *peer) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)peer->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int tries = 0; tries < 1000; tries++) { // nginx says its port before it listens
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            return fd;
        }
        close(fd);
        usleep(1000);
    }
    abort();
}

typedef struct {
    Peer *peer;
    const char *request; // NULL: 64 bytes that come back
    bool cpu;            // measure the server's
    size_t fewer;        // of so many trips one is made, and counts as all: they are slow
} Trip;

static char sent[256], received[1 << 20];

static uint64_t clock_of(const Trip *trip) {
    if (!trip->cpu) return clock_now();
    clockid_t clock;
    struct timespec now = {0};
    if (clock_getcpuclockid(trip->peer->pid, &clock) != 0) abort();
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* How much comes back: what has come when nothing has for 50 ms. */
static size_t answer_size(const Trip *trip, size_t size) {
    size_t whole = 0;
    int fd = dial(trip->peer);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, 50000}, sizeof(struct timeval));
    if (send(fd, sent, size, 0) < 0) abort();
    for (ssize_t got; (got = recv(fd, received, sizeof received, 0)) > 0;)
        whole += (size_t)got;
    close(fd);
    return whole;
}

static uint64_t trips(size_t n, size_t repeats, const void *argument) {
    const Trip *trip = argument;
    size_t size = 64, todo = n * repeats / trip->fewer, started = 0, done = 0;
    if (trip->request)
        size = (size_t)snprintf(sent, sizeof sent, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                                trip->request);
    size_t whole = answer_size(trip, size), missing[CONNECTIONS];
    if (whole < size) abort();
    struct epoll_event events[CONNECTIONS];
    int fds[CONNECTIONS], epoll = epoll_create1(0);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        fds[i] = dial(trip->peer);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
        missing[i] = whole;
    }
    usleep(5000); // they are accepted
    uint64_t start = clock_of(trip);
    for (; started < CONNECTIONS; started++)
        if (send(fds[started], sent, size, 0) < 0) abort();
    while (done < todo) {
        int count = epoll_wait(epoll, events, CONNECTIONS, -1);
        for (int k = 0; k < count; k++) {
            uint32_t i = events[k].data.u32;
            ssize_t got = recv(fds[i], received, sizeof received, 0);
            if (got <= 0) abort();
            missing[i] -= (size_t)got;
            if (missing[i] > 0) continue;
            missing[i] = whole;
            done++;
            if (started++ < todo && send(fds[i], sent, size, 0) < 0) abort();
        }
    }
    uint64_t elapsed = clock_of(trip) - start;
    for (int i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
    close(epoll);
    return elapsed * trip->fewer;
}

/* ---- The table --------------------------------------------------------------------------------*/

static void make_file(const char *name, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (!file) abort();
    for (size_t i = 0; i < size; i++)
        fputc('x', file);
    fclose(file);
}

/* A row of trips to all that are there. */
static void add_trips(BenchmarkRow *row, Trip *list, Peer *peers, size_t count, Trip like) {
    size_t there = 0;
    if (peers[0].port == 0) return; // without http_parser
    for (size_t i = 0; i < count; i++) {
        if (peers[i].port == 0) continue;
        like.peer = &peers[i];
        list[there] = like;
        row->contenders[there].who = peers[i].who;
        row->contenders[there].run = trips;
        row->contenders[there].argument = &list[there];
        there++;
    }
}

int main(int argc, char **argv) {
    static Trip list[4][BENCHMARK_CONTENDERS_MAX];
    static BenchmarkRow rows[] = {
        {"timers",
         {{"ours", our_timers, NULL},
#if HAVE_LIBUV
          {"libuv", uv_timers, NULL},
#endif
          {"asyncio", their_function, "timers"}},
         0},
        {"call_soon", {{"ours", our_call_soon, NULL}, {"asyncio", their_function, "call_soon"}}, 0},
        {"echo", {{NULL, NULL, NULL}}, 10000},
        {"echo CPU", {{NULL, NULL, NULL}}, 10000},
        {"http", {{NULL, NULL, NULL}}, 10000},
        {"http 100K", {{NULL, NULL, NULL}}, 10000},
    };
    if (!mkdtemp(directory)) abort();
    make_file("small.txt", 1024);
    make_file("large.txt", 102400);
    for (size_t i = 0; i < ECHOES; i++)
        peer_start(&echo_peers[i]);
    for (size_t i = 0; i < HTTPS; i++)
        peer_start(&http_peers[i]);
    use_core(0);
    add_trips(&rows[2], list[0], echo_peers, ECHOES, (Trip){NULL, NULL, false, 1});
    add_trips(&rows[3], list[1], echo_peers, ECHOES, (Trip){NULL, NULL, true, 1});
    add_trips(&rows[4], list[2], http_peers, HTTPS, (Trip){NULL, "/small.txt", false, 1});
    add_trips(&rows[5], list[3], http_peers, HTTPS, (Trip){NULL, "/large.txt", false, 20});
    Py_InitializeEx(0);
    if (PyRun_SimpleString(their_functions) < 0) abort();
    Benchmark self = {.room = "eventloop", .sizes = {10000, 1000000}};
    int status = benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
    for (size_t i = 0; i < ECHOES; i++)
        peer_stop(&echo_peers[i]);
    for (size_t i = 0; i < HTTPS; i++)
        peer_stop(&http_peers[i]);
    static const char *const names[] = {"small.txt", "large.txt", "nginx.conf", "nginx.pid", "b",
                                        "p",         "f",         "u",          "s",         ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        if (remove(path) < 0) continue;
    }
    return status;
}
