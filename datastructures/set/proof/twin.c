/* twin.c: the same program as twin.py, on our set; both must print the same, byte for byte.
 *
 * Read the two side by side: function by function they have the same names and the same order. */
#include "../set.h"

#include <inttypes.h>

/* Ends the program if something that cannot fail here has failed. */
static void *must(void *result) {
    if (!result) {
        error_print(stderr);
        exit(1);
    }
    return result;
}

static void check(int status) {
    if (status < 0) must(NULL);
}

static void print(void *op) {
    check(object_print(op, stdout, false));
}

/* ---- Looking inside --------------------------------------------------------------------------*/

static void show(const char *label, Set *s) {
    printf("%s: fill %zd used %zd mask %zd finger %zd hash %" PRId64 "\n", label, s->fill, s->used,
           s->mask, s->finger, s->hash);
    for (ssize_t i = 0; i <= s->mask; i++) {
        const SetEntry *entry = &s->table[i];
        if (entry->key == SET_DUMMY) {
            printf("  %3zd dummy\n", i);
        } else if (entry->key) {
            printf("  %3zd ", i);
            print(entry->key);
            printf(" %" PRId64 "\n", entry->hash);
        }
    }
}

/* Shows a set that is only wanted for this. */
static void show_new(const char *label, Set *s) {
    show(label, must(s));
    decref(s);
}

static uint64_t checksum(const Set *s) {
    const uint64_t prime = UINT64_C(1099511628211);
    uint64_t total = 0;
    const ssize_t fields[] = {s->fill, s->used, s->mask, s->finger};
    for (size_t i = 0; i < 4; i++)
        total = total * prime + (uint64_t)fields[i];
    for (ssize_t i = 0; i <= s->mask; i++)
        total = (total ^ (2 * (uint64_t)s->table[i].hash + !!s->table[i].key)) * prime;
    return total;
}

/* ---- Making keys and sets --------------------------------------------------------------------*/

/* The set now holds the key alone. */
static void add(Set *s, Object *key) {
    check(set_add(s, must(key)));
    decref(key);
}

static void add_int(Set *s, int64_t number) {
    add(s, int_from_long(number));
}

static Set *ints_array(const int64_t *numbers, size_t count) {
    Set *s = must(set_new(NULL));
    for (size_t i = 0; i < count; i++)
        add_int(s, numbers[i]);
    return s;
}
#define NUMBERS(...) (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8
#define ints(...)    ints_array(NUMBERS(__VA_ARGS__))

static Set *words(const char *text) {
    Set *s = must(set_new(NULL));
    while (*text) {
        size_t length = strcspn(text, " ");
        add(s, str_from_utf8(text, (ssize_t)length));
        text += length + (text[length] == ' ');
    }
    return s;
}

static Set *counted(int64_t start, int64_t stop, int64_t step) {
    Set *s = must(set_new(NULL));
    for (int64_t i = start; i < stop; i += step)
        add_int(s, i);
    return s;
}

static Object *tuple_array(const int64_t *numbers, size_t count) {
    Tuple *tuple = must(tuple_new((ssize_t)count));
    for (size_t i = 0; i < count; i++)
        tuple->items[i] = must(int_from_long(numbers[i]));
    return OBJECT(tuple);
}
#define tuple(...) tuple_array(NUMBERS(__VA_ARGS__))

static Object *tuple_range(int64_t start, int64_t stop, int64_t step) {
    Tuple *tuple = must(tuple_new((ssize_t)((stop - start + step - 1) / step)));
    for (ssize_t i = 0; i < tuple->size; i++)
        tuple->items[i] = must(int_from_long(start + i * step));
    return OBJECT(tuple);
}

/* The frozenset of a set that is only wanted for this. */
static Set *frozen(Set *s) {
    Set *f = must(frozenset_new(OBJECT(s)));
    decref(s);
    return f;
}

static const char *bool_name(int answer) {
    check(answer);
    return answer ? "True" : "False";
}

static void title(const char *text) {
    printf("== %s\n", text);
}

/* ---- Scenes ----------------------------------------------------------------------------------*/

