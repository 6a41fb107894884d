/* twin.c: the refcounting room's program on our mechanism; twin.py is the same on the real
 * interpreter.
 *
 * Each statement is written down as Python has it, run, and followed by what ran because of it:
 * finalizers, callbacks of weak references, deaths; then by the count of each name that is bound.
 * Here the names are variables, each with a reference of its own. What Python holds on its stack
 * while a statement runs is held here, too, as a finalizer may take away everything else.
 */
#include "twin.h"

/* ---- Statements ------------------------------------------------------------------------------*/

/* getrefcount of each name, after a statement. */
static void counts(void) {
    for (int i = 0; i < NAMES; i++)
        if (*names[i] != None) printf(" %c %zd", 'a' + i, object_getrefcount(*names[i]));
    printf(" (%d alive)\n", counters.alive);
}

/* A statement as Python has it, and here. */
#define STEP(python, ...)                                                                          \
    do {                                                                                           \
        puts(">>> " python);                                                                       \
        __VA_ARGS__;                                                                               \
        counts();                                                                                  \
    } while (0)

/* name = None, for each of these names. */
static void unbind(const char *letters) {
    for (; *letters; letters++) {
        printf(">>> %c = None\n", *letters);
        assign(names[*letters - 'a'], none());
        counts();
    }
}

/* Where there is no collector: all that is tracked lets go of what it refers to, held meanwhile.
 * Returns whether there was something that could be in a cycle. */
static bool break_cycles(void) {
    static Object *held[4 * LABELS];
    GCHead *head = &gc.generations[0].head;
    size_t count = 0;
    for (GCHead *node = (GCHead *)head->next; node != head; node = (GCHead *)node->next) {
        Object *op = FROM_GC(node);
        if (!is_node(op) && op->type != &List_Type) continue;
        if (count == sizeof held / sizeof held[0]) abort();
        held[count++] = new_ref(op);
    }
    for (size_t i = 0; i < count; i++) { // their labels stay, as a finalizer may say them
        if (held[i]->type == &List_Type) list_clear((List *)held[i]);
        for (int field = LEFT; is_node(held[i]) && field <= RIGHT; field++)
            set_field(held[i], field, none());
    }
    for (size_t i = 0; i < count; i++)
        decref(held[i]);
    return count > 0;
}

/* A headline; what is left of the section before goes unseen, cycles too. */
static void section(const char *title) {
    muted = true;
    do { // a finalizer may name something
        for (int i = 0; i < 2 * NAMES; i++)
            assign(names[i % NAMES], none());
    } while (break_cycles());
    muted = false;
    for (int i = 0; i <= counters.made; i++)
        clear_ref(witnesses[i]);
    counters.made = counters.alive = 0;
    counters.callbacks = 1;
    printf("\n== %s\n", title);
}

/* [First(), Second(), ...], up to a NULL. */
static Object *list_of_new(const Type *first, ...) {
    List *list = list_new();
    va_list types;
    va_start(types, first);
    for (const Type *type = first; type; type = va_arg(types, const Type *))
        append(OBJECT(list), make(type));
    va_end(types);
    return OBJECT(list);
}

/* [first, ...], `count` of them. */
static Object *list_of(int count, ...) {
    List *list = list_new();
    va_list items;
    va_start(items, count);
    while (count-- > 0)
        list_append(list, va_arg(items, Object *));
    va_end(items);
    return OBJECT(list);
}

static void counting(void) {
    section("a count is the number of references; getrefcount has one more");
    STEP("a = Node()", assign(&a, MAKE(Node)));
    STEP("b = a", assign(&b, new_ref(a)));
    STEP("c = [a, a, b]", assign(&c, list_of(3, a, a, b)));
    STEP("d = (a, c)", assign(&d, tuple_pack(2, a, c)));
    STEP("a.left = b", set_field(a, LEFT, new_ref(b)));
    STEP("e = c[0]", assign(&e, new_ref(list_get_item((List *)c, 0))));
    STEP("a.left = None", set_field(a, LEFT, none()));
    unbind("dceab");
}

static void cascade(void) {
    section("what dies takes along what only it had");
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    STEP("a.left = Node()", set_field(a, LEFT, MAKE(Node)));
    STEP("a.right = Loud()", set_field(a, RIGHT, MAKE(Loud)));
    STEP("b = Loud()", assign(&b, MAKE(Loud)));
    STEP("a.right.left = b", set_field(FIELD(a, RIGHT), LEFT, new_ref(b)));
    STEP("c = [Node(), Loud()]", assign(&c, list_of_new(&Node_Type, &Loud_Type, NULL)));
    STEP("d = (c, Loud())", Object *last = MAKE(Loud); assign(&d, tuple_pack(2, c, last));
         decref(last));
    STEP("a.right.right = [d, c]", set_field(FIELD(a, RIGHT), RIGHT, list_of(2, d, c)));
    unbind("cdab");
}

