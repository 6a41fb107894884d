/* demo.c: the story of the GIL, told by runs.
 *
 *     gil_demo                    every scene
 *     gil_demo --scene NAME       one of them
 *     gil_demo --run FILE         runs a program in bytecode; - is stdin. See --help
 *     gil_demo --csv NAME         the data of the pictures
 */
#include "demo.h"

#include <ctype.h>
#include <errno.h>

void need(int status) {
    if (status == 0) return;
    fflush(stdout);
    fprintf(stderr, "%s: ", PROGRAM);
    error_print(stderr);
    exit(1);
}

void begin(Program *program, const char *text) {
    need(program_init(program));
    need(program_define_builtins(program));
    need(program_assemble(program, PROGRAM, text, strlen(text)));
}

void run_all(Program *program, const char *function, int64_t n, int count) {
    Task tasks[TASKS_MAX] = {{0}};
    for (int i = 0; i < count; i++) {
        tasks[i].function = program_function(program, function);
        tasks[i].args[0] = value_int(n);
    }
    need(program_run(program, tasks, count));
    for (int i = 0; i < count; i++)
        if (tasks[i].error.type != NoError) {
            error_restore(tasks[i].error);
            need(-1);
        }
}

int64_t get_int(const Program *program, const char *name) {
    return value_as_int(program_get(program, name));
}

/* ---- look ------------------------------------------------------------------------------------*/

static bool is_builtin(const Program *program, const Function *function, int index) {
    // The callable is what the nearest LOAD_GLOBAL before the arguments put there: enough for here.
    for (int i = index - 1; i >= 0; i--) {
        if (function->code[i].opcode != LOAD_GLOBAL) continue;
        uint64_t bits = program->globals[function->code[i].oparg].bits;
        if (value_tag((Value){bits}) != TAG_OBJECT) continue;
        return ((Object *)(uintptr_t)bits)->is_builtin;
    }
    return false;
}

static void list_function(const Program *program, const Function *function) {
    printf("%s:%*s3.11  3.9\n", function->ob.name, 40 - (int)strlen(function->ob.name), "");
    for (int i = 0; i < function->size; i++) {
        char arg[40];
        Opcode opcode = function->code[i].opcode;
        bool in_c = opcode == CALL && is_builtin(program, function, i);
        printf("  %3d  %s", i, opcode_name(opcode));
        instruction_arg(program, function, i, arg, sizeof arg);
        bool now = opcode_checks(CHECKS_3_11, opcode, in_c);
        bool then = opcode_checks(CHECKS_3_9, opcode, in_c);
        int width = 27 - (int)strlen(opcode_name(opcode));
        if (*arg || now || then) printf("%*s%s", width, "", arg);
        if (now || then) printf("%*s%s", 13 - (int)strlen(arg), "", now ? "*" : " ");
        puts(then ? "    *" : "");
    }
}

// clang-format off
static const char looks[] =
    "global counter\n"
    "function f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function bare n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n")
    "function called n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_GLOBAL f\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n");
// clang-format on

void scene_look(void) {
    heading("look: where another thread can get in");
    puts("`for _ in range(n): counter += 1`, then `counter += f()`. A star: here the loop\n"
         "looks at the eval breaker when it is done with the instruction. Look at what lies\n"
         "between the load of counter and the store.\n");
    Program program;
    begin(&program, looks);
    list_function(&program, program_function(&program, "bare"));
    putchar('\n');
    list_function(&program, program_function(&program, "called"));
    putchar('\n');
    list_function(&program, program_function(&program, "f"));
    puts("\nSince 3.10 the loop looks when a function is entered, when it jumps backward and\n"
         "after a call of a C function. No star between load and store of `counter += 1`: in\n"
         "such a loop it cannot be interrupted there. In `counter += f()` the star is inside\n"
         "f. 3.9 had stars in both.");
    program_fini(&program);
}

/* ---- lost ------------------------------------------------------------------------------------*/

static const char once[] =
    "global counter 5\nlock lock\nfunction f\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function bare\n RESUME\n LOAD_GLOBAL counter\n LOAD_CONST 1\n BINARY_OP +=\n"
    " STORE_GLOBAL counter\n LOAD_CONST None\n RETURN_VALUE\n"
    "function called\n RESUME\n LOAD_GLOBAL counter\n LOAD_GLOBAL f\n CALL 0\n BINARY_OP +=\n"
    " STORE_GLOBAL counter\n LOAD_CONST None\n RETURN_VALUE\n"
    "function locked\n RESUME\n LOAD_GLOBAL lock.acquire\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL counter\n LOAD_GLOBAL f\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n"
    " LOAD_GLOBAL lock.release\n CALL 0\n RETURN_VALUE\n";

