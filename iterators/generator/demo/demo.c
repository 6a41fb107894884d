/* demo.c: the story of a generator, told by a run.
 *
 *     generator_demo                     every scene
 *     generator_demo --scene NAME        one of them
 *     generator_demo [OPTIONS] FILE...   a lazy pipeline over the lines of files; - is stdin
 *     generator_demo --dot life, --csv pull   the data of the pictures
 */
#include "demo.h"
#include "pipeline.h"

#define PROGRAM "generator_demo"

void *need(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", PROGRAM);
    error_print(stderr);
    exit(1);
}

static Object *next_of(Generator *generator) {
    return builtin_next(OBJECT(generator));
}

/* Prints a result, or the error, and drops it. */
static void show(const char *what, Object *result) {
    printf("%-24s -> ", what);
    if (result) {
        object_print(result, stdout, false);
        putchar('\n');
        decref(result);
    } else {
        error_print(stdout);
    }
}

/* ---- life: the frame between resumes ---------------------------------------------------------*/

/* def life(n): */
typedef struct {
    int64_t n, total;
} Life;

static Object *life_run(Generator *self, Object *sent) {
    BEGIN(Life);                                              // def life(n):
    local->total = 0;                                         //     total = 0
    while (local->n > 0) {                                    //     while n > 0:
        YIELD(int_from_long(local->n * local->n));            //         got = yield n * n
        local->total += sent == None ? 1 : int_as_long(sent); //         total += got or 1
        local->n -= 1;                                        //         n -= 1
    }                                                         //
    RETURN(int_from_long(local->total));                      //     return total
    END;
}
static const Code life_code = {"life", life_run, sizeof(Life), 0, 0};

static Generator *life(int64_t n) {
    return need(generator_new(&life_code, &(Life){.n = n}));
}

static void show_frame(Generator *generator, const void *first) {
    const char *state = generator_state(generator);
    printf("    %s", state);
    if (generator->state < FRAME_EXECUTING) {
        const Life *local = frame_locals(generator);
        printf("%*slasti %d, n = %d, total = %-3d %s", 14 - (int)strlen(state), "",
               generator->lasti, (int)local->n, (int)local->total,
               first == local ? "same address" : "ANOTHER ADDRESS");
    }
    putchar('\n');
}

static void scene_life(void) {
    heading("life: a frame that outlives its call");
    puts("def life(n): total = 0; while n > 0: total += (yield n * n) or 1; n -= 1; return total\n"
         "Look at the frame between the resumes: where it stands (lasti, a line counted from the\n"
         "def), what it knows, and that it stays where it is.\n");
    Generator *generator = life(2);
    const void *first = frame_locals(generator);
    show_frame(generator, first);
    show("next", next_of(generator));
    show_frame(generator, first);
    Object *ten = need(int_from_long(10));
    show("send(10)", generator_send(generator, ten));
    show_frame(generator, first);
    show("next", next_of(generator));
    show_frame(generator, first);
    show("next", next_of(generator));
    printf(
        "\nThe whole generator, frame and all: %zu bytes in one block. A function's frame is gone"
        "\nwhen it returns; this one was there before the first line ran.\n",
        generator_sizeof(&life_code));
    decref(ten);
    decref(generator);
}

/* ---- lost: no C variable survives a yield ----------------------------------------------------*/

typedef struct {
    int64_t kept;
} Lost;

static Object *lost_run(Generator *self, Object *sent) {
    volatile int64_t lost = -1; // a C variable: made anew by every resume
    BEGIN(Lost);
    lost = local->kept = 42;
    printf("    before the yield   lost = %d, local->kept = %d\n", (int)lost, (int)local->kept);
    YIELD(new_ref(None));
    printf("    after the yield    lost = %d, local->kept = %d\n", (int)lost, (int)local->kept);
    END;
}
static const Code lost_code = {"lost", lost_run, sizeof(Lost), 0, 0};

static void scene_lost(void) {
    heading("lost: no C variable survives a yield");
    puts("A yield is a return: the C frame goes. What is in the locals struct stays.\n");
    Generator *generator = need(generator_new(&lost_code, &(Lost){0}));
    show("next", next_of(generator));
    show("next", next_of(generator));
    decref(generator);
}

