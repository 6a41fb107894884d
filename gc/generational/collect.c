/* collect.c: which of these objects can nobody reach?
 *
 * Take a set of objects, a generation. Copy every refcnt (gc_refs); then let each object show what it
 * refers to, and subtract one for each reference that comes from inside the set. What is left of a
 * count are references from outside. Who has some is alive, and so is all that can be reached from
 * it; the others refer only to each other. No roots are needed, no stack is scanned: references that
 * nobody can trace (from C variables, from other generations) show as counts.
 *
 * The copy lies in the head's `prev`, so during a collection the list is linked by `next` alone.
 * move_unreachable() walks it once: what has count 0 is set aside as unreachable, for now; when
 * something alive refers to it, it is put back at the end of the list and comes up again. The
 * invariant: left of the current object all are alive and have been traversed.
 *
 * CPython: Modules/gcmodule.c, deduce_unreachable().
 */
#include "gc.h"

enum { NEXT_MASK_UNREACHABLE = 1 }; // in `next`: set aside by move_unreachable()

/* ---- Lists ------------------------------------------------------------------------------------*/

void gc_list_init(GCHead *list) {
    list->next = list->prev = (uintptr_t)list;
}

bool gc_list_is_empty(const GCHead *list) {
    return list->next == (uintptr_t)list;
}

void gc_list_append(GCHead *node, GCHead *list) {
    GCHead *last = (GCHead *)list->prev;
    gc_set_prev(node, last);
    last->next = (uintptr_t)node;
    node->next = (uintptr_t)list;
    list->prev = (uintptr_t)node;
}

void gc_list_move(GCHead *node, GCHead *list) {
    GCHead *prev = gc_prev(node), *next = gc_next(node);
    prev->next = (uintptr_t)next;
    gc_set_prev(next, prev);
    gc_list_append(node, list);
}

void gc_list_merge(GCHead *from, GCHead *to) {
    if (gc_list_is_empty(from)) return;
    GCHead *to_tail = gc_prev(to), *from_head = gc_next(from), *from_tail = gc_prev(from);
    to_tail->next = (uintptr_t)from_head;
    gc_set_prev(from_head, to_tail);
    from_tail->next = (uintptr_t)to;
    gc_set_prev(to, from_tail);
    gc_list_init(from);
}

ssize_t gc_list_size(const GCHead *list) {
    ssize_t size = 0;
    for (const GCHead *g = gc_next(list); g != list; g = gc_next(g))
        size++;
    return size;
}

/* ---- Counting references from outside ---------------------------------------------------------*/

static void gc_set_refs(GCHead *g, ssize_t refs) {
    g->prev = (g->prev & ~PREV_MASK) | (uintptr_t)refs << PREV_SHIFT;
}

/* gc_refs = refcnt, for each. Their flag tells the set from all other objects. */
static void update_refs(GCHead *containers) {
    for (GCHead *g = gc_next(containers); g != containers; g = gc_next(g)) {
        g->prev = (g->prev & PREV_MASK_FINALIZED) | PREV_MASK_COLLECTING |
                  (uintptr_t)FROM_GC(g)->refcnt << PREV_SHIFT;
    }
}

static void visit_decref(Object *op, void *arg) {
    (void)arg;
    if (op->type->gc && gc_is_collecting(AS_GC(op))) AS_GC(op)->prev -= (uintptr_t)1 << PREV_SHIFT;
}

/* gc_refs -= 1 for each reference from inside. */
static void subtract_refs(GCHead *containers) {
    for (GCHead *g = gc_next(containers); g != containers; g = gc_next(g)) {
        Object *op = FROM_GC(g);
        op->type->traverse(op, visit_decref, NULL);
    }
}

/* ---- Walking from there -----------------------------------------------------------------------*/

/* `op` can be reached. If it has been set aside, it goes back to the end of the list; if the walk has
 * not come to it yet, its count tells the walk. Objects outside the set, and those left of the walk,
 * no longer have the flag. */
static void visit_reachable(Object *op, void *reachable) {
    if (!op->type->gc) return;
    GCHead *g = AS_GC(op);
    if (!gc_is_collecting(g)) return;
    if (g->next & NEXT_MASK_UNREACHABLE) {
        GCHead *prev = gc_prev(g), *next = (GCHead *)(g->next & ~(uintptr_t)NEXT_MASK_UNREACHABLE);
        prev->next = g->next; // with its flag, which all that are set aside have
        gc_set_prev(next, prev);
        gc_list_append(g, reachable);
        gc_set_refs(g, 1);
    } else if (gc_get_refs(g) == 0) {
        gc_set_refs(g, 1);
    }
}

/* Links `prev` again as it goes. `unreachable` keeps its flags in `next`: see clear_mask(). */
static void move_unreachable(GCHead *young, GCHead *unreachable) {
    GCHead *prev = young; // the last that stays
    for (GCHead *g = gc_next(young); g != young; g = gc_next(prev)) {
        if (gc_get_refs(g)) {
            Object *op = FROM_GC(g);
            op->type->traverse(op, visit_reachable, young); // may append to young, behind g
            gc_set_prev(g, prev);
            g->prev &= ~(uintptr_t)PREV_MASK_COLLECTING;
            prev = g;
        } else {
            prev->next = g->next;
            GCHead *last = gc_prev(unreachable);
            last->next = (uintptr_t)g | NEXT_MASK_UNREACHABLE; // also the list's own head, for now
            gc_set_prev(g, last);
            g->next = (uintptr_t)unreachable | NEXT_MASK_UNREACHABLE;
            unreachable->prev = (uintptr_t)g;
        }
    }
    young->prev = (uintptr_t)prev;
    unreachable->next &= ~(uintptr_t)NEXT_MASK_UNREACHABLE;
}

/* How many there are, as the walk comes by. CPython: clear_unreachable_mask(), or
 * move_legacy_finalizers() on its way. */
static ssize_t clear_mask(GCHead *unreachable) {
    ssize_t size = 0;
    for (GCHead *g = gc_next(unreachable); g != unreachable; g = gc_next(g)) {
        g->next &= ~(uintptr_t)NEXT_MASK_UNREACHABLE;
        size++;
    }
    return size;
}

GCStep gc_step;

static void told(const char *step, GCHead *young, GCHead *unreachable) {
    if (gc_step) gc_step(step, young, unreachable);
}

/* Afterwards `unreachable` still has the flag of the set, and `base` no longer. */
ssize_t gc_deduce_unreachable(GCHead *base, GCHead *unreachable) {
    gc_list_init(unreachable);
    update_refs(base);
    told("update_refs", base, unreachable);
    subtract_refs(base);
    told("subtract_refs", base, unreachable);
    move_unreachable(base, unreachable);
    ssize_t size = clear_mask(unreachable);
    told("move_unreachable", base, unreachable);
    return size;
}
