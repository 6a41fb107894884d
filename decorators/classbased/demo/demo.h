/* demo.h: what the sources of classbased_demo share. */
#ifndef CLASSBASED_DEMO_H
#define CLASSBASED_DEMO_H

#include "../../../common/demo.h"
#include "../callable.h"
#include "../descr.h"
#include "../dispatch.h"

/* The module: what the functions of a scene have as globals. */
extern Dict *globals;

/* Makes the module before a scene, and empties it afterwards: it may hold functions that hold
 * it. */
void begin_module(void);
void end_module(void);

/* `def ...`: a new function of this code. */
Object *def(Code *code);
/* `class name: ...` with these attributes, up to one without a name; takes their references. */
typedef struct {
    const char *name;
    Object *value;
} Attribute;
Type *make_class(const char *name, Type *base, const Attribute *attributes);
/* An Account by this name. */
Object *account_new(Type *type, const char *name);
/* Account.__init__ and Account.__repr__. */
extern Code account_init_code, account_repr_code;

/* What an object is, without its address. */
void describe(Object *op, FILE *out);
/* Prints an expression and what it gives, or the error; takes the reference. */
void show(const char *expression, Object *result);

/* Attribute of an object: new reference, or NULL. `set` takes the reference to value (NULL:
 * deletes) and prints the statement, or it and the error. */
Object *get(void *op, const char *name);
void set(const char *statement, void *op, const char *name, Object *value);
/* decorator(function), whose reference it takes. */
Object *decorated(void *decorator, Object *func);

/* attributes.c */
void scene_property(void);
void scene_cached(void);
void scene_cells(void);

/* literals.c. The value of a line, which it may change: NULL without an error if there is none
 * (blanks, a comment), NULL with ValueError that begins with line and column. */
Object *parse_line(char *text, size_t size, size_t line);

/* values.c. demo_literals() returns the exit status. */
void scene_dispatch(void);
int demo_literals(const char *file, bool later);

/* draw.c: for Graphviz. */
int demo_draw(const char *what);
/* The types of the scene about cells, each by its name in a program, and their cells. */
enum { NCELLS = 5, NKINDS = 9 };
extern const char *const cell_names[NCELLS];
typedef struct {
    const char *name;
    bool cells[NCELLS];
} Kind;
void look_at_cells(Kind kinds[NKINDS]);

/* The class Account of the scene about methods; `binds`: CountCalls has __get__. */
Type *decorated_account(bool binds);

#endif
