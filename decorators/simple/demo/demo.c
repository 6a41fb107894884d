/* demo.c: the story of a decorator: what @ rewrites, what a function is made of, where its
 * variables are. */
#include "demo.h"

/* ---- Small helpers ---------------------------------------------------------------------------*/

Dict *module_globals(void) {
    static Dict *globals;
    if (!globals) {
        globals = need(dict_new());
        bind("__name__", text("__main__"));
    }
    return globals;
}

void bind(const char *name, Object *value) {
    must(dict_set_item(module_globals(), need(str_intern(name)), need(value)));
    decref(value);
}

Object *bound(const char *name) {
    return dict_get_item(module_globals(), need(str_intern(name)));
}

Object *integer(int64_t value) {
    return need(int_from_long(value));
}

Object *text(const char *utf8) {
    return need(str_from_string(utf8));
}

void print(void *op) {
    must(object_print(OBJECT(op), stdout, false));
}

/* What failed, and the pending error; where both do not fit on a line it goes on below. */
static void tell_error(const char *what) {
    char line[400];
    snprintf(line, sizeof line, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    char *rest = line;
    size_t column = 39;
    if (column + strlen(line) <= 80)
        printf("    %-34s ", what);
    else
        printf("    %s\n%*s", what, (int)(column = 6), "");
    while (column + strlen(rest) > 80) {
        char *end = rest + 80 - column;
        while (*end != ' ')
            end--;
        printf("%.*s\n%*s", (int)(end - rest), rest, (int)(column = 8), "");
        rest = end + 1;
    }
    puts(rest);
}

void tell(const char *what, Object *result) {
    if (!result) {
        tell_error(what);
        return;
    }
    printf("    %-34s ", what);
    print(result);
    putchar('\n');
    decref(result);
}

void tell_call(const char *what, Object *f, ssize_t nargs, ...) {
    Object *args[4];
    va_list given;
    va_start(given, nargs);
    for (ssize_t i = 0; i < nargs; i++)
        args[i] = OBJECT(va_arg(given, void *));
    va_end(given);
    tell(what, object_vectorcall(f, args, nargs, NULL));
}

void print_name(Object *op) {
    Object *name = object_getattr_string(op, "__name__");
    if (!name) error_clear();
    if (name)
        must(object_print(name, stdout, true));
    else
        print(op);
    xdecref(name);
}

Tuple *closure_of(ssize_t size, ...) {
    Tuple *closure = need(tuple_new(size));
    va_list values;
    va_start(values, size);
    for (ssize_t i = 0; i < size; i++)
        closure->items[i] = OBJECT(need(make_cell(OBJECT(va_arg(values, void *)))));
    va_end(values);
    return closure;
}

Object *make(Code *code, Tuple *closure) {
    return need(function_make(code, module_globals(), NULL, NULL, closure));
}

/* ---- at --------------------------------------------------------------------------------------*/

static void print_f(void) {
    Object *f = bound("f");
    printf("f is ");
    if (f && f->type == &Function_Type)
        printf("the bare function");
    else
        print(f);
}

/* What a decorator of this scene does: no function comes of it, but a text that says what was
 * done. */
static Object *apply(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)nargs, (void)kwnames;
    const char *name = ((Str *)self)->text;
    printf("%s is applied; ", name);
    print_f();
    putchar('\n');
    if (strcmp(name, "broken") == 0) {
        error_set(ValueError, "not this one");
        return NULL;
    }
    const char *inner = args[0]->type == &Str_Type ? ((Str *)args[0])->text : "function";
    return str_from_format("%s(%s)", name, inner);
}

/* a(), b(): the expression behind the @. It gives the decorator, and remembers its name. */
static Object *evaluate(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    printf("%s() is evaluated\n", ((Str *)self)->text);
    return builtin_new("decorator", apply, self);
}

/* One step of the program: the instructions of CPython 3.11, and what the call says of itself. */
static Object *traced(const char *bytecode, Object *f, Object *arg) {
    printf("    %-24s", bytecode);
    return object_vectorcall(f, &arg, arg ? 1 : 0, NULL);
}

