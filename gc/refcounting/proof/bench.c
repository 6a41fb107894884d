/* bench.c: making objects, counting references to them, and letting them die, driven from C on both
 * sides, in one process.
 *
 * CPython's peer of our instance is a type of the same shape made in C ("C type"): two fields and a
 * place for weak references, tp_alloc, and a dealloc that does what ours does. Where the ratio is to
 * be to what Python programs have, the class with __slots__ stands beside it ("slots"). No collector
 * runs on either side.
 *
 *   make drop       an instance, dropped at once
 *   make then drop  n instances, then all of them dropped
 *   finalizer       an instance of a type with an empty finalizer, dropped at once
 *   tuple, list     tuple_pack(2), or a list with one item, dropped at once
 *   incref decref   n references to n objects, taken and dropped
 *   weakref         a weak reference with a callback, dropped at once
 *   callback        n of them, when their object dies
 *   chain of ...    a chain of n dies; what is timed is only that
 *   block           n blocks of 64 bytes, then all of them freed
 */
#include <Python.h>

#include "../../pool.h"
#include "../refcounting.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    fputs("refcounting_bench: out of memory\n", stderr);
    exit(1);
}

/* ---- The types -------------------------------------------------------------------------------*/

enum { LEFT, RIGHT };
#define FIELD(op, i) (((Instance *)(op))->fields[i])

static void nothing(Object *self) {
    (void)self;
}

static const char *const fields[] = {"left", "right", NULL};
static const Type Node_Type = INSTANCE_TYPE("Node", fields, 2, NULL);
static const Type Loud_Type = INSTANCE_TYPE("Loud", fields, 2, nothing);

typedef struct {
    PyObject ob_base;
    PyObject *weaklist, *left, *right;
} TheirNode;

static int their_traverse(PyObject *op, visitproc visit, void *arg) {
    TheirNode *self = (TheirNode *)op;
    Py_VISIT(self->left);
    Py_VISIT(self->right);
    return 0;
}

static int their_clear(PyObject *op) {
    TheirNode *self = (TheirNode *)op;
    Py_CLEAR(self->left);
    Py_CLEAR(self->right);
    return 0;
}

static void their_dealloc(PyObject *op) {
    TheirNode *self = (TheirNode *)op;
    PyObject_GC_UnTrack(op);
    Py_TRASHCAN_BEGIN(op, their_dealloc) if (Py_TYPE(op)->tp_finalize) {
        PyObject_GC_Track(op);
        if (PyObject_CallFinalizerFromDealloc(op) < 0) goto end;
        PyObject_GC_UnTrack(op);
    }
    if (self->weaklist) PyObject_ClearWeakRefs(op);
    their_clear(op);
    PyObject_GC_Del(op);
end:;
    Py_TRASHCAN_END
}

static void their_finalize(PyObject *self) {
    (void)self;
}

static PyTypeObject TheirNode_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "Node",
    .tp_basicsize = sizeof(TheirNode),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = their_dealloc,
    .tp_traverse = their_traverse,
    .tp_clear = their_clear,
    .tp_weaklistoffset = offsetof(TheirNode, weaklist),
};
static PyTypeObject TheirLoud_Type;
static PyTypeObject *slots_type; // class Slots: __slots__ = ("left", "right", "__weakref__")

static PyObject *their_new(const PyTypeObject *type) {
    return check(PyType_GenericAlloc((PyTypeObject *)(uintptr_t)type, 0));
}

/* ---- One at a time, and many -----------------------------------------------------------------*/

static uint64_t our_make_drop(size_t n, size_t repeats, const void *type) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(check(instance_new(type)));
    return clock_now() - start;
}

static uint64_t their_make_drop(size_t n, size_t repeats, const void *type) {
    const PyTypeObject *which = type ? type : slots_type;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(their_new(which));
    return clock_now() - start;
}

static uint64_t our_many(size_t n, size_t repeats, const void *type) {
    Object **all = check(malloc(n * sizeof *all));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            all[i] = check(instance_new(type));
        for (size_t i = 0; i < n; i++)
            decref(all[i]);
    }
    uint64_t elapsed = clock_now() - start;
    free(all);
    return elapsed;
}

