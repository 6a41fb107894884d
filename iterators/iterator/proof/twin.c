/* twin.c: the iterator room's program on our mechanism; twin.py is the same on the real
 * interpreter.
 *
 * Both print what can be observed of iteration: values, errors, who is asked when, what is lost.
 * Where Python's line is a lambda, the line here is the expression: its result is a new reference,
 * which show() prints and drops, or NULL.
 */
#include "../dict.h"
#include "../for.h"

#include <inttypes.h>

/* ---- Printing --------------------------------------------------------------------------------*/

/* Prints what `result`, stolen, is, or the error that made it NULL. */
static void show(const char *label, Object *result) {
    printf("%s: ", label);
    if (!result) {
        error_print(stdout);
        return;
    }
    object_print(result, stdout, false);
    putchar('\n');
    decref(result);
}

/* The error as except prints it here, with the colon even if there is no message. */
static void print_error(void) {
    printf(" %s: %s\n", error_name(error_occurred()), error_message());
    error_clear();
}

/* Prints what is left of an iterator, stolen, up to a limit, and how it ended. */
static void drain_limited(Object *iterator, int limit) {
    printf("   ");
    for (int i = 0; i < limit; i++) {
        Object *item = iter_next(iterator);
        if (!item) {
            if (error_occurred()) {
                print_error();
            } else {
                puts(" .");
            }
            xdecref(iterator);
            return;
        }
        putchar(' ');
        object_print(item, stdout, false);
        decref(item);
    }
    puts(" ...");
    decref(iterator);
}

static void drain(Object *iterator) {
    drain_limited(iterator, 40);
}

static void section(const char *title) {
    printf("\n== %s\n", title);
}

static uint64_t random_state = 2026;

