/* demo.c: the story of classes, scene by scene; and a tool that reads class statements (classes.c). */
#include "demo.h"

/* ---- Small helpers ---------------------------------------------------------------------------*/

static void *kept[64];
static int nkept;

void *keep(void *op) {
    return kept[nkept++] = need(op);
}

void drop_all(void) {
    while (nkept > 0)
        decref(kept[--nkept]);
    types_clear();
}

Type *class_of(const char *name, Type *const *bases) {
    ssize_t size = 0;
    while (bases[size])
        size++;
    Tuple *tuple = need(tuple_new(size));
    for (ssize_t i = 0; i < size; i++)
        tuple->items[i] = new_ref(bases[i]);
    Type *type = keep(type_new(NULL, name, tuple, NULL));
    decref(tuple);
    return type;
}

void set(void *op, const char *name, Object *value) {
    must(object_setattr_string(op, name, value));
    xdecref(value);
}

static Object *return_closure(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure);
}

Object *returns(const char *name, Object *result) {
    Object *function = need(function_new(name, return_closure, need(result)));
    decref(result);
    return function;
}

static Object *text(const char *words) {
    return need(str_from_string(words));
}

/* A bound method is named by its function, as its own repr has an address. */
static void print_value(Object *value) {
    if (!value) {
        error_print(stdout);
        return;
    }
    if (value->type == &Method_Type) {
        printf("the method %s of c\n", ((Function *)((Method *)value)->func)->name->text);
    } else {
        Object *repr = need(object_repr(value));
        puts(((Str *)repr)->text);
        decref(repr);
    }
    decref(value);
}

/* ---- lookup ----------------------------------------------------------------------------------*/

/* Looks at each place in the order of object_generic_getattr(), then asks that itself. */
static void print_places(Object *obj, const char *name) {
    Str *interned = need(str_intern(name));
    Object *found = type_find_in_mro(obj->type, interned),
           *own = obj->type->layout->get(obj, interned);
    const char *type = found ? found->type->name : "";
    bool get = found && found->type->descr_get, data = found && descr_is_data(found);
    printf("    1 the class: C, Base, object    %s%s\n", found ? "a " : "nothing",
           found ? type : "");
    if (found) printf("      has it __get__ and __set__?   %s\n", data ? "yes: it is asked" : "no");
    if (!data) printf("    2 the instance's own            %s\n", own ? "there it is" : "nothing");
    if (!data && !own) {
        printf("    3 what the class had            %s\n", get     ? "has __get__: it is asked"
                                                           : found ? "as it is"
                                                                   : "nothing");
    }
    printf("    => ");
    print_value(object_getattr(obj, interned));
}

static void scene_lookup(void) {
    puts("obj.x asks the class first, then the instance, then comes back to what the class\n"
         "had. `class C(Base)`, c = C(); x is an attribute of Base. First a plain value:\n\n"
         "  Base.x = 'of Base'");
    Type *Base = class_of("Base", (Type *[]){NULL}), *C = class_of("C", (Type *[]){Base, NULL});
    Object *c = keep(type_generic_alloc(C, 0));
    set(Base, "x", text("of Base"));
    print_places(c, "x");
    puts("\n  and c.x = 'of c'");
    set(c, "x", text("of c"));
    step("which of the two is c.x now?");
    print_places(c, "x");

    step("Base.x is a function, c has an x: which?");
    puts("\n  Base.x = a function: it has __get__, but no __set__");
    set(Base, "x", returns("x", text("called")));
    print_places(c, "x");
    puts("\n  and without c's own");
    set(c, "x", NULL);
    print_places(c, "x");

    step("Base.x is a property, and c's own dict has an x: which?");
    puts("\n  Base.x = property(...), c.__dict__['x'] = 'of c'");
    Object *getter = returns("getter", text("computed"));
    set(c, "x", text("of c")); // before the property comes, which would refuse
    set(Base, "x", property_new(getter, NULL, NULL));
    decref(getter);
    print_places(c, "x");
    puts("  c.x = 1, as the class is asked first there, too");
    printf("    => ");
    Object *one = keep(int_from_long(1));
    if (object_setattr_string(c, "x", one) < 0) error_print(stdout);
    step("neither has an x: what is said?");
    puts("\n  del Base.x, and c's own");
    set(Base, "x", NULL);
    set(c, "x", NULL);
    print_places(c, "x");
    puts("\nSo a data descriptor of the class, such as a property, cannot be hidden by an\n"
         "instance; a method can.");
    drop_all();
}

