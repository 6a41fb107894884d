/* demo.c: classbased_demo: what is called, what is bound, and who decides; told by runs. */
#include "demo.h"

/* ---- What the scenes write their programs with ------------------------------------------------*/

Dict *globals;

void begin_module(void) {
    Object *name = need(str_from_string("__main__"));
    globals = need(dict_new());
    must(dict_set_item(globals, need(str_intern("__name__")), name));
    decref(name);
}

void end_module(void) {
    dict_clear(globals);
    clear_ref(globals);
}

Object *def(Code *code) {
    return need(function_make(code, globals, NULL, NULL, NULL));
}

Type *make_class(const char *name, Type *base, const Attribute *attributes) {
    Dict *dict = need(dict_new());
    for (; attributes->name; attributes++)
        must(class_define(dict, attributes->name, attributes->value));
    Type *type = need(type_new(name, base, dict));
    decref(dict);
    return type;
}

Object *get(void *op, const char *name) {
    return object_getattr_string(op, name);
}

void set(const char *statement, void *op, const char *name, Object *value) {
    int status = object_setattr_string(op, name, value);
    xdecref(value);
    if (status < 0)
        show(statement, NULL);
    else if (statement)
        printf("  %s\n", statement);
}

/* Takes the reference to func. */
static Object *call(Object *func, Object *arg) {
    Object *result = func ? object_vectorcall(func, &arg, arg ? 1 : 0, NULL) : NULL;
    xdecref(func);
    return result;
}

Object *decorated(void *decorator, Object *func) {
    Object *result = need(object_call_args(OBJECT(decorator), 1, func));
    decref(func);
    return result;
}

void describe(Object *op, FILE *out) {
    const Type *type = op->type;
    if (type == &Method_Type) {
        const Method *method = (Method *)op;
        fputs("method (", out);
        describe(method->func, out);
        fputs(", ", out);
        describe(method->self, out);
        putc(')', out);
    } else if (type == &Function_Type) {
        fprintf(out, "function %s", ((Function *)op)->name->text);
    } else if (type->repr) {
        must(object_print(op, out, false));
    } else {
        fprintf(out, "%s object", type->name);
    }
}

void show(const char *expression, Object *result) {
    bool below = !result && strlen(error_message()) > 36;
    printf(below ? "  %s\n  " : "  %-25s ", expression);
    if (result) {
        describe(result, stdout);
        putchar('\n');
        decref(result);
    } else {
        error_print(stdout);
    }
}

/* ---- call -------------------------------------------------------------------------------------*/

static Object *hello_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_format("hello %s", ((Str *)locals[1])->text);
}
static Object *bye_body(Function *self, Object *const *locals) {
    int last = self->code->argcount - 1; // with or without a self in front
    return str_from_format("bye %s", ((Str *)locals[last])->text);
}
static Code hello_code = {CODE("__call__"), .qualname = "Greeter.__call__", .argcount = 2,
                          .varnames = NAMES("self", "name"), .body = hello_body};
static Code bye_code = {CODE("bye"), .argcount = 1, .varnames = NAMES("name"), .body = bye_body};
static Code bye_self_code = {CODE("bye_self"), .argcount = 2, .varnames = NAMES("self", "name"),
                             .body = bye_body};

static void scene_call(void) {
    begin_module();
    Object *ann = need(str_from_string("ann"));
    Type *type =
        make_class("Greeter", &Object_Type, (Attribute[]){{"__call__", def(&hello_code)}, {0}});
    Object *g = need(object_call_args(OBJECT(type), 0));
    puts("class Greeter:\n"
         "    def __call__(self, name): return 'hello ' + name\n"
         "g = Greeter()\n");
    show("g('ann')", call(new_ref(g), ann));
    set("g.__call__ = bye", g, "__call__", def(&bye_code));
    step("the instance has a __call__ of its own now: whose is called?");
    show("g('ann')", call(new_ref(g), ann));
    show("g.__call__('ann')", call(get(g, "__call__"), ann));
    set("Greeter.__call__ = bye_self", type, "__call__", def(&bye_self_code));
    step("and if the class gets another?");
    show("g('ann')", call(new_ref(g), ann));
    set("del Greeter.__call__", type, "__call__", NULL);
    show("g('ann')", call(new_ref(g), ann));
    printf("  %-25s %s\n", "callable(g)", object_is_callable(g) ? "True" : "False");
    puts("\nA call looks into a cell of the type. slot_tp_call(), which is there while the\n"
         "class has a __call__, looks that up on the class. Nobody asks the instance.");
    decref(g);
    decref(type);
    decref(ann);
    end_module();
}

/* ---- state ------------------------------------------------------------------------------------*/

static Object *greet_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_format("hi %s", ((Str *)locals[0])->text);
}
static Code greet_code = {CODE("greet"), .doc = "Says hi.", .argcount = 1,
                          .varnames = NAMES("name"), .body = greet_body};