static int random_below(int limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

static Object *boolean(bool value) {
    return new_ref(value ? True : False);
}

/* [first, ..., last]; new reference. */
static Object *int_list(int count, const int *values) {
    List *list = list_new();
    for (int i = 0; i < count; i++) {
        Object *item = int_from_long(values[i]);
        list_append(list, item);
        decref(item);
    }
    return OBJECT(list);
}
#define INTS(...) int_list(sizeof(int[]){__VA_ARGS__} / sizeof(int), (int[]){__VA_ARGS__})

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

static Object *countdown_new(int64_t n) {
    Countdown *self = object_new(&Countdown_Type, sizeof *self);
    self->n = n;
    return OBJECT(self);
}

/* An iterable: it makes a new iterator each time. */
static Object *launch_iter(Object *op) {
    return countdown_new(((Countdown *)op)->n);
}

static const Type Launch_Type = {.name = "Launch", .dealloc = plain_dealloc, .iter = launch_iter};

static Object *launch_new(int64_t n) {
    Countdown *self = object_new(&Launch_Type, sizeof *self);
    self->n = n;
    return OBJECT(self);
}

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

static Object *squares_new(ssize_t size, ErrorType error) {
    Squares *self = object_new(&Squares_Type, sizeof *self);
    self->size = size;
    self->error = error;
    return OBJECT(self);
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
    object_print(item, stdout, false);
    putchar('\n');
    return item;
}

static const Type Noisy_Type = {
    .name = "Noisy",
    .dealloc = noisy_dealloc,
    .iter = object_self_iter,
    .iternext = noisy_next,
};

/* Steals the iterable. */
static Object *noisy(const char *name, Object *iterable) {
    Noisy *self = object_new(&Noisy_Type, sizeof *self);
    self->name = name;
    self->iterator = object_get_iter(iterable);
    decref(iterable);
    return OBJECT(self);
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

static Object *function(const char *name, FunctionCode code) {
    return function_new(name, code, NULL);
}

/* ---- Iterators of stolen arguments, as an expression in Python drops its temporaries ----------
 */

static Object *range_to(int64_t start, int64_t stop) {
    return range_new(start, stop, 1);
}

static Object *get_iter(Object *iterable) {
    Object *iterator = object_get_iter(iterable);
    decref(iterable);
    return iterator;
}

static Object *map1(FunctionCode code, Object *iterable) {
    Object *f = function("f", code), *result = map_new(f, &iterable, 1);
    decref(f);
    decref(iterable);
    return result;
}

static Object *map2(FunctionCode code, Object *a, Object *b) {
    Object *f = function("f", code), *result = map_new(f, (Object *[]){a, b}, 2);
    decref(f);
    decref(a);
    decref(b);
    return result;
}

static Object *filter1(FunctionCode code, Object *iterable) {
    Object *f = function("f", code), *result = filter_new(f, iterable);
    decref(f);
    decref(iterable);
    return result;
}

static Object *filter_true(Object *iterable) {
    Object *result = filter_new(None, iterable);
    decref(iterable);
    return result;
}

static Object *takewhile1(FunctionCode code, Object *iterable) {
    Object *f = function("f", code), *result = takewhile_new(f, iterable);
    decref(f);
    decref(iterable);
    return result;
}

static Object *zip2(Object *a, Object *b, bool strict) {
    Object *result = zip_new((Object *[]){a, b}, 2, strict);
    decref(a);
    decref(b);
    return result;
}

static Object *enumerate1(Object *iterable, int64_t start) {
    Object *result = enumerate_new(iterable, start);
    decref(iterable);
    return result;
}

static Object *islice1(Object *iterable, int64_t start, int64_t stop, int64_t step) {
    Object *result = islice_new(iterable, start, stop, step);
    decref(iterable);
    return result;
}

/* chain(a, b, c), where c may be NULL. */
static Object *chain3(Object *a, Object *b, Object *c) {
    Object *sources = tuple_pack(c ? 3 : 2, a, b, c), *result = chain_from_iterable(sources);
    decref(sources);
    decref(a);
    decref(b);
    xdecref(c);
    return result;
}

static Object *list_of(Object *iterable) {
    List *list = sequence_list(iterable);
    decref(iterable);
    return OBJECT(list);
}

static Object *next_of(Object *iterator) {
    Object *item = builtin_next(iterator);
    decref(iterator);
    return item;
}

/* ---- Sections --------------------------------------------------------------------------------*/

static Object *type_name(Object *op) {
    if (!op) return NULL;
    Object *name = str_from_string(op->type->name);
    decref(op);
    return name;
}

static void who_is_iterable(void) {
    section("who can be iterated over");
    Object *one = int_from_long(1), *two = int_from_long(2);
    Object *things[] = {
        int_from_long(7),
        new_ref(None),
        new_ref(True),
        str_from_string("text"),
        tuple_pack(2, one, two),
        INTS(1, 2),
        range_to(0, 3),
        launch_new(2),
        countdown_new(2),
        squares_new(2, IndexError),
        object_new(&Endless_Type, sizeof(Object)),
        object_new(&Sized_Type, sizeof(Object)),
        object_new(&Wrong_Type, sizeof(Object)),
        function("add", add),
    };
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        Object *thing = things[i];
        char label[64];
        snprintf(label, sizeof label, "iter(%s)", thing->type->name);
        show(label, type_name(object_get_iter(thing)));
        snprintf(label, sizeof label, "next(%s)", thing->type->name);
        show(label, builtin_next(thing));
        snprintf(label, sizeof label, "reversed(%s)", thing->type->name);
        show(label, type_name(reversed_new(thing)));
        snprintf(label, sizeof label, "iter(%s) is it", thing->type->name);
        Object *iterator = object_get_iter(thing);
        show(label, iterator ? boolean(iterator == thing) : NULL);
        xdecref(iterator);
        decref(thing);
    }
    decref(one);
    decref(two);
}

static void twice_and_once(void) {
    section("a list twice, an iterator once");
    List *items = (List *)INTS(1, 2, 3);
    Object *things[] = {
        new_ref(items),         object_get_iter(OBJECT(items)), launch_new(3),
        countdown_new(3),       squares_new(3, IndexError),     range_to(0, 3),
        str_from_string("abc"),
    };
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        printf("  %s:\n", things[i]->type->name);
        drain(object_get_iter(things[i]));
        drain(object_get_iter(things[i]));
        decref(things[i]);
    }
    section("once exhausted, always exhausted");
    Object *walk = object_get_iter(OBJECT(items)), *four = int_from_long(4);
    drain(new_ref(walk));
    list_append(items, four);
    drain(walk);
    drain(object_get_iter(OBJECT(items)));
    Object *text = list_of(str_from_string("añ€🐍"));
    printf("  text: ");
    object_print(text, stdout, false);
    putchar('\n');
    decref(text);
    decref(four);
    decref(items);
}

