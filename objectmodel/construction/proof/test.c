/* test.c: the two steps, who may refuse, what is left when one fails, and metaclasses. */
#include "check.h"

static int64_t number_of(Object *op, const char *name) {
    Object *value = object_getattr_string(op, name);
    assert_non_null(value);
    assert_ptr_equal(value->type, &Int_Type);
    int64_t result = ((Int *)value)->value;
    decref(value);
    return result;
}

BODY(init_fails) {
    UNUSED;
    inits++;
    if (nargs > 1 && object_setattr_string(args[0], "x", args[1]) < 0) return NULL;
    error_set(ValueError, "no");
    return NULL;
}

/* ---- The two steps ---------------------------------------------------------------------------*/

static void test_both_steps(void **state) {
    (void)state;
    forget();
    C = make(NULL, &Object_Type, "C", new_by_object, init_stores);
    Object *c = keep(call(C, ARGS(number(1), number(2))));
    assert_int_equal(news, 1);
    assert_int_equal(inits, 1);
    assert_int_equal(last_nargs, 3);
    assert_ptr_equal(c->type, C);
    assert_int_equal(c->refcnt, 1);
    assert_int_equal(number_of(c, "x"), 1);
    assert_int_equal(number_of(c, "y"), 2);
}

BODY(new_gives_five) {
    UNUSED;
    return int_from_long(5);
}

BODY(new_gives_d) {
    UNUSED;
    return object_new(D, NULL, 0);
}

BODY(new_fails) {
    UNUSED;
    error_set(ValueError, "new");
    return NULL;
}

BODY(init_notes_d) {
    UNUSED;
    inits += 10;
    return new_ref(None);
}

static void test_something_else_comes_back(void **state) {
    (void)state;
    forget();
    C = make(NULL, &Object_Type, "C", new_gives_five, init_stores);
    Object *five = keep(call(C, NULL, 0));
    assert_ptr_equal(five->type, &Int_Type);
    assert_int_equal(inits, 0);

    C = make(NULL, &Object_Type, "C", new_gives_d, init_stores);
    D = make(NULL, C, "D", NULL, init_notes_d);
    assert_ptr_equal(((Object *)keep(call(C, NULL, 0)))->type, D);
    assert_int_equal(inits, 10); // D's, not C's

    D = make(NULL, &Object_Type, "D", NULL, init_notes_d); // no subclass any more
    assert_ptr_equal(((Object *)keep(call(C, NULL, 0)))->type, D);
    assert_int_equal(inits, 10);

    C = make(NULL, &Object_Type, "C", new_fails, init_stores);
    assert_fails(call(C, NULL, 0), ValueError, "new");
    assert_int_equal(inits, 10);
}

static void test_type_of_one_argument(void **state) {
    (void)state;
    Object *seven = number(7);
    assert_ptr_equal(keep(call(&Type_Type, ARGS(seven))), &Int_Type);
    assert_fails(call(&Type_Type, NULL, 0), TypeError, "type() takes 1 or 3 arguments");
    Type *meta = make(NULL, &Type_Type, "Meta", NULL, NULL);
    assert_fails(call(meta, ARGS(seven)), TypeError,
                 "type.__new__() takes exactly 3 arguments (1 given)"); // a question to type alone
}

static void test_no_way_to_be_made(void **state) {
    (void)state;
    static Type *const none[] = {&Builtin_Type, &Method_Type, &SlotWrapper_Type, &GetSet_Type};
    for (size_t i = 0; i < LENGTH(none); i++) {
        assert_null(call(none[i], NULL, 0));
        char message[100];
        snprintf(message, sizeof message, "cannot create '%s' instances", none[i]->name);
        assert_error(TypeError, message);
        snprintf(message, sizeof message, "object.__new__(%s) is not safe, use %s.__new__()",
                 none[i]->name, none[i]->name);
        Object *new = keep(object_getattr_string(OBJECT(&Object_Type), "__new__"));
        assert_fails(call(new, ARGS(OBJECT(none[i]))), TypeError, message);
    }
    assert_ptr_equal(keep(call(&None_Type, NULL, 0)), None);
}

/* ---- What is left when a step fails ----------------------------------------------------------*/

static void test_init_fails(void **state) {
    (void)state;
    C = make(NULL, &Object_Type, "C", NULL, init_fails);
    Object *x = number(1000);
    ssize_t references = C->ob.refcnt;
    for (int i = 0; i < 3; i++)
        assert_fails(call(C, ARGS(x)), ValueError, "no");
    assert_int_equal(C->ob.refcnt, references); // no instance holds it
    assert_int_equal(x->refcnt, 1);             // the instances that had it are gone
}

static Object *escaped;

