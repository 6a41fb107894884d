/* test.c: what functions, cells, wraps and partial promise: memory, depth, and functions that
 * change themselves while they run. What is bound to what is the twin's and the differential's
 * business. */
#include "../../../common/proof/testing.h"

#include "signature.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

/* A test runs twice, as names and types stay once they are made: the second leaves nothing
 * behind. */
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

static Object *number(int64_t value) {
    return int_from_long(value);
}
static int64_t value_of(Object *stolen) {
    assert_non_null(stolen);
    assert_ptr_equal(stolen->type, &Int_Type);
    int64_t value = ((Int *)stolen)->value;
    decref(stolen);
    return value;
}
static void assert_repr(Object *stolen, const char *expected) {
    assert_non_null(stolen);
    Object *text = object_repr(stolen);
    assert_string_equal(((Str *)text)->text, expected);
    decref(text);
    decref(stolen);
}
/* self.name = value, which it steals. */
static void set(void *self, const char *name, Object *value) {
    assert_int_equal(object_setattr_string(OBJECT(self), name, value), 0);
    xdecref(value);
}
static Object *get(void *self, const char *name) {
    return object_getattr_string(OBJECT(self), name);
}

/* ---- Bodies ----------------------------------------------------------------------------------*/

static Object *first_free(Function *self, Object *const *locals) {
    (void)locals;
    return load_deref(self, 0);
}
static Object *call_free(Function *self, Object *const *locals) {
    Object *func = load_deref(self, 0);
    Object *result = func ? object_call(func, (Tuple *)locals[0], (Dict *)locals[1]) : NULL;
    xdecref(func);
    return result;
}
static Code get_code = {CODE("get"), .freevars = NAMES("x"), .body = first_free};
static Code other_code = {CODE("other"), .freevars = NAMES("y"), .body = first_free};
static Code wrapper_code = {CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                            .varnames = NAMES("args", "kwargs"), .freevars = NAMES("func"),
                            .body = call_free};

/* A function with one cell, that holds `value`, which it steals; NULL without memory. */
static Function *closure(Code *code, Object *value) {
    Cell *cell = error_occurred() ? NULL : make_cell(value);
    Tuple *cells = cell ? (Tuple *)tuple_pack(1, cell) : NULL;
    xdecref(cell);
    xdecref(value);
    return (Function *)function_make(code, NULL, NULL, NULL, cells);
}
static Cell *cell_of(Function *self) {
    return (Cell *)self->closure->items[0];
}

/* ---- Cells and ownership ---------------------------------------------------------------------*/

TEST(test_cells) {
    Object *x = number(1000);
    Cell *cell = make_cell(x);
    Function *a =
        (Function *)function_make(&get_code, NULL, NULL, NULL, (Tuple *)tuple_pack(1, cell));
    Function *b =
        (Function *)function_make(&get_code, NULL, NULL, NULL, (Tuple *)tuple_pack(1, cell));
    assert_int_equal(x->refcnt, 2);
    assert_int_equal(cell->ob.refcnt, 3);
    assert_int_equal(store_deref(a, 0, number(2000)), 0);
    assert_int_equal(x->refcnt, 1);
    assert_int_equal(value_of(object_call_args(OBJECT(b), 0)), 2000);
    error_set(ValueError, "pending");
    assert_int_equal(store_deref(a, 0, NULL), -1); // what was to be stored could not be made
    assert_error(ValueError, "pending");
    assert_int_equal(value_of(load_deref(b, 0)), 2000);
    decref(a);
    decref(cell); // the variable outlives the function that had it
    assert_int_equal(value_of(object_call_args(OBJECT(b), 0)), 2000);
    decref(b);
    decref(x);
    Cell *empty = make_cell(NULL);
    Object *text = object_repr(OBJECT(empty));
    assert_non_null(strstr(((Str *)text)->text, ": empty>"));
    decref(text);
    decref(empty);
}

