/* workers.c: who works at what, and what becomes of it. See workers.h.
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
#include "workers.h"
#include "descriptors.h"

#include <errno.h>
#include <sys/socket.h>

#define AHEAD      200000 // ns of work dealt in advance: ten times what a wake-up takes
#define LOOK_AGAIN 100    // ms: a dead worker's child may hold its socket open

enum { READ_SIZE = 1 << 16 }; // what a socket holds by default is three times as much

/* ---- What is sent ----------------------------------------------------------------------------*/

#define ALIGNMENT 16 // as malloc(): an item may hold any C type

static inline size_t padded(size_t size) {
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

typedef struct {
    _Alignas(ALIGNMENT) PoolFunction function;
    uint64_t serial;
    size_t first, count;
    uint64_t padding; // written too, so it is a field: its bytes are zero
    size_t size;      // so many bytes follow: for each item an ItemHeader and its padded block
} ChunkHeader;

typedef struct {
    uint64_t serial, nanoseconds;
    size_t count, size; // `size` bytes follow: for each item an ItemHeader and its block
} ReplyHeader;

typedef struct {
    _Alignas(ALIGNMENT) ErrorType error; // in a reply; the block is then its message
    size_t size;                         // of the block, without the padding
} ItemHeader;

/* Room for `size` bytes behind the end; NULL if there is no memory, and the buffer is as before. */
static char *buffer_reserve(Buffer *self, size_t size) {
    if (self->begin == self->end) self->begin = self->end = 0;
    if (self->allocated - self->end >= size && self->data) return self->data + self->end;
    size_t used = self->end - self->begin;
    if (used) memmove(self->data, self->data + self->begin, used);
    self->begin = 0;
    self->end = used;
    if (!self->data || self->allocated - used < size) {
        size_t wanted = used + size + self->allocated / 2; // grows by half: appending stays linear
        char *data = realloc(self->data, wanted ? wanted : 1);
        if (!data) return NULL;
        self->data = data;
        self->allocated = wanted;
    }
    return self->data + used;
}

static void buffer_clear(Buffer *self) {
    free(self->data);
    *self = (Buffer){0};
}

static bool append(Buffer *self, const void *bytes, size_t size) {
    char *place = buffer_reserve(self, size);
    if (!place) return false;
    if (size) memcpy(place, bytes, size);
    self->end += size;
    return true;
}

/* ---- In the worker: CPython: Lib/multiprocessing/pool.py, worker() ---------------------------------------------------------------------------*/

typedef struct {
    int fd, tasks;
    Progress *progress;
} WorkerArgs;

/* Reads until the buffer holds `size` bytes; false at the parent's end. */
static bool fill(int fd, Buffer *in, size_t size) {
    while (in->end - in->begin < size) {
        size_t missing = size - (in->end - in->begin);
        size_t room = missing > READ_SIZE ? missing : READ_SIZE;
        char *place = buffer_reserve(in, room);
        if (!place) return false;
        ssize_t got = recv(fd, place, room, 0);
        if (got == 0 || (got < 0 && errno != EINTR)) return false;
        if (got > 0) in->end += (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) return false;
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

/* Runs the function over one item and appends what came of it. */
static bool run_item(PoolFunction function, const char *item, size_t size, Buffer *out) {
    Block result = {NULL, 0};
    ItemHeader header = {NoError, 0};
    if (function(item, size, &result) < 0) {
        header.error = error_occurred() ? error_occurred() : RuntimeError;
        free(result.data);
        result = (Block){NULL, 0};
    }
    const char *bytes = header.error ? error_message() : result.data;
    header.size = header.error ? strlen(bytes) : result.size;
    bool done = append(out, &header, sizeof header) && append(out, bytes, header.size);
    free(result.data);
    error_clear();
    return done;
}

/* Runs a chunk, whose bytes are in the buffer, and writes the reply. */
static bool run_chunk(const WorkerArgs *args, const ChunkHeader *chunk, Buffer *in, Buffer *out) {
    ReplyHeader reply = {.serial = chunk->serial, .count = chunk->count};
    uint64_t start = clock_now();
    const char *at = in->data + in->begin;
    out->begin = out->end = 0;
    if (!append(out, &reply, sizeof reply)) return false;
    for (size_t i = 0; i < chunk->count; i++) {
        ItemHeader item;
        memcpy(&item, at, sizeof item);
        args->progress->item = chunk->first + i;
        args->progress->serial = chunk->serial; // from here on it counts as begun
        if (!run_item(chunk->function, at + sizeof item, item.size, out)) return false;
        at += sizeof item + padded(item.size);
    }
    in->begin += chunk->size;
    reply.nanoseconds = clock_now() - start;
    reply.size = out->end - sizeof reply;
    memcpy(out->data, &reply, sizeof reply);
    return write_all(args->fd, out->data, out->end);
}

static int work(void *block) {
    WorkerArgs *args = block;
    Buffer in = {0}, out = {0};
    ChunkHeader chunk;
    int status = 0;
    for (int done = 0; args->tasks == POOL_NONE || done < args->tasks; done++) {
        if (!fill(args->fd, &in, sizeof chunk)) break;
        memcpy(&chunk, in.data + in.begin, sizeof chunk);
        in.begin += sizeof chunk;
        if (!fill(args->fd, &in, chunk.size) || !run_chunk(args, &chunk, &in, &out)) {
            status = 1; // the parent has gone, or no memory: it will see the end of file
            break;
        }
    }
    buffer_clear(&in);
    buffer_clear(&out);
    return status;
}

/* ---- A worker comes and goes -----------------------------------------------------------------*/

/* A process named as CPython names it, not yet started. */
static Process *make_process(const WorkerArgs *args) {
    Process *process = process_new(work, args, sizeof *args, NULL);
    char name[128];
    if (!process) return NULL;
    const char *number = strchr(process_name(process), '-');
    snprintf(name, sizeof name, "ForkPoolWorker%s", number ? number : "");
    if (process_set_name(process, name) < 0) {
        process_free(process);
        return NULL;
    }
    process_set_daemon(process, true); // it dies with the parent
    return process;
}

int worker_start(Worker *self, int tasks) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return os_error();
    for (int i = 0; i < 2; i++)
        ends[i] = above_standard(ends[i]);
    if (ends[0] < 0 || ends[1] < 0) {
        os_error();
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    Process *process = make_process(&(WorkerArgs){ends[1], tasks, self->progress});
    bool listed = process && close_on_fork(ends[0]) == 0;
    int status = listed ? process_start(process) : -1;
    close(ends[1]);
    if (status < 0) {
        if (listed) close_on_fork_forget(ends[0]);
        close(ends[0]);
        process_free(process);
        return -1;
    }
    self->process = process;
    self->fd = ends[0];
    return 0;
}

int worker_end(Worker *self) {
    int code = 0;
    close_on_fork_forget(self->fd);
    close(self->fd);
    process_join(self->process, FOREVER);
    process_exitcode(self->process, &code);
    process_free(self->process);
    buffer_clear(&self->in);
    buffer_clear(&self->out);
    self->process = NULL;
    self->fd = -1;
    return code;
}

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

void fail_waiting(Pool *self, const Error *error) {
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
static bool pack(Pool *self, Worker *worker, AsyncResult *call, size_t chunk) {
    size_t first = chunk_begin(call, chunk), end = chunk_end(call, chunk), size = 0;
    for (size_t i = first; i < end; i++)
        size += sizeof(ItemHeader) + padded(call->items[i].size);
    ChunkHeader header = {call->function, ++self->serial, first, end - first, 0, size};
    char *at = buffer_reserve(&worker->out, sizeof header + size);
    if (!at) return false;
    worker->out.end += sizeof header + size;
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

static void deal_one(Pool *self, Worker *worker, AsyncResult *call) {
    size_t chunk = call->waiting;
    if (!pack(self, worker, call, chunk)) {
        chunk_failed(call, chunk, &(Error){.type = MemoryError});
        return;
    }
    Flight *flight = &worker->flights[(worker->oldest + worker->flying++) % FLIGHTS];
    *flight = (Flight){call, chunk, self->serial};
    call->chunk[chunk].state = SENT;
    if (worker->tasks_left != POOL_NONE) worker->tasks_left--;
}

/* Gives chunks to workers in turn, as far ahead as is good. */
static void deal(Pool *self) {
    double ahead = self->average > 0 ? AHEAD / self->average : 1;
    size_t limit = ahead < 1 ? 1 : ahead > FLIGHTS ? FLIGHTS : (size_t)ahead;
    AsyncResult *call = next_waiting(self);
    for (size_t depth = 0; call && depth < limit; depth++) {
        for (int i = 0; i < self->processes && call; i++) {
            Worker *worker = &self->workers[i];
            if (!worker->process || worker->flying > depth || worker->tasks_left == 0 ||
                worker->out.end - worker->out.begin >= 1 << 16) {
                continue;
            }
            deal_one(self, worker, call);
            call = next_waiting(self);
        }
    }
}

/* ---- What comes back -------------------------------------------------------------------------*/

void worker_lost(Pool *self, Worker *worker, const Error *reason) {
    uint64_t begun = worker->progress->serial, item = worker->progress->item;
    char name[128];
    snprintf(name, sizeof name, "%s", process_name(worker->process));
    process_kill(worker->process);
    int code = worker_end(worker);
    for (; worker->flying > 0; worker->flying--) {
        Flight flight = worker->flights[worker->oldest++ % FLIGHTS];
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
static void take_replies(Pool *self, Worker *worker) {
    Buffer *in = &worker->in;
    ReplyHeader reply;
    while (in->end - in->begin >= sizeof reply) {
        memcpy(&reply, in->data + in->begin, sizeof reply);
        if (in->end - in->begin < sizeof reply + reply.size) return;
        const char *at = in->data + in->begin + sizeof reply;
        Flight flight = worker->flights[worker->oldest++ % FLIGHTS];
        worker->flying--;
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

/* Moves what can be moved without waiting. False: the other side is gone. */
static bool send_some(Worker *self) {
    while (self->out.begin < self->out.end) {
        ssize_t sent = send(self->fd, self->out.data + self->out.begin,
                            self->out.end - self->out.begin, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
        self->out.begin += (size_t)sent;
    }
    return true;
}

/* The same for what has come; -1 with MemoryError, 0 gone, 1 still there. */
static int receive_some(Worker *self) {
    for (;;) {
        char *place = buffer_reserve(&self->in, READ_SIZE);
        if (!place) {
            error_no_memory();
            return -1;
        }
        ssize_t got = recv(self->fd, place, READ_SIZE, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (got == 0) return 0;
        self->in.end += (size_t)got;
        if (got < READ_SIZE) return 1;
    }
}

static void serve(Pool *self, Worker *worker) {
    int there = receive_some(worker);
    take_replies(self, worker);
    if (there > 0 && !send_some(worker)) there = 0;
    if (there < 0) { // no memory for a reply: its worker goes, and nothing else is harmed
        Error error = error_fetch();
        worker_lost(self, worker, &error);
    } else if (there == 0) {
        worker_lost(self, worker, NULL);
    }
}

/* ---- The loop --------------------------------------------------------------------------------*/

/* Fills empty places. -1 if there is not one worker. CPython: Pool._repopulate_pool(). */
static int repopulate(Pool *self) {
    int alive = 0;
    for (int i = 0; i < self->processes; i++) {
        Worker *worker = &self->workers[i];
        if (!worker->process && worker_start(worker, self->maxtasksperchild) == 0) {
            worker->tasks_left = self->maxtasksperchild;
            worker->oldest = worker->flying = 0;
        }
        alive += worker->process != NULL;
    }
    if (alive) error_clear();
    return alive ? 0 : -1;
}

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
        Worker *worker = &self->workers[i];
        bool full = false;
        if (worker->process) {
            send_some(worker); // if it has gone, poll() will say so
            full = worker->out.begin < worker->out.end;
        }
        self->polled[i] = (struct pollfd){
            .fd = worker->process ? worker->fd : -1,
            .events = (short)(POLLIN | (full ? POLLOUT : 0)),
        };
    }
    int ready = poll(self->polled, (nfds_t)self->processes, milliseconds_until(deadline));
    for (int i = 0; i < self->processes; i++) {
        Worker *worker = &self->workers[i];
        if (!worker->process) continue;
        if (ready > 0 && self->polled[i].revents) serve(self, worker);
        if (ready == 0 && !process_is_alive(worker->process)) serve(self, worker);
        if (ready == 0 && worker->process && !process_is_alive(worker->process)) {
            worker_lost(self, worker,
                        NULL); // its child holds the socket, so there was no end of file
        }
    }
}
