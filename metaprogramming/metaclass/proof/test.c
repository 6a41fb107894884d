/* test.c: the steps of a class statement and who takes each; hooks that change what they are called
 * for; and each allocation failed in turn. What the hooks give and the errors' words are twin.py's
 * business. */
#include "check.h"

/* ---- Who is asked by whom ---------------------------------------------------------------------*/

static char told[4000];

static void name_of(const Object *op, char *name, size_t size) {
    if (!op)
        snprintf(name, size, "-");
    else if (type_check(op))
        snprintf(name, size, "%s", ((const Type *)op)->name);
    else if (str_check(op))
        snprintf(name, size, "'%s'", str_text(op));
    else
        snprintf(name, size, "<%s>", op->type->name);
}

static void tell(const ClassStep *step) {
    static const char *const events[] = {"calls", "returns", "raises", "does"};
    char of[60], result[60];
    name_of(step->of, of, sizeof of);
    name_of(step->result, result, sizeof result);
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s %s %s of %s: %s\n", step->caller,
             events[step->event], step->what, of, result);
}

static Object *takes_keywords(Object *closure, Object *const *args, ssize_t nargs,
                              const Tuple *kwnames) {
    (void)kwnames;
    return super_call(closure, args[0], "__init_subclass__", args + 1, nargs - 1, NULL);
}

static Object *gives_none(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(None);
}

static Object *gives_itself(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    return new_ref(args[nargs - 1]);
}

/* obj.__mro_entries__ gives the class that is the attribute `stands_for`. */
static Object *gives_entries(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Object *base = object_getattr_string(args[0], "stands_for");
    Object *entries = base ? tuple_pack(1, base) : NULL;
    xdecref(base);
    return entries;
}

static const MethodDef set_name_methods[] = {{"__set_name__", gives_none, NULL, false},
                                             METHODS_END};
static const MethodDef init_subclass_methods[] = {
    {"__init_subclass__", NULL, takes_keywords, false}, METHODS_END};
static const MethodDef entries_methods[] = {{"__mro_entries__", gives_entries, NULL, false},
                                            METHODS_END};

/* A metaclass with its own metaclass; a base that says which class it stands for; an attribute
 * that is told its name; a keyword; a decorator. New reference to the class, or NULL with
 * MemoryError. */
static Object *whole_statement(void) {
    Object *outer = statement("Outer", &Type_Type, NULL, NULL, NULL, NULL, NULL, NULL);
    Object *meta =
        outer ? statement("Meta", &Type_Type, outer, NULL, NULL, NULL, NULL, NULL) : NULL;
    Object *base = statement("Base", NULL, meta, NULL, NULL, NULL, init_subclass_methods, NULL);
    Object *named = statement("Named", NULL, NULL, NULL, NULL, NULL, set_name_methods, NULL);
    Object *entries = statement("Entries", NULL, NULL, NULL, NULL, NULL, entries_methods, NULL);
    Object *entry = entries ? object_call(entries, NULL, 0, NULL) : NULL, *cls = NULL;
    if (meta && base && named && entry && object_setattr_string(entry, "stands_for", base) == 0) {
        Dict *attributes = dict_with("x", object_call(named, NULL, 0, NULL));
        Object *decorator = attributes ? function_new("decorator", gives_itself, NULL) : NULL;
        *told = '\0';
        if (decorator) {
            cls = statement("C", entry, NULL, "a", True, attributes, init_subclass_methods, NULL);
            cls = class_decorate(cls, &decorator, 1);
        } else {
            xdecref(attributes);
        }
        xdecref(decorator);
    }
    DROP(outer, meta, base, named, entries, entry);
    return cls;
}

