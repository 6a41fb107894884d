/* csv.c: rows of a CSV text, and records of them.
 *
 * A cell is a piece of the text as it lies there, unless quotes or a line break had to be taken
 * out: then it is a piece of `scratch`, which belongs to the reader and is used again for the next
 * row. So a row without quotes is read without a copy.
 *
 * CPython: Modules/_csv.c, parse_process_char(), Reader_iternext().
 */
#include "record.h"

void csv_init(Csv *self, const char *text, size_t length) {
    *self = (Csv){.at = text, .end = text + length, .line = 1, .line_start = text};
}

void csv_fini(Csv *self) {
    free(self->cells);
    free(self->scratch);
    *self = (Csv){0};
}

/* Room for one cell more; -1 with MemoryError. */
static int csv_room(Csv *self) {
    if (self->ncells < self->cells_size) return 0;
    size_t size = self->cells_size ? self->cells_size * 2 : 16;
    void *grown = realloc(self->cells, size * sizeof *self->cells);
    if (!grown) {
        error_no_memory();
        return -1;
    }
    self->cells = grown;
    self->cells_size = size;
    return 0;
}

/* Counts a line break at `at`, which \r\n is one of, and steps over it. */
static const char *line_break(Csv *self, const char *at) {
    self->line++;
    at += at[0] == '\r' && at + 1 < self->end && at[1] == '\n' ? 2 : 1;
    return self->line_start = at;
}

static bool ends_cell(char c) {
    return c == ',' || c == '\n' || c == '\r';
}

/* A cell that begins with a quote: into scratch, from what is used of it on, without its quotes.
 * What follows the closing quote up to the comma belongs to it, too. Where it ends; NULL with
 * ValueError. There is room: scratch is as long as the text that is left was when the row began. */
static const char *quoted_cell(Csv *self, const char *at) {
    char *out = self->scratch + self->used;
    bool quoted = true;
    for (at++; at < self->end && (quoted || !ends_cell(*at)); at++) {
        if (quoted && *at == '"' && at + 1 < self->end && at[1] == '"')
            *out++ = *at++;
        else if (quoted && *at == '"')
            quoted = false;
        else {
            bool first = *at == '\r' && at + 1 < self->end && at[1] == '\n';
            if ((*at == '\n' || *at == '\r') && !first) line_break(self, at);
            *out++ = *at;
        }
    }
    self->used = (size_t)(out - self->scratch);
    if (!quoted) return at;
    error_set(ValueError, "unexpected end of data");
    return NULL;
}

/* Scratch for the row: no more than what is left of the text. Made when the first quote is met. */
static int need_scratch(Csv *self) {
    size_t left = (size_t)(self->end - self->at) + self->used;
    if (self->scratch_size >= left) return 0;
    if (self->used > 0) return 0; // it was large enough when the row's first quote was met
    char *grown = realloc(self->scratch, left);
    if (!grown) {
        error_no_memory();
        return -1;
    }
    self->scratch = grown;
    self->scratch_size = left;
    return 0;
}

static int read_cell(Csv *self) {
    if (csv_room(self) < 0) return -1;
    const char *at = self->at, *text = at;
    size_t n = self->ncells, before = self->used;
    self->cells[n].line = self->line;
    self->cells[n].column = (size_t)(at - self->line_start) + 1;
    bool quoted = at < self->end && *at == '"';
    if (quoted) {
        if (need_scratch(self) < 0) return -1;
        at = quoted_cell(self, at);
        text = self->scratch + before;
    } else {
        while (at < self->end && !ends_cell(*at))
            at++;
    }
    self->ncells++;
    self->cells[n].text = text;
    self->cells[n].length = quoted ? self->used - before : (size_t)(at - text);
    self->at = at ? at : self->end;
    return at ? 0 : -1;
}

int csv_next(Csv *self) {
    while (self->at < self->end && (*self->at == '\n' || *self->at == '\r'))
        self->at = line_break(self, self->at);
    self->ncells = self->used = 0;
    self->row_line = self->line;
    if (self->at == self->end) return 0;
    for (;;) {
        if (read_cell(self) < 0) return -1;
        if (self->at == self->end) return 1;
        if (*self->at != ',') {
            self->at = line_break(self, self->at);
            return 1;
        }
        self->at++;
    }
}

/* ---- Records ----------------------------------------------------------------------------------*/