static uint64_t their_many(size_t n, size_t repeats, const void *type) {
    const PyTypeObject *which = type ? type : slots_type;
    PyObject **all = check(malloc(n * sizeof *all));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            all[i] = their_new(which);
        for (size_t i = 0; i < n; i++)
            Py_DECREF(all[i]);
    }
    uint64_t elapsed = clock_now() - start;
    free(all);
    return elapsed;
}

static uint64_t our_tuple(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        decref(check(tuple_pack(2, None, None)));
    return clock_now() - start;
}

static uint64_t their_tuple(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        Py_DECREF(check(PyTuple_Pack(2, Py_None, Py_None)));
    return clock_now() - start;
}

static uint64_t our_list(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        List *list = check(list_new());
        if (list_append(list, None) < 0) check(NULL);
        decref(list);
    }
    return clock_now() - start;
}

static uint64_t their_list(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        PyObject *list = check(PyList_New(0));
        if (PyList_Append(list, Py_None) < 0) check(NULL);
        Py_DECREF(list);
    }
    return clock_now() - start;
}

static uint64_t our_counting(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    Object **all = check(malloc(n * sizeof *all));
    for (size_t i = 0; i < n; i++)
        all[i] = check(instance_new(&Node_Type));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            incref(all[i]);
        for (size_t i = 0; i < n; i++)
            decref(all[i]);
    }
    uint64_t elapsed = clock_now() - start;
    for (size_t i = 0; i < n; i++)
        decref(all[i]);
    free(all);
    return elapsed;
}

static uint64_t their_counting(size_t n, size_t repeats, BENCHMARK_UNUSED const void *argument) {
    PyObject **all = check(malloc(n * sizeof *all));
    for (size_t i = 0; i < n; i++)
        all[i] = their_new(&TheirNode_Type);
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            Py_INCREF(all[i]);
        for (size_t i = 0; i < n; i++)
            Py_DECREF(all[i]);
    }
    uint64_t elapsed = clock_now() - start;
    for (size_t i = 0; i < n; i++)
        Py_DECREF(all[i]);
    free(all);
    return elapsed;
}

/* ---- Weak references -------------------------------------------------------------------------*/

static Object *our_call(Object *closure, Object *reference) {
    (void)closure, (void)reference;
    return new_ref(None);
}

static PyObject *their_call(PyObject *module, PyObject *reference) {
    (void)module, (void)reference;
    return Py_NewRef(Py_None);
}

static Object *our_function;
static PyObject *their_function;

/* With an argument the object dies while there are n; without, each is dropped at once. */
static uint64_t our_weakref(size_t n, size_t repeats, const void *dies) {
    Object **all = check(malloc(n * sizeof *all));
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        Object *op = check(instance_new(&Node_Type));
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++) {
            all[i] = check(weakref_new(op, our_function));
            if (!dies) decref(all[i]);
        }
        if (dies) start = clock_now();
        decref(op);
        elapsed += clock_now() - start;
        for (size_t i = 0; dies && i < n; i++)
            decref(all[i]);
    }
    free(all);
    return elapsed;
}

static uint64_t their_weakref(size_t n, size_t repeats, const void *dies) {
    PyObject **all = check(malloc(n * sizeof *all));
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *op = their_new(&TheirNode_Type);
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++) {
            all[i] = check(PyWeakref_NewRef(op, their_function));
            if (!dies) Py_DECREF(all[i]);
        }
        if (dies) start = clock_now();
        Py_DECREF(op);
        elapsed += clock_now() - start;
        for (size_t i = 0; dies && i < n; i++)
            Py_DECREF(all[i]);
    }
    free(all);
    return elapsed;
}

/* ---- Chains ----------------------------------------------------------------------------------*/

/* Of instances, or of tuples without an argument. */
static uint64_t our_chain(size_t n, size_t repeats, const void *type) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        Object *top = new_ref(None);
        for (size_t i = 0; i < n; i++) {
            Object *link = check(type ? instance_new(type) : tuple_pack(1, top));
            if (type)
                FIELD(link, LEFT) = top;
            else
                decref(top);
            top = link;
        }
        uint64_t start = clock_now();
        decref(top);
        elapsed += clock_now() - start;
    }
    return elapsed;
}

