/* references.c: the scenes that look from C: who owns a reference, in which order a field is changed,
 * and how deep the death of a chain goes. */
#include "parts.h"

#include <sys/resource.h>

/* ---- New, borrowed, stolen -------------------------------------------------------------------*/

static const void *watched; // a block
static bool freed;

static void note_death(void *block, size_t size, bool born) {
    (void)size;
    freed |= !born && block == watched;
}

static void watch(Object *op) {
    watched = AS_GC(op);
    freed = false;
}

static void row(const char *code, const Object *op, const char *what) {
    printf("    %s%-36s%s count %zd   %s\n", color("36"), code, color("0"), op->refcnt, what);
}

static Object *node(void) {
    return need(instance_new(&Node_Type));
}

static void right_three(List *list) {
    Object *op = node();
    row("op = instance_new(&Node)", op, "new: ours to drop");
    must(list_append(list, op));
    row("list_append(list, op)", op, "the list took its own");
    Object *item = need(list_get_item(list, 0));
    row("item = list_get_item(list, 0)", item, "borrowed: the list's");
    decref(op);
    row("decref(op)", item, "ours is given back");
    step("list_set_item(list, 0, other): what will other's count be?");
    watch(item);
    Object *other = node();
    row("other = instance_new(&Node)", other, "new: ours to drop");
    must(list_set_item(list, 0, other));
    row("list_set_item(list, 0, other)", other, "stolen: the list's now");
    printf("    and `item`, which we had borrowed:    %s\n", freed ? "dead" : "alive");
}

void scene_references(void) {
    puts("In C nobody counts for you. A function returns a new reference, which you must\n"
         "drop, or a borrowed one, which you must not; or it steals yours.\n");
    heap.watcher = note_death;
    List *list = need(list_new());
    right_three(list);
    step("which of the three can be got wrong, and how?");
    puts("\n  The three mistakes, made here:");
    size_t blocks = heap.blocks;
    Object *op = node();
    printf("    new, not dropped:           %zu block more, for ever\n", heap.blocks - blocks);
    decref(op);
    Object *item = need(list_get_item(list, 0));
    watch(item);
    list_clear(list);
    printf("    borrowed, and then list_clear(list): our item is %s\n",
           freed ? "dead, our pointer is not" : "alive");
    op = node();
    must(list_append(list, None));
    must(list_set_item(list, 0, op));
    watch(op);
    decref(op);
    printf("    stolen, dropped nevertheless:        list[0] is %s\n",
           freed ? "dead, the list does not know" : "alive");
    list->items[0] = new_ref(None); // nobody shall follow that pointer
    decref(list);
    heap.watcher = NULL;
    puts("\n  A leak shows in a count, never in a crash. The other two crash later, and\n"
         "  somewhere else, when the memory has a new owner.");
}

/* ---- The order of SETREF ---------------------------------------------------------------------*/

static Object *owner, *newer;
static bool drops;  // what the finalizer does besides looking: owner.x = None
static int at_work; // finalizers that have not returned yet

static Object **owner_x(void) {
    return &((Instance *)owner)->fields[0];
}

static void peek_finalize(Object *self) {
    Object *x = *owner_x();
    printf("      __del__ of the old value looks at owner.x: %s%s%s\n", color("1"),
           x == self    ? "the old value"
           : x == newer ? "the new value"
                        : "nothing",
           color("0"));
    at_work++;
    if (drops) clear_ref(*owner_x());
    at_work--;
}

static const char *const peek_fields[] = {"x", NULL};
static const Type Peek_Type = INSTANCE_TYPE("Peek", peek_fields, 1, peek_finalize);

static void begin(void) {
    owner = need(instance_new(&Peek_Type));
    AS_GC(owner)->prev |= PREV_MASK_FINALIZED; // it has nothing to say
    *owner_x() = need(instance_new(&Peek_Type));
    newer = node();
}

static void wrong_order(void) {
    decref(*owner_x());
    *owner_x() = newer;
}

/* Ends the process the moment the memory goes, before anybody can touch it. */
static void on_free(void *block, size_t size, bool born) {
    (void)block;
    (void)size;
    if (born || at_work == 0) return;
    puts("      its memory is freed, and the first __del__ has not returned yet");
    fflush(stdout);
    _exit(0);
}

