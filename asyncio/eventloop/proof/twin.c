/* twin.c: loops on a virtual clock, told in a small language; the same programs as twin.py's.
 *
 * A program says what is done before the run and what each callback does, "abc: x y+3 -z": a word is
 *
 *     x    call_soon(x)            -x  cancels the latest handle of x    !   stop()
 *     x+3  call_later(3, x)        ?   raises ValueError                 ^   raises KeyboardInterrupt
 *     x=3  call_at(3, x)           #   closes the loop
 *     .3   takes 3 seconds         :   tells how many are ready, scheduled, cancelled
 */
#include <ctype.h>
#include <stddef.h>

#include "../virtual.h"

enum { CALLS = 40, LETTERS = 26 };

typedef struct {
    const char *about;
    const char *handler; // "", or what the exception handler does: "tells", "raises", "interrupts"
    bool debug;
    const char *lines; // "main...; a: ...; b: ..."
} Program;

static const Program programs[] = {
    {"soon: in order; what a turn adds waits for the next", "", false, "a b c; a: d :; b: e; d: f"},
    {"timers: by time; what is due and what is ready", "", false,
     "a+2 b+1 c a=1; b: d+0 e; c: : f+1"},
    {"equal times: as the heap has them", "", false,
     "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1; a: i=1 j=1 :; c: k=1 -h"},
    {"times that are past", "", false, "a+-1 b=-5 c+0 d; d: e+-2 f=0"},
    {"cancelling: oneself, one that is in line, one that ran, twice", "", false,
     "a b c d+1 e+2; a: -a -b -b; c: -a -e :; d: : -d"},
    {"cancelled timers at the head are thrown out, others stay", "", false,
     "a+1 b+2 c+3 d+4; : ; a: -b -d : e+0; e: :; c: :"},
    {"a timer cancelled between due and called", "", false, "a=1 b=1 c=1; a: -b -c :; d: :"},
    {"stop: the turn is finished", "", false, "a b c+1; a: ! d; b: e; e: : !"},
    {"stop before the run: one turn", "", false, "! a b+1; a: c; c: ^"},
    {"close in itself", "tells", false, "a b; a: b; b: # c; c: :"},
    {"an error is the handler's", "", false, "a b c; a: ? d; b: e ?; e: !"},
    {"a handler of one's own", "tells", false, "a b+1; a: b ?; b: ?"},
    {"a handler that fails", "raises", false, "a b; a: ?; b: c"},
    {"a handler that is interrupted", "interrupts", false, "a b c; a: ?; b: d"},
    {"KeyboardInterrupt ends the turn; who was in line still is", "tells", false,
     "a b c+1; a: d ^ e; b: : f"},
    {"debug: who is slow", "", true, "a b; a: .1 c; b: .0; c: .2 ?"},
    {"time passes during a turn", "", false, "a b+1 c+2 d+3; a: .2 e+0; b: .1; e: :"},
};

static Loop *loop;
static Handle *handles[LETTERS];
static char scripts[LETTERS][64];
static const char *handler_does;
static int calls;

static void say_error(void) {
    printf(" %s(%s)", error_name(error_occurred()), error_message());
    error_clear();
}

static void callback(void *arg);

static void note(char letter, Handle *handle) {
    static const char names[LETTERS][4] = {
        "a()", "b()", "c()", "d()", "e()", "f()", "g()", "h()", "i()", "j()", "k()", "l()", "m()",
        "n()", "o()", "p()", "q()", "r()", "s()", "t()", "u()", "v()", "w()", "x()", "y()", "z()"};
    if (!handle) {
        say_error();
        return;
    }
    int i = letter - 'a';
    handle_decref(handles[i]);
    handles[i] = handle_incref(handle_name(handle, names[i]));
}

/* One word. False if the callback ends with it, an error pending. */
static bool perform(const char *word) {
    char letter = *word;
    void *self = islower((unsigned char)letter) ? scripts[letter - 'a'] : NULL;
    double number = self && word[1] ? strtod(word + 2, NULL) : 0;
    if (self && word[1] == '+')
        note(letter, loop_call_later(loop, number, callback, self));
    else if (self && word[1] == '=')
        note(letter, loop_call_at(loop, number, callback, self));
    else if (self)
        note(letter, loop_call_soon(loop, callback, self));
    else if (letter == '-')
        handle_cancel(handles[word[1] - 'a']);
    else if (letter == '!')
        loop_stop(loop);
    else if (letter == '.')
        loop->virtual_now += strtod(word + 1, NULL);
    else if (letter == ':')
        printf(" [%zu %zu %zu]", loop->nready, loop->nscheduled, loop->timer_cancelled_count);
    else if (letter == '#' && loop_close(loop) < 0)
        say_error();
    else if (letter == '?')
        return error_set(ValueError, "bad"), false;
    else if (letter == '^')
        return error_set(KeyboardInterrupt, "%s", ""), false;
    return true;
}

static void perform_all(const char *script) {
    char copy[64], *rest = copy;
    snprintf(copy, sizeof copy, "%s", script);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        if (!perform(word)) return;
}

