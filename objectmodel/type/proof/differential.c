/* differential.c: the same random classes, attributes, operators and assignments on our types and,
 * in this process, on CPython's own.
 *
 * Classes and objects exist in pairs. An operation is done on both sides and comes to a text: a
 * value as describe() writes it, or the error in its words; the two texts must be equal. Theirs are
 * done by the functions of `program`, each of a line, that stand for what ours are named after.
 * SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"

#include "../type.h"

enum { ROUNDS = 300, STEPS = 400, CLASSES = 24, OBJECTS = 12, FIXED = 5 };

static uint64_t state_of_random;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

static const char program[] =
    "labels = {}\n"
    "def describe(v):\n"
    "    if id(v) in labels: return labels[id(v)]\n"
    "    if type(v) is str: return '<default>' if v.startswith('<') else v\n"
    "    if type(v) is int or v is None or v is NotImplemented: return repr(v)\n"
    "    if type(v) in (tuple, list): return '(' + ''.join(describe(x) + ' ' for x in v) + ')'\n"
    "    return '<' + type(v).__name__.replace('method-wrapper', 'method') + '>'\n"
    "def outcome(f, *args):\n"
    "    try: return '= ' + describe(f(*args))\n"
    "    except Exception as e: return type(e).__name__ + (f': {e}' if str(e) else '')\n"
    "def label(v, text): labels[id(v)] = text\n"
    "def new(meta, name, bases): return type.__new__(meta, name, bases, {})\n"
    "def alloc(cls): return (int if issubclass(cls, int) else object).__new__(cls)\n"
    "def function(text, reply):\n"
    "    def f(*args):\n"
    "        if reply is None: return text + ''.join(' ' + describe(x) for x in args)\n"
    "        return reply\n"
    "    return f\n"
    "def set_class(v, cls): v.__class__ = cls\n"
    "def set_bases(v, bases): v.__bases__ = bases\n"
    "def mro(cls): return cls.__mro__\n"
    "def base(cls): return cls.__base__\n"
    "def below(cls): return type.__subclasses__(cls)\n"
    "def is_instance(v, cls): return int(type.__instancecheck__(cls, v))\n"
    "def add(a, b): return a + b\n"
    "def subtract(a, b): return a - b\n"
    "def multiply(a, b): return a * b\n"
    "def call(v, x): return v(x)\n"
    "def call_method(v, name, x): return getattr(v, name)(x)\n"
    "def get_super(cls, v, name): return getattr(super(cls, v), name)\n";

static PyObject *names;

/* ---- Both sides ------------------------------------------------------------------------------*/

typedef struct {
    Object *ours;
    PyObject *theirs;
    char label[12];
} Pair;

static Pair classes[CLASSES], objects[OBJECTS], fixed[FIXED]; // fixed: object, int, type, ...
static int nclasses, nobjects;

static PyObject *their_function(const char *name) {
    return PyDict_GetItemString(names, name);
}

/* What a function of the program returns for these arguments, as Py_BuildValue() takes them. */
static PyObject *theirs(const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    PyObject *tuple = Py_VaBuildValue(format, args);
    va_end(args);
    PyObject *result = PyObject_CallObject(their_function(name), tuple);
    Py_DECREF(tuple);
    if (!result) PyErr_Print();
    assert_non_null(result);
    return result;
}

static void describe(char *out, size_t size, Object *op) {
    const Pair *sets[] = {classes, objects, fixed};
    const int limits[] = {nclasses, nobjects, FIXED};
    for (int s = 0; s < 3; s++) {
        for (int i = 0; i < limits[s]; i++) {
            if (sets[s][i].ours == op) {
                snprintf(out, size, "%s", sets[s][i].label);
                return;
            }
        }
    }
    if (op->type == &Str_Type) {
        const char *text = ((Str *)op)->text;
        snprintf(out, size, "%s", *text == '<' ? "<default>" : text);
    } else if (op->type == &Int_Type || op == None || op == NotImplemented) {
        Object *text = object_repr(op);
        snprintf(out, size, "%s", ((Str *)text)->text);
        decref(text);
    } else if (op->type == &Tuple_Type) {
        size_t length = (size_t)snprintf(out, size, "(");
        for (ssize_t i = 0; i < ((Tuple *)op)->size; i++) {
            describe(out + length, size - length, ((Tuple *)op)->items[i]);
            length += strlen(out + length);
            length += (size_t)snprintf(out + length, size - length, " ");
        }
        snprintf(out + length, size - length, ")");
    } else {
        snprintf(out, size, "<%s>", op->type->name);
    }
}

