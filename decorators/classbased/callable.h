/* callable.h: a decorator that is a class: its instance takes the function's place.
 *
 *     class CountCalls:
 *         def __init__(self, func):
 *             update_wrapper(self, func)
 *             self.func, self.calls = func, 0
 *         def __call__(self, *args, **kwargs):
 *             self.calls += 1
 *             return self.func(*args, **kwargs)
 *         def __get__(self, obj, type=None):            # without it: broken on a method
 *             return self if obj is None else MethodType(self, obj)
 *
 * `@CountCalls` calls the class, so __init__ gets the function; calling the name calls the instance, so
 * type(instance).__call__ is looked for (slot_tp_call() in ../type.c). Where it decorates a method, the
 * lookup obj.name finds the instance in the class; only if its type has __get__ does anybody bind obj to
 * it, which a function's own type does.
 */
#ifndef CALLABLE_H
#define CALLABLE_H

#include "../simple/function.h"

/* New class, as written above, without __get__ unless it `binds`. NULL with MemoryError. */
Type *count_calls_make(Dict *globals, bool binds);

#endif
