/* twin.c: the type room's program on our mechanism; twin.py is the same on the real interpreter.
 *
 * Both print what can be observed of classes: orders of bases, where an attribute is found, who is
 * called for an operator, when a class gets a new version, and every refusal in its words. As Python
 * drops the temporaries of an expression, keep() takes a new reference into a pool that is emptied
 * when a part is over; so an expression here reads as there.
 */
#include "../type.h"

#include <inttypes.h>

/* ---- Temporaries -----------------------------------------------------------------------------*/

static Object *pool[1 << 16];
static size_t kept;

/* The same object, or NULL, whose new reference is dropped by tidy(). */
static Object *keep(void *op) {
    if (kept == sizeof pool / sizeof pool[0]) abort();
    return op ? pool[kept++] = OBJECT(op) : NULL;
}

static void tidy(void) {
    while (kept > 0)
        decref(pool[--kept]);
    types_clear();
}

static Object *number(int64_t value) {
    return keep(int_from_long(value));
}

static Object *text(const char *value) {
    return keep(str_from_string(value));
}

/* ---- Printing --------------------------------------------------------------------------------*/

typedef struct {
    char bytes[1000];
    size_t length;
} Text;

__attribute__((format(printf, 2, 3))) static void add(Text *self, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(self->bytes + self->length, sizeof self->bytes - self->length, format, args);
    va_end(args);
    self->length += (size_t)n;
    if (self->length >= sizeof self->bytes) abort();
}

static const char *name_of(const void *type) {
    return ((const Type *)type)->name;
}

/* A class by its name, an instance by its label or its class, anything else by its repr. */
static void describe(Text *out, Object *op) {
    const Type *type = op->type;
    if (type_check(op)) {
        add(out, "%s", name_of(op));
    } else if (type_is_subtype(type, &Tuple_Type)) {
        Tuple *items = (Tuple *)op;
        add(out, "(");
        for (ssize_t i = 0; i < items->size; i++) {
            if (i) add(out, ", ");
            describe(out, items->items[i]);
        }
        add(out, ")");
    } else if (type_is_subtype(type, &Int_Type) || type_is_subtype(type, &Str_Type) || op == None ||
               op == NotImplemented) {
        add(out, "%s", ((Str *)keep(object_repr(op)))->text);
    } else {
        Object *label = type->layout ? type->layout->get(op, str_intern("label")) : NULL;
        if (label)
            add(out, "%s", ((Str *)label)->text);
        else
            add(out, "<%s>", type->name);
    }
}

/* The pending error on one line. */
static void describe_error(Text *out) {
    const char *message = error_message();
    add(out, "%s: ", error_name(error_occurred()));
    for (; *message; message++)
        add(out, *message == '\n' ? "\\n" : "%c", *message);
    error_clear();
}

static void show(const char *label, Object *result) {
    Text out = {0};
    if (keep(result))
        describe(&out, result);
    else
        describe_error(&out);
    printf("  %s: %s\n", label, out.bytes);
}

__attribute__((format(printf, 2, 3))) static void show_of(Object *result, const char *format, ...) {
    char label[200];
    va_list args;
    va_start(args, format);
    vsnprintf(label, sizeof label, format, args);
    va_end(args);
    show(label, result);
}

static void section(const char *title) {
    printf("\n== %s\n", title);
}

static uint64_t random_state = 2026;

static int below(int limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((random_state >> 33) % (uint64_t)limit);
}

/* ---- Making things ---------------------------------------------------------------------------*/

static Object *tuple_of(Type *const *items) {
    ssize_t n = 0;
    while (items[n])
        n++;
    Tuple *result = tuple_new(n);
    for (ssize_t i = 0; i < n; i++)
        result->items[i] = new_ref(items[i]);
    return keep(result);
}
#define TUPLE(...) tuple_of((Type *[]){__VA_ARGS__})
#define NO_ITEMS   TUPLE(NULL)

/* A class with these bases; its metaclass, or NULL for the one that they ask for; NULL: an error. */
static Type *made_by(Type *meta, const char *name, Object *bases) {
    return (Type *)keep(type_new(meta, name, (Tuple *)bases, NULL));
}
#define NEW(name, ...)           made_by(NULL, name, TUPLE(__VA_ARGS__, NULL))
#define MADE_BY(meta, name, ...) made_by(meta, name, TUPLE(__VA_ARGS__, NULL))

