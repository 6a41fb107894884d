/* cache.c: the scenes about the cache: its ring and its table after each call, its keys, what it
 * does not keep, and what it keeps too long. */
#include "demo.h"

static int runs; // of the function behind the cache

static Object *square_body(Function *self, Object *const *locals) {
    (void)self;
    int64_t n = ((Int *)locals[0])->value;
    runs++;
    return int_from_long(n * n);
}

static Code square_code = {CODE("square"), .argcount = 1, .varnames = NAMES("n"),
                           .body = square_body};

/* @lru_cache(maxsize) in front of a function with this code; maxsize -1 is None. */
static LruCache *cached(Code *code, ssize_t maxsize, bool typed) {
    Dict *globals = need(dict_new());
    Object *func = need(function_make(code, globals, NULL, NULL, NULL));
    Object *cache = need(lru_cache_new(func, maxsize, typed));
    must(update_wrapper(cache, func, NULL));
    decref(func);
    decref(globals);
    return (LruCache *)cache;
}

static Object *call_int(LruCache *cache, int64_t number) {
    return call_one(OBJECT(cache), need(int_from_long(number)));
}

static void print_info(const LruCache *cache) {
    CacheInfo info = lru_cache_info(cache);
    printf("  cache_info(): ");
    object_print(OBJECT(&info), stdout, false);
    putchar('\n');
}

/* ---- ring ------------------------------------------------------------------------------------*/

static const Link *seen[26]; // since forget_names()

static void forget_names(void) {
    memset(seen, 0, sizeof seen);
}

/* A link by name, in place of its address: A is the first one that was seen. */
static char name_of(const Link *link) {
    int i = 0;
    while (seen[i] && seen[i] != link)
        i++;
    seen[i] = link;
    return (char)('A' + i);
}

static void print_ring(const LruCache *cache) {
    printf("root");
    for (const Link *link = cache->root.next; link != &cache->root; link = link->next) {
        printf(" <-> %c ", name_of(link));
        object_print(link->key, stdout, false);
        putchar(':');
        object_print(link->result, stdout, false);
    }
    puts(" <-> root");
}

static void square(LruCache *cache, int number) {
    ssize_t hits = cache->hits;
    decref(call_int(cache, number));
    printf("  square(%d)  %s  ", number, cache->hits > hits ? "hit " : "miss");
    print_ring(cache);
}

static void print_table(const LruCache *cache) {
    const Table *table = &cache->cache;
    for (ssize_t i = 0; i < table->used; i++) {
        printf("  entry %zd  hash %d, key ", i, (int)table->entries[i].hash);
        object_print(table->entries[i].key, stdout, false);
        printf(", link %c\n", name_of((Link *)table->entries[i].value));
    }
}

void scene_ring(void) {
    puts("@lru_cache(maxsize=3) above def square(n). A link is a letter, key and result;\n"
         "behind the root comes the oldest, before it the newest.\n");
    LruCache *cache = cached(&square_code, 3, false);
    runs = 0;
    forget_names();
    printf("                   ");
    print_ring(cache);
    for (int i = 1; i <= 3; i++)
        square(cache, i);
    step("square(1) once more: what moves?");
    square(cache, 1);
    step("square(4), and the cache is full: who goes?");
    square(cache, 4);
    puts("\nThe link B is used again: out of the ring and the table, a new key and result\n"
         "into it, and in again. A full cache allocates no links. The table:\n");
    print_table(cache);
    step("square(2): how often has the function run by then?");
    square(cache, 2);
    print_info(cache);
    printf("  the function ran %d times\n", runs);
    lru_cache_clear(cache);
    printf("  cache_clear()    ");
    print_ring(cache);
    decref(cache);
}

/* Three links and the root, at the corners of a square, and the table beside them: for `neato
 * -n`. */
