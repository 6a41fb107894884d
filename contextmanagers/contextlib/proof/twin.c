/* twin.c: contextlib's managers case by case on our mechanism; twin.py is the same on the real one.
 *
 * An exception is written as there: KeyError(e2)![ValueError(e1)] is a KeyError whose context is a
 * ValueError; {} is the cause, ! a suppressed context, ^ one that the line has shown before.
 */
#include "../contextlib.h"

#define LENGTH(array) (int)(sizeof(array) / sizeof(array)[0])

/* ---- What a case leaves behind ---------------------------------------------------------------*/

static Object *pool[4096];
static int kept;

/* The same object, whose new reference is dropped by tidy(). */
static void *keep(void *op) {
    if (!op || kept == LENGTH(pool)) abort();
    return pool[kept++] = op;
}

static void tidy(void) {
    for (int i = 0; i < kept; i++) { // an exception may be its own context: nobody collects rings
        if (!type_is_subtype(pool[i]->type, &BaseException_Type)) continue;
        clear_ref(((Exception *)pool[i])->context);
        clear_ref(((Exception *)pool[i])->cause);
    }
    while (kept > 0)
        decref(pool[--kept]);
}

static int made_count;

static Exception *made(Type *type) {
    return exception_new(type, "e%d", ++made_count);
}

/* ---- Printing --------------------------------------------------------------------------------*/

static FILE *out(void) {
    return standard_output ? standard_output : stdout;
}

#define say(...) (fprintf(out(), __VA_ARGS__), fputc(' ', out()))

/* Everything that is seen is kept, so that its context can be cleared. */
static void write_chain(Exception *exc, Exception **seen, int *nseen) {
    if (!exc) {
        fputs("None", out());
        return;
    }
    fprintf(out(), "%s(%s)", exc->ob.type->name, exception_str(exc));
    for (int i = 0; i < *nseen; i++) {
        if (seen[i] == exc) {
            fputc('^', out());
            return;
        }
    }
    seen[(*nseen)++] = keep(new_ref(exc));
    if (exc->suppress_context) fputc('!', out());
    if (exc->cause) {
        fputc('{', out());
        write_chain(exc->cause, seen, nseen);
        fputc('}', out());
    }
    if (exc->context) {
        fputc('[', out());
        write_chain(exc->context, seen, nseen);
        fputc(']', out());
    }
}

static void chain(Exception *exc) {
    Exception *seen[256];
    int nseen = 0;
    write_chain(exc, seen, &nseen);
}

/* What came of a case: a result to be shown, if any, or what is pending, which is kept. */
static Exception *outcome(Object *result) {
    if (result && result->type == &Str_Type) say("%s", ((Str *)result)->text);
    if (result == None) say("None");
    if (result && result->type == &Bool_Type) say("%s", result == True ? "True" : "False");
    xdecref(result);
    Exception *exc = exception_fetch();
    fputs("-> ", out());
    if (exc)
        chain(keep(exc));
    else
        fputs("went on", out());
    fputc('\n', out());
    return exc;
}

/* Around a case that happens while another exception is being handled. */
static void outer_begin(bool outer, Exception **saved) {
    if (!outer) return;
    exception_raise(made(&OSError_Type));
    except_begin(saved);
}
static void outer_end(bool outer, Exception *saved) {
    if (outer) except_end(saved);
}

/* ---- A generator as a manager ----------------------------------------------------------------*/

static const char *const BEFORE[] = {"yields", "returns", "raises", "raises StopIteration"};
static const char *const AT[] = {"no try",
                                 "in except",
                                 "pass",
                                 "raise",
                                 "raise exc",
                                 "raise another",
                                 "raise from exc",
                                 "raise from None",
                                 "raise the same type",
                                 "raise RuntimeError from exc",
                                 "raise StopIteration",
                                 "yield"};
static const char *const AFTER[] = {"returns", "raises", "raises StopIteration", "yields"};
static Type *const BLOCK[] = {NULL,
                              &ValueError_Type,
                              &KeyError_Type,
                              &RuntimeError_Type,
                              &StopIteration_Type,
                              &GeneratorExit_Type,
                              &KeyboardInterrupt_Type};

