/* test.c: what each manager promises, exits that do what they like, and all of it without memory.
 *
 * Around each test stands the same check: as many blocks as before, as many references to None, True
 * and False, nothing pending, nothing handled, nothing redirected.
 */
#include "../contextlib.h"

#include "../../../common/proof/testing.h"

/* ---- Helpers ---------------------------------------------------------------------------------*/

#define LENGTH(array) (int)(sizeof(array) / sizeof(array)[0])

static char trace[4096]; // who was entered and left, told what
static long blocks_before;
static ssize_t references_before[3];
static Object *pool[256]; // what the test now running has made: dropped when it is over
static int kept;

static void *keep(void *op) {
    assert_non_null(op);
    assert_true(kept < LENGTH(pool));
    return pool[kept++] = op;
}

static int before(void **unused) {
    (void)unused;
    testing_fail_at(-1);
    *trace = '\0';
    blocks_before = testing_blocks();
    memcpy(references_before, ((ssize_t[]){None->refcnt, True->refcnt, False->refcnt}),
           sizeof references_before);
    return 0;
}

static void drop_kept(void) {
    while (kept > 0)
        decref(pool[--kept]);
}

static int after(void **unused) {
    (void)unused;
    drop_kept();
    assert_int_equal(None->refcnt, references_before[0]);
    assert_int_equal(True->refcnt, references_before[1]);
    assert_int_equal(False->refcnt, references_before[2]);
    assert_int_equal(testing_blocks(), blocks_before);
    assert_null(error_occurred());
    assert_null(exception_handled());
    assert_null(standard_output);
    return 0;
}

PRINTF_LIKE static void log_to(char *text, const char *format, ...) {
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, sizeof trace - length, format, args);
    va_end(args);
}
#define note(...) log_to(trace, __VA_ARGS__)

/* Compares and empties it. */
static void assert_trace(const char *expected) {
    assert_string_equal(trace, expected);
    *trace = '\0';
}

/* KeyError(x)[ValueError(y)]: the exception that is pending, with its contexts; cleared. */
static void assert_chain(const char *expected) {
    Exception *exc = exception_fetch();
    char text[sizeof trace] = "";
    int length = 0;
    for (Exception *o = exc; o && length < 20; o = o->context, length++)
        log_to(text, "%s%s(%s)%s", o == exc ? "" : "[", o->ob.type->name, exception_str(o),
               o->suppress_context ? "!" : "");
    xdecref(exc);
    assert_string_equal(text, expected);
}

static Object *raises(Type *type, const char *text) {
    error_raise(type, "%s", text);
    return NULL;
}
#define KEY_ERROR(text)   raises(&KeyError_Type, text)
#define VALUE_ERROR(text) raises(&ValueError_Type, text)

/* A manager that notes what happens to it; its exit is any function. */
typedef struct Recorder Recorder;
typedef Object *(*Leave)(Recorder *self, Exception *told);
struct Recorder {
    Object ob;
    const char *name;
    Leave leave;
    Object *stack; // borrowed
};

static int inside; // entered and not left

static void recorder_dealloc(Object *self) {
    testing_free(self);
}

static Object *recorder_enter(Object *op) {
    note("+%s ", ((Recorder *)op)->name);
    inside++;
    return new_ref(op);
}

static Object *recorder_exit(Object *op, Object *type, Object *value, Object *traceback) {
    Recorder *self = (Recorder *)op;
    assert_ptr_equal(traceback, None);
    assert_true(type == None ? value == None : type == OBJECT(value->type));
    note("-%s(%s) ", self->name, type == None ? "" : exception_str((Exception *)value));
    inside--;
    if (self->leave) return self->leave(self, type == None ? NULL : (Exception *)value);
    return new_ref(None);
}

static Type Recorder_Type = {TYPE("Recorder", NULL), .dealloc = recorder_dealloc,
                             .enter = recorder_enter, .exit = recorder_exit};

