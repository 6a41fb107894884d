/* twin.c: the same program as twin.py, on our set; both must print the same, byte for byte.
 *
 * Read the two side by side: function by function they have the same names and the same order. */
#include "../set.h"

#include <inttypes.h>

/* ---- Objects as easily as in Python ----------------------------------------------------------*/

static Object **kept; // references of this scene's, dropped at its end
static size_t kept_count;

/* Takes over a new reference until the end of the scene; ends the program if there is none, as
 * nothing here can fail but where a scene says so. */
static void *keep(void *result) {
    if (result && (kept_count & (kept_count + 1)) == 0) // full, at each power of two less one
        kept = realloc(kept, (2 * kept_count + 2) * sizeof *kept);
    if (!result || !kept) {
        error_print(stderr);
        exit(1);
    }
    return kept[kept_count++] = result;
}

static void drop_kept(void) {
    while (kept_count > 0)
        decref(kept[--kept_count]);
    free(kept);
    kept = NULL;
}

static void check(int status) {
    if (status < 0) keep(NULL);
}

static Object *integer(int64_t number) {
    return keep(int_from_long(number));
}

static Object *text(const char *utf8) {
    return keep(str_from_string(utf8));
}

static Set *empty_set(void) {
    return keep(set_new(NULL));
}

static void add_int(Set *s, int64_t number) {
    Object *key = int_from_long(number);
    check(key ? set_add(s, key) : -1);
    decref(key);
}

static void discard_int(Set *s, int64_t number) {
    check(set_discard(s, integer(number)));
}

static Set *ints_array(const int64_t *numbers, size_t count) {
    Set *s = empty_set();
    for (size_t i = 0; i < count; i++)
        add_int(s, numbers[i]);
    return s;
}
#define NUMBERS(...) (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8
#define ints(...)    ints_array(NUMBERS(__VA_ARGS__))

static Set *words(const char *line) {
    Set *s = empty_set();
    while (*line) {
        size_t length = strcspn(line, " ");
        check(set_add(s, keep(str_from_utf8(line, (ssize_t)length))));
        line += length + (line[length] == ' ');
    }
    return s;
}

static Set *counted(int64_t start, int64_t stop, int64_t step) {
    Set *s = empty_set();
    for (int64_t i = start; i < stop; i += step)
        add_int(s, i);
    return s;
}

static Object *tuple_range(int64_t start, int64_t stop, int64_t step) {
    Tuple *tuple = keep(tuple_new((ssize_t)((stop - start + step - 1) / step)));
    for (ssize_t i = 0; i < tuple->size; i++)
        tuple->items[i] = new_ref(integer(start + i * step));
    return OBJECT(tuple);
}

static Object *tuple_array(const int64_t *numbers, size_t count) {
    Tuple *tuple = keep(tuple_new((ssize_t)count));
    for (size_t i = 0; i < count; i++)
        tuple->items[i] = new_ref(integer(numbers[i]));
    return OBJECT(tuple);
}
#define tuple(...) tuple_array(NUMBERS(__VA_ARGS__))

static Set *frozen(Set *s) {
    return keep(frozenset_new(OBJECT(s)));
}

static hash_t hash(void *op) {
    hash_t h = object_hash(op);
    check(h == -1 ? -1 : 0);
    return h;
}

/* ---- Printing --------------------------------------------------------------------------------*/

static void print(void *op, const char *end) {
    check(object_print(op, stdout, false));
    fputs(end, stdout);
}

static void print_bools(size_t count, const int *answers) {
    for (size_t i = 0; i < count; i++) {
        check(answers[i]);
        printf("%s%s", answers[i] ? "True" : "False", i + 1 == count ? "\n" : " ");
    }
}
#define bools(...) print_bools(sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

static void title(const char *name) {
    drop_kept();
    printf("== %s\n", name);
}

/* What an operation that returns nothing did: its error, if that is what it ended with. */
static void outcome(const char *label, int status, const char *otherwise) {
    printf("%s: ", label);
    if (status < 0) error_print(stdout);
    if (status >= 0) puts(otherwise);
}

