/* object.c: what every object can do: be called, be compared, be hashed, be printed; and the dict
 * of names.
 *
 * Each operation has the same shape: look at the type's cell, call it, and say in CPython's words
 * what the type cannot do. A call has two forms, arguments in an array or packed, and two cells;
 * the four ways are in "Calls" below. Parts from the other topics' slices: what dies, is called and
 * has attributes here is what decorators are made of. CPython: Objects/object.c, Objects/call.c,
 * Objects/methodobject.c, Objects/classobject.c.
 */
#include "object.h"

#include "pool.h"

enum {
    UNWIND_LEVEL = 50, // CPython: Objects/object.c, _PyTrash_UNWIND_LEVEL
    FAST_ARGS = 8 // arguments that are moved on the C stack. CPython: _PY_FASTCALL_SMALL_STACK (5)
};

/* ---- Birth and death --------------------------------------------------------------------------*/

void *object_new(Type *type, size_t extra) {
    size_t size = (size_t)type->basicsize + extra;
    if (size > PTRDIFF_MAX) return error_no_memory();
    Object *self = pool_alloc(size);
    if (!self) return NULL;
    self->refcnt = 1;
    self->type = type;
    if (type->flags & HEAPTYPE) incref(type);
    return self;
}

void object_free(void *op) {
    Object *self = op;
    Type *type = self->type;
    size_t size = (size_t)type->basicsize;
    if (type == &Tuple_Type) size += (size_t)((Tuple *)op)->size * sizeof(Object *);
    if (type == &Str_Type) size += (size_t)((Str *)op)->size + 1;
    pool_free(op, size);
    if (type->flags & HEAPTYPE) decref(type);
}

/* Below UNWIND_LEVEL the dying object is put on a pile instead (its refcnt, no longer needed, is
 * the link), and the outermost call frees the pile in a loop. */
void dealloc_nested(Object *self, void (*dealloc)(Object *self)) {
    static int depth;
    static Object *pile;
    static bool emptying;

    if (depth >= UNWIND_LEVEL) {
        self->refcnt = (ssize_t)(intptr_t)pile;
        pile = self;
        return;
    }
    depth++;
    dealloc(self);
    if (depth == 1 && !emptying) {
        emptying = true;
        while (pile) {
            Object *next = pile;
            pile = (Object *)(intptr_t)next->refcnt;
            next->refcnt = 0;
            next->type->dealloc(next);
        }
        emptying = false;
    }
    depth--;
}

/* ---- Calls ------------------------------------------------------------------------------------*/

int recursion_depth;

int recursion_error(const char *where) {
    return error_set(RecursionError, "maximum recursion depth exceeded%s", where);
}

unsigned long object_tp_calls;

static Object *not_callable(Object *self) {
    error_set(TypeError, "'%s' object is not callable", self->type->name);
    return NULL;
}

static Object *tp_call(Object *self, Tuple *args, Dict *kwargs) {
    if (!self->type->call) return not_callable(self);
    if (recursion_enter(" while calling a Python object") < 0) return NULL;
    Object *result = self->type->call(self, args, kwargs);
    recursion_leave();
    return result;
}

/* The array becomes a tuple, the names and the last values a dict. CPython: Objects/call.c,
 * _PyObject_MakeTpCall(). */
Object *object_make_tp_call(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    if (!self->type->call) return not_callable(self);
    object_tp_calls++;
    Tuple *tuple = tuple_from_array(args, nargs);
    Dict *kwargs = NULL;
    Object *result = NULL;
    if (!tuple || (kwnames && !(kwargs = dict_new()))) goto done;
    for (ssize_t i = 0; kwnames && i < kwnames->size; i++) {
        if (dict_set_item(kwargs, (Str *)kwnames->items[i], args[nargs + i]) < 0) goto done;
    }
    result = tp_call(self, tuple, kwargs);
done:
    xdecref(tuple);
    xdecref(kwargs);
    return result;
}

/* The tuple's items and the dict's values become an array, its names a tuple. CPython:
 * Objects/call.c, _PyVectorcall_Call(), _PyStack_UnpackDict(). */
static Object *vectorcall_packed(Object *self, const Tuple *args, const Dict *kwargs) {
    Tuple *kwnames = tuple_new(kwargs->size);
    ssize_t all = args->size + kwargs->size;
    Object *small[FAST_ARGS];
    Object **stack = all <= FAST_ARGS ? small : malloc((size_t)all * sizeof *stack);
    Object *result = NULL;
    if (!kwnames || !stack) {
        if (!stack) error_no_memory();
    } else {
        for (ssize_t i = 0; i < args->size; i++)
            stack[i] = args->items[i]; // the tuple holds them
        for (ssize_t i = 0; i < kwargs->size; i++) {
            kwnames->items[i] = new_ref(kwargs->items[i].name);
            stack[args->size + i] =
                new_ref(kwargs->items[i].value); // the callee may change the dict
        }
        result = self->type->vectorcall(self, stack, args->size, kwnames);
        for (ssize_t i = args->size; i < all; i++)
            decref(stack[i]);
    }
    if (stack != small) free(stack);
    xdecref(kwnames);
    return result;
}

