/* bench.c: classes and records, ours and CPython's, in one process.
 *
 * Statements of Python are compiled once and run n times by the interpreter; ours are the same calls. A
 * class is dropped as soon as it is made, ours by type_clear(), CPython's by the collector, which is on.
 *
 *   registering   class C(Base): five assignments, Base's metaclass registers it; 16 special methods
 *                 in 12 cells are looked up, where CPython looks up 92 in 67
 *   subclass hook the same, registered by Base.__init_subclass__
 *   plain         the same, registered by nobody
 *   descriptors   class C(Base): five attributes that are told their names
 *   slots         class C: with five __slots__
 *   refused       two metaclasses that do not go together: the error and its message
 *   isinstance    isinstance(5, C), where C's metaclass has an __instancecheck__
 *   csv rows      a row of "name:str,age:int,score:float" into a record; CPython: csv and a dataclass
 */
#include <Python.h>
#undef True
#undef False
#undef None

#include "../record.h"

#include "../../../common/proof/benchmark.h"

static void *check(void *made) {
    if (made) return made;
    if (error_occurred()) error_print(stderr);
    if (PyErr_Occurred()) PyErr_Print();
    exit(1);
}

/* ---- Ours -------------------------------------------------------------------------------------*/

static Dict *registry;
static Tuple *no_bases, *registering_bases, *hook_bases, *plain_bases, *conflict_bases;
static Object *values[5];
static Type *named_type, *protocol_class;
static Str *name_c, *registered_name;

static Str *attribute_names[5];

/* class C: one = 1; two = 2; ... */
static Object *five_body(void *arg, Object *ns) {
    Object *const *of = arg;
    if (body_begin(ns, "C") < 0) check(NULL);
    for (int i = 0; i < 5; i++)
        if (object_setitem(ns, OBJECT(attribute_names[i]), of[i]) < 0) check(NULL);
    return new_ref(None);
}

static Object *descriptors_body(void *arg, Object *ns) {
    (void)arg;
    if (body_begin(ns, "C") < 0) check(NULL);
    for (int i = 0; i < 5; i++) {
        Object *named = check(object_call(OBJECT(named_type), NULL, 0, NULL));
        if (object_setitem(ns, OBJECT(attribute_names[i]), named) < 0) check(NULL);
        decref(named);
    }
    return new_ref(None);
}

static Tuple *slots;

static Object *slots_body(void *arg, Object *ns) {
    (void)arg;
    if (body_begin(ns, "C") < 0 || namespace_store(ns, "__slots__", OBJECT(slots)) < 0) check(NULL);
    return new_ref(None);
}

static Object *takes_name(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(None);
}

static const MethodDef no_methods[] = {{NULL, NULL, NULL, false}};

static Type *make(const char *name, Type *base, Type *meta, const MethodDef *methods) {
    Tuple *bases = base ? check(tuple_pack(1, base)) : check(tuple_new(0));
    Dict *with = check(dict_new());
    if (meta && dict_set_item(with, check(str_intern("metaclass")), OBJECT(meta)) < 0) check(NULL);
    return check(class_statement(
        &(ClassStatement){.name = name, .bases = bases, .keywords = with, .methods = methods}));
}

static void prepare_ours(void) {
    static const MethodDef named_methods[] = {{"__set_name__", takes_name, NULL, false},
                                              {NULL, NULL, NULL, false}};
    if (types_init() < 0 || metaclass_init() < 0 || record_init() < 0) check(NULL);
    registry = check(dict_new());
    name_c = check(str_intern("C"));
    registered_name = check(str_intern("c"));
    static const char *const names[] = {"one", "two", "three", "four", "five"};
    for (int i = 0; i < 5; i++) {
        attribute_names[i] = check(str_intern(names[i]));
        values[i] = check(int_from_long(i));
    }
    no_bases = check(tuple_new(0));
    Type *meta = check(registering_metaclass(registry));
    registering_bases = check(tuple_pack(1, make("Base", NULL, meta, NULL)));
    hook_bases = check(tuple_pack(1, check(registering_base(registry))));
    plain_bases = check(tuple_pack(1, make("Base", NULL, NULL, NULL)));
    Type *other = make("Other", &Type_Type, NULL, no_methods);
    conflict_bases =
        check(tuple_pack(2, registering_bases->items[0], make("Base", NULL, other, NULL)));
    named_type = make("Named", NULL, NULL, named_methods);
    protocol_class = make("P", NULL, check(protocol_metaclass()), NULL);
    slots = check(tuple_new(5));
    for (int i = 0; i < 5; i++)
        slots->items[i] = new_ref(attribute_names[i]);
}

