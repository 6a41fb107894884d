/* rows.c: slots_demo FILE.csv: real rows as instances, in each of the ways.
 *
 * The first line has the names. The values are made once and shared by all ways, so what differs is
 * what it takes to hold on to them: bytes of the instances, and time to make them and to read them.
 */
#include "demo.h"

#include <ctype.h>

enum { COLUMNS = 100 };

typedef struct {
    int columns;
    Str *names[COLUMNS];
    size_t count, room;
    Object *(*rows)[COLUMNS]; // NULL where a row is shorter
} Rows;

/* ---- The file ---------------------------------------------------------------------------------*/

/* Cuts one field off the text, which it changes: quoted, with "" for a quote, or up to the comma.
 * *rest is NULL after the last one. NULL if the quotes are wrong. */
static char *cut_field(char *text, char **rest) {
    char *to = text, *from = text;
    bool quoted = *from == '"';
    if (quoted) from++;
    for (;; from++) {
        if (*from == '\0' && quoted) return NULL;
        if (quoted && *from == '"' && *++from != '"') quoted = false; // and what follows it
        if (!quoted && (*from == ',' || *from == '\0')) break;
        *to++ = *from;
    }
    *rest = *from ? from + 1 : NULL;
    *to = '\0';
    return text;
}

/* An int where all of it is one that fits, else a str. */
static Object *value_of(const char *text) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool whole = *text && !*end && errno == 0 && !isspace((unsigned char)*text) && *text != '+';
    return need(whole ? int_from_long(number) : str_from_string(text));
}

/* What may be an attribute of a column's title: it begins with the first letter or digit, other
 * characters become _, and a name that is there already gets its column's number. */
static Str *name_of(const Rows *rows, const char *title, int column) {
    char name[80] = "";
    size_t n = 0;
    while (*title && !isalnum((unsigned char)*title) && (unsigned char)*title < 0x80)
        title++;
    if (isdigit((unsigned char)*title)) name[n++] = '_';
    for (; *title && n < 60; title++)
        name[n++] = isalnum((unsigned char)*title) || (unsigned char)*title >= 0x80 ? *title : '_';
    name[n] = '\0';
    bool taken = n == 0;
    for (int i = 0; i < rows->columns; i++)
        taken |= strcmp(rows->names[i]->text, name) == 0;
    if (taken) snprintf(name + n, sizeof name - n, "_%d", column + 1);
    return need(str_intern(name));
}

/* Takes one line; 0, or 2 with a complaint. */
static int take_line(Rows *rows, char *text, const char *path, size_t number) {
    int column = 0;
    Object **row = rows->rows[rows->count];
    rows->count += number > 1; // also if what follows is refused: then it is dropped with the rest
    for (char *rest = text; rest; column++) {
        char *field = cut_field(rest, &rest);
        if (!field)
            return usage_error("slots_demo", "%s, line %zu: a quote without its end", path, number);
        if (column == COLUMNS || (number > 1 && column == rows->columns))
            return usage_error("slots_demo", "%s, line %zu: more than %d fields", path, number,
                               column);
        if (number > 1) {
            row[column] = value_of(field);
        } else {
            rows->names[column] = name_of(rows, field, column);
            rows->columns++;
        }
    }
    return 0;
}

static int read_rows(Rows *rows, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return usage_error("slots_demo", "cannot read '%s': %s", path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0, number = 0;
    int status = 0;
    for (ssize_t n; status == 0 && (errno = 0, n = getline(&line, &capacity, file)) >= 0;) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = '\0';
        number++;
        if (strlen(line) != (size_t)n) {
            status = usage_error("slots_demo", "%s, line %zu: a NUL", path, number);
            break;
        }
        if (n == 0 && number > 1) continue;
        if (rows->count == rows->room) {
            rows->room = rows->room ? rows->room * 2 : 64;
            void *grown = realloc(rows->rows, rows->room * sizeof *rows->rows);
            rows->rows = need(grown ? grown : error_no_memory());
        }
        memset(rows->rows[rows->count], 0, sizeof *rows->rows);
        status = take_line(rows, line, path, number);
    }
    if (status == 0 && errno) // of getline(): a file that is none, or no memory for a line
        status = usage_error("slots_demo", "cannot read '%s': %s", path, strerror(errno));
    if (status == 0 && rows->columns == 0)
        status = usage_error("slots_demo", "'%s' has no line of names", path);
    free(line);
    fclose(file);
    return status;
}

/* ---- The instances ----------------------------------------------------------------------------*/

/* Makes all rows, reads the last column of each, drops them; *made and *read are nanoseconds, the
 * least of all rounds. Returns the bytes of all instances. */
static ssize_t round_of(const Rows *rows, Type *type, Object **kept, uint64_t *made,
                        uint64_t *read) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < rows->count; i++) {
        kept[i] = need(type->alloc(type, 0));
        for (int c = 0; c < rows->columns; c++) {
            Object *value = rows->rows[i][c];
            if (value) must(object_setattr(kept[i], rows->names[c], value));
        }
    }
    uint64_t between = clock_now();
    for (size_t i = 0; i < rows->count; i++) {
        Object *value = object_getattr(kept[i], rows->names[rows->columns - 1]);
        if (!value) error_clear(); // a shorter row
        xdecref(value);
    }
    uint64_t end = clock_now();
    if (between - start < *made) *made = between - start;
    if (end - between < *read) *read = end - between;
    ssize_t bytes = 0;
    for (size_t i = 0; i < rows->count; i++) {
        bytes += object_footprint(kept[i]);
        decref(kept[i]);
    }
    return bytes;
}

static void report(const Rows *rows, const Way *way) {
    const char *names[COLUMNS];
    for (int c = 0; c < rows->columns; c++)
        names[c] = rows->names[c]->text;
    Type *type = need(class_of_way("Row", way, rows->columns, names));
    Object **kept = calloc(rows->count + 1, sizeof *kept);
    if (!kept) need(error_no_memory());
    uint64_t made = UINT64_MAX, read = UINT64_MAX;
    ssize_t bytes = round_of(rows, type, kept, &made, &read); // the class's first instances
    for (int round = 0; round < 4; round++)
        round_of(rows, type, kept, &made, &read);
    free(kept);
    decref(type);
    double n = rows->count ? (double)rows->count : 1;
    printf("  %-8s %8.1f bytes a row %8.0f ns to make one %6.1f ns to read the last\n", way->name,
           (double)bytes / n, (double)made / n, (double)read / n);
}

int demo_rows(const char *path) {
    Rows rows = {0};
    int status = read_rows(&rows, path);
    if (status == 0) {
        printf("%zu rows of %d: %s", rows.count, rows.columns, rows.names[0]->text);
        for (int c = 1; c < rows.columns; c++)
            printf("%s%s", c % 8 ? ", " : ",\n  ", rows.names[c]->text);
        puts("\n");
        for (int i = 0; i < WAYS; i++)
            report(&rows, &ways[i]);
    }
    for (size_t i = 0; i < rows.count; i++)
        for (int c = 0; c < rows.columns; c++)
            xdecref(rows.rows[i][c]);
    free(rows.rows);
    return status;
}
