/* object.h: objects that count who refers to them, and the two words before each that the collector
 * threads its lists through.
 *
 * The invariant that everything here keeps: an object's refcnt is the number of references to it
 * that somebody owns; when it falls to 0 the object is destroyed at once, by its type's dealloc,
 * which drops the references that it owned. Cycles never fall to 0. For those, each type of
 * container can show what it refers to (traverse) and let go of it (clear); the generational room
 * needs no more than that.
 *
 * CPython: Include/object.h, Include/internal/pycore_gc.h. Ownership is CPython's: "new reference"
 * means the caller must decref it, "borrowed" that it must not, "steals" that it no longer must.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "../common/common.h"
#include "heap.h"

#include <stddef.h>    // offsetof
#include <sys/types.h> // ssize_t

/* The errors that this topic raises. */
ERROR_TYPE(IndexError);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;
typedef struct WeakRef WeakRef;

struct Object {
    ssize_t refcnt;
    const Type *type;
};

/* What a traverse calls for each object that its own refers to. CPython: visitproc, traverseproc. */
typedef void (*Visit)(Object *op, void *arg);

// Parts from iterators': here a type says what its objects refer to, and how they die.
/* CPython: PyTypeObject, tp_name, tp_basicsize, tp_itemsize, tp_flags, tp_dealloc, tp_traverse,
 * tp_clear, tp_finalize, tp_weaklistoffset. Simplified: visiting cannot be stopped. */