/* What a row does: a class statement with this body and these bases. */
typedef struct {
    ClassBody body;
    Tuple **bases;
    const char *source; // the same in Python
    bool fails;
} Row;

static const Row rows[] = {
    {five_body, &registering_bases,
     "class C(Base): one = 1; two = 2; three = 3; four = 4; five = 5\n", false},
    {five_body, &hook_bases, "class C(Hook): one = 1; two = 2; three = 3; four = 4; five = 5\n",
     false},
    {five_body, &plain_bases, "class C(Plain): one = 1; two = 2; three = 3; four = 4; five = 5\n",
     false},
    {descriptors_body, &plain_bases,
     "class C(Plain): one = Named(); two = Named(); three = Named(); four = Named(); five = Named()\n",
     false},
    {slots_body, &no_bases, "class C: __slots__ = slots\n", false},
    {five_body, &conflict_bases,
     "try:\n class C(Base, Conflict): one = 1; two = 2; three = 3; four = 4; five = 5\n"
     "except TypeError: pass\n",
     true},
};

/* Nobody else has it: it is a cycle, which the collector would find in CPython. */
static void drop_class(Object *cls) {
    type_clear((Type *)cls);
    decref(cls);
}

static uint64_t run_ours(size_t n, size_t repeats, const void *argument) {
    const Row *row = argument;
    uint64_t took = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        for (size_t i = 0; i < n; i++) {
            Object *cls = build_class(row->body, values, name_c, *row->bases, NULL);
            if (registry->used > 0) { // that of Python is overwritten, ours refuses a name twice
                if (dict_del_item(registry, registered_name) < 0) check(NULL);
            }
            if (row->fails)
                error_clear();
            else
                drop_class(check(cls));
        }
        took += clock_now() - start;
    }
    return took;
}

static uint64_t run_our_isinstance(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        if (object_isinstance(values[0], OBJECT(protocol_class)) < 0) check(NULL);
    return clock_now() - start;
}

static char *csv_text(size_t n, const char *header) {
    char *text = check(malloc(n * 40 + 60));
    int length = sprintf(text, "%s\n", header);
    for (size_t i = 0; i < n; i++)
        length += sprintf(text + length, "name%zu,%zu,%.3f\n", i, i, (double)i / 8);
    return text;
}

static uint64_t run_our_rows(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    static Type *metaclass;
    if (!metaclass) metaclass = check(record_metaclass());
    char *text = csv_text(n, "name:str,age:int,score:float");
    Object **made = check(malloc(n * sizeof *made));
    uint64_t took = 0;
    for (size_t r = 0; r < repeats; r++) {
        uint64_t start = clock_now();
        Records records;
        if (records_init(&records, metaclass, "Row", text, strlen(text)) < 0) check(NULL);
        for (size_t i = 0; i < n; i++)
            made[i] = check(records_next(&records));
        took += clock_now() - start;
        for (size_t i = 0; i < n; i++)
            decref(made[i]);
        Type *type = (Type *)new_ref(records.type);
        records_fini(&records);
        drop_class(OBJECT(type));
    }
    free(made);
    free(text);
    return took;
}

/* ---- Theirs ------------------------------------------------------------------------------------*/

static PyObject *globals;
static PyObject *loops[sizeof rows / sizeof *rows]; // functions that run the source n times

