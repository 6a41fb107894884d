/* demo.c: the set's story, scene by scene; and a tool: which lines do two files share? */
#include "demo.h"

#include <errno.h>
#include <inttypes.h>

const char *program;
static int64_t max_members = 10000000;

static void print(void *op) {
    check(object_print(op, stdout, false));
}

static void say(const char *text) {
    printf("%s\n\n", text);
}

/* The set takes over the reference. */
static void add(Set *s, Object *key) {
    check(set_add(s, must(key)));
    decref(key);
}

/* A scene's last words. */
static void tell(const char *text) {
    puts(text);
}

static Set *ints(int count, ...) {
    Set *s = must(set_new(NULL));
    va_list numbers;
    va_start(numbers, count);
    for (int i = 0; i < count; i++)
        add(s, int_from_long(va_arg(numbers, int)));
    va_end(numbers);
    return s;
}

static Set *words(const char *text) {
    Set *s = must(set_new(NULL));
    for (; *text; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        add(s, str_from_utf8(text, (ssize_t)length));
        text += length;
    }
    return s;
}

static void discard_int(Set *s, int64_t number) {
    Object *key = must(int_from_long(number));
    check(set_discard(s, key));
    decref(key);
}

static void show(const char *label, void *op) {
    printf("%-22s ", label);
    print(op);
    putchar('\n');
}

/* As show(), of a set that is only wanted for this. */
static void show_new(const char *label, Set *s) {
    show(label, must(s));
    decref(s);
}

/* ---- Scenes ----------------------------------------------------------------------------------*/

static void scene_table(void) {
    heading("table: where a set keeps its members");
    say("A set is an array of slots. A member's slot is its hash modulo the number of slots. An\n"
        "int's hash is the int itself: watch where 41, 3 and 100 go among 8 slots.");
    Set *s = ints(3, 41, 3, 100);
    show("added 41, 3, 100:", s);
    draw(s);
    say("41 % 8 is 1, 3 % 8 is 3, 100 % 8 is 4. Iterating walks the slots from the left, so the\n"
        "set shows 41 first; the order in which they came is nowhere. Ints below the number of\n"
        "slots come out sorted, which has fooled many a reader:");
    show_new("added 5, 2, 6, 1:", ints(4, 5, 2, 6, 1));
    show_new("added 5, 2, 8, 1:", ints(4, 5, 2, 8, 1));
    Set *text = words("spam eggs ham");
    show("\nAnd strs go anywhere:", text);
    draw(text);
    tell("A str's hash depends on a secret that Python chooses at each start, so their order\n"
         "changes from run to run. PYTHONHASHSEED=0 fixes it, and these demos take it as their\n"
         "default.");
    decref(text);
    decref(s);
}

static void scene_collision(void) {
    heading("collision: two members, one slot");
    say("0, 8, 16 and 24 all want slot 0 of 8. The first has it; the others look on.");
    Set *s = ints(4, 0, 8, 16, 24);
    draw(s);
    const int searched[] = {0, 8, 16, 24, 32, 3};
    for (size_t i = 0; i < 6; i++)
        tell_search(s, searched[i]);
    puts("");
    say("Eight slots are too few for a run of ten neighbours, so each step is a jump: i = i * 5\n"
        "+ 1 + perturb, where perturb is what is left of the hash after shifting out five more\n"
        "bits. In a table of 32 the nine slots behind the first come before any jump:");
    decref(s);
    s = ints(6, 3, 35, 67, 99, 131, 4);
    draw(s);
    const int searched_32[] = {3, 35, 131, 4, 163};
    for (size_t i = 0; i < 5; i++)
        tell_search(s, searched_32[i]);
    puts("");
    tell("Neighbours lie in the same cache lines, so looking at four of them costs hardly more\n"
         "than looking at one. 4 lost its slot to 35 and lives at the end of the run. (99 is\n"
         "first because the table was rebuilt at the fifth add, in the order of the old slots.)");
    decref(s);
}

static void scene_dummy(void) {
    heading("dummy: what discard leaves behind");
    Set *s = ints(5, 1, 33, 65, 10, 11);
    say("65, 1 and 33 share slot 1 of 32 and stand in a row. Now 1, in the middle, is\n"
        "discarded:");
    discard_int(s, 1);
    draw(s);
    tell_search(s, 33);
    tell_search(s, 1);
    puts("");
    say("Were the slot empty now, the search for 33 would end there, and 33 would be lost. So\n"
        "it got a dummy: not empty for a search, free for an add. Adding 97 (97 % 32 is 1)\n"
        "walks to the empty slot first, to be sure that 97 is not there already, and then comes\n"
        "back:");
    add(s, int_from_long(97));
    draw(s);
    tell("fill counts dummies, used does not. A resize is decided on fill: a table without\n"
         "members but full of dummies would make every search long. The new table gets the\n"
         "members only.");
    decref(s);
}

