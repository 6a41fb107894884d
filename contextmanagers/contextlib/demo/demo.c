/* demo.c: contextlib's story, scene by scene; stack.c and unwind.c have those about the ExitStack. */
#include "demo.h"

/* ---- Small helpers ---------------------------------------------------------------------------*/

Object *manager_of(const char *name, GeneratorBody body, Object *closure) {
    return need(contextmanager(name, body, closure));
}

void print_exception(const Exception *exc) {
    for (const Exception *one = exc; one; one = one->suppress_context ? NULL : one->context)
        printf("%s%s('%s')", one == exc ? "" : ", context ", one->ob.type->name,
               exception_str(one));
}

void print_outcome(const char *else_) {
    Exception *exc = exception_fetch();
    if (exc) {
        print_exception(exc);
        decref(exc);
    } else {
        printf("%s", else_);
    }
    putchar('\n');
}

/* ---- generator -------------------------------------------------------------------------------*/

/* def tag(): as the scene prints it. */
static SendResult tag(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    puts("      generator    print('<p>')");
    YIELD(str_from_format("p"));
    if (!sent) {
        Exception *exc = except_begin(&self->saved);
        if (!exception_matches(exc, &ValueError_Type)) {
            puts("      generator    not a ValueError: goes on its way");
            except_reraise(self->saved);
            return SEND_ERROR;
        }
        printf("      generator    print('<!-- %s -->')\n", exception_str(exc));
        except_end(self->saved);
    }
    puts("      generator    print('</p>'), and its end");
    GENERATOR_END
}

/* with tag() as name: print(name); raise an exception of this type, or none */
static void use_tag(Type *raises) {
    Object *manager = manager_of("tag", tag, NULL), *name = NULL;
    With with;
    puts("    __enter__      next(generator)");
    must(with_enter(&with, manager, &name));
    printf("      generator    stands at its yield, gives '%s'\n", ((Str *)name)->text);
    printf("    the block      ");
    if (raises) {
        printf("raise %s('oh')\n", raises->name);
        error_raise(raises, "oh");
        printf("    __exit__       generator.throw(%s('oh'))\n", raises->name);
    } else {
        printf("print(name)\n    __exit__       next(generator)\n");
    }
    int left = with_leave(&with);
    printf("    afterwards     ");
    print_outcome(left == 0 ? "the statement after the block" : "");
    decref(name);
    decref(manager);
}

static void scene_generator(void) {
    puts("A function that stops in the middle is a context manager cut in two.\n\n"
         "    @contextmanager\n"
         "    def tag():\n"
         "        print('<p>')\n"
         "        try:\n"
         "            yield 'p'\n"
         "        except ValueError as exc:\n"
         "            print(f'<!-- {exc} -->')\n"
         "        print('</p>')\n");
    puts("with tag() as name: print(name)\n");
    step("who runs first?");
    use_tag(NULL);
    step("the block raises ValueError: where does the generator see it?");
    puts("\nwith tag() as name: raise ValueError('oh')\n");
    use_tag(&ValueError_Type);
    step("and a KeyError: is </p> printed?");
    puts("\nwith tag() as name: raise KeyError('oh')\n");
    use_tag(&KeyError_Type);
    puts("\nThe last line was never reached: what must be done in any case belongs in a\n"
         "`finally` around the yield. No line of the generator ran while the block did.");
}

/* ---- exit: every branch ----------------------------------------------------------------------*/

typedef enum {
    NO_TRY,
    PASS,
    AGAIN,
    ANOTHER,
    FROM_NONE,
    RETURNS_STOP,
    RAISES_STOP,
    YIELDS,
    YIELDS_TWICE,
    NO_YIELD
} What;

