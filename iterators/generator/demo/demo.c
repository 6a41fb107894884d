/* demo.c: the story of a generator, told by a run.
 *
 *     generator_demo                     every scene
 *     generator_demo --scene NAME        one of them
 *     generator_demo [OPTIONS] FILE...   a lazy pipeline over the lines of files (pipeline.c)
 *     generator_demo --csv NAME          the data of a picture
 */
#include "../../../common/demo.h"

#include "contrast.h"
#include "examples.h"
#include "pipeline.h"

static Object *next_of(Generator *generator) {
    return builtin_next(OBJECT(generator));
}

/* Prints a result, or the error, and drops it. */
static void show(const char *what, Object *result) {
    printf("%-10s -> ", what);
    if (result) {
        must(object_print(result, stdout, false));
        putchar('\n');
        decref(result);
    } else {
        error_print(stdout);
    }
}

static void show_send(Generator *generator, int64_t n) {
    char what[40];
    snprintf(what, sizeof what, "send(%d)", (int)n);
    Object *value = need(int_from_long(n));
    show(what, generator_send(generator, value));
    decref(value);
}

/* ---- life: the frame between resumes ---------------------------------------------------------*/

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
    puts("def life(n):\n"
         "    total = 0\n"
         "    while n > 0:\n"
         "        total += (yield n * n) or 1\n"
         "        n -= 1\n"
         "    return total\n");
    Generator *generator = life(2);
    const void *first = frame_locals(generator);
    show_frame(generator, first);
    show("next", next_of(generator));
    show_frame(generator, first);
    step("what will total be after send(10)?");
    show_send(generator, 10);
    show_frame(generator, first);
    show("next", next_of(generator));
    show_frame(generator, first);
    show("next", next_of(generator));
    printf("\nlasti is where it stands: a line counted from the def. The generator, frame and\n"
           "all, is one block of %zu bytes. A function's frame is gone when it returns; this\n"
           "one was there before the first line ran.\n",
           generator_sizeof(&life_code));
    decref(generator);
}

/* The frame at each of its stops, and what came of the next(). */
static void csv_life(void) {
    puts("state,lasti,n,total,next");
    Generator *generator = life(2);
    for (bool over = false; !over;) {
        const Life *local = frame_locals(generator);
        printf("%s,%d,%d,%d,", generator_state(generator) + 4, generator->lasti, (int)local->n,
               (int)local->total);
        Object *value = next_of(generator);
        over = !value;
        printf("%s ", over ? "returns" : "yields");
        if (value) must(object_print(value, stdout, true));
        puts(over ? error_message() : "");
        xdecref(value);
        error_clear();
    }
    printf("%s,,,,\n", generator_state(generator) + 4);
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
    puts("A yield is a return: the C frame goes. What is in the locals struct stays.\n");
    Generator *generator = need(generator_new(&lost_code, &(Lost){0}));
    show("next", next_of(generator));
    step("and after the yield?");
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
            YIELD(local->n ? int_from_long(floor_div(local->total, local->n)) : new_ref(None));
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

static void scene_protocol(void) {
    puts("outer and middle only delegate; averager does the work, and yields the mean of\n"
         "what it was sent. All requests go to outer.\n");
    Generator *generator = office();
    show_send(generator, 10);
    show("next", next_of(generator));
    show_send(generator, 10);
    show_send(generator, -25); // -15 // 2: Python's division rounds down
    step("who handles a ValueError that is thrown in?");
    show("throw(ValueError('x'))", generator_throw(generator, ValueError, "x"));
    show("next", next_of(generator));
    decref(generator);
    step("in which order do they clean up when outer is closed?");
    puts("\nAnother one, closed while it waits three levels down:");
    generator = office();
    show("next", next_of(generator));
    must(generator_close(generator));
    decref(generator);
    puts("And one that nobody refers to any more:");
    generator = office();
    show("next", next_of(generator));
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
    for (int i = 0; i < 3; i++) {
        Object *square = need(iter_next(squares));
        trace(2, "square", square);
        decref(square);
        if (i == 0 && !as_csv) step("which stage speaks next?");
    }
    decref(squares);
    decref(evens);
    decref(numbers);
}

static void scene_pull(void) {
    puts("numbers -> evens -> squares, and three values taken. Nothing runs ahead: each\n"
         "value goes through to the end before the next number is made.\n");
    play_pull();
}

static void csv_pull(void) {
    as_csv = true;
    play_pull();
}

/* ---- hanoi: recursion ------------------------------------------------------------------------*/

static void print_moves(Object *moves, int count) {
    for (int i = 0; i < count; i++) {
        Object *move = need(iter_next(moves));
        printf("%s", i ? "; " : "");
        must(object_print(move, stdout, true));
        decref(move);
    }
    putchar('\n');
    decref(moves);
}

static void scene_hanoi(void) {
    puts("A generator that delegates to two of its own kind: discs go from A to C. The\n"
         "next move is worked out when it is asked for; none is stored.\n");
    step("3 discs: how many moves, and where does the smallest go first?");
    printf("3 discs, all 7 moves: ");
    print_moves(need(hanoi(3, "A", "B", "C")), 7);
    step("and of 60 discs?");
    printf("60 discs, the first 4 of 2**60 - 1: ");
    print_moves(need(hanoi(60, "A", "B", "C")), 4);
}

static void scene_of_stack(void) {
    scene_stackful(generator_sizeof(&life_code));
}

/* ---- The command line ------------------------------------------------------------------------*/

static const Scene scenes[] = {
    {"life", "A frame that outlives its call", scene_life,
     .look = "the frame between the resumes: it stays, and knows where it stands"},
    {"lost", "No C variable survives a yield", scene_lost},
    {"protocol", "Send, throw and close through three levels of yield from", scene_protocol},
    {"pull", "A pipeline over all the integers: who asks whom", scene_pull},
    {"hanoi", "Recursion that can be stopped", scene_hanoi},
    {"stackful", "What a generator is not: a coroutine with its own stack", scene_of_stack},
    {"memory", "Ten million ints, one at a time or all at once", scene_memory, .varies = true},
    {0},
};

static const Scene data[] = {
    {"life", "the frame of the scene life at each of its stops", csv_life},
    {"pull", "the events of the scene pull: number, stage", csv_pull},
    {0},
};

static const Option options[] = {
    {"--grep", "TEXT", "only lines with TEXT in them", .text = &pipeline.grep},
    {"--field", "K", "their field K, from 1; lines with fewer are left out",
     .number = &pipeline.field, .low = 1, .high = 1000000000},
    {"--sep", "TEXT", "what is between fields; else whitespace, as str.split()",
     .text = &pipeline.sep},
    {"--head", "N", "stop after N of each file", .number = &pipeline.head, .low = 1,
     .high = 1000000000},
    {"--count", NULL, "print how many instead", .flag = &pipeline.count},
    {"--top", "N", "print the N most frequent instead, with their counts", .number = &pipeline.top,
     .low = 1, .high = 1000000000},
    {0},
};

int main(int argc, char **argv) {
    static const Demo demo = {
        .program = "generator_demo",
        .about = "A lazy pipeline over the lines of files; - is standard input.",
        .operands = "FILE...",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = pipeline_main,
    };
    return demo_main(&demo, argc, argv);
}
