/* factory.h: decorators that take arguments: retry(), and trace() with and without parentheses.
 *
 * `@retry(3)` is two calls: retry(3), the factory, runs first and returns the decorator; the decorator
 * is called with the function and returns the wrapper; the wrapper is what the name stands for from
 * then on. Three functions, one inside the other, each made anew by the one around it, so each
 * remembers what it was called with in cells that the next one closes over:
 *
 *     retry        times, on, backoff, sleep       once per @retry(...)
 *       decorator  + func                          once per decorated function
 *         wrapper  args, kwargs                    at each call
 *
 * What can be wrong with the arguments of the factory is said when it runs: where the decorator
 * stands, not at the first call, which may be days later.
 */
#ifndef FACTORY_H
#define FACTORY_H

#include "../simple/function.h"

/* def retry(times, on=Exception, backoff=0, *, sleep): call func up to `times` times; an error that is
 * an instance of `on` (a class or a tuple of them) is answered by sleep(delay) and another call, with
 * delay = backoff, then twice as much each time; the last error goes on. New function, whose globals
 * are `globals`, and whose default for sleep is `sleep` (borrowed): time.sleep, or what a test's clock
 * has in its place. NULL with MemoryError.
 * Raises at decoration time: TypeError "times must be an int, not 'str'", ValueError "times must be at
 * least 1", TypeError "on must be an exception class or a tuple of them". */
Object *retry_make(Dict *globals, Object *sleep);

/* def trace(func=None, *, label=None, out): a decorator, as @trace, or a factory, as @trace(label="x"):
 * given a function it decorates it, else it returns partial(trace, label=..., out=...). The wrapper
 * calls out(text) with "label(args) -> result" or "label(args) raised Type: message" after each call;
 * label defaults to the function's __qualname__. New function; `out` is its default, borrowed. */
Object *trace_make(Dict *globals, Object *out);

#endif
