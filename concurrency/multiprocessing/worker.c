/* worker.c: the worker's side of a pool, and moving bytes between the two sides. See worker.h for
 * why one socket pair a worker is enough. CPython: Lib/multiprocessing/pool.py, worker().
 *
 * The worker reads as much as has come and works it off before it reads again; each chunk's reply
 * is written before the next begins, so a finished chunk is never lost with its worker.
 */
#include "worker.h"

#include <errno.h>
#include <sys/socket.h>

enum { READ_SIZE = 1 << 16 }; // what a socket holds by default is three times as much

char *buffer_reserve(Buffer *self, size_t size) {
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

void buffer_clear(Buffer *self) {
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

/* ---- In the worker ---------------------------------------------------------------------------*/

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
    for (uint64_t i = 0; i < chunk->count; i++) {
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

/* ---- In the parent ---------------------------------------------------------------------------*/

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
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return error_set(OSError, "[Errno %d] %s", errno, strerror(errno));
    }
    self->progress->serial = 0;
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

int worker_end(Worker *self, bool kill) {
    int code = 0;
    if (kill) process_kill(self->process);
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

bool worker_send(Worker *self) {
    while (self->out.begin < self->out.end) {
        ssize_t sent = send(self->fd, self->out.data + self->out.begin,
                            self->out.end - self->out.begin, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
        self->out.begin += (size_t)sent;
    }
    return true;
}

int worker_receive(Worker *self) {
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
