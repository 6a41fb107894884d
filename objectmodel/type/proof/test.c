/* test.c: the promises of type.h and object.h, one test each. */
#include "check.h"

#include <inttypes.h>
#include <limits.h>

/* ---- type.c, mro.c ---------------------------------------------------------------------------*/

static void test_knot(void) {
    assert_ptr_equal(((Object *)&Type_Type)->type, &Type_Type);
    assert_ptr_equal(((Object *)&Object_Type)->type, &Type_Type);
    ASSERT_TYPES(get(&Type_Type, "__bases__"), &Object_Type);
    ASSERT_TYPES(get(&Type_Type, "__mro__"), &Type_Type, &Object_Type);
    assert_int_equal(((Tuple *)get(&Object_Type, "__bases__"))->size, 0);
    assert_ptr_equal(get(&Object_Type, "__base__"), None);
    assert_true(object_is_instance(OBJECT(&Object_Type), &Type_Type));
    assert_true(object_is_instance(OBJECT(&Type_Type), &Object_Type));
    assert_false(type_is_subtype(&Object_Type, &Type_Type));
    for (size_t i = 0; i < LENGTH(static_types); i++) {
        assert_true(static_types[i]->flags & READY);
        assert_non_null(static_types[i]->repr);
        assert_non_null(static_types[i]->getattro);
    }
}

static void step(const MergeStep *self, void *arg) {
    char *story = arg;
    strcat(story, self->chosen ? self->chosen->name : "-");
    assert_true(self->nlists >= 2);
    for (ssize_t i = 0; i < self->nlists; i++)
        assert_true(self->remain[i] <= self->lists[i]->size);
}

static void test_mro(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    ASSERT_TYPES(d->mro, d, b, c, a, &Object_Type);
    assert_ptr_equal(d->base, b);
    char story[40] = "";
    ASSERT_TYPES(keep(type_mro(d, d->bases, step, story)), d, b, c, a, &Object_Type);
    assert_string_equal(story, "BCAobject");
    *story = '\0';
    assert_null(type_mro(d, TUPLE(a, b), step, story));
    assert_string_equal(story, "-");
    assert_error(TypeError,
                 "Cannot create a consistent method resolution\norder (MRO) for bases A, B");
    assert_null(type_new(NULL, "X", TUPLE(c, b, c), NULL));
    assert_error(TypeError, "duplicate base class C");
    type_clear(c);
    assert_null(type_new(NULL, "X", TUPLE(c), NULL));
    assert_error(TypeError, "Cannot extend an incomplete type 'C'");
    assert_true(type_is_subtype(c, a)); // by base, as there is no MRO
}

/* Each is a class of its own metaclass, or of the most derived of its bases'. */
static void test_metaclass(void) {
    Type *m = NEW("M", &Type_Type), *n = NEW("N", m), *other = NEW("Other", &Type_Type);
    Type *a = keep(type_new(m, "A", NULL, NULL)), *b = keep(type_new(n, "B", NULL, NULL));
    assert_ptr_equal(NEW("C", a, b)->ob.type, n);
    assert_ptr_equal(type_calculate_metaclass(&Type_Type, TUPLE(a)), m);
    assert_null(type_new(other, "X", TUPLE(a), NULL));
    assert_error(TypeError, "metaclass conflict: the metaclass of a derived class must be a "
                            "(non-strict) subclass of the metaclasses of all its bases");
    set(m, "who", number(1));
    set(n, "who", number(2));
    assert_int_equal(value_of(get(a, "who")), 1);
    assert_int_equal(value_of(get(b, "who")), 2);
    assert_null(get(instance(b), "who")); // an instance does not see its metaclass
    assert_error(AttributeError, "'B' object has no attribute 'who'");
}