static Object *instance(Type *cls) {
    return keep(cls->alloc(cls, type_is_subtype(cls, &Int_Type) ? 2 : 0));
}

/* A new reference to what a call returns that is borrowed. */
static Object *again(void *op) {
    return op ? new_ref(op) : NULL;
}

static Object *boolean(bool value) {
    return int_from_long(value);
}

static Object *status(int value) {
    return value < 0 ? NULL : new_ref(None);
}

static Object *get(void *op, const char *name) {
    return object_getattr_string(OBJECT(op), name);
}

static Object *put(void *op, const char *name, void *value) {
    return status(object_setattr_string(OBJECT(op), name, OBJECT(value)));
}

static Object *del(void *op, const char *name) {
    return put(op, name, NULL);
}

static void set(void *op, const char *name, void *value) {
    if (!keep(put(op, name, value))) abort();
}

/* func(first) or func(), if there is a func; as `keep` holds what it returns, func may be new. */
static Object *call(Object *func, void *first) {
    return keep(func) ? object_call(func, (Object *[]){first}, first ? 1 : 0) : NULL;
}

/* Its label and its arguments. */
static Object *function_code(Object *closure, Object *const *args, ssize_t nargs) {
    Text out = {0};
    add(&out, "%s(", ((Str *)closure)->text);
    for (ssize_t i = 0; i < nargs; i++) {
        if (i) add(&out, ", ");
        describe(&out, args[i]);
    }
    add(&out, ")");
    return str_from_string(out.bytes);
}

static Object *function(const char *label) {
    return keep(function_new("called", function_code, text(label)));
}

static Object *giving_code(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure);
}

static Object *giving(void *value) {
    return keep(function_new("called", giving_code, value));
}

typedef enum { DATA, NON_DATA, SETTER, VALUE, NOTHING } Kind;
static const char *const kind_names[] = {"data", "nondata", "setter", "value", "nothing"};

/* Classes of descriptors: with all three methods, with __get__ only, with __set__ only. */
static void descriptors(Type *kinds[3]) {
    for (Kind kind = DATA; kind <= SETTER; kind++) {
        kinds[kind] = NEW("Descriptor", NULL);
        if (kind != SETTER) set(kinds[kind], "__get__", function("get"));
        if (kind != NON_DATA) set(kinds[kind], "__set__", function("set"));
        if (kind == DATA) set(kinds[kind], "__delete__", function("delete"));
    }
}

static Object *string(const char *before, const char *after) {
    return keep(str_from_format("%s on %s", before, after));
}

static void place(Type *cls, Type *const *kinds, Kind kind) {
    if (kind == NOTHING) return;
    Object *x = string(kind_names[kind], cls->name);
    if (kind != VALUE) {
        Object *descriptor = instance(kinds[kind]);
        set(descriptor, "label", x);
        x = descriptor;
    }
    set(cls, "x", x);
}

/* ---- Sections --------------------------------------------------------------------------------*/

static void add_names(Text *out, const Type *cls) {
    for (ssize_t i = 0; i < cls->mro->size; i++)
        add(out, "%s%s", i ? " " : "", name_of(cls->mro->items[i]));
}

static Object *names(const Type *cls) {
    Text out = {0};
    if (!cls) return NULL;
    add_names(&out, cls);
    return str_from_string(out.bytes);
}

static Type *pick(Type *const *classes, int n) {
    int chance = below(32);
    if (chance == 0 && below(8) == 0) return &None_Type;
    if (chance < 4) return ((Type *[]){&Object_Type, &Object_Type, &Int_Type, &Str_Type})[chance];
    return n ? classes[below(n)] : &Object_Type;
}

