/* demo.c: the iterator's story, scene by scene; and a tool that numbers lines (lines.c). */
#include "demo.h"

/* ---- Small helpers ---------------------------------------------------------------------------*/

void print(void *op) {
    must(object_print(OBJECT(op), stdout, false));
}

Object *integer(int64_t value) {
    return need(int_from_long(value));
}

void append(List *list, int64_t value) {
    Object *item = integer(value);
    must(list_append(list, item));
    decref(item);
}

List *numbers(int count) {
    List *list = need(list_new());
    for (int i = 1; i <= count; i++)
        append(list, i);
    return list;
}

void walk(const char *label, void *iterable) {
    printf("    %-24s", label);
    Object *item;
    FOR(item, iterable) {
        print(item);
        putchar(' ');
    }
    FOR_ELSE {
        puts("and no more");
    }
    if (error_occurred()) {
        printf("and then\n    ");
        error_print(stdout);
    }
}

/* ---- protocol --------------------------------------------------------------------------------*/

static void print_answer(const char *what, Object *answer) {
    printf("    %-26s", what);
    if (!answer) {
        error_print(stdout);
        return;
    }
    puts(answer->type->name);
    decref(answer);
}

static void scene_protocol(void) {
    puts("Two cells of a type's table are what iteration is: `iter` makes an iterator,\n"
         "`iternext` asks it. `item` is the protocol from before there were iterators.\n");
    List *list = numbers(3);
    Object *iterator = need(object_get_iter(OBJECT(list))), *number = integer(7);
    Object *text = need(str_from_string("abc")), *range = need(range_new(0, 3, 1));
    Object *all[] = {number, text, OBJECT(list), range, iterator};
    puts("    type             iter      iternext   item");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const Type *type = all[i]->type;
        const char *iter = type->iter == object_self_iter ? "itself" : type->iter ? "yes" : "-";
        printf("    %-16s %-9s %-10s %s\n", type->name, iter, type->iternext ? "yes" : "-",
               type->item ? "yes" : "-");
    }
    step("what can be looped over? what can be asked for its next?");
    putchar('\n');
    print_answer("iter([1, 2, 3])", object_get_iter(OBJECT(list)));
    print_answer("iter(iter([1, 2, 3]))", object_get_iter(iterator));
    print_answer("iter(7)", object_get_iter(number));
    print_answer("next([1, 2, 3])", builtin_next(OBJECT(list)));
    print_answer("next(iter([1, 2, 3]))", builtin_next(iterator));
    puts("\nIterable: has `iter`. Iterator: has `iternext` too, and its `iter` is itself.");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
}

/* ---- twice -----------------------------------------------------------------------------------*/

static void scene_twice(void) {
    puts("A list makes a new iterator for each loop. An iterator makes none: it is one.\n");
    List *list = numbers(3);
    Object *iterator = need(object_get_iter(OBJECT(list)));
    walk("the list", list);
    walk("the list again", list);
    walk("its iterator", iterator);
    step("the iterator again: what comes?");
    walk("the iterator again", iterator);
    append(list, 4);
    walk("the list, one longer", list);
    step("and the iterator, now that there is a 4?");
    walk("the iterator, still", iterator);
    puts("\nThe second loop over an iterator is no error. It finds nothing, and says\nnothing.");
    decref(iterator);
    decref(list);
}

/* ---- class -----------------------------------------------------------------------------------*/

/* class Countdown: __iter__ returns self, __next__ counts down. */
typedef struct {
    Object ob;
    int64_t n;
} Countdown;

static void plain_dealloc(Object *op) {
    free(op);
}

static Object *countdown_next(Object *op) {
    Countdown *self = (Countdown *)op;
    return self->n > 0 ? int_from_long(self->n--) : NULL;
}

static const Type Countdown_Type = {
    .name = "Countdown",
    .dealloc = plain_dealloc,
    .iter = object_self_iter,
    .iternext = countdown_next,
};

