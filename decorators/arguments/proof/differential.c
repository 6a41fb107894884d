/* differential.c: random programs of calls through lru_cache, ours and CPython's.
 *
 * A program is a cache of random maxsize around a function, and calls. Each run of the function
 * takes the next line of a script: nothing, a call of the cache from inside, cache_clear(), or an
 * error. After each call both must have come to the same, with the same numbers and the same ring,
 * in order. CPython gets the calls as text, ours what the text means. SEED=n replays a run.
 */
#include "../../../common/proof/differential.h"
#undef CO_VARARGS // as True is
#undef CO_VARKEYWORDS

#include "calls.h"

enum { PROGRAMS = 1500, CALLS = 25, SCRIPT = 64 };

static const char *const texts[] = {
    "0",    "1",      "2",   "3",        "1.0",      "True",   "False", "'1'",           "'a'",
    "1, 2", "(1, 2)", "x=1", "x=1, y=2", "y=2, x=1", "1, x=1", "None",  "(1, (2, 'a'))", "{}",
    "2.5",  ""};
enum { TEXTS = sizeof texts / sizeof *texts };

static uint64_t state_of_random;
static PyObject *scope;
static const char *script[SCRIPT]; // a text of those, "clear" or "raise", or NULL
static int at;
static Object *cache;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

static const char prelude[] =
    "import functools, gc\n"
    "def f(*args, **kwargs):\n"
    "    global at\n"
    "    now = script[at]\n"
    "    at += 1\n"
    "    me = at\n"
    "    if now == 'clear': cache.cache_clear()\n"
    "    elif now == 'raise': raise ValueError(str(at))\n"
    "    elif now is not None: eval(f'cache({now})')\n"
    "    return me\n"
    "def ring():\n"
    "    seen = gc.get_referents(cache)[1:]\n"
    "    links = ''\n"
    "    while len(seen) > 2 and getattr(seen[2], '__name__', '') == '_lru_list_elem':\n"
    "        links += f'{seen[1]} '\n"
    "        del seen[:3]\n"
    "    return links + repr(cache.cache_info())\n";

static Object *run_script(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    const char *now = script[at++];
    int me = at;
    if (!now) return int_from_long(me);
    if (strcmp(now, "clear") == 0) {
        lru_cache_clear((LruCache *)cache);
    } else if (strcmp(now, "raise") == 0) {
        error_set(ValueError, "%d", at);
        return NULL;
    } else {
        Object *inner = call_text(cache, now);
        if (!inner) return NULL;
        decref(inner);
    }
    return int_from_long(me);
}

static Outcome our_ring(void) {
    LruCache *self = (LruCache *)cache;
    Writer out = {0};
    CacheInfo info = lru_cache_info(self);
    for (Link *link = self->root.next; link != &self->root; link = link->next) {
        object_write_repr(link->result, &out);
        writer_puts(&out, " ");
    }
    object_write_repr(OBJECT(&info), &out);
    Outcome outcome = outcome_of_text(out.bytes, out.length);
    writer_free(&out);
    return outcome;
}

static Outcome their_ring(void) {
    Outcome outcome;
    PyObject *text = PyObject_CallNoArgs(PyDict_GetItemString(scope, "ring"));
    assert_non_null(text);
    snprintf(outcome.text, sizeof outcome.text, "= %s", PyUnicode_AsUTF8(text));
    Py_DECREF(text);
    return outcome;
}

static Outcome our_call(const char *text) {
    Object *result = call_text(cache, text);
    if (!result) return outcome_of_error();
    Outcome outcome;
    snprintf(outcome.text, sizeof outcome.text, "= %lld", (long long)((Int *)result)->value);
    decref(result);
    return outcome;
}

static PyObject *python(const char *text, int start) {
    return PyRun_String(text, start, scope, scope);
}

/* The same script on both sides. */
static void draw_script(void) {
    PyObject *lines = PyList_New(0);
    for (int i = 0; i < SCRIPT; i++) {
        int what = draw(12);
        script[i] = what == 0   ? "clear"
                    : what == 1 ? "raise"
                    : what < 5  ? texts[draw(TEXTS)]
                                : NULL;
        PyObject *line = script[i] ? PyUnicode_FromString(script[i]) : Py_NewRef(Py_None);
        PyList_Append(lines, line);
        Py_DECREF(line);
    }
    PyDict_SetItemString(scope, "script", lines);
    Py_DECREF(lines);
    Py_XDECREF(python("at = 0", Py_file_input));
    at = 0;
}

static void run_program(void) {
    char parameters[32], text[64];
    int maxsize = draw(8) - 1;
    char size[8] = "None";
    if (maxsize >= 0) snprintf(size, sizeof size, "%d", maxsize);
    snprintf(parameters, sizeof parameters, "%s, %s", size, draw(2) ? "True" : "False");
    snprintf(text, sizeof text, "cache = functools.lru_cache(%s)(f)", parameters);
    PyObject *made = python(text, Py_file_input);
    assert_non_null(made);
    Py_DECREF(made);
    Object *decorator = call_text(OBJECT(&lru_cache_builtin), parameters);
    Object *func = builtin_new("f", run_script, NULL);
    cache = object_vectorcall(decorator, &func, 1, NULL);
    decref(decorator);
    decref(func);
    draw_script();
    for (int i = 0; i < CALLS && at < SCRIPT - 30; i++) {
        const char *call = texts[draw(TEXTS)];
        snprintf(text, sizeof text, "cache(%s)", call);
        Outcome ours = our_call(call), theirs = outcome_of_python(python(text, Py_eval_input));
        if (!outcomes_equal(&ours, &theirs)) print_message("lru_cache(%s), %s\n", parameters, text);
        assert_string_equal(ours.text, theirs.text);
        ours = our_ring();
        theirs = their_ring();
        assert_string_equal(ours.text, theirs.text);
    }
    decref(cache);
}

static void test_same_as_cpython(void **state) {
    (void)state;
    state_of_random = testing_seed();
    scope = PyDict_New();
    PyDict_SetItemString(scope, "__builtins__", PyEval_GetBuiltins());
    PyObject *made = python(prelude, Py_file_input);
    assert_non_null(made);
    Py_DECREF(made);
    for (int i = 0; i < PROGRAMS; i++)
        run_program();
    Py_DECREF(scope);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_cpython)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
