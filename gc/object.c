/* object.c: the types that programs here are made of, each with its traverse, clear and dealloc.
 *
 * Every dealloc of a container goes the same way: first out of the collector's lists, as what dies
 * is no business of the collector's and the code that runs from here on may start one; then drop
 * what it refers to; then free. Those that can be nested go through the trashcan (refcounting/).
 *
 * Parts from the other topics' slices: here objects have the collector's head, are visited and
 * cleared, and give their memory back with its size.
 *
 * CPython: Objects/object.c, listobject.c, tupleobject.c, longobject.c, methodobject.c;
 * Objects/typeobject.c, subtype_dealloc(); Modules/gcmodule.c, _PyObject_GC_NewVar().
 */
#include "object.h"

#include "refcounting/refcounting.h"

/* ---- Making and freeing ----------------------------------------------------------------------*/

#define EMPTY_LIST(g)                                                                              \
    { (uintptr_t) & (g), (uintptr_t) & (g) }
GC gc = {.generations = {{EMPTY_LIST(gc.generations[0].head), 700, 0},
                         {EMPTY_LIST(gc.generations[1].head), 10, 0},
                         {EMPTY_LIST(gc.generations[2].head), 10, 0}},
         .permanent_generation = EMPTY_LIST(gc.permanent_generation)};

/* The count is raised before the object exists, so a collection that this starts never sees it.
 * CPython: _PyObject_GC_Link(). */
static void gc_link(GCHead *g) {
    Generation *young = &gc.generations[0];
    g->next = g->prev = 0;
    young->count++;
    if (young->count > young->threshold && gc.enabled && young->threshold && !gc.collecting &&
        !error_occurred()) {
        gc.collecting = true;
        gc.collect_generations();
        gc.collecting = false;
    }
}

typedef uintptr_t Word __attribute__((may_alias)); // whatever the type of the field is

Object *object_new(const Type *type, ssize_t nitems) {
    size_t size = object_size(type, nitems), head = type->gc ? sizeof(GCHead) : 0;
    char *block = heap_alloc(head + size);
    if (!block) return error_no_memory();
    if (head) gc_link((GCHead *)(void *)block);
    Object *self = (Object *)(void *)(block + head);
    self->refcnt = 1;
    self->type = type;
    /* volatile: or a compiler makes it a call of memset(), which takes as long as all of this. */
    volatile Word *end = (Word *)(void *)((char *)self + size);
    for (volatile Word *word = (Word *)(void *)(self + 1); word < end; word++)
        *word = 0;
    return self;
}

void object_del(Object *self, ssize_t nitems) {
    size_t size = object_size(self->type, nitems);
    if (!self->type->gc) {
        heap_free(self, size);
        return;
    }
    gc_untrack(self);
    if (gc.generations[0].count > 0) gc.generations[0].count--;
    heap_free(AS_GC(self), sizeof(GCHead) + size);
}

/* ---- None, int -------------------------------------------------------------------------------*/

const Type None_Type = {.name = "NoneType"};
Object none_object = {1, &None_Type};

Object *int_from_long(int64_t value) {
    Int *self = (Int *)object_new(&Int_Type, 0);
    if (self) self->value = value;
    return OBJECT(self);
}

static void int_dealloc(Object *self) {
    object_del(self, 0);
}

const Type Int_Type = {.name = "int", .basicsize = sizeof(Int), .dealloc = int_dealloc};

/* ---- tuple -----------------------------------------------------------------------------------*/

/* Simplified: CPython has one empty tuple, and keeps freed short ones for the next. */
Tuple *tuple_new(ssize_t size) {
    Tuple *self = (Tuple *)object_new(&Tuple_Type, size);
    if (!self) return NULL;
    self->size = size;
    gc_track(OBJECT(self));
    return self;
}

Object *tuple_pack(ssize_t size, ...) {
    Tuple *self = tuple_new(size);
    if (!self) return NULL;
    va_list items;
    va_start(items, size);
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(va_arg(items, Object *));
    va_end(items);
    return OBJECT(self);
}

static void tuple_traverse(Object *op, Visit visit, void *arg) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = self->size; i-- > 0;) {
        if (self->items[i]) visit(self->items[i], arg);
    }
}

static void tuple_dealloc(Object *op) {
    Tuple *self = (Tuple *)op;
    gc_untrack(op);
    if (trash_begin(op)) return;
    for (ssize_t i = self->size; i-- > 0;)
        xdecref(self->items[i]);
    object_del(op, self->size);
    trash_end();
}

/* It has no clear: it cannot be emptied, as its owners rely on what it holds. A cycle through one is
 * broken at some other object: one made of tuples alone cannot be built. */
const Type Tuple_Type = {
    .name = "tuple",
    .basicsize = sizeof(Tuple),
    .itemsize = sizeof(Object *),
    .gc = true,
    .dealloc = tuple_dealloc,
    .traverse = tuple_traverse,
};

/* ---- list ------------------------------------------------------------------------------------*/

List *list_new(void) {
    List *self = (List *)object_new(&List_Type, 0);
    if (self) gc_track(OBJECT(self));
    return self;
}

