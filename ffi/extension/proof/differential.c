/* differential.c: random formats and arguments, parsed by ours and by CPython's own, must leave the
 * same in every variable and say the same.
 *
 * Formats are right and wrong ones: `|` and `$` anywhere, more and fewer names than characters,
 * unknown characters. What CPython ends the whole program for (parentheses) is left out. SEED=n
 * replays.
 */
#include "../../../common/proof/differential.h"

#undef METH_VARARGS // CPython's macros are our constants' names
#undef METH_KEYWORDS
#undef METH_NOARGS
#undef METH_O
#undef METH_FASTCALL
#undef Py_mod_create
#undef Py_mod_exec
#include "../host.h"

enum { ROUNDS = 60000, ARGS_MAX = 6, ADDRESSES = 16, VALUES_MAX = 40, TEXT = 17 };

/* ---- The same values on both sides -----------------------------------------------------------*/

static Object *ours[VALUES_MAX];
static PyObject *theirs[VALUES_MAX];
static size_t count;

static void add_value(Object *our, PyObject *their) {
    assert_non_null(our);
    assert_non_null(their);
    ours[count] = our;
    theirs[count++] = their;
}

static void make_values(void) {
    static const long long numbers[] = {0,          1,          -1,          255,       256,
                                        2147483647, 2147483648, -2147483648, LLONG_MAX, LLONG_MIN};
    static const double doubles[] = {0.0, -0.0, 1.5, 1e300, 1e-320};
    static const char *const texts[] = {"", "text", "\xc3\xa4\xe6\x97\xa5"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_value(int_from_long(numbers[i]), PyLong_FromLongLong(numbers[i]));
    add_value(int_from_unsigned(UINT64_MAX), PyLong_FromUnsignedLongLong(UINT64_MAX));
    add_value(int_from_string("-9223372036854775809"),
              PyLong_FromString("-9223372036854775809", NULL, 10));
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        add_value(float_from_double(doubles[i]), PyFloat_FromDouble(doubles[i]));
    assert_int_equal(count, TEXT);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_value(str_from_string(texts[i]), PyUnicode_FromString(texts[i]));
    add_value(str_from_utf8("a\0b", 3), PyUnicode_FromStringAndSize("a\0b", 3));
    add_value(bytes_from_data("bytes", 5), PyBytes_FromStringAndSize("bytes", 5));
    add_value(new_ref(None), Py_NewRef(Py_None));
    add_value(new_ref(True), Py_NewRef(Py_True));
    add_value(new_ref(False), Py_NewRef(Py_False));
    add_value(tuple_from_array(NULL, 0), PyTuple_New(0));
}

/* ---- A case ----------------------------------------------------------------------------------*/

typedef union {
    char bytes[8];
    const char *text;
    void *object;
} Slot;

typedef struct {
    char format[80];
    const char *names[ARGS_MAX + 2];
    size_t args[ARGS_MAX], nargs; // indexes of values
    size_t kwargs[ARGS_MAX], nkw;
    const char *keys[ARGS_MAX];
} Case;

static uint64_t state;
static size_t below(size_t limit) {
    return (size_t)testing_random(&state, limit);
}

static const char *const key_names[] = {"a", "b", "c", "d", "e", "unknown"};

/* Any value, but more often one that the character takes. */
static size_t random_value(char letter) {
    if (below(4) == 0) return below(count);
    if (strchr("szU", letter) && letter) return TEXT + below(3);
    if (letter == 'S') return TEXT + 4;
    return below(6); // numbers, which suit the others
}

static Case random_case(bool keywords) {
    static const char letters[] = "illdpszUSOOOnLf";
    Case self = {.nargs = 0};
    char *at = self.format, chosen[2 * ARGS_MAX] = "";
    size_t parameters = below(ARGS_MAX), positional = below(3) ? 0 : below(parameters + 1), i = 0;
    for (; i < parameters; i++) {
        if (below(4) == 0) *at++ = '|';
        if (below(keywords ? 6 : 40) == 0) *at++ = '$';
        *at++ = chosen[i] = below(60) ? letters[below(sizeof letters - 1)] : "XQ!"[below(3)];
        if (at[-1] == 'O' && below(3) == 0) *at++ = '!';
    }
    if (below(4))
        at += snprintf(at, 32, below(6) ? ":f" : below(2) ? ":a_longer_name" : ";all of it");
    if (below(20) == 0) parameters = below(ARGS_MAX); // names that do not fit the format
    for (i = 0; i < parameters; i++)
        self.names[i] = i < positional || below(60) == 0 ? "" : key_names[i];
    self.nargs = below(3) && (!keywords || below(2)) ? parameters : below(ARGS_MAX);
    for (i = 0; i < self.nargs; i++)
        self.args[i] = random_value(chosen[i]);
    size_t first = below(6);
    for (i = 0; keywords && below(3) && i < 4; i++) {
        self.keys[i] = key_names[(first + i) % 6];
        self.kwargs[i] = random_value(chosen[(first + i) % 6]);
        self.nkw++;
    }
    return self;
}

/* The addresses that go with the format: of slots, and before that of an O! its type. */
static void make_addresses(const char *format, Slot *slots, void **addresses, void *type) {
    size_t a = 0, s = 0;
    for (; *format && *format != ':' && *format != ';' && s < ARGS_MAX; format++) {
        if (!strchr("ilLndfpszUSO", *format)) continue;
        if (*format == 'O' && format[1] == '!') addresses[a++] = type;
        addresses[a++] = &slots[s++];
    }
    while (a < ADDRESSES) // for more arguments than there are, which nobody may write to
        addresses[a++] = &slots[ARGS_MAX];
}

/* What is in the slots: bytes, texts, which of the values. */
static Outcome outcome_of_slots(const char *format, const Slot *slots, void *const *values) {
    Outcome self = {"= "};
    char *at = self.text + 2;
    for (size_t s = 0; *format && *format != ':' && *format != ';' && s < ARGS_MAX; format++) {
        if (!strchr("ilLndfpszUSO", *format)) continue;
        const Slot *slot = &slots[s++];
        bool untouched = memcmp(slot->bytes, "\xA5\xA5\xA5\xA5\xA5\xA5\xA5\xA5", 8) == 0;
        if (untouched) {
            at += sprintf(at, " -");
        } else if (*format == 's' || *format == 'z') {
            at += sprintf(at, " '%s'", slot->text ? slot->text : "(NULL)");
        } else if (strchr("USO", *format)) {
            size_t i = 0;
            while (i < count && values[i] != slot->object)
                i++;
            at += sprintf(at, " #%zu", i);
        } else {
            *at++ = ' ';
            for (size_t b = 0; b < sizeof slot->bytes; b++)
                at += sprintf(at, "%02x", (unsigned char)slot->bytes[b]);
        }
    }
    return self;
}

#define ALL(a)                                                                                     \
    a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], \
        a[15]

