/* demo.c: the story of a dict, told by its table.
 *
 * Scenes build a dict step by step and draw it; what they say about it is read from it. The file
 * counter is in words.c, the read-eval-print loop in interactive.c.
 */
#include "demo.h"

#include "draw.h"
#include "strategies.h"

#include <errno.h>
#include <inttypes.h>

static const char *program;

/* A demo without memory has nothing to show. */
static void *needed(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    error_print(stderr);
    exit(1);
}

static Object *number(int64_t value) {
    return needed(int_from_long(value));
}

static Object *text(const char *utf8) {
    return needed(str_from_string(utf8));
}

/* d[key] = value, consuming both. */
static void set(Dict *d, Object *key, Object *value) {
    needed(dict_set_item(d, key, value) == 0 ? d : NULL);
    decref(key);
    decref(value);
}

static void del(Dict *d, Object *key) {
    needed(dict_del_item(d, key) == 0 ? d : NULL);
    decref(key);
}

static void search(Dict *d, Object *key) {
    draw_search(d, key);
    decref(key);
}

static void say(const char *code) {
    printf("\n  %s%s%s\n", color("36"), code, color("0"));
}

/* ---- The table -------------------------------------------------------------------------------*/

static void scene_insert(void) {
    puts("Watch two arrays. Entries fill from the top, in the order of insertion: that is the "
         "order\n"
         "of iteration. The hash table proper is the row above: it holds only numbers of entries.");
    Dict *d = needed(dict_new());
    say("d = {}");
    draw_table(d);
    say("d['a'] = 1");
    set(d, text("a"), number(1));
    draw_table(d);
    say("d['b'] = 2; d['c'] = 3; d['d'] = 4; d['e'] = 5");
    set(d, text("b"), number(2));
    set(d, text("c"), number(3));
    set(d, text("d"), number(4));
    set(d, text("e"), number(5));
    draw_table(d);
    puts("\n  5 of 8 slots are 2/3: full. The sixth key needs a table of 16.");
    say("d['f'] = 6");
    set(d, text("f"), number(6));
    draw_table(d);
    puts("\n  The entries moved as they were; only the row of numbers was made anew.");
    decref(d);
}

static void scene_collision(void) {
    puts("An int's hash is the int, and the slot is its last three bits: 0, 8 and 16 all begin at\n"
         "slot 0. The next slot is 5*slot + perturb + 1, where perturb is the hash, shifted right "
         "by\n"
         "5 bits each time.");
    Dict *d = needed(dict_new());
    say("d[0] = 'zero'; d[8] = 'eight'; d[16] = 'sixteen'");
    set(d, number(0), text("zero"));
    set(d, number(8), text("eight"));
    set(d, number(16), text("sixteen"));
    draw_table(d);
    putchar('\n');
    search(d, number(16));
    search(d, number(24));
    puts("    and a key whose upper bits differ leaves the common path at once:");
    search(d, number(72));
    decref(d);
}

static void scene_delete(void) {
    puts("8 lies on the way to 16. If its slot became empty, the search for 16 would stop there. "
         "So it\n"
         "becomes a dummy, D: \"nothing here, but search on\".");
    Dict *d = needed(dict_new());
    set(d, number(0), text("zero"));
    set(d, number(8), text("eight"));
    set(d, number(16), text("sixteen"));
    say("del d[8]");
    del(d, number(8));
    draw_table(d);
    putchar('\n');
    search(d, number(16));
    puts("\n  The next key that passes takes the slot, but not the entry: entries only append, so\n"
         "  `usable` is not given back.");
    say("d[24] = 'twenty-four'");
    set(d, number(24), text("twenty-four"));
    draw_table(d);
    decref(d);
}

static void scene_resize(void) {
    puts("Holes and dummies stay until the entries are used up. Then a table for 3 * used is made, "
         "and\n"
         "only what lives moves over. With few survivors the table does not grow.");
    Dict *d = needed(dict_new());
    for (int i = 1; i <= 10; i++)
        set(d, number(i * 10), number(i));
    for (int i = 1; i <= 8; i++)
        del(d, number(i * 10));
    say("ten keys inserted, the first eight deleted");
    draw_table(d);
    say("d[110] = 11        # no entry left: resize");
    set(d, number(110), number(11));
    draw_table(d);
    puts("\n  Two lived: 3 * 2 = 6, rounded up. The dummies are gone. A queue that takes in at one "
         "end\n"
         "  and lets out at the other therefore never grows, and pays for a rebuild now and then.");
    decref(d);
}

