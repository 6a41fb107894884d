/* family.h: generators that twin, differential and tests share, each below its Python.
 *
 * Between them they have every way of stopping: plain, with a value sent in, inside `try`, `except`
 * and `finally`, delegating to another of them or to a list, and every way of ending. What happens
 * inside is told through note(), in order. twin.py has them in Python.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "../generator.h"

/* Where a note goes; set by the program. */
static void (*note_hook)(const char *text);

PRINTF_LIKE static inline void note_format(int unused, const char *format, ...) {
    (void)unused;
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    note_hook(text);
}
#define note(...) note_format(0, __VA_ARGS__)

/* A note of a word and repr(value). */
static inline void note_value(const char *word, Object *value) {
    Writer out = {0};
    if (object_write_repr(value, &out) == 0) note("%s %.*s", word, (int)out.length, out.bytes);
    writer_free(&out);
}

/* a // b: rounded down, where C's division rounds towards zero. CPython: Objects/longobject.c,
 * fast_floor_div(). */
static inline int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

#define IS_INT(op) ((op)->type == &Int_Type)

typedef struct {
    Object *sub, *result;
    int64_t n, total;
} Member; // all of them have these locals

#define MEMBER_CODE(name, blocks)                                                                  \
    static const Code name##_code = {#name, name##_run, sizeof(Member), 2, blocks};

/* def countdown(sub, n):
 *     while n > 0:
 *         got = yield n
 *         n = got if isinstance(got, int) else n - 1
 *     return 'liftoff' */
static Object *countdown_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (local->n > 0) {
        YIELD(int_from_long(local->n));
        local->n = IS_INT(sent) ? int_as_long(sent) : local->n - 1;
    }
    RETURN(str_from_string("liftoff"));
    END;
}
MEMBER_CODE(countdown, 0)

/* def guarded(sub, n):
 *     try:
 *         while True:
 *             yield n
 *             n += 1
 *     finally:
 *         note('guarded: finally') */
static Object *guarded_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        while (true) {
            YIELD(int_from_long(local->n));
            local->n += 1;
        }
    }
    FINALLY {
        note("guarded: finally");
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(guarded, 1)

/* def nested(sub, n):
 *     try:
 *         yield 'a'
 *         try:
 *             yield 'b'
 *             try:
 *                 yield 'c'
 *                 return 'from the middle'
 *             finally:
 *                 note('innermost finally')
 *         finally:
 *             note('inner finally')
 *     finally:
 *         note('outer finally') */
static Object *nested_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        YIELD(str_from_string("a"));
        TRY {
            YIELD(str_from_string("b"));
            TRY {
                YIELD(str_from_string("c"));
                RETURN(str_from_string("from the middle"));
            }
            FINALLY {
                note("innermost finally");
            }
            END_FINALLY;
        }
        FINALLY {
            note("inner finally");
        }
        END_FINALLY;
    }
    FINALLY {
        note("outer finally");
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(nested, 3)

/* def catcher(sub, n):
 *     while True:
 *         try:
 *             got = yield 'ready'
 *             note(f'got {got!r}')
 *         except ValueError as error:
 *             note(f'caught {error}')
 *             got = yield 'caught'
 *             note(f'then {got!r}')
 *         except KeyError:
 *             note('passed on')
 *             raise */
static Object *catcher_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (true) {
        TRY {
            YIELD(str_from_string("ready"));
            note_value("got", sent);
        }
        EXCEPT(ValueError) {
            note("caught %s", frame_caught(self));
            YIELD(str_from_string("caught"));
            note_value("then", sent);
        }
        EXCEPT(KeyError) {
            note("passed on");
            RERAISE;
        }
        END_TRY;
    }
    END;
}
MEMBER_CODE(catcher, 1)

/* def stubborn(sub, n):
 *     while True:
 *         try:
 *             yield n
 *         except GeneratorExit:
 *             note('not yet')
 *             n -= 1
 *             if n < 0:
 *                 raise */
static Object *stubborn_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (true) {
        TRY {
            YIELD(int_from_long(local->n));
        }
        EXCEPT(GeneratorExit) {
            note("not yet");
            local->n -= 1;
            if (local->n < 0) RERAISE;
        }
        END_TRY;
    }
    END;
}
MEMBER_CODE(stubborn, 1)