/* However a call ends, its arguments have the references that they had. */
TEST(test_arguments_are_borrowed) {
    static const char *const texts[] = {"a",    "a, b=2",  "*args",
                                        "**kw", "a, *, k", "a, b, c, *r, k=1, **z"};
    static const char *const names[] = {NULL, "a", "k", "zz"};
    Object *x = number(1000), *args[] = {x, x, x, x, x};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        Signature signature;
        Object *f = signature_function(&signature, "f", texts[t]);
        for (ssize_t nargs = 0; nargs < 4; nargs++) {
            for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
                Tuple *kwnames = names[n] ? (Tuple *)tuple_pack(1, str_intern(names[n])) : NULL;
                xdecref(object_vectorcall(f, args, nargs, kwnames));
                error_clear();
                xdecref(kwnames);
                assert_int_equal(x->refcnt, 1);
            }
        }
        decref(f);
    }
    decref(x);
}

/* More parameters than fit on the C stack, and more defaults than parameters. */
TEST(test_sizes) {
    Signature signature;
    Object *f = signature_function(&signature, "f",
                                   "a, b, c, d, e, f, g, h, i, j, k, l=1, *args, m=2, **kw");
    assert_repr(signature_call(f, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, m=13"),
                "(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 13, (), {})");
    assert_null(signature_call(f, "1, l=2"));
    assert_error(TypeError,
                 "f() missing 10 required positional arguments: 'b', 'c', 'd', 'e', 'f', "
                 "'g', 'h', 'i', 'j', and 'k'");
    decref(f);
    f = signature_function(&signature, "f", "a, b");
    Object *items[] = {None, True, False, None, True, False};
    set(f, "__defaults__", OBJECT(tuple_from_array(items, 6)));
    assert_repr(signature_call(f, ""), "(True, False)");
    assert_repr(signature_call(f, "b=1"), "(True, 1)");
    decref(f);
}

/* ---- Functions that change themselves --------------------------------------------------------*/

static void (*change)(Function *self); // what a body does before it goes on
static Object *changes_body(Function *self, Object *const *locals) {
    change(self);
    Object *free = load_deref(self, 0);
    if (!free) return NULL;
    Object *result = tuple_pack(2, locals[0], free);
    decref(free);
    return result;
}
static Code changes_code = {CODE("changes"), .argcount = 1, .varnames = NAMES("a"),
                            .freevars = NAMES("x"), .body = changes_body};

static void other_parts(Function *self) {
    set(self, "__code__", new_ref(&other_code));
    set(self, "__defaults__", NULL); // which held what is bound to a
    set(self, "__kwdefaults__", NULL);
    set(self, "__dict__", OBJECT(dict_new()));
    set(self, "__name__", str_from_string("renamed"));
    set(self, "__qualname__", str_from_string("renamed"));
}
static void other_contents(Function *self) {
    set(cell_of(self), "cell_contents", number(2000));
}
static void no_contents(Function *self) {
    set(cell_of(self), "cell_contents", NULL);
}
static Function *last; // the only reference to the function that runs
static void drop_last(Function *self) {
    if (self == last) last = NULL;
    decref(self);
}

TEST(test_changes_while_running) {
    static void (*const all[])(Function *) = {other_parts, other_contents};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Function *f = closure(&changes_code, number(1000));
        Object *a = number(3000);
        set(f, "__defaults__", tuple_pack(1, a));
        decref(a);
        change = all[i];
        assert_repr(object_call_args(OBJECT(f), 0), i ? "(3000, 2000)" : "(3000, 1000)");
        decref(f);
    }
    Function *f = closure(&changes_code, number(1000));
    change = no_contents;
    assert_null(object_call_args(OBJECT(f), 1, None));
    assert_error(NameError,
                 "cannot access free variable 'x' where it is not associated with a value "
                 "in enclosing scope");
    decref(f);
}

/* A function in a cell of its own wrapper, emptied by the call: the wrapper holds it meanwhile. */
static void empty_the_wrapper(Function *self) {
    assert_true(self->ob.refcnt > 0);
    set(cell_of(last), "cell_contents", NULL);
}
TEST(test_deletes_itself) {
    Function *f = closure(&changes_code, number(1000));
    last = closure(&wrapper_code, OBJECT(f));
    change = empty_the_wrapper;
    assert_repr(object_call_args(OBJECT(last), 1, True), "(True, 1000)");
    assert_null(object_call_args(OBJECT(last), 1, True));
    assert_error(NameError, "cannot access free variable 'func' where it is not associated with a "
                            "value in enclosing scope");
    decref(last);
    last = closure(&changes_code, number(1000));
    change = drop_last;
    assert_repr(object_call_args(OBJECT(last), 1, True), "(True, 1000)");
    assert_null(last);
}

