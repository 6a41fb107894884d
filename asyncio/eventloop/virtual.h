/* virtual.h: a loop whose time passes only when everybody waits: it jumps to the next timer.
 *
 * So a program of sleeps takes no time and goes the same way in every run. Descriptors are never
 * ready. A loop in which nothing is due any more would wait for ever: that is RuntimeError,
 * "deadlock".
 */
#ifndef VIRTUAL_H
#define VIRTUAL_H

#include "loop.h"

/* A selector that adds its timeout to a clock, which starts at 0 and has a resolution of 1e-9, and a
 * loop that goes by it. NULL with an error. */
Loop *virtual_loop_new(void);

#endif