static void scene_width(void) {
    puts("An index need not be a pointer of 8 bytes: it counts to 2/3 of the slots. One byte "
         "serves up\n"
         "to 128 slots, two up to 32768, four up to 2^31. Before 3.6 each slot was a whole entry "
         "of 24\n"
         "bytes, filled or not.");
    printf("\n     items     slots  bytes an index     indices     entries    a full item, then "
           "and now\n");
    static const int64_t items[] = {5, 85, 170, 21845, 43690, 699050};
    Dict *d = needed(dict_new());
    int64_t i = 0;
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) {
        for (; i < items[k]; i++)
            set(d, number(i), number(i));
        const DictKeys *keys = d->keys;
        size_t indices = (size_t)1 << keys->log2_index_bytes, slots = dict_slots(keys);
        size_t entries = (size_t)dict_usable_fraction(slots) * dict_entry_bytes(keys);
        printf("  %8" PRId64 "  %8zu  %14zu  %10zu  %10zu  %13.1f %6.1f\n", i, slots,
               indices / slots, indices, entries, (double)slots * 24 / (double)i,
               (double)(indices + entries) / (double)i);
    }
    decref(d);
    Dict *strs = needed(dict_new());
    for (i = 0; i < 85; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", (int)i);
        set(strs, text(key), number(i));
    }
    printf("\n  A dict of str keys leaves the hash out of the entry, as each str knows its own: 85 "
           "items\n"
           "  in %zu bytes, %.1f an item.\n",
           dict_keys_sizeof(strs->keys), (double)dict_keys_sizeof(strs->keys) / 85);
    decref(strs);
}

static void scene_equal(void) {
    puts("1 == 1.0 == True, so the three must be one key, so they must have one hash. The first to "
         "come\n"
         "stays as the key; the last value wins.");
    Dict *d = needed(dict_new());
    say("d[1] = 'int'; d[1.0] = 'float'; d[True] = 'bool'; d['1'] = 'str'");
    set(d, number(1), text("int"));
    set(d, needed(float_from_double(1.0)), text("float"));
    set(d, new_ref(True), text("bool"));
    set(d, text("1"), text("str"));
    draw_table(d);
    puts("\n  The str key came into a general table: its hash is written beside it, like the "
         "others'.");
    decref(d);
}

/* ---- Collision strategies --------------------------------------------------------------------*/

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
        needed(table);
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

static void scene_strategies(void) {
    puts("Three answers to \"the slot is taken\": a list per slot; the next slot; dict's perturbed "
         "path.\n"
         "1024 slots; probes per lookup, for keys that are there (hit) and that are not (miss).");
    compare_strategies(RANDOM, "Random hashes: what a good hash function gives");
    compare_strategies(CONSECUTIVE,
                       "Consecutive ints: hash(i) is i, no two collide; absent: 1024 further");
    compare_strategies(MULTIPLES, "Multiples of 1024: the same last ten bits, all begin at slot 0");
    puts("\n  Chaining degrades most gently with load, but each probe is a pointer to somewhere "
         "else in\n"
         "  memory. Linear probing has the best locality and the worst clusters. Where the last "
         "bits\n"
         "  all agree, only the path that uses the other bits survives; and at a load of 2/3 it "
         "costs\n"
         "  under two probes a hit. That is where dict stops and grows.");
}

/* ---- Floods ----------------------------------------------------------------------------------*/

/* Slots visited in looking up every key once. */
static size_t total_probes(const Dict *d) {
    size_t total = 0;
    for (ssize_t ix = 0; ix < d->keys->nentries; ix++)
        total += draw_probes(d->keys, dict_entry(d->keys, ix).hash, ix);
    return total;
}

/* Java's String.hashCode and many others like it: no secret, so anyone can compute collisions. */
static hash_t hash_times_31(const char *s) {
    uint32_t hash = 0;
    for (; *s; s++)
        hash = hash * 31 + (unsigned char)*s;
    return (hash_t)hash;
}

/* The bits of `i` spelled with the blocks "Aa" and "BB", which collide under times 31: so do all
 * words spelled with them. */
static void spell(char *out, unsigned i, int blocks) {
    for (int block = 0; block < blocks; block++)
        memcpy(out + 2 * block, i >> block & 1 ? "BB" : "Aa", 2);
    out[2 * blocks] = '\0';
}

static size_t flood_of_words(unsigned n, bool secret) {
    Dict *d = needed(dict_new());
    for (unsigned i = 0; i < n; i++) {
        char word[32];
        spell(word, i, 12);
        Object *key = text(word);
        if (!secret) ((Str *)key)->hash = hash_times_31(word);
        set(d, key, number(i));
    }
    size_t probes = total_probes(d);
    decref(d);
    return probes;
}

static size_t flood_of_ints(int n, int64_t step) {
    Dict *d = needed(dict_new());
    for (int i = -(n / 2); i < n - n / 2; i++)
        set(d, number(i * step), number(i));
    size_t probes = total_probes(d);
    decref(d);
    return probes;
}

