/* whiteboard.c: a Future and gather, as one can write it from memory. */
enum { MAX = 1000 };
enum { PENDING, RESULT, EXCEPTION, CANCELLED }; // a Future's states
typedef struct Future {
    int state, value, ncallbacks; // value: the result, or which exception
    struct Callback {
        void (*call)(void *arg, struct Future *future);
        void *arg;
        struct Future *future;
    } callbacks[MAX];
} Future;
typedef struct {
    Future outer, **children;
    int count, ndone, results[MAX];
} Gather;
static struct Callback line[MAX]; // the loop's; called up to head
static int head, tail;

// In the next turn of the loop.
static void call_soon(struct Callback callback) {
    line[tail++] = callback;
}

// A turn: calls those that are in line now.
static void run_once(void) {
    for (int end = tail; head < end; head++)
        line[head].call(line[head].arg, line[head].future);
}

// It will be called once the future is done, by the loop.
static void add_done_callback(Future *future, struct Callback callback) {
    callback.future = future;
    if (future->state != PENDING) call_soon(callback);
    if (future->state == PENDING) future->callbacks[future->ncallbacks++] = callback;
}

// set_result, set_exception and cancel in one; 0 if it is done already.
static int finish(Future *future, int state, int value) {
    if (future->state != PENDING) return 0;
    future->state = state, future->value = value;
    for (int i = 0; i < future->ncallbacks; i++)
        call_soon(future->callbacks[i]);
    return 1;
}

// One of gather's is done: the first failure is the outcome, or else all the results, in their order.
static void child_done(void *arg, Future *child) {
    Gather *self = arg;
    if (child->state != RESULT) finish(&self->outer, child->state, child->value);
    if (++self->ndone < self->count) return;
    for (int i = 0; i < self->count; i++)
        self->results[i] = self->children[i]->value;
    finish(&self->outer, RESULT, self->count);
}
static void gather(Gather *self, Future **children, int count) {
    *self = (Gather){.children = children, .count = count};
    for (int i = 0; i < count; i++)
        add_done_callback(children[i], (struct Callback){child_done, self, 0});
    if (count == 0) finish(&self->outer, RESULT, 0);
}
// ---- the check: one line for each promise; status 1 if one is broken
#include <stdio.h>
#include <string.h>

static int broken;

static void check(const char *promise, const char *got, const char *expected) {
    if (strcmp(got, expected) == 0) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %s, expected %s\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static char calls[200];

/* Those that were called since the last check. */
static const char *called(void) {
    static char copy[sizeof calls];
    memcpy(copy, calls, sizeof copy);
    calls[0] = '\0';
    return copy;
}

static void note(void *name, Future *future) {
    size_t length = strlen(calls);
    snprintf(calls + length, sizeof calls - length, "%s=%d ", (char *)name, future->value);
}

/* Is called again, and again. */
static void again(void *name, Future *future) {
    note(name, future);
    if (strlen(calls) < 100) add_done_callback(future, (struct Callback){again, name, 0});
}

static void add(Future *future, void (*call)(void *, Future *), char *name) {
    add_done_callback(future, (struct Callback){call, name, 0});
}

/* How it is, in words. */
static const char *state(const Future *future) {
    static const char *const names[] = {"pending", "result", "exception", "cancelled"};
    static char texts[2][40];
    static int turn;
    char *text = texts[turn++ % 2];
    snprintf(text, sizeof texts[0], "%s %d", names[future->state], future->value);
    return text;
}

static const char *results(const Gather *self) {
    static char text[60];
    text[0] = '\0';
    for (int i = 0; i < self->count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d ", self->results[i]);
    return text;
}

static void turns(int count) {
    while (count-- > 0)
        run_once();
}

static Future futures[12];
static Gather gathers[7];

int main(void) {
    Future *f = futures;
    add(&f[0], note, "a");
    add(&f[0], note, "b");
    run_once();
    check("nobody is called before it is done", called(), "");
    check("the first result is taken", finish(&f[0], RESULT, 1) ? "yes" : "no", "yes");
    check("finish calls nobody", called(), "");
    run_once();
    check("the next turn does, each once, in order", called(), "a=1 b=1 ");
    check("a second result is refused", finish(&f[0], RESULT, 2) ? "yes" : "no", "no");
    check("nor can it be cancelled", finish(&f[0], CANCELLED, 0) ? "yes" : "no", "no");
    run_once();
    check("and nobody is called again", called(), "");
    check("it is as it was", state(&f[0]), "result 1");
    add(&f[0], note, "late");
    check("who comes late is not called at once", called(), "");
    run_once();
    check("but in the next turn", called(), "late=1 ");
    add(&f[0], again, "x");
    run_once();
    check("what a callback adds waits for the next turn", called(), "x=1 ");
    run_once();
    check("and comes then", called(), "x=1 ");
    head = tail; // x goes

    Future *three[] = {&f[1], &f[2], &f[3]};
    gather(&gathers[0], three, 3);
    add(&gathers[0].outer, note, "outer");
    finish(&f[3], RESULT, 30);
    finish(&f[1], RESULT, 10);
    turns(2);
    check("gather waits for all", state(&gathers[0].outer), "pending 0");
    finish(&f[2], RESULT, 20);
    run_once();
    check("and is done when the last has told", state(&gathers[0].outer), "result 3");
    check("the results are in the order of the arguments", results(&gathers[0]), "10 20 30 ");
    run_once();
    check("who waits for it is called, once", called(), "outer=3 ");

    Future *failing[] = {&f[4], &f[5], &f[6]};
    gather(&gathers[1], failing, 3);
    add(&gathers[1].outer, note, "outer");
    finish(&f[5], EXCEPTION, 7);
    turns(2);
    check("the first exception is the outcome, at once", state(&gathers[1].outer), "exception 7");
    check("and is told", called(), "outer=7 ");
    check("the others go on", state(&f[4]), "pending 0");
    finish(&f[4], EXCEPTION, 8);
    finish(&f[6], RESULT, 9);
    turns(2);
    check("what comes later changes nothing", state(&gathers[1].outer), "exception 7");
    check("and is not told", called(), "");

    Future *cancelled[] = {&f[7], &f[8]};
    gather(&gathers[2], cancelled, 2);
    finish(&f[7], CANCELLED, 0);
    run_once();
    check("a child that is cancelled cancels it", state(&gathers[2].outer), "cancelled 0");

    Future *before[] = {&f[0], &f[9]};
    finish(&f[9], RESULT, 90);
    gather(&gathers[3], before, 2);
    check("of children that are done it is done a turn later", state(&gathers[3].outer),
          "pending 0");
    run_once();
    check("with their results", results(&gathers[3]), "1 90 ");
    check("all of them", state(&gathers[3].outer), "result 2");

    Future *twice[] = {&f[10], &f[10]};
    gather(&gathers[4], twice, 2);
    finish(&f[10], RESULT, 5);
    run_once();
    check("the same child may come twice", results(&gathers[4]), "5 5 ");

    gather(&gathers[5], three, 0);
    check("of none it is done at once", state(&gathers[5].outer), "result 0");

    Future *inner[] = {&gathers[6].outer, &f[0]};
    Future *last[] = {&f[11]};
    gather(&gathers[6], last, 1);
    static Gather outermost;
    gather(&outermost, inner, 2);
    finish(&f[11], EXCEPTION, 4);
    turns(2);
    check("gathers nest, a turn each", state(&outermost.outer), "exception 4");
    return broken;
}
