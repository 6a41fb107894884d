/* The twin of twin.py: the same program with with_enter() and with_leave(), printing the same lines. */
#include "../with.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// What an exit does, the same on both sides.
typedef enum { NONE, FALSE, TRUE, RAISES, RAISES_FROM, FROM_NONE, THE_SAME, NACTIONS } Action;
static const char *const action_names[] = {"None",        "False",     "True",    "raises",
                                           "raises from", "from None", "the same"};
// How the block ends.
typedef enum { FALLS_THROUGH, RETURN, BREAK, CONTINUE, RAISE, NWAYS } Way;
static const char *const way_names[] = {"falls through", "return", "break", "continue", "raises"};

/* One more thing that happened, on the line of the case. */
static void tell(const char *text) {
    printf(" %s", text);
}

/* ---- Exceptions in two forms -----------------------------------------------------------------*/

/* Its text, with what it knows of others, whether that is printed or not. */
static void print_chain(const Exception *exc) {
    if (!exc) {
        printf("None");
        return;
    }
    printf("%s", exception_str(exc));
    if (exc->suppress_context) {
        printf(" from (");
        print_chain(exc->cause);
        printf(")");
    }
    if (exc->context) {
        printf(" while (");
        print_chain(exc->context);
        printf(")");
    }
}

/* ---- The managers ----------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    char name;
    Action action;
    bool fails; // when entered
} Manager;

static Object *manager_enter(Object *op) {
    Manager *self = (Manager *)op;
    printf(" +%c", self->name);
    if (!self->fails) return new_ref(self);
    error_raise(&LookupError_Type, "enter %c", self->name);
    return NULL;
}

/* Leaves in one of seven ways. */
static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)traceback;
    Manager *self = (Manager *)op;
    Exception *told = value == None ? NULL : (Exception *)value, *exc;
    printf(" -%c", self->name);
    if (told) {
        printf(" (%s)", exception_str(told));
        if (type != OBJECT(value->type) || exception_handled() != told) tell("WRONG");
    }
    switch (self->action) {
    case FALSE:
        return new_ref(False);
    case TRUE:
        return new_ref(True);
    case RAISES:
    case RAISES_FROM:
    case FROM_NONE:
        exc = exception_new(&KeyError_Type, "exit %c", self->name);
        if (self->action == RAISES)
            exception_raise(exc);
        else
            exception_raise_from(exc, self->action == RAISES_FROM ? told : NULL);
        return NULL;
    case THE_SAME:
        if (!told) break;
        exception_raise((Exception *)new_ref(told));
        return NULL;
    default:
        break;
    }
    return new_ref(None);
}

static void manager_dealloc(Object *op) {
    free(op);
}

static Type Manager_Type = {TYPE("Manager", NULL), .dealloc = manager_dealloc,
                            .enter = manager_enter, .exit = manager_exit};

static Object *manager_new(char name, Action action, bool fails) {
    Manager *self = object_new(&Manager_Type, sizeof *self);
    self->name = name;
    self->action = action;
    self->fails = fails;
    return OBJECT(self);
}

/* ---- The grid: nesting x what each exit does x how the block ends -----------------------------*/

/* What is in the block; then how it is left. */
static Way body(Way way) {
    tell("body");
    if (way == RAISE) error_raise(&ValueError_Type, "body");
    return way;
}

/* `with managers[0], managers[1], ...:` and its block. An exception that was swallowed goes on behind
 * the block, as falling through does. */
static Way nested(Object **managers, Way way) {
    if (!*managers) return body(way);
    With w;
    Object *target;
    if (with_enter(&w, *managers, &target) < 0) return RAISE;
    decref(target);
    way = nested(managers + 1, way);
    if (with_leave(&w) < 0) return RAISE;
    return way == RAISE ? FALLS_THROUGH : way;
}

/* A loop around it. New reference, or NULL with an exception pending. */
static Object *one(Object **managers, Way way) {
    for (int turn = 1; turn <= 2; turn++) {
        Way left = nested(managers, way == CONTINUE && turn == 2 ? FALLS_THROUGH : way);
        if (left == RAISE) return NULL;
        if (left == RETURN) return str_from_format("value");
        if (left == BREAK) break;
        if (left == CONTINUE) continue;
        tell("after");
        return str_from_format("end");
    }
    return str_from_format("out of the loop");
}

/* Ends the line with what came of it; an exception also as Python prints it, if `whole`. Steals. */
static void outcome(Object *result, bool whole) {
    if (result) {
        printf(" = %s\n", ((Str *)result)->text);
        decref(result);
        return;
    }
    Exception *exc = exception_fetch();
    printf(" ! ");
    print_chain(exc);
    printf("\n");
    if (whole) exception_print(exc, stdout);
    decref(exc);
}

static void run_case(const Action *actions, int depth, int failing, Way way) {
    Object *managers[4] = {NULL};
    for (int i = 0; i < depth; i++) {
        managers[i] = manager_new((char)('a' + i), actions[i], i == failing);
        printf("%s%s", i ? ", " : "", action_names[actions[i]]);
    }
    if (failing == depth)
        printf(" | %s:", way_names[way]);
    else
        printf(" | enter %c:", 'a' + failing);
    outcome(one(managers, way), depth < 3);
    for (int i = 0; i < depth; i++)
        decref(managers[i]);
}

