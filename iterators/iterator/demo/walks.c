/* demo_walks.c: the scenes in which one watches a walk: who asks whom, what is lost on the way, and
 * what becomes of it when the container changes; and the data for the pictures. */
#include "demo.h"

#include "../dict.h"

#include <inttypes.h>

/* ---- lazy ------------------------------------------------------------------------------------*/

/* What is recorded of a pipeline: who asked whom, and what came back. */
typedef struct {
    int lane;      // of the one who is asked: 1 map, 2 filter, 3 source
    bool answer;   // a question goes right, an answer left
    char text[16]; // the answer
} Event;

static Event events[64];
static int event_count;
static bool tell_events; // also print them

static void record(int lane, bool answer, Object *item) {
    Event *event = &events[event_count++];
    *event = (Event){.lane = lane, .answer = answer};
    if (answer && item) {
        snprintf(event->text, sizeof event->text, "%" PRId64, int_as_long(item));
    } else if (answer) {
        strcpy(event->text, "no more");
    }
    if (!tell_events) return;
    static const char *const names[] = {"for", "map", "filter", "source"};
    printf("    %*s%s %s", 10 * (lane - 1), "", answer ? "<--" : "-->", answer ? event->text : "");
    printf("%s\n", answer ? "" : names[lane]);
}

/* An iterator that records what goes through it. */
typedef struct {
    Object ob;
    int lane;
    Object *iterator;
} Tap;

static void tap_dealloc(Object *op) {
    decref(((Tap *)op)->iterator);
    free(op);
}

static Object *tap_next(Object *op) {
    Tap *self = (Tap *)op;
    record(self->lane, false, NULL);
    Object *item = iter_next(self->iterator);
    record(self->lane, true, item);
    return item;
}

static const Type Tap_Type = {
    .name = "Tap",
    .dealloc = tap_dealloc,
    .iter = object_self_iter,
    .iternext = tap_next,
};

/* Steals the iterator. */
static Object *tap(int lane, Object *iterator) {
    Tap *self = must(object_new(&Tap_Type, sizeof *self));
    self->lane = lane;
    self->iterator = must(iterator);
    return OBJECT(self);
}

static Object *is_odd(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(int_as_long(args[0]) % 2 ? True : False);
}

static Object *times_ten(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return int_from_long(10 * int_as_long(args[0]));
}

/* map(times_ten, filter(is_odd, source)), with a tap at each joint. */
static Object *make_pipeline(Object *source) {
    Object *odd = must(function_new("is_odd", is_odd, NULL));
    Object *ten = must(function_new("times_ten", times_ten, NULL));
    Object *tapped = tap(3, object_get_iter(source));
    Object *filtered = tap(2, filter_new(odd, tapped));
    Object *mapped = tap(1, map_new(ten, &filtered, 1));
    decref(odd);
    decref(ten);
    decref(tapped);
    decref(filtered);
    return mapped;
}

static void run_pipeline(bool tell) {
    event_count = 0;
    tell_events = tell;
    List *source = numbers(3);
    Object *pipeline = make_pipeline(OBJECT(source)), *x;
    if (tell) puts("    (made: nobody has been asked)");
    FOR(x, pipeline) {
        if (tell) printf("    the loop's body gets %" PRId64 "\n", int_as_long(x));
    }
    decref(pipeline);
    decref(source);
}

void scene_lazy(void) {
    puts(
        "for x in map(times_ten, filter(is_odd, [1, 2, 3])): an arrow to the right is a question,\n"
        "to the left an answer. Making the pipeline asks nobody. Each value is pulled by the "
        "loop,\n"
        "through all of them, before the next one leaves the source.\n");
    run_pipeline(true);
    puts("\nOne value is on its way at a time, so the memory is the same for three and for 10^9.");
}

/* ---- lost ------------------------------------------------------------------------------------*/

static Object *below_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(int_as_long(args[0]) < 3 ? True : False);
}

void scene_lost(void) {
    puts("An item that was taken from an iterator and not handed on is gone.\n");
    List *five = numbers(5), *two = numbers(2);
    Object *left = must(object_get_iter(OBJECT(five)));
    Object *pairs = must(zip_new((Object *[]){left, OBJECT(two)}, 2, false));
    puts("  left = iter([1, 2, 3, 4, 5]); zip(left, [1, 2])");
    walk("pairs", pairs);
    walk("left, afterwards", left);
    decref(pairs);
    decref(left);

    left = must(object_get_iter(OBJECT(five)));
    pairs = must(zip_new((Object *[]){OBJECT(two), left}, 2, false));
    puts("\n  the other way round: zip([1, 2], left)");
    walk("pairs", pairs);
    walk("left, afterwards", left);
    decref(pairs);
    decref(left);

    left = must(object_get_iter(OBJECT(five)));
    pairs = must(zip_new((Object *[]){left, OBJECT(two)}, 2, true));
    puts("\n  zip(left, [1, 2], strict=True)");
    walk("pairs", pairs);
    decref(pairs);
    decref(left);

    left = must(object_get_iter(OBJECT(five)));
    Object *test = must(function_new("below_three", below_three, NULL));
    Object *taken = must(takewhile_new(test, left));
    puts("\n  takewhile(lambda n: n < 3, left)");
    walk("taken", taken);
    walk("left, afterwards", left);
    puts("\nzip asks from the left, so a 3 was taken before it knew that the right had ended; "
         "takewhile\n"
         "must take the first item that fails to see that it does.");
    decref(taken);
    decref(test);
    decref(left);
    decref(five);
    decref(two);
}

