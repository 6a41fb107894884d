/* demo.c: the story of with, scene by scene: every way out of a block, and what an exit can answer. */
#include "demo.h"

/* ---- Managers that note what happens ----------------------------------------------------------*/

char calls[200];
bool brief;

void forget_calls(void) {
    *calls = '\0';
}

void note_call(int separator, const char *format, ...) {
    size_t size = strlen(calls);
    if (size > 0 && separator && size + 1 < sizeof calls) calls[size++] = (char)separator;
    va_list args;
    va_start(args, format);
    vsnprintf(calls + size, sizeof calls - size, format, args);
    va_end(args);
}

typedef struct {
    Object ob;
    const char *name;
    Answer answer;
    bool fails;
} Manager;

static Object *manager_enter(Object *op) {
    Manager *self = (Manager *)op;
    note_call(' ', "+%s", self->name);
    if (!self->fails) return new_ref(self);
    error_raise(&LookupError_Type, "enter %s", self->name);
    return NULL;
}

static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)traceback;
    Manager *self = (Manager *)op;
    Exception *told = value == None ? NULL : (Exception *)value, *exc;
    if (told)
        note_call(' ', brief ? "-%s(%s)" : "-%s(%s, '%s', None)", self->name, ((Type *)type)->name,
                  exception_str(told));
    else
        note_call(' ', brief ? "-%s(None)" : "-%s(None, None, None)", self->name);
    switch (self->answer) {
    case SWALLOWS:
        return new_ref(True);
    case RAISES:
        error_raise(&KeyError_Type, "exit %s", self->name);
        return NULL;
    case RAISES_FROM:
    case FROM_NONE:
        exc = exception_new(&KeyError_Type, "exit %s", self->name);
        exception_raise_from(exc, self->answer == FROM_NONE ? NULL : told);
        return NULL;
    case RAISES_SAME:
        if (!told) break;
        exception_raise((Exception *)new_ref(told));
        return NULL;
    default:
        break;
    }
    return new_ref(None);
}

static void manager_dealloc(Object *op) {
    free(op);
}

static Type Manager_Type = {TYPE("Manager", NULL), .dealloc = manager_dealloc,
                            .enter = manager_enter, .exit = manager_exit};

Object *manager_new(const char *name, Answer answer, bool fails) {
    Manager *self = need(object_new(&Manager_Type, sizeof *self));
    self->name = name;
    self->answer = answer;
    self->fails = fails;
    return OBJECT(self);
}

void print_pending(void) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) exit(1);
    Exception *exc = exception_fetch();
    exception_print(exc, out);
    decref(exc);
    fclose(out);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *rest =
            strlen(line) > 76 ? strstr(line, " (missed") : NULL; // the one that is too long
        if (rest) *rest++ = '\0';
        printf("    %s\n", line);
        if (rest) printf("      %s\n", rest);
    }
    free(text);
}

void print_outcome(Object *result) {
    if (!result) {
        print_pending();
        return;
    }
    puts(result == None ? "None" : ((Str *)result)->text);
    decref(result);
}

/* ---- exits -----------------------------------------------------------------------------------*/

typedef enum { FALLS_THROUGH, RETURN, BREAK, CONTINUE, RAISE } Way;
static const char *const way_names[] = {"falls through", "return", "break", "continue", "raise"};

/* A loop of two turns with a `with` in it, which ends as `way` says. A break of C would end the WITH
 * alone, as that is a loop, too; so what is Python's break and continue is a goto. */
static Object *one(Object *manager, Way way) {
    for (int turn = 1; turn <= 2; turn++) {
        WITH(w, manager, NULL) {
            note_call(' ', "body");
            if (way == RETURN) WITH_RETURN(w, str_from_format("the value"));
            if (way == BREAK) goto behind;
            if (way == CONTINUE && turn == 1) goto next_turn;
            if (way == RAISE) error_raise(&ValueError_Type, "body");
        }
        if (error_occurred()) return NULL;
        note_call(' ', "after");
        return str_from_format("the end");
    next_turn:;
    }
behind:
    return str_from_format("behind the loop");
}

static Object *one_with(Answer answer, bool fails, Way way) {
    Object *manager = manager_new("a", answer, fails);
    forget_calls();
    Object *result = one(manager, way);
    decref(manager);
    return result;
}