BODY(init_escapes_and_fails) {
    UNUSED;
    escaped = keep(new_ref(args[0]));
    return init_fails(closure, args, nargs);
}

static void test_half_built_object_escapes(void **state) {
    (void)state;
    C = make(NULL, &Object_Type, "C", NULL, init_escapes_and_fails);
    assert_fails(call(C, ARGS(number(8))), ValueError, "no");
    assert_int_equal(escaped->refcnt, 1); // type.__call__ has dropped its own
    assert_int_equal(number_of(escaped, "x"), 8);
}

BODY(init_returns_self) {
    UNUSED;
    return new_ref(args[0]);
}

static void test_init_returns_something(void **state) {
    (void)state;
    C = make(NULL, &Object_Type, "C", NULL, init_returns_self);
    assert_fails(call(C, NULL, 0), TypeError, "__init__() should return None, not 'C'");
}

/* ---- Arguments too many ----------------------------------------------------------------------*/

BODY(new_passes) {
    (void)closure;
    return object_new((Type *)args[0], args + 1, nargs - 1);
}

BODY(init_passes) {
    (void)closure;
    return object_init(args[0], args + 1, nargs - 1) < 0 ? NULL : new_ref(None);
}

/* By which of the two steps is overridden, and what it does with its arguments. */
static void test_excess_arguments(void **state) {
    (void)state;
    static const char by_new[] =
        "object.__new__() takes exactly one argument (the type to instantiate)";
    static const char by_init[] =
        "object.__init__() takes exactly one argument (the instance to initialize)";
    static const struct {
        FunctionCode new, init;
        const char *message;
    } cases[] = {
        {NULL, NULL, "C() takes no arguments"},
        {NULL, init_stores, NULL},
        {NULL, init_passes, by_init},
        {new_by_object, NULL, NULL},
        {new_by_object, init_stores, NULL},
        {new_by_object, init_passes, by_init},
        {new_passes, NULL, by_new},
        {new_passes, init_stores, by_new},
    };
    Object *one = number(1);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        C = make(NULL, &Object_Type, "C", cases[i].new, cases[i].init);
        keep(call(C, NULL, 0)); // without arguments always
        if (cases[i].message)
            assert_fails(call(C, ARGS(one)), TypeError, cases[i].message);
        else
            keep(call(C, ARGS(one)));
    }
    C = make(NULL, &Object_Type, "C", NULL, NULL);
    Object *c = keep(call(C, NULL, 0));
    assert_int_equal(object_init(c, ARGS(one)), -1);
    assert_error(TypeError, "C.__init__() takes exactly one argument (the instance to initialize)");
    assert_int_equal(object_init(one, ARGS(one)), 0); // int's new takes it
}

static void test_safety_of_new(void **state) {
    (void)state;
    Type *plain = make(NULL, &Object_Type, "Plain", NULL, NULL);
    Type *integer = make(NULL, &Int_Type, "Integer", new_passes, NULL);
    Type *below = make(NULL, integer, "Below", NULL, NULL);
    Object *of_object = keep(object_getattr_string(OBJECT(&Object_Type), "__new__"));
    Object *of_int = keep(object_getattr_string(OBJECT(&Int_Type), "__new__"));
    assert_fails(call(of_object, ARGS(OBJECT(&Int_Type))), TypeError,
                 "object.__new__(int) is not safe, use int.__new__()");
    assert_fails(call(of_object, ARGS(OBJECT(below))), TypeError,
                 "object.__new__(Below) is not safe, use int.__new__()");
    assert_fails(call(of_int, ARGS(OBJECT(plain))), TypeError,
                 "int.__new__(Plain): Plain is not a subtype of int");
    assert_fails(call(of_int, ARGS(number(3))), TypeError,
                 "int.__new__(X): X is not a type object (int)");
    assert_fails(call(of_int, NULL, 0), TypeError, "int.__new__(): not enough arguments");
    Object *made = keep(call(of_int, ARGS(OBJECT(below), text("12"))));
    assert_ptr_equal(made->type, below);
    assert_int_equal(((Int *)made)->value, 12);
}

/* ---- Values ----------------------------------------------------------------------------------*/

