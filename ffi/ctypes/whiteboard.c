/* whiteboard.c: a call by type code through a table, the heart of ctypes, on 64-bit words. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4 };

typedef const char *Value; // as the user typed it

/* How a value becomes an argument: false if it does not fit. */
typedef struct {
    char code;
    bool (*set)(Value value, int64_t *word);
} Desc;

typedef struct {
    int64_t (*function)(const int64_t *args);
    const char *argtypes; // a code each: what C does not know
} FuncPtr;

// i: a number and nothing after it; of too large a one the lowest 32 bits, with their sign.
static bool set_int(Value value, int64_t *word) {
    long long number;
    char rest;
    if (sscanf(value, "%lld%c", &number, &rest) != 1) return false;
    *word = (int32_t)(uint32_t)number; // as an assignment in C keeps them
    return true;
}

// z: its address, and no copy.
static bool set_text(Value value, int64_t *word) {
    *word = (int64_t)(intptr_t)value; // its owner must outlive the call
    return true;
}

static const Desc descs[] = {{'i', set_int}, {'z', set_text}};

// The entry of a code, NULL if there is none.
static const Desc *find_desc(char code) {
    for (size_t i = 0; i < sizeof descs / sizeof *descs; i++)
        if (descs[i].code == code) return &descs[i];
    return NULL;
}

// Calls with as many values as there are argtypes: NULL, or what is wrong: "too many arguments" (than MOST),
// "wrong number of arguments", "no such type", "wrong type". Nothing is called unless all fit.
static const char *call_typed(const FuncPtr *f, const Value *values, size_t n, int64_t *result) {
    int64_t args[MOST] = {0};
    if (n > MOST) return "too many arguments";
    if (n != strlen(f->argtypes)) return "wrong number of arguments";
    for (size_t i = 0; i < n; i++) {
        const Desc *desc = find_desc(f->argtypes[i]);
        if (!desc) return "no such type";
        if (!desc->set(values[i], &args[i])) return "wrong type";
    }
    *result = f->function(args);
    return NULL;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int calls, broken;
static const char *given; // the address that length() was called with

static int64_t add(const int64_t *args) {
    calls++;
    return args[0] + args[1];
}
static int64_t length(const int64_t *args) {
    given = (const char *)(intptr_t)args[0];
    return given ? (int64_t)strlen(given) : -1;
}

static void check(const char *promise, int64_t got, int64_t expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %lld, expected %lld\n", promise, (long long)got, (long long)expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

/* What add() of these gives; -99 for an error. */
static int64_t sum(Value a, Value b) {
    int64_t result = -98;
    return call_typed(&(FuncPtr){add, "ii"}, (Value[]){a, b}, 2, &result) ? -99 : result;
}

/* Whether a call of add() is refused in these words. */
static bool refused(const char *argtypes, const Value *values, size_t n, const char *words) {
    int64_t result;
    const char *error = call_typed(&(FuncPtr){add, argtypes}, values, n, &result);
    return error ? strcmp(error, words) == 0 : false;
}

int main(void) {
    check("add(2, 3)", sum("2", "3"), 5);
    check("add(-2, 3)", sum("-2", "3"), 1);
    check("add(2**32 + 2, 0): the lowest bits", sum("4294967298", "0"), 2);
    check("add(2**31, 0): with their sign", sum("2147483648", "0"), INT32_MIN);
    int64_t result = -98;
    Value text = "hello";
    FuncPtr f = {length, "z"};
    check("length(\"hello\") is called", call_typed(&f, &text, 1, &result) == NULL, true);
    check("and gives 5", result, 5);
    check("what it got is the text's own address", given == text, true);
    calls = 0;
    const Value values[] = {"2", "3x", "", "4", "5"};
    check("3x is no number", refused("ii", values, 2, "wrong type"), true);
    check("nor is nothing", refused("ii", values + 2, 2, "wrong type"), true);
    check("a code that is not there", refused("i?", values, 2, "no such type"), true);
    check("one argument too few", refused("ii", values, 1, "wrong number of arguments"), true);
    check("one too many", refused("i", values, 2, "wrong number of arguments"), true);
    check("more than there is room for", refused("zzzzz", values, 5, "too many arguments"), true);
    check("and nothing was called", calls, 0);
    return broken;
}