static void grid(int depth) {
    int count = depth == 1   ? NACTIONS
                : depth == 2 ? NACTIONS * NACTIONS
                             : NACTIONS * NACTIONS * NACTIONS;
    for (int i = 0; i < count; i++) {
        Action actions[3];
        for (int k = depth - 1, rest = i; k >= 0; k--, rest /= NACTIONS)
            actions[k] = (Action)(rest % NACTIONS);
        for (int way = 0; way < NWAYS; way++)
            run_case(actions, depth, depth, (Way)way);
        for (int failing = depth - 1; failing >= 0; failing--)
            run_case(actions, depth, failing, FALLS_THROUGH);
    }
}

/* ---- What is no manager, and types that change ------------------------------------------------*/

static Object *enters(Object *self) {
    tell("entered");
    return new_ref(self);
}

static Object *leaves(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    tell("left");
    return new_ref(None);
}

static Object *leaves_otherwise(Object *self, Object *type, Object *value, Object *traceback) {
    (void)self, (void)type, (void)value, (void)traceback;
    tell("left otherwise");
    return new_ref(None);
}

static Object *enters_and_takes_exit(Object *self) {
    self->type->exit = NULL;
    return enters(self);
}

static Object *enters_and_gives_another(Object *self) {
    self->type->exit = leaves_otherwise;
    return enters(self);
}

static Object *enters_and_gives_exit(Object *self) {
    self->type->exit = leaves;
    return enters(self);
}

/* A manager of this class, entered twice. The class is a copy, as it may change. */
static void twice(Type class, Way way) {
    Object manager = {1, &class}, *managers[] = {&manager, NULL};
    for (int time = 0; time < 2; time++) {
        printf("%s, %s, %s:", class.name, way_names[way], time ? "second" : "first");
        outcome(one(managers, way), false);
    }
}

/* Who can be entered, asked once before. */
static void no_managers(void) {
    static const Type classes[] = {
        {TYPE("Neither", NULL)},
        {TYPE("OnlyEnter", NULL), .enter = enters},
        {TYPE("OnlyExit", NULL), .exit = leaves},
        {TYPE("Both", NULL), .enter = enters, .exit = leaves},
        {TYPE("TakesExit", NULL), .enter = enters_and_takes_exit, .exit = leaves},
        {TYPE("GivesAnother", NULL), .enter = enters_and_gives_another, .exit = leaves},
        {TYPE("GivesExit", NULL), .enter = enters_and_gives_exit},
    };
    for (size_t i = 0; i < COUNT(classes); i++)
        twice(classes[i], RETURN);
    for (size_t i = 0; i < COUNT(classes); i++)
        twice(classes[i], RAISE);
    Object *values[] = {new_ref(None), int_from_long(5), new_ref(True), str_from_format("text")};
    for (size_t i = 0; i < COUNT(values); i++) {
        Object *managers[] = {values[i], NULL};
        printf("a value:");
        outcome(one(managers, RETURN), false);
        decref(values[i]);
    }
}

/* ---- Inside an except block -------------------------------------------------------------------*/

/* The same with something else being handled around it, and what is handled afterwards. */
static void while_handling(void) {
    static const Way ways[] = {RETURN, RAISE, NWAYS};
    for (int action = 0; action < NACTIONS; action++) {
        for (size_t i = 0; i < COUNT(ways); i++) {
            bool fails = ways[i] == NWAYS;
            printf("handling, %s | %s:", action_names[action],
                   fails ? "enter a" : way_names[ways[i]]);
            Object *managers[] = {manager_new('a', (Action)action, fails), NULL};
            Exception *saved;
            error_raise(&RuntimeError_Type, "outer");
            except_begin(&saved);
            outcome(one(managers, ways[i]), true);
            printf("  handled now: ");
            print_chain(exception_handled());
            printf("\n");
            except_end(saved);
            decref(managers[0]);
        }
    }
}

/* ---- Generators, which take with them what they handle -----------------------------------------*/

static SendResult plain(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(new_ref(None));
    if (sent) error_raise(&KeyError_Type, "later");
    return SEND_ERROR;
    GENERATOR_END
}

/* The same inside an except block. */
static SendResult handles(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    error_raise(&ValueError_Type, "inside");
    except_begin(&self->saved);
    YIELD(new_ref(None));
    if (sent) error_raise(&KeyError_Type, "later");
    Exception *leaving = exception_fetch();
    except_end(self->saved);
    exception_restore(leaving);
    return SEND_ERROR;
    GENERATOR_END
}

/* Goes on with it, in one of three ways. */
static Object *resume(Object *gen, int how) {
    Exception *thrown = exception_new(&TypeError_Type, "thrown");
    if (how == 0) generator_next(gen);
    if (how == 1) generator_throw(gen, thrown);
    decref(thrown);
    if (error_occurred()) return NULL;
    return generator_close(gen) < 0 ? NULL : str_from_format("closed");
}

