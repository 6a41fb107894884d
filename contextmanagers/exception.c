/* exception.c: exceptions as objects: raised, handled, chained, printed.
 *
 * An exception knows two others: the one that was being handled when it was raised (context), which
 * Python sets by itself, and the one that the programmer named (cause, `raise ... from`). Printing
 * follows the cause if there is one, else the context unless `from` suppressed it.
 *
 * CPython: Python/errors.c, _PyErr_SetObject(); Objects/exceptions.c; Python/pythonrun.c.
 */
#include "object.h"

/* ---- The objects ------------------------------------------------------------------------------*/

/* A chain is a list linked by context and cause: it goes one after another, not one inside another. */
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
        for (ssize_t i = 0; i < self->nnotes; i++)
            decref(self->notes[i]);
        free(self->notes);
        free(self);
    }
}

Type BaseException_Type = {TYPE("BaseException", NULL), .dealloc = exception_dealloc};
#define DEFINE_EXCEPTION(name_, base_)                                                             \
    Type name_##_Type = {TYPE(#name_, &base_##_Type), .dealloc = exception_dealloc};
EXCEPTIONS(DEFINE_EXCEPTION)

/* For when there is no memory for another; one a thread. It is never freed, so it remembers nothing.
 * CPython: Objects/exceptions.c, MemoryError_new(). */
static _Thread_local Exception memory_error = {.ob = {1, &MemoryError_Type}};

bool type_is_subtype(const Type *type, const Type *base) {
    for (; type; type = type->base) {
        if (type == base) return true;
    }
    return false;
}

Exception *exception_new_value(Type *type, Object *value) {
    Exception *self = object_new(type, sizeof *self);
    if (self) self->value = value ? new_ref(value) : NULL;
    return self;
}

static Exception *new_with_text(Type *type, const char *format, va_list args) {
    Object *value = str_from_vformat(format, args);
    Exception *self = value ? exception_new_value(type, value) : NULL;
    xdecref(value);
    return self;
}

Exception *exception_new(Type *type, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Exception *self = new_with_text(type, format, args);
    va_end(args);
    return self;
}

int exception_add_note(Exception *self, const char *note) {
    Object *text = self != &memory_error ? str_from_format("%s", note) : NULL;
    Object **notes = text ? realloc(self->notes, (size_t)(self->nnotes + 1) * sizeof *notes) : NULL;
    if (!notes) {
        xdecref(text);
        error_no_memory();
        return -1;
    }
    self->notes = notes;
    self->notes[self->nnotes++] = text;
    return 0;
}

const char *exception_str(const Exception *self) {
    if (!self->value || self->value->type != &Str_Type) return "";
    return ((Str *)self->value)->text;
}

/* ---- Pending ----------------------------------------------------------------------------------*/

static void drop_exception(void *exc) {
    decref(exc);
}

/* The indicator has its type by name and its text besides, for common.h's functions. */
void exception_restore(Exception *exc) {
    error_clear();
    if (!exc) return;
    bool no_memory = exc->ob.type == &MemoryError_Type;
    error_indicator.type = no_memory ? MemoryError : exc->ob.type->name;
    snprintf(error_indicator.message, sizeof error_indicator.message, "%s", exception_str(exc));
    error_indicator.value = exc;
    error_indicator.drop = drop_exception;
}

Exception *exception_fetch(void) {
    Error error = error_fetch();
    if (error.value) return error.value;
    return error.type ? (Exception *)new_ref(&memory_error) : NULL;
}

/* ---- Handled ----------------------------------------------------------------------------------*/

static _Thread_local ExcInfo thread_exc_info;
static _Thread_local ExcInfo *exc_info; // NULL: the thread's own

ExcInfo *exc_info_top(void) {
    return exc_info ? exc_info : &thread_exc_info;
}

void exc_info_push(ExcInfo *info) {
    info->previous = exc_info_top();
    exc_info = info;
}

void exc_info_pop(void) {
    exc_info = exc_info->previous;
}

Exception *exception_handled(void) {
    ExcInfo *info = exc_info_top();
    while (!info->exc && info->previous)
        info = info->previous;
    return info->exc;
}

Exception *except_begin(Exception **saved) {
    ExcInfo *info = exc_info_top();
    *saved = info->exc;
    return info->exc = exception_fetch();
}

void except_end(Exception *saved) {
    ExcInfo *info = exc_info_top();
    Exception *handled = info->exc;
    info->exc = saved;
    decref(handled);
}

int except_reraise(Exception *saved) {
    ExcInfo *info = exc_info_top();
    exception_restore(info->exc);
    info->exc = saved;
    return -1;
}

/* The exception being handled becomes the context, unless it is the same one. If the new one is
 * already somewhere in that chain, the chain is cut there, so that it does not become a ring.
 * Simplified: memory_error, of which each thread has one, has no context. */
int exception_raise(Exception *exc) {
    if (!exc) return -1;
    Exception *handled = exception_handled();
    if (handled && handled != exc && exc != &memory_error) {
        Exception *slow = handled; // behind by half: it meets `o` in a ring that was there before
        bool move_slow = false;
        for (Exception *o = handled; o->context; o = o->context) {
            if (o->context == exc) {
                clear_ref(o->context);
                break;
            }
            if (move_slow) slow = slow->context;
            move_slow = !move_slow;
            if (o->context == slow) break;
        }
        Exception *old = exc->context;
        exc->context = (Exception *)new_ref(handled);
        xdecref(old);
    }
    exception_restore(exc);
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

int error_raise(Type *type, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Exception *exc = new_with_text(type, format, args);
    va_end(args);
    return exception_raise(exc);
}

/* ---- Printed ----------------------------------------------------------------------------------*/

static Exception *printed_before(const Exception *self) {
    return self->cause ? self->cause : self->suppress_context ? NULL : self->context;
}

static void print_one(const Exception *self, FILE *out) {
    const char *text = exception_str(self);
    const char *quote = self->value && exception_matches(self, &KeyError_Type) ? "'" : "";
    fprintf(out, "%s%s%s%s%s\n", self->ob.type->name, *text || *quote ? ": " : "", quote, text,
            quote); // CPython: KeyError_str(), so that a missing '' is seen
    for (ssize_t i = 0; i < self->nnotes; i++)
        fprintf(out, "%s\n", ((Str *)self->notes[i])->text);
}

/* The chain is turned around by walking it, from the last to the first that has not been seen, again
 * for each line: chains are short, and this needs no memory. */
void exception_print(Exception *self, FILE *out) {
    Exception *oldest = self;
    for (Exception *o = self; o && !o->seen; o = printed_before(o)) {
        o->seen = true;
        oldest = o;
    }
    for (;;) {
        print_one(oldest, out);
        oldest->seen = false;
        if (oldest == self) return;
        Exception *next = self;
        while (printed_before(next) != oldest)
            next = printed_before(next);
        fputs(next->cause
                  ? "\nThe above exception was the direct cause of the following exception:\n\n"
                  : "\nDuring handling of the above exception, another exception occurred:\n\n",
              out);
        oldest = next;
    }
}
