/* whiteboard.c: a call by type code through a table, the heart of ctypes, on 64-bit words. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4 };

/* How a value becomes an argument, and what came back a value: false if it does not fit. */
typedef struct {
    char code;
    bool (*set)(const char *text, int64_t *word);
} Desc;

static bool set_int(const char *text, int64_t *word) {
    long value;
    char rest;
    if (sscanf(text, "%ld%c", &value, &rest) != 1) return false;
    *word = (int32_t)(uint32_t)value; // the lowest bits, as C keeps them
    return true;
}

static bool set_text(const char *text, int64_t *word) {
    *word = (int64_t)(intptr_t)text; // an address: its owner must outlive the call
    return true;
}

static const Desc descs[] = {{'i', set_int}, {'z', set_text}};

/* The entry of a code, NULL if there is none. */
static const Desc *find_desc(char code) {
    for (size_t i = 0; i < sizeof descs / sizeof *descs; i++)
        if (descs[i].code == code) return &descs[i];
    return NULL;
}

/* Calls with as many values as `types` has codes: NULL, or what is wrong. Nothing is called unless all fit. */
static const char *call_typed(int64_t (*function)(const int64_t *args), const char *types,
                              const char *const *values, size_t count, int64_t *result) {
    int64_t args[MOST] = {0};
    if (count > MOST) return "too many arguments";
    if (count != strlen(types)) return "wrong number of arguments";
    for (size_t i = 0; i < count; i++) {
        const Desc *desc = find_desc(types[i]);
        if (!desc) return "no such type";
        if (!desc->set(values[i], &args[i])) return "wrong type";
    }
    *result = function(args);
    return NULL;
}

// ---- the check

static int calls, broken;

static int64_t add(const int64_t *args) {
    calls++;
    return args[0] + args[1];
}
static int64_t length(const int64_t *args) {
    return (int64_t)strlen((const char *)(intptr_t)args[0]);
}

static void check(const char *what, int64_t is, int64_t expected) {
    if (is == expected) return;
    printf("%s: expected %lld, got %lld\n", what, (long long)expected, (long long)is);
    broken = 1;
}

static bool says(const char *error, const char *expected) {
    return error ? strcmp(error, expected) == 0 : false;
}

int main(void) {
    int64_t result = 0;
    const char *good[] = {"2", "3"}, *bad[] = {"2", "x"}, *wide[] = {"4294967298", "-1"};
    const char *five[] = {"1", "2", "3", "4", "5"};
    check("add(2, 3): no error", call_typed(add, "ii", good, 2, &result) == NULL, true);
    check("add(2, 3)", result, 5);
    check("add(2**32 + 2, -1): no error", call_typed(add, "ii", wide, 2, &result) == NULL, true);
    check("its lowest bits", result, 1);
    check("length(\"x\"): an address", call_typed(length, "z", bad + 1, 1, &result) == NULL, true);
    check("length(\"x\")", result, 1);
    calls = 0;
    check("a wrong type is said", says(call_typed(add, "ii", bad, 2, &result), "wrong type"), true);
    check("no such type", says(call_typed(add, "i?", good, 2, &result), "no such type"), true);
    check("too few", says(call_typed(add, "ii", good, 1, &result), "wrong number of arguments"),
          true);
    check("too many", says(call_typed(add, "iiiii", five, 5, &result), "too many arguments"), true);
    check("and nothing was called", calls, 0);
    return broken;
}