static void store_f(Object *value) {
    bind("f", value);
    printf("    %-24s", "STORE_NAME f");
    print_f();
    putchar('\n');
}

static Object *f_body(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}

static Code f_code = {CODE("f"), .argcount = 1, .varnames = NAMES("x"), .body = f_body};

static Object *default_value(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    puts("default() is evaluated");
    return int_from_long(1);
}

static Builtin default_ = {{1, &Builtin_Type}, "default", default_value, NULL};

static Object *define_f(void) {
    Object *value = need(traced("LOAD_NAME default, CALL", OBJECT(&default_), NULL));
    Object *f =
        need(function_make(&f_code, module_globals(), (Tuple *)tuple_pack(1, value), NULL, NULL));
    printf("    %-24sa function, of the code f\n", "MAKE_FUNCTION");
    decref(value);
    return f;
}

static void statements(const char *first, const char *second, bool at) {
    char load[2][40];
    Object *factory[2], *decorator[2], *result = NULL;
    const char *names[] = {first, second};
    for (int i = 0; i < 2; i++) {
        Object *name = text(names[i]);
        snprintf(load[i], sizeof load[i], "LOAD_NAME %s, CALL", names[i]);
        factory[i] = need(builtin_new(names[i], evaluate, name));
        decref(name);
    }
    bind("f", text("an older f"));
    if (!at) store_f(define_f());
    for (int i = 0; i < 2; i++)
        decorator[i] = need(traced(load[i], factory[i], NULL));
    Object *function = at ? define_f() : new_ref(bound("f"));
    Object *inner = traced("CALL", decorator[1], function);
    if (inner) result = traced("CALL", decorator[0], inner);
    if (result) {
        store_f(result);
    } else {
        printf("    ");
        error_print(stdout);
        printf("    afterwards              ");
        print_f();
        putchar('\n');
    }
    xdecref(inner);
    decref(function);
    for (int i = 0; i < 2; i++) {
        decref(factory[i]);
        decref(decorator[i]);
    }
}

static void scene_at(void) {
    puts("    f = 'an older f'\n\n    @a()\n    @b()\n    def f(x=default()): ...\n\n"
         "Left what CPython 3.11 runs, right what happens. These decorators return a text,\n"
         "so that one can read what was done.");
    step("seven things happen: in which order?");
    putchar('\n');
    statements("a", "b", true);
    step("def f, then f = a()(b()(f)): what is different?");
    puts("\nThe same by hand: def f(x=default()): ...; f = a()(b()(f))\n");
    statements("a", "b", false);
    step("with @, b raises: what is f afterwards?");
    puts("\n@a() and @broken() above def f\n");
    statements("a", "broken", true);
    puts("\nEvaluated from the top, before the function is there; applied from the bottom;\n"
         "and the name is bound once, at the end, to whatever came back.");
}

/* ---- function --------------------------------------------------------------------------------*/

/* def add(x, y=default(), *, seen={}): seen[str(x)] = y; return x + y + n */
static Object *add_body(Function *self, Object *const *locals) {
    Object *n = load_deref(self, 0), *name = need(object_repr(locals[0]));
    if (!n) return NULL;
    must(dict_set_item((Dict *)locals[2], need(str_as_name((Str *)name)), locals[1]));
    Object *sum =
        int_from_long(((Int *)locals[0])->value + ((Int *)locals[1])->value + ((Int *)n)->value);
    decref(name);
    decref(n);
    return sum;
}

static Code add_code = {
    CODE("add"),
    .qualname = "outer.<locals>.add",
    .doc = "Sum of three.",
    .argcount = 2,
    .varnames = NAMES("x", "y", "seen"),
    .kwonlyargcount = 1,
    .freevars = NAMES("n"),
    .body = add_body,
};

