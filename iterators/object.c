/* object.c: what every object can do, and the two types that have nothing to iterate over: None and
 * function.
 *
 * Each operation has the same shape: look at the type's slot, call it, and say in CPython's words
 * what the type cannot do. CPython: Objects/object.c, Objects/abstract.c, Objects/call.c.
 */
#include "object.h"

/* ---- Birth and death -------------------------------------------------------------------------*/

void *object_new(const Type *type, size_t size) {
    Object *self = malloc(size);
    if (!self) return error_no_memory();
    self->refcnt = 1;
    self->type = type;
    return self;
}

/* A finalizer runs code of the program, which may look at the object and even keep it: so the
 * object is given a reference for that time, and lives on if there are more of them afterwards.
 * Simplified: CPython marks a collected object as finalized, so that a second death runs no
 * finalizer; here the one type that has one (generator) finalizes to a state in which it does
 * nothing. */
static void finalize_and_dealloc(Object *self) {
    if (self->type->finalize) {
        self->refcnt = 1;
        self->type->finalize(self);
        if (--self->refcnt > 0) return;
    }
    self->type->dealloc(self);
}

/* What dies drops its references, and so the next of a chain dies inside of it: a million iterators
 * that ask each other would overflow the C stack. So what would die deeper than this waits in the
 * trash until the first death is over; its reference count, which nobody needs any more, is the
 * link. CPython: Objects/object.c, _PyTrash_thread_deposit_object(), _PyTrash_thread_destroy_chain(),
 * in the types whose dealloc says Py_TRASHCAN_BEGIN; here in all. Simplified: for one thread. */
enum { TRASH_UNWIND_LEVEL = 50 }; // CPython: _PyTrash_UNWIND_LEVEL
static int trash_nesting;
static Object *trash;

void object_dealloc(Object *self) {
    if (trash_nesting == TRASH_UNWIND_LEVEL) {
        self->refcnt = (intptr_t)trash;
        trash = self;
        return;
    }
    while (self) {
        trash_nesting++;
        finalize_and_dealloc(self);
        trash_nesting--;
        self = trash_nesting == 0 ? trash : NULL;
        if (self) {
            trash = (Object *)(intptr_t)self->refcnt;
            self->refcnt = 0;
        }
    }
}

/* ---- Slots, and what is said where one is empty ----------------------------------------------*/

int object_rich_equal(Object *self, Object *other) {
    if (self == other) return 1;
    if (self->type->equal) {
        int answer = self->type->equal(self, other);
        if (answer != NOT_IMPLEMENTED) return answer;
    }
    if (other->type->equal && other->type != self->type) {
        int answer = other->type->equal(other, self);
        if (answer != NOT_IMPLEMENTED) return answer;
    }
    return 0;
}

int object_is_true(Object *self) {
    if (self->type->is_true) return self->type->is_true(self);
    if (!self->type->length) return 1;
    ssize_t length = self->type->length(self);
    return length < 0 ? -1 : length > 0;
}

ssize_t object_length(Object *self) {
    if (self->type->length) return self->type->length(self);
    return error_set(TypeError, "object of type '%s' has no len()", self->type->name);
}

Object *object_call(Object *self, Object *const *args, ssize_t nargs) {
    if (self->type->call) return self->type->call(self, args, nargs);
    error_set(TypeError, "'%s' object is not callable", self->type->name);
    return NULL;
}

int object_write_repr(Object *self, Writer *out) {
    if (self->type->repr) return self->type->repr(self, out);
    char text[128];
    snprintf(text, sizeof text, "<%s object at %p>", self->type->name, (void *)self);
    return writer_puts(out, text);
}

int object_write_str(Object *self, Writer *out) {
    if (self->type != &Str_Type) return object_write_repr(self, out);
    return writer_write(out, ((Str *)self)->utf8, (size_t)((Str *)self)->size);
}

int object_print(Object *self, FILE *file, bool raw) {
    Writer out = {0};
    int status = raw ? object_write_str(self, &out) : object_write_repr(self, &out);
    if (status == 0 && out.length) fwrite(out.bytes, 1, out.length, file);
    writer_free(&out);
    return status;
}

/* ---- Writer ----------------------------------------------------------------------------------*/

int writer_write(Writer *self, const char *bytes, size_t length) {
    if (self->failed) return -1;
    if (length > self->capacity - self->length) {
        size_t capacity = self->capacity + self->capacity / 4 + length + 16;
        char *grown = realloc(self->bytes, capacity);
        if (!grown) {
            self->failed = true;
            error_no_memory();
            return -1;
        }
        self->bytes = grown;
        self->capacity = capacity;
    }
    if (length) memcpy(self->bytes + self->length, bytes, length);
    self->length += length;
    return 0;
}

int writer_puts(Writer *self, const char *text) {
    return writer_write(self, text, strlen(text));
}

void writer_free(Writer *self) {
    free(self->bytes);
    *self = (Writer){0};
}

/* ---- StopIteration, and errors that nobody can receive ---------------------------------------*/

static void drop_value(void *value) {
    object_decref(value);
}

void error_set_stop_iteration(Object *value) {
    if (value == None) {
        error_set(StopIteration, "%s", "");
        return;
    }
    Writer out = {0};
    int written = object_write_str(value, &out); // no memory for the message: then there is none
    error_set(StopIteration, "%.*s", written == 0 ? (int)out.length : 0,
              out.bytes ? out.bytes : "");
    writer_free(&out);
    error_indicator.value = new_ref(value);
    error_indicator.drop = drop_value;
}

int error_fetch_stop_iteration(Object **value) {
    if (error_occurred() && !error_matches(StopIteration)) return -1;
    Error stop = error_fetch();
    *value = stop.value ? stop.value : new_ref(None);
    return 0;
}

void (*error_unraisable_hook)(Object *where);

void error_write_unraisable(Object *where) {
    if (error_unraisable_hook) {
        error_unraisable_hook(where);
    } else {
        Error error = error_fetch();
        fputs("Exception ignored in: ", stderr);
        if (object_print(where, stderr, false) < 0) error_clear();
        fputc('\n', stderr);
        error_restore(error);
        error_print(stderr);
    }
    error_clear();
}

/* ---- None ------------------------------------------------------------------------------------*/

static int none_repr(Object *self, Writer *out) {
    (void)self;
    return writer_puts(out, "None");
}

static int none_is_true(Object *self) {
    (void)self;
    return 0;
}

const Type None_Type = {.name = "NoneType", .repr = none_repr, .is_true = none_is_true};
Object none_object = {.refcnt = 1, .type = &None_Type};

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

static int function_repr(Object *op, Writer *out) {
    char text[128];
    snprintf(text, sizeof text, "<function %s at %p>", ((Function *)op)->name, (void *)op);
    return writer_puts(out, text);
}

static Object *function_call(Object *op, Object *const *args, ssize_t nargs) {
    Function *self = (Function *)op;
    return self->code(self->closure, args, nargs);
}

const Type Function_Type = {
    .name = "function",
    .dealloc = function_dealloc,
    .repr = function_repr,
    .call = function_call,
};
