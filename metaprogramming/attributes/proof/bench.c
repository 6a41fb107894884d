/* bench.c: reading attributes, ours and CPython's through its C API, in one process.
 *
 * Both sides have an object with the attributes five and six of its own, whose class has `cls`,
 * and a proxy that keeps it in _target. Every result is dropped at once but in the last two rows.
 *
 *   __getattr__ proxy  proxy.five, which only __getattr__ finds, by asking the target. CPython's
 *                      hook is one line of Python. "3.12" is the same in a loop in a process of
 *                      that version (the program in PYTHON312, or python3.12), less the loop
 *                      without it; left out where there is none
 *   own beside a hook   obj.five, where the class has a __getattr__ that is not asked
 *   __getattribute__   obj.five, through a hook that calls object.__getattribute__
 *   class attribute    obj.cls
 *   instance attr      obj.five
 *   property           obj.seven, whose body returns a constant
 *   inline cache       five of a thousand objects in turn, at a place that is specialised; the
 *                      peer reads a field of a struct, and takes its reference, too
 *   generic            the same by the lookup, against the same peer
 */
#include <Python.h>

#undef True // both CPython's macros and ours would do
#undef False

#include "../attributes.h"
#include "../inline_cache.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    fputs("attributes_bench: out of memory\n", stderr);
    exit(1);
}

/* ---- Ours ------------------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Object *fields[2];
} Plain;
enum { MANY = 1000 };

static Object *our_object, *our_proxy, *our_unused, *our_hooked, *our_many[MANY];
static Plain our_plain[MANY];
static Str *name_five, *name_cls, *name_seven;
static LoadAttr our_place;

static Object *passes(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return object_generic_getattr(args[0], (Str *)args[1]);
}

static Object *seven(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure);
}

/* An instance of a class with `cls`, `seven` and perhaps a hook, that has five and six. */
static Object *our_new(const char *hook, FunctionCode code) {
    Object *value = check(int_from_long(7)), *body = check(function_new("seven", seven, value));
    Dict *dict = check(dict_new());
    Object *property = check(property_new(body, NULL, NULL));
    dict_set_item(dict, name_cls, value);
    dict_set_item(dict, name_seven, property);
    Tuple *bases = check(tuple_new(0));
    Type *type = check(type_from(&Type_Type, "T", bases, dict));
    Object *self = check(object_call(OBJECT(type), NULL, 0, NULL));
    object_setattr(self, name_five, value);
    object_setattr(self, check(str_intern("six")), value);
    if (hook) {
        Object *function = check(function_new(hook, code, value));
        object_setattr_string(OBJECT(type), hook, function);
    }
    return self;
}

static void prepare_ours(void) {
    if (types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0) check(NULL);
    name_five = check(str_intern("five"));
    name_cls = check(str_intern("cls"));
    name_seven = check(str_intern("seven"));
    our_object = our_new(NULL, NULL);
    our_unused = our_new("__getattr__", seven);
    our_hooked = our_new("__getattribute__", passes);
    our_proxy = check(proxy_new(PROXY_BARE, &our_object, 1));
    for (int i = 0; i < MANY; i++) {
        our_plain[i].fields[1] = check(int_from_long(i));
        our_many[i] = check(object_call(OBJECT(our_object->type), NULL, 0, NULL));
        object_setattr(our_many[i], name_five, our_plain[i].fields[1]);
    }
    our_place.name = name_five;
    for (int i = 0; i < WARMUP; i++)
        decref(load_attr(&our_place, our_many[i]));
}

/* ---- Theirs ----------------------------------------------------------------------------------*/

/* The program of all versions. */
#define CLASSES                                                                                    \
    "class T:\n"                                                                                   \
    "    cls = 7\n"                                                                                \
    "    def __init__(self): self.five = self.six = 7\n"                                           \
    "    @property\n"                                                                              \
    "    def seven(self): return 7\n"                                                              \
    "class Unused(T):\n"                                                                           \
    "    def __getattr__(self, name): return 7\n"                                                  \
    "class Hooked(T):\n"                                                                           \
    "    def __getattribute__(self, name): return object.__getattribute__(self, name)\n"           \
    "class Bare:\n"                                                                                \
    "    def __init__(self, target): object.__setattr__(self, '_target', target)\n"                \
    "    def __getattr__(self, name): return getattr(self._target, name)\n"

static PyObject *their_object, *their_proxy, *their_unused, *their_hooked;
static PyObject *their_five, *their_cls, *their_seven;
static char later[300]; // the command of a 3.12, or ""

static void prepare_theirs(void) {
    PyObject *names = PyModule_GetDict(check(PyImport_AddModule("__main__")));
    check(PyRun_String(CLASSES "o, u, h = T(), Unused(), Hooked()\np = Bare(o)\n", Py_file_input,
                       names, names));
    their_object = check(PyDict_GetItemString(names, "o"));
    their_unused = check(PyDict_GetItemString(names, "u"));
    their_hooked = check(PyDict_GetItemString(names, "h"));
    their_proxy = check(PyDict_GetItemString(names, "p"));
    their_five = check(PyUnicode_InternFromString("five"));
    their_cls = check(PyUnicode_InternFromString("cls"));
    their_seven = check(PyUnicode_InternFromString("seven"));
}

