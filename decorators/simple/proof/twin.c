/* twin.c: functions, cells, stacked decorators, wraps and partial on ours; twin.py is the same on the
 * real Python. */
#include "signature.h"

#define LENGTH(array) (int)(sizeof(array) / sizeof(array)[0])

/* ---- What a part leaves behind ---------------------------------------------------------------*/

static Object *kept[4096];
static int nkept;
static Signature *signatures[4096];
static int nsignatures;
static Dict *globals;

/* The same object, whose new reference is dropped by tidy(). */
static void *keep(void *op) {
    if (!op || nkept == LENGTH(kept)) abort();
    return kept[nkept++] = op;
}

static void tidy(void) {
    while (nkept > 0)
        decref(kept[--nkept]);
    while (nsignatures > 0)
        free(signatures[--nsignatures]);
}

static Function *function_named(const char *text, const char *name) {
    Signature *signature = malloc(sizeof *signature);
    if (!signature || nsignatures == LENGTH(signatures)) abort();
    signatures[nsignatures++] = signature;
    Function *function = keep(signature_function(signature, name, text));
    function->globals = (Dict *)new_ref(globals);
    object_setattr_string(OBJECT(function), "__module__", keep(str_from_string("__main__")));
    return function;
}
static Object *function(const char *text) {
    return OBJECT(function_named(text, "f"));
}

/* ---- Printing --------------------------------------------------------------------------------*/

/* What it came to: its repr, or the error. Takes the reference. */
__attribute__((format(printf, 2, 3))) static void say(Object *result, const char *label, ...) {
    va_list args;
    va_start(args, label);
    vprintf(label, args);
    va_end(args);
    printf(": ");
    if (result) {
        object_print(result, stdout, false);
        puts("");
        decref(result);
    } else {
        error_print(stdout);
    }
}

static Object *boolean(bool value) {
    return new_ref(value ? True : False);
}
static Object *done(int status) {
    return status < 0 ? NULL : new_ref(None);
}
static Object *number(int64_t value) {
    return keep(int_from_long(value));
}
static Object *text(const char *utf8) {
    return keep(str_from_string(utf8));
}
static Object *get(void *op, const char *name) {
    return object_getattr_string(OBJECT(op), name);
}
static void set(void *op, const char *name, Object *value) {
    object_setattr_string(OBJECT(op), name, value);
}
static Object *call(void *op) {
    return object_call_args(OBJECT(op), 0);
}

/* ---- The grid --------------------------------------------------------------------------------*/

static const char *const SIGNATURES[] = {"",
                                         "a",
                                         "a, b",
                                         "a, b=2",
                                         "a=1, b=2",
                                         "*, k",
                                         "a, *, k, m",
                                         "a, *, k=3",
                                         "*args",
                                         "a, *args",
                                         "**kw",
                                         "a, **kw",
                                         "a, *args, k, **kw",
                                         "a, b, c, *, d, e, f",
                                         "a, /, b",
                                         "a, /, **kw",
                                         "a, b, /",
                                         "a, b=2, /, c=3, *args, d, e=5, **kw",
                                         "a=1, *, k=2, m"};
static const char *const CALLS[] = {"",
                                    "1",
                                    "1, 2",
                                    "1, 2, 3",
                                    "1, 2, 3, 4, 5, 6",
                                    "a=1",
                                    "b=2",
                                    "1, a=2",
                                    "b=1, a=2",
                                    "k=1",
                                    "1, k=2",
                                    "1, m=2, k=3",
                                    "1, 2, k=3",
                                    "1, 2, 3, k=1, m=2",
                                    "x=1",
                                    "1, x=2, d=3",
                                    "a=1, d=4, k=2"};

static void grid(void) {
    for (int s = 0; s < LENGTH(SIGNATURES); s++) {
        Object *f = function(SIGNATURES[s]);
        for (int c = 0; c < LENGTH(CALLS); c++)
            say(signature_call(f, CALLS[c]), "def f(%s): f(%s)", SIGNATURES[s], CALLS[c]);
    }
}