static Outcome our_outcome(Object *result) {
    if (!result) return outcome_of_error();
    Outcome outcome = {"= "};
    describe(outcome.text + 2, sizeof outcome.text - 2, result);
    decref(result);
    return outcome;
}

static Object *status(int value) {
    return value < 0 ? NULL : new_ref(None);
}

static uint64_t compared;

/* Ours, a new reference or NULL, against what the program's function comes to. */
static void compare(Object *ours, const char *name, const char *format, ...) {
    Outcome our = our_outcome(ours);
    va_list args;
    va_start(args, format);
    PyObject *tuple = Py_VaBuildValue(format, args);
    va_end(args);
    PyObject *function = their_function(name);
    PyObject *all = PyTuple_New(PyTuple_GET_SIZE(tuple) + 1);
    PyTuple_SET_ITEM(all, 0, Py_NewRef(function));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
    PyObject *their = PyObject_CallObject(their_function("outcome"), all);
    if (!their) PyErr_Print();
    compared++;
    if (strcmp(our.text, PyUnicode_AsUTF8(their)) != 0) {
        PyObject *shown = PyObject_CallOneArg(their_function("describe"), tuple);
        fail_msg("%s%s\nours   %s\ntheirs %s", name, PyUnicode_AsUTF8(shown), our.text,
                 PyUnicode_AsUTF8(their));
    }
    Py_DECREF(their);
    Py_DECREF(all);
    Py_DECREF(tuple);
}

static Pair *enter(Pair *pair, Object *ours, PyObject *their, const char *label, int number) {
    *pair = (Pair){ours, their, ""};
    snprintf(pair->label, sizeof pair->label, label, number);
    Py_DECREF(theirs("label", "(Os)", their, pair->label));
    return pair;
}

/* ---- Drawing ---------------------------------------------------------------------------------*/

static const Pair *draw_class(void) {
    return &classes[draw(nclasses)];
}

static const Pair *draw_type(void) { // now and then one that is fixed
    return nclasses && draw(8) ? draw_class() : &fixed[draw(FIXED)];
}

static const Pair *draw_object(void) {
    return &objects[draw(nobjects)];
}

static const Pair *draw_any(void) {
    return draw(3) ? draw_object() : draw_class();
}

/* A tuple of up to three types, now and then something that is none. */
static void draw_bases(Tuple **ours, PyObject **their) {
    int n = draw(4);
    *ours = tuple_new(n);
    *their = PyTuple_New(n);
    for (int i = 0; i < n; i++) {
        const Pair *base = nobjects && !draw(60) ? draw_object() : draw_type();
        (*ours)->items[i] = new_ref(base->ours);
        PyTuple_SET_ITEM(*their, i, Py_NewRef(base->theirs));
    }
}

static Object *function_code(Object *closure, Object *const *args, ssize_t nargs) {
    Object *const *items = ((Tuple *)closure)->items; // text, reply
    if (items[1] != None) return new_ref(items[1]);
    char text[400];
    size_t length = (size_t)snprintf(text, sizeof text, "%s", ((Str *)items[0])->text);
    for (ssize_t i = 0; i < nargs; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, " ");
        describe(text + length, sizeof text - length, args[i]);
        length += strlen(text + length);
    }
    return str_from_string(text);
}

/* A function that says what it is called with, or gives 5, -1 or NotImplemented. */
static Pair draw_function(int number) {
    int kind = draw(6);
    Object *reply = kind == 0   ? int_from_long(draw(3) ? 5 : -1)
                    : kind == 1 ? new_ref(NotImplemented)
                                : new_ref(None);
    PyObject *their_reply = kind == 0   ? PyLong_FromLong((long)((Int *)reply)->value)
                            : kind == 1 ? Py_NewRef(Py_NotImplemented)
                                        : Py_NewRef(Py_None);
    char text[20];
    snprintf(text, sizeof text, "f%d", number);
    Object *name = str_from_string(text), *closure = tuple_pack(2, name, reply);
    Pair pair = {function_new("f", function_code, closure),
                 theirs("function", "(sN)", text, their_reply), ""};
    decref(closure);
    decref(name);
    decref(reply);
    return pair;
}

