/* demo.c: the story of the class statement, scene by scene: its steps, and who may change each. */
#include "demo.h"

/* ---- What every scene uses --------------------------------------------------------------------*/

static Object **owned;
static size_t nowned, owned_size;

void *own(void *op) {
    need(op);
    if (nowned == owned_size) {
        owned_size = owned_size * 2 + 64;
        owned = need(realloc(owned, owned_size * sizeof *owned));
    }
    return owned[nowned++] = op;
}

static Dict *dict_of(const char *name, Object *value) {
    Dict *dict = own(dict_new());
    if (name) must(dict_set_item(dict, need(str_intern(name)), own(value)));
    return dict;
}

Type *define(const Class *c) {
    Dict *keywords = dict_of(c->keyword, c->keyword ? int_from_long(1) : NULL);
    if (c->meta) must(dict_set_item(keywords, need(str_intern("metaclass")), OBJECT(c->meta)));
    return (Type *)class_statement(
        &(ClassStatement){c->name, c->base ? own(tuple_pack(1, c->base)) : c->bases, keywords,
                          dict_of(c->attribute, c->value), c->methods, c->data});
}

Object *instance(Type *cls) {
    return object_call(OBJECT(cls), NULL, 0, NULL);
}

static void add(char text[120], const char *separator, const char *more) {
    size_t length = strlen(text);
    snprintf(text + length, 120 - length, "%s%s", separator, more);
}

const char *show(Object *op) {
    static char texts[8][120];
    static unsigned next;
    char *text = texts[next++ % 8];
    *text = '\0';
    if (type_check(op)) return ((Type *)op)->name;
    if (op->type == &Tuple_Type) {
        for (ssize_t i = 0; i < ((Tuple *)op)->size; i++)
            add(text, i ? ", " : "(", show(((Tuple *)op)->items[i]));
        add(text, *text ? "" : "(", ")");
    } else if (type_is_subtype(op->type, &Dict_Type)) { // its names, but those of every body
        ssize_t pos = 0;
        Str *name;
        for (Object *value; dict_next((Dict *)op, &pos, &name, &value);)
            if (name != id.module && name != id.qualname) add(text, *text ? ", " : "{", name->text);
        add(text, *text ? "" : "{", "}");
    } else if (op == None || str_check(op) || op->type->base == &Int_Type ||
               op->type == &Int_Type) {
        add(text, "", str_text(own(object_repr(op))));
    } else {
        add(text, strchr("AEIOU", *op->type->name) ? "an " : "a ", op->type->name);
    }
    return text;
}

