/* object.h: objects that can be entered and left, and exceptions that are objects.
 *
 * Two invariants carry this topic. A type says in two cells whether its objects are context managers:
 * `enter` and `exit`; the instance is never asked. And an exception that is raised while another is
 * being handled remembers it: `context`. So there are two places where an exception can be: pending,
 * on its way to whoever handles it (error_indicator), or being handled (exc_info). Raising looks at
 * the second and sets the first.
 *
 * CPython: Include/object.h, Include/cpython/pyerrors.h, Python/errors.c, Objects/exceptions.c.
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
typedef struct Generator Generator;

struct Object {
    ssize_t refcnt;
    Type *type;
};

// Parts from iterators': here an object is entered, left and called.
/* CPython: PyTypeObject, tp_name, tp_base, tp_dealloc, tp_call; __enter__ and __exit__ are attributes
 * there, found on the type. Simplified: cells, inherited from the one base by hand. */
struct Type {
    Object ob;
    const char *name;
    Type *base;
    void (*dealloc)(Object *self); // NULL: statically allocated, never freed
    Object *(*call)(Object *self, Object *const *args, ssize_t nargs);
    Object *(*enter)(Object *self); // new reference
    /* New reference: true swallows the exception. All None when there is none. */
    Object *(*exit)(Object *self, Object *type, Object *value, Object *traceback);
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* ---- References ------------------------------------------------------------------------------*/

// Parts from iterators': nothing here is nested deeply; a chain of exceptions dies in a loop.
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
void *object_new(Type *type, size_t size);

/* ---- Values ----------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    int64_t value; // of True and False, too
} Int;

typedef struct {
    Object ob;
    ssize_t size;
    char text[]; // size bytes and a NUL
} Str;

/* What a Function runs: new reference, or NULL with an exception pending. `closure` is whatever
 * object the function was made with, borrowed, or NULL. */
typedef Object *(*FunctionCode)(Object *closure, Object *const *args, ssize_t nargs);

/* CPython: PyCFunctionObject, m_self. */
typedef struct {
    Object ob;
    const char *name;
    FunctionCode code;
    Object *closure;
} Function;

extern Type Type_Type, None_Type, Bool_Type, Int_Type, Str_Type, Function_Type;
extern Object none_object;
extern Int true_object, false_object;
#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* How the initialiser of a type begins. */
#define TYPE(name_, base_) .ob = {1, &Type_Type}, .name = (name_), .base = (base_)

/* New references; NULL with MemoryError. `closure` may be NULL.
 * CPython: PyLong_FromLong(), PyUnicode_FromFormat(), PyUnicode_FromFormatV(), PyCFunction_New(). */
Object *int_from_long(int64_t value);
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);
Object *str_from_vformat(const char *format, va_list args);
Object *function_new(const char *name, FunctionCode code, Object *closure);

/* func(*args): new reference, or NULL with TypeError ("'int' object is not callable") or what it
 * raised. CPython: PyObject_Vectorcall(). */
Object *object_call(Object *func, Object *const *args, ssize_t nargs);
/* Whether it counts as true. CPython: PyObject_IsTrue(). Simplified: cannot fail, as no class here
 * has a __bool__. */
bool object_is_true(const Object *self);

/* ---- Exceptions: exception.c -----------------------------------------------------------------*/

/* CPython: Include/cpython/pyerrors.h, PyBaseExceptionObject. Simplified: one argument, no traceback. */
struct Exception {
    Object ob;
    Object *value;         // args[0]: its text; for StopIteration what was returned; or NULL
    Exception *context;    // what was being handled when it was raised: __context__
    Exception *cause;      // `raise ... from cause`: __cause__
    bool suppress_context; // set by `from`: the context is not printed
    Object **notes;        // of add_note(), Strs
    ssize_t nnotes;
    bool seen; // while a chain is walked
};

/* The exceptions of this topic, each with its base, which stands before it. */
#define EXCEPTIONS(X)                                                                              \
    X(Exception, BaseException)                                                                    \
    X(GeneratorExit, BaseException)                                                                \
    X(KeyboardInterrupt, BaseException)                                                            \
    X(ArithmeticError, Exception)                                                                  \
    X(ZeroDivisionError, ArithmeticError)                                                          \
    X(AttributeError, Exception)                                                                   \
    X(LookupError, Exception)                                                                      \
    X(IndexError, LookupError)                                                                     \
    X(KeyError, LookupError)                                                                       \
    X(MemoryError, Exception)                                                                      \
    X(OSError, Exception)                                                                          \
    X(FileNotFoundError, OSError)                                                                  \
    X(PermissionError, OSError)                                                                    \
    X(RuntimeError, Exception)                                                                     \
    X(StopIteration, Exception)                                                                    \
    X(TypeError, Exception)                                                                        \
    X(ValueError, Exception)
#define DECLARE_EXCEPTION(name, base) extern Type name##_Type;
extern Type BaseException_Type;
EXCEPTIONS(DECLARE_EXCEPTION)

bool type_is_subtype(const Type *type, const Type *base);
static inline bool exception_matches(const Exception *self, const Type *type) {
    return type_is_subtype(self->ob.type, type);
}

