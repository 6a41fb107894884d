/* demo.c: the story of an object's life, told by its count.
 *
 * Scenes type statements, as a reader does with --interactive; what is drawn is read from the objects.
 */
#include "parts.h"

static void scene_count(void) {
    puts("On the left the names, then the objects, the number of references to each, and\n"
         "what it refers to. Each statement moves some counts up or down, by one each.");
    world_begin();
    demo_type("a = Node()");
    demo_type("b = a");
    step("a.x = []: which count is the list's, and which one changes?");
    demo_type("a.x = []");
    demo_type("c = a.x");
    step("del a: who dies?");
    demo_type("del a");
    puts("  Nobody: `del` takes a name away, and a name is one reference.");
    step("b = None: who dies now?");
    demo_type("b = None");
    puts("  The node dropped what it referred to. The list has c still.");
    demo_type("getrefcount(c)");
    puts("  One more than is drawn: while the call runs, its argument is a reference, too.");
    world_end();
}

static void scene_cycles(void) {
    puts("An object that is referred to does not die. An object that refers to itself is\n"
         "referred to. Three ways to come to that:");
    world_begin();
    puts("\n  1. By itself.");
    demo_type("a = []");
    demo_type("a.append(a)");
    step("del a: what will the count be?");
    demo_type("del a");
    step(NULL);
    puts("\n  2. By a pair: parent and child, each in a field of the other.");
    world.quiet = true;
    demo_type("p = Node()");
    demo_type("c = Node()");
    demo_type("p.x = c");
    world.quiet = false;
    demo_type("c.x = p");
    step("del p, del c: how many bytes will no name lead to?");
    world.quiet = true;
    demo_type("del p");
    world.quiet = false;
    demo_type("del c");
    step(NULL);
    puts("\n  3. By a closure: def closure(): def f(): return f; return f\n"
         "     f refers to the cell in which its variable f is, the cell to f.");
    demo_type("f = closure()");
    step("del f?");
    demo_type("del f");
    puts("\n  No count will ever fall to 0: whoever could drop these references is one of\n"
         "  them. Each is found by the collector of the next room, and by nothing here.");
    world_end();
}

static void scene_weakref(void) {
    puts("A weak reference does not count: it cannot keep an object alive. It knows when\n"
         "the object has died, and may call a function then.");
    world_begin();
    demo_type("a = Loud()");
    world.quiet = true;
    demo_type("w = ref(a)");
    demo_type("v = ref(a)");
    demo_type("t = ref(a, tell)");
    world.quiet = false;
    demo_type("u = ref(a, tell)");
    puts("  Without a callback there is one for all: w and v. `a` has a list of all three.");
    step("a = None: __del__ and two callbacks. In which order?");
    demo_type("a = None");
    demo_type("w()");
    puts("  It gives None, which a prompt does not show.\n\n"
         "  First __del__, which finds the object whole. Then all weak references end, and\n"
         "  the callbacks run, the newest first. Only then the memory goes.");
    step("if its weak reference has died before, is a callback called?");
    world.quiet = true;
    demo_type("b = Loud()");
    demo_type("r = ref(b, tell)");
    demo_type("r = None");
    world.quiet = false;
    demo_type("b = None");
    puts("  No: who does not keep the weak reference is not told.");
    world_end();
}

static void scene_finalizer(void) {
    puts("__del__ is called when the count has fallen to 0, before anything is taken away.\n"
         "It is a method like others: it may pass the object on. Phoenix() does.");
    world_begin();
    demo_type("p = Phoenix()");
    demo_type("p.x = []");
    step("p = None: what will be left?");
    demo_type("p = None");
    puts("  While __del__ runs the count is 1, the call's own reference. Afterwards it is\n"
         "  lowered by hand; it was not 0: somebody has it. So it lives, whole.");
    step("kept = None: does it come back again?");
    demo_type("kept = None");
    puts("  No. That __del__ has run is noted in the object's head, and it runs once.");
    world_end();
}

static void scene_leak(void) {
    puts("Every reference has an owner: a name, a field, an item. `who a` asks all objects\n"
         "whether they refer to a, as gc.get_referrers(a) does.");
    world_begin();
    world.quiet = true;
    demo_type("a = Node()");
    demo_type("b = [a, a]");
    world.quiet = false;
    demo_type("w = ref(a)");
    demo_type("who a");
    step("leak(a), in C, forgets to drop a reference: how does it show?");
    demo_type("leak(a)");
    demo_type("who a");
    step("b = None, del a: does it die?");
    world.quiet = true;
    demo_type("b = None");
    world.quiet = false;
    demo_type("del a");
    puts("  It never will: one reference has no owner, so nobody can drop it. That is how\n"
         "  an extension's leak is found: sys.getrefcount(a), less the one of the call, is\n"
         "  more than all who hold it. A cycle's counts have owners, each of them.");
    world_end();
}

static const Scene scenes[] = {
    {"count", "Every statement moves a count", scene_count,
     .look = "the counts, and at who dies when one falls to 0"},
    {"references", "In C: new, borrowed, stolen", scene_references},
    {"setref", "The field first, the reference last", scene_setref},
    {"trashcan", "A long chain dies, fifty deep", scene_trashcan},
    {"weakref", "References that do not count", scene_weakref},
    {"finalizer", "__del__, and who comes back from it", scene_finalizer},
    {"cycles", "What counting cannot see", scene_cycles},
    {"leak", "Who holds it?", scene_leak},
    {0},
};

static bool interactive, python, dotted;

static const Option options[] = {
    {"--interactive", NULL, "type statements; see names, objects and counts", .flag = &interactive,
     .mode = "interactive"},
    {"--python", NULL, "the same, each statement run in python3, too", .flag = &python,
     .mode = "interactive"},
    {"--dot", NULL, "statements from stdin, and what they leave for Graphviz", .flag = &dotted,
     .mode = "dot"},
    {0},
};

static int work(int count, char **files) {
    (void)count;
    (void)files;
    return demo_interactive(python, dotted);
}

static const Demo demo = {
    .program = "refcounting_demo",
    .scenes = scenes,
    .options = options,
    .work = work,
};

int main(int argc, char **argv) {
    return demo_main(&demo, argc, argv);
}
