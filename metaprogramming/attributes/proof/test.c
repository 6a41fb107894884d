/* test.c: the promises of attributes.h and inline_cache.h, one test each, and every allocation
 * failed.
 *
 * Programs are lines of Python, run by program.h; a check is what a line comes to.
 */
#include "../../../common/proof/testing.h"

#include "program.h"

#include "generate.h" // the setup

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void run(const char *line, const char *expected) {
    const char *result = program_run(line);
    if (strcmp(result, expected) != 0) print_message("%s\n", line);
    assert_string_equal(result, expected);
}

static void does(const char *line) {
    run(line, "None");
}

static Object *global(const char *name) { // borrowed
    return dict_get_item(program_globals, str_intern(name));
}

static int begin(void **state) {
    (void)state;
    if (program_begin() < 0) return -1;
    for (size_t i = 0; i < LENGTH(generate_setup); i++)
        does(generate_setup[i]);
    return 0;
}

static int end(void **state) {
    (void)state;
    program_end();
    assert_null(error_occurred());
    assert_null(program_locals);
    return 0;
}

/* ---- attributes.c ----------------------------------------------------------------------------*/

typedef struct {
    char text[600];
    int depth; // to which the steps have come
} Story;

static const char *const events[] = {"getattribute", "getattr", "type",    "metatype", "own",
                                     "get",          "returns", "missing", "set",      "store"};

static void tell(const AttributeStep *step, int depth, void *arg) {
    Story *story = arg;
    assert_true(depth >= 0);
    size_t length = strlen(story->text);
    snprintf(story->text + length, sizeof story->text - length, "%d %s %s%s%s; ", depth,
             events[step->event], step->name->text, step->found ? "" : " -",
             step->where ? step->where == (Type *)global("C") ? " in C" : " in B" : "");
    story->depth = depth;
}

static void explain(const char *self, const char *name, const char *result, const char *expected) {
    Story story = {"", 0};
    Object *value = attribute_explain(global(self), str_intern(name), tell, &story);
    char text[300] = "";
    if (value)
        program_describe(text, sizeof text, value);
    else
        snprintf(text, sizeof text, "%s", error_message()), error_clear();
    xdecref(value);
    assert_string_equal(text, result);
    assert_string_equal(story.text, expected);
    assert_null(attribute_watcher);
}

static void test_explain(void **state) {
    (void)state;
    does("class B: x = 1; d = Data('d')");
    does("class C(B): y = 2");
    does("o = C()");
    explain("o", "y", "2", "0 type y in C; 0 own y -; 0 get y in C; 0 returns y; ");
    explain("o", "x", "1", "0 type x in B; 0 own x -; 0 get x in B; 0 returns x; ");
    explain("o", "z", "'C' object has no attribute 'z'", "0 type z -; 0 own z -; 0 missing z -; ");
    does("o.x = 3");
    explain("o", "x", "3", "0 type x in B; 0 own x; ");
    explain("o", "d", "'d'", // the descriptor reads self.label twice
            "0 type d in B; 0 get d in B; 1 type label -; 1 own label; "
            "1 type label -; 1 own label; 0 returns d; ");
    does("C.__getattr__ = answer");
    explain("o", "z", "'z'",
            "0 type z -; 0 own z -; 0 missing z -; 0 getattr z in C; 0 returns z; ");
    does("C.__getattribute__ = refuse");
    explain("o", "x", "'x'",
            "0 getattribute x in C; 0 returns x -; 0 getattr x in C; 0 returns x; ");
    explain("C", "y", "2", "0 metatype y -; 0 type y in C; ");
    Story story = {"", 0};
    Object *o = global("o");
    assert_int_equal(attribute_explain_set(o, str_intern("d"), None, tell, &story), 0);
    assert_int_equal(attribute_explain_set(o, str_intern("new"), None, tell, &story), 0);
    assert_int_equal(attribute_explain_set(o, str_intern("new"), NULL, tell, &story), 0);
    assert_int_equal(attribute_explain_set(o, str_intern("new"), NULL, tell, &story), -1);
    assert_error(AttributeError, "'C' object has no attribute 'new'");
}

static char told[600];

