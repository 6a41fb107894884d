/* transport.h: a connection that calls when something came, and takes what is to be sent.
 *
 * The invariant: a protocol is told connection_made() first, once, and connection_lost() last,
 * once, whatever happens in between: each way in which a connection can end leads through the same
 * call.
 *
 * What is written goes into the socket at once; what the socket does not take waits in a buffer,
 * which may grow without bound: the writer is told to pause when it is above the high-water mark,
 * and to resume when it is at the low one.
 *
 * A Transport is lent to its protocol: valid from connection_made() until connection_lost()
 * returns. Closing the loop frees those that are left, and their protocols are not told: end them
 * before.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <sys/types.h>

#include "loop.h"

typedef struct Transport Transport;
typedef struct Server Server;
typedef struct Connector Connector;

/* What a connection calls, with the protocol's own data as `self`. Any of them may be NULL. An
 * error left pending by one is told to the loop's exception handler; by one that takes data, it
 * ends the connection. CPython: Lib/asyncio/protocols.py, Protocol and BufferedProtocol. */
typedef struct {
    void (*connection_made)(void *self, Transport *transport);
    void (*data_received)(void *self, const char *data, size_t size); // valid during the call
    /* In place of data_received: where the next bytes go, and that they are there. */
    void *(*get_buffer)(void *self, size_t *size);
    void (*buffer_updated)(void *self, size_t size);
    bool (*eof_received)(void *self); // the other side sends no more; true: stay open for writing
    void (*connection_lost)(void *self, const Error *exception); // NULL: closed in order
    void (*pause_writing)(void *self);
    void (*resume_writing)(void *self);
} Protocol;

enum {
    TRANSPORT_MAX_SIZE = 256 * 1024, // what one recv() takes at most; CPython: max_size
    TRANSPORT_HIGH_WATER = 64 * 1024,
    ACCEPT_RETRY_DELAY = 1, // seconds, when there are no descriptors left
};

/* ---- A connection (transport.c) ---------------------------------------------------------------*/

/* Sends, now or later. 0, or -1 with RuntimeError after transport_write_eof() or while a file is
 * being sent. On a connection that is lost it does nothing. CPython:
 * Lib/asyncio/selector_events.py, _SelectorSocketTransport.write(). */
int transport_write(Transport *transport, const void *data, size_t size);

/* Sends `count` bytes of a file, from `offset` on, after what waits in the buffer, and calls `done`
 * with the protocol's data when the socket has taken the last. The file stays open, the caller's,
 * until then or connection_lost(). One at a time. 0, or -1 with RuntimeError. A file that is
 * shorter ends the connection. CPython: Lib/asyncio/base_events.py, sendfile(). */
int transport_sendfile(Transport *transport, int fd, off_t offset, size_t count,
                       void (*done)(void *self));

/* What is written after this is an error; the other side sees the end once the rest is sent. */
void transport_write_eof(Transport *transport);

/* Takes no more; sends what is buffered, then tells connection_lost(NULL). */
void transport_close(Transport *transport);

/* The same at once: what is buffered is not sent. */
void transport_abort(Transport *transport);

/* Ends it with the pending error, which connection_lost() gets. OSErrors are expected: they are
 * logged in debug mode; others go to the exception handler. CPython: _fatal_error(). */
void transport_fatal_error(Transport *transport, const char *message);

/* Whether it is closing or lost. */
bool transport_is_closing(const Transport *transport);

/* Reads no more until resumed: what comes waits in the kernel, whose buffer fills, which stops the
 * sender. -1 with an error if reading cannot go on. */
void transport_pause_reading(Transport *transport);
int transport_resume_reading(Transport *transport);

/* Bytes that wait, without those of a file. */
size_t transport_get_write_buffer_size(const Transport *transport);

/* The same, and what is left of a file that is being sent. */
size_t transport_get_unsent(const Transport *transport);

/* When the writer is told to pause and to resume; bytes. -1 with ValueError unless high >= low. */
int transport_set_write_buffer_limits(Transport *transport, size_t high, size_t low);

/* Other callbacks from now on, and whom to call with. CPython: set_protocol(). */
void transport_set_protocol(Transport *transport, const Protocol *protocol, void *self);

/* The loop, the socket (still the transport's), the protocol's data. */
Loop *transport_loop(const Transport *transport);
int transport_fileno(const Transport *transport);
void *transport_self(const Transport *transport);

/* A transport on a connected socket, which it takes over also if it fails; connection_made() is
 * called in the next turn. NULL with an error. CPython: _make_socket_transport(). */
Transport *transport_new(Loop *loop, int fd, const Protocol *protocol, void *self, Server *server);

/* ---- Serving (server.c) -----------------------------------------------------------------------*/

/* Makes the protocol's data of a new connection; NULL with an error refuses it. */
typedef void *(*ProtocolFactory)(void *arg);

/* Listens on every address of host (NULL: all interfaces) and port ("0": a free one), and makes a
 * transport of each connection. `backlog`: how many may wait to be accepted, and how many one turn
 * accepts; 100 is usual. NULL with OSError: a port in use, a bad address. Looks the name up at
 * once: give an address. Lent until server_close() and the end of its last connection. CPython:
 * Lib/asyncio/base_events.py, create_server(). */
Server *create_server(Loop *loop, const char *host, const char *port, int backlog,
                      const Protocol *protocol, ProtocolFactory factory, void *arg);

/* Accepts those who wait, then no more; its connections go on. (CPython resets who waits.) Once the
 * last is gone, also if that is now, `done(arg)` is called in a turn of the loop, and the server is
 * freed. CPython: Server.close(), wait_closed() of 3.12. */
void server_close(Server *server, Callback done, void *arg);

/* The port of its first socket. */
int server_port(const Server *server);

/* Connections that are not lost yet. */
int server_connections(const Server *server);

/* ---- Connecting (connect.c) -------------------------------------------------------------------*/

/* Looks host and port up, in the executor unless they are numbers, and tries each address in turn.
 * Then connection_made(self, ...) is called, or failed(self) with a pending error. The Connector is
 * lent until either. NULL with an error, and neither will be called. CPython:
 * Lib/asyncio/base_events.py, create_connection(). */
Connector *create_connection(Loop *loop, const char *host, const char *port,
                             const Protocol *protocol, void *self, void (*failed)(void *self));

/* Gives up: neither will be called. */
void connector_cancel(Connector *connector);

/* ---- For the parts ----------------------------------------------------------------------------*/

/* A connection of the server came and went. */
void server_attach(Server *server);
void server_detach(Server *server);

#endif
