/* differential.c: the same random programs on our objects and, in this process, on CPython's, driven
 * from C on both sides.
 *
 * Both keep objects under a dozen names, change what they refer to, and let go of them. What dies,
 * which finalizers and callbacks run, and in what order, is written down on each side and must be the
 * same after each step; so must the count of each name. In Python's functions a parameter holds the
 * new value until the old one is dead: without that it depends on how often a line has run, as a
 * specialised instruction gives the value away. Then a chain of a million of every kind dies on both.
 * SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../refcounting.h"

enum { NAMES = 12, PROGRAMS = 1500, STEPS = 60, WITNESSES = 4096 };

static uint64_t random_state;

static int draw(int limit) {
    return (int)testing_random(&random_state, (uint64_t)limit);
}

/* What happened on one side during a step. */
typedef struct {
    char text[65536];
    size_t length;
    int made, callbacks;
} Story;
static Story ours, theirs;

__attribute__((format(printf, 2, 3))) static void tell(Story *story, const char *format, ...) {
    size_t space = sizeof story->text - story->length;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(story->text + story->length, space, format, args);
    va_end(args);
    if (length > 0 && (size_t)length < space) story->length += (size_t)length;
}

/* ---- Ours ------------------------------------------------------------------------------------*/

enum { LABEL, LEFT, RIGHT };
#define FIELD(op, i) (((Instance *)(op))->fields[i])
static Object *names[NAMES], *witnesses[WITNESSES];

static int label(Object *op) {
    return (int)((Int *)FIELD(op, LABEL))->value;
}

static void bind(int name, Object *value) {
    incref(value); // as Python's stack does: the old one's finalizer may bind it anew
    set_ref(names[name], value);
    decref(value);
}

static void loud_finalize(Object *self) {
    tell(&ours, "del %d; ", label(self));
}

static void phoenix_finalize(Object *self) {
    loud_finalize(self);
    bind(0, new_ref(self));
}

static void cutter_finalize(Object *self) {
    loud_finalize(self);
    for (int i = LEFT; i <= RIGHT; i++)
        set_ref(FIELD(self, i), new_ref(None));
    bind(1, new_ref(None));
}

static Object *called(Object *closure, Object *reference) {
    if (!closure) return new_ref(None); // end() has cleared the function
    int number = (int)((Int *)closure)->value;
    tell(&ours, "call %d %s; ", number, ((WeakRef *)reference)->object ? "there" : "gone");
    if (number % 3 == 0) bind(2, new_ref(None));
    return new_ref(None);
}

static Object *dies(Object *closure, Object *reference) {
    (void)reference;
    if (!closure) return new_ref(None);
    tell(&ours, "dead %d; ", (int)((Int *)closure)->value);
    return new_ref(None);
}

static Object *ref_with(Object *op, FunctionCode code, int number) {
    Object *closure = int_from_long(number), *function = function_new("f", code, closure);
    Object *made = weakref_new(op, function);
    decref(closure);
    decref(function);
    return made;
}

static void maker_finalize(Object *self) {
    loud_finalize(self);
    bind(3, ref_with(self, called, ++ours.callbacks));
}

static const char *const fields[] = {"label", "left", "right", NULL};
static const Type types[] = {
    INSTANCE_TYPE("Node", fields, 3, NULL),
    INSTANCE_TYPE("Loud", fields, 3, loud_finalize),
    INSTANCE_TYPE("Phoenix", fields, 3, phoenix_finalize),
    INSTANCE_TYPE("Cutter", fields, 3, cutter_finalize),
    INSTANCE_TYPE("Maker", fields, 3, maker_finalize),
};
enum { TYPES = sizeof types / sizeof types[0] };

static Object *make(const Type *type) {
    Object *op = instance_new(type);
    FIELD(op, LABEL) = int_from_long(++ours.made);
    FIELD(op, LEFT) = new_ref(None);
    FIELD(op, RIGHT) = new_ref(None);
    set_ref(witnesses[ours.made % WITNESSES], ref_with(op, dies, ours.made));
    return op;
}

static bool is_instance(Object *op) {
    return op->type->dealloc == instance_dealloc;
}

/* ---- Theirs ----------------------------------------------------------------------------------*/

static PyObject *module; // what its globals are is in `program`

static PyObject *their_tell(PyObject *self, PyObject *text) {
    (void)self;
    tell(&theirs, "%s; ", PyUnicode_AsUTF8(text));
    return Py_NewRef(Py_None);
}

static PyObject *call_program(const char *function, const char *format, ...) {
    va_list args;
    va_start(args, format);
    PyObject *arguments = Py_VaBuildValue(format, args);
    va_end(args);
    PyObject *callable = PyDict_GetItemString(module, function);
    PyObject *result = PyObject_CallObject(callable, arguments);
    Py_DECREF(arguments);
    if (result) return result;
    PyErr_Print();
    abort();
}