static void scene_growth(void) {
    title("growth");
    show_new("empty", set_new(NULL));
    Set *s = must(set_new(NULL));
    ssize_t mask = 7;
    for (int64_t i = 0; i < 150000; i++) {
        add_int(s, i * 7);
        if (s->mask != mask) {
            mask = s->mask;
            printf("add %" PRId64 ": fill %zd used %zd mask %zd %016" PRIx64 "\n", i * 7, s->fill,
                   s->used, mask, checksum(s));
        }
        if (i < 6) {
            char label[32];
            snprintf(label, sizeof label, "add %" PRId64, i * 7);
            show(label, s);
        }
    }
    decref(s);
    Set *text = words("the quick brown fox jumps over a lazy dog whose name nobody knows");
    show("words", text);
    print(text);
    puts("");
    decref(text);
    show_new("non-ASCII", words("grün 蟒蛇 naïve 🐍 ß"));
    Set *mixed = ints(1, 0, -1, -2, (INT64_C(1) << 61) - 1, INT64_C(1) << 61,
                      -(INT64_C(1) << 61) + 1, INT64_MAX, INT64_MIN);
    const double numbers[] = {1.0, 0.5, 1e300, -0.0, 1e300 * 1e300};
    for (size_t i = 0; i < 5; i++)
        add(mixed, float_from_double(numbers[i]));
    check(set_add(mixed, True));
    Object *parts[] = {int_from_long(1), str_from_string("two"), float_from_double(3.0)};
    Object *inner = must(tuple_pack(1, must(parts[2])));
    add(mixed, tuple_pack(3, must(parts[0]), must(parts[1]), inner));
    for (size_t i = 0; i < 3; i++)
        decref(parts[i]);
    decref(inner);
    add(mixed, tuple_pack(0));
    show_new("mixed", mixed);
}

static void scene_collisions(void) {
    title("collisions");
    show_new("multiples of 8", ints(0, 8, 16, 24));
    show_new("near the end", ints(7, 15, 23, 31));
    show_new("linear run", ints(1, 33, 65, 97, 129));
    show_new("run of ten", counted(64, 64 + 128 * 15, 128));
    show_new("run and jumps", counted(2, 2 + 4096 * 18, 4096));
    show_new("same low 32 bits", counted(INT64_C(1) << 32, INT64_C(16) << 32, INT64_C(1) << 32));
}

static void discard_int(Set *s, int64_t number) {
    Object *key = must(int_from_long(number));
    check(set_discard(s, key));
    decref(key);
}

static void scene_dummies(void) {
    title("dummies");
    Set *s = ints(0, 8, 16);
    discard_int(s, 8);
    show("discard 8", s);
    add_int(s, 24);
    show_new("add 24", s);
    s = counted(0, 20, 1);
    for (int64_t i = 0; i < 15; i++)
        discard_int(s, i);
    show("discard 0..14", s);
    add_int(s, 3);
    show("add 3", s);
    add_int(s, 128);
    show("add 128", s);
    Object *more = tuple_range(100, 160, 1);
    check(set_update(s, more));
    decref(more);
    show_new("update 100..159", s);
    s = counted(0, 4, 1);
    for (int64_t i = 0; i < 40; i++) {
        add_int(s, i + 4);
        discard_int(s, i);
        char label[32];
        snprintf(label, sizeof label, "slide %" PRId64, i);
        if (i < 12) show(label, s);
        printf("%s: %016" PRIx64 "\n", label, checksum(s));
    }
    show_new("copy", set_copy(s));
    decref(s);
}

static void pop(Set *s) {
    Object *key = must(set_pop(s));
    print(key);
    puts("");
    decref(key);
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
    if (!set_pop(s)) {
        printf("pop: ");
        error_print(stdout);
    }
    add_int(s, 5);
    show("add 5", s);
    check(set_clear(s));
    show("clear", s);
    add_int(s, 5);
    add_int(s, 3);
    pop(s);
    show_new("add 5, add 3, pop", s);
}

typedef int (*InPlace)(Set *, Object *);
static const struct {
    const char *name;
    InPlace run;
} in_place[] = {
    {"update", set_update},
    {"intersection_update", set_intersection_update},
    {"difference_update", set_difference_update},
    {"symmetric_difference_update", set_symmetric_difference_update},
};

