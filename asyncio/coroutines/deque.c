/* deque.c: the ring of deque.h. */
#include "deque.h"

int deque_append(Deque *self, Object *item) {
    if (self->size == self->allocated) {
        size_t allocated = self->allocated ? 2 * self->allocated : 4;
        Object **items = malloc(allocated * sizeof *items);
        if (!items) {
            error_no_memory();
            return -1;
        }
        for (size_t i = 0; i < self->size; i++)
            items[i] = deque_get(self, i);
        free(self->items);
        *self = (Deque){items, 0, self->size, allocated};
    }
    self->items[(self->first + self->size++) & (self->allocated - 1)] = new_ref(item);
    return 0;
}

Object *deque_popleft(Deque *self) {
    if (self->size == 0) return NULL;
    Object *item = self->items[self->first];
    self->first = (self->first + 1) & (self->allocated - 1);
    self->size--;
    return item;
}

/* What is waited for longest is found first: those on its left move up. */
bool deque_remove(Deque *self, const Object *item) {
    for (size_t i = 0; i < self->size; i++) {
        if (deque_get(self, i) != item) continue;
        Object *gone = deque_get(self, i);
        for (; i > 0; i--)
            self->items[(self->first + i) & (self->allocated - 1)] = deque_get(self, i - 1);
        self->first = (self->first + 1) & (self->allocated - 1);
        self->size--;
        decref(gone);
        return true;
    }
    return false;
}

void deque_clear(Deque *self) {
    Object *item;
    while ((item = deque_popleft(self)))
        decref(item);
    free(self->items);
    *self = (Deque){0};
}