/* ---- Attributes ------------------------------------------------------------------------------*/

static Object *return_1(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    return int_from_long(1);
}
static Code m_code = {CODE("m"),     .qualname = "C.m",         .doc = "Return 1.",
                      .argcount = 1, .varnames = NAMES("self"), .body = return_1};

static Object *instance(void) {
    Dict *dict = keep(dict_new());
    dict_set_item(dict, str_intern("m"), keep(function_make(&m_code, globals, NULL, NULL, NULL)));
    return keep(call(keep(type_new("C", &Object_Type, dict))));
}
static Object *method(void) {
    return keep(get(instance(), "m"));
}
static Object *partial(Object *func, Object *first) {
    return keep(partial_new(func, &first, first ? 1 : 0, NULL));
}
static Object *kind_function(void) {
    return function("a=1");
}
static Object *kind_partial(void) {
    return partial(OBJECT(&Int_Type), number(1));
}
static Object *kind_code(void) {
    return keep(get(function("a"), "__code__"));
}
static Object *kind_cell(void) {
    return keep(make_cell(number(1)));
}

static const struct {
    const char *kind;
    Object *(*make)(void);
    const char *const *names;
} KINDS[] = {
    {"function", kind_function,
     NAMES("x", "__name__", "__qualname__", "__doc__", "__module__", "__defaults__",
           "__kwdefaults__", "__annotations__", "__closure__", "__globals__", "__code__",
           "__dict__")},
    {"partial", kind_partial, NAMES("x", "__dict__", "func", "args", "keywords")},
    {"method", method, NAMES("x", "__func__", "__self__")},
    {"code", kind_code,
     NAMES("x", "co_name", "co_argcount", "co_varnames", "co_freevars", "co_cellvars")},
    {"cell", kind_cell, NAMES("x", "cell_contents")},
    {"instance", instance, NAMES("x", "__dict__")},
};

static void attributes(void) {
    for (int k = 0; k < LENGTH(KINDS); k++) {
        for (const char *const *name = KINDS[k].names; *name; name++) {
            Object *op = KINDS[k].make();
            if (k < LENGTH(KINDS) - 1 || **name == 'x')
                say(done(object_setattr_string(op, *name, NULL)), "del %s.%s", KINDS[k].kind,
                    *name);
            say(done(object_setattr_string(op, *name, number(5))), "%s.%s = 5", KINDS[k].kind,
                *name);
            say(done(object_setattr_string(op, *name, text("a"))), "%s.%s = 'a'", KINDS[k].kind,
                *name);
        }
    }
}

/* ---- Closures --------------------------------------------------------------------------------*/

static Object *first_free(Function *self, Object *const *locals) {
    (void)locals;
    return load_deref(self, 0);
}
static Object *first_local(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}
static Object *up_body(Function *self, Object *const *locals) {
    (void)locals;
    Object *old = load_deref(self, 0);
    int status = store_deref(self, 0, old ? int_from_long(((Int *)old)->value + 1) : NULL);
    xdecref(old);
    return status < 0 ? NULL : load_deref(self, 0);
}
static Code inner_code = {CODE("inner"), .qualname = "outer.<locals>.middle.<locals>.inner",
                          .freevars = NAMES("x"), .body = first_free};
static Object *middle_body(Function *self, Object *const *locals) {
    (void)locals;
    return function_make(&inner_code, self->globals, NULL, NULL,
                         (Tuple *)tuple_pack(1, load_closure(self, 0)));
}
static Code late_code = {CODE("<lambda>"), .freevars = NAMES("i"), .body = first_free};
static Code early_code = {CODE("<lambda>"), .argcount = 1, .varnames = NAMES("i"),
                          .body = first_local};