static Object *new_of(const Type *type, int64_t n) {
    Countdown *self = object_new(type, sizeof *self);
    if (self) self->n = n;
    return OBJECT(self);
}

/* class Launch: __iter__ returns Countdown(self.n). It has no __next__. */
static Object *launch_iter(Object *op) {
    return new_of(&Countdown_Type, ((Countdown *)op)->n);
}

static const Type Launch_Type = {.name = "Launch", .dealloc = plain_dealloc, .iter = launch_iter};

/* for a in thing: for b in thing: print(a, b); over a thing of this type made with 3 */
static void print_pairs(const Type *type) {
    Object *thing = need(new_of(type, 3)), *a, *b;
    printf("    %s(3)%*s", type->name, 12 - (int)strlen(type->name), "");
    FOR(a, thing) {
        FOR(b, thing) {
            printf(" %" PRId64 "-%" PRId64, int_as_long(a), int_as_long(b));
        }
    }
    putchar('\n');
    decref(thing);
}

static void scene_class(void) {
    puts("Two classes. Countdown is an iterator; Launch is an iterable that makes\nCountdowns.\n\n"
         "    class Countdown:                       class Launch:\n"
         "        def __init__(self, n):                 def __init__(self, n):\n"
         "            self.n = n                             self.n = n\n"
         "        def __iter__(self):                    def __iter__(self):\n"
         "            return self                            return Countdown(self.n)\n"
         "        def __next__(self):\n"
         "            if self.n <= 0: raise StopIteration\n"
         "            self.n -= 1\n"
         "            return self.n + 1\n\n"
         "for a in thing: for b in thing: print(a, b)\n");
    print_pairs(&Launch_Type);
    step("Countdown is its own iterator: which pairs?");
    print_pairs(&Countdown_Type);
    puts("\nThe two loops over Countdown share one position: the inner one eats what the\n"
         "outer one had coming. So: keep the position in a separate object, made anew by\n"
         "__iter__.");
}

/* ---- for -------------------------------------------------------------------------------------*/

/* One step of the traced loop: the bytecode, what it did, and to which object. */
static void trace(const char *bytecode, const char *what, Object *op) {
    printf("    %-22s%s", bytecode, what);
    if (op) print(op);
    putchar('\n');
}

static void scene_for(void) {
    puts("A for statement taken apart. Left the bytecodes of CPython 3.11, right what each\n"
         "one does.\n\n"
         "    for c in text:\n"
         "        print(c)\n"
         "    else:\n"
         "        print('done')\n");
    step("text is 'ab': how often is the iterator asked?");
    Object *text = need(str_from_string("ab"));
    trace("LOAD_FAST text", "push ", text);
    Object *iterator = need(object_get_iter(text)), *c = NULL, *value;
    printf("    %-22spop it, push iter(it), a %s\n", "GET_ITER", iterator->type->name);
    decref(text); // the iterator alone keeps it alive now
    while ((value = iter_next(iterator))) {
        trace("FOR_ITER", "ask the iterator, push ", value);
        trace("STORE_FAST c", "pop it into c: c = ", value);
        xdecref(c);
        c = value;
        trace("  print(c)", ((Str *)c)->utf8, NULL);
        trace("JUMP_BACKWARD", "to FOR_ITER", NULL);
    }
    trace("FOR_ITER", "no value, no error: pop the iterator, jump to else", NULL);
    decref(iterator);
    trace("  print('done')", "done", NULL);
    printf("\nAfter the loop c is still ");
    print(c);
    puts(". A `break` jumps over the else part and pops the\niterator itself.\n");
    decref(c);

    puts("The same as one statement in C, FOR of for.h, with x == limit as the condition\n"
         "to break:\n");
    step("over 1, 2, 3: at which limit does else run, 2 or 4?");
    List *list = numbers(3);
    for (int limit = 2; limit <= 4; limit += 2) {
        printf("    limit %d:  ", limit);
        Object *x;
        FOR(x, list) {
            if (int_as_long(x) == limit) {
                puts("break");
                break;
            }
            printf("%" PRId64 "  ", int_as_long(x));
        }
        FOR_ELSE {
            puts("else");
        }
    }
    decref(list);
}

