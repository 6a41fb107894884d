/* contrast.c: two scenes that set a generator beside something else: a list, and a coroutine with a
 * stack of its own. */
#include "contrast.h"

#include "../../../common/demo.h"

#include <sys/resource.h>

/* ---- memory: a sum through a generator and through a list ------------------------------------*/

enum { ITEMS = 10000000 };

typedef struct {
    int64_t n;
} Count;

/* def count(): n = 0; while True: yield n; n += 1 */
static Object *count_run(Generator *self, Object *sent) {
    BEGIN(Count);
    while (true) {
        YIELD(int_from_long(local->n));
        local->n += 1;
    }
    END;
}

static const Code count_code = {"count", count_run, sizeof(Count), 0, 0};

/* The most memory that this process has had at once, in kB. Linux's own count is asked first: that
 * of getrusage() begins with the program which exec() put this one in the place of. */
static long peak(void) {
#ifdef __wasi__
    return (long)__builtin_wasm_memory_size(0) * 64; // pages of 64 kB, which are never given back
#else
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    long kb = 0;
    while (status && kb == 0 && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0) kb = strtol(line + 6, NULL, 10);
    if (status) fclose(status);
    if (kb) return kb;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    usage.ru_maxrss /= 1024; // bytes there
#endif
    return usage.ru_maxrss;
#endif
}

static void sum(List *list) {
    Object *items = need(generator_new(&count_code, &(Count){0}));
    int64_t sum = 0;
    for (int i = 0; i < ITEMS; i++) {
        Object *item = need(iter_next(items));
        if (list) must(list_append(list, item));
        if (!list) sum += int_as_long(item);
        decref(item);
    }
    for (ssize_t i = 0; list && i < list->size; i++)
        sum += int_as_long(list->items[i]);
    printf("  sum of a %-10s %lld   peak so far %6ld kB\n", list ? "list" : "generator",
           (long long)sum, peak());
    decref(items);
}

void scene_memory(void) {
    sum(NULL); // first, as a peak never falls
    step("how much for a list of them all?");
    List *list = need(list_new());
    sum(list);
    decref(list);
}

/* ---- stackful: what a generator is not -------------------------------------------------------*/

#if defined(__GLIBC__) || defined(__FreeBSD__) || defined(__NetBSD__)

#include <ucontext.h>

static ucontext_t outside, inside;
static int passed;

/* An ordinary C function, called by a coroutine, stops the coroutine. */
static void helper(int n) {
    passed = n;
    swapcontext(&inside, &outside);
}

static void coroutine(void) {
    for (int i = 1; i <= 3; i++)
        helper(i * i);
    passed = 0;
}

void scene_stackful(size_t generator_size) {
    enum { STACK = 64 * 1024 };
    char *stack = malloc(STACK);
    need(stack ? stack : error_no_memory());
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = STACK;
    inside.uc_link = &outside;
    makecontext(&inside, coroutine, 0);
    puts("Made with ucontext: here a function that the coroutine calls may stop it.\n");
    for (swapcontext(&outside, &inside); passed; swapcontext(&outside, &inside))
        printf("  stopped inside helper(), %d passed out\n", passed);
    step("where do helper()'s variables stay meanwhile?");
    printf("\nThat took a stack: %d bytes, where life() takes %zu. A generator has only its\n"
           "own frame: what it calls must return before it can yield. So a yield in a helper\n"
           "makes the helper a generator, and its caller says `yield from`. (gevent's\n"
           "greenlets are the other kind.)\n",
           STACK, generator_size);
    free(stack);
}

#else

void scene_stackful(size_t generator_size) {
    puts("Left out: this C library has no makecontext(), with which a function gets a\n"
         "stack of its own.");
    step("what would that take?");
    printf("It would take some 64 kB, where life() takes %zu bytes. Generators need nothing of\n"
           "the kind: their frames are objects.\n",
           generator_size);
}

#endif
