/* twin.c: the generational room's program on our collector; twin.py is the same on the real
 * interpreter.
 *
 * Both print what can be observed of collections: how many objects each generation has and counts,
 * what is found, in which order finalizers and callbacks run, who is left. A class with __slots__
 * is an instance type here; a bound method of a list is a function that remembers the list.
 */
#include "../../refcounting/refcounting.h"
#include "../gc.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static Object *held[64]; // the only references from outside
static Object *refs[64]; // weak references are kept alive here
enum { KEPT = 40 };      // where finalizers store what they bring back
static char events[4096];

PRINTF_LIKE static void event(const char *separator, const char *format, ...) {
    size_t length = strlen(events);
    if (length) length += (size_t)sprintf(events + length, "%s", separator);
    va_list args;
    va_start(args, format);
    vsnprintf(events + length, sizeof events - length, format, args);
    va_end(args);
}

static uint64_t random_state = 2026;

static int below(int limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

/* ---- Classes ---------------------------------------------------------------------------------*/

static const char *const fields[] = {"a", "b", "name", NULL};
enum { A, B, NAME };

static Object **field(Object *op, int which) {
    return &((Instance *)op)->fields[which];
}

static int name(Object *op) {
    return (int)((Int *)*field(op, NAME))->value;
}

static void set(Object *op, int which, Object *value) {
    set_ref(*field(op, which), new_ref(value ? value : None));
}

static void hold(int i, Object *op) { // steals op
    set_ref(held[i], op);
}

static void drop(int first, int last) {
    for (int i = first; i <= last; i++)
        clear_ref(held[i]);
}

static void loud(Object *self) {
    event(", ", "del %d", name(self));
}

static void keep(Object *self) {
    event(", ", "keep %d", name(self));
    hold(KEPT + name(self) % 8, new_ref(self));
}

static void let_go(Object *self) {
    event(", ", "drop %d", name(self));
    set(self, A, NULL);
}

static void join(Object *self) {
    event(", ", "join %d", name(self));
    Object *a = *field(self, A);
    hold(KEPT + name(self) % 8, a && a != None ? new_ref(a) : NULL);
}

static Object *node(const Type *type, int number);
static void make(Object *self);

static const Type Node_Type = INSTANCE_TYPE("Node", fields, 3, NULL);
static const Type Loud_Type = INSTANCE_TYPE("Loud", fields, 3, loud);
static const Type Keeper_Type = INSTANCE_TYPE("Keeper", fields, 3, keep);
static const Type Dropper_Type = INSTANCE_TYPE("Dropper", fields, 3, let_go);
static const Type Joiner_Type = INSTANCE_TYPE("Joiner", fields, 3, join);
static const Type Maker_Type = INSTANCE_TYPE("Maker", fields, 3, make);

static void make(Object *self) {
    Object *new = node(&Node_Type, 100 + name(self));
    set(new, A, new);
    decref(new);
    event(", ", "make %d, collect() found %zd", name(self), gc_collect(2));
}

static bool is_node(const Object *op) {
    return op->type->fields == fields;
}

static Object *node(const Type *type, int number) {
    Object *new = instance_new(type);
    Object *value = int_from_long(number);
    set(new, NAME, value);
    decref(value);
    return new;
}

/* The callback of most weak references. */
static Object *called_code(Object *closure, Object *ref) {
    (void)closure;
    int i = 0;
    while (i < COUNT(refs) && refs[i] != ref)
        i++;
    if (i < COUNT(refs))
        event(", ", "callback %d", i);
    else
        event(", ", "callback ?");
    return new_ref(None);
}
static Object *called;

static void refer(int i, Object *op, Object *callback) {
    set_ref(refs[i], weakref_new(op, callback));
}

/* ---- Printing --------------------------------------------------------------------------------*/

static void section(const char *title) {
    printf("\n== %s\n", title);
}

/* A node by its number, other objects by their type; ints as they are. */
static void print_name(Object *op) {
    if (is_node(op))
        printf("%d", name(op));
    else if (op->type == &Int_Type)
        printf("=%lld", (long long)((Int *)op)->value);
    else if (op->type == &WeakRef_Type)
        printf("weakref");
    else
        printf("%s", op == None ? "None" : op->type->name);
}

static void print_names(List *objects) { // steals them
    for (ssize_t i = 0; i < objects->size; i++) {
        if (i) putchar(' ');
        print_name(objects->items[i]);
    }
    if (!objects->size) putchar('-');
    decref(objects);
}

static void print_generation(const char *label, int generation) {
    fputs(label, stdout);
    print_names(gc_get_objects(generation));
}

static void show_events(const char *label) {
    printf("%s: %s\n", label, *events ? events : "nothing");
    *events = '\0';
}

/* All counts to a known state. */
static void settle(void) {
    gc_collect(0);
}

static void state(const char *label) {
    printf("%s: count %d %d %d, objects %zd %zd %zd\n", label, gc.generations[0].count,
           gc.generations[1].count, gc.generations[2].count, gc_generation_size(0),
           gc_generation_size(1), gc_generation_size(2));
}

static void collect(int generation) {
    printf("collect(%d): %zd\n", generation, gc_collect(generation));
    if (generation == 2) settle();
}

static void found(const char *label, const char *end) {
    printf("%s: %zd%s", label, gc_collect(2), end);
}

static void show_error(const char *label) {
    printf("%s: ", label);
    error_print(stdout);
}

static void drop_all(void) {
    drop(0, COUNT(held) - 1);
    for (int i = 0; i < COUNT(refs); i++)
        clear_ref(refs[i]);
    gc_collect(2);
    drop(0, COUNT(held) - 1);
    gc_collect(2);
    *events = '\0';
}

static const char *is(const Object *op) {
    return gc_is_tracked(op) ? "True" : "False";
}

/* held[first] to held[last], each referring to the one so many places further. */
static void ring(int last, const Type *type, int step) {
    for (int i = 0; i <= last; i++)
        hold(i, node(type, i));
    for (int i = 0; i <= last; i++)
        set(held[i], A, held[(i + step) % (last + 1)]);
}

static void cycle(int i, const Type *type) {
    hold(i, node(type, i));
    set(held[i], A, held[i]);
}

/* ---- Parts of the program --------------------------------------------------------------------*/

static void part_errors(void) {
    section("Generations that there are not");
    gc_collect(3);
    show_error("collect(3)");
    gc_collect(-1);
    show_error("collect(-1)");
    gc_get_objects(3);
    show_error("get_objects(3)");
    gc_get_objects(-2);
    show_error("get_objects(-2)");
}

static void nodes(int first, int last) {
    for (int i = first; i <= last; i++)
        hold(i, node(&Node_Type, i));
}

static void part_generations(void) {
    section("Generations");
    collect(2);
    state("at the start");
    nodes(0, 4);
    state("five made");
    collect(0);
    state("they are in generation 1");
    nodes(5, 7);
    collect(0);
    state("three more");
    collect(1);
    state("all are old");
    nodes(8, 11);
    state("four more");
    drop(0, 5);
    state("six old ones dropped: the count is of objects made less freed, whatever their age");
    collect(1);
    state("the rest is old");
    for (int i = 0; i < 3; i++)
        cycle(0, &Node_Type);
    drop(0, 0);
    state("three cycles");
    collect(0);
    state("they were young");
    cycle(0, &Node_Type);
    collect(1);
    drop(0, 0);
    collect(0);
    collect(1);
    state("an old cycle stays");
    collect(2);
    state("until all are looked at");
    drop_all();
}

static Object *list_with(Object *item) {
    List *list = list_new();
    if (item) list_append(list, item);
    return OBJECT(list);
}

static Object *tuple_with(Object *item, int number) {
    Object *value = int_from_long(number), *tuple = tuple_pack(2, item, value);
    decref(value);
    return tuple;
}

static Object *append(Object *list, Object *item) {
    return list_append((List *)list, item) < 0 ? NULL : new_ref(None);
}

static void part_found(void) {
    section("What is found");
    cycle(0, &Node_Type);
    drop(0, 0);
    found("itself", "\n");
    ring(1, &Node_Type, 1);
    drop(0, 1);
    found("a pair", "\n");
    ring(29, &Node_Type, 1);
    drop(1, 29);
    found("a ring of 30, one of it held", "");
    drop(0, 0);
    found(", none", "\n");
    hold(0, list_with(NULL));
    list_append((List *)held[0], held[0]);
    drop(0, 0);
    found("a list in itself", "\n");
    hold(0, list_with(NULL));
    hold(1, tuple_with(held[0], 7));
    list_append((List *)held[0], held[1]);
    drop(0, 1);
    found("a list in a tuple in the list", "\n");
    hold(0, list_with(NULL));
    hold(1, function_new("append", append, held[0]));
    list_append((List *)held[0], held[1]);
    drop(0, 1);
    found("a method of a list in the list", "\n");
    cycle(0, &Node_Type);
    hold(1, node(&Node_Type, 1));
    set(held[0], B, held[1]);
    hold(2, node(&Node_Type, 2));
    set(held[1], A, held[2]);
    hold(3, list_with(NULL));
    set(held[1], B, held[3]);
    drop(0, 3);
    found("a cycle and what hangs on it", "\n");
    cycle(0, &Node_Type);
    cycle(1, &Node_Type);
    set(held[1], B, held[0]);
    drop(0, 0);
    found("a cycle that another refers to", "");
    drop(1, 1);
    found(", and both", "\n");
    drop_all();
}

static void part_order(void) {
    section("The order of survivors");
    nodes(0, 2);
    set(held[1], A, held[0]);
    set(held[2], A, held[1]);
    drop(0, 1);
    print_generation("made in the order ", 0);
    gc_collect(0);
    print_generation("\n0 is reached from 1, that from 2: ", 1);
    gc_collect(1);
    print_generation("\nfrom now on nobody moves: ", 2);
    nodes(3, 5);
    hold(6, tuple_pack(2, held[4], held[5]));
    hold(7, list_with(held[3]));
    list_append((List *)held[7], held[6]);
    drop(3, 6);
    gc_collect(0);
    print_generation("\na list and a tuple from their ends: ", 1);
    putchar('\n');
    drop_all();
}

static void ring_with(const Type *type) {
    for (int i = 0; i < 4; i++)
        hold(i, node(i == 1 ? type : &Loud_Type, i));
    for (int i = 0; i < 4; i++)
        set(held[i], A, held[(i + 1) % 4]);
    drop(0, 3);
    found(type->name, "; ");
    show_events("events");
    print_generation("  left: ", 0);
    print_generation("; ", 2);
    putchar('\n');
    drop_all();
}

static void part_finalizers(void) {
    section("Finalizers");
    ring(4, &Loud_Type, 4);
    drop(0, 4);
    found("a ring", "; ");
    show_events("each once");
    for (int i = 0; i < 4; i++)
        hold(i, node(i == 1 ? &Keeper_Type : &Loud_Type, i));
    for (int i = 0; i < 3; i++)
        set(held[i], A, held[(i + 1) % 3]);
    set(held[3], A, held[0]);
    set(held[3], B, held[3]);
    drop(0, 3);
    found("one of three brings itself back", "; ");
    show_events("all were asked");
    print_generation("alive: ", 2);
    printf("; finalized: %s\n", gc_is_finalized(held[KEPT + 1]) ? "True" : "False");
    drop(KEPT + 1, KEPT + 1);
    found("dropped again", "; ");
    show_events("nobody is asked twice");
    drop_all();
    ring_with(&Dropper_Type);
    ring_with(&Joiner_Type);
    ring_with(&Maker_Type);
}

static const char *is_dead(int i) {
    return ((WeakRef *)refs[i])->object ? "False" : "True";
}

static void part_weakrefs(void) {
    section("Weak references");
    cycle(0, &Loud_Type);
    for (int i = 0; i < 4; i++)
        refer(i, held[0], i == 2 ? NULL : called);
    drop(0, 0);
    found("to garbage", "; ");
    show_events("callbacks, the newest first, then finalizers");
    printf("dead: %s %s\n", is_dead(0), is_dead(2));
    cycle(0, &Loud_Type);
    refer(0, held[0], called);
    set(held[0], B, refs[0]);
    clear_ref(refs[0]);
    drop(0, 0);
    found("from garbage, garbage itself", "; ");
    show_events("no callback");
    cycle(0, &Keeper_Type);
    refer(0, held[0], called);
    drop(0, 0);
    found("to one that comes back", "; ");
    show_events("ended all the same");
    printf("alive: %d; refers: %s\n", name(held[KEPT]), is_dead(0)[0] == 'F' ? "True" : "False");
    ring(1, &Node_Type, 1);
    refer(0, held[0], called);
    refer(1, held[1], called);
    drop(0, 1);
    found("two", "; ");
    show_events("in the order of the objects");
    drop_all();
}

static void part_tracking(void) {
    section("Tracked");
    Object *value = int_from_long(7), *list = list_with(NULL);
    hold(5, new_ref(None));
    printf("int %s, None %s, list %s, ", is(value), is(held[5]), is(list));
    nodes(0, 0);
    printf("instance %s\n", is(held[0]));
    hold(1, tuple_with(value, 2));
    hold(2, tuple_with(held[1], 3));
    hold(3, tuple_with(held[0], 4));
    hold(4, tuple_pack(1, list));
    decref(value);
    decref(list);
    gc_collect(0);
    printf("tuples after a collection: of ints %s, of that %s, ", is(held[1]), is(held[2]));
    printf("of an instance %s, of a list %s\n", is(held[3]), is(held[4]));
    drop_all();
}

static void part_stats(void) {
    section("Statistics");
    GC before = gc;
    for (int i = 0; i < 5; i++) {
        cycle(0, &Node_Type);
        drop(0, 0);
        gc_collect((int[]){0, 0, 1, 2, 0}[i]);
    }
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        printf("generation %d: collections %zd collected %zd uncollectable %zd\n", i,
               gc.generation_stats[i].collections - before.generation_stats[i].collections,
               gc.generation_stats[i].collected - before.generation_stats[i].collected,
               gc.generation_stats[i].uncollectable - before.generation_stats[i].uncollectable);
    }
    drop_all();
}

