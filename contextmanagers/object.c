/* object.c: the values that programs here are made of.
 *
 * CPython: Objects/object.c, longobject.c, unicodeobject.c, methodobject.c.
 */
#include "object.h"

// Parts from datastructures': what is made here has many fields that begin as NULL.
// Parts from iterators': the same.
void *object_new(Type *type, size_t size) {
    Object *self = malloc(size);
    if (!self) return error_no_memory();
    memset(self, 0, size);
    self->refcnt = 1;
    self->type = type;
    return self;
}

static void value_dealloc(Object *self) {
    free(self);
}

Type Type_Type = {TYPE("type", NULL)};
Type None_Type = {TYPE("NoneType", NULL)};
Type Int_Type = {TYPE("int", NULL), .dealloc = value_dealloc};
Type Bool_Type = {TYPE("bool", &Int_Type)};
Type Str_Type = {TYPE("str", NULL), .dealloc = value_dealloc};
Object none_object = {1, &None_Type};
Int true_object = {{1, &Bool_Type}, 1}, false_object = {{1, &Bool_Type}, 0};

// Parts from datastructures': numbers are told here, not counted with; no small ones are kept.
// Parts from iterators': the same.
Object *int_from_long(int64_t value) {
    Int *self = object_new(&Int_Type, sizeof *self);
    if (self) self->value = value;
    return OBJECT(self);
}

Object *str_from_vformat(const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    Str *self = object_new(&Str_Type, sizeof *self + (size_t)length + 1);
    if (self) {
        self->size = length;
        vsnprintf(self->text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return OBJECT(self);
}

// Parts from iterators': its text has one maker, for exceptions too.
Object *str_from_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    Object *self = str_from_vformat(format, args);
    va_end(args);
    return self;
}

/* ---- function --------------------------------------------------------------------------------*/

Object *function_new(const char *name, FunctionCode code, Object *closure) {
    Function *self = object_new(&Function_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->code = code;
    self->closure = closure ? new_ref(closure) : NULL;
    return OBJECT(self);
}

static void function_dealloc(Object *op) {
    Function *self = (Function *)op;
    xdecref(self->closure);
    free(self);
}

static Object *function_call(Object *op, Object *const *args, ssize_t nargs) {
    Function *self = (Function *)op;
    return self->code(self->closure, args, nargs);
}

Type Function_Type = {TYPE("function", NULL), .dealloc = function_dealloc, .call = function_call};

/* ---- What every object can do ----------------------------------------------------------------*/

// Parts from iterators': an error is an exception with a context.
Object *object_call(Object *func, Object *const *args, ssize_t nargs) {
    if (func->type->call) return func->type->call(func, args, nargs);
    error_raise(&TypeError_Type, "'%.200s' object is not callable", func->type->name);
    return NULL;
}

// Parts from iterators': a handful of types; no cells for it.
bool object_is_true(const Object *self) {
    if (self == None) return false;
    if (self->type == &Int_Type || self->type == &Bool_Type) return ((const Int *)self)->value != 0;
    if (self->type == &Str_Type) return ((const Str *)self)->size > 0;
    return true;
}