static void hierarchies(void) {
    section("2000 random hierarchies");
    uint32_t digest = 0;
    int good = 0, refused = 0;
    for (int trial = 0; trial < 2000; trial++) {
        if (trial % 100 == 0) {
            digest = UINT32_C(2166136261);
            good = refused = 0;
        }
        Type *classes[10];
        int n = 0, limit = 2 + below(9);
        for (int i = 0; i < limit; i++) {
            Type *bases[4] = {NULL};
            int nbases = 0;
            for (int times = below(4); times > 0; times--) {
                Type *base = pick(classes, n);
                bool twice = bases[0] == base || bases[1] == base;
                if (!twice || below(8) == 0) bases[nbases++] = base;
            }
            char name[2] = {(char)('A' + i), '\0'};
            Text out = {0}, list = {0};
            Object *given = tuple_of(bases);
            Type *cls = made_by(NULL, name, given);
            if (cls) {
                add_names(&out, classes[n++] = cls);
                good++;
            } else {
                describe_error(&out);
                refused++;
            }
            const char *said = out.bytes + (cls ? 0 : strlen("TypeError: "));
            describe(&list, given);
            if (trial % 250 < 2) printf("  %d %s%s: %s\n", trial, name, list.bytes, said);
            for (const char *byte = said; *byte; byte++) {
                bool broken = byte[0] == '\\' && byte[1] == 'n';
                digest = (digest ^ (unsigned char)(broken ? ' ' : *byte)) * UINT32_C(16777619);
                byte += broken;
            }
        }
        tidy();
        if (trial % 100 == 99)
            printf("  up to %d: %d classes, %d refused, hash %08" PRIx32 "\n", trial, good, refused,
                   digest);
    }
}

static void six_accesses(void *obj) {
    show("  x", get(obj, "x"));
    show("  x = 'new'", put(obj, "x", text("new")));
    show("  x", get(obj, "x"));
    show("  del x", del(obj, "x"));
    show("  x", get(obj, "x"));
    show("  del x", del(obj, "x"));
}

static void lookup_on_instances(void) {
    section("obj.x: what is on its class, on the base, on the instance");
    Type *kinds[3];
    descriptors(kinds);
    for (Kind on_class = DATA; on_class <= NOTHING; on_class++) {
        for (Kind on_base = DATA; on_base <= NOTHING; on_base++) {
            for (int own = 0; own < 2; own++) {
                Type *base = NEW("Base", NULL), *cls = NEW("Sub", base);
                place(base, kinds, on_base);
                place(cls, kinds, on_class);
                Object *obj = instance(cls);
                if (own) cls->layout->set(obj, str_intern("x"), text("own"));
                printf(" %s, %s, %s\n", kind_names[on_class], kind_names[on_base],
                       own ? "own" : "nothing");
                six_accesses(obj);
            }
        }
    }
    tidy();
}

static void lookup_on_classes(void) {
    section("cls.x: what is on its metaclass, on the class, on the base");
    Type *kinds[3];
    descriptors(kinds);
    for (Kind on_meta = DATA; on_meta <= NOTHING; on_meta++) {
        for (Kind on_class = DATA; on_class <= NOTHING; on_class++) {
            for (Kind on_base = VALUE; on_base <= NOTHING; on_base++) {
                Type *meta = NEW("Meta", &Type_Type);
                Type *base = MADE_BY(meta, "Base", NULL), *cls = MADE_BY(meta, "Sub", base);
                place(meta, kinds, on_meta);
                place(base, kinds, on_base);
                place(cls, kinds, on_class);
                printf(" %s, %s, %s\n", kind_names[on_meta], kind_names[on_class],
                       kind_names[on_base]);
                six_accesses(cls);
            }
        }
    }
    tidy();
}

/* Prints its call; the closure holds its name and its answer. */
static Object *operator_code(Object *closure, Object *const *args, ssize_t nargs) {
    Object *const *items = ((Tuple *)closure)->items;
    Text out = {0};
    for (ssize_t i = 0; i < nargs; i++) {
        if (i) add(&out, ", ");
        describe(&out, args[i]);
    }
    add(&out, ") gives ");
    describe(&out, items[1]);
    printf("    %s(%s\n", ((Str *)items[0])->text, out.bytes);
    return new_ref(items[1]);
}

static Object *apply(char sign, Object *left, Object *right) {
    return sign == '+'   ? number_add(left, right)
           : sign == '-' ? number_subtract(left, right)
                         : number_multiply(left, right);
}