static Pair draw_value(int number, bool special) {
    Pair function = draw_function(number);
    int kind = draw(8);
    if (special || kind < 3) return function;
    Pair value;
    const Pair *any;
    switch (kind) {
    case 3:
        value = (Pair){property_new(function.ours, draw(2) ? function.ours : NULL, NULL), NULL, ""};
        value.theirs = PyObject_CallFunctionObjArgs(
            (PyObject *)&PyProperty_Type, function.theirs,
            ((Property *)value.ours)->fset ? function.theirs : Py_None, NULL);
        break;
    case 4:
        value = (Pair){staticmethod_new(function.ours), PyStaticMethod_New(function.theirs), ""};
        break;
    case 5:
        value = (Pair){classmethod_new(function.ours), PyClassMethod_New(function.theirs), ""};
        break;
    default: // an object, which may be a descriptor
        any = draw_object();
        value = (Pair){new_ref(any->ours), Py_NewRef(any->theirs), ""};
    }
    decref(function.ours);
    Py_DECREF(function.theirs);
    return value;
}

/* ---- Operations ------------------------------------------------------------------------------*/

static const char *const attributes[] = {"x",       "y",          "__len__",  "__add__", "__radd__",
                                         "__sub__", "__rsub__",   "__repr__", "__str__", "__get__",
                                         "__set__", "__delete__", "__call__"};
enum { PLAIN = 2, SHARED = 7, READABLE = 12, ATTRIBUTES = 13 };
// Of theirs, type has a __call__ and super a __get__ that ours have not.

static void new_class(int number) {
    Tuple *bases;
    PyObject *their_bases;
    if (nclasses == CLASSES) return;
    draw_bases(&bases, &their_bases);
    char name[12];
    snprintf(name, sizeof name, "C%d", number);
    const Pair *meta = &fixed[2];
    for (int i = 0; i < 4 && nclasses; i++) {
        const Pair *cls = draw_class();
        if (type_is_subtype((Type *)cls->ours, &Type_Type) && !draw(4)) meta = cls;
    }
    Type *made = type_new((Type *)meta->ours, name, bases, NULL);
    if (made) {
        PyObject *their = theirs("new", "(OsO)", meta->theirs, name, their_bases);
        enter(&classes[nclasses++], OBJECT(made), their, "C%d", number);
        compare(new_ref(made->mro), "mro", "(O)", their);
        compare(new_ref(made->base), "base", "(O)", their);
    } else {
        compare(NULL, "new", "(OsO)", meta->theirs, name, their_bases);
    }
    decref(bases);
    Py_DECREF(their_bases);
}

static void new_object(int number) {
    const Pair *cls = draw_class();
    Type *type = (Type *)cls->ours;
    bool no = type_is_subtype(type, &Type_Type) || type_is_subtype(type, &Property_Type);
    if (nobjects == OBJECTS || no) return;
    enter(&objects[nobjects++], type->alloc(type, type_is_subtype(type, &Int_Type) ? 2 : 0),
          theirs("alloc", "(O)", cls->theirs), "o%d", number);
}

static void store(const Pair *to, int number) {
    int k = draw(3) ? draw(PLAIN) : draw(ATTRIBUTES);
    const char *name = attributes[k];
    if (draw(4) == 0) {
        compare(status(object_setattr_string(to->ours, name, NULL)), "delattr", "(Os)", to->theirs,
                name);
        return;
    }
    Pair value = draw_value(number, k >= PLAIN);
    compare(status(object_setattr_string(to->ours, name, value.ours)), "setattr", "(OsO)",
            to->theirs, name, value.theirs);
    decref(value.ours);
    Py_DECREF(value.theirs);
}

static void calculate(void) {
    static const struct {
        const char *name;
        Object *(*function)(Object *, Object *);
    } operators[] = {
        {"add", number_add}, {"subtract", number_subtract}, {"multiply", number_multiply}};
    int k = draw(3);
    const Pair *left = draw_object(), *right = draw_object();
    compare(operators[k].function(left->ours, right->ours), operators[k].name, "(OO)", left->theirs,
            right->theirs);
}

