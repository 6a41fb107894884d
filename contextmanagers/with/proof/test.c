/* Tests of with. Who is entered, left and told what is the twin's and differential's business; here:
 * memory, references, the three ways of leaving, and managers that do what they should not. */
#include "../../../common/proof/testing.h"

#include "../with.h"

/* ---- A manager that tells, allocates, and does one thing more ---------------------------------*/

static char trace[1024];

PRINTF_LIKE static void tell(const char *what, const char *format, ...) {
    size_t length = strlen(trace);
    length +=
        (size_t)snprintf(trace + length, sizeof trace - length, "%s%s", length ? " " : "", what);
    va_list args;
    va_start(args, format);
    vsnprintf(trace + length, sizeof trace - length, format, args);
    va_end(args);
}

#define assert_trace(expected)                                                                     \
    do {                                                                                           \
        assert_string_equal(trace, expected);                                                      \
        trace[0] = '\0';                                                                           \
    } while (0)

typedef struct {
    Object ob;
    char name;
    Object *says;           // what exit returns; NULL: it raises
    void (*more)(Object *); // what else enter does; or NULL
} Manager;

static Object *manager_enter(Object *op) {
    Manager *self = (Manager *)op;
    Object *entered = str_from_format("%c", self->name);
    if (entered && self->more) self->more(op);
    if (entered) tell("+", "%c", self->name);
    return entered;
}

/* Allocates, too: what fails then is an exception of the exit's. */
static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Manager *self = (Manager *)op;
    assert_ptr_equal(traceback, None);
    assert_ptr_equal(type, value == None ? None : OBJECT(value->type));
    const char *told = value == None ? "" : ((Exception *)value)->ob.type->name;
    tell("-", "%c%s%s", self->name, *told ? ":" : "", told);
    Object *needed = str_from_format("needed");
    if (!needed) return NULL;
    decref(needed);
    if (self->says) return new_ref(self->says);
    error_raise(&KeyError_Type, "exit %c", self->name);
    return NULL;
}

static void manager_dealloc(Object *op) {
    tell("~", "%c", ((Manager *)op)->name);
    testing_free(op);
}

static Type Manager_Type = {TYPE("Manager", NULL), .dealloc = manager_dealloc,
                            .enter = manager_enter, .exit = manager_exit};