static void test_steps(void **state) {
    (void)state;
    class_watcher = tell;
    Object *cls = whole_statement();
    class_watcher = NULL;
    assert_non_null(cls);
    assert_string_equal(told, "__build_class__ calls __mro_entries__ of <Entries>: -\n"
                              "__build_class__ returns __mro_entries__ of <Entries>: <tuple>\n"
                              "__build_class__ does metaclass of Meta: Meta\n"
                              "__build_class__ calls __prepare__ of Meta: -\n"
                              "__build_class__ returns __prepare__ of Meta: <dict>\n"
                              "__build_class__ calls body of <dict>: -\n"
                              "__build_class__ returns body of <dict>: <cell>\n"
                              "__build_class__ does __orig_bases__ of <dict>: <tuple>\n"
                              "__build_class__ calls __call__ of Meta: -\n"
                              "type.__call__ calls __new__ of Meta: -\n"
                              "type.__new__ does metaclass of Meta: Meta\n"
                              "type.__new__ does copy of <dict>: <dict>\n"
                              "type.__new__ does __classcell__ of <cell>: C\n"
                              "type.__new__ does class of C: -\n"
                              "type.__new__ calls __set_name__ of <Named>: 'x'\n"
                              "type.__new__ returns __set_name__ of <Named>: <NoneType>\n"
                              "type.__new__ calls __init_subclass__ of C: -\n"
                              "type.__new__ returns __init_subclass__ of C: <NoneType>\n"
                              "type.__call__ returns __new__ of Meta: C\n"
                              "type.__call__ calls __init__ of Meta: C\n"
                              "type.__call__ returns __init__ of Meta: <NoneType>\n"
                              "__build_class__ returns __call__ of Meta: C\n"
                              "the statement calls decorator of <function>: C\n"
                              "the statement returns decorator of <function>: C\n");
    assert_string_equal(((Type *)cls)->base->name, "Base");
    assert_string_equal(cls->type->ob.type->name, "Outer");
    decref(cls);
    types_clear();
}

/* ---- Hooks that change what they are called for ------------------------------------------------*/

/* What every hook does: empties, fills or takes away what is under way. */
typedef enum { DELETE_ALL, DELETE_HOOK, FILL, CLASS_BELOW, NAME_AGAIN, DEEDS } Deed;
static Deed deed;
static Object *victims[8]; // the classes of the story: borrowed
static size_t nvictims;
static int hooks_called;

static void delete_all(Object *victim) {
    Dict *names = dict_copy(((Type *)victim)->dict);
    assert_non_null(names);
    ssize_t pos = 0;
    Str *name;
    for (Object *value; dict_next(names, &pos, &name, &value);)
        if (object_setattr(victim, name, NULL) < 0) error_clear(); // gone already, or read-only
    decref(names);
}

static void do_deed(Object *victim, const char *hook) {
    if (!type_check(victim) || !(((Type *)victim)->flags & HEAPTYPE)) return;
    if (deed == DELETE_ALL) delete_all(victim);
    if (deed == DELETE_HOOK && object_setattr_string(victim, hook, NULL) < 0) error_clear();
    for (int i = 0; deed == FILL && i < 60; i++) {
        char name[20];
        snprintf(name, sizeof name, "more%d", i);
        assert_int_equal(object_setattr_string(victim, name, None), 0);
    }
    if (deed == NAME_AGAIN && object_setattr_string(victim, "x", None) < 0) error_clear();
    if (deed == CLASS_BELOW && ((Type *)victim)->mro &&
        !type_is_subtype((Type *)victim, &Type_Type)) {
        static int depth;
        if (depth++ == 0) xdecref(statement("Below", victim, NULL, NULL, NULL, NULL, NULL, NULL));
        depth--;
        error_clear();
    }
}

/* Does it to all classes of the story and to those in its arguments, and looks at these afterwards.
 * The closure's data is the hook's name. */
static Object *changing(Object *closure, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    const char *hook = str_text(closure_data(closure));
    (void)kwnames;
    hooks_called++;
    for (size_t i = 0; i < nvictims; i++)
        do_deed(victims[i], hook);
    for (ssize_t i = 0; i < nargs; i++)
        do_deed(args[i], hook);
    for (ssize_t i = 0; i < nargs; i++)
        assert_true(args[i]->refcnt > 0 && args[i]->type->name[0]);
    if (strcmp(hook, "__prepare__") == 0) return OBJECT(dict_new());
    if (strcmp(hook, "__mro_entries__") == 0) return tuple_pack(1, victims[0]);
    if (strcmp(hook, "__new__") == 0) return super_call(closure, args[0], hook, args, nargs, NULL);
    if (strcmp(hook, "__instancecheck__") == 0) return new_ref(True);
    if (strcmp(hook, "__call__") == 0)
        return super_call(closure, args[0], hook, args + 1, nargs - 1, NULL);
    return new_ref(None);
}

static Object *class_with(const char *name, void *base, void *meta, const char *hook,
                          Dict *attributes) {
    const MethodDef methods[] = {{hook, NULL, changing, strcmp(hook, "__prepare__") == 0},
                                 METHODS_END};
    Object *data = str_from_string(hook);
    Object *cls = statement(name, base, meta, NULL, NULL, attributes, methods, data);
    xdecref(data);
    return cls;
}

/* The hook stands in a metaclass, in the base, and in the class of an attribute, a base and a
 * namespace; whatever comes of the statement, an instance and isinstance(), nothing is used that is
 * gone. */