static void operators(void) {
    section("operators between random pairs");
    static const char *const methods[] = {"add", "sub", "mul"};
    for (int i = 0; i < 120; i++) {
        char sign = "+-*"[i % 3];
        Type *classes[4];
        int n = 2 + below(3);
        for (int k = 0; k < n; k++) {
            int chance = below(k + 2);
            Type *base = chance < k ? classes[chance] : chance == k && below(2) ? &Int_Type : NULL;
            char name[] = {'C', (char)('0' + k), '\0'}, method[20];
            classes[k] = NEW(name, base);
            for (int reflected = 0; reflected < 2; reflected++) {
                if (!below(2)) continue;
                snprintf(method, sizeof method, "__%s%s__", reflected ? "r" : "", methods[i % 3]);
                Object *full = keep(str_from_format("C%d.%s", k, method));
                Object *answer = below(3) ? NotImplemented : full;
                set(classes[k], method,
                    keep(function_new(method, operator_code, keep(tuple_pack(2, full, answer)))));
            }
        }
        for (int k = 0; k < n; k++)
            printf("%s%s(%s)", k ? ", " : "  ", classes[k]->name, classes[k]->base->name);
        putchar('\n');
        for (int pair = 0; pair < 3; pair++) {
            Object *left = instance(classes[below(n)]);
            Object *right = below(6) ? instance(classes[below(n)]) : number(5);
            if (below(12) == 0) {
                Object *swapped = left;
                left = right;
                right = swapped;
            }
            printf("   %s %c %s\n", left->type->name, sign, right->type->name);
            show_of(apply(sign, left, right), "  %s %c %s", left->type->name, sign,
                    right->type->name);
        }
        tidy();
    }
}

/* ---- Versions --------------------------------------------------------------------------------*/

static Type *watched[6];
static unsigned seen[6];

/* Each class with what became of its version since the last look. */
static void states(Text *out) {
    for (int i = 0; i < 6; i++) {
        const Type *cls = watched[i];
        unsigned tag = cls->flags & VALID_VERSION ? cls->version_tag : 0;
        add(out, "%s%s%c", i ? " " : "", cls->name, tag == 0 ? '-' : tag == seen[i] ? '=' : '*');
        seen[i] = tag;
    }
}

static void changed(const char *label, const Text *before, Object *result) {
    Text after = {0}, later = {0}, said = {0};
    if (keep(result))
        describe(&said, result);
    else
        describe_error(&said);
    states(&after);
    for (int i = 0; i < 6; i++) {
        if (!keep(get(watched[i], "nowhere"))) error_clear();
    }
    states(&later);
    printf("  %s: %s\n    %s | %s | %s\n", label, said.bytes, before->bytes, after.bytes,
           later.bytes);
}
#define CHANGE(label, action)                                                                      \
    do {                                                                                           \
        Text before = {0};                                                                         \
        states(&before);                                                                           \
        changed(label, &before, action);                                                           \
    } while (0)

static void versions(void) {
    section("versions: before a change, after it, after the next lookup");
    Type *a = NEW("A", NULL), *b = NEW("B", a), *c = NEW("C", a), *e = NEW("E", NULL);
    Type *d = NEW("D", b, c);
    Object *obj = instance(d);
    Type *meta = NEW("Meta", &Type_Type), *f = MADE_BY(meta, "F", c);
    memcpy(watched, (Type *[]){a, b, c, d, e, f}, sizeof watched);
    CHANGE("nothing", new_ref(None));
    CHANGE("A.x = 1", put(a, "x", number(1)));
    CHANGE("A.x = 1 again", put(a, "x", number(1)));
    CHANGE("B.x = 2", put(b, "x", number(2)));
    CHANGE("D.x", get(d, "x"));
    CHANGE("D.x = 3", put(d, "x", number(3)));
    CHANGE("del D.x", del(d, "x"));
    CHANGE("del D.x, which is not there", del(d, "x"));
    CHANGE("obj.x = 4", put(obj, "x", number(4)));
    CHANGE("obj.__class__ = E", put(obj, "__class__", e));
    CHANGE("obj.__class__ = D", put(obj, "__class__", d));
    CHANGE("E.__len__ = ...", put(e, "__len__", giving(number(3))));
    CHANGE("del C.nowhere", del(c, "nowhere"));
    CHANGE("D.__bases__ = (C, B)", put(d, "__bases__", TUPLE(c, b, NULL)));
    CHANGE("B.__bases__ = (E,)", put(b, "__bases__", TUPLE(e, NULL)));
    CHANGE("E.x = 5", put(e, "x", number(5)));
    CHANGE("A.y = 6", put(a, "y", number(6)));
    CHANGE("A.__bases__ = (D,)", put(a, "__bases__", TUPLE(d, NULL)));
    CHANGE("E.__bases__ = (C,)", put(e, "__bases__", TUPLE(c, NULL)));
    CHANGE("Meta.z = 7", put(meta, "z", number(7)));
    CHANGE("F.__class__ = type", put(f, "__class__", &Type_Type));
    CHANGE("class G(D)", again(NEW("G", d)));
    for (int i = 0; i < 3; i++) {
        char label[60];
        snprintf(label, sizeof label, "A.x = %d, three times without a lookup", i);
        Text before = {0};
        states(&before);
        for (int k = 0; k < 3; k++)
            set(a, "x", number(i));
        changed(label, &before, new_ref(None));
    }
    tidy();
}