static Object *new_recorder(const char *name, Leave leave, Object *stack) {
    Recorder *self = object_new(&Recorder_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->leave = leave;
    self->stack = stack;
    return OBJECT(self);
}
static Object *recorder(const char *name, Leave leave, Object *stack) {
    return keep(new_recorder(name, leave, stack));
}

static void enter(Object *stack, Object *manager) {
    Object *entered = exitstack_enter_context(stack, manager);
    assert_non_null(entered);
    decref(entered);
}

static Object *swallows(Recorder *self, Exception *told) {
    (void)self, (void)told;
    return new_ref(True);
}
static Object *fails(Recorder *self, Exception *told) {
    (void)told;
    return KEY_ERROR(self->name);
}

/* ---- A generator as a manager ----------------------------------------------------------------*/

static Object *generator_manager(GeneratorBody body, Object *closure) {
    return keep(contextmanager("body", body, closure));
}

static SendResult plain_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    note("before ");
    YIELD(int_from_long(5));
    if (!sent) return SEND_ERROR;
    note("after ");
    GENERATOR_END
}

static SendResult swallow_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(int_from_long(5));
    if (!sent) {
        Exception *exc = except_begin(&self->saved);
        note("caught %s ", exception_str(exc));
        except_end(self->saved);
    }
    note("after ");
    GENERATOR_END
}

/* Twice, whatever comes. */
static SendResult twice_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(int_from_long(1));
    if (!sent) error_clear();
    YIELD(int_from_long(2));
    note("closed ");
    if (!sent) return SEND_ERROR;
    GENERATOR_END
}

static SendResult empty_body(Generator *self, Object *sent, Object **result) {
    (void)sent;
    GENERATOR_BEGIN
    break;
    GENERATOR_END
}

static SendResult stop_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    YIELD(int_from_long(1));
    (void)sent;
    error_clear();
    raises(&StopIteration_Type, "mine");
    return SEND_ERROR;
    GENERATOR_END
}

static SendResult handles_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    KEY_ERROR("handled");
    except_begin(&self->saved);
    inside++;
    YIELD(new_ref(None));
    inside--;
    except_end(self->saved);
    if (!sent) return SEND_ERROR;
    GENERATOR_END
}

static void test_generator_runs_to_its_yield_and_from_it(void **unused) {
    (void)unused;
    Object *target = NULL;
    WITH(w, generator_manager(plain_body, NULL), &target) {
        assert_trace("before ");
        assert_int_equal(((Int *)target)->value, 5);
        decref(target);
    }
    assert_trace("after ");
}

static void test_exception_is_thrown_in_at_the_yield(void **unused) {
    (void)unused;
    WITH(w, generator_manager(plain_body, NULL), NULL) {
        VALUE_ERROR("block");
    }
    assert_trace("before "); // and not after: nothing caught it
    assert_chain("ValueError(block)");
    WITH(w, generator_manager(swallow_body, NULL), NULL) {
        VALUE_ERROR("block");
    }
    assert_trace("caught block after ");
}

static void test_generators_that_yield_never_or_twice(void **unused) {
    (void)unused;
    WITH(w, generator_manager(empty_body, NULL), NULL) {
        fail();
    }
    assert_chain("RuntimeError(generator didn't yield)![StopIteration()");
    WITH(w, generator_manager(twice_body, NULL), NULL) {
    }
    assert_chain("RuntimeError(generator didn't stop)");
    WITH(w, generator_manager(twice_body, NULL), NULL) {
        VALUE_ERROR("block");
    }
    assert_chain("RuntimeError(generator didn't stop after throw())[ValueError(block)");
    assert_trace("");
    drop_kept(); // the generator is closed when the manager goes
    assert_trace("closed closed ");
}

/* What left the block is what arrives, the same object, also a StopIteration. */
static void test_stop_iteration_of_the_block_leaves_it(void **unused) {
    (void)unused;
    Exception *stop = keep(exception_new(&StopIteration_Type, "block"));
    WITH(w, generator_manager(plain_body, NULL), NULL) {
        exception_raise((Exception *)new_ref(stop));
    }
    Exception *exc = exception_fetch();
    assert_ptr_equal(exc, stop);
    assert_null(exc->context);
    decref(exc);
    Object *manager = generator_manager(plain_body, NULL), *entered = manager->type->enter(manager);
    decref(entered);
    Object *result = manager->type->exit(manager, OBJECT(stop->ob.type), OBJECT(stop), None);
    assert_ptr_equal(result, False); // asked to leave as it is, not raised anew
    decref(result);
    *trace = '\0';
    WITH(w, generator_manager(stop_body, NULL), NULL) {
        exception_raise((Exception *)new_ref(stop));
    }
    exc = exception_fetch();
    assert_string_equal(exception_str(exc), "generator raised StopIteration");
    assert_string_equal(exception_str(exc->cause), "mine");
    decref(exc);
}

