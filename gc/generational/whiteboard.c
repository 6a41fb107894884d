/* whiteboard.c: a finder of cycles, from memory: which of these can nobody reach? */
#include <stdio.h>
#include <stdlib.h>
typedef struct Object {
    int refcnt, gc_refs, nrefs;              // references to it; the collector's copy; those it has
    struct Object *refs[4], *prev, *next;    // prev, next: its list, a ring with a head
    enum { OLD, AHEAD, ASIDE, ALIVE } place; // OLD: not in the set that is collected
} Object;
static int dead;                                  // how many have been freed
static void list_move(Object *op, Object *list) { // to its end
    op->prev->next = op->next, op->next->prev = op->prev;
    op->prev = list->prev, op->next = list, list->prev->next = op, list->prev = op;
}
static void decref(Object *op) { // at 0 it dies, and lets go of what it refers to
    if (--op->refcnt > 0) return;
    op->prev->next = op->next, op->next->prev = op->prev;
    while (op->nrefs > 0)
        decref(op->refs[--op->nrefs]);
    free(op), dead++;
}
// Each gc_refs begins as a copy of refcnt. AHEAD tells the set from all other objects.
static void update_refs(Object *set) {
    for (Object *op = set->next; op != set; op = op->next)
        op->gc_refs = op->refcnt, op->place = AHEAD;
}
// Less one for each reference from inside the set to inside the set.
static void subtract_refs(Object *set) {
    for (Object *op = set->next; op != set; op = op->next)
        for (int i = 0; i < op->nrefs; i++)
            if (op->refs[i]->place == AHEAD) op->refs[i]->gc_refs--;
}
// Something alive refers to `op`: if it was set aside it comes back; in any case it has a reference.
static void reach(Object *op, Object *set) {
    if (op->place == ASIDE) list_move(op, set), op->place = AHEAD;
    if (op->place == AHEAD) op->gc_refs = 1;
}
// One walk: what has references left is alive, and so is all that it reaches; the rest is set aside.
static void move_unreachable(Object *set, Object *unreachable) {
    for (Object *op = set->next, *next; op != set; op = next) {
        next = op->next;
        op->place = op->gc_refs > 0 ? ALIVE : ASIDE;
        if (op->place == ASIDE) list_move(op, unreachable);
        if (op->place == ASIDE) continue;
        for (int i = 0; i < op->nrefs; i++)
            reach(op->refs[i], set);
        next = op->next; // only now: what has come back may be the next
    }
}
// Finds what nobody can reach, and breaks its cycles; the counts do the rest.
static void collect(Object *set) {
    Object unreachable = {.prev = &unreachable, .next = &unreachable};
    update_refs(set), subtract_refs(set), move_unreachable(set, &unreachable);
    while (unreachable.next != &unreachable) { // always the first: others may be gone by then
        Object *op = unreachable.next;
        op->refcnt++, list_move(op, set); // held: it must not die while it is being emptied
        while (op->nrefs > 0)
            decref(op->refs[--op->nrefs]);
        decref(op);
    }
}
// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static Object *make(Object *list) {
    Object *op = calloc(1, sizeof *op);
    if (!op) exit(1);
    op->refcnt = 1;
    op->prev = op->next = op;
    list_move(op, list);
    return op;
}

/* from refers to `to` from now on. */
static void refer(Object *from, Object *to) {
    from->refs[from->nrefs++] = to;
    to->refcnt++;
}

static int length(const Object *list) {
    int n = 0;
    for (const Object *op = list->next; op != list; op = op->next)
        n++;
    return n;
}

#define RING(list)                                                                                 \
    { .prev = &(list), .next = &(list) }

