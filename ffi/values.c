/* values.c: int, bool, float, str and bytes, and what they are as C numbers and characters.
 *
 * Parts from the other topics' layers: here an int must hold what an unsigned C integer holds, and
 * text must become wide characters. CPython: Objects/longobject.c, boolobject.c, floatobject.c,
 * unicodeobject.c, bytesobject.c.
 */
#include "object.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#ifndef FLOAT_MAXFREELIST
#define FLOAT_MAXFREELIST                                                                          \
    100 // CPython: PyFloat_MAXFREELIST; the tests, which count blocks, go without
#endif

static void value_dealloc(Object *self) {
    free(self);
}

/* ---- int and bool ----------------------------------------------------------------------------*/

enum { NSMALLNEGINTS = 5, NSMALLPOSINTS = 257 };

/* CPython: Objects/longobject.c, get_small_int(). */
static Object *int_new(bool negative, uint64_t magnitude) {
    static Int small_ints[NSMALLNEGINTS + NSMALLPOSINTS];
    if (magnitude < (negative ? NSMALLNEGINTS + 1 : NSMALLPOSINTS)) {
        Int *small = &small_ints[NSMALLNEGINTS + (negative ? -(int)magnitude : (int)magnitude)];
        // The first reference is the table's own, so the count never comes down to 0.
        if (!small->ob.type) *small = (Int){{1, &Int_Type}, negative && magnitude, magnitude};
        return new_ref(small);
    }
    Int *self = malloc(sizeof *self);
    if (!self) return error_no_memory();
    *self = (Int){{1, &Int_Type}, negative && magnitude, magnitude};
    return OBJECT(self);
}