/* def averager(sub, n):
 *     n = total = 0
 *     mean = None
 *     while True:
 *         value = yield mean
 *         if not isinstance(value, int):
 *             return (n, total)
 *         n, total = n + 1, total + value
 *         mean = total // n */
static Object *averager_run(Generator *self, Object *sent) {
    BEGIN(Member);
    local->n = 0;
    while (true) {
        YIELD(local->n ? int_from_long(floor_div(local->total, local->n)) : new_ref(None));
        if (!IS_INT(sent)) {
            Object *n = int_from_long(local->n), *total = int_from_long(local->total);
            Object *pair = n && total ? tuple_pack(2, n, total) : NULL;
            xdecref(n);
            xdecref(total);
            RETURN(pair);
        }
        local->n += 1;
        local->total += int_as_long(sent);
    }
    END;
}
MEMBER_CODE(averager, 0)

/* sub.pop(): `sub` is in a list of one in Python, so that nothing but the yield from refers to it.
 * An error's traceback would keep a local of the frame alive for longer; our errors have none. */
static inline Object *take(Object **sub) {
    Object *taken = *sub;
    *sub = NULL;
    return taken;
}

/* def delegator(sub, n):
 *     note('delegates')
 *     result = yield from sub.pop()
 *     note(f'result {result!r}')
 *     again = yield result
 *     return again */
static Object *delegator_run(Generator *self, Object *sent) {
    BEGIN(Member);
    note("delegates");
    YIELD_FROM(take(&local->sub));
    note_value("result", sent);
    YIELD(new_ref(sent));
    RETURN(new_ref(sent));
    END;
}
MEMBER_CODE(delegator, 0)

/* def careful(sub, n):
 *     result = None
 *     try:
 *         try:
 *             result = yield from sub.pop()
 *         except KeyError as error:
 *             note(f'recovered from {error}')
 *             result = yield 'recovered'
 *     finally:
 *         note(f'careful: finally {result!r}')
 *     return result */
static Object *careful_run(Generator *self, Object *sent) {
    BEGIN(Member);
    local->result = new_ref(None);
    TRY {
        TRY {
            YIELD_FROM(take(&local->sub));
            clear_ref(local->result);
            local->result = new_ref(sent);
        }
        EXCEPT(KeyError) {
            note("recovered from %s", frame_caught(self));
            YIELD(str_from_string("recovered"));
            clear_ref(local->result);
            local->result = new_ref(sent);
        }
        END_TRY;
    }
    FINALLY {
        note_value("careful: finally", local->result);
    }
    END_FINALLY;
    RETURN(new_ref(local->result));
    END;
}
MEMBER_CODE(careful, 2)

static inline Object *three_ints(int64_t n) {
    List *list = list_new();
    for (int i = 0; list && i < 3; i++) {
        Object *item = int_from_long(n + i);
        if (!item || list_append(list, item) < 0) clear_ref(list);
        xdecref(item);
    }
    return OBJECT(list);
}

/* def over_list(sub, n):
 *     yield from [n, n + 1, n + 2]
 *     yield from ()
 *     return n */
static Object *over_list_run(Generator *self, Object *sent) {
    BEGIN(Member);
    YIELD_FROM(three_ints(local->n));
    YIELD_FROM(tuple_new(0));
    RETURN(int_from_long(local->n));
    END;
}
MEMBER_CODE(over_list, 0)

/* def leaky(sub, n):
 *     try:
 *         yield 'leaky'
 *     finally:
 *         raise StopIteration(n) */
static Object *leaky_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        YIELD(str_from_string("leaky"));
    }
    FINALLY {
        Object *n = int_from_long(local->n);
        if (!n) return NULL;
        error_set_stop_iteration(n);
        decref(n);
        return NULL;
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(leaky, 1)

/* def swallower(sub, n):
 *     try:
 *         yield 1
 *         raise RuntimeError('inside')
 *     finally:
 *         note('swallowed')
 *         return 'swallower'                  # noqa: takes the place of any error */
static Object *swallower_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        YIELD(int_from_long(1));
        error_set(RuntimeError, "inside");
        return NULL;
    }
    FINALLY {
        note("swallowed");
        RETURN(str_from_string("swallower"));
    }
    END_FINALLY;
    END;
}
MEMBER_CODE(swallower, 1)