static uint64_t their_chain(size_t n, size_t repeats, const void *type) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *top = Py_NewRef(Py_None);
        for (size_t i = 0; i < n; i++) {
            PyObject *link = type ? their_new(type) : check(PyTuple_Pack(1, top));
            if (type)
                ((TheirNode *)link)->left = top;
            else
                Py_DECREF(top);
            top = link;
        }
        uint64_t start = clock_now();
        Py_DECREF(top);
        elapsed += clock_now() - start;
    }
    return elapsed;
}

/* ---- Blocks ----------------------------------------------------------------------------------*/

static void *from_pool(size_t size) {
    return pool_alloc(size);
}

static void to_pool(void *block) {
    pool_free(block);
}

typedef struct {
    void *(*alloc)(size_t size);
    void (*free)(void *block);
} Allocator;

static uint64_t blocks(size_t n, size_t repeats, const void *argument) {
    const Allocator *allocator = argument;
    void **all = check(malloc(n * sizeof *all));
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        for (size_t i = 0; i < n; i++)
            all[i] = check(allocator->alloc(64));
        for (size_t i = 0; i < n; i++)
            allocator->free(all[i]);
    }
    uint64_t elapsed = clock_now() - start;
    free(all);
    return elapsed;
}

int main(int argc, char **argv) {
    static const Allocator ours = {from_pool, to_pool}, libc = {malloc, free},
                           theirs = {PyObject_Malloc, PyObject_Free};
    static PyMethodDef definition = {"call", their_call, METH_O, NULL};
    static const char program[] = "class Slots: __slots__ = 'left', 'right', '__weakref__'\n";
    enum { MANY = 1000000 };
    const BenchmarkRow rows[] = {
        {"make drop",
         {{"ours", our_make_drop, &Node_Type},
          {"C type", their_make_drop, &TheirNode_Type},
          {"slots", their_make_drop, NULL}},
         100},
        {"make then drop",
         {{"ours", our_many, &Node_Type},
          {"C type", their_many, &TheirNode_Type},
          {"slots", their_many, NULL}},
         MANY},
        {"finalizer",
         {{"ours", our_make_drop, &Loud_Type}, {"C type", their_make_drop, &TheirLoud_Type}},
         100},
        {"tuple", {{"ours", our_tuple, NULL}, {"CPython", their_tuple, NULL}}, 100},
        {"list", {{"ours", our_list, NULL}, {"CPython", their_list, NULL}}, 100},
        {"incref decref", {{"ours", our_counting, NULL}, {"CPython", their_counting, NULL}}, MANY},
        {"weakref", {{"ours", our_weakref, NULL}, {"CPython", their_weakref, NULL}}, 100},
        {"callback", {{"ours", our_weakref, rows}, {"CPython", their_weakref, rows}}, MANY},
        {"chain of tuples", {{"ours", our_chain, NULL}, {"CPython", their_chain, NULL}}, 0},
        {"chain of nodes",
         {{"ours", our_chain, &Node_Type}, {"C type", their_chain, &TheirNode_Type}},
         0},
        {"block",
         {{"pool", blocks, &ours}, {"malloc", blocks, &libc}, {"pymalloc", blocks, &theirs}},
         MANY},
    };
    Benchmark self = {.room = "refcounting", .sizes = {100, 10000, MANY, 10 * MANY}};
    Py_InitializeEx(0);
    PyGC_Disable();
    TheirLoud_Type = TheirNode_Type;
    TheirLoud_Type.tp_finalize = their_finalize;
    PyObject *names = check(PyDict_New());
    check(PyRun_String(program, Py_file_input, names, names));
    slots_type = (PyTypeObject *)PyDict_GetItemString(names, "Slots");
    if (PyType_Ready(&TheirNode_Type) < 0 || PyType_Ready(&TheirLoud_Type) < 0) return 1;
    our_function = check(function_new("call", our_call, NULL));
    their_function = check(PyCFunction_New(&definition, NULL));
    return benchmark_main(&self, rows, sizeof rows / sizeof rows[0], argc, argv);
}