static void scene_exits(void) {
    puts("One `with a:` in a loop. +a is a's __enter__, -a(...) its __exit__ and what it\n"
         "is told, `after` the line behind the block; below it what the caller gets.\n");
    for (Way way = FALLS_THROUGH; way <= RAISE; way++) {
        if (way == RETURN) step("the block returns: is __exit__ called?");
        if (way == RAISE) step("the block raises: what is __exit__ told, and what comes after?");
        Object *result = one_with(LETS_GO, false, way);
        printf("  %s:\n    %s\n    ", way_names[way], calls);
        if (result) {
            print_outcome(result);
        } else {
            printf("! ");
            error_print(stdout);
        }
    }
    puts("\nOne enter, one exit, on every way. Four ways are the same to __exit__; only an\n"
         "exception makes a difference.");
}

/* ---- answers ---------------------------------------------------------------------------------*/

static void scene_answers(void) {
    static const char *const what[] = {
        "returns None: not my business",      "returns True: settled",
        "raise KeyError('exit a')",           "raise KeyError('exit a') from value",
        "raise KeyError('exit a') from None", "raise value, the same again"};
    puts("The block raises ValueError('body'). What the caller gets, by what __exit__ does\n"
         "with it:\n");
    for (Answer answer = LETS_GO; answer < NANSWERS; answer++) {
        if (answer == SWALLOWS) step("it returns True: what does the caller get?");
        if (answer == RAISES) step("it raises one of its own: is the ValueError lost?");
        if (answer == RAISES_FROM) step("and `from value`, `from None`?");
        printf("  %s\n", what[answer]);
        Object *result = one_with(answer, false, RAISE);
        if (result) printf("    ");
        print_outcome(result);
    }
    puts("\nWhat is raised while another is handled remembers it: __context__. `from` names\n"
         "a __cause__. `raise value` is the long way of letting it go.");
}

/* ---- several ---------------------------------------------------------------------------------*/

/* with managers[0], managers[1], ...: body. A `with` of several is one in another. */
static int nested(Object **managers, bool raises) {
    if (!*managers) {
        note_call(' ', "body");
        return raises ? error_raise(&ValueError_Type, "body") : 0;
    }
    With w;
    if (with_enter(&w, *managers, NULL) < 0) return -1;
    nested(managers + 1, raises);
    return with_leave(&w);
}

static void several(const char *what, const Answer answers[3], int failing, bool raises) {
    Object *managers[4] = {0};
    for (int i = 0; i < 3; i++)
        managers[i] = manager_new((const char *[]){"a", "b", "c"}[i], answers[i], i == failing);
    forget_calls();
    brief = true;
    int status = nested(managers, raises);
    brief = false;
    printf("  %s\n    %s\n", what, calls);
    if (status < 0) print_pending();
    for (int i = 0; i < 3; i++)
        decref(managers[i]);
}

static void scene_several(void) {
    puts("with a, b, c: body      is `with a:` around `with b:` around `with c:`.\n");
    several("all is well", (Answer[3]){LETS_GO}, 3, false);
    step("entering b fails: who is left?");
    several("entering b fails", (Answer[3]){LETS_GO}, 1, false);
    step("the body raises, b answers True: what is a told?");
    several("the body raises, b swallows", (Answer[3]){LETS_GO, SWALLOWS, LETS_GO}, 3, true);
    step("the body raises, b raises a KeyError: what is a told now?");
    several("the body raises, b replaces", (Answer[3]){LETS_GO, RAISES, LETS_GO}, 3, true);
    several("a answers True, entering b fails", (Answer[3]){SWALLOWS, LETS_GO, LETS_GO}, 1, false);
    puts("\nLast entered, first left. b's __enter__ failed, so b is not left, nor c, which\n"
         "was never entered; but a is, and may even swallow what b's __enter__ raised.");
}

/* ---- refused ---------------------------------------------------------------------------------*/

/* An __enter__ that takes its class's __exit__ away. */
static Object *enter_taking_exit(Object *self) {
    note_call(' ', "+t");
    self->type->exit = NULL;
    return new_ref(self);
}

static Object *exit_kept(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    note_call(' ', "-t");
    return new_ref(None);
}

static void refused(const char *what, Object *manager) {
    forget_calls();
    Object *result = one(manager, FALLS_THROUGH);
    printf("  %s\n    %s\n", what, *calls ? calls : "nothing is called");
    if (result) printf("    ");
    print_outcome(result);
}