/* def replacer(sub, n):
 *     try:
 *         try:
 *             yield 1
 *         except ValueError:
 *             raise KeyError('in the handler')
 *         finally:
 *             note('replacer: inner')
 *             yield 'late'
 *             note('replacer: late')
 *     except RuntimeError as error:
 *         yield str(error)
 *     raise ValueError('at the end') */
static Object *replacer_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        TRY {
            TRY {
                YIELD(int_from_long(1));
            }
            EXCEPT(ValueError) {
                error_set(KeyError, "'in the handler'");
                return NULL;
            }
            END_TRY;
        }
        FINALLY {
            note("replacer: inner");
            YIELD(str_from_string("late"));
            note("replacer: late");
        }
        END_FINALLY;
    }
    EXCEPT(RuntimeError) {
        YIELD(str_from_string(frame_caught(self)));
    }
    END_TRY;
    error_set(ValueError, "at the end");
    return NULL;
    END;
}
MEMBER_CODE(replacer, 3)

/* def refuser(sub, n):
 *     while True:
 *         try:
 *             yield 'no'
 *         except (GeneratorExit, ValueError):
 *             note('refused') */
static Object *refuser_run(Generator *self, Object *sent) {
    BEGIN(Member);
    while (true) {
        TRY {
            YIELD(str_from_string("no"));
        }
        EXCEPT(GeneratorExit) {
            note("refused");
        }
        EXCEPT(ValueError) {
            note("refused");
        }
        END_TRY;
    }
    END;
}
MEMBER_CODE(refuser, 1)

static const Code *const family[] = {
    &countdown_code, &guarded_code,   &nested_code,  &catcher_code,   &stubborn_code,
    &averager_code,  &over_list_code, &leaky_code,   &swallower_code, &replacer_code,
    &refuser_code,   &delegator_code, &careful_code, // the last two take a sub-iterator
};
enum { FAMILY = sizeof family / sizeof family[0], FAMILY_LEAVES = FAMILY - 2 };

/* ---- What can be asked of a generator --------------------------------------------------------*/

typedef struct {
    const char *label;
    enum { NEXT, SEND, THROW, CLOSE } how;
    ErrorType type;   // thrown
    const char *text; // the error's message, or a str to send; NULL: n is sent
    int64_t n;        // 0: None is
} Request;

static const Request requests[] = {
    {"next", NEXT},
    {"send(None)", SEND},
    {"send(7)", SEND, .n = 7},
    {"throw(ValueError)", THROW, ValueError, "thrown"},
    {"throw(GeneratorExit)", THROW, GeneratorExit, ""},
    {"throw(StopIteration)", THROW, StopIteration, "thrown"},
    {"close", CLOSE},
};
enum { REQUESTS = sizeof requests / sizeof requests[0], FIRST_END = 3 }; // from where on it may end

/* What it comes to, a new reference ("closed" for close()); NULL with an error. */
static inline Object *ask(Generator *self, Request request) {
    Object *value, *result;
    switch (request.how) {
    case NEXT:
        return builtin_next(OBJECT(self));
    case SEND:
        value = request.text ? str_from_string(request.text) : int_from_long(request.n);
        if (!value) return NULL;
        result = generator_send(self, request.text || request.n ? value : None);
        decref(value);
        return result;
    case THROW:
        return generator_throw(self, request.type, request.text);
    case CLOSE:
        break;
    }
    return generator_close(self) < 0 ? NULL : str_from_string("closed");
}

static inline Object *next_of(Generator *self) {
    return builtin_next(OBJECT(self));
}

static inline Object *send_int(Generator *self, int64_t n) {
    return ask(self, (Request){.how = SEND, .n = n});
}

/* A new member; sub, borrowed, may be NULL for the leaves. */
static inline Generator *member_new(const Code *code, Object *sub, int64_t n) {
    return (Generator *)generator_new(code, &(Member){.sub = sub, .n = n});
}

/* The member with `sub`, which it takes over; NULL if that is. */
static inline Generator *member_over(const Code *code, Generator *sub, int64_t n) {
    Generator *self = sub ? member_new(code, OBJECT(sub), n) : NULL;
    xdecref(sub);
    return self;
}

/* careful(delegator(careful(leaf))), each the only owner of the next; NULL with MemoryError. */
static inline Generator *three_levels(const Code *leaf) {
    Generator *chain = member_over(&careful_code, member_new(leaf, NULL, 2), 0);
    return member_over(&careful_code, member_over(&delegator_code, chain, 0), 0);
}

#endif
