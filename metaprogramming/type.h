/* type.h: classes: who makes one, where an attribute is found, and how the two call what people
 * write.
 *
 * Read the files in this order: type.c (how a class is made, step by step), lookup.c (where an
 * attribute comes from, and the method cache), slotdefs.c (special methods and the cells of Type:
 * each is made from the other), descr.c (what is asked when it is found: functions, property,
 * super), builtins.c (`type` and `object` themselves, and the call of a class). The others are what
 * these need: instance.c (what an instance has of its own), mro.c (which bases go together),
 * operations.c (calls, len(), []).
 *
 * What objectmodel teaches about the same code, the C3 merge, the cache, the safety of layouts, is
 * not taught again here: this slice is there for the two rooms that stand on it.
 */
#ifndef TYPE_H
#define TYPE_H

#include "object.h"

extern Type Function_Type, Builtin_Type, Method_Type, SlotWrapper_Type, GetSet_Type, Member_Type;
extern Type Property_Type, StaticMethod_Type, ClassMethod_Type, Super_Type, Cell_Type;

/* Readies every static type; call it first. 0, or -1 with MemoryError.
 * CPython: Objects/object.c, _PyTypes_InitTypes(). */
int types_init(void);

/* Names that C code asks for, interned by types_init(): id.set_name is "__set_name__".
 * CPython: Include/internal/pycore_global_strings.h. */
typedef struct {
    Str *annotations, *class_, *class_getitem, *classcell, *dict, *dir, *init_subclass,
        *instancecheck;
    Str *main, *metaclass, *module, *mro_entries, *new, *prepare, *qualname, *repr, *set_name,
        *slots;
    Str *subclasscheck;
} Identifiers;
extern Identifiers id;

/* ---- Making a class: type.c ------------------------------------------------------------------*/

/* The metaclass of a class with these bases: the most derived of theirs and `metatype`. Borrowed,
 * or NULL with TypeError ("metaclass conflict: ..."). CPython: Objects/typeobject.c,
 * _PyType_CalculateMetaclass(). */
Type *type_calculate_metaclass(Type *metatype, const Tuple *bases);

/* type.__new__(metatype, name, bases, dict, **keywords): what is in the cell `new` of type. The
 * dict is copied. New reference to a Type, or NULL with what is wrong with the arguments, the bases
 * (no MRO, a metaclass conflict, a layout conflict), __slots__ or __classcell__, with RuntimeError
 * (an error from __set_name__), or with what an __init_subclass__ raised. A class that fails and
 * that nobody has got hold of meanwhile leaves no trace in its bases. Simplified: of __slots__,
 * names only. CPython: type_new(), type_new_impl(). */
