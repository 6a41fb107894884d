/* memory.c: each allocation failed in turn, in all that allocates: the operation fails with
 * MemoryError, nothing leaks, and what it was to change is as before. */
#include "check.h"

static Object *count_args(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args;
    return int_from_long(nargs);
}

/* Repeats an operation with each of its allocations failing in turn, until it needs no more. What
 * must not have changed, or must not be there, is looked at after each failure. */
#define WITHOUT_MEMORY(operation, check)                                                           \
    for (long n = 0;; n++) {                                                                       \
        testing_fail_at(n);                                                                        \
        bool worked = (operation);                                                                 \
        bool failed = testing_has_failed();                                                        \
        testing_fail_at(-1);                                                                       \
        if (worked) {                                                                              \
            assert_false(failed);                                                                  \
            break;                                                                                 \
        }                                                                                          \
        assert_true(error_matches(MemoryError) || error_matches(RuntimeError));                    \
        error_clear();                                                                             \
        check;                                                                                     \
    }

static bool made(void *op) {
    return op ? keep(op) != NULL : false;
}

static void test_class_without_memory(void) {
    Type *m = NEW("M", &Type_Type), *a = keep(type_new(m, "A", NULL, NULL)), *b = NEW("B", a);
    Type *c = NEW("C", a), *wide = NEW("Wide", &Object_Type);
    for (int i = 0; i < 8; i++) // so that b's list must grow
        NEW("X", b);
    Dict *dict = keep(dict_new());
    dict_set_item(dict, str_intern("p"), keep(property_new(NULL, NULL, NULL)));
    dict_set_item(dict, str_intern("__new__"), function(count_args, NULL));
    dict_set_item(dict, str_intern("__len__"), function(count_args, NULL));
    Tuple *bases = TUPLE(b, c, wide);
    ssize_t wide_refs = wide->ob.refcnt, had_b = b->nsubclasses, had_c = c->nsubclasses;
    WITHOUT_MEMORY(made(type_new(NULL, "D", bases, dict)), {
        assert_int_equal(b->nsubclasses, had_b);
        assert_int_equal(c->nsubclasses, had_c);
        assert_int_equal(wide->nsubclasses, 0);
    });
    assert_int_equal(b->nsubclasses, had_b + 1);
    assert_true(wide->ob.refcnt > wide_refs);
}

static void test_bases_without_memory(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a), *c = NEW("C", a), *d = NEW("D", b);
    Type *e = NEW("E", d), *f = NEW("F", a);
    set(c, "__len__", giving(number(3)));
    Tuple *mro = d->mro, *below = e->mro, *bases = TUPLE(c, f);
    WITHOUT_MEMORY(type_set_bases(d, OBJECT(bases)) == 0, {
        ASSERT_TYPES(d->bases, b);
        assert_ptr_equal(d->base, b);
        assert_ptr_equal(d->mro, mro);
        assert_ptr_equal(e->mro, below);
        assert_null(e->sq_length);
        assert_int_equal(c->nsubclasses + f->nsubclasses, 0);
        ASSERT_TYPES(keep(type_subclasses(b)), d);
    });
    ASSERT_TYPES(e->mro, e, d, c, f, a, &Object_Type);
    assert_int_equal(object_length(instance(e)), 3);
}

