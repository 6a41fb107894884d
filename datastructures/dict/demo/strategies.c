/* strategies.c: separate chaining, linear probing, perturbed probing.
 *
 * All three begin at hash modulo size. They differ in what two hashes with the same beginning do
 * next: share a list; walk the same way for ever, dragging in their neighbours; or part company as
 * soon as bits that differ have been shifted down into the path.
 */
#include "strategies.h"

#include "../dict.h" // PERTURB_SHIFT

typedef struct Node {
    uint64_t hash;
    struct Node *next;
} Node;

struct Probes {
    Strategy strategy;
    size_t mask;
    size_t used;
    Node **chains;    // CHAINING
    uint64_t *hashes; // the others
    bool *taken;
};

const char *strategy_name(Strategy strategy) {
    static const char *const names[] = {"separate chaining", "linear probing", "perturbed probing"};
    return names[strategy];
}

Probes *probes_new(Strategy strategy, unsigned log2_size) {
    Probes *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    size_t size = (size_t)1 << log2_size;
    self->strategy = strategy;
    self->mask = size - 1;
    self->chains = calloc(size, sizeof *self->chains);
    self->hashes = calloc(size, sizeof *self->hashes);
    self->taken = calloc(size, sizeof *self->taken);
    if (self->chains && self->hashes && self->taken) return self;
    probes_free(self);
    return NULL;
}

void probes_free(Probes *self) {
    for (size_t slot = 0; self->chains && slot <= self->mask; slot++) {
        for (Node *node = self->chains[slot], *next; node; node = next) {
            next = node->next;
            free(node);
        }
    }
    free(self->chains);
    free(self->hashes);
    free(self->taken);
    free(self);
}

/* Where the search ends, open addressing: at the hash or at the first free slot. */
static size_t open_search(const Probes *self, uint64_t hash, size_t *probes) {
    uint64_t perturb = hash;
    size_t slot = (size_t)hash & self->mask;
    for (*probes = 1; self->taken[slot] && self->hashes[slot] != hash; ++*probes) {
        if (self->strategy == LINEAR) {
            slot = (slot + 1) & self->mask;
        } else {
            perturb >>= PERTURB_SHIFT;
            slot = (slot * 5 + (size_t)perturb + 1) & self->mask;
        }
    }
    return slot;
}

/* The link to the node of this hash, or the NULL link at the chain's end. Looking at an empty slot
 * counts one probe, like looking at a node. */
static Node **chain_search(const Probes *self, uint64_t hash, size_t *probes) {
    Node **link = &self->chains[(size_t)hash & self->mask];
    for (*probes = 1; *link && (*link)->hash != hash; ++*probes)
        link = &(*link)->next;
    return link;
}

size_t probes_add(Probes *self, uint64_t hash) {
    size_t probes;
    if (self->strategy == CHAINING) {
        Node **link = chain_search(self, hash, &probes);
        if (*link) return probes;
        *link = calloc(1, sizeof **link);
        if (!*link) return 0;
        (*link)->hash = hash;
    } else {
        if (self->used == self->mask) return 0;
        size_t slot = open_search(self, hash, &probes);
        if (self->taken[slot]) return probes;
        self->taken[slot] = true;
        self->hashes[slot] = hash;
    }
    self->used++;
    return probes;
}

size_t probes_find(const Probes *self, uint64_t hash) {
    size_t probes;
    if (self->strategy == CHAINING) {
        chain_search(self, hash, &probes);
    } else {
        open_search(self, hash, &probes);
    }
    return probes;
}