/* def outer(n): def add...; return add */
static Object *outer(int64_t n) {
    printf("    outer(%d):  ", (int)n);
    Object *y = need(object_call_args(OBJECT(&default_), 0)), *number = integer(n);
    Dict *kwdefaults = need(dict_new()), *seen = need(dict_new());
    must(dict_set_item(kwdefaults, need(str_intern("seen")), OBJECT(seen)));
    Object *add = need(function_make(&add_code, module_globals(), (Tuple *)tuple_pack(1, y),
                                     kwdefaults, closure_of(1, number)));
    decref(number);
    decref(seen);
    decref(y);
    return add;
}

static void tell_code(const char *what, Object *f, const char *field) {
    Object *code = need(object_getattr_string(f, "__code__"));
    tell(what, object_getattr_string(code, field));
    decref(code);
}

static void scene_function(void) {
    puts("    def outer(n):\n        def add(x, y=default(), *, seen={}):\n"
         "            seen[str(x)] = y\n            return x + y + n\n        return add\n");
    Object *add = outer(10), *other = outer(20), *one = integer(1), *two = integer(2);
    step("which parts of add are the same in both?");
    puts("\n  in the code, compiled once:");
    tell_code("co_name", add, "co_name");
    tell_code("co_varnames", add, "co_varnames");
    tell_code("co_freevars", add, "co_freevars");
    puts("  in the function, put there when def ran:");
    tell("__qualname__", object_getattr_string(add, "__qualname__"));
    tell("__module__, from its globals", object_getattr_string(add, "__module__"));
    tell("__defaults__", object_getattr_string(add, "__defaults__"));
    tell("__kwdefaults__", object_getattr_string(add, "__kwdefaults__"));
    tell("__dict__", object_getattr_string(add, "__dict__"));
    print_closures((Object *[]){add, other}, (const char *[]){"__closure__", "the other's"}, 2);
    const Function *f = (Function *)add, *g = (Function *)other;
    printf("  the other has the same: code %s, globals %s, __defaults__ %s\n",
           f->code == g->code ? "yes" : "no", f->globals == g->globals ? "yes" : "no",
           f->defaults == g->defaults ? "yes" : "no");
    step("add(1), add(2): what is __kwdefaults__ then?");
    putchar('\n');
    tell_call("add(1)", add, 1, one);
    tell_call("add(2)", add, 1, two);
    tell("__kwdefaults__", object_getattr_string(add, "__kwdefaults__"));
    tell("the other's", object_getattr_string(other, "__kwdefaults__"));
    tell_call("add(1, 1, 1)", add, 3, one, one, one);
    puts("\nThe default is a value, computed when def ran, and kept in the function. Calls\n"
         "use it, none makes it. So a dict or a list there is shared by all calls: write\n"
         "seen=None, and make one inside.");
    decref(add);
    decref(other);
    decref(one);
    decref(two);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *drawing;
static bool logging, timing, counting;

static int work(int count, char **files) {
    if (drawing) return draw(drawing);
    if (count == 0) return usage_error(telling.demo->program, "no file is named; see --help");
    return demo_files(count, files, logging, timing, counting);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"at", "What @ rewrites", scene_at, "the order, and how often f is bound", false},
        {"function", "What is in a function", scene_function, NULL, false},
        {"cells", "Where a closure's variables are", scene_cells, NULL, false},
        {"loop", "Three functions, one variable", scene_loop, NULL, false},
        {"wraps", "A wrapper that looks like what it wraps", scene_wraps, NULL, false},
        {"stack", "Several decorators, and the way back", scene_stack, NULL, false},
        {"other", "Decorators that return something else", scene_other, NULL, false},
        {"partial", "Some of the arguments now", scene_partial, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--log", .about = "tell each call and what came of it", .flag = &logging},
        {.name = "--count", .about = "at the end: how often each was called", .flag = &counting},
        {.name = "--time", .about = "at the end: how long each took", .flag = &timing},
        {.name = "--dot",
         .takes = "WHAT",
         .about = "functions and cells, for Graphviz: decorated, loop",
         .text = &drawing,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "simple_demo",
        .about = "FILE...: lines and words of each, by functions that the options decorate;\n"
                 "- is standard input",
        .operands = "FILE...",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
