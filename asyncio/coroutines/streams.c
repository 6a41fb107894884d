/* streams.c: the protocol between a transport and who awaits; connecting, serving, writing.
 *
 * The protocol is in the loop's list of resources from before its transport knows it until the
 * connection is lost or the loop closes: that holds the one reference that the transport uses.
 *
 * CPython: Lib/asyncio/streams.py.
 */
#include <stddef.h> // offsetof

#include "deque.h"
#include "reader.h"
#include "tasks.h"

/* CPython: StreamReaderProtocol, with what FlowControlMixin has. */
typedef struct StreamProtocol {
    Object ob;
    Resource resource;
    Loop *loop;
    Transport *transport; // lent; NULL before it is connected and after it is lost
    StreamReader *reader; // owned
    Object *server;       // of a client of ours; or NULL
    Object *connected;    // the Future of who connects; or NULL
    Object *closed;       // a Future
    Deque drain_waiters;
    bool paused, connection_lost;
} StreamProtocol;

typedef struct {
    Object ob;
    StreamProtocol *protocol; // owned
} StreamWriter;

typedef struct {
    Object ob;
    Loop *loop;
    Server *server; // lent; NULL once it is closed
    ClientConnected callback;
    Object *arg;
    Object *closed; // a Future
    size_t limit;
} StreamServer;

/* ---- The protocol ------------------------------------------------------------------------------*/

static void protocol_dealloc(Object *op) {
    StreamProtocol *self = (StreamProtocol *)op;
    if (self->closed) future_mark_retrieved(self->closed);
    xdecref(self->reader);
    xdecref(self->server);
    xdecref(self->connected);
    xdecref(self->closed);
    deque_clear(&self->drain_waiters);
    free(self);
}

static const Type StreamProtocol_Type = {.name = "StreamReaderProtocol",
                                         .dealloc = protocol_dealloc};

/* The loop closes: there is no transport any more. */
static void protocol_abandon(Resource *resource) {
    StreamProtocol *self =
        (StreamProtocol *)(void *)((char *)resource - offsetof(StreamProtocol, resource));
    self->transport = self->reader->transport = NULL;
    self->connection_lost = true;
    decref(self);
}

/* A new protocol with its reader, not connected yet; in the loop's list, which has the reference. */
static StreamProtocol *protocol_new(Loop *loop, size_t limit) {
    StreamProtocol *self = object_new(&StreamProtocol_Type, sizeof *self);
    if (!self) return NULL;
    self->loop = loop;
    self->reader = object_new(&StreamReader_Type, sizeof *self->reader);
    self->closed = self->reader ? future_new(loop) : NULL;
    if (!self->closed) {
        decref(self);
        return NULL;
    }
    self->reader->loop = loop;
    self->reader->limit = limit ? limit : STREAM_LIMIT;
    self->resource.abandon = protocol_abandon;
    loop_add_resource(loop, &self->resource);
    return self;
}

static void protocol_release(StreamProtocol *self) {
    loop_remove_resource(&self->resource);
    decref(self);
}

static void writer_dealloc(Object *op) {
    StreamWriter *self = (StreamWriter *)op;
    decref(self->protocol);
    free(self);
}

static const Type StreamWriter_Type = {.name = "StreamWriter", .dealloc = writer_dealloc};

static Object *writer_new(StreamProtocol *protocol) {
    StreamWriter *self = object_new(&StreamWriter_Type, sizeof *self);
    if (self) self->protocol = (StreamProtocol *)new_ref(protocol);
    return OBJECT(self);
}

/* A client of a server: its coroutine is started. */
static int serve_client(StreamProtocol *self) {
    StreamServer *server = (StreamServer *)self->server;
    Object *writer = writer_new(self);
    if (!writer) return -1;
    Object *coro = server->callback(server->arg, OBJECT(self->reader), writer);
    decref(writer);
    Object *task = coro ? task_new(self->loop, coro, NULL) : NULL; // the loop keeps it
    xdecref(task);
    return task ? 0 : -1;
}

static void connection_made(void *op, Transport *transport) {
    StreamProtocol *self = op;
    self->transport = self->reader->transport = transport;
    if (self->connected) {
        future_wake(self->connected, NULL);
    } else if (serve_client(self) < 0) {
        Error error = error_fetch(); // the loop is told of it
        transport_abort(transport);
        error_restore(error);
    }
}

