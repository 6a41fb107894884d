/* twin.c: the same program as twin.py, on our dict; what it prints is equal byte for byte.
 *
 * What is one line there (`d[key] = value` of fresh objects) is a helper here that consumes its
 * arguments: the references that a caller had just made for it.
 */
#include "../dict.h"

#include <inttypes.h>

static Object *number(int64_t value) {
    return int_from_long(value);
}

static Object *text(const char *utf8) {
    return str_from_string(utf8);
}

static Object *real(double value) {
    return float_from_double(value);
}

/* Helpers that consume the references to key and value. */
static void set(Dict *d, Object *key, Object *value) {
    if (dict_set_item(d, key, value) < 0) error_print(stdout);
    decref(key);
    decref(value);
}

static void del(Dict *d, Object *key) {
    if (dict_del_item(d, key) < 0) error_print(stdout);
    decref(key);
}

static Object *pair(Object *a, Object *b) {
    Object *tuple = tuple_pack(2, a, b);
    decref(a);
    decref(b);
    return tuple;
}

static void println(Object *op) {
    object_print(op, stdout, false);
    putchar('\n');
}

/* ---- Reading the table -----------------------------------------------------------------------*/

static size_t table_bytes(const Dict *d) {
    size_t bytes = dict_keys_sizeof(d->keys);
    return bytes ? bytes - sizeof(DictKeys) : 0;
}

static void state(const Dict *d) {
    const DictKeys *keys = d->keys;
    printf("  size %zu %s used %zd usable %zd nentries %zd bytes %zu\n", dict_slots(keys),
           keys->kind == DICT_KEYS_UNICODE ? "unicode" : "general", d->used, keys->usable,
           keys->nentries, table_bytes(d));
}

static void dump_indices(const DictKeys *keys) {
    for (size_t slot = 0; slot < dict_slots(keys); slot++) {
        if (slot % 32 == 0) printf(slot ? "\n  indices" : "  indices");
        ssize_t ix = dict_get_index(keys, slot);
        if (ix == DKIX_EMPTY) {
            printf(" .");
        } else if (ix == DKIX_DUMMY) {
            printf(" D");
        } else {
            printf(" %zd", ix);
        }
    }
    putchar('\n');
}

__attribute__((format(printf, 2, 3))) static void dump(const Dict *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    state(d);
    if (d->keys == dict_empty_keys) return;
    dump_indices(d->keys);
    for (ssize_t ix = 0; ix < d->keys->nentries; ix++) {
        DictEntry entry = dict_entry(d->keys, ix);
        if (!entry.value) {
            printf("  entry %zd: deleted\n", ix);
            continue;
        }
        printf("  entry %zd: hash %" PRId64 " key ", ix, entry.hash);
        object_print(entry.key, stdout, false);
        printf(" value ");
        println(entry.value);
    }
}

static uint64_t checksum(const Dict *d) {
    const DictKeys *keys = d->keys;
    const uint64_t head[] = {keys->log2_size,          keys->kind,
                             (uint64_t)d->used,        (uint64_t)keys->usable,
                             (uint64_t)keys->nentries, table_bytes(d)};
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        total = total * 31 + head[i];
    for (size_t slot = 0; slot < dict_slots(keys); slot++)
        total = total * 31 + (uint64_t)dict_get_index(keys, slot);
    for (ssize_t ix = 0; ix < keys->nentries; ix++) {
        DictEntry entry = dict_entry(keys, ix);
        uint64_t hash = entry.value ? (uint64_t)entry.hash : 0;
        total = (total * 31 + hash) * 31;
        if (entry.value) total += (uint64_t)object_hash(entry.value);
    }
    return total;
}

static uint64_t random_below(uint64_t *random, uint64_t limit) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*random >> 33) % limit;
}

/* Prints a title and the result (consumed), or the pending error. */
static void attempt(const char *title, Object *result) {
    printf("%s -> ", title);
    if (result) {
        println(result);
        decref(result);
    } else {
        error_print(stdout);
    }
}

/* The result of a C function that answers 0 or -1, and of one that answers 1, 0 or -1. */
static Object *none_or_error(int status) {
    return status < 0 ? NULL : new_ref(None);
}

