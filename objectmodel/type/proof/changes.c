/* changes.c: classes that change while they are being looked at, random hierarchies against a model
 * that has no cache, and what is deep.
 *
 * A descriptor or a special method runs whatever it likes. Here each removes itself, or takes the
 * class or the object away under the feet of who asked; the sanitizers see who then still looks.
 */
#include "check.h"

/* ---- What is called changes the class --------------------------------------------------------*/

static Type *a, *b, *c, *other;
static Object *obj;

/* What a call does to the world above. */
typedef enum {
    DELETE_X,       // the attribute that is being read
    REPLACE_X,      // by None
    DELETE_SPECIAL, // every special method of the descriptor's class
    OTHER_CLASS,    // obj.__class__ = other
    OTHER_BASES,    // b.__bases__ = (c,)
    CLEAR_OBJ,      // obj's attributes
    CLASS_BELOW,    // a new class below b
    ALL_OF_THEM,
} Deed;

static Type *descriptor_class;

static const char *const specials[] = {"__get__",  "__set__", "__delete__", "__len__", "__repr__",
                                       "__call__", "__add__", "__radd__",   "__str__"};

static void do_deed(Deed deed) {
    if (deed == ALL_OF_THEM) {
        for (Deed each = DELETE_X; each < ALL_OF_THEM; each++)
            do_deed(each);
        return;
    }
    for (int i = 0; deed == DELETE_X && i < 2; i++) {
        if (put(b, i ? "__len__" : "x", NULL) < 0) error_clear(); // as it may be gone already
    }
    if (deed == REPLACE_X) set(b, "x", None);
    if (deed == OTHER_CLASS) set(obj, "__class__", other);
    if (deed == OTHER_BASES) set(b, "__bases__", TUPLE(c));
    if (deed == CLEAR_OBJ) obj->type->layout->clear(obj);
    if (deed == CLASS_BELOW) NEW("D", b);
    for (size_t i = 0; deed == DELETE_SPECIAL && i < LENGTH(specials); i++) {
        if (put(descriptor_class, specials[i], NULL) < 0) error_clear();
    }
}

/* Does it, and uses its arguments and its closure afterwards: they must still be there. */
static Object *deed_code(Object *closure, Object *const *args, ssize_t nargs) {
    do_deed((Deed)((Int *)closure)->value);
    for (ssize_t i = 0; i < nargs; i++)
        assert_true(args[i]->refcnt > 0 && args[i]->type->name[0]);
    return int_from_long(((Int *)closure)->value);
}

/* b(a) has as x an instance of a class whose special methods all do the deed. None of it is kept by
 * anybody else: what the class lets go of is gone. */
static void prepare(Deed deed) {
    a = NEW("A", &Object_Type);
    b = NEW("B", a);
    c = NEW("C", a);
    other = NEW("Other", &Object_Type);
    descriptor_class = NEW("Descriptor", &Object_Type);
    obj = instance(b);
    set(a, "x", number(1));
    for (size_t i = 0; i < LENGTH(specials); i++) {
        Object *value = int_from_long(deed), *f = function_new("deed", deed_code, value);
        set(descriptor_class, specials[i], f);
        decref(f);
        decref(value);
    }
    Object *x = descriptor_class->alloc(descriptor_class, 0);
    set(b, "x", x);
    decref(x);
}

static void drop(Object *result) {
    xdecref(result);
    error_clear();
}

static Object *keep_x(void) {
    return keep(new_ref(type_lookup(b, str_intern("x"))));
}

