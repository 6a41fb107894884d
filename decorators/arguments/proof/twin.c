/* twin.c: factories and lru_cache on ours; twin.py is the same on the real Python. */
#include "calls.h"

#define LENGTH(array) (int)(sizeof(array) / sizeof(array)[0])

static Dict *globals;

/* What it came to: its repr, or the error. Takes the reference. */
__attribute__((format(printf, 2, 3))) static void say(Object *result, const char *label, ...) {
    va_list args;
    va_start(args, label);
    vprintf(label, args);
    va_end(args);
    printf(": ");
    if (!result) {
        error_print(stdout);
        return;
    }
    object_print(result, stdout, false);
    puts("");
    decref(result);
}

static void print(Object *op) {
    object_print(op, stdout, false);
}

/* object.name, and its reference dropped: what it was read from is NULL with an error pending, or
 * not. */
static Object *get_and_drop(Object *op, const char *name) {
    Object *value = op ? object_getattr_string(op, name) : NULL;
    xdecref(op);
    return value;
}

static Object *call_and_drop(Object *func, const char *text) {
    Object *result = func ? call_text(func, text) : NULL;
    xdecref(func);
    return result;
}

/* op.name(), printed. */
static void print_method(Object *op, const char *name) {
    Object *result = call_and_drop(object_getattr_string(op, name), "");
    print(result);
    decref(result);
}

/* ---- retry -----------------------------------------------------------------------------------*/

static Writer slept;
static int naps;

static Object *take_nap(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    if (naps++) writer_puts(&slept, ", ");
    object_write_repr(args[0], &slept);
    return new_ref(None);
}

static Object *retry;

static const char *const RETRY[] = {"",
                                    "0",
                                    "-1",
                                    "True",
                                    "'x'",
                                    "3",
                                    "3, int",
                                    "3, OSError",
                                    "3, (OSError, ValueError)",
                                    "3, (OSError, 5)",
                                    "3, ()",
                                    "3, OSError, 'x'",
                                    "3, OSError, None",
                                    "3, OSError, 1.5",
                                    "3, OSError, 1, 2",
                                    "times=3",
                                    "on=OSError",
                                    "3, backoff=1",
                                    "3, nope=1",
                                    "3, times=3",
                                    "3, sleep=None"};

static void validation(void) {
    for (int i = 0; i < LENGTH(RETRY); i++)
        say(get_and_drop(call_text(retry, RETRY[i]), "__qualname__"), "retry(%s)", RETRY[i]);
}

static int calls, failures;

static Object *fetch_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    if (++calls > failures) return int_from_long(calls);
    error_set(ConnectionError, "down %d", calls);
    return NULL;
}
static Code fetch_code = {CODE("fetch"),
                          .qualname = "attempts.<locals>.fetch",
                          .doc = "Fetch it.",
                          .argcount = 1,
                          .varnames = NAMES("url"),
                          .body = fetch_body};

static Object *decorated(Object *decorator, Object *func) {
    Object *wrapper = object_vectorcall(decorator, &func, 1, NULL);
    decref(decorator);
    return wrapper;
}

static void attempts(void) {
    static const char *const texts[] = {"1", "2, OSError", "3, OSError, 1",
                                        "4, (ValueError, OSError), 0.5", "3, ValueError, 1"};
    for (int i = 0; i < LENGTH(texts); i++) {
        for (failures = 0; failures < 5; failures++) {
            Object *bare = function_make(&fetch_code, globals, NULL, NULL, NULL);
            Object *fetch = decorated(call_text(retry, texts[i]), bare);
            calls = naps = 0;
            writer_free(&slept);
            say(call_text(fetch, "7"), "retry(%s), %d failures", texts[i], failures);
            printf("  slept (%.*s%s), %d calls\n", (int)slept.length,
                   slept.bytes ? slept.bytes : "", naps == 1 ? "," : "", calls);
            say(call_text(fetch, ""), "  wrong call");
            decref(fetch);
            decref(bare);
        }
    }
}

