/* hooks.h: the hooks of twin.py's programs: each tells that it is called, draws what it does, and
 * tells what it gives. What a line says and how far to the right it stands is the same on both
 * sides. */
#ifndef HOOKS_H
#define HOOKS_H

#include "../metaclass.h"

static FILE *out; // where it is told
static int depth;
static uint32_t state_of_draw;

/* An error that nobody expects ends the program. */
static void *sure(void *made) {
    if (made) return made;
    error_print(stderr);
    exit(1);
}

static int draw(int limit) {
    state_of_draw = (state_of_draw * UINT32_C(1103515245) + 12345) & 0x7fffffff;
    return (int)(state_of_draw >> 12) % limit;
}

/* ---- Telling ---------------------------------------------------------------------------------*/

/* Whether it is a name of the program's: what else a namespace has differs between versions. */
static bool own(const char *name) {
    return strncmp(name, "__", 2) != 0 || strcmp(name, "__classcell__") == 0 ||
           strcmp(name, "__orig_bases__") == 0 || strcmp(name, "__slots__") == 0;
}

static void show(Object *x);

static void show_all(Object *const *items, ssize_t n) {
    for (ssize_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        show(items[i]);
    }
}

static void show_names(const Dict *dict) {
    ssize_t pos = 0;
    Str *name;
    const char *comma = "";
    for (Object *value; dict_next(dict, &pos, &name, &value);) {
        if (!own(name->text)) continue;
        fprintf(out, "%s%s", comma, name->text);
        comma = ", ";
    }
}

/* A class by its name, a namespace by its names, others by their value or their type. */
static void show(Object *x) {
    if (type_check(x)) {
        fputs(((Type *)x)->name, out);
    } else if (x->type == &Int_Type || x->type == &Bool_Type || x == None || str_check(x)) {
        Object *repr = sure(object_repr(x));
        fputs(str_text(repr), out);
        decref(repr);
    } else if (x->type == &Tuple_Type) {
        fputc('(', out);
        show_all(((Tuple *)x)->items, ((Tuple *)x)->size);
        fputc(')', out);
    } else if (object_type_check(x, &Dict_Type)) {
        fputc('{', out);
        show_names((Dict *)x);
        fputc('}', out);
    } else {
        fprintf(out, "<%s>", x->type->name);
    }
}

/* The pending error, in one line, and no more. */
static void tell_error(void) {
    Error error = error_fetch();
    for (char *c = error.message; (c = strchr(c, '\n'));)
        *c = ' ';
    error_restore(error);
    fprintf(out, "%*s", 2 * depth, "");
    error_print(out);
}

/* What came of something, or the error; hands it on. */
static Object *tell_result(Object *result) {
    if (!result) {
        tell_error();
        return NULL;
    }
    fprintf(out, "%*s= ", 2 * depth, "");
    show(result);
    fputc('\n', out);
    return result;
}

static void tell_and_drop(Object *result) {
    xdecref(tell_result(result));
}

/* ---- Hooks: each draws what it does when it is called ----------------------------------------*/

enum { POOL = 12 };
static Object *pool[POOL], *metas[POOL]; // what was made, to be a base
static int npool, nmetas;
static Tuple *registry;
static Type *Named, *Entries, *Tells, *Forgets;
static Object *decorators[2], *maker;

/* What a hook does: `above` is super(), or NULL; kw its keywords. */
typedef Object *(*Body)(Object *above, Object *const *args, ssize_t nargs, Dict *kw);
typedef struct {
    const char *name;
    Body body;
    bool for_classes, is_classmethod, without_super;
    int hidden; // arguments that are not shown: self
} Hook;

static Object *value_error(const char *message) {
    error_set(ValueError, "%s", message);
    return NULL;
}

static int set(Object *self, const char *name, Object *value) { // steals it
    int status = value ? object_setattr_string(self, name, value) : -1;
    xdecref(value);
    return status;
}

static Object *named(void) {
    return object_call(OBJECT(Named), NULL, 0, NULL);
}