static void changed_statement(const char *hook) {
    nvictims = 0;
    Object *meta = class_with("Meta", &Type_Type, NULL, hook, NULL);
    Object *base = class_with("Base", NULL, NULL, hook, NULL);
    Object *named = class_with("Named", NULL, NULL, hook, NULL);
    Object *thing = named ? object_call(named, NULL, 0, NULL) : NULL;
    if (!thing) error_clear(); // a __new__ that was not to be called like that
    Object *mine[] = {base, meta, named};
    for (size_t i = 0; i < LENGTH(mine); i++)
        if (mine[i]) victims[nvictims++] = mine[i];
    for (int as_base = 0; base && as_base < 2; as_base++) {
        Dict *attributes = dict_with("x", new_ref(thing ? thing : None));
        Object *cls = statement("C", as_base && thing ? thing : base, meta, NULL, NULL, attributes,
                                NULL, NULL);
        error_clear();
        if (!cls) continue;
        Object *obj = object_call(cls, NULL, 0, NULL);
        object_isinstance(thing ? thing : None, cls);
        Object *key = int_from_long(1), *item = object_getitem(cls, key);
        error_clear();
        Object *x = obj ? object_getattr_string(obj, "x") : NULL, *of_class = NULL;
        error_clear();
        of_class = object_getattr_string(cls, "x");
        error_clear();
        if (obj && object_setattr_string(obj, "x", None) < 0) error_clear();
        DROP(cls, obj, key, item, x, of_class);
    }
    nvictims = 0;
    DROP(meta, base, named, thing);
    types_clear();
}

static const char *const hooks[] = {
    "__prepare__",       "__new__",         "__init__",    "__set_name__",      "__call__",
    "__init_subclass__", "__mro_entries__", "__getitem__", "__instancecheck__", "__getattribute__",
    "__class_getitem__", "__get__",         "__set__"};

static void test_hooks_that_change(void **state) {
    (void)state;
    for (int again = 0; again < 2; again++) {
        World before = world_now();
        for (size_t i = 0; i < LENGTH(hooks); i++) {
            for (deed = 0; deed < DEEDS; deed++) {
                hooks_called = 0;
                changed_statement(hooks[i]);
                assert_true(hooks_called > 0);
            }
        }
        if (again) assert_world(&before);
    }
}

/* ---- Each allocation failed in turn ------------------------------------------------------------*/

/* Runs the story once, and then again and again with one allocation more that succeeds. */
static void fail_each(Object *(*story)(void)) {
    Object *result = story();
    if (!result) error_print(stderr);
    assert_non_null(result);
    decref(result);
    types_clear();
    World before = world_now();
    long n = 0;
    for (;; n++) {
        testing_fail_at(n);
        result = story();
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        if (!failed) break;
        assert_null(result);
        assert_true(error_matches(MemoryError) || error_matches(RuntimeError)); // from __set_name__
        error_clear();
        assert_world(&before);
    }
    assert_true(n > 5);
    xdecref(result);
    assert_world(&before);
}

/* What each metaclass is to be tried with: an instance, its repr, isinstance(), cls[key]. */
static Object *with_metaclass(Type *meta, void *base, Object *decorate) {
    Object *root = statement("Root", base, meta, NULL, NULL, NULL, NULL, NULL);
    Dict *notes = root ? dict_with("x", str_from_string("int")) : NULL;
    Dict *attributes = notes ? dict_with("__annotations__", OBJECT(notes)) : NULL;
    Object *cls =
        attributes ? statement("Cls", root, meta, NULL, NULL, attributes, NULL, NULL) : NULL;
    if (cls && decorate) cls = class_decorate(cls, &decorate, 1);
    Object *obj = cls ? object_call(cls, NULL, 0, NULL) : NULL, *text = NULL;
    if (obj && object_setattr_string(obj, "x", None) == 0 && object_isinstance(root, cls) >= 0)
        text = object_repr(obj);
    DROP(root, cls, obj);
    return text;
}

static Type *(*metaclass_of_story)(void);

static Object *metaclass_story(void) {
    Type *meta = metaclass_of_story();
    Object *text = meta ? with_metaclass(meta, NULL, NULL) : NULL;
    xdecref(meta);
    return text;
}

static Object *registering_story(void) {
    Dict *registry = dict_new();
    Type *meta = registry ? registering_metaclass(registry) : NULL;
    Object *text = meta ? with_metaclass(meta, NULL, NULL) : NULL;
    DROP(OBJECT(meta), OBJECT(registry));
    return text;
}

static Object *registering_base_story(void) {
    Dict *registry = dict_new();
    Type *base = registry ? registering_base(registry) : NULL;
    Object *text = base ? with_metaclass(NULL, base, NULL) : NULL;
    DROP(OBJECT(base), OBJECT(registry));
    return text;
}

