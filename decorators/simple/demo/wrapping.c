/* wrapping.c: scenes about what decorators return: wrappers with and without wraps(), stacks, other
 * things. */
#include "demo.h"

/* ---- Decorators ------------------------------------------------------------------------------*/

Object *wrapper_make(Code *code, Object *func, int counters) {
    Object *zero = integer(0);
    Tuple *closure = need(tuple_new(1 + counters));
    for (int i = 0; i <= counters; i++)
        closure->items[i] = OBJECT(need(make_cell(i ? zero : func)));
    decref(zero);
    return make(code, closure);
}

Object *pass_on(Function *self, Object *const *locals) {
    Object *func = load_deref(self, 0);
    Object *result = func ? object_call(func, (Tuple *)locals[0], (Dict *)locals[1]) : NULL;
    xdecref(func);
    return result;
}

#define WRAPPER(of, body_)                                                                         \
    {                                                                                              \
        CODE("wrapper"), .qualname = of ".<locals>.wrapper", .flags = CO_VARARGS | CO_VARKEYWORDS, \
                         .varnames = NAMES("args", "kwargs"), .freevars = NAMES("func"),           \
                         .body = body_                                                             \
    }

static Code plain_code = WRAPPER("plain", pass_on), wrapped_code = WRAPPER("wrapped", pass_on);

/* def plain(func): def wrapper(*args, **kwargs): return func(*args, **kwargs); return wrapper */
static Object *plain(Object *func) {
    return wrapper_make(&plain_code, func, 0);
}

/* The same with @wraps(func) above wrapper. */
static Object *wrapped(Object *func) {
    Object *wrapper = wrapper_make(&wrapped_code, func, 0), *decorator = need(wraps(func));
    Object *result = need(object_call_args(decorator, 1, wrapper));
    decref(decorator);
    decref(wrapper);
    return result;
}

/* ---- wraps -----------------------------------------------------------------------------------*/

static Object *greet_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_format("Hello, %s", ((Str *)locals[0])->text);
}

static Code greet_code = {CODE("greet"), .doc = "Say hello.", .argcount = 1,
                          .varnames = NAMES("name"), .body = greet_body};

/* def greet(name: str = 'you'): 'Say hello.'; greet.public = True */
static Object *greet_make(void) {
    Object *you = text("you");
    Object *greet =
        need(function_make(&greet_code, module_globals(), (Tuple *)tuple_pack(1, you), NULL, NULL));
    Dict *annotations = need(dict_new());
    must(dict_set_item(annotations, need(str_intern("name")), OBJECT(&Str_Type)));
    must(object_setattr_string(greet, "__annotations__", OBJECT(annotations)));
    must(object_setattr_string(greet, "public", True));
    decref(annotations);
    decref(you);
    return greet;
}

/* A field for a table: of a dict the keys, of a function its name, "-" if there is none. */
static void print_field(Object *function, const char *field, int width) {
    Object *value = object_getattr_string(function, field);
    char out[60] = "-";
    if (value && value->type == &Dict_Type) {
        const Dict *dict = (Dict *)value;
        size_t size = (size_t)snprintf(out, sizeof out, "{");
        for (ssize_t i = 0; i < dict->size; i++)
            size += (size_t)snprintf(out + size, sizeof out - size, "%s%s", i ? ", " : "",
                                     dict->items[i].name->text);
        snprintf(out + size, sizeof out - size, "}");
    } else if (value) {
        bool named = value->type == &Function_Type;
        Object *shown = named ? object_getattr_string(value, "__name__") : object_repr(value);
        snprintf(out, sizeof out, "%s", ((Str *)need(shown))->text);
        decref(shown);
    }
    printf(" %-*s", width, out);
    error_clear();
    xdecref(value);
}

static void compare(Object *const functions[3], const char *const *fields) {
    for (; *fields; fields++) {
        printf("  %-15s", *fields);
        print_field(functions[0], *fields, 15);
        print_field(functions[1], *fields, 24);
        print_field(functions[2], *fields, 0);
        putchar('\n');
    }
}

/* commands[func.__name__] = func, for two functions that `decorator` has wrapped. */
static void print_commands(const char *what, Object *(*decorator)(Object *)) {
    static Code start = {CODE("start"), .body = NULL}, stop = {CODE("stop"), .body = NULL};
    Dict *commands = need(dict_new());
    for (int i = 0; i < 2; i++) {
        Object *function = make(i ? &stop : &start, NULL), *wrapper = decorator(function);
        Object *name = need(object_getattr_string(wrapper, "__name__"));
        must(dict_set_item(commands, need(str_as_name((Str *)name)), name));
        decref(name);
        decref(wrapper);
        decref(function);
    }
    printf("    commands, %-23s", what);
    for (ssize_t i = 0; i < commands->size; i++)
        printf(" %s", commands->items[i].name->text);
    putchar('\n');
    decref(commands);
}

