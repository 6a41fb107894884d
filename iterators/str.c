/* str.c: text, as the UTF-8 that it came in. CPython: Objects/unicodeobject.c.
 *
 * The invariant: `utf8` is cut into characters by str_char_size() in one way only, so the length
 * counted at birth, s[i] and iteration agree, whatever bytes it holds.
 */
#include "iterator/iterator.h"
#include "object.h"

/* What the second byte may be after four first bytes: there overlong forms, surrogates and what
 * lies beyond U+10FFFF are refused. */
static bool second_is_valid(uint8_t first, uint8_t second) {
    if (first == 0xE0) return second >= 0xA0;
    if (first == 0xED) return second < 0xA0;
    if (first == 0xF0) return second >= 0x90;
    return first != 0xF4 || second < 0x90;
}

/* CPython: Objects/unicodeobject.c, unicode_decode_utf8(). */
ssize_t str_char_size(const char *utf8, ssize_t size) {
    const uint8_t *p = (const uint8_t *)utf8;
    if (*p < 0xC2 || *p > 0xF4) return 1; // ASCII, or no byte that begins a character
    ssize_t length = *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    if (length > size || !second_is_valid(p[0], p[1])) return 1;
    for (ssize_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) return 1;
    }
    return length;
}

// Parts from datastructures': the bytes are kept as they come.
Object *str_from_utf8(const char *utf8, ssize_t size) {
    if ((size_t)size > PTRDIFF_MAX - sizeof(Str) - 1) return error_no_memory();
    Str *self = object_new(&Str_Type, sizeof *self + (size_t)size + 1);
    if (!self) return NULL;
    self->size = size;
    self->length = 0;
    if (size) memcpy(self->utf8, utf8, (size_t)size);
    self->utf8[size] = '\0';
    self->ascii = true;
    for (ssize_t at = 0; at < size; at += str_char_size(self->utf8 + at, size - at)) {
        self->length++;
        self->ascii &= (uint8_t)self->utf8[at] < 0x80;
    }
    return OBJECT(self);
}

Object *str_from_string(const char *utf8) {
    return str_from_utf8(utf8, (ssize_t)strlen(utf8));
}

Object *str_from_format(const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    Object *result = NULL;
    if (text) {
        vsnprintf(text, (size_t)size + 1, format, again);
        result = str_from_utf8(text, size);
        free(text);
    } else {
        error_no_memory();
    }
    va_end(again);
    return result;
}

static void str_dealloc(Object *self) {
    free(self);
}

// Parts from datastructures': the bytes are there already.
int str_write(Object *op, Writer *out) {
    return writer_write(out, ((Str *)op)->utf8, (size_t)((Str *)op)->size);
}

static int write_escape(uint32_t c, Writer *out) {
    char text[12];
    if (c == '\t') return writer_puts(out, "\\t");
    if (c == '\n') return writer_puts(out, "\\n");
    if (c == '\r') return writer_puts(out, "\\r");
    const char *format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
    snprintf(text, sizeof text, format, (unsigned)c);
    return writer_puts(out, text);
}

// Parts from datastructures': no table of what is printable.
/* In single quotes, unless the text has those and no double ones.
 * Simplified: characters beyond ASCII are shown as they are; CPython escapes those that Unicode
 * calls unprintable. CPython: Objects/unicodeobject.c, unicode_repr(). */
static int str_repr(Object *op, Writer *out) {
    const Str *self = (const Str *)op;
    size_t size = (size_t)self->size;
    char quote = memchr(self->utf8, '\'', size) && !memchr(self->utf8, '"', size) ? '"' : '\'';
    writer_write(out, &quote, 1);
    ssize_t step;
    for (ssize_t at = 0; at < self->size; at += step) {
        step = str_char_size(self->utf8 + at, self->size - at);
        uint8_t first = (uint8_t)self->utf8[at];
        if (first == (uint8_t)quote || first == '\\') writer_puts(out, "\\");
        if (step == 1 && (first < ' ' || first >= 0x7F)) {
            write_escape(first < 0x80 ? first : 0xDC00u + first, out);
        } else {
            writer_write(out, self->utf8 + at, (size_t)step);
        }
    }
    return writer_write(out, &quote, 1);
}

// Parts from datastructures': the same characters are the same bytes.
static int str_equal(Object *op, Object *other) {
    if (other->type != &Str_Type) return NOT_IMPLEMENTED;
    const Str *a = (const Str *)op, *b = (const Str *)other;
    return a->size == b->size && memcmp(a->utf8, b->utf8, (size_t)a->size) == 0;
}

static ssize_t str_length(Object *op) {
    return ((Str *)op)->length;
}

static Object *str_item(Object *op, ssize_t index) {
    const Str *self = (const Str *)op;
    if (index < 0 || index >= self->length) {
        error_set(IndexError, "string index out of range");
        return NULL;
    }
    const char *at = self->utf8, *end = self->utf8 + self->size;
    while (index-- > 0)
        at += str_char_size(at, end - at);
    return str_from_utf8(at, str_char_size(at, end - at));
}

const Type Str_Type = {
    .name = "str",
    .leaf = true,
    .dealloc = str_dealloc,
    .repr = str_repr,
    .equal = str_equal,
    .iter = str_iter,
    .length = str_length,
    .item = str_item,
};
