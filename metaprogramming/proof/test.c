/* test.c: the object layer against models: dicts, the attributes of instances that share their
 * names, and special methods against their cells, in classes that change; what is deep; each
 * allocation failed in turn. SEED=n replays a run. */
#include "../type.h"

#include "../../common/proof/testing.h"

enum { NAMES = 40 };
static Str *names[NAMES];
static uint64_t state_of_random;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

static void *sure(void *made) {
    if (!made) error_print(stderr);
    assert_non_null(made);
    return made;
}

static int start(void **state) {
    (void)state;
    testing_fail_at(-1);
    state_of_random = testing_seed();
    if (types_init() < 0) return -1;
    for (int i = 0; i < NAMES; i++) {
        char name[20];
        snprintf(name, sizeof name, "name%d", i);
        names[i] = sure(str_intern(name));
    }
    return 0;
}

static Type *class_of(const char *name, Type *base, Type *second) {
    Tuple *bases = sure(second ? tuple_pack(2, base, second) : tuple_pack(1, base));
    Type *type = type_from(&Type_Type, name, bases, NULL);
    decref(bases);
    return type;
}

/* ---- Dicts and instances against a list of pairs ----------------------------------------------*/

typedef struct {
    Str *names[NAMES];
    int values[NAMES], n;
} Model;

static int model_find(const Model *model, const Str *name) {
    int i = 0;
    while (i < model->n && model->names[i] != name)
        i++;
    return i;
}

static void model_set(Model *model, Str *name, int value) {
    int i = model_find(model, name);
    model->names[i] = name;
    model->values[i] = value;
    model->n += i == model->n;
}

static bool model_delete(Model *model, const Str *name) {
    int i = model_find(model, name);
    if (i == model->n) return false;
    model->n--;
    for (; i < model->n; i++) {
        model->names[i] = model->names[i + 1];
        model->values[i] = model->values[i + 1];
    }
    return true;
}

/* Something with items is as the model says: the same names in the same order, the same values. */
typedef bool (*Next)(const void *self, ssize_t *pos, Str **name, Object **value);

static bool next_of_dict(const void *self, ssize_t *pos, Str **name, Object **value) {
    return dict_next(self, pos, name, value);
}

static bool next_of_object(const void *self, ssize_t *pos, Str **name, Object **value) {
    return object_own_next(self, pos, name, value);
}

static void assert_model(const void *self, Next next, const Model *model) {
    ssize_t pos = 0;
    Str *name;
    int i = 0;
    for (Object *value; next(self, &pos, &name, &value); i++) {
        assert_true(i < model->n);
        assert_ptr_equal(name, model->names[i]);
        assert_int_equal(((Int *)value)->value, model->values[i]);
    }
    assert_int_equal(i, model->n);
}

static void test_dicts(void **state) {
    (void)state;
    for (int round = 0; round < 200; round++) {
        Dict *dict = sure(dict_new());
        Model model = {.n = 0};
        int limit = 1 + draw(NAMES);
        for (int step = 0; step < 200; step++) {
            Str *name = names[draw(limit)];
            if (draw(3)) {
                Object *value = sure(int_from_long(step));
                assert_int_equal(dict_set_item(dict, name, value), 0);
                model_set(&model, name, step);
                decref(value);
            } else if (model_delete(&model, name)) {
                assert_int_equal(dict_del_item(dict, name), 0);
            } else {
                assert_int_equal(dict_del_item(dict, name), -1);
                error_clear();
            }
            if (draw(20) == 0) { // go on with a copy
                Dict *copy = sure(dict_copy(dict));
                decref(dict);
                dict = copy;
            }
            assert_int_equal(dict->used, model.n);
            assert_model(dict, next_of_dict, &model);
        }
        decref(dict);
    }
}

/* Four instances of one class, whose names they share until one sets them in another order, has too
 * many, or is asked for its __dict__. */
