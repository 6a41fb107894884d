/* pipeline.c: lines, strip, grep, field, head: each a generator that holds one line at a time.
 *
 * Nothing is read before the last stage asks; the last stage asks no more than it prints. So memory
 * is one line a stage, whatever the file's size, and an endless pipe ends when enough has been
 * seen. Only `top` must remember: one entry for each different text.
 */
#define _GNU_SOURCE // memmem
#include "../../../common/demo.h"

#include "../generator.h"
#include "pipeline.h"

#include <signal.h>

Pipeline pipeline;

typedef struct {
    Object *source, *item; // the stage before, the line in hand
    FILE *file;
    char *line;
    size_t capacity;
    long n;
} Stage;

/* def lines(file):
 *     try:
 *         for line in file:
 *             yield line
 *     finally: free the buffer */
static Object *lines_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    TRY {
        while (errno = 0, (local->n = getline(&local->line, &local->capacity, local->file)) >= 0) {
            YIELD(str_from_utf8(local->line, (ssize_t)local->n));
        }
        if (errno == ENOMEM) return error_no_memory(); // a line too long: not the end
        if (ferror(local->file)) {
            error_set(OSError, "%s", strerror(errno));
            return NULL;
        }
    }
    FINALLY {
        free(local->line); // not the C library's to collect
        local->line = NULL;
    }
    END_FINALLY;
    END;
}

/* def stripped(source):  return (line.rstrip('\n') for line in source) */
static Object *stripped_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    FOR_EACH(local->item, local->source) {
        const Str *line = (Str *)local->item;
        ssize_t size = line->size;
        if (size > 0 && line->utf8[size - 1] == '\n') size--;
        YIELD(size == line->size ? new_ref(line) : str_from_utf8(line->utf8, size));
    }
    END;
}

/* def grep(source, text):  return (line for line in source if text in line) */
static Object *grep_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    FOR_EACH(local->item, local->source) {
        const Str *line = (Str *)local->item;
        bool found = memmem(line->utf8, (size_t)line->size, pipeline.grep, strlen(pipeline.grep));
        if (found) YIELD(new_ref(line));
    }
    END;
}

/* How many bytes the whitespace at `at` takes, 0 if there is none. It is what str.isspace() is true
 * of. CPython: Py_UNICODE_ISSPACE(), made from Unicode's data. */
static size_t space_size(const char *at, const char *end) {
    static const char wide[][4] = {"\xC2\x85", "\u00A0", "\u1680", "\u2000", "\u2001",
                                   "\u2002",   "\u2003", "\u2004", "\u2005", "\u2006",
                                   "\u2007",   "\u2008", "\u2009", "\u200A", "\u2028",
                                   "\u2029",   "\u202F", "\u205F", "\u3000"};
    unsigned char c = (unsigned char)*at;
    if (c < 0x80) return (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= ' ');
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t size = strlen(wide[i]);
        if ((size_t)(end - at) >= size && memcmp(at, wide[i], size) == 0) return size;
    }
    return 0;
}

/* Where what separates fields begins, `end` if nowhere, and how many bytes it takes. */
static const char *find_separator(const char *at, const char *end, size_t *size) {
    const char *sep = pipeline.sep;
    *size = sep ? strlen(sep) : 0;
    if (sep) {
        const char *found = memmem(at, (size_t)(end - at), sep, *size);
        return found ? found : end;
    }
    while (at < end && (*size = space_size(at, end)) == 0)
        at++;
    return at;
}

/* Field k of line.split(sep); an empty one may be there, a NULL `from` says that none is. */
static void find_field(const Str *line, long k, const char **from, const char **to) {
    const char *at = line->utf8, *end = at + line->size;
    size_t skip;
    for (;; k--) {
        while (!pipeline.sep && at < end && (skip = space_size(at, end)))
            at += skip; // runs of whitespace count once, and not at either end
        *from = !pipeline.sep && at == end ? NULL : at;
        if (!*from) return;
        *to = find_separator(at, end, &skip);
        if (k == 1) return;
        if (*to == end) break;
        at = *to + skip;
    }
    *from = NULL;
}

/* def field(source, k, sep):  a line with fewer fields is left out */
static Object *field_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    FOR_EACH(local->item, local->source) {
        const Str *line = (Str *)local->item;
        const char *from, *to;
        find_field(line, pipeline.field, &from, &to);
        if (from) YIELD(str_from_utf8(from, to - from));
    }
    END;
}

/* def head(source, n): */
static Object *head_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    FOR_EACH(local->item, local->source) {
        YIELD(new_ref(local->item));
        if (++local->n == pipeline.head) RETURN(new_ref(None)); // asks for no line too many
    }
    END;
}

static const Code lines_code = {"lines", lines_run, sizeof(Stage), 2, 1};
static const Code stripped_code = {"stripped", stripped_run, sizeof(Stage), 2, 0};
static const Code grep_code = {"grep", grep_run, sizeof(Stage), 2, 0};
static const Code field_code = {"field", field_run, sizeof(Stage), 2, 0};
static const Code head_code = {"head", head_run, sizeof(Stage), 2, 0};

