/* object.h: objects that can be called, and where their attributes are.
 *
 * The invariant that carries this topic: to call is to ask the type. A type whose objects can be
 * called fills in one of two cells: `vectorcall`, which takes the arguments where the caller has
 * them, in an array with the names of the last ones beside it, or `call`, which wants a tuple and a
 * dict made first. object_vectorcall() and object_call() lead from either form to either cell, so a
 * function, a method, a partial, a cache and an instance of a class with __call__ are called alike:
 * why a decorator may return any of them.
 *
 * CPython: Include/object.h, Include/cpython/object.h. Ownership is CPython's: "new reference"
 * means the caller must decref it, "borrowed" that it must not; a function that takes an object
 * borrows it unless its comment says "steals".
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"

#include <stddef.h>    // offsetof
#include <sys/types.h> // ssize_t

typedef struct Object Object;
typedef struct Type Type;
typedef struct Str Str;
typedef struct Tuple Tuple;
typedef struct Dict Dict;
typedef int64_t hash_t; // CPython: Py_hash_t. -1 is the error value, so no object hashes to -1.

struct Object {
    ssize_t refcnt;
    Type *type;
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

/* An attribute that two functions compute. CPython: PyGetSetDef. */
typedef struct {
    const char *name;
    Object *(*get)(Object *self);            // new reference
    int (*set)(Object *self, Object *value); // value NULL: delete. NULL: not writable
} GetSet;
/* The `set` of what is a field in CPython, which says so in other words: AttributeError ("readonly
 * attribute"). CPython: Python/structmember.c, PyMember_SetOne(). */
int readonly(Object *self, Object *value);

/* The C function behind a method or a builtin: the last of the arguments are named by kwnames, or
 * it is NULL. CPython: METH_FASTCALL | METH_KEYWORDS. */
typedef Object *(*BuiltinCode)(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames);
typedef struct {
    const char *name;
    BuiltinCode code;
} MethodDef; // CPython: PyMethodDef

/* Type.flags. CPython: Py_TPFLAGS_HEAPTYPE, _READY, _METHOD_DESCRIPTOR. */
enum {
    HEAPTYPE = 1 << 0, // made while the program runs: counted, freed, its attributes may change
    READY = 1 << 1,    // type_ready() has made its descriptors
    METHOD_DESCRIPTOR =
        1 << 2, // descr_get(obj) only puts obj before the arguments: callers may do that
    HAVE_FINALIZER = 1 << 3, // a class here has __del__
};

// Parts from objectmodel's: a class here has one base, and cells for what a decorator needs.
/* CPython: PyTypeObject, tp_ names the same cells there. Simplified: one base, so the MRO is the
 * chain of them; `vectorcall` is a cell of the type, where CPython keeps a pointer in each instance
 * whose offset the type knows (tp_vectorcall_offset). */
