/* run.c: the demo's own work: a program from a file, by this clock or that one. */
#include "scenes.h"

static const char *file, *interval, *checks;
static long threads, ticks;
static bool no_gil, dis, timeline;

const Option run_options[] = {
    {"--run", "FILE", "the program; - is stdin", .text = &file},
    {"--threads", "N", "main() in so many threads (2, or the text's own)", .number = &threads,
     .low = 1, .high = TASKS_MAX},
    {"--interval", "SECONDS", "the switch interval (0.005)", .text = &interval},
    {"--ticks", "N", "in its place: count instructions, and ask after N", .number = &ticks,
     .low = 1, .high = 1000000000},
    {"--checks", "3.9", "look as often as 3.9 did, not as 3.11", .text = &checks},
    {"--no-gil", NULL, "as in a free-threaded build", .flag = &no_gil},
    {"--dis", NULL, "the bytecode, and where the loop looks", .flag = &dis},
    {"--timeline", NULL, "who held the GIL when", .flag = &timeline},
    {0},
};

/* ---- Printing --------------------------------------------------------------------------------*/

/* Whether a CALL finds a C function: by what put the callable there, if no jump lies between. */
static bool calls_builtin(const Program *program, const Function *function, int index) {
    int above = function->code[index].oparg, takes, leaves; // values on top of the callable
    for (int i = index - 1; i >= 0; i--) {
        CodeUnit unit = function->code[i];
        opcode_stack_effect(unit, &takes, &leaves);
        if (above < leaves) {
            if (unit.opcode != LOAD_GLOBAL) return false;
            Value value = {program->globals[unit.oparg].bits};
            return value_tag(value) == TAG_OBJECT && ((Object *)(uintptr_t)value.bits)->is_builtin;
        }
        above += takes - leaves;
    }
    return false;
}

void list_function(const Program *program, const Function *function) {
    printf("%-41s3.11  3.9\n", function->ob.name);
    for (int i = 0; i < function->size; i++) {
        char arg[40], line[100];
        Opcode opcode = function->code[i].opcode;
        bool in_c = opcode == CALL && calls_builtin(program, function, i);
        instruction_arg(program, function, i, arg, sizeof arg);
        int length =
            snprintf(line, sizeof line, "  %3d  %-27s%-13s%s    %s", i, opcode_name(opcode), arg,
                     opcode_checks(CHECKS_3_11, opcode, in_c) ? "*" : " ",
                     opcode_checks(CHECKS_3_9, opcode, in_c) ? "*" : "");
        while (line[length - 1] == ' ')
            length--;
        printf("%.*s\n", length, line);
    }
}

/* As repr() has it. A task's result that was an object has gone with the GIL. */
static void print_value(Value value) {
    const Object *op = (const Object *)(uintptr_t)value.bits;
    switch (value_tag(value)) {
    case TAG_INT:
        printf("%lld", (long long)value_as_int(value));
        break;
    case TAG_RANGE:
        printf("range(%lld, %lld)", (long long)value_range_next(value),
               (long long)value_range_stop(value));
        break;
    case TAG_NONE:
        printf("None");
        break;
    default:
        if (!op) printf("a function");
        if (op) printf("<%s %s>", op->is_builtin ? "built-in function" : "function", op->name);
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
        const Global *global = &program->globals[i];
        Value value = {global->bits};
        const Object *op = value_tag(value) == TAG_OBJECT ? (void *)(uintptr_t)value.bits : NULL;
        if (op && strcmp(op->name, global->name) == 0) continue; // a function under its own name
        printf("%s = ", global->name);
        print_value(value);
        putchar('\n');
    }
    return status;
}

/* ---- Running ---------------------------------------------------------------------------------*/