/* What an instance holds, and where. */
static void test_layout(void) {
    const ssize_t pointer = sizeof(void *);
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *i = NEW("I", &Int_Type);
    Type *t = NEW("T", &Tuple_Type);
    assert_int_equal(a->basicsize, (ssize_t)sizeof(Object) + 2 * pointer);
    assert_int_equal(b->basicsize, a->basicsize);
    assert_int_equal(a->dictoffset, (ssize_t)sizeof(Object));
    assert_int_equal(a->weaklistoffset, a->dictoffset + pointer);
    assert_int_equal(i->dictoffset, -pointer);
    assert_int_equal(i->weaklistoffset, 0);
    assert_ptr_equal(type_best_base(TUPLE(a, i)), i);
    assert_null(type_best_base(TUPLE(i, t)));
    assert_error(TypeError, "multiple bases have instance lay-out conflict");
    assert_null(type_best_base(TUPLE(&None_Type)));
    assert_error(TypeError, "type 'NoneType' is not an acceptable base type");
    assert_null(type_best_base((Tuple *)keep(tuple_pack(1, None))));
    assert_error(TypeError, "bases must be types");
    for (ssize_t n = 0; n < 5; n++) { // the dict lies behind the items, wherever they end
        Tuple *op = (Tuple *)keep(t->alloc(t, n));
        assert_int_equal(op->size, n);
        for (ssize_t k = 0; k < n; k++)
            op->items[k] = number(k), incref(op->items[k]);
        set(op, "x", number(n));
        assert_int_equal(value_of(get(op, "x")), n);
        assert_int_equal(((Dict *)get(op, "__dict__"))->used, 1);
        char *cell = (char *)object_dict_pointer(OBJECT(op));
        assert_true(cell >= (char *)&op->items[n] &&
                    cell + pointer <= (char *)op + type_var_size(t, n + 1));
    }
    assert_null(object_dict_pointer(number(5)));
}

static void test_instance_dict(void) {
    Type *a = NEW("A", &Object_Type);
    Object *obj = instance(a);
    assert_null(*object_dict_pointer(obj)); // until something is stored
    Dict *dict = (Dict *)get(obj, "__dict__");
    assert_int_equal(dict_set_item(dict, str_intern("x"), None), 0);
    assert_ptr_equal(get(obj, "x"), None);
    Dict *other = keep(dict_new());
    set(obj, "__dict__", other);
    assert_null(get(obj, "x"));
    assert_error(AttributeError, "'A' object has no attribute 'x'");
    assert_int_equal(put(obj, "__dict__", None), -1);
    assert_error(TypeError, "__dict__ must be set to a dictionary, not a 'NoneType'");
    assert_int_equal(put(obj, "__dict__", NULL), 0); // as CPython's subtype_setdict() allows
    assert_null(*object_dict_pointer(obj));
    assert_int_equal(put(obj, "x", NULL), -1);
    assert_error(AttributeError, "'A' object has no attribute 'x'");
    assert_int_equal(put(number(5), "x", None), -1);
    assert_error(AttributeError, "'int' object has no attribute 'x'");
    assert_int_equal(put(number(5), "__add__", None), -1);
    assert_error(AttributeError, "'int' object attribute '__add__' is read-only");
}

/* The names in the class statement are the class's own afterwards. */
static void test_class_dict(void) {
    Dict *dict = keep(dict_new());
    dict_set_item(dict, str_intern("x"), number(1));
    Type *a = keep(type_new(NULL, "A", NULL, dict));
    dict_set_item(dict, str_intern("x"), number(2));
    assert_int_equal(value_of(get(a, "x")), 1);
    assert_string_equal(text_of(get(a, "__name__")), "A");
    assert_int_equal(put(a, "__name__", None), -1);
    assert_error(AttributeError, "attribute '__name__' of 'type' objects is not writable");
    assert_int_equal(put(&Int_Type, "x", None), -1);
    assert_error(TypeError, "cannot set 'x' attribute of immutable type 'int'");
    assert_non_null(dict_get_item((Dict *)get(a, "__dict__"), str_intern("x")));
    assert_string_equal(text_of(keep(object_repr(OBJECT(a)))), "<class '__main__.A'>");
    assert_string_equal(text_of(keep(object_repr(OBJECT(&Int_Type)))), "<class 'int'>");
}

