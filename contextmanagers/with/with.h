/* with.h: the with statement.
 *
 *     with_enter(&w, manager, &target)         what `with manager as target:` does before the block
 *     with_leave(&w)                           what it does after it, however the block ended
 *
 * The block ends normally or with an exception pending; with_leave() looks which. All else is how to
 * make C call it on every way out of a block, and C has three ways, none of which can do all of it:
 *
 *     goto           one exit, to which every way out jumps: nothing is hidden, and nothing checked
 *     WITH           the cleanup attribute of gcc and clang: also at return, break and goto; but the
 *                    value of a return is computed before, so an exit that fails cannot change it
 *     WITH_RETURN    a macro that leaves first and returns then: right in every case, if one writes it
 *
 * CPython: Python/ceval.c, BEFORE_WITH, WITH_EXCEPT_START; Python/compile.c, compiler_with().
 */
#ifndef WITH_H
#define WITH_H

#include "../object.h"

/* A manager that has been entered, between the two calls. */
typedef struct {
    Object *manager; // NULL: not entered, or left
    Object *(*exit)(Object *self, Object *type, Object *value, Object *traceback);
} With;

/* Looks both methods up on the type, exit before anything is entered: so nothing is entered that
 * could not be left. Keeps exit, whatever becomes of the type meanwhile. The result of enter goes to
 * *target, a new reference, if target is not NULL. 0, or -1 with TypeError ("'int' object does not
 * support the context manager protocol") or what enter raised; then there is nothing to leave.
 * CPython: Python/ceval.c, BEFORE_WITH. */
int with_enter(With *self, Object *manager, Object **target);

/* Leaves: exit(None, None, None), or, with an exception pending, exit(type, exc, None) while that is
 * being handled. 0: none is pending now, as none was or exit swallowed it; -1: one is, the same or
 * what exit raised. Does nothing the second time. CPython: compiler_with(), WITH_EXCEPT_START. */
int with_leave(With *self);

/* Whether the block is to be run: enters. CPython has no such thing; it is for WITH below. */
static inline bool with_begin(With *self, Object *manager, Object **target) {
    return with_enter(self, manager, target) == 0;
}
static inline void with_cleanup(With *self) {
    (void)with_leave(self);
}

/* WITH(w, manager, &target) { block }
 * w is a name for this one. Afterwards, and before anything else is done, error_occurred() tells
 * whether to go on. `break` and `continue` in the block leave it. Not to be followed by else. */
#define WITH(w, manager, target)                                                                   \
    for (With w __attribute__((cleanup(with_cleanup))) = {0}, *w##_once = &w;                      \
         w##_once && with_begin(&w, (manager), (target)); w##_once = NULL)

/* In WITH(w, ...): return value, a new reference or NULL with an exception pending, or what leaving
 * makes of it: NULL if exit raised; None if exit swallowed the exception, as a function that returns
 * nothing. Of one that is nested in another, the outer ones are left by their cleanup. */
#define WITH_RETURN(w, value)                                                                      \
    do {                                                                                           \
        Object *w##_value = (value);                                                               \
        if (with_leave(&w) < 0)                                                                    \
            clear_ref(w##_value);                                                                  \
        else if (!w##_value)                                                                       \
            w##_value = new_ref(None);                                                             \
        return w##_value;                                                                          \
    } while (0)

#endif
