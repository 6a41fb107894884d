// clang-format off: a table
/* bench.c: nanoseconds per call through each door between Python and C. What Python does, bench.py
 * does, as a child that goes on running; what is done without Python, this program does. The column
 * n is 1.
 *
 *     no-argument   nothing() of ways.c, METH_NOARGS; the peer is gc.isenabled()
 *     positional    add of two numbers by position: METH_FASTCALL; peers: by PyArg_ParseTuple(), by
 *                   PyArg_ParseTupleAndKeywords(), METH_FASTCALL | METH_KEYWORDS
 *     by-name       add(a=1000, b=2000): METH_FASTCALL | METH_KEYWORDS; the peer parses by format string
 *     add           add(1000, 2000): METH_FASTCALL beside what Cython, cffi, pybind11 and ctypes make of a C function,
 *                   and a Python lambda
 *     add-in-C      the same from C, no Python: by hand (registers filled in assembly), directly, by libffi
 *     host          add of two numbers by our own host, from a tuple by a format string; the peer is CPython doing that
 *     distance-N    words.distance() of two words of N letters; peers: python3-levenshtein, pure Python
 *     nearest-1000  the nearest of 1000 words of three letters by Words.nearest(); peers: min() with the distances above
 *
 * A peer that is not installed is left out.
 */
// clang-format on
#include "../host.h"

#include "../../../common/proof/benchmark.h"

#include <limits.h>
/* ---- Python, kept running --------------------------------------------------------------------*/

static FILE *questions, *answers;
static char names[2000]; // of the doors there are, ",a,b,"

/* Whether it could be started. */
static bool start_python(const char *directory) {
    int to[2], from[2];
    if (pipe(to) < 0 || pipe(from) < 0) return false;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execlp(PYTHON, PYTHON, BENCH_PY, directory, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    questions = fdopen(to[1], "w");
    answers = fdopen(from[0], "r");
    names[0] = ',';
    if (pid < 0 || !questions || !answers || !fgets(names + 1, sizeof names - 1, answers))
        return false;
    names[strcspn(names, "\n")] = ',';
    return true;
}

static uint64_t python(size_t n, size_t repeats, const void *name) {
    char line[64] = "";
    fprintf(questions, "%s %zu\n", (const char *)name, n * repeats);
    fflush(questions);
    if (!fgets(line, sizeof line, answers)) {
        fprintf(stderr, "Python does not say how long '%s' took\n", (const char *)name);
        exit(1);
    }
    return strtoull(line, NULL, 10);
}

/* The time of so many calls from that of a fraction of them: slow ones are not called as often. */
static uint64_t python_less(size_t n, size_t repeats, size_t fewer, const void *name) {
    size_t called = repeats / fewer + 1;
    return (uint64_t)((double)python(n, called, name) / (double)called * (double)repeats);
}

static uint64_t python_slowly(size_t n, size_t repeats, const void *name) {
    return python_less(n, repeats, 100, name);
}

static uint64_t python_rarely(size_t n, size_t repeats, const void *name) {
    return python_less(n, repeats, 100000, name);
}

/* ---- From C ----------------------------------------------------------------------------------*/

// doors.c
uint64_t call_directly(size_t n, size_t repeats, const void *argument);
uint64_t call_by_hand(size_t n, size_t repeats, const void *argument);
uint64_t call_by_libffi(size_t n, size_t repeats, const void *argument);
extern const char *const byhand_abi; // NULL: there is no call by hand here

static Object *add_numbers(Object *module, Object *args) {
    long a, b;
    (void)module;
    if (!arg_parse_tuple(args, "ll:add_varargs", &a, &b)) return NULL;
    return int_from_long(a + b);
}

static uint64_t our_host(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    static const MethodDef methods[] = {{"add", FUNCTION(add_numbers), METH_VARARGS, NULL},
                                        {NULL, NULL, 0, NULL}};
    static ModuleDef def = {.name = "m", .methods = methods};
    Object *module = module_from_def(&def, "m"), *function = module_get_attr(module, "add");
    Object *args[] = {int_from_long(1000), int_from_long(2000)};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(object_call(function, args, 2));
    uint64_t elapsed = clock_now() - start;
    decref(args[0]);
    decref(args[1]);
    decref(function);
    decref(module);
    return elapsed;
}

/* ---- Rows ------------------------------------------------------------------------------------*/

// clang-format off
static BenchmarkRow rows[] = {
    {"no-argument", {{"ours", python, "nothing"}, {"gc.isenabled", python, "gc.isenabled"}}, 0},
    {"positional", {{"FASTCALL", python, "add_fastcall"}, {"ParseTuple", python, "add_varargs"},
        {"ParseTupleAndKeywords", python, "add_keywords"}, {"FASTCALL and KEYWORDS", python, "add_fastcall_keywords"},
        {"O", python, "add_one"}}, 0},
    {"by-name", {{"FASTCALL", python, "add_fastcall_keywords by name"},
        {"ParseTupleAndKeywords", python, "add_keywords by name"}}, 0},
    {"add", {{"extension", python, "add_fastcall"}, {"Cython", python, "cython"}, {"cffi", python, "cffi"},
        {"pybind11", python, "pybind11"}, {"ctypes", python, "ctypes"}, {"lambda", python, "lambda"}}, 0},
    {"add-in-C", {{"by hand", call_by_hand, NULL}, {"direct", call_directly, NULL}, {"libffi", call_by_libffi, NULL}}, 0},
    {"host", {{"ours", our_host, NULL}, {"CPython", python, "add_varargs"}}, 0},
    {"distance-7", {{"ours", python, "distance 7"}, {"Levenshtein", python, "Levenshtein 7"},
        {"Python", python_slowly, "pure 7"}}, 0},
    {"distance-30", {{"ours", python, "distance 30"}, {"Levenshtein", python, "Levenshtein 30"},
        {"Python", python_slowly, "pure 30"}}, 0},
    {"distance-300", {{"ours", python_slowly, "distance 300"}, {"Levenshtein", python_slowly, "Levenshtein 300"},
        {"Python", python_rarely, "pure 300"}}, 0},
    {"nearest-1000", {{"ours", python_slowly, "nearest"}, {"Levenshtein", python_slowly, "Levenshtein nearest"},
        {"Python", python_rarely, "pure nearest"}}, 0},
};
// clang-format on

static bool is_there(BenchmarkRun run, const char *name) {
    char word[64];
    snprintf(word, sizeof word, ",%s,", name ? name : "");
    if (!name) return run != call_by_hand || byhand_abi;
    return strstr(names, word) != NULL;
}

/* Leaves out the contenders that are not there. */
static void keep_those_there(BenchmarkRow *row) {
    size_t kept = 0;
    for (size_t c = 0; c < BENCHMARK_CONTENDERS_MAX && row->contenders[c].who; c++) {
        if (is_there(row->contenders[c].run, row->contenders[c].argument))
            row->contenders[kept++] = row->contenders[c];
    }
    for (; kept < BENCHMARK_CONTENDERS_MAX; kept++)
        row->contenders[kept].who = NULL;
}

int main(int argc, char **argv) {
    char program[PATH_MAX];
    Benchmark benchmark = {.room = "extension", .sizes = {1}};
    if (!realpath(argv[0], program)) return usage_error(argv[0], "where is it?");
    *strrchr(program, '/') = '\0';
    if (!start_python(program))
        fprintf(stderr, "%s: no Python with the modules in %s: the rows without it\n", argv[0],
                program);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        keep_those_there(&rows[r]);
    return benchmark_main(&benchmark, rows, sizeof rows / sizeof *rows, argc, argv);
}
