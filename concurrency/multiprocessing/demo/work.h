/* words.h: multiprocessing_demo [--top N] [--times] FILE...: counts words in all cores. */
#ifndef WORDS_H
#define WORDS_H

#include "../pool.h"

#include "../../../common/demo.h"

extern const Option words_options[];

/* The demo's own work. Returns the exit status. */
int words_count(int count, char **names);

#endif