static void scene_growth(void) {
    heading("growth: three fifths full, then four times the members");
    say("Each line is one resize while 0, 1, 2, ... are added. `full` is after it.");
    Set *s = must(set_new(NULL));
    ssize_t slots = 8;
    puts("   members      slots before -> after       full      bytes  bytes/member");
    for (int64_t i = 0; i < 1000000; i++) {
        add(s, int_from_long(i));
        if (s->mask + 1 == slots) continue;
        printf("%10zd   %10zd -> %-9zd  %7.0f%% %10zu  %12.1f\n", s->used, slots, s->mask + 1,
               100.0 * (double)s->used / (double)(s->mask + 1), set_sizeof(s),
               (double)set_sizeof(s) / (double)s->used);
        slots = s->mask + 1;
    }
    puts("");
    tell("After a resize the table is 16% full, so most searches end at the first slot, found\n"
         "or not. Above 50000 members the factor is 2: there memory is the scarcer thing.");
    decref(s);
}

static int64_t scatter(int64_t i) {
    uint64_t x = ((uint64_t)i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (int64_t)((x ^ (x >> 29)) >> 20); // 44 bits, all different below 10^7
}

static void grow_to(Set *s, int64_t count) {
    for (int64_t i = s->used; i < count; i++)
        add(s, int_from_long(scatter(i)));
}

/* Average number of slots looked at, for members (offset 0) or for strangers. */
static double average_probes(const Set *s, int64_t offset, size_t *longest) {
    int64_t samples = s->used < 100000 ? s->used : 100000, step = s->used / samples;
    size_t total = 0;
    for (int64_t i = 0; i < samples; i++) {
        Object *key = must(int_from_long(scatter(offset + i * step)));
        size_t count = probe_path(s, key, NULL, 0);
        total += count;
        if (count > *longest) *longest = count;
        decref(key);
    }
    return (double)total / (double)samples;
}

static void scene_probes(void) {
    heading("probes: why `in` does not care how many");
    say("Scattered ints; how many slots a search looks at, on average, for members and for\n"
        "strangers, and the longest of up to 200000 searches. A list would look at half of its\n"
        "items, or all.");
    puts("   members      slots   full   found   absent   longest     list");
    Set *s = must(set_new(NULL));
    for (int64_t n = 10; n <= max_members; n *= 10) {
        grow_to(s, n);
        size_t longest = 0;
        double found = average_probes(s, 0, &longest);
        double absent = average_probes(s, INT64_C(1) << 40, &longest);
        printf("%10" PRId64 " %10zd %5.0f%% %7.2f %8.2f %9zu %8" PRId64 "\n", n, s->mask + 1,
               100.0 * (double)n / (double)(s->mask + 1), found, absent, longest, n / 2);
    }
    puts("");
    tell("What counts is how full the table is, and that stays between 15% and 60% at any size.");
    decref(s);
}

/* ---- Time ------------------------------------------------------------------------------------*/

/* What list.__contains__ does. CPython: Objects/listobject.c, list_contains(). */
static bool array_contains(Object *const *items, int64_t count, Object *key) {
    for (int64_t i = 0; i < count; i++) {
        if (object_rich_equal(items[i], key)) return true;
    }
    return false;
}

typedef struct {
    double set_ns, list_ns;
} Cost;

static Cost measure(Set *s, Object *const *items, int64_t n) {
    enum { LOOKUPS = 1 << 18, SCANNED = 20000000 };
    int64_t found = 0, scans = SCANNED / n;
    scans = scans < 4 ? 4 : scans > 20000 ? 20000 : scans;
    uint64_t start = clock_now();
    for (int64_t i = 0; i < LOOKUPS; i++)
        found += set_contains(s, items[(uint64_t)scatter(i) % (uint64_t)n]);
    uint64_t middle = clock_now();
    for (int64_t i = 0; i < scans; i++) // evenly spread: half of the items on average
        found += array_contains(items, n, items[(2 * i + 1) * n / (2 * scans)]);
    uint64_t end = clock_now();
    if (found != LOOKUPS + scans) check(error_set(RuntimeError, "a member was not found"));
    return (Cost){(double)(middle - start) / LOOKUPS, (double)(end - middle) / (double)scans};
}

static void membership(bool csv) {
    Set *s = must(set_new(NULL));
    int64_t made = 0;
    Object **items = malloc((size_t)max_members * sizeof *items);
    if (!items) must(error_no_memory());
    puts(csv ? "members,set_ns,list_ns" : "   members      set: ns    list: ns        list / set");
    for (int64_t n = 10; n <= max_members; n *= 10) {
        for (; made < n; made++) {
            items[made] = must(int_from_long(scatter(made)));
            check(set_add(s, items[made]));
        }
        Cost cost = measure(s, items, n);
        printf(csv ? "%" PRId64 ",%.2f,%.2f\n" : "%10" PRId64 " %12.1f %11.0f ", n, cost.set_ns,
               cost.list_ns);
        if (!csv) printf("%17.0f\n", cost.list_ns / cost.set_ns);
        fflush(stdout);
    }
    for (int64_t i = 0; i < made; i++)
        decref(items[i]);
    free(items);
    decref(s);
}

static void scene_membership(void) {
    heading("membership: the same, by the clock");
    say("One `key in s` against one `key in list`, for a key somewhere in the middle.");
    membership(false);
    puts("");
    tell("The list's time grows with its length. The set's grows a little too, in steps: not\n"
         "because it looks at more slots, but because the table leaves the processor's caches\n"
         "one by one.");
}

/* ---- Whole sets ------------------------------------------------------------------------------*/

static void scene_algebra(void) {
    heading("algebra: union, intersection, difference");
    say("Who knows what? Every operation is one loop over one set with lookups in the other.");
    Set *backend = words("python sql docker git"), *frontend = words("css git html python");
    Object *other = OBJECT(frontend);
    show("backend", backend);
    show("frontend", frontend);
    show_new("backend | frontend", set_union(backend, other));
    show_new("backend & frontend", set_intersection(backend, other));
    show_new("backend - frontend", set_difference(backend, other));
    show_new("backend ^ frontend", set_symmetric_difference(backend, other));
    Set *basics = words("git python");
    printf("\n{'git', 'python'} <= backend: %s; backend.isdisjoint(frontend): %s\n\n",
           set_issubset(basics, OBJECT(backend)) == 1 ? "True" : "False",
           set_isdisjoint(backend, other) == 1 ? "True" : "False");
    tell("& walks the smaller of the two sets: ten keys against a million cost ten lookups. |\n"
         "cannot avoid to copy; - walks the left one, or, if the right one is less than a\n"
         "quarter of it, copies the left and discards.");
    decref(basics);
    decref(backend);
    decref(frontend);
}

static void scene_frozenset(void) {
    heading("frozenset: a set that can be a key");
    say("A key's hash must never change, so a set has none; a frozenset cannot change, so it\n"
        "has.");
    Set *s = must(set_new(NULL)), *ab = words("a b"), *ba = words("b a");
    if (set_add(s, OBJECT(ab)) < 0) {
        printf("s.add({'a', 'b'})      ");
        error_print(stdout);
    }
    Set *frozen_ab = must(frozenset_new(OBJECT(ab))), *frozen_ba = must(frozenset_new(OBJECT(ba)));
    printf("hash(frozenset('ab'))  %" PRId64 "\n", object_hash(OBJECT(frozen_ab)));
    printf("hash(frozenset('ba'))  %" PRId64 "\n", object_hash(OBJECT(frozen_ba)));
    check(set_add(s, OBJECT(frozen_ab)));
    show("s", s);
    printf("frozenset('ba') in s   %s\n",
           set_contains(s, OBJECT(frozen_ba)) == 1 ? "True" : "False");
    printf("{'b', 'a'} in s        %s\n\n", set_sq_contains(s, OBJECT(ba)) == 1 ? "True" : "False");
    tell("The members' hashes are shuffled and xored: xor does not know an order, as the hash\n"
         "must not. `in` even accepts a plain set, and looks it up as the frozenset of its\n"
         "members.");
    Set *all[] = {s, ab, ba, frozen_ab, frozen_ba};
    for (size_t i = 0; i < 5; i++)
        decref(all[i]);
}

/* Pops everything; returns the number of slots that were looked at. */
static int64_t pop_all(int64_t count, bool with_finger) {
    Set *s = must(set_new(NULL));
    int64_t looks = 0;
    grow_to(s, count);
    while (set_size(s) > 0) {
        if (!with_finger) s->finger = 0;
        ssize_t start = s->finger & s->mask;
        decref(must(set_pop(s)));
        looks += s->finger - start + (s->finger <= start ? s->mask + 1 : 0);
    }
    decref(s);
    return looks;
}

static void scene_finger(void) {
    heading("finger: why popping everything is not quadratic");
    say("pop() takes the first member it meets and leaves a dummy. Slots looked at to empty a\n"
        "set, with the finger that remembers where the last pop was, and with the finger set to\n"
        "0 each time:");
    puts("   members      slots   with finger    without");
    for (int64_t n = 10; n <= 10000; n *= 10) {
        Set *s = must(set_new(NULL));
        grow_to(s, n);
        printf("%10" PRId64 " %10zd %13" PRId64 " %10" PRId64 "\n", n, s->mask + 1,
               pop_all(n, true), pop_all(n, false));
        decref(s);
    }
    puts("");
    tell("With it each slot is looked at once; without it ten times the members cost about a\n"
         "hundred times the work, as the dummies of all pops before are walked over again.");
}

/* For the picture: a table with a collision and a dummy. */
static void dot(void) {
    Set *s = ints(5, 3, 35, 67, 0, 11);
    discard_int(s, 35);
    draw_dot(s);
    decref(s);
}

/* ---- The command line ------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*play)(void);
    const char *what;
} scenes[] = {
    {"table", scene_table, "slots, hashes, and the order of iteration"},
    {"collision", scene_collision, "linear probes, then jumps"},
    {"dummy", scene_dummy, "what discard leaves, and who takes it"},
    {"growth", scene_growth, "when the table is replaced, and by how large a one"},
    {"probes", scene_probes, "slots looked at, from 10 members to 10^7"},
    {"membership", scene_membership, "the time of `in` against a list's (varies from run to run)"},
    {"algebra", scene_algebra, "| & - ^ and which operand is walked"},
    {"frozenset", scene_frozenset, "a set as a key"},
    {"finger", scene_finger, "what pop() remembers"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static int help(void) {
    printf("usage: %s                      all scenes\n"
           "       %s --scene NAME         one of those below\n"
           "       %s [--count] A B        which lines do two files share? (-: standard input)\n"
           "       %s --csv membership     the scene's times, for a plot\n"
           "       %s --dot                a table for Graphviz\n"
           "\n"
           "  --max N    the largest set of `probes` and `membership` (10000000)\n"
           "  --count    only how many lines, not which: < only in A, > only in B, = in both\n"
           "\nscenes:\n",
           program, program, program, program, program);
    for (size_t i = 0; i < SCENES; i++)
        printf("  %-11s%s\n", scenes[i].name, scenes[i].what);
    return 0;
}

static int play_scene(const char *name) {
    for (size_t i = 0; i < SCENES; i++) {
        if (strcmp(name, scenes[i].name) != 0) continue;
        scenes[i].play();
        return 0;
    }
    return usage_error(program, "no scene '%s'; see --help", name);
}

static int play_all(void) {
    for (size_t i = 0; i < SCENES; i++)
        scenes[i].play();
    return 0;
}

typedef struct {
    const char *scene, *csv, *files[2];
    int file_count;
    bool dot, help, count_only;
} Options;

/* An option's argument, or NULL after a complaint. */
static const char *argument(char **argv, int *i) {
    if (argv[*i + 1]) return argv[++*i];
    usage_error(program, "%s needs an argument; see --help", argv[*i]);
    return NULL;
}

static bool parse_max(const char *text) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || end == text || errno || value < 10 || value > 100000000) {
        usage_error(program, "--max takes a number from 10 to 100000000");
        return false;
    }
    max_members = value;
    return true;
}