static void test_instances(void **state) {
    (void)state;
    for (int round = 0; round < 200; round++) {
        Type *type = sure(class_of("C", &Object_Type, NULL));
        Object *objects[4];
        Model models[4] = {{.n = 0}};
        for (int i = 0; i < 4; i++)
            objects[i] = sure(object_new(type, NULL, 0, NULL));
        int limit = 1 + draw(NAMES), orderly = draw(2);
        for (int step = 0; step < 200; step++) {
            int i = draw(4);
            Str *name = names[orderly ? (step / 4) % limit : draw(limit)];
            if (draw(orderly ? 8 : 3)) {
                Object *value = sure(int_from_long(step));
                assert_int_equal(object_setattr(objects[i], name, value), 0);
                model_set(&models[i], name, step);
                decref(value);
            } else {
                bool was_there = model_delete(&models[i], name);
                assert_int_equal(object_setattr(objects[i], name, NULL), was_there ? 0 : -1);
                error_clear();
            }
            if (draw(50) == 0)
                assert_model(sure(object_get_dict(objects[i])), next_of_dict, &models[i]);
            if (draw(50) == 0) { // another instance in its place
                decref(objects[i]);
                objects[i] = sure(object_new(type, NULL, 0, NULL));
                models[i].n = 0;
            }
            assert_model(objects[i], next_of_object, &models[i]);
        }
        for (int i = 0; i < 4; i++)
            decref(objects[i]);
        decref(type);
        types_clear();
    }
}

/* As many names as a dict can have, and one more: MemoryError, and the dict is as before. */
static void test_limit(void **state) {
    (void)state;
    Dict *dict = sure(dict_new());
    char name[20];
    int n = 0;
    do {
        assert_int_equal(dict->used, n);
        snprintf(name, sizeof name, "many%d", n++);
    } while (dict_set_item(dict, sure(str_intern(name)), None) == 0);
    assert_int_equal(n, 10923);
    assert_error(MemoryError, "");
    assert_int_equal(dict->used, 10922);
    assert_ptr_equal(dict_get_item(dict, sure(str_intern("many10921"))), None);
    decref(dict);
}

/* ---- Special methods and their cells ----------------------------------------------------------*/

enum { CLASSES = 12, SPECIALS = 4 };
static const char *const specials[SPECIALS] = {"__len__", "__getitem__", "__call__", "__getattr__"};

static Object *number_of(Object *closure, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    return new_ref(closure);
}

/* What obj's cell gives for a special method, or -1 if there is none. */
static int64_t by_cell(Object *obj, int special) {
    Object *result = NULL;
    ssize_t length = -1;
    if (special == 0) length = object_length(obj);
    if (special == 1) result = object_getitem(obj, None);
    if (special == 2) result = object_call(obj, NULL, 0, NULL);
    if (special == 3) result = object_getattr_string(obj, "nowhere");
    if (result) length = (ssize_t)((Int *)result)->value;
    xdecref(result);
    error_clear();
    return length;
}

/* Classes of one or two bases, whose special methods are set and deleted: the cells of each call
 * what its MRO has, at any time. */
static void test_cells(void **state) {
    (void)state;
    for (int round = 0; round < 100; round++) {
        Type *classes[CLASSES];
        int owned[CLASSES][SPECIALS], n = 0; // the number that the class's own method gives, or -1
        for (int step = 0; step < 120; step++) {
            if (n < CLASSES && draw(3) == 0) {
                Type *base = n ? classes[draw(n)] : &Object_Type;
                Type *made = class_of("C", base, n && draw(2) ? classes[draw(n)] : NULL);
                error_clear(); // no MRO, or twice the same
                if (!made) continue;
                for (int s = 0; s < SPECIALS; s++)
                    owned[n][s] = -1;
                classes[n++] = made;
            } else if (n > 0) {
                int c = draw(n), s = draw(SPECIALS);
                Object *number = sure(int_from_long(step));
                Object *func = draw(2) ? sure(function_new("f", number_of, number)) : NULL;
                int status = object_setattr_string(OBJECT(classes[c]), specials[s], func);
                assert_int_equal(status, func || owned[c][s] >= 0 ? 0 : -1);
                error_clear();
                owned[c][s] = func ? step : -1;
                xdecref(func);
                decref(number);
            }
            for (int c = 0; c < n; c++) {
                Object *obj = sure(object_new(classes[c], NULL, 0, NULL));
                for (int s = 0; s < SPECIALS; s++) {
                    int64_t expected = -1;
                    for (ssize_t i = 0; expected < 0 && i < classes[c]->mro->size; i++)
                        for (int k = 0; k < n; k++)
                            if (classes[c]->mro->items[i] == OBJECT(classes[k]))
                                expected = owned[k][s];
                    assert_int_equal(by_cell(obj, s), expected);
                }
                decref(obj);
            }
        }
        while (n > 0)
            decref(classes[--n]);
        types_clear();
    }
}

