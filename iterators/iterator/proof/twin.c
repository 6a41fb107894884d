/* twin.c: the iterator room's program on our mechanism; twin.py is the same on the real
 * interpreter.
 *
 * Both print what can be observed of iteration: values, errors, who is asked when, what is lost.
 * Where Python's line is a lambda, the line here is the expression. As Python drops the temporaries
 * of an expression, keep() takes a new reference into a pool that is emptied when a part is over;
 * so an expression here reads as there, and show() and drain() keep what they are given.
 */
#include "../dict.h"
#include "../for.h"

#include <inttypes.h>

/* ---- Temporaries -----------------------------------------------------------------------------*/

static Object *pool[8192];
static size_t kept;

/* The same object, or NULL, whose new reference is dropped by tidy(). */
static Object *keep(Object *op) {
    if (kept == sizeof pool / sizeof pool[0]) abort();
    return op ? pool[kept++] = op : NULL;
}

static void tidy(void) {
    while (kept > 0)
        decref(pool[--kept]);
}

static Object *number(int64_t value) {
    return keep(int_from_long(value));
}

static Object *text(const char *utf8) {
    return keep(str_from_string(utf8));
}

static Object *boolean(bool value) {
    return new_ref(value ? True : False);
}

static Object *int_list(int count, const int *values) {
    List *list = (List *)keep(OBJECT(list_new()));
    for (int i = 0; i < count; i++)
        list_append(list, number(values[i]));
    return OBJECT(list);
}
#define INTS(...)  int_list(sizeof(int[]){__VA_ARGS__} / sizeof(int), (int[]){__VA_ARGS__})
#define THESE(...) ((Object *[]){__VA_ARGS__})

static Object *range(int64_t start, int64_t stop) {
    return keep(range_new(start, stop, 1));
}

static Object *iter(void *iterable) {
    return keep(object_get_iter(iterable));
}

/* ---- Printing --------------------------------------------------------------------------------*/

static void print(void *op) {
    object_print(op, stdout, false);
}

/* Prints what `result` is, or the error that made it NULL. */
static void show(const char *label, Object *result) {
    printf("%s: ", label);
    if (!keep(result)) {
        error_print(stdout);
        return;
    }
    print(result);
    putchar('\n');
}

static void show_next(Object *iterator, int times) {
    for (int i = 0; i < times; i++)
        show("  next", builtin_next(iterator));
}

/* Prints what is left of an iterator, up to a limit, and how it ended: as except prints it here,
 * with the colon even if there is no message. */
static void drain_limited(Object *iterator, int limit) {
    printf("   ");
    for (int i = 0; i < limit; i++) {
        Object *item = keep(iter_next(iterator));
        if (!item && error_occurred()) {
            printf(" %s: %s\n", error_name(error_occurred()), error_message());
            error_clear();
            return;
        }
        putchar(' ');
        if (!item) {
            puts(".");
            return;
        }
        print(item);
    }
    puts(" ...");
}

static void drain(Object *iterator) {
    drain_limited(keep(iterator), 40);
}

static void section(const char *title) {
    printf("\n== %s\n", title);
}

static uint64_t random_state = 2026;