static Code up_code = {CODE("up"), .freevars = NAMES("n"), .body = up_body};
static Code get_code = {CODE("get"), .freevars = NAMES("n"), .body = first_free};
static Code middle_code = {CODE("middle"), .freevars = NAMES("x"), .body = middle_body};
static Code outer_code = {CODE("outer"), .cellvars = NAMES("x")};

static Function *closure(Code *code, Cell *cell) {
    return keep(function_make(code, globals, NULL, NULL, (Tuple *)tuple_pack(1, cell)));
}
static Cell *cell_of(Function *function) {
    return (Cell *)function->closure->items[0];
}

static void late(void) {
    Function *made[6];
    Cell *i = keep(make_cell(NULL));
    for (int n = 0; n < 3; n++) {
        set(i, "cell_contents", number(n));
        made[2 * n] = closure(&late_code, i);
        made[2 * n + 1] = keep(
            function_make(&early_code, globals, (Tuple *)tuple_pack(1, number(n)), NULL, NULL));
    }
    for (int n = 0; n < 6; n++) {
        say(call(made[n]), "late %d", n);
        say(get(made[n]->code, "co_freevars"), "late %d freevars", n);
        say(get(made[n], "__defaults__"), "late %d defaults", n);
    }
}

static void counters(void) {
    static const int order[] = {0, 1, 0, 0, 1};
    Function *pairs[2][2];
    for (int i = 0; i < 2; i++) {
        Cell *n = keep(make_cell(number(10 * i)));
        pairs[i][0] = closure(&up_code, n);
        pairs[i][1] = closure(&get_code, n);
    }
    for (int o = 0; o < LENGTH(order); o++) {
        int i = order[o];
        say(call(pairs[i][0]), "up %d", i);
        say(call(pairs[i][1]), "get %d", i);
        say(get(cell_of(pairs[i][1]), "cell_contents"), "cell %d", i);
    }
    Cell *cells[] = {cell_of(pairs[0][0]), cell_of(pairs[1][0])};
    say(boolean(cells[0] == cell_of(pairs[0][1])), "shared");
    say(boolean(cells[0] == cells[1]), "of two calls");
    for (int again = 0; again < 2; again++) {
        say(boolean(object_rich_equal(OBJECT(cells[0]), OBJECT(cells[1])) == 1), "equal cells");
        set(cells[1], "cell_contents", keep(float_from_double(3)));
    }
    say(object_hash(OBJECT(cells[0])) == -1 ? NULL : new_ref(None), "hash of a cell");
    say(get(function(""), "__closure__"), "no closure");
}

static void outer(void) {
    Cell *x = keep(make_cell(NULL));
    Function *middle = closure(&middle_code, x), *inner = keep(call(middle));
    say(call(inner), "empty");
    say(get(cell_of(inner), "cell_contents"), "empty cell");
    set(x, "cell_contents", number(7));
    say(call(inner), "full");
    say(get(cell_of(inner), "cell_contents"), "full cell");
    say(boolean(cell_of(inner) == cell_of(middle)), "the same cell");
    say(get(middle->code, "co_freevars"), "freevars of middle");
    say(get(middle->code, "co_cellvars"), "cellvars of middle");
    say(get(inner->code, "co_freevars"), "freevars of inner");
    say(get(&outer_code, "co_cellvars"), "cellvars of outer");
    say(get(inner, "__qualname__"), "qualname");
    set(cell_of(inner), "cell_contents", number(8));
    say(call(inner), "set through the cell");
    set(cell_of(inner), "cell_contents", NULL);
    say(call(inner), "emptied");
}

static void closures(void) {
    late();
    counters();
    outer();
}

/* ---- Stacks ----------------------------------------------------------------------------------*/

static void step(const char *what, const char *name) {
    printf("  %s %s\n", what, name);
}

