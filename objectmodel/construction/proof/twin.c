/* twin.c: who calls whom when a class is called, and every error on the way. See twin.py, the same
 * program; what both have of classes is in traced.h. */
#include "traced.h"

static Type *C;

static const char *text_of_all(const Tuple *args) {
    return ((Str *)show_all(args->items, args->size))->text;
}

enum { BASES = 4, CALLS = 9 };
static Type *const bases[BASES] = {&Object_Type, &Int_Type, &Str_Type, &Tuple_Type};
static const char *const news[] = {"inherited", "makes", "passes", "subclass", "stranger",
                                   "other",     "none",  "raises", NULL};
static const char *const inits[] = {"inherited", "takes", "passes", "returns", "raises", NULL};
static Tuple *calls[CALLS];

static void combinations(void) {
    for (int b = 0; b < BASES; b++) {
        base = bases[b];
        E = make("E", base, "inherited", "takes");
        for (const char *const *new = news; *new; new ++) {
            for (const char *const *init = inits; *init; init++) {
                C = make("C", base, *new, *init);
                D = make("D", C, "inherited", "takes");
                fprintf(out, "base %s, __new__ %s, __init__ %s\n", base->name, *new, *init);
                for (int i = 0; i < CALLS; i++) {
                    fprintf(out, "C%s\n", text_of_all(calls[i]));
                    attempt(C, calls[i]);
                }
                fprintf(out, "%s\n", "D(7)");
                attempt(D, calls[1]);
            }
        }
    }
}

/* ---- __new__ and __init__, called by hand ----------------------------------------------------*/

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
            fprintf(out, "%s.__new__()\n", name);
            attempt_method(types[x], "__new__", EMPTY);
        }
        for (int y = 0; y < ALL; y++) {
            fprintf(out, "%s.__new__(%s)\n", name, text_of(types[y]));
            attempt_method(types[x], "__new__", TUPLE(types[y]));
            attempt_method(types[x], "__new__", TUPLE(types[y], I(5)));
        }
        Tuple *objects =
            TUPLE(keep(object_new(&Object_Type, NULL, 0)), I(5), S("a"), OBJECT(TUPLE(I(1))),
                  keep(object_call(OBJECT(plain), NULL, 0)),
                  keep(object_call(OBJECT(C), ARRAY(I(8)), 1)), None, OBJECT(&Int_Type));
        for (ssize_t y = 0; y < objects->size; y++) {
            for (int i = 0; i < 3; i++) {
                Tuple *args = prepend(objects->items[y], calls[i]);
                fprintf(out, "%s.__init__%s\n", name, text_of_all(args));
                attempt_method(types[x], "__init__", args);
            }
        }
        fprintf(out, "type.__call__(%s)\n", name);
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
        fprintf(out, "type.__call__%s\n", text_of_all(by_call[i]));
        attempt(type_dot_call, by_call[i]);
    }
    fprintf(out, "%s\n", "instances of what has no way to be made");
    attempt(&Builtin_Type, EMPTY);
    attempt(&Builtin_Type, TUPLE(I(5)));
    attempt(&None_Type, EMPTY);
    attempt(&None_Type, TUPLE(I(1)));
    fprintf(out, "%s\n", keep(object_call(OBJECT(&None_Type), NULL, 0)) == None ? "True" : "False");
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
        TUPLE(a, None),
        TUPLE(a, b, None),
        TUPLE(I(12), I(1)),
        TUPLE(I(1), I(2), I(3), I(4), I(5)),
        TUPLE(I(1), I(2), I(3)),
    };
    for (int t = 1; t < BASES; t++) {
        Type *sub = make("Sub", bases[t], "inherited", "inherited");
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            for (int which = 0; which < 2; which++) {
                Type *of = which ? sub : bases[t];
                fprintf(out, "%s of %s%s\n", of->name, bases[t]->name, text_of_all(all[i]));
                Object *result = attempt(of, all[i]);
                if (result && all[i]->size == 1)
                    fprintf(out, "%s\n",
                            result == all[i]->items[0] ? "the same object" : "another object");
            }
        }
        Object *value = bases[t] == &Tuple_Type ? OBJECT(TUPLE(I(1))) : S("1");
        Tuple *one = TUPLE(keep(object_call(OBJECT(sub), &value, 1)));
        for (int which = 1; which <= BASES; which++) {
            Type *of = which < BASES ? bases[which] : sub;
            fprintf(out, "%s%s\n", of->name, text_of_all(one));
            attempt(of, one);
        }
    }
}

/* ---- Metaclasses -----------------------------------------------------------------------------*/

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
                Type *below = make_of(meta, "Below", TUPLE(OBJECT(C)), "inherited", "inherited");
                fprintf(out, "metaclass %s, __new__ %s, __init__ %s: %s\n", *kind, *new, *init,
                        below->ob.type->name);
                for (int which = 0; which < 2; which++) {
                    Type *cls = which ? below : C;
                    Object *first = attempt(cls, TUPLE(I(1))), *second = attempt(cls, EMPTY);
                    bool same = first == second || (first && second && first->type == &Int_Type);
                    fprintf(out, "%s\n",
                            same ? "the same object"
                                 : "two objects"); // small ints exist once there
                }
                instances = empty_dict();
            }
        }
        fprintf(out, "made %lld\n", (long long)made);
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
                fprintf(out, "%s%s\n", all[m]->name, text_of_all(TUPLE(X, given[g])));
                attempt(all[m], TUPLE(X, given[g], dict));
            }
            Object *A = attempt(all[m], TUPLE(S("A"), OBJECT(EMPTY), dict));
            for (int outer = 0; outer < 4; outer++) {
                fprintf(out, "%s called for a class below %s\n", all[outer]->name, text_of(A));
                Object *cls = attempt(all[outer], TUPLE(X, OBJECT(TUPLE(A)), dict));
                if (cls) fprintf(out, "of %s\n", cls->type->name);
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
        TUPLE(X, none, None),
        TUPLE(I(1), I(2), I(3), I(4)),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (int which = 0; which < 2; which++) {
            Object *of = OBJECT(which ? other : base);
            fprintf(out, "%s%s\n", ((Type *)of)->name, text_of_all(wrong[i]));
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
            fprintf(out, "A(%s), abstract %s\n", bases[i]->name, text_of(sets[s]));
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
    Object *late_init = make_method("late __init__", traced_init, "takes");
    Object *late_new = make_method("late __new__", traced_new, "makes");
    for (int b = 0; b < BASES; b++) {
        base = bases[b];
        C = make("C", base, "inherited", "inherited");
        D = make("D", C, "inherited", "inherited");
        Object *base_new = keep(object_getattr_string(OBJECT(base), "__new__"));
        const struct {
            const char *name;
            Object *value;
        } late[] = {{"__new__", base_new},
                    {"__init__", late_init},
                    {"__new__", late_new},
                    {"__new__", keep(staticmethod_new(late_new))},
                    {"__new__", base_new}};
        for (size_t i = 0; i < sizeof late / sizeof *late; i++) {
            for (int deleted = 0; deleted < 2; deleted++) {
                set(C, late[i].name, deleted ? NULL : late[i].value);
                if (deleted)
                    fprintf(out, "%s\n", "and deleted");
                else
                    fprintf(out, "%s: C.%s set\n", base->name, late[i].name);
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
    out = stdout;
    begin();
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
        fprintf(out, "==== %s\n", parts[i].name);
        parts[i].play();
    }
    end();
    return finish_output("construction_twin", 0);
}
