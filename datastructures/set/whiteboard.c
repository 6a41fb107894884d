/* whiteboard.c: a hash set of strings: open addressing, linear probing, tombstones. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char **slots;      // NULL: empty; TOMBSTONE: was taken; else a key
    size_t size, fill, used; // slots; those that are not empty; keys
} Set;
static const char TOMBSTONE[] = "";
static size_t hash(const char *key) { // FNV-1a
    uint32_t h = 2166136261u;
    while (*key)
        h = (h ^ (unsigned char)*key++) * 16777619u;
    return h;
}

// The key's slot, or the empty slot that proves it absent; there always is one.
static const char **find(const Set *s, const char *key) {
    size_t i = hash(key) % s->size;
    while (s->slots[i] && (s->slots[i] == TOMBSTONE || strcmp(s->slots[i], key) != 0))
        i = (i + 1) % s->size;
    return &s->slots[i];
}

// Puts a key in, once; the table grows before three fifths are taken. false: no memory.
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
    if (!*slot) s->fill++, s->used++, *slot = key;
    return true;
}

// Takes a key out, if it is there.
static void discard(Set *s, const char *key) {
    const char **slot = find(s, key);
    if (*slot) *slot = TOMBSTONE, s->used--; // not NULL: keys behind it must still be found
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
    static char keys[1000][8];
    Set s = {0};
    long added = 0, found = 0, crowded = 0, empty = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        added += add(&s, keys[i]) && add(&s, keys[i]);
        crowded += s.fill * 5 > s.size * 3;
    }
    check("1000 keys go in, each offered twice", added, 1000);
    check("and are in once", (long)s.used, 1000);
    check("so often over three fifths were taken", crowded, 0);
    char same[] = "k7";
    add(&s, same);
    check("an equal key changes nothing: the first stays", *find(&s, "k7") == keys[7], true);
    for (int i = 0; i < 1000; i += 3)
        discard(&s, keys[i]), discard(&s, keys[i]);
    check("334 are discarded, each twice", (long)s.used, 666);
    for (int i = 0; i < 1000; i++)
        found += !*find(&s, keys[i]) == (i % 3 == 0);
    check("the others are found, and only they", found, 1000);
    static char nothing[1]; // not "": a compiler may put that where TOMBSTONE is
    add(&s, nothing), discard(&s, nothing), add(&s, nothing);
    check("the empty string is a key, not a tombstone", (long)s.used, 667);
    discard(&s, nothing);
    for (int i = 0; i < 1000; i++)
        discard(&s, keys[i]);
    for (int i = 0; i < 20000; i++) // a search ends only where a slot is empty
        add(&s, keys[i % 1000]), discard(&s, keys[i % 1000]);
    check("20000 times in and out leave it empty", (long)s.used, 0);
    check("and its table small: slots beyond 5000", s.size > 5000 ? (long)s.size - 5000 : 0, 0);
    for (size_t i = 0; i < s.size; i++)
        empty += !s.slots[i];
    check("fill counts the slots that are not empty", (long)(s.size - s.fill), empty);
    free(s.slots);
    return broken;
}
