/* demo.h: what the files of type_demo share. */
#ifndef TYPE_DEMO_H
#define TYPE_DEMO_H

#include "../../../common/demo.h"

#include "../type.h"

/* The merge of a class, printed as it goes; for type_mro(), which calls print_merge() with it. */
typedef struct {
    bool only_end;        // nothing but the step at which no class can be taken
    int asks;             // the step before whose choice the reader is asked; 0: none
    const char *question; // what
    int at;               // steps done
} Watch;
void print_merge(const MergeStep *merge, void *watch);

/* Prints a word, and goes to a new line, `indent` columns in, before one that 80 columns do not hold;
 * without a word it begins a line. */
void put_word(int indent, const char *word);
/* Prints the names of types, `sep` between them, with put_word(); begins at `from`. */
void put_names(int indent, const Tuple *types, ssize_t from);

/* Prints the pending error with put_word(), and a newline; clears it. */
void put_error(int indent);

/* Notes what type and object are before types_init(). */
void remember_compiled(void);
void scene_knot(void);
void scene_merge(void);
/* The knot, for Graphviz. */
void draw_knot(void);

/* What a scene makes lives until its end: keep() gives what it got, drop_all() lets go of everything,
 * the classes too. */
void *keep(void *op);
void drop_all(void);
/* A class with these bases, up to a NULL. */
Type *class_of(const char *name, Type *const *bases);
/* op.name = value, whose reference it takes (or del, for NULL). */
void set(void *op, const char *name, Object *value);
/* A new function that ignores its arguments and returns `result`, of which it takes the reference. */
Object *returns(const char *name, Object *result);

/* type_demo [--merge] [--where CLASS.NAME] [--dot] FILE. Returns the program's status. */
int demo_classes(const char *file, bool merge, const char *where, bool dot);

#endif
