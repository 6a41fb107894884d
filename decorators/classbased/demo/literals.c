/* literals.c: the reader of classbased_demo: a literal of Python on a line becomes an object. */
#include "demo.h"

#include <ctype.h>

#define DIGITS "0123456789"
enum { DEPTH_MAX = 200 }; // parentheses. CPython: Parser/tokenizer.h, MAXLEVEL

typedef struct {
    const char *start, *at; // the line, and where we are in it
    size_t line;
    int depth;
} Parser;

/* NULL, with an error that begins with line and column, which counts characters. */
static Object *fail(const Parser *self, const char *at, const char *what) {
    size_t column = 1;
    for (const char *c = self->start; c < at; c++)
        column += ((unsigned char)*c & 0xC0) != 0x80;
    error_set(ValueError, "%zu:%zu: %s", self->line, column, what);
    return NULL;
}

static void skip_blanks(Parser *self) {
    self->at += strspn(self->at, " \t\r\f");
}

static Object *parse_number(Parser *self) {
    const char *begin = self->at, *c = begin + (*begin == '-' || *begin == '+');
    size_t whole = strspn(c, DIGITS), fraction = 0;
    const char *end = c + whole;
    bool is_float = *end == '.';
    if (is_float) end += 1 + (fraction = strspn(end + 1, DIGITS));
    if (whole + fraction == 0) return fail(self, begin, "expected a value");
    if (*end == 'e' || *end == 'E') {
        const char *power = end + 1 + (end[1] == '-' || end[1] == '+');
        if (isdigit((unsigned char)*power)) {
            is_float = true;
            end = power + strspn(power, DIGITS);
        }
    }
    unsigned char next = (unsigned char)*end;
    if (isalnum(next) || next == '_' || next == '.' || next >= 0x80)
        return fail(self, end, "invalid decimal literal");
    if (!is_float && *c == '0' && strspn(c, "0") < whole)
        return fail(self, c, "leading zeros in decimal integer literals are not permitted");
    self->at = end;
    if (is_float) return float_from_double(strtod(begin, NULL));
    errno = 0;
    long long value = strtoll(begin, NULL, 10);
    return errno ? fail(self, begin, "an int of more than 64 bits") : int_from_long(value);
}

/* The character that \xNN stands for, as UTF-8. */
static void write_code(Writer *out, unsigned code) {
    if (code >= 0x80) writer_write(out, (char[]){(char)(0xC0 | code >> 6)}, 1);
    writer_write(out, (char[]){(char)(code < 0x80 ? code : (0x80 | (code & 0x3F)))}, 1);
}

static Object *parse_string(Parser *self) {
    static const char from[] = "nrt\\'\"", to[] = "\n\r\t\\'\"";
    const char *begin = self->at, *c = begin + 1;
    Writer out = {0};
    Object *result = NULL;
    while (*c && *c != *begin) {
        const char *known = *c == '\\' && c[1] ? strchr(from, c[1]) : NULL;
        unsigned code = 0;
        if (*c != '\\') {
            writer_write(&out, c++, 1);
        } else if (known) {
            writer_write(&out, &to[known - from], 1);
            c += 2;
        } else if (c[1] == 'x' && isxdigit((unsigned char)c[2]) && isxdigit((unsigned char)c[3]) &&
                   sscanf(c + 2, "%2x", &code) == 1 && code) {
            write_code(&out, code);
            c += 4;
        } else {
            fail(self, c, "an escape other than \\n \\r \\t \\\\ \\' \\\" \\x01 to \\xff");
            goto done;
        }
    }
    if (!*c)
        fail(self, begin, "unterminated string literal");
    else if (!out.failed)
        result = str_from_utf8(out.bytes, (ssize_t)out.length);
    self->at = c + 1;
done:
    writer_free(&out);
    return result;
}

static Object *parse_value(Parser *self);

/* (1, 2), (1,), (); but (1) is 1. */
static Object *parse_tuple(Parser *self) {
    const char *open = self->at++;
    Object **items = NULL, *result = NULL;
    ssize_t size = 0, allocated = 0;
    bool comma = false, end = false;
    if (++self->depth > DEPTH_MAX) return fail(self, open, "too many nested parentheses");
    for (;;) {
        skip_blanks(self);
        end = *self->at == ')';
        if (end || !*self->at || *self->at == '#') break;
        if (size && !comma) {
            fail(self, self->at, "expected ',' or ')'");
            goto done;
        }
        Object *item = parse_value(self);
        if (!item) goto done;
        if (size == allocated) {
            allocated = allocated ? 2 * allocated : 4;
            void *grown = realloc(items, (size_t)allocated * sizeof *items);
            if (!grown) error_no_memory(), decref(item);
            if (!grown) goto done;
            items = grown;
        }
        items[size++] = item;
        skip_blanks(self);
        comma = *self->at == ',';
        self->at += comma;
    }
    self->at += end;
    self->depth--;
    if (!end)
        fail(self, open, "'(' was never closed");
    else
        result = size == 1 && !comma ? new_ref(items[0]) : OBJECT(tuple_from_array(items, size));
done:
    while (size > 0)
        decref(items[--size]);
    free(items);
    return result;
}

static Object *parse_value(Parser *self) {
    static const struct {
        const char *word;
        Object *value;
    } names[] = {{"None", None}, {"True", True}, {"False", False}};
    skip_blanks(self);
    if (*self->at == '\'' || *self->at == '"') return parse_string(self);
    if (*self->at == '(') return parse_tuple(self);
    size_t size = 0;
    while (isalnum((unsigned char)self->at[size]) || self->at[size] == '_')
        size++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].word) != size || strncmp(self->at, names[i].word, size) != 0) continue;
        self->at += size;
        return new_ref(names[i].value);
    }
    return parse_number(self);
}

/* The first byte that is not UTF-8, or NULL. */
static const char *find_bad_utf8(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int size = *c < 0x80   ? 1
                   : *c < 0xC2 ? 0
                   : *c < 0xE0 ? 2
                   : *c < 0xF0 ? 3
                   : *c < 0xF5 ? 4
                               : 0;
        bool bad = size == 0 || (*c == 0xE0 && c[1] < 0xA0) || (*c == 0xED && c[1] > 0x9F) ||
                   (*c == 0xF0 && c[1] < 0x90) || (*c == 0xF4 && c[1] > 0x8F);
        for (int i = 1; i < size && !bad; i++)
            bad = (c[i] & 0xC0) != 0x80;
        if (bad) return (const char *)c;
        c += size;
    }
    return NULL;
}

Object *parse_line(char *text, size_t size, size_t line) {
    Parser self = {text, text, line, 0};
    if (size && text[size - 1] == '\n') text[--size] = '\0';
    if (strlen(text) < size) return fail(&self, text + strlen(text), "a NUL byte");
    const char *bad = find_bad_utf8(text);
    if (bad) return fail(&self, bad, "not UTF-8");
    if (line == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0) self.start = self.at = text + 3;
    skip_blanks(&self);
    if (!*self.at || *self.at == '#') return NULL;
    Object *value = parse_value(&self);
    skip_blanks(&self);
    if (!value || !*self.at || *self.at == '#') return value;
    decref(value);
    return fail(&self, self.at, "expected the end of the line");
}
