/* classes.c: the classes of the demo, twice: as Python source, and as C functions that do the same.
 *
 * What makes one instance only, or returns something else, or comes too late: each class shows one
 * thing. `./construction_demo --classes` prints the source; --python runs it beside ours.
 */
#include "demo.h"

const char classes_source[] =
    "class Plain:\n"
    "    pass\n"
    "\n"
    "class Point:\n"
    "    def __init__(self, x, y):\n"
    "        self.x = x\n"
    "        self.y = y\n"
    "\n"
    "class Wrong:\n"
    "    def __init__(self, x):\n"
    "        self.x = x\n"
    "        return x\n"
    "\n"
    "class Broken:\n"
    "    def __init__(self, x):\n"
    "        self.x = x\n"
    "        raise ValueError('not like this')\n"
    "\n"
    "class Both:                        # arguments too many, handed on\n"
    "    def __new__(cls, *args):\n"
    "        return super().__new__(cls, *args)\n"
    "    def __init__(self, *args):\n"
    "        super().__init__(*args)\n"
    "\n"
    "class Echo:                        # __new__ returns what it is given\n"
    "    def __new__(cls, thing):\n"
    "        return thing\n"
    "    def __init__(self, thing):\n"
    "        self.thing = thing\n"
    "\n"
    "class Shape:                       # or an instance of a subclass\n"
    "    def __new__(cls, sides):\n"
    "        return super().__new__(Square if sides == 4 else cls)\n"
    "    def __init__(self, sides):\n"
    "        self.sides = sides\n"
    "\n"
    "class Square(Shape):\n"
    "    def __init__(self, sides):\n"
    "        self.right_angles = sides\n"
    "\n"
    "class Celsius(int):\n"
    "    def __new__(cls, degrees):\n"
    "        return super().__new__(cls, degrees)\n"
    "    def __init__(self, degrees):\n"
    "        self.scale = 'C'\n"
    "\n"
    "class Late(int):                   # __init__ comes too late for base 16\n"
    "    def __init__(self, digits):\n"
    "        self.digits = digits\n"
    "\n"
    "class Hex(int):\n"
    "    def __new__(cls, digits):\n"
    "        return super().__new__(cls, digits, 16)\n"
    "\n"
    "class Pair(tuple):\n"
    "    def __new__(cls, a, b):\n"
    "        return super().__new__(cls, (a, b))\n"
    "\n"
    "class Name(str):\n"
    "    def __new__(cls, first, last):\n"
    "        return super().__new__(cls, last)\n"
    "    def __init__(self, first, last):\n"
    "        self.first = first\n"
    "\n"
    "class Once:                        # one instance, by __new__\n"
    "    instance = None\n"
    "    def __new__(cls, n):\n"
    "        if cls.instance is None:\n"
    "            cls.instance = super().__new__(cls)\n"
    "        return cls.instance\n"
    "    def __init__(self, n):\n"
    "        self.n = n\n"
    "\n"
    "class OnceMore(Once):\n"
    "    pass\n"
    "\n"
    "class Singleton(type):             # one instance, by the metaclass\n"
    "    def __call__(cls, *args):\n"
    "        if 'instance' not in cls.__dict__:\n"
    "            cls.instance = super().__call__(*args)\n"
    "        return cls.instance\n"
    "\n"
    "class Only(metaclass=Singleton):\n"
    "    def __init__(self, n):\n"
    "        self.n = n\n"
    "\n"
    "class OnlyMore(Only):\n"
    "    pass\n"
    "\n"
    "settings = Point(0, 0)             # one instance, by a module\n"
    "\n"
    "class Counting(type):\n"
    "    def __call__(cls, *args):\n"
    "        cls.made += 1\n"
    "        return super().__call__(*args)\n"
    "\n"
    "class Counted(metaclass=Counting):\n"
    "    made = 0\n"
    "\n"
    "class Forbidding(type):\n"
    "    def __call__(cls, *args):\n"
    "        raise TypeError('no instances of ' + cls.__name__)\n"
    "\n"
    "class Constants(metaclass=Forbidding):\n"
    "    pi = 3\n"
    "\n"
    "class Drawing:                     # what abc.abstractmethod comes to\n"
    "    pass\n"
    "Drawing.__abstractmethods__ = ('draw', 'area')\n";

