/* differential.c: random structures and unions, right and wrong ones, and random values in their
 * fields: ours and ctypes', in one process. SEED=n replays a run. */
#include "../../../common/proof/differential.h"

#include "../ctypes.h"

enum { ROUNDS = 200, CLASSES = 30, MAX_FIELDS = 6 };

/* What stands on their side for the functions of ours. */
static const char program[] =
    "from ctypes import *\n"
    "def simple(code):\n"
    "    return next(t for t in (c_char, c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong,\n"
    "        c_ulonglong, c_float, c_double, c_longdouble, c_bool, c_void_p, c_char_p, c_wchar_p, c_wchar)\n"
    "        if t._type_ == code)\n"
    "def array(t, n): return t * n\n"
    "def structure(name, union, base, pack, fields):\n"
    "    body = {'_fields_': fields} if pack is None else {'_pack_': pack, '_fields_': fields}\n"
    "    return type(name, (base or (Union if union else Structure),), body)\n"
    "def describe(t): return ', '.join([f'{sizeof(t)} {alignment(t)}'] + [f'{f[0]} {getattr(t, f[0])!r}' for f in t._fields_])\n"
    "def store(o, name, value): setattr(o, name, value)\n"
    "def load(o, name): return getattr(o, name)\n"
    "def raw(o): return bytes(o)\n";

typedef struct {
    CType *ours;
    PyObject *theirs; // both owned
} Pair;
static Pair classes[CLASSES];
static int nclasses;
static PyObject *space;
static uint64_t state_of_random, compared;

static int draw(int limit) {
    return (int)testing_random(&state_of_random, (uint64_t)limit);
}

/* Their function called with these arguments. */
static PyObject *their(const char *name, const char *format, ...) {
    va_list list;
    va_start(list, format);
    PyObject *args = Py_VaBuildValue(format, list);
    va_end(list);
    PyObject *result = PyObject_CallObject(PyDict_GetItemString(space, name), args);
    Py_XDECREF(args);
    return result;
}

static void check(const Outcome *ours, const Outcome *theirs, const char *what) {
    compared++;
    if (!outcomes_equal(ours, theirs))
        fail_msg("%s:\nours    %s\ntheirs  %s", what, ours->text, theirs->text);
}

/* Ours by its repr, or the error; steals it. */
static Outcome outcome_of_ours(Object *value) {
    char *text = NULL;
    size_t length = 0;
    if (!value) return outcome_of_error();
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    object_write_repr(value, out);
    fclose(out);
    Outcome outcome = outcome_of_text(text, length);
    (free)(text);
    decref(value);
    return outcome;
}

static bool is_union_class(const CType *type) {
    return type->kind == KIND_UNION;
}

/* What the fields are, as describe() tells it. */
static Outcome describe(const CType *type) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    fprintf(out, "'%zu %zu", type->size, type->align);
    for (ssize_t i = 0; i < type->length; i++) {
        fprintf(out, ", %s ", type->fields[i].name);
        field_write_repr(&type->fields[i], out);
    }
    fputc('\'', out);
    fclose(out);
    Outcome outcome = outcome_of_text(text, length);
    (free)(text);
    return outcome;
}

static Pair draw_type(void) {
    static const char codes[] = "cbBhHiIlLqQfdg?PzZubhilqBHILQ";
    int what = draw(100);
    if (what < 15 && nclasses) {
        Pair *class = &classes[draw(nclasses)];
        if (class->ours->size < 200)
            return (Pair){(CType *)new_ref(class->ours), Py_NewRef(class->theirs)};
    }
    char code = codes[draw(sizeof codes - 1)];
    CType *ours = ctype_simple(code); // where long long is long, that one
    Pair simple = {ours, their("simple", "(C)", ours->desc->code)};
    assert_non_null(simple.theirs);
    if (what >= 30) return (Pair){(CType *)new_ref(ours), simple.theirs};
    int length = draw(5);
    Pair array = {ctype_array(ours, length), their("array", "(Oi)", simple.theirs, length)};
    Py_DECREF(simple.theirs);
    return array;
}

/* A class of both, entered among the others if both could make it. */
static void make_class(int n) {
    static const char *const names[MAX_FIELDS] = {"a", "b", "c", "d", "e", "f"};
    char name[16];
    snprintf(name, sizeof name, "T%d", n);
    bool is_union = draw(4) == 0;
    int pack = draw(3) ? NO_PACK : 1 << draw(5), nfields = draw(MAX_FIELDS + 1);
    const Pair *base = nclasses && draw(5) == 0 ? &classes[draw(nclasses)] : NULL;
    if (base && is_union_class(base->ours) != is_union) base = NULL;
    FieldSpec specs[MAX_FIELDS];
    PyObject *fields = PyList_New(0);
    for (int i = 0; i < nfields; i++) {
        Pair type = draw_type();
        int bits = draw(3) ? 0 : draw(20) ? 1 + draw(33) : -1;
        specs[i] = (FieldSpec){names[i], type.ours, bits};
        PyObject *field = bits ? Py_BuildValue("(sNi)", names[i], type.theirs, bits)
                               : Py_BuildValue("(sN)", names[i], type.theirs);
        PyList_Append(fields, field);
        Py_DECREF(field);
    }
    CType *ours = is_union ? union_new(name, base ? base->ours : NULL, pack)
                           : structure_new(name, base ? base->ours : NULL, pack);
    bool made = structure_set_fields(ours, specs, nfields) == 0;
    for (int i = 0; i < nfields; i++)
        decref(specs[i].type);
    PyObject *their_pack = pack == NO_PACK ? Py_NewRef(Py_None) : PyLong_FromLong(pack);
    PyObject *theirs = their("structure", "(siONO)", name, is_union, base ? base->theirs : Py_None,
                             their_pack, fields);
    Py_DECREF(fields);
    Outcome our_outcome = made ? describe(ours) : outcome_of_error();
    Outcome their_outcome =
        theirs ? outcome_of_python(their("describe", "(O)", theirs)) : outcome_of_exception();
    check(&our_outcome, &their_outcome, name);
    if (made && theirs) {
        classes[nclasses++] = (Pair){ours, theirs};
    } else {
        decref(ours);
        Py_XDECREF(theirs);
    }
}