/* Runs work in a child process that says nothing on stderr; returns its wait status. */
static int in_child(void (*work)(void)) {
    fflush(stdout);
    pid_t child = fork();
    int status = 0, nowhere;
    if (child < 0) {
        perror("refcounting_demo: fork");
        exit(1);
    }
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
        work();
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void wrong_and_dropped(void) {
    drops = true;
    heap.watcher = on_free;
    wrong_order();
}

void scene_setref(void) {
    puts("owner.x = new, when owner.x holds the last reference to the old value, is two\n"
         "steps, and between them code of the program runs: the old value's __del__.\n");
    puts("  decref(owner->x); owner->x = new;              the order that comes to mind");
    begin();
    wrong_order();
    decref(owner);
    step("what does it see if owner->x is changed first?");
    puts("\n  old = owner->x; owner->x = new; decref(old);   set_ref: Py_SETREF");
    begin();
    set_ref(*owner_x(), newer);
    decref(owner);
    puts("\n  old = owner->x; owner->x = NULL; decref(old);  clear_ref: Py_CLEAR");
    begin();
    clear_ref(*owner_x());
    decref(newer);
    decref(owner);
    step("so it sees the dying value: what if it says owner.x = None then?");
    puts("\n  The first order once more, in a child process; __del__ says owner.x = None,\n"
         "  which drops the reference that is being dropped:");
    begin();
    in_child(wrong_and_dropped);
    puts("  It ran a second time inside the first, and what the first one returns to is\n"
         "  free memory. So: never let go of a reference that a field still shows.");
    decref(newer);
    AS_GC(*owner_x())->prev |= PREV_MASK_FINALIZED; // here, it has nothing to say
    clear_ref(*owner_x());
    decref(owner);
}

/* ---- The trashcan ----------------------------------------------------------------------------*/

/* A chain: each refers to the one made before it. The last one made, whose reference is ours. */
static Object *chain(int length) {
    Object *last = NULL;
    for (int i = 0; i < length; i++) {
        Object *next = node();
        ((Instance *)next)->fields[0] = last;
        last = next;
    }
    return last;
}

/* How many deallocs ran one inside the other when a chain died. */
static int depth(int length, bool off) {
    Object *last = chain(length);
    trash.deepest = 0;
    trash.off = off;
    decref(last);
    trash.off = false;
    return trash.deepest;
}

enum { MANY = 300000, STACK = 1024 * 1024 };

static Object *doomed;

static void without(void) {
    struct rlimit small = {STACK, STACK};
    setrlimit(RLIMIT_STACK, &small);
    trash.off = true;
    decref(doomed);
}

static void with(void) {
    struct rlimit small = {STACK, STACK};
    setrlimit(RLIMIT_STACK, &small);
    decref(doomed);
}

void scene_trashcan(void) {
    puts("Each object is held by the one before it. The first dies: its dealloc drops the\n"
         "second, whose dealloc is called by that, and so on, a C call in a C call.\n");
    static const int lengths[] = {10, 50, 51, 1000, 10000};
    puts("      length   deepest, without   with the trashcan");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int off = lengths[i] <= 1000 ? depth(lengths[i], true) : 0;
        char text[24] = "(too deep)";
        if (off) snprintf(text, sizeof text, "%d", off);
        printf("    %8d   %16s   %17d\n", lengths[i], text, depth(lengths[i], false));
        if (i == 1) step("51 objects: how deep, with the trashcan?");
    }
    printf("\n  Past %d the dealloc does nothing but put its object on a list, to be freed\n"
           "  when the outermost one is done: then the stack is empty again.\n",
           UNWIND_LEVEL);
    step("300000 on a stack of 1 MiB: without the trashcan, and with?");
    doomed = chain(MANY);
    printf("\n  %d objects, in a child process whose stack may take %d MiB:\n", MANY,
           STACK / 1024 / 1024);
    printf("    without       %s\n", in_child(without) ? "the child dies of it" : "all freed");
    printf("    with          %s\n", in_child(with) ? "the child dies of it" : "all freed");
    size_t blocks = heap.blocks;
    decref(doomed);
    printf("    and here:     %zu blocks freed, %d deep\n", blocks - heap.blocks, trash.deepest);
}
