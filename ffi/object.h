/* object.h: the values that cross the border between Python and C: numbers, text, bytes, None, and
 * a tuple and a dict to hand them over in.
 *
 * The invariant of this topic: on the Python side a value says itself what it is (type) and how
 * many hold it (refcnt); on the C side it is bytes at an address, and only whoever wrote the
 * declaration knows which. Whatever crosses is converted one way or the other, and what C goes on
 * pointing to, a reference on the Python side must keep alive.
 *
 * CPython: Include/object.h; Objects/longobject.c, floatobject.c, unicodeobject.c, bytesobject.c,
 * tupleobject.c. Ownership is CPython's: "new reference" means the caller must decref it,
 * "borrowed" that it must not, "steals" that it no longer must.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"

#include <sys/types.h> // ssize_t
#include <wchar.h>

ERROR_TYPE(ArgumentError); // ctypes.ArgumentError
ERROR_TYPE(AttributeError);
ERROR_TYPE(ImportError);
ERROR_TYPE(IndexError);
ERROR_TYPE(ModuleNotFoundError);
ERROR_TYPE(NotImplementedError);
ERROR_TYPE(OSError);
ERROR_TYPE(OverflowError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(SystemError);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;

struct Object {
    ssize_t refcnt;
    Type *type;
};

/* CPython: PyTypeObject: tp_name, tp_base, tp_dealloc, tp_repr, tp_vectorcall_offset. A type is an
 * object itself, as ctypes makes types while the program runs. */
struct Type {
    Object ob;
    const char *name;
    Type *base;                           // or NULL
    void (*dealloc)(Object *self);        // NULL: statically allocated, never freed
    int (*repr)(Object *self, FILE *out); // NULL: <name object>
    Object *(*call)(Object *self, Object *const *args, ssize_t nargs, Object *kwnames);
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* How the initialiser of a static type begins. */
#define TYPE(name_, base_) .ob = {1, &Type_Type}, .name = (name_), .base = (base_)

/* ---- References: CPython: Py_INCREF(), Py_DECREF(), Py_XDECREF(), Py_NewRef() -----------------*/

static inline void object_incref(Object *self) {
    self->refcnt++;
}
static inline void object_decref(Object *self) {
    if (--self->refcnt == 0) self->type->dealloc(self);
}
static inline void object_xdecref(Object *self) {
    if (self) object_decref(self);
}
static inline Object *object_new_ref(Object *self) {
    self->refcnt++;
    return self;
}
#define incref(op)  object_incref(OBJECT(op))
#define decref(op)  object_decref(OBJECT(op))
#define xdecref(op) object_xdecref(OBJECT(op))
#define new_ref(op) object_new_ref(OBJECT(op))

/* Empties a variable or field first and drops the reference last, as a dying object may run code
 * that looks at it. CPython: Py_CLEAR(). */
#define clear_ref(field)                                                                           \
    do {                                                                                           \
        Object *clear_ref_old = OBJECT(field);                                                     \
        (field) = NULL;                                                                            \
        object_xdecref(clear_ref_old);                                                             \
    } while (0)

/* `size` bytes for an object of `type`, refcnt 1, the rest zeroed; NULL with MemoryError.
 * CPython: Objects/object.c, _PyObject_New(). */
void *object_new(Type *type, size_t size);

/* Whether the type is this one or made from it. CPython: PyType_IsSubtype(). */
bool type_is_subtype(const Type *type, const Type *base);
static inline bool object_is(const Object *op, const Type *type) {
    return op->type == type || (op->type->base && type_is_subtype(op->type, type));
}

/* self(*args, **kwargs): `args` has nargs values and behind them one for each name in kwnames, a
 * Tuple of Strs or NULL. New reference; NULL with TypeError ("'int' object is not callable") or
 * what it raised. CPython: PyObject_Vectorcall(). */
Object *object_vectorcall(Object *self, Object *const *args, ssize_t nargs, Object *kwnames);
static inline Object *object_call(Object *self, Object *const *args, ssize_t nargs) {
    return object_vectorcall(self, args, nargs, NULL);
}

/* Writes repr(self): 0, or -1 with what it raised. CPython: PyObject_Repr(). */
int object_write_repr(Object *self, FILE *out);
/* bool(self). CPython: PyObject_IsTrue(). Simplified: cannot fail, as no class here has a
 * __bool__. */
bool object_is_true(const Object *self);

extern Type Type_Type, None_Type, Function_Type, Tuple_Type, Dict_Type;
extern Type Int_Type, Bool_Type, Float_Type, Str_Type, Bytes_Type; // values.c
extern Object none_object;
#define None OBJECT(&none_object)

/* ---- Numbers: values.c -----------------------------------------------------------------------*/

/* Simplified: from -(2**64 - 1) to 2**64 - 1, that every integer of C fits in, at both ends twice
 * over; CPython's int has as many digits of 30 bits as it takes. What both do with one that does
 * not fit where it is going is the same: refuse it, or keep its lowest bits. */
typedef struct {
    Object ob;
    bool negative;
    uint64_t magnitude;
} Int; // of bool, too

typedef struct {
    Object ob;
    double value;
} Float;

extern Int true_object, false_object;
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

static inline bool int_check(const Object *op) {
    return op->type == &Int_Type || op->type == &Bool_Type;
}

/* New references, or NULL with MemoryError. int_from_string() reads decimal, 0x or 0b digits with a
 * sign, as int(text, 0) does; ValueError, or OverflowError beyond our 64 bits. CPython:
 * PyLong_FromLongLong(), PyLong_FromUnsignedLongLong(), PyLong_FromString(), PyBool_FromLong(),
 * PyFloat_FromDouble(). */
Object *int_from_long(int64_t value);
Object *int_from_unsigned(uint64_t value);
Object *int_from_string(const char *text);
Object *bool_from_long(long value);
Object *float_from_double(double value);

/* The value in a C integer: 0, or -1 with OverflowError ("Python int too large to convert to C
 * long") or TypeError. CPython: PyLong_AsLong(), PyLong_AsLongLong(), PyLong_AsSsize_t(). */
int int_as_long(Object *op, long *value);
int int_as_longlong(Object *op, long long *value);
int int_as_ssize(Object *op, ssize_t *value);
/* Its lowest 64 bits, as two's complement has them: nothing is too large. 0, or -1 with
 * TypeError ("'str' object cannot be interpreted as an integer"). CPython:
 * PyLong_AsUnsignedLongLongMask(). */
int int_as_mask(Object *op, uint64_t *value);
/* 0, or -1 with TypeError ("must be real number, not str"). CPython: PyFloat_AsDouble(). */
int float_as_double(Object *op, double *value);
/* Writes the shortest digits that read back as this double. CPython: Objects/floatobject.c,
 * float_repr(). */
void double_write_repr(double value, FILE *out);

/* ---- Text and bytes: values.c ----------------------------------------------------------------*/

typedef struct {
    Object ob;
    ssize_t size; // in bytes
    char utf8[];  // size bytes and a NUL
} Str;

typedef struct {
    Object ob;
    ssize_t size;
    char data[]; // size bytes and a NUL
} Bytes;

/* New references; NULL with MemoryError. CPython: PyUnicode_FromStringAndSize(),
 * PyUnicode_FromString(), PyUnicode_FromFormat(), PyUnicode_FromWideChar(),
 * PyBytes_FromStringAndSize(). A wide character that is no character becomes U+FFFD (CPython:
 * ValueError). */
Object *str_from_utf8(const char *utf8, ssize_t size);
Object *str_from_string(const char *utf8);
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);
Object *str_from_wide(const wchar_t *wide, ssize_t length);
Object *bytes_from_data(const void *data, ssize_t size);
/* The characters, at most `room` of them, into `wide`, and a 0 behind them where there is room;
 * returns how many there are in all. Never fails: bytes that are no UTF-8 count one each. CPython:
 * PyUnicode_AsWideChar(). */
