/* place.c: scenes about the place in a program that reads an attribute, and what it remembers. */
#include "demo.h"

/* ---- cache ------------------------------------------------------------------------------------*/

static int runs;

static void put_place(const LoadAttr *place, const char *what) {
    bool adaptive = place->opcode == LOAD_ATTR_ADAPTIVE, plain = place->opcode == LOAD_ATTR;
    int counter = plain ? place->warmup : adaptive ? load_attr_counter(place) : place->counter;
    printf("  %-5d %-16s %7d  %7d  %8u %5u  %5u  %s\n", runs,
           load_attr_names[place->opcode] + (plain ? 0 : 9), counter,
           adaptive ? load_attr_backoff(place) : 0, place->stats.deferred, place->stats.miss,
           place->stats.deopt, what);
}

/* Runs the place so often, or until its instruction changes. */
static void run_place(LoadAttr *place, Object *obj, int times, const char *what) {
    uint8_t before = place->opcode;
    for (int i = 0; i < times && place->opcode == before; i++, runs++)
        decref(need(load_attr(place, obj)));
    put_place(place, what);
}

static void put_columns(void) {
    puts("  runs  LOAD_ATTR...     counter  backoff  deferred  miss  deopt");
}

void scene_cache(void) {
    puts("On 3.11 `obj.x` is an instruction that rewrites itself. Its counter says, for\n"
         "LOAD_ATTR, how often it ran; adaptive, how long it waits; specialised, how many\n"
         "misses it has left.\n\n    class C: ...    class D: ...    c.x = 1    d.x = 2\n");
    world_begin();
    world.quiet = true;
    must_run("class C: pass");
    must_run("class D: pass");
    must_run("c = C()");
    must_run("d = D()");
    must_run("c.x = 1");
    must_run("d.x = 2");
    Object *c = need(quietly("c")), *d = need(quietly("d"));
    LoadAttr place = {.name = need(str_intern("x"))};
    runs = 0;
    put_columns();
    run_place(&place, c, 7, "c.x");
    step("the eighth run: what does the instruction become?");
    run_place(&place, c, 1, "c.x");
    run_place(&place, c, 1000, "c.x: hits");
    step("now objects of another class: when does it give up?");
    run_place(&place, d, 1, "d.x: a miss");
    run_place(&place, d, 51, "d.x");
    run_place(&place, d, 1, "d.x: the 53rd");
    step("it waits 31 runs: and then?");
    run_place(&place, d, 31, "d.x: waits");
    run_place(&place, d, 1, "d.x");
    step("C and D by turns: what is hit, what is missed?");
    for (int i = 0; i < 52; i++) {
        decref(need(load_attr(&place, c)));
        decref(need(load_attr(&place, d)));
        runs += 2;
    }
    put_place(&place, "c.x, d.x");
    step("D gets a __getattr__ that is never needed: and now?");
    must_run("D.__getattr__ = lambda self, name: 0");
    place = (LoadAttr){.name = place.name};
    runs = 0;
    puts("\n  D.__getattr__ = ..., and a new place");
    put_columns();
    run_place(&place, d, 8, "d.x");
    for (int i = 0; i < 4; i++) {
        int wait = load_attr_counter(&place) + 1;
        run_place(&place, d, wait, place.stats.why == SPEC_FAIL_OVERRIDDEN ? "d.x: hook" : "d.x");
    }
    puts("\nIt is never specialised, and waits twice as long each time before it tries\n"
         "again. That is 3.11; from 3.12 on a __getattr__ is no hindrance.");
    decref(c);
    decref(d);
    world_end();
}

/* What a place makes of ten thousand reads, by what the class has. */
void scene_cost(void) {
    static const struct {
        const char *what, *cls;
    } rows[] = {
        {"an instance attribute", "class C: pass"},
        {"a slot", "class C: __slots__ = 'x'"},
        {"a class attribute", "class C: x = 1"},
        {"a property", "class C: x = property(lambda self: 1)"},
        {"with a __getattr__", "class C: __getattr__ = lambda self, n: 0"},
        {"with a __getattribute__",
         "class C: __getattribute__ = lambda s, n: object.__getattribute__(s, n)"},
    };
    enum { RUNS = 10000 };
    puts(
        "A place reads c.x ten thousand times. How often does it go through the whole\nlookup, because its cache has no answer?\n");
    step("which of six classes spoil it?");
    puts("    c.x is                     lookups  why it is not specialised");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_begin();
        world.quiet = true;
        must_run(rows[i].cls);
        must_run("c = C()");
        if (i != 2 && i != 3) must_run("c.x = 1");
        Object *c = need(quietly("c"));
        LoadAttr place = {.name = need(str_intern("x"))};
        AttributeCounts counts = {0};
        attribute_count(&counts);
        for (int n = 0; n < RUNS; n++)
            decref(need(load_attr(&place, c)));
        attribute_count(NULL);
        printf("    %-26s %7llu%s%s\n", rows[i].what, (unsigned long long)counts.lookups,
               place.stats.why == SPEC_OK ? "" : "  ",
               place.stats.why == SPEC_OK ? "" : spec_fail_names[place.stats.why]);
        decref(c);
        world_end();
    }
    puts(
        "\n3.11 has an instruction for methods, too, LOAD_METHOD; properties got theirs in\n3.12, which also no longer minds a __getattr__.");
}
