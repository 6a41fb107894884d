/* twin.c: the twin of twin.py: the same operations on our list, printing the same lines. */
#include "../list.h"

static uint64_t state = 20231002;

/* The next number below `limit` of a sequence that twin.py draws as well (Knuth's MMIX LCG). */
static int rand_below(int limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (unsigned)limit);
}

/* ---- Printing: what was done, and what came of it --------------------------------------------*/

static void print_label(const char *format, va_list args) {
    char text[80];
    vsnprintf(text, sizeof text, format, args);
    printf("%-24s ", text);
}

/* The size, the cells, and the list. */
__attribute__((format(printf, 2, 3))) static void show(List *list, const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_label(format, args);
    va_end(args);
    printf("size %3zd allocated %3zd  ", list->size, list->allocated);
    object_print(OBJECT(list), stdout, false);
    putchar('\n');
}

/* An object, whose reference is stolen, or if it is NULL the pending error. */
__attribute__((format(printf, 2, 3))) static void attempt(void *result, const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_label(format, args);
    va_end(args);
    if (!result) {
        error_print(stdout);
        return;
    }
    object_print(OBJECT(result), stdout, false);
    putchar('\n');
    decref(result);
}

/* What attempt() is given for a function that returns 0 or -1, or 1, 0 or -1, or an index or -1. */
static Object *status(int status) {
    return status < 0 ? NULL : new_ref(None);
}

static Object *truth(int answer) {
    return answer < 0 ? NULL : new_ref(answer ? True : False);
}

static Object *number(ssize_t index) {
    return index < 0 ? NULL : int_from_long(index);
}

/* An index or None: the message of one that is not there is printed once. */
static Object *position(ssize_t index) {
    if (index >= 0) return int_from_long(index);
    error_clear();
    return new_ref(None);
}

/* ---- Small helpers ---------------------------------------------------------------------------*/

static void append_long(List *list, int64_t value) {
    Object *item = int_from_long(value);
    list_append(list, item);
    decref(item);
}

/* New list of first, first + step, ...: n numbers; and one number n times, as a tuple. */
static List *numbers(int64_t first, int64_t step, ssize_t n) {
    List *result = list_new(n);
    for (ssize_t i = 0; i < n; i++)
        list_set_item(result, i, int_from_long(first + i * step));
    return result;
}

static Object *tuple_of(int64_t value, ssize_t n) {
    Tuple *result = tuple_new(n);
    for (ssize_t i = 0; i < n; i++)
        result->items[i] = int_from_long(value);
    return OBJECT(result);
}

/* list_extend() and list_ass_subscript_slice() with an iterable that is given away. */
static int extend_with(List *list, void *iterable) {
    int result = list_extend(list, OBJECT(iterable));
    decref(iterable);
    return result;
}

static int assign(List *list, ssize_t start, ssize_t stop, ssize_t step, void *value) {
    int result = list_ass_subscript_slice(list, start, stop, step, OBJECT(value));
    xdecref(value);
    return result;
}

/* Drops a reference to each, up to a NULL. */
__attribute__((sentinel)) static void drop(void *first, ...) {
    va_list rest;
    va_start(rest, first);
    for (void *op = first; op; op = va_arg(rest, void *))
        decref(op);
    va_end(rest);
}

/* ---- The sections ----------------------------------------------------------------------------*/

static void show_if_moved(const List *list, ssize_t before) {
    if (list->allocated == before) return;
    printf("  at size %4zd: %4zd -> %4zd\n", list->size, before, list->allocated);
}

static void staircases(void) {
    puts("append, from empty:");
    List *list = list_new(0);
    for (int64_t i = 0; i < 5000; i++) {
        ssize_t before = list->allocated;
        append_long(list, i);
        show_if_moved(list, before);
    }
    puts("pop, back to empty:");
    while (list->size) {
        ssize_t before = list->allocated;
        decref(list_pop(list, -1));
        show_if_moved(list, before);
    }
    decref(list);
    puts("del [0], from 60 back to empty:");
    list = list_new(0);
    extend_with(list, tuple_of(0, 60));
    while (list->size) {
        ssize_t before = list->allocated;
        list_ass_item(list, 0, NULL);
        show_if_moved(list, before);
    }
    decref(list);
}

