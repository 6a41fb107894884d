/* walks.c: the scenes in which one watches a walk: who asks whom, what is lost on the way, and
 * what becomes of it when the container changes; and the data for the pictures. */
#include "demo.h"

#include "../dict.h"

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
    printf("    %*s%s %s\n", 10 * (lane - 1), "", answer ? "<--" : "-->",
           answer ? event->text : names[lane]);
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
    Tap *self = need(object_new(&Tap_Type, sizeof *self));
    self->lane = lane;
    self->iterator = need(iterator);
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
    Object *odd = need(function_new("is_odd", is_odd, NULL));
    Object *ten = need(function_new("times_ten", times_ten, NULL));
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
        if (!tell) continue;
        printf("    the loop's body gets %" PRId64 "\n", int_as_long(x));
        step(int_as_long(x) == 10 ? "2 is even: who asks whom now?" : NULL);
    }
    decref(pipeline);
    decref(source);
}

void scene_lazy(void) {
    puts("for x in map(times_ten, filter(is_odd, [1, 2, 3])): an arrow to the right is a\n"
         "question, to the left an answer. Making the pipeline asks nobody. Each value is\n"
         "pulled by the loop, through all of them, before the next one leaves the source.\n");
    run_pipeline(true);
    puts("\nOne value is on its way at a time, so the memory is the same for three and for\n10^9.");
}

/* ---- lost ------------------------------------------------------------------------------------*/

static Object *below_three(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(int_as_long(args[0]) < 3 ? True : False);
}

/* Walks what was made, which it drops, and then what that has left of `left`. */
static void walk_both(const char *title, const char *label, Object *made, Object *left) {
    printf("  %s\n", title);
    walk(label, need(made));
    decref(made);
    walk("left, afterwards", left);
    decref(left);
    putchar('\n');
}

void scene_lost(void) {
    puts("An item that was taken from an iterator and not handed on is gone.\n");
    List *five = numbers(5), *two = numbers(2);
    Object *test = need(function_new("below_three", below_three, NULL));
    Object *left = need(object_get_iter(OBJECT(five)));
    walk_both("left = iter([1, 2, 3, 4, 5]); zip(left, [1, 2])", "pairs",
              zip_new((Object *[]){left, OBJECT(two)}, 2, false), left);
    step("the other way round, zip([1, 2], left): what is left of left?");
    left = need(object_get_iter(OBJECT(five)));
    walk_both("the other way round: zip([1, 2], left)", "pairs",
              zip_new((Object *[]){OBJECT(two), left}, 2, false), left);
    left = need(object_get_iter(OBJECT(five)));
    walk_both("zip(left, [1, 2], strict=True)", "pairs",
              zip_new((Object *[]){left, OBJECT(two)}, 2, true), left);
    step("takewhile(lambda n: n < 3, left): what is left of left?");
    left = need(object_get_iter(OBJECT(five)));
    walk_both("takewhile(lambda n: n < 3, left)", "taken", takewhile_new(test, left), left);
    puts("zip asks from the left, so a 3 was taken before it knew that the right had\n"
         "ended; takewhile must take the first item that fails to see that it does.");
    decref(test);
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
    puts("iter(callable, sentinel) calls until the result equals the sentinel: the loop\n"
         "over blocks, `while (block := read(3)) != ''`, as an iterator.\n");
    step("read(3) of 'abcdefgh': what comes, and does the '' come too?");
    Int *position = need(object_new(&Int_Type, sizeof *position));
    position->value = 0;
    Object *read = need(function_new("read", read_three, OBJECT(position)));
    Object *empty = need(str_from_string("")), *blocks = need(call_iter_new(read, empty));
    walk("iter(read, '')", blocks);
    decref(blocks);
    decref(empty);
    decref(read);
    decref(position);
}

/* ---- mutation --------------------------------------------------------------------------------*/

