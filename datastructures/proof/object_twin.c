/* object_twin.c: the object layer, on ours: the same program as object_twin.py, the same bytes. */
#include "../object.h"

#include <math.h>

/* A linear congruential generator, written the same in object_twin.py. */
static uint64_t random_state;

static uint64_t random_next(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t high = random_state >> 32;
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return high << 32 | random_state >> 32;
}

/* Ends the program if a value could not be made; else hands it on. */
static Object *made(Object *value) {
    if (value) return value;
    error_print(stderr);
    exit(1);
}

/* Prints a value's hash and repr. Steals the reference. */
static void show(Object *value) {
    hash_t hash = object_hash(made(value));
    printf("%lld ", (long long)hash);
    if (object_print(value, stdout, false) < 0) made(NULL);
    putchar('\n');
    decref(value);
}

static void ints(void) {
    puts("# ints");
    static const int64_t edges[] = {
        0,
        1,
        -1,
        -2,
        256,
        257,
        INT64_C(1) << 31,
        INT64_C(1) << 60,
        (INT64_C(1) << 61) - 2,
        (INT64_C(1) << 61) - 1,
        INT64_C(1) << 61,
        INT64_C(1) << 62,
        INT64_MAX,
    };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        show(int_from_long(edges[i]));
        show(int_from_long(-edges[i]));
    }
    show(int_from_long(INT64_MIN));
    random_state = 1;
    for (int i = 0; i < 128; i++)
        show(int_from_long((int64_t)random_next() >> (i % 64)));
}

static void floats(void) {
    puts("# floats");
    static const double edges[] = {
        0.0,
        -0.0,
        0.5,
        0.1,
        0.30000000000000004,
        1e15,
        1e16,
        123456789012345680.0,
        1e-4,
        1e-5,
        5e-324,
        1.7976931348623157e308,
        INFINITY,
        -INFINITY,
        -1.0,
        0x1p61,
        0x1p53 + 2,
    };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        show(float_from_double(edges[i]));
    random_state = 1;
    for (int exponent = -1074; exponent < 1024; exponent++) {
        show(float_from_double(ldexp(1 + (double)(random_next() >> 12) / 0x1p52, exponent)));
        show(float_from_double(-ldexp(1.0, exponent)));
    }
}

static void texts(void) {
    puts("# strs");
    static const struct {
        const char *utf8;
        ssize_t length;
    } edges[] = {
        {"", 0},
        {"a", 1},
        {"ab", 2},
        {"abcdefg", 7},
        {"abcdefgh", 8},
        {"it's", 4},
        {"say \"x\"", 7},
        {"both ' and \"", 12},
        {"tab\tnew\nline\r\\", 14},
        {"\x00\x1f\x7f", 3},
        {"\xc2\x80\xc2\x9f\u00a0\u00ad\u00ff", 10},
        {"caf\u00e9", 5},
        {"\u20ac 5", 5},
        {"\u0416\u0436", 4},
        {"\u4e2d\u6587", 6},
        {"\u2028\u200b\ufeff\ue000\uffff", 15},
        {"\U0001f40d", 4},
        {"a\U0001f40d\u00e9", 7},
        {"\U0010ffff", 4},
    };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        show(str_from_utf8(edges[i].utf8, edges[i].length));
    char hundred[100];
    memset(hundred, 'x', sizeof hundred);
    show(str_from_utf8(hundred, sizeof hundred));
    for (int code = 0; code < 256; code++) {
        char bytes[2] = {(char)code, 'A'};
        Object *text = made(str_from_bytes(bytes, 2));
        object_print(text, stdout, false);
        putchar(' ');
        decref(text);
    }
    putchar('\n');
    random_state = 1;
    for (int i = 0; i < 64; i++) {
        char bytes[64];
        for (int k = 0; k < i; k++)
            bytes[k] = (char)(random_next() >> 33);
        show(str_from_bytes(bytes, i));
    }
}

