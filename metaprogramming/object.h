/* object.h: what an object is: a count, a type, and what the type says about the rest.
 *
 * The invariant that holds this topic together: every object begins with a reference count and a
 * pointer to its type, and the type is itself an object, made while the program runs by an object
 * that is a type, too: its metaclass. So who makes a class is asked like everything else: through
 * the cells of a type. An empty cell means "cannot", or, before type_ready(), "as my base does".
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
ERROR_TYPE(IndexError);
ERROR_TYPE(KeyError);
ERROR_TYPE(RecursionError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(TypeError);
ERROR_TYPE(ValueError);

typedef struct Object Object;
typedef struct Type Type;
typedef struct Str Str;
typedef struct Tuple Tuple;
typedef struct Dict Dict;
typedef struct Keys Keys;

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
    MANAGED_DICT = 1 << 4,  // its instances have attributes of their own: see PreHeader
    TYPE_SUBCLASS = 1 << 5, // its instances are types
    /* Data descriptors that are not looked at again once they run anybody's code: need no holding. */
    PLAIN_DATA = 1 << 6,
};

/* The two cells that differ from objectmodel's: the arguments of a call may end with values by
 * keyword. `kwnames` has their names, or is NULL; the values follow the nargs others in args.
 * CPython: vectorcallfunc, Include/cpython/object.h. */