static Object *manager_new(char name, Object *says) {
    Manager *self = object_new(&Manager_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->says = says;
    return OBJECT(self);
}

static int set_up(void **state) {
    (void)state;
    trace[0] = '\0';
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_false(error_occurred());
    assert_null(exception_handled());
    assert_int_equal(testing_blocks(), 0);
    return 0;
}

/* ---- The two functions -----------------------------------------------------------------------*/

static void test_references(void **state) {
    (void)state;
    Object *a = manager_new('a', None), *target = NULL;
    With w;
    assert_int_equal(with_enter(&w, a, &target), 0);
    assert_string_equal(((Str *)target)->text, "a");
    assert_int_equal(target->refcnt, 1);
    assert_int_equal(a->refcnt, 2);
    decref(target);
    assert_int_equal(with_leave(&w), 0);
    assert_int_equal(a->refcnt, 1);

    // A second time nothing happens, whatever is pending; a target may be unwanted.
    assert_int_equal(with_leave(&w), 0);
    error_raise(&ValueError_Type, "pending");
    assert_int_equal(with_leave(&w), -1);
    assert_error("ValueError", "pending");
    assert_int_equal(with_enter(&w, a, NULL), 0);
    assert_int_equal(with_leave(&w), 0);
    assert_trace("+a -a +a -a");

    // What could not be entered is not left, and its target stays as it was.
    target = None;
    assert_int_equal(with_enter(&w, None, &target), -1);
    assert_ptr_equal(target, None);
    error_clear();
    assert_int_equal(with_leave(&w), 0);
    decref(a);
}

/* The told exception is the one that was raised, held by nobody else; the same one goes on. */
static void test_exception(void **state) {
    (void)state;
    static Object *const says[] = {None, NULL};
    for (int i = 0; i < 2; i++) {
        Object *a = manager_new('a', says[i]);
        With w;
        assert_int_equal(with_enter(&w, a, NULL), 0);
        Exception *exc = exception_new(&ValueError_Type, "body");
        exception_raise((Exception *)new_ref(exc));
        assert_int_equal(with_leave(&w), -1);
        Exception *after = exception_fetch();
        assert_ptr_equal(says[i] ? after : after->context, exc);
        decref(after);
        assert_int_equal(exc->ob.refcnt, 1);
        decref(exc);
        decref(a);
    }
}

/* ---- Three ways of leaving -------------------------------------------------------------------*/

typedef enum { FALL, BREAK, CONTINUE, GOTO, RETURN, RAISE } Way;

/* By the cleanup attribute. "out" tells that the code behind the block was reached. */
static Object *cleaned_up(Object *manager, Way way) {
    for (int turn = 0; turn < 2; turn++) {
        Object *target = NULL;
        WITH(w, manager, &target) {
            tell("body", "%s", "");
            decref(target);
            if (way == BREAK) break;
            if (way == CONTINUE) continue;
            if (way == GOTO) goto out;
            if (way == RETURN) return int_from_long(7);
            if (way == RAISE) error_raise(&ValueError_Type, "body");
        }
        if (error_occurred()) return NULL;
        tell("next", "%s", "");
    }
out:
    tell("out", "%s", "");
    return error_occurred() ? NULL : new_ref(None);
}

static void test_cleanup(void **state) {
    (void)state;
    static const char *const expected[] = {"+a body -a next +a body -a next out",
                                           "+a body -a next +a body -a next out",
                                           "+a body -a next +a body -a next out",
                                           "+a body -a out",
                                           "+a body -a",
                                           "+a body -a:ValueError"};
    Object *a = manager_new('a', False);
    for (Way way = FALL; way <= RAISE; way++) {
        Object *result = cleaned_up(a, way);
        assert_trace(expected[way]);
        assert_int_equal(result == NULL, way == RAISE);
        xdecref(result);
        error_clear();
    }
    assert_null(cleaned_up(None, FALL)); // never entered
    error_clear();
    assert_trace("");
    ((Manager *)a)->says = True;
    decref(cleaned_up(a, RAISE));
    assert_trace("+a body -a:ValueError next +a body -a:ValueError next out");

    // What it cannot do: the value of a return stands before the exit fails.
    ((Manager *)a)->says = NULL;
    Object *result = cleaned_up(a, RETURN);
    assert_non_null(result);
    assert_error("KeyError", "exit a");
    decref(result);
    decref(a);
    trace[0] = '\0';
}

static Object *returns(Object *outer, Object *inner, bool fails) {
    WITH(v, outer, NULL) {
        WITH(w, inner, NULL) {
            if (fails) error_raise(&ValueError_Type, "body");
            WITH_RETURN(w, fails ? NULL : int_from_long(7));
        }
    }
    return error_occurred() ? NULL : new_ref(None);
}

static void test_with_return(void **state) {
    (void)state;
    static const struct {
        Object *says;
        bool fails, result;
        const char *trace, *error;
    } cases[] = {{None, false, true, "+b +a -a -b", NULL},
                 {None, true, false, "+b +a -a:ValueError -b:ValueError", "ValueError"},
                 {True, true, true, "+b +a -a:ValueError -b", NULL},
                 {NULL, false, false, "+b +a -a -b:KeyError", "KeyError"},
                 {NULL, true, false, "+b +a -a:ValueError -b:KeyError", "KeyError"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Object *a = manager_new('a', cases[i].says), *b = manager_new('b', None);
        Object *result = returns(b, a, cases[i].fails);
        assert_trace(cases[i].trace);
        assert_int_equal(result != NULL, cases[i].result);
        assert_int_equal(error_occurred() != NoError, cases[i].error != NULL);
        if (cases[i].error) assert_string_equal(error_occurred(), cases[i].error);
        if (cases[i].fails && result) assert_ptr_equal(result, None); // swallowed
        xdecref(result);
        error_clear();
        decref(a);
        decref(b);
        trace[0] = '\0';
    }
}

/* ---- Managers that do what they should not ----------------------------------------------------*/

static Object *only_reference;

static void drop_itself(Object *self) {
    assert_ptr_equal(self, only_reference);
    clear_ref(only_reference);
}

static Object *exit_and_drop(Object *self, Object *type, Object *value, Object *traceback) {
    (void)type, (void)traceback;
    if (only_reference) drop_itself(self);
    tell("dropped", " while %s", value == None ? "None" : exception_str((Exception *)value));
    return new_ref(((Manager *)self)->says);
}

static Type Drops_Type = {TYPE("Drops", &Manager_Type), .dealloc = manager_dealloc,
                          .enter = manager_enter, .exit = exit_and_drop};

/* The last reference but with's own goes while it is entered, in the block, or while it is left. */
static void test_last_reference(void **state) {
    (void)state;
    for (int when = 0; when < 3; when++) {
        for (int raises = 0; raises < 2; raises++) {
            Object *a = only_reference = manager_new('a', True);
            a->type = &Drops_Type;
            if (when == 0) ((Manager *)a)->more = drop_itself;
            With w;
            assert_int_equal(with_enter(&w, a, NULL), 0);
            if (when == 1) drop_itself(a);
            if (raises) error_raise(&ValueError_Type, "body");
            assert_int_equal(with_leave(&w), 0);
            assert_null(only_reference);
            assert_trace(raises ? "+a dropped while body ~a" : "+a dropped while None ~a");
        }
    }
}

/* An enter that drops the last reference and fails. */
static Object *enter_and_fail(Object *self) {
    drop_itself(self);
    error_raise(&ValueError_Type, "enter %c", ((Manager *)self)->name);
    return NULL;
}

static void test_fails_and_dies(void **state) {
    (void)state;
    Type fails = Manager_Type;
    fails.enter = enter_and_fail;
    only_reference = manager_new('a', None);
    only_reference->type = &fails;
    With w;
    assert_int_equal(with_enter(&w, only_reference, NULL), -1);
    assert_error("ValueError", "enter a");
    assert_int_equal(with_leave(&w), 0);
    assert_trace("~a");
}

static With again;

static Object *exit_and_leave_again(Object *self, Object *type, Object *value, Object *traceback) {
    tell("-", "%c%s%s", ((Manager *)self)->name, value == None ? "" : ":",
         value == None  ? ""
         : type == None ? ""
                        : exception_str((Exception *)value));
    (void)traceback;
    assert_int_equal(with_leave(&again), 0); // nothing is pending: it is being handled
    return new_ref(None);
}

/* Left once, though its exit leaves once more. */
static void test_leaves_again(void **state) {
    (void)state;
    Type type = Manager_Type;
    type.exit = exit_and_leave_again;
    Object *a = manager_new('a', None);
    a->type = &type;
    assert_int_equal(with_enter(&again, a, NULL), 0);
    error_raise(&ValueError_Type, "body");
    assert_int_equal(with_leave(&again), -1);
    assert_error("ValueError", "body");
    assert_trace("+a -a:body");
    decref(a);
    trace[0] = '\0';
}

/* An exit that enters and leaves another, which is told of nothing, and one that catches. */
static Object *exit_with_another(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)traceback;
    Object *other = manager_new('o', True);
    With w;
    Exception *saved;
    assert_int_equal(with_enter(&w, other, NULL), 0);
    assert_int_equal(with_leave(&w), 0);
    assert_int_equal(with_enter(&w, other, NULL), 0);
    error_raise(&KeyError_Type, "inside");
    assert_int_equal(with_leave(&w), 0);
    decref(other);
    error_raise(&KeyError_Type, "caught");
    assert_ptr_equal(except_begin(&saved)->context, value == None ? NULL : (Exception *)value);
    except_end(saved);
    assert_ptr_equal(exception_handled(), value == None ? NULL : (Exception *)value);
    return new_ref(None);
}

static void test_exit_with_another(void **state) {
    (void)state;
    Type type = Manager_Type;
    type.exit = exit_with_another;
    Object *a = manager_new('a', None);
    a->type = &type;
    for (int raises = 0; raises < 2; raises++) {
        With w;
        assert_int_equal(with_enter(&w, a, NULL), 0);
        if (raises) error_raise(&ValueError_Type, "body");
        assert_int_equal(with_leave(&w), raises ? -1 : 0);
        assert_trace("+a +o -o +o -o:KeyError ~o");
        error_clear();
    }
    decref(a);
    trace[0] = '\0';
}

/* ---- Deep, and out of memory ------------------------------------------------------------------*/

/* A chain that grows by one with each exit that fails. Raising looks through all of it, as CPython's
 * does: so not a million here. */
static void test_deep(void **state) {
    (void)state;
    enum { DEPTH = 5000 };
    static With blocks[DEPTH];
    Object *a = manager_new('a', NULL);
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(with_enter(&blocks[i], a, NULL), 0);
        trace[0] = '\0';
    }
    assert_int_equal(a->refcnt, DEPTH + 1);
    error_raise(&ValueError_Type, "body");
    for (int i = DEPTH - 1; i >= 0; i--) {
        assert_int_equal(with_leave(&blocks[i]), -1);
        trace[0] = '\0';
    }
    Exception *exc = exception_fetch();
    int length = 0;
    for (Exception *o = exc; o; o = o->context)
        length++;
    assert_int_equal(length, DEPTH + 1);
    decref(exc);
    decref(a);
    trace[0] = '\0';
}