static void data_received(void *op, const char *data, size_t size) {
    reader_feed_data(((StreamProtocol *)op)->reader, data, size);
}

static bool eof_received(void *op) {
    StreamProtocol *self = op;
    self->reader->eof = true;
    reader_wakeup_waiter(self->reader, NULL);
    return true; // open for writing
}

/* Whoever waits for something of the connection is told. */
static void connection_lost(void *op, const Error *error) {
    StreamProtocol *self = op;
    Exception *exc = error ? exception_from_error(error) : NULL;
    self->connection_lost = true;
    self->transport = self->reader->transport = NULL;
    self->reader->eof = self->reader->eof || !exc;
    if (exc) self->reader->exception = (Exception *)new_ref(exc);
    reader_wakeup_waiter(self->reader, exc);
    future_wake(self->closed, exc);
    for (size_t i = 0; self->paused && i < self->drain_waiters.size; i++)
        future_wake(deque_get(&self->drain_waiters, i), exc);
    xdecref(exc);
    protocol_release(self);
}

static void pause_writing(void *op) {
    ((StreamProtocol *)op)->paused = true;
}

static void resume_writing(void *op) {
    StreamProtocol *self = op;
    self->paused = false;
    for (size_t i = 0; i < self->drain_waiters.size; i++)
        future_wake(deque_get(&self->drain_waiters, i), NULL);
}

