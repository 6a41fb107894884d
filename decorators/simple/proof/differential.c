/* differential.c: random functions under random decorators, called at random: ours and CPython's.
 *
 * A program is a function of a random signature, up to four layers around it, and calls. A layer is
 * a wrapper that packs and counts its calls in a nonlocal variable, a partial, or a change of the
 * defaults. After each call both must have come to the same locals or to the same error in the same
 * words, with the same counts. CPython gets the program as text, ours what the text means. SEED=n
 * replays a run.
 */
#include "../../../common/proof/differential.h"
#undef CO_VARARGS // as True is
#undef CO_VARKEYWORDS

#include "signature.h"

enum { PROGRAMS = 4000, LAYERS = 4, CALLS = 8 };

static uint64_t state_of_random;
static PyObject *scope;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

PRINTF_LIKE static void add(char *text, const char *format, ...) {
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, SIGNATURE_TEXT - length, format, args);
    va_end(args);
}

/* "a, b=2, /, c=3, *args, d, **kw", of the letters from a on. */
static void draw_signature(char *text) {
    int positional = draw(5), slash = draw(3) ? -1 : draw(positional + 1), after = draw(3);
    int defaults = draw(positional + 1), letter = 0;
    *text = '\0';
    for (int i = 0; i < positional; i++) {
        add(text, "%s%c", *text ? ", " : "", 'a' + letter++);
        if (i >= positional - defaults) add(text, "=%d", 10 + i);
        if (i + 1 == slash) add(text, ", /");
    }
    if (draw(3) == 0)
        add(text, "%s*args", *text ? ", " : "");
    else if (after)
        add(text, "%s*", *text ? ", " : "");
    for (int i = 0; i < after; i++) {
        add(text, ", %c", 'a' + letter++);
        if (draw(2)) add(text, "=%d", 20 + i);
    }
    if (draw(3) == 0) add(text, "%s**kw", *text ? ", " : "");
}

/* "1, 2, c=3", of different letters. */
static void draw_call(char *text) {
    int positional = draw(6), named = draw(4), first = draw(5);
    *text = '\0';
    for (int i = 0; i < positional; i++)
        add(text, "%s%d", *text ? ", " : "", draw(100));
    for (int i = 0; i < named; i++)
        add(text, "%s%c=%d", *text ? ", " : "", 'a' + (first + i * 3) % 8, draw(100));
}

/* ---- A layer on both sides -------------------------------------------------------------------*/

/* def wrapper(*args, **kwargs): nonlocal n; n += 1; return func(*args, **kwargs) */
static Object *count_body(Function *self, Object *const *locals) {
    Object *func = load_deref(self, 0), *n = load_deref(self, 1), *result = NULL;
    if (store_deref(self, 1, int_from_long(((Int *)n)->value + 1)) == 0)
        result = object_call(func, (Tuple *)locals[0], (Dict *)locals[1]);
    decref(func);
    decref(n);
    return result;
}
static Code count_code = {CODE("wrapper"),
                          .qualname = "count.<locals>.wrapper",
                          .flags = CO_VARARGS | CO_VARKEYWORDS,
                          .varnames = NAMES("args", "kwargs"),
                          .freevars = NAMES("func", "n"),
                          .body = count_body};

static const char prelude[] = "from functools import partial, wraps\n"
                              "counts = []\n"
                              "def count(func):\n"
                              "    n = 0\n"
                              "    def wrapper(*args, **kwargs):\n"
                              "        nonlocal n\n"
                              "        n += 1\n"
                              "        return func(*args, **kwargs)\n"
                              "    counts.append(lambda: n)\n"
                              "    return wrapper\n";

static Cell *counts[LAYERS];
static int ncounts;

static Object *count(Object *func) {
    Object *zero = int_from_long(0);
    Cell *cells[] = {make_cell(func), make_cell(zero)};
    Object *wrapper =
        function_make(&count_code, NULL, NULL, NULL, (Tuple *)tuple_pack(2, cells[0], cells[1]));
    counts[ncounts++] = cells[1];
    decref(cells[0]);
    decref(zero);
    return wrapper;
}

