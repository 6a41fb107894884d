/* coroutine.h: a function that waits: its frame is on the heap, and what it waits for is in it.
 *
 *     Coroutine of main()        Coroutine of sleep()          Future
 *     +----------------------+   +----------------------+      +----------------------+
 *     | code: name, run, ... |   | code                 |      | callbacks: whom to   |
 *     | awaiting ------------+-->| awaiting ------------+----->|   wake up when done  |
 *     | lasti  state nblocks |   | lasti  state nblocks |      | result               |
 *     | locals               |   | locals               |      +----------------------+
 *     | blocks               |   | blocks               |
 *     +----------------------+   +----------------------+
 *
 * The invariant: a chain of awaits ends in something that yields: a Future that is not done yields
 * itself, and sleep(0) yields None. What is yielded passes through every coroutine of the chain,
 * which do not notice, to whoever sent into the first one: a Task (task.c). What is sent goes the
 * same way in. So `await` waits for nothing: it passes on who waits for what.
 *
 * Between two resumes everything that the function knows is in its frame. An await is a `return`
 * that wrote down its line in `lasti`, a resume is a call that jumps there, and NO C VARIABLE
 * SURVIVES AN AWAIT: what is needed afterwards must live in the locals.
 *
 * CPython: Include/cpython/genobject.h, PyCoroObject, which is a PyGenObject; its frame is
 * Include/internal/pycore_frame.h, _PyInterpreterFrame (code is f_code, lasti is prev_instr,
 * locals, blocks and awaiting are in localsplus).
 */
#ifndef COROUTINE_H
#define COROUTINE_H

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

typedef struct Coroutine Coroutine;

/* What all coroutines of one `async def` share. CPython: PyCodeObject (co_qualname, co_code,
 * co_nlocals, co_stacksize). */
typedef struct {
    const char *name;
    /* Runs from lasti to the next await. `sent`, borrowed, is what the await it stopped at came to.
     * New reference: yielded if state is FRAME_SUSPENDED, else returned; NULL with an exception. */
    Object *(*run)(Coroutine *self, Object *sent);
    size_t locals_size; // bytes
    int16_t references; // how many Object * the locals begin with, each owned or NULL
    int16_t blocks;     // the deepest nesting of TRY and ASYNC_WITH
} Code;

/* Why the handler of a block runs. CPython up to 3.7: Python/ceval.c, enum why_code. */
typedef enum {
    WHY_NOT,    // it does not: the guarded code is running
    WHY_FELL,   // `finally` was reached from above
    WHY_RETURN, // a RETURN is on its way out; `value` is what it returns
    WHY_ERROR,  // an exception is on its way out; `value` is it
} Why;

/* A `try` that the frame is inside of. CPython up to 3.10: PyTryBlock in f_blockstack.
 * Simplified: 3.11 finds handlers in a static table (co_exceptiontable), so that a `try` that
 * nothing is raised in costs nothing; here, entering one is a store. */
typedef struct {
    int32_t handler; // the case label to continue at, negative
    Why why;
    Object *value; // owned, or NULL
} Block;

struct Coroutine {
    Object ob;
    const Code *code;
    Object *awaiting; // what it awaits, or NULL. CPython: on the frame's value stack; cr_await
    int32_t lasti;    // 0: the start; n: the await on line n after BEGIN; -n: the TRY there
    int16_t state;    // FrameState
    int16_t nblocks;
    Object *localsplus[]; // references, the other locals, blocks
};

extern const Type Coroutine_Type;

static inline bool coroutine_check(const Object *self) {
    return self->type == &Coroutine_Type;
}

/* ---- The object ------------------------------------------------------------------------------*/

/* What calling an `async def` makes: a coroutine that will run `code` with a copy of `*locals`,
 * with references of its own; nothing runs yet. NULL with MemoryError. CPython: Python/ceval.c,
 * RETURN_GENERATOR; Objects/genobject.c, _Py_MakeCoro(). */
Object *coroutine_new(const Code *code, const void *locals);