void scene_wraps(void) {
    puts(
        "    def greet(name: str = 'you'):          def plain(func):\n"
        "        'Say hello.'                           def wrapper(*args, **kwargs):\n"
        "    greet.public = True                            return func(*args, **kwargs)\n"
        "                                               return wrapper\n\n"
        "and `wrapped`, the same with @wraps(func) above wrapper. What does one see who\nlooks at the wrapper? Of dicts the keys:");
    Object *greet = greet_make();
    Object *functions[3] = {greet, plain(greet), wrapped(greet)};
    step("which of its fields speak of greet: without, and with wraps?");
    printf("\n  %-15s %-15s %-24s %s\n", "", "greet", "plain(greet)", "wrapped(greet)");
    compare(functions,
            (const char *const[]){"__module__", "__name__", "__qualname__", "__doc__",
                                  "__annotations__", "__dict__", "__wrapped__", "public", NULL});
    puts("  not copied:");
    compare(functions, (const char *const[]){"__defaults__", NULL});
    const Function *f = (Function *)greet, *g = (Function *)functions[2];
    printf("  the same object in both: __annotations__ %s, __dict__ %s\n",
           f->annotations == g->annotations ? "yes" : "no", f->dict == g->dict ? "yes" : "no");
    step("start and stop, registered by __name__: which commands are there?");
    putchar('\n');
    print_commands("@plain", plain);
    print_commands("@wrapped", wrapped);
    tell("plain(greet).public", object_getattr_string(functions[1], "public"));
    tell_call("plain(greet)()", functions[1], 0);
    tell_call("plain(greet)(1, 2)", functions[1], 2, True, True);
    puts("\nThe call is right with either; the last line names greet, as it is greet that\n"
         "binds. What breaks is whatever looks at the function and does not call it.");
    for (int i = 0; i < 3; i++)
        decref(functions[i]);
}

/* ---- stack -----------------------------------------------------------------------------------*/

static int depth;

/* A wrapper that says when it is entered and left, by the name of its decorator. */
static Object *say_around(Function *self, Object *const *locals) {
    const char *who = self->code->qualname;
    int length = (int)strcspn(who, ".");
    printf("    %*s%.*s: in\n", 4 * depth++, "", length, who);
    Object *result = pass_on(self, locals);
    printf("    %*s%.*s: out\n", 4 * --depth, "", length, who);
    return result;
}

static Code outer_code = WRAPPER("outer", say_around), inner_code = WRAPPER("inner", say_around);

static Object *work_body(Function *self, Object *const *locals) {
    (void)locals;
    printf("    %*s%s\n", 4 * depth, "", self->code->name);
    return new_ref(None);
}

static Code work_code = {CODE("work"), .body = work_body};

static Object *decorate(Code *code, Object *func) {
    Object *wrapper = wrapper_make(code, func, 0);
    printf("    %.*s is given %s\n", (int)strcspn(code->qualname, "."), code->qualname,
           ((Function *)func)->code->qualname ? ((Function *)func)->code->qualname : "work");
    must(update_wrapper(wrapper, func, NULL));
    return wrapper;
}

void scene_stack(void) {
    puts("    @outer\n    @inner\n    def work(): ...\n");
    step("who is given work, and whose code runs first when it is called?");
    puts("  decorated:");
    Object *function = make(&work_code, NULL);
    Object *inner = decorate(&inner_code, function), *outer = decorate(&outer_code, inner);
    puts("\n  called:");
    decref(need(object_call_args(outer, 0)));
    step("work.__wrapped__: which function is it?");
    puts("\n  the way back, by __wrapped__:");
    for (Object *f = new_ref(outer), *next; f; f = next) {
        printf("    __name__ ");
        print_name(f);
        const char *qualname = ((Function *)f)->code->qualname;
        printf(", its code %s\n", qualname ? qualname : "work");
        next = object_getattr_string(f, "__wrapped__");
        decref(f);
    }
    error_clear();
    must(object_setattr_string(inner, "mark", True));
    step("inner.mark = True, now: does work.mark find it?");
    putchar('\n');
    tell("the inner wrapper's mark", object_getattr_string(inner, "mark"));
    tell("work.mark", object_getattr_string(outer, "mark"));
    puts("\nApplied from the bottom, run from the top. Each wrapper has the next one in its\n"
         "cell, and in __wrapped__; what is in __dict__ was copied on the day.");
    decref(outer);
    decref(inner);
    decref(function);
}

/* ---- other -----------------------------------------------------------------------------------*/

static Object *answer_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    return int_from_long(42);
}