static void describe_range(Range *r) {
    printf("  ");
    object_print(OBJECT(r), stdout, false);
    printf(" is %s\n", object_is_true(OBJECT(r)) ? "True" : "False");
    ssize_t length = object_length(OBJECT(r));
    show("    len", length < 0 ? NULL : int_from_long(length));
    const int64_t indices[] = {0, 1, -1, -2, 5, INT64_MAX, INT64_MIN};
    char label[64];
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        snprintf(label, sizeof label, "    [%" PRId64 "]", indices[i]);
        show(label, range_subscript(r, indices[i]));
    }
    const int64_t values[] = {0, 1, 10, -7, r->start, r->stop, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(label, sizeof label, "    index(%" PRId64 ")", values[i]);
        int64_t index = range_index(r, values[i]);
        Object *both = NULL;
        if (!error_occurred()) {
            Object *found = int_from_long(index);
            both = tuple_pack(2, range_contains(r, values[i]) ? True : False, found);
            decref(found);
        }
        show(label, both);
    }
    drain_limited(object_get_iter(OBJECT(r)), 6);
    drain_limited(reversed_new(OBJECT(r)), 6);
}

static void ranges(void) {
    section("range");
    show("range(1, 2, 0)", range_new(1, 2, 0));
    const int64_t low = INT64_MIN, high = INT64_MAX;
    const int64_t edges[] = {low, low + 1, -1, 0, 1, 3, high - 1, high};
    const int64_t steps[] = {low, -(INT64_C(1) << 62), -2, -1, 1, 2, 7, INT64_C(1) << 62, high};
    for (int start = 0; start < 8; start++) {
        for (int stop = 0; stop < 8; stop++) {
            Object *r = range_new(edges[start], edges[stop], steps[random_below(9)]);
            describe_range((Range *)r);
            decref(r);
        }
    }
    Object *small[60];
    for (int i = 0; i < 60; i++) {
        int start = random_below(30) - 15, stop = random_below(30) - 15;
        int step = random_below(14) - 7;
        small[i] = range_new(start, stop, step ? step : 1);
        describe_range((Range *)small[i]);
    }
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) printf("  %d pairs are equal without looking it:\n", count);
        for (int i = 0; i < 60; i++) {
            for (int j = 0; j < 60; j++) {
                const Range *a = (Range *)small[i], *b = (Range *)small[j];
                bool same = a->start == b->start && a->stop == b->stop && a->step == b->step;
                if (same || !object_rich_equal(small[i], small[j])) continue;
                count++;
                if (!pass) continue;
                printf("    ");
                object_print(small[i], stdout, false);
                printf(" == ");
                object_print(small[j], stdout, false);
                putchar('\n');
            }
        }
    }
    for (int i = 0; i < 60; i++)
        decref(small[i]);
}

static void show_next(Object *iterator, int times) {
    for (int i = 0; i < times; i++)
        show("  next", builtin_next(iterator));
}

static void laziness(void) {
    section("nothing happens before somebody asks");
    Object *pipeline = map1(noisy_double, filter1(noisy_is_odd, noisy("source", range_to(0, 6))));
    puts("  made");
    show_next(pipeline, 4);
    decref(pipeline);
    section("zip asks from the left, and loses what it cannot use");
    Object *left = noisy("left", INTS(1, 2, 3)), *right = noisy("right", str_from_string("ab"));
    Object *pairs = zip2(new_ref(left), right, false);
    show_next(pairs, 4);
    show("left after it", next_of(left));
    decref(pairs);
    section("map over two, the shorter first");
    Object *shorter = noisy("short", INTS(1)), *longer = noisy("long", INTS(10, 20));
    Object *sums = map2(add, shorter, new_ref(longer));
    show_next(sums, 2);
    show("long after it", next_of(longer));
    decref(sums);
    section("chain opens each when the one before has ended");
    Object *chained = chain3(noisy("first", INTS(1)), noisy("second", OBJECT(list_new())),
                             noisy("third", INTS(2)));
    show_next(chained, 4);
    decref(chained);
    section("chain notices what cannot be iterated over when it gets there");
    chained = chain3(INTS(1, 2), int_from_long(3), INTS(4));
    show_next(chained, 5);
    decref(chained);
    section("takewhile takes one too many");
    Object *source = noisy("source", range_to(3, 9));
    Object *taken = takewhile1(below_five, new_ref(source));
    show_next(taken, 4);
    show("source after it", next_of(source));
    decref(taken);
    section("islice takes up to its stop");
    const int slices[][3] = {{0, 5, 3}, {2, 3, 1}, {4, 4, 1}, {1, 7, 4}, {5, 2, 1}};
    for (int i = 0; i < 5; i++) {
        int start = slices[i][0], stop = slices[i][1], step = slices[i][2];
        source = noisy("source", range_to(0, 9));
        printf("  islice(source, %d, %d, %d)\n", start, stop, step);
        drain(islice1(new_ref(source), start, stop, step));
        show("  source after it", next_of(source));
    }
    section("an error in the middle passes through all of them");
    Object *checked = enumerate1(filter1(even_or_fail, noisy("source", range_to(5, 10))), 0);
    show_next(checked, 5);
    decref(checked);
}