static void test_descriptors_that_change_their_class(void) {
    for (Deed deed = DELETE_X; deed <= ALL_OF_THEM; deed++) {
        Str *x = str_intern("x");
        prepare(deed);
        assert_int_equal(value_of(get(obj, "x")), deed); // what it returned, whatever it did
        if (deed == DELETE_X) assert_int_equal(value_of(get(obj, "x")), 1);
        if (deed == REPLACE_X) assert_ptr_equal(get(obj, "x"), None);
        if (deed == OTHER_CLASS) {
            assert_null(get(obj, "x"));
            assert_error(AttributeError, "'Other' object has no attribute 'x'");
        }
        prepare(deed);
        assert_int_equal(object_setattr(obj, x, None), 0);
        prepare(deed);
        assert_int_equal(object_setattr(obj, x, NULL), 0);
        prepare(deed);
        assert_int_equal(value_of(get(b, "x")), deed);
        prepare(deed);
        assert_int_equal(value_of(get(keep(super_new(other, instance(NEW("D", other, b)))), "x")),
                         deed);
        prepare(deed); // called as a method: what is asked first, and a function
        drop(object_call_method(x, &obj, 1));
        prepare(deed);
        set(b, "x", type_lookup(descriptor_class, str_intern("__len__")));
        set(descriptor_class, "__len__", NULL);
        drop(object_call_method(x, &obj, 1));
        prepare(deed); // not a data descriptor, beside an attribute of the instance
        set(descriptor_class, "__set__", NULL);
        set(descriptor_class, "__delete__", NULL);
        assert_int_equal(value_of(get(obj, "x")), deed);
        prepare(deed); // one floor up: the class is the instance, and its metaclass the class
        Type *meta = NEW("Meta", &Type_Type);
        set(meta, "x", type_lookup(b, x));
        Type *cls = keep(type_new(meta, "Cls", NULL, NULL));
        assert_int_equal(value_of(get(cls, "x")), deed);
        assert_int_equal(put(cls, "x", None), 0);
        tidy();
    }
}

static void test_special_methods_that_change_their_class(void) {
    for (Deed deed = DELETE_X; deed <= ALL_OF_THEM; deed++) {
        prepare(deed);
        assert_int_equal(object_length(keep_x()), deed);
        prepare(deed);
        drop(object_repr(keep_x()));
        prepare(deed);
        drop(object_str(keep_x()));
        prepare(deed);
        drop(object_call(keep_x(), &obj, 1));
        prepare(deed); // obj's, which is a descriptor itself, and asked before it is called
        set(b, "__len__", type_lookup(b, str_intern("x")));
        set(b, "x", NULL);
        drop(object_length(obj) < 0 ? NULL : new_ref(None));
        prepare(deed); // either side of +
        assert_int_equal(value_of(keep(number_add(keep_x(), obj))), deed);
        prepare(deed);
        assert_int_equal(value_of(keep(number_add(obj, keep_x()))), deed);
        tidy();
    }
}

/* A reflected method of the right operand's class takes the left one's class away; the left one's
 * method is called after it, and is looked up then. */
static Object *reflected_code(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    set(args[1], "__class__", other);
    if (put(a, "__add__", NULL) < 0) error_clear();
    return new_ref(NotImplemented);
}

static void test_operators_that_change_their_operands(void) {
    a = NEW("A", &Object_Type);
    b = NEW("B", a);
    other = NEW("Other", &Object_Type);
    Object *left = instance(a), *right = instance(b);
    set(a, "__add__", giving(number(1)));
    set(b, "__radd__", function(reflected_code, NULL));
    assert_null(number_add(left, right)); // nobody is left who could
    assert_error(TypeError, "unsupported operand type(s) for +: 'Other' and 'B'");
    set(other, "__add__", giving(number(2)));
    set(a, "__add__", giving(number(1)));
    set(left, "__class__", a);
    assert_int_equal(value_of(keep(number_add(left, right))), 2);
}

/* __set_name__ is told while the class is being made, each attribute that it had at first. */
static int told;