static int header_error(Records *self, size_t i, const char *format, const char *text, size_t n) {
    self->line = self->csv.cells[i].line;
    self->column = self->csv.cells[i].column;
    char message[200];
    snprintf(message, sizeof message, format, n > 100 ? 100 : (int)n, text);
    return error_set(ValueError, "%s", message);
}

static bool is_name(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c == '_' && i > 0);
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
    }
    return n > 0 && n < 100;
}

/* One "name:kind" of the header: into the annotations, and the tables. */
static int header_cell(Records *self, size_t i, Dict *annotations) {
    const char *text = self->csv.cells[i].text;
    size_t length = self->csv.cells[i].length;
    const char *colon = memchr(text, ':', length);
    if (!colon)
        return header_error(self, i, "no kind in '%.*s': name:kind is expected", text, length);
    size_t n = (size_t)(colon - text), rest = length - n - 1;
    if (!is_name(text, n)) return header_error(self, i, "'%.*s' is not a name", text, n);
    int kind = field_kind(colon + 1, rest);
    if (kind < 0) return header_error(self, i, "unknown kind '%.*s'", colon + 1, rest);
    char name[100];
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    Str *key = str_intern(name);
    if (!key) return -1;
    if (dict_get_item(annotations, key)) return header_error(self, i, "'%.*s' twice", text, n);
    self->kinds[i] = (FieldKind)kind;
    self->names[i] = key;
    Object *value = str_from_string(field_kinds[kind]);
    int status = value ? dict_set_item(annotations, key, value) : -1;
    xdecref(value);
    return status;
}

/* class name(metaclass=metaclass): with these __annotations__. */
static Type *record_statement(Type *metaclass, const char *name, Dict *annotations) {
    Str *meta = str_intern("metaclass");
    Dict *keywords = meta ? dict_new() : NULL, *attributes = dict_new();
    Object *type = NULL;
    if (keywords && attributes && dict_set_item(keywords, meta, OBJECT(metaclass)) == 0 &&
        dict_set_item(attributes, id.annotations, OBJECT(annotations)) == 0) {
        type = class_statement(
            &(ClassStatement){.name = name, .keywords = keywords, .attributes = attributes});
    }
    xdecref(keywords);
    xdecref(attributes);
    return (Type *)type;
}

int records_init(Records *self, Type *metaclass, const char *name, const char *text,
                 size_t length) {
    *self = (Records){.line = 1};
    csv_init(&self->csv, text, length);
    int more = csv_next(&self->csv);
    if (more == 0) return error_set(ValueError, "no header");
    if (more < 0) return -1;
    size_t n = self->csv.ncells;
    self->kinds = calloc(n, sizeof *self->kinds);
    self->names = calloc(n, sizeof *self->names);
    self->values = calloc(n, sizeof *self->values);
    Dict *annotations = self->kinds && self->names && self->values ? dict_new() : error_no_memory();
    int status = annotations ? 0 : -1;
    for (size_t i = 0; status == 0 && i < n; i++)
        status = header_cell(self, i, annotations);
    if (status == 0) self->type = record_statement(metaclass, name, annotations);
    xdecref(annotations);
    self->nfields = (ssize_t)n;
    return self->type ? 0 : -1;
}

void records_fini(Records *self) {
    csv_fini(&self->csv);
    free(self->kinds);
    free(self->names);
    free(self->values);
    xdecref(self->type);
    *self = (Records){0};
}

/* The error is about the whole row. */
static Object *row_error(Records *self) {
    self->line = self->csv.row_line;
    self->column = 0;
    self->field = NULL;
    return NULL;
}

Object *records_next(Records *self) {
    int more = csv_next(&self->csv);
    if (more <= 0) return row_error(self);
    if ((ssize_t)self->csv.ncells != self->nfields) {
        error_set(ValueError, "%zd fields expected, %zu found", self->nfields, self->csv.ncells);
        return row_error(self);
    }
    ssize_t n = 0;
    for (; n < self->nfields; n++) {
        self->values[n] =
            field_convert(self->kinds[n], self->csv.cells[n].text, self->csv.cells[n].length);
        if (!self->values[n]) break;
    }
    Object *record = NULL;
    if (n == self->nfields) {
        record = object_call(OBJECT(self->type), self->values, n, NULL);
        if (!record) row_error(self);
    } else {
        self->line = self->csv.cells[n].line;
        self->column = self->csv.cells[n].column;
        self->field = self->names[n]->text;
    }
    while (n-- > 0)
        decref(self->values[n]);
    return record;
}
