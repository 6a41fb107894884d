/* deque.h: a queue of references: appended on the right, taken from the left. CPython:
 * Modules/_collectionsmodule.c, dequeobject, which is a list of blocks. Simplified: a ring that
 * doubles. */
#ifndef DEQUE_H
#define DEQUE_H

#include "../object.h"

typedef struct {
    Object **items; // a ring of `allocated`, a power of two
    size_t first, size, allocated;
} Deque;

/* d.append(item), item borrowed: 0, or -1 with MemoryError. */
int deque_append(Deque *self, Object *item);
/* d.popleft(): a new reference; NULL, and no error, if there is none. */
Object *deque_popleft(Deque *self);
/* d.remove(item), by identity: whether it was there. */
bool deque_remove(Deque *self, const Object *item);
/* d[i], borrowed. */
static inline Object *deque_get(const Deque *self, size_t i) {
    return self->items[(self->first + i) & (self->allocated - 1)];
}
void deque_clear(Deque *self);

#endif
