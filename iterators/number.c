/* number.c: int and bool. CPython: Objects/longobject.c, Objects/boolobject.c. */
#include "object.h"

#include <inttypes.h>

enum { NSMALLNEGINTS = 5, NSMALLPOSINTS = 257 };

Object *int_from_long(int64_t value) {
    static Int small_ints[NSMALLNEGINTS + NSMALLPOSINTS];
    if (-NSMALLNEGINTS <= value && value < NSMALLPOSINTS) {
        Int *self = &small_ints[value + NSMALLNEGINTS];
        // The first reference is the table's own, so the count never comes down to 0.
        if (!self->ob.type) *self = (Int){{.refcnt = 1, .type = &Int_Type}, value};
        return new_ref(self);
    }
    Int *self = malloc(sizeof *self);
    if (!self) return error_no_memory();
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

static void int_dealloc(Object *self) {
    free(self);
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
