/* demo.h: what the sources of simple_demo share. */
#ifndef SIMPLE_DEMO_H
#define SIMPLE_DEMO_H

#include "../function.h"

#include "../../../common/demo.h"

/* The globals of the program that the scenes pretend to be: __name__ is '__main__'. Borrowed. */
Dict *module_globals(void);
/* `name = value` in there, which takes the reference; and the value of a name: borrowed, or NULL. */
void bind(const char *name, Object *value);
Object *bound(const char *name);

Object *integer(int64_t value);
Object *text(const char *utf8);
void print(void *op);
/* Prints what came of something on a line, "    what    'result'", or the error; takes the reference. */
void tell(const char *what, Object *result);
/* The same of f(*args), `nargs` of them borrowed. */
void tell_call(const char *what, Object *f, ssize_t nargs, ...);
/* The name of a function, or repr() of what has none. */
void print_name(Object *op);

/* One new cell for each of `size` values, borrowed: a closure, for function_make() to take. */
Tuple *closure_of(ssize_t size, ...);
/* A function without defaults; takes the closure. */
Object *make(Code *code, Tuple *closure);
/* What a decorator returns: a function of this code whose first free variable is func and whose
 * others, `counters` of them, are 0. */
Object *wrapper_make(Code *code, Object *func, int counters);
/* A wrapper that calls its first free variable with what it was given: *args, **kwargs. */
Object *pass_on(Function *self, Object *const *locals);

/* Functions, the cells of their closures and what is in them: a line for each, from memory. */
void print_closures(Object *const *functions, const char *const *names, int size);

/* Three lambdas of the scene `loop`, in a tuple. */
Object *functions_of_a_loop(bool shared);

void scene_cells(void);   // closures.c
void scene_loop(void);    // closures.c
void scene_wraps(void);   // wrapping.c
void scene_stack(void);   // wrapping.c
void scene_other(void);   // wrapping.c
void scene_partial(void); // wrapping.c

/* These two return the program's status. */
int draw(const char *what);                                                  // draw.c
int demo_files(int count, char **names, bool log, bool timed, bool counted); // files.c

#endif
