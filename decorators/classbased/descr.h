/* descr.h: the decorators of the language that are classes: property, staticmethod, classmethod;
 * and functools.cached_property.
 *
 * Each keeps the function that it decorates and stands in its place in the class. What obj.name
 * then gives is what its descr_get says: a computed value, the function as it is, the function
 * bound to the class, a value that is computed once. The one difference that matters is descr_set:
 * with it (property) the descriptor comes before the instance's dict, without it (cached_property)
 * after it, so a value put there is found first from then on.
 *
 * CPython: Objects/descrobject.c, Objects/funcobject.c, Lib/functools.py.
 */
#ifndef DESCR_H
#define DESCR_H

#include "../simple/function.h"

/* CPython: propertyobject, prop_ names these fields there. */
typedef struct {
    Object ob;
    Object *get, *set, *del; // or NULL
    Object *doc, *name;      // or NULL; name: of __set_name__
    bool getter_doc;         // doc is the getter's
} Property;

/* CPython: staticmethod, classmethod: sm_callable, cm_callable. */
typedef struct {
    Object ob;
    Object *callable;
    Dict *dict; // __name__ and what else is copied from it; __wrapped__
} Wrapper;

/* CPython: Lib/functools.py, cached_property. Simplified: a C struct, and no lock (3.12 took it
 * away). */
typedef struct {
    Object ob;
    Object *func, *doc;
    Str *attrname; // of __set_name__, or NULL
} CachedProperty;

extern Type Property_Type, StaticMethod_Type, ClassMethod_Type, CachedProperty_Type;

/* New references; NULL with MemoryError. Each argument of property_new() may be NULL. A program
 * calls the types themselves, and property's getter(), setter(), deleter(), which return a changed
 * copy. CPython: property_init_impl(), sm_init(), cm_init(). */
Object *property_new(Object *get, Object *set, Object *del, Object *doc);
Object *staticmethod_new(Object *callable);
Object *classmethod_new(Object *callable);
Object *cached_property_new(Object *func);

#endif
