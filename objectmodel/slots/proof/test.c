/* test.c: the promises of the slots room, one test each. */
#include "../../../common/proof/testing.h"

#include "../slots.h"

static const Layout *const layouts[] = {&dict_layout, &shared_layout, &values_layout,
                                        &inline_layout};
enum { LAYOUTS = 4, NAMES = 40 };
static Str *names[NAMES]; // n0, n1, ...; interned before blocks are counted
static Str *x, *y, *dunder_dict, *dunder_class;

/* The class: slots is a list of names, or NULL for none. NULL with an error set. */
static Type *class_new(const char *name, Type *base, const char *slots, const Layout *layout) {
    Tuple *bases = base ? (Tuple *)tuple_pack(1, base) : NULL;
    Dict *dict = dict_new();
    Type *type = NULL;
    if (dict && (bases || !base)) {
        int status = 0;
        if (slots) {
            char text[200], *words[40], *rest = text;
            ssize_t n = 0;
            snprintf(text, sizeof text, "%s", slots);
            for (char *word; (word = strtok_r(rest, " ", &rest));)
                words[n++] = word;
            Tuple *tuple = tuple_new(n);
            if (!tuple) status = -1;
            for (ssize_t i = 0; i < n && status == 0; i++)
                if (!(tuple->items[i] = OBJECT(str_intern(words[i])))) status = -1;
            for (ssize_t i = 0; tuple && i < n; i++)
                if (tuple->items[i]) incref(tuple->items[i]);
            if (status == 0) status = dict_set_item(dict, str_intern("__slots__"), OBJECT(tuple));
            xdecref(tuple);
        }
        if (status == 0) type = slots_type_new(NULL, name, bases, dict, layout);
    }
    xdecref(dict);
    xdecref(bases);
    return type;
}

static Object *make(Type *type) {
    return type->alloc(type, 0);
}

static void drop_class(Type *type) {
    type_clear(type);
    decref(type);
}

/* ---- Slots -------------------------------------------------------------------------------------*/

static void test_unset_slot(void **state) {
    (void)state;
    Type *type = class_new("C", NULL, "x y", NULL);
    Object *c = make(type), *one = int_from_long(1);
    assert_null(object_getattr(c, x));
    assert_error(AttributeError, "'C' object has no attribute 'x'");
    assert_int_equal(object_setattr(c, x, NULL), -1);
    assert_error(AttributeError, "x");
    assert_int_equal(object_setattr(c, x, one), 0);
    assert_int_equal(one->refcnt, 2);
    Object *read = object_getattr(c, x);
    assert_ptr_equal(read, one);
    decref(read);
    assert_int_equal(object_setattr(c, x, NULL), 0);
    assert_int_equal(one->refcnt, 1);
    assert_null(object_getattr(c, x));
    error_clear();
    assert_int_equal(object_setattr(c, names[0], one), -1);
    assert_error(AttributeError, "'C' object has no attribute 'n0'");
    object_setattr(c, y, one);
    decref(c);
    assert_int_equal(one->refcnt, 1);
    decref(one);
    drop_class(type);
}

static void test_descriptor_checks_its_object(void **state) {
    (void)state;
    Type *type = class_new("C", NULL, "x", NULL), *other = class_new("D", NULL, "y", NULL);
    Type *sub = class_new("E", type, "y", NULL);
    Object *descr = object_getattr(OBJECT(type), x), *d = make(other), *e = make(sub);
    assert_null(descr->type->descr_get(descr, d, NULL));
    assert_error(TypeError, "descriptor 'x' for 'C' objects doesn't apply to a 'D' object");
    assert_int_equal(descr->type->descr_set(descr, d, None), -1);
    assert_error(TypeError, "descriptor 'x' for 'C' objects doesn't apply to a 'D' object");
    assert_int_equal(descr->type->descr_set(descr, e, None), 0);
    Object *read = object_getattr(e, x);
    assert_ptr_equal(read, None);
    decref(read);
    decref(e);
    decref(d);
    decref(descr);
    drop_class(sub);
    drop_class(other);
    drop_class(type);
}

