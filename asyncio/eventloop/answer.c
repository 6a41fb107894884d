/* answer.c: from requests to answers.
 *
 * An answer is put together in one place of the server and goes into the socket in one call, the
 * contents of a small file with it. A large file follows by sendfile(), from a descriptor that is kept.
 */
#ifdef HAVE_HTTP_PARSER

#include "connection.h"

static const char *reason_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 301:
        return "Moved Permanently";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "HTTP Version Not Supported"; // 505
    }
}

/* "" for a time before 1970 or after 9999, of which a file may have any. */
static void date_format(time_t when, char text[32]) {
    static const char *days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm; // not strftime(), which asks the locale
    text[0] = '\0';
    if (when < 0 || !gmtime_r(&when, &tm) || tm.tm_year > 9999 - 1900) return;
    snprintf(text, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Puts what each answer's head has in front; returns its length. */
static size_t answer_begin(HttpServer *http, int status, const char *connection) {
    time_t now = time(NULL);
    if (now != http->date_at) date_format(http->date_at = now, http->date);
    int length = snprintf(http->answer, sizeof http->answer, "HTTP/1.1 %d %s\r\nDate: %s\r\n%s",
                          status, reason_of(status), http->date, connection);
    return (size_t)length;
}

static const char *connection_line(const Connection *connection) {
    if (connection->closing) return "Connection: close\r\n";
    return connection->parser.http_minor == 0 ? "Connection: keep-alive\r\n" : "";
}

static void connection_log(Connection *connection, int status) {
    const HttpOptions *options = &connection->http->options;
    connection->http->requests++;
    if (options->log)
        options->log(options->log_arg,
                     connection->url ? http_method_str(connection->parser.method) : "-",
                     connection->url ? connection->url : "", status);
}

static void connection_write(Connection *connection, size_t length) {
    if (transport_write(connection->transport, connection->http->answer, length) < 0) error_clear();
}

/* An answer without a file; `extra` are whole lines of the head. */
static void answer_status(Connection *connection, int status, const char *extra) {
    HttpServer *http = connection->http;
    size_t length = answer_begin(http, status, connection_line(connection));
    char body[64];
    int size = snprintf(body, sizeof body, "%d %s\n", status, reason_of(status));
    bool bodiless = status == 304 || connection->parser.method == HTTP_HEAD;
    if (status != 304)
        length += (size_t)snprintf(http->answer + length, sizeof http->answer - length,
                                   "Content-Type: text/plain\r\nContent-Length: %d\r\n", size);
    length += (size_t)snprintf(http->answer + length, sizeof http->answer - length, "%s\r\n%s",
                               extra, bodiless ? "" : body);
    connection_log(connection, status);
    connection_write(connection, length);
}

void connection_refuse(Connection *connection, int status) {
    connection->closing = true;
    answer_status(connection, status, "");
    connection->state = LINGER;
    transport_write_eof(connection->transport);
    connection_set_deadline(connection, LINGER_TIME);
}

static void connection_file_sent(void *self) {
    Connection *connection = self;
    file_decref(connection->file);
    connection->file = NULL;
    connection->busy = false;
    connection_continue(connection);
}

static void answer_file(Connection *connection, File *file) {
    HttpServer *http = connection->http;
    char modified[32];
    date_format(file->modified, modified);
    if (*modified && strcmp(modified, connection->since) == 0) {
        answer_status(connection, 304, "");
        return;
    }
    size_t length = answer_begin(http, 200, connection_line(connection));
    length += (size_t)snprintf(http->answer + length, sizeof http->answer - length,
                               "Content-Type: %s\r\nContent-Length: %zu\r\n%s%s%s\r\n", file->type,
                               file->size, *modified ? "Last-Modified: " : "", modified,
                               *modified ? "\r\n" : "");
    bool head = connection->parser.method == HTTP_HEAD;
    if (!head && file->fd < 0) {
        memcpy(http->answer + length, file->body, file->size);
        length += file->size;
    }
    connection_log(connection, 200);
    connection_write(connection, length);
    if (head || file->fd < 0) return;
    connection->busy = true;
    file->refcnt++;
    connection->file = file;
    if (transport_sendfile(connection->transport, file->fd, 0, file->size, connection_file_sent) ==
        0)
        return;
    error_clear();
    transport_abort(connection->transport);
}

/* The path begins with a slash, and the answer's location with one only: two would name a host. */
static void answer_moved(Connection *connection, const char *path, size_t length,
                         const struct http_parser_url *url) {
    while (length > 1 && path[1] == '/')
        path++, length--;
    char extra[HEAD_MAX + 32];
    bool asks = url->field_set & 1 << UF_QUERY;
    snprintf(extra, sizeof extra, "Location: %.*s/%s%.*s\r\n", (int)length, path, asks ? "?" : "",
             asks ? url->field_data[UF_QUERY].len : 0,
             connection->url + url->field_data[UF_QUERY].off);
    answer_status(connection, 301, extra);
}

void connection_answer(Connection *connection) {
    HttpServer *http = connection->http;
    http_parser *parser = &connection->parser;
    connection->state = SEND;
    bool known = parser->http_major == 1; // the parser takes HTTP/3.7, too
    connection->closing = http->stopping || !known || !http_should_keep_alive(parser);
    struct http_parser_url url;
    http_parser_url_init(&url);
    const char *path = "/";
    size_t length = 1;
    bool parsed = connection->url &&
                  http_parser_parse_url(connection->url, connection->url_length, false, &url) == 0;
    if (parsed && url.field_set & 1 << UF_PATH) {
        path = connection->url + url.field_data[UF_PATH].off;
        length = url.field_data[UF_PATH].len;
    }
    File *file;
    int status = 400;
    if (!known)
        status = 505;
    else if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
        status = 405;
    else if (parsed &&
             (connection->hosts == 1 || (connection->hosts == 0 && parser->http_minor == 0)))
        status = files_get(http->files, path, length, loop_time(http->loop), &file);
    if (status == 200)
        answer_file(connection, file);
    else if (status == 301)
        answer_moved(connection, path, length, &url);
    else
        answer_status(connection, status, status == 405 ? "Allow: GET, HEAD\r\n" : "");
    free(connection->url);
    connection->url = NULL;
    connection->url_length = 0;
}

#else

typedef int no_translation_unit_is_empty;

#endif