static Object *bool_or_error(int answer) {
    return answer < 0 ? NULL : new_ref(answer ? True : False);
}

/* The methods in one shape: a new reference, or NULL with an error. */
typedef Object *(*Method)(Dict *d, Object *key, Object *fallback);

static Object *item(Dict *d, Object *key, Object *fallback) {
    (void)fallback;
    return dict_subscript(d, key);
}

static Object *set_default(Dict *d, Object *key, Object *fallback) {
    Object *value = dict_set_default(d, key, fallback);
    return value ? new_ref(value) : NULL;
}

static Object *contains(Dict *d, Object *key, Object *fallback) {
    (void)fallback;
    return bool_or_error(dict_contains(d, key));
}

static Object *delete (Dict *d, Object *key, Object *fallback) {
    (void)fallback;
    return none_or_error(dict_del_item(d, key));
}

/* Prints what a method makes of a key and a fallback, or NULL, both of which it consumes. */
static void call(const char *title, Method method, Dict *d, Object *key, Object *fallback) {
    attempt(title, method(d, key, fallback));
    decref(key);
    xdecref(fallback);
}

/* ---- The parts -------------------------------------------------------------------------------*/

static void first_steps(void) {
    Dict *d = dict_new();
    dump(d, "an empty dict");
    for (int i = 0; i < 8; i++) {
        char key[] = {(char)('a' + i), '\0'};
        set(d, text(key), number(i));
        dump(d, "d['%s'] = %d", key, i);
    }
    del(d, text("c"));
    dump(d, "del d['c']");
    del(d, text("a"));
    dump(d, "del d['a']");
    set(d, text("c"), number(30));
    dump(d, "d['c'] = 30");
    set(d, text("b"), number(10));
    dump(d, "d['b'] = 10");
    Object *item = dict_popitem(d);
    println(item);
    decref(item);
    dump(d, "d.popitem()");
    set(d, number(7), text("seven"));
    dump(d, "d[7] = 'seven'");
    set(d, text("é"), text("€"));
    set(d, text("😀"), text("x"));
    dump(d, "non-ASCII keys");
    del(d, number(7));
    dump(d, "del d[7]");
    println(OBJECT(d));
    while (dict_size(d) > 0) {
        item = dict_popitem(d);
        println(item);
        decref(item);
        state(d);
    }
    dump(d, "after popitem of all");
    set(d, text("again"), number(1));
    dump(d, "d['again'] = 1");
    dict_clear(d);
    dump(d, "d.clear()");
    decref(d);
}

static void collisions(void) {
    Dict *d = dict_new();
    for (int k = 0; k <= 32; k += 8) {
        set(d, number(k), number(k));
        dump(d, "d[%d] = %d", k, k);
    }
    del(d, number(8));
    dump(d, "del d[8]");
    call("d[32]", item, d, number(32), NULL);
    set(d, number(40), number(40));
    dump(d, "d[40] = 40 drops the dummy");
    Dict *e = dict_new();
    for (int k = 0; k <= 16; k += 8)
        set(e, number(k), number(k));
    del(e, number(0));
    set(e, number(24), number(24));
    dump(e, "a dummy is used again");
    Dict *f = dict_new();
    for (int i = 0; i < 40; i++)
        set(f, number((int64_t)i << 20), number(i));
    dump(f, "40 multiples of 2**20");
    Dict *g = dict_new();
    for (int i = -3; i < 4; i++)
        set(g, number(i * ((INT64_C(1) << 61) - 1)), number(i));
    dump(g, "multiples of 2**61 - 1: equal hashes");
    decref(d);
    decref(e);
    decref(f);
    decref(g);
}

static void churn(void) {
    Dict *d = dict_new();
    for (int i = 0; i < 60; i++) {
        set(d, number(i), number(i));
        if (i >= 3) del(d, number(i - 3));
        state(d);
    }
    dump(d, "after 60 rounds");
    decref(d);
}

static Object *name(const char *prefix, int64_t i) {
    char buffer[40];
    snprintf(buffer, sizeof buffer, "%s%" PRId64, prefix, i);
    return text(buffer);
}

