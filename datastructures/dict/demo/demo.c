/* demo.c: the story of a dict, told by its table.
 *
 * Scenes build a dict step by step and draw it; what they say about it is read from it.
 */
#include "parts.h"

#include <inttypes.h>

static Object *number(int64_t value) {
    return need(int_from_long(value));
}

static Object *text(const char *utf8) {
    return need(str_from_string(utf8));
}

/* d[key] = value, consuming both. */
static void set(Dict *d, Object *key, Object *value) {
    must(dict_set_item(d, key, value));
    decref(key);
    decref(value);
}

static void del(Dict *d, Object *key) {
    must(dict_del_item(d, key));
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
    puts("Watch two arrays. Entries fill from the top, in the order of insertion: that is\n"
         "the order of iteration. The hash table proper is the row above: all it holds is\n"
         "the numbers of entries.");
    Dict *d = need(dict_new());
    say("d = {}");
    draw_table(d);
    say("d['a'] = 1");
    set(d, text("a"), number(1));
    draw_table(d);
    step(NULL);
    say("d['b'] = 2; d['c'] = 3; d['d'] = 4; d['e'] = 5");
    set(d, text("b"), number(2));
    set(d, text("c"), number(3));
    set(d, text("d"), number(4));
    set(d, text("e"), number(5));
    draw_table(d);
    puts("\n  5 of 8 slots are 2/3: full. The sixth key needs a table of 16.");
    step("which of the two arrays will look the same?");
    say("d['f'] = 6");
    set(d, text("f"), number(6));
    draw_table(d);
    puts("\n  The entries moved as they were; only the row of numbers was made anew.");
    decref(d);
}

/* Three keys that begin at slot 0 of 8. */
static Dict *collided(void) {
    Dict *d = need(dict_new());
    set(d, number(0), text("zero"));
    set(d, number(8), text("eight"));
    set(d, number(16), text("sixteen"));
    return d;
}

static void scene_collision(void) {
    puts("An int's hash is the int; its last three bits name a slot: 0, 8, 16 all begin at\n"
         "slot 0. Taken? On to 5*slot + perturb + 1, perturb being hash>>5, hash>>10, ...");
    Dict *d = collided();
    say("d[0] = 'zero'; d[8] = 'eight'; d[16] = 'sixteen'");
    draw_table(d);
    step("where will 24 go? and 72?");
    search(d, number(24));
    search(d, number(72)); // 72 >> 5 is 2: it leaves the others' path at the second slot
    decref(d);
}

static void scene_delete(void) {
    puts("8 lies on the way to 16. If its slot became empty, the search for 16 would stop\n"
         "there. So it becomes a dummy, D: \"nothing here, but search on\".");
    Dict *d = collided();
    say("del d[8]");
    del(d, number(8));
    draw_table(d);
    search(d, number(16));
    step("where will 24 go, into which slot and which entry?");
    puts("\n  The next key that passes takes the slot, but not the entry: entries are only\n"
         "  appended, so `usable` is not given back.");
    say("d[24] = 'twenty-four'");
    set(d, number(24), text("twenty-four"));
    draw_table(d);
    decref(d);
}

static void scene_resize(void) {
    puts("Holes and dummies stay until the entries are used up. Then a table for 3 * used\n"
         "is made, and only what lives moves over. With few survivors it does not grow.");
    Dict *d = need(dict_new());
    for (int i = 1; i <= 10; i++)
        set(d, number(i * 10), number(i));
    for (int i = 1; i <= 8; i++)
        del(d, number(i * 10));
    say("ten keys inserted, the first eight deleted");
    draw_table(d);
    step("how many slots after the next insertion?");
    ssize_t lived = dict_size(d);
    say("d[110] = 11        # no entry left: resize");
    set(d, number(110), number(11));
    draw_table(d);
    printf(
        "\n  %zd lived. A table for 3 * %zd = %zd could have 8 slots, but CPython's rounding up\n"
        "  gives %d for all from 1 to 7; see dict_log2_keysize(). The dummies are gone. A\n"
        "  queue that takes in at one end and lets out at the other therefore never\n"
        "  grows, and pays for a rebuild now and then.\n",
        lived, lived, 3 * lived, 1 << dict_log2_keysize(3 * lived));
    decref(d);
}

/* A row of the table of widths: n items, as they are and as they were before 3.6. */
static void print_width(const Dict *d) {
    const DictKeys *keys = d->keys;
    size_t indices = (size_t)1 << keys->log2_index_bytes, slots = dict_slots(keys);
    size_t entries = (size_t)dict_usable_fraction(slots) * dict_entry_bytes(keys);
    double used = (double)dict_size(d);
    printf("  %8zd  %8zu  %6zu  %8zu  %9zu  %10.1f %8.1f\n", dict_size(d), slots, indices / slots,
           indices, entries, (double)slots * 24 / used, (double)(indices + entries) / used);
}

