/* demo.c: the iterator's story, scene by scene; and a tool that numbers lines (lines.c). */
#include "demo.h"

#include <inttypes.h>

const char *program = "iterator_demo";

void *must(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    error_print(stderr);
    exit(1);
}

/* ---- Small helpers ---------------------------------------------------------------------------*/

void print(void *op) {
    if (object_print(OBJECT(op), stdout, false) < 0) must(NULL);
}

Object *integer(int64_t value) {
    return must(int_from_long(value));
}

void append(List *list, int64_t value) {
    Object *item = integer(value);
    if (list_append(list, item) < 0) must(NULL);
    decref(item);
}

/* [1, 2, ..., count] */
List *numbers(int count) {
    List *list = must(list_new());
    for (int i = 1; i <= count; i++)
        append(list, i);
    return list;
}

/* Prints all that is left of an iterator, or of a new one over what is none; then how it ended. */
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
        printf("and then ");
        error_print(stdout);
    }
}

/* ---- protocol --------------------------------------------------------------------------------*/

static void print_answer(const char *what, Object *answer) {
    if (answer) {
        printf("    %-26s%s\n", what, answer->type->name);
        decref(answer);
    } else {
        printf("    %-26s", what);
        error_print(stdout);
    }
}

static void scene_protocol(void) {
    puts("Two cells of a type's table are what iteration is: `iter` makes an iterator, `iternext` "
         "asks\n"
         "it. `item` is the protocol from before there were iterators.\n");
    List *list = numbers(3);
    Object *iterator = must(object_get_iter(OBJECT(list))), *number = integer(7);
    Object *text = must(str_from_string("abc")), *range = must(range_new(0, 3, 1));
    Object *all[] = {number, text, OBJECT(list), range, iterator};
    puts("    type             iter      iternext   item");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const Type *type = all[i]->type;
        printf("    %-16s %-9s %-10s %s\n", type->name,
               type->iter == object_self_iter ? "itself"
               : type->iter                   ? "yes"
                                              : "-",
               type->iternext ? "yes" : "-", type->item ? "yes" : "-");
    }
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
    puts("A list makes a new iterator for each loop. An iterator makes none: it is the one.\n");
    List *list = numbers(3);
    Object *iterator = must(object_get_iter(OBJECT(list)));
    walk("the list", list);
    walk("the list again", list);
    walk("its iterator", iterator);
    walk("the iterator again", iterator);
    append(list, 4);
    walk("the list, one longer", list);
    walk("the iterator, still", iterator);
    puts("\nThe second loop over an iterator is no error. It finds nothing, and says nothing.");
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

static Object *countdown_new(int64_t n) {
    Countdown *self = object_new(&Countdown_Type, sizeof *self);
    if (self) self->n = n;
    return OBJECT(self);
}

/* class Launch: __iter__ returns Countdown(self.n). It has no __next__. */
static Object *launch_iter(Object *op) {
    return countdown_new(((Countdown *)op)->n);
}

static const Type Launch_Type = {.name = "Launch", .dealloc = plain_dealloc, .iter = launch_iter};

/* for a in thing: for b in thing: print(a, b) */
static void print_pairs(const char *label, Object *thing) {
    printf("    %-15s", label);
    Object *a, *b;
    FOR(a, thing) {
        FOR(b, thing) {
            printf(" %" PRId64 "-%" PRId64, int_as_long(a), int_as_long(b));
        }
    }
    putchar('\n');
}

