/* unwind.c: an ExitStack that unwinds while an exit raises, and how the contexts are repaired. */
#include "demo.h"

/* An exit and what became of it. */
typedef struct {
    const char *name;
    Type *raises; // or NULL
    const char *text;
    bool swallows;
    Exception *told, *raised, *before; // new references: before is the context when it was raised
} Exit;

/* The manager that does it. */
typedef struct {
    Object ob;
    Exit *exit;
} Manager;

static void manager_dealloc(Object *op) {
    free(op);
}

static Exception *kept(Exception *exc) {
    return exc ? (Exception *)new_ref(exc) : NULL;
}

static Object *manager_enter(Object *op) {
    return new_ref(op);
}

static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)type, (void)traceback;
    Exit *self = ((Manager *)op)->exit;
    self->told = value == None ? NULL : kept((Exception *)value);
    if (!self->raises) return new_ref(self->swallows ? True : False);
    error_raise(self->raises, "%s", self->text);
    self->raised = exception_fetch();
    self->before = kept(self->raised->context);
    exception_restore(kept(self->raised));
    return NULL;
}

static Type Manager_Type = {TYPE("__main__.Manager", NULL), .dealloc = manager_dealloc,
                            .enter = manager_enter, .exit = manager_exit};

static Object *manager_new(Exit *exit) {
    Manager *self = need(object_new(&Manager_Type, sizeof *self));
    self->exit = exit;
    return OBJECT(self);
}

static void forget(Exit *exits, int count) {
    for (int i = 0; i < count; i++) {
        clear_ref(exits[i].told);
        clear_ref(exits[i].raised);
        clear_ref(exits[i].before);
    }
}

/* with ExitStack() as stack: enter them all; raise ValueError. What comes out, a new reference, or
 * NULL. exits[0] is entered first and left last. */
static Exception *unwind(Exit *exits, int count) {
    Object *stack = need(exitstack_new());
    WITH(w, stack, NULL) {
        for (int i = 0; i < count; i++) {
            Object *manager = manager_new(&exits[i]);
            decref(need(exitstack_enter_context(stack, manager)));
            decref(manager);
        }
        error_raise(&ValueError_Type, "row 3");
    }
    decref(stack);
    return exception_fetch();
}

/* The same, each in a with statement of its own; what comes out is pending. */
static void nest(Exit *exits, int count) {
    if (count == 0) {
        error_raise(&ValueError_Type, "row 3");
        return;
    }
    Object *manager = manager_new(&exits[0]);
    WITH(w, manager, NULL) {
        nest(exits + 1, count - 1);
    }
    decref(manager);
}

/* As Python prints it; the caller's to free. */
static char *text_of(Exception *exc) {
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file) need(error_no_memory());
    exception_print(exc, file);
    fclose(file);
    return need(text);
}

static const char *name_of(const Exception *exc) {
    return exc ? exc->ob.type->name : "None";
}

static void print_exits(const Exit *exits, int count) {
    puts("    exit      told        does                 context: raised  repaired");
    for (int i = count - 1; i >= 0; i--) {
        const Exit *exit = &exits[i];
        printf("    %-10s%-12s", exit->name, name_of(exit->told));
        if (!exit->raises) {
            puts(exit->swallows ? "returns True" : "returns");
            continue;
        }
        char does[32];
        snprintf(does, sizeof does, "raises %s", exit->raises->name);
        printf("%-21s%-17s%s\n", does, name_of(exit->before), name_of(exit->raised->context));
    }
}

enum { EXITS = 4 };

/* The scene's case: a job that fails, and then fails to clean up. */
static void make_exits(Exit exits[EXITS]) {
    const Exit all[EXITS] = {
        {.name = "log", .raises = &RuntimeError_Type, .text = "log is full"},
        {.name = "unlock"},
        {.name = "rollback", .raises = &OSError_Type, .text = "connection lost"},
        {.name = "close"},
    };
    memcpy(exits, all, sizeof all);
}