static void part_freeze(void) {
    section("Freeze");
    ssize_t before = gc_get_freeze_count();
    for (int i = 0; i < 6; i++)
        cycle(i, &Node_Type);
    settle();
    gc_freeze();
    printf("frozen: %zd; ", gc_get_freeze_count() - before);
    state("left");
    drop(0, 1);
    found("two cycles", "; ");
    set(held[2], A, NULL);
    drop(2, 2);
    printf("one dies by its count, frozen: %zd\n", gc_get_freeze_count() - before);
    gc_unfreeze();
    printf("unfrozen: %zd; ", gc_get_freeze_count());
    printf("in generation 1: %zd", gc_collect(1));
    found(", in all", "\n");
    drop_all();
    gc_freeze();
}

static void part_saveall(void) {
    section("DEBUG_SAVEALL");
    gc.debug = DEBUG_SAVEALL;
    for (int i = 0; i < 3; i++)
        cycle(i, &Loud_Type);
    drop(0, 2);
    found("found", "; ");
    show_events("finalizers ran");
    printf("garbage: ");
    print_names((List *)new_ref(gc_garbage));
    putchar('\n');
    gc.debug = 0;
    list_clear(gc_garbage);
    found("given up", "; ");
    show_events("not a second time");
}

static void part_references(void) {
    section("Referrers and referents");
    nodes(0, 1);
    hold(2, list_with(held[0]));
    Object *value = int_from_long(7);
    list_append((List *)held[2], value);
    list_append((List *)held[2], held[0]);
    hold(3, tuple_pack(3, held[0], held[1], None));
    set(held[1], A, held[0]);
    set(held[1], B, held[2]);
    for (int i = 0; i < 4; i++) {
        print_name(held[i]);
        printf(" refers to ");
        print_names(gc_get_referents(held[i]));
        putchar('\n');
    }
    printf("an int refers to ");
    print_names(gc_get_referents(value));
    putchar('\n');
    for (int i = 0; i < 4; i++) {
        print_name(held[i]);
        printf(" is referred to by ");
        print_names(gc_get_referrers(held[i]));
        putchar('\n');
    }
    decref(value);
    drop_all();
}