static void test_slot_with_the_name_of_a_special_method(void **state) {
    (void)state;
    Type *type = class_new("C", NULL, "__call__", NULL);
    Object *c = make(type);
    assert_null(object_call(c, NULL, 0)); // the cell was filled from the descriptor
    assert_error(AttributeError, "'C' object has no attribute '__call__'");
    decref(c);
    drop_class(type);
}

static void test_subclasses_extend(void **state) {
    (void)state;
    const ssize_t word = sizeof(void *);
    Type *a = class_new("A", NULL, "y x", NULL), *b = class_new("B", a, "z", NULL);
    Type *c = class_new("C", b, NULL, &values_layout);
    assert_int_equal(a->basicsize, 4 * word);
    assert_int_equal(b->basicsize, 5 * word);
    assert_int_equal(b->dictoffset, 0);
    assert_int_equal(c->dictoffset, MANAGED_DICT);
    assert_int_equal(c->weaklistoffset, 5 * word);
    Object *one = make(c);
    assert_int_equal(object_setattr(one, x, None), 0);
    assert_int_equal(object_setattr(one, names[3], None), 0);
    decref(one);
    drop_class(c);
    drop_class(b);
    drop_class(a);
}

/* The new base has a dict, and the instances are laid out by the other one. */
static void test_base_with_a_dict_is_assigned(void **state) {
    (void)state;
    Type *a = class_new("A", NULL, NULL, &values_layout), *b = class_new("B", NULL, "x", NULL);
    Type *c = class_new("C", b, "", NULL);
    Object *bases = tuple_pack(2, b, a), *one = make(c);
    assert_int_equal(type_set_bases(c, bases), 0);
    assert_null(object_getattr(one, dunder_dict));
    assert_error(AttributeError, "This object has no __dict__");
    assert_int_equal(object_setattr(one, dunder_dict, NULL), -1);
    assert_error(AttributeError, "This object has no __dict__");
    assert_int_equal(object_setattr(one, y, None), -1);
    assert_error(AttributeError, "'C' object has no attribute 'y'");
    decref(one);
    decref(bases);
    drop_class(c);
    drop_class(b);
    drop_class(a);
}

static void test_long_chain_dies_in_peace(void **state) {
    (void)state;
    Type *type = class_new("Node", NULL, "x", NULL);
    Object *head = new_ref(None);
    for (int i = 0; i < 200000; i++) {
        Object *node = make(type);
        object_setattr(node, x, head);
        decref(head);
        head = node;
    }
    decref(head);
    drop_class(type);
}

/* ---- Nothing half made -------------------------------------------------------------------------*/

static void test_class_without_memory(void **state) {
    (void)state;
    Type *base = class_new("Base", NULL, "x", NULL);
    drop_class(class_new("C", base, "y __priv __dict__", &values_layout)); // interns the names
    long before = testing_blocks(), n = 0;
    for (;; n++) {
        testing_fail_at(n);
        Type *type = class_new("C", base, "y __priv __dict__", &values_layout);
        testing_fail(NULL, 0, 0);
        if (type) {
            drop_class(type);
            break;
        }
        assert_error(MemoryError, "");
        assert_int_equal(base->nsubclasses, 0);
        assert_int_equal(testing_blocks(), before);
    }
    assert_true(n > 10);
    drop_class(base);
}

static void test_refused_class_leaves_no_trace(void **state) {
    (void)state;
    Type *base = class_new("Base", NULL, "x", NULL);
    static const char *const wrong[] = {"a-b", "1x", "__dict__ __dict__", "__weakref__ __weakref__",
                                        "ok not!ok"};
    enum { WRONG = sizeof wrong / sizeof *wrong };
    long before = 0;
    for (size_t i = 0; i < 2 * WRONG; i++) {
        if (i == WRONG) before = testing_blocks(); // the names are interned now
        assert_null(class_new("C", base, wrong[i % WRONG], NULL));
        assert_string_equal(error_name(error_occurred()), "TypeError");
        error_clear();
    }
    assert_null(class_new("C", &Int_Type, "x", NULL));
    assert_error(TypeError, "nonempty __slots__ not supported for subtype of 'int'");
    Dict *dict = dict_new();
    dict_set_item(dict, str_intern("__slots__"), None);
    assert_null(slots_type_new(NULL, "C", NULL, dict, NULL));
    assert_error(TypeError, "'NoneType' object is not iterable");
    decref(dict);
    assert_int_equal(base->nsubclasses, 0);
    assert_int_equal(testing_blocks(), before);
    drop_class(base);
}