typedef enum { YIELDS, RETURNS, RAISES, RAISES_STOP } Before;
typedef enum {
    NO_TRY,
    IN_EXCEPT,
    PASS,
    RAISE,
    RAISE_EXC,
    ANOTHER,
    FROM_EXC,
    FROM_NONE,
    SAME_TYPE,
    RUNTIME_FROM_EXC,
    STOP,
    YIELD_AGAIN
} At;
typedef enum { THEN_RETURNS, THEN_RAISES, THEN_RAISES_STOP, THEN_YIELDS } After;

typedef struct {
    Object ob;
    Before before;
    At at;
    After after;
} Case;

static void free_dealloc(Object *self) {
    free(self);
}

static Type Case_Type = {TYPE("Case", NULL), .dealloc = free_dealloc};

/* The except clause of managed(), up to its end or its yield. */
static int caught(At at, Exception *exc) {
    fputs("caught ", out());
    chain(exc);
    fputc(' ', out());
    switch (at) {
    case RAISE_EXC:
        return exception_raise((Exception *)new_ref(exc));
    case ANOTHER:
        return exception_raise(made(&KeyError_Type));
    case FROM_EXC:
        return exception_raise_from(made(&KeyError_Type), exc);
    case FROM_NONE:
        return exception_raise_from(made(&KeyError_Type), NULL);
    case SAME_TYPE:
        return exception_raise(made(exc->ob.type));
    case RUNTIME_FROM_EXC:
        return exception_raise_from(made(&RuntimeError_Type), exc);
    case STOP:
        return exception_raise(made(&StopIteration_Type));
    default:
        return 0;
    }
}

static SendResult managed_body(Generator *self, Object *sent, Object **result) {
    const Case *what = (Case *)self->closure;
    GENERATOR_BEGIN
    if (what->before == RETURNS) break;
    if (what->before == RAISES) return (SendResult)exception_raise(made(&KeyError_Type));
    if (what->before == RAISES_STOP) return (SendResult)exception_raise(made(&StopIteration_Type));
    if (what->at == NO_TRY) {
        YIELD(str_from_format("it"));
        if (!sent) return SEND_ERROR;
    } else if (what->at == IN_EXCEPT) {
        exception_raise(made(&IndexError_Type));
        except_begin(&self->saved);
        YIELD(str_from_format("it"));
        except_end(self->saved);
        if (!sent) return SEND_ERROR;
    } else {
        YIELD(str_from_format("it"));
        if (!sent) {
            int status = caught(what->at, except_begin(&self->saved));
            if (what->at == RAISE) return (SendResult)except_reraise(self->saved);
            if (what->at == YIELD_AGAIN) {
                YIELD(str_from_format("again"));
                status = sent ? 0 : -1;
            }
            except_end(self->saved);
            if (status < 0) return SEND_ERROR;
        }
    }
    if (what->after == THEN_RAISES) return (SendResult)exception_raise(made(&KeyError_Type));
    if (what->after == THEN_RAISES_STOP)
        return (SendResult)exception_raise(made(&StopIteration_Type));
    if (what->after == THEN_YIELDS) {
        YIELD(str_from_format("again"));
        if (!sent) return SEND_ERROR;
    }
    GENERATOR_END
}

static Object *managed(Before before, At at, After after) {
    Case *what = object_new(&Case_Type, sizeof *what);
    what->before = before;
    what->at = at;
    what->after = after;
    Object *manager = contextmanager("managed", managed_body, OBJECT(what));
    decref(what);
    return keep(manager);
}

/* A with statement of any manager. */
static void run(Object *manager, Type *block) {
    Object *it;
    WITH(w, manager, &it) {
        say("%s", it == None ? "None" : "it");
        decref(it);
        if (block) exception_raise(made(block));
    }
}

static void grid_case(Before b, At i, After a, Type *block) {
    for (int outer = 0; outer < 2; outer++) {
        Exception *saved;
        made_count = 0;
        say("%s, %s, %s; %s:", BEFORE[b], AT[i], AFTER[a], block ? block->name : "no exception");
        outer_begin(outer, &saved);
        run(managed(b, i, a), block);
        outer_end(outer, saved);
        outcome(NULL);
        tidy();
    }
}

