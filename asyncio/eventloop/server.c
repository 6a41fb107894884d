/* server.c: sockets that listen, and what is made of those who come.
 *
 * A server lives until it is closed and its last connection is gone: `closed_handle`, made with it, says
 * so then, and frees it.
 *
 * When there are no descriptors left, accept() fails and the waiting client stays in the kernel's queue:
 * the socket stays readable, so the loop would spin. It stops listening for a second instead.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // accept4()
#endif
#include "transport.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "address.h"
#include "handle.h"
#include "pipe.h"

typedef struct {
    Server *server;
    int fd;
    Handle *retry; // while it does not listen for want of descriptors; a reference
} Listener;

struct Server {
    Resource resource; // the loop's list; the first member
    Loop *loop;
    const Protocol *protocol;
    ProtocolFactory factory;
    void *factory_arg;
    int backlog, connections;
    bool closing;
    Handle *closed_handle; // owned until it is in line
    Callback done;
    void *done_arg;
    size_t nlisteners;
    Listener listeners[];
};

static void listener_ready(void *arg);

/* ---- Accepting --------------------------------------------------------------------------------*/

/* A descriptor of the next connection, non-blocking; -1 with errno. */
static int accept_connection(int listening) {
#ifdef __linux__
    return accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int fd = accept(listening, NULL, NULL);
    if (fd >= 0 && loop_set_flags(fd) < 0) {
        close(fd);
        error_clear();
        errno = ECONNABORTED;
        return -1;
    }
    return fd;
#endif
}

/* CPython: Lib/asyncio/selector_events.py, _start_serving(). */
static void listener_start(void *arg) {
    Listener *listener = arg;
    Loop *loop = listener->server->loop;
    handle_decref(listener->retry);
    listener->retry = NULL;
    if (loop_add_reader(loop, listener->fd, listener_ready, listener)) return;
    loop_report(loop, "the server cannot listen any more", "socket", &listener->fd);
}

/* CPython calls its handler and schedules a retry `backlog` times, as its loop goes on; here once. */
static void listener_rest(Listener *listener, int number) {
    Loop *loop = listener->server->loop;
    error_set_from_errno(number);
    loop_report(loop, "socket.accept() out of system resource", "socket", &listener->fd);
    if (listener->server->closing || listener->retry) return; // the handler may have closed it
    listener->retry =
        handle_incref(loop_call_later(loop, ACCEPT_RETRY_DELAY, listener_start, listener));
    if (listener->retry)
        loop_remove_reader(loop, listener->fd);
    else
        error_clear(); // no memory for that either: then it is tried in each turn
}

/* CPython: Lib/asyncio/selector_events.py, _accept_connection2(), which is a task. */
static void server_welcome(Server *server, int fd) {
    static const Protocol nobody = {0};
    Transport *transport = transport_new(server->loop, fd, &nobody, NULL, server);
    void *self = server->factory_arg;
    if (transport && server->factory) self = server->factory(server->factory_arg);
    if (transport && !error_occurred()) {
        transport_set_protocol(transport, server->protocol, self);
        return;
    }
    if (error_is_ordinary())
        loop_report(server->loop, "Error on transport creation for incoming connection", "server",
                    server);
    if (transport) transport_abort(transport);
}

/* All that wait, but not more than `backlog` in a turn. CPython:
 * Lib/asyncio/selector_events.py, _accept_connection(). */