static void tell_calls(const AttributeStep *step, int depth, void *arg) {
    (void)depth, (void)arg;
    const Type *type = step->found ? step->found->type : NULL;
    bool get = type == (Type *)global("Data") || type == (Type *)global("NonData");
    get &= step->event == ATTR_DESCRIPTOR_GET;
    if (get)
        program_add(told, sizeof told, "get %s, ",
                    str_text(object_own_attribute(step->found, str_intern("label"))));
    if (step->event == ATTR_GETATTRIBUTE || step->event == ATTR_GETATTR) {
        program_add(told, sizeof told, "%s ", events[step->event]);
        program_add(told, sizeof told, "%s, ", step->name->text);
    }
}

/* In all 128 ways the story names those who say that they were called, in their order; and what is
 * watched comes to the same as what is not, also at a place with an inline cache. */
static void test_all_ways(void **state) {
    (void)state;
    static const char *const kinds[] = {"x = Data('%c')", "x = NonData('%c')", "x = '%c'", "pass"};
    AttributeCounts counts = {0};
    for (int way = 0; way < 128; way++) {
        char line[200], body[40], plain[300];
        snprintf(body, sizeof body, kinds[way / 8 % 4], 'B');
        snprintf(line, sizeof line, "class B: %s", body);
        does(line);
        snprintf(body, sizeof body, kinds[way / 32], 'C');
        snprintf(line, sizeof line, "class C(B): %s%s%s", body,
                 way & 2 ? "; __getattr__ = answer" : "",
                 way & 1 ? "; __getattribute__ = passes" : "");
        does(line);
        does("o = C()");
        if (way & 4) does("own(o, 'x', 'own')");
        strcpy(plain, program_run("o.x"));
        *told = *program_said = '\0';
        xdecref(attribute_explain(global("o"), str_intern("x"), tell_calls, NULL));
        error_clear();
        assert_string_equal(told, program_said);
        LoadAttr place = {.name = str_intern("x")};
        program_site = &place;
        for (int i = 0; i < 12; i++)
            run("o.x", plain);
        program_site = NULL;
        attribute_count(&counts);
        run("o.x", plain);
        attribute_count(NULL);
    }
    // Of 128, half with each hook. Data on the type: 32; below another one it is not seen.
    assert_int_equal(counts.getattribute, 64);
    assert_int_equal(counts.getattr, 2); // nothing, nothing, not own
    assert_int_equal(counts.missing, 4);
    assert_true(counts.own > 0 && counts.data >= 32 && counts.other > 0);
    assert_int_equal(counts.data + counts.own + counts.other + counts.missing, counts.lookups);
}

static void test_dir(void **state) {
    (void)state;
    does("def three_names(self): return ('c', 'a', 'b')");
    does("class C: __dir__ = three_names");
    run("names(C())", "'a b c'");
    does("def wrong_names(self): return ('c', 5)");
    does("C.__dir__ = wrong_names");
    run("names(C())", "TypeError: '<' not supported between instances of 'int' and 'str'");
    does("def no_names(self): return 5");
    does("C.__dir__ = no_names");
    run("names(C())", "TypeError: 'int' object is not iterable");
    run("object.__dir__()", "TypeError: unbound method object.__dir__() needs an argument");
    run("type.__dir__(5)", "TypeError: descriptor '__dir__' for 'type' objects doesn't apply to a "
                           "'int' object");
}

/* ---- slotdefs.c: the hooks' cells ------------------------------------------------------------*/

/* A class without hooks pays nothing; one whose __getattr__ has gone pays as long as nobody
 * notices. */
static void test_cells(void **state) {
    (void)state;
    does("class B: pass");
    does("class C(B): pass");
    Type *b = (Type *)global("B"), *c = (Type *)global("C");
    assert_true(c->getattro == object_generic_getattr);
    does("B.__getattr__ = answer");
    assert_true(b->getattro == slot_tp_getattr_hook && c->getattro == slot_tp_getattr_hook);
    does("del B.__getattr__");
    assert_true(b->getattro == object_generic_getattr && c->getattro == object_generic_getattr);
    does("C.__getattribute__ = passes");
    assert_true(c->getattro == slot_tp_getattr_hook);
    run("C().x", "getattribute x, -> AttributeError: 'C' object has no attribute 'x'");
    assert_true(c->getattro == slot_tp_getattro); // the simpler one is enough
    does("C.__getattr__ = answer");
    assert_true(c->getattro == slot_tp_getattr_hook);
    does("C.__getattribute__ = object.__getattribute__");
    does("del C.__getattr__");
    assert_true(c->getattro == object_generic_getattr); // the wrapper's own function, directly
}

