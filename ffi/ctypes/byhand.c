/* byhand.c: arguments sorted into registers and stack by a type string; byhand_jump.S loads them. */
#include "byhand.h"

#include <stddef.h>

#if defined(__x86_64__) && defined(__LP64__)
enum { GENERAL = 6, VECTOR = 8 };
const char *const byhand_abi = "System V x86-64";
const char *const byhand_general[] = {"rdi", "rsi", "rdx", "rcx", "r8", "r9", NULL};
const char *const byhand_vector[] = {"xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                                     "xmm5", "xmm6", "xmm7", NULL};
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__APPLE__)
enum { GENERAL = 8, VECTOR = 8 };
const char *const byhand_abi = "AAPCS64";
const char *const byhand_general[] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", NULL};
const char *const byhand_vector[] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", NULL};
#else
enum { GENERAL = 0, VECTOR = 0 };
const char *const byhand_abi = NULL;
const char *const byhand_general[] = {NULL}, *const byhand_vector[] = {NULL};
void byhand_jump(ByhandFrame *frame) {
    frame->general_result = frame->vector_result = 0;
}
#endif

// byhand_jump.S knows these numbers.
_Static_assert(sizeof(void *) != 8 ||
                   (offsetof(ByhandFrame, general) == 24 && offsetof(ByhandFrame, vector) == 88 &&
                    offsetof(ByhandFrame, general_result) == 152 &&
                    offsetof(ByhandFrame, stack) == 168),
               "the frame is not as byhand_jump.S has it");

/* How each type code is handed over, and in how many low bits of the register a result is. */
enum { IN_GENERAL = 1, IN_VECTOR };
typedef struct {
    uint8_t row, bits;
    bool is_signed;
} Code;
#define LONG_BITS (8 * sizeof(long))
static const Code codes[256] = {
    ['b'] = {IN_GENERAL, 8, true},         ['c'] = {IN_GENERAL, 8, true},
    ['B'] = {IN_GENERAL, 8, false},        ['?'] = {IN_GENERAL, 8, false},
    ['h'] = {IN_GENERAL, 16, true},        ['H'] = {IN_GENERAL, 16, false},
    ['i'] = {IN_GENERAL, 32, true},        ['I'] = {IN_GENERAL, 32, false},
    ['l'] = {IN_GENERAL, LONG_BITS, true}, ['L'] = {IN_GENERAL, LONG_BITS, false},
    ['q'] = {IN_GENERAL, 64, true},        ['Q'] = {IN_GENERAL, 64, false},
    ['u'] = {IN_GENERAL, 32, true},        ['P'] = {IN_GENERAL, 64, false},
    ['z'] = {IN_GENERAL, 64, false},       ['Z'] = {IN_GENERAL, 64, false},
    ['O'] = {IN_GENERAL, 64, false},       ['f'] = {IN_VECTOR, 64, false},
    ['d'] = {IN_VECTOR, 64, false},
};

static int row_of(char code) {
    return codes[(unsigned char)code].row;
}

static int no_such_type(const char *types, char code) {
    if (code) return error_set(ValueError, "no type '%c' to call by hand in '%.100s'", code, types);
    return error_set(ValueError, "a type string is a result and arguments, like d(di): '%.100s'",
                     types);
}

int byhand_place(const char *types, const ByhandValue *args, ByhandFrame *frame) {
    if (!byhand_abi) {
        error_set(NotImplementedError, "no call by hand for this processor");
        return -1;
    }
    char result = types[0];
    if (!row_of(result) && result != 'v') return no_such_type(types, result);
    if (types[1] != '(') return no_such_type(types, '\0');
    int ngeneral = 0, nvector = 0, nstack = 0, index = 0;
    const char *code = types + 2;
    for (; *code != ')'; code++, index++) {
        if (index == BYHAND_MAX_ARGS)
            return error_set(OverflowError, "more than %d arguments", BYHAND_MAX_ARGS);
        int row = row_of(*code);
        if (!row) return no_such_type(types, *code);
        uint64_t value = args[index].u;
        if (row == IN_VECTOR && nvector < VECTOR) {
            frame->vector[nvector++] = value; // of a float, the lower half
        } else if (row == IN_GENERAL && ngeneral < GENERAL) {
            frame->general[ngeneral++] = value;
        } else {
            frame->stack[nstack++] = value;
        }
    }
    if (code[1]) return no_such_type(types, '\0');
    frame->nstack = (uint64_t)nstack;
    frame->nvector = (uint64_t)nvector; // al: a variadic function on x86-64 wants to know
    frame->ngeneral = ngeneral;
    frame->result = result;
    return index;
}

const char *byhand_where(const char *types, int index, int *slot) {
    int taken[2] = {0, 0}, stack = 0;
    for (int i = 0;; i++) {
        bool floating = row_of(types[2 + i]) == IN_VECTOR;
        int room = floating ? VECTOR : GENERAL, at = taken[floating];
        if (i == index) *slot = stack;
        if (i == index)
            return at == room ? NULL : floating ? byhand_vector[at] : byhand_general[at];
        if (at < room) {
            taken[floating]++;
        } else {
            stack++;
        }
    }
}

/* The register's low bits, as many as the type has: the others are anything. */
static uint64_t take_result(const ByhandFrame *frame) {
    const Code *code = &codes[(unsigned char)frame->result];
    if (code->row == IN_VECTOR) return frame->vector_result;
    int above = 64 - code->bits;
    if (code->bits == 0) return 0; // void
    uint64_t upper = frame->general_result << above;
    return code->is_signed ? (uint64_t)((int64_t)upper >> above) : upper >> above;
}

int byhand_call(void (*function)(void), const char *types, const ByhandValue *args,
                ByhandValue *result) {
    ByhandFrame frame;
    if (byhand_place(types, args, &frame) < 0) return -1;
    frame.function = function;
    byhand_jump(&frame);
    result->u = take_result(&frame);
    return 0;
}
