/* type.h: classes: how one is made, where an attribute is found, how `+` finds its function.
 *
 * Read the files in this order: mro.c (in which order bases are searched), attributes.c (the
 * search, with its cache), type.c (how a class is made), assign.c (how it changes), slotdefs.c
 * (special methods and the cells of Type: each is made from the other), descr.c (functions,
 * property and others that are asked when they are found), builtins.c (`type` and `object`, `a +
 * b`, len()).
 *
 * One rule explains most of it: what a class says is looked up along type->mro, and what an instance
 * says lies in the instance. Everything else is about making the first of these fast.
 */
#ifndef TYPE_H
#define TYPE_H

#include "../object.h"

extern Type Function_Type, Builtin_Type, Method_Type, SlotWrapper_Type, GetSet_Type;
extern Type Property_Type, StaticMethod_Type, ClassMethod_Type, Super_Type;

/* Readies every static type; call it first. 0, or -1 with MemoryError.
 * CPython: Objects/object.c, _PyTypes_InitTypes(). */
int types_init(void);

/* ---- Making a class: type.c ------------------------------------------------------------------*/

/* What type_new() knows so far of the class that it makes. CPython: type_new_ctx. */
typedef struct {
    Type *metatype;
    Str *name;    // interned
    Tuple *bases; // as given, then with object in place of none
    Dict *dict;   // the class's own attributes: taken over by the class
    Type *base;   // by best_base()
    Tuple *slots; // of __slots__, sorted, or NULL
    bool add_dict, add_weak;
    const Layout *layout;           // for instances, if they get a place for attributes
    int (*add_members)(Type *type); // puts descriptors of the slots into its dict; or NULL
} TypeNew;

/* The class statement: class name(*bases): with these attributes, whose dict is copied. `metatype`
 * may be NULL for type. New reference, or NULL with MemoryError, TypeError (an MRO that cannot be, a
 * metaclass conflict, a layout conflict, a base that may not be one) or RuntimeError (an error from
 * __set_name__). A class that fails leaves no trace in its bases.
 * Simplified: __slots__ is for the slots room, which calls the three steps below itself; classes are
 * all in one module, __main__. CPython: Objects/typeobject.c, type_new(). */
Type *type_new(Type *metatype, const char *name, Tuple *bases, Dict *dict);

/* Its steps: find metatype and base; say what an instance has, as there is no __slots__; build. Each
 * 0 or new reference, or -1 or NULL with an error set. CPython: type_new_get_bases(),
 * type_new_slots(), type_new_impl(). */
int type_new_get_bases(TypeNew *ctx);
int type_new_no_slots(TypeNew *ctx);
Type *type_new_impl(TypeNew *ctx);
void type_new_finish(TypeNew *ctx); // drops what ctx still owns

/* Fills the empty cells of a type from its bases; static types need a base at most, heap types are
 * readied by type_new(). 0, or -1 with an error set. CPython: PyType_Ready(). */
int type_ready(Type *type);

/* The metaclass of a class with these bases: the most derived of theirs and `metatype`. Borrowed, or
 * NULL with TypeError ("metaclass conflict: ..."). CPython: _PyType_CalculateMetaclass(). */
Type *type_calculate_metaclass(Type *metatype, const Tuple *bases);

/* The base whose memory layout the class will extend: borrowed, or NULL with TypeError ("multiple
 * bases have instance lay-out conflict"). CPython: best_base(), solid_base(). */
Type *type_best_base(const Tuple *bases);

/* An instance with zeroed fields and room for `nitems`: new reference; NULL with MemoryError.
 * CPython: PyType_GenericAlloc(). */
Object *type_generic_alloc(Type *type, ssize_t nitems);

/* What frees it. CPython: PyObject_Del(), PyObject_GC_Del(). */
void object_del(void *memory);
void object_gc_del(void *memory);

/* The bytes of an instance with `nitems`. CPython: _PyObject_VAR_SIZE(). */
static inline ssize_t type_var_size(const Type *type, ssize_t nitems) {
    ssize_t size = type->basicsize + nitems * type->itemsize;
    return (size + (ssize_t)sizeof(void *) - 1) & ~((ssize_t)sizeof(void *) - 1);
}

/* Drops what makes a class a cycle (its mro holds itself, its attributes may), so that it can die
 * with its last instance and subclass. Stands for the collector, which this topic has not; nobody
 * may use the class afterwards. CPython: type_clear(). */
void type_clear(Type *type);
void type_dealloc(Object *self);

/* What the dealloc of an object that can be nested calls: dealloc_now, at once or, where it is nested
 * deeply, later, by another call of the type's dealloc. CPython: Py_TRASHCAN_BEGIN. */
void dealloc_nested(Object *self, void (*dealloc_now)(Object *));

/* type_clear() for every class that was made: at the end of a program. */
void types_clear(void);

/* `obj.__class__ = type`, `type.__bases__ = bases`: 0, or -1 with TypeError where a layout forbids
 * it. CPython: object_set_class(), type_set_bases(). */
int object_set_class(Object *self, Object *value);
int type_set_bases(Type *type, Object *bases);