typedef Object *(*Call)(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* CPython: PyTypeObject and, for the ht_ fields, PyHeapTypeObject; tp_, sq_ and mp_ name the same
 * cells there. Simplified: of the sixty special methods these; every instance has a fixed size. */
struct Type {
    Object ob;
    const char *name;
    ssize_t basicsize; // bytes of an instance
    unsigned flags;
    unsigned version_tag; // 0: none; the caches know a type's state by this number
    /* What can be done with an instance. Each cell has its special method: slotdefs.c. */
    Object *(*getattro)(Object *self, Str *name);
    int (*setattro)(Object *self, Str *name, Object *value); // value NULL: delete
    Object *(*repr)(Object *self);                           // new reference to a Str
    Object *(*str)(Object *self);
    Call call;
    Object *(*descr_get)(Object *self, Object *obj, Object *type); // obj NULL: asked of the class
    int (*descr_set)(Object *self, Object *obj, Object *value);    // value NULL: delete
    int (*init)(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames);
    Object *(*new)(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames);
    ssize_t (*sq_length)(Object *self); // -1 with an error set
    Object *(*mp_subscript)(Object *self, Object *key);
    int (*mp_ass_subscript)(Object *self, Object *key, Object *value); // value NULL: delete
    void (*dealloc)(Object *self);                                     // inherited only
    /* Where it stands among the types. */
    Type *base;         // whose memory layout it extends: the one of bases that best_base() picks
    Tuple *bases, *mro; // of Types. mro holds the type itself, a cycle: see type_clear()
    Dict *dict;         // its own attributes: methods, class variables, descriptors
    Type **subclasses;  // borrowed: who dies takes itself out
    ssize_t nsubclasses;
    Keys *cached_keys; // the names that instances share: ht_cached_keys
    Str *ht_name, *ht_qualname;
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

/* `size` bytes, all 0; NULL, with no error, if there are none. For speed only: calloc() of glibc passes
 * over the blocks that this thread has freed last, and compilers make one call of the two steps. */
void *zeroed_alloc(size_t size);

/* ---- The values that programs here are made of -----------------------------------------------*/

/* An int of 64 bits. Simplified: CPython's has as many 30-bit digits as it needs. */
typedef struct {
    Object ob;
    int64_t value;
} Int;

/* Immutable text. Interned ones with the same text are the same object, so names are compared by
 * address; they live as long as the program. Simplified: bytes as they come, no PEP 393. */
struct Str {
    Object ob;
    ssize_t length; // in bytes
    uint32_t hash;
    bool interned;
    char text[];
};

struct Tuple {
    Object ob;
    ssize_t size;
    Object *items[];
};

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

/* What stands before an instance of a class with MANAGED_DICT: the values of its attributes, whose
 * names are in type->cached_keys, each at the position of its name; or, once it has gone its own
 * way, its dict. Never both. CPython: Include/internal/pycore_object.h, _PyObject_ValuesPointer(),
 * _PyObject_ManagedDictPointer(). */
typedef struct {
    ssize_t capacity; // positions that a name of the keys can have
    Object *items[];  // NULL: no such attribute here
} Values;
typedef struct {
    Values *values;
    Dict *dict;
} PreHeader;
static inline PreHeader *pre_header(const Object *self) {
    return (PreHeader *)(intptr_t)self - 1;
}

/* How the initialiser of a static type begins. */
#define STATIC_TYPE(name_, struct_)                                                                \
    .ob = {1, &Type_Type}, .name = name_, .basicsize = sizeof(struct_)

extern Type Type_Type, Object_Type; // `type` and `object`: type.c
extern Type None_Type, Bool_Type, Int_Type, Str_Type, Tuple_Type, Dict_Type;
extern Object none_object;
extern Int true_object, false_object;
#define None  OBJECT(&none_object)
#define True  OBJECT(&true_object)
#define False OBJECT(&false_object)

/* New reference; NULL with MemoryError. CPython: Objects/longobject.c, PyLong_FromLong(). */
Object *int_from_long(int64_t value);
/* New reference to True or False. CPython: Objects/boolobject.c, PyBool_FromLong(). */
static inline Object *bool_from_long(long value) {
    return new_ref(value ? True : False);
}
/* Whether it counts as true: 1, 0, or -1 with what its __len__ raised. Simplified: no __bool__.
 * CPython: Objects/object.c, PyObject_IsTrue(). */
int object_is_true(Object *self);

/* New str of printf's format, of a NUL-terminated text, or of `length` bytes; MemoryError.
 * CPython: Objects/unicodeobject.c, PyUnicode_FromFormat(), PyUnicode_FromString(),
 * PyUnicode_FromStringAndSize(). */
__attribute__((format(printf, 1, 2))) Object *str_from_format(const char *format, ...);
Object *str_from_string(const char *text);
Object *str_from_string_and_size(const char *text, size_t length);

/* The interned str of this text: borrowed, the same each time; NULL with MemoryError.
 * CPython: Objects/unicodeobject.c, PyUnicode_InternFromString(). */
Str *str_intern(const char *text);
/* The same of a str, which may be that one already. CPython: PyUnicode_InternInPlace(). */
static inline Str *str_interned(Str *text) {
    return text->interned ? text : str_intern(text->text);
}
static inline bool str_check(const Object *op) {
    return op->type == &Str_Type;
}
/* The text of a str; borrowed. CPython: PyUnicode_AsUTF8(). */
static inline const char *str_text(const Object *op) {
    return ((const Str *)op)->text;
}

/* New tuple with every item NULL, to be filled at once; NULL with MemoryError. */
Tuple *tuple_new(ssize_t size);
/* New tuple of these `size` objects, borrowed. CPython: Objects/tupleobject.c, PyTuple_Pack(),
 * _PyTuple_FromArray(). */
Object *tuple_pack(ssize_t size, ...);
Tuple *tuple_from_array(Object *const *items, ssize_t size);

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

/* New empty dict, or instance of a subclass of dict; NULL with MemoryError.
 * CPython: Objects/dictobject.c, PyDict_New(), dict_new(). */
Dict *dict_new(void);
Dict *dict_new_of(Type *type);
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

static inline bool dict_check_exact(const Object *op) {
    return op->type == &Dict_Type;
}

/* d[key], d[key] = value or del d[key] of an exact dict or past a subclass's own methods: the key
 * must be a str (Simplified). New reference, or NULL with KeyError; 0, or -1.
 * CPython: Objects/dictobject.c, dict_subscript(), dict_ass_sub(). */
Object *dict_subscript(Object *self, Object *key);
int dict_ass_sub(Object *self, Object *key, Object *value);

#endif
