/* whiteboard.c: a hash set of strings: open addressing, linear probing, tombstones. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char **slots;      // NULL: empty; TOMBSTONE: was taken; else a key
    size_t size, fill, used; // slots; those that are not empty; keys
} Set;
static const char TOMBSTONE[] = "";
static unsigned long long hash(const char *key) { // FNV-1a
    unsigned long long h = 14695981039346656037u;
    while (*key)
        h = (h ^ (unsigned char)*key++) * 1099511628211u;
    return h;
}

/* The key's slot, or the empty slot that proves it absent; there always is one. */
static const char **find(const Set *s, const char *key) {
    size_t i = (size_t)(hash(key) % s->size);
    while (s->slots[i] && (s->slots[i] == TOMBSTONE || strcmp(s->slots[i], key) != 0))
        i = (i + 1) % s->size;
    return &s->slots[i];
}

static bool add(Set *s, const char *key) {
    if ((s->fill + 1) * 5 > s->size * 3) { // tombstones count: they make searches long too
        Set grown = {.size = 8 + s->used * 4};
        if (!(grown.slots = calloc(grown.size, sizeof *grown.slots))) return false;
        for (size_t i = 0; i < s->size; i++)
            if (s->slots[i] && s->slots[i] != TOMBSTONE) add(&grown, s->slots[i]);
        free(s->slots);
        *s = grown;
    }
    const char **slot = find(s, key);
    if (!*slot) s->fill++, s->used++;
    *slot = key;
    return true;
}

static void discard(Set *s, const char *key) {
    const char **slot = find(s, key);
    if (*slot) *slot = TOMBSTONE, s->used--; // not NULL: keys behind it must still be found
}

int main(void) {
    static char keys[1000][8];
    Set s = {0};
    bool good = true;
    for (int i = 0; i < 1000; i++)
        snprintf(keys[i], 8, "k%d", i), good &= add(&s, keys[i]) && add(&s, keys[i]);
    for (int i = 0; i < 1000; i += 3)
        discard(&s, keys[i]);
    for (int i = 0; i < 1000; i++)
        good &= s.used == 666 && !*find(&s, keys[i]) == (i % 3 == 0);
    free(s.slots);
    puts(good ? "whiteboard set: ok" : "whiteboard set: WRONG");
    return !good;
}