static void set_int(Dict *d, int64_t key, int64_t value) {
    Object *k = integer(key), *v = integer(value);
    must(dict_set_item(d, k, v));
    decref(k);
    decref(v);
}

static void mutate_list(void) {
    puts("A list's iterator is an index. Removing the item that it has given moves the\n"
         "next one into its place, and the loop steps over it.\n");
    List *list = numbers(6);
    Object *iterator = need(object_get_iter(OBJECT(list))), *x;
    puts("  for x in items: if x < 5: items.remove(x)");
    FOR(x, iterator) {
        printf("    items[%zd] is %" PRId64, list_iter_index(iterator) - 1, int_as_long(x));
        if (int_as_long(x) < 5) must(list_remove(list, x));
        printf("    items = ");
        print(list);
        putchar('\n');
    }
    puts("  2 and 4 were never looked at.\n");
    decref(iterator);
    decref(list);
}

static void mutate_dict(Dict *d) {
    puts("A dict's iterator compares the number of keys with what it was, and refuses.\n");
    for (int i = 1; i <= 3; i++)
        set_int(d, i, i * i);
    Object *keys = need(object_get_iter(OBJECT(d))), *key = need(iter_next(keys)),
           *four = integer(4);
    printf("    next(keys) gives ");
    print(key);
    set_int(d, 4, 16);
    printf(", then d[4] = 16, then next(keys):\n    ");
    if (!iter_next(keys)) error_print(stdout);
    must(dict_del_item(d, four));
    printf("    del d[4] does not mend it:\n    ");
    if (!iter_next(keys)) error_print(stdout);
    decref(key);
    decref(four);
    decref(keys);
}

static void replace_keys(Dict *d) {
    printf("\n    a key for a key: for k in d: del d[k]; d[k + 10] = 0\n   ");
    Object *k;
    FOR(k, d) {
        printf(" %" PRId64, int_as_long(k));
        must(dict_del_item(d, k));
        set_int(d, int_as_long(k) + 10, 0);
    }
    printf(", then ");
    if (error_occurred()) error_print(stdout);
}

void scene_mutation(void) {
    mutate_list();
    step("a dict: what does it do instead?");
    Dict *d = need(dict_new());
    mutate_dict(d);
    replace_keys(d);
    decref(d);
    puts("\nThe way out is the same for both: loop over a copy, `for x in list(items)`.");
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
void draw_memory(void) {
    List *list = numbers(4);
    Object *iterators[2];
    for (int i = 0; i < 2; i++) {
        iterators[i] = need(object_get_iter(OBJECT(list)));
        for (int given = 0; given < 3 - 2 * i; given++)
            decref(need(iter_next(iterators[i])));
    }
    puts("digraph {\n  rankdir=LR; bgcolor=transparent; nodesep=0.35; ranksep=0.9;\n"
         "  node [shape=record, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n  edge [color=gray];");
    printf("  list [label=\"<head>list|refcnt %zd|size %zd|<items>items\"];\n", list->ob.refcnt,
           list->size);
    printf("  items [fillcolor=\"#3fb95033\", label=\"");
    for (ssize_t i = 0; i < list->size; i++)
        printf("%s<i%zd>[%zd]  %" PRId64, i ? "|" : "", i, i, int_as_long(list->items[i]));
    puts("\"];\n  list:items -> items:i0;");
    for (int i = 0; i < 2; i++) {
        ssize_t index = list_iter_index(iterators[i]);
        printf("  it%d [fillcolor=\"#d2992233\", label=\"%s|refcnt %zd|<index>index %zd|"
               "<list>list\"];\n",
               i, iterators[i]->type->name, iterators[i]->refcnt, index);
        printf("  it%d:list -> list:head;\n", i);
        printf("  it%d:index -> items:i%zd [style=dashed, constraint=false, color=\"#d29922\"];\n",
               i, index);
    }
    puts("}");
    decref(iterators[0]);
    decref(iterators[1]);
    decref(list);
}