struct Type {
    Object ob;
    const char *name;
    Type *base;
    unsigned flags;
    ssize_t basicsize, dictoffset; // bytes of an instance; where its Dict* lies, 0: it has none
    void (*dealloc)(Object *self);
    int (*repr)(Object *self, Writer *out);    // 0, or -1 with an error; NULL: "<name object>"
    hash_t (*hash)(Object *self);              // NULL: unhashable
    int (*equal)(Object *self, Object *other); // 1, 0, -1 with an error set, or NOT_IMPLEMENTED
    Object *(*vectorcall)(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames);
    Object *(*call)(Object *self, Tuple *args, Dict *kwargs);    // kwargs may be NULL
    Object *(*descr_get)(Object *self, Object *obj, Type *type); // obj NULL: asked of the class
    int (*descr_set)(Object *self, Object *obj, Object *value);  // value NULL: delete
    int (*set_name)(Object *self, Type *owner, Str *name);       // __set_name__
    Object *(*new)(Type *type, Object *const *args, ssize_t nargs, Tuple *kwnames);
    const GetSet *getset; // these two end with {0}; type_ready() makes descriptors of them
    const MethodDef *methods;
    Dict *dict;      // its own attributes
    Type *next_heap; // all classes that the program made, for type_setattr()
    Str *ht_name;
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* ---- References ------------------------------------------------------------------------------*/

// Parts from datastructures': what dies knows how.
/* What becomes of an object that nobody refers to any more. CPython: Objects/object.c,
 * _Py_Dealloc(). */
static inline void object_dealloc(Object *self) {
    self->type->dealloc(self);
}

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

/* Chains of wrappers, a million long, free themselves in a loop: a dealloc that drops references
 * calls this with what it would do. CPython: Objects/object.c, the trashcan, _PyTrash_begin(). */
void dealloc_nested(Object *self, void (*dealloc)(Object *self));

/* An object of `type`, its basicsize bytes and `extra` more, refcnt 1, the rest zeroed; NULL with
 * MemoryError. CPython: Objects/object.c, _PyObject_New(). object_free() gives the memory back. */
void *object_new(Type *type, size_t extra);
void object_free(void *self);

/* ---- Values ----------------------------------------------------------------------------------*/

/* An int of 64 bits. Simplified: CPython's int has as many 30-bit digits as it needs. */
typedef struct {
    Object ob;
    int64_t value; // of True and False, too
} Int;

typedef struct {
    Object ob;
    double value;
} Float;

/* Immutable text: its UTF-8 as it came. Interned ones with the same text are the same object, so
 * names are compared by address; they live as long as the program. */
struct Str {
    Object ob;
    ssize_t size; // in bytes
    hash_t hash;  // -1 until first asked for
    bool interned;
    char text[]; // size bytes and a NUL
};

struct Tuple {
    Object ob;
    ssize_t size;
    Object *items[];
};

/* Attributes, globals and keyword arguments: values by name, in the order of insertion. CPython:
 * PyDictObject. Simplified: the names are interned strs, looked for one after the other: there are
 * few. */
struct Dict {
    Object ob;
    ssize_t size, allocated;
    struct {
        Str *name; // borrowed: interned
        Object *value;
    } * items;
};

/* A function that was bound: called with `self` before the arguments. CPython: PyMethodObject. */
typedef struct {
    Object ob;
    Object *func, *self;
} Method;

/* A function written in C. CPython: PyCFunctionObject. */
typedef struct {
    Object ob;
    const char *name;
    BuiltinCode code;
    Object *self; // m_self: what it is bound to, or remembers; or NULL
} Builtin;

extern Type Type_Type, Object_Type; // `type` and `object`
extern Type None_Type, Bool_Type, Int_Type, Float_Type, Str_Type, Tuple_Type, Dict_Type;
extern Type Method_Type, Builtin_Type;
extern Object none_object;
extern Int false_object, true_object; // bool is an int with another repr, as in Python
#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* How the initialiser of a static type begins. */
#define TYPE(name_, struct_)                                                                       \
    .ob = {1, &Type_Type}, .name = (name_), .base = &Object_Type,                                  \
    .basicsize = (ssize_t)sizeof(struct_)

/* New references; NULL with MemoryError. int_from_long() gives the same object each time for -5 to
 * 256. CPython: PyLong_FromLong(), PyFloat_FromDouble(), PyUnicode_FromStringAndSize(),
 * PyUnicode_FromString(), PyUnicode_FromFormat(). */
Object *int_from_long(int64_t value);
Object *float_from_double(double value);
Object *str_from_utf8(const char *utf8, ssize_t size);
Object *str_from_string(const char *utf8);
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);

/* The interned str of this text: borrowed, the same each time; NULL with MemoryError.
 * CPython: Objects/unicodeobject.c, PyUnicode_InternFromString(). */
Str *str_intern(const char *text);
/* The same text as a name: itself if it is interned. Borrowed; NULL with MemoryError. */
Str *str_as_name(Str *self);

/* New tuple with every item NULL, to be filled at once; NULL with MemoryError. */
Tuple *tuple_new(ssize_t size);
/* New tuple of these `size` objects, borrowed. CPython: Objects/tupleobject.c, PyTuple_Pack(). */
Object *tuple_pack(ssize_t size, ...);
/* New tuple of the objects of an array, borrowed. CPython: _PyTuple_FromArray(). */
Tuple *tuple_from_array(Object *const *items, ssize_t size);

/* New empty dict; NULL with MemoryError. CPython: Objects/dictobject.c, PyDict_New(). */
Dict *dict_new(void);
/* Borrowed, or NULL without an error. CPython: PyDict_GetItemWithError(). */
static inline Object *dict_get_item(const Dict *self, const Str *name) {
    for (ssize_t i = 0; i < self->size; i++) {
        if (self->items[i].name == name) return self->items[i].value;
    }
    return NULL;
}
/* 0, or -1 with MemoryError and nothing changed. CPython: PyDict_SetItem(). */
int dict_set_item(Dict *self, Str *name, Object *value);
/* 0, or -1 with KeyError. CPython: PyDict_DelItem(). */
int dict_del_item(Dict *self, const Str *name);
/* Inserts the items of `other`, which win: 0, or -1 with MemoryError and some of them inserted.
 * CPython: PyDict_Update(). */
int dict_update(Dict *self, const Dict *other);
/* New dict with the same items; NULL with MemoryError. CPython: PyDict_Copy(). */
Dict *dict_copy(const Dict *self);
void dict_clear(Dict *self);