static void show(const char *label, const Set *s) {
    printf("%s: fill %zd used %zd mask %zd finger %zd hash %" PRId64 "\n", label, s->fill, s->used,
           s->mask, s->finger, s->hash);
    for (ssize_t i = 0; i <= s->mask; i++) {
        const SetEntry *entry = &s->table[i];
        if (entry->key == SET_DUMMY) {
            printf("  %3zd dummy\n", i);
        } else if (entry->key) {
            printf("  %3zd ", i);
            print(entry->key, " ");
            printf("%" PRId64 "\n", entry->hash);
        }
    }
}

/* The same with a number in the label. */
static void show_numbered(const char *label, int64_t number, const Set *s) {
    char numbered[32];
    snprintf(numbered, sizeof numbered, "%s %" PRId64, label, number);
    show(numbered, s);
}

static uint64_t checksum(const Set *s) {
    const uint64_t prime = UINT64_C(1099511628211);
    const ssize_t fields[] = {s->fill, s->used, s->mask, s->finger};
    uint64_t total = 0;
    for (size_t i = 0; i < 4; i++)
        total = total * prime + (uint64_t)fields[i];
    for (ssize_t i = 0; i <= s->mask; i++)
        total = (total ^ (2 * (uint64_t)s->table[i].hash + !!s->table[i].key)) * prime;
    return total;
}

/* ---- Scenes ----------------------------------------------------------------------------------*/

static void scene_growth(void) {
    title("growth");
    show("empty", empty_set());
    Set *s = empty_set();
    ssize_t mask = 7;
    for (int64_t i = 0; i < 150000; i++) {
        add_int(s, i * 7);
        if (s->mask != mask) {
            mask = s->mask;
            printf("add %" PRId64 ": fill %zd used %zd mask %zd %016" PRIx64 "\n", i * 7, s->fill,
                   s->used, mask, checksum(s));
        }
        if (i < 6) show_numbered("add", i * 7, s);
    }
    s = words("the quick brown fox jumps over a lazy dog whose name nobody knows");
    show("words", s);
    print(s, "\n");
    show("non-ASCII", words("grün 蟒蛇 naïve 🐍 ß"));
    Set *mixed = ints(1, 0, -1, -2, (INT64_C(1) << 61) - 1, INT64_C(1) << 61,
                      -(INT64_C(1) << 61) + 1, INT64_MAX, INT64_MIN);
    const double numbers[] = {1.0, 0.5, 1e300, -0.0, 1e300 * 1e300, 3.0};
    for (size_t i = 0; i < 5; i++)
        check(set_add(mixed, keep(float_from_double(numbers[i]))));
    check(set_add(mixed, True));
    Object *inner = keep(tuple_pack(1, keep(float_from_double(numbers[5]))));
    check(set_add(mixed, keep(tuple_pack(3, integer(1), text("two"), inner))));
    check(set_add(mixed, keep(tuple_pack(0))));
    show("mixed", mixed);
}

static void scene_collisions(void) {
    title("collisions");
    show("multiples of 8", ints(0, 8, 16, 24));
    show("near the end", ints(7, 15, 23, 31));
    show("linear run", ints(1, 33, 65, 97, 129));
    show("run of ten", counted(64, 64 + 128 * 15, 128));
    show("run and jumps", counted(2, 2 + 4096 * 18, 4096));
    show("same low 32 bits", counted(INT64_C(1) << 32, INT64_C(16) << 32, INT64_C(1) << 32));
}

static void scene_dummies(void) {
    title("dummies");
    Set *s = ints(0, 8, 16);
    discard_int(s, 8);
    show("discard 8", s);
    add_int(s, 24);
    show("add 24", s);
    s = counted(0, 20, 1);
    for (int64_t i = 0; i < 15; i++)
        discard_int(s, i);
    show("discard 0..14", s);
    add_int(s, 3);
    show("add 3", s);
    add_int(s, 128);
    show("add 128", s);
    check(set_update(s, tuple_range(100, 160, 1)));
    show("update 100..159", s);
    s = counted(0, 4, 1);
    for (int64_t i = 0; i < 40; i++) {
        add_int(s, i + 4);
        discard_int(s, i);
        if (i < 12) show_numbered("slide", i, s);
        printf("slide %" PRId64 ": %016" PRIx64 "\n", i, checksum(s));
    }
    show("copy", keep(set_copy(s)));
}

