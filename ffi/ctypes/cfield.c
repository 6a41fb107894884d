/* cfield.c: the table of type codes: how a value becomes bytes, and bytes a value.
 *
 * The invariant: what stands at ptr belongs to someone else and may be at any address, so it is
 * copied in and out, never pointed at by its type. A setter either stores the whole value or
 * nothing.
 *
 * An integer never overflows here: its lowest bits are kept, as an assignment in C keeps them. So
 * c_byte(300) is c_byte(44), where the module struct would refuse.
 *
 * CPython: Modules/_ctypes/cfield.c.
 */
#include "ctypes.h"

#include <stddef.h>

static Object *nothing_to_keep(void) {
    return new_ref(None);
}

/* ---- Integers --------------------------------------------------------------------------------*/

/* The bits of `field` with those of the bit field replaced by the lowest of `value`. CPython:
 * SET(). Where ctypes has laid a bit field beyond its own integer (see layout.c), C leaves
 * undefined what CPython's shift does; here nothing is stored, and 0 read. */
static uint64_t put_bits(uint64_t field, uint64_t value, ssize_t size) {
    if (!NUM_BITS(size)) return value;
    uint64_t mask = UINT64_MAX >> (64 - NUM_BITS(size));
    if (LOW_BIT(size) >= 64) return field;
    return (field & ~(mask << LOW_BIT(size))) | ((value & mask) << LOW_BIT(size));
}

/* The bits of the bit field, at the upper end of 64. CPython: GET_BITFIELD(), its first shift. */
static uint64_t upper_bits(uint64_t field, ssize_t size, size_t width) {
    ssize_t above = (ssize_t)width - LOW_BIT(size) - NUM_BITS(size);
    return above < 0 ? 0 : field << (64 - (ssize_t)width + above);
}

/* A setter and a getter for each integer type. Shifting right a negative number copies its sign: so
 * say gcc and clang, where C leaves it open. */
#define INTEGER(code, type, wide, from)                                                            \
    static Object *code##_set(void *ptr, Object *value, ssize_t size) {                            \
        uint64_t bits;                                                                             \
        type field;                                                                                \
        if (int_as_mask(value, &bits) < 0) return NULL;                                            \
        memcpy(&field, ptr, sizeof field);                                                         \
        field = (type)put_bits((uint64_t)field, bits, size);                                       \
        memcpy(ptr, &field, sizeof field);                                                         \
        return nothing_to_keep();                                                                  \
    }                                                                                              \
    static Object *code##_get(void *ptr, ssize_t size) {                                           \
        type field;                                                                                \
        memcpy(&field, ptr, sizeof field);                                                         \
        if (!NUM_BITS(size)) return from(field);                                                   \
        return from((wide)upper_bits((uint64_t)field, size, 8 * sizeof field) >>                   \
                    (64 - NUM_BITS(size)));                                                        \
    }
INTEGER(b, signed char, int64_t, int_from_long)
INTEGER(B, unsigned char, uint64_t, int_from_unsigned)
INTEGER(h, short, int64_t, int_from_long)
INTEGER(H, unsigned short, uint64_t, int_from_unsigned)
INTEGER(i, int, int64_t, int_from_long)
INTEGER(I, unsigned, uint64_t, int_from_unsigned)
INTEGER(l, long, int64_t, int_from_long)
INTEGER(L, unsigned long, uint64_t, int_from_unsigned)
INTEGER(q, long long, int64_t, int_from_long)
INTEGER(Q, unsigned long long, uint64_t, int_from_unsigned)

/* ---- Floating point and bool -----------------------------------------------------------------*/

#define FLOATING(code, type)                                                                       \
    static Object *code##_set(void *ptr, Object *value, ssize_t size) {                            \
        (void)size;                                                                                \
        double x;                                                                                  \
        if (float_as_double(value, &x) < 0) return NULL;                                           \
        type field = (type)x;                                                                      \
        memcpy(ptr, &field, sizeof field);                                                         \
        return nothing_to_keep();                                                                  \
    }                                                                                              \
    static Object *code##_get(void *ptr, ssize_t size) {                                           \
        (void)size;                                                                                \
        type field;                                                                                \
        memcpy(&field, ptr, sizeof field);                                                         \
        return float_from_double((double)field);                                                   \
    }
FLOATING(f, float)
FLOATING(d, double)
FLOATING(g, long double)

static Object *t_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    *(unsigned char *)ptr = object_is_true(value);
    return nothing_to_keep();
}

static Object *t_get(void *ptr, ssize_t size) {
    (void)size;
    return bool_from_long(*(unsigned char *)ptr);
}