/* 100000 keys, each size of the table told as it comes. */
static Dict *grown(bool strs) {
    Dict *d = dict_new();
    size_t size = 0;
    for (int i = 0; i < 100000; i++) {
        set(d, strs ? name("key", i) : number(i * 7), number(i));
        if (dict_sizeof(d) == size) continue;
        size = dict_sizeof(d);
        printf("%d %s, checksum %" PRIu64 "\n", i + 1, strs ? "strs" : "ints", checksum(d));
        state(d);
    }
    return d;
}

static void growth(void) {
    decref(grown(false));
    Dict *d = grown(true);
    size_t size = dict_sizeof(d);
    for (int i = 0; i < 99000; i++)
        del(d, name("key", i));
    printf("1000 left, checksum %" PRIu64 "\n", checksum(d));
    state(d);
    int i = 100000;
    for (; dict_sizeof(d) == size; i++)
        set(d, name("key", i), number(i));
    printf("until the next resize: %d, checksum %" PRIu64 "\n", i, checksum(d));
    state(d);
    decref(d);
}

static void attempt_key(Dict *d, Object *key) { // consumes it
    object_print(key, stdout, false);
    attempt(" in d", contains(d, key, NULL));
    printf("d[");
    object_print(key, stdout, false);
    call("]", item, d, key, NULL);
}

static void equal_keys(void) {
    Dict *d = dict_new();
    set(d, number(1), text("int"));
    set(d, real(1.0), text("float"));
    set(d, new_ref(True), text("bool"));
    dump(d, "1, 1.0, True");
    set(d, real(0.0), text("float"));
    set(d, new_ref(False), text("bool"));
    set(d, number(-1), text("minus one"));
    set(d, number(-2), text("minus two"));
    set(d, real(2.5), text("two and a half"));
    set(d, pair(number(1), number(2)), text("tuple"));
    set(d, pair(real(1.0), number(2)), text("the same tuple"));
    set(d, text("1"), text("str"));
    set(d, text(""), text("empty str"));
    set(d, tuple_pack(0), text("empty tuple"));
    set(d, real(1e308 * 10), text("inf"));
    const int64_t large[] = {INT64_C(1) << 60,    (INT64_C(1) << 61) - 2,
                             -(INT64_C(1) << 61), (INT64_C(1) << 62) + 5,
                             INT64_MIN,           INT64_MAX};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        set(d, number(large[i]), text("large"));
    dump(d, "all sorts of keys");
    Object *keys[] = {number(1), new_ref(True), real(-1.0), real(-2.0), pair(number(1), real(2)),
                      text("1"), real(2.5),     number(3),  text("2"),  real(-1e308 * 10)};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        attempt_key(d, keys[i]);
    decref(d);
}

static void updated(const char *title, Dict *target, Dict *source) {
    if (dict_update(target, source) < 0) error_print(stdout);
    dump(target, "%s", title);
    decref(target);
}

static Dict *dict_of_one(Object *key, Object *value) {
    Dict *d = dict_new();
    set(d, key, value);
    return d;
}

static void small_copies(void) {
    for (int deleted = 0; deleted < 11; deleted++) {
        Dict *d = dict_new();
        for (int i = 0; i < 10; i++)
            set(d, name("k", i), number(i));
        for (int i = 0; i < deleted; i++)
            del(d, name("k", i));
        Dict *copy = dict_copy(d);
        dump(copy, "copy of 10 with %d deleted", deleted);
        decref(copy);
        updated("update of an empty dict", dict_new(), d);
        updated("update of a dict with one item", dict_of_one(text("x"), number(1)), d);
        updated("update of a dict with an int key", dict_of_one(number(7), number(1)), d);
        decref(d);
    }
}

static void oversized_copies(void) {
    for (int left = 1; left < 11; left++) {
        Dict *h = dict_new(), *e = dict_new();
        for (int i = 0; i < 11; i++)
            set(h, number(i), number(i));
        while (dict_size(h) > left)
            decref(dict_popitem(h));
        dict_update(e, h);
        dump(e, "update of an empty dict by %d in a table of 32", left);
        Dict *copy = dict_copy(h);
        dump(copy, "copy of the same");
        decref(copy);
        decref(e);
        decref(h);
    }
}