static void pop(Set *s) {
    print(keep(set_pop(s)), "\n");
}

static void scene_pop(void) {
    title("pop");
    Set *s = counted(10, 22, 1);
    for (int i = 0; i < 5; i++)
        pop(s);
    show("five pops", s);
    add_int(s, 10);
    pop(s);
    show("add 10, pop", s);
    while (set_size(s) > 0)
        pop(s);
    show("empty", s);
    outcome("pop", set_pop(s) ? 0 : -1, "no error");
    add_int(s, 5);
    show("add 5", s);
    check(set_clear(s));
    show("clear", s);
    add_int(s, 5);
    add_int(s, 3);
    pop(s);
    show("add 5, add 3, pop", s);
}

static const struct {
    const char *name, *symbol;
    int (*update)(Set *, Object *);
    Set *(*make)(Set *, Object *);
} methods[] = {
    {"update", "|", set_update, set_union},
    {"intersection_update", "&", set_intersection_update, set_intersection},
    {"difference_update", "-", set_difference_update, set_difference},
    {"symmetric_difference_update", "^", set_symmetric_difference_update, set_symmetric_difference},
};

static void makes(const char *left, Set *a, const char *right, Set *b) {
    for (size_t i = 0; i < 4; i++) {
        char label[8];
        snprintf(label, sizeof label, "%s %s %s", left, methods[i].symbol, right);
        show(label, keep(methods[i].make(a, OBJECT(b))));
    }
}

/* Copies of s after each of the updates. */
static void updates(Set *s, Object *other) {
    for (size_t i = 0; i < 4; i++) {
        Set *changed = keep(set_new(OBJECT(s)));
        check(methods[i].update(changed, other));
        show(methods[i].name, changed);
    }
}

static void operations(const char *label, Set *a, Set *b) {
    printf("-- %s\n", label);
    show("a", a);
    show("b", b);
    makes("a", a, "b", b);
    makes("b", b, "a", a);
    bools(object_rich_equal(OBJECT(a), OBJECT(b)), set_issubset(a, OBJECT(b)),
          set_issuperset(a, OBJECT(b)), set_isdisjoint(a, OBJECT(b)), set_isdisjoint(b, OBJECT(a)));
    updates(a, OBJECT(b));
}

static void scene_algebra(void) {
    title("algebra");
    operations("overlapping", ints(1, 9, 17, 4), ints(25, 2, 9, 1));
    operations("disjoint", ints(3, 1, 2), ints(12, 11, 10));
    operations("subset", ints(5, 13), counted(0, 30, 1));
    operations("equal", ints(8, 0, 16), ints(16, 8, 0));
    operations("small and large", counted(0, 10, 3), counted(0, 200, 5));
    operations("a ninth", counted(0, 12, 1), counted(0, 360, 3));
    operations("large minus small", counted(0, 60, 1), counted(0, 14, 1));
    operations("empty", empty_set(), ints(1, 2));
    operations("words", words("spam eggs ham spam bacon"), words("eggs toast bacon tea jam"));
    operations("frozen", frozen(ints(4, 2, 6)), ints(6, 8));
    Set *dotted = counted(0, 40, 1);
    check(set_difference_update(dotted, tuple_range(0, 40, 3)));
    show("dotted", dotted);
    operations("with dummies", dotted, counted(20, 50, 2));
    Set *a = counted(0, 9, 1);
    operations("itself", a, a);
    check(set_difference_update(a, OBJECT(a)));
    show("a -= a", a);
    a = counted(0, 9, 1);
    check(set_symmetric_difference_update(a, OBJECT(a)));
    show("a ^= a", a);
    a = counted(0, 9, 1);
    check(set_update(a, OBJECT(a)));
    show("a |= a", a);
    check(set_intersection_update(a, OBJECT(a)));
    show("a &= a", a);
}