// clang-format off
enum { // the builtin types, which have no row in the table, and then its rows
    OF_TUPLE = -5, OF_STR, OF_INT, OF_TYPE, OF_OBJECT,
    PLAIN, POINT, WRONG, BROKEN, BOTH, ECHO, SHAPE, SQUARE, CELSIUS, LATE, HEX, PAIR, NAME,
    ONCE, ONCE_MORE, SINGLETON, ONLY, ONLY_MORE, COUNTING, COUNTED, FORBIDDING, CONSTANTS,
    DRAWING, CLASSES
};
// clang-format on

static Type *classes[CLASSES];
static Object *settings;

void classes_show(const char *header) {
    const char *from = strstr(classes_source, header), *end = strstr(from, "\n\n");
    size_t length = end ? (size_t)(end + 1 - from) : strlen(from);
    printf("%.*s\n", (int)length, from);
}

/* ---- What the functions have in common -------------------------------------------------------*/

/* None, or NULL with the error of a call that returned -1. */
static Object *none(int status) {
    return status < 0 ? NULL : new_ref(None);
}

/* super(of, self).name(*args). */
static Object *super_call(int of, Object *self, const char *name, Object *const *args,
                          ssize_t nargs) {
    Object *super = super_new(classes[of], self);
    Object *method = super ? object_getattr_string(super, name) : NULL;
    Object *result = method ? trace_call(method, args, nargs) : NULL;
    xdecref(super);
    xdecref(method);
    return result;
}

/* super().__new__(cls, a, ...), of which an argument is new here: it is dropped. */
static Object *super_new_with(int of, Object *cls, Object *argument) {
    if (!argument) return NULL;
    Object *result = super_call(of, cls, "__new__", (Object *[]){cls, argument}, 2);
    decref(argument);
    return result;
}

#define BODY(name) static Object *name(Object *closure, Object *const *args, ssize_t nargs)
#define UNUSED     (void)closure, (void)nargs

/* __init__(self, value): self.NAME = value */
#define STORES(function, name)                                                                     \
    BODY(function) {                                                                               \
        UNUSED;                                                                                    \
        return none(object_setattr_string(args[0], name, args[1]));                                \
    }
STORES(shape_init, "sides")
STORES(square_init, "right_angles")
STORES(stores_n, "n")
STORES(echo_init, "thing")
STORES(late_init, "digits")
STORES(name_init, "first")

/* ---- The functions, in the order of the source -----------------------------------------------*/

BODY(point_init) {
    UNUSED;
    if (object_setattr_string(args[0], "x", args[1]) < 0) return NULL;
    return none(object_setattr_string(args[0], "y", args[2]));
}

BODY(wrong_init) {
    UNUSED;
    return object_setattr_string(args[0], "x", args[1]) < 0 ? NULL : new_ref(args[1]);
}

BODY(broken_init) {
    UNUSED;
    if (object_setattr_string(args[0], "x", args[1]) == 0) error_set(ValueError, "not like this");
    return NULL;
}

BODY(both_new) {
    (void)closure;
    return super_call(BOTH, args[0], "__new__", args, nargs);
}

BODY(both_init) {
    (void)closure;
    return super_call(BOTH, args[0], "__init__", args + 1, nargs - 1);
}

BODY(echo_new) {
    UNUSED;
    return new_ref(args[1]);
}

BODY(shape_new) {
    UNUSED;
    bool four = object_is_instance(args[1], &Int_Type) && ((Int *)args[1])->value == 4;
    Object *cls = four ? OBJECT(classes[SQUARE]) : args[0];
    return super_call(SHAPE, args[0], "__new__", &cls, 1);
}

BODY(celsius_new) {
    (void)closure;
    return super_call(CELSIUS, args[0], "__new__", args, nargs);
}

