/* streams.c: the protocol between a transport and who awaits; reading.
 *
 * The protocol is in the loop's list of resources from before its transport knows it until the
 * connection is lost or the loop closes: that holds the one reference that the transport uses.
 *
 * CPython: Lib/asyncio/streams.py.
 */
#include "streams.h"

#include <stddef.h> // offsetof

#include "deque.h"
#include "tasks.h"

/* CPython: StreamReader. Simplified: the transport is the protocol's. */
typedef struct {
    Object ob;
    Loop *loop;
    char *buffer; // bytes from start to end
    size_t start, end, allocated;
    size_t limit;
    bool eof, paused;
    Object *waiter;
    Exception *exception;
    struct StreamProtocol *protocol; // borrowed; NULL once it is gone
} StreamReader;

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

/* ---- The reader's side -------------------------------------------------------------------------*/

static size_t reader_size(const StreamReader *self) {
    return self->end - self->start;
}

static int wake(Object *future, Exception *exc) {
    if (future_done(future)) return 0;
    return exc ? future_set_exception(future, exc) : future_set_result(future, None);
}

/* CPython: _wakeup_waiter(), set_exception(). */
static void wakeup_waiter(StreamReader *self, Exception *exc) {
    Object *waiter = self->waiter;
    self->waiter = NULL;
    if (!waiter) return;
    if (wake(waiter, exc) < 0)
        self->waiter = waiter; // the next one tries again
    else
        decref(waiter);
}

static int reader_append(StreamReader *self, const char *data, size_t size) {
    if (self->start == self->end) self->start = self->end = 0;
    if (self->start > 0 && self->allocated - self->end < size) { // first to the front, then larger
        memmove(self->buffer, self->buffer + self->start, reader_size(self));
        self->end -= self->start;
        self->start = 0;
    }
    if (self->allocated - self->end < size) {
        size_t allocated = self->allocated ? self->allocated : 512;
        while (allocated - self->end < size)
            allocated *= 2;
        char *buffer = realloc(self->buffer, allocated);
        if (!buffer) {
            error_no_memory();
            return -1;
        }
        self->buffer = buffer;
        self->allocated = allocated;
    }
    memcpy(self->buffer + self->end, data, size);
    self->end += size;
    return 0;
}

/* CPython: feed_data(). */
static void feed_data(StreamReader *self, const char *data, size_t size) {
    if (reader_append(self, data, size) < 0) return; // which ends the connection
    wakeup_waiter(self, NULL);
    if (!self->paused && reader_size(self) > 2 * self->limit) {
        transport_pause_reading(self->protocol->transport);
        self->paused = true;
    }
}

static int resume_transport(StreamReader *self) {
    self->paused = false;
    Transport *transport = self->protocol ? self->protocol->transport : NULL;
    if (!transport || transport_is_closing(transport)) return 0;
    return transport_resume_reading(transport);
}

/* The first `size` bytes, taken out; a new reference. */
static Object *reader_take(StreamReader *self, size_t size) {
    Object *bytes = bytes_from_data(self->buffer ? self->buffer + self->start : "", size);
    if (!bytes) return NULL;
    self->start += size;
    if (self->paused && reader_size(self) <= self->limit && resume_transport(self) < 0) {
        clear_ref(bytes);
    }
    return bytes;
}

static void reader_dealloc(Object *op) {
    StreamReader *self = (StreamReader *)op;
    free(self->buffer);
    xdecref(self->waiter);
    xdecref(self->exception);
    free(self);
}

static const Type StreamReader_Type = {.name = "StreamReader", .dealloc = reader_dealloc};

bool reader_at_eof(const Object *op) {
    const StreamReader *self = (const StreamReader *)op;
    return self->eof && reader_size(self) == 0;
}

/* ---- The protocol ------------------------------------------------------------------------------*/

static void protocol_dealloc(Object *op) {
    StreamProtocol *self = (StreamProtocol *)op;
    if (self->reader) self->reader->protocol = NULL;
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
    self->transport = NULL;
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
    self->reader->protocol = self;
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
    self->transport = transport;
    if (self->connected) {
        wake(self->connected, NULL);
    } else if (serve_client(self) < 0) {
        Error error = error_fetch(); // the loop is told of it
        transport_abort(transport);
        error_restore(error);
    }
}

