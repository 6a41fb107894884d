/* speeds.c: why asyncio's echo has two speeds. Ours reads as CPython does, a new buffer of 256 KiB
 * for each message, cut to its size: with malloc as it is, with malloc after an accident, and not
 * at all. */
#include "demo.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "../pipe.h"
#include "../transport.h"

enum { TRIPS = 20000, SIZE = 64, ACCIDENT = 400 * 1024 };

typedef struct {
    Transport *transport;
    char *buffer; // CPython's way: of one message
    int left;     // messages to come; the one who begins counts them
    bool *done;
    bool begins;
} Peer;

static void pass_on(Peer *peer, const void *data, size_t size) {
    if (peer->begins && --peer->left == 0)
        *peer->done = true;
    else
        transport_write(peer->transport, data, size);
}

static void connection_made(void *self, Transport *transport) {
    Peer *peer = self;
    peer->transport = transport;
    char message[SIZE] = "a message of 64 bytes";
    if (peer->begins) transport_write(transport, message, sizeof message);
}

static void data_received(void *self, const char *data, size_t size) {
    pass_on(self, data, size);
}

/* CPython: Modules/socketmodule.c, sock_recv(), which asks for a bytes object of 256 KiB... */
static void *get_buffer(void *self, size_t *size) {
    Peer *peer = self;
    *size = TRANSPORT_MAX_SIZE;
    peer->buffer = malloc(TRANSPORT_MAX_SIZE);
    return peer->buffer ? peer->buffer : error_no_memory();
}

/* ...and cuts it to what came, _PyBytes_Resize(). It is freed once it is sent. */
static void buffer_updated(void *self, size_t size) {
    Peer *peer = self;
    char *cut = realloc(peer->buffer, size);
    if (cut) pass_on(peer, cut, size);
    if (!cut) error_no_memory();
    free(cut ? cut : peer->buffer);
}

static void speed(const char *what, const Protocol *protocol) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) must(error_set_from_errno(errno));
    must(loop_set_flags(pair[0]));
    must(loop_set_flags(pair[1]));
    Loop *loop = need(loop_new(NULL));
    bool done = false;
    Peer peers[2] = {{.begins = true, .left = TRIPS, .done = &done}, {.begins = false}};
    for (int i = 0; i < 2; i++)
        need(transport_new(loop, pair[i], protocol, &peers[i], NULL));
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    uint64_t began = clock_now();
    must(loop_run_until(loop, &done));
    double took = (double)(clock_now() - began) / 1e9;
    getrusage(RUSAGE_SELF, &after);
    printf("  %-32s %8.0f %9.2f\n", what, TRIPS / took,
           (double)(after.ru_minflt - before.ru_minflt) / TRIPS);
    loop_free(loop);
}

void scene_speeds(void) {
    static const Protocol as_cpython = {.connection_made = connection_made,
                                        .get_buffer = get_buffer,
                                        .buffer_updated = buffer_updated};
    static const Protocol ours = {.connection_made = connection_made,
                                  .data_received = data_received};
    puts("64 bytes go to and fro between two ends in one loop. Each end reads them into a\n"
         "new block of 256 KiB, cuts it to 64 bytes, sends it and frees it.\n\n"
         "                                   trips/s    faults a trip");
    step("what does a block cost of which 64 bytes are used?");
    speed("a new block each time", &as_cpython);
    step("a block of 400 KiB is allocated and freed, once: so what?");
    char *volatile accident = need(malloc(ACCIDENT));
    accident[0] = 1;
    free(accident);
    speed("the same, after the accident", &as_cpython);
    step("and if there is no new block at all?");
    speed("one block for all messages", &ours);
    puts("\nA page fault is the kernel giving out a page of memory on its first use. Under\n"
         "glibc a block above a threshold, 128 KiB at first, is a mapping of its own:\n"
         "made, cut and undone by three calls into the kernel, and the next one is new\n"
         "again. Freeing a larger one moves the threshold above its size: from then on\n"
         "blocks of 256 KiB come from the heap, and stay.");
}
