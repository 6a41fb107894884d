/* twin.c: the same program as twin.py, on our generators. */
#include "family.h"

/* ---- Telling what happened -------------------------------------------------------------------*/

static void print_note(const char *text) {
    printf("      . %s\n", text);
}

static void print_unraisable(Object *where) {
    printf("      ! in %s: %s: %s\n", ((Generator *)where)->code->name,
           error_name(error_occurred()), error_message());
}

/* What an operation came to: repr(result), or the error. Steals the result. */
static const char *outcome(Object *result) {
    static char text[400];
    if (!result) {
        const char *colon = *error_message() ? ": " : "";
        snprintf(text, sizeof text, "%s%s%s", error_name(error_occurred()), colon, error_message());
        error_clear();
        return text;
    }
    Writer out = {0};
    object_write_repr(result, &out);
    snprintf(text, sizeof text, "%.*s", (int)out.length, out.bytes);
    writer_free(&out);
    decref(result);
    return text;
}

static void attempt(const char *what, Object *result) {
    printf("  %-30s %s\n", what, outcome(result));
}

static void title(const char *text) {
    printf("\n%s\n", text);
}

/* ---- One generator, asked everything in every state ------------------------------------------*/

static Generator *in_state(const Code *code, int64_t n, int resumes) {
    Generator *generator = member_new(code, NULL, n);
    while (resumes-- > 0)
        xdecref(next_of(generator));
    error_clear();
    return generator;
}

/* Whether the request has the same answer on all versions: StopIteration thrown in has not, before
 * the start, and into an iterator that is no generator (3.12 takes it for that iterator's end). */
static bool same_everywhere(Generator *generator, const Request *request) {
    if (request->type != StopIteration) return true;
    if (generator->state == FRAME_CREATED) return false;
    Object *op = OBJECT(generator);
    while (op && op->type == &Generator_Type)
        op = generator_yieldfrom((Generator *)op);
    return !op;
}

static void every_request(void) {
    title("every request in every state");
    for (int f = 0; f < FAMILY_LEAVES; f++) {
        for (int i = 0; i < 4 * REQUESTS; i++) {
            int resumes = i / REQUESTS;
            const Request *request = &requests[i % REQUESTS];
            Generator *generator = in_state(family[f], 2, resumes);
            if (same_everywhere(generator, request)) {
                printf("%s after %d, %s\n", family[f]->name, resumes, generator_state(generator));
                attempt(request->label, ask(generator, *request));
                attempt("then next", next_of(generator));
                puts(generator_state(generator));
            }
            decref(generator);
        }
    }
}

/* ---- Life of a frame -------------------------------------------------------------------------*/

static void show_frame(Generator *generator) {
    if (generator->state >= FRAME_COMPLETED) {
        printf("  %-13s no frame\n", generator_state(generator));
        return;
    }
    const Life *local = frame_locals(generator);
    printf("  %-13s line %d, n = %d, total = %d\n", generator_state(generator), generator->lasti,
           (int)local->n, (int)local->total);
}

static void frame_life(void) {
    title("the frame between resumes");
    Generator *generator = (Generator *)generator_new(&life_code, &(Life){.n = 3});
    show_frame(generator);
    attempt("next", next_of(generator));
    show_frame(generator);
    for (int i = 10; i < 40; i += 10) {
        attempt("send", send_int(generator, i));
        show_frame(generator);
    }
    decref(generator);
}

/* ---- Order of finally ------------------------------------------------------------------------*/

static void order_of_finally(void) {
    title("order of finally");
    for (int resumes = 0; resumes < 4; resumes++) {
        printf("nested after %d\n", resumes);
        for (int which = FIRST_END; which <= REQUESTS; which++) {
            Generator *generator = in_state(&nested_code, 0, resumes);
            if (which == REQUESTS) {
                puts("  dropped");
            } else if (same_everywhere(generator, &requests[which])) {
                attempt("ended", ask(generator, requests[which]));
            }
            decref(generator);
        }
    }
}

/* ---- Delegation ------------------------------------------------------------------------------*/

static void print_chain(Generator *generator) {
    printf("  chain");
    for (Object *op = OBJECT(generator); op;) {
        bool is_generator = op->type == &Generator_Type;
        printf(" %s", is_generator ? ((Generator *)op)->code->name : op->type->name);
        op = is_generator ? generator_yieldfrom((Generator *)op) : NULL;
    }
    putchar('\n');
}

