/* whiteboard.c: reference counts, as one can write them from memory: a death, step by step. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
typedef struct Object Object;
struct Object {
    long refcnt;           // references that somebody owns
    void (*del)(Object *); // __del__, called once, may do anything; or NULL
    bool finalized;        // it has been called
    Object *next;          // in the trashcan: who waits behind this one
    int size;
    Object *items[]; // a reference each; NULL: empty
};
enum { UNWIND_LEVEL = 50 };
static int nesting;     // deallocs that are running, one inside the other
static Object *waiting; // the trashcan
static long alive;      // objects whose memory has not been given back
static void dealloc(Object *self);
// A new object, whose one reference is the caller's; its items are empty. NULL: no memory.
static Object *new_object(int size, void (*del)(Object *)) {
    Object *self = calloc(1, sizeof *self + (size_t)size * sizeof *self->items);
    if (self) self->refcnt = 1, self->del = del, self->size = size, alive++;
    return self;
}
// One reference less, unless it is NULL; the last one ends the object.
static void decref(Object *self) {
    if (self && --self->refcnt == 0) dealloc(self);
}
// items[i] = value, with a reference of its own to it; NULL empties the item.
static void set_item(Object *self, int i, Object *value) {
    Object *old = self->items[i];
    if (value) value->refcnt++; // first: it may be the old one
    self->items[i] = value;
    decref(old); // last: the code that this runs sees the item as it will be
}
// Calls __del__, with a reference while it runs. True: somebody has kept the object.
static bool resurrected(Object *self) {
    if (!self->del || self->finalized) return false;
    self->refcnt = 1, self->finalized = true;
    self->del(self);
    return --self->refcnt > 0; // by hand: decref would begin its death anew
}
// The count is 0: deep in a chain it waits; else __del__, then its references, then its memory.
static void dealloc(Object *self) {
    if (nesting == UNWIND_LEVEL) {
        self->next = waiting, waiting = self;
        return;
    }
    nesting++;
    bool dies = !resurrected(self);
    for (int i = self->size; dies && i-- > 0;)
        set_item(self, i, NULL);
    if (dies) alive--, free(self);
    while (nesting == 1 && waiting) { // with nothing below on the stack
        Object *first = waiting;
        waiting = first->next, dealloc(first);
    }
    nesting--; // not before: who comes out of the trashcan must not empty it
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

static Object *owner, *kept;
static long ran, saw, deepest;
static char *highest, *lowest; // of the stack

static void looks(Object *self) { // at its place in the owner
    ran++;
    saw = owner->items[0] == self ? 1 : owner->items[0] ? 2 : 0;
}

static void counts(Object *self) {
    char *here = __builtin_frame_address(0);
    ran++;
    if (nesting > deepest) deepest = nesting;
    if (!highest || here > highest) highest = here;
    if (!lowest || here < lowest) lowest = here;
    saw = self->size > 0 && self->items[0] != NULL;
}

static void keeps(Object *self) {
    ran++;
    self->refcnt++;
    kept = self;
}

static void borrows(Object *self) { // takes a reference and drops it again
    ran++;
    self->refcnt++;
    decref(self);
}

static Object *chain(int length) {
    Object *last = NULL;
    for (int i = 0; i < length; i++) {
        Object *next = new_object(1, counts);
        if (!next) exit(1);
        set_item(next, 0, last);
        decref(last);
        last = next;
    }
    return last;
}

int main(void) {
    Object *a = new_object(2, NULL), *b = new_object(1, counts), *c = new_object(0, NULL);
    if (!a || !b || !c) return 1;
    check("a new object has one reference", a->refcnt, 1);
    set_item(a, 0, b), set_item(a, 1, b);
    check("an item is a reference of its own", b->refcnt, 3);
    set_item(a, 0, b);
    check("to put in what is there changes no count", b->refcnt, 3);
    set_item(a, 1, NULL), decref(b);
    check("an emptied item has given its reference back", b->refcnt, 1);
    set_item(a, 0, a->items[0]);
    check("nor does that end an object with this one reference", a->items[0] == b && ran == 0,
          true);
    check("so it still has it", b->refcnt, 1);
    set_item(b, 0, c), decref(c);
    decref(a);
    check("who dies lets go of who dies with it: alive", alive, 0);
    check("whose __del__ is called once", ran, 1);
    check("when its own items are still there", saw, true);

    owner = new_object(1, NULL), a = new_object(0, looks), b = new_object(0, NULL);
    if (!owner || !a || !b) return 1;
    set_item(owner, 0, a), decref(a);
    set_item(owner, 0, b);
    check("the __del__ of the old item sees the new one in its place", saw, 2);
    decref(owner), decref(b);
    check("all of them are gone: alive", alive, 0);

    ran = 0;
    a = new_object(1, keeps), b = new_object(0, NULL);
    if (!a || !b) return 1;
    set_item(a, 0, b), decref(b);
    decref(a);
    check("who is kept by somebody lives on: alive", alive, 2);
    check("with that one reference", kept->refcnt, 1);
    check("and with its items", kept->items[0] == b, true);
    decref(kept);
    check("then it dies for good: alive", alive, 0);
    check("without a second __del__", ran, 1);
    ran = 0, a = new_object(0, borrows);
    decref(a);
    check("a __del__ that takes a reference and drops it runs once", ran, 1);
    check("and the object dies once: alive", alive, 0);

    decref(chain(1000));
    check("a chain of 1000 dies: alive", alive, 0);
    check("50 deep", deepest, 50);
    check("and then nothing is running", nesting, 0);
    a = chain(49), b = a, c = new_object(3, counts);
    while (b->items[0])
        b = b->items[0];
    for (int i = 0; i < 3; i++)
        set_item(c, i, kept = chain(2)), decref(kept);
    set_item(b, 0, c), decref(c);
    decref(a);
    check("three wait at once, and die: alive", alive, 0);
    deepest = 0, highest = lowest = NULL;
    decref(chain(200000));
    check("a chain of 200000 dies: alive", alive, 0);
    check("50 deep, too", deepest, 50);
    check("the stack took less than 64 KiB", highest - lowest < 64 * 1024, true);
    return broken;
}
