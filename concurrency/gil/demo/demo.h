/* demo.h: what the sources of the demo share. */
#ifndef DEMO_H
#define DEMO_H

#include "../virtual.h"

#define PROGRAM "gil_demo"

/* A loop over range(n) around a body, as a compiler lays it out. */
#define LOOP(body)                                                                                 \
    " RESUME\n LOAD_GLOBAL range\n LOAD_FAST n\n CALL 1\n GET_ITER\nnext:\n FOR_ITER done\n"       \
    " STORE_FAST _\n" body " JUMP_BACKWARD next\ndone:\n LOAD_CONST None\n RETURN_VALUE\n"

/* A demo has nothing left to show when the machine refuses a thread. */
void need(int status);

/* A program from a text of this demo's own, with range() and sleep(). */
void begin(Program *program, const char *text);

/* Runs `count` tasks function(n), all or nothing, and raises what one of them raised. */
void run_all(Program *program, const char *function, int64_t n, int count);

int64_t get_int(const Program *program, const char *name);

/* measure.c: what takes time. */
void scene_cpu(void);
void scene_io(void);
void scene_force(void);
void scene_race(void);
void scene_convoy(void);
void scene_refcount(void);
void csv_convoy(void);

/* timeline.c: who held the GIL when. */
void scene_timeline(void);
void scene_trace(void);
void csv_timeline(void);
void draw_timeline(GilTrace *trace, int threads, double units_per_ms);

/* One column a thread, one line an instruction. */
void scene_look(void);
void scene_lost(void);

#endif