static void test_manager_is_entered_once(void **unused) {
    (void)unused;
    Object *manager = generator_manager(plain_body, NULL);
    for (int i = 0; i < 2; i++) {
        WITH(w, manager, NULL) {
        }
    }
    assert_trace("before after ");
    assert_chain("AttributeError('_GeneratorContextManager' object has no attribute 'args')");
    Object *decorated = keep(contextmanager_decorate(manager, None));
    assert_null(object_call(decorated, NULL, 0));
    assert_chain("AttributeError('_GeneratorContextManager' object has no attribute 'func')");
}

static Object *return_argument(Object *closure, Object *const *args, ssize_t nargs) {
    note("call ");
    if (closure == True) return VALUE_ERROR("call");
    return new_ref(nargs > 0 ? args[0] : None);
}

static void test_decorated_function_runs_inside_a_new_one_each_time(void **unused) {
    (void)unused;
    Object *function = keep(function_new("f", return_argument, NULL)), *argument = True;
    Object *decorated =
        keep(contextmanager_decorate(generator_manager(plain_body, NULL), function));
    for (int i = 0; i < 2; i++) {
        Object *result = object_call(decorated, &argument, 1);
        assert_ptr_equal(result, True);
        decref(result);
        assert_trace("before call after ");
    }
    function = keep(function_new("f", return_argument, True));
    decorated = keep(contextmanager_decorate(generator_manager(swallow_body, NULL), function));
    Object *result = object_call(decorated, &argument, 1);
    assert_ptr_equal(result, None); // swallowed
    decref(result);
    assert_trace("call caught call after ");
}

/* ---- Generators that turn against those who run them -----------------------------------------*/

static Object *the_manager, *the_generator; // borrowed

/* Leaves and closes itself while it runs. */
static SendResult leaves_itself_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    the_generator = OBJECT(self);
    assert_null(the_manager->type->exit(the_manager, None, None, None));
    assert_chain("ValueError(generator already executing)");
    YIELD(int_from_long(1));
    assert_non_null(sent);
    assert_int_equal(generator_close(OBJECT(self)), -1);
    assert_chain("ValueError(generator already executing)");
    Exception *thrown = keep(exception_new(&KeyError_Type, "thrown"));
    assert_null(the_manager->type->exit(the_manager, OBJECT(&KeyError_Type), OBJECT(thrown), None));
    assert_chain("ValueError(generator already executing)");
    GENERATOR_END
}

/* Holds the manager that holds it, until it ends. */
static SendResult holds_body(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    self->locals[0] = new_ref(the_manager);
    YIELD(int_from_long(1));
    if (!sent) return SEND_ERROR;
    GENERATOR_END
}

/* Where nothing catches it, in an except, and where it is not wanted. */
static void test_what_is_thrown_into_a_generator(void **unused) {
    (void)unused;
    Exception *stop = keep(exception_new(&StopIteration_Type, "thrown"));
    Object *gen = keep(generator_new("not begun", plain_body, NULL));
    assert_null(generator_throw(gen, stop));
    assert_chain("RuntimeError(generator raised StopIteration)![StopIteration(thrown)");
    assert_null(generator_throw(gen, stop)); // ended: as it is
    assert_chain("StopIteration(thrown)");
    gen = keep(generator_new("handles", handles_body, NULL));
    decref(generator_next(gen));
    assert_null(generator_throw(gen, keep(exception_new(&ValueError_Type, "thrown"))));
    assert_chain("ValueError(thrown)[KeyError(handled)");
    gen = keep(generator_new("twice", twice_body, NULL));
    decref(generator_next(gen));
    assert_int_equal(generator_close(gen), -1);
    assert_chain("RuntimeError(generator ignored GeneratorExit)");
    assert_int_equal(generator_close(gen), 0);
    assert_trace("closed ");
}