static void test_subclasses(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    ASSERT_TYPES(keep(type_subclasses(a)), b, c);
    Object *none = None;
    assert_null(object_call(get(a, "__subclasses__"), &none, 1));
    assert_error(TypeError, "type.__subclasses__() takes no arguments (1 given)");
    ASSERT_TYPES(keep(object_call(get(a, "__subclasses__"), NULL, 0)), b, c);
    assert_int_equal(type_set_bases(b, OBJECT(TUPLE(a))), 0); // goes to the end
    ASSERT_TYPES(keep(type_subclasses(a)), c, b);
    assert_int_equal(type_set_bases(d, OBJECT(TUPLE(c))), 0);
    assert_int_equal(b->nsubclasses, 0);
    assert_null(b->subclasses);
    assert_int_equal(type_set_bases(c, OBJECT(TUPLE(d))), -1);
    assert_error(TypeError, "a __bases__ item causes an inheritance cycle");
    assert_int_equal(type_set_bases(c, OBJECT(TUPLE(a, a))), -1);
    assert_error(TypeError, "duplicate base class A");
    ASSERT_TYPES(keep(type_subclasses(a)), c, b);
    for (ssize_t i = 0; i < 40; i++) // beyond a power of two and back, from the middle
        NEW("X", b);
    while (b->nsubclasses > 3) {
        ssize_t middle = b->nsubclasses / 2;
        Type *gone = b->subclasses[middle]->referent, *next = b->subclasses[middle + 1]->referent;
        assert_int_equal(type_set_bases(gone, OBJECT(TUPLE(a))), 0);
        assert_ptr_equal(b->subclasses[middle]->referent, next);
        type_remove_subclass(b, gone, true); // who is not there
    }
    WeakRef *ref = keep(weakref_new(a));
    assert_ptr_equal(ref, keep(weakref_new(a)));
}

/* A class lives as long as an instance or a subclass, and what it was given with it. */
static void test_the_end_of_a_class(void) {
    Type *a = type_new(NULL, "A", NULL, NULL);
    Object *value = number(7), *obj = type_generic_alloc(a, 0);
    set(a, "x", value);
    WeakRef *ref = keep(weakref_new(a));
    decref(a);
    assert_int_equal(value_of(get(obj, "x")), 7);
    type_clear(a);
    assert_int_equal(value->refcnt, 2); // ours, and what was read
    assert_ptr_equal(ref->referent, a);
    assert_null(get(obj, "x"));
    assert_error(AttributeError, "'A' object has no attribute 'x'");
    decref(obj);
    assert_null(ref->referent);
    Type *b = type_new(NULL, "B", NULL, NULL), *c = type_new(NULL, "C", TUPLE(b), NULL);
    ref = keep(weakref_new(b));
    decref(b);
    type_clear(b);
    assert_ptr_equal(ref->referent, b); // its subclass holds it, by bases, base and MRO
    error_set(ValueError, "kept");      // what dies does not touch the error of somebody else
    tidy();
    decref(c);
    assert_error(ValueError, "kept");
}

/* One that was cleared, and waits for its last instance, is passed over when a base changes. */
static void test_cleared_below(void) {
    Type *a = NEW("A", NEW("X", &Object_Type)), *b = NEW("B", &Object_Type);
    Type *c = type_new(NULL, "C", TUPLE(a), NULL);
    Object *one = c->alloc(c, 0);
    type_clear(c);
    set(a, "__repr__", giving(number(5)));
    keep(object_repr(one)); // by the cell that it has had
    assert_int_equal(put(c, "__str__", None), 0);
    keep(object_str(one));
    set(a, "__bases__", TUPLE(b));
    assert_null(c->mro);
    decref(c);
    decref(one);
    assert_int_equal(a->nsubclasses, 0);
}

/* ---- attributes.c: the cache -----------------------------------------------------------------*/

