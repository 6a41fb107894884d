/* Tests of transports and servers: bytes that come in pieces, callbacks that end what called them,
 * clients without manners, and system calls that fail. */
#include "system.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "../transport.h"

/* ---- The two sides ------------------------------------------------------------------------------
 * Both are on one loop. Each side counts what it is told, and can be made to do one thing more in one of
 * its callbacks. */

typedef enum { NOWHERE, MADE, DATA, END, LOST, PAUSE, RESUME, PLACES } Place;
typedef enum { CLOSE, ABORT, ERROR, STOP, SERVER, WRITE, LIMITS, EXIT, DEEDS } Deed;

typedef struct {
    bool client, echoes;
    Transport *transport;
    int made, lost, ended, paused, resumed;
    ErrorType reason;
    size_t got, wrong, sent, at_resume; // bytes; those that are not what was sent
    Place place;
    Deed deed;
    char buffer[512];
} Peer;

enum { PEERS = 300, PATTERN = 1 << 20 };
static Peer peers[PEERS], client;
static int npeers, told, stopped;
static char told_message[1024];
static unsigned char pattern[PATTERN + 251];
static Loop *loop;
static Server *server;
static Peer next; // what the next connection's side is like

static void stop(void *arg) {
    (void)arg;
    loop_stop(loop);
}

static void server_gone(void *arg) {
    (void)arg;
    stopped++;
    server = NULL;
}

static void act(Peer *self, Place place) {
    if (self->place != place) return;
    self->place = NOWHERE; // once
    switch (self->deed) {
    case CLOSE:
        transport_close(self->transport);
        break;
    case ABORT:
        transport_abort(self->transport);
        break;
    case ERROR:
        error_set(ValueError, "deed");
        break;
    case STOP:
        loop_stop(loop);
        break;
    case SERVER:
        if (server) server_close(server, server_gone, NULL);
        break;
    case WRITE:
        if (transport_write(self->transport, pattern, 100000) < 0) error_clear();
        break;
    case LIMITS:
        transport_set_write_buffer_limits(self->transport, 0, 0);
        break;
    default:
        error_set(SystemExit, "%s", "");
    }
}

static void peer_made(void *arg, Transport *transport) {
    Peer *self = arg;
    self->transport = transport;
    self->made++;
    act(self, MADE);
}

static void peer_data(void *arg, const char *data, size_t size) {
    Peer *self = arg;
    assert_true(self->made == 1 && self->lost == 0);
    for (size_t i = 0; i < size; i++)
        self->wrong += (unsigned char)data[i] != pattern[(self->got + i) % 251];
    self->got += size;
    if (self->echoes && transport_write(self->transport, data, size) < 0) error_clear();
    act(self, DATA);
}

static bool peer_eof(void *arg) {
    Peer *self = arg;
    self->ended++;
    act(self, END);
    return self->echoes && self->ended == 1 && !error_occurred(); // keeps open; who asked closes it
}

static void peer_lost(void *arg, const Error *exception) {
    Peer *self = arg;
    self->lost++;
    self->reason = exception ? exception->type : NoError;
    act(self, LOST);
    if (self->client) loop_stop(loop);
}

static void peer_pause(void *arg) {
    Peer *self = arg;
    assert_int_equal(self->paused, self->resumed);
    self->paused++;
    act(self, PAUSE);
}

static void peer_resume(void *arg) {
    Peer *self = arg;
    self->resumed++;
    self->at_resume = transport_get_write_buffer_size(self->transport);
    assert_int_equal(self->paused, self->resumed);
    act(self, RESUME);
}

static void *peer_buffer(void *arg, size_t *size) {
    *size = sizeof((Peer *)arg)->buffer;
    return ((Peer *)arg)->buffer;
}

static void peer_updated(void *arg, size_t size) {
    peer_data(arg, ((Peer *)arg)->buffer, size);
}

static const Protocol streaming = {.connection_made = peer_made,
                                   .data_received = peer_data,
                                   .eof_received = peer_eof,
                                   .connection_lost = peer_lost,
                                   .pause_writing = peer_pause,
                                   .resume_writing = peer_resume};
static const Protocol buffered = {.connection_made = peer_made,
                                  .get_buffer = peer_buffer,
                                  .buffer_updated = peer_updated,
                                  .eof_received = peer_eof,
                                  .connection_lost = peer_lost,
                                  .pause_writing = peer_pause,
                                  .resume_writing = peer_resume};

static void *peer_new(void *arg) {
    (void)arg;
    if (npeers == PEERS) return error_no_memory();
    peers[npeers] = next;
    return &peers[npeers++];
}

