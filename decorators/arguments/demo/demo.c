/* demo.c: the story of decorators with arguments, scene by scene: who is called when, and who
 * remembers what. The cache's scenes are in cache.c. */
#include "demo.h"

Object *call_one(Object *func, Object *arg) {
    Object *result = need(object_vectorcall(func, &arg, 1, NULL));
    decref(arg);
    return result;
}

void print_result(Object *result) {
    if (!result) {
        error_print(stdout);
        return;
    }
    object_print(result, stdout, false);
    putchar('\n');
    decref(result);
}

/* ---- What the scenes call --------------------------------------------------------------------*/

static int clock_seconds; // the clock that the scenes drive: to sleep is to set it forward

static Object *scene_sleep(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    printf("  %2d s  sleep(%d)\n", clock_seconds, (int)((Int *)args[0])->value);
    clock_seconds += (int)((Int *)args[0])->value;
    return new_ref(None);
}

static Object *scene_out(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    printf("    out: ");
    object_print(args[0], stdout, true);
    putchar('\n');
    return new_ref(None);
}

static int failures;             // of fetch() yet to come
static ErrorType failure = NULL; // what it then raises

static Object *fetch_body(Function *self, Object *const *locals) {
    (void)self;
    printf("  %2d s  fetch: ", clock_seconds);
    if (failures-- > 0) {
        printf("%s\n", failure);
        error_set(failure, "down");
        return NULL;
    }
    puts("there");
    return new_ref(locals[0]);
}

static Object *same_body(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}

static Code fetch_code = {CODE("fetch"), .argcount = 1, .varnames = NAMES("url"),
                          .body = fetch_body};
static Code store_code = {CODE("store"), .argcount = 1, .varnames = NAMES("url"),
                          .body = same_body};
static Code f_code = {CODE("f"), .argcount = 1, .varnames = NAMES("x"), .body = same_body};

static Object *def(Code *code) {
    Dict *globals = need(dict_new());
    Object *func = need(function_make(code, globals, NULL, NULL, NULL));
    decref(globals);
    return func;
}

/* retry, or trace, whose default for sleep, or out, is the scenes' own. */
static Object *factory(Object *(*make)(Dict *globals, Object *out), BuiltinCode code) {
    Dict *globals = need(dict_new());
    Object *out = need(builtin_new("out", code, NULL)), *func = need(make(globals, out));
    decref(out);
    decref(globals);
    return func;
}

/* func(*args, **{name: the last}), the references taken; NULL with its error. */
static Object *call(Object *func, int n, Object *const *args, const char *name) {
    Tuple *names = name ? need(tuple_pack(1, need(str_intern(name)))) : NULL;
    Object *result = object_vectorcall(func, args, name ? n - 1 : n, names);
    for (int i = 0; i < n; i++)
        decref(args[i]);
    xdecref(names);
    return result;
}
#define CALL(func, name, ...)                                                                      \
    call(func, sizeof((Object *[]){__VA_ARGS__}) / sizeof(Object *), (Object *[]){__VA_ARGS__},    \
         name)

static Object *number(int value) {
    return need(int_from_long(value));
}

/* ---- levels ----------------------------------------------------------------------------------*/

/* A cell by name, in place of its address: c0 is the first one that was seen. */
static int cell_number(const Object *cell) {
    static const Object *seen[32];
    int i = 0;
    while (seen[i] && seen[i] != cell)
        i++;
    seen[i] = cell;
    return i;
}

static void print_closure(const char *name, const Object *op) {
    const Function *func = (const Function *)op;
    printf("  %s\n    def     %s\n    closure ", name, func->code->qualname);
    for (ssize_t i = 0; i < func->closure->size; i++) {
        const Object *cell = func->closure->items[i], *value = ((const Cell *)cell)->ref;
        printf("%s%s c%d", i ? ", " : "", func->code->freevars[i], cell_number(cell));
        if (value->type == &Int_Type) printf(" = %d", (int)((const Int *)value)->value);
    }
    putchar('\n');
}

static void scene_levels(void) {
    puts("@retry(3)\ndef fetch(url): ...        is   fetch = retry(3)(fetch)\n");
    Object *retry = factory(retry_make, scene_sleep), *fetch = def(&fetch_code),
           *store = def(&store_code);
    step("retry(3) is called: with fetch?");
    Object *decorator = need(CALL(retry, NULL, number(3)));
    puts("retry(3) knows nothing of fetch. It returns a function, and leaves its arguments\n"
         "in cells (c0, c1, ...) that this one closes over:");
    print_closure("retry(3)", decorator);
    Object *wrapper = call_one(decorator, new_ref(fetch));
    puts("\nThat one is called with fetch, and makes the function that the name stands for:");
    print_closure("retry(3)(fetch)", wrapper);
    step("that decorator above a second function: what do they share?");
    Object *other = call_one(decorator, new_ref(store));
    putchar('\n');
    print_closure("the same, called with store", other);
    puts("\nThe cells of the factory's call; each has a cell func of its own. What a wrapper\n"
         "stored in a cell of the outer level would be common to both.");
    Object *name = need(object_getattr_string(other, "__name__"));
    printf("  __name__ of the last: ");
    print_result(name);
    decref(other);
    decref(wrapper);
    decref(decorator);
    decref(store);
    decref(fetch);
    decref(retry);
}

