/* exception.c: exceptions as objects: raised, kept, chained, told.
 *
 * An exception is a value with a type. Raising it makes it pending, in the indicator that common.h
 * has; fetching it makes it a value again, which a Future or a frame's handler can hold.
 *
 * Parts from the other topics' slices: what is being handled is known to the frame that handles it
 * (coroutines/frame.c), so there is no stack of handled exceptions for a thread, and a context is
 * set when an exception leaves a handler.
 *
 * CPython: Python/errors.c, _PyErr_SetObject(); Objects/exceptions.c.
 */
#include "object.h"

/* ---- The objects ------------------------------------------------------------------------------*/

/* A chain is a list linked by context and cause: it goes one after another, not one inside
 * another. */
static void exception_dealloc(Object *op) {
    Exception *pile = (Exception *)op;
    pile->ob.refcnt = 0; // as the link, from here on
    while (pile) {
        Exception *self = pile, *others[] = {self->context, self->cause};
        pile = (Exception *)(intptr_t)self->ob.refcnt;
        for (int i = 0; i < 2; i++) {
            Exception *other = others[i];
            if (!other || --other->ob.refcnt > 0) continue;
            other->ob.refcnt = (ssize_t)(intptr_t)pile;
            pile = other;
        }
        xdecref(self->value);
        xdecref(self->extra);
        free(self);
    }
}

/* CPython: BaseException_repr(). */
static void exception_repr(const Object *op, FILE *out) {
    const Exception *self = (const Exception *)op;
    fprintf(out, "%s(", self->ob.type->name);
    if (self->value) object_write_repr(self->value, out);
    if (self->extra && self->extra->type == &List_Type) {
        fputs(", ", out);
        object_write_repr(self->extra, out);
    }
    fputc(')', out);
}

/* A type is named by the error type of common.h: so what the event loop raises and looks for, by
 * that name, and what is raised here are the same. */
#define NAME_EXCEPTION(name, base) ERROR_TYPE(name);
EXCEPTIONS(NAME_EXCEPTION)

#define DEFINE_EXCEPTION(type, name_, base_)                                                       \
    const Type type##_Type = {                                                                     \
        .name = name_, .base = base_, .dealloc = exception_dealloc, .repr = exception_repr};
#define DEFINE_DERIVED(name, base) DEFINE_EXCEPTION(name, name, &base##_Type)
DEFINE_EXCEPTION(BaseException, "BaseException", NULL)
DEFINE_EXCEPTION(Exception, "Exception", &BaseException_Type)
DEFINE_DERIVED(MemoryError, Exception)
EXCEPTIONS(DEFINE_DERIVED)

#define LIST_EXCEPTION(name, base) &name##_Type,
static const Type *const exceptions[] = {EXCEPTIONS(LIST_EXCEPTION) & MemoryError_Type,
                                         &Exception_Type, &BaseException_Type};

/* For when there is no memory for another; one a thread. It is never freed, so it remembers
 * nothing. CPython: Objects/exceptions.c, MemoryError_new(). */
static _Thread_local Exception memory_error = {.ob = {1, &MemoryError_Type}};

bool type_is_subtype(const Type *type, const Type *base) {
    for (; type; type = type->base) {
        if (type == base) return true;
    }
    return false;
}

Exception *exception_new_value(const Type *type, Object *value) {
    Exception *self = object_new(type, sizeof *self);
    if (self) self->value = value ? new_ref(value) : NULL;
    return self;
}

static Exception *new_with_text(const Type *type, const char *format, va_list args) {
    Object *value = str_from_vformat(format, args);
    Exception *self = value ? exception_new_value(type, value) : NULL;
    xdecref(value);
    return self;
}

Exception *exception_new(const Type *type, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Exception *self = new_with_text(type, format, args);
    va_end(args);
    return self;
}

Exception *exception_group_new(const char *message, List *list) {
    const Type *type = &ExceptionGroup_Type;
    for (ssize_t i = 0; i < list->size; i++) {
        if (!type_is_subtype(list->items[i]->type, &Exception_Type) &&
            list->items[i]->type != &ExceptionGroup_Type) {
            type = &BaseExceptionGroup_Type;
        }
    }
    Exception *self = exception_new(type, "%s", message);
    if (self) self->extra = new_ref(list);
    return self;
}

