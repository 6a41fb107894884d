/* object.h: what an object is: a count, a type, and what the type says about the rest.
 *
 * The invariant that holds this topic together: every object begins with a reference count and a
 * pointer to its type, and the type is itself an object whose cells say what can be done with its
 * instances: how big they are, where their attributes lie, what `+` or `len` means. An empty cell
 * means "cannot", or, before type_ready(), "as my base does". So a class that a program makes while
 * it runs and a type that was compiled in are the same struct, filled in at different times.
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

/* The errors that this topic raises. */
ERROR_TYPE(AttributeError);
ERROR_TYPE(KeyError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(SystemError);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;
typedef struct Str Str;
typedef struct Tuple Tuple;
typedef struct Dict Dict;
typedef struct Keys Keys;
typedef struct Layout Layout;
typedef struct WeakRef WeakRef;

struct Object {
    ssize_t refcnt;
    Type *type;
};

/* Type.flags. CPython: Include/object.h, Py_TPFLAGS_... */
enum {
    HEAPTYPE = 1 << 0, // made while the program runs: counted, freed, its attributes may change
    BASETYPE = 1 << 1, // a class may be derived from it
    READY = 1 << 2,    // type_ready() has filled in its empty cells
    VALID_VERSION = 1 << 3, // version_tag means something, for this type and all above it
    ABSTRACT = 1 << 4,      // it has abstract methods: no instances
    HAVE_GC = 1 << 5,       // its instances would be the collector's: here for what that forbids
    /* Data descriptors that are not looked at again once they run anybody's code: need no holding. */
    PLAIN_DATA = 1 << 6,
};

// Parts from iterators': here the type is an object, made and changed while the program runs.
/* CPython: PyTypeObject and, for the ht_ fields, PyHeapTypeObject; tp_, nb_ and sq_ name the same
 * cells there. Simplified: of the sixty special methods these; arguments come as an array with its
 * length, and there are no keyword arguments. */
struct Type {
    Object ob;
    const char *name;
    ssize_t basicsize,
        itemsize; // bytes of an instance: fixed, and for each item of a var-sized one
    unsigned flags;
    unsigned version_tag; // 0: none; the method cache knows a type's state by this number
    /* What can be done with an instance. Each cell has its special method: type/slotdefs.c. */
    Object *(*repr)(Object *self); // new reference to a Str
    Object *(*str)(Object *self);
    Object *(*call)(Object *self, Object *const *args, ssize_t nargs);
    Object *(*descr_get)(Object *self, Object *obj, Object *type); // obj NULL: asked of the class
    int (*descr_set)(Object *self, Object *obj, Object *value);    // value NULL: delete
    int (*init)(Object *self, Object *const *args, ssize_t nargs);
    Object *(*new)(Type *type, Object *const *args, ssize_t nargs);
    Object *(*nb_add)(Object *left, Object *right);
    Object *(*nb_subtract)(Object *left, Object *right);
    Object *(*nb_multiply)(Object *left, Object *right);
    ssize_t (*sq_length)(Object *self); // -1 with an error set
    /* Those that no class here defines: inherited only. */
    Object *(*getattro)(Object *self, Str *name);
    int (*setattro)(Object *self, Str *name, Object *value); // value NULL: delete
    Object *(*alloc)(Type *type, ssize_t nitems);            // zeroed, refcnt 1
    void (*dealloc)(Object *self);
    void (*free)(void *memory);
    /* Where an instance keeps what is its own. */
    ssize_t dictoffset; // 0: no attributes of its own; MANAGED_DICT; below 0: counted from the end
    ssize_t weaklistoffset;
    const Layout *layout; // how they are kept: in a dict unless the slots room says otherwise
    Keys *cached_keys;    // names that instances share: ht_cached_keys, of the slots room
    /* Where it stands among the types. */
    Type *base;         // whose memory layout it extends: the one of bases that best_base() picks
    Tuple *bases, *mro; // of Types. mro holds the type itself, a cycle: see type_clear()
    Dict *dict;         // its own attributes: methods, class variables, descriptors
    WeakRef **subclasses;
    ssize_t nsubclasses;
    WeakRef *weaklist; // the one weak reference to it that all share
    Str *ht_name;
    Tuple *ht_slots; // the names of __slots__, sorted, or NULL
};

#define OBJECT(op) ((Object *)(op)) // any of our structs as what it begins with

/* ---- References ------------------------------------------------------------------------------*/

// Parts from datastructures': what dies knows how; a pile against deep chains is in type.c.
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

/* ---- The values that programs here are made of -----------------------------------------------*/

/* An int of 64 bits. Simplified: CPython's has as many 30-bit digits as it needs; ours says it has
 * two, so that sizes and the rules for a var-sized base are the same. */
typedef struct {
    Object ob;
    ssize_t size;
    int64_t value;
} Int;

/* Immutable text. Interned ones with the same text are the same object, so names are compared by
 * address; they live as long as the program. Simplified: bytes as they come, no PEP 393. */
struct Str {
    Object ob;
    ssize_t length; // in bytes
    uint32_t hash;
    bool interned;
    char *text; // behind the struct, or, in an instance of a subclass, a block of its own
};

struct Tuple {
    Object ob;
    ssize_t size;
    Object *items[];
};

// Parts from iterators': it becomes a method of what it was read from: its type is in descr.c.
/* What a Function runs: new reference, or NULL with an error set. `closure` is whatever object the
 * function was made with, borrowed, or NULL. */
typedef Object *(*FunctionCode)(Object *closure, Object *const *args, ssize_t nargs);

/* The names of a dict in the order of their insertion, and the index that finds them. More than one
 * dict may use them (PEP 412): then nobody removes one. CPython: PyDictKeysObject. */
struct Keys {
    ssize_t refcnt;
    int16_t size;     // of the index: a power of two
    int16_t nentries; // names in use, and the holes of removed ones
    int16_t usable;   // names that still fit: two thirds of size in all
    int16_t room;     // how many those are
    Str *names[];     // borrowed, as the interned live on; NULL: removed. Behind them the index
};

/* Attributes by name. CPython: PyDictObject. Simplified: keys are interned strs, so equality is
 * identity and a lookup runs no code of anybody's; at most 10922 of them. */
struct Dict {
    Object ob;
    Keys *keys;
    Object **values; // as many as keys may have names; NULL: no such attribute here
    ssize_t used;
};

/* A reference that does not keep a type alive. CPython: Objects/weakrefobject.c. Simplified: only
 * types have them, without callbacks. */
struct WeakRef {
    Object ob;
    Type *referent; // NULL once it has died
};

/* How an instance keeps its own attributes: a table of functions for each way. */
struct Layout {
    const char *name;
    ssize_t inside;                               // bytes that it takes in the instance
    Object *(*alloc)(Type *type, ssize_t nitems); // NULL: type_generic_alloc(), free()
    void (*free)(void *memory);
    Object *(*get)(Object *self, Str *name);            // borrowed; NULL: not there, no error
    int (*set)(Object *self, Str *name, Object *value); // value NULL: delete, KeyError if not there
    Dict *(*dict)(Object *self);                        // its __dict__: borrowed; NULL, MemoryError
    void (*clear)(Object *self);                        // forgets them all
};

/* A dictoffset: the dict's pointer is the word before the instance. CPython: 3.12 and later;
 * Py_TPFLAGS_MANAGED_DICT. */
enum { MANAGED_DICT = -1 };

/* How the initialiser of a static type begins. */
#define STATIC_TYPE(name_, struct_)                                                                \
    .ob = {1, &Type_Type}, .name = name_, .basicsize = sizeof(struct_)

extern Type Type_Type, Object_Type; // `type` and `object`: type/builtins.c
extern Type None_Type, NotImplemented_Type, Int_Type, Str_Type, Tuple_Type, Dict_Type, WeakRef_Type;
extern Object none_object, not_implemented_object;
#define None           OBJECT(&none_object)
#define NotImplemented OBJECT(&not_implemented_object)

/* New reference; NULL with MemoryError. CPython: Objects/longobject.c, PyLong_FromLong(). */
Object *int_from_long(int64_t value);

/* New str of printf's format, or of a NUL-terminated text; MemoryError.
 * CPython: Objects/unicodeobject.c, PyUnicode_FromFormat(), PyUnicode_FromString(). */
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);
Object *str_from_string(const char *text);

