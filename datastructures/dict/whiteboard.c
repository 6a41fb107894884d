/* The dict one can write from memory: indices, entries in order, perturbed probing, dummies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char *key; int value; size_t hash; } Entry; // key NULL: deleted
typedef struct { int *indices, size, used, fill; Entry *entries; } Dict;
enum { EMPTY = -1, DUMMY = -2 };

static size_t hash_of(const char *s) { // in real life keyed with a secret
    size_t h = 5381;
    while (*s) h = h * 33 ^ (unsigned char)*s++;
    return h;
}

static int *find(Dict *d, const char *key, size_t h) { // the key's slot, or the empty slot at the end
    size_t mask = (size_t)d->size - 1, i = h & mask;
    for (size_t perturb = h;; perturb >>= 5, i = (5 * i + perturb + 1) & mask) {
        int ix = d->indices[i];
        if (ix == EMPTY) return &d->indices[i];
        if (ix >= 0 && d->entries[ix].hash == h && !strcmp(d->entries[ix].key, key)) return &d->indices[i];
    }
}

static void resize(Dict *d, int size) { // live entries move over in order; holes and dummies do not
    Dict old = *d;
    *d = (Dict){malloc((size_t)size * sizeof(int)), size, 0, 0, malloc((size_t)size * sizeof(Entry))};
    if (!d->indices || !d->entries) exit(1);
    memset(d->indices, 0xff, (size_t)size * sizeof(int)); // EMPTY is all ones
    for (int i = 0; i < old.fill; i++)
        if (old.entries[i].key) {
            d->entries[d->fill] = old.entries[i];
            *find(d, old.entries[i].key, old.entries[i].hash) = d->fill++, d->used++;
        }
    free(old.indices), free(old.entries);
}

static void set(Dict *d, const char *key, int value) {
    size_t h = hash_of(key);
    if (d->fill >= d->size * 2 / 3) resize(d, d->used * 3 < 8 ? 8 : d->used > d->size / 3 ? d->size * 2 : d->size);
    int *slot = find(d, key, h);
    if (*slot < 0) *slot = d->fill, d->entries[d->fill++] = (Entry){key, 0, h}, d->used++;
    d->entries[*slot].value = value;
}

static int *get(Dict *d, const char *key) {
    int ix = *find(d, key, hash_of(key));
    return ix < 0 ? NULL : &d->entries[ix].value;
}

static void del(Dict *d, const char *key) {
    int *slot = find(d, key, hash_of(key));
    if (*slot >= 0) d->entries[*slot].key = NULL, *slot = DUMMY, d->used--;
}

int main(void) {
    static char keys[1000][8];
    Dict d = {0};
    resize(&d, 8);
    for (int i = 0; i < 1000; i++) snprintf(keys[i], 8, "k%d", i), set(&d, keys[i], i);
    for (int i = 0; i < 1000; i += 2) del(&d, keys[i]);
    int bad = d.used != 500;
    for (int i = 0; i < 1000; i++) bad += i % 2 ? !get(&d, keys[i]) || *get(&d, keys[i]) != i : get(&d, keys[i]) != NULL;
    for (int i = 0, last = -1; i < d.fill; i++)
        if (d.entries[i].key) bad += d.entries[i].value < last, last = d.entries[i].value;
    free(d.indices), free(d.entries);
    puts(bad ? "wrong" : "500 of 1000 keys left, each found, in order");
    return bad != 0;
}