static void phase(const char *what, int generation, ssize_t collected, ssize_t uncollectable) {
    (void)uncollectable;
    event(", ", "%s %d collected %zd", what, generation, collected);
}

static void part_callbacks(void) {
    section("Callbacks of the collector");
    cycle(0, &Maker_Type);
    drop(0, 0);
    gc_callback = phase;
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        char label[16];
        gc_collect(i);
        snprintf(label, sizeof label, "collect(%d)", i);
        show_events(label);
    }
    gc_callback = NULL;
    drop_all();
}

static void count_and_fill(const char *what, int generation, ssize_t collected,
                           ssize_t uncollectable) {
    (void)collected, (void)uncollectable;
    int filled = 0;
    for (int i = 0; i < COUNT(held); i++)
        filled += held[i] != NULL;
    if (*what == 's' && what[2] == 'a') event(", ", "%d at %d", generation, filled);
}

static void sequence(const char *what, int generation, ssize_t collected, ssize_t uncollectable) {
    (void)collected, (void)uncollectable;
    if (*what == 's' && what[2] == 'a') event(", ", "%d", generation);
}

static void set_threshold(int threshold0, int threshold1, int threshold2) {
    gc.generations[0].threshold = threshold0;
    gc.generations[1].threshold = threshold1;
    gc.generations[2].threshold = threshold2;
}