/* ---- cache -----------------------------------------------------------------------------------*/

static Type *tower[3]; // A, B(A), C(B)

static void print_versions(const char *what, const char *cache) {
    printf("    %-32s", what);
    for (int i = 0; i < 3; i++) {
        char version[16] = "-";
        if (tower[i]->flags & VALID_VERSION)
            snprintf(version, sizeof version, "%u", tower[i]->version_tag);
        printf(*cache || i < 2 ? "%-6s" : "%s", version);
    }
    puts(cache);
}

/* Reads name from an instance; says what the method cache did about it. */
static void read_from(Object *obj, const char *what) {
    MethodCacheStats before = method_cache_stats;
    decref(need(object_getattr_string(obj, "f")));
    print_versions(what, method_cache_stats.hits > before.hits ? "hit"
                         : method_cache_stats.misses > before.misses
                             ? "miss"
                             : "miss, another name's place");
}

static void scene_cache(void) {
    puts("What a search along the MRO found is remembered under the class's version and\n"
         "the name. A version is a number that no class gets twice; `-`: none.\n\n"
         "    class A: f = ...         class B(A): ...         class C(B): ...\n");
    tower[0] = class_of("A", (Type *[]){NULL});
    set(tower[0], "f", int_from_long(1));
    tower[1] = class_of("B", (Type *[]){tower[0], NULL});
    tower[2] = class_of("C", (Type *[]){tower[1], NULL});
    Object *b = keep(type_generic_alloc(tower[1], 0)), *c = keep(type_generic_alloc(tower[2], 0));
    printf("    %-32s%-6s%-6s%-6s%s\n", "", "A", "B", "C", "method cache");
    print_versions("made, nothing read", "");
    read_from(c, "c.f");
    read_from(c, "c.f");
    read_from(b, "b.f");
    read_from(b, "b.f");
    step("C.g = 1: who loses the version?");
    set(tower[2], "g", int_from_long(1));
    print_versions("C.g = 1", "");
    read_from(b, "b.f");
    read_from(c, "c.f");
    step("A.g = 1, not even an f: and now?");
    set(tower[0], "g", int_from_long(1));
    print_versions("A.g = 1", "");
    read_from(c, "c.f");
    read_from(c, "c.f");
    read_from(b, "b.f");
    step("c.f = 2, the instance's: and now?");
    set(c, "f", int_from_long(2));
    print_versions("c.f = 2", "");
    read_from(c, "c.f");
    puts("\nWhoever changes a class takes the version from it and from all below; no entry\n"
         "is looked for, as nobody asks for an old number again.");
    drop_all();
}

/* ---- special ---------------------------------------------------------------------------------*/

static const char *cell_name(const Type *type, size_t offset) {
    Slot slot = type_slot(type, offset);
    if (!slot) return "empty";
    for (const SlotDef *p = slotdefs; p->name; p++)
        if (p->offset == offset && p->function == slot) return "slot_sq_length";
    return slot == type_slot(&Str_Type, offset) ? "that of str" : "another";
}

static void print_cells(const char *what, Type *const *types, Object *obj) {
    printf("    %-20s", what);
    for (int i = 0; i < 2; i++)
        printf("%-16s", cell_name(types[i], offsetof(Type, sq_length)));
    ssize_t length = object_length(obj);
    if (length < 0) error_clear();
    printf(length < 0 ? "no len()\n" : "%zd\n", length);
}