/* Makes these requests, up to one without a label. */
static void play(Generator *generator, const Request *script) {
    for (; script->label; script++)
        attempt(script->label, ask(generator, *script));
}

#define NEXT_OF                                                                                    \
    { "next", NEXT }
#define THROW_KEY                                                                                  \
    { "throw(KeyError)", THROW, KeyError, "'k'" }
#define SCRIPT(...)                                                                                \
    (const Request[]) {                                                                            \
        __VA_ARGS__, {                                                                             \
            0                                                                                      \
        }                                                                                          \
    }

static void delegation(void) {
    title("three levels of yield from");
    for (int f = 0; f < FAMILY_LEAVES; f++) {
        printf("down to %s\n", family[f]->name);
        Generator *chain = three_levels(family[f]);
        print_chain(chain);
        play(chain, SCRIPT(NEXT_OF));
        print_chain(chain);
        play(chain, SCRIPT({"send(5)", SEND, .n = 5}, {"send('x')", SEND, .text = "x"},
                           {"throw(ValueError)", THROW, ValueError, "v"}, THROW_KEY,
                           {"send('y')", SEND, .text = "y"}, NEXT_OF));
        print_chain(chain);
        play(chain, SCRIPT({"close", CLOSE}));
        decref(chain);
        chain = three_levels(family[f]);
        play(chain, SCRIPT(NEXT_OF));
        puts("  dropped");
        decref(chain);
    }
}

static void plain_iterators(void) {
    title("yield from what is no generator");
    Object *two = int_from_long(2);
    List *list = list_pack(2, two, None);
    Generator *generator = member_new(&delegator_code, OBJECT(list), 0);
    play(generator, SCRIPT(NEXT_OF));
    print_chain(generator);
    play(generator, SCRIPT({"send(1)", SEND, .n = 1}));
    puts(generator_state(generator));
    decref(generator);
    const struct {
        Object *sub;
        const Request *script;
    } cases[] = {{OBJECT(list), SCRIPT(NEXT_OF, THROW_KEY, {"send(1)", SEND, .n = 1})},
                 {two, SCRIPT({"an int", NEXT})},
                 {OBJECT(list), SCRIPT(NEXT_OF, {"close", CLOSE})}};
    for (int i = 0; i < 3; i++) {
        generator = member_new(&careful_code, cases[i].sub, 0);
        play(generator, cases[i].script);
        decref(generator);
    }
    decref(list);
    decref(two);
}

/* ---- A generator that asks itself ------------------------------------------------------------*/

static Generator *me;

static Object *selfish_run(Generator *self, Object *sent) {
    BEGIN(Member);
    note("%s", generator_state(me));
    play(me, SCRIPT({"next(me)", NEXT}, {"me.send(7)", SEND, .n = 7},
                    {"me.throw", THROW, ValueError, "v"}, {"me.close", CLOSE}));
    YIELD(int_from_long(1));
    YIELD_FROM(new_ref(me));
    END;
}
MEMBER_CODE(selfish, 0)

static void reentrancy(void) {
    title("a generator that asks itself");
    me = member_new(&selfish_code, NULL, 0);
    play(me, SCRIPT(NEXT_OF, NEXT_OF, NEXT_OF));
    clear_ref(me);
}

/* ---- Generator expressions -------------------------------------------------------------------*/

static int64_t factor;

typedef struct {
    Object *iterator, *x;
} Genexpr;

static Object *multiplied_run(Generator *self, Object *sent) {
    BEGIN(Genexpr);
    FOR_EACH(local->x, local->iterator) {
        note_value("multiply", local->x);
        YIELD(int_from_long(int_as_long(local->x) * factor));
    }
    END;
}
static const Code multiplied_code = {"<genexpr>", multiplied_run, sizeof(Genexpr), 2, 0};

static Object *multiplied(Object *iterable) {
    return generator_expression(&multiplied_code, &(Genexpr){0}, iterable);
}

