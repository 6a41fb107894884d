/* twin.c: the twin of twin.py: the same programs, in bytecode, in threads under our GIL. */
#include "../ceval.h"
#include "../demo/programs.h"

#include <errno.h>

static uint64_t state = 20231117;

/* The next number below `below` of a sequence that twin.py draws as well (Knuth's MMIX LCG). */
static int64_t rand_below(int64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((state >> 33) % (uint64_t)below);
}

/* What the threads have to tell; under the GIL. */
static int64_t log_entries[1000];
static int log_count;

/* A twin has nothing left to compare when something fails that must not. */
static void need(int status) {
    if (status == 0) return;
    error_print(stderr);
    exit(1);
}

static void run(Program *program, Task *tasks, int count) {
    need(program_run(program, tasks, count));
    for (int i = 0; i < count; i++)
        if (tasks[i].error.type != NoError) {
            error_restore(tasks[i].error);
            need(-1);
        }
}

static Task task(const Program *program, const char *function, int64_t argument) {
    return (Task){.function = program_function(program, function), .args = {value_int(argument)}};
}

/* A text with numbers in it, until the next. */
__attribute__((format(printf, 1, 2))) static const char *filled(const char *format, ...) {
    static char text[2000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

static int64_t get_int(const Program *program, const char *name) {
    return value_as_int(program_get(program, name));
}

/* ---- Functions in C that the bytecode calls --------------------------------------------------*/

static int builtin_log(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)self, (void)result;
    log_entries[log_count++] = value_as_int(args[0]);
    return 0;
}

static int builtin_next(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)args;
    int64_t **next = self;
    *result = value_int(*(*next)++);
    return 0;
}

/* A message of 8 bytes, across. On a full pipe or an empty one the call blocks, and must not block
 * others. */
static int transfer(Thread *thread, int fd, bool reads, int64_t *message) {
    ssize_t status;
    BEGIN_ALLOW_THREADS(&thread->tstate)
    do
        status = reads ? read(fd, message, sizeof *message) : write(fd, message, sizeof *message);
    while (status < 0 && errno == EINTR);
    END_ALLOW_THREADS
    return status == sizeof *message ? 0 : error_set(OSError, "cut short");
}

static int builtin_read(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args;
    int64_t message = 0;
    int status = transfer(thread, ((int *)self)[0], true, &message);
    *result = value_int(message);
    return status;
}

static int builtin_write(Thread *thread, void *self, const Value *args, Value *result) {
    (void)result;
    int64_t message = value_as_int(args[0]);
    return transfer(thread, ((int *)self)[1], false, &message);
}

typedef struct {
    ThreadState *spinner;
    ErrorType error;
} Interrupt;

static int builtin_here(Thread *thread, void *self, const Value *args, Value *result) {
    (void)args, (void)result;
    ((Interrupt *)self)->spinner = &thread->tstate;
    return 0;
}

static int builtin_interrupt(Thread *thread, void *self, const Value *args, Value *result) {
    (void)thread, (void)args, (void)result;
    Interrupt *interrupt = self;
    thread_set_async_exc(interrupt->spinner, interrupt->error);
    return 0;
}

/* ---- The functions that twin.py writes in Python ---------------------------------------------*/