/* ---- Layouts -----------------------------------------------------------------------------------*/

static void test_instance_without_memory(void **state) {
    (void)state;
    for (int k = 0; k < LAYOUTS; k++) {
        Type *type = class_new("C", NULL, NULL, layouts[k]);
        Object *one = int_from_long(1), *two = int_from_long(2);
        Object *earlier = make(type);
        object_setattr(earlier, x, None); // the class has its keys
        decref(earlier);
        Dict *given = dict_new();
        object_setattr(OBJECT(type), names[30], None);
        long before = testing_blocks();
        for (long n = 0;; n++) {
            testing_fail_at(n);
            Object *c = make(type);
            bool made = c != NULL, set[3] = {false};
            set[0] = made && object_setattr(c, x, one) == 0;
            set[1] = set[0] && object_setattr(c, y, two) == 0;
            set[2] = set[1] && object_setattr(c, dunder_dict, OBJECT(given)) == 0;
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_true(failed || set[2]);
            if (failed) assert_error(MemoryError, "");
            if (made && !set[2]) { // what was there still is
                Object *read = object_getattr(c, x);
                assert_ptr_equal(read, set[0] ? one : NULL);
                error_clear();
                xdecref(read);
                read = object_getattr(c, y);
                assert_ptr_equal(read, set[1] ? two : NULL);
                error_clear();
                xdecref(read);
            }
            xdecref(c);
            assert_int_equal(testing_blocks(), before);
            assert_int_equal(one->refcnt, 1);
            if (!failed) break;
        }
        decref(given);
        decref(one);
        decref(two);
        drop_class(type);
    }
}

/* Words of an instance with n attributes, of CPython 3.11 and 3.13: the twin's output, and what
 * changed-3.13.diff makes of it. */
static void test_weights(void **state) {
    (void)state;
    static const ssize_t expected[2][11] = {{9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20},
                                            {9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20}};
    if (sizeof(void *) != 8) skip();
    for (int k = 0; k < 2; k++) {
        for (int n = 0; n < 11; n++) {
            Type *type = class_new("C", NULL, NULL, k ? &inline_layout : &values_layout);
            Object *last = NULL;
            for (int i = 0; i < 40; i++) {
                xdecref(last);
                last = make(type);
                for (int j = 0; j < n; j++)
                    object_setattr(last, names[j], None);
            }
            assert_int_equal(object_footprint(last), expected[k][n] * 8);
            assert_int_equal(object_values_capacity(last), n + 1);
            decref(last);
            drop_class(type);
        }
    }
}

static void test_keys_are_shared_until_one_goes_its_own_way(void **state) {
    (void)state;
    Type *type = class_new("C", NULL, NULL, &values_layout);
    Object *first = make(type), *second = make(type);
    for (int i = 0; i < 28; i++) {
        object_setattr(first, names[i], None);
        object_setattr(second, names[i], None);
    }
    assert_int_equal(type->cached_keys->nentries, 28);
    assert_true(object_values_capacity(first) >= 28);
    for (int i = 28; i < NAMES; i++)
        object_setattr(first, names[i], None);
    assert_int_equal(object_values_capacity(first), -1); // a dict with keys of its own
    assert_true(object_values_capacity(second) >= 28);
    Dict *dict = (Dict *)object_getattr(second, dunder_dict); // whoever asks gets a dict
    assert_int_equal(object_values_capacity(second), -1);
    assert_ptr_equal(dict->keys, type->cached_keys);
    decref(first);
    decref(second);
    drop_class(type);
    assert_int_equal(dict->used, 28); // it outlives instance and class
    assert_ptr_equal(dict_get_item(dict, names[27]), None);
    decref(dict);
}

