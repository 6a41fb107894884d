/* twin.c: the attributes room's program on our mechanism; twin.py is the same on the real
 * interpreter.
 *
 * Both run the same lines of Python, here by program.h, and print what each comes to: what the
 * hooks and descriptors said that were called for it, in their order, then the value or the error.
 * So a trace here is one that programs can see. `say` is theirs, `own` stores past all hooks,
 * `names` is dir() without dunders.
 */
#include "program.h"

static const char *const hooks[] = {
    "def take(self, label): object.__setattr__(self, 'label', label)",
    "def get(self, obj, cls): say('get', self.label); return self.label",
    "def set_to(self, obj, value): say('set', self.label)",
    "def delete(self, obj): say('delete', self.label)",
    "class NonData: __init__ = take; __get__ = get",
    "class Data(NonData): __set__ = set_to; __delete__ = delete",
    "class SetOnly: __init__ = take; __set__ = set_to",
    "def answer(self, name): say('getattr', name); return name",
    "def passes(self, name): say('getattribute', name); return object.__getattribute__(self, name)",
    "def refuse(self, name): say('refused', name); raise AttributeError(name)",
    "def fail(self, name): say('failed', name); raise ValueError(name)",
};

static const char *const sections[] = {
    "# who answers",
    "class C: __getattr__ = answer",
    "o = C()",
    "o.x",
    "o.x = 1",
    "o.x",
    "del o.x",
    "o.x",
    "del o.x",
    "o.__class__",
    "o.__getattr__",
    "C.x",
    "class C: __getattribute__ = passes",
    "o = C()",
    "o.x",
    "o.x = 1",
    "o.x",
    "o.__dict__['x']",
    "class C: __getattribute__ = refuse; __getattr__ = answer",
    "o = C()",
    "own(o, 'x', 1)",
    "o.x",
    "o.__class__",
    "type(o)",
    "class C: __getattribute__ = fail; __getattr__ = answer",
    "C().x",
    "class C: __getattribute__ = passes; __getattr__ = refuse",
    "C().x",
    "class C: __getattr__ = fail",
    "C().x",
    "class C: __getattr__ = None",
    "C().x",
    "class C: __getattribute__ = None",
    "C().x",
    "class C: __getattribute__ = 5; __getattr__ = answer",
    "C().x",
    "class C: __getattr__ = staticmethod(say)",
    "C().x",
    "class C: __getattr__ = classmethod(answer)",
    "C().x",
    "class C: __getattribute__ = object.__getattribute__; __getattr__ = answer",
    "C().x",
    "class C: x = SetOnly('C')",
    "o = C()",
    "o.x",
    "own(o, 'x', 1)",
    "o.x",
    "o.x = 2",
    "o.x",
    "# messages",
    "class C: x = 1",
    "o = C()",
    "o.y",
    "C.y",
    "del o.y",
    "del o.x",
    "del C.y",
    "object.__getattribute__(o, 'y')",
    "object.__getattribute__(o, 5)",
    "object.__getattribute__(o)",
    "object.__setattr__(o, 'y')",
    "object.__delattr__(o)",
    "object.__setattr__(o, 'y', 1, 2)",
    "object.__setattr__(o, 5, 1)",
    "object.__delattr__(o, 5)",
    "type.__getattribute__(C, 'y')",
    "type.__getattribute__(o, 'x')",
    "object.__setattr__(C, 'x', 2)",
    "object.y",
    "object.y = 1",
    "del object.y",
    "object().y",
    "object().y = 1",
    "del object().y",
    "object().__class__.y",
    "class S: __slots__ = 'a'",
    "s = S()",
    "s.a",
    "s.a = 1",
    "s.b = 2",
    "del s.a",
    "del s.a",
    "s.__dict__",
    "None.x",
    "'text'.x",
    "# the trap of the property",
    "def wrong(self): return self.gone",
    "def broken(self): raise ValueError('in the body')",
    "class C: size = property(wrong)",
    "C().size",
    "class C: size = property(wrong); __getattr__ = answer",
    "C().size",
    "class C: size = property(wrong); __getattribute__ = passes",
    "C().size",
    "class C: size = property(wrong); __getattribute__ = passes; __getattr__ = answer",
    "C().size",
    "class C: size = property(broken); __getattr__ = answer",
    "C().size",
    "class C: size = property(wrong); __getattr__ = refuse",
    "C().size",
    "def tell(self): say('body'); return 7",
    "def put(self, value): say('put', value)",
    "def remove(self): say('remove')",
    "class C: size = property(tell, put, remove); half = property(tell)",
    "o = C()",
    "o.size",
    "o.size = 5",
    "del o.size",
    "o.half = 5",
    "del o.half",
    "own(o, 'size', 1)",
    "o.size",
    "# the trap of the shared descriptor",
    "def load(self, obj, cls): return self.value",
    "def store(self, obj, value): self.value = value",
    "class Shared: __get__ = load; __set__ = store",
    "class C: x = Shared()",
    "a = C()",
    "b = C()",
    "a.x",
    "a.x = 1",
    "b.x",
    "def load(self, obj, cls): return obj.__dict__['x']",
    "def store(self, obj, value): obj.__dict__['x'] = value",
    "class Kept: __get__ = load; __set__ = store",
    "class C: x = Kept()",
    "a = C()",
    "b = C()",
    "a.x = 1",
    "a.x",
    "b.x",
    "C.x",
    "# recursion, and the way out",
    "def again(self, name): return self.y",
    "class C: __getattribute__ = again",
    "C().x",
    "def by_dict(self, name): return self.__dict__[name]",
    "class C: __getattribute__ = by_dict",
    "C().x",
    "def by_target(self, name): return self.target.x",
    "class C: __getattr__ = by_target",
    "o = C()",
    "o.x",
    "o.target = 1",
    "o.x",
    "def out(self, name): say('out', name); return object.__getattribute__(self, name)",
    "class C: __getattribute__ = out",
    "o = C()",
    "o.x = 1",
    "o.x",
    "o.y",
    "def store_again(self, name, value): self.x = value",
    "class C: __setattr__ = store_again",
    "C().x = 1",
    "# super",
    "def up(self, name): say('up', name); return super(C, self).__getattribute__(name)",
    "def up_missing(self, name): say('up missing', name); return super(C, self).__getattr__(name)",
    "class B: x = 1",
    "class C(B): __getattribute__ = up",
    "o = C()",
    "o.x",
    "o.y",
    "o.__class__",
    "class B: x = 1; __getattribute__ = passes",
    "class C(B): __getattribute__ = up",
    "C().x",
    "C().y",
    "class B: __getattr__ = answer",
    "class C(B): __getattr__ = up_missing",
    "C().x",
    "class B: pass",
    "class C(B): __getattr__ = up_missing",
    "C().x",
    "class B: __getattribute__ = passes; __getattr__ = answer",
    "class C(B): __getattribute__ = up",
    "C().x",
    "super(C, C()).x",
    "super(C, C()).y",
    "super(B, C()).x",
    "# implicit calls go past both",
    "class C: __getattribute__ = passes; __getattr__ = answer",
    "o = C()",
    "len(o)",
    "o['k']",
    "o['k'] = 1",
    "del o['k']",
    "o(1)",
    "repr(o)",
    "str(o)",
    "o.__len__",
    "o.__repr__()",
    "o.__dict__",
    "def three(self): return 3",
    "def three_of(): return 3",
    "own(o, '__len__', three_of)",
    "o.__len__()",
    "len(o)",
    "C.__len__ = three",
    "len(o)",
    "o.__len__()",
    "del C.__len__",
    "len(o)",
    "def spell(self): return 'spelt'",
    "C.__repr__ = spell",
    "repr(o)",
    "str(o)",
    "def item(self, key): return key",
    "C.__getitem__ = item",
    "o['k']",
    "C.__call__ = item",
    "o('k')",
    "class M(type): __getattr__ = answer; __len__ = three",
    "class C(metaclass=M): pass",
    "C.x",
    "C().x",
    "len(C)",
    "len(C())",
    "class M(type): __getattribute__ = passes",
    "class C(metaclass=M): x = 1",
    "C.x",
    "C.y",
    "C().x",
    "C.__name__",
    "# set, delete, dir",
    "def set_it(self, name, value): say('setattr', name); object.__setattr__(self, name, value)",
    "def del_it(self, name): say('delattr', name); object.__delattr__(self, name)",
    "def listing(self): return ('y', 'x', '__z__')",
    "class C: __setattr__ = set_it; __delattr__ = del_it",
    "o = C()",
    "o.x = 1",
    "o.x",
    "del o.x",
    "del o.x",
    "own(o, 'y', 2)",
    "o.y",
    "names(o)",
    "object.__setattr__(o, 'z', 3)",
    "names(o)",
    "class C: x = Data('C'); __setattr__ = set_it; __delattr__ = del_it",
    "o = C()",
    "o.x = 1",
    "del o.x",
    "class B: __setattr__ = set_it",
    "class C(B): pass",
    "o = C()",
    "o.x = 1",
    "del o.x",
    "C.x = 1",
    "def refuse_to_set(self, name, value): raise AttributeError(name)",
    "class C: __setattr__ = refuse_to_set",
    "C().x = 1",
    "class C: __delattr__ = refuse",
    "o = C()",
    "o.x = 1",
    "del o.x",
    "o.x",
    "class C: __dir__ = listing",
    "names(C())",
    "names(C)",
    "class B: b = 1; hook = answer",
    "class C(B): a = 2; __getattr__ = answer",
    "o = C()",
    "names(o)",
    "names(C)",
    "o.own = 1",
    "names(o)",
    "class C(B): __dir__ = 5",
    "names(C())",
    "class C(B): __dir__ = three",
    "names(C())",
    "class M(type): meta = 1",
    "class C(metaclass=M): mine = 1",
    "names(C)",
    "names(C())",
    "# hooks that change the class they are called for",
    "def unhook(self, name): say('unhook'); del C.__getattr__; return name",
    "class C: __getattr__ = unhook",
    "o = C()",
    "o.x",
    "o.x",
    "def unhook(self, name): del C.__getattribute__; return object.__getattribute__(self, name)",
    "class C: __getattribute__ = unhook; x = 1",
    "o = C()",
    "o.x",
    "o.x",
    "def both(self, name): del C.__getattribute__; del C.__getattr__; return refuse(self, name)",
    "class C: __getattribute__ = both; __getattr__ = answer",
    "o = C()",
    "o.x",
    "o.x",
    "def define(self, name): C.x = Data('late'); return self.x",
    "class C: __getattr__ = define",
    "o = C()",
    "o.x",
    "o.x",
    "own(o, 'x', 1)",
    "o.x",
    "def vanish(self, obj, cls): del C.x; return 'vanished'",
    "class Once: __get__ = vanish",
    "class C: x = Once()",
    "o = C()",
    "o.x",
    "o.x",
    "C.x = Once()",
    "C.x",
    "C.x",
    "def replace(self, name, value): del C.__setattr__; self.x = value",
    "class C: __setattr__ = replace",
    "o = C()",
    "o.x = 1",
    "o.x = 2",
    "o.x",
    "def hide(self): del self.kept; return 1",
    "class C: size = property(hide)",
    "o = C()",
    "o.kept = 1",
    "o.size",
    "o.size",
    "def to_none(self, obj, value): Turning.__set__ = None; say('set', value)",
    "class Turning: __set__ = to_none",
    "class C: x = Turning()",
    "o = C()",
    "o.x = 1",
    "o.x = 2",
    "del Turning.__set__",
    "o.x = 3",
    "o.x",
};