/* ---- sentinel --------------------------------------------------------------------------------*/

/* Gives "abcdefgh" three characters a call, as file.read(3) does. */
static Object *read_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    static const char text[] = "abcdefgh";
    Int *position = (Int *)closure; // its value is moved along, which no Python program could do
    ssize_t left = (ssize_t)strlen(text) - (ssize_t)position->value, size = left < 3 ? left : 3;
    Object *block = str_from_utf8(text + position->value, size);
    if (block) position->value += size;
    return block;
}

void scene_sentinel(void) {
    puts("iter(callable, sentinel) calls until the result equals the sentinel: the old loop over\n"
         "blocks, `while (block := read(3)) != ''`, as an iterator.\n");
    Int *position = must(object_new(&Int_Type, sizeof *position));
    position->value = 0;
    Object *read = must(function_new("read", read_three, OBJECT(position)));
    Object *empty = must(str_from_string("")), *blocks = must(call_iter_new(read, empty));
    walk("iter(read, '')", blocks);
    decref(blocks);
    decref(empty);
    decref(read);
    decref(position);
}

/* ---- mutation --------------------------------------------------------------------------------*/

static void set_int(Dict *d, int64_t key, int64_t value) {
    Object *k = integer(key), *v = integer(value);
    if (dict_set_item(d, k, v) < 0) must(NULL);
    decref(k);
    decref(v);
}

void scene_mutation(void) {
    puts("A list's iterator is an index. Removing the item that it has given moves the next one "
         "into\n"
         "its place, and the loop steps over it.\n");
    List *list = numbers(6);
    Object *iterator = must(object_get_iter(OBJECT(list))), *x;
    puts("  for x in items: if x < 5: items.remove(x)");
    FOR(x, iterator) {
        printf("    items[%zd] is %" PRId64, list_iter_index(iterator) - 1, int_as_long(x));
        if (int_as_long(x) < 5 && list_remove(list, x) < 0) must(NULL);
        printf("    items = ");
        print(list);
        putchar('\n');
    }
    decref(iterator);
    puts("  2 and 4 were never looked at.\n");
    decref(list);

    puts("A dict's iterator compares the number of keys with what it was, and refuses.\n");
    Dict *d = must(dict_new());
    for (int i = 1; i <= 3; i++)
        set_int(d, i, i * i);
    Object *keys = must(object_get_iter(OBJECT(d)));
    printf("    next(keys) gives ");
    Object *key = must(iter_next(keys));
    print(key);
    set_int(d, 4, 16);
    printf(", then d[4] = 16, then next(keys):\n    ");
    if (!iter_next(keys)) error_print(stdout);
    if (dict_del_item(d, must(int_from_long(4))) < 0) must(NULL);
    printf("    del d[4] does not mend it:\n    ");
    if (!iter_next(keys)) error_print(stdout);
    decref(keys);
    keys = must(object_get_iter(OBJECT(d)));
    printf("\n    a key for a key: for k in d: del d[k]; d[k + 10] = 0\n   ");
    Object *k;
    FOR(k, keys) {
        printf(" %" PRId64, int_as_long(k));
        int64_t number = int_as_long(k);
        if (dict_del_item(d, k) < 0) must(NULL);
        set_int(d, number + 10, 0);
    }
    printf(", then ");
    if (error_occurred()) error_print(stdout);
    puts("\nThe way out is the same for both: loop over a copy, `for x in list(items)`.");
    decref(key);
    decref(keys);
    decref(d);
}

/* ---- Data for the pictures -------------------------------------------------------------------*/

/* Each question and answer of the scene `lazy`: from lane, to lane, when, text. */
void csv_lazy(void) {
    run_pipeline(false);
    puts("time,from,to,text");
    for (int i = 0; i < event_count; i++) {
        const Event *e = &events[i];
        printf("%d,%d,%d,%s\n", i, e->answer ? e->lane : e->lane - 1,
               e->answer ? e->lane - 1 : e->lane, e->text);
    }
}

/* A list with two iterators that have come to different places, as they lie in memory. */
void dot(void) {
    List *list = numbers(4);
    Object *first = must(object_get_iter(OBJECT(list)));
    Object *second = must(object_get_iter(OBJECT(list)));
    for (int i = 0; i < 3; i++)
        decref(must(iter_next(first)));
    decref(must(iter_next(second)));
    puts("digraph {\n  rankdir=LR; bgcolor=transparent; nodesep=0.35; ranksep=0.9;\n"
         "  node [shape=record, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n  edge [color=gray];");
    printf("  list [label=\"list|refcnt %zd|size %zd|<items>items\"];\n", list->ob.refcnt,
           list->size);
    printf("  items [fillcolor=\"#3fb95033\", label=\"");
    for (ssize_t i = 0; i < list->size; i++)
        printf("%s<i%zd>[%zd]  %" PRId64, i ? "|" : "", i, i, int_as_long(list->items[i]));
    puts("\"];\n  list:items -> items:i0;");
    Object *iterators[] = {first, second};
    for (int i = 0; i < 2; i++) {
        ssize_t index = list_iter_index(iterators[i]);
        printf("  it%d [fillcolor=\"#d2992233\", label=\"%s|refcnt %zd|<index>index "
               "%zd|<list>list\"];\n",
               i, iterators[i]->type->name, iterators[i]->refcnt, index);
        printf("  it%d:list -> list [constraint=%s];\n", i, "true");
        printf("  it%d:index -> items:i%zd [style=dashed, constraint=false, color=\"#d29922\"];\n",
               i, index);
    }
    puts("}");
    decref(first);
    decref(second);
    decref(list);
}