/* No AttributeError is made that a hook answers. */
static void test_error_is_not_made(void **state) {
    (void)state;
    does("class C: __getattr__ = answer");
    does("o = C()");
    error_set(ValueError, "before");
    Error before = error_fetch();
    Object *value;
    assert_null(object_generic_getattr_suppress(global("o"), str_intern("x")));
    assert_null(error_occurred());
    assert_int_equal(object_lookup_attr(global("o"), str_intern("x"), &value), 1);
    decref(value);
    error_restore(before);
    assert_error(ValueError, "before");
}

/* Takes its own function off the class that it was found on. The function lives on until it returns:
 * whoever called it holds it. The closure is the class and the name; one of its references is ours. */
static Object *drop_itself(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    Tuple *place = (Tuple *)closure;
    if (object_setattr(place->items[0], (Str *)place->items[1], NULL) < 0) return NULL;
    assert_int_equal(closure->refcnt, 2);
    return nargs < 2 ? str_from_string("dropped") : new_ref(None);
}

/* Calls that nest too deeply by what no function of the program does. */
static void test_goes_round(void **state) {
    (void)state;
    static const char too_deep[] = "RecursionError"; // program_execute() leaves its message out
    does("class C: pass");
    does("o = C()");
    does("C.__call__ = o");
    run("o()", too_deep);
    does("C.__init__ = C");
    run("C()", too_deep);
    does("del C.__init__");
    does("C.__new__ = C");
    run("C()", too_deep);
    does("del C.__new__");
    assert_int_equal(recursion_depth, 0);
}

static void test_super_of_none(void **state) {
    (void)state;
    does("class C: x = 1");
    run("super(C, None).x", "AttributeError: 'super' object has no attribute 'x'");
    run("repr(super(C, None))", "'<super: <class 'C'>, NULL>'");
}

static void test_held(void **state) {
    (void)state;
    static const struct {
        const char *name, *use, *result;
        int property; // 1: its getter; 2: its setter
    } cases[] = {
        {"__getattr__", "o.x", "None", 0},
        {"__getattribute__", "o.x", "None", 0},
        {"__setattr__", "o.x = 1", "None", 0},
        {"__delattr__", "del o.x", "None", 0},
        {"__repr__", "repr(o)", "'dropped'", 0},
        {"__getitem__", "o[1]", "None", 0},
        {"x", "o.x", "'dropped'", 1},
        {"x", "o.x = 1", "None", 2},
    };
    for (size_t n = 0; n < 2 * LENGTH(cases); n++) { // with another hook, and without
        size_t i = n / 2;
        does(n % 2 ? "class C: __getattr__ = answer" : "class C: pass");
        does("o = C()");
        Object *closure = tuple_pack(2, global("C"), str_intern(cases[i].name));
        Object *value = function_new("f", drop_itself, closure), *function = value;
        if (cases[i].property) {
            value = property_new(cases[i].property == 1 ? function : NULL,
                                 cases[i].property == 2 ? function : NULL, NULL);
            decref(function);
        }
        assert_int_equal(object_setattr_string(global("C"), cases[i].name, value), 0);
        decref(value);
        run(cases[i].use, cases[i].result);
        assert_int_equal(closure->refcnt, 1);
        decref(closure);
    }
}

/* ---- inline_cache.c --------------------------------------------------------------------------*/

static void read_times(LoadAttr *place, const char *name, int times) {
    for (; times > 0; times--)
        xdecref(load_attr(place, global(name)));
    error_clear();
}

static void test_place(void **state) {
    (void)state;
    does("class C: pass");
    does("a = C()");
    does("a.x = 1");
    does("class D: x = 2");
    does("b = D()");
    LoadAttr place = {.name = str_intern("x")};
    read_times(&place, "a", WARMUP - 1);
    assert_int_equal(place.opcode, LOAD_ATTR);
    read_times(&place, "a", 1);
    assert_int_equal(place.opcode, LOAD_ATTR_INSTANCE_VALUE);
    assert_int_equal(place.counter, MISS_COUNTER_START);
    read_times(&place, "b", MISS_COUNTER_START - 1);
    assert_int_equal(place.opcode, LOAD_ATTR_INSTANCE_VALUE);
    read_times(&place, "b", 1);
    assert_int_equal(place.opcode, LOAD_ATTR_ADAPTIVE);
    assert_int_equal(place.stats.deopt, 1);
    assert_int_equal(place.stats.miss, MISS_COUNTER_START);
    assert_int_equal(load_attr_backoff(&place), ADAPTIVE_BACKOFF_START);
    assert_int_equal(load_attr_counter(&place), (1 << ADAPTIVE_BACKOFF_START) - 1);
    for (int backoff = ADAPTIVE_BACKOFF_START + 1; backoff < 15; backoff++) {
        read_times(&place, "b", load_attr_counter(&place) + 1);
        assert_int_equal(place.stats.why, SPEC_FAIL_OUT_OF_RANGE);
        int expected = backoff > MAX_BACKOFF_VALUE ? MAX_BACKOFF_VALUE : backoff;
        assert_int_equal(load_attr_backoff(&place), expected);
        assert_int_equal(load_attr_counter(&place), (1 << expected) - 2); // itself counts
    }
    read_times(&place, "a", load_attr_counter(&place) + 1);
    assert_int_equal(place.opcode, LOAD_ATTR_INSTANCE_VALUE);
    assert_int_equal(place.stats.success, 2);
}

