/* twin.c: who calls whom when a class is called, and every error on the way. See twin.py, the same
 * program; everything that it makes is kept up to its end, as only what is called matters here. */
#include "../construction.h"

static int depth;

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

static const char *text_of_all(const Tuple *args) {
    return ((Str *)show_all(args->items, args->size))->text;
}

static void enter(const char *name, Object *const *args, ssize_t nargs) {
    printf("%*s%s%s\n", 2 * depth, "", name, ((Str *)show_all(args, nargs))->text);
    depth++;
}

static Object *leave(Object *result) {
    depth--;
    return result;
}

/* Prints what came of a call; NULL for an error. */
static Object *report(Object *result) {
    if (result) {
        printf("-> %s\n", text_of(keep(result)));
        return result;
    }
    for (const char *c = error_message(); (c = strchr(c, '\n'));)
        error_indicator.message[c - error_indicator.message] = ' ';
    printf("-> ");
    error_print(stdout);
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

static Type *base = &Object_Type, *C = &Object_Type, *D = &Object_Type;

static bool is(const char *kind, const char *other) {
    return strcmp(kind, other) == 0;
}

/* super(C, self).name(*args) */
static Object *call_super(Object *self, const char *name, Object *const *args, ssize_t nargs) {
    Object *super = super_new(C, self);
    Object *method = super ? object_getattr_string(super, name) : NULL;
    Object *result = method ? object_call(method, args, nargs) : NULL;
    xdecref(super);
    xdecref(method);
    return result;
}

static Object *new_body(const char *kind, Object *const *args, ssize_t nargs) {
    if (is(kind, "passes")) return call_super(args[0], "__new__", args, nargs);
    Object *base_new = keep(object_getattr_string(OBJECT(base), "__new__"));
    if (is(kind, "makes")) return object_call(base_new, args, base == &Object_Type ? 1 : nargs);
    if (is(kind, "subclass")) return object_call(base_new, ARRAY(OBJECT(D)), 1);
    if (!is(kind, "raises")) return is(kind, "other") ? int_from_long(5) : new_ref(None);
    error_set(ValueError, "new");
    return NULL;
}

static Object *init_body(const char *kind, Object *const *args, ssize_t nargs) {
    if (is(kind, "passes")) return call_super(args[0], "__init__", args + 1, nargs - 1);
    if (object_setattr_string(args[0], "seen", I(nargs - 1)) < 0) return NULL;
    if (!is(kind, "raises")) return is(kind, "returns") ? int_from_long(1) : new_ref(None);
    error_set(ValueError, "init");
    return NULL;
}

/* The closure of a traced method: its name, its kind. */
static const char *closure_text(Object *closure, int i) {
    return ((Str *)((Tuple *)closure)->items[i])->text;
}

static Object *traced_new(Object *closure, Object *const *args, ssize_t nargs) {
    enter(closure_text(closure, 0), args, nargs);
    return leave(new_body(closure_text(closure, 1), args, nargs));
}

static Object *traced_init(Object *closure, Object *const *args, ssize_t nargs) {
    enter(closure_text(closure, 0), args, nargs);
    return leave(init_body(closure_text(closure, 1), args, nargs));
}

static Object *make_method(const char *name, FunctionCode code, const char *kind) {
    return keep(function_new(name, code, OBJECT(TUPLE(S(name), S(kind)))));
}

static Dict *empty_dict(void) {
    return (Dict *)keep(dict_new());
}

static void put(Dict *dict, const char *name, Object *value) {
    if (dict_set_item(dict, (Str *)str_intern(name), value) < 0) keep(NULL);
}

/* The class with these two methods, either of which may be inherited. */
static Type *make_of(Type *meta, const char *name, const Tuple *bases, const char *new,
                     const char *init) {
    Dict *body = empty_dict();
    char method[40];
    snprintf(method, sizeof method, "%s.__new__", name);
    if (!is(new, "inherited")) put(body, "__new__", make_method(method, traced_new, new));
    snprintf(method, sizeof method, "%s.__init__", name);
    if (!is(init, "inherited")) put(body, "__init__", make_method(method, traced_init, init));
    return (Type *)keep(type_call(OBJECT(meta), ARRAY(S(name), OBJECT(bases), OBJECT(body)), 3));
}

static Type *make(const char *name, Type *of, const char *new, const char *init) {
    return make_of(&Type_Type, name, TUPLE(OBJECT(of)), new, init);
}

enum { BASES = 4, CALLS = 9 };
static Type *const bases[BASES] = {&Object_Type, &Int_Type, &Str_Type, &Tuple_Type};
static const char *const news[] = {"inherited", "makes", "passes", "subclass",
                                   "other",     "none",  "raises", NULL};
static const char *const inits[] = {"inherited", "takes", "passes", "returns", "raises", NULL};
static Tuple *calls[CALLS];

static void combinations(void) {
    for (int b = 0; b < BASES; b++) {
        base = bases[b];
        for (const char *const *new = news; *new; new ++) {
            for (const char *const *init = inits; *init; init++) {
                C = make("C", base, *new, *init);
                D = make("D", C, "inherited", "takes");
                printf("base %s, __new__ %s, __init__ %s\n", base->name, *new, *init);
                for (int i = 0; i < CALLS; i++) {
                    printf("C%s\n", text_of_all(calls[i]));
                    attempt(C, calls[i]);
                }
                puts("D(7)");
                attempt(D, calls[1]);
            }
        }
    }
}

/* ---- __new__ and __init__, called by hand ----------------------------------------------------*/

static Tuple *prepend(Object *first, const Tuple *rest) {
    Tuple *all = (Tuple *)keep(tuple_new(rest->size + 1));
    all->items[0] = new_ref(first);
    for (ssize_t i = 0; i < rest->size; i++)
        all->items[i + 1] = new_ref(rest->items[i]);
    return all;
}

static void by_hand(void) {
    base = &Int_Type;
    C = make("Own", base, "makes", "inherited");
    Type *plain = make("Plain", &Object_Type, "inherited", "inherited");
    Type *late =
        make_of(&Type_Type, "Late", TUPLE(OBJECT(plain), OBJECT(base)), "inherited", "inherited");
    Object *const types[] = {
        OBJECT(&Object_Type),
        OBJECT(&Type_Type),
        OBJECT(&Int_Type),
        OBJECT(&Str_Type),
        OBJECT(&Tuple_Type),
        OBJECT(&None_Type),
        OBJECT(plain),
        OBJECT(C),
        OBJECT(late),
        OBJECT(make("Text", &Str_Type, "inherited", "inherited")),
        OBJECT(make("Meta", &Type_Type, "inherited", "inherited")),
        I(5),
        OBJECT(&Builtin_Type),
    };
    enum { ALL = sizeof types / sizeof *types, TYPES = ALL - 2 };
    for (int x = 0; x < TYPES; x++) {
        const char *name = ((Type *)types[x])->name;
        if ((Type *)types[x] != C) {
            printf("%s.__new__()\n", name);
            attempt_method(types[x], "__new__", EMPTY);
        }
        for (int y = 0; y < ALL; y++) {
            printf("%s.__new__(%s)\n", name, text_of(types[y]));
            attempt_method(types[x], "__new__", TUPLE(types[y]));
            attempt_method(types[x], "__new__", TUPLE(types[y], I(5)));
        }
        Tuple *instances =
            TUPLE(keep(object_new(&Object_Type, NULL, 0)), I(5), S("a"), OBJECT(TUPLE(I(1))),
                  keep(object_call(OBJECT(plain), NULL, 0)),
                  keep(object_call(OBJECT(C), ARRAY(I(8)), 1)), None, OBJECT(&Int_Type));
        for (ssize_t y = 0; y < instances->size; y++) {
            for (int i = 0; i < 3; i++) {
                Tuple *args = prepend(instances->items[y], calls[i]);
                printf("%s.__init__%s\n", name, text_of_all(args));
                attempt_method(types[x], "__init__", args);
            }
        }
        printf("type.__call__(%s)\n", name);
        attempt_method(OBJECT(&Type_Type), "__call__", TUPLE(types[x]));
    }
    Tuple *const by_call[] = {
        EMPTY,
        TUPLE(I(5)),
        TUPLE(I(5), I(5)),
        TUPLE(types[0]),
        TUPLE(types[0], I(5)),
        TUPLE(types[1], I(5)),
        TUPLE(types[1], I(5), I(5)),
    };
    Object *type_dot_call = dict_get_item(Type_Type.dict, str_intern("__call__"));
    for (size_t i = 0; i < sizeof by_call / sizeof *by_call; i++) {
        printf("type.__call__%s\n", text_of_all(by_call[i]));
        attempt(type_dot_call, by_call[i]);
    }
    puts("instances of what has no way to be made");
    attempt(&Builtin_Type, EMPTY);
    attempt(&Builtin_Type, TUPLE(I(5)));
    attempt(&None_Type, EMPTY);
    attempt(&None_Type, TUPLE(I(1)));
    puts(keep(object_call(OBJECT(&None_Type), NULL, 0)) == None ? "True" : "False");
}

/* ---- Values ----------------------------------------------------------------------------------*/

static void values(void) {
    Object *a = S("a"), *b = S("b"), *twelve = S("12");
    Tuple *const all[] = {
        EMPTY,
        TUPLE(I(0)),
        TUPLE(I(-5)),
        TUPLE(S(" 12 ")),
        TUPLE(S("-7")),
        TUPLE(S("+7")),
        TUPLE(S("")),
        TUPLE(S(" ")),
        TUPLE(S("1 2")),
        TUPLE(S("0x1f")),
        TUPLE(twelve, I(16)),
        TUPLE(twelve, I(37)),
        TUPLE(twelve, I(1)),
        TUPLE(twelve, I(-1)),
        TUPLE(S("0x1f"), I(0)),
        TUPLE(S("0x1f"), I(16)),
        TUPLE(S("zz"), I(36)),
        TUPLE(S("2"), I(2)),
        TUPLE(twelve, a),
        TUPLE(I(12), I(10)),
        TUPLE(None, I(10)),
        TUPLE(None),
        TUPLE(OBJECT(EMPTY)),
        TUPLE(OBJECT(TUPLE(I(1), I(2)))),
        TUPLE(S("äb")),
        TUPLE(a, b),
        TUPLE(I(1), b),
        TUPLE(a, b, S("c")),
        TUPLE(a, I(1)),
        TUPLE(a, b, I(1)),
        TUPLE(I(1), I(2), I(3), I(4), I(5)),
        TUPLE(I(1), I(2), I(3)),
    };
    for (int t = 1; t < BASES; t++) {
        Type *sub = make("Sub", bases[t], "inherited", "inherited");
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            for (int which = 0; which < 2; which++) {
                Type *of = which ? sub : bases[t];
                printf("%s of %s%s\n", of->name, bases[t]->name, text_of_all(all[i]));
                Object *result = attempt(of, all[i]);
                if (result && all[i]->size == 1)
                    puts(result == all[i]->items[0] ? "the same object" : "another object");
            }
        }
        Object *value = bases[t] == &Tuple_Type ? OBJECT(TUPLE(I(1))) : S("1");
        Tuple *one = TUPLE(keep(object_call(OBJECT(sub), &value, 1)));
        for (int which = 1; which <= BASES; which++) {
            Type *of = which < BASES ? bases[which] : sub;
            printf("%s%s\n", of->name, text_of_all(one));
            attempt(of, one);
        }
    }
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

static void metaclasses(void) {
    static const char *const with_new[] = {"inherited", "makes", "other", NULL};
    static const char *const with_init[] = {"inherited", "takes", "passes", "raises", NULL};
    base = &Object_Type;
    for (const char *const *kind = metas; *kind; kind++) {
        made = 0;
        instances = empty_dict();
        Type *meta = make_meta(*kind);
        for (const char *const *new = with_new; *new; new ++) {
            for (const char *const *init = with_init; *init; init++) {
                C = make_of(meta, "C", TUPLE(OBJECT(&Object_Type)), *new, *init);
                Type *E = make_of(meta, "E", TUPLE(OBJECT(C)), "inherited", "inherited");
                printf("metaclass %s, __new__ %s, __init__ %s: %s\n", *kind, *new, *init,
                       E->ob.type->name);
                for (int which = 0; which < 2; which++) {
                    Type *cls = which ? E : C;
                    Object *first = attempt(cls, TUPLE(I(1))), *second = attempt(cls, EMPTY);
                    bool same = first == second || (first && second && first->type == &Int_Type);
                    puts(same ? "the same object" : "two objects"); // small ints exist once there
                }
                instances = empty_dict();
            }
        }
        printf("made %lld\n", (long long)made);
    }
}

static void statements(void) {
    static const char *const kinds[][2] = {{"inherited", "inherited"},
                                           {"inherited", "makes"},
                                           {"makes", "inherited"},
                                           {"makes", "makes"}};
    base = &Type_Type;
    Type *other = make("Other", base, "inherited", "inherited");
    Object *X = S("X"), *dict = OBJECT(empty_dict());
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        Type *meta = make("Meta", base, kinds[i][0], "takes");
        Type *below = make("Below", meta, kinds[i][1], "inherited");
        Type *const all[] = {base, meta, below, other};
        for (int m = 0; m < 4; m++) {
            Object *const given[] = {OBJECT(EMPTY), OBJECT(TUPLE(OBJECT(&Int_Type))),
                                     OBJECT(TUPLE(I(5)))};
            for (int g = 0; g < 3; g++) {
                printf("%s%s\n", all[m]->name, text_of_all(TUPLE(X, given[g])));
                attempt(all[m], TUPLE(X, given[g], dict));
            }
            Object *A = attempt(all[m], TUPLE(S("A"), OBJECT(EMPTY), dict));
            for (int outer = 0; outer < 4; outer++) {
                printf("%s called for a class below %s\n", all[outer]->name, text_of(A));
                Object *cls = attempt(all[outer], TUPLE(X, OBJECT(TUPLE(A)), dict));
                if (cls) printf("of %s\n", cls->type->name);
            }
        }
    }
    Object *none = OBJECT(EMPTY);
    Tuple *const wrong[] = {
        EMPTY,
        TUPLE(I(1)),
        TUPLE(I(1), I(2)),
        TUPLE(X, none),
        TUPLE(I(1), none, none),
        TUPLE(X, I(5), none),
        TUPLE(X, none, I(5)),
        TUPLE(I(1), I(2), I(3), I(4)),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (int which = 0; which < 2; which++) {
            Object *of = OBJECT(which ? other : base);
            printf("%s%s\n", ((Type *)of)->name, text_of_all(wrong[i]));
            attempt(of, wrong[i]);
            attempt_method(of, "__new__", prepend(of, wrong[i]));
        }
    }
}