/* A file's lines through the stages that are asked for; NULL with MemoryError. */
static Object *pipeline_new(FILE *file) {
    const struct {
        bool wanted;
        const Code *code;
    } stages[] = {{true, &lines_code},
                  {true, &stripped_code},
                  {pipeline.grep, &grep_code},
                  {pipeline.field, &field_code},
                  {pipeline.head, &head_code}};
    Object *last = NULL;
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (!stages[i].wanted) continue;
        Object *stage = generator_new(stages[i].code, &(Stage){.source = last, .file = file});
        xdecref(last); // the new stage has it
        last = stage;
        if (!last) break;
    }
    return last;
}

/* ---- What is done with them ------------------------------------------------------------------*/

typedef struct {
    Object *text; // NULL: a free slot
    long count;
} Entry;

typedef struct {
    Entry *entries;
    size_t size, used; // size a power of two, or 0
} Counter;

static Entry *counter_find(const Counter *self, const Str *text) {
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    for (ssize_t i = 0; i < text->size; i++)
        hash = (hash ^ (uint8_t)text->utf8[i]) * UINT64_C(1099511628211);
    for (size_t i = (size_t)hash & (self->size - 1);; i = (i + 1) & (self->size - 1)) {
        Entry *entry = &self->entries[i];
        const Str *other = (Str *)entry->text;
        if (!other) return entry;
        if (other->size != text->size) continue;
        if (memcmp(other->utf8, text->utf8, (size_t)text->size) == 0) return entry;
    }
}

static int counter_grow(Counter *self) {
    Counter grown = {.size = self->size ? self->size * 2 : 64, .used = self->used};
    grown.entries = calloc(grown.size, sizeof *grown.entries);
    if (!grown.entries) {
        error_no_memory();
        return -1;
    }
    for (size_t i = 0; i < self->size; i++) {
        if (self->entries[i].text) {
            *counter_find(&grown, (Str *)self->entries[i].text) = self->entries[i];
        }
    }
    free(self->entries);
    *self = grown;
    return 0;
}

/* Counts one more of this text; takes the reference. */
static int counter_add(Counter *self, Object *text) {
    if (self->used * 3 >= self->size * 2 && counter_grow(self) < 0) {
        decref(text);
        return -1;
    }
    Entry *entry = counter_find(self, (Str *)text);
    entry->count++;
    if (entry->text) {
        decref(text);
    } else {
        entry->text = text;
        self->used++;
    }
    return 0;
}

/* Most frequent first, then by bytes; free slots last. */
static int compare_entries(const void *left, const void *right) {
    const Entry *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    if (!a->text) return 0;
    const Str *s = (Str *)a->text, *t = (Str *)b->text;
    int order = memcmp(s->utf8, t->utf8, (size_t)(s->size < t->size ? s->size : t->size));
    return order ? order : (s->size > t->size) - (s->size < t->size);
}

static bool print_line(const Str *line) {
    fwrite(line->utf8, 1, (size_t)line->size, stdout);
    putchar('\n');
    return !ferror(stdout);
}

static void counter_finish(Counter *self, long top) {
    if (self->size) qsort(self->entries, self->size, sizeof *self->entries, compare_entries);
    for (size_t i = 0; i < self->used; i++) {
        if ((long)i < top) {
            printf("%7ld  ", self->entries[i].count);
            print_line((Str *)self->entries[i].text);
        }
        decref(self->entries[i].text);
    }
    free(self->entries);
}

/* Pulls one file's pipeline to its end. 0, or -1 with an error set. */
static int pull(FILE *file, Counter *counter, long *count) {
    Object *lines = pipeline_new(file), *line;
    if (!lines) return -1;
    bool going = true;
    while (going && (line = iter_next(lines))) {
        ++*count;
        if (pipeline.top) {
            going = counter_add(counter, line) == 0;
            continue;
        }
        if (!pipeline.count) going = print_line((Str *)line);
        decref(line);
    }
    decref(lines); // closed where it stands: the `finally` of lines() runs
    return error_occurred() ? -1 : 0;
}

/* The same for a file by its name; 0, or 1 after a complaint. */
static int pull_path(const char *path, Counter *counter, long *count) {
    const char *program = telling.demo->program;
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    if (!file) {
        usage_error(program, "cannot open '%s': %s", path, strerror(errno));
        return 1;
    }
    int status = pull(file, counter, count) < 0;
    if (!is_stdin) fclose(file);
    if (error_matches(OSError)) {
        usage_error(program, "cannot read '%s': %s", path, error_message());
    } else if (status) {
        usage_error(program, "%s", error_name(error_occurred()));
    }
    error_clear();
    return status;
}

int pipeline_main(int npaths, char **paths) {
    const char *program = telling.demo->program;
    if (npaths == 0) return usage_error(program, "no FILE to read; see --help");
    if (pipeline.sep && !*pipeline.sep) return usage_error(program, "--sep cannot be ''");
    if (pipeline.sep && !pipeline.field) return usage_error(program, "--sep is for --field");
    if (pipeline.count && pipeline.top) {
        return usage_error(program, "'--count' and '--top' exclude each other");
    }
    signal(SIGPIPE, SIG_DFL); // whoever reads us has seen enough: end without a word
    Counter counter = {0};
    long count = 0;
    int status = 0;
    for (int i = 0; i < npaths && status == 0; i++)
        status = pull_path(paths[i], &counter, &count);
    counter_finish(&counter, status ? 0 : pipeline.top);
    if (pipeline.count && status == 0) printf("%ld\n", count);
    return status;
}
