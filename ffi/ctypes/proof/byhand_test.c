/* byhand_test.c: calls without libffi: every type's limits, there and back, each argument in its
 * register or stack slot. Runs on each platform: where no call by hand is written, it must say
 * so. */
#include "../../../common/proof/testing.h"

#include "../byhand.h"

typedef void (*Any)(void);

static double many(int a, double b, long c, float d, short e, int f, int g, int h, double i,
                   double j, double k, double l, double m, double n, double o, double p,
                   unsigned char q, float r) {
    double general = a + 2.0 * (double)c + 3 * e + 4 * f + 5 * g + 6 * h + 7 * q;
    return general + b + 2 * (double)d + 3 * i + 4 * j + 5 * k + 6 * l + 7 * m + 8 * n + 9 * o +
           10 * p + 11 * (double)r;
}

#define ECHO(name, type)                                                                           \
    static type echo_##name(type value) {                                                          \
        return value;                                                                              \
    }
ECHO(b, signed char)
ECHO(B, unsigned char)
ECHO(h, short)
ECHO(H, unsigned short)
ECHO(i, int)
ECHO(I, unsigned)
ECHO(q, long long)
ECHO(Q, unsigned long long)
ECHO(P, void *)
ECHO(t, bool)
ECHO(d, double)
ECHO(f, float)

static int odd(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}

static int sum(int count, ...) {
    va_list args;
    double total = 0;
    va_start(args, count);
    for (int i = 0; i < count; i++)
        total += va_arg(args, double);
    va_end(args);
    return (int)total;
}

/* What the function's frame is beyond a multiple of 16, with one word on the stack and with two. */
__attribute__((noinline)) static int askew_one(int a, int b, int c, int d, int e, int f, int g) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g;
    return (int)((uintptr_t)__builtin_frame_address(0) % 16);
}
__attribute__((noinline)) static int askew_two(int a, int b, int c, int d, int e, int f, int g,
                                               int h) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    return (int)((uintptr_t)__builtin_frame_address(0) % 16);
}

/* The result's 64 bits. */
static uint64_t call(Any function, const char *types, const ByhandValue *args) {
    ByhandValue result = {.u = 99};
    assert_int_equal(byhand_call(function, types, args, &result), 0);
    return result.u;
}