static void tell_level(const char *name, Object *op) {
    Function *level = (Function *)op;
    printf("%s: '%s' '%s' ", name, level->name->text, level->qualname->text);
    print(level->doc);
    Object *free = get_and_drop(object_getattr_string(op, "__code__"), "co_freevars");
    printf("\n  free: ");
    print(free);
    puts("");
    decref(free);
}

static const char *boolean(bool value) {
    return value ? "True" : "False";
}

static void levels(void) {
    static Code code = {CODE("fetch"), .doc = "Fetch it.", .body = fetch_body};
    Object *fetch = function_make(&code, globals, NULL, NULL, NULL);
    Object *decorator = call_text(retry, "3"), *other = call_text(retry, "3");
    Object *wrapper = object_vectorcall(decorator, &fetch, 1, NULL);
    Object *second = object_vectorcall(decorator, &fetch, 1, NULL);
    Object *wrapped = object_getattr_string(wrapper, "__wrapped__");
    tell_level("retry", retry);
    tell_level("decorator", decorator);
    tell_level("wrapper", wrapper);
    printf("wrapped: %s\n", boolean(wrapped == fetch));
    printf("two decorators: %s, two wrappers: %s\n", boolean(decorator == other),
           boolean(wrapper == second));
    Object *all[] = {wrapped, second, wrapper, other, decorator, fetch};
    for (int i = 0; i < LENGTH(all); i++)
        decref(all[i]);
}

/* ---- trace -----------------------------------------------------------------------------------*/

static Object *tell(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    puts(((Str *)args[0])->text);
    return new_ref(None);
}

static Object *work_body(Function *self, Object *const *locals) {
    (void)self;
    return tuple_pack(2, locals[0], locals[1]);
}
static Code work_code = {CODE("work"), .argcount = 2, .varnames = NAMES("a", "b"),
                         .body = work_body};

static void both(void) {
    static const char *const texts[] = {"1", "1, b=3", "", "1, 2, 3", "'a', b=None"},
                             *const wrong[] = {"5", "None", "1, 2", "labels=1"};
    Object *out = builtin_new("print", tell, NULL), *trace = trace_make(globals, out);
    Object *two = int_from_long(2);
    Object *work = function_make(&work_code, globals, (Tuple *)tuple_pack(1, two), NULL, NULL);
    Object *inner = decorated(call_text(trace, "label='inner'"), work);
    struct {
        const char *name;
        Object *func;
    } made[] = {{"@trace", object_vectorcall(trace, &work, 1, NULL)},
                {"@trace()", decorated(call_text(trace, ""), work)},
                {"@trace(label='x')", decorated(call_text(trace, "label='x'"), work)},
                {"two", decorated(call_text(trace, "label='outer'"), inner)}};
    for (int i = 0; i < LENGTH(made); i++) {
        Function *func = (Function *)made[i].func;
        printf("%s: %s %s\n", made[i].name, func->name->text, func->qualname->text);
        for (int j = 0; j < LENGTH(texts); j++)
            say(call_text(OBJECT(func), texts[j]), "  work(%s)", texts[j]);
        decref(func);
    }
    for (int i = 0; i < LENGTH(wrong); i++) {
        Object *result = call_text(trace, wrong[i]);
        Object *callable = result ? new_ref(object_is_callable(result) ? True : False) : NULL;
        xdecref(result);
        say(callable, "trace(%s)", wrong[i]);
    }
    Object *all[] = {inner, work, two, trace, out};
    for (int i = 0; i < LENGTH(all); i++)
        decref(all[i]);
}

/* ---- lru_cache -------------------------------------------------------------------------------*/

static const char *const CALLS[] = {
    "1",       "1.0",       "True", "'a'", "x=1",   "x=1, y=2", "y=2, x=1", "1, 2", "(1, 2)",
    "(1,), 2", "1",         "None", "{}",  "1, {}", "x={}",     "'a'",      "1.5",  "'1'",
    "1, x=1",  "1, 'x', 1", "",     "0",   "False", "0.0",      "-1",       "1, 2"};
