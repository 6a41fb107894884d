/* byhand.h: a call without libffi, for the two processors that most people have: which argument
 * goes into which register, and which onto the stack.
 *
 * The invariant: the calling convention is a rule about the list of types alone. Integers and
 * addresses take the next general register, floating-point numbers the next vector register, each
 * from its own row; what finds its row used up goes onto the stack, in order, eight bytes each. So
 * a list of types says it all, and the values can stay as they are: 64 bits. What the rule does not
 * cover here: structures by value, long double, variable arguments on Apple's ARM.
 *
 * x86-64: System V ABI, section 3.2.3. AArch64: AAPCS64, section 6.8.2. CPython: libffi does this,
 * src/x86/ffi64.c and src/aarch64/ffi.c there.
 */
#ifndef BYHAND_H
#define BYHAND_H

#include "../object.h" // the names of errors; no object is needed here

enum { BYHAND_MAX_ARGS = 32 };

/* "System V x86-64", "AAPCS64", or NULL where a call by hand is not written; the names of the
 * registers in the order in which they are taken, NULL at the end. */
extern const char *const byhand_abi;
extern const char *const byhand_general[], *const byhand_vector[];

typedef union {
    int64_t i; // of b h i l q, and bool
    uint64_t u;
    double d;
    float f;
    void *p;
} ByhandValue;

/* What is to stand where when the function begins, and what stood there when it returned. The order
 * of the first six fields is known to byhand_jump.S. */
typedef struct {
    void (*function)(void);
    uint64_t nstack, nvector;               // how many of these are used
    uint64_t general[8], vector[8];         // six general ones on x86-64
    uint64_t general_result, vector_result; // rax and xmm0, x0 and d0
    uint64_t stack[BYHAND_MAX_ARGS];
    int ngeneral;
    char result; // its type code
} ByhandFrame;

/* Sorts the arguments into a frame by a type string, ctypes' codes: "d(d)" is double cos(double),
 * "i(zi?)" takes a char *, an int and a bool, "v()" is void f(void). Returns how many arguments
 * there are, or -1 with ValueError ("no type 'x' to call by hand in 'x(i)'"), OverflowError,
 * NotImplementedError. */
int byhand_place(const char *types, const ByhandValue *args, ByhandFrame *frame);
/* Where argument `index` went, as byhand_place() left it: a register's name, or NULL and *slot on
 * the stack. For those who draw it. */
const char *byhand_where(const char *types, int index, int *slot);
/* Fills the registers, calls, keeps what came back. */
void byhand_jump(ByhandFrame *frame);
/* All of it: 0 with the result, or -1 with an error. */
int byhand_call(void (*function)(void), const char *types, const ByhandValue *args,
                ByhandValue *result);

#endif