typedef struct {
    Outcome slots, error; // error: of a call that failed
} Both;

static Both parse_ours(const Case *self, bool keywords) {
    Slot slots[ARGS_MAX + 1];
    void *addresses[ADDRESSES];
    memset(slots, 0xA5, sizeof slots);
    make_addresses(self->format, slots, addresses, &Str_Type);
    Object *items[ARGS_MAX];
    for (size_t i = 0; i < self->nargs; i++)
        items[i] = ours[self->args[i]];
    Object *args = tuple_from_array(items, (ssize_t)self->nargs),
           *kwargs = self->nkw ? dict_new() : NULL;
    for (size_t i = 0; i < self->nkw; i++)
        dict_set_item_string(kwargs, self->keys[i], ours[self->kwargs[i]]);
    int ok = keywords ? arg_parse_tuple_and_keywords(args, kwargs, self->format, self->names,
                                                     ALL(addresses))
                      : arg_parse_tuple(args, self->format, ALL(addresses));
    Both both = {outcome_of_slots(self->format, slots, (void **)ours), {""}};
    assert_int_equal(ok, !error_occurred());
    if (!ok) both.error = outcome_of_error();
    decref(args);
    xdecref(kwargs);
    return both;
}

static Both parse_theirs(const Case *self, bool keywords) {
    Slot slots[ARGS_MAX + 1];
    void *addresses[ADDRESSES];
    memset(slots, 0xA5, sizeof slots);
    make_addresses(self->format, slots, addresses, &PyUnicode_Type);
    PyObject *args = PyTuple_New((Py_ssize_t)self->nargs),
             *kwargs = self->nkw ? PyDict_New() : NULL;
    for (size_t i = 0; i < self->nargs; i++)
        PyTuple_SET_ITEM(args, (Py_ssize_t)i, Py_NewRef(theirs[self->args[i]]));
    for (size_t i = 0; i < self->nkw; i++)
        PyDict_SetItemString(kwargs, self->keys[i], theirs[self->kwargs[i]]);
    int ok = keywords ? PyArg_ParseTupleAndKeywords(args, kwargs, self->format,
                                                    (char **)(uintptr_t)self->names, ALL(addresses))
                      : PyArg_ParseTuple(args, self->format, ALL(addresses));
    Both both = {outcome_of_slots(self->format, slots, (void **)theirs), {""}};
    if (!ok) both.error = outcome_of_exception();
    Py_DECREF(args);
    Py_XDECREF(kwargs);
    return both;
}

static void test_getargs(void **unused) {
    (void)unused;
    state = testing_seed();
    size_t succeeded = 0;
    make_values();
    for (int round = 0; round < ROUNDS; round++) {
        bool keywords = round % 3 != 0;
        const Case it = random_case(keywords);
        const Both our = parse_ours(&it, keywords), their = parse_theirs(&it, keywords);
        succeeded += !*our.error.text;
        if (outcomes_equal(&our.slots, &their.slots) && outcomes_equal(&our.error, &their.error))
            continue;
        print_message("round %d: \"%s\"", round, it.format);
        for (size_t i = 0; keywords && it.names[i]; i++)
            print_message(" %s", *it.names[i] ? it.names[i] : "-");
        print_message(" (%zu by position;", it.nargs);
        for (size_t i = 0; i < it.nkw; i++)
            print_message(" %s", it.keys[i]);
        print_message(")\n ours %s %s\n theirs %s %s\n", our.slots.text, our.error.text,
                      their.slots.text, their.error.text);
        fail();
    }
    print_message("%zu of %d calls succeeded\n", succeeded, ROUNDS);
    assert_true(succeeded > ROUNDS / 20);
}

int main(void) {
    Py_InitializeEx(0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_getargs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
