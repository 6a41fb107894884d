/* twin.c: the twin of twin.py: the same operations on our list, printing the same lines. */
#include "../list.h"

#include <inttypes.h>

static uint64_t state = 20231002;

/* The next number below `limit` of a sequence that twin.py draws as well (Knuth's MMIX LCG). */
static int64_t rand_below(int64_t limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(state >> 33) % limit;
}

/* ---- Printing --------------------------------------------------------------------------------*/

__attribute__((format(printf, 1, 2))) static void label(const char *format, ...) {
    char text[80];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("%-24s ", text);
}

/* After a label: the size, the cells, and the list. */
static void show(List *list) {
    printf("size %3zd allocated %3zd  ", list->size, list->allocated);
    object_print(OBJECT(list), stdout, false);
    putchar('\n');
}

/* After a label: an object (the reference is stolen), or the error. */
static void show_object(void *op) {
    if (!op) {
        error_print(stdout);
        return;
    }
    object_print(OBJECT(op), stdout, false);
    putchar('\n');
    decref(op);
}

static void show_status(int status) {
    show_object(status < 0 ? NULL : new_ref(None));
}

static void show_bool(int answer) {
    show_object(answer < 0 ? NULL : new_ref(answer ? True : False));
}

/* ---- Small helpers ---------------------------------------------------------------------------*/

static void append_long(List *list, int64_t value) {
    Object *item = int_from_long(value);
    list_append(list, item);
    decref(item);
}

/* [value] * n, and the same as a tuple. */
static List *list_of(int64_t value, ssize_t n) {
    Object *item = int_from_long(value);
    List *one = list_pack(1, item), *result = list_repeat(one, n);
    decref(one);
    decref(item);
    return result;
}

static Object *tuple_of(int64_t value, ssize_t n) {
    Tuple *result = tuple_new(n);
    for (ssize_t i = 0; i < n; i++)
        result->items[i] = int_from_long(value);
    return OBJECT(result);
}

static List *one_two_three(void) {
    List *result = list_new(3);
    for (ssize_t i = 0; i < 3; i++)
        list_set_item(result, i, int_from_long(i + 1));
    return result;
}

/* list_extend() and so on with an iterable that is given away. */
static int extend_with(List *list, void *iterable) {
    int status = list_extend(list, OBJECT(iterable));
    decref(iterable);
    return status;
}

/* ---- The sections ----------------------------------------------------------------------------*/

static void staircases(void) {
    puts("append, from empty:");
    List *list = list_new(0);
    for (int64_t i = 0; i < 5000; i++) {
        ssize_t before = list->allocated;
        append_long(list, i);
        if (list->allocated != before) {
            printf("  at size %4zd: %4zd -> %4zd\n", list->size, before, list->allocated);
        }
    }
    puts("pop, back to empty:");
    while (list->size) {
        ssize_t before = list->allocated;
        decref(list_pop(list, -1));
        if (list->allocated != before) {
            printf("  at size %4zd: %4zd -> %4zd\n", list->size, before, list->allocated);
        }
    }
    decref(list);
}

static void show_new(const char *what, List *list) {
    label("%s", what);
    show(list);
    decref(list);
}

static void ways_for(ssize_t n) {
    List *appended = list_new(0), *extended = list_new(0);
    for (ssize_t i = 0; i < n; i++)
        append_long(appended, 0);
    extend_with(extended, tuple_of(0, n));
    label("append");
    show(appended);
    label("extend the empty list");
    show(extended);
    show_new("slice", list_get_slice(appended, 0, PTRDIFF_MAX));
    show_new("copy", list_copy(appended));
    show_new("[0] * n", list_of(0, n));
    show_new("concat", list_concat(appended, OBJECT(extended)));
    list_extend(appended, OBJECT(extended));
    label("extend by itself again");
    show(appended);
    extend_with(appended, tuple_of(0, 3));
    label("+= a tuple of 3");
    show(appended);
    list_inplace_repeat(appended, 2);
    label("*= 2");
    show(appended);
    list_ass_subscript_slice(appended, SLICE_NONE, SLICE_NONE, -1, NULL);
    label("del [::-1]");
    show(appended);
    extend_with(appended, one_two_three());
    label("then extend by 3");
    show(appended);
    list_clear(appended);
    label("clear");
    show(appended);
    extend_with(appended, one_two_three());
    label("then extend by 3");
    show(appended);
    decref(appended);
    decref(extended);
}

static void random_slices(List *list, int64_t op, ssize_t a, ssize_t b, ssize_t step,
                          int64_t value) {
    if (op == 9) {
        list_ass_subscript_slice(list, a, b, 1, NULL);
        label("del [%zd:%zd]", a, b);
        show(list);
    } else if (op == 10) {
        ssize_t count = (step % 9 + 9) % 9; // Python's %: never negative
        List *items = list_of(value, count);
        list_ass_subscript_slice(list, a, b, 1, OBJECT(items));
        decref(items);
        label("[%zd:%zd] = %zd items", a, b, count);
        show(list);
    } else if (op == 12) {
        list_ass_subscript_slice(list, a, b, step, NULL);
        label("del [%zd:%zd:%zd]", a, b, step);
        show(list);
    } else if (op == 13) {
        List *part = list_subscript_slice(list, a, b, step);
        label("= [%zd:%zd:%zd]", a, b, step);
        show(part);
        list_reverse(part);
        label("set it reversed");
        show_status(list_ass_subscript_slice(list, a, b, step, OBJECT(part)));
        decref(part);
        label(" ");
        show(list);
    }
}