static void python(const char *text) {
    PyObject *result = PyRun_String(text, Py_file_input, scope, scope);
    if (!result) {
        PyErr_Print();
        print_message("%s\n", text);
    }
    assert_non_null(result);
    Py_DECREF(result);
}

/* Puts a layer around *f, in place of it. */
static void draw_layer(Object **f) {
    char call[SIGNATURE_TEXT], text[2 * SIGNATURE_TEXT];
    Object *inner = *f;
    int kind = draw(4);
    if (kind == 0) {
        draw_call(call);
        Object *maker = partial_new(OBJECT(&Partial_Type), &inner, 1, NULL);
        *f = signature_call(maker, call);
        decref(maker);
        snprintf(text, sizeof text, "f = partial(f, %s)", call);
    } else if (kind == 1 && inner->type == &Function_Type) {
        int size = draw(6);
        Object *items[] = {None, None, None, None, None, None};
        Tuple *defaults = tuple_from_array(items, size);
        assert_int_equal(object_setattr_string(inner, "__defaults__", OBJECT(defaults)), 0);
        decref(defaults);
        snprintf(text, sizeof text, "f.__defaults__ = (None,) * %d", size);
        incref(inner);
    } else {
        *f = count(inner);
        bool wrapping = kind == 3 && inner->type == &Function_Type;
        if (wrapping) assert_int_equal(update_wrapper(*f, inner, NULL), 0);
        snprintf(text, sizeof text, wrapping ? "f = wraps(f)(count(f))" : "f = count(f)");
    }
    assert_non_null(*f);
    decref(inner);
    python(text);
}

static Outcome our_call(Object *f, const char *call) {
    Object *result = signature_call(f, call);
    if (!result) return outcome_of_error();
    Writer out = {0};
    assert_int_equal(object_write_repr(result, &out), 0);
    Outcome outcome = outcome_of_text(out.bytes, out.length);
    writer_free(&out);
    decref(result);
    return outcome;
}

static void run_program(void) {
    char signature[SIGNATURE_TEXT], call[SIGNATURE_TEXT], text[2 * SIGNATURE_TEXT];
    Signature made;
    draw_signature(signature);
    Object *f = signature_function(&made, "f", signature);
    assert_non_null(f);
    snprintf(text, sizeof text, "counts.clear()\ndef f(%s): return tuple(locals().values())",
             signature);
    python(text);
    ncounts = 0;
    for (int layers = draw(LAYERS + 1); layers > 0; layers--)
        draw_layer(&f);
    for (int i = 0; i < CALLS; i++) {
        draw_call(call);
        snprintf(text, sizeof text, "f(%s)", call);
        Outcome ours = our_call(f, call);
        Outcome theirs = outcome_of_python(PyRun_String(text, Py_eval_input, scope, scope));
        if (!outcomes_equal(&ours, &theirs)) print_message("def f(%s): f(%s)\n", signature, call);
        assert_string_equal(ours.text, theirs.text);
    }
    PyObject *all = PyDict_GetItemString(scope, "counts");
    assert_int_equal(PyList_Size(all), ncounts);
    for (int i = 0; i < ncounts; i++) {
        PyObject *n = PyObject_CallNoArgs(PyList_GetItem(all, i));
        assert_int_equal(PyLong_AsLong(n), ((Int *)counts[i]->ref)->value);
        Py_DECREF(n);
        decref(counts[i]);
    }
    decref(f);
}

static void test_same_as_cpython(void **state) {
    (void)state;
    state_of_random = testing_seed();
    scope = PyDict_New();
    PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins());
    python(prelude);
    for (int i = 0; i < PROGRAMS; i++)
        run_program();
    Py_DECREF(scope);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_cpython)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