/* ---- What every object can do ----------------------------------------------------------------*/

/* The value modulo the prime 2^61 - 1, with the sign kept; -1 is taken, so it becomes -2. CPython:
 * Objects/longobject.c, long_hash(). */
static inline hash_t int_hash(int64_t value) {
    const int64_t modulus = (INT64_C(1) << 61) - 1;
    if (value >= modulus || value <= -modulus) value %= modulus;
    return value == -1 ? -2 : value;
}

/* The hash, or -1 with TypeError ("unhashable type: 'dict'"). CPython: Objects/object.c,
 * PyObject_Hash(). */
hash_t object_hash(Object *self);

int object_equal_slow(Object *self, Object *other);
/* Whether a == b, identity implying equality (so a NaN is found in the list that holds it): 1,
 * 0, or -1 with an error set. It may run anything, such as code that empties the container that
 * asks: look at sizes again afterwards. CPython: Objects/object.c, PyObject_RichCompareBool(a,
 * b, Py_EQ). */
static inline int object_rich_equal(Object *self, Object *other) {
    return self == other ? 1 : object_equal_slow(self, other);
}

/* Whether it counts as true. CPython: PyObject_IsTrue(). Simplified: cannot fail, as no class here
 * has a __bool__. */
bool object_is_true(const Object *self);

/* Appends repr(self), or str(self) where they differ. 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_Repr(), PyObject_Str(). */
int object_write_repr(Object *self, Writer *out);
int object_write_str(Object *self, Writer *out);
/* repr(self) as a new str; NULL with an error set. CPython: Objects/object.c, PyObject_Repr(). */
Object *object_repr(Object *self);
/* Prints repr(self), or str(self) if `raw`. 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_Print() with Py_PRINT_RAW. */
int object_print(Object *self, FILE *file, bool raw);

/* 0, or -1 with MemoryError; after a failure `failed` stays set. writer_free() empties it. */
int writer_write(Writer *self, const char *bytes, size_t length);
int writer_puts(Writer *self, const char *text);
void writer_free(Writer *self);

/* ---- Calls -----------------------------------------------------------------------------------*/

/* What calls itself, through whatever user code, is counted; 0, or -1 with RecursionError ("maximum
 * recursion depth exceeded" and `where`: " in comparison", ""). After a 0 recursion_leave() is due.
 * CPython: Include/internal/pycore_ceval.h, _Py_EnterRecursiveCall(). */
enum { RECURSION_LIMIT = 1000 }; // CPython: sys.getrecursionlimit()
extern int recursion_depth;
int recursion_error(const char *where);
static inline int recursion_enter(const char *where) {
    if (recursion_depth >= RECURSION_LIMIT) return recursion_error(where);
    recursion_depth++;
    return 0;
}
static inline void recursion_leave(void) {
    recursion_depth--;
}

/* Whether its type can call it. CPython: Objects/object.c, PyCallable_Check(). */
static inline bool object_is_callable(const Object *self) {
    return self->type->vectorcall || self->type->call;
}

/* How often arguments had to be packed into a tuple, and names into a dict, as the callee had no
 * vectorcall. For whoever wants to see it; CPython counts it in builds with Py_STATS. */
extern unsigned long object_tp_calls;
Object *object_make_tp_call(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames);

/* self(*args): `nargs` arguments and then one for each of kwnames (interned strs; NULL: none). New
 * reference, or NULL with the error of the call or TypeError ("'int' object is not callable").
 * CPython: Objects/call.c, PyObject_Vectorcall(). */
static inline Object *object_vectorcall(Object *self, Object *const *args, ssize_t nargs,
                                        Tuple *kwnames) {
    Type *type = self->type;
    if (type->vectorcall) return type->vectorcall(self, args, nargs, kwnames);
    return object_make_tp_call(self, args, nargs, kwnames);
}
/* self(*args, **kwargs); kwargs may be NULL. CPython: Objects/call.c, PyObject_Call(),
 * PyVectorcall_Call(). */
Object *object_call(Object *self, Tuple *args, Dict *kwargs);
/* With `nargs` arguments, at most 8, borrowed. CPython: Objects/call.c,
 * PyObject_CallFunctionObjArgs(). */
Object *object_call_args(Object *self, ssize_t nargs, ...);

/* -1 with TypeError ("f() takes no keyword arguments", "f expected 1 argument, got 2") unless a
 * builtin was given between least and most positional arguments and none with a name. CPython:
 * Python/getargs.c, _PyArg_CheckPositional(). */
int builtin_check_args(const char *name, ssize_t nargs, Tuple *kwnames, ssize_t least,
                       ssize_t most);

