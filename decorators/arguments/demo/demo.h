/* demo.h: what the sources of arguments_demo share. */
#ifndef ARGUMENTS_DEMO_H
#define ARGUMENTS_DEMO_H

#include "../../../common/demo.h"
#include "../factory.h"
#include "../lru_cache.h"

/* object_call_args() with one argument, whose reference it takes, that a demo cannot go on without. */
Object *call_one(Object *func, Object *arg);
/* What a call came to, on a line: its repr or its error. Takes the reference. */
void print_result(Object *result);

/* cache.c: the scenes about the cache, and its memory for Graphviz. */
void scene_ring(void);
void scene_key(void);
void scene_uncached(void);
void scene_again(void);
void scene_method(void);
void draw_ring(void);

/* trace.c: a trace of keys through caches of all sizes. demo_trace() returns the exit status. */
void scene_curve(void);
void data_hits(void);
int demo_trace(const char *name, const char *svg);

#endif
