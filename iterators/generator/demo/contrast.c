/* demo_contrast.c: two scenes that set a generator beside something else: a list, and a coroutine
 * with a stack of its own. */
#define _GNU_SOURCE
#include "demo.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>

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

/* The sum of ITEMS ints, and the peak memory of the process that made it. */
static void sum_in_child(bool through_list) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        puts("  no second process to be had");
    } else if (child > 0) {
        waitpid(child, NULL, 0);
    } else {
        Object *items = need(generator_new(&count_code, &(Count){0})), *item;
        List *list = through_list ? need(list_new()) : NULL;
        int64_t sum = 0;
        for (int i = 0; i < ITEMS; i++) {
            item = need(iter_next(items));
            if (list && list_append(list, item) < 0) need(NULL);
            if (!list) sum += int_as_long(item);
            decref(item);
        }
        for (ssize_t i = 0; list && i < list->size; i++)
            sum += int_as_long(list->items[i]);
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        printf("  sum %s  %lld   peak %6ld kB\n", list ? "of a list    " : "of a generator",
               (long long)sum, usage.ru_maxrss);
        fflush(stdout);
        xdecref(list);
        decref(items);
        _exit(0);
    }
}

void scene_memory(void) {
    heading("memory: ten million ints, one at a time or all at once (this machine)");
    sum_in_child(false);
    sum_in_child(true);
}

/* ---- stackful: what a generator is not -------------------------------------------------------*/

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
    heading("stackful: a coroutine with a stack of its own");
    enum { STACK = 64 * 1024 };
    char *stack = malloc(STACK);
    if (!stack) return;
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = STACK;
    inside.uc_link = &outside;
    makecontext(&inside, coroutine, 0);
    puts("Made with ucontext: here a function that the coroutine calls may stop it.\n");
    for (swapcontext(&outside, &inside); passed; swapcontext(&outside, &inside))
        printf("  stopped inside helper(), %d passed out\n", passed);
    printf("\nThat took a stack: %d bytes, where life() takes %zu. A generator has only its own "
           "frame:\nwhat it calls must return before it can yield, so a yield in a helper makes "
           "the helper a\ngenerator, and its caller says `yield from`. (gevent's greenlets are the "
           "other kind.)\n",
           STACK, generator_size);
    free(stack);
}