static void grid(void) {
    for (int b = 0; b < LENGTH(BEFORE); b++) {
        for (int i = 0; i < LENGTH(AT); i++) {
            for (int a = 0; a < LENGTH(AFTER); a++) {
                for (int k = 0; k < LENGTH(BLOCK); k++) {
                    if ((b > 0 && (i > 0 || a > 0 || k > 0)) || (a > 0 && k > 0 && i != PASS))
                        continue;
                    if (k == 0 && i > IN_EXCEPT) continue;
                    grid_case((Before)b, (At)i, (After)a, BLOCK[k]);
                }
            }
        }
    }
}

static Object *leave(Object *manager, Exception *exc) {
    return manager->type->exit(manager, exc ? OBJECT(exc->ob.type) : None, exc ? OBJECT(exc) : None,
                               None);
}

static Object *called(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return str_from_format("called");
}

static void by_hand(void) {
    for (int k = 0; k < LENGTH(BLOCK); k++) {
        Exception *exc = BLOCK[k] ? keep(made(BLOCK[k])) : NULL;
        for (int left = 0; left < 2; left++) {
            Object *manager = managed(YIELDS, NO_TRY, THEN_RETURNS);
            WITH(w, left ? manager : keep(nullcontext_new(None)), NULL) {
            }
            say(left ? "left:" : "not entered:");
            outcome(leave(manager, exc));
        }
        tidy();
    }
    Object *manager = managed(YIELDS, NO_TRY, THEN_RETURNS);
    say("entered again:");
    WITH(w, manager, NULL) {
        outcome(manager->type->enter(manager));
    }
    say("decorates after being entered:");
    Object *function = keep(function_new("called", called, NULL));
    outcome(object_call(keep(contextmanager_decorate(manager, function)), NULL, 0));
    tidy();
}

typedef struct {
    Object ob;
    Type *block;
    Object *decorated; // borrowed
} Recursion;

static Type Recursion_Type = {TYPE("Recursion", NULL), .dealloc = free_dealloc};

static Object *function_code(Object *closure, Object *const *args, ssize_t nargs) {
    Recursion *self = (Recursion *)closure;
    int argument = (int)((Int *)args[0])->value;
    (void)nargs;
    say("function(%d)", argument);
    if (self->block) {
        exception_raise(made(self->block));
        return NULL;
    }
    if (argument == 0) return str_from_format("result");
    Object *less = keep(int_from_long(argument - 1));
    return object_call(self->decorated, &less, 1);
}

static void decorators(void) {
    static const At at[] = {RAISE, PASS, ANOTHER};
    for (int i = 0; i < LENGTH(at) * 2; i++) {
        Recursion *self = keep(object_new(&Recursion_Type, sizeof *self));
        Object *function = keep(function_new("function", function_code, OBJECT(self)));
        Object *manager = managed(YIELDS, at[i / 2], THEN_RETURNS);
        self->block = i % 2 ? &ValueError_Type : NULL;
        self->decorated = keep(contextmanager_decorate(manager, function));
        for (int argument = 0; argument <= 2; argument += 2) {
            Object *number = keep(int_from_long(argument));
            say("decorated, %s:", AT[at[i / 2]]);
            outcome(object_call(self->decorated, &number, 1));
        }
        tidy();
    }
}

/* ---- The small ones --------------------------------------------------------------------------*/

static Object *thing_close(Object *fails, Object *const *args, ssize_t nargs) {
    (void)args, (void)nargs;
    say("close");
    if (fails == False) return new_ref(None);
    exception_raise(made(&OSError_Type));
    return NULL;
}

static void small(void) {
    static Type *const sets[][2] = {
        {0}, {&LookupError_Type}, {&OSError_Type, &KeyError_Type}, {&BaseException_Type}};
    for (int k = 0; k < LENGTH(BLOCK); k++) {
        for (int fails = 0; fails < 2; fails++) {
            Object *close = keep(function_new("close", thing_close, fails ? True : False));
            say("closing:");
            run(keep(closing_new(close, close)), BLOCK[k]);
            outcome(NULL);
        }
        for (int i = 0; i < LENGTH(sets); i++) {
            int ntypes = !!sets[i][0] + !!sets[i][1];
            say("suppress %d:", ntypes);
            run(keep(suppress_new(ntypes, sets[i])), BLOCK[k]);
            outcome(NULL);
        }
        for (int it = 0; it < 2; it++) {
            say("nullcontext:");
            run(keep(nullcontext_new(it ? True : None)), BLOCK[k]);
            outcome(NULL);
        }
        tidy();
    }
}

