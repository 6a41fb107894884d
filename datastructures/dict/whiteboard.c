/* The dict one can write from memory: indices, entries in order, perturbed probing, dummies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { EMPTY = -1, DUMMY = -2, SIZE = 2048, ENTRIES = SIZE * 2 / 3 }; // growing: say it, skip it
typedef struct {
    const char *key; // NULL: deleted
    int value;
} Entry;
static int indices[SIZE]; // the hash table: numbers of entries
static Entry entries[ENTRIES];
static int fill, used;

static size_t hash(const char *s) { // in real life keyed with a secret
    size_t h = 5381;
    while (*s)
        h = h * 33 ^ (unsigned char)*s++;
    return h;
}

static int *find(const char *key) { // the key's slot, or the empty slot where its path ends
    size_t perturb = hash(key), i = perturb % SIZE;
    for (; indices[i] != EMPTY; perturb >>= 5, i = (5 * i + perturb + 1) % SIZE) {
        if (indices[i] != DUMMY && !strcmp(entries[indices[i]].key, key)) break;
    }
    return &indices[i];
}

static void set(const char *key, int value) {
    int *slot = find(key);
    if (*slot == EMPTY) {
        if (fill == ENTRIES) exit(1); // here: a table for 3 * used, live entries only
        entries[fill].key = key;
        *slot = fill++;
        used++;
    }
    entries[*slot].value = value;
}

static void del(const char *key) {
    int *slot = find(key);
    if (*slot == EMPTY) return;
    entries[*slot].key = NULL; // a hole, or every number after it would change
    *slot = DUMMY;             // not EMPTY: other keys' paths lead through here
    used--;
}

int main(void) {
    static char keys[1000][8];
    memset(indices, 0xff, sizeof indices);
    for (int i = 0; i < 1000; i++)
        snprintf(keys[i], sizeof keys[i], "k%d", i), set(keys[i], i);
    for (int i = 0; i < 1000; i += 2)
        del(keys[i]);
    int bad = used != 500;
    for (int i = 0; i < 1000; i++)
        bad += i % 2 ? entries[*find(keys[i])].value != i : *find(keys[i]) != EMPTY;
    printf(bad ? "wrong\n" : "1000 keys in, 500 out, 500 found\n");
    return bad != 0;
}