static void genexprs(void) {
    title("generator expressions");
    Object *one = int_from_long(1), *two = int_from_long(2);
    attempt("(... for x in 1)", multiplied(one));
    List *list = list_pack(2, one, two);
    factor = 10;
    Object *generator = multiplied(OBJECT(list));
    factor = 100;
    attempt("next", builtin_next(generator));
    list_append(list, one);
    factor = 1000;
    attempt("next", builtin_next(generator));
    attempt("next", builtin_next(generator));
    attempt("next", builtin_next(generator));
    decref(generator);
    Object *inner = multiplied(OBJECT(list)), *outer = multiplied(inner);
    factor = 3;
    attempt("outer", builtin_next(outer));
    attempt("outer", builtin_next(outer));
    decref(inner);
    decref(outer);
    decref(list);
    decref(one);
    decref(two);
}

/* ---- Recursion -------------------------------------------------------------------------------*/

static void recursion(void) {
    title("recursion");
    Object *moves = hanoi(5, "A", "B", "C"), *move;
    while ((move = iter_next(moves)))
        printf("  %s\n", outcome(move));
    decref(moves);
}

/* ---- Below zero ------------------------------------------------------------------------------*/

static void below_zero(void) {
    title("a mean below zero rounds down");
    Generator *generator = member_new(&averager_code, NULL, 0);
    attempt("next", next_of(generator));
    for (int i = 0; i < 4; i++)
        attempt("send", send_int(generator, i % 2 ? 2 : -3));
    decref(generator);
}

/* ---- Too deep --------------------------------------------------------------------------------*/

static Generator *relays(int depth, int64_t n) {
    Generator *leaf = member_new(&guarded_code, NULL, 1);
    if (n) decref(next_of(leaf));
    return chain_on(leaf, &relay_code, depth, n, BARE);
}

static void too_deep(void) {
    title("too deep");
    for (int depth = 100; depth <= 2000; depth += 1900) {
        Generator *chain = relays(depth, 0);
        printf("a chain of %d\n", depth);
        attempt("next", next_of(chain));
        puts(generator_state(chain));
        attempt("then next", next_of(chain));
        decref(chain);
    }
    decref(relays(10000, 0));
    puts("  10000 dropped, none begun");
    decref(relays(10000, 7));
    puts("  10000 dropped, all begun");
}

/* ---- What later versions do otherwise: changed-3.N.diff --------------------------------------*/

static void print_whole_report(Object *where) {
    printf("      ! object %s\n      ! message None\n", ((Generator *)where)->code->name);
}

static Generator *begun(const Code *code, int64_t n) {
    return in_state(code, n, 1);
}

static void by_version(void) {
    const Request stop = {"throw(StopIteration)", THROW, StopIteration, "thrown"};
    title("StopIteration, thrown in before the start");
    Generator *generator = member_new(&countdown_code, NULL, 2);
    play(generator, SCRIPT(stop));
    decref(generator);
    puts("StopIteration, thrown at a yield from over a list");
    generator = begun(&over_list_code, 2);
    play(generator, SCRIPT(stop));
    decref(generator);
    puts("closed before the start, with a generator among its locals");
    generator = member_over(&delegator_code, begun(&guarded_code, 1), 0);
    play(generator, SCRIPT({"close", CLOSE}));
    puts("  dropped");
    decref(generator);
    puts("closed, and it returns a value");
    generator = begun(&swallower_code, 0);
    attempt("close", generator_close(generator) < 0 ? NULL : new_ref(None));
    decref(generator);
    puts("  compiled"); // without a warning
    puts("dropped, and it refuses");
    error_unraisable_hook = print_whole_report;
    decref(begun(&refuser_code, 0));
    error_unraisable_hook = print_unraisable;
    puts("2000 generator expressions");
    Object *one = int_from_long(1), *chain = OBJECT(list_pack(1, one));
    for (int i = 0; i < 2000; i++) {
        Object *inner = chain;
        chain = multiplied(inner);
        decref(inner);
    }
    attempt("next", builtin_next(chain));
    attempt("then next", builtin_next(chain));
    decref(chain);
    decref(one);
}

/* ---- Laziness: who asks whom, and when -------------------------------------------------------*/

typedef struct {
    Object *source, *item;
    const char *name;
    int64_t limit;
} Stage;

static Object *stage_run(Generator *self, Object *sent) {
    BEGIN(Stage);
    TRY {
        note("%s starts", local->name);
        FOR_EACH(local->item, local->source) {
            note_value(local->name, local->item);
            YIELD(new_ref(local->item));
            if (--local->limit == 0) RETURN(new_ref(None));
        }
        note("%s sees the end", local->name);
    }
    FINALLY {
        note("%s finally", local->name);
    }
    END_FINALLY;
    END;
}
static const Code stage_code = {"stage", stage_run, sizeof(Stage), 2, 1};

