/* differential.c: random classes and random calls of them, on ours and, in this process, on CPython.
 *
 * The classes are those of twin.py: their methods print that they are called, and pass on, make, return
 * something else, or fail. A round makes ten, with one or two bases and perhaps a metaclass; calls
 * them, their __new__ and __init__; sets and deletes those in between. After each operation both
 * sides have printed the same: every call, in its order, and the result or the error. SEED=n replays
 * a run.
 */
#include "../../../common/proof/differential.h"

#include "traced.h"

enum { ROUNDS = 300, CLASSES = 10, OPERATIONS = 60, BUILTINS = 4, METAS = 3 };

static uint64_t state_of_random;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

/* ---- Their side ------------------------------------------------------------------------------*/

static PyObject *names;
static char story[1 << 16]; // of this round, as Python writes it

/* Runs a statement of Python, which stands in the story from now on. */
static void python(const char *format, ...) {
    size_t length = strlen(story);
    va_list args;
    va_start(args, format);
    vsnprintf(story + length, sizeof story - length, format, args);
    va_end(args);
    PyObject *result = PyRun_String(story + length, Py_file_input, names, names);
    if (!result) PyErr_Print();
    assert_non_null(result);
    Py_DECREF(result);
    strncat(story, "\n", sizeof story - strlen(story) - 1);
}

/* ---- Our side --------------------------------------------------------------------------------*/

static char *printed; // what `out` has got
static size_t printed_size;

/* Both have done the same: have they printed the same? */
static void compare(void) {
    fclose(out);
    PyObject *theirs = PyRun_String("twin_printed()", Py_eval_input, names, names);
    assert_non_null(theirs);
    const char *text = PyUnicode_AsUTF8(theirs);
    if (strcmp(printed, text) != 0) { // too long for cmocka's own messages
        fprintf(stderr, "%s\nours\n%s\ntheirs\n%s", story, printed, text);
        fail();
    }
    Py_DECREF(theirs);
    free(printed);
    out = open_memstream(&printed, &printed_size);
}

/* ---- A round ---------------------------------------------------------------------------------*/

static const char *const kinds_of_new[] = {"inherited", "makes", "passes", "subclass",
                                           "stranger",  "other", "none",   "raises"};
static const char *const kinds_of_init[] = {"inherited", "takes", "passes", "returns", "raises"};
static Type *const builtins[BUILTINS] = {&Object_Type, &Int_Type, &Str_Type, &Tuple_Type};
static Type *classes[CLASSES], *metaclasses[METAS]; // NULL: could not be made

/* A class that there is, or a builtin type. */
static Type *draw_class(int below) {
    Type *type = below ? classes[draw(below)] : NULL;
    return type && draw(4) ? type : builtins[draw(BUILTINS)];
}

static Tuple *draw_arguments(void) {
    static const char *const texts[] = {"12", "z", "", "-5"};
    Tuple *args = (Tuple *)keep(tuple_new(draw(4)));
    for (ssize_t i = 0; i < args->size; i++) {
        switch (draw(5)) {
        case 0:
            args->items[i] = new_ref(S(texts[draw(4)]));
            break;
        case 1:
            args->items[i] = new_ref(TUPLE(I(1), I(2)));
            break;
        case 2:
            args->items[i] = new_ref(None);
            break;
        default:
            args->items[i] = new_ref(I(draw(20) - 2));
        }
    }
    return args;
}

/* The arguments as they stand in a call, without the parentheses around them. */
static const char *inside(const Tuple *args) {
    Str *text = (Str *)show_all(args->items, args->size);
    text->text[text->length - 1] = '\0';
    return text->text + 1;
}

static void make_class(int i) {
    const char *new = kinds_of_new[draw(8)], *init = kinds_of_init[draw(5)];
    int meta = draw(3) ? -1 : draw(METAS);
    Type *first = draw_class(i), *second = draw(3) ? NULL : draw_class(i);
    Tuple *bases = second ? TUPLE(OBJECT(first), OBJECT(second)) : TUPLE(OBJECT(first));
    char name[8], metaclass[8] = "type";
    snprintf(name, sizeof name, "K%d", i);
    if (meta >= 0) snprintf(metaclass, sizeof metaclass, "M%d", meta);
    python("%s = twin.attempt(twin.make, '%s', (%s,), '%s', '%s', %s)", name, name, inside(bases),
           new, init, metaclass);
    classes[i] = (Type *)report(
        OBJECT(try_make(meta < 0 ? &Type_Type : metaclasses[meta], name, bases, new, init)));
    compare();
}

