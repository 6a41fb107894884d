/* http.c: from connections to requests; the server.
 *
 * Requests of a connection are answered one after the other. The parser stops after each; while an
 * answer is not out (`busy`) what came after it waits in `rest`, and nothing more is read.
 *
 * A connection has one timer. A deadline that moves to a later time only moves a number: the timer
 * looks at it when it falls due. So a request costs no timer.
 */
#include "http.h"

const HttpOptions http_defaults = {10000, 10, 10, 10, NULL, NULL};

#ifdef HAVE_HTTP_PARSER

#include "connection.h"

bool http_available(void) {
    return true;
}

/* ---- Time -------------------------------------------------------------------------------------*/

static void connection_timer(void *arg);

/* Sets the timer; without memory for it the connection has to go. */
static void connection_arm(Connection *connection, double when) {
    handle_cancel(connection->timer);
    handle_decref(connection->timer);
    connection->timer =
        handle_incref(loop_call_at(connection->http->loop, when, connection_timer, connection));
    if (connection->timer) return;
    error_clear();
    transport_abort(connection->transport);
}

void connection_set_deadline(Connection *connection, double seconds) {
    connection->deadline = loop_time(connection->http->loop) + seconds;
    if (!connection->timer || connection->deadline < connection->timer->when)
        connection_arm(connection, connection->deadline);
}

/* ---- Requests ---------------------------------------------------------------------------------*/

static Connection *connection_of(http_parser *parser) {
    return parser->data;
}

static int on_message_begin(http_parser *parser) {
    Connection *connection = connection_of(parser);
    connection->in_value = false;
    connection->hosts = 0;
    connection->field[0] = connection->since[0] = '\0';
    return 0;
}

static int on_url(http_parser *parser, const char *part, size_t length) {
    Connection *connection = connection_of(parser);
    char *url = realloc(connection->url, connection->url_length + length + 1);
    if (!url) {
        connection->refused = 503;
        return -1;
    }
    memcpy(url + connection->url_length, part, length);
    connection->url = url;
    connection->url_length += length;
    url[connection->url_length] = '\0';
    return 0;
}

/* Appends what fits. */
static void append(char *text, size_t size, const char *part, size_t length) {
    size_t had = strlen(text), room = size - 1 - had;
    if (length > room) length = room;
    memcpy(text + had, part, length);
    text[had + length] = '\0';
}

static bool same_name(const char *a, const char *b) {
    while (*a && (*a | 0x20) == (*b | 0x20))
        a++, b++;
    return *a == *b;
}

static int on_header_field(http_parser *parser, const char *part, size_t length) {
    Connection *connection = connection_of(parser);
    if (connection->in_value) connection->field[0] = '\0';
    connection->in_value = false;
    append(connection->field, sizeof connection->field, part, length);
    return 0;
}

static int on_header_value(http_parser *parser, const char *part, size_t length) {
    Connection *connection = connection_of(parser);
    if (!connection->in_value && same_name(connection->field, "host")) connection->hosts++;
    connection->in_value = true;
    if (same_name(connection->field, "if-modified-since"))
        append(connection->since, sizeof connection->since, part, length);
    return 0;
}

/* A request with a body is none for files. */
static int on_headers_complete(http_parser *parser) {
    parser->upgrade = 0; // an offer of another protocol: declined by not taking it
    bool has_length = parser->content_length != 0 && parser->content_length != UINT64_MAX;
    if (!has_length && !(parser->flags & F_CHUNKED)) return 0;
    connection_of(parser)->refused = 413;
    return -1;
}

static int on_message_complete(http_parser *parser) {
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_message_complete = on_message_complete,
};

/* What comes after the answer that is on its way. */
static void connection_keep(Connection *connection, const char *data, size_t size) {
    transport_pause_reading(connection->transport);
    if (size == 0) return;
    char *rest = malloc(size);
    if (!rest) {
        transport_abort(connection->transport);
        return;
    }
    memcpy(rest, data, size);
    connection->rest = rest;
    connection->rest_length = size;
}

/* After an answer, or at the start: waits for the next request. */
static void connection_idle(Connection *connection) {
    connection->state = IDLE;
    bool sending = transport_get_unsent(connection->transport) > 0;
    const HttpOptions *options = &connection->http->options;
    connection_set_deadline(connection, sending ? options->write_timeout : options->idle_timeout);
}

/* Reads requests and answers them, until the bytes end or an answer does not go out at once. */
static void connection_feed(Connection *connection, const char *data, size_t size) {
    while (size > 0 && !connection->busy && !transport_is_closing(connection->transport)) {
        if (connection->state == IDLE) {
            connection->state = HEAD;
            connection_set_deadline(connection, connection->http->options.head_timeout);
        }
        size_t used = http_parser_execute(&connection->parser, &settings, data, size);
        enum http_errno problem = HTTP_PARSER_ERRNO(&connection->parser);
        if (problem == HPE_OK) return; // the rest is to come
        if (problem != HPE_PAUSED) {
            int status = problem == HPE_HEADER_OVERFLOW   ? 431
                         : problem == HPE_INVALID_VERSION ? 505
                         : connection->refused            ? connection->refused
                                                          : 400;
            connection_refuse(connection, status);
            return;
        }
        http_parser_pause(&connection->parser, 0);
        data += used;
        size -= used;
        connection_answer(connection);
        if (connection->busy) break;
        if (connection->closing) {
            transport_close(connection->transport);
            return;
        }
        connection_idle(connection);
    }
    if (connection->busy) connection_keep(connection, data, size);
}