static Object *set_name_code(Object *closure, Object *const *args, ssize_t nargs) {
    assert_int_equal(nargs, 3);
    told++;
    Type *owner = (Type *)args[1];
    Object *result = int_from_long(0);
    switch (((Int *)closure)->value) {
    case 0: // all its attributes, this one, too
        dict_clear(owner->dict);
        type_modified(owner);
        break;
    case 1: // names more
        for (int i = 0; i < 30; i++)
            set(owner, text_of(keep(str_from_format("more%d", i))), args[0]);
        break;
    case 2: // other bases, a class below
        set(owner, "__bases__", TUPLE(c));
        NEW("Below", owner);
        break;
    case 3: // a class below, and then there is no class
        NEW("Below", owner);
        clear_ref(result);
        error_set(ValueError, "no");
        break;
    }
    return result;
}

static void test_set_name_that_changes_the_class(void) {
    a = NEW("A", &Object_Type);
    c = NEW("C", a);
    for (int64_t deed = 0; deed < 4; deed++) {
        descriptor_class = NEW("Descriptor", &Object_Type);
        set(descriptor_class, "__set_name__", function(set_name_code, number(deed)));
        Dict *dict = dict_new();
        for (int i = 0; i < 3; i++) {
            Object *x = descriptor_class->alloc(descriptor_class, 0);
            dict_set_item(dict, str_intern((const char *[]){"x", "y", "z"}[i]), x);
            decref(x);
        }
        told = 0;
        Type *made = type_new(NULL, "Made", TUPLE(a), dict);
        decref(dict);
        assert_int_equal(made != NULL, deed != 3);
        assert_int_equal(told, deed == 3 ? 1 : 3);
        if (made) {
            keep(made);
        } else {
            assert_error(RuntimeError,
                         "Error calling __set_name__ on 'Descriptor' instance 'x' in 'Made'");
        }
        if (deed == 2) assert_ptr_equal(made->base, c);
    }
}

/* ---- Random hierarchies against a model without a cache --------------------------------------*/

enum { CLASSES = 12, NAMES = 5, STEPS = 3000, ROUNDS = 12, NOTHING = -1 };

static size_t draw(uint64_t *seed, size_t limit) {
    return (size_t)testing_random(seed, limit);
}

static const char *const names[NAMES] = {"v", "w", "x", "y", "__len__"};

/* The model: what was stored, and in which order bases are, by a C3 of its own that makes an array
 * of positions anew for each question. */
static struct {
    Type *type;
    int64_t values[NAMES];
    size_t bases[3], nbases;
    bool below[CLASSES]; // which it is derived from, itself included
} model[CLASSES];
static size_t nclasses;

static size_t position(const Type *type) {
    for (size_t i = 0; i < nclasses; i++) {
        if (model[i].type == type) return i;
    }
    return CLASSES; // object
}

static bool in_tail(size_t candidate, size_t lists[][CLASSES + 2], const size_t *sizes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 1; k < sizes[i]; k++) {
            if (lists[i][k] == candidate) return true;
        }
    }
    return false;
}

/* Fills `order` and returns its length, without object. There is always one, as what has none was
 * refused. */
static size_t model_mro(size_t cls, size_t *order) {
    size_t lists[4][CLASSES + 2], sizes[4], n = model[cls].nbases, length = 0;
    order[length++] = cls;
    for (size_t i = 0; i < n; i++) {
        sizes[i] = model_mro(model[cls].bases[i], lists[i]);
        lists[n][i] = model[cls].bases[i];
    }
    sizes[n] = n;
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i <= n; i++) {
            if (sizes[i] == 0 || in_tail(lists[i][0], lists, sizes, n + 1)) continue;
            size_t chosen = order[length++] = lists[i][0];
            for (size_t k = 0; k <= n; k++) {
                if (sizes[k] == 0 || lists[k][0] != chosen) continue;
                memmove(lists[k], lists[k] + 1, --sizes[k] * sizeof(size_t));
            }
            again = true;
            break;
        }
    }
    return length;
}

