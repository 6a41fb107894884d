/* reader.h: what streams.c knows of a StreamReader: bytes that came and were not read yet. */
#ifndef READER_H
#define READER_H

#include "streams.h"

/* CPython: StreamReader. */
typedef struct {
    Object ob;
    Loop *loop;
    char *buffer; // bytes from start to end
    size_t start, end, allocated;
    size_t limit;
    bool eof, paused;
    Object *waiter;
    Exception *exception;
    Transport *transport; // lent; NULL before it is connected and once it is lost
} StreamReader;

extern const Type StreamReader_Type;

/* Bytes came; they are copied. An error, for want of memory, is left pending. CPython: feed_data(). */
void reader_feed_data(StreamReader *self, const char *data, size_t size);
/* Wakes who waits for data, with an exception unless that is NULL. CPython: _wakeup_waiter(),
 * set_exception(). */
void reader_wakeup_waiter(StreamReader *self, Exception *exc);
/* raise self._exception: NULL. */
Object *reader_raise_kept(const StreamReader *self);

/* Sets the result of a Future to None, or an exception, unless it is done: 0, or -1 with MemoryError. */
int future_wake(Object *future, Exception *exc);

#endif