static void messages(void) {
    section("messages");
    Object *seven = int_from_long(7), *empty = OBJECT(list_new()), *numbers = INTS(1, 2, 3);
    Object *one = INTS(1), *f = function("add", add);
    show("enumerate(7)", enumerate_new(seven, 0));
    show("zip([], 7)", zip_new((Object *[]){empty, seven}, 2, false));
    show("map(add)", map_new(f, NULL, 0));
    show("map(add, 7)", map_new(f, &seven, 1));
    show("next(map(7, [1]))", next_of(map_new(seven, &one, 1)));
    show("filter(add, None)", filter_new(f, None));
    show("next(filter(7, [1]))", next_of(filter_new(seven, one)));
    show("reversed(add)", reversed_new(f));
    show("islice(numbers, -1, 3)", islice_new(numbers, -1, 3, 1));
    show("islice(numbers, 0, -2)", islice_new(numbers, 0, -2, 1));
    show("islice(numbers, 0, 3, 0)", islice_new(numbers, 0, 3, 0));
    show("islice(7, 3)", islice_new(seven, 0, 3, 1));
    show("chain.from_iterable(7)", chain_from_iterable(seven));
    show("takewhile(add, 7)", takewhile_new(f, seven));
    show("count(3)", count_new(3, 1));
    show("count(3, -2)", count_new(3, -2));
    show("list(7)", OBJECT(sequence_list(seven)));
    show("list(Squares(4))", list_of(squares_new(4, IndexError)));
    show("list(Squares(4, ValueError))", list_of(squares_new(4, ValueError)));
    decref(one);
    decref(f);
    decref(numbers);
    decref(empty);
    decref(seven);
    section("zip, strict");
    for (int i = 0; i < 27; i++) {
        int sizes[] = {i / 9, i / 3 % 3, i % 3};
        printf("  (%d, %d, %d)\n", sizes[0], sizes[1], sizes[2]);
        Object *sources[3];
        for (int k = 0; k < 3; k++)
            sources[k] = range_to(0, sizes[k]);
        drain(zip_new(sources, 3, true));
        for (int k = 0; k < 3; k++)
            decref(sources[k]);
    }
    drain(zip_new(NULL, 0, true));
    drain(zip_new(NULL, 0, false));
    drain(zip2(squares_new(2, IndexError), squares_new(1, ValueError), true));
    Object *sources[] = {squares_new(1, IndexError), squares_new(1, ValueError),
                         squares_new(2, IndexError)};
    drain(zip_new(sources, 3, true));
    for (int k = 0; k < 3; k++)
        decref(sources[k]);
}

static void callables(void) {
    section("iter(callable, sentinel)");
    Object *seven = int_from_long(7);
    Object *refused = call_iter_new(seven, seven);
    show("iter(7, 7)", boolean(!refused && error_matches(TypeError)));
    error_clear();
    decref(seven);
    Object *flags = INTS(1, 2);
    clear_ref(((List *)flags)->items[0]);
    ((List *)flags)->items[0] = new_ref(True);
    Object *sources[] = {INTS(3, 1, 4, 1, 5), INTS(3, 1), flags};
    const int sentinels[] = {4, 9, 1};
    for (int i = 0; i < 3; i++) {
        Object *source = noisy("pop", sources[i]), *sentinel = int_from_long(sentinels[i]);
        Object *pop = function_new("pop", call_next, source);
        Object *walk = call_iter_new(pop, sentinel);
        printf("  until %d\n", sentinels[i]);
        drain(new_ref(walk));
        drain(walk);
        decref(pop);
        decref(sentinel);
        decref(source);
    }
}

