/* demo.h: what the parts of this demo share. */
#ifndef CONTEXTLIB_DEMO_H
#define CONTEXTLIB_DEMO_H

#include "../contextlib.h"

#include "../../../common/demo.h"

/* A manager of this kind, made by contextmanager(). */
Object *manager_of(const char *name, GeneratorBody body, Object *closure);
/* One line for an exception and its contexts: KeyError('b'), context ValueError('a'). */
void print_exception(const Exception *exc);
/* What came of something: the exception that is pending, which is forgotten then, or `else_`. */
void print_outcome(const char *else_);

void scene_stack(void);  // stack.c
void scene_unwind(void); // unwind.c
void draw_unwind(void);  // for pictures/unwind.svg

/* Merges sorted files through an ExitStack; the exit status. merge.c */
int demo_merge(int count, char **names, bool count_descriptors);

#endif
