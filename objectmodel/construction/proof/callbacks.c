/* callbacks.c: classes that change while they are being called, and everything without memory. */
#include "check.h"

/* ---- Classes that change while they are called -----------------------------------------------*/

BODY(new_deletes_init) {
    UNUSED;
    return object_setattr_string(args[0], "__init__", NULL) < 0
               ? NULL
               : object_new((Type *)args[0], NULL, 0);
}

BODY(new_deletes_itself) {
    UNUSED;
    Object *name = str_from_string("the closure is gone with the function, if nobody holds it");
    decref(name);
    if (object_setattr_string(args[0], "__new__", NULL) < 0) return NULL;
    return closure ? object_new((Type *)args[0], NULL, 0) : NULL;
}

BODY(init_deletes_itself) {
    UNUSED;
    inits++;
    return object_setattr_string(OBJECT(args[0]->type), "__init__", NULL) < 0 ? NULL
                                                                              : new_ref(closure);
}

BODY(init_sets_class) {
    UNUSED;
    inits++;
    return object_set_class(args[0], OBJECT(D)) < 0 ? NULL : new_ref(None);
}

BODY(init_clears_class) {
    UNUSED;
    type_clear(args[0]->type);
    return new_ref(None);
}

BODY(new_clears_class) {
    UNUSED;
    type_clear((Type *)args[0]);
    return object_new((Type *)args[0], NULL, 0);
}

BODY(call_clears_class) {
    (void)closure;
    type_clear((Type *)args[0]);
    return type_call(args[0], args + 1, nargs - 1);
}

BODY(call_empties_cells) { // a cleared class finds no method, also none that it is given
    (void)closure;
    Object *function = function_new("__init__", init_stores, NULL);
    type_clear((Type *)args[0]);
    int status = object_setattr_string(args[0], "__init__", function);
    decref(function);
    return status < 0 ? NULL : type_call(args[0], args + 1, nargs - 1);
}

BODY(init_swaps_bases) {
    UNUSED;
    Object *bases = tuple_pack(1, D);
    int status = bases ? type_set_bases(args[0]->type, bases) : -1;
    xdecref(bases);
    return status < 0 ? NULL : new_ref(None);
}

static void test_steps_that_delete_steps(void **state) {
    (void)state;
    forget();
    C = make(NULL, &Object_Type, "C", new_deletes_init, init_stores);
    keep(call(C, ARGS(number(1)))); // object's init, which lets pass what new has taken
    assert_int_equal(inits, 0);

    C = make(NULL, &Object_Type, "C", NULL, NULL);
    Object *here = text("here");
    Object *new = function_new("__new__", new_deletes_itself, here);
    Object *init = function_new("__init__", init_deletes_itself, None);
    set(C, "__new__", new);
    set(C, "__init__", init);
    decref(new);
    decref(init);
    keep(call(C, NULL, 0)); // each runs on the class's last reference to it
    assert_int_equal(inits, 1);
    keep(call(C, NULL, 0));
    assert_int_equal(inits, 1);
}

static void test_init_sets_class(void **state) {
    (void)state;
    forget();
    C = make(NULL, &Object_Type, "C", NULL, init_sets_class);
    D = make(NULL, &Object_Type, "D", NULL, init_stores);
    ssize_t of_c = C->ob.refcnt, of_d = D->ob.refcnt;
    Object *d = keep(call(C, ARGS(number(1))));
    assert_ptr_equal(d->type, D);
    assert_int_equal(inits, 1); // not once more for D
    assert_int_equal(C->ob.refcnt, of_c);
    assert_int_equal(D->ob.refcnt, of_d + 1);
}

static void test_class_is_cleared(void **state) {
    (void)state;
    C = make(NULL, &Object_Type, "C", NULL, init_clears_class);
    Object *c = keep(call(C, ARGS(number(1))));
    assert_ptr_equal(c->type, C);
    C = make(NULL, &Object_Type, "C", new_clears_class, init_stores);
    assert_fails(call(C, NULL, 0), AttributeError,
                 "__init__"); // the second step is no longer there
    Type *meta = make(NULL, &Type_Type, "Meta", NULL, NULL);
    set(meta, "__call__", function("__call__", call_clears_class));
    C = make(meta, &Object_Type, "C", NULL, NULL);
    keep(call(C, NULL, 0)); // object's own steps are cells
    C = make(meta, &Object_Type, "C", NULL, init_stores);
    assert_fails(call(C, NULL, 0), AttributeError, "__init__");
    set(meta, "__call__", function("__call__", call_empties_cells));
    C = make(meta, &Object_Type, "C", NULL, NULL);
    keep(call(C, NULL, 0));
}

