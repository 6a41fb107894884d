/* heapfile.c: reads a heap that was written down, and refuses what cannot be one. */
#include "heapfile.h"

#include <errno.h>
#include <inttypes.h>

#define NUMBER_LIMIT INT64_C(1000000000000000000) // what adds up without overflow

static int out_of_memory(void) {
    usage_error(telling.demo->program, "out of memory");
    return 1;
}

/* All of a stream and a final 0: NULL with errno. */
static char *read_all(FILE *in, size_t *size) {
    size_t room = 65536;
    char *text = malloc(room);
    for (*size = 0; text;) {
        *size += fread(text + *size, 1, room - 1 - *size, in);
        if (ferror(in) || *size < room - 1) break;
        char *grown = room <= SIZE_MAX / 2 ? realloc(text, room *= 2) : NULL;
        if (!grown) free(text);
        text = grown;
    }
    if (text && !ferror(in)) {
        text[*size] = '\0';
        return text;
    }
    int reason = text ? errno : ENOMEM;
    free(text);
    errno = reason;
    return NULL;
}

static char *skip_blanks(char *at) {
    return at + strspn(at, " \t");
}

/* A whole number at *at, which moves behind it: -1 if there is none, or one too large. */
static int64_t number(char **at) {
    int64_t value = 0;
    char *digit = *at;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (value > (NUMBER_LIMIT - (*digit - '0')) / 10) return -1;
        value = value * 10 + (*digit - '0');
    }
    if (digit == *at || !strchr(" \t:", *digit)) return -1;
    *at = skip_blanks(digit);
    return value;
}

#define wrong(self, line, ...)                                                                     \
    wrong_at(self, line, (snprintf(said, sizeof said, __VA_ARGS__), said))
static char said[160];

static int wrong_at(const HeapFile *self, long line, const char *what) {
    return usage_error(telling.demo->program, "%s, line %ld: %s", self->name, line, what);
}

static int no_number(const HeapFile *self, long line, const char *what, const char *at) {
    return wrong(self, line, "%s: a whole number up to 10^18 is needed, not '%.*s'", what,
                 (int)(strcspn(at, " \t:") < 40 ? strcspn(at, " \t:") : 40), at);
}

/* One line: 0, or an exit status. */
static int parse_line(HeapFile *self, char *at, long line) {
    Entry *entry = &self->entries[self->count];
    *entry = (Entry){.line = line, .first = self->referent_count};
    const char *begin = at;
    if ((entry->id = number(&at)) < 0) return no_number(self, line, "id", begin);
    entry->type = at;
    at += strcspn(at, " \t");
    if (at == entry->type || !*at) return wrong(self, line, "no type and size after the id");
    *at++ = '\0';
    at = skip_blanks(at);
    begin = at;
    int64_t size = number(&at);
    if (size < 0) return no_number(self, line, "size", begin);
    entry->size = (uint64_t)size;
    begin = at;
    if ((entry->refcount = number(&at)) < 0) return no_number(self, line, "refcount", begin);
    if (*at != ':') return wrong(self, line, "no ':' after the refcount");
    for (at = skip_blanks(at + 1); *at; entry->count++) {
        begin = at;
        int64_t id = number(&at);
        if (id < 0) return no_number(self, line, "a referent", begin);
        self->ids[self->referent_count++] = id;
    }
    self->count++;
    return 0;
}

/* How many there can be at most: lines, and words. */
static int make_room(HeapFile *self, size_t size) {
    size_t lines = 1, words = 1;
    for (size_t i = 0; i < size; i++) {
        lines += self->text[i] == '\n';
        words += self->text[i] == ' ' || self->text[i] == '\t' || self->text[i] == ':';
    }
    self->entries = calloc(lines, sizeof *self->entries);
    self->ids = calloc(words, sizeof *self->ids);
    self->referents = calloc(words > lines ? words : lines, sizeof *self->referents);
    return self->entries && self->ids && self->referents ? 0 : out_of_memory();
}

static int compare(const void *a, const void *b) {
    const Entry *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
                          : (x->line > y->line) - (x->line < y->line);
}

ssize_t heap_file_find(const HeapFile *self, int64_t id) {
    ssize_t low = 0, high = self->count;
    while (low < high) {
        ssize_t middle = low + (high - low) / 2;
        if (self->entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->count && self->entries[low].id == id ? low : -1;
}

/* From ids to entries; what does not fit together is told with its line. */
static int resolve(HeapFile *self) {
    qsort(self->entries, (size_t)self->count, sizeof *self->entries, compare);
    for (ssize_t i = 1; i < self->count; i++) {
        const Entry *entry = &self->entries[i];
        if (entry->id == entry[-1].id)
            return wrong(self, entry->line, "id %" PRId64 " is that of line %ld, too", entry->id,
                         entry[-1].line);
    }
    for (ssize_t i = 0; i < self->count; i++) {
        const Entry *entry = &self->entries[i];
        for (ssize_t k = entry->first; k < entry->first + entry->count; k++) {
            ssize_t referent = heap_file_find(self, self->ids[k]);
            if (referent < 0)
                return wrong(self, entry->line, "refers to %" PRId64 ", and no line has this id",
                             self->ids[k]);
            self->referents[k] = referent;
            self->entries[referent].internal++;
        }
    }
    for (ssize_t i = 0; i < self->count; i++) {
        const Entry *entry = &self->entries[i];
        if (entry->refcount < entry->internal)
            return wrong(self, entry->line,
                         "refcount %" PRId64 ", and %" PRId64 " references to it in the file",
                         entry->refcount, entry->internal);
    }
    return 0;
}

int heap_file_read(HeapFile *self, const char *name) {
    *self = (HeapFile){.name = name};
    bool standard = strcmp(name, "-") == 0;
    FILE *in = standard ? stdin : fopen(name, "rb");
    if (!in)
        return usage_error(telling.demo->program, "cannot open '%s': %s", name, strerror(errno));
    size_t size;
    self->text = read_all(in, &size);
    int reason = errno;
    if (!standard) fclose(in);
    if (!self->text && reason == ENOMEM) return out_of_memory();
    if (!self->text)
        return usage_error(telling.demo->program, "cannot read '%s': %s", name, strerror(reason));
    int status = make_room(self, size);
    char *at = self->text, *end = self->text + size;
    for (long line = 1; at < end && status == 0; line++) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *last = newline ? newline : end;
        char *next = newline ? newline + 1 : end;
        if (memchr(at, '\0', (size_t)(last - at))) return wrong(self, line, "a NUL byte");
        while (last > at && strchr(" \t\r", last[-1]))
            last--;
        *last = '\0';
        at = skip_blanks(at);
        if (*at && *at != '#') status = parse_line(self, at, line);
        at = next;
    }
    return status ? status : resolve(self);
}

void heap_file_free(HeapFile *self) {
    free(self->text);
    free(self->entries);
    free(self->ids);
    free(self->referents);
}