// clang-format off
static const char functions[] =
    "global limit\n" COUNTERS("one")
    "function call_first n\n"
    LOOP(" LOAD_GLOBAL one\n CALL 0\n LOAD_GLOBAL counter\n BINARY_OP +\n STORE_GLOBAL counter\n")
    "function bounded n\n"
    LOOP(" LOAD_GLOBAL counter\n LOAD_GLOBAL limit\n COMPARE_OP <\n"
         " POP_JUMP_BACKWARD_IF_FALSE next\n"
         ADD_ONE)
    "function fib n\n"
    " RESUME\n LOAD_FAST n\n LOAD_CONST 2\n COMPARE_OP <\n POP_JUMP_FORWARD_IF_FALSE more\n"
    " LOAD_FAST n\n RETURN_VALUE\n"
    "more:\n LOAD_GLOBAL fib\n LOAD_FAST n\n LOAD_CONST 1\n BINARY_OP -\n CALL 1\n"
    " LOAD_GLOBAL fib\n LOAD_FAST n\n LOAD_CONST 2\n BINARY_OP -\n CALL 1\n"
    " BINARY_OP +\n RETURN_VALUE\n"
    "function collatz n\n"
    " RESUME\n LOAD_CONST 0\n STORE_FAST steps\n"
    " LOAD_FAST n\n LOAD_CONST 1\n COMPARE_OP !=\n POP_JUMP_FORWARD_IF_FALSE done\n"
    "again:\n LOAD_FAST n\n LOAD_CONST 2\n BINARY_OP %\n POP_JUMP_FORWARD_IF_FALSE even\n"
    " LOAD_CONST 3\n LOAD_FAST n\n BINARY_OP *\n LOAD_CONST 1\n BINARY_OP +\n STORE_FAST n\n"
    " JUMP_FORWARD step\n"
    "even:\n LOAD_FAST n\n LOAD_CONST 2\n BINARY_OP //\n STORE_FAST n\n"
    "step:\n LOAD_FAST steps\n LOAD_CONST 1\n BINARY_OP +\n STORE_FAST steps\n"
    " LOAD_FAST n\n LOAD_CONST 1\n COMPARE_OP !=\n POP_JUMP_BACKWARD_IF_TRUE again\n"
    "done:\n LOAD_FAST steps\n RETURN_VALUE\n"
    "function iterate x\n RESUME\n LOAD_FAST x\n GET_ITER\n RETURN_VALUE\n"
    "function call0 x\n RESUME\n LOAD_FAST x\n CALL 0\n RETURN_VALUE\n"
    "function fib0\n RESUME\n LOAD_GLOBAL fib\n CALL 0\n RETURN_VALUE\n"
    "function fib2\n RESUME\n LOAD_GLOBAL fib\n LOAD_CONST 1\n LOAD_CONST 2\n CALL 2\n"
    " RETURN_VALUE\n";

static const char lost_update[] =
    "global counter\nlock begin\nlock done\n"
    "function prepare\n RESUME\n LOAD_GLOBAL begin.acquire\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL done.acquire\n CALL 0\n RETURN_VALUE\n"
    "function hand_over\n RESUME\n LOAD_GLOBAL begin.release\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL done.acquire\n CALL 0\n POP_TOP\n LOAD_CONST 1\n RETURN_VALUE\n"
    "function first\n RESUME\n LOAD_GLOBAL counter\n LOAD_GLOBAL hand_over\n CALL 0\n"
    " BINARY_OP +=\n STORE_GLOBAL counter\n LOAD_CONST None\n RETURN_VALUE\n"
    "function second amount\n RESUME\n LOAD_GLOBAL begin.acquire\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL counter\n LOAD_FAST amount\n BINARY_OP +=\n STORE_GLOBAL counter\n"
    " LOAD_GLOBAL log\n LOAD_GLOBAL counter\n CALL 1\n POP_TOP\n"
    " LOAD_GLOBAL done.release\n CALL 0\n RETURN_VALUE\n";

static const char interrupts[] =
    "lock running\n"
    "function prepare\n RESUME\n LOAD_GLOBAL running.acquire\n CALL 0\n RETURN_VALUE\n"
    "function spin\n RESUME\n LOAD_GLOBAL here\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL running.release\n CALL 0\n POP_TOP\n"
    "again:\n JUMP_BACKWARD again\n"
    "function end\n RESUME\n LOAD_GLOBAL running.acquire\n CALL 0\n POP_TOP\n"
    " LOAD_GLOBAL interrupt\n CALL 0\n RETURN_VALUE\n";
// clang-format on

static void begin(Program *program) {
    need(program_init(program));
    need(program_define_builtins(program));
    need(program_define(program, "log", 1, builtin_log, NULL));
}

static void assemble(Program *program, const char *text) {
    need(program_assemble(program, "twin", text, strlen(text)));
}

/* ---- What can be observed --------------------------------------------------------------------*/