void draw_ring(void) {
    static const int place[4][2] = {{270, 320}, {500, 200}, {270, 80}, {40, 200}};
    LruCache *cache = cached(&square_code, 3, false);
    forget_names();
    for (const char *n = "12314"; *n; n++) {
        decref(call_int(cache, *n - '0'));
        name_of(cache->root.prev); // in the order in which the scene names them
    }
    puts("digraph ring {\n  bgcolor=transparent; splines=true;\n"
         "  node [shape=box, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n"
         "  edge [color=gray, fontname=\"sans-serif\", fontsize=11, arrowsize=0.8];");
    printf("  n0 [label=\"root\", shape=circle, fillcolor=\"#d2992244\", pos=\"%d,%d\"];\n",
           place[0][0], place[0][1]);
    int n = 0;
    for (Link *link = cache->root.next; link != &cache->root; link = link->next) {
        static const char *const age[] = {"oldest", "", "newest"};
        printf("  n%d [label=\"link %c%s%s\\nkey %d\\nresult %d\", pos=\"%d,%d\"];\n", n + 1,
               name_of(link), *age[n] ? ", " : "", age[n], (int)((Int *)link->key)->value,
               (int)((Int *)link->result)->value, place[n + 1][0], place[n + 1][1]);
        n++;
    }
    for (int i = 0; i <= n; i++)
        printf("  n%d -> n%d [label=\" next \", color=\"#2f81f7\"];\n"
               "  n%d -> n%d [label=\" prev \", style=dashed];\n",
               i, (i + 1) % (n + 1), (i + 1) % (n + 1), i);
    const Table *table = &cache->cache;
    puts("  table [label=\"the table's entries\", shape=plaintext, style=\"\", pos=\"650,310\"];");
    for (ssize_t i = 0; i < table->used; i++) {
        printf("  e%zd [fillcolor=\"#3fb95033\", pos=\"650,%d\",\n"
               "     label=\"entry %zd\\nhash %d, key %d\\nvalue: link %c\"];\n",
               i, 260 - 70 * (int)i, i, (int)table->entries[i].hash,
               (int)((Int *)table->entries[i].key)->value,
               name_of((Link *)table->entries[i].value));
    }
    puts("}");
    decref(cache);
}

/* ---- key -------------------------------------------------------------------------------------*/

/* As repr() but for the mark, which has an address in it. */
static void print_key(const Object *key) {
    const Tuple *tuple = (const Tuple *)key;
    if (key->type != &Tuple_Type) {
        object_print((Object *)key, stdout, false);
        return;
    }
    for (ssize_t i = 0; i < tuple->size; i++) {
        printf(i ? ", " : "(");
        if (tuple->items[i]->type == &Object_Type)
            printf("MARK");
        else
            object_print(tuple->items[i], stdout, false);
    }
    printf(tuple->size > 1 ? ")" : tuple->size ? ",)" : "()");
}

typedef struct {
    const char *call;
    Object *args[2];
    int nargs; // without a name
    const char *names[2];
    bool typed;
} Call;

static Object *any_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    return new_ref(None);
}

static Code any_code = {CODE("f"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                        .varnames = NAMES("args", "kwargs"), .body = any_body};

/* Shows the key of a call, and whether the cache knew it. */
static void show_key(LruCache *cache, const Call *call) {
    int all = call->args[1] ? 2 : call->args[0] ? 1 : 0;
    Tuple *names = call->nargs < all ? need(tuple_new(all - call->nargs)) : NULL;
    for (int i = call->nargs; i < all; i++)
        names->items[i - call->nargs] = new_ref(need(str_intern(call->names[i - call->nargs])));
    ssize_t hits = cache->hits;
    decref(need(object_vectorcall(OBJECT(cache), call->args, call->nargs, names)));
    Object *key = need(lru_cache_make_key(call->args, call->nargs, names, call->typed));
    printf("  %-14s %s  ", call->call, cache->hits > hits ? "hit " : "miss");
    print_key(key);
    putchar('\n');
    decref(key);
    xdecref(names);
}

void scene_key(void) {
    Object *one = need(int_from_long(1)), *two = need(int_from_long(2)),
           *a = need(str_from_string("a")), *real = need(float_from_double(1.0));
    const Call simple[] = {
        {"f(1)", {one}, 1, {0}, false},     {"f('a')", {a}, 1, {0}, false},
        {"f(True)", {True}, 1, {0}, false}, {"f(1.0)", {real}, 1, {0}, false},
        {"f()", {0}, 0, {0}, false},        {"f(1, 2)", {one, two}, 2, {0}, false},
    };
    const Call named[] = {
        {"f(x=1, y=2)", {one, two}, 0, {"x", "y"}, false},
        {"f(y=2, x=1)", {two, one}, 0, {"y", "x"}, false},
        {"f(1, y=2)", {one, two}, 1, {"y"}, false},
    };
    const Call typed[] = {{"f(1)", {one}, 1, {0}, true},
                          {"f(True)", {True}, 1, {0}, true},
                          {"f(1.0)", {real}, 1, {0}, true}};
    LruCache *cache = cached(&any_code, -1, false);
    puts("One positional int or str is its own key; else a tuple is made. Equal keys, one\n"
         "result. What was called, whether the cache knew it, and the key:\n");
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        show_key(cache, &simple[i]);
        if (i == 2) step("f(1.0), and 1.0 == True == 1: hit?");
    }
    puts("\n(1.0,) equals (True,), but a tuple equals no int: f(1) has a place of its own.");
    step("f(x=1, y=2) and f(y=2, x=1): one entry or two?");
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        show_key(cache, &named[i]);
    puts("\nThe names as they came: sorting them would cost each call. MARK parts them from\n"
         "the positional ones; nothing else is equal to it.");
    decref(cache);
    step("typed=True: what is added?");
    puts("\ntyped=True puts the types behind:");
    cache = cached(&any_code, -1, true);
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        show_key(cache, &typed[i]);
    decref(cache);
    decref(one);
    decref(two);
    decref(a);
    decref(real);
}

