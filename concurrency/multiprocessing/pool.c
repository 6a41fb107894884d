/* pool.c: calls, their chunks, and who works at what. See pool.h, and worker.h for the channel.
 *
 *     waiting --deal()--> sent --reply--> done        a chunk of a call
 *        ^------------------'  its worker died, and it had not begun it or may try again
 *
 * Each chunk is in one of these states, and a sent one is in exactly one worker's row of flights.
 * So what a dead worker leaves is known exactly, no call can wait for a chunk that nobody has, and
 * everything goes on in one loop, turn(), without a helper thread.
 *
 * Simplified: CPython has three threads and two pipes shared by all workers, guarded by locks that
 * die with their holder. Its workers fetch chunks as they please; ours are dealt them, ahead only
 * as far as AHEAD says.
 */
#include "calls.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#define AHEAD      200000 // ns of work dealt in advance: ten times what a wake-up takes
#define LOOK_AGAIN 100    // ms: a dead worker's child may hold its socket open

/* ---- Outcomes --------------------------------------------------------------------------------*/

static size_t chunk_begin(const AsyncResult *call, size_t chunk) {
    return chunk * call->chunksize;
}

static size_t chunk_end(const AsyncResult *call, size_t chunk) {
    size_t begin = chunk_begin(call, chunk);
    return call->count - begin < call->chunksize ? call->count : begin + call->chunksize;
}

/* Notes an item's outcome; without memory for it, that is the outcome. */
static void item_done(AsyncResult *call, size_t item, ErrorType error, const char *bytes,
                      size_t size) {
    char *copy = malloc(size + 1); // a NUL more: messages are strings
    if (copy) {
        if (size) memcpy(copy, bytes, size);
        copy[size] = '\0';
    }
    call->errors[item] = copy ? error : MemoryError;
    call->results[item] = (Block){copy, copy ? size : 0};
    call->order[call->arrived++] = item;
}

static void chunk_done(AsyncResult *call, size_t chunk) {
    call->chunk[chunk].state = DONE;
    call->left--;
}

/* All items of a chunk fail for one reason. */
static void chunk_failed(AsyncResult *call, size_t chunk, const Error *error) {
    for (size_t i = chunk_begin(call, chunk); i < chunk_end(call, chunk); i++)
        item_done(call, i, error->type, error->message, strlen(error->message));
    chunk_done(call, chunk);
}

static void chunk_again(AsyncResult *call, size_t chunk) {
    call->chunk[chunk].state = WAITING;
    if (call->waiting > chunk) call->waiting = chunk;
}

/* Fails whatever is waiting. */
static void fail_waiting(Pool *self, const Error *error) {
    for (AsyncResult *call = self->calls; call; call = call->next)
        for (size_t chunk = call->waiting; chunk < call->chunks; chunk++)
            if (call->chunk[chunk].state == WAITING) chunk_failed(call, chunk, error);
}

/* ---- Dealing ---------------------------------------------------------------------------------*/

/* The oldest call with a chunk that nobody has; its `waiting` is that chunk. */
static AsyncResult *next_waiting(Pool *self) {
    for (AsyncResult *call = self->calls; call; call = call->next) {
        while (call->waiting < call->chunks && call->chunk[call->waiting].state != WAITING)
            call->waiting++;
        if (call->waiting < call->chunks) return call;
    }
    return NULL;
}

/* Writes a chunk into the worker's buffer. False: no memory. */
static bool pack(Pool *self, Place *place, AsyncResult *call, size_t chunk) {
    size_t first = chunk_begin(call, chunk), end = chunk_end(call, chunk), size = 0;
    for (size_t i = first; i < end; i++)
        size += sizeof(ItemHeader) + padded(call->items[i].size);
    ChunkHeader header = {call->function, ++self->serial, first, end - first, 0, size};
    char *at = buffer_reserve(&place->channel.out, sizeof header + size);
    if (!at) return false;
    place->channel.out.end += sizeof header + size;
    memcpy(at, &header, sizeof header);
    at += sizeof header;
    for (size_t i = first; i < end; i++) {
        Block item = call->items[i];
        memcpy(at, &(ItemHeader){NoError, item.size}, sizeof(ItemHeader));
        at += sizeof(ItemHeader);
        if (item.size) memcpy(at, item.data, item.size);
        memset(at + item.size, 0, padded(item.size) - item.size);
        at += padded(item.size);
    }
    return true;
}

