/* object_test.c: ints, floats, strs, tuples: hash, equality, repr, and what happens when memory
 * ends. The expected values are CPython 3.11's, printed by `PYTHONHASHSEED=n python3`;
 * object_twin.py compares far more of them where a Python is present. */
#include "../object.h"

#include "../../common/proof/testing.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sys/wait.h>

/* Asserts repr(value); steals the reference. */
static void assert_repr(Object *value, const char *expected) {
    Writer out = {0};
    assert_non_null(value);
    assert_int_equal(object_write_repr(value, &out), 0);
    assert_int_equal(writer_write(&out, "", 1), 0);
    assert_string_equal(out.bytes, expected);
    writer_free(&out);
    decref(value);
}

/* Asserts hash(value); steals the reference. */
static void assert_hash(Object *value, hash_t expected) {
    assert_non_null(value);
    assert_int_equal(object_hash(value), expected);
    decref(value);
}

/* Asserts whether a == b, asked both ways; steals the references. */
static void assert_equality(Object *a, Object *b, int expected) {
    assert_int_equal(object_rich_equal(a, b), expected);
    assert_int_equal(object_rich_equal(b, a), expected);
    if (expected == 1) assert_int_equal(object_hash(a), object_hash(b));
    decref(a);
    decref(b);
}

/* ---- Numbers ---------------------------------------------------------------------------------*/

static void test_ints(void **state) {
    (void)state;
    Object *a = int_from_long(256), *b = int_from_long(256), *c = int_from_long(257);
    Object *d = int_from_long(257);
    assert_ptr_equal(a, b); // -5 to 256 are shared
    assert_ptr_not_equal(c, d);
    assert_int_equal(object_rich_equal(c, d), 1);
    decref(a);
    decref(b);
    decref(c);
    decref(d);
    a = int_from_long(-5), b = int_from_long(-5), c = int_from_long(-6), d = int_from_long(-6);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(c, d);
    decref(a);
    decref(b);
    decref(c);
    decref(d);

    assert_hash(int_from_long(-1), -2);
    assert_hash(int_from_long(-2), -2);
    assert_hash(int_from_long((INT64_C(1) << 61) - 2), (INT64_C(1) << 61) - 2);
    assert_hash(int_from_long((INT64_C(1) << 61) - 1), 0);
    assert_hash(int_from_long(1 - (INT64_C(1) << 61)), 0);
    assert_hash(int_from_long(INT64_C(1) << 61), 1);
    assert_hash(int_from_long(-(INT64_C(1) << 61)), -2);
    assert_hash(int_from_long(INT64_MAX), 3);
    assert_hash(int_from_long(INT64_MIN), -4);
    assert_repr(int_from_long(INT64_MIN), "-9223372036854775808");
}