static void test_cache(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a);
    Str *x = str_intern("x"), *y = str_intern("y");
    assert_null(type_lookup(b, x));
    assert_true(a->flags & b->flags & VALID_VERSION);
    MethodCacheStats was = method_cache_stats;
    assert_null(type_lookup(b, x)); // that it is not there is known, too
    assert_int_equal(method_cache_stats.hits, was.hits + 1);
    set(a, "x", number(1));
    assert_false((a->flags | b->flags) & VALID_VERSION);
    assert_int_equal(b->version_tag, 0);
    was = method_cache_stats;
    assert_int_equal(value_of(type_lookup(b, x)), 1);
    assert_int_equal(method_cache_stats.misses + method_cache_stats.collisions,
                     was.misses + was.collisions + 1);
    unsigned version = b->version_tag;
    set(b, "y", number(2));
    assert_true(a->flags & VALID_VERSION); // a class above does not notice
    assert_int_equal(value_of(type_lookup(b, y)), 2);
    assert_true(b->version_tag > version);
    version = b->version_tag;
    assert_int_equal(put(b, "nowhere", NULL), -1);
    assert_error(AttributeError, "type object 'B' has no attribute 'nowhere'");
    assert_int_equal(b->version_tag, version);
    set(instance(b), "x", number(3));
    assert_int_equal(b->version_tag, version);
    char name[200]; // too long to be remembered
    memset(name, 'n', sizeof name);
    name[101] = '\0';
    was = method_cache_stats;
    for (int i = 0; i < 3; i++)
        assert_null(type_lookup(b, str_intern(name)));
    assert_memory_equal(&was, &method_cache_stats, sizeof was);
    name[100] = '\0';
    assert_null(type_lookup(b, str_intern(name)));
    assert_null(type_lookup(b, str_intern(name)));
    assert_int_equal(method_cache_stats.hits, was.hits + 1);
}

/* 5000 names are more than the cache has places: some share one, and none gets another's value. */
static void test_collisions(void) {
    Type *a = NEW("A", &Object_Type);
    uint64_t collisions = method_cache_stats.collisions;
    char name[20];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5000; i++) {
            snprintf(name, sizeof name, "n%d", i);
            Object *value = int_from_long(i);
            if (round == 0) set(a, name, value);
            decref(value);
            assert_int_equal(((Int *)type_lookup(a, str_intern(name)))->value, i);
        }
    }
    assert_true(method_cache_stats.collisions > collisions);
}

/* ---- descr.c, slotdefs.c, builtins.c ---------------------------------------------------------*/

static Object *count_args(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args;
    return int_from_long(nargs);
}

static Object *first_arg(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    return new_ref(nargs ? args[0] : None);
}

static void test_binding(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a);
    Object *obj = instance(b), *f = function(first_arg, NULL);
    set(a, "f", f);
    set(a, "s", keep(staticmethod_new(f)));
    set(a, "c", keep(classmethod_new(f)));
    set(a, "b", keep(builtin_new("b", first_arg, NULL)));
    assert_ptr_equal(get(b, "f"), f);
    assert_ptr_equal(get(obj, "s"), f);
    assert_ptr_equal(keep(object_call(get(obj, "f"), NULL, 0)), obj);
    assert_ptr_equal(keep(object_call(get(obj, "c"), NULL, 0)), b);
    assert_ptr_equal(keep(object_call(get(obj, "b"), NULL, 0)), None); // a builtin does not bind
    static const char *const names[] = {"f", "s", "c", "b"};
    Object *expected[] = {obj, None, OBJECT(b), None};
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(keep(object_call_method(str_intern(names[i]), &obj, 1)), expected[i]);
    assert_ptr_equal(keep(object_call_method(str_intern("f"), (Object *[]){OBJECT(b), obj}, 2)),
                     obj);
    set(obj, "f", keep(staticmethod_new(f))); // the instance's own comes first, and does not bind
    assert_ptr_equal(keep(object_call_method(str_intern("f"), &obj, 1)), None);
    assert_null(object_call_method(str_intern("nowhere"), &obj, 1));
    assert_error(AttributeError, "'B' object has no attribute 'nowhere'");
    Object *many[20];
    for (size_t i = 0; i < LENGTH(many); i++)
        many[i] = None;
    set(a, "n", function(count_args, NULL));
    for (ssize_t n = 0; n < 20; n++) // more than fit on the stack
        assert_int_equal(value_of(keep(object_call(get(obj, "n"), many, n))), n + 1);
}

