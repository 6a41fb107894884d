/* demo.c: the story of an attribute, scene by scene, most of them told by typing statements; and a
 * tool that takes a reader's own (interactive.c). */
#include "demo.h"

#include "../../metaclass/metaclass.h"

static void type_lines(const char *const *lines) {
    for (; *lines; lines++)
        demo_type(*lines);
}
#define TYPE(...) type_lines((const char *const[]){__VA_ARGS__, NULL})

/* ---- lookup -----------------------------------------------------------------------------------*/

static void scene_lookup(void) {
    puts("Three places, always in this order; and two hooks that a class may have.\n");
    world_begin();
    TYPE("class B: x = 'of B'", "class C(B): pass", "c = C()", "c.x");
    step("c gets an x of its own: which is c.x now?");
    TYPE("c.x = 'own'", "c.x");
    step("B.x becomes a property, and c keeps its own: which?");
    TYPE("B.x = property(lambda self: 'computed')", "c.x");
    step("c.y is nowhere, but there is a __getattr__: what happens first?");
    TYPE("C.__getattr__ = lambda self, name: 'made up'", "c.y");
    step("and a __getattribute__ besides: who is called for c.x?");
    TYPE("C.__getattribute__ = lambda self, n: object.__getattribute__(self, n)", "c.x");
    puts(
        "\n__getattribute__ is called for every attribute. __getattr__ only when\nnothing was found: here not.");
    world_end();
}

/* ---- ways -------------------------------------------------------------------------------------*/

enum { KINDS = 4, WAYS = 128 };
static const char *const kinds[KINDS] = {"nothing", "a value", "non-data", "data"};
static const char *const descriptors[] = {
    "class N: __init__ = lambda self, said: setattr(self, 'said', said); __get__ = lambda self, o, c: self.said",
    "class D(N): __set__ = lambda self, o, value: None", NULL};

static const char *kind_text(int kind, bool in_class, char text[40]) {
    static const char *const formats[KINDS] = {"pass", "x = '%s'", "x = N('%s()')",
                                               "x = D('%s()')"};
    snprintf(text, 40, formats[kind], in_class ? "C" : "B");
    return text;
}

/* The statements of one way; way is base + 4 * (class + 4 * (own + 2 * (getattr + 2 *
 * getattribute))). */
static void way_lines(int way, char lines[4][200]) {
    char text[40];
    snprintf(lines[0], 200, "class B: %s", kind_text(way % 4, false, text));
    snprintf(lines[1], 200, "class C(B): %s%s%s", kind_text(way / 4 % 4, true, text),
             way / 32 % 2 ? "; __getattr__ = lambda self, n: 'hook'" : "",
             way / 64 ? "; __getattribute__ = lambda self, n: object.__getattribute__(self, n)"
                      : "");
    strcpy(lines[2], "c = C()");
    strcpy(lines[3], way / 16 % 2 ? "c.__dict__['x'] = 'own'" : "c.__dict__");
}

static void data_ways(void) {
    printf("%s\n%s\n", descriptors[0], descriptors[1]);
    for (int way = 0; way < WAYS; way++) {
        char lines[4][200];
        way_lines(way, lines);
        printf("%s\n%s\n%s\n%s\nc.x\n", lines[0], lines[1], lines[2], lines[3]);
    }
}

static void put_answer(int way) {
    char lines[4][200];
    way_lines(way, lines);
    for (int i = 0; i < 4; i++)
        must_run(lines[i]);
    Object *result = quietly("c.x");
    printf(way / 16 == 7 ? " %s" : " %-6s", result ? str_text(result) : "-");
    if (!result && !error_matches(AttributeError)) need(NULL);
    error_clear();
    xdecref(result);
}