/* Enters a class at the end of a base's list, takes it out: the first of two entries, or the last.
 * 0, or -1 with MemoryError.
 * CPython: add_subclass(), remove_subclass(). */
int type_add_subclass(Type *base, Type *type);
void type_remove_subclass(Type *base, const Type *type, bool first);

/* type.__subclasses__(): a new tuple; NULL with MemoryError. CPython: type___subclasses__(). */
Object *type_subclasses(const Type *type);

/* Whether a is b or derived from it. CPython: PyType_IsSubtype(). */
bool type_is_subtype(const Type *a, const Type *b);
static inline bool type_check(const Object *op) {
    return type_is_subtype(op->type, &Type_Type);
}

/* isinstance(obj, type), issubclass(type, base). Simplified: no __instancecheck__, no __class__ that
 * claims otherwise. CPython: Objects/abstract.c, object_isinstance(). */
static inline bool object_is_instance(const Object *obj, const Type *type) {
    return type_is_subtype(obj->type, type);
}

/* ---- The method resolution order: mro.c ------------------------------------------------------*/

/* The MRO of a class with these bases, itself first: new reference, or NULL with TypeError (no
 * consistent order) or MemoryError. If `step` is not NULL it is called before each choice, for who
 * wants to watch. CPython: mro_implementation(), pmerge(). */
typedef struct {
    const Tuple *const *lists; // what is merged: the MRO of each base, then the bases
    const ssize_t *remain;     // how many of each are taken already
    ssize_t nlists;
    const Type *chosen; // the next class of the MRO, or NULL: there is none that may be it
} MergeStep;
Tuple *type_mro(Type *type, const Tuple *bases, void (*step)(const MergeStep *, void *), void *arg);

/* ---- Attributes: attributes.c ----------------------------------------------------------------*/

/* The attribute `name` of the class or of what is above it: borrowed, or NULL without an error.
 * CPython: _PyType_Lookup(); the search without the cache is find_name_in_mro(). */
Object *type_lookup(Type *type, Str *name);
Object *type_find_in_mro(const Type *type, const Str *name);

/* Forgets what the method cache knows of this class and all below it. CPython: PyType_Modified(). */
void type_modified(Type *type);

/* What the method cache has done since the program began. CPython: MCACHE_STATS. */
typedef struct {
    uint64_t hits, misses, collisions;
} MethodCacheStats;
extern MethodCacheStats method_cache_stats;
enum { METHOD_CACHE_SIZE = 4096 }; // CPython: MCACHE_SIZE_EXP is 12

/* obj.name: new reference, or NULL with AttributeError or what a descriptor raised.
 * CPython: Objects/object.c, PyObject_GetAttr(), PyObject_GetAttrString(). */
static inline Object *object_getattr(Object *self, Str *name) {
    return self->type->getattro(self, name);
}
Object *object_getattr_string(Object *self, const char *name);

/* obj.name = value, or del obj.name for a NULL value: 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_SetAttr(). */
static inline int object_setattr(Object *self, Str *name, Object *value) {
    return self->type->setattro(self, name, value);
}
int object_setattr_string(Object *self, const char *name, Object *value);

/* Puts an attribute into a type's dict, past all protocols: while the type is being made, or again
 * by an init function that is called twice. Steals value, which may be NULL for a failed allocation.
 * 0, or -1 with MemoryError. */
int type_add(Type *type, const char *name, Object *value);

/* What these do unless a type has its own: data descriptor, instance, other descriptor or value.
 * CPython: PyObject_GenericGetAttr(), PyObject_GenericSetAttr(). */
Object *object_generic_getattr(Object *self, Str *name);
int object_generic_setattr(Object *self, Str *name, Object *value);
/* The same for a class: its metaclass stands where the class of an instance does.
 * CPython: type_getattro(), type_setattro(). */
Object *type_getattro(Object *self, Str *name);
int type_setattro(Object *self, Str *name, Object *value);

/* obj.name(*args) without making the bound method in between: args[0] is obj. New reference, or
 * NULL with an error set. CPython: PyObject_VectorcallMethod(), _PyObject_GetMethod(). */
Object *object_call_method(Str *name, Object *const *args, ssize_t nargs);

/* The cell of an instance's dict, by type->dictoffset; NULL if it has none.
 * CPython: _PyObject_DictPointer(). */
Dict **object_dict_pointer(Object *self);
extern const Layout dict_layout; // a pointer to a dict in each instance, made at the first store

/* What serves any layout whose attributes are in a dict that layout->dict() makes: see Layout. */
Object *dict_layout_get(Object *self, Str *name);
int dict_layout_set(Object *self, Str *name, Object *value);
void dict_layout_clear(Object *self);

/* ---- Descriptors: descr.c --------------------------------------------------------------------*/

/* A C function that a program here takes for one of Python's, or for a builtin, which does not
 * become a method. CPython: Objects/funcobject.c, methodobject.c. */
typedef struct {
    Object ob;
    Str *name;
    FunctionCode code;
    Object *closure;
} Function;

