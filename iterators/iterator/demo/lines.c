/* lines.c: iterator_demo on files: a pipeline of iterators from a file to the terminal.
 *
 * Nothing is stored: each line is read when the loop at the end asks for it, so a file of any size
 * takes the memory of one line, and an endless pipe ends when the loop does.
 */
#include "demo.h"

#include <signal.h>
#include <sys/stat.h>

/* ---- A file as an iterator over its lines ----------------------------------------------------*/

/* CPython: Modules/_io/bufferedio.c; a file object is its own iterator, so the second loop over it
 * goes on where the first one stopped. */
typedef struct {
    Object ob;
    FILE *file;
    const char *name; // borrowed
    char *line;       // getline()'s buffer
    size_t capacity;
} Lines;

static void lines_dealloc(Object *op) {
    Lines *self = (Lines *)op;
    if (self->file != stdin) fclose(self->file);
    free(self->line);
    free(self);
}

/* The next line without its newline, whatever bytes are in it. */
static Object *lines_next(Object *op) {
    Lines *self = (Lines *)op;
    ssize_t size;
    do {
        errno = 0;
        size = getline(&self->line, &self->capacity, self->file);
        if (size < 0 && errno == EINTR) clearerr(self->file);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        if (errno == ENOMEM) {
            error_no_memory();
        } else if (ferror(self->file)) {
            error_set(OSError, "cannot read '%s': %s", self->name, strerror(errno));
        }
        return NULL;
    }
    if (self->line[size - 1] == '\n') size--;
    return str_from_utf8(self->line, size);
}

static const Type Lines_Type = {
    .name = "Lines",
    .dealloc = lines_dealloc,
    .iter = object_self_iter,
    .iternext = lines_next,
};

/* An iterator over the lines of a file, "-" being standard input. NULL with OSError. */
static Object *lines_new(const char *name) {
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (!file) {
        error_set(OSError, "cannot open '%s': %s", name, strerror(errno));
        return NULL;
    }
    // A directory can be opened, and only reading it fails: better said before the first line.
    struct stat status;
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        error_set(OSError, "cannot read '%s': %s", name, strerror(EISDIR));
        if (file != stdin) fclose(file);
        return NULL;
    }
    Lines *self = need(object_new(&Lines_Type, sizeof *self));
    self->file = file;
    self->name = name;
    self->line = NULL;
    self->capacity = 0;
    return OBJECT(self);
}

/* ---- The pipeline ----------------------------------------------------------------------------*/

/* Whether the text that is the closure occurs in a line. */
static Object *contains(Object *closure, Object *const *args, ssize_t nargs) {
    (void)nargs;
    const Str *text = (Str *)closure, *line = (Str *)args[0];
    const char *at = line->utf8, *end = line->utf8 + line->size;
    bool found = text->size == 0;
    for (; !found && end - at >= text->size; at++)
        found = memcmp(at, text->utf8, (size_t)text->size) == 0;
    return new_ref(found ? True : False);
}

static void write_str(Object *op) {
    const Str *str = (Str *)op;
    fwrite(str->utf8, 1, (size_t)str->size, stdout);
}

/* What ended a loop: 0, or 1 with a complaint. */
static int status_of_loop(void) {
    if (!error_occurred()) return 0;
    const char *message = error_matches(MemoryError) ? "out of memory" : error_message();
    usage_error(telling.demo->program, "%s", message); // which escapes what a file's name may hold
    error_clear();
    return 1;
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

/* All files are opened before the first line is printed, so that a wrong name spoils no output. */
static Tuple *open_all(int count, char **names) {
    signal(SIGPIPE, SIG_DFL); // the reader went away: ends quietly, as `... | head` should
    reserve_standard_descriptors();
    Tuple *files = need(tuple_new(count));
    for (int i = 0; files && i < count; i++) {
        files->items[i] = lines_new(names[i]);
        if (!files->items[i]) clear_ref(files);
    }
    if (!files) {
        usage_error(telling.demo->program, "%s", error_message());
        error_clear();
    }
    return files;
}

/* for number, line in enumerate(islice(filter(grep, chain(*files)), head), 1):
 *     print(number, line) */
int demo_lines(int count, char **names, int64_t head, const char *grep) {
    Tuple *files = open_all(count, names);
    if (!files) return 2;
    Object *lines = need(chain_from_iterable(OBJECT(files)));
    decref(files);
    if (grep) {
        Object *text = need(str_from_string(grep));
        Object *test = need(function_new("contains", contains, text));
        Object *kept = need(filter_new(test, lines));
        decref(text);
        decref(test);
        decref(lines);
        lines = kept;
    }
    Object *slice = need(islice_new(lines, 0, head, 1));
    Object *numbered = need(enumerate_new(slice, 1)), *pair;
    decref(lines);
    decref(slice);
    FOR(pair, numbered) {
        Tuple *both = (Tuple *)pair;
        printf("%6" PRId64 "  ", int_as_long(both->items[0]));
        write_str(both->items[1]);
        if (putchar('\n') == EOF || ferror(stdout)) break;
    }
    decref(numbered);
    return status_of_loop();
}

/* for left, right in zip(a, b, strict=True): print(left, right, sep='\t') */
int demo_zip(char **names) {
    Tuple *files = open_all(2, names);
    if (!files) return 2;
    Object *pairs = need(zip_new(files->items, 2, true)), *pair;
    decref(files);
    FOR(pair, pairs) {
        write_str(((Tuple *)pair)->items[0]);
        putchar('\t');
        write_str(((Tuple *)pair)->items[1]);
        if (putchar('\n') == EOF || ferror(stdout)) break;
    }
    decref(pairs);
    return status_of_loop();
}