static void replacing(void) {
    section("a name or a field has its new value when the old one dies");
    STEP("a = Node()", assign(&a, MAKE(Node)));
    STEP("a.left = Looker()", set_field(a, LEFT, MAKE(Looker)));
    STEP("a.left = Node()", set_field(a, LEFT, MAKE(Node)));
    STEP("a.left = Looker()", set_field(a, LEFT, MAKE(Looker)));
    STEP("a.left = None", set_field(a, LEFT, none()));
    STEP("a.left = Looker()", set_field(a, LEFT, MAKE(Looker)));
    unbind("a");
    STEP("a = Looker()", assign(&a, MAKE(Looker)));
    STEP("a = Node()", assign(&a, MAKE(Node)));
}

static void lists(void) {
    section("a list, from inside of the finalizers of its items");
    STEP("c = [Cutter(), Node(), Cutter()]",
         assign(&c, list_of_new(&Cutter_Type, &Node_Type, &Cutter_Type, NULL)));
    STEP("c[1] = Node()", set_item(c, 1, MAKE(Node)));
    STEP("c[0] = None", set_item(c, 0, none()));
    STEP("c = [Adder(), Node(), Adder()]",
         assign(&c, list_of_new(&Adder_Type, &Node_Type, &Adder_Type, NULL)));
    STEP("c.clear()", clear(c));
    STEP("c.clear()", clear(c));
    STEP("c.append(Adder())", append(c, MAKE(Adder)));
    STEP("c[0] = Node()", set_item(c, 0, MAKE(Node)));
    STEP("c = [Adder(), Cutter()]", assign(&c, list_of_new(&Adder_Type, &Cutter_Type, NULL)));
    unbind("c");
}

static void weak_references(void) {
    section("__del__, then weak references, the newest first");
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    STEP("b = ref(a)", assign(&b, ref_new(a, NULL)));
    STEP("c = ref(a, Call())", assign(&c, ref_new(a, call_new(NULL))));
    STEP("d = ref(a, Call())", assign(&d, ref_new(a, call_new(NULL))));
    STEP("e = ref(a)", assign(&e, ref_new(a, NULL)));
    STEP("f = ref(a, Call())", assign(&f, ref_new(a, call_new(NULL))));
    STEP("g = ref(a, Call())", assign(&g, ref_new(a, call_new(NULL))));
    unbind("cab");

    section("what callbacks hold dies after the last of them");
    STEP("a = Node()", assign(&a, MAKE(Node)));
    STEP("c = ref(a, Call(Loud()))", assign(&c, ref_new(a, call_new(MAKE(Loud)))));
    unbind("c");
    STEP("d = ref(a, Call(Loud()))", assign(&d, ref_new(a, call_new(MAKE(Loud)))));
    STEP("e = ref(a, Call(Loud()))", assign(&e, ref_new(a, call_new(MAKE(Loud)))));
    STEP("f = ref(a, Call(Loud()))", assign(&f, ref_new(a, call_new(MAKE(Loud)))));
    unbind("a");
    unbind("def");

    section("a weak reference that its object holds");
    STEP("a = Node()", assign(&a, MAKE(Node)));
    STEP("a.left = ref(a, Call())", set_field(a, LEFT, ref_new(a, call_new(NULL))));
    STEP("a.right = ref(a, Call())", set_field(a, RIGHT, ref_new(a, call_new(NULL))));
    unbind("a");
}

static void resurrection(void) {
    section("back from the dead, once");
    STEP("a = Phoenix()", assign(&a, MAKE(Phoenix)));
    STEP("c = ref(a, Call())", assign(&c, ref_new(a, call_new(NULL))));
    unbind("a");
    STEP("b.left = Loud()", set_field(b, LEFT, MAKE(Loud)));
    unbind("b");
    STEP("a = Node()", assign(&a, MAKE(Node)));
    STEP("a.left = Phoenix()", set_field(a, LEFT, MAKE(Phoenix)));
    unbind("ab");

    section("weak references made by the finalizer");
    STEP("a = Maker()", assign(&a, MAKE(Maker)));
    STEP("a.left = Loud()", set_field(a, LEFT, MAKE(Loud)));
    STEP("b = ref(a, Call())", assign(&b, ref_new(a, call_new(NULL))));
    unbind("ad");
}

static void cycles(void) {
    section("three ways to make a cycle, and a way out");
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    STEP("a.left = a", set_field(a, LEFT, new_ref(a)));
    STEP("b = ref(a)", assign(&b, ref_new(a, NULL)));
    unbind("a");
    STEP("a = b()", assign(&a, weakref_get((WeakRef *)b)));
    STEP("a.left = None", set_field(a, LEFT, none()));
    unbind("a");
    STEP("c = Loud()", assign(&c, MAKE(Loud)));
    STEP("d = Loud()", assign(&d, MAKE(Loud)));
    STEP("c.left, d.left = d, c", set_field(c, LEFT, new_ref(d)); set_field(d, LEFT, new_ref(c)));
    STEP("e = ref(c)", assign(&e, ref_new(c, NULL)));
    unbind("cd");
    STEP("e().left.left = None", set_field(FIELD(((WeakRef *)e)->object, LEFT), LEFT, none()));
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    STEP("a.right = Call(a)", set_field(a, RIGHT, call_new(new_ref(a))));
    STEP("f = ref(a)", assign(&f, ref_new(a, NULL)));
    unbind("a");
    STEP("f().right = None", set_field(((WeakRef *)f)->object, RIGHT, none()));
}