/* Three managers, a body that allocates: each allocation failed in turn. What was entered is left, in
 * reverse order, and nothing else. */
static void check_trace(void) {
    char open[8];
    int nopen = 0;
    for (const char *t = trace; *t; t++) {
        if (*t == '+') open[nopen++] = t[1];
        if (*t == '-') {
            assert_true(nopen > 0);
            assert_int_equal(t[1], open[--nopen]);
        }
    }
    assert_int_equal(nopen, 0);
}

static void three_blocks(Object *swallows) {
    Object *managers[] = {manager_new('a', None), manager_new('b', swallows),
                          manager_new('c', NULL)};
    if (managers[0] && managers[1] && managers[2]) {
        WITH(u, managers[0], NULL) {
            WITH(v, managers[1], NULL) {
                WITH(w, managers[2], NULL) {
                    xdecref(str_from_format("body"));
                }
            }
        }
    }
    check_trace();
    trace[0] = '\0';
    for (int i = 0; i < 3; i++)
        xdecref(managers[i]);
}

static void test_no_memory(void **state) {
    (void)state;
    static Object *const swallows[] = {None, True};
    for (int i = 0; i < 2; i++) {
        bool failed = true;
        long n = 0;
        for (; failed; n++) {
            testing_fail_at(n);
            three_blocks(swallows[i]);
            failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_null(exception_handled());
            error_clear();
            assert_int_equal(testing_blocks(), 0);
        }
        assert_true(n > 10);
    }
    trace[0] = '\0';
}

/* And all that are asked for from there on: what was entered is left all the same. */
static void test_no_memory_any_more(void **state) {
    (void)state;
    bool failed = true;
    for (long n = 0; failed; n++) {
        testing_fail_from("malloc", n, ENOMEM);
        three_blocks(None);
        failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        if (failed) assert_true(error_matches(MemoryError));
        error_clear();
        assert_int_equal(testing_blocks(), 0);
    }
    trace[0] = '\0';
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_references, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exception, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cleanup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_with_return, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_reference, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fails_and_dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leaves_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exit_with_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory_any_more, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