/* ---- Binding ---------------------------------------------------------------------------------*/

static void functions(void) {
    section("what binds to what");
    Type *a = NEW("A", NULL), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    Object *obj = instance(d), *one = number(1), *five = number(5);
    Type *all[] = {a, b, c, d};
    for (int i = 0; i < 3; i++) {
        char label[] = {(char)('A' + i), '.', 'f', '\0'};
        set(all[i], "f", function(label));
    }
    set(a, "s", keep(staticmethod_new(function("s"))));
    set(a, "c", keep(classmethod_new(function("c"))));
    set(b, "c", keep(classmethod_new(function("B.c"))));
    show("obj.f(1)", call(get(obj, "f"), one));
    show("D.f(1)", call(get(d, "f"), one));
    show("D.f(obj, 1)", object_call(keep(get(d, "f")), (Object *[]){obj, one}, 2));
    show("C.f(obj)", call(get(c, "f"), obj));
    show("obj.s(1)", call(get(obj, "s"), one));
    show("D.s(1)", call(get(d, "s"), one));
    show("obj.c(1)", call(get(obj, "c"), one));
    show("D.c(1)", call(get(d, "c"), one));
    set(obj, "f", function("own f"));
    show("obj.f(1), its own", call(get(obj, "f"), one));
    set(obj, "__len__", giving(number(9)));
    show("len(obj), its own", status((int)object_length(obj)));
    show("obj()", object_call(obj, NULL, 0));
    show("5()", object_call(five, NULL, 0));
    section("super");
    for (int i = 0; i < 4; i++) {
        const char *name = all[i]->name;
        Object *of_obj = keep(super_new(all[i], obj)), *of_d = keep(super_new(all[i], OBJECT(d)));
        show_of(call(get(of_obj, "f"), NULL), "super(%s, obj).f()", name);
        show_of(call(get(of_d, "f"), NULL), "super(%s, D).f()", name);
        show_of(call(get(of_obj, "c"), NULL), "super(%s, obj).c()", name);
    }
    show("super(D, obj).label", get(keep(super_new(d, obj)), "label"));
    show("repr(super(B, obj))", object_repr(keep(super_new(b, obj))));
    show("super(B, obj).__class__", get(keep(super_new(b, obj)), "__class__"));
    show("super(D, A())", super_new(d, instance(a)));
    show("super(D, 5)", super_new(d, five));
    show("super(D, C)", super_new(d, OBJECT(c)));
    show("super(type, D).f", get(keep(super_new(&Type_Type, OBJECT(d))), "f"));
    tidy();
}

static void properties(void) {
    section("property");
    Type *a = NEW("A", NULL), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    Object *one = number(1), *funcs[] = {function("get"), function("store"), function("delete")};
    for (int present = 0; present < 8; present++) {
        Object *had[3];
        for (int i = 0; i < 3; i++)
            had[i] = present >> i & 1 ? funcs[i] : NULL;
        Object *p = keep(property_new(had[0], had[1], had[2]));
        set(a, "p", p);
        Dict *dict = (Dict *)keep(dict_new());
        dict_set_item(dict, str_intern("q"), p);
        Type *named = (Type *)keep(type_new(NULL, "N", (Tuple *)TUPLE(a, NULL), dict));
        for (int i = 0; i < 2; i++) {
            Object *o = instance(i ? named : d);
            const char *name = i ? "q" : "p";
            show_of(get(o, name), "%d o.%s", present, name);
            show_of(put(o, name, one), "%d o.%s = 1", present, name);
            show_of(del(o, name), "%d del o.%s", present, name);
        }
        show("N.q is the property", boolean(keep(get(named, "q")) == p));
    }
    set(a, "p", keep(property_new(giving(one), NULL, NULL)));
    Object *o = instance(d);
    d->layout->set(o, str_intern("p"), number(2));
    show("the property, not the instance", get(o, "p"));
    tidy();
}

