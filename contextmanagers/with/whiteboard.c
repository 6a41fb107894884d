/* whiteboard.c: with: what is called before and after a block, on a stack of exceptions. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Exc {
    int number;
    struct Exc *context; // what was being handled when it was raised
} Exc;

typedef struct Manager {
    bool (*enter)(struct Manager *self); // false: failed, an exception is pending
    int (*exit)(struct Manager *self,
                Exc *exc); // NULL: none; 1: swallow it; 0: not; -1: raised another
} Manager;

typedef struct {
    Manager *manager; // NULL: not entered, or left
    int (*exit)(Manager *self, Exc *exc);
} With;

enum { NOT_A_MANAGER = 99 };
static Exc *pending;      // on its way to whoever handles it
static Exc *handled[100]; // what is being handled, one on top of another
static int depth;         // of handled

// Makes exc pending, with what is being handled as its context unless it is that; always -1.
static int raise_exc(Exc *exc) {
    if (depth > 0 && handled[depth - 1] != exc) exc->context = handled[depth - 1];
    pending = exc;
    return -1;
}

// Looks both methods up, then enters: 0, or -1 with an exception pending and nothing to leave.
static int with_enter(With *w, Manager *manager) {
    static Exc refused = {NOT_A_MANAGER, NULL};
    w->manager = NULL;
    if (!manager->enter || !manager->exit) return raise_exc(&refused);
    w->exit = manager->exit; // kept: the block may change it
    if (!manager->enter(manager)) return -1;
    w->manager = manager;
    return 0;
}

// Leaves once: 0 if nothing is pending afterwards, -1 if something is, the same or another.
static int with_leave(With *w) {
    Exc *exc = pending;
    Manager *manager = w->manager;
    if (!manager) return exc ? -1 : 0;
    w->manager = NULL;
    if (!exc) return w->exit(manager, NULL) < 0 ? -1 : 0;
    pending = NULL;
    handled[depth++] = exc; // while exit runs
    int answer = w->exit(manager, exc);
    depth--;
    if (answer < 0) return -1;
    if (answer == 0) pending = exc; // as it is: its context stays
    return answer == 0 ? -1 : 0;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static int entered, left, told, answer; // told: the number of the exception, 0 for none
static bool fails;
static Exc body = {1, NULL}, other = {2, NULL};

static bool enter(Manager *self) {
    (void)self;
    entered++;
    if (fails) raise_exc(&body);
    return !fails;
}

static int leave(Manager *self, Exc *exc) {
    (void)self;
    left++;
    told = exc ? exc->number : 0;
    if (pending) told = -1; // it is handled, not pending, while exit runs
    if (answer == -2) return raise_exc(exc);
    return answer == -1 ? raise_exc(&other) : answer;
}

static int leave_otherwise(Manager *self, Exc *exc) {
    (void)self, (void)exc;
    left += 100;
    return 0;
}

/* Runs `with manager: body`; what with_leave says. */
static int run(Manager *manager, bool raises, int answers) {
    With w;
    entered = left = 0, told = -2, answer = answers;
    pending = body.context = other.context = NULL;
    if (with_enter(&w, manager) < 0) return -1;
    if (raises) raise_exc(&body);
    return with_leave(&w);
}

int main(void) {
    Manager a = {enter, leave}, no_exit = {enter, NULL};
    With w;
    check("a block that ends: 0", run(&a, false, 0), 0);
    check("entered once, left once", entered * 10 + left, 11);
    check("exit is told none", told, 0);
    check("True without an exception is nothing", run(&a, false, 1), 0);
    check("a block that raises, exit says no: -1", run(&a, true, 0), -1);
    check("exit is told which, and it is not pending then", told, 1);
    check("the same is pending again", pending == &body, true);
    check("it is not its own context", body.context == NULL, true);
    check("exit swallows: 0", run(&a, true, 1), 0);
    check("nothing is pending", pending == NULL, true);
    check("exit raises another: -1", run(&a, true, -1), -1);
    check("the other is pending", pending == &other, true);
    check("with the first as its context", other.context == &body, true);
    check("exit raises the same: its context is not itself",
          run(&a, true, -2) == -1 && !body.context, true);
    check("exit raises, the block did not: -1, and no context",
          run(&a, false, -1) == -1 && !other.context, true);
    check("nothing is being handled afterwards", depth, 0);
    check("without an exit: refused", run(&no_exit, false, 0), -1);
    check("and not entered", entered, 0);
    fails = true;
    check("enter fails: -1, and not left", run(&a, false, 0) * 10 - left, -10);
    fails = false, pending = NULL, answer = 0, left = 0;
    with_enter(&w, &a);
    a.exit = leave_otherwise;
    with_leave(&w);
    with_leave(&w);
    check("the exit of before the block, and once", left, 1);
    raise_exc(&body);
    check("left already, something pending: -1", with_leave(&w), -1);
    return broken;
}
