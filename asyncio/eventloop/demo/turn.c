/* turn.c: turns of a loop, told. Its selector is the story's own: it waits by adding to a clock,
 * and knows of one descriptor, LINE, at which something comes at a given time. So every run is the
 * same. */
#include "demo.h"

enum { LINE = 100 };

static struct {
    double now, comes; // what the clock says; when something comes on the line
    bool silent, rows; // nothing is printed; or rows of data
    int turns;
} story;

/* A row for the picture. */
static void tell(const char *what, const char *name, double from) {
    if (story.rows) printf("%d,%s,%s,%.2f,%.2f\n", story.turns, what, name, from, story.now);
}

PRINTF_LIKE static void say(const char *indent, const char *format, ...) {
    if (story.silent) return;
    va_list args;
    va_start(args, format);
    fputs(indent, stdout);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- The story's selector --------------------------------------------------------------------*/

static int told_open(Selector *selector) {
    (void)selector;
    return 0;
}

static void told_close(Selector *selector) {
    (void)selector;
}

static int told_control(Selector *selector, int fd, unsigned was, unsigned events_asked) {
    (void)selector, (void)fd, (void)was, (void)events_asked;
    return 0;
}

static int told_wait(Selector *selector, double timeout) {
    double from = story.now, until = story.now + timeout;
    bool comes = story.comes <= until && selector_get_key(selector, LINE);
    if (!comes && timeout == FOREVER) return error_set(RuntimeError, "deadlock");
    if (!comes) story.now = until;
    if (comes && story.comes > story.now) story.now = story.comes;
    char limit[24] = "None";
    if (timeout != FOREVER) snprintf(limit, sizeof limit, "%.2f", timeout);
    say("  ", "select(%s)%*s%s", limit, (int)(8 - strlen(limit)), "",
        comes          ? "something came on the line"
        : timeout == 0 ? "does not wait"
                       : "nobody came");
    if (comes) selector_found(selector, LINE, EVENT_READ);
    tell("select", timeout == 0 ? "asks" : "waits", from);
    return 0;
}

static double told_time(void *arg) {
    (void)arg;
    return story.now;
}

static Loop *told_loop(double comes) {
    static const SelectorType type = {"told", told_open, told_control, told_wait, told_close};
    story.now = 0;
    story.comes = comes;
    story.turns = 0;
    Loop *loop = need(loop_new(need(selector_new(&type))));
    loop_set_clock(loop, told_time, NULL, 1e-9);
    return loop;
}

/* ---- Its callbacks ---------------------------------------------------------------------------*/

typedef struct Actor {
    const char *name;
    double takes; // seconds of computing
    const char *adds;
    void (*add)(struct Actor *actor); // or NULL
    Loop *loop;
} Actor;

static void act(void *arg) {
    Actor *actor = arg;
    double from = story.now;
    const Handle *handle = actor->loop->current_handle;
    char late[40] = "";
    if (handle->when > 0 && from - handle->when > 1e-6)
        snprintf(late, sizeof late, ", %.2f late", from - handle->when);
    story.now += actor->takes;
    say("  ", "calls %s at %.2f%s: computes for %.1f%s", actor->name, from, late, actor->takes,
        actor->adds ? actor->adds : "");
    tell("call", actor->name, from);
    if (actor->add) actor->add(actor);
}

static Actor *cast; // of the scene that plays

static Handle *soon(Actor *actor) {
    return handle_name(need(loop_call_soon(actor->loop, act, actor)), actor->name);
}

static void add_c(Actor *actor) {
    (void)actor;
    soon(&cast[2]);
}

static void add_d(Actor *actor) {
    Actor *d = &cast[3];
    handle_name(need(loop_call_later(actor->loop, 0.5, act, d)), d->name);
}

static void add_itself(Actor *actor) {
    soon(actor);
}

static void read_line(Actor *actor) {
    story.comes = FOREVER;
    must(loop_remove_reader(actor->loop, LINE) ? 0 : -1);
}

/* What is in line, and the heap of timers, as they lie. */
static void print_loop(const Loop *loop) {
    story.turns++;
    if (story.silent) return;
    printf("turn %d at %.2f   ready:", story.turns, story.now);
    for (const Handle *handle = loop->ready; handle; handle = handle->next)
        printf(" %s", handle->name ? handle->name : "?");
    printf("%s   scheduled:", loop->ready ? "" : " -");
    for (size_t i = 0; i < loop->nscheduled; i++)
        printf(" %s@%.2f%s", loop->scheduled[i].handle->name, loop->scheduled[i].when,
               loop->scheduled[i].handle->cancelled ? "(cancelled)" : "");
    puts(loop->nscheduled ? "" : " -");
}

static void turn(Loop *loop) {
    print_loop(loop);
    must(loop_run_once(loop));
}

/* ---- turn ------------------------------------------------------------------------------------*/

static Loop *begin_turns(void) {
    static Actor actors[] = {{"a", 0.1, ", then call_soon(c)", add_c, NULL},
                             {"b", 0.1, ", then call_later(0.5, d)", add_d, NULL},
                             {"c", 0.1, NULL, NULL, NULL},
                             {"d", 0.1, NULL, NULL, NULL},
                             {"r", 0.4, ", having read the line", read_line, NULL}};
    Loop *loop = told_loop(0.45);
    cast = actors;
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        actors[i].loop = loop;
    soon(&actors[0]);
    soon(&actors[1]);
    handle_name(need(loop_add_reader(loop, LINE, act, &actors[4])), "r");
    return loop;
}

void scene_turn(void) {
    puts("a and b were given to call_soon(), r waits for a descriptor, the line, on which\n"
         "something will come at 0.45. Each turn waits, then calls.\n");
    Loop *loop = begin_turns();
    step("a adds c: is c called in the same turn?");
    turn(loop);
    step("c is due, d is not: how long may select() wait now?");
    turn(loop);
    step("nothing is due before d: how long does it wait, who ends it?");
    turn(loop);
    step("r computed past 0.70, for which d was: when is d called?");
    turn(loop);
    puts("\nA timer is never early. It is late by whatever computes when its time comes.");
    loop_free(loop);
}

void data_turn(void) {
    story.silent = story.rows = true;
    Loop *loop = begin_turns();
    puts("turn,what,name,from,to");
    for (int i = 1; i <= 4; i++)
        turn(loop);
    loop_free(loop);
}

void scene_fair(void) {
    static Actor actors[] = {{"x", 0.1, ", then call_soon(x)", add_itself, NULL},
                             {"r", 0.1, ", having read the line", read_line, NULL}};
    puts("x gives itself to call_soon() again, each time, for ever. Something comes on the\n"
         "line at 0.15.\n");
    Loop *loop = told_loop(0.15);
    for (int i = 0; i < 2; i++)
        actors[i].loop = loop;
    soon(&actors[0]);
    handle_name(need(loop_add_reader(loop, LINE, act, &actors[1])), "r");
    step("there is always something in line: does r ever get its turn?");
    for (int i = 0; i < 4; i++)
        turn(loop);
    puts("\nWhat a turn adds waits for the next one, and each turn asks the selector first.\n"
         "A loop that emptied its line before it asked would never ask.");
    loop_free(loop);
}

/* ---- timers ----------------------------------------------------------------------------------*/

/* How many are in the heap after a turn, when of so many the latest ones were cancelled. */
static size_t left_of(int count, int cancelled) {
    Loop *loop = told_loop(FOREVER);
    Actor nobody = {.name = "", .loop = loop};
    for (int i = 0; i < count; i++) {
        Handle *handle = need(loop_call_later(loop, 1000 + i, act, &nobody));
        if (i >= count - cancelled) handle_cancel(handle);
    }
    soon(&nobody);
    story.silent = true;
    must(loop_run_once(loop));
    story.silent = false;
    size_t left = loop->nscheduled;
    loop_free(loop);
    return left;
}

void scene_timers(void) {
    static Actor actors[] = {
        {"a", 0.1, NULL, NULL, NULL}, {"b", 0.1, NULL, NULL, NULL}, {"c", 0.1, NULL, NULL, NULL}};
    static const double delays[] = {3, 1, 2};
    Loop *loop = told_loop(FOREVER);
    Handle *handles[3];
    puts("call_later(3, a), (1, b), (2, c); then b is cancelled, c later.\n");
    for (int i = 0; i < 3; i++) {
        actors[i].loop = loop;
        handles[i] = need(loop_call_later(loop, delays[i], act, &actors[i]));
        handle_name(handles[i], actors[i].name);
    }
    print_loop(loop);
    handle_cancel(handles[1]);
    story.turns = 0;
    step("b is cancelled: is it out of the heap?");
    print_loop(loop);
    story.turns = 0;
    puts("");
    step("what is left of it in the next turn?");
    turn(loop);
    turn(loop);
    puts("\nTo find b in a heap one would have to look at all of it. It is marked instead,\n"
         "and thrown out when it comes to the head. But most timers guard something that\n"
         "goes well, and are cancelled long before: a timeout of 30 seconds, at a thousand\n"
         "requests a second, would keep 30,000 dead ones. So:\n");
    step("how many dead ones may lie in the heap?");
    puts("  timers   cancelled   in the heap after a turn");
    static const int cases[][2] = {{100, 60}, {101, 50}, {101, 51}, {1000, 500}, {1000, 501}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        printf("  %6d   %9d   %24zu\n", cases[i][0], cases[i][1],
               left_of(cases[i][0], cases[i][1]));
    puts("\nMore than a hundred timers, and more than half of them dead: then all the dead\n"
         "are thrown out at once. Each was put in once, so this costs a constant a timer.");
    loop_free(loop);
}