static void scene_special(void) {
    puts("len(c) looks up no attribute: it calls the cell sq_length of c's type. For a\n"
         "class the cell is filled with slot_sq_length, which looks __len__ up on type(c).\n\n"
         "    class Base: ...          class C(Base): ...          c = C()\n");
    Type *Base = class_of("Base", (Type *[]){NULL}), *C = class_of("C", (Type *[]){Base, NULL});
    Type *types[] = {Base, C};
    Object *c = keep(type_generic_alloc(C, 0));
    printf("    %-20s%-16s%-16s%s\n", "sq_length of", "Base", "C", "len(c)");
    print_cells("made", types, c);
    step("c.__len__ = a function: does len(c) find it?");
    set(c, "__len__", returns("__len__", int_from_long(3)));
    print_cells("c.__len__ = ...", types, c);
    step("Base.__len__ = one that returns 7: what changes?");
    set(Base, "__len__", returns("__len__", int_from_long(7)));
    print_cells("Base.__len__ = 7's", types, c);
    set(C, "__len__", returns("__len__", int_from_long(9)));
    print_cells("C.__len__ = 9's", types, c);
    set(Base, "__len__", NULL);
    print_cells("del Base.__len__", types, c);
    set(C, "__len__", NULL);
    print_cells("del C.__len__", types, c);
    puts("\nSetting Base.__len__ fills the cell of Base and of each class below that has no\n"
         "__len__ of its own. c.__len__ is still there, and c.__len__() calls it: 3.\n\n"
         "A class below a compiled type has that type's cell itself, until it brings a\n"
         "__len__ of its own:\n");
    Type *Name = class_of("Name", (Type *[]){&Str_Type, NULL});
    printf("    class Name(str)     %s\n", cell_name(Name, offsetof(Type, sq_length)));
    set(Name, "__len__", returns("__len__", int_from_long(0)));
    printf("    Name.__len__ = ...  %s\n", cell_name(Name, offsetof(Type, sq_length)));
    drop_all();
}

/* ---- operators -------------------------------------------------------------------------------*/

/* Says who is asked, and declines. */
static Object *decline(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    printf("  %s", ((Str *)closure)->text);
    return new_ref(NotImplemented);
}

static void give(Type *type, const char *method) {
    Object *name = need(str_from_format("%s.%s", type->name, method));
    set(type, method, need(function_new(method, decline, name)));
    decref(name);
}

static void add(const char *expression, Object *left, Object *right) {
    printf("    %-9s", expression);
    xdecref(number_add(left, right));
    puts(error_occurred() ? "  TypeError" : "  a result");
    error_clear();
}

static void scene_operators(void) {
    puts("a + b asks both sides; each may decline with NotImplemented. All methods here\n"
         "decline, so that everybody is asked who would be.\n\n"
         "    class A: __add__, __radd__          class B(A): ...\n"
         "    class X: __radd__                   a, b, x = A(), B(), X()\n");
    Type *A = class_of("A", (Type *[]){NULL}), *B = class_of("B", (Type *[]){A, NULL});
    Type *X = class_of("X", (Type *[]){NULL});
    give(A, "__add__");
    give(A, "__radd__");
    give(X, "__radd__");
    Object *a = keep(type_generic_alloc(A, 0)), *b = keep(type_generic_alloc(B, 0));
    Object *x = keep(type_generic_alloc(X, 0)), *one = keep(int_from_long(1));
    add("a + x", a, x);
    add("1 + x", one, x);
    add("x + 1", x, one);
    add("a + a", a, a);
    add("a + b", a, b);
    step("B overrides __radd__: who is asked first in a + b?");
    puts("\n    B.__radd__ = ...");
    give(B, "__radd__");
    add("a + b", a, b);
    add("b + a", b, a);
    puts("\nThe right side is asked first if its class is derived from the left one's and\n"
         "overrides the reflected method: it knows both. Two of one class: __add__ alone.");
    drop_all();
}

/* ---- assign ----------------------------------------------------------------------------------*/

static void print_mros(Type *const *types, int count) {
    for (int i = 0; i < count; i++) {
        put_word(6, NULL);
        printf("%s: ", types[i]->name);
        put_names(8, types[i]->mro, 0);
        putchar('\n');
    }
}

static void assign(const char *statement, void *op, const char *name, Object *value) {
    printf("    %s\n", statement);
    if (object_setattr_string(op, name, value) < 0) {
        put_word(6, NULL);
        put_error(8);
    }
}