/* How many bytes such a coroutine takes, frame and all. CPython: sys.getsizeof(coroutine), without
 * the 16 bytes of the collector's header. */
size_t coroutine_sizeof(const Code *code);

/* coro.send(value): what comes out of the chain, a new reference. NULL with the exception it
 * raised, with StopIteration, whose value is what it returned, TypeError (a value for one that has
 * not begun), ValueError (it is running) or RuntimeError ("cannot reuse already awaited
 * coroutine"). CPython: Objects/genobject.c, gen_send(). */
Object *coroutine_send(Object *self, Object *value);

/* coro.throw(exc): it is raised where the innermost coroutine of the chain stands; then as
 * coroutine_send(). `exc` is borrowed. CPython: Objects/genobject.c, _gen_throw(). */
Object *coroutine_throw(Object *self, Exception *exc);

/* The same for who asks often: a return is no exception. `result` is a new reference unless
 * SEND_ERROR. CPython: PyIter_Send(), and gen_status_from_result() after a throw. */
SendResult coroutine_am_send(Object *self, Object *value, Object **result);
SendResult coroutine_am_throw(Object *self, Exception *exc, Object **result);

/* coro.close(): GeneratorExit is raised where it stands. 0 if that ended it, -1 with the
 * exception that came out instead, or RuntimeError ("coroutine ignored GeneratorExit"). CPython:
 * gen_close(). */
int coroutine_close(Object *self);

/* CORO_CREATED, CORO_RUNNING, CORO_SUSPENDED, CORO_CLOSED. CPython: Lib/inspect.py,
 * getcoroutinestate(). */
const char *coroutine_state(const Object *self);

/* coro.cr_await: borrowed, or NULL unless it is suspended in an await. CPython:
 * Objects/genobject.c, _PyGen_yf(). */
Object *coroutine_cr_await(const Object *self);

/* How many resumes and cancellations may be under way inside each other in this thread, 1000 at
 * first; one more is RecursionError. CPython: Python/ceval.c, Py_SetRecursionLimit(), for all
 * threads; sys.setrecursionlimit(). */
void set_recursion_limit(int limit);

/* One call more inside the others: 0, or -1 with RecursionError ("maximum recursion depth
 * exceeded%s", where); and one call less. CPython: Py_EnterRecursiveCall(),
 * Py_LeaveRecursiveCall(). */
int enter_recursive_call(const char *where);
void leave_recursive_call(void);

/* ---- The frame (frame.c): what the macros below and the object above stand on ----------------*/

/* Runs a frame until it yields (SEND_NEXT), returns (SEND_RETURN) or fails with no handler left
 * (SEND_ERROR). If `throwing`, the pending exception is raised where it stands. The frame's locals
 * are gone unless it yielded. CPython: Python/ceval.c, _PyEval_EvalFrameDefault(). */
SendResult frame_eval(Coroutine *self, Object *sent, bool throwing, Object **result);

/* Drops locals and blocks. CPython: Python/frame.c, _PyFrame_Clear(). */
void frame_clear(Coroutine *self);

int frame_setup_block(Coroutine *self, int32_t handler); // 0, or -1 with RuntimeError: too many
void frame_pop_block(Coroutine *self);
bool frame_is_trying(const Coroutine *self);
bool frame_catches(const Coroutine *self, const Type *type);
void frame_begin_finally(Coroutine *self);
bool frame_end_finally(Coroutine *self); // false: go on; true: return frame_reraise(self)
bool frame_end_with(Coroutine *self, Object *swallow);
/* Goes on with what the innermost handler interrupted: returns what the code must return. */
Object *frame_reraise(Coroutine *self);

/* In an EXCEPT or FINALLY: the exception that is being handled, borrowed; or NULL.
 * CPython: sys.exception() of 3.11. */
Exception *frame_exception(const Coroutine *self);

/* Begins an await: steals `awaitable`, which may be NULL (an exception is pending then). Non-NULL
 * to go on, NULL with an exception. CPython: Python/ceval.c, GET_AWAITABLE. */
Object *frame_await(Coroutine *self, int32_t lasti, Object *awaitable);

