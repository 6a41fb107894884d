/* real.h: the programs of coroutines_demo: pages from the Web, and a chat. */
#ifndef COROUTINES_REAL_H
#define COROUTINES_REAL_H

/* Fetches every URL, `limit` at once, each tried `1 + retries` times for `timeout` seconds; a line for
 * each, in their order. The exit status: 1 if one of them could not be had, 2 for what is no URL. */
typedef struct {
    long limit, retries, timeout;
} GetOptions;

int get_pages(int count, char **urls, const GetOptions *options);

/* A chat for telnet and nc, until SIGTERM or Ctrl-C. Returns the exit status: 2 if it cannot listen. */
int chat_serve(const char *host, const char *port);

#endif