/* def wrapper(*args, **kwargs), free: f, name */
static Object *wrapper_body(Function *self, Object *const *locals) {
    Object *f = load_deref(self, 0), *name = load_deref(self, 1), *result = NULL;
    if (f && name) {
        step("call", ((Str *)name)->text);
        result = object_call(f, (Tuple *)locals[0], (Dict *)locals[1]);
        if (result) step("leave", ((Str *)name)->text);
    }
    xdecref(f);
    xdecref(name);
    return result;
}
static Code wrapper_code = {CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                            .varnames = NAMES("args", "kwargs"), .freevars = NAMES("f", "name"),
                            .body = wrapper_body};

/* def apply(f), free: name */
static Object *apply_body(Function *self, Object *const *locals) {
    Str *name = (Str *)((Cell *)load_closure(self, 0))->ref;
    Object *told = keep(get(locals[0], "__name__"));
    printf("  apply %s to %s\n", name->text, ((Str *)told)->text);
    if (strcmp(name->text, "bad") == 0) {
        error_set(ValueError, "bad");
        return NULL;
    }
    Tuple *cells = (Tuple *)tuple_pack(2, keep(make_cell(locals[0])), load_closure(self, 0));
    Object *wrapper = keep(function_make(&wrapper_code, self->globals, NULL, NULL, cells));
    return object_call_args(keep(wraps(locals[0])), 1, wrapper);
}
static Code apply_code = {CODE("apply"), .argcount = 1, .varnames = NAMES("f"),
                          .freevars = NAMES("name"), .body = apply_body};

/* What `@decorator(names[0]) ... def f(p=..., *, q=...)` does: the function, or NULL. */
static Object *define(const char *const *names) {
    Object *decorators[4];
    int n = 0;
    for (; names[n]; n++) {
        step("evaluate", names[n]);
        decorators[n] = OBJECT(closure(&apply_code, keep(make_cell(text(names[n])))));
    }
    Function *f = function_named("p=1, *, q=2", "f");
    step("default", "p");
    step("default", "q");
    Object *result = OBJECT(f);
    while (result && n-- > 0) {
        result = object_call_args(decorators[n], 1, result);
        if (result) keep(result);
    }
    return result;
}

static const char *const *const STACKS[] = {NAMES("a"), NAMES("a", "b"), NAMES("a", "b", "c"),
                                            NAMES("a", "bad", "c"), NAMES("bad", "b")};

static void stacks(void) {
    static const char *const calls[] = {"", "3", "q=4", "x=5"};
    for (int i = 0; i < LENGTH(STACKS); i++) {
        printf("stack");
        for (const char *const *name = STACKS[i]; *name; name++)
            printf(" %s", *name);
        puts("");
        Object *f = define(STACKS[i]);
        say(f ? new_ref(None) : NULL, "define");
        puts(f ? "bound" : "not bound");
        for (int c = 0; f && c < LENGTH(calls); c++)
            say(signature_call(f, calls[c]), "f(%s)", calls[c]);
        while (f) {
            Function *self = (Function *)f;
            printf("%s ", self->name->text);
            object_print(keep(get(self->code, "co_freevars")), stdout, false);
            f = self->dict ? dict_get_item(self->dict, str_intern("__wrapped__")) : NULL;
            printf(" %s [%s]\n", self->code->name, f ? "'__wrapped__'" : "");
        }
    }
}

/* ---- wraps -----------------------------------------------------------------------------------*/