static const char program[] =
    "import gc, sys\n"
    "from weakref import ref\n"
    "gc.disable()\n"
    "names, witnesses, made, callbacks = [None] * 12, {}, 0, 0\n"
    "class Node:\n"
    "    __slots__ = ('label', 'left', 'right', '__weakref__')\n"
    "    def __init__(self):\n"
    "        global made\n"
    "        made += 1\n"
    "        self.label, self.left, self.right = made, None, None\n"
    "        witnesses[made % 4096] = ref(self, Dies(made))\n"
    "class Dies:\n"
    "    __slots__ = 'label',\n"
    "    def __init__(self, label): self.label = label\n"
    "    def __call__(self, reference): tell(f'dead {self.label}')\n"
    "class Call:\n"
    "    __slots__ = 'number',\n"
    "    def __init__(self):\n"
    "        global callbacks\n"
    "        callbacks += 1\n"
    "        self.number = callbacks\n"
    "    def __call__(self, reference):\n"
    "        tell(f\"call {self.number} {'there' if reference() else 'gone'}\")\n"
    "        if self.number % 3 == 0: names[2] = None\n"
    "class Loud(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self): tell(f'del {self.label}')\n"
    "class Phoenix(Loud):\n"
    "    __slots__ = ()\n"
    "    def __del__(self): super().__del__(); names[0] = self\n"
    "class Cutter(Loud):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        super().__del__()\n"
    "        self.left = None\n"
    "        self.right = None\n"
    "        names[1] = None\n"
    "class Maker(Loud):\n"
    "    __slots__ = ()\n"
    "    def __del__(self): super().__del__(); names[3] = ref(self, Call())\n"
    "kinds = Node, Loud, Phoenix, Cutter, Maker\n"
    "def make(x, kind): bind(x, kinds[kind]())\n"
    "def bind(x, value): names[x] = value\n" /* which holds it, too, until it is done */
    "def name(x, y): bind(x, names[y])\n"
    "def forget(x): names[x] = None\n"
    "def put_list(x, y): bind(x, [names[y], names[y]])\n"
    "def put_tuple(x, y, z): bind(x, (names[y], names[z], names[y]))\n"
    "def put_ref(x, y): bind(x, ref(names[y]))\n"
    "def put_call(x, y): bind(x, ref(names[y], Call()))\n"
    "def get(x, y): bind(x, names[y]())\n"
    "def left(x, y): set_left(names[y], names[x])\n"
    "def set_left(value, owner): owner.left = value\n"
    "def right(x, y): set_right(names[y], names[x])\n"
    "def set_right(value, owner): owner.right = value\n"
    "def append(x, y): names[x].append(names[y])\n"
    "def replace(x, y): set_first(names[y], names[x])\n"
    "def set_first(value, owner): owner[0] = value\n"
    "def clear(x, y): clear_it(names[y], names[x])\n"
    "def clear_it(value, owner): owner.clear()\n"
    "def count(x): return 0 if names[x] is None else sys.getrefcount(names[x])\n"
    "def put_chain(x, kinds):\n"
    "    for kind in kinds:\n"
    "        if kind == 'l': names[x] = [names[x]]\n"
    "        elif kind == 't': names[x] = names[x],\n"
    "        else:\n"
    "            node = Node.__new__(Node)\n"
    "            node.left, names[x] = names[x], node\n"
    "            del node\n"
    "def end():\n"
    "    global made, callbacks\n"
    "    while gc.collect() or any(value is not None for value in names):\n"
    "        for i in range(12): names[i] = None\n"
    "    witnesses.clear()\n"
    "    made = callbacks = 0\n";

/* ---- One step on both ------------------------------------------------------------------------*/

static void compare(const char *what, int x, int y) {
    if (strcmp(ours.text, theirs.text) != 0)
        fail_msg("%s %d %d\nours   %s\ntheirs %s", what, x, y, ours.text, theirs.text);
    for (int i = 0; i < NAMES; i++) {
        PyObject *count = call_program("count", "(i)", i);
        ssize_t our_count = names[i] == None ? 0 : object_getrefcount(names[i]);
        if (our_count != PyLong_AsLong(count))
            fail_msg("%s %d %d: the count of name %d is %zd, not %ld", what, x, y, i, our_count,
                     PyLong_AsLong(count));
        Py_DECREF(count);
    }
    ours.length = theirs.length = 0;
    ours.text[0] = theirs.text[0] = '\0';
}

static void put_list(int x, int y) {
    List *list = list_new();
    list_append(list, names[y]);
    list_append(list, names[y]);
    bind(x, OBJECT(list));
}

static void set_field(Object *op, int field, Object *value) {
    set_ref(FIELD(op, field), new_ref(value));
}

static void change(Object *op, const char *what, Object *value) {
    incref(op);
    incref(value);
    if (is_instance(op))
        set_field(op, what[0] == 'l' ? LEFT : RIGHT, value);
    else if (what[0] == 'a')
        list_append((List *)op, value);
    else if (what[0] == 'r')
        list_set_item((List *)op, 0, new_ref(value));
    else
        list_clear((List *)op);
    decref(value);
    decref(op);
}