/* A generator that does at its yield what the Int of its closure says. */
static SendResult various(Generator *self, Object *sent, Object **result) {
    What what = (What)((Int *)self->closure)->value;
    GENERATOR_BEGIN
    if (what != NO_YIELD) {
        YIELD(new_ref(None));
    }
    if (!sent) {
        if (what == NO_TRY) return SEND_ERROR;
        except_begin(&self->saved);
        if (what == AGAIN) {
            except_reraise(self->saved);
            return SEND_ERROR;
        }
        if (what == ANOTHER) error_raise(&KeyError_Type, "k");
        if (what == FROM_NONE) exception_raise_from(exception_new(&KeyError_Type, "k"), NULL);
        if (what == RAISES_STOP) error_raise(&StopIteration_Type, "mine");
        except_end(self->saved);
        if (what == ANOTHER || what == FROM_NONE || what == RAISES_STOP) return SEND_ERROR;
    }
    if (what == YIELDS || what == YIELDS_TWICE) {
        YIELD(new_ref(None));
    }
    GENERATOR_END
}

static const char *answer; // what the last __exit__ did

static Object *spy(Object *self, Object *type, Object *value, Object *traceback) {
    Object *result = GeneratorContextManager_Type.exit(self, type, value, traceback);
    answer = !result ? "raises" : object_is_true(result) ? "True" : "False";
    return result;
}

static Object *various_manager(What what) {
    Object *number = need(int_from_long(what));
    Object *manager = manager_of("various", various, number);
    decref(number);
    return manager;
}

/* One row: what the generator does at its yield, what the block raises, what comes out. */
static void row(const char *at_yield, What what, Type *raises) {
    Object *manager = various_manager(what);
    With with;
    printf("  %-24s%-14s", at_yield, raises ? raises->name : "-");
    if (with_enter(&with, manager, NULL) == 0) {
        with.exit = spy;
        if (raises) error_raise(raises, "b");
        (void)with_leave(&with);
        printf("%-7s", answer);
    }
    Exception *exc = exception_fetch();
    printf("%s", exc ? exc->ob.type->name : "goes on");
    const Exception *shown = exc && !exc->suppress_context ? exc->context : NULL;
    if (exc && exc->cause)
        printf(", cause %s", exc->cause->ob.type->name);
    else if (shown)
        printf(", context %s", shown->ob.type->name);
    putchar('\n');
    xdecref(exc);
    decref(manager);
}

static void scene_exit(void) {
    puts("The question of __exit__: has the exception that was thrown in come out again\n"
         "(False: it goes on by itself), was it dealt with (True), is it another one?\n\n"
         "  at the yield            block raises  exit   afterwards");
    row("no try", NO_TRY, NULL);
    row("no try", NO_TRY, &ValueError_Type);
    row("except: pass", PASS, &ValueError_Type);
    row("except: raise", AGAIN, &ValueError_Type);
    step("except: raise KeyError. What does __exit__ do?");
    row("except: raise KeyError", ANOTHER, &ValueError_Type);
    row("  the same, from None", FROM_NONE, &ValueError_Type);
    puts("\nExit returns False for the one it was told and raises only what is its own.\n\n"
         "StopIteration is how a generator ends, so none may leave it: PEP 479 makes a\n"
         "RuntimeError of it, whose cause it is.\n");
    step("the block raises StopIteration: what comes out?");
    row("no try", NO_TRY, &StopIteration_Type);
    row("except: pass", PASS, &StopIteration_Type);
    row("no try", NO_TRY, &RuntimeError_Type);
    row("raise StopIteration", RAISES_STOP, &ValueError_Type);
    puts("\nThrown in as StopIteration, it came out as RuntimeError; __exit__ looks at the\n"
         "cause, finds it is the same, and says False. So the block's own one goes on.");
}

/* ---- misuse ----------------------------------------------------------------------------------*/

