/* traced.h: classes whose methods print that they are called, as those of twin.py do: for twin.c and
 * differential.c. Everything that is made is kept up to end(), as only what is called matters. */
#ifndef TRACED_H
#define TRACED_H

#include "../construction.h"

static int depth;
static FILE *out; // where the trace goes

/* ---- Making values, and keeping them ---------------------------------------------------------*/

static Object **kept;
static size_t nkept;

/* A new reference, dropped at the end; ends the program at an error that nobody expects. */
static Object *keep(void *made) {
    if (!made) {
        error_print(stderr);
        exit(1);
    }
    if ((nkept & (nkept - 1)) == 0) kept = realloc(kept, (nkept ? 2 * nkept : 1) * sizeof *kept);
    return kept[nkept++] = made;
}

static Object *I(int64_t value) {
    return keep(int_from_long(value));
}

static Object *S(const char *text) {
    return keep(str_from_string(text));
}

static Tuple *T(ssize_t size, Object *const *items) {
    Tuple *tuple = (Tuple *)keep(tuple_new(size));
    for (ssize_t i = 0; i < size; i++)
        tuple->items[i] = new_ref(items[i]);
    return tuple;
}

static Tuple *prepend(Object *first, const Tuple *rest) {
    Tuple *all = (Tuple *)keep(tuple_new(rest->size + 1));
    all->items[0] = new_ref(first);
    for (ssize_t i = 0; i < rest->size; i++)
        all->items[i + 1] = new_ref(rest->items[i]);
    return all;
}

#define ARRAY(...)                                                                                 \
    (Object *[]) {                                                                                 \
        __VA_ARGS__                                                                                \
    }
#define LENGTH(...) ((ssize_t)(sizeof ARRAY(__VA_ARGS__) / sizeof(Object *)))
#define TUPLE(...)  T(LENGTH(__VA_ARGS__), ARRAY(__VA_ARGS__))
#define EMPTY       T(0, NULL)

/* ---- Printing --------------------------------------------------------------------------------*/

static Object *add(Object *text, const char *separator, Object *more) { // keeps both
    return keep(str_from_format("%s%s%s", ((Str *)text)->text, separator, ((Str *)more)->text));
}

static Object *show(Object *x);

static Object *show_all(Object *const *items, ssize_t size) {
    Object *text = S("(");
    for (ssize_t i = 0; i < size; i++)
        text = add(text, i ? ", " : "", show(items[i]));
    return add(text, "", S(")"));
}

/* An object by its type, its value and its attributes; a class by its name. */
static Object *show(Object *x) {
    if (type_check(x)) return S(((Type *)x)->name);
    if (x == None) return S("None");
    Object *value = NULL;
    if (object_is_instance(x, &Int_Type)) value = keep(Int_Type.repr(x));
    if (object_is_instance(x, &Str_Type)) value = keep(Str_Type.repr(x));
    if (object_is_instance(x, &Tuple_Type))
        value = show_all(((Tuple *)x)->items, ((Tuple *)x)->size);
    if (x->type == &Int_Type || x->type == &Str_Type || x->type == &Tuple_Type) return value;
    Object *text = add(S("<"), "", S(x->type->name));
    if (value) text = add(text, " ", value);
    ssize_t pos = 0;
    Str *name;
    Object *attribute;
    while (x->type->layout && dict_next(x->type->layout->dict(x), &pos, &name, &attribute))
        text = add(add(text, " ", OBJECT(name)), "=", show(attribute));
    return add(text, "", S(">"));
}

static const char *text_of(Object *x) {
    return ((Str *)show(x))->text;
}

static void enter(const char *name, Object *const *args, ssize_t nargs) {
    fprintf(out, "%*s%s%s\n", 2 * depth, "", name, ((Str *)show_all(args, nargs))->text);
    depth++;
}

static Object *leave(Object *result) {
    depth--;
    return result;
}

/* Prints what came of a call; NULL for an error. */
static Object *report(Object *result) {
    if (result) {
        fprintf(out, "-> %s\n", text_of(keep(result)));
        return result;
    }
    for (const char *c = error_message(); (c = strchr(c, '\n'));)
        error_indicator.message[c - error_indicator.message] = ' ';
    fprintf(out, "-> ");
    error_print(out);
    return NULL;
}

static Object *attempt(void *function, const Tuple *args) {
    return report(object_call(function, args->items, args->size));
}

static Object *attempt_method(Object *self, const char *name, const Tuple *args) {
    Object *method = keep(object_getattr_string(self, name));
    return attempt(method, args);
}

static void report_status(int status) {
    report(status < 0 ? NULL : new_ref(None));
}

/* ---- Every combination of the two steps ------------------------------------------------------*/

static Type *base = &Object_Type; // what __new__ calls by hand
static Type *D = &Object_Type;    // what it makes for "subclass"
static Type *E = &Object_Type;    // and for "stranger"
static Dict *owners;              // the classes with methods of ours, the last one of each name

static bool is(const char *kind, const char *other) {
    return strcmp(kind, other) == 0;
}

/* super(owner, self).name(*args) */
static Object *call_super(const char *owner, Object *self, const char *name, Object *const *args,
                          ssize_t nargs) {
    Object *super = super_new((Type *)dict_get_item(owners, str_intern(owner)), self);
    Object *method = super ? object_getattr_string(super, name) : NULL;
    Object *result = method ? object_call(method, args, nargs) : NULL;
    xdecref(super);
    xdecref(method);
    return result;
}

