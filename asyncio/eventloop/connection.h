/* connection.h: a connection of the HTTP server, for http.c, which reads requests, and answer.c, which
 * answers them. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <http_parser.h>

#include "files.h"
#include "http.h"

enum {
    HEAD_MAX = 8192,   // bytes of a request's head; more is 431
    LINGER_TIME = 2,   // seconds
    ANSWER_HEAD = 512, // bytes of an answer's head, without a location
};

typedef enum { IDLE, HEAD, SEND, LINGER } State;

typedef struct Connection {
    HttpServer *http;
    Transport *transport;
    struct Connection *next, **link; // the server's list
    http_parser parser;
    State state;
    bool busy;    // an answer is not out
    bool closing; // nothing more is answered
    bool in_value;
    int hosts;        // how many lines of the request name one
    int refused;      // the status, if it was refused before its answer
    Handle *timer;    // a reference
    double deadline;  // may be later than the timer
    size_t unsent;    // when the timer last looked
    File *file;       // that is being sent; a reference
    char *url, *rest; // NULL: none
    size_t url_length, rest_length;
    char field[20]; // the name of the header that is read, cut
    char since[32]; // If-Modified-Since
} Connection;

struct HttpServer {
    Resource resource; // the loop's list; the first member
    Loop *loop;
    Server *server;
    Files *files;
    HttpOptions options;
    Connection *connections;
    int nconnections;
    bool stopping;
    Callback done;
    void *done_arg;
    Handle *closer; // lets the idle ones go; a reference
    uint64_t requests;
    time_t date_at; // when `date` was
    char date[32];
    char answer[ANSWER_HEAD + HEAD_MAX + FILE_BODY_MAX]; // where an answer is put together
};

/* Moves the time by which something has to have happened (http.c). */
void connection_set_deadline(Connection *connection, double seconds);

/* After an answer that did not go out at once, when it is out (http.c). */
void connection_continue(Connection *connection);

/* Answers the request that has come; sets `busy` if that is not out yet, `closing` if it is the last. */
void connection_answer(Connection *connection);

/* The last answer, an error: what still comes is read and thrown away, or the kernel would answer it
 * with a reset, and the other side might never see why. */
void connection_refuse(Connection *connection, int status);

#endif
