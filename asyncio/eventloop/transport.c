/* transport.c: reading, writing and ending a connection.
 *
 * Its end is a handle that is made with it, `lost`: so to close can never fail. From then on conn_lost
 * is not 0 and nothing else touches the socket. Nobody frees a transport but the call of that handle
 * (or transport_write_ready(), which sees the last byte off): never from within another callback of it.
 */
#include "transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif

#include "handle.h"
#include "pipe.h"

enum { LOG_THRESHOLD_FOR_CONNLOST_WRITES = 5 };

struct Transport {
    Resource resource; // the loop's list; the first member
    Loop *loop;
    const Protocol *protocol;
    void *self;
    Server *server;
    Handle *lost; // calls connection_lost; owned until it is in line
    Error *exception;
    char *buffer; // what waits to be sent: from start to end
    size_t start, end, buffer_size;
    size_t high_water, low_water;
    void (*file_sent)(void *self); // while a file is being sent
    off_t file_offset;
    size_t file_left;
    int file, fd;
    int conn_lost; // 0, or 1 and how often was written since
    bool closing, eof, paused, protocol_paused, protocol_told, sending_file;
};

static const Error no_memory_for_error = {.type = MemoryError};

static void transport_read_ready(void *arg);
static void transport_write_ready(void *arg);

/* ---- Birth and end ----------------------------------------------------------------------------*/

static void transport_destroy(Transport *transport) {
    Server *server = transport->server;
    loop_remove_resource(&transport->resource);
    handle_decref(transport->lost);
    close(transport->fd);
    free(transport->buffer);
    if (transport->exception && transport->exception != &no_memory_for_error) {
        if (transport->exception->value) transport->exception->drop(transport->exception->value);
        free(transport->exception);
    }
    free(transport);
    if (server) server_detach(server);
}

/* The loop closes: there is nobody to tell. */
static void transport_abandon(Resource *resource) {
    Transport *transport = (Transport *)(void *)resource;
    loop_remove_reader(transport->loop, transport->fd);
    loop_remove_writer(transport->loop, transport->fd);
    if (transport->lost) {
        transport_destroy(transport);
        return;
    }
    // `lost` is in line and will be dropped, which frees it
}

/* CPython: Lib/asyncio/selector_events.py, _call_connection_lost(). */
static void transport_call_connection_lost(void *arg) {
    Transport *transport = arg;
    if (transport->protocol->connection_lost)
        transport->protocol->connection_lost(transport->self, transport->exception);
    Loop *loop = transport->loop;
    if (error_is_ordinary())
        loop_report(loop, "Fatal error: protocol.connection_lost() call failed.", NULL, NULL);
}

static void transport_drop(void *arg) {
    transport_destroy(arg);
}

/* Puts the end in line. CPython: the call_soon() in close() and _force_close(). */
static void transport_end(Transport *transport) {
    Handle *lost = transport->lost;
    transport->conn_lost++;
    transport->lost = NULL;
    lost->drop = transport_drop; // after the call, or if the loop closes before
    loop_append(transport->loop, lost);
}

/* In the turn after it was made. */
static void transport_begin(void *arg) {
    Transport *transport = arg;
    transport->protocol_told = true;
    if (transport->protocol->connection_made)
        transport->protocol->connection_made(transport->self, transport);
    if (error_is_ordinary())
        loop_report(transport->loop, "Exception in protocol.connection_made()", "transport",
                    transport);
    if (transport->closing || transport->paused) return;
    if (!loop_add_reader(transport->loop, transport->fd, transport_read_ready, transport))
        transport_fatal_error(transport, "Fatal error: the socket cannot be waited for.");
}

Transport *transport_new(Loop *loop, int fd, const Protocol *protocol, void *self, Server *server) {
    Transport *transport = calloc(1, sizeof *transport);
    Handle *lost = transport ? handle_new(loop, transport_call_connection_lost, transport) : NULL;
    Handle *begin = lost ? loop_call_soon(loop, transport_begin, transport) : NULL;
    if (!begin) {
        if (!transport) error_no_memory();
        handle_decref(lost);
        free(transport);
        close(fd);
        return NULL;
    }
    *transport = (Transport){.resource.abandon = transport_abandon,
                             .loop = loop,
                             .protocol = protocol,
                             .self = self,
                             .server = server,
                             .lost = lost,
                             .high_water = TRANSPORT_HIGH_WATER,
                             .low_water = TRANSPORT_HIGH_WATER / 4,
                             .fd = fd};
    // Small writes are sent at once, not kept for the acknowledgement of the last. CPython:
    // Lib/asyncio/base_events.py, _set_nodelay(); no matter if the socket is not TCP.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
    if (server) server_attach(server);
    loop_add_resource(loop, &transport->resource);
    return transport;
}