/* Borrows a and b. */
static void operations(const char *label, Set *a, Set *b) {
    printf("-- %s\n", label);
    show("a", a);
    show("b", b);
    show_new("a | b", set_union(a, OBJECT(b)));
    show_new("a & b", set_intersection(a, OBJECT(b)));
    show_new("a - b", set_difference(a, OBJECT(b)));
    show_new("a ^ b", set_symmetric_difference(a, OBJECT(b)));
    show_new("b | a", set_union(b, OBJECT(a)));
    show_new("b & a", set_intersection(b, OBJECT(a)));
    show_new("b - a", set_difference(b, OBJECT(a)));
    show_new("b ^ a", set_symmetric_difference(b, OBJECT(a)));
    printf("%s %s ", bool_name(object_rich_equal(OBJECT(a), OBJECT(b))),
           bool_name(set_issubset(a, OBJECT(b))));
    printf("%s %s %s\n", bool_name(set_issuperset(a, OBJECT(b))),
           bool_name(set_isdisjoint(a, OBJECT(b))), bool_name(set_isdisjoint(b, OBJECT(a))));
    for (size_t i = 0; i < 4; i++) {
        Set *s = must(set_new(OBJECT(a)));
        check(in_place[i].run(s, OBJECT(b)));
        show_new(in_place[i].name, s);
    }
}

/* The same, of two sets that are only wanted for this. */
static void operations_new(const char *label, Set *a, Set *b) {
    operations(label, a, b);
    decref(a);
    decref(b);
}

static void scene_algebra(void) {
    title("algebra");
    operations_new("overlapping", ints(1, 9, 17, 4), ints(25, 2, 9, 1));
    operations_new("disjoint", ints(3, 1, 2), ints(12, 11, 10));
    operations_new("subset", ints(5, 13), counted(0, 30, 1));
    operations_new("equal", ints(8, 0, 16), ints(16, 8, 0));
    operations_new("small and large", counted(0, 10, 3), counted(0, 200, 5));
    operations_new("a ninth", counted(0, 12, 1), counted(0, 360, 3));
    operations_new("large minus small", counted(0, 60, 1), counted(0, 14, 1));
    operations_new("empty", must(set_new(NULL)), ints(1, 2));
    operations_new("words", words("spam eggs ham spam bacon"), words("eggs toast bacon tea jam"));
    operations_new("frozen", frozen(ints(4, 2, 6)), ints(6, 8));
    Set *dotted = counted(0, 40, 1);
    Object *dots = tuple_range(0, 40, 3);
    check(set_difference_update(dotted, dots));
    decref(dots);
    show("dotted", dotted);
    operations_new("with dummies", dotted, counted(20, 50, 2));
    Set *a = counted(0, 9, 1);
    operations("itself", a, a);
    check(set_difference_update(a, OBJECT(a)));
    show_new("a -= a", a);
    a = counted(0, 9, 1);
    check(set_symmetric_difference_update(a, OBJECT(a)));
    show_new("a ^= a", a);
    a = counted(0, 9, 1);
    check(set_update(a, OBJECT(a)));
    show("a |= a", a);
    check(set_intersection_update(a, OBJECT(a)));
    show_new("a &= a", a);
}

static void scene_tuples(void) {
    title("iterables");
    Object *t = tuple(9, 1, 4, 1, 33, 9, 17);
    Set *s = ints(17, 9, 1, 2, 3);
    show_new("set", set_new(t));
    show_new("union", set_union(s, t));
    show_new("intersection", set_intersection(s, t));
    show_new("difference", set_difference(s, t));
    show_new("symmetric_difference", set_symmetric_difference(s, t));
    printf("%s %s ", bool_name(set_issubset(s, t)), bool_name(set_issuperset(s, t)));
    printf("%s\n", bool_name(set_isdisjoint(s, t)));
    Object *all = tuple(17, 9, 1, 2, 3, 4), *nines = tuple(9, 9), *none = must(tuple_new(0));
    printf("%s %s ", bool_name(set_issubset(s, all)), bool_name(set_issuperset(s, nines)));
    printf("%s\n", bool_name(set_isdisjoint(s, none)));
    for (size_t i = 0; i < 4; i++) {
        Set *changed = must(set_copy(s));
        check(in_place[i].run(changed, t));
        show_new(in_place[i].name, changed);
    }
    decref(all);
    decref(nines);
    decref(none);
    decref(s);
    decref(t);
}

