/* demo.h: what construction_demo has beside its scenes (demo.c): the classes that they are about
 * (classes.c), who calls whom (trace.c), expressions (evaluate.c). */
#ifndef CONSTRUCTION_DEMO_H
#define CONSTRUCTION_DEMO_H

#include "../../../common/demo.h"
#include "../construction.h"

ERROR_TYPE(NameError);

/* ---- classes.c -------------------------------------------------------------------------------*/

/* The classes as Python source, as --classes prints it and --python runs it. */
extern const char classes_source[];

/* Prints the first whose source begins with `header`, "class Point", and an empty line. */
void classes_show(const char *header);

/* Makes them, drops them. The functions behind are C, and do what the source says. */
void classes_make(void);
void classes_drop(void);

/* The class or builtin type of this name, or `settings`: borrowed, or NULL with NameError. */
Object *classes_find(const char *name);

/* ---- trace.c ---------------------------------------------------------------------------------*/

/* A function of a class, as it stands in the source. */
typedef struct {
    const char *name;       // "Point.__init__"
    const char *parameters; // "self x y"; a * at the end takes any number
    FunctionCode body;      // its closure is NULL
} Code;

/* A new Function that checks its arguments as Python would, and prints its call and its result. The
 * Code must live on. */
Object *trace_method(const Code *code);

/* Calls whatever it is; a builtin __new__ is printed. */
Object *trace_call(Object *function, Object *const *args, ssize_t nargs);

/* Where the trace goes; NULL: nowhere. With `trace_rows`, for the picture, as rows
 * "call;Point.__init__;<Point>, 1, 2" and "return;;None". */
extern FILE *trace_out;
extern bool trace_rows;

/* The functions of classes that have run, a line for each; to be emptied. */
extern char trace_called[4096];

/* For construction_watcher. */
void trace_watch(const ConstructionStep *step);

/* An object by its type, its value and its attributes: <Point x=1 y=2>; a class by its name. */
void trace_object(Object *x, FILE *out);

/* ---- evaluate.c ------------------------------------------------------------------------------*/

/* Whether it is an expression; if not, that is said in a line. */
bool evaluate_check(const char *expression);

/* Prints the expression, the trace of its calls, and its value or the error. */
void evaluate(const char *expression);

/* The demo's own work: each of the expressions; with `python` in python3, too. The exit status. */
int evaluate_all(int count, char **expressions, bool python);

#endif