static Code answer_code = {CODE("answer"), .body = answer_body};

/* What each decorator of this scene does with the function: a new reference. */
static Object *forgets(Object *func) {
    (void)func;
    return new_ref(None);
}
static Object *at_once(Object *func) {
    return object_call_args(func, 0);
}
static Object *registers(Object *func) {
    must(object_setattr_string(func, "registered", True));
    return new_ref(func);
}
static Object *fixes(Object *func) {
    return partial_new(func, NULL, 0, NULL);
}
static Object *is_a_number(Object *func) {
    Object *five = integer(5), *result = object_call_args(five, 1, func);
    decref(five);
    return result;
}

void scene_other(void) {
    static const struct {
        const char *name, *what;
        Object *(*decorator)(Object *);
    } rows[] = {
        {"registers", "notes the function, returns it", registers},
        {"at_once", "calls it", at_once},
        {"fixes", "returns partial(func)", fixes},
        {"forgets", "has no return", forgets},
        {"5", "is a number", is_a_number},
    };
    puts("    @d\n    def answer(): return 42\n\nwith five d. What is `answer` then, and what is "
         "answer()?\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (i == 1) step("at_once calls the function: what is answer()?");
        if (i == 3) step("a decorator without return: what is answer()?");
        Object *function = make(&answer_code, NULL), *result = rows[i].decorator(function);
        printf("  @%s, which %s\n", rows[i].name, rows[i].what);
        if (!result) {
            tell("  the def statement", NULL);
        } else {
            printf("      %-32s ", "answer is a");
            puts(result == None ? "None" : result->type->name);
            tell_call("  answer()", result, 0);
            decref(result);
        }
        decref(function);
    }
    puts("\nAnything that can be called may be d, and anything at all may come of it. What\n"
         "is forgotten is noticed at the first call, far from the decorator.");
}

/* ---- partial ---------------------------------------------------------------------------------*/

static Object *say_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_format("%s, %s%s", ((Str *)locals[0])->text, ((Str *)locals[1])->text,
                           ((Str *)locals[2])->text);
}

static Code say_code = {CODE("say"), .argcount = 3, .varnames = NAMES("greeting", "name", "end"),
                        .body = say_body};

/* f('you', end=value) */
static Object *call_with_end(Object *f, const char *value) {
    Object *you = text("you"), *end = text(value);
    Tuple *names = need(tuple_pack(1, need(str_intern("end"))));
    Object *result = object_vectorcall(f, (Object *[]){you, end}, 1, names);
    decref(names);
    decref(end);
    decref(you);
    return result;
}

void scene_partial(void) {
    puts("    def say(greeting, name, end): return f'{greeting}, {name}{end}'\n"
         "    hello = partial(say, 'Hello', end='!')\n");
    Object *say = make(&say_code, NULL), *hello_text = text("Hello"), *you = text("you");
    Dict *keywords = need(dict_new());
    Object *mark = text("!");
    must(dict_set_item(keywords, need(str_intern("end")), mark));
    Object *hello = need(partial_new(say, &hello_text, 1, keywords));
    tell_call("hello('you')", hello, 1, you);
    step("hello('you', end='?'): an error, or which end?");
    tell("hello('you', end='?')", call_with_end(hello, "?"));
    tell_call("hello()", hello, 0);
    tell("hello.args", object_getattr_string(hello, "args"));
    tell("hello.keywords", object_getattr_string(hello, "keywords"));
    tell("hello.__name__", object_getattr_string(hello, "__name__"));
    step("partial(hello, 'you'): what is its func?");
    Object *inner = need(partial_new(hello, &you, 1, NULL)), *func;
    puts("\n  both = partial(hello, 'you')");
    func = need(object_getattr_string(inner, "func"));
    printf("    %-34s ", "both.func");
    print_name(func);
    putchar('\n');
    tell("both.args", object_getattr_string(inner, "args"));
    tell_call("both()", inner, 0);
    step("wraps(func) is a partial, too: of what?");
    Object *decorator = need(wraps(say));
    puts("\n  wraps(say)");
    tell("its type", new_ref(decorator->type));
    printf("    %-34s ", "its func");
    print_name(((Partial *)decorator)->func);
    printf("\n    %-34s", "its keywords");
    const Dict *given = ((Partial *)decorator)->keywords;
    for (ssize_t i = 0; i < given->size; i++) {
        printf(" %s=", given->items[i].name->text);
        print_name(given->items[i].value);
    }
    puts("\n\nA partial keeps the function, a tuple and a dict; a call adds its own behind the\n"
         "first and over the second.");
    decref(decorator);
    decref(func);
    decref(inner);
    decref(hello);
    decref(mark);
    decref(keywords);
    decref(you);
    decref(hello_text);
    decref(say);
}