/* One with statement inside another. */
static void nest(Object *const *managers, int depth, bool raises) {
    static const int order[] = {0, 1, 0, 1, 1};
    fprintf(out(), "depth %d\n", depth);
    if (depth < LENGTH(order)) {
        WITH(w, managers[order[depth]], NULL) {
            nest(managers, depth + 1, raises);
        }
        if (!error_occurred()) fprintf(out(), "back at %d\n", depth);
    } else if (raises) {
        exception_raise(made(&ValueError_Type));
    }
}

static void redirects(void) {
    for (int raises = 0; raises < 2; raises++) {
        char *text[2];
        size_t size[2];
        FILE *buffers[2];
        Object *managers[2];
        for (int i = 0; i < 2; i++) {
            buffers[i] = open_memstream(&text[i], &size[i]);
            managers[i] = keep(redirect_stdout_new(buffers[i]));
        }
        nest(managers, 0, raises);
        outcome(NULL);
        for (int i = 0; i < 2; i++) {
            fclose(buffers[i]);
            fputs(text[i], stdout);
            free(text[i]);
        }
        outcome(leave(managers[0], NULL));
        tidy();
    }
}

/* ---- ExitStack -------------------------------------------------------------------------------*/

static uint32_t state = 1;

static int dice(int limit) {
    state = (state * 1103515245u + 12345u) % 2147483648u;
    return (int)((state >> 16) % (uint32_t)limit);
}

typedef enum {
    NOTHING,
    NOTHING_EITHER,
    IS_TRUE,
    RAISE_KEY_ERROR,
    RAISE_FROM,
    TWO,
    WRAP,
    ANOTHER_STACKS,
    ADD,
    POP_ALL,
    CLOSE,
    AGAIN,
    CONTEXT,
    WHAT_COUNT,
} What;

typedef struct {
    Object ob;
    int name;
    What what;
    Object *stack; // borrowed
} Manager;

static Type Manager_Type;
static Object *popped[64];
static int npopped;

static Object *stack_new(void) {
    return keep(exitstack_new());
}

static Manager *manager_new(int name, What what, Object *stack) {
    Manager *self = keep(object_new(&Manager_Type, sizeof *self));
    self->name = name;
    self->what = what;
    self->stack = stack;
    return self;
}

static Object *manager_enter(Object *op) {
    say("+%d", ((Manager *)op)->name);
    if (dice(8) > 0) return new_ref(op);
    exception_raise(made(&LookupError_Type));
    return NULL;
}

static Object *say_code(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    say("%s", ((Str *)args[0])->text);
    return new_ref(None);
}

/* What it does, whatever is pending afterwards. */
static void act(const Manager *self, Exception *told) {
    Exception *saved;
    switch (self->what) {
    case RAISE_KEY_ERROR:
        exception_raise(made(&KeyError_Type));
        break;
    case RAISE_FROM:
        exception_raise_from(made(&KeyError_Type), told);
        break;
    case TWO:
        exception_raise(made(&IndexError_Type));
        except_begin(&saved);
        exception_raise(made(&KeyError_Type));
        except_end(saved);
        break;
    case WRAP:
        if (!told) break;
        exception_raise((Exception *)new_ref(told));
        except_begin(&saved);
        exception_raise(made(&KeyError_Type));
        except_end(saved);
        break;
    case AGAIN:
        if (told) exception_raise((Exception *)new_ref(told));
        break;
    case CONTEXT:
        if (told && told->context) exception_raise((Exception *)new_ref(told->context));
        break;
    case ADD:
        exitstack_callback(self->stack, keep(function_new("say", say_code, NULL)),
                           keep(str_from_format("(%d)", self->name)));
        break;
    case POP_ALL:
        popped[npopped++] = keep(exitstack_pop_all(self->stack));
        break;
    case CLOSE:
        exitstack_close(self->stack);
        break;
    case ANOTHER_STACKS: {
        Object *other = stack_new();
        WITH(w, other, NULL) {
            for (int i = 1; i <= 2; i++)
                exitstack_push(other,
                               OBJECT(manager_new(self->name + i * 100, RAISE_KEY_ERROR, other)));
        }
        break;
    }
    default:
        break;
    }
}

