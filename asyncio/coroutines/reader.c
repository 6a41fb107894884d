/* reader.c: the bytes that came, and who waits for them. CPython: Lib/asyncio/streams.py,
 * StreamReader. */
#include "reader.h"

/* ---- The reader's side -------------------------------------------------------------------------*/

static size_t reader_size(const StreamReader *self) {
    return self->end - self->start;
}

int future_wake(Object *future, Exception *exc) {
    if (future_done(future)) return 0;
    return exc ? future_set_exception(future, exc) : future_set_result(future, None);
}

/* CPython: _wakeup_waiter(), set_exception(). */
void reader_wakeup_waiter(StreamReader *self, Exception *exc) {
    Object *waiter = self->waiter;
    self->waiter = NULL;
    if (!waiter) return;
    if (future_wake(waiter, exc) < 0)
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
void reader_feed_data(StreamReader *self, const char *data, size_t size) {
    if (reader_append(self, data, size) < 0) return; // which ends the connection
    reader_wakeup_waiter(self, NULL);
    if (!self->paused && reader_size(self) > 2 * self->limit) {
        transport_pause_reading(self->transport);
        self->paused = true;
    }
}

static int resume_transport(StreamReader *self) {
    self->paused = false;
    if (!self->transport || transport_is_closing(self->transport)) return 0;
    return transport_resume_reading(self->transport);
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

const Type StreamReader_Type = {.name = "StreamReader", .dealloc = reader_dealloc};

bool reader_at_eof(const Object *op) {
    const StreamReader *self = (const StreamReader *)op;
    return self->eof && reader_size(self) == 0;
}

/* ---- Reading -----------------------------------------------------------------------------------*/

typedef struct {
    Object *reader, *separator; // a Str
    ssize_t n;
    size_t offset; // before it there is no separator
} Read;

#define READER ((StreamReader *)local->reader)

/* await self._wait_for_data(func_name): the Future, a new reference. Its coroutine there does no
 * more than reset `waiter`, which here the next one does. CPython: _wait_for_data(). */
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

Object *reader_raise_kept(const StreamReader *self) {
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
    if (READER->exception) return reader_raise_kept(READER);
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
    if (READER->exception) return reader_raise_kept(READER);
    while (!READER->eof) { // it is kept in the reader, whose transport is resumed each time
        AWAIT(wait_for_data(READER, "read"));
        if (READER->exception) return reader_raise_kept(READER);
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
    if (READER->exception) return reader_raise_kept(READER);
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
    if (READER->exception) return reader_raise_kept(READER);
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
