/* bench.c: attributes and instances in each layout against CPython's, in this process.
 *
 * n instances with two attributes, x and y; read and written is y of one after the other, in the
 * order in which they were made. "call" is the call of a class whose __init__ is a C function that
 * sets the two, found and called by slot_tp_init on both sides; what comes of it is dropped at once.
 * "keep" makes n by the type's alloc (CPython: object.__new__, which makes the block of values), and
 * sets both from C. CPython has one way besides slots: so all others stand against a plain class,
 * which is 3.11's values. Its collector is off, as we have none.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../../common/proof/benchmark.h"
#include "../slots.h"

enum { VALUES = 100 }; // different ones, so that not one object's count is what is measured

typedef struct {
    const Layout *layout; // NULL: with __slots__
    bool theirs;
} Task;

static struct {
    Type *types[5]; // by position in layouts
    Str *x, *y;
    Object *values[VALUES];
    PyTypeObject *plain, *slotted;
    PyObject *their_x, *their_y, *their_values[VALUES], *their_args;
} world;

static const Layout *const layouts[] = {&dict_layout, &shared_layout, &values_layout,
                                        &inline_layout, NULL};

static Type *type_of(const Task *task) {
    int i = 0;
    while (layouts[i] != task->layout)
        i++;
    return world.types[i];
}

static PyTypeObject *their_type_of(const Task *task) {
    return task->layout ? world.plain : world.slotted;
}

/* ---- One instance ----------------------------------------------------------------------------*/

static Object *make(Type *type, size_t i) {
    Object *self = type->alloc(type, 0);
    object_setattr(self, world.x, world.values[i % VALUES]);
    object_setattr(self, world.y, world.values[i % VALUES]);
    return self;
}

static PyObject *their_make(PyTypeObject *type, size_t i) {
    PyObject *self = type->tp_new(type, world.their_args, NULL);
    PyObject_SetAttr(self, world.their_x, world.their_values[i % VALUES]);
    PyObject_SetAttr(self, world.their_y, world.their_values[i % VALUES]);
    return self;
}

static Object *init(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (nargs != 3 || object_setattr(args[0], world.x, args[1]) < 0 ||
        object_setattr(args[0], world.y, args[2]) < 0)
        return NULL;
    return new_ref(None);
}

static PyObject *their_init(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 2 || PyObject_SetAttr(self, world.their_x, args[0]) < 0 ||
        PyObject_SetAttr(self, world.their_y, args[1]) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef their_init_def = {"__init__", (PyCFunction)(void (*)(void))their_init,
                                     METH_FASTCALL, NULL};

/* ---- Runs ------------------------------------------------------------------------------------*/

/* What type(C).__call__ comes to for these classes: the construction room's type_call(). */
static Object *call(Type *type, Object *const *args, ssize_t nargs) {
    Object *self = type->alloc(type, 0);
    if (self && type->init(self, args, nargs) < 0) clear_ref(self);
    return self;
}

static uint64_t run_call(size_t n, size_t repeats, const void *argument) {
    const Task *task = argument;
    Type *type = type_of(task);
    PyTypeObject *their_type = their_type_of(task);
    Object *args[] = {world.values[0], world.values[1]};
    PyObject *their_args[] = {NULL, world.their_values[0], world.their_values[1]};
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        if (task->theirs)
            Py_DECREF(PyObject_Vectorcall((PyObject *)their_type, their_args + 1,
                                          2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL));
        else
            decref(call(type, args, 2));
    }
    return clock_now() - start;
}

/* What is done with n instances that are there. */
typedef void (*Walk)(void **instances, size_t n);

static void our_read(void **instances, size_t n) {
    for (size_t i = 0; i < n; i++)
        decref(object_getattr(instances[i], world.y));
}

static void their_read(void **instances, size_t n) {
    for (size_t i = 0; i < n; i++)
        Py_DECREF(PyObject_GetAttr(instances[i], world.their_y));
}

static void our_write(void **instances, size_t n) {
    for (size_t i = 0; i < n; i++)
        object_setattr(instances[i], world.y, world.values[i % VALUES]);
}

static void their_write(void **instances, size_t n) {
    for (size_t i = 0; i < n; i++)
        PyObject_SetAttr(instances[i], world.their_y, world.their_values[i % VALUES]);
}