/* name = Loud(), with what the name was as its left. */
static void put_on_top(Object **name) {
    Object *node = MAKE(Loud);
    set_field(node, LEFT, new_ref(*name));
    assign(name, node);
}

static void chains(void) {
    section("a chain of a thousand: the finalizers in order");
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    for (int i = 0; i < 333; i++) {
        assign(&a, list_of(1, a));
        assign(&a, tuple_pack(1, a));
        put_on_top(&a);
    }
    unbind("a");
    section("nesting: two long branches");
    STEP("a = Loud()", assign(&a, MAKE(Loud)));
    STEP("b = Loud()", assign(&b, MAKE(Loud)));
    for (int i = 0; i < 60; i++) {
        put_on_top(&a);
        put_on_top(&b);
    }
    STEP("c = Node()", assign(&c, MAKE(Node)));
    STEP("c.left, c.right = a, b", set_field(c, LEFT, new_ref(a)); set_field(c, RIGHT, new_ref(b)));
    unbind("ab");
    unbind("c");
}

/* ---- Random programs -------------------------------------------------------------------------*/

static uint64_t random_state = 2026;

static int random_below(int limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

static void change_list(char x, Object *list, char y, Object *value, int choice) {
    int index = random_below((int)((List *)list)->size);
    if (choice == 0) {
        printf(">>> %c.append(%c)\n", x, y);
        append(list, new_ref(value));
    } else if (choice == 1) {
        printf(">>> %c[%d] = %c\n", x, index, y);
        set_item(list, index, new_ref(value));
    } else if (choice == 2) {
        printf(">>> %c.clear()\n", x);
        clear(list);
    } else {
        printf(">>> %c = %c[%d]\n", x, x, index);
        assign(names[x - 'a'], new_ref(list_get_item((List *)list, index)));
    }
}

/* A statement that these values allow. */
static void random_statement(void) {
    static const Type *const kinds[] = {&Node_Type,   &Loud_Type,  &Looker_Type, &Phoenix_Type,
                                        &Cutter_Type, &Adder_Type, &Maker_Type};
    int i = random_below(NAMES), j = random_below(NAMES), choice = random_below(16);
    char x = (char)('a' + i), y = (char)('a' + j);
    Object **name = names[i], *of_x = *names[i], *of_y = *names[j];
    if (choice < 3 || of_y == None) {
        const Type *kind = kinds[random_below(7)];
        printf(">>> %c = %s()\n", x, kind->name);
        assign(name, make(kind));
    } else if (choice == 3) {
        printf(">>> %c = [%c, %c]\n", x, y, y);
        assign(name, list_of(2, of_y, of_y));
    } else if (choice == 4) {
        printf(">>> %c = (%c, %c)\n", x, y, y);
        assign(name, tuple_pack(2, of_y, of_y));
    } else if (choice == 5) {
        printf(">>> %c = %c\n", x, y);
        assign(name, new_ref(of_y));
    } else if (choice < 8) {
        printf(">>> %c = None\n", x);
        assign(name, none());
    } else if (is_node(of_y) && choice < 10) {
        printf(choice == 8 ? ">>> %c = ref(%c, Call())\n" : ">>> %c = ref(%c)\n", x, y);
        assign(name, ref_new(of_y, choice == 8 ? call_new(NULL) : NULL));
    } else if (is_node(of_y) && choice == 10) {
        printf(">>> %c = %c.left\n", x, y);
        assign(name, new_ref(FIELD(of_y, LEFT)));
    } else if (of_y->type == &WeakRef_Type) {
        printf(">>> %c = %c()\n", x, y);
        assign(name, weakref_get((WeakRef *)of_y));
    } else if (is_node(of_x)) {
        printf(">>> %c.%s = %c\n", x, choice % 2 ? "left" : "right", y);
        set_field(of_x, choice % 2 ? LEFT : RIGHT, new_ref(of_y));
    } else if (of_x->type == &List_Type && ((List *)of_x)->size > 0) {
        change_list(x, of_x, y, of_y, choice % 4);
    } else {
        printf(">>> %c = %c\n", x, y);
        assign(name, new_ref(of_y));
    }
    counts();
}

static void programs(void) {
    for (int number = 0; number < 500; number++) {
        char title[40];
        snprintf(title, sizeof title, "random program %d", number);
        section(title);
        for (int i = 0; i < 30; i++)
            random_statement();
    }
}

int main(void) {
    if (!freopen("/dev/null", "w", stderr)) return 1; // callbacks fail here on purpose
    for (int i = 0; i < NAMES; i++)
        *names[i] = none();
    counting();
    cascade();
    replacing();
    lists();
    weak_references();
    resurrection();
    cycles();
    chains();
    programs();
    section("the end");
    return finish_output("refcounting_twin", heap.blocks > 0); // what has leaked
}
