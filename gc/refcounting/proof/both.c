/* both.c: refcounting_demo --interactive --python with a real Python: statements typed in, at random,
 * too, leave the same counts, the same dead, the same finalizers and callbacks in the same order. Exit
 * status 77 if there is no python3 for it. */
#include "../../../common/proof/testing.h"

#include "../demo/both.c"
#include "../demo/draw.c"
#include "../demo/interactive.c"
#include "../demo/statements.c"
#include "../demo/world.c"

#include "typed.h"

#define UNUSED __attribute__((unused))

static const Demo demo = {.program = "refcounting_demo"};

static Both both;

static void begin(void) {
    typed_begin();
    both = (Both){0};
    both_start(&both, "refcounting_demo", both_names_script);
    world_begin();
}

/* `count` statements have been asked about, and all was the same in both. */
static void end(size_t count) {
    world_end();
    both_end(&both);
    typed_end();
    assert_string_equal(typed_err, "");
    const char *otherwise = strstr(typed_out, "    not the same");
    if (otherwise) print_error("%.800s", otherwise - (otherwise > typed_out + 300 ? 300 : 0));
    assert_null(otherwise);
    size_t verdicts = 0;
    for (const char *at = typed_out; (at = strstr(at, "    the same in Python ")); at++)
        verdicts++;
    assert_int_equal(verdicts, count);
}

static void test_statements(UNUSED void **state) {
    static const char *const lines[] = {
        "a = []",
        "b = a",
        "a.append(b)",
        "a.append(None)",
        "getrefcount(a)",
        "getrefcount([])",
        "a",
        "b = None",
        "b",
        "n = Node()",
        "n.x = a",
        "n.y = Loud()",
        "w = ref(n)",
        "v = ref(n)",
        "t = ref(n, tell)",
        "u = ref(n, tell)",
        "w()",
        "n.x[0]",
        "n.x[-3]",
        "n.z",
        "n[0]",
        "n[0] = a",
        "n()",
        "del n.y",
        "del n.y",
        "n.y",
        "del a",
        "n = None  # the callbacks",
        "w()",
        "q.x = r",
        "q.x = w",
        "del q",
        "[Loud(), [Loud()]]",
        "l = [Node(), Node(), [None]]",
        "l[0] = l",
        "l[2].append(l)",
        "l = l[2]",
        "l.clear()",
        "p = Phoenix()",
        "p.x = [p]",
        "p.x = None",
        "del p",
        "kept.y = Loud()",
        "kept = None",
        "[Phoenix(), Phoenix()]",
        "kept = kept",
        "f = closure()",
        "f()",
        "g = f()",
        "del f",
        "getrefcount(g)",
        "g = w",
        "w = ref(Loud(), tell)",
        "z = Loud()",
        "z.x = ref(z, tell)",
        "z.y = ref(z)",
        "del z",
        "leak(l)",
        "del l",
        "ref([])",
        "ref(w)",
        "ref(None, tell)",
        "None.x",
        "None()",
        "[][0]",
        "[[], None][0]",
        "m = [Node()][0]",
        "m.x = m",
        "m.x.x.x.x = None",
    };
    size_t count = sizeof lines / sizeof lines[0];
    begin();
    for (size_t i = 0; i < count; i++)
        typed_run(lines[i], &both);
    end(count);
}

/* The next number below `limit` of a sequence that is the same in every run (Knuth's MMIX LCG). */
static uint64_t seed = 1;

static int number(int limit) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)(seed >> 33) % limit;
}

/* Four names; what they are bound to comes and goes, through cycles and back from the dead. The words
 * about an attribute that cannot be set differ by version: only a Node's fields are. COUNT and SEED in
 * the environment make them more, and others. */
static void test_random_statements(UNUSED void **state) {
    static const char *const any[] = {
        "%c = []",
        "%c = Node()",
        "%c = Loud()",
        "%c = Phoenix()",
        "%c = %c",
        "%c = %c",
        "%c.append(%c)",
        "%c.append(%c)",
        "%c[0] = %c",
        "%c = None",
        "del %c",
        "%c = ref(%c)",
        "%c = ref(%c, tell)",
        "getrefcount(%c)",
        "%c = %c()",
        "%c = %c.x",
        "%c = %c[0]",
        "%c.clear()",
        "%c = [%c, %c]",
        "leak(%c)",
        "%c = [%c, Loud()]",
        "%c = kept",
        "kept = %c",
        "%c.x.y",
    };
    static const char *const of_a_node[] = {"%c.x = %c", "%c.y = %c", "%c.x = ref(%c, tell)",
                                            "del %c.x"};
    enum { COUNT = 1500 };
    const char *count = getenv("COUNT"), *first = getenv("SEED");
    int statements = count ? atoi(count) : COUNT;
    if (first) seed = strtoull(first, NULL, 10);
    begin();
    world.quiet = true;
    for (int i = 0; i < statements; i++) {
        int a = 'a' + number(4), b = 'a' + number(4), c = 'a' + number(4);
        const Name *name = world_name((char[]){(char)a, '\0'}, false);
        bool node = name && name->value->type->fields && number(2);
        const char *form = node ? of_a_node[number(4)] : any[number(23)];
        if (strstr(form, "getrefcount") && name && name->value == None) form = "%c";
        char line[60];
        snprintf(line, sizeof line, form, a, b, c);
        typed_run(line, &both);
    }
    end((size_t)statements);
}

int main(void) {
    telling.demo = &demo;
    begin();
    both_end(&both);
    world_end();
    typed_end();
    if (!both.known) {
        printf("skipped: no Python of 3.11 to 3.13, 64 bits\n%s", typed_err);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_random_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
