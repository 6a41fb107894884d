/* demo.c: the story of the collector, told by a run.
 *
 *     generational_demo                      every scene
 *     generational_demo --scene NAME         one of them
 *     generational_demo --heap FILE          another program's heap, collected (collected.c)
 *     generational_demo --csv NAME, --dot    the data of a picture
 *
 * Here are the scene `refs` and the program; the other scenes are in generations.c, order.c, freeze.c.
 */
#include "heapfile.h"
#include "scenes.h"

#include <limits.h>

void begin(void) {
    gc_init();
    need(gc_garbage);
    gc_untrack(OBJECT(gc_garbage)); // no part of any scene
    gc_collect(2);
    static const int thresholds[NUM_GENERATIONS] = {700, 10, 10};
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        gc.generations[i].threshold = thresholds[i];
        gc.generations[i].count = 0;
    }
    gc.long_lived_pending = gc.long_lived_total = 0;
    gc.enabled = true;
}

void refer(Object *x, int field, Object *y) {
    set_ref(FIELD(x, field), new_ref(y));
}

/* ---- refs: the algorithm on six objects ------------------------------------------------------*/

static const char *const two[] = {"left", "right", NULL};
enum { A, B, C, D, E, F, OBJECTS };
static Object *objects[OBJECTS]; // borrowed, but for A
static bool gone[OBJECTS];

static void watched_traverse(Object *self, Visit visit, void *arg);
static void forget(Object *self);

/* A type like others, whose traverse tells what the walk does. */
static const Type Watched_Type = {
    .name = "Node",
    .basicsize = (ssize_t)(sizeof(Instance) + 2 * sizeof(Object *)),
    .gc = true,
    .dealloc = forget,
    .traverse = watched_traverse,
    .clear = instance_clear,
    .fields = two,
};

static void forget(Object *self) {
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i] == self) gone[i] = true;
    gc_untrack(self);
    instance_clear(self);
    object_del(self, 0);
}

static char letter(const Object *op) {
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i] == op) return (char)('a' + i);
    return '?';
}

/* Made in the order c e a b f d, so that c comes before those that lead to it. */
static void six_objects(void) {
    static const int order[] = {C, E, A, B, F, D};
    static const struct {
        int from, field, to;
    } references[] = {{A, 0, B}, {B, 0, A}, {B, 1, C}, {C, 0, D}, {E, 0, F}, {F, 0, E}, {F, 1, D}};
    for (int i = 0; i < OBJECTS; i++) {
        objects[order[i]] = need(instance_new(&Watched_Type));
        gone[i] = false;
    }
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        refer(objects[references[i].from], references[i].field, objects[references[i].to]);
    for (int i = B; i < OBJECTS; i++)
        decref(objects[i]);
}

static void each_letter(const Object *op, const char *before) {
    for (int field = 0; field < 2; field++) {
        if (FIELD(op, field)) printf("%s%c", before, letter(FIELD(op, field)));
    }
}

/* A row for each object in the order of the list: what it refers to, its counts. */
static void print_counts(const GCHead *list, bool refs) {
    puts("    object   refers to   refcnt   gc_refs");
    for (const GCHead *g = gc_next(list); g != list; g = gc_next(g)) {
        const Object *op = FROM_GC((GCHead *)(uintptr_t)g);
        if (op->type != &Watched_Type) continue;
        printf("      %c     ", letter(op));
        each_letter(op, "  ");
        printf("%*s%zd", FIELD(op, 1) ? 9 : 12, "", op->refcnt);
        printf(refs ? "        %zd\n" : "\n", refs ? gc_get_refs(AS_GC(op)) : 0);
    }
}

typedef enum { AHEAD, ASIDE, ALIVE } Place;
static Place places[OBJECTS]; // as last seen
static bool walking;

static Place place_of(int i) {
    const GCHead *g = AS_GC(objects[i]);
    return !gc_is_collecting(g) ? ALIVE : g->next & 1 ? ASIDE : AHEAD;
}

/* What the walk has set aside since it was looked at last: in the order of the list. */
static void tell_set_aside(void) {
    static const int order[] = {C, E, A, B, F, D};
    for (int k = 0; k < OBJECTS; k++) {
        int i = order[k];
        if (places[i] != AHEAD || place_of(i) != ASIDE) continue;
        printf("    %c   0   set aside: unreachable, for now\n", 'a' + i);
        places[i] = ASIDE;
    }
}

/* Called by the collector: by subtract_refs() once for each object, by move_unreachable() for those
 * that it finds alive. */
static void watched_traverse(Object *self, Visit visit, void *arg) {
    if (!walking) {
        instance_traverse(self, visit, arg);
        return;
    }
    tell_set_aside();
    printf("    %c   %zd   alive: stays", letter(self), gc_get_refs(AS_GC(self)));
    ssize_t before[OBJECTS];
    for (int i = 0; i < OBJECTS; i++)
        before[i] = place_of(i) == AHEAD ? gc_get_refs(AS_GC(objects[i])) : -1;
    instance_traverse(self, visit, arg);
    for (int i = 0; i < OBJECTS; i++) {
        if (place_of(i) != AHEAD) continue;
        if (places[i] == ASIDE)
            printf(", and brings %c back, to the end", 'a' + i);
        else if (before[i] == 0 && gc_get_refs(AS_GC(objects[i])) == 1)
            printf(", and gives %c, further on, a 1", 'a' + i);
        places[i] = AHEAD;
    }
    putchar('\n');
    places[letter(self) - 'a'] = ALIVE;
}

