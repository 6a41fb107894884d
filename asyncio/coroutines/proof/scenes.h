/* scenes.h: what the scenes written by hand share: scenes.c has those of several tasks, corners.c
 * those of one object. */
#ifndef SCENES_H
#define SCENES_H

#include "stage.h"

typedef struct {
    Object *a, *b, *c, *d;
} Locals;

enum { LOCALS = 4 };

#define CODE(name, Type, references, blocks)                                                       \
    static const Code name##_code = {#name, name##_run, sizeof(Type), references, blocks}
#define GATHER(return_exceptions, ...)                                                             \
    asyncio_gather((Object *[]){__VA_ARGS__},                                                      \
                   sizeof((Object *[]){__VA_ARGS__}) / sizeof(Object *), return_exceptions)
#define RAISED    frame_exception(self)
#define YES_NO(b) ((b) ? "True" : "False")

/* Coroutines: one that says what becomes of it (`result` is an int; 0: None), one that fails after
 * a while, one that swallows its first cancellation, one that divides by zero. */
Object *worker(const char *name, double delay, int result);
Object *failing(const char *name, double delay);
Object *stubborn(const char *name, double delay);
Object *divide(void);

/* Cancels a future with this message, or NULL; NULL with an error, True or False, borrowed. */
Object *cancel(Object *future, const char *text);

/* corners.c. */
Object *object_run(Coroutine *self, Object *sent);
Object *errors_run(Coroutine *self, Object *sent);
Object *future_run(Coroutine *self, Object *sent);
Object *locks_run(Coroutine *self, Object *sent);
Object *queue_run(Coroutine *self, Object *sent);
Object *pending_run(Coroutine *self, Object *sent);
Object *exit_run(Coroutine *self, Object *sent);

#endif