static const char *const LRU[] = {"",
                                  "5",
                                  "0",
                                  "-1",
                                  "True",
                                  "None",
                                  "'x'",
                                  "1.5",
                                  "{}",
                                  "3, True",
                                  "3, False",
                                  "maxsize=3",
                                  "typed=True",
                                  "size=3",
                                  "3, maxsize=3",
                                  "3, True, 1",
                                  "maxsize=None, typed=True",
                                  "None, True",
                                  "3, 'x'",
                                  "typed=None"};

static void show(Object *op) {
    LruCache *cache = (LruCache *)op;
    printf("  ring [");
    for (Link *link = cache->root.next; link != &cache->root; link = link->next) {
        if (link != cache->root.next) printf(" ");
        print(link->key);
        printf(":");
        print(link->result);
    }
    printf("]\n  ");
    print_method(op, "cache_info");
    puts("");
}

static int64_t runs;

static Object *count(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return int_from_long(++runs);
}

/* functools.lru_cache(text)(a builtin of this code). */
static Object *cached(const char *text, BuiltinCode code) {
    Object *decorator = call_text(OBJECT(&lru_cache_builtin), text);
    Object *func = builtin_new("f", code, NULL);
    Object *cache = decorator ? decorated(decorator, func) : NULL;
    decref(func);
    runs = 0;
    return cache;
}

static void keys(void) {
    static const char *const sizes[] = {"None", "0", "1", "2", "100", "-5"};
    for (int i = 0; i < LENGTH(sizes) * 2; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s, %s", sizes[i / 2], boolean(i % 2));
        Object *cache = cached(text, count);
        printf("lru_cache(%s)\n", text);
        for (int j = 0; j < LENGTH(CALLS); j++)
            say(call_text(cache, CALLS[j]), "  f(%s)", CALLS[j]);
        printf("  ");
        print_method(cache, "cache_info");
        printf(" ");
        print_method(cache, "cache_parameters");
        decref(call_and_drop(object_getattr_string(cache, "cache_clear"), ""));
        printf("\n  ");
        print_method(cache, "cache_info");
        puts("");
        decref(cache);
    }
}

static Object *parameters(Object *cache) {
    return call_and_drop(get_and_drop(cache, "cache_parameters"), "");
}

static void decorator(void) {
    for (int i = 0; i < LENGTH(LRU); i++)
        say(parameters(cached(LRU[i], count)), "lru_cache(%s)", LRU[i]);
    Object *f = builtin_new("f", count, NULL);
    say(parameters(object_vectorcall(OBJECT(&lru_cache_builtin), &f, 1, NULL)), "lru_cache(f)");
    say(parameters(object_vectorcall(OBJECT(&cache_builtin), &f, 1, NULL)), "cache(f)");
    say(call_and_drop(call_text(OBJECT(&lru_cache_builtin), "3"), "5"), "lru_cache(3)(5)");
    Object *cache = object_vectorcall(OBJECT(&lru_cache_builtin), &f, 1, NULL);
    Object *info = call_and_drop(get_and_drop(cache, "cache_info"), "");
    static const char *const fields[] = {"hits", "misses", "maxsize", "currsize"};
    for (int i = 0; i < LENGTH(fields); i++) {
        Object *value = object_getattr_string(info, fields[i]);
        print(value);
        printf(i < 3 ? " " : "\n");
        decref(value);
    }
    decref(info);
    decref(f);
}

static const char *action;
static int depth;
static Object *self_cache;

static int call_with(Object *cache, int64_t n) {
    Object *key = int_from_long(n), *result = object_vectorcall(cache, &key, 1, NULL);
    decref(key);
    xdecref(result);
    return result ? 0 : -1;
}

static Object *act(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    int64_t n = ((Int *)args[0])->value;
    int status = 0;
    depth++;
    if (depth == 1 && strcmp(action, "same") == 0) {
        status = call_with(self_cache, n);
    } else if (depth == 1 && strcmp(action, "others") == 0) {
        for (int i = 0; i < 5 && status == 0; i++)
            status = call_with(self_cache, i);
    } else if (depth == 1 && strcmp(action, "clear") == 0) {
        lru_cache_clear((LruCache *)self_cache);
    } else if (strcmp(action, "raise") == 0 && n % 2) {
        status = error_set(ValueError, "odd %lld", (long long)n);
    }
    return status < 0 ? NULL : int_from_long(n * n);
}