static const Protocol stream_protocol = {
    .connection_made = connection_made,
    .data_received = data_received,
    .eof_received = eof_received,
    .connection_lost = connection_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

/* ---- Connecting and serving --------------------------------------------------------------------*/

typedef struct {
    Object *protocol, *host, *port;
    Connector *connector; // lent until the Future `connected` is done
    size_t limit;
} Open;

static void connecting_failed(void *op) {
    StreamProtocol *self = op;
    Exception *exc = exception_fetch();
    future_wake(self->connected, exc);
    decref(exc);
    protocol_release(self);
}

static int begin_connecting(Open *local) {
    StreamProtocol *protocol = protocol_new(loop_get_running(), local->limit);
    if (!protocol) return -1;
    protocol->connected = future_new(protocol->loop);
    if (protocol->connected) {
        local->connector = create_connection(protocol->loop, ((Str *)local->host)->text,
                                             ((Str *)local->port)->text, &stream_protocol, protocol,
                                             connecting_failed);
    }
    if (!local->connector) {
        Exception *exc = exception_fetch();
        protocol_release(protocol);
        return exception_raise(exc);
    }
    local->protocol = new_ref(protocol);
    return 0;
}

static Object *open_run(Coroutine *self, Object *sent) {
    BEGIN(Open);
    if (begin_connecting(local) < 0) return NULL;
    TRY {
        AWAIT(new_ref(((StreamProtocol *)local->protocol)->connected));
    }
    EXCEPT(BaseException) {
        StreamProtocol *protocol = (StreamProtocol *)local->protocol;
        if (protocol->transport) {
            transport_abort(protocol->transport);
        } else if (((Future *)protocol->connected)->state == STATE_CANCELLED &&
                   protocol->resource.link) {
            connector_cancel(local->connector);
            protocol_release(protocol);
        }
        RERAISE;
    }
    END_TRY;
    StreamProtocol *protocol = (StreamProtocol *)local->protocol;
    RETURN(tuple_pair(new_ref(protocol->reader), writer_new(protocol)));
    END;
}

Object *asyncio_open_connection(const char *host, const char *port, size_t limit) {
    static const Code code = {"open_connection", open_run, sizeof(Open), 3, 1};
    Open open = {.host = str_from_format("%s", host), .limit = limit};
    open.port = open.host ? str_from_format("%s", port) : NULL;
    Object *coro = open.port ? coroutine_new(&code, &open) : NULL;
    xdecref(open.host);
    xdecref(open.port);
    return coro;
}

static void *client_protocol(void *op) {
    StreamServer *server = op;
    StreamProtocol *protocol = protocol_new(server->loop, server->limit);
    if (protocol) protocol->server = new_ref(server);
    return protocol;
}

static void server_dealloc(Object *op) {
    StreamServer *self = (StreamServer *)op;
    if (self->server) server_close(self->server, NULL, NULL);
    xdecref(self->arg);
    xdecref(self->closed);
    free(self);
}

static const Type StreamServer_Type = {.name = "Server", .dealloc = server_dealloc};

Object *asyncio_start_server(Loop *loop, ClientConnected callback, Object *arg, const char *host,
                             const char *port, size_t limit) {
    StreamServer *self = object_new(&StreamServer_Type, sizeof *self);
    if (!self) return NULL;
    self->loop = loop ? loop : loop_get_running();
    self->callback = callback;
    self->arg = arg ? new_ref(arg) : NULL;
    self->limit = limit;
    self->closed = future_new(loop);
    if (self->closed) {
        self->server =
            create_server(self->loop, host, port, 100, &stream_protocol, client_protocol, self);
    }
    if (!self->server) {
        Exception *exc = exception_fetch();
        decref(self);
        exception_raise(exc);
        return NULL;
    }
    return OBJECT(self);
}

int stream_server_port(const Object *op) {
    const StreamServer *self = (const StreamServer *)op;
    return self->server ? server_port(self->server) : 0;
}

static void server_done(void *closed) {
    future_wake(closed, NULL);
    decref(closed);
}

void stream_server_close(Object *op) {
    StreamServer *self = (StreamServer *)op;
    Server *server = self->server;
    self->server = NULL;
    if (server) server_close(server, server_done, new_ref(self->closed));
}

Object *stream_server_wait_closed(Object *self) {
    return new_ref(((StreamServer *)self)->closed);
}

/* ---- Writing -----------------------------------------------------------------------------------*/

Transport *writer_transport(const Object *self) {
    return ((const StreamWriter *)self)->protocol->transport;
}

int writer_write(Object *self, const void *data, size_t size) {
    Transport *transport = writer_transport(self);
    return transport ? transport_write(transport, data, size) : 0;
}

int writer_printf(Object *self, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Object *text = str_from_vformat(format, args);
    va_end(args);
    if (!text) return -1;
    int status = writer_write(self, ((Str *)text)->text, (size_t)((Str *)text)->size);
    decref(text);
    return status;
}

void writer_write_eof(Object *self) {
    if (writer_transport(self)) transport_write_eof(writer_transport(self));
}

void writer_close(Object *self) {
    if (writer_transport(self)) transport_close(writer_transport(self));
}

bool writer_is_closing(const Object *self) {
    return !writer_transport(self) || transport_is_closing(writer_transport(self));
}

Object *writer_wait_closed(Object *self) {
    return new_ref(((StreamWriter *)self)->protocol->closed);
}

typedef struct {
    Object *protocol, *waiter;
} Drain;

#define PROTOCOL ((StreamProtocol *)local->protocol)

/* CPython: drain(), _drain_helper(). */
static Object *drain_run(Coroutine *self, Object *sent) {
    BEGIN(Drain);
    if (PROTOCOL->reader->exception) return reader_raise_kept(PROTOCOL->reader);
    if (!PROTOCOL->transport || transport_is_closing(PROTOCOL->transport)) {
        AWAIT(asyncio_sleep(0, NULL)); // so that connection_lost() may be called
    }
    if (PROTOCOL->connection_lost) {
        error_raise(&ConnectionResetError_Type, "Connection lost");
        return NULL;
    }
    if (!PROTOCOL->paused) RETURN(new_ref(None));
    local->waiter = future_new(PROTOCOL->loop);
    if (!local->waiter || deque_append(&PROTOCOL->drain_waiters, local->waiter) < 0) return NULL;
    TRY {
        AWAIT(new_ref(local->waiter));
    }
    FINALLY {
        deque_remove(&PROTOCOL->drain_waiters, local->waiter);
    }
    END_FINALLY;
    END;
}

Object *writer_drain(Object *self) {
    static const Code code = {"StreamWriter.drain", drain_run, sizeof(Drain), 2, 1};
    return coroutine_new(&code, &(Drain){.protocol = OBJECT(((StreamWriter *)self)->protocol)});
}