static Object *arguments_error(int wanted) {
    error_set(TypeError, "%d arguments", wanted);
    return NULL;
}

/* above.name(*args, **kw) */
static Object *pass_on(Object *above, const char *name, Object *const *args, ssize_t nargs,
                       Dict *kw) {
    Object *func = object_getattr_string(above, name);
    Object *result = func ? object_call_dict(func, args, nargs, kw) : NULL;
    xdecref(func);
    return result;
}

/* In general a= is not passed on: it is the hook's own. */
static void without_a(Dict *kw) {
    Str *a = str_intern("a");
    if (draw(8) && dict_get_item(kw, a) && dict_del_item(kw, a) < 0) sure(NULL);
}

static Object *prepare_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    int what = draw(20);
    if (what == 0) return value_error("prepare");
    if (what == 1) return int_from_long(5);
    if (what < 6) return object_call(OBJECT(what == 2 ? Forgets : Tells), NULL, 0, NULL);
    Object *func = object_getattr_string(above, "__prepare__");
    Object *ns = func ? object_call_dict(func, args + 1, nargs - 1, kw) : NULL;
    xdecref(func);
    if (ns && what < 10 && dict_check_exact(ns) &&
        dict_set_item((Dict *)ns, str_intern("given"), args[1]) < 0)
        sure(NULL);
    return ns;
}

static Object *new_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    if (nargs != 4) return arguments_error(3);
    Object *given[] = {args[0], args[1], args[2], args[3]}, *made = NULL;
    int what = draw(20);
    if (what == 0) return value_error("new");
    if (what == 1) return int_from_long(5);
    if (what == 2 || what == 9) given[0] = OBJECT(&Type_Type);
    if (what == 3) made = given[2] = sure(tuple_pack(1, pool[draw(npool)]));
    if (what == 10) return new_ref(pool[draw(npool)]);
    if (what == 4) made = given[1] = sure(str_from_string("Renamed"));
    if (what == 5 && object_type_check(args[3], &Dict_Type)) {
        made = given[3] = sure(dict_copy((Dict *)args[3]));
        if (dict_get_item((Dict *)made, id.classcell)) dict_del_item((Dict *)made, id.classcell);
    }
    if (what == 6 && dict_check_exact(args[3])) {
        Object *value = sure(named());
        if (dict_set_item((Dict *)args[3], str_intern("added"), value) < 0) sure(NULL);
        decref(value);
    }
    without_a(kw);
    Object *cls = pass_on(above, "__new__", given, 4, kw);
    if (cls && (what == 7 || what == 8)) {
        Object *another = pass_on(above, "__new__", given, 4, kw);
        Object *dropped = another && what == 7 ? another : cls;
        cls = another && what == 7 ? cls : another;
        decref(dropped);
    }
    xdecref(made);
    return cls;
}

static Object *init_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    if (nargs != 4) return arguments_error(3);
    int what = draw(20);
    if (what == 0) return value_error("init");
    if (what == 1) return int_from_long(5);
    if (what < 4 && set(args[0], "changed", named()) < 0) return NULL;
    Tuple *longer = sure(tuple_new(registry->size + 1));
    for (ssize_t i = 0; i < registry->size; i++)
        longer->items[i] = new_ref(registry->items[i]);
    longer->items[registry->size] = sure(str_from_string(((Type *)args[0])->name));
    decref(registry);
    registry = longer;
    without_a(kw);
    return pass_on(above, "__init__", args + 1, nargs - 1, kw);
}

static Object *call_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    int what = draw(20);
    if (what == 0) return value_error("call");
    return what == 1 ? int_from_long(5) : pass_on(above, "__call__", args + 1, nargs - 1, kw);
}

static Object *init_subclass_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)nargs;
    int what = draw(20);
    if (what == 0) return value_error("init_subclass");
    if (what == 1 && object_setattr_string(args[0], "x", NULL) < 0) return NULL;
    if (what == 2 && set(args[0], "given", named()) < 0) return NULL;
    if (what == 3 && set(args[0], "__init_subclass__", int_from_long(5)) < 0) return NULL;
    without_a(kw);
    return pass_on(above, "__init_subclass__", NULL, 0, kw);
}

