/* str.c: text.
 *
 * A str is immutable and knows its widest character, so it is stored as an array of 1, 2 or 4 bytes
 * a character. Equal texts always get the same kind, so equality is one memcmp and the hash can be
 * taken over the raw array. CPython: Objects/unicodeobject.c; PEP 393.
 */
#include "object.h"
#include "printable.h"

static uint32_t read_char(const Str *self, ssize_t i) {
    switch (self->kind) {
    case 1:
        return ((const uint8_t *)self->data)[i];
    case 2:
        return ((const uint16_t *)(const void *)self->data)[i];
    default:
        return ((const uint32_t *)(const void *)self->data)[i];
    }
}

static void write_char(Str *self, ssize_t i, uint32_t c) {
    switch (self->kind) {
    case 1:
        ((uint8_t *)self->data)[i] = (uint8_t)c;
        break;
    case 2:
        ((uint16_t *)(void *)self->data)[i] = (uint16_t)c;
        break;
    default:
        ((uint32_t *)(void *)self->data)[i] = c;
        break;
    }
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

/* How many bytes a character takes, by its first byte; 0 where none can begin. C0 and C1 would
 * encode ASCII in two bytes, F5 and up lie beyond U+10FFFF. */
static int utf8_length(uint8_t first) {
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return 2;
    if (first < 0xF0) return 3;
    return first < 0xF5 ? 4 : 0;
}

/* Whether `byte` may follow `first` at position `at`. The second byte is narrower after four first
 * bytes: that is where overlong forms, surrogates and what is beyond U+10FFFF are refused. */
static bool utf8_continues(uint8_t first, int at, uint8_t byte) {
    if (at == 1) {
        if (first == 0xE0) return byte >= 0xA0 && byte < 0xC0;
        if (first == 0xED) return byte >= 0x80 && byte < 0xA0;
        if (first == 0xF0) return byte >= 0x90 && byte < 0xC0;
        if (first == 0xF4) return byte >= 0x80 && byte < 0x90;
    }
    return (byte & 0xC0) == 0x80;
}

/* Decodes the character at `p` (p < end) into *c. Returns its length in bytes, or minus the number
 * of bad bytes with *reason set. CPython: Objects/stringlib/codecs.h, utf8_decode(). */
static int utf8_next(const uint8_t *p, const uint8_t *end, uint32_t *c, const char **reason) {
    int length = utf8_length(*p);
    if (length == 0) {
        *reason = "invalid start byte";
        return -1;
    }
    uint32_t code = length == 1 ? *p : *p & (0xFFu >> (length + 1));
    for (int at = 1; at < length; at++) {
        if (p + at == end) {
            *reason = "unexpected end of data";
            return -at;
        }
        if (!utf8_continues(*p, at, p[at])) {
            *reason = "invalid continuation byte";
            return -at;
        }
        code = code << 6 | (p[at] & 0x3Fu);
    }
    *c = code;
    return length;
}

static void decode_error(const uint8_t *bytes, ssize_t at, int count, const char *reason) {
    if (count == 1) {
        error_set(UnicodeDecodeError, "'utf-8' codec can't decode byte 0x%02x in position %zd: %s",
                  bytes[at], at, reason);
    } else {
        error_set(UnicodeDecodeError, "'utf-8' codec can't decode bytes in position %zd-%zd: %s",
                  at, at + count - 1, reason);
    }
}

/* Two passes: the first measures (how many characters, how wide), the second fills. With `escape`,
 * a byte that is not UTF-8 becomes U+DC00 + byte. */
static Object *str_decode(const char *utf8, ssize_t length, bool escape) {
    const uint8_t *bytes = (const uint8_t *)utf8, *end = bytes + length;
    const char *reason = NULL;
    ssize_t count = 0;
    uint32_t c = 0, max = 0;
    for (const uint8_t *p = bytes; p < end; count++) {
        int step = utf8_next(p, end, &c, &reason);
        if (step < 0) {
            if (!escape) {
                decode_error(bytes, p - bytes, -step, reason);
                return NULL;
            }
            c = 0xDC00u + *p;
            step = 1;
        }
        p += step;
        if (c > max) max = c;
    }
    Str *self = str_new(count, max);
    if (!self) return NULL;
    if (self->ascii) {
        memcpy(self->data, utf8, (size_t)length);
        return OBJECT(self);
    }
    const uint8_t *p = bytes;
    for (ssize_t i = 0; i < count; i++) {
        int step = utf8_next(p, end, &c, &reason);
        write_char(self, i, step < 0 ? 0xDC00u + *p : c);
        p += step < 0 ? 1 : step;
    }
    return OBJECT(self);
}

Object *str_from_utf8(const char *utf8, ssize_t length) {
    return str_decode(utf8, length, false);
}

Object *str_from_string(const char *utf8) {
    return str_decode(utf8, (ssize_t)strlen(utf8), false);
}

Object *str_from_bytes(const char *bytes, ssize_t length) {
    return str_decode(bytes, length, true);
}

/* ---- To UTF-8, and repr ----------------------------------------------------------------------*/

static int write_utf8(uint32_t c, Writer *out) {
    char bytes[4];
    size_t length;
    if (c < 0x80) {
        bytes[0] = (char)c;
        length = 1;
    } else if (0xDC80 <= c && c <= 0xDCFF) { // an undecodable byte, given back as it came
        bytes[0] = (char)(c - 0xDC00);
        length = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xC0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3F));
        length = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xE0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (c & 0x3F));
        length = 3;
    } else {
        bytes[0] = (char)(0xF0 | c >> 18);
        bytes[1] = (char)(0x80 | (c >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (c & 0x3F));
        length = 4;
    }
    return writer_write(out, bytes, length);
}

int str_write(Object *op, Writer *out) {
    const Str *self = (const Str *)op;
    if (self->ascii) return writer_write(out, self->data, (size_t)self->length);
    int status = 0;
    for (ssize_t i = 0; i < self->length; i++)
        status = write_utf8(read_char(self, i), out);
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
    switch (c) {
    case '\t':
        return writer_puts(out, "\\t");
    case '\n':
        return writer_puts(out, "\\n");
    case '\r':
        return writer_puts(out, "\\r");
    default:
        break;
    }
    const char *format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
    snprintf(text, sizeof text, format, c);
    return writer_puts(out, text);
}

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