static Object *stage(const char *name, Object *source, int64_t limit) {
    Object *result =
        generator_new(&stage_code, &(Stage){.source = source, .name = name, .limit = limit});
    decref(source);
    return result;
}

static void laziness(void) {
    title("a pipeline is pulled");
    for (int limit = 2; limit <= 9; limit += 7) {
        Object *source = generator_new(&guarded_code, &(Member){.n = 1});
        Object *pipeline = stage("third", stage("second", stage("first", source, 9), 9), limit);
        play((Generator *)pipeline, SCRIPT(NEXT_OF, NEXT_OF, NEXT_OF));
        puts("  dropped");
        decref(pipeline);
    }
}

/* ---- At random -------------------------------------------------------------------------------*/

enum { SLOTS = 6, STEPS = 3000 };

static uint64_t state = 20240610;

static int draw(int limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((state >> 33) % (uint64_t)limit);
}

static Generator *slots[SLOTS];

/* Something to delegate to: mostly another slot's generator, which others may share. */
static Object *draw_sub(void) {
    int which = draw(10);
    if (which == 0) return int_from_long(3);
    if (which <= 2) return OBJECT(list_pack(3, None, True, False));
    int slot = draw(SLOTS);
    return slots[slot] ? new_ref(slots[slot]) : OBJECT(tuple_new(0));
}

static void make(int slot) {
    int f = draw(2) ? draw(FAMILY) : FAMILY_LEAVES + draw(2);
    Object *sub = f < FAMILY_LEAVES ? NULL : draw_sub();
    Generator *made = member_new(family[f], sub, 1 + draw(3));
    xdecref(sub);
    clear_ref(slots[slot]);
    slots[slot] = made;
}

static Request draw_throw(Generator *generator) {
    static const Request throws[] = {{"", THROW, ValueError, "v"},
                                     {"", THROW, KeyError, "'k'"},
                                     {"", THROW, GeneratorExit, ""},
                                     {"", THROW, RuntimeError, "r"},
                                     {"", THROW, StopIteration, "s"}};
    const Request *drawn = &throws[draw(5)];
    return same_everywhere(generator, drawn) ? *drawn : requests[0];
}

static Object *send_at_random(Generator *generator) {
    int which = draw(4);
    if (which < 2) return ask(generator, (Request){.how = SEND, .text = which ? "x" : NULL});
    Object *n = int_from_long(draw(5)), *result = generator_send(generator, n);
    decref(n);
    return result;
}

/* One request to one slot. (None closes what has not begun: 3.12 keeps its locals then.) */
static void random_step(int step) {
    int slot = draw(SLOTS), which = draw(20);
    bool over = !slots[slot] || (slots[slot]->state >= FRAME_COMPLETED && draw(3) > 0);
    if (over || which >= 16) {
        make(slot);
        printf("%4d slot %d: make %s\n", step, slot, slots[slot]->code->name);
        return;
    }
    Generator *generator = slots[slot];
    const char *text;
    if (which < 7) {
        text = outcome(next_of(generator));
    } else if (which < 11) {
        text = outcome(send_at_random(generator));
    } else if (which < 14 || generator->state == FRAME_CREATED) {
        text = outcome(ask(generator, draw_throw(generator)));
    } else {
        text = outcome(ask(generator, requests[REQUESTS - 1]));
    }
    printf("%4d slot %d: %-9s %s, %s\n", step, slot, generator->code->name, text,
           generator_state(generator));
    print_chain(generator);
}

static void at_random(void) {
    title("at random");
    for (int step = 0; step < STEPS; step++)
        random_step(step);
    for (int slot = 0; slot < SLOTS; slot++)
        clear_ref(slots[slot]);
}

int main(int argc, char **argv) {
    (void)argc;
    note_hook = print_note;
    error_unraisable_hook = print_unraisable;
    every_request();
    frame_life();
    order_of_finally();
    delegation();
    plain_iterators();
    reentrancy();
    genexprs();
    recursion();
    below_zero();
    too_deep();
    by_version();
    laziness();
    at_random();
    return finish_output(argv[0], 0);
}
