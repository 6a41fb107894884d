/* scenes.h: what the scenes share: a heap that begins empty, and objects with names. */
#ifndef SCENES_H
#define SCENES_H

#include "../../../common/demo.h"

#include "../gc.h"

#define FIELD(op, i) (((Instance *)(op))->fields[i])

/* The collector as it is when a program starts: nothing counted, defaults for thresholds. */
void begin(void);

/* x.field = y: the field takes a reference of its own. */
void refer(Object *x, int field, Object *y);

/* generations.c, order.c, freeze.c */
void scene_generations(void);
void csv_survivors(void);
void scene_quarter(void);
void scene_order(void);
void scene_freeze(void);

#endif