/* A subclass's instance holds the value and, after it, attributes of its own. */
static void test_subclasses_of_values(void **state) {
    (void)state;
    Type *integer = make(NULL, &Int_Type, "Integer", NULL, NULL);
    Type *string = make(NULL, &Str_Type, "String", NULL, NULL);
    Type *several = make(NULL, &Tuple_Type, "Several", NULL, NULL);
    Tuple *items = keep(tuple_pack(3, number(1), number(2), number(3)));
    Object *x = number(9);

    Object *i = keep(call(integer, ARGS(text("-12"))));
    set(i, "x", x);
    assert_int_equal(((Int *)i)->value, -12);
    Object *s = keep(call(string, ARGS(number(345))));
    set(s, "x", x);
    assert_string_equal(((Str *)s)->text, "345");
    assert_int_equal(((Str *)s)->length, 3);
    assert_int_equal(((Str *)s)->hash, ((Str *)text("345"))->hash);
    Tuple *t = keep(call(several, ARGS(OBJECT(items))));
    set(t, "x", x);
    assert_int_equal(t->size, 3);
    assert_memory_equal(t->items, items->items, sizeof(Object *[3]));
    assert_int_equal(number_of(OBJECT(t), "x"), 9);

    Object *exact = keep(call(&Int_Type, ARGS(i))); // and back
    assert_ptr_equal(exact->type, &Int_Type);
    assert_int_equal(((Int *)exact)->value, -12);
    assert_ptr_equal(((Object *)keep(call(&Tuple_Type, ARGS(OBJECT(t)))))->type, &Tuple_Type);
    assert_ptr_equal(((Object *)keep(call(&Str_Type, ARGS(s))))->type, &Str_Type);
    Object *digits = keep(call(&Int_Type, ARGS(s))); // a str of a subclass is a str
    assert_int_equal(((Int *)digits)->value, 345);
}

static void test_values_themselves(void **state) {
    (void)state;
    Object *seven = number(7), *word = text("word");
    Object *pair = keep(tuple_pack(2, seven, word));
    assert_ptr_equal(keep(call(&Int_Type, ARGS(seven))), seven);
    assert_ptr_equal(keep(call(&Str_Type, ARGS(word))), word);
    assert_ptr_equal(keep(call(&Tuple_Type, ARGS(pair))), pair);
    assert_fails(call(&Int_Type, ARGS(text("9223372036854775808"))), ValueError,
                 "an int here has 64 bits");
    Object *lowest = keep(call(&Int_Type, ARGS(text("-9223372036854775808"))));
    assert_true(((Int *)lowest)->value == INT64_MIN);
}

/* ---- type ------------------------------------------------------------------------------------*/

static ssize_t called;

BODY(call_counts) {
    (void)closure;
    called++;
    return type_call(args[0], args + 1, nargs - 1);
}

BODY(meta_new) {
    (void)closure;
    news++;
    return Type_Type.new((Type *)args[0], args + 1, nargs - 1);
}

static void test_metaclass_call(void **state) {
    (void)state;
    forget();
    called = 0;
    Type *meta = make(NULL, &Type_Type, "Meta", NULL, NULL);
    C = make(meta, &Object_Type, "C", NULL, init_stores);
    assert_ptr_equal(C->ob.type, meta);
    keep(call(C, NULL, 0));
    assert_int_equal(called, 0);
    set(meta, "__call__", function("__call__", call_counts)); // in front of both steps, from now on
    D = make(NULL, C, "D", NULL, NULL);
    assert_ptr_equal(D->ob.type, meta);
    keep(call(C, NULL, 0));
    keep(call(D, NULL, 0));
    assert_int_equal(called, 2);
    keep(type_call(OBJECT(C), NULL, 0)); // who goes round it
    assert_int_equal(called, 2);
    set(meta, "__call__", NULL);
    keep(call(C, NULL, 0));
    assert_int_equal(called, 2);
    assert_int_equal(inits, 5);
}

static void test_class_statement(void **state) {
    (void)state;
    forget();
    Type *meta = make(NULL, &Type_Type, "Meta", meta_new, init_stores);
    Object *name = text("X"), *none = keep(tuple_pack(0)), *dict = keep(dict_new());
    C = keep(call(meta, ARGS(name, none, dict)));
    assert_ptr_equal(C->ob.type, meta);
    assert_int_equal(news, 1);
    assert_int_equal(inits, 1);
    Object *bases = keep(tuple_pack(1, C));
    D = keep(call(&Type_Type, ARGS(name, bases, dict))); // the base's metaclass is asked
    assert_ptr_equal(D->ob.type, meta);
    assert_int_equal(news, 2);
    assert_int_equal(inits, 2);
}

/* ---- Abstract classes ------------------------------------------------------------------------*/

