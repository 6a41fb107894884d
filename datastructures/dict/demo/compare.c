/* compare.c: the scene that compares collision strategies, and its data for the plot. */
#include "parts.h"
#include "strategies.h"

enum { LOG2_SLOTS = 10, SLOTS = 1 << LOG2_SLOTS, TABLES = 8 };

typedef enum { RANDOM, CONSECUTIVE, MULTIPLES, FAMILY_COUNT } Family;

/* The i-th hash of a family. Round by round other ones; below SLOTS they are put in, from SLOTS on
 * they are searched for in vain. */
static uint64_t family_hash(Family family, uint64_t round, uint64_t i) {
    uint64_t z = (round << 32) + i;
    switch (family) {
    case CONSECUTIVE:
        return round * 7919 + i;
    case MULTIPLES:
        return (round * 7919 + i) << LOG2_SLOTS;
    default:
        z = (z + 1) * UINT64_C(0x9E3779B97F4A7C15); // splitmix64
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}

typedef struct {
    double hit, miss;
} Cost;

static Cost measure(Strategy strategy, Family family, size_t filled) {
    size_t hits = 0, misses = 0;
    for (uint64_t round = 0; round < TABLES; round++) {
        Probes *table = probes_new(strategy, LOG2_SLOTS);
        if (!table) error_no_memory();
        need(table);
        for (uint64_t i = 0; i < filled; i++)
            probes_add(table, family_hash(family, round, i));
        for (uint64_t i = 0; i < filled; i++) {
            hits += probes_find(table, family_hash(family, round, i));
            misses += probes_find(table, family_hash(family, round, SLOTS + i));
        }
        probes_free(table);
    }
    double searches = (double)(filled * TABLES);
    return (Cost){(double)hits / searches, (double)misses / searches};
}

static void compare_strategies(Family family, const char *title) {
    static const int percents[] = {10, 25, 50, 66, 80, 95};
    printf("\n  %s\n   load", title);
    for (Strategy strategy = 0; strategy < STRATEGY_COUNT; strategy++)
        printf("   %19s", strategy_name(strategy));
    printf("\n       ");
    for (Strategy strategy = 0; strategy < STRATEGY_COUNT; strategy++)
        printf("          hit     miss");
    putchar('\n');
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        printf("   0.%02d", percents[i]);
        for (Strategy strategy = 0; strategy < STRATEGY_COUNT; strategy++) {
            Cost cost = measure(strategy, family, (size_t)(SLOTS * percents[i] / 100));
            printf("   %10.2f %8.2f", cost.hit, cost.miss);
        }
        putchar('\n');
    }
}

void scene_strategies(void) {
    puts("Three answers to \"the slot is taken\": a list per slot; the next slot; dict's\n"
         "perturbed path. 1024 slots; probes per lookup, for keys that are there (hit) and\n"
         "that are not (miss).");
    compare_strategies(RANDOM, "Random hashes: what a good hash function gives");
    step("and if all hashes differ in their last bits?");
    compare_strategies(CONSECUTIVE,
                       "Consecutive ints: hash(i) is i, no two collide; absent: 1024 further");
    step("and if all hashes agree in their last bits?");
    compare_strategies(MULTIPLES, "Multiples of 1024: the same last ten bits, all begin at slot 0");
    puts("\n  Chaining degrades most gently with load, but each probe is a pointer to\n"
         "  somewhere else in memory. Linear probing has the best locality and the worst\n"
         "  clusters. Where the last bits all agree, only the path that uses the other\n"
         "  bits survives; and at a load of 2/3 it costs under two probes a hit. That is\n"
         "  where dict stops and grows.");
}

void csv_probes(void) {
    static const char *const families[] = {"random", "consecutive", "multiples"};
    puts("family,strategy,load,hit,miss");
    for (Family family = 0; family < FAMILY_COUNT; family++) {
        for (Strategy strategy = 0; strategy < STRATEGY_COUNT; strategy++) {
            for (int percent = 5; percent <= 95; percent += 5) {
                Cost cost = measure(strategy, family, (size_t)(SLOTS * percent / 100));
                printf("%s,%s,%.2f,%.4f,%.4f\n", families[family], strategy_name(strategy),
                       percent / 100.0, cost.hit, cost.miss);
            }
        }
    }
}