/* ---- protocol: send, throw, close ------------------------------------------------------------*/

typedef struct {
    Object *sub;
    const char *name;
    int64_t n, total;
} Worker;

/* def averager():
 *     total = n = 0
 *     try:
 *         while True:
 *             value = yield total // n if n else None
 *             total, n = total + value, n + 1
 *     finally:
 *         print(name, 'finally') */
static Object *averager_run(Generator *self, Object *sent) {
    BEGIN(Worker);
    TRY {
        while (true) {
            YIELD(local->n ? int_from_long(local->total / local->n) : new_ref(None));
            int64_t value = int_as_long(sent);
            if (error_occurred()) return NULL;
            local->total += value;
            local->n += 1;
        }
    }
    FINALLY {
        printf("    %s: finally\n", local->name);
    }
    END_FINALLY;
    END;
}
static const Code averager_code = {"averager", averager_run, sizeof(Worker), 1, 1};

/* def manager(sub):
 *     try:
 *         yield from sub
 *     except ValueError as error:
 *         print(name, 'handles', error)
 *         yield 'recovered'
 *     finally:
 *         print(name, 'finally') */
static Object *manager_run(Generator *self, Object *sent) {
    BEGIN(Worker);
    TRY {
        TRY {
            YIELD_FROM(new_ref(local->sub));
        }
        EXCEPT(ValueError) {
            printf("    %s: handles %s\n", local->name, frame_caught(self));
            YIELD(str_from_string("recovered"));
        }
        END_TRY;
    }
    FINALLY {
        printf("    %s: finally\n", local->name);
    }
    END_FINALLY;
    END;
}
static const Code manager_code = {"manager", manager_run, sizeof(Worker), 1, 2};

/* manager(manager(averager())): three levels. */
static Generator *office(void) {
    Object *inner = need(generator_new(&averager_code, &(Worker){.name = "averager"}));
    Object *middle = need(generator_new(&manager_code, &(Worker){inner, "middle", 0, 0}));
    Object *outer = need(generator_new(&manager_code, &(Worker){middle, "outer", 0, 0}));
    decref(inner);
    decref(middle);
    return (Generator *)outer;
}

static void send_int(Generator *generator, int64_t n) {
    char what[40];
    snprintf(what, sizeof what, "send(%d)", (int)n);
    Object *value = need(int_from_long(n));
    show(what, generator_send(generator, value));
    decref(value);
}

static void scene_protocol(void) {
    heading("protocol: three levels of yield from");
    puts("outer and middle only delegate; averager does the work. All requests go to outer. Look\n"
         "at who handles a throw, and at the order of `finally`: from the inside out.\n");
    Generator *generator = office();
    send_int(generator, 10);
    show("next", next_of(generator));
    send_int(generator, 10);
    send_int(generator, 20);
    show("throw(ValueError('x'))", generator_throw(generator, ValueError, "x"));
    show("next", next_of(generator));
    decref(generator);
    puts("\nAnother one, closed while it waits three levels down:");
    generator = office();
    show("next", next_of(generator));
    generator_close(generator);
    puts("And one that nobody refers to any more:");
    Generator *dropped = office();
    show("next", next_of(dropped));
    decref(dropped);
    decref(generator);
}

/* ---- pull: who asks whom ---------------------------------------------------------------------*/

static bool as_csv;
static int event;

static void trace(int stage, const char *what, Object *item) {
    event++;
    if (as_csv) {
        printf("%d,%d\n", event, stage);
        return;
    }
    printf("  %2d  %*s%s", event, 10 * stage, "", what);
    if (item) putchar(' ');
    if (item) object_print(item, stdout, false);
    putchar('\n');
}

typedef struct {
    Object *source, *x;
    int64_t n, stage;
} Tube;

static Object *numbers_run(Generator *self, Object *sent) {
    BEGIN(Tube);
    while (true) {
        YIELD(int_from_long(local->n));
        local->n += 1;
    }
    END;
}