static void show_switch_interval(Gil *gil) {
    printf("switch interval %.6f\n", sys_getswitchinterval(gil));
    for (int i = 0; i < 40; i++) {
        int64_t below = 10;
        for (int64_t digits = rand_below(7); digits; digits--)
            below *= 10;
        int64_t microseconds = 1 + rand_below(below);
        need(sys_setswitchinterval(gil, (double)microseconds / 1e6));
        printf("set %lld microseconds: %.6f\n", (long long)microseconds,
               sys_getswitchinterval(gil));
    }
    need(sys_setswitchinterval(gil, 1e-7));
    printf("a tenth of a microsecond: %.6f\n", sys_getswitchinterval(gil));
    need(sys_setswitchinterval(gil, 0.005));
    const double wrong[] = {0, -1, -0.000001};
    for (int i = 0; i < 3; i++) {
        if (sys_setswitchinterval(gil, wrong[i]) == 0) continue;
        printf("set %.6f: %s: %s; still %.6f\n", wrong[i], error_name(error_occurred()),
               error_message(), sys_getswitchinterval(gil));
        error_clear();
    }
}

static void show_switch_points(const Program *program, const char *name) {
    const Function *function = program_function(program, name);
    bool loaded = false, between = false;
    printf("%s:\n", name);
    for (int i = 0; i < function->size; i++) {
        Opcode opcode = function->code[i].opcode;
        bool star = opcode_checks(CHECKS_3_11, opcode, true);
        char arg[32] = "";
        if (opcode_kind(opcode) == GLOBAL) {
            instruction_arg(program, function, i, arg, sizeof arg);
            char *method = strchr(arg, '.');
            if (method) memmove(arg, method + 1, strlen(method));
        } else if (!star && opcode != BINARY_OP && opcode != COMPARE_OP && opcode != GET_ITER &&
                   opcode != FOR_ITER) {
            continue;
        }
        printf("  %c %-*s%s\n", star ? '*' : ' ', *arg ? 14 : 0, opcode_name(opcode), arg);
        if (opcode == LOAD_GLOBAL && strcmp(arg, "counter") == 0) {
            loaded = true;
            between = false;
        } else if (opcode == STORE_GLOBAL) {
            printf("  between load and store: %s\n", between ? "a switch can happen" : "no switch");
            loaded = false;
        }
        between = between || (loaded && star);
    }
}

static void show_sums(Program *program) {
    static const char *const names[] = {"bare", "call_first", "locked", "bounded"};
    need(sys_setswitchinterval(&program->gil, 0.000001));
    for (int f = 0; f < 4; f++) {
        for (int threads = 1; threads <= 4; threads++) {
            int64_t limit = 5000 + rand_below(100), n = limit + rand_below(100);
            need(program_set_int(program, "counter", 0));
            need(program_set_int(program, "limit", limit));
            Task tasks[4];
            for (int i = 0; i < threads; i++)
                tasks[i] = task(program, names[f], n);
            run(program, tasks, threads);
            printf("%s %lld, %d threads: %lld (limit %lld)\n", names[f], (long long)n, threads,
                   (long long)get_int(program, "counter"), (long long)limit);
        }
    }
    need(sys_setswitchinterval(&program->gil, 0.005));
}

static void show_lost_update(void) {
    Program program;
    begin(&program);
    assemble(&program, lost_update);
    run(&program, (Task[]){task(&program, "prepare", 0)}, 1);
    for (int i = 0; i < 12; i++) {
        int64_t before = rand_below(1000), amount = rand_below(1000);
        need(program_set_int(&program, "counter", before));
        run(&program, (Task[]){task(&program, "first", 0), task(&program, "second", amount)}, 2);
        printf("%lld += 1 in one thread, += %lld in another, which saw %lld: %lld\n",
               (long long)before, (long long)amount, (long long)log_entries[--log_count],
               (long long)get_int(&program, "counter"));
    }
    program_fini(&program);
}

