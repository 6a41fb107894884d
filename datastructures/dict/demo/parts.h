/* parts.h: what dict_demo has beside its scenes: drawing (draw.c), the comparison of strategies
 * (compare.c), statements (interactive.c), the same in Python (both.c), words (words.c). */
#ifndef PARTS_H
#define PARTS_H

#include "../../cells.h"
#include "../dict.h"

enum { DRAW_SLOTS_MAX = 64, DRAW_ENTRIES_MAX = 24 }; // beyond, only the numbers are legible

/* What sys.getsizeof(d) says of this table in CPython 3.11: see dict_sizeof() on the difference, of
 * which one word is in a table that the dict does not share. */
static inline size_t draw_getsizeof(const Dict *d) {
    return dict_sizeof(d) + (d->keys == dict_empty_keys ? 4 : 5) * sizeof(void *);
}

/* Draws indices, entries and the line of numbers. */
void draw_table(const Dict *d);

/* Prints a search slot by slot: what is looked at, and how the next slot is computed. Prints nothing
 * about a key that cannot be hashed. */
void draw_search(const Dict *d, Object *key);

/* How many slots a search for this hash visits, up to the entry `ix`. */
size_t draw_probes(const DictKeys *keys, hash_t hash, ssize_t ix);

/* Writes the table as a Graphviz digraph. */
void draw_dot(const Dict *d, FILE *out);

/* The scene `strategies`, and its data for the plot. */
void scene_strategies(void);
void csv_probes(void);

/* Reads statements about a dict `d` from stdin, runs them, draws the table; if `python`, runs them in
 * python3, too, and compares. Returns the exit status, as the next does. */
int demo_interactive(bool python);

/* What a room's child does that is the dict's alone, and the same facts about ours: see
 * common/both.h. */
extern const char both_dict_script[];
void both_write_dict(Object *d, FILE *out);

/* Counts the words of the files named; "-" is stdin. */
int demo_words(int count, char **names);

#endif