static void test_super(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b, c);
    Object *obj = instance(d);
    set(a, "x", number(1));
    set(c, "x", number(3));
    assert_int_equal(value_of(get(keep(super_new(b, obj)), "x")), 3); // a sister's, not a base's
    assert_int_equal(value_of(get(keep(super_new(c, OBJECT(d))), "x")), 1);
    assert_ptr_equal(get(keep(super_new(b, obj)), "__class__"), &Super_Type);
    assert_null(super_new(b, OBJECT(a)));
    assert_error(TypeError, "super(type, obj): obj must be an instance or subtype of type");
    type_clear(d); // without an MRO there is nothing behind
    assert_null(get(keep(super_new(b, obj)), "x"));
    assert_error(AttributeError, "'super' object has no attribute 'x'");
    instance(NEW("Empty", &Super_Type)); // made past super_new()
}

static void test_special_methods(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *i = NEW("I", &Int_Type);
    Object *obj = instance(b);
    assert_int_equal(object_length(obj), -1);
    assert_error(TypeError, "object of type 'B' has no len()");
    set(obj, "__len__", giving(number(9))); // an instance's own is not looked at
    assert_null(b->sq_length);
    set(a, "__len__", giving(number(5)));
    assert_int_equal(object_length(obj), 5);
    set(a, "__len__", giving(number(-5)));
    assert_int_equal(object_length(obj), -1);
    assert_error(ValueError, "__len__() should return >= 0");
    set(a, "__len__", NULL);
    assert_null(b->sq_length);
    set(a, "__repr__", giving(None));
    assert_null(object_repr(obj));
    assert_error(TypeError, "__repr__ returned non-string (type NoneType)");
    assert_null(object_str(obj)); // object's, which calls repr
    error_clear();
    set(a, "__str__", giving(None));
    assert_null(object_str(obj));
    assert_error(TypeError, "__str__ returned non-string (type NoneType)");
    assert_true(i->nb_add == Int_Type.nb_add && i->repr == Int_Type.repr);
    assert_true(b->getattro == object_generic_getattr);
    set(i, "__radd__", function(first_arg, NULL)); // both names stand for one cell
    assert_true(i->nb_add != Int_Type.nb_add);
    set(i, "__radd__", NULL);
    assert_true(i->nb_add == Int_Type.nb_add);
    assert_null(object_call(obj, NULL, 0));
    assert_error(TypeError, "'B' object is not callable");
    set(b, "__call__", function(count_args, NULL));
    assert_int_equal(value_of(keep(object_call(obj, &obj, 1))), 2);
    set(b, "__get__",
        function(count_args, NULL)); // obj becomes a descriptor, while it is one's value
    set(a, "attribute", obj);
    assert_int_equal(value_of(get(instance(a), "attribute")), 3);
    assert_null(number_subtract(number(1), obj));
    assert_error(TypeError, "unsupported operand type(s) for -: 'int' and 'B'");
    assert_int_equal(value_of(keep(number_multiply(number(-3), number(4)))), -12);
}

static void test_property(void) {
    Type *a = NEW("A", &Object_Type);
    Object *obj = instance(a), *f = function(count_args, NULL);
    Object *p = keep(property_new(f, f, f)), *nothing = keep(property_new(NULL, NULL, NULL));
    set(a, "p", p);
    set(a, "q", nothing);
    assert_int_equal(value_of(get(obj, "p")), 1);
    set(obj, "p", None);
    set(obj, "p", NULL);
    assert_ptr_equal(get(a, "p"), p);
    assert_null(get(obj, "q"));
    assert_error(AttributeError, "property of 'A' object has no getter");
    Object *told =
        object_call(get(nothing, "__set_name__"), (Object *[]){None, OBJECT(str_intern("q"))}, 2);
    assert_ptr_equal(keep(told), None);
    assert_int_equal(put(obj, "q", None), -1);
    assert_error(AttributeError, "property 'q' of 'A' object has no setter");
    assert_null(object_call(get(nothing, "__set_name__"), NULL, 0));
    assert_error(TypeError, "__set_name__() takes 2 positional arguments but 0 were given");
}