static void callback(void *arg) {
    const char *script = arg;
    printf(" %c%g", (char)('a' + (script - scripts[0]) / (ptrdiff_t)sizeof scripts[0]),
           loop_time(loop));
    if (++calls >= CALLS) {
        loop_stop(loop);
        return;
    }
    perform_all(script);
}

static void handler(Loop *its, const ExceptionContext *context, void *arg) {
    (void)its, (void)arg;
    printf(" {%s: %s %s}", context->message, error_name(context->exception->type),
           context->exception->message);
    if (strcmp(handler_does, "raises") == 0) error_set(RuntimeError, "worse");
    if (strcmp(handler_does, "interrupts") == 0) error_set(KeyboardInterrupt, "%s", "");
}

static void log_line(Loop *its, const char *line) {
    (void)its;
    printf(" <%s>", line);
}

/* Up to three runs, as one that was stopped may go on; then the loop's end. */
static void run(const Program *program) {
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", program->lines);
    memset(scripts, 0, sizeof scripts);
    calls = 0;
    loop = virtual_loop_new();
    if (!loop) abort();
    loop->log = log_line;
    loop_set_debug(loop, program->debug);
    handler_does = program->handler;
    if (*handler_does) loop_set_exception_handler(loop, handler, NULL);
    const char *begin = strtok_r(rest, ";", &rest);
    for (char *line; (line = strtok_r(rest, ";", &rest));) {
        while (*line == ' ')
            line++;
        if (line[0] && line[1] == ':')
            snprintf(scripts[line[0] - 'a'], sizeof scripts[0], "%s", line + 2);
    }
    perform_all(begin);
    error_clear(); // nobody is told
    for (int i = 0; i < 3 && calls < CALLS; i++) {
        bool failed = loop_run_forever(loop) < 0, dead = error_matches(RuntimeError);
        printf("%s", failed ? " |" : " | stopped");
        if (failed) say_error();
        if (dead) break;
    }
    loop_close(loop);
    printf(" t=%g", loop_time(loop));
    perform("a");
    for (int i = 0; i < LETTERS; i++) {
        handle_decref(handles[i]);
        handles[i] = NULL;
    }
    loop_free(loop);
    putchar('\n');
}

/* ---- Programs that nobody thought of -----------------------------------------------------------*/

static uint32_t seed = 16;

static unsigned dice(unsigned sides) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % sides;
}

static void random_words(char *text, size_t size) {
    for (unsigned n = dice(5); n > 0; n--) {
        size_t length = strlen(text);
        char letter = (char)('a' + dice(8));
        unsigned kind = dice(24), number = dice(6);
        if (kind < 8)
            snprintf(text + length, size - length, " %c+%u", letter, number);
        else if (kind < 12)
            snprintf(text + length, size - length, " %c=%u", letter, number);
        else if (kind < 16)
            snprintf(text + length, size - length, " %c", letter);
        else if (kind < 20)
            snprintf(text + length, size - length, " -%c", letter);
        else
            snprintf(text + length, size - length, " %c", "!?:^"[kind - 20]);
    }
}

static void run_random(void) {
    static const char *handlers[] = {"", "tells", "raises", "interrupts"};
    char lines[512] = "a b+1";
    random_words(lines, sizeof lines);
    for (char letter = 'a'; letter <= 'h'; letter++) {
        size_t length = strlen(lines);
        snprintf(lines + length, sizeof lines - length, "; %c:", letter);
        random_words(lines, sizeof lines);
    }
    unsigned which = dice(4);
    printf("%s:", lines);
    run(&(Program){"", handlers[which], false, lines});
}

/* ---- Many timers -------------------------------------------------------------------------------*/

static unsigned fired[1000];
static uint32_t order;

static void fire(void *arg) {
    unsigned *number = arg;
    order = order * 31 + *number;
    calls++;
}

static void turn(void *arg) {
    (void)arg;
}

/* Thousand timers, of which those below `cancelled` tenths are cancelled: when are they thrown out? */
static void run_many(unsigned tenths, unsigned count) {
    loop = virtual_loop_new();
    if (!loop) abort();
    Handle *timers[1000];
    order = 0;
    calls = 0;
    for (unsigned i = 0; i < count; i++) {
        fired[i] = i;
        timers[i] = loop_call_at(loop, 1 + i * 7919 % 97, fire, &fired[i]);
    }
    for (unsigned i = 0; i < count; i++)
        if (i * 3 % 10 < tenths) handle_cancel(timers[i]);
    printf("%u timers, %u/10 cancelled:", count, tenths);
    perform(":");
    for (int i = 0; i < 3; i++) {
        loop_call_soon(loop, turn, NULL);
        loop_stop(loop);
        loop_run_forever(loop);
        perform(":");
    }
    if (loop_run_forever(loop) == 0) abort();
    say_error();
    printf(" %d called, order %u, t=%g\n", calls, order, loop_time(loop));
    loop_free(loop);
}

int main(void) {
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        printf("%s:", programs[i].about);
        run(&programs[i]);
    }
    for (unsigned tenths = 0; tenths <= 10; tenths++) {
        run_many(tenths, 100);
        run_many(tenths, 101);
        run_many(tenths, 1000);
    }
    for (int i = 0; i < 300; i++)
        run_random();
    return finish_output("eventloop_twin", 0);
}