/* ---- Abstract classes ------------------------------------------------------------------------*/

static void abstract(void) {
    static const char name[] = "__abstractmethods__";
    Object *a = S("a"), *b = S("b");
    Object *const sets[] = {
        OBJECT(TUPLE(a)),
        OBJECT(TUPLE(b, a)),
        OBJECT(TUPLE(S("c"), a, b, S("aa"))),
        OBJECT(EMPTY),
        I(5),
        OBJECT(TUPLE(I(1), I(2))),
        None,
    };
    for (int i = 0; i < BASES; i++) {
        for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
            Type *A = make("A", bases[i], "inherited", "inherited");
            if (sets[s] != None && object_setattr_string(OBJECT(A), name, sets[s]) < 0) keep(NULL);
            printf("A(%s), abstract %s\n", bases[i]->name, text_of(sets[s]));
            attempt(A, EMPTY);
            attempt(A, TUPLE(I(5)));
            attempt(make("B", A, "inherited", "inherited"), EMPTY);
            attempt_method(OBJECT(bases[i]), "__new__", TUPLE(OBJECT(A)));
            report(object_getattr_string(OBJECT(A), name));
            report_status(object_setattr_string(OBJECT(A), name, NULL));
            attempt(A, EMPTY);
        }
    }
    report_status(object_setattr_string(OBJECT(&Int_Type), name, OBJECT(EMPTY)));
    report(object_getattr_string(OBJECT(&Object_Type), name));
}

