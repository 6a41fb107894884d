/* refcounting.h: how an object dies: the finalizer, the weak references, and the trashcan.
 *
 * Reference counting itself is in ../object.h: two lines of C. What is left for this room is the
 * moment at which a count reaches 0, where code of the program may run (a finalizer, a callback) and
 * a million objects may go one after another.
 */
#ifndef REFCOUNTING_H
#define REFCOUNTING_H

#include "../object.h"

/* sys.getrefcount(): one more than there are, as the call holds a reference of its own.
 * CPython: Python/sysmodule.c, sys_getrefcount_impl(). */
static inline ssize_t object_getrefcount(const Object *self) {
    return self->refcnt + 1;
}

/* ---- Finalizers: PEP 442 ---------------------------------------------------------------------*/

/* Calls type->finalize. An error that it leaves is nobody's: it is written to stderr, and one that was
 * pending before is pending again. CPython: Objects/typeobject.c, slot_tp_finalize(). */
void object_run_finalizer(Object *self);

/* Runs the finalizer of an object, unless it has run before. The second is for a dealloc: the object
 * has a reference meanwhile. 0, or -1: somebody keeps it, so it must not be destroyed.
 * CPython: Objects/object.c, PyObject_CallFinalizer(), PyObject_CallFinalizerFromDealloc(). */
void object_call_finalizer(Object *self);
int object_call_finalizer_from_dealloc(Object *self);

/* ---- The trashcan ----------------------------------------------------------------------------*/

/* A dealloc that can be nested calls trash_begin() when its object is untracked, and returns at once
 * if that says so: the object waits, and its dealloc is called again later. Else it ends with
 * trash_end(). CPython: Objects/object.c, _PyTrash_begin(), _PyTrash_end(). */
enum { UNWIND_LEVEL = 50 }; // CPython: _PyTrash_UNWIND_LEVEL
extern struct Trash {
    int delete_nesting;
    Object *delete_later; // chained through the heads' prev
    bool off;             // for a scene that shows what happens without
    int deepest;          // nesting seen so far, for who wants to know
} trash;
void trash_deposit(Object *op);
void trash_destroy_chain(void);
static inline bool trash_begin(Object *op) {
    if (trash.delete_nesting >= UNWIND_LEVEL && !trash.off) {
        trash_deposit(op);
        return true;
    }
    if (++trash.delete_nesting > trash.deepest) trash.deepest = trash.delete_nesting;
    return false;
}
static inline void trash_end(void) {
    trash.delete_nesting--;
    if (trash.delete_later && trash.delete_nesting <= 0) trash_destroy_chain();
}

/* ---- Weak references: weakref.c --------------------------------------------------------------*/

/* weakref.ref(object, callback): new reference; without a callback (NULL) the same one each time.
 * NULL with MemoryError, or TypeError ("cannot create weak reference to 'list' object").
 * CPython: Objects/weakrefobject.c, PyWeakref_NewRef(). */
Object *weakref_new(Object *object, Object *callback);

/* What it refers to: a new reference, None once that has died. CPython: weakref_call(). */
Object *weakref_get(const WeakRef *self);

/* Ends all weak references to a dying object, then calls their callbacks, the newest first.
 * CPython: PyObject_ClearWeakRefs(). */
void object_clear_weakrefs(Object *object);

/* Ends one and leaves its callback in place, uncalled. CPython: _PyWeakref_ClearRef(). */
void weakref_clear_ref(WeakRef *self);

/* The head of an object's list of weak references, or NULL if its type has none. */
static inline WeakRef **object_weaklist(Object *object) {
    ssize_t offset = object->type->weaklistoffset;
    return offset ? (WeakRef **)(void *)((char *)object + offset) : NULL;
}

#endif
