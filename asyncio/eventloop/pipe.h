/* pipe.h: what wakes a loop that is asleep in select(): a byte into a socket that it listens to.
 *
 * A zero byte says: look what is incoming. Another number is a signal that came. For loop.c
 * alone.
 */
#ifndef PIPE_H
#define PIPE_H

#include <sys/socket.h>

#include "loop.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // macOS: there a program ignores SIGPIPE
#endif

/* Opens the socket pair and listens to it. -1 with an error. CPython:
 * Lib/asyncio/selector_events.py, _make_self_pipe(). */
int loop_make_self_pipe(Loop *loop);

/* Closes it, if it is open. CPython: Lib/asyncio/selector_events.py, _close_self_pipe(). */
void loop_close_self_pipe(Loop *loop);

/* Wakes the loop; from any thread. A full pipe will wake it as well. CPython:
 * Lib/asyncio/selector_events.py, _write_to_self(). */
void loop_write_to_self(Loop *loop);

/* Makes a descriptor non-blocking, and none that a new program inherits. -1 with an error. */
int loop_set_flags(int fd);

#endif