/* ---- Code that runs when a value dies ----------------------------------------------------------*/

static Object *watched; // borrowed: the instance whose value is dying
static int deaths;

typedef struct {
    Object ob;
} Mine;

static void mine_dealloc(Object *self) {
    deaths++;
    if (watched) { // looks at the attribute, sets it, and takes the dict
        Object *read = object_getattr(watched, x);
        error_clear();
        xdecref(read);
        Object *owner = watched;
        watched = NULL;
        object_setattr(owner, x, None);
        Dict *empty = dict_new();
        object_setattr(owner, dunder_dict, OBJECT(empty));
        error_clear();
        decref(empty);
    }
    self->type->free(self);
}

static Type Mine_Type = {STATIC_TYPE("Mine", Mine), .dealloc = mine_dealloc};

static void test_dying_value_changes_its_owner(void **state) {
    (void)state;
    assert_int_equal(type_ready(&Mine_Type), 0);
    for (int k = 0; k <= LAYOUTS; k++) {
        for (int what = 0; what < 4; what++) {
            Type *type =
                class_new("C", NULL, k == LAYOUTS ? "x" : NULL, k == LAYOUTS ? NULL : layouts[k]);
            Object *c = make(type), *mine = type_generic_alloc(&Mine_Type, 0);
            object_setattr(c, x, mine);
            decref(mine);
            watched = c;
            deaths = 0;
            if (what == 0) assert_int_equal(object_setattr(c, x, None), 0);
            if (what == 1) assert_int_equal(object_setattr(c, x, NULL), 0);
            Dict *empty = dict_new();
            if (what == 2) object_setattr(c, dunder_dict, OBJECT(empty));
            error_clear();
            decref(empty);
            if (what == 3) watched = NULL; // dies with its owner
            decref(c);
            assert_int_equal(deaths, 1);
            watched = NULL;
            drop_class(type);
        }
    }
}

/* ---- Random attributes on all layouts against a list -------------------------------------------*/

typedef struct { // what one instance should have, in order
    int n, name[NAMES];
    Object *value[NAMES]; // borrowed, from values
} Model;
enum { INSTANCES = 4, VALUES = 20, OPERATIONS = 20000 };

static int model_find(const Model *model, int name) {
    int i = 0;
    while (i < model->n && model->name[i] != name)
        i++;
    return i;
}

static void model_set(Model *model, int name, Object *value) {
    int i = model_find(model, name);
    if (value) {
        if (i == model->n) model->n++;
        model->name[i] = name;
        model->value[i] = value;
    } else if (i < model->n) {
        model->n--;
        for (; i < model->n; i++) {
            model->name[i] = model->name[i + 1];
            model->value[i] = model->value[i + 1];
        }
    }
}

static void check_instance(Object *self, const Model *model) {
    for (int i = 0; i < NAMES; i++) {
        int at = model_find(model, i);
        Object *read = object_getattr(self, names[i]);
        assert_ptr_equal(read, at < model->n ? model->value[at] : NULL);
        if (read)
            decref(read);
        else
            error_clear();
    }
}

static void check_order(const Dict *dict, const Model *model) {
    ssize_t pos = 0;
    Str *name;
    Object *value;
    for (int i = 0; i < model->n; i++) {
        assert_true(dict_next(dict, &pos, &name, &value));
        assert_ptr_equal(name, names[model->name[i]]);
        assert_ptr_equal(value, model->value[i]);
    }
    assert_false(dict_next(dict, &pos, &name, &value));
    assert_int_equal(dict->used, model->n);
}