static void scene_tuples(void) {
    title("iterables");
    Object *t = tuple(9, 1, 4, 1, 33, 9, 17), *none = tuple_range(0, 0, 1);
    Set *s = ints(17, 9, 1, 2, 3);
    show("set", keep(set_new(t)));
    show("union", keep(set_union(s, t)));
    show("intersection", keep(set_intersection(s, t)));
    show("difference", keep(set_difference(s, t)));
    show("symmetric_difference", keep(set_symmetric_difference(s, t)));
    bools(set_issubset(s, t), set_issuperset(s, t), set_isdisjoint(s, t));
    bools(set_issubset(s, tuple(17, 9, 1, 2, 3, 4)), set_issuperset(s, tuple(9, 9)),
          set_isdisjoint(s, none));
    updates(s, t);
}

static void show_frozen(Set *members) {
    Set *f = frozen(members);
    print(f, " ");
    printf("%" PRId64 "\n", hash(f));
    show("with its hash", f);
}

static void scene_nested(void) {
    Set *one = frozen(words("spam eggs")), *inner = frozen(ints(1, 2));
    Object *members = keep(tuple_pack(4, inner, frozen(empty_set()), one, text("x")));
    Set *outer = keep(frozenset_new(members)), *s = empty_set();
    printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", hash(one), hash(inner), hash(outer));
    show("nested", outer);
    check(set_add(s, OBJECT(inner)));
    bools(set_sq_contains(s, OBJECT(frozen(ints(2, 1)))), set_sq_contains(s, OBJECT(ints(2, 1))),
          set_sq_contains(s, OBJECT(ints(3, 1))),
          object_rich_equal(OBJECT(inner), OBJECT(ints(2, 1))));
    check(set_add(s, OBJECT(outer)));
    check(set_remove(s, OBJECT(ints(1, 2))));
    show("after remove", s);
}

static void scene_frozen(void) {
    title("frozenset");
    show_frozen(empty_set());
    show_frozen(ints(1));
    show_frozen(ints(1, 2));
    show_frozen(ints(2, 1));
    show_frozen(ints(3));
    show_frozen(ints(1, 2, 3));
    show_frozen(ints(0, 8));
    show_frozen(ints(8, 0));
    show_frozen(ints(-1, -2));
    Set *many = empty_set();
    for (int n = 0; n < 300; n++) {
        Set *bits = empty_set();
        for (int i = 0; i < 9; i++)
            if (n >> i & 1) add_int(bits, i);
        add_int(many, hash(frozen(bits)));
    }
    printf("%zd different hashes of 300 frozensets\n", set_size(many));
    scene_nested();
    Set *removed = counted(0, 20, 1);
    check(set_difference_update(removed, tuple(0, 1, 2, 3)));
    printf("%" PRId64 " %" PRId64 "\n", hash(frozen(removed)), hash(frozen(counted(4, 20, 1))));
    Set *f = frozen(ints(-1, -2));
    bools(frozen(f) == f, keep(set_copy(f)) == f, keep(set_union(f, OBJECT(f))) == f,
          keep(set_intersection(f, OBJECT(f))) == f);
}

/* A key whose comparison runs code. */
typedef struct {
    Object ob;
    hash_t stored;
    int (*action)(void);
} Hostile;

static void hostile_dealloc(Object *self) {
    free(self);
}

static int hostile_repr(Object *op, Writer *out) {
    char text[40];
    snprintf(text, sizeof text, "hostile %" PRId64, ((Hostile *)op)->stored);
    return writer_puts(out, text);
}

static hash_t hostile_hash(Object *op) {
    return ((Hostile *)op)->stored;
}

static int hostile_equal(Object *op, Object *other) {
    (void)other;
    return ((Hostile *)op)->action();
}

static const Type Hostile_Type = {.name = "Hostile",
                                  .dealloc = hostile_dealloc,
                                  .repr = hostile_repr,
                                  .hash = hostile_hash,
                                  .equal = hostile_equal};

static Object *hostile(hash_t stored, int (*action)(void)) {
    Hostile *self = keep(object_new(&Hostile_Type, sizeof *self));
    self->stored = stored;
    self->action = action;
    return OBJECT(self);
}

static Set *victim;
static int runs;

