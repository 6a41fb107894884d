/* contrast.h: two scenes that set a generator beside something else. */
#ifndef CONTRAST_H
#define CONTRAST_H

#include "../generator.h"

/* Beside a list of all its values: what each takes. */
void scene_memory(void);

/* Beside a coroutine with a stack of its own. `generator_size`: a generator's, in bytes. */
void scene_stackful(size_t generator_size);

#endif