static void tell(Loop *its, const ExceptionContext *context, void *arg) {
    (void)its, (void)arg;
    told++;
    snprintf(told_message, sizeof told_message, "%s: %s", context->message,
             context->exception ? context->exception->message : "");
}

static void refused(void *arg) {
    ((Peer *)arg)->reason = error_occurred();
    error_clear();
    loop_stop(loop);
}

/* A loop on this back end, and a server. False with a pending error. */
static bool begin(const char *name, const Protocol *protocol) {
    for (int i = 0; i < (int)sizeof pattern; i++)
        pattern[i] = (unsigned char)(i % 251);
    npeers = told = stopped = 0;
    memset(peers, 0, sizeof peers);
    next = (Peer){.echoes = true};
    client = (Peer){.client = true};
    Selector *selector = selector_new(selector_named(name));
    loop = selector ? loop_new(selector) : NULL;
    if (!loop) return false;
    loop_set_exception_handler(loop, tell, NULL);
    server = create_server(loop, "127.0.0.1", "0", 100, protocol, peer_new, NULL);
    return server != NULL;
}

static bool dial(Peer *peer) {
    char port[8];
    snprintf(port, sizeof port, "%d", server_port(server));
    return create_connection(loop, "127.0.0.1", port, &streaming, peer, refused) != NULL;
}

static void go(double seconds) {
    Handle *timer = handle_incref(loop_call_later(loop, seconds, stop, NULL));
    assert_int_equal(loop_run_forever(loop), 0);
    handle_cancel(timer);
    handle_decref(timer);
}

/* Waits for what must come, for ten seconds: machines are slow under valgrind. */
#define go_until(condition)                                                                        \
    do {                                                                                           \
        for (int turns_ = 0; turns_ < 10000 && !(condition); turns_++)                             \
            go(0.001);                                                                             \
        assert_true(condition);                                                                    \
    } while (0)