/* The interned str of this text: borrowed, the same each time; NULL with MemoryError.
 * CPython: Objects/unicodeobject.c, PyUnicode_InternFromString(). */
Str *str_intern(const char *text);

/* New tuple with every item NULL, to be filled at once; NULL with MemoryError. */
Tuple *tuple_new(ssize_t size);
/* New tuple of these `size` objects, borrowed. CPython: Objects/tupleobject.c, PyTuple_Pack(). */
Object *tuple_pack(ssize_t size, ...);

/* New Keys with room for at least `names`, refcnt 1; NULL with MemoryError. */
Keys *keys_new(ssize_t names);
void keys_decref(Keys *self);
enum { EMPTY = -1, DUMMY = -2 };
/* Of each hash the position in names, or EMPTY, or DUMMY: removed. */
static inline int16_t *keys_index(const Keys *self) {
    return (int16_t *)(intptr_t)(self->names + self->room);
}
/* The cell of the index where `name` is, or the empty one where its search ends. */
static inline int16_t *keys_cell(const Keys *self, const Str *name) {
    size_t mask = (size_t)self->size - 1;
    int16_t *index = keys_index(self);
    for (size_t i = name->hash & mask;; i = (i + 1) & mask) {
        int16_t *cell = &index[i];
        if (*cell == EMPTY || (*cell >= 0 && self->names[*cell] == name)) return cell;
    }
}
/* The position of `name` among the names, or -1. */
static inline ssize_t keys_find(const Keys *self, const Str *name) {
    return *keys_cell(self, name);
}
/* Adds a name that is not there: its position, or -1 when they are full (no error is set). */
ssize_t keys_add(Keys *self, Str *name);