static void test_generator_that_is_left_while_it_runs(void **unused) {
    (void)unused;
    the_manager = generator_manager(leaves_itself_body, NULL);
    WITH(w, the_manager, NULL) {
    }
}

static void test_generator_that_is_closed_in_the_block(void **unused) {
    (void)unused;
    for (int raised = 0; raised < 2; raised++) {
        the_manager = generator_manager(leaves_itself_body, NULL);
        WITH(w, the_manager, NULL) {
            // stands at its yield, where leaves_itself_body wants no exception: so end it by a next
            Object *result = NULL;
            assert_int_equal(generator_send(the_generator, &result), SEND_RETURN);
            decref(result);
            assert_int_equal(generator_close(the_generator), 0);
            if (raised) VALUE_ERROR("block");
        }
        if (raised) assert_chain("ValueError(block)");
    }
}

static void test_generator_that_holds_its_manager(void **unused) {
    (void)unused;
    for (int raised = 0; raised < 2; raised++) {
        the_manager = contextmanager("holds", holds_body, NULL);
        WITH(w, the_manager, NULL) {
            decref(the_manager);
            if (raised) VALUE_ERROR("block");
        }
        if (raised) assert_chain("ValueError(block)");
    }
}

/* ---- The small ones --------------------------------------------------------------------------*/

static Object *note_close(Object *closure, Object *const *args, ssize_t nargs) {
    assert_int_equal(nargs, 1);
    assert_ptr_equal(args[0], True);
    note("close ");
    return closure == True ? KEY_ERROR("close") : new_ref(True);
}

static void test_closing(void **unused) {
    (void)unused;
    Object *target;
    WITH(w, keep(closing_new(True, keep(function_new("close", note_close, NULL)))), &target) {
        assert_ptr_equal(target, True);
        decref(target);
        VALUE_ERROR("block");
    }
    assert_chain("ValueError(block)"); // not swallowed, although close() returned True
    WITH(w, keep(closing_new(True, keep(function_new("close", note_close, True)))), NULL) {
        VALUE_ERROR("block");
    }
    assert_chain("KeyError(close)[ValueError(block)");
    assert_trace("close close ");
}

static void test_suppress(void **unused) {
    (void)unused;
    Type *types[] = {&LookupError_Type, &ValueError_Type};
    static const struct {
        int ntypes;
        Type *raised;
        bool swallowed;
    } cases[] = {{2, &KeyError_Type, true},
                 {2, &ValueError_Type, true},
                 {1, &ValueError_Type, false},
                 {0, &KeyError_Type, false},
                 {2, &BaseException_Type, false}};
    for (int i = 0; i < LENGTH(cases); i++) {
        WITH(w, keep(suppress_new(cases[i].ntypes, types)), NULL) {
            raises(cases[i].raised, "block");
        }
        assert_int_equal(!error_occurred(), cases[i].swallowed);
        error_clear();
    }
}

static void test_nullcontext_and_redirect(void **unused) {
    (void)unused;
    Object *target;
    WITH(w, keep(nullcontext_new(True)), &target) {
        assert_ptr_equal(target, True);
        decref(target);
    }
    FILE *files[] = {stdout, stderr};
    Object *out = keep(redirect_stdout_new(files[0])), *err = keep(redirect_stdout_new(files[1]));
    WITH(a, out, NULL) {
        WITH(b, err, NULL) {
            WITH(c, out, NULL) {
                assert_ptr_equal(standard_output, stdout);
                VALUE_ERROR("block");
            }
            assert_ptr_equal(standard_output, stderr);
        }
        assert_ptr_equal(standard_output, stdout);
    }
    assert_null(standard_output);
    assert_chain("ValueError(block)");
    assert_null(out->type->exit(out, None, None, None));
    assert_chain("IndexError(pop from empty list)");
    Object *entered = err->type->enter(err); // and never left: nothing leaks
    decref(entered);
    standard_output = NULL;
}

/* ---- ExitStack -------------------------------------------------------------------------------*/

static Object *note_told(Object *closure, Object *const *args, ssize_t nargs) {
    note("%s(%ld%s) ", closure ? ((Str *)closure)->text : "f", (long)nargs,
         nargs == 3 && args[0] != None ? exception_str((Exception *)args[1]) : "");
    return new_ref(True);
}