static void computed(void) {
    section("what C code computes");
    Type *a = NEW("A", NULL), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    Object *five = number(5), *six = number(6), *add_ = keep(get(&Int_Type, "__add__"));
    show("int.__bases__", get(&Int_Type, "__bases__"));
    show("object.__bases__", get(&Object_Type, "__bases__"));
    show("type.__mro__", get(&Type_Type, "__mro__"));
    show("object.__class__", get(&Object_Type, "__class__"));
    show("type.__base__", get(&Type_Type, "__base__"));
    show("object.__base__", get(&Object_Type, "__base__"));
    show("D.__mro__", get(d, "__mro__"));
    show("int.x = 1", put(&Int_Type, "x", five));
    show("del int.__add__", del(&Int_Type, "__add__"));
    show("(5).x = 1", put(five, "x", five));
    show("(5).__add__ = 1", put(five, "__add__", five));
    show("(5).x", get(five, "x"));
    show("int.__add__(5, 6)", object_call(add_, (Object *[]){five, six}, 2));
    show("int.__add__('5', 6)", object_call(add_, (Object *[]){text("5"), six}, 2));
    show("int.__add__()", object_call(add_, NULL, 0));
    show("int.__add__(5)", object_call(add_, &five, 1));
    show("(5).__radd__('x')", call(get(five, "__radd__"), text("x")));
    show("int.__len__", get(&Int_Type, "__len__"));
    show("isinstance(object, type)", boolean(object_is_instance(OBJECT(&Object_Type), &Type_Type)));
    show("isinstance(type, object)", boolean(object_is_instance(OBJECT(&Type_Type), &Object_Type)));
    section("__set_name__");
    Type *named_by = NEW("Named", NULL);
    set(named_by, "__set_name__", function("told"));
    Object *attribute = instance(named_by);
    set(attribute, "label", text("attribute"));
    Dict *dict = (Dict *)keep(dict_new());
    dict_set_item(dict, str_intern("n"), attribute);
    show("good", OBJECT(type_new(NULL, "K", NULL, dict)));
    set(named_by, "__set_name__", five);
    show("bad", OBJECT(type_new(NULL, "K", NULL, dict)));
    tidy();
}

/* ---- Special methods -------------------------------------------------------------------------*/

static Object *length(Object *op) {
    ssize_t n = object_length(op);
    return n < 0 ? NULL : int_from_long(n);
}

static Object *str_or_default(Object *op) {
    Object *said = keep(object_str(op));
    if (!said) return NULL;
    const Str *s = (Str *)said;
    return s->text[s->length - 1] == '>' ? str_from_string("default") : new_ref(said);
}

static void look(const char *label, Type *const *classes) {
    printf("  %s\n", label);
    for (int i = 0; i < 4; i++)
        show_of(length(instance(classes[i])), "  len(%s())", classes[i]->name);
    Object *d = instance(classes[3]);
    show("  str(D())", str_or_default(d));
    show("  D() + 1", number_add(d, number(1)));
    show("  1 + D()", number_add(number(1), d));
    show("  D()(2)", call(new_ref(d), number(2)));
}

