/* connect.c: the way to a connection: a name, its addresses, the first that answers.
 *
 * A Connector is in one of three states: its name is being looked up (job), a socket is connecting (fd,
 * with a writer), or its end is in line (failed by call_soon). It is freed when it leaves the last.
 */
#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "address.h"
#include "executor.h"
#include "handle.h"
#include "pipe.h"

/* ---- Addresses --------------------------------------------------------------------------------*/

struct addrinfo *address_lookup(const char *host, const char *port, int flags) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list = NULL;
    int status = getaddrinfo(host, port, &hints, &list);
    if (status == 0) return list;
    if (status == EAI_MEMORY) return error_no_memory();
    error_set(gaierror, "[Errno %d] %s", status, gai_strerror(status));
    return NULL;
}

int address_port(const struct sockaddr *address) {
    if (address->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

void address_format(const struct sockaddr *address, char text[ADDRESS_SIZE]) {
    char number[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;
        inet_ntop(AF_INET6, &six->sin6_addr, number, sizeof number);
        snprintf(text, ADDRESS_SIZE, "('%s', %d, %u, %u)", number, address_port(address),
                 ntohl(six->sin6_flowinfo), six->sin6_scope_id);
        return;
    }
    inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, number,
              sizeof number);
    snprintf(text, ADDRESS_SIZE, "('%s', %d)", number, address_port(address));
}

/* ---- Connecting -------------------------------------------------------------------------------*/

struct Connector {
    Resource resource; // the loop's list; the first member
    Loop *loop;
    const Protocol *protocol;
    void *self;
    void (*failed)(void *self);
    Job *job;                     // while the name is looked up
    Handle *begin;                // before that; a reference
    struct addrinfo *list, *next; // the addresses, and the one to try next
    int fd;                       // that is connecting; or -1
    bool cancelled;               // while the job goes on
    char *host, *port;
    Error error;    // of the first address that refused
    bool differs;   // not all said the same
    char said[256]; // all of it
};

static void connector_try(Connector *connector);

static void connector_destroy(Connector *connector) {
    loop_remove_resource(&connector->resource);
    handle_cancel(connector->begin);
    handle_decref(connector->begin);
    if (connector->fd >= 0) {
        loop_remove_writer(connector->loop, connector->fd);
        close(connector->fd);
    }
    if (connector->list) freeaddrinfo(connector->list);
    free(connector->host);
    free(connector);
}

/* The end of one that failed, with a pending error. */
static void connector_fail(Connector *connector) {
    void (*failed)(void *self) = connector->failed;
    void *self = connector->self;
    connector_destroy(connector);
    if (failed)
        failed(self);
    else
        error_clear();
}

/* The pending error is this address's. CPython: Lib/asyncio/base_events.py, _connect_sock() collects
 * them. */
static void connector_refused(Connector *connector) {
    Error error = error_fetch();
    bool first = !connector->error.type;
    if (first) connector->error = error;
    if (strcmp(connector->error.message, error.message) != 0) connector->differs = true;
    size_t length = strlen(connector->said);
    snprintf(connector->said + length, sizeof connector->said - length, "%s%s", first ? "" : ", ",
             error.message);
    if (connector->fd >= 0) {
        loop_remove_writer(connector->loop, connector->fd);
        close(connector->fd);
        connector->fd = -1;
    }
    connector_try(connector);
}

/* The error of a connect() to the address that is tried. CPython: Lib/asyncio/selector_events.py,
 * _sock_connect_cb(). */
static void connector_set_error(const struct addrinfo *info, int number) {
    char address[ADDRESS_SIZE];
    address_format(info->ai_addr, address);
    error_set_from_errno(number); // for its type
    error_set(error_occurred(), "[Errno %d] Connect call failed %s", number, address);
}

/* The socket is connected. */
static void connector_done(Connector *connector) {
    int fd = connector->fd;
    loop_remove_writer(connector->loop, fd);
    connector->fd = -1;
    if (transport_new(connector->loop, fd, connector->protocol, connector->self, NULL))
        connector_destroy(connector);
    else
        connector_fail(connector);
}

static void connector_writable(void *arg) {
    Connector *connector = arg;
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(connector->fd, SOL_SOCKET, SO_ERROR, &number, &size) < 0) number = errno;
    if (number == 0) {
        connector_done(connector);
        return;
    }
    connector_set_error(connector->next, number);
    connector->next = connector->next->ai_next;
    connector_refused(connector);
}