/* A client that is no transport, and does what it likes. */
static int rude(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A client that is served as ever. */
static void assert_served(void) {
    Peer other = {.client = true};
    assert_true(dial(&other));
    go_until(other.made);
    assert_int_equal(transport_write(other.transport, pattern, 5000), 0);
    go_until(other.got == 5000);
    transport_close(other.transport);
    go_until(other.lost);
    assert_int_equal(other.wrong, 0);
}

static void end(void) {
    if (server) {
        server_close(server, server_gone, NULL);
        for (int i = 0; i < npeers; i++)
            if (peers[i].made && !peers[i].lost) transport_abort(peers[i].transport);
        go_until(stopped == 1);
    }
    loop_free(loop);
    for (int i = 0; i < npeers; i++)
        assert_true(peers[i].made <= 1 && peers[i].lost <= 1);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* ---- Bytes ------------------------------------------------------------------------------------*/

/* Whatever the pieces, all of it arrives once and in order, there and back, and both sides see the end.
 * The first piece of a write is at every boundary once. */
static void test_pieces(void **state) {
    static const struct {
        int most;
        size_t size;
    } cases[] = {{1, 700}, {2, 900}, {7, 5000}, {1000, 200000}, {0, 3000000}};
    long blocks = testing_blocks();
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        assert_true(begin(*state, i % 2 ? &buffered : &streaming));
        assert_true(dial(&client));
        go_until(client.made);
        system_most = cases[i / 2].most;
        system_storm = true;
        size_t size = cases[i / 2].size;
        for (size_t sent = 0, part = 1; sent < size; sent += part, part += 1 + part / 50) {
            if (part > size - sent) part = size - sent;
            if (part > PATTERN) part = PATTERN;
            assert_int_equal(transport_write(client.transport, pattern + sent % 251, part), 0);
            if (part % 5 == 0) go(0);
        }
        transport_write_eof(client.transport);
        go_until(client.got == size && peers[0].ended == 1);
        assert_int_equal(peers[0].got, size);
        assert_int_equal(client.wrong + peers[0].wrong, 0);
        transport_close(peers[0].transport);
        go_until(client.lost && client.ended);
        system_storm = false;
        system_most = 0;
        end();
        assert_int_equal(told, 0);
        assert_int_equal(testing_blocks(), blocks);
    }
}

static void test_water_marks(void **state) {
    assert_true(begin(*state, &streaming));
    int fd = rude();
    go_until(npeers == 1 && peers[0].made);
    Transport *transport = peers[0].transport;
    assert_int_equal(transport_set_write_buffer_limits(transport, 1, 2), -1);
    assert_error(ValueError, "high (1) must be >= low (2) must be >= 0");
    assert_int_equal(transport_set_write_buffer_limits(transport, 300000, 100000), 0);
    size_t sent = 0;
    while (!peers[0].paused) {
        assert_true(transport_get_write_buffer_size(transport) <= 300000);
        transport_write(transport, pattern + sent % 251, 10000);
        sent += 10000;
    }
    assert_true(transport_get_write_buffer_size(transport) > 300000);
    transport_write(transport, pattern + sent % 251, 50000); // told once
    sent += 50000;
    size_t got = 0;
    static unsigned char data[65536];
    for (int i = 0; i < 10000 && got < sent; i++) {
        go(0);
        ssize_t part = recv(fd, data, sizeof data, MSG_DONTWAIT);
        for (ssize_t k = 0; k < part; k++)
            assert_int_equal(data[k], pattern[(got + (size_t)k) % 251]);
        if (part > 0) got += (size_t)part;
    }
    assert_int_equal(got, sent);
    assert_true(peers[0].resumed == 1 && peers[0].at_resume <= 100000);
    close(fd);
    end();
}

static void file_sent(void *arg) {
    Peer *self = arg;
    self->sent++;
    if (transport_write(self->transport, "", 0) < 0) abort();
}

/* The file goes out between what was written before and after; a file that shrank ends it. */
static void test_sendfile(void **state) {
    assert_true(begin(*state, &streaming));
    FILE *file = tmpfile();
    assert_int_equal(fwrite(pattern, 1, 251 * 4000, file), 251 * 4000);
    fflush(file);
    assert_true(dial(&client));
    go_until(client.made && npeers == 1 && peers[0].made);
    Transport *transport = peers[0].transport;
    transport_write(transport, pattern, 251);
    assert_int_equal(transport_sendfile(transport, fileno(file), 251, 251 * 3999, file_sent), 0);
    assert_int_equal(transport_write(transport, "x", 1), -1);
    assert_error(RuntimeError, "unable to write; sendfile is in progress");
    go_until(peers[0].sent == 1);
    assert_int_equal(transport_write(transport, pattern, 251), 0);
    go_until(client.got == 251 * 4001);
    assert_int_equal(client.wrong, 0);
    assert_int_equal(transport_sendfile(transport, fileno(file), 251 * 3999, 1000, file_sent), 0);
    go_until(peers[0].lost);
    assert_true(peers[0].reason == OSError);
    assert_int_equal(peers[0].sent, 1);
    fclose(file);
    end();
}

/* ---- Callbacks that do more -------------------------------------------------------------------*/

static void deed(const char *name, const Protocol *protocol, Place place, Deed what, bool ours) {
    assert_true(begin(name, protocol));
    client.place = ours ? place : NOWHERE;
    client.deed = what;
    next.place = ours ? NOWHERE : place;
    next.deed = what;
    assert_true(dial(&client));
    for (int i = 0; i < 300 && !client.lost; i++) {
        Peer *side = ours ? &client : &peers[0];
        bool alive = side->made && !side->lost;
        if (alive && i == 20 && place == PAUSE) transport_write(side->transport, pattern, PATTERN);
        if (alive && i == 21 && place == RESUME) {
            transport_set_write_buffer_limits(side->transport, 10, 5);
            transport_write(side->transport, pattern, PATTERN);
        }
        if (client.made && !client.lost && i == 40) transport_write(client.transport, pattern, 99);
        if (client.made && !client.lost && i == 80) transport_write_eof(client.transport);
        if (npeers && peers[0].made && !peers[0].lost && i == 120) {
            transport_write(peers[0].transport, pattern, 1);
            transport_close(peers[0].transport);
        }
        loop_stop(loop);
        if (loop_run_forever(loop) < 0) assert_error(SystemExit, "");
    }
    if (client.made && !client.lost) transport_abort(client.transport);
    go_until(client.lost || !client.made);
    assert_true(what != ERROR || told == 1 || (place == RESUME || place == PAUSE));
    end();
}

static void test_deeds(void **state) {
    long blocks = testing_blocks();
    int descriptors = open_descriptors();
    for (int place = MADE; place < PLACES; place++)
        for (int what = 0; what < DEEDS; what++)
            for (int side = 0; side < 4; side++) {
                deed(*state, side & 1 ? &buffered : &streaming, (Place)place, (Deed)what, side & 2);
                assert_int_equal(testing_blocks(), blocks);
                assert_int_equal(open_descriptors(), descriptors);
            }
}

/* ---- Clients without manners ------------------------------------------------------------------*/

static void test_rude_clients(void **state) {
    long blocks = testing_blocks();
    assert_true(begin(*state, &streaming));
    int fds[50];
    for (int i = 0; i < 50; i++) {
        fds[i] = rude();
        if (i % 5 == 0) close(fds[i]); // says nothing, and is gone before it is accepted
        if (i % 5 == 1) assert_int_equal(send(fds[i], pattern, 1000, 0), 1000);
        if (i % 5 == 2) shutdown(fds[i], SHUT_WR);
    }
    go(0.02);
    struct linger reset = {1, 0}; // what a killed client's kernel sends: unread data, then a reset
    for (int i = 0; i < 50; i++) {
        if (i % 5 == 0) continue;
        if (i % 2) setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fds[i]);
    }
    int hungry = rude();
    go_until(npeers == 51);
    go_until(peers[50].made);
    for (int i = 0; i < 10; i++)
        transport_write(peers[50].transport, pattern, PATTERN); // it never reads
    assert_served();
    assert_true(peers[50].paused == 1 && peers[50].lost == 0);
    close(hungry);
    go_until(peers[50].lost);
    assert_true(peers[50].reason == ConnectionResetError || peers[50].reason == BrokenPipeError);
    assert_int_equal(told, 0);
    end();
    assert_int_equal(testing_blocks(), blocks);
}

