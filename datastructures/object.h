/* object.h: the objects that a list, a dict and a set hold.
 *
 * The invariant that makes containers work: an object says what it is (its type), how often it is
 * referred to (refcnt), and, if it can be a key, a hash that never changes; and two objects that
 * compare equal have equal hashes. So 1, 1.0 and True, all equal, must share a hash, and do.
 *
 * CPython: Include/object.h. Of PyTypeObject's forty-odd slots we keep the four that these rooms
 * call. Ownership is CPython's: "new reference" means the caller must decref it, "borrowed" that it
 * must not; every function that takes an object borrows it unless its comment says "steals".
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"

#include <sys/types.h> // ssize_t

/* The errors that this topic raises. */
ERROR_TYPE(AttributeError);
ERROR_TYPE(IndexError);
ERROR_TYPE(KeyError);
ERROR_TYPE(OSError);
ERROR_TYPE(OverflowError);
ERROR_TYPE(RecursionError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(TypeError);
ERROR_TYPE(UnicodeEncodeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;
typedef int64_t hash_t; // CPython: Py_hash_t. -1 is the error value, so no object hashes to -1.

struct Object {
    ssize_t refcnt;
    const Type *type;
};

/* A growing buffer of UTF-8 bytes. Start from {0}; once an append fails (MemoryError) the error
 * sticks and later appends do nothing, so a repr function checks once. CPython: _PyUnicodeWriter.
 */
typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
    bool failed;
} Writer;

enum { NOT_IMPLEMENTED = 2 }; // what Type.equal answers about a type it knows nothing of

// Parts from iterators': a key has a hash; there a type is iterated, called, finalized.
/* CPython: PyTypeObject, tp_name, tp_dealloc, tp_repr, tp_hash, tp_richcompare.
 * Simplified: repr appends to a Writer (CPython's returns a str), and of the six comparisons only
 * equality exists. */
struct Type {
    const char *name;
    bool container;                // its dealloc can run other deallocs: see object_dealloc()
    void (*dealloc)(Object *self); // NULL: statically allocated, never freed
    int (*repr)(Object *self, Writer *out);    // 0, or -1 with an error set; NULL: "<name object>"
    hash_t (*hash)(Object *self);              // NULL: unhashable
    int (*equal)(Object *self, Object *other); // 1, 0, -1 with an error set, or NOT_IMPLEMENTED
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* ---- References ------------------------------------------------------------------------------*/

/* What becomes of an object that nobody refers to any more. CPython: Objects/object.c,
 * _Py_Dealloc(). */
void object_dealloc(Object *self);

/* CPython: Py_INCREF(), Py_DECREF(), Py_XDECREF(), Py_NewRef(). */
static inline void object_incref(Object *self) {
    self->refcnt++;
}
static inline void object_decref(Object *self) {
    if (--self->refcnt == 0) object_dealloc(self);
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

/* Allocates `size` bytes for an object of `type`, refcnt 1, the rest uninitialised. NULL with
 * MemoryError. CPython: Objects/object.c, _PyObject_New(). */
void *object_new(const Type *type, size_t size);

/* ---- The leaf types --------------------------------------------------------------------------*/

/* An int of 64 bits. Simplified: CPython's int has as many 30-bit digits as it needs. */
typedef struct {
    Object ob;
    int64_t value;
} Int;

typedef struct {
    Object ob;
    double value;
} Float;

// Parts from iterators': one load for s[i], and a hash kept; there it is the UTF-8 as it came in.
/* Immutable text in the narrowest of three arrays: 1, 2 or 4 bytes a character (PEP 393), so that
 * s[i] is one load whatever the text. CPython: Include/cpython/unicodeobject.h, PyUnicodeObject. */
typedef struct {
    Object ob;
    ssize_t length;                 // in characters
    hash_t hash;                    // -1 until first asked for
    uint8_t kind;                   // bytes a character: 1, 2 or 4
    bool ascii;                     // all below 128: the array is its own UTF-8
    _Alignas(uint32_t) char data[]; // length * kind bytes and a NUL, aligned for the widest
} Str;

typedef struct {
    Object ob;
    ssize_t size;
    Object *items[];
} Tuple;

extern const Type None_Type, Bool_Type, Int_Type, Float_Type, Str_Type, Tuple_Type;
extern Object none_object;
extern Int false_object, true_object; // bool is an int with another repr, as in Python

#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* New reference; NULL with MemoryError. The same object each time for -5 to 256.
 * CPython: Objects/longobject.c, PyLong_FromLong(). */
Object *int_from_long(int64_t value);

/* Reads decimal digits with an optional sign: new reference, or NULL with ValueError (not a
 * number), OverflowError (outside 64 bits) or MemoryError. CPython: Objects/longobject.c,
 * PyLong_FromString(). */
Object *int_from_string(const char *text);

/* New reference; NULL with MemoryError. */
Object *float_from_double(double value);

// Parts from iterators': the bytes are decoded here.
/* New str of `size` bytes of UTF-8, or up to the NUL; NULL with MemoryError. A byte b that is not
 * UTF-8 becomes the lone surrogate U+DC00 + b, and str_write() turns it back, so nothing is lost
 * (PEP 383). CPython: Objects/unicodeobject.c, PyUnicode_DecodeUTF8() with "surrogateescape". */
Object *str_from_utf8(const char *utf8, ssize_t size);
Object *str_from_string(const char *utf8);
#define str_from_bytes str_from_utf8 // where the bytes come from outside and may be anything

/* The same, but the three bytes that a surrogate would have are that surrogate: how a literal
 * "\ud800" that was written out as bytes is read. CPython: the same with "surrogatepass". */
Object *str_from_utf8_with_surrogates(const char *utf8, ssize_t size);

/* How many bytes the character at `utf8` takes, of `size` that are left (at least 1): 1 for a byte
 * that is not UTF-8. */
ssize_t str_char_size(const char *utf8, ssize_t size);

// Parts from iterators': what is UTF-8 there is encoded here, which may fail.
/* Appends the text itself as UTF-8, as Python's print() would show it. 0, or -1 with MemoryError
 * or UnicodeEncodeError for a surrogate that stands for no byte. */
int str_write(Object *str, Writer *out);

/* New tuple with every item NULL, to be filled at once; NULL with MemoryError. */
Tuple *tuple_new(ssize_t size);
/* New tuple of these `size` objects, borrowed. CPython: Objects/tupleobject.c, PyTuple_Pack(). */
Object *tuple_pack(ssize_t size, ...);

/* ---- What every object can do ----------------------------------------------------------------*/

hash_t object_hash_slow(Object *self);
int object_equal_slow(Object *self, Object *other);

/* CPython: Objects/longobject.c, long_hash(). The value modulo the prime 2^61 - 1, which float's
 * hash shares, with the sign kept; -1 is taken, so it becomes -2. */
static inline hash_t int_hash(int64_t value) {
    const uint64_t modulus = (UINT64_C(1) << 61) - 1;
    if (-(int64_t)modulus < value && value < (int64_t)modulus) return value == -1 ? -2 : value;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    magnitude = (magnitude & modulus) + (magnitude >> 61);
    if (magnitude >= modulus) magnitude -= modulus;
    hash_t hash = value < 0 ? -(hash_t)magnitude : (hash_t)magnitude;
    return hash == -1 ? -2 : hash;
}

/* The hash, or -1 with TypeError ("unhashable type: 'list'"). The two commonest key types are
 * answered inline, before the call through the type. CPython: Objects/object.c, PyObject_Hash(). */
static inline hash_t object_hash(Object *self) {
    if (self->type == &Str_Type && ((Str *)self)->hash != -1) return ((Str *)self)->hash;
    if (self->type == &Int_Type) return int_hash(((Int *)self)->value);
    return object_hash_slow(self);
}

/* Whether a == b, identity implying equality (so a NaN is found in the list that holds it): 1, 0,
 * or -1 with an error set. It may run anything, such as code that empties the container that asks:
 * look at sizes again afterwards. CPython: Objects/object.c, PyObject_RichCompareBool(a, b, Py_EQ). */
static inline int object_rich_equal(Object *self, Object *other) {
    return self == other ? 1 : object_equal_slow(self, other);
}

/* Appends repr(self), or str(self) where they differ. 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_Repr(), PyObject_Str(). */
int object_write_repr(Object *self, Writer *out);
int object_write_str(Object *self, Writer *out);

/* repr(self) as a new str; NULL with an error set. CPython: Objects/object.c, PyObject_Repr(). */
Object *object_repr(Object *self);

/* Prints repr(self), or str(self) if `raw`. 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_Print() with Py_PRINT_RAW. */
int object_print(Object *self, FILE *file, bool raw);

/* A container calls repr_enter() before it descends and repr_leave() after: 0 go on, 1 this very
 * object is being printed further up (write "[...]"), -1 with an error set.
 * CPython: Objects/object.c, Py_ReprEnter(). */
int repr_enter(Object *self);
void repr_leave(Object *self);

/* A container's equal calls this before comparing items, and leave after: -1 with RecursionError at
 * a depth of 1000. CPython: Include/internal/pycore_ceval.h, _Py_EnterRecursiveCall(). */
int compare_enter(void);
void compare_leave(void);

/* 0, or -1 with MemoryError; after a failure `failed` stays set. writer_free() empties it. */
int writer_write(Writer *self, const char *bytes, size_t length);
int writer_puts(Writer *self, const char *text);
void writer_free(Writer *self);

/* ---- Hashing of raw values (hash.c) ----------------------------------------------------------*/

/* SipHash-1-3 under the process's secret, 0 for the empty string. -1 with ValueError if
 * PYTHONHASHSEED is malformed. CPython: Python/pyhash.c, _Py_HashBytes(). */
hash_t hash_bytes(const void *bytes, size_t length);
/* CPython: Python/pyhash.c, _Py_HashDouble(), _Py_HashPointer(). */
hash_t hash_double(Object *self, double value);
hash_t hash_pointer(const void *pointer);
/* SipHash-1-3 itself. */
uint64_t siphash13(uint64_t k0, uint64_t k1, const void *bytes, size_t length);

/* ---- Large blocks ----------------------------------------------------------------------------*/

/* Asks the kernel for 2 MiB pages under a large block: one page fault then serves 512 small pages,
 * which a table that is being filled notices and a search does not. A hint, never an error. */
void block_advise(void *block, size_t bytes);

#endif