static void special_methods(void) {
    section("special methods that come and go");
    Type *a = NEW("A", NULL), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    Type *all[] = {a, b, c, d}, *i = NEW("I", &Int_Type);
    set(c, "__len__", giving(number(30)));
    look("none", all);
    set(a, "__len__", giving(number(10)));
    look("A.__len__ = 10", all);
    set(b, "__len__", giving(number(20)));
    look("B.__len__ = 20", all);
    keep(del(b, "__len__"));
    look("del B.__len__", all);
    set(a, "__repr__", giving(text("repr of A")));
    set(b, "__add__", function("B.__add__"));
    set(c, "__radd__", function("C.__radd__"));
    set(a, "__call__", function("A.__call__"));
    look("repr, add, radd, call", all);
    set(c, "__str__", giving(text("str of C")));
    look("C.__str__", all);
    set(d, "__bases__", TUPLE(c, NULL));
    look("D.__bases__ = (C,)", all);
    set(c, "__bases__", TUPLE(b, NULL));
    look("C.__bases__ = (B,)", all);
    static const char *const cs[] = {"__len__", "__str__", "__radd__"};
    static const char *const as[] = {"__len__", "__repr__", "__call__"};
    for (int k = 0; k < 3; k++)
        keep(del(c, cs[k]));
    look("del of C's", all);
    for (int k = 0; k < 3; k++)
        keep(del(a, as[k]));
    look("del of A's", all);
    Object *values[] = {number(-1), text("x"), None, instance(a)};
    for (int k = 0; k < 4; k++) {
        Text said = {0};
        describe(&said, values[k]);
        set(a, "__len__", giving(values[k]));
        show_of(length(instance(d)), "len() of %s", said.bytes);
        set(a, "__repr__", giving(values[k]));
        if (k == 3) set(a, "label", text("<A>"));
        show_of(object_repr(instance(d)), "repr() of %s", said.bytes);
    }
    section("below int");
    const struct {
        const char *label, *name;
        Object *value;
    } changes[] = {
        {"as made", NULL, NULL},
        {"I.__add__ = ...", "__add__", function("I.__add__")},
        {"I.__radd__ = ...", "__radd__", function("I.__radd__")},
        {"del I.__add__", "__add__", NULL},
        {"del I.__radd__", "__radd__", NULL},
        {"I.__sub__ = int.__add__", "__sub__", keep(get(&Int_Type, "__add__"))},
        {"I.__mul__ = int.__rsub__", "__mul__", keep(get(&Int_Type, "__rsub__"))},
        {"I.__repr__ = object.__str__", "__repr__", giving(text("I"))},
        {"del I.__mul__", "__mul__", NULL},
    };
    Object *four = number(4);
    for (size_t k = 0; k < sizeof changes / sizeof changes[0]; k++) {
        show(changes[k].label,
             changes[k].name ? put(i, changes[k].name, changes[k].value) : new_ref(None));
        Object *three = instance(i);
        show("  I() + 4", number_add(three, four));
        show("  4 + I()", number_add(four, three));
        show("  I() - 4", number_subtract(three, four));
        show("  I() * 4", number_multiply(three, four));
        show("  repr(I())", object_repr(three));
    }
    tidy();
}

/* ---- Refusals --------------------------------------------------------------------------------*/

static Object *metaclass(Type *cls) {
    return cls ? new_ref(((Object *)cls)->type) : NULL;
}