static int random_below(int limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

/* ---- Types of one's own ----------------------------------------------------------------------*/

static void plain_dealloc(Object *op) {
    free(op);
}

/* An iterator: it has both methods, and is its own iterator. */
typedef struct {
    Object ob;
    int64_t n;
} Countdown;

static Object *countdown_next(Object *op) {
    Countdown *self = (Countdown *)op;
    if (self->n <= 0) {
        error_set_stop_iteration(None);
        return NULL;
    }
    return int_from_long(self->n--);
}

static const Type Countdown_Type = {
    .name = "Countdown",
    .dealloc = plain_dealloc,
    .iter = object_self_iter,
    .iternext = countdown_next,
};

static Object *new_of(const Type *type, int64_t n) {
    Countdown *self = object_new(type, sizeof *self);
    self->n = n;
    return OBJECT(self);
}

/* An iterable: it makes a new iterator each time. */
static Object *launch_iter(Object *op) {
    return new_of(&Countdown_Type, ((Countdown *)op)->n);
}

static const Type Launch_Type = {.name = "Launch", .dealloc = plain_dealloc, .iter = launch_iter};

/* The protocol from before iterators: an index, and IndexError at the end. */
typedef struct {
    Object ob;
    ssize_t size;
    ErrorType error;
} Squares;

static ssize_t squares_length(Object *op) {
    return ((Squares *)op)->size;
}

static Object *squares_item(Object *op, ssize_t index) {
    Squares *self = (Squares *)op;
    if (index < self->size) return int_from_long(index * index);
    error_set(self->error, "no square there");
    return NULL;
}

static const Type Squares_Type = {
    .name = "Squares", .dealloc = plain_dealloc, .length = squares_length, .item = squares_item};

static Object *squares(ssize_t size, ErrorType error) {
    Squares *self = object_new(&Squares_Type, sizeof *self);
    self->size = size;
    self->error = error;
    return keep(OBJECT(self));
}

/* An index without a length: it can be walked forwards only. */
static Object *endless_item(Object *op, ssize_t index) {
    (void)op;
    return int_from_long(index);
}

static const Type Endless_Type = {
    .name = "Endless", .dealloc = plain_dealloc, .item = endless_item};

/* A length without an index: it cannot be walked at all. */
static ssize_t sized_length(Object *op) {
    (void)op;
    return 3;
}

static const Type Sized_Type = {.name = "Sized", .dealloc = plain_dealloc, .length = sized_length};

/* Says it can be iterated over, and gives something that cannot. */
static Object *wrong_iter(Object *op) {
    (void)op;
    return int_from_long(7);
}

static const Type Wrong_Type = {.name = "Wrong", .dealloc = plain_dealloc, .iter = wrong_iter};

/* An iterator that says when it is asked. */
typedef struct {
    Object ob;
    const char *name;
    Object *iterator;
} Noisy;

static void noisy_dealloc(Object *op) {
    decref(((Noisy *)op)->iterator);
    free(op);
}

static Object *noisy_next(Object *op) {
    Noisy *self = (Noisy *)op;
    Object *item = iter_next(self->iterator);
    if (!item) {
        printf("    %s ends\n", self->name);
        return NULL;
    }
    printf("    %s gives ", self->name);
    print(item);
    putchar('\n');
    return item;
}

static const Type Noisy_Type = {
    .name = "Noisy",
    .dealloc = noisy_dealloc,
    .iter = object_self_iter,
    .iternext = noisy_next,
};

static Object *noisy(const char *name, Object *iterable) {
    Noisy *self = object_new(&Noisy_Type, sizeof *self);
    self->name = name;
    self->iterator = object_get_iter(iterable);
    return keep(OBJECT(self));
}

/* ---- Functions -------------------------------------------------------------------------------*/

static Object *noisy_double(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = int_as_long(args[0]);
    printf("    double(%" PRId64 ")\n", n);
    return int_from_long(2 * n);
}

static Object *noisy_is_odd(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = int_as_long(args[0]);
    printf("    is_odd(%" PRId64 ")\n", n);
    return boolean(n % 2 == 1);
}

static Object *add(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    int64_t sum = 0;
    for (ssize_t i = 0; i < nargs; i++)
        sum += int_as_long(args[i]);
    return int_from_long(sum);
}

static Object *below_five(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return boolean(int_as_long(args[0]) < 5);
}

static Object *even_or_fail(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = int_as_long(args[0]);
    if (n != 7) return boolean(n % 2 == 0);
    error_set(ValueError, "not 7");
    return NULL;
}

static Object *call_next(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return builtin_next(closure);
}

static Object *function(FunctionCode code) {
    return keep(function_new("f", code, NULL));
}

/* ---- Sections --------------------------------------------------------------------------------*/

static Object *type_name(Object *op) {
    return keep(op) ? str_from_string(op->type->name) : NULL;
}

__attribute__((format(printf, 2, 3))) static void show_of(Object *result, const char *format, ...) {
    char label[64];
    va_list args;
    va_start(args, format);
    vsnprintf(label, sizeof label, format, args);
    va_end(args);
    show(label, result);
}

static void who_is_iterable(void) {
    section("who can be iterated over");
    Object *things[] = {
        number(7),
        None,
        True,
        text("text"),
        keep(tuple_pack(2, number(1), number(2))),
        INTS(1, 2),
        range(0, 3),
        keep(new_of(&Launch_Type, 2)),
        keep(new_of(&Countdown_Type, 2)),
        squares(2, IndexError),
        keep(new_of(&Endless_Type, 0)),
        keep(new_of(&Sized_Type, 0)),
        keep(new_of(&Wrong_Type, 0)),
        function(add),
    };
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        Object *thing = things[i];
        const char *kind = thing->type->name;
        show_of(type_name(object_get_iter(thing)), "iter(%s)", kind);
        show_of(builtin_next(thing), "next(%s)", kind);
        show_of(type_name(reversed_new(thing)), "reversed(%s)", kind);
        Object *iterator = iter(thing);
        show_of(iterator ? boolean(iterator == thing) : NULL, "iter(%s) is it", kind);
    }
}