static Object *decorator_story(void) {
    Dict *registry = dict_new();
    Object *registering = registry ? registering_decorator(registry) : NULL;
    Object *adding = registering ? repr_decorator() : NULL;
    Object *text = adding ? with_metaclass(NULL, NULL, adding) : NULL;
    if (text) {
        decref(text);
        text = with_metaclass(NULL, NULL, registering);
    }
    DROP(adding, registering, OBJECT(registry));
    return text;
}

static Object *abstract_story(void) {
    Type *meta = abstract_metaclass();
    Object *mark = meta ? abstract_method_new(None) : NULL;
    Dict *attributes = mark ? dict_with("area", new_ref(mark)) : NULL;
    Object *shape = attributes
                        ? statement("Shape", NULL, meta, "abstract", True, attributes, NULL, NULL)
                        : NULL;
    attributes = shape ? dict_with("area", new_ref(None)) : NULL;
    Object *whole =
        attributes ? statement("Whole", shape, NULL, NULL, NULL, attributes, NULL, NULL) : NULL;
    DROP(OBJECT(meta), mark, shape);
    return whole;
}

static Object *records_story(void) {
    static const char text[] =
        "name:str,age:int,score:float\n\"a \"\"b\"\"\n,\",1_0,1.5\nb,2,0.1e3\n";
    Type *meta = record_metaclass();
    Records records;
    Object *repr = NULL, *row = NULL;
    if (meta && records_init(&records, meta, "Row", text, strlen(text)) < 0)
        records_fini(&records);
    else if (meta) {
        for (int i = 0; i < 2 && (i == 0 || repr); i++) {
            xdecref(repr);
            row = records_next(&records);
            repr = row ? object_repr(row) : NULL;
            xdecref(row);
        }
        records_fini(&records);
    }
    xdecref(meta);
    return repr;
}

static void test_memory(void **state) {
    (void)state;
    Type *(*const makers[])(void) = {upper_metaclass, repr_metaclass,     slots_metaclass,
                                     once_metaclass,  protocol_metaclass, abstract_metaclass};
    for (size_t i = 0; i < LENGTH(makers); i++) {
        metaclass_of_story = makers[i];
        fail_each(metaclass_story);
    }
    Object *(*const stories[])(void) = {whole_statement, registering_story, registering_base_story,
                                        decorator_story, abstract_story,    records_story};
    for (size_t i = 0; i < LENGTH(stories); i++)
        fail_each(stories[i]);
}

/* A statement that fails for want of memory leaves its base and the registry as they were. */
static void test_nothing_changed(void **state) {
    (void)state;
    Object *base = statement("Base", NULL, NULL, NULL, NULL, NULL, NULL, NULL), *cls = NULL;
    assert_non_null(base);
    bool failed = true;
    for (long n = 0; failed; n++) {
        Dict *attributes = dict_with("x", new_ref(None));
        testing_fail_at(n);
        cls = statement("C", base, NULL, NULL, NULL, attributes, NULL, NULL);
        failed = testing_has_failed();
        testing_fail_at(-1);
        if (failed) assert_null(cls);
        error_clear();
        assert_int_equal(((Type *)base)->nsubclasses, failed ? 0 : 1);
    }
    DROP(cls, base);
    types_clear();
}

/* ---- Calls that no statement makes --------------------------------------------------------------*/

static Object *gives_data(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure_data(closure));
}

static Object *counts(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    hooks_called++;
    return new_ref(None);
}

/* Descriptor.__get__(self, obj, type): takes itself off the class, and is used afterwards. */
static Object *deletes_itself(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    assert_int_equal(object_setattr_string(args[2], "x", NULL), 0);
    return new_ref(args[0]->type);
}

/* Metaclasses below which another one's __new__ gives no class; methods that are called with
 * nothing. */
