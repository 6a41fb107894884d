/* ways.c: the scenes about C and bytecode: who calls the exit, and what it takes. */
#include "demo.h"

/* ---- ways ------------------------------------------------------------------------------------*/

/* One exit, to which all ways jump. `forgets` returns past it. */
static Object *by_goto(Object *manager, bool forgets) {
    With w;
    if (with_enter(&w, manager, NULL) < 0) return NULL;
    Object *result = str_from_format("the value");
    if (forgets) return result; // added later, by somebody who did not see the label
    goto leave;                 // from any depth of loops
leave:
    if (with_leave(&w) < 0) clear_ref(result);
    return result;
}

/* The return is C's own: what it returns is computed before the cleanup runs. */
static Object *by_cleanup(Object *manager) {
    WITH(w, manager, NULL) {
        return str_from_format("the value");
    }
    return NULL;
}

static Object *by_macro(Object *manager) {
    WITH(w, manager, NULL) {
        WITH_RETURN(w, str_from_format("the value"));
    }
    return NULL;
}

/* WITH_RETURN leaves the inner one; the outer one is left by its cleanup, behind the return. */
static Object *by_macro_nested(Object *inner, Object *outer) {
    WITH(v, outer, NULL) {
        WITH(w, inner, NULL) {
            WITH_RETURN(w, str_from_format("the value"));
        }
    }
    return NULL;
}

static void way(const char *what, Object *result) {
    printf("    %-29s %-23s ", what, calls);
    printf("%s", result ? "the value" : "NULL");
    if (error_occurred()) {
        fputs(result ? " AND " : ", ", stdout);
        printf("%s", error_name(error_occurred()));
        error_clear();
    }
    putchar('\n');
    xdecref(result);
    forget_calls();
}

void scene_ways(void) {
    puts("A function returns out of the block, and a's exit raises KeyError. Python's\n"
         "answer is the KeyError, and no value. C has three ways to call the exit:\n\n"
         "    goto leave;                one label, with_leave() behind it\n"
         "    WITH(w, a, NULL) {...}     the cleanup attribute: the compiler calls it\n"
         "    WITH_RETURN(w, value);     a macro in WITH: leaves first, returns then\n");
    Object *a = manager_new("a", RAISES, false), *b = manager_new("b", LETS_GO, false);
    forget_calls();
    brief = true;
    way("goto leave", by_goto(a, false));
    step("a `return` that somebody added past the label: what is called?");
    way("goto, a return past the label", by_goto(a, true));
    decref(a); // what the exit that is still owed would drop
    step("C's `return` in WITH: is a left? what does the caller get?");
    way("return in WITH", by_cleanup(a));
    way("WITH_RETURN in WITH", by_macro(a));
    step("WITH_RETURN in an inner block, and the outer exit raises?");
    way("WITH_RETURN, b inside a", by_macro_nested(b, a));
    brief = false;
    puts("\nWhat each cannot do:\n"
         "    goto          see a way out that was forgotten: +a, and never -a\n"
         "    WITH          take back a value: the caller has it AND a pending error\n"
         "    WITH_RETURN   be used by itself, or leave more than one block\n"
         "A value with an error pending is what CPython calls a SystemError: \"returned a\n"
         "result with an exception set\".");
    decref(a);
    decref(b);
}

/* ---- compiled --------------------------------------------------------------------------------*/

/* Counted by tracing `with manager: body()` opcode by opcode in 3.10.13 and 3.11.2 (sys.settrace with
 * f_trace_opcodes): without what loads the manager, and without the body. */
typedef struct {
    const char *what, *old, *new;
} Part;

static int words(const char *text) {
    int count = 0;
    for (const char *c = text; *c; c++)
        count += *c != ' ' && (c[1] == ' ' || c[1] == '\0');
    return count;
}

/* The words of a text, the n-th or "". */
static const char *word(const char *text, int n, int *length) {
    const char *c = text;
    for (; n > 0 && *c; n--) {
        c += strcspn(c, " ");
        c += strspn(c, " ");
    }
    *length = (int)strcspn(c, " ");
    return c;
}

static void print_part(const Part *part) {
    int old = words(part->old), new = words(part->new);
    printf("  %s\n", part->what);
    for (int i = 0; i < (old > new ? old : new); i++) {
        int a, b;
        const char *left = word(part->old, i, &a), *right = word(part->new, i, &b);
        printf("    %.*s%*s%.*s\n", a, left, b ? 32 - a : 0, "", b, right);
    }
}

void scene_compiled(void) {
    static const Part parts[] = {
        {"the way in", "SETUP_WITH POP_TOP", "BEFORE_WITH POP_TOP"},
        {"falling through", "POP_BLOCK LOAD_CONST DUP_TOP DUP_TOP CALL_FUNCTION POP_TOP",
         "LOAD_CONST LOAD_CONST LOAD_CONST PRECALL CALL POP_TOP"},
        {"return, besides RETURN_VALUE",
         "POP_BLOCK ROT_TWO LOAD_CONST DUP_TOP DUP_TOP CALL_FUNCTION POP_TOP",
         "SWAP LOAD_CONST LOAD_CONST LOAD_CONST PRECALL CALL POP_TOP"},
        {"an exception that goes on", "WITH_EXCEPT_START POP_JUMP_IF_TRUE RERAISE",
         "PUSH_EXC_INFO WITH_EXCEPT_START POP_JUMP_FORWARD_IF_TRUE RERAISE COPY POP_EXCEPT "
         "RERAISE"},
        {"one that is swallowed",
         "WITH_EXCEPT_START POP_JUMP_IF_TRUE POP_TOP POP_TOP POP_TOP POP_EXCEPT POP_TOP",
         "PUSH_EXC_INFO WITH_EXCEPT_START POP_JUMP_FORWARD_IF_TRUE POP_TOP POP_EXCEPT POP_TOP "
         "POP_TOP"},
    };
    puts("with manager: body()      instructions that run besides the body\n\n"
         "    CPython 3.10                    CPython 3.11");
    for (int i = 0; i < 2; i++)
        print_part(&parts[i]);
    step("3.11 has no block stack: where does it note that an exit is owed?");
    puts("\n  3.10 notes it while it runs          3.11 noted it when it compiled\n\n"
         "    the frame's block stack              the code's exception table\n"
         "    +------------------------------+     +-----------------------------------+\n"
         "    | SETUP_FINALLY, handler, depth|     | from 16 to 44 -> handler 72, [1]  |\n"
         "    +------------------------------+     | from 72 to 78 -> 80, [3]          |\n"
         "    SETUP_WITH pushes the line,          | from 86 to 86 -> 80, [3]          |\n"
         "    POP_BLOCK takes it off               +-----------------------------------+\n"
         "                                         read when something is raised; [1]:\n"
         "                                         how much of the value stack stays\n");
    step("so how many instructions fewer are there in 3.11?");
    puts("  instructions                   3.10   3.11");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("    %-29s %3d %6d\n", parts[i].what, words(parts[i].old), words(parts[i].new));
    puts("\nNone fewer. On the way in SETUP_WITH became BEFORE_WITH: it looks both methods\n"
         "up all the same and pushes no block. On the way out POP_BLOCK went, PRECALL\n"
         "came. An exception that goes on takes more of them than before, and a search\n"
         "of the table: what happens seldom pays.");
}