/* ---- uncached --------------------------------------------------------------------------------*/

static Object *flaky_body(Function *self, Object *const *locals) {
    (void)self;
    if (runs++ == 0) {
        error_set(ConnectionError, "down");
        return NULL;
    }
    return new_ref(locals[0]);
}

static Code flaky_code = {CODE("fetch"), .argcount = 1, .varnames = NAMES("url"),
                          .body = flaky_body};

static void try_fetch(LruCache *cache) {
    Object *url = need(str_from_string("a"));
    printf("  fetch('a')     ");
    print_result(object_vectorcall(OBJECT(cache), &url, 1, NULL));
    decref(url);
}

void scene_uncached(void) {
    puts("A function that fails the first time:");
    LruCache *cache = cached(&flaky_code, 8, false);
    runs = 0;
    try_fetch(cache);
    step("fetch('a') again: the error from the cache, or the function?");
    try_fetch(cache);
    try_fetch(cache);
    print_info(cache);
    puts("An exception is not kept. Where failing is dear, that is bad news: each call of\n"
         "a dead server waits anew.");
    step("an argument without a hash: called without the cache, or refused?");
    Object *dict = OBJECT(need(dict_new()));
    printf("\n  fetch({})      ");
    print_result(object_vectorcall(OBJECT(cache), &dict, 1, NULL));
    print_info(cache);
    decref(dict);
    decref(cache);
    step("maxsize=0 and maxsize=None: what is kept?");
    for (ssize_t maxsize = 0; maxsize >= -1; maxsize--) {
        printf("\nmaxsize=%s; square(1), square(1), square(2):\n", maxsize ? "None" : "0");
        cache = cached(&square_code, maxsize, false);
        for (int i = 0; i < 3; i++)
            decref(call_int(cache, i / 2 + 1));
        print_info(cache);
        printf("  links in the ring: %s\n", cache->root.next == &cache->root ? "none" : "some");
        decref(cache);
    }
    puts("Without a bound nothing is ever the oldest: no ring, the table has the results.");
}

/* ---- again -----------------------------------------------------------------------------------*/

static LruCache *fib_cache;

/* def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)    where fib is what the name stands
 * for */
static Object *fib_body(Function *self, Object *const *locals) {
    int64_t n = ((Int *)locals[0])->value, sum = 0;
    runs++;
    if (n < 2) return new_ref(locals[0]);
    for (int64_t i = n - 1; i >= n - 2; i--) {
        Object *arg = int_from_long(i), *part = NULL;
        if (arg)
            part = object_vectorcall(fib_cache ? OBJECT(fib_cache) : OBJECT(self), &arg, 1, NULL);
        xdecref(arg);
        if (!part) return NULL;
        sum += ((Int *)part)->value;
        decref(part);
    }
    return int_from_long(sum);
}

static Code fib_code = {CODE("fib"), .argcount = 1, .varnames = NAMES("n"), .body = fib_body};

static int depth;

/* def twice(n): while it runs for the first time, it is called with the same argument. */
static Object *twice_body(Function *self, Object *const *locals) {
    (void)self;
    runs++;
    if (depth++ == 0) {
        Object *inner = object_vectorcall(OBJECT(fib_cache), locals, 1, NULL);
        if (!inner) return NULL;
        decref(inner);
    }
    return new_ref(locals[0]);
}

static Code twice_code = {CODE("twice"), .argcount = 1, .varnames = NAMES("n"), .body = twice_body};

static void print_fib(const char *how, Object *fib) {
    Object *number = call_one(fib, need(int_from_long(20)));
    printf("  %-10s fib(20) = %d, ran %d times\n", how, (int)((Int *)number)->value, runs);
    decref(number);
}