static void part_automatic(void) {
    section("Thresholds");
    gc_callback = count_and_fill;
    gc_collect(2);
    settle();
    gc_collect(0);
    *events = '\0';
    set_threshold(10, 2, 1000);
    gc.enabled = true;
    nodes(0, 59);
    gc.enabled = false;
    state("60 objects, thresholds 10 2 1000");
    show_events("the last that starts a collection is young, as it was not there yet");
    gc_callback = NULL;
    drop_all();
    gc_callback = sequence;
    set_threshold(10, 1, 1);
    Object *chain = NULL;
    gc.enabled = true;
    for (int i = 0; i < 552; i++) {
        Object *new = node(&Node_Type, i);
        set(new, A, chain);
        set_ref(chain, new);
    }
    gc.enabled = false;
    gc_callback = NULL;
    show_events("552 in a chain, thresholds 10 1 1");
    clear_ref(chain);
    set_threshold(700, 10, 10);
    drop_all();
}

/* ---- Random graphs ---------------------------------------------------------------------------*/

static void random_objects(int count) {
    static const Type *const kinds[] = {&Node_Type,    &Node_Type,   &Node_Type,
                                        &Loud_Type,    &Loud_Type,   &Keeper_Type,
                                        &Dropper_Type, &Joiner_Type, &Maker_Type};
    for (int i = 0; i < count; i++) {
        int what = below(COUNT(kinds) + 3);
        if (what < COUNT(kinds))
            hold(i, node(kinds[what], i));
        else if (what == COUNT(kinds) && i > 1)
            hold(i, tuple_pack(2, held[below(i)], held[i - 1]));
        else
            hold(i, list_with(NULL));
    }
}