/* ---- Depth, memory ----------------------------------------------------------------------------*/

/* 300,000 tuples, instances and dicts, each in the next: gone without as many nested calls. And
 * tuples deeper than a repr may go. */
static void test_deep(void **state) {
    (void)state;
    Type *type = sure(class_of("Node", &Object_Type, NULL));
    Object *chain = new_ref(None);
    for (int i = 0; i < 300000; i++) {
        Object *outer;
        if (i % 3 == 0) {
            outer = sure(tuple_pack(1, chain));
        } else if (i % 3 == 1) {
            outer = sure(object_new(type, NULL, 0, NULL));
            assert_int_equal(object_setattr(outer, names[0], chain), 0);
        } else {
            outer = sure(dict_new());
            assert_int_equal(dict_set_item((Dict *)outer, names[0], chain), 0);
        }
        decref(chain);
        chain = outer;
    }
    decref(chain);
    chain = new_ref(None);
    for (int i = 0; i < RECURSION_LIMIT; i++) {
        Object *outer = sure(tuple_pack(1, chain));
        decref(chain);
        chain = outer;
    }
    assert_null(object_repr(chain));
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    decref(chain);
    decref(type);
    chain = new_ref(None);
    for (int i = 0; i < 300000; i++) {
        Object *outer =
            sure(i < 150000 ? property_new(chain, NULL, NULL) : staticmethod_new(chain));
        decref(chain);
        chain = outer;
    }
    assert_null(object_call(chain, NULL, 0, NULL));
    assert_error(RecursionError, "maximum recursion depth exceeded while calling a Python object");
    decref(chain);
    types_clear();
}

/* Storing n attributes, then asking for __dict__: as before or done, whichever allocation fails. */
static void test_memory(void **state) {
    (void)state;
    bool failed = true;
    for (long n = 0; failed; n++) {
        Type *type = sure(class_of("C", &Object_Type, NULL));
        Object *obj = sure(object_new(type, NULL, 0, NULL));
        long blocks = testing_blocks();
        ssize_t of_none = None->refcnt;
        Model model = {.n = 0};
        testing_fail_at(n);
        for (int i = 0; i < NAMES; i++) {
            Object *value = int_from_long(i);
            int status = value ? object_setattr(obj, names[i], value) : -1;
            xdecref(value);
            if (status < 0) break;
            model_set(&model, names[i], i);
        }
        if (!error_occurred()) (void)object_get_dict(obj);
        if (!error_occurred()) xdecref(object_repr(OBJECT(object_get_dict(obj))));
        failed = testing_has_failed();
        testing_fail_at(-1);
        assert_true(failed == error_matches(MemoryError));
        error_clear();
        assert_model(obj, next_of_object, &model);
        assert_true(testing_blocks() >= blocks);
        decref(obj);
        assert_int_equal(None->refcnt, of_none);
        decref(type);
        types_clear();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dicts), cmocka_unit_test(test_instances),
        cmocka_unit_test(test_limit), cmocka_unit_test(test_cells),
        cmocka_unit_test(test_deep),  cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, start, NULL);
}