static void scene_refused(void) {
    puts("Both methods are looked up on the type before either is called.\n");
    Object *number = need(int_from_long(5));
    refused("with 5: ...", number);
    decref(number);
    step("a class with an __enter__ alone: is it called?");
    Type only_enter = {TYPE("OnlyEnter", NULL), .enter = enter_taking_exit};
    refused("with OnlyEnter(): ...", &(Object){1, &only_enter});
    step("an __enter__ that deletes the class's __exit__: is it left?");
    Type takes = {TYPE("TakesExit", NULL), .enter = enter_taking_exit, .exit = exit_kept};
    Object taken = {1, &takes};
    refused("with TakesExit(): ...", &taken);
    refused("and a second time", &taken);
    puts("\nNothing is entered that cannot be left.");
}

/* ---- The picture -----------------------------------------------------------------------------*/

static void draw_edge(const char *from, const char *to, const char *label, Object *result) {
    printf("  %s -> %s [label=\"%s\\l%s\\l\"]\n", from, to, label, calls);
    if (result)
        decref(result);
    else
        error_clear();
}

/* Each way out as an edge, from a run: where it leads is what the run says. */
static void draw_exits(void) {
    puts("digraph exits {\n  rankdir=LR; bgcolor=transparent; nodesep=0.35; ranksep=1.2;\n"
         "  node [shape=box, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n"
         "  edge [color=gray, fontname=\"sans-serif\", fontsize=12];\n"
         "  with [label=\"with a:\"]\n  block [label=\"the block\"]\n"
         "  after [label=\"after the block\"]\n  caller [label=\"the caller gets a value\"]\n"
         "  loop [label=\"behind the loop\"]\n  handler [label=\"the caller gets an exception\"]\n"
         "  with -> block [label=\"+a\"]");
    Object *result = one_with(LETS_GO, true, FALLS_THROUGH);
    draw_edge("with", result ? "after" : "handler", "__enter__ raises", result);
    for (Way way = FALLS_THROUGH; way <= RAISE; way++) {
        for (Answer answer = LETS_GO; answer <= (way == RAISE ? RAISES : LETS_GO); answer++) {
            result = one_with(answer, false, way);
            const char *text = result ? ((Str *)result)->text : "", *leave = strstr(calls, "-a");
            char *after = strstr(calls, " after"), label[60];
            if (way == CONTINUE) after = strstr(calls, " +a"); // the second turn is another way
            const char *to = !result                          ? "handler"
                             : way == CONTINUE                ? "with"
                             : after                          ? "after"
                             : strcmp(text, "the value") == 0 ? "caller"
                                                              : "loop";
            if (after) *after = '\0';
            memmove(calls, leave, strlen(leave) + 1);
            static const char *const says[] = {"None", "True", "raises KeyError"};
            snprintf(label, sizeof label, way == RAISE ? "%s; __exit__: %s" : "%s", way_names[way],
                     says[answer]);
            draw_edge("block", to, label, result);
        }
    }
    puts("}");
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *atomic;
static bool dot;

static int work(int count, char **operands) {
    (void)count, (void)operands;
    if (dot) {
        draw_exits();
        return 0;
    }
    return demo_atomic(atomic);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"exits", "Every way out of a block", scene_exits, NULL, false},
        {"answers", "What an exit can do about it", scene_answers, NULL, false},
        {"several", "Several managers, left in reverse", scene_several,
         "who is left when entering b fails, and what a is told", false},
        {"refused", "What cannot be left is not entered", scene_refused, NULL, false},
        {"ways", "Three ways in C, and what each cannot do", scene_ways, NULL, false},
        {"compiled", "What `with` is compiled to", scene_compiled, NULL, false},
        {"atomic", "A file is the old one or the new one", scene_atomic, NULL, false},
        {"held", "A lock and a transaction", scene_held, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--atomic",
         .takes = "FILE",
         .about = "FILE becomes what comes from standard input, or stays",
         .text = &atomic},
        {.name = "--dot",
         .about = "the ways out of a block, for Graphviz",
         .flag = &dot,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "with_demo",
        .about = "--atomic FILE: replaces FILE by standard input; at every instant it is\n"
                 "the old one or the new one, whole.",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