/* manager.__aenter__(), manager.__aexit__(exc): new reference to what is to be awaited; NULL with
 * TypeError for what is no asynchronous context manager. CPython: Python/ceval.c,
 * BEFORE_ASYNC_WITH. */
Object *object_aenter(Object *manager);
Object *object_aexit(Object *manager, Exception *exc);

static inline void *frame_locals(Coroutine *self) {
    return self->localsplus;
}

static inline Object *frame_yield(Coroutine *self, int32_t lasti, Object *value) {
    self->lasti = lasti;
    self->state = FRAME_SUSPENDED;
    return value;
}

/* ---- The language: how an `async def` is written in C ------------------------------------------
 *
 *     async def ticks(n):          static Object *ticks_run(Coroutine *self, Object *sent) {
 *                                      BEGIN(Ticks);
 *         while n > 0:                 while (local->n > 0) {
 *             await sleep(1)               AWAIT(asyncio_sleep(1, NULL));
 *             n -= 1                       local->n -= 1;
 *                                      }
 *         return 'liftoff'             RETURN(str_from_format("liftoff"));
 *                                      END;
 *                                  }
 *                                  static const Code ticks_code = {
 *                                      "ticks", ticks_run, sizeof(Ticks), 0, 0};
 *
 * `typedef struct { int64_t n; } Ticks;` are its locals, references first. The whole body is one switch
 * over lasti, and AWAIT hides a case label (Simon Tatham's coroutines, Adam Dunkels' protothreads), so:
 *
 *   - No C variable survives an await. `sent` is what the last one came to, until the next.
 *   - `return NULL` with an exception pending raises, `return value` returns: from anywhere.
 *   - One AWAIT, TRY, ASYNC_WITH or END_ASYNC_WITH a line; none inside a `switch` of its own.
 *   - No break, continue or goto out of a TRY. RETURN, return and exceptions are fine.
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

/* await awaitable: steals it, NULL raises. The result is in `sent` afterwards, borrowed. */
#define AWAIT(awaitable)                                                                           \
    do {                                                                                           \
        return frame_await(self, HERE, OBJECT(awaitable));                                         \
    case HERE:;                                                                                    \
    } while (0)

/* A yield of None to whoever runs the chain: a Task comes back in the next turn of its loop.
 * CPython: Lib/asyncio/tasks.py, __sleep0(), a coroutine by types.coroutine. */
#define YIELD_NONE                                                                                 \
    do {                                                                                           \
        return frame_yield(self, HERE, new_ref(None));                                             \
    case HERE:;                                                                                    \
    } while (0)

/* return value: steals the reference, NULL raises. */
#define RETURN(value) return OBJECT(value)

/* TRY { ... } EXCEPT(ValueError) { ... } END_TRY;   as many EXCEPTs as it takes
 * TRY { ... } FINALLY { ... } END_FINALLY; */
#define TRY                                                                                        \
    if (frame_setup_block(self, -HERE) < 0) return NULL;                                           \
    __attribute__((fallthrough));                                                                  \
    case -HERE:                                                                                    \
        if (frame_is_trying(self))

#define EXCEPT(type) else if (frame_catches(self, &type##_Type))

#define END_TRY                                                                                    \
    else return frame_reraise(self);                                                               \
    frame_pop_block(self)

#define FINALLY frame_begin_finally(self);

#define END_FINALLY                                                                                \
    if (frame_end_finally(self)) return frame_reraise(self)

/* raise, in an EXCEPT: the exception that was caught. */
#define RERAISE return frame_reraise(self)

/* async with manager: ...   ASYNC_WITH(local->m) { ... } END_ASYNC_WITH(local->m); the manager is
 * borrowed, both times the same. */
#define ASYNC_WITH(manager)                                                                        \
    AWAIT(object_aenter(OBJECT(manager)));                                                         \
    TRY

#define END_ASYNC_WITH(manager)                                                                    \
    FINALLY AWAIT(object_aexit(OBJECT(manager), frame_exception(self)));                           \
    if (frame_end_with(self, sent)) return frame_reraise(self)

#endif
