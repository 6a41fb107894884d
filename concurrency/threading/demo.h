/* demo.h: what the demo's sources share. */
#ifndef THREADING_DEMO_H
#define THREADING_DEMO_H

#include "threading.h"

#define PROGRAM "threading_demo"

/* A demo has nothing left to show without memory or threads. Returns `op`. */
void *need(void *op);

/* A started thread; join() waits for it and drops it. */
Thread *start(ThreadTarget target, void *arg);
void join(Thread *thread);

/* Waits until `count` threads are in the condition's queue. */
void until_waiting(Condition *condition, size_t count);

/* trace.c: four threads and one lock, recorded. */
void scene_timeline(void);
int trace_csv(void);

/* files.c: counts lines, words and bytes of `count` files, with `threads` threads and at most
 * `open` of the files open at once. Returns the exit status. */
int count_files(char **paths, size_t count, size_t threads, ssize_t open);

#endif