static void test_class_dies_with_its_instance(void **state) {
    (void)state;
    C = make(NULL, &Object_Type, "C", NULL, init_stores);
    Object *c = keep(call(C, NULL, 0));
    type_clear(C);
    for (size_t i = 0; i < kept; i++) { // only the instance keeps the class from now on
        if (pool[i] == OBJECT(C)) pool[i] = new_ref(None);
    }
    decref(C);
    assert_int_equal(c->type->ob.refcnt, 1);
}

static void test_init_swaps_bases(void **state) {
    (void)state;
    forget();
    C = make(NULL, make(NULL, &Object_Type, "A", NULL, NULL), "C", NULL, init_swaps_bases);
    D = make(NULL, &Object_Type, "B", new_by_object, NULL);
    keep(call(C, NULL, 0));
    assert_int_equal(news, 0);
    keep(call(C, NULL, 0)); // by the new base's __new__
    assert_int_equal(news, 1);
}

/* ---- Without memory --------------------------------------------------------------------------*/

/* Runs it with the first, second, ... allocation failing: each time MemoryError, and no block and no
 * reference more than before. */
static void without_memory(Object *(*make_it)(void), long at_least) {
    Object *first = make_it(); // what it interns it interns now
    assert_non_null(first);
    decref(first);
    long n = 0;
    for (;; n++) {
        long blocks = testing_blocks();
        ssize_t references[LENGTH(counted) + 1], now[LENGTH(counted) + 1];
        count_references(references);
        testing_fail_at(n);
        Object *made = make_it();
        testing_fail_at(-1);
        if (made) {
            decref(made);
            break;
        }
        assert_error(MemoryError, "");
        count_references(now);
        assert_int_equal(testing_blocks(), blocks);
        assert_memory_equal(now, references, sizeof now);
    }
    assert_true(n >= at_least);
}

static Type *type_under_test;
static Object *argument;

static Object *make_one(void) {
    return call(type_under_test, ARGS(argument));
}

static Object *make_by_new(void) {
    Object *new = object_getattr_string(OBJECT(type_under_test), "__new__");
    Object *made = new ? call(new, ARGS(OBJECT(type_under_test), argument)) : NULL;
    xdecref(new);
    return made;
}

static Object *refused(void) { // None, if it is refused for what it should be
    Object *made = call(type_under_test, NULL, 0);
    assert_null(made);
    if (error_matches(MemoryError)) return NULL;
    error_clear();
    return new_ref(None);
}

static Object *make_class(void) {
    Object *name = str_from_string("X"), *bases = tuple_pack(1, C);
    Dict *dict = dict_new();
    Type *made =
        name && bases && dict ? (Type *)call(&Type_Type, ARGS(name, bases, OBJECT(dict))) : NULL;
    xdecref(name);
    xdecref(bases);
    xdecref(dict);
    if (!made) return NULL;
    Error error = error_fetch();
    type_clear(made);
    decref(made);
    error_restore(error);
    return new_ref(None);
}

static void test_without_memory(void **state) {
    (void)state;
    Type *values[] = {
        &Int_Type,
        &Str_Type,
        &Tuple_Type,
        make(NULL, &Int_Type, "Integer", NULL, NULL),
        make(NULL, &Str_Type, "String", NULL, NULL),
        make(NULL, &Tuple_Type, "Several", NULL, NULL),
        make(NULL, &Object_Type, "C", NULL, init_stores),
        make(NULL, &Object_Type, "D", new_by_object, init_stores),
    };
    Type *several = values[5];
    Object *digits = text("12"), *pair = keep(tuple_pack(2, None, None));
    Object *own = keep(call(several, ARGS(pair)));
    for (size_t i = 0; i < LENGTH(values); i++) {
        type_under_test = values[i];
        argument = digits;
        without_memory(make_one, values[i] == &Str_Type ? 0 : 1);
        without_memory(make_by_new, values[i] == &Str_Type ? 0 : 1);
        argument = own; // a tuple of a subclass, a str by its repr
        if (values[i] == several || values[i] == &Tuple_Type || values[i]->base == &Str_Type)
            without_memory(make_one, 1);
        argument = number(5);
        if (values[i] == &Str_Type || values[i]->base == &Str_Type) without_memory(make_one, 1);
    }
    C = values[6];
    without_memory(make_class, 10);
    type_under_test = C;
    set(C, "__abstractmethods__", keep(tuple_pack(2, text("b"), text("a"))));
    without_memory(refused, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(steps_that_delete_steps),      TEST(init_sets_class),  TEST(class_is_cleared),
        TEST(class_dies_with_its_instance), TEST(init_swaps_bases), TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