/* One line an instruction, in the column of its thread, with what it takes from the stack. */
static void watch(Thread *thread, const CodeUnit *instruction) {
    const Frame *frame = &thread->frames[thread->depth - 1];
    char arg[40], text[60];
    int index = (int)(instruction - frame->function->code);
    instruction_arg(thread->program, frame->function, index, arg, sizeof arg);
    int used = snprintf(text, sizeof text, "%s%s%s%s", thread->depth > 1 ? "  " : "",
                        opcode_name(instruction->opcode), *arg ? " " : "", arg);
    if (instruction->opcode == LOAD_GLOBAL && strcmp(arg, "counter") == 0) {
        snprintf(text + used, sizeof text - (size_t)used, " (%lld)",
                 (long long)get_int(thread->program, "counter"));
    } else if (instruction->opcode == STORE_GLOBAL) {
        snprintf(text + used, sizeof text - (size_t)used, " (%lld)",
                 (long long)value_as_int(frame->stack_pointer[-1]));
    }
    printf("  %3llu  %*s%s\n", (unsigned long long)thread->program->clock->now,
           36 * thread->tstate.id, "", text);
}

static void play_once(const char *function, EvalChecks checks, unsigned long interval,
                      const char *what) {
    Program program;
    VirtualClock clock;
    begin(&program, once);
    need(virtual_clock_init(&clock));
    program.clock = &clock;
    program.checks = checks;
    program.watch = watch;
    program.gil.interval = interval;
    printf("%s\n\n  tick  thread 0%28sthread 1\n", what, "");
    run_all(&program, function, 0, 2);
    int64_t counter = get_int(&program, "counter");
    printf("\n  5 and twice 1 is %lld%s\n\n", (long long)counter,
           counter < 7 ? ": an update is lost" : "");
    virtual_clock_fini(&clock);
    program_fini(&program);
}

void scene_lost(void) {
    heading("lost: the moment at which an update is lost");
    puts("Two threads, one addition each, to a counter of 5. Time is counted in instructions,\n"
         "and who waits asks for the GIL after 4 of them. Look at the numbers that are loaded\n"
         "and stored.\n");
    play_once("called", CHECKS_3_11, 4, "counter += f()");
    play_once("bare", CHECKS_3_11, 4, "counter += 1");
    play_once("bare", CHECKS_3_9, 3, "counter += 1, checked as 3.9 did (and asked for after 3)");
    play_once("locked", CHECKS_3_11, 7, "with lock: counter += f() (asked for after 7)");
    puts("The request of the second run came in the middle as well, but the first look was\n"
         "after the store. In the last the switch does happen between load and store, and\n"
         "does no harm: thread 1 cannot have the lock, so it blocks, and the GIL goes back.");
}

/* ---- A program from a file -------------------------------------------------------------------*/

typedef struct {
    const char *file;
    int threads;
    double interval;     // seconds
    unsigned long ticks; // 0: real time
    EvalChecks checks;
    bool no_gil, list, timeline;
} RunOptions;

/* A whole file, to be freed; NULL after a complaint, or with MemoryError. */
static char *read_all(const char *file, size_t *size) {
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
    size_t room = 1 << 16;
    *size = 0;
    if (!in) {
        usage_error(PROGRAM, "cannot open '%s': %s", file, strerror(errno));
        return NULL;
    }
    char *text = malloc(room);
    for (size_t got = 1; text && got > 0; *size += got) {
        if (*size == room) {
            char *larger = realloc(text, room *= 2);
            if (!larger) free(text);
            text = larger;
            if (!text) break;
        }
        got = fread(text + *size, 1, room - *size, in);
    }
    if (text && ferror(in)) {
        usage_error(PROGRAM, "cannot read '%s': %s", file, strerror(errno));
        free(text);
        text = NULL;
    } else if (!text) {
        error_no_memory();
    }
    if (in != stdin) fclose(in);
    return text;
}