/* A method, and a partial, that are the only ones to hold themselves, the function and the
 * argument. */
static Object *only;
static void drop_only(Function *self) {
    (void)self;
    clear_ref(only);
}
TEST(test_only_reference) {
    change = drop_only;
    for (int kind = 0; kind < 2; kind++) {
        Object *f = OBJECT(closure(&changes_code, number(1000))), *x = number(2000);
        only = kind ? partial_new(f, &x, 1, NULL) : method_new(f, x);
        decref(f);
        decref(x);
        assert_repr(object_call_args(only, 0), "(2000, 1000)");
        assert_null(only);
    }
}

/* ---- Objects that call back when they die ----------------------------------------------------*/

static Function *called_back; // borrowed
static int calls_back;
static Object *del_body(Function *self, Object *const *locals) {
    (void)self, (void)locals;
    calls_back++;
    if (!called_back) return new_ref(None);
    set(called_back, "x", number(7)); // the attribute, the cell and the defaults that it was in
    set(called_back, "__doc__", NULL);
    set(called_back, "__defaults__", NULL);
    Object *seen = load_deref(called_back, 0);
    if (!seen) error_clear();
    xdecref(seen);
    set(cell_of(called_back), "cell_contents", number(8));
    return new_ref(None);
}
static Code del_code = {CODE("__del__"), .argcount = 1, .varnames = NAMES("self"),
                        .body = del_body};

/* A new instance of a new class that has __del__. */
static Object *mortal(void) {
    Dict *dict = dict_new();
    Object *del = function_make(&del_code, NULL, NULL, NULL, NULL);
    dict_set_item(dict, str_intern("__del__"), del);
    Type *type = type_new("Mortal", &Object_Type, dict);
    Object *self = object_call_args(OBJECT(type), 0);
    decref(type);
    decref(del);
    decref(dict);
    return self;
}

TEST(test_finalizers) {
    Function *f = called_back = closure(&get_code, mortal());
    calls_back = 0;
    set(f, "x", mortal());
    set(f, "__doc__", mortal());
    Object *inside = mortal();
    set(f, "__defaults__", tuple_pack(1, inside));
    decref(inside);
    set(f, "x", number(1));
    set(f, "__doc__", number(1));
    set(f, "__defaults__", NULL);
    set(cell_of(f), "cell_contents", mortal());
    set(cell_of(f), "cell_contents", NULL);
    assert_int_equal(calls_back, 5);
    set(f, "x", mortal());
    Function *g = closure(&get_code, number(1));
    set(g, "x", number(2));
    set(g, "y", number(3));
    assert_int_equal(update_wrapper(OBJECT(f), OBJECT(g), NULL), 0);
    assert_int_equal(calls_back, 6);
    called_back = NULL;
    decref(f);
    decref(g);
}

/* ---- Depth -----------------------------------------------------------------------------------*/

/* A hundred thousand wrappers, one in another, and partials with an attribute each: called they are
 * too many, and they die in a loop. */
TEST(test_depth) {
    for (int kind = 0; kind < 2; kind++) {
        Object *f = OBJECT(closure(&get_code, number(1)));
        for (int i = 0; i < 100000; i++) {
            Object *inner = f;
            if (kind == 0) {
                f = OBJECT(closure(&wrapper_code, inner));
            } else {
                f = partial_new(inner, NULL, 0, NULL);
                set(f, "x", new_ref(None));
                decref(inner);
            }
        }
        assert_null(object_call_args(f, 0));
        assert_error(RecursionError, "maximum recursion depth exceeded");
        if (kind) assert_null(object_repr(f));
        if (kind)
            assert_error(RecursionError,
                         "maximum recursion depth exceeded while getting the repr of an object");
        decref(f);
    }
}

/* ---- partial ---------------------------------------------------------------------------------*/

static Partial *emptied;
static Object *empties_body(Function *self, Object *const *locals) {
    (void)self;
    dict_clear(emptied->keywords);
    set(emptied, "x", number(1));
    return tuple_pack(2, locals[0], locals[1]);
}
static Code empties_code = {CODE("empties"), .argcount = 1, .flags = CO_VARKEYWORDS,
                            .varnames = NAMES("a", "kw"), .body = empties_body};

