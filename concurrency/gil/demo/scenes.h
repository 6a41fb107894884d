/* scenes.h: what the sources of the demo share. */
#ifndef SCENES_H
#define SCENES_H

#include "../../../common/demo.h"
#include "../virtual.h"
#include "programs.h"

/* demo.c: a program from a text of this demo's own, with what every program has. */
void begin(Program *program, const char *text);

/* The same, by a clock that counts instructions. */
void begin_virtual(Program *program, VirtualClock *clock, const char *text, uint64_t interval);

/* Runs `count` tasks function(n), all or nothing, and ends the demo with what one of them raised. */
void run_all(Program *program, const char *function, int64_t n, int count);

int64_t get_int(const Program *program, const char *name);

/* run.c: the demo's own work, a program from a file; and a function's bytecode as it prints it. */
extern const Option run_options[];
int run_file(int count, char **operands);
void list_function(const Program *program, const Function *function);

/* timeline.c: who held the GIL when. */
void scene_timeline(void);
void scene_trace(void);
void csv_timeline(void);
void draw_timeline(GilTrace *trace, int threads, double units_per_ms);

/* measure.c: what takes time. */
void scene_cpu(void);
void scene_io(void);
void scene_force(void);
void scene_race(void);
void scene_convoy(void);
void scene_refcount(void);
void csv_convoy(void);

#endif