static hash_t hash(void *op) {
    hash_t h = object_hash(op);
    if (h == -1) must(NULL);
    return h;
}

/* The hash of the frozenset of a set that is only wanted for this. */
static hash_t hash_frozen(Set *s) {
    Set *f = frozen(s);
    hash_t h = hash(f);
    decref(f);
    return h;
}

static void show_frozen(Set *members) {
    Set *f = frozen(members);
    print(f);
    printf(" %" PRId64 "\n", hash(f));
    show_new("with its hash", f);
}

static const char *in_new(Set *s, Set *key) {
    int answer = set_sq_contains(s, OBJECT(key));
    decref(key);
    return bool_name(answer);
}

static void scene_nested(void) {
    Set *one = frozen(words("spam eggs")), *inner = frozen(ints(1, 2));
    Set *empty = must(frozenset_new(NULL));
    Object *x = must(str_from_string("x"));
    Object *members = must(tuple_pack(4, inner, empty, one, x));
    Set *outer = must(frozenset_new(members));
    decref(members);
    printf("%" PRId64 " %" PRId64 " ", hash(one), hash(inner));
    printf("%" PRId64 "\n", hash(outer));
    show("nested", outer);
    Set *s = must(set_new(NULL)), *pair = ints(1, 2), *reversed = ints(2, 1);
    check(set_add(s, OBJECT(inner)));
    printf("%s %s ", in_new(s, frozen(ints(2, 1))), in_new(s, ints(2, 1)));
    printf("%s %s\n", in_new(s, ints(3, 1)),
           bool_name(object_rich_equal(OBJECT(inner), OBJECT(reversed))));
    check(set_add(s, OBJECT(outer)));
    check(set_remove(s, OBJECT(pair)));
    show("after remove", s);
    Set *all[] = {one, inner, empty, outer, s, pair, reversed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
    decref(x);
}

/* Whether two new references are to one object. */
static const char *is_new(Set *a, Set *b) {
    bool same = a == b;
    decref(a);
    return bool_name(same);
}

static void scene_frozen(void) {
    title("frozenset");
    show_frozen(must(set_new(NULL)));
    show_frozen(ints(1));
    show_frozen(ints(1, 2));
    show_frozen(ints(2, 1));
    show_frozen(ints(3));
    show_frozen(ints(1, 2, 3));
    show_frozen(ints(0, 8));
    show_frozen(ints(8, 0));
    show_frozen(ints(-1, -2));
    Set *many = must(set_new(NULL));
    for (int n = 0; n < 300; n++) {
        Set *bits = must(set_new(NULL));
        for (int i = 0; i < 9; i++) {
            if (n >> i & 1) add_int(bits, i);
        }
        add_int(many, hash_frozen(bits));
    }
    printf("%zd different hashes of 300 frozensets\n", set_size(many));
    decref(many);
    scene_nested();
    Set *removed = counted(0, 20, 1);
    Object *first = tuple(0, 1, 2, 3);
    check(set_difference_update(removed, first));
    decref(first);
    printf("%" PRId64 " ", hash_frozen(removed));
    printf("%" PRId64 "\n", hash_frozen(counted(4, 20, 1)));
    Set *f = frozen(ints(-1, -2));
    printf("%s %s ", is_new(frozenset_new(OBJECT(f)), f), is_new(set_copy(f), f));
    printf("%s %s\n", is_new(set_union(f, OBJECT(f)), f),
           is_new(set_intersection(f, OBJECT(f)), f));
    decref(f);
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
    Hostile *self = must(object_new(&Hostile_Type, sizeof *self));
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
    Object *more = tuple_range(100, 110, 1);
    check(set_update(victim, more));
    decref(more);
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
            Object *key = hostile(1, actions[i].action);
            int status = one_key[j].run(victim, key);
            printf("%s, %s: ", actions[i].label, one_key[j].label);
            if (status < 0) {
                error_print(stdout);
            } else {
                puts("done");
            }
            show_new("left", victim);
            decref(key);
        }
    }
    printf("%d comparisons that grew the set\n", runs);
    Object *four = must(int_from_long(4)), *six = must(int_from_long(6)), *key = hostile(1, fail);
    Object *items = must(tuple_pack(3, four, key, six));
    for (size_t i = 0; i < 4; i++) {
        Set *s = ints(5, 1, 9);
        if (in_place[i].run(s, items) < 0) {
            printf("%s: %s\n", in_place[i].name, error_message());
            error_clear();
        } else {
            puts("no error");
        }
        show_new("left", s);
    }
    decref(items);
    decref(key);
    decref(four);
    decref(six);
}