static void attempt(const char *code, What what, Type *raises) {
    Object *manager = various_manager(what);
    printf("    %-22s", code);
    WITH(w, manager, NULL) {
        if (raises) error_raise(raises, "b");
    }
    Exception *exc = exception_fetch();
    printf("%s: %s\n", exc ? exc->ob.type->name : "none", exc ? exception_str(exc) : "");
    xdecref(exc);
    decref(manager);
}

static void scene_misuse(void) {
    puts("One yield, no more and no fewer, on every way. Three ways to miss it:\n");
    attempt("if False: yield", NO_YIELD, NULL);
    attempt("yield; yield", YIELDS, NULL);
    step("the first yield swallows, then comes another: what now?");
    attempt("try: ... pass; yield", YIELDS_TWICE, &ValueError_Type);
    puts("\nAnd a manager is used up: its generator has ended. __enter__ drops what would\n"
         "make another one (`del self.args`), so the second time fails there.\n");
    step("with manager: pass; with manager: pass. Which error?");
    Object *manager = various_manager(PASS);
    for (int time = 1; time <= 2; time++) {
        printf("    with manager: pass   ");
        WITH(w, manager, NULL) {
        }
        Exception *exc = exception_fetch();
        if (exc)
            printf("%s:\n      %s\n", exc->ob.type->name, exception_str(exc));
        else
            puts("ok");
        xdecref(exc);
    }
    decref(manager);
    puts("\nThe message is about a detail, the cause is not in it: one call, one `with`.");
}

/* ---- decorator -------------------------------------------------------------------------------*/

static int depth;

static SendResult indented(Generator *self, Object *sent, Object **result) {
    GENERATOR_BEGIN
    printf("    %*senter\n", 4 * depth++, "");
    YIELD(new_ref(None));
    printf("    %*s%s\n", 4 * --depth, "", sent ? "exit" : "exit, with an exception");
    if (!sent) return SEND_ERROR;
    GENERATOR_END
}

static Object *decorated_countdown;

/* def countdown(n): print(n); return 'done' if n == 0 else countdown(n - 1), and -1 fails */
static Object *countdown(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int64_t n = ((Int *)args[0])->value;
    printf("    %*scountdown(%d)\n", 4 * depth, "", (int)n);
    if (n == 0) return str_from_format("done");
    Object *less = int_from_long(n - 1);
    Object *result = less ? object_call(decorated_countdown, &less, 1) : NULL;
    xdecref(less);
    return result;
}

static void scene_decorator(void) {
    puts("The manager as a decorator: the whole function becomes the block.\n\n"
         "    @indented()                   # made once, here, and never entered\n"
         "    def countdown(n):\n"
         "        return 'done' if n == 0 else countdown(n - 1)\n");
    Object *manager = manager_of("indented", indented, NULL);
    Object *function = need(function_new("countdown", countdown, NULL));
    decorated_countdown = need(contextmanager_decorate(manager, function));
    step("it calls itself, a manager can be entered once: does it work?");
    Object *two = need(int_from_long(2));
    Object *result = need(object_call(decorated_countdown, &two, 1));
    printf("    -> '%s'\n", ((Str *)result)->text);
    puts("\nEach call makes a manager of its own, like the first: _recreate_cm(). That is\n"
         "what args are kept for, until the manager is entered:\n");
    step("with manager: countdown(0)?");
    WITH(w, manager, NULL) {
        Object *zero = need(int_from_long(0));
        xdecref(object_call(decorated_countdown, &zero, 1));
        decref(zero);
    }
    Exception *exc = exception_fetch();
    printf("    %s:\n      %s\n", exc->ob.type->name, exception_str(exc));
    decref(exc);
    decref(result);
    decref(two);
    decref(decorated_countdown);
    decref(function);
    decref(manager);
}

/* ---- small -----------------------------------------------------------------------------------*/

static Object *say_closed(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    printf("    closing            close('%s')\n", ((Str *)args[0])->text);
    return new_ref(None);
}