static void show_ring(int players, int rounds) {
    Program program;
    begin(&program);
    assemble(&program, "global token 1");
    Task tasks[TASKS_MAX] = {{0}};
    for (int i = 0; i < players; i++)
        assemble(&program, filled("lock turn%d\n", i));
    for (int me = 0; me < players; me++) {
        assemble(
            &program,
            filled(
                "function play%d n\n" LOOP(
                    " LOAD_GLOBAL turn%d.acquire\n CALL 0\n POP_TOP\n"
                    " LOAD_GLOBAL token\n LOAD_CONST 5\n BINARY_OP *\n LOAD_CONST %d\n"
                    " BINARY_OP +\n LOAD_CONST 1009\n BINARY_OP %%\n STORE_GLOBAL token\n"
                    " LOAD_GLOBAL log\n LOAD_CONST %d\n CALL 1\n POP_TOP\n"
                    " LOAD_GLOBAL log\n LOAD_GLOBAL token\n CALL 1\n POP_TOP\n"
                    " LOAD_GLOBAL turn%d.release\n CALL 0\n POP_TOP\n") //
                "function wait%d\n RESUME\n LOAD_GLOBAL turn%d.acquire\n CALL 0\n RETURN_VALUE\n",
                me, me, me, me, (me + 1) % players, me, me));
    }
    for (int me = 1; me < players; me++) // not their turn yet
        run(&program, (Task[]){task(&program, filled("wait%d", me), 0)}, 1);
    for (int me = 0; me < players; me++)
        tasks[me] = task(&program, filled("play%d", me), rounds);
    run(&program, tasks, players);
    for (int i = 0; i < log_count; i += 2)
        printf("ring of %d: player %d has token %d\n", players, (int)log_entries[i],
               (int)log_entries[i + 1]);
    log_count = 0;
    program_fini(&program);
}

