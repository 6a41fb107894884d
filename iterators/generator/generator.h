/* generator.h: a function that stops in the middle: its frame is on the heap.
 *
 *     Generator                                   the C stack, while it runs
 *     +----------------------+                    +---------------------------+
 *     | refcnt, type         |                    | caller of iter_next()     |
 *     | code ----------------+-> name, run, ...   | generator_iternext()      |
 *     | yieldfrom            |   whom it waits    | code->run(): borrows the  |
 *     | lasti  state nblocks |   where, how       | frame, returns at a yield |
 *     +----------------------+                    +---------------------------+
 *     | locals               |   references first, then anything else
 *     | blocks               |   the `try` statements it is inside of
 *     +----------------------+
 *
 * The invariant: between two resumes everything that the function knows is in this one block. So a
 * yield is a `return` that wrote down its line in `lasti`, a resume is a call that jumps there, and
 * NO C VARIABLE SURVIVES A YIELD: what is needed afterwards must live in the locals.
 *
 * CPython: Include/cpython/genobject.h, PyGenObject; Include/internal/pycore_frame.h,
 * _PyInterpreterFrame (code is f_code, lasti is prev_instr, locals and blocks are localsplus).
 */
#ifndef GENERATOR_H
#define GENERATOR_H

#include "../iterator/iterator.h"
#include "../object.h"

/* CPython: Include/internal/pycore_frame.h, enum _framestate, with the same numbers: below 0 it can
 * be resumed, above 0 it never will be. */
typedef enum {
    FRAME_CREATED = -2,
    FRAME_SUSPENDED = -1,
    FRAME_EXECUTING = 0,
    FRAME_COMPLETED = 1,
    FRAME_CLEARED = 4,
} FrameState;

typedef struct Generator Generator;

/* What all generators of one `def` share. CPython: PyCodeObject (co_qualname, co_code, co_nlocals,
 * co_stacksize). */
typedef struct {
    const char *name;
    /* Runs from lasti to the next yield. `sent`, borrowed, is what the yield it stopped at came to:
     * the value sent, None for next(), or the result of a yield from. New reference: yielded if
     * state is FRAME_SUSPENDED, else returned; NULL with an error set. */
    Object *(*run)(Generator *self, Object *sent);
    size_t locals_size; // bytes
    int16_t references; // how many Object * the locals begin with, each owned or NULL
    int16_t blocks;     // the deepest nesting of TRY
} Code;

/* Why the handler of a block runs. CPython up to 3.7: Python/ceval.c, enum why_code. */
typedef enum {
    WHY_NOT,    // it does not: the guarded code is running
    WHY_FELL,   // `finally` was reached from above
    WHY_RETURN, // a RETURN is on its way out; `value` is what it returns
    WHY_ERROR,  // an error is on its way out; `error`, or MemoryError if that is NULL
} Why;

/* A `try` that the frame is inside of. CPython up to 3.10: PyTryBlock in f_blockstack.
 * Simplified: 3.11 finds handlers in a static table (co_exceptiontable), so that a `try` that
 * nothing is raised in costs nothing; here, entering one is a store. */
typedef struct {
    int32_t handler; // the case label to continue at, negative
    Why why;
    union {
        Object *value; // owned
        Error *error;  // owned; outside the block, for its size
    };
} Block;

struct Generator {
    Object ob;
    const Code *code;
    Object *yieldfrom; // the iterator it delegates to, or NULL. CPython: on the frame's value stack
    int32_t lasti;     // 0: the start; n: the yield on line n after BEGIN; -n: the TRY there
    int16_t state;     // FrameState
    int16_t nblocks;
    Object *localsplus[]; // references, the other locals, blocks
};

extern const Type Generator_Type;

/* ---- The object ------------------------------------------------------------------------------*/

/* New generator that will run `code` with a copy of `*locals`, with references of its own; nothing
 * runs yet. NULL with MemoryError. CPython: Python/ceval.c, RETURN_GENERATOR; Objects/genobject.c,
 * _Py_MakeCoro(). */
Object *generator_new(const Code *code, const void *locals);

