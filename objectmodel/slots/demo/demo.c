/* demo.c: slots_demo: what an instance weighs, told by the memory of a running program. */
#include "demo.h"

const Way ways[WAYS] = {
    {"dict", "up to 3.2: a dict of its own, made at the first store", &dict_layout},
    {"shared", "3.3 to 3.10: a dict, whose keys the class has (PEP 412)", &shared_layout},
    {"values", "3.11: a block of values, and no dict until it is asked for", &values_layout},
    {"inline", "3.13: the values lie in the instance", &inline_layout},
    {"slots", "__slots__ = ('x', 'y'): fields, like those of a C struct", NULL},
};

static void begin(void) {
    static bool begun;
    if (begun) return;
    begun = true;
    must(types_init());
    must(slots_init());
}

/* ---- Classes and statements -------------------------------------------------------------------*/

static Type *class_new(const char *name, Type *base, const Layout *layout, int count,
                       const char *const *slots) {
    begin();
    Dict *dict = need(dict_new());
    Tuple *bases = need(base ? (Tuple *)tuple_pack(1, base) : tuple_new(0));
    if (count >= 0) {
        Tuple *tuple = need(tuple_new(count));
        for (int i = 0; i < count; i++)
            tuple->items[i] = need(str_from_string(slots[i]));
        must(dict_set_item(dict, need(str_intern("__slots__")), OBJECT(tuple)));
        decref(tuple);
    }
    Type *type = slots_type_new(NULL, name, bases, dict, layout);
    decref(bases);
    decref(dict);
    return type;
}

Type *class_of_way(const char *class_name, const Way *way, int count, const char *const *names) {
    return class_new(class_name, NULL, way->layout, way->layout ? -1 : count, names);
}

static const char *const xy[] = {"x", "y"};

static void set(Object *self, const char *name, int64_t number) {
    Object *value = need(int_from_long(number));
    must(object_setattr_string(self, name, value));
    decref(value);
}

/* p.name = number, as it is typed, and what comes of it. */
static void try_set(Object *self, const char *variable, const char *name, int64_t number) {
    Object *value = need(int_from_long(number));
    printf("    >>> %s.%s = %lld\n", variable, name, (long long)number);
    if (object_setattr_string(self, name, value) < 0) {
        printf("    ");
        error_print(stdout);
    }
    decref(value);
}

static void try_get(Object *self, const char *variable, const char *name) {
    Object *value = object_getattr_string(self, name);
    Object *text = value ? need(object_repr(value)) : NULL;
    printf("    >>> %s.%s\n    ", variable, name);
    if (text)
        puts(((Str *)text)->text);
    else
        error_print(stdout);
    xdecref(text);
    xdecref(value);
}

static void try_delete(Object *self, const char *variable, const char *name) {
    printf("    >>> del %s.%s\n", variable, name);
    if (object_setattr_string(self, name, NULL) == 0) return;
    printf("    ");
    error_print(stdout);
}

static const char *const many[] = {"a0",  "a1",  "a2",  "a3",  "a4",  "a5",  "a6",
                                   "a7",  "a8",  "a9",  "a10", "a11", "a12", "a13",
                                   "a14", "a15", "a16", "a17", "a18", "a19"};
enum { MANY = sizeof many / sizeof *many };

/* The fortieth instance of a class, with attributes of these names, 1, 2, ...: by then the keys
 * leave little more room than is used. */
static Object *fortieth(Type *type, int count, const char *const *names) {
    Object *self = NULL;
    for (int i = 0; i < 40; i++) {
        xdecref(self);
        self = need(type->alloc(type, 0));
        for (int a = 0; a < count; a++)
            set(self, names[a], a + 1);
    }
    return self;
}

/* ---- Scenes -----------------------------------------------------------------------------------*/

static void scene_memory(void) {
    puts("class Point, whose instances get p.x = 1; p.y = 2. Offsets in bytes from where\n"
         "a pointer to the instance points. CPython's collector has 16 bytes in front.");
    for (int i = WAYS - 1; i >= 0; i--) {
        Type *type = need(class_of_way("Point", &ways[i], 2, xy));
        Object *self = fortieth(type, 2, xy);
        printf("\n  %s\n", ways[i].about);
        draw_instance(&ways[i], self, false);
        printf("    with the heads for the collector: %zd bytes\n", object_footprint(self));
        decref(self);
        decref(type);
        if (i > 0) step(i == WAYS - 1 ? "And without slots?" : NULL);
    }
}