static void show_new(List *list, const char *what) {
    show(list, "%s", what);
    decref(list);
}

static void ways_for(ssize_t n) {
    List *list = list_new(0), *extended = list_new(0), *zero = numbers(0, 0, 1);
    for (ssize_t i = 0; i < n; i++)
        append_long(list, 0);
    extend_with(extended, tuple_of(0, n));
    show(list, "append");
    show(extended, "extend the empty list");
    show_new(list_get_slice(list, 0, PTRDIFF_MAX), "slice");
    show_new(list_copy(list), "copy");
    show_new(list_repeat(zero, n), "[0] * n");
    show_new(list_concat(list, OBJECT(extended)), "concat");
    list_extend(list, OBJECT(extended));
    show(list, "extend by itself again");
    extend_with(list, tuple_of(0, 3));
    show(list, "+= a tuple of 3");
    list_inplace_repeat(list, 2);
    show(list, "*= 2");
    assign(list, SLICE_NONE, SLICE_NONE, -1, NULL);
    show(list, "del [::-1]");
    extend_with(list, numbers(1, 1, 3));
    show(list, "then extend by 3");
    list_clear(list);
    show(list, "clear");
    extend_with(list, numbers(1, 1, 3));
    show(list, "then extend by 3");
    drop(list, extended, zero, NULL);
}

static void emptied_by_pop(void) {
    List *list = numbers(0, 1, 1);
    decref(list_pop(list, -1));
    show(list, "pop the last");
    extend_with(list, numbers(1, 1, 3));
    show(list, "then extend by 3");
    decref(list);
}

static ssize_t modulo(ssize_t a, ssize_t b) { // Python's %: never negative
    return (a % b + b) % b;
}

/* One operation drawn at random; the list may be replaced by another. */
static List *random_step(List *list) {
    int op = rand_below(18), value = rand_below(10);
    ssize_t a = rand_below(30) - 10, b = rand_below(30) - 10, step = rand_below(4) + 1;
    if (rand_below(2)) step = -step;
    Object *item = int_from_long(value);
    if (op < 5) {
        list_append(list, item);
        show(list, "append(%d)", value);
    } else if (op == 5) {
        list_insert(list, a, item);
        show(list, "insert(%zd, %d)", a, value);
    } else if (op == 6 && list->size > 1) {
        attempt(list_pop(list, a), "pop(%zd)", a);
        show(list, " ");
    } else if (op == 7) {
        extend_with(list, numbers(value, 0, modulo(b, 7)));
        show(list, "extend by %zd", modulo(b, 7));
    } else if (op == 8) {
        extend_with(list, tuple_of(value, modulo(b, 20)));
        show(list, "+= tuple of %zd", modulo(b, 20));
    } else if (op == 9) {
        assign(list, a, b, 1, NULL);
        show(list, "del [%zd:%zd]", a, b);
    } else if (op == 10) {
        assign(list, a, b, 1, numbers(value, 0, modulo(step, 9)));
        show(list, "[%zd:%zd] = %zd items", a, b, modulo(step, 9));
    } else if (op == 11) {
        attempt(status(list_remove(list, item)), "remove(%d)", value);
        show(list, " ");
    } else if (op == 12) {
        assign(list, a, b, step, NULL);
        show(list, "del [%zd:%zd:%zd]", a, b, step);
    } else if (op == 13) {
        List *part = list_subscript_slice(list, a, b, step);
        show(part, "= [%zd:%zd:%zd]", a, b, step);
        list_reverse(part);
        attempt(status(assign(list, a, b, step, part)), "set it reversed");
        show(list, " ");
    } else if (op == 14) {
        printf("count(%d) %zd, in %s\n", value, list_count(list, item),
               list_contains(list, item) ? "True" : "False");
        attempt(position(list_index(list, item, a, b)), "index(%d, %zd, %zd)", value, a, b);
    } else if (op == 15 && list->size < 30) {
        list_inplace_repeat(list, step);
        show(list, "*= %zd", step);
    } else if (op == 16) {
        list_reverse(list);
        show(list, "reverse");
    } else if (op == 17 && a == 0) {
        list_clear(list);
        show(list, "clear");
    } else if (op == 17) {
        List *one = list_pack(1, item), *longer = list_concat(list, OBJECT(one));
        drop(one, list, NULL);
        list = longer;
        show(list, "+ [%d]", value);
    }
    decref(item);
    return list;
}

