/* whiteboard.c: the dynamic array that is a Python list, as one can write it from memory. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t size, allocated; // size <= allocated
    int *items;             // a list of ints here; CPython's holds object pointers
} List;

static bool resize(List *list, size_t newsize) { // false: out of memory, nothing changed
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

static bool insert(List *list, size_t index, int item) {
    if (index > list->size || !resize(list, list->size + 1)) return false;
    int *cell = list->items + index;
    memmove(cell + 1, cell, (list->size - 1 - index) * sizeof *cell); // the tail, up by one
    *cell = item;
    return true;
}

static bool pop(List *list, size_t index, int *item) {
    if (index >= list->size) return false;
    int *cell = list->items + index;
    *item = *cell;
    memmove(cell, cell + 1, (list->size - 1 - index) * sizeof *cell); // the tail, down by one
    return resize(list, list->size - 1);
}

int main(void) {
    const size_t expected[] = {4,  8,  16, 24, 32, 40,
                               52, 64, 76, 92, 108}; // what sys.getsizeof shows
    List list = {0};
    size_t moves = 0;
    bool ok = true;
    int item = 0;
    for (int i = 0; i < 100; i++) { // append is insert at the end
        size_t before = list.allocated;
        ok = ok && insert(&list, list.size, i);
        if (list.allocated != before) ok = ok && list.allocated == expected[moves++];
    }
    ok = ok && moves == 11 && insert(&list, 0, -1) && list.items[0] == -1 && list.items[100] == 99;
    ok = ok && pop(&list, 0, &item) && item == -1 && list.items[0] == 0 && list.size == 100;
    for (int i = 99; i >= 0; i--)
        ok = ok && pop(&list, list.size - 1, &item) && item == i;
    ok = ok && !pop(&list, 0, &item) && list.allocated == 0;
    free(list.items);
    puts(ok ? "list whiteboard: ok" : "list whiteboard: FAILED");
    return !ok;
}
