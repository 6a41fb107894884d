/* merge.c: the knot of type and object, and the merge of a class's MRO, both as they lie in memory. */
#include "demo.h"

static int column;
static bool space; // one is due, unless a new line begins

void put_word(int indent, const char *word) {
    int width = word ? (int)strlen(word) : 0;
    if (word && strcmp(word, " ") == 0) {
        space = true;
        return;
    }
    if (!word || column + space + width > 79) {
        printf("%s%*s", word ? "\n" : "", indent, "");
        column = indent;
        space = false;
    }
    column += printf("%s%s", space ? " " : "", word ? word : "");
    space = false;
}

void put_names(int indent, const Tuple *types, ssize_t from) {
    for (ssize_t i = from; i < types->size; i++) {
        put_word(indent, ((Type *)types->items[i])->name);
        if (i + 1 < types->size) put_word(indent, " ");
    }
}

void put_error(int indent) {
    Error error = error_fetch();
    put_word(indent, error_name(error.type));
    put_word(indent, error.message[0] ? ":" : "");
    for (char *word = error.message; *word;) {
        size_t length = strcspn(word, " \n");
        char after = word[length];
        word[length] = '\0';
        put_word(indent, " ");
        put_word(indent, word);
        word += length;
        if (after == '\n') column = 80; // CPython's own line break
        if (after) word++;
    }
    putchar('\n');
}

/* ---- knot ------------------------------------------------------------------------------------*/

/* Addresses differ from run to run, so each is shown as a number: #1 for the first that is met. */
static const void *seen[32];

static int number_of(const void *address) {
    int i = 0;
    while (seen[i] && seen[i] != address)
        i++;
    seen[i] = address;
    return i + 1;
}

static void print_address(const void *address, int width) {
    char text[16] = "NULL";
    if (address) snprintf(text, sizeof text, "#%d", number_of(address));
    printf("%-*s", width, text);
}

static void print_tuple(const Tuple *tuple, int width) {
    char text[64] = "(";
    size_t length = 1;
    for (ssize_t i = 0; tuple && i < tuple->size; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s#%d", i ? ", " : "",
                                   number_of(tuple->items[i]));
    }
    printf("%-*s", width, tuple ? strcat(text, ")") : "NULL");
}

/* One row: where an object lies, and the pointers in it. `as` is what is read instead, or NULL. */
static void print_object(const char *name, const void *op, const Type *as) {
    const Type *type = as ? as : op;
    printf("    ");
    print_address(op, 5);
    printf("%-20s", name);
    print_address(type->ob.type, as || type_check(op) ? 7 : 0);
    if (as || type_check(op)) {
        print_address(type->base, 7);
        print_tuple(type->bases, 9);
        print_tuple(type->mro, 0);
    }
    putchar('\n');
}

static void print_bool(const char *expression, bool value) {
    printf("    %-28s%s\n", expression, value ? "True" : "False");
}

static Type compiled[2]; // type and object before types_init(), which ties the knot

void remember_compiled(void) {
    compiled[0] = Type_Type;
    compiled[1] = Object_Type;
}