static void scene_typo(void) {
    Type *open = need(class_of_way("Point", &ways[2], 2, xy));
    Type *closed = need(class_of_way("Slotted", &ways[4], 2, xy));
    Object *p = need(open->alloc(open, 0)), *q = need(closed->alloc(closed, 0));
    puts("  p = Point(), without __slots__: whatever is assigned becomes an attribute.\n");
    try_set(p, "p", "colour", 7);
    try_get(p, "p", "color");
    step("Which of the two lines is wrong?");
    puts("\n  q = Slotted(), with __slots__ = ('x', 'y'): the line that is wrong says so.\n");
    try_set(q, "q", "colour", 7);
    try_set(q, "q", "x", 1);
    try_get(q, "q", "x");
    step("q.y was never set. What is it?");
    puts("\n  A slot that is not set is not None. It is NULL in memory, and no attribute.\n");
    try_get(q, "q", "y");
    try_delete(q, "q", "x");
    try_get(q, "q", "x");
    try_delete(q, "q", "x");
    puts("\n  The class has a descriptor for each; it knows the offset and no instance.\n");
    try_get(OBJECT(closed), "Slotted", "x");
    decref(p);
    decref(q);
    decref(open);
    decref(closed);
}

static void scene_inherit(void) {
    const Layout *layout = &values_layout;
    Type *base = need(class_new("Base", NULL, layout, 2, (const char *const[]){"y", "x"}));
    Type *more = need(class_new("More", base, layout, 1, (const char *const[]){"z"}));
    Type *open = need(class_new("Open", base, layout, -1, NULL));
    Type *plain = need(class_new("Plain", NULL, layout, -1, NULL));
    Type *vain = need(class_new("Vain", plain, layout, 1, (const char *const[]){"x"}));
    Type *const types[] = {base, more, open, plain, vain};
    static const char *const says[] = {"__slots__ = ('y', 'x')", "(Base), __slots__ = ('z',)",
                                       "(Base), no __slots__", "no __slots__",
                                       "(Plain), __slots__ = ('x',)"};
    puts("                                      size   dict  weakref   slots at");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        printf("  %-6s%-28s %5zd   %-5s %-3s", types[i]->name, says[i], types[i]->basicsize,
               types[i]->dictoffset ? "yes" : "no", types[i]->weaklistoffset ? "yes" : "no");
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict_next(types[i]->dict, &pos, &name, &value))
            if (value->type == &Member_Type)
                printf("      %s %zd", name->text, ((Member *)value)->offset);
        putchar('\n');
    }
    puts("\n  Slots follow the base's, sorted by name. Open and Vain have a dict: one class\n"
         "  without __slots__, above or below, brings it back.\n");
    Object *v = need(vain->alloc(vain, 0));
    try_set(v, "v", "typo", 1);
    step("Both Base and Vain have a slot at 24. May one class extend both?");
    Tuple *both = need(tuple_pack(2, base, vain));
    puts("    >>> class Both(Base, Vain): pass");
    Type *type = slots_type_new(NULL, "Both", both, NULL, layout);
    printf("    ");
    if (!type) error_print(stdout);
    decref(both);
    puts("\n  An instance must begin as an instance of each base does; two cannot both lie\n"
         "  right behind `type`.");
    decref(v);
    for (size_t i = sizeof types / sizeof *types; i-- > 0;)
        decref(types[i]);
}

static void print_capacity(const char *what, const Object *self) {
    ssize_t capacity = object_values_capacity(self);
    if (capacity < 0)
        printf("  %-44s a dict, %3zd bytes in all\n", what, object_footprint(self));
    else
        printf("  %-44s room for %zd, %3zd bytes in all\n", what, capacity, object_footprint(self));
}