static void scene_ways(void) {
    puts("x is in class C in one of four ways, in its base B in one of four; the instance\n"
         "has its own or not; C has each hook or not: 4 * 4 * 2 * 2 * 2 = 128 ways.\n\n"
         "    C    the value in C             C()  the descriptor in C was asked\n"
         "    own  the instance's             hook what __getattr__ gives\n"
         "    -    AttributeError");
    step("how many columns differ from their neighbours?");
    world_begin();
    must_run(descriptors[0]);
    must_run(descriptors[1]);
    AttributeCounts counts = {0};
    attribute_count(&counts);
    puts("\n                   without an own x            with an own x\n"
         "  __getattr__       no     yes    no     yes    no     yes    no     yes\n"
         "  __getattribute__  no     no     yes    yes    no     no     yes    yes\n"
         "  in C     in B");
    for (int cls = 0; cls < KINDS; cls++) {
        for (int base = 0; base < KINDS; base++) {
            printf("  %-8s %-8s", kinds[cls], kinds[base]);
            for (int column = 0; column < 8; column++)
                put_answer(base + 4 * (cls + 4 * (column / 4 + 2 * (column % 4))));
            putchar('\n');
        }
    }
    attribute_count(NULL);
    step("how often was each hook called for all that?");
    printf("\n__getattribute__ %llu times: in its 64 ways, for c.x and for c.__dict__ before.\n"
           "__getattr__ %llu times: where x is nowhere. With a __getattribute__ that passes on,\n"
           "every answer is what it was; and what C has hides what B has.\n",
           (unsigned long long)counts.getattribute, (unsigned long long)counts.getattr);
    world_end();
}

/* ---- trap, shared, recursion, special ---------------------------------------------------------*/

static void scene_trap(void) {
    puts("An AttributeError tells whoever looks an attribute up: it is not here. So one\n"
         "that gets out of a property's body says so of the property.\n");
    world_begin();
    TYPE("class Account: pass", "class Order: customer = property(lambda self: self.account.owner)",
         "o = Order()", "o.account = Account()");
    step("accounts have no owner: what does o.customer say?");
    TYPE("o.customer");
    step("the class gets a __getattr__ that makes things up: and now?");
    TYPE("Order.__getattr__ = lambda self, name: None", "o.customer");
    puts("\nNone comes back as the customer, and nobody will hear of the owner.");
    step("and one that raises, as it should?");
    puts("A __getattr__ that raises, as it should:\n");
    TYPE("Order.__getattr__ = lambda self, name: fail(name)", "o.customer");
    puts("\n`customer`, which is there, is said to be missing. A body that may raise\n"
         "AttributeError should turn it into another error.");
    world_end();
}

static void scene_shared(void) {
    puts("A descriptor is an attribute of the class. There is one, for all instances.\n");
    world_begin();
    TYPE("class Field: __get__ = lambda self, obj, cls: self.value; "
         "__set__ = lambda self, obj, value: setattr(self, 'value', value)",
         "class Point: x = Field()", "a = Point()", "b = Point()", "a.x = 1");
    step("what is b.x?");
    TYPE("b.x = 2", "a.x");
    step("where must the value go?");
    puts("\na.x is 2: the value is the Field's, and there is one Field. It must go into the\n"
         "instance that __set__ is given, under the name that __set_name__ told:\n");
    TYPE("class Field: __set_name__ = lambda self, cls, n: setattr(self, 'name', n); "
         "__get__ = lambda self, obj, cls: obj.__dict__[self.name]; "
         "__set__ = lambda self, obj, v: obj.__dict__.__setitem__(self.name, v)",
         "class Point: x = Field()", "a = Point()", "b = Point()");
    step("and now?");
    puts("  a.x = 1; b.x = 2");
    must_run("a.x = 1");
    must_run("b.x = 2");
    TYPE("a.x");
    world_end();
}

static void scene_recursion(void) {
    puts("__getattribute__ is called for every attribute: also for those that it reads.\n");
    world_begin();
    TYPE("class C: __getattribute__ = lambda self, name: self.__dict__[name]", "c = C()");
    step("self.__dict__ is an attribute, too: what does c.x do?");
    TYPE("c.x");
    step("how does one get past one's own hook?");
    puts("\nobject.__getattribute__ is a function like another; it asks no hook:\n");
    TYPE("C.__getattribute__ = lambda s, n: ('by C', object.__getattribute__(s, n))", "c.x = 1",
         "c.x");
    step("and with several classes that each have one?");
    puts("\nsuper().__getattribute__ asks the next of them, which here is C's:\n");
    TYPE("class D(C): __getattribute__ = lambda s, n: super().__getattribute__(n)", "d = D()",
         "d.y = 2", "d.y");
    puts("\n__getattr__ asks itself, too, if what it reads is missing: e has no target.\n");
    TYPE("class E: __getattr__ = lambda self, name: self.target", "e = E()");
    step("a __getattr__ that reads what is missing: how far does it come?");
    TYPE("e.x");
    world_end();
}

