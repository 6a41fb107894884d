/* Tests of the object layer: what the three rooms take for granted. Values, calls in both forms, lookup,
 * classes, and special methods that change the very object that called them. */
#include "../../common/proof/testing.h"

#include "../object.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

/* A test runs twice, as names and types stay once they are made: the second leaves nothing behind. */
static void twice(void (*body)(void)) {
    long blocks = 0;
    for (int i = 0; i < 2; i++) {
        blocks = testing_blocks();
        body();
        assert_false(error_occurred());
        assert_int_equal(recursion_depth, 0);
    }
    assert_int_equal(testing_blocks(), blocks);
}
#define TEST(name)                                                                                 \
    static void name##_once(void);                                                                 \
    static void name(void **state) {                                                               \
        (void)state;                                                                               \
        twice(name##_once);                                                                        \
    }                                                                                              \
    static void name##_once(void)

static void assert_repr_of(Object *op, const char *expected) {
    Object *text = object_repr(op);
    assert_non_null(text);
    assert_string_equal(((Str *)text)->text, expected);
    decref(text);
}
static void assert_repr(Object *stolen, const char *expected) {
    assert_non_null(stolen);
    assert_repr_of(stolen, expected);
    decref(stolen);
}

/* A class with these methods, names and functions in turn, up to NULL. */
static Type *class_of(const char *name, Type *base, ...) {
    Dict *dict = dict_new();
    va_list list;
    va_start(list, base);
    for (const char *method; (method = va_arg(list, const char *));) {
        Object *value = va_arg(list, Object *);
        assert_int_equal(dict_set_item(dict, str_intern(method), value), 0);
        decref(value);
    }
    va_end(list);
    Type *self = type_new(name, base, dict);
    decref(dict);
    return self;
}
static Object *instance_of(Type *type) {
    Object *self = object_call_args(OBJECT(type), 0);
    assert_non_null(self);
    return self;
}

/* A function of C that binds to an instance. */
typedef struct {
    Object ob;
    BuiltinCode code;
} Bindable;
static void bindable_dealloc(Object *self) {
    object_free(self);
}
static Object *bindable_get(Object *self, Object *obj, Type *type) {
    (void)type;
    return obj ? method_new(self, obj) : new_ref(self);
}
static Object *bindable_call(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    return ((Bindable *)self)->code(NULL, args, nargs, kwnames);
}
static Type Bindable_Type = {TYPE("bindable", Bindable), .dealloc = bindable_dealloc,
                             .flags = METHOD_DESCRIPTOR, .descr_get = bindable_get,
                             .vectorcall = bindable_call};
static Object *bindable(BuiltinCode code) {
    Bindable *self = object_new(&Bindable_Type, 0);
    assert_non_null(self);
    self->code = code;
    return OBJECT(self);
}

/* All that it was called with: (arguments..., names). */
static Object *tells(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self;
    ssize_t all = nargs + (kwnames ? kwnames->size : 0);
    Tuple *told = tuple_new(all + 1);
    for (ssize_t i = 0; told && i < all; i++)
        told->items[i] = new_ref(args[i]);
    if (told) told->items[all] = new_ref(kwnames ? OBJECT(kwnames) : None);
    return OBJECT(told);
}

/* ---- Values ----------------------------------------------------------------------------------*/

TEST(test_values) {
    static const struct {
        double value;
        const char *repr;
    } floats[] = {{0.1, "0.1"},
                  {1e16, "1e+16"},
                  {-2.5, "-2.5"},
                  {5e-324, "5e-324"},
                  {1e15, "1000000000000000.0"}};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        assert_repr(float_from_double(floats[i].value), floats[i].repr);
    assert_repr(int_from_long(INT64_MIN), "-9223372036854775808");
    assert_repr(str_from_string("it's\n\x01"), "\"it's\\n\\x01\"");
    assert_repr(str_from_format("%d %s", 7, "x"), "'7 x'");
    assert_repr(tuple_pack(2, None, True), "(None, True)");
    assert_repr(tuple_pack(1, False), "(False,)");
    Object *one = int_from_long(1), *real = float_from_double(1), *big = int_from_long(INT64_MAX),
           *bigger = float_from_double(9223372036854775808.0), *minus = int_from_long(-1);
    assert_ptr_equal(int_from_long(1), one);
    decref(one);
    assert_true(object_hash(one) == 1 && object_hash(real) == 1 && object_hash(True) == 1);
    assert_true(object_hash(minus) == -2);
    assert_int_equal(object_rich_equal(one, real), 1);
    assert_int_equal(object_rich_equal(True, real), 1);
    assert_int_equal(object_rich_equal(big, bigger), 0);
    Object *a = tuple_pack(2, one, minus), *b = tuple_pack(2, minus, one);
    assert_true(object_hash(a) != object_hash(b));
    assert_int_equal(object_rich_equal(a, b), 0);
    assert_int_equal(object_rich_equal(a, one), 0);
    Object *all[] = {one, real, big, bigger, minus, a, b};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        decref(all[i]);
}

TEST(test_dict) {
    Dict *dict = dict_new();
    char name[4] = "k";
    for (int i = 0; i < 10; i++) {
        name[1] = (char)('0' + i);
        assert_int_equal(dict_set_item(dict, str_intern(name), i % 2 ? True : None), 0);
    }
    assert_int_equal(dict_del_item(dict, str_intern("k0")), 0);
    assert_int_equal(dict_del_item(dict, str_intern("k0")), -1);
    assert_error(KeyError, "'k0'");
    assert_null(dict_get_item(dict, str_intern("k0")));
    Dict *copy = dict_copy(dict);
    assert_int_equal(object_rich_equal(OBJECT(dict), OBJECT(copy)), 1);
    dict_set_item(copy, str_intern("k1"), None);
    assert_ptr_equal(copy->items[0].name, str_intern("k1")); // where it was
    assert_int_equal(object_rich_equal(OBJECT(dict), OBJECT(copy)), 0);
    assert_int_equal(object_hash(OBJECT(dict)), -1);
    assert_error(TypeError, "unhashable type: 'dict'");
    dict_clear(copy);
    dict_set_item(copy, str_intern("me"), OBJECT(copy));
    Object *around = tuple_pack(1, copy);
    assert_repr(around, "({'me': {...}},)");
    dict_clear(copy);
    decref(copy);
    decref(dict);
}

/* Nested as deep as one likes: dies in a loop, and is compared and printed up to the limit. */
TEST(test_depth) {
    Object *deep[2];
    for (int i = 0; i < 2; i++) {
        deep[i] = tuple_pack(0);
        for (int n = 0; n < 100000; n++) {
            Object *inner = deep[i];
            deep[i] = tuple_pack(1, inner);
            decref(inner);
        }
    }
    assert_int_equal(object_rich_equal(deep[0], deep[1]), -1);
    assert_error(RecursionError, "maximum recursion depth exceeded in comparison");
    assert_null(object_repr(deep[0]));
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    decref(deep[0]);
    decref(deep[1]);
}

/* ---- Calls -----------------------------------------------------------------------------------*/

static Object *packed_call(Object *self, Tuple *args, Dict *kwargs) {
    (void)self;
    return tuple_pack(2, args, kwargs ? OBJECT(kwargs) : None);
}
static Object *recursive_call(Object *self, Tuple *args, Dict *kwargs) {
    return object_call(self, args, kwargs);
}
static Type Packed_Type = {TYPE("packed", Object), .call = packed_call};
static Type Recursive_Type = {TYPE("recursive", Object), .call = recursive_call};

TEST(test_calls) {
    Object packed = {1, &Packed_Type}, recursive = {1, &Recursive_Type};
    Object *builtin = builtin_new("tells", tells, NULL), *args[20];
    for (int i = 0; i < 20; i++)
        args[i] = True;
    Tuple *names = (Tuple *)tuple_pack(2, str_intern("a"), str_intern("b"));
    unsigned long before = object_tp_calls;
    assert_repr(object_vectorcall(&packed, args, 1, names), "((True,), {'a': True, 'b': True})");
    assert_repr(object_call_args(&packed, 1, None), "((None,), None)");
    assert_int_equal(object_tp_calls - before, 2);
    assert_repr(object_vectorcall(builtin, args, 1, names), "(True, True, True, ('a', 'b'))");
    Tuple *tuple = tuple_from_array(args, 18);
    Dict *kwargs = dict_new();
    dict_set_item(kwargs, str_intern("z"), None);
    Tuple *result = (Tuple *)object_call(builtin, tuple, kwargs);
    assert_int_equal(result->size, 20);
    assert_ptr_equal(result->items[18], None);
    decref(result);
    Object *method = method_new(builtin, None);
    result = (Tuple *)object_vectorcall(method, args, 18, names);
    assert_int_equal(result->size, 22);
    assert_ptr_equal(result->items[0], None);
    decref(result);
    assert_null(object_call_args(None, 0));
    assert_error(TypeError, "'NoneType' object is not callable");
    assert_null(object_call(True, tuple, NULL));
    assert_error(TypeError, "'bool' object is not callable");
    assert_null(object_call_args(&recursive, 0));
    assert_error(RecursionError, "maximum recursion depth exceeded while calling a Python object");
    static const char *const messages[] = {"f expected 2 arguments, got 1", "",
                                           "f expected 2 arguments, got 3"};
    for (ssize_t n = 1; n <= 3; n++) {
        int status = builtin_check_args("f", n, NULL, 2, 2);
        assert_int_equal(status, n == 2 ? 0 : -1);
        if (status < 0) assert_error(TypeError, messages[n - 1]);
    }
    builtin_check_args("f", 0, NULL, 1, 2);
    assert_error(TypeError, "f expected at least 1 argument, got 0");
    builtin_check_args("f", 3, NULL, 1, 2);
    assert_error(TypeError, "f expected at most 2 arguments, got 3");
    builtin_check_args("f", 0, names, 0, 2);
    assert_error(TypeError, "f() takes no keyword arguments");
    Object *all[] = {builtin, method, OBJECT(tuple), OBJECT(kwargs), OBJECT(names)};
    for (size_t i = 0; i < 5; i++)
        decref(all[i]);
}

TEST(test_methods) {
    Object *builtin = builtin_new("tells", tells, NULL), *other = builtin_new("tells", tells, NULL);
    Object *a = method_new(builtin, None), *b = method_new(builtin, None);
    Object *c = method_new(builtin, True), *d = method_new(other, None);
    assert_int_equal(object_rich_equal(a, b), 1);
    assert_true(object_hash(a) == object_hash(b) && object_hash(a) != -1);
    assert_int_equal(object_rich_equal(a, c), 0);
    assert_int_equal(object_rich_equal(a, d), 0);
    assert_repr(object_getattr_string(a, "__name__"), "'tells'"); // its function's
    assert_repr_of(c, "<bound method tells of True>");
    assert_int_equal(object_setattr_string(a, "__name__", None), -1);
    assert_error(AttributeError, "'method' object has no attribute '__name__'");
    Object *all[] = {builtin, other, a, b, c, d};
    for (size_t i = 0; i < 6; i++)
        decref(all[i]);
}

/* Methods of methods, as deep as one likes. */
TEST(test_method_depth) {
    Object *method = builtin_new("tells", tells, NULL);
    for (int i = 0; i < 100000; i++) {
        Object *inner = method;
        method = method_new(inner, None);
        decref(inner);
    }
    assert_null(object_call_args(method, 0));
    assert_error(RecursionError, "maximum recursion depth exceeded");
    decref(method);
}

/* ---- Lookup and classes ----------------------------------------------------------------------*/

TEST(test_classes) {
    Type *base = class_of("Base", &Object_Type, "m", bindable(tells), NULL);
    Type *derived = class_of("Derived", base, NULL);
    Object *self = instance_of(derived);
    Object *method = object_getattr_string(self, "m");
    assert_ptr_equal(method->type, &Method_Type);
    decref(method);
    assert_false(object_is_callable(self));
    Object *call = bindable(tells);
    assert_int_equal(object_setattr_string(OBJECT(base), "__call__", call), 0);
    assert_true(object_is_callable(self)); // the cell of a derived class is filled in, too
    Tuple *told = (Tuple *)object_call_args(self, 1, True);
    assert_int_equal(told->size, 3);
    assert_ptr_equal(told->items[0], self);
    decref(told);
    assert_int_equal(object_setattr_string(OBJECT(base), "__call__", NULL), 0);
    assert_null(object_call_args(self, 0));
    assert_error(TypeError, "'Derived' object is not callable");
    decref(call);
    assert_int_equal(object_setattr_string(self, "m", None), 0); // no data descriptor: hidden
    assert_repr(object_getattr_string(self, "m"), "None");
    assert_null(object_getattr_string(self, "n"));
    assert_error(AttributeError, "'Derived' object has no attribute 'n'");
    assert_null(object_getattr_string(OBJECT(derived), "n"));
    assert_error(AttributeError, "type object 'Derived' has no attribute 'n'");
    assert_int_equal(object_setattr_string(OBJECT(&Int_Type), "n", None), -1);
    assert_error(TypeError, "cannot set 'n' attribute of immutable type 'int'");
    assert_null(object_call_args(OBJECT(derived), 1, None));
    assert_error(TypeError, "Derived() takes no arguments");
    assert_true(type_is_subtype(derived, base) && !type_is_subtype(base, derived));
    assert_repr_of(OBJECT(derived), "<class '__main__.Derived'>");
    assert_repr(object_call_args(OBJECT(&Type_Type), 1, self), "<class '__main__.Derived'>");
    decref(self);
    decref(derived);
    decref(base);
}

/* ---- Special methods that change what called them --------------------------------------------*/

static Type *victim; // the class that the method was found on, or whatever it is to change
static Object *removes(const char *name) {
    if (object_setattr_string(OBJECT(victim), name, NULL) < 0) error_clear();
    return new_ref(None);
}
static Object *init(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return removes("__init__");
}
static Object *get(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return removes("x");
}
static Object *get_itself(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    decref(removes("__init__"));
    return new_ref(args[0]);
}
static int names_set;
static Object *set_name(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    names_set++;
    object_setattr(args[1], (Str *)args[2], NULL); // itself, out of the class whose names are set
    return new_ref(None);
}
static Object *repr(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    decref(removes("__repr__"));
    return str_from_string("told");
}

TEST(test_removes_itself) {
    Type *getter = class_of("Getter", &Object_Type, "__get__", bindable(get), NULL);
    victim = class_of("Victim", &Object_Type, "__init__", bindable(init), "__repr__",
                      bindable(repr), "x", instance_of(getter), NULL);
    Object *self = instance_of(victim), *again = instance_of(victim);
    assert_repr(object_getattr_string(self, "x"), "None");
    assert_null(object_getattr_string(self, "x"));
    assert_error(AttributeError, "'Victim' object has no attribute 'x'");
    assert_repr_of(self, "told");
    decref(self);
    decref(again);
    decref(victim);
    Type *named = class_of("Named", &Object_Type, "__set_name__", bindable(set_name), NULL);
    names_set = 0;
    victim =
        class_of("Victim", &Object_Type, "x", instance_of(named), "y", instance_of(named), NULL);
    assert_int_equal(names_set, 2);
    assert_int_equal(victim->dict->size, 0);
    decref(victim);
    Type *itself = class_of("Itself", &Object_Type, "__get__", bindable(get_itself), NULL);
    victim = class_of("Victim", &Object_Type, "__init__", instance_of(itself), NULL);
    assert_null(object_call_args(OBJECT(victim), 0));
    assert_error(TypeError, "'Itself' object is not callable");
    decref(victim);
    decref(itself);
    decref(named);
    decref(getter);
}

static Dict *compared;
static Object *empties(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    dict_clear(compared);
    return new_ref(True);
}
static Object *says_false(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return new_ref(False);
}

TEST(test_equal) {
    Type *type = class_of("Empties", &Object_Type, "__eq__", bindable(empties), NULL);
    Dict *both[2];
    for (int i = 0; i < 2; i++) {
        both[i] = dict_new();
        Object *value = instance_of(type);
        dict_set_item(both[i], str_intern("a"), value);
        dict_set_item(both[i], str_intern("b"), value);
        decref(value);
    }
    compared = both[0];
    assert_int_equal(object_rich_equal(OBJECT(both[0]), OBJECT(both[1])), 1);
    assert_int_equal(both[0]->size, 0);
    // A derived class is asked first; a class with __eq__ alone has no hash.
    Type *derived = class_of("Derived", type, "__eq__", bindable(says_false), NULL);
    Object *a = instance_of(type), *b = instance_of(derived);
    assert_int_equal(object_rich_equal(a, b), 0);
    assert_int_equal(object_hash(a), -1);
    assert_error(TypeError, "unhashable type: 'Empties'");
    Object *all[] = {a, b, OBJECT(both[0]), OBJECT(both[1]), OBJECT(derived), OBJECT(type)};
    for (size_t i = 0; i < 6; i++)
        decref(all[i]);
}

static Object *kept;
static Object *keeps(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    if (!kept) kept = new_ref(args[0]);
    return new_ref(None);
}

/* What dies while an error is pending leaves that; and may live on. */
TEST(test_finalizer) {
    Type *type = class_of("Kept", &Object_Type, "__del__", bindable(keeps), NULL);
    Object *self = instance_of(type), *around = tuple_pack(1, self);
    decref(self);
    error_set(ValueError, "pending");
    decref(around);
    assert_error(ValueError, "pending");
    assert_ptr_equal(kept, self);
    assert_int_equal(kept->refcnt, 1);
    decref(kept); // told once more, and not kept
    kept = NULL;
    decref(type);
}

TEST(test_exceptions) {
    Object *two = tuple_pack(2, &KeyError_Type, &OSError_Type);
    error_set(ConnectionError, "down");
    assert_true(error_is_instance(OBJECT(&OSError_Type)) && error_is_instance(two));
    assert_true(error_is_instance(OBJECT(&BaseException_Type)));
    assert_false(error_is_instance(OBJECT(&ValueError_Type)) || error_is_instance(None));
    error_no_memory();
    assert_true(error_is_instance(OBJECT(&Exception_Type)));
    error_clear();
    assert_false(is_exception_class(OBJECT(&Int_Type)) || is_exception_class(None));
    decref(two);
}

/* ---- Without memory --------------------------------------------------------------------------*/

static Object *make_class(void) {
    Dict *dict = dict_new();
    Object *method = dict ? method_new(None, None) : NULL;
    if (method) dict_set_item(dict, str_intern("m"), method);
    Type *type = error_occurred() ? NULL : type_new("C", &Object_Type, dict);
    Object *self = type ? object_call_args(OBJECT(type), 0) : NULL;
    if (self) object_setattr_string(self, "x", method);
    Object *text = self && !error_occurred() ? object_getattr_string(self, "x") : NULL;
    Object *all[] = {OBJECT(dict), method, OBJECT(type), self};
    for (size_t i = 0; i < 4; i++)
        xdecref(all[i]);
    return text;
}
static Object *call_packed(void) {
    Object packed = {1, &Packed_Type}, *args[] = {True, None};
    Tuple *names = (Tuple *)tuple_pack(1, str_intern("a"));
    Object *result = names ? object_vectorcall(&packed, args, 1, names) : NULL;
    Object *text = result ? object_repr(result) : NULL;
    xdecref(result);
    xdecref(names);
    return text;
}
static Object *call_long(void) {
    Object *builtin = builtin_new("tells", tells, NULL), *args[20];
    for (int i = 0; i < 20; i++)
        args[i] = None;
    Object *method = builtin ? method_new(builtin, None) : NULL;
    Tuple *tuple = method ? tuple_from_array(args, 20) : NULL;
    Dict *kwargs = tuple ? dict_new() : NULL;
    if (kwargs) dict_set_item(kwargs, str_intern("a"), None);
    Object *result = kwargs && !error_occurred() ? object_call(method, tuple, kwargs) : NULL;
    Object *all[] = {builtin, method, OBJECT(tuple), OBJECT(kwargs)};
    for (size_t i = 0; i < 4; i++)
        xdecref(all[i]);
    return result;
}

TEST(test_no_memory) {
    static Object *(*const all[])(void) = {make_class, call_packed, call_long};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        decref(all[i]()); // names and types
        long blocks = testing_blocks();
        for (long n = 0;; n++) {
            testing_fail_at(n);
            Object *result = all[i]();
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_int_equal(result == NULL, failed);
            xdecref(result);
            assert_int_equal(testing_blocks(), blocks);
            if (!failed) break;
            assert_error(MemoryError, "");
        }
    }
}

/* The first lookup makes a type ready: it may fail, and be tried again. */
static void test_ready_no_memory(void **state) {
    (void)state;
    long n = 0;
    for (bool failed = true; failed; n++) {
        testing_fail_at(n);
        Object *name = object_getattr_string(OBJECT(&Builtin_Type), "__name__");
        failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(name == NULL, failed);
        if (failed) assert_error(MemoryError, "");
        xdecref(name);
    }
    assert_true(n > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_no_memory), // first
        cmocka_unit_test(test_values),          cmocka_unit_test(test_dict),
        cmocka_unit_test(test_depth),           cmocka_unit_test(test_calls),
        cmocka_unit_test(test_methods),         cmocka_unit_test(test_method_depth),
        cmocka_unit_test(test_classes),         cmocka_unit_test(test_removes_itself),
        cmocka_unit_test(test_equal),           cmocka_unit_test(test_finalizer),
        cmocka_unit_test(test_exceptions),      cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
