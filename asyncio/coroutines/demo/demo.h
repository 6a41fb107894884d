/* demo.h: the stage of coroutines_demo's scenes: a virtual clock, and a trace of who did what
 * when. */
#ifndef COROUTINES_DEMO_H
#define COROUTINES_DEMO_H

#include "../../../common/demo.h"
#include "../runners.h"
#include "../taskgroups.h"

/* What somebody does for a while; from ENDS on, at one moment. */
typedef enum { WAITS, LATE, RUNS, ENDS, FAILS, CANCELLED } What;

/* Runs main, stolen, on a clock that jumps; what nobody fetches is printed. `loop_turns` afterwards
 * says how many turns it took. */
void play(Object *main);
extern unsigned long long loop_turns;

/* Warnings are printed, too. */
void tell_warnings(void);

/* The clock of the running loop; a line with the time before it. */
double now(void);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* repr(), in one of a few buffers that take turns. */
const char *repr(const void *op);

/* The same for a task, on two lines if it waits for something. */
void say_repr(const void *op);

/* The trace: emptied, with the names, up to a NULL, that are to have a row; added to; drawn up to a
 * time; printed. */
void trace_begin(const char *const *names);
void trace(const char *who, What what, double from, double to);
void trace_draw(double until);
void trace_print(void);

/* Computes: time passes, and nobody else runs meanwhile. */
void compute(const char *who, double seconds);
/* async def nap(who, delay): sleeps, and traces whether it was woken in time. */
Object *nap(const char *who, double delay);
/* async def worker(who, sleeps, computes, times): sleeps and computes, so many times. */
Object *worker(const char *who, double sleeps, double computes, int times);
/* async def failing(who, delay): sleeps, then raises ValueError. */
Object *failing(const char *who, double delay);

#define GATHER(...)                                                                                \
    asyncio_gather((Object *[]){__VA_ARGS__},                                                      \
                   sizeof((Object *[]){__VA_ARGS__}) / sizeof(Object *), false)

/* who.c */
void scene_timeline(void);
void data_timeline(void);
void scene_coroutine(void);
void scene_future(void);

/* ends.c */
void scene_cancel(void);
void scene_gather(void);

/* mistakes.c */
void scene_forgotten(void);
void scene_block(void);
void scene_swallow(void);
void scene_unlimited(void);

#endif