/* ---- Closing ----------------------------------------------------------------------------------*/

/* Whether all that was to be sent is with the kernel. */
static bool transport_is_flushed(const Transport *transport) {
    return transport->start == transport->end && !transport->sending_file;
}

void transport_close(Transport *transport) {
    if (transport->closing) return;
    transport->closing = true;
    loop_remove_reader(transport->loop, transport->fd);
    if (!transport_is_flushed(transport)) return; // transport_write_ready() will end it
    loop_remove_writer(transport->loop, transport->fd);
    transport_end(transport);
}

/* CPython: Lib/asyncio/selector_events.py, _force_close(). */
static void transport_force_close(Transport *transport) {
    if (transport->conn_lost) return;
    transport->start = transport->end = 0;
    transport->sending_file = false;
    loop_remove_writer(transport->loop, transport->fd);
    if (!transport->closing) loop_remove_reader(transport->loop, transport->fd);
    transport->closing = true;
    transport_end(transport);
}

void transport_abort(Transport *transport) {
    transport_force_close(transport);
}

void transport_fatal_error(Transport *transport, const char *message) {
    Error error = error_fetch();
    if (!error_is_os(error.type)) {
        ExceptionContext context = {message, &error, NULL, "transport", transport};
        loop_call_exception_handler(transport->loop, &context);
    } else if (transport->loop->debug) {
        loop_log(transport->loop, "%s: %s", message, error.message);
    }
    if (transport->conn_lost) {
        if (error.value) error.drop(error.value);
        return;
    }
    transport->exception = malloc(sizeof error);
    if (transport->exception)
        *transport->exception = error;
    else
        transport->exception = (Error *)(uintptr_t)&no_memory_for_error;
    transport_force_close(transport);
}

bool transport_is_closing(const Transport *transport) {
    return transport->closing;
}

/* ---- Reading ----------------------------------------------------------------------------------*/

void transport_pause_reading(Transport *transport) {
    if (transport->closing || transport->paused) return;
    transport->paused = true;
    loop_remove_reader(transport->loop, transport->fd);
}

int transport_resume_reading(Transport *transport) {
    if (transport->closing || !transport->paused) return 0;
    if (transport->protocol_told &&
        !loop_add_reader(transport->loop, transport->fd, transport_read_ready, transport))
        return -1;
    transport->paused = false;
    return 0;
}

/* Where the next bytes go: the protocol's own buffer, or the loop's, which all transports share:
 * data_received() has used it up when it returns. NULL with an error. */
static void *transport_read_buffer(Transport *transport, size_t *size) {
    if (transport->protocol->get_buffer) {
        void *buffer = transport->protocol->get_buffer(transport->self, size);
        if (!error_occurred() && (!buffer || *size == 0))
            error_set(RuntimeError, "get_buffer() returned an empty buffer");
        return error_occurred() ? NULL : buffer;
    }
    *size = TRANSPORT_MAX_SIZE;
    Loop *loop = transport->loop;
    if (!loop->read_buffer) loop->read_buffer = malloc(TRANSPORT_MAX_SIZE);
    return loop->read_buffer ? loop->read_buffer : error_no_memory();
}

/* CPython: Lib/asyncio/selector_events.py, _read_ready__on_eof(). */
static void transport_on_eof(Transport *transport) {
    bool keep_open =
        transport->protocol->eof_received && transport->protocol->eof_received(transport->self);
    if (error_is_ordinary())
        transport_fatal_error(transport, "Fatal error: protocol.eof_received() call failed.");
    else if (error_occurred())
        return;
    else if (keep_open)
        loop_remove_reader(transport->loop, transport->fd);
    else
        transport_close(transport);
}

/* CPython: Lib/asyncio/selector_events.py, _read_ready__data_received(),
 * _read_ready__get_buffer(). */