static void bad_utf8(void) {
    puts("# not UTF-8");
    static const char *const tails[] = {
        "",     "A",        "\x80", "\x80\x41", "\x80\x80",     "\x80\x80\x41", "\x80\x80\x80",
        "\xa0", "\xa0\x80", "\x90", "\x90\x80", "\x90\x80\x41", "\x90\x80\x80", "\xbf\xbf\xbf",
    };
    for (int first = 0x7F; first < 0x100; first++) {
        for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
            char data[8] = {'a', 'b', (char)first};
            strcpy(data + 3, tails[i]);
            show(str_from_string(data));
        }
    }
    static const char *const surrogates[] = {
        "\xed\xa0\x80",
        "a\xed\xbf\xbf",
        "\xed\xa0\xbd\xed\xb0\x8d",
        "\xed\xb2\x80\xed\xb3\xbf",
        "\xed\xb3\xbf\xed\xb4\x80\x62",
        "\xed\x9f\xbf\xee\x80\x80",
        "\xed\xb1\xbf",
    };
    for (size_t i = 0; i < sizeof surrogates / sizeof surrogates[0]; i++) {
        const char *bytes = surrogates[i];
        Object *text = made(str_from_utf8_with_surrogates(bytes, (ssize_t)strlen(bytes)));
        show(new_ref(text));
        Writer out = {0};
        if (str_write(text, &out) < 0) {
            fputs(error_message(), stdout);
            error_clear();
        } else {
            for (size_t k = 0; k < out.length; k++)
                printf("%02x", (unsigned char)out.bytes[k]);
        }
        putchar('\n');
        writer_free(&out);
        decref(text);
    }
}

/* New tuple of the values, whose references it steals; up to a NULL. */
static Object *tuple_of(Object *a, Object *b, Object *c) {
    Object *tuple = made(tuple_pack(!a ? 0 : !b ? 1 : !c ? 2 : 3, a, b, c));
    xdecref(a);
    xdecref(b);
    xdecref(c);
    return tuple;
}

static Object *integer(int64_t value) {
    return made(int_from_long(value));
}

static Object *real(double value) {
    return made(float_from_double(value));
}

/* A random tuple of up to three items, which may be tuples themselves down to `depth`. */
static Object *random_tuple(int depth) {
    Object *items[3] = {NULL};
    uint64_t size = (random_next() >> 33) % 4;
    for (uint64_t i = 0; i < size; i++) {
        uint64_t choice = (random_next() >> 33) % 4;
        if (choice == 3 && depth > 0) {
            items[i] = random_tuple(depth - 1);
        } else if (choice == 2) {
            items[i] = real((double)((random_next() >> 33) % 1000) / 8);
        } else if (choice == 1) {
            items[i] = new_ref((random_next() >> 33) % 2 ? True : False);
        } else {
            items[i] = integer((int64_t)random_next() >> 20);
        }
    }
    return tuple_of(items[0], items[1], items[2]);
}

static void tuples(void) {
    puts("# tuples");
    Object *empty = tuple_of(NULL, NULL, NULL);
    show(new_ref(empty));
    show(tuple_of(integer(1), NULL, NULL));
    show(tuple_of(integer(1), integer(0), NULL));
    show(tuple_of(integer(0), integer(1), NULL));
    show(tuple_of(integer(1), tuple_of(integer(0), integer(1), NULL), NULL));
    show(tuple_of(new_ref(empty), tuple_of(new_ref(empty), NULL, NULL), NULL));
    show(tuple_of(str_from_string("a"), real(1.5), new_ref(True)));
    show(tuple_of(integer(-1), integer(-2), NULL));
    show(tuple_of(new_ref(False), real(0.0), NULL));
    Object *nested = empty;
    for (int i = 0; i < 40; i++)
        nested = tuple_of(nested, integer(i), NULL);
    show(nested);
    random_state = 1;
    for (int i = 0; i < 100; i++)
        show(random_tuple(4));
}

static void equalities(void) {
    puts("# equal");
    const int64_t two_53 = INT64_C(1) << 53;
    Object *values[] = {
        integer(0),
        real(0.0),
        real(-0.0),
        new_ref(False),
        integer(1),
        real(1.0),
        new_ref(True),
        integer(two_53),
        real(0x1p53),
        integer(two_53 + 1),
        integer(INT64_MAX),
        real(0x1p63),
        integer(INT64_MIN),
        real(-0x1p63),
        real(INFINITY),
        made(str_from_string("1")),
        made(str_from_string("")),
        tuple_of(NULL, NULL, NULL),
        tuple_of(integer(1), NULL, NULL),
        tuple_of(real(1.0), NULL, NULL),
        tuple_of(new_ref(True), NULL, NULL),
        tuple_of(integer(0), NULL, NULL),
        new_ref(None),
    };
    size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            putchar(object_rich_equal(values[i], values[j]) == 1 ? '=' : '.');
        putchar(' ');
        object_print(values[i], stdout, false);
        putchar('\n');
    }
    for (size_t i = 0; i < count; i++)
        decref(values[i]);
}

static void none(void) {
    puts("# None");
    uint64_t address = (uint64_t)(uintptr_t)None, hash = (uint64_t)None->type->hash(None);
    printf("hash(None) is its address: %s\n",
           hash == (address >> 4 | address << 60) ? "True" : "False");
}

int main(int argc, char **argv) {
    (void)argc;
    ints();
    floats();
    texts();
    bad_utf8();
    tuples();
    none();
    equalities();
    return finish_output(argv[0], 0);
}