static void secrets(void) {
    static const char *const words[] = {"AaAa", "AaBB", "BBAa", "BBBB"};
    puts("\n  Four of them: times 31, SipHash with this run's secret (PYTHONHASHSEED, by default "
         "0), and\n"
         "  with another; behind each hash its slot in a table of 1024:\n");
    puts("             times 31             this secret            another");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        Object *word = text(words[i]);
        uint64_t a = (uint64_t)object_hash(word), b = siphash13(1, 2, words[i], 4);
        decref(word);
        uint64_t weak = (uint64_t)hash_times_31(words[i]);
        printf("    '%s'  %7" PRIu64 " %4" PRIu64 "  %016" PRIx64 " %4" PRIu64 "  %016" PRIx64
               " %4" PRIu64 "\n",
               words[i], weak, weak % 1024, a, a % 1024, b, b % 1024);
    }
}

static void scene_flood(void) {
    puts("Perturbation parts keys whose hashes differ somewhere. Keys with one hash share one "
         "path, and\n"
         "n of them cost n*n/2 probes. For ints it is easy: hash(i) is i modulo 2^61 - 1. A 64-bit "
         "int\n"
         "has at most nine of one hash; Python's ints have no such limit.");
    printf("\n    9 ints, step 1:          %5zu probes to find each once\n", flood_of_ints(9, 1));
    printf("    9 ints, step 2^61 - 1:   %5zu\n", flood_of_ints(9, (INT64_C(1) << 61) - 1));
    puts("\n  Strings come from outside: names of form fields, keys of JSON. If the hash is known, "
         "so are\n"
         "  its collisions. Under h = 31*h + c, \"Aa\" and \"BB\" are equal, and so are all words "
         "made of\n"
         "  them. Probes to find n such words once:\n");
    puts("        n         times 31   SipHash with a secret");
    for (unsigned n = 512; n <= 4096; n *= 2)
        printf("    %5u  %15zu  %23zu\n", n, flood_of_words(n, false), flood_of_words(n, true));
    secrets();
    puts("\n  Twice the words, four times the work; a request body has room for 100000 of them, "
         "which is\n"
         "  5 * 10^9 probes. With a secret drawn at start-up nobody outside can say which strings\n"
         "  collide. Numbers stay predictable: 1, 1.0 and True must agree on a hash.");
}

/* ---- Data for the pictures -------------------------------------------------------------------*/

static void csv_probes(void) {
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

/* The table after a collision and a deletion. */
static void dot(void) {
    Dict *d = needed(dict_new());
    set(d, number(0), text("zero"));
    set(d, number(8), text("eight"));
    set(d, number(16), text("sixteen"));
    set(d, number(3), text("three"));
    del(d, number(8));
    draw_dot(d, stdout);
    decref(d);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const struct {
    const char *name, *title;
    void (*play)(void);
} scenes[] = {
    {"insert", "Two arrays: entries in order, indices by hash", scene_insert},
    {"collision", "A collision, slot by slot", scene_collision},
    {"delete", "Deleting leaves a dummy", scene_delete},
    {"resize", "A resize drops the dummies", scene_resize},
    {"width", "Indices of 1, 2 and 4 bytes", scene_width},
    {"equal", "1, 1.0 and True share a slot", scene_equal},
    {"strategies", "Three collision strategies", scene_strategies},
    {"flood", "Floods of colliding keys, and the secret", scene_flood},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void help(void) {
    printf("usage: %s [--scene NAME]   all scenes, or one of these:\n", program);
    for (int i = 0; i < SCENES; i++)
        printf("           %-12s %s\n", scenes[i].name, scenes[i].title);
    printf("       %s FILE...          count the words of text files; - is standard input\n"
           "       %s --interactive    type statements about a dict d, see its table\n"
           "       %s --csv probes     probes per lookup by load, for the plot\n"
           "       %s --dot            a table as a Graphviz drawing\n",
           program, program, program, program);
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (name && strcmp(name, scenes[i].name) != 0) continue;
        heading(scenes[i].title);
        scenes[i].play();
        if (name) return 0;
    }
    if (!name) return 0;
    return usage_error(program, "no scene '%s'; see --help", name);
}

static int run(int argc, char **argv) {
    if (argc == 1) return play(NULL);
    const char *option = argv[1];
    if (strcmp(option, "--help") == 0) {
        help();
        return 0;
    }
    if (strcmp(option, "--scene") == 0) {
        return argc == 3 ? play(argv[2])
                         : usage_error(program, "--scene takes one name; see --help");
    }
    if (strcmp(option, "--csv") == 0 && argc == 3 && strcmp(argv[2], "probes") == 0) {
        csv_probes();
        return 0;
    }
    if (argc == 2 && strcmp(option, "--interactive") == 0) return demo_interactive(program);
    if (argc == 2 && strcmp(option, "--dot") == 0) {
        dot();
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            return usage_error(program, "cannot do '%s'; see --help", argv[i]);
        }
    }
    return demo_words(program, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    program = slash ? slash + 1 : "dict_demo";
    return finish_output(program, run(argc, argv));
}
