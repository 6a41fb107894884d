/* number.c: int and bool. CPython: Objects/longobject.c, Objects/boolobject.c. */
#include "object.h"

#include <inttypes.h>

#ifndef INT_MAXFREELIST
#define INT_MAXFREELIST 100 // the tests, which count blocks, go without
#endif

enum { NSMALLNEGINTS = 5, NSMALLPOSINTS = 257 };

/* Dead ints, to be handed out again: a loop over numbers makes one and drops one each time. The
 * value of a dead one is the address of the next. CPython has this from 3.14 on
 * (Py_ints_MAXFREELIST in Include/internal/pycore_freelist_state.h); in 3.11 its own small-block
 * allocator serves. */
static Int *free_ints;
static int free_count;

// Parts from datastructures': ints come from the list of dead ones.
Object *int_from_long(int64_t value) {
    static Int small_ints[NSMALLNEGINTS + NSMALLPOSINTS];
    if (-NSMALLNEGINTS <= value && value < NSMALLPOSINTS) {
        Int *self = &small_ints[value + NSMALLNEGINTS];
        // The first reference is the table's own, so the count never comes down to 0.
        if (!self->ob.type) *self = (Int){{.refcnt = 1, .type = &Int_Type}, value};
        return new_ref(self);
    }
    Int *self = free_ints;
    if (self) {
        free_ints = (Int *)(intptr_t)self->value;
        free_count--;
    } else {
        self = malloc(sizeof *self);
        if (!self) return error_no_memory();
    }
    *self = (Int){{.refcnt = 1, .type = &Int_Type}, value};
    return OBJECT(self);
}

static bool is_int(Object *op) {
    return op->type == &Int_Type || op->type == &Bool_Type;
}

int64_t int_as_long(Object *op) {
    if (is_int(op)) return ((Int *)op)->value;
    return error_set(TypeError, "'%s' object cannot be interpreted as an integer", op->type->name);
}

static void int_dealloc(Object *op) {
    Int *self = (Int *)op;
    if (free_count >= INT_MAXFREELIST) {
        free(self);
        return;
    }
    self->value = (intptr_t)free_ints;
    free_ints = self;
    free_count++;
}

static int int_repr(Object *op, Writer *out) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, ((Int *)op)->value);
    return writer_puts(out, text);
}

static int int_equal(Object *op, Object *other) {
    if (!is_int(other)) return NOT_IMPLEMENTED;
    return ((Int *)op)->value == ((Int *)other)->value;
}

static int int_is_true(Object *op) {
    return ((Int *)op)->value != 0;
}

const Type Int_Type = {
    .name = "int",
    .leaf = true,
    .dealloc = int_dealloc,
    .repr = int_repr,
    .equal = int_equal,
    .is_true = int_is_true,
};

static int bool_repr(Object *op, Writer *out) {
    return writer_puts(out, op == True ? "True" : "False");
}

const Type Bool_Type = {
    .name = "bool", .repr = bool_repr, .equal = int_equal, .is_true = int_is_true};
Int false_object = {{.refcnt = 1, .type = &Bool_Type}, 0};
Int true_object = {{.refcnt = 1, .type = &Bool_Type}, 1};
