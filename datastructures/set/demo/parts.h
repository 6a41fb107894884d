/* parts.h: what the parts of set_demo share. */
#ifndef PARTS_H
#define PARTS_H

#include "../../cells.h"
#include "../set_table.h"

/* Draws the table, eight slots a line, with fill, used and bytes above (draw.c). */
void draw(const Set *s);

/* The slots that a search looks at, in order: the same loop as set_probe() in set_table.h, written
 * once more so that it can tell. Stops at the key or at an empty slot; fills `path` up to `limit`
 * and returns how many there were (draw.c). */
size_t probe_path(const Set *s, Object *key, size_t *path, size_t limit);

/* Prints the slots of a search for an int, and its outcome (draw.c). */
void tell_search(Set *s, int64_t number);

/* The same for any key, without its answer. */
void tell_key(const Set *s, Object *key);

/* Reads statements about a set `s` from stdin, runs them, draws the table; if `python`, runs them in
 * python3, too, and compares. Returns main()'s exit status (interactive.c). */
int interactive_loop(bool python);

/* Prints the table's first slots as a Graphviz drawing (draw.c). */
void draw_dot(const Set *s);

/* Prints the lines only in one of two files and in both; "-" is stdin. Returns main()'s exit status
 * (compare.c). */
int compare_files(const char *name_a, const char *name_b, bool count_only);

#endif