/* Begins to connect to the next address, or fails with what the others said. */
static void connector_try(Connector *connector) {
    const struct addrinfo *info = connector->next;
    if (!info) {
        if (connector->differs)
            error_set(OSError, "Multiple exceptions: %s", connector->said);
        else
            error_restore(connector->error);
        connector_fail(connector);
        return;
    }
    connector->fd = socket(info->ai_family, info->ai_socktype, info->ai_protocol);
    if (connector->fd < 0)
        error_set_from_errno(errno);
    else if (loop_set_flags(connector->fd) == 0) {
        if (connect(connector->fd, info->ai_addr, info->ai_addrlen) == 0) {
            connector_done(connector);
            return;
        }
        if (errno != EINPROGRESS && errno != EINTR)
            connector_set_error(info, errno);
        else if (loop_add_writer(connector->loop, connector->fd, connector_writable, connector))
            return;
    }
    connector->next = info->ai_next;
    connector_refused(connector);
}

/* ---- Looking up -------------------------------------------------------------------------------*/

/* In a thread. */
static void connector_work(void *arg) {
    Connector *connector = arg;
    connector->list = address_lookup(connector->host, connector->port, 0);
}

static void connector_dropped(void *arg) {
    connector_destroy(arg);
}

/* In the loop, with what the lookup came to. */
static void connector_looked_up(void *arg) {
    Connector *connector = arg;
    connector->job = NULL;
    connector->next = connector->list;
    if (connector->cancelled) {
        error_clear();
        connector_destroy(connector);
    } else if (connector->list) {
        connector_try(connector);
    } else {
        connector_fail(connector);
    }
}

/* In a turn, so that `failed` is never called from create_connection(). */
static void connector_begin(void *arg) {
    Connector *connector = arg;
    handle_decref(connector->begin);
    connector->begin = NULL;
    connector->list =
        address_lookup(connector->host, connector->port, AI_NUMERICHOST | AI_NUMERICSERV);
    if (connector->list) { // numbers: nobody is asked. CPython: base_events.py, _ipaddr_info()
        connector->next = connector->list;
        connector_try(connector);
        return;
    }
    error_clear();
    connector->job = loop_run_in_executor(connector->loop, NULL, connector_work,
                                          connector_looked_up, connector, connector_dropped);
    if (!connector->job) connector_fail(connector);
}

/* The loop closes. A connector whose job goes on is destroyed by it. */
static void connector_abandon(Resource *resource) {
    Connector *connector = (Connector *)(void *)resource;
    if (!connector->job) connector_destroy(connector);
}

Connector *create_connection(Loop *loop, const char *host, const char *port,
                             const Protocol *protocol, void *self, void (*failed)(void *self)) {
    Connector *connector = calloc(1, sizeof *connector);
    size_t length = strlen(host) + 1, port_length = strlen(port) + 1;
    char *names = connector ? malloc(length + port_length) : NULL;
    if (!names) {
        free(connector);
        return error_no_memory();
    }
    *connector = (Connector){.resource.abandon = connector_abandon,
                             .loop = loop,
                             .protocol = protocol,
                             .self = self,
                             .failed = failed,
                             .fd = -1,
                             .host = names,
                             .port = names + length};
    memcpy(connector->host, host, length);
    memcpy(connector->port, port, port_length);
    connector->begin = handle_incref(loop_call_soon(loop, connector_begin, connector));
    if (!connector->begin) {
        connector_destroy(connector);
        return NULL;
    }
    loop_add_resource(loop, &connector->resource);
    return connector;
}

void connector_cancel(Connector *connector) {
    connector->cancelled = true;
    if (!connector->job)
        connector_destroy(connector);
    else
        job_cancel(connector->job); // destroys it, unless it has begun: then its end does
}