static void test_why_not(void **state) {
    (void)state;
    static const struct {
        const char *cls;
        SpecFail why;
    } cases[] = {
        {"class C: __getattr__ = answer", SPEC_FAIL_OVERRIDDEN},
        {"class C: __getattribute__ = passes", SPEC_FAIL_OVERRIDDEN},
        {"class C: x = property(tell)", SPEC_FAIL_ATTR_PROPERTY},
        {"class C: x = tell", SPEC_FAIL_ATTR_METHOD},
        {"class C: x = Data('x')", SPEC_FAIL_ATTR_MUTABLE_CLASS},
        {"class C: x = 5", SPEC_FAIL_OUT_OF_RANGE},
        {"class C: __slots__ = 'y'", SPEC_FAIL_ATTR_NOT_MANAGED_DICT},
        {"class C: __slots__ = 'x'", SPEC_OK},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        does(cases[i].cls);
        does("a = C()");
        LoadAttr place = {.name = str_intern("x")};
        read_times(&place, "a", WARMUP);
        assert_int_equal(place.stats.why, cases[i].why);
        assert_int_equal(place.stats.failure, cases[i].why != SPEC_OK);
        assert_non_null(spec_fail_names[cases[i].why]);
    }
    LoadAttr place = {.name = id.class_}; // a data descriptor in C
    read_times(&place, "a", WARMUP);
    assert_int_equal(place.stats.why, SPEC_FAIL_ATTR_OVERRIDING_DESCRIPTOR);
}

/* ---- proxy.c ---------------------------------------------------------------------------------*/

static void test_proxies(void **state) {
    (void)state;
    does("class T: x = 1; __len__ = three");
    does("t = T()");
    run("len(Bare(t))", "TypeError: object of type 'Bare' has no len()");
    run("len(Plain(t))", "len, -> 3");
    run("len(Transparent(Plain(Transparent(t))))", "len, -> 3");
    run("isinstance(Transparent(t), T)", "True");
    run("isinstance(Plain(t), T)", "False");
    run("Bare()", "TypeError: Bare.__init__() takes 2 positional arguments but 1 was given");
    run("Logging(t)", "TypeError: __init__() takes 3 positional arguments but 2 were given");
    does("def failing(): raise ValueError('not yet')");
    does("def made(): say('made'); return t");
    does("p = Lazy(failing)");
    run("p.x", "ValueError: not yet"); // and is asked again
    run("p.x", "ValueError: not yet");
    does("object.__setattr__(p, '_extra', made)");
    run("p.x", "made, -> 1");
    run("p.x", "1");
    Object *target = proxy_target(global("p"));
    assert_ptr_equal(target, global("t"));
    decref(target);
    does("def gone(name): raise AttributeError('no log')");
    does("p = Logging(t, gone)"); // what the log raises goes to __getattr__, and to the log again
    run("p.x", "1");
    does("object.__delattr__(p, '_target')");
    run("p._target", "AttributeError: Logging has no target");
    run("ReadOnly(t).x = 1", "AttributeError: 'x' is read-only");
    run("Plain(t).__getattr__(5)", "TypeError: attribute name must be string, not 'int'");
    Dict *counts = dict_new(); // in which somebody else has written
    assert_int_equal(dict_set_item(counts, str_intern("z"), None), 0);
    assert_int_equal(dict_set_item(program_globals, str_intern("counts"), OBJECT(counts)), 0);
    does("p = Counting(t, counts)");
    run("p.z", "AttributeError: 'T' object has no attribute 'z'");
    assert_int_equal(((Int *)dict_get_item(counts, str_intern("z")))->value, 1);
    decref(counts);
    Object *none = None, *made = proxy_new(PROXY_BARE, &none, 1);
    assert_ptr_equal(made->type, proxy_type(PROXY_BARE));
    decref(made);
}