static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Manager *self = (Manager *)op;
    Exception *told = type == None ? NULL : (Exception *)value;
    (void)traceback;
    fprintf(out(), "-%d told ", self->name);
    chain(told);
    fputc(' ', out());
    act(self, told);
    if (error_occurred()) return NULL;
    return new_ref(self->what == IS_TRUE ? True : False);
}

static Type Manager_Type = {TYPE("Manager", NULL), .dealloc = free_dealloc, .enter = manager_enter,
                            .exit = manager_exit};

/* manager.__exit__, with three arguments or with None three times. */
static Object *exit_code(Object *manager, Object *const *args, ssize_t nargs) {
    return nargs == 3 ? manager_exit(manager, args[0], args[1], args[2])
                      : manager_exit(manager, None, None, None);
}

static int enter(Object *stack, Object *manager) {
    Object *entered = exitstack_enter_context(stack, manager);
    xdecref(entered);
    return entered ? 0 : -1;
}

static int fill(Object *stack, int depth, bool plain);

/* Makes it owe one more. */
static int fill_one(Object *stack, int depth, bool plain) {
    int name = dice(90);
    Manager *manager = manager_new(name, (What)dice(WHAT_COUNT - (plain ? 0 : 3)), stack);
    if (plain && manager->what == CLOSE) manager->what = AGAIN;
    int kind = dice(plain ? 5 : 7);
    if (kind == 0) return enter(stack, OBJECT(manager));
    if (kind == 1) return exitstack_push(stack, OBJECT(manager));
    if (kind == 2 || kind == 3) {
        Object *function = keep(function_new("__exit__", exit_code, OBJECT(manager)));
        return kind == 2 ? exitstack_push(stack, function)
                         : exitstack_callback(stack, function, NULL);
    }
    if (kind == 4) {
        At at = (At)dice(LENGTH(AT));
        return enter(stack, managed(YIELDS, at, (After)dice(LENGTH(AFTER))));
    }
    if (kind == 5 && depth < 3) {
        Object *inner = stack_new();
        exitstack_push(stack, inner);
        return fill(inner, depth + 1, plain);
    }
    if (dice(4) == 0) {
        manager->what = CLOSE;
        return exitstack_push(stack, OBJECT(manager));
    }
    if (dice(4) == 0) return exitstack_callback(stack, keep(int_from_long(5)), NULL);
    if (dice(4) == 0) return enter(stack, keep(int_from_long(5)));
    return 0;
}

static int fill(Object *stack, int depth, bool plain) {
    int count = 1 + dice(5);
    while (count-- > 0) {
        if (fill_one(stack, depth, plain) < 0) return -1;
    }
    return 0;
}

static void stacks(int count) {
    for (int number = 0; number < count; number++) {
        made_count = npopped = 0;
        Object *stack = stack_new();
        bool outer = dice(2) == 0, plain = dice(2) == 0;
        Exception *saved;
        say("stack %d:", number);
        outer_begin(outer, &saved);
        WITH(w, stack, NULL) {
            if (fill(stack, 0, plain) == 0) {
                Type *block = BLOCK[dice(6)];
                say("|");
                if (block) exception_raise(made(block));
            }
        }
        outer_end(outer, saved);
        Exception *exc = outcome(NULL);
        if (exc && number % 20 == 0) exception_print(exc, stdout);
        for (int i = 0; i < npopped; i++) {
            say("  popped:");
            exitstack_close(popped[i]);
            outcome(NULL);
        }
        tidy();
    }
}

int main(void) {
    grid();
    by_hand();
    decorators();
    small();
    redirects();
    stacks(500);
    return finish_output("contextlib_twin", 0);
}