static Object *set_name_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)above, (void)nargs, (void)kw;
    int what = draw(20);
    if (what == 0) return value_error("set_name");
    if (what == 1 && object_setattr(args[1], (Str *)args[2], NULL) < 0) return NULL;
    if (what == 2 && set(args[1], "more", named()) < 0) return NULL;
    if (what == 3 && set(args[1], "y", new_ref(None)) < 0) return NULL;
    return what == 4 ? object_call(args[1], NULL, 0, NULL) : new_ref(None);
}

static Object *mro_entries_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)above, (void)args, (void)nargs, (void)kw;
    int what = draw(20);
    if (what == 0) return value_error("mro_entries");
    if (what == 1) return new_ref(pool[0]);
    Tuple *entries = sure(tuple_new(what % 3));
    for (ssize_t i = 0; i < entries->size; i++)
        entries->items[i] = new_ref(pool[draw(npool)]);
    return OBJECT(entries);
}

static Object *ask_above(const char *method, Object *above, Object *const *args, ssize_t nargs) {
    if (nargs != 2) return arguments_error(1);
    int what = draw(6);
    if (what == 0) return value_error(method);
    return what < 5 ? bool_from_long(what < 3) : pass_on(above, method, args + 1, 1, NULL);
}

static Object *instancecheck_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)kw;
    return ask_above("__instancecheck__", above, args, nargs);
}

static Object *subclasscheck_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)kw;
    return ask_above("__subclasscheck__", above, args, nargs);
}

static Object *getitem_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)above, (void)kw;
    return nargs == 2 ? tuple_pack(2, args[0], args[1]) : arguments_error(1);
}

static Object *up_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)args, (void)nargs, (void)kw;
    return pass_on(above, "up", NULL, 0, NULL);
}

static Object *decorator_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)above, (void)nargs, (void)kw;
    int what = draw(10);
    if (what == 0) return value_error("decorator");
    if (what < 3 && set(args[0], "decorated", named()) < 0) return NULL;
    return what == 3 ? int_from_long(5) : new_ref(args[0]);
}

static Object *maker_body(Object *above, Object *const *args, ssize_t nargs, Dict *kw) {
    (void)above, (void)nargs, (void)kw;
    return draw(4) ? object_call(OBJECT(&Type_Type), args, 3, NULL) : int_from_long(5);
}

/* The first ones in the order of HOOKS in twin.py. */
enum { METHODS = 10, SET_NAME = METHODS, MRO_ENTRIES, FIRST, SECOND, MAKER };
static const Hook hooks[] = {
    {"__prepare__", prepare_body, false, true, false, 0},
    {"__new__", new_body, false, false, false, 0},
    {"__init__", init_body, false, false, false, 0},
    {"__call__", call_body, false, false, false, 0},
    {"__instancecheck__", instancecheck_body, false, false, false, 0},
    {"__subclasscheck__", subclasscheck_body, false, false, false, 0},
    {"__getitem__", getitem_body, false, false, false, 0},
    {"__init_subclass__", init_subclass_body, true, false, false, 0},
    {"__class_getitem__", getitem_body, true, false, false, 0},
    {"up", up_body, true, false, false, 0},
    {"__set_name__", set_name_body, true, false, true, 1},
    {"__mro_entries__", mro_entries_body, true, false, true, 1},
    {"first", decorator_body, true, false, true, 0},
    {"second", decorator_body, true, false, true, 0},
    {"maker", maker_body, true, false, true, 0},
};

/* Every hook: tells that it is called, does what its body does, and tells what it gives. The
 * closure is the cell or None, the label, and the hook's number. */