BODY(celsius_init) {
    UNUSED;
    Object *scale = str_from_string("C");
    Object *result = scale ? none(object_setattr_string(args[0], "scale", scale)) : NULL;
    xdecref(scale);
    return result;
}

BODY(hex_new) {
    UNUSED;
    Object *base = int_from_long(16);
    if (!base) return NULL;
    Object *result = super_call(HEX, args[0], "__new__", (Object *[]){args[0], args[1], base}, 3);
    decref(base);
    return result;
}

BODY(pair_new) {
    UNUSED;
    return super_new_with(PAIR, args[0], tuple_pack(2, args[1], args[2]));
}

BODY(name_new) {
    UNUSED;
    return super_new_with(NAME, args[0], new_ref(args[2]));
}

BODY(once_new) {
    UNUSED;
    Object *instance = object_getattr_string(args[0], "instance");
    if (instance != None) return instance;
    decref(instance);
    instance = super_call(ONCE, args[0], "__new__", args, 1);
    if (instance && object_setattr_string(args[0], "instance", instance) < 0) clear_ref(instance);
    return instance;
}

BODY(singleton_call) {
    (void)closure;
    Str *name = str_intern("instance");
    Object *instance = name ? dict_get_item(((Type *)args[0])->dict, name) : NULL;
    if (instance) return new_ref(instance);
    instance = super_call(SINGLETON, args[0], "__call__", args + 1, nargs - 1);
    if (instance && object_setattr_string(args[0], "instance", instance) < 0) clear_ref(instance);
    return instance;
}

BODY(counting_call) {
    (void)closure;
    Object *made = object_getattr_string(args[0], "made"), *one = int_from_long(1);
    Object *more = made && one ? number_add(made, one) : NULL;
    int status = more ? object_setattr_string(args[0], "made", more) : -1;
    xdecref(made);
    xdecref(one);
    xdecref(more);
    return status < 0 ? NULL : super_call(COUNTING, args[0], "__call__", args + 1, nargs - 1);
}

BODY(forbidding_call) {
    UNUSED;
    error_set(TypeError, "no instances of %s", ((Type *)args[0])->name);
    return NULL;
}

/* ---- The classes -----------------------------------------------------------------------------*/

static const struct {
    const char *name;
    int base, meta;
    Code methods[2];
} table[CLASSES] = {
    // clang-format off
    [PLAIN] = {"Plain", OF_OBJECT, OF_TYPE, {{0}}},
    [POINT] = {"Point", OF_OBJECT, OF_TYPE, {{"Point.__init__", "self x y", point_init}}},
    [WRONG] = {"Wrong", OF_OBJECT, OF_TYPE, {{"Wrong.__init__", "self x", wrong_init}}},
    [BROKEN] = {"Broken", OF_OBJECT, OF_TYPE, {{"Broken.__init__", "self x", broken_init}}},
    [BOTH] = {"Both", OF_OBJECT, OF_TYPE,
        {{"Both.__new__", "cls *", both_new},
         {"Both.__init__", "self *", both_init}}},
    [ECHO] = {"Echo", OF_OBJECT, OF_TYPE,
        {{"Echo.__new__", "cls thing", echo_new},
         {"Echo.__init__", "self thing", echo_init}}},
    [SHAPE] = {"Shape", OF_OBJECT, OF_TYPE,
        {{"Shape.__new__", "cls sides", shape_new},
         {"Shape.__init__", "self sides", shape_init}}},
    [SQUARE] = {"Square", SHAPE, OF_TYPE, {{"Square.__init__", "self sides", square_init}}},
    [CELSIUS] = {"Celsius", OF_INT, OF_TYPE,
        {{"Celsius.__new__", "cls degrees", celsius_new},
         {"Celsius.__init__", "self degrees", celsius_init}}},
    [LATE] = {"Late", OF_INT, OF_TYPE, {{"Late.__init__", "self digits", late_init}}},
    [HEX] = {"Hex", OF_INT, OF_TYPE, {{"Hex.__new__", "cls digits", hex_new}}},
    [PAIR] = {"Pair", OF_TUPLE, OF_TYPE, {{"Pair.__new__", "cls a b", pair_new}}},
    [NAME] = {"Name", OF_STR, OF_TYPE,
        {{"Name.__new__", "cls first last", name_new},
         {"Name.__init__", "self first last", name_init}}},
    [ONCE] = {"Once", OF_OBJECT, OF_TYPE,
        {{"Once.__new__", "cls n", once_new},
         {"Once.__init__", "self n", stores_n}}},
    [ONCE_MORE] = {"OnceMore", ONCE, OF_TYPE, {{0}}},
    [SINGLETON] = {"Singleton", OF_TYPE, OF_TYPE,
        {{"Singleton.__call__", "cls *", singleton_call}}},
    [ONLY] = {"Only", OF_OBJECT, SINGLETON, {{"Only.__init__", "self n", stores_n}}},
    [ONLY_MORE] = {"OnlyMore", ONLY, OF_TYPE, {{0}}},
    [COUNTING] = {"Counting", OF_TYPE, OF_TYPE, {{"Counting.__call__", "cls *", counting_call}}},
    [COUNTED] = {"Counted", OF_OBJECT, COUNTING, {{0}}},
    [FORBIDDING] = {"Forbidding", OF_TYPE, OF_TYPE,
        {{"Forbidding.__call__", "cls *", forbidding_call}}},
    [CONSTANTS] = {"Constants", OF_OBJECT, FORBIDDING, {{0}}},
    [DRAWING] = {"Drawing", OF_OBJECT, OF_TYPE, {{0}}},
    // clang-format on
};

