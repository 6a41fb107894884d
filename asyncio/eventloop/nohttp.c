/* nohttp.c: the server of http.h where there is no http_parser. */
#include "http.h"

#ifndef HAVE_HTTP_PARSER

bool http_available(void) {
    return false;
}

HttpServer *http_serve(Loop *loop, const char *directory, const char *host, const char *port,
                       const HttpOptions *options) {
    (void)loop, (void)directory, (void)host, (void)port, (void)options;
    error_set(RuntimeError, "built without http_parser (libhttp-parser-dev)");
    return NULL;
}

void http_stop(HttpServer *http, Callback done, void *arg) {
    (void)http, (void)done, (void)arg;
}

int http_port(const HttpServer *http) {
    (void)http;
    return -1;
}

int http_connections(const HttpServer *http) {
    (void)http;
    return 0;
}

uint64_t http_requests(const HttpServer *http) {
    (void)http;
    return 0;
}

#endif
