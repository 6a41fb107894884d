/* chat.c: a chat for telnet and nc: each guest is one coroutine, written as if it were alone.
 *
 * The invariant: a guest is in `guests` from its coroutine's first step to its `finally`, however it
 * ends: /quit, end of file, a reset, the end of the chat. Between two awaits nobody else runs, so the
 * list needs no lock.
 *
 * Nobody waits for a guest that does not read: what is sent to it waits in its own transport, and once
 * that is full the guest is put out. Else one of them could fill the memory, or hold up the others.
 */
#include "real.h"

#include "../../../common/demo.h"
#include "../locks.h"
#include "../runners.h"
#include "../streams.h"

#include <signal.h>

enum {
    LINE = 1000,         // bytes; a longer one is not passed on
    NAME = 20,           // bytes
    UNREAD = 256 * 1024, // bytes that may wait for a guest who does not read
    SECONDS_TO_NAME = 60,
    SECONDS_TO_LEAVE = 5,
};

typedef struct {
    Object *reader;
} NextLine;

/* The locals of the coroutine that serves a guest. */
typedef struct Guest Guest;
struct Guest {
    Object *reader, *writer;
    Guest *next; // in `guests`
    bool leaving;
    char name[NAME + 1]; // "" until it is known
};

static Guest *guests;
static Object *stop; // an Event

/* ---- What is said ----------------------------------------------------------------------------*/

__attribute__((format(printf, 2, 3))) static void tell(const Guest *guest, const char *format,
                                                       ...) {
    char text[LINE + NAME + 40];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (writer_is_closing(guest->writer)) return;
    if (writer_write(guest->writer, text, (size_t)size) < 0) error_clear(); // no memory: unheard
    Transport *transport = writer_transport(guest->writer);
    if (transport && transport_get_write_buffer_size(transport) > UNREAD)
        transport_abort(transport);
}

/* To all that have said who they are, but one: a format for a name and a line. */
static void tell_others(const Guest *but, const char *format, const char *line) {
    for (const Guest *guest = guests; guest; guest = guest->next)
        if (guest != but && guest->name[0]) tell(guest, format, but->name, line);
}

/* Writes a line into `text` as it may be shown on somebody else's terminal: without its end, and with
 * '?' for control characters, U+0080 to U+009F among them, which could do anything there. */
static const char *clean(const Str *line, char *text, size_t size) {
    size_t length = strcspn(line->text, "\r\n");
    if (length >= size) length = size - 1;
    unsigned char before = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line->text[i];
        bool c1 = c >= 0x80 && c < 0xA0 && (before < 0x80 || before == 0xC2);
        if (c1 && before == 0xC2) text[i - 1] = '?';
        text[i] = c < ' ' || c == 0x7F || c1 ? '?' : (char)c;
        before = c;
    }
    text[length] = '\0';
    return text;
}

static void take_name(Guest *self, const Str *line) {
    char name[NAME + 1];
    clean(line, name, sizeof name);
    const Guest *other = guests;
    while (other && strcmp(other->name, name) != 0)
        other = other->next;
    self->leaving = line->size == 0;
    if (self->leaving) return;
    if (strspn(name, " ?") == strlen(name) || name[0] == '/') {
        tell(self, "* that is no name\n");
    } else if (other) {
        tell(self, "* %s is here already\n", name);
    } else {
        strcpy(self->name, name);
        tell(self, "* welcome, %s; /who, /quit\n", name);
        tell_others(self, "* %s has come%s\n", "");
    }
}

static void take_line(Guest *self, const Str *line) {
    char text[LINE + 1];
    clean(line, text, sizeof text);
    self->leaving = line->size == 0 || strcmp(text, "/quit") == 0;
    if (self->leaving || !text[0]) return;
    if (strcmp(text, "/who") == 0) {
        for (const Guest *guest = guests; guest; guest = guest->next)
            if (guest->name[0]) tell(self, "* %s\n", guest->name);
    } else if (text[0] == '/') {
        tell(self, "* there are /who and /quit\n");
    } else {
        tell_others(self, "%s: %s\n", text);
    }
}

/* ---- Who comes, and goes ---------------------------------------------------------------------*/