void exception_write_str(const Exception *self, FILE *out) {
    if (!self->value) return;
    const Type *type = self->value->type;
    if (exception_matches(self, &KeyError_Type) || (type != &Str_Type && type->repr)) {
        object_write_repr(self->value, out); // so that a missing '' is seen
    } else if (type == &Str_Type) {
        fputs(((const Str *)self->value)->text, out);
    }
    if (self->extra && self->extra->type == &List_Type) {
        ssize_t size = ((const List *)self->extra)->size;
        fprintf(out, " (%zd sub-exception%s)", size, size == 1 ? "" : "s");
    }
}

/* ---- Pending ----------------------------------------------------------------------------------*/

static void drop_exception(void *exc) {
    decref(exc);
}

/* The indicator has its type by name and its text besides, for common.h's functions. */
void exception_restore(Exception *exc) {
    error_clear();
    if (!exc) return;
    if (exc == &memory_error) { // it is not carried about: it belongs to this thread
        exc->ob.refcnt--;
        error_no_memory();
        return;
    }
    bool text = exc->value && exc->value->type == &Str_Type;
    error_indicator.type = exc->ob.type->name;
    if (text) {
        snprintf(error_indicator.message, sizeof error_indicator.message, "%s",
                 ((Str *)exc->value)->text);
    }
    error_indicator.value = exc;
    error_indicator.drop = drop_exception;
}

/* The type that an error without an object has by its name. */
static const Type *type_named(ErrorType name) {
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (strcmp(exceptions[i]->name, name) == 0) return exceptions[i];
    }
    return &RuntimeError_Type;
}

/* An error that has no object gets one. */
static Exception *exception_named(const Error *error) {
    Exception *exc = NULL;
    if (error->type != MemoryError) {
        const Type *type = type_named(error->type);
        exc = *error->message ? exception_new(type, "%s", error->message)
                              : exception_new_value(type, NULL);
    }
    error_clear();
    return exc ? exc : (Exception *)new_ref(&memory_error);
}

Exception *exception_fetch(void) {
    Error error = error_fetch();
    if (error.value && error.drop == drop_exception) return error.value;
    if (error.value) error.drop(error.value);
    return error.type ? exception_named(&error) : NULL;
}

Exception *exception_from_error(const Error *error) {
    bool object = error->value && error->drop == drop_exception;
    return object ? (Exception *)new_ref(error->value) : exception_named(error);
}

bool error_is(const Type *type) {
    if (error_indicator.value && error_indicator.drop == drop_exception) {
        return exception_matches(error_indicator.value, type);
    }
    if (!error_indicator.type) return false;
    return type_is_subtype(type_named(error_indicator.type), type);
}

int exception_raise(Exception *exc) {
    if (exc) exception_restore(exc);
    return -1;
}

int exception_raise_from(Exception *exc, Exception *cause) {
    if (exc && exc != &memory_error) {
        Exception *old = exc->cause;
        exc->cause = cause ? (Exception *)new_ref(cause) : NULL;
        exc->suppress_context = true;
        xdecref(old);
    }
    return exception_raise(exc);
}

int error_raise(const Type *type, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Exception *exc = new_with_text(type, format, args);
    va_end(args);
    return exception_raise(exc);
}

int error_raise_none(const Type *type) {
    return exception_raise(exception_new_value(type, NULL));
}

/* The chain of `exc` is walked to its end; if it has been everywhere already, a ring would come of
 * it. */
void exception_set_context(Exception *exc, Exception *handled) {
    if (exc == handled || exc == &memory_error) return;
    for (Exception *o = handled; o; o = o->context) {
        if (o == exc || o->context == o) return;
    }
    while (exc->context) {
        if (exc->context == handled) return;
        exc = exc->context;
    }
    for (Exception *o = handled; o; o = o->context) {
        if (o == exc) return;
    }
    exc->context = (Exception *)new_ref(handled);
}

/* ---- What nobody can be told by an error ------------------------------------------------------*/

const Type RuntimeWarning_Type = {
    .name = "RuntimeWarning", .base = &Exception_Type, .dealloc = exception_dealloc};

static void show_warning(const Type *category, const char *message) {
    fprintf(stderr, "%s: %s\n", category->name, message);
}

static void show_unraisable(Exception *exc, const Object *where) {
    fputs("Exception ignored in: ", stderr);
    object_write_repr(where, stderr);
    fprintf(stderr, "\n%s", exc->ob.type->name);
    if (exc->value) fputs(": ", stderr);
    exception_write_str(exc, stderr);
    fputc('\n', stderr);
}

void (*warning_hook)(const Type *category, const char *message) = show_warning;
void (*unraisable_hook)(Exception *exc, const Object *where) = show_unraisable;

void error_write_unraisable(const Object *where) {
    Exception *exc = exception_fetch();
    if (!exc) return;
    unraisable_hook(exc, where);
    decref(exc);
}