/* Prints the error that an operation must have ended with, and drops its key. */
static void failed(const char *label, int status, void *key) {
    printf("%s: ", label);
    if (status >= 0) puts("no error");
    if (status < 0) error_print(stdout);
    decref(key);
}

static void scene_iteration_errors(Set *s) {
    SetIter i = set_iter(s);
    Object *first = must(set_iter_next(&i));
    print(first);
    puts("");
    decref(first);
    add_int(s, 10);
    failed("next", set_iter_next(&i) ? 0 : -1, new_ref(None));
    discard_int(s, 10);
    failed("next", set_iter_next(&i) ? 0 : -1, new_ref(None));
    set_iter_clear(&i);
}

static void scene_errors(void) {
    title("errors");
    Set *s = ints(1, 2);
    Object *three = must(int_from_long(3)), *four = must(int_from_long(4));
    Object *text = must(str_from_string("three")), *x = must(str_from_string("x"));
    Object *one = must(int_from_long(1));
    Object *pair = must(tuple_pack(2, one, x));
    Set *empty = must(set_new(NULL)), *set_of_three = ints(3);
    failed("remove 3", set_remove(s, three), new_ref(three));
    failed("remove 'three'", set_remove(s, text), text);
    failed("remove (1, 'x')", set_remove(s, pair), pair);
    failed("remove {3}", set_remove(s, OBJECT(set_of_three)), set_of_three);
    failed("add set", set_add(s, OBJECT(empty)), x);
    Object *around = must(tuple_pack(1, empty));
    failed("contains (set,)", set_sq_contains(s, around), around);
    Object *five = must(int_from_long(5));
    failed("update 5", set_update(s, five), five);
    failed("union None", set_union(s, None) ? 0 : -1, one);
    Object *three_and_set = must(tuple_pack(3, three, empty, four));
    failed("update (3, set, 4)", set_update(s, three_and_set), three_and_set);
    failed("hash", object_hash(OBJECT(s)) == -1 ? -1 : 0, three);
    printf("frozenset in: %s\n", in_new(s, must(frozenset_new(NULL))));
    printf("set in: %s\n", in_new(s, empty));
    decref(four);
    show("left", s);
    scene_iteration_errors(s);
    decref(s);
    Set *all[] = {must(set_new(NULL)), must(frozenset_new(NULL)), ints(1), frozen(ints(1)),
                  must(set_new(NULL))};
    add(all[4], OBJECT(frozen(ints(2))));
    Object *items = must(tuple_pack(5, all[0], all[1], all[2], all[3], all[4]));
    print(items);
    puts("");
    decref(items);
    for (size_t i = 0; i < 5; i++)
        decref(all[i]);
}

/* ---- A long mixed sequence -------------------------------------------------------------------*/

static uint64_t lcg_state = 20260;

static int64_t lcg(int64_t limit) {
    lcg_state = lcg_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((lcg_state >> 33) % (uint64_t)limit);
}

static Object *random_key(int64_t span) {
    int64_t number = lcg(span), kind = lcg(10);
    if (kind < 5) return must(int_from_long(number - span / 4));
    if (kind < 7) {
        char text[24];
        snprintf(text, sizeof text, "k%" PRId64, number);
        return must(str_from_string(text));
    }
    if (kind == 7) return must(float_from_double((double)number / 2 - 20));
    if (kind == 8) {
        Object *first = must(int_from_long(number % 17)), *second = must(str_from_string("t"));
        Object *key = must(tuple_pack(2, first, second));
        decref(first);
        decref(second);
        return key;
    }
    return OBJECT(frozen(ints(number % 5, number % 11)));
}