static const char *const target[] = {
    "def item(self, key): return self.data[key]",
    "def set_item(self, key, value): self.data[key] = value",
    "def del_item(self, key): del self.data[key]",
    "def called(self, value): return value",
    "def method(self): return self.five",
    "class U: __len__ = three; __getitem__ = item; __setitem__ = set_item; __delitem__ = del_item",
    "class T(U): __call__ = called; __repr__ = spell; method = method; wrong = property(wrong)",
    "def log(name): say('log', name)",
    "def make(): say('made'); return t",
};

static const char *const proxied[] = {
    "p.five",   "p.missing",   "p.five = 6", "t.five",           "del p.five",
    "t.five",   "t.five = 5",  "len(p)",     "p['k']",           "p['k'] = 7",
    "p['k']",   "del p['k']",  "p['k']",     "p('called')",      "repr(p)",
    "str(p)",   "p.__class__", "type(p)",    "isinstance(p, T)", "isinstance(p, Bare)",
    "names(p)", "p._target",   "p.method()", "p.wrong",
};

static const char *const kinds[] = {"Data", "NonData", "value", "nothing"};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void quietly(const char *line) {
    const char *result = program_run(line);
    if (strcmp(result, "None") == 0) return;
    fprintf(stderr, "attributes_twin: %s: %s\n", line, result);
    exit(1);
}