void scene_unwind(void) {
    puts("A job holds four things and fails at row 3; two of its exits fail, too. Each is\n"
         "told what has become of the exception so far: log is told OSError.\n\n"
         "    stack.enter_context(log); stack.enter_context(unlock)\n"
         "    stack.enter_context(rollback); stack.enter_context(close)\n"
         "    raise ValueError('row 3')\n");
    step("while log runs, what does Python think is being handled?");
    Exit exits[EXITS];
    make_exits(exits);
    Exception *exc = unwind(exits, EXITS);
    print_exits(exits, EXITS);
    puts("\nAll exits run inside one __exit__, and what is being handled there is the\n"
         "ValueError. So log's RuntimeError got that as its context, and the OSError was\n"
         "in no chain. The stack sets it to what this exit was told:\n");
    step("what is printed, oldest on top?");
    char *ours = text_of(exc);
    fputs(ours, stdout);
    decref(exc);
    forget(exits, EXITS);

    make_exits(exits);
    nest(exits, EXITS);
    exc = exception_fetch();
    char *nested = text_of(exc);
    printf("\nFour with statements, one in the other: %s text.\n",
           strcmp(ours, nested) == 0 ? "the same" : "another");
    free(nested);
    free(ours);
    decref(exc);
    forget(exits, EXITS);

    step("one exit swallows, the next raises: with which context?");
    Exit two[] = {
        {.name = "log", .raises = &RuntimeError_Type, .text = "log is full"},
        {.name = "ignore", .swallows = true},
    };
    exc = unwind(two, 2);
    putchar('\n');
    print_exits(two, 2);
    puts("\nThe ValueError was settled when log ran. A chain that has it would lie.");
    xdecref(exc);
    forget(two, 2);
}

/* ---- For the picture -------------------------------------------------------------------------*/

/* The name of an exception's node: the number of the exit that raised it. */
static int node_of(const Exit exits[EXITS], const Exception *exc) {
    for (int i = 0; i < EXITS; i++)
        if (exits[i].raised == exc) return i;
    return EXITS; // the block's
}

void draw_unwind(void) {
    Exit exits[EXITS];
    make_exits(exits);
    Exception *exc = unwind(exits, EXITS);
    puts("digraph {\n  rankdir=TB; bgcolor=transparent; nodesep=0.5; ranksep=0.35;\n"
         "  node [shape=box, fontname=\"sans-serif\", fontsize=13, style=filled];\n"
         "  edge [fontname=\"sans-serif\", fontsize=12, color=gray];\n"
         "  s4 [label=\"the block\", fillcolor=\"#2f81f733\"];\n"
         "  e4 [label=\"ValueError\\nrow 3\", fillcolor=\"#f8514933\"];\n"
         "  { rank=same; s4; e4; }\n  s4 -> e4 [label=\"raises\"];");
    for (int i = EXITS - 1; i >= 0; i--) {
        const Exit *exit = &exits[i];
        printf("  s%d [label=\"%s\\ntold %s\", fillcolor=\"#2f81f733\"];\n  s%d -> s%d;\n", i,
               exit->name, name_of(exit->told), i + 1, i);
        if (!exit->raises) continue;
        printf("  e%d [label=\"%s\\n%s\", fillcolor=\"#f8514933\"];\n  { rank=same; s%d; e%d; }\n"
               "  s%d -> e%d [label=\"raises\"];\n",
               i, exit->raises->name, exit->text, i, i, i, i);
        printf("  e%d -> e%d [label=\"context\", color=\"#3fb950\", penwidth=2];\n", i,
               node_of(exits, exit->raised->context));
        if (exit->before != exit->raised->context)
            printf("  e%d -> e%d [label=\"as raised\", style=dashed, color=\"#d29922\"];\n", i,
                   node_of(exits, exit->before));
    }
    puts("}");
    decref(exc);
    forget(exits, EXITS);
}
