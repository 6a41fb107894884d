/* whiteboard.c: the dict, as one can write it from memory: indices, entries in order, dummies. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { EMPTY = -1, DUMMY = -2 };
typedef struct {
    const char *key; // NULL: deleted
    int value;
} Entry;
typedef struct {
    size_t size;        // of indices, a power of two
    int *indices;       // the hash table: numbers of entries, EMPTY or DUMMY
    Entry *entries;     // in the order of insertion; room for size * 2 / 3
    int nentries, used; // entries taken, holes among them; items
} Dict;
static size_t hash(const char *s) { // in real life keyed with a secret
    size_t h = 5381;
    while (*s)
        h = h * 33 ^ (unsigned char)*s++;
    return h;
}
// The key's slot, or the empty slot where its path ends: perturb >>= 5, i = 5 * i + perturb + 1.
static int *find(const Dict *d, const char *key) {
    size_t perturb = hash(key), mask = d->size - 1, i = perturb & mask;
    for (int n; (n = d->indices[i]) != EMPTY; perturb >>= 5, i = (5 * i + perturb + 1) & mask)
        if (n != DUMMY && !strcmp(d->entries[n].key, key)) break;
    return &d->indices[i];
}
// A table for three times the items: live entries in their order, no dummies. false: no memory.
static bool resize(Dict *d) {
    Dict t = {.size = 8, .used = d->used};
    while (t.size < 3 * (size_t)d->used)
        t.size *= 2;
    t.indices = malloc(t.size * sizeof(int)), t.entries = malloc(t.size * 2 / 3 * sizeof(Entry));
    if (!t.indices || !t.entries) return free(t.indices), free(t.entries), false;
    memset(t.indices, 0xff, t.size * sizeof(int)); // all EMPTY
    for (int n = 0; n < d->nentries; n++)
        if (d->entries[n].key)
            *find(&t, d->entries[n].key) = t.nentries, t.entries[t.nentries++] = d->entries[n];
    return free(d->indices), free(d->entries), *d = t, true;
}
// d[key] = value. A key that is there keeps its place. false: no memory.
static bool set(Dict *d, const char *key, int value) {
    if (*find(d, key) == EMPTY) {
        if ((size_t)d->nentries == d->size * 2 / 3 && !resize(d)) return false;
        d->entries[d->nentries] = (Entry){key, value};
        *find(d, key) = d->nentries++, d->used++;
    }
    return d->entries[*find(d, key)].value = value, true;
}
// del d[key]. false: it is not there.
static bool del(Dict *d, const char *key) {
    int *slot = find(d, key);
    if (*slot == EMPTY) return false;
    d->entries[*slot].key = NULL; // a hole, or every number after it would change
    *slot = DUMMY, d->used--;     // not EMPTY: other keys' paths lead through here
    return true;
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

static int value_of(const Dict *d, const char *key) {
    int n = *find(d, key);
    return n < 0 ? -1 : d->entries[n].value;
}

/* Two keys that begin at one slot of eight, where the second's next slot tells dict's path from a
 * linear one, from one whose perturb is never shifted, and from one that has none. */
static void check_path(void) {
    static char first[8], second[8];
    for (int i = 0; i < 10000; i++) {
        snprintf(first, sizeof first, "a%d", i % 100);
        snprintf(second, sizeof second, "b%d", i / 100);
        size_t h = hash(second), at = h & 7, next = (5 * at + (h >> 5) + 1) & 7;
        if ((hash(first) & 7) != at || next == ((at + 1) & 7)) continue;
        if (next == ((5 * at + h + 1) & 7) || next == ((5 * at + 1) & 7)) continue;
        Dict d = {0};
        if (!resize(&d) || !set(&d, first, 1) || !set(&d, second, 2)) return;
        check("a key whose slot is taken goes to (5 * i + perturb + 1) & 7",
              (long)(find(&d, second) - d.indices), (long)next);
        free(d.indices), free(d.entries);
        return;
    }
}

int main(void) {
    static char keys[1000][8];
    Dict d = {0};
    if (!resize(&d)) return 1;
    check("an empty dict has 8 slots", (long)d.size, 8);
    check("and all of them are empty", value_of(&d, "x"), -1);
    check_path();
    set(&d, "x", 1), set(&d, "y", 2), set(&d, "x", 3);
    check("the last value wins", value_of(&d, "x"), 3);
    check("the first place stays", *find(&d, "x"), 0);
    check("two keys are two items", d.used, 2);
    check("del of a key that is there", del(&d, "x"), true);
    check("and then it is not", value_of(&d, "x"), -1);
    check("nor to be deleted again", del(&d, "x"), false);
    set(&d, "x", 4);
    check("inserted again it goes to the end", *find(&d, "x"), 2);
    del(&d, "x"), del(&d, "y");
    for (int i = 0; i < 1000; i++)
        snprintf(keys[i], sizeof keys[i], "k%d", i), set(&d, keys[i], i);
    long found = 0, order = 0, gone = 0;
    for (int i = 0; i < 1000; i++)
        found += value_of(&d, keys[i]) == i;
    check("1000 keys are found", found, 1000);
    check("in a table of this size", (long)d.size, 2048);
    check("what was deleted did not move over", d.nentries, 1000);
    for (int i = 0; i < 1000; i += 2)
        del(&d, keys[i]);
    for (int i = 0; i < 1000; i++)
        gone += value_of(&d, keys[i]) == (i % 2 ? i : -1);
    check("half deleted: the others are found, and only they", gone, 1000);
    resize(&d);
    check("a rebuild keeps the items", d.used, 500);
    for (int n = 0; n < d.nentries && n < 500; n++)
        order += d.entries[n].key == keys[2 * n + 1];
    check("in the order of insertion, without holes", order, 500);
    long most = 0;
    for (int i = 0; i < 100000; i++) { // a queue: in at one end, out at the other
        set(&d, keys[i % 2 ? 0 : 2], i), del(&d, keys[i % 2 ? 2 : 0]);
        if ((long)d.size > most) most = (long)d.size;
    }
    check("a queue of two items does not grow the table", most <= 2048, true);
    free(d.indices), free(d.entries);
    return broken;
}
