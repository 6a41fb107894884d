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
    (void)frame;
}
#endif

// byhand_jump.S knows these numbers.
_Static_assert(sizeof(void *) != 8 ||
                   (offsetof(ByhandFrame, general) == 24 && offsetof(ByhandFrame, vector) == 88 &&
                    offsetof(ByhandFrame, general_result) == 152 &&
                    offsetof(ByhandFrame, stack) == 168),
               "the frame is not as byhand_jump.S has it");

static bool is_floating(char code) {
    return code == 'd' || code == 'f';
}

static bool is_general(char code) {
    return code && strchr("cbBhHiIlLqQ?PzZuO", code);
}

static int no_such_type(const char *types, char code) {
    if (code) return error_set(ValueError, "no type '%c' to call by hand in '%.100s'", code, types);
    return error_set(ValueError, "a type string is a result and arguments, like d(di): '%.100s'",
                     types);
}

int byhand_place(const char *types, const ByhandValue *args, ByhandFrame *frame) {
    if (!byhand_abi) return error_set(NotImplementedError, "no call by hand for this processor");
    char result = types[0];
    if (!is_floating(result) && !is_general(result) && result != 'v')
        return no_such_type(types, result);
    if (types[1] != '(') return no_such_type(types, '\0');
    int ngeneral = 0, nvector = 0, nstack = 0, index = 0;
    for (const char *code = types + 2; *code != ')'; code++, index++) {
        if (index == BYHAND_MAX_ARGS)
            return error_set(OverflowError, "more than %d arguments", BYHAND_MAX_ARGS);
        bool floating = is_floating(*code);
        if (!floating && !is_general(*code)) return no_such_type(types, *code);
        uint64_t value = args[index].u;
        if (floating && nvector < VECTOR) {
            frame->vector[nvector++] = value; // of a float, the lower half
        } else if (!floating && ngeneral < GENERAL) {
            frame->general[ngeneral++] = value;
        } else {
            frame->stack[nstack++] = value;
        }
    }
    frame->nstack = (uint64_t)nstack;
    frame->nvector = (uint64_t)nvector; // al: a variadic function on x86-64 wants to know
    frame->ngeneral = ngeneral;
    frame->result = result;
    return index;
}

const char *byhand_where(const char *types, int index, int *slot) {
    int taken[2] = {0, 0}, stack = 0;
    for (int i = 0;; i++) {
        bool floating = is_floating(types[2 + i]);
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

/* The register's low bits, as wide as the type: the others are anything. */
static void take_result(const ByhandFrame *frame, ByhandValue *result) {
    uint64_t bits = frame->general_result;
    switch (frame->result) {
    case 'd':
    case 'f':
        result->u = frame->vector_result;
        break;
    case 'b':
    case 'c':
        result->i = (int8_t)bits;
        break;
    case 'B':
    case '?':
        result->u = (uint8_t)bits;
        break;
    case 'h':
        result->i = (int16_t)bits;
        break;
    case 'H':
        result->u = (uint16_t)bits;
        break;
    case 'i':
    case 'u':
        result->i = (int32_t)bits;
        break;
    case 'I':
        result->u = (uint32_t)bits;
        break;
    case 'v':
        result->u = 0;
        break;
    default:
        result->u = bits;
    }
}

int byhand_call(void (*function)(void), const char *types, const ByhandValue *args,
                ByhandValue *result) {
    ByhandFrame frame;
    if (byhand_place(types, args, &frame) < 0) return -1;
    frame.function = function;
    byhand_jump(&frame);
    take_result(&frame, result);
    return 0;
}