static void data_received(void *op, const char *data, size_t size) {
    feed_data(((StreamProtocol *)op)->reader, data, size);
}

static bool eof_received(void *op) {
    StreamProtocol *self = op;
    self->reader->eof = true;
    wakeup_waiter(self->reader, NULL);
    return true; // open for writing
}

/* Whoever waits for something of the connection is told. */
static void connection_lost(void *op, const Error *error) {
    StreamProtocol *self = op;
    Exception *exc = error ? exception_from_error(error) : NULL;
    self->connection_lost = true;
    self->transport = NULL;
    self->reader->eof = self->reader->eof || !exc;
    if (exc) self->reader->exception = (Exception *)new_ref(exc);
    wakeup_waiter(self->reader, exc);
    wake(self->closed, exc);
    for (size_t i = 0; self->paused && i < self->drain_waiters.size; i++)
        wake(deque_get(&self->drain_waiters, i), exc);
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
        wake(deque_get(&self->drain_waiters, i), NULL);
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
    wake(self->connected, exc);
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
    wake(closed, NULL);
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

/* ---- Reading -----------------------------------------------------------------------------------*/

typedef struct {
    Object *reader, *separator; // a Str
    ssize_t n;
    size_t offset; // before it there is no separator
} Read;

#define READER ((StreamReader *)local->reader)

/* await self._wait_for_data(func_name): the Future, a new reference. Its coroutine there does no more
 * than reset `waiter`, which here the next one does. CPython: _wait_for_data(). */
static Object *wait_for_data(StreamReader *self, const char *func_name) {
    if (self->waiter && !future_done(self->waiter)) {
        error_raise(&RuntimeError_Type,
                    "%s() called while another coroutine is already waiting for incoming data",
                    func_name);
        return NULL;
    }
    if (self->paused && resume_transport(self) < 0) return NULL; // else it would wait for ever
    xdecref(self->waiter);
    self->waiter = future_new(self->loop);
    return self->waiter ? new_ref(self->waiter) : NULL;
}

static Object *raise_kept(const StreamReader *self) {
    exception_raise((Exception *)new_ref(self->exception));
    return NULL;
}

/* CPython: Lib/asyncio/exceptions.py, IncompleteReadError. */
static Object *raise_incomplete(StreamReader *self, ssize_t expected) {
    size_t size = reader_size(self);
    Object *partial = reader_take(self, size);
    if (!partial) return NULL;
    char number[24] = "undefined";
    if (expected >= 0) snprintf(number, sizeof number, "%zd", expected);
    Exception *exc = exception_new(&IncompleteReadError_Type,
                                   "%zu bytes read on a total of %s expected bytes", size, number);
    if (exc) exc->extra = new_ref(partial);
    decref(partial);
    exception_raise(exc);
    return NULL;
}

/* CPython: Lib/asyncio/exceptions.py, LimitOverrunError. */
static Object *raise_overrun(const char *why, size_t consumed) {
    Exception *exc = exception_new(&LimitOverrunError_Type, "%s", why);
    if (exc) exc->extra = int_from_long((int64_t)consumed);
    exception_raise(exc);
    return NULL;
}

static Object *read_run(Coroutine *self, Object *sent) {
    BEGIN(Read);
    if (READER->exception) return raise_kept(READER);
    if (local->n == 0) RETURN(bytes_from_data("", 0));
    if (reader_size(READER) == 0 && !READER->eof) {
        AWAIT(wait_for_data(READER, "read"));
    }
    size_t size = reader_size(READER);
    RETURN(reader_take(READER, (size_t)local->n < size ? (size_t)local->n : size));
    END;
}

static Object *read_all_run(Coroutine *self, Object *sent) {
    BEGIN(Read);
    if (READER->exception) return raise_kept(READER);
    while (!READER->eof) { // it is kept in the reader, whose transport is resumed each time
        AWAIT(wait_for_data(READER, "read"));
        if (READER->exception) return raise_kept(READER);
    }
    RETURN(reader_take(READER, reader_size(READER)));
    END;
}

Object *reader_read(Object *self, ssize_t n) {
    static const Code read = {"StreamReader.read", read_run, sizeof(Read), 2, 0};
    static const Code read_all = {"StreamReader.read", read_all_run, sizeof(Read), 2, 0};
    return coroutine_new(n < 0 ? &read_all : &read, &(Read){.reader = self, .n = n});
}

static Object *readexactly_run(Coroutine *self, Object *sent) {
    BEGIN(Read);
    if (local->n < 0) {
        error_raise(&ValueError_Type, "readexactly size can not be less than zero");
        return NULL;
    }
    if (READER->exception) return raise_kept(READER);
    while (reader_size(READER) < (size_t)local->n) {
        if (READER->eof) return raise_incomplete(READER, local->n);
        AWAIT(wait_for_data(READER, "readexactly"));
    }
    RETURN(reader_take(READER, (size_t)local->n));
    END;
}

Object *reader_readexactly(Object *self, ssize_t n) {
    static const Code code = {"StreamReader.readexactly", readexactly_run, sizeof(Read), 2, 0};
    return coroutine_new(&code, &(Read){.reader = self, .n = n});
}

/* Where the separator begins, from the start of the buffer, or -1; moves `offset` on. */
static ssize_t find_separator(const StreamReader *self, Read *local) {
    const Str *separator = (const Str *)local->separator;
    size_t size = reader_size(self), seplen = (size_t)separator->size;
    if (size < local->offset + seplen) return -1;
    const char *data = self->buffer + self->start, *at = data + local->offset;
    const char *last = data + size - seplen; // where it could begin at the latest
    while (at <= last && (at = memchr(at, separator->text[0], (size_t)(last - at) + 1))) {
        if (memcmp(at, separator->text, seplen) == 0) return at - data;
        at++;
    }
    local->offset = size + 1 - seplen;
    return -1;
}

static Object *readuntil_run(Coroutine *self, Object *sent) {
    BEGIN(Read);
    if (((Str *)local->separator)->size == 0) {
        error_raise(&ValueError_Type, "Separator should be at least one-byte string");
        return NULL;
    }
    if (READER->exception) return raise_kept(READER);
    while ((local->n = find_separator(READER, local)) < 0) {
        if (local->offset > READER->limit) {
            return raise_overrun("Separator is not found, and chunk exceed the limit",
                                 local->offset);
        }
        if (READER->eof) return raise_incomplete(READER, -1);
        AWAIT(wait_for_data(READER, "readuntil"));
    }
    if ((size_t)local->n > READER->limit) {
        return raise_overrun("Separator is found, but chunk is longer than limit",
                             (size_t)local->n);
    }
    RETURN(reader_take(READER, (size_t)local->n + (size_t)((Str *)local->separator)->size));
    END;
}

Object *reader_readuntil(Object *self, const char *separator) {
    static const Code code = {"StreamReader.readuntil", readuntil_run, sizeof(Read), 2, 0};
    Object *text = str_from_format("%s", separator);
    if (!text) return NULL;
    Object *coro = coroutine_new(&code, &(Read){.reader = self, .separator = text});
    decref(text);
    return coro;
}

/* A line too long is thrown away, to its end or as far as it has come. */
static void drop_line(StreamReader *self, size_t consumed) {
    bool ends = consumed < reader_size(self) && self->buffer[self->start + consumed] == '\n';
    self->start = ends ? self->start + consumed + 1 : self->end;
}

static Object *readline_run(Coroutine *self, Object *sent) {
    BEGIN(Read);
    TRY {
        AWAIT(reader_readuntil(local->reader, "\n"));
        RETURN(new_ref(sent));
    }
    EXCEPT(IncompleteReadError) {
        RETURN(new_ref(frame_exception(self)->extra));
    }
    EXCEPT(LimitOverrunError) {
        const Exception *overrun = frame_exception(self);
        drop_line(READER, overrun->extra ? (size_t)((Int *)overrun->extra)->value : 0);
        if (READER->paused && reader_size(READER) <= READER->limit && resume_transport(READER) < 0)
            return NULL;
        exception_raise(exception_new_value(&ValueError_Type, overrun->value));
        return NULL;
    }
    END_TRY;
    END;
}

Object *reader_readline(Object *self) {
    static const Code code = {"StreamReader.readline", readline_run, sizeof(Read), 2, 1};
    return coroutine_new(&code, &(Read){.reader = self});
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
    if (PROTOCOL->reader->exception) return raise_kept(PROTOCOL->reader);
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