static void twice_and_once(void) {
    section("a list twice, an iterator once");
    Object *items = INTS(1, 2, 3);
    Object *things[] = {
        items,
        iter(items),
        keep(new_of(&Launch_Type, 3)),
        keep(new_of(&Countdown_Type, 3)),
        squares(3, IndexError),
        range(0, 3),
        text("abc"),
    };
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        printf("  %s:\n", things[i]->type->name);
        drain(object_get_iter(things[i]));
        drain(object_get_iter(things[i]));
    }
    section("once exhausted, always exhausted");
    Object *walk = iter(items);
    drain_limited(walk, 40);
    list_append((List *)items, number(4));
    drain_limited(walk, 40);
    drain(object_get_iter(items));
    show("  text", OBJECT(sequence_list(text("añ€🐍"))));
}

static void describe_range(Object *op) {
    const Range *r = (Range *)op;
    printf("  ");
    print(op);
    printf(" is %s\n", object_is_true(op) ? "True" : "False");
    // len() is a ssize_t; Python's line is of a machine on which that has 64 bits
    int64_t length =
        sizeof(ssize_t) == 8 || r->length > INT64_MAX ? object_length(op) : (int64_t)r->length;
    show("    len", length < 0 ? NULL : int_from_long(length));
    const int64_t indices[] = {0, 1, -1, -2, 5, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++)
        show_of(range_subscript(r, indices[i]), "    [%" PRId64 "]", indices[i]);
    const int64_t values[] = {0, 1, 10, -7, r->start, r->stop, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        Object *index = number(range_index(r, values[i]));
        if (error_matches(ValueError)) { // it is not there
            error_clear();
            index = None;
        }
        Object *in = range_contains(r, values[i]) ? True : False;
        show_of(error_occurred() ? NULL : tuple_pack(2, in, index), "    index(%" PRId64 ")",
                values[i]);
    }
    drain_limited(iter(op), 6);
    drain_limited(keep(reversed_new(op)), 6);
}

static void equal_ranges(Object **ranges, int count, bool tell) {
    int found = 0;
    for (int i = 0; i < count * count; i++) {
        const Range *a = (Range *)ranges[i / count], *b = (Range *)ranges[i % count];
        bool same = a->start == b->start && a->stop == b->stop && a->step == b->step;
        if (same || !object_rich_equal(ranges[i / count], ranges[i % count])) continue;
        found++;
        if (!tell) continue;
        printf("    ");
        print(ranges[i / count]);
        printf(" == ");
        print(ranges[i % count]);
        putchar('\n');
    }
    if (!tell) printf("  %d pairs are equal without looking it:\n", found);
}

static void ranges(void) {
    section("range");
    show("range(1, 2, 0)", range_new(1, 2, 0));
    const int64_t low = INT64_MIN, high = INT64_MAX;
    const int64_t edges[] = {low, low + 1, -1, 0, 1, 3, high - 1, high};
    const int64_t steps[] = {low, -(INT64_C(1) << 62), -2, -1, 1, 2, 7, INT64_C(1) << 62, high};
    for (int i = 0; i < 64; i++)
        describe_range(keep(range_new(edges[i / 8], edges[i % 8], steps[random_below(9)])));
    Object *small[60];
    for (int i = 0; i < 60; i++) {
        int start = random_below(30) - 15, stop = random_below(30) - 15;
        int step = random_below(14) - 7;
        small[i] = keep(range_new(start, stop, step ? step : 1));
        describe_range(small[i]);
    }
    equal_ranges(small, 60, false);
    equal_ranges(small, 60, true);
}

/* A section: the next values of an iterator, and then that of one that it has asked, or NULL. */
static void walk(const char *title, Object *iterator, int times, const char *label, Object *asked) {
    section(title);
    keep(iterator);
    if (times < 0) puts("  made");
    show_next(iterator, abs(times));
    if (asked) show(label, builtin_next(asked));
}