static void print_list(const char *what, const GCHead *list) {
    printf("  %s", what);
    for (const GCHead *g = gc_next(list); g != list; g = gc_next(g)) {
        const Object *op = FROM_GC((GCHead *)(uintptr_t)g);
        if (op->type == &Watched_Type) printf(" %c", letter(op));
    }
    putchar('\n');
}

static void tell_step(const char *name, GCHead *young, GCHead *unreachable) {
    if (strcmp(name, "update_refs") == 0) {
        puts("\n  update_refs(): gc_refs is a copy of the count");
        print_counts(young, true);
        step("7 of the references come from objects in this list: what is left?");
    } else if (strcmp(name, "subtract_refs") == 0) {
        puts("\n  subtract_refs(): less 1 for each reference from inside");
        print_counts(young, true);
        puts("  Only a is referred to from outside. But b, c and d can be reached from it.");
        step("c comes first in the list, with 0: is it garbage?");
        puts("\n  move_unreachable(): the list is walked over once");
        walking = true;
        for (int i = 0; i < OBJECTS; i++)
            places[i] = AHEAD;
    } else {
        tell_set_aside();
        walking = false;
        gc_step = NULL; // resurrection asks the same question again
        print_list("reachable:  ", young);
        print_list("unreachable:", unreachable);
    }
}

static void scene_refs(void) {
    begin();
    six_objects();
    puts("Six objects, in the order in which they were made. A variable refers to a; all\n"
         "other references are theirs.\n");
    print_counts(&gc.generations[0].head, false);
    step("it knows of no variable: how can it tell that a is alive?");
    gc_step = tell_step;
    ssize_t found = gc_collect(2);
    printf("\n  found %zd; freed:", found);
    for (int i = 0; i < OBJECTS; i++)
        if (gone[i]) printf(" %c", 'a' + i);
    printf(". refcnt of d, to which f referred, is now %zd\n", objects[D]->refcnt);
    decref(objects[A]);
    gc_collect(2);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *dot_phase; // whose picture dot_step() draws

static void dot_nodes(const char *phase, const char *title, bool refs) {
    printf("subgraph cluster_%s { label=\"%s\" color=\"gray\" fontcolor=\"gray\"\n", phase, title);
    for (int i = 0; i < OBJECTS; i++) {
        if (gone[i]) continue;
        const Object *op = objects[i];
        bool garbage = refs && (i == E || i == F);
        printf("%s%c [label=\"%c\\n%s %zd\" style=filled fillcolor=\"%s\"]\n", phase, 'a' + i,
               'a' + i, refs ? "gc_refs" : "refcnt", refs ? gc_get_refs(AS_GC(op)) : op->refcnt,
               garbage          ? "#f8514933"
               : refs && i == A ? "#3fb95033"
                                : "#2f81f733");
        for (int field = 0; field < 2; field++) {
            if (FIELD(op, field))
                printf("%s%c -> %s%c\n", phase, 'a' + i, phase, letter(FIELD(op, field)));
        }
    }
    printf("%sv [label=variable shape=plain]\n%sv -> %sa\n}\n", phase, phase, phase);
}

static void dot_step(const char *name, GCHead *young, GCHead *unreachable) {
    (void)young;
    (void)unreachable;
    if (strcmp(name, dot_phase) != 0) return;
    dot_nodes("middle", "gc_refs, less what comes from inside", true);
    gc_step = NULL;
}

static void dot(void) {
    begin();
    six_objects();
    puts("digraph { bgcolor=transparent fontname=\"sans-serif\"\n"
         "node [shape=box fontname=\"sans-serif\"] edge [color=\"gray\"]");
    dot_nodes("before", "before", false);
    dot_phase = "subtract_refs";
    gc_step = dot_step;
    gc_collect(2);
    dot_nodes("after", "after", false);
    puts("}");
    decref(objects[A]);
    gc_collect(2);
}

static const Scene scenes[] = {
    {"refs", "Who is reachable? Counts, less what comes from inside", scene_refs,
     .look = "gc_refs: a copy of each count, less the references from inside"},
    {"generations", "The young often, the old seldom", scene_generations},
    {"quarter", "The oldest generation and the rule of 25 %", scene_quarter},
    {"order", "Weak references, finalizers, and one that comes back", scene_order},
    {"freeze", "What a fork shares, and a collection copies", scene_freeze},
    {0},
};

static const Scene data[] = {
    {"survivors", "objects in each generation, before and after each collection", csv_survivors},
    {0},
};

static const char *file;
static long why = -1;
static bool dotted;

static const Option options[] = {
    {"--heap", "FILE", "collects a heap: lines `id type size refcount: referents`", .text = &file,
     .mode = "heap"},
    {"--why", "ID", "of such a heap: what keeps this object alive", .number = &why, .low = 0,
     .high = LONG_MAX, .mode = "heap"},
    {"--dot", NULL, "the heap of scene refs as a Graphviz drawing", .flag = &dotted, .mode = "dot"},
    {0},
};

static int work(int count, char **operands) {
    (void)count;
    (void)operands;
    if (dotted) {
        dot();
        return 0;
    }
    if (!file) return usage_error(telling.demo->program, "--why takes its heap from --heap FILE");
    return demo_heap(file, why);
}

static const Demo demo = {
    .program = "generational_demo",
    .about = "--heap FILE says what is garbage in the heap of another program; - is standard\n"
             "input. demo/heap.py writes such a file from a running Python.",
    .scenes = scenes,
    .data = data,
    .options = options,
    .work = work,
};

int main(int argc, char **argv) {
    return demo_main(&demo, argc, argv);
}