static void test_int_from_string(void **state) {
    (void)state;
    assert_repr(int_from_string("9223372036854775807"), "9223372036854775807");
    assert_repr(int_from_string("-9223372036854775808"), "-9223372036854775808");
    errno = ERANGE; // an older error is not this call's
    assert_repr(int_from_string("+7"), "7");
    assert_null(int_from_string("9223372036854775808"));
    assert_error(OverflowError, "Python int too large to convert to C long");
    assert_null(int_from_string("-9223372036854775809"));
    assert_error(OverflowError, "Python int too large to convert to C long");

    // each is said by its repr, as Python's int() does
    static const struct {
        const char *text, *repr;
    } cases[] = {
        {"", "''"},
        {"+", "'+'"},
        {"--7", "'--7'"},
        {"12x", "'12x'"},
        {"0x10", "'0x10'"},
        {"1e5", "'1e5'"},
        {"99999999999999999999x", "'99999999999999999999x'"}, // no OverflowError
        {"it's", "\"it's\""},
        {"a\nb", "'a\\nb'"},
        {"\xff", "'\\udcff'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[100];
        snprintf(expected, sizeof expected, "invalid literal for int() with base 10: %s",
                 cases[i].repr);
        assert_null(int_from_string(cases[i].text));
        assert_error(ValueError, expected);
    }
    assert_null(int_from_string(" 7")); // Python strips white space first; here the caller does
    assert_error(ValueError, "invalid literal for int() with base 10: ' 7'");

    char text[301], expected[300]; // a long one is cut at 200 characters, the quote among them
    memset(text, 'x', 300);
    text[300] = '\0';
    snprintf(expected, sizeof expected, "invalid literal for int() with base 10: '%.199s", text);
    assert_null(int_from_string(text));
    assert_error(ValueError, expected);
}

static void test_int_from_string_without_memory(void **state) {
    (void)state;
    long before = testing_blocks(), failures = 0;
    for (;; failures++) {
        testing_fail_at(failures);
        Object *number = int_from_string("twelve");
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        assert_null(number);
        assert_int_equal(testing_blocks(), before);
        if (!failed) break;
        assert_error(MemoryError, "");
    }
    assert_error(ValueError, "invalid literal for int() with base 10: 'twelve'");
    assert_true(failures >= 2); // the str and its repr
}

static void test_floats(void **state) {
    (void)state;
    assert_repr(float_from_double(0.30000000000000004), "0.30000000000000004");
    assert_repr(float_from_double(1e16), "1e+16");
    assert_repr(float_from_double(1e15), "1000000000000000.0");
    assert_repr(float_from_double(1e-5), "1e-05");
    assert_repr(float_from_double(0.0001), "0.0001");
    assert_repr(float_from_double(-0.0), "-0.0");
    assert_repr(float_from_double(5e-324), "5e-324");
    assert_repr(float_from_double(-0x1p-921), "-5.641232424577593e-278"); // not the nearest decimal
    assert_repr(float_from_double(NAN), "nan");
    assert_repr(float_from_double(-INFINITY), "-inf");
    assert_hash(float_from_double(2.5), INT64_C(1152921504606846978));
    assert_hash(float_from_double(1e300), INT64_C(1224995262755759164));
    assert_hash(float_from_double(-1.0), -2);
    assert_hash(float_from_double(INFINITY), 314159);
    assert_hash(float_from_double(-INFINITY), -314159);
}

static void test_equal_numbers_hash_alike(void **state) {
    (void)state;
    assert_equality(int_from_long(1), float_from_double(1.0), 1);
    assert_equality(int_from_long(1), new_ref(True), 1);
    assert_equality(float_from_double(0.0), new_ref(False), 1);
    assert_equality(float_from_double(0.0), float_from_double(-0.0), 1);
    assert_equality(int_from_long(INT64_C(1) << 53), float_from_double(0x1p53), 1);
    assert_equality(int_from_long((INT64_C(1) << 53) + 1), float_from_double(0x1p53), 0);
    assert_equality(int_from_long(INT64_MAX), float_from_double(0x1p63), 0);
    assert_equality(int_from_long(INT64_MIN), float_from_double(-0x1p63), 1);
    assert_equality(int_from_long(INT64_MIN), float_from_double(0x1p63), 0);
    assert_equality(int_from_long(INT64_MAX), float_from_double(INFINITY), 0);
    assert_equality(float_from_double(INFINITY), float_from_double(INFINITY), 1);
    assert_equality(float_from_double(INFINITY), float_from_double(-INFINITY), 0);
    assert_equality(new_ref(True), float_from_double(1.5), 0);
    assert_equality(int_from_long(1), float_from_double(1.5), 0);
    assert_equality(int_from_long(0), float_from_double(NAN), 0);
    assert_equality(float_from_double(NAN), float_from_double(NAN), 0);
    assert_equality(int_from_long(1), str_from_string("1"), 0);
    assert_equality(new_ref(None), new_ref(False), 0);
    Object *nan = float_from_double(NAN);
    assert_int_equal(object_rich_equal(nan, nan), 1); // identity comes first
    assert_int_equal(object_hash(nan), hash_pointer(nan));
    decref(nan);
}

static void test_hash_pointer(void **state) {
    (void)state;
    assert_int_equal(hash_pointer((void *)(uintptr_t)0x1230), 0x123);
    assert_int_equal(hash_pointer((void *)(uintptr_t)0x1), INT64_C(1) << 60);
    if (UINTPTR_MAX == UINT64_MAX)
        assert_int_equal(hash_pointer((void *)UINTPTR_MAX), -2); // -1 is taken
}

/* ---- str -------------------------------------------------------------------------------------*/

static void test_str_kinds(void **state) {
    (void)state;
    static const struct {
        const char *utf8;
        ssize_t length;
        int kind;
        bool ascii;
    } cases[] = {
        {"", 0, 1, true},        {"abc", 3, 1, true},          {"caf\u00e9", 4, 1, false},
        {"\u20ac", 1, 2, false}, {"a\U0001f40d", 2, 4, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Object *text = str_from_string(cases[i].utf8);
        Str *str = (Str *)text;
        assert_int_equal(str->length, cases[i].length);
        assert_int_equal(str->kind, cases[i].kind);
        assert_int_equal(str->ascii, cases[i].ascii);
        Writer out = {0};
        assert_int_equal(str_write(text, &out), 0);
        assert_int_equal(out.length, strlen(cases[i].utf8));
        if (out.length) assert_memory_equal(out.bytes, cases[i].utf8, out.length);
        writer_free(&out);
        decref(text);
    }
}

/* UTF-8 of a code point by the book (RFC 3629), NUL-terminated; returns its length. */
static ssize_t encode(uint32_t c, char utf8[5]) {
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    int length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    utf8[length] = '\0';
    for (int i = length - 1; i > 0; i--, c >>= 6)
        utf8[i] = (char)(0x80 | (c & 0x3F));
    utf8[0] = (char)(leads[length] | c);
    return length;
}

static void test_every_character(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (0xD800 <= c && c <= 0xDFFF) continue; // surrogates have no UTF-8
        char utf8[5];
        ssize_t length = encode(c, utf8);
        Object *text = str_from_utf8(utf8, length);
        Writer out = {0};
        const Str *str = (const Str *)text;
        bool right = str && str->length == 1 && str_write(text, &out) == 0;
        right = right && str->kind == (c <= 0xFF ? 1 : c <= 0xFFFF ? 2 : 4);
        right = right && str->ascii == (c <= 0x7F) && out.length == (size_t)length;
        right = right && memcmp(out.bytes, utf8, out.length) == 0;
        writer_free(&out);
        xdecref(text);
        if (!right) fail_msg("U+%04X does not survive", (unsigned)c);
    }
}

static void test_str_equality(void **state) {
    (void)state;
    assert_equality(str_from_string("abc"), str_from_string("abc"), 1);
    assert_equality(str_from_string("abc"), str_from_string("abd"), 0);
    assert_equality(str_from_string("ab"), str_from_string("abc"), 0);
    assert_equality(str_from_string("\u4e2d\u6587"), str_from_string("\u4e2d\u6587"), 1);
    assert_equality(str_from_string("\x01"), str_from_string("\u0101"), 0); // first bytes alike
}

static void test_str_repr(void **state) {
    (void)state;
    assert_repr(str_from_string("it's"), "\"it's\"");
    assert_repr(str_from_string("say \"x\""), "'say \"x\"'");
    assert_repr(str_from_string("both ' and \""), "'both \\' and \"'");
    assert_repr(str_from_string("\t\n\r\\\x7f\x01"), "'\\t\\n\\r\\\\\\x7f\\x01'");
    assert_repr(str_from_string("\u00a0\u2028\U0010ffff"), "'\\xa0\\u2028\\U0010ffff'");
    assert_repr(str_from_string("\u00ad\u00ff\u0378\uffff"), "'\\xad\u00ff\\u0378\\uffff'");
    assert_repr(str_from_string(" ~"), "' ~'");
    assert_repr(str_from_string("\u00e9\u4e2d\U0001f40d"), "'\u00e9\u4e2d\U0001f40d'");
}

/* Each byte that is not UTF-8 is a character of its own. */
static void test_not_utf8(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *repr;
    } cases[] = {
        {"\x80", "'\\udc80'"},                       // continues nothing
        {"\xc1\xbf", "'\\udcc1\\udcbf'"},            // overlong: 0x7F in two bytes
        {"\xc2", "'\\udcc2'"},                       // ends too early
        {"\xe2\x82x", "'\\udce2\\udc82x'"},          // the same in the middle
        {"\xe0\x9f\xbf", "'\\udce0\\udc9f\\udcbf'"}, // U+07FF in three
        {"\xe0\xa0\x80", "'\xe0\xa0\x80'"},          // U+0800, the first of three
        {"\xed\x9f\xbf", "'\\ud7ff'"},               // the last before the surrogates
        {"\xed\xa0\x80", "'\\udced\\udca0\\udc80'"},
        {"\xf0\x8f\xbf\xbf", "'\\udcf0\\udc8f\\udcbf\\udcbf'"},
        {"\xf0\x90\x80\x80", "'\xf0\x90\x80\x80'"}, // U+10000, the first of four
        {"\xf4\x8f\xbf\xbf", "'\\U0010ffff'"},
        {"\xf4\x90\x80\x80", "'\\udcf4\\udc90\\udc80\\udc80'"},
        {"\xf5\x80\x80\x80", "'\\udcf5\\udc80\\udc80\\udc80'"},
        {"\xf0\x90\x80(", "'\\udcf0\\udc90\\udc80('"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_repr(str_from_string(cases[i].bytes), cases[i].repr);
    assert_repr(str_from_utf8("\xc3\xa9", 1),
                "'\\udcc3'"); // what stands behind the end is not read
    assert_repr(str_from_utf8_with_surrogates("\xed\xa0\x80", 2), "'\\udced\\udca0'");
}

/* A surrogate that stands for no byte cannot be written, and what stands before it is not torn. */
static void test_lone_surrogates(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *repr, *error;
    } cases[] = {
        {"\xed\xa0\x80", "'\\ud800'", "character '\\ud800' in position 0"},
        {"a\xed\xbf\xbf", "'a\\udfff'", "character '\\udfff' in position 1"},
        {"\xed\xb1\xbf", "'\\udc7f'", "character '\\udc7f' in position 0"},
        {"\xed\xa0\xbd\xed\xb0\x8d", "'\\ud83d\\udc0d'", "characters in position 0-1"},
        {"\xff\xed\xb4\x80", "'\\udcff\\udd00'", "character '\\udd00' in position 1"},
        {"\xed\xb2\x80\xff", "'\\udc80\\udcff'", NULL}, // both stand for bytes
        {"\xed\xa0", "'\\udced\\udca0'", NULL},         // ends too early
        {"\xed\xa0(", "'\\udced\\udca0('", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ssize_t size = (ssize_t)strlen(cases[i].bytes);
        Object *text = str_from_utf8_with_surrogates(cases[i].bytes, size);
        assert_non_null(text);
        Writer out = {0};
        assert_int_equal(str_write(text, &out), cases[i].error ? -1 : 0);
        if (cases[i].error) {
            char expected[100];
            snprintf(expected, sizeof expected,
                     "'utf-8' codec can't encode %s: surrogates not allowed", cases[i].error);
            assert_error(UnicodeEncodeError, expected);
        }
        writer_free(&out);
        assert_repr(text, cases[i].repr);
    }
}

static void test_any_bytes_survive(void **state) {
    (void)state;
    char bytes[512];
    for (int i = 0; i < 512; i++)
        bytes[i] = (char)(i < 256 ? i : i * 7);
    Object *text = str_from_bytes(bytes, sizeof bytes);
    assert_non_null(text);
    Writer out = {0};
    assert_int_equal(str_write(text, &out), 0);
    assert_int_equal(out.length, sizeof bytes);
    assert_memory_equal(out.bytes, bytes, sizeof bytes);
    writer_free(&out);
    decref(text);
    assert_repr(str_from_bytes("a\xff", 2), "'a\\udcff'");
}

/* ---- The secret ------------------------------------------------------------------------------*/

/* The secret is read once, so each seed needs a process: exit status 0 if the hashes are these. */
static int hashes_in_child(const char *seed, hash_t abc, hash_t cafe) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("PYTHONHASHSEED", seed, 1);
        Object *a = str_from_string("abc"), *c = str_from_string("caf\u00e9 \u20ac");
        Object *empty = str_from_string("");
        bool right = object_hash(a) == abc && object_hash(c) == cafe;
        right = right && object_hash(empty) == (abc == -1 ? -1 : 0);
        if (abc == -1) right = right && error_matches(ValueError);
        decref(a);
        decref(c);
        decref(empty);
        _exit(!right);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_hash_seeds(void **state) {
    (void)state;
    assert_int_equal(
        hashes_in_child("0", INT64_C(-4594863902769663758), INT64_C(1834339631957979685)), 0);
    assert_int_equal(
        hashes_in_child("1", INT64_C(-4667308735975688587), INT64_C(4670167843795100457)), 0);
    assert_int_equal(
        hashes_in_child("42", INT64_C(3869580338025362921), INT64_C(3815886302304528962)), 0);
    assert_int_equal(
        hashes_in_child("4294967295", INT64_C(-6122489556238538401), INT64_C(-6456276970076820516)),
        0);
    assert_int_equal(hashes_in_child("x", -1, -1), 0);
    assert_int_equal(hashes_in_child("-5", -1, -1), 0);
    assert_int_equal(hashes_in_child("4294967296", -1, -1), 0);
}

/* ---- tuple, and depth ------------------------------------------------------------------------*/

static Object *pair(int64_t a, int64_t b) {
    Object *first = int_from_long(a), *second = int_from_long(b);
    Object *tuple = tuple_pack(2, first, second);
    decref(first);
    decref(second);
    return tuple;
}

static void test_tuples(void **state) {
    (void)state;
    assert_hash(tuple_pack(0), INT64_C(5740354900026072187));
    assert_hash(pair(1, 2), INT64_C(-3550055125485641917));
    Object *inner = pair(2, 3), *one = int_from_long(1);
    assert_hash(tuple_pack(2, one, inner), INT64_C(7267574591690527098));
    assert_repr(tuple_pack(2, one, inner), "(1, (2, 3))");
    assert_repr(tuple_pack(1, one), "(1,)");
    assert_repr(tuple_pack(0), "()");
    decref(inner);
    decref(one);
    assert_equality(pair(1, 2), pair(1, 2), 1);
    assert_equality(pair(1, 2), pair(2, 1), 0);
    assert_equality(pair(1, 2), tuple_pack(0), 0);
}

static void test_tuple_too_large(void **state) {
    (void)state;
    assert_null(tuple_new(SSIZE_MAX));
    assert_error(MemoryError, "");
    assert_null(tuple_new((ssize_t)(SIZE_MAX / sizeof(Object *) + 1))); // times 8 bytes: 0
    assert_error(MemoryError, "");
    // a possible number of bytes, but not of this machine
    assert_null(tuple_new((ssize_t)((PTRDIFF_MAX - sizeof(Tuple)) / sizeof(Object *))));
    assert_error(MemoryError, "");
}

static Object *nest(long depth) {
    Object *nested = tuple_pack(0);
    for (long i = 0; i < depth; i++) {
        Object *outer = tuple_pack(1, nested);
        decref(nested);
        nested = outer;
    }
    return nested;
}

static void test_a_million_deep(void **state) {
    (void)state;
    long before = testing_blocks();
    Object *nested = nest(1000000);
    decref(nested); // without the trashcan: a million nested calls
    assert_int_equal(testing_blocks(), before);
}

static void test_depth_is_limited(void **state) {
    (void)state;
    assert_equality(nest(999), nest(999), 1); // 1000 levels: the innermost, (), counts
    Object *a = nest(1000), *b = nest(1000), *c = nest(1001);
    assert_int_equal(object_rich_equal(a, b), -1);
    assert_error(RecursionError, "maximum recursion depth exceeded in comparison");
    assert_equality(nest(999), nest(999), 1); // and the depth is counted back

    Object *repr = object_repr(a); // 1000 levels: () holds nothing and does not count
    assert_non_null(repr);
    decref(repr);
    assert_null(object_repr(c));
    assert_error(RecursionError,
                 "maximum recursion depth exceeded while getting the repr of an object");
    repr = object_repr(a);
    assert_non_null(repr);
    decref(repr);
    decref(a);
    decref(b);
    decref(c);
}

static void test_repr_of_itself(void **state) {
    (void)state;
    Tuple *self = tuple_new(1);
    assert_non_null(self);
    self->items[0] = OBJECT(self); // only C can do this to a tuple
    Object *repr = object_repr(OBJECT(self));
    self->items[0] = NULL;
    decref(self);
    assert_repr(repr, "'((...),)'");
}

static const Type Spam_Type = {.name = "spam"};

static void test_empty_slots(void **state) {
    (void)state;
    Object spam = {1, &Spam_Type};
    assert_int_equal(object_hash(&spam), -1);
    assert_error(TypeError, "unhashable type: 'spam'");
    Object *tuple = tuple_pack(1, &spam);
    assert_int_equal(object_hash(tuple), -1);
    assert_error(TypeError, "unhashable type: 'spam'");
    decref(tuple);
    char expected[100];
    snprintf(expected, sizeof expected, "<spam object at %p>", (void *)&spam);
    assert_repr(new_ref(&spam), expected);
}

/* ---- Objects that change what holds them -----------------------------------------------------*/

static Object *held;              // all that keeps a traitor, or the tuple around it, alive
static bool is_dead, died_in_use; // what became of the traitor

/* Whatever is asked of a traitor, it drops `held` first. */
static void betray(void) {
    Object *last = held;
    held = NULL;
    xdecref(last);
    died_in_use |= is_dead;
}

static int traitor_repr(Object *self, Writer *out) {
    (void)self;
    betray();
    return writer_puts(out, "traitor");
}

static hash_t traitor_hash(Object *self) {
    (void)self;
    betray();
    return 1;
}

static int traitor_equal(Object *self, Object *other) {
    (void)self, (void)other;
    betray();
    return NOT_IMPLEMENTED; // so that the other side is asked, too
}

static void traitor_dealloc(Object *self) {
    is_dead = true;
    testing_free(self);
}

static const Type Traitor_Type = {
    .name = "traitor",
    .repr = traitor_repr,
    .hash = traitor_hash,
    .equal = traitor_equal,
    .dealloc = traitor_dealloc,
};

/* What is hashed, compared or printed lives until that is done. */
static void test_traitors(void **state) {
    (void)state;
    long before = testing_blocks();
    Object *one = int_from_long(1), *single = tuple_pack(1, one);
    for (int use = 0; use < 8; use++) {
        Object *traitor = object_new(&Traitor_Type, sizeof *traitor);
        bool in_tuple = use % 2 == 1;
        Object *other = in_tuple ? single : one;
        held = in_tuple ? tuple_pack(1, traitor) : new_ref(traitor);
        decref(traitor);
        is_dead = died_in_use = false;
        if (use / 2 == 0) assert_int_equal(object_rich_equal(held, other), 0);
        if (use / 2 == 1) assert_int_equal(object_rich_equal(other, held), 0);
        if (use / 2 == 2) assert_true(object_hash(held) != -1);
        if (use / 2 == 3) assert_repr(object_repr(held), in_tuple ? "'(traitor,)'" : "'traitor'");
        assert_false(died_in_use);
        assert_true(is_dead);
    }
    decref(single);
    decref(one);
    assert_int_equal(testing_blocks(), before);
}

/* ---- Out of memory ---------------------------------------------------------------------------*/

/* Something of everything; false if an allocation failed. */
static bool make_one_of_each(void) {
    Object *number = int_from_long(1000), *real = float_from_double(1.5);
    Object *text = str_from_string("caf\u00e9"), *tuple = NULL, *repr = NULL;
    if (number && real && text) tuple = tuple_pack(3, number, real, text);
    if (tuple) repr = object_repr(tuple);
    bool done = repr != NULL;
    xdecref(number);
    xdecref(real);
    xdecref(text);
    xdecref(tuple);
    xdecref(repr);
    return done;
}

static void test_each_allocation_fails(void **state) {
    (void)state;
    long before = testing_blocks(), failures = 0;
    for (;; failures++) {
        testing_fail_at(failures);
        bool done = make_one_of_each();
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        assert_int_equal(testing_blocks(), before);
        assert_int_equal(done, !failed);
        if (!failed) break;
        assert_error(MemoryError, "");
    }
    assert_true(failures >= 6); // four objects, the writer's buffer, the repr
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_seeds), // first: a child must not inherit a secret already read
        cmocka_unit_test(test_ints),
        cmocka_unit_test(test_int_from_string),
        cmocka_unit_test(test_int_from_string_without_memory),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_equal_numbers_hash_alike),
        cmocka_unit_test(test_hash_pointer),
        cmocka_unit_test(test_str_kinds),
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_str_equality),
        cmocka_unit_test(test_str_repr),
        cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_lone_surrogates),
        cmocka_unit_test(test_any_bytes_survive),
        cmocka_unit_test(test_tuples),
        cmocka_unit_test(test_tuple_too_large),
        cmocka_unit_test(test_a_million_deep),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_repr_of_itself),
        cmocka_unit_test(test_empty_slots),
        cmocka_unit_test(test_traitors),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