ssize_t str_as_wide(const Str *self, wchar_t *wide, ssize_t room);

/* ---- Tuple, dict, function: object.c ---------------------------------------------------------*/

typedef struct {
    Object ob;
    ssize_t size;
    Object *items[];
} Tuple;

/* A new tuple of references of its own to the items; with items NULL it has None in every place.
 * NULL with MemoryError. CPython: PyTuple_New(), PyTuple_Pack(). */
Object *tuple_from_array(Object *const *items, ssize_t size);

/* Simplified: names to values, in order, looked for one by one: a call has a handful of keywords,
 * and a module here a handful of names. datastructures/dict is the real one. */
typedef struct {
    Object *key; // a Str
    Object *value;
} DictEntry;
typedef struct {
    Object ob;
    ssize_t used, allocated;
    DictEntry *entries;
} Dict;

/* CPython: PyDict_New(); PyDict_GetItemString(): borrowed, or NULL without an error;
 * PyDict_SetItemString(): 0, or -1 with MemoryError. */
Object *dict_new(void);
Object *dict_get_item_string(Object *self, const char *key);
int dict_set_item_string(Object *self, const char *key, Object *value);

/* What a Function runs: new reference, or NULL with an error set. `closure` is whatever object the
 * function was made with, borrowed, or NULL. It stands for a function that was written in Python:
 * what a callback calls, what errcheck is. Without keywords. */
typedef Object *(*FunctionCode)(Object *closure, Object *const *args, ssize_t nargs);
typedef struct {
    Object ob;
    const char *name;
    FunctionCode code;
    Object *closure;
} Function;
Object *function_new(const char *name, FunctionCode code, Object *closure);

#endif