static void errors(void) {
    List *list = numbers(1, 1, 3), *empty = list_new(0), *one = numbers(1, 0, 1);
    Object *five = int_from_long(5), *x = str_from_string("x"), *pair = tuple_pack(1, list);
    Object *nothing = OBJECT(tuple_new(0)), *nine = int_from_long(9);
    const ssize_t indices[] = {3, -4, 2, -3};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        ssize_t index = indices[i];
        attempt(list_subscript(list, index), "[%zd]", index);
        attempt(status(list_ass_item(list, index, nine)), "[%zd] = 9", index);
        List *copy = list_copy(list), *another = list_copy(list);
        attempt(list_pop(copy, index), "pop(%zd) of a copy", index);
        attempt(status(list_ass_item(another, index, NULL)), "del [%zd] of a copy", index);
        drop(copy, another, NULL);
    }
    const ssize_t none = SLICE_NONE;
    attempt(list_pop(empty, -1), "pop");
    attempt(status(list_remove(list, x)), "remove");
    attempt(number(list_index(list, x, 0, PTRDIFF_MAX)), "index");
    attempt(status(list_extend(list, five)), "extend by 5");
    attempt(list_concat(list, five), "+ 5");
    attempt(list_concat(list, nothing), "+ tuple");
    attempt(status(list_ass_subscript_slice(list, 0, 1, 1, five)), "[0:1] = 5");
    attempt(status(list_ass_subscript_slice(list, none, none, 2, five)), "[::2] = 5");
    attempt(status(list_ass_subscript_slice(list, none, none, 2, OBJECT(one))), "[::2] = [1]");
    attempt(list_subscript_slice(list, none, none, 0), "[::0]");
    attempt(status(list_ass_subscript_slice(list, none, none, 0, OBJECT(empty))), "[::0] = []");
    attempt(status(object_hash(OBJECT(list)) == -1 ? -1 : 0), "hash");
    attempt(status(object_hash(pair) == -1 ? -1 : 0), "hash((list,))");
    attempt(new_ref(list), "unharmed");
    drop(list, pair, empty, one, five, x, nothing, nine, NULL);
}

static void aliases(void) {
    List *row = numbers(0, 0, 3), *one = list_pack(1, row), *grid = list_repeat(one, 3);
    list_set_item(row, 0, int_from_long(7));
    attempt(new_ref(grid), "[[0]*3]*3, one write");
    List *shallow = list_copy(grid);
    attempt(truth(object_rich_equal(OBJECT(shallow), OBJECT(grid))), "copy is equal");
    attempt(truth(list_get_item(shallow, 2) == OBJECT(row)), "copy shares its rows");
    list_append(row, OBJECT(row));
    attempt(new_ref(grid), "row holds itself");
    list_set_slice(row, 1, 2, OBJECT(row));
    attempt(new_ref(row), "[1:2] = itself");
    list_set_slice(row, 0, row->size, NULL);
    attempt(new_ref(grid), "emptied, seen by grid");
    drop(shallow, grid, one, row, NULL);
}

static void equality(void) {
    Object *nan = float_from_double(0.0 / 0.0), *other_nan = float_from_double(0.0 / 0.0);
    Object *one_float = float_from_double(1), *nothing = OBJECT(tuple_new(0));
    List *nans = list_pack(1, nan), *c = numbers(1, 1, 2), *d = numbers(1, 0, 1);
    Object *one = list_get_item(d, 0);
    List *a = list_pack(2, one, True), *b = list_pack(2, one_float, one), *empty = list_new(0);
    attempt(truth(list_contains(nans, nan)), "nan in [nan]");
    attempt(truth(list_contains(nans, other_nan)), "another nan in it");
    attempt(truth(object_rich_equal(OBJECT(a), OBJECT(b))), "[1, True] == [1.0, 1]");
    attempt(truth(object_rich_equal(OBJECT(c), OBJECT(d))), "[1, 2] == [1]");
    attempt(truth(object_rich_equal(OBJECT(empty), nothing)), "[] == ()");
    drop(nans, a, b, c, d, empty, nothing, nan, other_nan, one_float, NULL);
}

