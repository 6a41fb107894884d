/* whiteboard.c: lru_cache: a hash table finds a key's link, a ring around a root knows who is the
 * oldest. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
enum { BUCKETS = 16 };
typedef struct Link {
    struct Link *prev, *next; // in the ring
    struct Link *chain;       // the next one of this bucket
    int key, result;
} Link;
typedef struct {
    Link root; // of the ring: root.next is the oldest, root.prev the newest
    Link *table[BUCKETS];
    int maxsize, used, hits, misses;
    bool (*func)(int key, int *result); // false: it failed
} Cache;
static void init(Cache *c, bool (*func)(int key, int *result), int maxsize) {
    *c = (Cache){.maxsize = maxsize, .func = func};
    c->root.prev = c->root.next = &c->root;
}
// Where the link of this key hangs in its bucket's chain, or the NULL at the chain's end.
static Link **find(Cache *c, int key) {
    Link **at = &c->table[(unsigned)key % BUCKETS];
    while (*at && (*at)->key != key)
        at = &(*at)->chain;
    return at;
}
// Out of the ring.
static void extract(Link *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
}
// Into the ring, as the newest: between the last one and the root.
static void append(Cache *c, Link *link) {
    link->prev = c->root.prev, link->next = &c->root;
    link->prev->next = c->root.prev = link;
}
// A link that is in neither: a new one while there is room, else the oldest. NULL: no memory.
static Link *take(Cache *c) {
    if (c->used < c->maxsize) {
        Link *link = malloc(sizeof *link);
        return c->used += link != NULL, link;
    }
    Link *oldest = c->root.next, **at = find(c, oldest->key);
    return *at = oldest->chain, extract(oldest), oldest;
}
// func(key), or what it was: false with *result unchanged if it failed. Failures are not kept.
static bool call(Cache *c, int key, int *result) {
    Link *link = *find(c, key);
    if (link) return c->hits++, extract(link), append(c, link), *result = link->result, true;
    c->misses++;
    if (!c->func(key, result)) return false;
    if (c->maxsize == 0 || *find(c, key)) return true; // func may have called for the same key
    if (!(link = take(c))) return true;                // uncached, but right
    link->key = key, link->result = *result, link->chain = NULL;
    return *find(c, key) = link, append(c, link), true;
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

static Cache cache;
static int runs;
static bool fails, again;

static bool square(int key, int *result) {
    runs++;
    if (fails) return false;
    if (again) { // the same key, while it runs
        again = false;
        call(&cache, key, result);
    }
    *result = key * key;
    return true;
}

static int get(int key) {
    int result = -1;
    return call(&cache, key, &result) ? result : -1;
}

/* The keys from the oldest to the newest as the digits of a number; -1 if the ring is not whole. */
static long ring(void) {
    long keys = 0;
    int n = 0;
    for (Link *link = cache.root.next; link != &cache.root; link = link->next, n++) {
        if (link->next->prev != link || n == cache.used) return -1;
        keys = keys * 10 + link->key;
    }
    return n == cache.used && cache.root.prev->next == &cache.root ? keys : -1;
}

static void empty(void) {
    while (cache.root.next != &cache.root) {
        Link *link = cache.root.next;
        cache.root.next = link->next;
        free(link);
    }
}

int main(void) {
    init(&cache, square, 3);
    check("an empty ring is its root", ring(), 0);
    check("a miss: the function's result", get(2), 4);
    check("a hit: the same", get(2), 4);
    check("it ran once", runs, 1);
    get(3), get(4);
    check("oldest first", ring(), 234);
    get(3);
    check("a hit in the middle becomes the newest", ring(), 243);
    get(3);
    check("a hit of the newest changes nothing", ring(), 243);
    check("hits and misses", cache.hits * 10 + cache.misses, 33);
    check("full: the result", get(5), 25);
    check("and the oldest is gone", ring(), 435);
    runs = 0, get(2);
    check("from the table, too", runs, 1);
    check("no more links than maxsize", cache.used, 3);
    empty();
    init(&cache, square, 3);
    for (int i = 1; i <= 6; i++)
        get(i % 3 * BUCKETS + 1); // one bucket
    check("three keys in one bucket: three hits", cache.hits, 3);
    get(3 * BUCKETS + 1), runs = 0;
    get(1), get(2 * BUCKETS + 1), get(3 * BUCKETS + 1);
    check("one of a bucket goes, the others stay", runs, 0);
    runs = 0, get(BUCKETS + 1);
    check("the one that went is gone", runs, 1);
    empty();
    init(&cache, square, 3);
    get(2), get(3), get(4);
    fails = true;
    check("the function fails: so does the call", get(9), -1);
    check("nobody had to go for it", ring(), 234);
    fails = false;
    check("a failure is not kept", get(9), 81);
    again = true, runs = 0;
    check("called for the same key while it runs", get(7), 49);
    check("it ran twice", runs, 2);
    check("and is there once", ring(), 497);
    empty();
    init(&cache, square, 0);
    runs = 0, get(2), get(2);
    check("maxsize 0: nothing is kept", runs * 10 + cache.used, 20);
    srand(1);
    init(&cache, square, 5);
    int model[5], n = 0;
    bool same = true;
    for (int i = 0; i < 100000; i++) { // against an array
        int key = rand() % 9 + 1, at = 0;
        while (at < n && model[at] != key)
            at++;
        if (at == n && n < 5) n++;
        if (at == 5) at = 0;
        for (; at < n - 1; at++)
            model[at] = model[at + 1];
        model[n - 1] = key;
        long keys = 0;
        for (int j = 0; j < n; j++)
            keys = keys * 10 + model[j];
        same = same && get(key) == key * key && ring() == keys;
    }
    check("100000 random calls: the ring of an array", same, true);
    empty();
    return broken;
}
