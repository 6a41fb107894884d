/* exception.c: error types as classes, so that a program can name them: `except OSError`,
 * retry(on=OSError).
 *
 * A class here has the name of an error type of common.h, the same text at the same address; so the
 * pending error leads to its class, and the class to its bases. CPython: Objects/exceptions.c,
 * Python/errors.c.
 */
#include "object.h"

Type BaseException_Type = {.ob = {1, &Type_Type}, .name = BaseException, .base = &Object_Type};
#define DEFINE_EXCEPTION(name_, base_)                                                             \
    Type name_##_Type = {.ob = {1, &Type_Type}, .name = name_, .base = &base_##_Type};
EXCEPTIONS(DEFINE_EXCEPTION)
Type MemoryError_Type = {.ob = {1, &Type_Type}, .name = MemoryError, .base = &Exception_Type};

static const Type *pending_class(void) {
    static const Type *const classes[] = {
#define ADDRESS(name, base) &name##_Type,
        EXCEPTIONS(ADDRESS) & MemoryError_Type};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (error_matches(classes[i]->name)) return classes[i];
    }
    return NULL;
}

bool is_exception_class(const Object *self) {
    return self->type == &Type_Type && type_is_subtype((const Type *)self, &BaseException_Type);
}

bool error_is_instance(Object *classes) {
    if (classes->type != &Tuple_Type)
        return is_exception_class(classes) && type_is_subtype(pending_class(), (Type *)classes);
    for (ssize_t i = 0; i < ((Tuple *)classes)->size; i++) {
        if (error_is_instance(((Tuple *)classes)->items[i])) return true;
    }
    return false;
}