/* ---- Every allocation failed -----------------------------------------------------------------*/

/* Each line again and again, with one allocation more that succeeds: MemoryError until it has all
 * of them; then what it comes to without. */
static const char *const lines[] = {
    "def answer(self, name): say('getattr', name); return name",
    "class B: x = Data('B'); n = NonData('n'); p = property(tell, put); q = property(wrong)",
    "class C(B, metaclass=M): __getattr__ = answer; __getattribute__ = passes; y = 2",
    "class S: __slots__ = ('s', 'x')",
    "o = C()",
    "s = S()",
    "o.x",
    "o.x = 1",
    "o.y",
    "o.z",
    "o.z = 1",
    "o.q",
    "o.n",
    "C.x",
    "C.z",
    "del C.y",
    "o.y",
    "del o.z",
    "s.x = 1",
    "s.x",
    "s.z",
    "C.__setattr__ = set_it",
    "C.__delattr__ = del_it",
    "o.z = 1",
    "del o.z",
    "del C.__getattribute__",
    "o.w",
    "names(o)",
    "names(C)",
    "super(C, o).n",
    "object.__getattribute__(o, 'n')",
    "o.__dict__['z']",
    "C.__len__ = three",
    "p = Plain(o)",
    "p.n",
    "p.z = 1",
    "p.z",
    "len(p)",
    "repr(p)",
    "t = Transparent(o)",
    "t.n",
    "isinstance(t, C)",
    "l = Logging(o, log)",
    "l.n",
    "counts = dict()",
    "c = Counting(o, counts)",
    "c.n",
    "len(counts)", // not how often: what fails behind the count has counted
    "def make(): return o",
    "z = Lazy(make)",
    "z.n",
    "r = ReadOnly(o)",
    "r.n",
    "r.n = 1",
};

static void run_lines(bool fail) {
    static char expected[LENGTH(lines)][300];
    LoadAttr places[] = {{.name = str_intern("x")}, {.name = str_intern("n")}};
    long failures = 0;
    for (size_t i = 0; i < LENGTH(lines); i++) {
        if (!fail) snprintf(expected[i], sizeof expected[i], "%s", program_run(lines[i]));
        bool again = fail;
        for (long n = 0; again; n++) {
            program_site = n % 2 ? &places[i % 2] : NULL;
            testing_fail_at(n);
            const char *result = program_run(lines[i]);
            again = testing_has_failed();
            testing_fail_at(-1);
            program_site = NULL;
            failures += again;
            const char *outcome = strstr(result, "-> ") ? strstr(result, "-> ") + 3 : result;
            if (again && strcmp(outcome, "MemoryError: ") == 0) continue;
            if (strcmp(result, expected[i]) != 0)
                print_message("%s, allocation %ld\n", lines[i], n);
            assert_string_equal(result, expected[i]);
        }
        assert_null(error_occurred());
    }
    if (fail) assert_true(failures > 300);
}

static void test_allocations(void **state) {
    run_lines(false); // also: all names are interned from here on
    end(state);
    long before = testing_blocks();
    for (int round = 0; round < 2; round++) {
        begin(state);
        run_lines(round > 0);
        end(state);
        assert_int_equal(testing_blocks(), before);
    }
    bool failed = true;
    for (long n = 0; failed; n++) { // the classes of the proxies
        testing_fail_at(n);
        int status = program_begin();
        failed = testing_has_failed();
        testing_fail_at(-1);
        assert_int_equal(status, failed ? -1 : 0);
        if (failed) assert_error(MemoryError, "");
        program_end();
        assert_int_equal(testing_blocks(), before);
    }
    failed = true;
    for (long n = 0; failed; n++) { // again, which changes nothing
        testing_fail_at(n);
        int status = attributes_init();
        failed = testing_has_failed();
        testing_fail_at(-1);
        assert_int_equal(status, failed ? -1 : 0);
        error_clear();
    }
    begin(state);
}

int main(void) {
    if (types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0) return 1;
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_explain),
        TEST(test_all_ways),
        TEST(test_dir),
        TEST(test_cells),
        TEST(test_error_is_not_made),
        TEST(test_place),
        TEST(test_why_not),
        TEST(test_proxies),
        TEST(test_goes_round),
        TEST(test_super_of_none),
        TEST(test_held),
        TEST(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