static void test_stack_leaves_in_reverse_and_tells_each(void **unused) {
    (void)unused;
    Object *stack = keep(exitstack_new());
    Object *name = keep(str_from_format("g")), *g = keep(function_new("g", note_told, name));
    WITH(w, stack, NULL) {
        enter(stack, recorder("a", NULL, NULL));
        assert_int_equal(exitstack_push(stack, recorder("b", NULL, NULL)), 0);
        assert_int_equal(exitstack_push(stack, g), 0); // swallows
        assert_int_equal(exitstack_callback(stack, g, True), 0);
        assert_int_equal(exitstack_callback(stack, g, NULL), 0); // True from these swallows not
        assert_int_equal(exitstack_size(stack), 5);
        VALUE_ERROR("block");
    }
    assert_trace("+a g(0) g(1) g(3block) -b() -a() ");
    assert_int_equal(exitstack_size(stack), 0);
    assert_int_equal(exitstack_close(stack), 0); // and again: nothing is owed
    assert_trace("");
    inside = 0;
}

static void test_stack_enters_no_more_than_a_manager(void **unused) {
    (void)unused;
    Object *stack = keep(exitstack_new());
    assert_null(exitstack_enter_context(stack, None));
    assert_chain("TypeError('builtins.NoneType' object does not support the context manager "
                 "protocol)![AttributeError(type object 'NoneType' has no attribute '__enter__')");
    Type half = {TYPE("module.Half", NULL), .enter = recorder_enter};
    Object object = {1, &half};
    assert_null(exitstack_enter_context(stack, &object));
    assert_chain("TypeError('module.Half' object does not support the context manager protocol)!"
                 "[AttributeError(type object 'module.Half' has no attribute '__exit__')");
    assert_null(exitstack_enter_context(stack, generator_manager(empty_body, NULL)));
    error_clear();
    assert_int_equal(exitstack_size(stack), 0);
    assert_int_equal(exitstack_push(stack, None), 0); // found out when it is called
    assert_int_equal(exitstack_close(stack), -1);
    assert_chain("TypeError('NoneType' object is not callable)");
    assert_trace("");
}

static void test_pop_all_and_a_stack_that_is_dropped(void **unused) {
    (void)unused;
    Object *stack = exitstack_new(), *other = NULL;
    WITH(w, stack, NULL) {
        enter(stack, recorder("a", NULL, NULL));
        enter(stack, recorder("b", fails, NULL));
        other = exitstack_pop_all(stack);
    }
    assert_trace("+a +b ");
    assert_int_equal(exitstack_size(other), 2);
    decref(stack);
    assert_int_equal(exitstack_close(other), -1);
    assert_chain("KeyError(b)");
    assert_trace("-b() -a(b) ");
    enter(other, recorder("c", NULL, NULL));
    decref(other); // only close() and exit leave
    assert_trace("+c ");
    inside = 0;
}

/* A stack does what nested with statements do: the same is told, the same comes out. But for contexts
 * where the block raised nothing, or where it stands in an except: CPython's repair does not see there
 * what nested statements would (twin.py has both). */
static Object *random_leave(Recorder *self, Exception *told) {
    static const char *const names = "0123456789";
    switch ((uintptr_t)self->stack % 6) {
    case 0:
        return KEY_ERROR(self->name);
    case 1:
        return new_ref(True);
    case 2:
        exception_raise_from(exception_new(&IndexError_Type, "from"), told);
        return NULL;
    case 3: {
        Exception *saved;
        KEY_ERROR("inner");
        except_begin(&saved);
        VALUE_ERROR(names + self->name[0] % 10);
        except_end(saved);
        return NULL;
    }
    default:
        return new_ref(None);
    }
}

static void nested(Object *const *managers, int n) {
    if (n == 0) {
        VALUE_ERROR("block");
        return;
    }
    WITH(w, managers[0], NULL) {
        nested(managers + 1, n - 1);
    }
}