/* Read from the class, they are called with whatever one likes. */
static void test_methods_of_static_types(void) {
    Type *a = NEW("A", &Object_Type);
    Object *set_name = get(&Property_Type, "__set_name__"), *one = number(1);
    Object *p = keep(property_new(NULL, NULL, NULL));
    assert_null(object_call(set_name, NULL, 0));
    assert_error(TypeError, "unbound method property.__set_name__() needs an argument");
    assert_null(object_call(set_name, (Object *[]){one, OBJECT(a), one}, 3));
    assert_error(
        TypeError,
        "descriptor '__set_name__' for 'property' objects doesn't apply to a 'int' object");
    assert_null(object_call(set_name, (Object *[]){p, OBJECT(a), one}, 3));
    assert_error(TypeError, "__set_name__() argument 2 must be str, not int");
    Object *subclasses = get(&Type_Type, "__subclasses__");
    assert_null(object_call(subclasses, NULL, 0));
    assert_error(TypeError, "unbound method type.__subclasses__() needs an argument");
    assert_null(object_call(subclasses, &one, 1));
    assert_error(TypeError,
                 "descriptor '__subclasses__' for 'type' objects doesn't apply to a 'int' object");
}

/* ---- object.h --------------------------------------------------------------------------------*/

static void test_values(void) {
    assert_string_equal(text_of(keep(object_repr(None))), "None");
    assert_string_equal(text_of(keep(object_repr(NotImplemented))), "NotImplemented");
    assert_string_equal(text_of(keep(object_repr(number(INT64_MIN)))), "-9223372036854775808");
    assert_int_equal(value_of(keep(number_add(number(INT64_MAX), number(1)))), INT64_MIN);
    Object *text = keep(str_from_format("%s-%d", "x", 5));
    assert_string_equal(text_of(keep(object_repr(text))), "'x-5'");
    assert_ptr_equal(keep(object_str(text)), text);
    assert_int_equal(object_length(text), 3);
    assert_ptr_equal(str_intern("x-5"), str_intern("x-5"));
    assert_ptr_not_equal(str_intern("x-5"), text);
    Object *one = keep(tuple_pack(1, None)), *two = keep(tuple_pack(2, text, one));
    assert_string_equal(text_of(keep(object_repr(two))), "('x-5', (None,))");
    assert_string_equal(text_of(keep(object_repr(keep(tuple_new(0))))), "()");
    assert_int_equal(object_length(two), 2);
    const wchar_t none[] = {0x7fffffff, 0}; // no character, so that vsnprintf() fails, as at 2 GiB
    assert_null(str_from_format("%ls", none));
    assert_error(MemoryError, "");
}

/* Random stores and removals against an array; SEED=n replays. */
static void test_dict(void) {
    enum { NAMES = 60 };
    uint64_t seed = testing_seed();
    Dict *dict = keep(dict_new());
    Str *names[NAMES];
    int64_t model[NAMES];
    memset(model, 0xFF, sizeof model); // -1: not there
    ssize_t used = 0;
    for (int i = 0; i < NAMES; i++)
        names[i] = str_intern(text_of(keep(str_from_format("name%d", i))));
    for (int64_t n = 0; n < 20000; n++) {
        size_t i = (size_t)testing_random(&seed, n % 4000 < 2000 ? NAMES : 7);
        if (testing_random(&seed, 2)) {
            Object *value = int_from_long(n);
            assert_int_equal(dict_set_item(dict, names[i], value), 0);
            decref(value);
            used += model[i] < 0;
            model[i] = n;
        } else {
            assert_int_equal(dict_del_item(dict, names[i]), model[i] < 0 ? -1 : 0);
            used -= model[i] >= 0;
            model[i] = -1;
            error_clear();
        }
        assert_int_equal(dict->used, used);
        Object *found = dict_get_item(dict, names[i]);
        assert_int_equal(found ? ((Int *)found)->value : -1, model[i]);
    }
    ssize_t pos = 0;
    Str *name;
    Object *value;
    Dict *copy = keep(dict_copy(dict));
    while (dict_next(dict, &pos, &name, &value)) {
        used--;
        assert_ptr_equal(dict_get_item(copy, name), value);
    }
    assert_int_equal(used, 0);
    dict_clear(dict);
    assert_int_equal(object_length(OBJECT(dict)), 0);
}