/* Builds n instances, walks over them, drops them. Timed is the walk or, without one, building. */
static uint64_t all(size_t n, size_t repeats, const Task *task, Walk ours, Walk theirs) {
    void **instances = calloc(n, sizeof *instances);
    if (!instances) abort();
    uint64_t elapsed = 0;
    for (size_t r = 0; r < (ours ? 1 : repeats); r++) {
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++)
            instances[i] = task->theirs ? (void *)their_make(their_type_of(task), i)
                                        : (void *)make(type_of(task), i);
        elapsed += clock_now() - start;
        if (ours) {
            start = clock_now();
            for (size_t k = 0; k < repeats; k++)
                (task->theirs ? theirs : ours)(instances, n);
            elapsed = clock_now() - start;
        }
        for (size_t i = 0; i < n; i++) {
            if (task->theirs)
                Py_DECREF((PyObject *)instances[i]);
            else
                decref(instances[i]);
        }
    }
    free(instances);
    return elapsed;
}

static uint64_t run_build(size_t n, size_t repeats, const void *argument) {
    return all(n, repeats, argument, NULL, NULL);
}

static uint64_t run_read(size_t n, size_t repeats, const void *argument) {
    return all(n, repeats, argument, our_read, their_read);
}

static uint64_t run_write(size_t n, size_t repeats, const void *argument) {
    return all(n, repeats, argument, our_write, their_write);
}

/* ---- The classes -----------------------------------------------------------------------------*/

static Type *our_class(const Layout *layout) {
    Dict *dict = dict_new();
    Object *slots = tuple_pack(2, world.x, world.y);
    Object *function = function_new("__init__", init, NULL);
    if (!layout) dict_set_item(dict, str_intern("__slots__"), slots);
    dict_set_item(dict, str_intern("__init__"), function);
    Type *type = slots_type_new(NULL, "Point", NULL, dict, layout);
    if (!type) abort();
    decref(function);
    decref(slots);
    decref(dict);
    return type;
}

static PyTypeObject *their_class(const char *statement) {
    PyRun_SimpleString(statement);
    PyObject *type = PyObject_GetAttrString(PyImport_AddModule("__main__"), "Point");
    if (!type) abort();
    PyObject *descr = PyDescr_NewMethod((PyTypeObject *)type, &their_init_def);
    PyObject_SetAttrString(type, "__init__", descr);
    Py_DECREF(descr);
    return (PyTypeObject *)type;
}

int main(int argc, char **argv) {
    Py_InitializeEx(0);
    PyGC_Disable();
    if (types_init() < 0 || slots_init() < 0) abort();
    world.x = str_intern("x");
    world.y = str_intern("y");
    for (int i = 0; i < VALUES; i++) {
        world.values[i] = int_from_long(1000 + i);
        world.their_values[i] = PyLong_FromLong(1000 + i);
    }
    world.their_x = PyUnicode_InternFromString("x");
    world.their_y = PyUnicode_InternFromString("y");
    world.their_args = PyTuple_Pack(2, world.their_values[0], world.their_values[1]);
    world.plain = their_class("class Point: pass");
    world.slotted = their_class("class Point: __slots__ = ('x', 'y')");

    static const struct {
        const char *name;
        BenchmarkRun run;
    } operations[] = {
        {"read", run_read}, {"write", run_write}, {"call", run_call}, {"keep", run_build}};
    enum { LAYOUTS = 5, OPERATIONS = 4 };
    static const char *const names[LAYOUTS] = {"dict", "shared", "values", "inline", "slots"};
    static Task tasks[LAYOUTS][2];
    static BenchmarkRow rows[LAYOUTS * OPERATIONS];
    static char titles[LAYOUTS * OPERATIONS][24];
    for (int i = 0; i < LAYOUTS; i++) {
        world.types[i] = our_class(layouts[i]);
        tasks[i][0] = (Task){layouts[i], false};
        tasks[i][1] = (Task){layouts[i], true};
        for (int k = 0; k < OPERATIONS; k++) {
            int row = k * LAYOUTS + i;
            snprintf(titles[row], sizeof titles[row], "%s %s", operations[k].name, names[i]);
            rows[row] = (BenchmarkRow){titles[row],
                                       {{"ours", operations[k].run, &tasks[i][0]},
                                        {"CPython", operations[k].run, &tasks[i][1]}},
                                       .limit = operations[k].run == run_call ? 1000 : 0};
        }
    }
    Benchmark benchmark = {"slots", .sizes = {100, 1000000}};
    return benchmark_main(&benchmark, rows, LAYOUTS * OPERATIONS, argc, argv);
}
