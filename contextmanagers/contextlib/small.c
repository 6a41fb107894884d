/* small.c: closing, suppress, nullcontext, redirect_stdout: managers of a few lines each.
 *
 * CPython: Lib/contextlib.py.
 */
#include "contextlib.h"

/* ---- closing ----------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Object *thing, *close;
} Closing;

static void closing_dealloc(Object *op) {
    decref(((Closing *)op)->thing);
    decref(((Closing *)op)->close);
    free(op);
}

static Object *closing_enter(Object *self) {
    return new_ref(((Closing *)self)->thing);
}

static Object *closing_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Closing *self = (Closing *)op;
    (void)type, (void)value, (void)traceback;
    Object *result = object_call(self->close, &self->thing, 1);
    if (!result) return NULL;
    decref(result);
    return new_ref(None);
}

static Type Closing_Type = {TYPE("closing", NULL), .dealloc = closing_dealloc,
                            .enter = closing_enter, .exit = closing_exit};

Object *closing_new(Object *thing, Object *close) {
    Closing *self = object_new(&Closing_Type, sizeof *self);
    if (!self) return NULL;
    self->thing = new_ref(thing);
    self->close = new_ref(close);
    return OBJECT(self);
}

/* ---- suppress ---------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    ssize_t ntypes;
    Type *types[];
} Suppress;

static void free_dealloc(Object *self) {
    free(self);
}

static Object *none_enter(Object *self) {
    (void)self;
    return new_ref(None);
}

static Object *suppress_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Suppress *self = (Suppress *)op;
    (void)value, (void)traceback;
    for (ssize_t i = 0; type != None && i < self->ntypes; i++) {
        if (type_is_subtype((Type *)type, self->types[i])) return new_ref(True);
    }
    return new_ref(False);
}

static Type Suppress_Type = {TYPE("suppress", NULL), .dealloc = free_dealloc, .enter = none_enter,
                             .exit = suppress_exit};

Object *suppress_new(ssize_t ntypes, Type *const *types) {
    Suppress *self = object_new(&Suppress_Type, sizeof *self + (size_t)ntypes * sizeof(Type *));
    if (!self) return NULL;
    self->ntypes = ntypes;
    for (ssize_t i = 0; i < ntypes; i++)
        self->types[i] = types[i];
    return OBJECT(self);
}

/* ---- nullcontext ------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Object *result;
} NullContext;

static void nullcontext_dealloc(Object *self) {
    decref(((NullContext *)self)->result);
    free(self);
}

static Object *nullcontext_enter(Object *self) {
    return new_ref(((NullContext *)self)->result);
}

static Object *none_exit(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    return new_ref(None);
}

static Type NullContext_Type = {TYPE("nullcontext", NULL), .dealloc = nullcontext_dealloc,
                                .enter = nullcontext_enter, .exit = none_exit};

Object *nullcontext_new(Object *result) {
    NullContext *self = object_new(&NullContext_Type, sizeof *self);
    if (self) self->result = new_ref(result);
    return OBJECT(self);
}

/* ---- redirect_stdout --------------------------------------------------------------------------*/

FILE *standard_output;

/* The old targets are a stack, so that one of these can be entered inside of itself. */
typedef struct OldTarget {
    struct OldTarget *below;
    FILE *file;
} OldTarget;

typedef struct {
    Object ob;
    FILE *new_target;
    OldTarget *old_targets;
} RedirectStdout;

static Object *redirect_enter(Object *op) {
    RedirectStdout *self = (RedirectStdout *)op;
    OldTarget *old = malloc(sizeof *old);
    if (!old) return error_no_memory();
    *old = (OldTarget){self->old_targets, standard_output};
    self->old_targets = old;
    standard_output = self->new_target;
    return new_ref(None); // Simplified: a FILE is no object
}

static Object *redirect_exit(Object *op, Object *type, Object *value, Object *traceback) {
    RedirectStdout *self = (RedirectStdout *)op;
    (void)type, (void)value, (void)traceback;
    OldTarget *old = self->old_targets;
    if (!old) {
        error_raise(&IndexError_Type, "pop from empty list");
        return NULL;
    }
    fflush(standard_output);
    standard_output = old->file;
    self->old_targets = old->below;
    free(old);
    return new_ref(None);
}

static void redirect_dealloc(Object *op) {
    RedirectStdout *self = (RedirectStdout *)op;
    while (self->old_targets) {
        OldTarget *old = self->old_targets;
        self->old_targets = old->below;
        free(old);
    }
    free(self);
}

static Type RedirectStdout_Type = {TYPE("redirect_stdout", NULL), .dealloc = redirect_dealloc,
                                   .enter = redirect_enter, .exit = redirect_exit};

Object *redirect_stdout_new(FILE *file) {
    RedirectStdout *self = object_new(&RedirectStdout_Type, sizeof *self);
    if (self) self->new_target = file;
    return OBJECT(self);
}