static void show_suppress(Type *raises) {
    Object *manager = need(suppress_new(1, (Type *[]){&LookupError_Type}));
    WITH(w, manager, NULL) {
        error_raise(raises, "x");
    }
    printf("    %-19s", raises->name);
    print_outcome("swallowed: the statement after the block is next");
    decref(manager);
}

/* Prints to wherever standard_output is now. */
static void say(const char *text) {
    fprintf(standard_output ? standard_output : stdout, "%s", text);
}

static void show_redirect(void) {
    char *texts[2] = {NULL, NULL};
    size_t sizes[2];
    FILE *files[2];
    Object *managers[2];
    for (int i = 0; i < 2; i++) {
        files[i] = open_memstream(&texts[i], &sizes[i]);
        if (!files[i]) need(error_no_memory());
        managers[i] = need(redirect_stdout_new(files[i]));
    }
    WITH(outer, managers[0], NULL) {
        say("1");
        WITH(inner, managers[1], NULL) {
            say("2");
            WITH(again, managers[0], NULL) {
                say(", 3");
            }
            say(", 4");
        }
        say(", 5");
    }
    for (int i = 0; i < 2; i++) {
        fclose(files[i]);
        printf("    %s has              %s\n", i == 0 ? "a" : "b", texts[i]);
        free(texts[i]);
        decref(managers[i]);
    }
}

static void scene_small(void) {
    puts("Four of a few lines each. closing calls a method, whatever happens:\n");
    Object *file = need(str_from_format("socket"));
    Object *close_function = need(function_new("close", say_closed, NULL));
    Object *manager = need(closing_new(file, close_function));
    WITH(w, manager, NULL) {
        error_raise(&OSError_Type, "reset by peer");
    }
    printf("    and then           ");
    print_outcome("nothing");
    decref(manager);
    decref(close_function);
    decref(file);
    puts("\nsuppress(LookupError) swallows that and what is derived from it:\n");
    step("KeyError is a LookupError, ValueError is none: what comes out?");
    show_suppress(&KeyError_Type);
    show_suppress(&ValueError_Type);
    puts("\nThe rest of the block is not run: suppress is no `on error resume next`.\n\n"
         "redirect_stdout, one in the other and the first once more:\n"
         "with a: print(1); with b: print(2); with a: print(3); then 4 in b, 5 in a\n");
    step("which numbers has a?");
    show_redirect();
    puts("\nEach keeps the old targets on a stack, so one can be entered inside of itself.\n"
         "nullcontext(x) gives x and does nothing: for when there may be no manager.");
}

/* ---- The program -----------------------------------------------------------------------------*/

static bool count_descriptors, dot;

static int work(int count, char **files) {
    if (dot) {
        draw_unwind();
        return 0;
    }
    if (count == 0) return usage_error(telling.demo->program, "no file is named; see --help");
    return demo_merge(count, files, count_descriptors);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"generator", "A generator as a context manager, step by step", scene_generator, NULL,
         false},
        {"exit", "Every way out of the generator", scene_exit, NULL, false},
        {"misuse", "Didn't yield, didn't stop, used twice", scene_misuse, NULL, false},
        {"decorator", "Around each call of a function", scene_decorator, NULL, false},
        {"small", "closing, suppress, redirect_stdout, nullcontext", scene_small, NULL, false},
        {"stack", "Managers that are known only while the program runs", scene_stack, NULL, false},
        {"unwind", "An exception replaced half way", scene_unwind,
         "the contexts, before and after the repair", false},
        {0},
    };
    static const Option options[] = {
        {.name = "--count",
         .about = "say how many descriptors are open",
         .flag = &count_descriptors},
        {.name = "--dot",
         .about = "the scene unwind, for Graphviz",
         .flag = &dot,
         .mode = "drawing"},
        {0},
    };
    static const Demo demo = {
        .program = "contextlib_demo",
        .about = "FILE...: merges files whose lines are sorted by their bytes; - is standard input",
        .operands = "FILE...",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
