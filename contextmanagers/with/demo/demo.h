/* demo.h: what the sources of with_demo share. */
#ifndef WITH_DEMO_H
#define WITH_DEMO_H

#include "../managers.h"

#include "../../../common/demo.h"

/* What an exit does with an exception that it is told. */
typedef enum { LETS_GO, SWALLOWS, RAISES, RAISES_FROM, FROM_NONE, RAISES_SAME, NANSWERS } Answer;

/* A new manager that notes when it is entered and left, in `calls`. `fails`: when it is entered. */
Object *manager_new(const char *name, Answer answer, bool fails);

/* What was called since forget_calls(): "+a body -a(None, None, None)"; with `brief` set "-a(None)". */
extern char calls[200];
extern bool brief;
void forget_calls(void);
PRINTF_LIKE void note_call(int separator, const char *format, ...);

/* What came of a function: its result or the exception, on one line; it is released. */
void print_outcome(Object *result);
/* The exception that is pending, as Python prints it, four columns in; cleared. */
void print_pending(void);

void scene_ways(void);     // ways.c
void scene_compiled(void); // ways.c
void scene_atomic(void);   // resources.c
void scene_held(void);     // resources.c
int demo_atomic(const char *path);

#endif