static void scene_state(void) {
    begin_module();
    Object *ann = need(str_from_string("ann"));
    Type *type = need(count_calls_make(globals, true));
    Object *greet = decorated(type, def(&greet_code)), *bye = decorated(type, def(&bye_code));
    puts("@CountCalls                          @CountCalls\n"
         "def greet(name): 'Says hi.' ...      def bye(name): ...\n");
    show("greet", new_ref(greet));
    show("greet('ann')", call(new_ref(greet), ann));
    show("greet('ann')", call(new_ref(greet), ann));
    step("where is the count, and is there one or two?");
    show("greet.calls", get(greet, "calls"));
    show("bye.calls", get(bye, "calls"));
    set("greet.calls = 0", greet, "calls", need(int_from_long(0)));
    show("greet.calls", get(greet, "calls"));
    puts("\nIts dict is the state, and what update_wrapper() copied beside it:\n");
    Dict *dict = need(object_dict(greet));
    for (ssize_t i = 0; i < dict->size; i++) {
        printf("  %-25s ", dict->items[i].name->text);
        describe(dict->items[i].value, stdout);
        putchar('\n');
    }
    decref(greet);
    decref(bye);
    decref(type);
    decref(ann);
    end_module();
}

/* ---- method -----------------------------------------------------------------------------------*/

static Object *account_init_body(Function *self, Object *const *locals) {
    Object *zero = int_from_long(0);
    bool failed = !zero || object_setattr_string(locals[0], "name", locals[1]) < 0 ||
                  object_setattr_string(locals[0], "total", zero) < 0;
    (void)self;
    xdecref(zero);
    return failed ? NULL : new_ref(None);
}
static Object *account_repr_body(Function *self, Object *const *locals) {
    (void)self;
    return get(locals[0], "name");
}
static Object *deposit_body(Function *self, Object *const *locals) {
    (void)self;
    Object *total = get(locals[0], "total");
    Object *sum = total ? int_from_long(((Int *)total)->value + ((Int *)locals[1])->value) : NULL;
    if (sum && object_setattr_string(locals[0], "total", sum) < 0) clear_ref(sum);
    xdecref(total);
    return sum;
}
Code account_init_code = {CODE("__init__"), .qualname = "Account.__init__", .argcount = 2,
                          .varnames = NAMES("self", "name"), .body = account_init_body};
Code account_repr_code = {CODE("__repr__"), .qualname = "Account.__repr__", .argcount = 1,
                          .varnames = NAMES("self"), .body = account_repr_body};
static Code deposit_code = {CODE("deposit"), .qualname = "Account.deposit", .argcount = 2,
                            .varnames = NAMES("self", "amount"), .body = deposit_body};

Object *account_new(Type *type, const char *name) {
    Object *text = need(str_from_string(name));
    Object *self = need(object_call_args(OBJECT(type), 1, text));
    decref(text);
    return self;
}

Type *decorated_account(bool binds) {
    Type *counts = need(count_calls_make(globals, binds));
    Type *type = make_class("Account", &Object_Type,
                            (Attribute[]){{"__init__", def(&account_init_code)},
                                          {"__repr__", def(&account_repr_code)},
                                          {"deposit", decorated(counts, def(&deposit_code))},
                                          {0}});
    decref(counts);
    return type;
}

static void scene_method(void) {
    begin_module();
    Object *ten = need(int_from_long(10));
    puts("class Account:                         # a = Account('a'), b = Account('b')\n"
         "    @CountCalls\n"
         "    def deposit(self, amount): self.total += amount; return self.total\n");
    for (int binds = 0; binds <= 1; binds++) {
        Type *type = decorated_account(binds);
        Object *a = account_new(type, "a"), *b = account_new(type, "b");
        printf("CountCalls %s __get__\n", binds ? "with a" : "without");
        if (!binds) step("it has a __call__ and no __get__: what does a.deposit(10) say?");
        show("a.deposit", get(a, "deposit"));
        show("a.deposit(10)", call(get(a, "deposit"), ten));
        show("Account.deposit", get(type, "deposit"));
        Object *found = need(get(type, "deposit"));
        show("Account.deposit(a, 10)", object_call_args(found, 2, a, ten));
        if (!binds) step("and with `def __get__(self, obj, type): MethodType(self, obj)`?");
        if (binds) step("b is another instance: has its deposit a count of its own?");
        if (binds) show("b.deposit(10)", call(get(b, "deposit"), ten));
        if (binds) show("Account.deposit.calls", get(found, "calls"));
        decref(found);
        decref(a);
        decref(b);
        decref(type);
    }
    puts("\nWithout it 10 becomes `self`. What is found in the class is handed out as it is,\n"
         "unless its type has __get__: functions have one, a class must be given one.");
    decref(ten);
    end_module();
}

/* ---- kinds ------------------------------------------------------------------------------------*/