/* ---- Classes that change ---------------------------------------------------------------------*/

static void set(Type *type, const char *name, Object *value) {
    if (object_setattr_string(OBJECT(type), name, value) < 0) keep(NULL);
}

static Object *deletes_init(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    if (object_setattr_string(args[0], "__init__", NULL) < 0) return NULL;
    return object_call(keep(object_getattr_string(OBJECT(&Object_Type), "__new__")), args, 1);
}

static Object *becomes(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (object_setattr_string(args[0], "__class__", OBJECT(D)) < 0) return NULL;
    Object *result = object_call_method(str_intern("__init__"), args, nargs);
    xdecref(result);
    return result ? new_ref(None) : NULL;
}

static void changes(void) {
    Object *late_new = make_method("late __new__", traced_new, "makes");
    const struct {
        const char *name;
        Object *value;
    } late[] = {
        {"__init__", make_method("late __init__", traced_init, "takes")},
        {"__new__", late_new},
        {"__new__", keep(staticmethod_new(late_new))},
    };
    for (int b = 0; b < BASES; b++) {
        base = bases[b];
        C = make("C", base, "inherited", "inherited");
        D = make("D", C, "inherited", "inherited");
        for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
            for (int deleted = 0; deleted < 2; deleted++) {
                set(C, late[i].name, deleted ? NULL : late[i].value);
                if (deleted)
                    puts("and deleted");
                else
                    printf("%s: C.%s set\n", base->name, late[i].name);
                for (int which = 0; which < 2; which++) {
                    attempt(which ? D : C, EMPTY);
                    attempt(which ? D : C, TUPLE(S("7")));
                }
            }
        }
    }
    C = make("C", &Object_Type, "inherited", "takes");
    D = make("D", &Object_Type, "inherited", "takes");
    set(C, "__new__", keep(function_new("deletes_init", deletes_init, NULL)));
    attempt(C, EMPTY);
    attempt(C, EMPTY);
    C = make("C", &Object_Type, "inherited", "inherited");
    set(C, "__init__", keep(function_new("becomes", becomes, NULL)));
    attempt(C, TUPLE(I(1), I(2)));
    Object *c = keep(object_new(C, NULL, 0));
    if (object_setattr_string(c, "__init__", I(5)) < 0) keep(NULL);
    attempt_method(OBJECT(c->type), "__init__", TUPLE(c, I(4)));
}

int main(void) {
    static const struct {
        const char *name;
        void (*play)(void);
    } parts[] = {
        {"combinations", combinations}, {"by_hand", by_hand},       {"values", values},
        {"metaclasses", metaclasses},   {"statements", statements}, {"abstract", abstract},
        {"changes", changes},
    };
    if (construction_init() < 0) keep(NULL);
    Tuple *const table[CALLS] = {
        EMPTY,
        TUPLE(I(7)),
        TUPLE(S("12")),
        TUPLE(S("z")),
        TUPLE(OBJECT(TUPLE(I(1), I(2)))),
        TUPLE(None),
        TUPLE(I(7), I(2)),
        TUPLE(S("12"), I(8)),
        TUPLE(I(1), I(2), I(3), I(4)),
    };
    memcpy(calls, table, sizeof calls);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        printf("==== %s\n", parts[i].name);
        parts[i].play();
    }
    types_clear();
    while (nkept > 0)
        decref(kept[--nkept]);
    free(kept);
    return finish_output("construction_twin", 0);
}