/* A new exception with this text, or with this value (borrowed; NULL: none); not raised. MemoryError. */
__attribute__((format(printf, 2, 3))) Exception *exception_new(Type *type, const char *format, ...);
Exception *exception_new_value(Type *type, Object *value);
/* exc.add_note(): 0, or -1 with MemoryError. CPython: BaseException_add_note(). */
int exception_add_note(Exception *self, const char *note);

/* raise exc; raise exc from cause (NULL: from None). They steal exc, which becomes pending, with the
 * exception that is being handled as its context; a NULL exc, of a failed allocation, leaves the
 * MemoryError that is pending. -1, to `return`. CPython: _PyErr_SetObject(). */
int exception_raise(Exception *exc);
int exception_raise_from(Exception *exc, Exception *cause);
/* raise type(text): the same. CPython: PyErr_Format(). */
PRINTF_LIKE int error_raise(Type *type, const char *format, ...);

/* Takes the pending exception: new reference, none pending any more; NULL if none was. What common.h
 * set without an object, a MemoryError, gets one. Put it back as it is: steals; NULL: none pending.
 * CPython: PyErr_Fetch() and PyErr_NormalizeException(), PyErr_Restore(). */
Exception *exception_fetch(void);
void exception_restore(Exception *exc);

/* What is being handled: one for the thread and one for each generator, as a suspended generator takes
 * with it what it was handling. CPython: _PyErr_StackItem, tstate->exc_info. */
typedef struct ExcInfo {
    Exception *exc; // or NULL
    struct ExcInfo *previous;
} ExcInfo;
ExcInfo *exc_info_top(void);
void exc_info_push(ExcInfo *info);
void exc_info_pop(void);

/* `except:` begins: the pending exception, borrowed, is being handled from here on; *saved keeps what
 * was before. `except:` ends: not handled any more, and forgotten. CPython: PUSH_EXC_INFO,
 * POP_EXCEPT. */
Exception *except_begin(Exception **saved);
void except_end(Exception *saved);
/* Ends it with the same exception pending again, its context as it is. CPython: RERAISE. */
int except_reraise(Exception *saved);

/* sys.exc_info()[1]: what is being handled, borrowed; or NULL. CPython: _PyErr_GetTopmostException(). */
Exception *exception_handled(void);

/* As Python prints one that nobody caught: causes and contexts first, oldest on top.
 * CPython: Python/pythonrun.c, print_exception_recursive(). */
void exception_print(Exception *self, FILE *out);
/* str(exc), borrowed from it: "" without a value. */
const char *exception_str(const Exception *self);

/* ---- Generators: generator.c -----------------------------------------------------------------*/

typedef enum {
    SEND_ERROR = -1, // an exception is pending
    SEND_RETURN = 0, // it ended; the result is its return value
    SEND_NEXT = 1,   // it goes on; the result is what it yielded
} SendResult;

/* One step of a generator: from `state` to the next yield. `sent` is NULL when an exception was
 * thrown in, which is then pending. Written with the macros below. */
typedef SendResult (*GeneratorBody)(Generator *self, Object *sent, Object **result);

/* CPython: PyGenObject. Simplified: a switch over the place where it stopped (iterators/generator has
 * frames), and four variables that live on. */
struct Generator {
    Object ob;
    const char *name;
    GeneratorBody body;
    int state; // 0: not begun; -1: ended; else the line of the yield
    bool running;
    ExcInfo exc_state; // what it was handling
    Object *closure;
    Object *locals[4];
    Exception *saved; // for an except that holds a yield
};
extern Type Generator_Type;

/* A body is `GENERATOR_BEGIN ... YIELD(value) ... GENERATOR_END`; value is a new reference, NULL to
 * fail. After a YIELD look at `sent`. */
#define GENERATOR_BEGIN                                                                            \
    switch (self->state) {                                                                         \
    case 0:
#define YIELD(value)                                                                               \
    do {                                                                                           \
        self->state = __LINE__;                                                                    \
        *result = (value);                                                                         \
        return *result ? SEND_NEXT : SEND_ERROR;                                                   \
    case __LINE__:;                                                                                \
    } while (0)
#define GENERATOR_END                                                                              \
    }                                                                                              \
    *result = new_ref(None);                                                                       \
    return SEND_RETURN;

/* New generator, not begun; closure is borrowed and may be NULL. NULL with MemoryError. */
Object *generator_new(const char *name, GeneratorBody body, Object *closure);
/* One step, the end being no exception: the result is a new reference unless SEND_ERROR, with the
 * exception pending. CPython: Objects/genobject.c, PyGen_am_send(). */
SendResult generator_send(Object *gen, Object **result);
/* next(gen), gen.throw(exc): what it yields, a new reference; NULL with StopIteration when it ends,
 * or what it raised: its own StopIteration as RuntimeError (PEP 479). throw() borrows exc.
 * CPython: gen_send_ex2(), gen_throw(). */
Object *generator_next(Object *gen);
Object *generator_throw(Object *gen, Exception *exc);
/* gen.close(): 0, or -1 with RuntimeError ("generator ignored GeneratorExit") or what it raised.
 * CPython: gen_close(). */
int generator_close(Object *gen);

#endif