static Object *hook_code(Object *op, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Tuple *closure = (Tuple *)op;
    const Hook *hook = &hooks[((Int *)closure->items[2])->value];
    if (nargs < 1) {
        bool meta = strcmp(hook->name, "__new__") == 0 || strcmp(hook->name, "__prepare__") == 0;
        error_set(TypeError, "%s() missing 1 required positional argument: '%s'",
                  str_text(closure->items[1]), meta ? "m" : "c");
        return NULL;
    }
    Object *above = hook->without_super ? NULL : super_from_cell(closure->items[0], args[0]);
    if (!above && !hook->without_super) return NULL;
    Dict *kw = sure(kwargs_as_dict(args, nargs, kwnames));
    fprintf(out, "%*s%s(", 2 * depth, "", str_text(closure->items[1]));
    show_all(args + hook->hidden, nargs - hook->hidden);
    for (ssize_t i = 0; kwnames && i < kwnames->size; i++) {
        fprintf(out, "%s%s=", i + nargs ? ", " : "", str_text(kwnames->items[i]));
        show(args[nargs + i]);
    }
    fputs(")\n", out);
    depth++;
    Object *result = hook->body(above, args, nargs, kw);
    fprintf(out, "%*s%s ", 2 * depth, "", result ? "->" : "!");
    if (result)
        show(result);
    else
        fputs(error_name(error_occurred()), out);
    fputc('\n', out);
    depth--;
    decref(kw);
    xdecref(above);
    return result;
}

/* New function: the hook of that number, of the class `name` if it has one. */
static Object *hook_new(const char *name, int number, Object *cell) {
    char label[60];
    const char *method = hooks[number].name;
    snprintf(label, sizeof label, "%s%s%s", name ? name : "", name ? "." : "", method);
    Object *text = sure(str_from_string(label)), *i = sure(int_from_long(number));
    Object *closure = sure(tuple_pack(3, cell ? cell : None, text, i));
    Object *func = sure(function_new_kw(label, hook_code, closure));
    if (hooks[number].is_classmethod) {
        Object *method_of_class = sure(classmethod_new(func));
        decref(func);
        func = method_of_class;
    }
    decref(closure);
    decref(text);
    decref(i);
    return func;
}

/* ---- The classes that all programs have ------------------------------------------------------*/

static Object *namespace_set(Object *closure, Object *const *args, ssize_t nargs) {
    (void)nargs;
    bool tells = object_type_check(args[0], &Dict_Type);
    if (own(str_text(args[1])))
        fprintf(out, "%*s%s %s\n", 2 * depth, "", tells ? "stores" : "forgets", str_text(args[1]));
    return tells ? super_call(closure, args[0], "__setitem__", args + 1, 2, NULL) : new_ref(None);
}

static Object *namespace_get(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    error_set(KeyError, "'%s'", str_text(args[1]));
    return NULL;
}

static Type *plain_class(const char *name, Type *base, const MethodDef *methods) {
    Tuple *bases = (Tuple *)sure(tuple_pack(1, base));
    Object *made =
        sure(class_statement(&(ClassStatement){.name = name, .bases = bases, .methods = methods}));
    decref(bases);
    return (Type *)made;
}

/* After metaclass_init(). */
static void programs_init(void) {
    static const MethodDef set_item[] = {{"__setitem__", namespace_set, NULL, false},
                                         {NULL, NULL, NULL, false}};
    static const MethodDef both[] = {{"__setitem__", namespace_set, NULL, false},
                                     {"__getitem__", namespace_get, NULL, false},
                                     {NULL, NULL, NULL, false}};
    Named = plain_class("Named", &Object_Type, NULL);
    Entries = plain_class("Entries", &Object_Type, NULL);
    if (set(OBJECT(Named), "__set_name__", hook_new("Named", SET_NAME, NULL)) < 0 ||
        set(OBJECT(Entries), "__mro_entries__", hook_new("Entries", MRO_ENTRIES, NULL)) < 0)
        sure(NULL);
    Tells = plain_class("Tells", &Dict_Type, set_item);
    Forgets = plain_class("Forgets", &Object_Type, both);
    decorators[0] = hook_new(NULL, FIRST, NULL);
    decorators[1] = hook_new(NULL, SECOND, NULL);
    maker = hook_new(NULL, MAKER, NULL);
}

#endif