static void test_stack_is_nested_with_statements(void **unused) {
    (void)unused;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    uint64_t seed = testing_seed();
    for (int round = 0; round < 2000; round++) {
        int n = 1 + (int)testing_random(&seed, 6);
        Object *managers[6], *stack = keep(exitstack_new());
        for (int i = 0; i < n; i++) // `stack` is only what to do
            managers[i] =
                recorder(names[i], random_leave, (Object *)(uintptr_t)testing_random(&seed, 6));
        Exception *out[2];
        char traces[2][sizeof trace];
        for (int with_stack = 0; with_stack < 2; with_stack++) {
            *trace = '\0';
            if (!with_stack) nested(managers, n);
            WITH(w, stack, NULL) {
                for (int i = 0; with_stack && i < n; i++)
                    enter(stack, managers[i]);
                if (with_stack) VALUE_ERROR("block");
                if (!with_stack) break;
            }
            out[with_stack] = exception_fetch();
            for (Exception *o = out[with_stack]; o; o = o->context)
                note("[%s %s %s]", o->ob.type->name, exception_str(o),
                     o->cause ? exception_str(o->cause) : "");
            memcpy(traces[with_stack], trace, sizeof trace);
        }
        xdecref(out[0]);
        xdecref(out[1]);
        assert_string_equal(traces[0], traces[1]);
        drop_kept();
    }
    assert_int_equal(inside, 0);
}

/* ---- Hostile exits ---------------------------------------------------------------------------*/

static Object *closes(Recorder *self, Exception *told) {
    (void)told;
    return exitstack_close(self->stack) < 0 ? NULL : new_ref(None);
}
static Object *adds(Recorder *self, Exception *told) {
    (void)told;
    for (int i = 0; i < 20; i++) // enough to move the array that is being unwound
        exitstack_push(self->stack, recorder("n", NULL, NULL));
    return new_ref(None);
}
static Object *pops_all(Recorder *self, Exception *told) {
    (void)told;
    Object *other = exitstack_pop_all(self->stack);
    int status = exitstack_close(other);
    decref(other);
    return status < 0 ? NULL : new_ref(None);
}
static Object *raises_told(Recorder *self, Exception *told) {
    (void)self;
    exception_raise((Exception *)new_ref(told));
    return NULL;
}

static void test_exits_that_change_the_stack(void **unused) {
    (void)unused;
    static const struct {
        Leave leave;
        const char *trace, *chain;
    } cases[] = {
        {closes, "+a +b +x -x(block) -b() -a(b) ", "KeyError(b)"},
        {pops_all, "+a +b +x -x(block) -b() -a(b) ", "KeyError(b)"},
        {adds,
         "+a +b +x -x(block) -n(block) -n(block) -n(block) -n(block) -n(block) -n(block) -n(block) "
         "-n(block) -n(block) -n(block) -n(block) -n(block) -n(block) -n(block) -n(block) "
         "-n(block) -n(block) -n(block) -n(block) -n(block) -b(block) -a(b) ",
         "KeyError(b)"},
    };
    for (int i = 0; i < LENGTH(cases); i++) {
        Object *stack = keep(exitstack_new());
        WITH(w, stack, NULL) {
            enter(stack, recorder("a", NULL, NULL));
            enter(stack, recorder("b", fails, NULL));
            enter(stack, recorder("x", cases[i].leave, stack));
            VALUE_ERROR("block");
        }
        assert_trace(cases[i].trace);
        assert_string_equal(error_message(), "b");
        error_clear();
        drop_kept();
    }
    inside = 0;
}

static Object *last; // the one reference from outside
static bool has_died;

static void notes_its_death(Object *op) {
    has_died = true;
    recorder_dealloc(op);
}
static Object *enter_and_drop(Object *op) {
    clear_ref(last);
    return has_died ? VALUE_ERROR("entered, and dead") : recorder_enter(op);
}
static Object *drops(Recorder *self, Exception *told) {
    (void)self, (void)told;
    clear_ref(last);
    return new_ref(None);
}

/* Who is entered, and the stack that is closed, live until that is over. */
static void test_last_reference(void **unused) {
    (void)unused;
    static Type type = {TYPE("Dropped", NULL), .dealloc = notes_its_death, .enter = enter_and_drop,
                        .exit = recorder_exit};
    Object *stack = keep(exitstack_new());
    last = new_recorder("x", NULL, NULL);
    last->type = &type;
    has_died = false;
    enter(stack, last);
    assert_false(has_died);
    assert_int_equal(exitstack_close(stack), 0);
    assert_true(has_died);
    assert_trace("+x -x() ");
    last = exitstack_new();
    enter(last, recorder("a", fails, NULL));
    enter(last, recorder("b", drops, NULL));
    assert_int_equal(exitstack_close(last), -1);
    assert_trace("+a +b -b() -a() ");
    assert_chain("KeyError(a)");
}

