/* whiteboard.c: the dynamic array that is a Python list, as one can write it from memory. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t size, allocated; // size <= allocated
    int *items;             // a list of ints here; CPython's holds object pointers
} List;

// Makes room for newsize items, over-allocating by an eighth; false: no memory, nothing changed.
static bool resize(List *list, size_t newsize) {
    if (newsize > list->allocated || newsize < list->allocated / 2) {
        size_t allocated = newsize ? (newsize + newsize / 8 + 6) & ~(size_t)3 : 0;
        int *items = realloc(list->items, (allocated ? allocated : 1) * sizeof *items);
        if (!items) return false;
        list->items = items;
        list->allocated = allocated;
    }
    list->size = newsize;
    return true;
}

// Puts item before the one at index; at size it appends. false: no such place, or no memory.
static bool insert(List *list, size_t index, int item) {
    if (index > list->size || !resize(list, list->size + 1)) return false;
    int *cell = list->items + index;
    memmove(cell + 1, cell, (list->size - 1 - index) * sizeof *cell); // the tail, up by one
    *cell = item;
    return true;
}

// Takes out the item at index, into *item; false: no such item.
static bool pop(List *list, size_t index, int *item) {
    if (index >= list->size) return false;
    int *cell = list->items + index;
    *item = *cell;
    memmove(cell, cell + 1, (list->size - 1 - index) * sizeof *cell); // the tail, down by one
    return resize(list, list->size - 1);
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

int main(void) {
    static const size_t cells[] = {4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108}; // sys.getsizeof's
    List list = {0};
    size_t grown = 0, same = 0;
    int item = 0;
    for (int i = 0; i < 100; i++) { // append is insert at the end
        size_t before = list.allocated;
        insert(&list, list.size, i);
        if (list.allocated != before) same += grown < 11 && list.allocated == cells[grown++];
    }
    check("100 appends resize so many times", (long)grown, 11);
    check("to the numbers of cells that Python takes", (long)same, 11);
    check("insert(0) puts it in front", insert(&list, 0, -1) ? list.items[0] : -99, -1);
    check("and moves the last up", list.items[100], 99);
    check("insert past the end is refused", insert(&list, 102, 7), false);
    check("pop(0) takes it out again", pop(&list, 0, &item) ? item : -99, -1);
    check("and moves the rest down", list.items[0], 0);
    size_t shrunk = 0, right = 0;
    for (int i = 99; i >= 50; i--) {
        size_t before = list.allocated;
        right += pop(&list, list.size - 1, &item) && item == i;
        shrunk += list.allocated != before;
    }
    check("half empty, it gives cells back, once", (long)shrunk, 1);
    for (int i = 49; i >= 0; i--)
        right += pop(&list, list.size - 1, &item) && item == i;
    check("popped from the end they come in reverse", (long)right, 100);
    check("pop from an empty list is refused", pop(&list, 0, &item), false);
    check("an empty list has no cells", (long)list.allocated, 0);
    free(list.items);
    return broken;
}