static void enter(Guest *self) {
    self->next = guests;
    guests = self;
}

static void leave(Guest *self) {
    Guest **link = &guests;
    while (*link != self)
        link = &(*link)->next;
    *link = self->next;
    if (self->name[0]) tell_others(self, "* %s has gone%s\n", "");
    writer_close(self->writer);
}

/* async def next_line(reader): None for one that is too long. */
static Object *next_line_run(Coroutine *self, Object *sent) {
    BEGIN(NextLine);
    TRY {
        AWAIT(reader_readline(local->reader));
        RETURN(new_ref(sent));
    }
    EXCEPT(ValueError) {
        RETURN(new_ref(None));
    }
    END_TRY;
    END;
}

static Object *next_line(Object *reader) {
    static const Code code = {"next_line", next_line_run, sizeof(NextLine), 1, 1};
    return coroutine_new(&code, &(NextLine){reader});
}

/* async def visit(reader, writer) */
static Object *visit_run(Coroutine *self, Object *sent) {
    BEGIN(Guest);
    enter(local);
    TRY {
        TRY {
            while (!local->leaving && !local->name[0]) {
                tell(local, "your name? ");
                AWAIT(asyncio_wait_for(reader_readline(local->reader), SECONDS_TO_NAME));
                take_name(local, (const Str *)sent);
            }
            while (!local->leaving) {
                AWAIT(next_line(local->reader));
                if (sent == None)
                    tell(local, "* that line was too long\n");
                else
                    take_line(local, (const Str *)sent);
            }
        }
        EXCEPT(ValueError) {
            // a name of a thousand bytes
        }
        EXCEPT(OSError) {
            // the connection is lost, or there was no name in time
        }
        END_TRY;
    }
    FINALLY {
        leave(local);
    }
    END_FINALLY;
    END;
}

static Object *visit(Object *arg, Object *reader, Object *writer) {
    static const Code code = {"visit", visit_run, sizeof(Guest), 2, 2};
    (void)arg;
    return coroutine_new(&code, &(Guest){.reader = reader, .writer = writer});
}

/* ---- The chat --------------------------------------------------------------------------------*/

typedef struct {
    Object *server;
    const char *host, *port;
} Chat;

static void on_signal(void *arg) {
    (void)arg;
    if (event_set(stop) < 0) error_clear(); // without memory: the next signal may find some
}

/* async def chat(host, port) */
static Object *chat_run(Coroutine *self, Object *sent) {
    BEGIN(Chat);
    Loop *loop = loop_get_running();
    local->server = asyncio_start_server(loop, visit, NULL, local->host, local->port, LINE);
    if (!local->server) return NULL;
    if (loop_add_signal_handler(loop, SIGTERM, on_signal, NULL) < 0 ||
        loop_add_signal_handler(loop, SIGINT, on_signal, NULL) < 0)
        return NULL;
    printf("chat: nc %s %d\n", local->host, stream_server_port(local->server));
    if (fflush(stdout) != 0) { // nobody would find it
        error_raise(&OSError_Type, "cannot write the output");
        return NULL;
    }
    AWAIT(event_wait(stop));
    stream_server_close(local->server);
    for (const Guest *guest = guests; guest; guest = guest->next) {
        tell(guest, "* the chat ends\n");
        writer_close(guest->writer);
    }
    TRY {
        AWAIT(asyncio_wait_for(stream_server_wait_closed(local->server), SECONDS_TO_LEAVE));
    }
    EXCEPT(TimeoutError) {
        // who has not read all by now will not
    }
    END_TRY;
    END;
}

int chat_serve(const char *host, const char *port) {
    static const Code code = {"chat", chat_run, sizeof(Chat), 1, 1};
    stop = need(event_new());
    Object *result = asyncio_run(NULL, coroutine_new(&code, &(Chat){.host = host, .port = port}));
    decref(stop);
    xdecref(result);
    if (result) return 0;
    if (!error_is(&OSError_Type) || ferror(stdout)) need(NULL);
    usage_error("coroutines_demo", "cannot listen at %s, port %s: %s", host, port, error_message());
    error_clear();
    return 2;
}