static void append_int(List *list, int64_t value) {
    Object *item = int_from_long(value);
    list_append(list, item);
    decref(item);
}

static void print_object(Object *op) {
    object_print(op, stdout, false);
}

/* Prints the next item, as f"{next(it)!r}" does. */
static void print_next(Object *iterator) {
    Object *item = iter_next(iterator);
    print_object(item);
    decref(item);
}

static void mutate_list(void) {
    section("a list that is changed while it is walked");
    List *items = (List *)INTS(1, 2, 2, 3, 4, 4, 5);
    Object *item;
    FOR(item, items) {
        if (int_as_long(item) % 2 == 0) list_remove(items, item);
    }
    printf("  removing the even ones leaves ");
    print_object(OBJECT(items));
    decref(items);

    items = (List *)INTS(1, 2, 3);
    List *seen = list_new();
    FOR(item, items) {
        list_append(seen, item);
        if (items->size < 8) append_int(items, int_as_long(item) * 10);
    }
    printf("\n  appending goes on: ");
    print_object(OBJECT(seen));
    decref(items);
    decref(seen);

    items = (List *)INTS(1, 2, 3, 4);
    Object *back = reversed_new(OBJECT(items));
    printf("\n  backwards ");
    print_next(back);
    append_int(items, 5);
    putchar(' ');
    print_next(back);
    decref(list_pop(items, 0));
    decref(list_pop(items, 0));
    printf(" then of ");
    print_object(OBJECT(items));
    putchar('\n');
    drain(back);
    decref(items);

    items = (List *)INTS(1, 2, 3);
    Object *walk = object_get_iter(OBJECT(items));
    decref(iter_next(walk));
    list_clear(items);
    drain(new_ref(walk));
    for (int i = 7; i < 10; i++)
        append_int(items, i);
    drain(walk);
    decref(items);
}

/* d[key] = value, of a str and an int. */
static void set_item(Dict *d, const char *key, int64_t value) {
    Object *k = str_from_string(key), *v = int_from_long(value);
    dict_set_item(d, k, v);
    decref(k);
    decref(v);
}

static int del_item(Dict *d, const char *key) {
    Object *k = str_from_string(key);
    int status = dict_del_item(d, k);
    decref(k);
    return status;
}

/* A dict of `size` ints, each replaced by another while the dict is walked. */
static void replace_keys(int size) {
    Dict *d = dict_new();
    for (int i = 0; i < size; i++) {
        Object *key = int_from_long(i);
        dict_set_item(d, key, key);
        decref(key);
    }
    Object *keys = object_get_iter(OBJECT(d)), *zero = int_from_long(0);
    printf("  of %d, replaced one by one:", size);
    for (int i = 0; i < 9; i++) {
        Object *key = iter_next(keys);
        if (!key) {
            printf(" %s\n", error_occurred() ? error_message() : ".");
            error_clear();
            break;
        }
        dict_del_item(d, key);
        Object *other = int_from_long(int_as_long(key) + 100);
        dict_set_item(d, other, zero);
        putchar(' ');
        print_object(key);
        decref(other);
        decref(key);
    }
    decref(zero);
    decref(keys);
    decref(d);
}

static void mutate_dict(void) {
    section("a dict that is changed while it is walked");
    Dict *d = dict_new();
    set_item(d, "a", 1);
    set_item(d, "b", 2);
    set_item(d, "c", 3);
    Object *keys = object_get_iter(OBJECT(d));
    show("first", builtin_next(keys));
    set_item(d, "d", 4);
    show("a key more", builtin_next(keys));
    del_item(d, "d");
    show("as it was", builtin_next(keys));
    decref(keys);
    keys = object_get_iter(OBJECT(d));
    show("first", builtin_next(keys));
    set_item(d, "b", 22);
    show("a new value", builtin_next(keys));
    del_item(d, "c");
    set_item(d, "z", 26);
    show("a key for a key", builtin_next(keys));
    show("and then", builtin_next(keys));
    decref(keys);
    printf("  ");
    print_object(OBJECT(d));
    printf(", %zd keys\n", object_length(OBJECT(d)));
    keys = object_get_iter(OBJECT(d));
    drain(new_ref(keys));
    set_item(d, "late", 0);
    drain(keys);
    decref(d);
    for (int size = 1; size < 6; size++)
        replace_keys(size);
    d = dict_new();
    show("del d['x']", del_item(d, "x") < 0 ? NULL : new_ref(None));
    decref(d);
}

