/* value.c: the values that programs here compute with: None, bool, int, float, str, tuple, and the
 * dict of names.
 *
 * 1 == 1.0 == True, so the three share a hash: to a cache they are one key, unless it was told to
 * look at types. Parts from the other topics' slices: text is the UTF-8 as it came, and only names
 * are hashed in a table. CPython: Objects/longobject.c, floatobject.c, unicodeobject.c, tupleobject.c,
 * dictobject.c.
 */
#include "object.h"

#include <ctype.h>
#include <math.h>

enum { NSMALLNEGINTS = 5, NSMALLPOSINTS = 257 };

static bool is_int(const Object *op) {
    return op->type == &Int_Type || op->type == &Bool_Type;
}

/* ---- None -------------------------------------------------------------------------------------*/

static int none_repr(Object *self, Writer *out) {
    (void)self;
    return writer_puts(out, "None");
}

Type None_Type = {TYPE("NoneType", Object), .repr = none_repr};
Object none_object = {1, &None_Type};

/* ---- int and bool -----------------------------------------------------------------------------*/

Object *int_from_long(int64_t value) {
    static Int small_ints[NSMALLNEGINTS + NSMALLPOSINTS];
    if (-NSMALLNEGINTS <= value && value < NSMALLPOSINTS) {
        Int *self = &small_ints[value + NSMALLNEGINTS];
        // The first reference is the table's own, so the count never comes down to 0.
        if (!self->ob.type) *self = (Int){{.refcnt = 1, .type = &Int_Type}, value};
        return new_ref(self);
    }
    Int *self = object_new(&Int_Type, 0);
    if (self) self->value = value;
    return OBJECT(self);
}

static void value_dealloc(Object *self) {
    object_free(self);
}

static int int_repr(Object *self, Writer *out) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)((Int *)self)->value);
    return writer_puts(out, text);
}

static hash_t hash_of_int(Object *self) {
    return int_hash(((Int *)self)->value);
}

static int int_equal(Object *self, Object *other) {
    return is_int(other) ? ((Int *)self)->value == ((Int *)other)->value : NOT_IMPLEMENTED;
}

static int bool_repr(Object *self, Writer *out) {
    return writer_puts(out, self == True ? "True" : "False");
}

Type Int_Type = {
    TYPE("int", Int),    .dealloc = value_dealloc, .repr = int_repr,
    .hash = hash_of_int, .equal = int_equal,
};
Type Bool_Type = {
    .ob = {1, &Type_Type},
    .name = "bool",
    .base = &Int_Type,
    .basicsize = sizeof(Int),
    .repr = bool_repr,
    .hash = hash_of_int,
    .equal = int_equal,
};
Int false_object = {{1, &Bool_Type}, 0}, true_object = {{1, &Bool_Type}, 1};

/* ---- float ------------------------------------------------------------------------------------*/