static void test_attributes_without_memory(void) {
    Type *a = NEW("A", &Object_Type), *b = NEW("B", a);
    Object *obj = instance(a), *f = function(count_args, NULL), *value = number(1);
    char name[20];
    for (int i = 0; i < 40; i++) { // through several sizes of the dict
        snprintf(name, sizeof name, "name%d", i);
        Str *interned = str_intern(name);
        WITHOUT_MEMORY(object_setattr(OBJECT(a), interned, value) == 0,
                       assert_null(dict_get_item(a->dict, interned)));
        WITHOUT_MEMORY(object_setattr(obj, interned, value) == 0, {
            Dict *dict = *object_dict_pointer(obj);
            assert_true(!dict || !dict_get_item(dict, interned));
        });
    }
    set(a, "f", f);
    set(a, "p", keep(property_new(f, f, f)));
    set(a, "s", keep(staticmethod_new(f)));
    set(a, "c", keep(classmethod_new(f)));
    static const char *const names[] = {"f", "p", "s", "c", "__dict__", "__class__"};
    for (size_t i = 0; i < LENGTH(names); i++)
        WITHOUT_MEMORY(made(object_getattr_string(obj, names[i])), (void)0);
    static const char *const of_type[] = {"__name__", "__bases__", "__mro__", "__dict__", "c"};
    for (size_t i = 0; i < LENGTH(of_type); i++)
        WITHOUT_MEMORY(made(object_getattr_string(OBJECT(a), of_type[i])), (void)0);
    Object *args[12] = {obj};
    for (int i = 1; i < 12; i++)
        args[i] = None;
    WITHOUT_MEMORY(made(object_call_method(str_intern("c"), args, 12)), (void)0);
    set(a, "__add__", f);
    set(b, "__len__", f);
    set(b, "__get__", f);
    set(a, "d", instance(b));
    WITHOUT_MEMORY(made(number_add(obj, value)), (void)0);
    WITHOUT_MEMORY(made(number_multiply(value, value)), (void)0);
    Object *sized = instance(b), *after = keep(super_new(a, obj));
    WITHOUT_MEMORY(object_length(sized) == 1, (void)0);
    WITHOUT_MEMORY(made(object_repr(after)), (void)0);
    WITHOUT_MEMORY(made(object_getattr_string(obj, "d")), (void)0);
    WITHOUT_MEMORY(made(type_subclasses(a)), (void)0);
}

static void test_values_without_memory(void) {
    Type *a = NEW("A", &Object_Type);
    Object *f = function(count_args, NULL), *obj = instance(a), *value = number(1);
    Object *two = keep(tuple_pack(2, value, keep(str_from_string("x"))));
    Dict *dict = keep(dict_new());
    for (int i = 0; i < 20; i++)
        dict_set_item(dict, str_intern(text_of(keep(str_from_format("name%d", i)))), value);
    WITHOUT_MEMORY(made(dict_copy(dict)), (void)0);
    WITHOUT_MEMORY(made(dict_new()), (void)0);
    WITHOUT_MEMORY(made(object_repr(two)), (void)0);
    WITHOUT_MEMORY(made(object_repr(obj)), (void)0);
    WITHOUT_MEMORY(made(object_str(value)), (void)0);
    WITHOUT_MEMORY(made(tuple_pack(2, value, value)), (void)0);
    WITHOUT_MEMORY(made(weakref_new(obj->type)), (void)0);
    WITHOUT_MEMORY(made(super_new(a, obj)), (void)0);
    WITHOUT_MEMORY(made(property_new(f, f, f)), (void)0);
    WITHOUT_MEMORY(made(classmethod_new(f)), (void)0);
    WITHOUT_MEMORY(made(function_new("f", count_args, f)), (void)0);
    WITHOUT_MEMORY(made(method_new(f, obj)), (void)0);
    WITHOUT_MEMORY(made(object_repr(f)), (void)0);
    WITHOUT_MEMORY(made(type_mro(a, a->bases, NULL, NULL)), (void)0);
    char name[20];
    for (int i = 0; i < 20000; i++) { // new names in the first of the two runs: the table grows
        snprintf(name, sizeof name, "new%d", i);
        WITHOUT_MEMORY(str_intern(name) != NULL, (void)0);
    }
    assert_null(keys_new(20000)); // more names than a dict holds
    assert_error(MemoryError, "");
}

int main(void) {
    long n = 0; // the start, without memory, and begun again where it got stuck
    for (; testing_fail_at(n), types_init() < 0; n++)
        error_clear();
    testing_fail_at(-1);
    static const Test tests[] = {
        TEST(test_class_without_memory),
        TEST(test_bases_without_memory),
        TEST(test_attributes_without_memory),
        TEST(test_values_without_memory),
    };
    return n > 10 ? run_all(tests, LENGTH(tests)) : 1;
}
