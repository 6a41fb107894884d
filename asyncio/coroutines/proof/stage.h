/* stage.h: what the twin, the tests and the differential test share: a program is played on a virtual
 * clock, and what it says goes to `sink`.
 *
 * What is said when no loop runs, and what goes to a handler (an exception that nobody fetched, a
 * warning), comes last and in order of the alphabet: CPython's collector decides when, and in which
 * order.
 */
#ifndef STAGE_H
#define STAGE_H

#include "../../eventloop/virtual.h"
#include "../locks.h"
#include "../queues.h"
#include "../runners.h"
#include "../taskgroups.h"
#include "../timeouts.h"

extern FILE *sink;

/* A line, with the time before it. */
__attribute__((format(printf, 1, 2), nonnull(1))) void say(const char *format, ...);
/* repr() and str() of an object or exception (NULL: None), in one of a few buffers that take turns. */
const char *repr(const void *op);
const char *str(const void *exc);
/* The exception, and what it came from: "a <- b". */
const char *chain(const Exception *exc);

/* Runs `main`, stolen, by asyncio_run(), and prints what it came to; `tidy`, or NULL, is called
 * afterwards. 0, or -1 if it could not even begin. */
int play(const char *name, Object *main, void (*tidy)(void));

/* scenes.c: the table of those written by hand, up to a NULL name. */
typedef struct {
    const char *name;
    Code code;
} Scene;
extern const Scene scenes[];
Object *scene_coroutine(const Scene *scene);

/* programs.c: one made up at random. `everything`: also what is not the same in all versions of Python.
 * It plays, as above. */
int program_play(uint64_t seed, bool everything);

#endif
