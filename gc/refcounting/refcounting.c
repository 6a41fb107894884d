/* refcounting.c: the finalizer that runs once, and the trashcan that keeps deep chains off the stack.
 *
 * CPython: Objects/object.c, PyObject_CallFinalizerFromDealloc(), _PyTrash_begin().
 */
#include "refcounting.h"

void object_run_finalizer(Object *self) {
    if (!error_occurred()) {
        self->type->finalize(self);
        if (error_occurred()) error_write_unraisable(self);
        return;
    }
    Error error = error_fetch(); // 280 bytes: longer to move than all else that happens here
    object_run_finalizer(self);
    error_restore(error);
}

void object_call_finalizer(Object *self) {
    if (!self->type->finalize || gc_is_finalized(self)) return;
    object_run_finalizer(self);
    if (self->type->gc) AS_GC(self)->prev |= PREV_MASK_FINALIZED;
}

/* The count is set to 1 while the finalizer runs, as it is handed the object and may pass it on. It
 * is lowered by hand: decref would destroy the object a second time. */
int object_call_finalizer_from_dealloc(Object *self) {
    self->refcnt = 1;
    object_call_finalizer(self);
    return --self->refcnt == 0 ? 0 : -1;
}

struct Trash trash;

/* The head is free to be used: the object is in no list, and nobody refers to it.
 * CPython: _PyTrash_thread_deposit_object(). */
void trash_deposit(Object *op) {
    gc_set_prev(AS_GC(op), (GCHead *)(void *)trash.delete_later);
    trash.delete_later = op;
}

/* The nesting is raised for the whole loop: what these objects drop is put on the same chain, and
 * does not begin a loop of its own. CPython: _PyTrash_thread_destroy_chain(). */
void trash_destroy_chain(void) {
    trash.delete_nesting++;
    while (trash.delete_later) {
        Object *op = trash.delete_later;
        trash.delete_later = (Object *)(void *)gc_prev(AS_GC(op));
        AS_GC(op)->prev &= PREV_MASK_FINALIZED;
        op->type->dealloc(op);
    }
    trash.delete_nesting--;
}