static void random_references(int count) {
    for (int i = 0, n = count + below(2 * count); i < n; i++) {
        Object *source = held[below(count)], *target = held[below(count)];
        if (source->type == &List_Type)
            list_append((List *)source, target);
        else if (is_node(source))
            set(source, below(2) ? A : B, target);
    }
}

/* One in three stands in a list, if that is what is drawn. */
static void random_weakrefs(int count) {
    for (int i = 0, n = below(4); i < n; i++) {
        Object *target = held[below(count)];
        if (!is_node(target)) continue;
        refer(i, target, called);
        if (below(3)) continue;
        Object *list = held[below(count)];
        if (list->type != &List_Type) continue;
        list_append((List *)list, refs[i]);
        clear_ref(refs[i]);
    }
}

static void part_random(void) {
    section("500 random graphs: found, what ran, who is left in which order");
    for (int graph = 0; graph < 500; graph++) {
        int count = 2 + below(12);
        random_objects(count);
        random_references(count);
        random_weakrefs(count);
        for (int i = 0; i < count; i++) {
            if (below(4)) drop(i, i);
        }
        ssize_t n = gc_collect(2 * below(2));
        printf("%d: %zd; %s; ", graph, n, events);
        print_names(gc_get_objects(-1));
        putchar('\n');
        drop_all();
    }
}

int main(void) {
    gc_init();
    gc.enabled = false;
    called = function_new("called", called_code, NULL);
    gc_collect(2);
    gc_freeze();
    part_errors();
    part_generations();
    part_found();
    part_order();
    part_finalizers();
    part_weakrefs();
    part_tracking();
    part_stats();
    part_freeze();
    part_saveall();
    part_references();
    part_callbacks();
    part_automatic();
    part_random();
    return finish_output("generational_twin", 0);
}
