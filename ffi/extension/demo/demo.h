/* demo.h: what this demo's files share: values from words, calls with them, and the scenes of
 * calls.c. */
#ifndef EXTENSION_DEMO_H
#define EXTENSION_DEMO_H

#include "../../../common/demo.h"
#include "../host.h"

/* repr() in a buffer that the next seven calls leave alone, cut to so many bytes. */
const char *repr(Object *op, size_t room);

/* The arguments of a call: values by position, and behind them those by name. */
typedef struct {
    Object *values[32];
    ssize_t nargs, count;
    Object *kwnames; // a Tuple, or NULL
} Arguments;
/* Of words such as "3", "step=2": 0, or -1 with an error. */
int arguments_from(Arguments *self, int count, char **words);
/* The same of one line with blanks between the words. */
void arguments_of(Arguments *self, const char *line);
void arguments_drop(Arguments *self);

/* module.name(words): new reference, or NULL with an error. */
Object *call(Object *module, const char *name, const char *words);
/* The pending error from a column on, of a line that is written up to `at`; in lines of its own
 * where it has no room. */
void print_error(int at, int column);
/* The result's repr and a newline, or the error; drops it. */
void print_outcome(Object *result);

void play_arrives(void);
void play_format(void);
void play_wrong(void);

#endif