static Type *const builtins[] = {&Object_Type, &Type_Type, &Int_Type, &Str_Type, &Tuple_Type};

static Type *of_table(int which) {
    return which < 0 ? builtins[-which - 1] : classes[which];
}

static void make(int which) {
    Dict *dict = need(dict_new());
    for (int i = 0; i < 2 && table[which].methods[i].name; i++) {
        const Code *method = &table[which].methods[i];
        Object *function = trace_method(method);
        must(dict_set_item(dict, need(str_intern(strchr(method->name, '.') + 1)), function));
        decref(function);
    }
    Tuple *bases = need(tuple_pack(1, of_table(table[which].base)));
    classes[which] = need(type_new(of_table(table[which].meta), table[which].name, bases, dict));
    decref(bases);
    decref(dict);
}

static void set_attribute(int which, const char *name, Object *value) { // steals value
    must(object_setattr_string(OBJECT(classes[which]), name, need(value)));
    decref(value);
}

void classes_make(void) {
    for (int i = 0; i < CLASSES; i++)
        make(i);
    set_attribute(ONCE, "instance", new_ref(None));
    set_attribute(COUNTED, "made", int_from_long(0));
    set_attribute(CONSTANTS, "pi", int_from_long(3));
    Object *draw = need(str_from_string("draw")), *area = need(str_from_string("area"));
    set_attribute(DRAWING, "__abstractmethods__", tuple_pack(2, draw, area));
    Object *zero = need(int_from_long(0));
    settings = need(object_call(OBJECT(classes[POINT]), (Object *[]){zero, zero}, 2));
    decref(zero);
    decref(draw);
    decref(area);
    *trace_called = '\0';
}

void classes_drop(void) {
    decref(settings);
    for (int i = CLASSES; i-- > 0;) {
        type_clear(classes[i]);
        decref(classes[i]);
    }
}

Object *classes_find(const char *name) {
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (strcmp(builtins[i]->name, name) == 0) return OBJECT(builtins[i]);
    for (int i = 0; i < CLASSES; i++)
        if (strcmp(table[i].name, name) == 0) return OBJECT(classes[i]);
    if (strcmp(name, "settings") == 0) return settings;
    if (strcmp(name, "None") == 0) return None;
    error_set(NameError, "name '%s' is not defined", name);
    return NULL;
}