static void scene_class(void) {
    puts("Two classes. Countdown is an iterator; Launch is an iterable that makes Countdowns.\n\n"
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
    Object *countdown = must(countdown_new(3));
    Countdown *launch = must(object_new(&Launch_Type, sizeof *launch));
    launch->n = 3;
    print_pairs("Launch(3)", OBJECT(launch));
    print_pairs("Countdown(3)", countdown);
    puts(
        "\nThe two loops over Countdown share one position: the inner one eats what the outer one\n"
        "had coming. So: keep the position in a separate object, made anew by __iter__.");
    decref(countdown);
    decref(launch);
}

/* ---- for -------------------------------------------------------------------------------------*/

/* One step of the traced loop: bytecode, what it did, and the reference count of the iterator. */
static void step(const char *bytecode, const char *what, Object *op, const char *after) {
    printf("    %-22s%s", bytecode, what);
    if (op) print(op);
    puts(after);
}

static void scene_for(void) {
    puts("A for statement taken apart. Left the bytecodes of CPython 3.11, right what each one "
         "does.\n\n"
         "    for c in text:\n"
         "        print(c)\n"
         "    else:\n"
         "        print('done')\n");
    Object *text = must(str_from_string("ab"));
    step("LOAD_FAST text", "push ", text, "");
    Object *iterator = must(object_get_iter(text)), *c = NULL, *value;
    step("GET_ITER", "pop it, push iter(it), a ", NULL, iterator->type->name);
    decref(text); // the iterator alone keeps it alive now
    while ((value = iter_next(iterator))) {
        step("FOR_ITER", "ask the iterator, push ", value, "");
        step("STORE_FAST c", "pop it into c: c = ", value, "");
        xdecref(c);
        c = value;
        printf("    %-22s", "  print(c)");
        object_print(c, stdout, true);
        puts("");
        step("JUMP_BACKWARD", "to FOR_ITER", NULL, "");
    }
    step("FOR_ITER", "no value, no error: pop the iterator, jump to else", NULL, "");
    decref(iterator);
    step("  print('done')", "done", NULL, "");
    printf("\nAfter the loop c is still ");
    print(c);
    puts(". A `break` jumps over the else part and pops the iterator itself.\n");
    decref(c);

    puts("The same as one statement in C, FOR of for.h, with x == limit as the condition to "
         "break:\n");
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

static void describe(int64_t start, int64_t stop, int64_t step_, int64_t value) {
    Range *r = must(range_new(start, stop, step_));
    print(r);
    printf("\n      length %" PRIu64, r->length);
    if (r->length) {
        Object *last = must(range_subscript(r, -1));
        printf(", last %" PRId64, int_as_long(last));
        decref(last);
    }
    printf(", %" PRId64 " is %sin it", value, range_contains(r, value) ? "" : "not ");
    printf(", %zu bytes\n", sizeof *r);
    decref(r);
}

static void scene_range(void) {
    puts("A range stores three numbers and how many there are. All else is arithmetic, at its "
         "edges\n"
         "unsigned: the distance from -2^63 to 2^63 - 1 has no signed 64-bit form.\n");
    describe(0, 10, 3, 9);
    describe(10, 0, -3, 0);
    describe(0, 0, 1, 0);
    describe(0, INT64_C(1000000000000000000), 7, INT64_C(700000000000000007));
    describe(INT64_MIN, INT64_MAX, 1, 0);
    describe(INT64_MAX, INT64_MIN, INT64_MIN, -1);
    Object *huge = must(range_new(INT64_MIN, INT64_MAX, 1));
    printf("\n    len(range(-2**63, 2**63 - 1))    ");
    if (object_length(huge) < 0) error_print(stdout);
    Object *a = must(range_new(0, 3, 2)), *b = must(range_new(0, 4, 2));
    printf("    range(0, 3, 2) == range(0, 4, 2)    %s: they give the same numbers\n",
           object_rich_equal(a, b) ? "True" : "False");
    decref(a);
    decref(b);
    decref(huge);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const struct {
    const char *name, *title;
    void (*play)(void);
} scenes[] = {
    {"protocol", "Who can be iterated over", scene_protocol},
    {"twice", "A list twice, an iterator once", scene_twice},
    {"class", "A position of one's own", scene_class},
    {"for", "The for statement, step by step", scene_for},
    {"range", "Numbers that are never stored", scene_range},
    {"lazy", "Who asks whom, and when", scene_lazy},
    {"lost", "What is taken and not handed on", scene_lost},
    {"sentinel", "A function as an iterator", scene_sentinel},
    {"mutation", "Changing what is being walked over", scene_mutation},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void help(void) {
    printf(
        "usage: %s                                 tells the whole story\n"
        "       %s --scene NAME                    one scene of it\n"
        "       %s [--head N] [--grep TEXT] FILE... the lines, numbered; - is standard input\n"
        "       %s --zip A B                       the lines of two files side by side, strictly\n"
        "       %s --csv lazy, --dot               data for the pictures\n\nscenes:\n",
        program, program, program, program, program);
    for (int i = 0; i < SCENES; i++)
        printf("  %-10s %s\n", scenes[i].name, scenes[i].title);
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (name && strcmp(name, scenes[i].name) != 0) continue;
        heading(scenes[i].title);
        scenes[i].play();
        if (name) return 0;
    }
    return name ? usage_error(program, "no scene '%s'; see --help", name) : 0;
}

/* The options that take files: 0 and up is a status. */
static int read_files(int argc, char **argv) {
    int64_t head = -1;
    const char *grep = NULL;
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-' && argv[i][1]; i += 2) {
        if (strcmp(argv[i], "--grep") == 0) {
            grep = argv[i + 1];
        } else if (strcmp(argv[i], "--head") == 0) {
            char *end;
            head = strtoll(argv[i + 1], &end, 10);
            if (end == argv[i + 1] || *end || head < 0 || head == INT64_MAX) {
                return usage_error(program, "--head takes a number, not '%s'", argv[i + 1]);
            }
        } else {
            break;
        }
    }
    if (i < argc && argv[i][0] == '-' && argv[i][1]) {
        return usage_error(program, "cannot make sense of '%s'; see --help", argv[i]);
    }
    if (i == argc) return usage_error(program, "no file is named; see --help");
    return demo_lines(argc - i, argv + i, head, grep);
}

static int run(int argc, char **argv) {
    if (argc < 2) return play(NULL);
    if (strcmp(argv[1], "--help") == 0) return help(), 0;
    if (strcmp(argv[1], "--scene") == 0) {
        if (argc != 3) return usage_error(program, "--scene takes one name; see --help");
        return play(argv[2]);
    }
    if (strcmp(argv[1], "--csv") == 0 && argc == 3 && strcmp(argv[2], "lazy") == 0) {
        return csv_lazy(), 0;
    }
    if (strcmp(argv[1], "--dot") == 0 && argc == 2) return dot(), 0;
    if (strcmp(argv[1], "--zip") == 0) {
        if (argc != 4) return usage_error(program, "--zip takes two files; see --help");
        return demo_zip(argv[2], argv[3]);
    }
    return read_files(argc, argv);
}

int main(int argc, char **argv) {
    return finish_output(program, run(argc, argv));
}