static void for_statement(void) {
    section("for, else, break, continue");
    Object *x, *y, *three = range_to(0, 3), *four = range_to(0, 4);
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
    Object *nothing = str_from_string("");
    FOR(x, nothing) {
        puts("never");
    }
    FOR_ELSE {
        puts("  an empty one goes to else at once");
    }
    decref(nothing);
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
    Object *squares = squares_new(3, ValueError);
    FOR(x, squares) {
        printf("  %" PRId64 "\n", int_as_long(x));
    }
    FOR_ELSE {
        puts("never");
    }
    if (error_matches(ValueError)) {
        printf("  %s: %s, and no else\n", error_name(error_occurred()), error_message());
        error_clear();
    }
    decref(squares);
    decref(three);
    decref(four);
}

/* ---- Compositions ----------------------------------------------------------------------------*/

static Object *random_source(int depth);

/* Prints "name(", what is made inside, and ")". */
static Object *random_inner(const char *name, int depth) {
    printf("%s(", name);
    Object *inner = random_source(depth - 1);
    putchar(')');
    return inner;
}

/* The same with two, the second one to *other. */
static Object *random_two(const char *name, int depth, Object **other) {
    printf("%s(", name);
    Object *inner = random_source(depth - 1);
    printf(", ");
    *other = random_source(depth - 1);
    putchar(')');
    return inner;
}

static Object *multiples(int a, int count) {
    List *list = list_new();
    for (int i = 0; i < count; i++)
        append_int(list, (int64_t)i * a);
    return OBJECT(list);
}

/* What stands at the bottom of a composition. */
static Object *random_leaf(int kind, int a, int b) {
    if (kind == 0) {
        printf("range(%d, %d)", a, b + 6);
        return range_to(a, b + 6);
    }
    if (kind == 1) {
        printf("list %d", b);
        return multiples(a, b);
    }
    if (kind == 2) {
        printf("back %d", a);
        Object *range = range_to(0, a), *back = reversed_new(range);
        decref(range);
        return back;
    }
    printf("squares %d", b);
    return squares_new(b, IndexError);
}

static Object *random_source(int depth) {
    int kind = random_below(depth == 0 ? 4 : 11);
    int a = random_below(9), b = random_below(9);
    Object *inner, *other;
    switch (kind) {
    case 4:
        inner = random_inner("double", depth);
        return map2(add, inner, count_new(a, 1));
    case 5:
        return filter1(even_or_fail, random_inner("even", depth));
    case 6:
        printf("slice %d %d", a, a + b);
        inner = random_inner("", depth);
        return islice1(inner, a, a + b, 1 + random_below(3));
    case 7:
        inner = random_two("chain", depth, &other);
        return chain3(inner, other, NULL);
    case 8:
        return takewhile1(below_five, random_inner("while", depth));
    case 9:
        inner = random_two("sum", depth, &other);
        return map2(add, inner, other);
    case 10:
        return filter_true(random_inner("true", depth));
    default:
        return random_leaf(kind, a, b);
    }
}

static void compositions(void) {
    section("compositions");
    for (int number = 0; number < 400; number++) {
        printf("%d: ", number);
        Object *source = random_source(4);
        putchar('\n');
        if (random_below(3) == 0) {
            Object *numbers = count_new(0, 1);
            drain_limited(zip2(source, numbers, random_below(2) == 0), 12);
        } else if (random_below(2) == 0) {
            drain_limited(enumerate1(source, random_below(5)), 12);
        } else {
            Object *walk = get_iter(source);
            drain_limited(new_ref(walk), 3);
            drain(walk);
        }
    }
}

int main(int argc, char **argv) {
    (void)argc;
    who_is_iterable();
    twice_and_once();
    ranges();
    laziness();
    messages();
    callables();
    mutate_list();
    mutate_dict();
    for_statement();
    compositions();
    return finish_output(argv[0], 0);
}
