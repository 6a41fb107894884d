/* construction.h: what happens between `C(1, 2)` and an object that one can use.
 *
 * A call of a class is a call like any other: the cell `call` of *its* type, which is type_call()
 * unless a metaclass has a __call__ of its own. type_call() takes two steps, and only the second
 * one is conditional: the class's cell `new` gives an object; if that is an instance of the class,
 * the cell `init` of the object's own type prepares it. Both get the same arguments.
 *
 * The room adds to the types what needs these steps: `new` and `init` cells of object and type,
 * `new` cells of int, str, tuple and NoneType, and for each of them the function `__new__` that
 * Python code can call. Read construction.c first, then values.c.
 *
 * CPython: Objects/typeobject.c, type_call(), object_new(), object_init(), tp_new_wrapper().
 */
#ifndef CONSTRUCTION_H
#define CONSTRUCTION_H

#include "../type/type.h"

/* Fills those cells and readies the types; call it in place of types_init(). May be called again. 0,
 * or -1 with MemoryError. */
int construction_init(void);

/* type(*args): type->new, then the init of what came. New reference, or NULL with TypeError
 * ("cannot create 'function' instances") or what either step raised; then what the first step made
 * is dropped. type(x), with one argument, is x's type. CPython: type_call(). */
Object *type_call(Object *type, Object *const *args, ssize_t nargs);

/* The steps of type_call(), for who wants to watch. */
typedef struct {
    enum {
        CALLS_NEW, // obj is NULL
        HAS_NEW,   // obj is what new gave; NULL: an error is set. No instance of type: the end
        HAS_INIT,  // obj's own init has run; an error is set if it failed, and obj will be dropped
    } what;
    Type *type;
    Object *obj;
    Object *const *args;
    ssize_t nargs;
} ConstructionStep;
extern void (*construction_watcher)(const ConstructionStep *step); // or NULL

/* object's cells. New reference, or NULL, or -1, with TypeError if there are more arguments than
 * anybody takes, or if the class is abstract. CPython: object_new(), object_init(). */
Object *object_new(Type *type, Object *const *args, ssize_t nargs);
int object_init(Object *self, Object *const *args, ssize_t nargs);

/* The `new` cells of the types whose values lie in the object itself and never change: so they are
 * the last to see the arguments. For the type itself and for subclasses: new reference, or NULL with
 * TypeError, ValueError (no number) or what str() raised.
 * CPython: Objects/longobject.c, long_new_impl(); unicodeobject.c, unicode_new_impl(); tupleobject.c,
 * tuple_new_impl(); object.c, none_new(). */
Object *int_new(Type *type, Object *const *args, ssize_t nargs);
Object *str_new(Type *type, Object *const *args, ssize_t nargs);
Object *tuple_new_cell(Type *type, Object *const *args, ssize_t nargs);
Object *none_new(Type *type, Object *const *args, ssize_t nargs);

/* What a complaint about an argument calls it. CPython: Python/getargs.c, _PyArg_BadArgument(). */
static inline const char *argument_type_name(const Object *arg) {
    return arg == None ? "None" : arg->type->name;
}

#endif
