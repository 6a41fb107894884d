/* demo.h: what the files of iterator_demo share. */
#ifndef DEMO_H
#define DEMO_H

#include "for.h"

extern const char *program; // its bare name

/* Ends the program, status 1, if memory ran out: the demo's answer to what a mechanism reports.
 * Returns the new reference that it was given. */
void *must(void *op);

/* iterator_demo [--head N] [--grep TEXT] FILE...: prints the lines, numbered. Returns the program's
 * status. */
int demo_lines(int count, char **names, int64_t head, const char *grep);

/* iterator_demo --zip A B: prints the lines of two files side by side. Returns the status. */
int demo_zip(const char *left, const char *right);

#endif