Object *float_from_double(double value) {
    Float *self = object_new(&Float_Type, 0);
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

/* A whole one as the int of the same value, as the two are equal. Simplified: others by their bits;
 * CPython computes the value modulo 2^61 - 1 (Python/pyhash.c, _Py_HashDouble()). */
static hash_t float_hash(Object *op) {
    double value = ((Float *)op)->value;
    if (value >= -9223372036854775808.0 && value < 9223372036854775808.0 && value == floor(value))
        return int_hash((int64_t)value);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits ^ bits >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    return bits == UINT64_MAX ? -2 : (hash_t)bits;
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

Type Float_Type = {
    TYPE("float", Float), .dealloc = value_dealloc, .repr = float_repr,
    .hash = float_hash,   .equal = float_equal,
};

/* ---- str and names ----------------------------------------------------------------------------*/

Object *str_from_utf8(const char *utf8, ssize_t size) {
    Str *self = object_new(&Str_Type, (size_t)size + 1);
    if (!self) return NULL;
    self->size = size;
    self->hash = -1;
    if (size) memcpy(self->text, utf8, (size_t)size);
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
    Str *self = size < 0 ? error_no_memory() : object_new(&Str_Type, (size_t)size + 1);
    if (self) {
        self->size = size;
        self->hash = -1;
        vsnprintf(self->text, (size_t)size + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return OBJECT(self);
}

/* FNV-1a, mixed once more as it is taken modulo powers of two. Simplified: CPython's is SipHash-1-3
 * under a secret of the process, so that nobody can choose keys that collide. */
static hash_t text_hash(const char *text) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    hash ^= hash >> 32;
    return hash == UINT64_MAX ? -2 : (hash_t)hash;
}

static hash_t str_hash(Object *op) {
    Str *self = (Str *)op;
    if (self->hash == -1) self->hash = text_hash(self->text);
    return self->hash;
}

static int str_equal(Object *op, Object *other) {
    Str *a = (Str *)op, *b = (Str *)other;
    if (other->type != &Str_Type) return NOT_IMPLEMENTED;
    return a->size == b->size && memcmp(a->text, b->text, (size_t)a->size) == 0;
}

/* Simplified: only what would end the line or the quotes is escaped. */
static int str_repr(Object *op, Writer *out) {
    Str *self = (Str *)op;
    char quote = strchr(self->text, '\'') && !strchr(self->text, '"') ? '"' : '\'';
    writer_write(out, &quote, 1);
    for (const char *c = self->text; c < self->text + self->size; c++) {
        unsigned char byte = (unsigned char)*c;
        char escape = *c == '\n' ? 'n' : *c == '\t' ? 't' : *c == '\r' ? 'r' : *c;
        char text[8];
        if (escape != *c || *c == '\\' || *c == quote)
            writer_write(out, (char[]){'\\', escape}, 2);
        else if (byte < 0x20 || byte == 0x7F)
            writer_write(out, text, (size_t)snprintf(text, sizeof text, "\\x%02x", byte));
        else
            writer_write(out, c, 1);
    }
    return writer_write(out, &quote, 1);
}

Type Str_Type = {
    TYPE("str", Str), .dealloc = value_dealloc, .repr = str_repr,
    .hash = str_hash, .equal = str_equal,
};

static struct {
    Str **names;
    size_t size, used; // size: a power of two, or 0
} interned;

static Str **intern_cell(Str **names, size_t size, const char *text, hash_t hash) {
    size_t i = (size_t)hash & (size - 1);
    while (names[i] && (names[i]->hash != hash || strcmp(names[i]->text, text) != 0))
        i = (i + 1) & (size - 1);
    return &names[i];
}

Str *str_intern(const char *text) {
    if (interned.used * 2 >= interned.size) {
        size_t size = interned.size ? interned.size * 2 : 512;
        Str **names = calloc(size, sizeof(Str *));
        if (!names) return error_no_memory();
        for (size_t i = 0; i < interned.size; i++) {
            Str *name = interned.names[i];
            if (name) *intern_cell(names, size, name->text, name->hash) = name;
        }
        free(interned.names);
        interned.names = names;
        interned.size = size;
    }
    hash_t hash = text_hash(text);
    Str **cell = intern_cell(interned.names, interned.size, text, hash);
    if (*cell) return *cell;
    Str *name = (Str *)str_from_string(text);
    if (!name) return NULL;
    name->hash = hash;
    name->interned = true;
    interned.used++;
    return *cell = name;
}

Str *str_as_name(Str *self) {
    return self->interned ? self : str_intern(self->text);
}

/* ---- tuple ------------------------------------------------------------------------------------*/

Tuple *tuple_new(ssize_t size) {
    if ((size_t)size > (PTRDIFF_MAX - sizeof(Tuple)) / sizeof(Object *)) return error_no_memory();
    Tuple *self = object_new(&Tuple_Type, (size_t)size * sizeof(Object *));
    if (self) self->size = size;
    return self;
}

Object *tuple_pack(ssize_t size, ...) {
    Tuple *self = tuple_new(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, void *));
    va_end(items);
    return OBJECT(self);
}

Tuple *tuple_from_array(Object *const *items, ssize_t size) {
    Tuple *self = tuple_new(size);
    for (ssize_t i = 0; self && i < size; i++)
        self->items[i] = new_ref(items[i]);
    return self;
}

static void tuple_dealloc_now(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = self->size; --i >= 0;)
        xdecref(self->items[i]);
    object_free(self);
}

static void tuple_dealloc(Object *self) {
    dealloc_nested(self, tuple_dealloc_now);
}

static int tuple_repr(Object *op, Writer *out) {
    Tuple *self = (Tuple *)op;
    int status = writer_puts(out, "(");
    for (ssize_t i = 0; i < self->size && status == 0; i++) {
        if (i > 0) writer_puts(out, ", ");
        status = object_write_repr(self->items[i], out);
    }
    return status < 0 ? -1 : writer_puts(out, self->size == 1 ? ",)" : ")");
}

/* xxHash's mixing, so that (1, 0), (0, 1) and (1, (0, 1)) differ; the older multiply-and-xor let
 * nested small tuples collide. CPython: Objects/tupleobject.c, tuplehash(). */
static hash_t tuple_hash(Object *op) {
    const uint64_t prime_1 = UINT64_C(11400714785074694791);
    const uint64_t prime_2 = UINT64_C(14029467366897019727);
    const uint64_t prime_5 = UINT64_C(2870177450012600261);
    Tuple *self = (Tuple *)op;
    uint64_t acc = prime_5;
    for (ssize_t i = 0; i < self->size; i++) {
        hash_t lane = object_hash(self->items[i]);
        if (lane == -1) return -1;
        acc += (uint64_t)lane * prime_2;
        acc = (acc << 31) | (acc >> 33);
        acc *= prime_1;
    }
    acc +=
        (uint64_t)self->size ^ (prime_5 ^ UINT64_C(3527539)); // keeps hash(()) from being prime_5
    return acc == (uint64_t)-1 ? 1546275796 : (hash_t)acc;
}

static int tuple_equal(Object *op, Object *other) {
    if (other->type != &Tuple_Type) return NOT_IMPLEMENTED;
    Tuple *a = (Tuple *)op, *b = (Tuple *)other;
    if (a->size != b->size) return 0;
    int answer = 1;
    for (ssize_t i = 0; i < a->size && answer == 1; i++)
        answer = object_rich_equal(a->items[i], b->items[i]);
    return answer;
}

Type Tuple_Type = {
    TYPE("tuple", Tuple), .dealloc = tuple_dealloc, .repr = tuple_repr,
    .hash = tuple_hash,   .equal = tuple_equal,
};

/* ---- The dict of names ------------------------------------------------------------------------*/

Dict *dict_new(void) {
    return object_new(&Dict_Type, 0);
}

int dict_set_item(Dict *self, Str *name, Object *value) {
    for (ssize_t i = 0; i < self->size; i++) {
        if (self->items[i].name != name) continue;
        Object *old = self->items[i].value;
        self->items[i].value = new_ref(value);
        decref(old);
        return 0;
    }
    if (self->size == self->allocated) {
        ssize_t allocated = self->allocated ? self->allocated * 2 : 4;
        void *items = realloc(self->items, (size_t)allocated * sizeof *self->items);
        if (!items) {
            error_no_memory();
            return -1;
        }
        self->items = items;
        self->allocated = allocated;
    }
    self->items[self->size].name = name;
    self->items[self->size++].value = new_ref(value);
    return 0;
}

int dict_del_item(Dict *self, const Str *name) {
    for (ssize_t i = 0; i < self->size; i++) {
        if (self->items[i].name != name) continue;
        Object *old = self->items[i].value;
        self->size--;
        memmove(self->items + i, self->items + i + 1,
                (size_t)(self->size - i) * sizeof *self->items);
        decref(old);
        return 0;
    }
    return error_set(KeyError, "'%s'", name->text);
}

int dict_update(Dict *self, const Dict *other) {
    for (ssize_t i = 0; i < other->size; i++) {
        if (dict_set_item(self, other->items[i].name, other->items[i].value) < 0) return -1;
    }
    return 0;
}

Dict *dict_copy(const Dict *self) {
    Dict *copy = dict_new();
    if (copy && dict_update(copy, self) < 0) clear_ref(copy);
    return copy;
}

/* Whatever dies meanwhile finds it empty. */
void dict_clear(Dict *self) {
    ssize_t size = self->size;
    void *memory = self->items;
    Dict gone = *self;
    self->size = self->allocated = 0;
    self->items = NULL;
    for (ssize_t i = 0; i < size; i++)
        decref(gone.items[i].value);
    free(memory);
}

static void dict_dealloc_now(Object *self) {
    dict_clear((Dict *)self);
    object_free(self);
}

static void dict_dealloc(Object *self) {
    if (((Dict *)self)->items)
        dealloc_nested(self, dict_dealloc_now);
    else
        object_free(self);
}

static int dict_repr(Object *op, Writer *out) {
    Dict *self = (Dict *)op;
    int status = writer_puts(out, "{");
    for (ssize_t i = 0; i < self->size && status == 0; i++) {
        if (i > 0) writer_puts(out, ", ");
        str_repr(OBJECT(self->items[i].name), out);
        writer_puts(out, ": ");
        status = object_write_repr(self->items[i].value, out);
    }
    return status < 0 ? -1 : writer_puts(out, "}");
}

static int dict_equal(Object *op, Object *other) {
    Dict *a = (Dict *)op, *b = (Dict *)other;
    if (other->type != &Dict_Type) return NOT_IMPLEMENTED;
    if (a->size != b->size) return 0;
    for (ssize_t i = 0; i < a->size; i++) {
        Object *value = dict_get_item(b, a->items[i].name);
        int equal = value ? object_rich_equal(a->items[i].value, value) : 0;
        if (equal != 1) return equal;
    }
    return 1;
}

Type Dict_Type = {TYPE("dict", Dict), .dealloc = dict_dealloc, .repr = dict_repr,
                  .equal = dict_equal};