static void random_search(List *list, int64_t op, ssize_t a, ssize_t b, Object *item,
                          int64_t value) {
    if (op == 11) {
        label("remove(%" PRId64 ")", value);
        show_status(list_remove(list, item));
        label(" ");
        show(list);
    } else if (op == 14) {
        printf("count(%" PRId64 ") %zd, in %s\n", value, list_count(list, item),
               list_contains(list, item) ? "True" : "False");
        label("index(%" PRId64 ", %zd, %zd)", value, a, b);
        ssize_t index = list_index(list, item, a, b);
        show_object(index < 0 ? NULL : int_from_long(index));
    }
}

/* One operation drawn at random; the list may be replaced by another. */
static List *random_step(List *list) {
    int64_t op = rand_below(18), value = rand_below(10);
    ssize_t a = rand_below(30) - 10, b = rand_below(30) - 10, step = rand_below(4) + 1;
    if (rand_below(2)) step = -step;
    Object *item = int_from_long(value);
    if (op < 5) {
        list_append(list, item);
        label("append(%" PRId64 ")", value);
        show(list);
    } else if (op == 5) {
        list_insert(list, a, item);
        label("insert(%zd, %" PRId64 ")", a, value);
        show(list);
    } else if (op == 6 && list->size > 1) {
        label("pop(%zd)", a);
        show_object(list_pop(list, a));
        label(" ");
        show(list);
    } else if (op == 7) {
        ssize_t count = (b % 7 + 7) % 7;
        extend_with(list, list_of(value, count));
        label("extend by %zd", count);
        show(list);
    } else if (op == 8) {
        ssize_t count = (b % 20 + 20) % 20;
        extend_with(list, tuple_of(value, count));
        label("+= tuple of %zd", count);
        show(list);
    } else if (op == 15 && list->size < 30) {
        list_inplace_repeat(list, step);
        label("*= %zd", step);
        show(list);
    } else if (op == 16) {
        list_reverse(list);
        label("reverse");
        show(list);
    } else if (op == 17 && a == 0) {
        list_clear(list);
        label("clear");
        show(list);
    } else if (op == 17) {
        List *one = list_pack(1, item), *longer = list_concat(list, OBJECT(one));
        decref(one);
        decref(list);
        list = longer;
        label("+ [%" PRId64 "]", value);
        show(list);
    } else {
        random_slices(list, op, a, b, step, value);
        random_search(list, op, a, b, item, value);
    }
    decref(item);
    return list;
}

static void index_errors(List *list) {
    const ssize_t indices[] = {3, -4, 2, -3};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        ssize_t index = indices[i];
        Object *nine = int_from_long(9);
        label("[%zd]", index);
        show_object(list_subscript(list, index));
        label("[%zd] = 9", index);
        show_status(list_ass_item(list, index, nine));
        List *copy = list_copy(list);
        label("pop(%zd) of a copy", index);
        show_object(list_pop(copy, index));
        decref(copy);
        copy = list_copy(list);
        label("del [%zd] of a copy", index);
        show_status(list_ass_item(copy, index, NULL));
        decref(copy);
        decref(nine);
    }
}

static void errors(void) {
    List *list = one_two_three(), *empty = list_new(0), *one = list_of(1, 1);
    Object *five = int_from_long(5), *x = str_from_string("x"), *pair = tuple_pack(1, list);
    Object *nothing = OBJECT(tuple_new(0));
    index_errors(list);
    label("pop");
    show_object(list_pop(empty, -1));
    label("remove");
    show_status(list_remove(list, x));
    label("index");
    show_status(list_index(list, x, 0, PTRDIFF_MAX) < 0 ? -1 : 0);
    label("extend by 5");
    show_status(list_extend(list, five));
    label("+ 5");
    show_object(list_concat(list, five));
    label("+ tuple");
    show_object(list_concat(list, nothing));
    label("[::2] = 5");
    show_status(list_ass_subscript_slice(list, SLICE_NONE, SLICE_NONE, 2, five));
    label("[::2] = [1]");
    show_status(list_ass_subscript_slice(list, SLICE_NONE, SLICE_NONE, 2, OBJECT(one)));
    label("[::0]");
    show_object(list_subscript_slice(list, SLICE_NONE, SLICE_NONE, 0));
    label("[::0] = []");
    show_status(list_ass_subscript_slice(list, SLICE_NONE, SLICE_NONE, 0, OBJECT(empty)));
    label("hash");
    show_status(object_hash(OBJECT(list)) == -1 ? -1 : 0);
    label("hash((list,))");
    show_status(object_hash(pair) == -1 ? -1 : 0);
    label("unharmed");
    decref(pair);
    show_object(list);
    decref(empty);
    decref(one);
    decref(five);
    decref(x);
    decref(nothing);
}