static void assign(void) {
    Tuple *bases;
    PyObject *their_bases;
    const Pair *any = draw_any(), *cls = draw_type(), *changed = draw_type();
    if (draw(2)) {
        compare(status(object_set_class(any->ours, cls->ours)), "set_class", "(OO)", any->theirs,
                cls->theirs);
        return;
    }
    draw_bases(&bases, &their_bases);
    compare(status(type_set_bases((Type *)changed->ours, OBJECT(bases))), "set_bases", "(OO)",
            changed->theirs, their_bases);
    for (int i = 0; i < nclasses; i++) {
        compare(new_ref(((Type *)classes[i].ours)->mro), "mro", "(O)", classes[i].theirs);
        compare(type_subclasses((Type *)classes[i].ours), "below", "(O)", classes[i].theirs);
    }
    decref(bases);
    Py_DECREF(their_bases);
}

static void read_all_ways(void) {
    const Pair *any = draw_any(), *cls = draw_class();
    const char *name = attributes[draw(2) ? draw(PLAIN) : draw(READABLE)];
    compare(object_getattr_string(any->ours, name), "getattr", "(Os)", any->theirs, name);
    name = attributes[draw(SHARED)];
    Object *after = super_new((Type *)cls->ours, any->ours);
    Object *found = after ? object_getattr_string(after, name) : NULL;
    compare(found, "get_super", "(OOs)", cls->theirs, any->theirs, name);
    xdecref(after);
    compare(int_from_long(object_is_instance(any->ours, (Type *)cls->ours)), "is_instance", "(OO)",
            any->theirs, cls->theirs);
}

static void call_all_ways(void) {
    const Pair *op = draw_object(), *argument = draw_any();
    const char *name = attributes[draw(PLAIN)];
    ssize_t length = object_length(op->ours);
    compare(length < 0 ? NULL : int_from_long(length), "len", "(O)", op->theirs);
    compare(object_repr(op->ours), "repr", "(O)", op->theirs);
    compare(object_str(op->ours), "str", "(O)", op->theirs);
    compare(object_call(op->ours, &argument->ours, 1), "call", "(OO)", op->theirs,
            argument->theirs);
    compare(object_call_method(str_intern(name), (Object *[]){op->ours, argument->ours}, 2),
            "call_method", "(OsO)", op->theirs, name, argument->theirs);
}

static void forget(void) {
    for (; nobjects > 0; nobjects--) {
        decref(objects[nobjects - 1].ours);
        Py_DECREF(objects[nobjects - 1].theirs);
    }
    for (; nclasses > 0; nclasses--) {
        decref(classes[nclasses - 1].ours);
        Py_DECREF(classes[nclasses - 1].theirs);
    }
    types_clear();
    PyDict_Clear(their_function("labels"));
}

static void test_random(void **state) {
    (void)state;
    static const char *const builtins[FIXED] = {"object", "int", "type", "property", "NoneType"};
    Type *ours[FIXED] = {&Object_Type, &Int_Type, &Type_Type, &Property_Type, &None_Type};
    PyTypeObject *their[FIXED] = {&PyBaseObject_Type, &PyLong_Type, &PyType_Type, &PyProperty_Type,
                                  Py_TYPE(Py_None)};
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FIXED; i++)
            enter(&fixed[i], OBJECT(ours[i]), (PyObject *)their[i], builtins[i], 0);
        for (int step = 0; step < STEPS; step++) {
            int kind = nclasses == 0 ? 0 : nobjects == 0 ? draw(2) : draw(14);
            if (kind == 0) new_class(step);
            if (kind == 1) new_object(step);
            if (kind >= 2 && kind < 5) store(draw_class(), step);
            if (kind == 5) store(draw_object(), step);
            if (kind == 6) assign();
            if (kind >= 7 && kind < 10) read_all_ways();
            if (kind >= 10 && kind < 12) calculate();
            if (kind >= 12) call_all_ways();
        }
        forget();
        if (round % 20 == 19) PyGC_Collect();
    }
    print_message("%llu outcomes compared\n", (unsigned long long)compared);
}

int main(void) {
    state_of_random = testing_seed();
    Py_InitializeEx(0);
    PyGC_Disable(); // what is dropped is still a subclass, as here
    names = PyDict_New();
    PyDict_Update(names, PyEval_GetBuiltins());
    PyDict_SetItemString(names, "__builtins__", PyImport_ImportModule("builtins"));
    PyDict_SetItemString(names, "__name__", PyUnicode_FromString("__main__"));
    PyObject *none = PyRun_String(program, Py_file_input, names, names);
    if (!none || types_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