/* How many bytes such a generator takes, frame and all. CPython: sys.getsizeof(generator), without
 * the 16 bytes of the collector's header. */
size_t generator_sizeof(const Code *code);

/* A generator expression: the same, but local reference 0 becomes iter(iterable), taken now: all
 * the rest is evaluated when values are asked for. NULL with TypeError if it is not iterable.
 * CPython: Python/compile.c, compiler_comprehension(). */
Object *generator_expression(const Code *code, const void *locals, Object *iterable);

/* generator.send(value): what it yields next, a new reference. NULL with the error it raised, with
 * StopIteration (carrying what it returned), TypeError (a value for a generator that has not begun)
 * or ValueError (it is running). CPython: Objects/genobject.c, gen_send(). */
Object *generator_send(Generator *self, Object *value);

/* generator.throw(type(message)): the error is raised at the yield where it is suspended; then as
 * generator_send(). CPython: Objects/genobject.c, gen_throw(), _gen_throw(). */
Object *generator_throw(Generator *self, ErrorType type, const char *message);

/* generator.close(): GeneratorExit is raised at the yield. 0 if that ended it, -1 with the error
 * that came out instead, or RuntimeError if it yielded again. CPython: Objects/genobject.c,
 * gen_close(). */
int generator_close(Generator *self);

/* Sends a value into any iterator: through its type's `send` if it has that, else None is next()
 * and anything else AttributeError. CPython: Objects/abstract.c, PyIter_Send(). */
SendResult iter_send(Object *iterator, Object *value, Object **result);

/* GEN_CREATED, GEN_RUNNING, GEN_SUSPENDED, GEN_CLOSED. CPython: Lib/inspect.py,
 * getgeneratorstate(). */
const char *generator_state(const Generator *self);

/* generator.gi_yieldfrom: borrowed, or NULL unless it is suspended in a yield from.
 * CPython: Objects/genobject.c, _PyGen_yf(). */
Object *generator_yieldfrom(const Generator *self);

/* How many resumes may be under way inside each other in this thread, 1000 at first; one more is
 * RecursionError. More need a C stack that holds them, some 500 bytes each and what the code itself
 * takes. CPython: Python/ceval.c, Py_SetRecursionLimit(), for all threads; sys.setrecursionlimit().
 */
void set_recursion_limit(int limit);

/* ---- The frame (frame.c): what the macros below and the object above stand on ----------------*/

/* How many more resumes may begin inside of those under way in this thread.
 * CPython: PyThreadState, recursion_remaining. */
extern _Thread_local int recursion_remaining;

/* Runs a frame until it yields (SEND_NEXT), returns (SEND_RETURN) or fails with no handler left
 * (SEND_ERROR); RecursionError, and the frame gone, if it would lie too deep. If `throwing`, the
 * pending error is raised where it stands. The frame's locals are gone unless it yielded. CPython:
 * Python/ceval.c, _PyEval_EvalFrameDefault(). */
SendResult frame_eval(Generator *self, Object *sent, bool throwing, Object **result);

/* The second half of frame_eval(), for who has called code->run() already: makes of what came back
 * (a value, or NULL) what the outside is told. */
SendResult frame_settle(Generator *self, Object *came, Object **result);

/* Drops locals and blocks. CPython: Python/frame.c, _PyFrame_Clear(). */
void frame_clear(Generator *self);

int frame_setup_block(Generator *self, int32_t handler); // 0, or -1 with RuntimeError: too many
void frame_pop_block(Generator *self);
bool frame_is_trying(const Generator *self);
bool frame_catches(const Generator *self, ErrorType type);
void frame_begin_finally(Generator *self);
bool frame_end_finally(Generator *self); // false: go on; true: return frame_reraise(self)
/* Goes on with what the innermost handler interrupted: returns what the code must return. */
Object *frame_reraise(Generator *self);

/* In an EXCEPT: the message of the error caught. */
const char *frame_caught(const Generator *self);