Object *int_from_long(int64_t value) {
    return int_new(value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

Object *int_from_unsigned(uint64_t value) {
    return int_new(false, value);
}

Object *int_from_string(const char *text) {
    const char *digits = text + (*text == '-' || *text == '+');
    int base = digits[0] != '0' ? 10 : digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 10;
    const char *start = digits + (base == 10 ? 0 : 2);
    char *end;
    errno = 0;
    uint64_t magnitude = strtoull(start, &end, base);
    // strtoull() itself would take a sign or blanks.
    bool good = ((*start >= '0' && *start <= '9') || base == 16) && strspn(start, "+- \t\n") == 0;
    if (!good || end == start || *end || (base == 10 && *start == '0' && magnitude)) {
        error_set(ValueError, "invalid literal for int() with base 0: '%.200s'", text);
        return NULL;
    }
    if (errno == ERANGE) {
        error_set(OverflowError, "an int here has 64 bits: '%.200s'", text);
        return NULL;
    }
    return int_new(*text == '-', magnitude);
}

/* What an int gives where one is asked for. CPython: _PyNumber_Index(). */
static const Int *int_index(Object *op) {
    if (int_check(op)) return (Int *)op;
    error_set(TypeError, "'%.200s' object cannot be interpreted as an integer", op->type->name);
    return NULL;
}

/* 0 and *value, or -1 with an error: OverflowError with these words if it is not within -max - 1
 * and max. */
static int int_within(Object *op, uint64_t max, const char *words, int64_t *value) {
    const Int *self = int_index(op);
    if (!self) return -1;
    if (self->magnitude > max + self->negative) {
        error_set(OverflowError, "%s", words);
        return -1;
    }
    *value = (int64_t)(self->negative ? -self->magnitude : self->magnitude);
    return 0;
}

int int_as_long(Object *op, long *value) {
    int64_t wide;
    if (int_within(op, LONG_MAX, "Python int too large to convert to C long", &wide) < 0) return -1;
    *value = (long)wide;
    return 0;
}

int int_as_longlong(Object *op, long long *value) {
    int64_t wide;
    if (int_within(op, LLONG_MAX, "int too big to convert", &wide) < 0) return -1;
    *value = wide;
    return 0;
}

int int_as_ssize(Object *op, ssize_t *value) {
    int64_t wide;
    if (int_within(op, PTRDIFF_MAX, "Python int too large to convert to C ssize_t", &wide) < 0)
        return -1;
    *value = (ssize_t)wide;
    return 0;
}

int int_as_mask(Object *op, uint64_t *value) {
    const Int *self = int_index(op);
    if (!self) return -1;
    *value = self->negative ? -self->magnitude : self->magnitude;
    return 0;
}

static int int_repr(Object *op, FILE *out) {
    const Int *self = (const Int *)op;
    fprintf(out, "%s%" PRIu64, self->negative ? "-" : "", self->magnitude);
    return 0;
}

static int bool_repr(Object *op, FILE *out) {
    fputs(op == True ? "True" : "False", out);
    return 0;
}

Object *bool_from_long(long value) {
    return new_ref(value ? True : False);
}

Type Int_Type = {TYPE("int", NULL), .dealloc = value_dealloc, .repr = int_repr};
Type Bool_Type = {TYPE("bool", &Int_Type), .repr = bool_repr};
Int true_object = {{1, &Bool_Type}, false, 1}, false_object = {{1, &Bool_Type}, false, 0};

/* ---- float -----------------------------------------------------------------------------------*/

/* Dead floats, to be handed out again: a call that returns one makes one each time. The type of a
 * dead one is the address of the next. CPython: Objects/floatobject.c, PyFloat_FromDouble(). */
static Float *free_floats;
static int free_count;

Object *float_from_double(double value) {
    Float *self = free_floats;
    if (self) {
        free_floats = (Float *)(void *)self->ob.type;
        free_count--;
    } else {
        self = malloc(sizeof *self);
        if (!self) return error_no_memory();
    }
    *self = (Float){{1, &Float_Type}, value};
    return OBJECT(self);
}

static void float_dealloc(Object *op) {
    if (free_count >= FLOAT_MAXFREELIST) {
        free(op);
        return;
    }
    op->type = (Type *)(void *)free_floats;
    free_floats = (Float *)op;
    free_count++;
}

int float_as_double(Object *op, double *value) {
    if (op->type == &Float_Type) {
        *value = ((const Float *)op)->value;
    } else if (int_check(op)) {
        const Int *self = (const Int *)op;
        *value = self->negative ? -(double)self->magnitude : (double)self->magnitude;
    } else {
        return error_set(TypeError, "must be real number, not %.50s", op->type->name);
    }
    return 0;
}

/* Adds one to the last digit before the 'e'; false if that takes one digit more. */
static bool next_decimal(char *text) {
    for (char *c = strchr(text, 'e'); c-- > text;) {
        if (*c == '9') {
            *c = '0';
        } else if (*c != '.' && *c != '-') {
            ++*c;
            return true;
        }
    }
    return false;
}

/* As few digits as read back as the same number: the nearest decimal of so many, or, as the numbers
 * below a power of two lie twice as close, the next one away from zero. CPython: Python/dtoa.c, mode 0. */
static int shortest_digits(double value, char *text, size_t size) {
    for (int digits = 1;; digits++) {
        snprintf(text, size, "%.*e", digits - 1, value);
        if (digits == 17 || strtod(text, NULL) == value) return digits;
        if (next_decimal(text) && strtod(text, NULL) == value) return digits;
    }
}

void double_write_repr(double value, FILE *out) {
    char text[32], *exponent;
    if (value != value) {
        fputs("nan", out);
        return;
    }
    if (value - value != 0) {
        fputs(value < 0 ? "-inf" : "inf", out);
        return;
    }
    int digits = shortest_digits(value, text, sizeof text);
    long point =
        strtol(strchr(text, 'e') + 1, NULL, 10) + 1; // where the decimal point stands among them
    if (-4 < point && point <= 16) {
        fprintf(out, "%.*f", digits > point ? (int)(digits - point) : 1, value);
        return;
    }
    exponent = strchr(text, 'e');
    fprintf(out, "%.*se%c%02ld", (int)(exponent - text), text, exponent[1], labs(point - 1));
}

static int float_repr(Object *op, FILE *out) {
    double_write_repr(((const Float *)op)->value, out);
    return 0;
}

Type Float_Type = {TYPE("float", NULL), .dealloc = float_dealloc, .repr = float_repr};

/* ---- str -------------------------------------------------------------------------------------*/

/* The character at `at`, before `end`, and its length in bytes; U+DC80 to U+DCFF for a byte that is
 * none, as Python's surrogateescape has it. CPython: Objects/unicodeobject.c,
 * unicode_decode_utf8(). */
static int decode(const uint8_t *at, const uint8_t *end, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int length = *at < 0x80   ? 1
                 : *at < 0xC2 ? 0
                 : *at < 0xE0 ? 2
                 : *at < 0xF0 ? 3
                 : *at < 0xF5 ? 4
                              : 0;
    if (length == 1) {
        *character = *at;
        return 1;
    }
    *character = 0xDC00u + *at;
    if (length == 0 || length > end - at) return 1;
    uint32_t c = *at & (0x7Fu >> length);
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 1;
        c = c << 6 | (at[i] & 0x3F);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 1;
    *character = c;
    return length;
}

Object *str_from_utf8(const char *utf8, ssize_t size) {
    Str *self = malloc(sizeof *self + (size_t)size + 1);
    if (!self) return error_no_memory();
    self->ob = (Object){1, &Str_Type};
    self->size = size;
    if (size) memcpy(self->utf8, utf8, (size_t)size);
    self->utf8[size] = '\0';
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
    Str *self = size < 0 ? error_no_memory() : (Str *)str_from_utf8(NULL, 0);
    Str *grown = self && size ? realloc(self, sizeof *self + (size_t)size + 1) : self;
    if (grown && size > 0) {
        grown->size = size;
        vsnprintf(grown->utf8, (size_t)size + 1, format, again);
    } else if (self && !grown) {
        free(self);
        error_no_memory();
    }
    va_end(again);
    return OBJECT(grown);
}

static int encode(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> length & 0xFF) | c);
    return length;
}