static void laziness(void) {
    Object *source = noisy("source", range(0, 6)),
           *odd = keep(filter_new(function(noisy_is_odd), source));
    walk("nothing happens before somebody asks", map_new(function(noisy_double), &odd, 1), -4, "",
         NULL);
    Object *left = noisy("left", INTS(1, 2, 3)), *right = noisy("right", text("ab"));
    walk("zip asks from the left, and loses what it cannot use",
         zip_new(THESE(left, right), 2, false), 4, "left after it", left);
    Object *shorter = noisy("short", INTS(1)), *longer = noisy("long", INTS(10, 20));
    walk("map over two, the shorter first", map_new(function(add), THESE(shorter, longer), 2), 2,
         "long after it", longer);
    Object *empty = keep(OBJECT(list_new())), *first = noisy("first", INTS(1)),
           *second = noisy("second", empty), *third = noisy("third", INTS(2));
    walk("chain opens each when the one before has ended",
         chain_from_iterable(keep(tuple_pack(3, first, second, third))), 4, "", NULL);
    walk("chain notices what cannot be iterated over when it gets there",
         chain_from_iterable(keep(tuple_pack(3, INTS(1, 2), number(3), INTS(4)))), 5, "", NULL);
    source = noisy("source", range(3, 9));
    walk("takewhile takes one too many", takewhile_new(function(below_five), source), 4,
         "source after it", source);
    section("islice takes up to its stop");
    const int slices[][3] = {{0, 5, 3}, {2, 3, 1}, {4, 4, 1}, {1, 7, 4}, {5, 2, 1}};
    for (int i = 0; i < 5; i++) {
        int start = slices[i][0], stop = slices[i][1], step = slices[i][2];
        source = noisy("source", range(0, 9));
        printf("  islice(source, %d, %d, %d)\n", start, stop, step);
        drain(islice_new(source, start, stop, step));
        show("  source after it", builtin_next(source));
    }
    Object *even = keep(filter_new(function(even_or_fail), noisy("source", range(5, 10))));
    walk("an error in the middle passes through all of them", enumerate_new(even, 0), 5, "", NULL);
}

static void messages(void) {
    section("messages");
    Object *seven = number(7), *empty = keep(OBJECT(list_new())), *numbers = INTS(1, 2, 3);
    Object *one = INTS(1), *f = function(add);
    show("enumerate(7)", enumerate_new(seven, 0));
    show("zip([], 7)", zip_new(THESE(empty, seven), 2, false));
    show("map(add)", map_new(f, NULL, 0));
    show("map(add, 7)", map_new(f, &seven, 1));
    show("next(map(7, [1]))", builtin_next(keep(map_new(seven, &one, 1))));
    show("filter(add, None)", filter_new(f, None));
    show("next(filter(7, [1]))", builtin_next(keep(filter_new(seven, one))));
    show("reversed(add)", reversed_new(f));
    show("islice(numbers, -1, 3)", islice_new(numbers, -1, 3, 1));
    show("islice(numbers, 0, -2)", islice_new(numbers, 0, -2, 1));
    show("islice(numbers, 0, 3, 0)", islice_new(numbers, 0, 3, 0));
    show("islice(7, 3)", islice_new(seven, 0, 3, 1));
    show("chain.from_iterable(7)", chain_from_iterable(seven));
    show("takewhile(add, 7)", takewhile_new(f, seven));
    show("count(3)", count_new(3, 1));
    show("count(3, -2)", count_new(3, -2));
    int64_t index = range_index((Range *)range(0, 3), 7);
    show("range(3).index(7)", index < 0 ? NULL : int_from_long(index));
    show("list(7)", OBJECT(sequence_list(seven)));
    show("list(Squares(4))", OBJECT(sequence_list(squares(4, IndexError))));
    show("list(Squares(4, ValueError))", OBJECT(sequence_list(squares(4, ValueError))));
    section("zip, strict");
    for (int i = 0; i < 27; i++) {
        int a = i / 9, b = i / 3 % 3, c = i % 3;
        printf("  (%d, %d, %d)\n", a, b, c);
        drain(zip_new(THESE(range(0, a), range(0, b), range(0, c)), 3, true));
    }
    drain(zip_new(NULL, 0, true));
    drain(zip_new(NULL, 0, false));
    Object *fails = squares(1, ValueError), *two = squares(2, IndexError);
    drain(zip_new(THESE(two, fails), 2, true));
    drain(zip_new(THESE(squares(1, IndexError), fails, two), 3, true));
}