Object *object_call(Object *self, Tuple *args, Dict *kwargs) {
    Type *type = self->type;
    if (type->vectorcall) {
        if (!kwargs || kwargs->size == 0)
            return type->vectorcall(self, args->items, args->size, NULL);
        return vectorcall_packed(self, args, kwargs);
    }
    return tp_call(self, args, kwargs);
}

Object *object_call_args(Object *self, ssize_t nargs, ...) {
    Object *args[FAST_ARGS];
    va_list list;
    va_start(list, nargs);
    for (ssize_t i = 0; i < nargs && i < FAST_ARGS; i++)
        args[i] = va_arg(list, Object *);
    va_end(list);
    return object_vectorcall(self, args, nargs, NULL);
}

int builtin_check_args(const char *name, ssize_t nargs, Tuple *kwnames, ssize_t least,
                       ssize_t most) {
    if (kwnames && kwnames->size)
        return error_set(TypeError, "%s() takes no keyword arguments", name);
    if (least <= nargs && nargs <= most) return 0;
    ssize_t wanted = nargs < least ? least : most;
    return error_set(TypeError, "%s expected %s%zd argument%s, got %zd", name,
                     least == most   ? ""
                     : nargs < least ? "at least "
                                     : "at most ",
                     wanted, wanted == 1 ? "" : "s", nargs);
}

int readonly(Object *self, Object *value) {
    (void)self, (void)value;
    return error_set(AttributeError, "readonly attribute");
}

/* ---- The bound method -------------------------------------------------------------------------*/

Object *method_new(Object *func, Object *self) {
    Method *method = object_new(&Method_Type, 0);
    if (!method) return NULL;
    method->func = new_ref(func);
    method->self = new_ref(self);
    return OBJECT(method);
}

static void method_dealloc_now(Object *op) {
    Method *self = (Method *)op;
    Object *func = self->func, *receiver = self->self;
    object_free(self);
    decref(func);
    decref(receiver);
}

static void method_dealloc(Object *self) {
    dealloc_nested(self, method_dealloc_now);
}

/* One more argument in front. CPython: Objects/classobject.c, method_vectorcall(), which may use
 * the caller's array (PY_VECTORCALL_ARGUMENTS_OFFSET); here they are copied. */
static Object *method_vectorcall(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Method *self = (Method *)op;
    ssize_t all = nargs + (kwnames ? kwnames->size : 0);
    Object *small[FAST_ARGS];
    Object **stack = all < FAST_ARGS ? small : malloc((size_t)(all + 1) * sizeof *stack);
    if (!stack) return error_no_memory();
    stack[0] = self->self;
    if (all) memcpy(stack + 1, args, (size_t)all * sizeof *stack);
    Object *result = NULL;
    incref(self); // the callee may drop the last reference to it
    if (recursion_enter("") == 0) {
        result = object_vectorcall(self->func, stack, nargs + 1, kwnames);
        recursion_leave();
    }
    decref(self);
    if (stack != small) free(stack);
    return result;
}

/* CPython: Objects/classobject.c, method_repr(). Simplified: without a __qualname__ it is "?". */
static int method_repr(Object *op, Writer *out) {
    Method *self = (Method *)op;
    Object *name = object_getattr_string(self->func, "__qualname__");
    if (!name && !error_matches(AttributeError)) return -1;
    if (!name) error_clear();
    bool text = name && name->type == &Str_Type;
    writer_puts(out, "<bound method ");
    writer_puts(out, text ? ((Str *)name)->text : "?");
    writer_puts(out, " of ");
    xdecref(name);
    int status = object_write_repr(self->self, out);
    return status < 0 ? -1 : writer_puts(out, ">");
}

static int method_equal(Object *op, Object *other) {
    Method *a = (Method *)op, *b = (Method *)other;
    if (other->type != &Method_Type) return NOT_IMPLEMENTED;
    return a->self != b->self ? 0 : object_rich_equal(a->func, b->func);
}

static hash_t address_hash(const Object *self) {
    uintptr_t bits = (uintptr_t)self; // the low four are always the same
    return (hash_t)(bits >> 4 | bits << (8 * sizeof bits - 4));
}

static hash_t method_hash(Object *op) {
    Method *self = (Method *)op;
    hash_t func = object_hash(self->func);
    if (func == -1) return -1;
    hash_t hash = address_hash(self->self) ^ func;
    return hash == -1 ? -2 : hash;
}

static Object *method_get_func(Object *self) {
    return new_ref(((Method *)self)->func);
}

static Object *method_get_self(Object *self) {
    return new_ref(((Method *)self)->self);
}

