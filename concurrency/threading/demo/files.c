/* files.c: real work for threads: counting many files, with a Lock for the list of what is left to
 * do and a Semaphore for how many files may be open. */
#include "demo.h"

#include <ctype.h>

static long threads = 4, open_at_once = 2;

const Option file_options[] = {
    {"--threads", "N", "how many threads count; 4", .number = &threads, .low = 1, .high = 1000},
    {"--open", "N", "how many files may be open; 2", .number = &open_at_once, .low = 1,
     .high = 1000},
    {0},
};

typedef struct {
    const char *path;
    unsigned long long lines, words, bytes;
    const char *failed; // "open", "read", or NULL
    int error;          // errno of that
} File;

typedef struct {
    File *files;
    int count, next; // next: the first that nobody has taken; guarded by lock
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
    if (!ferror(stream)) return;
    file->failed = "read";
    file->error = errno;
}

static void count_file(File *file) {
    bool standard = strcmp(file->path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(file->path, "rb");
    if (!stream) {
        file->failed = "open";
        file->error = errno;
        return;
    }
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

static void print_row(const File *file) {
    printf("%9llu %9llu %11llu  ", file->lines, file->words, file->bytes);
    write_visible(stdout, file->path);
    putchar('\n');
}

/* Returns the exit status. */
static int report(const Job *job) {
    File total = {.path = "total"};
    int status = 0;
    printf("%9s %9s %11s  file\n", "lines", "words", "bytes");
    for (int i = 0; i < job->count; i++) {
        const File *file = &job->files[i];
        if (file->failed) {
            usage_error(telling.demo->program, "cannot %s '%s': %s", file->failed, file->path,
                        strerror(file->error));
            status = 1;
            continue;
        }
        print_row(file);
        total.lines += file->lines;
        total.words += file->words;
        total.bytes += file->bytes;
    }
    if (job->count > 1) print_row(&total);
    return status;
}

/* Where a standard descriptor is closed, the next file would be opened as stdin or stdout. */
static void reserve_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int count_files(int count, char **paths) {
    if (count == 0) return usage_error(telling.demo->program, "no files to count; see --help");
    reserve_standard_descriptors();
    Job job = {.count = count, .files = calloc((size_t)count, sizeof *job.files)};
    Thread **workers = calloc((size_t)threads, sizeof *workers);
    if (!job.files || !workers) need(error_no_memory());
    for (int i = 0; i < count; i++)
        job.files[i].path = paths[i];
    must(semaphore_init(&job.open, open_at_once));
    for (long t = 0; t < threads; t++)
        workers[t] = start(TARGET(count_some), &job);
    for (long t = 0; t < threads; t++)
        join(workers[t]);
    int status = report(&job);
    free(workers);
    free(job.files);
    return status;
}