static void callables(void) {
    section("iter(callable, sentinel)");
    Object *refused = call_iter_new(number(7), number(7));
    show("iter(7, 7)", boolean(!refused && error_matches(TypeError)));
    error_clear();
    Object *sources[] = {INTS(3, 1, 4, 1, 5), INTS(3, 1),
                         keep(OBJECT(list_pack(2, True, number(2))))};
    const int sentinels[] = {4, 9, 1};
    for (int i = 0; i < 3; i++) {
        Object *pop = keep(function_new("pop", call_next, noisy("pop", sources[i])));
        Object *calls = keep(call_iter_new(pop, number(sentinels[i])));
        printf("  until %d\n", sentinels[i]);
        drain_limited(calls, 40);
        drain_limited(calls, 40);
    }
}

static void mutate_list(void) {
    section("a list that is changed while it is walked");
    List *items = (List *)INTS(1, 2, 2, 3, 4, 4, 5), *seen = (List *)keep(OBJECT(list_new()));
    Object *item;
    FOR(item, items) {
        if (int_as_long(item) % 2 == 0) list_remove(items, item);
    }
    printf("  removing the even ones leaves ");
    print(items);

    items = (List *)INTS(1, 2, 3);
    FOR(item, items) {
        list_append(seen, item);
        if (items->size < 8) list_append(items, number(int_as_long(item) * 10));
    }
    printf("\n  appending goes on: ");
    print(seen);

    items = (List *)INTS(1, 2, 3, 4);
    Object *back = keep(reversed_new(OBJECT(items)));
    printf("\n  backwards ");
    print(keep(iter_next(back)));
    list_append(items, number(5));
    putchar(' ');
    print(keep(iter_next(back)));
    keep(list_pop(items, 0));
    keep(list_pop(items, 0));
    printf(" then of ");
    print(items);
    putchar('\n');
    drain_limited(back, 40);

    items = (List *)INTS(1, 2, 3);
    Object *forth = iter(items);
    keep(iter_next(forth));
    list_clear(items);
    drain_limited(forth, 40);
    for (int i = 7; i < 10; i++)
        list_append(items, number(i));
    drain_limited(forth, 40);
}

/* A dict of `size` ints, each replaced by another while the dict is walked. */
static void replace_keys(int size) {
    Dict *d = (Dict *)keep(OBJECT(dict_new()));
    for (int i = 0; i < size; i++)
        dict_set_item(d, number(i), number(i));
    Object *keys = iter(d);
    printf("  of %d, replaced one by one:", size);
    for (int i = 0; i < 9; i++) {
        Object *key = keep(iter_next(keys));
        if (!key) {
            printf(" %s\n", error_occurred() ? error_message() : ".");
            error_clear();
            return;
        }
        dict_del_item(d, key);
        dict_set_item(d, number(int_as_long(key) + 100), number(0));
        putchar(' ');
        print(key);
    }
}

static void mutate_dict(void) {
    section("a dict that is changed while it is walked");
    Dict *d = (Dict *)keep(OBJECT(dict_new()));
    dict_set_item(d, text("a"), number(1));
    dict_set_item(d, text("b"), number(2));
    dict_set_item(d, text("c"), number(3));
    Object *keys = iter(d);
    show("first", builtin_next(keys));
    dict_set_item(d, text("d"), number(4));
    show("a key more", builtin_next(keys));
    dict_del_item(d, text("d"));
    show("as it was", builtin_next(keys));
    keys = iter(d);
    show("first", builtin_next(keys));
    dict_set_item(d, text("b"), number(22));
    show("a new value", builtin_next(keys));
    dict_del_item(d, text("c"));
    dict_set_item(d, text("z"), number(26));
    show("a key for a key", builtin_next(keys));
    show("and then", builtin_next(keys));
    printf("  ");
    print(d);
    printf(", %zd keys\n", object_length(OBJECT(d)));
    keys = iter(d);
    drain_limited(keys, 40);
    dict_set_item(d, text("late"), number(0));
    drain_limited(keys, 40);
    for (int size = 1; size < 6; size++)
        replace_keys(size);
    show("del d['x']", dict_del_item(d, text("x")) < 0 ? NULL : new_ref(None));
}

