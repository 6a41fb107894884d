/* demo.c: the set's story, scene by scene; and a tool: which lines do two files share? */
#include "parts.h"

#include <inttypes.h>

static long max_members = 10000000;

/* The set takes over the reference. */
static void add(Set *s, Object *key) {
    must(set_add(s, need(key)));
    decref(key);
}

static Set *ints(int count, ...) {
    Set *s = need(set_new(NULL));
    va_list numbers;
    va_start(numbers, count);
    for (int i = 0; i < count; i++)
        add(s, int_from_long(va_arg(numbers, int)));
    va_end(numbers);
    return s;
}

static Set *words(const char *text) {
    Set *s = need(set_new(NULL));
    for (; *text; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        add(s, str_from_utf8(text, (ssize_t)length));
        text += length;
    }
    return s;
}

static void discard_int(Set *s, int64_t number) {
    Object *key = need(int_from_long(number));
    must(set_discard(s, key));
    decref(key);
}

static void show(const char *label, void *op) {
    printf("%-22s ", label);
    must(object_print(op, stdout, false));
    putchar('\n');
}

/* As show(), of a set that is only wanted for this. */
static void show_new(const char *label, Set *s) {
    show(label, need(s));
    decref(s);
}

static const char *bool_name(int answer) {
    must(answer);
    return answer ? "True" : "False";
}

/* ---- Scenes ----------------------------------------------------------------------------------*/

static void scene_table(void) {
    puts("A set is an array of slots. A member's slot is its hash modulo the number of\n"
         "slots, and an int's hash is the int itself. 41, 3 and 100 are added, in this\n"
         "order, to a set of 8 slots.\n");
    step("into which slots will they go?");
    Set *s = ints(3, 41, 3, 100);
    show("added 41, 3, 100:", s);
    draw(s);
    puts("41 % 8 is 1, 3 % 8 is 3, 100 % 8 is 4. Iterating walks the slots from the left,\n"
         "so the set shows 41 first; the order in which they came is nowhere. Ints below\n"
         "the number of slots come out sorted, which has fooled many a reader:\n");
    show_new("added 5, 2, 6, 1:", ints(4, 5, 2, 6, 1));
    step("and what will added 5, 2, 8, 1 show?");
    show_new("added 5, 2, 8, 1:", ints(4, 5, 2, 8, 1));
    puts("\n8 % 8 is 0. And strs go anywhere:\n");
    Set *text = words("spam eggs ham");
    show("spam, eggs, ham:", text);
    draw(text);
    puts("A str's hash depends on a secret that Python chooses at each start, so their\n"
         "order changes from run to run. PYTHONHASHSEED=0 fixes it, and these demos take\n"
         "it as their default.");
    decref(text);
    decref(s);
}

static void tell_searches(Set *s, size_t count, const int *numbers) {
    for (size_t i = 0; i < count; i++)
        tell_search(s, numbers[i]);
    putchar('\n');
}

static void scene_collision(void) {
    puts("0, 8, 16 and 24 all want slot 0 of 8. The first has it; the others look on.\n");
    step("where will 8 go?");
    Set *s = ints(4, 0, 8, 16, 24);
    draw(s);
    tell_searches(s, 6, (const int[]){0, 8, 16, 24, 32, 3});
    decref(s);
    puts("Eight slots are too few for a run of ten neighbours, so each step is a jump:\n"
         "i = i * 5 + 1 + perturb, where perturb is what is left of the hash after\n"
         "shifting out five more bits. In a table of 32 the nine slots behind the first\n"
         "come before any jump:\n");
    step("4 is added last, after five that want slot 3: where will it be?");
    s = ints(6, 3, 35, 67, 99, 131, 4);
    draw(s);
    tell_searches(s, 5, (const int[]){3, 35, 131, 4, 163});
    puts("Neighbours lie in the same cache lines, so looking at four of them costs hardly\n"
         "more than looking at one. 4 lost its slot to 35 and lives at the end of the\n"
         "run. (99 is first because the table was rebuilt at the fifth add, in the order\n"
         "of the old slots.)");
    decref(s);
}

static void scene_dummy(void) {
    Set *s = ints(5, 1, 33, 65, 10, 11);
    puts("65, 1 and 33 share slot 1 of 32 and stand in a row. Now 1, in the middle, is\n"
         "discarded.\n");
    step("what must stand in its slot, for 33 to be found?");
    discard_int(s, 1);
    draw(s);
    tell_searches(s, 2, (const int[]){33, 1});
    puts("Were the slot empty now, the search for 33 would end there, and 33 would be\n"
         "lost. So it got a dummy: not empty for a search, free for an add.\n");
    step("where will 97 go? (97 % 32 is 1)");
    puts("Adding 97 walks to the empty slot first, to be sure that 97 is not there\n"
         "already, and then comes back:\n");
    add(s, int_from_long(97));
    draw(s);
    puts("fill counts members and dummies, used the members. A resize is decided on fill:\n"
         "a table without members but full of dummies would make every search long. The\n"
         "new table gets the members only.");
    decref(s);
}

