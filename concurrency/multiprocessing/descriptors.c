/* descriptors.c: which descriptors a child shall not have. See descriptors.h. */
#include "descriptors.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *descriptors; // close_on_fork(), no order; NULL when there are none
static size_t count, allocated;

int close_on_fork(int fd) {
    pthread_mutex_lock(&lock);
    if (count == allocated) {
        size_t wanted = allocated * 2 + 8;
        int *moved = realloc(descriptors, wanted * sizeof *descriptors);
        if (!moved) {
            pthread_mutex_unlock(&lock);
            error_no_memory();
            return -1;
        }
        descriptors = moved;
        allocated = wanted;
    }
    descriptors[count++] = fd;
    pthread_mutex_unlock(&lock);
    return 0;
}

static void drop(void) {
    free(descriptors);
    descriptors = NULL;
    count = allocated = 0;
}

void close_on_fork_forget(int fd) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i] != fd) continue;
        descriptors[i] = descriptors[--count];
        break;
    }
    if (count == 0) drop();
    pthread_mutex_unlock(&lock);
}

void descriptors_before_fork(void) {
    pthread_mutex_lock(&lock);
}

void descriptors_after_fork(bool in_child) {
    if (in_child) {
        for (size_t i = 0; i < count; i++)
            close(descriptors[i]);
        drop();
    }
    pthread_mutex_unlock(&lock);
}