static void for_statement(void) {
    section("for, else, break, continue");
    Object *x, *y, *three = range(0, 3), *four = range(0, 4);
    for (int limit = 0; limit < 5; limit++) {
        printf("  limit %d:", limit);
        FOR(x, three) {
            if (int_as_long(x) == limit) {
                printf(" break");
                break;
            }
            if (int_as_long(x) == 1) {
                printf(" continue");
                continue;
            }
            printf(" %" PRId64, int_as_long(x));
        }
        FOR_ELSE {
            printf(" else");
        }
        putchar('\n');
    }
    FOR(x, text("")) {
        puts("never");
    }
    FOR_ELSE {
        puts("  an empty one goes to else at once");
    }
    FOR(x, four) {
        FOR(y, four) {
            if (int_as_long(y) > int_as_long(x)) break;
            printf(" %" PRId64 "%" PRId64, int_as_long(x), int_as_long(y));
        }
        FOR_ELSE {
            printf(" full");
        }
    }
    putchar('\n');
    FOR(x, squares(3, ValueError)) {
        printf("  %" PRId64 "\n", int_as_long(x));
    }
    FOR_ELSE {
        puts("never");
    }
    if (error_matches(ValueError)) {
        printf("  %s: %s, and no else\n", error_name(error_occurred()), error_message());
        error_clear();
    }
}

/* ---- Compositions ----------------------------------------------------------------------------*/

/* What stands at the bottom of a composition. */
static Object *random_leaf(int kind, int a, int b) {
    if (kind == 0) {
        printf("range(%d, %d)", a, b + 6);
        return range(a, b + 6);
    }
    if (kind == 1) {
        printf("list %d", b);
        Object *list = INTS(0, a, 2 * a, 3 * a, 4 * a, 5 * a, 6 * a, 7 * a);
        for (int drop = 8; drop > b; drop--)
            keep(list_pop((List *)list, -1));
        return list;
    }
    if (kind == 2) {
        printf("back %d", a);
        return keep(reversed_new(range(0, a)));
    }
    printf("squares %d", b);
    return squares(b, IndexError);
}

/* Something to iterate over, made of up to `depth` iterators; printed as it is drawn. */
static Object *random_source(int depth) {
    static const char *const names[] = {"double", "even", "", "chain", "while", "sum", "true"};
    int kind = random_below(depth == 0 ? 4 : 11), a = random_below(9), b = random_below(9);
    if (kind < 4) return random_leaf(kind, a, b);
    if (kind == 6) printf("slice %d %d", a, a + b);
    printf("%s(", names[kind - 4]);
    Object *inner = random_source(depth - 1), *other = NULL;
    if (kind == 7 || kind == 9) {
        printf(", ");
        other = random_source(depth - 1);
    }
    putchar(')');
    switch (kind) {
    case 4:
        return keep(map_new(function(add), THESE(inner, keep(count_new(a, 1))), 2));
    case 5:
        return keep(filter_new(function(even_or_fail), inner));
    case 6:
        return keep(islice_new(inner, a, a + b, 1 + random_below(3)));
    case 7:
        return keep(chain_from_iterable(keep(tuple_pack(2, inner, other))));
    case 8:
        return keep(takewhile_new(function(below_five), inner));
    case 9:
        return keep(map_new(function(add), THESE(inner, other), 2));
    default:
        return keep(filter_new(None, inner));
    }
}

static void compositions(void) {
    section("compositions");
    for (int i = 0; i < 400; i++, tidy()) {
        printf("%d: ", i);
        Object *source = random_source(4);
        putchar('\n');
        if (random_below(3) == 0) {
            Object *numbers = keep(count_new(0, 1));
            drain_limited(keep(zip_new(THESE(source, numbers), 2, random_below(2) == 0)), 12);
        } else if (random_below(2) == 0) {
            drain_limited(keep(enumerate_new(source, random_below(5))), 12);
        } else {
            Object *left = iter(source);
            drain_limited(left, 3);
            drain_limited(left, 40);
        }
    }
}

int main(int argc, char **argv) {
    (void)argc;
    static void (*const parts[])(void) = {who_is_iterable, twice_and_once, ranges,      laziness,
                                          messages,        callables,      mutate_list, mutate_dict,
                                          for_statement,   compositions};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++, tidy())
        parts[i]();
    return finish_output(argv[0], 0);
}