/* ---- range -----------------------------------------------------------------------------------*/

static void describe(int64_t start, int64_t stop, int64_t by, int64_t value) {
    Range *r = need(range_new(start, stop, by));
    printf("    ");
    print(r);
    printf("\n      length %" PRIu64, r->length);
    if (r->length) {
        Object *last = need(range_subscript(r, -1));
        printf(", last %" PRId64, int_as_long(last));
        decref(last);
    }
    printf(",\n      %" PRId64 " is %sin it\n", value, range_contains(r, value) ? "" : "not ");
    decref(r);
}

static void scene_range(void) {
    printf("A range stores three numbers and how many there are: %zu bytes, always. All else\n"
           "is arithmetic, at its edges unsigned: the distance from -2^63 to 2^63 - 1 has no\n"
           "signed 64-bit form.\n\n",
           sizeof(Range));
    describe(0, 10, 3, 9);
    describe(10, 0, -3, 0);
    describe(0, 0, 1, 0);
    describe(0, INT64_C(1000000000000000000), 7, INT64_C(700000000000000007));
    step("from one end of 64 bits to the other: what length?");
    describe(INT64_MIN, INT64_MAX, 1, 0);
    describe(INT64_MAX, INT64_MIN, INT64_MIN, -1);
    Object *huge = need(range_new(INT64_MIN, INT64_MAX, 1));
    printf("\n    len(range(-2**63, 2**63 - 1)):\n    ");
    if (object_length(huge) < 0) error_print(stdout);
    Object *a = need(range_new(0, 3, 2)), *b = need(range_new(0, 4, 2));
    printf("\n    range(0, 3, 2) == range(0, 4, 2) is %s: they give the same numbers\n",
           object_rich_equal(a, b) ? "True" : "False");
    decref(a);
    decref(b);
    decref(huge);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *grep;
static long head = -1;
static bool zip, dot;

static int work(int count, char **files) {
    const char *program = telling.demo->program;
    if (dot) {
        draw_memory();
        return 0;
    }
    if (count == 0) return usage_error(program, "no file is named; see --help");
    if (!zip) return demo_lines(count, files, head, grep);
    if (grep || head >= 0) return usage_error(program, "--zip takes no --head and no --grep");
    if (count != 2) return usage_error(program, "--zip takes two files; see --help");
    return demo_zip(files);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"protocol", "Who can be iterated over", scene_protocol, NULL, false},
        {"twice", "A list twice, an iterator once", scene_twice,
         "the second loop over the iterator", false},
        {"class", "A position of one's own", scene_class, NULL, false},
        {"for", "The for statement, step by step", scene_for, NULL, false},
        {"range", "Numbers that are never stored", scene_range, NULL, false},
        {"lazy", "Who asks whom, and when", scene_lazy, NULL, false},
        {"lost", "What is taken and not handed on", scene_lost, NULL, false},
        {"sentinel", "A function as an iterator", scene_sentinel, NULL, false},
        {"mutation", "Changing what is being walked over", scene_mutation, NULL, false},
        {0},
    };
    static const Scene data[] = {
        {"lazy", "who asks whom in the scene lazy, for pull.svg", csv_lazy, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--head",
         .takes = "N",
         .about = "only the first N",
         .number = &head,
         .low = 0,
         .high = 1000000000},
        {.name = "--grep", .takes = "TEXT", .about = "only those with this text", .text = &grep},
        {.name = "--zip", .about = "two files side by side, strictly", .flag = &zip},
        {.name = "--dot",
         .about = "a list and two iterators in memory, for Graphviz",
         .flag = &dot,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "iterator_demo",
        .about = "FILE...: the lines, numbered, through a chain of iterators; - is standard input",
        .operands = "FILE...",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