int list_append(List *self, Object *item) {
    if (self->size == self->allocated) { // CPython: list_resize(), its pattern of growth
        size_t size = (size_t)self->size + 1;
        size_t allocated = (size + (size >> 3) + 6) & ~(size_t)3;
        Object **items = heap_realloc(self->items, (size_t)self->allocated * sizeof(Object *),
                                      allocated * sizeof(Object *));
        if (!items) {
            error_no_memory();
            return -1;
        }
        self->items = items;
        self->allocated = (ssize_t)allocated;
    }
    self->items[self->size++] = new_ref(item);
    return 0;
}

Object *list_get_item(const List *self, ssize_t index) {
    if (index >= 0 && index < self->size) return self->items[index];
    error_set(IndexError, "list index out of range");
    return NULL;
}

int list_set_item(List *self, ssize_t index, Object *item) {
    if (index < 0 || index >= self->size) {
        decref(item);
        return error_set(IndexError, "list assignment index out of range");
    }
    set_ref(self->items[index], item);
    return 0;
}

/* The list is empty before the first item goes, as an item that dies may look at it. */
void list_clear(List *self) {
    Object **items = self->items;
    ssize_t size = self->size, allocated = self->allocated;
    self->items = NULL;
    self->size = self->allocated = 0;
    while (size-- > 0)
        decref(items[size]);
    heap_free(items, (size_t)allocated * sizeof(Object *));
}

static void list_traverse(Object *op, Visit visit, void *arg) {
    List *self = (List *)op;
    for (ssize_t i = self->size; i-- > 0;)
        visit(self->items[i], arg);
}

static void list_tp_clear(Object *self) {
    list_clear((List *)self);
}

static void list_dealloc(Object *op) {
    gc_untrack(op);
    if (trash_begin(op)) return;
    list_clear((List *)op);
    object_del(op, 0);
    trash_end();
}

const Type List_Type = {
    .name = "list",
    .basicsize = sizeof(List),
    .gc = true,
    .dealloc = list_dealloc,
    .traverse = list_traverse,
    .clear = list_tp_clear,
};

/* ---- Instances of classes --------------------------------------------------------------------*/

Object *instance_new(const Type *type) {
    Object *self = object_new(type, 0);
    if (self) gc_track(self);
    return self;
}

static Object **instance_end(Object *self) { // of its fields
    return (Object **)(void *)((char *)self + self->type->basicsize);
}

void instance_traverse(Object *op, Visit visit, void *arg) {
    for (Object **field = ((Instance *)op)->fields, **end = instance_end(op); field < end;
         field++) {
        if (*field) visit(*field, arg);
    }
}

void instance_clear(Object *op) {
    for (Object **field = ((Instance *)op)->fields, **end = instance_end(op); field < end;
         field++) {
        if (*field) clear_ref(*field);
    }
}

/* The finalizer sees the object whole, tracked and with its weak references; what it keeps lives on.
 * Only then do the weak references end, and their callbacks run; only then the fields go.
 * CPython: subtype_dealloc(). */
void instance_dealloc(Object *op) {
    Instance *self = (Instance *)op;
    gc_untrack(op);
    if (trash_begin(op)) return;
    if (op->type->finalize) {
        gc_track(op);
        if (object_call_finalizer_from_dealloc(op) < 0) {
            trash_end();
            return;
        }
        gc_untrack(op);
    }
    if (self->weaklist) object_clear_weakrefs(op);
    while (self->weaklist) // made by what has just run
        weakref_clear_ref(self->weaklist);
    instance_clear(op);
    object_del(op, 0);
    trash_end();
}

/* ---- function --------------------------------------------------------------------------------*/

Object *function_new(const char *name, FunctionCode code, Object *closure) {
    Function *self = (Function *)object_new(&Function_Type, 0);
    if (!self) return NULL;
    self->name = name;
    self->code = code;
    self->closure = closure ? new_ref(closure) : NULL;
    gc_track(OBJECT(self));
    return OBJECT(self);
}

static void function_traverse(Object *self, Visit visit, void *arg) {
    if (((Function *)self)->closure) visit(((Function *)self)->closure, arg);
}

static void function_clear(Object *self) {
    clear_ref(((Function *)self)->closure);
}

static void function_dealloc(Object *self) {
    gc_untrack(self);
    if (trash_begin(self)) return;
    function_clear(self);
    object_del(self, 0);
    trash_end();
}

const Type Function_Type = {
    .name = "function",
    .basicsize = sizeof(Function),
    .gc = true,
    .dealloc = function_dealloc,
    .traverse = function_traverse,
    .clear = function_clear,
};

Object *object_call(Object *func, Object *argument) {
    if (func->type == &Function_Type) {
        Function *self = (Function *)func;
        return self->code(self->closure, argument);
    }
    error_set(TypeError, "'%.200s' object is not callable", func->type->name);
    return NULL;
}

/* ---- repr, and errors that nobody can receive ------------------------------------------------*/

const char *object_repr(const Object *self, char *text, size_t size) {
    if (self->type == &None_Type)
        snprintf(text, size, "None");
    else if (self->type == &Int_Type)
        snprintf(text, size, "%lld", (long long)((const Int *)self)->value);
    else
        snprintf(text, size, "<%s at %p>", self->type->name, (const void *)self);
    return text;
}

void error_write_unraisable(Object *where) {
    char text[128];
    fprintf(stderr, "Exception ignored in: %s\n", object_repr(where, text, sizeof text));
    error_print(stderr);
}
