/* str.c: text.
 *
 * A str is immutable and knows its widest character, so it is stored as an array of 1, 2 or 4 bytes
 * a character. Equal texts always get the same kind, so equality is one memcmp and the hash can be
 * taken over the raw array. CPython: Objects/unicodeobject.c; PEP 393.
 */
#include "object.h"
#include "printable.h"

static uint32_t read_char(const Str *self, ssize_t i) {
    if (self->kind == 1) return ((const uint8_t *)self->data)[i];
    if (self->kind == 2) return ((const uint16_t *)(const void *)self->data)[i];
    return ((const uint32_t *)(const void *)self->data)[i];
}

static void write_char(Str *self, ssize_t i, uint32_t c) {
    if (self->kind == 1) ((uint8_t *)self->data)[i] = (uint8_t)c;
    if (self->kind == 2) ((uint16_t *)(void *)self->data)[i] = (uint16_t)c;
    if (self->kind == 4) ((uint32_t *)(void *)self->data)[i] = c;
}

/* New str of `length` characters, none above `max`; the caller fills it. */
static Str *str_new(ssize_t length, uint32_t max) {
    uint8_t kind = max < 0x100 ? 1 : max < 0x10000 ? 2 : 4;
    Str *self = object_new(&Str_Type, sizeof *self + ((size_t)length + 1) * kind);
    if (!self) return NULL;
    self->length = length;
    self->hash = -1;
    self->kind = kind;
    self->ascii = max < 0x80;
    write_char(self, length, 0);
    return self;
}

/* ---- From UTF-8 ------------------------------------------------------------------------------*/

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

/* The character at `utf8`, of `left` bytes, and how many of them it takes. */
static uint32_t decode_char(const char *utf8, ssize_t left, bool surrogates, ssize_t *size) {
    const uint8_t *p = (const uint8_t *)utf8;
    *size = str_char_size(utf8, left);
    if (surrogates && left >= 3 && p[0] == 0xED && p[1] >> 5 == 0xA0 >> 5 && p[2] >> 6 == 0x80 >> 6)
        *size = 3;
    if (*size == 1) return *p < 0x80 ? *p : 0xDC00u + *p;
    uint32_t c = *p & (0xFFu >> (*size + 1));
    for (ssize_t i = 1; i < *size; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    return c;
}

/* Two passes: the first measures (how many characters, how wide), the second fills. */
static Object *str_decode(const char *utf8, ssize_t size, bool surrogates) {
    ssize_t length = 0, step;
    uint32_t max = 0;
    for (ssize_t at = 0; at < size; at += step, length++) {
        uint32_t c = decode_char(utf8 + at, size - at, surrogates, &step);
        if (c > max) max = c;
    }
    Str *self = str_new(length, max);
    if (!self) return NULL;
    if (self->ascii) {
        memcpy(self->data, utf8, (size_t)size);
        return OBJECT(self);
    }
    for (ssize_t at = 0, i = 0; i < length; at += step, i++)
        write_char(self, i, decode_char(utf8 + at, size - at, surrogates, &step));
    return OBJECT(self);
}

// Parts from iterators': there the bytes are kept as they come.
Object *str_from_utf8(const char *utf8, ssize_t size) {
    return str_decode(utf8, size, false);
}

Object *str_from_utf8_with_surrogates(const char *utf8, ssize_t size) {
    return str_decode(utf8, size, true);
}

Object *str_from_string(const char *utf8) {
    return str_from_utf8(utf8, (ssize_t)strlen(utf8));
}

/* ---- To UTF-8, and repr ----------------------------------------------------------------------*/

static int write_utf8(uint32_t c, Writer *out) {
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    char bytes[4];
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(leads[length] | c);
    return writer_write(out, bytes, length);
}

static bool is_surrogate(uint32_t c) {
    return 0xD800 <= c && c <= 0xDFFF;
}

/* The error of a surrogate at `start` that no byte gave. It names all that stand there in a row. */
static int encode_error(const Str *self, ssize_t start) {
    static const char reason[] = "surrogates not allowed";
    ssize_t end = start + 1;
    while (end < self->length && is_surrogate(read_char(self, end)))
        end++;
    if (end - start > 1)
        return error_set(UnicodeEncodeError,
                         "'utf-8' codec can't encode characters in position %zd-%zd: %s", start,
                         end - 1, reason);
    return error_set(UnicodeEncodeError,
                     "'utf-8' codec can't encode character '\\u%04x' in position %zd: %s",
                     (unsigned)read_char(self, start), start, reason);
}

// Parts from iterators': what is UTF-8 there is encoded here.
/* CPython: Objects/unicodeobject.c, unicode_encode_utf8() with "surrogateescape". */
int str_write(Object *op, Writer *out) {
    const Str *self = (const Str *)op;
    if (self->ascii) return writer_write(out, self->data, (size_t)self->length);
    int status = 0;
    for (ssize_t i = 0; i < self->length && status == 0; i++) {
        uint32_t c = read_char(self, i);
        if (0xDC80 <= c && c <= 0xDCFF) { // an undecodable byte, given back as it came
            status = writer_write(out, &(char){(char)(c - 0xDC00)}, 1);
        } else {
            status = is_surrogate(c) ? encode_error(self, i) : write_utf8(c, out);
        }
    }
    return status;
}

/* CPython: Objects/unicodectype.c, _PyUnicode_IsPrintable(). */
static bool is_printable(uint32_t c) {
    if (c < 0x7F) return c >= ' ';
    size_t run = 0;
    uint32_t end = 0x7F;
    while (run < sizeof printable_runs / sizeof printable_runs[0] && c >= end + printable_runs[run])
        end += printable_runs[run++];
    return run % 2 == 1;
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

// Parts from iterators': of other characters than ASCII only the printable are shown.
/* In single quotes, unless the text has those and no double ones.
 * CPython: Objects/unicodeobject.c, unicode_repr(). */
static int str_repr(Object *op, Writer *out) {
    const Str *self = (const Str *)op;
    bool has_single = false, has_double = false;
    for (ssize_t i = 0; i < self->length; i++) {
        uint32_t c = read_char(self, i);
        has_single |= c == '\'';
        has_double |= c == '"';
    }
    uint32_t quote = has_single && !has_double ? '"' : '\'';
    write_utf8(quote, out);
    for (ssize_t i = 0; i < self->length; i++) {
        uint32_t c = read_char(self, i);
        if (c == quote || c == '\\') {
            writer_puts(out, "\\");
            write_utf8(c, out);
        } else if (is_printable(c)) {
            write_utf8(c, out);
        } else {
            write_escape(c, out);
        }
    }
    return write_utf8(quote, out);
}

/* ---- The type --------------------------------------------------------------------------------*/

static void str_dealloc(Object *self) {
    free(self);
}

static hash_t str_hash(Object *op) {
    Str *self = (Str *)op;
    if (self->hash == -1) self->hash = hash_bytes(self->data, (size_t)self->length * self->kind);
    return self->hash;
}

// Parts from iterators': the same characters are the same kind and array, not the same bytes.
static int str_equal(Object *op, Object *other) {
    if (other->type != &Str_Type) return NOT_IMPLEMENTED;
    const Str *a = (const Str *)op, *b = (const Str *)other;
    return a->length == b->length && a->kind == b->kind &&
           memcmp(a->data, b->data, (size_t)a->length * a->kind) == 0;
}

const Type Str_Type = {
    .name = "str",
    .dealloc = str_dealloc,
    .repr = str_repr,
    .hash = str_hash,
    .equal = str_equal,
};
