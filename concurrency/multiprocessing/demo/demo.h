/* demo.h: what the files of multiprocessing_demo share. */
#ifndef DEMO_H
#define DEMO_H

#include "../pool.h"
#include "../queue.h"

extern const char *const program; // its bare name

/* Ends the program, status 1, with the pending error unless `fine`. */
void must(bool fine);

/* multiprocessing_demo [--top N] [--times] FILE...: counts words in a pool. Returns the status. */
int demo_words(int count, char **names, int top, bool times);

/* --csv scaling: microseconds for one task, by how long the task takes and how many workers there
 * are. Returns the status. */
int demo_scaling(void);

#endif
