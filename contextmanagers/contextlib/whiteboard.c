/* whiteboard.c: a generator cut in two is a context manager; a stack of them is one, too. */
#include <stdbool.h>
#include <stdio.h>

typedef struct Exc {
    const char *name;
    struct Exc *context; // what was being handled when it was raised
} Exc;
typedef struct Manager {
    Exc *(*enter)(struct Manager *self);                         // what it raised, or NULL
    bool (*exit)(struct Manager *self, Exc *told, Exc **raised); // true: told is dealt with
    Exc *(*resume)(struct Manager *self, Exc *thrown); // a generator: to its next yield; the same
    bool ended;                                        // a generator
    struct Manager *owed[8];                           // a stack
    int size;
} Manager;
static Exc no_yield = {"generator didn't yield", NULL}, no_stop = {"generator didn't stop", NULL};

// Runs the generator up to its yield.
static Exc *gen_enter(Manager *self) {
    Exc *exc = self->resume(self, NULL);
    return exc ? exc : self->ended ? &no_yield : NULL;
}

// Runs it on from there, with what the block raised: out again, dealt with, or another?
static bool gen_exit(Manager *self, Exc *told, Exc **raised) {
    Exc *exc = self->resume(self, told);
    if (!exc && !self->ended) exc = &no_stop;
    *raised = exc == told ? NULL : exc;
    return told && !exc;
}

// Enters it and owes its exit, if it can be entered; what it raised, or NULL.
static Exc *enter_context(Manager *self, Manager *manager) {
    Exc *exc = manager->enter(manager);
    if (!exc) self->owed[self->size++] = manager;
    return exc;
}

// Where the chain of exc meets what the frame handles, it goes on with what this exit was told.
static void fix_context(Exc *exc, Exc *told, const Exc *frame) {
    while (exc->context && exc->context != told && exc->context != frame)
        exc = exc->context;
    if (exc->context && exc->context == frame) exc->context = told;
}

// Leaves all, the last first, each told what has become of the exception so far.
static bool stack_exit(Manager *self, Exc *told, Exc **raised) {
    Exc *exc = told;
    while (self->size > 0) {
        Manager *last = self->owed[--self->size];
        Exc *worse = NULL;
        if (last->exit(last, exc, &worse)) exc = NULL;
        if (worse) fix_context(worse, exc, told), exc = worse;
    }
    *raised = exc == told ? NULL : exc;
    return told && !exc;
}

// ---- the check: one line for each promise; status 1 if one is broken
#include <string.h>

static int broken;

static void check(const char *promise, const char *got, const char *expected) {
    bool same = strcmp(got, expected) == 0;
    printf("%s  %s", same ? "ok   " : "wrong", promise);
    if (!same) printf(": '%s', expected '%s'", got, expected);
    putchar('\n');
    fflush(stdout); // before a crash
    if (!same) broken = 1;
}

static const char *name(const Exc *exc) {
    return exc ? exc->name : "none";
}

static const char *yes(bool it_is) {
    return it_is ? "yes" : "no";
}

static Exc block = {"block", NULL}, other = {"other", NULL};

enum { NO_TRY, PASS, OTHER, TWICE, NEVER };

typedef struct {
    Manager base;
    int at, what;
} Gen;

/* What the generator function does is `what`. */
static Exc *resume(Manager *base, Exc *thrown) {
    Gen *self = (Gen *)base;
    if (self->at++ == 0 && self->what != NEVER) return NULL; // stands at its yield
    if (self->at == 2 && self->what == TWICE) return NULL;
    base->ended = true;
    return !thrown || self->what == PASS ? NULL : self->what == OTHER ? &other : thrown;
}

static void leave_gen(const char *promise, int what, Exc *told, const char *swallows,
                      const char *raises) {
    Gen gen = {.base = {.enter = gen_enter, .exit = gen_exit, .resume = resume}, .what = what};
    Exc *raised = NULL, *failed = gen_enter(&gen.base);
    bool swallowed = !failed && gen_exit(&gen.base, told, &raised);
    char got[80], expected[80];
    snprintf(got, sizeof got, "%s %s", yes(swallowed), name(failed ? failed : raised));
    snprintf(expected, sizeof expected, "%s %s", swallows, raises);
    check(promise, got, expected);
}

typedef struct {
    Manager base;
    const char *name;
    Exc *fails, *raises; // on the way in, on the way out
    bool swallows;
} Probe;

static char trace[80];
static Exc *handled;

static Exc *probe_enter(Manager *base) {
    return ((Probe *)base)->fails;
}

static bool probe_exit(Manager *base, Exc *told, Exc **raised) {
    Probe *self = (Probe *)base;
    size_t at = strlen(trace);
    snprintf(trace + at, sizeof trace - at, "%s:%s ", self->name, name(told));
    if (self->raises) self->raises->context = handled;
    *raised = self->raises;
    return self->swallows;
}

static Exc *leave(Manager *stack, Exc *told) {
    Exc *raised = NULL;
    trace[0] = '\0';
    handled = told;
    return stack_exit(stack, told, &raised) ? NULL : raised ? raised : told;
}

int main(void) {
    leave_gen("a block without an exception: the generator ends, nothing more", NO_TRY, NULL, "no",
              "none");
    leave_gen("thrown in and out again: no, and nothing raised", NO_TRY, &block, "no", "none");
    leave_gen("caught at the yield: swallowed", PASS, &block, "yes", "none");
    leave_gen("another one comes out: raised", OTHER, &block, "no", "other");
    leave_gen("a second yield", TWICE, NULL, "no", "generator didn't stop");
    leave_gen("a second yield after an exception", TWICE, &block, "no", "generator didn't stop");
    leave_gen("no yield", NEVER, NULL, "no", "generator didn't yield");
    Exc first = {"first", NULL}, second = {"second", NULL};
    Probe a = {.base = {.enter = probe_enter, .exit = probe_exit}, .name = "a"}, b = a, c = a,
          d = a;
    b.name = "b", c.name = "c", d.name = "d", d.fails = &other;
    Manager stack = {.exit = stack_exit};
    enter_context(&stack, &a.base), enter_context(&stack, &b.base);
    check("one that fails to enter says so", name(enter_context(&stack, &d.base)), "other");
    leave(&stack, &other);
    check("the last is left first, and what failed to enter is not", trace, "b:other a:other ");
    leave(&stack, NULL);
    check("left again it owes nothing", trace, "");
    a.raises = &second, c.raises = &first;
    enter_context(&stack, &a.base), enter_context(&stack, &b.base), enter_context(&stack, &c.base);
    check("what comes out is the last one raised", name(leave(&stack, &block)), "second");
    check("each is told the one so far", trace, "c:block b:first a:first ");
    check("second's context is first, not the block's", name(second.context), "first");
    check("and first's the block's", name(first.context), "block");
    b.swallows = true;
    enter_context(&stack, &a.base), enter_context(&stack, &b.base), enter_context(&stack, &c.base);
    leave(&stack, &block);
    check("after one that swallows the next is told nothing", trace, "c:block b:first a:none ");
    check("and has no context", name(second.context), "none");
    a.raises = NULL;
    enter_context(&stack, &b.base), enter_context(&stack, &a.base);
    check("swallowed is swallowed", name(leave(&stack, &block)), "none");
    return broken;
}