static void print_value(Value value) {
    if (value_is_int(value)) {
        printf("%lld", (long long)value_as_int(value));
    } else if (value_tag(value) == TAG_NONE) {
        printf("None");
    } else {
        printf("%s", value.bits ? "a function" : "nothing that outlives it");
    }
}

static int report(const Program *program, const Task *tasks, int count) {
    int status = 0;
    for (int i = 0; i < count; i++) {
        printf("thread %d: %s(", i, tasks[i].function->ob.name);
        for (int k = 0; k < tasks[i].function->argcount; k++) {
            if (k) printf(", ");
            print_value(tasks[i].args[k]);
        }
        if (tasks[i].error.type != NoError) {
            status = 1;
            printf(") raised %s: %s\n", error_name(tasks[i].error.type), tasks[i].error.message);
        } else {
            printf(") returned ");
            print_value(tasks[i].result);
            putchar('\n');
        }
    }
    for (int i = 0; i < program->nglobals; i++) {
        Value value = {program->globals[i].bits};
        if (value_tag(value) == TAG_OBJECT) continue;
        printf("%s = ", program->globals[i].name);
        print_value(value);
        putchar('\n');
    }
    return status;
}

/* The tasks of the text, or main in so many threads; -1 after a complaint. */
static int choose_tasks(Program *program, const RunOptions *options) {
    if (program->ntasks && !options->threads) return program->ntasks;
    Function *function = program_function(program, "main");
    if (!function) {
        return usage_error(PROGRAM, "%s: no function 'main' and no thread", options->file), -1;
    }
    if (function->argcount > 1) {
        return usage_error(PROGRAM, "%s: main takes the thread's number or nothing", options->file),
               -1;
    }
    int count = options->threads ? options->threads : 2;
    for (int i = 0; i < count; i++)
        program->tasks[i] = (Task){.function = function, .args = {value_int(i)}};
    return count;
}

static int execute(Program *program, const RunOptions *options) {
    static GilEvent events[50000];
    VirtualClock clock;
    GilTrace trace = {.events = events, .capacity = 50000};
    int count = choose_tasks(program, options);
    if (count < 0) return 2;
    if (options->list) {
        for (int i = 0; i < program->nobjects; i++) {
            if (program->objects[i]->is_builtin) continue;
            list_function(program, (const Function *)program->objects[i]);
            putchar('\n');
        }
    }
    program->checks = options->checks;
    program->gil.enabled = !options->no_gil;
    if (options->interval > 0) need(sys_setswitchinterval(&program->gil, options->interval));
    if (options->timeline) program->gil.trace = &trace;
    if (options->ticks) {
        need(virtual_clock_init(&clock));
        program->clock = &clock;
        program->gil.interval = options->ticks;
        trace.clock = &clock.now;
    }
    need(program_run(program, program->tasks, count));
    int status = report(program, program->tasks, count);
    if (options->timeline) {
        putchar('\n');
        draw_timeline(&trace, count, options->ticks ? 1e3 : 1e6);
        if (trace.count > trace.capacity) {
            printf("(the first %zu of %zu events)\n", trace.capacity, (size_t)trace.count);
        }
    }
    if (options->ticks) virtual_clock_fini(&clock);
    return status;
}

static int run_file(const RunOptions *options) {
    size_t size;
    char *text = read_all(options->file, &size);
    if (!text) {
        if (error_occurred()) need(-1);
        return 2;
    }
    Program program;
    need(program_init(&program));
    need(program_define_builtins(&program));
    int status;
    const char *name = strcmp(options->file, "-") == 0 ? "<stdin>" : options->file;
    if (program_assemble(&program, name, text, size) == 0) {
        status = execute(&program, options);
    } else if (error_matches(ValueError)) {
        status = usage_error(PROGRAM, "%s", error_message());
    } else {
        need(-1);
        status = 1;
    }
    program_fini(&program);
    free(text);
    return status;
}

