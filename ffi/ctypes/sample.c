/* sample.c: the C functions that this room's programs call, a few for each thing that can be handed
 * over. With add.c they are libsample.so. Nothing here knows who calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef struct {
    int x, y;
} Point; // 8 bytes: one register
typedef struct {
    double x, y, z;
} Vector; // 24 bytes: memory on x86-64, three vector registers on AArch64
typedef struct {
    char tag;
    double weight;
} Mixed; // 16 bytes: a general register and a vector register
typedef struct Node {
    int value;
    struct Node *next;
} Node;
typedef struct {
    short triple[3];
} Triple;

#define EXPORT __attribute__((visibility("default")))

// Each type, there and back.
#define ECHO(name, type)                                                                           \
    EXPORT type echo_##name(type value) {                                                          \
        return value;                                                                              \
    }
ECHO(b, signed char)
ECHO(B, unsigned char)
ECHO(c, char)
ECHO(h, short)
ECHO(H, unsigned short)
ECHO(i, int)
ECHO(I, unsigned)
ECHO(l, long)
ECHO(L, unsigned long)
ECHO(q, long long)
ECHO(Q, unsigned long long)
ECHO(f, float)
ECHO(d, double)
ECHO(g, long double)
ECHO(t, _Bool)
ECHO(P, void *)
ECHO(z, char *)
ECHO(Z, wchar_t *)
ECHO(u, wchar_t)

// Structures by value, by address.
EXPORT Point point_mirror(Point p) {
    return (Point){p.y, p.x};
}
EXPORT Vector vector_scale(Vector v, double factor) {
    return (Vector){v.x * factor, v.y * factor, v.z * factor};
}
EXPORT Mixed mixed_double(Mixed m) {
    return (Mixed){(char)(m.tag + 1), m.weight * 2};
}
EXPORT int triple_sum(Triple t) {
    return t.triple[0] + t.triple[1] + t.triple[2];
}
EXPORT void point_move(Point *p, int dx, int dy) {
    p->x += dx;
    p->y += dy;
}
EXPORT int list_sum(const Node *node) {
    int sum = 0;
    for (; node; node = node->next)
        sum += node->value;
    return sum;
}

// Arrays and out-parameters.
EXPORT long array_sum(const int *items, size_t count) {
    long sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += items[i];
    return sum;
}
EXPORT int divide(int a, int b, int *quotient, int *remainder) {
    if (b == 0) {
        errno = EDOM;
        return -1;
    }
    *quotient = a / b;
    *remainder = a % b;
    return 0;
}

// Text.
EXPORT size_t text_length(const char *text) {
    return strlen(text);
}
EXPORT void text_upper(char *text) {
    for (; *text; text++)
        if ('a' <= *text && *text <= 'z') *text = (char)(*text - 'a' + 'A');
}
EXPORT const char *text_constant(void) {
    return "a string of the library's own";
}

// Callbacks: called at once, and kept.
EXPORT int apply(int (*function)(int), int value) {
    return function(value);
}
EXPORT void sort_ints(int *items, size_t count, int (*compare)(const void *, const void *)) {
    qsort(items, count, sizeof *items, compare);
}
static int (*kept)(int);
EXPORT void keep(int (*function)(int)) {
    kept = function;
}
EXPORT int call_kept(int value) {
    return kept ? kept(value) : -1;
}
EXPORT double apply_point(double (*function)(Point, double), Point p, double by) {
    return function(p, by);
}

// errno, and a variable.
EXPORT int fail_with(int number) {
    int before = errno;
    errno = number;
    return before;
}
EXPORT int sample_counter = 42;

// Many arguments of both kinds: six general registers, eight vector registers, and a stack.
EXPORT double many(int a, double b, long c, float d, short e, int f, int g, int h, double i,
                   double j, double k, double l, double m, double n, double o, double p,
                   unsigned char q, float r) {
    double general = a + 2.0 * (double)c + 3 * e + 4 * f + 5 * g + 6 * h + 7 * q;
    return general + b + 2 * (double)d + 3 * i + 4 * j + 5 * k + 6 * l + 7 * m + 8 * n + 9 * o +
           10 * p + 11 * (double)r;
}
EXPORT int sum_variadic(int count, ...);
EXPORT int sum_variadic(int count, ...) {
    __builtin_va_list args;
    int sum = 0;
    __builtin_va_start(args, count);
    for (int i = 0; i < count; i++)
        sum += __builtin_va_arg(args, int);
    __builtin_va_end(args);
    return sum;
}
EXPORT void nothing(void) {
}