static void aliases(void) {
    List *row = list_of(0, 3), *one = list_pack(1, row), *grid = list_repeat(one, 3);
    list_set_item(row, 0, int_from_long(7));
    label("[[0]*3]*3, one write");
    show_object(new_ref(grid));
    List *shallow = list_copy(grid);
    label("copy is equal");
    show_bool(object_rich_equal(OBJECT(shallow), OBJECT(grid)));
    label("copy shares its rows");
    show_bool(list_get_item(shallow, 2) == OBJECT(row));
    list_append(row, OBJECT(row));
    label("row holds itself");
    show_object(new_ref(grid));
    list_set_slice(row, 1, 2, OBJECT(row));
    label("[1:2] = itself");
    show_object(new_ref(row));
    list_set_slice(row, 0, row->size, NULL);
    label("emptied, seen by grid");
    show_object(new_ref(grid));
    decref(shallow);
    decref(grid);
    decref(one);
    decref(row);
}

static void equality(void) {
    Object *nan = float_from_double(0.0 / 0.0), *other_nan = float_from_double(0.0 / 0.0);
    Object *one = int_from_long(1), *one_float = float_from_double(1), *two = int_from_long(2);
    List *nans = list_pack(1, nan), *a = list_pack(2, one, True), *b = list_pack(2, one_float, one);
    List *c = list_pack(2, one, two), *d = list_pack(1, one), *empty = list_new(0);
    Object *nothing = OBJECT(tuple_new(0));
    label("nan in [nan]");
    show_bool(list_contains(nans, nan));
    label("another nan in it");
    show_bool(list_contains(nans, other_nan));
    label("[1, True] == [1.0, 1]");
    show_bool(object_rich_equal(OBJECT(a), OBJECT(b)));
    label("[1, 2] == [1]");
    show_bool(object_rich_equal(OBJECT(c), OBJECT(d)));
    label("[] == ()");
    show_bool(object_rich_equal(OBJECT(empty), nothing));
    Object *all[] = {OBJECT(nans), OBJECT(a), OBJECT(b), OBJECT(c), OBJECT(d), OBJECT(empty),
                     nothing,      nan,       other_nan, one,       one_float, two};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
}

static void endless(void) {
    List *a = list_new(0), *b = list_pack(1, a), *twisted = list_new(0);
    list_append(a, OBJECT(b));
    label("a == a");
    show_bool(object_rich_equal(OBJECT(a), OBJECT(a)));
    List *inner = list_pack(1, twisted);
    list_append(twisted, OBJECT(inner));
    label("endless comparison");
    show_bool(object_rich_equal(OBJECT(a), OBJECT(twisted)));
    list_clear(a); // the cycles must be cut by hand: there is no collector in this topic
    list_clear(twisted);
    decref(a);
    decref(b);
    decref(twisted);
    decref(inner);
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
    if (call < 2) {
        ssize_t index = list_index(items, three, call ? -3 : 0, call ? 4 : PTRDIFF_MAX);
        return index < 0 ? NULL : int_from_long(index);
    }
    if (call == 2) return list_remove(items, three) < 0 ? NULL : new_ref(None);
    if (call == 3) return int_from_long(list_count(items, three));
    if (call == 7) return object_repr(OBJECT(items));
    int answer = call == 4   ? list_contains(items, three)
                 : call == 5 ? object_rich_equal(OBJECT(items), OBJECT(other))
                             : object_rich_equal(OBJECT(other), OBJECT(items));
    return answer < 0 ? NULL : new_ref(answer ? True : False);
}

static void betrayed(void) {
    static const char *const changes[] = {"clear", "shorten", "lengthen"};
    List *other = list_new(4);
    for (ssize_t i = 0; i < 4; i++)
        list_set_item(other, i, int_from_long(i));
    Object *three = new_ref(list_get_item(other, 3));
    for (size_t i = 0; i < 3 * 2 * 8; i++) {
        List *items = list_copy(other);
        Traitor *traitor = object_new(&Traitor_Type, sizeof *traitor);
        traitor->items = items;
        traitor->change = changes[i / 16][0];
        traitor->answer = i / 8 % 2;
        list_set_item(items, 1, OBJECT(traitor));
        label("%s, %s, %s", changes[i / 16], traitor->answer ? "True" : "False", calls[i % 8]);
        show_object(betrayed_call(i % 8, items, three, other));
        printf("%zd\n", items->size);
        decref(items);
    }
    decref(three);
    decref(other);
}

int main(int argc, char **argv) {
    (void)argc;
    staircases();
    const ssize_t sizes[] = {0, 1, 3, 4, 5, 8, 9, 17};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ways_for(sizes[i]);
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