static void scene_growth(void) {
    puts("Each line is one resize while 0, 1, 2, ... are added. `full` is after it.\n");
    step("how many slots will follow 8?");
    Set *s = need(set_new(NULL));
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
    puts("\nAfter a resize the table is 16% full, so most searches end at the first slot,\n"
         "found or not. Above 50000 members the factor is 2: there memory is the scarcer\n"
         "thing.");
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
    int64_t samples = s->used < 100000 ? s->used : 100000, stride = s->used / samples;
    size_t total = 0;
    for (int64_t i = 0; i < samples; i++) {
        Object *key = need(int_from_long(scatter(offset + i * stride)));
        size_t count = probe_path(s, key, NULL, 0);
        total += count;
        if (count > *longest) *longest = count;
        decref(key);
    }
    return (double)total / (double)samples;
}

static void scene_probes(void) {
    puts("Scattered ints; how many slots a search looks at, on average, for members and\n"
         "for strangers, and the longest of up to 200000 searches. A list would look at\n"
         "half of its items, or all.\n");
    step("a million members: how many looks?");
    puts("   members      slots   full   found   absent   longest     list");
    Set *s = need(set_new(NULL));
    for (int64_t n = 10; n <= max_members; n *= 10) {
        grow_to(s, n);
        size_t longest = 0;
        double found = average_probes(s, 0, &longest);
        double absent = average_probes(s, INT64_C(1) << 40, &longest);
        printf("%10" PRId64 " %10zd %5.0f%% %7.2f %8.2f %9zu %8" PRId64 "\n", n, s->mask + 1,
               100.0 * (double)n / (double)(s->mask + 1), found, absent, longest, n / 2);
    }
    puts("\nWhat counts is how full the table is, and that stays between 15% and 60% at any\n"
         "size.");
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
    if (found != LOOKUPS + scans) must(error_set(RuntimeError, "a member was not found"));
    return (Cost){(double)(middle - start) / LOOKUPS, (double)(end - middle) / (double)scans};
}

static void measure_all(const char *format, bool with_ratio) {
    Set *s = need(set_new(NULL));
    int64_t made = 0;
    Object **items = malloc((size_t)max_members * sizeof *items);
    if (!items) need(error_no_memory());
    for (int64_t n = 10; n <= max_members; n *= 10) {
        for (; made < n; made++) {
            items[made] = need(int_from_long(scatter(made)));
            must(set_add(s, items[made]));
        }
        Cost cost = measure(s, items, n);
        printf(format, n, cost.set_ns, cost.list_ns);
        if (with_ratio) printf("%17.0f\n", cost.list_ns / cost.set_ns);
        fflush(stdout);
    }
    for (int64_t i = 0; i < made; i++)
        decref(items[i]);
    free(items);
    decref(s);
}

static void csv_membership(void) {
    puts("members,set_ns,list_ns");
    measure_all("%" PRId64 ",%.2f,%.2f\n", false);
}

static void scene_membership(void) {
    puts("One `key in s` against one `key in list`, for a key somewhere in the middle.\n");
    step("ten times the members: how much longer does each take?");
    puts("   members      set: ns    list: ns        list / set");
    measure_all("%10" PRId64 " %12.1f %11.0f ", true);
    puts("\nThe list's time grows with its length. The set's grows a little too, in steps:\n"
         "not because it looks at more slots, but because the table leaves the processor's\n"
         "caches one by one.");
}

/* ---- Whole sets ------------------------------------------------------------------------------*/

static void scene_algebra(void) {
    puts("Who knows what? Every operation is one loop over one set with lookups in the\n"
         "other.\n");
    Set *backend = words("python sql docker git"), *frontend = words("css git html python");
    Object *other = OBJECT(frontend);
    show("backend", backend);
    show("frontend", frontend);
    step("which are in exactly one of the two?");
    show_new("backend | frontend", set_union(backend, other));
    show_new("backend & frontend", set_intersection(backend, other));
    show_new("backend - frontend", set_difference(backend, other));
    show_new("backend ^ frontend", set_symmetric_difference(backend, other));
    Set *basics = words("git python");
    printf("\n{'git', 'python'} <= backend: %s; backend.isdisjoint(frontend): %s\n\n",
           bool_name(set_issubset(basics, OBJECT(backend))),
           bool_name(set_isdisjoint(backend, other)));
    puts("& walks the smaller of the two sets: ten keys against a million cost ten\n"
         "lookups. | cannot avoid to copy; - walks the left one, or, if the right one is\n"
         "less than a quarter of it, copies the left and discards.");
    decref(basics);
    decref(backend);
    decref(frontend);
}