/* One operation, of which one in four meets a failing allocation: then nothing must have changed. */
static void one_operation(uint64_t *random, Type *const *types, Object **self, Model *model,
                          Object *const *values) {
    uint64_t what = testing_random(random, 100);
    int name = (int)testing_random(random, testing_random(random, 4) ? 6 : NAMES);
    Object *value = values[testing_random(random, VALUES)];
    if (testing_random(random, 4) == 0) testing_fail_at((long)testing_random(random, 3));
    if (what < 60) {
        if (object_setattr(*self, names[name], value) == 0) model_set(model, name, value);
    } else if (what < 85) {
        bool there = model_find(model, name) < model->n;
        int status = object_setattr(*self, names[name], NULL);
        if (status == 0) model_set(model, name, NULL);
        assert_true(status == (there ? 0 : -1) || error_matches(MemoryError));
    } else if (what < 89) {
        Dict *dict = (Dict *)object_getattr(*self, dunder_dict);
        if (dict) check_order(dict, model);
        xdecref(dict);
    } else if (what < 92) {
        Dict *dict = dict_new();
        if (dict && object_setattr(*self, dunder_dict, OBJECT(dict)) == 0) model->n = 0;
        xdecref(dict);
    } else if (what < 95) {
        object_setattr(*self, dunder_class, OBJECT(types[testing_random(random, 2)]));
    } else {
        Object *fresh = make(types[testing_random(random, 2)]);
        if (fresh) {
            decref(*self);
            *self = fresh;
            model->n = 0;
        }
    }
    testing_fail(NULL, 0, 0);
    error_clear();
}

static void test_random_attributes(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    for (int k = 0; k < LAYOUTS; k++) {
        long before = testing_blocks();
        Type *types[2] = {class_new("A", NULL, NULL, layouts[k]),
                          class_new("B", NULL, NULL, layouts[k])};
        Object *values[VALUES], *instances[INSTANCES];
        Model models[INSTANCES] = {0};
        for (int i = 0; i < VALUES; i++)
            values[i] = int_from_long(i);
        for (int i = 0; i < INSTANCES; i++)
            instances[i] = make(types[i % 2]);
        for (int n = 0; n < OPERATIONS; n++) {
            uint64_t i = testing_random(&random, INSTANCES);
            one_operation(&random, types, &instances[i], &models[i], values);
            check_instance(instances[i], &models[i]);
            if (n % 2000 == 1999) { // classes of fresh keys
                for (int j = 0; j < INSTANCES; j++) {
                    decref(instances[j]);
                    models[j].n = 0;
                }
                drop_class(types[0]);
                drop_class(types[1]);
                types[0] = class_new("A", NULL, NULL, layouts[k]);
                types[1] = class_new("B", NULL, NULL, layouts[k]);
                for (int j = 0; j < INSTANCES; j++)
                    instances[j] = make(types[j % 2]);
            }
        }
        for (int i = 0; i < INSTANCES; i++)
            decref(instances[i]);
        for (int i = 0; i < VALUES; i++) {
            assert_int_equal(values[i]->refcnt, 1); // whatever held it has let go
            decref(values[i]);
        }
        drop_class(types[0]);
        drop_class(types[1]);
        assert_int_equal(testing_blocks(), before);
    }
}

int main(void) {
    if (types_init() < 0 || slots_init() < 0) return 1;
    x = str_intern("x");
    y = str_intern("y");
    dunder_dict = str_intern("__dict__");
    dunder_class = str_intern("__class__");
    for (int i = 0; i < NAMES; i++) {
        char text[8];
        snprintf(text, sizeof text, "n%d", i);
        names[i] = str_intern(text);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unset_slot),
        cmocka_unit_test(test_descriptor_checks_its_object),
        cmocka_unit_test(test_slot_with_the_name_of_a_special_method),
        cmocka_unit_test(test_subclasses_extend),
        cmocka_unit_test(test_base_with_a_dict_is_assigned),
        cmocka_unit_test(test_long_chain_dies_in_peace),
        cmocka_unit_test(test_class_without_memory),
        cmocka_unit_test(test_refused_class_leaves_no_trace),
        cmocka_unit_test(test_instance_without_memory),
        cmocka_unit_test(test_keys_are_shared_until_one_goes_its_own_way),
        cmocka_unit_test(test_dying_value_changes_its_owner),
        cmocka_unit_test(test_random_attributes),
        cmocka_unit_test(test_weights), // last: where no long jump is, a skip ends the program
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
