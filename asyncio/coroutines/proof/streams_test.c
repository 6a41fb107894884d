/* streams_test.c: reading, writing and connecting, on a real loop. */
#include "real.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* ---- A server ----------------------------------------------------------------------------------*/

typedef struct {
    Object *reader, *writer, *event;
} Client;

/* Makes the coroutine of NAME_run for a client. */
#define SERVES(name)                                                                               \
    static Object *name(Object *arg, Object *reader, Object *writer) {                             \
        static const Code code = {#name, name##_run, sizeof(Client), 3, 1};                        \
        (void)arg;                                                                                 \
        return coroutine_new(&code, &(Client){.reader = reader, .writer = writer});                \
    }

/* Echoes line by line. */
static Object *echo_run(Coroutine *self, Object *sent) {
    BEGIN(Client);
    TRY {
        for (;;) {
            AWAIT(reader_readline(local->reader));
            const Str *line = (const Str *)sent;
            if (line->size == 0) break;
            if (writer_write(local->writer, line->text, (size_t)line->size) < 0) return NULL;
            AWAIT(writer_drain(local->writer));
        }
    }
    FINALLY {
        writer_close(local->writer);
    }
    END_FINALLY;
    END;
}

SERVES(echo)

/* Reads nothing for a while, then all, and says how much that was. */
static Object *lazy_run(Coroutine *self, Object *sent) {
    BEGIN(Client);
    AWAIT(asyncio_sleep(0.05, NULL));
    AWAIT(reader_read(local->reader, -1));
    if (writer_printf(local->writer, "%zd\n", ((Str *)sent)->size) < 0) return NULL;
    writer_close(local->writer);
    END;
}

SERVES(lazy)

/* Slams the door. */
static Object *rude_run(Coroutine *self, Object *sent) {
    BEGIN(Client);
    AWAIT(asyncio_sleep(0.02, NULL));
    transport_abort(writer_transport(local->writer));
    END;
}

SERVES(rude)

static Object *serve(Locals *local, ClientConnected callback, size_t limit) {
    local->server = asyncio_start_server(NULL, callback, NULL, "127.0.0.1", "0", 0);
    if (!local->server) return NULL;
    snprintf(local->port, sizeof local->port, "%d", stream_server_port(local->server));
    return asyncio_open_connection("127.0.0.1", local->port, limit);
}

static void connected(Locals *local, Object *pair) {
    local->reader = new_ref(((Tuple *)pair)->items[0]);
    local->writer = new_ref(((Tuple *)pair)->items[1]);
}

static bool is_bytes(const Object *op, const char *text) {
    const Str *bytes = (const Str *)op;
    return op->type == &Bytes_Type && (size_t)bytes->size == strlen(text) &&
           memcmp(bytes->text, text, strlen(text)) == 0;
}

/* ---- Reading -----------------------------------------------------------------------------------*/

static Object *two_readers(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(serve(local, echo, 0));
    connected(local, sent);
    local->a = asyncio_create_task(reader_readline(local->reader));
    AWAIT(asyncio_sleep(0, NULL));
    TRY {
        AWAIT(reader_readexactly(local->reader, 3));
        fail();
    }
    EXCEPT(RuntimeError) {
        assert_true(future_done(local->a) == false);
    }
    END_TRY;
    if (writer_printf(local->writer, "for the first\n") < 0) return NULL;
    AWAIT(new_ref(local->a));
    assert_true(is_bytes(sent, "for the first\n"));
    local->b = asyncio_create_task(reader_readline(local->reader));
    AWAIT(asyncio_sleep(0, NULL));
    future_cancel(local->b, NULL);
    AWAIT(asyncio_sleep(0, NULL)); // he has gone: the next one may wait
    if (writer_printf(local->writer, "for the next\n") < 0) return NULL;
    AWAIT(reader_readline(local->reader));
    assert_true(is_bytes(sent, "for the next\n"));
    writer_close(local->writer);
    END;
}

RUNS(two_readers)

static Object *limits(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(serve(local, echo, 16));
    connected(local, sent);
    if (writer_printf(local->writer, "%030d\nshort\n%020d|\n", 0, 0) < 0) return NULL;
    AWAIT(asyncio_sleep(0.02, NULL)); // all is there
    TRY {
        AWAIT(reader_readuntil(local->reader, "|"));
        fail();
    }
    EXCEPT(LimitOverrunError) {
        const Exception *exc = frame_exception(self);
        assert_string_equal(((Str *)exc->value)->text,
                            "Separator is found, but chunk is longer than limit");
        assert_int_equal(((Int *)exc->extra)->value, 57);
    }
    END_TRY;
    TRY {
        AWAIT(reader_readuntil(local->reader, "?"));
        fail();
    }
    EXCEPT(LimitOverrunError) {
        assert_string_equal(((Str *)frame_exception(self)->value)->text,
                            "Separator is not found, and chunk exceed the limit");
    }
    END_TRY;
    TRY {
        AWAIT(reader_readline(local->reader)); // which is thrown away, up to its end
        fail();
    }
    EXCEPT(ValueError) {
        assert_string_equal(((Str *)frame_exception(self)->value)->text,
                            "Separator is found, but chunk is longer than limit");
    }
    END_TRY;
    AWAIT(reader_readline(local->reader));
    assert_true(is_bytes(sent, "short\n"));
    writer_write_eof(local->writer);
    AWAIT(reader_read(local->reader, -1));
    assert_int_equal(((Str *)sent)->size, 22);
    assert_true(reader_at_eof(local->reader));
    TRY {
        AWAIT(reader_readexactly(local->reader, 3));
        fail();
    }
    EXCEPT(IncompleteReadError) {
        assert_string_equal(((Str *)frame_exception(self)->value)->text,
                            "0 bytes read on a total of 3 expected bytes");
    }
    END_TRY;
    writer_close(local->writer);
    END;
}

RUNS(limits)

/* ---- Writing -----------------------------------------------------------------------------------*/

enum { MUCH = 8 << 20 };

static int write_much(Object *writer) {
    static char much[MUCH];
    return writer_write(writer, much, MUCH);
}

static Object *full_buffer(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(serve(local, lazy, 0));
    connected(local, sent);
    if (write_much(local->writer) < 0) return NULL;
    local->a = asyncio_create_task(writer_drain(local->writer));
    local->b = asyncio_create_task(writer_drain(local->writer));
    AWAIT(asyncio_sleep(0.01, NULL));
    assert_false(future_done(local->a) || future_done(local->b));
    future_cancel(local->b, NULL);
    AWAIT(writer_drain(local->writer));            // another one waits, until the buffer is low
    AWAIT(asyncio_wait_for(new_ref(local->a), 1)); // and the first has been woken, too
    assert_true(future_cancelled(local->b));
    writer_write_eof(local->writer);
    AWAIT(reader_readline(local->reader));
    assert_int_equal(strtol(((Str *)sent)->text, NULL, 10), MUCH);
    writer_close(local->writer);
    AWAIT(writer_wait_closed(local->writer));
    END;
}

RUNS(full_buffer)

static Object *lost_while_draining(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(serve(local, rude, 0));
    connected(local, sent);
    if (write_much(local->writer) < 0) return NULL;
    TRY {
        AWAIT(writer_drain(local->writer));
    }
    EXCEPT(ConnectionError) {
        local->n++;
    }
    END_TRY;
    TRY {
        AWAIT(writer_drain(local->writer));
        fail();
    }
    EXCEPT(ConnectionError) {
        local->n++;
    }
    END_TRY;
    assert_int_equal(writer_write(local->writer, "x", 1), 0); // to nobody
    assert_true(writer_is_closing(local->writer));
    END;
}

RUNS(lost_while_draining)

/* ---- Connecting --------------------------------------------------------------------------------*/

/* A listening socket whose queue is full: who connects waits. Its port; -1 where that cannot be had. */
static int sockets[8];
static int listen_in_vain(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 8; i++)
        sockets[i] = socket(AF_INET, SOCK_STREAM | (i ? SOCK_NONBLOCK : 0), 0);
    if (bind(sockets[0], (struct sockaddr *)&address, size) != 0 || listen(sockets[0], 0) != 0 ||
        getsockname(sockets[0], (struct sockaddr *)&address, &size) != 0)
        return -1;
    for (int i = 1; i < 8; i++)
        (void)!connect(sockets[i], (struct sockaddr *)&address, size);
    return ntohs(address.sin_port);
}