static void wrap_told(Object *plain, Object *told) {
    static const char *const fields[] = {"__module__", "__name__", "__qualname__", "__doc__"};
    Object *both[] = {plain, told};
    for (int i = 0; i < 2; i++) {
        Object *wrapper = OBJECT(function_named("*args", "wrapper"));
        set(wrapper, "tag", number(2));
        set(wrapper, "own", number(3));
        Object *result = keep(object_call_args(keep(wraps(both[i])), 1, wrapper));
        say(boolean(result == wrapper), "wraps");
        for (int f = 0; f < LENGTH(fields); f++)
            say(get(wrapper, fields[f]), "%s", fields[f]);
        Object *annotations = keep(get(wrapper, "__annotations__"));
        say(new_ref(annotations), "__annotations__");
        say(boolean(annotations == keep(get(both[i], "__annotations__"))), "the same annotations");
        const Dict *dict = ((Function *)wrapper)->dict;
        bool same = dict->size == 3 && strcmp(dict->items[0].name->text, "tag") == 0 &&
                    strcmp(dict->items[1].name->text, "own") == 0 &&
                    strcmp(dict->items[2].name->text, "__wrapped__") == 0;
        say(boolean(same), "attributes");
        say(get(wrapper, "tag"), "tag");
        say(get(wrapper, "own"), "own");
        say(boolean(keep(get(wrapper, "__wrapped__")) == both[i]), "__wrapped__");
    }
}

static void wrapping(void) {
    printf("assigned");
    for (const char *const *name = WRAPPER_ASSIGNMENTS; *name; name++)
        printf(" %s", *name);
    puts("");
    Object *plain = OBJECT(function_named("a", "plain")),
           *told = OBJECT(function_named("a", "told"));
    set(told, "__doc__", text("It is told."));
    set(told, "__module__", text("elsewhere"));
    set(told, "__qualname__", text("Somewhere.told"));
    set(told, "tag", number(1));
    set(told, "__wrapped__", plain);
    Dict *annotations = keep(dict_new());
    dict_set_item(annotations, str_intern("a"), number(1));
    set(told, "__annotations__", OBJECT(annotations));
    wrap_told(plain, told);
    Object *others[] = {partial(told, NULL), method(), keep(get(told, "__code__")), number(5)};
    for (int i = 0; i < LENGTH(others); i++) {
        Object *wrapper = OBJECT(function_named("*args", "wrapper"));
        Object *result = keep(object_call_args(keep(wraps(others[i])), 1, wrapper));
        say(boolean(result == wrapper), "wraps another");
        say(get(wrapper, "__name__"), "its name");
        say(get(wrapper, "__qualname__"), "its qualname");
    }
    say(object_call_args(keep(wraps(plain)), 1, number(5)), "wraps onto an int");
    say(call(keep(wraps(plain))), "wraps nothing");
}

/* ---- partial ---------------------------------------------------------------------------------*/

/* partial(func, text), "1, k=4". */
static Partial *partial_of(void *func, const char *arguments) {
    Object *maker = partial(OBJECT(&Partial_Type), func);
    return keep(signature_call(maker, arguments));
}

static void partials(void) {
    static const char *const calls[] = {"", "8", "8, k=9", "z=1, y=2", "a=1"};
    Object *f = function("a, b=2, *args, k=3, **kw");
    Partial *p = partial_of(partial_of(partial_of(f, "1"), "2, w=9, k=4"), "5, k=6, z=7");
    say(boolean(p->func == f), "func");
    say(get(p, "args"), "args");
    say(get(p, "keywords"), "keywords");
    for (int c = 0; c < LENGTH(calls); c++)
        say(signature_call(OBJECT(p), calls[c]), "p(%s)", calls[c]);
    Object *named = OBJECT(partial_of(f, "1"));
    set(named, "x", number(1));
    say(boolean(partial_of(named, "2")->func == named), "with an attribute");
    say(signature_call(OBJECT(partial_of(named, "2")), "3"), "and its result");
    Object *integer = OBJECT(&Int_Type);
    Partial *tuple = (Partial *)partial(integer, keep(tuple_new(0)));
    dict_set_item(tuple->keywords, str_intern("x"), number(1));
    Partial *last = partial_of(integer, "1");
    dict_set_item(last->keywords, str_intern("y"), text("a"));
    say(new_ref(partial_of(integer, "")), "repr");
    say(new_ref(partial_of(integer, "1, 2")), "repr");
    say(new_ref(tuple), "repr");
    say(new_ref(last), "repr");
    Partial *loop = partial_of(integer, "1");
    dict_set_item(loop->keywords, str_intern("me"), OBJECT(loop));
    say(new_ref(loop), "repr inside itself");
    dict_set_item(loop->keywords, str_intern("me"), OBJECT(loop->keywords));
    say(new_ref(loop), "dict inside itself");
    dict_clear(loop->keywords);
    say(object_call_args(OBJECT(&Partial_Type), 1, number(5)), "not callable");
    say(call(&Partial_Type), "nothing");
    say(call(partial(method(), NULL)), "of a method");
    say(call(partial(method(), number(1))), "too many");
}