/* def evens(source):  for x in source: if x % 2 == 0: yield x */
static Object *evens_run(Generator *self, Object *sent) {
    BEGIN(Tube);
    FOR_EACH(local->x, local->source) {
        trace(0, "number", local->x);
        if (int_as_long(local->x) % 2 == 0) YIELD(new_ref(local->x));
    }
    END;
}

/* def squares(source):  for x in source: yield x * x */
static Object *squares_run(Generator *self, Object *sent) {
    BEGIN(Tube);
    FOR_EACH(local->x, local->source) {
        trace(1, "even", local->x);
        YIELD(int_from_long(int_as_long(local->x) * int_as_long(local->x)));
    }
    END;
}
static const Code numbers_code = {"numbers", numbers_run, sizeof(Tube), 2, 0};
static const Code evens_code = {"evens", evens_run, sizeof(Tube), 2, 0};
static const Code squares_code = {"squares", squares_run, sizeof(Tube), 2, 0};

static void play_pull(void) {
    Object *numbers = need(generator_new(&numbers_code, &(Tube){.n = 1}));
    Object *evens = need(generator_new(&evens_code, &(Tube){.source = numbers}));
    Object *squares = need(generator_new(&squares_code, &(Tube){.source = evens}));
    event = 0;
    for (int i = 0; i < 3; i++) {
        Object *square = need(iter_next(squares));
        trace(2, "square", square);
        decref(square);
    }
    decref(squares);
    decref(evens);
    decref(numbers);
}

static void scene_pull(void) {
    heading("pull: a pipeline over all the integers");
    puts(
        "numbers -> evens -> squares, and three values taken. Nothing runs ahead: each value goes\n"
        "through to the end before the next number is made.\n");
    play_pull();
}

/* ---- hanoi: recursion ------------------------------------------------------------------------*/

/* def hanoi(n, a, b, c):
 *     if n > 0:
 *         yield from hanoi(n - 1, a, c, b)
 *         yield f'{a} -> {c}'
 *         yield from hanoi(n - 1, b, a, c) */
typedef struct {
    int64_t n;
    const char *a, *b, *c;
} Hanoi;

static Object *hanoi(int64_t n, const char *a, const char *b, const char *c);

static Object *hanoi_run(Generator *self, Object *sent) {
    BEGIN(Hanoi);
    if (local->n > 0) {
        YIELD_FROM(hanoi(local->n - 1, local->a, local->c, local->b));
        YIELD(str_from_format("%s -> %s", local->a, local->c));
        YIELD_FROM(hanoi(local->n - 1, local->b, local->a, local->c));
    }
    END;
}
static const Code hanoi_code = {"hanoi", hanoi_run, sizeof(Hanoi), 0, 0};

static Object *hanoi(int64_t n, const char *a, const char *b, const char *c) {
    return generator_new(&hanoi_code, &(Hanoi){n, a, b, c});
}

static void scene_hanoi(void) {
    heading("hanoi: recursion that can be stopped");
    puts("A generator that delegates to two of its own kind. The move is counted, never stored.\n");
    Object *moves = need(hanoi(3, "A", "B", "C")), *move;
    while ((move = iter_next(moves))) {
        printf(" ");
        object_print(move, stdout, true);
        decref(move);
        putchar(';');
    }
    decref(moves);
    moves = need(hanoi(60, "A", "B", "C"));
    printf("\nfirst of 2**60 - 1:");
    for (int i = 0; i < 4; i++) {
        printf("  ");
        move = need(iter_next(moves));
        object_print(move, stdout, true);
        decref(move);
    }
    putchar('\n');
    decref(moves);
}

static void scene_life_and_stack(void) {
    scene_stackful(generator_sizeof(&life_code));
}