TEST(test_partial) {
    Object *f = function_make(&empties_code, NULL, NULL, NULL, NULL), *x = number(1000);
    emptied = (Partial *)partial_new(f, &x, 1, NULL);
    dict_set_item(emptied->keywords, str_intern("k"), x);
    assert_repr(object_call_args(OBJECT(emptied), 0), "(1000, {'k': 1000})");
    assert_int_equal(emptied->keywords->size, 0);
    Object *many[12];
    for (int i = 0; i < 12; i++)
        many[i] = None;
    Signature signature;
    Object *g = signature_function(&signature, "g", "*args");
    Object *long_one = partial_new(g, many, 12, NULL);
    Tuple *result = (Tuple *)object_vectorcall(long_one, many, 12, NULL);
    assert_int_equal(((Tuple *)result->items[0])->size, 24);
    decref(result);
    decref(long_one);
    decref(g);
    decref(emptied);
    assert_int_equal(x->refcnt, 1);
    decref(x);
    decref(f);
}

/* ---- Without memory --------------------------------------------------------------------------*/

static Object *make_and_wrap(void) {
    Function *f = closure(&get_code, number(1000));
    Function *wrapper = f ? closure(&wrapper_code, new_ref(f)) : NULL;
    Object *decorator = wrapper ? wraps(OBJECT(f)) : NULL;
    Object *wrapped = decorator ? object_call_args(decorator, 1, wrapper) : NULL;
    Object *result = wrapped ? signature_call(wrapped, "") : NULL;
    xdecref(wrapped);
    xdecref(decorator);
    xdecref(wrapper);
    xdecref(f);
    return result;
}
static Object *bind_all(void) {
    static Signature signature;
    Object *f = signature_function(&signature, "f", "a, b, *args, k, **kw");
    Object *result = f ? signature_call(f, "1000, 2000, 3000, k=1, z=5000, y=3") : NULL;
    xdecref(f);
    return result;
}
static Object *bind_wrongly(void) {
    static Signature signature;
    Object *f = signature_function(&signature, "f", "a, b, /, *, k");
    static const char *const calls[] = {"", "1, 2", "1, 2, 3, k=1", "a=1, b=2", "x=1"};
    for (size_t i = 0; f && i < sizeof calls / sizeof *calls; i++) {
        assert_null(signature_call(f, calls[i]));
        if (error_matches(TypeError)) error_clear();
        if (error_occurred()) break;
    }
    xdecref(f);
    return error_occurred() ? NULL : new_ref(None);
}
static Object *call_partial(void) {
    Object *x = number(1000), *p = x ? partial_new(OBJECT(&Partial_Type), &x, 0, NULL) : NULL;
    static Signature signature;
    Object *f = p ? signature_function(&signature, "f", "*args, **kw") : NULL;
    Object *inner = f ? object_vectorcall(p, &f, 1, NULL) : NULL;
    Object *outer = inner ? partial_new(inner, &x, 1, NULL) : NULL;
    Object *result = outer ? signature_call(outer, "1, 2, 3, 4, 5, 6, 7, 8, a=1, b=2") : NULL;
    Object *all[] = {x, p, f, inner, outer};
    for (int i = 0; i < 5; i++)
        xdecref(all[i]);
    return result;
}
static Object *attributes(void) {
    static const char *const names[] = {"__name__", "__annotations__", "__dict__", "__doc__"};
    static const char *const of_code[] = {"co_name", "co_argcount", "co_varnames", "co_freevars",
                                          "co_cellvars"};
    Function *f = closure(&get_code, number(1000));
    for (int i = 0; f && !error_occurred() && i < 4; i++)
        xdecref(get(f, names[i]));
    for (int i = 0; f && !error_occurred() && i < 5; i++)
        xdecref(get(f->code, of_code[i]));
    Object *text = f && !error_occurred() ? object_repr(OBJECT(f)) : NULL;
    xdecref(text);
    xdecref(f);
    return error_occurred() ? NULL : new_ref(None);
}

TEST(test_no_memory) {
    static Object *(*const all[])(void) = {make_and_wrap, bind_all, bind_wrongly, call_partial,
                                           attributes};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),          cmocka_unit_test(test_arguments_are_borrowed),
        cmocka_unit_test(test_sizes),          cmocka_unit_test(test_changes_while_running),
        cmocka_unit_test(test_deletes_itself), cmocka_unit_test(test_finalizers),
        cmocka_unit_test(test_only_reference), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_partial),        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