/* ---- Characters ------------------------------------------------------------------------------*/

static Object *c_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    const Int *number = (const Int *)value;
    if (value->type == &Bytes_Type && ((Bytes *)value)->size == 1) {
        *(char *)ptr = ((Bytes *)value)->data[0];
    } else if (int_check(value) && !number->negative && number->magnitude < 256) {
        *(unsigned char *)ptr = (unsigned char)number->magnitude;
    } else {
        error_set(TypeError, "one character bytes, bytearray or integer expected");
        return NULL;
    }
    return nothing_to_keep();
}

static Object *c_get(void *ptr, ssize_t size) {
    (void)size;
    return bytes_from_data(ptr, 1);
}

static int expect_str(Object *value) {
    if (value->type == &Str_Type) return 0;
    return error_set(TypeError, "unicode string expected instead of %s instance",
                     value->type->name);
}

static Object *u_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    wchar_t character;
    if (expect_str(value) < 0) return NULL;
    if (str_as_wide((Str *)value, &character, 1) != 1) {
        error_set(TypeError, "one character unicode string expected");
        return NULL;
    }
    memcpy(ptr, &character, sizeof character);
    return nothing_to_keep();
}

static Object *u_get(void *ptr, ssize_t size) {
    (void)size;
    wchar_t character;
    memcpy(&character, ptr, sizeof character);
    return str_from_wide(&character, 1);
}

/* Only up to the first NUL, as C would read it, and with its own NUL only where there is room. */
Object *s_set(void *ptr, Object *value, ssize_t length) {
    if (value->type != &Bytes_Type) {
        error_set(TypeError, "expected bytes, %s found", value->type->name);
        return NULL;
    }
    const char *data = ((Bytes *)value)->data;
    ssize_t size = (ssize_t)strlen(data);
    if (size > length) {
        error_set(ValueError, "bytes too long (%zd, maximum length %zd)", size, length);
        return NULL;
    }
    memcpy(ptr, data, (size_t)(size < length ? size + 1 : size));
    return nothing_to_keep();
}

Object *s_get(void *ptr, ssize_t size) {
    return bytes_from_data(ptr, (ssize_t)strnlen(ptr, (size_t)size));
}

Object *U_set(void *ptr, Object *value, ssize_t length) {
    length /= (ssize_t)sizeof(wchar_t);
    if (expect_str(value) < 0) return NULL;
    ssize_t size = str_as_wide((Str *)value, NULL, 0);
    if (size > length) {
        error_set(ValueError, "string too long (%zd, maximum length %zd)", size, length);
        return NULL;
    }
    str_as_wide((Str *)value, ptr, length);
    return new_ref(value);
}

Object *U_get(void *ptr, ssize_t size) {
    return str_from_wide(ptr, (ssize_t)wcsnlen(ptr, (size_t)size / sizeof(wchar_t)));
}

/* ---- Addresses -------------------------------------------------------------------------------*/

static void store_address(void *ptr, const void *address) {
    memcpy(ptr, &address, sizeof address);
}

static void *load_address(const void *ptr) {
    void *address;
    memcpy(&address, ptr, sizeof address);
    return address;
}

static void *address_of_int(Object *value) {
    const Int *self = (const Int *)value;
    return (void *)(uintptr_t)(self->negative ? -self->magnitude : self->magnitude);
}

/* The bytes themselves, not a copy: C that writes there writes into the bytes object. */
static Object *z_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    if (value == None) {
        store_address(ptr, NULL);
    } else if (value->type == &Bytes_Type) {
        store_address(ptr, ((Bytes *)value)->data);
        return new_ref(value);
    } else if (int_check(value)) {
        store_address(ptr, address_of_int(value));
    } else {
        error_set(TypeError, "bytes or integer address expected instead of %s instance",
                  value->type->name);
        return NULL;
    }
    return nothing_to_keep();
}

static Object *z_get(void *ptr, ssize_t size) {
    (void)size;
    const char *text = load_address(ptr);
    return text ? bytes_from_data(text, (ssize_t)strlen(text)) : new_ref(None);
}

/* Wide characters that the text is copied to, in a bytes object that is kept. CPython: a
 * capsule. */
static Object *Z_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    if (value == None || int_check(value)) {
        store_address(ptr, value == None ? NULL : address_of_int(value));
        return nothing_to_keep();
    }
    if (value->type != &Str_Type) {
        error_set(TypeError, "unicode string or integer address expected instead of %s instance",
                  value->type->name);
        return NULL;
    }
    ssize_t length = ((Str *)value)->size + 1; // there are not more characters than bytes
    Bytes *keep = malloc(sizeof *keep + (size_t)length * sizeof(wchar_t) + 1);
    if (!keep) return error_no_memory();
    keep->ob = (Object){1, &Bytes_Type};
    keep->size = length * (ssize_t)sizeof(wchar_t);
    keep->data[keep->size] = '\0';
    str_as_wide((Str *)value, (wchar_t *)(void *)keep->data, length);
    store_address(ptr, keep->data);
    return OBJECT(keep);
}