static void scene_assign(void) {
    puts("An object's class may be exchanged, and a class's bases; if the memory fits.\n\n"
         "    class A: ...     class B(A): ...     class C(A): ...     class D(B): ...\n"
         "    class Number(int): ...               b = B()\n");
    Type *A = class_of("A", (Type *[]){NULL});
    Type *B = class_of("B", (Type *[]){A, NULL}), *C = class_of("C", (Type *[]){A, NULL});
    Type *D = class_of("D", (Type *[]){B, NULL}),
         *Number = class_of("Number", (Type *[]){&Int_Type, NULL});
    Object *b = keep(type_generic_alloc(B, 0));
    set(C, "who", text("C"));
    assign("b.__class__ = C", b, "__class__", OBJECT(C));
    printf("      b.who is ");
    print_value(object_getattr_string(b, "who"));
    step("b.__class__ = int, and = Number: what is said?");
    assign("b.__class__ = int", b, "__class__", OBJECT(&Int_Type));
    assign("b.__class__ = Number", b, "__class__", OBJECT(Number));
    step("B.__bases__ = (C,): which MROs change?");
    assign("B.__bases__ = (C,)", B, "__bases__", keep(tuple_pack(1, C)));
    print_mros((Type *[]){B, D}, 2);
    step("A.__bases__ = (D,): what is said?");
    assign("A.__bases__ = (D,)", A, "__bases__", keep(tuple_pack(1, D)));
    assign("B.__bases__ = (Number,)", B, "__bases__", keep(tuple_pack(1, Number)));
    step("class E(P, Q), then Q.__bases__ = (P,): what is said?");
    Type *Root = class_of("Root", (Type *[]){NULL});
    Type *P = class_of("P", (Type *[]){Root, NULL}), *Q = class_of("Q", (Type *[]){Root, NULL});
    Type *E = class_of("E", (Type *[]){P, Q, NULL});
    puts("\n    class Root: ...  class P(Root): ...  class Q(Root): ...  class E(P, Q): ...");
    assign("Q.__bases__ = (P,)", Q, "__bases__", keep(tuple_pack(1, P)));
    puts("\n    Q could be derived from P, but E, which has P before Q, could not be at all.\n"
         "    Both are as they were:");
    print_mros((Type *[]){Q, E}, 2);
    drop_all();
}

/* ---- The program -----------------------------------------------------------------------------*/

static bool merge, dot;
static const char *where;

static int work(int count, char **files) {
    const char *program = telling.demo->program;
    if (dot && count == 0) {
        draw_knot();
        return 0;
    }
    if (count != 1)
        return usage_error(program, "one file of class statements is taken; see --help");
    if (dot && (merge || where))
        return usage_error(program, "--dot takes no --merge and no --where");
    return demo_classes(files[0], merge, where, dot);
}

int main(int argc, char **argv) {
    remember_compiled();
    if (types_init() < 0) {
        error_print(stderr);
        return 1;
    }
    static const Scene scenes[] = {
        {"knot", "The knot of type and object", scene_knot, NULL, false},
        {"merge", "The order of the bases, merged", scene_merge, NULL, false},
        {"lookup", "One attribute, place by place", scene_lookup,
         "which place the answer comes from", false},
        {"cache", "The method cache, and what makes it forget", scene_cache, NULL, false},
        {"special", "Special methods and cells", scene_special, NULL, false},
        {"operators", "Who is asked in a + b, and first", scene_operators, NULL, false},
        {"assign", "New classes, new bases", scene_assign, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--merge", .about = "each class's merge, step by step", .flag = &merge},
        {.name = "--where",
         .takes = "CLASS.NAME",
         .about = "where this attribute comes from",
         .text = &where},
        {.name = "--dot",
         .about = "the classes of FILE for Graphviz; without FILE the knot",
         .flag = &dot},
        {0},
    };
    static const Demo demo = {
        .program = "type_demo",
        .about =
            "FILE: class statements, one a line, such as `class D(B, C): x, y`; - is standard\n"
            "input. Prints each class's MRO, or why it has none, then with status 1.",
        .operands = "FILE",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