/* a <-> b, b -> c -> d, e <-> f -> d; a variable has a. Made in the order c e a b f d. */
static void check_steps(void) {
    Object set = RING(set), unreachable = RING(unreachable);
    Object *c = make(&set), *e = make(&set), *a = make(&set), *b = make(&set), *f = make(&set),
           *d = make(&set);
    Object *others[] = {b, c, d, e, f};
    refer(a, b), refer(b, a), refer(b, c), refer(c, d), refer(e, f), refer(f, e), refer(f, d);
    for (int i = 0; i < 5; i++)
        others[i]->refcnt--;
    update_refs(&set);
    check("a copy of the count", a->gc_refs, 2);
    subtract_refs(&set);
    check("a has one reference from outside", a->gc_refs, 1);
    check("d, to which two of the set refer, has none", d->gc_refs, 0);
    check("the counts themselves stay", a->refcnt + d->refcnt, 4);
    move_unreachable(&set, &unreachable);
    check("a, b, c, d can be reached", length(&set), 4);
    check("c, set aside before b was seen, is back", c->place, ALIVE);
    check("and d, that c brought back", d->place, ALIVE);
    check("e and f cannot", e->place == ASIDE && f->place == ASIDE ? length(&unreachable) : -1, 2);
    while (unreachable.next != &unreachable)
        list_move(unreachable.next, &set);
    collect(&set);
    check("the two of them are freed", dead, 2);
    check("and d has lost a reference", d->refcnt, 1);
    decref(a);
    collect(&set);
    check("without the variable all are freed", dead, 6);
    check("and the list is empty", length(&set), 0);
}

/* A chain whose only outside reference is to its end: set aside whole, it comes back one by one. */
static void check_chain(void) {
    enum { CHAIN = 2000 };
    Object set = RING(set);
    Object *last = make(&set);
    for (int i = 1; i < CHAIN; i++) {
        Object *op = make(&set);
        op->refs[op->nrefs++] = last; // the reference moves to the next
        last = op;
    }
    dead = 0;
    collect(&set);
    check("a chain made from its far end lives whole", length(&set), CHAIN);
    check("nothing of it was freed", dead, 0);
    last->refcnt--; // forgotten, not let go of: as by an extension
    last->refs[1] = last, last->nrefs = 2, last->refcnt++;
    collect(&set);
    check("once its end refers to nothing but itself it goes whole", dead, CHAIN);
}

/* Of a young generation: the old are not asked, and not touched. */
static void check_old(void) {
    Object young = RING(young), old = RING(old);
    Object *o = make(&old), *x = make(&young), *y = make(&young), *z = make(&young);
    refer(o, x), refer(x, y), refer(y, x), refer(y, o), refer(z, z), refer(z, z), refer(z, o);
    x->refcnt--, y->refcnt--, z->refcnt--;
    o->gc_refs = 77, dead = 0;
    collect(&young);
    check("what an old object refers to is alive", x->place == ALIVE && y->place == ALIVE, 1);
    check("an old object's gc_refs is no business of the young", o->gc_refs, 77);
    check("nor its place", o->place == OLD ? length(&old) : -1, 1);
    check("two references to itself are two", dead, 1);
    check("what died has let go of the old", o->refcnt, 2);
    decref(o);
    for (Object *op = old.next; op != &old; op = op->next)
        op->nrefs = 0, op->refcnt = 1, x->refcnt--; // o lets go of x
    collect(&young);
    if (old.next != &old) decref(old.next);
}

/* Rings of all sizes, each with a tail that hangs on it, and a reference to the ring before it. */
static void check_rings(void) {
    Object set = RING(set), *before = NULL;
    for (int size = 1; size <= 30; size++) {
        Object *first = make(&set), *op = first;
        if (before) refer(first, before);
        before = first;
        for (int i = 1; i < size; i++) {
            Object *next = make(&set);
            op->refs[op->nrefs++] = next;
            op = next;
        }
        op->refs[op->nrefs++] = first;
        op->refs[op->nrefs++] = make(&set); // the tail, which no cycle is in
    }
    dead = 0;
    collect(&set);
    check("30 rings and their tails", dead, 30 * 31 / 2 + 30);
}

int main(void) {
    check_steps();
    check_chain();
    check_old();
    check_rings();
    return broken;
}