/* ---- System calls that fail -------------------------------------------------------------------*/

/* One connection suffers; the one beside it does not notice. */
static void test_one_call_fails(void **state) {
    static const struct {
        const char *call;
        int number;
        ErrorType reason;
    } cases[] = {
        {"recv", ECONNRESET, ConnectionResetError},
        {"recv", ETIMEDOUT, TimeoutError},
        {"recv", ENOBUFS, OSError},
        {"send", EPIPE, BrokenPipeError},
        {"send", ECONNRESET, ConnectionResetError},
        {"send", ENOBUFS, OSError},
        {"malloc", ENOMEM, MemoryError},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(begin(*state, &streaming));
        Peer beside = {.client = true};
        assert_true(dial(&client) && dial(&beside));
        go_until(client.made && beside.made && npeers == 2 && peers[0].made && peers[1].made);
        transport_write(beside.transport, pattern, 1000);
        go_until(beside.got == 1000);
        if (strcmp(cases[i].call, "recv") == 0) {
            transport_write(client.transport, pattern, 1);
            testing_fail("recv", 0, cases[i].number);
        } else if (cases[i].number == ENOMEM) {
            transport_set_write_buffer_limits(client.transport, 1, 1);
            while (transport_get_write_buffer_size(client.transport) < 1000)
                transport_write(client.transport, pattern, PATTERN);
            testing_fail_at(0); // a buffer that cannot grow
            transport_write(client.transport, pattern, PATTERN);
            transport_write(client.transport, pattern, PATTERN);
            transport_write(client.transport, pattern, PATTERN);
        } else {
            testing_fail("send", 0, cases[i].number);
            transport_write(client.transport, pattern, 1);
        }
        go_until(client.lost && (peers[0].lost || peers[0].ended));
        assert_true(client.reason == cases[i].reason || peers[0].reason == cases[i].reason);
        assert_int_equal(told, cases[i].number == ENOMEM); // OSErrors are expected
        transport_write(beside.transport, pattern + 1000 % 251, 1000);
        go_until(beside.got == 2000);
        assert_int_equal(beside.wrong, 0);
        transport_abort(beside.transport);
        go_until(beside.lost);
        assert_served();
        end();
    }
}

/* Without descriptors nobody is lost: who waits is served a second later, after one word of it. */
static void test_no_descriptors(void **state) {
    const char *preload = getenv("LD_PRELOAD");
    if (preload && strstr(preload, "vgpreload")) skip(); // Valgrind's limit is one of its own
    assert_true(begin(*state, &streaming));
    struct rlimit limit, none;
    getrlimit(RLIMIT_NOFILE, &limit);
    int fds[3] = {rude(), rude(), rude()};
    none = limit;
    none.rlim_cur = (rlim_t)fds[2] + 1; // not one more
    setrlimit(RLIMIT_NOFILE, &none);
    double began = loop_time(loop);
    go(0.02);
    assert_int_equal(told, 1);
    char words[200]; // musl has others than glibc
    snprintf(words, sizeof words, "socket.accept() out of system resource: [Errno %d] %s", EMFILE,
             strerror(EMFILE));
    assert_string_equal(told_message, words);
    assert_int_equal(npeers, 0);
    uint64_t turns = loop->turns;
    go(0.1);
    assert_true(loop->turns - turns < 10); // it does not spin
    setrlimit(RLIMIT_NOFILE, &limit);
    go_until(npeers == 3);
    assert_true(loop_time(loop) - began >= 0.99);
    static const int numbers[] = {ECONNABORTED, EPROTO, EINTR, EPERM};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        testing_fail("accept4", 0, numbers[i]);
        assert_served();
    }
    assert_int_equal(told, 2);
    assert_string_equal(told_message, "Exception in callback: [Errno 1] Operation not permitted");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    end();
}