/* New empty dict; NULL with MemoryError. CPython: Objects/dictobject.c, PyDict_New(). */
Dict *dict_new(void);
/* New dict of these keys and values, of which it takes the caller's references (steals); NULL with
 * MemoryError and nothing stolen. CPython: Objects/dictobject.c, new_dict(). */
Dict *dict_from_keys(Keys *keys, Object **values, ssize_t used);
/* New dict with the same names and values; NULL with MemoryError. CPython: PyDict_Copy(). */
Dict *dict_copy(const Dict *self);
/* Borrowed, or NULL without an error. CPython: PyDict_GetItemWithError(). */
static inline Object *dict_get_item(const Dict *self, const Str *name) {
    ssize_t i = keys_find(self->keys, name);
    return i < 0 ? NULL : self->values[i];
}
/* 0, or -1 with MemoryError and nothing changed. CPython: PyDict_SetItem(). */
int dict_set_item(Dict *self, Str *name, Object *value);
/* 0, or -1 with KeyError. CPython: PyDict_DelItem(). */
int dict_del_item(Dict *self, const Str *name);
/* Drops all values. CPython: PyDict_Clear(). */
void dict_clear(Dict *self);
/* Walks the items in order: *pos begins at 0; false at the end. Borrowed. CPython: PyDict_Next(). */
bool dict_next(const Dict *self, ssize_t *pos, Str **name, Object **value);

/* The weak reference to a type, new or shared; NULL with MemoryError.
 * CPython: Objects/weakrefobject.c, PyWeakref_NewRef(). */
WeakRef *weakref_new(Type *type);

#endif
