/* metaclass.h: the class statement, in its steps, and the metaclasses that people write.
 *
 * Read metaclass.c first: build_class() is the class statement up to the call of the metaclass; what
 * happens in that call is ../builtins.c, type_call(), and ../type.c, type_new(). Then metaclasses.c:
 * six metaclasses, each written on what metaclass.h offers, and what would have done without one.
 * record.c makes classes from the header of a CSV file. isinstance() is here too, as a metaclass may
 * answer it.
 */
#ifndef METACLASS_H
#define METACLASS_H

#include "../type.h"

/* Gives type its __prepare__, __instancecheck__ and __subclasscheck__, and readies this room's types;
 * after types_init(). 0, or -1 with MemoryError. */
int metaclass_init(void);

/* ---- The class statement: metaclass.c --------------------------------------------------------*/

/* The body of a class: runs in the namespace `ns`, borrowed, which may be any mapping. New reference
 * to the Cell that its methods know the class by, or to None if none of them says super(); NULL with
 * an error set. CPython: the function that __build_class__ gets first. */
typedef Object *(*ClassBody)(void *arg, Object *ns);

/* class name(*bases, **keywords): body. `keywords` may be NULL; "metaclass" is one of them. New
 * reference to whatever the metaclass gave, or NULL with what a step raised, TypeError ("M.__prepare__()
 * must return a mapping, not int", "metaclass conflict: ...", "__mro_entries__ must return a tuple",
 * "__class__ set to <...> defining 'C' as <...>") or RuntimeError ("__class__ not set defining ...").
 * CPython: Python/bltinmodule.c, builtin___build_class__(). */
Object *build_class(ClassBody body, void *arg, Str *name, const Tuple *bases, const Dict *keywords);

/* The bases with each that is no type replaced by what its __mro_entries__ gives: new reference, the
 * same tuple if there is none. CPython: Python/bltinmodule.c, update_bases(). */
Tuple *update_bases(const Tuple *bases);

/* name = value in the body of a class, and name: an exact dict is used directly, anything else through
 * its __setitem__ and __getitem__. 0, or -1; new reference, or NULL with KeyError or what it raised.
 * CPython: Python/ceval.c, STORE_NAME, LOAD_NAME. */
int namespace_store(Object *ns, const char *name, Object *value);
Object *namespace_load(Object *ns, const char *name);

/* What the compiler puts first into each body: __module__ and __qualname__. 0, or -1.
 * CPython: Python/compile.c, compiler_class(). */
int body_begin(Object *ns, const char *qualname);

/* @first @second class ...: calls them from the last to the first, each with what the one before gave.
 * Steals cls, which may be NULL for a statement that failed. New reference, or NULL with what one
 * raised. CPython: Python/compile.c, compiler_apply_decorators(). */
Object *class_decorate(Object *cls, Object *const *decorators, ssize_t n);

/* ---- The same from a table -------------------------------------------------------------------*/

/* A function of a body. CPython: Include/methodobject.h, PyMethodDef. */
typedef struct {
    const char *name;
    FunctionCode code; // one of the two: with keywords or without
    FunctionCodeKw code_kw;
    bool is_classmethod; // under @classmethod
} MethodDef;

/* A class statement whose body is assignments and functions. All borrowed; all but the name may be
 * NULL. Each function's closure is a pair of the cell __class__ and `data`. */
typedef struct {
    const char *name;
    const Tuple *bases;
    const Dict *keywords;     // metaclass=... and others
    const Dict *attributes;   // name = value, in this order
    const MethodDef *methods; // def name(...), after those; ends with a NULL name
    Object *data;
} ClassStatement;

/* Runs it: what build_class() gives. If there are methods, a __classcell__ is passed. */
Object *class_statement(const ClassStatement *statement);

/* In a function of such a statement: super().name(*args, **keywords), where self is the first
 * argument; super() alone; and the statement's data, borrowed. New references, or NULL with an error. */
Object *super_call(Object *closure, Object *self, const char *name, Object *const *args,
                   ssize_t nargs, const Tuple *kwnames);
Object *super_of(Object *closure, Object *self);
Object *closure_data(Object *closure);

/* ---- isinstance(), issubclass() --------------------------------------------------------------*/

/* 1, 0, or -1 with TypeError ("isinstance() arg 2 must be a type, a tuple of types, or a union") or
 * what a hook raised. A class whose metaclass is type itself is not asked; any other's
 * __instancecheck__ answers. The default believes the object's type, then its __class__.
 * Simplified: no __bases__ of what is no type. CPython: Objects/abstract.c, PyObject_IsInstance(),
 * PyObject_IsSubclass(), object_isinstance(). */
int object_isinstance(Object *obj, Object *cls);
int object_issubclass(Object *derived, Object *cls);

/* ---- Metaclasses that people write: metaclasses.c --------------------------------------------*/

/* Each gives a new reference to a new metaclass, or to a new class or decorator that does the same
 * without one; NULL with an error set. */

/* Enters every class, but the first that has no bases, into `registry` under the keyword key=..., or
 * its name in lower case; ValueError if that is taken. */
Type *registering_metaclass(Dict *registry);
/* The same by a class whose __init_subclass__ does it, and by a decorator. */
Type *registering_base(Dict *registry);
Object *registering_decorator(Dict *registry);

/* Makes every name of the body that does not begin with "_" upper case. */
Type *upper_metaclass(void);
/* Adds a __repr__ that shows the annotated attributes, unless the class has one; and a decorator. */
Type *repr_metaclass(void);
Object *repr_decorator(void);
/* Makes __slots__ of __annotations__, before the class is made: no decorator can. */
Type *slots_metaclass(void);
/* Refuses, with TypeError ("C must define: area, name"), a class in whose MRO a name still stands for
 * an AbstractMethod, unless it says abstract=True. */
Type *abstract_metaclass(void);
/* Its __prepare__ gives a namespace that refuses a name twice: TypeError ("'f' is defined twice in
 * C"). Only a metaclass can: everybody else comes when the body has run. */
Type *once_metaclass(void);
/* isinstance(x, C) is whether x has all the methods that C has: __instancecheck__. C[key] is "C[key]" by
 * the metaclass's __getitem__. */
Type *protocol_metaclass(void);

/* The mark of a method that a class below must define: @abstract. New reference. */
Object *abstract_method_new(Object *func);
extern Type AbstractMethod_Type;

#endif