/* def f(*args): return args */
static Object *echo_body(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}
static Code echo_code = {CODE("f"), .flags = CO_VARARGS, .varnames = NAMES("args"),
                         .body = echo_body};

static void scene_kinds(void) {
    begin_module();
    static const char *const what[] = {"nothing", "@staticmethod", "@classmethod",
                                       "@CountCalls, no __get__", "@CountCalls, __get__"};
    Object *one = need(int_from_long(1));
    puts("In a class C, `def f(*args): return args`, with this above it; c is an instance.");
    for (int i = 0; i < 5; i++) {
        if (i == 1) step("what do c.f and C.f give if it is a staticmethod, a classmethod?");
        if (i == 3) step("and below a class of one's own?");
        Object *f = def(&echo_code);
        if (i == 1) f = decorated(&StaticMethod_Type, f);
        if (i == 2) f = decorated(&ClassMethod_Type, f);
        if (i >= 3) {
            Type *counts = need(count_calls_make(globals, i == 4));
            f = decorated(counts, f);
            decref(counts);
        }
        Type *type = make_class("C", &Object_Type,
                                (Attribute[]){{"__init__", def(&account_init_code)},
                                              {"__repr__", def(&account_repr_code)},
                                              {"f", f},
                                              {0}});
        Object *c = account_new(type, "c");
        printf("\n%s\n", what[i]);
        show("c.f", get(c, "f"));
        show("C.f", get(type, "f"));
        show("c.f(1)", call(get(c, "f"), one));
        show("C.f(1)", call(get(type, "f"), one));
        decref(c);
        decref(type);
    }
    decref(one);
    end_module();
}

/* ---- counted ----------------------------------------------------------------------------------*/

/* How many of 1000 calls had their arguments packed; takes the reference to callee. */
static void count(const char *what, Object *callee, Object *arg) {
    unsigned long before = object_tp_calls;
    for (int i = 0; i < 1000; i++)
        decref(need(object_vectorcall(callee, &arg, 1, NULL)));
    printf("  %-45s %4lu\n", what, object_tp_calls - before);
    decref(callee);
}

static void scene_counted(void) {
    begin_module();
    Object *ann = need(str_from_string("ann"));
    Type *counts = need(count_calls_make(globals, true));
    Type *type = make_class("C", &Object_Type,
                            (Attribute[]){{"f", def(&echo_code)},
                                          {"counted", decorated(counts, def(&echo_code))},
                                          {0}});
    Object *c = need(object_call_args(OBJECT(type), 0));
    puts("1000 calls with one argument, each through its way. How many of them found no\n"
         "`vectorcall` in the type and packed the argument into a tuple? (object_tp_calls)\n");
    count("f(x)", def(&echo_code), ann);
    count("c.f(x), a bound method", need(get(c, "f")), ann);
    count("@singledispatch", decorated(&singledispatch_builtin, def(&echo_code)), ann);
    step("below a class with __call__: how many?");
    count("@CountCalls", decorated(counts, def(&echo_code)), ann);
    count("c.counted(x), the same below a bound method", need(get(c, "counted")), ann);
    step("and two of them on top of one another: twice as many?");
    count("@CountCalls @CountCalls", decorated(counts, decorated(counts, def(&echo_code))), ann);
    puts("\nWhat is packed stays packed: `return self.func(*args, **kwargs)` hands the tuple\n"
         "on, and the inner one's cell, `call`, wants a tuple.");
    decref(c);
    decref(type);
    decref(counts);
    decref(ann);
    end_module();
}

/* ---- The program ------------------------------------------------------------------------------*/

static bool later;
static const char *dot;

static int work(int count, char **operands) {
    if (dot) return demo_draw(dot);
    if (count != 1) return usage_error(telling.demo->program, "one FILE is wanted; see --help");
    return demo_literals(operands[0], later);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"call", "Who is asked when an instance is called", scene_call, NULL, false},
        {"state", "A decorator with a memory", scene_state, NULL, false},
        {"method", "Why it breaks on a method, and what mends it", scene_method,
         "what a.deposit is, before it is called", false},
        {"kinds", "What c.f and C.f give", scene_kinds, NULL, false},
        {"property", "property: a function behind an attribute", scene_property, NULL, false},
        {"cached", "cached_property: the dict comes first", scene_cached, NULL, false},
        {"cells", "The cells behind all of them", scene_cells, NULL, false},
        {"dispatch", "singledispatch: a function for each class", scene_dispatch, NULL, false},
        {"counted", "How often arguments are packed", scene_counted, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--register",
         .about = "then registers three more classes and prints FILE again",
         .flag = &later},
        {.name = "--dot",
         .takes = "method|cells",
         .about = "draws where a.deposit goes, or the cells, for Graphviz",
         .text = &dot,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "classbased_demo",
        .about = "FILE (- for standard input) has a literal on each line: 1, 2.5, 'a', (1, 'b'),\n"
                 "None, True. Each is printed by the function that singledispatch has for it.",
        .operands = "FILE",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
