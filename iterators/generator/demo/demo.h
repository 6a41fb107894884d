/* demo.h: what the files of generator_demo share. */
#ifndef DEMO_H
#define DEMO_H

#include "../generator.h"

/* Returns what it was given; ends the program, status 1, if that is NULL: a demo has nothing left
 * to show when memory is gone. */
void *need(void *op);

/* The scenes of demo_contrast.c. `generator_size`: the bytes of a generator to compare with. */
void scene_memory(void);
void scene_stackful(size_t generator_size);

#endif
