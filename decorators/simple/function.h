/* function.h: functions that a program makes: code, and what was around when `def` ran.
 *
 * `def` is a statement that runs: each time, MAKE_FUNCTION takes the code, which is the same each
 * time, and puts beside it the globals, the default values (computed now, once) and the cells of the
 * variables that the code uses from the function around it. A cell is a box that both functions
 * hold; so the inner one sees what the variable is when it looks, not what it was when it was made,
 * and the variable outlives the call that made it. All that decorators do rests on this.
 *
 *     def outer(n):           Code outer: cellvars n      body: n = make_cell(locals[0])
 *         def add(x):         Code add: freevars n              function_make(&add, .., closure (n,))
 *             return x + n                                body: load_deref(self, 0)
 *         return add
 *
 * CPython: Objects/funcobject.c, Objects/cellobject.c, Python/ceval.c. Simplified: the body of a
 * function is C in place of bytecode.
 */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "../object.h"

typedef struct Function Function;

/* What a function runs: the arguments are bound to its parameters, borrowed, in the order of
 * Code.varnames. New reference, or NULL with an error set. */
typedef Object *(*CodeBody)(Function *self, Object *const *locals);

enum { CO_VARARGS = 0x04, CO_VARKEYWORDS = 0x08 }; // *args, **kwargs

/* What the compiler knows about a function: the same for all functions that one `def` makes. Static.
 * CPython: PyCodeObject, co_ names these fields there. The lists of names end with NULL. */
typedef struct {
    Object ob;
    const char *name, *qualname, *doc;             // qualname NULL: as name; doc may be NULL
    int argcount, posonlyargcount, kwonlyargcount; // the second are the first of the first
    unsigned flags;
    const char *const *varnames; // parameters, then those after *, then *args, then **kwargs
    const char *const *freevars; // variables of functions around it: those of its closure, in order
    const char *const *cellvars; // its own variables that inner functions use
    CodeBody body;
} Code;
#define CODE(name_) .ob = {1, &Code_Type}, .name = (name_)
#define NAMES(...)  ((const char *const[]){__VA_ARGS__, NULL})

/* A box for one variable. CPython: Include/cpython/cellobject.h, PyCellObject. */
typedef struct {
    Object ob;
    Object *ref; // NULL: the variable has no value (yet, or any more)
} Cell;

/* CPython: Include/cpython/funcobject.h, PyFunctionObject; func_ names these fields there. */
struct Function {
    Object ob;
    Code *code;
    Dict *globals;
    Str *name, *qualname;
    Object *doc, *module;
    Tuple *defaults;     // of the last parameters, or NULL
    Dict *kwdefaults;    // of those after *, or NULL
    Tuple *closure;      // of Cells, as many as code->freevars; or NULL
    Dict *dict;          // attributes set on it, or NULL
    Object *annotations; // a dict, or NULL
};

extern Type Function_Type, Code_Type, Cell_Type, Partial_Type;

/* What MAKE_FUNCTION does: a new function of this code. Borrows code (static) and globals; steals
 * defaults, kwdefaults and closure, each of which may be NULL when the code needs none: an error that
 * is pending, as one of them could not be made, goes on. __module__ is globals["__name__"]. NULL with
 * MemoryError. CPython: Python/ceval.c, MAKE_FUNCTION; Objects/funcobject.c, PyFunction_New(). */
Object *function_make(Code *code, Dict *globals, Tuple *defaults, Dict *kwdefaults, Tuple *closure);

/* New cell that holds this value (borrowed; NULL: empty). MemoryError. CPython: MAKE_CELL,
 * PyCell_New(). */
Cell *make_cell(Object *value);
/* What the i-th free variable of a running function is: new reference, or NULL with NameError
 * ("cannot access free variable 'x' where it is not associated with a value in enclosing scope").
 * The function got its cells from its closure (COPY_FREE_VARS). CPython: LOAD_DEREF. */
Object *load_deref(Function *self, ssize_t i);
/* `nonlocal x; x = value`: steals value (NULL, with an error pending, changes nothing: -1). CPython:
 * STORE_DEREF. */
int store_deref(Function *self, ssize_t i, Object *value);
/* The cell itself, for the closure of a function further in: borrowed. CPython: LOAD_CLOSURE. */
static inline Object *load_closure(const Function *self, ssize_t i) {
    return self->closure->items[i];
}
/* A global: new reference, or NULL with NameError ("name 'x' is not defined"). CPython: LOAD_GLOBAL.
 * Simplified: no builtins. */
Object *load_global(Function *self, const char *name);

/* ---- functools.c ------------------------------------------------------------------------------*/

/* What wraps() copies; a list that ends with NULL. CPython: Lib/functools.py. 3.12 has
 * __type_params__ besides, 3.14 __annotate__ in place of __annotations__. */
extern const char *const WRAPPER_ASSIGNMENTS[];

/* Makes `wrapper` look like `wrapped`: copies those of `assigned` (NULL: WRAPPER_ASSIGNMENTS) that it
 * has, updates __dict__, and sets __wrapped__ last. 0, or -1 with an error. CPython: Lib/functools.py,
 * update_wrapper(). */
int update_wrapper(Object *wrapper, Object *wrapped, const char *const *assigned);
/* The decorator that does it: partial(update_wrapper, wrapped=wrapped), a new reference. CPython:
 * Lib/functools.py, wraps(). */
Object *wraps(Object *wrapped);

/* func with some of its arguments. CPython: Modules/_functoolsmodule.c, partialobject. */
typedef struct {
    Object ob;
    Object *func;
    Tuple *args;
    Dict *keywords;
    Dict *dict;
} Partial;
/* partial(func, *args, **keywords): a new Partial; one of a partial without attributes of its own
 * takes over what that had. `keywords` is borrowed and may be NULL. NULL with TypeError ("the first
 * argument must be callable") or MemoryError. CPython: partial_new(). */
Object *partial_new(Object *func, Object *const *args, ssize_t nargs, const Dict *keywords);

#endif