/* Begins a yield from: steals `iterable`, which may be NULL (an error is set then). A generator is
 * taken as it is, of anything else the iterator. Non-NULL to go on, NULL with an error.
 * CPython: Python/ceval.c, GET_YIELD_FROM_ITER. */
Object *frame_delegate(Generator *self, int32_t lasti, Object *iterable);

/* The next value of `iterator` to *target in place of what was there: true. False when exhausted;
 * true and *target NULL with an error. CPython: Python/ceval.c, FOR_ITER, STORE_FAST. */
bool frame_for_iter(Object *iterator, Object **target);

static inline void *frame_locals(Generator *self) {
    return self->localsplus;
}

static inline Object *frame_yield(Generator *self, int32_t lasti, Object *value) {
    self->lasti = lasti;
    self->state = FRAME_SUSPENDED;
    return value;
}

/* ---- The language: how a generator is written in C --------------------------------------------
 *
 *     def countdown(n):            static Object *countdown_run(Generator *self, Object *sent) {
 *                                      BEGIN(Countdown);
 *         while n > 0:                 while (local->n > 0) {
 *             yield n                      YIELD(int_from_long(local->n));
 *             n -= 1                       local->n -= 1;
 *                                      }
 *         return 'liftoff'             RETURN(str_from_string("liftoff"));
 *                                      END;
 *                                  }
 *
 * `typedef struct { int64_t n; } Countdown;` are its locals. The whole body is one switch over
 * lasti, and YIELD hides a case label (Simon Tatham's coroutines, Adam Dunkels' protothreads), so:
 *
 *   - No C variable survives a yield. `sent` is good until the next one.
 *   - `return NULL` with an error set raises, `return value` returns: from anywhere in the body.
 *   - One YIELD, YIELD_FROM or TRY a line; none inside a `switch` of its own.
 *   - No break, continue or goto out of a TRY. RETURN, return and errors are fine.
 *
 * Lines are counted from BEGIN, as CPython's f_lineno - co_firstlineno.
 */
#define BEGIN(Locals)                                                                              \
    enum { FIRST_LINE = __LINE__ };                                                                \
    Locals *local = frame_locals(self);                                                            \
    (void)local, (void)sent;                                                                       \
    switch (self->lasti) {                                                                         \
    case 0:

#define END                                                                                        \
    }                                                                                              \
    return new_ref(None)

#define HERE (__LINE__ - FIRST_LINE)

/* yield value: steals the new reference; NULL raises the pending error. */
#define YIELD(value)                                                                               \
    do {                                                                                           \
        return frame_yield(self, HERE, OBJECT(value));                                             \
    case HERE:;                                                                                    \
    } while (0)

/* yield from iterable: steals it, NULL raises. The result is in `sent` afterwards. */
#define YIELD_FROM(iterable)                                                                       \
    do {                                                                                           \
        return frame_delegate(self, HERE, OBJECT(iterable));                                       \
    case HERE:;                                                                                    \
    } while (0)

/* return value: steals the reference, NULL raises. */
#define RETURN(value) return OBJECT(value)

/* for target in iterator: { ... } */
#define FOR_EACH(target, iterator)                                                                 \
    while (frame_for_iter(iterator, &(target)))                                                    \
        if (!(target))                                                                             \
            return NULL;                                                                           \
        else

/* TRY { ... } EXCEPT(ValueError) { ... } END_TRY;   as many EXCEPTs as it takes
 * TRY { ... } FINALLY { ... } END_FINALLY; */
#define TRY                                                                                        \
    if (frame_setup_block(self, -HERE) < 0) return NULL;                                           \
    __attribute__((fallthrough));                                                                  \
    case -HERE:                                                                                    \
        if (frame_is_trying(self))

#define EXCEPT(type) else if (frame_catches(self, type))

#define END_TRY                                                                                    \
    else return frame_reraise(self);                                                               \
    frame_pop_block(self)

#define FINALLY frame_begin_finally(self);

#define END_FINALLY                                                                                \
    if (frame_end_finally(self)) return frame_reraise(self)

/* raise, in an EXCEPT: the error that was caught. */
#define RERAISE return frame_reraise(self)

#endif