/* The same random value for both. */
static PyObject *draw_value(Object **ours) {
    static const double reals[] = {0.0, -0.0, 1.5, 0.1, 1e39, -1e-46, 1e308};
    static const char *const texts[] = {"", "a", "ab", "abc", "abcde"};
    int what = draw(20);
    const char *text = texts[draw(5)];
    if (what == 0) {
        double real = reals[draw(7)];
        *ours = float_from_double(real);
        return PyFloat_FromDouble(real);
    }
    if (what == 1) {
        *ours = bytes_from_data(text, (ssize_t)strlen(text));
        return PyBytes_FromString(text);
    }
    if (what == 2) {
        *ours = str_from_string(text);
        return PyUnicode_FromString(text);
    }
    if (what == 3) {
        *ours = new_ref(None);
        return Py_NewRef(Py_None);
    }
    uint64_t bits = testing_random(&state_of_random, UINT64_MAX) >> draw(64);
    bool negative = draw(2);
    *ours = negative ? int_from_long((int64_t)bits) : int_from_unsigned(bits);
    return negative ? PyLong_FromLongLong((int64_t)bits) : PyLong_FromUnsignedLongLong(bits);
}

/* Whether both may be asked: a bit field that ctypes lays outside, or beyond its own integer, is
 * not; nor may a number be an address that is read. */
static bool may_touch(const CType *type, const CField *field) {
    const CType *of = field->type;
    const FieldDesc *item = of->kind == KIND_ARRAY ? of->proto->desc : NULL;
    if (item && item->code == 'c') return true; // as bytes
    if (of->kind != KIND_SIMPLE || strchr("zZPu", of->desc->code)) return false;
    bool bits = NUM_BITS(field->size) != 0;
    return field->offset >= 0 && field->offset + (ssize_t)of->size <= (ssize_t)type->size &&
           (!bits || LOW_BIT(field->size) + NUM_BITS(field->size) <= 8 * (ssize_t)of->size);
}

static void use_class(const Pair *class) {
    Object *ours = cdata_new(class->ours), *value = NULL;
    PyObject *theirs = PyObject_CallNoArgs(class->theirs);
    for (int i = 0; i < 2 * class->ours->length; i++) {
        const CField *field = &class->ours->fields[draw((int)class->ours->length)];
        if (!may_touch(class->ours, field)) continue;
        PyObject *their_value = draw_value(&value);
        bool stored = cdata_set_attr(ours, field->name, value) == 0;
        Outcome our_outcome = stored ? outcome_of_text("None", 4) : outcome_of_error();
        Outcome their_outcome =
            outcome_of_python(their("store", "(OsN)", theirs, field->name, their_value));
        decref(value);
        check(&our_outcome, &their_outcome, field->name);
        our_outcome = outcome_of_ours(cdata_get_attr(ours, field->name));
        their_outcome = outcome_of_python(their("load", "(Os)", theirs, field->name));
        check(&our_outcome, &their_outcome, field->name);
    }
    bool longest = false; // the padding of one is anything
    for (ssize_t i = 0; i < class->ours->length; i++)
        longest |= class->ours->fields[i].type == ctype_simple('g');
    if (!longest) {
        Outcome our_outcome =
            outcome_of_ours(bytes_from_data(((CData *)ours)->ptr, (ssize_t) class->ours->size));
        Outcome their_outcome = outcome_of_python(their("raw", "(O)", theirs));
        check(&our_outcome, &their_outcome, class->ours->type.name);
    }
    decref(ours);
    Py_DECREF(theirs);
}

static void test_random(void **unused) {
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLASSES; i++)
            make_class(i);
        for (int i = 0; i < nclasses; i++)
            use_class(&classes[i]);
        while (nclasses > 0) {
            decref(classes[--nclasses].ours);
            Py_DECREF(classes[nclasses].theirs);
        }
    }
    print_message("%llu outcomes compared\n", (unsigned long long)compared);
}

int main(void) {
    state_of_random = testing_seed();
    Py_InitializeEx(0);
    space = PyDict_New();
    PyDict_SetItemString(space, "__builtins__", PyEval_GetBuiltins());
    if (!PyRun_String(program, Py_file_input, space, space)) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