static void transport_read_ready(void *arg) {
    Transport *transport = arg;
    if (transport->conn_lost) return;
    size_t size;
    char *buffer = transport_read_buffer(transport, &size);
    if (!buffer) {
        if (error_is_ordinary())
            transport_fatal_error(transport, "Fatal error: protocol.get_buffer() call failed.");
        return;
    }
    ssize_t got = recv(transport->fd, buffer, size, 0);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
        error_set_from_errno(errno);
        transport_fatal_error(transport, "Fatal read error on socket transport");
        return;
    }
    if (got == 0) {
        transport_on_eof(transport);
        return;
    }
    if (transport->protocol->get_buffer) {
        if (transport->protocol->buffer_updated)
            transport->protocol->buffer_updated(transport->self, (size_t)got);
        if (error_is_ordinary())
            transport_fatal_error(transport, "Fatal error: protocol.buffer_updated() call failed.");
    } else if (transport->protocol->data_received) {
        transport->protocol->data_received(transport->self, buffer, (size_t)got);
        if (error_is_ordinary())
            transport_fatal_error(transport, "Fatal error: protocol.data_received() call failed.");
    }
}

/* ---- Writing ----------------------------------------------------------------------------------*/

size_t transport_get_write_buffer_size(const Transport *transport) {
    return transport->end - transport->start;
}

size_t transport_get_unsent(const Transport *transport) {
    return transport_get_write_buffer_size(transport) +
           (transport->sending_file ? transport->file_left : 0);
}

/* CPython: Lib/asyncio/transports.py, _maybe_pause_protocol(). */
static void transport_maybe_pause_protocol(Transport *transport) {
    if (transport->protocol_paused ||
        transport_get_write_buffer_size(transport) <= transport->high_water)
        return;
    transport->protocol_paused = true;
    if (transport->protocol->pause_writing) transport->protocol->pause_writing(transport->self);
    if (error_is_ordinary())
        loop_report(transport->loop, "protocol.pause_writing() failed", "transport", transport);
}

/* CPython: Lib/asyncio/transports.py, _maybe_resume_protocol(). */
static void transport_maybe_resume_protocol(Transport *transport) {
    if (!transport->protocol_paused ||
        transport_get_write_buffer_size(transport) > transport->low_water)
        return;
    transport->protocol_paused = false;
    if (transport->protocol->resume_writing) transport->protocol->resume_writing(transport->self);
    if (error_is_ordinary())
        loop_report(transport->loop, "protocol.resume_writing() failed", "transport", transport);
}

int transport_set_write_buffer_limits(Transport *transport, size_t high, size_t low) {
    if (high < low)
        return error_set(ValueError, "high (%zu) must be >= low (%zu) must be >= 0", high, low);
    transport->high_water = high;
    transport->low_water = low;
    transport_maybe_pause_protocol(transport);
    return 0;
}

/* Appends to the buffer. What was sent at its front makes room before it grows. */
static int transport_buffer(Transport *transport, const char *data, size_t size) {
    size_t waiting = transport->end - transport->start;
    if (transport->buffer_size - transport->end < size) {
        if (transport->buffer_size - waiting < size || transport->start < waiting) {
            size_t larger = 2 * (waiting + size);
            char *buffer = malloc(larger);
            if (!buffer) return error_no_memory(), -1;
            if (waiting > 0) memcpy(buffer, transport->buffer + transport->start, waiting);
            free(transport->buffer);
            transport->buffer = buffer;
            transport->buffer_size = larger;
        } else {
            memcpy(transport->buffer, transport->buffer + transport->start, waiting);
        }
        transport->start = 0;
        transport->end = waiting;
    }
    memcpy(transport->buffer + transport->end, data, size);
    transport->end += size;
    return 0;
}