static void show(const char *line) {
    printf("  %s\n      %s\n", line, program_run(line));
}

/* "x = Data('C')", "x = 'C'", or nothing. */
static const char *what(size_t kind, char where) {
    static char text[40];
    const char *call = kind < 2 ? kinds[kind] : "";
    snprintf(text, sizeof text, kind < 2 ? "x = %s('%c')" : "x = %s'%c'", call, where);
    return kind < 3 ? text : "pass";
}

/* Type 4 x base 4 x instance 2 x __getattr__ 2 x __getattribute__ 2. */
static void all_ways(void) {
    static const char *const uses[] = {"o.x", "o.x = 1", "o.x", "del o.x", "o.x", "del o.x"};
    printf("\n== 128 ways to be there\n");
    for (size_t way = 0; way < 128; way++) {
        size_t type = way / 32, base = way / 8 % 4;
        bool own = way / 4 % 2 == 0, getattr = way / 2 % 2 == 0, getattribute = way % 2 == 0;
        char line[200];
        snprintf(line, sizeof line, "class B: %s", what(base, 'B'));
        quietly(line);
        snprintf(line, sizeof line, "class C(B): %s%s%s", what(type, 'C'),
                 getattr ? "; __getattr__ = answer" : "",
                 getattribute ? "; __getattribute__ = passes" : "");
        quietly(line);
        quietly("o = C()");
        if (own) quietly("own(o, 'x', 'own')");
        printf("%s, %s, %s, %s, %s\n", kinds[type], kinds[base], own ? "own" : "-",
               getattr ? "__getattr__" : "-", getattribute ? "__getattribute__" : "-");
        for (size_t i = 0; i < LENGTH(uses); i++)
            printf("  %s: %s\n", uses[i], program_run(uses[i]));
    }
}

