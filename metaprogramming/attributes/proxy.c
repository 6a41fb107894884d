/* proxy.c: objects that stand for another: six classes on one small one.
 *
 * Bare has an __init__ that keeps the target past all hooks, and a __getattr__ that asks the
 * target for what the proxy does not have. That is a proxy for obj.name, and for nothing else:
 * len(proxy) looks at the proxy's type. So Plain defines each special method that the target may
 * have, and each forwards. Everything else is a few lines on top: who wants to see all names
 * overrides __getattribute__, who wants to see the missing ones __getattr__, who wants to refuse
 * __setattr__.
 *
 * Each function gets the proxy as args[0]. CPython: these are Python; Lib/unittest/mock.py and
 * Modules/_weakref.c's proxies are of their kind.
 */
#include "attributes.h"

const char *const proxy_names[PROXY_KINDS] = {"Bare",     "Plain", "Transparent", "Logging",
                                              "Counting", "Lazy",  "ReadOnly"};
static Type *classes[PROXY_KINDS];
static Str *name_target, *name_extra; // self._target; self._extra: the log, the counts, the maker

Object *proxy_target(Object *self) {
    return object_getattr(self, name_target);
}

static int check_nargs(const char *what, ssize_t nargs, ssize_t wanted) {
    if (nargs == wanted) return 0;
    return error_set(TypeError, "%s takes %zd positional argument%s but %zd %s given", what, wanted,
                     wanted == 1 ? "" : "s", nargs, nargs == 1 ? "was" : "were");
}

/* The name of an attribute that a hook was called with: borrowed, interned; NULL with TypeError. */
static Str *name_of(Object *arg) {
    if (str_check(arg)) return ((Str *)arg)->interned ? (Str *)arg : str_intern(str_text(arg));
    error_set(TypeError, "attribute name must be string, not '%.200s'", arg->type->name);
    return NULL;
}

/* ---- Bare -------------------------------------------------------------------------------------*/

/* object.__setattr__(self, "_target", target) */
static Object *bare_init(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (check_nargs("Bare.__init__()", nargs, 2) < 0) return NULL;
    return object_generic_setattr(args[0], name_target, args[1]) < 0 ? NULL : new_ref(None);
}

/* return getattr(self._target, name). A proxy that was never given a target would ask itself for
 * ever. */
static Object *bare_getattr(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Str *name = check_nargs("__getattr__()", nargs, 2) < 0 ? NULL : name_of(args[1]);
    if (!name) return NULL;
    if (name == name_target) {
        error_set(AttributeError, "%s has no target", args[0]->type->name);
        return NULL;
    }
    Object *target = proxy_target(args[0]);
    if (!target) return NULL;
    Object *result = object_getattr(target, name);
    decref(target);
    return result;
}

static const MethodDef bare_methods[] = {{"__init__", bare_init, NULL, false},
                                         {"__getattr__", bare_getattr, NULL, false},
                                         {NULL, NULL, NULL, false}};

/* ---- Plain: what the interpreter looks for on the type ----------------------------------------*/

