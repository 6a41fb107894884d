/* bench.c: collections, ours against CPython's and Boehm's (libgc), all in this process.
 *
 * An object has two references and a list of weak references, 56 bytes with the collector's head.
 * CPython has it twice: as a type written in C with the same fields, whose traverse is the same two
 * visits ("C type"), and as an instance of a class with __slots__ ("slots"), which is what a program
 * has; its traverse looks for the slots in the type, and visits that too. What belongs to the
 * interpreter is frozen, so PyGC_Collect() sees these objects alone. Boehm's objects are the same
 * without the head; his collector scans memory instead of counting, and frees when memory is asked
 * for again.
 *
 *   live, live slots  a full collection of n objects, all held, each referring to the one before it
 *   shuffled          each referring to another one, at random: memory is visited in that order
 *   ring 2, 10, 1000  a full collection of n objects that are garbage, in rings of that many
 *   trees             binary trees of 1023 nodes with links to the parents, n nodes in all, made and
 *                     dropped one after another, with the collections that this starts and a last
 *                     full one; CPython runs a Python program
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if HAVE_BOEHM
#include <gc/gc.h>
#endif

#include "../../../common/proof/benchmark.h"
#include "../gc.h"

static void *check(void *made) {
    if (made) return made;
    fputs("generational_bench: out of memory\n", stderr);
    exit(1);
}

/* What a contender can do with its own objects; `a` and `b` are 0 and 1. */
typedef struct {
    void *(*make)(void);
    void (*set)(void *op, int which, void *value); // or NULL
    void (*drop)(void *op);
    void (*collect)(void);
    void **(*array)(size_t n); // where the program holds its objects
    void (*give_up)(void **array);
} Heaped;

static void **plain_array(size_t n) {
    return check(calloc(n, sizeof(void *)));
}

static void plain_give_up(void **array) {
    free(array);
}

/* ---- Ours ------------------------------------------------------------------------------------*/

static const char *const fields[] = {"a", "b", NULL};
static const Type Node_Type = INSTANCE_TYPE("Node", fields, 2, NULL);

static void *our_make(void) {
    return check(instance_new(&Node_Type));
}

static void our_set(void *op, int which, void *value) {
    set_ref(((Instance *)op)->fields[which], value ? new_ref(value) : NULL);
}

static void our_drop(void *op) {
    decref(op);
}

static void our_collect(void) {
    gc_collect(2);
}

static const Heaped ours = {our_make, our_set, our_drop, our_collect, plain_array, plain_give_up};

/* ---- CPython's -------------------------------------------------------------------------------*/

typedef struct {
    PyObject_HEAD PyObject *weaklist;
    PyObject *fields[2];
} CNode;

static int cnode_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((CNode *)self)->fields[0]);
    Py_VISIT(((CNode *)self)->fields[1]);
    return 0;
}

static int cnode_clear(PyObject *self) {
    Py_CLEAR(((CNode *)self)->fields[0]);
    Py_CLEAR(((CNode *)self)->fields[1]);
    return 0;
}

static void cnode_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, cnode_dealloc) if (((CNode *)self)->weaklist)
        PyObject_ClearWeakRefs(self);
    cnode_clear(self);
    PyObject_GC_Del(self);
    Py_TRASHCAN_END
}

static PyTypeObject CNode_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "CNode",
    .tp_basicsize = sizeof(CNode),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = cnode_dealloc,
    .tp_traverse = cnode_traverse,
    .tp_clear = cnode_clear,
    .tp_weaklistoffset = offsetof(CNode, weaklist),
};

static PyObject *slots_type, *trees_function;

static void start_python(void) {
    static const char program[] = "import gc\n"
                                  "class Slots:\n"
                                  "    __slots__ = ('a', 'b', '__weakref__')\n"
                                  "class Tree:\n"
                                  "    __slots__ = ('left', 'right', 'parent', '__weakref__')\n"
                                  "def tree(depth, parent):\n"
                                  "    self = Tree()\n"
                                  "    self.parent = parent\n"
                                  "    if depth:\n"
                                  "        self.left = tree(depth - 1, self)\n"
                                  "        self.right = tree(depth - 1, self)\n"
                                  "    return self\n"
                                  "def trees(count, depth):\n"
                                  "    kept = tree(depth, None)\n"
                                  "    for _ in range(count):\n"
                                  "        tree(depth, None)\n"
                                  "    del kept\n"
                                  "    gc.collect()\n";
    Py_InitializeEx(0);
    PyObject *names = check(PyDict_New());
    Py_XDECREF(check(PyRun_String(program, Py_file_input, names, names)));
    slots_type = PyDict_GetItemString(names, "Slots");
    trees_function = PyDict_GetItemString(names, "trees");
    if (PyType_Ready(&CNode_Type) < 0) check(NULL);
    PyGC_Collect();
    Py_XDECREF(check(PyRun_String("gc.freeze()", Py_eval_input, names, names)));
    PyGC_Disable();
}