/* Bytes that the socket took: 0 if none fits now; -1 with an error. */
static ssize_t transport_send(Transport *transport, const void *data, size_t size) {
    ssize_t sent = send(transport->fd, data, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    return error_set_from_errno(errno);
}

int transport_write(Transport *transport, const void *data, size_t size) {
    if (transport->eof) return error_set(RuntimeError, "Cannot call write() after write_eof()");
    if (transport->sending_file)
        return error_set(RuntimeError, "unable to write; sendfile is in progress");
    if (size == 0) return 0;
    if (transport->conn_lost) {
        if (transport->conn_lost++ >= LOG_THRESHOLD_FOR_CONNLOST_WRITES)
            loop_log(transport->loop, "%s", "socket.send() raised exception.");
        return 0;
    }
    ssize_t sent = 0;
    bool empty = transport->start == transport->end;
    if (empty) { // try to send now
        sent = transport_send(transport, data, size);
        if (sent == (ssize_t)size) return 0;
        if (sent >= 0 &&
            !loop_add_writer(transport->loop, transport->fd, transport_write_ready, transport))
            sent = -1;
    }
    if (sent < 0 ||
        transport_buffer(transport, (const char *)data + sent, size - (size_t)sent) < 0) {
        transport_fatal_error(transport, "Fatal write error on socket transport");
        return 0;
    }
    transport_maybe_pause_protocol(transport);
    return 0;
}

/* As much of the file as the socket takes; -1 with an error, 0 if none fits now. */
static ssize_t transport_send_file(Transport *transport) {
#ifdef __linux__
    off_t offset = transport->file_offset;
    ssize_t sent = sendfile(transport->fd, transport->file, &offset, transport->file_left);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (sent < 0) return error_set_from_errno(errno);
#else
    char chunk[16384]; // the other systems' calls differ
    size_t most = transport->file_left < sizeof chunk ? transport->file_left : sizeof chunk;
    ssize_t sent = pread(transport->file, chunk, most, transport->file_offset);
    if (sent < 0) return error_set_from_errno(errno);
    if (sent > 0 && (sent = transport_send(transport, chunk, (size_t)sent)) <= 0) return sent;
#endif
    if (sent == 0) return error_set(OSError, "the file ended before what was to be sent of it");
    transport->file_offset += sent;
    transport->file_left -= (size_t)sent;
    return sent;
}

int transport_sendfile(Transport *transport, int fd, off_t offset, size_t count,
                       void (*done)(void *self)) {
    if (transport->closing) return error_set(RuntimeError, "Transport is closing");
    if (transport->sending_file)
        return error_set(RuntimeError, "unable to write; sendfile is in progress");
    if (transport->eof) return error_set(RuntimeError, "Cannot call write() after write_eof()");
    static atomic_bool
        ignored; // or a client that is gone would end the process; Python does at start
    if (!atomic_exchange(&ignored, true)) signal(SIGPIPE, SIG_IGN);
    // Its first part goes out in the next turn: so `done` is never called from in here.
    if (!loop_add_writer(transport->loop, transport->fd, transport_write_ready, transport))
        return -1;
    transport->sending_file = true;
    transport->file = fd;
    transport->file_offset = offset;
    transport->file_left = count;
    transport->file_sent = done;
    return 0;
}

/* Sends what waits. -1 with an error. */
static int transport_flush(Transport *transport) {
    if (transport->start < transport->end) {
        ssize_t sent = transport_send(transport, transport->buffer + transport->start,
                                      transport->end - transport->start);
        if (sent < 0) return -1;
        transport->start += (size_t)sent;
        if (transport->start == transport->end) transport->start = transport->end = 0;
    }
    if (transport->start == transport->end && transport->sending_file && transport->file_left > 0)
        return transport_send_file(transport) < 0 ? -1 : 0;
    return 0;
}

/* CPython: Lib/asyncio/selector_events.py, _SelectorSocketTransport._write_ready(). */
static void transport_write_ready(void *arg) {
    Transport *transport = arg;
    if (transport->conn_lost) return;
    if (transport_flush(transport) < 0) {
        transport_fatal_error(transport, "Fatal write error on socket transport");
        return;
    }
    transport_maybe_resume_protocol(transport); // may write, or end it
    if (transport->sending_file && transport->start == transport->end &&
        transport->file_left == 0) {
        transport->sending_file = false;
        transport->file_sent(transport->self);
        if (error_is_ordinary())
            transport_fatal_error(transport, "Fatal error: the call after sendfile() failed.");
    }
    if (transport->conn_lost || !transport_is_flushed(transport)) return;
    loop_remove_writer(transport->loop, transport->fd);
    free(transport->buffer); // a connection that waits holds none
    transport->buffer = NULL;
    transport->buffer_size = 0;
    if (transport->closing)
        transport_end(transport);
    else if (transport->eof)
        shutdown(transport->fd, SHUT_WR);
}

void transport_write_eof(Transport *transport) {
    if (transport->closing || transport->eof) return;
    transport->eof = true;
    if (transport_is_flushed(transport)) shutdown(transport->fd, SHUT_WR);
}

/* ---- What it has ------------------------------------------------------------------------------*/

void transport_set_protocol(Transport *transport, const Protocol *protocol, void *self) {
    transport->protocol = protocol;
    transport->self = self;
}

Loop *transport_loop(const Transport *transport) {
    return transport->loop;
}

int transport_fileno(const Transport *transport) {
    return transport->fd;
}

void *transport_self(const Transport *transport) {
    return transport->self;
}