static void listener_ready(void *arg) {
    Listener *listener = arg;
    Server *server = listener->server;
    for (int i = 0; i < server->backlog && !server->closing; i++) {
        int fd = accept_connection(listener->fd);
        if (fd >= 0) {
            server_welcome(server, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            listener_rest(listener, errno);
        else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR &&
                 errno != ECONNABORTED && errno != EPROTO)
            error_set_from_errno(errno); // the loop tells its handler
        return;
    }
}

/* ---- Life -------------------------------------------------------------------------------------*/

static void server_stop(Server *server) {
    for (size_t i = 0; i < server->nlisteners; i++) {
        Listener *listener = &server->listeners[i];
        loop_remove_reader(server->loop, listener->fd);
        handle_cancel(listener->retry);
        handle_decref(listener->retry);
        listener->retry = NULL;
        close(listener->fd);
    }
    server->nlisteners = 0;
}

static void server_destroy(void *arg) {
    Server *server = arg;
    loop_remove_resource(&server->resource);
    server_stop(server);
    handle_decref(server->closed_handle);
    free(server);
}

/* The loop closes. Its transports are freed before or after. */
static void server_abandon(Resource *resource) {
    Server *server = (Server *)(void *)resource;
    server_stop(server);
    server->closing = true;
    server->done = NULL;
    if (server->connections == 0 && server->closed_handle) server_destroy(server);
}

static void server_closed(void *arg) {
    Server *server = arg;
    if (server->done) server->done(server->done_arg);
}

/* Puts the end in line. Once the loop is closed there is no line. */
static void server_end(Server *server) {
    Handle *handle = server->closed_handle;
    if (!server->resource.link) { // abandoned
        server_destroy(server);
        return;
    }
    server->closed_handle = NULL;
    handle->drop = server_destroy;
    loop_append(server->loop, handle);
}

void server_attach(Server *server) {
    server->connections++;
}

void server_detach(Server *server) {
    if (--server->connections == 0 && server->closing && server->closed_handle) server_end(server);
}

void server_close(Server *server, Callback done, void *arg) {
    if (server->closing) return;
    for (size_t i = 0; i < server->nlisteners; i++)
        listener_ready(&server->listeners[i]); // or closing the socket would reset who waits
    if (error_occurred())
        loop_report(server->loop, "the last ones could not be accepted", "server", server);
    server->closing = true;
    server->done = done;
    server->done_arg = arg;
    server_stop(server);
    if (server->connections == 0) server_end(server);
}

int server_connections(const Server *server) {
    return server->connections;
}

int server_port(const Server *server) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (server->nlisteners == 0 ||
        getsockname(server->listeners[0].fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    return address_port((struct sockaddr *)&address);
}

/* ---- Listening --------------------------------------------------------------------------------*/

/* A socket that listens; -1 with an error, which tells which address it is about. */
static int listen_on(const struct addrinfo *info, int backlog) {
    int fd = socket(info->ai_family, info->ai_socktype, info->ai_protocol);
    if (fd < 0) return error_set_from_errno(errno);
    if (loop_set_flags(fd) < 0) {
        close(fd);
        return -1;
    }
    // A restarted server may have its port at once, though connections of the last one linger.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
#ifdef IPV6_V6ONLY
    if (info->ai_family == AF_INET6) // or the two families' sockets would want the same port
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
#endif
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    int number = errno;
    char address[ADDRESS_SIZE], reason[100];
    close(fd);
    address_format(info->ai_addr, address);
    snprintf(reason, sizeof reason, "%s", strerror(number));
    for (char *c = reason; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    error_set_from_errno(number); // for its type
    return error_set(error_occurred(),
                     "[Errno %d] error while attempting to bind on address %s: %s", number, address,
                     reason);
}

static int server_listen(Server *server, const struct addrinfo *list) {
    for (const struct addrinfo *info = list; info; info = info->ai_next) {
        int fd = listen_on(info, server->backlog);
        if (fd < 0) return -1;
        Listener *listener = &server->listeners[server->nlisteners++];
        *listener = (Listener){server, fd, NULL};
        if (!loop_add_reader(server->loop, fd, listener_ready, listener)) return -1;
    }
    return 0;
}

Server *create_server(Loop *loop, const char *host, const char *port, int backlog,
                      const Protocol *protocol, ProtocolFactory factory, void *arg) {
    struct addrinfo *list = address_lookup(host, port, AI_PASSIVE);
    if (!list) return NULL;
    size_t count = 0;
    for (const struct addrinfo *info = list; info; info = info->ai_next)
        count++;
    Server *server = calloc(1, sizeof *server + count * sizeof *server->listeners);
    Handle *handle = server ? handle_new(loop, server_closed, server) : NULL;
    if (!handle) {
        if (!server) error_no_memory();
        free(server);
        freeaddrinfo(list);
        return NULL;
    }
    server->resource.abandon = server_abandon;
    server->loop = loop;
    server->protocol = protocol;
    server->factory = factory;
    server->factory_arg = arg;
    server->backlog = backlog;
    server->closed_handle = handle;
    loop_add_resource(loop, &server->resource);
    int status = server_listen(server, list);
    freeaddrinfo(list);
    if (status == 0) return server;
    Error error = error_fetch();
    server_destroy(server);
    error_restore(error);
    return NULL;
}