static Object *Z_get(void *ptr, ssize_t size) {
    (void)size;
    const wchar_t *text = load_address(ptr);
    return text ? str_from_wide(text, (ssize_t)wcslen(text)) : new_ref(None);
}

static Object *P_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    if (value != None && !int_check(value)) {
        error_set(TypeError, "cannot be converted to pointer");
        return NULL;
    }
    store_address(ptr, value == None ? NULL : address_of_int(value));
    return nothing_to_keep();
}

static Object *P_get(void *ptr, ssize_t size) {
    (void)size;
    const void *address = load_address(ptr);
    return address ? int_from_unsigned((uintptr_t)address) : new_ref(None);
}

static Object *O_set(void *ptr, Object *value, ssize_t size) {
    (void)size;
    store_address(ptr, value);
    return new_ref(value);
}

static Object *O_get(void *ptr, ssize_t size) {
    (void)size;
    Object *self = load_address(ptr);
    if (self) return new_ref(self);
    error_set(ValueError, "PyObject is NULL");
    return NULL;
}

/* ---- The table -------------------------------------------------------------------------------*/

#define ENTRY(code, class_, name, type, function)                                                  \
    {                                                                                              \
        code, name, #type, class_, sizeof(type), offsetof(Aligned_##function, x), function##_set,  \
            function##_get                                                                         \
    }
/* How C aligns a type in a structure, which on 32-bit x86 is not how it aligns a variable. */
#define ALIGNED(function, type)                                                                    \
    typedef struct {                                                                               \
        char before;                                                                               \
        type x;                                                                                    \
    } Aligned_##function
ALIGNED(c, char);
ALIGNED(b, signed char);
ALIGNED(B, unsigned char);
ALIGNED(h, short);
ALIGNED(H, unsigned short);
ALIGNED(i, int);
ALIGNED(I, unsigned int);
ALIGNED(l, long);
ALIGNED(L, unsigned long);
ALIGNED(q, long long);
ALIGNED(Q, unsigned long long);
ALIGNED(f, float);
ALIGNED(d, double);
ALIGNED(g, long double);
ALIGNED(t, _Bool);
ALIGNED(P, void *);
ALIGNED(z, char *);
ALIGNED(Z, wchar_t *);
ALIGNED(u, wchar_t);
typedef Object PyObject; // as a declaration would spell it
ALIGNED(O, PyObject *);

const FieldDesc field_descs[] = {
    ENTRY('c', C_SIGNED, "c_char", char, c),
    ENTRY('b', C_SIGNED, "c_byte", signed char, b),
    ENTRY('B', C_UNSIGNED, "c_ubyte", unsigned char, B),
    ENTRY('h', C_SIGNED, "c_short", short, h),
    ENTRY('H', C_UNSIGNED, "c_ushort", unsigned short, H),
    ENTRY('i', C_SIGNED, "c_int", int, i),
    ENTRY('I', C_UNSIGNED, "c_uint", unsigned int, I),
    ENTRY('l', C_SIGNED, "c_long", long, l),
    ENTRY('L', C_UNSIGNED, "c_ulong", unsigned long, L),
    ENTRY('q', C_SIGNED, "c_longlong", long long, q),
    ENTRY('Q', C_UNSIGNED, "c_ulonglong", unsigned long long, Q),
    ENTRY('f', C_FLOATING, "c_float", float, f),
    ENTRY('d', C_FLOATING, "c_double", double, d),
    ENTRY('g', C_FLOATING, "c_longdouble", long double, g),
    ENTRY('?', C_UNSIGNED, "c_bool", _Bool, t),
    ENTRY('P', C_POINTER, "c_void_p", void *, P),
    ENTRY('z', C_POINTER, "c_char_p", char *, z),
    ENTRY('Z', C_POINTER, "c_wchar_p", wchar_t *, Z),
    ENTRY('u', C_SIGNED, "c_wchar", wchar_t, u),
    ENTRY('O', C_POINTER, "py_object", PyObject *, O),
    {0},
};

const FieldDesc *field_desc(char code) {
    for (const FieldDesc *desc = field_descs; desc->code; desc++) {
        if (desc->code == code) return desc;
    }
    return NULL;
}
