/* strategies.h: three ways to resolve a collision, counted in probes.
 *
 * Stripped of everything but the question "where next?": a table of hashes, no keys, no values, no
 * deletion, no growth. A probe is one look at one place: a slot, or a node of a chain.
 */
#ifndef STRATEGIES_H
#define STRATEGIES_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    CHAINING,  // a slot heads a linked list of all that belong there
    LINEAR,    // the next slot to the right
    PERTURBED, // dict's: 5i + perturb + 1, the hash's upper bits entering five at a time
    STRATEGY_COUNT,
} Strategy;

typedef struct Probes Probes;

const char *strategy_name(Strategy strategy);

/* A table of 1 << log2_size slots. Open addressing needs one of them to stay empty. NULL if there
 * is no memory. */
Probes *probes_new(Strategy strategy, unsigned log2_size);
void probes_free(Probes *self);

/* Adds a hash; returns how many probes that took. 0: the table is full, or there is no memory. */
size_t probes_add(Probes *self, uint64_t hash);

/* How many probes it takes to find a hash, or to find that it is absent. */
size_t probes_find(const Probes *self, uint64_t hash);

#endif
