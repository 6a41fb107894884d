/* contextlib.h: context managers made of other things: a generator, a function, a stack of managers.
 *
 * CPython: Lib/contextlib.py, which is Python; here each of its classes is a type with two cells.
 */
#ifndef CONTEXTLIB_H
#define CONTEXTLIB_H

#include "../with/with.h"

/* ---- A generator as a manager: contextlib.c --------------------------------------------------*/

/* What @contextmanager makes of a generator function: call it for a new manager each time. New
 * reference, MemoryError. CPython: contextmanager(). */
Object *contextmanager(const char *name, GeneratorBody body, Object *closure);

/* The manager: up to the yield on the way in, from it on the way out. It can be entered once.
 * CPython: _GeneratorContextManager. */
extern Type GeneratorContextManager_Type;

/* As a decorator: a function that runs func inside a new manager of the same kind each time. NULL with
 * MemoryError; calling it fails once the manager itself has been entered.
 * CPython: ContextDecorator.__call__(), _recreate_cm(). */
Object *contextmanager_decorate(Object *manager, Object *func);

/* ---- The small ones: small.c -----------------------------------------------------------------*/

/* closing(thing): thing on the way in, close(thing) on the way out. Simplified: the function is given
 * with it. CPython: closing. */
Object *closing_new(Object *thing, Object *close);

/* suppress(*types): swallows these and what is derived from them. CPython: suppress. */
Object *suppress_new(ssize_t ntypes, Type *const *types);

/* nullcontext(result): does nothing. CPython: nullcontext. */
Object *nullcontext_new(Object *result);

/* redirect_stdout(file): what is printed to *standard_output goes there meanwhile; can be nested.
 * Simplified: a FILE of C in place of sys.stdout. CPython: redirect_stdout. */
extern FILE *standard_output; // NULL: stdout
Object *redirect_stdout_new(FILE *file);

/* ---- ExitStack: exitstack.c ------------------------------------------------------------------*/

/* A manager that owes exits: what was entered last is left first, each told what has become of the
 * exception so far. CPython: ExitStack. */
Object *exitstack_new(void);

/* Enters a manager and owes its exit; what it gave, a new reference, or NULL with TypeError
 * ("'builtins.int' object does not support the context manager protocol") or what enter raised, with
 * nothing owed. */
Object *exitstack_enter_context(Object *stack, Object *manager);
/* Owes the exit of a manager that is not entered here, or a call of function(type, value, traceback),
 * whose true result swallows. 0, or -1 with MemoryError. */
int exitstack_push(Object *stack, Object *exit);
/* Owes function(*args); its result swallows nothing. Simplified: one argument, or NULL for none. */
int exitstack_callback(Object *stack, Object *function, Object *argument);
/* A new stack that owes what this one did, which owes nothing any more. NULL with MemoryError. */
Object *exitstack_pop_all(Object *stack);
/* Leaves all now: 0, or -1 with what was raised. */
int exitstack_close(Object *stack);
/* How many exits are owed. */
ssize_t exitstack_size(const Object *stack);

#endif
