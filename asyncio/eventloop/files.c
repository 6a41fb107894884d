/* files.c: the walk from the directory to a file, and what is remembered of it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // O_PATH
#endif
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#ifndef O_PATH
#define O_PATH O_RDONLY // where there is no descriptor that is only a place
#endif

enum {
    FILES_SLOTS = 256,
    PATH_LONGEST = 4096,
};
#define FILES_VALID 1.0 // seconds

struct Files {
    int root;
    double swept;             // when those that are too old were last let go of
    File *slots[FILES_SLOTS]; // by hash of the path; the next one with that hash takes the place
};

Files *files_new(const char *directory) {
    Files *files = calloc(1, sizeof *files);
    if (!files) return error_no_memory();
    files->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->root >= 0) return files;
    int number = errno;
    free(files);
    error_set_from_errno(number); // for its type
    error_set(error_occurred(), "[Errno %d] %s: '%s'", number, strerror(number), directory);
    return NULL;
}

void file_decref(File *file) {
    if (!file || --file->refcnt > 0) return;
    if (file->fd >= 0) close(file->fd);
    free(file->path);
    free(file);
}

void files_free(Files *files) {
    if (!files) return;
    for (int i = 0; i < FILES_SLOTS; i++)
        file_decref(files->slots[i]);
    close(files->root);
    free(files);
}

/* ---- The walk ---------------------------------------------------------------------------------*/

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Replaces each %NN; false for one that is broken, for a NUL or another control character. */
static bool path_decode(const char *path, size_t length, char *plain) {
    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)path[i];
        if (c == '%') {
            int high = i + 2 < length ? hex_digit(path[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
            if (low < 0) return false;
            c = high << 4 | low;
            i += 2;
        }
        if (c < 0x20 || c == 0x7F) return false;
        *plain++ = (char)c;
    }
    *plain = '\0';
    return true;
}

/* Opens a decoded path: -1 with errno. It is changed. */
static int path_walk(int root, char *path) {
    int at = root;
    for (char *name = path, *end;; name = end) {
        while (*name == '/')
            name++;
        end = name + strcspn(name, "/");
        bool last = *end == '\0';
        if (!last) *end++ = '\0';
        int next = -1;
        errno = ENOENT;
        if (*name != '.' && *name != '\0') // a FIFO without a writer would block: O_NONBLOCK
            next = openat(at, name,
                          O_NOFOLLOW | O_CLOEXEC |
                              (last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY));
        int number = errno;
        if (at != root) close(at);
        errno = number;
        if (next < 0 || last) return next;
        at = next;
    }
}

static const char *path_type(const char *path) {
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".htm", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".pdf", "application/pdf"},
        {".wasm", "application/wasm"},
    };
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t its = strlen(types[i].ending);
        if (length > its && strcmp(path + length - its, types[i].ending) == 0) return types[i].type;
    }
    return "application/octet-stream";
}

/* ---- What is remembered -----------------------------------------------------------------------*/

/* Reads a small file; false if it is shorter by now, or cannot be read. */
static bool file_read(File *file, int fd) {
    for (size_t at = 0; at < file->size;) {
        ssize_t got = pread(fd, file->body + at, file->size - at, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

/* Takes over the descriptor. A status of HTTP. */
static int file_new(File **file, int fd, const char *path, size_t length, const char *plain,
                    double now) {
    struct stat about;
    int status = fstat(fd, &about) < 0    ? 503
                 : S_ISDIR(about.st_mode) ? 301
                 : S_ISREG(about.st_mode) ? 200
                                          : 404;
    File *found = NULL;
    if (status == 200) {
        bool small = about.st_size <= FILE_BODY_MAX;
        found = malloc(sizeof *found + (small ? (size_t)about.st_size : 0));
        char *copy = found ? malloc(length + 1) : NULL;
        if (!copy) {
            free(found);
            close(fd);
            return 503;
        }
        memcpy(copy, path, length);
        copy[length] = '\0';
        *found = (File){.refcnt = 1,
                        .fd = small ? -1 : fd,
                        .size = (size_t)about.st_size,
                        .modified = about.st_mtime,
                        .type = path_type(plain),
                        .looked = now,
                        .path = copy};
        if (small && !file_read(found, fd)) {
            file_decref(found);
            found = NULL;
            status = 503;
        }
    }
    if (!found || found->fd < 0) close(fd);
    *file = found;
    return status;
}

/* Lets go of what was looked at before `when`: descriptors are scarce, and a deleted file that is open
 * keeps its blocks. */
static void files_sweep(Files *files, double when) {
    for (int i = 0; i < FILES_SLOTS; i++) {
        if (!files->slots[i] || files->slots[i]->looked >= when) continue;
        file_decref(files->slots[i]);
        files->slots[i] = NULL;
    }
}

static bool is_scarce(int number) {
    return number == EMFILE || number == ENFILE || number == ENOMEM;
}

int files_get(Files *files, const char *path, size_t length, double now, File **file) {
    uint32_t hash = 2166136261U; // FNV-1a
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619U;
    if (now - files->swept >= FILES_VALID) files_sweep(files, (files->swept = now) - FILES_VALID);
    File **slot = &files->slots[(hash ^ hash >> 16) % FILES_SLOTS];
    *file = *slot;
    if (*slot && now - (*slot)->looked < FILES_VALID && strlen((*slot)->path) == length &&
        memcmp((*slot)->path, path, length) == 0)
        return 200;

    char plain[PATH_LONGEST + sizeof "index.html"];
    if (length == 0 || path[0] != '/') return 400;
    if (length > PATH_LONGEST) return 404;
    if (!path_decode(path, length, plain)) return 400;
    size_t plain_length = strlen(plain);
    if (plain[plain_length - 1] == '/')
        memcpy(plain + plain_length, "index.html", sizeof "index.html");
    char walked[sizeof plain];
    memcpy(walked, plain, sizeof plain);
    int fd = path_walk(files->root, walked);
    if (fd < 0 && is_scarce(errno)) { // perhaps it is what is remembered that takes them all
        files_sweep(files, now + FILES_VALID);
        memcpy(walked, plain, sizeof plain);
        fd = path_walk(files->root, walked);
    }
    if (fd < 0) return is_scarce(errno) ? 503 : 404;
    int status = file_new(file, fd, path, length, plain, now);
    if (status != 200) return status;
    file_decref(*slot);
    *slot = *file;
    return 200;
}
