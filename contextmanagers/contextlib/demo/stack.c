/* stack.c: the scene about what an ExitStack owes, and in which order it pays. */
#include "demo.h"

/* A manager with a name that says when it is entered and left. */
typedef struct {
    Object ob;
    const char *name;
} Named;

static void named_dealloc(Object *op) {
    free(op);
}

static Object *named_enter(Object *op) {
    printf("    enter %s\n", ((Named *)op)->name);
    return new_ref(op);
}

static Object *named_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)value, (void)traceback;
    printf("    exit %-12s told %s\n", ((Named *)op)->name,
           type == None ? "None" : ((Type *)type)->name);
    return new_ref(None);
}

static Type Named_Type = {TYPE("__main__.Named", NULL), .dealloc = named_dealloc,
                          .enter = named_enter, .exit = named_exit};

static Object *named(const char *name) {
    Named *self = need(object_new(&Named_Type, sizeof *self));
    self->name = name;
    return OBJECT(self);
}

static void enter(Object *stack, const char *name) {
    Object *manager = named(name);
    decref(need(exitstack_enter_context(stack, manager)));
    decref(manager);
}

static Object *say_called(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    printf("    remove('%s'), a callback: told nothing\n", ((Str *)args[0])->text);
    return new_ref(True); // which swallows nothing
}

static Object *swallow_key_error(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    bool swallows = args[0] == OBJECT(&KeyError_Type);
    printf("    pushed function   told %s, returns %s\n",
           args[0] == None ? "None" : ((Type *)args[0])->name, swallows ? "True" : "False");
    return new_ref(swallows ? True : False);
}

/* Owes one of each kind. */
static void fill(Object *stack) {
    enter(stack, "a");
    Object *function = need(function_new("swallow", swallow_key_error, NULL));
    must(exitstack_push(stack, function));
    decref(function);
    function = need(function_new("remove", say_called, NULL));
    Object *path = need(str_from_format("x.tmp"));
    must(exitstack_callback(stack, function, path));
    decref(path);
    decref(function);
    enter(stack, "b");
    printf("    it owes %zd\n", exitstack_size(stack));
}

/* Enters what does not fail, and something that is no manager. */
static void open_some(Object *stack, bool fails) {
    enter(stack, "first");
    enter(stack, "second");
    Object *number = fails ? need(int_from_long(3)) : named("third");
    xdecref(exitstack_enter_context(stack, number));
    decref(number);
}

void scene_stack(void) {
    puts("`with` is written in the program, one for each manager. An ExitStack is one\n"
         "manager that owes any number of exits, the last one first:\n\n"
         "    stack.enter_context(a); stack.push(function)\n"
         "    stack.callback(remove, 'x.tmp'); stack.enter_context(b)\n"
         "    raise KeyError\n");
    step("who is told of the KeyError? does `a` hear of it?");
    Object *stack = need(exitstack_new());
    WITH(w, stack, NULL) {
        fill(stack);
        error_raise(&KeyError_Type, "k");
    }
    printf("    afterwards        ");
    print_outcome("goes on");
    decref(stack);

    puts("\nWhat it is for: to open all or none, and keep them open only if all are.\n"
         "with ExitStack() as stack: enter three; kept = stack.pop_all()\n");
    step("the third is no manager: who is left?");
    for (int fails = 1; fails >= 0; fails--) {
        stack = need(exitstack_new());
        Object *kept = NULL;
        WITH(w, stack, NULL) {
            open_some(stack, fails);
            if (!error_occurred()) kept = need(exitstack_pop_all(stack));
        }
        if (!kept) {
            Exception *exc = exception_fetch();
            printf("    %s:\n      %s\n\n", exc->ob.type->name, exception_str(exc));
            decref(exc);
            step("and if all three can be entered?");
        } else {
            printf("    the with statement is over, and %zd exits are still owed; kept.close():\n",
                   exitstack_size(kept));
            must(exitstack_close(kept));
            decref(kept);
        }
        decref(stack);
    }
}