struct Type {
    const char *name;
    ssize_t basicsize, itemsize;
    bool gc;                                                // has a GCHead: Py_TPFLAGS_HAVE_GC
    void (*dealloc)(Object *self);                          // NULL: statically allocated
    void (*traverse)(Object *self, Visit visit, void *arg); // calls visit for all it refers to
    void (*clear)(Object *self);                            // lets go of what could be in a cycle
    void (*finalize)(Object *self);                         // __del__: once, and may revive it
    ssize_t weaklistoffset;                                 // 0: cannot be weakly referred to
    const char *const *fields;                              // of an Instance, up to a NULL
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* ---- References ------------------------------------------------------------------------------*/

// Parts from iterators': the trashcan is the business of those types that can be nested.
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

/* The same with a new value, whose reference it steals. CPython: Py_XSETREF(). */
#define set_ref(field, value)                                                                      \
    do {                                                                                           \
        Object *set_ref_old = OBJECT(field);                                                       \
        (field) = (value);                                                                         \
        object_xdecref(set_ref_old);                                                               \
    } while (0)

/* ---- The collector's head --------------------------------------------------------------------*/

/* Before each object of a type with `gc`: its place in the list of its generation. next is 0 while
 * it is not tracked; the two lowest bits of prev are flags, as addresses end in zeros.
 * CPython: Include/internal/pycore_gc.h, PyGC_Head. */
typedef struct {
    uintptr_t next, prev;
} GCHead;

enum {
    PREV_MASK_FINALIZED = 1,  // its finalizer has run: never again
    PREV_MASK_COLLECTING = 2, // in the generation that is being collected
    PREV_SHIFT = 2,           // while collecting, the rest of prev counts references: gc_refs
    NUM_GENERATIONS = 3,
};
#define PREV_MASK (~(uintptr_t)3)

#define AS_GC(op)  ((GCHead *)(void *)(op)-1)
#define FROM_GC(g) ((Object *)(void *)((g) + 1))

static inline GCHead *gc_prev(const GCHead *g) {
    return (GCHead *)(g->prev & PREV_MASK);
}
static inline void gc_set_prev(GCHead *g, GCHead *prev) {
    g->prev = (g->prev & ~PREV_MASK) | (uintptr_t)prev;
}

typedef struct {
    GCHead head;
    int threshold,
        count; // count: objects made less objects freed, or collections of the younger one
} Generation;

/* What the collector knows. Here because allocation counts; the room refcounting has no collector,
 * and `enabled` stays false. CPython: Include/internal/pycore_gc.h, _gc_runtime_state. */
typedef struct {
    bool enabled, collecting;
    unsigned debug;
    Generation generations[NUM_GENERATIONS];
    GCHead permanent_generation; // gc.freeze(): never looked at
    struct {
        ssize_t collections, collected, uncollectable;
    } generation_stats[NUM_GENERATIONS];
    ssize_t long_lived_total, long_lived_pending;
    void (*collect_generations)(void); // set by gc_init()
} GC;
extern GC gc;

static inline bool gc_is_tracked(const Object *op) {
    return op->type->gc && AS_GC(op)->next != 0;
}
/* Whether it could become part of a cycle: not a tuple that has been looked at and untracked.
 * CPython: _PyObject_GC_MAY_BE_TRACKED(). */
static inline bool gc_may_be_tracked(const Object *op);
static inline bool gc_is_finalized(const Object *op) {
    return op->type->gc && AS_GC(op)->prev & PREV_MASK_FINALIZED;
}

/* Enters an object, whose fields must be valid by now, at the end of the youngest generation; takes
 * it out. CPython: _PyObject_GC_TRACK(), PyObject_GC_UnTrack(). */
static inline void gc_track(Object *op) {
    GCHead *g = AS_GC(op), *head = &gc.generations[0].head, *last = (GCHead *)head->prev;
    last->next = (uintptr_t)g;
    gc_set_prev(g, last);
    g->next = (uintptr_t)head;
    head->prev = (uintptr_t)g;
}
static inline void gc_untrack(Object *op) {
    GCHead *g = AS_GC(op);
    if (g->next == 0) return;
    GCHead *prev = gc_prev(g), *next = (GCHead *)g->next;
    prev->next = (uintptr_t)next;
    gc_set_prev(next, prev);
    g->next = 0;
    g->prev &= PREV_MASK_FINALIZED;
}

/* ---- Making and freeing ----------------------------------------------------------------------*/

/* The bytes of an object with `nitems`, without its head. CPython: _PyObject_VAR_SIZE(). */
static inline size_t object_size(const Type *type, ssize_t nitems) {
    return (size_t)(type->basicsize + nitems * type->itemsize);
}

/* An object with refcnt 1, the rest zeroed; one of the collector is not tracked yet. It counts, and
 * that may start a collection first. NULL with MemoryError.
 * CPython: Objects/object.c, _PyObject_New(); Modules/gcmodule.c, _PyObject_GC_NewVar(). */
Object *object_new(const Type *type, ssize_t nitems);

/* Gives the memory back; what the object referred to is dropped by now.
 * CPython: Modules/gcmodule.c, PyObject_GC_Del(). */
void object_del(Object *self, ssize_t nitems);

/* ---- The types -------------------------------------------------------------------------------*/

/* Refers to nothing, so that the collector never looks at it. Simplified: 64 bits. */
typedef struct {
    Object ob;
    int64_t value;
} Int;

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

/* An instance of a class with __slots__, one of them __weakref__: type->fields names the others. */
typedef struct {
    Object ob;
    WeakRef *weaklist;
    Object *fields[]; // NULL: not set
} Instance;

/* What a Function runs: new reference, or NULL with an error set. `closure` is whatever object the
 * function was made with, borrowed, or NULL. */
typedef Object *(*FunctionCode)(Object *closure, Object *argument);

/* A C function of one argument and what it remembers. CPython: PyCFunctionObject, m_self. */
typedef struct {
    Object ob;
    const char *name;
    FunctionCode code;
    Object *closure;
} Function;

/* A reference that does not count. CPython: Include/cpython/weakrefobject.h, PyWeakReference. */
struct WeakRef {
    Object ob;
    Object *object;       // borrowed; NULL once it has died
    Object *callback;     // called with this reference when the object dies; or NULL
    WeakRef *prev, *next; // all of the object's
};

extern const Type None_Type, Int_Type, Tuple_Type, List_Type, Function_Type, WeakRef_Type;
extern Object none_object;
#define None OBJECT(&none_object)

static inline bool gc_may_be_tracked(const Object *op) {
    return op->type->gc && (op->type != &Tuple_Type || gc_is_tracked(op));
}

/* A class: `static const char *const names[] = {"a", "b", NULL};` and
 * `static const Type Node_Type = INSTANCE_TYPE("Node", names, 2, NULL);` */
#define INSTANCE_TYPE(name_, fields_, nfields, finalize_)                                          \
    {                                                                                              \
        .name = (name_), .basicsize = (ssize_t)(sizeof(Instance) + (nfields) * sizeof(Object *)),  \
        .gc = true, .dealloc = instance_dealloc, .traverse = instance_traverse,                    \
        .clear = instance_clear, .finalize = (finalize_),                                          \
        .weaklistoffset = offsetof(Instance, weaklist), .fields = (fields_)                        \
    }
void instance_dealloc(Object *self);
void instance_traverse(Object *self, Visit visit, void *arg);
void instance_clear(Object *self);

/* New references, NULL with MemoryError; arguments are borrowed unless said otherwise.
 * CPython: PyLong_FromLong(), PyTuple_Pack(), PyList_New(0), PyCFunction_New(). */
Object *int_from_long(int64_t value);
Tuple *tuple_new(ssize_t size); // every item NULL, tracked: fill it at once
Object *tuple_pack(ssize_t size, ...);
List *list_new(void);
Object *instance_new(const Type *type);
Object *function_new(const char *name, FunctionCode code, Object *closure); // closure: or NULL

/* 0, or -1 with MemoryError and nothing changed. CPython: PyList_Append(). */
int list_append(List *self, Object *item);
/* list[i], borrowed; NULL with IndexError. CPython: PyList_GetItem(). */
Object *list_get_item(const List *self, ssize_t index);
/* list[i] = item, stealing item also when it fails: -1 with IndexError. CPython: PyList_SetItem(). */
int list_set_item(List *self, ssize_t index, Object *item);
/* Empties it. CPython: Objects/listobject.c, _list_clear(). */
void list_clear(List *self);

/* func(argument): new reference, or NULL with TypeError ("'int' object is not callable") or what the
 * call raised. CPython: PyObject_CallOneArg(). */
Object *object_call(Object *func, Object *argument);

/* "<list at 0x5581...>", or an int's digits; at most `size` bytes into `text`, which it returns. */
const char *object_repr(const Object *self, char *text, size_t size);

/* Reports an error that has nowhere to go, such as one raised while an object dies, on stderr, and
 * clears it. CPython: Python/errors.c, PyErr_WriteUnraisable(). */
void error_write_unraisable(Object *where);

#endif
