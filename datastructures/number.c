/* number.c: int, bool and float.
 *
 * The three share one notion of equality and therefore of hash: 1 == 1.0 == True, so the three name
 * one slot of a dict. CPython: Objects/longobject.c, Objects/boolobject.c, Objects/floatobject.c.
 */
#include "object.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>

enum { NSMALLNEGINTS = 5, NSMALLPOSINTS = 257 };

static bool is_int(Object *op) {
    return op->type == &Int_Type || op->type == &Bool_Type;
}

/* ---- int -------------------------------------------------------------------------------------*/

// Parts from iterators': none are made in loops that are measured, so malloc serves.
Object *int_from_long(int64_t value) {
    static Int small_ints[NSMALLNEGINTS + NSMALLPOSINTS];
    if (-NSMALLNEGINTS <= value && value < NSMALLPOSINTS) {
        Int *self = &small_ints[value + NSMALLNEGINTS];
        // The first reference is the table's own, so the count never comes down to 0.
        if (!self->ob.type) *self = (Int){{.refcnt = 1, .type = &Int_Type}, value};
        return new_ref(self);
    }
    Int *self = object_new(&Int_Type, sizeof *self);
    if (self) self->value = value;
    return OBJECT(self);
}

/* Sets the ValueError that shows the text by its repr, so that no control character and no bad byte
 * of it reaches a terminal. Returns NULL. */
static Object *invalid_literal(const char *text) {
    Object *str = str_from_bytes(text, (ssize_t)strlen(text));
    Writer out = {0};
    if (str && object_write_repr(str, &out) == 0) {
        int length = out.length < 200 ? (int)out.length : 200; // CPython too cuts here
        error_set(ValueError, "invalid literal for int() with base 10: %.*s", length, out.bytes);
    }
    xdecref(str);
    writer_free(&out);
    return NULL;
}

Object *int_from_string(const char *text) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || isspace((unsigned char)*text)) return invalid_literal(text);
    if (errno == ERANGE) {
        error_set(OverflowError, "Python int too large to convert to C long");
        return NULL;
    }
    return int_from_long(value);
}

static void number_dealloc(Object *self) {
    free(self);
}

static int int_repr(Object *op, Writer *out) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, ((Int *)op)->value);
    return writer_puts(out, text);
}

static hash_t int_hash_slot(Object *op) {
    return int_hash(((Int *)op)->value);
}

static int int_equal(Object *op, Object *other) {
    if (!is_int(other)) return NOT_IMPLEMENTED;
    return ((Int *)op)->value == ((Int *)other)->value;
}

const Type Int_Type = {
    .name = "int",
    .dealloc = number_dealloc,
    .repr = int_repr,
    .hash = int_hash_slot,
    .equal = int_equal,
};

/* ---- bool ------------------------------------------------------------------------------------*/

static int bool_repr(Object *op, Writer *out) {
    return writer_puts(out, op == True ? "True" : "False");
}

const Type Bool_Type = {
    .name = "bool", .repr = bool_repr, .hash = int_hash_slot, .equal = int_equal};
Int false_object = {{.refcnt = 1, .type = &Bool_Type}, 0};
Int true_object = {{.refcnt = 1, .type = &Bool_Type}, 1};

/* ---- float -----------------------------------------------------------------------------------*/

Object *float_from_double(double value) {
    Float *self = object_new(&Float_Type, sizeof *self);
    if (self) self->value = value;
    return OBJECT(self);
}

/* Adds one to the last digit before the 'e' of "-d.ddde+xx"; false if that takes one digit more. */
static bool next_decimal(char *text) {
    for (char *c = strchr(text, 'e'); c-- > text;) {
        if (*c == '9') {
            *c = '0';
        } else if (isdigit((unsigned char)*c)) {
            ++*c;
            return true;
        }
    }
    return false;
}

/* Writes the fewest digits that read back as the same double, as "-d.ddde+xx"; returns their
 * number. Usually that is the nearest decimal of so many digits. At a power of two the doubles
 * below lie twice as close as those above: the nearest decimal may then read back as a neighbour
 * while the next one away from zero does not. Simplified: tries 1 to 17 digits; CPython computes
 * them at once (Python/dtoa.c, mode 0). */
static int shortest_digits(double value, char *text, size_t size) {
    int digits = 1;
    for (;; digits++) {
        snprintf(text, size, "%.*e", digits - 1, value);
        if (digits == 17 || strtod(text, NULL) == value) return digits;
        if (next_decimal(text) && strtod(text, NULL) == value) return digits;
    }
}

/* Python's choice of notation: an exponent below 1e-4 and from 1e16 on, else at least one decimal,
 * so that it is seen to be a float. CPython: Objects/floatobject.c, float_repr(). */
static int float_repr(Object *op, Writer *out) {
    double value = ((Float *)op)->value;
    if (isnan(value)) return writer_puts(out, "nan");
    if (isinf(value)) return writer_puts(out, value > 0 ? "inf" : "-inf");

    char text[64];
    int digits = shortest_digits(value, text, sizeof text);
    int exponent = atoi(strchr(text, 'e') + 1);
    if (-4 <= exponent && exponent < 16) {
        int decimals = digits - 1 - exponent;
        snprintf(text, sizeof text, "%.*f", decimals > 1 ? decimals : 1, value);
    }
    return writer_puts(out, text);
}

static hash_t float_hash(Object *op) {
    return hash_double(op, ((Float *)op)->value);
}

/* An int beyond 2^53 may have no double of its own: rounding it would make it equal to a float that
 * it is not. A float of that size is whole, so it is the float that is converted, if it is in
 * range. CPython: Objects/floatobject.c, float_richcompare(). */
static bool float_equals_int(double value, int64_t integer) {
    if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return false;
    return value == floor(value) && (int64_t)value == integer;
}

static int float_equal(Object *op, Object *other) {
    double value = ((Float *)op)->value;
    if (other->type == &Float_Type) return value == ((Float *)other)->value;
    if (is_int(other)) return float_equals_int(value, ((Int *)other)->value);
    return NOT_IMPLEMENTED;
}

const Type Float_Type = {
    .name = "float",
    .dealloc = number_dealloc,
    .repr = float_repr,
    .hash = float_hash,
    .equal = float_equal,
};
