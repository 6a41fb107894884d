/* gc.c: generations: which objects are looked at, and when.
 *
 * Most objects die young, so the young are looked at often and the old seldom. New objects enter
 * generation 0; what survives a collection moves one up. Each generation counts: 0 the objects made
 * less those freed, the others the collections of the one below. Past its threshold it is collected,
 * together with all younger ones. The oldest is spared until what waits for its first full
 * collection is a quarter of what survived the last one: so a program that only piles up objects
 * pays for each a constant number of times, and not again and again.
 *
 * CPython: Modules/gcmodule.c, gc_collect_main(), gc_collect_generations().
 */
#include "gc.h"

List *gc_garbage;
GCCallback gc_callback;

/* A tuple that holds nothing that is tracked can never be in a cycle. How many objects are left in
 * the list. CPython: _PyTuple_MaybeUntrack(). Simplified: there are no dicts here; a full collection
 * untracks those in the same way. */
static ssize_t untrack_tuples(GCHead *head) {
    ssize_t left = 0;
    for (GCHead *g = gc_next(head), *next; g != head; g = next) {
        next = gc_next(g);
        left++;
        Tuple *op = (Tuple *)FROM_GC(g);
        if (op->ob.type != &Tuple_Type) continue;
        ssize_t i = 0;
        while (i < op->size && op->items[i] && !gc_may_be_tracked(op->items[i]))
            i++;
        if (i < op->size) continue;
        gc_untrack(OBJECT(op));
        left--;
    }
    return left;
}

/* How many unreachable objects were found. Simplified: no object here has the finalizer of before
 * PEP 442 (tp_del), so nothing is uncollectable; and no type keeps dead objects for the next, which a
 * full collection would let go (clear_freelists()). */
static ssize_t gc_collect_main(int generation) {
    if (generation + 1 < NUM_GENERATIONS) gc.generations[generation + 1].count++;
    for (int i = 0; i <= generation; i++)
        gc.generations[i].count = 0;
    for (int i = 0; i < generation; i++)
        gc_list_merge(&gc.generations[i].head, &gc.generations[generation].head);
    GCHead *young = &gc.generations[generation].head;
    bool full = generation == NUM_GENERATIONS - 1;
    GCHead *old = full ? young : &gc.generations[generation + 1].head;

    GCHead unreachable, final_unreachable;
    gc_deduce_unreachable(young, &unreachable);
    ssize_t survivors = untrack_tuples(young);
    if (!full) {
        if (generation == NUM_GENERATIONS - 2) gc.long_lived_pending += survivors;
        gc_list_merge(young, old);
    } else {
        gc.long_lived_pending = 0;
        gc.long_lived_total = survivors;
    }

    ssize_t collected = gc_handle_weakrefs(&unreachable, old);
    gc_finalize_garbage(&unreachable);
    collected += gc_handle_resurrected_objects(&unreachable, &final_unreachable, old);
    gc_delete_garbage(&final_unreachable, old);
    /* What a finalizer left behind is not the error of whoever made an object just now. */
    if (error_occurred()) error_write_unraisable(None);
    gc.generation_stats[generation].collections++;
    gc.generation_stats[generation].collected += collected;
    return collected;
}

/* CPython: invoke_gc_callback(). */
static void invoke_gc_callback(const char *phase, int generation, ssize_t collected) {
    if (!gc_callback) return;
    gc_callback(phase, generation, collected, 0);
    if (error_occurred()) error_write_unraisable(None);
}

static ssize_t gc_collect_with_callback(int generation) {
    invoke_gc_callback("start", generation, 0);
    ssize_t collected = gc_collect_main(generation);
    invoke_gc_callback("stop", generation, collected);
    return collected;
}

/* The oldest generation that is past its threshold. */
static void gc_collect_generations(void) {
    for (int i = NUM_GENERATIONS - 1; i >= 0; i--) {
        if (gc.generations[i].count <= gc.generations[i].threshold) continue;
        if (i == NUM_GENERATIONS - 1 && gc.long_lived_pending < gc.long_lived_total / 4) continue;
        gc_collect_with_callback(i);
        return;
    }
}

int gc_init(void) {
    if (!gc_garbage && !(gc_garbage = list_new())) return -1;
    gc.collect_generations = gc_collect_generations;
    gc.enabled = true;
    return 0;
}

ssize_t gc_collect(int generation) {
    if (generation < 0 || generation >= NUM_GENERATIONS)
        return error_set(ValueError, "invalid generation");
    if (gc.collecting) return 0; // from a finalizer or a callback of the one that is running
    Error error = error_fetch();
    gc.collecting = true;
    ssize_t collected = gc_collect_with_callback(generation);
    gc.collecting = false;
    error_restore(error);
    return collected;
}

/* ---- What Python's gc module offers besides ---------------------------------------------------*/

ssize_t gc_generation_size(int generation) {
    return gc_list_size(&gc.generations[generation].head);
}

void gc_freeze(void) {
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        gc_list_merge(&gc.generations[i].head, &gc.permanent_generation);
        gc.generations[i].count = 0;
    }
}

void gc_unfreeze(void) {
    gc_list_merge(&gc.permanent_generation, &gc.generations[NUM_GENERATIONS - 1].head);
}

ssize_t gc_get_freeze_count(void) {
    return gc_list_size(&gc.permanent_generation);
}

/* Whether `op` refers to what `arg` points at; if so, *arg becomes NULL. */
static void visit_is(Object *op, void *arg) {
    if (op == *(Object **)arg) *(Object **)arg = NULL;
}

static bool refers_to(Object *op, Object *target) {
    op->type->traverse(op, visit_is, &target);
    return !target;
}

/* The tracked objects of generations `first` to `last` that refer to `target`, or all for NULL. The
 * list itself is not among them, nor does making it start a collection in between. */
static List *tracked_objects(int first, int last, Object *target) {
    List *result = list_new();
    bool ok = result;
    for (int i = first; i <= last && ok; i++) {
        GCHead *head = &gc.generations[i].head;
        for (GCHead *g = gc_next(head); g != head && ok; g = gc_next(g)) {
            Object *op = FROM_GC(g);
            if (op == OBJECT(result) || (target && !refers_to(op, target))) continue;
            ok = list_append(result, op) == 0;
        }
    }
    if (!ok) xdecref(result);
    return ok ? result : NULL;
}

List *gc_get_objects(int generation) {
    if (generation == -1) return tracked_objects(0, NUM_GENERATIONS - 1, NULL);
    if (generation >= 0 && generation < NUM_GENERATIONS)
        return tracked_objects(generation, generation, NULL);
    if (generation < 0)
        error_set(ValueError, "generation parameter cannot be negative");
    else
        error_set(ValueError,
                  "generation parameter must be less than the number of available generations (%d)",
                  NUM_GENERATIONS);
    return NULL;
}

List *gc_get_referrers(Object *op) {
    return tracked_objects(0, NUM_GENERATIONS - 1, op);
}

typedef struct {
    List *list;
    bool failed;
} Gathered;

static void visit_append(Object *op, void *arg) {
    Gathered *gathered = arg;
    if (!gathered->failed && list_append(gathered->list, op) < 0) gathered->failed = true;
}

List *gc_get_referents(Object *op) {
    Gathered gathered = {list_new(), false};
    if (gathered.list && op->type->gc) op->type->traverse(op, visit_append, &gathered);
    if (gathered.failed) clear_ref(gathered.list);
    return gathered.list;
}