void row(const char *question, void *value) {
    if (value) {
        printf("    %-34s %s\n", question, show(own(value)));
        return;
    }
    char text[400], *rest = text;
    snprintf(text, sizeof text, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    printf("    %s\n", question);
    while (*rest) { // by words
        size_t length = strlen(rest), end = length > 70 ? 70 : length;
        while (end < length && rest[end] != ' ')
            end--;
        printf("      %.*s\n", (int)end, rest);
        rest += end + (end < length);
    }
}

/* ---- statement -------------------------------------------------------------------------------*/

static int depth;

/* A line of the trace, as far to the right as calls are open. */
#define tell(who, ...)                                                                             \
    (printf("  %-16s %*s", who, 2 * depth, ""), printf(__VA_ARGS__), (void)putchar('\n'))

static void tell_step(const ClassStep *s) {
    static const struct {
        const char *what, *says;
        char whom; // 'o': of, by the name of its type; 's': of, shown; 'r': the result
        const char *then, *asks;
    } words[] = {
        {"metaclass", "computes the metaclass: ", 'r', "", NULL},
        {"body", "runs the body in ", 's', "", "the body comes next: what is known already?"},
        {"__orig_bases__", "stores __orig_bases__ = ", 'r', "", NULL},
        {"__call__", "calls ", 'o', ", by its type's __call__", NULL},
        {"super().__new__", "calls super().__new__", ' ', "", NULL},
        {"copy", "copies ", 's', "", "there is no class yet: who makes it, who is told first?"},
        {"__classcell__", "fills the cell: super() works now", ' ', "", NULL},
        {"class", "has made ", 'o', "", NULL},
        {"__set_name__", "calls __set_name__ of the attribute ", 'r', "", NULL},
        {"__init_subclass__", "calls __init_subclass__ of what is above ", 'o', "", NULL},
        {"decorator", "calls the decorator with ", 'r', "", NULL},
        {NULL, "calls ", 'o', ".", NULL},
    };
    if (s->event == CLASS_RETURNS || s->event == CLASS_RAISES) {
        depth--;
        if (s->result && s->result != None && s->result->type != &Cell_Type)
            tell(s->caller, "gets %s", show(s->result));
        return;
    }
    size_t i = 0;
    while (words[i].what && strcmp(words[i].what, s->what) != 0)
        i++;
    if (words[i].asks) step(words[i].asks);
    Object *of = words[i].whom != 'o' || type_check(s->of) ? s->of : OBJECT(s->of->type);
    const char *whom = words[i].whom == ' ' ? "" : show(words[i].whom == 'r' ? s->result : of);
    tell(s->caller, "%s%s%s%s", words[i].says, whom, words[i].then, words[i].what ? "" : s->what);
    depth += s->event == CLASS_CALLS;
}

static Object *give_data(ARGS) {
    return new_ref(closure_data(closure));
}

static Object *meta_new(ARGS_KW) {
    static const char WHO[] = "Meta.__new__";
    class_watch(CLASS_CALLS, WHO, "super().__new__", args[0], NULL);
    Object *cls = super_call(closure, args[0], "__new__", args, nargs, kwnames);
    return class_watch_result(WHO, "super().__new__", args[0], cls);
}

/* def __init_subclass__(cls, tag=None) */
static Object *told_of_subclass(ARGS_KW) {
    return super_call(closure, args[0], "__init_subclass__", NULL, 0, NULL);
}

Object *keep_name(ARGS) {
    return object_setattr_string(args[0], "name", args[2]) < 0 ? NULL : new_ref(None);
}

/* def f(self): return super().__repr__ is not None */
static Object *uses_super(ARGS) {
    Object *super = super_of(closure, args[0]);
    Object *found = super ? object_getattr(super, id.repr) : NULL;
    xdecref(super);
    xdecref(found);
    return found ? new_ref(True) : NULL;
}

void run_statement(void) {
    void (*watcher)(const ClassStep *) = class_watcher;
    class_watcher = NULL;
    Type *meta =
        own(CLASS("Meta", .base = &Type_Type, .methods = METHODS(KW("__new__", meta_new))));
    Type *plugin = own(CLASS("Plugin", .meta = meta,
                             .methods = METHODS(KW("__init_subclass__", told_of_subclass))));
    Type *named = own(CLASS("Named", .methods = METHODS(PLAIN("__set_name__", keep_name))));
    Type *alias = own(CLASS("Alias", .methods = METHODS(PLAIN("__mro_entries__", give_data)),
                            .data = own(tuple_pack(1, plugin))));
    const Tuple *bases = own(tuple_pack(1, own(instance(alias))));
    Object *x = need(instance(named)), *decorator = own(registering_decorator(own(dict_new())));
    class_watcher = watcher;
    Type *cls = CLASS("Csv", .bases = bases, .keyword = "tag", .attribute = "x", .value = x,
                      .methods = METHODS(PLAIN("f", uses_super)));
    own(class_decorate(OBJECT(cls), &decorator, 1));
    class_watcher = NULL;
}

static void scene_statement(void) {
    puts("@register\n"
         "class Csv(Alias(), tag=1):      Alias().__mro_entries__ gives (Plugin,)\n"
         "    x = Named()                 Plugin's metaclass is Meta\n"
         "    def f(self): super()...\n");
    class_watcher = tell_step;
    run_statement();
    puts("\nOne call, of Meta, makes the class. Before it the namespace is got ready. In it\n"
         "those are told who are in the class and above it; behind it, those outside.");
}

/* ---- winner ----------------------------------------------------------------------------------*/

/* Which metaclass made it. */
static void row_winner(const char *statement, Type *cls) {
    row(statement, cls ? new_ref(((Type *)own(cls))->ob.type) : NULL);
}

static void scene_winner(void) {
    puts("What is written, and whose instance the class is:\n");
    Type *ma = own(CLASS("MA", .base = &Type_Type)), *mb = own(CLASS("MB", .base = &Type_Type));
    Type *a = own(CLASS("A", .meta = ma)), *b = own(CLASS("B", .meta = mb));
    const Tuple *both = own(tuple_pack(2, a, b)), *metas = own(tuple_pack(2, ma, mb));
    row("class A(metaclass=MA)", new_ref(a->ob.type));
    row("class B(metaclass=MB)", new_ref(b->ob.type));
    step("class C(A), with no metaclass written: whose is it?");
    row_winner("class C(A)", CLASS("C", .base = a));
    row_winner("class C(A, metaclass=type)", CLASS("C", .base = a, .meta = &Type_Type));
    row_winner("type('C', (A,), {})", type_from(&Type_Type, "C", own(tuple_pack(1, a)), NULL));
    step("and below A and B?");
    row_winner("class C(A, B)", CLASS("C", .bases = both));
    Type *mab = own(CLASS("MAB", .bases = metas));
    row("class MAB(MA, MB)", new_ref(mab));
    row_winner("class C(A, B, metaclass=MAB)", CLASS("C", .bases = both, .meta = mab));
    puts("\nThe most derived of the one asked for and those of the bases. If none is,\n"
         "somebody has to write one. type.__new__ computes it again, as all may call it.");
}

/* ---- prepare ---------------------------------------------------------------------------------*/

/* A metaclass whose __prepare__ gives ns. */
static Type *preparing(Object *ns) {
    return own(CLASS("M", .base = &Type_Type, .data = ns,
                     .methods = METHODS({"__prepare__", give_data, NULL, true})));
}

/* A body in which somebody copied a test and forgot to rename it. */
static Object *twice(void *arg, Object *ns) {
    (void)arg;
    bool ok = body_begin(ns, "Tests") == 0 && namespace_store(ns, "test_open", None) == 0 &&
              namespace_store(ns, "test_open", True) == 0;
    return ok ? new_ref(None) : NULL;
}

static void scene_prepare(void) {
    puts("class C(metaclass=M): x = 1      M.__prepare__ gives a dict, ns, with y = 2\n");
    Dict *ns = dict_of("y", int_from_long(2));
    Object *cls =
        own(CLASS("C", .meta = preparing(OBJECT(ns)), .attribute = "x", .value = int_from_long(1)));
    row("C.x", object_getattr_string(cls, "x"));
    row("C.y", object_getattr_string(cls, "y"));
    must(dict_set_item(ns, need(str_intern("z")), True));
    step("after the statement, ns['z'] = True: is there a C.z?");
    row("ns['z'] = True, afterwards; C.z", object_getattr_string(cls, "z"));
    row("M.__prepare__ gives 5", CLASS("C", .meta = preparing(own(int_from_long(5)))));
    puts("\nclass Tests: def test_open ...   and further down, copied, def test_open ...\n");
    Str *name = need(str_intern("Tests"));
    const Tuple *none = own(tuple_new(0));
    row("class Tests", build_class(twice, NULL, name, none, NULL));
    step("the first was lost, and nobody says so. Who could have noticed?");
    row("class Tests(metaclass=Once)",
        build_class(twice, NULL, name, none, dict_of("metaclass", OBJECT(once_metaclass()))));
    puts("\nThe body stores into whatever __prepare__ gives. The class gets a copy.");
}

/* ---- names -----------------------------------------------------------------------------------*/

static Object *fails(ARGS) {
    error_set(ValueError, "no");
    return NULL;
}

static void row_name(const char *question, Type *cls, const char *attribute) {
    row(question,
        object_getattr_string(own(object_getattr_string(OBJECT(cls), attribute)), "name"));
}

static void scene_names(void) {
    puts("class C: x = Named()             its __set_name__ keeps the name in .name\n");
    Type *named = own(CLASS("Named", .methods = METHODS(PLAIN("__set_name__", keep_name))));
    Type *bad = own(CLASS("Bad", .methods = METHODS(PLAIN("__set_name__", fails))));
    Type *cls = own(CLASS("C", .attribute = "x", .value = instance(named)));
    row_name("C.x.name", cls, "x");
    must(object_setattr_string(OBJECT(cls), "y", own(instance(named))));
    step("C.y = Named(), when C is there: what is C.y.name?");
    row_name("C.y = Named(), afterwards; C.y.name", cls, "y");
    row("class C: z = Bad()", CLASS("C", .attribute = "z", .value = instance(bad)));
    puts("\nclass Plugin: def __init_subclass__(cls, tag=None): ...\n");
    Type *plugin =
        own(CLASS("Plugin", .methods = METHODS(KW("__init_subclass__", told_of_subclass))));
    row("class D(Plugin, tag=1)", CLASS("D", .base = plugin, .keyword = "tag"));
    step("class D(tag=1): who takes the keyword?");
    row("class D(tag=1)", CLASS("D", .keyword = "tag"));
    puts("\n__set_name__ is told once, by the class statement. Keywords go up to object,\n"
         "which takes none: somebody on the way must.");
}

/* ---- cell ------------------------------------------------------------------------------------*/

/* Loses.__new__: takes a name out of the namespace that it does not know. */
static Object *loses_new(ARGS_KW) {
    must(dict_del_item((Dict *)args[3], id.classcell));
    return super_call(closure, args[0], "__new__", args, nargs, kwnames);
}

static void scene_cell(void) {
    puts("class C: def f(self): return super().__repr__ is not None\n\n"
         "super() has no arguments. f knows its class by a cell, __class__, which the body\n"
         "leaves in the namespace as __classcell__, and which type.__new__ fills.\n");
    Type *cls = own(CLASS("C", .methods = METHODS(PLAIN("f", uses_super))));
    row("C().f()", object_call(own(object_getattr_string(own(instance(cls)), "f")), NULL, 0, NULL));
    row("a function outside of any class", super_from_cell(NULL, None));
    row("before type.__new__ was there", super_from_cell(own(cell_new(NULL)), None));
    step("a metaclass takes __classcell__ out of the namespace: and now?");
    Type *meta =
        own(CLASS("Loses", .base = &Type_Type, .methods = METHODS(KW("__new__", loses_new))));
    row("class C(metaclass=Loses)",
        CLASS("C", .meta = meta, .methods = METHODS(PLAIN("f", uses_super))));
    puts("\nWho passes another namespace on passes __classcell__ on.");
}

/* ---- call ------------------------------------------------------------------------------------*/

static Object *singleton_call(ARGS_KW) {
    Dict *made = (Dict *)closure_data(closure);
    Str *name = ((Type *)args[0])->ht_name;
    Object *obj = dict_get_item(made, name);
    if (class_watcher) tell("Singleton", obj ? "there is one" : "there is none yet");
    if (obj) return new_ref(obj);
    obj = super_call(closure, args[0], "__call__", args + 1, nargs - 1, kwnames);
    if (obj && dict_set_item(made, name, obj) < 0) clear_ref(obj);
    return obj;
}

Type *singleton_metaclass(Dict *made) {
    return CLASS("Singleton", .base = &Type_Type, .data = OBJECT(made),
                 .methods = METHODS(KW("__call__", singleton_call)));
}

static void scene_call(void) {
    puts("class Singleton(type): def __call__(cls): the one there is, or super()'s\n"
         "class Config(metaclass=Singleton): pass\n");
    Dict *made = dict_of(NULL, NULL);
    Type *meta = own(singleton_metaclass(made));
    step("making the class calls Singleton: is Singleton.__call__ asked?");
    class_watcher = tell_step;
    Type *cls = own(CLASS("Config", .meta = meta));
    puts("\na = Config()");
    step("and this call?");
    Object *a = own(instance(cls));
    puts("\nb = Config()");
    Object *b = own(instance(cls));
    class_watcher = NULL;
    puts("");
    row("a is b", bool_from_long(a == b));
    dict_clear(made);
    puts("\nA call asks the type of what is called: Singleton's is type, Config's Singleton.");
}

/* ---- The program -----------------------------------------------------------------------------*/

static const char *csv, *dot;

static int work(int count, char **words) {
    const char *program = telling.demo->program;
    if ((csv || dot) && (count > 0 || (csv && dot)))
        return usage_error(program, "--csv and --dot take no filters and not each other");
    if (csv) return demo_csv(csv);
    if (!dot) return demo_filters(count, words);
    void (*draw)(void) = strcmp(dot, "statement") == 0 ? draw_statement
                         : strcmp(dot, "memory") == 0  ? draw_memory
                                                       : NULL;
    if (!draw) return usage_error(program, "--dot takes statement or memory, not '%s'", dot);
    draw();
    return 0;
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"statement", "The class statement, step by step", scene_statement,
         "who is called before there is a class, and who after", false},
        {"winner", "The metaclass is computed", scene_winner, NULL, false},
        {"prepare", "The namespace of the body", scene_prepare, NULL, false},
        {"names", "Who is told when there is a class", scene_names, NULL, false},
        {"cell", "What super() needs", scene_cell, NULL, false},
        {"call", "A metaclass's own __call__", scene_call, NULL, false},
        {"people", "Metaclasses that people write, and what does without", scene_people, NULL,
         false},
        {"answers", "What a class can be asked", scene_answers, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--csv", .takes = "FILE", .about = "records of its rows; -: stdin", .text = &csv},
        {.name = "--dot", .takes = "NAME", .about = "draws statement or memory", .text = &dot},
        {0},
    };
    static Demo demo = {.program = "metaclass_demo",
                        .operands = "FILTER... <FILE",
                        .scenes = scenes,
                        .options = options,
                        .work = work};
    telling.demo = &demo;
    must(types_init());
    must(metaclass_init());
    must(record_init());
    char *help = filters_help();
    demo.about = help;
    int status = demo_main(&demo, argc, argv);
    free(help);
    while (nowned > 0)
        decref(owned[--nowned]);
    free(owned);
    types_clear();
    return status;
}
