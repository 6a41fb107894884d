/* object.h: the objects that are iterated over, and the slice of PyTypeObject that iteration is.
 *
 * The invariant that makes `for` work on everything: an object is a reference count and a type, and
 * the type is a table of functions in which an empty cell means "cannot". `iter` gives an iterator,
 * `iternext` its next value; an iterator's `iter` gives itself. A `for` loop knows nothing else. So
 * a list, a file of a terabyte and a function that stops in the middle look the same from outside.
 *
 * CPython: Include/object.h, Include/cpython/object.h. Ownership is CPython's: "new reference"
 * means the caller must decref it, "borrowed" that it must not; a function that takes an object
 * borrows it unless its comment says "steals".
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"

#include <sys/types.h> // ssize_t

/* The errors that this topic raises. */
ERROR_TYPE(AssertionError);
ERROR_TYPE(AttributeError);
ERROR_TYPE(GeneratorExit);
ERROR_TYPE(IndexError);
ERROR_TYPE(KeyError);
ERROR_TYPE(OSError);
ERROR_TYPE(OverflowError);
ERROR_TYPE(RecursionError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(StopIteration);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;

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

/* What sending a value into an iterator came to. CPython: Include/object.h, PySendResult. */
typedef enum {
    SEND_ERROR = -1, // an error is set
    SEND_RETURN = 0, // it ended; the result is its return value
    SEND_NEXT = 1,   // it goes on; the result is what it yielded
} SendResult;

enum { NOT_IMPLEMENTED = 2 }; // what Type.equal answers about a type it knows nothing of

// Parts from datastructures': there a type is hashed; here it is iterated, called, finalized.
/* CPython: PyTypeObject and its method tables: tp_name, tp_dealloc, tp_finalize, tp_repr, tp_call,
 * tp_iter, tp_iternext, sq_length, sq_item, nb_bool, am_send.
 * Simplified: repr appends to a Writer (CPython's returns a str), call takes an array as vectorcall
 * does, and of the six comparisons only equality exists. */
struct Type {
    const char *name;
    bool leaf;                              // its dealloc drops no reference: see object_dealloc()
    void (*dealloc)(Object *self);          // NULL: statically allocated, never freed
    void (*finalize)(Object *self);         // runs once, before dealloc; may revive the object
    int (*repr)(Object *self, Writer *out); // 0, or -1 with an error set; NULL: "<name object>"
    int (*equal)(Object *self, Object *other); // 1, 0, -1 with an error set, or NOT_IMPLEMENTED
    int (*is_true)(Object *self);              // 1, 0, -1 with an error set; NULL: by length, or 1
    Object *(*call)(Object *self, Object *const *args, ssize_t nargs); // new reference
    /* What iteration is about. */
    Object *(*iter)(Object *self);     // an iterator over it: new reference
    Object *(*iternext)(Object *self); // new reference; NULL without an error: exhausted
    SendResult (*send)(Object *self, Object *value, Object **result);
    Object *(*reversed)(Object *self); // __reversed__: an iterator from the end, a new reference
    /* What there was before iterators, still good enough for `for`: see sequence_iter_new(). */
    ssize_t (*length)(Object *self);              // -1 with an error set
    Object *(*item)(Object *self, ssize_t index); // new reference; IndexError past the end
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

/* Empties a variable or field first and drops the reference last, as a dying object may run code
 * that looks at it. CPython: Py_CLEAR(). */
#define clear_ref(field)                                                                           \
    do {                                                                                           \
        Object *clear_ref_old = OBJECT(field);                                                     \
        (field) = NULL;                                                                            \
        object_xdecref(clear_ref_old);                                                             \
    } while (0)

/* Allocates `size` bytes for an object of `type`, refcnt 1, the rest uninitialised. NULL with
 * MemoryError. CPython: Objects/object.c, _PyObject_New(). */
void *object_new(const Type *type, size_t size);

/* ---- The types that programs here are made of ------------------------------------------------*/

/* An int of 64 bits. Simplified: CPython's int has as many 30-bit digits as it needs. */
typedef struct {
    Object ob;
    int64_t value;
} Int;

// Parts from datastructures': no text is hashed or drawn here, so it is the UTF-8 as it came in.
/* Immutable text. Simplified: stored as its UTF-8, so s[i] walks from the start; CPython stores 1,
 * 2 or 4 bytes a character (PEP 393). A byte that is not UTF-8 is a character of its own, which
 * CPython writes as the surrogate U+DC00 + byte (PEP 383). */
typedef struct {
    Object ob;
    ssize_t length; // in characters
    ssize_t size;   // in bytes
    bool ascii;     // all of them below 128
    char utf8[];    // size bytes and a NUL
} Str;

typedef struct {
    Object ob;
    ssize_t size;
    Object *items[];
} Tuple;

typedef struct {
    Object ob;
    ssize_t size;
    Object **items; // NULL while allocated is 0
    ssize_t allocated;
} List;

/* What a Function runs: new reference, or NULL with an error set. `closure` is whatever object the
 * function was made with, borrowed, or NULL. */
typedef Object *(*FunctionCode)(Object *closure, Object *const *args, ssize_t nargs);

/* Something that can be called: a C function and what it remembers. CPython:
 * Include/cpython/methodobject.h, PyCFunctionObject, where `closure` is m_self. */
typedef struct {
    Object ob;
    const char *name;
    FunctionCode code;
    Object *closure;
} Function;

extern const Type None_Type, Bool_Type, Int_Type, Str_Type, Tuple_Type, List_Type, Function_Type;
extern Object none_object;
extern Int false_object, true_object; // bool is an int with another repr, as in Python

#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* New reference; NULL with MemoryError. The same object each time for -5 to 256.
 * CPython: Objects/longobject.c, PyLong_FromLong(). */
Object *int_from_long(int64_t value);

/* The value of an int or a bool; -1 with TypeError ("'str' object cannot be interpreted as an
 * integer"). CPython: Objects/abstract.c, PyNumber_AsSsize_t(). */
int64_t int_as_long(Object *op);

// Parts from datastructures': the bytes are kept as they come.
/* New str of `size` bytes of UTF-8, or up to the NUL; NULL with MemoryError. A byte b that is not
 * UTF-8 is the lone surrogate U+DC00 + b (PEP 383). CPython: Objects/unicodeobject.c,
 * PyUnicode_DecodeUTF8() with "surrogateescape". */
Object *str_from_utf8(const char *utf8, ssize_t size);
Object *str_from_string(const char *utf8);
/* The same from a format as printf's; MemoryError. CPython: PyUnicode_FromFormat(). */
__attribute__((format(printf, 1, 2), nonnull(1))) Object *str_from_format(const char *format, ...);

/* How many bytes the character at `utf8` takes, of `size` that are left (at least 1): 1 for a byte
 * that is not UTF-8. */
ssize_t str_char_size(const char *utf8, ssize_t size);

// Parts from datastructures': the bytes are there already.
/* Appends the text itself. 0, or -1 with MemoryError. */
int str_write(Object *str, Writer *out);

/* New tuple with every item NULL, to be filled at once; NULL with MemoryError. */
Tuple *tuple_new(ssize_t size);
/* New tuple of these `size` objects, borrowed. CPython: Objects/tupleobject.c, PyTuple_Pack(). */
Object *tuple_pack(ssize_t size, ...);

/* New empty list; NULL with MemoryError. CPython: Objects/listobject.c, PyList_New(0). */
List *list_new(void);
/* New list of these `size` objects, borrowed; NULL with MemoryError. */
List *list_pack(ssize_t size, ...);
/* 0, or -1 with MemoryError and nothing changed. CPython: Objects/listobject.c, PyList_Append(). */
int list_append(List *self, Object *item);
/* Before the item at `index`, clamped to the list. CPython: Objects/listobject.c, ins1(). */
int list_insert(List *self, ssize_t index, Object *item);
/* The item at `index` (negative: from the end), taken out: the list's reference is the caller's.
 * NULL with IndexError. CPython: Objects/listobject.c, list_pop_impl(). */
Object *list_pop(List *self, ssize_t index);
/* Takes the first item that equals `value` out. -1 with ValueError. CPython: list_remove(). */
int list_remove(List *self, Object *value);
/* CPython: Objects/listobject.c, _list_clear(). */
void list_clear(List *self);

/* New function that calls code(closure, args, nargs); `name` must outlive it, `closure` may be
 * NULL. NULL with MemoryError. CPython: Objects/methodobject.c, PyCFunction_New(). */
Object *function_new(const char *name, FunctionCode code, Object *closure);

/* ---- What every object can do ----------------------------------------------------------------*/

int object_equal_slow(Object *self, Object *other);

/* Whether a == b, identity implying equality (so a NaN is found in the list that holds it): 1, 0,
 * or -1 with an error set. It may run anything, such as code that empties the container that asks:
 * look at sizes again afterwards. CPython: Objects/object.c, PyObject_RichCompareBool(a, b, Py_EQ). */
static inline int object_rich_equal(Object *self, Object *other) {
    return self == other ? 1 : object_equal_slow(self, other);
}

/* 1, 0, or -1 with an error set. CPython: Objects/object.c, PyObject_IsTrue(). */
int object_is_true(Object *self);

/* len(self); -1 with TypeError ("object of type 'int' has no len()").
 * CPython: Objects/abstract.c, PyObject_Size(). */
ssize_t object_length(Object *self);

/* self(*args): new reference, or NULL with the error of the call or TypeError ("'int' object is not
 * callable"). CPython: Objects/call.c, PyObject_Vectorcall(). */
Object *object_call(Object *self, Object *const *args, ssize_t nargs);

/* Appends repr(self), or str(self) where they differ. 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_Repr(), PyObject_Str(). */
int object_write_repr(Object *self, Writer *out);
int object_write_str(Object *self, Writer *out);

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

/* ---- StopIteration and its value -------------------------------------------------------------*/

/* Sets StopIteration with this value, which is what a generator's `return value` becomes. The
 * message is str(value), empty for None. CPython: Objects/genobject.c,
 * _PyGen_SetStopIterationValue(). */
void error_set_stop_iteration(Object *value);

/* Takes the value of a pending StopIteration, None if it has none or nothing is pending, and clears
 * the error: 0 and a new reference in *value. Any other error stays: -1.
 * CPython: Objects/genobject.c, _PyGen_FetchStopIterationValue(). */
int error_fetch_stop_iteration(Object **value);

/* Reports an error that has nowhere to go, such as one raised while an object dies, on stderr, and
 * clears it: "Exception ignored in: <repr>" and the error. A program may put its own function into
 * error_unraisable_hook, as sys.unraisablehook does; it is called with the error pending.
 * CPython: Python/errors.c, PyErr_WriteUnraisable(). */
void error_write_unraisable(Object *where);
extern void (*error_unraisable_hook)(Object *where);

#endif