static int clear_no(void) {
    check(set_clear(victim));
    return 0;
}

static int clear_yes(void) {
    check(set_clear(victim));
    return 1;
}

static int grow_no(void) {
    runs++;
    check(set_update(victim, tuple_range(100, 110, 1)));
    return 0;
}

static int fail(void) {
    return error_set(ValueError, "boom");
}

static void scene_hostile(void) {
    static const struct {
        const char *label;
        int (*action)(void);
    } actions[] = {{"clear, different", clear_no},
                   {"clear, equal", clear_yes},
                   {"grow, different", grow_no},
                   {"fail", fail}};
    static const struct {
        const char *label;
        int (*run)(Set *, Object *);
    } one_key[] = {{"add", set_add}, {"contains", set_sq_contains}, {"discard", set_discard}};

    title("hostile");
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 3; j++) {
            victim = ints(1, 2, 3, 9);
            printf("%s, ", actions[i].label);
            outcome(one_key[j].label, one_key[j].run(victim, hostile(1, actions[i].action)),
                    "done");
            show("left", victim);
        }
    }
    printf("%d comparisons that grew the set\n", runs);
    Object *items = keep(tuple_pack(3, integer(4), hostile(1, fail), integer(6)));
    for (size_t i = 0; i < 4; i++) {
        Set *s = ints(5, 1, 9);
        if (methods[i].update(s, items) == 0) puts("no error");
        printf("%s: %s\n", methods[i].name, error_message());
        error_clear();
        show("left", s);
    }
}

static int unite(Set *s, Object *other) {
    return set_union(s, other) ? 0 : -1; // it fails, so there is nothing to drop
}

static int hash_it(Set *s, Object *unused) {
    (void)unused;
    return object_hash(OBJECT(s)) == -1 ? -1 : 0;
}

static void scene_iteration_errors(Set *s) {
    SetIter i = set_iter(s);
    print(keep(set_iter_next(&i)), "\n");
    add_int(s, 10);
    outcome("next", set_iter_next(&i) ? 0 : -1, "no error");
    discard_int(s, 10);
    outcome("next", set_iter_next(&i) ? 0 : -1, "no error");
    set_iter_clear(&i);
}

