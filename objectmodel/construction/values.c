/* values.c: int(...), str(...), tuple(...) and their subclasses.
 *
 * A value that never changes must be complete when the first step ends: its memory is as large as
 * the value, which `new` alone has seen the arguments for. So a subclass that wants to have a say
 * overrides __new__; its __init__ comes too late. Each function here computes the value as an exact
 * int, str or tuple first and copies it into an instance of the subclass, if it is one's.
 *
 * CPython: Objects/longobject.c, long_new_impl(), long_subtype_new(); unicodeobject.c,
 * unicode_new_impl(), unicode_subtype_new(); tupleobject.c, tuple_new_impl(), tuple_subtype_new().
 */
#include "construction.h"

#include <ctype.h>
#include <errno.h>

static int check_at_most(const char *name, ssize_t nargs, ssize_t most) {
    if (nargs <= most) return 0;
    return error_set(TypeError, "%s() takes at most %zd arguments (%zd given)", name, most, nargs);
}

/* ---- int --------------------------------------------------------------------------------------*/

/* Simplified: no underscores, 64 bits. CPython: PyLong_FromString(). */
static int int_parse(Str *text, int64_t base, int64_t *value) {
    char *end = text->text;
    errno = 0;
    *value = strtoll(text->text, &end, (int)base);
    bool digits = end != text->text;
    while (isspace((unsigned char)*end))
        end++;
    if (!digits || *end) {
        Object *repr = object_repr(OBJECT(text));
        if (!repr) return -1;
        error_set(ValueError, "invalid literal for int() with base %d: %.200s", (int)base,
                  ((Str *)repr)->text);
        decref(repr);
        return -1;
    }
    if (errno == ERANGE) return error_set(ValueError, "an int here has 64 bits");
    return 0;
}

/* The value of int(*args). */
static int int_value(Object *const *args, ssize_t nargs, int64_t *value) {
    *value = 0;
    if (nargs == 0) return 0;
    int64_t base = 10;
    if (nargs == 2) {
        if (!object_is_instance(args[1], &Int_Type)) {
            return error_set(TypeError, "'%.200s' object cannot be interpreted as an integer",
                             args[1]->type->name);
        }
        base = ((Int *)args[1])->value;
        if (base != 0 && (base < 2 || base > 36))
            return error_set(ValueError, "int() base must be >= 2 and <= 36, or 0");
    }
    if (object_is_instance(args[0], &Str_Type)) return int_parse((Str *)args[0], base, value);
    if (nargs == 2)
        return error_set(TypeError, "int() can't convert non-string with explicit base");
    if (!object_is_instance(args[0], &Int_Type)) {
        return error_set(TypeError,
                         "int() argument must be a string, a bytes-like object or a real number, "
                         "not '%.200s'",
                         args[0]->type->name);
    }
    *value = ((Int *)args[0])->value;
    return 0;
}

Object *int_new(Type *type, Object *const *args, ssize_t nargs) {
    int64_t value;
    if (check_at_most("int", nargs, 2) < 0) return NULL;
    if (nargs == 1 && type == &Int_Type && args[0]->type == &Int_Type) return new_ref(args[0]);
    if (int_value(args, nargs, &value) < 0) return NULL;
    Int *self = (Int *)type->alloc(type, 2); // two digits, as int_from_long()
    if (self) self->value = value;
    return OBJECT(self);
}

/* ---- str --------------------------------------------------------------------------------------*/

/* str(*args). Simplified: with an encoding it always refuses, as there are no bytes. */
static Object *str_value(Object *const *args, ssize_t nargs) {
    if (nargs == 0) return str_from_string("");
    if (nargs == 1) return object_str(args[0]);
    for (ssize_t i = 1; i < nargs; i++) {
        if (object_is_instance(args[i], &Str_Type)) continue;
        error_set(TypeError, "str() argument '%s' must be str, not %.50s",
                  i == 1 ? "encoding" : "errors", argument_type_name(args[i]));
        return NULL;
    }
    if (object_is_instance(args[0], &Str_Type))
        error_set(TypeError, "decoding str is not supported");
    else
        error_set(TypeError, "decoding to str: need a bytes-like object, %.80s found",
                  args[0]->type->name);
    return NULL;
}

Object *str_new(Type *type, Object *const *args, ssize_t nargs) {
    if (check_at_most("str", nargs, 3) < 0) return NULL;
    Str *value = (Str *)str_value(args, nargs);
    if (!value || type == &Str_Type) return OBJECT(value);
    Str *self = (Str *)type->alloc(type, 0);
    char *text = self ? malloc((size_t)value->length + 1) : NULL; // its own block: str_dealloc()
    if (text) {
        memcpy(text, value->text, (size_t)value->length + 1);
        self->length = value->length;
        self->hash = value->hash;
        self->text = text;
    } else if (self) {
        clear_ref(self);
        error_no_memory();
    }
    decref(value);
    return OBJECT(self);
}

/* ---- tuple ------------------------------------------------------------------------------------*/

/* The bytes of the UTF-8 character at `text`, which is not at its end. */
static ssize_t character_length(const char *text) {
    ssize_t length = 1;
    while (((unsigned char)text[length] & 0xC0) == 0x80)
        length++;
    return length;
}

/* A tuple, borrowed from the argument or new. Simplified: of what can be iterated over there are
 * tuples and strs here. CPython: PySequence_Tuple(). */
static Tuple *tuple_value(Object *arg) {
    if (object_is_instance(arg, &Tuple_Type)) return (Tuple *)new_ref(arg);
    if (!object_is_instance(arg, &Str_Type)) {
        error_set(TypeError, "'%.200s' object is not iterable", arg->type->name);
        return NULL;
    }
    ssize_t size = 0;
    for (const char *c = ((Str *)arg)->text; *c; c += character_length(c))
        size++;
    Tuple *self = tuple_new(size);
    const char *c = ((Str *)arg)->text;
    for (ssize_t i = 0; self && i < size; i++) {
        ssize_t length = character_length(c);
        if (!(self->items[i] = str_from_format("%.*s", (int)length, c))) clear_ref(self);
        c += length;
    }
    return self;
}

Object *tuple_new_cell(Type *type, Object *const *args, ssize_t nargs) {
    if (nargs > 1) {
        error_set(TypeError, "tuple expected at most 1 argument, got %zd", nargs);
        return NULL;
    }
    Tuple *value = nargs ? tuple_value(args[0]) : tuple_new(0);
    if (!value || (type == &Tuple_Type && value->ob.type == type)) return OBJECT(value);
    Tuple *self = (Tuple *)type->alloc(type, value->size);
    for (ssize_t i = 0; self && i < value->size; i++)
        self->items[i] = new_ref(value->items[i]);
    decref(value);
    return OBJECT(self);
}

/* ---- None -------------------------------------------------------------------------------------*/

/* A singleton by __new__: type(None)() is None. */
Object *none_new(Type *type, Object *const *args, ssize_t nargs) {
    (void)type, (void)args;
    if (nargs == 0) return new_ref(None);
    error_set(TypeError, "NoneType takes no arguments");
    return NULL;
}