void scene_knot(void) {
    memset(seen, 0, sizeof seen);
    Type *C = class_of("C", (Type *[]){NULL});
    Object *c = keep(type_generic_alloc(C, 0)), *five = keep(int_from_long(5));
    puts("Every object begins with a count and a pointer to its type, and a type is an\n"
         "object too. What this program's memory holds, each address shown as a number:\n\n"
         "    at   object              type   base   bases    mro");
    print_object("c, made by C()", c, NULL);
    print_object("class C", C, NULL);
    print_object("5", five, NULL);
    print_object("int", &Int_Type, NULL);
    step("what are #3 and #4, and of which type are they?");
    print_object("type", &Type_Type, NULL);
    print_object("object", &Object_Type, NULL);
    puts("\nFollow the column `type` from anywhere: it ends at type, which is its own.\n"
         "Follow `base`: it ends at object, which has none. So each is above the other:\n");
    print_bool("type(type) is type", Type_Type.ob.type == &Type_Type);
    print_bool("isinstance(object, type)", object_is_instance(OBJECT(&Object_Type), &Type_Type));
    print_bool("isinstance(type, object)", object_is_instance(OBJECT(&Type_Type), &Object_Type));
    print_bool("issubclass(type, object)", type_is_subtype(&Type_Type, &Object_Type));
    print_bool("issubclass(object, type)", type_is_subtype(&Object_Type, &Type_Type));
    step("neither can be made before the other: who ties the knot?");
    puts("\nNobody makes them: both are static structs, and these pointers of theirs are in\n"
         "the executable. type_ready() has filled in what is NULL here.\n");
    print_object("type, as compiled", &Type_Type, &compiled[0]);
    print_object("object, as compiled", &Object_Type, &compiled[1]);
    drop_all();
}

static void draw_object(const char *node, const char *name, Object *op, const char *fill) {
    printf("  %s [fillcolor=\"%s\", label=\"<head>%s|refcnt|<type>type", node, fill, name);
    const Type *type = type_check(op) ? (Type *)op : NULL;
    if (type) printf("|<base>base%s|mro (", type->base ? "" : " NULL");
    for (ssize_t i = 0; type && i < type->mro->size; i++)
        printf("%s%s", i ? ", " : "", ((Type *)type->mro->items[i])->name);
    puts(type ? ")\"];" : "\"];");
}

static void draw_edge(const char *from, const char *port, const char *to, const char *style) {
    printf("  %s:%s -> %s:head [%s];\n", from, port, to, style);
}

/* What each box points at is looked up among the boxes. */
void draw_knot(void) {
    Type *C = class_of("C", (Type *[]){NULL});
    struct {
        const char *node, *name, *fill;
        Object *op;
    } boxes[] = {
        {"c", "an instance of C", "#80808033", keep(type_generic_alloc(C, 0))},
        {"five", "5", "#80808033", keep(int_from_long(5))},
        {"C", "class C", "#3fb95033", OBJECT(C)},
        {"int", "int", "#3fb95033", OBJECT(&Int_Type)},
        {"type", "type", "#d2992233", OBJECT(&Type_Type)},
        {"object", "object", "#2f81f733", OBJECT(&Object_Type)},
    };
    enum { COUNT = sizeof boxes / sizeof *boxes };
    puts("digraph {\n  rankdir=LR; bgcolor=transparent; nodesep=0.5; ranksep=1.1;\n"
         "  node [shape=record, fontname=\"sans-serif\", fontsize=13, style=filled];");
    for (int i = 0; i < COUNT; i++)
        draw_object(boxes[i].node, boxes[i].name, boxes[i].op, boxes[i].fill);
    for (int i = 0; i < COUNT; i++) {
        const Type *type = (Type *)boxes[i].op,
                   *base = type_check(OBJECT(type)) ? type->base : NULL;
        for (int j = 0; j < COUNT; j++) {
            if (OBJECT(type->ob.type) == boxes[j].op)
                draw_edge(boxes[i].node, "type", boxes[j].node, "color=\"#d29922\"");
            if (base && OBJECT(base) == boxes[j].op)
                draw_edge(boxes[i].node, "base", boxes[j].node, "color=\"#2f81f7\"");
        }
    }
    puts("}");
    drop_all();
}

/* ---- merge -----------------------------------------------------------------------------------*/

/* The first list in whose tail the type stands, or -1. */
static ssize_t tail_with(const MergeStep *merge, const Object *type) {
    for (ssize_t i = 0; i < merge->nlists; i++) {
        for (ssize_t at = merge->remain[i] + 1; at < merge->lists[i]->size; at++)
            if (merge->lists[i]->items[at] == type) return i;
    }
    return -1;
}