static const char prelude[] =
    "import csv, gc, io, time\n"
    "from dataclasses import dataclass\n"
    "registered = {}\n"
    "class Registering(type):\n"
    "    def __new__(meta, *args, key=None, **kw): return super().__new__(meta, *args, **kw)\n"
    "    def __init__(cls, *args, key=None, **kw):\n"
    "        super().__init__(*args, **kw)\n"
    "        if args[1]: registered[key or cls.__name__.lower()] = cls\n"
    "class Base(metaclass=Registering): pass\n"
    "class Hook:\n"
    "    def __init_subclass__(cls, key=None, **kw):\n"
    "        super().__init_subclass__(**kw)\n"
    "        registered[key or cls.__name__.lower()] = cls\n"
    "class Plain: pass\n"
    "class OtherMeta(type): pass\n"
    "class Conflict(metaclass=OtherMeta): pass\n"
    "class Named:\n"
    "    def __set_name__(self, cls, name): pass\n"
    "class Protocol(type):\n"
    "    def __instancecheck__(cls, obj):\n"
    "        return all([hasattr(type(obj), n) for n in cls.__dict__ if not n.startswith('_')])\n"
    "class P(metaclass=Protocol): pass\n"
    "slots = ('one', 'two', 'three', 'four', 'five')\n"
    "@dataclass\n"
    "class Row:\n"
    "    name: str\n"
    "    age: int\n"
    "    score: float\n"
    "def timed(loop, n):\n"

    "    start = time.perf_counter_ns()\n"
    "    made = loop(n)\n"
    "    took = time.perf_counter_ns() - start\n"
    "    made = None\n"

    "    gc.collect()\n"
    "    return took\n"
    "def isinstances(n):\n"
    "    for _ in range(n): isinstance(5, P)\n"
    "def dataclass_rows(n):\n"
    "    reader = csv.reader(io.StringIO(text))\n"
    "    next(reader)\n"
    "    return [Row(name, int(age), float(score)) for name, age, score in reader]\n";

static PyObject *run_python(const char *source) {
    return check(PyRun_String(source, Py_file_input, globals, globals));
}

static void prepare_theirs(void) {
    Py_InitializeEx(0);
    globals = check(
        Py_BuildValue("{s:O,s:s}", "__builtins__", PyEval_GetBuiltins(), "__name__", "bench"));
    PyObject *sys_modules = PyImport_GetModuleDict(), *module = check(PyModule_New("bench"));
    PyDict_SetItemString(sys_modules, "bench", module); // where a dataclass looks for its names
    run_python(prelude);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        PyObject *body = check(PyUnicode_FromString(rows[i].source));
        PyDict_SetItemString(globals, "body", body);
        run_python("import textwrap\n"
                   "exec('def loop(n):\\n for _ in range(n):\\n' + textwrap.indent(body, '  '))\n");
        loops[i] = check(PyDict_GetItemString(globals, "loop"));
        Py_INCREF(loops[i]);
    }
}

static uint64_t timed(PyObject *loop, size_t n, size_t repeats) {
    uint64_t took = 0;
    for (size_t r = 0; r < repeats; r++) {
        PyObject *result = check(PyObject_CallFunction(PyDict_GetItemString(globals, "timed"), "On",
                                                       loop, (Py_ssize_t)n));
        took += PyLong_AsUnsignedLongLong(result);
        Py_DECREF(result);
    }
    return took;
}

static uint64_t run_theirs(size_t n, size_t repeats, const void *argument) {
    return timed(loops[(const Row *)argument - rows], n, repeats);
}

static uint64_t run_their_function(size_t n, size_t repeats, const void *argument) {
    return timed(PyDict_GetItemString(globals, argument), n, repeats);
}

static uint64_t run_their_rows(size_t n, size_t repeats, const void *argument) {
    char *text = csv_text(n, "name:str,age:int,score:float");
    PyObject *str = check(PyUnicode_FromString(text));
    PyDict_SetItemString(globals, "text", str);
    Py_DECREF(str);
    free(text);
    return run_their_function(n, repeats, argument);
}

int main(int argc, char **argv) {
    prepare_ours();
    prepare_theirs();
    const BenchmarkRow table[] = {
        {"registering", {{"ours", run_ours, &rows[0]}, {"CPython", run_theirs, &rows[0]}}, 1000},
        {"subclass hook", {{"ours", run_ours, &rows[1]}, {"CPython", run_theirs, &rows[1]}}, 1000},
        {"plain", {{"ours", run_ours, &rows[2]}, {"CPython", run_theirs, &rows[2]}}, 1000},
        {"descriptors", {{"ours", run_ours, &rows[3]}, {"CPython", run_theirs, &rows[3]}}, 1000},
        {"slots", {{"ours", run_ours, &rows[4]}, {"CPython", run_theirs, &rows[4]}}, 1000},
        {"refused", {{"ours", run_ours, &rows[5]}, {"CPython", run_theirs, &rows[5]}}, 1000},
        {"isinstance",
         {{"ours", run_our_isinstance, NULL}, {"CPython", run_their_function, "isinstances"}},
         1000},
        {"csv rows",
         {{"ours", run_our_rows, NULL}, {"CPython", run_their_rows, "dataclass_rows"}},
         0},
    };
    Benchmark benchmark = {.room = "metaclass", .sizes = {1000, 20000}};
    return benchmark_main(&benchmark, table, sizeof table / sizeof *table, argc, argv);
}