/* ---- both ------------------------------------------------------------------------------------*/

static void use_traced(const char *line, Object *decorated) {
    printf("  %-22s f(2)\n", line);
    decref(call_one(decorated, number(2)));
    decref(decorated);
}

static void scene_both(void) {
    puts("def trace(func=None, *, label=None, out): one decorator, with and without ().\n");
    Object *trace = factory(trace_make, scene_out);
    use_traced("@trace", call_one(trace, def(&f_code)));
    step("@trace(label='g'): what is func now, and what must come back?");
    Object *partial = need(CALL(trace, "label", need(str_from_string("g"))));
    printf("\n  trace(label='g') is a %s: trace once more, with the label noted\n",
           partial->type->name);
    use_traced("@trace(label='g')", call_one(partial, def(&f_code)));
    decref(partial);
    partial = need(object_call_args(trace, 0));
    use_traced("@trace()", call_one(partial, def(&f_code)));
    decref(partial);
    step("@trace('g'), the label by position: what is it taken for?");
    printf("\n  @trace('g')    ");
    print_result(CALL(trace, NULL, need(str_from_string("g"))));
    puts("\nThe first positional argument is the function; so all others are behind the *,\n"
         "and what is no function is refused. lru_cache tells them apart by the type:");
    step("@lru_cache(2), @lru_cache, @lru_cache('2'): which are right?");
    Object *lru_cache = OBJECT(&lru_cache_builtin), *arg;
    for (int i = 0; i < 3; i++) {
        printf("  lru_cache(%s", i == 0 ? "2)       a " : i == 1 ? "f)       a " : "'2')     ");
        arg = i == 0 ? number(2) : i == 1 ? def(&f_code) : need(str_from_string("2"));
        Object *result = CALL(lru_cache, NULL, arg);
        if (!result) {
            printf("%s:\n    %s\n", error_name(error_occurred()), error_message());
            error_clear();
            continue;
        }
        puts(result->type == &Builtin_Type ? ((Builtin *)result)->name : result->type->name);
        decref(result);
    }
    decref(trace);
}

/* ---- order -----------------------------------------------------------------------------------*/

static int indent;

static void say(const char *format, const Object *label) {
    printf("  %*s", 2 * indent, "");
    printf(format, ((const Str *)label)->text);
    putchar('\n');
}

/* The three levels of a factory that says when it is called; each remembers in self what the next
 * needs. */
static Object *say_wrapper(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Object *const *known = ((Tuple *)self)->items;
    say("%s's wrapper begins", known[0]);
    indent++;
    Object *result = object_vectorcall(known[1], args, nargs, kwnames);
    indent--;
    say("%s's wrapper ends", known[0]);
    return result;
}

static Object *say_decorator(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)nargs, (void)kwnames;
    say("%s's decorator is called", self);
    Object *known = need(tuple_pack(2, self, args[0]));
    Object *wrapper = builtin_new("wrapper", say_wrapper, known);
    decref(known);
    return wrapper;
}

static Object *say_factory(const char *name) {
    Object *label = need(str_from_string(name));
    say("factory %s() is called", label);
    Object *decorator = need(builtin_new("decorator", say_decorator, label));
    decref(label);
    return decorator;
}

static Object *hello_body(Function *self, Object *const *locals) {
    (void)self;
    printf("  %*sf runs\n", 2 * indent, "");
    return new_ref(locals[0]);
}

static Code hello_code = {CODE("f"), .argcount = 1, .varnames = NAMES("x"), .body = hello_body};

/* Two calls with the same argument. */
static void call_twice(const char *lines, Object *decorated) {
    printf("%s\n", lines);
    for (int i = 0; i < 2; i++)
        decref(call_one(decorated, number(2)));
    decref(decorated);
}

static void scene_order(void) {
    puts("@a()\n@b()\ndef f(x): ...\n");
    step("which of a() and b() is called first, and which decorator?");
    Object *a = say_factory("a"), *b = say_factory("b"), *f = def(&hello_code);
    puts("  def makes f");
    f = call_one(b, f);
    f = call_one(a, f);
    puts("  the name f is bound");
    step("and at the call f(1)?");
    puts("\nf(1)");
    decref(call_one(f, number(1)));
    decref(f);
    decref(b);
    decref(a);
    step("@trace and @cache on one function: does it matter which is above?");
    Object *trace = factory(trace_make, scene_out), *cache = OBJECT(&cache_builtin);
    puts("");
    call_twice("@trace above @cache: every call is told",
               call_one(trace, call_one(cache, def(&f_code))));
    call_twice("@cache above @trace: only what the cache had not",
               call_one(cache, call_one(trace, def(&f_code))));
    decref(trace);
}