/* Whether there is a 3.12 that runs. */
static bool find_later(void) {
    const char *python = getenv("PYTHON312");
    snprintf(later, sizeof later,
             "'%s' -I -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))'"
             " 2>/dev/null",
             python ? python : "python3.12");
    if (system(later) != 0) return false;
    snprintf(later, sizeof later, "'%s' -I -", python ? python : "python3.12");
    return true;
}

static uint64_t later_proxy(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    static const char path[] = "attributes_bench_3_12.txt";
    char command[400];
    snprintf(command, sizeof command, "%s >%s", later, path);
    FILE *pipe = check(popen(command, "w"));
    fprintf(pipe,
            CLASSES "from time import perf_counter_ns as now\n"
                    "def run(p, n):\n"
                    "    a = now()\n"
                    "    for i in range(n): p.five\n"
                    "    b = now()\n"
                    "    for i in range(n): p\n"
                    "    return (b - a) - (now() - b)\n"
                    "print(run(Bare(T()), %zu))\n",
            n * repeats);
    unsigned long long elapsed = 0;
    bool good = pclose(pipe) == 0;
    FILE *file = check(fopen(path, "r"));
    good &= fscanf(file, "%llu", &elapsed) == 1;
    fclose(file);
    remove(path);
    if (!good) check(NULL);
    return elapsed;
}

/* ---- Both ------------------------------------------------------------------------------------*/

/* A contender that evaluates an expression n times in each of its repeats. */
#define TIMED(function, expression)                                                                \
    static uint64_t function(size_t n, size_t repeats, const void *argument) {                     \
        (void)argument;                                                                            \
        uint64_t start = clock_now();                                                              \
        for (size_t i = 0; i < n * repeats; i++)                                                   \
            expression;                                                                            \
        return clock_now() - start;                                                                \
    }

TIMED(our_proxy_attr, decref(object_getattr(our_proxy, name_five)))
TIMED(their_proxy_attr, Py_DECREF(PyObject_GetAttr(their_proxy, their_five)))
TIMED(our_unused_hook, decref(object_getattr(our_unused, name_five)))
TIMED(their_unused_hook, Py_DECREF(PyObject_GetAttr(their_unused, their_five)))
TIMED(our_getattribute, decref(object_getattr(our_hooked, name_five)))
TIMED(their_getattribute, Py_DECREF(PyObject_GetAttr(their_hooked, their_five)))
TIMED(our_class_attr, decref(object_getattr(our_object, name_cls)))
TIMED(their_class_attr, Py_DECREF(PyObject_GetAttr(their_object, their_cls)))
TIMED(our_instance_attr, decref(object_getattr(our_object, name_five)))
TIMED(their_instance_attr, Py_DECREF(PyObject_GetAttr(their_object, their_five)))
TIMED(our_property, decref(object_getattr(our_object, name_seven)))
TIMED(their_property, Py_DECREF(PyObject_GetAttr(their_object, their_seven)))

/* The same over many objects. What is read is used, and its reference kept: both sides count up. */
#define OVER_MANY(function, expression)                                                            \
    static uint64_t function(size_t n, size_t repeats, const void *argument) {                     \
        (void)argument;                                                                            \
        uint64_t start = clock_now();                                                              \
        for (size_t done = 0; done < n * repeats; done += MANY) {                                  \
            for (size_t i = 0; i < MANY; i++) {                                                    \
                Object *value = (expression);                                                      \
                __asm__ volatile("" ::"r"(value) : "memory");                                      \
            }                                                                                      \
        }                                                                                          \
        return clock_now() - start;                                                                \
    }

OVER_MANY(our_cache, load_attr(&our_place, our_many[i]))
OVER_MANY(our_generic, object_getattr(our_many[i], name_five))
OVER_MANY(field, new_ref(our_plain[i].fields[1]))

int main(int argc, char **argv) {
    BenchmarkRow rows[] = {
        {"__getattr__ proxy",
         {{"ours", our_proxy_attr, NULL}, {"CPython", their_proxy_attr, NULL}, {NULL, NULL, NULL}},
         0},
        {"own beside a hook",
         {{"ours", our_unused_hook, NULL}, {"CPython", their_unused_hook, NULL}},
         0},
        {"__getattribute__",
         {{"ours", our_getattribute, NULL}, {"CPython", their_getattribute, NULL}},
         0},
        {"class attribute",
         {{"ours", our_class_attr, NULL}, {"CPython", their_class_attr, NULL}},
         0},
        {"instance attr",
         {{"ours", our_instance_attr, NULL}, {"CPython", their_instance_attr, NULL}},
         0},
        {"property", {{"ours", our_property, NULL}, {"CPython", their_property, NULL}}, 0},
        {"inline cache", {{"ours", our_cache, NULL}, {"field", field, NULL}}, 0},
        {"generic", {{"ours", our_generic, NULL}, {"field", field, NULL}}, 0},
    };
    Benchmark self = {.room = "attributes", .sizes = {MANY}};
    Py_InitializeEx(0);
    prepare_ours();
    prepare_theirs();
    if (find_later()) {
        rows[0].contenders[2].who = "3.12";
        rows[0].contenders[2].run = later_proxy;
    }
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