static void refusals(void) {
    section("classes that cannot be");
    Type *a = NEW("A", NULL), *sealed = &None_Type, *b = NEW("B", a), *i = NEW("I", &Int_Type);
    Type *t = NEW("T", &Tuple_Type), *s = NEW("S", &Str_Type), *m = NEW("M", &Type_Type);
    Type *n = NEW("N", &Type_Type), *mm = NEW("MM", m, n), *am = MADE_BY(m, "AM", NULL);
    Type *an = MADE_BY(n, "AN", NULL);
    Object *five = number(5);
    show("(A, B)", again(NEW("X", a, b)));
    show("(A, A)", again(NEW("X", a, a)));
    show("(A, B, A)", again(NEW("X", a, b, a)));
    show("(object, A)", again(NEW("X", &Object_Type, a)));
    show("(int, str)", again(NEW("X", &Int_Type, &Str_Type)));
    show("(I, S)", again(NEW("X", i, s)));
    show("(I, T)", again(NEW("X", i, t)));
    show("(I, another I)", names(NEW("X", i, NEW("I", &Int_Type))));
    show("(A, I)", names(NEW("X", a, i)));
    show("(I, int)", names(NEW("X", i, &Int_Type)));
    show("(M, A)", names(NEW("X", m, a)));
    show("(NoneType,)", again(NEW("X", sealed)));
    show("(function,)", again(NEW("X", &Function_Type)));
    show("(5,)", again(NEW("X", (Type *)five)));
    show("(A, 5)", again(NEW("X", a, (Type *)five)));
    show("(AM, AN)", again(NEW("X", am, an)));
    show("M: (AN,)", again(MADE_BY(m, "X", an)));
    show("MM: (AM, AN)", metaclass(MADE_BY(mm, "X", am, an)));
    show("(AM, A)", metaclass(NEW("X", am, a)));
    show("what is left of them", length(keep(type_subclasses(am))));

    section("obj.__class__ = ...");
    Type *c = NEW("C", a), *g = NEW("G", &Dict_Type);
    Type *makers[] = {a, b, i, t, s, &Int_Type};
    void *targets[] = {a, b, c, i, t, s, g, &Int_Type, &Object_Type, m, five, None};
    for (size_t k = 0; k < sizeof makers / sizeof makers[0]; k++) {
        for (size_t j = 0; j < sizeof targets / sizeof targets[0]; j++) {
            Text said = {0};
            describe(&said, targets[j]);
            show_of(put(instance(makers[k]), "__class__", targets[j]), "%s().__class__ = %s",
                    makers[k]->name, said.bytes);
        }
    }
    show("del A().__class__", del(instance(a), "__class__"));
    show("AM.__class__ = N", put(am, "__class__", n));
    show("AM.__class__", get(am, "__class__"));
    show("AM.__class__ = type", put(am, "__class__", &Type_Type));
    show("AM.__class__ = A", put(am, "__class__", a));

    section("cls.__bases__ = ...");
    Type *const int_ = &Int_Type, *const object = &Object_Type, *const no_type = (Type *)five;
    void *every[] = {NO_ITEMS,
                     TUPLE(a, NULL),
                     TUPLE(a, a, NULL),
                     TUPLE(b, NULL),
                     TUPLE(c, NULL),
                     TUPLE(b, c, NULL),
                     TUPLE(c, b, NULL),
                     TUPLE(a, b, NULL),
                     TUPLE(i, NULL),
                     TUPLE(t, NULL),
                     TUPLE(int_, NULL),
                     TUPLE(object, NULL),
                     TUPLE(g, NULL),
                     TUPLE(m, NULL),
                     TUPLE(sealed, NULL),
                     TUPLE(no_type, NULL),
                     TUPLE(a, no_type, NULL),
                     TUPLE(c, object, NULL),
                     TUPLE(object, c, NULL),
                     a,
                     five,
                     None};
    Type *changed_ones[] = {a, b, c, i, m, int_};
    for (size_t k = 0; k < sizeof changed_ones / sizeof changed_ones[0]; k++) {
        Type *cls = changed_ones[k];
        for (size_t j = 0; j < sizeof every / sizeof every[0]; j++) {
            Text said = {0}, orders = {0};
            describe(&said, every[j]);
            show_of(put(cls, "__bases__", every[j]), "%s.__bases__ = %s", cls->name, said.bytes);
            add_names(&orders, cls);
            add(&orders, "; ");
            add_names(&orders, b);
            if (cls != int_) printf("    %s\n", orders.bytes);
        }
        show_of(del(cls, "__bases__"), "del %s.__bases__", cls->name);
    }
    show("A.__subclasses__()", type_subclasses(a));
    show("C.__subclasses__()", type_subclasses(c));

    section("an order that breaks below");
    Type *p = NEW("P", NULL), *q = NEW("Q", NULL), *r = NEW("R", p), *u = NEW("U", q);
    Type *v = NEW("V", r, u), *w = NEW("W", v, p), *all[] = {p, q, r, u, v, w};
    show("Q.__bases__ = (R,)", put(q, "__bases__", TUPLE(r, NULL)));
    show("U.__bases__ = (P,)", put(u, "__bases__", TUPLE(p, NULL)));
    show("R.__bases__ = (Q,)", put(r, "__bases__", TUPLE(q, NULL)));
    show("V.__bases__ = (U, R)", put(v, "__bases__", TUPLE(u, r, NULL)));
    for (int k = 0; k < 6; k++) {
        show(all[k]->name, names(all[k]));
        show("  below", type_subclasses(all[k]));
    }
    tidy();
}

int main(void) {
    if (types_init() < 0) return 1;
    hierarchies();
    lookup_on_instances();
    lookup_on_classes();
    operators();
    versions();
    functions();
    properties();
    computed();
    special_methods();
    refusals();
    return finish_output("type_twin", 0);
}