static void scene_errors(void) {
    title("errors");
    Set *s = ints(1, 2), *empty = empty_set();
    const struct {
        const char *label;
        int (*run)(Set *, Object *);
        void *operand;
    } attempts[] = {
        {"remove 3", set_remove, integer(3)},
        {"remove 'three'", set_remove, text("three")},
        {"remove (1, 'x')", set_remove, keep(tuple_pack(2, integer(1), text("x")))},
        {"remove {3}", set_remove, ints(3)},
        {"add set", set_add, empty},
        {"contains (set,)", set_sq_contains, keep(tuple_pack(1, empty))},
        {"update 5", set_update, integer(5)},
        {"union None", unite, None},
        {"issubset (1, 2, set)", set_issubset, keep(tuple_pack(3, integer(1), integer(2), empty))},
        {"update (3, set, 4)", set_update, keep(tuple_pack(3, integer(3), empty, integer(4)))},
        {"hash", hash_it, NULL},
        {"frozenset in", set_sq_contains, frozen(empty)},
        {"set in", set_sq_contains, empty},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
        outcome(attempts[i].label, attempts[i].run(s, attempts[i].operand), "False");
    show("left", s);
    scene_iteration_errors(s);
    Set *around = empty_set();
    check(set_add(around, OBJECT(frozen(ints(2)))));
    print(keep(tuple_pack(5, empty, frozen(empty), ints(1), frozen(ints(1)), around)), "\n");
}

/* ---- A long mixed sequence -------------------------------------------------------------------*/

static uint64_t lcg_state = 20260;

static int64_t lcg(int64_t limit) {
    lcg_state = lcg_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((lcg_state >> 33) % (uint64_t)limit);
}

static Object *random_key(int64_t span) {
    int64_t number = lcg(span), kind = lcg(10);
    if (kind < 5) return integer(number - span / 4);
    if (kind < 7) {
        char name[24];
        snprintf(name, sizeof name, "k%" PRId64, number);
        return text(name);
    }
    if (kind == 7) return keep(float_from_double((double)number / 2 - 20));
    if (kind == 8) return keep(tuple_pack(2, integer(number % 17), text("t")));
    return OBJECT(frozen(ints(number % 5, number % 11)));
}

static FILE *what; // where a step says what it did; nowhere after the first 500

static void step_print(const char *format, void *op) {
    fprintf(what, "%s", format);
    check(object_print(op, what, false));
}

static void step_one_key(Set *a, Set *b, int64_t kind, int64_t span) {
    if (kind >= 160 && set_size(a) == 0) {
        fputs("empty", what);
        return;
    }
    Object *key = kind < 160 ? random_key(span) : keep(set_pop(a));
    if (kind < 90) {
        check(set_add(a, key));
        step_print("add ", key);
    } else if (kind < 130) {
        int there = set_discard(a, key);
        step_print("discard ", key);
        fprintf(what, " %s", there ? "True" : "False");
    } else if (kind < 160) {
        check(set_add(b, key));
        fprintf(what, "%zd", set_size(b));
    } else {
        step_print("pop ", key);
    }
}

static void step_compare(Set *a, Set *b) {
    Object *other = OBJECT(b);
    const int answers[] = {set_issubset(a, other), set_issuperset(a, other),
                           object_rich_equal(OBJECT(a), other), set_isdisjoint(a, other)};
    fprintf(what, "%" PRId64, hash(frozen(a)));
    for (size_t i = 0; i < 4; i++)
        fprintf(what, " %s", answers[i] ? "True" : "False");
}

static void step_update(Set *a, int64_t span) {
    Tuple *keys = keep(tuple_new(20));
    for (ssize_t i = 0; i < 20; i++)
        keys->items[i] = new_ref(random_key(span));
    check(set_update(a, OBJECT(keys)));
    step_print("update ", keys);
}

static void step_whole_sets(Set *a, Set **b, int64_t kind, int64_t span, int step) {
    if (kind < 184) {
        check(methods[kind - 180].update(a, OBJECT(*b)));
        fprintf(what, "%s=", methods[kind - 180].symbol);
    } else if (kind < 192) {
        Set *result = keep(methods[(kind - 184) / 2].make(a, OBJECT(*b)));
        fprintf(what, "%016" PRIx64, checksum(result));
    } else if (kind < 194) {
        step_compare(a, *b);
    } else if (kind < 196) {
        decref(*b);
        *b = (Set *)new_ref(keep(set_copy(a)));
        fputs("copy", what);
    } else if (kind == 196 && step % 5 == 0) {
        check(set_clear(a));
        fputs("clear", what);
    } else {
        step_update(a, span);
    }
}

static void scene_random(void) {
    title("random");
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere) check(error_set(OSError, "cannot open /dev/null"));
    Set *a = set_new(NULL), *b = set_new(NULL);
    for (int step = 0; step < 12000; step++) {
        int64_t span = step < 6000 ? 300 : 3000, kind = lcg(200);
        what = step < 500 ? stdout : nowhere;
        fprintf(what, "%d ", step);
        if (kind < 175) {
            step_one_key(a, b, kind, span);
        } else if (kind < 180) {
            Set *swapped = a;
            a = b;
            b = swapped;
            fputs("swap", what);
        } else {
            step_whole_sets(a, &b, kind, span, step);
        }
        fprintf(what, " %zd %016" PRIx64 "\n", set_size(a), checksum(a));
        if (step >= 500 && step % 25 == 0)
            printf("%d %zd %zd %016" PRIx64 " %016" PRIx64 "\n", step, set_size(a), set_size(b),
                   checksum(a), checksum(b));
        drop_kept();
    }
    print(a, "\n");
    decref(a);
    decref(b);
    fclose(nowhere);
}

int main(int argc, char **argv) {
    (void)argc;
    scene_growth();
    scene_collisions();
    scene_dummies();
    scene_pop();
    scene_algebra();
    scene_tuples();
    scene_frozen();
    scene_hostile();
    scene_errors();
    scene_random();
    drop_kept();
    return finish_output(argv[0], 0);
}