static void *c_make(void) {
    CNode *self = check(PyObject_GC_New(CNode, &CNode_Type));
    self->weaklist = self->fields[0] = self->fields[1] = NULL;
    PyObject_GC_Track(self);
    return self;
}

static void c_set(void *op, int which, void *value) {
    Py_XINCREF((PyObject *)value);
    Py_XSETREF(((CNode *)op)->fields[which], value);
}

static void *slots_make(void) {
    return check(PyObject_CallNoArgs(slots_type));
}

/* By the class's descriptors it would be the same, slower; this is not timed. */
static void slots_set(void *op, int which, void *value) {
    static const char *const names[] = {"a", "b"};
    if (value)
        PyObject_SetAttrString(op, names[which], value);
    else if (PyObject_HasAttrString(op, names[which]))
        PyObject_DelAttrString(op, names[which]);
}

static void their_drop(void *op) {
    Py_DECREF((PyObject *)op);
}

static void their_collect(void) {
    PyGC_Enable();
    PyGC_Collect();
    PyGC_Disable();
}

static const Heaped c_type = {c_make, c_set, their_drop, their_collect, plain_array, plain_give_up};
static const Heaped slots = {slots_make,    slots_set,   their_drop,
                             their_collect, plain_array, plain_give_up};

/* ---- Boehm's ---------------------------------------------------------------------------------*/

#if HAVE_BOEHM
typedef struct {
    ssize_t refcnt; // as large as the others, and not used
    const void *type, *weaklist;
    void *fields[3]; // a tree's has three
} BNode;

static void *boehm_make(void) {
    return check(GC_MALLOC(offsetof(BNode, fields) + 2 * sizeof(void *)));
}

static void boehm_set(void *op, int which, void *value) {
    ((BNode *)op)->fields[which] = value;
}

static void boehm_drop(void *op) {
    (void)op;
}

static void boehm_collect(void) {
    GC_gcollect();
}

static void **boehm_array(size_t n) {
    return check(GC_MALLOC_UNCOLLECTABLE(n * sizeof(void *)));
}

static void boehm_give_up(void **array) {
    GC_FREE(array);
    GC_gcollect();
}

static const Heaped boehm = {boehm_make,    boehm_set,   boehm_drop,
                             boehm_collect, boehm_array, boehm_give_up};
#endif

/* ---- Collections of the living -----------------------------------------------------------------*/

static uint64_t collect_living(size_t n, size_t repeats, const Heaped *heaped, bool shuffled) {
    void **all = heaped->array(n);
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++)
        all[i] = heaped->make();
    for (size_t i = 0; i < n; i++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        heaped->set(all[i], 0, all[shuffled ? (size_t)(random >> 33) % n : i ? i - 1 : 0]);
    }
    heaped->collect();
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++)
        heaped->collect();
    uint64_t elapsed = clock_now() - start;
    for (size_t i = 0; i < n; i++)
        heaped->set(all[i], 0, NULL);
    for (size_t i = n; i-- > 0;)
        heaped->drop(all[i]);
    heaped->give_up(all);
    return elapsed;
}

static uint64_t run_live(size_t n, size_t repeats, const void *heaped) {
    return collect_living(n, repeats, heaped, false);
}

static uint64_t run_shuffled(size_t n, size_t repeats, const void *heaped) {
    return collect_living(n, repeats, heaped, true);
}

/* ---- Garbage ---------------------------------------------------------------------------------*/

static uint64_t collect_rings(size_t n, size_t repeats, const Heaped *heaped, size_t size) {
    uint64_t elapsed = 0;
    for (size_t r = 0; r < repeats; r++) {
        for (size_t done = 0; done + size <= n; done += size) {
            void *first = heaped->make(), *last = first;
            for (size_t i = 1; i < size; i++) {
                void *next = heaped->make();
                heaped->set(last, 0, next);
                heaped->drop(next); // its predecessor has it
                last = next;
            }
            heaped->set(last, 0, first);
            heaped->drop(first);
        }
        uint64_t start = clock_now();
        heaped->collect();
        elapsed += clock_now() - start;
    }
    return elapsed;
}