static void deal_one(Pool *self, Place *place, AsyncResult *call) {
    size_t chunk = call->waiting;
    if (!pack(self, place, call, chunk)) {
        chunk_failed(call, chunk, &(Error){.type = MemoryError});
        return;
    }
    Flight *flight = &place->flights[(place->oldest + place->flying++) % FLIGHTS];
    *flight = (Flight){call, chunk, self->serial};
    call->chunk[chunk].state = SENT;
    if (place->tasks_left != POOL_NONE) place->tasks_left--;
}

/* Gives chunks to workers in turn, as far ahead as is good. */
static void deal(Pool *self) {
    double ahead = self->average > 0 ? AHEAD / self->average : 1;
    size_t limit = ahead < 1 ? 1 : ahead > FLIGHTS ? FLIGHTS : (size_t)ahead;
    AsyncResult *call = next_waiting(self);
    for (size_t depth = 0; call && depth < limit; depth++) {
        for (int i = 0; i < self->processes && call; i++) {
            Place *place = &self->places[i];
            if (!place->channel.process || place->flying > depth || place->tasks_left == 0 ||
                place->channel.out.end - place->channel.out.begin >= 1 << 16) {
                continue;
            }
            deal_one(self, place, call);
            call = next_waiting(self);
        }
    }
}

/* ---- Workers come and go ---------------------------------------------------------------------*/

/* Fills empty places. -1 if there is not one worker. CPython: Pool._repopulate_pool(). */
static int repopulate(Pool *self) {
    int alive = 0;
    for (int i = 0; i < self->processes; i++) {
        Place *place = &self->places[i];
        if (!place->channel.process && worker_start(&place->channel, self->maxtasksperchild) == 0) {
            place->tasks_left = self->maxtasksperchild;
            place->oldest = place->flying = 0;
        }
        alive += place->channel.process != NULL;
    }
    if (alive) error_clear();
    return alive ? 0 : -1;
}

/* A worker has gone: what it had begun fails or is tried again, the rest is for others. */
static void lost(Pool *self, Place *place, const Error *reason) {
    uint64_t begun = place->channel.progress->serial, item = place->channel.progress->item;
    char name[128];
    snprintf(name, sizeof name, "%s", process_name(place->channel.process));
    int code = worker_end(&place->channel, true);
    for (; place->flying > 0; place->flying--) {
        Flight flight = place->flights[place->oldest++ % FLIGHTS];
        AsyncResult *call = flight.call;
        if (!call) continue;
        if (flight.serial != begun) {
            chunk_again(call, flight.chunk);
        } else if (!reason && call->chunk[flight.chunk].tries < self->retries) {
            call->chunk[flight.chunk].tries++;
            chunk_again(call, flight.chunk);
        } else {
            Error error = {.type = RuntimeError};
            snprintf(error.message, sizeof error.message,
                     "%s died with exit code %d while it ran item %llu", name, code,
                     (unsigned long long)item);
            chunk_failed(call, flight.chunk, reason ? reason : &error);
        }
    }
}

/* Takes the replies that are complete out of a worker's buffer. */
static void take_replies(Pool *self, Place *place) {
    Buffer *in = &place->channel.in;
    ReplyHeader reply;
    while (in->end - in->begin >= sizeof reply) {
        memcpy(&reply, in->data + in->begin, sizeof reply);
        if (in->end - in->begin < sizeof reply + reply.size) return;
        const char *at = in->data + in->begin + sizeof reply;
        Flight flight = place->flights[place->oldest++ % FLIGHTS];
        place->flying--;
        for (size_t i = 0; flight.call && i < reply.count; i++) {
            ItemHeader item;
            memcpy(&item, at, sizeof item);
            at += sizeof item;
            item_done(flight.call, chunk_begin(flight.call, flight.chunk) + i, item.error, at,
                      item.size);
            at += item.size;
        }
        if (flight.call) chunk_done(flight.call, flight.chunk);
        in->begin += sizeof reply + reply.size;
        double took = (double)reply.nanoseconds + 1;
        self->average += (took - self->average) / (self->average > 0 ? 8 : 1);
    }
}

static void serve(Pool *self, Place *place) {
    int there = worker_receive(&place->channel);
    take_replies(self, place);
    if (there > 0 && !worker_send(&place->channel)) there = 0;
    if (there < 0) { // no memory for a reply: its worker goes, and nothing else is harmed
        Error error = error_fetch();
        lost(self, place, &error);
    } else if (there == 0) {
        lost(self, place, NULL);
    }
}

/* ---- The loop --------------------------------------------------------------------------------*/

static int milliseconds_until(uint64_t deadline) {
    uint64_t now = clock_now();
    if (now >= deadline) return 0;
    uint64_t left = (deadline - now + 999999) / 1000000;
    return left > LOOK_AGAIN ? LOOK_AGAIN : (int)left;
}

