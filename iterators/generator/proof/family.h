/* family.h: generators that twin, differential and tests share; twin.py has them under the same
 * names.
 *
 * Between them they have every way of stopping: plain, with a value sent in, inside `try`, `except`
 * and `finally`, delegating to another of them or to a list, and every way of ending. What happens
 * inside is told through note(), in order.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include "../demo/examples.h"

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

#define IS_INT(op) ((op)->type == &Int_Type)

typedef struct {
    Object *sub, *result;
    int64_t n, total;
} Member; // all of them have these locals

#define MEMBER_CODE(name, blocks)                                                                  \
    static const Code name##_code = {#name, name##_run, sizeof(Member), 2, blocks};

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

static Object *over_list_run(Generator *self, Object *sent) {
    BEGIN(Member);
    YIELD_FROM(three_ints(local->n));
    YIELD_FROM(tuple_new(0));
    RETURN(int_from_long(local->n));
    END;
}
MEMBER_CODE(over_list, 0)

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

/* ---- Chains ----------------------------------------------------------------------------------*/

static int finallys;

/* Delegates to `sub` inside a `try`, after one yield of its own if it has an n. */
static Object *relay_run(Generator *self, Object *sent) {
    BEGIN(Member);
    TRY {
        if (local->n) YIELD(int_from_long(local->n));
        YIELD_FROM(take(&local->sub));
        local->result = new_ref(sent);
    }
    FINALLY {
        finallys++;
    }
    END_FINALLY;
    RETURN(new_ref(local->result));
    END;
}
MEMBER_CODE(relay, 1)

/* What a chain is made of besides generators: nothing, a tuple around each, an iterator over it. */
typedef enum { BARE, IN_TUPLE, IN_ITERATOR } Around;

/* `depth` members on top of `leaf`, which it takes over, each with the one before as `sub`; with an
 * n each is brought to its first yield. */
static inline Generator *chain_on(Generator *leaf, const Code *code, int depth, int64_t n,
                                  Around around) {
    Object *chain = OBJECT(leaf);
    while (depth-- > 0) {
        Object *sub = around == BARE ? new_ref(chain) : tuple_pack(1, chain);
        decref(chain);
        chain = around == IN_ITERATOR ? object_get_iter(sub) : new_ref(sub);
        decref(sub);
        Generator *outer = member_new(code, chain, n);
        decref(chain);
        chain = OBJECT(outer);
        if (n) decref(next_of(outer));
    }
    return (Generator *)chain;
}

#endif