/* ---- The command line ------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*play)(void);
    const char *about;
} scenes[] = {
    {"life", scene_life, "a frame's position and locals between resumes"},
    {"lost", scene_lost, "no C variable survives a yield"},
    {"protocol", scene_protocol, "send, throw, close through three levels of yield from"},
    {"pull", scene_pull, "the order in which a pipeline works"},
    {"hanoi", scene_hanoi, "recursion by yield from"},
    {"stackful", scene_life_and_stack, "the same with a stack of its own (ucontext), for contrast"},
    {"memory", scene_memory, "ten million ints: generator against list (varies)"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static int help(void) {
    puts("usage: generator_demo [--scene NAME]\n"
         "       generator_demo [OPTIONS] FILE...       - is standard input\n\n"
         "A lazy pipeline over the lines of files:\n"
         "  --grep TEXT   only lines with TEXT in them\n"
         "  --field K     their field K, from 1      --sep TEXT  between fields (default: blanks)\n"
         "  --head N      stop after N               --count     print how many\n"
         "  --top N       the N most frequent, with their counts\n\nscenes:");
    for (int i = 0; i < SCENES; i++)
        printf("  %-10s %s\n", scenes[i].name, scenes[i].about);
    return 0;
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (strcmp(scenes[i].name, name) != 0) continue;
        scenes[i].play();
        return 0;
    }
    return usage_error(PROGRAM, "no scene '%s'; --help lists them", name);
}

/* The life of a frame as a drawing. */
static int dot(void) {
    puts("digraph { rankdir=LR; bgcolor=\"transparent\"; node [shape=box fontsize=12 "
         "color=\"#2f81f7\" style=filled fillcolor=\"#2f81f733\"]; edge [fontsize=11 color=gray];");
    Generator *generator = life(2);
    for (int i = 0;; i++) {
        const Life *local = frame_locals(generator);
        bool over = generator->state > FRAME_EXECUTING;
        printf("f%d [label=\"%s", i, generator_state(generator) + 4);
        if (!over) {
            printf("\\nlasti %d\\nn = %d\\ntotal = %d", generator->lasti, (int)local->n,
                   (int)local->total);
        }
        puts("\"];");
        if (over) break;
        Object *value = next_of(generator);
        printf("f%d -> f%d [label=\"next\\n%s ", i, i + 1, value ? "yields" : "returns");
        if (value) object_print(value, stdout, true);
        if (!value) printf("%s", error_message());
        puts("\"];");
        xdecref(value);
        error_clear();
    }
    puts("}");
    decref(generator);
    return 0;
}

/* A positive number, or 0 for what is none. */
static long positive(const char *text) {
    char *end;
    long n = strtol(text, &end, 10);
    return *end || n < 0 ? 0 : n;
}

/* Reads the pipeline's options; the index of the first FILE, or -1 with a complaint made. */
static int read_options(Options *options, int argc, char **argv) {
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--count") == 0) {
            options->count = true;
            continue;
        }
        bool numeric = strcmp(name, "--field") == 0 || strcmp(name, "--head") == 0 ||
                       strcmp(name, "--top") == 0;
        bool textual = strcmp(name, "--grep") == 0 || strcmp(name, "--sep") == 0;
        if ((!numeric && !textual) || !value) {
            usage_error(PROGRAM, "cannot make sense of '%s'; see --help", name);
            return -1;
        }
        if ((numeric && !positive(value)) || (strcmp(name, "--sep") == 0 && !*value)) {
            usage_error(PROGRAM, "%s cannot be '%s'", name, value);
            return -1;
        }
        if (name[2] == 'f') options->field = positive(value);
        if (name[2] == 'h') options->head = positive(value);
        if (name[2] == 't') options->top = positive(value);
        if (name[2] == 'g') options->grep = value;
        if (name[2] == 's') options->sep = value;
        i++;
    }
    if (i < argc) return i;
    usage_error(PROGRAM, "no FILE to read; see --help");
    return -1;
}

int main(int argc, char **argv) {
    int status = 0;
    if (argc == 1) {
        for (int i = 0; i < SCENES; i++)
            scenes[i].play();
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        status = help();
    } else if (argc == 3 && strcmp(argv[1], "--scene") == 0) {
        status = play(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--dot") == 0 && strcmp(argv[2], "life") == 0) {
        status = dot();
    } else if (argc == 3 && strcmp(argv[1], "--csv") == 0 && strcmp(argv[2], "pull") == 0) {
        as_csv = true;
        play_pull();
    } else {
        Options options = {0};
        int first = read_options(&options, argc, argv);
        if (first < 0) return 2;
        status = pipeline_main(PROGRAM, &options, argv + first, argc - first);
    }
    return finish_output(PROGRAM, status);
}
