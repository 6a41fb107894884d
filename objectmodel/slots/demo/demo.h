/* demo.h: what the files of slots_demo share. */
#ifndef SLOTS_DEMO_H
#define SLOTS_DEMO_H

#include "../../../common/demo.h"

#include "../slots.h"

/* The ways to keep attributes, in the order of the story; the last one has no layout: __slots__. */
typedef struct {
    const char *name, *about;
    const Layout *layout;
} Way;
enum { WAYS = 5 };
extern const Way ways[WAYS];

/* A new class whose instances keep the attributes of these names in one of the ways; ends the demo
 * without memory, NULL with the error of a name that cannot be a slot. */
Type *class_of_way(const char *class_name, const Way *way, int count, const char *const *names);

/* Draws the memory of an instance, word by word: as text, or with `dot` as a node for Graphviz. */
void draw_instance(const Way *way, const Object *self, bool dot);
void draw_memory(void); // all ways, for the picture

/* slots_demo FILE.csv: rows as instances in each way. Returns the exit status. */
int demo_rows(const char *path);

#endif