void scene_again(void) {
    puts("def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n");
    LruCache *unused = cached(&fib_code, 0, false);
    runs = 0;
    print_fib("plain", unused->func);
    decref(unused);
    step("@lru_cache above it: how often does it run?");
    runs = 0;
    fib_cache = cached(&fib_code, 128, false);
    print_fib("lru_cache", OBJECT(fib_cache));
    print_info(fib_cache);
    decref(fib_cache);
    step("called for the same key while it runs: what happens?");
    puts("\ndef twice(n): the first time, call twice(n)");
    fib_cache = cached(&twice_code, 128, false);
    runs = depth = 0;
    forget_names();
    decref(call_int(fib_cache, 1));
    printf("  twice(1) ran %d times\n", runs);
    print_info(fib_cache);
    printf("  ");
    print_ring(fib_cache);
    puts("\nIt does not wait, and it locks nothing: when the function has returned, the\n"
         "outer call looks again, and leaves what the inner one put there. Two threads\n"
         "that miss at the same time do so, too: the function runs for both.");
    decref(fib_cache);
    fib_cache = NULL;
}

/* ---- method ----------------------------------------------------------------------------------*/

static Object *freed_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    puts("  __del__: the page is freed");
    return new_ref(None);
}

static Code freed_code = {CODE("__del__"), .argcount = 1, .varnames = NAMES("self"),
                          .body = freed_body};

static Object *words_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    puts("  counting");
    return int_from_long(7);
}

static Code words_code = {CODE("words"), .argcount = 1, .varnames = NAMES("self"),
                          .body = words_body};
static Code count_code = {CODE("count"), .argcount = 1, .varnames = NAMES("path"),
                          .body = words_body};

/* def words(self): return count(self.path)    where count is the global that is cached */
static Object *remedy_body(Function *self, Object *const *locals) {
    Object *count = load_global(self, "count"), *path = object_getattr_string(locals[0], "path");
    Object *result = count && path ? object_vectorcall(count, &path, 1, NULL) : NULL;
    xdecref(count);
    xdecref(path);
    return result;
}

static Code remedy_code = {CODE("words"), .argcount = 1, .varnames = NAMES("self"),
                           .body = remedy_body};

static void dict_put(Dict *dict, const char *name, Object *value) {
    must(dict_set_item(dict, need(str_intern(name)), need(value)));
    decref(value);
}

/* class Page, whose words is this; page = Page(); page.path = "a.txt" */
static Object *page_new(Object *words, Dict *globals) {
    Dict *dict = need(dict_new());
    dict_put(dict, "words", words);
    dict_put(dict, "__del__", function_make(&freed_code, globals, NULL, NULL, NULL));
    Type *class = need(type_new("Page", &Object_Type, dict));
    Object *page = need(object_call_args(OBJECT(class), 0)), *path = need(str_from_string("a.txt"));
    must(object_setattr_string(page, "path", path));
    decref(path);
    decref(class);
    decref(dict);
    return page;
}

static void call_words(Object *page) {
    Object *method = need(object_getattr_string(page, "words"));
    Object *words = need(object_call_args(method, 0));
    printf("  page.words() -> ");
    print_result(words);
    decref(method);
}

void scene_method(void) {
    Dict *globals = need(dict_new());
    puts("class Page:\n    @lru_cache\n    def words(self): ...\n");
    LruCache *cache = cached(&words_code, 128, false);
    Object *page = page_new(new_ref(cache), globals);
    call_words(page);
    call_words(page);
    printf("  references to page: %zd\n", page->refcnt);
    step("del page: is it freed?");
    puts("\ndel page");
    decref(page);
    puts("  nothing happens");
    print_info(cache);
    puts("The instance is a part of the key, (page,), which the table and the link hold.");
    step("cache_clear(): and now?");
    puts("\nPage.words.cache_clear()");
    lru_cache_clear(cache);
    decref(cache);
    step("the remedy: cache what needs no instance. Is it freed?");
    puts("\n@lru_cache\ndef count(path): ...\nclass Page:\n"
         "    def words(self): return count(self.path)\n");
    cache = cached(&count_code, 128, false);
    dict_put(globals, "count", new_ref(cache));
    page = page_new(function_make(&remedy_code, globals, NULL, NULL, NULL), globals);
    call_words(page);
    call_words(page);
    puts("del page");
    decref(page);
    print_info(cache);
    decref(cache);
    decref(globals);
}