static void inside(void) {
    static const char *const sizes[] = {"None", "1", "2", "3"}, *const actions[] = {
                                                                    "none", "same", "others",
                                                                    "clear", "raise"};
    static const char *const numbers[] = {"7", "7", "2", "3", "7", "1"};
    for (int i = 0; i < LENGTH(sizes) * LENGTH(actions); i++) {
        action = actions[i % LENGTH(actions)];
        depth = 0;
        self_cache = cached(sizes[i / LENGTH(actions)], act);
        printf("lru_cache(%s), %s\n", sizes[i / LENGTH(actions)], action);
        for (int j = 0; j < LENGTH(numbers); j++) {
            depth = strcmp(numbers[j], "1") != 0 ? 0 : depth > 1 ? 1 : depth;
            say(call_text(self_cache, numbers[j]), "  f(%s)", numbers[j]);
        }
        show(self_cache);
        decref(self_cache);
    }
}

static Object *fibonacci(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    int64_t n = ((Int *)args[0])->value, sum = n;
    for (int64_t i = 1; n >= 2 && i <= 2; i++) {
        Object *key = int_from_long(n - i), *part = object_vectorcall(self_cache, &key, 1, NULL);
        sum = (i == 1 ? 0 : sum) + ((Int *)part)->value;
        decref(part);
        decref(key);
    }
    return int_from_long(sum);
}

static void fib(void) {
    static const char *const sizes[] = {"None", "1", "2", "3", "10"};
    for (int i = 0; i < LENGTH(sizes); i++) {
        self_cache = cached(sizes[i], fibonacci);
        say(call_text(self_cache, "15"), "fib, %s", sizes[i]);
        show(self_cache);
        decref(self_cache);
    }
}

/* ---- Keys that call back ---------------------------------------------------------------------*/

typedef struct {
    Object ob;
    int64_t n;
} Key;

static hash_t key_hash(Object *self) {
    (void)self;
    return 42;
}

static int key_equal(Object *op, Object *other) {
    const char *now = action;
    int status = 0;
    action = "";
    if (strcmp(now, "same") == 0) {
        Object *result = object_vectorcall(self_cache, &other, 1, NULL);
        status = result ? 0 : -1;
        xdecref(result);
    } else if (strcmp(now, "clear") == 0) {
        lru_cache_clear((LruCache *)self_cache);
    } else if (strcmp(now, "fill") == 0) {
        for (int i = 0; i < 5 && status == 0; i++)
            status = call_with(self_cache, i);
    } else if (strcmp(now, "raise") == 0) {
        status = error_set(RuntimeError, "no");
    }
    if (status < 0) return -1;
    return other->type == op->type && ((Key *)op)->n == ((Key *)other)->n;
}

static int key_repr(Object *op, Writer *out) {
    char text[16];
    snprintf(text, sizeof text, "Key(%d)", (int)((Key *)op)->n);
    return writer_puts(out, text);
}

static void key_dealloc(Object *self) {
    object_free(self);
}

static Type Key_Type = {TYPE("Key", Key), .dealloc = key_dealloc, .repr = key_repr,
                        .hash = key_hash, .equal = key_equal};

static Object *call_with_key(int64_t n) {
    Key *key = object_new(&Key_Type, 0);
    Object *arg = OBJECT(key);
    key->n = n;
    Object *result = object_vectorcall(self_cache, &arg, 1, NULL);
    decref(key);
    return result;
}

static void hooks(void) {
    static const char *const sizes[] = {"1", "2", "3"}, *const actions[] = {"", "same", "clear",
                                                                            "fill", "raise"};
    for (int i = 0; i < LENGTH(sizes) * LENGTH(actions) * 2; i++) {
        int second = i % 2 + 1;
        action = "";
        self_cache = cached(sizes[i / 2 / LENGTH(actions)], count);
        printf("lru_cache(%s), %s, %d\n", sizes[i / 2 / LENGTH(actions)],
               actions[i / 2 % LENGTH(actions)], second);
        say(call_with_key(1), "  f(Key(1))");
        action = actions[i / 2 % LENGTH(actions)];
        say(call_with_key(second), "  f(Key)");
        show(self_cache);
        say(call_with_key(1), "  f(Key(1))");
        say(call_text(self_cache, "5"), "  f(5)");
        show(self_cache);
        decref(self_cache);
    }
}