/* ---- refused ---------------------------------------------------------------------------------*/

static void refused(const char *line, Object *result) {
    printf("  %s\n    ", line);
    print_result(result);
}

static void scene_refused(void) {
    Object *retry = factory(retry_make, scene_sleep);
    puts("The factory runs where the decorator stands, when the module is imported. What\n"
         "is wrong with its arguments is said there, and not at some call next week.\n");
    step("@retry(0): is it wrong now, or when fetch is called?");
    refused("@retry(0)", CALL(retry, NULL, number(0)));
    refused("@retry('3')", CALL(retry, NULL, need(str_from_string("3"))));
    refused("@retry(3, 'OSError')", CALL(retry, NULL, number(3), need(str_from_string("OSError"))));
    refused("@retry()", object_call_args(retry, 0));
    refused("@retry(3, tries=2)", CALL(retry, "tries", number(3), number(2)));
    step("the parentheses forgotten: @retry above def fetch?");
    refused("@retry", CALL(retry, NULL, def(&fetch_code)));
    puts("\nThe function arrives as `times`. Without that test of its type the name would\n"
         "stand for the decorator, and fetch(url) would decorate the url, and no error:");
    Object *decorator = need(CALL(retry, NULL, number(3)));
    Object *wrapper = call_one(decorator, need(str_from_string("http://a")));
    printf("  retry(3)('http://a') is a %s. It is called:\n", wrapper->type->name);
    clock_seconds = 0;
    Object *result = object_call_args(wrapper, 0);
    printf("  ");
    print_result(result);
    decref(wrapper);
    decref(decorator);
    decref(retry);
}

/* ---- retry -----------------------------------------------------------------------------------*/

static void fetch_again(const char *title, Object *decorated, int fails, ErrorType with) {
    clock_seconds = 0;
    failures = fails;
    failure = with;
    Object *url = need(str_from_string("a"));
    printf("%s\n", title);
    Object *result = object_vectorcall(decorated, &url, 1, NULL);
    printf("  -> ");
    print_result(result);
    decref(url);
}

static void scene_retry(void) {
    puts("@retry(4, on=OSError, backoff=1) above def fetch(url). The clock is the scene's:\n"
         "sleep is an argument of the factory, and here sets it forward.\n");
    Object *retry = factory(retry_make, scene_sleep), *fetch = def(&fetch_code);
    Object *decorator = need(CALL(retry, NULL, number(4), new_ref(&OSError_Type), number(1)));
    Object *wrapper = call_one(decorator, fetch);
    fetch_again("It fails twice:", wrapper, 2, ConnectionError);
    step("it fails four times: how long does it wait, and what comes out?");
    fetch_again("\nIt fails four times:", wrapper, 4, TimeoutError);
    step("a ValueError: again?");
    fetch_again("\nIt raises what is no OSError:", wrapper, 1, ValueError);
    decref(wrapper);
    decref(decorator);
    decref(retry);
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *trace_file, *svg;
static bool dot;

static int work(int count, char **operands) {
    (void)count, (void)operands;
    if (!dot) return demo_trace(trace_file, svg);
    draw_ring();
    return 0;
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"levels", "Three levels, and who remembers what", scene_levels, NULL, false},
        {"both", "With parentheses and without", scene_both, NULL, false},
        {"order", "Several of them: evaluated downwards, applied upwards", scene_order, NULL,
         false},
        {"refused", "What is wrong is said where it stands", scene_refused, NULL, false},
        {"retry", "retry, and a clock that can be driven", scene_retry, NULL, false},
        {"ring", "lru_cache: a table, and a ring around its root", scene_ring,
         "the ring: where a link goes at a hit, and which one at a miss", false},
        {"key", "The key that it makes of a call", scene_key, NULL, false},
        {"uncached", "What is not kept", scene_uncached, NULL, false},
        {"again", "Called while it runs", scene_again, NULL, false},
        {"method", "A cached method keeps its instances", scene_method, NULL, false},
        {"curve", "How large? The hit ratio of three traces", scene_curve, NULL, false},
        {0},
    };
    static const Scene data[] = {
        {"hits", "hits of the three traces of `curve`, for each maxsize", data_hits, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--trace",
         .takes = "FILE",
         .about = "replay it through caches of all sizes",
         .text = &trace_file},
        {.name = "--svg",
         .takes = "OUT",
         .about = "and draw the hit ratios as a picture",
         .text = &svg},
        {.name = "--dot",
         .about = "a cache's ring and table, for Graphviz's neato -n",
         .flag = &dot,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "arguments_demo",
        .about = "--trace FILE: each line is a key, empty ones are skipped; of a line in the\n"
                 "Common Log Format the path is. FILE - is standard input. For maxsize 1, 2,\n"
                 "4, ... it says how many of the calls lru_cache would have answered.",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