/* The tasks of the text, or main() in so many threads; -1 after a complaint. */
static int choose_tasks(Program *program, const char *name) {
    if (program->ntasks && !threads) return program->ntasks;
    Function *function = program_function(program, "main");
    if (!function || function->argcount > 1) {
        usage_error("gil_demo",
                    function ? "%s: main takes the thread's number or nothing"
                             : "%s: no function 'main' and no thread",
                    name);
        return -1;
    }
    int count = threads ? (int)threads : 2;
    for (int i = 0; i < count; i++)
        program->tasks[i] = (Task){.function = function, .args = {value_int(i)}};
    return count;
}

static int execute(Program *program, const char *name, double seconds) {
    static GilEvent events[50000];
    VirtualClock clock;
    GilTrace trace = {.events = events, .capacity = 50000};
    int count = choose_tasks(program, name);
    if (count < 0) return 2;
    for (int i = 0; dis && i < program->nobjects; i++) {
        if (program->objects[i]->is_builtin) continue;
        list_function(program, (const Function *)program->objects[i]);
        putchar('\n');
    }
    program->checks = checks && strcmp(checks, "3.9") == 0 ? CHECKS_3_9 : CHECKS_3_11;
    program->gil.enabled = !no_gil;
    if (interval) must(sys_setswitchinterval(&program->gil, seconds));
    if (timeline) program->gil.trace = &trace;
    if (ticks) {
        must(virtual_clock_init(&clock));
        program->clock = &clock;
        program->gil.interval = (uint64_t)ticks;
        trace.clock = &clock.now;
    }
    must(program_run(program, program->tasks, count));
    int status = report(program, program->tasks, count);
    if (timeline) {
        putchar('\n');
        draw_timeline(&trace, count, ticks ? 1e3 : 1e6);
    }
    if (ticks) virtual_clock_fini(&clock);
    return status;
}

/* A whole file, to be freed; NULL after a complaint. */
static char *read_all(const char *name, size_t *size) {
    FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    char *text = NULL;
    size_t room = 0, got = in != NULL;
    for (*size = 0; got > 0; *size += got) {
        if (*size == room) text = realloc(text, room = 2 * room + 65536);
        if (!text) need(error_no_memory());
        got = fread(text + *size, 1, room - *size, in);
    }
    bool failed = !in || ferror(in);
    if (failed) usage_error("gil_demo", "cannot read '%s': %s", name, strerror(errno));
    if (in && in != stdin) fclose(in);
    if (!failed) return text;
    free(text);
    return NULL;
}

/* Seconds in plain decimals, as Python writes them. */
static bool parse_seconds(const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    return *text && !*end && strspn(text, "0123456789.e-") == strlen(text) && *seconds >= 1e-9 &&
           *seconds <= 1e9;
}

int run_file(int count, char **operands) {
    (void)count, (void)operands;
    const char *me = "gil_demo", *both = "'%s' and '%s' exclude each other";
    double seconds = 0;
    if (!file) return usage_error(me, "nothing to run: --run FILE is missing; see --help");
    if (checks && strcmp(checks, "3.9") != 0 && strcmp(checks, "3.11") != 0) {
        return usage_error(me, "--checks takes 3.9 or 3.11, not '%s'", checks);
    }
    if (interval && !parse_seconds(interval, &seconds)) {
        return usage_error(me, "--interval takes seconds from 1e-9 to 1e9, not '%s'", interval);
    }
    if (interval && ticks) return usage_error(me, both, "--interval", "--ticks");
    if (no_gil && ticks) return usage_error(me, both, "--no-gil", "--ticks"); // who takes turns?
    size_t size;
    char *text = read_all(file, &size);
    if (!text) return 2;
    Program program;
    must(program_init(&program));
    must(program_define_builtins(&program));
    const char *name = strcmp(file, "-") == 0 ? "<stdin>" : file;
    int status = program_assemble(&program, name, text, size);
    if (status < 0 && !error_matches(ValueError)) must(status);
    status = status < 0 ? usage_error(me, "%s", error_message()) : execute(&program, name, seconds);
    program_fini(&program);
    free(text);
    return status;
}
