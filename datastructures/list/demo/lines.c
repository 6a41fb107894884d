/* lines.c: what loading a file's lines into a list takes. */
#include "parts.h"

typedef struct {
    List *list;
    long resizes;
    double copied;       // references, if every resize moved
    double object_bytes; // of the strs
} Load;

/* Appends each line, without its newline, as a str. */
static void load_lines(Load *self, FILE *in) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while (errno = 0, (length = getline(&line, &capacity, in)) >= 0) {
        if (length > 0 && line[length - 1] == '\n') length--;
        Str *item = need(str_from_bytes(line, length));
        ssize_t before = self->list->allocated, size = self->list->size;
        must(list_append(self->list, OBJECT(item)));
        self->object_bytes += (double)(sizeof *item + ((size_t)item->length + 1) * item->kind);
        if (self->list->allocated != before) {
            self->resizes++;
            self->copied += (double)size;
        }
        decref(item);
    }
    int reason = errno;
    free(line);
    errno = reason;
}

static void report(const Load *self) {
    double size = (double)self->list->size, cells = (double)self->list->allocated;
    double block = (double)sizeof *self->list + cells * (double)sizeof self->list->items[0];
    double lines = size > 0 ? size : 1;
    printf("  lines                %14.0f\n", size);
    printf("  cells                %14.0f   %.1f%% spare\n", cells,
           cells > 0 ? 100 * (cells - size) / cells : 0);
    printf("  resizes              %14ld\n", self->resizes);
    printf("  references copied    %14.0f   %.2f a line, if every resize moved\n", self->copied,
           self->copied / lines);
    printf("  the list             %14.0f   bytes, %.2f a line\n", block, block / lines);
    printf("  its strs             %14.0f   bytes, %.2f a line\n", self->object_bytes,
           self->object_bytes / lines);
}

int load_file(int count, char **paths) {
    const char *path = paths[0];
    if (count > 1) return usage_error("list_demo", "an argument too many: '%s'", paths[1]);
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    if (!in) return usage_error("list_demo", "cannot open '%s': %s", path, strerror(errno));
    Load load = {.list = need(list_new(0))};
    errno = 0;
    load_lines(&load, in);
    int failed = ferror(in) || errno == ENOMEM ? errno : 0; // ENOMEM: a line too long
    if (!is_stdin) fclose(in);
    if (!failed) report(&load);
    decref(load.list);
    return failed ? usage_error("list_demo", "cannot read '%s': %s", path, strerror(failed)) : 0;
}