static void metaclasses_by_hand(Object *other) {
    static const MethodDef giving[] = {{"__new__", gives_data, NULL, false}, METHODS_END};
    Type *(*const makers[])(void) = {repr_metaclass, abstract_metaclass};
    Object *below = statement("Below", &Type_Type, NULL, NULL, NULL, NULL, giving, None);
    for (size_t i = 0; i < LENGTH(makers); i++) {
        Type *maker = makers[i]();
        Tuple *bases = (Tuple *)tuple_pack(2, maker, below);
        Object *meta = class_statement(&(ClassStatement){.name = "Both", .bases = bases});
        assert_ptr_equal(statement("C", NULL, meta, NULL, NULL, NULL, NULL, NULL), None);
        decref(None);
        DROP(OBJECT(maker), OBJECT(bases), meta);
    }
    decref(below);
    Object *adding = repr_decorator(), *shown = object_call(adding, &other, 1, NULL);
    Object *repr = object_getattr_string(shown, "__repr__");
    assert_null(object_call(repr, NULL, 0, NULL));
    assert_error(TypeError, "__repr__() takes 1 positional argument but 0 were given");
    Type *once = once_metaclass();
    Object *prepare = object_getattr_string(OBJECT(once), "__prepare__");
    Object *name = str_from_string("x"), *args[] = {None, name, None};
    Object *ns = object_call(prepare, (Object *[]){name, None}, 2, NULL);
    Object *set = object_getattr_string(ns, "__setitem__");
    args[0] = name, args[1] = None;
    assert_null(object_call(set, args, 1, NULL));
    assert_error(TypeError, "__setitem__() takes a namespace, a name and a value");
    DROP(object_call(set, args, 2, NULL));
    assert_int_equal(object_setattr_string(ns, "owner", None), 0);
    assert_null(object_call(set, args, 2, NULL));
    assert_error(TypeError, "'x' is defined twice in ?");
    DROP(adding, shown, repr, OBJECT(once), prepare, name, ns, set);

    Object *mark = abstract_method_new(None); // in two classes of the MRO
    Object *base =
        statement("B", NULL, NULL, NULL, NULL, dict_with("area", new_ref(mark)), NULL, NULL);
    Type *abstract = abstract_metaclass();
    assert_null(
        statement("C", base, abstract, NULL, NULL, dict_with("area", new_ref(mark)), NULL, NULL));
    assert_error(TypeError, "C must define: area");
    DROP(mark, base, OBJECT(abstract));
}

/* What a metaclass's __new__ gives is not made ready if it is of another metaclass; a cell that is
 * filled a second time lets go of the first class; a descriptor may go while it is asked; and a
 * hook of a metaclass may be called by hand. */
static void calls_by_hand(void) {
    static const MethodDef counting[] = {{"__init__", counts, NULL, false}, METHODS_END};
    static const MethodDef giving[] = {{"__new__", gives_data, NULL, false}, METHODS_END};
    static const MethodDef going[] = {{"__get__", deletes_itself, NULL, false}, METHODS_END};
    Object *other_meta = statement("M", &Type_Type, NULL, NULL, NULL, NULL, counting, NULL);
    Object *other = statement("Other", NULL, other_meta, NULL, NULL, NULL, NULL, NULL);
    Object *meta = statement("M", &Type_Type, NULL, NULL, NULL, NULL, giving, other);
    hooks_called = 0;
    Object *given = statement("C", NULL, meta, NULL, NULL, NULL, NULL, NULL);
    assert_ptr_equal(given, other);
    assert_int_equal(hooks_called, 0);

    Object *cell = cell_new(NULL);
    Dict *ns = dict_with("__classcell__", new_ref(cell));
    Tuple *none = tuple_new(0);
    Type *one = type_from(&Type_Type, "One", none, ns),
         *two = type_from(&Type_Type, "Two", none, ns);
    assert_int_equal(one->ob.refcnt, 3); // its mro, its __dict__, and ours
    assert_ptr_equal(((Cell *)cell)->ref, OBJECT(two));

    Object *descriptor = statement("Descriptor", NULL, NULL, NULL, NULL, NULL, going, NULL);
    Dict *attributes = dict_with("x", object_call(descriptor, NULL, 0, NULL));
    Object *cls = statement("C", NULL, NULL, NULL, NULL, attributes, NULL, NULL);
    Object *obj = object_call(cls, NULL, 0, NULL), *x = object_getattr_string(obj, "x");
    assert_ptr_equal(x, descriptor);

    Type *upper = upper_metaclass();
    assert_null(object_call(OBJECT(upper), &cls, 1, NULL));
    assert_error(TypeError, "a hook was called with other arguments than a class statement's");
    metaclasses_by_hand(other);
    DROP(other_meta, other, meta, given, cell, OBJECT(ns), OBJECT(none), OBJECT(one), OBJECT(two),
         descriptor, cls, obj, x, OBJECT(upper));
}

static void test_by_hand(void **state) {
    (void)state;
    calls_by_hand();
    types_clear();
    World before = world_now();
    calls_by_hand();
    assert_world(&before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps), cmocka_unit_test(test_hooks_that_change),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_nothing_changed),
        cmocka_unit_test(test_by_hand)};
    return cmocka_run_group_tests(tests, start, NULL);
}
