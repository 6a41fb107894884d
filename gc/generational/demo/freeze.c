/* freeze.c: what a collection in a forked child costs: every page that it writes is copied.
 *
 * After a fork parent and child share their pages until one of them writes. A collection writes to
 * the head of each object that it looks at, and to nothing else of it.
 */
#include "scenes.h"

#if defined __linux__
#include <sys/wait.h>

enum { OBJECTS = 50000 };

static const char *const fields[] = {"a", "b", NULL};
static const Type Node_Type = INSTANCE_TYPE("Node", fields, 2, NULL);

/* Bytes in pages that are this process's alone and written to; -1 where the kernel does not say. */
static long private_dirty(void) {
    FILE *smaps = fopen("/proc/self/smaps", "r");
    if (!smaps) return -1;
    char line[512];
    long sum = -1, kilobytes;
    while (fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "Private_Dirty: %ld kB", &kilobytes) == 1)
            sum = (sum < 0 ? 0 : sum) + 1024 * kilobytes;
    }
    fclose(smaps);
    return sum;
}

/* What a collection in a child has copied, in bytes: -1 if that cannot be known. */
static long copied_in_child(void) {
    int ends[2];
    if (pipe(ends) < 0) return -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        private_dirty(); // its own first use is not counted
        long before = private_dirty();
        gc_collect(2);
        long after = private_dirty(), copied = before < 0 || after < 0 ? -1 : after - before;
        _exit(write(ends[1], &copied, sizeof copied) == (ssize_t)sizeof copied ? 0 : 1);
    }
    close(ends[1]);
    long copied = -1;
    if (child < 0 || read(ends[0], &copied, sizeof copied) != (ssize_t)sizeof copied) copied = -1;
    close(ends[0]);
    if (child > 0) waitpid(child, NULL, 0);
    return copied;
}

/* In words that hold for every allocator: blocks may lie further apart than they are long. */
static void report(const char *when, long copied, double all) {
    double share = (double)copied / all;
    const char *words = copied < 0     ? "not to be known here: no /proc/self/smaps"
                        : share < 0.1  ? "less than a tenth"
                        : share >= 0.9 ? "all of it"
                                       : "a part of it";
    printf("    %-20s %s\n", when, words);
}

void scene_freeze(void) {
    begin();
    gc.enabled = false; // as it is done in the parent
    size_t bytes = heap.bytes;
    Object *first = need(instance_new(&Node_Type)), *last = first;
    for (int i = 1; i < OBJECTS; i++) {
        Object *node = need(instance_new(&Node_Type));
        FIELD(last, 0) = node;
        last = node;
    }
    double all = (double)(heap.bytes - bytes);
    printf("A parent has a chain of %d objects, %.0f bytes, and forks. The child\n"
           "changes nothing and collects once. How much of the heap is copied by that?\n\n",
           OBJECTS, all);
    step("it frees nothing: how much is copied?");
    report("forked as it is", copied_in_child(), all);
    step("and with gc.freeze() before the fork?");
    gc_freeze();
    report("after gc.freeze()", copied_in_child(), all);
    printf("\nfrozen: %zd objects. They are in the permanent generation, at which no\n"
           "collection looks. What still copies their pages is counting: a child that makes\n"
           "and drops a reference to one writes to its refcnt.\n",
           gc_get_freeze_count());
    gc_unfreeze();
    decref(first);
}
#else
void scene_freeze(void) {
    step("what does a collection in a forked child cost?");
    puts("This scene reads /proc/self/smaps, which is Linux's.");
}
#endif