static void large_copies(void) {
    Dict *big = dict_new(), *small = dict_new();
    for (int i = 0; i < 1000; i++)
        set(big, number(i), number(i));
    for (int i = 500; i < 520; i++)
        set(small, number(i), number(-i));
    dict_update(small, big);
    printf("update by 1000, checksum %" PRIu64 "\n", checksum(small));
    state(small);
    for (int i = 0; i < 400; i++)
        del(big, number(i * 2));
    Dict *cloned = dict_copy(big);
    printf("copy of 600 among 1000, checksum %" PRIu64 "\n", checksum(cloned));
    state(cloned);
    decref(big);
    decref(small);
    decref(cloned);
}

static void copies(void) {
    small_copies();
    oversized_copies();
    large_copies();
    Dict *s = dict_of_one(text("a"), number(1)), *n = dict_of_one(number(1), number(2));
    dict_update(s, n);
    dump(s, "str dict updated by an int dict");
    dict_clear(n);
    dict_update(n, s);
    dump(n, "cleared and updated");
    dict_update(n, n);
    Dict *copy = dict_copy(n);
    attempt("d == d.copy()", bool_or_error(dict_equal(n, copy)));
    decref(copy);
    decref(s);
    decref(n);
}

static Object *empty_list(void) {
    return OBJECT(list_new(0));
}

static void reading_and_popping(Dict *d) {
    attempt("{}.popitem()", dict_popitem(d));
    call("{}.pop([])", dict_pop, d, empty_list(), NULL);
    call("{}.pop('x', 0)", dict_pop, d, text("x"), number(0));
    call("{}[[]]", item, d, empty_list(), NULL);
    call("{}['it\\'s']", item, d, text("it's"), NULL);
    call("d.setdefault('a', 1)", set_default, d, text("a"), number(1));
    call("d.setdefault('a', 2)", set_default, d, text("a"), number(2));
    dump(d, "after setdefault");
    call("d.setdefault(5, 6)", set_default, d, number(5), number(6));
    call("d.setdefault(d, 6)", set_default, d, new_ref(d), number(6));
    dump(d, "setdefault of an int");
    call("d.get('a')", dict_get, d, text("a"), new_ref(None));
    call("d.get('b')", dict_get, d, text("b"), new_ref(None));
    call("d.get('b', 7)", dict_get, d, text("b"), number(7));
    call("d.get([])", dict_get, d, empty_list(), new_ref(None));
    call("d[{}]", item, d, OBJECT(dict_new()), NULL);
    call("d[(1, [])]", item, d, pair(number(1), empty_list()), NULL);
    call("[] in d", contains, d, empty_list(), NULL);
    call("d.pop('a')", dict_pop, d, text("a"), NULL);
    call("d.pop('a')", dict_pop, d, text("a"), NULL);
    call("d.pop('a', None)", dict_pop, d, text("a"), new_ref(None));
    call("d.pop([])", dict_pop, d, empty_list(), NULL);
    call("del d[(1, 'x')]", delete, d, pair(number(1), text("x")), NULL);
    dump(d, "after pop");
}

static void equality(Dict *d) {
    Dict *a = dict_new(), *b = dict_new();
    for (int i = 0; i < 5; i++) {
        set(a, number(i), name("", i));
        set(b, number(4 - i), name("", 4 - i));
    }
    attempt("order does not count", bool_or_error(dict_equal(a, b)));
    set(b, number(2), text("two"));
    attempt("values count", bool_or_error(dict_equal(a, b)));
    del(b, number(2));
    attempt("sizes count", bool_or_error(dict_equal(a, b)));
    set(b, real(2.0), text("2"));
    attempt("2 == 2.0", bool_or_error(dict_equal(a, b)));
    attempt("a dict as a key", none_or_error(dict_set_item(a, OBJECT(d), OBJECT(d))));
    decref(a);
    decref(b);
}

static void methods(void) {
    Dict *d = dict_new();
    reading_and_popping(d);
    set(d, text("self"), new_ref(d));
    List *list = list_new(2);
    list->items[0] = number(1);
    list->items[1] = new_ref(d);
    set(d, text("list"), OBJECT(list));
    println(OBJECT(d));
    attempt("list(d.keys())", OBJECT(dict_keys(d)));
    attempt("list(d.values())", OBJECT(dict_values(d)));
    attempt("list(d.items())", OBJECT(dict_items(d)));
    equality(d);
    dict_clear(d); // it holds itself; CPython's collector would find that out
    decref(d);
}