static uint64_t run_ring_2(size_t n, size_t repeats, const void *heaped) {
    return collect_rings(n, repeats, heaped, 2);
}

static uint64_t run_ring_10(size_t n, size_t repeats, const void *heaped) {
    return collect_rings(n, repeats, heaped, 10);
}

static uint64_t run_ring_1000(size_t n, size_t repeats, const void *heaped) {
    return collect_rings(n, repeats, heaped, 1000);
}

/* ---- Trees -----------------------------------------------------------------------------------*/

enum { DEPTH = 9, NODES = (1 << (DEPTH + 1)) - 1 };

static const char *const tree_fields[] = {"left", "right", "parent", NULL};
static const Type Tree_Type = INSTANCE_TYPE("Tree", tree_fields, 3, NULL);

static Object *our_tree(int depth, Object *parent) {
    Instance *self = check(instance_new(&Tree_Type));
    self->fields[2] = parent ? new_ref(parent) : NULL;
    for (int i = 0; i < 2 && depth > 0; i++) {
        Object *child = our_tree(depth - 1, OBJECT(self));
        self->fields[i] = child;
    }
    return OBJECT(self);
}

static uint64_t run_our_trees(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    uint64_t start = clock_now();
    gc.enabled = true;
    for (size_t r = 0; r < repeats; r++) {
        Object *kept = our_tree(DEPTH, NULL);
        for (size_t i = 0; i < n / NODES; i++)
            decref(our_tree(DEPTH, NULL));
        decref(kept);
        gc_collect(2);
    }
    gc.enabled = false;
    return clock_now() - start;
}

static uint64_t run_their_trees(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    uint64_t start = clock_now();
    PyGC_Enable();
    for (size_t r = 0; r < repeats; r++)
        Py_XDECREF(check(
            PyObject_CallFunction(trees_function, "ni", (Py_ssize_t)(n / NODES), (int)DEPTH)));
    PyGC_Disable();
    return clock_now() - start;
}

#if HAVE_BOEHM
static void *boehm_tree(int depth, void *parent) {
    BNode *self = check(GC_MALLOC(sizeof(BNode)));
    self->fields[2] = parent;
    for (int i = 0; i < 2 && depth > 0; i++)
        self->fields[i] = boehm_tree(depth - 1, self);
    return self;
}

static uint64_t run_boehm_trees(size_t n, size_t repeats, const void *argument BENCHMARK_UNUSED) {
    uint64_t start = clock_now();
    for (size_t r = 0; r < repeats; r++) {
        void *volatile kept = boehm_tree(DEPTH, NULL);
        for (size_t i = 0; i < n / NODES; i++)
            boehm_tree(DEPTH, NULL);
        kept = NULL;
        (void)kept;
        GC_gcollect();
    }
    return clock_now() - start;
}
#endif

int main(int argc, char **argv) {
    BenchmarkRow rows[] = {
        {"live", {{"ours", run_live, &ours}, {"C type", run_live, &c_type}}, 0},
        {"live slots", {{"ours", run_live, &ours}, {"slots", run_live, &slots}}, 0},
        {"shuffled", {{"ours", run_shuffled, &ours}, {"C type", run_shuffled, &c_type}}, 0},
        {"ring 2", {{"ours", run_ring_2, &ours}, {"slots", run_ring_2, &slots}}, 0},
        {"ring 10", {{"ours", run_ring_10, &ours}, {"slots", run_ring_10, &slots}}, 0},
        {"ring 1000", {{"ours", run_ring_1000, &ours}, {"slots", run_ring_1000, &slots}}, 0},
        {"trees", {{"ours", run_our_trees, NULL}, {"Python", run_their_trees, NULL}}, 1000000},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
#if HAVE_BOEHM
    GC_INIT();
    for (int i = 0; i < ROWS; i++) {
        rows[i].contenders[2].who = "Boehm";
        rows[i].contenders[2].run = i + 1 < ROWS ? rows[i].contenders[0].run : run_boehm_trees;
        rows[i].contenders[2].argument = &boehm;
    }
#endif
    gc_init();
    gc.enabled = false;
    start_python();
    Benchmark benchmark = {"generational", .sizes = {10000, 100000, 1000000, 10000000}};
    return benchmark_main(&benchmark, rows, ROWS, argc, argv);
}