static int64_t model_get(size_t cls, size_t name) {
    size_t order[CLASSES + 2], n = model_mro(cls, order);
    for (size_t i = 0; i < n; i++) {
        if (model[order[i]].values[name] != NOTHING) return model[order[i]].values[name];
    }
    return NOTHING;
}

/* What holds at any time: versions, the MRO, the cells, the lists of subclasses. */
static void check_class(size_t cls) {
    const Type *type = model[cls].type;
    size_t order[CLASSES + 2], n = model_mro(cls, order);
    assert_int_equal(type->mro->size, n + 1);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(type->mro->items[i], model[order[i]].type);
    for (ssize_t i = 0; i < type->bases->size; i++) {
        const Type *base = (Type *)type->bases->items[i];
        if (type->flags & VALID_VERSION) assert_true(base->flags & VALID_VERSION);
        ssize_t found = 0;
        for (ssize_t k = 0; k < base->nsubclasses; k++)
            found += base->subclasses[k]->referent == type;
        assert_int_equal(found, 1);
    }
    for (size_t i = 0; i < cls && type->flags & VALID_VERSION; i++)
        assert_int_not_equal(type->version_tag, model[i].type->version_tag);
    assert_int_equal(type->sq_length != NULL, model_get(cls, NAMES - 1) != NOTHING);
}

static void check_value(size_t cls, size_t name, Object *obj_) {
    int64_t expected = model_get(cls, name);
    Object *found = type_lookup(model[cls].type, str_intern(names[name]));
    assert_ptr_equal(found, type_find_in_mro(model[cls].type, str_intern(names[name])));
    if (name == NAMES - 1) {
        assert_int_equal(object_length(obj_), expected);
        error_clear();
        return;
    }
    Object *read = object_getattr_string(obj_, names[name]);
    assert_int_equal(read ? ((Int *)read)->value : NOTHING, expected);
    xdecref(read);
    error_clear();
}

static size_t draw_bases(uint64_t *seed, size_t *bases, Tuple **tuple) {
    size_t n = 0, wanted = draw(seed, 4);
    Type *types[4] = {NULL};
    for (size_t i = 0; i < wanted && nclasses > 0; i++) {
        size_t base = draw(seed, nclasses);
        bool twice = false;
        for (size_t k = 0; k < n; k++)
            twice |= bases[k] == base;
        if (twice) continue;
        types[n] = model[base].type;
        bases[n++] = base;
    }
    *tuple = n ? tuple_of(types) : TUPLE(&Object_Type);
    return n;
}

static void one_round(uint64_t *seed) {
    nclasses = 0;
    Object *objects[CLASSES];
    for (int step = 0; step < STEPS; step++) {
        size_t cls = nclasses ? draw(seed, nclasses) : 0;
        size_t name = draw(seed, NAMES), bases[3];
        Tuple *tuple;
        switch (nclasses ? draw(seed, 8) : 0) {
        case 0: { // a class
            if (nclasses == CLASSES) break;
            size_t n = draw_bases(seed, bases, &tuple);
            Type *made = type_new(NULL, "X", tuple, NULL);
            error_clear();
            if (!made) break; // the order is refused: twin.c and differential.c see to that
            model[nclasses].type = keep(made);
            model[nclasses].nbases = n;
            memcpy(model[nclasses].bases, bases, sizeof bases);
            for (size_t i = 0; i < NAMES; i++)
                model[nclasses].values[i] = NOTHING;
            objects[nclasses++] = instance(made);
            break;
        }
        case 1: { // other bases
            size_t n = draw_bases(seed, bases, &tuple);
            if (n && type_set_bases(model[cls].type, OBJECT(tuple)) == 0) {
                model[cls].nbases = n;
                memcpy(model[cls].bases, bases, sizeof bases);
            }
            error_clear();
            break;
        }
        case 2: // no attribute any more
            assert_int_equal(put(model[cls].type, names[name], NULL),
                             model[cls].values[name] == NOTHING ? -1 : 0);
            error_clear();
            model[cls].values[name] = NOTHING;
            break;
        case 3: { // another class for an object
            size_t to = draw(seed, nclasses);
            set(objects[cls], "__class__", model[to].type);
            break;
        }
        case 4:
        case 5: { // an attribute
            Object *value = int_from_long(step), *f = function_new("f", giving_code, value);
            set(model[cls].type, names[name], name == NAMES - 1 ? f : value);
            model[cls].values[name] = step;
            decref(value);
            decref(f);
            break;
        }
        default: // a question
            check_value(position(objects[cls]->type), name, objects[cls]);
        }
        for (size_t i = 0; i < nclasses && step % 16 == 0; i++)
            check_class(i);
    }
}

