/* object.h: objects that can be awaited, and exceptions that wait for somebody to fetch them.
 *
 * Two invariants carry this topic. Whether something can be awaited its type says: `await` gives what
 * is sent into, `send` takes one step and tells yield, return and error apart. And an exception is an
 * object, as a Future keeps it until somebody asks: so it is either pending, on its way to whoever
 * handles it (error_indicator), or held by a reference like any other value.
 *
 * CPython: Include/object.h, Include/cpython/object.h, Python/errors.c, Objects/exceptions.c.
 * Ownership is CPython's: "new reference" means the caller must decref it, "borrowed" that it must
 * not, "steals" that it no longer must.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"

#include <sys/types.h> // ssize_t

typedef struct Object Object;
typedef struct Type Type;
typedef struct Exception Exception;

struct Object {
    ssize_t refcnt;
    const Type *type;
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* CPython: Include/cpython/object.h, PySendResult. */
typedef enum {
    SEND_ERROR = -1, // an error is set
    SEND_RETURN = 0, // it has ended; the result is its return value
    SEND_NEXT = 1,   // it goes on; the result is what it yielded
} SendResult;

/* CPython: PyTypeObject (tp_name, tp_base, tp_dealloc, tp_repr), PyAsyncMethods (am_await, am_send);
 * cancel(), __aenter__() and __aexit__() are found by name there. Simplified: cells, and nothing is
 * inherited but what exceptions match. */
struct Type {
    const char *name;
    const Type *base;
    void (*dealloc)(Object *self); // NULL: statically allocated, never freed
    void (*repr)(const Object *self, FILE *out);
    Object *(*await)(Object *self); // new reference to what can be sent into
    SendResult (*send)(Object *self, Object *value, Object **result);
    int (*cancel)(Object *self, Object *msg);       // 1 if it will be; 0; -1 with an exception
    Object *(*aenter)(Object *self);                // new reference to an awaitable, as aexit's
    Object *(*aexit)(Object *self, Exception *exc); // NULL exc: none is on its way
};

/* ---- References ------------------------------------------------------------------------------*/

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

/* `size` bytes for an object of `type`, refcnt 1, the rest zeroed; NULL with MemoryError.
 * CPython: Objects/object.c, _PyObject_New(). */
void *object_new(const Type *type, size_t size);

/* ---- Values ----------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    int64_t value; // of True and False, too
} Int;

typedef struct {
    Object ob;
    ssize_t size;
    char text[]; // size bytes and a NUL
} Str;           // bytes, too

typedef struct {
    Object ob;
    ssize_t size, allocated;
    Object **items;
} List;

typedef struct {
    Object ob;
    ssize_t size;
    Object *items[];
} Tuple;

extern const Type None_Type, Bool_Type, Int_Type, Str_Type, Bytes_Type, List_Type, Tuple_Type;
extern Object none_object;
extern Int true_object, false_object;
#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* New references; NULL with MemoryError. CPython: PyLong_FromLong(), PyUnicode_FromFormat(),
 * PyUnicode_FromFormatV(), PyBytes_FromStringAndSize() (NULL data: to be filled in). */
Object *int_from_long(int64_t value);
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);
Object *str_from_vformat(const char *format, va_list args);
Object *bytes_from_data(const void *data, size_t size);

/* New list of `size` items, None each; list.append(item), item borrowed: 0, or -1 with MemoryError.
 * CPython: PyList_New(), PyList_Append(). */
Object *list_new(ssize_t size);
int list_append(List *self, Object *item);
/* New tuple of two: steals both, also when it fails; NULL with MemoryError or if one is NULL.
 * CPython: PyTuple_Pack(), which steals nothing. */
Object *tuple_pair(Object *first, Object *second);

/* repr(self), written; or into `text`, cut to its size, which is returned. Simplified: of a str only
 * quotes, backslashes and what is below U+0020 is escaped. CPython: PyObject_Repr(). */
void object_write_repr(const Object *self, FILE *out);
const char *object_repr(const Object *self, char *text, size_t size);
/* Whether it counts as true. CPython: PyObject_IsTrue(). Simplified: cannot fail, as no class here
 * has a __bool__. */
bool object_is_true(const Object *self);

/* What can be sent into when `self`, borrowed, is awaited: new reference; NULL with TypeError.
 * CPython: Objects/genobject.c, _PyCoro_GetAwaitableIter(). */
Object *object_get_awaitable(Object *self);

/* ---- Exceptions: exception.c -----------------------------------------------------------------*/

/* CPython: Include/cpython/pyerrors.h, PyBaseExceptionObject. Simplified: one argument, no traceback. */
struct Exception {
    Object ob;
    Object *value;         // args[0]: its text; for StopIteration what was returned; or NULL
    Object *extra;         // a group's list; what an IncompleteReadError had read; or NULL
    Exception *context;    // what was being handled when it was raised: __context__
    Exception *cause;      // `raise ... from cause`: __cause__
    bool suppress_context; // set by `from`: the context is not printed
};

/* The exceptions of this topic, each with its base, which stands before it; besides, BaseException,
 * Exception and MemoryError. */