static void endless(void) {
    List *a = list_new(0), *b = list_pack(1, a), *twisted = list_new(0);
    List *inner = list_pack(1, twisted);
    list_append(a, OBJECT(b));
    list_append(twisted, OBJECT(inner));
    attempt(truth(object_rich_equal(OBJECT(a), OBJECT(a))), "a == a");
    attempt(truth(object_rich_equal(OBJECT(a), OBJECT(twisted))), "endless comparison");
    list_clear(a); // the cycles must be cut by hand: there is no collector in this topic
    list_clear(twisted);
    drop(a, b, twisted, inner, NULL);
}

/* ---- A list that changes while it is searched -------------------------------------------------*/

typedef struct {
    Object ob;
    List *items; // borrowed
    char change; // 'c'lear, 's'horten, 'l'engthen
    bool answer; // what it says to equality
} Traitor;

static void betray(const Traitor *self) {
    if (self->change == 'c') list_clear(self->items);
    if (self->change == 's') list_set_slice(self->items, 2, PTRDIFF_MAX, NULL);
    for (int64_t i = 0; self->change == 'l' && i < 20; i++)
        append_long(self->items, i);
}

static int traitor_equal(Object *op, Object *other) {
    (void)other;
    Traitor *self = (Traitor *)op;
    betray(self);
    return self->answer;
}

static int traitor_repr(Object *op, Writer *out) {
    betray((Traitor *)op);
    return writer_puts(out, "traitor");
}

static void traitor_dealloc(Object *op) {
    free(op);
}

static const Type Traitor_Type = {
    .name = "Traitor", .repr = traitor_repr, .equal = traitor_equal, .dealloc = traitor_dealloc};

static const char *const calls[] = {"index(3)", "index(3, -3, 4)", "remove(3)", "count(3)",
                                    "3 in",     "== other",        "other ==",  "repr"};

static Object *betrayed_call(size_t call, List *items, Object *three, List *other) {
    if (call < 2) return position(list_index(items, three, call ? -3 : 0, call ? 4 : PTRDIFF_MAX));
    if (call == 2) return status(list_remove(items, three));
    if (call == 3) return int_from_long(list_count(items, three));
    if (call == 4) return truth(list_contains(items, three));
    if (call == 5) return truth(object_rich_equal(OBJECT(items), OBJECT(other)));
    if (call == 6) return truth(object_rich_equal(OBJECT(other), OBJECT(items)));
    return object_repr(OBJECT(items));
}

static void betrayed(void) {
    static const char *const changes[] = {"clear", "shorten", "lengthen"};
    List *other = numbers(0, 1, 4);
    for (size_t i = 0; i < 3 * 2 * 8; i++) {
        List *items = list_copy(other);
        Traitor *traitor = object_new(&Traitor_Type, sizeof *traitor);
        traitor->items = items;
        traitor->change = changes[i / 16][0];
        traitor->answer = i / 8 % 2;
        list_set_item(items, 1, OBJECT(traitor));
        Object *result = betrayed_call(i % 8, items, list_get_item(other, 3), other);
        attempt(result, "%s, %s, %s", changes[i / 16], i / 8 % 2 ? "True" : "False", calls[i % 8]);
        printf("%zd\n", items->size);
        decref(items);
    }
    decref(other);
}

int main(int argc, char **argv) {
    (void)argc;
    staircases();
    const ssize_t sizes[] = {0, 1, 3, 4, 5, 8, 9, 17};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ways_for(sizes[i]);
    emptied_by_pop();
    List *list = list_new(0);
    for (int i = 0; i < 600; i++)
        list = random_step(list);
    decref(list);
    errors();
    aliases();
    equality();
    endless();
    betrayed();
    return finish_output(argv[0], 0);
}
