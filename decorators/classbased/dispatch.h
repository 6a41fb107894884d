/* dispatch.h: functools.singledispatch: one name, and a function for each class of the first
 * argument.
 *
 * The registry says which classes have a function of their own; `object` always has: the function
 * that was decorated. A call asks for the class of its first argument; if that has none, its MRO is
 * walked until one has, and the answer is kept in a cache, which every registration empties. So the
 * usual call is one look into a hash table by the class's address.
 *
 * CPython: Lib/functools.py, singledispatch(), _find_impl(). Simplified: an object where CPython
 * has a function with attributes, whose register and dispatch are closures made when asked for; no
 * abstract base classes, which a class may belong to without inheriting (_compose_mro()), and no
 * unions; the cache keeps classes alive (CPython's is weak).
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "../simple/function.h"

/* Class to function, by address: linear probing. */
typedef struct {
    size_t size, used; // size: a power of two, at most half of it used; or 0
    struct {
        Type *type;
        Object *func;
    } * cells;
} TypeMap;

typedef struct {
    Object ob;
    TypeMap registry, cache;
    Tuple *order;     // the classes of the registry, as they were registered
    Object *funcname; // for the message
    Dict *dict;       // __name__, __wrapped__ and the like
} SingleDispatch;

extern Type SingleDispatch_Type;
extern Builtin singledispatch_builtin; // as a program decorates with it

/* New reference; NULL with MemoryError. CPython: singledispatch(). */
Object *singledispatch_new(Object *func);
/* The function for this class: borrowed; NULL with MemoryError. CPython: dispatch(). */
Object *singledispatch_dispatch(SingleDispatch *self, Type *type);
/* From now on `func` is called for this class: 0, or -1 with MemoryError. CPython: register(). A
 * program calls f.register(cls, func), f.register(cls) as a decorator, or f.register as one, of an
 * annotated function. */
int singledispatch_register(SingleDispatch *self, Type *type, Object *func);

#endif