/* Cancelled after 0, 1, 2, ... turns: while the address is looked up, while it connects, after. */
static int open_before;

static Object *half_way(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    snprintf(local->port, sizeof local->port, "%d", listen_in_vain());
    open_before = count_descriptors();
    for (local->n = 0; local->n < 12; local->n++) {
        clear_ref(local->a);
        local->a = asyncio_create_task(asyncio_open_connection("127.0.0.1", local->port, 0));
        AWAIT(asyncio_sleep((double)local->n / 2000, NULL));
        future_cancel(local->a, NULL);
        TRY {
            AWAIT(new_ref(local->a));
            fail();
        }
        EXCEPT(CancelledError) {
            ;
        }
        END_TRY;
    }
    AWAIT(asyncio_sleep(0.01, NULL));
    assert_int_equal(count_descriptors(), open_before); // long before the loop is closed
    END;
}

static void test_half_way(void **state) {
    (void)state;
    run_to_none(half_way);
    for (int i = 0; i < 8; i++)
        close(sockets[i]);
}

/* ---- Memory that runs out ----------------------------------------------------------------------*/

static Object *everything(Coroutine *self, Object *sent) {
    BEGIN(Locals);
    AWAIT(serve(local, echo, 0));
    connected(local, sent);
    for (local->n = 0; local->n < 2; local->n++) {
        if (writer_printf(local->writer, "line %d\n", (int)local->n) < 0) return NULL;
        AWAIT(writer_drain(local->writer));
        AWAIT(reader_readline(local->reader));
    }
    writer_write_eof(local->writer);
    AWAIT(reader_read(local->reader, -1));
    writer_close(local->writer);
    AWAIT(writer_wait_closed(local->writer));
    stream_server_close(local->server);
    AWAIT(stream_server_wait_closed(local->server));
    AWAIT(asyncio_to_thread(work, NULL));
    TRY {
        AWAIT(asyncio_to_thread(work_in_vain, NULL));
    }
    EXCEPT(ValueError) {
        ;
    }
    END_TRY;
    AWAIT(asyncio_wait_for(asyncio_open_connection("127.0.0.1", "1", 0), 5));
    END;
}

static void test_each_allocation(void **state) {
    (void)state;
    for (long n = 0;; n++) {
        testing_fail_at(n);
        Object *result = run_main(everything);
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_null(result); // nobody listens at port 1
        error_clear();
        if (!nothing_is_left()) {
            fail_msg("allocation %ld: %ld blocks, %d descriptors", n, testing_blocks() - blocks,
                     count_descriptors() - descriptors);
        }
        if (!failed) return;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_readers),         TEST(test_limits),   TEST(test_full_buffer),
        TEST(test_lost_while_draining), TEST(test_half_way), TEST(test_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