static Object *new_body(const char *owner, const char *kind, Object *const *args, ssize_t nargs) {
    if (is(kind, "passes")) return call_super(owner, args[0], "__new__", args, nargs);
    Object *base_new = keep(object_getattr_string(OBJECT(base), "__new__"));
    if (is(kind, "makes")) return object_call(base_new, args, base == &Object_Type ? 1 : nargs);
    if (is(kind, "subclass")) return object_call(base_new, ARRAY(OBJECT(D)), 1);
    if (is(kind, "stranger")) return object_call(base_new, ARRAY(OBJECT(E)), 1);
    if (!is(kind, "raises")) return is(kind, "other") ? int_from_long(5) : new_ref(None);
    error_set(ValueError, "new");
    return NULL;
}

static Object *init_body(const char *owner, const char *kind, Object *const *args, ssize_t nargs) {
    if (is(kind, "passes")) return call_super(owner, args[0], "__init__", args + 1, nargs - 1);
    if (object_setattr_string(args[0], "seen", I(nargs - 1)) < 0) return NULL;
    if (!is(kind, "raises")) return is(kind, "returns") ? int_from_long(1) : new_ref(None);
    error_set(ValueError, "init");
    return NULL;
}

/* The closure of a traced method: its name, its kind, its class. */
static const char *closure_text(Object *closure, int i) {
    return ((Str *)((Tuple *)closure)->items[i])->text;
}

static Object *traced_new(Object *closure, Object *const *args, ssize_t nargs) {
    enter(closure_text(closure, 0), args, nargs);
    return leave(new_body(closure_text(closure, 2), closure_text(closure, 1), args, nargs));
}

static Object *traced_init(Object *closure, Object *const *args, ssize_t nargs) {
    enter(closure_text(closure, 0), args, nargs);
    return leave(init_body(closure_text(closure, 2), closure_text(closure, 1), args, nargs));
}

static Object *make_method(const char *name, FunctionCode code, const char *kind) {
    Object *owner = keep(str_from_format("%.*s", (int)strcspn(name, "."), name));
    return keep(function_new(name, code, OBJECT(TUPLE(S(name), S(kind), owner))));
}

static Dict *empty_dict(void) {
    return (Dict *)keep(dict_new());
}

static void put(Dict *dict, const char *name, Object *value) {
    if (dict_set_item(dict, (Str *)str_intern(name), value) < 0) keep(NULL);
}

/* The class with these two methods, either of which may be inherited; NULL with an error set. */
static Type *try_make(Type *meta, const char *name, const Tuple *bases, const char *new,
                      const char *init) {
    Dict *body = empty_dict();
    char method[40];
    snprintf(method, sizeof method, "%s.__new__", name);
    if (!is(new, "inherited")) put(body, "__new__", make_method(method, traced_new, new));
    snprintf(method, sizeof method, "%s.__init__", name);
    if (!is(init, "inherited")) put(body, "__init__", make_method(method, traced_init, init));
    Object *made = type_call(OBJECT(meta), ARRAY(S(name), OBJECT(bases), OBJECT(body)), 3);
    if (made) put(owners, name, made);
    return (Type *)made;
}

static Type *make_of(Type *meta, const char *name, const Tuple *bases, const char *new,
                     const char *init) {
    return (Type *)keep(try_make(meta, name, bases, new, init));
}

static Type *make(const char *name, Type *of, const char *new, const char *init) {
    return make_of(&Type_Type, name, TUPLE(OBJECT(of)), new, init);
}

/* ---- Metaclasses -----------------------------------------------------------------------------*/

static int64_t made;
static Dict *instances;

static Object *call_body(const char *kind, Object *const *args, ssize_t nargs) {
    Type *cls = (Type *)args[0];
    if (is(kind, "singleton")) {
        Str *name = str_intern(cls->name);
        Object *instance = dict_get_item(instances, name);
        if (instance) return new_ref(instance);
        instance = type_call(args[0], args + 1, nargs - 1);
        if (instance) put(instances, cls->name, instance);
        return instance;
    }
    if (is(kind, "counts") && object_setattr_string(args[0], "made", I(++made)) < 0) return NULL;
    if (is(kind, "forbids")) {
        error_set(TypeError, "no instances of %s", cls->name);
        return NULL;
    }
    if (is(kind, "new only"))
        return object_call(keep(object_getattr_string(args[0], "__new__")), args, nargs);
    return is(kind, "other") ? int_from_long(5) : type_call(args[0], args + 1, nargs - 1);
}

static Object *traced_call(Object *closure, Object *const *args, ssize_t nargs) {
    enter(closure_text(closure, 0), args, nargs);
    return leave(call_body(closure_text(closure, 1), args, nargs));
}

static const char *const metas[] = {"inherited", "passes",   "singleton", "counts",
                                    "forbids",   "new only", "other",     NULL};

static Type *make_meta(const char *kind) {
    Type *meta = make("Meta", &Type_Type, "inherited", "inherited");
    Object *call = make_method("Meta.__call__", traced_call, kind);
    if (!is(kind, "inherited") && object_setattr_string(OBJECT(meta), "__call__", call) < 0)
        keep(NULL);
    return meta;
}

static void begin(void) {
    static bool ready;
    if (!ready && construction_init() < 0) keep(NULL);
    ready = true;
    owners = empty_dict();
}

static void end(void) {
    types_clear();
    while (nkept > 0)
        decref(kept[--nkept]);
    free(kept);
    kept = NULL;
}

#endif
