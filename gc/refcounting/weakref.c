/* weakref.c: references that do not count, and what is called when their object dies.
 *
 * An object has the head of a list of all weak references to it. One without a callback is shared
 * and stands first; new ones with a callback come behind it, before the older ones. When the object
 * dies every reference is ended before the first callback runs, so no callback can reach an object
 * that is half destroyed.
 *
 * CPython: Objects/weakrefobject.c.
 */
#include "refcounting.h"

static void insert(WeakRef *self, WeakRef **list) {
    WeakRef *basic = *list && !(*list)->callback ? *list : NULL;
    WeakRef **cell = self->callback && basic ? &basic->next : list;
    self->prev = cell == list ? NULL : basic;
    self->next = *cell;
    if (self->next) self->next->prev = self;
    *cell = self;
}

Object *weakref_new(Object *object, Object *callback) {
    WeakRef **list = object_weaklist(object);
    if (!list) {
        error_set(TypeError, "cannot create weak reference to '%s' object", object->type->name);
        return NULL;
    }
    if (callback == None) callback = NULL;
    if (!callback && *list && !(*list)->callback) return new_ref(*list);
    WeakRef *self = (WeakRef *)object_new(&WeakRef_Type, 0);
    if (!self) return NULL;
    /* A collection that this started may have made the shared one. */
    if (!callback && *list && !(*list)->callback) {
        decref(self);
        return new_ref(*list);
    }
    self->object = object;
    self->callback = callback ? new_ref(callback) : NULL;
    insert(self, list);
    gc_track(OBJECT(self));
    return OBJECT(self);
}

/* An object that waits in the trashcan is still referred to, and dead. */
Object *weakref_get(const WeakRef *self) {
    return new_ref(self->object && self->object->refcnt > 0 ? self->object : None);
}

/* Takes it out of its object's list, for good. CPython: clear_weakref(). */
void weakref_clear_ref(WeakRef *self) {
    if (!self->object) return;
    WeakRef **list = object_weaklist(self->object);
    if (*list == self) *list = self->next;
    if (self->prev) self->prev->next = self->next;
    if (self->next) self->next->prev = self->prev;
    self->object = NULL;
    self->prev = self->next = NULL;
}

static void handle_callback(WeakRef *self, Object *callback) {
    Object *result = object_call(callback, OBJECT(self));
    if (!result)
        error_write_unraisable(callback);
    else
        decref(result);
}

/* The references whose callbacks are to be called are kept alive until the last has been called, and
 * let go of from the last to the first: CPython fills a tuple with them and their callbacks, which can
 * run out of memory. Here they are chained by the two fields that they no longer need. One that is
 * dying itself is not among them: it has left the list. */
void object_clear_weakrefs(Object *object) {
    WeakRef **list = object_weaklist(object), *first = NULL, *last = NULL;
    while (*list) {
        WeakRef *self = *list;
        weakref_clear_ref(self);
        if (!self->callback) continue;
        incref(self);
        self->prev = last;
        *(last ? &last->next : &first) = self;
        last = self;
    }
    if (!first) return;
    Error error = error_fetch();
    for (WeakRef *self = first; self; self = self->next)
        handle_callback(self, self->callback);
    while (last) {
        WeakRef *self = last;
        last = self->prev;
        self->prev = self->next = NULL;
        clear_ref(self->callback);
        decref(self);
    }
    error_restore(error);
}

static void weakref_traverse(Object *self, Visit visit, void *arg) {
    if (((WeakRef *)self)->callback) visit(((WeakRef *)self)->callback, arg);
}

static void weakref_tp_clear(Object *self) {
    weakref_clear_ref((WeakRef *)self);
    clear_ref(((WeakRef *)self)->callback);
}

/* It leaves its object's list before it may have to wait. A callback may be a weak reference in turn,
 * so a chain of them can be of any length. CPython's weakref_dealloc() has no trashcan: a million of
 * these overflow its stack. */
static void weakref_dealloc(Object *self) {
    gc_untrack(self);
    weakref_clear_ref((WeakRef *)self);
    if (trash_begin(self)) return;
    clear_ref(((WeakRef *)self)->callback);
    object_del(self, 0);
    trash_end();
}

const Type WeakRef_Type = {
    .name = "weakref.ReferenceType",
    .basicsize = sizeof(WeakRef),
    .gc = true,
    .dealloc = weakref_dealloc,
    .traverse = weakref_traverse,
    .clear = weakref_tp_clear,
};