Object *type_new(Type *metatype, Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* The same for C code: type.__call__ of that metatype with these three; `dict` may be NULL for an
 * empty one. New reference, or NULL with an error set. */
Type *type_from(Type *metatype, const char *name, Tuple *bases, Dict *dict);

/* obj(...) where obj is a type: makes an instance by its cells `new` and `init`, as whoever is in
 * the cell `call` of the metaclass lets it. CPython: type_call(). */
Object *type_call(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* object.__new__ and object.__init__, that refuse arguments that nobody wanted.
 * CPython: object_new(), object_init(). */
Object *object_new(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames);
int object_init(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* What happens in a class statement, for who wants to watch. `caller` is whose C code does it. */
typedef enum {
    CLASS_CALLS,   // the method or function `what` of `of`, which may be anybody's code
    CLASS_RETURNS, // ... with `result`
    CLASS_RAISES,  // ... an error, which is pending
    CLASS_DOES,    // a step without a call; `result` is what came of it, or NULL
} ClassEvent;
typedef struct {
    ClassEvent event;
    const char *caller; // "__build_class__", "type.__call__", "type.__new__"
    const char *what;   // "__mro_entries__", "metaclass", "__prepare__", "body", ...
    Object *of;         // the base, metaclass, attribute or class that is asked
    Object *result;     // or NULL
} ClassStep;
extern void (*class_watcher)(const ClassStep *step); // or NULL. It changes nothing
static inline void class_watch(ClassEvent event, const char *caller, const char *what, Object *of,
                               Object *result) {
    if (class_watcher) class_watcher(&(ClassStep){event, caller, what, of, result});
}
/* What a call gave, with the event for it; hands it on. */
static inline Object *class_watch_result(const char *caller, const char *what, Object *of,
                                         Object *result) {
    class_watch(result ? CLASS_RETURNS : CLASS_RAISES, caller, what, of, result);
    return result;
}

/* The MRO of a class with these bases, itself first: new reference, or NULL with TypeError (no
 * consistent order) or MemoryError. CPython: mro_implementation(), pmerge(). */
Tuple *type_mro(Type *type, const Tuple *bases);
/* The base whose memory layout the class will extend: borrowed, or NULL with TypeError ("multiple
 * bases have instance lay-out conflict"). CPython: best_base(), solid_base(). */
Type *type_best_base(const Tuple *bases);

/* Fills the empty cells of a type from its bases; static types need a base at most. 0, or -1 with
 * an error set. CPython: PyType_Ready(). */
int type_ready(Type *type);

/* An instance with zeroed fields; new reference; NULL with MemoryError. And what frees it.
 * CPython: PyType_GenericAlloc(), PyObject_GC_Del(). */
Object *type_generic_alloc(Type *type);
void object_free(Object *self);
void subtype_dealloc(Object *self); // of an instance of a class that a class statement made
void type_dealloc(Object *self);

/* Drops what makes a class a cycle (its mro holds itself, its attributes may), so that it can die
 * with its last instance and subclass. Stands for the collector, which this topic has not; nobody
 * may use the class afterwards. CPython: type_clear(). */
void type_clear(Type *type);

/* type_clear() for every class that was made: at the end of a program. */
void types_clear(void);

/* What the dealloc of an object that can be nested calls: dealloc_now, at once or, where it is
 * nested deeply, later, by another call of the type's dealloc. CPython: Py_TRASHCAN_BEGIN. */
void dealloc_nested(Object *self, void (*dealloc_now)(Object *));

/* type.__subclasses__(): a new tuple; NULL with MemoryError. CPython: type___subclasses__(). */
Object *type_subclasses(const Type *type);

/* Whether a is b or derived from it. CPython: PyType_IsSubtype(). */
bool type_is_subtype(const Type *a, const Type *b);
static inline bool type_check(const Object *op) {
    return op->type->flags & TYPE_SUBCLASS;
}
/* Whether obj is an instance by its type alone; isinstance() is in metaclass.h. */
static inline bool object_type_check(const Object *obj, const Type *type) {
    return type_is_subtype(obj->type, type);
}

/* ---- Attributes: lookup.c --------------------------------------------------------------------*/

/* The attribute `name` of the class or of what is above it: borrowed, or NULL without an error.
 * CPython: _PyType_Lookup(); the search without the cache is find_name_in_mro(). */
Object *type_lookup(Type *type, Str *name);
Object *type_find_in_mro(const Type *type, const Str *name);
/* Which class of the MRO has it: borrowed, or NULL. */
const Type *type_find_holder(const Type *type, const Str *name);

/* Forgets what the caches know of this class and all below it. CPython: PyType_Modified(). */
void type_modified(Type *type);
/* Gives the type a version, and all above it first; false when the numbers have run out.
 * CPython: assign_version_tag(). */
bool assign_version_tag(Type *type);

/* obj.name: new reference, or NULL with AttributeError or what a descriptor or hook raised.
 * CPython: Objects/object.c, PyObject_GetAttr(), PyObject_GetAttrString(). */
static inline Object *object_getattr(Object *self, Str *name) {
    return self->type->getattro(self, name);
}
Object *object_getattr_string(Object *self, const char *name);

/* The same where a missing attribute is no error: 1 and a new reference in *result; 0 and NULL; -1
 * with an error set. CPython: Objects/object.c, _PyObject_LookupAttr(). */
int object_lookup_attr(Object *self, Str *name, Object **result);

/* obj.name = value, or del obj.name for a NULL value: 0, or -1 with an error set.
 * CPython: Objects/object.c, PyObject_SetAttr(). */
static inline int object_setattr(Object *self, Str *name, Object *value) {
    return self->type->setattro(self, name, value);
}
int object_setattr_string(Object *self, const char *name, Object *value);

/* What these do unless a type has its own: data descriptor, instance, other descriptor or value.
 * CPython: Objects/object.c, PyObject_GenericGetAttr(), PyObject_GenericSetAttr(). */
Object *object_generic_getattr(Object *self, Str *name);
int object_generic_setattr(Object *self, Str *name, Object *value);
/* The same without making an error of a missing attribute: NULL, and none is pending. For who would
 * throw it away: the slot of a class with __getattr__, from 3.12 on.
 * CPython: _PyObject_GenericGetAttrWithDict(), suppress. */
Object *object_generic_getattr_suppress(Object *self, Str *name);

/* The same for a class: its metaclass stands where the class of an instance does.
 * CPython: Objects/typeobject.c, type_getattro(), type_setattro(). */
Object *type_getattro(Object *self, Str *name);
int type_setattro(Object *self, Str *name, Object *value);

/* What a lookup does, for who wants to watch. The hooks' steps are told by slotdefs.c. */
typedef enum {
    ATTR_GETATTRIBUTE,   // calls the class's own __getattribute__
    ATTR_GETATTR,        // calls __getattr__, as there was an AttributeError
    ATTR_IN_TYPE,        // looked along the MRO: `found` in `where`, or NULL
    ATTR_IN_METATYPE,    // the same, one floor up, for an attribute of a class
    ATTR_IN_INSTANCE,    // looked at what the instance has: `found`, or NULL
    ATTR_DESCRIPTOR_GET, // asks the descriptor `found`, data or not, or hands it on as it is
    ATTR_RETURNS,        // what a hook or descriptor gave: `found`; NULL: it raised
    ATTR_MISSING,        // nothing: AttributeError
    ATTR_SET_DESCRIPTOR, // obj.name = value: asks the data descriptor `found`
    ATTR_SET_INSTANCE,   // ... or stores into the instance
} AttributeEvent;
typedef struct {
    AttributeEvent event;
    Object *self;
    Str *name;
    Object *found;     // borrowed; or NULL
    const Type *where; // whose dict it is in; or NULL
} AttributeStep;
extern void (*attribute_watcher)(const AttributeStep *step); // or NULL. It changes nothing
static inline void attribute_watch(AttributeEvent event, Object *self, Str *name, Object *found,
                                   const Type *where) {
    if (attribute_watcher) attribute_watcher(&(AttributeStep){event, self, name, found, where});
}

/* obj.name(*args) without making the bound method in between: args[0] is obj. New reference, or
 * NULL with an error set. CPython: PyObject_VectorcallMethod(), _PyObject_GetMethod(). */
Object *object_call_method(Str *name, Object *const *args, ssize_t nargs);

/* The instance's __dict__: what it has as values moves into a dict, for good. Borrowed; NULL with
 * MemoryError, or with AttributeError if it can have none. CPython: Objects/object.c,
 * _PyObject_GetDictPtr(); Objects/dictobject.c, PyObject_GenericGetDict(). */
Dict *object_get_dict(Object *self);
/* What the instance has under that name: borrowed; NULL without an error. */
static inline Object *object_own_attribute(const Object *self, const Str *name) {
    const Type *type = self->type;
    if (!(type->flags & MANAGED_DICT))
        return type->flags & TYPE_SUBCLASS ? dict_get_item(((const Type *)self)->dict, name) : NULL;
    const PreHeader *pre = pre_header(self);
    if (pre->values) {
        ssize_t i = keys_find(type->cached_keys, name);
        return i < 0 ? NULL : pre->values->items[i];
    }
    return pre->dict ? dict_get_item(pre->dict, name) : NULL;
}
/* Stores or, for a NULL value, deletes there: 0, or -1 with MemoryError, or with KeyError if there
 * is none to delete. CPython: Objects/dictobject.c, _PyObject_StoreInstanceAttribute(). */
int object_store_attribute(Object *self, Str *name, Object *value);
/* Walks the instance's own attributes, in the order of their names' positions. */
bool object_own_next(const Object *self, ssize_t *pos, Str **name, Object **value);
void object_clear_attributes(Object *self); // drops them all

/* Puts an attribute into a type's dict, past all protocols: while the type is being made, or again
 * by an init function that is called twice. Steals value, which may be NULL for a failed
 * allocation. 0, or -1 with MemoryError. */
int type_add(Type *type, const char *name, Object *value);

/* ---- Descriptors: descr.c --------------------------------------------------------------------*/

/* What a Function runs: new reference, or NULL with an error set. `closure` is whatever object the
 * function was made with, borrowed, or NULL. One of the first kind takes no keywords:
 * METH_FASTCALL; one of the second does: METH_FASTCALL | METH_KEYWORDS. */
typedef Object *(*FunctionCode)(Object *closure, Object *const *args, ssize_t nargs);
typedef Object *(*FunctionCodeKw)(Object *closure, Object *const *args, ssize_t nargs,
                                  const Tuple *kwnames);

/* A C function that a program here takes for one of Python's, or for a builtin, which does not
 * become a method. CPython: Objects/funcobject.c, methodobject.c. */
typedef struct {
    Object ob;
    Str *name; // its __qualname__: "C.method"
    FunctionCode code;
    FunctionCodeKw code_kw; // one of the two
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
    Object *obj; // NULL, as obj_type: unbound
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

/* The attribute that stands for one slot: where in an instance its value lies. A slot that was
 * never set, or was deleted, is NULL there. CPython: Objects/descrobject.c, PyMemberDescrObject. */
typedef struct {
    Object ob;
    Type *type;
    Str *name;
    ssize_t offset; // in bytes, from the start of the instance
} Member;

/* A variable that functions share; here __class__, that a method's super() asks for.
 * CPython: Objects/cellobject.c. */
typedef struct {
    Object ob;
    Object *ref; // or NULL: empty
} Cell;

/* New references; NULL with MemoryError; arguments are borrowed and may be NULL where said.
 * super_new(): TypeError if obj is neither an instance nor a subclass of type; None makes an
 * unbound one, which finds nothing of a class. */
Object *function_new(const char *name, FunctionCode code, Object *closure); // closure: or NULL
Object *function_new_kw(const char *name, FunctionCodeKw code, Object *closure);
Object *builtin_new(const char *name, FunctionCodeKw code, Object *closure); // does not bind
Object *method_new(Object *func, Object *self);
Object *property_new(Object *fget, Object *fset, Object *fdel); // each or NULL
Object *staticmethod_new(Object *callable);
Object *classmethod_new(Object *callable);
Object *cell_new(Object *ref); // or NULL
Object *super_new(Type *type, Object *obj);
/* super() without arguments, in a method whose closure is `cell` and whose first argument is obj:
 * RuntimeError "super(): __class__ cell not found" if cell is NULL or no cell, "super(): empty
 * __class__ cell" before type.__new__() has filled it. CPython: super_init_without_args(). */
Object *super_from_cell(Object *cell, Object *obj);
Object *getset_new(Type *type, const char *name, Object *(*get)(Object *),
                   int (*set)(Object *, Object *)); // set: or NULL
Object *member_new(Type *type, Str *name, ssize_t offset);
Object *property_set_name(Object *closure, Object *const *args, ssize_t nargs); // __set_name__
/* Whether a static type's method was called with a self of that type: 0, or -1 with TypeError.
 * CPython: Objects/descrobject.c, method_check_args(). */
int method_check(const Type *type, const char *name, Object *const *args, ssize_t nargs);

/* Whether it is asked before the instance: it has __set__ or __delete__. CPython:
 * PyDescr_IsData(). */
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
    Object *(*wrapper)(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                       Slot wrapped); // the reverse
    Str *name_strobj;                 // interned by types_init()
} SlotDef;
extern SlotDef slotdefs[]; // ends with a NULL name

/* object.__getattribute__ and its like: a cell of a static type, as an attribute.
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
int slotdefs_init(void);

/* What fills getattro where a class has __getattr__ or a __getattribute__ of its own: the first
 * asks both, the second only the latter, once there is no __getattr__. CPython:
 * slot_tp_getattr_hook(), slot_tp_getattro(). */
Object *slot_tp_getattr_hook(Object *self, Str *name);
Object *slot_tp_getattro(Object *self, Str *name);
/* What is in the cell `new` of a class whose __new__ is Python's: so it is known by. */
Object *slot_tp_new(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* type(obj).name, bound to obj, as the interpreter finds a special method: past the instance and
 * past its hooks. New reference; NULL with no error if there is none, or with what a descriptor
 * raised. CPython: _PyObject_LookupSpecial(). */
Object *object_lookup_special(Object *self, Str *name);

/* ---- Operations: slotdefs.c ------------------------------------------------------------------*/

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

/* obj(*args, **keywords): new reference, or NULL with TypeError ("'C' object is not callable") or
 * the call's error. CPython: Objects/call.c, PyObject_Vectorcall(). */
Object *object_call(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames);
/* The same with the keywords in a dict, or NULL. CPython: PyObject_VectorcallDict(). */
Object *object_call_dict(Object *self, Object *const *args, ssize_t nargs, const Dict *kwargs);
/* func(self, *args): the same with one argument more in front. CPython:
 * _PyObject_Call_Prepend(). */
Object *object_call_prepend(Object *func, Object *self, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames);
/* The keyword argument of that name: borrowed, or NULL. */
Object *kwarg_get(Object *const *args, ssize_t nargs, const Tuple *kwnames, const char *name);
/* The keyword arguments as a new dict; NULL with MemoryError. CPython: _PyStack_AsDict(). */
Dict *kwargs_as_dict(Object *const *args, ssize_t nargs, const Tuple *kwnames);

/* len(obj): -1 with TypeError ("object of type 'C' has no len()") or what the method raised.
 * CPython: Objects/abstract.c, PyObject_Size(). */
ssize_t object_length(Object *self);
/* obj[key], obj[key] = value, del obj[key] for NULL. The first of a class asks its metaclass's
 * __getitem__, then its own __class_getitem__. New reference or 0; NULL or -1 with TypeError ("'C'
 * object is not subscriptable") or what the method raised.
 * CPython: Objects/abstract.c, PyObject_GetItem(), PyObject_SetItem(). */
Object *object_getitem(Object *self, Object *key);
int object_setitem(Object *self, Object *key, Object *value);
/* repr(obj), str(obj): new Str, or NULL with an error set. CPython: PyObject_Repr(),
 * PyObject_Str(). */
Object *object_repr(Object *self);
Object *object_str(Object *self);

#endif