/* ---- In the long run -------------------------------------------------------------------------*/

static void at_random(void) {
    static const char *const sizes[] = {"1", "7", "100"};
    for (int s = 0; s < LENGTH(sizes); s++) {
        uint64_t state = 1;
        Object *cache = cached(sizes[s], count);
        for (int i = 0; i < 100000; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            int key = (int)((state >> 33) % 150);
            Object *args[] = {key % 3 == 1 ? str_from_format("%d", key) : int_from_long(key),
                              int_from_long(2)};
            decref(object_vectorcall(cache, args, key % 3 == 2 ? 2 : 1, NULL));
            decref(args[0]);
            decref(args[1]);
            if (i % 20000 == 19999) show(cache);
        }
        decref(cache);
    }
}

static Object *m_body(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[1]);
}
static Object *del_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    puts("  gone");
    return new_ref(None);
}
static Code m_code = {CODE("m"), .doc = "Work.", .argcount = 2, .varnames = NAMES("self", "n"),
                      .body = m_body};
static Code del_code = {CODE("__del__"), .argcount = 1, .varnames = NAMES("self"),
                        .body = del_body};

static void set(Dict *dict, const char *name, Object *value) {
    dict_set_item(dict, str_intern(name), value);
    decref(value);
}

static void methods(void) {
    Dict *dict = dict_new();
    Object *m = function_make(&m_code, globals, NULL, NULL, NULL);
    set(dict, "m", decorated(call_text(OBJECT(&lru_cache_builtin), "2"), m));
    set(dict, "__del__", function_make(&del_code, globals, NULL, NULL, NULL));
    Type *C = type_new("C", &Object_Type, dict);
    decref(dict);
    decref(m);
    Object *cache = object_getattr_string(OBJECT(C), "m");
    for (int n = 1; n <= 3; n++) {
        Object *c = call_text(OBJECT(C), ""), *number = int_from_long(n);
        Object *bound = object_getattr_string(c, "m");
        Object *first = object_vectorcall(bound, &number, 1, NULL);
        Object *second = object_vectorcall(bound, &number, 1, NULL);
        printf("  ");
        print(first);
        printf(" ");
        print(second);
        decref(first);
        decref(second);
        printf("\n  ");
        print_method(cache, "cache_info");
        puts("");
        decref(bound);
        decref(number);
        decref(c);
    }
    lru_cache_clear((LruCache *)cache);
    Object *name = object_getattr_string(cache, "__name__"),
           *doc = object_getattr_string(cache, "__doc__");
    Object *c = call_text(OBJECT(C), ""), *bound = get_and_drop(c, "m");
    const char *kind = bound->type->name;
    decref(bound);
    printf("  %s %s %s\n", ((Str *)name)->text, ((Str *)doc)->text, kind);
    Object *all[] = {name, doc, cache, OBJECT(C)};
    for (int i = 0; i < LENGTH(all); i++)
        decref(all[i]);
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } sections[] = {{"validation", validation},
                    {"attempts", attempts},
                    {"levels", levels},
                    {"both", both},
                    {"keys", keys},
                    {"decorator", decorator},
                    {"inside", inside},
                    {"fib", fib},
                    {"hooks", hooks},
                    {"at_random", at_random},
                    {"methods", methods}};
    globals = dict_new();
    set(globals, "__name__", str_from_string("__main__"));
    Object *nap = builtin_new("append", take_nap, NULL);
    retry = retry_make(globals, nap);
    for (int i = 0; i < LENGTH(sections); i++) {
        printf("---- %s\n", sections[i].name);
        sections[i].run();
    }
    writer_free(&slept);
    decref(retry);
    decref(nap);
    decref(globals);
    return finish_output("arguments_twin", 0);
}