static void test_limits(void **unused) {
    (void)unused;
    if (!byhand_abi) skip();
    static const struct {
        Any echo;
        const char *types;
        int64_t value, expected;
    } table[] = {
        {(Any)echo_b, "b(b)", -128, -128},
        {(Any)echo_b, "b(b)", 127, 127},
        {(Any)echo_B, "B(B)", 255, 255},
        {(Any)echo_h, "h(h)", -32768, -32768},
        {(Any)echo_H, "H(H)", 65535, 65535},
        {(Any)echo_i, "i(i)", INT32_MIN, INT32_MIN},
        {(Any)echo_i, "i(i)", INT32_MAX, INT32_MAX},
        {(Any)echo_I, "I(I)", UINT32_MAX, UINT32_MAX},
        {(Any)echo_i, "u(u)", 0x1F600, 0x1F600},
        {(Any)echo_q, "q(q)", INT64_MIN, INT64_MIN},
        {(Any)echo_Q, "Q(Q)", -1, -1},
        {(Any)echo_P, "P(P)", -1, -1},
        {(Any)echo_P, "z(z)", 4096, 4096},
        {(Any)echo_t, "?(?)", 1, 1},
        {(Any)echo_i, "v(i)", 7, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ByhandValue arg = {.i = table[i].value};
        assert_int_equal(call(table[i].echo, table[i].types, &arg), (uint64_t)table[i].expected);
    }
    ByhandValue real = {.d = -0.0}, single = {.f = 1.5f}, back;
    back.u = call((Any)echo_d, "d(d)", &real);
    assert_int_equal(back.u, real.u);
    back.u = call((Any)echo_f, "f(f)", &single);
    assert_true(back.f == 1.5f);
}

static void test_registers_and_stack(void **unused) {
    (void)unused;
    if (!byhand_abi) skip();
    ByhandValue args[18] = {{.i = 1},  {.d = 2},   {.i = 3},    {.f = 4.5f}, {.i = -5},
                            {.i = 6},  {.i = 7},   {.i = 8},    {.d = 9.25}, {.d = 10},
                            {.d = 11}, {.d = 12},  {.d = 13},   {.d = 14},   {.d = 15},
                            {.d = 16}, {.u = 200}, {.f = 18.5f}};
    ByhandValue back = {.u = call((Any)many, "d(idlfhiiiddddddddBf)", args)};
    assert_true(back.d ==
                many(1, 2, 3, 4.5f, -5, 6, 7, 8, 9.25, 10, 11, 12, 13, 14, 15, 16, 200, 18.5f));
    ByhandValue ints[11];
    for (int i = 0; i < 11; i++)
        ints[i].i = 1 << i;
    assert_int_equal((int)call((Any)odd, "i(iiiiiiiiiii)", ints),
                     odd(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024));
    assert_int_equal((int)call((Any)askew_one, "i(iiiiiii)", ints), 0);
    assert_int_equal((int)call((Any)askew_two, "i(iiiiiiii)", ints), 0);
    ByhandValue reals[4] = {{.i = 3}, {.d = 1}, {.d = 2}, {.d = 4}};
    assert_int_equal((int)call((Any)sum, "i(iddd)", reals),
                     7); // al says that there are vector registers
}

/* Where each goes, by name; and the frame agrees. */
static void test_where(void **unused) {
    (void)unused;
    if (!byhand_abi) skip();
    const char *types = "v(idididididididididididididid)";
    ByhandValue args[28];
    ByhandFrame frame;
    int general = 0, vector = 0, stack = 0;
    for (int i = 0; i < 28; i++)
        args[i].i = 100 + i;
    assert_int_equal(byhand_place(types, args, &frame), 28);
    for (int i = 0; i < 28; i++) {
        int slot = -1;
        const char *where = byhand_where(types, i, &slot);
        const char *const *row = i % 2 ? byhand_vector : byhand_general;
        int *taken = i % 2 ? &vector : &general;
        if (row[*taken]) {
            assert_string_equal(where, row[*taken]);
            assert_int_equal((i % 2 ? frame.vector : frame.general)[(*taken)++], 100 + i);
        } else {
            assert_null(where);
            assert_int_equal(slot, stack);
            assert_int_equal(frame.stack[stack++], 100 + i);
        }
    }
    assert_int_equal(frame.nstack, stack);
    assert_int_equal(frame.nvector, vector);
}

static void test_wrong(void **unused) {
    (void)unused;
    static const struct {
        const char *types, *message;
    } table[] = {
        {"x(i)", "no type 'x' to call by hand in 'x(i)'"},
        {"d(g)", "no type 'g' to call by hand in 'd(g)'"},
        {"d(v)", "no type 'v' to call by hand in 'd(v)'"},
        {"d(\xE4)", NULL}, // 'd' with its eighth bit
        {"\xFF(i)", NULL},
        {"", "a type string is a result and arguments, like d(di): ''"},
        {"d", "a type string is a result and arguments, like d(di): 'd'"},
        {"d(d", "a type string is a result and arguments, like d(di): 'd(d'"},
        {"d(d)x", "a type string is a result and arguments, like d(di): 'd(d)x'"},
    };
    ByhandValue args[BYHAND_MAX_ARGS + 1] = {{0}}, result;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(byhand_call((Any)many, table[i].types, args, &result), -1);
        if (!byhand_abi) {
            assert_error(NotImplementedError, "no call by hand for this processor");
        } else if (table[i].message) {
            assert_error(ValueError, table[i].message);
        } else {
            assert_string_equal(error_occurred(), ValueError);
            error_clear();
        }
    }
    if (!byhand_abi) return;
    char types[BYHAND_MAX_ARGS + 5] = "v(";
    memset(types + 2, 'i', BYHAND_MAX_ARGS + 1);
    types[BYHAND_MAX_ARGS + 3] = ')';
    assert_int_equal(byhand_place(types, args, &(ByhandFrame){0}), -1);
    assert_error(OverflowError, "more than 32 arguments");
    types[BYHAND_MAX_ARGS + 2] = ')';
    types[BYHAND_MAX_ARGS + 3] = '\0';
    assert_int_equal(byhand_place(types, args, &(ByhandFrame){0}), BYHAND_MAX_ARGS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_registers_and_stack),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