static void test_random_hierarchies(void) {
    uint64_t seed = testing_seed();
    for (int i = 0; i < ROUNDS; i++) {
        one_round(&seed);
        tidy();
    }
}

/* ---- What is deep ----------------------------------------------------------------------------*/

/* Each instance holds the next, as an item of a tuple and, every tenth, as an attribute. */
static void test_chain_of_instances(void) {
    Type *link = NEW("Link", &Tuple_Type);
    Str *next = str_intern("next");
    Object *head = new_ref(None);
    for (int i = 0; i < 1000000; i++) {
        Tuple *made = (Tuple *)link->alloc(link, 1);
        assert_non_null(made);
        made->items[0] = head;
        if (i % 10 == 0) {
            made->items[0] = new_ref(None);
            assert_int_equal(object_setattr(OBJECT(made), next, head), 0);
            decref(head);
        }
        head = OBJECT(made);
    }
    decref(head);
}

/* The same without a class, by tuples, and by dicts that have outlived their instances. */
static void test_chain_of_values(void) {
    Type *cls = NEW("C", &Object_Type);
    Object *tuple = new_ref(None), *dict = new_ref(None);
    for (int i = 0; i < 1000000; i++) {
        Object *next = tuple_pack(1, tuple), *one = cls->alloc(cls, 0);
        decref(tuple);
        tuple = next;
        assert_int_equal(put(one, "next", dict), 0);
        decref(dict);
        dict = new_ref(cls->layout->dict(one));
        decref(one);
    }
    decref(tuple);
    decref(dict);
}

/* Thousands of classes, each derived from the last: what changes at the top is seen at the bottom. */
static void test_deep_hierarchy(void) {
    enum { DEEP = 2000 };
    Type *top = NEW("Top", &Object_Type), *bottom = top;
    for (int i = 0; i < DEEP; i++)
        bottom = NEW("Deeper", bottom);
    assert_int_equal(bottom->mro->size, DEEP + 2);
    assert_null(type_lookup(bottom, str_intern("x")));
    set(top, "x", number(1));
    assert_int_equal(value_of(get(instance(bottom), "x")), 1);
    set(top, "__len__", giving(number(5)));
    assert_int_equal(object_length(instance(bottom)), 5);
    Type *sister = NEW("Sister", top);
    set(sister, "x", number(2));
    Type *second = top->subclasses[0]->referent;
    set(second, "__bases__", TUPLE(sister));
    assert_int_equal(value_of(get(instance(bottom), "x")), 2);
    while (kept > 0) // dropped from the top, and freed from the bottom
        decref(pool[--kept]);
    type_clear(top);
}

int main(void) {
    if (types_init() < 0) return 1;
    static const Test tests[] = {
        TEST(test_descriptors_that_change_their_class),
        TEST(test_special_methods_that_change_their_class),
        TEST(test_operators_that_change_their_operands),
        TEST(test_set_name_that_changes_the_class),
        TEST(test_random_hierarchies),
        TEST(test_chain_of_instances),
        TEST(test_chain_of_values),
        TEST(test_deep_hierarchy),
    };
    return run_all(tests, LENGTH(tests));
}