#define EXCEPTIONS(X)                                                                              \
    X(BaseExceptionGroup, BaseException)                                                           \
    X(ExceptionGroup, Exception)                                                                   \
    X(CancelledError, BaseException)                                                               \
    X(GeneratorExit, BaseException)                                                                \
    X(KeyboardInterrupt, BaseException)                                                            \
    X(SystemExit, BaseException)                                                                   \
    X(ArithmeticError, Exception)                                                                  \
    X(ZeroDivisionError, ArithmeticError)                                                          \
    X(EOFError, Exception)                                                                         \
    X(IncompleteReadError, EOFError)                                                               \
    X(InvalidStateError, Exception)                                                                \
    X(LimitOverrunError, Exception)                                                                \
    X(LookupError, Exception)                                                                      \
    X(IndexError, LookupError)                                                                     \
    X(KeyError, LookupError)                                                                       \
    X(OSError, Exception)                                                                          \
    X(BlockingIOError, OSError)                                                                    \
    X(ConnectionError, OSError)                                                                    \
    X(BrokenPipeError, ConnectionError)                                                            \
    X(ConnectionAbortedError, ConnectionError)                                                     \
    X(ConnectionRefusedError, ConnectionError)                                                     \
    X(ConnectionResetError, ConnectionError)                                                       \
    X(FileExistsError, OSError)                                                                    \
    X(FileNotFoundError, OSError)                                                                  \
    X(InterruptedError, OSError)                                                                   \
    X(IsADirectoryError, OSError)                                                                  \
    X(NotADirectoryError, OSError)                                                                 \
    X(PermissionError, OSError)                                                                    \
    X(TimeoutError, OSError)                                                                       \
    X(gaierror, OSError)                                                                           \
    X(QueueEmpty, Exception)                                                                       \
    X(QueueFull, Exception)                                                                        \
    X(RuntimeError, Exception)                                                                     \
    X(NotImplementedError, RuntimeError)                                                           \
    X(RecursionError, RuntimeError)                                                                \
    X(StopIteration, Exception)                                                                    \
    X(TypeError, Exception)                                                                        \
    X(ValueError, Exception)
#define DECLARE_EXCEPTION(name, base) extern const Type name##_Type;
extern const Type BaseException_Type, Exception_Type, MemoryError_Type;
EXCEPTIONS(DECLARE_EXCEPTION)

bool type_is_subtype(const Type *type, const Type *base);
static inline bool exception_matches(const Exception *self, const Type *type) {
    return type_is_subtype(self->ob.type, type);
}
/* isinstance(self, BaseException). CPython: PyExceptionInstance_Check(). */
static inline bool object_is_exception(const Object *self) {
    return type_is_subtype(self->type, &BaseException_Type);
}

/* A new exception with this text, or with this value (borrowed; NULL: none); not raised. MemoryError. */
__attribute__((format(printf, 2, 3))) Exception *exception_new(const Type *type, const char *format,
                                                               ...);
Exception *exception_new_value(const Type *type, Object *value);
/* BaseExceptionGroup(message, exceptions): an ExceptionGroup if all of them are Exceptions; the list
 * is borrowed. MemoryError. CPython: Objects/exceptions.c, BaseExceptionGroup_new(). */
Exception *exception_group_new(const char *message, List *exceptions);

/* raise exc; raise exc from cause (NULL: from None). They steal exc, which becomes pending; a NULL exc,
 * of a failed allocation, leaves the MemoryError that is pending. -1, to `return`.
 * CPython: PyErr_SetObject(), Python/ceval.c, do_raise(). */
int exception_raise(Exception *exc);
int exception_raise_from(Exception *exc, Exception *cause);
/* raise type(text); raise type, without a text: the same. CPython: PyErr_Format(), PyErr_SetNone(). */
__attribute__((format(printf, 2, 3))) int error_raise(const Type *type, const char *format, ...);
int error_raise_none(const Type *type);
/* Whether what is pending is of this type or one derived from it. CPython: PyErr_ExceptionMatches(). */
bool error_is(const Type *type);

/* Takes the pending exception: new reference, none pending any more; NULL if none was. What common.h
 * set without an object, by its name, gets one. Put it back as it is: steals; NULL: none pending.
 * CPython: PyErr_Fetch() and PyErr_NormalizeException(), PyErr_Restore(). */
Exception *exception_fetch(void);
void exception_restore(Exception *exc);
/* The exception that common.h's Error, borrowed, is or stands for: a new reference, never NULL. */
Exception *exception_from_error(const Error *error);

/* `handled`, borrowed, was being handled when `exc` came up: it ends the chain of contexts, if it is
 * not in it. Simplified: told when `exc` leaves the handler; CPython sees it at the raise.
 * CPython: Python/errors.c, _PyErr_SetObject(), _PyErr_ChainExceptions(). */
void exception_set_context(Exception *exc, Exception *handled);

/* str(exc), written. CPython: BaseException_str(), BaseExceptionGroup_str(). */
void exception_write_str(const Exception *self, FILE *out);

/* ---- What nobody can be told by an error -------------------------------------------------------*/

/* Where a warning and an exception that came up in a destructor go: warnings.showwarning and
 * sys.unraisablehook; they print on stderr at first. `exc` is borrowed. */
extern void (*warning_hook)(const Type *category, const char *message);
extern void (*unraisable_hook)(Exception *exc, const Object *where);
extern const Type RuntimeWarning_Type;
/* Takes what is pending there. CPython: PyErr_WriteUnraisable(). */
void error_write_unraisable(const Object *where);

#endif
