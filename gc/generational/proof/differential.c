/* differential.c: the same random program on ours and on CPython's collector, in one process.
 *
 * A table of references; nodes, lists and weak references are made, linked and dropped, generations
 * collected. After each operation it is compared which finalizers and callbacks ran, in which order;
 * after a collection also what was found, who is left in which generation in which order, and the
 * counts of collections. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../../refcounting/refcounting.h"
#include "../gc.h"

enum { OPERATIONS = 100000, ROOTS = 12, REFS = 6 };
enum What { MAKE, LINK, DROP, REFER, COLLECT };

/* ---- Theirs ----------------------------------------------------------------------------------*/

static const char program[] =
    "import gc, weakref\n"
    "roots, refs, events = [None] * 12, [None] * 6, []\n"
    "class Node:\n"
    "    __slots__ = 'a', 'b', 'name', '__weakref__'\n"
    "class Loud(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self): events.append(f'del {self.name}')\n"
    "class Keeper(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        events.append(f'keep {self.name}')\n"
    "        roots[self.name % 12] = self\n"
    "class Cutter(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        events.append(f'cut {self.name}')\n"
    "        self.a = None\n"
    "class Maker(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        events.append(f'make {self.name}')\n"
    "        make(Node, -self.name, self)\n"
    "kinds = Node, Loud, Keeper, Cutter, Maker, list\n"
    "def make(kind, name, a):\n"
    "    new = kind()\n"
    "    new.name, new.a, new.b = name, a, new\n"
    "    return new\n"
    "def called(ref):\n"
    "    events.append('callback ' + ''.join(str(i) for i in range(6) if refs[i] is ref))\n"
    "def name(op):\n"
    "    if isinstance(op, Node): return f'{op.name} '\n"
    "    return 'w ' if type(op) is weakref.ref else 'l ' if type(op) is list else ''\n"
    "def step(what, i, j, k, number):\n"
    "    text = ''\n"
    "    if what == 0 and k == 5: roots[i] = [roots[j]]\n"
    "    elif what == 0: roots[i] = make(kinds[k], number, roots[j])\n"
    "    elif what == 1 and isinstance(roots[i], list): roots[i].append(roots[j])\n"
    "    elif what == 1 and isinstance(roots[i], Node) and k % 2: roots[i].a = roots[j]\n"
    "    elif what == 1 and isinstance(roots[i], Node): roots[i].b = roots[j]\n"
    "    elif what == 2: roots[i] = None\n"
    "    elif what == 3 and isinstance(roots[i], Node): refs[k] = weakref.ref(roots[i], called)\n"
    "    elif what == 4:\n"
    "        text = f'found {gc.collect(k % 3)}'\n"
    "        count = gc.get_count()\n"
    "        text += f', counts {count[1]} {count[2]}: '\n"
    "        count = None\n"
    "        text += ''.join(map(name, gc.get_objects(generation=0))) + '| '\n"
    "        text += ''.join(map(name, gc.get_objects(generation=1))) + '| '\n"
    "        text += ''.join(map(name, gc.get_objects(generation=2)))\n"
    "    text += ', '.join(events)\n"
    "    events.clear()\n"
    "    return text\n"
    "gc.disable()\n"
    "gc.collect()\n"
    "gc.freeze()\n";

/* ---- Ours ------------------------------------------------------------------------------------*/

static Object *roots[ROOTS], *refs[REFS], *called;
static char events[2048], text[8192];

PRINTF_LIKE static void event(const char *what, const char *format, ...) {
    size_t length = strlen(events);
    length += (size_t)snprintf(events + length, sizeof events - length, "%s%s ", length ? ", " : "",
                               what);
    va_list args;
    va_start(args, format);
    vsnprintf(events + length, sizeof events - length, format, args);
    va_end(args);
}

static const char *const fields[] = {"a", "b", "name", NULL};

static Object **field(Object *op, int which) {
    return &((Instance *)op)->fields[which];
}

static long name(Object *op) {
    return (long)((Int *)*field(op, 2))->value;
}

static void set(Object *op, int which, Object *value) {
    set_ref(*field(op, which), new_ref(value ? value : None));
}

static Object *make(const Type *type, long number, Object *a) {
    Object *new = instance_new(type);
    *field(new, 2) = int_from_long(number);
    set(new, 0, a);
    set(new, 1, new);
    return new;
}

static void loud(Object *self) {
    event("del", "%ld", name(self));
}

static void keep(Object *self) {
    event("keep", "%ld", name(self));
    set_ref(roots[name(self) % ROOTS], new_ref(self));
}