static Object *next(DictIter *walk) {
    Object *key = NULL;
    dict_iter_next(walk, &key, NULL);
    return key;
}

static void print_next(DictIter *walk) {
    Object *key = next(walk);
    println(key);
    decref(key);
}

static void move_all(Dict *d) {
    DictIter walk = dict_iter(d);
    Object *key;
    while ((key = next(&walk))) {
        Object *value = dict_pop(d, key, NULL);
        set(d, number(((Int *)key)->value + 100), value);
        printf("moved ");
        println(key);
        decref(key);
    }
    dict_iter_free(&walk);
    if (error_occurred()) error_print(stdout);
    println(OBJECT(d));
}

static void iteration(void) {
    Dict *d = dict_new();
    for (int i = 0; i < 6; i++)
        set(d, number(i), number(i * i));
    DictIter walk = dict_iter(d);
    Object *key;
    while ((key = next(&walk)))
        set(d, key, number(-((Int *)key)->value)); // replacing a value is allowed
    println(OBJECT(d));
    walk = dict_iter(d);
    print_next(&walk);
    set(d, number(6), number(6));
    attempt("next after an insertion", next(&walk));
    del(d, number(6));
    attempt("sizes agree again", next(&walk));
    dict_iter_free(&walk);
    walk = dict_iter(d);
    print_next(&walk);
    del(d, number(0));
    attempt("next after a deletion", next(&walk));
    dict_iter_free(&walk);
    move_all(d);
    decref(d);
}

static Object *random_key(uint64_t *random, int kind) {
    int64_t n = (int64_t)random_below(random, 300);
    if (kind == 0 || n % 5 == 0) return name("k", n);
    if (n % 5 == 1) return number(n * 64);
    if (n % 5 == 2) return pair(number(n), name("t", n));
    if (n % 5 == 3) return real((double)n / 4);
    return number(-n);
}

static Dict *random_update(Dict *d, uint64_t *random, int kind, int step) {
    Dict *e = dict_new();
    for (uint64_t n = random_below(random, 12); n > 0; n--)
        set(e, random_key(random, kind), number(-step));
    dict_update(d, e);
    decref(e);
    return d;
}

/* One step; the dict afterwards, which after a copy is another one. */
static Dict *random_operation(Dict *d, uint64_t *random, int kind, int step) {
    static const uint64_t insertions[] = {60, 40, 25}; // growing, steady, shrinking
    uint64_t operation = random_below(random, 100);
    Object *key = random_key(random, kind);
    if (operation < insertions[step / 1000 % 3]) {
        set(d, new_ref(key), number(step));
    } else if (operation < 85) {
        decref(dict_pop(d, key, None));
    } else if (operation < 92) {
        Object *value = number(step);
        dict_set_default(d, key, value);
        decref(value);
    } else if (operation < 95) {
        if (dict_size(d) > 0) decref(dict_popitem(d));
    } else if (operation < 97) {
        Dict *copy = dict_copy(d);
        decref(d);
        d = copy;
    } else if (operation < 99) {
        random_update(d, random, kind, step);
    } else if (random_below(random, 20) == 0) {
        dict_clear(d);
    }
    decref(key);
    return d;
}

static void random_operations(int kind, uint64_t seed) {
    printf("random operations, kind %d\n", kind);
    uint64_t random = seed;
    Dict *d = dict_new();
    for (int step = 0; step < 20000; step++) {
        d = random_operation(d, &random, kind, step);
        if (step % 100 == 99) {
            printf("step %d checksum %" PRIu64 "\n", step + 1, checksum(d));
            state(d);
        }
        if (step % 2500 == 2499) dump(d, "the table now");
    }
    decref(d);
}

int main(int argc, char **argv) {
    (void)argc;
    first_steps();
    collisions();
    churn();
    growth();
    equal_keys();
    copies();
    methods();
    iteration();
    random_operations(0, 1);
    random_operations(1, 2);
    return finish_output(argv[0], 0);
}
