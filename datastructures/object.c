/* object.c: what every object can do, and the two simplest types: None and tuple.
 *
 * Each operation has the same shape: look at the type's slot, call it, and say in CPython's words
 * what the type cannot do. CPython: Objects/object.c, Objects/tupleobject.c.
 */
#include "object.h"

#include <sys/mman.h>

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

// Parts from iterators': no finalizers here, and containers say that they are.
/* A list in a list in a list, a million deep, would free itself by a million nested calls. Below
 * UNWIND_LEVEL the dying container is put on a pile instead (its refcnt, no longer needed, is the
 * link), and the outermost call frees the pile in a loop. CPython calls this the trashcan.
 * Simplified: one pile for the program, not one for each thread; rooms here have one thread.
 * CPython: Objects/object.c, _PyTrash_begin(), _PyTrash_end(). */
void object_dealloc(Object *self) {
    static int depth;
    static Object *pile;

    if (!self->type->container) {
        self->type->dealloc(self);
        return;
    }
    if (depth >= UNWIND_LEVEL) {
        self->refcnt = (ssize_t)(intptr_t)pile;
        pile = self;
        return;
    }
    depth++;
    self->type->dealloc(self);
    while (depth == 1 && pile) {
        Object *next = pile;
        pile = (Object *)(intptr_t)next->refcnt;
        next->refcnt = 0;
        next->type->dealloc(next);
    }
    depth--;
}

/* Whole pages, those at both ends included: malloc's own header stands before the block in its
 * first page, and a mapping advised in part is two mappings to the kernel, which mremap() then
 * refuses to move (EFAULT): realloc would copy every byte where it could have moved the pages. */
void block_advise(void *block, size_t bytes) {
    enum { WORTH_IT = 4 << 20, PAGE = 4096 };
#ifdef MADV_HUGEPAGE
    if (bytes < WORTH_IT) return;
    uintptr_t start = (uintptr_t)block & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = ((uintptr_t)block + bytes + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    madvise((void *)start, end - start, MADV_HUGEPAGE); // may be refused: then pages stay small
#else
    (void)block, (void)bytes;
#endif
}

/* ---- Hash and equality -----------------------------------------------------------------------*/

/* What is hashed, compared or printed runs code that may drop the last reference that others hold to
 * it, so this file holds one meanwhile. CPython leaves that to each caller: list_index_impl(),
 * list_richcompare(), set_lookkey() and more. */

hash_t object_hash_slow(Object *self) {
    if (!self->type->hash) return error_set(TypeError, "unhashable type: '%s'", self->type->name);
    incref(self);
    hash_t hash = self->type->hash(self);
    decref(self);
    return hash;
}

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

Object *object_repr(Object *self) {
    Writer out = {0};
    Object *result = NULL;
    if (object_write_repr(self, &out) == 0) result = str_from_utf8(out.bytes, (ssize_t)out.length);
    writer_free(&out);
    return result;
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

/* ---- None ------------------------------------------------------------------------------------*/

static int none_repr(Object *self, Writer *out) {
    (void)self;
    return writer_puts(out, "None");
}

static hash_t none_hash(Object *self) {
    return hash_pointer(self); // by address, as in CPython up to 3.11; 3.12 made it a constant
}

const Type None_Type = {.name = "NoneType", .repr = none_repr, .hash = none_hash};
Object none_object = {.refcnt = 1, .type = &None_Type};

/* ---- tuple -----------------------------------------------------------------------------------*/

Tuple *tuple_new(ssize_t size) {
    // The bytes of an impossible size must not wrap round to a possible one.
    const size_t size_max = (PTRDIFF_MAX - sizeof(Tuple)) / sizeof(Object *);
    if ((size_t)size > size_max) return error_no_memory();
    Tuple *self = object_new(&Tuple_Type, sizeof *self + (size_t)size * sizeof self->items[0]);
    if (!self) return NULL;
    self->size = size;
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = NULL;
    return self;
}

Object *tuple_pack(ssize_t size, ...) {
    Tuple *self = tuple_new(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, void *));
    va_end(items);
    return OBJECT(self);
}

static void tuple_dealloc(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = self->size; --i >= 0;)
        xdecref(self->items[i]);
    free(self);
}

static int tuple_repr(Object *op, Writer *out) {
    Tuple *self = (Tuple *)op;
    if (self->size == 0) return writer_puts(out, "()");
    int entered = repr_enter(op);
    if (entered != 0) return entered > 0 ? writer_puts(out, "(...)") : -1;

    int status = writer_puts(out, "(");
    for (ssize_t i = 0; i < self->size && status == 0; i++) {
        if (i > 0) writer_puts(out, ", ");
        status = object_write_repr(self->items[i], out);
    }
    if (status == 0) status = writer_puts(out, self->size == 1 ? ",)" : ")");
    repr_leave(op);
    return status;
}

/* xxHash's mixing, so that (1, 0), (0, 1) and (1, (0, 1)) differ; the older multiply-and-xor let
 * nested small tuples collide. CPython: Objects/tupleobject.c, tuplehash(). */
static hash_t tuple_hash(Object *op) {
    const uint64_t prime_1 = UINT64_C(11400714785074694791);
    const uint64_t prime_2 = UINT64_C(14029467366897019727);
    const uint64_t prime_5 = UINT64_C(2870177450012600261);
    Tuple *self = (Tuple *)op;
    uint64_t acc = prime_5;
    for (ssize_t i = 0; i < self->size; i++) {
        hash_t lane = object_hash(self->items[i]);
        if (lane == -1) return -1;
        acc += (uint64_t)lane * prime_2;
        acc = (acc << 31) | (acc >> 33);
        acc *= prime_1;
    }
    acc +=
        (uint64_t)self->size ^ (prime_5 ^ UINT64_C(3527539)); // keeps hash(()) from being prime_5
    return acc == (uint64_t)-1 ? 1546275796 : (hash_t)acc;
}

static int tuple_equal(Object *op, Object *other) {
    if (other->type != &Tuple_Type) return NOT_IMPLEMENTED;
    Tuple *a = (Tuple *)op, *b = (Tuple *)other;
    if (a->size != b->size) return 0;
    if (compare_enter() < 0) return -1;
    int answer = 1;
    for (ssize_t i = 0; i < a->size && answer == 1; i++)
        answer = object_rich_equal(a->items[i], b->items[i]);
    compare_leave();
    return answer;
}

const Type Tuple_Type = {
    .name = "tuple",
    .container = true,
    .dealloc = tuple_dealloc,
    .repr = tuple_repr,
    .hash = tuple_hash,
    .equal = tuple_equal,
};