/* The C library's words, in small letters. */
static void assert_cannot_bind(const char *host, const char *port, int number) {
    char words[100], expected[300];
    snprintf(words, sizeof words, "%s", strerror(number));
    for (char *c = words; *c; c++)
        if ('A' <= *c && *c <= 'Z') *c = (char)(*c + 32);
    snprintf(expected, sizeof expected,
             "[Errno %d] error while attempting to bind on address ('%s', %s): %s", number, host,
             port, words);
    assert_error(OSError, expected);
}

static void test_addresses(void **state) {
    assert_true(begin(*state, &streaming));
    char port[8];
    snprintf(port, sizeof port, "%d", server_port(server));
    assert_null(create_server(loop, "127.0.0.1", port, 100, &streaming, peer_new, NULL));
    assert_cannot_bind("127.0.0.1", port, EADDRINUSE);
    assert_null(create_server(loop, "192.0.2.1", "0", 100, &streaming, peer_new, NULL));
    assert_cannot_bind("192.0.2.1", "0", EADDRNOTAVAIL);
    assert_null(create_server(loop, "999.0.0.1.invalid", "0", 100, &streaming, peer_new, NULL));
    assert_true(error_matches(gaierror));
    assert_null(create_server(loop, "127.0.0.1", "port", 100, &streaming, peer_new, NULL));
    assert_true(error_matches(gaierror));
    error_clear();
    int fd = rude(); // waits when the server closes: it is served
    server_close(server, server_gone, NULL);
    assert_int_equal(send(fd, pattern, 100, 0), 100);
    go_until(npeers == 1 && peers[0].got == 100);
    assert_int_equal(stopped, 0);
    assert_non_null(create_connection(loop, "127.0.0.1", port, &streaming, &client, refused));
    go_until(client.reason);
    assert_true(client.reason == ConnectionRefusedError);
    close(fd);
    transport_close(peers[0].transport);
    go_until(stopped == 1);
    loop_free(loop);
}

/* Everything is open when the loop closes. */
static void test_closed_in_the_middle(void **state) {
    long blocks = testing_blocks();
    int descriptors = open_descriptors();
    for (int turns = 0; turns < 12; turns++) {
        assert_true(begin(*state, &streaming));
        assert_true(dial(&client));
        for (int i = 0; i < turns; i++) {
            if (client.made) transport_write(client.transport, pattern, PATTERN);
            if (i == 9) transport_close(client.transport);
            if (i == 10) server_close(server, server_gone, NULL);
            loop_stop(loop);
            assert_int_equal(loop_run_forever(loop), 0);
        }
        loop_free(loop);
        assert_int_equal(testing_blocks(), blocks);
        assert_int_equal(open_descriptors(), descriptors);
    }
}

/* A connection there and back, each call failing in turn: it ends, one way or another. */
static void test_everything_fails(void **state) {
    static const char *const calls[] = {"malloc", "socket", "connect",   "accept4",
                                        "recv",   "send",   "epoll_ctl", "pthread_create"};
    static const int numbers[] = {ENOMEM,     EMFILE, ECONNREFUSED, ENOBUFS,
                                  ECONNRESET, EPIPE,  ENOSPC,       EAGAIN};
    long blocks = testing_blocks();
    int descriptors = open_descriptors();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (long n = 0;; n++) {
            testing_fail(calls[i], n, numbers[i]);
            bool ok = begin(*state, &streaming) && dial(&client);
            if (!ok) assert_true(error_occurred());
            for (int k = 0; ok && k < 60; k++) {
                if (client.made && !client.lost && k % 8 == 5)
                    transport_write(client.transport, pattern, k == 5 ? PATTERN : 100);
                if (client.made && !client.lost && k == 40) transport_write_eof(client.transport);
                loop_stop(loop);
                if (loop_run_forever(loop) < 0) error_clear();
            }
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            error_clear();
            loop_free(loop);
            assert_int_equal(testing_blocks(), blocks);
            assert_int_equal(open_descriptors(), descriptors);
            if (!failed) break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(test_pieces),
        EACH(test_water_marks),
        EACH(test_sendfile),
        EACH(test_deeds),
        EACH(test_rude_clients),
        EACH(test_one_call_fails),
        EACH(test_no_descriptors),
        EACH(test_addresses),
        EACH(test_closed_in_the_middle),
        EACH(test_everything_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