static void show_pipeline(int stages, int count) {
    Program program;
    int pipes[TASKS_MAX][2];
    int64_t values[100];
    Task tasks[TASKS_MAX] = {{0}};
    begin(&program);
    for (int i = 0; i <= stages; i++) {
        if (pipe(pipes[i]) < 0) need(error_set(OSError, "%s", strerror(errno)));
        need(program_define(&program, filled("pipe%d.read", i), 0, builtin_read, pipes[i]));
        need(program_define(&program, filled("pipe%d.write", i), 1, builtin_write, pipes[i]));
    }
    for (int i = 0; i < count; i++)
        values[i] = rand_below(1000);
    int64_t *next = values;
    need(program_define(&program, "next", 0, builtin_next, &next));
    assemble(&program,
             "function feed n\n" LOOP(" LOAD_GLOBAL pipe0.write\n LOAD_GLOBAL next\n CALL 0\n"
                                      " CALL 1\n POP_TOP\n"));
    assemble(&program, filled("function collect n\n" LOOP(
                                  " LOAD_GLOBAL log\n LOAD_GLOBAL pipe%d.read\n CALL 0\n"
                                  " CALL 1\n POP_TOP\n"),
                              stages));
    for (int i = 0; i < stages; i++) {
        assemble(
            &program,
            filled("function stage%d n\n" LOOP(
                       " LOAD_GLOBAL pipe%d.read\n CALL 0\n STORE_FAST value\n LOAD_FAST value\n"
                       " LOAD_CONST 3\n BINARY_OP *\n LOAD_CONST %d\n BINARY_OP +\n"
                       " STORE_FAST value\n"
                       " LOAD_GLOBAL pipe%d.write\n LOAD_FAST value\n CALL 1\n POP_TOP\n"),
                   i, i, i, i + 1));
        tasks[i] = task(&program, filled("stage%d", i), count);
    }
    tasks[stages] = task(&program, "collect", count);
    tasks[stages + 1] = task(&program, "feed", count);
    run(&program, tasks, stages + 2);
    for (int i = 0; i < count; i++)
        printf("pipeline of %d: %lld became %lld\n", stages, (long long)values[i],
               (long long)log_entries[i]);
    log_count = 0;
    for (int i = 0; i <= stages; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    program_fini(&program);
}

static void show_interrupts(void) {
    const ErrorType errors[] = {KeyboardInterrupt, ValueError, MemoryError, RuntimeError};
    for (int i = 0; i < 4; i++) {
        Program program;
        Interrupt interrupt = {.error = errors[i]};
        begin(&program);
        need(program_define(&program, "here", 0, builtin_here, &interrupt));
        need(program_define(&program, "interrupt", 0, builtin_interrupt, &interrupt));
        assemble(&program, interrupts);
        run(&program, (Task[]){task(&program, "prepare", 0)}, 1);
        Task tasks[] = {task(&program, "spin", 0), task(&program, "end", 0)};
        need(program_run(&program, tasks, 2));
        printf("while True: pass, ended by %s\n", error_name(tasks[0].error.type));
        program_fini(&program);
    }
}

static void show_threads_that_compute(Program *program) {
    need(sys_setswitchinterval(&program->gil, 0.000001));
    for (int round = 0; round < 10; round++) {
        Task tasks[4];
        for (int i = 0; i < 4; i++) {
            int64_t n = i < 2 ? rand_below(14) : 1 + rand_below(5000);
            tasks[i] = task(program, i < 2 ? "fib" : "collatz", n);
        }
        run(program, tasks, 4);
        for (int i = 0; i < 4; i++)
            printf("%s(%lld) = %lld\n", tasks[i].function->ob.name,
                   (long long)value_as_int(tasks[i].args[0]),
                   (long long)value_as_int(tasks[i].result));
    }
    need(sys_setswitchinterval(&program->gil, 0.005));
}

static void show_operators(void) {
    enum { OPERATIONS = OPERATORS / 2 + COMPARISONS };
    const char *names[OPERATIONS];
    Program program;
    begin(&program);
    for (int i = 0; i < OPERATIONS; i++) {
        bool binary = i < OPERATORS / 2;
        names[i] = binary ? operator_names[i] : comparison_names[i - OPERATORS / 2];
        assemble(
            &program,
            filled("function f%d a b\n RESUME\n LOAD_FAST a\n LOAD_FAST b\n %s %s\n RETURN_VALUE\n",
                   i, binary ? "BINARY_OP" : "COMPARE_OP", names[i]));
    }
    Thread *thread = thread_new(&program, 0);
    if (!thread) need(-1);
    take_gil(&thread->tstate);
    for (int i = 0; i < 300; i++) {
        int op = (int)rand_below(OPERATIONS);
        Value operands[2];
        for (int k = 0; k < 2; k++) {
            int64_t kind = rand_below(8);
            int64_t number = kind == 0  ? 0
                             : kind < 4 ? rand_below(7) - 3
                                        : rand_below(200001) - 100000;
            operands[k] = kind ? value_int(number) : NONE;
            printf(k == 0 ? "%s " : "%s: ", kind ? filled("%lld", (long long)number) : "None");
            if (k == 0) printf("%s ", names[op]);
        }
        Value result = eval_call(thread, program_function(&program, filled("f%d", op)), operands);
        if (result.bits) {
            printf("%lld\n", (long long)value_as_int(result));
        } else {
            error_print(stdout);
        }
    }
    drop_gil(&thread->tstate);
    free(thread);
    program_fini(&program);
}

static void show_errors(Program *program) {
    assemble(program,
             "function release\n RESUME\n LOAD_GLOBAL lock.release\n CALL 0\n RETURN_VALUE\n");
    static const char *const calls[][2] = {{"5()", "call0"},
                                           {"fib()", "fib0"},
                                           {"fib(1, 2)", "fib2"},
                                           {"for _ in 5", "iterate"},
                                           {"release", "release"}};
    for (int i = 0; i < 5; i++) {
        Task call = task(program, calls[i][1], 5);
        need(program_run(program, &call, 1));
        printf("%s: %s: %s\n", calls[i][0], error_name(call.error.type), call.error.message);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    Program program;
    begin(&program);
    assemble(&program, functions);
    show_switch_interval(&program.gil);
    const char *const names[] = {"one", "bare", "called", "call_first", "locked"};
    for (int i = 0; i < 5; i++)
        show_switch_points(&program, names[i]);
    show_sums(&program);
    show_lost_update();
    show_ring(2, 20);
    show_ring(3, 20);
    show_ring(5, 20);
    show_pipeline(1, 20);
    show_pipeline(4, 40);
    show_interrupts();
    show_threads_that_compute(&program);
    show_operators();
    show_errors(&program);
    program_fini(&program);
    return finish_output(argv[0], 0);
}