/* An index of 16384 cells is the largest, and it is filled to two thirds. */
static void test_full_dict(void) {
    Dict *dict = keep(dict_new());
    char name[20];
    for (int i = 0; i < 10922; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(dict_set_item(dict, str_intern(name), None), 0);
    }
    assert_int_equal(dict_set_item(dict, str_intern("one more"), None), -1);
    assert_error(MemoryError, "");
    assert_int_equal(object_length(OBJECT(dict)), 10922);
    assert_int_equal(dict_set_item(dict, str_intern("n0"), None), 0);
    assert_int_equal(dict_del_item(dict, str_intern("n0")), 0); // leaves a hole, and room for one
    assert_int_equal(dict_set_item(dict, str_intern("one more"), None), 0);
    assert_int_equal(dict_set_item(dict, str_intern("n0"), None), -1);
    assert_error(MemoryError, "");
}

/* Two dicts with the same names: one that leaves the order gets names of its own (PEP 412). */
static void test_shared_keys(void) {
    Keys *keys = keys_new(2);
    keys->refcnt = 2;
    Str *a = str_intern("a"), *b = str_intern("b"), *c = str_intern("c");
    Dict *one =
        keep(dict_from_keys(keys, testing_calloc((size_t)keys->usable, sizeof(Object *)), 0));
    keys->usable = 2;
    Dict *two = keep(dict_from_keys(keys, testing_calloc(5, sizeof(Object *)), 0));
    assert_int_equal(dict_set_item(one, a, None), 0);
    assert_int_equal(dict_set_item(one, b, None), 0);
    assert_null(dict_get_item(two, a)); // the name is there, the value is not
    assert_int_equal(dict_del_item(two, a), -1);
    assert_error(KeyError, "'a'");
    assert_int_equal(dict_set_item(two, a, None), 0);
    assert_ptr_equal(two->keys, keys);
    assert_int_equal(dict_del_item(two, a), 0);
    assert_int_equal(keys_find(keys, a), 0); // nobody removes a name
    assert_int_equal(dict_set_item(two, b, None), 0);
    assert_ptr_equal(two->keys, keys); // the only one, so in order
    assert_int_equal(dict_set_item(two, a, None), 0);
    assert_ptr_not_equal(two->keys, keys); // not in the order of the others
    assert_int_equal(dict_set_item(one, c, None), 0);
    assert_int_equal(one->used, 3);
    assert_int_equal(keys_find(one->keys, c), 2);
}

int main(void) {
    if (types_init() < 0) return 1;
    static const Test tests[] = {
        TEST(test_knot),          TEST(test_mro),
        TEST(test_metaclass),     TEST(test_layout),
        TEST(test_instance_dict), TEST(test_class_dict),
        TEST(test_subclasses),    TEST(test_the_end_of_a_class),
        TEST(test_cleared_below), TEST(test_cache),
        TEST(test_collisions),    TEST(test_binding),
        TEST(test_super),         TEST(test_special_methods),
        TEST(test_property),      TEST(test_methods_of_static_types),
        TEST(test_values),        TEST(test_dict),
        TEST(test_full_dict),     TEST(test_shared_keys),
    };
    return run_all(tests, LENGTH(tests));
}
