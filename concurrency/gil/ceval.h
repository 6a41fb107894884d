/* ceval.h: a small evaluation loop: the bytecodes that a loop over a shared counter compiles to.
 *
 *     Program                    Thread (one for each OS thread)
 *     +----------------+         +------------------------------------+
 *     | globals        |<--------| frame: function, next instruction, |
 *     | functions      |         |        locals, value stack         |
 *     | Gil, checks    |         | frame of the caller ...            |
 *     +----------------+         +------------------------------------+
 *       shared: nothing            private: no protection needed
 *       but the GIL protects it
 *
 * Whatever threads share is read by a plain load and written by a plain store: globals, and the
 * refcount of each object, as in CPython. With the GIL that is enough. (Spelled as relaxed atomics,
 * which on x86 are the same instructions, so that running without the GIL loses updates, the thing
 * to be shown, and is still defined C.)
 */
#ifndef CEVAL_H
#define CEVAL_H

#include "gil.h"

#include <semaphore.h>

/* ---- Values: one word, so that a load or a store of one is never half done ------------------- */

/* Simplified: an int is its bits, of 62; CPython allocates an object for each beyond a few hundred.
 * So is None (immortal in 3.12), and so is the iterator of a range. */
typedef struct {
    uint64_t bits; // 0: no value
} Value;

enum { TAG_OBJECT = 0, TAG_INT = 1, TAG_RANGE = 2, TAG_NONE = 3, TAG_MASK = 3 };
#define INT_MAX_VALUE ((int64_t)1 << 61)
#define NULL_VALUE    ((Value){0})
#define NONE          ((Value){TAG_NONE})

static inline int value_tag(Value value) {
    return (int)(value.bits & TAG_MASK);
}
static inline Value value_int(int64_t i) {
    return (Value){(uint64_t)i * 4 + TAG_INT};
}
static inline int64_t value_as_int(Value value) {
    return (int64_t)value.bits >> 2;
}
static inline bool value_is_int(Value value) {
    return value_tag(value) == TAG_INT;
}
/* A range is its own iterator: 31 bits each for the next item and for the stop. */
static inline Value value_range(int64_t stop) {
    return (Value){(uint64_t)(stop > 0 ? stop : 0) << 33 | TAG_RANGE};
}
static inline int64_t value_range_next(Value range) {
    return (int64_t)(range.bits >> 2 & 0x7fffffff);
}
static inline int64_t value_range_stop(Value range) {
    return (int64_t)(range.bits >> 33);
}

/* ---- Objects ---------------------------------------------------------------------------------*/

/* Simplified: objects belong to their program and go with it. One whose refcount reaches 0 is
 * marked dead where CPython would free it, so that a wrong count shows, where CPython would crash.
 */
typedef struct {
    atomic_long refcnt;
    atomic_bool dead;
    bool is_builtin;
    char name[32];
} Object;

typedef struct {
    uint8_t opcode, oparg;
} CodeUnit; // CPython: _Py_CODEUNIT. Simplified: no inline caches, no EXTENDED_ARG

enum { STACK_MAX = 16, LOCALS_MAX = 16, CONSTS_MAX = 16, CODE_MAX = 256, FRAMES_MAX = 64 };

typedef struct {
    Object ob;
    int argcount, nlocals, nconsts, size;
    int stacksize; // what it needs of STACK_MAX
    char locals[LOCALS_MAX][32];
    Value consts[CONSTS_MAX];
    CodeUnit code[CODE_MAX];
} Function;

struct Thread;

/* A function in C. Borrows `args`; *result is None unless it sets another. 0, or -1 with an error.
 */
typedef int (*BuiltinFunction)(struct Thread *thread, void *self, const Value *args, Value *result);

typedef struct {
    Object ob;
    int argcount;
    BuiltinFunction call;
    void *self; // borrowed
} Builtin;

/* A lock that any thread may release. CPython: Modules/_threadmodule.c, lockobject. */
typedef struct {
    sem_t sem;
    atomic_bool locked;
} Lock;

/* ---- Bytecodes -------------------------------------------------------------------------------*/

typedef enum {
    NO_ARG,
    LOCAL,
    CONST,
    GLOBAL,
    OPERATOR,
    COMPARISON,
    COUNT,
    FORWARD,
    BACKWARD
} ArgKind;