static void scene_frozenset(void) {
    puts("A key's hash must never change, so a set has none; a frozenset cannot change, so\n"
         "it has.\n");
    Set *s = need(set_new(NULL)), *ab = words("a b"), *ba = words("b a");
    if (set_add(s, OBJECT(ab)) < 0) {
        printf("s.add({'a', 'b'})      ");
        error_print(stdout);
    }
    Set *frozen_ab = need(frozenset_new(OBJECT(ab))), *frozen_ba = need(frozenset_new(OBJECT(ba)));
    step("the hash of 'ab' and of 'ba': equal?");
    printf("hash(frozenset('ab'))  %" PRId64 "\n", object_hash(OBJECT(frozen_ab)));
    printf("hash(frozenset('ba'))  %" PRId64 "\n", object_hash(OBJECT(frozen_ba)));
    must(set_add(s, OBJECT(frozen_ab)));
    show("s", s);
    printf("frozenset('ba') in s   %s\n", bool_name(set_contains(s, OBJECT(frozen_ba))));
    printf("{'b', 'a'} in s        %s\n\n", bool_name(set_sq_contains(s, OBJECT(ba))));
    puts("The members' hashes are shuffled and xored: xor does not know an order, as the\n"
         "hash must not. `in` even accepts a plain set, and looks it up as the frozenset\n"
         "of its members.");
    Set *all[] = {s, ab, ba, frozen_ab, frozen_ba};
    for (size_t i = 0; i < 5; i++)
        decref(all[i]);
}

/* Pops everything; returns the number of slots that were looked at. */
static int64_t pop_all(int64_t count, bool with_finger) {
    Set *s = need(set_new(NULL));
    int64_t looks = 0;
    grow_to(s, count);
    while (set_size(s) > 0) {
        if (!with_finger) s->finger = 0;
        ssize_t start = s->finger & s->mask;
        decref(need(set_pop(s)));
        looks += s->finger - start + (s->finger <= start ? s->mask + 1 : 0);
    }
    decref(s);
    return looks;
}

static void scene_finger(void) {
    puts("pop() takes the first member it meets and leaves a dummy. Slots looked at to\n"
         "empty a set, with the finger that remembers where the last pop was, and with the\n"
         "finger set to 0 each time:\n");
    step("ten times the members: how many times the slots?");
    puts("   members      slots   with finger    without");
    for (int64_t n = 10; n <= 10000; n *= 10) {
        Set *s = need(set_new(NULL));
        grow_to(s, n);
        printf("%10" PRId64 " %10zd %13" PRId64 " %10" PRId64 "\n", n, s->mask + 1,
               pop_all(n, true), pop_all(n, false));
        decref(s);
    }
    puts("\nWith it each slot is looked at once; without it ten times the members cost about\n"
         "a hundred times the work, as the dummies of all pops before are walked over\n"
         "again.");
}

/* ---- The command line ------------------------------------------------------------------------*/

static bool dot, count_only, interactive, python;

/* For the picture: a table with a collision and a dummy. */
static int draw_picture(void) {
    Set *s = ints(5, 3, 35, 67, 0, 11);
    discard_int(s, 35);
    draw_dot(s);
    decref(s);
    return 0;
}

static int work(int count, char **files) {
    const char *program = telling.demo->program;
    if (interactive || python) return interactive_loop(python);
    if (dot && (count > 0 || count_only))
        return usage_error(program, "--dot draws a table of its own; see --help");
    if (dot) return draw_picture();
    if (count != 2) return usage_error(program, "two files are needed, not %d; see --help", count);
    return compare_files(files[0], files[1], count_only);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"table", "Where a set keeps its members", scene_table,
         .look = "where 41 goes, and what the set shows first"},
        {"collision", "Two members, one slot: neighbours first, then jumps", scene_collision},
        {"dummy", "What discard leaves behind, and who takes it", scene_dummy},
        {"growth", "Three fifths full, then four times the members", scene_growth},
        {"probes", "Why `in` does not care how many members there are", scene_probes},
        {"membership", "The same, by the clock, against a list", scene_membership, .varies = true},
        {"algebra", "Union, intersection, difference; which set is walked", scene_algebra},
        {"frozenset", "A set that can be a key", scene_frozenset},
        {"finger", "Why popping everything is not quadratic", scene_finger},
        {0},
    };
    static const Scene data[] = {
        {"membership", "members,set_ns,list_ns", csv_membership, .varies = true},
        {0},
    };
    static const Option options[] = {
        {"--count", .about = "only how many lines, not which", .flag = &count_only},
        {"--dot", .about = "a table for Graphviz", .flag = &dot},
        {"--interactive", .about = "type statements about a set s, see its table",
         .flag = &interactive, .mode = "interactive"},
        {"--python", .about = "the same, each statement run in python3, too", .flag = &python,
         .mode = "interactive"},
        {"--max", "N", "the largest set of probes and membership (10000000)",
         .number = &max_members, .low = 10, .high = 100000000, .scenes = true},
        {0},
    };
    static const Demo demo = {
        .program = "set_demo",
        .about = "Which lines do two text files share? < only in A, > only in B, = in both;\n"
                 "- is standard input.",
        .operands = "A B",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