/* A function and the object that it was read from. CPython: Objects/classobject.c. */
typedef struct {
    Object ob;
    Object *func, *self;
} Method;

/* CPython: Objects/descrobject.c, propertyobject; prop_name is what __set_name__ told it. */
typedef struct {
    Object ob;
    Object *fget, *fset, *fdel; // or NULL
    Str *prop_name;
} Property;

/* staticmethod and classmethod. CPython: Objects/funcobject.c. */
typedef struct {
    Object ob;
    Object *callable;
} Wrapped;

/* CPython: Objects/typeobject.c, superobject. */
typedef struct {
    Object ob;
    Type *type;
    Object *obj;
    Type *obj_type;
} Super;

/* An attribute that C code computes, such as __class__ or __bases__.
 * CPython: Objects/descrobject.c, PyGetSetDescrObject. */
typedef struct {
    Object ob;
    Type *type;
    Str *name;
    Object *(*get)(Object *self);
    int (*set)(Object *self, Object *value); // NULL: read-only; value NULL: delete
} GetSet;

/* New references; NULL with MemoryError; arguments are borrowed and may be NULL where said.
 * super_new(): TypeError if obj is neither an instance nor a subclass of type. */
Object *function_new(const char *name, FunctionCode code, Object *closure); // closure: or NULL
Object *builtin_new(const char *name, FunctionCode code, Object *closure);  // does not bind
Object *method_new(Object *func, Object *self);
Object *property_new(Object *fget, Object *fset, Object *fdel); // each or NULL
Object *staticmethod_new(Object *callable);
Object *classmethod_new(Object *callable);
Object *super_new(Type *type, Object *obj);
Object *property_set_name(Object *closure, Object *const *args, ssize_t nargs); // __set_name__
/* Whether a static type's method was called with a self of that type: 0, or -1 with TypeError.
 * CPython: Objects/descrobject.c, method_check_args(). */
int method_check(const Type *type, const char *name, Object *const *args, ssize_t nargs);
Object *getset_new(Type *type, const char *name, Object *(*get)(Object *),
                   int (*set)(Object *, Object *)); // set: or NULL

/* Whether it is asked before the instance: it has __set__ or __delete__. CPython: PyDescr_IsData(). */
static inline bool descr_is_data(const Object *descr) {
    return descr->type->descr_set != NULL;
}

/* ---- Special methods: slotdefs.c -------------------------------------------------------------*/

typedef void (*Slot)(void); // a cell of Type, whatever its signature

/* A special method and the cell that it stands for. CPython: Objects/typeobject.c, slotdef. */
typedef struct {
    const char *name;
    size_t offset; // of the cell, in Type
    Slot function; // what fills the cell when the class has the method: it calls the method
    Object *(*wrapper)(Object *self, Object *const *args, ssize_t nargs,
                       Slot wrapped); // the reverse
    Str *name_strobj;                 // interned by types_init()
} SlotDef;
extern SlotDef slotdefs[]; // ends with a NULL name

/* int.__add__ and its like: a cell of a static type, as an attribute.
 * CPython: Objects/descrobject.c, PyWrapperDescrObject. */
typedef struct {
    Object ob;
    Type *type;
    const SlotDef *base;
    Slot wrapped;
} SlotWrapper;

Slot type_slot(const Type *type, size_t offset);
int add_operators(Type *type);                    // a static type's cells become attributes
void inherit_slots(Type *type, const Type *base); // its empty cells become the base's
void fixup_slot_dispatchers(Type *type);          // a new class's methods become cells
void update_slot(Type *type, const Str *name);    // a method has changed: its cell, and all below
void update_all_slots(Type *type);
int slotdefs_init(void);
/* What is in the cell `new` of a class whose __new__ is Python's: so it is known by. */
Object *slot_tp_new(Type *type, Object *const *args, ssize_t nargs);

/* ---- Operations: builtins.c ------------------------------------------------------------------*/

/* left + right and so on: new reference, or NULL with TypeError ("unsupported operand type(s) for
 * +: 'int' and 'C'") or what a method raised. CPython: Objects/abstract.c, PyNumber_Add(). */
Object *number_add(Object *left, Object *right);
Object *number_subtract(Object *left, Object *right);
Object *number_multiply(Object *left, Object *right);

/* len(obj): -1 with TypeError ("object of type 'C' has no len()") or what the method raised.
 * CPython: Objects/abstract.c, PyObject_Size(). */
ssize_t object_length(Object *self);
/* obj(*args): new reference, or NULL with TypeError ("'C' object is not callable") or the call's
 * error. CPython: Objects/call.c, PyObject_Vectorcall(). */
Object *object_call(Object *self, Object *const *args, ssize_t nargs);
/* func(self, *args): the same with one argument more in front. CPython: _PyObject_Call_Prepend(). */
Object *object_call_prepend(Object *func, Object *self, Object *const *args, ssize_t nargs);
/* repr(obj), str(obj): new Str, or NULL with an error set. CPython: PyObject_Repr(), PyObject_Str(). */
Object *object_repr(Object *self);
Object *object_str(Object *self);

#endif
