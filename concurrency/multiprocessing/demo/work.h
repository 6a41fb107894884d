/* work.h: what the demo does besides its scenes. */
#ifndef WORK_H
#define WORK_H

#include "../pool.h"

#include "../../../common/demo.h"

/* [--top N] [--times] FILE...: counts words in all cores. Returns the exit status. */
extern const Option words_options[];
int words_count(int count, char **names);

/* --csv scaling: microseconds for one task. */
void data_scaling(void);

#endif
