/* object.c: what every object can do, and the two types that have nothing to iterate over: None and
 * function.
 *
 * Each operation has the same shape: look at the type's slot, call it, and say in CPython's words
 * what the type cannot do. CPython: Objects/object.c, Objects/abstract.c, Objects/call.c.
 */
#include "object.h"

enum {
    UNWIND_LEVEL = 50,        // CPython: Objects/object.c, _PyTrash_UNWIND_LEVEL
    COMPARE_DEPTH_MAX = 1000, // CPython: sys.getrecursionlimit()
    REPR_DEPTH_MAX = 1000,
};

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

// Parts from datastructures': what dies may have a finalizer, and owns others unless it says not.
/* A chain of iterators, a million long, would free itself by a million nested calls. Below
 * UNWIND_LEVEL the dying object is put on a pile instead (its refcnt, no longer needed, is the
 * link), and the outermost call frees the pile in a loop. CPython calls this the trashcan.
 * Simplified: one pile for the program, not one for each thread; rooms here have one thread.
 * CPython: Objects/object.c, _PyTrash_begin(), _PyTrash_end(). */
void object_dealloc(Object *self) {
    static int depth;
    static Object *pile;

    if (self->type->leaf) {
        self->type->dealloc(self); // the usual case: a jump, no call
        return;
    }
    if (depth >= UNWIND_LEVEL) {
        self->refcnt = (ssize_t)(intptr_t)pile;
        pile = self;
        return;
    }
    depth++;
    finalize_and_dealloc(self);
    while (depth == 1 && pile) {
        Object *next = pile;
        pile = (Object *)(intptr_t)next->refcnt;
        next->refcnt = 0;
        finalize_and_dealloc(next);
    }
    depth--;
}

/* ---- Slots, and what is said where one is empty ----------------------------------------------*/

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

/* ---- Equality --------------------------------------------------------------------------------*/

/* What is compared or printed runs code that may drop the last reference that others hold to it, so
 * this file holds one meanwhile. CPython leaves that to each caller: list_index_impl(),
 * list_richcompare(), set_lookkey() and more. */

/* Each side is asked, as either may know the other's type; what neither knows is unequal, as they are
 * not the same object. CPython: do_richcompare(). */
int object_equal_slow(Object *self, Object *other) {
    int answer = NOT_IMPLEMENTED;
    incref(self);
    incref(other);
    if (self->type->equal) answer = self->type->equal(self, other);
    if (answer == NOT_IMPLEMENTED && other->type->equal && other->type != self->type)
        answer = other->type->equal(other, self);
    decref(self);
    decref(other);
    return answer == NOT_IMPLEMENTED ? 0 : answer;
}

static int compare_depth;

int compare_enter(void) {
    if (compare_depth >= COMPARE_DEPTH_MAX) {
        return error_set(RecursionError, "maximum recursion depth exceeded in comparison");
    }
    compare_depth++;
    return 0;
}

void compare_leave(void) {
    compare_depth--;
}

/* ---- repr ------------------------------------------------------------------------------------*/

static Object *repr_running[REPR_DEPTH_MAX]; // the containers being printed, outermost first
static int repr_depth;

int repr_enter(Object *self) {
    for (int i = 0; i < repr_depth; i++) {
        if (repr_running[i] == self) return 1;
    }
    if (repr_depth == REPR_DEPTH_MAX) {
        return error_set(RecursionError, "maximum recursion depth exceeded while getting the repr "
                                         "of an object");
    }
    repr_running[repr_depth++] = self;
    return 0;
}

void repr_leave(Object *self) {
    (void)self; // CPython searches for it; calls nest, so it is the last
    repr_depth--;
}

int object_write_repr(Object *self, Writer *out) {
    if (!self->type->repr) {
        char text[128];
        snprintf(text, sizeof text, "<%s object at %p>", self->type->name, (void *)self);
        return writer_puts(out, text);
    }
    incref(self);
    int status = self->type->repr(self, out);
    decref(self);
    return status;
}

int object_write_str(Object *self, Writer *out) {
    return self->type == &Str_Type ? str_write(self, out) : object_write_repr(self, out);
}

int object_print(Object *self, FILE *file, bool raw) {
    Writer out = {0};
    int status = raw ? object_write_str(self, &out) : object_write_repr(self, &out);
    if (status == 0 && out.length) fwrite(out.bytes, 1, out.length, file);
    writer_free(&out);
    return status;
}

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
