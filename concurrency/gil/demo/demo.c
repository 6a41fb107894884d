/* demo.c: the story of the GIL, told by runs: its table, and the scenes in which one column is a
 * thread and one line an instruction. */
#include "scenes.h"

void begin(Program *program, const char *text) {
    must(program_init(program));
    must(program_define_builtins(program));
    must(program_assemble(program, "gil_demo", text, strlen(text)));
}

void begin_virtual(Program *program, VirtualClock *clock, const char *text, uint64_t interval) {
    begin(program, text);
    must(virtual_clock_init(clock));
    program->clock = clock;
    program->gil.interval = interval;
}

void run_all(Program *program, const char *function, int64_t n, int count) {
    Task tasks[TASKS_MAX];
    for (int i = 0; i < count; i++)
        tasks[i] = (Task){.function = program_function(program, function), .args = {value_int(n)}};
    must(program_run(program, tasks, count));
    for (int i = 0; i < count; i++)
        if (tasks[i].error.type != NoError) {
            error_restore(tasks[i].error);
            must(-1);
        }
}

int64_t get_int(const Program *program, const char *name) {
    return value_as_int(program_get(program, name));
}

/* ---- look ------------------------------------------------------------------------------------*/

static void scene_look(void) {
    puts("`for _ in range(n): counter += 1`, then `counter += f()`. A star: here the loop\n"
         "looks at the eval breaker when it is done with the instruction.\n");
    static const char *const names[] = {"bare", "called", "f"};
    Program program;
    begin(&program, COUNTERS("f"));
    for (int i = 0; i < 3; i++) {
        list_function(&program, program_function(&program, names[i]));
        putchar('\n');
        if (i == 0) step("where can a switch come between load and store?");
        if (i == 1) step("and where now?");
    }
    puts("Since 3.10 the loop looks when a function is entered, when it jumps backward and\n"
         "after a call of a C function. No star between load and store of `counter += 1`:\n"
         "it cannot be interrupted there. In `counter += f()` the star is inside f. 3.9\n"
         "had stars in both.");
    program_fini(&program);
}

/* ---- lost, and lock --------------------------------------------------------------------------*/

static const char once[] = "global counter 5\nlock lock\n"
                           "function f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
                           "function bare\n RESUME\n" ADD_ONE RETURN_NONE //
                           "function called\n RESUME\n" ADD_CALL("f") RETURN_NONE
    "function locked\n RESUME\n" WITH_LOCK(ADD_CALL("f")) RETURN_NONE;

enum { ROWS_FIRST = 10, ROWS = 16 }; // before the first pause, and between two of the others
static int rows;                     // printed of this run
static const char *question;         // asked at the first pause

/* One line an instruction, in the column of its thread, with what it takes from the stack. */
static void watch(Thread *thread, const CodeUnit *instruction) {
    const Frame *frame = &thread->frames[thread->depth - 1];
    char arg[40], value[32] = "";
    int index = (int)(instruction - frame->function->code);
    instruction_arg(thread->program, frame->function, index, arg, sizeof arg);
    bool loads = instruction->opcode == LOAD_GLOBAL && strcmp(arg, "counter") == 0;
    if (loads || instruction->opcode == STORE_GLOBAL) {
        int64_t number =
            loads ? get_int(thread->program, arg) : value_as_int(frame->stack_pointer[-1]);
        snprintf(value, sizeof value, " (%lld)", (long long)number);
    }
    printf("  %3llu  %*s%s%s%s%s\n", (unsigned long long)thread->program->clock->now,
           36 * thread->tstate.id + 2 * (thread->depth - 1), "", opcode_name(instruction->opcode),
           *arg ? " " : "", arg, value);
    if (++rows % ROWS == ROWS_FIRST) step(rows == ROWS_FIRST ? question : NULL);
}

static void play_once(const char *function, EvalChecks checks, unsigned interval, const char *what,
                      const char *asked) {
    Program program;
    VirtualClock clock;
    begin_virtual(&program, &clock, once, interval);
    program.checks = checks;
    program.watch = watch;
    rows = 0, question = asked;
    printf("%s\n tick  thread 0%28sthread 1\n", what, "");
    run_all(&program, function, 0, 2);
    int64_t counter = get_int(&program, "counter");
    printf("  5 and twice 1 is %lld%s\n\n", (long long)counter,
           counter < 7 ? ": an update is lost" : "");
    virtual_clock_fini(&clock);
    program_fini(&program);
}

static void scene_lost(void) {
    puts("Two threads, one addition each, to a counter of 5. Time is counted in\n"
         "instructions, and who waits asks for the GIL after 4 of them.\n");
    play_once("called", CHECKS_3_11, 4, "counter += f()",
              "both have loaded 5: what will they store?");
    step("and without the call?");
    play_once("bare", CHECKS_3_11, 4, "counter += 1", NULL);
    puts("The request came in the middle here, too, but the loop does not look there: the\n"
         "first look is after the store.");
}

static void scene_lock(void) {
    puts("The same additions. 3.9 looked before nearly every instruction; a lock of one's\n"
         "own makes the addition one step. Who waits asks after 3 of them, and after 7.\n");
    play_once("bare", CHECKS_3_9, 3, "counter += 1, checked as 3.9 did", NULL);
    step("and with a lock?");
    play_once("locked", CHECKS_3_11, 7, "with lock: counter += f()",
              "thread 1 is let in, between load and store: what now?");
    puts("In the last the switch does come between load and store, and does no harm:\n"
         "thread 1 cannot have the lock, so it blocks, and the GIL goes back.");
}

/* ---- The table -------------------------------------------------------------------------------*/

static const Scene scenes[] = {
    {"look", "The bytecode of an addition, and where a switch can come", scene_look},
    {"lost", "An update that is lost, one instruction a line", scene_lost,
     .look = "the numbers that are loaded and stored"},
    {"lock", "What 3.9 lost as well, and what a lock is for", scene_lock},
    {"timeline", "Who held the GIL when, by counted instructions", scene_timeline},
    {"trace", "The same on this machine, by the real clock", scene_trace, .varies = true},
    {"cpu", "Threads that compute: GIL, no GIL, processes", scene_cpu, .varies = true},
    {"io", "Threads that wait, in the same three ways", scene_io, .varies = true},
    {"race", "Updates that are lost in spite of the GIL, and Python's", scene_race, .varies = true},
    {"force", "Why the old holder waits: forced switching", scene_force, .varies = true},
    {"convoy", "One that waits, behind one that computes", scene_convoy, .varies = true},
    {"refcount", "What the GIL is there for, and what it saves", scene_refcount, .varies = true},
    {0},
};
static const Scene data[] = {
    {"timeline", "who held the GIL when, by counted instructions", csv_timeline},
    {"convoy", "latencies of eight switch intervals, ours, CPython's", csv_convoy, .varies = true},
    {0},
};

static const Demo demo = {
    .program = "gil_demo",
    .about = "Runs a program in bytecode, and prints what its threads returned and its globals\n"
             "are. Its language is told in assemble.c; concurrency/gil/demo/lost.txt is one.",
    .scenes = scenes,
    .data = data,
    .options = run_options,
    .work = run_file,
};

/* A descriptor of 0 to 2 that is closed would be the next file's, which would then be printed to.
 * The one that takes its place cannot be read or written either. */
static void reserve_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
    reserve_descriptors();
    return demo_main(&demo, argc, argv);
}