/* Raised again while the stack handles another one, it becomes its own context. CPython goes round in
 * that ring for ever when an outer stack looks for its end. */
static void test_exit_that_raises_what_it_is_told(void **unused) {
    (void)unused;
    Object *outer = keep(exitstack_new()), *inner = keep(exitstack_new());
    exitstack_push(inner, recorder("again", raises_told, NULL));
    exitstack_push(inner, recorder("first", fails, NULL));
    exitstack_push(outer, inner);
    exitstack_push(outer, recorder("before", fails, NULL));
    WITH(w, outer, NULL) {
        VALUE_ERROR("block");
    }
    assert_trace("-before(block) -first(before) -again(first) ");
    Exception *exc = exception_fetch();
    assert_ptr_equal(exc->context, exc);
    clear_ref(exc->context); // a ring that nobody collects
    decref(exc);
    inside = 0;
}

/* An exit that ties the exception to be raised behind the one that is handled: raising unties it. */
static Object *ties(Recorder *self, Exception *told) {
    (void)self;
    Exception *handled = exception_handled();
    if (told != handled && !handled->context) handled->context = (Exception *)new_ref(told);
    return new_ref(None);
}

static void test_ring_through_what_is_handled(void **unused) {
    (void)unused;
    Object *stack = keep(exitstack_new());
    exitstack_push(stack, recorder("ties", ties, NULL));
    exitstack_push(stack, recorder("b", fails, NULL));
    WITH(w, stack, NULL) {
        VALUE_ERROR("block");
    }
    assert_chain("KeyError(b)[ValueError(block)");
    inside = 0;
    *trace = '\0';
}

/* ---- Size ------------------------------------------------------------------------------------*/

static long count;

static Object *count_up(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    assert_int_equal(((Int *)args[0])->value, --count);
    return new_ref(None);
}

static Object *raise_new(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return args[0] == None ? new_ref(None) : KEY_ERROR("one of many");
}

static void test_a_million(void **unused) {
    (void)unused;
    enum { N = 1000000, CHAIN = 100000 };
    Object *stack = keep(exitstack_new()), *function = keep(function_new("f", count_up, NULL));
    for (count = 0; count < N; count++) {
        Object *number = int_from_long(count);
        assert_int_equal(exitstack_callback(stack, function, number), 0);
        decref(number);
    }
    assert_int_equal(exitstack_size(stack), N);
    assert_int_equal(exitstack_close(stack), 0);
    assert_int_equal(count, 0);
    Object *raising = keep(function_new("raise", raise_new, NULL));
    WITH(w, stack, NULL) {
        for (int i = 0; i < CHAIN; i++)
            exitstack_push(stack, raising);
        VALUE_ERROR("block");
    }
    Exception *exc = exception_fetch();
    int length = 0;
    for (Exception *o = exc; o; o = o->context)
        length++;
    assert_int_equal(length, CHAIN + 1);
    decref(exc);
}

/* ---- Without memory --------------------------------------------------------------------------*/

static void test_entered_and_not_remembered(void **unused) {
    (void)unused;
    static const Leave leaves[] = {NULL, swallows, fails};
    static const char *const chains[] = {"MemoryError()", "MemoryError()",
                                         "KeyError(x)[MemoryError()"};
    for (int i = 0; i < LENGTH(leaves); i++) {
        Object *stack = keep(exitstack_new()), *x = recorder("x", leaves[i], NULL);
        for (int k = 0; k < 4; k++)
            exitstack_push(stack, None);
        testing_fail_at(0);
        assert_null(exitstack_enter_context(stack, x));
        assert_true(testing_has_failed());
        testing_fail_at(-1);
        assert_trace("+x -x() ");
        assert_int_equal(exitstack_size(stack), 4);
        assert_chain(chains[i]);
        testing_fail_at(0);
        assert_int_equal(exitstack_push(stack, x), -1);
        assert_chain("MemoryError()");
        testing_fail_at(0);
        assert_int_equal(exitstack_callback(stack, x, True), -1);
        assert_chain("MemoryError()");
        testing_fail_at(0);
        assert_null(exitstack_pop_all(stack));
        assert_chain("MemoryError()");
        assert_int_equal(exitstack_size(stack), 4);
    }
    assert_int_equal(inside, 0);
}