/* Who is whose context, and what is handled afterwards. */
static void across_generators(void) {
    static const char *const hows[] = {"next", "throw", "close"};
    for (int i = 0; i < 12; i++) {
        bool begun_before = i / 3 % 2 == 0;
        const char *name = i < 6 ? "plain" : "handles";
        printf("%s, begun %s, %s:", name, begun_before ? "before" : "while", hows[i % 3]);
        Object *gen = generator_new(name, i < 6 ? plain : handles, NULL);
        if (begun_before) decref(generator_next(gen));
        Exception *saved;
        error_raise(&RuntimeError_Type, "outer");
        except_begin(&saved);
        if (!begun_before) decref(generator_next(gen));
        outcome(resume(gen, i % 3), false);
        printf("  handled now: ");
        print_chain(exception_handled());
        printf("\n");
        except_end(saved);
        decref(gen);
    }
}

/* ---- Chains ----------------------------------------------------------------------------------*/

static Exception *ref(Exception *exc) {
    return exc ? (Exception *)new_ref(exc) : NULL;
}

/* An exception as it would be after being raised; context and cause are borrowed. */
static Exception *linked(Exception *exc, Exception *context, Exception *cause) {
    Exception *old = exc->context;
    exc->context = ref(context);
    xdecref(old);
    exc->cause = ref(cause);
    exc->suppress_context = cause != NULL;
    return exc;
}

static void show(Exception *exc) {
    exception_print(exc, stdout);
    decref(exc);
}

/* Prints what is left of the chain that was there. */
static void raise_while(Exception *raised, Exception *handled) {
    Exception *saved;
    exception_raise(ref(handled));
    except_begin(&saved);
    exception_raise(ref(raised));
    Exception *exc = exception_fetch();
    except_end(saved);
    show(exc);
}

static void print_texts(void) {
    static const struct {
        Type *type;
        const char *text;
    } texts[] = {{&ValueError_Type, "text"},
                 {&ValueError_Type, ""},
                 {&KeyError_Type, "key"},
                 {&KeyError_Type, ""},
                 {&IndexError_Type, "two\nlines"}};
    for (size_t i = 0; i < COUNT(texts); i++) {
        show(exception_new(texts[i].type, "%s", texts[i].text));
        Exception *exc = exception_new(texts[i].type, "%s", texts[i].text);
        exception_add_note(exc, "a note");
        exception_add_note(exc, "");
        exception_add_note(exc, "two\nlines");
        show(exc);
    }
    show(exception_new_value(&KeyError_Type, NULL));
}

static void print_chains(void) {
    static const char *const names[] = {"context", "cause", "both", "deep"};
    for (int suppress = 0; suppress < 2; suppress++) {
        for (size_t i = 0; i < COUNT(names); i++) {
            bool deep = i == 3;
            Exception *below = exception_new(&RuntimeError_Type, "below");
            Exception *a = exception_new(&ValueError_Type, "a");
            Exception *b = linked(exception_new(&TypeError_Type, "b"), deep ? below : NULL, NULL);
            exception_add_note(b, "note of b");
            Exception *exc =
                linked(exception_new(&KeyError_Type, "c"), i != 1 ? a : NULL, i != 0 ? b : NULL);
            exception_add_note(exc, "note of c");
            exc->suppress_context = suppress;
            printf("# %s, %s\n", names[i], suppress ? "suppressed" : "not suppressed");
            show(exc);
            decref(below);
            decref(a);
            decref(b);
        }
    }
}

/* Those number 0 to count - 1, each with the next as its context, the last with number `last`. */
static void make_line(Exception **line, int count, int last) {
    for (int i = 0; i < count; i++)
        line[i] = exception_new(&ValueError_Type, "%d", i);
    for (int i = 0; i < count; i++)
        linked(line[i], i + 1 < count ? line[i + 1] : last < count ? line[last] : NULL, NULL);
}

/* A ring keeps itself alive: it is taken apart. */
static void drop_line(Exception **line, int count) {
    for (int i = 0; i < count; i++)
        linked(line[i], NULL, NULL);
    for (int i = 0; i < count; i++)
        decref(line[i]);
}

static void print_rings(void) {
    Exception *line[8];
    for (int size = 1; size <= 4; size++) {
        for (int tail = 0; tail <= 2; tail++) {
            printf("# a ring of %d behind %d\n", size, tail);
            make_line(line, size + tail, tail);
            exception_print(line[0], stdout);
            Exception *new = exception_new(&KeyError_Type, "new");
            raise_while(new, line[0]);
            decref(new);
            drop_line(line, size + tail);
        }
    }
    for (int length = 1; length <= 3; length++) {
        for (int again = 0; again <= length; again++) {
            printf("# of %d, number %d is raised again\n", length, again);
            make_line(line, length + 1, length + 1);
            raise_while(line[again], line[0]);
            drop_line(line, length + 1);
        }
    }
}

int main(void) {
    for (int depth = 1; depth <= 3; depth++)
        grid(depth);
    no_managers();
    while_handling();
    across_generators();
    print_texts();
    print_chains();
    print_rings();
    return finish_output("with_twin", 0);
}
