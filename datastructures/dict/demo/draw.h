/* draw.h: a dict's table as a picture in the terminal, and as a Graphviz drawing. */
#ifndef DRAW_H
#define DRAW_H

#include "../dict.h"

enum { DRAW_SLOTS_MAX = 64, DRAW_ENTRIES_MAX = 24 }; // beyond, only the numbers are legible

/* Draws indices, entries and the line of numbers. */
void draw_table(const Dict *d);

/* The line of numbers alone. */
void draw_shape(const Dict *d);

/* Prints a search slot by slot: what is looked at, and how the next slot is computed. */
void draw_search(const Dict *d, Object *key);

/* How many slots a search for this hash visits, up to the entry `ix`, or to an empty slot if `ix`
 * is DKIX_EMPTY. */
size_t draw_probes(const DictKeys *keys, hash_t hash, ssize_t ix);

/* Writes the table as a Graphviz digraph. */
void draw_dot(const Dict *d, FILE *out);

#endif