// Of 3.11, which jumps by offsets, and whose BINARY_OP and COMPARE_OP take the operator as
// argument.
#define OPCODES(X)                                                                                 \
    X(RESUME, NO_ARG)                                                                              \
    X(LOAD_FAST, LOCAL)                                                                            \
    X(STORE_FAST, LOCAL)                                                                           \
    X(LOAD_CONST, CONST)                                                                           \
    X(LOAD_GLOBAL, GLOBAL)                                                                         \
    X(STORE_GLOBAL, GLOBAL)                                                                        \
    X(BINARY_OP, OPERATOR)                                                                         \
    X(COMPARE_OP, COMPARISON)                                                                      \
    X(CALL, COUNT)                                                                                 \
    X(GET_ITER, NO_ARG)                                                                            \
    X(FOR_ITER, FORWARD)                                                                           \
    X(JUMP_FORWARD, FORWARD)                                                                       \
    X(JUMP_BACKWARD, BACKWARD)                                                                     \
    X(POP_JUMP_FORWARD_IF_FALSE, FORWARD)                                                          \
    X(POP_JUMP_FORWARD_IF_TRUE, FORWARD)                                                           \
    X(POP_JUMP_BACKWARD_IF_FALSE, BACKWARD)                                                        \
    X(POP_JUMP_BACKWARD_IF_TRUE, BACKWARD)                                                         \
    X(POP_TOP, NO_ARG)                                                                             \
    X(RETURN_VALUE, NO_ARG)
#define OPCODE_ENUMERATOR(name, kind) name,
typedef enum { OPCODES(OPCODE_ENUMERATOR) OPCODE_COUNT } Opcode;

/* What the arguments of BINARY_OP and COMPARE_OP stand for. The second half of the operators are
 * the in-place ones, as in CPython: for an int they do the same. */
enum { OPERATORS = 16, COMPARISONS = 6 };
extern const char *const operator_names[OPERATORS], *const comparison_names[COMPARISONS];

/* ---- Programs --------------------------------------------------------------------------------*/

enum { GLOBALS_MAX = 64, TASKS_MAX = 16 };

/* Where the eval breaker is looked at. */
typedef enum {
    CHECKS_3_11, // backward jumps, function entry, after calls of C functions
    CHECKS_3_9   // before every instruction but those that follow a trivial one
} EvalChecks;

struct VirtualClock;

typedef struct {
    char name[32];
    _Atomic uint64_t bits; // a Value
} Global;

/* What a thread is to run, and how that ended. */
typedef struct {
    Function *function;    // borrowed
    Value args[4];         // ints or None
    Value result;          // an int or None; else NULL_VALUE
    Error error;           // if it failed
    uint64_t instructions; // where the loop counts them: see Thread
} Task;

/* All that the threads share. While they run, the values of globals and the refcounts of objects
 * are the GIL holder's; nothing else changes. */
typedef struct {
    Gil gil;
    EvalChecks checks;
    Global globals[GLOBALS_MAX];
    int nglobals;
    Object *objects[GLOBALS_MAX]; // owned
    int nobjects;
    Lock *locks[GLOBALS_MAX]; // owned
    int nlocks;
    Task tasks[TASKS_MAX]; // what the text asked for with `thread`
    int ntasks;
    struct VirtualClock *clock; // borrowed; or NULL: real time
    // Called before each instruction, if set. CPython: f_trace_opcodes, which
    // maybe_call_line_trace() in Python/ceval.c looks at.
    void (*watch)(struct Thread *thread, const CodeUnit *instruction);
} Program;

/* Makes an empty program: its GIL, no globals. 0, or -1 with RuntimeError. */
int program_init(Program *self);

/* Frees what the program owns. No thread may run it. */
void program_fini(Program *self);

/* Reads functions, globals and threads from a text, see assemble.c. `name` begins each complaint:
 * -1 with ValueError "name:3: no opcode 'LOAD_FASTER'", or MemoryError; the program then keeps what
 * came before that line and can only be freed. */
int program_assemble(Program *self, const char *name, const char *text, size_t size);

/* Adds a global that is a C function of 0 or 1 arguments, called with `data`, borrowed. 0, or -1
 * with MemoryError, or ValueError if there is no room or a global of that name. */
int program_define(Program *self, const char *name, int argcount, BuiltinFunction call, void *data);

/* Adds a global that is None, or finds the one there is: its slot, or -1 with ValueError if there
 * is no room. */
int program_global(Program *self, const char *name);

