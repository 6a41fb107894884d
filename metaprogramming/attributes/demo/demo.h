/* demo.h: what attributes_demo has beside its scenes (demo.c): statements, which scenes and readers
 * type (statements.c, on what world.c has), how a lookup is told and drawn (tell.c), the loop that
 * reads them and asks python3, too (interactive.c), and the scenes about the inline cache
 * (place.c). */
#ifndef ATTRIBUTES_DEMO_H
#define ATTRIBUTES_DEMO_H

#include "../../../common/demo.h"
#include "../attributes.h"
#include "../inline_cache.h"

/* ---- statements.c, world.c -------------------------------------------------------------------*/

extern const char can_be_typed[]; // lines for `help`

/* What names are bound to, and what the last statement has called; one world at a time. */
typedef struct {
    Dict *names;
    bool quiet;  // lookups are not told,
    bool silent; // nor what a statement comes to
    int line;    // of the statement, from 1
    FILE *calls; // where the calls of lambdas go, "2(self, name) ", as long as it is open
    int ncalls;
} World;
extern World world;
enum { CALLS_MAX = 40 }; // that are told of one statement

void world_begin(void);
void world_end(void);                             // drops all, also the classes
void world_bind(const char *name, Object *value); // steals it

/* Whether a line makes sense; if not, says why. */
bool statement_check(const char *line);
/* Runs it: a new reference to what it comes to; None for a statement; NULL with an error set. */
Object *statement_run(const char *line);

/* A value without an address: 'text', <C> for an instance, <class C>. */
void show(const Object *value, FILE *out);
/* The same, or the pending error, which is cleared. */
void show_result(const Object *value, FILE *out);

/* ---- tell.c ----------------------------------------------------------------------------------*/

/* obj.name; obj.name = value, or del obj.name for NULL; told, unless the world is quiet. */
Object *tell_get(Object *self, Str *name);
int tell_set(Object *self, Str *name, Object *value);

void draw_lookups(const AttributeCounts *counts); // for Graphviz, as the next
int draw_memory(void);                            // of the first instance among the names; 0, or 2

/* ---- interactive.c ---------------------------------------------------------------------------*/

/* Prints a statement, runs it, prints what came of it: for a scene. */
void demo_type(const char *line);

/* The same for one that nobody sees: new reference, or NULL with an error set; or the demo's
 * end. */
Object *quietly(const char *line);
void must_run(const char *line);

/* Statements from stdin. `dot`: NULL, or "lookup" or "memory", drawn at the end. The exit
 * status. */
int demo_interactive(bool python, const char *dot);

/* ---- place.c ---------------------------------------------------------------------------------*/

void scene_cache(void);
void scene_cost(void);

#endif