static void set_or_delete(Type *type) {
    bool init = draw(2), delete = draw(2);
    const char *name = init ? "__init__" : "__new__";
    const char *kind = init ? kinds_of_init[1 + draw(4)] : kinds_of_new[1 + draw(7)];
    char method[40];
    snprintf(method, sizeof method, "%s.%s", type->name, name);
    if (delete)
        python("twin.attempt(delattr, %s, '%s')", type->name, name);
    else
        python("twin.attempt(setattr, %s, '%s', twin.make_%s('%s', '%s'))", type->name, name,
               init ? "init" : "new", method, kind);
    Object *function = make_method(method, init ? traced_init : traced_new, kind);
    report_status(object_setattr_string(OBJECT(type), name, delete ? NULL : function));
}

static bool is_true(Object *op) {
    if (object_is_instance(op, &Int_Type)) return ((Int *)op)->value != 0;
    return !op->type->sq_length || object_length(op) != 0;
}

static void operation(void) {
    Type *type = draw_class(CLASSES), *other = draw_class(CLASSES), *from = draw_class(CLASSES);
    Tuple *args = draw_arguments();
    base = builtins[draw(BUILTINS)];
    D = other;
    E = draw_class(CLASSES);
    python("twin.base, twin.D, twin.E = %s, %s, %s", base->name, D->name, E->name);
    switch (draw(8)) {
    case 0:
        if (type->flags & HEAPTYPE) set_or_delete(type);
        break;
    case 1:
        python("twin.attempt(%s.__new__, %s, %s)", from->name, type->name, inside(args));
        attempt_method(OBJECT(from), "__new__", prepend(OBJECT(type), args));
        break;
    case 2:
        python("it = twin.attempt(%s.__new__, %s)\ntwin.attempt(%s.__init__, it or 3, %s)",
               base->name, type->name, from->name, inside(args));
        Object *it = attempt_method(OBJECT(base), "__new__", TUPLE(OBJECT(type)));
        attempt_method(OBJECT(from), "__init__", prepend(it && is_true(it) ? it : I(3), args));
        break;
    case 3:
        python("twin.attempt(type.__call__, %s, %s)", type->name, inside(args));
        report(type_call(OBJECT(type), args->items, args->size));
        break;
    default:
        python("twin.attempt(%s, %s)", type->name, inside(args));
        attempt(type, args);
    }
    compare();
}

static void test_rounds(void **state) {
    (void)state;
    state_of_random = testing_seed();
    for (int round = 0; round < ROUNDS; round++) {
        begin();
        out = open_memstream(&printed, &printed_size);
        *story = '\0';
        made = 0;
        instances = empty_dict();
        python("twin.made = 0; twin.instances.clear(); twin.owners.clear()");
        for (int i = 0; i < METAS; i++) {
            const char *kind = metas[draw(7)];
            python("M%d = twin.make_meta('%s')", i, kind);
            metaclasses[i] = make_meta(kind);
        }
        for (int i = 0; i < CLASSES; i++)
            make_class(i);
        for (int i = 0; i < OPERATIONS; i++)
            operation();
        fclose(out);
        free(printed);
        end();
    }
}

int main(int argc, char **argv) {
    static const char program[] = "import io, sys\n"
                                  "sys.path.insert(0, place)\n"
                                  "sys.dont_write_bytecode = True\n"
                                  "import twin\n"
                                  "sys.stdout = io.StringIO()\n"
                                  "def twin_printed():\n"
                                  "    text = sys.stdout.getvalue()\n"
                                  "    sys.stdout.seek(0)\n"
                                  "    sys.stdout.truncate()\n"
                                  "    return text\n";
    if (argc < 2) return usage_error(argv[0], "where is twin.py?");
    Py_InitializeEx(0);
    if (PY_VERSION_HEX >= 0x030C0000) return 77; // other words in many messages
    names = Py_BuildValue("{s:s,s:O}", "place", argv[1], "__builtins__",
                          PyImport_ImportModule("builtins"));
    if (!names || !PyRun_String(program, Py_file_input, names, names)) {
        PyErr_Print();
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