Object *str_from_wide(const wchar_t *wide, ssize_t length) {
    Str *self = malloc(sizeof *self + 4 * (size_t)length + 1);
    if (!self) return error_no_memory();
    self->ob = (Object){1, &Str_Type};
    self->size = 0;
    for (ssize_t i = 0; i < length; i++) {
        uint32_t c = (uint32_t)wide[i];
        bool escaped = c >= 0xDC80 && c < 0xDD00; // a byte that str_as_wide() made
        if (escaped) {
            self->utf8[self->size++] = (char)(c & 0xFF);
        } else {
            bool none = c > 0x10FFFF || (c >= 0xD800 && c < 0xE000);
            self->size += encode(none ? 0xFFFD : c, self->utf8 + self->size);
        }
    }
    self->utf8[self->size] = '\0';
    return OBJECT(self);
}

ssize_t str_as_wide(const Str *self, wchar_t *wide, ssize_t room) {
    const uint8_t *at = (const uint8_t *)self->utf8, *end = at + self->size;
    ssize_t length = 0;
    for (uint32_t c; at < end; length++) {
        at += decode(at, end, &c);
        if (length < room) wide[length] = (wchar_t)c;
    }
    if (length < room) wide[length] = 0;
    return length;
}

/* What stands in the quotes. A byte is shown as what it stands for, or as an escape. */
static void write_quoted(const char *data, ssize_t size, bool text, FILE *out) {
    bool single = memchr(data, '\'', (size_t)size) && !memchr(data, '"', (size_t)size);
    int quote = single ? '"' : '\'';
    fputc(quote, out);
    const uint8_t *at = (const uint8_t *)data, *end = at + size;
    while (at < end) {
        uint32_t c = *at;
        int step = text ? decode(at, end, &c) : 1;
        if (c == (uint32_t)quote || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\t' || c == '\n' || c == '\r') {
            fputs(c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r", out);
        } else if (c < ' ' || c == 0x7F || (c > 0x7F && (!text || c < 0xA1 || c == 0xAD))) {
            fprintf(out, "\\x%02x", (unsigned)c);
        } else if (text && c >= 0xDC80 && c < 0xDD00) {
            fprintf(out, "\\u%04x", (unsigned)c);
        } else {
            fwrite(at, 1, (size_t)step, out);
        }
        at += step;
    }
    fputc(quote, out);
}

/* Simplified: of the characters beyond U+00FF, all are shown; CPython escapes those that Unicode
 * calls unprintable. CPython: Objects/unicodeobject.c, unicode_repr(). */
static int str_repr(Object *op, FILE *out) {
    write_quoted(((Str *)op)->utf8, ((Str *)op)->size, true, out);
    return 0;
}

Type Str_Type = {TYPE("str", NULL), .dealloc = value_dealloc, .repr = str_repr};

/* ---- bytes -----------------------------------------------------------------------------------*/

Object *bytes_from_data(const void *data, ssize_t size) {
    if (size < 0 || (size_t)size > PTRDIFF_MAX - sizeof(Bytes) - 1) return error_no_memory();
    Bytes *self = malloc(sizeof *self + (size_t)size + 1);
    if (!self) return error_no_memory();
    self->ob = (Object){1, &Bytes_Type};
    self->size = size;
    if (size) memcpy(self->data, data, (size_t)size);
    self->data[size] = '\0';
    return OBJECT(self);
}

static int bytes_repr(Object *op, FILE *out) {
    fputc('b', out);
    write_quoted(((Bytes *)op)->data, ((Bytes *)op)->size, false, out);
    return 0;
}

Type Bytes_Type = {TYPE("bytes", NULL), .dealloc = value_dealloc, .repr = bytes_repr};