/* One for each special method: `n` arguments with self, and the same operation on the target. */
#define FORWARD(function, n, expression)                                                           \
    static Object *function(Object *closure, Object *const *args, ssize_t nargs) {                 \
        (void)closure;                                                                             \
        if (check_nargs(#function "()", nargs, n) < 0) return NULL;                                \
        Object *target = proxy_target(args[0]);                                                    \
        if (!target) return NULL;                                                                  \
        Object *result = expression;                                                               \
        decref(target);                                                                            \
        return result;                                                                             \
    }

static Object *none_or_error(int status) {
    return status < 0 ? NULL : new_ref(None);
}

static Object *length_of(Object *target) {
    ssize_t length = object_length(target);
    return length < 0 ? NULL : int_from_long(length);
}

/* setattr(target, name, value), or delattr() */
static Object *set_on(Object *target, Object *name, Object *value) {
    Str *key = name_of(name);
    return key ? none_or_error(object_setattr(target, key, value)) : NULL;
}

FORWARD(plain_repr, 1, object_repr(target))
FORWARD(plain_str, 1, object_str(target))
FORWARD(plain_len, 1, length_of(target))
FORWARD(plain_getitem, 2, object_getitem(target, args[1]))
FORWARD(plain_setitem, 3, none_or_error(object_setitem(target, args[1], args[2])))
FORWARD(plain_delitem, 2, none_or_error(object_setitem(target, args[1], NULL)))
FORWARD(plain_setattr, 3, set_on(target, args[1], args[2]))
FORWARD(plain_delattr, 2, set_on(target, args[1], NULL))
FORWARD(plain_dir, 1, OBJECT(object_dir(target)))

static Object *plain_call(Object *closure, Object *const *args, ssize_t nargs,
                          const Tuple *kwnames) {
    (void)closure;
    Object *target = proxy_target(args[0]);
    if (!target) return NULL;
    Object *result = object_call(target, args + 1, nargs - 1, kwnames);
    decref(target);
    return result;
}

static const MethodDef plain_methods[] = {{"__repr__", plain_repr, NULL, false},
                                          {"__str__", plain_str, NULL, false},
                                          {"__len__", plain_len, NULL, false},
                                          {"__getitem__", plain_getitem, NULL, false},
                                          {"__setitem__", plain_setitem, NULL, false},
                                          {"__delitem__", plain_delitem, NULL, false},
                                          {"__setattr__", plain_setattr, NULL, false},
                                          {"__delattr__", plain_delattr, NULL, false},
                                          {"__dir__", plain_dir, NULL, false},
                                          {"__call__", NULL, plain_call, false},
                                          {NULL, NULL, NULL, false}};

/* ---- Transparent ------------------------------------------------------------------------------*/

/* All names, also those that object has; self._target by object.__getattribute__, as self.anything
 * in here would come here again. */
static Object *transparent_getattribute(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Str *name = check_nargs("__getattribute__()", nargs, 2) < 0 ? NULL : name_of(args[1]);
    if (!name) return NULL;
    Object *target = object_generic_getattr(args[0], name_target);
    if (!target || name == name_target) return target;
    Object *result = object_getattr(target, name);
    decref(target);
    return result;
}

static const MethodDef transparent_methods[] = {
    {"__getattribute__", transparent_getattribute, NULL, false}, {NULL, NULL, NULL, false}};

/* ---- Logging, Counting ------------------------------------------------------------------------*/

/* super().__init__(target), and what else it works with. */
static Object *extra_init(Object *closure, Object *const *args, ssize_t nargs) {
    if (check_nargs("__init__()", nargs, 3) < 0) return NULL;
    if (object_generic_setattr(args[0], name_extra, args[2]) < 0) return NULL;
    return super_call(closure, args[0], "__init__", args + 1, 1, NULL);
}

/* log(name); return super().__getattribute__(name): what that does not find goes on to
 * __getattr__. */
static Object *logging_getattribute(Object *closure, Object *const *args, ssize_t nargs) {
    Str *name = check_nargs("__getattribute__()", nargs, 2) < 0 ? NULL : name_of(args[1]);
    if (!name) return NULL;
    if (name->text[0] != '_') {
        Object *log = object_generic_getattr(args[0], name_extra);
        Object *none = log ? object_call(log, args + 1, 1, NULL) : NULL;
        xdecref(log);
        if (!none) return NULL;
        decref(none);
    }
    return super_call(closure, args[0], "__getattribute__", args + 1, 1, NULL);
}

static const MethodDef logging_methods[] = {{"__init__", extra_init, NULL, false},
                                            {"__getattribute__", logging_getattribute, NULL, false},
                                            {NULL, NULL, NULL, false}};

static Object *counting_getattr(Object *closure, Object *const *args, ssize_t nargs) {
    Str *name = check_nargs("__getattr__()", nargs, 2) < 0 ? NULL : name_of(args[1]);
    Object *counts = name ? object_generic_getattr(args[0], name_extra) : NULL;
    if (!counts) return NULL;
    const Object *old = dict_check_exact(counts) ? dict_get_item((Dict *)counts, name) : NULL;
    bool counted = old && old->type == &Int_Type; // who puts something else there begins again
    Object *count = int_from_long(counted ? ((const Int *)old)->value + 1 : 1);
    int status = count ? object_setitem(counts, OBJECT(name), count) : -1;
    xdecref(count);
    decref(counts);
    return status < 0 ? NULL : super_call(closure, args[0], "__getattr__", args + 1, 1, NULL);
}

static const MethodDef counting_methods[] = {{"__init__", extra_init, NULL, false},
                                             {"__getattr__", counting_getattr, NULL, false},
                                             {NULL, NULL, NULL, false}};

/* ---- Lazy -------------------------------------------------------------------------------------*/

static Object *lazy_init(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (check_nargs("Lazy.__init__()", nargs, 2) < 0) return NULL;
    return object_generic_setattr(args[0], name_extra, args[1]) < 0 ? NULL : new_ref(None);
}

/* As long as there is no self._target, asking for it comes here, once: it is made and kept, and
 * from then on found before this is asked. A maker that fails is asked again the next time; its
 * AttributeError goes to the caller like any other. */
static Object *lazy_getattr(Object *closure, Object *const *args, ssize_t nargs) {
    Str *name = check_nargs("__getattr__()", nargs, 2) < 0 ? NULL : name_of(args[1]);
    if (!name) return NULL;
    if (name != name_target) return super_call(closure, args[0], "__getattr__", args + 1, 1, NULL);
    Object *make = object_generic_getattr(args[0], name_extra);
    Object *target = make ? object_call(make, NULL, 0, NULL) : NULL;
    xdecref(make);
    if (target && object_generic_setattr(args[0], name_target, target) < 0) clear_ref(target);
    return target;
}

static const MethodDef lazy_methods[] = {{"__init__", lazy_init, NULL, false},
                                         {"__getattr__", lazy_getattr, NULL, false},
                                         {NULL, NULL, NULL, false}};

/* ---- ReadOnly ---------------------------------------------------------------------------------*/

static Object *readonly_refuse(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Str *name = nargs < 2 ? NULL : name_of(args[1]);
    if (name) error_set(AttributeError, "'%s' is read-only", name->text);
    if (nargs < 2) check_nargs("__setattr__()", nargs, 2);
    return NULL;
}

static const MethodDef readonly_methods[] = {{"__setattr__", readonly_refuse, NULL, false},
                                             {"__delattr__", readonly_refuse, NULL, false},
                                             {NULL, NULL, NULL, false}};

/* ---- The classes ------------------------------------------------------------------------------*/

static const MethodDef *const all_methods[PROXY_KINDS] = {
    bare_methods,     plain_methods, transparent_methods, logging_methods,
    counting_methods, lazy_methods,  readonly_methods};

Type *proxy_type(ProxyKind kind) {
    if (classes[kind]) return classes[kind];
    if (!(name_target = str_intern("_target")) || !(name_extra = str_intern("_extra"))) return NULL;
    Type *base = kind == PROXY_BARE    ? &Object_Type
                 : kind == PROXY_PLAIN ? proxy_type(PROXY_BARE)
                                       : proxy_type(PROXY_PLAIN);
    Tuple *bases = base ? (Tuple *)tuple_pack(1, base) : NULL;
    if (!bases) return NULL;
    classes[kind] = (Type *)class_statement(
        &(ClassStatement){.name = proxy_names[kind], .bases = bases, .methods = all_methods[kind]});
    decref(bases);
    return classes[kind];
}

Object *proxy_new(ProxyKind kind, Object *const *args, ssize_t nargs) {
    Type *type = proxy_type(kind);
    return type ? object_call(OBJECT(type), args, nargs, NULL) : NULL;
}

void proxies_clear(void) {
    for (int kind = PROXY_KINDS; kind-- > 0;)
        clear_ref(classes[kind]);
}
