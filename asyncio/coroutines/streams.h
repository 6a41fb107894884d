/* streams.h: a connection to read from and write to by awaiting.
 *
 *     transport: data_received ---> buffer of the reader ---> await read, readline, readexactly
 *                pause_reading <--- when it holds twice the limit
 *                pause_writing ---> await drain waits until resume_writing
 *
 * The invariant: at most one coroutine waits for data, on the Future `waiter`, and whatever may end
 * its wait (data, the end, an error) sets that. Whoever writes and does not await drain() fills the
 * memory.
 *
 * CPython: Lib/asyncio/streams.py. Left out: TLS, Unix sockets, StreamReader's `async for`.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "../eventloop/transport.h"
#include "task.h"

enum { STREAM_LIMIT = 64 * 1024 }; // CPython: _DEFAULT_LIMIT

/* await open_connection(host, port, limit): a new coroutine, which gives the tuple (reader,
 * writer). Strings as create_connection()'s; limit 0: STREAM_LIMIT. NULL with MemoryError. */
Object *asyncio_open_connection(const char *host, const char *port, size_t limit);

/* What is called for each client: makes the coroutine that serves it; reader and writer are
 * borrowed, `arg` is the server's. NULL with an error ends the connection. */
typedef Object *(*ClientConnected)(Object *arg, Object *reader, Object *writer);

/* start_server(callback, host, port, limit): a new server object; arg is borrowed, and may be NULL.
 * NULL with OSError: a port in use, a bad address. Simplified: no coroutine, as there is nothing to
 * wait for. CPython: Lib/asyncio/streams.py, start_server(). */
Object *asyncio_start_server(Loop *loop, ClientConnected callback, Object *arg, const char *host,
                             const char *port, size_t limit);
int stream_server_port(const Object *self);
/* Accepts no more. await server.wait_closed(), after it: until the last connection is gone, as
 * since 3.12. CPython: Lib/asyncio/base_events.py, Server.close(). */
void stream_server_close(Object *self);
Object *stream_server_wait_closed(Object *self);

/* ---- StreamReader: each a new coroutine that gives bytes; NULL with MemoryError ----------------- */

/* await reader.read(n): what is there, at most n bytes, at least one; b'' at the end. n < 0: all,
 * to the end. await reader.readexactly(n): IncompleteReadError if the end comes first. await
 * reader.readuntil(separator), readline(): with the separator; LimitOverrunError, of readline()
 * ValueError, for more than the limit. */
Object *reader_read(Object *self, ssize_t n);
Object *reader_readexactly(Object *self, ssize_t n);
Object *reader_readuntil(Object *self, const char *separator);
Object *reader_readline(Object *self);
bool reader_at_eof(const Object *self);

/* ---- StreamWriter ------------------------------------------------------------------------------*/

/* writer.write(data): sent at once or buffered: 0, or -1 with an error. Of a lost connection
 * nothing comes. */
int writer_write(Object *self, const void *data, size_t size);
__attribute__((format(printf, 2, 3))) int writer_printf(Object *self, const char *format, ...);
/* await writer.drain(): until the buffer is below its low-water mark; ConnectionResetError
 * ("Connection lost"). await writer.wait_closed(). */
Object *writer_drain(Object *self);
Object *writer_wait_closed(Object *self);
void writer_write_eof(Object *self);
void writer_close(Object *self);
bool writer_is_closing(const Object *self);
/* Borrowed; NULL once the connection is lost. */
Transport *writer_transport(const Object *self);

#endif