static void scene_width(void) {
    puts("An index need not be a pointer of 8 bytes: it counts to 2/3 of the slots. One\n"
         "byte serves up to 128 slots, two up to 32768, four up to 2^31. Before 3.6 each\n"
         "slot was a whole entry of 24 bytes, filled or not.");
    step("5 items in 8 slots: how many bytes an item, before 3.6 and now?");
    puts("\n                     bytes         bytes of           bytes an item\n"
         "     items     slots  /index   indices    entries  before 3.6      now");
    static const int64_t items[] = {5, 85, 170, 21845, 43690, 699050};
    Dict *d = need(dict_new());
    int64_t i = 0;
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) {
        for (; i < items[k]; i++)
            set(d, number(i), number(i));
        print_width(d);
    }
    decref(d);
    Dict *strs = need(dict_new());
    for (i = 0; i < 85; i++) {
        char key[16];
        snprintf(key, sizeof key, "key%d", (int)i);
        set(strs, text(key), number(i));
    }
    size_t bytes = dict_keys_sizeof(strs->keys) - sizeof *strs->keys;
    printf("\n  A dict of str keys leaves the hash out of the entry, as each str knows its\n"
           "  own: 85 items in %zu bytes, %.1f an item.\n",
           bytes, (double)bytes / 85);
    decref(strs);
}

static void scene_equal(void) {
    puts("1 == 1.0 == True, so the three must be one key, so they must have one hash. The\n"
         "first to come stays as the key; the last value wins.");
    Dict *d = need(dict_new());
    say("d[1] = 'int'; d[1.0] = 'float'; d[True] = 'bool'; d['1'] = 'str'");
    step("how many entries, and with which key?");
    set(d, number(1), text("int"));
    set(d, need(float_from_double(1.0)), text("float"));
    set(d, new_ref(True), text("bool"));
    set(d, text("1"), text("str"));
    draw_table(d);
    puts("\n  The str came into a general table: its hash is written beside it, like the\n"
         "  others'.");
    decref(d);
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
    Dict *d = need(dict_new());
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
    Dict *d = need(dict_new());
    for (int i = -(n / 2); i < n - n / 2; i++)
        set(d, number(i * step), number(i));
    size_t probes = total_probes(d);
    decref(d);
    return probes;
}

static void secrets(void) {
    static const char *const words[] = {"AaAa", "AaBB", "BBAa", "BBBB"};
    puts("\n  Four of them: times 31, SipHash with this run's secret (PYTHONHASHSEED, by\n"
         "  default 0), and with another; behind each hash its slot in a table of 1024:\n");
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
    puts("Perturbation parts keys whose hashes differ somewhere. Keys with one hash share\n"
         "one path, and n of them cost n*n/2 probes. For ints it is easy: hash(i) is i\n"
         "modulo 2^61 - 1. Of 64-bit ints at most nine have one hash; Python's ints have\n"
         "no such limit.");
    printf("\n    9 ints, step 1:          %5zu probes to find each once\n", flood_of_ints(9, 1));
    printf("    9 ints, step 2^61 - 1:   %5zu\n", flood_of_ints(9, (INT64_C(1) << 61) - 1));
    puts("\n  Strings come from outside: names of form fields, keys of JSON. If the hash is\n"
         "  known, so are its collisions. Under h = 31*h + c, \"Aa\" and \"BB\" are equal, and\n"
         "  so are all words made of them. Probes to find n such words once:");
    step("twice the words: how many probes?");
    puts("\n        n         times 31   SipHash with a secret");
    for (unsigned n = 512; n <= 4096; n *= 2)
        printf("    %5u  %15zu  %23zu\n", n, flood_of_words(n, false), flood_of_words(n, true));
    step(NULL);
    secrets();
    puts("\n  Twice the words, four times the work; a request body has room for 100000 of\n"
         "  them, which is 5 * 10^9 probes. With a secret drawn at start-up nobody outside\n"
         "  can say which strings collide. Numbers stay predictable: 1, 1.0 and True must\n"
         "  agree on a hash.");
}

/* ---- The program -----------------------------------------------------------------------------*/

/* The table after a collision and a deletion. */
static void dot(void) {
    Dict *d = collided();
    set(d, number(3), text("three"));
    del(d, number(8));
    draw_dot(d, stdout);
    decref(d);
}

static const Scene scenes[] = {
    {"insert", "Two arrays: entries in order, indices by hash", scene_insert},
    {"collision", "A collision, slot by slot", scene_collision,
     .look = "the second slot that each search comes to"},
    {"delete", "Deleting leaves a dummy", scene_delete},
    {"resize", "A resize drops the dummies", scene_resize},
    {"width", "Indices of 1, 2 and 4 bytes", scene_width},
    {"equal", "1, 1.0 and True share a slot", scene_equal},
    {"strategies", "Three collision strategies", scene_strategies},
    {"flood", "Floods of colliding keys, and the secret", scene_flood},
    {0},
};

static const Scene data[] = {
    {"probes", "probes per lookup by load, for the plot", csv_probes},
    {0},
};

static bool interactive, python, dotted;

static const Option options[] = {
    {"--interactive", NULL, "type statements about a dict d, see its table", .flag = &interactive,
     .mode = "interactive"},
    {"--python", NULL, "the same, each statement run in python3, too", .flag = &python,
     .mode = "interactive"},
    {"--dot", NULL, "a table as a Graphviz drawing", .flag = &dotted, .mode = "dot"},
    {0},
};

static int work(int count, char **files) {
    if (interactive || python) return demo_interactive(python);
    if (!dotted) return demo_words(count, files);
    dot();
    return 0;
}

static const Demo demo = {
    .program = "dict_demo",
    .about = "FILE... counts the words of text files; - is standard input.",
    .operands = "FILE...",
    .scenes = scenes,
    .data = data,
    .options = options,
    .work = work,
};

int main(int argc, char **argv) {
    return demo_main(&demo, argc, argv);
}
