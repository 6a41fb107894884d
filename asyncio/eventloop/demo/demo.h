/* demo.h: the scenes and programs of eventloop_demo. */
#ifndef EVENTLOOP_DEMO_H
#define EVENTLOOP_DEMO_H

#include "../../../common/demo.h"
#include "../loop.h"

enum { BAR = 46 }; // characters of the longest bar

/* Prints a bar, in proportion. */
static inline void print_bar(double value, double longest) {
    for (int i = 0; i < (int)(value / longest * BAR + 0.5); i++)
        putchar('#');
    putchar('\n');
}

/* turn.c: a loop on a clock and a descriptor of the story's own. */
void scene_turn(void);
void scene_fair(void);
void scene_timers(void);
void data_turn(void);

/* idle.c: what asking costs, and what cannot be asked. */
void scene_idle(void);
void scene_refused(void);
void data_idle(void);

/* block.c: what one slow callback does to the others. */
void scene_block(void);
void data_latency(void);

/* speeds.c: one echo, and where its messages are read into. */
void scene_speeds(void);

/* serve.c: the programs. Each returns the exit status. */
typedef struct {
    const char *host, *port;
    const SelectorType *selector;
} Place;

int serve_echo(const Place *place);
int serve_files(const Place *place, const char *directory);

#endif