static void cut(Object *self) {
    event("cut", "%ld", name(self));
    set(self, 0, NULL);
}

static const Type Node_Type = INSTANCE_TYPE("Node", fields, 3, NULL);

static void make_more(Object *self) {
    event("make", "%ld", name(self));
    decref(make(&Node_Type, -name(self), self));
}

static const Type Loud_Type = INSTANCE_TYPE("Loud", fields, 3, loud);
static const Type Keeper_Type = INSTANCE_TYPE("Keeper", fields, 3, keep);
static const Type Cutter_Type = INSTANCE_TYPE("Cutter", fields, 3, cut);
static const Type Maker_Type = INSTANCE_TYPE("Maker", fields, 3, make_more);
static const Type *const kinds[] = {&Node_Type, &Loud_Type, &Keeper_Type, &Cutter_Type,
                                    &Maker_Type};

static Object *called_code(Object *closure, Object *ref) {
    (void)closure;
    char which[8] = "";
    for (int i = 0; i < REFS; i++) {
        if (refs[i] == ref) snprintf(which, sizeof which, "%d", i);
    }
    event("callback", "%s", which);
    return new_ref(None);
}

static void append_names(int generation) {
    List *objects = gc_get_objects(generation);
    for (ssize_t i = 0; i < objects->size; i++) {
        Object *op = objects->items[i];
        size_t length = strlen(text);
        if (op->type->fields == fields)
            snprintf(text + length, sizeof text - length, "%ld ", name(op));
        else
            snprintf(text + length, sizeof text - length, op->type == &List_Type ? "l " : "w ");
    }
    decref(objects);
}

static Object *list_of(Object *item) {
    List *list = list_new();
    list_append(list, item ? item : None);
    return OBJECT(list);
}

static const char *step(enum What what, int i, int j, int k, long number) {
    Object *op = roots[i];
    bool instance = op && op->type->fields == fields;
    *text = '\0';
    if (what == MAKE) {
        Object *new = k == 5 ? list_of(roots[j]) : make(kinds[k], number, roots[j]);
        set_ref(roots[i], new);
    } else if (what == LINK && op && op->type == &List_Type) {
        list_append((List *)op, roots[j] ? roots[j] : None);
    } else if (what == LINK && instance) {
        set(op, k % 2 ? 0 : 1, roots[j]);
    } else if (what == DROP) {
        clear_ref(roots[i]);
    } else if (what == REFER && instance) {
        set_ref(refs[k], weakref_new(op, called));
    } else if (what == COLLECT) {
        ssize_t found = gc_collect(k % NUM_GENERATIONS);
        snprintf(text, sizeof text, "found %zd, counts %d %d: ", found, gc.generations[1].count,
                 gc.generations[2].count);
        append_names(0);
        strcat(text, "| ");
        append_names(1);
        strcat(text, "| ");
        append_names(2);
    }
    strcat(text, events);
    *events = '\0';
    return text;
}

/* ---- Both ------------------------------------------------------------------------------------*/

static void test_random_program(void **state) {
    (void)state;
    static const enum What whats[] = {MAKE, MAKE, MAKE, MAKE, LINK,  LINK,
                                      LINK, DROP, DROP, DROP, REFER, COLLECT};
    uint64_t random = testing_seed();
    PyObject *names = PyDict_New(), *ran = PyRun_String(program, Py_file_input, names, names);
    assert_non_null(ran);
    PyObject *their_step = PyDict_GetItemString(names, "step");
    for (long n = 1; n <= OPERATIONS; n++) {
        enum What what = whats[testing_random(&random, sizeof whats / sizeof whats[0])];
        int i = (int)testing_random(&random, ROOTS), j = (int)testing_random(&random, ROOTS);
        int k = (int)testing_random(&random, 6);
        PyObject *result = PyObject_CallFunction(their_step, "iiiil", (int)what, i, j, k, n);
        assert_non_null(result);
        const char *theirs = PyUnicode_AsUTF8(result);
        const char *mine = step(what, i, j, k, n);
        if (strcmp(mine, theirs) != 0) {
            print_message("operation %ld, %d %d %d %d:\n", n, (int)what, i, j, k);
            assert_string_equal(mine, theirs);
        }
        Py_DECREF(result);
    }
    Py_DECREF(ran);
    Py_DECREF(names);
}

int main(void) {
    Py_InitializeEx(0);
    if (gc_init() < 0) return 1;
    gc.enabled = false;
    called = function_new("called", called_code, NULL);
    gc_collect(2);
    gc_freeze();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
