/* reclaim.c: what is done with objects that nobody can reach.
 *
 * They are whole, and refer to each other; code of the program has to run before they go. The order
 * makes that safe. First every weak reference to them ends, so nobody gets hold of one any more, and
 * callbacks run, of references that are not garbage themselves. Then finalizers run, which see every
 * object whole and may bring some back. Then it is looked again at who is reachable. Only what still
 * is not gets cleared; the counts do the rest.
 *
 * CPython: Modules/gcmodule.c, handle_weakrefs(), finalize_garbage(), delete_garbage().
 */
#include "gc.h"

#include "../refcounting/refcounting.h"

/* Ends the weak references to one object; those whose callbacks are to be called are moved to
 * `wrcb_to_call`, with a reference each. Not those that are garbage, too: they die together, and
 * their callback could reach what is about to be cleared. */
static void end_weakrefs(Object *op, GCHead *wrcb_to_call) {
    if (op->type == &WeakRef_Type) weakref_clear_ref((WeakRef *)op); // never to be called
    WeakRef **list = object_weaklist(op);
    while (list && *list) {
        WeakRef *ref = *list;
        weakref_clear_ref(ref);
        if (!ref->callback || gc_is_collecting(AS_GC(ref))) continue;
        incref(ref);
        gc_list_move(AS_GC(ref), wrcb_to_call);
    }
}

/* How many weak references died of their own callback. */
ssize_t gc_handle_weakrefs(GCHead *unreachable, GCHead *old) {
    GCHead wrcb_to_call;
    gc_list_init(&wrcb_to_call);
    for (GCHead *g = gc_next(unreachable); g != unreachable; g = gc_next(g))
        end_weakrefs(FROM_GC(g), &wrcb_to_call);

    ssize_t freed = 0;
    while (!gc_list_is_empty(&wrcb_to_call)) {
        GCHead *g = gc_next(&wrcb_to_call);
        WeakRef *ref = (WeakRef *)FROM_GC(g);
        Object *result = object_call(ref->callback, OBJECT(ref));
        if (!result)
            error_write_unraisable(ref->callback);
        else
            decref(result);
        decref(ref);
        if (gc_next(&wrcb_to_call) == g)
            gc_list_move(g, old);
        else
            freed++;
    }
    return freed;
}

/* A finalizer may free any of the others: so always the first that is left is taken. */
void gc_finalize_garbage(GCHead *collectable) {
    GCHead seen;
    gc_list_init(&seen);
    while (!gc_list_is_empty(collectable)) {
        GCHead *g = gc_next(collectable);
        Object *op = FROM_GC(g);
        gc_list_move(g, &seen);
        if (g->prev & PREV_MASK_FINALIZED || !op->type->finalize) continue;
        g->prev |= PREV_MASK_FINALIZED;
        incref(op);
        object_run_finalizer(op);
        decref(op);
    }
    gc_list_merge(&seen, collectable);
}

/* The same question once more, among the unreachable alone: what a finalizer has stored somewhere
 * has a reference from outside now, and keeps all that it can reach. How many are still unreachable.
 * CPython clears their flag first, which update_refs() sets again. */
ssize_t gc_handle_resurrected_objects(GCHead *unreachable, GCHead *still_unreachable, GCHead *old) {
    ssize_t size = gc_deduce_unreachable(unreachable, still_unreachable);
    gc_list_merge(unreachable, old);
    return size;
}

/* One that has been cleared and is still there is referred to by another that comes later, or it has
 * no clear: it dies with the others. */
void gc_delete_garbage(GCHead *collectable, GCHead *old) {
    while (!gc_list_is_empty(collectable)) {
        GCHead *g = gc_next(collectable);
        Object *op = FROM_GC(g);
        if (gc.debug & DEBUG_SAVEALL) {
            if (list_append(gc_garbage, op) < 0) error_clear();
        } else if (op->type->clear) {
            incref(op);
            op->type->clear(op);
            decref(op);
        }
        if (gc_next(collectable) == g) {
            g->prev &= ~(uintptr_t)PREV_MASK_COLLECTING;
            gc_list_move(g, old);
        }
    }
}