/* ---- Changes ---------------------------------------------------------------------------------*/

static Object *call_free(Function *self, Object *const *locals) {
    Object *f = load_deref(self, 0);
    Object *result = f ? object_call(f, (Tuple *)locals[0], (Dict *)locals[1]) : NULL;
    xdecref(f);
    return result;
}
static Object *call_global(Function *self, Object *const *locals) {
    (void)locals;
    Object *f = load_global(self, "endless"), *result = f ? call(f) : NULL;
    xdecref(f);
    return result;
}
static Code ping_code = {CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                         .varnames = NAMES("args", "kwargs"), .freevars = NAMES("target"),
                         .body = call_free};
static Code endless_code = {CODE("endless"), .body = call_global};

static void changes(void) {
    static const int sizes[] = {0, 1, 3, 5, -1};
    static const char *const calls[] = {"", "7", "7, 8, 9", "7, 8, 9, 10", "c=6"};
    Object *f = function("a, b=2"), *g = OBJECT(function_named("a, b, c=5", "g"));
    say(signature_call(f, "1"), "before");
    set(f, "__code__", keep(get(g, "__code__")));
    say(signature_call(f, "1"), "other code");
    say(get(f, "__name__"), "its name");
    say(get(keep(get(f, "__code__")), "co_name"), "code's name");
    for (int i = 0; i < LENGTH(sizes); i++) {
        Object *items[] = {number(1), number(2), number(3), number(4), number(5)};
        Object *defaults = sizes[i] < 0 ? None : keep(tuple_from_array(items, sizes[i]));
        set(f, "__defaults__", defaults);
        for (int c = 0; c < LENGTH(calls); c++) {
            object_print(defaults, stdout, false);
            say(signature_call(f, calls[c]), " f(%s)", calls[c]);
        }
    }
    Dict *kwdefaults = keep(dict_new());
    dict_set_item(kwdefaults, str_intern("a"), number(4));
    set(f, "__kwdefaults__", OBJECT(kwdefaults));
    say(call(f), "no keyword-only ones");
    Function *up = closure(&up_code, keep(make_cell(number(0))));
    say(done(object_setattr_string(f, "__code__", OBJECT(&up_code))), "more cells");
    say(done(object_setattr_string(OBJECT(up), "__code__", keep(get(f, "__code__")))),
        "fewer cells");
    Object *endless = keep(function_make(&endless_code, globals, NULL, NULL, NULL));
    dict_set_item(globals, str_intern("endless"), endless);
    say(call(endless), "endless");
    dict_del_item(globals, str_intern("endless"));
    Cell *target = keep(make_cell(NULL));
    Function *ping = closure(&ping_code, target);
    set(target, "cell_contents", OBJECT(ping));
    say(call(ping), "through a cell");
    set(target, "cell_contents", NULL);
    say(call(function("")), "and after");
}

int main(void) {
    static void (*const parts[])(void) = {grid,     attributes, closures, stacks,
                                          wrapping, partials,   changes};
    globals = dict_new();
    Object *name = str_from_string("__main__");
    dict_set_item(globals, str_intern("__name__"), name);
    decref(name);
    for (int i = 0; i < LENGTH(parts); i++) {
        parts[i]();
        tidy();
    }
    decref(globals);
    return 0;
}
