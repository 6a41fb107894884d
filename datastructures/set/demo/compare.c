/* compare.c: which lines do two files share? A set for each, and lookups in the other's. */
#include "parts.h"

typedef struct {
    const char *name;
    Object **items; // each different line once, in the file's order
    size_t count;
    Set *set;
} Lines;

static void lines_add(Lines *self, Object *line) {
    ssize_t before = set_size(self->set);
    must(set_add(self->set, need(line)));
    if (set_size(self->set) == before) { // seen already
        decref(line);
        return;
    }
    if ((self->count & (self->count - 1)) == 0) { // full at each power of two
        size_t capacity = self->count ? 2 * self->count : 1;
        Object **grown = realloc(self->items, capacity * sizeof *grown);
        if (!grown) need(error_no_memory());
        self->items = grown;
    }
    self->items[self->count++] = line;
}

/* 0, or 2 after a complaint. */
static int lines_read(Lines *self) {
    bool is_stdin = strcmp(self->name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(self->name, "r");
    if (!file)
        return usage_error(telling.demo->program, "cannot open '%s': %s", self->name,
                           strerror(errno));
    self->set = need(set_new(NULL));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while (errno = 0, (length = getline(&line, &capacity, file)) >= 0) {
        if (length > 0 && line[length - 1] == '\n') length--;
        lines_add(self, str_from_bytes(line, length));
    }
    int status = 0;
    if (ferror(file) || errno == ENOMEM) // of a line too long, which is not the end
        status =
            usage_error(telling.demo->program, "cannot read '%s': %s", self->name, strerror(errno));
    free(line);
    if (!is_stdin) fclose(file);
    return status;
}

static void lines_free(Lines *self) {
    for (size_t i = 0; i < self->count; i++)
        decref(self->items[i]);
    free(self->items);
    xdecref(self->set);
}

/* A headline, and under it, marked, the lines that are in `other` too (`wanted` 1) or are not (0).
 */
static void lines_print(const Lines *self, const char *headline, const Lines *other, int wanted,
                        char mark, bool count_only) {
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += set_contains(other->set, self->items[i]) == wanted;
    printf("%s%s", color("1"), headline);
    if (!wanted) putchar(' ');
    if (!wanted) write_visible(stdout, self->name);
    printf(": %zu line%s%s\n", count, count == 1 ? "" : "s", color("0"));
    for (size_t i = 0; i < self->count && !count_only; i++) {
        if (set_contains(other->set, self->items[i]) != wanted) continue;
        printf("%c ", mark);
        must(object_print(self->items[i], stdout, true));
        putchar('\n');
    }
}

int compare_files(const char *name_a, const char *name_b, bool count_only) {
    if (strcmp(name_a, "-") == 0 && strcmp(name_b, "-") == 0) {
        return usage_error(telling.demo->program,
                           "only one of the two files can be standard input");
    }
    Lines a = {.name = name_a}, b = {.name = name_b};
    int status = lines_read(&a);
    if (status == 0) status = lines_read(&b);
    if (status == 0) {
        lines_print(&a, "only in", &b, 0, '<', count_only);
        lines_print(&b, "only in", &a, 0, '>', count_only);
        lines_print(&a, "in both", &b, 1, '=', count_only);
    }
    lines_free(&a);
    lines_free(&b);
    return status;
}