static void scene_special(void) {
    puts("len(p) looks up no attribute of p. It calls a cell of type(p), which a class\n"
         "statement fills if there is a __len__ in the class or above.\n");
    world_begin();
    TYPE("class Box: __len__ = lambda self: 3",
         "class Proxy: __getattr__ = lambda self, n: getattr(self.target, n)", "p = Proxy()",
         "p.target = Box()");
    step("__getattr__ forwards p.__len__: what about len(p)?");
    TYPE("p.__len__()", "len(p)");
    step("and if p itself gets a __len__? or its class a __getattribute__?");
    TYPE("p.__len__ = lambda: 5", "len(p)", "Proxy.__getattribute__ = lambda self, n: fail(n)",
         "len(p)");
    step("what is needed?");
    TYPE("del Proxy.__getattribute__", "Proxy.__len__ = lambda self: len(self.target)", "len(p)");
    puts(
        "\nThe class must have it. So a proxy defines each special method that its targets\nmay have.");
    world_end();
}

/* ---- proxies ----------------------------------------------------------------------------------*/

static Object *log_name(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    printf("    log: %s\n", nargs == 1 && str_check(args[0]) ? str_text(args[0]) : "?");
    return new_ref(None);
}

static void proxies_begin(void) {
    world_begin();
    for (int kind = 0; kind < PROXY_KINDS; kind++)
        world_bind(proxy_names[kind], new_ref(need(proxy_type((ProxyKind)kind))));
    world_bind("log", function_new("log", log_name, NULL));
    world.quiet = true;
}

static void scene_proxies(void) {
    puts("One class, Bare, forwards what it lacks; Plain adds the special methods, and the\n"
         "others are a few lines on top of that.\n");
    proxies_begin();
    TYPE("class Team: name = 'red'; __len__ = lambda self: 11", "t = Team()", "p = Bare(t)",
         "p.name", "len(p)", "type(p)");
    step("Plain has the special methods, too: len(p)? p.__class__?");
    TYPE("p = Plain(t)", "len(p)", "p.name = 'blue'", "t.name", "p.__class__");
    step("Transparent forwards by __getattribute__: p.__class__? type(p)?");
    TYPE("p = Transparent(t)", "p.__class__", "type(p)");
    step("Logging and Counting: which names do they see?");
    TYPE("p = Logging(t, log)", "len(p)", "p.name", "counts = {}", "p = Counting(t, counts)",
         "p.name", "len(p)", "p.name", "counts");
    step("Lazy gets a function that makes the target: when is it called?");
    TYPE("class Slow(Team): __init__ = lambda self: log('made')", "p = Lazy(Slow)", "type(p)",
         "p.name", "p.name", "len(p)");
    step("ReadOnly refuses: also what is said to the target past it?");
    TYPE("p = ReadOnly(t)", "p.name = 'green'", "del p.name", "t.name = 'green'", "p.name");
    world_end();
}

/* ---- The program ------------------------------------------------------------------------------*/

static bool interactive, python;
static const char *dot;

static int work(int count, char **operands) {
    (void)count, (void)operands;
    if (!interactive)
        return usage_error(telling.demo->program, "--python and --dot go with --interactive");
    return demo_interactive(python, dot);
}

int main(int argc, char **argv) {
    if (types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0) {
        error_print(stderr);
        return 1;
    }
    static const Scene scenes[] = {
        {"lookup", "One lookup, place by place", scene_lookup, "who is asked, and who no more",
         false},
        {"ways", "The 128 ways in which an attribute can be there", scene_ways, NULL, false},
        {"trap", "A property whose error another answers", scene_trap, NULL, false},
        {"shared", "One descriptor for all instances", scene_shared, NULL, false},
        {"recursion", "A hook that asks itself, and the way out", scene_recursion, NULL, false},
        {"special", "What goes past all hooks", scene_special, NULL, false},
        {"proxies", "Objects that stand for another", scene_proxies, NULL, false},
        {"cache", "The place that remembers", scene_cache, NULL, false},
        {"cost", "What keeps a place from remembering", scene_cost, NULL, false},
        {0},
    };
    static const Scene data[] = {
        {"ways", "the 128 ways as statements for --interactive", data_ways, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--interactive",
         .about = "run statements from standard input, tell each lookup",
         .flag = &interactive},
        {.name = "--python", .about = "run them in python3, too, and compare", .flag = &python},
        {.name = "--dot",
         .takes = "WHAT",
         .about = "draw only, for Graphviz: lookup or memory",
         .text = &dot},
        {0},
    };
    static const Demo demo = {
        .program = "attributes_demo",
        .about =
            "--interactive: classes, objects, attributes, a line of Python each; `help` tells\n"
            "which. Of a line that ends with .name each step of the lookup is told.",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