static void step_one_key(Set *a, Set *b, int64_t kind, int64_t span, bool loud) {
    Object *key = kind < 160 ? random_key(span) : NULL;
    if (kind < 90) {
        check(set_add(a, key));
        if (loud) printf("add ");
    } else if (kind < 130) {
        int there = set_discard(a, key);
        check(there);
        if (loud) printf("discard ");
        if (loud) print(key);
        if (loud) printf(" %s", bool_name(there));
    } else if (kind < 160) {
        check(set_add(b, key));
        if (loud) printf("%zd", set_size(b));
    } else if (set_size(a) > 0) {
        key = must(set_pop(a));
        if (loud) printf("pop ");
    } else if (loud) {
        printf("empty");
    }
    if (loud && (kind < 90 || kind >= 160) && key) print(key);
    xdecref(key);
}

/* An operation that makes a new set, of which the digest is shown. */
static void step_new(Set *result, bool loud) {
    must(result);
    if (loud) printf("%016" PRIx64, checksum(result));
    decref(result);
}

static void step_compare(Set *a, Set *b, bool loud) {
    Set *f = must(frozenset_new(OBJECT(a)));
    hash_t h = hash(f);
    decref(f);
    const char *subset = bool_name(set_issubset(a, OBJECT(b)));
    const char *superset = bool_name(set_issuperset(a, OBJECT(b)));
    const char *equal = bool_name(object_rich_equal(OBJECT(a), OBJECT(b)));
    const char *disjoint = bool_name(set_isdisjoint(a, OBJECT(b)));
    if (loud) printf("%" PRId64 " %s %s %s %s", h, subset, superset, equal, disjoint);
}

static void step_update(Set *a, int64_t span, bool loud) {
    Tuple *keys = must(tuple_new(20));
    for (ssize_t i = 0; i < 20; i++)
        keys->items[i] = random_key(span);
    check(set_update(a, OBJECT(keys)));
    if (loud) printf("update ");
    if (loud) print(keys);
    decref(keys);
}

static void step_whole_sets(Set *a, Set **b, int64_t kind, int64_t span, int step, bool loud) {
    static const char *const symbols[] = {"|=", "&=", "-=", "^="};
    Object *other = OBJECT(*b);
    if (kind < 184) {
        check(in_place[kind - 180].run(a, other));
        if (loud) printf("%s", symbols[kind - 180]);
    } else if (kind < 186) {
        step_new(set_union(a, other), loud);
    } else if (kind < 188) {
        step_new(set_intersection(a, other), loud);
    } else if (kind < 190) {
        step_new(set_difference(a, other), loud);
    } else if (kind < 192) {
        step_new(set_symmetric_difference(a, other), loud);
    } else if (kind < 194) {
        step_compare(a, *b, loud);
    } else if (kind < 196) {
        Set *copy = must(set_copy(a));
        decref(*b);
        *b = copy;
        if (loud) printf("copy");
    } else if (kind == 196 && step % 5 == 0) {
        check(set_clear(a));
        if (loud) printf("clear");
    } else {
        step_update(a, span, loud);
    }
}

static void scene_random(void) {
    title("random");
    Set *a = must(set_new(NULL)), *b = must(set_new(NULL));
    for (int step = 0; step < 12000; step++) {
        int64_t span = step < 6000 ? 300 : 3000;
        int64_t kind = lcg(200);
        bool loud = step < 500;
        if (loud) printf("%d ", step);
        if (kind < 175) {
            step_one_key(a, b, kind, span, loud);
        } else if (kind < 180) {
            Set *swapped = a;
            a = b;
            b = swapped;
            if (loud) printf("swap");
        } else {
            step_whole_sets(a, &b, kind, span, step, loud);
        }
        if (loud) {
            printf(" %zd %016" PRIx64 "\n", set_size(a), checksum(a));
        } else if (step % 25 == 0) {
            printf("%d %zd %zd %016" PRIx64 " %016" PRIx64 "\n", step, set_size(a), set_size(b),
                   checksum(a), checksum(b));
        }
    }
    print(a);
    puts("");
    decref(a);
    decref(b);
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
    return finish_output(argv[0], 0);
}