void connection_continue(Connection *connection) {
    if (transport_is_closing(connection->transport) || connection->state == LINGER) return;
    if (connection->closing) {
        transport_close(connection->transport);
        return;
    }
    if (connection->state == SEND) connection_idle(connection);
    char *rest = connection->rest;
    connection->rest = NULL;
    if (rest) connection_feed(connection, rest, connection->rest_length);
    free(rest);
    if (!connection->busy && transport_resume_reading(connection->transport) < 0)
        transport_fatal_error(connection->transport, "Fatal error: reading cannot go on.");
}

/* ---- A connection -----------------------------------------------------------------------------*/

static void connection_made(void *self, Transport *transport) {
    Connection *connection = self;
    connection->transport = transport;
    if (connection->refused)
        connection_refuse(connection, connection->refused);
    else
        connection_idle(connection);
}

static void connection_data(void *self, const char *data, size_t size) {
    Connection *connection = self;
    if (connection->state != LINGER) connection_feed(connection, data, size);
}

static void connection_pause(void *self) {
    ((Connection *)self)->busy = true;
}

static void connection_resume(void *self) {
    Connection *connection = self;
    connection->busy = connection->file != NULL;
    if (!connection->busy) connection_continue(connection);
}

static void connection_free(Connection *connection) {
    *connection->link = connection->next;
    if (connection->next) connection->next->link = connection->link;
    connection->http->nconnections--;
    handle_cancel(connection->timer);
    handle_decref(connection->timer);
    file_decref(connection->file);
    free(connection->url);
    free(connection->rest);
    free(connection);
}

static void connection_lost(void *self, const Error *exception) {
    (void)exception;
    connection_free(self);
}

static const Protocol protocol = {
    .connection_made = connection_made,
    .data_received = connection_data,
    .connection_lost = connection_lost,
    .pause_writing = connection_pause,
    .resume_writing = connection_resume,
};

static void *connection_new(void *arg) {
    HttpServer *http = arg;
    Connection *connection = calloc(1, sizeof *connection);
    if (!connection) return error_no_memory();
    connection->http = http;
    connection->next = http->connections;
    connection->link = &http->connections;
    if (connection->next) connection->next->link = &connection->next;
    http->connections = connection;
    // It is told in the next turn, when the server may have more: who came first is served.
    if (++http->nconnections > http->options.max_connections) connection->refused = 503;
    http_parser_init(&connection->parser, HTTP_REQUEST);
    connection->parser.data = connection;
    return connection;
}

/* The timer fell due: perhaps the deadline has moved on, perhaps time is up. */
static void connection_timer(void *arg) {
    Connection *connection = arg;
    size_t unsent = transport_get_unsent(connection->transport);
    bool progress = unsent > 0 && unsent != connection->unsent;
    connection->unsent = unsent;
    double now = loop_time(connection->http->loop);
    if (now < connection->deadline)
        connection_arm(connection, connection->deadline);
    else if (progress)
        connection_arm(connection,
                       connection->deadline = now + connection->http->options.write_timeout);
    else if (connection->state == HEAD && unsent == 0)
        connection_refuse(connection, 408);
    else if (unsent > 0 || connection->state == LINGER)
        transport_abort(connection->transport);
    else
        transport_close(connection->transport);
}

/* ---- The server -------------------------------------------------------------------------------*/

static void http_free(HttpServer *http) {
    loop_remove_resource(&http->resource);
    handle_cancel(http->closer);
    handle_decref(http->closer);
    files_free(http->files);
    free(http);
}

/* The loop closes: its transports are freed by themselves. */
static void http_abandon(Resource *resource) {
    HttpServer *http = (HttpServer *)(void *)resource;
    while (http->connections)
        connection_free(http->connections);
    http_free(http);
}

HttpServer *http_serve(Loop *loop, const char *directory, const char *host, const char *port,
                       const HttpOptions *options) {
    HttpServer *http = calloc(1, sizeof *http);
    if (!http) return error_no_memory();
    http_parser_set_max_header_size(HEAD_MAX);
    http->loop = loop;
    http->options = options ? *options : http_defaults;
    http->resource.abandon = http_abandon;
    http->files = files_new(directory);
    http->server =
        http->files ? create_server(loop, host, port, 511, &protocol, connection_new, http) : NULL;
    if (!http->server) {
        files_free(http->files);
        free(http);
        return NULL;
    }
    loop_add_resource(loop, &http->resource);
    return http;
}

static void http_stopped(void *arg) {
    HttpServer *http = arg;
    Callback done = http->done;
    void *done_arg = http->done_arg;
    http_free(http);
    if (done) done(done_arg);
}

/* Whoever sent a request before the stop has been read by now: the selector was asked since. */
static void http_close_idle(void *arg) {
    HttpServer *http = arg;
    handle_decref(http->closer);
    http->closer = NULL;
    for (Connection *connection = http->connections, *next; connection; connection = next) {
        next = connection->next;
        if (connection->transport && connection->state == IDLE && !connection->busy)
            transport_close(connection->transport);
    }
}

void http_stop(HttpServer *http, Callback done, void *arg) {
    if (http->stopping) return;
    http->stopping = true;
    http->done = done;
    http->done_arg = arg;
    server_close(http->server, http_stopped, http);
    http->closer = handle_incref(loop_call_later(http->loop, 0.05, http_close_idle, http));
    if (http->closer) return;
    error_clear(); // no memory to wait a moment
    http_close_idle(http);
}

int http_port(const HttpServer *http) {
    return server_port(http->server);
}

int http_connections(const HttpServer *http) {
    return http->nconnections;
}

uint64_t http_requests(const HttpServer *http) {
    return http->requests;
}

#endif
