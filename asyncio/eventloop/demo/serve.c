/* serve.c: the programs: an echo, and files over HTTP. SIGTERM or SIGINT: nobody new, and who is being
 * served is served to the end; once more, or after five seconds: now. */
#include "demo.h"

#include <signal.h>
#include <sys/socket.h>

#include "../http.h"

enum { PATIENCE = 5 }; // seconds

static Loop *loop;
static bool stopping;

/* 2, with the pending error: the call was wrong, not the program. */
static int refuse(const Place *place, const char *what) {
    Error error = error_fetch();
    loop_free(loop);
    return usage_error("eventloop_demo", "cannot serve %s at %s, port %s: %s", what, place->host,
                       place->port, error.message);
}

static int fail(void) {
    fflush(stdout);
    fputs("eventloop_demo: ", stderr);
    error_print(stderr);
    loop_free(loop);
    return 1;
}

static void stop(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static int begin(const Place *place, Callback on_signal) {
    Selector *selector = selector_new(place->selector);
    loop = selector ? loop_new(selector) : NULL;
    return loop && !loop_add_signal_handler(loop, SIGTERM, on_signal, NULL) &&
                   !loop_add_signal_handler(loop, SIGINT, on_signal, NULL)
               ? 0
               : -1;
}

/* Whether this is the first signal; the second ends everything. */
static bool begin_to_stop(void) {
    if (stopping) {
        loop_stop(loop);
        return false;
    }
    stopping = true;
    loop_call_later(loop, PATIENCE, stop, NULL);
    return true;
}

/* Says where it is: whoever started it on port 0 has to read this. So not to be able to say it is the
 * end: 1; demo_main() says why. */
static int announce(const char *scheme, const char *host, int port) {
    bool six = strchr(host, ':') != NULL;
    printf(" at %s%s%s%s:%d\n", scheme, six ? "[" : "", host, six ? "]" : "", port);
    if (fflush(stdout) == 0) return 0;
    loop_free(loop);
    return 1;
}

static int run(void) {
    int status = loop_run_forever(loop);
    if (status < 0) return fail();
    loop_free(loop);
    return 0;
}

/* ---- echo ------------------------------------------------------------------------------------*/

typedef struct {
    Resource resource; // the loop's list knows them all; the first member
    Transport *transport;
} Echo;

static Server *server;
static uint64_t echoed;

static void echo_abandon(Resource *resource) {
    free(resource);
}

static void *echo_new(void *arg) {
    (void)arg;
    Echo *echo = calloc(1, sizeof *echo);
    if (echo) echo->resource.abandon = echo_abandon;
    return echo ? echo : error_no_memory();
}

/* No more comes in from now on; what has come is read, then the end, and that closes it. */
static void echo_end(const Echo *echo) {
    shutdown(transport_fileno(echo->transport), SHUT_RD);
}

static void echo_made(void *self, Transport *transport) {
    Echo *echo = self;
    echo->transport = transport;
    loop_add_resource(loop, &echo->resource);
    if (stopping) echo_end(echo);
}

static void echo_received(void *self, const char *data, size_t size) {
    Echo *echo = self;
    echoed += size;
    transport_write(echo->transport, data, size);
}

/* A client that sends and does not read: what it sends stays in the kernel. */
static void echo_pause(void *self) {
    transport_pause_reading(((Echo *)self)->transport);
}

static void echo_resume(void *self) {
    Transport *transport = ((Echo *)self)->transport;
    if (transport_resume_reading(transport) < 0) transport_abort(transport);
}

static void echo_lost(void *self, const Error *exception) {
    (void)exception;
    loop_remove_resource(self);
    free(self);
}

static void echo_stop(void *arg) {
    (void)arg;
    if (!begin_to_stop()) return;
    server_close(server, stop, NULL);
    for (Resource *each = loop->resources; each; each = each->next)
        if (each->abandon == echo_abandon) echo_end((const Echo *)(const void *)each);
}

int serve_echo(const Place *place) {
    static const Protocol protocol = {.connection_made = echo_made,
                                      .data_received = echo_received,
                                      .connection_lost = echo_lost,
                                      .pause_writing = echo_pause,
                                      .resume_writing = echo_resume};
    if (begin(place, echo_stop) < 0) return fail();
    server = create_server(loop, place->host, place->port, 100, &protocol, echo_new, NULL);
    if (!server) return refuse(place, "echo");
    printf("echo");
    if (announce("", place->host, server_port(server))) return 1;
    int status = run();
    if (status == 0) printf("echoed %llu bytes\n", (unsigned long long)echoed);
    return status;
}

/* ---- files -----------------------------------------------------------------------------------*/

static HttpServer *http;

static void files_stop(void *arg) {
    (void)arg;
    if (begin_to_stop()) http_stop(http, stop, NULL);
}

int serve_files(const Place *place, const char *directory) {
    if (begin(place, files_stop) < 0) return fail();
    http = http_serve(loop, directory, place->host, place->port, &http_defaults);
    if (!http && !http_available()) return fail();
    if (!http) return refuse(place, directory);
    fputs("serving ", stdout);
    write_visible(stdout, directory);
    return announce("http://", place->host, http_port(http)) ? 1 : run();
}
