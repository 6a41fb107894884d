/* http.h: the files below a directory, over HTTP/1.1.
 *
 * A connection is in one of four states, and each has its time:
 *
 *     IDLE  between two requests           idle_timeout, then it is closed
 *     HEAD  a request has begun to come    head_timeout for all of it, then 408
 *     SEND  an answer goes out             write_timeout without any progress, then it is cut
 *     LINGER  refused; what it still sends is thrown away, so that it can read why
 *
 * Requests are read by http_parser, which is built in where Meson finds it (HAVE_HTTP_PARSER).
 */
#ifndef HTTP_H
#define HTTP_H

#include "transport.h"

typedef struct {
    int max_connections;                              // more are answered 503
    double idle_timeout, head_timeout, write_timeout; // seconds
    /* Told of each answer; or NULL. The path is as it was asked for, not to be trusted. */
    void (*log)(void *arg, const char *method, const char *path, int status);
    void *log_arg;
} HttpOptions;

/* 10,000 connections; 10 seconds each. */
extern const HttpOptions http_defaults;

typedef struct HttpServer HttpServer;

/* Whether it is built in; without it http_serve() is a RuntimeError. */
bool http_available(void);

/* Serves the files below a directory (see files.h) by GET and HEAD on every address of host and port
 * ("0": a free one). NULL with an error: no directory, a port in use. */
HttpServer *http_serve(Loop *loop, const char *directory, const char *host, const char *port,
                       const HttpOptions *options);

/* Accepts no more and ends: who is being served is served to the end, who is idle is let go. Then
 * `done(arg)`, or nothing if it is NULL, is called in a turn of the loop, and the server is freed. It
 * may be called again, without another effect, until then. */
void http_stop(HttpServer *http, Callback done, void *arg);

int http_port(const HttpServer *http);

/* Connections now; answers since the start. */
int http_connections(const HttpServer *http);
uint64_t http_requests(const HttpServer *http);

#endif