/* New references; NULL with MemoryError. `self` may be NULL for a builtin, whose name must outlive
 * it. CPython: PyMethod_New(), PyCFunction_New(). */
Object *method_new(Object *func, Object *self);
Object *builtin_new(const char *name, BuiltinCode code, Object *self);

/* ---- Attributes: type.c, ready.c ------------------------------------------------------------*/

/* Fills in what a static type leaves to its base, and makes its descriptors: 0, or -1 with
 * MemoryError, to be tried again. Lookups do it when it has not been done. CPython:
 * Objects/typeobject.c, PyType_Ready(). */
int type_ready(Type *self);

/* What stands for `def name(self, ...)` in the dict of a class to be made: name and value, whose
 * reference it takes (NULL: it could not be made). 0, or -1 with an error. For programs that write
 * their classes in C. */
int class_define(Dict *dict, const char *name, Object *value);

/* The attribute that the first class of the chain has: borrowed; NULL if there is none (and, with
 * MemoryError, if the type could not be made ready). CPython: Objects/typeobject.c,
 * _PyType_Lookup(). */
Object *type_lookup(Type *self, Str *name);
/* CPython: Objects/typeobject.c, PyType_IsSubtype(). */
bool type_is_subtype(const Type *self, const Type *base);

/* self.name: new reference, or NULL with AttributeError ("'int' object has no attribute 'x'") or
 * what a descriptor raised. In the order of PyObject_GenericGetAttr(): a data descriptor of the
 * type, the instance's dict, what else the type has. CPython: Objects/object.c,
 * PyObject_GetAttr(). */
Object *object_getattr(Object *self, Str *name);
Object *object_getattr_string(Object *self, const char *name);
/* self.name = value, or del self.name for NULL. 0, or -1. CPython: PyObject_SetAttr(). */
int object_setattr(Object *self, Str *name, Object *value);
int object_setattr_string(Object *self, const char *name, Object *value);
/* The instance's dict, made if it has a place for one and none yet: borrowed; NULL without an error
 * if there is no place, or with MemoryError. CPython: Objects/object.c, _PyObject_GetDictPtr(). */
Dict *object_dict(Object *self);

/* ---- Classes ---------------------------------------------------------------------------------*/

/* `class name(base): ...` with the attributes of `dict`, which it copies: a new class; then each
 * value whose type has a __set_name__ is told its name. NULL with MemoryError, or what __set_name__
 * raised (in 3.11 inside a RuntimeError: "Error calling __set_name__ on 'T' instance 'x' in 'C'").
 * CPython: Objects/typeobject.c, type_new_impl(). Simplified: one base, object or a class made
 * here. */
Type *type_new(const char *name, Type *base, const Dict *dict);

/* An instance of a class made here. CPython: an object with a managed dict. */
typedef struct {
    Object ob;
    Dict *dict;
} Instance;

/* ---- Exceptions: exception.c -----------------------------------------------------------------*/

/* The exceptions of this topic, each with its base, which stands before it. Simplified: classes to
 * be named in `except` and to be passed as arguments; what is raised is the error indicator. */
#define EXCEPTIONS(X)                                                                              \
    X(Exception, BaseException)                                                                    \
    X(KeyboardInterrupt, BaseException)                                                            \
    X(ArithmeticError, Exception)                                                                  \
    X(ZeroDivisionError, ArithmeticError)                                                          \
    X(AttributeError, Exception)                                                                   \
    X(LookupError, Exception)                                                                      \
    X(IndexError, LookupError)                                                                     \
    X(KeyError, LookupError)                                                                       \
    X(NameError, Exception)                                                                        \
    X(OSError, Exception)                                                                          \
    X(ConnectionError, OSError)                                                                    \
    X(FileNotFoundError, OSError)                                                                  \
    X(TimeoutError, OSError)                                                                       \
    X(RuntimeError, Exception)                                                                     \
    X(RecursionError, RuntimeError)                                                                \
    X(TypeError, Exception)                                                                        \
    X(ValueError, Exception)
#define DECLARE_EXCEPTION(name, base)                                                              \
    ERROR_TYPE(name);                                                                              \
    extern Type name##_Type;
DECLARE_EXCEPTION(BaseException, Object)
EXCEPTIONS(DECLARE_EXCEPTION)
extern Type MemoryError_Type; // the one that common.h names

/* Whether the pending error is an instance of this class, or of one of a tuple of them.
 * CPython: Python/errors.c, PyErr_ExceptionMatches(). */
bool error_is_instance(Object *classes);
/* Whether it is such a class. CPython: PyExceptionClass_Check(). */
bool is_exception_class(const Object *self);

#endif