static void print_lists(const MergeStep *merge, int number) {
    put_word(0, NULL);
    char text[24];
    snprintf(text, sizeof text, "  %2d  ", number);
    put_word(0, text);
    bool first = true;
    for (ssize_t i = 0; i < merge->nlists; i++) {
        if (merge->remain[i] >= merge->lists[i]->size) continue; // used up
        put_word(6, first ? "" : " ");
        put_word(6, first ? "" : "|");
        put_word(6, first ? "" : " ");
        put_names(6, merge->lists[i], merge->remain[i]);
        first = false;
    }
    putchar('\n');
}

/* Why each head before the chosen one is not taken: once, if it heads several lists. */
static void print_refusals(const MergeStep *merge) {
    for (ssize_t i = 0; i < merge->nlists; i++) {
        if (merge->remain[i] >= merge->lists[i]->size) continue;
        const Object *head = merge->lists[i]->items[merge->remain[i]];
        if ((const Type *)head == merge->chosen) return;
        bool told = false;
        for (ssize_t j = 0; j < i; j++)
            told |= merge->remain[j] < merge->lists[j]->size &&
                    merge->lists[j]->items[merge->remain[j]] == head;
        if (told) continue;
        ssize_t tail = tail_with(merge, head);
        const Tuple *list = merge->lists[tail];
        printf("      %s? no: it comes after %s\n", ((const Type *)head)->name,
               ((Type *)list->items[merge->remain[tail]])->name);
    }
}

void print_merge(const MergeStep *merge, void *arg) {
    Watch *watch = arg;
    watch->at++;
    if (watch->only_end && merge->chosen) return;
    print_lists(merge, watch->at);
    if (watch->asks == watch->at) step(watch->question);
    print_refusals(merge);
    if (merge->chosen)
        printf("      %s is in no tail: taken\n", merge->chosen->name);
    else
        puts("      no head is left that could be taken");
}

static void merge_of(const char *name, Type *const *bases, int asks, const char *question) {
    ssize_t size = 0;
    while (bases[size])
        size++;
    Tuple *tuple = keep(tuple_new(size));
    for (ssize_t i = 0; i < size; i++)
        tuple->items[i] = new_ref(bases[i]);
    Type *type = type_new(NULL, name, tuple, NULL);
    Error error = error_fetch();
    Watch watch = {.asks = asks, .question = question};
    xdecref(type_mro(type ? type : &Object_Type, tuple, print_merge, &watch));
    if (type) {
        printf("    MRO: ");
        put_names(4, ((Type *)keep(type))->mro, 0);
        putchar('\n');
    } else {
        error_restore(error);
        put_word(4, NULL);
        put_error(4);
    }
}

void scene_merge(void) {
    puts("A class comes before its bases, and bases come in the order in which a class\n"
         "names them. To merge: the MRO of each base, then the bases themselves; always\n"
         "the first head that stands in no other list's tail.\n\n"
         "    class A: ...\n"
         "    class B(A): ...\n"
         "    class C(A): ...\n"
         "    class D(B, C): ...\n");
    Type *A = class_of("A", (Type *[]){NULL});
    Type *B = class_of("B", (Type *[]){A, NULL}), *C = class_of("C", (Type *[]){A, NULL});
    merge_of("D", (Type *[]){B, C, NULL}, 2, "A and C head a list: which is taken?");
    puts("\nDepth first it would be D B A object C: a method that C overrides would be\n"
         "found in A. The tails are what keeps A behind everything derived from it.");
    step("class X(A, B), and B is derived from A: which of them is first?");
    puts("\n    class X(A, B): ...");
    merge_of("X", (Type *[]){A, B, NULL}, 0, NULL);
    puts("\nX says A before B, B says B before A: its base comes after it.");
    step("and class X(B, A)?");
    puts("The other order, the derived class first, keeps both promises.\n\n"
         "    class X(B, A): ...");
    merge_of("X", (Type *[]){B, A, NULL}, 0, NULL);
    drop_all();
}