/* ---- Options ---------------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*play)(void);
    const char *about;
} scenes[] = {
    {"look", scene_look, "the bytecode of an addition, and where a switch can happen"},
    {"lost", scene_lost, "an update that is lost, one instruction a line"},
    {"timeline", scene_timeline, "who held the GIL when, by a clock that counts instructions"},
    {"trace", scene_trace, "the same by the real clock (varies)"},
    {"cpu", scene_cpu, "threads that compute: GIL, no GIL, processes (varies)"},
    {"io", scene_io, "threads that wait, in the same three ways (varies)"},
    {"force", scene_force, "what a request is worth without forced switching (varies)"},
    {"race", scene_race, "additions lost in spite of the GIL, here and in CPython (varies)"},
    {"convoy", scene_convoy, "an I/O thread beside a computing one, by switch interval (varies)"},
    {"refcount", scene_refcount, "plain refcounts without the GIL, and atomic ones (varies)"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void help(void) {
    puts("usage: gil_demo [--scene NAME | --csv timeline | --csv convoy]\n"
         "       gil_demo --run FILE [--threads N] [--interval SECONDS | --ticks N]\n"
         "                           [--checks 3.9] [--no-gil] [--list] [--timeline]\n\n"
         "Without arguments plays every scene. --run assembles a FILE (- is standard input)\n"
         "and runs the threads that it names, or main in N threads (2); the text is described\n"
         "in assemble.c. --ticks counts time in instructions, so that each run is the same.\n\n"
         "scenes:");
    for (int i = 0; i < SCENES; i++)
        printf("  %-10s %s\n", scenes[i].name, scenes[i].about);
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (strcmp(scenes[i].name, name) != 0) continue;
        scenes[i].play();
        return 0;
    }
    return usage_error(PROGRAM, "no scene '%s'; --help lists them", name);
}

static int csv(const char *what) {
    if (strcmp(what, "timeline") == 0) {
        csv_timeline();
    } else if (strcmp(what, "convoy") == 0) {
        csv_convoy();
    } else {
        return usage_error(PROGRAM, "no data '%s'; there are timeline and convoy", what);
    }
    return 0;
}

static bool parse_number(const char *text, double low, double high, double *number) {
    char *end;
    *number = strtod(text, &end);
    return end > text && !*end && !isspace((unsigned char)*text) && *number >= low &&
           *number <= high;
}

static int parse_run(int argc, char **argv, RunOptions *options) {
    for (int i = 3; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        double number = 0;
        if (strcmp(option, "--list") == 0) {
            options->list = true;
        } else if (strcmp(option, "--no-gil") == 0) {
            options->no_gil = true;
        } else if (strcmp(option, "--timeline") == 0) {
            options->timeline = true;
        } else if (strcmp(option, "--threads") == 0) {
            if (!parse_number(value, 1, TASKS_MAX, &number)) {
                return usage_error(PROGRAM, "--threads takes a number from 1 to %d", TASKS_MAX);
            }
            options->threads = (int)number, i++;
        } else if (strcmp(option, "--interval") == 0) {
            if (!parse_number(value, 1e-9, 1e9, &options->interval)) {
                return usage_error(PROGRAM, "--interval takes seconds: 0.005");
            }
            i++;
        } else if (strcmp(option, "--ticks") == 0) {
            if (!parse_number(value, 1, 1e9, &number)) {
                return usage_error(PROGRAM, "--ticks takes a number of instructions from 1");
            }
            options->ticks = (unsigned long)number, i++;
        } else if (strcmp(option, "--checks") == 0) {
            if (strcmp(value, "3.9") != 0 && strcmp(value, "3.11") != 0) {
                return usage_error(PROGRAM, "--checks takes 3.9 or 3.11");
            }
            options->checks = strcmp(value, "3.9") == 0 ? CHECKS_3_9 : CHECKS_3_11, i++;
        } else {
            return usage_error(PROGRAM, "cannot make sense of '%s'; see --help", option);
        }
    }
    if (options->no_gil && options->ticks) {
        return usage_error(PROGRAM, "--ticks needs the GIL: without it nobody takes turns");
    }
    return 0;
}

int main(int argc, char **argv) {
    int status = 0;
    if (argc == 1) {
        for (int i = 0; i < SCENES; i++)
            scenes[i].play();
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        help();
    } else if (argc == 3 && strcmp(argv[1], "--scene") == 0) {
        status = play(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--csv") == 0) {
        status = csv(argv[2]);
    } else if (argc >= 3 && strcmp(argv[1], "--run") == 0) {
        RunOptions options = {.file = argv[2]};
        status = parse_run(argc, argv, &options);
        if (status == 0) status = run_file(&options);
    } else {
        status = usage_error(PROGRAM, "cannot make sense of '%s'; see --help", argv[1]);
    }
    return finish_output(PROGRAM, status);
}