static void test_abstract(void **state) {
    (void)state;
    static const char name[] = "__abstractmethods__";
    C = make(NULL, &Object_Type, "C", NULL, NULL);
    D = make(NULL, C, "D", NULL, NULL);
    assert_fails(object_getattr_string(OBJECT(C), name), AttributeError, name);
    assert_int_equal(object_setattr_string(OBJECT(C), name, NULL), -1);
    assert_error(AttributeError, name);
    set(C, name, keep(tuple_pack(3, text("b"), text("a"), text("c"))));
    assert_fails(call(C, NULL, 0), TypeError,
                 "Can't instantiate abstract class C with abstract methods a, b, c");
    assert_fails(call(C, ARGS(number(1))), TypeError, "C() takes no arguments"); // that comes first
    keep(call(D, NULL, 0)); // who derives from it is asked for itself: ABCMeta sets it there, too
    set(C, name, keep(tuple_pack(1, text("a"))));
    assert_fails(call(C, NULL, 0), TypeError,
                 "Can't instantiate abstract class C with abstract method a");
    set(C, name, keep(tuple_pack(2, text("a"), number(1))));
    assert_fails(call(C, NULL, 0), TypeError, "sequence item 1: expected str instance, int found");
    set(C, name, keep(tuple_pack(0)));
    Object *c = keep(call(C, NULL, 0)), *full = keep(tuple_pack(1, text("a")));
    assert_int_equal(((Tuple *)keep(object_getattr_string(c, name)))->size, 0);
    Object *descr = type_lookup(&Type_Type, str_intern(name)); // past type_setattro()
    assert_int_equal(descr->type->descr_set(descr, OBJECT(C), full), 0);
    assert_ptr_equal(keep(object_getattr_string(c, name)), full);
    set(C, name, number(5));
    assert_fails(call(C, NULL, 0), TypeError, "'int' object is not iterable");
    set(C, name, NULL);
    keep(call(C, NULL, 0));
    Object *setter = dict_get_item(Type_Type.dict, str_intern(name)), *instance = call(C, NULL, 0);
    for (int64_t i = 0; i < 2; i++) { // past type_setattro(): the cache must not keep the old value
        Object *value = int_from_long(i);
        assert_int_equal(setter->type->descr_set(setter, OBJECT(C), value), 0);
        decref(value);
        assert_ptr_equal(keep(object_getattr_string(keep(new_ref(instance)), name)), value);
    }
    decref(instance);
}

/* ---- Init functions called twice ---------------------------------------------------------------*/

/* The second call replaces each attribute: a cache that kept the first would hand out freed memory. */
static void test_init_twice(void **state) {
    (void)state;
    C = make(NULL, &Int_Type, "C", NULL, NULL);
    Str *new = str_intern("__new__"), *name = str_intern("__name__");
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(type_lookup(&Int_Type, new), dict_get_item(Int_Type.dict, new));
        assert_ptr_equal(type_lookup(C, new), dict_get_item(Int_Type.dict, new));
        assert_ptr_equal(type_lookup(&Type_Type, name), dict_get_item(Type_Type.dict, name));
        if (i == 0) assert_int_equal(construction_init(), 0);
    }
    assert_int_equal(((Int *)keep(call(C, ARGS(number(5)))))->value, 5);
}

/* ---- The watcher -----------------------------------------------------------------------------*/

static char steps[200];

static void watcher(const ConstructionStep *step) {
    static const char *const names[] = {"calls", "new", "init"};
    size_t length = strlen(steps);
    snprintf(steps + length, sizeof steps - length, "%s %s %s %zd%s; ", names[step->what],
             step->type->name, step->obj ? step->obj->type->name : "-", step->nargs,
             error_occurred() ? " error" : "");
}

static void test_watcher(void **state) {
    (void)state;
    Object *one = number(1);
    C = make(NULL, &Object_Type, "C", new_gives_d, init_stores);
    D = make(NULL, C, "D", NULL, NULL);
    Type *fails = make(NULL, &Object_Type, "E", NULL, init_fails);
    Type *never = make(NULL, &Object_Type, "F", new_fails, NULL);
    Type *other = make(NULL, &Object_Type, "G", new_gives_five, NULL);
    construction_watcher = watcher;
    *steps = '\0';
    keep(call(C, ARGS(one)));
    assert_string_equal(steps, "calls C - 1; new C D 1; init C D 1; ");
    *steps = '\0';
    assert_fails(call(fails, NULL, 0), ValueError, "no");
    assert_string_equal(steps, "calls E - 0; new E E 0; init E E 0 error; ");
    *steps = '\0';
    assert_fails(call(never, NULL, 0), ValueError, "new");
    assert_string_equal(steps, "calls F - 0; new F - 0 error; ");
    *steps = '\0';
    keep(call(other, NULL, 0));
    assert_string_equal(steps, "calls G - 0; new G int 0; ");
    construction_watcher = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(both_steps),
        TEST(something_else_comes_back),
        TEST(type_of_one_argument),
        TEST(no_way_to_be_made),
        TEST(init_fails),
        TEST(half_built_object_escapes),
        TEST(init_returns_something),
        TEST(excess_arguments),
        TEST(safety_of_new),
        TEST(subclasses_of_values),
        TEST(values_themselves),
        TEST(metaclass_call),
        TEST(class_statement),
        TEST(abstract),
        TEST(init_twice),
        TEST(watcher),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
