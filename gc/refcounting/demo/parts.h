/* parts.h: what refcounting_demo has beside its scenes: a little world of names and objects
 * (world.c), its drawing (draw.c), statements about it (interactive.c), the same in Python (both.c),
 * and the scenes that look at it from C (references.c). */
#ifndef PARTS_H
#define PARTS_H

#include "../../../common/both.h"
#include "../../../common/demo.h"
#include "../refcounting.h"

ERROR_TYPE(NameError);
ERROR_TYPE(AttributeError);

/* ---- The world: world.c ----------------------------------------------------------------------*/

enum { NAME_MAX_LENGTH = 20, LABEL_SIZE = 40, EDGES_DRAWN_MAX = 200, OBJECTS_DRAWN_MAX = 40 };

typedef struct {
    char text[NAME_MAX_LENGTH + 1];
    Object *value; // a reference of its own; NULL: unbound meanwhile
} Name;

/* An object that a statement has made. It gets a number, and so a label, if it outlives that. */
typedef struct {
    Object *op; // borrowed; NULL: has died since the statement began
    const Type *type;
    int number;   // 0: born by the statement that runs
    bool reached; // from a name: see world_mark()
} Known;

typedef struct {
    Name *names;
    Known *objects; // in the order of birth
    size_t nnames, nobjects;
    int numbered;
    bool quiet;     // nothing is printed
    FILE *happened; // what finalizers and callbacks did, "; " before each; NULL: not wanted
} World;
extern World world;

/* The reference number i of an object: where it is kept, and whether it counts. */
typedef struct {
    char place[NAME_MAX_LENGTH + 4]; // "[0]", "x"; "" of a weak reference
    Object *to;                      // borrowed; NULL: none there
    bool counts;
} Edge;

/* Begins with no names and tells every death; ends with nothing left, cycles and leaks included. */
void world_begin(void);
void world_end(void);

/* Around a statement: forgets who died before; gives a number to who was born and lives. */
void world_begin_statement(void);
void world_settle(void);

/* Enters an object that has just been made, whose reference it passes on; NULL stays NULL. */
Object *world_know(Object *op);

/* "list" or "ref"; "list 1", "a new Node", "None", "7". */
const char *world_kind(const Type *type);
const char *world_label(const Object *op, char text[LABEL_SIZE]);

/* The name, made unbound if `make`; NULL: there is none. */
Name *world_name(const char *text, bool make);
void world_forget(Name *name);

ssize_t world_edges(const Object *op);
Edge world_edge(const Object *op, ssize_t i);
size_t world_bytes(const Object *op);

/* Finds out which objects a name leads to; returns how many none does, and the bytes of those. */
size_t world_mark(size_t *bytes);

/* The classes that can be typed, and what they do when they die. */
extern const Type Node_Type, Loud_Type, Phoenix_Type, Cell_Type;
Object *world_tell(void);    // the callback `tell`, borrowed
Object *world_closure(void); // a function that refers to itself through a cell: new reference

/* ---- The rest --------------------------------------------------------------------------------*/

void draw_world(void);
void draw_who(const Object *op, ssize_t not_counted); // references of who asks
void draw_dot(FILE *out);

/* Prints a statement and what comes of it, and draws the world: for a scene. */
void demo_type(const char *statement);

/* Reads statements from stdin; `python`: runs each in python3, too; `dot`: prints nothing but the
 * drawing at the end. Returns the exit status. */
int demo_interactive(bool python, bool dot);

extern const char both_names_script[];
void both_write_names(FILE *out);

void scene_references(void);
void scene_setref(void);
void scene_trashcan(void);

#endif
