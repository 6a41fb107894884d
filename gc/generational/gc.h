/* gc.h: the collector of cycles: three generations, and when each is looked at.
 *
 * Read collect.c first: how the unreachable is found among some objects, which is the whole idea and
 * needs three short functions. Then reclaim.c, what is done with it: weak references, finalizers,
 * clearing, in an order that lets code of the program run in between. Then gc.c: which objects are
 * looked at and when, and what Python's gc module offers.
 *
 * CPython: Modules/gcmodule.c.
 */
#ifndef GENERATIONAL_GC_H // GC_H is libgc's
#define GENERATIONAL_GC_H

#include "../object.h"

/* Turns the collector on: from now on allocation starts it. 0, or -1 with MemoryError and it stays
 * off. CPython: _PyGC_Init(). */
int gc_init(void);

/* gc.collect(generation): how many unreachable objects were found; 0 while one is running; -1 with
 * ValueError ("invalid generation"). CPython: gc_collect_impl(). */
ssize_t gc_collect(int generation);

/* gc.get_objects(generation): the tracked objects of a generation in order, or of all for -1; a new
 * list; NULL with MemoryError, or with ValueError for a generation that there is not.
 * CPython: gc_get_objects_impl(). */
List *gc_get_objects(int generation);

/* gc.get_referrers(obj), gc.get_referents(obj): new lists; NULL with MemoryError.
 * CPython: gc_get_referrers(), gc_get_referents(). */
List *gc_get_referrers(Object *op);
List *gc_get_referents(Object *op);

/* gc.freeze(): what is tracked now is never looked at again, so a forked child does not write to it;
 * gc.unfreeze(): all of it is old. CPython: gc_freeze_impl(), gc_unfreeze_impl(). */
void gc_freeze(void);
void gc_unfreeze(void);
ssize_t gc_get_freeze_count(void);

/* Keeps what is found in gc_garbage instead of clearing it. CPython: DEBUG_SAVEALL. */
enum { DEBUG_SAVEALL = 1 << 5 };
extern List *gc_garbage; // NULL before gc_init()

/* Called before and after each collection, as gc.callbacks are. Simplified: one C function. */
typedef void (*GCCallback)(const char *phase, int generation, ssize_t collected,
                           ssize_t uncollectable);
extern GCCallback gc_callback;

/* How many objects a generation has; CPython: gc_list_size(). */
ssize_t gc_generation_size(int generation);

/* ---- The lists: list.h's business, in collect.c ----------------------------------------------*/

void gc_list_init(GCHead *list);
bool gc_list_is_empty(const GCHead *list);
void gc_list_append(GCHead *node, GCHead *list);
void gc_list_move(GCHead *node, GCHead *list);
void gc_list_merge(GCHead *from, GCHead *to); // from is empty afterwards
ssize_t gc_list_size(const GCHead *list);

/* For speed, it has memory fetched that lies ten objects of 64 bytes further: objects are mostly
 * listed in the order in which they were made, and mostly lie in that order. */
static inline GCHead *gc_next(const GCHead *g) {
    __builtin_prefetch((const void *)((uintptr_t)g + 640));
    return (GCHead *)g->next;
}
static inline bool gc_is_collecting(const GCHead *g) {
    return g->prev & PREV_MASK_COLLECTING;
}
static inline ssize_t gc_get_refs(const GCHead *g) {
    return (ssize_t)(g->prev >> PREV_SHIFT);
}

/* ---- The steps of a collection ---------------------------------------------------------------*/

/* Called between the steps by gc_collect_main(), with the list at hand, for who wants to watch: after
 * "update_refs", "subtract_refs", "move_unreachable", ... Heads must be read with care: see each
 * step's comment. */
typedef void (*GCStep)(const char *step, GCHead *young, GCHead *unreachable);
extern GCStep gc_step;

/* Splits a list: what is reachable from outside of it stays, in the order in which it was reached,
 * the rest goes to `unreachable`: how many. CPython: deduce_unreachable(), clear_unreachable_mask(). */
ssize_t gc_deduce_unreachable(GCHead *base, GCHead *unreachable);

/* reclaim.c. CPython: handle_weakrefs(), finalize_garbage(), handle_resurrected_objects(),
 * delete_garbage(). */
ssize_t gc_handle_weakrefs(GCHead *unreachable, GCHead *old);
void gc_finalize_garbage(GCHead *collectable);
ssize_t gc_handle_resurrected_objects(GCHead *unreachable, GCHead *still_unreachable, GCHead *old);
void gc_delete_garbage(GCHead *collectable, GCHead *old);

#endif