void turn(Pool *self, uint64_t deadline) {
    if (self->state == TERMINATE || getpid() != self->owner) return;
    if (next_waiting(self) && repopulate(self) < 0) {
        Error error = error_fetch();
        fail_waiting(self, &error);
        return;
    }
    deal(self);
    for (int i = 0; i < self->processes; i++) {
        Place *place = &self->places[i];
        bool full = false;
        if (place->channel.process) {
            worker_send(&place->channel); // if it has gone, poll() will say so
            full = place->channel.out.begin < place->channel.out.end;
        }
        self->polled[i] = (struct pollfd){
            .fd = place->channel.process ? place->channel.fd : -1,
            .events = (short)(POLLIN | (full ? POLLOUT : 0)),
        };
    }
    int ready = poll(self->polled, (nfds_t)self->processes, milliseconds_until(deadline));
    for (int i = 0; i < self->processes; i++) {
        Place *place = &self->places[i];
        if (!place->channel.process) continue;
        if (ready > 0 && self->polled[i].revents) serve(self, place);
        if (ready == 0 && !process_is_alive(place->channel.process)) serve(self, place);
        if (ready == 0 && place->channel.process && !process_is_alive(place->channel.process)) {
            lost(self, place, NULL); // its child holds the socket, so there was no end of file
        }
    }
}

/* ---- The pool --------------------------------------------------------------------------------*/

static void destroy(Pool *self) {
    if (self->progress) munmap(self->progress, (size_t)self->processes * sizeof *self->progress);
    free(self->places);
    free(self->polled);
    free(self);
}

Pool *pool_new(int processes, int maxtasksperchild) {
    if (processes == POOL_NONE) processes = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (processes < 1) {
        error_set(ValueError, "Number of processes must be at least 1");
        return NULL;
    }
    if (maxtasksperchild < 1) {
        error_set(ValueError, "maxtasksperchild must be a positive int or None");
        return NULL;
    }
    Pool *self = calloc(1, sizeof *self);
    if (!self) return error_no_memory();
    self->processes = processes;
    self->maxtasksperchild = maxtasksperchild;
    self->owner = getpid();
    self->places = calloc((size_t)processes, sizeof *self->places);
    self->polled = calloc((size_t)processes, sizeof *self->polled);
    void *shared = mmap(NULL, (size_t)processes * sizeof *self->progress, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) self->progress = shared;
    if (!self->places || !self->polled || !self->progress) {
        destroy(self);
        return error_no_memory();
    }
    for (int i = 0; i < processes; i++) {
        Place *place = &self->places[i];
        place->channel.progress = &self->progress[i];
        place->tasks_left = maxtasksperchild;
        if (worker_start(&place->channel, maxtasksperchild) < 0) {
            Error error = error_fetch(); // all or none, as in CPython
            pool_free(self);
            error_restore(error);
            return NULL;
        }
    }
    return self;
}

void pool_set_retries(Pool *self, int retries) {
    self->retries = retries;
}

void pool_close(Pool *self) {
    if (self->state == RUN) self->state = CLOSE;
}

void pool_terminate(Pool *self) {
    if (getpid() != self->owner) return;
    Error error = {.type = RuntimeError, .message = "Pool terminated"};
    for (int i = 0; i < self->processes; i++)
        if (self->places[i].channel.process) process_kill(self->places[i].channel.process);
    for (int i = 0; i < self->processes; i++)
        if (self->places[i].channel.process) lost(self, &self->places[i], &error);
    fail_waiting(self, &error);
    self->state = TERMINATE;
}

int pool_join(Pool *self) {
    if (self->state == RUN) return error_set(ValueError, "Pool is still running");
    for (AsyncResult *call = self->calls; call; call = call->next)
        async_wait(call, FOREVER);
    for (int i = 0; i < self->processes; i++) {
        Place *place = &self->places[i];
        while (place->channel.process && place->flying > 0) // of calls that were freed
            turn(self, UINT64_MAX);
        if (place->channel.process) worker_end(&place->channel, false);
    }
    return 0;
}

void pool_free(Pool *self) {
    if (!self) return;
    if (getpid() == self->owner) pool_terminate(self);
    for (AsyncResult *call = self->calls; call; call = call->next)
        call->pool = NULL;
    destroy(self);
}

size_t pool_failed_item(const Pool *self) {
    return self->failed_item;
}

int pool_processes(const Pool *self) {
    return self->processes;
}

pid_t pool_worker_pid(const Pool *self, int i) {
    Process *process = self->places[i].channel.process;
    return process ? process_pid(process) : 0;
}
