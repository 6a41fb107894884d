/* merge.c: contextlib_demo on files: sorted files merged into one, all of them open at once.
 *
 * How many there are is known only when the program runs, so no with statement can be written for
 * each: each is entered on one ExitStack. If one cannot be opened, those before it are closed by the
 * stack, in reverse, and there is no line here that does it.
 */
#include "demo.h"

#include <signal.h>
#include <sys/stat.h>

/* ---- A file as a manager ---------------------------------------------------------------------*/

/* As Python's file objects are. */
typedef struct {
    Object ob;
    const char *name;  // borrowed
    FILE *file;        // NULL: not open
    char *line, *last; // getline()'s, and the line before
    size_t capacity, last_capacity;
    ssize_t size; // without a newline; -1: at its end
    size_t number;
    int order; // among the operands: equal lines come in this order
} Source;

static void source_dealloc(Object *op) {
    Source *self = (Source *)op;
    free(self->line);
    free(self->last);
    free(self);
}

static int cannot(const char *what, const char *name, int why) {
    return error_raise(why == ENOENT ? &FileNotFoundError_Type : &OSError_Type,
                       "cannot %s '%s': %s", what, name, strerror(why));
}

static Object *source_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Source *self = (Source *)op;
    (void)type, (void)value, (void)traceback;
    if (self->file && self->file != stdin) fclose(self->file); // read only: nothing can be lost
    self->file = NULL;
    return new_ref(None);
}

/* A directory can be opened, and only reading it fails: better said here. */
static Object *source_enter(Object *op) {
    Source *self = (Source *)op;
    self->file = strcmp(self->name, "-") == 0 ? stdin : fopen(self->name, "re");
    if (!self->file) {
        cannot("open", self->name, errno);
        return NULL;
    }
    struct stat status;
    if (fstat(fileno(self->file), &status) == 0 && S_ISDIR(status.st_mode)) {
        if (self->file != stdin) fclose(self->file);
        cannot("read", self->name, EISDIR);
        return NULL;
    }
    return new_ref(op);
}

static Type Source_Type = {TYPE("__main__.Source", NULL), .dealloc = source_dealloc,
                           .enter = source_enter, .exit = source_exit};

/* By bytes, as `LC_ALL=C sort` does. */
static int compare(const char *a, ssize_t size_a, const char *b, ssize_t size_b) {
    int order = memcmp(a, b, (size_t)(size_a < size_b ? size_a : size_b));
    return order ? order : (size_a > size_b) - (size_a < size_b);
}

/* Reads the next line: 0, or -1. Refuses one that is less than the line before. */
static int source_next(Source *self) {
    char *line = self->last;
    size_t capacity = self->last_capacity;
    ssize_t last_size = self->size;
    self->last = self->line, self->last_capacity = self->capacity;
    self->line = line, self->capacity = capacity;
    do {
        errno = 0;
        self->size = getline(&self->line, &self->capacity, self->file);
        if (self->size < 0 && errno == EINTR) clearerr(self->file);
    } while (self->size < 0 && errno == EINTR);
    if (self->size < 0) {
        if (errno == ENOMEM) return error_no_memory(), -1;
        return ferror(self->file) ? cannot("read", self->name, errno) : 0;
    }
    if (self->line[self->size - 1] == '\n') self->size--;
    if (self->number++ > 0 && compare(self->last, last_size, self->line, self->size) > 0)
        return error_raise(&ValueError_Type, "'%s' is not sorted: line %zu is less than line %zu",
                           self->name, self->number, self->number - 1);
    return 0;
}

/* ---- The merge: a heap, the least line on top ------------------------------------------------*/

static bool is_less(const Source *a, const Source *b) {
    int order = compare(a->line, a->size, b->line, b->size);
    return order ? order < 0 : a->order < b->order;
}

static void sift_down(Source **heap, int count, int at) {
    for (int child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_less(heap[child + 1], heap[child])) child++;
        if (!is_less(heap[child], heap[at])) return;
        Source *moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

static int merge(Source **heap, int count) {
    int used = 0;
    for (int i = 0; i < count; i++) {
        if (source_next(heap[i]) < 0) return -1;
        if (heap[i]->size >= 0) heap[used++] = heap[i];
    }
    for (int i = used / 2 - 1; i >= 0; i--)
        sift_down(heap, used, i);
    while (used > 0 && !ferror(stdout)) {
        fwrite(heap[0]->line, 1, (size_t)heap[0]->size, stdout);
        putchar('\n');
        if (source_next(heap[0]) < 0) return -1;
        if (heap[0]->size < 0) heap[0] = heap[--used];
        sift_down(heap, used, 0);
    }
    return 0;
}

/* ---- The program -----------------------------------------------------------------------------*/

/* How many descriptors are open. Each new one is the lowest that is free, so there is a bound. */
static int count_open(void) {
    int count = 0;
    for (int fd = 0; fd < 65536; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void say_count(int before, const char *when) {
    if (before < 0) return;
    fflush(stdout);
    fprintf(stderr, "%-22s %d more descriptors than before\n", when, count_open() - before);
}

/* Enters each file on the stack: all of them are open, or an exception is pending. */
static int enter_all(Object *stack, int count, char **names, Source **sources) {
    for (int i = 0; i < count; i++) {
        Source *self = object_new(&Source_Type, sizeof *self);
        if (!self) return -1;
        self->name = names[i];
        self->order = i;
        Object *entered = exitstack_enter_context(stack, OBJECT(self));
        decref(self); // the stack has its own reference
        if (!entered) return -1;
        sources[i] = self;
        decref(entered);
    }
    return 0;
}

/* Opens something in the place of standard input, output or error if that is closed, so that no
 * file of ours comes to be it; what reads or writes there fails as it would have. */
static void reserve_standard_descriptors(void) {
    int taken;
    while ((taken = open("/dev/null", fcntl(0, F_GETFD) < 0 ? O_WRONLY : O_RDONLY)) >= 0) {
        if (taken <= STDERR_FILENO) continue;
        close(taken);
        break;
    }
}

int demo_merge(int count, char **names, bool count_descriptors) {
    int from_stdin = 0;
    for (int i = 0; i < count; i++)
        from_stdin += strcmp(names[i], "-") == 0;
    if (from_stdin > 1)
        return usage_error(telling.demo->program, "standard input can be read only once");
    signal(SIGPIPE, SIG_DFL); // the reader went away: ends quietly, as `... | head` should
    reserve_standard_descriptors();
    Source **sources = calloc((size_t)count, sizeof(Source *));
    Object *stack = sources ? need(exitstack_new()) : need(error_no_memory());
    int before = count_descriptors ? count_open() : -1;
    WITH(w, stack, NULL) {
        int entered = enter_all(stack, count, names, sources);
        say_count(before, entered == 0 ? "all are entered:" : "one cannot be entered:");
        if (entered == 0) (void)merge(sources, count);
    }
    say_count(before, "the stack is left:");
    decref(stack);
    free(sources);
    Exception *exc = exception_fetch();
    if (!exc) return 0;
    fflush(stdout);
    bool no_memory = exception_matches(exc, &MemoryError_Type);
    usage_error(telling.demo->program, "%s", no_memory ? "out of memory" : exception_str(exc));
    decref(exc);
    return 1;
}
