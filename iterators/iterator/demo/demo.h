/* demo.h: what the files of iterator_demo share. */
#ifndef ITERATOR_DEMO_H
#define ITERATOR_DEMO_H

#include "../../../common/demo.h"

#include "../for.h"

#include <inttypes.h>

/* What scenes need: printing a repr; a new int; list.append(value); [1, 2, ..., count]. */
void print(void *op);
Object *integer(int64_t value);
void append(List *list, int64_t value);
List *numbers(int count);

/* Prints all that is left of an iterator, or of a new one over what is none; then how it ended. */
void walk(const char *label, void *iterable);

/* The scenes of walks.c, and its data for the pictures. */
void scene_lazy(void);
void scene_lost(void);
void scene_sentinel(void);
void scene_mutation(void);
void csv_lazy(void);
void draw_memory(void);

/* iterator_demo [--head N] [--grep TEXT] FILE...: prints the lines, numbered; a `head` of -1 is all
 * of them, a `grep` of NULL any. Returns the program's status. */
int demo_lines(int count, char **names, int64_t head, const char *grep);

/* iterator_demo --zip A B: prints the lines of two files side by side. Returns the status. */
int demo_zip(char **names);

#endif