/* Makes an object a new global, which from then on owns it. 0, or -1 with ValueError if there is no
 * room or a global of that name, and then the object is still the caller's. */
int program_add(Program *self, const char *name, Object *op);

/* Sets a global to an int, as STORE_GLOBAL does. 0, or -1 with ValueError if there is no room. */
int program_set_int(Program *self, const char *name, int64_t value);

/* The value of a global, borrowed; NULL_VALUE if there is no such global. Hold the GIL, or have no
 * thread run. */
Value program_get(const Program *self, const char *name);

/* The function of that name, borrowed; or NULL. */
Function *program_function(const Program *self, const char *name);

/* Runs each task in a thread of its own and waits for all of them; results and errors are in the
 * tasks. The caller must not hold the GIL. 0, or -1 with RuntimeError "can't start new thread", and
 * then no task has run. */
int program_run(Program *self, Task *tasks, int count);

/* The mnemonic of an opcode, and what kind of argument it takes. */
const char *opcode_name(Opcode opcode);
ArgKind opcode_kind(Opcode opcode);

/* Whether the loop looks at the eval breaker once this instruction is done (3.11), or before the
 * one that follows it (3.9). `callee_is_c` matters to CALL alone: a function in bytecode checks at
 * its own RESUME. */
bool opcode_checks(EvalChecks checks, Opcode opcode, bool callee_is_c);

/* How many values an instruction takes from the stack, and how many it leaves there if it goes on
 * to the next one (to its target: FOR_ITER takes the iterator and leaves nothing). CPython:
 * Python/compile.c, stack_effect(). */
void opcode_stack_effect(CodeUnit unit, int *takes, int *leaves);

/* The argument as dis prints it: "counter", "+=", "8". Returns `text`. */
const char *instruction_arg(const Program *program, const Function *function, int index, char *text,
                            size_t size);

/* ---- Running ---------------------------------------------------------------------------------*/

typedef struct {
    Function *function;
    const CodeUnit *next_instr;
    Value *stack_pointer; // one past the top
    Value locals[LOCALS_MAX];
    Value stack[STACK_MAX];
} Frame;

typedef struct Thread {
    ThreadState tstate;
    Program *program;
    uint64_t instructions; // counted where the loop checks every instruction
    int depth;             // frames in use
    Frame frames[FRAMES_MAX];
} Thread;

/* Calls a function of the program with the GIL held: a new reference, or NULL_VALUE with an error.
 * CPython: Python/ceval.c, _PyEval_EvalFrameDefault(). */
Value eval_call(Thread *thread, Function *function, const Value *args);

/* What a thread needs to run this program; it does not hold the GIL yet. The caller frees it, with
 * free(). NULL with MemoryError. CPython: Python/pystate.c, PyThreadState_New(). */
Thread *thread_new(Program *program, int id);

/* ---- References ------------------------------------------------------------------------------*/

static inline void value_incref(Value value) {
    if (value_tag(value) != TAG_OBJECT || value.bits == 0) return;
    atomic_long *refcnt = &((Object *)(uintptr_t)value.bits)->refcnt;
    long count = load_relaxed(refcnt);
    store_relaxed(refcnt, count + 1);
}

static inline void value_decref(Value value) {
    if (value_tag(value) != TAG_OBJECT || value.bits == 0) return;
    Object *op = (Object *)(uintptr_t)value.bits;
    long count = load_relaxed(&op->refcnt) - 1;
    store_relaxed(&op->refcnt, count);
    if (count == 0) store_relaxed(&op->dead, true);
}

/* ---- Functions in C --------------------------------------------------------------------------*/

/* Waits for the lock, without the GIL if it has to wait. 0, or -1 with RuntimeError if the clock is
 * virtual and nobody is left to release it. CPython: Modules/_threadmodule.c, acquire_timed(). */
int lock_acquire(Thread *thread, Lock *self);

/* 0, or -1 with RuntimeError "release unlocked lock". CPython: Modules/_threadmodule.c,
 * lock_PyThread_release_lock(). */
int lock_release(Thread *thread, Lock *self);

/* Adds what every program has: range(stop), and sleep(microseconds), which releases the GIL. 0, or
 * -1 with MemoryError. */
int program_define_builtins(Program *self);

/* Adds the globals `name`.acquire and `name`.release of a new lock. 0, or -1 with MemoryError, or
 * ValueError if there is no room or a global of such a name. */
int program_define_lock(Program *self, const char *name);

#endif
