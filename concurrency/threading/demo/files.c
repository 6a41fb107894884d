/* demo_files.c: real work for threads: counting many files, with a Lock for the list of what is
 * left to do and a Semaphore for how many files may be open. */
#include "demo.h"

#include <ctype.h>
#include <errno.h>

typedef struct {
    const char *path;
    unsigned long long lines, words, bytes;
    int error; // errno of what failed, or 0
    bool opened;
} File;

typedef struct {
    File *files;
    size_t count, next; // next: the first that nobody has taken; guarded by lock
    Lock lock;
    Semaphore open;
} Job;

static void count_stream(File *file, FILE *stream) {
    static _Thread_local unsigned char block[1 << 16];
    bool in_word = false;
    for (size_t size; (size = fread(block, 1, sizeof block, stream)) > 0;) {
        file->bytes += size;
        for (size_t i = 0; i < size; i++) {
            bool space = isspace(block[i]) != 0;
            file->lines += block[i] == '\n';
            file->words += !space && !in_word;
            in_word = !space;
        }
    }
    if (ferror(stream)) file->error = errno;
}

static void count_file(File *file) {
    bool standard = strcmp(file->path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(file->path, "rb");
    if (!stream) {
        file->error = errno;
        return;
    }
    file->opened = true;
    count_stream(file, stream);
    if (!standard) fclose(stream);
}

/* Takes the next file, until there is none. */
static int count_some(void *op) {
    Job *job = op;
    for (;;) {
        lock_acquire(&job->lock, true, -1);
        File *file = job->next < job->count ? &job->files[job->next++] : NULL;
        lock_release(&job->lock);
        if (!file) return 0;
        semaphore_acquire(&job->open, true, FOREVER);
        count_file(file);
        semaphore_release(&job->open, 1);
    }
}

static int report(const Job *job) {
    File total = {.path = "total"};
    int status = 0;
    printf("%9s %9s %11s  file\n", "lines", "words", "bytes");
    for (size_t i = 0; i < job->count; i++) {
        const File *file = &job->files[i];
        if (file->error) {
            fflush(stdout);
            fprintf(stderr, "%s: cannot %s '%s': %s\n", PROGRAM, file->opened ? "read" : "open",
                    file->path, strerror(file->error));
            status = 2;
            continue;
        }
        printf("%9llu %9llu %11llu  %s\n", file->lines, file->words, file->bytes, file->path);
        total.lines += file->lines;
        total.words += file->words;
        total.bytes += file->bytes;
    }
    if (job->count > 1) {
        printf("%9llu %9llu %11llu  %s\n", total.lines, total.words, total.bytes, total.path);
    }
    return status;
}

int count_files(char **paths, size_t count, size_t threads, ssize_t open) {
    Job job = {.count = count};
    job.files = calloc(count, sizeof *job.files);
    Thread **workers = calloc(threads, sizeof *workers);
    if (!job.files || !workers) need(error_no_memory());
    for (size_t i = 0; i < count; i++)
        job.files[i].path = paths[i];
    if (semaphore_init(&job.open, open) < 0) need(NULL);
    for (size_t t = 0; t < threads; t++)
        workers[t] = start(TARGET(count_some), &job);
    for (size_t t = 0; t < threads; t++)
        join(workers[t]);
    int status = report(&job);
    free(workers);
    free(job.files);
    return status;
}