static void step(void) {
    int x = draw(NAMES), y = draw(NAMES), z = draw(NAMES), choice = draw(12);
    Object *of_x = names[x], *of_y = names[y];
    const char *what = "name";
    if (choice < 3 || of_y == None) {
        int kind = draw(TYPES);
        bind(x, make(&types[kind]));
        Py_DECREF(call_program(what = "make", "(ii)", x, kind));
    } else if (choice == 3) {
        bind(x, new_ref(None));
        Py_DECREF(call_program(what = "forget", "(i)", x));
    } else if (choice == 4) {
        put_list(x, y);
        Py_DECREF(call_program(what = "put_list", "(ii)", x, y));
    } else if (choice == 5) {
        bind(x, tuple_pack(3, of_y, names[z], of_y));
        Py_DECREF(call_program(what = "put_tuple", "(iii)", x, y, z));
    } else if (is_instance(of_y) && choice < 8) {
        what = choice == 6 ? "put_ref" : "put_call";
        bind(x, choice == 6 ? weakref_new(of_y, NULL) : ref_with(of_y, called, ++ours.callbacks));
        Py_DECREF(call_program(what, "(ii)", x, y));
    } else if (of_y->type == &WeakRef_Type) {
        bind(x, weakref_get((WeakRef *)of_y));
        Py_DECREF(call_program(what = "get", "(ii)", x, y));
    } else if (is_instance(of_x) || (of_x->type == &List_Type && ((List *)of_x)->size > 0)) {
        static const char *const list_ways[] = {"append", "replace", "clear"};
        what = is_instance(of_x) ? (choice % 2 ? "left" : "right") : list_ways[choice % 3];
        change(of_x, what, of_y);
        Py_DECREF(call_program(what, "(ii)", x, y));
    } else {
        bind(x, new_ref(of_y));
        Py_DECREF(call_program(what, "(ii)", x, y));
    }
    compare(what, x, y);
}

/* Here, where no collector is, what is tracked lets go of what it has; there, theirs finds it. What is
 * told meanwhile is not compared. */
static void end(void) {
    GCHead *head = &gc.generations[0].head;
    for (int i = 0; i < WITNESSES; i++)
        clear_ref(witnesses[i]);
    for (;;) {
        for (int i = 0; i < 2 * NAMES; i++)
            bind(i % NAMES, new_ref(None));
        GCHead *node = (GCHead *)head->next;
        while (node != head && !FROM_GC(node)->type->clear)
            node = (GCHead *)node->next;
        if (node == head) break;
        Object *op = new_ref(FROM_GC(node));
        gc_untrack(op); // at the end: each has its turn
        gc_track(op);
        if (is_instance(op)) {
            set_field(op, LEFT, None);
            set_field(op, RIGHT, None);
        } else {
            op->type->clear(op);
        }
        decref(op);
    }
    Py_DECREF(call_program("end", "()"));
    ours = theirs = (Story){0};
    assert_int_equal(heap.blocks, 0);
}

static void test_programs(void **state) {
    (void)state;
    random_state = testing_seed();
    for (int number = 0; number < PROGRAMS; number++) {
        for (int i = 0; i < STEPS; i++)
            step();
        end();
    }
}

/* The same chain on both, of lists, tuples and instances in turn and with a loud end, so long that only
 * the trashcan lets it die. */
static void test_chains(void **state) {
    (void)state;
    enum { LENGTH = 1000000 };
    static char kinds[LENGTH + 1];
    random_state = testing_seed();
    bind(5, make(&types[1]));
    Py_DECREF(call_program("make", "(ii)", 5, 1));
    for (int i = 0; i < LENGTH; i++) {
        kinds[i] = "lti"[draw(3)];
        if (kinds[i] == 'l') {
            List *list = list_new();
            list_append(list, names[5]);
            bind(5, OBJECT(list));
        } else if (kinds[i] == 't') {
            bind(5, tuple_pack(1, names[5]));
        } else {
            Object *node = instance_new(&types[0]);
            FIELD(node, LEFT) = new_ref(names[5]);
            bind(5, node);
        }
    }
    Py_DECREF(call_program("put_chain", "(is)", 5, kinds));
    compare("chain", 5, 5);
    bind(5, new_ref(None));
    Py_DECREF(call_program("forget", "(i)", 5));
    assert_string_equal(ours.text, "del 1; dead 1; ");
    compare("forget", 5, 5);
    end();
}

int main(void) {
    static PyMethodDef definition = {"tell", their_tell, METH_O, NULL};
    Py_InitializeEx(0);
    module = Py_BuildValue("{s:N,s:N}", "__builtins__", PyImport_ImportModule("builtins"), "tell",
                           PyCFunction_New(&definition, NULL));
    Py_XDECREF(PyRun_String(program, Py_file_input, module, module));
    if (PyErr_Occurred()) PyErr_Print();
    for (int i = 0; i < NAMES; i++)
        names[i] = new_ref(None);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