/* An object, entered and dropped, or what went wrong. */
static bool give(Object *stack, Object *manager) {
    Object *entered = manager ? exitstack_enter_context(stack, manager) : NULL;
    xdecref(entered);
    xdecref(manager);
    return entered;
}

/* Some of everything. */
static void scene(void) {
    Object *stack = exitstack_new();
    if (!stack) return;
    WITH(w, stack, NULL) {
        Object *f = function_new("f", return_argument, True);
        Object *decorated = NULL, *manager = contextmanager("s", swallow_body, NULL);
        if (f && manager) decorated = contextmanager_decorate(manager, f);
        xdecref(f);
        xdecref(manager);
        Object *result = decorated ? object_call(decorated, NULL, 0) : NULL;
        xdecref(decorated);
        xdecref(result);
        if (!result) break;
        if (!give(stack, new_recorder("a", NULL, NULL))) break;
        if (!give(stack, contextmanager("handles", handles_body, NULL))) break;
        if (!give(stack, redirect_stdout_new(stderr))) break;
        if (!give(stack, new_recorder("b", fails, NULL))) break;
        if (!give(stack, new_recorder("c", NULL, NULL))) break;
        if (!give(stack, nullcontext_new(True))) break;
        if (!give(stack, suppress_new(1, (Type *[]){&OSError_Type}))) break;
        if (!give(stack, contextmanager("twice", twice_body, NULL))) break;
        Object *function = function_new("f", note_told, NULL);
        Object *closing = function ? closing_new(True, function) : NULL;
        xdecref(function);
        if (!give(stack, closing)) break;
        if (!give(stack, contextmanager("empty", empty_body, NULL))) break;
    }
    decref(stack);
}

static void test_every_allocation_failed_in_turn(void **unused) {
    (void)unused;
    long n = 0;
    for (bool failed = true; failed; n++) {
        long blocks = testing_blocks();
        *trace = '\0';
        testing_fail_at(n);
        scene();
        failed = testing_has_failed();
        testing_fail_at(-1);
        assert_non_null(error_occurred());
        error_clear();
        assert_int_equal(inside, 0); // what was entered is left again
        assert_null(standard_output);
        assert_null(exception_handled());
        assert_int_equal(testing_blocks(), blocks);
    }
    assert_in_range(n, 40, 60);
    assert_trace(
        "call caught call after +a +b +c f(1) closed -c(generator didn't stop after throw()) "
        "-b(generator didn't stop after throw()) -a(b) ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, before, after)

int main(void) {
    static const struct CMUnitTest tests[] = {
        TEST(generator_runs_to_its_yield_and_from_it),
        TEST(exception_is_thrown_in_at_the_yield),
        TEST(generators_that_yield_never_or_twice),
        TEST(stop_iteration_of_the_block_leaves_it),
        TEST(manager_is_entered_once),
        TEST(decorated_function_runs_inside_a_new_one_each_time),
        TEST(what_is_thrown_into_a_generator),
        TEST(generator_that_is_left_while_it_runs),
        TEST(generator_that_is_closed_in_the_block),
        TEST(generator_that_holds_its_manager),
        TEST(closing),
        TEST(suppress),
        TEST(nullcontext_and_redirect),
        TEST(stack_leaves_in_reverse_and_tells_each),
        TEST(stack_enters_no_more_than_a_manager),
        TEST(pop_all_and_a_stack_that_is_dropped),
        TEST(stack_is_nested_with_statements),
        TEST(exits_that_change_the_stack),
        TEST(last_reference),
        TEST(exit_that_raises_what_it_is_told),
        TEST(ring_through_what_is_handled),
        TEST(a_million),
        TEST(entered_and_not_remembered),
        TEST(every_allocation_failed_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