/* 0, or 2 after a complaint. */
static int parse(Options *options, char **argv) {
    bool only_files = false;
    for (int i = 1; argv[i]; i++) {
        const char *word = argv[i], *value;
        if (only_files || word[0] != '-' || word[1] == '\0') {
            if (options->file_count == 2)
                return usage_error(program, "more than two files; see --help");
            options->files[options->file_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_files = true;
        } else if (strcmp(word, "--help") == 0) {
            options->help = true;
        } else if (strcmp(word, "--dot") == 0) {
            options->dot = true;
        } else if (strcmp(word, "--count") == 0) {
            options->count_only = true;
        } else if (strcmp(word, "--scene") == 0) {
            if (!(options->scene = argument(argv, &i))) return 2;
        } else if (strcmp(word, "--csv") == 0) {
            if (!(options->csv = argument(argv, &i))) return 2;
        } else if (strcmp(word, "--max") == 0) {
            if (!(value = argument(argv, &i)) || !parse_max(value)) return 2;
        } else {
            return usage_error(program, "unknown option '%s'; see --help", word);
        }
    }
    return 0;
}

static int run(const Options *options) {
    if (options->help) return help();
    if (options->file_count == 1 || (options->count_only && options->file_count == 0)) {
        return usage_error(program, "two files are needed; see --help");
    }
    if (options->file_count == 2) {
        return compare_files(options->files[0], options->files[1], options->count_only);
    }
    if (options->csv) {
        if (strcmp(options->csv, "membership") != 0) {
            return usage_error(program, "--csv knows only 'membership'");
        }
        membership(true);
        return 0;
    }
    if (options->dot) {
        dot();
        return 0;
    }
    return options->scene ? play_scene(options->scene) : play_all();
}

int main(int argc, char **argv) {
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    program = slash ? slash + 1 : "set_demo";
    Options options = {0};
    int status = argc > 0 ? parse(&options, argv) : 0;
    if (status == 0) status = run(&options);
    return finish_output(program, status);
}