static const GetSet method_getset[] = {
    {"__func__", method_get_func, readonly}, {"__self__", method_get_self, readonly}, {0}};

Type Method_Type = {
    TYPE("method", Method),  .dealloc = method_dealloc, .repr = method_repr,
    .hash = method_hash,     .equal = method_equal,     .vectorcall = method_vectorcall,
    .getset = method_getset,
};

/* ---- The function written in C ----------------------------------------------------------------*/

Object *builtin_new(const char *name, BuiltinCode code, Object *self) {
    Builtin *builtin = object_new(&Builtin_Type, 0);
    if (!builtin) return NULL;
    builtin->name = name;
    builtin->code = code;
    builtin->self = self ? new_ref(self) : NULL;
    return OBJECT(builtin);
}

static void builtin_dealloc_now(Object *op) {
    Object *self = ((Builtin *)op)->self;
    object_free(op);
    xdecref(self);
}

static void builtin_dealloc(Object *self) {
    dealloc_nested(self, builtin_dealloc_now);
}

static Object *builtin_vectorcall(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Builtin *self = (Builtin *)op;
    return self->code(self->self, args, nargs, kwnames);
}

static int builtin_repr(Object *op, Writer *out) {
    writer_puts(out, "<built-in function ");
    writer_puts(out, ((Builtin *)op)->name);
    return writer_puts(out, ">");
}

static Object *builtin_get_name(Object *self) {
    return str_from_string(((Builtin *)self)->name);
}

static const GetSet builtin_getset[] = {
    {"__name__", builtin_get_name, NULL}, {"__qualname__", builtin_get_name, NULL}, {0}};

Type Builtin_Type = {
    TYPE("builtin_function_or_method", Builtin),
    .dealloc = builtin_dealloc,
    .repr = builtin_repr,
    .vectorcall = builtin_vectorcall,
    .getset = builtin_getset,
};

/* ---- Equality and hash ------------------------------------------------------------------------*/

hash_t object_hash(Object *self) {
    Type *type = self->type;
    if (type->hash) return type->hash(self);
    if (!type->equal) return address_hash(self);
    return error_set(TypeError, "unhashable type: '%s'", type->name);
}

/* Each side is asked, as either may know the other's type, a derived class before its base; what
 * neither knows is unequal, as they are not the same object. A comparison may drop the last
 * reference that others hold to either. CPython: do_richcompare(). */
int object_equal_slow(Object *self, Object *other) {
    int answer = NOT_IMPLEMENTED;
    if (recursion_enter(" in comparison") < 0) return -1;
    incref(self);
    incref(other);
    bool differ = self->type != other->type,
         first = differ && type_is_subtype(other->type, self->type);
    if (first && other->type->equal) answer = other->type->equal(other, self);
    if (answer == NOT_IMPLEMENTED && self->type->equal) answer = self->type->equal(self, other);
    if (answer == NOT_IMPLEMENTED && other->type->equal && differ && !first)
        answer = other->type->equal(other, self);
    decref(self);
    decref(other);
    recursion_leave();
    return answer == NOT_IMPLEMENTED ? 0 : answer;
}

bool object_is_true(const Object *self) {
    if (self == None || self == False) return false;
    if (self->type == &Int_Type) return ((const Int *)self)->value != 0;
    if (self->type == &Float_Type) return ((const Float *)self)->value != 0;
    if (self->type == &Str_Type) return ((const Str *)self)->size != 0;
    if (self->type == &Tuple_Type) return ((const Tuple *)self)->size != 0;
    if (self->type == &Dict_Type) return ((const Dict *)self)->size != 0;
    return true;
}

/* ---- repr -------------------------------------------------------------------------------------*/

/* Those whose repr is being written: what is met once more inside of itself is told as "...".
 * CPython: Objects/object.c, Py_ReprEnter(). */
typedef struct Running {
    const Object *self;
    struct Running *outer;
} Running;

int object_write_repr(Object *self, Writer *out) {
    if (!self->type->repr) {
        char text[128];
        snprintf(text, sizeof text, "<%s%s object at %p>",
                 self->type->flags & HEAPTYPE ? "__main__." : "", self->type->name, (void *)self);
        return writer_puts(out, text);
    }
    static Running *running;
    for (Running *outer = running; outer; outer = outer->outer) {
        if (outer->self != self || self->type->flags & HEAPTYPE) continue;
        return writer_puts(out, self->type == &Dict_Type    ? "{...}"
                                : self->type == &Tuple_Type ? "(...)"
                                                            : "...");
    }
    if (recursion_enter(" while getting the repr of an object") < 0) return -1;
    Running inner = {self, running};
    running = &inner;
    incref(self);
    int status = self->type->repr(self, out);
    decref(self);
    running = inner.outer;
    recursion_leave();
    return status;
}

int object_write_str(Object *self, Writer *out) {
    return self->type == &Str_Type ? writer_puts(out, ((Str *)self)->text)
                                   : object_write_repr(self, out);
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