static void scene_keys(void) {
    Type *type = need(class_of_way("Point", &ways[2], 2, xy));
    printf("  Instances of a class, each with x and y: room for values in each\n ");
    for (int i = 1; i <= 28; i++) {
        Object *self = need(type->alloc(type, 0));
        set(self, "x", 1);
        set(self, "y", 2);
        printf(" %zd", object_values_capacity(self));
        decref(self);
    }
    puts("\n  Nobody knows at first how many names there will be: 30, less one for each\n"
         "  instance, down to one more than the class has.\n");
    step("What if one gets a name more than the others?");
    Object *self = fortieth(type, 2, xy), *other = fortieth(type, 2, xy);
    print_capacity("p with x and y", self);
    set(self, "z", 3);
    print_capacity("p.z = 3: the last free place", self);
    print_capacity("q, another, with x and y: as before", other);
    set(self, "w", 4);
    print_capacity("p.w = 4: p goes its own way", self);
    Dict *asked = (Dict *)need(object_getattr_string(other, "__dict__"));
    print_capacity("q.__dict__: whoever asks for it gets one", other);
    printf("  %-44s %s\n", "  and its keys are",
           asked->keys == type->cached_keys ? "the class's" : "its own");
    decref(asked);
    decref(self);
    self = need(type->alloc(type, 0));
    set(self, "y", 1);
    set(self, "x", 2);
    print_capacity("r, y before x: the block keeps the order", self);
    decref(self);
    decref(other);
    decref(type);
}

static ssize_t bytes_of(const Way *way, int count, bool asked) {
    Type *type = need(class_of_way("C", way, count, many));
    Object *self = fortieth(type, count, many);
    if (asked) decref(need(object_getattr_string(self, "__dict__")));
    ssize_t bytes = object_footprint(self);
    decref(self);
    decref(type);
    return bytes;
}

static void scene_bytes(void) {
    static const int counts[] = {0, 1, 2, 3, 4, 8, 12, 20};
    enum { COUNTS = sizeof counts / sizeof *counts };
    puts("Bytes of one instance when there are many of its class: all that it alone takes,\n"
         "the collector's heads counted, the values themselves not.\n");
    step("With two attributes: what do __slots__ save against a dict?");
    printf("  attributes       ");
    for (int i = 0; i < COUNTS; i++)
        printf("%7d", counts[i]);
    putchar('\n');
    for (int k = WAYS - 1; k >= 0; k--) {
        for (int asked = 0; asked < (ways[k].layout == &values_layout ? 2 : 1); asked++) {
            printf("  %-17s", asked ? "  __dict__ asked" : ways[k].name);
            for (int i = 0; i < COUNTS; i++)
                printf("%7zd", bytes_of(&ways[k], counts[i], asked));
            putchar('\n');
        }
    }
    puts("\n  slots are never more than the others: names and order are in the class. inline\n"
         "  takes what values does, but in one block. A dict that was asked for stays.");
}

static void csv_bytes(void) {
    puts("way,attributes,bytes");
    for (int k = 0; k < WAYS; k++)
        for (int n = 0; n <= MANY; n++)
            printf("%s,%d,%zd\n", ways[k].name, n, bytes_of(&ways[k], n, false));
}

void draw_memory(void) {
    puts("digraph { rankdir=LR; node [shape=plaintext fontsize=12] edge [arrowsize=0.6]\n"
         "graph [fontname=\"sans-serif\"] node [fontname=\"sans-serif\"]");
    for (int i = 0; i < WAYS; i++) {
        Type *type = need(class_of_way("Point", &ways[i], 2, xy));
        Object *self = fortieth(type, 2, xy);
        draw_instance(&ways[i], self, true);
        decref(self);
        decref(type);
    }
    puts("}");
}

/* ---- The command line -------------------------------------------------------------------------*/

static bool dot;
static const Option options[] = {
    {.name = "--dot", .about = "the picture of all layouts, for Graphviz", .flag = &dot},
    {0},
};

static int work(int count, char **operands) {
    begin();
    if (dot && count > 0) return usage_error("slots_demo", "--dot takes no file");
    if (dot) {
        draw_memory();
        return 0;
    }
    if (count != 1) return usage_error("slots_demo", "one file, please; see --help");
    return demo_rows(operands[0]);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"memory", "An instance, word by word", scene_memory,
         .look = "how far it is from the instance to the values"},
        {"typo", "A typo that slots catch", scene_typo},
        {"inherit", "Slots in a family", scene_inherit},
        {"keys", "Names are kept once, until an instance goes its own way", scene_keys},
        {"bytes", "What an instance weighs", scene_bytes},
        {0},
    };
    static const Scene data[] = {
        {"bytes", "bytes of an instance, by layout and number of attributes", csv_bytes},
        {0},
    };
    static const Demo demo = {
        .program = "slots_demo",
        .about = "FILE.csv: the first line has names; each other one becomes an instance, in each\n"
                 "layout: how many bytes a row takes, and how long.",
        .operands = "FILE.csv",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