static void proxies(void) {
    static const char *const made[PROXY_KINDS] = {"p = Bare(t)",
                                                  "p = Plain(t)",
                                                  "p = Transparent(t)",
                                                  "p = Logging(t, log)",
                                                  "p = Counting(t, counts)",
                                                  "p = Lazy(make)",
                                                  "p = ReadOnly(t)"};
    for (size_t i = 0; i < LENGTH(target); i++)
        quietly(target[i]);
    for (size_t kind = 0; kind < PROXY_KINDS; kind++) {
        printf("\n== %s\n", made[kind]);
        quietly("t = T()");
        quietly("t.data = dict()");
        quietly("t.data['k'] = 1");
        quietly("t.five = 5");
        quietly("counts = dict()");
        quietly(made[kind]);
        for (size_t i = 0; i < LENGTH(proxied); i++)
            show(proxied[i]);
        if (kind == PROXY_COUNTING) show("repr(counts)");
    }
}

/* A place that reads x, first of one object and then of others: what it has become, and when. */
static void inline_cache(void) {
    static const struct {
        const char *title, *before[5], *reads; // "a20!b5": 20 times a, the change, 5 times b
        const char *change;
    } places[] = {
        {"values", {"class C: pass", "a = C()", "a.x = 1"}, "a20", NULL},
        {"values and a dict", {"class C: pass", "a = C()", "a.x = 1"}, "a20!a90", "a.__dict__"},
        {"two classes",
         {"class C: pass", "a = C()", "a.x = 1", "class D: x = 2", "b = D()"},
         "a20b52a1b1b99a99",
         NULL},
        {"a class changes", {"class C: pass", "a = C()", "a.x = 1"}, "a20!a99", "C.y = 1"},
        {"a slot", {"class C: __slots__ = 'x'", "a = C()", "a.x = 1"}, "a30", NULL},
        {"a slot goes", {"class C: __slots__ = 'x'", "a = C()", "a.x = 1"}, "a20!a70", "del a.x"},
        {"a class attribute", {"class C: x = 1", "a = C()"}, "a300", NULL},
        {"a property", {"class C: x = property(tell)", "a = C()"}, "a300", NULL},
        {"a descriptor", {"class C: x = Data('C')", "a = C()"}, "a300", NULL},
        {"a method", {"class C: x = tell", "a = C()"}, "a300", NULL},
        {"__getattr__", {"class C: __getattr__ = answer", "a = C()", "a.x = 1"}, "a300", NULL},
        {"__getattribute__",
         {"class C: __getattribute__ = passes", "a = C()", "a.x = 1"},
         "a300",
         NULL},
        {"a hook comes",
         {"class C: pass", "a = C()", "a.x = 1"},
         "a20!a300",
         "C.__getattr__ = answer"},
        {"nothing there", {"class C: pass", "a = C()"}, "a300", NULL},
        {"a new name", {"class C: pass", "a = C()"}, "a9!a90", "a.x = 1"},
    };
    printf("\n== A place that reads x\n");
    for (size_t i = 0; i < LENGTH(places); i++) {
        for (size_t k = 0; k < LENGTH(places[i].before) && places[i].before[k]; k++)
            quietly(places[i].before[k]);
        LoadAttr place = {.name = str_intern("x")};
        int opcode = LOAD_ATTR, n = 0;
        printf("  %s, %s:", places[i].title, places[i].reads);
        for (const char *read = places[i].reads; *read;) {
            char which[] = {*read++, '\0'};
            if (*which == '!') {
                program_run(places[i].change);
                continue;
            }
            char *end;
            long times = strtol(read, &end, 10);
            read = end;
            for (; times > 0; times--) {
                Object *value =
                    load_attr(&place, dict_get_item(program_globals, str_intern(which)));
                xdecref(value);
                error_clear();
                n++;
                if (place.opcode != opcode) printf(" %d %s", n, load_attr_names[place.opcode]);
                opcode = place.opcode;
            }
        }
        printf("\n");
    }
}

int main(void) {
    if (types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0 || program_begin() < 0)
        return 1;
    for (size_t i = 0; i < LENGTH(hooks); i++)
        quietly(hooks[i]);
    all_ways();
    for (size_t i = 0; i < LENGTH(sections); i++) {
        if (sections[i][0] == '#')
            printf("\n== %s\n", sections[i] + 2);
        else
            show(sections[i]);
    }
    proxies();
    inline_cache();
    program_end();
    return 0;
}
